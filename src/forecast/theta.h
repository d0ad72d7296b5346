/*
 * theta.h
 *		Seasons taken out of a series before it is fitted, the Theta method,
 *		and Croston's for demand that is mostly 0.
 */
#ifndef AFFINITY_FORECAST_THETA_H
#define AFFINITY_FORECAST_THETA_H

#include "forecast/ets.h"

/* What was taken out of a series: a value for each place in the season. */
typedef struct Adjustment
{
	int			m;
	bool		multiplicative;
	double	   *figure;			/* NULL: nothing */
} Adjustment;

static inline double
affinity_forecast_season(const Adjustment *adjustment, double value, int at)
{
	double		s;

	if (adjustment->figure == NULL)
		return value;
	s = adjustment->figure[at % adjustment->m];
	return adjustment->multiplicative ? value * s : value + s;
}

typedef struct Theta
{
	EtsModel	ses;			/* of what was adjusted */
	double		drift;			/* half the slope of the line through it */
	int			n;
	double		lik;			/* of the series itself */
	double		aicc;
} Theta;

/* theta.c */
extern void affinity_forecast_fill_gaps(const double *y, int n,
										double *filled);
extern bool affinity_forecast_is_seasonal(const double *y, int n, int m);
extern bool affinity_forecast_adjust(const EtsData *data, int m, double *to,
									 Adjustment *adjustment);
extern bool affinity_forecast_theta_fit(const EtsData *data,
										const Adjustment *adjustment,
										const double *adjusted, Theta *theta,
										double *expected);
extern void affinity_forecast_theta_ahead(const Theta *theta,
										  const Adjustment *adjustment,
										  int horizon, double *mean,
										  double *variance);

#endif							/* AFFINITY_FORECAST_THETA_H */
