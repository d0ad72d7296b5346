/*
 * plan.c
 *		Arguments that evaluate() and compare() have in common, and the rows
 *		that come of them.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "pgtime.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "calendar/calendar.h"
#include "eval/evaluate.h"

/* ---- arguments --------------------------------------------------------- */

static int
compare_uint32(const void *a, const void *b)
{
	return affinity_score_compare(a, b);
}

/*
 * A length of lists.
 */
uint32
affinity_eval_k(int64 k)
{
	if (k < 1 || k > EVAL_MOST_LONG)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("k is out of range: %lld", (long long) k),
				 errhint("A list has 1 to %d items.", EVAL_MOST_LONG)));
	return (uint32) k;
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
		if (isnull[i])
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("an element of k is null"),
					 errhint("A list has 1 to %d items.", EVAL_MOST_LONG)));
		k[i] = affinity_eval_k(DatumGetInt64(value[i]));
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
 * The metric that a search goes by. What says something of lists, but not how
 * good they are, is none.
 */
AffinityEvalMetric
affinity_eval_goal_arg(FunctionCallInfo fcinfo, int arg)
{
	const char *word = affinity_base_text_arg(fcinfo, arg, "metric");
	int			metric = word_of(affinity_eval_metric_names, word, "metric");

	if (metric >= AFFINITY_EVAL_N_HITS && metric != AFFINITY_EVAL_AUC)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("metric \"%s\" does not say how good lists are", word),
				 errhint("It may be ndcg, recall, precision, map, mrr, hit_rate or auc.")));
	return (AffinityEvalMetric) metric;
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

static double
fraction_arg(FunctionCallInfo fcinfo, int arg, const char *name)
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
 * A time as rows have it whose times are of a type.
 */
int64
affinity_eval_moment_arg(FunctionCallInfo fcinfo, int arg, Oid at_type)
{
	const Moment *moment = (const Moment *) PG_GETARG_POINTER(arg);

	return at_type == TIMESTAMPTZOID ?
		affinity_calendar_moment_instant(moment, session_timezone) :
		affinity_calendar_moment_local(moment, session_timezone);
}

/*
 * How rows are split: the arguments split, holdout and as_of, the last of which
 * is read once it is known what times the rows have.
 */
void
affinity_eval_split_args(FunctionCallInfo fcinfo, int first,
						 AffinityEvalSplitRequest *request)
{
	request->kind = (AffinityEvalKind)
		word_of(affinity_eval_kind_names,
				affinity_base_text_arg(fcinfo, first, "split"), "split");
	request->holdout = fraction_arg(fcinfo, first + 1, "holdout");
	request->has_as_of = !PG_ARGISNULL(first + 2);
	if (request->has_as_of && request->kind != AFFINITY_EVAL_AUTO &&
		request->kind != AFFINITY_EVAL_TIME)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("as_of is given for split \"%s\"",
						affinity_eval_kind_names[request->kind]),
				 errhint("It is the time of split => 'time': leave one of them out.")));
}

/*
 * How rows are split, and what is wanted: the arguments from "split" on.
 */
void
affinity_eval_plan_args(FunctionCallInfo fcinfo, int first, EvalPlan *plan)
{
	AffinityEvalSplitRequest *request = &plan->request;

	affinity_eval_split_args(fcinfo, first, request);
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
	plan->confidence = fraction_arg(fcinfo, first + 7, "confidence");
	affinity_base_check_not_null(fcinfo, first + 8, "exclude_seen");
	plan->want.with_seen = !PG_GETARG_BOOL(first + 8);
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
say_split(const AffinityEvalSource *source, const AffinityEvalSplit *split,
		  uint32 users)
{
	static const char *const how[] = {
		[AFFINITY_EVAL_USERS] = "held-out users, their newest rows",
		[AFFINITY_EVAL_RANDOM] = "some items of each user, by chance",
		[AFFINITY_EVAL_LAST] = "the newest item of each user",
		[AFFINITY_EVAL_ALL] = "a query"
	};

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
 * A test query and a split exclude each other.
 */
void
affinity_eval_check_test(FunctionCallInfo fcinfo, int arg,
						 const EvalPlan *plan)
{
	if (!PG_ARGISNULL(arg) && (plan->request.kind != AFFINITY_EVAL_AUTO ||
							   plan->request.has_as_of))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("both a test and a split are given"),
				 errhint("A test says what is to be predicted: leave split and as_of out.")));
}

/*
 * Read what is to be predicted, with ids of these types.
 */
void
affinity_eval_plan_test(EvalPlan *plan, const AffinityEvalSource *test,
						Oid user_type, Oid item_type)
{
	plan->test = affinity_eval_read_test(test, user_type, item_type);
	affinity_eval_sample(plan->test, plan->users, plan->request.seed);
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
		plan->request.as_of = affinity_eval_moment_arg(fcinfo, plan->as_of_arg,
													   source->at_type);
	journal = affinity_eval_read(source);
	plan->split = affinity_eval_split(journal, &plan->request);
	if (test)
		affinity_eval_plan_test(plan, test, source->user_type,
								source->item_type);
	else
	{
		plan->test = affinity_eval_test(plan->split);
		affinity_eval_sample(plan->test, plan->users, plan->request.seed);
	}
	say_split(source, plan->split, plan->test->by_user.n_rows);
}
