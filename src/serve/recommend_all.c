/*
 * recommend_all.c
 *		recommend for every user, from one pass over the rows.
 *
 * Rows go into the tuplestore in the order of users, which spills by itself.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "serve/serve.h"

typedef struct Answer
{
	ServeCall  *call;
	ServeRules	rules;
	ServeGroups groups;
	AffinityModelBatch batch;
} Answer;

static void
put_rows(void *state, uint32 user, const AffinityRanking *ranking)
{
	Answer	   *answer = state;
	uint32		after = answer->rules.rules.after_rank;
	Datum		values[5];

	values[0] = affinity_dictionary_id(answer->batch.users, user);
	for (uint32 i = 0; i < ranking->n; i++)
	{
		const AffinityRanked *entry = &ranking->entry[i];

		values[1] = answer->batch.item_id[entry->no];
		values[2] = Float4GetDatum(entry->score);
		values[3] = Int32GetDatum((int32) (after + i + 1));
		values[4] = BoolGetDatum(entry->personalized);
		affinity_serve_put(answer->call, values);
	}
}

/*
 * Hashes of all users, where rules explore.
 */
static void
hash_users(Answer *answer)
{
	const AffinityDict *users = answer->batch.users;
	uint32		n = affinity_dictionary_size(users);
	uint64	   *hash = affinity_base_array(n, sizeof(uint64));
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "affinity id",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);

	for (uint32 u = 0; u < n; u++)
	{
		CHECK_FOR_INTERRUPTS();
		hash[u] = affinity_serve_user_hash(&answer->rules,
										   affinity_dictionary_id(users, u),
										   answer->call->model->user_type);
		MemoryContextReset(context);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	answer->batch.batch.user_hash = hash;
}

/*
 * Rules, of which candidates and what is excluded are a part here.
 */
static void
set_rules(Answer *answer, int candidates_arg, int exclude_arg)
{
	ServeCall  *call = answer->call;
	AffinityItems candidates = {0};
	AffinityItems exclude = {0};
	bool		some = false;

	if (call->fcinfo->nargs > exclude_arg)
	{
		some = affinity_serve_items(call, candidates_arg, &candidates);
		(void) affinity_serve_items(call, exclude_arg, &exclude);
	}
	affinity_serve_keep_pinned(&answer->rules, some ? &candidates : NULL,
							   &exclude);
	affinity_serve_allow(&answer->rules, call->model->n_items,
						 some ? &candidates : NULL, &exclude);
}

/*
 * What comes first of the popular items, by the users' groups.
 */
static void
set_groups(Answer *answer)
{
	const AffinityDict *users = answer->batch.users;

	answer->batch.batch.first =
		affinity_serve_groups_lists(answer->call,
									affinity_serve_groups_of(&answer->groups,
															 users),
									affinity_dictionary_size(users),
									answer->batch.batch.rules);
}

PG_FUNCTION_INFO_V1(affinity_serve_recommend_all);

/*
 * SQL: recommend_all_core(model, k [, repeat [, users, candidates, exclude,
 * rules ... [, user_group]]])
 */
Datum
affinity_serve_recommend_all(PG_FUNCTION_ARGS)
{
	ServeCall	call = {0};
	Answer		answer = {.call = &call};
	AffinityModelAsked asked = {0};
	uint32		k;

	affinity_serve_begin(&call, fcinfo);
	k = affinity_serve_k(&call, 1);
	affinity_serve_rules(&call, 6, false, &answer.rules);
	asked.repeat = affinity_serve_repeat(&call, 2, &answer.rules);
	asked.recent_only = answer.rules.recent_only;
	asked.after = answer.rules.after;
	affinity_serve_result(&call, 5, "user_id", call.model->user_type,
						  "item_id", call.model->item_type,
						  "score", FLOAT4OID, "rank", INT4OID,
						  "personalized", BOOLOID);
	set_rules(&answer, 4, 5);
	affinity_serve_groups_arg(&call, 19, &answer.groups);
	affinity_serve_users(&call, 3, &asked, &answer.groups);
	if (k > 0 && call.model->trained)
	{
		affinity_batch_begin(&answer.batch, call.model, &asked);
		answer.batch.batch.rules = affinity_serve_in_force(&call,
														   &answer.rules);
		if (answer.rules.rules.exploration > 0)
			hash_users(&answer);
		set_groups(&answer);
		affinity_score_batch_recommend(&answer.batch.batch, k, put_rows,
									   &answer);
		affinity_batch_end(&answer.batch);
	}
	return affinity_serve_end(&call);
}
