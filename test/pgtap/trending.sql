-- Decayed counts, velocities and scores of content: plain SQL with numeric on random data (fixed seed), R's figures
-- (binom.test, poisson.test), and published formulas with their source.
BEGIN;
SET LOCAL jit = off;
SET LOCAL timezone = 'UTC';
SELECT plan(149);

-- 1. Decayed counts, against exp() of numeric with 40 digits.
SELECT setseed(0.14);
CREATE TEMP TABLE seen AS
	SELECT n, n % 23 AS item, timestamptz '2004-01-01 00:00+00' + random() * interval '7300 days' AS at,
		CASE n % 5 WHEN 0 THEN 0 WHEN 1 THEN -random() * 10 WHEN 2 THEN random() * 1e15 WHEN 3 THEN 1e-9 * random() ELSE round((random() * 1000)::numeric, 2) END AS weight
	FROM generate_series(1, 1150) n;
INSERT INTO seen SELECT -n, 100, timestamptz '2024-03-01 00:00+00' - n * n * interval '1 hour', 1 FROM generate_series(1, 300) n;
INSERT INTO seen SELECT -1000 - n, 101, timestamptz '2024-03-01 00:00+00' - n * interval '17 minutes', n FROM generate_series(1, 300) n;
CREATE TEMP TABLE half AS SELECT h, extract(epoch FROM h) AS s FROM unnest('{1 s,7 min,3 hours,1 day,7 days,365 days,2000 days,0.000001 s}'::interval[]) h;
CREATE FUNCTION pg_temp.plain(item int, as_of timestamptz, s numeric, weighted boolean) RETURNS numeric LANGUAGE sql AS $$
	SELECT sum(CASE WHEN weighted THEN weight::text::numeric ELSE 1 END * exp(-0.6931471805599453094172321214581765680755 * (extract(epoch FROM as_of - at)::numeric(60, 40) / s)))
	FROM seen r WHERE r.item = plain.item AND extract(epoch FROM as_of - at) < 200 * s $$;
CREATE TEMP TABLE state AS SELECT item, h, affinity.decayed_count(at, h) AS counted, affinity.decayed_count(at, h, weight) AS weighed, max(at) AS last FROM seen, half GROUP BY 1, 2;
SELECT is_empty(format($$SELECT item, h, c, pc, w, pw FROM state JOIN half USING (h), LATERAL (SELECT last + %s * h AS as_of) t, LATERAL (
		SELECT affinity.decayed_value(counted, as_of)::text::numeric AS c, affinity.decayed_value(weighed, as_of) AS w, pg_temp.plain(item, as_of, s, false) AS pc, pg_temp.plain(item, as_of, s, true) AS pw) v
	WHERE NOT coalesce(abs(c - pc) <= 4e-16 * pc AND abs(w::text::numeric - pw) <= 1e-15 * abs(pw) + 1e-18, false)$$, later), 'as plain SQL, ' || later || ' half-lives after the newest row')
