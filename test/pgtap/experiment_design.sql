-- What is planned before an experiment. assign: the test cases that GrowthBook publishes for
-- its SDKs (packages/sdk-js/test/cases.json of its repository, version 5 of them). Tests of
-- ratios and power: R 4.2 (chisq.test, binom.test, power.prop.test, power.t.test) and scipy 1.10.
BEGIN;
SET LOCAL jit = off;
SELECT plan(130);
CREATE FUNCTION pg_temp.near(a float8, b float8, digits int DEFAULT 11) RETURNS boolean LANGUAGE sql AS $$
	SELECT a IS NOT DISTINCT FROM b OR coalesce(abs(a - b) <= 10.0 ^ -digits * greatest(abs(a), abs(b)), false) $$;

-- 1. assign
SELECT is_empty($$SELECT * FROM (VALUES ('', 'a', 1, 0.22), ('', 'b', 1, 0.077), ('b', 'a', 1, 0.946), ('ef', 'd', 1, 0.652), ('asdf', '8952klfjas09ujk', 1, 0.549), ('', '123', 1, 0.011), ('', '___)((*":&', 1, 0.563), ('seed', 'a', 2, 0.0505), ('seed', 'b', 2, 0.2696), ('foo', 'ab', 2, 0.2575), ('foo', 'def', 2, 0.2019), ('89123klj', '8952klfjas09ujkasdf', 2, 0.124), ('90850943850283058242805', '123', 2, 0.7516), ('()**(%$##$%#$#', '___)((*":&', 2, 0.0128)) v (seed, value, version, hash)
	WHERE affinity.assignment_hash(seed, value, version) <> hash$$, 'published: hash');
SELECT is_empty($$SELECT * FROM (VALUES ('1', 'namespace1', '{0,0.4}'::float8[], false), ('1', 'namespace1', '{0.4,1}'::float8[], true), ('1', 'namespace2', '{0,0.4}'::float8[], false), ('1', 'namespace2', '{0.4,1}'::float8[], true), ('2', 'namespace1', '{0,0.4}'::float8[], false), ('2', 'namespace1', '{0.4,1}'::float8[], true), ('2', 'namespace2', '{0,0.4}'::float8[], false), ('2', 'namespace2', '{0.4,1}'::float8[], true), ('3', 'namespace1', '{0,0.4}'::float8[], false), ('3', 'namespace1', '{0.4,1}'::float8[], true), ('3', 'namespace2', '{0,0.4}'::float8[], true), ('3', 'namespace2', '{0.4,1}'::float8[], false), ('4', 'namespace1', '{0,0.4}'::float8[], false), ('4', 'namespace1', '{0.4,1}'::float8[], true), ('4', 'namespace2', '{0,0.4}'::float8[], true), ('4', 'namespace2', '{0.4,1}'::float8[], false)) v (unit, namespace, range, inside)
	WHERE (affinity.assign(unit, 'x', '{1}', namespace => namespace, namespace_range => range) IS NOT NULL) <> inside$$, 'published: inNamespace');
-- a range is what the hash says of 5,000 ids; the published ends are rounded, and 0.2 * 0.2 is more than 0.04, in JavaScript too
SELECT is_empty($$SELECT * FROM (VALUES ('normal 50/50', '{0.5,0.5}'::float8[], 1, '{{0,0.5},{0.5,1}}'::float8[]), ('reduced coverage', '{0.5,0.5}'::float8[], 0.5, '{{0,0.25},{0.5,0.75}}'::float8[]), ('zero coverage', '{0.5,0.5}'::float8[], 0, '{{0,0},{0.5,0.5}}'::float8[]), ('4 variations', '{0.25,0.25,0.25,0.25}'::float8[], 1, '{{0,0.25},{0.25,0.5},{0.5,0.75},{0.75,1}}'::float8[]), ('uneven weights', '{0.4,0.6}'::float8[], 1, '{{0,0.4},{0.4,1}}'::float8[]), ('uneven weights, 3 variations', '{0.2,0.3,0.5}'::float8[], 1, '{{0,0.2},{0.2,0.5},{0.5,1}}'::float8[]), ('uneven weights, reduced coverage, 3 variations', '{0.2,0.3,0.5}'::float8[], 0.2, '{{0,0.04},{0.2,0.26},{0.5,0.6}}'::float8[]), ('weights sum almost equals 1', '{0.4,0.5999}'::float8[], 1, '{{0,0.4},{0.4,0.9999}}'::float8[])) v (name, weights, coverage, ranges),
		generate_series(1, 5000) i, LATERAL (SELECT affinity.assign(i, 'range', weights, coverage) AS variant, affinity.assignment_hash('range', i::text) AS hash) a
	WHERE hash <> 0.04 AND variant IS DISTINCT FROM (SELECT j - 1 FROM generate_series(1, cardinality(weights)) j WHERE hash >= ranges[j][1] AND hash < ranges[j][2])$$, 'published: getBucketRange');
