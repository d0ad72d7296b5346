-- Pictures as a text of SVG. C: src/chart
--
-- Arrays go in, an entry for each mark: array_agg(a ORDER BY x), array_agg(b
-- ORDER BY x). Entries that are NULL are left out; no entries at all make a
-- picture that says so. What follows draws states of activity and funnels.

CREATE FUNCTION affinity.chart_heat_map(
	row_labels pg_catalog.text[],
	column_labels pg_catalog.text[],
	"values" pg_catalog.float8[],
	incomplete pg_catalog.bool[] DEFAULT NULL,
	title pg_catalog.text DEFAULT NULL,
	description pg_catalog.text DEFAULT NULL,
	percent pg_catalog.bool DEFAULT false,
	width pg_catalog.int8 DEFAULT 800)
RETURNS pg_catalog.text
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'affinity_chart_heat_map';

COMMENT ON FUNCTION affinity.chart_heat_map(
	pg_catalog.text[],
	pg_catalog.text[],
	pg_catalog.float8[],
	pg_catalog.bool[],
	pg_catalog.text,
	pg_catalog.text,
	pg_catalog.bool,
	pg_catalog.int8) IS
	'values by row and column as colors, in SVG; incomplete ones are dashed';

CREATE FUNCTION affinity.chart_lines_core(
	x pg_catalog.float8[],
	y pg_catalog.float8[],
	series pg_catalog.text[],
	low pg_catalog.float8[],
	high pg_catalog.float8[],
	steps pg_catalog.bool,
	times pg_catalog.bool,
	x_label pg_catalog.text,
	title pg_catalog.text,
	description pg_catalog.text,
	percent pg_catalog.bool,
	width pg_catalog.int8)
RETURNS pg_catalog.text
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'affinity_chart_lines';

COMMENT ON FUNCTION affinity.chart_lines_core(
	pg_catalog.float8[],
	pg_catalog.float8[],
	pg_catalog.text[],
	pg_catalog.float8[],
	pg_catalog.float8[],
	pg_catalog.bool,
	pg_catalog.bool,
	pg_catalog.text,
	pg_catalog.text,
	pg_catalog.text,
	pg_catalog.bool,
	pg_catalog.int8) IS
	'what chart_lines draws; times: x is seconds since 1970';

GRANT EXECUTE ON FUNCTION affinity.chart_lines_core(
	pg_catalog.float8[],
	pg_catalog.float8[],
	pg_catalog.text[],
	pg_catalog.float8[],
	pg_catalog.float8[],
	pg_catalog.bool,
	pg_catalog.bool,
	pg_catalog.text,
	pg_catalog.text,
	pg_catalog.text,
	pg_catalog.bool,
	pg_catalog.int8) TO PUBLIC;

CREATE FUNCTION affinity.chart_lines(
	x pg_catalog.float8[],
	y pg_catalog.float8[],
	series pg_catalog.text[] DEFAULT NULL,
	low pg_catalog.float8[] DEFAULT NULL,
	high pg_catalog.float8[] DEFAULT NULL,
	steps pg_catalog.bool DEFAULT false,
	x_label pg_catalog.text DEFAULT NULL,
	title pg_catalog.text DEFAULT NULL,
	description pg_catalog.text DEFAULT NULL,
	percent pg_catalog.bool DEFAULT false,
	width pg_catalog.int8 DEFAULT 800)
RETURNS pg_catalog.text
LANGUAGE SQL IMMUTABLE PARALLEL SAFE
RETURN affinity.chart_lines_core(x, y, series, low, high, steps, false, x_label, title, description, percent, width);

COMMENT ON FUNCTION affinity.chart_lines(
	pg_catalog.float8[],
	pg_catalog.float8[],
	pg_catalog.text[],
	pg_catalog.float8[],
	pg_catalog.float8[],
	pg_catalog.bool,
	pg_catalog.text,
	pg_catalog.text,
	pg_catalog.text,
	pg_catalog.bool,
	pg_catalog.int8) IS
	'a curve for each series, in SVG, with the band between low and high; steps: a value holds until the next';

CREATE FUNCTION affinity.chart_lines(
	x pg_catalog.timestamp[],
	y pg_catalog.float8[],
	series pg_catalog.text[] DEFAULT NULL,
	low pg_catalog.float8[] DEFAULT NULL,
	high pg_catalog.float8[] DEFAULT NULL,
	steps pg_catalog.bool DEFAULT false,
	x_label pg_catalog.text DEFAULT NULL,
	title pg_catalog.text DEFAULT NULL,
	description pg_catalog.text DEFAULT NULL,
	percent pg_catalog.bool DEFAULT false,
	width pg_catalog.int8 DEFAULT 800)
