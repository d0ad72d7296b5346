/*
 * length.c
 *		Tables that refreshes write over keep their length.
 *
 * The statements of sql/model make them so; those of models that were made
 * before are told here. VACUUM would shorten them under a lock that readers wait
 * for, and that cancels them on a standby.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/reloptions.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "nodes/parsenodes.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "manage/objects.h"

#define VACUUM_TRUNCATE	"vacuum_truncate"

/*
 * Is it said of a relation whether VACUUM may shorten it? Then it stays so. The
 * table behind it, for long values, is left in *toast.
 */
static bool
is_told(Oid relid, Oid *toast)
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

/*
 * Tell it of the tables whose statements say so.
 */
void
affinity_manage_keep_length(const char *name, Oid schema)
{
	for (const ModelStatement *s = affinity_manage_ddl_objects(); s->object; s++)
	{
		Oid			relid;
		Oid			toast = InvalidOid;
		Oid			none;
		bool		told;

		if (s->kind != 'r' || strncmp(s->sql, "CREATE", 6) != 0 ||
			strstr(s->sql, VACUUM_TRUNCATE) == NULL)
			continue;
		relid = get_relname_relid(s->object, schema);
		if (get_rel_relkind(relid) != RELKIND_RELATION)
			continue;
		told = is_told(relid, &toast);
		if (!told)
			affinity_manage_ddl_execute(psprintf("ALTER TABLE %s SET (" VACUUM_TRUNCATE " = false)",
												 quote_qualified_identifier(name, s->object)));
		if (OidIsValid(toast) && !is_told(toast, &none))
			affinity_manage_ddl_execute(psprintf("ALTER TABLE %s SET (toast." VACUUM_TRUNCATE " = false)",
												 quote_qualified_identifier(name, s->object)));
	}
}
