-- The schema, the view over the source, and what the model is defined as. The
-- definition names the source in texts alone: it is there when that is gone.

--schema
CREATE SCHEMA @schema@;

--objects
CREATE VIEW @schema@.interactions WITH (security_invoker = true) AS
@query@;

GRANT SELECT ON @schema@.interactions TO PUBLIC;

COMMENT ON VIEW @schema@.interactions IS
	'who did what with which item: the source of the model, read with the rights of the caller';

CREATE VIEW @schema@.definition AS
SELECT
	@given_query@::pg_catalog.text AS query,
	@resolved@::pg_catalog.text AS resolved_query,
	@renamed@::pg_catalog.text AS renamed_query,
	@algorithm@::pg_catalog.text AS algorithm,
	@given_options@::pg_catalog.jsonb AS given_options,
	@options@::pg_catalog.jsonb AS options,
	@user_type@::pg_catalog.text AS user_type,
	@item_type@::pg_catalog.text AS item_type,
	@objects@::pg_catalog.text AS objects,
	@view@::pg_catalog.text AS interactions_view,
	@materialize@::pg_catalog.bool AS materialize,
	@choice@::pg_catalog.text AS choice,
	@attributes@::pg_catalog.text AS item_attributes,
	@resolved_attributes@::pg_catalog.text AS resolved_item_attributes,
	@signals@::pg_catalog.text AS signals,
	@user_groups@::pg_catalog.text AS user_groups,
	@resolved_user_groups@::pg_catalog.text AS resolved_user_groups;

GRANT SELECT ON @schema@.definition TO PUBLIC;

COMMENT ON VIEW @schema@.definition IS
	'what the model is made from; affinity.alter_model changes it';
