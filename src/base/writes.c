/*
 * writes.c
 *		What a write into a table runs.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "catalog/pg_index.h"
#include "utils/rel.h"
#include "utils/relcache.h"

#include "base/schema.h"

/*
 * Would a write into this table run something? The catalog says so: the lists
 * of an index's expressions that the cache of relations gives are simplified,
 * which runs functions of constants, and as whoever asks.
 */
bool
affinity_base_runs_code(Oid relid)
{
	Relation	table = relation_open(relid, AccessShareLock);
	bool		runs = table->rd_rel->relhastriggers ||
		table->rd_rel->relhasrules || table->rd_rel->relrowsecurity ||
		table->rd_rel->relhassubclass ||
		(table->rd_att->constr != NULL &&
		 (table->rd_att->constr->num_check > 0 ||
		  table->rd_att->constr->num_defval > 0));
	List	   *indexes = RelationGetIndexList(table);
	ListCell   *cell;

	foreach(cell, indexes)
	{
		Relation	index = relation_open(lfirst_oid(cell), AccessShareLock);

		runs |= !heap_attisnull(index->rd_indextuple,
								Anum_pg_index_indexprs, NULL) ||
			!heap_attisnull(index->rd_indextuple, Anum_pg_index_indpred, NULL);
		relation_close(index, AccessShareLock);
	}
	relation_close(table, AccessShareLock);
	return runs;
}
