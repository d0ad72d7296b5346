-- Experiments: figures of scipy 1.10 and numpy on 299 units in three variants, published
-- figures (../shared/data/published), identities, and what is refused.
\set published `test -f ../shared/data/published/cuped_rows.csv && echo true || echo false`
BEGIN;
SET LOCAL jit = off;
SELECT plan(136);
CREATE FUNCTION pg_temp.near(a float8, b float8, e float8 DEFAULT 1e-11) RETURNS boolean LANGUAGE sql AS $$
	SELECT a IS NOT DISTINCT FROM b OR coalesce(abs(a - b) <= e * greatest(abs(a), abs(b), 1e-3), false) $$;

-- 1. scipy and numpy: ttest_ind, quad over beta.pdf, numpy.quantile, roots of Fieller's equation;
-- the sequential ones as Waudby-Smith et al. and GrowthBook write them, solved by brentq.
CREATE TEMP TABLE unit AS SELECT v, i, h, y * 0.5 + (i * i * 31 + k * 271 + i) % 487 / 4.0::float8 + (ARRAY[0, 6, -3])[k + 1] AS x, y, b
FROM (VALUES ('A', 0, 97), ('B', 1, 113), ('C', 2, 89)) a (v, k, n), generate_series(1, n) i,
	LATERAL (SELECT ((i * 7919 + k * 104729) % 1009) / 8.0::float8 AS y, ((i * 13 + k * 5) % 3)::text AS h,
		(i * 37 + k * 11) % 101 < (ARRAY[30, 41, 28])[k + 1] AS b) d;
CREATE TEMP TABLE state AS SELECT array_agg(v) AS v, array_agg(m) AS m, array_agg(c) AS c, array_agg(r) AS r, array_agg(q) AS q, array_agg(p) AS p FROM (
	SELECT v, affinity.metric_agg(x) AS m, affinity.metric_agg(x, y) AS c, affinity.ratio_agg(x, y) AS r, affinity.metric_quantile_agg(x, 0.9) AS q,
		affinity.metric_agg(b) AS p FROM unit GROUP BY v) g;
CREATE TEMP TABLE stratum AS SELECT array_agg(v) AS v, array_agg(h) AS h, array_agg(m) AS m FROM (
	SELECT v, h, affinity.metric_agg(x) AS m FROM unit GROUP BY v, h) g;
