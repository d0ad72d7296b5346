-- Pareto/NBD and BG/BB against published figures; each set has its source.
-- CDNOW's customers may not be part of the project: what needs them is skipped
-- where ../shared/data is not there.
\set ON_ERROR_STOP on
\set cdnow `test -f ../shared/data/published/data_cdnow_customers_summary.csv && echo true || echo false`
BEGIN;
SELECT plan(32);
SET LOCAL client_min_messages = error;
CREATE FUNCTION pg_temp.prints(value float8, printed text) RETURNS boolean LANGUAGE sql AS $$
	SELECT round(value::numeric, greatest(scale(printed::numeric), 0)) = printed::numeric
$$;
CREATE FUNCTION pg_temp.near(value float8, expected float8, relative float8 DEFAULT 1e-9) RETURNS boolean LANGUAGE sql AS $$
	SELECT abs(value - expected) <= relative * abs(expected)
$$;
CREATE FUNCTION pg_temp.pareto(r float8, alpha float8, s float8, beta float8) RETURNS affinity.pareto_nbd LANGUAGE sql AS $$
	SELECT ROW(r, alpha, s, beta, NULL, NULL, NULL, NULL, NULL, NULL, NULL)::affinity.pareto_nbd $$;

-- P. Fader, B. Hardie, K. L. Lee, "A Note on Implementing the Pareto/NBD Model
-- in MATLAB" (2005) and the walk-through of BTYD (R): CDNOW, 2357 customers.
\if :cdnow
CREATE TEMP TABLE cdnow (id int, frequency float8, recency float8, t float8);
\copy cdnow FROM '../shared/data/published/data_cdnow_customers_summary.csv' CSV HEADER
CREATE TEMP TABLE fit AS SELECT affinity.pareto_nbd_fit(frequency, recency, t) AS f FROM cdnow;
SELECT ok(pg_temp.prints((f).r, '0.553') AND abs((f).alpha - 10.578) < 0.0006 AND pg_temp.prints((f).s, '0.606')
	AND abs((f).beta - 11.669) < 0.002 AND pg_temp.prints((f).log_likelihood, '-9595.0') AND (f).n = 2357 AND (f).converged,
	'Pareto/NBD of CDNOW') FROM fit;
SELECT ok(pg_temp.near((f).log_likelihood, -9594.97393, 1e-8) AND pg_temp.near((f).r, 0.5532755646, 1e-3)
	AND pg_temp.near((f).alpha, 10.57761282, 1e-3) AND pg_temp.near((f).s, 0.6062134317, 1e-3)
	AND pg_temp.near((f).beta, 11.66790552, 1e-3), 'as scipy finds it') FROM fit;
\else
SELECT skip('no ../shared/data/published/data_cdnow_customers_summary.csv', 2);
\endif
-- The manual of BTYD prints E[X(t)] by parameters of its own; the walk-through
-- of BTYD, page 8, P(alive) and E[Y(52)] of customer 1516.
SELECT is_empty($$
	SELECT t, printed, e FROM (VALUES (0, 0), (1, 0.05077821), (2, 0.09916088), (3, 0.14542507), (9, 0.38909211)) v (t, printed),
		affinity.expected_purchases(pg_temp.pareto(0.55, 10.56, 0.61, 11.64), t) e
	WHERE abs(e - printed) > 0.003$$, 'E[X(t)] near the manual of BTYD');
SELECT ok(pg_temp.prints(affinity.probability_alive(m, 26, 30.86, 31), '0.9979')
	AND pg_temp.prints(affinity.expected_purchases(m, 26, 30.86, 31, 52), '25.46'), 'P(alive) and E[Y(52)] of BTYD''s customer 1516')
FROM pg_temp.pareto(0.5533971, 10.5801985, 0.6060625, 11.6562237) m;
SELECT ok(pg_temp.near(affinity.probability_alive(m, 26, 30.86, 31), 0.9979177665519067, 1e-13)
	AND pg_temp.near(affinity.expected_purchases(m, 26, 30.86, 31, 52), 25.454913511499722, 1e-13), 'as scipy.integrate.quad has it')
