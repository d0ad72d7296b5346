/*
 * triangle.c
 *		The reports retention (a triangle of cohorts) and retention_curve (all
 *		cohorts pooled).
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "kernel/stats.h"
#include "retention/retention.h"

PG_FUNCTION_INFO_V1(affinity_retention_triangle);
PG_FUNCTION_INFO_V1(affinity_retention_curve);

typedef struct Report
{
	ReturnSetInfo *rsinfo;
	ActivityReader *reader;
	const RetentionOptions *options;

	/* the curve: sums over complete cells, by column */
	uint32		n_columns;
	uint64	   *cohorts;
	uint64	   *eligible;
	uint64	   *retained;
} Report;

/*
 * A rate with the bounds of its 95 % interval (Wilson's); NULL where they
 * have no meaning.
 */
static void
put_rate(uint64 retained, uint64 eligible, Datum *values, bool *nulls)
{
	double		rate = 0;
	double		lower = 0;
	double		upper = 0;
	bool		bounded;

	bounded = affinity_kernel_wilson(retained, eligible, AFFINITY_Z_95, &lower,
									 &upper);
	if (eligible > 0)
		rate = (double) retained / (double) eligible;
	nulls[0] = eligible == 0;
	nulls[1] = nulls[2] = !bounded;
	values[0] = Float8GetDatum(rate);
	values[1] = Float8GetDatum(lower);
	values[2] = Float8GetDatum(upper);
}

/* The offsets a column stands for; only brackets have more than one. */
static void
column_offsets(const RetentionOptions *options, uint32 column, uint32 *first,
			   uint32 *last)
{
	*first = *last = column;
	if (options->criterion != CRITERION_BRACKET || column == 0)
		return;
	*first = options->bracket_start[column - 1];
	*last = options->bracket_start[column] - 1;
}

/* Columns of retention, as in sql/install/41-retention.sql. */
enum
{
	COHORT,
	COHORT_SIZE,
	PERIOD,
	PERIOD_START,
	ELIGIBLE,
	RETAINED,
	RATE,						/* and its bounds, low and high */
	COMPLETE = RATE + 3,
	N_COLUMNS
};

static void
emit_cohort(void *arg, const RetentionCohort *cohort)
{
	Report	   *report = arg;
	uint32		reach = report->reader->last_period - cohort->cohort;
	uint64		eligible = cohort->size;

	for (uint32 i = 0; i < cohort->n_columns; i++)
	{
		Datum		values[N_COLUMNS];
		bool		nulls[N_COLUMNS] = {false};
		uint32		first,
					last;
		bool		complete;

		column_offsets(report->options, i, &first, &last);
		if (first > report->options->max_period)
			break;
		if (i % 1024 == 0)
			CHECK_FOR_INTERRUPTS();
		if (cohort->eligible)
		{
			eligible = cohort->eligible[i];
			if (eligible == 0 && i > 0)
				break;
			complete = eligible == cohort->size;
		}
		else if (first > reach)
			break;
		else
			complete = last <= reach &&
				affinity_activity_reader_complete(report->reader,
												  cohort->cohort + last);
		if (report->options->previous && i > 0)
			eligible = cohort->retained[i - 1];
		values[COHORT] = affinity_retention_period(report->reader, cohort->cohort);
		values[COHORT_SIZE] = Int64GetDatum((int64) cohort->size);
		values[PERIOD] = Int32GetDatum((int32) first);
		values[PERIOD_START] = affinity_retention_period(report->reader,
														 cohort->cohort + first);
		nulls[PERIOD_START] = cohort->eligible != NULL;
		values[ELIGIBLE] = Int64GetDatum((int64) eligible);
		values[RETAINED] = Int64GetDatum((int64) cohort->retained[i]);
		put_rate(cohort->retained[i], eligible, &values[RATE], &nulls[RATE]);
		values[COMPLETE] = BoolGetDatum(complete);
		tuplestore_putvalues(report->rsinfo->setResult,
							 report->rsinfo->setDesc, values, nulls);
	}
}

