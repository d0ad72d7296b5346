/*
 * ials.h
 *		Options and shared memory of ials; private to the room.
 */
#ifndef AFFINITY_LATENT_IALS_H
#define AFFINITY_LATENT_IALS_H

#include "attribute/attribute.h"
#include "factor/factor.h"
#include "latent/latent.h"
#include "parallel/team.h"

#define IALS_MOST_FACTORS	AFFINITY_MOST_FACTORS

typedef enum IalsConfidence
{
	CONFIDENCE_LINEAR,
	CONFIDENCE_LOG,
	CONFIDENCE_BINARY
} IalsConfidence;

typedef struct IalsOptions
{
	int32		factors;
	int32		iterations;
	double		alpha;
	double		unobserved_weight;
	double		regularization;
	double		regularization_exponent;
	int			confidence;
	int			solver;			/* FactorSolverKind */
	int32		cg_steps;
	int32		block_size;
	double		tolerance;
	int32		seed;
	AffinityTimes times;
	AffinityAttributeOptions attributes;
	int			seen;
	double		users;
} IalsOptions;

/* Regions of the team; the matrix comes behind them. */
enum
{
	IALS_SHARED,				/* IalsShared */
	IALS_USERS,					/* factors, a padded row each */
	IALS_ITEMS,
	IALS_ROTATION,				/* width x width, then the spectrum */
	IALS_GRAM,					/* of each piece, width x width doubles */
	IALS_PENALTY,				/* of each piece */
	IALS_LOSS,					/* of each piece of the rows being solved */
	IALS_HISTORY,				/* the loss after each half-step */
	IALS_MATRIX
};

typedef struct IalsShared
{
	IalsOptions options;
	int64		most_entries;	/* of a user or an item */
	float		root;			/* of every weight, where all weigh the same */
	int			iterations;		/* done */
	bool		last;			/* the iteration that comes is the last */
} IalsShared;

/* Pieces of rows: whoever adds them up, sums are those of the pieces. */
#define IALS_GRAM_PIECES	8
#define IALS_SOLVE_ROWS		64

extern PGDLLEXPORT void affinity_latent_ials_body(AffinityTeam *team);
extern float affinity_latent_ials_root(const IalsOptions *options,
									   float weight);
extern double affinity_latent_ials_ridge(const IalsOptions *options, int64 n,
										 uint32 n_others);

/* ials_update.c */
extern AffinityUpdateWay affinity_latent_ials_update_way(const void *options);
extern void affinity_latent_ials_update(AffinityUpdate *u,
										const void *options);

/* ials_fold.c */
extern AffinityFold *affinity_latent_ials_fold_begin(const void *options,
													 const AffinityFactors *factors);
extern bool affinity_latent_ials_fold_in(AffinityFold *fold, const uint32 *item,
										 const float *weight, uint32 n,
										 float *user, float *offset);
extern void affinity_latent_ials_fold_explain(AffinityFold *fold,
											  const uint32 *item,
											  const float *weight, uint32 n,
											  uint32 target, double *count,
											  double *similarity);

#endif							/* AFFINITY_LATENT_IALS_H */
