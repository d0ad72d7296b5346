/*
 * options.c
 *		Reading and checking the named arguments of the retention reports.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "retention/retention.h"

static const char *const modes[] = {
	"first_ever", "first_in_range", "recurring"
};
static const char *const criteria[] = {
	"on", "on_or_after", "on_or_before", "streak", "bracket"
};
static const char *const denominators[] = {"total", "previous"};

/* Whether a call has an argument at all, and it is not NULL. */
static bool
is_given(FunctionCallInfo fcinfo, int arg)
{
	return arg != 0 && !PG_ARGISNULL(arg);
}

/*
 * The place of an argument, in any case, among the choices of an option; 0
 * where it is not given.
 */
int
affinity_retention_choice_arg(FunctionCallInfo fcinfo, int arg,
							  const char *option,
							  const char *const *choices, int n_choices)
{
	StringInfoData list;
	char	   *value;

	if (!is_given(fcinfo, arg))
		return 0;
	value = text_to_cstring(PG_GETARG_TEXT_PP(arg));
	for (int i = 0; i < n_choices; i++)
		if (pg_strcasecmp(value, choices[i]) == 0)
			return i;
	initStringInfo(&list);
	for (int i = 0; i < n_choices; i++)
		appendStringInfo(&list, "%s%s", i == 0 ? "" : ", ", choices[i]);
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown %s: \"%.100s\"", option, value),
			 errhint("Choose one of: %s.", list.data)));
	return 0;
}

/*
 * Sizes of brackets to where they begin: {1,3,7} gives 1, 2, 5 and the end
 * 12.
 */
static void
read_brackets(FunctionCallInfo fcinfo, int arg, RetentionOptions *options)
{
	ArrayType  *array;
	Datum	   *sizes;
	bool	   *nulls;
	int64		start = 1;

	if (PG_ARGISNULL(arg) != (options->criterion != CRITERION_BRACKET))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("brackets and criterion \"bracket\" go together"),
				 errhint("For example criterion => 'bracket', brackets => '{1,3,7}': periods 1, 2 to 4, 5 to 11.")));
	if (PG_ARGISNULL(arg))
		return;
	array = PG_GETARG_ARRAYTYPE_P(arg);
	deconstruct_array(array, INT8OID, sizeof(int64), FLOAT8PASSBYVAL,
					  TYPALIGN_DOUBLE, &sizes, &nulls, &options->n_brackets);
	options->bracket_start = palloc(sizeof(uint32) *
									((Size) options->n_brackets + 1));
	for (int i = 0; i < options->n_brackets; i++)
	{
		options->bracket_start[i] = (uint32) start;
		if (!nulls[i] && DatumGetInt64(sizes[i]) > 0)
			start += affinity_base_count_arg(DatumGetInt64(sizes[i]));
		else
			start = (int64) PG_INT32_MAX + 1;
		if (start > PG_INT32_MAX)
			break;
	}
	if (options->n_brackets == 0 || start > PG_INT32_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("brackets must be positive numbers of periods"),
				 errhint("For example '{1,3,7}': periods 1, 2 to 4, 5 to 11.")));
	options->bracket_start[options->n_brackets] = (uint32) start;
}

/* Outside of these are no local times: what an infinite bound stands for. */
#define EARLIEST_COHORT (MIN_TIMESTAMP - AFFINITY_ZONE_REACH)
#define LATEST_COHORT (END_TIMESTAMP + AFFINITY_ZONE_REACH)

/* The first period that does not start before a local time. */
static uint32
first_period_from(PeriodUnit unit, Timestamp start)
{
	uint32		period;

	start = Min(start, LATEST_COHORT);
	period = affinity_calendar_period_of_local(unit, start);
	return affinity_calendar_period_start(unit, period) < start ? period + 1
		: period;
}

/* The range of cohorts: local times, of which whole periods are taken. */
static void
read_range(FunctionCallInfo fcinfo, const ActivityFlat *flat, int from,
		   int before, RetentionOptions *options)
{
	options->first_cohort = 0;
	options->last_cohort = PG_UINT32_MAX;
	if (is_given(fcinfo, from))
	{
		Timestamp	start = affinity_activity_local_arg(fcinfo, from, flat);

		if (!TIMESTAMP_IS_NOBEGIN(start))
			options->first_cohort = first_period_from(options->cohort_unit, start);
	}
	if (is_given(fcinfo, before))
	{
		Timestamp	end = affinity_activity_local_arg(fcinfo, before, flat);

		if (!TIMESTAMP_IS_NOEND(end))
			options->last_cohort =
				affinity_calendar_period_of_local(options->cohort_unit,
												  Max(end, EARLIEST_COHORT) - 1);
	}
}

/* Rates of the period before are of calendar periods, which all have. */
static void
check_denominator(const RetentionOptions *options)
{
	if (options->previous)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("denominator \"previous\" needs calendar periods"),
				 errhint("In rolling periods each one has its own eligible users.")));
}

