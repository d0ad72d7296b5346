-- What other products' published tests expect of sequences, sessions and the next
-- event, and sequence_next_node against plain SQL.
--
-- Logs and expected values are facts from the named sources, in our own notation:
-- users are separated by /, an event is value:attribute@seconds, or less where less
-- matters (then the place is the second); ~ is NULL, and so is - as a result. A
-- condition is a value, ~x (contains x), :attribute, or * (any row).
--
--   clickhouse  ClickHouse/ClickHouse, tests/queries/0_stateless/
--               01656_sequence_next_node_long.{sql,reference} (its second half
--               repeats the first for another type), documentation of
--               sequenceNextNode
--   doris       apache/doris, regression-test/…/test_aggregate_sequence_match.sql
--   duckdb      tomtom215/duckdb-behavioral, test/sql/{sequence_match,
--               sequence_match_events,sequence_next_node,sessionize,git_mining}.test and
--               src/pattern/executor.rs
--   pinot       apache/pinot, …/integration/tests/custom/WindowFunnelTest.java: how
--               often a funnel is complete (funnelCompleteCount)
--   timescaledb timescale/timescaledb-toolkit, the examples of its prototype of funnels:
--               whom within_interval and consecutive find
BEGIN;
SET LOCAL jit = off;

CREATE TEMP TABLE log (name text, events text);
INSERT INTO log VALUES
	('six', 'A B C D / B B D C / A B / A A A B C / A B A C / A B A B C'),
	('ten', 'A@1 B@2 ~@2 C@3 D@4'),
	('eleven', 'A@1 B@1 C@1 D@1'),
	('twelve', 'A@1 A@1'),
	('eight', 'A B C D / B B D C / A B / A A A B C / A B A C / A B A B C / '
		'A@1 B@2 ~@2 C@3 D@4 / A@1 B@1 C@1 D@1'),
	('base', 'A:1 B:2 C:3 D:4 / D:4 C:3 B:2 A:1 / B:10 B:2 D:3 C:4'),
	('letters', 'A B C D E'),
	('shop', 'Home Gift Exit / Home Home Gift Basket / Gift Home Gift Basket'),
	('refs', 'A:4 A:3 B:2 B:1'),
	('pages', 'home product cart checkout / home search product'),
	('files', 'parser executor test / parser ast / main config');

CREATE TEMP TABLE next_node (
	no int GENERATED ALWAYS AS IDENTITY, source text, log text, direction text,
	base text, base_condition text, chain text, expected text, ours text, reason text);
