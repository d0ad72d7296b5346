/*
 * sums.c
 *		Scores of all items at once: a dense row of sums that is cleared by
 *		the list of what was touched, so that a call costs no more than it
 *		touches.
 *
 * The row is kept for the life of the backend and is all -0 between calls:
 * that says "untouched" whether scores have signs or not (see
 * kernel/sparse.c). An error may leave it otherwise; then the next call
 * clears all of it.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "kernel/sparse.h"
#include "score/ranker.h"

static double *kept_sum = NULL;
static uint32 *kept_touched = NULL;
static uint32 kept_size = 0;
static bool in_use = false;

static void
clear_all(void)
{
	for (uint32 i = 0; i < kept_size; i++)
		kept_sum[i] = -0.0;
}

void
affinity_score_sums_begin(ScoreSums *sums, bool is_signed, uint32 n_items)
{
	if (kept_size < n_items)
	{
		uint32		size = Max(n_items, 1024);

		if (kept_sum)
			pfree(kept_sum);
		if (kept_touched)
			pfree(kept_touched);
		kept_sum = NULL;
		kept_touched = NULL;
		kept_size = 0;
		kept_sum = MemoryContextAllocHuge(TopMemoryContext,
										  (Size) size * sizeof(double));
		/* one entry more than sums: see kernel/sparse.c */
		kept_touched = MemoryContextAllocHuge(TopMemoryContext,
											  ((Size) size + 1) *
											  sizeof(uint32));
		kept_size = size;
		clear_all();
	}
	else if (in_use)
		clear_all();
	in_use = true;
	sums->sum = kept_sum;
	sums->touched = kept_touched;
	sums->n_touched = 0;
	sums->is_signed = is_signed;
	sums->add = is_signed ? affinity_kernel_sparse_add_signed :
		affinity_kernel_sparse_add;
}

/*
 * Add what an item of a history says of others.
 */
void
affinity_score_sums_add(ScoreSums *sums, const AffinityList *list,
						double weight)
{
	if (weight > 0 || (weight < 0 && sums->is_signed))
		sums->n_touched = sums->add(sums->sum, sums->touched, sums->n_touched,
									(const uint32 *) list->item, list->score,
									list->n, weight);
}

void
affinity_score_sums_end(ScoreSums *sums)
{
	for (uint32 t = 0; t < sums->n_touched; t++)
		sums->sum[sums->touched[t]] = -0.0;
	in_use = false;
}