/* Rolling periods count from each user's own start, so they need its time. */
static void
read_rolling(const ActivityFlat *flat, RetentionOptions *options)
{
	if (flat->layout != LAYOUT_EVENTS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("rolling periods need the times of the events"),
				 errhint("Aggregate with is_start and is_return: affinity.activity_agg(user_id, at, 'day', NULL, true, true).")));
	if (flat->unit == UNIT_HOUR)
		options->rolling = AFFINITY_HOUR_US;
	else if (flat->unit == UNIT_DAY)
		options->rolling = AFFINITY_DAY_US;
	else if (affinity_calendar_is_week(flat->unit))
		options->rolling = 7 * AFFINITY_DAY_US;
	else
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a %s has no fixed length to roll by",
						affinity_calendar_unit_name(flat->unit)),
				 errhint("Aggregate by hour, day or week.")));
	check_denominator(options);
}

/*
 * Periods of so many days or months from the day of each user's start, and
 * the calendar unit by which their cohorts are put together.
 */
static void
read_every(FunctionCallInfo fcinfo, int arg, const ActivityFlat *flat,
		   RetentionOptions *options)
{
	const Interval *every = PG_GETARG_INTERVAL_P(arg);

	if (flat->unit != UNIT_DAY)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("periods from each user's own day need a state of days, but this is one of unit %s",
						affinity_calendar_unit_name(flat->unit)),
				 errhint("Aggregate by day: affinity.activity_agg(user_id, at, 'day').")));
	if (options->rolling > 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("every and rolling do not go together"),
				 errhint("every counts whole days from the day of the start; rolling counts 24 hours from its very time. Leave one of them out.")));
	check_denominator(options);
	if (every->time != 0 || every->month < 0 || every->day < 0 ||
		(every->month > 0) == (every->day > 0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("every must be a number of days or of months"),
				 errhint("For example every => '7 days', '1 month', '3 months' or '1 year'.")));
	options->every_days = every->day;
	options->every_months = every->month;
	options->cohort_unit = every->day > 0 ?
		(every->day % 7 == 0 ? UNIT_WEEK_MONDAY : UNIT_DAY) :
		every->month % 12 == 0 ? UNIT_YEAR :
		every->month % 3 == 0 ? UNIT_QUARTER : UNIT_MONTH;
}

static void
read_cohort_unit(FunctionCallInfo fcinfo, int arg, RetentionOptions *options)
{
	text	   *name = PG_GETARG_TEXT_PP(arg);

	if (options->every_days == 0 && options->every_months == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("cohort_unit needs periods of each user's own"),
				 errhint("Say how long they are, for example every => '1 day', on a state of days.")));
	options->cohort_unit = affinity_calendar_unit(VARDATA_ANY(name),
												  VARSIZE_ANY_EXHDR(name));
	if (options->cohort_unit == UNIT_HOUR)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("cohorts of a state of days cannot be by hour"),
				 errhint("Choose day, week, month, quarter or year.")));
}

/* Which of a user's starts counts. */
static uint32
read_nth(FunctionCallInfo fcinfo, int arg)
{
	int64		nth = is_given(fcinfo, arg) ? PG_GETARG_INT64(arg) : 1;

	if (nth < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("from_nth must be at least 1, but is %lld",
						(long long) nth),
				 errhint("1 is a user's first period with a start, 2 the second one.")));
	return (uint32) affinity_base_count_arg(nth);
}

/*
 * What every report by cohorts has: max_period and the range of cohorts, at
 * the places given.
 */
void
affinity_retention_cohort_options(FunctionCallInfo fcinfo,
								  const ActivityFlat *flat,
								  int max_period, int from, int before,
								  RetentionOptions *options)
{
	if (options->cohort_unit == 0)
		options->cohort_unit = flat->unit;
	options->max_period = PG_INT32_MAX;
	if (is_given(fcinfo, max_period))
	{
		int64		period = PG_GETARG_INT64(max_period);

		if (period < 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("max_period must not be negative, but is %lld",
							(long long) period),
					 errhint("Pass the last period to report; 0 is the cohort's own.")));
		options->max_period = (uint32) affinity_base_count_arg(period);
	}
	read_range(fcinfo, flat, from, before, options);
}

/* The options of a call whose arguments are at the places given. */
void
affinity_retention_options(FunctionCallInfo fcinfo, const ActivityFlat *flat,
						   const RetentionArgs *args,
						   RetentionOptions *options)
{
	memset(options, 0, sizeof(RetentionOptions));
	options->mode = affinity_retention_choice_arg(fcinfo, args->mode, "mode",
												  modes, lengthof(modes));
	options->criterion = affinity_retention_choice_arg(fcinfo, args->criterion,
													   "criterion", criteria,
													   lengthof(criteria));
	read_brackets(fcinfo, args->brackets, options);
	options->previous = affinity_retention_choice_arg(fcinfo,
													  args->denominator,
													  "denominator",
													  denominators,
													  lengthof(denominators)) == 1;
	options->from_nth = read_nth(fcinfo, args->from_nth);
	if (is_given(fcinfo, args->rolling) && PG_GETARG_BOOL(args->rolling))
		read_rolling(flat, options);
	if (is_given(fcinfo, args->every))
		read_every(fcinfo, args->every, flat, options);
	if (is_given(fcinfo, args->cohort_unit))
		read_cohort_unit(fcinfo, args->cohort_unit, options);
	affinity_retention_cohort_options(fcinfo, flat, args->max_period,
									  args->from, args->before, options);
}
