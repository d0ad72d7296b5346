/*
 * candidate.c
 *		What compare() is asked to compare: models, algorithms and definitions.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"

#include "algorithm/algorithm.h"
#include "eval/candidate.h"

#define MOST_CANDIDATES	100

#define CANDIDATES_HINT "Write them like '[\"model\", \"ease\", {\"algorithm\": \"ease\", \"options\": {\"regularization\": 200}}]'."

static void
bad_candidates(const char *problem)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("%s", problem),
			 errhint(CANDIDATES_HINT)));
}

static AffinityModel *
open_model(const char *name)
{
	Oid			table;

	return affinity_model_open(affinity_model_schema(name, &table));
}

/*
 * A model's name; else an algorithm's.
 */
static void
take_word(Candidate *c, char *word)
{
	Oid			schema = get_namespace_oid(word, true);

	c->name = word;
	if (OidIsValid(schema) && OidIsValid(affinity_model_table(schema)))
		c->model = open_model(word);
	else
		c->algorithm = affinity_algorithm_find(word);
}

static char *
text_of(const JsonbValue *value, const char *key)
{
	if (value->type != jbvString)
		bad_candidates(psprintf("\"%s\" of a candidate is not a string", key));
	return pnstrdup(value->val.string.val, value->val.string.len);
}

/*
 * A definition: {"name", "model", "algorithm", "options"}.
 */
static void
take_object(Candidate *c, JsonbContainer * object)
{
	Jsonb	   *options = NULL;
	char	   *model = NULL;
	char	   *algorithm = NULL;
	JsonbIterator *it = JsonbIteratorInit(object);
	JsonbIteratorToken token;
	JsonbValue	key;
	JsonbValue	value;

	while ((token = JsonbIteratorNext(&it, &key, true)) != WJB_DONE)
	{
		char	   *name;

		if (token != WJB_KEY)
			continue;
		name = pnstrdup(key.val.string.val, key.val.string.len);
		JsonbIteratorNext(&it, &value, true);
		if (strcmp(name, "name") == 0)
			c->name = text_of(&value, name);
		else if (strcmp(name, "model") == 0)
			model = text_of(&value, name);
		else if (strcmp(name, "algorithm") == 0)
			algorithm = text_of(&value, name);
		else if (strcmp(name, "options") == 0)
			options = JsonbValueToJsonb(&value);
		else
			bad_candidates(psprintf("unknown key \"%s\" of a candidate",
									name));
	}
	if ((model != NULL) == (algorithm != NULL))
		bad_candidates("a candidate has one of \"model\" and \"algorithm\"");
	if (model && options)
		bad_candidates("a candidate that is a model has no \"options\"");
	if (model)
		c->model = open_model(model);
	else
	{
		c->algorithm = affinity_algorithm_find(algorithm);
		c->options = affinity_train_options_parse(c->algorithm, options);
	}
	if (c->name == NULL)
		c->name = model ? model : options == NULL ? algorithm :
			psprintf("%s %s", algorithm,
					 JsonbToCString(NULL, &options->root, VARSIZE(options)));
}

Candidate *
affinity_eval_candidates(FunctionCallInfo fcinfo, int arg, int *n)
{
	Jsonb	   *list;
	Candidate  *candidate;
	uint32		count;

	affinity_base_check_not_null(fcinfo, arg, "candidates");
	list = PG_GETARG_JSONB_P(arg);
	count = JB_ROOT_IS_ARRAY(list) && !JB_ROOT_IS_SCALAR(list) ?
		JB_ROOT_COUNT(list) : 0;
	if (count == 0 || count > MOST_CANDIDATES)
		bad_candidates(psprintf("candidates are not a JSON array of 1 to %d models or definitions",
								MOST_CANDIDATES));
	candidate = palloc0(count * sizeof(Candidate));
	for (uint32 i = 0; i < count; i++)
	{
		JsonbValue *value = getIthJsonbValueFromContainer(&list->root, i);
		Candidate  *c = &candidate[i];

		if (value->type == jbvString)
			take_word(c, text_of(value, "name"));
		else if (value->type == jbvBinary &&
				 JsonContainerIsObject(value->val.binary.data))
			take_object(c, value->val.binary.data);
		else
			bad_candidates(psprintf("candidate %u is neither a name nor a definition",
									i + 1));
		if (c->model)
		{
			c->algorithm = c->model->algorithm;
			c->options = c->model->options;
		}
		else if (c->options == NULL)
			c->options = affinity_train_options_parse(c->algorithm, NULL);
	}
	*n = (int) count;
	return candidate;
}
