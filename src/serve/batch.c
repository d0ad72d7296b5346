/*
 * batch.c
 *		recommend_all: recommend for every user, from one pass over the rows.
 *
 * Interactions are read into a matrix as for training, the model's items into
 * arrays; then each user is what one call of recommend would be, with the same
 * sums in the same order.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "serve/serve.h"

/* Rows of the items table read at a time. */
#define FETCH_ROWS 1000

typedef struct Batch
{
	ServeCall  *call;
	uint32		k;
	uint32		n_items;
	bool		id_byval;		/* of the item's type */
	int16		id_len;
	ServeSeed  *items;			/* by number; weight is set per user */
	bool	   *loaded;			/* by number */
	float	   *popularity;
	uint32	   *by_popularity;	/* numbers, most popular first */
	int32	   *number;			/* of each item of the matrix, -1: unknown */
	AffinityInteractions *in;
	float	   *score;			/* of what a user's history touches */
	uint64	   *key;			/* room for n_items + 1 */
	uint64	   *scratch;
	uint32	   *mark;			/* user + 1 for what that user cannot get */
} Batch;

static Datum
needed(const Batch *b, HeapTuple row, int no)
{
	return affinity_serve_column(b->call->model, row, SPI_tuptable->tupdesc, no);
}

/*
 * Take one row of the items table over.
 */
static void
load_item(Batch *b, HeapTuple row, MemoryContext context)
{
	const AffinityModel *model = b->call->model;
	int32		no = DatumGetInt32(needed(b, row, 1));
	MemoryContext old = MemoryContextSwitchTo(context);
	ServeSeed  *item;

	if (no < 0 || (uint32) no >= b->n_items || b->loaded[no])
		affinity_serve_damaged(model, "an item's number is out of range");
	b->loaded[no] = true;
	item = &b->items[no];
	item->no = (uint32) no;
	item->id = datumCopy(affinity_id_plain(needed(b, row, 2), model->item_type),
						 b->id_byval, b->id_len);
	b->popularity[no] = DatumGetFloat4(needed(b, row, 3));
	affinity_serve_check_lists(model,
							   DatumGetArrayTypePCopy(needed(b, row, 4)),
							   DatumGetArrayTypePCopy(needed(b, row, 5)),
							   item);
	MemoryContextSwitchTo(old);
}

