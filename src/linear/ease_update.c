/*
 * ease_update.c
 *		Columns of sparse ease that are brought up to date without a training.
 *
 * A column is solved over its candidates alone, so those of items whose users
 * changed can be solved again while the others stay: each is the column of a
 * training on the same interactions. How many are solved is bounded; those
 * come first whose users changed by most, measured by the root of how many they
 * were, as what a weight lacks in certainty falls with that. The others wait,
 * and lose nothing by it.
 *
 * What is stored are rows. Of these, too, a bounded number is written: those
 * that are expected to change scores most, by an item's users times its weights
 * in the columns times how far these changed.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "miscadmin.h"

#include "kernel/csr.h"
#include "kernel/topk.h"
#include "linear/ease.h"

/* Columns that are solved: one in so many, or all of a few. */
#define ONE_COLUMN_IN	14
#define FEW_COLUMNS		500

/* Rows that are written, beside those of these items. */
#define ONE_ROW_IN		2
#define FEW_ROWS		2000

/* Rows of a new item's largest weights are written in any case. */
#define OF_NEW			10

/* Columns that are drawn to measure the drift by. */
#define DRAWN			8

/* What is known of an item of the matrix. */
typedef struct EaseItem
{
	uint32		no;				/* in the model */
	bool		is_solved;
	bool		is_written;		/* its row is */
	float		share;			/* of its users: those who are new */
} EaseItem;

typedef struct EaseUpdate
{
	AffinityUpdate *update;
	EaseOptions options;
	uint32		n;				/* items of the matrix */
	EaseItem   *item;
	uint32	   *column;			/* by item: number, or EASE_NOT_DUE */
	uint32		n_columns;		/* those that are drawn too */
	uint32		n_solved;
	uint32		drawn[DRAWN];	/* columns to measure the drift by */
	uint32		n_drawn;
	uint32	   *of_column;		/* the items */
	EaseSolved *solved;
	bool	   *is_stale;		/* by number in the model: its column was
								 * solved */

	/* weights of the columns by rows */
	int64	   *start;
	uint32	   *row_column;
	float	   *row_weight;
	uint64	   *key;
	uint64	   *scratch;
} EaseUpdate;

/*
 * Where all items are learned at once, or times change what every row counts,
 * only a training does.
 */
AffinityUpdateWay
affinity_linear_ease_update_way(const void *options)
{
	const EaseOptions *o = options;

	return o->method == EASE_DENSE || o->times.half_life > 0 ||
		o->times.trend > 0 || (o->rank > o->skip && o->rank_weight > 0) ?
		AFFINITY_UPDATE_NOT : AFFINITY_UPDATE_WHOLE;
}

/*
 * What the training settled on.
 */
static void
settle(EaseUpdate *s)
{
	AffinityUpdate *u = s->update;
	EaseOptions *o = &s->options;

	o->method = EASE_SPARSE;
	o->regularization = u->figure(u, "regularization");
	o->user_exponent = u->figure(u, "user_exponent");
	o->regularization_exponent = u->figure(u, "regularization_exponent");
	if (!(o->regularization >= 0 && o->user_exponent >= 0 &&
		  o->regularization_exponent >= 0))
		affinity_train_damaged(NULL, "the model lacks the figures of its training");
	o->neighbors = Min(o->neighbors, (int32) u->n_items);
	o->candidates = Min(o->candidates, (int32) s->n);
}

/* ---- which columns ------------------------------------------------------ */

static void
add_column(EaseUpdate *s, uint32 i)
{
	s->column[i] = s->n_columns;
	s->of_column[s->n_columns++] = i;
}

/*
 * Those of items that are due, as many as may be; the others are due the next
 * time.
 */
