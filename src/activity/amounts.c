/*
 * amounts.c
 *		The transition functions of value_agg whose rows are more than a sum:
 *		ranges of time, and sums with starts.
 *
 * A range is two steps: from the period of its beginning on a user's amount is
 * more, from that of its end on it is less. So a range of any length costs the
 * same, an open one has no second step, and what one range ends and the next
 * one goes on with adds up to nothing. Counted pro rata, the sum of the period
 * of either end is corrected by the share before it. A share is rounded by the
 * time from the beginning of its period, so that ranges that meet are exactly
 * one range.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "activity/site.h"

PG_FUNCTION_INFO_V1(affinity_activity_value_accum_span);

/* A row's most: two steps with their sums. */
#define MAX_ENTRIES 4

typedef struct RowEntries
{
	int			n;
	ActivityRow row[MAX_ENTRIES];
	int128		amount[MAX_ENTRIES];
} RowEntries;

static void
add_entry(RowEntries *entries, ValueEntry entry, uint32 period, int64 at,
		  int128 amount)
{
	ActivityRow *row = &entries->row[entries->n];

	row->period = period;
	row->at = at;
	row->flags = entry;
	entries->amount[entries->n++] = amount;
}

/* Add a row's entries to the state, which stays flat while it is small. */
static Datum
accumulate_entries(FunctionCallInfo fcinfo, const CallSite *site,
				   RowEntries *entries)
{
	ActivitySet *set = NULL;
	ActivityKey key = {0};
	const char *text = NULL;
	uint32		len = 0;
	bool		small = false;

	if (!PG_ARGISNULL(0))
		set = affinity_activity_set_of(PG_GETARG_DATUM(0));
	if (site->kind.ids == AFFINITY_ID_INT)
		key.number = affinity_base_id_to_int(PG_GETARG_DATUM(1),
											 site->user_type);
	else if (site->kind.ids == AFFINITY_ID_UUID)
		memcpy(key.uuid, PG_GETARG_UUID_P(1), UUID_LEN);
	else
		text = affinity_base_id_bytes(PG_GETARG_DATUM(1), site->user_type,
									  &len);
	if (set == NULL && PG_ARGISNULL(0))
	{
		small = true;
		set = affinity_activity_set_new(CurrentMemoryContext, &site->kind,
										false);
	}
	else if (set == NULL)
	{
		ActivityFlat *flat =
			(ActivityFlat *) PG_DETOAST_DATUM(PG_GETARG_DATUM(0));
		MemoryContext aggcontext = CurrentMemoryContext;

		small = affinity_activity_stays_flat(flat);
		if (!small)
			AggCheckCallContext(fcinfo, &aggcontext);
		set = affinity_activity_set_of_flat(aggcontext, flat, !small);
	}
	affinity_activity_set_join(set, &site->kind);
	for (int i = 0; i < entries->n; i++)
	{
		entries->row[i].key = key;
		affinity_activity_set_add(set, &entries->row[i], text, len,
								  entries->amount[i]);
	}
	return small ? PointerGetDatum(affinity_activity_set_to_flat(set))
		: EOHPGetRWDatum(&set->hdr);
}

/* The state as it was: a row that says nothing. */
static Datum
skip_row(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_DATUM(PG_GETARG_DATUM(0));
}

static CallSite *
check_site(FunctionCallInfo fcinfo)
{
	CallSite   *site = affinity_base_resume(fcinfo,
											affinity_activity_site_fits);

	if (site == NULL)
		affinity_base_check_aggregate(fcinfo, "Call affinity.value_agg.");
	return site;
}

