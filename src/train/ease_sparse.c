/*
 * ease_sparse.c
 *		ease for large catalogues: every column of the weights is learned over
 *		the best candidates for it.
 *
 * Column j of the closed form is the ridge regression of item j on all others,
 * (G_SS + L_S) b = G_Sj with G = X'WX and S all items but j. Here S is the N
 * items i with the largest G_ij / d_i^candidate_exponent, d being the diagonal
 * of X'X: the support is chosen as in fsSLIM (Ning and Karypis, "SLIM: Sparse
 * Linear Methods for Top-N Recommender Systems", 2011), the columns are solved
 * exactly. Where all other items share users with j and are candidates it is
 * the closed form itself.
 *
 * Three passes, each with all members of the team:
 *
 *	1.	candidates: a column of G as item_knn sums it up, and its N best. Columns
 *		of the HEADS items with the most users are kept, as most candidates are
 *		among them.
 *	2.	columns: G_SS is looked up where both items are heads, else added up from
 *		the rows of the users of the others, who are few; then solved.
 *	3.	rows: the weights, transposed, and the best of each row.
 *
 * Sums are in double; what is kept of G and of the columns is rounded to real.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "miscadmin.h"
#include "utils/memutils.h"

#include "kernel/dense.h"
#include "train/ease.h"
#include "train/progress.h"

/* Items whose products with each other are kept. */
#define HEADS		4096
#define NO_HEAD		UINT32_MAX

/* Columns that a member takes at a time. */
#define COLUMNS		16

/* Additions between two looks at interrupts: some milliseconds. */
#define WORK_PIECE	((int64) 1 << 20)

#define NO_PLACE	UINT16_MAX

/* Regions in EaseTask.work. */
enum
{
	WORK_HEADS,					/* the triangle of their products */
	WORK_ITEMS,					/* what is known of items: see item_bytes() */
	WORK_COLUMNS,				/* N items of each column, N weights */
	WORK_ROWS					/* the same, transposed */
};

/* A user who has a candidate that is no head. */
typedef struct Met
{
	Size		begin;			/* of the user's places in the list */
	Size		end;
	double		factor;
} Met;

/* The column, plus 1, in which a user was last met, and where. */
typedef struct Mark
{
	uint32		column;
	uint32		met;
} Mark;

typedef struct Sparse
{
	const EaseTask *task;
	const AffinityBlas *blas;
	const AffinityDense *dense;
	AffinityTeam *team;
	AffinityCsr by_user;
	AffinityCsr by_item;
	const double *user_factor;
	const double *penalty;
	uint32		n;				/* items */
	uint32		n_candidates;

	/* regions */
	float	   *heads;			/* row h: products with heads 0 to h */
	int64	   *row_start;		/* n + 1 */
	double	   *diagonal;		/* of G */
	double	   *right;			/* what a candidate's product is multiplied by */
	uint32	   *head;			/* number as a head, or NO_HEAD */
	uint32	   *column_n;		/* candidates of each column */
	uint32	   *column_item;
	float	   *column_weight;
	uint32	   *row_item;
	float	   *row_weight;

	/* a member's own: pass 1 */
	double	   *sum;
	uint32	   *touched;
	float	   *score;
	uint64	   *key;
	uint64	   *scratch;

	/* pass 2 */
	double	   *gram;
	double	   *solution;
	float	   *upper;			/* aligned: a matrix in reals, a vector */
	float	   *inverse;
	uint16	   *place;			/* of an item in the column, or NO_PLACE */
	Mark	   *mark;			/* of every user */
	uint32		n_met;
	uint32	   *user;			/* who was met */
	Met		   *met;
	uint16	   *list;			/* places that users have, heads first */
	float	   *list_x;			/* with which values; NULL: 1 */
	Size		list_size;
	int64		work;

	/* pass 3 */
	EaseChoice	choice;
} Sparse;

static Size
triangle(Size n)
{
	return n * (n + 1) / 2;
}

static uint32
n_heads(uint32 n_items)
{
	return Min(n_items, HEADS);
}

static Size
item_bytes(uint32 n_items)
{
	return ((Size) n_items + 1) * sizeof(int64) +
		(Size) n_items * (2 * sizeof(double) + 2 * sizeof(uint32));
}

static Size
column_bytes(uint32 n_items, uint32 candidates)
{
	return mul_size(mul_size(n_items, candidates),
					sizeof(uint32) + sizeof(float));
}

