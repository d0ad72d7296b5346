/*
 * recommend.c
 *		recommend, recommend_for and score: items ranked for a history.
 */
#include "postgres.h"

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
	AffinitySelection selection;
	AffinityItems popular;		/* to fill up with, if that was needed */
} Request;

/*
 * Exclude what is seen, if wanted, and some items. The history itself is not,
 * where repeats are.
 */
static void
set_excluded(Request *r, bool seen, const AffinityItems *items)
{
	const AffinityHistory *history = &r->known.history;
	uint32		n_history = seen && !(r->selection.repeat > 0) ?
		affinity_score_n_had(history, r->call->model->n_items) : 0;
	uint32		n_seen = seen ? r->known.n_seen : 0;
	uint32		n = 0;
	uint32	   *excluded = affinity_base_array((Size) n_history + n_seen +
											   items->n, sizeof(uint32));

	for (uint32 i = 0; i < n_history; i++)
		excluded[n++] = history->item[i];
	for (uint32 i = 0; i < n_seen; i++)
		excluded[n++] = r->known.seen[i];
	for (uint32 i = 0; i < items->n; i++)
		excluded[n++] = items->item[i].no;
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

/* ---- popular items ----------------------------------------------------- */

static int
compare_popularity(const void *a, const void *b)
{
	const AffinityItem *x = a;
	const AffinityItem *y = b;

	if (x->popularity != y->popularity)
		return x->popularity > y->popularity ? -1 : 1;
	return x->no < y->no ? -1 : x->no > y->no;
}

/*
 * The candidates, or n items of the model, most popular first.
 */
static AffinityPopular
read_popular(Request *r, int64 n)
{
	AffinityItems *items = &r->popular;
	AffinityPopular popular;
	uint32	   *item;
	float	   *popularity;

	if (r->has_candidates)
	{
		items->n = r->candidates.n;
		items->item = affinity_base_array(items->n, sizeof(AffinityItem));
		if (items->n > 0)
			memcpy(items->item, r->candidates.item,
				   items->n * sizeof(AffinityItem));
		qsort(items->item, items->n, sizeof(AffinityItem), compare_popularity);
	}
	else
		affinity_model_popular(r->call->model, n, items);
	item = affinity_base_array(items->n, sizeof(uint32));
	popularity = affinity_base_array(items->n, sizeof(float));
	for (uint32 i = 0; i < items->n; i++)
	{
		item[i] = items->item[i].no;
		popularity[i] = items->item[i].popularity;
	}
	popular.n = items->n;
	popular.item = item;
	popular.popularity = popularity;
	return popular;
}

/* ---- rows -------------------------------------------------------------- */

/*
 * Ids of a list's personalized entries, ascending by number.
 */
static AffinityItems
read_ids(Request *r, const AffinityRanking *ranking)
{
	uint32		n = affinity_score_ranking_size(ranking);
	uint32	   *no = affinity_base_array(n, sizeof(uint32));
	uint32		n_nos = 0;
	AffinityItems items = {0};

	if (r->has_candidates)
		return r->candidates;
	for (uint32 i = 0; i < n; i++)
	{
		if (affinity_score_is_personalized(ranking, i))
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
 * Rows of a list. What was filled in is in the order of the popular items.
 */
static void
put_ranking(Request *r, const AffinityRanking *ranking)
{
	uint32		n = affinity_score_ranking_size(ranking);
	AffinityItems items = read_ids(r, ranking);
	AffinityItem *row = affinity_base_array(n, sizeof(AffinityItem));
	const AffinityItem *popular = r->popular.item;
	Datum		values[4];

	for (uint32 i = 0; i < n; i++)
	{
		const AffinityRanked *entry = &ranking->entry[i];
		bool		personalized = affinity_score_is_personalized(ranking, i);

		if (personalized)
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
		values[2] = Int32GetDatum((int32) i + 1);
		values[3] = BoolGetDatum(personalized);
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
	AffinityPopular popular = {0};
	AffinityScorer scorer;
	AffinityRanker *ranker;
	AffinityRanking *ranking;
	int64		lacking;

	affinity_serve_result(r->call, 4, "item_id", model->item_type,
						  "score", FLOAT4OID, "rank", INT4OID,
						  "personalized", BOOLOID);
	if (r->has_candidates)
		set_candidates(r);
	s->k = Min(s->k, r->has_candidates ? s->n_candidates : model->n_items);
	affinity_model_scorer(model, history->n > 0 && s->k > 0, &scorer);
	ranker = affinity_score_ranker(&scorer);
	affinity_score_choose(ranker, history, s);
	lacking = affinity_score_lacking(ranker);
	if (lacking > 0)
		popular = read_popular(r, lacking);
	ranking = affinity_base_array(1, affinity_score_ranking_bytes(s->k));
	affinity_score_rank(ranker, &popular, ranking);
	put_ranking(r, ranking);
}

/* ---- SQL --------------------------------------------------------------- */

/*
 * Is an array [0:0]={NULL}? No query makes that by chance: array_agg and ARRAY
 * count from 1.
 */
static bool
stands_for_all(Datum candidates)
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
	if (stands_for_all(PG_GETARG_DATUM(0)))
		PG_RETURN_NULL();
	PG_RETURN_DATUM(PG_GETARG_DATUM(0));
}

PG_FUNCTION_INFO_V1(affinity_serve_recommend);

/*
 * SQL: recommend_core(model, user_id, k, candidates, exclude, exclude_seen
 * [, repeat])
 */
Datum
affinity_serve_recommend(PG_FUNCTION_ARGS)
{
	ServeCall	call;
	Request		r = {.call = &call};
	AffinityItems exclude;

	affinity_serve_begin(&call, fcinfo);
	r.selection.k = affinity_serve_k(&call, 2);
	r.selection.repeat = affinity_serve_repeat(&call, 6);
	(void) affinity_serve_history(&call, 1, r.selection.repeat > 0, &r.known);
	r.has_candidates = affinity_serve_items(&call, 3, &r.candidates);
	(void) affinity_serve_items(&call, 4, &exclude);
	set_excluded(&r, PG_ARGISNULL(5) || PG_GETARG_BOOL(5), &exclude);
	answer(&r);
	return affinity_serve_end(&call);
}

PG_FUNCTION_INFO_V1(affinity_serve_recommend_for);

/*
 * SQL: recommend_for_core(model, items, k, candidates, exclude)
 */
Datum
affinity_serve_recommend_for(PG_FUNCTION_ARGS)
{
	ServeCall	call;
	Request		r = {.call = &call};
	Datum		items;
	AffinityItems exclude;

	affinity_serve_begin(&call, fcinfo);
	r.selection.k = affinity_serve_k(&call, 2);
	if (affinity_serve_ids(&call, 1, &items))
		affinity_model_basket(call.model, items, &r.known);
	r.has_candidates = affinity_serve_items(&call, 3, &r.candidates);
	(void) affinity_serve_items(&call, 4, &exclude);
	set_excluded(&r, true, &exclude);
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
	ServeCall	call;
	Request		r = {.call = &call};

	affinity_serve_begin(&call, fcinfo);
	r.selection.repeat = affinity_repeat_usual(call.model->algorithm);
	(void) affinity_serve_history(&call, 1, r.selection.repeat > 0, &r.known);
	(void) affinity_serve_items(&call, 2, &r.candidates);
	r.has_candidates = true;
	r.selection.k = r.candidates.n;
	answer(&r);
	return affinity_serve_end(&call);
}
