/*
 * compare.c
 *		SQL: compare(), several models or definitions on one split.
 *
 * Every user is measured by all of them, so that what is compared is the
 * user's own difference to the first, which varies less than users do. The
 * intervals of differences hold all together with the confidence asked for:
 * their half-width is the same number of standard errors for all candidates,
 * that quantile of the largest of their deviations in resamples of the users
 * (max-t: Westfall and Young 1993; Romano and Wolf, Econometrica 73, 2005).
 */
#include "postgres.h"

#include <math.h>

#include "executor/spi.h"
#include "funcapi.h"
#include "utils/builtins.h"

#include "eval/candidate.h"
#include "parallel/progress.h"

#define N_COLUMNS	11

/* ---- measuring --------------------------------------------------------- */

enum
{
	ARG_CANDIDATES,
	ARG_TEST,
	ARG_QUERY,
	ARG_SPLIT					/* and the plan's others */
};

/*
 * A model answers from what is stored where a test says what to predict, and
 * nothing else to train on is given.
 */
static bool
is_stored(FunctionCallInfo fcinfo, const Candidate *c)
{
	return c->model && c->model->trained && !PG_ARGISNULL(ARG_TEST) &&
		PG_ARGISNULL(ARG_QUERY);
}

/*
 * What definitions are trained on: the query, or the source of the first
 * model.
 */
static void
find_source(FunctionCallInfo fcinfo, const Candidate *candidate, int n,
			AffinityEvalSource *source)
{
	if (!PG_ARGISNULL(ARG_QUERY))
	{
		affinity_eval_source_query(text_to_cstring(PG_GETARG_TEXT_PP(ARG_QUERY)),
								   "the query", source);
		return;
	}
	for (int i = 0; i < n; i++)
	{
		if (candidate[i].model)
		{
			affinity_eval_source_model(candidate[i].model, source);
			return;
		}
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("neither a model nor a query is given"),
			 errhint("Say what to train on: query => 'SELECT user, item FROM table'.")));
}

/*
 * All have to know users and items by the same ids.
 */
static void
check_types(const Candidate *c, const AffinityEvalSource *source)
{
	if (!affinity_base_id_alike(source->user_type, c->model->user_type) ||
		!affinity_base_id_alike(source->item_type, c->model->item_type))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("ids of model \"%s\" are of other types than those of the other candidates",
						c->name),
				 errhint("Compare models that name users and items alike.")));
}

static void
measure_one(FunctionCallInfo fcinfo, const EvalPlan *plan,
			const AffinityEvalSource *source, Candidate *c)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "affinity candidate",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	AffinityEvalSubject subject;

	if (is_stored(fcinfo, c))
		affinity_eval_stored(c->model, &subject);
	else
		affinity_eval_train(plan->split, c->algorithm, c->options,
							affinity_eval_attributes(c->model, c->algorithm,
													 c->options, source), &subject);
	MemoryContextSwitchTo(old);
	c->result = affinity_eval_score(&subject, plan->test, &plan->want);
	MemoryContextDelete(context);
}

static void
measure_all(FunctionCallInfo fcinfo, EvalPlan *plan, Candidate *candidate,
			int n)
{
	AffinityEvalSource source;
	AffinityEvalSource test;
	bool		has_test = !PG_ARGISNULL(ARG_TEST);
	bool		all_stored = true;
	bool		any_repeat = false;
	bool		any_seen = false;

	if (has_test)
		affinity_eval_source_query(text_to_cstring(PG_GETARG_TEXT_PP(ARG_TEST)),
								   "the test", &test);
	for (int i = 0; i < n; i++)
		all_stored &= is_stored(fcinfo, &candidate[i]);
	if (all_stored)
	{
		source.user_type = candidate[0].model->user_type;
		source.item_type = candidate[0].model->item_type;
		affinity_eval_plan_test(plan, &test, source.user_type,
								source.item_type);
	}
	else
	{
		find_source(fcinfo, candidate, n, &source);
		affinity_eval_plan_read(plan, fcinfo, &source,
								has_test ? &test : NULL);
	}
	for (int i = 0; i < n; i++)
	{
		if (is_stored(fcinfo, &candidate[i]))
			check_types(&candidate[i], &source);
	}
	for (int i = 0; i < n; i++)
	{
		measure_one(fcinfo, plan, &source, &candidate[i]);
		any_repeat |= candidate[i].result->any_repeat;
		any_seen |= candidate[i].result->any_seen;
	}
	candidate[0].result->any_repeat = any_repeat;
	candidate[0].result->any_seen = any_seen;
}

