-- Models of lifetime against published figures. Each set of figures has its
-- source. CDNOW's customers may not be part of the project: what needs them is
-- skipped where ../shared/data is not there.
\set ON_ERROR_STOP on
\set cdnow `test -f ../shared/data/published/data_cdnow_customers_summary.csv && echo true || echo false`
BEGIN;
SELECT plan(28);

-- Equal to the digits that were printed.
CREATE FUNCTION pg_temp.prints(value float8, printed text) RETURNS boolean LANGUAGE sql AS $$
	SELECT round(value::numeric, greatest(scale(printed::numeric), 0)) = printed::numeric
$$;
-- Equal but for rounding.
CREATE FUNCTION pg_temp.near(value float8, expected float8, relative float8 DEFAULT 1e-9) RETURNS boolean LANGUAGE sql AS $$
	SELECT abs(value - expected) <= relative * abs(expected)
$$;

-- P. Fader, B. Hardie, "How to Project Customer Retention", Journal of
-- Interactive Marketing 21 (2007): survivors of 1000 customers, fitted to years
-- 0 to 7, projected to year 12; table 2 and appendix B.
CREATE TEMP TABLE renewal AS
	SELECT * FROM (VALUES (0, 1000, 1000), (1, 631, 869), (2, 468, 743), (3, 382, 653), (4, 326, 593), (5, 289, 551),
		(6, 262, 517), (7, 241, 491), (8, 223, 468), (9, 207, 445), (10, 194, 427), (11, 183, 409), (12, 173, 394))
		AS t (year, regular, high_end);
CREATE TEMP TABLE stay AS
	SELECT affinity.sbg_fit(year, regular) AS regular, affinity.sbg_fit(year, high_end) AS high_end,
		affinity.bdw_fit(year, regular) AS bdw_regular, affinity.bdw_fit(year, high_end) AS bdw_high_end
	FROM renewal WHERE year <= 7;
SELECT ok(pg_temp.prints((regular).alpha, '0.704') AND pg_temp.prints((regular).beta, '1.182')
	AND pg_temp.prints((regular).log_likelihood, '-1680.3') AND (regular).n = 1000 AND (regular).converged,
	'sBG of regular customers') FROM stay;
SELECT ok(pg_temp.prints((high_end).alpha, '0.668') AND pg_temp.prints((high_end).beta, '3.806')
	AND pg_temp.prints((high_end).log_likelihood, '-1611.2') AND (high_end).n = 1000 AND (high_end).converged,
	'sBG of high-end customers') FROM stay;
-- Survival and retention by these fits, computed from the Beta functions' recursion.
SELECT results_eq($$
	SELECT round(p.survival::numeric, 5), round(p.retention::numeric, 5)
	FROM stay, affinity.projected_retention(regular, 12) p WHERE period IN (1, 7, 12) ORDER BY period$$,
	$$VALUES (0.62671, 0.62671), (0.23902, 0.91072), (0.17004, 0.94536)$$, 'projected retention of regular customers');
SELECT results_eq($$
	SELECT round(p.survival::numeric, 5), round(p.retention::numeric, 5)
	FROM stay, affinity.projected_retention(high_end, 12) p WHERE period IN (1, 7, 12) ORDER BY period$$,
	$$VALUES (0.85068, 0.85068), (0.48891, 0.93622), (0.37800, 0.95683)$$, 'projected retention of high-end customers');
-- Every period: S(t) / S(t - 1) = (beta + t - 1) / (alpha + beta + t - 1).
SELECT is_empty($$
	SELECT * FROM stay, affinity.projected_retention(high_end, 500) p
	WHERE period > 0 AND NOT (pg_temp.near(retention, ((high_end).beta + period - 1) / ((high_end).alpha + (high_end).beta + period - 1), 1e-13)
		AND pg_temp.near(survival, exp((SELECT sum(ln(((high_end).beta + i - 1) / ((high_end).alpha + (high_end).beta + i - 1)))
			FROM generate_series(1, period) i)), 1e-12))$$, 'retention by the recursion of the paper');
