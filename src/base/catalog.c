/*
 * catalog.c
 *		Is the extension in this database of the library's version?
 *
 * It is not between the installation of a package and ALTER EXTENSION ...
 * UPDATE, after pg_upgrade, and in a session that loaded the library before
 * either. Both go on working then; what one of them has and the other lacks
 * cannot be made.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/pg_extension.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"

#include "base/catalog.h"
#include "base/version.h"

/*
 * A column of the extension's row in pg_extension; false where this database has
 * no such extension, or NULL.
 */
bool
affinity_base_catalog_column(AttrNumber column, Datum *value)
{
	Relation	extensions = table_open(ExtensionRelationId, AccessShareLock);
	TupleDesc	desc = RelationGetDescr(extensions);
	bool		isnull = true;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key, Anum_pg_extension_extname, BTEqualStrategyNumber,
				F_NAMEEQ, CStringGetDatum("affinity"));
	/* a page or two: nothing else of a new session's opens its index */
	scan = systable_beginscan(extensions, InvalidOid, false, NULL, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
		*value = heap_getattr(tuple, column, desc, &isnull);
	if (!isnull)
		*value = datumCopy(*value, TupleDescAttr(desc, column - 1)->attbyval,
						   TupleDescAttr(desc, column - 1)->attlen);
	systable_endscan(scan);
	table_close(extensions, AccessShareLock);
	return !isnull;
}

/*
 * The version of the extension in this database; NULL: it is not there.
 */
static char *
catalog_version(void)
{
	Datum		version;

	return affinity_base_catalog_column(Anum_pg_extension_extversion,
										&version) ?
		TextDatumGetCString(version) : NULL;
}

/*
 * By the numbers in them, one after the other.
 */
static int
compare_versions(const char *a, const char *b)
{
	while (*a != '\0' || *b != '\0')
	{
		char	   *a_end = unconstify(char *, a);
		char	   *b_end = unconstify(char *, b);
		long		x = strtol(a, &a_end, 10);
		long		y = strtol(b, &b_end, 10);

		if (x != y)
			return x < y ? -1 : 1;
		a = a_end;
		b = b_end;
		if (*a != *b && (*a == '\0' || *b == '\0'))
			return *a == '\0' ? -1 : 1;
		if (*a != *b)
			return *a < *b ? -1 : 1;
		if (*a != '\0')
		{
			a++;
			b++;
		}
	}
	return 0;
}

/*
 * What to do where the versions differ, NULL where they do not.
 */
const char *
affinity_base_catalog_apart(void)
{
	char	   *version = catalog_version();

	if (version == NULL || strcmp(version, AFFINITY_VERSION) == 0)
		return NULL;
	if (compare_versions(version, AFFINITY_VERSION) < 0)
		return psprintf("The extension in this database is of version %s, its library of %s: ALTER EXTENSION affinity UPDATE;",
						version, AFFINITY_VERSION);
	return psprintf("This session has the library of version %s, the extension in this database is of %s: connect anew, and restart the server first if shared_preload_libraries names affinity.",
					AFFINITY_VERSION, version);
}

/*
 * Is it of a later version than the library, which this session has from before?
 */
bool
affinity_base_catalog_is_later(void)
{
	char	   *version = catalog_version();

	return version != NULL && compare_versions(version, AFFINITY_VERSION) > 0;
}