FROM pg_temp.pareto(0.5534, 10.5802, 0.6061, 11.6562) m;
-- P(alive) where 2F1 is elementary: r + x = 1, s = 1, integral of 1 / ((alpha + v) (beta + v)^2).
SELECT is_empty($$
	SELECT alpha, beta, t, p FROM (VALUES (10.0::float8, 3.0::float8, 30.0::float8), (3, 10, 5), (0.01, 70, 1.5), (70, 0.01, 900)) v (alpha, beta, t),
		affinity.probability_alive(pg_temp.pareto(1, alpha, 1, beta), 0, 0, t) p
	WHERE NOT pg_temp.near(p, 1 / (1 + (alpha + t) * (beta + t) * (ln((beta + t) / (alpha + t) * alpha / beta) / (alpha - beta) ^ 2 * -1
		+ (1 / beta - 1 / (beta + t)) / (alpha - beta))), 1e-9)$$,
	'P(alive) where it is elementary, alpha above and below beta');
-- E[X(t)] = r beta / (alpha (s - 1)) (1 - (beta / (beta + t))^(s - 1)), ln for s = 1
SELECT is_empty($$
	SELECT s, t FROM unnest('{0.3,0.999999,1,1.000001,2,40}'::float8[]) s, unnest('{0.001,1,50,1e5}'::float8[]) t,
		affinity.expected_purchases(pg_temp.pareto(0.5, 10, s, 12), t) e
	WHERE NOT pg_temp.near(e, 0.5 / 10 * CASE WHEN abs(s - 1) < 1e-5 THEN 12 * ln(1 + t / 12) ELSE 12 * (1 - (1 + t / 12) ^ (1 - s)) / (s - 1) END, 1e-4)$$,
	'E[X(t)] in closed form');
SELECT is_empty($$
	SELECT x, u, t, p, w FROM (VALUES (0, 0.0, 0.0), (0, 0, 1e-9), (1e6, 5, 6), (1e6, 5.9999999, 6), (1e6, 6, 6), (3, 0, 1e300), (1, 1e-300, 1), (1e15, 1, 2)) v (x, u, t),
		(VALUES (0.5, 10.0, 0.6, 12.0), (1e-10, 1e-10, 1e-10, 1e-10), (1e8, 1e-5, 30, 1e9), (1e-300, 1e300, 1, 1e-300)) m (r, alpha, s, beta),
		affinity.probability_alive(pg_temp.pareto(r, alpha, s, beta), x, u, t) p,
		affinity.lifetime_value(pg_temp.pareto(r, alpha, s, beta), '(6,4,15,,,,,,)', x, u, t, 3, 100, 0.01) w
	WHERE p IS NULL OR NOT p BETWEEN 0 AND 1 OR w IS NULL OR w = 'NaN' OR w < 0$$, 'from no time to 1e300');
SELECT is_empty($$
	SELECT rate, v, summed FROM pg_temp.pareto(0.55, 10.6, 0.6, 11.7) m, unnest('{0.0002,0.01,0.3,9}'::float8[]) rate,
		affinity.lifetime_value(m, '(6,4,15,,,,,,)', 2, 30.43, 38.86, 22.35, 52, rate) v,
		LATERAL (SELECT affinity.expected_spend('(6,4,15,,,,,,)'::affinity.gamma_gamma, 2, 22.35) * sum((affinity.expected_purchases(m, 2, 30.43, 38.86, i / 64.0)
			- affinity.expected_purchases(m, 2, 30.43, 38.86, (i - 1) / 64.0)) / (1 + rate) ^ ((i - 0.5) / 64)) AS summed
			FROM generate_series(1, 52 * 64) i) s
	WHERE NOT pg_temp.near(v, summed, 1e-4)$$, 'a discounted value is the sum over short times');

