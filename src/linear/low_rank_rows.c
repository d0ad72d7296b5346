/*
 * low_rank_rows.c
 *		What a low-rank part is added to: rows of lists or of a graph, in the
 *		order in which columns will be met.
 */
#include "postgres.h"

#include <float.h>

#include "miscadmin.h"
#include "utils/memutils.h"

#include "kernel/sparse.h"
#include "linear/low_rank_fold.h"

/* Additions between two looks at interrupts: some milliseconds. */
#define WORK_PIECE	((int64) 1 << 20)

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
affinity_linear_fold_rows_begin(Fold *f)
{
	const FoldTask *task = f->task;

	f->waiting = affinity_base_array(1, sizeof(Waiting));
	f->next = affinity_base_array((Size) BLOCK * f->n_pieces + 2,
								  sizeof(Size));
	if (task->has_graph)
	{
		begin_graph(f);
		return;
	}
	f->start = affinity_parallel_region(f->team, task->start);
	f->list_item = affinity_parallel_region(f->team, task->list_item);
	f->list_weight = affinity_parallel_region(f->team, task->list_weight);
}

/*
 * E of a block of rows, ready to be met.
 */
void
affinity_linear_fold_rows(Fold *f, uint32 first, uint32 n_rows)
{
	if (f->task->has_graph)
		sum_graph(f, first, n_rows);
	else
		find_lists(f, first, n_rows);
	sort_waiting(f, n_rows);
}
