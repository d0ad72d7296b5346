/*
 * sample.c
 *		What is tested on, and parts of it.
 *
 * Who is in a sample follows from ids and the seed: a larger sample has all of
 * a smaller one.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "eval/hash.h"

typedef struct Drawn
{
	uint64		hash;
	uint32		no;
} Drawn;

static inline int
compare_drawn(const Drawn *a, const Drawn *b)
{
	if (a->hash != b->hash)
		return a->hash < b->hash ? -1 : 1;
	return (a->no > b->no) - (a->no < b->no);
}

#define ST_SORT sort_drawn
#define ST_ELEMENT_TYPE Drawn
#define ST_COMPARE(a, b) compare_drawn(a, b)
#define ST_CHECK_FOR_INTERRUPTS
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

/*
 * The same split with a part of its users and items, by chance: rows of the
 * others have no role.
 */
AffinityEvalSplit *
affinity_eval_thin(const AffinityEvalSplit *split, double users, double items,
				   int64 seed)
{
	const AffinityJournal *journal = split->journal;
	int64		rows = journal->start[journal->n_users];
	AffinityEvalSplit *thin = palloc(sizeof(AffinityEvalSplit));
	bool	   *keep = affinity_base_array(journal->n_items, sizeof(bool));

	*thin = *split;
	thin->role = affinity_base_array(rows, sizeof(uint8));
	memcpy(thin->role, split->role, rows);
	for (uint32 i = 0; i < journal->n_items; i++)
		keep[i] = affinity_eval_fraction(affinity_eval_seeded(~seed,
															  affinity_dictionary_hash(journal->items, i))) < items;
	for (uint32 u = 0; u < journal->n_users; u++)
	{
		bool		keep_user = affinity_eval_fraction(affinity_eval_hash_user(journal, u, seed)) <
			users;

		for (int64 r = journal->start[u]; r < journal->start[u + 1]; r++)
		{
			affinity_base_look_up(r);
			if (!keep_user || !keep[journal->row[r].item])
				thin->role[r] = 0;
		}
	}
	pfree(keep);
	affinity_eval_count_roles(thin);
	return thin;
}

/*
 * Test only on users by chance, from one fraction of them up to another: what
 * was to be predicted of the others is trained on.
 */
void
affinity_eval_test_users(AffinityEvalSplit *split, double from, double to,
						 int64 seed)
{
	const AffinityJournal *journal = split->journal;

	for (uint32 u = 0; u < journal->n_users; u++)
	{
		double		fraction =
			affinity_eval_fraction(affinity_eval_hash_user(journal, u, seed));

		if (fraction >= from && fraction < to)
			continue;
		for (int64 r = journal->start[u]; r < journal->start[u + 1]; r++)
		{
			affinity_base_look_up(r);
			if (split->role[r] == AFFINITY_EVAL_TEST)
				split->role[r] = AFFINITY_EVAL_TRAIN | AFFINITY_EVAL_HISTORY;
		}
	}
	affinity_eval_count_roles(split);
}

/*
 * What is to be predicted: pairs whose weights sum to more than 0.
 */
AffinityInteractions *
affinity_eval_test(const AffinityEvalSplit *split)
{
	AffinityJournalPart part = {split->journal, split->role, AFFINITY_EVAL_TEST};
	AffinityReadRequest request = {.skip_bad = true};

	return affinity_interaction_journal_select(&part, &request);
}

/*
 * Leave only so many users in a test, a sample by their ids.
 */
void
affinity_eval_sample(AffinityInteractions *test, int64 users, int64 seed)
{
	AffinityCsr *m = &test->by_user;
	uint32		n = m->n_rows;
	Drawn	   *user;
	uint32	   *number;
	uint32		kept = 0;
	int64		entries = 0;
	int64		begin = 0;

	if (users >= n)
		return;
	user = affinity_base_array(n, sizeof(Drawn));
	number = affinity_base_array(n, sizeof(uint32));
	for (uint32 u = 0; u < n; u++)
	{
		affinity_base_look_up(u);
		user[u].hash = affinity_eval_seeded(seed + 1,
											affinity_dictionary_hash(test->users, u));
		user[u].no = u;
		number[u] = PG_UINT32_MAX;
	}
	sort_drawn(user, n);
	for (int64 i = 0; i < users; i++)
		number[user[i].no] = 0;
	for (uint32 u = 0; u < n; u++)
	{
		int64		end = m->start[u + 1];

		affinity_base_look_up(u);
		if (number[u] == 0)
		{
			memmove(m->col + entries, m->col + begin,
					(end - begin) * sizeof(uint32));
			if (m->val)
				memmove(m->val + entries, m->val + begin,
						(end - begin) * sizeof(float));
			entries += end - begin;
			number[u] = kept++;
			m->start[kept] = entries;
		}
		begin = end;
	}
	m->n_rows = kept;
	affinity_dictionary_keep(test->users, number, kept);
	pfree(number);
	pfree(user);
}
