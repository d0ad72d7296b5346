/*
 * recommend_all.c
 *		recommend for every user, from one pass over the rows.
 *
 * Rows go into the tuplestore in the order of users, which spills by itself.
 */
#include "postgres.h"

#include "catalog/pg_type.h"

#include "serve/serve.h"

typedef struct Answer
{
	ServeCall  *call;
	AffinityModelBatch batch;
} Answer;

static void
put_rows(void *state, uint32 user, const AffinityRanking *ranking)
{
	Answer	   *answer = state;
	uint32		n = affinity_score_ranking_size(ranking);
	Datum		values[5];

	values[0] = affinity_interaction_dict_id(answer->batch.users, user);
	for (uint32 i = 0; i < n; i++)
	{
		const AffinityRanked *entry = &ranking->entry[i];

		values[1] = answer->batch.item_id[entry->no];
		values[2] = Float4GetDatum(entry->score);
		values[3] = Int32GetDatum((int32) i + 1);
		values[4] = BoolGetDatum(affinity_score_is_personalized(ranking, i));
		affinity_serve_put(answer->call, values);
	}
}

PG_FUNCTION_INFO_V1(affinity_serve_recommend_all);

/*
 * SQL: recommend_all_core(model, k [, repeat])
 */
Datum
affinity_serve_recommend_all(PG_FUNCTION_ARGS)
{
	ServeCall	call;
	Answer		answer = {.call = &call};
	uint32		k;
	double		repeat;

	affinity_serve_begin(&call, fcinfo);
	k = affinity_serve_k(&call, 1);
	repeat = affinity_serve_repeat(&call, 2);
	affinity_serve_result(&call, 5, "user_id", call.model->user_type,
						  "item_id", call.model->item_type,
						  "score", FLOAT4OID, "rank", INT4OID,
						  "personalized", BOOLOID);
	if (k > 0 && call.model->trained)
	{
		affinity_model_batch_begin(&answer.batch, call.model, repeat);
		affinity_score_batch_recommend(&answer.batch.batch, k, put_rows,
									   &answer);
		affinity_model_batch_end(&answer.batch);
	}
	return affinity_serve_end(&call);
}