static void
choose_columns(EaseUpdate *s)
{
	AffinityUpdate *u = s->update;
	uint32		most = Max(FEW_COLUMNS, s->n / ONE_COLUMN_IN) +
		(u->n_items - u->n_known);
	AffinityTopK top;

	affinity_kernel_topk_init(&top, s->key, Min(most, s->n),
							  (Size) s->n + 1);
	for (uint32 i = 0; i < s->n; i++)
	{
		EaseItem   *item = &s->item[i];
		double		users = u->popularity[item->no];
		double		change = fabs(users - u->stored_users[item->no]);

		affinity_base_look_up(i);
		if (item->no >= u->n_known)
		{
			item->share = 1;
			affinity_kernel_topk_push(&top,
									  affinity_kernel_rank_key(FLT_MAX, i));
			continue;
		}
		item->share = (float) Min(change / Max(users, 1), 1);
		if (u->due[item->no])
			affinity_kernel_topk_push(&top, affinity_kernel_rank_key((float) (change / sqrt(Max(users, 1))),
																	 i));
		u->due[item->no] = false;
	}
	affinity_kernel_topk_finish(&top, s->scratch);
	for (size_t k = 0; k < top.n; k++)
	{
		uint32		i = affinity_kernel_rank_key_no(top.key[k]);

		s->item[i].is_solved = true;
		s->is_stale[s->item[i].no] = true;
		add_column(s, i);
	}
	s->n_solved = s->n_columns;
}

/*
 * And some to measure the drift by.
 */
static void
draw_columns(EaseUpdate *s)
{
	uint64		x = (uint64) s->update->n_refreshes + 1;

	for (int i = 0; s->update->measure && i < DRAWN; i++)
	{
		uint32		drawn;

		x = x * UINT64CONST(6364136223846793005) +
			UINT64CONST(1442695040888963407);
		drawn = (uint32) ((x >> 33) % s->n);
		if (s->column[drawn] == EASE_NOT_DUE)
			add_column(s, drawn);
		s->drawn[s->n_drawn++] = s->column[drawn];
	}
}

/* ---- which rows --------------------------------------------------------- */

/*
 * The weights of the columns that were solved, by rows.
 */
static void
transpose(EaseUpdate *s)
{
	int64	   *next = affinity_base_zeroed_array((Size) s->n + 1,
												  sizeof(int64));

	s->start = affinity_base_array((Size) s->n + 1, sizeof(int64));
	for (uint32 c = 0; c < s->n_solved; c++)
	{
		for (uint32 a = 0; a < s->solved[c].n; a++)
			next[s->solved[c].item[a]]++;
	}
	affinity_kernel_csr_offsets(next, s->n, s->start);
	memcpy(next, s->start, s->n * sizeof(int64));
	s->row_column = affinity_base_array(s->start[s->n], sizeof(uint32));
	s->row_weight = affinity_base_array(s->start[s->n], sizeof(float));
	for (uint32 c = 0; c < s->n_solved; c++)
	{
		affinity_base_look_up(c);
		for (uint32 a = 0; a < s->solved[c].n; a++)
		{
			int64		at = next[s->solved[c].item[a]]++;

			s->row_column[at] = s->of_column[c];
			s->row_weight[at] = s->solved[c].weight[a];
		}
	}
	pfree(next);
}

/*
 * Rows without which a new item could not be recommended.
 */
static void
choose_rows_of_new(EaseUpdate *s)
{
	for (uint32 c = 0; c < s->n_solved; c++)
	{
		const EaseSolved *solved = &s->solved[c];
		AffinityTopK top;

		if (s->item[s->of_column[c]].no < s->update->n_known)
			continue;
		affinity_kernel_topk_init(&top, s->key, OF_NEW, (Size) s->n + 1);
		for (uint32 a = 0; a < solved->n; a++)
		{
			if (solved->weight[a] > 0)
				affinity_kernel_topk_push(&top, affinity_kernel_rank_key(solved->weight[a],
																		 solved->item[a]));
		}
		affinity_kernel_topk_finish(&top, s->scratch);
		for (size_t k = 0; k < top.n; k++)
			s->item[affinity_kernel_rank_key_no(top.key[k])].is_written = true;
	}
}

