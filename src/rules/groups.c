/*
 * groups.c
 *		Numbers of groups, from values of any type that can be hashed.
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/memutils.h"
#include "utils/typcache.h"

#include "rules/book.h"

/*
 * Begin in the current memory context, in which what is given is kept.
 */
void
affinity_rules_groups_begin(RuleGroups *g, Oid type, Oid collation)
{
	g->type = lookup_type_cache(type, TYPECACHE_EQ_OPR_FINFO |
								TYPECACHE_HASH_PROC_FINFO);
	if (!OidIsValid(g->type->hash_proc_finfo.fn_oid) ||
		!OidIsValid(g->type->eq_opr_finfo.fn_oid))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("groups of items are of type %s, which cannot be compared for equality by a hash",
						format_type_be(type))));
	g->collation = collation;
	g->context = CurrentMemoryContext;
	g->n = 0;
	g->room = 256;
	g->value = palloc(g->room * sizeof(Datum));
	g->hash = palloc(g->room * sizeof(uint32));
	g->slots = 1024;
	g->slot = palloc(g->slots * sizeof(int32));
	memset(g->slot, 0xff, g->slots * sizeof(int32));
}

static void
grow(RuleGroups *g)
{
	g->room *= 2;
	g->value = repalloc_huge(g->value, g->room * sizeof(Datum));
	g->hash = repalloc_huge(g->hash, g->room * sizeof(uint32));
	pfree(g->slot);
	g->slots *= 2;
	g->slot = MemoryContextAllocHuge(CurrentMemoryContext,
									 g->slots * sizeof(int32));
	memset(g->slot, 0xff, g->slots * sizeof(int32));
	for (uint32 i = 0; i < g->n; i++)
	{
		uint32		at = g->hash[i] & (g->slots - 1);

		while (g->slot[at] >= 0)
			at = (at + 1) & (g->slots - 1);
		g->slot[at] = (int32) i;
	}
}

/*
 * The number of a group by its value, which is copied if it is new.
 */
int32
affinity_rules_group_number(RuleGroups *g, Datum value)
{
	uint32		hash = DatumGetUInt32(FunctionCall1Coll(&g->type->hash_proc_finfo,
														g->collation,
														value));
	uint32		at = hash & (g->slots - 1);
	MemoryContext old;

	while (g->slot[at] >= 0)
	{
		int32		no = g->slot[at];

		if (g->hash[no] == hash &&
			DatumGetBool(FunctionCall2Coll(&g->type->eq_opr_finfo,
										   g->collation, g->value[no], value)))
			return no;
		at = (at + 1) & (g->slots - 1);
	}
	old = MemoryContextSwitchTo(g->context);
	if (g->n == g->room)
	{
		grow(g);
		at = hash & (g->slots - 1);
		while (g->slot[at] >= 0)
			at = (at + 1) & (g->slots - 1);
	}
	g->slot[at] = (int32) g->n;
	g->hash[g->n] = hash;
	if (g->type->typlen == -1)
		value = PointerGetDatum(PG_DETOAST_DATUM(value));
	g->value[g->n] = datumCopy(value, g->type->typbyval, g->type->typlen);
	MemoryContextSwitchTo(old);
	return (int32) g->n++;
}

/*
 * Of two groups of an item, the one that comes first as text; one, if any, before
 * none.
 */
int32
affinity_rules_first_group(const RuleGroups *g, int32 a, int32 b)
{
	char	   *a_text;
	char	   *b_text;

	if (a < 0 || b < 0 || a == b)
		return Max(a, b);
	a_text = affinity_base_id_display(g->value[a], g->type->type_id);
	b_text = affinity_base_id_display(g->value[b], g->type->type_id);
	return strcmp(a_text, b_text) <= 0 ? a : b;
}
