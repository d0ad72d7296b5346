/*
 * similar.c
 *		similar_items: a prefix of an item's list, or the cosine of factors.
 *		similar_users: the cosine of histories, read now.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "miscadmin.h"

#include "kernel/topk.h"
#include "kernel/vector.h"
#include "serve/serve.h"

/* Items compared between two looks at interrupts. */
#define COMPARE_PIECE 4096

/*
 * The items of a list that are similar and not the opposite, as rank keys. A
 * list without signs is in order already; so may be one with them, but who
 * knows.
 */
static uint32
similar_by_list(const AffinityModel *model, const ServeSeed *seed, uint32 k,
				uint64 **key)
{
	uint32		n = 0;

	*key = palloc((seed->n_neighbors + 1) * sizeof(uint64));
	for (uint32 i = 0; i < seed->n_neighbors; i++)
	{
		uint32		no = (uint32) seed->neighbor[i];

		if (seed->score[i] > 0)
			(*key)[n++] = affinity_kernel_rank_key(seed->score[i], no);
	}
	if (model->algorithm->signed_scores)
		affinity_kernel_sort_descending(*key, n,
										palloc((n + 1) * sizeof(uint64)));
	return Min(n, k);
}

/*
 * Cosines with all items, as rank keys; what is not above 0 is not similar.
 * Biases are not part of what an item is like.
 */
static uint32
similar_by_factors(AffinityModel *model, uint32 self, uint32 k, uint64 **key)
{
	const AffinityFactors *factors = affinity_model_factors(model);
	uint32		skip = Min(model->algorithm->n_bias_factors, factors->width);
	uint32		width = factors->width - skip;
	const float *own = factors->item + self * factors->stride + skip;
	double		norm = affinity_kernel_dot_f4(own, own, width);
	Size		room = ((Size) factors->n_items + 1) * sizeof(uint64);
	AffinityTopK top;

	affinity_kernel_topk_init(&top, palloc_extended(room, MCXT_ALLOC_HUGE),
							  Min(k, factors->n_items),
							  (Size) factors->n_items + 1);
	for (uint32 i = 0; i < factors->n_items; i++)
	{
		const float *other = factors->item + i * factors->stride + skip;
		AffinityProducts sums = {0};
		double		cosine;

		if (i % COMPARE_PIECE == 0)
			CHECK_FOR_INTERRUPTS();
		affinity_kernel_products_f4(own, other, width, &sums);
		cosine = sums.xy / sqrt(norm) / sqrt(sums.yy);
		if (i != self && cosine > 0 && (float) cosine > 0)
			affinity_kernel_topk_push(&top,
									  affinity_kernel_rank_key((float) Min(cosine,
																		   1.0),
															   i));
	}
	affinity_kernel_topk_finish(&top, palloc_extended(room, MCXT_ALLOC_HUGE));
	*key = top.key;
	return (uint32) top.n;
}

static void
put_similar_items(ServeCall *call, const uint64 *key, uint32 n)
{
	uint32	   *no = palloc_extended(Max(n, 1) * sizeof(uint32),
									 MCXT_ALLOC_HUGE);
	ServeItems	items;

	for (uint32 i = 0; i < n; i++)
		no[i] = affinity_kernel_rank_key_no(key[i]);
	affinity_serve_items_by_no(call->model, no, n, &items);
	for (uint32 i = 0; i < n; i++)
	{
		Datum		values[3];
		bool		nulls[3] = {0};

		values[0] = affinity_serve_find(&items, no[i])->id;
		values[1] = Float4GetDatum(affinity_kernel_rank_key_score(key[i]));
		values[2] = Int32GetDatum((int32) i + 1);
		tuplestore_putvalues(call->rows, call->desc, values, nulls);
	}
}

PG_FUNCTION_INFO_V1(affinity_serve_similar_items);

/*
 * SQL: similar_items_core(model, item_id, k)
 */
Datum
affinity_serve_similar_items(PG_FUNCTION_ARGS)
{
	ServeCall	call;
	ServeSeeds	seeds = {0};
	Datum		item;
	uint32		k;

	affinity_serve_begin(&call, fcinfo);
	k = affinity_serve_k(&call, 2);
	affinity_serve_learns_items(call.model, "similar_items");
	affinity_serve_result(&call, 3, "item_id", call.model->item_type,
						  "score", FLOAT4OID, "rank", INT4OID);
	if (affinity_serve_id(&call, 1, call.model->item_type, "item_id", &item))
		affinity_serve_basket(call.model,
							  affinity_serve_array_of_one(call.model, item),
							  &seeds);
	if (seeds.n == 1)
	{
		const ServeSeed *seed = &seeds.seed[0];
		uint64	   *key;
		uint32		n = call.model->algorithm->has_factors ?
			similar_by_factors(call.model, seed->no, k, &key) :
			similar_by_list(call.model, seed, k, &key);

		put_similar_items(&call, key, n);
	}
	return affinity_serve_end(&call);
}

/* ---- similar users ----------------------------------------------------- */

/*
 * Rows of all users who share an item with the given ones, the user included.
 */
