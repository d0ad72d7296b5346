/*
 * coarsen.c
 *		coarsen: a state of days becomes one of months.
 */
#include "postgres.h"

#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "activity/set.h"

PG_FUNCTION_INFO_V1(affinity_activity_coarsen);

/* Whether every period of one unit lies within one of the other. */
static bool
divides(PeriodUnit fine, PeriodUnit coarse)
{
	if (fine == coarse || fine == UNIT_HOUR)
		return true;
	if (fine == UNIT_DAY)
		return coarse != UNIT_HOUR;
	if (fine == UNIT_MONTH)
		return coarse == UNIT_QUARTER || coarse == UNIT_YEAR;
	return fine == UNIT_QUARTER && coarse == UNIT_YEAR;
}

/* The period of the set's unit that a period is in. */
static uint32
coarse_period(const ActivitySet *set, const ActivityFlat *flat, uint32 period)
{
	Timestamp	start = affinity_calendar_period_start(flat->unit, period);

	return affinity_calendar_period_of_local(set->kind.unit, start);
}

/* Add a user's steps and start, where the state has them. */
static void
coarsen_amounts(ActivitySet *set, const ActivityView *view, uint32 user,
				ActivityRow *row, const char *text, uint32 len)
{
	uint32		from = view->steps ? view->step_offsets[user] : 0;
	uint32		to = view->steps ? view->step_offsets[user + 1] : 0;

	row->flags = ENTRY_STEP;
	for (uint32 i = from; i < to; i++)
	{
		row->period = coarse_period(set, view->flat, view->step_periods[i]);
		affinity_activity_set_add(set, row, text, len, view->steps[i]);
	}
	if (view->starts == NULL || view->starts[user] == NO_START)
		return;
	row->flags = ENTRY_START;
	row->period = coarse_period(set, view->flat, view->starts[user]);
	affinity_activity_set_add(set, row, text, len, 0);
}

/* Put all of a flat state's periods into a set of a coarser unit. */
static void
coarsen_into(ActivitySet *set, const ActivityFlat *flat)
{
	ActivityReader reader;
	const ActivityView *view = &reader.view;

	affinity_activity_reader_open(&reader, flat, NULL);
	reader.last_period = PG_UINT32_MAX;
	/* they come in the order of their hash: see affinity_activity_set_merge */
	affinity_activity_users_reserve(set, flat->n_users);
	for (uint32 i = 0; i < flat->n_users; i++)
	{
		const uint32 *periods;
		uint32		n = affinity_activity_reader_active(&reader, i, &periods);
		const char *text = NULL;
		uint32		len = 0;
		ActivityRow row;

		affinity_activity_view_key(view, i, &row.key);
		row.at = flat->first_at;
		row.flags = ENTRY_SUM;
		if (flat->ids == AFFINITY_ID_TEXT)
		{
			text = view->text + row.key.text.offset;
			len = row.key.text.len;
		}
		for (uint32 j = 0; j < n; j++)
		{
			row.period = coarse_period(set, flat, periods[j]);
			affinity_activity_set_add(set, &row, text, len, view->sums == NULL
									  ? 0 : view->sums[view->offsets[i] + j]);
		}
		if (flat->layout == LAYOUT_AMOUNTS)
			coarsen_amounts(set, view, i, &row, text, len);
	}
	affinity_activity_set_flush(set);
	set->first_at = flat->first_at;
	set->last_at = flat->last_at;
}

/* coarsen(activity, unit), coarsen(value, unit) */
Datum
affinity_activity_coarsen(PG_FUNCTION_ARGS)
{
	ActivityFlat *flat = affinity_activity_state_arg(fcinfo, 0);
	text	   *name = PG_GETARG_TEXT_PP(1);
	PeriodUnit	unit = affinity_calendar_unit(VARDATA_ANY(name),
											  VARSIZE_ANY_EXHDR(name));
	ActivityKind kind;
	ActivitySet *set;
	ActivityFlat *out;

	if (!divides(flat->unit, unit))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a state of unit %s cannot become one of unit %s",
						affinity_calendar_unit_name(flat->unit),
						affinity_calendar_unit_name(unit)),
				 errhint("Days make weeks, months, quarters and years; months make quarters and years.")));
	if (flat->layout == LAYOUT_EVENTS || unit == (PeriodUnit) flat->unit)
	{
		out = palloc(VARSIZE(flat));
		memcpy(out, flat, VARSIZE(flat));
		out->unit = unit;
		PG_RETURN_POINTER(out);
	}
	if (flat->counted == COUNTED_PRO_RATA)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a value of ranges counted pro rata cannot become one of another unit"),
				 errhint("Its shares are those of each %s. Aggregate the ranges by %s, with what is paid per %s.",
						 affinity_calendar_unit_name(flat->unit),
						 affinity_calendar_unit_name(unit),
						 affinity_calendar_unit_name(unit))));
	affinity_activity_flat_kind(flat, &kind);
	kind.unit = unit;
	set = affinity_activity_set_new(CurrentMemoryContext, &kind, true);
	coarsen_into(set, flat);
	out = affinity_activity_set_to_flat(set);
	MemoryContextDelete(set->cxt);
	PG_RETURN_POINTER(out);
}
