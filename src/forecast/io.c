/*
 * io.c
 *		Text and binary form of type series, and its operators.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/memutils.h"

#include "base/compare.h"
#include "base/form.h"
#include "forecast/series.h"

static void
reject(const char *problem)
{
	affinity_base_state_invalid("series state", "affinity.series_agg",
								problem);
}

/* Check the state of so many bytes and give it back. */
static Datum
checked(Series *series, Size size)
{
	const char *problem;

	if (size < SERIES_HEADER)
		reject("too short");
	SET_VARSIZE(series, size);
	if (series->magic != SERIES_MAGIC)
		reject("not one, or from a machine of another byte order");
	if (series->version != SERIES_VERSION)
		reject("unknown version");
	problem = affinity_forecast_series_check(series);
	if (problem != NULL)
		reject(problem);
	return PointerGetDatum(series);
}

/* series_in(cstring) and so on */
AFFINITY_STATE_FORMS(affinity_forecast_series, Series, affinity_forecast_series_arg)

/* series_eq(series, series) and so on */
AFFINITY_BYTES_COMPARISONS(affinity_forecast_series, affinity_forecast_series_arg)
