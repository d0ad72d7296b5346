/*
 * explain.c
 *		explain: which items of a history speak for an item, or against it,
 *		and how much.
 *
 * A contribution is what an item counts times its similarity to the wanted
 * one; a share is of the sum of all contributions without their signs.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"

#include "serve/serve.h"

/* Beside the history, by index. */
typedef struct Reasons
{
	AffinityModelHistory known;
	double	   *count;			/* what the item counts */
	double	   *similarity;		/* to the wanted item */
} Reasons;

/*
 * The k largest contributions, and the sum of all without their signs.
 */
static double
choose(const Reasons *r, uint32 k, AffinityTopK *top)
{
	uint32		n = r->known.history.n;
	Size		room = (Size) n + 1;
	double		total = 0;

	affinity_kernel_topk_init(top, affinity_base_array(room, sizeof(uint64)),
							  Min(k, n), room);
	for (uint32 i = 0; i < n; i++)
	{
		double		part = r->count[i] * r->similarity[i];
		float		score = affinity_score_of_sum(part);

		if (!isfinite(part))
			continue;
		total += fabs(part);
		if (score != 0)
			affinity_kernel_topk_push(top, affinity_kernel_rank_key(score, i));
	}
	affinity_kernel_topk_finish(top, affinity_base_array(room,
														 sizeof(uint64)));
	return total;
}

static void
put_reasons(ServeCall *call, const Reasons *r, uint32 k)
{
	AffinityTopK top;
	double		total = choose(r, k, &top);

	for (size_t i = 0; i < top.n; i++)
	{
		uint32		no = affinity_kernel_rank_key_no(top.key[i]);
		double		count = r->count[no];
		double		similarity = r->similarity[no];
		Datum		values[6];

		values[0] = r->known.id[no];
		values[1] = Float4GetDatum(affinity_score_of_sum(count));
		values[2] = Float4GetDatum(affinity_score_of_sum(similarity));
		values[3] = Float4GetDatum(affinity_kernel_rank_key_score(top.key[i]));
		values[4] = Float4GetDatum((float) (count * similarity / total));
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
	ServeCall	call;
	Reasons		r;
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
	has_user = affinity_serve_history(&call, 1, &r.known);
	has_item = affinity_serve_item(&call, 2, &item);
	if (has_user && has_item)
	{
		const AffinityHistory *history = &r.known.history;
		AffinityScorer scorer;

		affinity_model_scorer(call.model, true, &scorer);
		r.count = affinity_base_array(history->n, sizeof(double));
		r.similarity = affinity_base_array(history->n, sizeof(double));
		affinity_score_reasons(&scorer, history, item.no, r.count,
							   r.similarity);
		put_reasons(&call, &r, k);
	}
	return affinity_serve_end(&call);
}
