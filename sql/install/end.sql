-- The last statement of the install script: nothing came into the schema from another
-- session while this one ran, so that every call above is of a function of the extension.
DO $$
DECLARE
	object pg_catalog.text;
BEGIN
	SELECT pg_catalog.pg_describe_object(d.classid, d.objid, 0) INTO object
	FROM pg_catalog.pg_extension AS e
	JOIN pg_catalog.pg_depend AS d
		ON d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_namespace'::pg_catalog.regclass
		AND d.refobjid OPERATOR(pg_catalog.=) e.extnamespace
	WHERE e.extname OPERATOR(pg_catalog.=) 'affinity'
	AND d.classid OPERATOR(pg_catalog.<>) 'pg_catalog.pg_extension'::pg_catalog.regclass
	AND d.deptype OPERATOR(pg_catalog.=) 'n'::pg_catalog."char"
	AND NOT EXISTS (
		SELECT
		FROM pg_catalog.pg_depend AS m
		WHERE m.classid OPERATOR(pg_catalog.=) d.classid
		AND m.objid OPERATOR(pg_catalog.=) d.objid
		AND m.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_extension'::pg_catalog.regclass
		AND m.refobjid OPERATOR(pg_catalog.=) e.oid
		AND m.deptype OPERATOR(pg_catalog.=) 'e'::pg_catalog."char")
	ORDER BY 1
	LIMIT 1;
	IF object IS NOT NULL THEN
		RAISE EXCEPTION 'another session made an object in schema "affinity" meanwhile: %', object
			USING ERRCODE = 'object_in_use',
				HINT = 'Drop it, and create the extension again.';
	END IF;
END;
$$;
