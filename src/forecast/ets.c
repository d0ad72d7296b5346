/*
 * ets.c
 *		One pass of a state-space model over a series: errors, and how they
 *		change with each parameter and initial state.
 *
 * In terms of the plain error d = y - expected, models with additive and with
 * relative errors update their states alike; only the likelihood is another.
 * Where the season multiplies, the level is updated by d / season, and the
 * season by d / level. At a missing value d is 0: the states go on as
 * expected.
 */
#include "postgres.h"

#include <math.h>
#include <string.h>

#include "forecast/ets.h"

#define SMALLEST 1e-12			/* of an expectation that errors are shares of */
#define EXACT_FIT 1e-26			/* squared error that is but rounding */

/* Which parameters and states a form has; gives how many. */
int
affinity_forecast_ets_params(const EtsForm *form, int *which)
{
	int			n = 0;

	which[n++] = ETS_ALPHA;
	if (form->trend)
		which[n++] = ETS_BETA;
	if (form->season != SEASON_NONE)
		which[n++] = ETS_GAMMA;
	if (form->damped)
		which[n++] = ETS_PHI;
	which[n++] = ETS_LEVEL;
	if (form->trend)
		which[n++] = ETS_TREND;
	if (form->season != SEASON_NONE)
		for (int i = 0; i < form->m - 1; i++)
			which[n++] = ETS_SEASON + i;
	return n;
}

/* The last state of the season is what the others leave. */
static void
close_season(EtsModel *model)
{
	int			m = model->form.m;
	double		rest = model->form.season == SEASON_MULTIPLICATIVE ? m : 0;

	if (model->form.season == SEASON_NONE)
		return;
	for (int i = 0; i < m - 1; i++)
		rest -= model->x[ETS_SEASON + i];
	model->x[ETS_SEASON + m - 1] = rest;
}

static inline double
used_phi(const EtsModel *model)
{
	return !model->form.trend ? 0 : model->form.damped ? model->x[ETS_PHI] : 1;
}

/*
 * Run a model over a series: its sum of squares, likelihood and last states,
 * and, unless NULL, what was expected at each period. False where relative
 * errors would be shares of nothing.
 */
bool
affinity_forecast_ets_run(const EtsData *data, EtsModel *model,
						  double *expected)
{
	const EtsForm *form = &model->form;
	int			m = form->season == SEASON_NONE ? 1 : form->m;
	bool		seasonal = form->season != SEASON_NONE;
	bool		times = form->season == SEASON_MULTIPLICATIVE;
	double		alpha = model->x[ETS_ALPHA];
	double		beta = form->trend ? model->x[ETS_BETA] : 0;
	double		gamma = seasonal ? model->x[ETS_GAMMA] : 0;
	double		phi = used_phi(model);
	double		level = model->x[ETS_LEVEL];
	double		trend = form->trend ? model->x[ETS_TREND] : 0;
	double		season[ETS_SEASON_MAX] = {0};
	double		sse = 0;
	double		product = 1;
	double		log_mean = 0;
	int			at = 0;

	close_season(model);
	if (seasonal)
		memcpy(season, &model->x[ETS_SEASON], sizeof(double) * (size_t) m);
	for (int t = 0; t < data->n; t++)
	{
		double		y = data->y[t];
		double		q = level + phi * trend;
		double		s = season[at];
		double		mu = times ? q * s : q + s;
		double		d = isnan(y) ? 0 : y - mu;
		double		e = d;

		if (expected != NULL)
			expected[t] = mu;
		if (times && !(s > SMALLEST && q > SMALLEST))
			return false;
		if (form->relative && !isnan(y))
		{
			if (!(mu > SMALLEST))
				return false;
			e = d / mu;
			product *= mu;
			if (!(product > 1e-200 && product < 1e200))
			{
				log_mean += log(product);
				product = 1;
			}
		}
		sse += e * e;
		level = q + alpha * (times ? d / s : d);
		trend = phi * trend + beta * (times ? d / s : d);
		season[at] = s + gamma * (times ? d / q : d);
		if (++at == m)
			at = 0;
	}
	model->sse = sse;
	model->last[0] = level;
	model->last[1] = trend;
	for (int i = 0; seasonal && i < m; i++)
		model->last[2 + i] = season[(at + i) % m];
	/* a series that a model fits to the last digit has no likelihood */
	model->lik = data->n_known * log(fmax(sse, EXACT_FIT * data->n_known)) +
		2 * (log_mean + log(product));
	return isfinite(sse) && isfinite(level) && isfinite(trend);
}