-- Figure 6 of the paper: the high-end curve at year 12 is about 38 %, the real one 39.4 %.
SELECT ok(abs(affinity.survival(high_end, 12) - 0.394) < 0.017, 'five years ahead of the data') FROM stay;

-- P. Fader, B. Hardie, "Customer-Base Valuation in a Contractual Setting: The
-- Perils of Ignoring Heterogeneity", Marketing Science 29 (2010), equations
-- (3) and (6); figures by summing 4000 terms, d = 10 % a year.
SELECT ok(pg_temp.near(affinity.expected_lifetime(regular, 0.1), 3.694908439, 1e-7)
	AND pg_temp.near(affinity.expected_residual_lifetime(regular, 0, 0.1), 2.964399283, 1e-7)
	AND pg_temp.near(affinity.expected_residual_lifetime(regular, 1, 0.1), 4.103139741, 1e-7)
	AND pg_temp.near(affinity.expected_residual_lifetime(regular, 4, 0.1), 5.894095296, 1e-7),
	'discounted lifetimes of regular customers') FROM stay;
SELECT ok(pg_temp.near(affinity.expected_lifetime(high_end, 0.1), 5.922253397, 1e-7)
	AND pg_temp.near(affinity.expected_residual_lifetime(high_end, 0, 0.1), 5.414478737, 1e-7)
	AND pg_temp.near(affinity.expected_residual_lifetime(high_end, 1, 0.1), 5.901377414, 1e-7)
	AND pg_temp.near(affinity.expected_residual_lifetime(high_end, 4, 0.1), 6.896706419, 1e-7),
	'discounted lifetimes of high-end customers') FROM stay;
-- Without a discount the mean is known: (alpha + beta - 1) / (alpha - 1), infinite for alpha <= 1.
SELECT is_empty($$
	SELECT a, b, l FROM (VALUES (1.01::float8, 2::float8), (1.5, 0.3), (3, 40), (15, 2e4), (2, 1e-6), (400, 3e5)) p (a, b),
		LATERAL affinity.expected_lifetime(format('(%s,%s,,,,,)', a, b)::affinity.sbg) l
	WHERE NOT pg_temp.near(l, (a + b - 1) / (a - 1), 1e-9)$$, 'the mean lifetime without a discount');
SELECT is(affinity.expected_lifetime(regular), 'Infinity', 'which is infinite for alpha below 1') FROM stay;
-- Lifetimes of BdW, term by term.
SELECT is_empty($$
	SELECT 1 FROM stay, LATERAL (SELECT sum(affinity.survival(bdw_high_end, t) / 1.1 ^ t) AS s,
			sum(affinity.survival(bdw_high_end, t + 3) / affinity.survival(bdw_high_end, 2) / 1.1 ^ t) AS r
		FROM generate_series(0, 600) t) terms
	WHERE NOT (pg_temp.near(affinity.expected_lifetime(bdw_high_end, 0.1), s, 1e-12)
		AND pg_temp.near(affinity.expected_residual_lifetime(bdw_high_end, 2, 0.1), r, 1e-12))$$,
	'lifetimes by BdW are the sums that they stand for');

-- P. Fader, B. Hardie, Y. Liu, J. Davin, T. Steenburgh, "How to Project
-- Customer Retention Revisited", Journal of Interactive Marketing 43 (2018):
-- S(t) = B(alpha, beta + t^c) / B(alpha, beta) holds sBG as c = 1.
SELECT ok((bdw_regular).converged AND (bdw_high_end).converged
	AND (bdw_regular).log_likelihood > (regular).log_likelihood
	AND (bdw_high_end).log_likelihood > (high_end).log_likelihood
	AND abs(affinity.survival(bdw_high_end, 12) - 0.394) < abs(affinity.survival(high_end, 12) - 0.394)
	AND (bdw_high_end).c - 2 * (bdw_high_end).c_error > 1, 'BdW fits as well or better, and high-end customers need it') FROM stay;
SELECT ok(pg_temp.near(affinity.survival(format('(%s,%s,1,,,,,,)', (regular).alpha, (regular).beta)::affinity.bdw, 9),
	affinity.survival(regular, 9), 1e-13), 'BdW with c = 1 is sBG') FROM stay;

