/*
 * ease_sparse.c
 *		ease for large catalogs: every column of the weights is learned over
 *		the best candidates for it.
 *
 * Column j of the closed form is the ridge regression of item j on all
 * others, (G_SS + L_S) b = G_Sj with G = X'WX and S all items but j. Here S
 * is the N items i with the largest G_ij / d_i^candidate_exponent, d being
 * the diagonal of X'X: the support is chosen as in fsSLIM (Ning and Karypis,
 * "SLIM: Sparse Linear Methods for Top-N Recommender Systems", 2011), the
 * columns are solved exactly. Where all other items share users with j and
 * are candidates it is the closed form itself.
 *
 * Three passes, each with all participants of the team (the second is in
 * ease_columns.c):
 *
 *	1.	candidates: a column of G as item_knn sums it up, and its N best; and
 *		the items most like it by attributes (ease_prior.c).
 *		Columns of the HEADS items with the most users are kept, as most
 *		candidates are among them.
 *	2.	columns: G_SS is looked up where both items are heads, else added up
 *		from the rows of the users of the others, who are few; then solved.
 *	3.	rows: the weights, transposed, and the best of each row.
 *
 * Sums are in double; what is kept of G and of the columns is rounded to
 * real.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "linear/ease_sparse.h"
#include "kernel/topk.h"
#include "parallel/progress.h"

/* Columns that a participant takes at a time. */
#define COLUMNS		16

/* Regions in EaseTask.work. */
enum
{
	WORK_HEADS,					/* the triangle of their products */
	WORK_ITEMS,					/* what is known of items: see item_bytes() */
	WORK_COLUMNS,				/* N items of each column, N weights */
	WORK_ROWS					/* the same, transposed */
};

/*
 * Heads for n columns out of those of all items: to learn the products of a
 * head costs about what a column does, so there are half as many, if this
 * limits them at all.
 */
uint32
affinity_linear_ease_heads(uint32 n_columns, uint32 n_items)
{
	uint32		heads = Min(n_items, HEADS);

	return n_columns < n_items ? Min(heads, n_columns / 2) : heads;
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
 * What a participant has of its own: marks, users met, sums and lists of
 * items, matrices of candidates in reals and in doubles.
 */
static Size
participant_bytes(uint32 n_users, uint32 n_items, uint32 candidates)
{
	Size		matrices = mul_size(mul_size(candidates, candidates),
									sizeof(float) + sizeof(double));

	Size		user = sizeof(Mark) + sizeof(Met) + 2 * sizeof(uint32) +
		2 * sizeof(float);
	Size		item = sizeof(double) + sizeof(uint32) + sizeof(float) +
		2 * sizeof(uint64) + sizeof(uint16);

	return add_size(matrices, add_size(mul_size(n_users, user),
									   mul_size(n_items, item)));
}

/*
 * Bytes of the participants' regions, and of their own.
 */
Size
affinity_linear_ease_sparse_bytes(uint32 n_users, uint32 n_items,
								  uint32 candidates)
{
	Size		bytes =
		add_size(affinity_linear_ease_triangle(Min(n_items, HEADS)) *
				 sizeof(float), item_bytes(n_items));

	bytes = add_size(bytes, mul_size(affinity_parallel_allowed() + 1,
									 participant_bytes(n_users, n_items,
													   candidates)));
	return add_size(bytes, mul_size(2, column_bytes(n_items, candidates)));
}

/* ---- heads ------------------------------------------------------------- */

/*
 * The leader: number the items with the most users, the most popular first:
 * so what is looked up most lies together.
 */
static void
choose_heads(EaseSparse *s)
{
	double		exponent = s->task->options.candidate_exponent;
	AffinityTopK top;

	affinity_kernel_topk_init(&top, s->key, s->task->n_heads, (Size) s->n + 1);
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
		if (s->task->n_heads > 0)
			affinity_kernel_topk_push(&top,
									  affinity_kernel_rank_key((float) users,
															   i));
		affinity_linear_ease_work(s, users);
	}
	if (s->task->n_heads == 0)
		return;
	affinity_kernel_topk_finish(&top, s->scratch);
	for (size_t h = 0; h < top.n; h++)
		s->head[affinity_kernel_rank_key_no(top.key[h])] = (uint32) h;
}

/* ---- pass 1: candidates ------------------------------------------------ */

/*
 * Column j of G, in sum; returns how many are not 0.
 */
static uint32
sum_column(EaseSparse *s, uint32 j)
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
			n_touched = affinity_kernel_sparse_add(s->sum, s->touched,
												   n_touched, s->by_user.col +
												   start, s->by_user.val ?
												   s->by_user.val + start :
												   NULL, n, x);
		affinity_linear_ease_work(s, n);
	}
	return n_touched;
}

/*
 * The products of a head with those before it.
 */
