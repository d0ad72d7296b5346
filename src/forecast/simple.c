/*
 * simple.c
 *		Methods without a fit: the last value, the last season, the mean; and
 *		Croston's for demand that is mostly 0.
 *
 * J. Croston: Forecasting and stock control for intermittent demands (1972);
 * SBA: A. Syntetos, J. Boylan: The accuracy of intermittent demand estimates
 * (2005); TSB: R. Teunter, A. Syntetos, M. Babai: Intermittent demand:
 * linking forecasting to inventory obsolescence (2011). All smooth with 0.1.
 */
#include "postgres.h"

#include <math.h>

#include "base/base.h"
#include "forecast/predict.h"

#define SMOOTHING 0.1

/* What was expected at each period, and what is after the last. */
static void
expect_last(const EtsData *data, int m, Prediction *p)
{
	double	   *last = affinity_base_array((Size) m, sizeof(double));

	for (int i = 0; i < m; i++)
		last[i] = NAN;
	for (int t = 0; t < data->n; t++)
	{
		p->expected[t] = last[t % m];
		if (!isnan(data->y[t]))
			last[t % m] = data->y[t];
	}
	p->last_season = last;
}

static void
expect_mean(const EtsData *data, Prediction *p)
{
	p->level = 0;
	for (int t = 0; t < data->n; t++)
	{
		if (isnan(data->y[t]))
			continue;
		if (p->constant)
			p->level = data->y[t];	/* nothing to round */
		else
			p->level += data->y[t];
	}
	if (!p->constant)
		p->level /= data->n_known;
	for (int t = 0; t < data->n; t++)
		p->expected[t] = p->level;
}

/*
 * Sizes of demand and the time between them, smoothed where there is demand;
 * TSB has the chance of one instead, smoothed at each period. They begin as
 * R's forecast::croston: with the first demand.
 */
static void
expect_demand(const EtsData *data, ForecastMethod method, Prediction *p)
{
	double		size = NAN;
	double		gap = 0;
	double		chance = 0;
	double		mean_gap = NAN;
	double		factor = method == METHOD_SBA ? 1 - SMOOTHING / 2 : 1;

	p->level = NAN;
	for (int t = 0; t < data->n; t++)
	{
		double		y = data->y[t];

		p->expected[t] = p->level;
		if (isnan(y))
			continue;
		gap++;
		if (y != 0 && isnan(size))
		{
			size = y;
			mean_gap = gap;
			chance = 1 / gap;
			gap = 0;
		}
		else if (y != 0)
		{
			size += SMOOTHING * (y - size);
			mean_gap += SMOOTHING * (gap - mean_gap);
			chance += SMOOTHING * (1 - chance);
			gap = 0;
		}
		else
			chance -= SMOOTHING * chance;
		if (!isnan(size))
			p->level = method == METHOD_TSB ? chance * size
				: factor * size / mean_gap;
	}
	if (isnan(p->level))
		p->level = 0;
}

/* Fit one of the methods; p->expected is there. */
void
affinity_forecast_simple(const EtsData *data, ForecastMethod method, int m,
						 Prediction *p)
{
	double		sse = 0;
	int			n = 0;

	p->method = method;
	p->m = method == METHOD_SEASONAL_NAIVE ? m : 1;
	p->aicc = NAN;
	if (method == METHOD_NAIVE || method == METHOD_SEASONAL_NAIVE)
		expect_last(data, p->m, p);
	else if (method == METHOD_MEAN)
		expect_mean(data, p);
	else
		expect_demand(data, method, p);
	for (int t = 0; t < data->n; t++)
	{
		double		d = data->y[t] - p->expected[t];

		if (isnan(d))
			continue;
		sse += d * d;
		n++;
	}
	if (method == METHOD_MEAN)
		n--;
	p->variance = n > 0 ? sse / n : p->constant && data->n_known > 1 ? 0 : NAN;
}

void
affinity_forecast_simple_ahead(const EtsData *data, const Prediction *p,
							   int horizon, double *mean, double *variance)
{
	for (int h = 0; h < horizon; h++)
	{
		double		steps = 1;

		if (p->last_season != NULL)
		{
			mean[h] = p->last_season[(data->n + h) % p->m];
			steps = h / p->m + 1;
		}
		else
			mean[h] = p->level;
		if (p->method == METHOD_MEAN)
			steps = 1 + 1.0 / data->n_known;
		variance[h] = steps * p->variance;
	}
}
