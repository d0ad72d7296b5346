/*
 * evaluate.c
 *		SQL: evaluate(), a model or a definition against rows that are held
 *		out.
 *
 * A test query measures a stored model as it serves. Else the rows of a
 * source, the model's or a query's, are split; what is defined is trained on
 * one part in memory, and its lists are compared with the other.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "pgtime.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/float.h"

#include "algorithm/algorithm.h"
#include "calendar/calendar.h"
#include "eval/evaluate.h"
#include "parallel/progress.h"

/* ---- arguments --------------------------------------------------------- */

static int
compare_uint32(const void *a, const void *b)
{
	return affinity_score_compare(a, b);
}

/*
 * Lengths of lists: ascending, each once.
 */
static void
k_arg(FunctionCallInfo fcinfo, int arg, AffinityEvalWant *want)
{
	Datum	   *value;
	bool	   *isnull;
	int			n;
	uint32	   *k;

	affinity_base_check_not_null(fcinfo, arg, "k");
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(arg), INT8OID, sizeof(int64),
					  FLOAT8PASSBYVAL, TYPALIGN_DOUBLE, &value, &isnull, &n);
	if (n == 0 || n > EVAL_MOST_K)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("k has %d elements", n),
				 errhint("Give 1 to %d lengths of lists, such as '{10,20}'.",
						 EVAL_MOST_K)));
	k = palloc(n * sizeof(uint32));
	for (int i = 0; i < n; i++)
	{
		int64		this = isnull[i] ? 0 : DatumGetInt64(value[i]);

		if (this < 1 || this > EVAL_MOST_LONG)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 isnull[i] ? errmsg("an element of k is null") :
					 errmsg("k is out of range: %lld", (long long) this),
					 errhint("A list has 1 to %d items.", EVAL_MOST_LONG)));
		k[i] = (uint32) this;
	}
	qsort(k, n, sizeof(uint32), compare_uint32);
	want->n_k = 0;
	want->k = k;
	for (int i = 0; i < n; i++)
	{
		if (want->n_k == 0 || k[want->n_k - 1] != k[i])
			k[want->n_k++] = k[i];
	}
}

/*
 * Which of some names a word is.
 */
static int
word_of(const char *const *names, const char *word, const char *what)
{
	StringInfoData valid;

	for (int i = 0; names[i]; i++)
	{
		if (pg_strcasecmp(names[i], word) == 0)
			return i;
	}
	initStringInfo(&valid);
	for (int i = 0; names[i]; i++)
		appendStringInfo(&valid, "%s%s", i ? ", " : "", names[i]);
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown %s \"%s\"", what, word),
			 errhint("Valid are: %s.", valid.data)));
	return 0;
}

/*
 * Names of metrics; NULL: all but auc, which ranks all items for each user.
 */
static void
metrics_arg(FunctionCallInfo fcinfo, int arg, AffinityEvalWant *want)
{
	Datum	   *value;
	bool	   *isnull;
	int			n;

	want->metrics = ((uint32) 1 << AFFINITY_EVAL_N_METRICS) - 1;
	want->metrics &= ~((uint32) 1 << AFFINITY_EVAL_AUC);
	if (PG_ARGISNULL(arg))
		return;
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(arg), TEXTOID, -1, false,
					  TYPALIGN_INT, &value, &isnull, &n);
	want->metrics = 0;
	for (int i = 0; i < n; i++)
	{
		if (!isnull[i])
			want->metrics |= (uint32) 1 << word_of(affinity_eval_metric_names,
												   TextDatumGetCString(value[i]),
												   "metric");
	}
}

double
affinity_eval_fraction_arg(FunctionCallInfo fcinfo, int arg, const char *name)
{
	double		value;

	affinity_base_check_not_null(fcinfo, arg, name);
	value = PG_GETARG_FLOAT8(arg);
	if (!(value > 0 && value < 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s is out of range: %s", name,
						DatumGetCString(DirectFunctionCall1(float8out,
															Float8GetDatum(value)))),
				 errhint("It is above 0 and below 1.")));
	return value;
}

