/*
 * filter.c
 *		Multiplications of a subspace: plain ones, or a polynomial.
 *
 * The polynomial needs no other vectors, so a participant takes some columns
 * and goes through all its degrees with them.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "spectrum/subspace.h"

/* Entries between two looks at interrupts: some milliseconds. */
#define PIECE			((int64) 1 << 17)

/*
 * out = A x
 */
static void
apply(const Subspace *s, const float *x, float *out)
{
	const int64 *start = s->graph.by_user.start;
	uint32		n = s->graph.by_user.n_rows;

	affinity_base_zero(out, (Size) s->n * TILE * sizeof(float));
	for (uint32 from = 0, to; from < n; from = to)
	{
		CHECK_FOR_INTERRUPTS();
		for (to = from + 1; to < n && start[to + 1] - start[from] <= PIECE;)
			to++;
		affinity_kernel_graph_apply(&s->graph, from, to, x, out);
	}
}

/*
 * Columns of the basis; random numbers in the beginning.
 */
static void
load(const Subspace *s, uint32 column, uint32 n_columns, float *x)
{
	const SpectrumTask *task = s->task;

	for (uint32 i = 0; i < s->n; i++)
	{
		Size		at = (Size) i * task->width + column;
		float	   *row = x + (Size) i * TILE;

		affinity_base_look_up(i);
		for (uint32 c = 0; c < TILE; c++)
		{
			if (c >= n_columns)
				row[c] = 0;
			else if (task->round > 0)
				row[c] = s->basis[at + c];
			else
			{
				uint64		bits =
					affinity_base_splitmix64((at + c + 1) *
											 AFFINITY_SPLITMIX64_STEP);

				row[c] = (float) (bits >> 40) / (1 << 23) - 1;
			}
		}
	}
}

static void
store(const Subspace *s, uint32 column, uint32 n_columns, const float *x,
	  const float *scale, float *to)
{
	for (uint32 i = 0; i < s->n; i++)
	{
		const float *row = x + (Size) i * TILE;
		float	   *out = to + (Size) i * s->task->width + column;

		affinity_base_look_up(i);
		for (uint32 c = 0; c < n_columns; c++)
			out[c] = row[c] * scale[c];
	}
}

/*
 * 1 / length of each column.
 */
static void
lengths(const Subspace *s, const float *x, float *inverse)
{
	double		sum[TILE] = {0};

	for (uint32 i = 0; i < s->n; i++)
	{
		affinity_base_look_up(i);
		for (uint32 c = 0; c < TILE; c++)
			sum[c] += (double) x[(Size) i * TILE + c] *
				x[(Size) i * TILE + c];
	}
	for (uint32 c = 0; c < TILE; c++)
		inverse[c] = sum[c] > 0 ? (float) (1 / sqrt(sum[c])) : 0;
}

/*
 * The polynomial of some columns, then A times these.
 */
static void
filter_tile(Subspace *s, uint32 column)
{
	const SpectrumTask *task = s->task;
	uint32		n_columns = Min(TILE, task->active - column);
	Size		numbers = (Size) s->n * TILE;
	float	   *before = s->tile[0];
	float	   *now = s->tile[1];
	float	   *next = s->tile[2];
	float		scale[TILE];

	load(s, column, n_columns, now);
	if (task->degree == 0)
	{
		int			most = task->power > 0 ?
			task->power - SPECTRUM_POWER * task->round : SPECTRUM_POWER;

		for (int d = 0; d < Min(SPECTRUM_POWER, most); d++)
		{
			float	   *swap = now;

			apply(s, now, next);
			now = next;
			next = swap;
		}
	}
	else
		affinity_base_zero(before, numbers * sizeof(float));
	/* T_0 = 1, T_1 = t, T_d+1 = 2 t T_d - T_d-1 with t = 2 A / cut - 1 */
	for (int d = 0; d < task->degree; d++)
	{
		float		times = d == 0 ? 1 : 2;
		float	   *swap = before;

		apply(s, now, next);
		CHECK_FOR_INTERRUPTS();
		affinity_kernel_graph_combine(next, now, numbers,
									  times * 2 / task->cut, -times, before);
		before = now;
		now = swap;
	}
	lengths(s, now, scale);
	store(s, column, n_columns, now, scale, s->basis);
	apply(s, now, next);
	store(s, column, n_columns, next, scale, s->product);
}

/*
 * All items there are, where the basis has room for them.
 */
static void
unit_tile(Subspace *s, uint32 column)
{
	uint32		n_columns = Min(TILE, s->task->active - column);
	float	   *x = s->tile[0];
	float		scale[TILE];

	affinity_base_zero(x, (Size) s->n * TILE * sizeof(float));
	for (uint32 c = 0; c < TILE; c++)
		scale[c] = 1;
	for (uint32 c = 0; c < n_columns; c++)
		x[(Size) (column + c) * TILE + c] = 1;
	store(s, column, n_columns, x, scale, s->basis);
	apply(s, x, s->tile[1]);
	store(s, column, n_columns, s->tile[1], scale, s->product);
}

void
affinity_spectrum_filter(Subspace *s)
{
	uint32		from;
	uint32		to;

	while (affinity_parallel_next(s->team, s->task->active, TILE, &from, &to))
	{
		if (s->task->width == s->n)
			unit_tile(s, from);
		else
			filter_tile(s, from);
	}
	affinity_parallel_barrier(s->team);
}
