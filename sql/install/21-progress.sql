-- Progress of trainings and of recommend_all. C: src/parallel/progress.c

CREATE FUNCTION affinity.list_progress(
	OUT pid pg_catalog.int4,
	OUT database pg_catalog.oid,
	OUT model pg_catalog.text,
	OUT algorithm pg_catalog.text,
	OUT phase pg_catalog.text,
	OUT done pg_catalog.int8,
	OUT total pg_catalog.int8,
	OUT workers pg_catalog.int4,
	OUT started pg_catalog.timestamptz,
	OUT phase_started pg_catalog.timestamptz)
RETURNS SETOF pg_catalog.record
LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED ROWS 5
AS 'MODULE_PATHNAME', 'affinity_parallel_list_progress';

COMMENT ON FUNCTION affinity.list_progress() IS
	'the rows behind the view affinity.progress';

CREATE VIEW affinity.progress AS
SELECT
	p.pid,
	d.datname,
	p.model,
	p.algorithm,
	p.phase,
	p.done,
	p.total,
	p.done::pg_catalog.float8 OPERATOR(pg_catalog./)
		p.total::pg_catalog.float8 AS fraction,
	p.workers,
	p.started,
	p.phase_started
FROM affinity.list_progress() AS p
LEFT JOIN pg_catalog.pg_database AS d
	ON d.oid OPERATOR(pg_catalog.=) p.database
ORDER BY p.started, p.pid;

GRANT SELECT ON affinity.progress TO PUBLIC;

COMMENT ON VIEW affinity.progress IS
	'long calls that run now, in all databases: trainings, recommend_all, audience, evaluate, tune, communities and others';

COMMENT ON COLUMN affinity.progress.pid IS
	'process of the call, as in pg_stat_activity, where its workers have it as leader_pid';

COMMENT ON COLUMN affinity.progress.phase IS
	'reading, phases of the algorithm, indexing; answering in recommend_all, audience, evaluate; rungs, by trials, in tune';

COMMENT ON COLUMN affinity.progress.done IS
	'what the phase has done: rows when reading, else in units of total';

COMMENT ON COLUMN affinity.progress.total IS
	'what the phase has to do; NULL where that is unknown, as when reading';

COMMENT ON COLUMN affinity.progress.fraction IS
	'done / total; NULL where total is';

COMMENT ON COLUMN affinity.progress.workers IS
	'parallel workers of the phase, without the process itself';
