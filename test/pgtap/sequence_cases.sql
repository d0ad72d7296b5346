-- What ClickHouse's test suite expects of the sequence functions.
--
-- Events and results are facts from ClickHouse/ClickHouse,
-- tests/queries/0_stateless/00222_sequence_aggregate_function_family and
-- 02713_sequence_match_serialization_fix ({sql,reference}). There is no
-- deviation.
BEGIN;
SELECT plan(3);

CREATE TEMP TABLE event (dataset text, uid text, ts bigint, data int);
COPY event FROM stdin (FORMAT csv);
ch_seq,1,0,0
ch_seq,1,1,0
ch_seq,1,2,0
ch_seq,1,3,0
ch_seq,1,4,1
ch_seq,1,5,2
ch_seq,1,6,0
ch_seq,1,7,0
ch_seq,1,8,0
ch_seq,1,9,0
ch_seq,1,10,1
ch_seq,1,11,1
ch_seq100,1,0,0
ch_seq100,1,1,1
ch_seq100,1,2,0
ch_seq100,1,3,1
ch_seq100,1,4,0
ch_seq100,1,5,1
ch_seq100,1,6,0
ch_seq100,1,7,1
ch_seq100,1,8,0
ch_seq100,1,9,1
ch_seq100,1,10,0
ch_seq100,1,11,1
ch_seq100,1,12,0
ch_seq100,1,13,1
ch_seq100,1,14,0
ch_seq100,1,15,1
ch_seq100,1,16,0
ch_seq100,1,17,1
ch_seq100,1,18,0
ch_seq100,1,19,1
ch_seq100,1,20,0
ch_seq100,1,21,1
ch_seq100,1,22,0
ch_seq100,1,23,1
ch_seq100,1,24,0
ch_seq100,1,25,1
ch_seq100,1,26,0
ch_seq100,1,27,1
ch_seq100,1,28,0
ch_seq100,1,29,1
ch_seq100,1,30,0
ch_seq100,1,31,1
ch_seq100,1,32,0
ch_seq100,1,33,1
ch_seq100,1,34,0
ch_seq100,1,35,1
ch_seq100,1,36,0
ch_seq100,1,37,1
ch_seq100,1,38,0
ch_seq100,1,39,1
ch_seq100,1,40,0
ch_seq100,1,41,1
ch_seq100,1,42,0
ch_seq100,1,43,1
ch_seq100,1,44,0
ch_seq100,1,45,1
ch_seq100,1,46,0
ch_seq100,1,47,1
ch_seq100,1,48,0
ch_seq100,1,49,1
ch_seq100,1,50,0
ch_seq100,1,51,1
ch_seq100,1,52,0
ch_seq100,1,53,1
ch_seq100,1,54,0
ch_seq100,1,55,1
ch_seq100,1,56,0
ch_seq100,1,57,1
ch_seq100,1,58,0
ch_seq100,1,59,1
ch_seq100,1,60,0
ch_seq100,1,61,1
ch_seq100,1,62,0
ch_seq100,1,63,1
ch_seq100,1,64,0
ch_seq100,1,65,1
ch_seq100,1,66,0
ch_seq100,1,67,1
ch_seq100,1,68,0
ch_seq100,1,69,1
ch_seq100,1,70,0
ch_seq100,1,71,1
ch_seq100,1,72,0
ch_seq100,1,73,1
ch_seq100,1,74,0
ch_seq100,1,75,1
ch_seq100,1,76,0
ch_seq100,1,77,1
ch_seq100,1,78,0
ch_seq100,1,79,1
ch_seq100,1,80,0
ch_seq100,1,81,1
ch_seq100,1,82,0
ch_seq100,1,83,1
ch_seq100,1,84,0
ch_seq100,1,85,1
ch_seq100,1,86,0
ch_seq100,1,87,1
ch_seq100,1,88,0
ch_seq100,1,89,1
ch_seq100,1,90,0
ch_seq100,1,91,1
ch_seq100,1,92,0
ch_seq100,1,93,1
ch_seq100,1,94,0
ch_seq100,1,95,1
ch_seq100,1,96,0
ch_seq100,1,97,1
ch_seq100,1,98,0
ch_seq100,1,99,1
\.

CREATE TEMP TABLE expected (
	function text, dataset text, pattern text, conditions text, uid text,
	value text);
