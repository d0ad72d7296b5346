/*
 * ease_dense.c
 *		The closed form of ease for catalogs whose matrix of all pairs of
 *		items fits into memory.
 *
 * Only the lower triangle of the symmetric matrix A = X'WX + L is kept, in
 * panels: panel i holds TILE rows of A up to their diagonal tile, by rows. It
 * is inverted in place by the symmetric sweep, one tile k of the diagonal
 * after the other:
 *
 *		A_kk = C C',  V_i = A_ik C^-T  for all i other than k,
 *		A_ij <- A_ij - V_i V_j',  A_ik <- V_i C^-1,  A_kk <- -(C C')^-1,
 *
 * which leaves -A^-1 (Gauss and Jordan by blocks; Bientinesi, Gunter and van
 * de Geijn, "Families of algorithms related to the inversion of a symmetric
 * positive definite matrix", 2008). It takes the n^3 operations of factoring,
 * inverting and multiplying, but in n / TILE rounds of the same large
 * product, so participants have enough to do to the end. The C are the
 * Cholesky factors' tiles: that they exist is the test for a matrix that can
 * be inverted.
 *
 * In reals where ease.c finds that their digits suffice, else in doubles.
 * Every tile is computed whole, by one participant and in one order, so
 * nothing depends on how many participants there are.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "miscadmin.h"
#include "utils/memutils.h"

#include "parallel/progress.h"
#include "linear/ease.h"

#define TILE		((uint32) 256)
#define WIDE		((uint32) 4)	/* tiles in a piece of the product */

/* Additions between two looks at interrupts: some milliseconds. */
#define WORK_PIECE	((int64) 1 << 20)

/* Regions in EaseTask.work. */
enum
{
	WORK_PANELS,
	WORK_COLUMN,				/* V: a tile's columns, by rows */
	WORK_FACTOR,				/* C */
	WORK_DIAGONAL				/* that A had */
};

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

static uint32
tiles_of(uint32 n_items)
{
	return n_items / TILE + (n_items % TILE > 0);
}

#define REAL		float
#define NAME(x)		x##_f4
#define BLAS(x)		s##x
#include "linear/ease_dense_template.h"

#define REAL		double
#define NAME(x)		x##_f8
#define BLAS(x)		d##x
#include "linear/ease_dense_template.h"

AFFINITY_TEAM_JOB(dense_job, affinity_linear_ease_dense_body);

void
affinity_linear_ease_dense_body(AffinityTeam *team)
{
	const EaseTask *task = affinity_parallel_region(team, EASE_TASK);

	if (task->single)
		dense_f4(team);
	else
		dense_f8(team);
}

/*
 * Bytes of the participants' regions, and of what each has of its own: a tile,
 * sums, scales, all weights of a chunk's items, and what chooses among them.
 */
Size
affinity_linear_ease_dense_bytes(uint32 n_items, bool single)
{
	uint32		tiles = tiles_of(n_items);
	Size		width = single ? sizeof(float) : sizeof(double);
	Size		own = TILE * TILE * width +
		n_items * (2 * sizeof(double) + EASE_CHUNK * sizeof(float) +
				   2 * sizeof(uint64) + sizeof(float) + sizeof(uint32));

	return (panel_offset(tiles) + (Size) TILE * TILE * (tiles + 1)) * width +
		n_items * sizeof(double) + (affinity_parallel_allowed() + 1) * own;
}

void
affinity_linear_ease_dense_request(AffinityTeamRequest *request, EaseTask *task)
{
	uint32		tiles = tiles_of(task->n_items);
	Size		width = task->single ? sizeof(float) : sizeof(double);
	Size		tile = TILE * TILE * width;

	request->job = &dense_job;
	task->work[WORK_PANELS] =
		affinity_parallel_request_region(request, panel_offset(tiles) * width);
	task->work[WORK_COLUMN] =
		affinity_parallel_request_region(request, tiles * tile);
	task->work[WORK_FACTOR] = affinity_parallel_request_region(request, tile);
	task->work[WORK_DIAGONAL] =
		affinity_parallel_request_region(request,
										 task->n_items * sizeof(double));
}
