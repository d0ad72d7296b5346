-- What ClickHouse's test suite expects of windowFunnel.
--
-- Events and expected levels are facts from ClickHouse/ClickHouse,
-- tests/queries/0_stateless/00632_aggregation_window_funnel.{sql,reference};
-- wf023 comes from its issue 27469. Where affinity.windowfunnel deliberately
-- says something else, table deviation has our value and the reason.
BEGIN;
SELECT plan(4);

CREATE TEMP TABLE event (
	dataset text, seq int, uid text, ts bigint, event text, a text, b text);
COPY event FROM stdin (FORMAT csv, NULL 'NULL');
ch_u32,0,1,0,1000,,
ch_u32,1,1,1,1001,,
ch_u32,2,1,2,1002,,
ch_u32,3,1,3,1003,,
ch_u32,4,1,4,1004,,
ch_u32,5,1,5,1005,,
ch_u32,6,1,6,1006,,
ch_u32,7,1,7,1007,,
ch_u32,8,1,8,1008,,
ch_datetime,0,1,1514768461,1001,,
ch_datetime,1,1,1514768462,1002,,
ch_datetime,2,1,1514768463,1003,,
ch_datetime,3,1,1514768464,1004,,
ch_datetime,4,1,1514768465,1005,,
ch_datetime,5,1,1514768466,1006,,
ch_datetime,6,1,1514768467,1007,,
ch_datetime,7,1,1514768468,1008,,
ch_u64,0,1,100000000000001,1001,,
ch_u64,1,1,100000000000002,1002,,
ch_u64,2,1,100000000000003,1003,,
ch_u64,3,1,100000000000004,1004,,
ch_u64,4,1,100000000000005,1005,,
ch_u64,5,1,100000000000006,1006,,
ch_u64,6,1,100000000000007,1007,,
ch_u64,7,1,100000000000008,1008,,
ch_strict,0,1,0,1000,,
ch_strict,1,1,10,1001,,
ch_strict,2,1,20,1002,,
ch_strict,3,1,30,1003,,
ch_strict,4,1,40,1004,,
ch_strict,5,1,50,1005,,
ch_strict,6,1,51,1005,,
ch_strict,7,1,60,1006,,
ch_strict,8,1,70,1007,,
ch_strict,9,1,80,1008,,
ch_strict_order,0,1,1,a,,
ch_strict_order,1,1,2,b,,
ch_strict_order,2,1,3,c,,
ch_strict_order,3,2,1,a,,
ch_strict_order,4,2,2,d,,
ch_strict_order,5,2,3,b,,
ch_strict_order,6,2,4,c,,
ch_strict_order,7,3,1,a,,
ch_strict_order,8,3,2,a,,
ch_strict_order,9,3,3,b,,
ch_strict_order,10,3,4,b,,
ch_strict_order,11,3,5,c,,
ch_strict_order,12,3,6,c,,
ch_strict_order,13,4,1,a,,
ch_strict_order,14,4,2,a,,
ch_strict_order,15,4,3,a,,
ch_strict_order,16,4,4,a,,
ch_strict_order,17,4,5,b,,
ch_strict_order,18,4,6,b,,
ch_strict_order,19,4,7,c,,
ch_strict_order,20,4,8,c,,
ch_strict_order,21,5,1,a,,
ch_strict_order,22,5,2,a,,
ch_strict_order,23,5,3,b,,
ch_strict_order,24,5,4,b,,
ch_strict_order,25,5,5,d,,
ch_strict_order,26,5,6,c,,
ch_strict_order,27,5,7,c,,
ch_strict_order,28,6,1,c,,
ch_strict_order,29,6,2,c,,
ch_strict_order,30,6,3,b,,
ch_strict_order,31,6,4,b,,
ch_strict_order,32,6,5,a,,
ch_strict_order,33,6,6,a,,
ch_strict_order7,0,7,1,a,,
ch_strict_order7,1,7,2,c,,
ch_strict_order7,2,7,3,b,,
ch_27469,0,1,1,a,,
ch_27469,1,1,2,b,,
ch_27469,2,1,3,c,,
ch_27469,3,1,4,b,,
ch_27469,4,1,5,d,,
ch_nullable,0,1,1,,a1,b1
ch_nullable,1,1,2,,a2,b2
ch_nullable,2,2,1,,a1,NULL
ch_nullable,3,2,2,,a2,NULL
ch_nullable,4,3,1,,NULL,NULL
ch_nullable,5,4,1,,NULL,b1
ch_nullable,6,4,2,,a2,NULL
ch_nullable,7,4,3,,NULL,b3
ch_increase,0,1,0,1000,,
ch_increase,1,1,1,1001,,
ch_increase,2,1,1,1002,,
ch_increase,3,1,1,1003,,
ch_increase,4,1,2,1004,,
ch_once,0,234,100,failure,,
ch_once,1,345,200,success,,
ch_once,2,345,210,failure,,
ch_once,3,345,230,success,,
ch_once,4,234,250,failure,,
ch_once,5,123,180,failure,,
ch_once,6,123,220,failure,,
ch_once,7,123,250,success,,
ch_reentry,0,1,1,a,,
ch_reentry,1,1,2,b,,
ch_reentry,2,1,3,a,,
ch_reentry,3,1,4,c,,
ch_reentry,4,2,1,a,,
ch_reentry,5,2,2,b,,
ch_reentry,6,2,3,a,,
ch_reentry,7,2,4,b,,
ch_reentry,8,2,5,c,,
ch_reentry,9,3,1,a,,
ch_reentry,10,3,2,b,,
ch_reentry,11,3,3,c,,
ch_reentry,12,3,4,b,,
ch_reentry,13,3,5,d,,
ch_reentry,14,4,1,a,,
ch_reentry,15,4,2,c,,
ch_reentry,16,4,3,b,,
ch_reentry,17,5,1,a,,
ch_reentry,18,5,2,b,,
ch_reentry,19,5,3,c,,
ch_reentry,20,5,4,a,,
ch_reentry,21,5,5,b,,
ch_reentry,22,5,6,c,,
ch_reentry,23,5,7,d,,
ch_ecommerce,0,1,100,begin_checkout,,
ch_ecommerce,1,1,200,view_product_detail,,
ch_ecommerce,2,1,300,begin_checkout,,
ch_ecommerce,3,1,400,complete_payment,,
ch_ecommerce,4,2,100,begin_checkout,,
ch_ecommerce,5,2,200,view_product_detail,,
ch_ecommerce,6,2,250,view_product_detail,,
ch_ecommerce,7,2,300,begin_checkout,,
ch_ecommerce,8,2,400,complete_payment,,
ch_ecommerce,9,3,100,begin_checkout,,
ch_ecommerce,10,3,200,view_product_detail,,
ch_ecommerce,11,3,300,complete_payment,,
\.