CREATE TEMP TABLE oracle (name text, variant text, quantity text, value float8);
INSERT INTO oracle VALUES
	('welch','B','mean', 97.2278761061947), ('welch','B','control_mean', 94.3717783505155), ('welch','B','difference', 2.85609775567922),
	('welch','B','low', -8.54981781800548), ('welch','B','high', 14.2620133293639), ('welch','B','lift', 0.0302643206009227),
	('welch','B','lift_low', -0.0926504931108564), ('welch','B','lift_high', 0.153179134312702), ('welch','B','p_value', 0.62201287487187),
	('welch','B','chance_to_beat', 0.688993562564065), ('welch','B','expected_loss', 1.15528909137724), ('greater','B','p_value', 0.311006437435935),
	('greater','B','low', -6.70243812716478), ('less','B','p_value', 0.688993562564065), ('less','B','high', 12.4146336385232),
	('lift','B','p_value', 0.627840314430995), ('fieller','B','lift_low', -0.0849821692660002), ('fieller','B','lift_high', 0.162434396015361),
	('sequential','B','low', -15.1546421957425), ('sequential','B','high', 20.8668377071009), ('sequential','B','p_value', 1),
	('sequential_greater','B','low', -13.5197872152416), ('msprt','B','p_value', 1), ('msprt','B','low', -22.836147950978),
	('msprt','B','high', 28.5483434623364), ('bayes','B','difference', 1.39344017961255), ('bayes','B','low', -3.82619627257878),
	('bayes','B','high', 6.61307663180388), ('bayes','B','chance_to_beat', 0.699594375291387), ('bayes','B','expected_loss', 0.507918775845229),
	('bayes_lift','B','lift', 0.0217955208208991), ('bayes_lift','B','lift_low', -0.0818841379606602), ('bayes_lift','B','difference', 2.05688205994394),
	('bayes_lift','B','chance_to_beat', 0.659838829735632), ('welch','C','mean', 87.2415730337079), ('welch','C','control_mean', 94.3717783505155),
	('welch','C','difference', -7.1302053168076), ('welch','C','low', -18.6450704930987), ('welch','C','high', 4.38465985948344),
	('welch','C','lift', -0.075554423593933), ('welch','C','lift_low', -0.192610331314439), ('welch','C','lift_high', 0.0415014841265727),
	('welch','C','p_value', 0.223387795875565), ('welch','C','chance_to_beat', 0.111693897937782), ('welch','C','expected_loss', 7.44332608221273),
	('greater','C','p_value', 0.888306102062218), ('greater','C','low', -16.7787629366067), ('less','C','p_value', 0.111693897937782),
	('less','C','high', 2.51835230299145), ('lift','C','p_value', 0.204462439136966), ('fieller','C','lift_low', -0.185734818660286),
	('fieller','C','lift_high', 0.0498286073297074), ('sequential','C','low', -25.4571959041781), ('sequential','C','high', 11.1967852705629),
	('sequential','C','p_value', 1), ('sequential_greater','C','low', -23.7777067809697), ('msprt','C','p_value', 0.955067836346858),
	('msprt','C','low', -33.1992476439787), ('msprt','C','high', 18.9388370103634), ('bayes','C','difference', -0.699208673983514),
	('bayes','C','low', -5.92867933199877), ('bayes','C','high', 4.53026198403175), ('bayes','C','chance_to_beat', 0.396638422494756),
	('bayes','C','expected_loss', 1.45038268529554), ('bayes_lift','C','lift', -0.0558834369409294), ('bayes_lift','C','lift_low', -0.15589062461119),
	('bayes_lift','C','difference', -5.2738193244544), ('bayes_lift','C','chance_to_beat', 0.136710895654412), ('cuped','B','mean', 97.2415396854747),
	('cuped','B','control_mean', 93.6442991274068), ('cuped','B','difference', 3.59724055806799), ('cuped','B','low', -6.11683427314389),
	('cuped','B','high', 13.3113153892799), ('cuped','B','lift', 0.038413876675758), ('cuped','B','lift_low', -0.067604108119963),
	('cuped','B','lift_high', 0.144431861471479), ('cuped','B','p_value', 0.466100892456545), ('cuped','B','chance_to_beat', 0.766949553771727),
	('cuped','B','expected_loss', 0.668485991197044), ('cuped','C','mean', 88.017095507673), ('cuped','C','control_mean', 93.6442991274068),
	('cuped','C','difference', -5.62720361973376), ('cuped','C','low', -16.1462328914675), ('cuped','C','high', 4.89182565199996),
	('cuped','C','lift', -0.0600912567253852), ('cuped','C','lift_low', -0.16919632276372), ('cuped','C','lift_high', 0.0490138093129496),
	('cuped','C','p_value', 0.292601326365588), ('cuped','C','chance_to_beat', 0.146300663182794), ('cuped','C','expected_loss', 6.0264244771502),
	('cuped_within','B','mean', 97.2414907670468), ('cuped_within','B','control_mean', 93.6469036528586), ('cuped_within','B','difference', 3.59458711418812),
	('cuped_within','B','low', -6.12115515527357), ('cuped_within','B','high', 13.3103293836498), ('cuped_within','B','lift', 0.0383844737409894),
	('cuped_within','B','lift_low', -0.0676469250842457), ('cuped_within','B','lift_high', 0.144415872566225),
	('cuped_within','B','p_value', 0.466505842295943), ('cuped_within','B','chance_to_beat', 0.766747078852029),
	('cuped_within','B','expected_loss', 0.669362091642855), ('cuped_within','C','mean', 88.014318977488),
	('cuped_within','C','control_mean', 93.6469036528586), ('cuped_within','C','difference', -5.63258467537068), ('cuped_within','C','low', -16.1502176681775),
	('cuped_within','C','high', 4.88504831743611), ('cuped_within','C','lift', -0.0601470465724121), ('cuped_within','C','lift_low', -0.169229766919909),
	('cuped_within','C','lift_high', 0.0489356737750851), ('cuped_within','C','p_value', 0.292077723468042),
	('cuped_within','C','chance_to_beat', 0.146038861734021), ('cuped_within','C','expected_loss', 6.03086173021669), ('ratio','B','mean', 1.55180084745763),
	('ratio','B','control_mean', 1.47286860682609), ('ratio','B','difference', 0.0789322406315374), ('ratio','B','low', -0.128615205674536),
	('ratio','B','high', 0.286479686937611), ('ratio','B','lift', 0.053590822878376), ('ratio','B','lift_low', -0.0913223460370158),
	('ratio','B','lift_high', 0.198503991793768), ('ratio','B','p_value', 0.454222074579294), ('ratio','B','chance_to_beat', 0.772888962710353),
	('ratio','B','expected_loss', 0.0138119216903187), ('ratio','C','mean', 1.42559441843386), ('ratio','C','control_mean', 1.47286860682609),
	('ratio','C','difference', -0.047274188392233), ('ratio','C','low', -0.284906736018924), ('ratio','C','high', 0.190358359234458),
	('ratio','C','lift', -0.0320966773092577), ('ratio','C','lift_low', -0.191386014640875), ('ratio','C','lift_high', 0.127192660022359),
	('ratio','C','p_value', 0.695061078620077), ('ratio','C','chance_to_beat', 0.347530539310038), ('ratio','C','expected_loss', 0.0753248771867985),
	('quantile','B','mean', 148.875), ('quantile','B','difference', 4.42499999999998), ('quantile','B','low', -16.1528721777971),
	('quantile','B','p_value', 0.673415998808947), ('quantile','C','mean', 139.15), ('quantile','C','difference', -5.29999999999998),
	('quantile','C','low', -26.0593476456599), ('quantile','C','p_value', 0.616799165630207), ('winsorize','B','p_value', 0.71771615706671),
	('winsorize','B','mean', 96.775), ('winsorize','C','p_value', 0.188092422688878), ('winsorize','C','mean', 87.3801264044944),
	('z','B','mean', 0.398230088495575), ('z','B','difference', 0.109570294681142), ('z','B','p_value', 0.0964553629412737),
	('z','B','low', -0.0196136006389778), ('z','B','high', 0.232115805360278), ('z_wald','B','low', -0.0180170747827575),
	('z_wald','B','high', 0.237157664145042), ('beta','B','difference', 0.107070707070707), ('beta','B','chance_to_beat', 0.950826606399386),
	('beta','B','low', -0.0201163974248225), ('beta','B','high', 0.231972464924347), ('beta','B','lift_low', -0.0559080703626051),
	('beta','B','lift_high', 1.0334664064356), ('beta','B','expected_loss', 0.00134358775830878), ('z','C','mean', 0.269662921348315),
	('z','C','difference', -0.0189968724661184), ('z','C','p_value', 0.773055752847756), ('z','C','low', -0.145416657337449),
	('z','C','high', 0.109776274541781), ('z_wald','C','low', -0.147963726896269), ('z_wald','C','high', 0.109969981964032),
	('beta','C','difference', -0.0182040182040182), ('beta','C','chance_to_beat', 0.389012762681424), ('beta','C','low', -0.145330420243974),
	('beta','C','high', 0.109827685965157), ('beta','C','lift_low', -0.411123150464689), ('beta','C','lift_high', 0.476150222232976),
	('beta','C','expected_loss', 0.0360979199331272), ('stratified','B','mean', 97.2635673320742), ('stratified','B','difference', 2.84216185801925),
	('stratified','B','low', -8.55485750565338), ('stratified','B','high', 14.2391812216919), ('stratified','B','p_value', 0.623333573421884),
	('stratified','C','mean', 87.2393843943413), ('stratified','C','difference', -7.18202107971365), ('stratified','C','low', -18.7682706902023),
	('stratified','C','high', 4.40422853077499), ('stratified','C','p_value', 0.222806629611597);
