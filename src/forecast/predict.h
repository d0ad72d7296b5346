/*
 * predict.h
 *		A series as a forecast sees it, and the method that predicts it.
 */
#ifndef AFFINITY_FORECAST_PREDICT_H
#define AFFINITY_FORECAST_PREDICT_H

#include "postgres.h"

#include "forecast/choose.h"
#include "forecast/theta.h"

typedef enum ForecastMethod
{
	METHOD_AUTO,				/* the mean of the best ETS and Theta */
	METHOD_ETS,					/* of some forms */
	METHOD_THETA,
	METHOD_NAIVE,
	METHOD_SEASONAL_NAIVE,
	METHOD_MEAN,
	METHOD_CROSTON,
	METHOD_SBA,
	METHOD_TSB
} ForecastMethod;

/* What a call asks for. */
typedef struct ForecastWish
{
	ForecastMethod method;
	uint32		forms;			/* of METHOD_ETS */
	int			m;				/* periods of a season; 1: none */
} ForecastWish;

/* What could not be done as it was asked for; bits. */
#define DEGRADED_SEASON 1		/* less than two seasons */
#define DEGRADED_SHORT 2		/* too few values for a model */
#define DEGRADED_FORM 4			/* the form that was asked for */

typedef struct Prediction
{
	ForecastMethod method;		/* that was used */
	char		name[32];
	int			degraded;
	int			m;				/* of the season that it has; 1: none */
	bool		relative;		/* errors are shares */
	bool		constant;		/* all values are the same */
	EtsModel	ets;
	Adjustment	adjustment;		/* before it, for long seasons, or Theta */
	Theta		theta;
	Adjustment	theta_adjustment;
	double		level;			/* of the simple methods */
	double		variance;		/* of one step of them */
	const double *last_season;	/* of METHOD_SEASONAL_NAIVE */
	double		aicc;			/* NaN: none */
	double		sigma;			/* of one step */
	double		mase;
	double	   *expected;		/* at each period, in one step */
	bool	   *unseen;			/* places of the season without a value */
} Prediction;

/* predict.c */
extern bool affinity_forecast_predict(const EtsData *data,
									  const ForecastWish *wish,
									  Prediction *prediction);
extern void affinity_forecast_ahead(const EtsData *data,
									const Prediction *prediction, int horizon,
									double *mean, double *variance);

/* simple.c */
extern void affinity_forecast_simple(const EtsData *data, ForecastMethod method,
									 int m, Prediction *prediction);
extern void affinity_forecast_simple_ahead(const EtsData *data,
										   const Prediction *prediction,
										   int horizon, double *mean,
										   double *variance);

#endif							/* AFFINITY_FORECAST_PREDICT_H */
