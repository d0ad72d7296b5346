/*
 * choose.h
 *		Which state-space models there are, and the best for a series.
 */
#ifndef AFFINITY_FORECAST_CHOOSE_H
#define AFFINITY_FORECAST_CHOOSE_H

#include "forecast/ets.h"

/*
 * Forms in the order in which they are tried: that which has less comes
 * first, so that it is kept where two are as good.
 */
#define ETS_FORMS 15
#define ETS_ALL_FORMS ((1U << ETS_FORMS) - 1)

static inline EtsForm
affinity_forecast_form(int i, int m)
{
	static const struct
	{
		bool		relative;
		char		trend;		/* 2: damped */
		EtsSeason	season;
	}			forms[ETS_FORMS] = {
		{false, 0, SEASON_NONE}, {true, 0, SEASON_NONE},
		{false, 1, SEASON_NONE}, {true, 1, SEASON_NONE},
		{false, 2, SEASON_NONE}, {true, 2, SEASON_NONE},
		{false, 0, SEASON_ADDITIVE}, {true, 0, SEASON_ADDITIVE},
		{true, 0, SEASON_MULTIPLICATIVE},
		{false, 1, SEASON_ADDITIVE}, {true, 1, SEASON_ADDITIVE},
		{true, 1, SEASON_MULTIPLICATIVE},
		{false, 2, SEASON_ADDITIVE}, {true, 2, SEASON_ADDITIVE},
		{true, 2, SEASON_MULTIPLICATIVE}
	};
	EtsForm		form;

	form.relative = forms[i].relative;
	form.trend = forms[i].trend > 0;
	form.damped = forms[i].trend == 2;
	form.season = forms[i].season;
	form.m = form.season == SEASON_NONE ? 1 : m;
	return form;
}

extern const char *affinity_forecast_form_name(const EtsForm *form);
extern bool affinity_forecast_ets_choose(const EtsData *data, int m,
										 uint32 forms, EtsModel *best);

#endif							/* AFFINITY_FORECAST_CHOOSE_H */
