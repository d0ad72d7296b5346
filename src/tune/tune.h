/*
 * tune.h
 *		Which algorithm, with which options, predicts best what is held out of
 *		a source.
 *
 *		affinity_tune_choose(&request, &choice);
 *
 * Candidates begin as rows of a table (points.c). All are tried on a sample of
 * users and items, the best third on a larger one together with variants of
 * the very best, and few on everything. What may be spent is counted in units
 * of work (work.c), so that the same rows give the same choice on any machine,
 * and for any number of workers.
 */
#ifndef AFFINITY_TUNE_H
#define AFFINITY_TUNE_H

#include "eval/eval.h"

/* How long the lists are that are compared. */
#define AFFINITY_TUNE_K			20

/* What is chosen where nothing can be told, if that can be trained. */
#define AFFINITY_TUNE_FALLBACK	"ease"

typedef struct AffinityTuneRequest
{
	const AffinityJournal *journal; /* all rows of the source */
	double		budget;			/* units of work; above 0 */
	int64		seed;
	const char *seen;			/* value of option "seen" of all candidates */
} AffinityTuneRequest;

typedef enum AffinityTuneVerdict
{
	AFFINITY_TUNE_FEW,			/* too few users to test on: nothing tried */
	AFFINITY_TUNE_UNSURE,		/* nothing is surely better than the fallback */
	AFFINITY_TUNE_CHOSEN
} AffinityTuneVerdict;

typedef struct AffinityTuneChoice
{
	AffinityTuneVerdict verdict;
	const AffinityAlgorithm *algorithm;
	Jsonb	   *given;			/* options that are not defaults */
	AffinityEvalKind split;
	int64		as_of;			/* of a split by time */
	uint32		users;			/* that were tested on */
	int			folds;			/* how often */
	int			trials;
	double		work;
	double		ndcg;			/* NaN where nothing was measured, as are: */
	double		popular;		/* the same of the popular list */
	double		low;			/* of the difference */
	double		high;
} AffinityTuneChoice;

/* search.c */
extern void affinity_tune_choose(const AffinityTuneRequest *request,
								 AffinityTuneChoice *choice);

/* ---- signals.c: what events of each kind count -------------------------- */

typedef struct AffinityTuneSignals
{
	double		weight[AFFINITY_MOST_KINDS];	/* that of the first is 1 */
	uint32		users;			/* that were tested on */
	bool		few;			/* too few: nothing is learned, nor measured */
	double		ndcg;
	double		equal_ndcg;		/* where all kinds count the same */
} AffinityTuneSignals;

extern void affinity_tune_signals(const AffinityJournal *journal,
								  const AffinityAlgorithm *algorithm,
								  const void *options,
								  AffinityTuneSignals *found);

#endif							/* AFFINITY_TUNE_H */
