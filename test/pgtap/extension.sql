-- What holds for every object of the extension, whichever room it came from.
BEGIN;
SELECT plan(8);

CREATE TEMP VIEW own_functions AS
	SELECT p.*, p.oid::regprocedure AS signature
	FROM pg_proc p
	JOIN pg_depend d ON d.classid = 'pg_proc'::regclass
		AND d.objid = p.oid AND d.deptype = 'e'
	JOIN pg_extension e ON e.oid = d.refobjid
		AND d.refclassid = 'pg_extension'::regclass
	WHERE e.extname = 'affinity';

SELECT has_extension('affinity');

SELECT is_empty($$
	SELECT o.signature FROM own_functions o
	JOIN pg_namespace n ON n.oid = o.pronamespace
	WHERE n.nspname <> 'affinity'$$,
	'every function lives in schema affinity');

SELECT is_empty($$
	SELECT signature FROM own_functions
	WHERE prorettype NOT IN ('internal'::regtype)
	AND coalesce(obj_description(oid, 'pg_proc'), '') = ''$$,
	'every function and aggregate has a comment');

SELECT is_empty($$
	SELECT signature FROM own_functions WHERE prosecdef$$,
	'no function runs as its owner');

SELECT is_empty($$
	SELECT signature FROM own_functions
	WHERE 'internal'::regtype = ANY (proargtypes)
	AND has_function_privilege('public', oid, 'EXECUTE')
	AND prorettype <> 'internal'::regtype AND NOT proisstrict$$,
	'a function with an internal argument cannot be called from SQL with NULL');

SELECT is_empty($$
	SELECT signature FROM own_functions
	WHERE proretset AND prorows = 1000 AND pronargs = 0$$,
	'a function without arguments that returns rows states how many');

SELECT is_empty($$
	SELECT a.aggfnoid FROM pg_aggregate a
	JOIN own_functions o ON o.oid = a.aggfnoid
	WHERE a.aggtranstype = 'internal'::regtype AND a.aggcombinefn <> 0$$,
	'no state that is to be combined is internal');

SELECT ok(has_schema_privilege('public', 'affinity', 'USAGE')
	AND NOT has_schema_privilege('public', 'affinity', 'CREATE'),
	'everybody may use schema affinity, nobody create in it');

SELECT finish();
ROLLBACK;
