/*
 * predict.c
 *		The method that predicts a series: what was asked for, or, where the
 *		series is too short for it or not of its kind, a simpler one.
 */
#include "postgres.h"

#include <math.h>

#include "base/base.h"
#include "forecast/predict.h"

#define NO_ERROR 1e-20			/* mean square of errors that are rounding */

static const struct
{
	const char *name;
	ForecastMethod method;
}			simple_names[] =

{
	{"theta", METHOD_THETA},
	{"naive", METHOD_NAIVE},
	{"seasonal_naive", METHOD_SEASONAL_NAIVE},
	{"mean", METHOD_MEAN},
	{"croston", METHOD_CROSTON},
	{"sba", METHOD_SBA},
	{"tsb", METHOD_TSB}
};

static void
use_simple(const EtsData *data, ForecastMethod method, int m, Prediction *p)
{
	affinity_forecast_simple(data, method, m, p);
	for (int i = 0; i < (int) lengthof(simple_names); i++)
		if (simple_names[i].method == method)
			strlcpy(p->name, simple_names[i].name, sizeof(p->name));
	p->sigma = sqrt(p->variance);
}

/*
 * The best of the forms that were asked for, or of all where those do not
 * fit. A season that is too long for states is taken out before.
 */
static bool
use_ets(const EtsData *data, const ForecastWish *wish, int m, Prediction *p)
{
	EtsData		adjusted = *data;
	uint32		forms = wish->method == METHOD_ETS ? wish->forms
		: ETS_ALL_FORMS;
	double	   *y;

	if (m > ETS_SEASON_MAX)
	{
		y = affinity_base_array((Size) data->n, sizeof(double));
		affinity_forecast_adjust(data, m, y, &p->adjustment);
		for (int t = 0; t < data->n; t++)
		{
			if (isnan(data->y[t]))
				y[t] = NAN;
			else if (!(y[t] > 0))
				adjusted.positive = false;
		}
		adjusted.y = y;
		m = 1;
	}
	if (!affinity_forecast_ets_choose(&adjusted, m, forms, &p->ets))
	{
		if (forms == ETS_ALL_FORMS ||
			!affinity_forecast_ets_choose(&adjusted, m, ETS_ALL_FORMS,
										  &p->ets))
			return false;
		p->degraded |= DEGRADED_FORM;
	}
	if (!affinity_forecast_ets_run(&adjusted, &p->ets, p->expected))
		return false;
	for (int t = 0; t < data->n; t++)
		p->expected[t] = affinity_forecast_season(&p->adjustment,
												  p->expected[t], t);
	p->method = METHOD_ETS;
	p->m = p->adjustment.figure != NULL ? p->adjustment.m : p->ets.form.m;
	p->relative = p->ets.form.relative;
	p->aicc = p->ets.aicc;
	p->sigma = sqrt(p->ets.variance);
	strlcpy(p->name, affinity_forecast_form_name(&p->ets.form),
			sizeof(p->name));
	return true;
}

static bool
use_theta(const EtsData *data, int m, Prediction *p)
{
	double	   *y = affinity_base_array((Size) data->n, sizeof(double));

	affinity_forecast_adjust(data, m, y, &p->theta_adjustment);
	if (!affinity_forecast_theta_fit(data, &p->theta_adjustment, y, &p->theta,
									 p->expected))
		return false;
	pfree(y);
	p->method = METHOD_THETA;
	p->m = p->theta_adjustment.m;
	p->aicc = p->theta.aicc;
	p->sigma = sqrt(p->theta.ses.variance);
	strlcpy(p->name, "theta", sizeof(p->name));
	return true;
}

/*
 * The mean of the best state-space model and Theta; the former alone where it
 * leaves no errors, as of a line.
 */
static bool
use_both(const EtsData *data, const ForecastWish *wish, int m, Prediction *p)
{
	Prediction	ets = *p;
	double		sse = 0;

	ets.expected = affinity_base_array((Size) data->n, sizeof(double));
	if (!use_ets(data, wish, m, &ets))
		return false;
	if (ets.ets.sse < NO_ERROR * data->n_known)
	{
		*p = ets;
		return true;
	}
	if (!use_theta(data, m, p))
		return false;
	for (int t = 0; t < data->n; t++)
	{
		p->expected[t] = (p->expected[t] + ets.expected[t]) / 2;
		if (!isnan(data->y[t]))
			sse += (data->y[t] - p->expected[t]) *
				(data->y[t] - p->expected[t]);
	}
	p->method = METHOD_AUTO;
	p->ets = ets.ets;
	p->adjustment = ets.adjustment;
	p->m = Max(p->m, ets.m);
	p->aicc = ets.aicc;
	p->sigma = sqrt(sse / (data->n_known - ets.ets.n_params));
	p->degraded |= ets.degraded;
	snprintf(p->name, sizeof(p->name), "%s+theta", ets.name);
	pfree(ets.expected);
	return true;
}