/* How states change with each parameter: the derivatives. */
typedef struct Slopes
{
	double		level[ETS_PARAMS];
	double		trend[ETS_PARAMS];
	double		season[ETS_SEASON_MAX][ETS_PARAMS];
} Slopes;

static void
start_slopes(const EtsForm *form, const int *which, int n, Slopes *slopes)
{
	memset(slopes->level, 0, sizeof(slopes->level));
	memset(slopes->trend, 0, sizeof(slopes->trend));
	memset(slopes->season, 0, sizeof(slopes->season[0]) *
		   (size_t) (form->season == SEASON_NONE ? 1 : form->m));
	for (int i = 0; i < n; i++)
	{
		if (which[i] == ETS_LEVEL)
			slopes->level[i] = 1;
		else if (which[i] == ETS_TREND)
			slopes->trend[i] = 1;
		else if (which[i] >= ETS_SEASON)
		{
			slopes->season[which[i] - ETS_SEASON][i] = 1;
			slopes->season[form->m - 1][i] = -1;
		}
	}
}

/* Add a period's error and its derivatives to the normal equations. */
static inline void
add_error(EtsNormal *normal, int n, double e, const double *de)
{
	normal->sse += e * e;
	for (int i = 0; i < n; i++)
	{
		double		di = de[i];

		normal->slope[i] += e * di;
		for (int j = 0; j <= i; j++)
			normal->gram[i][j] += di * de[j];
	}
}

/*
 * The normal equations of a model at its parameters: sums of products of the
 * errors' derivatives with each other and with the errors.
 */
