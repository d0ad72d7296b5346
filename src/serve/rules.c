/*
 * rules.c
 *		Arguments that are rules over a list: the same for one user, a basket
 *		and all users. What a call does not say is as set_rules has it.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/lsyscache.h"

#include "repeat/repeat.h"
#include "rules/rules.h"
#include "serve/serve.h"

/* The arguments, in this order. A basket has not the last one. */
enum
{
	RULE_ELIGIBLE,
	RULE_PARAMETERS,
	RULE_GROUP_BY,
	RULE_MAX_PER_GROUP,
	RULE_BOOST,
	RULE_PENALTY,
	RULE_DIVERSITY,
	RULE_EXPLORATION,
	RULE_SEED,
	RULE_MIN_SCORE,
	RULE_AFTER_RANK,
	RULE_PIN,
	RULE_NOT_WITHIN
};

/* ---- numbers ----------------------------------------------------------- */

/*
 * A number from 0 to 1; it stays as it is where the call has none.
 */
static void
set_share(ServeCall *call, int arg, const char *name, const char *hint,
		  double *value)
{
	FunctionCallInfo fcinfo = call->fcinfo;
	double		given;

	if (!affinity_serve_given(call, arg))
		return;
	given = PG_GETARG_FLOAT8(arg);
	if (!(given >= 0 && given <= 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be between 0 and 1, not %g", name, given),
				 errhint("%s", hint)));
	*value = given;
}

/*
 * A count from 0 on; what is beyond its range is as much as there can be.
 */
static void
set_count(ServeCall *call, int arg, const char *name, const char *hint,
		  uint32 *value)
{
	FunctionCallInfo fcinfo = call->fcinfo;
	int64		given;

	if (!affinity_serve_given(call, arg))
		return;
	given = PG_GETARG_INT64(arg);
	if (given < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be 0 or more, not %lld", name,
						(long long) given),
				 errhint("%s", hint)));
	*value = (uint32) Min(given, PG_INT32_MAX);
}

static void
set_min_score(ServeCall *call, int arg, double *value)
{
	FunctionCallInfo fcinfo = call->fcinfo;
	double		given;

	if (!affinity_serve_given(call, arg))
		return;
	given = PG_GETARG_FLOAT8(arg);
	if (isnan(given) || given == INFINITY)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("min_score must be a number that scores can reach, not %g",
						given),
				 errhint("Scores are as the column score has them; -Infinity is no rule.")));
	*value = given;
}

/*
 * The number of the day, so that what is explored stays for that long.
 */
static int64
today(void)
{
	return GetSQLCurrentDate();
}

static void
set_numbers(ServeCall *call, int arg, AffinityRules *rules)
{
	FunctionCallInfo fcinfo = call->fcinfo;

	set_count(call, arg + RULE_MAX_PER_GROUP, "max_per_group",
			  "It is how many items of a group a list may have; 0 is no limit.",
			  &rules->max_per_group);
	set_share(call, arg + RULE_PENALTY, "penalty",
			  "0 leaves scores as they are, 1 holds popular items back most.",
			  &rules->penalty);
	set_share(call, arg + RULE_DIVERSITY, "diversity",
			  "0 orders by score alone, 1 by how different items are alone.",
			  &rules->diversity);
	set_share(call, arg + RULE_EXPLORATION, "exploration",
			  "It is the share of positions that less certain items get.",
			  &rules->exploration);
	set_min_score(call, arg + RULE_MIN_SCORE, &rules->min_score);
	set_count(call, arg + RULE_AFTER_RANK, "after_rank",
			  "It is the last rank of the page before: 0 for the first page.",
			  &rules->after_rank);
	/* what day it is takes time to say */
	if (affinity_serve_given(call, arg + RULE_SEED))
		rules->seed = PG_GETARG_INT64(arg + RULE_SEED);
	else if (rules->exploration > 0)
		rules->seed = today();
}

/* ---- pinned items ------------------------------------------------------ */

static int
compare_ids(const void *a, const void *b, void *type)
{
	return affinity_base_id_compare(((const AffinityItem *) a)->id,
									((const AffinityItem *) b)->id,
									*(const Oid *) type);
}

/*
 * The index of an id among items, which are in the order of ids; -1 if it is
 * none of them.
 */