/* The error of one step, in that of a naive one: MASE (Hyndman, Koehler 2006). */
static double
scaled_error(const EtsData *data, int m, const double *expected)
{
	double		error = 0;
	double		naive = 0;
	int			n = 0;
	int			n_naive = 0;

	for (int t = 0; t < data->n; t++)
	{
		double		d = fabs(data->y[t] - expected[t]);

		if (!isnan(d))
		{
			error += d;
			n++;
		}
		if (t < m || isnan(data->y[t]) || isnan(data->y[t - m]))
			continue;
		naive += fabs(data->y[t] - data->y[t - m]);
		n_naive++;
	}
	return n > 0 && naive > 0 ? error / n / (naive / n_naive) : NAN;
}

/* Which places of the season have no value at all. */
static bool *
find_unseen(const EtsData *data, int m)
{
	bool	   *unseen = affinity_base_array((Size) m, sizeof(bool));

	for (int i = 0; i < m; i++)
		unseen[i] = true;
	for (int t = 0; t < data->n; t++)
		if (!isnan(data->y[t]))
			unseen[t % m] = false;
	return unseen;
}

static bool
is_constant(const EtsData *data)
{
	double		first = NAN;

	for (int t = 0; t < data->n; t++)
	{
		if (isnan(data->y[t]))
			continue;
		if (isnan(first))
			first = data->y[t];
		else if (data->y[t] != first)
			return false;
	}
	return true;
}

/* Predict a series of at least one value; false where it has none. */
bool
affinity_forecast_predict(const EtsData *data, const ForecastWish *wish,
						  Prediction *p)
{
	int			m = wish->m;
	bool		done = false;

	memset(p, 0, sizeof(Prediction));
	if (data->n_known == 0)
		return false;
	p->expected = affinity_base_array((Size) data->n, sizeof(double));
	p->adjustment.m = p->theta_adjustment.m = 1;
	if (m > 1 && data->n < 2 * m)
	{
		p->degraded |= DEGRADED_SEASON;
		m = 1;
	}
	p->constant = is_constant(data);
	if (wish->method >= METHOD_NAIVE)
	{
		use_simple(data, wish->method, m, p);
		done = true;
	}
	else if (!p->constant)
	{
		if (wish->method == METHOD_AUTO)
			done = use_both(data, wish, m, p);
		else if (wish->method == METHOD_THETA && data->n_known > 3)
			done = use_theta(data, m, p);
		else if (wish->method == METHOD_ETS)
			done = use_ets(data, wish, m, p);
		if (!done)
			p->degraded |= DEGRADED_SHORT;
	}
	if (!done)
		use_simple(data, METHOD_MEAN, 1, p);
	p->mase = scaled_error(data, m, p->expected);
	p->unseen = find_unseen(data, p->m);
	return true;
}

static void
ets_ahead(const EtsData *data, const Prediction *p, int horizon, double *mean,
		  double *variance)
{
	const Adjustment *adjustment = &p->adjustment;

	affinity_forecast_ets_ahead(&p->ets, horizon, mean, variance);
	for (int h = 0; h < horizon && adjustment->figure != NULL; h++)
	{
		double		s = adjustment->figure[(data->n + h) % adjustment->m];

		mean[h] = affinity_forecast_season(adjustment, mean[h], data->n + h);
		if (adjustment->multiplicative)
			variance[h] *= s * s;
	}
}

/*
 * The future by a prediction. Errors of both methods go together, so that the
 * bounds of their mean are as wide as theirs are on average.
 */
void
affinity_forecast_ahead(const EtsData *data, const Prediction *p, int horizon,
						double *mean, double *variance)
{
	if (p->method >= METHOD_NAIVE)
		affinity_forecast_simple_ahead(data, p, horizon, mean, variance);
	else if (p->method == METHOD_THETA)
		affinity_forecast_theta_ahead(&p->theta, &p->theta_adjustment, horizon,
									  mean, variance);
	else
		ets_ahead(data, p, horizon, mean, variance);
	if (p->method == METHOD_AUTO)
	{
		double	   *m2 = affinity_base_array((Size) horizon, sizeof(double));
		double	   *v2 = affinity_base_array((Size) horizon, sizeof(double));

		affinity_forecast_theta_ahead(&p->theta, &p->theta_adjustment, horizon,
									  m2, v2);
		for (int h = 0; h < horizon; h++)
		{
			double		sd = (sqrt(variance[h]) + sqrt(v2[h])) / 2;

			mean[h] = (mean[h] + m2[h]) / 2;
			variance[h] = sd * sd;
		}
		pfree(m2);
		pfree(v2);
	}
	for (int h = 0; h < horizon; h++)
		if (p->unseen[(data->n + h) % p->m])
			mean[h] = NAN;
}
