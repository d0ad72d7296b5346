/*
 * recommend.c
 *		recommend, recommend_for and score: items ranked for a history.
 *
 * Items that the history speaks for come first, by score; popular items fill
 * up to k. A filled-in row has personalized = false and the score 0, or,
 * where no row at all is personalized, the item's popularity. Items that the
 * history speaks against (signed scores) come after those of which it says
 * nothing.
 *
 * With factors every item has a score, of either sign, and nothing needs to
 * be filled up, unless the history cannot be folded in.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "miscadmin.h"

#include "kernel/topk.h"
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
	uint32		n_before;		/* of them, before what is filled up */
	uint64	   *chosen;			/* rank keys */
	uint32	   *taken;			/* their numbers, ascending */
	uint32		n_against;		/* items with a score below 0 */
	uint8	   *against;		/* bits by number; NULL: none */
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
 * Remember an item that must not be filled up with.
 */
static void
set_against(Ranking *r, uint32 no)
{
	if (r->against == NULL)
		r->against = palloc0(r->call->model->n_items / 8 + 1);
	r->against[no / 8] |= 1 << (no % 8);
	r->n_against++;
}

static bool
is_against(const Ranking *r, uint32 no)
{
	return r->against && (r->against[no / 8] >> (no % 8) & 1);
}

/*
 * Keep the best of n keys, in room for twice as many as are wanted.
 */
static void
choose_begin(const Ranking *r, AffinityTopK *top, uint32 n)
{
	Size		k = Min(r->k, n);
	Size		cap = Min(n, 2 * k) + 1;

	affinity_kernel_topk_init(top, palloc_extended(cap * sizeof(uint64),
												   MCXT_ALLOC_HUGE), k, cap);
}

static void
choose_end(Ranking *r, AffinityTopK *top)
{
	affinity_kernel_topk_finish(top,
								palloc_extended((top->n + 1) * sizeof(uint64),
												MCXT_ALLOC_HUGE));
	r->n_chosen = (uint32) top->n;
	r->chosen = top->key;
	r->n_before = r->n_chosen;
}

/*
 * The best by the sums of the seeds' neighbours.
 */
static void
choose_by_neighbors(Ranking *r)
{
	AffinityModel *model = r->call->model;
	ServeSums	sums;
	AffinityTopK top;
	uint32		n;

	affinity_score_sums_begin(&sums, model->algorithm, model->n_items);
	for (uint32 i = 0; i < r->seeds.n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		affinity_score_sums_add(&sums, &r->seeds.seed[i]);
	}
	for (uint32 i = 0; i < r->n_excluded; i++)
		affinity_score_sums_exclude(&sums, r->excluded[i]);

	n = r->has_candidates ? r->candidates.n : sums.n_touched;
	choose_begin(r, &top, n);
	for (uint32 i = 0; i < n; i++)
	{
		uint32		no = r->has_candidates ? r->candidates.item[i].no :
			sums.touched[i];
		float		score = affinity_score_of_sum(sums.sum[no]);

		if (score != 0)
			affinity_kernel_topk_push(&top,
									  affinity_kernel_rank_key(score, no));
		if (score < 0)
			set_against(r, no);
	}
	affinity_score_sums_end(&sums);
	choose_end(r, &top);
	while (r->n_before > 0 &&
		   affinity_kernel_rank_key_score(r->chosen[r->n_before - 1]) < 0)
		r->n_before--;
}

/*
 * Scores of all items, but for the excluded.
 */
static void
push_all(const Ranking *r, const ServeFold *fold, AffinityTopK *top)
{
	uint32		n_items = r->call->model->n_items;
	float	   *score = palloc(SERVE_SCORE_PIECE * sizeof(float));
	uint32		e = 0;

	for (uint32 from = 0; from < n_items; from += SERVE_SCORE_PIECE)
	{
		uint32		n = Min(n_items - from, SERVE_SCORE_PIECE);

		CHECK_FOR_INTERRUPTS();
		affinity_score_fold_scores(fold, from, n, score);
		for (; e < r->n_excluded && r->excluded[e] < from + n; e++)
			score[r->excluded[e] - from] = -INFINITY;
		for (uint32 i = 0; i < n; i++)
		{
			if (score[i] >= -FLT_MAX)
				affinity_kernel_topk_push(top,
										  affinity_kernel_rank_key(score[i],
																   from + i));
		}
	}
}

/*
 * Scores of the candidates, but for the excluded.
 */
static void
push_candidates(const Ranking *r, const ServeFold *fold, AffinityTopK *top)
{
	for (uint32 i = 0; i < r->candidates.n; i++)
	{
		uint32		no = r->candidates.item[i].no;

		CHECK_FOR_INTERRUPTS();
		if (!is_excluded(r, no))
			affinity_kernel_topk_push(top,
									  affinity_kernel_rank_key(affinity_score_fold_score(fold,
																						 no),
															   no));
	}
}

/*
 * The best by factors.
 */
