/*
 * audience.c
 *		audience: the users with the highest score for an item.
 *
 * Scores are turned round: of all items whose lists hold the wanted one, the
 * users are read and summed up. With factors every user has a score, and all
 * are folded in. What a user gets is what score() would say.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "serve/batch.h"

/* An item that speaks for the wanted one; ascending by number, so by id. */
typedef struct Source
{
	Datum		id;
	float		similarity;		/* of the wanted item itself: 0 */
	bool		wanted;
} Source;

/*
 * The items whose lists hold the wanted one, and the wanted one itself.
 */
static Source *
find_sources(const AffinityModel *model, const ServeItem *wanted, int *n)
{
	Oid			type = INT4OID;
	Datum		no = Int32GetDatum((int32) wanted->no);
	char	   *sql = psprintf("SELECT i.item_id, i.scores[pg_catalog.array_position(i.neighbors, $1)],"
							   " i.item_no OPERATOR(pg_catalog.=) $1"
							   " FROM ONLY %s AS i"
							   " WHERE $1 OPERATOR(pg_catalog.=) ANY (i.neighbors)"
							   " OR i.item_no OPERATOR(pg_catalog.=) $1"
							   " ORDER BY i.item_no",
							   affinity_model_relation(model, "items"));
	int			rc = SPI_execute_with_args(sql, 1, &type, &no, NULL, true, 0);
	Source	   *source;

	if (rc != SPI_OK_SELECT)
		elog(ERROR, "looking for sources failed: %s",
			 SPI_result_code_string(rc));
	if (SPI_gettypeid(SPI_tuptable->tupdesc, 1) != model->item_type ||
		SPI_gettypeid(SPI_tuptable->tupdesc, 2) != FLOAT4OID)
		affinity_serve_damaged(model, "a column of its items has another type");
	*n = (int) SPI_processed;
	source = palloc_extended(Max(*n, 1) * sizeof(Source), MCXT_ALLOC_HUGE);
	for (int i = 0; i < *n; i++)
	{
		HeapTuple	row = SPI_tuptable->vals[i];
		TupleDesc	desc = SPI_tuptable->tupdesc;
		bool		isnull;
		Datum		value = affinity_serve_column(model, row, desc, 1);

		source[i].id = affinity_base_id_plain(value, model->item_type);
		source[i].wanted = DatumGetBool(SPI_getbinval(row, desc, 3, &isnull));
		value = SPI_getbinval(row, desc, 2, &isnull);
		source[i].similarity = isnull || source[i].wanted ? 0 :
			DatumGetFloat4(value);
	}
	return source;
}

static AffinityInteractions *
read_users(const AffinityModel *model, const Source *source, int n)
{
	Datum	   *ids = palloc_extended(Max(n, 1) * sizeof(Datum),
									  MCXT_ALLOC_HUGE);

	for (int i = 0; i < n; i++)
		ids[i] = source[i].id;
	return affinity_serve_read(model,
							   psprintf("SELECT h.user_id, h.item_id, h.weight FROM %s AS h"
										" WHERE h.item_id OPERATOR(pg_catalog.=) ANY ($1)",
										affinity_model_relation(model,
																"interactions")),
							   affinity_serve_array(ids, n, model->item_type),
							   NULL);
}

/*
 * The source of each item of the matrix; both are in order of id.
 */
static const Source **
align_sources(const AffinityInteractions *in, const Source *source, int n)
{
	uint32		n_items = in->by_item.n_rows;
	const Source **of_item = palloc0(Max(n_items, 1) * sizeof(Source *));
	int			s = 0;

	for (uint32 i = 0; i < n_items; i++)
	{
		while (s < n && affinity_interaction_dict_compare(in->items, i,
														  source[s].id) > 0)
			s++;
		if (s < n &&
			affinity_interaction_dict_compare(in->items, i, source[s].id) == 0)
			of_item[i] = &source[s];
	}
	return of_item;
}

static void
put_users(ServeCall *call, const AffinityDict *users, const AffinityTopK *top)
{
	for (size_t i = 0; i < top->n; i++)
	{
		Datum		values[3];
		bool		nulls[3] = {0};

		values[0] =
			affinity_interaction_dict_id(users,
										 affinity_kernel_rank_key_no(top->key[i]));
		values[1] =
			Float4GetDatum(affinity_kernel_rank_key_score(top->key[i]));
		values[2] = Int32GetDatum((int32) i + 1);
		tuplestore_putvalues(call->rows, call->desc, values, nulls);
	}
}