/*
 * What a member has of its own: marks, users met, sums and lists of items.
 */
static Size
member_bytes(uint32 n_users, uint32 n_items)
{
	Size		user = sizeof(Mark) + sizeof(uint32) + sizeof(Met);
	Size		item = sizeof(double) + sizeof(uint32) + sizeof(float) +
		2 * sizeof(uint64) + sizeof(uint16);

	return add_size(mul_size(n_users, user), mul_size(n_items, item));
}

/*
 * Bytes of the members' regions, and of their own.
 */
Size
affinity_ease_sparse_bytes(uint32 n_users, uint32 n_items, uint32 candidates)
{
	Size		bytes = add_size(triangle(n_heads(n_items)) * sizeof(float),
								 item_bytes(n_items));

	bytes = add_size(bytes, mul_size(affinity_team_allowed() + 1,
									 member_bytes(n_users, n_items)));
	return add_size(bytes, mul_size(2, column_bytes(n_items, candidates)));
}

static void *
array_of(Size n, Size width)
{
	return MemoryContextAllocExtended(CurrentMemoryContext,
									  mul_size(n + 1, width),
									  MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
}

static inline void
count_work(Sparse *s, int64 work)
{
	s->work += work;
	if (s->work >= WORK_PIECE)
	{
		CHECK_FOR_INTERRUPTS();
		s->work = 0;
	}
}

/* ---- heads ---------------------------------------------------------------- */

/*
 * The leader: number the items with the most users, by item number.
 */
static void
choose_heads(Sparse *s)
{
	double		exponent = s->task->options.candidate_exponent;
	AffinityTopK top;

	affinity_topk_init(&top, s->key, n_heads(s->n), (Size) s->n + 1);
	for (uint32 i = 0; i < s->n; i++)
	{
		int64		users = s->by_item.start[i + 1] - s->by_item.start[i];
		double		g = 0;
		double		d = 0;

		for (int64 e = s->by_item.start[i]; e < s->by_item.start[i + 1]; e++)
		{
			double		x = s->by_item.val ? s->by_item.val[e] : 1;

			g += x * x * s->user_factor[s->by_item.col[e]];
			d += x * x;
		}
		s->diagonal[i] = g;
		s->right[i] = d > 0 ? pow(d, -exponent) : 0;
		s->head[i] = NO_HEAD;
		affinity_topk_push(&top, affinity_rank_key((float) users, i));
		count_work(s, users);
	}
	affinity_topk_finish(&top, s->scratch);
	for (size_t h = 0; h < top.n; h++)
		s->head[affinity_rank_key_no(top.key[h])] = 0;
	for (uint32 i = 0, h = 0; i < s->n; i++)
	{
		if (s->head[i] != NO_HEAD)
			s->head[i] = h++;
	}
}

/* ---- pass 1: candidates ----------------------------------------------------- */

/*
 * Column j of G, in sum; returns how many are not 0.
 */
static uint32
sum_column(Sparse *s, uint32 j)
{
	uint32		n_touched = 0;

	for (int64 e = s->by_item.start[j]; e < s->by_item.start[j + 1]; e++)
	{
		uint32		user = s->by_item.col[e];
		int64		start = s->by_user.start[user];
		size_t		n = s->by_user.start[user + 1] - start;
		double		x = s->by_item.val ? s->by_item.val[e] : 1;

		x *= s->user_factor[user];
		if (x > 0)
			n_touched = affinity_sparse_add(s->sum, s->touched, n_touched,
											s->by_user.col + start,
											s->by_user.val ?
											s->by_user.val + start : NULL,
											n, x);
		count_work(s, n);
	}
	return n_touched;
}

static int
compare_numbers(const void *a, const void *b)
{
	uint64		x = *(const uint64 *) a;
	uint64		y = *(const uint64 *) b;

	return x < y ? -1 : x > y;
}

/*
 * Candidates of column j with their products: heads first, each in order of
 * item number.
 */
static void
find_candidates(Sparse *s, uint32 j)
{
	uint32	   *item = s->column_item + (Size) j * s->n_candidates;
	float	   *product = s->column_weight + (Size) j * s->n_candidates;
	uint32		n_touched = sum_column(s, j);
	uint32		n;

	if (s->head[j] != NO_HEAD)
	{
		float	   *row = s->heads + triangle(s->head[j]);

		for (uint32 t = 0; t < n_touched; t++)
		{
			uint32		h = s->head[s->touched[t]];

			/* NO_HEAD is above all */
			if (h <= s->head[j])
				row[h] = (float) Min(s->sum[s->touched[t]], FLT_MAX);
		}
	}
	for (uint32 t = 0; t < n_touched; t++)
	{
		uint32		i = s->touched[t];
		double		score = s->sum[i] * s->right[i];

		s->score[t] = i == j ? 0 : (float) Min(score, FLT_MAX);
	}
	n = (uint32) affinity_topk_scores(s->score, s->touched, n_touched,
									  s->n_candidates, s->key, s->scratch);
	for (uint32 c = 0; c < n; c++)
	{
		uint32		i = affinity_rank_key_no(s->key[c]);

		s->key[c] = i | (s->head[i] == NO_HEAD ? (uint64) 1 << 32 : 0);
	}
	qsort(s->key, n, sizeof(uint64), compare_numbers);
	for (uint32 c = 0; c < n; c++)
	{
		item[c] = (uint32) s->key[c];
		product[c] = (float) Min(s->sum[item[c]], FLT_MAX);
	}
	s->column_n[j] = n;
	for (uint32 t = 0; t < n_touched; t++)
		s->sum[s->touched[t]] = 0;
	count_work(s, n_touched);
}

/* ---- pass 2: columns -------------------------------------------------------- */

/*
 * Meet the users of the candidates that are no heads, and make room for all
 * places that they may have. Returns the length of their rows together.
 */
static int64
meet_users(Sparse *s, uint32 j, const uint32 *item, uint32 heads, uint32 n)
{
	const uint32 *col = s->by_item.col;
	Mark	   *marks = s->mark;
	Met		   *met = s->met;
	uint32	   *users = s->user;
	uint32		n_met = 0;
	Size		room = 0;
	int64		entries = 0;

	for (uint32 a = heads; a < n; a++)
	{
		int64		end = s->by_item.start[item[a] + 1];

		for (int64 e = s->by_item.start[item[a]]; e < end; e++)
		{
			Mark	   *mark = &marks[col[e]];

			if (mark->column != j + 1)
			{
				mark->column = j + 1;
				mark->met = n_met;
				users[n_met] = col[e];
				met[n_met++].end = 0;
			}
			met[mark->met].end++;
		}
		count_work(s, end - s->by_item.start[item[a]]);
	}
	s->n_met = n_met;
	for (uint32 m = 0; m < n_met; m++)
	{
		uint32		user = s->user[m];
		int64		row = s->by_user.start[user + 1] - s->by_user.start[user];
		Size		most = s->met[m].end + (Size) Min(row, heads);

		s->met[m].begin = s->met[m].end = room;
		s->met[m].factor = s->user_factor[user];
		room += most;
		entries += row;
	}
	if (room > s->list_size)
	{
		s->list_size = room + room / 2;
		pfree(s->list);
		s->list = array_of(s->list_size, sizeof(uint16));
		if (s->list_x)
		{
			pfree(s->list_x);
			s->list_x = array_of(s->list_size, sizeof(float));
		}
	}
	return entries;
}

/*
 * List which heads the met users have: from the users' rows or from the heads',
 * whichever are shorter.
 */
static void
list_heads(Sparse *s, uint32 j, const uint32 *item, uint32 heads,
		   int64 entries)
{
	const uint32 *col = s->by_item.col;
	const Mark *marks = s->mark;
	Met		   *met = s->met;
	uint16	   *list = s->list;
	float	   *list_x = s->list_x;
	int64		head_entries = 0;

	for (uint32 a = 0; a < heads; a++)
		head_entries += s->by_item.start[item[a] + 1] -
			s->by_item.start[item[a]];
	if (head_entries <= entries)
	{
		for (uint32 a = 0; a < heads; a++)
		{
			int64		end = s->by_item.start[item[a] + 1];

			for (int64 e = s->by_item.start[item[a]]; e < end; e++)
			{
				const Mark *mark = &marks[col[e]];
				Size		at;

				if (mark->column != j + 1)
					continue;
				at = met[mark->met].end++;
				list[at] = (uint16) a;
				if (list_x)
					list_x[at] = s->by_item.val[e];
			}
			count_work(s, end - s->by_item.start[item[a]]);
		}
		return;
	}
	for (uint32 m = 0; m < s->n_met; m++)
	{
		uint32		user = s->user[m];
		int64		end = s->by_user.start[user + 1];

		for (int64 e = s->by_user.start[user]; e < end; e++)
		{
			uint32		place = s->place[s->by_user.col[e]];

			if (place >= heads)
				continue;
			if (list_x)
				list_x[met[m].end] = s->by_user.val[e];
			list[met[m].end++] = (uint16) place;
		}
		count_work(s, end - s->by_user.start[user]);
	}
}

/*
 * Add up the products of candidate a, which is no head: with what its users
 * have of the candidates before, and with itself.
 */
static void
add_other(Sparse *s, uint32 item, uint32 a, double *restrict row)
{
	const uint32 *col = s->by_item.col;
	const float *val = s->list_x ? s->by_item.val : NULL;
	const Mark *marks = s->mark;
	int64		end = s->by_item.start[item + 1];
	int64		work = 0;

	for (int64 e = s->by_item.start[item]; e < end; e++)
	{
		Met		   *met = &s->met[marks[col[e]].met];
		uint16	   *list = s->list + met->begin;
		Size		length = met->end - met->begin;
		double		x = met->factor;

		if (val)
		{
			float	   *list_x = s->list_x + met->begin;

			x *= val[e];
			for (Size b = 0; b < length; b++)
				row[list[b]] += x * list_x[b];
			row[a] += x * val[e];
			list_x[length] = val[e];
		}
		else
		{
			for (Size b = 0; b < length; b++)
				row[list[b]] += x;
			row[a] += x;
		}
		list[length] = (uint16) a;
		met->end++;
		work += length + 1;
	}
	count_work(s, work);
}

/*
 * The lower triangle of G_SS for the candidates of column j.
 */
static void
fill_gram(Sparse *s, uint32 j, const uint32 *item, uint32 n)
{
	uint32		heads = 0;
	int64		entries;

	memset(s->gram, 0, (Size) n * n * sizeof(double));
	while (heads < n && s->head[item[heads]] != NO_HEAD)
		heads++;
	for (uint32 a = 0; a < heads; a++)
	{
		const float *row = s->heads + triangle(s->head[item[a]]);

		for (uint32 b = 0; b <= a; b++)
			s->gram[(Size) a * n + b] = row[s->head[item[b]]];
	}
	if (heads == n)
		return;
	entries = meet_users(s, j, item, heads, n);
	for (uint32 a = 0; a < heads; a++)
		s->place[item[a]] = (uint16) a;
	list_heads(s, j, item, heads, entries);
	for (uint32 a = 0; a < heads; a++)
		s->place[item[a]] = NO_PLACE;
	for (uint32 a = heads; a < n; a++)
		add_other(s, item[a], a, s->gram + (Size) a * n);
}

/*
 * The solution for n candidates in reals, with the small kernels: an upper
 * triangle by rows, and the right side as a further column. least is the
 * smallest penalty, below which no pivot can be but by rounding.
 */
static void
solve_in_reals(Sparse *s, uint32 n, float least, float *weight)
{
	size_t		order = affinity_panel_rows(n);
	size_t		width = affinity_padded_width(order + 1);
	float	   *upper = s->upper;
	float	   *x = s->upper + order * width;

	memset(upper, 0, order * width * sizeof(float));
	for (uint32 from = 0; from < n; from += 8)
	{
		for (uint32 b = 0; b < Min(from + 8, n); b++)
		{
			for (uint32 a = Max(from, b); a < Min(from + 8, n); a++)
				upper[b * width + a] = (float) s->gram[(Size) a * n + b];
		}
	}
	for (uint32 a = 0; a < n; a++)
		upper[a * width + order] = weight[a];
	for (size_t a = n; a < order; a++)
		upper[a * width + a] = 1;
	s->dense->cholesky(upper, width, order, least / 2, s->inverse);
	for (size_t a = 0; a < order; a++)
		x[a] = upper[a * width + order];
	s->dense->back(upper, width, order, s->inverse, x);
	memcpy(weight, x, n * sizeof(float));
}

/*
 * The solution in doubles, where the condition demands it.
 */
static void
solve_in_doubles(Sparse *s, uint32 n, const uint32 *item, float *weight)
{
	int			order = (int) n;
	int			one = 1;
	int			info;

	/* by rows the lower triangle, by columns the upper one */
	s->blas->dpotrf("U", &order, s->gram, &order, &info, 1);
	if (info < 0)
		elog(ERROR, "dpotrf: argument %d is invalid", -info);
	if (info > 0)
		affinity_ease_singular(&s->task->options);
	for (uint32 a = 0; a < n; a++)
	{
		double		c = s->gram[(Size) a * n + a];

		if (!(c * c > EASE_LEAST_PIVOT * (s->diagonal[item[a]] +
										  s->penalty[item[a]])))
			affinity_ease_singular(&s->task->options);
		s->solution[a] = weight[a];
	}
	s->blas->dpotrs("U", &order, &one, s->gram, &order, s->solution, &order,
					&info, 1);
	if (info != 0)
		elog(ERROR, "dpotrs: unexpected info %d", info);
	for (uint32 a = 0; a < n; a++)
		weight[a] = affinity_ease_real(s->solution[a]);
}

/*
 * (G_SS + L_S) b = G_Sj; the products in column_weight become the weights.
 */
static void
solve_column(Sparse *s, uint32 j)
{
	const uint32 *item = s->column_item + (Size) j * s->n_candidates;
	float	   *weight = s->column_weight + (Size) j * s->n_candidates;
	uint32		n = s->column_n[j];
	double		trace = 0;
	double		least = DBL_MAX;

	if (n == 0)
		return;
	fill_gram(s, j, item, n);
	for (uint32 a = 0; a < n; a++)
	{
		s->gram[(Size) a * n + a] += s->penalty[item[a]];
		trace += s->gram[(Size) a * n + a];
		least = Min(least, s->penalty[item[a]]);
	}
	if (EASE_REALS_SUFFICE(trace, least))
		solve_in_reals(s, n, (float) least, weight);
	else
		solve_in_doubles(s, n, item, weight);
	count_work(s, (int64) n * n * n / 64);
}

/* ---- pass 3: rows ----------------------------------------------------------- */

/*
 * The leader: the columns' weights by rows.
 */
static void
transpose(Sparse *s)
{
	int64	   *next = array_of(s->n, sizeof(int64));

	for (uint32 j = 0; j < s->n; j++)
	{
		const uint32 *item = s->column_item + (Size) j * s->n_candidates;

		for (uint32 a = 0; a < s->column_n[j]; a++)
			next[item[a]]++;
		count_work(s, s->column_n[j]);
	}
	s->row_start[0] = 0;
	for (uint32 i = 0; i < s->n; i++)
	{
		s->row_start[i + 1] = s->row_start[i] + next[i];
		next[i] = s->row_start[i];
	}
	for (uint32 j = 0; j < s->n; j++)
	{
		const uint32 *item = s->column_item + (Size) j * s->n_candidates;
		const float *weight = s->column_weight + (Size) j * s->n_candidates;

		for (uint32 a = 0; a < s->column_n[j]; a++)
		{
			int64		at = next[item[a]]++;

			s->row_item[at] = j;
			s->row_weight[at] = weight[a];
		}
		count_work(s, s->column_n[j]);
	}
	pfree(next);
}

static void
produce_rows(void *state, uint32 chunk, void *slot)
{
	Sparse	   *s = state;
	uint32		first = chunk * EASE_CHUNK;

	for (uint32 i = first; i < Min(first + EASE_CHUNK, s->n); i++)
		affinity_ease_choose(&s->choice, s->row_weight + s->row_start[i],
							 s->row_item + s->row_start[i],
							 (uint32) (s->row_start[i + 1] - s->row_start[i]),
							 slot, i - first);
}

static void
consume_rows(void *state, uint32 chunk, const void *slot)
{
	Sparse	   *s = state;
	EaseLeader *leader = affinity_team_leader(s->team);

	affinity_ease_put(leader->sink, &s->by_item, s->choice.k, chunk, slot,
					  &leader->n_weights);
	affinity_progress_done((int64) chunk * EASE_CHUNK);
}

static void
put_rows(Sparse *s)
{
	AffinityStream stream = {0};

	affinity_ease_choice_begin(&s->choice, s->task->options.neighbors, s->n);
	stream.n_chunks = (s->n + EASE_CHUNK - 1) / EASE_CHUNK;
	stream.slot_bytes = affinity_ease_slot_bytes(s->choice.k);
	stream.produce = produce_rows;
	stream.consume = consume_rows;
	stream.state = s;
	affinity_team_stream(s->team, s->task->rows, &stream);
}

/* ---- the team ----------------------------------------------------------- */

/*
 * Where in the regions is what.
 */
static void
find_regions(Sparse *s)
{
	const int  *work = s->task->work;
	Size		entries = (Size) s->n * s->n_candidates;

	s->heads = affinity_team_region(s->team, work[WORK_HEADS]);
	s->row_start = affinity_team_region(s->team, work[WORK_ITEMS]);
	s->diagonal = (double *) (s->row_start + s->n + 1);
	s->right = s->diagonal + s->n;
	s->head = (uint32 *) (s->right + s->n);
	s->column_n = s->head + s->n;
	s->column_item = affinity_team_region(s->team, work[WORK_COLUMNS]);
	s->column_weight = (float *) (s->column_item + entries);
	s->row_item = affinity_team_region(s->team, work[WORK_ROWS]);
	s->row_weight = (float *) (s->row_item + entries);
}

static void
allocate(Sparse *s)
{
	uint32		n = s->n_candidates;
	size_t		order = affinity_panel_rows(n);
	size_t		width = affinity_padded_width(order + 1);

	s->sum = array_of(s->n, sizeof(double));
	/* one entry more than items: see kernel/sparse.c */
	s->touched = array_of(s->n, sizeof(uint32));
	s->score = array_of(s->n, sizeof(float));
	s->key = array_of(s->n, sizeof(uint64));
	s->scratch = array_of(s->n, sizeof(uint64));

	s->gram = array_of((Size) n * n, sizeof(double));
	s->solution = array_of(n, sizeof(double));
	s->upper = (float *) TYPEALIGN(64, array_of((order + 1) * width + 64,
												sizeof(float)));
	s->inverse = array_of(order, sizeof(float));
	s->place = array_of(s->n, sizeof(uint16));
	memset(s->place, 0xff, (Size) s->n * sizeof(uint16));
	s->mark = array_of(s->by_user.n_rows, sizeof(Mark));
	s->user = array_of(s->by_user.n_rows, sizeof(uint32));
	s->met = array_of(s->by_user.n_rows, sizeof(Met));
	s->list = array_of(0, sizeof(uint16));
	s->list_x = s->by_user.val ? array_of(0, sizeof(float)) : NULL;
}

/*
 * Do something with every column; the leader tells how far it is.
 */
static void
each_column(Sparse *s, void (*what) (Sparse *s, uint32 j))
{
	uint32		from;
	uint32		to;

	while (affinity_team_next(s->team, s->n, COLUMNS, &from, &to))
	{
		for (uint32 j = from; j < to; j++)
			what(s, j);
		if (affinity_team_leader(s->team))
			affinity_progress_done(to);
	}
	affinity_team_barrier(s->team);
}

AFFINITY_TEAM_JOB(sparse_job, affinity_ease_sparse_body);

void
affinity_ease_sparse_body(AffinityTeam *team)
{
	const EaseTask *task = affinity_team_region(team, EASE_TASK);
	int			workers = affinity_team_members(team) - 1;
	Sparse		s = {.task = task, .team = team, .n = task->n_items};

	s.blas = affinity_train_blas();
	s.dense = affinity_dense();
	s.n_candidates = task->options.candidates;
	affinity_team_matrix(team, task->matrix, &s.by_user, &s.by_item);
	s.user_factor = affinity_team_region(team, task->user_factor);
	s.penalty = affinity_team_region(team, task->penalty);
	find_regions(&s);
	allocate(&s);
	if (affinity_team_leader(team))
		choose_heads(&s);
	affinity_team_barrier(team);

	affinity_progress_phase("candidates", s.n, workers);
	each_column(&s, find_candidates);
	affinity_progress_phase("columns", s.n, workers);
	each_column(&s, solve_column);
	affinity_progress_phase("weights", s.n, workers);
	if (affinity_team_leader(team))
		transpose(&s);
	affinity_team_barrier(team);
	put_rows(&s);
}

void
affinity_ease_sparse_request(AffinityTeamRequest *request, EaseTask *task)
{
	Size		columns = column_bytes(task->n_items, task->options.candidates);
	Size		heads = triangle(n_heads(task->n_items)) * sizeof(float);

	request->job = &sparse_job;
	task->work[WORK_HEADS] = affinity_team_request_region(request, heads);
	task->work[WORK_ITEMS] =
		affinity_team_request_region(request, item_bytes(task->n_items));
	task->work[WORK_COLUMNS] = affinity_team_request_region(request, columns);
	task->work[WORK_ROWS] = affinity_team_request_region(request, columns);
}