static void *
array_of(uint32 n, Size width)
{
	return palloc_extended(((Size) n + 1) * width,
						   MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
}

/*
 * Load all items of the model, in pieces.
 */
static void
load_items(Batch *b)
{
	const AffinityModel *model = b->call->model;
	Oid			types[] = {
		INT4OID, model->item_type, FLOAT4OID, INT4ARRAYOID, FLOAT4ARRAYOID
	};
	MemoryContext context = CurrentMemoryContext;
	SPIPlanPtr	plan;
	Portal		portal;
	uint64		total = 0;

	get_typlenbyval(model->item_type, &b->id_len, &b->id_byval);
	b->n_items = model->n_items;
	b->items = array_of(b->n_items, sizeof(ServeSeed));
	b->loaded = array_of(b->n_items, sizeof(bool));
	b->popularity = array_of(b->n_items, sizeof(float));
	plan = SPI_prepare(psprintf("SELECT i.item_no, i.item_id, i.popularity, i.neighbors, i.scores FROM ONLY %s AS i",
								affinity_model_relation(model, "items")),
					   0, NULL);
	if (plan == NULL)
		elog(ERROR, "could not prepare the reading of items: %s",
			 SPI_result_code_string(SPI_result));
	portal = SPI_cursor_open(NULL, plan, NULL, NULL, true);
	for (;;)
	{
		SPI_cursor_fetch(portal, true, FETCH_ROWS);
		if (SPI_processed == 0)
			break;
		for (int i = 0; total == 0 && i < (int) lengthof(types); i++)
		{
			if (SPI_gettypeid(SPI_tuptable->tupdesc, i + 1) != types[i])
				affinity_serve_damaged(model, "a column of its items has another type");
		}
		for (uint64 i = 0; i < SPI_processed; i++)
			load_item(b, SPI_tuptable->vals[i], context);
		total += SPI_processed;
		SPI_freetuptable(SPI_tuptable);
	}
	SPI_cursor_close(portal);
	SPI_freeplan(plan);
	if (total != b->n_items)
		affinity_serve_damaged(model, "items are missing");
}

static void
sort_by_popularity(Batch *b)
{
	uint64	   *key = array_of(b->n_items, sizeof(uint64));
	uint64	   *scratch = array_of(b->n_items, sizeof(uint64));

	b->by_popularity = array_of(b->n_items, sizeof(uint32));
	for (uint32 i = 0; i < b->n_items; i++)
		key[i] = affinity_rank_key(b->popularity[i], i);
	affinity_sort_descending(key, b->n_items, scratch);
	for (uint32 i = 0; i < b->n_items; i++)
		b->by_popularity[i] = affinity_rank_key_no(key[i]);
	pfree(key);
	pfree(scratch);
}

static void
read_all(Batch *b)
{
	const AffinityModel *model = b->call->model;

	b->in = affinity_serve_read(model,
								psprintf("SELECT h.user_id, h.item_id, h.weight FROM %s AS h",
										 affinity_model_relation(model,
																 "interactions")),
								(Datum) 0);
}

/*
 * The number of each item of the matrix; both are in order of id.
 */
static void
align_items(Batch *b)
{
	uint32		n = b->in->by_item.n_rows;
	uint32		no = 0;

	b->number = array_of(n, sizeof(int32));
	for (uint32 i = 0; i < n; i++)
	{
		while (no < b->n_items &&
			   affinity_dict_compare(b->in->items, i, b->items[no].id) > 0)
			no++;
		b->number[i] = no < b->n_items &&
			affinity_dict_compare(b->in->items, i, b->items[no].id) == 0 ?
			(int32) no : -1;
	}
}

static void
put_row(const Batch *b, Datum user, uint32 item, float score, int32 rank,
		bool personalized)
{
	Datum		values[5];
	bool		nulls[5] = {0};

	values[0] = user;
	values[1] = b->items[item].id;
	values[2] = Float4GetDatum(score);
	values[3] = Int32GetDatum(rank);
	values[4] = BoolGetDatum(personalized);
	tuplestore_putvalues(b->call->rows, b->call->desc, values, nulls);
}

/*
 * Scores of all items for one user; what was seen is marked and scores 0.
 */
static void
add_history(Batch *b, uint32 user, ServeSums *sums)
{
	const AffinityModel *model = b->call->model;
	const AffinityCsr *m = &b->in->by_user;

	for (int64 e = m->start[user]; e < m->start[user + 1]; e++)
	{
		int32		no = b->number[m->col[e]];

		CHECK_FOR_INTERRUPTS();
		if (no < 0)
			continue;
		b->items[no].weight =
			model->method->history_weight(model->options,
										  m->val ? m->val[e] : 1);
		affinity_sums_add(sums, &b->items[no]);
		b->mark[no] = user + 1;
	}
	for (int64 e = m->start[user]; e < m->start[user + 1]; e++)
	{
		int32		no = b->number[m->col[e]];

		if (no >= 0)
			affinity_sums_exclude(sums, (uint32) no);
	}
}

static void
recommend_one(Batch *b, uint32 user, Datum id)
{
	ServeSums	sums;
	size_t		n_best;
	int32		rank = 0;

	affinity_sums_begin(&sums, b->call->model->method, b->n_items);
	add_history(b, user, &sums);
	for (uint32 t = 0; t < sums.n_touched; t++)
		b->score[t] = affinity_sum_score(sums.sum[sums.touched[t]]);
	n_best = affinity_topk_scores(b->score, sums.touched, sums.n_touched, b->k,
								  b->key, b->scratch);
	affinity_sums_end(&sums);

	for (size_t i = 0; i < n_best; i++)
	{
		uint32		no = affinity_rank_key_no(b->key[i]);

		put_row(b, id, no, affinity_rank_key_score(b->key[i]), ++rank, true);
		b->mark[no] = user + 1;
	}
	for (uint32 i = 0; i < b->n_items && (uint32) rank < b->k; i++)
	{
		uint32		no = b->by_popularity[i];

		if (b->mark[no] != user + 1)
			put_row(b, id, no, n_best > 0 ? 0 : b->popularity[no], ++rank, false);
	}
}

PG_FUNCTION_INFO_V1(affinity_recommend_all);

/*
 * SQL: recommend_all_core(model, k)
 */
Datum
affinity_recommend_all(PG_FUNCTION_ARGS)
{
	ServeCall	call;
	Batch		b = {.call = &call};
	MemoryContext per_user;

	affinity_serve_begin(&call, fcinfo);
	b.k = affinity_serve_k(&call, 1);
	affinity_serve_result(&call, 5, "user_id", call.model->user_type,
						  "item_id", call.model->item_type,
						  "score", FLOAT4OID, "rank", INT4OID,
						  "personalized", BOOLOID);
	load_items(&b);
	sort_by_popularity(&b);
	read_all(&b);
	align_items(&b);
	b.score = array_of(b.n_items, sizeof(float));
	b.key = array_of(b.n_items, sizeof(uint64));
	b.scratch = array_of(b.n_items, sizeof(uint64));
	b.mark = array_of(b.n_items, sizeof(uint32));

	per_user = AllocSetContextCreate(CurrentMemoryContext, "affinity user",
									 ALLOCSET_SMALL_SIZES);
	for (uint32 user = 0; user < b.in->by_user.n_rows && b.k > 0; user++)
	{
		MemoryContext old = MemoryContextSwitchTo(per_user);

		CHECK_FOR_INTERRUPTS();
		recommend_one(&b, user, affinity_dict_id(b.in->users, user));
		MemoryContextSwitchTo(old);
		MemoryContextReset(per_user);
	}
	return affinity_serve_end(&call);
}
