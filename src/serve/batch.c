/*
 * batch.c
 *		recommend_all: recommend for every user, from one pass over the rows.
 *		The leader's part of it, and of an audience by factors.
 *
 * Interactions are read into a matrix as for training, the model's items into
 * the regions of a team, whose members make what one call of recommend would
 * give for each user. Rows go into the tuplestore in the order of users,
 * which spills by itself. What is read has to fit into maintenance_work_mem:
 * the interactions, and the model.
 */
#include "postgres.h"

#include <math.h>

#include "access/detoast.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "serve/batch.h"
#include "kernel/vector.h"
#include "parallel/progress.h"

/* Bytes of a chunk's rows: memory is a few of them. */
#define SLOT_BYTES		((Size) 1024 * 1024)

/* Items taken over between two looks at interrupts: whole panels. */
#define PUT_ITEMS		(64 * AFFINITY_PANEL)

static const AffinityJob batch_job = {"affinity_score_batch_member", affinity_score_batch_member};

/* What the leader has read. */
typedef struct Batch
{
	BatchLeader *leader;
	AffinityModel *model;
	BatchTask	task;
	uint32		k;
	uint32		wanted;
	const AffinityFactors *factors; /* NULL: neighbours */
	Size		n_entries;		/* of all lists, or more */
	float	   *popularity;
	AffinityInteractions *in;
	uint32		chunk_users;
	Size		slot_bytes;
	int			matrix;
	AffinityTeam *team;
} Batch;

/* ---- reading ----------------------------------------------------------- */

/*
 * How long a list is at most, from its size alone.
 */
static Size
list_length_of(Datum array)
{
	Size		size = toast_raw_datum_size(array);

	return size > ARR_OVERHEAD_NONULLS(1) ?
		(size - ARR_OVERHEAD_NONULLS(1)) / sizeof(int32) : 0;
}

/*
 * Ids and popularity of all items, and how long their lists are at most.
 */
static void
read_items(Batch *b)
{
	AffinityModel *model = b->model;
	AffinityItemScan *scan;
	AffinityStoredItem item;
	bool		byval;
	int16		len;

	get_typlenbyval(model->item_type, &len, &byval);
	b->leader->id = affinity_base_zeroed_array(model->n_items, sizeof(Datum));
	b->popularity = affinity_base_zeroed_array(model->n_items, sizeof(float));
	scan = affinity_model_items_begin(model, AFFINITY_ITEM_ID |
									  AFFINITY_ITEM_POPULARITY |
									  (b->factors ? 0 : AFFINITY_ITEM_LISTS));
	while (affinity_model_items_next(scan, &item))
	{
		Datum		id = affinity_base_id_plain(item.id, model->item_type);

		b->leader->id[item.no] = datumCopy(id, byval, len);
		b->popularity[item.no] = item.popularity;
		if (!b->factors)
			b->n_entries += list_length_of(item.neighbors);
	}
	affinity_model_items_end(scan);
}

/*
 * The model has to fit before any of it is taken over.
 */
static void
check_memory(const Batch *b)
{
	Size		bytes = mul_size(b->model->n_items, 3 * sizeof(int64));

	if (b->factors)
		bytes = add_size(bytes, mul_size(b->factors->bytes, 2));
	else
		bytes = add_size(bytes, mul_size(b->n_entries, sizeof(int32) +
										 sizeof(float)));
	affinity_base_need_memory(bytes, NULL, "the items of model \"%s\" need",
							  b->model->schema_name);
}

/*
 * Let the matrix have the model's numbers of items, and no others; both are
 * in order of id. The matrix by item is not needed.
 */
