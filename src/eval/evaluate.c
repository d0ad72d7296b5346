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

#include "executor/spi.h"
#include "funcapi.h"
#include "utils/builtins.h"

#include "algorithm/algorithm.h"
#include "eval/evaluate.h"
#include "parallel/progress.h"

enum
{
	ARG_MODEL,
	ARG_TEST,
	ARG_QUERY,
	ARG_ALGORITHM,
	ARG_OPTIONS,
	ARG_BY,
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
		char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(ARG_MODEL));
		Oid			table;

		model = affinity_model_open(affinity_model_schema(name, &table));
	}
	if (has_test)
		affinity_eval_source_query(text_to_cstring(PG_GETARG_TEXT_PP(ARG_TEST)),
								   "the test", &test);
	if (has_test && model && PG_ARGISNULL(ARG_ALGORITHM) &&
		PG_ARGISNULL(ARG_OPTIONS) && model->trained)
	{
		affinity_eval_stored(model, &subject);
		affinity_eval_plan_test(plan, &test, model->user_type,
								model->item_type);
		return affinity_eval_score(&subject, plan->test, &plan->want);
	}
	if (model)
		affinity_eval_source_model(model, &source);
	else
		affinity_eval_source_query(text_to_cstring(PG_GETARG_TEXT_PP(ARG_QUERY)),
								   "the query", &source);
	algorithm = definition_args(fcinfo, model, &options);
	affinity_eval_plan_read(plan, fcinfo, &source, has_test ? &test : NULL);
	affinity_eval_train(plan->split, algorithm, options,
						affinity_eval_attributes(model, algorithm, options,
												 &source),
						&subject);
	return affinity_eval_score(&subject, plan->test, &plan->want);
}

PG_FUNCTION_INFO_V1(affinity_eval_evaluate);

/*
 * SQL: evaluate(model, test, query, algorithm, options, by, split, holdout,
 * as_of, k, users, metrics, seed, confidence, exclude_seen)
 */
Datum
affinity_eval_evaluate(PG_FUNCTION_ARGS)
{
	EvalPlan	plan = {0};
	const AffinityEvalResult *result;
	EvalSegment *segment;
	int			n = 0;
	MemoryContext progress;

	check_what(fcinfo);
	affinity_eval_plan_args(fcinfo, ARG_SPLIT, &plan);
	affinity_eval_check_test(fcinfo, ARG_TEST, &plan);
	InitMaterializedSRF(fcinfo, 0);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
	progress = affinity_parallel_progress_begin(PG_ARGISNULL(ARG_MODEL) ? "" :
												text_to_cstring(PG_GETARG_TEXT_PP(ARG_MODEL)),
												"evaluate");
	result = measure(fcinfo, &plan);
	affinity_eval_report((ReturnSetInfo *) fcinfo->resultinfo, &plan, result,
						 NULL);
	if (!PG_ARGISNULL(ARG_BY))
	{
		segment = affinity_eval_segments(text_to_cstring(PG_GETARG_TEXT_PP(ARG_BY)),
										 plan.test, &n);
		for (int i = 0; i < n; i++)
			affinity_eval_report((ReturnSetInfo *) fcinfo->resultinfo, &plan,
								 result, &segment[i]);
	}
	affinity_parallel_progress_end(progress);
	SPI_finish();
	return (Datum) 0;
}
