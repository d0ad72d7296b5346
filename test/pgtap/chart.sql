-- Pictures: sound XML, marks where their values are, colors that can be read.
BEGIN;
SELECT plan(90);

CREATE FUNCTION pg_temp.x(svg text, path text) RETURNS text[] LANGUAGE sql AS $$
	SELECT array(SELECT u::text FROM unnest(xpath(path, XMLPARSE(DOCUMENT svg),
		ARRAY[ARRAY['s', 'http://www.w3.org/2000/svg']])) WITH ORDINALITY t(u, n) ORDER BY n)
$$;

CREATE FUNCTION pg_temp.num(svg text, path text) RETURNS float8[] LANGUAGE sql AS $$
	SELECT pg_temp.x(svg, path)::float8[]
$$;

-- Relative luminance and contrast of #rgb or #rrggbb, by WCAG 2.
CREATE FUNCTION pg_temp.luminance(color text) RETURNS float8 LANGUAGE sql AS $$
	SELECT sum(w * CASE WHEN c <= 0.03928 THEN c / 12.92 ELSE ((c + 0.055) / 1.055) ^ 2.4 END)
	FROM (SELECT (('x' || lpad(CASE WHEN length(color) = 4 THEN repeat(substr(color, i + 1, 1), 2)
			ELSE substr(color, 2 * i, 2) END, 8, '0'))::bit(32)::int / 255.0)::float8 AS c,
		(ARRAY[0.2126, 0.7152, 0.0722])[i]::float8 AS w
		FROM generate_series(1, 3) i) channels
$$;

CREATE FUNCTION pg_temp.contrast(a text, b text) RETURNS float8 LANGUAGE sql AS $$
	SELECT (greatest(x, y) + 0.05) / (least(x, y) + 0.05)
	FROM (SELECT pg_temp.luminance(a) AS x, pg_temp.luminance(b) AS y) l
$$;

CREATE TEMP TABLE pictures (kind text, svg text);
CREATE TEMP TABLE rows AS
SELECT 1 + i % 7 AS user_id, '2024-01-01'::timestamp + i * interval '9 days' AS at, i % 3 = 0 AS bought
FROM generate_series(0, 60) i;
INSERT INTO pictures
SELECT 'heat map', affinity.chart_heat_map(ARRAY['a', 'a', 'b', 'b'], ARRAY['1', '2', '1', '2'], ARRAY[0, 0.5, 1, NULL],
	ARRAY[false, true, false, false], title => 'Heat', percent => true)
UNION ALL SELECT 'lines', affinity.chart_lines(ARRAY[0, 1, 2, 0, 1, 2], ARRAY[0, 0.5, 1, 1, NULL, 0.2], ARRAY['u', 'u', 'u', 'v', 'v', 'v'],
	ARRAY[0, 0.4, 0.9, 0.5, 0.5, 0.5], ARRAY[0.1, 0.6, 1, 1, 1, 1], title => 'Lines', description => 'Two', x_label => 'week')
UNION ALL SELECT 'times', affinity.chart_lines(ARRAY['2024-01-01', '2024-02-01', '2024-03-01']::timestamp[], ARRAY[5, 7, 9], steps => true)
UNION ALL SELECT 'stack', affinity.chart_stack(ARRAY['p', 'p', 'q', 'q'], ARRAY['new', 'gone', 'new', 'gone'], ARRAY[30, -10, 60, -20])
UNION ALL SELECT 'funnel', affinity.chart_funnel(ARRAY['visit', 'cart', 'buy'], ARRAY[200, 100, 25], title => 'Funnel')
UNION ALL SELECT 'bridge', affinity.chart_bridge(ARRAY['open', 'new', 'gone', 'close'], ARRAY[100, 50, -30, NULL], ARRAY[true, false, false, true])
UNION ALL SELECT 'sankey', affinity.chart_sankey(ARRAY['a', 'a', 'b'], ARRAY['b', 'c', 'c'], ARRAY[60, 40, 50])
UNION ALL SELECT 'retention', affinity.chart_retention(affinity.activity_agg(user_id, at, 'month', 'UTC')) FROM rows
UNION ALL SELECT 'curve', affinity.chart_retention_curve(affinity.activity_agg(user_id, at, 'month', 'UTC')) FROM rows
UNION ALL SELECT 'lifecycle', affinity.chart_lifecycle(affinity.activity_agg(user_id, at, 'week', 'UTC')) FROM rows
UNION ALL SELECT 'funnel state', affinity.chart_funnel(affinity.funnel_agg(user_id, at, interval '90 days', true, bought), ARRAY['seen']) FROM rows
UNION ALL SELECT 'revenue bridge', affinity.chart_revenue_bridge(affinity.value_agg(user_id, at, 10 + user_id, 'month', 'UTC')) FROM rows
UNION ALL SELECT 'revenue moves', affinity.chart_revenue_moves(affinity.value_agg(user_id, at, 10 + user_id, 'month', 'UTC')) FROM rows
UNION ALL SELECT 'survival', affinity.chart_survival(array_agg(s), array_agg(bought::text)) FROM (SELECT bought, affinity.survival_agg(user_id, bought OR user_id > 3) AS s FROM rows GROUP BY 1) g
UNION ALL SELECT 'forecast', affinity.chart_forecast(affinity.series_agg(at, user_id, 'month', 'UTC'), 6, history => 10) FROM rows
UNION ALL SELECT 'empty', affinity.chart_lines(NULL::float8[], NULL, title => 'Nothing');

