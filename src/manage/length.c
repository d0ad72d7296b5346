/*
 * length.c
 *		Tables that refreshes write over keep their length.
 *
 * The statements of sql/model make them so; those of models that were made
 * before are told here. VACUUM would shorten them under a lock that readers wait
 * for, and that cancels them on a standby.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "manage/objects.h"
#include "store/store.h"

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
		told = affinity_store_length_is_told(relid, &toast);
		if (!told)
			affinity_manage_ddl_execute(psprintf("ALTER TABLE %s SET (" VACUUM_TRUNCATE " = false)",
												 quote_qualified_identifier(name, s->object)));
		if (OidIsValid(toast) && !affinity_store_length_is_told(toast, &none))
			affinity_manage_ddl_execute(psprintf("ALTER TABLE %s SET (toast." VACUUM_TRUNCATE " = false)",
												 quote_qualified_identifier(name, s->object)));
	}
}