static void
renumber(Batch *b)
{
	AffinityCsr *by_item = &b->in->by_item;
	AffinityCsr *m = &b->in->by_user;
	uint32		n_items = b->model->n_items;
	int32	   *number = affinity_base_zeroed_array(by_item->n_rows,
													sizeof(int32));
	uint32		no = 0;
	int64		kept = 0;
	int64		begin = 0;

	for (uint32 i = 0; i < by_item->n_rows; i++)
	{
		while (no < n_items &&
			   affinity_interaction_dict_compare(b->in->items, i,
												 b->leader->id[no]) > 0)
			no++;
		number[i] = no < n_items &&
			affinity_interaction_dict_compare(b->in->items,
											  i, b->leader->id[no]) == 0 ?
			(int32) no : -1;
	}
	for (uint32 u = 0; u < m->n_rows; u++)
	{
		int64		end = m->start[u + 1];

		CHECK_FOR_INTERRUPTS();
		for (int64 e = begin; e < end; e++)
		{
			int32		item = number[m->col[e]];

			if (item < 0)
				continue;
			m->col[kept] = (uint32) item;
			if (m->val)
				m->val[kept] = m->val[e];
			kept++;
		}
		begin = end;
		m->start[u + 1] = kept;
	}
	pfree(number);
	pfree(by_item->start);
	if (by_item->col)
		pfree(by_item->col);
	if (by_item->val)
		pfree(by_item->val);
	memset(by_item, 0, sizeof(AffinityCsr));
	by_item->start = palloc0(sizeof(int64));
}

static void
read_all(Batch *b)
{
	b->in = affinity_serve_read(b->model,
								psprintf("SELECT h.user_id, h.item_id, h.weight FROM %s AS h",
										 affinity_model_relation(b->model,
																 "interactions")),
								(Datum) 0, affinity_parallel_progress_done);
	b->leader->users = b->in->users;
	renumber(b);
}

/* ---- the team ---------------------------------------------------------- */

/*
 * Seconds of one processor, roughly: additions or multiplications.
 */
static double
seconds_of(const Batch *b)
{
	const AffinityCsr *m = &b->in->by_user;
	double		entries = (double) m->start[m->n_rows];

	if (b->factors == NULL)
		return entries * b->n_entries / Max(b->model->n_items, 1) * 1.5e-9 +
			(double) m->n_rows * b->k * 1e-8;
	return (double) m->n_rows * b->factors->width * 1e-7 +
		(b->task == BATCH_ONE_ITEM ? 0 :
		 (double) m->n_rows * b->model->n_items * b->factors->width * 2e-11);
}

static void
size_chunks(Batch *b)
{
	Size		user_bytes = b->task == BATCH_ONE_ITEM ? sizeof(float) :
		affinity_score_batch_user_bytes(b->k);

	b->chunk_users = (uint32) Min(Max(SLOT_BYTES / user_bytes, 1),
								  BATCH_USERS);
	b->slot_bytes = user_bytes * b->chunk_users;
}

static void
begin_team(Batch *b)
{
	AffinityTeamRequest request = {.job = &batch_job, .max_workers = -1};
	const AffinityFactors *f = b->factors;
	Size		n = b->model->n_items;
	Size		panels = (n + AFFINITY_PANEL - 1) / AFFINITY_PANEL;
	Size		size[BATCH_N_REGIONS] = {0};

	size[BATCH_SHARED] = sizeof(BatchShared);
	size[BATCH_OPTIONS] = b->model->algorithm->options_size;
	size[BATCH_POPULARITY] = n * sizeof(float);
	size[BATCH_BY_POPULARITY] = n * sizeof(uint32);
	size[BATCH_STREAM] = affinity_parallel_stream_bytes(b->slot_bytes);
	if (f)
	{
		size[BATCH_FACTORS] = f->bytes;
		size[BATCH_PARAMETERS] = f->n_parameters * sizeof(float);
		if (b->task == BATCH_BEST)
			size[BATCH_PANELS] = panels * AFFINITY_PANEL * f->width *
				sizeof(float);
	}
	else
	{
		size[BATCH_LISTS] = n * sizeof(BatchList);
		size[BATCH_LIST_ITEM] = b->n_entries * sizeof(int32);
		size[BATCH_LIST_SCORE] = b->n_entries * sizeof(float);
	}
	for (int r = 0; r < BATCH_N_REGIONS; r++)
		(void) affinity_parallel_request_region(&request, size[r]);
	b->matrix = affinity_parallel_request_matrix(&request, b->in);
	request.seconds = seconds_of(b);
	b->team = affinity_parallel_begin(&request);
	affinity_parallel_put_matrix(b->team, b->matrix, b->in);
}

