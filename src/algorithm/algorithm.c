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

static const AffinityAlgorithm *
find(const char *name)
{
	for (int i = 0; i < (int) lengthof(algorithms); i++)
	{
		if (pg_strcasecmp(algorithms[i]->name, name) == 0)
			return algorithms[i];
	}
	return NULL;
}

static void
unknown(const char *name, bool or_auto)
{
	StringInfoData valid;

	initStringInfo(&valid);
	for (int i = 0; i < (int) lengthof(algorithms); i++)
		appendStringInfo(&valid, "%s%s", i ? ", " : "", algorithms[i]->name);
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown algorithm \"%s\"", name),
			 or_auto ?
			 errhint("Valid algorithms are: %s, or auto, which chooses one.",
					 valid.data) :
			 errhint("Valid algorithms are: %s.", valid.data)));
}

/*
 * The algorithm of a name, in any case; NULL: there is none.
 */
const AffinityAlgorithm *
affinity_algorithm_search(const char *name)
{
	return find(name);
}

/*
 * The same, which is there.
 */
const AffinityAlgorithm *
affinity_algorithm_find(const char *name)
{
	const AffinityAlgorithm *found = find(name);

	if (found == NULL)
		unknown(name, false);
	return found;
}

/*
 * The same where it may be what chooses one.
 */
const AffinityAlgorithm *
affinity_algorithm_find_or_auto(const char *name)
{
	const AffinityAlgorithm *found = affinity_algorithm_is_auto(name) ?
		&affinity_algorithm_auto : find(name);

	if (found == NULL)
		unknown(name, true);
	return found;
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

static void
put_options(ReturnSetInfo *result, const AffinityAlgorithm *algorithm)
{
	static const char *const types[] = {"integer", "real", "enum", "interval"};

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

PG_FUNCTION_INFO_V1(affinity_algorithm_options);

/*
 * SQL: algorithm_options(): every option of every algorithm, by name.
 */
Datum
affinity_algorithm_options(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result;
	const AffinityAlgorithm *next = &affinity_algorithm_auto;

	InitMaterializedSRF(fcinfo, 0);
	result = (ReturnSetInfo *) fcinfo->resultinfo;
	for (int i = 0; affinity_algorithm_number(i); i++)
	{
		if (next && strcmp(affinity_algorithm_number(i)->name, next->name) > 0)
		{
			put_options(result, next);
			next = NULL;
		}
		put_options(result, affinity_algorithm_number(i));
	}
	return (Datum) 0;
}