SELECT is_empty($$SELECT * FROM (VALUES ('default weights - 1', '1', 'my-test', '{0.5,0.5}'::float8[], 1, '', '{0,1}'::float8[], 1, 1),
	('default weights - 2', '2', 'my-test', '{0.5,0.5}'::float8[], 1, '', '{0,1}'::float8[], 1, 0),
	('default weights - 3', '3', 'my-test', '{0.5,0.5}'::float8[], 1, '', '{0,1}'::float8[], 1, 0),
	('default weights - 4', '4', 'my-test', '{0.5,0.5}'::float8[], 1, '', '{0,1}'::float8[], 1, 1),
	('default weights - 5', '5', 'my-test', '{0.5,0.5}'::float8[], 1, '', '{0,1}'::float8[], 1, 1),
	('default weights - 6', '6', 'my-test', '{0.5,0.5}'::float8[], 1, '', '{0,1}'::float8[], 1, 1),
	('default weights - 7', '7', 'my-test', '{0.5,0.5}'::float8[], 1, '', '{0,1}'::float8[], 1, 0),
	('default weights - 8', '8', 'my-test', '{0.5,0.5}'::float8[], 1, '', '{0,1}'::float8[], 1, 1),
	('default weights - 9', '9', 'my-test', '{0.5,0.5}'::float8[], 1, '', '{0,1}'::float8[], 1, 0),
	('uneven weights - 1', '1', 'my-test', '{0.1,0.9}'::float8[], 1, '', '{0,1}'::float8[], 1, 1),
	('uneven weights - 2', '2', 'my-test', '{0.1,0.9}'::float8[], 1, '', '{0,1}'::float8[], 1, 1),
	('uneven weights - 3', '3', 'my-test', '{0.1,0.9}'::float8[], 1, '', '{0,1}'::float8[], 1, 0),
	('uneven weights - 4', '4', 'my-test', '{0.1,0.9}'::float8[], 1, '', '{0,1}'::float8[], 1, 1),
	('uneven weights - 5', '5', 'my-test', '{0.1,0.9}'::float8[], 1, '', '{0,1}'::float8[], 1, 1),
	('uneven weights - 6', '6', 'my-test', '{0.1,0.9}'::float8[], 1, '', '{0,1}'::float8[], 1, 1),
	('uneven weights - 7', '7', 'my-test', '{0.1,0.9}'::float8[], 1, '', '{0,1}'::float8[], 1, 0),
	('uneven weights - 8', '8', 'my-test', '{0.1,0.9}'::float8[], 1, '', '{0,1}'::float8[], 1, 1),
	('uneven weights - 9', '9', 'my-test', '{0.1,0.9}'::float8[], 1, '', '{0,1}'::float8[], 1, 1),
	('coverage - 1', '1', 'my-test', '{0.5,0.5}'::float8[], 0.4, '', '{0,1}'::float8[], 1, NULL),
	('coverage - 2', '2', 'my-test', '{0.5,0.5}'::float8[], 0.4, '', '{0,1}'::float8[], 1, 0),
	('coverage - 3', '3', 'my-test', '{0.5,0.5}'::float8[], 0.4, '', '{0,1}'::float8[], 1, 0),
	('coverage - 4', '4', 'my-test', '{0.5,0.5}'::float8[], 0.4, '', '{0,1}'::float8[], 1, NULL),
	('coverage - 5', '5', 'my-test', '{0.5,0.5}'::float8[], 0.4, '', '{0,1}'::float8[], 1, 1),
	('coverage - 6', '6', 'my-test', '{0.5,0.5}'::float8[], 0.4, '', '{0,1}'::float8[], 1, NULL),
	('coverage - 7', '7', 'my-test', '{0.5,0.5}'::float8[], 0.4, '', '{0,1}'::float8[], 1, 0),
	('coverage - 8', '8', 'my-test', '{0.5,0.5}'::float8[], 0.4, '', '{0,1}'::float8[], 1, 1),
	('coverage - 9', '9', 'my-test', '{0.5,0.5}'::float8[], 0.4, '', '{0,1}'::float8[], 1, NULL),
	('three way test - 1', '1', 'my-test', '{0.33333333,0.33333333,0.33333333}'::float8[], 1, '', '{0,1}'::float8[], 1, 2),
	('three way test - 2', '2', 'my-test', '{0.33333333,0.33333333,0.33333333}'::float8[], 1, '', '{0,1}'::float8[], 1, 0),
	('three way test - 3', '3', 'my-test', '{0.33333333,0.33333333,0.33333333}'::float8[], 1, '', '{0,1}'::float8[], 1, 0),
	('three way test - 4', '4', 'my-test', '{0.33333333,0.33333333,0.33333333}'::float8[], 1, '', '{0,1}'::float8[], 1, 2),
	('three way test - 5', '5', 'my-test', '{0.33333333,0.33333333,0.33333333}'::float8[], 1, '', '{0,1}'::float8[], 1, 1),
	('three way test - 6', '6', 'my-test', '{0.33333333,0.33333333,0.33333333}'::float8[], 1, '', '{0,1}'::float8[], 1, 2),
	('three way test - 7', '7', 'my-test', '{0.33333333,0.33333333,0.33333333}'::float8[], 1, '', '{0,1}'::float8[], 1, 0),
	('three way test - 8', '8', 'my-test', '{0.33333333,0.33333333,0.33333333}'::float8[], 1, '', '{0,1}'::float8[], 1, 1),
	('three way test - 9', '9', 'my-test', '{0.33333333,0.33333333,0.33333333}'::float8[], 1, '', '{0,1}'::float8[], 1, 0),
	('test name - my-test', '1', 'my-test', '{0.5,0.5}'::float8[], 1, '', '{0,1}'::float8[], 1, 1),
	('test name - my-test-3', '1', 'my-test-3', '{0.5,0.5}'::float8[], 1, '', '{0,1}'::float8[], 1, 0),
	('empty id', '', 'my-test', '{0.5,0.5}'::float8[], 1, '', '{0,1}'::float8[], 1, NULL),
	('Experiment namespace - pass', '1', 'my-test', '{0.5,0.5}'::float8[], 1, 'namespace', '{0.1,1}'::float8[], 1, 1),
	('Experiment namespace - fail', '1', 'my-test', '{0.5,0.5}'::float8[], 1, 'namespace', '{0,0.1}'::float8[], 1, NULL),
	('Experiment coverage - Works when 0', '1', 'no-coverage', '{0.5,0.5}'::float8[], 0, '', '{0,1}'::float8[], 1, NULL),
	('Uses seed with default weights/coverage', '1', 'foo', '{0.5,0.5}'::float8[], 1, '', '{0,1}'::float8[], 2, 1),
	('Uses seed with weights/coverage', '1', 'foo', '{0.5,0.5}'::float8[], 0.99, '', '{0,1}'::float8[], 2, 1)) v (name, unit, seed, weights, coverage, namespace, range, version, variant)
	WHERE affinity.assign(unit, seed, weights, coverage, namespace, range, version) IS DISTINCT FROM variant$$, 'published: run');