static void
put_popularity(Batch *b)
{
	uint32		n = b->model->n_items;
	uint32	   *by_popularity = affinity_parallel_region(b->team,
														 BATCH_BY_POPULARITY);
	uint64	   *key = affinity_base_zeroed_array(n, sizeof(uint64));
	uint64	   *scratch = affinity_base_zeroed_array(n, sizeof(uint64));

	memcpy(affinity_parallel_region(b->team, BATCH_POPULARITY), b->popularity,
		   n * sizeof(float));
	for (uint32 i = 0; i < n; i++)
		key[i] = affinity_kernel_rank_key(b->popularity[i], i);
	affinity_kernel_sort_descending(key, n, scratch);
	for (uint32 i = 0; i < n; i++)
		by_popularity[i] = affinity_kernel_rank_key_no(key[i]);
	pfree(key);
	pfree(scratch);
}

/*
 * All lists, in the order in which rows come.
 */
static void
put_lists(Batch *b)
{
	BatchList  *list = affinity_parallel_region(b->team, BATCH_LISTS);
	int32	   *neighbor = affinity_parallel_region(b->team, BATCH_LIST_ITEM);
	float	   *score = affinity_parallel_region(b->team, BATCH_LIST_SCORE);
	AffinityItemScan *scan = affinity_model_items_begin(b->model,
														AFFINITY_ITEM_LISTS);
	AffinityStoredItem item;
	Size		n = 0;

	while (affinity_model_items_next(scan, &item))
	{
		ArrayType  *neighbors = DatumGetArrayTypeP(item.neighbors);
		ArrayType  *scores = DatumGetArrayTypeP(item.scores);
		ServeSeed	seed;

		affinity_serve_check_lists(b->model, neighbors, scores, &seed);
		if (seed.n_neighbors > b->n_entries - n)
			elog(ERROR, "lists of items have grown");
		list[item.no].start = n;
		list[item.no].n = seed.n_neighbors;
		memcpy(neighbor + n, seed.neighbor, seed.n_neighbors * sizeof(int32));
		memcpy(score + n, seed.score, seed.n_neighbors * sizeof(float));
		n += seed.n_neighbors;
		if ((Pointer) neighbors != DatumGetPointer(item.neighbors))
			pfree(neighbors);
		if ((Pointer) scores != DatumGetPointer(item.scores))
			pfree(scores);
	}
	affinity_model_items_end(scan);
}

/*
 * Rows and, where the best are wanted, panels.
 */
static void
put_factors(Batch *b, BatchShared *shared)
{
	const AffinityFactors *f = b->factors;
	float	   *item = affinity_parallel_region(b->team, BATCH_FACTORS);
	float	   *panel = affinity_parallel_region(b->team, BATCH_PANELS);
	double		largest = 0;

	shared->width = f->width;
	shared->stride = f->stride;
	shared->n_parameters = f->n_parameters;
	if (f->n_parameters > 0)
		memcpy(affinity_parallel_region(b->team, BATCH_PARAMETERS),
			   f->parameters, f->n_parameters * sizeof(float));
	for (uint32 from = 0; from < f->n_items; from += PUT_ITEMS)
	{
		uint32		n = Min(f->n_items - from, PUT_ITEMS);
		const float *row = f->item + from * f->stride;

		CHECK_FOR_INTERRUPTS();
		memcpy(item + from * f->stride, row, n * f->stride * sizeof(float));
		if (b->task != BATCH_BEST)
			continue;
		affinity_kernel_panels_pack(row, f->stride, f->width, n,
									panel + (Size) from * f->width);
		for (uint32 i = 0; i < n; i++, row += f->stride)
			largest = Max(largest, affinity_kernel_dot_f4(row, row, f->width));
	}
	shared->max_norm = sqrt(largest);
}

static void
fill_regions(Batch *b)
{
	BatchShared *shared = affinity_parallel_region(b->team, BATCH_SHARED);

	strlcpy(shared->algorithm, b->model->algorithm->name, NAMEDATALEN);
	shared->task = b->task;
	shared->n_items = b->model->n_items;
	shared->k = b->k;
	shared->wanted = b->wanted;
	shared->chunk_users = b->chunk_users;
	shared->slot_bytes = b->slot_bytes;
	shared->matrix = b->matrix;
	memcpy(affinity_parallel_region(b->team, BATCH_OPTIONS), b->model->options,
		   b->model->algorithm->options_size);
	put_popularity(b);
	if (b->factors)
		put_factors(b, shared);
	else
		put_lists(b);
	b->leader->shared = shared;
}