/* Add a cohort's complete cells to the curve. */
static void
pool_cohort(void *arg, const RetentionCohort *cohort)
{
	Report	   *report = arg;
	uint32		reach = report->reader->last_period - cohort->cohort;
	uint64		eligible = cohort->size;

	if (cohort->n_columns > report->n_columns)
	{
		Size		old = report->n_columns * sizeof(uint64);
		Size		size = cohort->n_columns * sizeof(uint64);
		uint64	  **sums[3];

		sums[0] = &report->cohorts;
		sums[1] = &report->eligible;
		sums[2] = &report->retained;
		for (int i = 0; i < 3; i++)
		{
			*sums[i] = *sums[i] ? repalloc_huge(*sums[i], size)
				: MemoryContextAllocHuge(CurrentMemoryContext, size);
			affinity_base_zero((char *) *sums[i] + old, size - old);
		}
		report->n_columns = cohort->n_columns;
	}
	for (uint32 i = 0; i < cohort->n_columns; i++)
	{
		uint32		first,
					last;

		affinity_base_look_up(i);
		column_offsets(report->options, i, &first, &last);
		if (first > report->options->max_period)
			break;
		if (cohort->eligible)
			eligible = cohort->eligible[i];
		else if (last > reach ||
				 !affinity_activity_reader_complete(report->reader,
													cohort->cohort + last))
			break;
		if (cohort->eligible && eligible == 0)
			break;
		if (report->options->previous && i > 0)
			eligible = cohort->retained[i - 1];
		report->cohorts[i]++;
		report->eligible[i] += eligible;
		report->retained[i] += cohort->retained[i];
	}
}

/* Where retention and its like have their arguments. */
static const RetentionArgs arguments = {
	.mode = 2, .criterion = 3, .brackets = 4, .denominator = 5, .max_period = 6,
	.from = 7, .before = 8, .rolling = 9
};

static void
open_report(FunctionCallInfo fcinfo, Report *report, ActivityReader *reader,
			RetentionOptions *options)
{
	ActivityFlat *flat = affinity_activity_arg(fcinfo, 0);

	memset(report, 0, sizeof(Report));
	affinity_retention_options(fcinfo, flat, &arguments, options);
	affinity_activity_reader_begin(fcinfo, reader, flat);
	report->rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	report->reader = reader;
	report->options = options;
}

/*
 * retention(activity, as_of, mode, criterion, brackets, denominator,
 * max_period, cohorts_from, cohorts_before, rolling)
 */
Datum
affinity_retention_triangle(PG_FUNCTION_ARGS)
{
	Report		report;
	ActivityReader reader;
	RetentionOptions options;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	open_report(fcinfo, &report, &reader, &options);
	affinity_retention_count(&reader, &options, emit_cohort, &report);
	return (Datum) 0;
}

/* retention_curve(the same arguments) */
Datum
affinity_retention_curve(PG_FUNCTION_ARGS)
{
	Report		report;
	ActivityReader reader;
	RetentionOptions options;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	open_report(fcinfo, &report, &reader, &options);
	affinity_retention_count(&reader, &options, pool_cohort, &report);
	for (uint32 i = 0; i < report.n_columns && report.cohorts[i] > 0; i++)
	{
		Datum		values[7];
		bool		nulls[7] = {false};
		uint32		first,
					last;

		if (i % 1024 == 0)
			CHECK_FOR_INTERRUPTS();
		column_offsets(&options, i, &first, &last);
		values[0] = Int32GetDatum((int32) first);
		values[1] = Int64GetDatum((int64) report.cohorts[i]);
		values[2] = Int64GetDatum((int64) report.eligible[i]);
		values[3] = Int64GetDatum((int64) report.retained[i]);
		put_rate(report.retained[i], report.eligible[i], &values[4],
				 &nulls[4]);
		tuplestore_putvalues(report.rsinfo->setResult, report.rsinfo->setDesc,
							 values, nulls);
	}
	return (Datum) 0;
}
