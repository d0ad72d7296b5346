/*
 * options.c
 *		An algorithm's options: from jsonb to its struct and back.
 *
 * The descriptors say what may come; anything else is an error that lists
 * what is valid. Null stands for the default. A real whose default is "auto"
 * is NaN until training settles it.
 */
#include "postgres.h"

#include <math.h>

#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/numeric.h"

#include "base/number.h"
#include "train/train.h"

const char *const affinity_train_seen_names[] = {"all", "positive", NULL};

/*
 * A bound of a number as it is written: whole numbers in full.
 */
char *
affinity_train_option_bound(double bound)
{
	return fabs(bound) < 1e15 && bound == floor(bound) ?
		psprintf("%.0f", bound) : psprintf("%g", bound);
}

/*
 * May it be "auto", a value that training finds?
 */
bool
affinity_train_option_auto(const AffinityOption *option)
{
	return option->type == AFFINITY_OPTION_REAL &&
		strcmp(option->start, "\"auto\"") == 0;
}

/*
 * Is that the name, in any case, of an option or of one of its values?
 */
static bool
is_name(const char *name, const JsonbValue *given)
{
	size_t		len = (size_t) given->val.string.len;

	return strlen(name) == len &&
		pg_strncasecmp(name, given->val.string.val, len) == 0;
}

static char *
option_hint(const AffinityOption *option)
{
	const char *const *names = option->values;
	StringInfoData hint;

	initStringInfo(&hint);
	switch (option->type)
	{
		case AFFINITY_OPTION_INT:
			appendStringInfo(&hint, "It takes a whole number from %s to %s.",
							 affinity_train_option_bound(option->min),
							 affinity_train_option_bound(option->max));
			break;
		case AFFINITY_OPTION_REAL:
			appendStringInfo(&hint, "It takes a number from %s to %s%s.",
							 affinity_train_option_bound(option->min),
							 affinity_train_option_bound(option->max),
							 affinity_train_option_auto(option) ?
							 ", or \"auto\"" : "");
			break;
		case AFFINITY_OPTION_ENUM:
			appendStringInfoString(&hint, "It takes one of: ");
			for (int i = 0; names[i]; i++)
				appendStringInfo(&hint, "%s\"%s\"", i ? ", " : "", names[i]);
			appendStringInfoChar(&hint, '.');
			break;
		case AFFINITY_OPTION_INTERVAL:
			appendStringInfoString(&hint,
								   "It takes an interval above 0, such as \"30 days\".");
			break;
	}
	return hint.data;
}

static void
option_error(const AffinityOption *option, const char *problem,
			 const char *value)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("option \"%s\" %s: %s", option->name, problem, value),
			 errhint("%s", option_hint(option))));
}

/*
 * A value as a message shows it.
 */
static char *
display_value(const JsonbValue *value)
{
	Datum		number;

	switch (value->type)
	{
		case jbvString:
			return psprintf("\"%.*s\"", value->val.string.len,
							value->val.string.val);
		case jbvNumeric:
			number = NumericGetDatum(value->val.numeric);
			return DatumGetCString(DirectFunctionCall1(numeric_out, number));
		case jbvBool:
			return pstrdup(value->val.boolean ? "true" : "false");
		default:
			return pstrdup("not a plain value");
	}
}

static void
set_number(const AffinityOption *option, const JsonbValue *value, char *to)
{
	Datum		given;
	double		number;

	if (value->type == jbvString && affinity_train_option_auto(option) &&
		is_name("auto", value))
	{
		*(double *) to = get_float8_nan();
		return;
	}
	if (value->type != jbvNumeric)
		option_error(option, "is not a number", display_value(value));
	given = NumericGetDatum(value->val.numeric);
	number = DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow,
												given));
	if (!(number >= option->min && number <= option->max))
		option_error(option, "is out of range", display_value(value));
	if (option->type == AFFINITY_OPTION_REAL)
		*(double *) to = number;
	else if (number != floor(number))
		option_error(option, "is not a whole number", display_value(value));
	else
		*(int32 *) to = (int32) number;
}