COPY next_node (source, log, direction, base, base_condition, chain, expected, ours, reason)
FROM stdin (DELIMITER '|', NULL '');
clickhouse|six|forward|head|*|A|B - B A B B||
clickhouse|six|forward|head|*|B|- B - - - -||
clickhouse|six|forward|head|*|C|- - - - - -||
clickhouse|six|forward|head|*|D|- - - - - -||
clickhouse|six|forward|head|*|E|- - - - - -||
clickhouse|six|backward|tail|*|A|- - - - - -||
clickhouse|six|backward|tail|*|B|- - A - - -||
clickhouse|six|backward|tail|*|C|- D - B A B||
clickhouse|six|backward|tail|*|D|C - - - - -||
clickhouse|six|backward|tail|*|E|- - - - - -||
clickhouse|six|forward|head|*|A,B|C - - - A A||
clickhouse|six|forward|head|*|A,C|- - - - - -||
clickhouse|six|forward|head|*|B,A|- - - - - -||
clickhouse|six|backward|tail|*|A,B|- - - - - -||
clickhouse|six|backward|tail|*|A,C|- - - - - -||
clickhouse|six|backward|tail|*|B,A|- - - - - -||
clickhouse|six|forward|head|*|A,A,B|- - - - - -||
clickhouse|six|forward|head|*|B,A,A|- - - - - -||
clickhouse|six|backward|tail|*|A,A,B|- - - - - -||
clickhouse|six|backward|tail|*|B,A,A|- - - - - -||
clickhouse|ten|forward|head|*|A|B||
clickhouse|ten|forward|head|*|A,B|C||
clickhouse|ten|forward|head|*|B,C|-||
clickhouse|ten|backward|tail|*|C|-||
clickhouse|ten|backward|tail|*|D,C|B||
clickhouse|ten|backward|tail|*|D,C,B|A||
clickhouse|eleven|forward|head|*|A|B||
clickhouse|eleven|forward|head|*|C|-||
clickhouse|eleven|forward|head|*|B,C|-||
clickhouse|eleven|forward|head|*|A,B,C|D||
clickhouse|eleven|backward|tail|*|A|-||
clickhouse|eleven|backward|tail|*|C|-||
clickhouse|eleven|backward|tail|*|C,B|-||
clickhouse|eleven|backward|tail|*|C,B,A|-||
clickhouse|six|forward|head|*||A B A A A A||
clickhouse|six|backward|tail|*||D C B C C C||
clickhouse|eight|forward|first_match|*|A|B - B A B B B B||
clickhouse|eight|forward|first_match|*|A,B|C - - - A A C C||
clickhouse|eight|forward|first_match|*|A,B,C|D - - - - - D D||
clickhouse|eight|forward|first_match|*|B|C B - C A A C C||
clickhouse|eight|forward|first_match|*|B,B|- D - - - - - -||
clickhouse|eight|forward|first_match|*|B,A|- - - - C B - -||
clickhouse|eight|backward|first_match|*|A|- - - - - - - -||
clickhouse|eight|backward|first_match|*|B|A - A A A A A A||
clickhouse|eight|backward|first_match|*|B,A|- - - A - - - -||
clickhouse|eight|backward|first_match|*|B,B|- - - - - - - -||
clickhouse|eight|forward|head|*|0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,32,33,34,35,36,37,38,39,40,41,42,43,44,45,46,47,48,49,50,51,52,53,54,55,56,57,58,59,60,61,62,63|- - - - - - - -||
clickhouse|twelve|forward|head|*|A|A||
clickhouse|base|forward|head|:1||A - -||
clickhouse|base|forward|head|:1|A|B - -||
clickhouse|base|forward|head|:1|A,B|C - -||
clickhouse|base|backward|tail|:1||- A -||
clickhouse|base|backward|tail|:1|A|- B -||
clickhouse|base|backward|tail|:1|A,B|- C -||
clickhouse|base|forward|first_match|:2|B|C A D||
clickhouse|base|forward|first_match|:2|B,C|D - -||
clickhouse|base|backward|first_match|:2|B|A C B||
clickhouse|base|backward|first_match|:2|B,A|- - -||
clickhouse documentation|letters|forward|head|A|A,B|C||
clickhouse documentation|shop|forward|head|Home|Home,Gift|Exit - -||
clickhouse documentation|shop|backward|tail|Basket|Basket,Gift|- Home Home||
clickhouse documentation|shop|forward|first_match|Gift|Gift|Exit Basket Home||
clickhouse documentation|shop|forward|first_match|Gift|Gift,Home|- - Gift||
clickhouse documentation|shop|backward|last_match|Gift|Gift|Home Home Home||
clickhouse documentation|shop|backward|last_match|Gift|Gift,Home|- Home Gift||
clickhouse documentation|refs|forward|head|:1|A|-||
clickhouse documentation|refs|backward|tail|:4|B|-||
clickhouse documentation|refs|forward|first_match|:3|A|B||
clickhouse documentation|refs|backward|last_match|:2|B|A||
duckdb|pages|forward|first_match|home|home|product search||
duckdb|pages|forward|first_match|home|home,product|cart -||
duckdb|pages|backward|first_match|product|product|home search||
duckdb|pages|forward|head|home|home|product search||
duckdb|pages|forward|tail|home|home|product search|error|as ClickHouse: tail is the last row, and nothing comes after it (last_match)
duckdb|pages|forward|last_match|home|home|product search||
duckdb|pages|backward|tail|product|product|home search|- search|as ClickHouse: tail is the last row, not the last base (last_match)
duckdb|pages|backward|head|product|product|home search|error|as ClickHouse: head is the first row, and nothing comes before it (first_match)
duckdb|pages|backward|last_match|product|product|home search||
duckdb|files|forward|first_match|parser|parser|executor ast -||
\.