FROM unnest('{0,1,0.3,5.7,20}'::float8[]) later;
SELECT is(affinity.decayed_value(affinity.decayed_count(at, '1 day'), '2024-01-03 00:00+00'), 1.75::float8, 'halves are exact')
FROM (VALUES (timestamptz '2024-01-01 00:00+00'), ('2024-01-02 00:00+00'), ('2024-01-03 00:00+00'), (NULL)) v (at);
SELECT is(affinity.decayed_value(affinity.decayed_count(at, '1 day', w), '2024-01-03 00:00+00'), 999999999999999.875::float8, 'weights of any size and sign')
FROM (VALUES (timestamptz '2024-01-01 00:00+00', 1.5), ('2024-01-02 00:00+00', -1), ('2024-01-03 00:00+00', 1e15), ('2024-01-03 00:00+00', NULL)) v (at, w);
SELECT is(affinity.decayed_value(affinity.decayed_count(at, '1 hour', w), '2024-01-09'), 0::float8, 'what is taken back leaves nothing')
FROM (VALUES (timestamptz '2024-01-01 00:17:03.3', 0.1), ('2024-01-01 00:17:03.3', -0.1)) v (at, w);
SELECT is(affinity.decayed_value(affinity.decayed_count(at, '1 second'), '2024-01-01 00:00:01+00'), 0.5::float8, 'twenty years in seconds')
FROM (VALUES (timestamptz '2004-01-01 00:00+00'), ('2024-01-01 00:00+00')) v (at);
SELECT is(affinity.decayed_value(affinity.decayed_count(timestamptz '2024-01-01', '1 second'), '290000-01-01'), 0::float8, 'long after nothing is left');
SELECT ok(abs(affinity.decayed_value(affinity.decayed_count(at, h), max(at)) - (1 + 2 ^ greatest(-extract(epoch FROM max(at) - min(at)) / extract(epoch FROM h), -1000)::float8)) < 1e-15, 'seven thousand years and a half-life of ' || h)
FROM unnest('{4713-01-02 00:00+00 BC,2024-01-02 00:00+00}'::timestamptz[]) at, unnest('{25000000 days,1226000 days,1 day}'::interval[]) h GROUP BY h;
SELECT is(affinity.decayed_value(affinity.decayed_count(at, '1 microsecond'), '2000-01-01 00:00:00.000003+00'), 0.25::float8 + 0.125, 'a half-life of a microsecond')
FROM unnest('{2000-01-01 00:00:00.000001+00,2000-01-01 00:00+00}'::timestamptz[]) at;
SELECT is(affinity.decayed_value(affinity.decayed_count(at, '24 hours'), max(as_of)::timestamp), 0.5::float8, 'local times') FROM (VALUES (timestamp '2024-01-01 10:00', '2024-01-02 10:00')) v (at, as_of);
SELECT is(affinity.decayed_value(affinity.decayed_count(date '2024-01-01', '1 day'), date '2024-01-03'), 0.25::float8, 'dates');
SELECT is(affinity.decayed_value(affinity.decayed_count(timestamptz '2024-01-01 00:00+00', '1 day'), date '2024-01-02'), 0.5::float8, 'a state of instants as of a date of the session''s time zone');
SELECT is(affinity.decayed_count(NULL::timestamptz, '1 day'), NULL, 'no row, no state');
SELECT is(affinity.decayed_value(affinity.decayed_count(timestamptz '2024-01-01', '1 day', 0), '2024-01-01'), 0::float8, 'a weight of 0');
SELECT is(affinity.decayed_last(affinity.decayed_count(at, '1 day')), '2024-01-02 03:04:05.678901+00', 'the newest row') FROM unnest('{2024-01-02 03:04:05.678901+00,2023-01-01}'::timestamptz[]) at;
SELECT is(affinity.decayed_last(affinity.decayed_count(at, '1 day')), '2024-01-02 03:04:05+00', 'of local times too') FROM unnest('{2024-01-02 03:04:05,2023-01-01}'::timestamp[]) at;
-- what is older than 128 half-lives
SELECT is(affinity.decayed_value(s, '2000-01-01 00:03:13+00'), v, name) FROM (VALUES ('2000-01-01 00:03:12+00', 0.5::float8, 'rows of 192 half-lives ago do not count'),
		('2000-01-01 00:03:11+00', 0.25::float8, 'of 191 half-lives do')) v (last, v, name),
	LATERAL (SELECT affinity.decayed_count(at, '1 second', w) AS s FROM (VALUES (timestamptz '2000-01-01 00:00+00', 1e15), (last::timestamptz, 1)) r (at, w)) s;

-- few rows become many, of one block and of more, above and below 0: as all merged from parts of ten rows, and as counted
SELECT ok(bool_and(whole = parts AND value = 9000 * w), 'nine thousand rows of ' || w || ' in one state') FROM (SELECT w, whole, affinity.decayed_value(whole, '2024-01-01 00:00+00') AS value,
		(SELECT affinity.rollup(p) FROM (SELECT affinity.decayed_count(timestamptz '2024-01-01 00:00+00', '1 day', w * sign(i)) AS p FROM generate_series(1, 9000) i GROUP BY i / 10) q) AS parts
	FROM unnest('{1e15,-1e15,0.5}'::float8[]) w, LATERAL (SELECT affinity.decayed_count(timestamptz '2024-01-01 00:00+00', '1 day', w * sign(i)) AS whole FROM generate_series(1, 9000) i) s) q GROUP BY w;
CREATE TEMP TABLE mixed AS SELECT i, timestamptz '2024-01-01 00:00+00' + (i * 37 % 301) * interval '1 second' AS at, (i % 11 - 5)::float8 AS w FROM generate_series(1, 6000) i;
SELECT is((SELECT affinity.rollup(p) FROM (SELECT affinity.decayed_count(at, '1 second', w) AS p FROM mixed GROUP BY i / 7) q), (SELECT affinity.decayed_count(at, '1 second', w) FROM mixed), 'rows of many blocks in any order');

-- the key that sorts
SELECT is_empty($$SELECT * FROM state a JOIN state b USING (h), LATERAL (SELECT greatest(a.last, b.last) + interval '1 day' AS as_of) t,
		LATERAL (SELECT affinity.decayed_value(a.counted, as_of) AS va, affinity.decayed_value(b.counted, as_of) AS vb) v
	WHERE affinity.decayed_rank(a.counted) > affinity.decayed_rank(b.counted) AND va < vb AND va > 0$$, 'decayed_rank sorts as values do, whatever the time');
