/*
 * fit.c
 *		The parameters and initial states of a model by maximum likelihood.
 *
 * With additive errors that is least squares. With relative ones the sum of
 * squares is multiplied by the squared geometric mean of what was expected,
 * which is least squares again, of errors times that mean. So both are
 * fitted by the method of Levenberg and Marquardt (J. Moré, 1978), from exact
 * derivatives: initial states, in which errors are linear or nearly so, are
 * right after a step or two, and some ten steps take the place of the
 * hundreds of passes of a search without derivatives.
 *
 * The region is that of R's forecast::ets: alpha between 0.0001 and 0.9999,
 * beta from 0.0001 up to alpha, gamma from 0.0001 up to 1 - alpha, phi
 * between 0.8 and 0.98, and admissible. Beta and gamma are moved as shares of
 * their ranges, so that the region is a box.
 */
#include "postgres.h"

#include <math.h>
#include <string.h>

#include "forecast/ets.h"
#include "miscadmin.h"

#define LOWEST 1e-4
#define HIGHEST 0.9999
#define PHI_LOWEST 0.8
#define PHI_HIGHEST 0.98
#define MAX_STEPS 100

/* A point in the box: shares in place of beta and gamma. */
static void
to_box(const EtsModel *model, const int *which, int n, double *z)
{
	double		alpha = model->x[ETS_ALPHA];

	for (int i = 0; i < n; i++)
	{
		z[i] = model->x[which[i]];
		if (which[i] == ETS_BETA)
			z[i] = (z[i] - LOWEST) / (alpha - LOWEST);
		else if (which[i] == ETS_GAMMA)
			z[i] = (z[i] - LOWEST) / (1 - alpha - LOWEST);
	}
}

static void
from_box(EtsModel *model, const int *which, int n, const double *z)
{
	double		alpha = z[0];

	for (int i = 0; i < n; i++)
	{
		model->x[which[i]] = z[i];
		if (which[i] == ETS_BETA)
			model->x[ETS_BETA] = LOWEST + z[i] * (alpha - LOWEST);
		else if (which[i] == ETS_GAMMA)
			model->x[ETS_GAMMA] = LOWEST + z[i] * (1 - alpha - LOWEST);
	}
}

static inline void
bounds_of(int which, double *low, double *high)
{
	*low = which == ETS_ALPHA ? LOWEST : which == ETS_PHI ? PHI_LOWEST :
		which < ETS_PHI ? 0 : -HUGE_VAL;
	*high = which == ETS_ALPHA ? HIGHEST : which == ETS_PHI ? PHI_HIGHEST :
		which < ETS_PHI ? 1 : HUGE_VAL;
}

/*
 * The normal equations of least squares, in the coordinates of the box, and
 * without the geometric mean, which divides out.
 */
static void
finish_equations(const EtsData *data, const EtsForm *form, const double *z,
				 const int *which, int n, EtsNormal *e)
{
	double		to_beta = 0;
	double		to_gamma = 0;
	int			beta = -1;
	int			gamma = -1;

	if (form->relative)
	{
		double		h[ETS_PARAMS];

		for (int i = 0; i < n; i++)
			h[i] = e->log_slope[i] / data->n_known;
		for (int i = 0; i < n; i++)
			for (int j = 0; j < n; j++)
				e->gram[i][j] += e->slope[i] * h[j] + h[i] * e->slope[j] +
					e->sse * h[i] * h[j];
		for (int i = 0; i < n; i++)
			e->slope[i] += e->sse * h[i];
	}
	for (int i = 0; i < n; i++)
	{
		if (which[i] == ETS_BETA)
			beta = i, to_beta = z[0] - LOWEST;
		else if (which[i] == ETS_GAMMA)
			gamma = i, to_gamma = 1 - z[0] - LOWEST;
	}
	/* alpha moves beta and gamma along */
	if (beta >= 0)
	{
		e->slope[0] += z[beta] * e->slope[beta];
		for (int i = 0; i < n; i++)
			e->gram[0][i] += z[beta] * e->gram[beta][i];
	}
	if (gamma >= 0)
	{
		e->slope[0] -= z[gamma] * e->slope[gamma];
		for (int i = 0; i < n; i++)
			e->gram[0][i] -= z[gamma] * e->gram[gamma][i];
	}
	if (beta >= 0)
		for (int i = 0; i < n; i++)
			e->gram[i][0] += z[beta] * e->gram[i][beta];
	if (gamma >= 0)
		for (int i = 0; i < n; i++)
			e->gram[i][0] -= z[gamma] * e->gram[i][gamma];
	for (int k = 0; k < 2; k++)
	{
		int			at = k == 0 ? beta : gamma;
		double		to = k == 0 ? to_beta : to_gamma;

		if (at < 0)
			continue;
		e->slope[at] *= to;
		for (int i = 0; i < n; i++)
		{
			e->gram[at][i] *= to;
			e->gram[i][at] *= to;
		}
	}
}

