/*
 * plan.c
 *		The options of experiment and experiment_stratified, checked.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "base/base.h"
#include "base/number.h"
#include "experiment/plan.h"

/* The options, in the order of the arguments. */
enum
{
	ARG_CONTROL,
	ARG_METHOD,
	ARG_CONFIDENCE,
	ARG_ALTERNATIVE,
	ARG_ADJUST,
	ARG_EFFECT,
	ARG_LIFT,
	ARG_INTERVAL,
	ARG_THETA,
	ARG_HORIZON,
	ARG_TAU,
	ARG_PRIOR_MEAN,
	ARG_PRIOR_SD,
	ARG_PRIOR_ALPHA,
	ARG_PRIOR_BETA
};

/* A word of an option, and the numbers that words of it stand for. */
typedef struct Word
{
	const char *word;
	int			value;
} Word;

static const Word methods[] = {
	{"welch", EXPERIMENT_WELCH},
	{"z", EXPERIMENT_Z},
	{"cuped", EXPERIMENT_CUPED},
	{"sequential", EXPERIMENT_SEQUENTIAL},
	{"msprt", EXPERIMENT_MSPRT},
	{"bayesian", EXPERIMENT_BAYESIAN},
	{NULL, 0}
};
static const Word alternatives[] = {
	{"two_sided", EXPERIMENT_TWO_SIDED},
	{"greater", EXPERIMENT_GREATER},
	{"less", EXPERIMENT_LESS},
	{NULL, 0}
};
static const Word adjustments[] = {
	{"holm", EXPERIMENT_HOLM},
	{"bh", EXPERIMENT_BH},
	{"none", EXPERIMENT_NONE},
	{NULL, 0}
};
static const Word effects[] = {{"difference", 0}, {"lift", 1}, {NULL, 0}};
static const Word lifts[] = {
	{"auto", EXPERIMENT_LIFT_AUTO},
	{"delta", EXPERIMENT_LIFT_DELTA},
	{"fieller", EXPERIMENT_LIFT_FIELLER},
	{NULL, 0}
};
static const Word intervals[] = {{"newcombe", 0}, {"wald", 1}, {NULL, 0}};
static const Word thetas[] = {{"pooled", 0}, {"within", 1}, {NULL, 0}};

/*
 * One of the words. An argument that the function of an older version lacks is
 * its default, the first of them.
 */
static int
word_arg(FunctionCallInfo fcinfo, int arg, const char *name, const Word *words)
{
	char	   *given;
	StringInfoData list;

	if (arg >= PG_NARGS())
		return words[0].value;
	given = affinity_base_text_arg(fcinfo, arg, name);
	for (int i = 0; words[i].word != NULL; i++)
		if (pg_strcasecmp(given, words[i].word) == 0)
			return words[i].value;
	initStringInfo(&list);
	for (int i = 0; words[i].word != NULL; i++)
		appendStringInfo(&list, "%s%s", i == 0 ? "" :
						 words[i + 1].word == NULL ? " or " : ", ",
						 words[i].word);
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown %s \"%s\"", name, given),
			 errhint("It is %s.", list.data)));
	return 0;					/* not reached */
}

/* A number from or above the least; NULL is the fallback, NAN if there is none. */
static double
number_arg(FunctionCallInfo fcinfo, int arg, const char *name, double fallback,
		   bool positive, const char *hint)
{
	double		given = fallback;

	if (!PG_ARGISNULL(arg))
		given = PG_GETARG_FLOAT8(arg);
	else if (isnan(fallback))
		affinity_base_check_not_null(fcinfo, arg, name);
	if (isnan(given) || (positive && given <= 0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be %s, but is %s", name,
						positive ? "more than 0" : "a number", affinity_base_shortest(given)),
				 errhint("%s", hint)));
	return given;
}

static double
finite_arg(FunctionCallInfo fcinfo, int arg, const char *name, bool positive,
		   const char *hint)
{
	double		given = number_arg(fcinfo, arg, name, NAN, positive, hint);

	if (isinf(given))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be finite", name),
				 errhint("%s", hint)));
	return given;
}