-- JavaScript's strings are UTF-16: FNV-1a over their units, by Python
SELECT is(affinity.assignment_hash('seed', u), h, 'not ASCII: ' || u) FROM (VALUES ('Zoë', 0.4369::float8), ('日本', 0.9652), ('😀', 0.4346)) v (u, h);
SELECT is(affinity.assignment_hash('prüfung', 'é'), 0.2533::float8, 'not ASCII: a seed');
SELECT is_empty($$SELECT i FROM unnest('{0,1,-1,42,9223372036854775807,-9223372036854775808}'::bigint[]) i WHERE affinity.assign(i, 'e', '{0.3,0.3,0.4}') IS DISTINCT FROM affinity.assign(i::text, 'e', '{0.3,0.3,0.4}')$$, 'numbers as their digits');
SELECT is_empty($$SELECT u FROM generate_series(1, 200) i, LATERAL (SELECT md5(i::text)::uuid AS u) x WHERE affinity.assign(u, 'e', '{0.3,0.3,0.4}') IS DISTINCT FROM affinity.assign(u::text, 'e', '{0.3,0.3,0.4}')$$, 'uuids as they are written');
SELECT is(pg_typeof(affinity.assign(i, 'e', '{1}'))::text || pg_typeof(affinity.assign(i::smallint, 'e', '{1}')), 'integerinteger', 'other whole numbers, too') FROM generate_series(1, 1) i;
SELECT is_empty($$SELECT variant FROM (SELECT affinity.assign(i, 'fair', '{0.2,0.3,0.5}') AS variant, count(*) AS n FROM generate_series(1, 100000) i GROUP BY 1) q
	WHERE abs(n - 100000 * (ARRAY[0.2, 0.3, 0.5])[variant + 1]) > 5 * sqrt(100000 * 0.25) OR variant IS NULL$$, 'shares are as they should be');
