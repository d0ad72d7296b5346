/*
 * slopes.c
 *		How the errors of a state-space model change with each parameter and
 *		initial state: one pass over a series gives the normal equations.
 *
 * Most of the time of a fit is here. So the pass is compiled for each kind of
 * form, with what the kind does not have left out and, where there is no
 * season, with the number of parameters known; and for several levels of
 * processors, which all give the same bits.
 */
#ifdef __clang__
#pragma STDC FP_CONTRACT OFF
#else
#pragma GCC optimize("O3,fp-contract=off")
#endif

#include "postgres.h"

#include <math.h>
#include <string.h>

#include "forecast/ets.h"
#include "kernel/multiversion.h"

/* Parameters that are not among those of a kind. */
#define NOT_THERE (-1)

/* How states change with each parameter: the derivatives. */
typedef struct Slopes
{
	double		level[ETS_PARAMS];
	double		trend[ETS_PARAMS];
	double		season[ETS_SEASON_MAX][ETS_PARAMS];
} Slopes;

/* A kind of forms: constants wherever the pass is compiled. */
typedef struct Kind
{
	bool		relative;
	EtsSeason	season;
	int			n;				/* parameters, alpha being the first */
	int			beta;			/* which one, or NOT_THERE */
	int			gamma;
	int			phi;
} Kind;

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
static pg_attribute_always_inline void
add_error(EtsNormal *normal, Kind kind, double d, double mu, const double *de,
		  const double *dmus)
{
	double		e = kind.relative ? d / mu : d;

	normal->sse += e * e;
	for (int i = 0; i < kind.n; i++)
	{
		double		di = de[i];

		normal->slope[i] += e * di;
		if (kind.relative)
			normal->log_slope[i] += dmus[i] / mu;
		for (int j = 0; j <= i; j++)
			normal->gram[i][j] += di * de[j];
	}
}

/* The half of the products above the diagonal, from that below. */
static pg_attribute_always_inline void
mirror_gram(EtsNormal *normal, int n)
{
	for (int i = 0; i < n; i++)
		for (int j = 0; j < i; j++)
			normal->gram[j][i] = normal->gram[i][j];
}

/* The pass for one kind of forms. */
static pg_attribute_always_inline bool
pass(const EtsData *data, const EtsModel *model, const int *which, Kind kind,
	 EtsNormal *normal)
{
	bool		seasonal = kind.season != SEASON_NONE;
	bool		times = kind.season == SEASON_MULTIPLICATIVE;
	bool		has_trend = kind.beta != NOT_THERE;
	int			n = kind.n;
	int			m = seasonal ? model->form.m : 1;
	double		alpha = model->x[ETS_ALPHA];
	double		beta = has_trend ? model->x[ETS_BETA] : 0;
	double		gamma = seasonal ? model->x[ETS_GAMMA] : 0;
	double		phi = affinity_forecast_phi(model);
	double		level = model->x[ETS_LEVEL];
	double		trend = has_trend ? model->x[ETS_TREND] : 0;
	double		season[ETS_SEASON_MAX];
	Slopes		slopes;
	int			at = 0;

	start_slopes(&model->form, which, n, &slopes);
	if (seasonal)
		memcpy(season, &model->x[ETS_SEASON], sizeof(double) * (size_t) m);
	memset(normal, 0, sizeof(EtsNormal));
	for (int t = 0; t < data->n; t++)
	{
		double		y = data->y[t];
		bool		known = !isnan(y);
		double		q = has_trend ? level + phi * trend : level;
		double		s = seasonal ? season[at] : 0;
		double		mu = times ? q * s : q + s;
		double		d = known ? y - mu : 0;
		double		u = times ? d / s : d;	/* what the level learns */
		double		v = times ? d / q : d;	/* what the season learns */
		double	   *season_slope = slopes.season[seasonal ? at : 0];
		double		de[ETS_PARAMS];
		double		dmus[ETS_PARAMS];
		double		us = known && times ? -y / (s * s) : 0;
		double		vq = known && times ? -y / (q * q) : 0;
		double		once = known ? 1 : 0;
		double		share = kind.relative ? y / (mu * mu) : 1;

		if ((times && !(s > ETS_SMALLEST && q > ETS_SMALLEST)) ||
			(kind.relative && known && !(mu > ETS_SMALLEST)))
			return false;
		for (int i = 0; i < n; i++)
		{
			double		ds = seasonal ? season_slope[i] : 0;
			double		dq = slopes.level[i];
			double		dmu;
			double		du;

			if (has_trend)
			{
				dq += phi * slopes.trend[i];
				if (i == kind.phi)
					dq += trend;
			}
			dmu = !seasonal ? dq : times ? dq * s + q * ds : dq + ds;
			du = times ? us * ds - once * dq : -once * dmu;
			slopes.level[i] = dq + alpha * du;
			if (has_trend)
				slopes.trend[i] = phi * slopes.trend[i] +
					(i == kind.phi ? trend : 0) + beta * du;
			if (seasonal)
				season_slope[i] = ds + gamma *
					(times ? vq * dq - once * ds : -once * dmu);
			dmus[i] = dmu;
			de[i] = -share * dmu;
		}
		slopes.level[0] += u;
		if (has_trend)
			slopes.trend[kind.beta] += u;
		if (seasonal)
			season_slope[kind.gamma] += v;
		if (known)
			add_error(normal, kind, d, mu, de, dmus);
		level = q + alpha * u;
		if (has_trend)
			trend = phi * trend + beta * u;
		if (seasonal)
		{
			season[at] = s + gamma * v;
			at = at + 1 == m ? 0 : at + 1;
		}
	}
	mirror_gram(normal, n);
	return isfinite(normal->sse);
}