-- P. Fader, B. Hardie, J. Shang, "Customer-Base Analysis in a Discrete-Time
-- Noncontractual Setting", Marketing Science 29 (2010): 11,104 donors of 1995,
-- by the years from 1996 to 2001 in which they gave (table 1), parameters in
-- table 3, P(alive in 2002) in table 6.
CREATE TEMP TABLE donor (x int, u int, n int, donors int);
INSERT INTO donor VALUES
	(0, 0, 6, 3464), (1, 1, 6, 1091), (1, 2, 6, 277), (1, 3, 6, 129), (1, 4, 6, 78), (1, 5, 6, 119), (1, 6, 6, 129), (2, 2,
	6, 613), (2, 3, 6, 255), (2, 4, 6, 155), (2, 5, 6, 173), (2, 6, 6, 234), (3, 3, 6, 322), (3, 4, 6, 181), (3, 5, 6, 225),
	(3, 6, 6, 357), (4, 4, 6, 240), (4, 5, 6, 284), (4, 6, 6, 512), (5, 5, 6, 335), (5, 6, 6, 728), (6, 6, 6, 1203);
CREATE TEMP TABLE donation AS SELECT affinity.bg_bb_fit(x, u, n, donors) AS f FROM donor;
SELECT is(sum(donors), 11104::bigint, 'all donors of the paper') FROM donor;
SELECT ok(pg_temp.prints((f).alpha, '1.204') AND pg_temp.prints((f).beta, '0.750') AND pg_temp.prints((f).gamma, '0.657')
	AND pg_temp.prints((f).delta, '2.783') AND pg_temp.prints((f).log_likelihood, '-33225.6') AND (f).n = 11104 AND (f).converged,
	'BG/BB of the donors') FROM donation;
SELECT ok(pg_temp.near((f).alpha, 1.203522319, 1e-5) AND pg_temp.near((f).log_likelihood, -33225.58127, 1e-9), 'as scipy finds it') FROM donation;
SELECT is_empty($$
	SELECT x, u, printed FROM donation, (VALUES (0, 0, '0.11'), (2, 4, '0.59'), (6, 6, '0.93')) v (x, u, printed)
	WHERE NOT pg_temp.prints(affinity.probability_alive(f, x, u, 6, 1), printed)$$, 'P(alive in 2002) of table 6');
-- The paper's spreadsheet: gifts of 2002 to 2006.
SELECT ok(abs(sum(donors * affinity.expected_purchases(f, x, u, n, 5)) - 12884.2) < 0.1, 'gifts of the next five years') FROM donor, donation;
SELECT ok(pg_temp.near(affinity.expected_purchases(f, 2, 4, 6, 5), (SELECT sum(affinity.expected_purchases(f, 2, 4, 6, h)
	- affinity.expected_purchases(f, 2, 4, 6, h - 1)) FROM generate_series(1, 5) h), 1e-12), 'gifts of several years are those of each') FROM donation;
SELECT ok(pg_temp.near(affinity.expected_purchases(f, 1), (f).alpha / ((f).alpha + (f).beta) * (f).delta / ((f).gamma + (f).delta), 1e-13),
	'a new donor''s next year') FROM donation;
SELECT throws_ok('SELECT affinity.bg_bb_fit(3, 2, 4)', '22023', 'frequency must not exceed recency, but is 3 of 2');
SELECT throws_ok('SELECT affinity.bg_bb_fit(1, 1.5, 4)', '22023', 'recency must be a whole number, but is 1.5');
SELECT throws_ok('SELECT affinity.bg_bb_fit(1, 1, 2000000)', '22023', 't must be at most 1000000 opportunities, but is 2e+06');
SELECT throws_ok('SELECT affinity.expected_purchases(f, 1, 1, 2, 0.5) FROM donation', '22023', 'horizon must be a whole number, but is 0.5');
-- No maximum.
CREATE FUNCTION pg_temp.sound(fit jsonb) RETURNS boolean LANGUAGE sql AS $$
	SELECT NOT (fit ->> 'converged')::boolean AND bool_and(value IS NOT NULL AND value <> 'null' AND jsonb_typeof(value) = 'number'
		OR key ~ '_error$|^converged$') AND bool_and(value::text !~* 'nan|inf') FROM jsonb_each(fit) $$;
