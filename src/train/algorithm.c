/*
 * algorithm.c
 *		The table of algorithms, and the SQL function that lists their
 *		options.
 */
#include "postgres.h"

#include "funcapi.h"
#include "utils/builtins.h"

#include "train/train.h"

static const AffinityAlgorithm *const algorithms[] = {
	&affinity_train_als,
	&affinity_train_ease,
	&affinity_train_ials,
	&affinity_train_item_knn,
	&affinity_train_popular,
};

/*
 * One row of the table, for going through it; NULL after the last.
 */
const AffinityAlgorithm *
affinity_train_algorithm_number(int no)
{
	return no < (int) lengthof(algorithms) ? algorithms[no] : NULL;
}

/*
 * The algorithm of a name, in any case.
 */
const AffinityAlgorithm *
affinity_train_algorithm(const char *name)
{
	StringInfoData valid;

	for (int i = 0; i < (int) lengthof(algorithms); i++)
	{
		if (pg_strcasecmp(algorithms[i]->name, name) == 0)
			return algorithms[i];
	}
	initStringInfo(&valid);
	for (int i = 0; i < (int) lengthof(algorithms); i++)
		appendStringInfo(&valid, "%s%s", i ? ", " : "", algorithms[i]->name);
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown algorithm \"%s\"", name),
			 errhint("Valid algorithms are: %s.", valid.data)));
	return NULL;
}

/*
 * What the weights of a pair's rows make of it, with these options.
 */
AffinityPairValue
affinity_train_pair_value(const AffinityAlgorithm *algorithm,
						  const void *options)
{
	if (algorithm->ratings)
		return AFFINITY_PAIR_RATING;
	return algorithm->signed_weights && algorithm->signed_weights(options) ?
		AFFINITY_PAIR_SIGNED : AFFINITY_PAIR_ABOVE_0;
}

/*
 * May sums over neighbors be below 0?
 */
bool
affinity_train_signed_scores(const AffinityAlgorithm *algorithm,
							 const void *options)
{
	return algorithm->signed_scores ||
		affinity_train_pair_value(algorithm, options) == AFFINITY_PAIR_SIGNED;
}

/*
 * Do weights count less the mean of the user's?
 */
bool
affinity_train_centered(const AffinityAlgorithm *algorithm,
						const void *options)
{
	return algorithm->centered && algorithm->centered(options);
}

/*
 * What is stored of a model is not what training wrote. Where the model's
 * name is not known (NULL), what is a whole sentence.
 */
void
affinity_train_damaged(const char *model, const char *what)
{
	if (model == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("%s", what),
				 errhint("Refresh the model, or drop it and create it again.")));
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("model \"%s\" is damaged: %s", model, what),
			 errhint("To make it whole: SELECT affinity.refresh_model(%s);",
					 quote_literal_cstr(model))));
}

/*
 * What an option's values may be, in words.
 */
static char *
option_range(const AffinityOption *option)
{
	StringInfoData range;

	initStringInfo(&range);
	switch (option->type)
	{
		case AFFINITY_OPTION_INT:
		case AFFINITY_OPTION_REAL:
			appendStringInfo(&range, "%s to %s%s",
							 affinity_train_option_bound(option->min),
							 affinity_train_option_bound(option->max),
							 strcmp(option->start, "null") == 0 ? ", or null" :
							 "");
			break;
		case AFFINITY_OPTION_ENUM:
			for (int i = 0; option->values[i]; i++)
				appendStringInfo(&range, "%s%s", i ? ", " : "",
								 option->values[i]);
			break;
		case AFFINITY_OPTION_INTERVAL:
			appendStringInfoString(&range, "interval above 0, or null");
			break;
	}
	return range.data;
}

PG_FUNCTION_INFO_V1(affinity_train_algorithm_options);

/*
 * SQL: algorithm_options(): every option of every algorithm.
 */
Datum
affinity_train_algorithm_options(PG_FUNCTION_ARGS)
{
	static const char *const types[] = {"integer", "real", "enum", "interval"};
	ReturnSetInfo *result;

	InitMaterializedSRF(fcinfo, 0);
	result = (ReturnSetInfo *) fcinfo->resultinfo;
	for (int m = 0; affinity_train_algorithm_number(m); m++)
	{
		const AffinityAlgorithm *algorithm =
		affinity_train_algorithm_number(m);

		for (int i = 0; i < algorithm->n_options; i++)
		{
			const AffinityOption *option = &algorithm->options[i];
			Datum		values[6];
			bool		nulls[6] = {0};

			values[0] = CStringGetTextDatum(algorithm->name);
			values[1] = CStringGetTextDatum(option->name);
			values[2] = CStringGetTextDatum(types[option->type]);
			values[3] = DirectFunctionCall1(jsonb_in,
											CStringGetDatum(option->start));
			values[4] = CStringGetTextDatum(option_range(option));
			values[5] = CStringGetTextDatum(option->help);
			tuplestore_putvalues(result->setResult, result->setDesc,
								 values, nulls);
		}
	}
	return (Datum) 0;
}
