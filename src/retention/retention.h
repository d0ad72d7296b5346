/*
 * retention.h
 *		The retention reports: their options and the counting of cohorts.
 *		Private to the room.
 */
#ifndef AFFINITY_RETENTION_H
#define AFFINITY_RETENTION_H

#include "postgres.h"

#include "fmgr.h"
#include "utils/timestamp.h"

#include "activity/activity.h"

typedef enum RetentionMode
{
	MODE_FIRST_EVER,
	MODE_FIRST_IN_RANGE,
	MODE_RECURRING
} RetentionMode;

typedef enum RetentionCriterion
{
	CRITERION_ON,
	CRITERION_ON_OR_AFTER,
	CRITERION_ON_OR_BEFORE,
	CRITERION_STREAK,
	CRITERION_BRACKET
} RetentionCriterion;

typedef struct RetentionOptions
{
	RetentionMode mode;
	RetentionCriterion criterion;
	int64		rolling;		/* us of a rolling period; 0: calendar ones */
	uint32		every_days;		/* or days of a period from the day of the */
	uint32		every_months;	/* start on, or months; 0: neither */
	PeriodUnit	cohort_unit;	/* the state's, or a coarser one with those */
	uint32		from_nth;		/* which of the user's starts counts, from 1 */
	bool		previous;		/* rates are of the period before */
	uint32		max_period;		/* report no later one */
	uint32		first_cohort;	/* periods; the range of cohorts */
	uint32		last_cohort;
	int			n_brackets;
	uint32	   *bracket_start;	/* n_brackets + 1 offsets, from 1 on */
} RetentionOptions;

/* Which arguments of a call the options are; 0: it has none. */
typedef struct RetentionArgs
{
	int			mode;
	int			criterion;
	int			brackets;
	int			denominator;
	int			max_period;
	int			from;
	int			before;
	int			rolling;
	int			every;
	int			cohort_unit;
	int			from_nth;
} RetentionArgs;

/* Whether periods are each user's own, so that each column has its users. */
static inline bool
affinity_retention_own_periods(const RetentionOptions *options)
{
	return options->rolling > 0 || options->every_days > 0 ||
		options->every_months > 0;
}

/* One cohort, counted. */
typedef struct RetentionCohort
{
	uint32		cohort;			/* period */
	uint64		size;
	uint32		n_columns;
	const uint32 *retained;		/* by column: offset, or bracket from 1 on */
	const uint32 *eligible;		/* by column where rolling, else NULL */
} RetentionCohort;

typedef void (*RetentionEmit) (void *arg, const RetentionCohort *cohort);

/* options.c */
extern int	affinity_retention_choice_arg(FunctionCallInfo fcinfo, int arg,
										  const char *option,
										  const char *const *choices,
										  int n_choices);
extern void affinity_retention_options(FunctionCallInfo fcinfo,
									   const ActivityFlat *flat,
									   const RetentionArgs *args,
									   RetentionOptions *options);
extern void affinity_retention_cohort_options(FunctionCallInfo fcinfo,
											  const ActivityFlat *flat,
											  int max_period,
											  int from, int before,
											  RetentionOptions *options);

/* A period as reports show it: its first local instant. */
static inline Datum
affinity_retention_period(const ActivityReader *reader, uint32 period)
{
	return TimestampGetDatum(affinity_calendar_period_start(reader->clock.unit,
															period));
}

/* Whether a period is over, as reports show it. */
static inline Datum
affinity_retention_complete(const ActivityReader *reader, uint32 period)
{
	return BoolGetDatum(affinity_activity_reader_complete(reader, period));
}

/* count.c */
extern void affinity_retention_count(ActivityReader *reader,
									 const RetentionOptions *options,
									 RetentionEmit emit, void *arg);

/* triangle.c */
extern void affinity_retention_put_rate(uint64 retained, uint64 eligible,
										Datum *values, bool *nulls);

/* lifecycle.c */
extern uint32 affinity_retention_window_arg(FunctionCallInfo fcinfo, int arg,
											PeriodUnit unit, int32 of_days,
											bool both, const char *needs);

#endif							/* AFFINITY_RETENTION_H */
