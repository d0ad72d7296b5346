/*
 * start.c
 *		Where a fit begins: the season by classical decomposition, level and
 *		trend by a line through what remains of the first periods.
 *
 * As R's forecast::ets begins, so that both find the same of several minima;
 * the smoothing parameters are the best of a few.
 */
#include "postgres.h"

#include <math.h>
#include <string.h>

#include "base/base.h"
#include "forecast/ets.h"
#include "forecast/theta.h"

/*
 * The season of a series without gaps, of at least two seasons: what remains
 * of it beside centered moving averages, averaged by the place in the season.
 * False where there is none, as for a season that multiplies nothing.
 */
bool
affinity_forecast_decompose(const double *y, int n, int m,
							bool multiplicative, double *figure)
{
	int			half = m / 2;
	double		mean = 0;
	double	   *sums = affinity_base_array((Size) n + 1, sizeof(double));

	if (n < 2 * m)
		return false;
	sums[0] = 0;
	for (int t = 0; t < n; t++)
		sums[t + 1] = sums[t] + y[t];
	for (int i = 0; i < m; i++)
	{
		double		sum = 0;
		int			count = 0;

		for (int t = i; t < n - half; t += m)
		{
			double		average;

			if (t < half)
				continue;
			average = sums[t + half + 1] - sums[t - half];
			if (m % 2 == 0)
				average -= (y[t - half] + y[t + half]) / 2;
			average /= m;
			if (multiplicative && !(average > 0))
				return false;
			sum += multiplicative ? y[t] / average : y[t] - average;
			count++;
		}
		if (count == 0)
			return false;
		figure[i] = sum / count;
		mean += figure[i] / m;
	}
	pfree(sums);
	if (multiplicative && !(mean > 0))
		return false;
	for (int i = 0; i < m; i++)
		figure[i] = multiplicative ? figure[i] / mean : figure[i] - mean;
	return true;
}

/* The line through n values by least squares, from t = 1 on. */
static void
fit_line(const double *y, int n, double *intercept, double *slope)
{
	double		middle = (n + 1) / 2.0;
	double		mean = 0;
	double		up = 0;
	double		down = 0;

	for (int t = 0; t < n; t++)
		mean += y[t] / n;
	for (int t = 0; t < n; t++)
	{
		up += (t + 1 - middle) * (y[t] - mean);
		down += (t + 1 - middle) * (t + 1 - middle);
	}
	*slope = down > 0 ? up / down : 0;
	*intercept = mean - *slope * middle;
}

/*
 * The season where there are less than three: the first values beside the
 * line through all.
 */
static void
short_season(const double *y, int n, int m, bool multiplicative,
			 double *figure)
{
	double		a;
	double		b;
	double		mean = 0;

	fit_line(y, n, &a, &b);
	for (int i = 0; i < m; i++)
	{
		double		line = a + b * (i + 1);

		figure[i] = !multiplicative ? y[i] - line : line > 0 ? y[i] / line : 1;
		mean += figure[i] / m;
	}
	for (int i = 0; i < m; i++)
		figure[i] = !multiplicative ? figure[i] - mean :
			mean > 0 ? figure[i] / mean : 1;
}

static void
start_season(const double *y, int n, EtsModel *model)
{
	bool		times = model->form.season == SEASON_MULTIPLICATIVE;
	int			m = model->form.m;
	double	   *figure = &model->x[ETS_SEASON];
	double		sum = 0;

	if (n < 3 * m || !affinity_forecast_decompose(y, n, m, times, figure))
		short_season(y, n, m, times, figure);
	if (!times)
		return;
	for (int i = 0; i < m; i++)
	{
		figure[i] = fmax(figure[i], 0.01);
		sum += figure[i];
	}
	for (int i = 0; i < m; i++)
		figure[i] *= m / sum;
}

/* Smoothing parameters from which a series is fitted with the least errors. */
static bool
start_smoothing(const EtsData *data, EtsModel *model, double share,
				EtsSpeed speed)
{
	static const double alphas[] = {0.02, 0.1, 0.3, 0.6, 0.9};
	int			from = speed == SPEED_FAST ? 3 : 0;
	int			to = speed == SPEED_SLOW ? 3 : (int) lengthof(alphas);
	double		best = HUGE_VAL;
	double		best_alpha = 0;

	model->x[ETS_PHI] = 0.978;
	for (int i = from; i <= to; i++)
	{
		double		alpha = i < to ? alphas[i] : best_alpha;

		if (alpha == 0)
			return false;
		model->x[ETS_ALPHA] = alpha;
		model->x[ETS_BETA] = share * alpha;
		model->x[ETS_GAMMA] = share * (1 - alpha);
		if (affinity_forecast_ets_run(data, model, NULL) && model->lik < best)
		{
			best = model->lik;
			best_alpha = alpha;
		}
	}
	return true;
}

/*
 * Where a fit begins, with beta and gamma a share of what they can be and
 * alpha small, large or either; false where the model is none for the series.
 */
bool
affinity_forecast_ets_start(const EtsData *data, double share, EtsSpeed speed,
							EtsModel *model)
{
	const EtsForm *form = &model->form;
	int			m = form->season == SEASON_NONE ? 1 : form->m;
	int			n = data->n;
	int			first = Min(Max(10, 2 * m), n);
	double	   *y = affinity_base_array((Size) n, sizeof(double));
	double		mean = 0;
	bool		found;

	affinity_forecast_fill_gaps(data->y, n, y);
	if (form->season != SEASON_NONE)
		start_season(y, n, model);
	for (int t = 0; t < first && form->season != SEASON_NONE; t++)
	{
		double		s = model->x[ETS_SEASON + t % m];

		y[t] = form->season == SEASON_MULTIPLICATIVE ? y[t] / s : y[t] - s;
	}
	for (int t = 0; t < first; t++)
		mean += y[t] / first;
	model->x[ETS_LEVEL] = mean;
	if (form->trend)
		fit_line(y, first, &model->x[ETS_LEVEL], &model->x[ETS_TREND]);
	pfree(y);
	found = start_smoothing(data, model, share, speed);
	if (!found && form->season == SEASON_ADDITIVE)
	{
		/* what is below 0 is no share: begin with less of a season */
		for (int i = 0; i < m; i++)
			model->x[ETS_SEASON + i] *= 0.1;
		found = start_smoothing(data, model, share, speed);
	}
	if (!found && form->trend)
	{
		model->x[ETS_LEVEL] = mean;
		model->x[ETS_TREND] = 0;
		found = start_smoothing(data, model, share, speed);
	}
	return found;
}
