/*
 * low_rank.c
 *		A low-rank part, folded into lists: the best of each row of
 *
 *			W = E + D^-a V diag(f) V' D^a
 *
 * without its diagonal. E are lists, V the first eigenvectors of the graph of
 * items (spectrum/), f what each of them counts, D the items' users and a an
 * exponent.
 *
 * All n^2 products are in question, but not all are computed: by Cauchy's and
 * Schwarz's inequality a row cannot have a larger product with an item than
 * that of their lengths. Items are gone through from the longest on, and a
 * block of rows is done when what is left is too short for any of its lists.
 * What E has for items that are left is computed one by one.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "miscadmin.h"
#include "utils/memutils.h"

#include "kernel/dense.h"
#include "kernel/topk.h"
#include "linear/low_rank.h"
#include "parallel/progress.h"
#include "parallel/team.h"

/* Items whose lists are made together, and items that they meet at a time. */
#define BLOCK		128
#define COLUMNS		2048

/* What rounding may add to a product of two vectors of length 1. */
#define ROUNDING	1e-4

typedef struct FoldTask
{
	uint32		n_items;
	uint32		rank;			/* numbers in a vector */
	uint32		neighbors;
	double		exponent;

	/* numbers of regions */
	int			right;			/* V D^a, by rows, the longest first */
	int			length;			/* of these rows */
	int			left;			/* float per item: D^-2a */
	int			value;			/* float per number: f */
	int			place;			/* of each item among the rows */
	int			item;			/* of each row */
	int			start;			/* E */
	int			list_item;
	int			list_weight;
	int			rows;			/* the stream */
} FoldTask;

#define FOLD_TASK	0

/* What only the leader has. */
typedef struct FoldLeader
{
	AffinityItemSink *sink;
	const float *popularity;
	int64		n_weights;
} FoldLeader;

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

	/* a participant's own */
	float	   *block;			/* rows of the left side */
	float	   *product;		/* BLOCK x COLUMNS */
	Waiting    *waiting;		/* of all rows of the block, by pieces */
	Size		n_waiting;
	Size	   *next;			/* per row and piece */
	AffinityTopK top[BLOCK];
	uint64	   *scratch;
} Fold;

/*
 * The eigenvectors, all of which count the same.
 */
LowRank *
affinity_linear_low_rank_begin(const AffinityInteractions *in,
							   const AffinitySpectrumRequest *request,
							   double weight, double exponent, uint32 skip,
							   uint32 neighbors)
{
	LowRank    *low = palloc0(sizeof(LowRank));

	low->spectrum = affinity_spectrum_find(in, request);
	low->value = affinity_base_array(low->spectrum->rank, sizeof(double));
	for (uint32 k = 0; k < low->spectrum->rank; k++)
		low->value[k] = weight;
	low->exponent = exponent;
	low->skip = skip;
	low->neighbors = neighbors;
	return low;
}

/* ---- lists on their way ------------------------------------------------ */

static void
collect_row(AffinityItemSink *sink, const AffinityItemRow *row)
{
	LowRankLists *lists = (LowRankLists *) sink;
	Size		at = lists->start[row->item];
	Size		end = at + row->n_neighbors;

	if (end > lists->room)
	{
		lists->room = end + end / 4 + 65536;
		lists->item = repalloc_huge(lists->item,
									mul_size(lists->room, sizeof(int32)));
		lists->weight = repalloc_huge(lists->weight,
									  mul_size(lists->room, sizeof(float)));
	}
	memcpy(lists->item + at, row->neighbor, row->n_neighbors * sizeof(int32));
	memcpy(lists->weight + at, row->score, row->n_neighbors * sizeof(float));
	lists->popularity[row->item] = row->popularity;
	lists->start[row->item + 1] = end;
}

/*
 * Begin to collect what is put, with as many workers as the sink allows in
 * which it will end.
 */
void
affinity_linear_low_rank_collect(LowRankLists *lists, uint32 n_items,
								 const AffinityItemSink *as)
{
	memset(lists, 0, sizeof(*lists));
	lists->sink.put = collect_row;
	lists->sink.max_workers = as->max_workers;
	lists->n_items = n_items;
	lists->popularity = affinity_base_zeroed_array(n_items, sizeof(float));
	lists->start = affinity_base_zeroed_array((Size) n_items + 1,
											  sizeof(Size));
	lists->item = affinity_base_array(1, sizeof(int32));
	lists->weight = affinity_base_array(1, sizeof(float));
}

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
 * E of the block's rows, by the pieces of columns in which it will be met.
 */
static void
sort_waiting(Fold *f, uint32 first, uint32 n_rows)
{
	Size		n = f->start[first + n_rows] - f->start[first];
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

		for (Size e = f->start[first + r]; e < f->start[first + r + 1]; e++)
			count[f->place[f->list_item[e]] / COLUMNS]++;
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
		for (Size e = f->start[first + r]; e < f->start[first + r + 1]; e++)
		{
			uint32		place = f->place[f->list_item[e]];
			Waiting    *to = &f->waiting[next[place / COLUMNS]++];

			to->place = place;
			to->weight = f->list_weight[e];
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
	sort_waiting(f, first, n_rows);
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

		row.popularity = leader->popularity[first + r];
		row.n_neighbors = ((const Slot *) slot)->n[r];
		row.neighbor = slot_items(slot, f->k, r);
		row.score = slot_weights(slot, f->k, r);
		leader->sink->put(leader->sink, &row);
		leader->n_weights += row.n_neighbors;
	}
	affinity_parallel_progress_done((int64) first + BLOCK);
}

/* ---- the team ---------------------------------------------------------- */

AFFINITY_TEAM_JOB(fold_job, affinity_linear_low_rank_body);