SELECT ok(pg_temp.sound(to_jsonb(affinity.pareto_nbd_fit(0, 0, n))) AND pg_temp.sound(to_jsonb(affinity.pareto_nbd_fit(n, n, n)))
	AND pg_temp.sound(to_jsonb(affinity.bg_bb_fit(0, 0, n))) AND pg_temp.sound(to_jsonb(affinity.bg_bb_fit(n, n, n))),
	'nobody bought again, or nobody left') FROM generate_series(1, 20) n;
SELECT ok(pg_temp.sound(to_jsonb(affinity.pareto_nbd_fit(1, 1e-300, 1e300))) AND pg_temp.sound(to_jsonb(affinity.pareto_nbd_fit(1e6, 0, 0)))
	AND pg_temp.sound(to_jsonb(affinity.bg_bb_fit(1, 1, 1000000))) AND pg_temp.sound(to_jsonb(affinity.bg_bb_fit(0, 0, 0))), 'one customer');
SELECT ok(affinity.pareto_nbd_fit(NULL, 1, 1) IS NULL AND affinity.bg_bb_fit(NULL, 1, 1) IS NULL, 'no rows that count');
-- Models that somebody put together, up to the ends of double.
SELECT is_empty($$
	SELECT a, b, c, v FROM unnest('{1e-300,1e-9,0.5,1e9,1e300}'::float8[]) a, unnest('{1e-300,2,1e300}'::float8[]) b,
		unnest('{1e-300,1,1e300}'::float8[]) c, LATERAL (SELECT format('(%s,%s,%s,,,,,,)', a, b, c)::affinity.bdw AS m) m,
		LATERAL (VALUES (affinity.survival(m, 1e15)), (affinity.survival(m, 3)), (affinity.expected_lifetime(m)),
			(affinity.expected_lifetime(m, 1e-300)), (affinity.expected_lifetime(m, 1e300)), (affinity.expected_residual_lifetime(m, 1e15, 0.01))) v (v)
	WHERE v IS NULL OR v = 'NaN' OR v < 0 LIMIT 5$$, 'BdW');
-- Renewals up to 1e15, where periods that follow each other differ in the last digits only. Without a discount the sum is
-- (beta + renewals) / (alpha - 1); with one that ends long before customers leave, (1 + d) / d; in between, n d = 1000, it is
-- the asymptotic series of the integral of (1 + s / n)^-alpha exp(-d s).
SELECT is_empty($$SELECT n, a, v FROM unnest('{0,7,1e3,1e6,1e9,1e12,1e15}'::float8[]) n, unnest('{1.5,2,30}'::float8[]) a,
	affinity.expected_residual_lifetime(format('(%s,3,,,,,)', a)::affinity.sbg, n, 0) v WHERE abs(v / ((n + 3) / (a - 1)) - 1) > 1e-10$$, 'sBG: any number of renewals, not discounted');
SELECT is_empty($$SELECT n, v FROM unnest('{1e12,1e13,1e14,1e15}'::float8[]) n, unnest('{0.01,0.1,1,3}'::float8[]) d, unnest('{0.5,2,30}'::float8[]) a,
	LATERAL (VALUES (affinity.expected_residual_lifetime(format('(%s,3,,,,,)', a)::affinity.sbg, n, d)), (affinity.expected_residual_lifetime(format('(%s,3,1.2,,,,,,)', a)::affinity.bdw, n, d))) f (v)
	WHERE abs(v / ((1 + d) / d) - 1) > 1e-8$$, 'sBG and BdW: whoever has stayed so long stays, but for the discount');