CREATE TEMP TABLE answer AS
	SELECT a.name, to_jsonb(e) AS row FROM state, LATERAL (
		SELECT 'welch' AS name, e FROM affinity.experiment(v, m, 'A') e
		UNION ALL SELECT 'greater', e FROM affinity.experiment(v, m, 'A', alternative => 'greater') e
		UNION ALL SELECT 'less', e FROM affinity.experiment(v, m, 'A', alternative => 'less') e
		UNION ALL SELECT 'lift', e FROM affinity.experiment(v, m, 'A', effect => 'lift') e
		UNION ALL SELECT 'fieller', e FROM affinity.experiment(v, m, 'A', lift_interval => 'fieller') e
		UNION ALL SELECT 'sequential', e FROM affinity.experiment(v, m, 'A', 'sequential', horizon => 500) e
		UNION ALL SELECT 'sequential_greater', e FROM affinity.experiment(v, m, 'A', 'sequential', horizon => 500, alternative => 'greater') e
		UNION ALL SELECT 'msprt', e FROM affinity.experiment(v, m, 'A', 'msprt', tau => 4) e
		UNION ALL SELECT 'bayes', e FROM affinity.experiment(v, m, 'A', 'bayesian', prior_mean => 1, prior_sd => 3) e
		UNION ALL SELECT 'bayes_lift', e FROM affinity.experiment(v, m, 'A', 'bayesian', prior_sd => 0.1, effect => 'lift') e
		UNION ALL SELECT 'cuped', e FROM affinity.experiment(v, c, 'A', 'cuped') e
		UNION ALL SELECT 'cuped_within', e FROM affinity.experiment(v, c, 'A', 'cuped', theta => 'within') e
		UNION ALL SELECT 'ratio', e FROM affinity.experiment(v, r, 'A') e
		UNION ALL SELECT 'quantile', e FROM affinity.experiment(v, q, 'A') e
		UNION ALL SELECT 'winsorize', e FROM affinity.experiment(v, affinity.winsorize(q, 0.95, 0.05), 'A') e
		UNION ALL SELECT 'z', e FROM affinity.experiment(v, p, 'A', 'z') e
		UNION ALL SELECT 'z_wald', e FROM affinity.experiment(v, p, 'A', 'z', z_interval => 'wald') e
		UNION ALL SELECT 'beta', e FROM affinity.experiment(v, p, 'A', 'bayesian') e) a (name, e)
	UNION ALL SELECT 'stratified', to_jsonb(e) FROM stratum, affinity.experiment_stratified(v, h, m, 'A') e;
SELECT is(string_agg(format('%s %s is %s, not %s', j.variant, j.quantity, j.row->>j.quantity, j.value), E'\n') FILTER (WHERE NOT coalesce(near, false)), NULL,
	'scipy: ' || name)
FROM (SELECT o.name, o.variant, o.quantity, o.value, a.row, pg_temp.near((a.row->>o.quantity)::float8, o.value, CASE o.name WHEN 'beta' THEN 1e-9 ELSE 1e-11 END) AS near
	FROM oracle o LEFT JOIN answer a ON a.name = o.name AND a.row->>'variant' = o.variant) j GROUP BY name ORDER BY name;
SELECT is(count(*), 184::bigint, 'all figures were there') FROM oracle o JOIN answer a ON a.name = o.name AND a.row->>'variant' = variant AND a.row ? quantity;
SELECT is(array_agg((row->>'p_adjusted')::float8 ORDER BY p), ARRAY[2 * min(p), max(p)], 'Holm of two') FROM answer, LATERAL (SELECT (row->>'p_value')::float8 AS p) x
WHERE name = 'welch' AND row->>'variant' <> 'A' HAVING 2 * min(p) < max(p);
SELECT is(a.p_adjusted, least(a.p_value * 2, b.p_value), 'Benjamini and Hochberg of two') FROM state, affinity.experiment(v, m, 'A', adjust => 'bh') a,
	affinity.experiment(v, m, 'A', adjust => 'none') b WHERE a.variant <> 'A' AND b.variant <> 'A' AND a.variant <> b.variant AND a.p_value < b.p_value;
SELECT ok(bool_and(p_adjusted = p_value), 'none') FROM state, affinity.experiment(v, m, 'A', adjust => 'none') WHERE variant <> 'A';
-- of five, by the definitions: alpha to which each is rejected
CREATE TEMP TABLE five AS SELECT e.* FROM (SELECT array_agg(v ORDER BY v) v, array_agg(m ORDER BY v) m FROM (
	SELECT v, affinity.metric_agg(sin(i * 12.9898 * (v + 1)) + v * 0.05) m FROM generate_series(0, 5) v, generate_series(1, 200) i GROUP BY v) g) s,
	affinity.experiment(v::text[], m, '0') e;