static int64
find_item(const AffinityItems *items, Datum id, Oid type)
{
	uint32		lo = 0;
	uint32		hi = items->n;

	while (lo < hi)
	{
		uint32		mid = lo + (hi - lo) / 2;
		int			c = affinity_base_id_compare(items->item[mid].id, id, type);

		if (c == 0)
			return mid;
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return -1;
}

/*
 * The items of an array in its order, each once and as far as the model knows
 * them.
 */
static void
set_pinned(ServeCall *call, int arg, AffinityRules *rules)
{
	Oid			type = call->model->item_type;
	AffinityItems items;
	Datum		ids;
	ArrayType  *array;
	ArrayIterator iterator;
	Datum		given;
	bool		isnull;
	bool	   *there;
	uint32	   *pinned;
	uint32		n = 0;

	if (!affinity_serve_given(call, arg) ||
		!affinity_serve_ids(call, arg, &ids))
		return;
	affinity_model_items_by_id(call->model, ids, &items);
	/* they are in order of numbers, which need not be that of ids */
	qsort_arg(items.item, items.n, sizeof(AffinityItem), compare_ids, &type);
	there = affinity_base_zeroed_array(items.n, sizeof(bool));
	pinned = affinity_base_array(items.n, sizeof(uint32));
	array = DatumGetArrayTypeP(ids);
	iterator = array_create_iterator(array, 0, NULL);
	while (array_iterate(iterator, &given, &isnull))
	{
		Datum		id;
		int64		found = -1;

		CHECK_FOR_INTERRUPTS();
		if (!isnull && affinity_base_id_as(given, ARR_ELEMTYPE(array), type,
										   &id))
			found = find_item(&items, id, type);
		if (found < 0 || there[found])
			continue;
		there[found] = true;
		pinned[n++] = items.item[found].no;
	}
	array_free_iterator(iterator);
	rules->n_pinned = n;
	rules->pinned = pinned;
}

static int
compare_items(const void *a, const void *b)
{
	uint32		x = ((const AffinityItem *) a)->no;
	uint32		y = ((const AffinityItem *) b)->no;

	return x < y ? -1 : x > y;
}

static bool
is_among(const AffinityItems *items, uint32 no)
{
	AffinityItem key = {.no = no};

	return items->n > 0 && bsearch(&key, items->item, items->n,
								   sizeof(AffinityItem),
								   compare_items) != NULL;
}

/*
 * Pin only what may be in a list: allowed, of the candidates (NULL: all) and
 * not excluded. That it was seen does not matter.
 */
void
affinity_serve_keep_pinned(ServeRules *r, const AffinityItems *candidates,
						   const AffinityItems *exclude)
{
	AffinityRules *rules = &r->rules;
	uint32	   *pinned = affinity_base_array(rules->n_pinned, sizeof(uint32));
	uint32		n = 0;

	for (uint32 i = 0; i < rules->n_pinned; i++)
	{
		uint32		no = rules->pinned[i];

		if (affinity_score_is_allowed(rules, no) && !is_among(exclude, no) &&
			(candidates == NULL || is_among(candidates, no)))
			pinned[n++] = no;
	}
	rules->n_pinned = n;
	rules->pinned = pinned;
}

/* ---- all together ------------------------------------------------------ */

static void
set_not_within(ServeCall *call, int arg, const Interval *set, ServeRules *r)
{
	FunctionCallInfo fcinfo = call->fcinfo;
	Interval	nothing = {0};
	const Interval *interval = affinity_serve_given(call, arg) ?
		PG_GETARG_INTERVAL_P(arg) : set;

	if (interval == NULL || !call->model->trained)
		return;
	if (DatumGetBool(DirectFunctionCall2(interval_lt,
										 PointerGetDatum(interval),
										 PointerGetDatum(&nothing))))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("not_within must not be negative, but is %s",
						DatumGetCString(DirectFunctionCall1(interval_out,
															PointerGetDatum(interval)))),
				 errhint("It is how long before now what a user had is left out: not_within => '30 days'.")));
	r->recent_only = true;
	r->after = affinity_model_before_now(call->model, interval);
}

/*
 * What set_rules says, and what the call says of the catalog.
 */
static const AffinityRuleBook *
open_book(ServeCall *call, int arg)
{
	FunctionCallInfo fcinfo = call->fcinfo;
	AffinityRuleCall said = {0};

	if (affinity_serve_given(call, arg + RULE_ELIGIBLE))
		said.eligible = text_to_cstring(PG_GETARG_TEXT_PP(arg + RULE_ELIGIBLE));
	if (affinity_serve_given(call, arg + RULE_PARAMETERS))
		said.parameters = PG_GETARG_JSONB_P(arg + RULE_PARAMETERS);
	if (affinity_serve_given(call, arg + RULE_GROUP_BY))
		said.group_by = text_to_cstring(PG_GETARG_TEXT_PP(arg + RULE_GROUP_BY));
	if (affinity_serve_given(call, arg + RULE_BOOST))
		said.boost = text_to_cstring(PG_GETARG_TEXT_PP(arg + RULE_BOOST));
	return affinity_rules_open(call->model, fcinfo->flinfo, &said);
}

