/*
 * triangle.c
 *		The reports retention (a triangle of cohorts), retention_wide (a row
 *		per cohort) and retention_curve (all cohorts pooled).
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "kernel/stats.h"
#include "retention/retention.h"

PG_FUNCTION_INFO_V1(affinity_retention_triangle);
PG_FUNCTION_INFO_V1(affinity_retention_wide);
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
void
affinity_retention_put_rate(uint64 retained, uint64 eligible, Datum *values,
							bool *nulls)
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

/* A cohort as reports show it: the first local instant of its period. */
static Datum
cohort_start(const Report *report, const RetentionCohort *cohort)
{
	return TimestampGetDatum(affinity_calendar_period_start(report->options->cohort_unit,
															cohort->cohort));
}

/* One cell of the triangle, as a report shows it. */
typedef struct TriangleCell
{
	uint32		first;			/* offset */
	uint64		eligible;
	bool		complete;
} TriangleCell;

/* The cell of a column; false where the cohort's row has ended. */
static bool
cell_of(const Report *report, const RetentionCohort *cohort, uint32 column,
		TriangleCell *cell)
{
	uint32		reach = report->reader->last_period - cohort->cohort;
	uint32		last;

	column_offsets(report->options, column, &cell->first, &last);
	if (cell->first > report->options->max_period)
		return false;
	cell->eligible = cohort->size;
	if (cohort->eligible)
	{
		cell->eligible = cohort->eligible[column];
		if (cell->eligible == 0 && column > 0)
			return false;
		cell->complete = cell->eligible == cohort->size;
	}
	else if (cell->first > reach)
		return false;
	else
		cell->complete = last <= reach &&
			affinity_activity_reader_complete(report->reader,
											  cohort->cohort + last);
	if (report->options->previous && column > 0)
		cell->eligible = cohort->retained[column - 1];
	return true;
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
	TriangleCell cell;

	for (uint32 i = 0; i < cohort->n_columns &&
		 cell_of(report, cohort, i, &cell); i++)
	{
		Datum		values[N_COLUMNS];
		bool		nulls[N_COLUMNS] = {false};

		if (i % 1024 == 0)
			CHECK_FOR_INTERRUPTS();
		values[COHORT] = cohort_start(report, cohort);
		values[COHORT_SIZE] = Int64GetDatum((int64) cohort->size);
		values[PERIOD] = Int32GetDatum((int32) cell.first);
		values[PERIOD_START] = affinity_retention_period(report->reader,
														 cohort->cohort +
														 cell.first);
		nulls[PERIOD_START] = cohort->eligible != NULL;
		values[ELIGIBLE] = Int64GetDatum((int64) cell.eligible);
		values[RETAINED] = Int64GetDatum((int64) cohort->retained[i]);
		affinity_retention_put_rate(cohort->retained[i], cell.eligible,
									&values[RATE], &nulls[RATE]);
		values[COMPLETE] = BoolGetDatum(cell.complete);
		tuplestore_putvalues(report->rsinfo->setResult,
							 report->rsinfo->setDesc, values, nulls);
	}
}

/* An array of one dimension that is built from values, some of them NULL. */
static Datum
array_of(Datum *values, bool *nulls, uint32 n, Oid type, int16 size)
{
	int			dims[1];
	int			lower[1] = {1};

	dims[0] = (int) n;
	return PointerGetDatum(construct_md_array(values, nulls, 1, dims, lower,
											  type, size, size == 1 ? true :
											  FLOAT8PASSBYVAL,
											  size == 1 ? TYPALIGN_CHAR :
											  TYPALIGN_DOUBLE));
}

/* The columns of retention_wide: cohort, cohort_size, and an array of each. */
static void
emit_wide(void *arg, const RetentionCohort *cohort)
{
	Report	   *report = arg;
	uint32		cap = cohort->n_columns;
	Datum	   *users = affinity_base_array(cap, sizeof(Datum));
	Datum	   *rates = affinity_base_array(cap, sizeof(Datum));
	Datum	   *complete = affinity_base_array(cap, sizeof(Datum));
	bool	   *none = affinity_base_array(cap, sizeof(bool));
	Datum		values[5];
	bool		nulls[5] = {false};
	uint32		n = 0;
	TriangleCell cell;

	for (; n < cap && cell_of(report, cohort, n, &cell); n++)
	{
		affinity_base_look_up(n);
		users[n] = Int64GetDatum((int64) cohort->retained[n]);
		none[n] = cell.eligible == 0;
		rates[n] = Float8GetDatum(none[n] ? 0 : (double) cohort->retained[n] /
								  (double) cell.eligible);
		complete[n] = BoolGetDatum(cell.complete);
	}
	values[0] = cohort_start(report, cohort);
	values[1] = Int64GetDatum((int64) cohort->size);
	values[2] = array_of(users, NULL, n, INT8OID, 8);
	values[3] = array_of(rates, none, n, FLOAT8OID, 8);
	values[4] = array_of(complete, NULL, n, BOOLOID, 1);
	tuplestore_putvalues(report->rsinfo->setResult, report->rsinfo->setDesc,
						 values, nulls);
	for (int i = 2; i < 5; i++)
		pfree(DatumGetPointer(values[i]));
	pfree(users);
	pfree(rates);
	pfree(complete);
	pfree(none);
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
	.from = 7, .before = 8, .rolling = 9, .every = 10, .cohort_unit = 11, .from_nth = 12
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
 * max_period, cohorts_from, cohorts_before, rolling, every, cohort_unit,
 * from_nth)
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

/* retention_wide(the same arguments) */
Datum
affinity_retention_wide(PG_FUNCTION_ARGS)
{
	Report		report;
	ActivityReader reader;
	RetentionOptions options;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	open_report(fcinfo, &report, &reader, &options);
	affinity_retention_count(&reader, &options, emit_wide, &report);
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
		affinity_retention_put_rate(report.retained[i], report.eligible[i],
									&values[4], &nulls[4]);
		tuplestore_putvalues(report.rsinfo->setResult, report.rsinfo->setDesc,
							 values, nulls);
	}
	return (Datum) 0;
}