SELECT is_empty($$SELECT n, v FROM unnest('{1e9,1e12,1e15}'::float8[]) n, affinity.expected_residual_lifetime('(2,1,,,,,)'::affinity.sbg, n, 1000 / n) v
	WHERE abs(v * ln(1 + 1000 / n::numeric)::float8 / (1 - 2e-3 + 6e-6 - 2.4e-8 + 1.2e-10) - 1) > 1000 / n + 1e-11$$, 'sBG: discounts as slow as leaving');
SELECT is_empty($$
	SELECT p, q, x, e FROM unnest('{1e-300,2,1e300}'::float8[]) p, unnest('{1e-300,1,3,1e300}'::float8[]) q, unnest('{0,1,1e15}'::float8[]) x,
		affinity.expected_spend(format('(%s,%s,1e300,,,,,,)', p, q)::affinity.gamma_gamma, x, 1e300) e
	WHERE e IS NULL OR e = 'NaN' OR e < 0 LIMIT 5$$, 'gamma-gamma');
SELECT is_empty($$
	SELECT a, b, v FROM unnest('{1e-300,1e-9,0.5,1e9,1e300}'::float8[]) a, unnest('{1e-300,2,1e300}'::float8[]) b,
		LATERAL (SELECT format('(%s,%s,%s,%s,,,,,,,)', a, b, b, a)::affinity.bg_bb AS m, format('(%s,%s,%s,%s,,,,,,,)', a, b, b, b)::affinity.pareto_nbd AS p) m,
		LATERAL (VALUES (affinity.probability_alive(m, 1, 1, 9, 3)), (affinity.expected_purchases(m, 0, 0, 1000, 1000)),
			(affinity.lifetime_value(p, '(6,4,15,,,,,,)', 1, 1, 2, 3, 1e300, 1e-12)), (affinity.lifetime_value(p, '(6,4,15,,,,,,)', 1, 1, 2, 3, 1e300, 1e300))) v (v)
	WHERE v IS NULL OR v = 'NaN' OR v < 0 LIMIT 5$$, 'BG/BB and Pareto/NBD');-- Where products of times and rates leave double; each of these once ran for ever, or was NaN.
SELECT is_empty($$SELECT * FROM unnest('{1e-307,1,1e307}'::float8[]) alpha, unnest('{1e-307,1,1e307}'::float8[]) beta, unnest('{1,1e300}'::float8[]) t,
	affinity.probability_alive(ROW(0.5, alpha, 1, beta, NULL, NULL, NULL, NULL, NULL, NULL, NULL)::affinity.pareto_nbd, 0, 0, t) p WHERE p IS NULL OR NOT p BETWEEN 0 AND 1$$, 'Pareto/NBD over times that have no ratio');
SELECT is_empty($$SELECT m, v FROM (VALUES ('(1,1e307,1,1,,,,,,,)'), ('(1,1,1,1e307,,,,,,,)')) g (m), LATERAL (VALUES
	(affinity.lifetime_value(m::affinity.bg_nbd, '(1,2,1,,,,,,)', 1, 1, 1, 10, 1e300, 1e300)), (affinity.lifetime_value(m::affinity.pareto_nbd, '(1,2,1,,,,,,)', 1, 1, 1, 10, 1e300, 1e300))) v (v)
	WHERE v IS NULL OR NOT v BETWEEN 0 AND 1$$, 'discounts that leave nothing');
SELECT is_empty($$SELECT * FROM unnest('{0,1e-300,1e300}'::float8[]) h, (VALUES ('(1,1,0.001,1000,,,,,,,)', 1e15, 1, 2), ('(1e13,1e-307,1,1,,,,,,,)', 0, 0, 0)) c (m, x, u, t),
	affinity.expected_purchases(m::affinity.pareto_nbd, x, u, t, h) p WHERE p IS NULL OR NOT p BETWEEN 0 AND 1e308$$, 'purchases that are as good as endless');

SELECT finish();
ROLLBACK;
