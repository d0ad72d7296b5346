/*
 * ease_dense.c
 *		The closed form of ease for catalogues whose matrix of all pairs of items
 *		fits into memory.
 *
 * Only the lower triangle of the symmetric matrix A = X'WX + L is kept, in
 * double: panel i holds TILE rows of A up to their diagonal tile, by rows. It is
 * inverted in place by the symmetric sweep, one tile k of the diagonal after the
 * other:
 *
 *		A_kk = C C',  V_i = A_ik C^-T  for all i other than k,
 *		A_ij <- A_ij - V_i V_j',  A_ik <- V_i C^-1,  A_kk <- -(C C')^-1,
 *
 * which leaves -A^-1 (Gauss and Jordan by blocks; Bientinesi, Gunter and van de
 * Geijn, "Families of algorithms related to the inversion of a symmetric
 * positive definite matrix", 2008). It takes the n^3 operations of factoring,
 * inverting and multiplying, but in n / TILE rounds of the same large product,
 * so members have enough to do to the end. The C are the Cholesky factors'
 * tiles: that they exist is the test for a matrix that can be inverted.
 *
 * Every tile is computed whole, by one member and in one order, so nothing
 * depends on how many members there are.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "miscadmin.h"
#include "utils/memutils.h"

#include "train/ease.h"
#include "train/progress.h"

#define TILE		((uint32) 256)
/* Additions between two looks at interrupts: some milliseconds. */
#define WORK_PIECE	((int64) 1 << 20)

#define WIDE		((uint32) 4)	/* tiles in a piece of the product */

/* Regions in EaseTask.work. */
enum
{
	WORK_PANELS,
	WORK_COLUMN,				/* V: a tile's columns, by rows */
	WORK_FACTOR					/* C, then the diagonal that A had */
};

typedef struct Dense
{
	const EaseTask *task;
	const AffinityBlas *blas;
	AffinityTeam *team;
	AffinityCsr by_user;
	AffinityCsr by_item;
	const double *user_factor;
	const double *penalty;
	uint32		n;
	uint32		n_tiles;
	double	   *panels;
	double	   *column;
	double	   *factor;
	double	   *diagonal;		/* that A had */
	double	   *swap;			/* a member's own tile */

	/* rows */
	EaseChoice	choice;
	double	   *scale;			/* -1 / diagonal of -A^-1 */
	float	   *weight;			/* EASE_CHUNK rows of all weights */
} Dense;

static inline Size
panel_offset(uint32 panel)
{
	return (Size) TILE * TILE * ((Size) panel * (panel + 1) / 2);
}

/* Numbers from one row of a panel to the next. */
static inline int
panel_width(uint32 panel)
{
	return (int) ((panel + 1) * TILE);
}

static inline double *
tile_at(const Dense *d, uint32 i, uint32 j)
{
	return d->panels + panel_offset(i) + (Size) j * TILE;
}

static inline int
tile_rows(const Dense *d, uint32 i)
{
	return (int) Min(TILE, d->n - i * TILE);
}

static uint32
tiles_of(uint32 n_items)
{
	return n_items / TILE + (n_items % TILE > 0);
}

/*
 * Bytes of the members' regions.
 */
Size
affinity_ease_dense_bytes(uint32 n_items)
{
	uint32		tiles = tiles_of(n_items);

	return (panel_offset(tiles) + (Size) TILE * TILE * (tiles + 1) +
			TILE) * sizeof(double);
}

/* ---- the matrix --------------------------------------------------------- */

/*
 * Rows of the lower triangle of X'WX + L: the rows of an item's users, up to
 * the item.
 */
