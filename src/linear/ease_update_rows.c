/*
 * ease_update_rows.c
 *		Rows of the weights, where some columns were solved again.
 *
 * A solved column has weights in as many rows as it has candidates, so all of
 * them together in most rows, and to write rows is what costs. So a bounded
 * number is written: those of the items whose columns were solved, and those
 * that change scores most, by an item's users times how far its weights for
 * these columns are from what is stored. The others keep what they have until
 * the columns are solved again.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "miscadmin.h"

#include "kernel/csr.h"
#include "kernel/topk.h"
#include "linear/ease_update.h"

/* Rows that are written, beside those of these items. */
#define ONE_ROW_IN		3
#define ONE_REVISED_IN	5		/* where columns that stay are revised */
#define FEW_ROWS		2000

/* Rows of a new item's largest weights are written in any case. */
#define OF_NEW			10

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

/*
 * How far the weights of a row for the columns that were solved are from those
 * that are stored. What a full list lacks may have been as far from 0 as what is
 * nearest to it there. now is 0 for all items, and is again.
 */
static double
distance(EaseUpdate *s, uint32 i, float *now)
{
	AffinityUpdate *u = s->update;
	AffinityItemRow stored;
	double		least = 0;
	double		sum = 0;

	for (int64 e = s->start[i]; e < s->start[i + 1]; e++)
		now[s->item[s->row_column[e]].no] = s->row_weight[e];
	if (u->stored(u, s->item[i].no, &stored))
	{
		if (stored.n_neighbors >= (uint32) s->options.neighbors)
			least = DBL_MAX;
		for (uint32 a = 0; a < stored.n_neighbors; a++)
		{
			int32		column = stored.neighbor[a];

			least = Min(least, fabs((double) stored.score[a]));
			if (!s->is_stale[column])
				continue;
			sum += fabs((double) now[column] - stored.score[a]);
			now[column] = 0;
		}
	}
	for (int64 e = s->start[i]; e < s->start[i + 1]; e++)
	{
		float	   *weight = &now[s->item[s->row_column[e]].no];

		sum += Max(fabs((double) *weight) - least, 0);
		*weight = 0;
	}
	return sum;
}

/*
 * Those by which the scores of most users change most.
 */
static void
choose_rows(EaseUpdate *s)
{
	const AffinityUpdate *u = s->update;
	uint32		most = Max(FEW_ROWS, s->n / (s->revision ? ONE_REVISED_IN : ONE_ROW_IN));
	float	   *now = affinity_base_zeroed_array(u->n_items, sizeof(float));
	AffinityTopK top;

	choose_rows_of_new(s);
	affinity_kernel_topk_init(&top, s->key, Min(most, s->n),
							  (Size) s->n + 1);
	for (uint32 i = 0; i < s->n; i++)
	{
		double		change;

		CHECK_FOR_INTERRUPTS();
		s->item[i].is_written |= s->item[i].is_solved;
		if (s->item[i].is_written)
			continue;
		change = s->start[i] < s->start[i + 1] ? distance(s, i, now) : 0;
		if (s->revision)
			change += affinity_linear_ease_revised_by(s->revision,
													  s->item[i].no,
													  s->is_stale);
		change *= u->popularity[s->item[i].no];
		if (change > 0)
			affinity_kernel_topk_push(&top, affinity_kernel_rank_key((float) Min(change, FLT_MAX),
																	 i));
	}
	affinity_kernel_topk_finish(&top, s->scratch);
	for (size_t k = 0; k < top.n; k++)
		s->item[affinity_kernel_rank_key_no(top.key[k])].is_written = true;
	pfree(now);
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
	/* nor has one that is revised more than there are */
	if (s->revision)
		room += u->n_items;
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
		if (s->revision)
			affinity_linear_ease_revised(s->revision, s->item[i].no, &row);
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

/*
 * Choose and write them.
 */
void
affinity_linear_ease_update_rows(EaseUpdate *s)
{
	transpose(s);
	choose_rows(s);
	write_rows(s);
}
