/*
 * call.h
 *		The arguments that forecast, forecast_model and anomaly share.
 */
#ifndef AFFINITY_FORECAST_CALL_H
#define AFFINITY_FORECAST_CALL_H

#include "postgres.h"

#include "fmgr.h"

#include "forecast/predict.h"
#include "forecast/series.h"

/* A state as a series of numbers: what is scaled by 2^exponent. */
typedef struct OpenSeries
{
	EtsData		data;
	double	   *y;				/* data.y */
	int			exponent;
	uint8		unit;			/* PeriodUnit; 0: numbers */
	int64		first;			/* the period of y[0] */
	ForecastWish wish;
} OpenSeries;

/* Which arguments are where; the state is the first. */
typedef struct SeriesArgs
{
	int			model;
	int			season;
	int			fill;
	int			until;
} SeriesArgs;

/* call.c */
extern bool affinity_forecast_open(FunctionCallInfo fcinfo,
								   const SeriesArgs *args, OpenSeries *open);
extern void affinity_forecast_tell(FunctionCallInfo fcinfo, int degraded);
extern double affinity_forecast_z(double confidence);
extern void affinity_forecast_put_period(const OpenSeries *open, int64 at,
										 Datum *values, bool *nulls);
extern double affinity_forecast_unscale(const OpenSeries *open, double value);

#endif							/* AFFINITY_FORECAST_CALL_H */
