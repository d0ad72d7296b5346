/*
 * similarity.h
 *		Similarity without a model: of arrays, and of two columns.
 *
 * What is here is shared by the functions over arrays and by the aggregates,
 * so that both give the same number and the same NULL for the same data.
 */
#ifndef AFFINITY_SIMILARITY_H
#define AFFINITY_SIMILARITY_H

#include "postgres.h"

#include "fmgr.h"
#include "utils/array.h"

/* How two sets, or two weighted sets, lie to each other. */
typedef struct AffinityOverlap
{
	double		both;			/* |A and B|; sum of min(x, y) */
	double		only_a;			/* |A without B|; sum of x - min(x, y) */
	double		only_b;			/* |B without A|; sum of y - min(x, y) */
} AffinityOverlap;

/*
 * ratio.c. Those that return bool store a result and return true; false means
 * undefined, which SQL shows as NULL.
 */
extern bool affinity_similarity_ratio_jaccard(const AffinityOverlap *o,
											  double *result);
extern bool affinity_similarity_ratio_dice(const AffinityOverlap *o,
										   double *result);
extern bool affinity_similarity_ratio_overlap(const AffinityOverlap *o,
											  double *result);
extern bool affinity_similarity_ratio_cosine_set(const AffinityOverlap *o,
												 double *result);
extern bool affinity_similarity_ratio_tversky(const AffinityOverlap *o,
											  double alpha, double beta,
											  double *result);
extern void affinity_similarity_check_tversky(double alpha, double beta);
extern double affinity_similarity_ratio_angle(double xx, double yy, double xy);

/* state.c: aggregate states that are arrays of double */
extern const void *affinity_similarity_state(FunctionCallInfo fcinfo,
											 int arg, Size size);
extern void *affinity_similarity_own_state(FunctionCallInfo fcinfo,
										   ArrayType **array, Size size);

#endif							/* AFFINITY_SIMILARITY_H */