static void
choose_rows(EaseUpdate *s)
{
	const AffinityUpdate *u = s->update;
	uint32		most = Max(FEW_ROWS, s->n / ONE_ROW_IN);
	AffinityTopK top;

	choose_rows_of_new(s);
	affinity_kernel_topk_init(&top, s->key, Min(most, s->n),
							  (Size) s->n + 1);
	for (uint32 i = 0; i < s->n; i++)
	{
		double		change = 0;

		s->item[i].is_written |= s->item[i].is_solved;
		for (int64 e = s->start[i]; e < s->start[i + 1]; e++)
			change += fabs((double) s->row_weight[e]) *
				s->item[s->row_column[e]].share;
		change *= u->popularity[s->item[i].no];
		affinity_base_look_up(i);
		if (!s->item[i].is_written && change > 0)
			affinity_kernel_topk_push(&top, affinity_kernel_rank_key((float) Min(change, FLT_MAX),
																	 i));
	}
	affinity_kernel_topk_finish(&top, s->scratch);
	for (size_t k = 0; k < top.n; k++)
		s->item[affinity_kernel_rank_key_no(top.key[k])].is_written = true;
}

/*
 * What a row keeps of n weights in the order of a list: no more than the option
 * allows, those nearest to 0 falling out. Returns how many.
 */
static uint32
keep_farthest(EaseUpdate *s, uint32 n)
{
	uint32		most = (uint32) s->options.neighbors;
	uint32		to = 0;			/* below 0 from here on */
	uint32		from;

	if (n <= most)
		return n;
	while (to < n && affinity_kernel_rank_key_score(s->key[to]) > 0)
		to++;
	from = to;
	for (uint32 left = n - most; left > 0; left--)
	{
		if (from == n || (to > 0 &&
						  affinity_kernel_rank_key_score(s->key[to - 1]) <
						  -affinity_kernel_rank_key_score(s->key[from])))
			to--;
		else
			from++;
	}
	memmove(s->key + to, s->key + from, (n - from) * sizeof(uint64_t));
	return most;
}

/*
 * The list of a row: what is stored, but for the columns that were solved, and
 * what these say. Both are in order, or nearly.
 */
static uint32
merge_row(EaseUpdate *s, uint32 i, const AffinityItemRow *stored)
{
	uint64	   *kept = s->scratch;
	uint64	   *added;
	uint32		n_kept = 0;
	uint32		n_added = 0;
	uint32		n = 0;
	bool		in_order = true;

	for (uint32 a = 0; a < stored->n_neighbors; a++)
	{
		if (s->is_stale[stored->neighbor[a]] ||
			!(fabsf(stored->score[a]) > 0))
			continue;
		kept[n_kept] = affinity_kernel_rank_key(stored->score[a],
												(uint32) stored->neighbor[a]);
		in_order &= n_kept == 0 || kept[n_kept] < kept[n_kept - 1];
		n_kept++;
	}
	/* whoever owns the model may have written it */
	if (!in_order)
		affinity_kernel_sort_descending(kept, n_kept, s->key);
	added = kept + n_kept;
	for (int64 e = s->start[i]; e < s->start[i + 1]; e++)
	{
		if (s->row_weight[e] != 0)
			added[n_added++] = affinity_kernel_rank_key(s->row_weight[e],
														s->item[s->row_column[e]].no);
	}
	affinity_kernel_sort_descending(added, n_added, s->key);
	for (uint32 a = 0, b = 0; a < n_kept || b < n_added;)
		s->key[n++] = b == n_added ||
			(a < n_kept && kept[a] > added[b]) ? kept[a++] : added[b++];
	return keep_farthest(s, n);
}