static void
keep_products(EaseSparse *s, uint32 j, uint32 n_touched)
{
	float	   *row = s->heads + affinity_linear_ease_triangle(s->head[j]);

	for (uint32 t = 0; t < n_touched; t++)
	{
		uint32		h = s->head[s->touched[t]];

		/* NO_HEAD is above all */
		if (h <= s->head[j])
			row[h] = (float) Min(s->sum[s->touched[t]], FLT_MAX);
	}
}

/*
 * Candidates of column j, whose products are in sum: heads first, by their
 * numbers, the others in order of item number.
 */
static void
choose_candidates(EaseSparse *s, uint32 j, uint32 n_touched)
{
	Size		place = affinity_linear_ease_place(s, j);
	uint32	   *item = s->column_item + place;
	float	   *product = s->column_weight + place;
	uint32		n;

	for (uint32 t = 0; t < n_touched; t++)
	{
		uint32		i = s->touched[t];
		double		score = s->sum[i] * s->right[i];

		s->score[t] = i == j ? 0 : (float) Min(score, FLT_MAX);
	}
	n = (uint32) affinity_kernel_select_scores(s->score, s->touched, n_touched,
											   s->task->options.candidates,
											   s->key);
	n = affinity_linear_ease_prior_candidates(s, j, n);
	for (uint32 c = 0; c < n; c++)
	{
		uint32		i = affinity_kernel_rank_key_no(s->key[c]);

		/* NO_HEAD is above all */
		s->key[c] = ~((uint64) s->head[i] << 32 | i);
	}
	affinity_kernel_sort_descending(s->key, n, s->scratch);
	for (uint32 c = 0; c < n; c++)
	{
		item[c] = (uint32) ~s->key[c];
		product[c] = (float) Min(s->sum[item[c]], FLT_MAX);
	}
	s->column_n[j] = n;
}

static void
find_candidates(EaseSparse *s, uint32 j)
{
	bool		due = affinity_linear_ease_is_due(s, j);
	uint32		n_touched;

	if (!due && s->head[j] == NO_HEAD)
		return;
	n_touched = sum_column(s, j);
	if (s->head[j] != NO_HEAD)
		keep_products(s, j, n_touched);
	if (due)
		choose_candidates(s, j, n_touched);
	for (uint32 t = 0; t < n_touched; t++)
		s->sum[s->touched[t]] = 0;
	affinity_linear_ease_work(s, n_touched);
}

/* ---- pass 3: rows ------------------------------------------------------ */

/*
 * The leader: the columns' weights by rows.
 */
static void
transpose(EaseSparse *s)
{
	int64	   *next = affinity_linear_ease_array(s->n, sizeof(int64));

	for (uint32 j = 0; j < s->n; j++)
	{
		const uint32 *item = s->column_item + (Size) j * s->n_candidates;

		for (uint32 a = 0; a < s->column_n[j]; a++)
			next[item[a]]++;
		affinity_linear_ease_work(s, s->column_n[j]);
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
		affinity_linear_ease_work(s, s->column_n[j]);
	}
	pfree(next);
}

static void
produce_rows(void *state, uint32 chunk, void *slot)
{
	EaseSparse *s = state;
	uint32		first = chunk * EASE_CHUNK;

	for (uint32 i = first; i < Min(first + EASE_CHUNK, s->n); i++)
	{
		if (affinity_linear_ease_prior_row(s, i, slot, i - first))
			continue;
		affinity_linear_ease_choose(&s->choice, s->row_weight + s->row_start[i],
									s->row_item + s->row_start[i],
									(uint32) (s->row_start[i + 1] -
											  s->row_start[i]), slot, i -
									first);
	}
}

static void
consume_rows(void *state, uint32 chunk, const void *slot)
{
	EaseSparse *s = state;
	EaseLeader *leader = affinity_parallel_leader(s->team);

	affinity_linear_ease_put(leader->sink, &s->by_item, s->choice.k, chunk,
							 slot, &leader->n_weights);
	affinity_parallel_progress_done((int64) chunk * EASE_CHUNK);
}

static void
put_rows(EaseSparse *s)
{
	AffinityStream stream = {0};

	affinity_linear_ease_choice_begin(&s->choice, s->team, s->n);
	stream.n_chunks = (s->n + EASE_CHUNK - 1) / EASE_CHUNK;
	stream.slot_bytes = affinity_linear_ease_slot_bytes(s->choice.k);
	stream.produce = produce_rows;
	stream.consume = consume_rows;
	stream.state = s;
	affinity_parallel_stream(s->team, s->task->rows, &stream);
}

/* ---- columns that are due ---------------------------------------------- */

/*
 * The leader: their weights, before the team's memory is gone.
 */
