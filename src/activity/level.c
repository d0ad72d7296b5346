/*
 * level.c
 *		The amounts of a value's users over time, whatever they are kept as:
 *		sums of single periods, steps of ranges, or both.
 */
#include "postgres.h"

#include "activity/flat.h"

/*
 * The period in which a user begins: of values with starts that of the first
 * start, or NO_START, else that of the first row or range.
 */
uint32
affinity_activity_first_period(const ActivityView *view, uint32 user)
{
	uint32		first = NO_START;

	if (view->starts)
		return view->starts[user];
	if (view->offsets[user] < view->offsets[user + 1])
		first = view->periods[view->offsets[user]];
	if (view->steps && view->step_offsets[user] < view->step_offsets[user + 1])
		first = Min(first, view->step_periods[view->step_offsets[user]]);
	return first;
}

/* How many levels a user has at the most. */
Size
affinity_activity_levels_room(const ActivityView *view)
{
	Size		most = 0;

	for (uint32 i = 0; i < view->flat->n_users; i++)
	{
		/* a sum is a level, and so is what follows it */
		Size		n = ((Size) view->offsets[i + 1] - view->offsets[i]) * 2;

		affinity_base_look_up(i);
		if (view->steps)
			n += view->step_offsets[i + 1] - view->step_offsets[i];
		most = Max(most, n);
	}
	return most;
}

/* The levels of a user who has sums alone. */
static uint32
levels_of_sums(const ActivityReader *reader, uint32 sum, uint32 sum_end,
			   ActivityLevel *levels)
{
	const ActivityView *view = &reader->view;
	uint32		over = 0;		/* the period after that of the last sum */
	int128		last = 0;
	uint32		n = 0;

	for (; sum < sum_end; sum++)
	{
		uint32		period = view->periods[sum];
		int128		amount = view->sums[sum];

		if (last != 0 && over < period && over <= reader->last_period)
		{
			levels[n].period = over;
			levels[n++].amount = last = 0;
		}
		if (period > reader->last_period)
			return n;
		if (amount != last)
		{
			levels[n].period = period;
			levels[n++].amount = last = amount;
		}
		over = period + 1;
	}
	if (last != 0 && over <= reader->last_period)
	{
		levels[n].period = over;
		levels[n++].amount = 0;
	}
	return n;
}

/*
 * The levels of a user up to the period with as_of: where its amount changes,
 * and to what, from nothing on. Returns how many there are.
 */
uint32
affinity_activity_levels(ActivityReader *reader, uint32 user,
						 ActivityLevel *levels)
{
	const ActivityView *view = &reader->view;
	uint32		sum = view->offsets[user];
	uint32		sum_end = view->offsets[user + 1];
	uint32		step = 0;
	uint32		step_end = 0;
	uint32		over = NO_START;	/* the period after that of the last sum */
	int128		running = 0;
	int128		last = 0;
	uint32		n = 0;

	if (view->steps)
	{
		step = view->step_offsets[user];
		step_end = view->step_offsets[user + 1];
	}
	affinity_base_look_after(&reader->work, 1 + sum_end - sum +
							 step_end - step);
	if (!view->steps)
		return levels_of_sums(reader, sum, sum_end, levels);
	while (sum < sum_end || step < step_end || over != NO_START)
	{
		uint32		period = over;
		int128		amount;

		if (sum < sum_end)
			period = Min(period, view->periods[sum]);
		if (step < step_end)
			period = Min(period, view->step_periods[step]);
		if (period > reader->last_period)
			break;
		if (step < step_end && view->step_periods[step] == period)
			running = affinity_activity_add_values(running,
												   view->steps[step++]);
		amount = running;
		over = NO_START;
		if (sum < sum_end && view->periods[sum] == period)
		{
			amount = affinity_activity_add_values(amount, view->sums[sum++]);
			over = period + 1;
		}
		if (amount != last)
		{
			levels[n].period = period;
			levels[n++].amount = amount;
		}
		last = amount;
	}
	return n;
}