static void
fill_panels(Dense *d)
{
	uint32		from;
	uint32		to;
	int64		work = 0;

	while (affinity_team_next(d->team, d->n, EASE_CHUNK, &from, &to))
	{
		for (uint32 i = from; i < to; i++)
		{
			double	   *row = d->panels + panel_offset(i / TILE) +
				(Size) (i % TILE) * panel_width(i / TILE);

			for (int64 e = d->by_item.start[i]; e < d->by_item.start[i + 1]; e++)
			{
				uint32		user = d->by_item.col[e];
				int64		start = d->by_user.start[user];
				double		x = d->by_item.val ? d->by_item.val[e] : 1;

				work += affinity_sparse_add_below(row, d->by_user.col + start,
												  d->by_user.val ?
												  d->by_user.val + start : NULL,
												  d->by_user.start[user + 1] - start,
												  i, x * d->user_factor[user]);
				if (work >= WORK_PIECE)
				{
					CHECK_FOR_INTERRUPTS();
					work = 0;
				}
			}
			row[i] += d->penalty[i];
			d->diagonal[i] = row[i];
		}
		if (affinity_team_leader(d->team))
			affinity_progress_done(to);
	}
	affinity_team_barrier(d->team);
}

/* ---- the inverse -------------------------------------------------------- */

/*
 * C of a tile of the diagonal.
 */
static void
factor_tile(Dense *d, uint32 k)
{
	double	   *tile = tile_at(d, k, k);
	int			n = tile_rows(d, k);
	int			width = panel_width(k);
	int			info;

	/* by rows the lower triangle, by columns the upper one */
	d->blas->dpotrf("U", &n, tile, &width, &info, 1);
	if (info < 0)
		elog(ERROR, "dpotrf: argument %d is invalid", -info);
	if (info > 0)
		affinity_ease_singular(&d->task->options);
	for (int r = 0; r < n; r++)
	{
		double		c = tile[(Size) r * width + r];

		if (!(c * c > EASE_LEAST_PIVOT * d->diagonal[k * TILE + r]))
			affinity_ease_singular(&d->task->options);
		memcpy(d->factor + (Size) r * TILE, tile + (Size) r * width,
			   n * sizeof(double));
	}
}

static void
transpose(const double *from, int from_width, int rows, int columns,
		  double *to, int to_width)
{
	for (int r = 0; r < rows; r += 8)
	{
		for (int c = 0; c < columns; c++)
		{
			for (int s = r; s < Min(r + 8, rows); s++)
				to[(Size) c * to_width + s] = from[(Size) s * from_width + c];
		}
	}
}

/*
 * V_i = A_ik C^-T, for all i. What is above the diagonal is read from below it.
 */
static void
fill_column(Dense *d, uint32 k)
{
	uint32		i;
	uint32		end;
	int			columns = tile_rows(d, k);

	while (affinity_team_next(d->team, d->n_tiles, 1, &i, &end))
	{
		double	   *v = d->column + (Size) i * TILE * TILE;
		int			rows = tile_rows(d, i);

		if (i == k)
			continue;
		if (i > k)
			for (int r = 0; r < rows; r++)
				memcpy(v + (Size) r * TILE,
					   tile_at(d, i, k) + (Size) r * panel_width(i),
					   columns * sizeof(double));
		else
			transpose(tile_at(d, k, i), panel_width(k), columns, rows, v, TILE);
		d->blas->dtrsm(AFFINITY_BLAS_BY_ROWS, AFFINITY_BLAS_RIGHT,
					   AFFINITY_BLAS_LOWER, AFFINITY_BLAS_TRANSPOSED,
					   AFFINITY_BLAS_NON_UNIT, rows, columns, 1,
					   d->factor, TILE, v, TILE);
	}
	affinity_team_barrier(d->team);
}

/*
 * A_ij -= V_i V_j' for the tiles j = from to end - 1 of panel i.
 */
static void
subtract_product(Dense *d, uint32 i, uint32 from, uint32 end, int depth)
{
	const double *v = d->column + (Size) i * TILE * TILE;
	int			rows = tile_rows(d, i);
	uint32		rest = Min(end, i);	/* tiles below the diagonal */

	if (from < rest)
		d->blas->dgemm(AFFINITY_BLAS_BY_ROWS, AFFINITY_BLAS_AS_IS,
					   AFFINITY_BLAS_TRANSPOSED, rows,
					   (int) ((rest - from) * TILE), depth, -1, v, TILE,
					   d->column + (Size) from * TILE * TILE, TILE, 1,
					   tile_at(d, i, from), panel_width(i));
	if (from <= i && i < end)
		d->blas->dsyrk(AFFINITY_BLAS_BY_ROWS, AFFINITY_BLAS_LOWER,
					   AFFINITY_BLAS_AS_IS, rows, depth, -1, v, TILE, 1,
					   tile_at(d, i, i), panel_width(i));
}