static void
write_rows(EaseUpdate *s)
{
	AffinityUpdate *u = s->update;
	uint32		room = 0;
	int32	   *best;
	float	   *score;

	/* a stored list has no more than the option allows: see u->stored */
	for (uint32 i = 0; i < s->n; i++)
		room = Max(room, (uint32) (s->start[i + 1] - s->start[i]));
	room += PG_UINT16_MAX;
	pfree(s->key);
	pfree(s->scratch);
	s->key = affinity_base_array(room, sizeof(uint64));
	s->scratch = affinity_base_array(room, sizeof(uint64));
	best = affinity_base_array(s->options.neighbors, sizeof(int32));
	score = affinity_base_array(s->options.neighbors, sizeof(float));
	for (uint32 i = 0; i < s->n; i++)
	{
		AffinityItemRow row = {0};
		uint32		n;

		if (!s->item[i].is_written)
			continue;
		CHECK_FOR_INTERRUPTS();
		if (!u->stored(u, s->item[i].no, &row))
			row.n_neighbors = 0;
		n = merge_row(s, i, &row);
		memset(&row, 0, sizeof(row));
		row.item = s->item[i].no;
		row.n_neighbors = n;
		for (uint32 a = 0; a < n; a++)
		{
			best[a] = (int32) affinity_kernel_rank_key_no(s->key[a]);
			score[a] = affinity_kernel_rank_key_score(s->key[a]);
		}
		row.neighbor = best;
		row.score = score;
		row.users_wait = !s->item[i].is_solved;
		u->put(u, &row);
	}
}

/* ---- the drift ---------------------------------------------------------- */

/*
 * The weight that the model has in a row for a column.
 */
static double
stored_weight(AffinityUpdate *u, uint32 row, uint32 column)
{
	AffinityItemRow stored;

	if (!u->stored(u, row, &stored))
		return 0;
	for (uint32 a = 0; a < stored.n_neighbors; a++)
	{
		if ((uint32) stored.neighbor[a] == column)
			return stored.score[a];
	}
	return 0;
}

/*
 * The part by which the weights of the model differ in the columns that were
 * drawn; of those that were solved it lacks what is in rows that were not
 * written.
 */
static void
measure(EaseUpdate *s)
{
	AffinityUpdate *u = s->update;
	double		size = 0;
	double		far = 0;

	for (uint32 d = 0; d < s->n_drawn; d++)
	{
		uint32		c = s->drawn[d];
		const EaseSolved *solved = &s->solved[c];

		for (uint32 a = 0; a < solved->n; a++)
		{
			double		weight = solved->weight[a];

			CHECK_FOR_INTERRUPTS();
			far += fabs(weight - stored_weight(u, s->item[solved->item[a]].no,
											   s->item[s->of_column[c]].no));
			size += fabs(weight);
		}
	}
	if (size > 0)
		u->drift = Min(far / size, 1);
}

/* ---- the whole ---------------------------------------------------------- */

static void
begin(EaseUpdate *s)
{
	const AffinityUpdate *u = s->update;

	s->n = u->now->n_items;
	s->item = affinity_base_zeroed_array(s->n, sizeof(EaseItem));
	s->column = affinity_base_array(s->n, sizeof(uint32));
	memset(s->column, 0xFF, s->n * sizeof(uint32));
	s->of_column = affinity_base_array((Size) s->n + DRAWN, sizeof(uint32));
	s->is_stale = affinity_base_zeroed_array(u->n_items, sizeof(bool));
	s->key = affinity_base_array((Size) s->n + 1, sizeof(uint64));
	s->scratch = affinity_base_array((Size) s->n + 1, sizeof(uint64));
	for (uint32 i = 0; i < s->n; i++)
		s->item[i].no = u->now_no[i];
}

/*
 * Bring a model up to date.
 */
void
affinity_linear_ease_update(AffinityUpdate *u, const void *options)
{
	EaseUpdate	s = {.update = u, .options = *(const EaseOptions *) options};
	EaseTask	task = {0};
	EaseLeader	leader = {0};

	begin(&s);
	settle(&s);
	choose_columns(&s);
	draw_columns(&s);
	if (s.n_columns == 0)
		return;
	s.solved = leader.solved = affinity_base_zeroed_array(s.n_columns,
														  sizeof(EaseSolved));
	task.options = s.options;
	task.n_users = u->now->by_user.n_rows;
	task.n_items = s.n;
	task.n_columns = s.n_columns;
	(void) affinity_train_blas();
	affinity_linear_weigh(&u->now->by_user, s.options.weights);
	affinity_linear_weigh(&u->now->by_item, s.options.weights);
	affinity_linear_ease_learn(u->now, &task, NULL, s.column, &leader);
	transpose(&s);
	choose_rows(&s);
	write_rows(&s);
	measure(&s);
}
