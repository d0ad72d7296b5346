/*
 * space.c
 *		What a search draws from, as a user writes it:
 *
 *		{"neighbors": [100, 200, 400], "shrinkage": {"min": 1, "max": 100},
 *		 "ease": {"regularization": {"min": 10, "max": 1000, "scale": "log"}}}
 *
 * Options stand for all algorithms that have them, or under the name of one.
 * An algorithm of which nothing is said has its usual space (spaces.c).
 */
#include "postgres.h"

#include <math.h>

#include "utils/builtins.h"

#include "algorithm/algorithm.h"
#include "tune/space.h"

/* From so much on the larger end is of another order: by the logarithm. */
#define LOG_FROM		10
#define MOST_VALUES		1000

#define SPACE_HINT "Write a list, such as {\"neighbors\": [100, 200]}, or a range: {\"neighbors\": {\"min\": 50, \"max\": 500, \"scale\": \"log\"}}."

pg_noreturn static void
bad_space(const char *problem, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("%s", problem),
			 errhint("%s", hint)));
	pg_unreachable();
}

/*
 * A value as JSON.
 */
static char *
json_of(const JsonbValue *value)
{
	Jsonb	   *json = JsonbValueToJsonb(unconstify(JsonbValue *, value));

	return JsonbToCString(NULL, &json->root, VARSIZE(json));
}

static char *
key_of(const JsonbValue *key)
{
	return pnstrdup(key->val.string.val, key->val.string.len);
}

/* ---- one option -------------------------------------------------------- */

/*
 * Check a value, with the words of create_model; the number that it is.
 */
static double
number_of(const AffinityAlgorithm *algorithm, const AffinityOption *option,
		  const JsonbValue *value)
{
	char	   *base = palloc0(algorithm->options_size);
	const char *at = base + option->offset;

	if (value->type == jbvNull)
		return NAN;
	affinity_train_option_set(option, value, base);
	switch (option->type)
	{
		case AFFINITY_OPTION_INT:
			return *(const int32 *) at;
		case AFFINITY_OPTION_REAL:
			return *(const double *) at;
		case AFFINITY_OPTION_INTERVAL:
			return (double) *(const int64 *) at;
		case AFFINITY_OPTION_ENUM:
			break;
	}
	return NAN;
}

static void
set_list(const AffinityAlgorithm *algorithm, JsonbContainer * list,
		 TuneRange *range)
{
	int			n = (int) JsonContainerSize(list);

	if (n == 0 || n > MOST_VALUES)
		bad_space(psprintf("option \"%s\" has %d values to draw from",
						   range->option->name, n),
				  psprintf("Give 1 to %d.", MOST_VALUES));
	range->n = n;
	range->value = palloc(n * sizeof(char *));
	for (int i = 0; i < n; i++)
	{
		JsonbValue *value = getIthJsonbValueFromContainer(list, i);

		(void) number_of(algorithm, range->option, value);
		range->value[i] = json_of(value);
	}
}

static void
set_scale(const JsonbValue *value, TuneRange *range)
{
	char	   *word = value->type == jbvString ? key_of(value) : json_of(value);

	if (pg_strcasecmp(word, "log") != 0 && pg_strcasecmp(word, "linear") != 0)
		bad_space(psprintf("unknown scale of option \"%s\": %s",
						   range->option->name, word),
				  "It may be \"log\" or \"linear\".");
	range->log = pg_strcasecmp(word, "log") == 0;
}

/*
 * {"min", "max", "scale"}
 */
