/*
 * split.c
 *		What is held out, how often, and how old the rest is.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "tune/search.h"

/* A split by time needs so many who are on both sides of it. */
#define FEWEST_ON_BOTH		100
/* Part of the rows, from the newest back, that a split by time holds out. */
#define NEWEST				0.1
/*
 * Where there are no times: part of the users that are tested on in a fold, and
 * of their items that are held out. All else is trained on: with less of each
 * user, algorithms that need little would look better than they are.
 */
#define OF_USERS			(1.0 / TUNE_MOST_FOLDS)
#define OF_ITEMS			0.2

/*
 * As asked for; where it is not said how, by time if enough users are on both
 * sides, else by users who are held out. Sizes are those of the whole.
 */
AffinityEvalSplit *
affinity_tune_split_by(const AffinityJournal *journal,
					   AffinityEvalSplitRequest *by, TuneSizes *sizes)
{
	AffinityEvalSplit *split = affinity_eval_split(journal, by);

	affinity_tune_measure(split, sizes);
	if (by->kind != AFFINITY_EVAL_AUTO || by->has_as_of ||
		(split->kind == AFFINITY_EVAL_TIME &&
		 sizes->test_users >= FEWEST_ON_BOTH))
		return split;
	by->kind = AFFINITY_EVAL_USERS;
	by->holdout = Max(by->holdout, 0.2);
	split = affinity_eval_split(journal, by);
	affinity_tune_measure(split, sizes);
	return split;
}

/*
 * A split by time; the fold is how many tenths that are newer are left out
 * altogether, as if the source had ended there.
 */
static AffinityEvalSplit *
split_time(const AffinityTuneRequest *request, int fold, int64 end)
{
	const AffinityJournal *journal = request->journal;
	AffinityEvalSplitRequest by = {
		.kind = AFFINITY_EVAL_AUTO, .holdout = NEWEST * (fold + 1),
		.seed = request->seed
	};
	AffinityEvalSplit *split = affinity_eval_split(journal, &by);

	if (fold > 0)
		affinity_eval_end(split, end);
	return split;
}

/*
 * Some items of some users, who are others in each fold.
 */
static AffinityEvalSplit *
split_items(const AffinityTuneRequest *request, int fold)
{
	AffinityEvalSplitRequest by = {
		.kind = AFFINITY_EVAL_RANDOM, .holdout = OF_ITEMS,
		.seed = request->seed
	};
	AffinityEvalSplit *split = affinity_eval_split(request->journal, &by);

	/* another chance than that of samples */
	affinity_eval_test_users(split, OF_USERS * fold, OF_USERS * (fold + 1),
							 request->seed + 1000003);
	return split;
}

/*
 * By time if enough users are on both sides, else some items of some users.
 * Few users tell little apart: then there are several folds, which are at
 * other times or of other users. Sizes are those of the first fold.
 */
int
affinity_tune_split(const AffinityTuneRequest *request,
					AffinityEvalSplit **split, TuneSizes *sizes)
{
	bool		time;
	int			n = 1;

	split[0] = split_time(request, 0, 0);
	affinity_tune_measure(split[0], sizes);
	time = split[0]->kind == AFFINITY_EVAL_TIME &&
		sizes->test_users >= FEWEST_ON_BOTH;
	if (!time)
	{
		split[0] = split_items(request, 0);
		affinity_tune_measure(split[0], sizes);
	}
	while (n < TUNE_MOST_FOLDS &&
		   n * sizes->test_users < TUNE_ENOUGH_USERS)
	{
		TuneSizes	more;

		split[n] = time ? split_time(request, n, split[n - 1]->as_of) :
			split_items(request, n);
		affinity_tune_measure(split[n], &more);
		if (split[n]->kind != split[0]->kind ||
			more.test_users < sizes->test_users / 2)
			break;
		n++;
	}
	return n;
}

#define ST_SORT sort_ages
#define ST_ELEMENT_TYPE double
#define ST_COMPARE(a, b) ((*(a) > *(b)) - (*(a) < *(b)))
#define ST_CHECK_FOR_INTERRUPTS
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

/*
 * The median age of what is trained on, before its newest row; 0 where there
 * are no times.
 */
double
affinity_tune_median_age(const AffinityEvalSplit *split)
{
	const AffinityJournal *journal = split->journal;
	int64		rows = journal->start[journal->n_users];
	double	   *at = affinity_base_array(rows, sizeof(double));
	double		median = 0;
	int64		n = 0;

	for (int64 r = 0; r < rows; r++)
	{
		affinity_base_look_up(r);
		if ((split->role[r] & AFFINITY_EVAL_TRAIN) != 0 &&
			journal->row[r].at != AFFINITY_NO_TIME)
			at[n++] = (double) journal->row[r].at;
	}
	if (n > 0)
	{
		sort_ages(at, n);
		median = at[n - 1] - at[n / 2];
	}
	pfree(at);
	return median;
}