SELECT is_empty($$SELECT * FROM state JOIN half USING (h), LATERAL (SELECT affinity.decayed_value(weighed, last) AS v, affinity.decayed_rank(weighed) AS r) v
	WHERE CASE WHEN v <= 0 THEN r <> '-Infinity' ELSE NOT abs(r - (ln(v::text::numeric) / ln(2::numeric) + extract(epoch FROM last - timestamptz '2000-01-01 00:00+00') / s)) <= 1e-15 * abs(r) + 1e-14 END$$,
	'and is the logarithm as of 2000-01-01');
SELECT is(affinity.decayed_rank(affinity.decayed_count(timestamptz '2000-01-11 00:00+00', '1 day', 8)), 13::float8, 'exactly');
SELECT ok(abs(affinity.decayed_rank(affinity.decayed_count(timestamptz '1999-12-31 00:00+00', h)) - v) < 1e-18, 'before 2000') FROM (VALUES (interval '1 day', -1), ('10000 days', -0.0001)) r (h, v) GROUP BY h, v;
SELECT is(affinity.decayed_rank(affinity.decayed_count(timestamptz '2000-01-11 00:00+00', '1 day', -8)), '-Infinity'::float8, 'last what is not above 0');

-- 2. The state.
SELECT is_empty($$SELECT * FROM state JOIN (SELECT item, h, affinity.decayed_count(at, h ORDER BY random()) AS c, affinity.decayed_count(at, h, weight ORDER BY n) AS w FROM seen, half GROUP BY 1, 2) o USING (item, h)
	WHERE counted <> c OR counted::text <> c::text OR weighed::text <> w::text OR affinity.decayed_hash(weighed) <> affinity.decayed_hash(w)$$, 'any order gives the same bytes');
SELECT is_empty($$SELECT * FROM state JOIN (SELECT item, h, affinity.rollup(part ORDER BY random()) AS w FROM (
		SELECT item, h, affinity.decayed_count(at, h, weight) AS part FROM seen, half GROUP BY item, h, (random() * 4)::int) p GROUP BY 1, 2) o USING (item, h) WHERE weighed::text <> w::text$$, 'parts roll up to the same bytes');
SELECT is_empty($$SELECT * FROM state JOIN (SELECT item, h, affinity.decayed_count(at, h, weight) FILTER (WHERE n % 2 = 0) AS a, affinity.decayed_count(at, h, weight) FILTER (WHERE n % 2 <> 0) AS b
		FROM seen, half GROUP BY 1, 2) o USING (item, h) WHERE weighed::text <> affinity.rollup(a, b)::text OR weighed <> affinity.rollup(b, a)$$, 'two of them in an expression, in any order');
