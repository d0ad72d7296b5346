/*
 * explain.c
 *		explain: which items of a history speak for an item, or against it,
 *		and how much.
 *
 * A contribution is what an item counts times its similarity to the wanted
 * one. With neighbours the similarity is in the item's list; with factors the
 * algorithm says what each item of the history adds (Hu, Koren & Volinsky,
 * "Collaborative Filtering for Implicit Feedback Datasets", 2008, section 5).
 * A share is of the sum of all contributions without their signs.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "miscadmin.h"

#include "kernel/topk.h"
#include "serve/serve.h"

/* Beside the seeds, by their index. */
typedef struct Reasons
{
	ServeSeeds	seeds;
	double	   *count;			/* what the seed counts */
	double	   *similarity;		/* to the wanted item */
} Reasons;

/*
 * The wanted item in the seeds' lists.
 */
static void
reasons_by_neighbors(Reasons *r, uint32 target)
{
	for (uint32 s = 0; s < r->seeds.n; s++)
	{
		const ServeSeed *seed = &r->seeds.seed[s];

		CHECK_FOR_INTERRUPTS();
		r->count[s] = seed->weight;
		for (uint32 i = 0; i < seed->n_neighbors; i++)
		{
			if ((uint32) seed->neighbor[i] == target)
			{
				r->similarity[s] = seed->score[i];
				break;
			}
		}
	}
}

static void
reasons_by_factors(Reasons *r, AffinityModel *model, uint32 target)
{
	const AffinityFactors *factors = affinity_model_factors(model);
	uint32	   *item = palloc(r->seeds.n * sizeof(uint32));
	float	   *weight = palloc(r->seeds.n * sizeof(float));
	ServeFold	fold;

	affinity_score_fold_begin(&fold, model->algorithm, model->options,
							  factors);
	affinity_score_fold_history(&fold, &r->seeds, item, weight);
	if (affinity_score_fold_user(&fold, item, weight, r->seeds.n))
		model->algorithm->fold_explain(fold.fold, item, weight, r->seeds.n,
									   target, r->count, r->similarity);
}

static void
put_reasons(ServeCall *call, const Reasons *r, uint32 k)
{
	uint32		n = r->seeds.n;
	AffinityTopK top;
	double		total = 0;

	affinity_kernel_topk_init(&top, palloc((n + 1) * sizeof(uint64)),
							  Min(k, n), n + 1);
	for (uint32 s = 0; s < n; s++)
	{
		double		part = r->count[s] * r->similarity[s];

		if (!isfinite(part))
			continue;
		total += fabs(part);
		if (affinity_score_of_sum(part) != 0)
			affinity_kernel_topk_push(&top,
									  affinity_kernel_rank_key(affinity_score_of_sum(part),
															   s));
	}
	affinity_kernel_topk_finish(&top, palloc((n + 1) * sizeof(uint64)));
	for (size_t i = 0; i < top.n; i++)
	{
		uint32		s = affinity_kernel_rank_key_no(top.key[i]);
		Datum		values[6];
		bool		nulls[6] = {0};

		values[0] = r->seeds.seed[s].id;
		values[1] = Float4GetDatum(affinity_score_of_sum(r->count[s]));
		values[2] = Float4GetDatum(affinity_score_of_sum(r->similarity[s]));
		values[3] = Float4GetDatum(affinity_kernel_rank_key_score(top.key[i]));
		values[4] = Float4GetDatum((float) (r->count[s] * r->similarity[s] /
											total));
		values[5] = Int32GetDatum((int32) i + 1);
		tuplestore_putvalues(call->rows, call->desc, values, nulls);
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
	ServeItem	target;
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
	has_user = affinity_serve_user(&call, 1, &r.seeds);
	has_item = affinity_serve_item(&call, 2, &target);
	if (has_user && has_item)
	{
		r.count = palloc0(r.seeds.n * sizeof(double));
		r.similarity = palloc0(r.seeds.n * sizeof(double));
		if (!call.model->algorithm->has_factors)
			reasons_by_neighbors(&r, target.no);
		else
			reasons_by_factors(&r, call.model, target.no);
		put_reasons(&call, &r, k);
	}
	return affinity_serve_end(&call);
}
