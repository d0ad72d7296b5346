/*
 * agg.c
 *		The aggregates attribution_agg and rollup, and states without users.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

#include "attribution/attribution.h"
#include "base/kept.h"
#include "base/number.h"

PG_FUNCTION_INFO_V1(affinity_attribution_accum);
PG_FUNCTION_INFO_V1(affinity_attribution_combine);
PG_FUNCTION_INFO_V1(affinity_attribution_final);
PG_FUNCTION_INFO_V1(affinity_attribution_rollup);
PG_FUNCTION_INFO_V1(affinity_attribution_without);

#define AGGREGATES "Call affinity.attribution_agg or affinity.rollup."

/* (state, user, at, channel, converted [, value] [, lookback]) */
#define USER_ARG 1
#define AT_ARG 2
#define CHANNEL_ARG 3
#define CONVERTED_ARG 4

typedef struct AttributionCall
{
	MemoryContext context;
	Oid			user_type;
	bool		dates;
	int			value_arg;		/* 0: none */
	int			lookback_arg;
	Interval	last_lookback;
	Attribution like;			/* kinds and lookback; at the end for its data */
} AttributionCall;

static int64
lookback_length(const Interval *interval)
{
	int64		length = affinity_eventlog_interval_length(interval);

	if (length <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("lookback must be longer than 0"),
				 errhint("It is how long before a conversion a touch may be: interval '30 days'.")));
	return length;
}

static int64
lookback_of_call(FunctionCallInfo fcinfo, AttributionCall *call)
{
	const Interval *lookback;
	int64		length;

	if (PG_ARGISNULL(call->lookback_arg))
		return 0;
	lookback = PG_GETARG_INTERVAL_P(call->lookback_arg);
	length = lookback_length(lookback);
	call->last_lookback = *lookback;
	return length;
}

static AttributionCall *
begin_call(FunctionCallInfo fcinfo)
{
	MemoryContext context = affinity_base_check_aggregate(fcinfo, AGGREGATES);
	AttributionCall *call = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt,
												   sizeof(AttributionCall));
	AffinityIdKind kind;
	Oid			at = affinity_base_arg_type(fcinfo, AT_ARG);

	call->user_type = affinity_base_id_arg(fcinfo, USER_ARG, "user_id", &kind);
	call->like.user_kind = (uint8) kind;
	call->dates = at == DATEOID;
	call->like.time_kind = at == TIMESTAMPTZOID ? EVENT_TIME_TIMESTAMPTZ :
		EVENT_TIME_TIMESTAMP;
	for (int i = CONVERTED_ARG + 1; i < PG_NARGS(); i++)
		if (affinity_base_arg_type(fcinfo, i) == INTERVALOID)
			call->lookback_arg = i;
		else
			call->value_arg = i;
	if (call->lookback_arg != 0)
		call->like.lookback = lookback_of_call(fcinfo, call);
	call->context = context;
	affinity_base_keep(fcinfo, call);
	return call;
}

/* A lookback that is not the one of the group's first row. */
static void
check_lookback(FunctionCallInfo fcinfo, AttributionCall *call,
			   const Growing *growing)
{
	if (PG_ARGISNULL(call->lookback_arg))
		call->like.lookback = 0;
	else if (memcmp(PG_GETARG_INTERVAL_P(call->lookback_arg),
					&call->last_lookback, sizeof(Interval)) != 0 ||
			 call->like.lookback == 0)
		call->like.lookback = lookback_of_call(fcinfo, call);
	if (growing != NULL && call->like.lookback !=
		affinity_attribution_growing_like(growing)->lookback)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("lookback must be the same for all rows of a group"),
				 errhint("Give a constant, or give it to the report instead.")));
}

/* The value of a conversion; none is 0. */
static double
value_of_row(FunctionCallInfo fcinfo, const AttributionCall *call)
{
	if (call->value_arg == 0 || PG_ARGISNULL(call->value_arg))
		return 0;
	return affinity_base_finite(PG_GETARG_FLOAT8(call->value_arg), "value");
}

static void
read_row(FunctionCallInfo fcinfo, const AttributionCall *call,
		 Growing *growing, Touch *touch)
{
	uint32		channel = 0;
	uint32		flags = 0;

	touch->value = 0;
	if (!PG_ARGISNULL(CHANNEL_ARG))
	{
		text	   *given = PG_GETARG_TEXT_PP(CHANNEL_ARG);
		ChannelName name = {VARDATA_ANY(given), VARSIZE_ANY_EXHDR(given)};

		channel = affinity_attribution_channel(growing, name);
	}
	if (!PG_ARGISNULL(CONVERTED_ARG) && PG_GETARG_BOOL(CONVERTED_ARG))
	{
		touch->value = value_of_row(fcinfo, call);
		flags = TOUCH_CONVERTED | (touch->value != 0 ? TOUCH_VALUE : 0);
	}
	touch->what = TOUCH_WHAT(channel, flags);
}

static EventUserId
user_of_row(FunctionCallInfo fcinfo, const AttributionCall *call)
{
	Datum		user = PG_GETARG_DATUM(USER_ARG);
	EventUserId id = {0, 0};

	if (call->like.user_kind != AFFINITY_ID_INT)
		return event_user_mix(affinity_eventlog_wide_user(user,
														  call->user_type));
	id.low = (uint64) affinity_base_id_to_int(user, call->user_type);
	return event_user_mix(id);
}

