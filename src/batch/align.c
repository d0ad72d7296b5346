/*
 * align.c
 *		Items of a matrix among those of a model.
 *
 * Both are in order of id, but for items that came to the model after its
 * training: these have the last numbers.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "batch/shared.h"

/*
 * Some ids, in order of id: where they are among all of them.
 */
typedef struct Run
{
	const Datum *id;
	const uint32 *at;			/* NULL: one after the other */
	uint32		n;
} Run;

/*
 * Find the items of the matrix among the ids of a run.
 */
static void
align_run(const AffinityInteractions *in, const Run *run, int32 *index)
{
	uint32		i = 0;

	for (uint32 item = 0; item < in->n_items && i < run->n; item++)
	{
		int			c = -1;

		affinity_base_look_up(item);
		while (i < run->n &&
			   (c = affinity_dictionary_compare(in->items, item,
												run->id[run->at ? run->at[i] : i])) > 0)
			i++;
		if (i == run->n || c != 0)
			continue;
		if (index[item] >= 0)
			affinity_train_damaged(NULL, "an item of the model is there twice");
		index[item] = (int32) (run->at ? run->at[i] : i);
	}
}

typedef struct Appended
{
	const Datum *id;
	Oid			type;
} Appended;

static int
compare_appended(const void *a, const void *b, void *arg)
{
	const Appended *appended = arg;
	uint32		x = *(const uint32 *) a;
	uint32		y = *(const uint32 *) b;
	int			c = affinity_base_id_compare(appended->id[x], appended->id[y],
											 appended->type);

	return c != 0 ? c : x < y ? -1 : x > y;
}

/*
 * For each item of the matrix its index among n ids, -1 where it is none of
 * them. The ids are in order up to n_sorted, and those of items that came later
 * follow.
 */
int32 *
affinity_batch_align(const AffinityInteractions *in, const Datum *id, uint32 n,
					 uint32 n_sorted)
{
	Run			run = {id, NULL, n_sorted};
	Appended	appended = {id, affinity_dictionary_type(in->items)};
	int32	   *index = affinity_base_array(in->n_items, sizeof(int32));
	uint32	   *at;

	memset(index, 0xFF, in->n_items * sizeof(int32));
	align_run(in, &run, index);
	if (n == n_sorted)
		return index;
	at = affinity_base_array(n - n_sorted, sizeof(uint32));
	for (uint32 i = n_sorted; i < n; i++)
		at[i - n_sorted] = i;
	qsort_arg(at, n - n_sorted, sizeof(uint32), compare_appended, &appended);
	for (uint32 i = 1; i < n - n_sorted; i++)
	{
		if (affinity_base_id_compare(id[at[i - 1]], id[at[i]],
									 appended.type) == 0)
			affinity_train_damaged(NULL, "an item of the model is there twice");
	}
	run.at = at;
	run.n = n - n_sorted;
	align_run(in, &run, index);
	pfree(at);
	return index;
}

/* An entry of a row. */
typedef struct RowEntry
{
	uint32		col;
	float		val;
	float		chance;
} RowEntry;

static int
compare_columns(const void *a, const void *b)
{
	uint32		x = ((const RowEntry *) a)->col;
	uint32		y = ((const RowEntry *) b)->col;

	return x < y ? -1 : x > y;
}

/*
 * Put the columns of a row in order again: items that came after the training
 * have the last numbers, whatever their ids.
 */
void
affinity_batch_order_row(AffinityCsr *m, int64 start, int64 end, float *chance)
{
	RowEntry   *entry;
	int64		e = start + 1;

	while (e < end && m->col[e - 1] < m->col[e])
		e++;
	if (e >= end)
		return;
	entry = affinity_base_array(end - start, sizeof(RowEntry));
	for (e = start; e < end; e++)
	{
		entry[e - start].col = m->col[e];
		entry[e - start].val = m->val ? m->val[e] : 1;
		entry[e - start].chance = chance ? chance[e] : 0;
	}
	qsort(entry, end - start, sizeof(RowEntry), compare_columns);
	for (e = start; e < end; e++)
	{
		m->col[e] = entry[e - start].col;
		if (m->val)
			m->val[e] = entry[e - start].val;
		if (chance)
			chance[e] = entry[e - start].chance;
	}
	pfree(entry);
}
