-- The schema and the view over the source: the only statements that resolve
-- names by the caller's search_path.

--schema
CREATE SCHEMA @schema@;

CREATE VIEW @schema@.interactions WITH (security_invoker = true) AS
@query@;

GRANT SELECT ON @schema@.interactions TO PUBLIC;

COMMENT ON VIEW @schema@.interactions IS
	'who did what with which item: the source of the model, read with the rights of the caller';
