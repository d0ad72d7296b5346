/*
 * search.h
 *		Between the files of a search; private to the room.
 */
#ifndef AFFINITY_TUNE_SEARCH_H
#define AFFINITY_TUNE_SEARCH_H

#include "tune/tune.h"

/* ---- split.c ----------------------------------------------------------- */

typedef struct TuneSizes TuneSizes;

/* Folds that there may be; users to test on at least, all folds together. */
#define TUNE_MOST_FOLDS		4
#define TUNE_ENOUGH_USERS	3000

extern int	affinity_tune_split(const AffinityTuneRequest *request,
								AffinityEvalSplit **split,
								TuneSizes *sizes);
extern AffinityEvalSplit *affinity_tune_split_by(const AffinityJournal *journal,
												 AffinityEvalSplitRequest *by,
												 TuneSizes *sizes);
extern double affinity_tune_median_age(const AffinityEvalSplit *split);

/* ---- points.c ---------------------------------------------------------- */

/* A definition that a search may try first, or a change of one. */
typedef struct TunePoint
{
	const char *algorithm;		/* of a variant: whose; NULL: of any */
	const char *options;		/* JSON, without braces; may be empty */
	double		half_life;		/* option half_life, in median ages; 0: none */
	bool		times;			/* only for sources with times */
	int			group;			/* of a variant: those of one are side by side */
	double		users;			/* only for sources with so many */
	bool		further;		/* of a variant: the way of the one before */
	/* of a variant: a number of the candidate's that is multiplied */
	const char *scaled;
	double		by;				/* 0: twice and half as long as it pays */
} TunePoint;

/* The group that is tried on all algorithms that can have it. */
#define TUNE_FOR_ALL	1

/*
 * The groups of what depends on how much data there is, so that it is settled
 * where all of it is trained on.
 */
#define TUNE_SETTLED	2
#define TUNE_HALF_LIVES		3

extern const TunePoint affinity_tune_points[];
extern const int affinity_tune_n_points;
extern const TunePoint affinity_tune_variants[];
extern const int affinity_tune_n_variants;

/* ---- what is tried ----------------------------------------------------- */

typedef struct TuneCandidate
{
	const AffinityAlgorithm *algorithm;
	void	   *options;
	Jsonb	   *given;			/* what is not a default */
	int			rank;			/* simple ones first */
	double		work;			/* of a trial on everything */
	bool		out;			/* it cannot be trained, or is beaten */
	int			rung;			/* at which it was last measured; -1: never */
	double		mean;			/* there */
	float	   *value;			/* of the users of the tests there */
	const char *why;			/* it cannot be trained */
} TuneCandidate;

/* ---- work.c ------------------------------------------------------------ */

/* A test of so many is as good as any. */
#define TUNE_MOST_USERS		10000

/* What costs depend on. */
struct TuneSizes
{
	double		rows;
	double		users;			/* with something to train on */
	double		items;
	double		pairs;
	double		squares;		/* sum of squares of users' numbers of items */
	double		test_users;
};

extern void affinity_tune_measure(const AffinityEvalSplit *split,
								  TuneSizes *sizes);
extern double affinity_tune_option(const TuneCandidate *c, const char *name,
								   double otherwise);
extern double affinity_tune_work(const TuneCandidate *candidate,
								 const TuneSizes *sizes);

/* ---- trial.c ----------------------------------------------------------- */

/* What of its lists is measured. */
typedef struct TuneMeasure
{
	AffinityEvalMetric metric;
	uint32		k;
	AffinityEvalTargets targets;
} TuneMeasure;

extern const TuneMeasure affinity_tune_usual;

/* A sample of a split, or all of it, or several of all. */
typedef struct TuneRung
{
	const TuneMeasure *measure;
	double		part;			/* of the rows, about; above 1: folds */
	double		users;			/* of all rows */
	int			n_folds;
	AffinityEvalSplit *split[TUNE_MOST_FOLDS];
	AffinityInteractions *test[TUNE_MOST_FOLDS];
	uint32		n_users;		/* of all tests */
	TuneSizes	sizes;			/* of a fold */
} TuneRung;

extern bool affinity_tune_try(const TuneRung *rung, TuneCandidate *candidate,
							  MemoryContext context);

/* ---- compare.c --------------------------------------------------------- */

/* A mean difference over users, with its standard error. */
typedef struct TuneDifference
{
	double		mean;
	double		error;
	uint32		users;
} TuneDifference;

extern void affinity_tune_compare(const TuneCandidate *a,
								  const TuneCandidate *b, uint32 n_users,
								  TuneDifference *difference);

extern const TuneCandidate *affinity_tune_decide(TuneCandidate *const *best,
												 int n,
												 const TuneCandidate *fallback,
												 uint32 n_users,
												 double users);

extern void affinity_tune_sort(TuneCandidate **best, int n);
extern int	affinity_tune_bases(TuneCandidate *const *best, int n,
								const TuneCandidate **base, int most,
								double not_far);
extern int	affinity_tune_finalists(TuneCandidate **best, int n, int most, double users);

/* ---- options.c --------------------------------------------------------- */

/* Algorithms that have variants, at most. */
#define TUNE_ALGORITHMS		8
#define TUNE_MOST_CANDIDATES	256
/* What is no worse than this part of the best is not far behind. */
#define TUNE_NOT_FAR			0.8
/* What has this part of the best may be ahead of it with a trend. */
#define TUNE_NOT_HOPELESS		0.5
/* Part of the budget that a training of everything may take. */
#define TUNE_MOST_OF_BUDGET		0.8
#define TUNE_RUNGS				3

/* The first points: the reference, and fallbacks, the best that is to be had. */
#define TUNE_POPULAR		0
#define TUNE_FALLBACKS		1
#define TUNE_N_FALLBACKS	2

/* A search for auto. */
typedef struct TuneSearch
{
	const AffinityTuneRequest *request;
	AffinityEvalSplit *split[TUNE_MOST_FOLDS];
	int			n_folds;
	MemoryContext context;
	TuneSizes	sizes;			/* of everything */
	TuneRung	rung[TUNE_RUNGS];
	int			at;				/* the rung in use */
	TuneCandidate *candidate;
	int			n;
	double		median_age;		/* microseconds */
	double		limit;
	double		until;			/* what may be spent by the end of the rung */
	double		spent;
	int			trials;
} TuneSearch;

extern char *affinity_tune_interval(double microseconds);
extern Jsonb *affinity_tune_json(const char *text);
extern Jsonb *affinity_tune_point_options(const TuneSearch *s,
										  const TunePoint *point);
extern TuneCandidate *affinity_tune_add(TuneSearch *s,
										const AffinityAlgorithm *algorithm,
										Jsonb *given);
extern double affinity_tune_in_force(const TuneSearch *s, const TuneCandidate *c,
									 const char *name);
extern void affinity_tune_add_points(TuneSearch *s);

/* ---- search.c ---------------------------------------------------------- */

extern bool affinity_tune_spend(TuneSearch *s, TuneCandidate *c);
extern int	affinity_tune_ranked(const TuneSearch *s, TuneCandidate **best);

/* ---- variants.c -------------------------------------------------------- */

extern void affinity_tune_vary(TuneSearch *s, TuneCandidate **best, bool again);
extern void affinity_tune_settle(TuneSearch *s, TuneCandidate **best);

/* How many standard errors from the mean 95 % of differences are. */
#define TUNE_SURE	1.96

#endif							/* AFFINITY_TUNE_SEARCH_H */