static void
set_range(const AffinityAlgorithm *algorithm, JsonbContainer * object,
		  TuneRange *range)
{
	const char *name = range->option->name;
	bool		scaled = false;
	JsonbIterator *it = JsonbIteratorInit(object);
	JsonbIteratorToken token;
	JsonbValue	key;
	JsonbValue	value;

	if (range->option->type == AFFINITY_OPTION_ENUM)
		bad_space(psprintf("option \"%s\" has names and no range", name),
				  psprintf("Write a list of them: {\"%s\": [\"%s\", \"%s\"]}.",
						   name, range->option->values[0],
						   range->option->values[1]));
	range->min = range->max = NAN;
	while ((token = JsonbIteratorNext(&it, &key, true)) != WJB_DONE)
	{
		char	   *word;

		if (token != WJB_KEY)
			continue;
		word = key_of(&key);
		JsonbIteratorNext(&it, &value, true);
		if (strcmp(word, "min") == 0)
			range->min = number_of(algorithm, range->option, &value);
		else if (strcmp(word, "max") == 0)
			range->max = number_of(algorithm, range->option, &value);
		else if (strcmp(word, "scale") == 0)
		{
			set_scale(&value, range);
			scaled = true;
		}
		else
			bad_space(psprintf("unknown key \"%s\" of the range of option \"%s\"",
							   word, name), SPACE_HINT);
	}
	if (isnan(range->min) || isnan(range->max))
		bad_space(psprintf("the range of option \"%s\" lacks a number as \"%s\"",
						   name, isnan(range->min) ? "min" : "max"),
				  SPACE_HINT);
	if (range->min > range->max)
		bad_space(psprintf("\"min\" of option \"%s\" is above \"max\"", name),
				  SPACE_HINT);
	if (range->log && range->min <= 0)
		bad_space(psprintf("the range of option \"%s\" has a logarithmic scale and does not begin above 0",
						   name),
				  "Let \"min\" be above 0, or \"scale\" be \"linear\".");
	if (!scaled)
		range->log = range->min > 0 && range->max >= LOG_FROM * range->min;
}

static void
set_option(TuneSpace *space, const AffinityOption *option,
		   const JsonbValue *value)
{
	TuneRange  *range = &space->range[space->n];

	for (int i = 0; i < space->n; i++)
	{
		if (space->range[i].option == option)
			bad_space(psprintf("option \"%s\" of algorithm %s is given twice",
							   option->name, space->algorithm->name),
					  "Leave one out; names of options are the same in any case.");
	}
	memset(range, 0, sizeof(TuneRange));
	range->option = option;
	if (value->type == jbvBinary &&
		JsonContainerIsArray(value->val.binary.data))
		set_list(space->algorithm, value->val.binary.data, range);
	else if (value->type == jbvBinary)
		set_range(space->algorithm, value->val.binary.data, range);
	else
	{
		/* one value: for all trials */
		(void) number_of(space->algorithm, option, value);
		range->n = 1;
		range->value = palloc(sizeof(char *));
		range->value[0] = json_of(value);
	}
	space->n++;
}

/* ---- the whole --------------------------------------------------------- */

static void
set_options(TuneSpace *space, JsonbContainer * object)
{
	JsonbIterator *it = JsonbIteratorInit(object);
	JsonbIteratorToken token;
	JsonbValue	key;
	JsonbValue	value;

	while ((token = JsonbIteratorNext(&it, &key, true)) != WJB_DONE)
	{
		const AffinityOption *option;

		if (token != WJB_KEY)
			continue;
		option = affinity_train_option_find(space->algorithm, &key, false);
		JsonbIteratorNext(&it, &value, true);
		set_option(space, option, &value);
	}
}

/*
 * Does a key name one of the algorithms? Then it has an object of options.
 */
static bool
set_algorithm(TuneSpace *space, int n, const JsonbValue *key,
			  const JsonbValue *value)
{
	char	   *name = key_of(key);

	for (int i = 0; i < n; i++)
	{
		if (pg_strcasecmp(space[i].algorithm->name, name) != 0)
			continue;
		if (value->type != jbvBinary ||
			!JsonContainerIsObject(value->val.binary.data))
			bad_space(psprintf("the space of algorithm %s is not a JSON object",
							   space[i].algorithm->name),
					  psprintf("Write its options: {\"%s\": {\"%s\": [...]}}.",
							   space[i].algorithm->name,
							   space[i].algorithm->options[0].name));
		set_options(&space[i], value->val.binary.data);
		return true;
	}
	return false;
}

/*
 * An option of all algorithms that have it; of one at least.
 */
static void
set_everywhere(TuneSpace *space, int n, const JsonbValue *key,
			   const JsonbValue *value)
{
	bool		any = false;

	for (int i = 0; i < n; i++)
	{
		const AffinityOption *option =
			affinity_train_option_find(space[i].algorithm, key,
									   any || i + 1 < n);

		if (option)
			set_option(&space[i], option, value);
		any |= option != NULL;
	}
}

