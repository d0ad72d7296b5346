/*
 * members.c
 *		Who the users of a cell are: cohort_members of a cell of retention,
 *		lifecycle_members of one of lifecycle, churned_members of one of
 *		active_users. As many as the report counts.
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/timestamp.h"

#include "retention/member.h"

PG_FUNCTION_INFO_V1(affinity_retention_cohort_members);
PG_FUNCTION_INFO_V1(affinity_retention_lifecycle_members);
PG_FUNCTION_INFO_V1(affinity_retention_churned_members);

/* Users that are gathered from a state. */
typedef struct Gathered
{
	ActivityFlat *flat;
	Oid			type;			/* in which ids are wanted */
	uint32	   *users;
	uint32		n;
} Gathered;

/* False where the activity is NULL: then there are no rows. */
static bool
begin_members(FunctionCallInfo fcinfo, Gathered *gathered)
{
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	if (PG_ARGISNULL(0))
		return false;
	gathered->flat = affinity_activity_arg(fcinfo, 0);
	gathered->type = affinity_retention_ids_arg(fcinfo, 1, gathered->flat);
	gathered->users = affinity_base_array(gathered->flat->n_users,
										  sizeof(uint32));
	gathered->n = 0;
	return true;
}

static Datum
end_members(FunctionCallInfo fcinfo, const ActivityReader *reader,
			Gathered *gathered)
{
	affinity_retention_put_ids((ReturnSetInfo *) fcinfo->resultinfo,
							   &reader->view, gathered->type, gathered->users,
							   gathered->n);
	return (Datum) 0;
}

/* The report's as_of at the argument given. */
static void
open_reader(FunctionCallInfo fcinfo, int arg, const ActivityFlat *flat,
			ActivityReader *reader)
{
	affinity_activity_reader_open(reader, flat, PG_ARGISNULL(arg) ? NULL :
								  (Moment *) PG_GETARG_POINTER(arg));
}

/* The period that contains the time given as an argument. */
static uint32
period_arg(FunctionCallInfo fcinfo, int arg, const char *name, PeriodUnit unit,
		   const ActivityFlat *flat)
{
	Timestamp	local;

	affinity_base_check_not_null(fcinfo, arg, name);
	local = affinity_activity_local_arg(fcinfo, arg, flat);
	if (TIMESTAMP_NOT_FINITE(local))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be finite", name),
				 errhint("Pass the start of the period, as the report shows it.")));
	return affinity_calendar_period_of_local(unit, local);
}

/* ---- cells of retention ------------------------------------------------- */

/* The cell: a cohort, and the offsets of a column. */
typedef struct Cell
{
	uint32		cohort;
	uint32		first;
	uint32		last;
	bool		any;			/* whether or not they came back */
	bool		retained;
} Cell;

/* The offsets that a period is reported with: of a bracket all. */
static void
read_cell_period(FunctionCallInfo fcinfo, int arg,
				 const RetentionOptions *options, Cell *cell)
{
	int64		period;
	int			bracket = 0;

	affinity_base_check_not_null(fcinfo, arg, "period");
	period = PG_GETARG_INT64(arg);
	if (period < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("period must not be negative, but is %lld",
						(long long) period),
				 errhint("Pass the column period of retention; 0 is the cohort's own.")));
	cell->first = cell->last = (uint32) affinity_base_count_arg(period);
	if (options->criterion != CRITERION_BRACKET || period == 0)
		return;
	while (bracket < options->n_brackets &&
		   cell->first >= options->bracket_start[bracket + 1])
		bracket++;
	if (bracket == options->n_brackets)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("period %lld is behind the last bracket",
						(long long) period),
				 errhint("The brackets end with period %u; pass one up to it.",
						 options->bracket_start[bracket] - 1)));
	cell->first = options->bracket_start[bracket];
	cell->last = options->bracket_start[bracket + 1] - 1;
}

