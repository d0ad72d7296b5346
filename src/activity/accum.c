/*
 * accum.c
 *		The transition functions of activity_agg and value_agg: rows into
 *		states.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "activity/site.h"

/* The user of a row, a number; nearly always a bigint or an integer. */
static inline int64
row_number(FunctionCallInfo fcinfo, const CallSite *site)
{
	if (site->user_type == INT8OID)
		return PG_GETARG_INT64(1);
	return affinity_base_id_to_int(PG_GETARG_DATUM(1), site->user_type);
}

static uint32
row_flags(FunctionCallInfo fcinfo)
{
	bool		start = !PG_ARGISNULL(5) && PG_GETARG_BOOL(5);
	bool		comes_back = !PG_ARGISNULL(6) && PG_GETARG_BOOL(6);

	if (start)
		return comes_back ? EVENT_BOTH : EVENT_START;
	return comes_back ? EVENT_RETURN : 0;
}

/*
 * Looked at for every row of a flat state, even where unit and zone are
 * constant: somebody's own aggregate over this one may begin with any state.
 */
static inline bool
flat_is_kind(const ActivityFlat *flat, const ActivityKind *kind)
{
	return flat->unit == kind->unit && flat->ids == kind->ids &&
		flat->zoned == kind->zoned && flat->zone_len == kind->zone_len &&
		(flat->layout == LAYOUT_EVENTS) == kind->events &&
		affinity_activity_is_value(flat) == kind->values &&
		flat->counted == kind->counted && flat->starts == kind->starts &&
		memcmp(flat->data, kind->zone, kind->zone_len) == 0;
}

/* Add a row to a state that is not expanded, or to none. */
static Datum
add_to_flat(MemoryContext aggcontext, ActivityFlat *flat,
			const CallSite *site, const ActivityRow *row, const char *text,
			uint32 len, int128 value)
{
	const ActivityKind *kind = &site->kind;
	ActivitySet *set;
	bool		same_name = true;
	bool		small;

	if (flat == NULL)
		return PointerGetDatum(affinity_activity_flat_one(kind, row, text, len,
														  value));
	if (!flat_is_kind(flat, kind))
	{
		ActivityKind own;

		affinity_activity_flat_kind(flat, &own);
		same_name = !affinity_activity_kind_join(&own, kind);
	}
	if (same_name &&
		affinity_activity_flat_mark(flat, kind, row, text, len))
		return PointerGetDatum(flat);
	small = affinity_activity_stays_flat(flat);
	set = affinity_activity_set_of_flat(small ? CurrentMemoryContext
										: aggcontext, flat, !small);
	affinity_activity_set_join(set, kind);
	affinity_activity_set_add(set, row, text, len, value);
	return small ? PointerGetDatum(affinity_activity_set_to_flat(set))
		: EOHPGetRWDatum(&set->hdr);
}

/*
 * Nearly every row: a number or uuid and a time for a set that grows, with
 * unit and zone constant. False where it is another one, and nothing was
 * done.
 */
static pg_attribute_always_inline bool
accumulate_quickly(FunctionCallInfo fcinfo, TimeType type, bool values)
{
	CallSite   *site = fcinfo->flinfo->fn_extra;
	ActivitySet *set;
	ActivityRow *row;
	Timestamp	at = affinity_activity_site_time(fcinfo, type);

	if (fcinfo->flinfo->fn_expr == NULL || site == NULL || !site->plain ||
		PG_ARGISNULL(0) ||
		PG_ARGISNULL(1) || PG_ARGISNULL(2) || TIMESTAMP_NOT_FINITE(at))
		return false;
	if (values &&
		(PG_ARGISNULL(3) || !(fabs(PG_GETARG_FLOAT8(3)) <= AFFINITY_VALUE_MAX)))
		return false;
	set = affinity_activity_set_of(PG_GETARG_DATUM(0));
	if (set == NULL)
		return false;
	/* straight into the buffer: copying what was just written would wait */
	row = affinity_activity_set_next(set);
	if (site->kind.ids == AFFINITY_ID_INT)
		row->key.number = row_number(fcinfo, site);
	else
		memcpy(row->key.uuid, PG_GETARG_UUID_P(1), UUID_LEN);
	row->at = at;
	row->period = affinity_calendar_clock_by_months(&site->calendar.clock,
													site->months, at);
	row->flags = values ? ENTRY_SUM : EVENT_BOTH;
	if (values)
		set->buffer_sums[set->n_rows] =
			affinity_activity_value_of(PG_GETARG_FLOAT8(3));
	if (unlikely(++set->n_rows == set->batch))
		affinity_activity_set_flush(set);
	return true;
}