SELECT ok((pg_temp.x(svg, '/s:svg/@role'))[1] = 'img'
	AND pg_temp.x(svg, '/s:svg/@aria-labelledby') = ARRAY[(pg_temp.x(svg, '/s:svg/s:title/@id'))[1] || ' ' || (pg_temp.x(svg, '/s:svg/s:desc/@id'))[1]]
	AND length((pg_temp.x(svg, '/s:svg/s:title/text()'))[1]) > 0 AND length((pg_temp.x(svg, '/s:svg/s:desc/text()'))[1]) > 5
	AND svg !~* '(script|href|url\(|@import|@font-face)',
	kind || ' is sound XML with title and description, and has nothing from elsewhere') FROM pictures;
SELECT ok((SELECT bool_and(l >= 0 AND l <= 800) FROM unnest(pg_temp.num(svg, '//s:text/@x')) l)
	AND (SELECT bool_and(l >= 0 AND l <= (pg_temp.num(svg, '/s:svg/@height'))[1]) FROM unnest(pg_temp.num(svg, '//s:text/@y')) l),
	kind || ': its text is within the picture') FROM pictures;

-- colors: every class of the style sheet against the paper of its theme
CREATE TEMP TABLE styles AS
SELECT theme, m[1] AS class, m[2] AS color
FROM (SELECT svg FROM pictures WHERE kind = 'lines') p,
	LATERAL (SELECT 'light' AS theme, split_part(split_part(svg, '<style>', 2), '@media', 1) AS css
		UNION ALL SELECT 'dark', split_part(split_part(svg, '@media', 2), '</style>', 1)) s,
	LATERAL regexp_matches(css, '\.affinity (text|\.[a-z0-9]+)\{(?:font:[^}]*;)?(?:fill|stroke):(#[0-9a-f]+)', 'g') m;
SELECT cmp_ok(count(*)::int, '>=', 40, 'the style sheet has its classes') FROM styles;
SELECT is_empty($$SELECT s.theme, s.class, s.color FROM styles s JOIN styles p ON p.theme = s.theme AND p.class = '.p'
	WHERE s.class ~ '^(text|\.m|\.[fs][0-9]|\.x)$' AND pg_temp.contrast(s.color, p.color) < 4.5$$, 'text and marks have 4.5 to 1 against the paper');
SELECT is((SELECT count(*)::int FROM styles WHERE class ~ '^\.f[0-9]$'), 16, 'eight colors for each theme');
SELECT is_empty($$SELECT i FROM generate_series(0, 100) i,
	LATERAL (SELECT affinity.chart_heat_map(ARRAY['a', 'a', 'a'], ARRAY['1', '2', '3'], ARRAY[0, i / 100.0, 1]) AS svg) s,
	LATERAL (SELECT (pg_temp.x(svg, '//s:rect[not(@class="p")]/@fill'))[2] AS fill, (pg_temp.x(svg, '//s:text[@class="on" or @class="off"]/@class'))[2] AS class) c
	WHERE pg_temp.contrast(fill, CASE class WHEN 'on' THEN '#000' ELSE '#fff' END) < 4.5$$, 'text in a cell has 4.5 to 1 against its color');
SELECT is(pg_temp.contrast('#fff', '#000000'), 21::float8, 'the contrast of white and black is 21');