static AffinityInteractions *
read_neighborhood(const AffinityModel *model, Datum items)
{
	char	   *interactions = affinity_model_relation(model, "interactions");

	return affinity_serve_read(model,
							   psprintf("SELECT a.user_id, a.item_id, a.weight FROM %s AS a"
										" WHERE a.user_id OPERATOR(pg_catalog.=) ANY"
										" (SELECT b.user_id FROM %s AS b"
										" WHERE b.item_id OPERATOR(pg_catalog.=) ANY ($1))",
										interactions, interactions),
							   items, NULL);
}

/*
 * What an entry of a matrix counts in the model.
 */
static double
entry_weight(const AffinityModel *model, const AffinityCsr *m, int64 entry)
{
	return model->algorithm->history_weight(model->options,
											m->val ? m->val[entry] : 1);
}

/*
 * What a user's weights are compared with: where they are ratings, what the
 * user rates on average (Resnick et al., "GroupLens", 1994), else 0.
 */
static double
usual_weight(const AffinityModel *model, const AffinityCsr *m, uint32 user)
{
	int64		n = m->start[user + 1] - m->start[user];
	double		sum = 0;

	if (!model->algorithm->ratings || n == 0)
		return 0;
	for (int64 e = m->start[user]; e < m->start[user + 1]; e++)
		sum += entry_weight(model, m, e);
	return sum / n;
}

static bool
find_user(const AffinityDict *users, Datum user, uint32 *rank)
{
	uint32		lo = 0;
	uint32		hi = affinity_interaction_dict_size(users);

	while (lo < hi)
	{
		uint32		mid = lo + (hi - lo) / 2;
		int			c = affinity_interaction_dict_compare(users, mid, user);

		if (c == 0)
		{
			*rank = mid;
			return true;
		}
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return false;
}

/*
 * Put out the k users most like one of them, by the cosine of their weights.
 */
static void
put_similar_users(ServeCall *call, const AffinityInteractions *in,
				  uint32 self, uint32 k)
{
	const AffinityCsr *m = &in->by_user;
	double	   *own = affinity_base_zeroed_array(m->n_cols, sizeof(double));
	int32	   *common = affinity_base_zeroed_array(m->n_rows, sizeof(int32));
	uint64	   *scratch = affinity_base_array((Size) m->n_rows + 1,
											  sizeof(uint64));
	bool	   *has = affinity_base_zeroed_array(m->n_cols, sizeof(bool));
	double		own_norm = 0;
	double		usual = usual_weight(call->model, m, self);
	AffinityTopK top;

	affinity_kernel_topk_init(&top,
							  palloc_extended(((Size) m->n_rows + 1) *
											  sizeof(uint64), MCXT_ALLOC_HUGE),
							  Min(k, m->n_rows), (Size) m->n_rows + 1);
	for (int64 e = m->start[self]; e < m->start[self + 1]; e++)
	{
		has[m->col[e]] = true;
		own[m->col[e]] = entry_weight(call->model, m, e) - usual;
		own_norm += own[m->col[e]] * own[m->col[e]];
	}
	for (uint32 u = 0; u < m->n_rows; u++)
	{
		double		dot = 0;
		double		norm = 0;

		CHECK_FOR_INTERRUPTS();
		if (u == self)
			continue;
		usual = usual_weight(call->model, m, u);
		for (int64 e = m->start[u]; e < m->start[u + 1]; e++)
		{
			double		w = entry_weight(call->model, m, e) - usual;

			norm += w * w;
			dot += w * own[m->col[e]];
			common[u] += has[m->col[e]];
		}
		if (dot > 0)
			affinity_kernel_topk_push(&top,
									  affinity_kernel_rank_key((float) Min(dot /
																		   sqrt(norm *
																				own_norm),
																		   1.0), u));
	}
	affinity_kernel_topk_finish(&top, scratch);
	for (size_t i = 0; i < top.n; i++)
	{
		uint32		u = affinity_kernel_rank_key_no(top.key[i]);
		Datum		values[4];
		bool		nulls[4] = {0};

		values[0] = affinity_interaction_dict_id(in->users, u);
		values[1] = Float4GetDatum(affinity_kernel_rank_key_score(top.key[i]));
		values[2] = Int32GetDatum((int32) i + 1);
		values[3] = Int32GetDatum(common[u]);
		tuplestore_putvalues(call->rows, call->desc, values, nulls);
	}
}

PG_FUNCTION_INFO_V1(affinity_serve_similar_users);

/*
 * SQL: similar_users_core(model, user_id, k)
 */
Datum
affinity_serve_similar_users(PG_FUNCTION_ARGS)
{
	ServeCall	call;
	Datum		user;
	uint32		k;
	uint32		self;

	affinity_serve_begin(&call, fcinfo);
	k = affinity_serve_k(&call, 2);
	affinity_serve_result(&call, 4, "user_id", call.model->user_type,
						  "score", FLOAT4OID, "rank", INT4OID,
						  "common", INT4OID);
	if (affinity_serve_id(&call, 1, call.model->user_type, "user_id", &user))
	{
		int			n;
		Datum		items = affinity_serve_history_ids(call.model, user, &n);
		AffinityInteractions *in;

		if (n > 0)
		{
			in = read_neighborhood(call.model, items);
			if (find_user(in->users, user, &self))
				put_similar_users(&call, in, self, k);
		}
	}
	return affinity_serve_end(&call);
}
