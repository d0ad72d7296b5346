/*
 * own.c
 *		Periods of each user's own: so many days, or months, from the day on
 *		which the user started.
 *
 * A month that starts on the 31st begins on the last day of a shorter one,
 * and on the 31st again after that: as date + interval has it.
 */
#include "postgres.h"

#include "retention/member.h"

/* A day as a month and a day of it. */
typedef struct MonthDay
{
	int64		month;			/* since 2000-01 */
	int64		day;			/* from 0 on */
	int64		length;			/* of the month, in days */
} MonthDay;

static int64
first_day_of(int64 month)
{
	return affinity_calendar_period_start(UNIT_MONTH, (uint32) (month +
																PERIOD_BIAS)) /
		AFFINITY_DAY_US;
}

static void
month_day(int64 day, MonthDay *out)
{
	int64		first;

	out->month = affinity_calendar_month_of_day(day);
	first = first_day_of(out->month);
	out->day = day - first;
	out->length = first_day_of(out->month + 1) - first;
}

/* How many periods after a start, both of state's days, a day is. */
uint32
affinity_retention_own_offset(const RetentionOptions *options, uint32 start,
							  uint32 period)
{
	MonthDay	from;
	MonthDay	at;
	int64		months;

	if (period <= start)
		return 0;
	if (options->every_days > 0)
		return (period - start) / options->every_days;
	month_day((int64) start - PERIOD_BIAS, &from);
	month_day((int64) period - PERIOD_BIAS, &at);
	months = at.month - from.month;
	if (at.day < Min(from.day, at.length - 1))
		months--;
	return (uint32) (months / options->every_months);
}

/* Room for the returns of a user. */
static void
reserve(RetentionRoster *roster, uint32 n)
{
	if (n <= roster->own_cap)
		return;
	if (roster->own != NULL)
		pfree(roster->own);
	roster->own_cap = Max(n, 64);
	roster->own = affinity_base_array(roster->own_cap, sizeof(uint32));
}

/* The user as a member of the cohort of its start number j. */
void
affinity_retention_own_member(RetentionRoster *roster,
							  const ActivityUser *user, uint32 j,
							  RetentionMember *member)
{
	const ActivityReader *reader = roster->reader;
	uint32		start = user->starts[j];
	uint32		today = affinity_calendar_period_of_local(UNIT_DAY,
														  reader->as_of_local);
	uint32		n = 0;

	reserve(roster, user->n_returns);
	member->own = user->again == NULL || user->again[j];
	for (uint32 i = 0; i < user->n_returns; i++)
	{
		uint32		offset;

		affinity_base_look_up(i);
		if (user->returns[i] <= start)
			continue;
		offset = affinity_retention_own_offset(roster->options, start,
											   user->returns[i]);
		if (offset == 0)
			member->own = true;
		else if (n == 0 || roster->own[n - 1] != offset)
			roster->own[n++] = offset;
	}
	member->base = 0;
	member->returns = roster->own;
	member->n_returns = n;
	member->limit = affinity_retention_own_offset(roster->options, start,
												  today);
}
