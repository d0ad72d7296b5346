/*
 * similar.c
 *		similar_items: a prefix of an item's list. similar_users: the cosine of
 *		histories, read now.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "miscadmin.h"

#include "serve/serve.h"

PG_FUNCTION_INFO_V1(affinity_similar_items);

/*
 * SQL: similar_items_core(model, item_id, k)
 */
Datum
affinity_similar_items(PG_FUNCTION_ARGS)
{
	ServeCall	call;
	ServeSeeds	seeds = {0};
	ServeItems	items;
	Datum		item;
	uint32		n;

	affinity_serve_begin(&call, fcinfo);
	n = affinity_serve_k(&call, 2);
	affinity_serve_needs_neighbors(call.model, "similar_items");
	affinity_serve_result(&call, 3, "item_id", call.model->item_type,
						  "score", FLOAT4OID, "rank", INT4OID);
	if (affinity_serve_id(&call, 1, call.model->item_type, "item_id", &item))
		affinity_serve_basket(call.model,
							  affinity_serve_array_of_one(call.model, item),
							  &seeds);
	if (seeds.n == 1)
	{
		const ServeSeed *seed = &seeds.seed[0];

		n = Min(n, seed->n_neighbors);
		affinity_serve_items_by_no(call.model, (const uint32 *) seed->neighbor,
								   n, &items);
		for (uint32 i = 0; i < n; i++)
		{
			uint32		no = (uint32) seed->neighbor[i];
			ServeItem  *found = affinity_serve_find(&items, no);
			Datum		values[3];
			bool		nulls[3] = {0};

			values[0] = found->id;
			values[1] = Float4GetDatum(seed->score[i]);
			values[2] = Int32GetDatum((int32) i + 1);
			tuplestore_putvalues(call.rows, call.desc, values, nulls);
		}
	}
	return affinity_serve_end(&call);
}

/* ---- similar users ------------------------------------------------------ */

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
							   items);
}

/*
 * What an entry of a matrix counts in the model.
 */
static double
entry_weight(const AffinityModel *model, const AffinityCsr *m, int64 entry)
{
	return model->method->history_weight(model->options,
										 m->val ? m->val[entry] : 1);
}

static bool
find_user(const AffinityDict *users, Datum user, uint32 *rank)
{
	uint32		lo = 0;
	uint32		hi = affinity_dict_size(users);

	while (lo < hi)
	{
		uint32		mid = lo + (hi - lo) / 2;
		int			c = affinity_dict_compare(users, mid, user);

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
	double	   *own = palloc_extended(Max(m->n_cols, 1) * sizeof(double),
									  MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	int32	   *common = palloc_extended(Max(m->n_rows, 1) * sizeof(int32),
										 MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	uint64	   *scratch = palloc_extended(((Size) m->n_rows + 1) * sizeof(uint64),
										  MCXT_ALLOC_HUGE);
	double		own_norm = 0;
	AffinityTopK top;

	affinity_topk_init(&top, palloc_extended(((Size) m->n_rows + 1) * sizeof(uint64),
											 MCXT_ALLOC_HUGE),
					   Min(k, m->n_rows), (Size) m->n_rows + 1);
	for (int64 e = m->start[self]; e < m->start[self + 1]; e++)
	{
		own[m->col[e]] = entry_weight(call->model, m, e);
		own_norm += own[m->col[e]] * own[m->col[e]];
	}
	for (uint32 u = 0; u < m->n_rows; u++)
	{
		double		dot = 0;
		double		norm = 0;

		CHECK_FOR_INTERRUPTS();
		if (u == self)
			continue;
		for (int64 e = m->start[u]; e < m->start[u + 1]; e++)
		{
			double		w = entry_weight(call->model, m, e);

			norm += w * w;
			dot += w * own[m->col[e]];
			common[u] += own[m->col[e]] > 0;
		}
		if (dot > 0)
			affinity_topk_push(&top, affinity_rank_key((float) Min(dot / sqrt(norm * own_norm), 1.0), u));
	}
	affinity_topk_finish(&top, scratch);
	for (size_t i = 0; i < top.n; i++)
	{
		uint32		u = affinity_rank_key_no(top.key[i]);
		Datum		values[4];
		bool		nulls[4] = {0};

		values[0] = affinity_dict_id(in->users, u);
		values[1] = Float4GetDatum(affinity_rank_key_score(top.key[i]));
		values[2] = Int32GetDatum((int32) i + 1);
		values[3] = Int32GetDatum(common[u]);
		tuplestore_putvalues(call->rows, call->desc, values, nulls);
	}
}

PG_FUNCTION_INFO_V1(affinity_similar_users);

/*
 * SQL: similar_users_core(model, user_id, k)
 */
Datum
affinity_similar_users(PG_FUNCTION_ARGS)
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
