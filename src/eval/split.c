/*
 * split.c
 *		Which rows are trained on, which are in histories, which are to be
 *		predicted.
 *
 * Roles follow from ids, times and the seed alone: not from the order of rows
 * or from how many there are of other users.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "eval/hash.h"

const char *const affinity_eval_kind_names[] = {
	"auto", "time", "users", "random", "last", NULL
};

#define IN_MODEL	(AFFINITY_EVAL_TRAIN | AFFINITY_EVAL_HISTORY)

/* What is chosen among: in the order of time, then of a hash. */
typedef struct Choice
{
	int64		at;
	uint64		hash;
	int64		row;
} Choice;

static inline int
compare_choices(const Choice *a, const Choice *b)
{
	if (a->at != b->at)
		return a->at < b->at ? -1 : 1;
	if (a->hash != b->hash)
		return a->hash < b->hash ? -1 : 1;
	return (a->row > b->row) - (a->row < b->row);
}

#define ST_SORT sort_choices
#define ST_ELEMENT_TYPE Choice
#define ST_COMPARE(a, b) compare_choices(a, b)
#define ST_CHECK_FOR_INTERRUPTS
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

#define ST_SORT sort_times
#define ST_ELEMENT_TYPE int64
#define ST_COMPARE(a, b) ((*(a) > *(b)) - (*(a) < *(b)))
#define ST_CHECK_FOR_INTERRUPTS
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

typedef struct Splitting
{
	const AffinityJournal *journal;
	const AffinityEvalSplitRequest *request;
	AffinityEvalSplit *split;
	uint64	   *item_hash;		/* by item */
	Choice	   *choice;			/* room for a user's rows, or all users */
} Splitting;

/* ---- hashes ------------------------------------------------------------ */

static uint64
hash_of_pair(const Splitting *s, uint64 user_hash, uint32 item)
{
	return affinity_base_mix64(user_hash +
							   affinity_base_splitmix64(s->item_hash[item]));
}

static void
hash_items(Splitting *s)
{
	const AffinityJournal *journal = s->journal;

	s->item_hash = affinity_base_array(journal->n_items, sizeof(uint64));
	for (uint32 i = 0; i < journal->n_items; i++)
	{
		affinity_base_look_up(i);
		s->item_hash[i] = affinity_dictionary_hash(journal->items, i);
	}
}

/* ---- a user's pairs ---------------------------------------------------- */

/*
 * Items of a user: the first row of each, with the time of that row if times
 * count. Their number.
 */
static uint32
pairs_of(Splitting *s, uint32 user, bool times)
{
	const AffinityJournal *journal = s->journal;
	uint64		hash = affinity_eval_hash_user(journal, user, s->request->seed);
	int64		end = journal->start[user + 1];
	uint32		n = 0;

	for (int64 r = journal->start[user]; r < end; r++)
	{
		const AffinityJournalRow *row = &journal->row[r];

		affinity_base_look_up(r);
		if (n > 0 && journal->row[s->choice[n - 1].row].item == row->item)
			continue;
		s->choice[n].at = times ? row->at : 0;
		s->choice[n].hash = hash_of_pair(s, hash, row->item);
		s->choice[n++].row = r;
	}
	return n;
}

static void
give_pair(Splitting *s, uint32 user, int64 row, uint8 role)
{
	const AffinityJournal *journal = s->journal;
	uint32		item = journal->row[row].item;

	for (; row < journal->start[user + 1] && journal->row[row].item == item;
		 row++)
		s->split->role[row] = role;
}

/*
 * Some items of each user, by chance: the part asked for on the average, never
 * all.
 */
static void
split_random(Splitting *s)
{
	for (uint32 u = 0; u < s->journal->n_users; u++)
	{
		uint32		n = pairs_of(s, u, false);
		double		chance =
			affinity_eval_fraction(affinity_base_splitmix64(affinity_eval_hash_user(s->journal, u,
																					s->request->seed)));
		uint32		held = (uint32) (s->request->holdout * n + chance);

		held = Min(held, n - 1);
		sort_choices(s->choice, n);
		for (uint32 i = 0; i < n; i++)
			give_pair(s, u, s->choice[i].row,
					  i < held ? AFFINITY_EVAL_TEST : IN_MODEL);
	}
}

