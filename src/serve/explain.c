/*
 * explain.c
 *		explain: which items of a history speak for an item, or against it,
 *		and how much.
 *
 * A contribution is what an item counts times its similarity to the wanted
 * one; a share is of the sum of all contributions without their signs.
 */
#include "postgres.h"

#include "catalog/pg_type.h"

#include "serve/serve.h"

static void
put_reasons(ServeCall *call, const AffinityReasons *r, const Datum *id)
{
	for (size_t i = 0; i < r->top.n; i++)
	{
		uint64		key = r->top.key[i];
		uint32		no = affinity_kernel_rank_key_no(key);
		double		count = r->count[no];
		double		similarity = r->similarity[no];
		double		share = count * similarity / r->total;
		Datum		values[6];

		values[0] = id[no];
		values[1] = Float4GetDatum(affinity_score_of_sum(count));
		values[2] = Float4GetDatum(affinity_score_of_sum(similarity));
		values[3] = Float4GetDatum(affinity_kernel_rank_key_score(key));
		values[4] = Float4GetDatum((float) share);
		values[5] = Int32GetDatum((int32) i + 1);
		affinity_serve_put(call, values);
	}
}

PG_FUNCTION_INFO_V1(affinity_serve_explain);

/*
 * SQL: explain_core(model, user_id, item_id, k)
 */
Datum
affinity_serve_explain(PG_FUNCTION_ARGS)
{
	ServeCall	call = {0};
	AffinityModelHistory known;
	AffinityItem item;
	bool		has_user;
	bool		has_item;
	uint32		k;

	affinity_serve_begin(&call, fcinfo);
	k = affinity_serve_k(&call, 3);
	affinity_serve_learns_items(call.model, "explain");
	affinity_serve_result(&call, 6, "because_id", call.model->item_type,
						  "weight", FLOAT4OID, "similarity", FLOAT4OID,
						  "contribution", FLOAT4OID, "share", FLOAT4OID,
						  "rank", INT4OID);
	has_user = affinity_serve_history(&call, 1, false, &known);
	has_item = affinity_serve_item(&call, 2, &item);
	if (has_user && has_item)
	{
		AffinityScorer scorer;
		AffinityReasons reasons;

		affinity_model_scorer(call.model, true, &scorer);
		affinity_score_reasons(&scorer, &known.history, item.no, k, &reasons);
		put_reasons(&call, &reasons, known.id);
	}
	return affinity_serve_end(&call);
}
