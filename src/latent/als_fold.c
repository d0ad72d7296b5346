/*
 * als_fold.c
 *		A user of algorithm als from a history, as training makes one.
 *
 * What is stored of an item is its bias in the ratings' unit and its factors
 * in units of their standard deviation s. The user's half-step, solved for
 * the bias b and the factors x of a history, gives the score
 *
 *		mean + s b + item's bias + s x . item's factors.
 *
 * The solver takes items' rows as they are stored, with 1 in the place of an
 * item's bias: that is the coordinate of the user's own. The biases are part
 * of what the ratings leave to be explained.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/memutils.h"

#include "kernel/vector.h"
#include "latent/als.h"

/* Ratings taken over between two looks at interrupts. */
#define LOOK_PIECE	16384

#define DAMAGED "a model of algorithm als is damaged: "

struct AffinityFold
{
	const AlsOptions *options;
	const AffinityFactors *factors;
	FactorSolver *solver;
	float	   *spectrum;
	float	   *x;				/* the user's bias and factors */
	MemoryContext context;		/* of what follows */
	uint32		room;			/* ratings that there is room for */
	float	   *target;			/* what there is to explain of a rating */
	float	   *root;			/* 1 for each */
};

AffinityFold *
affinity_latent_als_fold_begin(const void *options,
							   const AffinityFactors *factors)
{
	AffinityFold *fold = palloc0(sizeof(AffinityFold));

	fold->options = options;
	fold->factors = factors;
	if (factors->width != (uint32) fold->options->factors + 1)
		affinity_train_damaged(NULL, DAMAGED "its items do not have the number of factors that its options say");
	if (factors->n_parameters != ALS_N_PARAMETERS)
		affinity_train_damaged(NULL, DAMAGED "its parameters are not those of its algorithm");
	if (!(factors->parameters[ALS_DEVIATION] > 0))
		affinity_train_damaged(NULL, DAMAGED "its ratings have no standard deviation");
	fold->solver = affinity_factor_solver(FACTOR_CHOLESKY, 0, 0,
										  factors->stride, 0);
	fold->spectrum = affinity_latent_als_floats(factors->stride);
	fold->x = affinity_latent_als_floats(factors->stride);
	fold->context = AllocSetContextCreate(CurrentMemoryContext, "affinity als",
										  ALLOCSET_DEFAULT_SIZES);
	return fold;
}

/*
 * Memory for n ratings.
 */
static void
make_room(AffinityFold *fold, uint32 n)
{
	MemoryContext old;

	if (n <= fold->room)
		return;
	MemoryContextReset(fold->context);
	old = MemoryContextSwitchTo(fold->context);
	n = fold->room > 0 ? Max(n, 2 * fold->room) : n;
	fold->room = 0;
	fold->target = affinity_latent_als_floats(n);
	fold->root = affinity_latent_als_floats(n);
	for (uint32 r = 0; r < n; r++)
		fold->root[r] = 1;
	fold->room = n;
	MemoryContextSwitchTo(old);
}

static inline const float *
item_row(const AffinityFold *fold, uint32 item)
{
	return fold->factors->item + item * fold->factors->stride;
}

/*
 * A history, as the user's half-step sees it.
 */
static FactorProblem
problem_of(AffinityFold *fold, const uint32 *item, const float *weight,
		   uint32 n)
{
	const AffinityFactors *factors = fold->factors;
	FactorProblem problem = {.known = n, .n = n, .times = 1};
	double		mean = factors->parameters[ALS_MEAN];
	double		deviation = factors->parameters[ALS_DEVIATION];

	make_room(fold, n);
	for (uint32 r = 0; r < n; r++)
	{
		if (r % LOOK_PIECE == 0)
			CHECK_FOR_INTERRUPTS();
		fold->target[r] = (float) ((weight[r] - mean -
									item_row(fold, item[r])[0]) / deviation);
	}
	affinity_latent_als_penalty(fold->options, n, factors->stride,
								fold->spectrum);
	problem.other = factors->item;
	problem.ones = true;
	problem.no = item;
	problem.root = fold->root;
	problem.target = fold->target;
	problem.spectrum = fold->spectrum;
	return problem;
}

bool
affinity_latent_als_fold_in(AffinityFold *fold, const uint32 *item,
							const float *weight, uint32 n, float *user,
							float *offset)
{
	const AffinityFactors *factors = fold->factors;
	float		deviation = factors->parameters[ALS_DEVIATION];

	FactorProblem problem;

	if (n == 0)
		return false;
	problem = problem_of(fold, item, weight, n);
	(void) affinity_factor_solve(fold->solver, &problem, fold->x);
	*offset = factors->parameters[ALS_MEAN] + deviation * fold->x[0];
	user[0] = 1;
	for (uint32 k = 1; k < factors->width; k++)
		user[k] = deviation * fold->x[k];
	return true;
}

/*
 * With f the row of an item, t the ratings' targets and A = F'F + D the
 * matrix of the user's equations, what the history adds to an item's mean and
 * bias is f' A^-1 F't: a sum over the history of what there was to explain of
 * a rating, t_r, times a similarity f' A^-1 f_r (Hu, Koren & Volinsky 2008
 * have the same for confidences).
 */
void
affinity_latent_als_fold_explain(AffinityFold *fold, const uint32 *item,
								 const float *weight, uint32 n, uint32 target,
								 double *count, double *similarity)
{
	size_t		width = fold->factors->stride;
	FactorProblem problem = problem_of(fold, item, weight, n);
	float	   *f = affinity_latent_als_floats(width);
	double		bias;

	memcpy(f, item_row(fold, target), width * sizeof(float));
	f[0] = 1;
	affinity_factor_influence(fold->solver, &problem, f, fold->x);
	bias = fold->x[0];
	fold->x[0] = 0;
	for (uint32 r = 0; r < n; r++)
	{
		if (r % LOOK_PIECE == 0)
			CHECK_FOR_INTERRUPTS();
		count[r] = (double) fold->factors->parameters[ALS_DEVIATION] *
			fold->target[r];
		similarity[r] = bias + affinity_kernel_dot_f4(item_row(fold, item[r]),
													  fold->x, width);
	}
}

/*
 * Who puts an item into a basket likes it.
 */
float
affinity_latent_als_basket_weight(const AffinityFold *fold)
{
	return fold->factors->parameters[ALS_GOOD];
}