-- Patterns: match (true or false), count, and times of the matched events.
CREATE TEMP TABLE pattern (
	no int GENERATED ALWAYS AS IDENTITY, source text, function text, events text,
	pattern text, conditions text, expected text, ours text, reason text);
COPY pattern (source, function, events, pattern, conditions, expected, ours, reason)
FROM stdin (DELIMITER '|', NULL '');
doris|match|1@0 1@2822 3@20041 4@30244 5@38592|(?1)(?2)|1,2|false||
doris|count|1@0 1@2822 3@20041 4@30244 5@38592|(?1)(?2)|1,2|0||
doris|match|1@0 1@2822 3@20041 4@30244 5@38592|(?1)(?2).*|1,2|false||
doris|count|1@0 1@2822 3@20041 4@30244 5@38592|(?1)(?2).*|1,2|0||
doris|match|1@0 1@2822 3@20041 4@30244 5@38592|(?1)(?t>3600)(?2)|1,1|true|false|47 minutes are not more than 3,600 seconds
doris|count|1@0 1@2822 3@20041 4@30244 5@38592|(?1)(?t>3600)(?2)|1,1|1|0|47 minutes are not more than 3,600 seconds
doris|match|1@0 1@2822 3@20041 4@30244 5@38592|(?1)(?2)|1,4,3|false||
doris|count|1@0 1@2822 3@20041 4@30244 5@38592|(?1)(?2)|1,4,3|0||
doris|match|1 2 1 2 3|(?1)(?2)|1,3|true||
doris|count|1 2 1 2 3|(?1)(?2)|1,3|1||
doris|match|1 2 1 2 3|(?1)(?2)|1,2|true||
doris|count|1 2 1 2 3|(?1)(?2)|1,2|2||
doris|match|1 2 1 2 3|(?1)(?2)|1,3,4|true||
doris|count|1 2 1 2 3|(?1)(?2)|1,3,4|1||
doris|match|3@5 2@4 1@3 2@2 1@1|(?1)(?2)|1,3|true||
doris|count|3@5 2@4 1@3 2@2 1@1|(?1)(?2)|1,3|1||
doris|match|3@5 2@4 1@3 2@2 1@1|(?1)(?2)|1,2|true||
doris|count|3@5 2@4 1@3 2@2 1@1|(?1)(?2)|1,2|2||
doris|match|3@5 2@4 1@3 2@2 1@1|(?1)(?2)|1,3,4|true||
doris|count|3@5 2@4 1@3 2@2 1@1|(?1)(?2)|1,3,4|1||
duckdb|match|v@0 c@300 p@600 / v@0 v@300 / v@0 p@300|(?1)(?2)(?3)|v,c,p|true / false / false||
duckdb|match|v@0 c@300 p@600 / v@0 v@300 / v@0 p@300|(?1).*(?3)|v,c,p|true / false / true||
duckdb|count|v@0 c@300 p@600 / v@0 v@300 / v@0 p@300|(?1).*(?3)|v,c,p|1 / 0 / 1||
duckdb|match|1 2 3 4 5|(?1)(?2)(?3)(?4)(?5)|1,2,3,4,5|true||
duckdb|match_events|1@0 2@300 3@600 / 1@0 1@300|(?1)(?2)(?3)|1,2,3|0 300 600 / |0 300 600 / 0|as ClickHouse: of a pattern that does not match, as much as does
duckdb GIT-3|match|s@0 s@2700 s@5400 l@25200 f@27000 / s@0 s@1200 l@72000 f@75600|(?1)(?t<=604800)(?2)|l,f|true / true||
duckdb GIT-4|count|p@0 s@300 / p@0 f@600 p@1800 s@2400 p@72000 f@72900 p@74700 s@75300|(?1)(?2)(?3)|p,f,p|0 / 2||
duckdb executor|match|a b|(?1)(?2)|~a,~b,x|true||
duckdb executor|match|b a|(?1)(?2)|~a,~b,x|false||
duckdb executor|match|a x x b|(?1).*(?2)|~a,~b,x|true||
duckdb executor|match|a x b|(?1).(?2)|~a,~b,x|true||
duckdb executor|match|a x x b|(?1).(?2)|~a,~b,x|false||
duckdb executor|match|a@0 b@3|(?1)(?t>=2)(?2)|~a,~b,x|true||
duckdb executor|match|a@0 b@3|(?1)(?t>=5)(?2)|~a,~b,x|false||
duckdb executor|count|a b a b|(?1)(?2)|~a,~b,x|2||
duckdb executor|match|x x|(?1)|~a,~b,x|false||
duckdb executor|match|ab|(?1).*(?2)|~a,~b,x|false||
duckdb executor|match|a b|(?1).*(?2)|~a,~b,x|true||
duckdb executor|match|a x ab x b|(?1).*(?2).*(?2)|~a,~b,x|true||
duckdb executor|match|a x x x x x x x x x x x x|(?1).*.*.*.*(?2)|~a,~b,x|false||
duckdb executor|count|b b|(?1)(?2)|~a,~b,x|0||
duckdb executor|match|a@0 b@2|(?1)(?t==2)(?2)|~a,~b,x|true||
duckdb executor|match|a@0 b@3|(?1)(?t!=2)(?2)|~a,~b,x|true|error|as ClickHouse: <=, <, >=, > and ==
duckdb executor|match|a@0 b@6|(?1)(?t>5)(?2)|~a,~b,x|true||
duckdb executor|match|a@0 b@4|(?1)(?t<5)(?2)|~a,~b,x|true||
duckdb executor|match|a x|(?1).*|~a,~b,x|true||
duckdb executor|count|a b a b a b|(?1)(?2)|~a,~b,x|3||
duckdb executor|match|a@0 x@1 b@3|(?1).(?t<=3)(?2)|~a,~b,x|true||
duckdb executor|match|a@0 x@1 b@3|(?1).(?t<=1)(?2)|~a,~b,x|false||
duckdb executor|match|a|(?t<=5)(?1)|~a,~b,x|true|error|there is no event before it
duckdb executor|count|a b a b|(?1).*(?2)|~a,~b,x|2||
duckdb executor|count|a ab b|(?1)(?2)|~a,~b,x|1||
duckdb executor|match|a|(?1).*|~a,~b,x|true||
duckdb executor|match_events|a@100 b@200|(?1)(?2)|~a,~b,x|100 200||
duckdb executor|match_events|b@100 a@200|(?1)(?2)|~a,~b,x||200|as ClickHouse: of a pattern that does not match, as much as does
duckdb executor|match_events|a@100 x@200 b@300|(?1).*(?2)|~a,~b,x|100 300||
duckdb executor|match_events|a@0 b@3|(?1)(?t>=2)(?2)|~a,~b,x|0 3||
duckdb executor|match_events|a@100 x@200 b@300|(?1).(?2)|~a,~b,x|100 300||
duckdb executor|count|ab@100 a@200 b@300|(?1)(?2)|~a,~b,x|1||
duckdb executor|count|a x b a b|(?1).*(?2)|~a,~b,x|2||
duckdb executor|match|a a a|(?1).*(?2)|~a,~b,x|false||
duckdb executor|match|a@0 x@1 b@2|(?1).*(?t<=3)(?2)|~a,~b,x|true||
duckdb executor|match|a@0 x@1 b@5|(?1).*(?t<=1)(?2)|~a,~b,x|false||
duckdb executor|match_events|a@0 x@1 b@3|(?1).*(?t<=5)(?2)|~a,~b,x|0 3||
duckdb executor|match_events|a@0 x@1 b@5|(?1).*(?t<=1)(?2)|~a,~b,x||0|as ClickHouse: of a pattern that does not match, as much as does
duckdb executor|match_events|a@100 x@200 x@300 b@400|(?1).(?2)|~a,~b,x||100|as ClickHouse: of a pattern that does not match, as much as does
duckdb executor|match_events|a@100|(?1).*|~a,~b,x|100||
duckdb executor|match_events|a@100 b@200 x@300 b@400|(?1).*(?2)|~a,~b,x|100 200||
duckdb GIT-6|match_events|o@0 f@16200 a@82800 m@86400 / o@3600 f@5400 a@7200 m@8100 / o@165600|(?1)(?2)(?3)(?4)|o,f,a,m|0 16200 82800 86400 / 3600 5400 7200 8100 / |0 16200 82800 86400 / 3600 5400 7200 8100 / 165600|as ClickHouse: of a pattern that does not match, as much as does
pinot|count|p@1000 c@1010 k@1020 c@1025 f@1030|(?1)(?t<1000)(?2)(?t<1000)(?3)(?t<1000)(?4)|p,c,k,f|1||
pinot|count|k@2010 c@2010 p@2000|(?1)(?t<1000)(?2)(?t<1000)(?3)(?t<1000)(?4)|p,c,k,f|0||
pinot|count|p@1000 c@1010 c@1015 k@1020 f@11030|(?1)(?t<1000)(?2)(?t<1000)(?3)(?t<1000)(?4)|p,c,k,f|0||
pinot|count|k@2020 c@12010 p@12050|(?1)(?t<1000)(?2)(?t<1000)(?3)(?t<1000)(?4)|p,c,k,f|0||
timescaledb|match|LOGIN@0 LOGIN@86400 SEARCH@90000 BUY@97200|(?1)(?t<604800)(?2)|LOGIN,LOGIN|true||
timescaledb|match|LOGIN@0 SEARCH@3600 BUY@5400 LOGIN@1468800|(?1)(?t<604800)(?2)|LOGIN,LOGIN|false||
timescaledb|match|SEARCH@0 BUY@1125000|(?1)(?t<604800)(?2)|LOGIN,LOGIN|false||
timescaledb|match|LOGIN@0 LOGIN@1123200|(?1)(?t<604800)(?2)|LOGIN,LOGIN|false||
timescaledb|match|LOGIN@0 LOGIN@86400 SEARCH@90000 BUY@97200|(?1)(?2)|LOGIN,LOGIN,*|true||
timescaledb|match|LOGIN@0 SEARCH@3600 BUY@5400 LOGIN@1468800|(?1)(?2)|LOGIN,LOGIN,*|false||
timescaledb|match|SEARCH@0 BUY@1125000|(?1)(?2)|LOGIN,LOGIN,*|false||
timescaledb|match|LOGIN@0 LOGIN@1123200|(?1)(?2)|LOGIN,LOGIN,*|true||
timescaledb|match|LOGIN@0 LOGIN@86400 SEARCH@90000 BUY@97200|(?1)(?t<3600)(?2)|SEARCH,BUY|false||
timescaledb|match|LOGIN@0 SEARCH@3600 BUY@5400 LOGIN@1468800|(?1)(?t<3600)(?2)|SEARCH,BUY|true||
timescaledb|match|SEARCH@0 BUY@1125000|(?1)(?t<3600)(?2)|SEARCH,BUY|false||
timescaledb|match|LOGIN@0 LOGIN@1123200|(?1)(?t<3600)(?2)|SEARCH,BUY|false||
timescaledb|match|LOGIN@0 LOGIN@86400 SEARCH@90000 BUY@97200|(?1)(?2)|SEARCH,BUY,*|true||
timescaledb|match|LOGIN@0 SEARCH@3600 BUY@5400 LOGIN@1468800|(?1)(?2)|SEARCH,BUY,*|true||
timescaledb|match|SEARCH@0 BUY@1125000|(?1)(?2)|SEARCH,BUY,*|true||
timescaledb|match|LOGIN@0 LOGIN@1123200|(?1)(?2)|SEARCH,BUY,*|false||
\.

