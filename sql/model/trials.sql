-- What affinity.tune has tried. C: src/tuner

--objects
CREATE TABLE @schema@.trials (
	trial pg_catalog.int8 NOT NULL,
	at pg_catalog.timestamptz NOT NULL,
	status pg_catalog.text NOT NULL,
	algorithm pg_catalog.text NOT NULL,
	options pg_catalog.jsonb NOT NULL,
	metric pg_catalog.text NOT NULL,
	k pg_catalog.int8,
	value pg_catalog.float8,
	low pg_catalog.float8,
	high pg_catalog.float8,
	users pg_catalog.int8,
	rung pg_catalog.int4 NOT NULL,
	part pg_catalog.float8 NOT NULL,
	work pg_catalog.float8 NOT NULL,
	duration pg_catalog.interval,
	reason pg_catalog.text,
	seed pg_catalog.int8 NOT NULL,
	source pg_catalog.text NOT NULL,
	key pg_catalog.text NOT NULL
);

ALTER TABLE @schema@.trials ADD PRIMARY KEY (trial);

GRANT SELECT ON @schema@.trials TO PUBLIC;

COMMENT ON TABLE @schema@.trials IS
	'what affinity.tune has tried: algorithm and options, and how well they predict what was held out';

COMMENT ON COLUMN @schema@.trials.status IS
	'done, failed or skipped; reason says why';

COMMENT ON COLUMN @schema@.trials.value IS
	'mean of the metric over users, with the interval low to high (95 %)';

COMMENT ON COLUMN @schema@.trials.part IS
	'part of the rows that was sampled: its root of the users, and of the items';

COMMENT ON COLUMN @schema@.trials.work IS
	'estimate, in seconds of two cores; duration is what it took';

COMMENT ON COLUMN @schema@.trials.source IS
	'state of the rows: another one, other rows';

COMMENT ON COLUMN @schema@.trials.key IS
	'state of all that the value follows from: the same key, the same value';