/*
 * A_ik <- V_i C^-1, into where it is kept; A_kk <- -(C C')^-1.
 */
static void
finish_tile(Dense *d, uint32 i, uint32 k)
{
	int			rows = tile_rows(d, i);
	int			columns = tile_rows(d, k);
	const double *v = d->column + (Size) i * TILE * TILE;
	double	   *tile = i < k ? tile_at(d, k, i) : tile_at(d, i, k);
	int			width = panel_width(Max(i, k));
	int			info;

	if (i == k)
	{
		d->blas->dpotri("U", &rows, tile, &width, &info, 1);
		if (info != 0)
			elog(ERROR, "dpotri: unexpected info %d", info);
		for (int r = 0; r < rows; r++)
		{
			for (int c = 0; c <= r; c++)
				tile[(Size) r * width + c] *= -1;
		}
		return;
	}
	memcpy(d->swap, v, (Size) rows * TILE * sizeof(double));
	d->blas->dtrsm(AFFINITY_BLAS_BY_ROWS, AFFINITY_BLAS_RIGHT,
				   AFFINITY_BLAS_LOWER, AFFINITY_BLAS_AS_IS,
				   AFFINITY_BLAS_NON_UNIT, rows, columns, 1,
				   d->factor, TILE, d->swap, TILE);
	if (i < k)
		transpose(d->swap, TILE, rows, columns, tile, width);
	else
		for (int r = 0; r < rows; r++)
			memcpy(tile + (Size) r * width, d->swap + (Size) r * TILE,
				   columns * sizeof(double));
}

/*
 * One piece of the round's work: the tiles of column k first, then the products
 * of the other panels, the longest first, WIDE tiles at a time.
 */
static void
sweep_piece(Dense *d, uint32 piece, uint32 k)
{
	uint32		i = d->n_tiles;
	uint32		from;
	uint32		end;

	if (piece < d->n_tiles)
	{
		finish_tile(d, piece, k);
		return;
	}
	piece -= d->n_tiles;
	while (piece >= i / WIDE + (i % WIDE > 0))
	{
		piece -= i / WIDE + (i % WIDE > 0);
		i--;
	}
	i--;
	if (i == k)
		return;
	from = piece * WIDE;
	end = Min(from + WIDE, i + 1);
	if (from <= k && k < end)
	{
		if (from < k)
			subtract_product(d, i, from, k, tile_rows(d, k));
		from = k + 1;
	}
	if (from < end)
		subtract_product(d, i, from, end, tile_rows(d, k));
}

static void
sweep(Dense *d)
{
	uint32		n_pieces = d->n_tiles;
	uint32		piece;
	uint32		end;

	for (uint32 i = 1; i <= d->n_tiles; i++)
		n_pieces += i / WIDE + (i % WIDE > 0);
	for (uint32 k = 0; k < d->n_tiles; k++)
	{
		if (affinity_team_next(d->team, 1, 1, &piece, &end))
			factor_tile(d, k);
		affinity_team_barrier(d->team);
		fill_column(d, k);
		while (affinity_team_next(d->team, n_pieces, 1, &piece, &end))
			sweep_piece(d, piece, k);
		affinity_team_barrier(d->team);
		if (affinity_team_leader(d->team))
			affinity_progress_done(k + 1);
	}
}

/* ---- the rows ----------------------------------------------------------- */

/*
 * All weights of the items of a chunk, B_ij = -P_ij / P_jj, and their best.
 */