-- Sessions: seconds, the gap, and the number of each row's session.
CREATE TEMP TABLE session (times text, gap bigint, expected text);
INSERT INTO session VALUES
	('0 300 600 7200 7500', 1800, '1 1 1 2 2'), ('0', 3600, '1'), ('0 300 ~', 1800, '1 1 -'),
	('0 2700 5400 25200 27000', 14400, '1 1 1 2 2'), ('0 1200 72000 75600', 14400, '1 1 2 2');

SELECT plan((SELECT 8 + (SELECT count(*) FROM next_node) + (SELECT count(*) FROM pattern)
	+ (SELECT count(*) FROM session))::int);

CREATE FUNCTION pg_temp.rows_of(events text)
RETURNS TABLE (uid bigint, at bigint, value text, attribute text) LANGUAGE sql AS $$
	SELECT uid, coalesce(w[3]::bigint, seq), nullif(w[1], '~'), w[2]
	FROM unnest(string_to_array(events, ' / ')) WITH ORDINALITY AS u (path, uid),
		unnest(string_to_array(path, ' ')) WITH ORDINALITY AS t (token, seq),
		regexp_match(token, '^([^:@]+)(?::(\w+))?(?:@(\d+))?$') AS w
$$;
CREATE FUNCTION pg_temp.condition(c text) RETURNS text LANGUAGE sql AS $$
	SELECT CASE WHEN c = '*' THEN 'true' WHEN c LIKE '~%'
		THEN format('value LIKE %L', '%' || substr(c, 2) || '%')
		WHEN c LIKE ':%' THEN format('attribute = %L', substr(c, 2))
		ELSE format('value = %L', c) END