-- heat map
SELECT is(pg_temp.x(svg, '//s:rect/@fill'), ARRAY['#edf4fb', '#5f9cce', '#082f62'], 'cells: least, middle and greatest; none for NULL')
FROM pictures WHERE kind = 'heat map';
SELECT is(pg_temp.x(svg, '//s:rect/s:title/text()'), ARRAY['a, 1: 0 %', 'a, 2: 50 % (not complete)', 'b, 1: 100 %'], 'cells have their values as tips')
FROM pictures WHERE kind = 'heat map';
SELECT throws_ok($$SELECT affinity.chart_heat_map(ARRAY['a', 'a'], ARRAY['1', '1'], ARRAY[1, 2])$$, '22023',
	'row "a", column "1" has more than one value', 'a cell that comes twice');
SELECT is((SELECT array_agg(t) FROM unnest(pg_temp.x(affinity.chart_heat_map(ARRAY['b', 'a', 'a'], ARRAY['10', '10', '9'], ARRAY[1, 2, 3]), '//s:text/text()')) t),
	ARRAY['9', '10', 'b', 'a', '1', '2', '3'], 'columns that are numbers are in their order, labels as they come');
SELECT is((SELECT array_agg(c) FROM unnest(pg_temp.x((SELECT svg FROM pictures WHERE kind = 'retention'), '//s:text[@class="on" or @class="off"]/text()')) c),
	(SELECT array_agg(round(100 * r.rate)::text ORDER BY r.cohort, r.period) FROM (SELECT affinity.activity_agg(user_id, at, 'month', 'UTC') AS a FROM rows) a,
	affinity.retention(a.a) r WHERE r.period > 0 AND r.rate IS NOT NULL), 'chart_retention shows what retention says');

-- lines
SELECT is(pg_temp.x(svg, '//s:path[@class="l s0"]/@d') , ARRAY['M46.9 348.0L411.5 208.0L776.0 68.0'], 'a curve goes from end to end, and through the middle')
FROM (SELECT affinity.chart_lines(ARRAY[0, 1, 2], ARRAY[0, 50, 100], title => 'L', description => 'd') AS svg) p;
SELECT is(array_length(pg_temp.x(svg, '//s:path[contains(@class, "b f")]/@d'), 1), 2, 'a band for each series') FROM pictures WHERE kind = 'lines';
SELECT is((SELECT count(*) FROM regexp_matches((pg_temp.x(svg, '//s:path[@class="l s1"]/@d'))[1], 'M', 'g')), 2::bigint, 'a NULL is a gap') FROM pictures WHERE kind = 'lines';
SELECT is((pg_temp.x(svg, '//s:text[@class="m"]/text()'))[7:], ARRAY['2024-01-04', '2024-01-11', '2024-01-18', '2024-01-25', '2024-02-01', '2024-02-08', '2024-02-15', '2024-02-22', '2024-02-29'], 'times are labeled as dates') FROM pictures WHERE kind = 'times';
SELECT is((SELECT array_agg(t) FROM unnest(pg_temp.x(svg, '//s:text[@class="m"]/text()')) t WHERE t ~ '^[12][0-9]{3}'),
	ARRAY['2010-01', '2010-04', '2010-07', '2010-10', '2011-01', '2011-04', '2011-07', '2011-10'], 'and where they go over years, by month')
FROM (SELECT affinity.chart_lines(ARRAY['2009-12-01', '2011-12-09']::timestamp[], ARRAY[1, 2]) AS svg) p;
SELECT is(affinity.chart_lines(ARRAY[2, 0, 1], ARRAY[3, 1, 2]), affinity.chart_lines(ARRAY[0, 1, 2], ARRAY[1, 2, 3]), 'points are sorted by x');

-- bars
SELECT is((SELECT array_agg(round(h / (pg_temp.num(svg, '(//s:rect[s:title])[1]/@height'))[1] * 30)::int)
	FROM unnest((pg_temp.num(svg, '//s:rect[s:title]/@height'))) h), ARRAY[30, 10, 60, 20], 'parts of bars have the heights of their values')
FROM (SELECT svg FROM pictures WHERE kind = 'stack') p;
SELECT is((SELECT array_agg(round(w / (pg_temp.num(svg, '(//s:rect[s:title])[1]/@width'))[1] * 200)) FROM unnest(pg_temp.num(svg, '//s:rect[s:title]/@width')) w),
	ARRAY[200, 100, 25]::float8[], 'bars of a funnel have the widths of their values') FROM pictures WHERE kind = 'funnel';