static void
produce_rows(void *state, uint32 chunk, void *slot)
{
	Dense	   *d = state;
	uint32		first = chunk * EASE_CHUNK;
	uint32		end = Min(first + EASE_CHUNK, d->n);
	uint32		panel = first / TILE;
	Size		stride = d->n;

	for (uint32 j = 0; j < d->n; j++)
	{
		const double *row = d->panels + panel_offset(j / TILE) +
			(Size) (j % TILE) * panel_width(j / TILE);

		for (uint32 i = first; i < Min(end, j); i++)
			d->weight[(i - first) * stride + j] = (float) (row[i] * d->scale[j]);
	}
	for (uint32 i = first; i < end; i++)
	{
		const double *row = d->panels + panel_offset(panel) +
			(Size) (i % TILE) * panel_width(panel);
		float	   *weight = d->weight + (i - first) * stride;

		for (uint32 j = 0; j < i; j++)
			weight[j] = (float) (row[j] * d->scale[j]);
		weight[i] = 0;
		affinity_ease_choose(&d->choice, weight, NULL, d->n, slot, i - first);
	}
}

static void
consume_rows(void *state, uint32 chunk, const void *slot)
{
	Dense	   *d = state;
	EaseLeader *leader = affinity_team_leader(d->team);

	affinity_ease_put(leader->sink, &d->by_item, d->choice.k, chunk, slot,
					  &leader->n_weights);
	affinity_progress_done((int64) chunk * EASE_CHUNK);
}

static void
put_rows(Dense *d)
{
	AffinityStream stream = {0};

	d->scale = palloc_extended(d->n * sizeof(double), MCXT_ALLOC_HUGE);
	d->weight = palloc_extended((Size) d->n * EASE_CHUNK * sizeof(float),
								MCXT_ALLOC_HUGE);
	for (uint32 i = 0; i < d->n; i++)
		d->scale[i] = -1 / (d->panels + panel_offset(i / TILE) +
							(Size) (i % TILE) * panel_width(i / TILE))[i];
	affinity_ease_choice_begin(&d->choice, d->task->options.neighbors, d->n);
	stream.n_chunks = (d->n + EASE_CHUNK - 1) / EASE_CHUNK;
	stream.slot_bytes = affinity_ease_slot_bytes(d->choice.k);
	stream.produce = produce_rows;
	stream.consume = consume_rows;
	stream.state = d;
	affinity_team_stream(d->team, d->task->rows, &stream);
}

/* ---- the team ----------------------------------------------------------- */

AFFINITY_TEAM_JOB(dense_job, affinity_ease_dense_body);

void
affinity_ease_dense_body(AffinityTeam *team)
{
	const EaseTask *task = affinity_team_region(team, EASE_TASK);
	int			workers = affinity_team_members(team) - 1;
	Dense		d = {.task = task, .team = team, .n = task->n_items};

	d.blas = affinity_train_blas();
	d.n_tiles = tiles_of(d.n);
	affinity_team_matrix(team, task->matrix, &d.by_user, &d.by_item);
	d.user_factor = affinity_team_region(team, task->user_factor);
	d.penalty = affinity_team_region(team, task->penalty);
	d.panels = affinity_team_region(team, task->work[WORK_PANELS]);
	d.column = affinity_team_region(team, task->work[WORK_COLUMN]);
	d.factor = affinity_team_region(team, task->work[WORK_FACTOR]);
	d.diagonal = d.factor + TILE * TILE;
	d.swap = palloc(TILE * TILE * sizeof(double));

	affinity_progress_phase("products of items", d.n, workers);
	fill_panels(&d);
	affinity_progress_phase("inverse", d.n_tiles, workers);
	sweep(&d);
	affinity_progress_phase("weights", d.n, workers);
	put_rows(&d);
}

void
affinity_ease_dense_request(AffinityTeamRequest *request, EaseTask *task)
{
	uint32		tiles = tiles_of(task->n_items);
	Size		tile = TILE * TILE * sizeof(double);

	request->job = &dense_job;
	task->work[WORK_PANELS] =
		affinity_team_request_region(request, panel_offset(tiles) *
									 sizeof(double));
	task->work[WORK_COLUMN] =
		affinity_team_request_region(request, tiles * tile);
	task->work[WORK_FACTOR] =
		affinity_team_request_region(request, tile +
									 task->n_items * sizeof(double));
}