static void
audience_by_neighbors(ServeCall *call, const AffinityInteractions *in,
					  const Source **of_item, uint32 k)
{
	const AffinityCsr *m = &in->by_user;
	const AffinityModel *model = call->model;
	Size		room = ((Size) m->n_rows + 1) * sizeof(uint64);
	AffinityTopK top;

	affinity_kernel_topk_init(&top, palloc_extended(room, MCXT_ALLOC_HUGE),
							  Min(k, m->n_rows), (Size) m->n_rows + 1);
	for (uint32 u = 0; u < m->n_rows; u++)
	{
		double		score = 0;
		bool		has = false;

		CHECK_FOR_INTERRUPTS();
		for (int64 e = m->start[u]; e < m->start[u + 1]; e++)
		{
			const Source *source = of_item[m->col[e]];

			if (source == NULL)
				continue;
			has |= source->wanted;
			score += source->similarity *
				model->algorithm->history_weight(model->options,
												 m->val ? m->val[e] : 1);
		}
		if (!has && affinity_score_of_sum(score) > 0)
			affinity_kernel_topk_push(&top,
									  affinity_kernel_rank_key(affinity_score_of_sum(score),
															   u));
	}
	affinity_kernel_topk_finish(&top, palloc_extended(room, MCXT_ALLOC_HUGE));
	put_users(call, in->users, &top);
}

/*
 * Take a chunk of users' scores.
 */
static void
consume_scores(void *state, uint32 chunk, const void *slot)
{
	BatchLeader *leader = state;
	const float *score = slot;
	uint32		from = chunk * leader->shared->chunk_users;
	uint32		n_users = affinity_interaction_dict_size(leader->users);
	uint32		n = Min(n_users - from, leader->shared->chunk_users);

	if (chunk == 0)
	{
		Size		cap = 2 * (Size) Min(leader->k, n_users) + 1;

		affinity_kernel_topk_init(&leader->top,
								  MemoryContextAllocHuge(leader->chunk_context,
														 cap * sizeof(uint64)),
								  Min(leader->k, n_users), cap);
	}
	for (uint32 u = 0; u < n; u++)
	{
		if (!isnan(score[u]))
			affinity_kernel_topk_push(&leader->top,
									  affinity_kernel_rank_key(score[u], from +
															   u));
	}
}

static void
audience_by_factors(ServeCall *call, const ServeItem *wanted, uint32 k)
{
	BatchLeader leader = {.call = call, .consume = consume_scores, .k = k};

	affinity_score_batch_run(&leader, BATCH_ONE_ITEM, 1, wanted->no);
	if (leader.top.key == NULL)
		return;
	affinity_kernel_topk_finish(&leader.top,
								palloc_extended((leader.top.n + 1) *
												sizeof(uint64),
												MCXT_ALLOC_HUGE));
	put_users(call, leader.users, &leader.top);
}

PG_FUNCTION_INFO_V1(affinity_serve_audience);

/*
 * SQL: audience_core(model, item_id, k)
 */
Datum
affinity_serve_audience(PG_FUNCTION_ARGS)
{
	ServeCall	call;
	ServeItem	wanted;
	uint32		k;

	affinity_serve_begin(&call, fcinfo);
	k = affinity_serve_k(&call, 2);
	affinity_serve_learns_items(call.model, "audience");
	affinity_serve_result(&call, 3, "user_id", call.model->user_type,
						  "score", FLOAT4OID, "rank", INT4OID);
	if (!affinity_serve_item(&call, 1, &wanted) || k == 0)
		return affinity_serve_end(&call);
	if (call.model->algorithm->has_factors)
		audience_by_factors(&call, &wanted, k);
	else
	{
		int			n;
		Source	   *source = find_sources(call.model, &wanted, &n);
		AffinityInteractions *in = read_users(call.model, source, n);

		audience_by_neighbors(&call, in, align_sources(in, source, n), k);
	}
	return affinity_serve_end(&call);
}