/*
 * The rules of a call, whose arguments begin with one. A basket's are all but
 * the last one, of what users had and when.
 */
void
affinity_serve_rules(ServeCall *call, int arg, bool basket, ServeRules *r)
{
	AffinityRules *rules = &r->rules;
	const AffinityRuleBook *book = open_book(call, arg);

	memset(r, 0, sizeof(ServeRules));
	rules->min_score = -INFINITY;
	r->repeat = NAN;
	if (book->any)
	{
		*rules = book->rules;
		r->repeat = book->repeat;
	}
	set_numbers(call, arg, rules);
	set_pinned(call, arg + RULE_PIN, rules);
	if (!basket)
		set_not_within(call, arg + RULE_NOT_WITHIN, book->not_within, r);
	if (rules->max_per_group > 0 && rules->group == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("max_per_group needs groups of items"),
				 errhint("Say what they are by group_by, an expression over the columns of the model's catalog, which affinity.set_rules makes.")));
}

/*
 * The share of repeats in a list: as the call has it, or the model's rules, or
 * the algorithm.
 */
double
affinity_serve_repeat(ServeCall *call, int arg, const ServeRules *r)
{
	FunctionCallInfo fcinfo = call->fcinfo;
	double		repeat;

	if (!affinity_serve_given(call, arg))
		return isnan(r->repeat) ?
			affinity_repeat_usual(call->model->algorithm) : r->repeat;
	repeat = PG_GETARG_FLOAT8(arg);
	if (!(repeat >= 0 && repeat <= 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("repeat must be between 0 and 1, not %g", repeat),
				 errhint("It is the share of what the user had before: 0 for new items only, 1 for nothing new.")));
	return repeat;
}

/*
 * Let only the candidates (NULL: all) be allowed, and nothing of what is
 * excluded: where there are many users, that is decided once.
 */
void
affinity_serve_allow(ServeRules *r, uint32 n_items,
					 const AffinityItems *candidates,
					 const AffinityItems *exclude)
{
	const uint8 *before = r->rules.allowed;
	Size		bytes = (Size) n_items / 8 + 1;
	uint8	   *allowed;

	if (candidates == NULL && exclude->n == 0)
		return;
	allowed = affinity_base_zeroed_array(bytes, 1);
	if (candidates == NULL && before)
		memcpy(allowed, before, (Size) n_items / 8 + (n_items % 8 != 0));
	else if (candidates == NULL)
		memset(allowed, 0xff, bytes);
	for (uint32 i = 0; candidates && i < candidates->n; i++)
	{
		uint32		no = candidates->item[i].no;

		if (affinity_score_is_allowed(&r->rules, no))
			allowed[no / 8] |= 1 << (no % 8);
	}
	for (uint32 i = 0; i < exclude->n; i++)
	{
		uint32		no = exclude->item[i].no;

		allowed[no / 8] &= ~(1 << (no % 8));
	}
	r->rules.allowed = allowed;
}

/*
 * The rules, if there are any, with what they need of the model.
 */
const AffinityRules *
affinity_serve_in_force(ServeCall *call, ServeRules *r)
{
	AffinityRules *rules = &r->rules;

	if (rules->allowed == NULL && rules->factor == NULL &&
		(rules->group == NULL || rules->max_per_group == 0) &&
		rules->penalty == 0 && rules->diversity == 0 &&
		rules->exploration == 0 && rules->min_score == -INFINITY &&
		rules->after_rank == 0 && rules->n_pinned == 0)
		return NULL;
	if (call->model->trained && (rules->penalty > 0 || rules->n_pinned > 0))
		rules->popularity = affinity_model_popularity(call->model);
	return rules;
}

/*
 * What a user's explored positions follow from; no user (type 0) is as one
 * whose id is an empty text.
 */
uint64
affinity_serve_user_hash(const ServeRules *r, Datum user, Oid type)
{
	Oid			output;
	bool		varlena;
	char	   *text;

	if (!OidIsValid(type))
		return affinity_score_user_hash(r->rules.seed, "", 0);
	getTypeOutputInfo(type, &output, &varlena);
	text = OidOutputFunctionCall(output, user);
	return affinity_score_user_hash(r->rules.seed, text, strlen(text));
}
