/*
 * low_rank_fold.c
 *		The best of every row of lists, or of a graph, and of a low-rank part.
 *
 * All n^2 products are in question, but not always computed: by Cauchy's and
 * Schwarz's inequality a row cannot have a larger product with an item than
 * that of their lengths. Items are gone through from the longest on, and a
 * block of rows is done when what is left is too short for any of its lists.
 * What lists have for items that are left is computed one by one.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "miscadmin.h"
#include "utils/memutils.h"

#include "linear/low_rank_fold.h"
#include "parallel/progress.h"

/* What rounding may add to a product of two vectors of length 1. */
#define ROUNDING	1e-4

/* ---- slots ------------------------------------------------------------- */

/* The lengths of BLOCK rows, then their items, their weights. */
typedef struct Slot
{
	uint32		n[BLOCK];
} Slot;

static inline int32 *
slot_items(const void *slot, uint32 k, uint32 row)
{
	return (int32 *) ((char *) slot + sizeof(Slot)) + (Size) k * row;
}

static inline float *
slot_weights(const void *slot, uint32 k, uint32 row)
{
	return (float *) slot_items(slot, k, BLOCK) + (Size) k * row;
}

static Size
slot_bytes(uint32 k)
{
	return sizeof(Slot) + mul_size(mul_size(k, BLOCK),
								   sizeof(int32) + sizeof(float));
}

/* ---- a block of rows --------------------------------------------------- */

/*
 * A key that orders by size, and knows the sign.
 */
static inline void
push(AffinityTopK *top, float weight, uint32 item)
{
	affinity_kernel_topk_push(top, affinity_kernel_rank_key(fabsf(weight),
															item * 2 +
															(weight < 0)));
}

/*
 * The size of the smallest weight of a full list, else 0.
 */
static inline float
floor_of(const AffinityTopK *top)
{
	return top->floor == 0 ? 0 : affinity_kernel_rank_key_score(top->floor);
}

/*
 * What of a row of products is in its list so far.
 */
static void
try_row(Fold *f, uint32 first, uint32 row, uint32 from, uint32 n)
{
	float	   *product = f->product + (Size) row * COLUMNS;
	AffinityTopK *top = &f->top[row];
	uint32		own = f->place[first + row];
	uint32		found = 0;
	uint32	   *which = (uint32 *) f->scratch;
	uint32		piece = from / COLUMNS;

	for (Size w = affinity_linear_fold_from(f, row, piece); w < affinity_linear_fold_end(f, row, piece);
		 w++)
		product[f->waiting[w].place - from] += f->waiting[w].weight;
	if (own >= from && own - from < n)
		product[own - from] = 0;
	found = (uint32) affinity_kernel_topk_above(product, n, floor_of(top),
												which);
	for (uint32 c = 0; c < found; c++)
		push(top, product[which[c]], f->item[from + which[c]]);
	if (top->n > top->k + top->k / 2)
		affinity_kernel_topk_shrink(top);
}

/*
 * Whether nothing that is left can be in the list of a row.
 */
static bool
is_closed(const Fold *f, uint32 row, float length)
{
	const float *x = f->block + (Size) row * f->rank;
	double		bound = sqrt(f->dense->dot(x, x, f->rank)) * length *
		(1 + ROUNDING);

	return bound < floor_of(&f->top[row]);
}

/*
 * Weights of E whose columns were not gone through.
 */
static void
try_rest(Fold *f, uint32 first, uint32 row, uint32 from)
{
	const float *x = f->block + (Size) row * f->rank;
	Size		end = affinity_linear_fold_end(f, row, f->n_pieces - 1);
	Size		w = from == 0 ? affinity_linear_fold_from(f, row, 0) :
		affinity_linear_fold_end(f, row, from / COLUMNS - 1);

	for (; w < end; w++)
	{
		uint32		place = f->waiting[w].place;

		if (f->item[place] != first + row)
			push(&f->top[row], f->waiting[w].weight +
				 f->dense->dot(x, f->right + (Size) place * f->rank, f->rank),
				 f->item[place]);
	}
}

/*
 * The list of a row: from the largest weight to the smallest.
 */
static void
write_row(Fold *f, uint32 row, void *slot)
{
	AffinityTopK *top = &f->top[row];
	int32	   *items = slot_items(slot, f->k, row);
	float	   *weights = slot_weights(slot, f->k, row);
	uint32		n = 0;

	affinity_kernel_topk_finish(top, f->scratch);
	for (size_t i = 0; i < top->n; i++)
	{
		uint32		no = affinity_kernel_rank_key_no(top->key[i]);
		float		size = affinity_kernel_rank_key_score(top->key[i]);

		if (size == 0)
			break;
		top->key[n++] = affinity_kernel_rank_key(no & 1 ? -size : size,
												 no / 2);
	}
	affinity_kernel_sort_descending(top->key, n, f->scratch);
	for (uint32 i = 0; i < n; i++)
	{
		items[i] = (int32) affinity_kernel_rank_key_no(top->key[i]);
		weights[i] = affinity_kernel_rank_key_score(top->key[i]);
	}
	((Slot *) slot)->n[row] = n;
}