SELECT cmp_ok((affinity.sample_ratio_test(array_agg(n ORDER BY a, b), array_fill(1.0::float8, ARRAY[4]))).p_value, '>', 0.001::float8, 'two experiments are independent') FROM (
	SELECT affinity.assign(i, 'first', '{0.5,0.5}') AS a, affinity.assign(i, 'second', '{0.5,0.5}') AS b, count(*) AS n FROM generate_series(1, 100000) i GROUP BY 1, 2) q;
SELECT is_empty($$SELECT i FROM generate_series(1, 5000) i WHERE affinity.assign(i, 'e', '{0.5,0.5}', 0.3) <> affinity.assign(i, 'e', '{0.5,0.5}', 0.6)
	OR affinity.assign(i, 'e', '{0.5,0.5}', 0.3) IS NOT NULL AND affinity.assign(i, 'e', '{0.5,0.5}', 0.6) IS NULL$$, 'more coverage moves nobody');
SELECT is_empty($$SELECT i FROM generate_series(1, 5000) i WHERE (affinity.assign(i, 'a', '{1}', namespace => 'shop', namespace_range => '{0,0.4}') IS NULL)
	= (affinity.assign(i, 'b', '{1}', namespace => 'shop', namespace_range => '{0.4,1}') IS NULL)$$, 'ranges of a namespace exclude each other');
