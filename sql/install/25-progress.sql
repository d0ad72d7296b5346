-- affinity: how far trainings and recommend_all are. C code: src/train/progress.c.

CREATE FUNCTION affinity.list_progress(
	OUT pid integer,
	OUT database oid,
	OUT model text,
	OUT algorithm text,
	OUT phase text,
	OUT done bigint,
	OUT total bigint,
	OUT workers integer,
	OUT started timestamp with time zone,
	OUT phase_started timestamp with time zone)
RETURNS SETOF record
LANGUAGE c VOLATILE PARALLEL RESTRICTED STRICT ROWS 5
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
	p.done::double precision OPERATOR(pg_catalog./)
		p.total::double precision AS fraction,
	p.workers,
	p.started,
	p.phase_started
FROM affinity.list_progress() AS p
LEFT JOIN pg_catalog.pg_database AS d
	ON d.oid OPERATOR(pg_catalog.=) p.database
ORDER BY p.started, p.pid;
COMMENT ON VIEW affinity.progress IS
	'calls of create_model, refresh_model, recommend_all and audience (by factors) that run now, in all databases of the server, brought up to date about ten times a second. Everybody can see it, and with it the names of models that are in use; nothing else of them';
COMMENT ON COLUMN affinity.progress.pid IS
	'process that is at it; pg_stat_activity has more of it, and of its workers by leader_pid';
COMMENT ON COLUMN affinity.progress.phase IS
	'reading, then what the algorithm does, then indexing; of recommend_all and audience: reading, then answering';
COMMENT ON COLUMN affinity.progress.done IS
	'what the phase has done: rows when reading, else in units of total';
COMMENT ON COLUMN affinity.progress.total IS
	'what the phase has to do; null where nobody knows, as when reading';
COMMENT ON COLUMN affinity.progress.fraction IS
	'done / total; null where total is';
COMMENT ON COLUMN affinity.progress.workers IS
	'parallel workers of the phase, beside the process itself';
GRANT SELECT ON affinity.progress TO PUBLIC;