/* Without a season: 2, 4 or, with a damped trend, 5 parameters. */
#define PLAIN(relative, n, beta, phi) \
	pass(data, model, which, \
		 (Kind) {relative, SEASON_NONE, n, beta, NOT_THERE, phi}, normal)

AFFINITY_MULTIVERSION static bool
pass_plain(const EtsData *data, const EtsModel *model, const int *which,
		   int n, EtsNormal *normal)
{
	if (model->form.relative)
		return n == 2 ? PLAIN(true, 2, NOT_THERE, NOT_THERE) :
			n == 4 ? PLAIN(true, 4, 1, NOT_THERE) : PLAIN(true, 5, 1, 2);
	return n == 2 ? PLAIN(false, 2, NOT_THERE, NOT_THERE) :
		n == 4 ? PLAIN(false, 4, 1, NOT_THERE) : PLAIN(false, 5, 1, 2);
}

#define SEASONAL(relative, season) \
	pass(data, model, which, \
		 (Kind) {relative, season, n, beta, gamma, phi}, normal)

AFFINITY_MULTIVERSION static bool
pass_seasonal(const EtsData *data, const EtsModel *model, const int *which,
			  int n, EtsNormal *normal)
{
	int			beta = model->form.trend ? 1 : NOT_THERE;
	int			gamma = model->form.trend ? 2 : 1;
	int			phi = model->form.damped ? 3 : NOT_THERE;

	if (model->form.season == SEASON_MULTIPLICATIVE)
		return model->form.relative ? SEASONAL(true, SEASON_MULTIPLICATIVE) :
			SEASONAL(false, SEASON_MULTIPLICATIVE);
	return model->form.relative ? SEASONAL(true, SEASON_ADDITIVE) :
		SEASONAL(false, SEASON_ADDITIVE);
}

/*
 * The normal equations of a model at its parameters: sums of products of the
 * errors' derivatives with each other and with the errors.
 */
bool
affinity_forecast_ets_slopes(const EtsData *data, const EtsModel *model,
							 const int *which, int n_which, EtsNormal *normal)
{
	if (model->form.season == SEASON_NONE)
		return pass_plain(data, model, which, n_which, normal);
	return pass_seasonal(data, model, which, n_which, normal);
}
