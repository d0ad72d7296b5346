/*
 * explain.c
 *		explain: which items of a history speak for an item, and how much.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"

#include "serve/serve.h"

/*
 * Similarity of a seed to an item, 0 where the item is not in its list.
 */
static float
similarity_to(const ServeSeed *seed, uint32 no)
{
	for (uint32 i = 0; i < seed->n_neighbors; i++)
	{
		if ((uint32) seed->neighbor[i] == no)
			return seed->score[i];
	}
	return 0;
}

static void
put_reasons(ServeCall *call, const ServeSeeds *seeds, uint32 target, uint32 k)
{
	uint32		n = seeds->n;
	AffinityTopK top;
	double		total = 0;

	affinity_topk_init(&top, palloc((n + 1) * sizeof(uint64)), Min(k, n), n + 1);
	for (uint32 s = 0; s < n; s++)
	{
		double		part = seeds->seed[s].weight *
			similarity_to(&seeds->seed[s], target);

		CHECK_FOR_INTERRUPTS();
		total += part;
		if (affinity_sum_score(part) > 0)
			affinity_topk_push(&top,
							   affinity_rank_key(affinity_sum_score(part), s));
	}
	affinity_topk_finish(&top, palloc((n + 1) * sizeof(uint64)));
	for (size_t i = 0; i < top.n; i++)
	{
		const ServeSeed *seed = &seeds->seed[affinity_rank_key_no(top.key[i])];
		float		similarity = similarity_to(seed, target);
		Datum		values[6];
		bool		nulls[6] = {0};

		values[0] = seed->id;
		values[1] = Float4GetDatum((float) seed->weight);
		values[2] = Float4GetDatum(similarity);
		values[3] = Float4GetDatum(affinity_rank_key_score(top.key[i]));
		values[4] = Float4GetDatum((float) (seed->weight * similarity / total));
		values[5] = Int32GetDatum((int32) i + 1);
		tuplestore_putvalues(call->rows, call->desc, values, nulls);
	}
}

PG_FUNCTION_INFO_V1(affinity_explain);

/*
 * SQL: explain_core(model, user_id, item_id, k)
 */
Datum
affinity_explain(PG_FUNCTION_ARGS)
{
	ServeCall	call;
	ServeSeeds	seeds = {0};
	ServeItems	target = {0};
	Datum		user;
	Datum		item;
	uint32		k;

	affinity_serve_begin(&call, fcinfo);
	k = affinity_serve_k(&call, 3);
	affinity_serve_needs_neighbors(call.model, "explain");
	affinity_serve_result(&call, 6, "because_id", call.model->item_type,
						  "weight", FLOAT4OID, "similarity", FLOAT4OID,
						  "contribution", FLOAT4OID, "share", FLOAT4OID,
						  "rank", INT4OID);
	if (affinity_serve_id(&call, 1, call.model->user_type, "user_id", &user))
		affinity_serve_history(call.model, user, &seeds);
	if (affinity_serve_id(&call, 2, call.model->item_type, "item_id", &item))
		affinity_serve_items_by_id(call.model,
								   affinity_serve_array_of_one(call.model, item),
								   &target);
	if (target.n == 1)
		put_reasons(&call, &seeds, target.item[0].no, k);
	return affinity_serve_end(&call);
}