SELECT ok(bool_and(pg_temp.near(p_adjusted, (SELECT least(1, max(c.p_value * (5 - (SELECT count(*) FROM five d WHERE d.p_value < c.p_value)))) FROM five c WHERE c.p_value <= five.p_value))) AND count(*) = 5,
	'Holm of five') FROM five WHERE variant <> '0';

-- 2. Published figures: numbers with this mean and standard deviation, as many.
CREATE FUNCTION pg_temp.like_this(mean float8, sd float8, n int) RETURNS affinity.metric LANGUAGE sql AS $$
	SELECT affinity.metric_agg(mean + sd * CASE WHEN i > n / 2 * 2 THEN 0 WHEN i % 2 = 0 THEN 1 ELSE -1 END * CASE n % 2 WHEN 1 THEN 1 ELSE sqrt((n - 1) / n::float8) END)
	FROM generate_series(1, n) i $$;
CREATE FUNCTION pg_temp.of_these(x int, n int) RETURNS affinity.metric LANGUAGE sql AS $$ SELECT affinity.metric_agg(i <= x) FROM generate_series(1, n) i $$;
SELECT ok(pg_temp.near(difference, 0.29) AND pg_temp.near(low, 0.04537789255929009, 1e-10) AND pg_temp.near(high, 0.5346221074407098, 1e-10) AND
	pg_temp.near(p_value, 0.020158402643586957, 1e-9), 'GrowthBook: Welch''s test of 0.41 and 0.7')
FROM affinity.experiment('{a,b}', ARRAY[pg_temp.like_this(0.41, 3.9, 3407), pg_temp.like_this(0.7, 6.2, 3461)], 'a') WHERE variant = 'b';
SELECT ok(round(lift::numeric, 5) = 0.70732 AND round(lift_low::numeric, 5) = -0.03526 AND round(lift_high::numeric, 5) = 1.44989 AND round(p_value::numeric, 5) = 0.06191,
	'and of its lift, as GrowthBook has it: ' || concat_ws(' ', lift_low, lift_high, p_value))
FROM affinity.experiment('{a,b}', ARRAY[pg_temp.like_this(0.41, 3.9, 3407), pg_temp.like_this(0.7, 6.2, 3461)], 'a', effect => 'lift', lift_interval => 'delta') WHERE variant = 'b';
SELECT ok(pg_temp.near(-difference, d) AND pg_temp.near(p_value, p) AND pg_temp.near(-high, low_2) AND pg_temp.near(-low, high_2), name) FROM (VALUES
	('statsmodels: 5 of 83, 12 of 99', 5, 83, 12, 99, -0.0609711573566995, 0.15918129181157, -0.143150209787943, 0.0212078950745442),
	('200 of 1000, 230 of 1000', 200, 1000, 230, 1000, -0.03, 0.102495875379893, -0.0659854938614991, 0.0059854938614991),
	('1000 and 1100 of 20000', 1000, 20000, 1100, 20000, -0.005, 0.0249730067606443, -0.00937109320530086, -0.000628906794699131),
	('R''s smokers: 83 of 86, 70 of 82', 83, 86, 70, 82, 0.111457742484402, 0.0113289604246875, 0.0256892533216763, 0.197226231647127)
	) x (name, x1, n1, x2, n2, d, p, low_2, high_2), affinity.experiment('{a,b}', ARRAY[pg_temp.of_these(x1, n1), pg_temp.of_these(x2, n2)], 'a', 'z', z_interval => 'wald')
WHERE variant = 'b';
-- Newcombe 1998, table II, method 10: 56/70 - 48/80, 9/10 - 3/10, 5/56 - 0/29, 10/10 - 0/20
SELECT ok(round(low::numeric, 4) = l AND round(high::numeric, 4) = h, format('Newcombe: %s of %s, %s of %s: %s %s', x1, n1, x2, n2, low, high)) FROM (VALUES
	(56, 70, 48, 80, 0.0524, 0.3339), (9, 10, 3, 10, 0.1705, 0.8090), (5, 56, 0, 29, -0.0381, 0.1926), (10, 10, 0, 20, 0.6791, 1.0000)) x (x1, n1, x2, n2, l, h),
	affinity.experiment('{a,b}', ARRAY[pg_temp.of_these(x2, n2), pg_temp.of_these(x1, n1)], 'a', 'z') WHERE variant = 'b';
SELECT ok(pg_temp.near(w.low, wl) AND pg_temp.near(w.high, wh) AND pg_temp.near(c.low, cl) AND pg_temp.near(c.high, ch), format('R: %s of %s', x, n)) FROM (VALUES
	(81, 263, 0.255288519878274, 0.3662095769828, 0.252736745585271, 0.367621922601351), (15, 148, 0.0623863995307363, 0.160487241723308, 0.0578440100834486, 0.161650490349479),
	(0, 20, 0, 0.161125158052819, 0, 0.168433470983085), (1, 29, 0.00611321429276266, 0.171755218793203, 0.000872646883579923, 0.177644295488723)) v (x, n, wl, wh, cl, ch),
	affinity.proportion_interval(x, n) w, affinity.proportion_interval(x, n, method => 'clopper_pearson') c;
-- 1e15 trials, where x^a, y^b and B(a, b) have none of their digits left: the limits, Poisson's and the normal one (scipy's gamma.ppf)
SELECT is_empty($$SELECT x.*, c.low, c.high FROM (VALUES (1, 0.025317807984289897, 5.571643390938898), (5, 1.6234863901184225, 11.668332079322669), (100, 81.36399125092314, 121.62679379242638)) x (k, l, h), unnest('{1e12,1e13,1e14,1e15}'::float8[]) n,
	affinity.proportion_interval(k, n::bigint, method => 'clopper_pearson') c WHERE abs(c.low * n / l - 1) > 1e-9 OR abs(c.high * n / h - 1) > 1e-9$$, 'Clopper and Pearson: few of 1e12 to 1e15');