CREATE TEMP TABLE expected (
	case_id text, dataset text, mode text, seconds bigint, conditions text,
	uid text, level int);
COPY expected FROM stdin (FORMAT csv);
wf001,ch_u32,default,10000,event=1000,*,1
wf002,ch_u32,default,10000,event=1000 | event=1001,*,2
wf003,ch_u32,default,10000,event=1000 | event=1001 | event=1002,*,3
wf004,ch_u32,default,10000,event=1000 | event=1001 | event=1002 | event=1008,*,4
wf005,ch_u32,default,1,event=1000,*,1
wf006,ch_u32,default,2,event=1003 | event=1004 | event=1005 | event=1006 | event=1007,*,3
wf007,ch_u32,default,3,event=1003 | event=1004 | event=1005 | event=1006 | event=1007,*,4
wf008,ch_u32,default,4,event=1003 | event=1004 | event=1005 | event=1006 | event=1007,*,5
wf009,ch_datetime,default,4,event=1003 | event=1004 | event=1005 | event=1006 | event=1007,*,5
wf010,ch_datetime,default,10000,event=1001 | event=1008,*,2
wf011,ch_datetime,default,10000,event=1008 | event=1001,*,1
wf012,ch_datetime,default,4,event<=1007 | event>=1002 | event<=1006 | event>=1004,*,4
wf013,ch_u64,default,4,event=1003 | event=1004 | event=1005 | event=1006 | event=1007,*,5
wf014,ch_u64,default,10000,event=1001 | event=1008,*,2
wf015,ch_u64,default,10000,event=1008 | event=1001,*,1
wf016,ch_u64,default,4,event<=1007 | event>=1002 | event<=1006 | event>=1004,*,4
wf017,ch_strict,strict_deduplication,10000,event=1000 | event=1001 | event=1002 | event=1003 | event=1004 | event=1005 | event=1006,*,6
wf018,ch_strict,default,10000,event=1000 | event=1001 | event=1002 | event=1003 | event=1004 | event=1005 | event=1006,*,7
wf019,ch_strict_order,default,86400,event=a | event=b | event=c,1,3
wf019,ch_strict_order,default,86400,event=a | event=b | event=c,2,3
wf019,ch_strict_order,default,86400,event=a | event=b | event=c,3,3
wf019,ch_strict_order,default,86400,event=a | event=b | event=c,4,3
wf019,ch_strict_order,default,86400,event=a | event=b | event=c,5,3
wf019,ch_strict_order,default,86400,event=a | event=b | event=c,6,1
wf020,ch_strict_order,strict_order,86400,event=a | event=b | event=c,1,3
wf020,ch_strict_order,strict_order,86400,event=a | event=b | event=c,2,1
wf020,ch_strict_order,strict_order,86400,event=a | event=b | event=c,3,3
wf020,ch_strict_order,strict_order,86400,event=a | event=b | event=c,4,3
wf020,ch_strict_order,strict_order,86400,event=a | event=b | event=c,5,2
wf020,ch_strict_order,strict_order,86400,event=a | event=b | event=c,6,1
wf021,ch_strict_order,strict_deduplication+strict_order,86400,event=a | event=b | event=c,1,3
wf021,ch_strict_order,strict_deduplication+strict_order,86400,event=a | event=b | event=c,2,1
wf021,ch_strict_order,strict_deduplication+strict_order,86400,event=a | event=b | event=c,3,2
wf021,ch_strict_order,strict_deduplication+strict_order,86400,event=a | event=b | event=c,4,2
wf021,ch_strict_order,strict_deduplication+strict_order,86400,event=a | event=b | event=c,5,2
wf021,ch_strict_order,strict_deduplication+strict_order,86400,event=a | event=b | event=c,6,1
wf022,ch_strict_order7,strict_order,10,event=a | event=b | event=c,7,1
wf023,ch_27469,strict_deduplication,86400,event=a | event=b | event=c | event=d,*,3
wf024,ch_nullable,default,86400,a=a1 | a=a2,1,2
wf024,ch_nullable,default,86400,a=a1 | a=a2,2,2
wf024,ch_nullable,default,86400,a=a1 | a=a2,3,0
wf024,ch_nullable,default,86400,a=a1 | a=a2,4,0
wf025,ch_nullable,default,86400,a=a1 | b=b2,1,2
wf025,ch_nullable,default,86400,a=a1 | b=b2,2,1
wf025,ch_nullable,default,86400,a=a1 | b=b2,3,0
wf025,ch_nullable,default,86400,a=a1 | b=b2,4,0
wf026,ch_nullable,default,86400,a is null & b is null,1,0
wf026,ch_nullable,default,86400,a is null & b is null,2,0
wf026,ch_nullable,default,86400,a is null & b is null,3,1
wf026,ch_nullable,default,86400,a is null & b is null,4,0
wf027,ch_nullable,default,86400,a is null | b=b3,1,0
wf027,ch_nullable,default,86400,a is null | b=b3,2,0
wf027,ch_nullable,default,86400,a is null | b=b3,3,1
wf027,ch_nullable,default,86400,a is null | b=b3,4,2
wf028,ch_nullable,strict_order,86400,a is null | b=b3,1,0
wf028,ch_nullable,strict_order,86400,a is null | b=b3,2,0
wf028,ch_nullable,strict_order,86400,a is null | b=b3,3,1
wf028,ch_nullable,strict_order,86400,a is null | b=b3,4,1
wf029,ch_increase,default,10000,event=1000 | event=1001 | event=1002 | event=1003 | event=1004,*,5
wf030,ch_increase,strict_increase,10000,event=1000 | event=1001 | event=1002 | event=1003 | event=1004,*,2
wf031,ch_increase,default,10000,event=1004 | event=1004 | event=1004,*,3
wf032,ch_increase,strict_once,10000,event=1004 | event=1004 | event=1004,*,1
wf033,ch_increase,strict_increase,10000,event=1004 | event=1004 | event=1004,*,1
wf034,ch_once,strict_once+strict_increase,200,event=failure | event=failure | event=success,123,3
wf034,ch_once,strict_once+strict_increase,200,event=failure | event=failure | event=success,234,2
wf034,ch_once,strict_once+strict_increase,200,event=failure | event=failure | event=success,345,1
wf035,ch_once,strict_once,200,event=failure | event=failure | event=success,123,3
wf035,ch_once,strict_once,200,event=failure | event=failure | event=success,234,2
wf035,ch_once,strict_once,200,event=failure | event=failure | event=success,345,1
wf036,ch_once,strict_once+strict_deduplication,200,event=failure | event=failure | event=success,123,3
wf036,ch_once,strict_once+strict_deduplication,200,event=failure | event=failure | event=success,234,2
wf036,ch_once,strict_once+strict_deduplication,200,event=failure | event=failure | event=success,345,1
wf037,ch_reentry,strict_order,86400,event=a | event=b | event=c,1,2
wf037,ch_reentry,strict_order,86400,event=a | event=b | event=c,2,2
wf037,ch_reentry,strict_order,86400,event=a | event=b | event=c,3,3
wf037,ch_reentry,strict_order,86400,event=a | event=b | event=c,4,1
wf037,ch_reentry,strict_order,86400,event=a | event=b | event=c,5,3
wf038,ch_reentry,strict_order+allow_reentry,86400,event=a | event=b | event=c,1,3
wf038,ch_reentry,strict_order+allow_reentry,86400,event=a | event=b | event=c,2,3
wf038,ch_reentry,strict_order+allow_reentry,86400,event=a | event=b | event=c,3,3
wf038,ch_reentry,strict_order+allow_reentry,86400,event=a | event=b | event=c,4,1
wf038,ch_reentry,strict_order+allow_reentry,86400,event=a | event=b | event=c,5,3
wf039,ch_reentry,strict_order,86400,event=a | event=b | event=c | event=d,1,2
wf039,ch_reentry,strict_order,86400,event=a | event=b | event=c | event=d,2,2
wf039,ch_reentry,strict_order,86400,event=a | event=b | event=c | event=d,3,4
wf039,ch_reentry,strict_order,86400,event=a | event=b | event=c | event=d,4,1
wf039,ch_reentry,strict_order,86400,event=a | event=b | event=c | event=d,5,3
wf040,ch_reentry,strict_order+allow_reentry,86400,event=a | event=b | event=c | event=d,1,3
wf040,ch_reentry,strict_order+allow_reentry,86400,event=a | event=b | event=c | event=d,2,3
wf040,ch_reentry,strict_order+allow_reentry,86400,event=a | event=b | event=c | event=d,3,4
wf040,ch_reentry,strict_order+allow_reentry,86400,event=a | event=b | event=c | event=d,4,1
wf040,ch_reentry,strict_order+allow_reentry,86400,event=a | event=b | event=c | event=d,5,4
wf041,ch_reentry,strict_order+allow_reentry+strict_deduplication,86400,event=a | event=b | event=c,1,3
wf041,ch_reentry,strict_order+allow_reentry+strict_deduplication,86400,event=a | event=b | event=c,2,1
wf041,ch_reentry,strict_order+allow_reentry+strict_deduplication,86400,event=a | event=b | event=c,3,3
wf041,ch_reentry,strict_order+allow_reentry+strict_deduplication,86400,event=a | event=b | event=c,4,1
wf041,ch_reentry,strict_order+allow_reentry+strict_deduplication,86400,event=a | event=b | event=c,5,3
wf042,ch_ecommerce,strict_order,600,event=begin_checkout | event=view_product_detail | event=complete_payment,1,2
wf042,ch_ecommerce,strict_order,600,event=begin_checkout | event=view_product_detail | event=complete_payment,2,2
wf042,ch_ecommerce,strict_order,600,event=begin_checkout | event=view_product_detail | event=complete_payment,3,3
wf043,ch_ecommerce,strict_order+allow_reentry,600,event=begin_checkout | event=view_product_detail | event=complete_payment,1,3
wf043,ch_ecommerce,strict_order+allow_reentry,600,event=begin_checkout | event=view_product_detail | event=complete_payment,2,3
wf043,ch_ecommerce,strict_order+allow_reentry,600,event=begin_checkout | event=view_product_detail | event=complete_payment,3,3
wf044,ch_ecommerce,strict_order,600,event=begin_checkout | event=view_product_detail | event=begin_checkout | event=complete_payment,1,1
wf044,ch_ecommerce,strict_order,600,event=begin_checkout | event=view_product_detail | event=begin_checkout | event=complete_payment,2,1
wf044,ch_ecommerce,strict_order,600,event=begin_checkout | event=view_product_detail | event=begin_checkout | event=complete_payment,3,1
wf045,ch_ecommerce,strict_order+allow_reentry,600,event=begin_checkout | event=view_product_detail | event=begin_checkout | event=complete_payment,1,1
wf045,ch_ecommerce,strict_order+allow_reentry,600,event=begin_checkout | event=view_product_detail | event=begin_checkout | event=complete_payment,2,1
wf045,ch_ecommerce,strict_order+allow_reentry,600,event=begin_checkout | event=view_product_detail | event=begin_checkout | event=complete_payment,3,1
\.

