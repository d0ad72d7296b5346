/*
 * accum.c
 *		The transition functions of activity_agg and value_agg: rows into
 *		states.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "activity/set.h"

/* A function's arguments are state, user, at [, value], unit [, zone ...]. */
#define UNIT_ARG(values) ((values) ? 4 : 3)
#define ZONE_ARG(values) ((values) ? 5 : 4)
#define ZONE_IS_NULL(values) \
	(PG_NARGS() <= ZONE_ARG(values) || PG_ARGISNULL(ZONE_ARG(values)))

/* The type of the times. */
typedef enum TimeType
{
	TIME_ZONED,					/* timestamptz */
	TIME_LOCAL,					/* timestamp */
	TIME_DATE					/* date: that day's first local instant */
} TimeType;

/* What one call site learned from its first row; kept in fn_extra. */
typedef struct CallSite
{
	ActivityKind kind;
	Oid			user_type;		/* as given, below a domain */
	PeriodClock clock;
	bool		constant;		/* unit and zone are the same for every row */
	bool		plain;			/* and there are only numbers or uuids */
	bool		zone_is_null;
	text	   *unit;			/* as given */
	text	   *zone;			/* as given, or NULL */
} CallSite;

static bool
same_text(const text *a, const text *b)
{
	return VARSIZE_ANY_EXHDR(a) == VARSIZE_ANY_EXHDR(b) &&
		memcmp(VARDATA_ANY(a), VARDATA_ANY(b), VARSIZE_ANY_EXHDR(a)) == 0;
}

/* Learn types, unit and zone; the aggregate's other arguments are rows. */
static void
learn_kind(FunctionCallInfo fcinfo, CallSite *site, bool zoned, bool values)
{
	MemoryContext old = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
	text	   *unit = PG_GETARG_TEXT_PP(UNIT_ARG(values));
	int			zone = ZONE_ARG(values);
	pg_tz	   *tz = NULL;
	AffinityIdKind ids;

	memset(&site->kind, 0, sizeof(ActivityKind));
	site->kind.unit = affinity_calendar_unit(VARDATA_ANY(unit),
											 VARSIZE_ANY_EXHDR(unit));
	site->user_type = affinity_base_id_arg(fcinfo, 1, "user_id", &ids);
	site->kind.ids = (uint8) ids;
	site->kind.zoned = zoned;
	site->kind.events = !values && PG_NARGS() > 5;
	site->kind.values = values;
	site->zone_is_null = ZONE_IS_NULL(values);
	if (!site->zone_is_null)
		tz = affinity_calendar_zone_arg(text_to_cstring(PG_GETARG_TEXT_PP(zone)));
	else if (zoned)
		tz = session_timezone;
	if (tz != NULL)
	{
		const char *name = pg_get_timezone_name(tz);

		site->kind.zone_len = strlen(name);
		strlcpy(site->kind.zone, name, sizeof(site->kind.zone));
	}
	affinity_calendar_clock_init(&site->clock, site->kind.unit, zoned, tz);
	site->zone = site->zone_is_null ? NULL : PG_GETARG_TEXT_P_COPY(zone);
	site->unit = PG_GETARG_TEXT_P_COPY(UNIT_ARG(values));
	MemoryContextSwitchTo(old);
}

/* What the call site knows, true to this row's unit and zone. */
static CallSite *
call_site(FunctionCallInfo fcinfo, CallSite *site, bool zoned, bool values)
{
	bool		zone_is_null = ZONE_IS_NULL(values);
	int			unit = UNIT_ARG(values);

	if (PG_ARGISNULL(unit))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unit of time must not be null"),
				 errhint("Use hour, day, week, month, quarter or year.")));
	if (site == NULL)
	{
		site = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt,
									  sizeof(CallSite));
		learn_kind(fcinfo, site, zoned, values);
		site->constant = affinity_base_args_are_constant(fcinfo,
														 UNIT_ARG(values),
														 ZONE_ARG(values));
		site->plain = site->constant && !values && !site->kind.events &&
			site->kind.ids != AFFINITY_ID_TEXT;
		fcinfo->flinfo->fn_extra = site;
		return site;
	}
	if (!same_text(site->unit, PG_GETARG_TEXT_PP(unit)) ||
		zone_is_null != site->zone_is_null ||
		(!zone_is_null &&
		 !same_text(site->zone, PG_GETARG_TEXT_PP(ZONE_ARG(values)))))
	{
		/* constants in practice; a group of its own may have other ones */
		if (site->clock.slices)
			pfree(site->clock.slices);
		learn_kind(fcinfo, site, zoned, values);
	}
	return site;
}

