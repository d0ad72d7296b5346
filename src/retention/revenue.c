/*
 * revenue.c
 *		The report revenue_retention: what each cohort was worth in each
 *		period.
 *
 * Users are put in the order of their cohorts by counting, and one cohort at
 * a time is added up, so that memory is that of its row. Sums are of whole
 * numbers of 2^-60 and are rounded to double precision once, in the end: they
 * depend neither on the order of the users nor on how the state was made.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "retention/retention.h"

PG_FUNCTION_INFO_V1(affinity_retention_revenue);

typedef struct Revenue
{
	ReturnSetInfo *rsinfo;
	ActivityReader reader;
	RetentionOptions options;
	uint32		span;			/* periods up to that of as_of */
	uint32	   *begins;			/* span + 1 places in users, by cohort */
	uint32	   *users;			/* in the order of their cohorts */
	ActivityLevel *levels;		/* of a user, where there are more than sums */

	/* the row of the cohort that is being added up, by period of its age */
	uint64	   *payers;
	int128	   *sums;			/* in 2^-60 */
} Revenue;

/*
 * The cohort a user counts in, from the first period on; or the span. It is
 * that of the start, or of the first row or range where there are no starts.
 */
static uint32
cohort_of(const Revenue *revenue, uint32 user)
{
	const ActivityView *view = &revenue->reader.view;
	uint32		first = affinity_activity_first_period(view, user);

	if (first > revenue->reader.last_period ||
		first < revenue->options.first_cohort ||
		first > revenue->options.last_cohort)
		return revenue->span;
	return first - revenue->reader.first_period;
}

/* Put the users in the order of their cohorts; leave out those in none. */
static void
sort_users(Revenue *revenue)
{
	uint32		n_users = revenue->reader.view.flat->n_users;
	uint32		span = revenue->span;
	uint32	   *begins;
	uint32		sum = 0;

	begins = affinity_base_array((Size) span + 2, sizeof(uint32));
	affinity_base_zero(begins, ((Size) span + 2) * sizeof(uint32));
	revenue->users = MemoryContextAllocHuge(CurrentMemoryContext,
											n_users * sizeof(uint32));
	for (uint32 i = 0; i < n_users; i++)
	{
		if (i % 65536 == 0)
			CHECK_FOR_INTERRUPTS();
		begins[cohort_of(revenue, i)]++;
	}
	for (uint32 c = 0; c <= span; c++)
	{
		uint32		size = begins[c];

		affinity_base_look_up(c);
		begins[c] = sum;
		sum += size;
	}
	for (uint32 i = 0; i < n_users; i++)
	{
		if (i % 65536 == 0)
			CHECK_FOR_INTERRUPTS();
		revenue->users[begins[cohort_of(revenue, i)]++] = i;
	}
	/* each place has moved on to the next cohort's: move them back */
	for (uint32 c = span + 1; c > 0; c--)
	{
		affinity_base_look_up(c);
		begins[c] = begins[c - 1];
	}
	begins[0] = 0;
	revenue->begins = begins;
}

/*
 * Add what a user's levels are more at the ages at which they begin, and less
 * at those at which they end.
 */
static void
add_levels(Revenue *revenue, uint32 user, uint32 base, uint32 n_periods)
{
	uint32		n = affinity_activity_levels(&revenue->reader, user,
											 revenue->levels);

	for (uint32 i = 0; i < n; i++)
	{
		const ActivityLevel *level = &revenue->levels[i];
		uint32		from = Max(level->period, base) - base;
		uint32		to = n_periods;

		affinity_base_look_up(i);
		if (i + 1 < n)
			to = Min(Max(level[1].period, base) - base, n_periods);
		if (from >= to)
			continue;
		revenue->payers[from] += level->amount > 0;
		revenue->sums[from] =
			affinity_activity_add_values(revenue->sums[from], level->amount);
		if (to == n_periods)
			continue;
		revenue->payers[to] -= level->amount > 0;
		revenue->sums[to] =
			affinity_activity_add_values(revenue->sums[to], -level->amount);
	}
}

/* From what is more and less at each age to what it is. */
static void
sum_levels(Revenue *revenue, uint32 n_periods)
{
	for (uint32 i = 1; i < n_periods; i++)
	{
		affinity_base_look_up(i);
		revenue->payers[i] += revenue->payers[i - 1];
		revenue->sums[i] = affinity_activity_add_values(revenue->sums[i],
														revenue->sums[i - 1]);
	}
}

