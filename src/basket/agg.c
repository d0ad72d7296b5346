/*
 * agg.c
 *		The aggregates basket_agg and rollup.
 *
 * The steps have arguments of exact types, and look at nothing but the call's
 * arguments: a distributed engine may call them for each row anew, without the
 * expression that they stand in.
 */
#include "postgres.h"

#include <math.h>

#include "utils/date.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "base/number.h"
#include "base/state.h"
#include "basket/basket.h"

PG_FUNCTION_INFO_V1(affinity_basket_accum_int);
PG_FUNCTION_INFO_V1(affinity_basket_accum_uuid);
PG_FUNCTION_INFO_V1(affinity_basket_accum_text);
PG_FUNCTION_INFO_V1(affinity_basket_accum_int_date);
PG_FUNCTION_INFO_V1(affinity_basket_accum_uuid_date);
PG_FUNCTION_INFO_V1(affinity_basket_accum_text_date);

#define AGGREGATES "Call affinity.basket_agg or affinity.rollup."

/* (state, item [, weight [, at]]) */
#define ITEM_ARG 1
#define WEIGHT_ARG 2
#define AT_ARG 3

static double
weight_arg(FunctionCallInfo fcinfo)
{
	if (PG_NARGS() <= WEIGHT_ARG)
		return 1;
	if (PG_ARGISNULL(WEIGHT_ARG))
		return NAN;
	return affinity_base_finite(PG_GETARG_FLOAT8(WEIGHT_ARG), "weight");
}

static int64
at_arg(FunctionCallInfo fcinfo, bool is_date)
{
	int64		at;

	if (PG_NARGS() <= AT_ARG || PG_ARGISNULL(AT_ARG))
		return BASKET_NO_TIME;
	/* an infinite date becomes an infinite time */
	at = is_date ?
		DatumGetTimestamp(DirectFunctionCall1(date_timestamp,
											  PG_GETARG_DATUM(AT_ARG))) :
		PG_GETARG_INT64(AT_ARG);
	if (TIMESTAMP_NOT_FINITE(at))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("infinite time"),
				 errhint("Leave such rows out with FILTER, or make the time NULL.")));
	return at;
}

static Datum
accum(FunctionCallInfo fcinfo, AffinityIdKind kind, bool is_date)
{
	AffinityBasketRow row = {0};
	struct varlena *basket;

	affinity_base_check_aggregate(fcinfo, AGGREGATES);
	if (PG_ARGISNULL(ITEM_ARG))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	row.weight = weight_arg(fcinfo);
	row.at = at_arg(fcinfo, is_date);
	if (kind == AFFINITY_ID_INT)
		row.number = PG_GETARG_INT64(ITEM_ARG);
	else if (kind == AFFINITY_ID_UUID)
	{
		row.bytes = (const char *) PG_GETARG_UUID_P(ITEM_ARG)->data;
		row.len = UUID_LEN;
	}
	else
	{
		text	   *item = PG_GETARG_TEXT_PP(ITEM_ARG);

		row.bytes = VARDATA_ANY(item);
		row.len = (uint32) VARSIZE_ANY_EXHDR(item);
	}
	basket = PG_ARGISNULL(0) ? affinity_basket_create(kind) :
		affinity_basket_grow(PG_GETARG_DATUM(0));
	PG_RETURN_POINTER(affinity_basket_add(basket, &row));
}

/* basket_accum(basket, bigint [, weight [, timestamp]]), and so on */
#define ACCUM(name, kind, is_date) \
Datum \
name(PG_FUNCTION_ARGS) \
{ \
	return accum(fcinfo, kind, is_date); \
}

ACCUM(affinity_basket_accum_int, AFFINITY_ID_INT, false)
ACCUM(affinity_basket_accum_uuid, AFFINITY_ID_UUID, false)
ACCUM(affinity_basket_accum_text, AFFINITY_ID_TEXT, false)
ACCUM(affinity_basket_accum_int_date, AFFINITY_ID_INT, true)
ACCUM(affinity_basket_accum_uuid_date, AFFINITY_ID_UUID, true)
ACCUM(affinity_basket_accum_text_date, AFFINITY_ID_TEXT, true)

static Datum
merge_states(Datum state, Datum other)
{
	return PointerGetDatum(affinity_basket_absorb(affinity_basket_grow(state),
												  other));
}

static Datum
at_rest(Datum state)
{
	return PointerGetDatum(affinity_basket_at_rest(state));
}

AFFINITY_STATE_STEPS(affinity_basket_combine, affinity_basket_final, affinity_basket_rollup, AGGREGATES)
