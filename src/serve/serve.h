/*
 * serve.h
 *		Answering from a model and a history: what the files of the room
 *		share. Serving is the last room; no other includes this.
 *
 * A call connects to SPI, so everything it allocates goes when it
 * disconnects; only the result's rows live on, in the executor's memory.
 */
#ifndef AFFINITY_SERVE_H
#define AFFINITY_SERVE_H

#include "postgres.h"

#include <float.h>

#include "executor/spi.h"
#include "fmgr.h"
#include "utils/tuplestore.h"

#include "model/model.h"

/* ---- call.c: arguments and results ------------------------------------- */

typedef struct ServeCall
{
	FunctionCallInfo fcinfo;
	AffinityModel *model;
	Tuplestorestate *rows;
	TupleDesc	desc;
} ServeCall;

extern void affinity_serve_begin(ServeCall *call, FunctionCallInfo fcinfo);
extern Datum affinity_serve_end(ServeCall *call);
extern void affinity_serve_result(ServeCall *call, int n_columns,...);
extern uint32 affinity_serve_k(ServeCall *call, int arg);
extern bool affinity_serve_id(ServeCall *call, int arg, Oid type,
							  const char *role, Datum *id);
extern bool affinity_serve_items(ServeCall *call, int arg, Datum *items);
extern void affinity_serve_learns_items(const AffinityModel *model,
										const char *function);

/* ---- lookup.c: rows of the model's tables, of the history -------------- */

typedef struct ServeItem
{
	uint32		no;
	Datum		id;
	float		popularity;
} ServeItem;

/* Ascending by number. */
typedef struct ServeItems
{
	uint32		n;
	ServeItem  *item;
} ServeItems;

/* Items from which scores start, ascending by number. */
typedef struct ServeSeed
{
	uint32		no;
	Datum		id;
	float		raw;			/* weight in the history */
	double		weight;			/* what it counts in a sum */
	uint32		n_neighbors;	/* with factors these stay empty */
	const int32 *neighbor;
	const float *score;
} ServeSeed;

typedef struct ServeSeeds
{
	uint32		n;
	ServeSeed  *seed;
	bool		is_basket;		/* items without weights of their own */
} ServeSeeds;

/* arguments that are looked up: call.c */
extern bool affinity_serve_user(ServeCall *call, int arg, ServeSeeds *seeds);
extern bool affinity_serve_item(ServeCall *call, int arg, ServeItem *item);

extern void affinity_serve_check_lists(const AffinityModel *model,
									   ArrayType *neighbors, ArrayType *scores,
									   ServeSeed *seed);
extern void affinity_serve_history(AffinityModel *model, Datum user,
								   ServeSeeds *seeds);
extern void affinity_serve_basket(AffinityModel *model, Datum items,
								  ServeSeeds *seeds);
extern Datum affinity_serve_history_ids(AffinityModel *model, Datum user,
										int *n);
extern void affinity_serve_items_by_id(AffinityModel *model, Datum ids,
									   ServeItems *items);
extern void affinity_serve_items_by_no(AffinityModel *model, const uint32 *no,
									   uint32 n, ServeItems *items);
extern ServeItem *affinity_serve_find(const ServeItems *items, uint32 no);
extern void affinity_serve_popular(AffinityModel *model, int64 limit,
								   ServeItems *items);
extern Datum affinity_serve_array_of_one(const AffinityModel *model, Datum id);
extern Datum affinity_serve_column(const AffinityModel *model, HeapTuple row,
								   TupleDesc desc, int no);
extern Datum affinity_serve_array(Datum *ids, int n, Oid type);
extern AffinityInteractions *affinity_serve_read(const AffinityModel *model,
												 const char *query,
												 Datum items,
												 void (*progress) (int64 rows));
extern void affinity_serve_damaged(const AffinityModel *model,
								   const char *what);

/* ---- sums.c: scores of all items at once ------------------------------- */

typedef struct ServeSums
{
	double	   *sum;			/* per item number */
	uint32	   *touched;
	uint32		n_touched;
	uint32		(*add) (double *sum, uint32 *touched, uint32 n_touched,
						const uint32 *col, const float *val, size_t n,
						double factor);
} ServeSums;

/* A sum as the real that is shown and compared: weights may be huge. */
static inline float
affinity_score_of_sum(double sum)
{
	return (float) Max(Min(sum, FLT_MAX), -FLT_MAX);
}

/* Leave an item out, once all sums are there. */
static inline void
affinity_score_sums_exclude(ServeSums *sums, uint32 no)
{
	sums->sum[no] = -0.0;
}

extern void affinity_score_sums_begin(ServeSums *sums,
									  const AffinityAlgorithm *algorithm,
									  uint32 n_items);
extern void affinity_score_sums_add(ServeSums *sums, const ServeSeed *seed);
extern void affinity_score_sums_end(ServeSums *sums);

/* ---- fold.c: scores from factors --------------------------------------- */

typedef struct ServeFold
{
	const AffinityAlgorithm *algorithm;
	const AffinityFactors *factors;
	AffinityFold *fold;
	float	   *user;			/* stride floats; the algorithm's result */
	double	   *wide;			/* the same */
	float		offset;
} ServeFold;

extern void affinity_score_fold_begin(ServeFold *f,
									  const AffinityAlgorithm *algorithm,
									  const void *options,
									  const AffinityFactors *factors);
extern bool affinity_score_fold_user(ServeFold *f, const uint32 *item,
									 const float *weight, uint32 n);
extern bool affinity_score_fold_seeds(ServeFold *f, const ServeSeeds *seeds);
extern void affinity_score_fold_history(const ServeFold *f,
										const ServeSeeds *seeds, uint32 *item,
										float *weight);
extern float affinity_score_fold_score(const ServeFold *f, uint32 no);
extern void affinity_score_fold_scores(const ServeFold *f, uint32 from,
									   uint32 n, float *score);

/*
 * Items to score between two looks at interrupts: their scores fit the cache.
 */
#define SERVE_SCORE_PIECE 2048

#endif							/* AFFINITY_SERVE_H */
