/*
 * ets.c
 *		One pass of a state-space model over a series; which parameters it
 *		has, and what they may be.
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

/*
 * The pass of affinity_forecast_ets_run for forms of one kind: what they do
 * not have is not there in the loop.
 */
static pg_attribute_always_inline bool
run_kind(const EtsData *data, EtsModel *model, double *expected,
		 bool has_trend, EtsSeason kind, bool relative)
{
	const EtsForm *form = &model->form;
	bool		seasonal = kind != SEASON_NONE;
	bool		times = kind == SEASON_MULTIPLICATIVE;
	int			m = seasonal ? form->m : 1;
	double		alpha = model->x[ETS_ALPHA];
	double		beta = has_trend ? model->x[ETS_BETA] : 0;
	double		gamma = seasonal ? model->x[ETS_GAMMA] : 0;
	double		phi = affinity_forecast_phi(model);
	double		level = model->x[ETS_LEVEL];
	double		trend = has_trend ? model->x[ETS_TREND] : 0;
	double		season[ETS_SEASON_MAX];
	double		sse = 0;
	double		product = 1;
	double		log_mean = 0;
	int			at = 0;

	if (seasonal)
		memcpy(season, &model->x[ETS_SEASON], sizeof(double) * (size_t) m);
	for (int t = 0; t < data->n; t++)
	{
		double		y = data->y[t];
		double		q = has_trend ? level + phi * trend : level;
		double		s = seasonal ? season[at] : 0;
		double		mu = times ? q * s : q + s;
		double		d = isnan(y) ? 0 : y - mu;
		double		e = d;

		if (expected != NULL)
			expected[t] = mu;
		if (times && !(s > ETS_SMALLEST && q > ETS_SMALLEST))
			return false;
		if (relative && !isnan(y))
		{
			if (!(mu > ETS_SMALLEST))
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
		if (has_trend)
			trend = phi * trend + beta * (times ? d / s : d);
		if (seasonal)
		{
			season[at] = s + gamma * (times ? d / q : d);
			if (++at == m)
				at = 0;
		}
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

/*
 * Run a model over a series: its sum of squares, likelihood and last states,
 * and, unless NULL, what was expected at each period. False where relative
 * errors would be shares of nothing.
 */
bool
affinity_forecast_ets_run(const EtsData *data, EtsModel *model,
						  double *expected)
{
	bool		relative = model->form.relative;
	bool		trend = model->form.trend;

	close_season(model);
	if (model->form.season == SEASON_MULTIPLICATIVE)
		return run_kind(data, model, expected, trend, SEASON_MULTIPLICATIVE,
						relative);
	if (model->form.season == SEASON_ADDITIVE)
		return run_kind(data, model, expected, trend, SEASON_ADDITIVE,
						relative);
	if (trend)
		return relative ?
			run_kind(data, model, expected, true, SEASON_NONE, true) :
			run_kind(data, model, expected, true, SEASON_NONE, false);
	return relative ?
		run_kind(data, model, expected, false, SEASON_NONE, true) :
		run_kind(data, model, expected, false, SEASON_NONE, false);
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
