/*
 * copy.c
 *		Users of a flat state into a set: all of them in a coarser unit, some of
 *		them as they are, or all with their local times in another zone.
 */
#include "postgres.h"

#include "utils/timestamp.h"

#include "activity/set.h"

/* The period of the set's unit that a period is in. */
static uint32
set_period(const ActivitySet *set, const ActivityFlat *flat, uint32 period)
{
	Timestamp	start;

	if (set->kind.unit == (PeriodUnit) flat->unit)
		return period;
	start = affinity_calendar_period_start(flat->unit, period);
	return affinity_calendar_period_of_local(set->kind.unit, start);
}

/* Put the periods of a user into a set, with their sums. */
static void
copy_periods(ActivitySet *set, ActivityReader *reader, uint32 user,
			 ActivityRow *row, const char *text, uint32 len)
{
	const ActivityView *view = &reader->view;
	const uint32 *periods;
	uint32		n = affinity_activity_reader_active(reader, user, &periods);

	row->flags = ENTRY_SUM;
	row->at = view->flat->first_at;
	for (uint32 i = 0; i < n; i++)
	{
		row->period = set_period(set, view->flat, periods[i]);
		affinity_activity_set_add(set, row, text, len, view->sums == NULL
								  ? 0 : view->sums[view->offsets[user] + i]);
	}
}

/* The steps of a user's amounts and the start, where the state has them. */
static void
copy_amounts(ActivitySet *set, const ActivityView *view, uint32 user,
			 ActivityRow *row, const char *text, uint32 len)
{
	uint32		from = view->steps ? view->step_offsets[user] : 0;
	uint32		to = view->steps ? view->step_offsets[user + 1] : 0;

	row->flags = ENTRY_STEP;
	for (uint32 i = from; i < to; i++)
	{
		row->period = set_period(set, view->flat, view->step_periods[i]);
		affinity_activity_set_add(set, row, text, len, view->steps[i]);
	}
	if (view->starts == NULL || view->starts[user] == NO_START)
		return;
	row->flags = ENTRY_START;
	row->period = set_period(set, view->flat, view->starts[user]);
	affinity_activity_set_add(set, row, text, len, 0);
}

/* The same of times with their flags; zone is that of the set, or NULL. */
static void
copy_events(ActivitySet *set, ActivityReader *reader, uint32 user,
			ActivityRow *row, const char *text, uint32 len, pg_tz *zone)
{
	const ActivityView *view = &reader->view;

	row->period = 0;
	for (uint32 i = view->offsets[user]; i < view->offsets[user + 1]; i++)
	{
		row->at = zone == NULL ? view->at[i]
			: affinity_activity_moved_time(reader, view->at[i], zone);
		row->flags = view->flags[i];
		affinity_activity_set_add(set, row, text, len, 0);
	}
}

/* A time that is in another zone what this one is in the state's. */
int64
affinity_activity_moved_time(ActivityReader *reader, int64 at, pg_tz *zone)
{
	Moment		moment;

	moment.at = affinity_calendar_clock_local(&reader->clock, at);
	moment.kind = MOMENT_LOCAL;
	return affinity_calendar_moment_instant(&moment, zone);
}

/*
 * Put users of a flat state into a set without any: those that are marked, or
 * all where keep is NULL. The set may be of a coarser unit. With a zone the
 * times that a state of instants has become those of the same local times
 * there. The set's first and last row are the caller's to say, but of times.
 */
void
affinity_activity_copy_users(ActivitySet *set, ActivityReader *reader,
							 const bool *keep, pg_tz *zone)
{
	const ActivityView *view = &reader->view;
	uint32		n_users = view->flat->n_users;
	uint64		work = 0;

	reader->last_period = PG_UINT32_MAX;
	/* they come in the order of their hash: see affinity_activity_set_merge */
	affinity_activity_users_reserve(set, n_users);
	for (uint32 i = 0; i < n_users; i++)
	{
		const char *text = NULL;
		uint32		len = 0;
		ActivityRow row;

		affinity_base_look_after(&work, 1);
		if (keep != NULL && !keep[i])
			continue;
		affinity_activity_view_key(view, i, &row.key);
		if (view->flat->ids == AFFINITY_ID_TEXT)
		{
			text = view->text + row.key.text.offset;
			len = row.key.text.len;
		}
		if (view->at != NULL)
			copy_events(set, reader, i, &row, text, len, zone);
		else
			copy_periods(set, reader, i, &row, text, len);
		if (view->flat->layout == LAYOUT_AMOUNTS)
			copy_amounts(set, view, i, &row, text, len);
	}
	affinity_activity_set_flush(set);
}