SELECT is_empty($$SELECT n, s, c.low, c.high FROM unnest('{1e12,1e13,1e14,1e15}'::float8[]) n, unnest('{0.001,0.3,0.5,0.9999}'::float8[]) s, affinity.proportion_interval((n * s)::bigint, n::bigint, method => 'clopper_pearson') c
	WHERE abs((c.low - s) / sqrt(s * (1 - s) / n) + 1.959963984540054) > 1e-3 OR abs((c.high - s) / sqrt(s * (1 - s) / n) - 1.959963984540054) > 1e-3$$, 'and many');
SELECT is_empty($$SELECT a, b, low, high, chance_to_beat FROM (SELECT pg_temp.of_these(3, 9) AS m) q, unnest('{0.5,10,3e3,1e6,1e9,1e12,1e15}'::float8[]) a, unnest('{0.5,10,3e3,1e6,1e9,1e12,1e15}'::float8[]) b,
	affinity.experiment('{a,b}', ARRAY[m, m], 'a', 'bayesian', prior_alpha => a, prior_beta => b) r
	WHERE variant = 'b' AND NOT (low < 0 AND abs(low / high + 1) < CASE WHEN least(a, b) < 1 THEN 1e-4 ELSE 1e-6 END AND abs(chance_to_beat - 0.5) < 1e-8 AND (a < 1e6 OR b < 1e6 OR abs(high / (1.959963984540054 * sqrt(2 * a / (a + b) * (b / (a + b)) / (a + b))) - 1) < 1e-4))$$, 'beta posteriors of two arms that are the same, with priors up to 1e15');
SELECT is_empty($$SELECT a, r.high, s.high FROM (SELECT pg_temp.of_these(3, 9) AS m, pg_temp.of_these(7, 9) AS n) q, unnest('{0.001,1,30,1e3,5e3}'::float8[]) a, affinity.experiment('{a,b}', ARRAY[m, n], 'a', 'bayesian', prior_alpha => a, prior_beta => 1e15) r,
	affinity.experiment('{a,b}', ARRAY[m, n], 'a', 'bayesian', prior_alpha => a, prior_beta => 1e12) s WHERE r.variant = 'b' AND s.variant = 'b' AND (abs(r.high / s.high * 1000 - 1) > 1e-6 OR abs(r.lift_low - s.lift_low) > 1e-6 OR abs(r.chance_to_beat - s.chance_to_beat) > 1e-6)$$, 'of rare events, whose shares are so many times less');
SELECT ok(pg_temp.near(p_value, p, 1e-9) AND pg_temp.near(high - difference, half, 1e-9) AND pg_temp.near(difference - low, half, 1e-9), format('mSPRT: %s units, tau^2 %s', 2 * n, tau2))
FROM (VALUES (100, 0.5, 2.0, 0.01, 0.152498460315, 0.619528675134), (100, 0.5, 2.0, 1.0, 0.0155835693897, 0.449927904968), (1000, 0.1, 2.0, 0.01, 0.30499692063, 0.136673836703),
	(1000, 0.1, 2.0, 0.1, 0.615655591943, 0.142279696257), (5000, 0.05, 0.5, 0.0025, 3.07327253065e-05, 0.0310153889683), (10000, 0.01, 0.18, 0.0001, 0.243194795079, 0.0129304505825)
	) x (n, d, v, tau2, p, half), affinity.experiment('{a,b}', ARRAY[pg_temp.like_this(0, sqrt(v / 2), n), pg_temp.like_this(d, sqrt(v / 2), n)], 'a', 'msprt', tau => sqrt(tau2))
WHERE variant = 'b';
\if :published
CREATE TEMP TABLE cuped (unit int, arm text, pre float8, post float8);
\copy cuped FROM '../shared/data/published/cuped_rows.csv' CSV HEADER
SELECT ok(pg_temp.near(e.control_mean, mean_a, 1e-10) AND pg_temp.near(e.mean, mean_b, 1e-10) AND pg_temp.near(e.difference, d, 1e-9) AND pg_temp.near(e.p_value, p, 1e-10),
	'CUPED, published: ' || method || ' ' || theta)
FROM (SELECT array_agg(arm) AS v, array_agg(m) AS m FROM (SELECT arm, affinity.metric_agg(post, pre) AS m FROM cuped GROUP BY 1) g) s, (VALUES
	('welch', 'pooled', 27.61, 27.82, 0.21, 0.852936770807), ('cuped', 'pooled', 27.6480858032, 27.7819141968, 0.133828393533, 0.879860650395),
	('cuped', 'within', 27.6480838475, 27.7819161525, 0.133832305079, 0.879857165588)) x (method, theta, mean_a, mean_b, d, p),
	affinity.experiment(v, m, 'A', method, theta => theta) e WHERE variant = 'B';
\else
SELECT skip('../shared/data/published is not there', 3);
\endif

-- 3. Identities.
-- values times a power of two, far beyond what squares of doubles are: nothing else changes
SELECT ok(bool_and(a.difference = b.difference * power(2::float8, e) AND a.low = b.low * power(2::float8, e) AND a.p_value = b.p_value AND a.lift_low = b.lift_low AND
	a.chance_to_beat = b.chance_to_beat AND a.expected_loss = b.expected_loss * power(2::float8, e)) AND count(*) = 2, 'times 2^' || e || ': ' || method)
