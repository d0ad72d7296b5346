/*
 * trial.c
 *		One candidate, trained on a sample and measured, in a memory context
 *		that goes with it.
 *
 * A candidate that cannot be trained, as it needs more memory than there is or
 * OpenBLAS, is out, and no reason to fail: a trial is a subtransaction. What
 * is wrong with the rows themselves is an error, as it is in training.
 */
#include "postgres.h"

#include <math.h>

#include "utils/guc.h"
#include "utils/memutils.h"

#include "base/try.h"
#include "tune/search.h"

/* Lists leave out what the user has. */
const TuneMeasure affinity_tune_usual = {
	AFFINITY_EVAL_NDCG, AFFINITY_TUNE_K, AFFINITY_EVAL_NEW_ITEMS
};

/*
 * Is that the candidate's fault, and not that of the rows?
 */
static bool
may_fail(int sqlerrcode)
{
	return ERRCODE_TO_CATEGORY(sqlerrcode) == ERRCODE_INSUFFICIENT_RESOURCES ||
		ERRCODE_TO_CATEGORY(sqlerrcode) == ERRCODE_PROGRAM_LIMIT_EXCEEDED ||
		sqlerrcode == ERRCODE_UNDEFINED_FILE ||
		sqlerrcode == ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE ||
		sqlerrcode == ERRCODE_NO_DATA_FOUND;
}

/*
 * Options of a candidate for the rows of a rung: a sample has the root of its
 * part of the users, and of the items.
 */
static const void *
options_for(const TuneRung *rung, const TuneCandidate *c)
{
	void	   *options;

	if (rung->part >= 1 || c->algorithm->sampled == NULL)
		return c->options;
	options = palloc(c->algorithm->options_size);
	memcpy(options, c->options, c->algorithm->options_size);
	c->algorithm->sampled(options, rung->users, sqrt(rung->part));
	return options;
}

/*
 * Measure a candidate on a fold; values are written from a place on. The sum of
 * them, and how many there are, are added up.
 */
static void
measure(const TuneRung *rung, int fold, const TuneCandidate *c, float *value,
		double *sum, uint32 *count)
{
	const TuneMeasure *m = rung->measure;
	AffinityEvalWant want = {
		.n_k = 1, .k = &m->k, .metrics = (uint32) 1 << m->metric
	};
	AffinityEvalSubject subject;
	AffinityEvalResult *result;
	int			slot;

	affinity_eval_train(rung->split[fold], c->algorithm, options_for(rung, c), NULL,
						&subject);
	result = affinity_eval_score(&subject, rung->test[fold], &want);
	slot = affinity_eval_slot(&want, m->metric, 0, m->targets);
	memcpy(value, result->value + (Size) slot * result->n_users,
		   result->n_users * sizeof(float));
	*sum += result->sum[slot];
	*count += result->count[slot];
}

/*
 * Measure a candidate on all folds, each in memory that goes with it.
 */
static void
measure_all(const TuneRung *rung, TuneCandidate *c, MemoryContext own,
			MemoryContext context)
{
	float	   *value = MemoryContextAllocHuge(context,
											   Max(rung->n_users, 1) * sizeof(float));
	double		sum = 0;
	uint32		count = 0;
	uint32		at = 0;

	if (c->value)
		pfree(c->value);
	c->value = value;
	for (int i = 0; i < rung->n_folds; i++)
	{
		measure(rung, i, c, value + at, &sum, &count);
		at += rung->test[i]->by_user.n_rows;
		MemoryContextReset(own);
	}
	c->mean = count > 0 ? sum / count : NAN;
}

/* A candidate that is tried. */
typedef struct Trial
{
	const TuneRung *rung;
	TuneCandidate *candidate;
	MemoryContext own;			/* goes when it is over */
	MemoryContext context;		/* of what is left */
} Trial;

static void
do_trial(void *arg)
{
	Trial	   *t = arg;
	int			nest = NewGUCNestLevel();

	MemoryContextSwitchTo(t->own);
	/* what a trial has to say, the training of the choice will */
	(void) set_config_option("client_min_messages", "error", PGC_USERSET,
							 PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	/* to the server's log neither */
	(void) set_config_option("log_min_messages", "error", PGC_SUSET,
							 PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	measure_all(t->rung, t->candidate, t->own, t->context);
	AtEOXact_GUC(false, nest);
}

/*
 * Try a candidate; false: it cannot be trained, and says why. What is left of
 * it stays in a context.
 */
bool
affinity_tune_try(const TuneRung *rung, TuneCandidate *c,
				  MemoryContext context)
{
	Trial		t = {
		rung, c, AllocSetContextCreate(CurrentMemoryContext, "affinity trial",
									   ALLOCSET_DEFAULT_SIZES), context
	};
	ErrorData  *error = affinity_base_try(do_trial, &t);

	if (error != NULL && !may_fail(error->sqlerrcode))
		ReThrowError(error);
	if (error != NULL)
		c->why = MemoryContextStrdup(context, error->message);
	MemoryContextDelete(t.own);
	if (error == NULL && isnan(c->mean))
		c->why = "nobody has anything to be measured by";
	return error == NULL && !isnan(c->mean);
}