/* Whether an ascending list of returns has an offset from first to last. */
static bool
returned_between(const RetentionMember *member, uint32 first, uint32 last)
{
	uint32		from = 0;
	uint32		to = member->n_returns;

	while (from < to)
	{
		uint32		middle = from + (to - from) / 2;

		if (member->returns[middle] - member->base < first)
			from = middle + 1;
		else
			to = middle;
	}
	return from < member->n_returns &&
		member->returns[from] - member->base <= last;
}

/* Whether a member whose time for the cell is over came back: count.c's rules. */
static bool
came_back(const RetentionRoster *roster, const RetentionMember *member,
		  const Cell *cell)
{
	const uint32 *returns = member->returns;
	uint32		n = member->n_returns;
	uint32		streak = 0;

	if (cell->first == 0)
		return member->own ||
			(n > 0 && roster->options->criterion == CRITERION_ON_OR_AFTER);
	switch (roster->options->criterion)
	{
		case CRITERION_ON:
		case CRITERION_BRACKET:
			return returned_between(member, cell->first, cell->last);
		case CRITERION_ON_OR_AFTER:
			return n > 0 && returns[n - 1] - member->base >= cell->first;
		case CRITERION_ON_OR_BEFORE:
			if (member->own &&
				roster->reader->view.flat->layout == LAYOUT_EVENTS)
				return true;
			return n > 0 && *returns - member->base <= cell->first;
		case CRITERION_STREAK:
			while (streak < n && streak < cell->first &&
				   returns[streak] - member->base == streak + 1)
				streak++;
			return streak == cell->first;
	}
	pg_unreachable();
}

/* Whether a user is among those who are wanted. */
static bool
is_in_cell(RetentionRoster *roster, const Cell *cell, uint32 user_no)
{
	ActivityUser user;
	RetentionMember member;
	uint32		from;
	uint32		to;

	affinity_activity_reader_user(roster->reader, user_no, &user);
	affinity_retention_member_range(roster, &user, &from, &to);
	while (from < to && affinity_retention_cohort_of(roster, user.starts[from]) <
		   cell->cohort)
		from++;
	if (from == to || affinity_retention_cohort_of(roster, user.starts[from]) !=
		cell->cohort)
		return false;
	affinity_retention_open_member(roster, user_no, &user, from, &member);
	if (cell->last >= member.limit)
		return false;
	return cell->any || came_back(roster, &member, cell) == cell->retained;
}

/*
 * cohort_members(activity, id_type, cohort, period, retained, as_of, mode,
 * criterion, brackets, cohorts_from, cohorts_before, rolling, every,
 * cohort_unit, from_nth)
 */
Datum
affinity_retention_cohort_members(PG_FUNCTION_ARGS)
{
	static const RetentionArgs arguments = {
		.mode = 6, .criterion = 7, .brackets = 8, .from = 9, .before = 10,
		.rolling = 11, .every = 12, .cohort_unit = 13, .from_nth = 14
	};
	Gathered	gathered;
	ActivityReader reader;
	RetentionOptions options;
	RetentionRoster roster;
	Cell		cell;

	if (!begin_members(fcinfo, &gathered))
		return (Datum) 0;
	affinity_retention_options(fcinfo, gathered.flat, &arguments, &options);
	cell.cohort = period_arg(fcinfo, 2, "cohort", options.cohort_unit,
							 gathered.flat);
	read_cell_period(fcinfo, 3, &options, &cell);
	cell.any = PG_ARGISNULL(4);
	cell.retained = !cell.any && PG_GETARG_BOOL(4);
	open_reader(fcinfo, 5, gathered.flat, &reader);
	if (!affinity_retention_open_roster(&roster, &reader, &options) ||
		cell.cohort < roster.first_cohort ||
		cell.cohort > roster.last_cohort)
		return (Datum) 0;
	/* a period after that of as_of is in no report */
	if (!affinity_retention_own_periods(&options) &&
		cell.first > reader.last_period - cell.cohort)
		return (Datum) 0;
	for (uint32 i = 0; i < gathered.flat->n_users; i++)
	{
		if (i % 1024 == 0)
			CHECK_FOR_INTERRUPTS();
		if (is_in_cell(&roster, &cell, i))
			gathered.users[gathered.n++] = i;
	}
	return end_members(fcinfo, &reader, &gathered);
}