SELECT is((pg_temp.x(svg, '//s:rect/s:title/text()'))[3], 'buy: 25 · 12.5 % · 25 % of previous', 'a step: share of the first and of the one before') FROM pictures WHERE kind = 'funnel';
SELECT is(pg_temp.x(svg, '//s:rect/s:title/text()'), ARRAY['open: 100', 'new: +50', 'gone: −30', 'close: 120'], 'a bridge comes to its total') FROM pictures WHERE kind = 'bridge';
SELECT is((SELECT array_agg(u ORDER BY n) FROM unnest(pg_temp.x(svg, '//s:rect/s:title/text()')) WITH ORDINALITY t(u, n)),
	(SELECT array_agg(CASE s.step WHEN 1 THEN 'seen' ELSE 'step ' || s.step END || ': ' || s.users
		|| CASE WHEN s.step = 2 THEN ' · ' || trim_scale(round((100.0 * s.users / 7)::numeric, 1)) || ' %' ELSE '' END ORDER BY s.step)
	FROM (SELECT affinity.funnel_agg(user_id, at, interval '90 days', true, bought) AS f FROM rows) f, affinity.funnel_steps(f.f) s), 'a funnel''s state')
FROM pictures WHERE kind = 'funnel state';

SELECT is(pg_temp.x(affinity.chart_revenue_bridge(affinity.value_agg(u, at, v, 'month', 'UTC')), '//s:rect/s:title/text()'),
	ARRAY['opening: 100', 'new: +5', 'expansion: +7', 'reactivated: +11', 'contraction: −13', 'churned: −20', 'closing: 90'],
	'chart_revenue_bridge shows the last complete period, with what is lost below 0')
FROM (VALUES (4, '2024-01-03'::timestamp, 11), (1, '2024-02-03', 30), (2, '2024-02-04', 50), (3, '2024-02-05', 20),
	(1, '2024-03-03', 37), (2, '2024-03-04', 37), (4, '2024-03-05', 11), (5, '2024-03-06', 5), (1, '2024-04-01', 1)) t(u, at, v);
SELECT is((SELECT count(*)::int FROM regexp_matches((pg_temp.x(svg, '//s:path[@class="l s0"]/@d'))[1], 'L', 'g')), (SELECT 2 * count(*)::int
	FROM (SELECT affinity.survival_agg(user_id, bought OR user_id > 3) AS s FROM rows WHERE NOT bought) s, affinity.survival_curve(s.s)),
	'a step down for each time of a survival curve') FROM pictures WHERE kind = 'survival';

-- forecasts: the path of the history, that of the forecast from its end on, and the band around it
CREATE TEMP TABLE series AS SELECT affinity.series_agg(('2020-01-01'::date + i * interval '1 month')::date, 50 + i + 9 * (i % 4), 'month') AS months, affinity.series_agg(i, 50 + i % 5) AS numbers FROM generate_series(0, 39) i;
CREATE FUNCTION pg_temp.points(path text) RETURNS float8[] LANGUAGE sql AS $$
	SELECT array_agg(m[1]::float8 ORDER BY n) FROM regexp_matches(path, '[ML][-0-9.]+ ([-0-9.]+)', 'g') WITH ORDINALITY t(m, n) $$;
-- values go from 66 to 116 in the history that is shown, so pixels of one are known
SELECT ok(array_length(h, 1) = 24 AND array_length(f, 1) = 13 AND h[24] = f[1]
	AND (SELECT bool_and(abs((f[1] - f[1 + step]) / (h[1] - h[24]) * 50 - (value - 116)) < 0.2) FROM affinity.forecast(months, 12)), 'chart_forecast: the last values, and the forecast where it is')