/*
 * A time as rows of a source have it.
 */
static int64
moment_arg(FunctionCallInfo fcinfo, int arg, const AffinityEvalSource *source)
{
	const Moment *moment = (const Moment *) PG_GETARG_POINTER(arg);

	return source->at_type == TIMESTAMPTZOID ?
		affinity_calendar_moment_instant(moment, session_timezone) :
		affinity_calendar_moment_local(moment, session_timezone);
}

/*
 * How rows are split, and what is wanted: the arguments from "split" on.
 */
void
affinity_eval_plan_args(FunctionCallInfo fcinfo, int first, EvalPlan *plan)
{
	AffinityEvalSplitRequest *request = &plan->request;

	request->kind = (AffinityEvalKind)
		word_of(affinity_eval_kind_names,
				affinity_base_text_arg(fcinfo, first, "split"), "split");
	request->holdout = affinity_eval_fraction_arg(fcinfo, first + 1,
												  "holdout");
	request->has_as_of = !PG_ARGISNULL(first + 2);
	plan->as_of_arg = first + 2;
	k_arg(fcinfo, first + 3, &plan->want);
	plan->users = PG_INT64_MAX;
	if (!PG_ARGISNULL(first + 4))
		plan->users = PG_GETARG_INT64(first + 4);
	if (plan->users < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("users is out of range: %lld",
						(long long) plan->users),
				 errhint("A sample has 1 user or more; null is all users.")));
	metrics_arg(fcinfo, first + 5, &plan->want);
	affinity_base_check_not_null(fcinfo, first + 6, "seed");
	request->seed = PG_GETARG_INT64(first + 6);
	plan->confidence = affinity_eval_fraction_arg(fcinfo, first + 7,
												  "confidence");
	if (request->has_as_of && request->kind != AFFINITY_EVAL_AUTO &&
		request->kind != AFFINITY_EVAL_TIME)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("as_of is given for split \"%s\"",
						affinity_eval_kind_names[request->kind]),
				 errhint("It is the time of split => 'time': leave one of them out.")));
}

/* ---- the rows of a plan ------------------------------------------------ */

static char *
time_text(const AffinityEvalSource *source, int64 at)
{
	return DatumGetCString(source->at_type == TIMESTAMPTZOID ?
						   DirectFunctionCall1(timestamptz_out,
											   TimestampTzGetDatum(at)) :
						   DirectFunctionCall1(timestamp_out,
											   TimestampGetDatum(at)));
}

static void
say_split(const EvalPlan *plan, const AffinityEvalSource *source,
		  const AffinityEvalSplit *split, uint32 users)
{
	static const char *const how[] = {
		[AFFINITY_EVAL_USERS] = "held-out users, their newest rows",
		[AFFINITY_EVAL_RANDOM] = "some items of each user, by chance",
		[AFFINITY_EVAL_LAST] = "the newest item of each user",
		[AFFINITY_EVAL_ALL] = "a query"
	};

	(void) plan;
	ereport(NOTICE,
			(errmsg("trained on %lld rows, tested on %u users by %s",
					(long long) split->train_rows, users,
					split->kind == AFFINITY_EVAL_TIME ?
					psprintf("%lld rows from %s on",
							 (long long) split->test_rows,
							 time_text(source, split->as_of)) :
					how[split->kind])));
}

/*
 * Read a source and split it; test is a query, or NULL.
 */
void
affinity_eval_plan_read(EvalPlan *plan, FunctionCallInfo fcinfo,
						AffinityEvalSource *source,
						const AffinityEvalSource *test)
{
	AffinityJournal *journal;

	if (test)
		plan->request.kind = AFFINITY_EVAL_ALL;
	if (plan->request.has_as_of)
		plan->request.as_of = moment_arg(fcinfo, plan->as_of_arg, source);
	journal = affinity_eval_read(source);
	plan->split = affinity_eval_split(journal, &plan->request);
	plan->test = test ?
		affinity_eval_read_test(test, source->user_type, source->item_type) :
		affinity_eval_test(plan->split);
	affinity_eval_sample(plan->test, plan->users, plan->request.seed);
	say_split(plan, source, plan->split, plan->test->by_user.n_rows);
}

