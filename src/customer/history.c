/*
 * history.c
 *		A customer's periods, and what they come to.
 *
 * Most customers have few periods, and most rows come in the order of time:
 * so they stand in an array, a new one at its end. What comes in another
 * order is appended too and sorted when the room is used up; then the room
 * becomes larger if half of it would still be in use.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/memutils.h"

#include "base/state.h"
#include "customer/history.h"
#include "eventlog/eventlog.h"

#define HISTORY_HEADER offsetof(CustomerHistory, periods)
#define PERIODS_AT_FIRST 2		/* 112 bytes with their chunk's header */
#define LOOKED_THROUGH 16

/*
 * Of a period's largest amount: sums of decimal fractions that cancel leave
 * less.
 */
#define TINY 0x1p-40

#define ST_SORT sort_periods
#define ST_ELEMENT_TYPE CustomerPeriod
#define ST_COMPARE(a, b) (((a)->period > (b)->period) - ((a)->period < (b)->period))
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DECLARE
#define ST_DEFINE
#include "lib/sort_template.h"

static uint32
room_of(const CustomerHistory *history)
{
	return (uint32) ((VARSIZE(history) - HISTORY_HEADER) /
					 sizeof(CustomerPeriod));
}

CustomerHistory *
affinity_customer_history_new(void)
{
	Size		size = HISTORY_HEADER +
		PERIODS_AT_FIRST * sizeof(CustomerPeriod);
	CustomerHistory *history = palloc0(size);

	SET_VARSIZE(history, size);
	history->magic = CUSTOMER_MAGIC;
	return history;
}

/* A transition value, aligned; in somebody else's aggregate it may be anything. */
CustomerHistory *
affinity_customer_history_arg(Datum value)
{
	CustomerHistory *history = affinity_base_aligned(value);

	if (VARSIZE(history) < HISTORY_HEADER ||
		history->magic != CUSTOMER_MAGIC ||
		history->n > room_of(history) || history->n_sorted > history->n ||
		!affinity_calendar_unit_valid(history->unit))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid state of customer_summary")));
	return history;
}

static void
add_to_period(CustomerPeriod *to, const CustomerPeriod *from)
{
	to->sum = affinity_activity_add_values(to->sum, from->sum);
	to->largest = Max(to->largest, from->largest);
}

/* Sort periods and add up what is of one; gives how many there are then. */
static uint32
merge_periods(CustomerPeriod *periods, uint32 n)
{
	uint32		kept = 0;

	sort_periods(periods, n);
	for (uint32 i = 1; i < n; i++)
	{
		affinity_base_look_up(i);
		if (periods[i].period == periods[kept].period)
			add_to_period(&periods[kept], &periods[i]);
		else
			periods[++kept] = periods[i];
	}
	return n > 0 ? kept + 1 : 0;
}

static CustomerHistory *
make_room(CustomerHistory *history)
{
	uint32		room = room_of(history);
	Size		used;
	Size		needed;

	if (history->n_sorted < history->n)
	{
		history->n = merge_periods(history->periods, history->n);
		history->n_sorted = history->n;
	}
	if (history->n < room && history->n <= room / 2)
		return history;
	used = HISTORY_HEADER + history->n * sizeof(CustomerPeriod);
	needed = used + sizeof(CustomerPeriod);
	if (needed > MaxAllocSize)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a customer has purchases in more than %u periods",
						history->n),
				 errhint("Use a longer unit of time. Is the query grouped by the customer?")));
	return affinity_eventlog_enlarge(history, used, needed);
}

/* Add to a period; gives the history, or a larger one in its place. */
CustomerHistory *
affinity_customer_history_add(CustomerHistory *history,
							  const CustomerPeriod *row)
{
	uint32		n = history->n;
	uint32		looked = Min(n, LOOKED_THROUGH);

	for (uint32 i = n; i > n - looked; i--)
	{
		if (history->periods[i - 1].period == row->period)
		{
			add_to_period(&history->periods[i - 1], row);
			return history;
		}
	}
	if (n == room_of(history))
		history = make_room(history);
	n = history->n++;
	history->periods[n] = *row;
	if (history->n_sorted == n &&
		(n == 0 || history->periods[n - 1].period < row->period))
		history->n_sorted++;
	return history;
}

static bool
is_above_0(const CustomerPeriod *period)
{
	return period->sum > 0 && ldexp((double) period->sum, -VALUE_SCALE_BITS) >
		(double) period->largest * TINY;
}

/*
 * Take a refund, which is negative, off the purchases before it, the latest
 * first; periods of which nothing is left go. Gives how many are left.
 */
static uint32
take_off(CustomerPeriod *kept, uint32 n, int128 refund)
{
	while (n > 0 && refund < 0)
	{
		kept[n - 1].sum += refund;
		if (is_above_0(&kept[n - 1]))
			break;
		refund = kept[--n].sum;
	}
	return n;
}

/*
 * What the periods come to. A refund is taken off its own period first, then
 * off those before; what exceeds them was bought before the first row.
 */
void
affinity_customer_history_sum_up(const CustomerHistory *history,
								 CustomerSummary *summary)
{
	CustomerPeriod *periods = affinity_base_array(history->n,
												  sizeof(CustomerPeriod));
	uint32		n = history->n;
	uint32		n_kept = 0;
	int128		total = 0;
	int128		repeated = 0;

	memcpy(periods, history->periods, n * sizeof(CustomerPeriod));
	if (history->n_sorted < n)
		n = merge_periods(periods, n);
	for (uint32 i = 0; i < n; i++)
	{
		affinity_base_look_up(i);
		total = affinity_activity_add_values(total, periods[i].sum);
		if (is_above_0(&periods[i]))
			periods[n_kept++] = periods[i];
		else if (periods[i].sum < 0)
			n_kept = take_off(periods, n_kept, periods[i].sum);
	}
	memset(summary, 0, sizeof(CustomerSummary));
	summary->total = ldexp((double) total, -VALUE_SCALE_BITS);
	summary->has_purchases = n_kept > 0;
	if (n_kept > 0)
	{
		for (uint32 i = 1; i < n_kept; i++)
			repeated = affinity_activity_add_values(repeated, periods[i].sum);
		summary->frequency = n_kept - 1;
		summary->recency = (int64) periods[n_kept - 1].period -
			periods[0].period;
		summary->t = (int64) history->as_of - periods[0].period;
		if (n_kept > 1)
			summary->monetary_value = ldexp((double) repeated,
											-VALUE_SCALE_BITS) /
				(n_kept - 1);
	}
	pfree(periods);
}