bool
affinity_forecast_ets_slopes(const EtsData *data, const EtsModel *model,
							 const int *which, int n_which, EtsNormal *normal)
{
	const EtsForm *form = &model->form;
	bool		seasonal = form->season != SEASON_NONE;
	bool		times = form->season == SEASON_MULTIPLICATIVE;
	bool		relative = form->relative;
	int			m = seasonal ? form->m : 1;
	double		alpha = model->x[ETS_ALPHA];
	double		beta = form->trend ? model->x[ETS_BETA] : 0;
	double		gamma = seasonal ? model->x[ETS_GAMMA] : 0;
	double		phi = used_phi(model);
	double		level = model->x[ETS_LEVEL];
	double		trend = form->trend ? model->x[ETS_TREND] : 0;
	double		season[ETS_SEASON_MAX] = {0};
	double		by_alpha[ETS_PARAMS] = {0};
	double		by_beta[ETS_PARAMS] = {0};
	double		by_gamma[ETS_PARAMS] = {0};
	double		by_phi[ETS_PARAMS] = {0};
	Slopes		slopes;
	int			at = 0;

	start_slopes(form, which, n_which, &slopes);
	if (seasonal)
		memcpy(season, &model->x[ETS_SEASON], sizeof(double) * (size_t) m);
	for (int i = 0; i < n_which; i++)
	{
		by_alpha[i] = which[i] == ETS_ALPHA;
		by_beta[i] = which[i] == ETS_BETA;
		by_gamma[i] = which[i] == ETS_GAMMA;
		by_phi[i] = which[i] == ETS_PHI;
	}
	memset(normal, 0, sizeof(EtsNormal));
	for (int t = 0; t < data->n; t++)
	{
		double		y = data->y[t];
		bool		known = !isnan(y);
		double		q = level + phi * trend;
		double		s = season[at];
		double		mu = times ? q * s : q + s;
		double		d = known ? y - mu : 0;
		double		u = times ? d / s : d;	/* what the level learns */
		double		v = times ? d / q : d;	/* what the season learns */
		double	   *season_slope = slopes.season[at];
		double		de[ETS_PARAMS];
		double		us = known && times ? -y / (s * s) : 0;
		double		vq = known && times ? -y / (q * q) : 0;
		double		once = known ? 1 : 0;
		double		share = relative ? y / (mu * mu) : 1;

		if (times && !(s > SMALLEST && q > SMALLEST))
			return false;
		if (relative && known && !(mu > SMALLEST))
			return false;
		for (int i = 0; i < n_which; i++)
		{
			double		ds = season_slope[i];
			double		dq = slopes.level[i] + phi * slopes.trend[i] +
				by_phi[i] * trend;
			double		dmu = times ? dq * s + q * ds : dq + ds;
			double		du = times ? us * ds - once * dq : -once * dmu;
			double		dv = times ? vq * dq - once * ds : -once * dmu;

			slopes.level[i] = dq + alpha * du + by_alpha[i] * u;
			slopes.trend[i] = phi * slopes.trend[i] + by_phi[i] * trend +
				beta * du + by_beta[i] * u;
			season_slope[i] = ds + gamma * dv + by_gamma[i] * v;
			de[i] = -share * dmu;
			if (relative && known)
				normal->log_slope[i] += dmu / mu;
		}
		if (known)
			add_error(normal, n_which, relative ? d / mu : d, de);
		level = q + alpha * u;
		trend = phi * trend + beta * u;
		season[at] = s + gamma * v;
		if (++at == m)
			at = 0;
	}
	for (int i = 0; i < n_which; i++)
		for (int j = 0; j < i; j++)
			normal->gram[j][i] = normal->gram[i][j];
	return isfinite(normal->sse);
}

/*
 * Whether what happened long ago is forgotten: the polynomial of the model
 * has no root beyond the unit circle (Hyndman, Akram and Archibald: The
 * admissible parameter space for exponential smoothing models, 2008). Schur
 * and Cohn's recursion takes as many steps as there are coefficients and
 * finds no root. In the region of the usual bounds models without a season
 * always are.
 */
bool
affinity_forecast_ets_admissible(const EtsModel *model)
{
	double		alpha = model->x[ETS_ALPHA];
	double		beta = model->form.trend ? model->x[ETS_BETA] : 0;
	double		gamma = model->x[ETS_GAMMA];
	double		phi = model->form.damped ? model->x[ETS_PHI] : 1;
	double		p[ETS_SEASON_MAX + 2];
	int			m = model->form.m;
	int			degree;

	if (model->form.season == SEASON_NONE)
		return true;
	if (model->form.trend)
	{
		degree = m + 1;
		p[0] = phi * (1 - alpha - gamma);
		p[1] = alpha + beta - alpha * phi + gamma - 1;
		for (int i = 2; i < m; i++)
			p[i] = alpha + beta - alpha * phi;
		p[m] = alpha + beta - phi;
	}
	else
	{
		/* the same for beta 0 and phi 1, without the root that is 1 then */
		degree = m;
		p[0] = alpha + gamma - 1;
		for (int i = 1; i < m; i++)
			p[i] = alpha;
	}
	p[degree] = 1;
	for (; degree > 0; degree--)
	{
		double		k = p[0] / p[degree];
		double		next[ETS_SEASON_MAX + 2];

		if (!(fabs(k) < 1 - 1e-12))
			return false;
		for (int i = 0; i < degree; i++)
			next[i] = p[i + 1] - k * p[degree - 1 - i];
		memcpy(p, next, sizeof(double) * (size_t) degree);
	}
	return true;
}