static void
set_enum(const AffinityOption *option, const JsonbValue *value, char *to)
{
	if (value->type != jbvString)
		option_error(option, "is not a string", display_value(value));
	for (int i = 0; option->values[i]; i++)
	{
		if (is_name(option->values[i], value))
		{
			*(int *) to = i;
			return;
		}
	}
	option_error(option, "has an unknown value", display_value(value));
}

/*
 * What interval_in has to say is about an option.
 */
static void
interval_error_callback(void *arg)
{
	errcode(ERRCODE_INVALID_PARAMETER_VALUE);
	errhint("%s", option_hint((const AffinityOption *) arg));
	errcontext("option \"%s\"", ((const AffinityOption *) arg)->name);
}

/*
 * Months and years count as many days as EXTRACT(epoch) gives them.
 */
static void
set_interval(const AffinityOption *option, const JsonbValue *value, char *to)
{
	ErrorContextCallback callback;
	char	   *text = NULL;
	char	   *number;
	double		us;

	if (value->type == jbvString)
		text = pnstrdup(value->val.string.val, value->val.string.len);
	else if (value->type == jbvNumeric)
		text = display_value(value);
	else
		option_error(option, "is not an interval in quotes",
					 display_value(value));
	number = affinity_base_lacks_unit(text);
	if (number)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("option \"%s\" has no unit: %s", option->name,
						display_value(value)),
				 errhint("Write the unit, and quotes: \"%s days\".", number)));
	callback.callback = interval_error_callback;
	callback.arg = unconstify(AffinityOption *, option);
	callback.previous = error_context_stack;
	error_context_stack = &callback;
	us = affinity_base_interval_length(affinity_base_interval(text));
	error_context_stack = callback.previous;
	if (!(us >= 1 && us < 1e18))
		option_error(option, "is out of range", display_value(value));
	*(int64 *) to = (int64) us;
}

void
affinity_train_option_set(const AffinityOption *option, const JsonbValue *value, char *base)
{
	char	   *to = base + option->offset;

	switch (option->type)
	{
		case AFFINITY_OPTION_INT:
		case AFFINITY_OPTION_REAL:
			set_number(option, value, to);
			break;
		case AFFINITY_OPTION_ENUM:
			set_enum(option, value, to);
			break;
		case AFFINITY_OPTION_INTERVAL:
			set_interval(option, value, to);
			break;
	}
}

/*
 * Set every option to its default.
 */
static void
set_defaults(const AffinityAlgorithm *algorithm, char *base)
{
	for (int i = 0; i < algorithm->n_options; i++)
	{
		const AffinityOption *option = &algorithm->options[i];
		Jsonb	   *start =
			DatumGetJsonbP(DirectFunctionCall1(jsonb_in,
											   CStringGetDatum(option->start)));
		JsonbValue	value;

		if (!JsonbExtractScalar(&start->root, &value))
			elog(ERROR, "default of option %s is not a scalar", option->name);
		if (value.type != jbvNull)
			affinity_train_option_set(option, &value, base);
	}
}

/*
 * The option of a name; what is none is an error, or NULL.
 */
const AffinityOption *
affinity_train_option_find(const AffinityAlgorithm *algorithm,
						   const JsonbValue *key, bool missing_ok)
{
	StringInfoData valid;

	for (int i = 0; i < algorithm->n_options; i++)
	{
		if (is_name(algorithm->options[i].name, key))
			return &algorithm->options[i];
	}
	if (missing_ok)
		return NULL;
	initStringInfo(&valid);
	for (int i = 0; i < algorithm->n_options; i++)
		appendStringInfo(&valid, "%s%s", i ? ", " : "",
						 algorithm->options[i].name);
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown option \"%.*s\" of algorithm %s",
					key->val.string.len, key->val.string.val, algorithm->name),
			 algorithm->train ? errhint("Valid options are: %s.", valid.data) :
			 errhint("Valid options are: %s. Those of another algorithm need its name: algorithm => 'item_knn'.",
					 valid.data)));
	return NULL;
}