/* ---- rows -------------------------------------------------------------- */

typedef struct Answer
{
	ReturnSetInfo *rows;
	const AffinityEvalResult *result;
	const EvalPlan *plan;
} Answer;

/*
 * A row of metric, k and targets; slot -1: it is of all lists together.
 */
static void
put_row(const Answer *a, AffinityEvalMetric metric, int k,
		AffinityEvalTargets targets, int slot, double value)
{
	Datum		values[8] = {0};
	bool		nulls[8] = {false};
	const AffinityEvalResult *r = a->result;

	values[0] = CStringGetTextDatum(affinity_eval_target_names[targets]);
	values[1] = CStringGetTextDatum(affinity_eval_metric_names[metric]);
	nulls[2] = k < 0;
	if (k >= 0)
		values[2] = Int64GetDatum(r->want.k[k]);
	nulls[3] = isnan(value);
	values[3] = Float8GetDatum(value);
	nulls[4] = nulls[5] = true;
	values[6] = Int64GetDatum(slot < 0 ? r->n_users : r->count[slot]);
	values[7] = Int64GetDatum(r->without_history);
	tuplestore_putvalues(a->rows->setResult, a->rows->setDesc, values, nulls);
}

static void
put_metric(const Answer *a, AffinityEvalMetric metric,
		   AffinityEvalTargets targets)
{
	const AffinityEvalResult *r = a->result;

	if (metric == AFFINITY_EVAL_AUC)
	{
		int			slot = affinity_eval_slot(&r->want, metric, 0, 0);

		put_row(a, metric, -1, targets, slot, affinity_eval_mean(r, slot));
		return;
	}
	for (int k = 0; k < r->want.n_k; k++)
	{
		int			slot = -1;

		if (metric < AFFINITY_EVAL_N_BY_K)
			slot = affinity_eval_slot(&r->want, metric, k, targets);
		put_row(a, metric, k, targets, slot,
				slot >= 0 ? affinity_eval_mean(r, slot) :
				metric == AFFINITY_EVAL_COVERAGE ? r->coverage[k] :
				r->gini[k]);
	}
}

/*
 * Rows in the order of targets, metric and k. New and repeat items are apart
 * where there are both.
 */
static void
put_result(const Answer *a)
{
	int			last = a->result->any_repeat ? AFFINITY_EVAL_REPEAT_ITEMS :
		AFFINITY_EVAL_ALL_ITEMS;

	for (int t = 0; t <= last; t++)
	{
		for (int metric = 0; metric < AFFINITY_EVAL_N_METRICS; metric++)
		{
			if (AFFINITY_EVAL_WANTS(&a->result->want, metric) &&
				(t == AFFINITY_EVAL_ALL_ITEMS ||
				 metric < AFFINITY_EVAL_N_HITS))
				put_metric(a, (AffinityEvalMetric) metric,
						   (AffinityEvalTargets) t);
		}
	}
}

/* ---- the function ------------------------------------------------------ */

enum
{
	ARG_MODEL,
	ARG_TEST,
	ARG_QUERY,
	ARG_ALGORITHM,
	ARG_OPTIONS,
	ARG_SPLIT					/* and the plan's others */
};

/*
 * What is measured, where that is not a stored model: its algorithm and
 * options.
 */
static const AffinityAlgorithm *
definition_args(FunctionCallInfo fcinfo, const AffinityModel *model,
				void **options)
{
	const AffinityAlgorithm *algorithm;
	Jsonb	   *given = PG_ARGISNULL(ARG_OPTIONS) ? NULL :
		PG_GETARG_JSONB_P(ARG_OPTIONS);

	if (!PG_ARGISNULL(ARG_ALGORITHM))
		algorithm = affinity_algorithm_find(text_to_cstring(PG_GETARG_TEXT_PP(ARG_ALGORITHM)));
	else
		algorithm = model ? model->algorithm :
			affinity_algorithm_find(EVAL_DEFAULT_ALGORITHM);
	if (model && given == NULL && algorithm == model->algorithm)
		*options = model->options;
	else
		*options = affinity_train_options_parse(algorithm, given);
	return algorithm;
}