static void
produce_block(void *state, uint32 chunk, void *slot)
{
	Fold	   *f = state;
	uint32		first = chunk * BLOCK;
	uint32		n_rows = Min(BLOCK, f->n - first);
	uint32		from = 0;

	for (uint32 r = 0; r < n_rows; r++)
	{
		const float *x = f->right + (Size) f->place[first + r] * f->rank;
		float	   *y = f->block + (Size) r * f->rank;

		for (uint32 c = 0; c < f->rank; c++)
			y[c] = x[c] * f->value[c] * f->left[first + r];
		affinity_kernel_topk_init(&f->top[r], f->top[r].key, f->k,
								  2 * (Size) f->k + 1);
	}
	affinity_linear_fold_rows(f, first, n_rows);
	while (from < f->n && f->rank > 0)
	{
		uint32		n = Min(COLUMNS, f->n - from);
		bool		open = false;

		for (uint32 r = 0; r < n_rows && !open; r++)
			open = !is_closed(f, r, f->length[from]);
		if (!open)
			break;
		CHECK_FOR_INTERRUPTS();
		affinity_train_blas_ready();
		f->blas->sgemm(AFFINITY_BLAS_BY_ROWS, AFFINITY_BLAS_AS_IS,
					   AFFINITY_BLAS_TRANSPOSED, (int) n_rows, (int) n,
					   (int) f->rank, 1, f->block, (int) f->rank,
					   f->right + (Size) from * f->rank, (int) f->rank, 0,
					   f->product, COLUMNS);
		for (uint32 r = 0; r < n_rows; r++)
			try_row(f, first, r, from, n);
		from += n;
	}
	for (uint32 r = 0; r < n_rows; r++)
	{
		CHECK_FOR_INTERRUPTS();
		if (from < f->n)
			try_rest(f, first, r, from);
		write_row(f, r, slot);
	}
}

static void
consume_block(void *state, uint32 chunk, const void *slot)
{
	Fold	   *f = state;
	FoldLeader *leader = affinity_parallel_leader(f->team);
	uint32		first = chunk * BLOCK;

	for (uint32 r = 0; r < Min(BLOCK, f->n - first); r++)
	{
		AffinityItemRow row = {.item = first + r};

		row.popularity = leader->popularity ?
			leader->popularity[first + r] :
			affinity_train_item_row(&f->by_item, first + r).popularity;
		row.n_neighbors = ((const Slot *) slot)->n[r];
		row.neighbor = slot_items(slot, f->k, r);
		row.score = slot_weights(slot, f->k, r);
		leader->sink->put(leader->sink, &row);
		leader->n_weights += row.n_neighbors;
	}
	affinity_parallel_progress_done((int64) first + BLOCK);
}

/* ---- the team ---------------------------------------------------------- */

AFFINITY_TEAM_JOB(fold_job, affinity_linear_fold_body);

void
affinity_linear_fold_body(AffinityTeam *team)
{
	const FoldTask *task = affinity_parallel_region(team, FOLD_TASK);
	Fold	   *f = palloc0(sizeof(Fold));
	AffinityStream stream = {0};
	Size		room = 2 * (Size) task->neighbors + 1;

	f->team = team;
	f->task = task;
	f->blas = affinity_train_blas();
	f->dense = affinity_kernel_dense();
	f->n = task->n_items;
	f->rank = task->rank;
	f->k = task->neighbors;
	f->n_pieces = (f->n + COLUMNS - 1) / COLUMNS;
	f->right = affinity_parallel_region(team, task->right);
	f->length = affinity_parallel_region(team, task->length);
	f->left = affinity_parallel_region(team, task->left);
	f->value = affinity_parallel_region(team, task->value);
	f->place = affinity_parallel_region(team, task->place);
	f->item = affinity_parallel_region(team, task->item);
	affinity_linear_fold_rows_begin(f);
	f->block = affinity_base_array((Size) BLOCK * f->rank, sizeof(float));
	f->product = affinity_base_array((Size) BLOCK * COLUMNS, sizeof(float));
	f->scratch = affinity_base_array(Max(room, COLUMNS), sizeof(uint64));
	for (int r = 0; r < BLOCK; r++)
		f->top[r].key = affinity_base_array(room, sizeof(uint64));

	affinity_parallel_progress_phase("folding", f->n,
									 affinity_parallel_participants(team) - 1);
	stream.n_chunks = (f->n + BLOCK - 1) / BLOCK;
	stream.slot_bytes = slot_bytes(f->k);
	stream.produce = produce_block;
	stream.consume = consume_block;
	stream.state = f;
	affinity_parallel_stream(team, task->rows, &stream);
}

/*
 * Of the stream of lists.
 */
Size
affinity_linear_fold_stream_bytes(uint32 neighbors)
{
	return affinity_parallel_stream_bytes(slot_bytes(neighbors));
}

void
affinity_linear_fold_request(AffinityTeamRequest *request)
{
	request->job = &fold_job;
}

/*
 * Bytes of the stream and of what participants have of their own.
 */
Size
affinity_linear_fold_bytes(uint32 n_items, uint32 rank, uint32 neighbors)
{
	Size		own = BLOCK * (COLUMNS + (Size) rank) * sizeof(float) +
		BLOCK * (2 * (Size) neighbors + 1) * sizeof(uint64) +
		(Size) n_items * (sizeof(double) + sizeof(uint32));

	return add_size(mul_size(affinity_parallel_allowed() + 1, own),
					affinity_linear_fold_stream_bytes(neighbors));
}
