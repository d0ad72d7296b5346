/*
 * report.c
 *		uplift_by_decile(): rows in order of their score, in parts of about the
 *		same size, and what the treatment did in each.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "funcapi.h"
#include "utils/tuplestore.h"

#include "base/number.h"
#include "experiment/student.h"
#include "uplift/uplift.h"
#include "kernel/stats.h"
#include "kernel/tail.h"

PG_FUNCTION_INFO_V1(affinity_uplift_by_decile);

#define DECILES_MAX 1000
#define COLUMNS 16

/* Rows of an arm: how many, their mean, and squared deviations from it. */
typedef struct Side
{
	double		n;
	double		mean;
	double		squares;
} Side;

typedef struct Report
{
	ReturnSetInfo *rsinfo;
	const UpliftState *state;
	int64		rows;
	int64		deciles;
	double		confidence;
	bool		binary;
	Side		all[2];			/* as far as it has come */
} Report;

/* ---- sides -------------------------------------------------------------- */

/* The rows of both arms from one entry to another. */
static void
read_sides(const UpliftState *state, uint32 from, uint32 to, Side *sides)
{
	memset(sides, 0, 2 * sizeof(Side));
	for (uint32 i = from; i < to; i++)
	{
		const UpliftEntry *e = &state->entries[i];
		Side	   *side = &sides[UPLIFT_TREATED(e)];

		affinity_base_look_up(i);
		side->n += (double) UPLIFT_ROWS(e);
		side->mean += (double) UPLIFT_ROWS(e) * e->outcome;
	}
	for (int i = 0; i < 2; i++)
		sides[i].mean /= sides[i].n;
	for (uint32 i = from; i < to; i++)
	{
		const UpliftEntry *e = &state->entries[i];
		Side	   *side = &sides[UPLIFT_TREATED(e)];
		double		deviation = e->outcome - side->mean;

		affinity_base_look_up(i);
		side->squares += (double) UPLIFT_ROWS(e) * deviation * deviation;
	}
}

/* Chan, Golub and LeVeque's sum of two. */
static void
merge_side(Side *to, const Side *from)
{
	double		n = to->n + from->n;
	double		difference = from->mean - to->mean;

	if (from->n == 0)
		return;
	if (to->n == 0)
	{
		*to = *from;
		return;
	}
	to->squares += from->squares + difference * difference * to->n * from->n /
		n;
	to->mean += difference * from->n / n;
	to->n = n;
}

/* Newcombe's interval of a difference of proportions, of Wilson's of each. */
static void
newcombe(const Side *sides, double confidence, double *low, double *high)
{
	double		z = affinity_kernel_normal_quantile(0.5 + 0.5 * confidence);
	double		difference = sides[1].mean - sides[0].mean;
	double		lower[2];
	double		upper[2];

	for (int i = 0; i < 2; i++)
	{
		if (!affinity_kernel_wilson((uint64) rint(sides[i].mean * sides[i].n),
									(uint64) sides[i].n, z, &lower[i],
									&upper[i]))
			return;
	}
	*low = difference - hypot(sides[1].mean - lower[1],
							  upper[0] - sides[0].mean);
	*high = difference + hypot(upper[1] - sides[1].mean,
							   sides[0].mean - lower[0]);
}

/* Welch's interval of a difference of means. */
static void
welch(const Side *sides, double confidence, double *low, double *high)
{
	double		error[2];
	double		share;
	double		df;
	double		half;

	if (sides[0].n < 2 || sides[1].n < 2)
		return;
	for (int i = 0; i < 2; i++)
		error[i] = sides[i].squares / (sides[i].n - 1) / sides[i].n;
	if (!(error[0] + error[1] > 0))
		return;
	share = error[0] / (error[0] + error[1]);
	df = 1 / (share * share / (sides[0].n - 1) +
			  (1 - share) * (1 - share) / (sides[1].n - 1));
	half = sqrt(error[0] + error[1]) *
		affinity_experiment_t_quantile(0.5 * (1 - confidence), df);
	*low = sides[1].mean - sides[0].mean - half;
	*high = sides[1].mean - sides[0].mean + half;
}