/* ---- cells of lifecycle and active_users --------------------------------- */

typedef enum LifecycleState
{
	LIFECYCLE_ACTIVE,
	LIFECYCLE_NEW,
	LIFECYCLE_RETURNING,
	LIFECYCLE_RESURRECTING,
	LIFECYCLE_DORMANT
} LifecycleState;

static const char *const lifecycle_states[] = {
	"active", "new", "returning", "resurrecting", "dormant"
};

/* How many of ascending periods are before the one given. */
static uint32
periods_before(const uint32 *periods, uint32 n, uint32 period)
{
	uint32		from = 0;

	while (from < n)
	{
		uint32		middle = from + (n - from) / 2;

		if (periods[middle] < period)
			from = middle + 1;
		else
			n = middle;
	}
	return from;
}

/* Whether a user with these active periods is of a state in one of them. */
static bool
is_of_state(LifecycleState state, const uint32 *periods, uint32 n,
			uint32 period)
{
	uint32		before = periods_before(periods, n, period);
	bool		active = before < n && periods[before] == period;
	bool		active_before = before > 0 && periods[before - 1] + 1 == period;

	switch (state)
	{
		case LIFECYCLE_ACTIVE:
			return active;
		case LIFECYCLE_NEW:
			return active && before == 0;
		case LIFECYCLE_RETURNING:
			return active && active_before;
		case LIFECYCLE_RESURRECTING:
			return active && before > 0 && !active_before;
		case LIFECYCLE_DORMANT:
			return !active && active_before;
	}
	pg_unreachable();
}

/* lifecycle_members(activity, id_type, period, state, as_of) */
Datum
affinity_retention_lifecycle_members(PG_FUNCTION_ARGS)
{
	Gathered	gathered;
	ActivityReader reader;
	LifecycleState state;
	uint32		period;

	if (!begin_members(fcinfo, &gathered))
		return (Datum) 0;
	period = period_arg(fcinfo, 2, "period", gathered.flat->unit,
						gathered.flat);
	state = affinity_retention_choice_arg(fcinfo, 3, "state", lifecycle_states,
										  lengthof(lifecycle_states));
	open_reader(fcinfo, 4, gathered.flat, &reader);
	if (period > reader.last_period)
		return (Datum) 0;
	for (uint32 i = 0; i < gathered.flat->n_users; i++)
	{
		const uint32 *periods;
		uint32		n;

		if (i % 1024 == 0)
			CHECK_FOR_INTERRUPTS();
		n = affinity_activity_reader_active(&reader, i, &periods);
		if (is_of_state(state, periods, n, period))
			gathered.users[gathered.n++] = i;
	}
	return end_members(fcinfo, &reader, &gathered);
}

/* churned_members(activity, id_type, period, as_of, long_window) */
Datum
affinity_retention_churned_members(PG_FUNCTION_ARGS)
{
	Gathered	gathered;
	ActivityReader reader;
	uint32		period;
	uint32		window;

	if (!begin_members(fcinfo, &gathered))
		return (Datum) 0;
	period = period_arg(fcinfo, 2, "period", gathered.flat->unit,
						gathered.flat);
	window = affinity_retention_window_arg(fcinfo, 4, gathered.flat->unit, 28,
										   false,
										   "churned_members needs long_window");
	open_reader(fcinfo, 3, gathered.flat, &reader);
	if (period > reader.last_period)
		return (Datum) 0;
	for (uint32 i = 0; i < gathered.flat->n_users; i++)
	{
		const uint32 *periods;
		uint32		n;
		uint32		before;

		if (i % 1024 == 0)
			CHECK_FOR_INTERRUPTS();
		n = affinity_activity_reader_active(&reader, i, &periods);
		before = periods_before(periods, n, period);
		if ((before == n || periods[before] != period) && before > 0 &&
			period - periods[before - 1] == window)
			gathered.users[gathered.n++] = i;
	}
	return end_members(fcinfo, &reader, &gathered);
}
