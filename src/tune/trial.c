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

#include "access/xact.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

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

static void
measure(const TuneRung *rung, TuneCandidate *c, MemoryContext context)
{
	const TuneMeasure *m = rung->measure;
	AffinityEvalWant want = {
		.n_k = 1, .k = &m->k, .metrics = (uint32) 1 << m->metric
	};
	AffinityEvalSubject subject;
	AffinityEvalResult *result;
	int			slot;

	affinity_eval_train(rung->split, c->algorithm, c->options, &subject);
	result = affinity_eval_score(&subject, rung->test, &want);
	slot = affinity_eval_slot(&want, m->metric, 0, m->targets);
	c->mean = affinity_eval_mean(result, slot);
	if (c->value)
		pfree(c->value);
	c->value = MemoryContextAllocHuge(context,
									  Max(result->n_users, 1) * sizeof(float));
	memcpy(c->value, result->value + (Size) slot * result->n_users,
		   result->n_users * sizeof(float));
}

/*
 * Try a candidate; false: it cannot be trained, and says why. What is left of
 * it stays in a context.
 */
bool
affinity_tune_try(const TuneRung *rung, TuneCandidate *c,
				  MemoryContext context)
{
	MemoryContext old = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	MemoryContext own = AllocSetContextCreate(old, "affinity trial",
											  ALLOCSET_DEFAULT_SIZES);
	volatile bool done = false;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(own);
	PG_TRY();
	{
		int			nest = NewGUCNestLevel();

		/* what a trial has to say, the training of the choice will */
		(void) set_config_option("client_min_messages", "error", PGC_USERSET,
								 PGC_S_SESSION, GUC_ACTION_SAVE, true, 0,
								 false);
		measure(rung, c, context);
		AtEOXact_GUC(false, nest);
		ReleaseCurrentSubTransaction();
		done = true;
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(old);
		error = CopyErrorData();
		FlushErrorState();
		/* whatever happens next: nobody else ends what began here */
		RollbackAndReleaseCurrentSubTransaction();
		MemoryContextSwitchTo(old);
		CurrentResourceOwner = owner;
		if (!may_fail(error->sqlerrcode))
			ReThrowError(error);
		c->why = MemoryContextStrdup(context, error->message);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(old);
	CurrentResourceOwner = owner;
	MemoryContextDelete(own);
	if (done && isnan(c->mean))
		c->why = "nobody has anything to be measured by";
	return done && !isnan(c->mean);
}