/* The difference of the means and its interval; NAN where there is none. */
static void
put_difference(const Report *report, const Side *sides, double *to)
{
	to[0] = to[1] = to[2] = NAN;
	if (sides[0].n == 0 || sides[1].n == 0)
		return;
	to[0] = sides[1].mean - sides[0].mean;
	if (report->binary)
		newcombe(sides, report->confidence, &to[1], &to[2]);
	else
		welch(sides, report->confidence, &to[1], &to[2]);
}

/* ---- rows --------------------------------------------------------------- */

static void
put_decile(Report *report, int64 decile, uint32 from, uint32 to)
{
	const UpliftEntry *entries = report->state->entries;
	Side		sides[2];
	double		numbers[COLUMNS - 4];
	Datum		values[COLUMNS];
	bool		nulls[COLUMNS] = {false};

	read_sides(report->state, from, to, sides);
	for (int i = 0; i < 2; i++)
		merge_side(&report->all[i], &sides[i]);
	numbers[0] = entries[from].score;
	numbers[1] = entries[to - 1].score;
	numbers[2] = sides[1].n > 0 ? sides[1].mean : NAN;
	numbers[3] = sides[0].n > 0 ? sides[0].mean : NAN;
	put_difference(report, sides, &numbers[4]);
	numbers[7] = (report->all[0].n + report->all[1].n) / (double) report->rows;
	put_difference(report, report->all, &numbers[8]);
	/* outcomes won so far: Qini's curve */
	numbers[11] = numbers[8] * report->all[1].n;
	values[0] = Int64GetDatum(decile);
	values[1] = Int64GetDatum((int64) (sides[0].n + sides[1].n));
	values[2] = Int64GetDatum((int64) sides[1].n);
	values[3] = Int64GetDatum((int64) sides[0].n);
	for (int i = 0; i < (int) lengthof(numbers); i++)
	{
		values[4 + i] = Float8GetDatum(numbers[i]);
		nulls[4 + i] = isnan(numbers[i]);
	}
	tuplestore_putvalues(report->rsinfo->setResult, report->rsinfo->setDesc,
						 values, nulls);
}

/* All rows of a score are in the part where the first of them is. */
static void
put_deciles(Report *report)
{
	const UpliftEntry *entries = report->state->entries;
	uint32		n = report->state->n;
	uint32		from = 0;
	int64		decile = 1;
	int64		before = 0;		/* rows with a higher score */

	for (uint32 i = 0; i < n;)
	{
		double		score = entries[i].score;
		int64		here = 1 + (int64) ((unsigned __int128) before *
										(uint64) report->deciles /
										(uint64) report->rows);

		if (here != decile && i > from)
		{
			put_decile(report, decile, from, i);
			from = i;
		}
		decile = here;
		for (; i < n && entries[i].score == score; i++)
		{
			affinity_base_look_up(i);
			before += UPLIFT_ROWS(&entries[i]);
		}
	}
	if (n > from)
		put_decile(report, decile, from, n);
}

/* (state, deciles, confidence) */
Datum
affinity_uplift_by_decile(PG_FUNCTION_ARGS)
{
	Report		report;

	memset(&report, 0, sizeof(Report));
	report.rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	report.state = affinity_uplift_arg(fcinfo, 0);
	affinity_base_check_not_null(fcinfo, 1, "deciles");
	report.deciles = PG_GETARG_INT64(1);
	if (report.deciles < 1 || report.deciles > DECILES_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("deciles must be between 1 and %d, but is %lld",
						DECILES_MAX, (long long) report.deciles),
				 errhint("Pass how many parts you want, 10 or 20.")));
	affinity_base_check_not_null(fcinfo, 2, "confidence");
	report.confidence = PG_GETARG_FLOAT8(2);
	if (!(report.confidence > 0 && report.confidence < 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("confidence must be between 0 and 1, but is %s",
						affinity_base_shortest(report.confidence)),
				 errhint("Pass 0.95 for intervals of 95 %%.")));
	report.binary = true;
	for (uint32 i = 0; i < report.state->n; i++)
	{
		const UpliftEntry *e = &report.state->entries[i];

		affinity_base_look_up(i);
		report.rows += UPLIFT_ROWS(e);
		report.binary = report.binary &&
			(e->outcome == 0 || e->outcome == 1);
	}
	put_deciles(&report);
	return (Datum) 0;
}