CREATE TEMP TABLE deviation (case_id text, uid text, ours int, reason text);
INSERT INTO deviation VALUES
	('wf031', '*', 1, 'one row takes one step'),
	('wf037', '2', 3, 'every start is tried: a b [a b c]'),
	('wf039', '2', 3, 'every start is tried: a b [a b c]'),
	('wf039', '5', 4, 'every start is tried: a b c [a b c d]'),
	('wf041', '2', 3, 'every start is tried: a b [a b c]'),
	('wf044', '1', 4, 'a row that satisfies steps 1 and 3 can be either'),
	('wf044', '2', 4, 'a row that satisfies steps 1 and 3 can be either'),
	('wf044', '3', 2, 'a row that satisfies steps 1 and 3 can be either'),
	('wf045', '1', 4, 'a row that satisfies steps 1 and 3 can be either'),
	('wf045', '2', 4, 'a row that satisfies steps 1 and 3 can be either'),
	('wf045', '3', 2, 'a row that satisfies steps 1 and 3 can be either');

-- "event=a | a is null & b<=3" as a list of SQL expressions
CREATE FUNCTION pg_temp.conditions(list text) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(regexp_replace(regexp_replace(regexp_replace(c,
		'(\w+)=(\w+)', '\1 = ''\2'''),
		'(\w+)([<>]=)(\w+)', '\1::int \2 \3'),
		'&', 'AND'), ', ' ORDER BY no)
	FROM unnest(string_to_array(list, ' | ')) WITH ORDINALITY AS u (c, no)