SELECT is(affinity.assign(u, e, w), NULL::int, 'NULL is in no experiment') FROM (VALUES (NULL::text, 'e', '{1}'::float8[]), ('u', NULL, '{1}'), ('u', 'e', NULL)) v (u, e, w);
SELECT is(string_agg(provolatile::text || proisstrict::text || proparallel::text, ' '), 'itrues itrues itrues', 'assign is immutable, strict and parallel safe') FROM pg_proc WHERE proname = 'assign' AND pronamespace = 'affinity'::regnamespace;
CREATE TEMP TABLE who AS SELECT i AS unit_id FROM generate_series(1, 1000) i;
SELECT lives_ok($$CREATE INDEX ON who (affinity.assign(unit_id, 'indexed', '{0.5,0.5}'))$$, 'so it can be indexed');
SELECT throws_ok(format('SELECT affinity.assign(1, ''e'', %s)', a), c, m, a) FROM (VALUES
	('''{0.5,0.4}''', '22023', 'weights must sum to 1, but sum to 0.9'), ('''{0.6,0.6}''', '22023', 'weights must sum to 1, but sum to 1.2'), ('''{}''', '22023', 'weights are empty'),
	('''{50,50}''', '22023', 'weight 1 must be between 0 and 1, but is 50'), ('''{0.5,-0.5,1}''', '22023', 'weight 2 must be between 0 and 1, but is -0.5'),
	('''{0.5,NaN}''', '22023', 'weight 2 must be between 0 and 1, but is NaN'), ('''{0.5,NULL}''', '22004', 'weights must not contain nulls'),
	('''{{0.5,0.5},{0,0}}''', '2202E', 'weights has 2 dimensions instead of one'), ('''{1}'', 1.1', '22023', 'coverage must be between 0 and 1, but is 1.1'),
	('''{1}'', -1', '22023', 'coverage must be between 0 and 1, but is -1'), ('''{1}'', ''NaN''', '22023', 'coverage must be between 0 and 1, but is NaN'),
	('''{1}'', 1, ''n'', ''{0.4}''', '22023', 'namespace_range must be two numbers from 0 to 1 in ascending order'), ('''{1}'', 1, ''n'', ''{0.4,0.1}''', '22023', 'namespace_range must be two numbers from 0 to 1 in ascending order'),
	('''{1}'', version => 3', '22023', 'version 3 of the hash is not known')) v (a, c, m);

-- 2. sample_ratio_test
SELECT ok(pg_temp.near((t).chi_square, chi) AND pg_temp.near((t).p_value, p) AND (t).tested_by = 'chi_square' AND (t).units = (SELECT sum(o) FROM unnest(observed) o), 'R''s chisq.test of ' || observed::text)
FROM (VALUES ('{500,560}'::bigint[], '{0.5,0.5}'::float8[], 3.39622641509434, 0.0653457516283776), ('{8205,8099,4161}', '{0.4,0.4,0.2}', 2.09846078670902, 0.350207167188053), ('{821588,815482}', '{1,1}', 22.7743688418944, 1.82179287261919e-06)) v (observed, expected, chi, p),
	LATERAL (SELECT affinity.sample_ratio_test(observed, expected) AS t) x;
SELECT ok(pg_temp.near((t).p_value, p) AND (t).tested_by = 'exact', 'R''s binom.test of ' || observed::text)
FROM (VALUES ('{7,1}'::bigint[], '{0.5,0.5}'::float8[], 0.0703125), ('{3,12}', '{0.4,0.6}', 0.185549310558208), ('{430,570}', '{1,1}', 1.07097376649595e-05), ('{1,29}', '{0.1,0.9}', 0.359189898226499)) v (observed, expected, p),
	LATERAL (SELECT affinity.sample_ratio_test(observed, expected, 'exact') AS t) x;
SELECT ok(pg_temp.near((t).p_value, p) AND (t).tested_by = 'exact', 'scipy''s multinomial over all outcomes of ' || observed::text)
FROM (VALUES ('{7,1,3}'::bigint[], '{0.5,0.25,0.25}'::float8[], 0.5342254638671883), ('{0,4,2,9}', '{0.1,0.2,0.3,0.4}', 0.2143975099893763)) v (observed, expected, p),
	LATERAL (SELECT affinity.sample_ratio_test(observed, expected) AS t) x;
SELECT ok(pg_temp.near((t).p_value, p, 9) AND (t).tested_by = 'sequential', 'gammaln''s Bayes factor of ' || observed::text)
FROM (VALUES ('{50000,51000}'::bigint[], '{0.5,0.5}'::float8[], 0.036842223260690206), ('{8205,8099,4161}', '{0.4,0.4,0.2}', 1), ('{821588,815482}', '{1,1}', 0.00015595044044345845), ('{10,0}', '{1,1}', 0.9955143609350324)) v (observed, expected, p),
	LATERAL (SELECT affinity.sample_ratio_test(observed, expected, 'sequential') AS t) x;
-- a ratio that is right, looked at after every 250 units: the sequential test seldom warns, the other one often
CREATE TEMP TABLE looked AS SELECT run, min((affinity.sample_ratio_test(ARRAY[a, n - a], '{1,1}', 'sequential')).p_value) AS sequential, min((affinity.sample_ratio_test(ARRAY[a, n - a], '{1,1}', 'chi_square')).p_value) AS chi_square
FROM (SELECT run, n, count(*) FILTER (WHERE affinity.assign(run * 10000 + n, 'srm', '{0.5,0.5}') = 0) OVER (PARTITION BY run ORDER BY n) AS a FROM generate_series(1, 60) run, generate_series(1::bigint, 10000) n) q WHERE n % 250 = 0 GROUP BY run;
SELECT ok(count(*) FILTER (WHERE sequential < 0.05) <= 6 AND count(*) FILTER (WHERE chi_square < 0.05) > 10, 'looked at 40 times: ' || count(*) FILTER (WHERE sequential < 0.05) || ' and ' || count(*) FILTER (WHERE chi_square < 0.05) || ' of 60 warn') FROM looked;
SELECT is(affinity.sample_ratio_test('{50,70,0}', '{0.5,0.5,0}')::text, affinity.sample_ratio_test('{50,70}', '{0.5,0.5}')::text, 'a variant that gets none');
SELECT results_eq($$SELECT chi_square, p_value FROM affinity.sample_ratio_test('{5,7,1}', '{0.5,0.5,0}')$$, $$VALUES ('inf'::float8, 0::float8)$$, 'and has one');
SELECT results_eq($$SELECT chi_square, p_value, df FROM affinity.sample_ratio_test('{5,0,5}', '{1e100,1e-300,1e100}')$$, 'VALUES (0::float8, 1::float8, 1::bigint)', 'a share that is none of the whole');
SELECT results_eq($$SELECT chi_square, p_value FROM affinity.sample_ratio_test('{5,1,5}', '{1e100,1e-300,1e100}')$$, $$VALUES ('inf'::float8, 0::float8)$$, 'and has one');
SELECT results_eq($$SELECT chi_square, p_value, df FROM affinity.sample_ratio_test('{0,0}', '{0.5,0.5}')$$, 'VALUES (0::float8, 1::float8, 1::bigint)', 'no units');
SELECT is((affinity.sample_ratio_test('{9007199254740000,1}', '{1,1}')).p_value, 0::float8, 'as many as there can be');
SELECT ok(pg_temp.near((affinity.sample_ratio_test(array_fill(0::bigint, ARRAY[999]) || 1::bigint, array_fill(1::float8, ARRAY[1000]))).p_value, 1), 'a thousand variants');
SELECT is((affinity.sample_ratio_test(array_fill(0::bigint, ARRAY[9999]) || 1::bigint, array_fill(1::float8, ARRAY[10000]))).tested_by, 'chi_square', 'more than an exact test takes');
SELECT is(affinity.sample_ratio_test(o, e)::text, NULL, 'NULL') FROM (VALUES (NULL::bigint[], '{1}'::float8[]), ('{1,1}', NULL)) v (o, e);
SELECT throws_ok(format('SELECT affinity.sample_ratio_test(%s)', a), c, m, a) FROM (VALUES ('''{1,2}'', ''{1}''', '2202E', 'observed has 2 entries, but expected has 1'), ('''{1}'', ''{1}''', '22023', 'a ratio of samples needs at least two variants, but there are 1'),
	('''{1,NULL}'', ''{1,1}''', '22004', 'observed must not contain nulls'), ('''{1,-2}'', ''{1,1}''', '22023', 'observed count 2 is out of range: -2'), ('''{1,2}'', ''{1,-1}''', '22023', 'expected share 2 must not be negative, NaN or infinite, but is -1'),
	('''{1,2}'', ''{1,NaN}''', '22023', 'expected share 2 must not be negative, NaN or infinite, but is NaN'), ('''{0,0}'', ''{0,0}''', '22023', 'expected shares are all 0'), ('''{1,2}'', ''{1,1}'', ''g''', '22023', 'unknown method "g"'),
	('''{1000000,2}'', ''{1,1}'', ''exact''', '54000', 'an exact test of 1000002 units in 2 variants has more than 1000000 outcomes'), ('''{9007199254740992,1}'', ''{1,1}''', '22023', 'observed count 2 is out of range: 1')) v (a, c, m);

-- 3. power and its inverses
SELECT ok(pg_temp.near(affinity.power(p1, p2 - p1, n, alpha => alpha, alternative => alternative), p), 'R''s power.prop.test: power') FROM (VALUES (0.5, 0.75, 50, 0.05, 'two_sided', 0.740165901331388), (0.1, 0.12, 1000, 0.01, 'two_sided', 0.125667158426817), (0.1, 0.08, 1000, 0.05, 'less', 0.467238642676365)) v (p1, p2, n, alpha, alternative, p);
SELECT ok(pg_temp.near((affinity.sample_size(p1, mde, power => power, alternative => alternative, comparisons => k)).exact, n, 10), 'R''s power.prop.test: n') FROM (VALUES (0.5, 0.25, 0.9, 'two_sided', 1, 76.7069284517774), (0.1, 0.01, 0.8, 'two_sided', 1, 14750.790469045), (0.1, 0.01, 0.8, 'greater', 1, 11619.0699365211), (0.02, 0.001, 0.95, 'two_sided', 3, 655085.488300894)) v (p1, mde, power, alternative, k, n);
SELECT ok(pg_temp.near(affinity.minimum_detectable_effect(p1, n, power => power), d, 10), 'R''s power.prop.test: p2') FROM (VALUES (0.5, 50, 0.9, 0.302630581703895), (0.03, 20000, 0.8, 0.00496649502205624)) v (p1, n, power, d);
SELECT ok(pg_temp.near(affinity.power(0, d, n, sd, alpha => alpha), p), 'R''s power.t.test: power') FROM (VALUES (1, 20, 1, 0.05, 0.868952801692498), (2, 3, 1.5, 0.05, 0.242787223835211), (0.5, 5000, 10, 0.01, 0.46961246291432)) v (d, n, sd, alpha, p);
SELECT ok(pg_temp.near((affinity.sample_size(0, d, sd, power => power, alternative => alternative)).exact, n, 10), 'R''s power.t.test: n') FROM (VALUES (1, 1, 0.9, 'two_sided', 22.0210955700938), (1, 1, 0.9, 'GREATER', 17.8471206265367), (1.5, 40, 0.8, 'two_sided', 11163.8116235725), (3, 1, 0.8, 'two_sided', 3.0700097469493)) v (d, sd, power, alternative, n);
SELECT ok(pg_temp.near(affinity.minimum_detectable_effect(0, n, sd, power => power), d, 10), 'R''s power.t.test: delta') FROM (VALUES (20, 1, 0.9, 1.05199312665833), (10000, 40, 0.8, 1.58489203736314)) v (n, sd, power, d);
-- unequal arms and variances: scipy's nct with Satterthwaite's degrees of freedom
SELECT ok(pg_temp.near(p, x, 9), 'scipy: ' || name) FROM (VALUES ('two to one', affinity.power(0, 0.5, 40, 1, ratio => 2), 0.7224603761274291), ('half as many, twice the variance', affinity.power(0, 0.2, 400, 1, ratio => 0.5, variance_ratio => 2, alternative => 'greater'), 0.5556644008098118),
	('a covariate', affinity.power(0, 0.1, 1000, 1, correlation => 0.6), 0.7977967412286597), ('clusters', affinity.power(0, 0.1, 1000, 1, icc => 0.1, cluster_size => 10), 0.3672172630006441),
	('proportions, two to one', affinity.power(0.1, 0.03, 1000, ratio => 2), 0.6702086487101107), ('proportions with a covariate', affinity.power(0.1, 0.03, 1000, ratio => 2, correlation => 0.5), 0.7949907809417815)) v (name, p, x);
SELECT is_empty($$SELECT * FROM (VALUES (0.05::float8, 0.01::float8, NULL::float8, 1::float8, 0::float8, 0::float8), (0.4, -0.05, NULL, 3, 0.5, 0.02), (100, 2, 30, 0.5, 0.7, 0.1), (-5, 1, 2, 1, 0, 1)) v (baseline, mde, sd, ratio, rho, icc), unnest('{two_sided,greater,less}'::text[]) alternative,
		LATERAL (SELECT CASE alternative WHEN 'greater' THEN abs(mde) WHEN 'less' THEN -abs(mde) ELSE mde END AS d) s,
		LATERAL affinity.sample_size(baseline, d, sd, power => 0.85, alternative => alternative, ratio => ratio, correlation => rho, icc => icc, cluster_size => 20) n,
		LATERAL (SELECT affinity.power(baseline, d, n.exact, sd, alternative => alternative, ratio => ratio, correlation => rho, icc => icc, cluster_size => 20) AS p,
			affinity.minimum_detectable_effect(baseline, n.exact, sd, power => 0.85, alternative => alternative, ratio => ratio, correlation => rho, icc => icc, cluster_size => 20) AS back) b
	WHERE abs(p - 0.85) > 1e-9 OR (alternative <> 'two_sided' OR d > 0 OR sd IS NOT NULL) AND abs(abs(back) - abs(d)) > 1e-8 * abs(d) OR n.control <> ceil(n.exact) OR n.treatment <> ceil(n.exact * ratio) OR n.total <> n.control + n.treatment$$,
	'there and back: units, power, effect');
SELECT ok(pg_temp.near((affinity.sample_size(0.1, 0.1, relative => true)).exact, (affinity.sample_size(0.1, 0.01)).exact) AND pg_temp.near(affinity.minimum_detectable_effect(0.1, 14750.790469045, relative => true), 0.1, 9), 'a share of the baseline');
SELECT ok(pg_temp.near((affinity.sample_size(0.1, 0.01, icc => 0.02, cluster_size => 51)).exact, 2 * (affinity.sample_size(0.1, 0.01)).exact), 'a design effect of 2') ;
SELECT ok(pg_temp.near((affinity.sample_size(0, 0.05, 1, correlation => sqrt(0.5))).exact, (affinity.sample_size(0, 0.05 * sqrt(2), 1)).exact, 9), 'half of the variance is half of the units');
SELECT is_empty($$SELECT u FROM unnest('{1e-90,1e-9,1,1e15,1e90}'::float8[]) u WHERE NOT pg_temp.near((affinity.sample_size(u, u, u)).exact, (affinity.sample_size(1, 1, 1)).exact, 9) OR NOT pg_temp.near(affinity.minimum_detectable_effect(0, 50, u), u * affinity.minimum_detectable_effect(0, 50, 1), 9)$$, 'any unit of the metric');
SELECT is(affinity.minimum_detectable_effect(0.98, 10), NULL, 'no proportion is far enough');
SELECT is((affinity.sample_size(0, 1000, 1))::text, '(2,2,4,2)', 'two of each at least');
SELECT ok(affinity.power(0.5, 0, 100) BETWEEN 0.0249 AND 0.0251 AND affinity.power(0, 0, 100, 1) BETWEEN 0.0249 AND 0.0251, 'without an effect: alpha of its side');
SELECT is_empty($$SELECT * FROM (SELECT n, affinity.power(0, 0.5, n, 1, alpha => a) AS p, lag(affinity.power(0, 0.5, n, 1, alpha => a)) OVER (PARTITION BY a ORDER BY n) AS before
	FROM unnest('{1.5,2,3,5,10,50,100,1000,1e6,1e12}'::float8[]) x (n), unnest('{0.5,0.05,1e-5,1e-12}'::float8[]) a) q WHERE NOT (p BETWEEN 0 AND 1 AND p >= coalesce(before, 0) - 1e-9)$$, 'more units, more power');
SELECT is((affinity.power(a, b, c), affinity.sample_size(a, b), affinity.minimum_detectable_effect(a, c))::text, x, 'NULL in, NULL out') FROM (VALUES (NULL::float8, 0.1, 10, '(,,)'), (0.5, NULL, NULL, '(,,)')) v (a, b, c, x);
SELECT throws_ok(format('SELECT affinity.%s', f), c, m, f) FROM (VALUES ('sample_size(0, 0.1)', '22023', 'baseline must be between 0 and 1, but is 0'), ('sample_size(1.2, 0.1)', '22023', 'baseline must be between 0 and 1, but is 1.2'),
	('sample_size(0.5, 0)', '22023', 'mde must be other than 0, but is 0'), ('sample_size(0.5, -0.1, alternative => ''greater'')', '22023', 'mde must be above 0 for ''greater'', but is -0.1'),
	('sample_size(0.5, 0.1, alternative => ''less'')', '22023', 'mde must be below 0 for ''less'', but is 0.1'), ('sample_size(0.5, 0.1, alternative => ''both'')', '22023', 'unknown alternative "both"'),
	('sample_size(0.5, 2)', '22023', 'a proportion of 0.5 cannot change by 2'), ('sample_size(0.5, 0.1, power => 1)', '22023', 'power must be between 0 and 1, but is 1'), ('sample_size(0.5, 0.1, power => 0.01)', '22023', 'power must be above alpha, but is 0.01'),
	('sample_size(0.5, 0.1, alpha => 0)', '22023', 'alpha must be between 0 and 1, but is 0'), ('sample_size(0.5, 0.1, ratio => 0)', '22023', 'ratio must be above 0, but is 0'), ('sample_size(0.5, 0.1, comparisons => 0)', '22023', 'comparisons must be at least 1, but is 0'),
	('sample_size(0.5, 0.1, correlation => 1)', '22023', 'correlation must be between -1 and 1, but is 1'), ('sample_size(0.5, 0.1, variance_ratio => 2)', '22023', 'variance_ratio is for means only'), ('sample_size(0.5, 0.1, icc => 1.5)', '22023', 'icc must be between 0 and 1, but is 1.5'),
	('sample_size(0.5, 0.1, cluster_size => 0)', '22023', 'cluster_size must be at least 1, but is 0'), ('sample_size(0, 1, -1)', '22023', 'std_dev must be above 0, but is -1'), ('sample_size(0, 1, ''NaN'')', '22023', 'std_dev must be a finite number, but is NaN'),
	('sample_size(0, 1, 1, true)', '22023', 'a baseline of 0 has no relative effect'), ('sample_size(0, 1e-12, 1)', '22003', 'an effect of 1e-12 needs more units than can be counted'), ('sample_size(''inf'', 1, 1)', '22023', 'baseline must be a finite number, but is Infinity'),
	('sample_size(0.5, 0.1, power => NULL)', '22004', 'power must not be null'), ('power(0.5, 0.1, 0)', '22023', 'units must be above 0 and at most 1e15, but is 0'), ('power(0, 1, 1, 1)', '22023', 'units must be more than one in each arm, but is 1'),
	('power(0, 1, 10, 1, icc => 1, cluster_size => 20)', '22023', 'units must be more than one in each arm, but is 10'), ('minimum_detectable_effect(0.5, ''NaN'')', '22023', 'units must be a finite number, but is NaN')) v (f, c, m);
SELECT results_eq($$SELECT t.* FROM (VALUES (0::bigint), (3)) v (u), affinity.sample_ratio_test(ARRAY[u, 10], ARRAY[1e-300, 1e100]) t$$, $$VALUES (10::bigint, 0::float8, 0::bigint, 1::float8, 'chi_square'), (13, 'Infinity', 0, 0, 'chi_square')$$, 'a share that is nothing beside the others');
SELECT finish();
ROLLBACK;