/* Which differences are looked for. */
ExperimentSide
affinity_experiment_side_arg(FunctionCallInfo fcinfo, int arg)
{
	return word_arg(fcinfo, arg, "alternative", alternatives);
}

/* How p-values of several variants are adjusted. */
ExperimentAdjust
affinity_experiment_adjust_arg(FunctionCallInfo fcinfo, int arg)
{
	return word_arg(fcinfo, arg, "adjust", adjustments);
}

static void
look_at_interrupts(void)
{
	CHECK_FOR_INTERRUPTS();
}

/* The options from argument first on. */
void
affinity_experiment_plan_args(FunctionCallInfo fcinfo, int first,
							  ExperimentCall *call)
{
	ExperimentPlan *plan = &call->plan;
	double		confidence;

	call->control = NULL;
	plan->look = look_at_interrupts;
	if (!PG_ARGISNULL(first + ARG_CONTROL))
		call->control = text_to_cstring(PG_GETARG_TEXT_PP(first + ARG_CONTROL));
	plan->method = word_arg(fcinfo, first + ARG_METHOD, "method", methods);
	affinity_base_check_not_null(fcinfo, first + ARG_CONFIDENCE, "confidence");
	confidence = PG_GETARG_FLOAT8(first + ARG_CONFIDENCE);
	if (!(confidence > 0 && confidence < 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("confidence must be between 0 and 1, but is %s",
						affinity_base_shortest(confidence)),
				 errhint("Pass 0.95 for intervals of 95 %%.")));
	plan->alpha = 1 - confidence;
	plan->side = affinity_experiment_side_arg(fcinfo, first + ARG_ALTERNATIVE);
	call->adjust = affinity_experiment_adjust_arg(fcinfo, first + ARG_ADJUST);
	plan->about_lift = word_arg(fcinfo, first + ARG_EFFECT, "effect", effects);
	plan->lift = word_arg(fcinfo, first + ARG_LIFT, "lift_interval", lifts);
	plan->wald = word_arg(fcinfo, first + ARG_INTERVAL, "z_interval", intervals);
	call->within = word_arg(fcinfo, first + ARG_THETA, "theta", thetas);
	plan->horizon = finite_arg(fcinfo, first + ARG_HORIZON, "horizon", true,
							   "It is the number of units of both variants at which the interval is to be narrowest.");
	plan->tau = 0;
	if (plan->method == EXPERIMENT_MSPRT)
	{
		if (PG_ARGISNULL(first + ARG_TAU))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("method msprt needs tau"),
					 errhint("It is the standard deviation of differences that you expect, fixed before the experiment; method sequential needs none.")));
		plan->tau = finite_arg(fcinfo, first + ARG_TAU, "tau", true,
							   "It is the standard deviation of differences that you expect.");
	}
	plan->prior_mean = finite_arg(fcinfo, first + ARG_PRIOR_MEAN, "prior_mean",
								  false, "It is the mean of the effects that you expect.");
	plan->prior_sd = number_arg(fcinfo, first + ARG_PRIOR_SD, "prior_sd",
								INFINITY, true,
								"It is the standard deviation of the effects that you expect; NULL is a flat prior.");
	plan->prior_alpha = finite_arg(fcinfo, first + ARG_PRIOR_ALPHA,
								   "prior_alpha", true,
								   "Pass 1 and 1 for a flat prior of a proportion.");
	plan->prior_beta = finite_arg(fcinfo, first + ARG_PRIOR_BETA, "prior_beta",
								  true,
								  "Pass 1 and 1 for a flat prior of a proportion.");
	if (plan->prior_alpha < 1e-3 || plan->prior_beta < 1e-3 ||
		plan->prior_alpha > 1e15 || plan->prior_beta > 1e15)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("prior_alpha and prior_beta must be from 0.001 to 1e15, but are %s and %s",
						affinity_base_shortest(plan->prior_alpha), affinity_base_shortest(plan->prior_beta)),
				 errhint("Pass 1 and 1 for a flat prior of a proportion.")));
}
