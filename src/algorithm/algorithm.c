/*
 * algorithm.c
 *		The table of algorithms, and the SQL function that lists their
 *		options.
 */
#include "postgres.h"

#include "funcapi.h"
#include "utils/builtins.h"

#include "algorithm/algorithm.h"
#include "latent/latent.h"
#include "linear/linear.h"
#include "neighbor/neighbor.h"
#include "repeat/repeat.h"

static const AffinityAlgorithm *const algorithms[] = {
	&affinity_latent_als,
	&affinity_repeat_buy_again,
	&affinity_linear_ease,
	&affinity_linear_graph_filter,
	&affinity_latent_ials,
	&affinity_neighbor_item_knn,
	&affinity_neighbor_next_item,
	&affinity_train_popular,
};

/*
 * One row of the table, for going through it; NULL after the last.
 */
const AffinityAlgorithm *
affinity_algorithm_number(int no)
{
	return no < (int) lengthof(algorithms) ? algorithms[no] : NULL;
}

/*
 * The algorithm of a name, in any case.
 */
const AffinityAlgorithm *
affinity_algorithm_find(const char *name)
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
							 affinity_train_option_auto(option) ? ", or auto" :
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

PG_FUNCTION_INFO_V1(affinity_algorithm_options);

/*
 * SQL: algorithm_options(): every option of every algorithm.
 */
Datum
affinity_algorithm_options(PG_FUNCTION_ARGS)
{
	static const char *const types[] = {"integer", "real", "enum", "interval"};
	ReturnSetInfo *result;

	InitMaterializedSRF(fcinfo, 0);
	result = (ReturnSetInfo *) fcinfo->resultinfo;
	for (int m = 0; affinity_algorithm_number(m); m++)
	{
		const AffinityAlgorithm *algorithm =
		affinity_algorithm_number(m);

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