SELECT is(affinity.rollup(NULL::affinity.decayed, counted)::text, counted::text, 'NULL is none') FROM state LIMIT 1;
SELECT is(affinity.rollup(NULL::affinity.decayed, NULL), NULL, 'of none there is none');
SELECT is_empty('SELECT item FROM state WHERE weighed::text::affinity.decayed <> weighed OR counted::text::affinity.decayed <> counted', 'text goes out and in');
SELECT is(count(DISTINCT weighed), count(*), 'others differ') FROM state;
CREATE TEMP TABLE copied (item int, h interval, state affinity.decayed);
\copy (SELECT item, h, weighed FROM state) TO '/tmp/affinity_decayed.copy' BINARY
\copy copied FROM '/tmp/affinity_decayed.copy' BINARY
\! rm -f /tmp/affinity_decayed.copy
SELECT is(count(*), (SELECT count(*) FROM state), 'binary goes out and in') FROM copied c JOIN state s USING (item, h) WHERE c.state = s.weighed;
CREATE TABLE public.trending_rows AS SELECT md5(i::text) AS k, timestamptz '2023-01-01' + (hashint4(i) & 33554431) * interval '1 second' AS at, (hashint4(-i) & 1023) / 7.0 - 50 AS weight FROM generate_series(1, 60000) i;
ANALYZE public.trending_rows;
CREATE TEMP TABLE serial AS SELECT affinity.decayed_count(at, '1 day', weight) AS state, affinity.velocity(at, '7 days', '2024-01-10') AS v, affinity.bayesian_prior(weight, 3, weight ^ 2) AS p FROM public.trending_rows;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
CREATE FUNCTION pg_temp.plan_of(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY EXECUTE 'EXPLAIN (COSTS OFF) ' || query;
END $$;
SELECT matches((SELECT string_agg(l, E'\n') FROM pg_temp.plan_of('SELECT affinity.decayed_count(at, ''1 day'', weight), affinity.velocity(at, ''7 days'', ''2024-01-10''), affinity.bayesian_prior(weight, 3, weight ^ 2) FROM public.trending_rows') l),
	'Finalize Aggregate.*Gather.*Partial Aggregate', 'aggregates run in parallel');
CREATE TEMP TABLE parallel AS SELECT affinity.decayed_count(at, '1 day', weight) AS state, affinity.velocity(at, '7 days', '2024-01-10') AS v, affinity.bayesian_prior(weight, 3, weight ^ 2) AS p FROM public.trending_rows;
SELECT ok(p.state::text = s.state::text AND p.v::text = s.v::text AND p.p::text = s.p::text, 'and give the same') FROM parallel p, serial s;
SET LOCAL max_parallel_workers_per_gather = 0;
SELECT is(affinity.decayed_count(at, '1 day', weight ORDER BY k)::text, (SELECT state::text FROM serial), 'the order of rows does not matter') FROM public.trending_rows;

-- a live list: states merged as rows come, and an index that ranks them
CREATE TEMP TABLE live (item int PRIMARY KEY, state affinity.decayed NOT NULL);
CREATE INDEX ON live (affinity.decayed_rank(state) DESC);
DO $$
BEGIN
	FOR part IN 0..9 LOOP
		INSERT INTO live AS l SELECT item, affinity.decayed_count(at, '30 days') FROM seen WHERE abs(n) % 10 = part GROUP BY 1
		ON CONFLICT (item) DO UPDATE SET state = affinity.rollup(l.state, excluded.state);
	END LOOP;
END $$;
SELECT is_empty($$SELECT * FROM live FULL JOIN (SELECT item, affinity.decayed_count(at, '30 days') AS state FROM seen GROUP BY 1) s USING (item) WHERE live.state IS DISTINCT FROM s.state$$, 'states that are merged as rows come are those of all rows');
SET LOCAL enable_seqscan = off;
SET LOCAL enable_sort = off;
SELECT matches((SELECT string_agg(l, E'\n') FROM pg_temp.plan_of('SELECT item FROM live ORDER BY affinity.decayed_rank(state) DESC LIMIT 5') l), 'Index Scan using live_decayed_rank_idx', 'the top of the list is in an index');
SELECT results_eq('SELECT item FROM live ORDER BY affinity.decayed_rank(state) DESC LIMIT 5', $$SELECT item FROM seen GROUP BY 1 ORDER BY affinity.decayed_value(affinity.decayed_count(at, '30 days'), '2024-03-01 00:00+00') DESC LIMIT 5$$, 'and is the right one');
RESET enable_seqscan;
RESET enable_sort;

-- damaged states
CREATE FUNCTION pg_temp.fate(state bytea) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	s affinity.decayed;
BEGIN
	s := encode(state, 'base64')::affinity.decayed;
	IF affinity.decayed_value(s, '294276-01-01'::timestamptz) IS NULL OR affinity.decayed_rank(s) IS NULL OR affinity.rollup(s, s) = s THEN
		RETURN 'unsound';
	END IF;
	RETURN 'sound';
EXCEPTION WHEN invalid_binary_representation THEN
	RETURN 'refused';
WHEN numeric_value_out_of_range OR invalid_parameter_value THEN
	RETURN 'sound';
END $$;
CREATE TEMP TABLE byte AS SELECT decode(weighed::text, 'base64') AS b FROM state WHERE item = 3 AND h IN ('1 day', '365 days');
SELECT is_empty($$SELECT fate FROM byte, generate_series(0, length(b) - 1) i, unnest(ARRAY[0, 1, 3, 128, 255]) x, LATERAL (SELECT pg_temp.fate(set_byte(b, i, get_byte(b, i) # x)) AS fate) f
	WHERE fate NOT IN ('sound', 'refused')$$, 'every byte changed: refused, or a state that can be');
SELECT is_empty($$SELECT i FROM byte, generate_series(0, length(b) - 1) i WHERE pg_temp.fate(substr(b, 1, i)) <> 'refused'$$, 'cut anywhere: refused');
SELECT is(pg_temp.fate(b || '\x00'), 'refused', 'a byte more') FROM byte LIMIT 1;
SELECT is(pg_temp.fate(b || '\x0000000000000000'), 'refused', 'eight more') FROM byte LIMIT 1;
CREATE FUNCTION pg_temp.doubled(s affinity.decayed, times int) RETURNS affinity.decayed LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN 1..times LOOP
		s := affinity.rollup(s, s);
	END LOOP;
	RETURN s;
END $$;
SELECT is(affinity.decayed_value(pg_temp.doubled(affinity.decayed_count(at, '1 day', 1e15), 42), '2023-10-03 00:00+00'), 1e15 * 2::float8 ^ 42, 'so many rows of the largest weight fit') FROM unnest('{2023-10-03 00:00+00}'::timestamptz[]) at;
SELECT throws_ok($$SELECT pg_temp.doubled(affinity.decayed_count(timestamptz '2024-01-01', '1 day', -1e15), 43)$$, '22003', 'a decayed state is of too many rows', 'not more');

-- 3. Velocity.
SELECT results_eq($$SELECT v.current, v.previous, v.expected, round(v.ratio::numeric, 12), round(v.z::numeric, 12), round(v.p_value::numeric, 12), round(v.dispersion::numeric, 12) FROM affinity.velocity_of(12, '{5,4,6,3,5,7,4}') v$$,
	$$VALUES (12::bigint, 34::bigint, 34 / 7::float8, 2.470588235294, round((50 / sqrt(7 * 46))::numeric, 12), 0.011527675482, round(((176 - 34 * 34 / 7.0) / (34 / 7.0) / 6)::numeric, 12))$$, 'a count against seven before it');
-- R 4.2: poisson.test(c(current, previous), c(1, windows))$p.value
SELECT ok(abs((affinity.velocity_of(c, array_fill(0, ARRAY[w - 1])::bigint[] || b)).p_value / p - 1) < 1e-10, format('poisson.test of %s against %s in %s windows', c, b, w)) FROM (VALUES
	(12, 34, 7, 0.011527675482126524),
	(0, 34, 7, 0.017723241584651776),
	(1, 0, 7, 0.12500000000000003),
	(3, 50, 10, 0.62892557015243122),
	(100, 400, 7, 1.9365516669350253e-06),
	(1, 1, 1, 1),
	(5, 2, 1, 0.45312500000000022),
	(0, 3, 1, 0.25000000000000006),
	(2000, 10000, 4, 1.1735117450752469e-20),
	(20, 10, 1000, 2.9171377879780354e-53),
	(30000, 200000, 7, 4.7206623049014216e-15),
	(8, 49, 7, 0.68851240829545102),
	(1000500, 1000000, 1, 0.72423675426231104)
) r (c, b, w, p);
SELECT results_eq($$SELECT v.current, v.previous FROM (SELECT affinity.velocity(at, '1 day', '2024-01-10 00:00+00', 2) AS v FROM unnest('{2024-01-10 00:00+00,2024-01-09 23:59:59.999999+00,2024-01-09 00:00+00,2024-01-08 23:59:59+00,2024-01-07 00:00+00,2024-01-06 23:59:59.999999+00,2030-01-01,1000-01-01,NULL}'::timestamptz[]) at) q, LATERAL (SELECT (v).*) v$$,
	'VALUES (2::bigint, 2::bigint)', 'a window has its beginning and not its end; rows outside do not count');
SELECT is_empty($$SELECT * FROM (SELECT item, affinity.velocity(at, '90 days', '2024-01-01 00:00+00', 20) AS v FROM seen GROUP BY 1) a JOIN (
		SELECT item, count(*) FILTER (WHERE w = 0) AS c, count(*) FILTER (WHERE w BETWEEN 1 AND 20) AS b FROM (
			SELECT item, floor((extract(epoch FROM timestamptz '2024-01-01 00:00+00' - at) - 0.000001) / 7776000) AS w FROM seen) x GROUP BY 1) p USING (item)
	WHERE (v).current <> c OR (v).previous <> b OR (v).expected <> b / 20::float8 OR abs((v).z - (c - b / 20.0) / sqrt(nullif(c + b, 0) / 20.0)) > 1e-12$$, 'as plain SQL');
SELECT is(affinity.velocity(at, '1 day', '2024-01-10')::text, '(0,0,0,,,,)', 'rows in none of the windows') FROM unnest('{2020-01-01}'::timestamptz[]) at;
SELECT is(affinity.velocity(at, '1 day', '2024-01-10'), NULL, 'no row') FROM unnest('{NULL}'::timestamptz[]) at;
SELECT is(round((v).p_value::numeric, 15), round((1 / 3.0) ^ 10, 15), 'new: the chance of all in one of three windows') FROM affinity.velocity_of(10, '{0,0}') v;
SELECT is((affinity.velocity_of(7, '{7,7,7}')).p_value, 1::float8, 'as before');
SELECT is((affinity.velocity_of(0, '{0}'))::text, '(0,0,0,,,,)', 'nothing at all');
SELECT ok((v).p_value BETWEEN 0.99 AND 1 AND (v).z BETWEEN -0.01 AND 0, 'large counts') FROM affinity.velocity_of(500000000000000, '{500000000000001}') v;
SELECT is((affinity.velocity(at, '1 day', date '2024-01-02')).current, 1::bigint, 'dates are days') FROM unnest('{2024-01-01,2024-01-02}'::date[]) at;
SELECT is((affinity.velocity(at, '1 day', '2024-01-02')).current, 1::bigint, 'local times') FROM unnest('{2024-01-01 12:00,2024-01-02 00:00}'::timestamp[]) at;

-- 4. Scores.
\set published `test -f ../shared/data/published/proportion_intervals.csv && echo true || echo false`
\if :published
CREATE TEMP TABLE share (x bigint, n bigint, wilson_lo float8, wilson_hi float8, clopper_lo float8, clopper_hi float8);
\copy share FROM '../shared/data/published/proportion_intervals.csv' CSV HEADER
SELECT is(count(*), 4::bigint, 'Newcombe (1998): Wilson''s intervals') FROM share, affinity.wilson_interval(x, n) w WHERE abs(w.low - wilson_lo) < 1e-14 AND abs(w.high - wilson_hi) < 1e-14 AND affinity.wilson_lower(x, n) = w.low;
\else
SELECT skip('../shared/data/published is not there', 1);
\endif
-- reddit's source (r2/lib/db/_sorts.pyx, _confidence): z = 1.281551565545, of 80 %
SELECT ok(abs(affinity.wilson_lower(ups, ups + downs, 0.8) - ((p + z * z / (2 * n)) - z * sqrt(p * (1 - p) / n + z * z / (4 * n * n))) / (1 + z * z / n)) < 1e-12, 'reddit''s confidence')
FROM (SELECT ups, downs, (ups + downs)::float8 AS n, ups / (ups + downs)::float8 AS p, 1.281551565545::float8 AS z FROM (VALUES (1, 0), (10, 1), (40, 20)) v (ups, downs)) q;
SELECT ok(affinity.wilson_lower(10, 11) > affinity.wilson_lower(40, 60) AND affinity.wilson_lower(40, 60) > affinity.wilson_lower(1, 1), 'Munroe (2009): ten up and one down are above 40 and 20, one alone is below');
SELECT is(affinity.wilson_lower(sum(x), count(*)), affinity.wilson_lower(2, 4), 'of sums and counts') FROM (VALUES (1::bigint), (1), (0), (0)) v (x);
SELECT is((affinity.wilson_lower(0, 0), affinity.wilson_lower(NULL, 5), (affinity.wilson_interval(0, 0)).high)::text, '(,,)', 'NULL without trials');
SELECT is(affinity.bayesian_average(45, 10, 3.5, 5), 62.5::float8 / 15, 'ten ratings and five of the prior');
SELECT is(affinity.bayesian_average(0, 0, 3.5, 5), 3.5::float8, 'no rating');
SELECT is(affinity.bayesian_average(45, 10, 3.5, 'Infinity'), 3.5::float8, 'a prior without end');
SELECT is((affinity.bayesian_average(45, 10, 3.5, 0), affinity.bayesian_average(0, 0, 3.5, 0), affinity.bayesian_average(1e300, 1e300, 1e300, 1e300))::text, '(4.5,,5e+299)', 'no prior, nothing at all, large numbers');
-- The weighted rating that IMDb published for its Top 250: v / (v + m) R + m / (v + m) C, with m = 25,000 and C = 7.0
SELECT ok(abs(affinity.bayesian_average(9.2 * 1000000, 1000000, 7.0, 25000) - (1000000 / 1025000.0 * 9.2 + 25000 / 1025000.0 * 7.0)) < 1e-14, 'IMDb''s weighted rating');
-- C. A. Hachemeister (1975), in R's actuar: cm(~state, hachemeister, ratios = ratio.1:ratio.12): mean 1671.01666667, between states 72310.0246212, within 46040.4712121
CREATE TEMP TABLE ratio AS SELECT state, u::float8 AS x FROM (VALUES (1, '{1738,1642,1794,2051,2079,2234,2032,2035,2115,2262,2267,2517}'::int[]), (2, '{1364,1408,1597,1444,1342,1675,1470,1448,1464,1831,1612,1471}'),
	(3, '{1759,1685,1479,1763,1674,2103,1502,1622,1828,2155,2233,2059}'), (4, '{1223,1146,1010,1257,1426,1532,1953,1123,1343,1243,1762,1306}'), (5, '{1456,1499,1609,1741,1482,1572,1606,1735,1607,1573,1613,1690}')) h (state, xs), unnest(xs) u;
SELECT ok(abs((p).prior_mean - 1671.01666667) < 1e-8 AND abs((p).prior_n / (46040.4712121 / 72310.0246212) - 1) < 1e-11, 'R actuar: Bühlmann''s credibility of the data of Hachemeister')
FROM (SELECT affinity.bayesian_prior(s, n, q) AS p FROM (SELECT sum(x) AS s, count(*) AS n, sum(x * x) AS q FROM ratio GROUP BY state) i) r;
SELECT ok(abs((p).prior_n / (46040.4712121 / 72310.0246212) - 1) < 1e-5, 'whatever is added to all') FROM (SELECT affinity.bayesian_prior(s, n, q) AS p FROM (SELECT sum(x + 1e6) AS s, count(*) AS n, sum((x + 1e6) ^ 2) AS q FROM ratio GROUP BY state) i) r;
CREATE TEMP TABLE item AS SELECT item, count(*) AS n, count(*) FILTER (WHERE weight > 50) AS x FROM seen GROUP BY 1;
SELECT ok(abs((p).prior_mean - mean) < 1e-15 AND abs((p).prior_n / (inside * size / (outside - inside)) - 1) < 1e-12, 'of shares with items of all sizes, as plain SQL') FROM (SELECT affinity.bayesian_prior(x, n) AS p FROM item) r, (
	SELECT mean, (within - between) / (n - items) AS inside, (between - n * mean ^ 2) / (items - 1) AS outside, (n - squares / n) / (items - 1) AS size FROM (
		SELECT sum(x) / sum(n) AS mean, sum(n) AS n, count(*) AS items, sum(n::numeric ^ 2) AS squares, sum(x::numeric(60, 40) ^ 2 / n) AS between, sum(x) AS within FROM item) t) s;
SELECT is((SELECT affinity.bayesian_prior(x, n ORDER BY random())::text FROM item), (SELECT affinity.bayesian_prior(x, n ORDER BY item)::text FROM item), 'in any order');
SELECT is((affinity.bayesian_prior(x, n))::text, v, name) FROM (VALUES ('{2,2,2}'::int[], '{4,4,4}'::int[], '(0.5,Infinity)', 'alike'), ('{0,4}', '{4,4}', '(0.5,0)', 'nothing alike'), ('{1,0}', '{1,1}', '(0.5,)', 'a row each'),
	('{3}', '{4}', '(0.75,)', 'one item'), ('{0}', '{0}', NULL, 'no row'), ('{NULL}', '{1}', NULL, 'NULL')) r (xs, ns, v, name), unnest(xs, ns) u (x, n) GROUP BY v, name;
CREATE AGGREGATE pg_temp.given_prior(float8, float8) (SFUNC = affinity.bayesian_prior_accum, STYPE = bytea, INITCOND = '\x00');
CREATE AGGREGATE pg_temp.given_velocity(timestamptz, interval, affinity.moment) (SFUNC = affinity.velocity_accum, STYPE = bytea, INITCOND = '\x0001020304050607080901020304050607080900000000000000000000000000000000000000000000');
SELECT throws_ok('SELECT pg_temp.given_prior(1, 2)', '22P03', 'invalid state of bayesian_prior', 'somebody else''s state of a prior');
SELECT throws_ok('SELECT pg_temp.given_velocity(now(), ''1 day'', now())', '22P03', 'invalid state of velocity', 'and of a velocity');
SELECT is(affinity.hot(ups, downs, at::timestamptz), v::float8, name) FROM (VALUES
	(1, 0, '2005-12-08 07:46:43+00', 0, 'Reddit: its first second'), (10, 0, '2005-12-08 20:16:43+00', 2, 'ten votes are worth 12.5 hours'), (0, 10, '2005-12-08 20:16:43+00', 0, 'votes against count down'),
	(5, 5, '2010-01-01 00:00+00', 2850.5777111, 'a draw'), (100, 10, '2010-01-01 00:00+00', 2852.5319536, 'round(log10(90) + 128275997 / 45000, 7)')) r (ups, downs, at, v, name);
SELECT ok(abs(affinity.gravity(p, timestamptz '2024-01-01', timestamptz '2024-01-01' + t * interval '1 hour') - v) < 5e-5, format('Hacker News: %s points after %s hours', p, t)) FROM (VALUES (30, 0, 8.3281), (60, 6, 1.3973), (200, 24, 0.5648), (1, 5, 0)) r (p, t, v);
SELECT is(affinity.gravity(5, '2024-01-01', '2024-01-01 02:00', 2), 0.25::float8, 'another gravity');
SELECT is(affinity.gravity(5, '2024-01-01', '2023-01-01', 2), 1::float8, 'what is to come is new');

-- 5. What cannot be meant.
SELECT throws_ok('SELECT ' || call, code, message, call) FROM (VALUES
	('affinity.decayed_count(timestamptz ''2024-01-01'', ''-1 day'')', '22023', 'half_life must be more than 0, but is -86400 seconds'),
	('affinity.decayed_count(timestamptz ''2024-01-01'', ''0'')', '22023', 'half_life must be more than 0, but is 0 seconds'),
	('affinity.decayed_count(timestamptz ''2024-01-01'', ''1 month'')', '22023', 'half_life must not have months or years, whose lengths differ'),
	('affinity.decayed_count(timestamptz ''2024-01-01'', NULL::interval)', '22004', 'half_life must not be null'),
	('affinity.decayed_count(timestamptz ''infinity'', ''1 day'')', '22023', 'infinite time'),
	('affinity.decayed_count(date ''-infinity'', ''1 day'')', '22023', 'infinite time'),
	('affinity.decayed_count(timestamptz ''2024-01-01'', ''1 day'', ''NaN'')', '22000', 'NaN weight'),
	('affinity.decayed_count(timestamptz ''2024-01-01'', ''1 day'', ''-Infinity'')', '22000', 'infinite weight'),
	('affinity.decayed_count(timestamptz ''2024-01-01'', ''1 day'', 1e16)', '22003', 'weight 1e+16 is out of range'),
	('affinity.decayed_count(at, d * interval ''1 day'') FROM (VALUES (timestamptz ''2024-01-01'', 1), (''2024-01-01'', 2)) v (at, d)', '22023', 'half_life is not the same in all rows: 86400 and 172800 seconds'),
	('affinity.decayed_value(affinity.decayed_count(timestamptz ''2024-01-02 00:00+00'', ''1 day''), ''2024-01-01 00:00+00'')', '22023', 'as_of 2024-01-01 00:00:00+00 is before the newest row of the state, 2024-01-02 00:00:00+00'),
	('affinity.decayed_value(affinity.decayed_count(timestamptz ''2024-01-02'', ''1 day''), ''infinity'')', '22023', 'as_of must be finite'),
	('affinity.rollup(affinity.decayed_count(timestamptz ''2024-01-02'', ''1 day''), affinity.decayed_count(timestamptz ''2024-01-02'', ''2 days''))', '22023', 'decayed states have different half-lives: 86400 and 172800 seconds'),
	('affinity.rollup(affinity.decayed_count(timestamptz ''2024-01-02'', ''1 day''), affinity.decayed_count(timestamp ''2024-01-02'', ''1 day''))', '22023', 'one decayed state is of timestamptz, the other of timestamp'),
	('affinity.velocity(timestamptz ''2024-01-01'', ''-1 day'', ''2024-01-02'')', '22023', 'window must be more than 0, but is -86400 seconds'),
	('affinity.velocity(timestamptz ''2024-01-01'', ''1 month'', ''2024-01-02'')', '22023', 'window must not have months or years, whose lengths differ'),
	('affinity.velocity(timestamptz ''2024-01-01'', ''1 day'', ''infinity'')', '22023', 'as_of must be finite'),
	('affinity.velocity(timestamptz ''2024-01-01'', ''1 day'', ''2024-01-02'', 0)', '22023', 'previous must be from 1 to 1000, but is 0'),
	('affinity.velocity(at, ''1 day'', at) FROM unnest(''{2024-01-01,2024-01-02}''::timestamptz[]) at', '22023', 'window, as_of and previous must be the same in all rows of a group'),
	('affinity.velocity_of(-1, ''{1}'')', '22023', 'counts must not be negative, nor more than 1125899906842624 together, but one is -1'),
	('affinity.velocity_of(1, ''{}'')', '22023', 'previous must have from 1 to 1000 counts, none of them null'),
	('affinity.wilson_lower(6, 5)', '22023', 'successes must not be more than trials, but are 6 of 5'),
	('affinity.wilson_lower(-1, 5)', '22023', 'successes must not be negative, but is -1'),
	('affinity.wilson_lower(1, 5, 95)', '22023', 'confidence must be between 0 and 1, but is 95'),
	('affinity.wilson_interval(''NaN'', 5)', '22000', 'successes must be a finite number, but is NaN'),
	('affinity.bayesian_average(5, 0, 1, 1)', '22023', 'a sum of no rows must be 0, but is 5'),
	('affinity.bayesian_average(5, 1, 1, -1)', '22023', 'prior_n must not be negative, but is -1'),
	('affinity.bayesian_prior(5, 4)', '22023', 'without a sum of squares rows are 0 or 1, but the sum of 4 is 5'),
	('affinity.bayesian_prior(5, 2.5, 10)', '22023', 'n must be a whole number of 0 or more, but is 2.5'),
	('affinity.bayesian_prior(10, 2, 10)', '22023', '10 cannot be the sum of squares of 2 rows whose sum is 10'),
	('affinity.bayesian_prior(1, 0)', '22023', 'a sum of no rows must be 0, but is 1'),
	('affinity.bayesian_prior(1e200, 1, 1e300)', '22003', 'sum 1e+200 is out of range'),
	('affinity.bayesian_prior(''NaN'', 1)', '22000', 'NaN sum'),
	('affinity.hot(1, ''Infinity'', now())', '22000', 'downs must be a finite number, but is infinite'),
	('affinity.hot(1, 1, ''infinity'')', '22023', 'infinite time'),
	('affinity.gravity(1, ''infinity'', now())', '22023', 'infinite time'),
	('affinity.gravity(1, now(), now(), -1)', '22023', 'gravity must not be negative, but is -1')) v (call, code, message);
SELECT * FROM finish();
ROLLBACK;