FROM (VALUES (990), (-990), (700)) x (e), (VALUES ('welch'), ('cuped')) y (method),
	LATERAL (SELECT array_agg(v) AS v, array_agg(m) AS m, array_agg(s) AS s FROM (SELECT v, affinity.metric_agg(x, y) AS m,
		affinity.metric_agg(x * power(2::float8, e), y * power(2::float8, e / 2)) AS s FROM unit GROUP BY v) g) s,
	affinity.experiment(v, m, 'A', method, adjust => 'none') b, affinity.experiment(v, s, 'A', method, adjust => 'none') a
WHERE a.variant = b.variant AND a.variant <> 'A' GROUP BY e, method ORDER BY e, method;
-- whole numbers around 1e15: the same difference and variance
SELECT is((a.difference, a.low, a.high, a.p_value), (b.difference, b.low, b.high, b.p_value), 'around 1e15')
FROM (SELECT array_agg(v) AS v, array_agg(m) AS m, array_agg(s) AS s FROM (SELECT v, affinity.metric_agg(floor(x)) AS m, affinity.metric_agg(floor(x) + 1e15) AS s
	FROM unit WHERE v <> 'C' AND i <= 64 GROUP BY v) g) s, affinity.experiment(v, m, 'A') b, affinity.experiment(v, s, 'A') a WHERE a.variant = 'B' AND b.variant = 'B';
-- strata that are one are none; CUPED of a constant covariate is Welch's test
SELECT is((a.difference, a.low, a.p_value), (b.difference, b.low, b.p_value), 'one stratum') FROM state, affinity.experiment(v, m, 'A') a,
	affinity.experiment_stratified(v, array_fill('all'::text, ARRAY[3]), m, 'A') b WHERE a.variant = b.variant AND a.variant = 'B';
SELECT is((a.difference, a.low, a.p_value), (b.difference, b.low, b.p_value), 'a constant covariate') FROM state,
	LATERAL (SELECT array_agg(g.v) AS w, array_agg(g.m) AS n FROM (SELECT u.v, affinity.metric_agg(x, 7) AS m FROM unit u GROUP BY u.v) g) g,
	affinity.experiment(v, m, 'A') a, affinity.experiment(w, n, 'A', 'cuped') b WHERE a.variant = b.variant AND a.variant = 'B';
-- the order of the arrays does not matter
SELECT is(array_agg(a::text ORDER BY a.variant), array_agg(b::text ORDER BY a.variant), 'in another order') FROM state,
	LATERAL (SELECT array_agg(w ORDER BY o DESC) AS w, array_agg(n ORDER BY o DESC) AS n FROM unnest(v, c) WITH ORDINALITY u (w, n, o)) r,
	affinity.experiment(v, c, 'A', 'cuped') a, affinity.experiment(w, n, 'A', 'cuped') b WHERE a.variant = b.variant;
SELECT is(array_agg(variant), '{B,A,C}', 'the control comes first, then names in order') FROM state, affinity.experiment(v, m, 'B');
-- variants the other way round: the same p-value, chances that sum to 1
SELECT ok(pg_temp.near(a.p_value, b.p_value) AND pg_temp.near(a.low, -b.high) AND pg_temp.near(a.chance_to_beat + b.chance_to_beat, 1) AND pg_temp.near(a.expected_loss - b.expected_loss, -a.difference, 1e-9),
	method || ' the other way round')
FROM state, (VALUES ('welch'), ('sequential'), ('msprt')) x (method), affinity.experiment(v[1:2], m[1:2], v[1], method, tau => 1) a, affinity.experiment(v[1:2], m[1:2], v[2], method, tau => 1) b
WHERE a.difference IS NOT NULL AND b.difference IS NOT NULL AND (method = 'welch') ORDER BY 1;
-- a negative control: the lift goes where the difference goes
SELECT ok(pg_temp.near(a.lift, -b.lift) AND pg_temp.near(a.lift_low, -b.lift_high) AND pg_temp.near(a.lift_high, -b.lift_low), 'lift of a negative control: ' || kind)
FROM (VALUES ('delta'), ('fieller')) k (kind), LATERAL (SELECT array_agg(v) AS v, array_agg(m) AS m, array_agg(s) AS s FROM (
	SELECT v, affinity.metric_agg(x) AS m, affinity.metric_agg(-x) AS s FROM unit GROUP BY v) g) s,
	affinity.experiment(v, m, 'A', lift_interval => kind) a, affinity.experiment(v, s, 'A', lift_interval => kind) b WHERE a.variant = 'B' AND b.variant = 'B' ORDER BY kind;

-- 4. Extremes.
SELECT is((SELECT (e.difference, trim_scale(round(e.low::numeric, 12)), trim_scale(round(e.high::numeric, 12)), e.lift, e.p_value, e.significant)::text FROM affinity.experiment('{a,b}', ARRAY[(SELECT affinity.metric_agg(x) FROM unnest(a) x),
	(SELECT affinity.metric_agg(x) FROM unnest(b) x)], 'a', method, tau => 1) e WHERE variant = 'b'), answer, name || ', ' || method) FROM (VALUES
	('all zeros', '{0,0,0}'::float8[], '{0,0}'::float8[], 'welch', '(0,0,0,,,)'), ('all zeros', '{0,0,0}', '{0,0}', 'sequential', '(0,0,0,,,)'),
	('all zeros', '{0,0,0}', '{0,0}', 'msprt', '(0,0,0,,,)'), ('no variance', '{2,2}', '{3,3,3}', 'welch', '(1,1,1,0.5,,)'),
	('one varies', '{1,1}', '{1,3}', 'welch', '(1,-11.706204736175,13.706204736175,1,0.5,f)')) x (name, a, b, method, answer);
