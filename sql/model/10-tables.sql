-- What was learned. Anyone with USAGE on the schema may read it. What refreshes
-- write over keeps its length: VACUUM would lock readers out to shorten it, on
-- standbys too, and the next refresh would need the room again. Tables have
-- primary keys, by which they are replicated.

--objects
CREATE TABLE @schema@.model OF affinity.model_record (
	PRIMARY KEY (version)
) WITH (vacuum_truncate = false, toast.vacuum_truncate = false);

GRANT SELECT ON @schema@.model TO PUBLIC;

COMMENT ON TABLE @schema@.model IS
	'one row: algorithm, options and figures of the version in force; its type marks the schema as a model';

CREATE SEQUENCE @schema@.model_version;

COMMENT ON SEQUENCE @schema@.model_version IS
	'numbers of versions, none used twice';

CREATE TABLE @schema@.@items@ (
	item_no pg_catalog.int4 NOT NULL,
	item_id @item@ NOT NULL,
	popularity pg_catalog.float4 NOT NULL,
	neighbors pg_catalog.int4[] NOT NULL,
	scores pg_catalog.float4[] NOT NULL,
	factors pg_catalog.float4[],
	repeat_rate pg_catalog.float4
) WITH (toast_tuple_target = 8160, vacuum_truncate = false, toast.vacuum_truncate = false);

ALTER TABLE @schema@.@items@
	ALTER COLUMN neighbors SET STORAGE EXTERNAL,
	ALTER COLUMN scores SET STORAGE EXTERNAL,
	ALTER COLUMN factors SET STORAGE EXTERNAL;

GRANT SELECT ON @schema@.@items@ TO PUBLIC;

COMMENT ON TABLE @schema@.@items@ IS
	'one row per item, numbered in order of item_id: its similar items (best first), scores, factors, rate of repeats';

CREATE TABLE @schema@.kept_interactions (
	user_id @user@ NOT NULL,
	row_no pg_catalog.int8 NOT NULL,
	item_id @item@ NOT NULL,
	weight pg_catalog.float8 NOT NULL,
	at pg_catalog.timestamp@kept_signal@
) WITH (vacuum_truncate = false, toast.vacuum_truncate = false);

ALTER TABLE @schema@.kept_interactions ADD PRIMARY KEY (user_id, row_no);

COMMENT ON TABLE @schema@.kept_interactions IS
	'interactions as of the last refresh, which are served if the model is materialized; SELECT is the owner''s to grant';

CREATE VIEW @schema@.neighbors WITH (security_invoker = true) AS
SELECT
	i.item_id,
	n.item_id AS neighbor_id,
	u.score,
	u.rank::pg_catalog.int4 AS rank
FROM @schema@.items AS i
CROSS JOIN LATERAL ROWS FROM (
	pg_catalog.unnest(i.neighbors),
	pg_catalog.unnest(i.scores)) WITH ORDINALITY AS u(item_no, score, rank)
JOIN @schema@.items AS n
	ON n.item_no OPERATOR(pg_catalog.=) u.item_no;

GRANT SELECT ON @schema@.neighbors TO PUBLIC;

COMMENT ON VIEW @schema@.neighbors IS
	'similar items of every item, rank 1 being the most similar';

-- Once the items are written.

--indexes
ALTER TABLE @schema@.@items@ ADD PRIMARY KEY (item_no);

ALTER TABLE @schema@.@items@ ADD UNIQUE (item_id);

CREATE INDEX @items@_popularity_idx ON @schema@.@items@ (popularity DESC, item_no);
