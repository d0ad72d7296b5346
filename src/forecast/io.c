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

PG_FUNCTION_INFO_V1(affinity_forecast_series_in);
PG_FUNCTION_INFO_V1(affinity_forecast_series_out);
PG_FUNCTION_INFO_V1(affinity_forecast_series_recv);
PG_FUNCTION_INFO_V1(affinity_forecast_series_send);

static void
reject(const char *problem)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
			 errmsg("invalid series state: %s", problem),
			 errhint("States are made by affinity.series_agg, and stored and copied unchanged.")));
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

/* series_in(cstring) */
Datum
affinity_forecast_series_in(PG_FUNCTION_ARGS)
{
	const char *input = PG_GETARG_CSTRING(0);
	Size		len = strlen(input);
	Size		size;
	Series *series = palloc(Max(VARHDRSZ + AFFINITY_DECODED_SIZE(len),
								  sizeof(Series)));

	if (!affinity_base_decode(input, len, (char *) series + VARHDRSZ, &size))
		reject("not base64");
	return checked(series, VARHDRSZ + size);
}

/* series_out(series) */
Datum
affinity_forecast_series_out(PG_FUNCTION_ARGS)
{
	Series *series = affinity_forecast_series_arg(fcinfo, 0);

	PG_RETURN_CSTRING(affinity_base_state_out(series));
}

/* series_recv(internal) */
Datum
affinity_forecast_series_recv(PG_FUNCTION_ARGS)
{
	Size		size;
	Series *series = affinity_base_state_recv(fcinfo,
												sizeof(Series), &size);

	return checked(series, size);
}

/* series_send(series) */
Datum
affinity_forecast_series_send(PG_FUNCTION_ARGS)
{
	Series *series = affinity_forecast_series_arg(fcinfo, 0);

	PG_RETURN_BYTEA_P(affinity_base_state_send(series));
}

AFFINITY_COMPARED_AS_BYTES(affinity_forecast_series_arg)

static bool
equal_args(FunctionCallInfo fcinfo)
{
	return compare_args(fcinfo) == 0;
}

/* series_eq(series, series) and so on */
AFFINITY_COMPARISONS(affinity_forecast_series, equal_args, compare_args, hash_arg)
