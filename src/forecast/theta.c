/*
 * theta.c
 *		The Theta method (V. Assimakopoulos, K. Nikolopoulos, 2000): simple
 *		exponential smoothing with a drift of half the slope of the line
 *		through the series (R. Hyndman, B. Billah, "Unmasking the Theta
 *		method", 2003), after the season is taken out where there is one.
 *
 * As R's forecast::thetaf has it. Where values are not all above 0 the season
 * is subtracted, as it cannot be divided out.
 */
#include "postgres.h"

#include <math.h>
#include <string.h>

#include "base/base.h"
#include "forecast/theta.h"
#include "miscadmin.h"

#define SEASONAL_Z 1.6448536269514722	/* the normal distribution's 95 % */
#define SMALL_FIGURE 1e-4

/* Gaps by the line between their neighbors, or as the nearest one. */
void
affinity_forecast_fill_gaps(const double *y, int n, double *filled)
{
	int			before = -1;

	for (int t = 0; t < n; t++)
	{
		if (isnan(y[t]))
			continue;
		for (int i = before + 1; i < t; i++)
			filled[i] = before < 0 ? y[t] : y[before] + (y[t] - y[before]) *
				(i - before) / (t - before);
		filled[t] = y[t];
		before = t;
	}
	for (int i = before + 1; i < n; i++)
		filled[i] = before < 0 ? 0 : y[before];
}

/*
 * Is a season of m periods there: the autocorrelation at it is beyond what
 * chance and the shorter ones explain (Bartlett's formula) at 10 %.
 */
bool
affinity_forecast_is_seasonal(const double *y, int n, int m)
{
	double		mean = 0;
	double		total = 0;
	double		before = 0;
	double		r = 0;

	if (m < 2 || n <= 2 * m)
		return false;
	for (int t = 0; t < n; t++)
		mean += y[t] / n;
	for (int t = 0; t < n; t++)
		total += (y[t] - mean) * (y[t] - mean);
	if (!(total > 0))
		return false;
	for (int k = 1; k <= m; k++)
	{
		CHECK_FOR_INTERRUPTS();
		r = 0;
		for (int t = 0; t + k < n; t++)
			r += (y[t] - mean) * (y[t + k] - mean);
		r /= total;
		if (k < m)
			before += r * r;
	}
	return fabs(r) / sqrt((1 + 2 * before) / n) > SEASONAL_Z;
}

/*
 * Take the season out of a series, if it has one; gaps are filled. The
 * adjusted series goes to `to`; false: it is as it was.
 */
bool
affinity_forecast_adjust(const EtsData *data, int m, double *to,
						 Adjustment *adjustment)
{
	int			n = data->n;
	double	   *figure;
	bool		found;

	adjustment->m = 1;
	adjustment->figure = NULL;
	adjustment->multiplicative = data->positive;
	affinity_forecast_fill_gaps(data->y, n, to);
	if (!affinity_forecast_is_seasonal(to, n, m))
		return false;
	figure = affinity_base_array((Size) m, sizeof(double));
	found = affinity_forecast_decompose(to, n, m, data->positive, figure);
	for (int i = 0; found && data->positive && i < m; i++)
		found = figure[i] >= SMALL_FIGURE;
	if (!found)
	{
		pfree(figure);
		return false;
	}
	adjustment->m = m;
	adjustment->figure = figure;
	for (int t = 0; t < n; t++)
		to[t] = data->positive ? to[t] / figure[t % m] :
			to[t] - figure[t % m];
	return true;
}

/* What a drift has come to after n periods of smoothing, as a sum. */
static double
smoothed_drift(double alpha, int n)
{
	return (1 - pow(1 - alpha, n)) / alpha;
}

/*
 * Fit the method to a series and what adjusting made of it, and say what was
 * expected at each period, in the unit of the series.
 */
bool
affinity_forecast_theta_fit(const EtsData *data,
							const Adjustment *adjustment,
							const double *adjusted, Theta *theta,
							double *expected)
{
	EtsData		of = {adjusted, data->n, data->n, false};
	int			n = data->n;
	double		middle = (n - 1) / 2.0;
	double		up = 0;
	double		down = 0;
	double		sse = 0;
	int			k = 4 + (adjustment->figure != NULL ? adjustment->m - 1 : 0);
	int			rest = data->n_known - k - 1;

	memset(theta, 0, sizeof(Theta));
	theta->n = n;
	theta->ses.form.m = 1;
	if (!affinity_forecast_ets_start(&of, 0.1, SPEED_ANY, &theta->ses) ||
		!affinity_forecast_ets_fit(&of, &theta->ses, 1e-12) ||
		!affinity_forecast_ets_run(&of, &theta->ses, expected))
		return false;
	for (int t = 0; t < n; t++)
	{
		up += (t - middle) * adjusted[t];
		down += (t - middle) * (t - middle);
	}
	theta->drift = down > 0 ? up / down / 2 : 0;
	for (int t = 0; t < n; t++)
	{
		double		d;

		expected[t] += theta->drift *
			smoothed_drift(theta->ses.x[ETS_ALPHA], t);
		expected[t] = affinity_forecast_season(adjustment, expected[t], t);
		d = isnan(data->y[t]) ? 0 : data->y[t] - expected[t];
		sse += d * d;
	}
	theta->lik = data->n_known * log(fmax(sse, 1e-26 * data->n_known));
	theta->aicc = rest > 0 ? theta->lik + 2.0 * k + 2.0 * k * (k + 1) / rest :
		HUGE_VAL;
	return true;
}

/*
 * The future by a fit. A season that was divided out multiplies errors too;
 * there R's thetaf has bounds of one width.
 */
void
affinity_forecast_theta_ahead(const Theta *theta,
							  const Adjustment *adjustment, int horizon,
							  double *mean, double *variance)
{
	double		alpha = theta->ses.x[ETS_ALPHA];

	for (int h = 0; h < horizon; h++)
	{
		double		s = adjustment->figure != NULL &&
			adjustment->multiplicative ?
			adjustment->figure[(theta->n + h) % adjustment->m] : 1;

		mean[h] = theta->ses.last[0] + theta->drift *
			(h + smoothed_drift(alpha, theta->n));
		mean[h] = affinity_forecast_season(adjustment, mean[h], theta->n + h);
		variance[h] = theta->ses.variance * (1 + h * alpha * alpha) * s * s;
	}
}