RETURNS pg_catalog.text
LANGUAGE SQL IMMUTABLE PARALLEL SAFE
RETURN affinity.chart_lines_core(
	CASE WHEN x IS NOT NULL THEN ARRAY(
		SELECT CAST(pg_catalog.extract('epoch', t.at) AS pg_catalog.float8)
		FROM pg_catalog.unnest(x) WITH ORDINALITY t(at, n) ORDER BY t.n) END,
	y, series, low, high, steps, true, x_label, title, description, percent, width);

COMMENT ON FUNCTION affinity.chart_lines(
	pg_catalog.timestamp[],
	pg_catalog.float8[],
	pg_catalog.text[],
	pg_catalog.float8[],
	pg_catalog.float8[],
	pg_catalog.bool,
	pg_catalog.text,
	pg_catalog.text,
	pg_catalog.text,
	pg_catalog.bool,
	pg_catalog.int8) IS
	'the same over time';

CREATE FUNCTION affinity.chart_stack(
	labels pg_catalog.text[],
	series pg_catalog.text[],
	"values" pg_catalog.float8[],
	incomplete pg_catalog.bool[] DEFAULT NULL,
	title pg_catalog.text DEFAULT NULL,
	description pg_catalog.text DEFAULT NULL,
	percent pg_catalog.bool DEFAULT false,
	width pg_catalog.int8 DEFAULT 800)
RETURNS pg_catalog.text
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'affinity_chart_stack';

COMMENT ON FUNCTION affinity.chart_stack(
	pg_catalog.text[],
	pg_catalog.text[],
	pg_catalog.float8[],
	pg_catalog.bool[],
	pg_catalog.text,
	pg_catalog.text,
	pg_catalog.bool,
	pg_catalog.int8) IS
	'a bar for each label, of a part for each series, in SVG; values below 0 hang below the line; incomplete ones are dashed';

CREATE FUNCTION affinity.chart_funnel(
	labels pg_catalog.text[],
	"values" pg_catalog.float8[],
	title pg_catalog.text DEFAULT NULL,
	description pg_catalog.text DEFAULT NULL,
	percent pg_catalog.bool DEFAULT false,
	width pg_catalog.int8 DEFAULT 800)
RETURNS pg_catalog.text
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'affinity_chart_funnel';

COMMENT ON FUNCTION affinity.chart_funnel(
	pg_catalog.text[],
	pg_catalog.float8[],
	pg_catalog.text,
	pg_catalog.text,
	pg_catalog.bool,
	pg_catalog.int8) IS
	'a bar for each step, in SVG, with its share of the first step and of the one before';

CREATE FUNCTION affinity.chart_bridge(
	labels pg_catalog.text[],
	changes pg_catalog.float8[],
	totals pg_catalog.bool[] DEFAULT NULL,
	title pg_catalog.text DEFAULT NULL,
	description pg_catalog.text DEFAULT NULL,
	percent pg_catalog.bool DEFAULT false,
	width pg_catalog.int8 DEFAULT 800)
RETURNS pg_catalog.text
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'affinity_chart_bridge';

COMMENT ON FUNCTION affinity.chart_bridge(
	pg_catalog.text[],
	pg_catalog.float8[],
	pg_catalog.bool[],
	pg_catalog.text,
	pg_catalog.text,
	pg_catalog.bool,
	pg_catalog.int8) IS
	'from level to level by changes (a waterfall), in SVG; a total that is NULL is what the bars before it come to';

CREATE FUNCTION affinity.chart_sankey(
	sources pg_catalog.text[],
	targets pg_catalog.text[],
	"values" pg_catalog.float8[],
	source_levels pg_catalog.int8[] DEFAULT NULL,
	title pg_catalog.text DEFAULT NULL,
	description pg_catalog.text DEFAULT NULL,
	percent pg_catalog.bool DEFAULT false,
	width pg_catalog.int8 DEFAULT 800)
RETURNS pg_catalog.text
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'affinity_chart_sankey';

COMMENT ON FUNCTION affinity.chart_sankey(
	pg_catalog.text[],
	pg_catalog.text[],
	pg_catalog.float8[],
	pg_catalog.int8[],
	pg_catalog.text,
	pg_catalog.text,
	pg_catalog.bool,
	pg_catalog.int8) IS
	'flows from source to target, in SVG; source_levels: the column in which each begins, from 0';