static void
answer(Batch *b)
{
	size_chunks(b);
	begin_team(b);
	fill_regions(b);
	b->leader->chunk_context = AllocSetContextCreate(CurrentMemoryContext,
													 "affinity chunk",
													 ALLOCSET_DEFAULT_SIZES);
	affinity_parallel_progress_phase("answering", b->in->by_user.n_rows, 0);
	affinity_parallel_run(b->team, b->leader);
	affinity_parallel_end(b->team);
}

/*
 * Let the team answer for all users; leader->consume takes the chunks.
 */
void
affinity_score_batch_run(BatchLeader *leader, BatchTask task, uint32 k,
						 uint32 wanted)
{
	Batch		b = {.leader = leader, .task = task, .wanted = wanted};

	MemoryContext progress;

	b.model = leader->call->model;
	progress = affinity_parallel_progress_begin(b.model->schema_name,
												b.model->algorithm->name);
	affinity_parallel_progress_phase("reading", 0, 0);
	b.k = Min(k, b.model->n_items);
	if (b.model->algorithm->has_factors)
		b.factors = affinity_model_factors(b.model);
	read_items(&b);
	check_memory(&b);
	read_all(&b);
	if (b.in->by_user.n_rows > 0)
		answer(&b);
	affinity_parallel_progress_end(progress);
}

/* ---- rows -------------------------------------------------------------- */

static void
put_rows(const BatchLeader *leader, Datum user, const BatchUser *out)
{
	uint32		n = out->n_before + out->n_filled + out->n_after;
	Datum		values[5];
	bool		nulls[5] = {0};

	values[0] = user;
	for (uint32 i = 0; i < n; i++)
	{
		bool		filled = i >= out->n_before &&
			i < out->n_before + out->n_filled;

		values[1] = leader->id[out->entry[i].no];
		values[2] = Float4GetDatum(out->entry[i].score);
		values[3] = Int32GetDatum((int32) i + 1);
		values[4] = BoolGetDatum(!filled);
		tuplestore_putvalues(leader->call->rows, leader->call->desc, values,
							 nulls);
	}
}

static void
consume_rows(void *state, uint32 chunk, const void *slot)
{
	const BatchLeader *leader = state;
	const BatchShared *shared = leader->shared;
	uint32		n_users = affinity_interaction_dict_size(leader->users);
	uint32		from = chunk * shared->chunk_users;
	uint32		to = Min(n_users - from, shared->chunk_users) + from;
	MemoryContext old = MemoryContextSwitchTo(leader->chunk_context);

	for (uint32 user = from; user < to; user++)
	{
		CHECK_FOR_INTERRUPTS();
		put_rows(leader, affinity_interaction_dict_id(leader->users, user),
				 affinity_score_batch_user(shared, (void *) slot, user));
	}
	MemoryContextSwitchTo(old);
	MemoryContextReset(leader->chunk_context);
}

PG_FUNCTION_INFO_V1(affinity_serve_recommend_all);

/*
 * SQL: recommend_all_core(model, k)
 */
Datum
affinity_serve_recommend_all(PG_FUNCTION_ARGS)
{
	ServeCall	call;
	BatchLeader leader = {.call = &call, .consume = consume_rows};
	uint32		k;

	affinity_serve_begin(&call, fcinfo);
	k = affinity_serve_k(&call, 1);
	affinity_serve_result(&call, 5, "user_id", call.model->user_type,
						  "item_id", call.model->item_type,
						  "score", FLOAT4OID, "rank", INT4OID,
						  "personalized", BOOLOID);
	if (k > 0)
		affinity_score_batch_run(&leader, call.model->algorithm->has_factors ?
								 BATCH_BEST : BATCH_NEIGHBORS, k, 0);
	return affinity_serve_end(&call);
}
