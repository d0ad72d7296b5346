/*
 * recommend.c
 *		recommend, recommend_for, popular and score: items ranked for a history.
 */
#include "postgres.h"

#include <math.h>

#include "access/detoast.h"
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/lsyscache.h"

#include "repeat/repeat.h"
#include "serve/serve.h"

typedef struct Request
{
	ServeCall  *call;
	AffinityModelHistory known;
	bool		has_candidates;
	AffinityItems candidates;	/* ascending by number */
	AffinityItems exclude;
	AffinityItems recent;		/* what the user had lately, if that is all
								 * that is left out of what the user had */
	AffinitySelection selection;
	ServeRules	rules;
	ServePopular popular;		/* to fill up with */
	bool		only_popular;	/* rows do not say that they are */
} Request;

static bool
is_recent(const AffinityItems *recent, uint32 no)
{
	uint32		lo = 0;
	uint32		hi = recent->n;

	while (lo < hi)
	{
		uint32		mid = lo + (hi - lo) / 2;

		if (recent->item[mid].no < no)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < recent->n && recent->item[lo].no == no;
}

/*
 * Exclude some items, and what is seen, if wanted. The history itself is not,
 * where repeats are; but of what the user had only what is recent, if that is
 * asked for.
 */
static void
set_excluded(Request *r, bool seen)
{
	const AffinityHistory *history = &r->known.history;
	bool		recent_only = r->rules.recent_only;
	uint32		n_history = recent_only ||
		(seen && !(r->selection.repeat > 0)) ?
		affinity_score_n_had(history, r->call->model->n_items) : 0;
	uint32		n_seen = seen || recent_only ? r->known.n_seen : 0;
	uint32		n = 0;
	uint32	   *excluded = affinity_base_array((Size) n_history + n_seen +
											   r->exclude.n, sizeof(uint32));

	for (uint32 i = 0; i < n_history; i++)
	{
		if (!recent_only || is_recent(&r->recent, history->item[i]))
			excluded[n++] = history->item[i];
	}
	for (uint32 i = 0; i < n_seen; i++)
	{
		if (!recent_only || is_recent(&r->recent, r->known.seen[i]))
			excluded[n++] = r->known.seen[i];
	}
	for (uint32 i = 0; i < r->exclude.n; i++)
		excluded[n++] = r->exclude.item[i].no;
	qsort(excluded, n, sizeof(uint32), affinity_score_compare);
	r->selection.n_excluded = n;
	r->selection.excluded = excluded;
}

static void
set_candidates(Request *r)
{
	uint32		n = r->candidates.n;
	uint32	   *candidate = affinity_base_array(n, sizeof(uint32));

	for (uint32 i = 0; i < n; i++)
		candidate[i] = r->candidates.item[i].no;
	r->selection.n_candidates = n;
	r->selection.candidate = candidate;
}

/* ---- rows -------------------------------------------------------------- */

/*
 * Ids of a list's entries that were not read with the popular items, ascending
 * by number.
 */
static AffinityItems
read_ids(Request *r, const AffinityRanking *ranking)
{
	uint32		n = ranking->n;
	uint32	   *no = affinity_base_array(n, sizeof(uint32));
	uint32		n_nos = 0;
	AffinityItems items = {0};

	if (r->has_candidates)
		return r->candidates;
	for (uint32 i = 0; i < n; i++)
	{
		if (ranking->entry[i].personalized || !r->popular.with_ids)
			no[n_nos++] = ranking->entry[i].no;
	}
	if (n_nos > 0)
		affinity_model_items_by_no(r->call->model, no, n_nos, &items);
	return items;
}

static int
compare_numbers(const void *a, const void *b)
{
	uint32		x = ((const AffinityItem *) a)->no;
	uint32		y = ((const AffinityItem *) b)->no;

	return x < y ? -1 : x > y;
}

/*
 * The items of a list were looked up in several ways: none may be there twice.
 */
static void
check_rows(const AffinityModel *model, AffinityItem *row, uint32 n)
{
	qsort(row, n, sizeof(AffinityItem), compare_numbers);
	for (uint32 i = 1; i < n; i++)
		affinity_model_check_ids(model, row[i - 1].id, row[i].no, row[i].id);
	pfree(row);
}

/*
 * Rows of a list. What was filled in is in the order of the popular items, if
 * their ids are there.
 */
static void
put_ranking(Request *r, const AffinityRanking *ranking)
{
	uint32		n = ranking->n;
	uint32		after = r->rules.rules.after_rank;
	AffinityItems items = read_ids(r, ranking);
	AffinityItem *row = affinity_base_array(n, sizeof(AffinityItem));
	const AffinityItem *popular = r->popular.items.item;
	Datum		values[4];

	for (uint32 i = 0; i < n; i++)
	{
		const AffinityRanked *entry = &ranking->entry[i];

		if (entry->personalized || !r->popular.with_ids)
			values[0] = affinity_model_item_id(&items, entry->no);
		else
		{
			while (popular->no != entry->no)
				popular++;
			values[0] = popular++->id;
		}
		row[i].no = entry->no;
		row[i].id = values[0];
		values[1] = Float4GetDatum(entry->score);
		values[2] = Int32GetDatum((int32) (after + i + 1));
		values[3] = BoolGetDatum(entry->personalized);
		affinity_serve_put(r->call, values);
	}
	check_rows(r->call->model, row, n);
}

/*
 * Rank what the request asks for.
 */
static void
answer(Request *r)
{
	AffinityModel *model = r->call->model;
	const AffinityHistory *history = &r->known.history;
	AffinitySelection *s = &r->selection;
	AffinityOffer offer = {
		.popular = affinity_serve_offer_popular, .state = &r->popular
	};
	AffinityScorer scorer;
	AffinityRanking *ranking;

	affinity_serve_result(r->call, r->only_popular ? 3 : 4,
						  "item_id", model->item_type,
						  "score", FLOAT4OID, "rank", INT4OID,
						  "personalized", BOOLOID);
	if (r->has_candidates)
		set_candidates(r);
	s->k = Min(s->k, r->has_candidates ? s->n_candidates : model->n_items);
	affinity_model_scorer(model, s->k > 0 &&
						  (history->n > 0 || r->rules.rules.diversity > 0),
						  &scorer);
	if (r->rules.rules.diversity > 0)
		affinity_model_offer_lists(model, &scorer);
	r->popular.call = r->call;
	r->popular.candidates = r->has_candidates ? &r->candidates : NULL;
	r->popular.rules = s->rules;
	ranking = affinity_base_array(1, affinity_score_ranking_bytes(s->k));
	affinity_score_recommend(affinity_score_ranker(&scorer), history, s, &offer,
							 ranking);
	r->call->counted.popular = ranking->n > 0;
	for (uint32 i = 0; i < ranking->n; i++)
		r->call->counted.popular &= !ranking->entry[i].personalized;
	put_ranking(r, ranking);
}

/*
 * Let the rules of a call, whose arguments begin with one, be in force.
 */
static void
set_rules(Request *r, Datum user, Oid user_type)
{
	affinity_serve_keep_pinned(&r->rules, r->has_candidates ?
							   &r->candidates : NULL, &r->exclude);
	r->selection.rules = affinity_serve_in_force(r->call, &r->rules);
	r->popular.call = r->call;
	affinity_serve_pinned_popularity(&r->popular, &r->rules.rules);
	if (r->rules.rules.exploration > 0)
		r->selection.user_hash = affinity_serve_user_hash(&r->rules, user,
														  user_type);
}

/* ---- SQL --------------------------------------------------------------- */

/*
 * Is an array [0:0]={NULL}? No query makes that by chance: array_agg and ARRAY
 * count from 1.
 */
bool
affinity_serve_stands_for_all(Datum candidates)
{
	ArrayType  *array;

	/* a long one is not detoasted for this */
	if (toast_raw_datum_size(candidates) > 100)
		return false;
	array = DatumGetArrayTypeP(candidates);
	return ARR_NDIM(array) == 1 && ARR_DIMS(array)[0] == 1 &&
		ARR_LBOUND(array)[0] == 0 && array_contains_nulls(array);
}

PG_FUNCTION_INFO_V1(affinity_serve_candidates);

/*
 * SQL: candidates_core(candidates): what the functions of a model hand on.
 * Those of models that were made before do not call it: their NULL is all
 * items, as that of the core functions is.
 */
Datum
affinity_serve_candidates(PG_FUNCTION_ARGS)
{
	Oid			type = get_fn_expr_argtype(fcinfo->flinfo, 0);

	affinity_base_id_sought(fcinfo, 0, "candidates");
	if (PG_ARGISNULL(0))
		PG_RETURN_ARRAYTYPE_P(construct_empty_array(get_base_element_type(type)));
	if (affinity_serve_stands_for_all(PG_GETARG_DATUM(0)))
		PG_RETURN_NULL();
	PG_RETURN_DATUM(PG_GETARG_DATUM(0));
}

/*
 * recommend, to its rows or its array.
 */
static Datum
recommend(ServeCall *call)
{
	FunctionCallInfo fcinfo = call->fcinfo;
	Request		r = {.call = call};
	Oid			user_type;

	r.selection.k = affinity_serve_k(call, 2);
	affinity_serve_rules(call, 7, false, &r.rules);
	affinity_serve_group(call, 20, &r.popular);
	r.selection.repeat = affinity_serve_repeat(call, 6, &r.rules);
	(void) affinity_serve_history(call, 1, r.selection.repeat > 0, &r.known);
	if (r.rules.recent_only)
		affinity_serve_recent(call, 1, r.rules.after, &r.recent);
	r.has_candidates = affinity_serve_items(call, 3, &r.candidates);
	(void) affinity_serve_items(call, 4, &r.exclude);
	set_excluded(&r, PG_ARGISNULL(5) || PG_GETARG_BOOL(5));
	user_type = PG_ARGISNULL(1) ? InvalidOid :
		get_fn_expr_argtype(fcinfo->flinfo, 1);
	set_rules(&r, PG_GETARG_DATUM(1), user_type);
	answer(&r);
	return affinity_serve_end(call);
}

PG_FUNCTION_INFO_V1(affinity_serve_recommend);

/*
 * SQL: recommend_core(model, user_id, k, candidates, exclude, exclude_seen
 * [, repeat [, rules ... [, user_group]]])
 */
Datum
affinity_serve_recommend(PG_FUNCTION_ARGS)
{
	ServeCall	call = {0};

	affinity_serve_begin(&call, fcinfo);
	return recommend(&call);
}

PG_FUNCTION_INFO_V1(affinity_serve_recommend_items);

/*
 * SQL: recommend_items_core(the same, alike): the items alone, as an array of the
 * type of the last argument
 */
Datum
affinity_serve_recommend_items(PG_FUNCTION_ARGS)
{
	ServeCall	call = {.as_array = true};
	Oid			type = get_fn_expr_rettype(fcinfo->flinfo);

	affinity_serve_begin(&call, fcinfo);
	if (type != get_array_type(call.model->item_type))
		affinity_serve_wrong_type("the result", type,
								  get_array_type(call.model->item_type));
	return recommend(&call);
}

/*
 * A basket's items, with weights and times if these are given. Times are no
 * news to a model of which they decay nothing.
 */
static void
set_basket(Request *r, Datum items)
{
	ServeCall  *call = r->call;
	AffinityModel *model = call->model;
	ArrayType  *array = DatumGetArrayTypeP(items);
	int			n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	ArrayType  *weights = affinity_serve_beside(call, 17, "weights", "items", n);
	ArrayType  *times = affinity_serve_beside(call, 18, "times", "items", n);

	items = PointerGetDatum(array);
	if (!model->timed)
		times = NULL;
	if (weights || times)
		affinity_model_basket_of_rows(model, items, weights, times, &r->known);
	else
		affinity_model_basket(model, items, &r->known);
}

PG_FUNCTION_INFO_V1(affinity_serve_recommend_for);

/*
 * SQL: recommend_for_core(model, items, k, candidates, exclude [, rules ...
 * [, weights, times, user_group]])
 */
Datum
affinity_serve_recommend_for(PG_FUNCTION_ARGS)
{
	ServeCall	call = {0};
	Request		r = {.call = &call};
	Datum		items;

	affinity_serve_begin(&call, fcinfo);
	r.selection.k = affinity_serve_k(&call, 2);
	affinity_serve_rules(&call, 5, true, &r.rules);
	affinity_serve_group(&call, 19, &r.popular);
	if (affinity_serve_ids(&call, 1, &items))
		set_basket(&r, items);
	r.has_candidates = affinity_serve_items(&call, 3, &r.candidates);
	(void) affinity_serve_items(&call, 4, &r.exclude);
	set_excluded(&r, true);
	set_rules(&r, (Datum) 0, InvalidOid);
	answer(&r);
	return affinity_serve_end(&call);
}

PG_FUNCTION_INFO_V1(affinity_serve_score);

/*
 * SQL: score_core(model, user_id, items)
 */
Datum
affinity_serve_score(PG_FUNCTION_ARGS)
{
	ServeCall	call = {0};
	Request		r = {.call = &call};

	affinity_serve_begin(&call, fcinfo);
	r.selection.repeat = affinity_repeat_usual(call.model->algorithm);
	(void) affinity_serve_history(&call, 1, r.selection.repeat > 0, &r.known);
	(void) affinity_serve_items(&call, 2, &r.candidates);
	r.has_candidates = true;
	r.selection.k = r.candidates.n;
	r.rules.rules.min_score = -INFINITY;
	answer(&r);
	return affinity_serve_end(&call);
}

PG_FUNCTION_INFO_V1(affinity_serve_popular);

/*
 * SQL: popular_core(model, k, user_group, trending, candidates, exclude): what
 * somebody gets of whom nothing is known
 */
Datum
affinity_serve_popular(PG_FUNCTION_ARGS)
{
	ServeCall	call = {0};
	Request		r = {.call = &call, .only_popular = true};

	affinity_serve_begin(&call, fcinfo);
	affinity_base_check_not_null(fcinfo, 3, "trending");
	r.selection.k = affinity_serve_k(&call, 1);
	affinity_serve_rules(&call, PG_NARGS(), true, &r.rules);
	affinity_serve_group(&call, 2, &r.popular);
	r.popular.trending = PG_GETARG_BOOL(3);
	r.has_candidates = affinity_serve_items(&call, 4, &r.candidates);
	(void) affinity_serve_items(&call, 5, &r.exclude);
	set_excluded(&r, false);
	set_rules(&r, (Datum) 0, InvalidOid);
	answer(&r);
	return affinity_serve_end(&call);
}