COPY expected FROM stdin (FORMAT csv, FORCE_NOT_NULL (pattern, value));
sequence_match,ch_seq,,data=0 | data=1 | data=2 | data=3,1,1
sequence_count,ch_seq,,data=0 | data=1 | data=2 | data=3,1,12
sequence_match_events,ch_seq,,data=0 | data=1 | data=2 | data=3,1,
sequence_match,ch_seq,.,data=0 | data=1 | data=2 | data=3,1,1
sequence_count,ch_seq,.,data=0 | data=1 | data=2 | data=3,1,12
sequence_match_events,ch_seq,.,data=0 | data=1 | data=2 | data=3,1,
sequence_match,ch_seq,.*,data=0 | data=1 | data=2 | data=3,1,1
sequence_count,ch_seq,.*,data=0 | data=1 | data=2 | data=3,1,12
sequence_match_events,ch_seq,.*,data=0 | data=1 | data=2 | data=3,1,
sequence_match,ch_seq,(?1),data=0 | data=1 | data=2 | data=3,1,1
sequence_count,ch_seq,(?1),data=0 | data=1 | data=2 | data=3,1,8
sequence_match_events,ch_seq,(?1),data=0 | data=1 | data=2 | data=3,1,0
sequence_match,ch_seq,(?2),data=0 | data=1 | data=2 | data=3,1,1
sequence_count,ch_seq,(?2),data=0 | data=1 | data=2 | data=3,1,3
sequence_match_events,ch_seq,(?2),data=0 | data=1 | data=2 | data=3,1,4
sequence_match,ch_seq,(?3),data=0 | data=1 | data=2 | data=3,1,1
sequence_count,ch_seq,(?3),data=0 | data=1 | data=2 | data=3,1,1
sequence_match_events,ch_seq,(?3),data=0 | data=1 | data=2 | data=3,1,5
sequence_match,ch_seq,(?4),data=0 | data=1 | data=2 | data=3,1,0
sequence_count,ch_seq,(?4),data=0 | data=1 | data=2 | data=3,1,0
sequence_match_events,ch_seq,(?4),data=0 | data=1 | data=2 | data=3,1,
sequence_match,ch_seq,(?1)(?1),data=0 | data=1 | data=2 | data=3,1,1
sequence_count,ch_seq,(?1)(?1),data=0 | data=1 | data=2 | data=3,1,4
sequence_match_events,ch_seq,(?1)(?1),data=0 | data=1 | data=2 | data=3,1,0 1
sequence_match,ch_seq,(?1)(?1)(?1),data=0 | data=1 | data=2 | data=3,1,1
sequence_count,ch_seq,(?1)(?1)(?1),data=0 | data=1 | data=2 | data=3,1,2
sequence_match_events,ch_seq,(?1)(?1)(?1),data=0 | data=1 | data=2 | data=3,1,0 1 2
sequence_match,ch_seq,(?1)(?1)(?1)(?1),data=0 | data=1 | data=2 | data=3,1,1
sequence_count,ch_seq,(?1)(?1)(?1)(?1),data=0 | data=1 | data=2 | data=3,1,2
sequence_match_events,ch_seq,(?1)(?1)(?1)(?1),data=0 | data=1 | data=2 | data=3,1,0 1 2 3
sequence_match,ch_seq,(?1)(?1)(?1)(?1)(?1),data=0 | data=1 | data=2 | data=3,1,0
sequence_count,ch_seq,(?1)(?1)(?1)(?1)(?1),data=0 | data=1 | data=2 | data=3,1,0
sequence_match_events,ch_seq,(?1)(?1)(?1)(?1)(?1),data=0 | data=1 | data=2 | data=3,1,0 1 2 3
sequence_match,ch_seq,(?1)(?1)(?1)(?1)(?2),data=0 | data=1 | data=2 | data=3,1,1
sequence_count,ch_seq,(?1)(?1)(?1)(?1)(?2),data=0 | data=1 | data=2 | data=3,1,2
sequence_match_events,ch_seq,(?1)(?1)(?1)(?1)(?2),data=0 | data=1 | data=2 | data=3,1,0 1 2 3 4
sequence_match,ch_seq,(?1)(?t>10)(?2),data=0 | data=1 | data=2 | data=3,1,1
sequence_count,ch_seq,(?1)(?t>10)(?2),data=0 | data=1 | data=2 | data=3,1,1
sequence_match_events,ch_seq,(?1)(?t>10)(?2),data=0 | data=1 | data=2 | data=3,1,0 11
sequence_match,ch_seq,(?1)(?t>11)(?2),data=0 | data=1 | data=2 | data=3,1,0
sequence_count,ch_seq,(?1)(?t>11)(?2),data=0 | data=1 | data=2 | data=3,1,0
sequence_match_events,ch_seq,(?1)(?t>11)(?2),data=0 | data=1 | data=2 | data=3,1,0
sequence_match,ch_seq,(?1)(?t<11)(?2),data=0 | data=1 | data=2 | data=3,1,1
sequence_count,ch_seq,(?1)(?t<11)(?2),data=0 | data=1 | data=2 | data=3,1,2
sequence_match_events,ch_seq,(?1)(?t<11)(?2),data=0 | data=1 | data=2 | data=3,1,0 4
sequence_match,ch_seq,(?1)(?t<3)(?3),data=0 | data=1 | data=2 | data=3,1,1
sequence_count,ch_seq,(?1)(?t<3)(?3),data=0 | data=1 | data=2 | data=3,1,1
sequence_match_events,ch_seq,(?1)(?t<3)(?3),data=0 | data=1 | data=2 | data=3,1,3 5
sequence_match,ch_seq,(?1)(?t<=2)(?3),data=0 | data=1 | data=2 | data=3,1,1
sequence_count,ch_seq,(?1)(?t<=2)(?3),data=0 | data=1 | data=2 | data=3,1,1
sequence_match_events,ch_seq,(?1)(?t<=2)(?3),data=0 | data=1 | data=2 | data=3,1,3 5
sequence_match,ch_seq,(?1)(?t<2)(?3),data=0 | data=1 | data=2 | data=3,1,0
sequence_count,ch_seq,(?1)(?t<2)(?3),data=0 | data=1 | data=2 | data=3,1,0
sequence_match_events,ch_seq,(?1)(?t<2)(?3),data=0 | data=1 | data=2 | data=3,1,0
sequence_match,ch_seq,(?2)(?t>=7)(?2),data=0 | data=1 | data=2 | data=3,1,1
sequence_count,ch_seq,(?2)(?t>=7)(?2),data=0 | data=1 | data=2 | data=3,1,1
sequence_match_events,ch_seq,(?2)(?t>=7)(?2),data=0 | data=1 | data=2 | data=3,1,4 11
sequence_match,ch_seq,(?2)(?t>7)(?2),data=0 | data=1 | data=2 | data=3,1,0
sequence_count,ch_seq,(?2)(?t>7)(?2),data=0 | data=1 | data=2 | data=3,1,0
sequence_match_events,ch_seq,(?2)(?t>7)(?2),data=0 | data=1 | data=2 | data=3,1,4
sequence_match,ch_seq,(?2)(?3)(?1),data=0 | data=1 | data=2 | data=3,1,1
sequence_count,ch_seq,(?2)(?3)(?1),data=0 | data=1 | data=2 | data=3,1,1
sequence_match_events,ch_seq,(?2)(?3)(?1),data=0 | data=1 | data=2 | data=3,1,4 5 6
sequence_match,ch_seq,(?1)(?t==2)(?2),data=1 | data=2,1,0
sequence_count,ch_seq,(?1)(?t==2)(?2),data=1 | data=2,1,0
sequence_match_events,ch_seq,(?1)(?t==2)(?2),data=1 | data=2,1,4
sequence_match,ch_seq,(?1)(?t==1)(?2),data=1 | data=2,1,1
sequence_count,ch_seq,(?1)(?t==1)(?2),data=1 | data=2,1,1
sequence_match_events,ch_seq,(?1)(?t==1)(?2),data=1 | data=2,1,4 5
sequence_match,ch_seq100,(?1)(?2),data=1 | data=0,1,1
\.

