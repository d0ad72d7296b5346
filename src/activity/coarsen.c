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
		row.flags = 0;
		if (flat->ids == AFFINITY_ID_TEXT)
		{
			text = view->text + row.key.text.offset;
			len = row.key.text.len;
		}
		for (uint32 j = 0; j < n; j++)
		{
			Timestamp	start = affinity_calendar_period_start(flat->unit,
															   periods[j]);

			row.at = j == 0 ? flat->first_at : flat->last_at;
			row.period = affinity_calendar_period_of_local(set->kind.unit,
														   start);
			affinity_activity_set_add(set, &row, text, len, view->sums == NULL
									  ? 0 : view->sums[view->offsets[i] + j]);
		}
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
	affinity_activity_flat_kind(flat, &kind);
	kind.unit = unit;
	set = affinity_activity_set_new(CurrentMemoryContext, &kind, true);
	coarsen_into(set, flat);
	out = affinity_activity_set_to_flat(set);
	MemoryContextDelete(set->cxt);
	PG_RETURN_POINTER(out);
}