$$;

-- As Hologres' users write it: a flat list of arguments, a window in seconds.
CREATE FUNCTION pg_temp.level(name text, ts text, mode text, e expected)
RETURNS int LANGUAGE plpgsql AS $$
DECLARE
	result int;
BEGIN
	EXECUTE format(
		'SELECT affinity.%s(%s, %L, %s, %s) FROM event
		WHERE dataset = %L AND %L IN (uid, ''*'')',
		name, e.seconds, mode, ts, pg_temp.conditions(e.conditions),
		e.dataset, e.uid) INTO result;
	RETURN result;
END
$$;

CREATE TEMP TABLE result AS
	SELECT e.case_id, e.dataset, e.uid, e.level AS peer,
		coalesce(d.ours, e.level) AS expected, d.reason,
		pg_temp.level('windowfunnel', 'ts', e.mode, e) AS level,
		pg_temp.level('window_funnel',
			CASE e.dataset WHEN 'ch_u64' THEN 'ts' ELSE 'to_timestamp(ts)' END,
			e.mode, e) AS level_of_timestamp
	FROM expected e LEFT JOIN deviation d USING (case_id, uid);

SELECT is_empty($$
	SELECT * FROM result WHERE level IS DISTINCT FROM expected
	OR level_of_timestamp IS DISTINCT FROM expected$$,
	'windowfunnel gives what ClickHouse gives, but for the listed deviations');
SELECT results_eq($$
	SELECT count(*), count(reason) FROM result WHERE level <> peer
	UNION ALL SELECT count(*), count(reason) FROM result$$,
	$$VALUES (11::bigint, 11::bigint), (109, 11)$$,
	'all 109 cases ran, and each of the 11 deviations is one');

-- The first deviation is a matter of mode.
SELECT is(pg_temp.level('windowfunnel', 'ts', 'same_row', e), e.level,
	'same_row lets one row take several steps')
FROM expected e WHERE case_id = 'wf031';

SELECT is_empty($$
	SELECT * FROM result r
	WHERE NOT EXISTS (SELECT FROM event WHERE dataset = r.dataset)$$,
	'every case has events');

SELECT finish();
ROLLBACK;
