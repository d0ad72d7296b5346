/*
 * signals.c
 *		What an event of each kind should count, learned on held-out users.
 *
 * A fifth of the users is held out. Of each, the newest third of the items with
 * an event of the first kind is to be predicted, from what came before: without
 * times, from everything else. Lists are learned once, from the other users;
 * weights are tried on them one kind at a time, and the best NDCG wins.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/memutils.h"

#include "tune/tune.h"

/* Users are tested on: at least, or nothing is learned; and at most. */
#define FEWEST_USERS	50
#define MOST_USERS		2000

/* One user of so many is held out. */
#define HELD_OUT		5

/* How often all kinds are gone through. */
#define ROUNDS			2

/* None is 0: users who have events of one kind only get lists as well. */
static const double weights[] = {
	0.01, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10
};

/* An item of a user with an event of the first kind. */
typedef struct Pair
{
	int64		at;
	uint64		hash;
	uint32		item;
} Pair;

static inline int
compare_pairs(const Pair *a, const Pair *b)
{
	if (a->at != b->at)
		return a->at > b->at ? -1 : 1;
	if (a->hash != b->hash)
		return a->hash < b->hash ? -1 : 1;
	return (a->item > b->item) - (a->item < b->item);
}

#define ST_SORT sort_pairs
#define ST_ELEMENT_TYPE Pair
#define ST_COMPARE(a, b) compare_pairs(a, b)
#define ST_CHECK_FOR_INTERRUPTS
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

/* ---- the split --------------------------------------------------------- */

/*
 * A user's items with an event of the first kind, the newest first: the first
 * time of each counts.
 */
static uint32
find_pairs(const AffinityJournal *j, uint32 user, Pair *pair)
{
	uint64		hash = affinity_dictionary_hash(j->users, user);
	uint32		n = 0;

	for (int64 r = j->start[user]; r < j->start[user + 1]; r++)
	{
		uint32		item = j->row[r].item;

		affinity_base_look_up(r);
		if (item >= j->n_items)
			break;
		if (n > 0 && pair[n - 1].item == item)
			continue;
		pair[n].item = item;
		pair[n].at = j->row[r].at;
		pair[n++].hash =
			affinity_base_mix64(hash +
								affinity_base_splitmix64(affinity_dictionary_hash(j->items, item)));
	}
	sort_pairs(pair, n);
	return n;
}

/*
 * Hide a user's newest items; false where nothing would be left to predict them
 * from.
 */
static bool
hide(AffinityEvalSplit *split, uint32 user, Pair *pair, bool *is_hidden)
{
	const AffinityJournal *j = split->journal;
	uint32		n = find_pairs(j, user, pair);
	uint32		n_hidden = (n + 2) / 3;
	int64		left = 0;

	for (uint32 i = 0; i < n_hidden; i++)
		is_hidden[pair[i].item] = true;
	for (int64 r = j->start[user]; r < j->start[user + 1]; r++)
	{
		const AffinityJournalRow *row = &j->row[r];
		int64		first = n_hidden > 0 ? pair[n_hidden - 1].at :
			AFFINITY_NO_TIME;

		affinity_base_look_up(r);
		if (row->item < j->n_items && is_hidden[row->item])
			split->role[r] = AFFINITY_EVAL_TEST;
		else if (first != AFFINITY_NO_TIME && row->at >= first)
			split->role[r] = 0;
		else
		{
			split->role[r] = AFFINITY_EVAL_HISTORY;
			left++;
		}
	}
	for (uint32 i = 0; i < n_hidden; i++)
		is_hidden[pair[i].item] = false;
	return n_hidden > 0 && left > 0;
}