/*
 * The item that each user came to last. What the user did after coming to it
 * has no role.
 */
static void
split_last(Splitting *s)
{
	const AffinityJournal *journal = s->journal;

	for (uint32 u = 0; u < journal->n_users; u++)
	{
		uint32		n = pairs_of(s, u, true);
		int64		at;

		sort_choices(s->choice, n);
		at = n > 1 ? s->choice[n - 1].at : PG_INT64_MAX;
		for (int64 r = journal->start[u]; r < journal->start[u + 1]; r++)
			s->split->role[r] = journal->row[r].at <= at ? IN_MODEL : 0;
		if (n > 1)
			give_pair(s, u, s->choice[n - 1].row, AFFINITY_EVAL_TEST);
	}
}

/* ---- by time ----------------------------------------------------------- */

/*
 * The first time that leaves no more than the part asked for at or after it,
 * and something before it.
 */
static int64
find_as_of(const Splitting *s)
{
	const AffinityJournal *journal = s->journal;
	int64		rows = journal->start[journal->n_users];
	int64	   *at = affinity_base_array(rows, sizeof(int64));
	int64		n = 0;
	int64		before;
	int64		as_of;

	for (int64 r = 0; r < rows; r++)
	{
		affinity_base_look_up(r);
		if (journal->row[r].at != AFFINITY_NO_TIME)
			at[n++] = journal->row[r].at;
	}
	sort_times(at, n);
	before = n - (int64) (s->request->holdout * n);
	before = Min(Max(before, 1), n - 1);
	/* all rows of a time are on one side */
	for (as_of = at[before]; before > 0 && at[before - 1] == as_of;)
		before--;
	if (before == 0)
		while (before < n && at[before] == as_of)
			before++;
	if (before == n)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("all rows are of one time: there is nothing before it to train on"),
				 errhint("Split in another way: split => 'users' or 'random'.")));
	as_of = at[before];
	pfree(at);
	return as_of;
}

static void
split_time(Splitting *s)
{
	const AffinityJournal *journal = s->journal;
	int64		rows = journal->start[journal->n_users];
	int64		as_of = s->request->has_as_of ? s->request->as_of :
		find_as_of(s);

	s->split->as_of = as_of;
	for (int64 r = 0; r < rows; r++)
	{
		int64		at = journal->row[r].at;

		affinity_base_look_up(r);
		s->split->role[r] = at == AFFINITY_NO_TIME ? 0 :
			at < as_of ? IN_MODEL : AFFINITY_EVAL_TEST;
	}
}

/* ---- held-out users ---------------------------------------------------- */

/*
 * The newest rows of a user are to be predicted, by the others. False where
 * that cannot be, as all are of one item and time.
 */
static bool
hold_out(Splitting *s, uint32 user)
{
	const AffinityJournal *journal = s->journal;
	uint64		hash = affinity_eval_hash_user(journal, user, s->request->seed);
	int64		start = journal->start[user];
	int64		n = journal->start[user + 1] - start;
	int64		before = n - (int64) rint(s->request->holdout * n);

	for (int64 i = 0; i < n; i++)
	{
		const AffinityJournalRow *row = &journal->row[start + i];

		s->choice[i].at = row->at;
		s->choice[i].hash = hash_of_pair(s, hash, row->item);
		s->choice[i].row = start + i;
	}
	sort_choices(s->choice, n);
	before = Min(Max(before, 1), n - 1);
	while (before > 0 && s->choice[before].at == s->choice[before - 1].at &&
		   s->choice[before].hash == s->choice[before - 1].hash)
		before--;
	if (before <= 0)
		return false;
	for (int64 i = 0; i < n; i++)
		s->split->role[s->choice[i].row] =
			i < before ? AFFINITY_EVAL_HISTORY : AFFINITY_EVAL_TEST;
	return true;
}

