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

#include "kernel/dense.h"
#include "kernel/sparse.h"
#include "kernel/topk.h"
#include "linear/low_rank.h"
#include "parallel/progress.h"

/* What rounding may add to a product of two vectors of length 1. */
#define ROUNDING	1e-4

/* Additions between two looks at interrupts: some milliseconds. */
#define WORK_PIECE	((int64) 1 << 20)

/* A weight of E that is to be met. */
typedef struct Waiting
{
	uint32		place;
	float		weight;
} Waiting;

typedef struct Fold
{
	AffinityTeam *team;
	const FoldTask *task;
	const AffinityBlas *blas;
	const AffinityDense *dense;
	uint32		n;
	uint32		rank;
	uint32		k;
	uint32		n_pieces;		/* of the columns */
	const float *right;
	const float *length;
	const float *left;
	const float *value;
	const uint32 *place;
	const uint32 *item;
	const Size *start;
	const int32 *list_item;
	const float *list_weight;
	AffinityCsr by_user;		/* with a graph */
	AffinityCsr by_item;
	const double *user_factor;
	const double *item_scale;
	const double *column_scale;

	/* a participant's own */
	float	   *block;			/* rows of the left side */
	float	   *product;		/* BLOCK x COLUMNS */
	Waiting    *waiting;		/* of all rows of the block, by pieces */
	Size		n_waiting;
	Size	   *next;			/* per row and piece */
	Size		row_start[BLOCK + 1];	/* E of the block */
	const int32 *row_item;
	const float *row_weight;
	int32	   *graph_item;		/* its room, with a graph */
	float	   *graph_weight;
	Size		graph_room;
	double	   *sum;
	uint32	   *touched;
	int64		work;
	AffinityTopK top[BLOCK];
	uint64	   *scratch;
} Fold;

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
 * E of the block's rows: lists.
 */
static void
find_lists(Fold *f, uint32 first, uint32 n_rows)
{
	for (uint32 r = 0; r <= n_rows; r++)
		f->row_start[r] = f->start[first + r] - f->start[first];
	f->row_item = f->list_item + f->start[first];
	f->row_weight = f->list_weight + f->start[first];
}

/*
 * Row i of the graph, in sum; returns how many numbers are not 0.
 */
static uint32
sum_row(Fold *f, uint32 i)
{
	uint32		n_touched = 0;

	for (int64 e = f->by_item.start[i]; e < f->by_item.start[i + 1]; e++)
	{
		uint32		user = f->by_item.col[e];
		int64		start = f->by_user.start[user];
		size_t		n = f->by_user.start[user + 1] - start;
		double		x = f->by_item.val ? f->by_item.val[e] : 1;

		x *= f->user_factor[user];
		if (x > 0)
			n_touched = affinity_kernel_sparse_add(f->sum, f->touched,
												   n_touched,
												   f->by_user.col + start,
												   f->by_user.val ?
												   f->by_user.val + start :
												   NULL, n, x);
		f->work += n;
		if (f->work >= WORK_PIECE)
		{
			CHECK_FOR_INTERRUPTS();
			f->work = 0;
		}
	}
	return n_touched;
}

/*
 * E of the block's rows: the graph.
 */
static void
sum_graph(Fold *f, uint32 first, uint32 n_rows)
{
	f->row_start[0] = 0;
	for (uint32 r = 0; r < n_rows; r++)
	{
		uint32		n = sum_row(f, first + r);
		Size		end = f->row_start[r] + n;
		double		left = f->item_scale[first + r] *
			f->task->graph_weight;

		if (end > f->graph_room)
		{
			f->graph_room = end + end / 4 + 65536;
			f->graph_item =
				repalloc_huge(f->graph_item,
							  mul_size(f->graph_room, sizeof(int32)));
			f->graph_weight =
				repalloc_huge(f->graph_weight,
							  mul_size(f->graph_room, sizeof(float)));
		}
		for (uint32 t = 0; t < n; t++)
		{
			uint32		j = f->touched[t];
			double		weight = f->sum[j] * left * f->column_scale[j];

			f->graph_item[f->row_start[r] + t] = (int32) j;
			f->graph_weight[f->row_start[r] + t] =
				(float) Min(weight, FLT_MAX);
			f->sum[j] = 0;
		}
		f->row_start[r + 1] = end;
	}
	f->row_item = f->graph_item;
	f->row_weight = f->graph_weight;
}