FROM series, LATERAL (SELECT pg_temp.points((pg_temp.x(svg, '//s:path[@class="l s0"]/@d'))[1]) AS h, pg_temp.points((pg_temp.x(svg, '//s:path[@class="l s1"]/@d'))[1]) AS f FROM affinity.chart_forecast(months, 12, history => 24) svg) p;
SELECT ok(b[1] = b[26] AND (SELECT bool_and(abs((b[1] - b[1 + step]) / (h[1] - h[24]) * 50 - (high - 116)) < 0.2 AND abs((b[1] - b[26 - step]) / (h[1] - h[24]) * 50 - (low - 116)) < 0.2) FROM affinity.forecast(months, 12, confidence => 0.8)), 'and its interval')
FROM series, LATERAL (SELECT pg_temp.points((pg_temp.x(svg, '//s:path[@class="b f1"]/@d'))[1]) AS b, pg_temp.points((pg_temp.x(svg, '//s:path[@class="l s0"]/@d'))[1]) AS h FROM affinity.chart_forecast(months, 12, confidence => 0.8, history => 24) svg) p;
SELECT ok((pg_temp.x(a, '//s:desc/text()'))[1] ~ 'interval of 80 %\.' AND (pg_temp.x(b, '//s:desc/text()'))[1] ~ '^mine', 'which the description names, unless there is one')
FROM series, affinity.chart_forecast(months, 12, confidence => 0.8) a, affinity.chart_forecast(months, 12, description => 'mine') b;
SELECT ok(array_length(pg_temp.points((pg_temp.x(svg, '//s:path[@class="l s0"]/@d'))[1]), 1) = 40 AND pg_temp.x(svg, '//s:text[@class="m"]/text()') @> '{20,40}', 'chart_forecast over numbers') FROM series, affinity.chart_forecast(numbers, 5) svg;
SELECT is((SELECT count(DISTINCT y) FROM unnest(pg_temp.points((pg_temp.x(svg, '//s:path[@class="b f1"]/@d'))[1]) || pg_temp.points((pg_temp.x(svg, '//s:path[@class="l s0"]/@d'))[1])) y), 1::bigint, 'the band of a series that never changes is the line') FROM (SELECT affinity.chart_forecast(affinity.series_agg(i, 5), 3) AS svg FROM generate_series(1, 30) i) s;
SELECT ok(affinity.chart_forecast(NULL, 3) ~ '>no data<', 'no series makes a picture that says so');
SELECT throws_ok('SELECT affinity.chart_forecast(months, 0) FROM series', '22023', NULL, 'a horizon of 0');

SELECT is(pg_temp.x(svg, '//s:rect[contains(@class, " i")]/s:title/text()'), ARRAY['q, new: 60 (not complete)'], 'a bar whose period is not over is marked')
FROM (SELECT affinity.chart_stack(ARRAY['p', 'q'], ARRAY['new', 'new'], ARRAY[30, 60], ARRAY[false, true]) AS svg) p;

-- flows
SELECT is((SELECT array_agg(round(w / (SELECT max(m) FROM unnest(pg_temp.num(svg, '//s:path/@stroke-width')) m) * 60) ORDER BY w)
		FROM unnest(pg_temp.num(svg, '//s:path/@stroke-width')) w), ARRAY[40, 50, 60]::float8[], 'flows have the widths of their values') FROM pictures WHERE kind = 'sankey';
SELECT is(pg_temp.num(svg, '//s:rect[s:title]/@x'), ARRAY[16, 394, 772]::float8[], 'c stands after a and b') FROM pictures WHERE kind = 'sankey';
SELECT throws_ok($$SELECT affinity.chart_sankey(ARRAY['a', 'b'], ARRAY['b', 'a'], ARRAY[1, 2])$$, '22023', 'the flows go in a circle', 'a circle needs columns');
SELECT lives_ok($$SELECT XMLPARSE(DOCUMENT affinity.chart_sankey(ARRAY['a', 'b'], ARRAY['b', 'a'], ARRAY[1, 2], ARRAY[0, 1]))$$, 'and has them as the hint says');
SELECT throws_ok($$SELECT affinity.chart_sankey(ARRAY['a'], ARRAY['b'], ARRAY[1], ARRAY[-1])$$, '22023', NULL, 'a column below 0');
SELECT throws_ok($$SELECT affinity.chart_sankey(ARRAY['a'], ARRAY['b'], ARRAY[-1])$$, '22023', NULL, 'a flow below 0');

-- what is hard: text, numbers, no rows
SELECT ok(XMLPARSE(DOCUMENT affinity.chart_funnel(ARRAY[E'<&>"''\x01\x1f\u00e9\u202e' || chr(128512) || chr(65535) || repeat('long ', 30000)], ARRAY[1], title => '</title>&'))
	IS DOCUMENT, 'any text makes a sound document');
SELECT cmp_ok(length(affinity.chart_funnel(ARRAY[repeat('long ', 30000)], ARRAY[1])), '<', 160000, 'a long label is cut where it is shown');
SELECT throws_ok(format('SELECT affinity.chart_lines(ARRAY[1], ARRAY[%L]::float8[])', v), '22000', NULL, v || ' cannot be drawn')
FROM unnest(ARRAY['NaN', 'Infinity', '-Infinity', '1.1e300']) v;
SELECT ok(affinity.chart_lines(ARRAY[-1e300, 1e300], ARRAY[-1e300, 1e300]) !~ 'nan|inf' AND affinity.chart_bridge(ARRAY['a', 'b'], ARRAY[1e300, 1e300]) !~ 'nan|inf'
	AND affinity.chart_stack(ARRAY['a', 'a'], ARRAY['b', 'c'], ARRAY[1e-300, -1e-300]) !~ 'nan|inf'
	AND affinity.chart_heat_map(ARRAY['a', 'b'], ARRAY['1', '1'], ARRAY[-1e300, 1e300]) !~ 'nan|inf', 'the greatest and the smallest numbers');
