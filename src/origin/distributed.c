/*
 * distributed.c
 *		Are the tables of a model what they seem?
 *
 * Citus puts the rows of a table that it distributes, or makes a reference
 * table, into others, and leaves an empty one of that name. A model is read and
 * written past the planner, and would just be empty: that is refused. Nothing
 * of Citus is needed but its catalog, looked at only where a table has changed.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/table.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "origin/origin.h"

static bool
is_distributed(Relation catalog, AttrNumber column, Oid relation)
{
	ScanKeyData key;
	SysScanDesc scan;
	bool		found;

	ScanKeyInit(&key, column, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(relation));
	scan = systable_beginscan(catalog, InvalidOid, false, NULL, 1, &key);
	found = HeapTupleIsValid(systable_getnext(scan));
	systable_endscan(scan);
	return found;
}

/*
 * Refuse a model one of whose tables is distributed.
 */
void
affinity_origin_check_tables(Oid schema)
{
	static const char *const tables[] = {
		"model", "items", AFFINITY_KEPT, AFFINITY_POPULAR, AFFINITY_REFRESHES
	};
	Oid			id = get_relname_relid("pg_dist_partition", PG_CATALOG_NAMESPACE);
	AttrNumber	column = OidIsValid(id) ? get_attnum(id, "logicalrelid") :
		InvalidAttrNumber;
	const char *found = NULL;
	Relation	catalog;

	if (column == InvalidAttrNumber || get_rel_relkind(id) != RELKIND_RELATION ||
		get_atttype(id, column) != REGCLASSOID)
		return;
	catalog = table_open(id, AccessShareLock);
	for (int i = 0; i < (int) lengthof(tables) && found == NULL; i++)
	{
		Oid			table = get_relname_relid(tables[i], schema);

		if (OidIsValid(table) && is_distributed(catalog, column, table))
			found = tables[i];
	}
	table_close(catalog, AccessShareLock);
	if (found)
	{
		char	   *name = get_namespace_name(schema);

		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table \"%s\" of model \"%s\" is distributed", found,
						name),
				 errdetail("The rows of a distributed or reference table are in others, where the model does not read them."),
				 errhint("SELECT undistribute_table(%s); and then: SELECT affinity.refresh_model(%s);",
						 quote_literal_cstr(quote_qualified_identifier(name,
																	   found)),
						 quote_literal_cstr(name))));
	}
}
