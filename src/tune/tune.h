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

/* ---- a search as a user asks for it: space.c, halving.c ------------------ */

/*
 *		spaces = affinity_tune_spaces_parse(...);
 *		tuning = affinity_tune_begin(&wanted, journal);
 *		while ((trial = affinity_tune_next(tuning)) != NULL)
 *			affinity_tune_run(tuning, trial), or fill in what is known of it
 *		affinity_tune_end(tuning, &outcome);
 *
 * Points are drawn from a space; all are measured on a sample, the best third on
 * a larger one, few on everything. The caller says what to do between trials:
 * it may write them down, commit, or go home. What belongs to the search is in
 * the memory context that was current when it began.
 */
typedef struct AffinityTuneSpaces
{
	int			n;
	struct TuneSpace *space;	/* one of each algorithm */
} AffinityTuneSpaces;

typedef struct AffinityTuneWanted
{
	const AffinityAlgorithm *algorithm; /* the model as it is */
	Jsonb	   *given;
	AffinityTuneSpaces *spaces;
	int64		points;			/* to be tried beside that */
	double		budget;			/* units of work; above 0 */
	int64		seed;
	uint64		source;			/* fingerprint of the rows */
	AffinityEvalSplitRequest split;
	AffinityEvalMetric metric;
	uint32		k;
} AffinityTuneWanted;

typedef enum AffinityTuneStatus
{
	AFFINITY_TUNE_PLANNED,
	AFFINITY_TUNE_DONE,
	AFFINITY_TUNE_FAILED,		/* it cannot be trained */
	AFFINITY_TUNE_SKIPPED		/* it would cost too much */
} AffinityTuneStatus;

/* One candidate at one rung. */
typedef struct AffinityTuneTrial
{
	int			candidate;		/* 0: the model as it is */
	int			rung;			/* 1: the first */
	int			rungs;
	const AffinityAlgorithm *algorithm;
	Jsonb	   *given;
	double		part;			/* of the rows */
	double		work;
	int			done;			/* trials of the rung before it, and all */
	int			total;
	uint64		key;			/* of all that its value follows from */
	AffinityTuneStatus status;
	double		value;			/* of DONE: the mean over users */
	double		low;			/* its interval of 95 %; NaN: none */
	double		high;
	uint32		users;			/* that it is the mean of */
	const char *why;			/* of FAILED and SKIPPED */
} AffinityTuneTrial;

typedef struct AffinityTuning AffinityTuning;

typedef struct AffinityTuneOutcome
{
	bool		any;			/* something was measured beside the model */
	bool		compared;		/* and the model itself, on the same rung */
	bool		whole;			/* on all rows */
	bool		better;			/* surely: with 95 % */
	const AffinityAlgorithm *algorithm; /* the best */
	Jsonb	   *given;
	double		value;
	double		before;			/* of the model as it is */
	double		low;			/* of the difference */
	double		high;
	uint32		users;
	AffinityEvalKind split;
	int64		as_of;
} AffinityTuneOutcome;

extern AffinityTuneSpaces *affinity_tune_spaces_parse(Jsonb *given,
													  const AffinityAlgorithm *const *algorithm,
													  int n);
extern uint64 affinity_tune_fingerprint(const AffinityJournal *journal);
extern AffinityTuning *affinity_tune_begin(const AffinityTuneWanted *wanted,
										   const AffinityJournal *journal);
extern AffinityTuneTrial *affinity_tune_next(AffinityTuning *tuning);
extern void affinity_tune_run(AffinityTuning *tuning,
							  AffinityTuneTrial *trial);
extern void affinity_tune_end(AffinityTuning *tuning,
							  AffinityTuneOutcome *outcome);

#endif							/* AFFINITY_TUNE_H */
