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
	static const uint32 k[] = {AFFINITY_TUNE_K};
	AffinityEvalWant want = {
		.n_k = 1, .k = k, .metrics = (uint32) 1 << AFFINITY_EVAL_NDCG
	};
	AffinityEvalSubject subject;
	AffinityEvalResult *result;
	int			slot;

	affinity_eval_train(rung->split, c->algorithm, c->options, NULL, &subject);
	result = affinity_eval_score(&subject, rung->test, &want);
	/* lists leave out what the user has */
	slot = affinity_eval_slot(&want, AFFINITY_EVAL_NDCG, 0,
							  AFFINITY_EVAL_NEW_ITEMS);
	c->mean = affinity_eval_mean(result, slot);
	if (c->value)
		pfree(c->value);
	c->value = MemoryContextAllocHuge(context,
									  Max(result->n_users, 1) * sizeof(float));
	memcpy(c->value, result->value + (Size) slot * result->n_users,
		   result->n_users * sizeof(float));
}

/*
 * Try a candidate; false: it cannot be trained. Values stay in a context.
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
		if (!may_fail(geterrcode()))
			PG_RE_THROW();
		MemoryContextSwitchTo(old);
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(old);
	CurrentResourceOwner = owner;
	MemoryContextDelete(own);
	if (done && isnan(c->mean))
		return false;
	return done;
}