/* Add up the users of a cohort in so many periods. */
static void
sum_cohort(Revenue *revenue, uint32 cohort, uint32 n_periods)
{
	const ActivityView *view = &revenue->reader.view;
	uint32		base = revenue->reader.first_period + cohort;

	affinity_base_zero(revenue->payers, n_periods * sizeof(uint64));
	affinity_base_zero(revenue->sums, n_periods * sizeof(int128));
	for (uint32 i = revenue->begins[cohort]; i <
		 revenue->begins[cohort + 1]; i++)
	{
		uint32		user = revenue->users[i];

		if (i % 1024 == 0)
			CHECK_FOR_INTERRUPTS();
		if (revenue->levels)
		{
			add_levels(revenue, user, base, n_periods);
			continue;
		}
		for (uint32 j = view->offsets[user]; j < view->offsets[user + 1]; j++)
		{
			uint32		age = view->periods[j] - base;

			affinity_base_look_up(j);

			if (age >= n_periods)
				break;
			revenue->payers[age] += view->sums[j] > 0;
			revenue->sums[age] =
				affinity_activity_add_values(revenue->sums[age],
											 view->sums[j]);
		}
	}
	if (revenue->levels)
		sum_levels(revenue, n_periods);
}

static double
to_double(int128 sum)
{
	return ldexp((double) sum, -VALUE_SCALE_BITS);
}

static void
put_cohort(Revenue *revenue, uint32 cohort, uint32 n_periods)
{
	const ActivityReader *reader = &revenue->reader;
	uint32		base = reader->first_period + cohort;
	uint64		size = revenue->begins[cohort + 1] - revenue->begins[cohort];
	double		first = to_double(revenue->sums[0]);
	int128		cumulative = 0;

	for (uint32 i = 0; i < n_periods; i++)
	{
		double		value = to_double(revenue->sums[i]);
		Datum		values[11];
		bool		nulls[11] = {false};

		if (i % 1024 == 0)
			CHECK_FOR_INTERRUPTS();
		cumulative = affinity_activity_add_values(cumulative,
												  revenue->sums[i]);
		values[0] = affinity_retention_period(reader, base);
		values[1] = Int64GetDatum((int64) size);
		values[2] = Int32GetDatum((int32) i);
		values[3] = affinity_retention_period(reader, base + i);
		values[4] = Int64GetDatum((int64) revenue->payers[i]);
		values[5] = Float8GetDatum(value);
		values[6] = Float8GetDatum(to_double(cumulative));
		values[7] = Float8GetDatum(value / (double) size);
		values[8] = Float8GetDatum(to_double(cumulative) / (double) size);
		nulls[9] = first == 0;
		values[9] = Float8GetDatum(first == 0 ? 0 : value / first);
		values[10] = affinity_retention_complete(reader, base + i);
		tuplestore_putvalues(revenue->rsinfo->setResult,
							 revenue->rsinfo->setDesc, values, nulls);
	}
}

/*
 * revenue_retention(value, as_of, max_period, cohorts_from, cohorts_before)
 */
Datum
affinity_retention_revenue(PG_FUNCTION_ARGS)
{
	Revenue		revenue;
	ActivityFlat *flat;
	uint32		widest;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	memset(&revenue, 0, sizeof(Revenue));
	revenue.rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	flat = affinity_activity_value_arg(fcinfo, 0);
	affinity_retention_cohort_options(fcinfo, flat, 2, 3, 4, &revenue.options);
	affinity_activity_reader_begin(fcinfo, &revenue.reader, flat);
	revenue.span = affinity_activity_reader_span(&revenue.reader);
	if (revenue.span == 0)
		return (Datum) 0;
	if (flat->layout == LAYOUT_AMOUNTS)
		revenue.levels =
			affinity_base_array(affinity_activity_levels_room(&revenue.reader.view),
								sizeof(ActivityLevel));
	sort_users(&revenue);
	widest = Min(revenue.span - 1, revenue.options.max_period) + 1;
	revenue.payers = affinity_activity_reader_counts(widest);
	revenue.sums = MemoryContextAllocHuge(CurrentMemoryContext,
										  widest * sizeof(int128));
	for (uint32 c = 0; c < revenue.span; c++)
	{
		uint32		n_periods = Min(revenue.span - c, widest);

		if (c % 1024 == 0)
			CHECK_FOR_INTERRUPTS();
		if (revenue.begins[c] == revenue.begins[c + 1])
			continue;
		sum_cohort(&revenue, c, n_periods);
		put_cohort(&revenue, c, n_periods);
	}
	return (Datum) 0;
}