SELECT ok(p_value IS NULL AND low < 0 AND high > 0, 'all or none converted: no z, but Newcombe''s interval') FROM affinity.experiment('{a,b}', ARRAY[pg_temp.of_these(0, 5), pg_temp.of_these(0, 7)], 'a', 'z')
WHERE variant = 'b';
SELECT ok(chance_to_beat BETWEEN 0.4 AND 0.6 AND low < 0 AND high > 0 AND NOT significant, 'nor are beta posteriors undone by it')
FROM affinity.experiment('{a,b}', ARRAY[pg_temp.of_these(0, 5), pg_temp.of_these(0, 6)], 'a', 'bayesian') WHERE variant = 'b';
SELECT ok(pg_temp.near(difference, 1e300 * 2 / 3, 1e-12) AND pg_temp.near(p_value, 0.183503419072274) AND low < 0 AND high > 0, 'heavy tails: 1e300')
FROM affinity.experiment('{a,b}', ARRAY[(SELECT affinity.metric_agg(x) FROM unnest('{1e300,1,1e-300}'::float8[]) x), (SELECT affinity.metric_agg(x) FROM unnest('{1e300,1e300,1e300}'::float8[]) x)], 'a')
WHERE variant = 'b';
SELECT ok(pg_temp.near(lift, -1) AND p_value < 1e-3, '1e-300 against 1') FROM affinity.experiment('{a,b}',
	ARRAY[(SELECT affinity.metric_agg(1 + i * 1e-3) FROM generate_series(1, 9) i), (SELECT affinity.metric_agg(i * 1e-300) FROM generate_series(1, 9) i)], 'a') WHERE variant = 'b';
SELECT ok(lift_low = '-Infinity' AND lift_high = 'Infinity', 'a control that may be 0: its lift is unknown') FROM affinity.experiment('{a,b}',
	ARRAY[(SELECT affinity.metric_agg(x) FROM unnest('{-3,3,0.1}'::float8[]) x), (SELECT affinity.metric_agg(x) FROM unnest('{4,5,6}'::float8[]) x)], 'a') WHERE variant = 'b';
SELECT is(count(*), 0::bigint, 'no groups, no rows') FROM affinity.experiment(NULL, NULL, 'A');
SELECT ok(bool_and(abs(a.chance_to_beat - b.chance_to_beat) < 2e-4 AND abs(a.low - b.low) < 2e-5), 'millions: beta posteriors are about normal, and quick')
FROM (SELECT ARRAY[affinity.rollup(a), affinity.rollup(b)] AS m FROM (SELECT pg_temp.of_these(500, 5000) AS a, pg_temp.of_these(503, 5000) AS b) s, generate_series(1, 400)) s,
	affinity.experiment('{a,b}', m, 'a', 'bayesian') a, affinity.experiment('{a,b}', m, 'a') b WHERE a.variant = 'b' AND b.variant = 'b';

SELECT is((SELECT array_agg(e::text) FROM affinity.experiment(ARRAY[v[3], v[1], v[2]], ARRAY[m[3], m[1], m[2]]) e), (SELECT array_agg(e::text) FROM affinity.experiment(v, m, (SELECT min(x COLLATE "C") FROM unnest(v) x)) e), 'without a control it is the first by name, wherever it stands') FROM state;
SELECT ok(lift = -1 AND (lift_low, lift_high) = (-1, -1) AND abs(p_value - d.p) < 1e-15, 'nothing in the variant: no lift is no difference, ' || d.method) FROM (SELECT ARRAY[(SELECT affinity.metric_agg(i % 3 + 20) FROM generate_series(1, 90) i), (SELECT affinity.metric_agg(0 * i) FROM generate_series(1, 90) i)] AS m) s,
	LATERAL (SELECT method, p_value AS p FROM unnest('{welch,sequential,msprt}'::text[]) method, affinity.experiment('{a,b}', m, method => method, tau => 1) WHERE variant = 'b') d, affinity.experiment('{a,b}', m, method => d.method, tau => 1, effect => 'lift') e WHERE e.variant = 'b';
SELECT ok(lift_low <= 0 AND lift_high >= 0 AND p_value > 0.05 AND p_value = (SELECT p_value FROM affinity.experiment('{a,b}', m) WHERE variant = 'b'), 'a lift''s p-value says what its interval says, by Fieller') FROM (SELECT ARRAY[(SELECT affinity.metric_agg(x) FROM unnest('{1,2,9,1,2}'::float8[]) x), (SELECT affinity.metric_agg(x) FROM unnest('{8,9,4,2,3}'::float8[]) x)] AS m) s,
	affinity.experiment('{a,b}', m, effect => 'lift') e WHERE e.variant = 'b';