\if :cdnow
CREATE TEMP TABLE cdnow (id int, frequency float8, recency float8, t float8, spend float8);
\copy cdnow FROM '../shared/data/published/data_cdnow_customers_summary_with_transactions.csv' CSV HEADER
CREATE TEMP TABLE fit AS
	SELECT affinity.bg_nbd_fit(frequency, recency, t) AS bg, affinity.mbg_nbd_fit(frequency, recency, t) AS mbg,
		affinity.gamma_gamma_fit(frequency, spend) AS gg FROM cdnow;
-- P. Fader, B. Hardie, K. L. Lee, "'Counting Your Customers' the Easy Way",
-- Marketing Science 24 (2005), table 2.
SELECT ok(pg_temp.prints((bg).r, '0.243') AND pg_temp.prints((bg).alpha, '4.414') AND pg_temp.prints((bg).a, '0.793')
	AND pg_temp.prints((bg).b, '2.426') AND pg_temp.prints((bg).log_likelihood, '-9582.4') AND (bg).n = 2357 AND (bg).converged,
	'BG/NBD of CDNOW') FROM fit;
SELECT ok(pg_temp.near((bg).r, 0.2425929165, 1e-6) AND pg_temp.near((bg).alpha, 4.413531823, 1e-6)
	AND pg_temp.near((bg).a, 0.7928862354, 1e-6) AND pg_temp.near((bg).b, 2.425753724, 1e-6)
	AND pg_temp.near((bg).log_likelihood, -9582.425561, 1e-9), 'as scipy finds it') FROM fit;
-- BTYDplus, by way of lifetimes' tests.
SELECT ok(pg_temp.prints((mbg).r, '0.525') AND pg_temp.prints((mbg).alpha, '6.183') AND pg_temp.prints((mbg).a, '0.891')
	AND pg_temp.prints((mbg).b, '1.614') AND pg_temp.near((mbg).log_likelihood, -9582.132685, 1e-9) AND (mbg).converged,
	'MBG/NBD of CDNOW') FROM fit;
-- P. Fader, B. Hardie, "The Gamma-Gamma Model of Monetary Value", note 025
-- (2013): 946 customers who bought again.
SELECT ok(pg_temp.prints((gg).p, '6.25') AND pg_temp.prints((gg).q, '3.74') AND abs((gg).gamma - 15.44) < 0.01
	AND pg_temp.near((gg).log_likelihood, -4055.923244, 1e-9) AND (gg).n = 946 AND (gg).converged,
	'gamma-gamma of CDNOW') FROM fit;
\else
SELECT skip('no ../shared/data/published/data_cdnow_customers_summary_with_transactions.csv', 4);
\endif

-- B. Hardie's spreadsheet of BG/NBD with its parameters, by way of the tests of
-- lifetimes (tests/test_estimation.py): E[X(t)] of a new customer.
CREATE FUNCTION pg_temp.bg(r float8, alpha float8, a float8, b float8) RETURNS affinity.bg_nbd LANGUAGE sql AS $$
	SELECT ROW(r, alpha, a, b, NULL, NULL, NULL, NULL, NULL, NULL, NULL)::affinity.bg_nbd $$;
CREATE TEMP TABLE paper AS
	SELECT pg_temp.bg(0.242593, 4.413532, 0.792886, 2.425753) AS bg,
		'(6.25,3.74,15.44,,,,,,)'::affinity.gamma_gamma AS gg;
SELECT is_empty($$
	SELECT t, printed, affinity.expected_purchases(bg, t) FROM paper, (VALUES (0.1429, '0.0078'), (1, '0.0532'), (3, '0.1506'),
		(31.8571, '1.0405'), (32, '1.0437')) v (t, printed)
	WHERE NOT pg_temp.prints(affinity.expected_purchases(bg, t), printed)$$, 'E[X(t)] of the spreadsheet');
