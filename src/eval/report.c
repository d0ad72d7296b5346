/*
 * report.c
 *		The rows of evaluate(): metrics with their intervals, of all users or of
 *		a segment of them.
 */
#include "postgres.h"

#include <math.h>

#include "utils/builtins.h"
#include "utils/tuplestore.h"

#include "eval/bootstrap.h"
#include "eval/evaluate.h"

#define N_COLUMNS	9

/*
 * The rows that a result has, in the order of targets, metric and k. New and
 * repeat items are apart where there are both; repeat ones can be hit only if
 * what is seen may be in lists.
 */
EvalRow *
affinity_eval_rows(const AffinityEvalResult *result, bool catalog, int *n)
{
	const AffinityEvalWant *want = &result->want;
	EvalRow    *row = palloc((AFFINITY_EVAL_N_TARGETS *
							  AFFINITY_EVAL_N_METRICS * want->n_k + 1) *
							 sizeof(EvalRow));
	int			last = !result->any_repeat ? AFFINITY_EVAL_ALL_ITEMS :
		result->any_seen ? AFFINITY_EVAL_REPEAT_ITEMS : AFFINITY_EVAL_NEW_ITEMS;

	*n = 0;
	for (int t = 0; t <= last; t++)
	{
		for (int metric = 0; metric < AFFINITY_EVAL_N_METRICS; metric++)
		{
			if (!AFFINITY_EVAL_WANTS(want, metric) ||
				(t > 0 && metric >= AFFINITY_EVAL_N_HITS) ||
				(!catalog && metric >= AFFINITY_EVAL_N_BY_USER))
				continue;
			for (int k = 0; k < want->n_k; k++)
			{
				EvalRow    *this = &row[(*n)++];

				this->metric = (AffinityEvalMetric) metric;
				this->targets = (AffinityEvalTargets) t;
				this->k = metric == AFFINITY_EVAL_AUC ? -1 : k;
				this->slot = metric >= AFFINITY_EVAL_N_BY_USER ? -1 :
					affinity_eval_slot(want, this->metric, k, this->targets);
				if (this->k < 0)
					break;
			}
		}
	}
	return row;
}

/*
 * Have values of the same users the same rows? Those of a kind of targets, and
 * those of lists.
 */
static int
kind_of(const EvalRow *row)
{
	return row->metric < AFFINITY_EVAL_N_HITS ? (int) row->targets :
		row->metric == AFFINITY_EVAL_AUC ? AFFINITY_EVAL_N_TARGETS :
		AFFINITY_EVAL_N_TARGETS + 1;
}

/*
 * For series of rows: an earlier one with values of the same users, or itself.
 */
void
affinity_eval_find_like(const EvalRow *row, EvalSeries *series, int n)
{
	for (int i = 0; i < n; i++)
	{
		series[i].like = i;
		for (int j = 0; j < i && series[i].like == i; j++)
		{
			if (kind_of(&row[j]) == kind_of(&row[i]))
				series[i].like = j;
		}
	}
}

/*
 * The mean of some users' values.
 */
static double
mean_of(const float *value, const EvalSegment *segment, uint32 *count)
{
	double		sum = 0;

	*count = 0;
	for (uint32 i = 0; i < segment->n_users; i++)
	{
		float		v = value[segment->user[i]];

		if (isnan(v))
			continue;
		sum += v;
		(*count)++;
	}
	return *count > 0 ? sum / *count : NAN;
}

static void
put_number(Datum *values, bool *nulls, int column, double value)
{
	values[column] = Float8GetDatum(value);
	nulls[column] = isnan(value);
}

static void
put_row(ReturnSetInfo *rows, const AffinityEvalResult *r, const EvalRow *row,
		const EvalSegment *segment, EvalInterval interval)
{
	Datum		values[N_COLUMNS] = {0};
	bool		nulls[N_COLUMNS] = {false};
	uint32		count = r->n_users;
	double		mean;

	if (row->slot < 0)
		mean = row->metric == AFFINITY_EVAL_COVERAGE ? r->coverage[row->k] :
			r->gini[row->k];
	else if (segment)
		mean = mean_of(r->value + (Size) row->slot * r->n_users, segment,
					   &count);
	else
	{
		mean = affinity_eval_mean(r, row->slot);
		count = r->count[row->slot];
	}
	nulls[0] = segment == NULL;
	if (segment)
		values[0] = CStringGetTextDatum(segment->name);
	values[1] = CStringGetTextDatum(affinity_eval_target_names[row->targets]);
	values[2] = CStringGetTextDatum(affinity_eval_metric_names[row->metric]);
	nulls[3] = row->k < 0;
	if (row->k >= 0)
		values[3] = Int64GetDatum(r->want.k[row->k]);
	put_number(values, nulls, 4, mean);
	/* one user says nothing about others */
	put_number(values, nulls, 5, count > 1 ? interval.low : NAN);
	put_number(values, nulls, 6, count > 1 ? interval.high : NAN);
	values[7] = Int64GetDatum(count);
	values[8] = Int64GetDatum(affinity_eval_without_history(r, segment));
	tuplestore_putvalues(rows->setResult, rows->setDesc, values, nulls);
}

/*
 * How many users of a segment, or of all, have no history.
 */
int64
affinity_eval_without_history(const AffinityEvalResult *r,
							  const EvalSegment *segment)
{
	int64		n = 0;

	for (uint32 i = 0; i < (segment ? segment->n_users : r->n_users); i++)
		n += !r->has_history[segment ? segment->user[i] : i];
	return n;
}

/*
 * Put the rows of all users (NULL) or of a segment, which has nothing to say
 * of the catalog.
 */
void
affinity_eval_report(ReturnSetInfo *rows, const EvalPlan *plan,
					 const AffinityEvalResult *result,
					 const EvalSegment *segment)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "affinity intervals",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	int			n;
	int			n_series = 0;
	EvalRow    *row = affinity_eval_rows(result, segment == NULL, &n);
	EvalSeries *series = palloc0((n + 1) * sizeof(EvalSeries));

	/* rows without values of users are the last of their kind: all, no k */
	for (int i = 0; i < n; i++)
	{
		if (row[i].slot < 0)
			continue;
		row[n_series] = row[i];
		series[n_series++].value = result->value +
			(Size) row[i].slot * result->n_users;
	}
	affinity_eval_find_like(row, series, n_series);
	affinity_eval_bootstrap(series, n_series,
							segment ? segment->user : NULL,
							segment ? segment->n_users : result->n_users,
							plan->request.seed);
	row = affinity_eval_rows(result, segment == NULL, &n);
	n_series = 0;
	for (int i = 0; i < n; i++)
	{
		EvalInterval interval = {NAN, NAN};

		if (row[i].slot >= 0)
			interval = affinity_eval_percentiles(&series[n_series++],
												 plan->confidence);
		put_row(rows, result, &row[i], segment, interval);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
}