static void
split_users(Splitting *s)
{
	const AffinityJournal *journal = s->journal;
	Choice	   *user = affinity_base_array(journal->n_users, sizeof(Choice));
	uint32		n = journal->n_users;
	uint32		held = (uint32) rint(s->request->holdout * n);
	uint32		done = 0;

	memset(s->split->role, AFFINITY_EVAL_TRAIN,
		   journal->start[journal->n_users]);
	for (uint32 u = 0; u < n; u++)
	{
		affinity_base_look_up(u);
		user[u].at = 0;
		user[u].hash = affinity_eval_hash_user(journal, u, s->request->seed);
		user[u].row = u;
	}
	sort_choices(user, n);
	held = Min(Max(held, 1), n - 1);
	for (uint32 i = 0; i < n && done < held; i++)
		done += hold_out(s, (uint32) user[i].row);
	pfree(user);
}

/* ---- the whole --------------------------------------------------------- */

/*
 * Has the journal rows of different times?
 */
static bool
has_times(const AffinityJournal *journal)
{
	int64		first = AFFINITY_NO_TIME;

	for (int64 r = 0; r < journal->start[journal->n_users]; r++)
	{
		int64		at = journal->row[r].at;

		affinity_base_look_up(r);
		if (at == AFFINITY_NO_TIME)
			continue;
		if (first == AFFINITY_NO_TIME)
			first = at;
		if (at != first)
			return true;
	}
	return false;
}

void
affinity_eval_count_roles(AffinityEvalSplit *split)
{
	int64		rows = split->journal->start[split->journal->n_users];

	split->train_rows = split->test_rows = 0;
	for (int64 r = 0; r < rows; r++)
	{
		affinity_base_look_up(r);
		split->train_rows += (split->role[r] & AFFINITY_EVAL_TRAIN) != 0;
		split->test_rows += (split->role[r] & AFFINITY_EVAL_TEST) != 0;
	}
}

/*
 * Leave out rows from a time on, as if there were none yet.
 */
void
affinity_eval_end(AffinityEvalSplit *split, int64 end)
{
	const AffinityJournal *journal = split->journal;

	for (int64 r = 0; r < journal->start[journal->n_users]; r++)
	{
		affinity_base_look_up(r);
		if (journal->row[r].at >= end)
			split->role[r] = 0;
	}
	affinity_eval_count_roles(split);
}

static int64
longest_history(const AffinityJournal *journal)
{
	int64		most = 0;

	for (uint32 u = 0; u < journal->n_users; u++)
		most = Max(most, journal->start[u + 1] - journal->start[u]);
	return most;
}

/*
 * Give each row its role.
 */
AffinityEvalSplit *
affinity_eval_split(const AffinityJournal *journal,
					const AffinityEvalSplitRequest *request)
{
	AffinityEvalSplit *split = palloc0(sizeof(AffinityEvalSplit));
	Splitting	s = {.journal = journal, .request = request, .split = split};

	split->journal = journal;
	split->kind = request->kind;
	if (split->kind == AFFINITY_EVAL_AUTO)
		split->kind = request->has_as_of || has_times(journal) ?
			AFFINITY_EVAL_TIME : AFFINITY_EVAL_USERS;
	if ((split->kind == AFFINITY_EVAL_TIME ||
		 split->kind == AFFINITY_EVAL_LAST) && !journal->has_time &&
		journal->n_users > 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("split \"%s\" needs a source with times",
						affinity_eval_kind_names[split->kind]),
				 errhint("Add the time as the query's fourth column, after user, item and weight, or split in another way: split => 'users' or 'random'.")));
	split->role = affinity_base_zeroed_array(journal->start[journal->n_users],
											 sizeof(uint8));
	if (journal->n_users == 0)
		return split;
	hash_items(&s);
	s.choice = affinity_base_array(longest_history(journal), sizeof(Choice));
	switch (split->kind)
	{
		case AFFINITY_EVAL_TIME:
			split_time(&s);
			break;
		case AFFINITY_EVAL_USERS:
			split_users(&s);
			break;
		case AFFINITY_EVAL_RANDOM:
			split_random(&s);
			break;
		case AFFINITY_EVAL_LAST:
			split_last(&s);
			break;
		default:
			memset(split->role, IN_MODEL, journal->start[journal->n_users]);
			break;
	}
	pfree(s.choice);
	pfree(s.item_hash);
	affinity_eval_count_roles(split);
	return split;
}
