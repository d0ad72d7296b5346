/*
 * signals.c
 *		Kinds of events, such as buy, cart and view: what a model is told of
 *		them, and what its row says of them.
 *
 * The first kind is the target: what is recommended is what users will have an
 * event of this kind with.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"

#include "definition/definition.h"
#include "train/train.h"

static void
bad_signals(const char *problem)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("%s", problem),
			 errhint("Write them from the strongest to the weakest, like '[\"buy\", \"cart\", \"view\"]', or with weights that stay, like '{\"buy\": 1, \"view\": 0.2}'.")));
}

/*
 * Room for one more, which no other one is called like.
 */
static void
add_kind(AffinityKinds *kinds, const JsonbValue *name)
{
	char	   *text = pnstrdup(name->val.string.val, name->val.string.len);

	if (text[0] == '\0')
		bad_signals("a signal has an empty name");
	for (int i = 0; i < kinds->n; i++)
	{
		if (strcmp(kinds->name[i], text) == 0)
			bad_signals(psprintf("signal \"%s\" is named twice", text));
	}
	if (kinds->n == AFFINITY_MOST_KINDS)
		bad_signals(psprintf("there are more than %d signals",
							 AFFINITY_MOST_KINDS));
	kinds->name[kinds->n++] = text;
}

static double
number_of(const JsonbValue *value)
{
	return DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow,
											  NumericGetDatum(value->val.numeric)));
}

static void
take_array(Jsonb *json, AffinityModelSignals *signals)
{
	signals->learned = true;
	for (uint32 i = 0; i < JB_ROOT_COUNT(json); i++)
	{
		JsonbValue *value = getIthJsonbValueFromContainer(&json->root, i);

		if (value->type != jbvString)
			bad_signals("a signal is not a string");
		add_kind(&signals->kinds, value);
	}
}

/*
 * Put a kind where its weight belongs: by weight, then by name.
 */
static void
move_up(AffinityModelSignals *s, int from)
{
	AffinityKinds *kinds = &s->kinds;

	for (int i = from; i > 0 && (s->weight[i] > s->weight[i - 1] ||
								 (s->weight[i] == s->weight[i - 1] &&
								  strcmp(kinds->name[i],
										 kinds->name[i - 1]) < 0)); i--)
	{
		char	   *name = kinds->name[i];
		double		weight = s->weight[i];

		kinds->name[i] = kinds->name[i - 1];
		s->weight[i] = s->weight[i - 1];
		kinds->name[i - 1] = name;
		s->weight[i - 1] = weight;
	}
}

static void
take_object(Jsonb *json, AffinityModelSignals *s)
{
	JsonbIterator *it = JsonbIteratorInit(&json->root);
	JsonbIteratorToken token;
	JsonbValue	key;
	JsonbValue	value;

	s->learned = false;
	while ((token = JsonbIteratorNext(&it, &key, true)) != WJB_DONE)
	{
		double		weight;

		if (token != WJB_KEY)
			continue;
		add_kind(&s->kinds, &key);
		(void) JsonbIteratorNext(&it, &value, true);
		weight = value.type == jbvNumeric ? number_of(&value) : 0;
		if (!(weight > 0) || isinf(weight))
			bad_signals(psprintf("the weight of signal \"%s\" is not a number above 0",
								 s->kinds.name[s->kinds.n - 1]));
		s->weight[s->kinds.n - 1] = weight;
		move_up(s, s->kinds.n - 1);
	}
	if (s->kinds.n > 1 && s->weight[0] == s->weight[1])
		bad_signals(psprintf("signals \"%s\" and \"%s\" have the same largest weight",
							 s->kinds.name[0], s->kinds.name[1]));
	for (int i = s->kinds.n - 1; i >= 0; i--)
		s->weight[i] /= s->weight[0];
}

/*
 * Kinds of events as they are given; false where there are none.
 */
bool
affinity_definition_signals_parse(const char *json, AffinityModelSignals *signals)
{
	Jsonb	   *parsed;

	memset(signals, 0, sizeof(AffinityModelSignals));
	if (json[0] == '\0')
		return false;
	parsed = DatumGetJsonbP(DirectFunctionCall1(jsonb_in,
												CStringGetDatum(json)));
	if (JB_ROOT_IS_SCALAR(parsed))
		bad_signals("signals are neither a JSON array nor an object");
	if (JB_ROOT_IS_ARRAY(parsed))
		take_array(parsed, signals);
	else
		take_object(parsed, signals);
	if (signals->kinds.n == 1)
		bad_signals(psprintf("there is no signal but \"%s\"",
							 signals->kinds.name[0]));
	return signals->kinds.n > 0;
}

/* ---- a model's row ------------------------------------------------------ */

static Jsonb *
array_of(Jsonb *object, const char *member)
{
	JsonbValue *value = affinity_definition_member(object, member);
	Jsonb	   *array;

	if (value == NULL || value->type != jbvBinary)
		return NULL;
	array = JsonbValueToJsonb(value);
	return JB_ROOT_IS_ARRAY(array) ? array : NULL;
}

/*
 * The kinds of events that a version was trained on, and a number of each,
 * which its owner may have written; NULL: it has none.
 */
AffinityKinds *
affinity_definition_signals_stored(const char *name, Jsonb *training,
								   const char *member, double *number)
{
	Jsonb	   *names = array_of(training, AFFINITY_SIGNALS);
	Jsonb	   *numbers = array_of(training, member);
	AffinityKinds *kinds;

	if (names == NULL)
		return NULL;
	kinds = palloc0(sizeof(AffinityKinds));
	kinds->n = (int) JB_ROOT_COUNT(names);
	if (kinds->n < 2 || kinds->n > AFFINITY_MOST_KINDS || numbers == NULL ||
		(int) JB_ROOT_COUNT(numbers) != kinds->n)
		affinity_train_damaged(name, "its signals are not what was trained");
	for (int i = 0; i < kinds->n; i++)
	{
		JsonbValue *text = getIthJsonbValueFromContainer(&names->root, i);
		JsonbValue *value = getIthJsonbValueFromContainer(&numbers->root, i);

		number[i] = value->type == jbvNumeric ? number_of(value) : NAN;
		if (text->type != jbvString || !(number[i] >= 0) || isinf(number[i]))
			affinity_train_damaged(name, "its signals are not what was trained");
		kinds->name[i] = pnstrdup(text->val.string.val, text->val.string.len);
	}
	return kinds;
}