/* ---- differences ------------------------------------------------------- */

static void
find_differences(Candidate *c, const Candidate *first)
{
	uint32		n = c->result->n_users;
	double		sum = 0;

	c->count = 0;
	c->to_first = affinity_base_array(n, sizeof(float));
	for (uint32 u = 0; u < n; u++)
	{
		float		d = c->series.value[u] - first->series.value[u];

		c->to_first[u] = d;
		if (isnan(d))
			continue;
		sum += d;
		c->count++;
	}
	c->observed = c->count > 0 ? sum / c->count : NAN;
	c->difference.value = c->to_first;
}

static double
standard_error(const double *replicate)
{
	double		sum = 0;
	double		squares = 0;
	int			n = 0;

	for (int r = 0; r < AFFINITY_REPLICATES; r++)
	{
		if (isnan(replicate[r]))
			continue;
		sum += replicate[r];
		n++;
	}
	for (int r = 0; r < AFFINITY_REPLICATES; r++)
	{
		double		d = replicate[r] - sum / n;

		if (!isnan(d))
			squares += d * d;
	}
	return n > 1 ? sqrt(squares / (n - 1)) : NAN;
}

/*
 * How many standard errors the intervals of all differences reach.
 */
static double
reach_of(Candidate *candidate, int n, double confidence)
{
	double	   *largest = palloc0(AFFINITY_REPLICATES * sizeof(double));
	double		reach;

	for (int i = 1; i < n; i++)
	{
		Candidate  *c = &candidate[i];

		c->error = standard_error(c->difference.replicate);
		for (int r = 0; r < AFFINITY_REPLICATES && c->error > 0; r++)
		{
			double		t = fabs(c->difference.replicate[r] - c->observed) /
				c->error;

			if (t > largest[r])
				largest[r] = t;
		}
	}
	affinity_eval_sort_replicates(largest);
	reach = affinity_eval_quantile(largest, confidence);
	pfree(largest);
	return reach;
}

/* ---- rows -------------------------------------------------------------- */

static void
put_number(Datum *values, bool *nulls, int column, double value)
{
	values[column] = Float8GetDatum(value);
	nulls[column] = isnan(value);
}

static void
put_candidate(ReturnSetInfo *rows, const EvalPlan *plan, Candidate *c,
			  const EvalRow *row, double reach)
{
	Datum		values[N_COLUMNS] = {0};
	bool		nulls[N_COLUMNS] = {false};
	EvalInterval own = {NAN, NAN};
	bool		by_user = row->slot >= 0;
	uint32		count = by_user ? c->result->count[row->slot] :
		c->result->n_users;

	if (by_user && count > 1)
		own = affinity_eval_percentiles(&c->series, plan->confidence);
	values[0] = CStringGetTextDatum(c->name);
	values[1] = CStringGetTextDatum(affinity_eval_target_names[row->targets]);
	values[2] = CStringGetTextDatum(affinity_eval_metric_names[row->metric]);
	nulls[3] = row->k < 0;
	if (row->k >= 0)
		values[3] = Int64GetDatum(plan->want.k[row->k]);
	put_number(values, nulls, 4, c->value);
	put_number(values, nulls, 5, own.low);
	put_number(values, nulls, 6, own.high);
	put_number(values, nulls, 7, c->observed);
	put_number(values, nulls, 8, c->count > 1 ?
			   c->observed - reach * c->error : NAN);
	put_number(values, nulls, 9, c->count > 1 ?
			   c->observed + reach * c->error : NAN);
	values[10] = Int64GetDatum(count);
	tuplestore_putvalues(rows->setResult, rows->setDesc, values, nulls);
}

