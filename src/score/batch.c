/*
 * batch.c
 *		Answers about all users, on a team: the leader's part.
 *
 * What a scorer has and the histories of all users go into the regions of a
 * team, whose participants make what a ranker alone would make for each user.
 * The leader takes the answers over in the order of users.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/memutils.h"

#include "kernel/vector.h"
#include "parallel/progress.h"
#include "score/batch.h"

/* Bytes of a chunk's rows: memory is a few of them. */
#define SLOT_BYTES		((Size) 1024 * 1024)

/* Items taken over between two looks at interrupts: whole panels. */
#define PUT_ITEMS		(64 * AFFINITY_PANEL)

AFFINITY_TEAM_JOB(batch_job, affinity_score_batch_participant);

struct BatchLeader
{
	const AffinityBatch *batch;
	BatchTask	task;
	uint32		k;
	uint32		wanted;			/* BATCH_ONE_ITEM */
	uint32		n_users;
	int64		n_chances;
	uint32		chunk_users;
	Size		slot_bytes;
	int			matrix;
	int			seen;
	AffinityTeam *team;
	const BatchShared *shared;
	MemoryContext context;		/* of what a chunk's answers need */
	AffinityTakeRanking take;	/* gets the lists */
	void	   *state;
	AffinityTopK *top;			/* BATCH_ONE_ITEM: the best users so far */
};

/* Where lists go. */
struct AffinityListTaker
{
	AffinityListPlace *place;
	int32	   *item;
	float	   *score;
	Size		n;				/* entries so far */
	Size		room;
};

/* ---- the team ---------------------------------------------------------- */

/*
 * What of a scorer's memory a batch needs again: it has to fit into
 * maintenance_work_mem before any of it is read.
 */
Size
affinity_score_batch_bytes(const AffinityScorer *scorer, Size list_entries)
{
	Size		bytes = mul_size(affinity_score_n_sources(scorer),
								 3 * sizeof(int64));

	if (scorer->factors)
		return add_size(bytes, mul_size(scorer->factors->bytes, 2));
	return add_size(bytes, mul_size(list_entries,
									sizeof(int32) + sizeof(float)));
}

/*
 * Seconds of one processor, roughly: additions or multiplications.
 */
static double
seconds_of(const BatchLeader *l)
{
	const AffinityScorer *scorer = l->batch->scorer;
	const AffinityFactors *f = scorer->factors;
	const AffinityCsr *m = &l->batch->histories->by_user;
	double		users = m->n_rows;
	double		entries = (double) m->start[m->n_rows];

	if (f == NULL)
		return entries * l->batch->list_entries /
			Max(affinity_score_n_sources(scorer), 1) *
			1.5e-9 + users * l->k * 1e-8;
	return users * f->width * 1e-7 +
		(l->task == BATCH_ONE_ITEM ? 0 :
		 users * scorer->n_items * f->width * 2e-11);
}

static void
size_chunks(BatchLeader *l)
{
	Size		user_bytes = l->task == BATCH_ONE_ITEM ? sizeof(float) :
		affinity_score_ranking_bytes(l->k);

	l->chunk_users = (uint32) Min(Max(SLOT_BYTES / user_bytes, 1),
								  BATCH_USERS);
	l->slot_bytes = user_bytes * l->chunk_users;
}

static void
begin_team(BatchLeader *l)
{
	AffinityTeamRequest request = {.job = &batch_job, .max_workers = -1};
	const AffinityBatch *batch = l->batch;
	const AffinityFactors *f = batch->scorer->factors;
	Size		n = batch->scorer->n_items;
	Size		panels = (n + AFFINITY_PANEL - 1) / AFFINITY_PANEL;
	Size		size[BATCH_N_REGIONS] = {0};

	size[BATCH_SHARED] = sizeof(BatchShared);
	size[BATCH_OPTIONS] = batch->scorer->algorithm->options_size;
	size[BATCH_POPULAR] = n * sizeof(uint32);
	size[BATCH_POPULARITY] = n * sizeof(float);
	if (batch->repeat > 0)
		l->n_chances = batch->histories->by_user.start[l->n_users];
	size[BATCH_CHANCE] = l->n_chances * sizeof(float);
	size[BATCH_STREAM] = affinity_parallel_stream_bytes(l->slot_bytes);
	if (f)
	{
		size[BATCH_FACTORS] = f->bytes;
		size[BATCH_PARAMETERS] = f->n_parameters * sizeof(float);
		if (l->task == BATCH_RANK_BY_FACTORS)
			size[BATCH_PANELS] = panels * AFFINITY_PANEL * f->width *
				sizeof(float);
	}
	else
	{
		size[BATCH_PLACES] = affinity_score_n_sources(batch->scorer) *
			sizeof(AffinityListPlace);
		size[BATCH_LIST_ITEM] = batch->list_entries * sizeof(int32);
		size[BATCH_LIST_SCORE] = batch->list_entries * sizeof(float);
	}
	affinity_score_batch_rules_sizes(batch, size);
	affinity_score_batch_first_sizes(batch, size);
	for (int r = 0; r < BATCH_N_REGIONS; r++)
		(void) affinity_parallel_request_region(&request, size[r]);
	l->matrix = affinity_parallel_request_matrix(&request, &batch->histories->by_user, &batch->histories->by_item);
	if (batch->seen)
		l->seen = affinity_parallel_request_matrix(&request, &batch->seen->by_user, &batch->seen->by_item);
	request.seconds = seconds_of(l);
	l->team = affinity_parallel_begin(&request);
	affinity_parallel_put_matrix(l->team, l->matrix, &batch->histories->by_user, &batch->histories->by_item);
	if (batch->seen)
		affinity_parallel_put_matrix(l->team, l->seen, &batch->seen->by_user, &batch->seen->by_item);
}

