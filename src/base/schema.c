/*
 * schema.c
 *		The schema of the extension, where its own types and functions are.
 *
 * It is found by the extension and not by its name: whoever owns the schema may
 * rename it and make another one of that name, with types that are not what C
 * code takes them for. In the extension's schema the names of its objects are
 * taken.
 */
#include "postgres.h"

#include "catalog/pg_extension.h"
#include "utils/inval.h"
#include "utils/syscache.h"

#include "base/catalog.h"
#include "base/schema.h"

static Oid	known = InvalidOid;

/*
 * An extension that goes and comes again may have another schema, which is made
 * before it.
 */
static void
forget(Datum arg, int cache, uint32 hash)
{
	(void) arg;
	(void) cache;
	(void) hash;
	known = InvalidOid;
}

/*
 * InvalidOid where this database has no such extension.
 */
Oid
affinity_base_schema(void)
{
	static bool registered = false;
	Datum		schema;

	if (OidIsValid(known))
		return known;
	if (!registered)
	{
		CacheRegisterSyscacheCallback(NAMESPACEOID, forget, (Datum) 0);
		registered = true;
	}
	if (affinity_base_catalog_column(Anum_pg_extension_extnamespace, &schema))
		known = DatumGetObjectId(schema);
	return known;
}