/*
 * Values of the catalog, which users do not make.
 */
static double
catalog_value(const AffinityEvalResult *r, const EvalRow *row)
{
	return row->metric == AFFINITY_EVAL_COVERAGE ? r->coverage[row->k] :
		r->gini[row->k];
}

/*
 * Values, differences to the first candidate and their replicates, for a row.
 */
static double
measure_row(const EvalPlan *plan, Candidate *candidate, int n,
			const EvalRow *row)
{
	EvalSeries *series = palloc0(2 * n * sizeof(EvalSeries));
	uint32		n_users = candidate[0].result->n_users;

	for (int i = 0; i < n; i++)
	{
		Candidate  *c = &candidate[i];

		c->observed = NAN;
		c->count = 0;
		if (row->slot < 0)
		{
			c->value = catalog_value(c->result, row);
			if (i > 0)
				c->observed = c->value - candidate[0].value;
			continue;
		}
		c->value = affinity_eval_mean(c->result, row->slot);
		c->series.value = c->result->value + (Size) row->slot * n_users;
		if (i > 0)
			find_differences(c, &candidate[0]);
		series[i] = c->series;
		series[i].like = i;
		series[n + i] = i > 0 ? c->difference : c->series;
		series[n + i].like = n + i;
	}
	if (row->slot < 0)
		return NAN;
	affinity_eval_bootstrap(series, 2 * n, NULL, n_users, plan->request.seed);
	for (int i = 0; i < n; i++)
	{
		candidate[i].series = series[i];
		candidate[i].difference = series[n + i];
	}
	return reach_of(candidate, n, plan->confidence);
}

/*
 * The candidates of a row, best first.
 */
static void
put_row(ReturnSetInfo *rows, const EvalPlan *plan, Candidate *candidate,
		int n, const EvalRow *row)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "affinity differences",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	double		reach = measure_row(plan, candidate, n, row);
	bool	   *done = palloc0(n * sizeof(bool));

	for (int place = 0; place < n; place++)
	{
		int			best = -1;

		for (int i = 0; i < n; i++)
		{
			if (!done[i] && (best < 0 ||
							 candidate[i].value > candidate[best].value ||
							 (isnan(candidate[best].value) &&
							  !isnan(candidate[i].value))))
				best = i;
		}
		done[best] = true;
		put_candidate(rows, plan, &candidate[best], row, reach);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
}

PG_FUNCTION_INFO_V1(affinity_eval_compare);

/*
 * SQL: compare(candidates, test, query, split, holdout, as_of, k, users,
 * metrics, seed, confidence, exclude_seen)
 */
Datum
affinity_eval_compare(PG_FUNCTION_ARGS)
{
	EvalPlan	plan = {0};
	Candidate  *candidate;
	MemoryContext progress;
	EvalRow    *row;
	int			n;
	int			n_rows;

	affinity_eval_plan_args(fcinfo, ARG_SPLIT, &plan);
	affinity_eval_check_test(fcinfo, ARG_TEST, &plan);
	InitMaterializedSRF(fcinfo, 0);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
	progress = affinity_parallel_progress_begin("", "compare");
	candidate = affinity_eval_candidates(fcinfo, ARG_CANDIDATES, &n);
	measure_all(fcinfo, &plan, candidate, n);
	row = affinity_eval_rows(candidate[0].result, true, &n_rows);
	for (int i = 0; i < n_rows; i++)
		put_row((ReturnSetInfo *) fcinfo->resultinfo, &plan, candidate, n,
				&row[i]);
	affinity_parallel_progress_end(progress);
	SPI_finish();
	return (Datum) 0;
}