static void
choose_by_factors(Ranking *r)
{
	AffinityModel *model = r->call->model;
	ServeFold	fold;
	AffinityTopK top;

	affinity_score_fold_begin(&fold, model->algorithm, model->options,
							  affinity_model_factors(model));
	if (!affinity_score_fold_seeds(&fold, &r->seeds))
		return;
	choose_begin(r, &top, r->has_candidates ? r->candidates.n :
				 model->n_items);
	if (r->has_candidates)
		push_candidates(r, &fold, &top);
	else
		push_all(r, &fold, &top);
	choose_end(r, &top);
}

/*
 * The best by what the seeds say.
 */
static void
choose(Ranking *r)
{
	r->n_chosen = 0;
	r->n_before = 0;
	if (r->k == 0 || r->seeds.n == 0)
		return;
	if (r->call->model->algorithm->has_factors)
		choose_by_factors(r);
	else
		choose_by_neighbors(r);
}

/*
 * Put chosen items out, under the ids that the candidates or the model have.
 */
static void
put_chosen(Ranking *r, const ServeItems *items, uint32 from, uint32 to)
{
	for (uint32 i = from; i < to && (uint32) r->rank < r->k; i++)
	{
		uint32		no = affinity_kernel_rank_key_no(r->chosen[i]);

		put_row(r, affinity_serve_find(items, no)->id,
				affinity_kernel_rank_key_score(r->chosen[i]), true);
	}
}

static bool
is_taken(const Ranking *r, uint32 no)
{
	return bsearch(&no, r->taken, r->n_chosen, sizeof(uint32),
				   compare_numbers) != NULL;
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

	if ((uint32) r->rank >= r->k ||
		(personalized && r->call->model->algorithm->has_factors))
		return;
	if (r->has_candidates)
		qsort(items.item, items.n, sizeof(ServeItem), compare_popularity);
	else
		affinity_serve_popular(r->call->model, (int64) r->k + r->n_excluded +
							   r->n_against, &items);
	for (uint32 i = 0; i < items.n && (uint32) r->rank < r->k; i++)
	{
		const ServeItem *item = &items.item[i];

		if (!is_excluded(r, item->no) && !is_against(r, item->no) &&
			!is_taken(r, item->no))
			put_row(r, item->id, personalized ? 0 : item->popularity, false);
	}
}

static void
put_ranking(Ranking *r)
{
	ServeItems	items;

	affinity_serve_result(r->call, 4,
						  "item_id", r->call->model->item_type,
						  "score", FLOAT4OID,
						  "rank", INT4OID,
						  "personalized", BOOLOID);
	choose(r);
	r->taken = palloc_extended(Max(r->n_chosen, 1) * sizeof(uint32),
							   MCXT_ALLOC_HUGE);
	for (uint32 i = 0; i < r->n_chosen; i++)
		r->taken[i] = affinity_kernel_rank_key_no(r->chosen[i]);
	qsort(r->taken, r->n_chosen, sizeof(uint32), compare_numbers);
	if (r->has_candidates)
	{
		/* filling up sorts the candidates */
		items.n = r->candidates.n;
		items.item = palloc(Max(items.n, 1) * sizeof(ServeItem));
		memcpy(items.item, r->candidates.item, items.n * sizeof(ServeItem));
	}
	else if (r->n_chosen > 0)
		affinity_serve_items_by_no(r->call->model, r->taken, r->n_chosen,
								   &items);
	put_chosen(r, &items, 0, r->n_before);
	fill_up(r);
	put_chosen(r, &items, r->n_before, r->n_chosen);
}

static void
set_candidates(Ranking *r, int arg)
{
	Datum		items;

	r->has_candidates = affinity_serve_items(r->call, arg, &items);
	if (r->has_candidates)
		affinity_serve_items_by_id(r->call->model, items, &r->candidates);
}

PG_FUNCTION_INFO_V1(affinity_serve_recommend);

/*
 * SQL: recommend_core(model, user_id, k, candidates, exclude, exclude_seen)
 */
Datum
affinity_serve_recommend(PG_FUNCTION_ARGS)
{
	ServeCall	call;
	Ranking		r = {.call = &call};
	Datum		exclude = (Datum) 0;

	affinity_serve_begin(&call, fcinfo);
	r.k = affinity_serve_k(&call, 2);
	(void) affinity_serve_user(&call, 1, &r.seeds);
	set_candidates(&r, 3);
	(void) affinity_serve_items(&call, 4, &exclude);
	set_excluded(&r, PG_ARGISNULL(5) || PG_GETARG_BOOL(5), exclude);
	put_ranking(&r);
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

PG_FUNCTION_INFO_V1(affinity_serve_score);

/*
 * SQL: score_core(model, user_id, items)
 */
Datum
affinity_serve_score(PG_FUNCTION_ARGS)
{
	ServeCall	call;
	Ranking		r = {.call = &call};

	affinity_serve_begin(&call, fcinfo);
	(void) affinity_serve_user(&call, 1, &r.seeds);
	set_candidates(&r, 2);
	r.has_candidates = true;
	r.k = r.candidates.n;
	set_excluded(&r, false, (Datum) 0);
	put_ranking(&r);
	return affinity_serve_end(&call);
}