$$;
CREATE FUNCTION pg_temp.conditions(list text) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(pg_temp.condition(c), ', ' ORDER BY no)
	FROM unnest(string_to_array(list, ',')) WITH ORDINALITY AS u (c, no)
$$;

CREATE FUNCTION pg_temp.next_of(n next_node, at text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	result text;
BEGIN
	EXECUTE format($q$
		SELECT string_agg(coalesce(found, '-'), ' ' ORDER BY uid)
		FROM (SELECT uid, affinity.sequence_next_node(%s) AS found
			FROM pg_temp.rows_of((SELECT events FROM log WHERE name = %L)) GROUP BY uid) u$q$,
		concat_ws(', ', quote_literal(n.direction), quote_literal(n.base), at, 'value',
			pg_temp.condition(n.base_condition), pg_temp.conditions(n.chain)), n.log) INTO result;
	RETURN result;
EXCEPTION WHEN invalid_parameter_value THEN
	RETURN 'error';
END
$$;
SELECT is(pg_temp.next_of(n, 'at'), coalesce(ours, expected),
	format('%s: %s %s %s, %s of %s', source, direction, base, base_condition, chain, log))
FROM next_node n ORDER BY no;
SELECT is_empty($$
	SELECT * FROM next_node n, unnest(ARRAY['to_timestamp(at)', $q$timestamp '2000-01-02' + at * interval '1 s'$q$]) AS a
	WHERE pg_temp.next_of(n, a) <> coalesce(ours, expected)$$, 'the same of timestamps');

CREATE FUNCTION pg_temp.match_of(p pattern) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	result text;
BEGIN
	EXECUTE format($q$
		SELECT string_agg(translate(found::text, ',{}', ' '), ' / ' ORDER BY uid)
		FROM (SELECT uid, affinity.sequence_%s(%L, at, %s) AS found
			FROM pg_temp.rows_of(%L) GROUP BY uid) u$q$,
		p.function, p.pattern, pg_temp.conditions(p.conditions), p.events) INTO result;
	RETURN result;
EXCEPTION WHEN invalid_parameter_value THEN
	RETURN 'error';
END
$$;
SELECT is(pg_temp.match_of(p), coalesce(ours, expected, ''),
	format('%s: %s %s of %s', source, function, pattern, events))
FROM pattern p ORDER BY no;

SELECT is(found, expected, format('duckdb: sessions of %s', times))
FROM session s, LATERAL (
	SELECT string_agg(coalesce(n::text, '-'), ' ' ORDER BY at) AS found
	FROM (SELECT at, affinity.sessionize(at, gap) OVER (ORDER BY at) AS n
		FROM (SELECT nullif(t, '~')::bigint AS at
			FROM unnest(string_to_array(times, ' ')) AS t) w) v) f;

SELECT results_eq($$
	SELECT source, sum(cardinality(string_to_array(expected, ' '))),
		sum(cardinality(string_to_array(expected, ' '))) FILTER (WHERE ours IS NULL)
	FROM next_node GROUP BY source
	UNION ALL
	SELECT split_part(source, ' ', 1), sum(coalesce(cardinality(string_to_array(expected, '/')), 1)),
		sum(coalesce(cardinality(string_to_array(expected, '/')), 1)) FILTER (WHERE ours IS NULL)
	FROM pattern GROUP BY split_part(source, ' ', 1)
	ORDER BY 1, 2$$, $$
	VALUES ('clickhouse', 265::bigint, 265::bigint), ('clickhouse documentation', 23, 23),
		('doris', 20, 18), ('duckdb', 21, 15), ('duckdb', 60, 50),
		('pinot', 4, 4), ('timescaledb', 16, 16)$$,
	'all results are there: how many, and how many of tests that agree');
SELECT is_empty($$
	SELECT ours FROM (SELECT ours, reason, expected FROM next_node
		UNION ALL SELECT ours, reason, expected FROM pattern) r
	WHERE (ours IS NULL) <> (reason IS NULL) OR ours = expected$$,
	'each deviation is one, and has its reason');

-- 3,000 random logs with ties, NULLs and repeats: the chain by plain SQL.
SELECT setseed(0.4);
CREATE TEMP TABLE random_log AS
	SELECT log, floor(random() * 6)::bigint AS at,
		nullif(chr(97 + floor(random() * 5)::int), 'e') AS value,
		nullif(random() < 0.6, false) AS base,
		random() < 0.6 AS c1, nullif(random() < 0.6, false) AS c2, random() < 0.6 AS c3
	FROM generate_series(1, 3000) AS log, generate_series(1, 1 + log % 9);
-- Rows of one instant with one value are ordered by what they satisfy of the call.
CREATE TEMP TABLE placed AS
	SELECT *, row_number() OVER w AS pos, count(*) OVER (PARTITION BY log, events) AS n
	FROM random_log, unnest(ARRAY[0, 1, 3]) AS events
	WHERE value IS NOT NULL
	WINDOW w AS (PARTITION BY log, events ORDER BY at, value COLLATE "C",
		(c1::int + coalesce(c2, false)::int * 2 + c3::int * 4) & ((1 << events) - 1),
		coalesce(base, false));
CREATE INDEX ON placed (log, events, pos);
ANALYZE placed;
CREATE TEMP TABLE way AS
	SELECT direction, base, step FROM (VALUES ('forward', 1), ('backward', -1)) AS d (direction, step),
		unnest(ARRAY['head', 'tail', 'first_match', 'last_match']) AS base
	WHERE (direction, base) NOT IN (('forward', 'tail'), ('backward', 'head'));
CREATE TEMP TABLE chosen AS
	SELECT w.*, log, events, CASE w.base
		WHEN 'head' THEN min(pos) FILTER (WHERE pos = 1 AND p.base)
		WHEN 'tail' THEN min(pos) FILTER (WHERE pos = n AND p.base)
		WHEN 'first_match' THEN min(pos) FILTER (WHERE p.base AND c1)
		ELSE max(pos) FILTER (WHERE p.base AND c1) END AS pos
	FROM way w, placed p GROUP BY w.direction, w.base, step, log, events;
CREATE TEMP TABLE plain AS
	SELECT direction, base, log, max(value) FILTER (WHERE events = 0) AS none,
		max(value) FILTER (WHERE events = 1) AS one, max(value) FILTER (WHERE events = 3) AS three
	FROM (SELECT c.direction, c.base, log, events, last.value
		FROM chosen c JOIN placed p USING (log, events)
			LEFT JOIN placed last USING (log, events)
		WHERE last.pos = c.pos + c.step * events
		AND p.pos BETWEEN least(c.pos, c.pos + c.step * (events - 1))
			AND greatest(c.pos, c.pos + c.step * (events - 1))
		GROUP BY 1, 2, 3, 4, 5
		HAVING events = 0 OR count(*) FILTER (WHERE
			CASE (p.pos - c.pos) * c.step WHEN 0 THEN p.c1 WHEN 1 THEN p.c2 ELSE p.c3 END) = events) v
	GROUP BY 1, 2, 3;
CREATE TEMP TABLE found AS
	SELECT w.direction, w.base, log,
		affinity.sequence_next_node(w.direction, w.base, at, value, r.base, c1, c2, c3) AS three,
		affinity.sequence_next_node(w.direction, w.base, at, value, r.base, c1) AS one,
		affinity.sequence_next_node(w.direction, w.base, at, value, r.base, VARIADIC ARRAY[c1, c2, c3]) AS by_array
	FROM way w, random_log r GROUP BY 1, 2, 3;
SELECT is_empty($$
	SELECT * FROM found f LEFT JOIN plain p USING (direction, base, log)
	WHERE (f.three, f.one, f.by_array) IS DISTINCT FROM (p.three, p.one, p.three)$$,
	'3,000 random logs, in every direction and from every base: as plain SQL');
SELECT is_empty($$
	SELECT * FROM (SELECT w.direction, w.base, log,
			affinity.sequence_next_node(w.direction, w.base, at, value, r.base) AS none
		FROM way w, random_log r WHERE w.base IN ('head', 'tail') GROUP BY 1, 2, 3) f
		LEFT JOIN plain p USING (direction, base, log)
	WHERE f.none IS DISTINCT FROM p.none$$, 'no chain: the base itself');
SELECT cmp_ok((SELECT count(three) FROM found), '>', 1000::bigint, 'chains are found');

-- Parallel workers, and any order of arrival.
CREATE TABLE shared_log AS
	SELECT g % 1000 AS log, g / 1000 AS at, md5(g::text) AS value FROM generate_series(1, 50000) AS g;
ANALYZE shared_log;
CREATE FUNCTION pg_temp.digest_of_all() RETURNS text LANGUAGE sql AS $$
	SELECT md5(string_agg(v, ',' ORDER BY log)) || count(v)
	FROM (SELECT log, affinity.sequence_next_node('forward', 'first_match', at, value, true,
			value < '8', value < 'a', value < 'c') AS v FROM shared_log GROUP BY log) u
$$;
SET LOCAL max_parallel_workers_per_gather = 0;
CREATE TEMP TABLE serial AS SELECT pg_temp.digest_of_all() AS d;
CREATE TABLE reversed AS SELECT * FROM shared_log ORDER BY at DESC, value;
SET LOCAL max_parallel_workers_per_gather = 2;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL enable_sort = off;
CREATE FUNCTION pg_temp.plan_of(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY EXECUTE 'EXPLAIN (COSTS OFF) ' || query;
END
$$;
SELECT isnt_empty($$
	SELECT * FROM pg_temp.plan_of('SELECT log, affinity.sequence_next_node(''forward'',
		''first_match'', at, value, true, value < ''8'') FROM shared_log GROUP BY log') p
	WHERE p ~ 'Partial HashAggregate'$$, 'the planner uses parallel workers');
CREATE TEMP TABLE parallel AS
	SELECT md5(string_agg(v, ',' ORDER BY log)) || count(v) AS d
	FROM (SELECT log, affinity.sequence_next_node('forward', 'first_match', at, value, true,
			value < '8', value < 'a', value < 'c') AS v FROM reversed GROUP BY log) u;
SELECT is((SELECT d FROM parallel), (SELECT d FROM serial),
	'workers, and rows in another order, give the same');

SELECT finish();
ROLLBACK;