/* ---- filling its regions ----------------------------------------------- */

/*
 * Popular items in order; returns how many there are.
 */
static uint32
put_popularity(BatchLeader *l)
{
	const float *popularity = l->batch->popularity;
	uint32		n = l->batch->scorer->n_items;
	uint32	   *item = affinity_parallel_region(l->team, BATCH_POPULAR);
	float	   *value = affinity_parallel_region(l->team, BATCH_POPULARITY);
	AffinityRules none = {0};
	AffinityPopular popular =
		affinity_score_popular(l->batch->rules ? l->batch->rules : &none,
							   popularity, NULL, n, n);

	memcpy(item, popular.item, popular.n * sizeof(uint32));
	memcpy(value, popular.popularity, popular.n * sizeof(float));
	pfree(unconstify(uint32 *, popular.item));
	pfree(unconstify(float *, popular.popularity));
	return popular.n;
}

/*
 * The list of an item, which nothing points to afterwards.
 */
void
affinity_score_take_list(AffinityListTaker *taker, uint32 no,
						 const AffinityList *list)
{
	Size		n = list->n;

	if (n > taker->room - taker->n)
		elog(ERROR, "lists of items have grown");
	taker->place[no].start = taker->n;
	taker->place[no].n = list->n;
	if (n > 0)
	{
		memcpy(taker->item + taker->n, list->item, n * sizeof(int32));
		memcpy(taker->score + taker->n, list->score, n * sizeof(float));
	}
	taker->n += n;
}

/*
 * All lists, in the order in which they come.
 */
static void
put_lists(BatchLeader *l)
{
	AffinityListTaker taker = {.room = l->batch->list_entries};

	taker.place = affinity_parallel_region(l->team, BATCH_PLACES);
	taker.item = affinity_parallel_region(l->team, BATCH_LIST_ITEM);
	taker.score = affinity_parallel_region(l->team, BATCH_LIST_SCORE);
	l->batch->put_lists(l->batch->source, &taker);
}

/*
 * Panels of the columns, by which the best are found.
 */
static void
put_panels(BatchLeader *l, BatchShared *shared)
{
	const AffinityFactors *f = l->batch->scorer->factors;
	const uint32 *item = affinity_parallel_region(l->team, BATCH_COLUMN_ITEM);
	float	   *panel = affinity_parallel_region(l->team, BATCH_PANELS);
	Size		row_bytes = f->stride * sizeof(float);
	float	   *gathered = NULL;
	double		largest = 0;

	if (shared->some_columns)
		gathered = affinity_base_array(PUT_ITEMS, row_bytes);
	for (uint32 from = 0; from < shared->n_columns; from += PUT_ITEMS)
	{
		uint32		n = Min(shared->n_columns - from, PUT_ITEMS);
		const float *row = f->item + from * f->stride;

		CHECK_FOR_INTERRUPTS();
		if (shared->some_columns)
		{
			for (uint32 i = 0; i < n; i++)
				memcpy(gathered + i * f->stride,
					   f->item + item[from + i] * f->stride, row_bytes);
			row = gathered;
		}
		affinity_kernel_panels_pack(row, f->stride, f->width, n,
									panel + (Size) from * f->width);
		for (uint32 i = 0; i < n; i++, row += f->stride)
			largest = Max(largest, affinity_kernel_dot_f4(row, row, f->width));
	}
	shared->max_norm = sqrt(largest);
}

/*
 * Rows and, where the best are wanted, panels.
 */
static void
put_factors(BatchLeader *l, BatchShared *shared)
{
	const AffinityFactors *f = l->batch->scorer->factors;
	float	   *item = affinity_parallel_region(l->team, BATCH_FACTORS);

	shared->width = f->width;
	shared->stride = f->stride;
	shared->n_parameters = f->n_parameters;
	if (f->n_parameters > 0)
		memcpy(affinity_parallel_region(l->team, BATCH_PARAMETERS),
			   f->parameters, f->n_parameters * sizeof(float));
	for (uint32 from = 0; from < f->n_items; from += PUT_ITEMS)
	{
		uint32		n = Min(f->n_items - from, PUT_ITEMS);

		CHECK_FOR_INTERRUPTS();
		memcpy(item + from * f->stride, f->item + from * f->stride,
			   n * f->stride * sizeof(float));
	}
	if (l->task == BATCH_RANK_BY_FACTORS)
		put_panels(l, shared);
}