-- A boolean as 1 or 0, an array of times as "0 4 5".
CREATE FUNCTION pg_temp.answer(e expected, ts text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	result text;
BEGIN
	EXECUTE format(
		'SELECT affinity.%s(%L, %s, %s)::text FROM event WHERE dataset = %L',
		e.function, e.pattern, ts, replace(e.conditions, ' | ', ', '), e.dataset)
		INTO result;
	RETURN CASE result WHEN 'true' THEN '1' WHEN 'false' THEN '0'
		ELSE translate(result, ',{}', ' ') END;
END
$$;

SELECT is_empty($$
	SELECT e.*, pg_temp.answer(e, 'ts') FROM expected e
	WHERE pg_temp.answer(e, 'ts') IS DISTINCT FROM value$$,
	'sequence functions give what ClickHouse gives');
SELECT is_empty($$
	SELECT e.*, pg_temp.answer(e, 'to_timestamp(ts)') FROM expected e
	WHERE function <> 'sequence_match_events'
	AND pg_temp.answer(e, 'to_timestamp(ts)') IS DISTINCT FROM value$$,
	'with timestamps too: the numbers in patterns are seconds');
SELECT is((SELECT count(*) FROM expected), 70::bigint, 'all 70 cases ran');

SELECT finish();
ROLLBACK;
