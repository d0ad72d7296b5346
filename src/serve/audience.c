/*
 * audience.c
 *		audience: the users with the highest score for an item.
 *
 * Scores are turned round: of all items whose lists hold the wanted one, the
 * users are read and summed up. With factors every user has a score, and all
 * are folded in. What a user gets is what score() would say.
 */
#include "postgres.h"

#include "catalog/pg_type.h"

#include "serve/serve.h"

static void
put_users(ServeCall *call, const AffinityDict *users, const AffinityTopK *top)
{
	for (size_t i = 0; i < top->n; i++)
	{
		uint32		user = affinity_kernel_rank_key_no(top->key[i]);

		affinity_serve_put_key(call, affinity_dictionary_id(users, user),
							   top->key[i], i, (Datum) 0);
	}
}

/*
 * Similarities of the matrix's columns to the wanted item, and its own column.
 */
static float *
align_sources(const AffinityInteractions *in, const AffinitySources *sources,
			  uint32 *wanted)
{
	uint32		n_items = in->n_items;
	int32	   *index = affinity_batch_align(in, sources->id, sources->n,
											 sources->n_sorted);
	float	   *similarity = affinity_base_zeroed_array(in->by_item.n_rows,
														sizeof(float));

	*wanted = in->by_item.n_rows;
	for (uint32 i = 0; i < n_items; i++)
	{
		const AffinitySource *source;

		if (index[i] < 0)
			continue;
		source = &sources->source[index[i]];
		for (uint32 kind = 0; kind < in->n_kinds; kind++)
			similarity[kind * n_items + i] = source->similarity[kind];
		if (source->is_item)
			*wanted = i;
	}
	return similarity;
}

static void
audience_by_lists(ServeCall *call, uint32 item, uint32 k)
{
	AffinityModel *model = call->model;
	AffinityScorer scorer;
	AffinitySources sources;
	AffinityInteractions *in;
	AffinityTopK top;
	float	   *similarity;
	uint32		wanted;
	Datum		ids;

	affinity_model_scorer(model, false, &scorer);
	affinity_model_sources(model, item, &sources);
	ids = affinity_model_array(sources.id, (int) sources.n, model->item_type);

	/*
	 * what a user's weights are compared with is the mean of all of them, and
	 * ages are those before the newest of all
	 */
	in = model->timed ||
		affinity_train_centered(model->algorithm, model->options) ?
		affinity_batch_peers(model, ids, sources.n, true) :
		affinity_batch_rows_of(model, ids, sources.n);
	similarity = align_sources(in, &sources, &wanted);
	affinity_score_audience(&scorer, &in->by_user, similarity, wanted, k,
							&top);
	put_users(call, in->users, &top);
}

static void
audience_by_factors(ServeCall *call, uint32 item, uint32 k)
{
	AffinityModelAsked asked = {0};
	AffinityModelBatch batch;
	AffinityTopK top;

	affinity_batch_begin(&batch, call->model, &asked);
	affinity_score_batch_audience(&batch.batch, item, k, &top);
	affinity_batch_end(&batch);
	put_users(call, batch.users, &top);
}

PG_FUNCTION_INFO_V1(affinity_serve_audience);

/*
 * SQL: audience_core(model, item_id, k)
 */
Datum
affinity_serve_audience(PG_FUNCTION_ARGS)
{
	ServeCall	call = {0};
	AffinityItem item;
	uint32		k;

	affinity_serve_begin(&call, fcinfo);
	k = affinity_serve_k(&call, 2);
	affinity_serve_learns_items(call.model, "audience");
	affinity_serve_result(&call, 3, "user_id", call.model->user_type,
						  "score", FLOAT4OID, "rank", INT4OID);
	if (!affinity_serve_item(&call, 1, &item) || k == 0)
		return affinity_serve_end(&call);
	if (call.model->algorithm->has_factors)
		audience_by_factors(&call, item.no, k);
	else
		audience_by_lists(&call, item.no, k);
	return affinity_serve_end(&call);
}