static AffinityEvalSplit *
hold_out(const AffinityJournal *j)
{
	AffinityEvalSplit *split = palloc0(sizeof(AffinityEvalSplit));
	int64		longest = 0;
	Pair	   *pair;
	bool	   *is_hidden = affinity_base_zeroed_array(j->n_items, sizeof(bool));

	split->journal = j;
	split->kind = AFFINITY_EVAL_USERS;
	split->role = affinity_base_zeroed_array(j->start[j->n_users],
											 sizeof(uint8));
	for (uint32 u = 0; u < j->n_users; u++)
		longest = Max(longest, j->start[u + 1] - j->start[u]);
	pair = affinity_base_array(longest, sizeof(Pair));
	for (uint32 u = 0; u < j->n_users; u++)
	{
		uint64		hash = affinity_dictionary_hash(j->users, u);
		int64		start = j->start[u];

		CHECK_FOR_INTERRUPTS();
		if (affinity_base_mix64(hash) % HELD_OUT == 0 && hide(split, u, pair, is_hidden))
			continue;
		memset(split->role + start, AFFINITY_EVAL_TRAIN,
			   j->start[u + 1] - start);
	}
	for (int64 r = 0; r < j->start[j->n_users]; r++)
	{
		affinity_base_look_up(r);
		split->train_rows += split->role[r] == AFFINITY_EVAL_TRAIN;
		split->test_rows += split->role[r] == AFFINITY_EVAL_TEST;
	}
	pfree(pair);
	pfree(is_hidden);
	return split;
}

/* ---- the search -------------------------------------------------------- */

/*
 * NDCG with some weights.
 */
static double
try_weights(AffinityEvalSubject *subject, const AffinityInteractions *test,
			const double *weight)
{
	static const uint32 k[] = {AFFINITY_TUNE_K};
	AffinityEvalWant want = {
		.n_k = 1, .k = k, .metrics = (uint32) 1 << AFFINITY_EVAL_NDCG
	};
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "affinity weights",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	AffinityEvalResult *result;
	double		mean;

	affinity_score_kind_factors(&subject->kinds,
								(int) subject->scorer.n_kinds, weight,
								subject->scorer.kind_factor);
	result = affinity_eval_score(subject, test, &want);
	mean = affinity_eval_mean(result,
							  affinity_eval_slot(&want, AFFINITY_EVAL_NDCG, 0,
												 AFFINITY_EVAL_NEW_ITEMS));
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	return isnan(mean) ? 0 : mean;
}

/*
 * Weights of one kind after the other, as long as that makes a difference.
 */
static void
search(AffinityEvalSubject *subject, const AffinityInteractions *test,
	   AffinityTuneSignals *found)
{
	int			n = (int) subject->scorer.n_kinds;

	found->equal_ndcg = found->ndcg = try_weights(subject, test,
												  found->weight);
	for (int round = 0; round < ROUNDS; round++)
	{
		double		before = found->ndcg;

		for (int kind = 1; kind < n; kind++)
		{
			double		weight[AFFINITY_MOST_KINDS];

			memcpy(weight, found->weight, sizeof(weight));
			for (int i = 0; i < (int) lengthof(weights); i++)
			{
				double		ndcg;

				weight[kind] = weights[i];
				ndcg = try_weights(subject, test, weight);
				if (ndcg <= found->ndcg)
					continue;
				found->ndcg = ndcg;
				found->weight[kind] = weights[i];
			}
		}
		if (found->ndcg == before || n == 2)
			break;
	}
}

/*
 * Learn what events count, of a journal that has kinds. Where too few users can
 * be tested on, every kind counts half as much as the one before.
 */
void
affinity_tune_signals(const AffinityJournal *journal,
					  const AffinityAlgorithm *algorithm, const void *options,
					  AffinityTuneSignals *found)
{
	AffinityEvalSplit *split = hold_out(journal);
	AffinityInteractions *test = affinity_eval_test(split);
	AffinityEvalSubject subject;

	memset(found, 0, sizeof(AffinityTuneSignals));
	affinity_eval_sample(test, MOST_USERS, 0);
	found->users = test->by_user.n_rows;
	found->few = found->users < FEWEST_USERS;
	for (uint32 k = 0; k < journal->n_kinds; k++)
		found->weight[k] = found->few ? exp2(-(double) k) : 1;
	if (found->few)
		return;
	affinity_eval_train(split, algorithm, options, NULL, &subject);
	search(&subject, test, found);
}
