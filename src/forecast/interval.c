/*
 * interval.c
 *		Means and variances of the future of a model.
 *
 * All models have them in closed form, as sums over the periods up to the
 * one: with additive errors (class 1 of Hyndman et al. 2008, chapter 6),
 * with relative errors where the season does not multiply (class 2), and,
 * where it does (class 3), from the first two moments of level and trend.
 */
#include "postgres.h"

#include <math.h>
#include <string.h>

#include "base/base.h"
#include "forecast/ets.h"
#include "miscadmin.h"

/* How the expectation `ahead` periods later changes with an error. */
static double
response(const EtsModel *model, int ahead, double damped_sum)
{
	const EtsForm *form = &model->form;
	double		c = model->x[ETS_ALPHA];

	if (form->trend)
		c += model->x[ETS_BETA] * damped_sum;
	if (form->season != SEASON_NONE && ahead % form->m == 0)
		c += model->x[ETS_GAMMA];
	return c;
}

/* Classes 1 and 2. */
static void
linear_ahead(const EtsModel *model, int horizon, double *mean,
			 double *variance)
{
	const EtsForm *form = &model->form;
	double		phi = form->damped ? model->x[ETS_PHI] : 1;
	double		power = 1;
	double		damped_sum = 0;
	double		sum = 0;
	double	   *square = affinity_base_array((Size) horizon, sizeof(double));
	double	   *theta = affinity_base_array((Size) horizon, sizeof(double));

	for (int h = 0; h < horizon; h++)
	{
		double		c;

		CHECK_FOR_INTERRUPTS();
		power *= phi;
		damped_sum += power;
		mean[h] = model->last[0];
		if (form->trend)
			mean[h] += damped_sum * model->last[1];
		if (form->season != SEASON_NONE)
			mean[h] += model->last[2 + h % form->m];
		if (!form->relative)
			variance[h] = model->variance * (1 + sum);
		else
		{
			theta[h] = mean[h] * mean[h];
			for (int j = 1; j <= h; j++)
				theta[h] += model->variance * square[j - 1] * theta[h - j];
			variance[h] = (1 + model->variance) * theta[h] - mean[h] * mean[h];
		}
		c = response(model, h + 1, damped_sum);
		square[h] = c * c;
		sum += c * c;
	}
	pfree(square);
	pfree(theta);
}

/* A symmetric matrix of two variables, and a * b * c' for such. */
typedef double Matrix2[2][2];

static void
sandwich(const Matrix2 a, const Matrix2 b, const Matrix2 c, double factor,
		 Matrix2 to)
{
	for (int i = 0; i < 2; i++)
		for (int j = 0; j < 2; j++)
			for (int k = 0; k < 2; k++)
				for (int l = 0; l < 2; l++)
					to[i][j] += factor * a[i][k] * b[k][l] * c[j][l];
}

/*
 * Class 3. Level and trend z move as z' = (A + G e) z and each state of the
 * season as s' = s (1 + gamma e), with errors e that are independent and
 * normal. What is expected is the product of a state of the season and of
 * w'z; both have seen the errors of the same place in earlier seasons, so
 * each place carries its own moments along.
 */
static void
multiplied_ahead(const EtsModel *model, int horizon, double *mean,
				 double *variance)
{
	double		phi = !model->form.trend ? 0 :
		model->form.damped ? model->x[ETS_PHI] : 1;
	double		alpha = model->x[ETS_ALPHA];
	double		beta = model->form.trend ? model->x[ETS_BETA] : 0;
	double		gamma = model->x[ETS_GAMMA];
	double		v = model->variance;
	int			m = model->form.m;
	const Matrix2 a = {{1, phi}, {0, phi}};
	const Matrix2 g = {{alpha, alpha * phi}, {beta, beta * phi}};

	for (int place = 0; place < m && place < horizon; place++)
	{
		double		z[2] = {model->last[0],
		model->form.trend ? model->last[1] : 0};
		double		s = model->last[2 + place];
		Matrix2		p = {{z[0] * z[0], z[0] * z[1]},
		{z[1] * z[0], z[1] * z[1]}};

		CHECK_FOR_INTERRUPTS();
		for (int h = 0; h < horizon; h++)
		{
			bool		here = h % m == place;
			double		q = z[0] + phi * z[1];
			double		learned = here ? gamma * v : 0;
			Matrix2		next = {{0, 0}, {0, 0}};

			if (here)
			{
				double		square = p[0][0] + 2 * phi * p[0][1] +
					phi * phi * p[1][1];

				mean[h] = s * q;
				variance[h] = s * s * (square * (1 + v) - q * q);
			}
			sandwich(a, p, a, here ? 1 + gamma * gamma * v : 1, next);
			sandwich(g, p, g, here ? v + 3 * gamma * gamma * v * v : v, next);
			if (here)
			{
				sandwich(g, p, a, 2 * gamma * v, next);
				sandwich(a, p, g, 2 * gamma * v, next);
			}
			memcpy(p, next, sizeof(p));
			z[0] = q * (1 + learned * alpha);
			z[1] = phi * z[1] + learned * beta * q;
		}
	}
}

/* The future of a model, from the period after the series on. */
void
affinity_forecast_ets_ahead(const EtsModel *model, int horizon, double *mean,
							double *variance)
{
	if (model->form.season == SEASON_MULTIPLICATIVE)
		multiplied_ahead(model, horizon, mean, variance);
	else
		linear_ahead(model, horizon, mean, variance);
}
