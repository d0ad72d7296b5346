/*
 * als_fold.c
 *		A user of algorithm als from a history, as training makes one.
 *
 * What is stored of an item is its bias in the ratings' unit and its factors in
 * units of their deviation s. The user's half-step, solved for the bias b and
 * the factors x of a history, gives the score
 *
 *		mean + s b + item's bias + s x . item's factors.
 *
 * Rows are copied side by side, with 1 where an item has its bias: that is the
 * coordinate of the user's own.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/memutils.h"

#include "train/als.h"

/* Rows copied between two looks at interrupts. */
#define LOOK_ROWS	1024

struct AffinityFold
{
	const AlsOptions *options;
	const AffinityFactors *factors;
	FactorSolver *solver;
	float	   *spectrum;
	float	   *x;				/* the user's bias and factors */
	MemoryContext context;		/* of what follows */
	uint32		room;			/* rows that there is room for */
	float	   *row;			/* of the history's items */
	float	   *target;			/* what there is to explain of a rating */
	float	   *root;
	uint32	   *no;				/* 0, 1, 2 and so on */
};

static void
damaged(const char *what)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("a model of algorithm als is damaged: %s", what),
			 errhint("Refresh the model, or drop it and create it again.")));
}

AffinityFold *
affinity_als_fold_begin(const void *options, const AffinityFactors *factors)
{
	AffinityFold *fold = palloc0(sizeof(AffinityFold));

	fold->options = options;
	fold->factors = factors;
	if (factors->width != (uint32) fold->options->factors + 1)
		damaged("its items do not have the number of factors that its options say");
	if (factors->n_parameters != ALS_N_PARAMETERS)
		damaged("its parameters are not those of its algorithm");
	if (!(factors->parameters[ALS_DEVIATION] > 0))
		damaged("its ratings have no deviation");
	fold->solver = affinity_factor_solver(FACTOR_CHOLESKY, 0, 0,
										  factors->stride, 0);
	fold->spectrum = affinity_als_floats(factors->stride);
	fold->x = affinity_als_floats(factors->stride);
	fold->context = AllocSetContextCreate(CurrentMemoryContext, "affinity als",
										  ALLOCSET_DEFAULT_SIZES);
	return fold;
}

/*
 * Memory for so many rows.
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
	fold->row = affinity_als_floats(mul_size(n, fold->factors->stride));
	fold->target = affinity_als_floats(n);
	fold->root = affinity_als_floats(n);
	fold->no = (uint32 *) affinity_als_floats(n);
	for (uint32 r = 0; r < n; r++)
	{
		fold->no[r] = r;
		fold->root[r] = 1;
	}
	fold->room = n;
	MemoryContextSwitchTo(old);
}

/*
 * One item of the history: its row and its rating's target.
 */
static void
set_row(AffinityFold *fold, uint32 r, uint32 item, float rating)
{
	const AffinityFactors *factors = fold->factors;
	const float *stored = factors->item + item * factors->stride;
	float	   *row = fold->row + r * factors->stride;

	memcpy(row, stored, factors->stride * sizeof(float));
	row[0] = 1;
	fold->target[r] = (float) (((double) rating -
								factors->parameters[ALS_MEAN] - stored[0]) /
							   factors->parameters[ALS_DEVIATION]);
}

/*
 * A history, as the user's half-step sees it.
 */
static FactorProblem
problem_of(AffinityFold *fold, const uint32 *item, const float *weight,
		   uint32 n)
{
	FactorProblem problem = {.known = n, .n = n, .times = 1};

	make_room(fold, n);
	for (uint32 r = 0; r < n; r++)
	{
		if (r % LOOK_ROWS == 0)
			CHECK_FOR_INTERRUPTS();
		set_row(fold, r, item[r], weight[r]);
	}
	affinity_als_penalty(fold->options, n, fold->factors->stride,
						 fold->spectrum);
	problem.other = fold->row;
	problem.no = fold->no;
	problem.root = fold->root;
	problem.target = fold->target;
	problem.spectrum = fold->spectrum;
	return problem;
}

bool
affinity_als_fold_in(AffinityFold *fold, const uint32 *item,
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
 * With f the row of an item, t the ratings' targets and A = F'F + D the matrix of
 * the user's equations, what the history adds to an item's mean and bias is
 * f' A^-1 F't: a sum over the history of what there was to explain of a rating,
 * t_r, times a similarity f' A^-1 f_r (Hu, Koren & Volinsky 2008 have the same for
 * confidences).
 */
void
affinity_als_fold_explain(AffinityFold *fold, const uint32 *item,
						  const float *weight, uint32 n, uint32 target,
						  double *count, double *similarity)
{
	const AffinityFactors *factors = fold->factors;
	size_t		width = factors->stride;
	FactorProblem problem = problem_of(fold, item, weight, n);
	float	   *f = affinity_als_floats(width);

	memcpy(f, factors->item + target * width, width * sizeof(float));
	f[0] = 1;
	affinity_factor_influence(fold->solver, &problem, f, fold->x);
	for (uint32 r = 0; r < n; r++)
	{
		count[r] = (double) factors->parameters[ALS_DEVIATION] *
			fold->target[r];
		similarity[r] = affinity_dot_f4(fold->row + r * width, fold->x, width);
	}
}

/*
 * Who puts an item into a basket likes it.
 */
float
affinity_als_basket_weight(const AffinityFold *fold)
{
	return fold->factors->parameters[ALS_GOOD];
}