/*
 * Solve the damped equations for the free parameters by Cholesky's method;
 * false where that fails for lack of damping.
 */
static bool
solve(const EtsNormal *e, const bool *fixed, int n, double damping,
	  double *step)
{
	static const double none = 0;
	double		l[ETS_PARAMS][ETS_PARAMS];
	int			at[ETS_PARAMS];
	int			k = 0;

	for (int i = 0; i < n; i++)
	{
		step[i] = none;
		if (!fixed[i] && e->gram[i][i] > 0)
			at[k++] = i;
	}
	for (int i = 0; i < k; i++)
	{
		for (int j = 0; j <= i; j++)
		{
			double		sum = e->gram[at[i]][at[j]];

			if (i == j)
				sum *= 1 + damping;
			for (int p = 0; p < j; p++)
				sum -= l[i][p] * l[j][p];
			if (i != j)
				l[i][j] = sum / l[j][j];
			else if (sum > 1e-14 * e->gram[at[i]][at[i]])
				l[i][i] = sqrt(sum);
			else
				return false;
		}
	}
	for (int i = 0; i < k; i++)
	{
		double		sum = -e->slope[at[i]];

		for (int p = 0; p < i; p++)
			sum -= l[i][p] * step[at[p]];
		step[at[i]] = sum / l[i][i];
	}
	for (int i = k - 1; i >= 0; i--)
	{
		double		sum = step[at[i]];

		for (int p = i + 1; p < k; p++)
			sum -= l[p][i] * step[at[p]];
		step[at[i]] = sum / l[i][i];
	}
	return true;
}

/* What is at a bound and would be moved beyond it stays there. */
static void
find_fixed(const EtsNormal *e, const int *which, int n, const double *z,
		   bool *fixed)
{
	for (int i = 0; i < n; i++)
	{
		double		low;
		double		high;

		bounds_of(which[i], &low, &high);
		fixed[i] = (z[i] <= low && e->slope[i] >= 0) ||
			(z[i] >= high && e->slope[i] <= 0);
	}
}

/* A step from z within the box; what it stops at stays for the others. */
static bool
step_in_box(const EtsNormal *e, const int *which, int n, const double *z,
			double damping, double *to)
{
	bool		fixed[ETS_PARAMS];
	double		step[ETS_PARAMS];

	find_fixed(e, which, n, z, fixed);
	if (!solve(e, fixed, n, damping, step))
		return false;
	for (int i = 0; i < n; i++)
	{
		double		low;
		double		high;

		bounds_of(which[i], &low, &high);
		to[i] = fmin(fmax(z[i] + step[i], low), high);
	}
	return true;
}

static void
set_criterion(const EtsData *data, EtsModel *model, int n)
{
	int			k = n + 1;		/* and the variance */
	int			rest = data->n_known - k - 1;

	model->n_params = n;
	model->n = data->n_known;
	model->variance = data->n_known > n ?
		model->sse / (data->n_known - n) : NAN;
	model->aicc = rest > 0 ? model->lik + 2.0 * k + 2.0 * k * (k + 1) / rest :
		HUGE_VAL;
}

/*
 * Fit a model from where it is, until a step lowers the sum of squares by
 * less than a share. False where it is none for the series.
 */
bool
affinity_forecast_ets_fit(const EtsData *data, EtsModel *model,
						  double tolerance)
{
	int			which[ETS_PARAMS];
	int			n = affinity_forecast_ets_params(&model->form, which);
	double		z[ETS_PARAMS];
	double		damping = 1e-3;
	EtsNormal	equations;
	bool		fresh = false;

	if (!affinity_forecast_ets_run(data, model, NULL))
		return false;
	to_box(model, which, n, z);
	model->evaluations = 1;
	for (int round = 0; round < MAX_STEPS && model->sse > 0; round++)
	{
		EtsModel	trial = *model;
		double		to[ETS_PARAMS];
		double		gain;

		CHECK_FOR_INTERRUPTS();
		if (!fresh)
		{
			if (!affinity_forecast_ets_slopes(data, model, which, n,
											  &equations))
				break;
			finish_equations(data, &model->form, z, which, n, &equations);
			fresh = true;
			model->evaluations++;
			trial.evaluations++;
		}
		trial.evaluations++;
		model->evaluations++;
		if (step_in_box(&equations, which, n, z, damping, to))
			from_box(&trial, which, n, to);
		else
			trial.sse = -1;
		if (trial.sse < 0 || !affinity_forecast_ets_admissible(&trial) ||
			!affinity_forecast_ets_run(data, &trial, NULL) ||
			!(trial.lik < model->lik))
		{
			damping *= 8;
			if (damping > 1e8)
				break;
			continue;
		}
		gain = model->lik - trial.lik;
		*model = trial;
		memcpy(z, to, sizeof(z));
		damping = fmax(damping / 10, 1e-12);
		fresh = false;
		if (gain < tolerance * data->n_known)
			break;
	}
	set_criterion(data, model, n);
	return true;
}