void
affinity_linear_low_rank_body(AffinityTeam *team)
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
	f->start = affinity_parallel_region(team, task->start);
	f->list_item = affinity_parallel_region(team, task->list_item);
	f->list_weight = affinity_parallel_region(team, task->list_weight);
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
 * Bytes of folding, with the lists and the vectors that are there already.
 */
Size
affinity_linear_low_rank_bytes(uint32 n_items, uint32 rank, uint32 neighbors,
							   Size weights)
{
	Size		vectors = mul_size(mul_size(n_items, rank), 2 * sizeof(float));
	Size		lists = mul_size(weights, 3 * (sizeof(int32) + sizeof(float)) / 2);
	Size		own = BLOCK * (COLUMNS + (Size) rank) * sizeof(float) +
		BLOCK * (2 * (Size) neighbors + 1) * sizeof(uint64);
	int			participants = affinity_parallel_allowed() + 1;

	return add_size(add_size(vectors, lists),
					add_size(mul_size(participants, own),
							 affinity_parallel_stream_bytes(slot_bytes(neighbors))));
}

/*
 * Rows of the right side, the longest first.
 */
static void
fill_vectors(AffinityTeam *team, const FoldTask *task, const LowRank *low)
{
	const AffinitySpectrum *spectrum = low->spectrum;
	float	   *right = affinity_parallel_region(team, task->right);
	float	   *length = affinity_parallel_region(team, task->length);
	float	   *left = affinity_parallel_region(team, task->left);
	float	   *value = affinity_parallel_region(team, task->value);
	uint32	   *place = affinity_parallel_region(team, task->place);
	uint32	   *item = affinity_parallel_region(team, task->item);
	uint32		n = task->n_items;
	uint64	   *key = affinity_base_array(n, sizeof(uint64));
	uint64	   *scratch = affinity_base_array(n, sizeof(uint64));

	for (uint32 c = 0; c < task->rank; c++)
		value[c] = (float) low->value[low->skip + c];
	for (uint32 i = 0; i < n; i++)
	{
		const float *x = spectrum->vector + (Size) i * spectrum->rank +
			low->skip;
		double		d = spectrum->degree[i];
		double		scale = d > 0 ? pow(d, low->exponent) : 0;
		double		sum = 0;

		CHECK_FOR_INTERRUPTS();
		for (uint32 c = 0; c < task->rank; c++)
			sum += (double) x[c] * x[c];
		left[i] = scale > 0 ? (float) (1 / (scale * scale)) : 0;
		key[i] = affinity_kernel_rank_key((float) (sqrt(sum) * scale), i);
	}
	affinity_kernel_sort_descending(key, n, scratch);
	for (uint32 p = 0; p < n; p++)
	{
		uint32		i = affinity_kernel_rank_key_no(key[p]);
		const float *x = spectrum->vector + (Size) i * spectrum->rank +
			low->skip;
		double		scale = spectrum->degree[i] > 0 ?
			pow(spectrum->degree[i], low->exponent) : 0;

		CHECK_FOR_INTERRUPTS();
		length[p] = affinity_kernel_rank_key_score(key[p]);
		item[p] = i;
		place[i] = p;
		for (uint32 c = 0; c < task->rank; c++)
			right[(Size) p * task->rank + c] = (float) (x[c] * scale);
	}
	pfree(scratch);
	pfree(key);
}

/*
 * Put the best of all rows into the sink; what was handed over is freed.
 * Returns how many weights there are.
 */
int64
affinity_linear_low_rank_put(LowRank *low, LowRankLists *lists,
							 AffinityItemSink *sink)
{
	AffinityTeamRequest request = {.max_workers = sink->max_workers};
	uint32		n = lists->n_items;
	Size		weights = lists->start[n];
	FoldTask	task = {.n_items = n, .exponent = low->exponent};
	FoldLeader	leader = {.sink = sink, .popularity = lists->popularity};
	AffinityTeam *team;

	task.neighbors = Min(low->neighbors, Max(n, 1));
	task.rank = low->spectrum->rank > low->skip ?
		low->spectrum->rank - low->skip : 0;
	request.job = &fold_job;
	(void) affinity_parallel_request_region(&request, sizeof(task));
#define REGION(size, width) \
	affinity_parallel_request_region(&request, mul_size(size, width))
	task.right = REGION(mul_size(n, task.rank), sizeof(float));
	task.length = REGION(n, sizeof(float));
	task.left = REGION(n, sizeof(float));
	task.value = REGION(task.rank, sizeof(float));
	task.place = REGION(n, sizeof(uint32));
	task.item = REGION(n, sizeof(uint32));
	task.start = REGION((Size) n + 1, sizeof(Size));
	task.list_item = REGION(weights, sizeof(int32));
	task.list_weight = REGION(weights, sizeof(float));
	task.rows = REGION(1, affinity_parallel_stream_bytes(slot_bytes(task.neighbors)));
#undef REGION
	team = affinity_parallel_begin(&request);
	memcpy(affinity_parallel_region(team, FOLD_TASK), &task, sizeof(task));
	fill_vectors(team, &task, low);
	affinity_spectrum_free(low->spectrum);
	low->spectrum = NULL;
	memcpy(affinity_parallel_region(team, task.start), lists->start,
		   ((Size) n + 1) * sizeof(Size));
	memcpy(affinity_parallel_region(team, task.list_item), lists->item,
		   weights * sizeof(int32));
	pfree(lists->item);
	memcpy(affinity_parallel_region(team, task.list_weight), lists->weight,
		   weights * sizeof(float));
	pfree(lists->weight);
	pfree(lists->start);
	affinity_parallel_run(team, &leader);
	affinity_parallel_end(team);
	pfree(lists->popularity);
	return leader.n_weights;
}