/*
 * The spaces of some algorithms; what is wrong with them is an error.
 */
AffinityTuneSpaces *
affinity_tune_spaces_parse(Jsonb *given,
						   const AffinityAlgorithm *const *algorithm, int n)
{
	AffinityTuneSpaces *spaces = palloc(sizeof(AffinityTuneSpaces));
	JsonbIterator *it;
	JsonbIteratorToken token;
	JsonbValue	key;
	JsonbValue	value;

	spaces->n = n;
	spaces->space = palloc0(n * sizeof(TuneSpace));
	for (int i = 0; i < n; i++)
	{
		TuneSpace  *space = &spaces->space[i];

		space->algorithm = algorithm[i];
		space->range = palloc(Max(algorithm[i]->n_options, 1) *
							  sizeof(TuneRange));
	}
	if (given == NULL)
		return spaces;
	if (!JB_ROOT_IS_OBJECT(given))
		bad_space("the space is not a JSON object", SPACE_HINT);
	it = JsonbIteratorInit(&given->root);
	while ((token = JsonbIteratorNext(&it, &key, true)) != WJB_DONE)
	{
		if (token != WJB_KEY)
			continue;
		JsonbIteratorNext(&it, &value, true);
		if (!set_algorithm(spaces->space, n, &key, &value))
			set_everywhere(spaces->space, n, &key, &value);
	}
	return spaces;
}

/* ---- the usual one ----------------------------------------------------- */

/*
 * Numbers in median ages as intervals.
 */
static void
set_ages(TuneRange *range, const JsonbValue *value, double median_age)
{
	JsonbContainer *of = value->val.binary.data;
	JsonbValue	number;

	if (JsonContainerIsArray(of))
	{
		range->n = (int) JsonContainerSize(of);
		range->value = palloc(range->n * sizeof(char *));
		for (int i = 0; i < range->n; i++)
		{
			JsonbValue *age = getIthJsonbValueFromContainer(of, i);

			range->value[i] = age->type == jbvNull ? pstrdup("null") :
				psprintf("\"%s\"",
						 affinity_tune_interval(median_age * strtod(json_of(age),
																	NULL)));
		}
		return;
	}
	getKeyJsonValueFromContainer(of, "min", 3, &number);
	range->min = median_age * strtod(json_of(&number), NULL);
	getKeyJsonValueFromContainer(of, "max", 3, &number);
	range->max = median_age * strtod(json_of(&number), NULL);
	range->log = true;
}

static bool
has_range(const TuneSpace *space, const AffinityOption *option)
{
	for (int i = 0; i < space->n; i++)
	{
		if (space->range[i].option == option)
			return true;
	}
	return false;
}

/*
 * Give an algorithm its usual space; median_age is 0 where there are no times.
 */
void
affinity_tune_space_usual(TuneSpace *space, double median_age)
{
	for (int i = 0; i < affinity_tune_n_spaces; i++)
	{
		const TuneSpaceRow *row = &affinity_tune_spaces[i];
		JsonbValue	key = {.type = jbvString};
		JsonbValue	value;
		const AffinityOption *option;
		TuneRange  *range = &space->range[space->n];

		if ((row->algorithm &&
			 strcmp(row->algorithm, space->algorithm->name) != 0) ||
			(row->unit != TUNE_PLAIN && median_age < USECS_PER_SEC))
			continue;
		key.val.string.val = unconstify(char *, row->option);
		key.val.string.len = (int) strlen(row->option);
		option = affinity_train_option_find(space->algorithm, &key,
											row->algorithm == NULL);
		if (option == NULL || has_range(space, option))
			continue;
		value.type = jbvBinary;
		value.val.binary.data = &affinity_tune_json(row->values)->root;
		if (row->unit != TUNE_AGES)
		{
			set_option(space, option, &value);
			continue;
		}
		memset(range, 0, sizeof(TuneRange));
		range->option = option;
		set_ages(range, &value, median_age);
		space->n++;
	}
}
