/*
 * refuse.c
 *		What is wrong with rows, in words.
 */
#include "postgres.h"

#include "interaction/rows.h"

/*
 * A row cannot be used.
 */
void
affinity_interaction_refuse_row(Datum user, Oid user_type, Datum item,
								Oid item_type, int sqlstate, const char *what,
								const char *hint)
{
	ereport(ERROR,
			(errcode(sqlstate),
			 errmsg("interaction of user %s and item %s has %s",
					affinity_base_id_display(user, user_type),
					affinity_base_id_display(item, item_type), what),
			 errhint("%s", hint)));
}

/*
 * Columns are counted in 31 bits.
 */
void
affinity_interaction_check_columns(const AffinityRows *rows)
{
	if (affinity_dictionary_size(rows->items) >
		(uint32) PG_INT32_MAX / rows->n_kinds)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("%u items with %u kinds of events are too many",
						affinity_dictionary_size(rows->items),
						rows->n_kinds)));
}
