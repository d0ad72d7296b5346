/*
 * score.c
 *		Lists of the users of a test, and what is to be found in them.
 *
 * The batch of score/ makes the lists; here its matrices are made: rows are
 * the users of the test, whoever else has a history. What is to be predicted
 * goes by the subject's numbers; items that it does not know can be in no
 * list, and count as missed.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "batch/batch.h"
#include "eval/metric.h"

#define UNKNOWN	PG_UINT32_MAX

/*
 * For each of n users of a test their row in another dictionary, or UNKNOWN;
 * both are in order. Integers of the test are bigint, which others compare
 * with whatever their width.
 */
static uint32 *
find_users(const AffinityDict *test, uint32 n, const AffinityDict *users)
{
	uint32	   *row = affinity_base_array(n, sizeof(uint32));
	uint32		n_users = affinity_dictionary_size(users);
	Oid			type = affinity_dictionary_type(users);
	uint32		u = 0;

	for (uint32 at = 0; at < n_users && u < n; at++)
	{
		Datum		id = affinity_dictionary_id(users, at);
		int			c = -1;

		affinity_base_look_up(at);
		while (u < n &&
			   (c = affinity_dictionary_compare(test, u, id)) < 0)
			row[u++] = UNKNOWN;
		if (u < n && c == 0)
			row[u++] = at;
		if (type == TEXTOID || type == UUIDOID)
			pfree(DatumGetPointer(id));
	}
	while (u < n)
		row[u++] = UNKNOWN;
	return row;
}

/*
 * A matrix of some rows of another one, for a batch: it has no other side.
 * With values beside the entries, those of the rows take their place.
 */
static AffinityInteractions *
pick_rows(const AffinityCsr *from, const uint32 *row, uint32 n,
		  const float **beside)
{
	AffinityInteractions *in = palloc0(sizeof(AffinityInteractions));
	AffinityCsr *to = &in->by_user;
	float	   *picked = NULL;
	int64		entries = 0;

	to->n_rows = n;
	to->start = affinity_base_array((Size) n + 1, sizeof(int64));
	for (uint32 u = 0; u < n; u++)
	{
		to->start[u] = entries;
		if (row[u] != UNKNOWN)
			entries += from->start[row[u] + 1] - from->start[row[u]];
	}
	to->start[n] = entries;
	to->col = affinity_base_array(entries, sizeof(uint32));
	if (from->val)
		to->val = affinity_base_array(entries, sizeof(float));
	if (beside && *beside)
		picked = affinity_base_array(entries, sizeof(float));
	for (uint32 u = 0; u < n; u++)
	{
		int64		length = to->start[u + 1] - to->start[u];

		affinity_base_look_up(u);
		if (length == 0)
			continue;
		memcpy(to->col + to->start[u], from->col + from->start[row[u]],
			   length * sizeof(uint32));
		if (from->val)
			memcpy(to->val + to->start[u], from->val + from->start[row[u]],
				   length * sizeof(float));
		if (picked)
			memcpy(picked + to->start[u], *beside + from->start[row[u]],
				   length * sizeof(float));
	}
	if (picked)
		*beside = picked;
	in->by_item.start = palloc0(sizeof(int64));
	return in;
}

/*
 * Is an item among those of a user, which are in order?
 */
static bool
has_item(const AffinityInteractions *in, uint32 user, uint32 item)
{
	const AffinityCsr *m;
	int64		from;
	int64		n;

	if (in == NULL)
		return false;
	m = &in->by_user;
	from = m->start[user];
	n = m->start[user + 1] - from;
	return n > 0 && bsearch(&item, m->col + from, n, sizeof(uint32),
							affinity_score_compare) != NULL;
}

/*
 * What is to be predicted, by the subject's numbers.
 */
static void
find_targets(EvalMeter *meter, const AffinityEvalSubject *subject,
			 const AffinityInteractions *test, const AffinityBatch *batch)
{
	const AffinityCsr *m = &test->by_user;
	EvalTargets *t = &meter->targets;
	int32	   *number = affinity_batch_align(test, subject->item_id,
											  subject->scorer.n_items,
											  subject->n_sorted);
	int64		n = 0;

	t->start = affinity_base_array((Size) m->n_rows + 1, sizeof(int64));
	t->unknown = affinity_base_zeroed_array(m->n_rows, sizeof(uint32));
	t->item = affinity_base_array(m->start[m->n_rows], sizeof(uint32));
	t->repeat = affinity_base_array(m->start[m->n_rows], sizeof(bool));
	for (uint32 u = 0; u < m->n_rows; u++)
	{
		t->start[u] = n;
		for (int64 e = m->start[u]; e < m->start[u + 1]; e++)
		{
			int32		item = number[m->col[e]];

			affinity_base_look_up(e);
			if (item < 0)
			{
				t->unknown[u]++;
				continue;
			}
			t->item[n] = (uint32) item;
			t->repeat[n] = has_item(batch->histories, u, (uint32) item) ||
				has_item(batch->seen, u, (uint32) item);
			n++;
		}
	}
	t->start[m->n_rows] = n;
	pfree(number);
}

/*
 * Make the lists of all users of a test and measure them. The result is in the
 * current memory context, and nothing else stays.
 */
AffinityEvalResult *
affinity_eval_score(const AffinityEvalSubject *subject,
					const AffinityInteractions *test,
					const AffinityEvalWant *want)
{
	AffinityBatch batch = subject->batch;
	uint32		n = test->by_user.n_rows;
	uint32		most = want->k[want->n_k - 1];
	EvalMeter	meter;
	MemoryContext context;
	MemoryContext old;
	uint32	   *row;

	affinity_eval_meter_begin(&meter, want, n, &batch, &subject->scorer);
	context = AllocSetContextCreate(CurrentMemoryContext, "affinity evaluation",
									ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(context);
	row = find_users(test->users, n, subject->users);
	batch.scorer = &subject->scorer;
	batch.with_seen = want->with_seen;
	batch.histories = pick_rows(&subject->batch.histories->by_user, row, n,
								&batch.chance);
	if (subject->batch.seen)
		batch.seen = pick_rows(&subject->batch.seen->by_user, row, n, NULL);
	pfree(row);
	affinity_eval_meter_room(&meter);
	find_targets(&meter, subject, test, &batch);
	for (uint32 u = 0; u < n; u++)
		meter.result->has_history[u] =
			batch.histories->by_user.start[u] <
			batch.histories->by_user.start[u + 1];
	if (AFFINITY_EVAL_WANTS(want, AFFINITY_EVAL_AUC))
		most = Max(most, subject->scorer.n_items);
	meter.result->any_seen = batch.with_seen || batch.repeat > 0;
	affinity_score_batch_recommend(&batch, most, affinity_eval_meter_take,
								   &meter);
	affinity_eval_meter_end(&meter);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	return meter.result;
}
