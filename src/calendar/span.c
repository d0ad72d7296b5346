/*
 * span.c
 *		Type span: a range of time that value_agg is given, of instants or of
 *		local times.
 *
 * daterange, tsrange and tstzrange are cast to it without being asked. It is
 * of the category of times, so that a call with an untyped time means a
 * timestamptz as it does without it, where overloads for ranges would leave
 * PostgreSQL no choice.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/rangetypes.h"
#include "utils/timestamp.h"

#include "calendar/calendar.h"

PG_FUNCTION_INFO_V1(affinity_calendar_span_in);
PG_FUNCTION_INFO_V1(affinity_calendar_span_out);
PG_FUNCTION_INFO_V1(affinity_calendar_span_of_range);

/* Input: a text would not say whether it is of instants. */
Datum
affinity_calendar_span_in(PG_FUNCTION_ARGS)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("a text is no affinity.span: \"%.100s\"",
					PG_GETARG_CSTRING(0)),
			 errhint("Write a range: '[2024-01-01,2024-07-01)'::daterange, or ::tstzrange.")));
	return (Datum) 0;			/* not reached */
}

static char *
bound_text(const Span *span, int64 at)
{
	return DatumGetCString(DirectFunctionCall1(span->kind != MOMENT_LOCAL
											   ? timestamptz_out
											   : timestamp_out,
											   TimestampGetDatum(at)));
}

/* Output: as of a range. */
Datum
affinity_calendar_span_out(PG_FUNCTION_ARGS)
{
	const Span *span = (const Span *) PG_GETARG_POINTER(0);

	if (span->lower >= span->upper)
		PG_RETURN_CSTRING(pstrdup("empty"));
	PG_RETURN_CSTRING(psprintf("[%s,%s)", bound_text(span, span->lower),
							   bound_text(span, span->upper)));
}

/* The first time at or behind a bound. */
static int64
read_bound(const RangeBound * bound, Oid type)
{
	int64		at;

	if (bound->infinite)
		return bound->lower ? DT_NOBEGIN : DT_NOEND;
	if (type != DATEOID)
	{
		at = DatumGetTimestamp(bound->val);
		if (TIMESTAMP_NOT_FINITE(at) || bound->inclusive == bound->lower)
			return at;
		/* an end counts where it is included, a beginning where it is not */
		return IS_VALID_TIMESTAMP(at + 1) ? at + 1 : DT_NOEND;
	}
	at = affinity_calendar_midnight(DatumGetDateADT(bound->val));
	if (at == DT_NOEND && !DATE_NOT_FINITE(DatumGetDateADT(bound->val)))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("date of a range is out of range"),
				 errhint("Dates reach to 294276-12-31, as timestamps do.")));
	return at;
}

/* span(daterange), span(tsrange), span(tstzrange) */
Datum
affinity_calendar_span_of_range(PG_FUNCTION_ARGS)
{
	RangeType  *range = PG_GETARG_RANGE_P(0);
	TypeCacheEntry *type = range_get_typcache(fcinfo, RangeTypeGetOid(range));
	Oid			of = type->rngelemtype->type_id;
	Span	   *span = palloc0(sizeof(Span));
	RangeBound	lower;
	RangeBound	upper;
	bool		empty;

	if (of != DATEOID && of != TIMESTAMPOID && of != TIMESTAMPTZOID)
		elog(ERROR, "not a range of times");
	range_deserialize(type, range, &lower, &upper, &empty);
	span->kind = of == TIMESTAMPTZOID ? MOMENT_INSTANT : MOMENT_LOCAL;
	if (!empty)
	{
		span->lower = read_bound(&lower, of);
		span->upper = read_bound(&upper, of);
	}
	PG_FREE_IF_COPY(range, 0);
	PG_RETURN_POINTER(span);
}
