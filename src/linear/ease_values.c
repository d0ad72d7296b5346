/*
 * ease_values.c
 *		What interactions count, and what users and items do.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "linear/ease.h"
#include "parallel/team.h"

#define PIECE	((int64) 1 << 20)

/*
 * What a summed weight counts. The list of names leaves "auto" out, which
 * item_knn's has first.
 */
double
affinity_linear_counted(int weights, double weight)
{
	return affinity_train_weight(weights + AFFINITY_WEIGHTS_BINARY, weight);
}

/*
 * Do all pairs count 1, whatever they weigh?
 */
bool
affinity_linear_is_binary(int weights)
{
	return weights + AFFINITY_WEIGHTS_BINARY == AFFINITY_WEIGHTS_BINARY;
}

/*
 * The values of an orientation as the options count them, in place; none
 * where all are 1.
 */
void
affinity_linear_weigh(AffinityCsr *m, int weights)
{
	int64		n = m->start[m->n_rows];

	if (affinity_linear_is_binary(weights))
	{
		if (m->val)
			affinity_parallel_free_array(m->val);
		m->val = NULL;
		return;
	}
	if (m->val == NULL)
	{
		if (affinity_linear_counted(weights, 1) == 1)
			return;
		m->val = affinity_base_array(n, sizeof(float));
		for (int64 e = 0; e < n; e++)
			m->val[e] = 1;
	}
	for (int64 e = 0; e < n; e++)
	{
		if ((e & (PIECE - 1)) == 0)
			CHECK_FOR_INTERRUPTS();
		m->val[e] = (float) affinity_linear_counted(weights, m->val[e]);
	}
}

/*
 * w_u of all users. Returns by what their powers were multiplied.
 */
double
affinity_linear_ease_user_factors(const AffinityCsr *by_user, double exponent, double *factor)
{
	double		sum = 0;
	double		weighted = 0;

	for (uint32 u = 0; u < by_user->n_rows; u++)
	{
		double		d = 0;

		CHECK_FOR_INTERRUPTS();
		for (int64 e = by_user->start[u]; e < by_user->start[u + 1]; e++)
			d += by_user->val ? by_user->val[e] : 1;
		factor[u] = exponent == 0 || !(d > 0) ? 1 : pow(d, -exponent);
		sum += d;
		weighted += d * factor[u];
	}
	for (uint32 u = 0; u < by_user->n_rows; u++)
		factor[u] *= sum > 0 ? sum / weighted : 1;
	return sum > 0 ? sum / weighted : 1;
}

/*
 * l_i of all items; of one that nobody has, whose weights are 0, any. And what
 * an item's weights count.
 */
void
affinity_linear_ease_penalties(const AffinityCsr *by_item, const EaseOptions *options,
							   const double *user_factor, double *penalty, double *output)
{
	double		dropout = options->dropout / (1 - options->dropout);
	double		mean = 0;

	for (uint32 i = 0; i < by_item->n_rows; i++)
	{
		double		d = 0;

		CHECK_FOR_INTERRUPTS();
		for (int64 e = by_item->start[i]; e < by_item->start[i + 1]; e++)
		{
			double		x = by_item->val ? by_item->val[e] : 1;

			d += x * x;
		}
		penalty[i] = d;
		mean += d / by_item->n_rows;
		output[i] = d > 0 ? pow(d, options->output_exponent) : 1;
	}
	for (uint32 i = 0; i < by_item->n_rows; i++)
	{
		bool		nobody = by_item->start[i] == by_item->start[i + 1];

		penalty[i] = nobody && options->regularization == 0 ? 1 :
			options->regularization *
			(nobody || options->regularization_exponent == 0 ? 1 :
			 pow(penalty[i] / mean, options->regularization_exponent));
		if (dropout == 0)
			continue;
		CHECK_FOR_INTERRUPTS();
		for (int64 e = by_item->start[i]; e < by_item->start[i + 1]; e++)
		{
			double		x = by_item->val ? by_item->val[e] : 1;

			penalty[i] += dropout * x * x * user_factor[by_item->col[e]];
		}
	}
}