static void
take_columns(const EaseSparse *s, EaseLeader *leader)
{
	for (uint32 j = 0; j < s->n; j++)
	{
		Size		place = affinity_linear_ease_place(s, j);
		EaseSolved *to;

		affinity_base_look_up(j);
		if (!affinity_linear_ease_is_due(s, j))
			continue;
		to = &leader->solved[s->due[j]];
		to->n = s->column_n[j];
		to->item = affinity_base_array(to->n, sizeof(uint32));
		to->weight = affinity_base_array(to->n, sizeof(float));
		memcpy(to->item, s->column_item + place, to->n * sizeof(uint32));
		memcpy(to->weight, s->column_weight + place, to->n * sizeof(float));
	}
}

/* ---- the team ---------------------------------------------------------- */

/*
 * Where in the regions is what.
 */
static void
find_regions(EaseSparse *s)
{
	const int  *work = s->task->work;
	Size		entries = (Size) s->task->n_columns * s->n_candidates;

	s->heads = affinity_parallel_region(s->team, work[WORK_HEADS]);
	s->row_start = affinity_parallel_region(s->team, work[WORK_ITEMS]);
	s->diagonal = (double *) (s->row_start + s->n + 1);
	s->right = s->diagonal + s->n;
	s->head = (uint32 *) (s->right + s->n);
	s->column_n = s->head + s->n;
	s->column_item = affinity_parallel_region(s->team, work[WORK_COLUMNS]);
	s->column_weight = (float *) (s->column_item + entries);
	if (s->task->is_update)
	{
		s->due = affinity_parallel_region(s->team, s->task->due);
		return;
	}
	s->row_item = affinity_parallel_region(s->team, work[WORK_ROWS]);
	s->row_weight = (float *) (s->row_item + entries);
}

static void
allocate(EaseSparse *s)
{
	s->sum = affinity_linear_ease_array(s->n, sizeof(double));
	/* one entry more than items: see kernel/sparse.c */
	s->touched = affinity_linear_ease_array(s->n, sizeof(uint32));
	s->score = affinity_linear_ease_array(s->n, sizeof(float));
	s->key = affinity_linear_ease_array(s->n, sizeof(uint64));
	s->scratch = affinity_linear_ease_array(s->n, sizeof(uint64));
}

/*
 * Do something with every column; the leader tells how far it is.
 */
static void
each_column(EaseSparse *s, void (*what) (EaseSparse *s, uint32 j))
{
	uint32		from;
	uint32		to;

	while (affinity_parallel_next(s->team, s->n, COLUMNS, &from, &to))
	{
		for (uint32 j = from; j < to; j++)
			what(s, j);
		if (affinity_parallel_leader(s->team))
			affinity_parallel_progress_done(to);
	}
	affinity_parallel_barrier(s->team);
}

AFFINITY_TEAM_JOB(sparse_job, affinity_linear_ease_sparse_body);

void
affinity_linear_ease_sparse_body(AffinityTeam *team)
{
	const EaseTask *task = affinity_parallel_region(team, EASE_TASK);
	int			workers = affinity_parallel_participants(team) - 1;
	EaseSparse	s = {.task = task, .team = team, .n = task->n_items};

	s.n_candidates = affinity_linear_ease_most_candidates(task);
	affinity_parallel_matrix(team, task->matrix, &s.by_user, &s.by_item);
	s.user_factor = affinity_parallel_region(team, task->user_factor);
	s.penalty = affinity_parallel_region(team, task->penalty);
	s.output = affinity_parallel_region(team, task->output);
	find_regions(&s);
	allocate(&s);
	affinity_linear_ease_columns_begin(&s);
	if (affinity_parallel_leader(team))
		choose_heads(&s);
	affinity_parallel_barrier(team);

	affinity_parallel_progress_phase("candidates", s.n, workers);
	each_column(&s, find_candidates);
	if (affinity_parallel_leader(team))
		affinity_linear_ease_prior_settle(&s, affinity_parallel_leader(team));
	affinity_parallel_barrier(team);
	affinity_parallel_progress_phase("columns", s.n, workers);
	each_column(&s, affinity_linear_ease_solve_column);
	if (task->is_update)
	{
		if (affinity_parallel_leader(team))
			take_columns(&s, affinity_parallel_leader(team));
		return;
	}
	affinity_parallel_progress_phase("weights", s.n, workers);
	if (affinity_parallel_leader(team))
		transpose(&s);
	affinity_parallel_barrier(team);
	put_rows(&s);
}

void
affinity_linear_ease_sparse_request(AffinityTeamRequest *request,
									EaseTask *task)
{
	Size		columns =
		column_bytes(task->n_columns, affinity_linear_ease_most_candidates(task));
	Size		heads = affinity_linear_ease_triangle(task->n_heads) *
		sizeof(float);

	request->job = &sparse_job;
	task->work[WORK_HEADS] = affinity_parallel_request_region(request, heads);
	task->work[WORK_ITEMS] =
		affinity_parallel_request_region(request, item_bytes(task->n_items));
	task->work[WORK_COLUMNS] = affinity_parallel_request_region(request,
																columns);
	if (!task->is_update)
		task->work[WORK_ROWS] = affinity_parallel_request_region(request,
																 columns);
}