/* attribution_accum(state, user, at, channel, converted [, value] [, lookback]) */
Datum
affinity_attribution_accum(PG_FUNCTION_ARGS)
{
	AttributionCall *call;
	Growing    *growing = NULL;
	Touch		touch;

	call = affinity_base_resume(fcinfo, NULL);
	if (unlikely(call == NULL))
		call = begin_call(fcinfo);
	else if (unlikely(fcinfo->flinfo->fn_expr == NULL))
		call->context = affinity_base_check_aggregate(fcinfo, AGGREGATES);
	if (!PG_ARGISNULL(0))
		growing = affinity_attribution_growing(PG_GETARG_DATUM(0),
											   call->context);
	if (call->lookback_arg != 0)
		check_lookback(fcinfo, call, growing);
	if (PG_ARGISNULL(USER_ARG) || PG_ARGISNULL(AT_ARG))
	{
		if (growing == NULL)
			PG_RETURN_NULL();
		PG_RETURN_DATUM(affinity_attribution_growing_datum(growing));
	}
	touch.at = call->dates ?
		affinity_eventlog_date_time(PG_GETARG_DATEADT(AT_ARG)) :
		PG_GETARG_INT64(AT_ARG);
	if (TIMESTAMP_NOT_FINITE(touch.at))
		affinity_eventlog_time_infinite();
	if (growing == NULL)
		growing = affinity_attribution_create(call->context, &call->like);
	else
		affinity_attribution_check_alike(affinity_attribution_growing_like(growing),
										 &call->like);
	read_row(fcinfo, call, growing, &touch);
	affinity_attribution_add(growing, user_of_row(fcinfo, call), &touch);
	PG_RETURN_DATUM(affinity_attribution_growing_datum(growing));
}

/* attribution_combine(attribution, attribution), strict */
Datum
affinity_attribution_combine(PG_FUNCTION_ARGS)
{
	MemoryContext context = affinity_base_check_aggregate(fcinfo, AGGREGATES);
	Growing    *growing = affinity_attribution_growing(PG_GETARG_DATUM(0),
													   context);

	affinity_attribution_absorb(growing, PG_GETARG_DATUM(1));
	PG_RETURN_DATUM(affinity_attribution_growing_datum(growing));
}

/* attribution_final(attribution), strict */
Datum
affinity_attribution_final(PG_FUNCTION_ARGS)
{
	affinity_base_check_aggregate(fcinfo, AGGREGATES);
	PG_RETURN_POINTER(affinity_attribution_finish(PG_GETARG_DATUM(0)));
}

/* rollup(attribution, attribution): NULL has no rows. */
Datum
affinity_attribution_rollup(PG_FUNCTION_ARGS)
{
	Attribution *state[2];

	if (PG_ARGISNULL(0) && PG_ARGISNULL(1))
		PG_RETURN_NULL();
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_DATUM(PG_GETARG_DATUM(PG_ARGISNULL(0) ? 1 : 0));
	state[0] = affinity_attribution_arg(fcinfo, 0);
	state[1] = affinity_attribution_arg(fcinfo, 1);
	affinity_attribution_check_alike(state[0], state[1]);
	PG_RETURN_POINTER(affinity_attribution_merge(state, 2));
}

static int
compare_ids(const void *a, const void *b)
{
	const EventUserId *x = a;
	const EventUserId *y = b;

	if (x->low != y->low)
		return x->low < y->low ? -1 : 1;
	return x->high < y->high ? -1 : x->high > y->high;
}

/* without(attribution, ids): as if the rows of these users had never been. */
Datum
affinity_attribution_without(PG_FUNCTION_ARGS)
{
	Attribution *state = affinity_attribution_arg(fcinfo, 0);
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(1);
	Oid			type = getBaseType(ARR_ELEMTYPE(array));
	AffinityIdKind kind;
	int16		len;
	bool		by_value;
	char		align;
	Datum	   *id;
	bool	   *null;
	int			n;
	Size		n_ids = 0;
	EventUserId *mixed;
	Attribution *rest;

	affinity_base_id_elements(fcinfo, 1, get_fn_expr_argtype(fcinfo->flinfo, 1),
							  "ids");
	if (!affinity_base_id_kind(affinity_base_id_kept(type), &kind) ||
		kind != state->user_kind)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("this state has users of another type than %s",
						format_type_be(type)),
				 errhint("Pass ids of the type that attribution_agg was given.")));
	get_typlenbyvalalign(ARR_ELEMTYPE(array), &len, &by_value, &align);
	deconstruct_array(array, ARR_ELEMTYPE(array), len, by_value, align, &id,
					  &null, &n);
	mixed = affinity_base_array(n, sizeof(EventUserId));
	for (int i = 0; i < n; i++)
	{
		EventUserId user = {0, 0};

		affinity_base_look_up(i);
		if (null[i])
			continue;
		if (kind == AFFINITY_ID_INT)
			user.low = (uint64) affinity_base_id_to_int(id[i], type);
		else
			user = affinity_eventlog_wide_user(id[i], type);
		mixed[n_ids++] = event_user_mix(user);
	}
	qsort(mixed, n_ids, sizeof(EventUserId), compare_ids);
	rest = affinity_attribution_subset(state, mixed, n_ids, false);
	if (rest == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(rest);
}
