/*
 * choose.c
 *		The state-space model of a series that has the least AICc.
 */
#include "postgres.h"

#include <math.h>

#include "forecast/ets.h"
#include "forecast/choose.h"

#define ROUGHLY 1e-7			/* to compare models */
#define EXACTLY 1e-12			/* the one that is chosen */

const char *
affinity_forecast_form_name(const EtsForm *form)
{
	static const char *const names[2][3][3] = {
		{{"ANN", "ANA", ""}, {"AAN", "AAA", ""}, {"AAdN", "AAdA", ""}},
		{{"MNN", "MNA", "MNM"}, {"MAN", "MAA", "MAM"},
		{"MAdN", "MAdA", "MAdM"}}
	};

	return names[form->relative][form->damped ? 2 : form->trend ? 1 : 0]
		[form->season];
}

static bool
fit_form(const EtsData *data, const EtsForm *form, EtsModel *model)
{
	static const struct
	{
		double		share;
		EtsSpeed	speed;
	}			starts[] = {
		{0.1, SPEED_SLOW}, {0.1, SPEED_FAST}, {0.6, SPEED_ANY}
	};
	bool		found = false;
	int			which[ETS_PARAMS];
	int			n = affinity_forecast_ets_params(form, which);

	/* AICc needs a rest: one for the variance, one to divide by */
	if (data->n_known - n - 2 <= 0)
		return false;
	/* there may be several minima: slow and fast levels, trends and seasons */
	for (int i = 0; i < (form->trend || form->season != SEASON_NONE ? 3 : 2);
		 i++)
	{
		EtsModel	fit = {0};

		fit.form = *form;
		if (!affinity_forecast_ets_start(data, starts[i].share,
										 starts[i].speed, &fit) ||
			!affinity_forecast_ets_fit(data, &fit, ROUGHLY))
			continue;
		if (!found || fit.lik < model->lik)
			*model = fit;
		found = true;
	}
	return found;
}

/*
 * The best of the forms that a set of them has, as bits in the order of
 * affinity_forecast_form; false where none can be fitted.
 */
bool
affinity_forecast_ets_choose(const EtsData *data, int m, uint32 forms,
							 EtsModel *best)
{
	bool		found = false;

	for (int i = 0; i < ETS_FORMS; i++)
	{
		EtsForm		form = affinity_forecast_form(i, m);
		EtsModel	model;

		if (!(forms >> i & 1) || (form.relative && !data->positive) ||
			(form.season != SEASON_NONE && (m < 2 || m > ETS_SEASON_MAX)) ||
			!fit_form(data, &form, &model))
			continue;
		if (!found || model.aicc < best->aicc)
			*best = model;
		found = true;
	}
	return found && affinity_forecast_ets_fit(data, best, EXACTLY);
}
