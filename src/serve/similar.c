/*
 * similar.c
 *		similar_items: what the model says is like an item.
 *		similar_users: users with a history like that of one, read now.
 */
#include "postgres.h"

#include "catalog/pg_type.h"

#include "serve/serve.h"

static void
put_items(ServeCall *call, const AffinityTopK *top)
{
	uint32	   *no = affinity_base_array(top->n, sizeof(uint32));
	AffinityItems items;

	for (size_t i = 0; i < top->n; i++)
		no[i] = affinity_kernel_rank_key_no(top->key[i]);
	affinity_model_items_by_no(call->model, no, (uint32) top->n, &items);
	for (size_t i = 0; i < top->n; i++)
		affinity_serve_put_key(call, affinity_model_item_id(&items, no[i]),
							   top->key[i], i, (Datum) 0);
}

PG_FUNCTION_INFO_V1(affinity_serve_similar_items);

/*
 * SQL: similar_items_core(model, item_id, k)
 */
Datum
affinity_serve_similar_items(PG_FUNCTION_ARGS)
{
	ServeCall	call = {0};
	AffinityModelHistory known = {0};
	Oid			type;
	Datum		item;
	uint32		k;

	affinity_serve_begin(&call, fcinfo);
	k = affinity_serve_k(&call, 2);
	affinity_serve_learns_items(call.model, "similar_items");
	type = call.model->item_type;
	affinity_serve_result(&call, 3, "item_id", type, "score", FLOAT4OID,
						  "rank", INT4OID);
	/* a basket of one item has its list */
	if (affinity_serve_id(&call, 1, type, "item_id", &item))
		affinity_model_basket(call.model, affinity_model_array(&item, 1, type),
							  &known);
	if (known.history.n == 1)
	{
		AffinityScorer scorer;
		AffinityTopK top;

		affinity_model_scorer(call.model, true, &scorer);
		affinity_score_similar_items(&scorer, known.history.item[0],
									 known.history.list, k, &top);
		put_items(&call, &top);
	}
	return affinity_serve_end(&call);
}

/* ---- similar users ----------------------------------------------------- */

static bool
find_user(const AffinityDict *users, Datum user, uint32 *rank)
{
	uint32		lo = 0;
	uint32		hi = affinity_dictionary_size(users);

	while (lo < hi)
	{
		uint32		mid = lo + (hi - lo) / 2;
		int			c = affinity_dictionary_compare(users, mid, user);

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

static void
put_users(ServeCall *call, const AffinityInteractions *in, uint32 self,
		  uint32 k)
{
	uint32	   *common = affinity_base_array(in->by_user.n_rows,
											 sizeof(uint32));
	AffinityScorer scorer;
	AffinityTopK top;

	affinity_model_scorer(call->model, false, &scorer);
	affinity_score_similar_users(&scorer, &in->by_user, self, k, &top, common);
	for (size_t i = 0; i < top.n; i++)
	{
		uint32		user = affinity_kernel_rank_key_no(top.key[i]);

		affinity_serve_put_key(call,
							   affinity_dictionary_id(in->users, user),
							   top.key[i], i,
							   Int32GetDatum((int32) common[user]));
	}
}

PG_FUNCTION_INFO_V1(affinity_serve_similar_users);

/*
 * SQL: similar_users_core(model, user_id, k)
 */
Datum
affinity_serve_similar_users(PG_FUNCTION_ARGS)
{
	ServeCall	call = {0};
	Datum		user;
	uint32		k;
	uint32		self;

	affinity_serve_begin(&call, fcinfo);
	k = affinity_serve_k(&call, 2);
	affinity_serve_result(&call, 4, "user_id", call.model->user_type,
						  "score", FLOAT4OID, "rank", INT4OID,
						  "common", INT4OID);
	if (affinity_serve_id(&call, 1, call.model->user_type, "user_id", &user) &&
		call.model->trained)
	{
		int			n;
		Datum		items = affinity_model_history_ids(call.model, user, &n);

		if (n > 0)
		{
			AffinityInteractions *in =
				affinity_batch_peers(call.model, items, (uint32) n, false);

			if (find_user(in->users, user, &self))
				put_users(&call, in, self, k);
		}
	}
	return affinity_serve_end(&call);
}
