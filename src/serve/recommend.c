/*
 * recommend.c
 *		recommend, recommend_for and score: items ranked for a history.
 *
 * Items that the history speaks for come first, by score; popular items fill up
 * to k. A filled-in row has personalized = false and the score 0, or, where no
 * row at all is personalized, the item's popularity.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"

#include "serve/serve.h"

typedef struct Ranking
{
	ServeCall  *call;
	ServeSeeds	seeds;
	bool		has_candidates;
	ServeItems	candidates;
	uint32		n_excluded;
	uint32	   *excluded;		/* ascending numbers, perhaps repeated */
	uint32		k;

	/* chosen by score, best first */
	uint32		n_chosen;
	uint64	   *chosen;			/* rank keys */
	int32		rank;			/* rows put out */
} Ranking;

static int
compare_numbers(const void *a, const void *b)
{
	uint32		x = *(const uint32 *) a;
	uint32		y = *(const uint32 *) b;

	return x < y ? -1 : x > y;
}

static bool
is_excluded(const Ranking *r, uint32 no)
{
	return bsearch(&no, r->excluded, r->n_excluded, sizeof(uint32),
				   compare_numbers) != NULL;
}

/*
 * Exclude the seeds, if wanted, and the items of an array (0: none).
 */
static void
set_excluded(Ranking *r, bool seeds, Datum items)
{
	ServeItems	extra = {0};

	if (items != (Datum) 0)
		affinity_serve_items_by_id(r->call->model, items, &extra);
	r->excluded = palloc(Max(r->seeds.n + extra.n, 1) * sizeof(uint32));
	r->n_excluded = 0;
	for (uint32 i = 0; seeds && i < r->seeds.n; i++)
		r->excluded[r->n_excluded++] = r->seeds.seed[i].no;
	for (uint32 i = 0; i < extra.n; i++)
		r->excluded[r->n_excluded++] = extra.item[i].no;
	qsort(r->excluded, r->n_excluded, sizeof(uint32), compare_numbers);
}

static void
put_row(Ranking *r, Datum id, float score, bool personalized)
{
	Datum		values[4];
	bool		nulls[4] = {0};

	values[0] = id;
	values[1] = Float4GetDatum(score);
	values[2] = Int32GetDatum(++r->rank);
	values[3] = BoolGetDatum(personalized);
	tuplestore_putvalues(r->call->rows, r->call->desc, values, nulls);
}

/*
 * The best of what the seeds speak for.
 */
static void
choose(Ranking *r)
{
	AffinityModel *model = r->call->model;
	ServeSums	sums;
	AffinityTopK top;
	uint32		n;

	r->n_chosen = 0;
	if (r->k == 0 || r->seeds.n == 0)
		return;
	affinity_sums_begin(&sums, model->n_items);
	for (uint32 i = 0; i < r->seeds.n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		affinity_sums_add(&sums, &r->seeds.seed[i]);
	}
	for (uint32 i = 0; i < r->n_excluded; i++)
		sums.sum[r->excluded[i]] = 0;

	n = r->has_candidates ? r->candidates.n : sums.n_touched;
	affinity_topk_init(&top, palloc_extended(((Size) n + 1) * sizeof(uint64),
											 MCXT_ALLOC_HUGE),
					   Min(r->k, n), (Size) n + 1);
	for (uint32 i = 0; i < n; i++)
	{
		uint32		no = r->has_candidates ? r->candidates.item[i].no :
			sums.touched[i];

		float		score = affinity_sum_score(sums.sum[no]);

		if (score > 0)
			affinity_topk_push(&top, affinity_rank_key(score, no));
	}
	affinity_sums_end(&sums);
	affinity_topk_finish(&top, palloc_extended(((Size) n + 1) * sizeof(uint64),
											   MCXT_ALLOC_HUGE));
	r->n_chosen = (uint32) top.n;
	r->chosen = top.key;
}

/*
 * Put the chosen out, under the ids that the candidates or the model have.
 */
static void
put_chosen(Ranking *r)
{
	ServeItems	items = r->candidates;
	uint32	   *no = palloc_extended(Max(r->n_chosen, 1) * sizeof(uint32),
									 MCXT_ALLOC_HUGE);

	for (uint32 i = 0; i < r->n_chosen; i++)
		no[i] = affinity_rank_key_no(r->chosen[i]);
	if (!r->has_candidates && r->n_chosen > 0)
		affinity_serve_items_by_no(r->call->model, no, r->n_chosen, &items);
	for (uint32 i = 0; i < r->n_chosen; i++)
		put_row(r, affinity_serve_find(&items, no[i])->id,
				affinity_rank_key_score(r->chosen[i]), true);
	qsort(no, r->n_chosen, sizeof(uint32), compare_numbers);
	/* from here on they only matter as "taken" */
	for (uint32 i = 0; i < r->n_chosen; i++)
		r->chosen[i] = no[i];
}