SELECT throws_ok($$SELECT affinity.chart_lines(ARRAY[1, 2], ARRAY[1])$$, '2202E', 'x are 2, y are 1', 'arrays of two lengths');
SELECT throws_ok($$SELECT affinity.chart_stack(ARRAY['a'], ARRAY['a'], ARRAY[1], width => 10)$$, '22023', NULL, 'no room');
SELECT throws_ok($$SELECT affinity.chart_funnel(ARRAY['a'], ARRAY[NULL]::float8[])$$, '22023', NULL, 'a step without users');
SELECT is((SELECT count(*)::int FROM (VALUES (affinity.chart_heat_map(NULL, NULL, NULL)), (affinity.chart_stack(NULL, NULL, NULL)), (affinity.chart_bridge(NULL, NULL)),
	(affinity.chart_funnel(NULL::text[], NULL)), (affinity.chart_sankey('{}', '{}', '{}'))) v(svg) WHERE svg ~ '>no data<'), 5, 'no rows make a picture that says so');

-- what was wrong once: a place beyond all times, one mark, ticks that look the same, labels at the ends
SELECT ok(affinity.chart_lines_core(ARRAY[x], ARRAY[1], NULL, NULL, NULL, false, true, NULL, NULL, NULL, false, 800) !~ 'nan|inf', 'a time of ' || x)
FROM unnest(ARRAY[1e300, -1e300]::float8[]) x;
SELECT ok((SELECT max(x) <= 800 FROM unnest(regexp_split_to_array((pg_temp.x(svg, '//s:path/@d'))[1], '[ML]| [0-9.]+')) t, LATERAL (SELECT nullif(t, '')::float8 AS x) v),
	'the end of all times that people write is within the picture')
FROM (SELECT affinity.chart_lines(ARRAY['2024-01-01', '9999-12-31']::timestamp[], ARRAY[1, 2]) AS svg) p;
SELECT is(array_length(pg_temp.x(affinity.chart_lines(ARRAY[5], ARRAY[3]), '//s:circle'), 1), 1, 'one mark is a dot');
SELECT is(array_length(pg_temp.x(affinity.chart_lines(ARRAY[0, 1, 2, 3, 4, 5], ARRAY[1, NULL, 3, NULL, 5, 6]), '//s:circle'), 1), 2, 'and so are marks between gaps');
SELECT is((SELECT count(DISTINCT t) FROM unnest(pg_temp.x(svg, '//s:text[@text-anchor="middle"]/text()')) t), (SELECT count(*) FROM unnest(pg_temp.x(svg, '//s:text[@text-anchor="middle"]/text()'))),
	'ticks of near places have their digits') FROM (SELECT affinity.chart_lines(ARRAY[1200000, 1210000], ARRAY[1, 2]) AS svg) p;
SELECT cmp_ok((SELECT max(x) FROM unnest(pg_temp.num(svg, '//s:text[@text-anchor="middle"][string-length(.) = 10]/@x')) x), '<=', 763::float8, 'the last label of ' || kind || ' is within the picture')
FROM (SELECT array_agg(to_char(d, 'YYYY-MM-DD')) AS days, array_agg('a'::text) AS a, array_agg(1::float8) AS one FROM generate_series('2024-01-01'::timestamp, '2024-04-10', '1 day') d) r,
	LATERAL (VALUES ('a stack', affinity.chart_stack(days, a, one)), ('a heat map', affinity.chart_heat_map(a, days, one))) c(kind, svg);
SELECT is(array_length(pg_temp.x(affinity.chart_survival(array_agg(s)), '//s:path[starts-with(@class, "l ")]'), 1), 2, 'a curve for each survival state, without labels too')
FROM (SELECT bought, affinity.survival_agg(user_id, bought OR user_id > 3) AS s FROM rows GROUP BY 1) g;
SELECT ok(affinity.chart_sankey(ARRAY['a'], ARRAY['b'], ARRAY[1e-320]) ~ '>no data<', 'a flow of nothing');

SELECT * FROM finish();
ROLLBACK;