/*
 * Options from jsonb (NULL: all defaults) into a new struct of the algorithm.
 */
void *
affinity_train_options_parse(const AffinityAlgorithm *algorithm,
							 Jsonb *options)
{
	char	   *base = palloc0(algorithm->options_size);
	JsonbIterator *it;
	JsonbIteratorToken token;
	JsonbValue	key;
	JsonbValue	value;
	bool	   *given;

	set_defaults(algorithm, base);
	if (options != NULL)
	{
		if (!JB_ROOT_IS_OBJECT(options))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("options are not a JSON object"),
					 errhint("Write them like {\"neighbors\": 100}; SELECT * FROM affinity.algorithm_options() lists them all.")));
		given = palloc0(algorithm->n_options * sizeof(bool));
		it = JsonbIteratorInit(&options->root);
		while ((token = JsonbIteratorNext(&it, &key, true)) != WJB_DONE)
		{
			const AffinityOption *option;

			if (token != WJB_KEY)
				continue;
			option = affinity_train_option_find(algorithm, &key, false);
			if (given[option - algorithm->options])
				ereport(ERROR,
						(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						 errmsg("option \"%s\" is given twice", option->name),
						 errhint("Names of options are the same in any case: leave one out.")));
			given[option - algorithm->options] = true;
			JsonbIteratorNext(&it, &value, true);
			if (value.type != jbvNull)
				affinity_train_option_set(option, &value, base);
		}
	}
	if (algorithm->check)
		algorithm->check(base);
	return base;
}

/*
 * What of a user's pairs is not recommended again. Ratings have all seen.
 */
AffinitySeen
affinity_train_seen(const AffinityAlgorithm *algorithm, const void *options)
{
	for (int i = 0; i < algorithm->n_options; i++)
	{
		const AffinityOption *option = &algorithm->options[i];

		if (option->values == affinity_train_seen_names)
			return *(const int *) ((const char *) options + option->offset);
	}
	return AFFINITY_SEEN_ALL;
}

/*
 * The options in force, all of them, as the model keeps and shows them.
 */
Jsonb *
affinity_train_options_jsonb(const AffinityAlgorithm *algorithm,
							 const void *options)
{
	StringInfoData json;

	initStringInfo(&json);
	appendStringInfoChar(&json, '{');
	for (int i = 0; i < algorithm->n_options; i++)
	{
		const AffinityOption *option = &algorithm->options[i];
		const char *at = (const char *) options + option->offset;

		appendStringInfo(&json, "%s\"%s\": ", i ? ", " : "", option->name);
		switch (option->type)
		{
			case AFFINITY_OPTION_INT:
				appendStringInfo(&json, "%d", *(const int32 *) at);
				break;
			case AFFINITY_OPTION_REAL:
				if (isnan(*(const double *) at))
				{
					appendStringInfoString(&json, "\"auto\"");
					break;
				}
				appendStringInfoString(&json,
									   affinity_base_shortest(*(const double *) at));
				break;
			case AFFINITY_OPTION_ENUM:
				appendStringInfo(&json, "\"%s\"",
								 option->values[*(const int *) at]);
				break;
			case AFFINITY_OPTION_INTERVAL:
				if (*(const int64 *) at == 0)
					appendStringInfoString(&json, "null");
				else
					appendStringInfo(&json, "\"%.6f seconds\"",
									 *(const int64 *) at / 1e6);
				break;
		}
	}
	appendStringInfoChar(&json, '}');
	return DatumGetJsonbP(DirectFunctionCall1(jsonb_in,
											  CStringGetDatum(json.data)));
}