static bool
is_taken(const Ranking *r, uint32 no)
{
	uint32		lo = 0;
	uint32		hi = r->n_chosen;

	while (lo < hi)
	{
		uint32		mid = lo + (hi - lo) / 2;

		if (r->chosen[mid] < no)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < r->n_chosen && r->chosen[lo] == no;
}

static int
compare_popularity(const void *a, const void *b)
{
	const ServeItem *x = a;
	const ServeItem *y = b;

	if (x->popularity != y->popularity)
		return x->popularity > y->popularity ? -1 : 1;
	return x->no < y->no ? -1 : x->no > y->no;
}

/*
 * Fill up to k with popular items.
 */
static void
fill_up(Ranking *r)
{
	ServeItems	items = r->candidates;
	bool		personalized = r->n_chosen > 0;

	if ((uint32) r->rank >= r->k)
		return;
	if (r->has_candidates)
		qsort(items.item, items.n, sizeof(ServeItem), compare_popularity);
	else
		affinity_serve_popular(r->call->model,
							   (int64) r->k + r->n_excluded, &items);
	for (uint32 i = 0; i < items.n && (uint32) r->rank < r->k; i++)
	{
		const ServeItem *item = &items.item[i];

		if (!is_excluded(r, item->no) && !is_taken(r, item->no))
			put_row(r, item->id, personalized ? 0 : item->popularity, false);
	}
}

static void
put_ranking(Ranking *r)
{
	affinity_serve_result(r->call, 4,
						  "item_id", r->call->model->item_type,
						  "score", FLOAT4OID,
						  "rank", INT4OID,
						  "personalized", BOOLOID);
	choose(r);
	put_chosen(r);
	fill_up(r);
}

static void
set_candidates(Ranking *r, int arg)
{
	Datum		items;

	r->has_candidates = affinity_serve_items(r->call, arg, &items);
	if (r->has_candidates)
		affinity_serve_items_by_id(r->call->model, items, &r->candidates);
}

PG_FUNCTION_INFO_V1(affinity_recommend);

/*
 * SQL: recommend_core(model, user_id, k, candidates, exclude, exclude_seen)
 */
Datum
affinity_recommend(PG_FUNCTION_ARGS)
{
	ServeCall	call;
	Ranking		r = {.call = &call};
	Datum		user;
	Datum		exclude = (Datum) 0;

	affinity_serve_begin(&call, fcinfo);
	r.k = affinity_serve_k(&call, 2);
	if (affinity_serve_id(&call, 1, call.model->user_type, "user_id", &user))
		affinity_serve_history(call.model, user, &r.seeds);
	set_candidates(&r, 3);
	(void) affinity_serve_items(&call, 4, &exclude);
	set_excluded(&r, PG_ARGISNULL(5) || PG_GETARG_BOOL(5), exclude);
	put_ranking(&r);
	return affinity_serve_end(&call);
}

PG_FUNCTION_INFO_V1(affinity_recommend_for);

/*
 * SQL: recommend_for_core(model, items, k, candidates, exclude)
 */
Datum
affinity_recommend_for(PG_FUNCTION_ARGS)
{
	ServeCall	call;
	Ranking		r = {.call = &call};
	Datum		items;
	Datum		exclude = (Datum) 0;

	affinity_serve_begin(&call, fcinfo);
	r.k = affinity_serve_k(&call, 2);
	if (affinity_serve_items(&call, 1, &items))
		affinity_serve_basket(call.model, items, &r.seeds);
	set_candidates(&r, 3);
	(void) affinity_serve_items(&call, 4, &exclude);
	set_excluded(&r, true, exclude);
	put_ranking(&r);
	return affinity_serve_end(&call);
}

PG_FUNCTION_INFO_V1(affinity_score);

/*
 * SQL: score_core(model, user_id, items)
 */
Datum
affinity_score(PG_FUNCTION_ARGS)
{
	ServeCall	call;
	Ranking		r = {.call = &call};
	Datum		user;

	affinity_serve_begin(&call, fcinfo);
	if (affinity_serve_id(&call, 1, call.model->user_type, "user_id", &user))
		affinity_serve_history(call.model, user, &r.seeds);
	set_candidates(&r, 2);
	r.has_candidates = true;
	r.k = r.candidates.n;
	set_excluded(&r, false, (Datum) 0);
	put_ranking(&r);
	return affinity_serve_end(&call);
}
