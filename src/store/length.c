/*
 * length.c
 *		Whether a table says that VACUUM may shorten it.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/reloptions.h"
#include "catalog/pg_class.h"
#include "nodes/parsenodes.h"
#include "utils/syscache.h"

#include "store/store.h"

/*
 * Is it said of a relation whether VACUUM may shorten it? Then it stays so. The
 * table behind it, for long values, is left in *toast.
 */
bool
affinity_store_length_is_told(Oid relid, Oid *toast)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	bool		told = false;
	bool		isnull;
	Datum		options;
	ListCell   *cell;

	if (!HeapTupleIsValid(tuple))
		return true;
	*toast = ((Form_pg_class) GETSTRUCT(tuple))->reltoastrelid;
	options = SysCacheGetAttr(RELOID, tuple, Anum_pg_class_reloptions,
							  &isnull);
	foreach(cell, isnull ? NIL : untransformRelOptions(options))
		told |= strcmp(lfirst_node(DefElem, cell)->defname,
					   VACUUM_TRUNCATE) == 0;
	ReleaseSysCache(tuple);
	return told;
}