static char *
user_name(FunctionCallInfo fcinfo, const CallSite *site)
{
	char	   *name = affinity_base_id_display(PG_GETARG_DATUM(1),
												site->user_type);

	name[pg_mbcliplen(name, (int) strlen(name), 200)] = '\0';
	return name;
}

static void
infinite_time(FunctionCallInfo fcinfo, const CallSite *site, TimeType type)
{
	if (type == TIME_DATE && !DATE_NOT_FINITE(PG_GETARG_DATEADT(2)))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("date of user %s is out of range",
						user_name(fcinfo, site)),
				 errhint("Dates reach to 294276-12-31, as timestamps do.")));
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("infinite time of user %s", user_name(fcinfo, site)),
			 errhint("Leave such rows out: FILTER (WHERE isfinite(at)).")));
}

/* The user of a row, a number; nearly always a bigint or an integer. */
static inline int64
row_number(FunctionCallInfo fcinfo, const CallSite *site)
{
	if (site->user_type == INT8OID)
		return PG_GETARG_INT64(1);
	return affinity_base_id_to_int(PG_GETARG_DATUM(1), site->user_type);
}

static inline Timestamp
row_time(FunctionCallInfo fcinfo, TimeType type)
{
	return type == TIME_DATE ? affinity_calendar_midnight(PG_GETARG_DATEADT(2))
		: PG_GETARG_TIMESTAMP(2);
}

/* A row's value in 2^-60, rounded to the nearest (half to even). */
static int128
row_value(FunctionCallInfo fcinfo, const CallSite *site)
{
	double		value = PG_GETARG_FLOAT8(3);

	if (isnan(value) || isinf(value))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("%s value of user %s",
						isnan(value) ? "NaN" : "infinite",
						user_name(fcinfo, site)),
				 errhint("Leave such rows out with FILTER, or make their value NULL.")));
	if (fabs(value) > AFFINITY_VALUE_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("value %.17g of user %s is out of range", value,
						user_name(fcinfo, site)),
				 errhint("Values reach from -1e15 to 1e15. Pass them in a larger unit, for example thousands.")));
	return affinity_activity_value_of(value);
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
		(flat->layout == LAYOUT_VALUES) == kind->values &&
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
accumulate_quickly(FunctionCallInfo fcinfo, TimeType type)
{
	CallSite   *site = fcinfo->flinfo->fn_extra;
	ActivitySet *set;
	ActivityRow *row;
	Timestamp	at = row_time(fcinfo, type);

	if (site == NULL || !site->plain || PG_ARGISNULL(0) ||
		PG_ARGISNULL(1) || PG_ARGISNULL(2) || TIMESTAMP_NOT_FINITE(at))
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
	row->period = affinity_calendar_clock_period(&site->clock, at);
	row->flags = EVENT_BOTH;
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
	site = fcinfo->flinfo->fn_extra;
	if (site == NULL)
		affinity_base_check_aggregate(fcinfo, "Call affinity.activity_agg or "
									  "affinity.value_agg.");
	if (unlikely(site == NULL || !site->constant))
		site = call_site(fcinfo, site, type == TIME_ZONED, values);
	flags = !values && PG_NARGS() > 5 ? row_flags(fcinfo) : EVENT_BOTH;
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2) || flags == 0 ||
		(values && PG_ARGISNULL(3)))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	if (!PG_ARGISNULL(0))
		set = affinity_activity_set_of(PG_GETARG_DATUM(0));
	if (set != NULL)
		row = affinity_activity_set_next(set);
	row->at = row_time(fcinfo, type);
	if (TIMESTAMP_NOT_FINITE(row->at))
		infinite_time(fcinfo, site, type);
	if (values)
		value = row_value(fcinfo, site);
	row->period = affinity_calendar_clock_period(&site->clock, row->at);
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
	if (accumulate_quickly(fcinfo, type)) \
		PG_RETURN_DATUM(PG_GETARG_DATUM(0)); \
	return name##_slowly(fcinfo); \
}

#define VALUE_ACCUM(name, type) \
PG_FUNCTION_INFO_V1(name); \
Datum \
name(PG_FUNCTION_ARGS) \
{ \
	return accumulate(fcinfo, type, true); \
}

/* activity_accum(state, user, at, unit [, zone [, is_start, is_return]]) */
ACCUM(affinity_activity_accum, TIME_ZONED)
ACCUM(affinity_activity_accum_local, TIME_LOCAL)
ACCUM(affinity_activity_accum_date, TIME_DATE)

/* value_accum(state, user, at, value, unit [, zone]) */
VALUE_ACCUM(affinity_activity_value_accum, TIME_ZONED)
VALUE_ACCUM(affinity_activity_value_accum_local, TIME_LOCAL)
VALUE_ACCUM(affinity_activity_value_accum_date, TIME_DATE)
