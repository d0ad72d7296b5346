/*
 * cell.c
 *		From states to what is compared: means and their variances, by the
 *		covariate, and over strata.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "experiment/cell.h"

static void
arm_of_quantile(Cell *cell, int scale)
{
	double		error = affinity_experiment_values_error(cell->state, scale);

	cell->arm.mean = ldexp(affinity_experiment_values_quantile(cell->state,
															   cell->state->p),
						   -scale);
	cell->arm.above = cell->arm.mean;
	cell->arm.variance = error * error;
	cell->arm.df = INFINITY;
}

static void
arm_of_moments(Cell *cell, ExperimentMethod method)
{
	const MetricMoments *m = &cell->moments;
	double		variance = m->variance;

	cell->arm.mean = m->mean;
	cell->arm.above = m->above;
	cell->arm.df = m->n - 1;
	cell->arm.binary = cell->state->binary;
	cell->arm.successes = m->mean * m->n;
	if (cell->state->kind == METRIC_RATIO)
	{
		if (m->mean_y == 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("the denominators of variant \"%s\" sum to 0",
							cell->variant)));
		cell->arm.mean = affinity_experiment_moments_ratio(m, &variance);
		cell->arm.above = cell->arm.mean;
		cell->arm.binary = false;
	}
	else if (method == EXPERIMENT_Z)
		variance = m->mean * (1 - m->mean);
	if (cell->arm.binary)
		cell->arm.successes = rint(cell->arm.successes);
	cell->arm.variance = variance / m->n;
}

/*
 * CUPED (Deng, Xu, Kohavi and Walker 2013): less theta times what the
 * covariate's mean is above that of all variants. Theta is the slope over all
 * units of the stratum, or that within its variants.
 */
static void
adjust_by_covariate(Cell *cells, int n, int n_strata, int stratum, bool within)
{
	double		units = 0;
	double		mean = 0;
	double		mean_y = 0;
	double		covariance = 0;
	double		variance = 0;
	double		theta;

	for (int i = stratum; i < n; i += n_strata)
	{
		const MetricMoments *m = &cells[i].moments;

		units += m->n;
		mean += (m->above - mean) * (m->n / units);
		mean_y += (m->above_y - mean_y) * (m->n / units);
	}
	for (int i = stratum; i < n; i += n_strata)
	{
		const MetricMoments *m = &cells[i].moments;

		covariance += m->covariance * (m->n - 1);
		variance += m->variance_y * (m->n - 1);
		if (within)
			continue;
		covariance += m->n * (m->above - mean) * (m->above_y - mean_y);
		variance += m->n * (m->above_y - mean_y) * (m->above_y - mean_y);
	}
	/* a covariate that is the same for all says nothing */
	theta = variance > 0 ? covariance / variance : 0;
	for (int i = stratum; i < n; i += n_strata)
	{
		const MetricMoments *m = &cells[i].moments;
		double		rest = m->variance - 2 * theta * m->covariance +
			theta * theta * m->variance_y;

		cells[i].arm.mean = m->mean - theta * (m->above_y - mean_y);
		cells[i].arm.above = m->above - theta * (m->above_y - mean_y);
		cells[i].arm.variance = Max(rest, 0) / m->n;
		cells[i].arm.binary = false;
	}
}

/* Fill the arms of all cells; gives the power of two that they are less by. */
int
affinity_experiment_fill_arms(Cell *cells, int n, int n_strata,
							  const ExperimentCall *call)
{
	int			scale = INT_MIN;
	int			scale_y = INT_MIN;

	for (int i = 0; i < n; i++)
	{
		int			own;
		int			own_y;

		affinity_experiment_moments_scale(cells[i].state, &own, &own_y);
		scale = Max(scale, own);
		scale_y = Max(scale_y, own_y);
	}
	for (int i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		cells[i].arm.units = (double) cells[i].state->n;
		if (cells[i].state->kind == METRIC_QUANTILE)
			arm_of_quantile(&cells[i], scale);
		else
		{
			affinity_experiment_moments(cells[i].state, scale, scale_y,
										&cells[i].moments);
			affinity_experiment_moments_center(cells[i].state, scale, scale_y,
											   cells[0].moments.mean,
											   cells[0].moments.mean_y,
											   &cells[i].moments);
			arm_of_moments(&cells[i], call->plan.method);
		}
	}
	if (call->plan.method == EXPERIMENT_CUPED)
		for (int i = 0; i < n_strata; i++)
			adjust_by_covariate(cells, n, n_strata, i, call->within);
	return cells[0].state->kind == METRIC_RATIO ? scale - scale_y : scale;
}

/*
 * Post-stratification: strata count as they are among all units, whatever
 * their shares in a variant.
 */
void
affinity_experiment_join_strata(Cell *cells, int n, int n_strata,
								Variant *variants)
{
	double		units = 0;

	for (int i = 0; i < n; i++)
		units += cells[i].arm.units;
	for (int v = 0; v < n / n_strata; v++)
	{
		ExperimentArm *arm = &variants[v].arm;
		double		squares = 0;

		variants[v].name = cells[v * n_strata].variant;
		*arm = cells[v * n_strata].arm;
		if (n_strata == 1)
			continue;
		memset(arm, 0, sizeof(*arm));
		for (int s = 0; s < n_strata; s++)
		{
			const ExperimentArm *part = &cells[v * n_strata + s].arm;
			double		share = 0;

			for (int i = s; i < n; i += n_strata)
				share += cells[i].arm.units / units;
			arm->units += part->units;
			arm->mean += share * part->mean;
			arm->above += share * part->above;
			arm->variance += share * share * part->variance;
		}
		for (int s = 0; s < n_strata && arm->variance > 0; s++)
		{
			const ExperimentArm *part = &cells[v * n_strata + s].arm;
			double		share = 0;
			double		of_all;

			for (int i = s; i < n; i += n_strata)
				share += cells[i].arm.units / units;
			of_all = share * share * (part->variance / arm->variance);
			squares += of_all * of_all / part->df;
		}
		arm->df = squares > 0 ? 1 / squares : INFINITY;
	}
}
