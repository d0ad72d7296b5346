/*
 * als.h
 *		Ratings with biases by alternating least squares: what training and
 *		folding in share; private to the room.
 */
#ifndef AFFINITY_LATENT_ALS_H
#define AFFINITY_LATENT_ALS_H

#include "factor/factor.h"
#include "latent/latent.h"
#include "parallel/team.h"

typedef struct AlsOptions
{
	int32		factors;
	int32		iterations;
	double		regularization;
	double		regularization_exponent;
	double		bias_regularization;
	double		tolerance;
	double		holdout;
	int32		seed;
	double		users;
} AlsOptions;

/* A model's parameters. */
enum
{
	ALS_MEAN,					/* of all ratings */
	ALS_DEVIATION,				/* their standard deviation: the unit of
								 * factors */
	ALS_GOOD,					/* what an item of a basket is rated */
	ALS_N_PARAMETERS
};

/*
 * A row of either side as the other side's solver wants it: 1 in the place of
 * the own bias, which stands beside the rows, then the factors, then padding.
 */
static inline size_t
affinity_latent_als_width(const AlsOptions *options)
{
	return affinity_kernel_padded_width((size_t) options->factors + 1);
}

/* Rows handed out together, whose sums are added up together. */
#define ALS_PIECE	8

/* Sums over a piece of rows. */
typedef struct AlsSums
{
	double		penalty;
	double		squares;		/* of errors, of ratings trained on */
	double		sizes;			/* errors without signs */
	double		held_squares;
	double		held_sizes;
	int64		ratings;
	int64		held;
} AlsSums;

/* What participants share: the team's regions. */
typedef struct AlsShared
{
	AlsOptions	options;
	size_t		width;
	uint64		held_below;		/* pairs whose hash is below are held out */
	double		mean;
	double		deviation;		/* standard deviation of ratings */
	double		unit;			/* 1 / deviation */
	int64		most_ratings;	/* of a user or an item */
	bool		stop;
	int			matrix;
	int			row[2];			/* of users, of items */
	int			bias[2];
	int			sums[2];
} AlsShared;

#define ALS_REGION_SHARED	0

enum
{
	ALS_USERS,
	ALS_ITEMS
};

/* One side: users or items. */
typedef struct AlsSide
{
	AffinityCsr ratings;
	float	   *row;
	float	   *bias;
	AlsSums    *sums;			/* of pieces */
} AlsSide;

/* What the leader has learned of the iterations so far. */
typedef struct AlsCourse
{
	int			n;				/* iterations done */
	int			best;			/* the one whose items are the model's */
	double	   *loss;
	double	   *rmse;
	double	   *mae;
	double	   *held_rmse;
	double	   *held_mae;
	AlsSums		total;			/* of the last iteration */
	float	   *row;			/* items of the best iteration; NULL: last */
	float	   *bias;
} AlsCourse;

static inline float
affinity_latent_als_rating(const AffinityCsr *m, int64 entry)
{
	return m->val ? m->val[entry] : 1;
}

/* An array as the kernels want it. */
static inline float *
affinity_latent_als_floats(Size n)
{
	return affinity_factor_floats(CurrentMemoryContext, n);
}

/* als_steps.c */
extern PGDLLEXPORT void affinity_latent_als_body(AffinityTeam *team);
extern bool affinity_latent_als_held_out(const AlsShared *shared, uint32 user,
										 uint32 item);
extern void affinity_latent_als_start(const AlsShared *shared, float *row,
									  uint32 n_users);
extern void affinity_latent_als_penalty(const AlsOptions *options, int64 n,
										size_t width, float *spectrum);
extern void affinity_latent_als_sides(AffinityTeam *team,
									  const AlsShared *shared, AlsSide *side);

/* als_fold.c */
extern AffinityFold *affinity_latent_als_fold_begin(const void *options,
													const AffinityFactors *factors);
extern bool affinity_latent_als_fold_in(AffinityFold *fold, const uint32 *item,
										const float *weight, uint32 n,
										float *user, float *offset);
extern void affinity_latent_als_fold_explain(AffinityFold *fold,
											 const uint32 *item,
											 const float *weight, uint32 n,
											 uint32 target, double *count,
											 double *similarity);
extern float affinity_latent_als_basket_weight(const AffinityFold *fold);

#endif							/* AFFINITY_LATENT_ALS_H */
