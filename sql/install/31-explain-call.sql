-- How a call of recommend comes to its rows. C: src/serve

CREATE FUNCTION affinity.explain_call(
	model pg_catalog.text,
	user_id pg_catalog."any",
	k pg_catalog.int8 DEFAULT 10,
	candidates pg_catalog."any" DEFAULT NULL,
	exclude pg_catalog."any" DEFAULT NULL,
	exclude_seen pg_catalog.bool DEFAULT true)
RETURNS TABLE (
	step pg_catalog.text,
	property pg_catalog.text,
	value pg_catalog.text)
LANGUAGE C VOLATILE PARALLEL UNSAFE COST 10000 ROWS 30
AS 'MODULE_PATHNAME', 'affinity_serve_explain_call';

COMMENT ON FUNCTION affinity.explain_call(pg_catalog.text, pg_catalog."any", pg_catalog.int8, pg_catalog."any", pg_catalog."any", pg_catalog.bool) IS
	'how recommend of a model answers a user: history and its plan, what a process keeps, times, why, and hints';