static pg_attribute_always_inline Datum
accumulate(FunctionCallInfo fcinfo, TimeType type, bool values)
{
	MemoryContext aggcontext;
	CallSite   *site;
	ActivitySet *set = NULL;
	ActivityRow first;
	ActivityRow *row = &first;
	uint32		flags;
	const char *bytes = NULL;
	uint32		len = 0;
	int128		value = 0;

	/* a call site that has learned something was looked at before */
	site = affinity_base_resume(fcinfo, affinity_activity_site_fits);
	if (site == NULL)
		affinity_base_check_aggregate(fcinfo, "Call affinity.activity_agg or "
									  "affinity.value_agg.");
	if (unlikely(site == NULL || !site->constant))
		site = affinity_activity_site(fcinfo, site, type == TIME_ZONED,
									  values ? ROWS_OF_VALUES
									  : ROWS_OF_ACTIVITY);
	flags = values ? ENTRY_SUM : PG_NARGS() > 5 ? row_flags(fcinfo)
		: EVENT_BOTH;
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2) ||
		(values ? PG_ARGISNULL(3) : flags == 0))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	if (!PG_ARGISNULL(0))
		set = affinity_activity_set_of(PG_GETARG_DATUM(0));
	if (set != NULL)
		row = affinity_activity_set_next(set);
	row->at = affinity_activity_site_time(fcinfo, type);
	if (TIMESTAMP_NOT_FINITE(row->at))
		affinity_activity_site_infinite(fcinfo, site, type);
	if (values)
		value = affinity_activity_site_value(fcinfo, site);
	row->period = affinity_calendar_clock_period(&site->calendar.clock, row->at);
	row->flags = flags;
	if (site->kind.ids == AFFINITY_ID_INT)
		row->key.number = row_number(fcinfo, site);
	else if (site->kind.ids == AFFINITY_ID_UUID)
		memcpy(row->key.uuid, PG_GETARG_UUID_P(1), UUID_LEN);
	else
		bytes = affinity_base_id_bytes(PG_GETARG_DATUM(1), site->user_type,
									   &len);
	if (set == NULL)
	{
		AggCheckCallContext(fcinfo, &aggcontext);
		return add_to_flat(aggcontext, PG_ARGISNULL(0) ? NULL
						   : (ActivityFlat *)
						   PG_DETOAST_DATUM(PG_GETARG_DATUM(0)),
						   site, row, bytes, len, value);
	}
	if (unlikely(!site->constant))
		affinity_activity_set_join(set, &site->kind);
	affinity_activity_set_added(set, bytes, len, value);
	PG_RETURN_DATUM(PG_GETARG_DATUM(0));
}

/* The rest apart, so that quick rows save no registers for it. */
#define ACCUM(name, type) \
static pg_noinline Datum \
name##_slowly(FunctionCallInfo fcinfo) \
{ \
	return accumulate(fcinfo, type, false); \
} \
\
PG_FUNCTION_INFO_V1(name); \
Datum \
name(PG_FUNCTION_ARGS) \
{ \
	if (accumulate_quickly(fcinfo, type, false)) \
		PG_RETURN_DATUM(PG_GETARG_DATUM(0)); \
	return name##_slowly(fcinfo); \
}

#define VALUE_ACCUM(name, type) \
static pg_noinline Datum \
name##_slowly(FunctionCallInfo fcinfo) \
{ \
	if (PG_NARGS() > SITE_OPTION) \
		return affinity_activity_value_started(fcinfo, type); \
	return accumulate(fcinfo, type, true); \
} \
\
PG_FUNCTION_INFO_V1(name); \
Datum \
name(PG_FUNCTION_ARGS) \
{ \
	if (accumulate_quickly(fcinfo, type, true)) \
		PG_RETURN_DATUM(PG_GETARG_DATUM(0)); \
	return name##_slowly(fcinfo); \
}

/* activity_accum(state, user, at, unit [, zone [, is_start, is_return]]) */
ACCUM(affinity_activity_accum, TIME_ZONED)
ACCUM(affinity_activity_accum_local, TIME_LOCAL)
ACCUM(affinity_activity_accum_date, TIME_DATE)

/* value_accum(state, user, at, value, unit [, zone [, is_start]]) */
VALUE_ACCUM(affinity_activity_value_accum, TIME_ZONED)
VALUE_ACCUM(affinity_activity_value_accum_local, TIME_LOCAL)
VALUE_ACCUM(affinity_activity_value_accum_date, TIME_DATE)