/* A row of a value with starts: its sum, its start, or both. */
Datum
affinity_activity_value_started(FunctionCallInfo fcinfo, TimeType type)
{
	CallSite   *site = check_site(fcinfo);
	bool		start = !PG_ARGISNULL(SITE_OPTION) &&
		PG_GETARG_BOOL(SITE_OPTION);
	RowEntries	entries = {0};
	Timestamp	at;
	uint32		period;

	if (site == NULL || !site->constant)
		site = affinity_activity_site(fcinfo, site, type == TIME_ZONED,
									  ROWS_OF_VALUES);
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2) || (PG_ARGISNULL(3) && !start))
		return skip_row(fcinfo);
	at = affinity_activity_site_time(fcinfo, type);
	if (TIMESTAMP_NOT_FINITE(at))
		affinity_activity_site_infinite(fcinfo, site, type);
	period = affinity_calendar_clock_period(&site->calendar.clock, at);
	if (!PG_ARGISNULL(3))
		add_entry(&entries, ENTRY_SUM, period, at,
				  affinity_activity_site_value(fcinfo, site));
	if (start)
		add_entry(&entries, ENTRY_START, period, at, 0);
	return accumulate_entries(fcinfo, site, &entries);
}

/* The period that an end of a range is in, by the beginnings of periods. */
static const SitePeriod *
period_of(CallSite *site, int64 at)
{
	uint32		number = affinity_calendar_clock_period(&site->calendar.clock, at);
	SitePeriod *period = &site->periods[number % SITE_PERIODS];

	if (period->period != number || at < period->start || at >= period->end)
	{
		int64		start = affinity_calendar_clock_start(&site->calendar.clock, number);
		int64		end;

		/* near a change of the zone it may be the one beside it */
		while (at < start)
			start = affinity_calendar_clock_start(&site->calendar.clock, --number);
		while (at >= (end = affinity_calendar_clock_start(&site->calendar.clock,
														  number + 1)))
		{
			start = end;
			number++;
		}
		period = &site->periods[number % SITE_PERIODS];
		period->period = number;
		period->start = start;
		period->end = end;
	}
	return period;
}

/* The share of an amount up to a time of a period, to the nearest 2^-60. */
static int128
share_before(int128 amount, const SitePeriod *period, int64 at)
{
	int64		length = period->end - period->start;
	int64		before = at - period->start;
	int128		share = amount / length * before;
	int128		rest = amount % length * before;
	int128		left = rest % length;

	share += rest / length;
	if (left < 0)
		return share - (-left * 2 >= length);
	return share + (left * 2 >= length);
}

/* The steps of one end of a range, and its sum where it is pro rata. */
static void
add_end(CallSite *site, RowEntries *entries, int64 at, int128 amount)
{
	const SitePeriod *period = period_of(site, at);

	add_entry(entries, ENTRY_STEP, period->period, at, amount);
	if (site->kind.counted == COUNTED_PRO_RATA && at > period->start)
		add_entry(entries, ENTRY_SUM, period->period, at,
				  -share_before(amount, period, at));
}

/* value_accum(state, user, range, amount, unit [, zone [, counted]]) */
Datum
affinity_activity_value_accum_span(PG_FUNCTION_ARGS)
{
	CallSite   *site = check_site(fcinfo);
	RowEntries	entries = {0};
	const Span *span;
	int128		amount;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2) || PG_ARGISNULL(3))
		return skip_row(fcinfo);
	span = (const Span *) PG_GETARG_POINTER(2);
	site = affinity_activity_site(fcinfo, site, span->kind != MOMENT_LOCAL,
								  RANGES_OF_VALUES);
	if (TIMESTAMP_NOT_FINITE(span->lower))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("range without a beginning, of user %s",
						affinity_activity_site_user(fcinfo, site)),
				 errhint("Begin it where your data do: during * daterange('2020-01-01', NULL), or tsrange or tstzrange.")));
	amount = affinity_activity_site_value(fcinfo, site);
	if (span->lower >= span->upper)
		return skip_row(fcinfo);
	add_end(site, &entries, span->lower, amount);
	if (span->upper != DT_NOEND)
		add_end(site, &entries, span->upper, -amount);
	return accumulate_entries(fcinfo, site, &entries);
}