static void
check_what(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(ARG_MODEL) && PG_ARGISNULL(ARG_QUERY))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("neither a model nor a query is given"),
				 errhint("Write SELECT * FROM affinity.evaluate('model'), or evaluate(query => 'SELECT user, item FROM table').")));
	if (!PG_ARGISNULL(ARG_MODEL) && !PG_ARGISNULL(ARG_QUERY))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("both a model and a query are given"),
				 errhint("What a model is trained on is its own query; rows to be predicted are given as test.")));
}

/*
 * Measure into a result; subject is what was measured.
 */
static AffinityEvalResult *
measure(FunctionCallInfo fcinfo, EvalPlan *plan)
{
	AffinityEvalSubject subject;
	AffinityEvalSource source;
	AffinityEvalSource test;
	AffinityModel *model = NULL;
	bool		has_test = !PG_ARGISNULL(ARG_TEST);
	void	   *options;
	const AffinityAlgorithm *algorithm;

	if (!PG_ARGISNULL(ARG_MODEL))
	{
		Oid			table;

		model = affinity_model_open(affinity_model_schema(text_to_cstring(PG_GETARG_TEXT_PP(ARG_MODEL)),
														  &table));
	}
	if (has_test)
		affinity_eval_source_query(text_to_cstring(PG_GETARG_TEXT_PP(ARG_TEST)),
								   "the test", &test);
	if (has_test && plan->request.kind != AFFINITY_EVAL_AUTO)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("both a test and a split are given"),
				 errhint("A test says what is to be predicted: leave one of them out.")));
	if (has_test && model && PG_ARGISNULL(ARG_ALGORITHM) &&
		PG_ARGISNULL(ARG_OPTIONS) && model->trained)
	{
		affinity_eval_stored(model, &subject);
		plan->test = affinity_eval_read_test(&test, model->user_type,
											 model->item_type);
		affinity_eval_sample(plan->test, plan->users, plan->request.seed);
		return affinity_eval_score(&subject, plan->test, &plan->want);
	}
	if (model)
		affinity_eval_source_model(model, &source);
	else
		affinity_eval_source_query(text_to_cstring(PG_GETARG_TEXT_PP(ARG_QUERY)),
								   "the query", &source);
	algorithm = definition_args(fcinfo, model, &options);
	affinity_eval_plan_read(plan, fcinfo, &source, has_test ? &test : NULL);
	affinity_eval_train(plan->split, algorithm, options, &subject);
	return affinity_eval_score(&subject, plan->test, &plan->want);
}

PG_FUNCTION_INFO_V1(affinity_eval_evaluate);

/*
 * SQL: evaluate(model, test, query, algorithm, options, split, holdout, as_of,
 * k, users, metrics, seed, confidence)
 */
Datum
affinity_eval_evaluate(PG_FUNCTION_ARGS)
{
	EvalPlan	plan = {0};
	Answer		answer = {.plan = &plan};
	MemoryContext progress;

	check_what(fcinfo);
	affinity_eval_plan_args(fcinfo, ARG_SPLIT, &plan);
	InitMaterializedSRF(fcinfo, 0);
	answer.rows = (ReturnSetInfo *) fcinfo->resultinfo;
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
	progress = affinity_parallel_progress_begin(PG_ARGISNULL(ARG_MODEL) ? "" :
												text_to_cstring(PG_GETARG_TEXT_PP(ARG_MODEL)),
												"evaluate");
	answer.result = measure(fcinfo, &plan);
	affinity_parallel_progress_end(progress);
	put_result(&answer);
	SPI_finish();
	return (Datum) 0;
}
