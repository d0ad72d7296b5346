/*
 * ets.h
 *		Exponential smoothing as state-space models: a model of a series of
 *		numbers, its fit, and what it says of the future. No types of SQL.
 *
 * R. Hyndman, A. Koehler, R. Snyder, S. Grose: A state space framework for
 * automatic forecasting using exponential smoothing methods (2002); R.
 * Hyndman, A. Koehler, J. Ord, R. Snyder: Forecasting with exponential
 * smoothing (2008).
 */
#ifndef AFFINITY_FORECAST_ETS_H
#define AFFINITY_FORECAST_ETS_H

#include <stdbool.h>

#define ETS_SEASON_MAX 24		/* longer seasons have too many states */
#define ETS_PARAMS (4 + 1 + ETS_SEASON_MAX)
#define ETS_STATES (2 + ETS_SEASON_MAX)

/* Parameters and initial states in the order in which a fit has them. */
typedef enum EtsParam
{
	ETS_ALPHA,
	ETS_BETA,
	ETS_GAMMA,
	ETS_PHI,
	ETS_LEVEL,
	ETS_TREND,
	ETS_SEASON					/* and those that follow */
} EtsParam;

typedef enum EtsSeason
{
	SEASON_NONE,
	SEASON_ADDITIVE,
	SEASON_MULTIPLICATIVE
} EtsSeason;

/* Which model. A season that multiplies goes with errors that do. */
typedef struct EtsForm
{
	bool		relative;		/* errors are shares of what was expected */
	bool		trend;
	bool		damped;
	EtsSeason	season;
	int			m;				/* periods of a season; 1 without one */
} EtsForm;

/* A series, scaled so that the largest is about 1. NaN is missing. */
typedef struct EtsData
{
	const double *y;
	int			n;
	int			n_known;
	bool		positive;		/* all that are known */
} EtsData;

typedef struct EtsModel
{
	EtsForm		form;
	double		x[4 + ETS_STATES];	/* EtsParam; all m states of the season */
	double		last[ETS_STATES];	/* level, trend, season after the series;
									 * the first of the season comes next */
	double		sse;			/* of errors, relative where they are */
	double		lik;			/* -2 log-likelihood, as R's ets has it */
	double		aicc;
	double		variance;		/* of errors */
	int			n_params;		/* with the states, without the variance */
	int			n;				/* that were known */
	int			evaluations;
} EtsModel;

#define ETS_SMALLEST 1e-12		/* expectation that errors are shares of */

/* By how much a trend is damped; 0 where there is none. */
static inline double
affinity_forecast_phi(const EtsModel *model)
{
	return !model->form.trend ? 0 : model->form.damped ? model->x[ETS_PHI] : 1;
}

/* ets.c */
/* Sums over a series of what errors and their derivatives are. */
typedef struct EtsNormal
{
	double		sse;
	double		log_mean;		/* sum of the logarithms of expectations */
	double		gram[ETS_PARAMS][ETS_PARAMS];	/* of derivatives of errors */
	double		slope[ETS_PARAMS];	/* of half the sum of squares */
	double		log_slope[ETS_PARAMS];	/* of log_mean */
} EtsNormal;

extern int	affinity_forecast_ets_params(const EtsForm *form, int *which);
extern bool affinity_forecast_ets_run(const EtsData *data, EtsModel *model,
									  double *expected);
extern bool affinity_forecast_ets_admissible(const EtsModel *model);

/* slopes.c */
extern bool affinity_forecast_ets_slopes(const EtsData *data,
										 const EtsModel *model,
										 const int *which, int n_which,
										 EtsNormal *normal);

/* start.c */
extern bool affinity_forecast_decompose(const double *y, int n, int m,
										bool multiplicative, double *figure);
typedef enum EtsSpeed
{
	SPEED_ANY,
	SPEED_SLOW,					/* of levels: they are averages */
	SPEED_FAST					/* they are the last values */
} EtsSpeed;

extern bool affinity_forecast_ets_start(const EtsData *data, double share,
										EtsSpeed speed, EtsModel *model);

/* fit.c */
extern bool affinity_forecast_ets_fit(const EtsData *data, EtsModel *model,
									  double tolerance);

/* interval.c */
extern void affinity_forecast_ets_ahead(const EtsModel *model, int horizon,
										double *mean, double *variance);

#endif							/* AFFINITY_FORECAST_ETS_H */