/*
 * E of the block's rows, by the pieces of columns in which it will be met.
 */
static void
sort_waiting(Fold *f, uint32 n_rows)
{
	Size		n = f->row_start[n_rows];
	Size		sum = 0;

	if (n > f->n_waiting)
	{
		f->n_waiting = n + n / 2;
		pfree(f->waiting);
		f->waiting = affinity_base_array(f->n_waiting, sizeof(Waiting));
	}
	memset(f->next, 0, ((Size) n_rows * f->n_pieces + 1) * sizeof(Size));
	for (uint32 r = 0; r < n_rows; r++)
	{
		Size	   *count = f->next + (Size) r * f->n_pieces + 1;

		for (Size e = f->row_start[r]; e < f->row_start[r + 1]; e++)
			count[f->place[f->row_item[e]] / COLUMNS]++;
	}
	for (Size p = 0; p <= (Size) n_rows * f->n_pieces; p++)
	{
		sum += f->next[p];
		f->next[p] = sum;
	}
	for (uint32 r = 0; r < n_rows; r++)
	{
		Size	   *next = f->next + (Size) r * f->n_pieces;

		CHECK_FOR_INTERRUPTS();
		for (Size e = f->row_start[r]; e < f->row_start[r + 1]; e++)
		{
			uint32		place = f->place[f->row_item[e]];
			Waiting    *to = &f->waiting[next[place / COLUMNS]++];

			to->place = place;
			to->weight = f->row_weight[e];
		}
	}
}

/*
 * Where the weights of a row that are met in a piece begin; those of the next
 * piece, or of the next row, begin where they end.
 */
static inline Size
waiting_from(const Fold *f, uint32 row, uint32 piece)
{
	Size		p = (Size) row * f->n_pieces + piece;

	/* next[p] went on to the end of p */
	return p == 0 ? 0 : f->next[p - 1];
}

static inline Size
waiting_end(const Fold *f, uint32 row, uint32 piece)
{
	return f->next[(Size) row * f->n_pieces + piece];
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

	for (Size w = waiting_from(f, row, piece); w < waiting_end(f, row, piece);
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
	Size		end = waiting_end(f, row, f->n_pieces - 1);
	Size		w = from == 0 ? waiting_from(f, row, 0) :
		waiting_end(f, row, from / COLUMNS - 1);

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
	if (f->task->has_graph)
		sum_graph(f, first, n_rows);
	else
		find_lists(f, first, n_rows);
	sort_waiting(f, n_rows);
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

static void
begin_graph(Fold *f)
{
	const FoldTask *task = f->task;

	affinity_parallel_matrix(f->team, task->matrix, &f->by_user, &f->by_item);
	f->user_factor = affinity_parallel_region(f->team, task->user_factor);
	f->item_scale = affinity_parallel_region(f->team, task->item_scale);
	f->column_scale = affinity_parallel_region(f->team, task->column_scale);
	f->graph_item = affinity_base_array(1, sizeof(int32));
	f->graph_weight = affinity_base_array(1, sizeof(float));
	/* one entry more than items: see kernel/sparse.c */
	f->sum = affinity_base_zeroed_array((Size) f->n + 1, sizeof(double));
	f->touched = affinity_base_array((Size) f->n + 1, sizeof(uint32));
}

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
	if (task->has_graph)
		begin_graph(f);
	else
	{
		f->start = affinity_parallel_region(team, task->start);
		f->list_item = affinity_parallel_region(team, task->list_item);
		f->list_weight = affinity_parallel_region(team, task->list_weight);
	}
	f->block = affinity_base_array((Size) BLOCK * f->rank, sizeof(float));
	f->product = affinity_base_array((Size) BLOCK * COLUMNS, sizeof(float));
	f->waiting = affinity_base_array(1, sizeof(Waiting));
	f->next = affinity_base_array((Size) BLOCK * f->n_pieces + 2,
								  sizeof(Size));
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
