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
	PeriodMonths within = affinity_calendar_months(fine);
	PeriodMonths months = affinity_calendar_months(coarse);

	if (fine == coarse || fine == UNIT_HOUR)
		return true;
	if (fine == UNIT_DAY)
		return coarse != UNIT_HOUR;
	return within.n > 0 && months.n > within.n &&
		(months.first - within.first) % within.n == 0;
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
	ActivityReader reader;
	ActivitySet *set;
	ActivityFlat *out;

	if (!divides(flat->unit, unit))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a state of unit %s cannot become one of unit %s",
						affinity_calendar_unit_name(flat->unit),
						affinity_calendar_unit_name(unit)),
				 errhint("Days make weeks, months, quarters and years; months make quarters and years; quarters make years that begin with one.")));
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
	affinity_activity_reader_open(&reader, flat, NULL);
	affinity_activity_copy_users(set, &reader, NULL, NULL);
	set->first_at = flat->first_at;
	set->last_at = flat->last_at;
	out = affinity_activity_set_to_flat(set);
	MemoryContextDelete(set->cxt);
	PG_RETURN_POINTER(out);
}
