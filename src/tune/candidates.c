/*
 * candidates.c
 *		What a user's search tries: the model as it is, the algorithms as they
 *		are, and points of their spaces.
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "tune/halving.h"

/* Draws that may give what is there already, for each point that is wanted. */
#define MOST_DRAWS		50

/*
 * Options as they were given, under their own names; NULL of one is no option.
 */
static Jsonb *
plain_options(const AffinityAlgorithm *algorithm, Jsonb *given)
{
	StringInfoData json;
	JsonbIterator *it = JsonbIteratorInit(&given->root);
	JsonbIteratorToken token;
	JsonbValue	key;
	JsonbValue	value;

	initStringInfo(&json);
	appendStringInfoChar(&json, '{');
	while ((token = JsonbIteratorNext(&it, &key, true)) != WJB_DONE)
	{
		const AffinityOption *option;
		Jsonb	   *plain;

		if (token != WJB_KEY)
			continue;
		option = affinity_train_option_find(algorithm, &key, false);
		JsonbIteratorNext(&it, &value, true);
		if (value.type == jbvNull)
			continue;
		plain = JsonbValueToJsonb(&value);
		appendStringInfo(&json, "%s\"%s\": %s", json.len > 1 ? ", " : "",
						 option->name,
						 JsonbToCString(NULL, &plain->root, VARSIZE(plain)));
	}
	appendStringInfoChar(&json, '}');
	return affinity_tune_json(json.data);
}

/*
 * What an algorithm begins with: the options of the model, or its defaults, but
 * for what is not to be recommended again and who is trained on, which mean the
 * same to all.
 */
static Jsonb *
base_of(const AffinityTuning *t, const AffinityAlgorithm *algorithm)
{
	const AffinityTuneWanted *wanted = &t->wanted;
	const void *options = affinity_train_options_parse(wanted->algorithm,
													   wanted->given);
	AffinitySeen seen = affinity_train_seen(wanted->algorithm, options);
	double		users = affinity_train_users(wanted->algorithm, options);
	JsonbValue	key = {.type = jbvString};
	StringInfoData json;

	if (algorithm == wanted->algorithm)
		return plain_options(algorithm, wanted->given);
	key.val.string.val = pstrdup("seen");
	key.val.string.len = 4;
	initStringInfo(&json);
	appendStringInfoChar(&json, '{');
	if (users < 1)
		appendStringInfoString(&json, affinity_train_users_member(users));
	if (seen != AFFINITY_SEEN_ALL &&
		affinity_train_option_find(algorithm, &key, true))
		appendStringInfo(&json, "%s\"seen\": \"%s\"",
						 json.len > 1 ? ", " : "",
						 affinity_train_seen_names[seen]);
	appendStringInfoChar(&json, '}');
	return affinity_tune_json(json.data);
}

/*
 * Options that contradict each other are no candidate. Parsing changes nothing,
 * so that there is nothing to roll back.
 */
static void *
parse(AffinityTuning *t, const AffinityAlgorithm *algorithm, Jsonb *given)
{
	MemoryContext context = CurrentMemoryContext;
	void	   *volatile options = NULL;

	PG_TRY();
	{
		options = affinity_train_options_parse(algorithm, given);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(t->context);
		if (t->contradiction)
			FreeErrorData(t->contradiction);
		t->contradiction = CopyErrorData();
		MemoryContextSwitchTo(context);
		if (t->contradiction->sqlerrcode != ERRCODE_INVALID_PARAMETER_VALUE)
			PG_RE_THROW();
		FlushErrorState();
	}
	PG_END_TRY();
	return options;
}

/*
 * Add a candidate; false: it is there already, or none.
 */
static bool
add(AffinityTuning *t, const AffinityAlgorithm *algorithm, Jsonb *given)
{
	TuneEntry  *e = &t->entry[t->n];
	void	   *options = parse(t, algorithm, given);
	MemoryContext old;
	Jsonb	   *force;

	if (options == NULL)
		return false;
	force = affinity_train_options_jsonb(algorithm, options);
	for (int i = 0; i < t->n; i++)
	{
		if (t->entry[i].c.algorithm == algorithm &&
			compareJsonbContainers(&t->entry[i].force->root,
								   &force->root) == 0)
			return false;
	}
	/* draws that are there already leave nothing behind */
	old = MemoryContextSwitchTo(t->context);
	memset(e, 0, sizeof(TuneEntry));
	e->c.algorithm = algorithm;
	e->c.given = (Jsonb *) PG_DETOAST_DATUM_COPY(JsonbPGetDatum(given));
	e->c.options = affinity_train_options_parse(algorithm, e->c.given);
	e->force = affinity_train_options_jsonb(algorithm, e->c.options);
	t->n++;
	MemoryContextSwitchTo(old);
	return true;
}

/*
 * All candidates: the first is the model as it is. Algorithms take turns.
 */
void
affinity_tune_candidates(AffinityTuning *t, double median_age)
{
	const AffinityTuneWanted *wanted = &t->wanted;
	AffinityTuneSpaces *spaces = wanted->spaces;
	int64		points = wanted->points;
	Jsonb	  **base = palloc(spaces->n * sizeof(Jsonb *));
	MemoryContext draws = AllocSetContextCreate(t->context, "affinity draws",
												ALLOCSET_DEFAULT_SIZES);

	t->entry = palloc((points + 1) * sizeof(TuneEntry));
	if (!add(t, wanted->algorithm,
			 plain_options(wanted->algorithm, wanted->given)))
		ReThrowError(t->contradiction);
	for (int i = 0; i < spaces->n; i++)
	{
		TuneSpace  *space = &spaces->space[i];

		if (space->n == 0)
			affinity_tune_space_usual(space, median_age);
		base[i] = base_of(t, space->algorithm);
		if (t->n <= points && space->algorithm != wanted->algorithm)
			(void) add(t, space->algorithm, base[i]);
	}
	for (int64 no = 0; no < points * MOST_DRAWS && t->n <= points; no++)
	{
		MemoryContext old = MemoryContextSwitchTo(draws);

		CHECK_FOR_INTERRUPTS();
		for (int i = 0; i < spaces->n && t->n <= points; i++)
			(void) add(t, spaces->space[i].algorithm,
					   affinity_tune_draw(&spaces->space[i], base[i],
										  wanted->seed, no));
		MemoryContextSwitchTo(old);
		MemoryContextReset(draws);
	}
	MemoryContextDelete(draws);
	/* nothing of the space can be trained: say why */
	if (t->n == 1 && t->contradiction)
		ReThrowError(t->contradiction);
}