static void
put_chances(BatchLeader *l)
{
	memcpy(affinity_parallel_region(l->team, BATCH_CHANCE), l->batch->chance,
		   l->n_chances * sizeof(float));
}

static void
fill_regions(BatchLeader *l)
{
	const AffinityScorer *scorer = l->batch->scorer;
	BatchShared *shared = affinity_parallel_region(l->team, BATCH_SHARED);

	strlcpy(shared->algorithm, scorer->algorithm->name, NAMEDATALEN);
	shared->task = l->task;
	shared->n_items = scorer->n_items;
	shared->n_kinds = scorer->n_kinds;
	memcpy(shared->kind_factor, scorer->kind_factor,
		   sizeof(shared->kind_factor));
	shared->k = l->k;
	shared->repeat = l->task == BATCH_ONE_ITEM ? 0 : l->batch->repeat;
	shared->wanted = l->wanted;
	shared->chunk_users = l->chunk_users;
	shared->slot_bytes = l->slot_bytes;
	shared->matrix = l->matrix;
	shared->with_seen = l->batch->with_seen;
	shared->with_histories = l->batch->with_histories;
	shared->has_seen = l->batch->seen != NULL;
	shared->seen = l->seen;
	memcpy(affinity_parallel_region(l->team, BATCH_OPTIONS), scorer->options,
		   scorer->algorithm->options_size);
	shared->n_popular = put_popularity(l);
	affinity_score_batch_put_rules(l->batch, l->team, shared);
	affinity_score_batch_put_first(l->batch, l->team, shared);
	if (shared->repeat > 0)
		put_chances(l);
	if (scorer->factors)
		put_factors(l, shared);
	else
		put_lists(l);
	l->shared = shared;
}

/*
 * Let the team answer for all users.
 */
static void
run(BatchLeader *l)
{
	l->n_users = l->batch->histories->by_user.n_rows;
	if (l->n_users == 0)
		return;
	size_chunks(l);
	begin_team(l);
	fill_regions(l);
	l->context = AllocSetContextCreate(CurrentMemoryContext, "affinity chunk",
									   ALLOCSET_DEFAULT_SIZES);
	affinity_parallel_progress_phase("answering", l->n_users, 0);
	affinity_parallel_run(l->team, l);
	affinity_parallel_end(l->team);
	MemoryContextDelete(l->context);
}

/* ---- answers ----------------------------------------------------------- */

static void
take_rankings(BatchLeader *l, uint32 from, uint32 n, void *slot)
{
	MemoryContext old = MemoryContextSwitchTo(l->context);

	for (uint32 user = from; user < from + n; user++)
	{
		CHECK_FOR_INTERRUPTS();
		l->take(l->state, user,
				affinity_score_batch_ranking(l->shared, slot, user));
	}
	MemoryContextSwitchTo(old);
	MemoryContextReset(l->context);
}

static void
take_scores(BatchLeader *l, uint32 from, uint32 n, const float *score)
{
	for (uint32 u = 0; u < n; u++)
	{
		if (!isnan(score[u]))
			affinity_kernel_topk_push(l->top,
									  affinity_kernel_rank_key(score[u],
															   from + u));
	}
}

/*
 * Take over what participants made of a chunk.
 */
void
affinity_score_batch_consume(BatchLeader *l, uint32 chunk, const void *slot)
{
	uint32		from;
	uint32		n = affinity_score_batch_chunk(l->shared, l->n_users, chunk,
											   &from);

	if (l->task == BATCH_ONE_ITEM)
		take_scores(l, from, n, slot);
	else
		take_rankings(l, from, n, (void *) slot);
}

/*
 * The list of k items of every user, without what is seen. What take
 * allocates goes with the chunk.
 */
void
affinity_score_batch_recommend(const AffinityBatch *batch, uint32 k,
							   AffinityTakeRanking take, void *state)
{
	BatchLeader l = {.batch = batch, .take = take, .state = state};

	l.task = batch->scorer->algorithm->has_factors ? BATCH_RANK_BY_FACTORS :
		BATCH_RANK;
	l.k = Min(k, batch->scorer->n_items);
	run(&l);
}

/*
 * By factors: rank keys of the k users with the highest score for an item, of
 * those who do not have it; in the current memory context.
 */
void
affinity_score_batch_audience(const AffinityBatch *batch, uint32 item,
							  uint32 k, AffinityTopK *top)
{
	BatchLeader l = {.batch = batch, .task = BATCH_ONE_ITEM, .k = 1};
	Size		n = Min(k, batch->histories->by_user.n_rows);
	Size		cap = 2 * n + 1;
	uint64	   *scratch;

	affinity_kernel_topk_init(top, affinity_base_array(cap, sizeof(uint64)),
							  n, cap);
	l.wanted = item;
	l.top = top;
	run(&l);
	scratch = affinity_base_array(cap, sizeof(uint64));
	affinity_kernel_topk_finish(top, scratch);
	pfree(scratch);
}