-- 5. What is refused.
CREATE TEMP TABLE s AS SELECT v, m, c, r, q, p, m[1] AS one, c[1] AS cov, r[1] AS rat, q[1] AS qua FROM state;
SELECT throws_ok('SELECT e.* FROM s, affinity.experiment(' || call || ') e', code, message, call) FROM (VALUES
	('v, m, ''Z''', '22023', 'there is no variant "Z", which is to be the control'),
	('v[1:2], m, v[1]', '2202E', 'there are 2 variants, but 3 metrics'),
	('v, m[1:1], v[1]', '2202E', 'there are 3 variants, but 1 metrics'),
	('v[1:1], m[1:1], v[1]', '22023', format('there is no variant beside the control "%s"', (SELECT v[1] FROM s))),
	('''{A,B,B}'', m, ''A''', '22023', 'variant "B" is there twice'),
	('''{A,B,NULL}'', m, ''A''', '22004', 'variants must not contain null'),
	('v, ARRAY[one, one, NULL], ''A''', '22004', 'metrics must not contain null'),
	('NULL, m, ''A''', '22004', 'variants must not be null'),
	('v, NULL, ''A''', '22004', 'metrics must not be null'),
	('''{{A,B,C}}'', m, ''A''', '2202E', 'variants must have one dimension, not 2'),
	('''{}'', ''{}'', ''A''', '22023', 'there is no variant "A", which is to be the control'),
	('v, m, ''A'', ''student''', '22023', 'unknown method "student"'),
	('v, m, ''A'', NULL', '22004', 'method must not be null'),
	('v, m, ''A'', ''z''', '22023', 'method z takes proportions, metrics of true and false'),
	('v, m, ''A'', ''cuped''', '22023', 'method cuped needs metrics with a covariate, not of metric_agg(value)'),
	('v, r, ''A'', ''cuped''', '22023', 'method cuped needs metrics with a covariate, not of ratio_agg'),
	('v, m, ''A'', ''msprt''', '22004', 'method msprt needs tau'),
	('v, m, ''A'', ''msprt'', tau => 0', '22023', 'tau must be more than 0, but is 0'),
	('v, m, ''A'', ''msprt'', tau => ''Infinity''', '22023', 'tau must be finite'),
	('v, m, ''A'', ''sequential'', horizon => -5', '22023', 'horizon must be more than 0, but is -5'),
	('v, m, ''A'', confidence => 95', '22023', 'confidence must be between 0 and 1, but is 95'),
	('v, m, ''A'', confidence => ''NaN''', '22023', 'confidence must be between 0 and 1, but is NaN'),
	('v, m, ''A'', alternative => ''both''', '22023', 'unknown alternative "both"'),
	('v, m, ''A'', adjust => ''bonferroni''', '22023', 'unknown adjust "bonferroni"'),
	('v, m, ''A'', effect => ''ratio''', '22023', 'unknown effect "ratio"'),
	('v, m, ''A'', lift_interval => ''log''', '22023', 'unknown lift_interval "log"'),
	('v, m, ''A'', z_interval => ''exact''', '22023', 'unknown z_interval "exact"'),
	('v, m, ''A'', theta => ''0.5''', '22023', 'unknown theta "0.5"'),
	('v, m, ''A'', prior_sd => -1', '22023', 'prior_sd must be more than 0, but is -1'),
	('v, m, ''A'', prior_mean => ''NaN''', '22023', 'prior_mean must be a number, but is NaN'),
	('v, m, ''A'', prior_alpha => 0', '22023', 'prior_alpha must be more than 0, but is 0'),
	('v, m, ''A'', prior_beta => 1e-9', '22023', 'prior_alpha and prior_beta must be from 0.001 to 1e15, but are 1 and 1e-09'),
	('''{A,B}'', ARRAY[one, cov], ''A''', '22023', 'metrics of metric_agg(value) and of metric_agg(value, covariate) cannot be compared'),
	('''{A,B}'', ARRAY[qua, rat], ''A''', '22023', 'metrics of ratio_agg and of metric_quantile_agg cannot be compared'),
	('''{A,B}'', ARRAY[qua, (SELECT affinity.metric_quantile_agg(1, 0.5))], ''A''', '22023', 'quantiles 0.5 and 0.9 cannot be compared'),
	('''{A,B}'', ARRAY[one, (SELECT affinity.metric_agg(1))], ''A''', '22023', 'variant "B" has 1 unit, but needs 2'),
	('''{A,B}'', ARRAY[rat, (SELECT affinity.ratio_agg(x, 0) FROM generate_series(1, 3) x)], ''A''', '22023', 'the denominators of variant "B" sum to 0')) x (call, code, message);
SELECT throws_ok('SELECT e.* FROM s, affinity.experiment_stratified(' || call || ') e', code, message, 'stratified: ' || call) FROM (VALUES
	('''{A,B,A}'', ''{x,x,y}'', m, ''A''', '22023', 'not every variant is in every stratum: compare "A" and "B"'),
	('''{A,B,B}'', ''{x,x,x}'', m, ''A''', '22023', 'variant "B" is there twice in stratum "x"'),
	('''{A,B,C}'', ''{x,x}'', m, ''A''', '2202E', 'there are 3 variants, but 2 strata'),
	('''{A,B,C}'', ''{x,x,NULL}'', m, ''A''', '22004', 'strata must not contain null'),
	('''{A,B}'', ''{x,x}'', ARRAY[one, (SELECT affinity.metric_agg(1))], ''A''', '22023', 'variant "B" has 1 unit in stratum "x", but needs 2'),
	('v, v, p, ''A'', ''z''', '22023', 'not every variant is in every stratum: compare "A" and "B"'),
	('v, ''{x,x,x}'', p, ''A'', ''z''', '22023', 'method z takes no strata')) x (call, code, message);
SELECT throws_like('SELECT affinity.winsorize(' || call || ') FROM s', message, 'winsorize: ' || call) FROM (VALUES ('m', 'winsorize needs metrics of metric_quantile_agg, not of metric_agg(value)'),
	('q, 1.5', 'upper must be from 0 to 1, but is 1.5'), ('q, 0.1, 0.2', 'lower 0.2% is above upper 0.1%'), ('q, NULL', 'upper must not be null'),
	('ARRAY[qua, NULL]', 'metrics must not contain null')) x (call, message);
SELECT throws_like('SELECT affinity.proportion_interval(' || call || ')', message, 'proportion_interval: ' || call) FROM (VALUES ('5, 4', '5 of 4 is no proportion'), ('-1, 4', '-1 of 4 is no proportion'),
	('1, 4, 95', 'confidence must be between 0 and 1, but is 95'), ('1, 4, method => ''exact''', 'unknown method "exact"')) x (call, message);
SELECT is(affinity.proportion_interval(0, 0), NULL, 'of no trials there is none');
SELECT * FROM finish();
ROLLBACK;
