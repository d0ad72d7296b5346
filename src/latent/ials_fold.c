/*
 * ials_fold.c
 *		A user's vector from a history: the exact update of a user in
 *		training.
 *
 * The model's items are in the axes in which their Gram matrix is diagonal;
 * its parameters are that diagonal and the weight of what is not observed,
 * which older models have as an option only. Options, items and parameters may have
 * been written by anybody: lengths are checked, and what comes of numbers
 * that make no sense is not finite or of no use, but in bounds.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "kernel/vector.h"
#include "latent/ials.h"

struct AffinityFold
{
	IalsOptions options;
	const AffinityFactors *factors;
	FactorSolver *solver;
	float	   *spectrum;		/* padded */
	float	   *x;
	uint32		room;			/* for roots of weights */
	float	   *root;
	const float *trend;			/* of the items; NULL: none */
	float	   *row;			/* the history's items without it */
	uint32	   *no;				/* of these: 0, 1, 2 … */
};

/*
 * Begin to fold users in, in the current memory context.
 */
AffinityFold *
affinity_latent_ials_fold_begin(const void *options,
								const AffinityFactors *factors)
{
	AffinityFold *fold = palloc0(sizeof(AffinityFold));
	bool		timely = ((const IalsOptions *) options)->times.trend > 0;
	uint32		n = factors->width + 1 + (timely ? factors->n_items : 0);

	/* some versions had the users' Gram matrix behind that */
	uint32		all = n + factors->width * (factors->width + 1) / 2;
	bool		sane = factors->width >= 1 &&
		factors->width <= IALS_MOST_FACTORS;

	sane = sane && (factors->n_parameters == n ||
					factors->n_parameters == all ||
					(factors->n_parameters == factors->width && !timely));

	/* older models lack the last of them */
	n = Min(n, factors->n_parameters);
	for (uint32 k = 0; sane && k < n; k++)
	{
		if ((k & 0xffff) == 0)
			CHECK_FOR_INTERRUPTS();
		sane = factors->parameters[k] >= 0 &&
			isfinite(factors->parameters[k]) &&
			(k <= factors->width || factors->parameters[k] > 0);
	}
	if (!sane)
		affinity_train_damaged(NULL, "the parameters of the model do not fit its factors");
	fold->options = *(const IalsOptions *) options;
	if (factors->n_parameters > factors->width)
		fold->options.unobserved_weight = factors->parameters[factors->width];
	if (isnan(fold->options.unobserved_weight))
		affinity_train_damaged(NULL, "the parameters of the model lack the weight of what is not observed");
	fold->factors = factors;
	fold->solver = affinity_factor_solver(FACTOR_CHOLESKY, 0, 0,
										  factors->stride, 64);
	fold->spectrum = palloc0(factors->stride * sizeof(float));
	memcpy(fold->spectrum, factors->parameters,
		   factors->width * sizeof(float));
	if (timely)
		fold->trend = factors->parameters + factors->width + 1;
	fold->x = (float *) TYPEALIGN(64, palloc(factors->stride * sizeof(float) +
											 64));
	return fold;
}

/*
 * Memory for a history of n items.
 */
static void
make_room(AffinityFold *fold, uint32 n)
{
	MemoryContext context = fold->solver->context;
	Size		row = fold->factors->stride * sizeof(float);

	if (n <= fold->room)
		return;
	if (fold->root)
		pfree(fold->root);
	if (fold->row)
		pfree(fold->row);
	if (fold->no)
		pfree(fold->no);
	fold->root = NULL;
	fold->row = NULL;
	fold->no = NULL;
	fold->room = 0;
	n = Max(n, 64);
	fold->root = MemoryContextAllocHuge(context, n * sizeof(float));
	if (fold->trend)
	{
		fold->row = MemoryContextAllocHuge(context, n * row + 64);
		fold->no = MemoryContextAllocHuge(context, n * sizeof(uint32));
	}
	fold->room = n;
}

/*
 * The rows of a history's items without their trend, for the solver.
 */
static void
take_trend_off(AffinityFold *fold, const uint32 *item, uint32 n,
			   FactorProblem *problem)
{
	const AffinityFactors *factors = fold->factors;
	float	   *rows = (float *) TYPEALIGN(64, fold->row);

	for (uint32 i = 0; i < n; i++)
	{
		const float *from = factors->item + item[i] * factors->stride;
		float	   *to = rows + (Size) i * factors->stride;

		for (size_t k = 0; k < factors->stride; k++)
			to[k] = from[k] / fold->trend[item[i]];
		fold->no[i] = i;
	}
	problem->other = rows;
	problem->no = fold->no;
}

/*
 * The root of what an item of a history counts.
 */
static float
root_of(const AffinityFold *fold, float weight)
{
	if (affinity_train_decays(&affinity_latent_ials, &fold->options))
		return sqrtf(weight);
	return affinity_latent_ials_root(&fold->options, weight);
}

/*
 * The problem of a history. False where it is empty, or a weight no number.
 */
static bool
state_problem(AffinityFold *fold, const uint32 *item, const float *weight,
			  uint32 n, FactorProblem *problem)
{
	const AffinityFactors *factors = fold->factors;

	if (n == 0)
		return false;
	make_room(fold, n);
	for (uint32 i = 0; i < n; i++)
	{
		Assert(item[i] < factors->n_items);
		if (!(weight[i] > 0))
			return false;
		fold->root[i] = root_of(fold, weight[i]);
	}
	memset(problem, 0, sizeof(FactorProblem));
	problem->other = factors->item;
	problem->no = item;
	problem->n = problem->known = n;
	if (fold->trend)
		take_trend_off(fold, item, n, problem);
	problem->root = fold->root;
	problem->spectrum = fold->spectrum;
	problem->times = (float) fold->options.unobserved_weight;
	problem->plus = (float) affinity_latent_ials_ridge(&fold->options, n,
													   factors->n_items);
	return true;
}

bool
affinity_latent_ials_fold_in(AffinityFold *fold, const uint32 *item,
							 const float *weight, uint32 n, float *user,
							 float *offset)
{
	FactorProblem problem;

	*offset = 0;
	if (!state_problem(fold, item, weight, n, &problem))
		return false;
	(void) affinity_factor_solve(fold->solver, &problem, fold->x);
	memcpy(user, fold->x, fold->factors->width * sizeof(float));
	return true;
}

/*
 * Hu, Koren and Volinsky's explanation: the score of the target is the sum
 * over the history of c_i y_target' (A^-1) y_i, which is linear in the
 * history.
 */
void
affinity_latent_ials_fold_explain(AffinityFold *fold, const uint32 *item,
								  const float *weight, uint32 n, uint32 target,
								  double *count, double *similarity)
{
	const AffinityFactors *factors = fold->factors;
	FactorProblem problem;

	memset(count, 0, n * sizeof(double));
	memset(similarity, 0, n * sizeof(double));
	if (!state_problem(fold, item, weight, n, &problem))
		return;
	affinity_factor_influence(fold->solver, &problem,
							  factors->item + target * factors->stride,
							  fold->x);
	for (uint32 i = 0; i < n; i++)
	{
		count[i] = (double) fold->root[i] * fold->root[i];
		similarity[i] = affinity_kernel_dot_f4(problem.other + problem.no[i] *
											   factors->stride, fold->x,
											   factors->stride);
	}
}
