/*
 * split.c
 *		What is held out, and how old the rest is.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "tune/search.h"

/* A split by time needs so many who are on both sides of it. */
#define FEWEST_ON_BOTH		100

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

AffinityEvalSplit *
affinity_tune_split(const AffinityTuneRequest *request, TuneSizes *sizes)
{
	AffinityEvalSplitRequest by = {
		.kind = AFFINITY_EVAL_AUTO, .holdout = 0.1, .seed = request->seed
	};

	return affinity_tune_split_by(request->journal, &by, sizes);
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