SELECT ok(pg_temp.near(affinity.expected_purchases(bg, 78), 1.85797174, 1e-6), 'E[X(78)], printed as 1.8576 for days in weeks') FROM paper;
SELECT ok(pg_temp.prints(affinity.expected_purchases(bg, 2, 30.43, 38.86, 39), '1.226'), 'E[Y(39)] of the spreadsheet') FROM paper;
SELECT ok(pg_temp.near(affinity.probability_alive(m, 2, 30.43, 38.86), 0.7265785701)
	AND pg_temp.near(affinity.probability_alive(m, 23, 39, 39), 0.9685554542)
	AND pg_temp.near(affinity.expected_purchases(m, 10, 35, 39, 2), 0.3915692071),
	'P(alive), and E[Y(2)] as in the manual of BTYD') FROM pg_temp.bg(0.243, 4.414, 0.793, 2.426) m;
SELECT ok(affinity.probability_alive(bg, 0, 0, 38.86) = 1, 'who never bought again has had no chance to leave in BG/NBD') FROM paper;
-- note 025, E[M | x, m] of the first ten customers; the note had spends and
-- parameters with more digits than it prints.
SELECT is_empty($$
	SELECT row, printed, affinity.expected_spend(gg, x, m) FROM paper,
		(VALUES (1, 2, 22.35, 24.65), (2, 1, 11.77, 18.91), (3, 0, 0, 35.17), (6, 7, 73.74, 71.46), (9, 2, 25.55, 27.28)) v (row, x, m, printed)
	WHERE abs(affinity.expected_spend(gg, x, m) - printed) > 0.06$$, 'E[M | x, m] of the note');
SELECT ok(pg_temp.near(affinity.expected_spend(gg, 2, 22.35), 6.25 * (15.44 + 2 * 22.35) / (6.25 * 2 + 2.74), 1e-14),
	'which is its formula') FROM paper;
-- The mean of all customers: p gamma / (q - 1).
SELECT ok(pg_temp.near(affinity.expected_spend(gg, 0, NULL), 6.25 * 15.44 / 2.74, 1e-14)
	AND affinity.expected_spend(gg, 0, NULL) = affinity.expected_spend(gg, 0, 0)
	AND affinity.expected_spend(gg, 2, NULL) IS NULL, 'of customers who never bought again the mean of all') FROM paper;

-- The closed form of the paper, at whole parameters where 2F1 is a polynomial:
-- (a + b + x - 1) / (a - 1) (1 - z^-k 2F1(k, b + x; a + b + x - 1; z)), and by
-- differences of E for the rate.
SELECT is_empty($$
	WITH e AS (
		SELECT h, affinity.expected_purchases(bg, 3, 20, 30, h) AS direct,
			(SELECT sum(affinity.expected_purchases(bg, 3, 20, 30, h * i / 64) - affinity.expected_purchases(bg, 3, 20, 30, h * (i - 1) / 64))
				FROM generate_series(1, 64) i) AS summed
		FROM paper, unnest('{1e-9,0.5,7,50,400,1e4,1e7}'::float8[]) h)
	SELECT * FROM e WHERE NOT (direct > 0 AND pg_temp.near(direct, summed, 1e-9))$$, 'purchases of a time are those of its parts');
-- A discount: value = sum of purchases of short times, each discounted.
SELECT is_empty($$
	SELECT rate, v, summed FROM paper, unnest('{0,0.0002,0.01,0.3,9}'::float8[]) rate,
		affinity.lifetime_value(bg, gg, 2, 30.43, 38.86, 22.35, 52, rate) v,
		LATERAL (SELECT affinity.expected_spend(gg, 2, 22.35) * sum((affinity.expected_purchases(bg, 2, 30.43, 38.86, i / 64.0)
			- affinity.expected_purchases(bg, 2, 30.43, 38.86, (i - 1) / 64.0)) / (1 + rate) ^ ((i - 0.5) / 64)) AS summed
			FROM generate_series(1, 52 * 64) i) s
	WHERE NOT pg_temp.near(v, summed, 1e-4)$$, 'a discounted value is the sum over short times');
SELECT ok(affinity.lifetime_value(bg, gg, 2, 30.43, 38.86, 22.35, 52)
	= affinity.expected_purchases(bg, 2, 30.43, 38.86, 52) * affinity.expected_spend(gg, 2, 22.35),
	'without a discount: purchases times spend') FROM paper;
SELECT finish();
ROLLBACK;
