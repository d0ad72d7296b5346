/*
 * subspace.c
 *		A subspace that is drawn towards the first eigenvectors, in rounds.
 *
 * It begins as some random vectors more than are wanted. Each round multiplies
 * them with a polynomial of the matrix A that is large where eigenvalues are
 * and small on [0, cut], cut being the last eigenvalue that the subspace has
 * (Chebyshev's polynomials; Zhou, Saad, Tiago and Chelikowsky,
 * "Self-consistent-field calculations using Chebyshev-filtered subspace
 * iteration", 2006), and takes from what comes out the vectors nearest to
 * eigenvectors (ritz.c). It ends when eigenvalues stand still.
 *
 * Where a number of multiplications is asked for, there are so many and no
 * polynomial: the subspace is rough then, and has a part of eigenvectors beyond
 * its rank (Halko, Martinsson and Tropp, "Finding structure with randomness",
 * 2011).
 *
 * Vectors are reals, all products of vectors are summed in double. The degree
 * of the polynomial is such that the first eigenvector gains no more than
 * MOST_GAIN over the last one: with more, rounding errors would bring it into
 * the others.
 *
 * Products are cut by columns of the result, rotations by rows. Every number is
 * one participant's work, in an order of its own.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/memutils.h"

#include "parallel/progress.h"
#include "spectrum/subspace.h"

#define MOST_GAIN		1e7
#define MOST_DEGREE		8

/* Eigenvalues below this part of the first one are damped by its measure. */
#define LEAST_CUT		1e-3

/* The rounds that there are at most, and when eigenvalues stand still. */
#define MOST_ROUNDS		6
#define STANDS_STILL	1e-3

/* Columns of a product that a participant takes, and rows at a time. */
#define GRAM_COLUMNS	((uint32) 64)
#define ROWS			((uint32) 1024)

/* Multiplications of a rotation between two looks at interrupts. */
#define ROTATION_PIECE	((Size) 1 << 29)

/* ---- products ---------------------------------------------------------- */

/*
 * Rows of a matrix of reals in double, from a column on.
 */
static void
widen(const float *from, uint32 width, uint32 row, uint32 n_rows,
	  uint32 column, uint32 n_columns, double *to)
{
	for (uint32 i = 0; i < n_rows; i++)
	{
		const float *x = from + (Size) (row + i) * width + column;

		for (uint32 c = 0; c < n_columns; c++)
			to[(Size) i * n_columns + c] = x[c];
	}
}

/*
 * Some columns of G and H, from the diagonal down.
 */
static void
gram_columns(Subspace *s, uint32 column, uint32 end)
{
	uint32		width = s->task->width;
	uint32		below = s->task->active - column;
	uint32		n = end - column;

	for (uint32 row = 0; row < s->n; row += ROWS)
	{
		uint32		n_rows = Min(ROWS, s->n - row);
		double		beta = row > 0;

		CHECK_FOR_INTERRUPTS();
		widen(s->basis, width, row, n_rows, column, below, s->rows);
		widen(s->product, width, row, n_rows, column, n, s->more);
		affinity_train_blas_ready();
		s->blas->dgemm(AFFINITY_BLAS_BY_ROWS, AFFINITY_BLAS_TRANSPOSED,
					   AFFINITY_BLAS_AS_IS, (int) below, (int) n, (int) n_rows,
					   1, s->rows, (int) below, s->rows, (int) below, beta,
					   s->sum[0], (int) n);
		CHECK_FOR_INTERRUPTS();
		affinity_train_blas_ready();
		s->blas->dgemm(AFFINITY_BLAS_BY_ROWS, AFFINITY_BLAS_TRANSPOSED,
					   AFFINITY_BLAS_AS_IS, (int) below, (int) n, (int) n_rows,
					   1, s->rows, (int) below, s->more, (int) n, beta,
					   s->sum[1], (int) n);
	}
	for (uint32 i = 0; i < below; i++)
	{
		for (uint32 j = 0; j < Min(n, i + 1); j++)
		{
			Size		at = (Size) (column + i) * width + column + j;

			s->gram[at] = s->sum[0][(Size) i * n + j];
			s->h[at] = s->sum[1][(Size) i * n + j];
		}
	}
}

static void
multiply(Subspace *s)
{
	uint32		from;
	uint32		to;

	while (affinity_parallel_next(s->team, s->task->active, GRAM_COLUMNS,
								  &from, &to))
		gram_columns(s, from, to);
	affinity_parallel_barrier(s->team);
}

/*
 * X = X M
 */
static void
rotate(Subspace *s)
{
	uint32		width = s->task->width;
	uint32		active = s->task->active;
	uint32		kept = s->task->kept;
	uint32		piece = (uint32) (ROTATION_PIECE / ((Size) width * width));
	uint32		from;
	uint32		to;

	piece = Max(Min(piece, ROWS), 32);
	while (affinity_parallel_next(s->team, s->n, piece, &from, &to))
	{
		widen(s->basis, width, from, to - from, 0, active, s->rows);
		affinity_train_blas_ready();
		s->blas->dgemm(AFFINITY_BLAS_BY_ROWS, AFFINITY_BLAS_AS_IS,
					   AFFINITY_BLAS_TRANSPOSED, (int) (to - from), (int) kept,
					   (int) active, 1, s->rows, (int) active, s->rotation,
					   (int) width, 0, s->more, (int) kept);
		for (uint32 i = 0; i < to - from; i++)
		{
			float	   *out = s->basis + (Size) (from + i) * width;

			for (uint32 c = 0; c < kept; c++)
				out[c] = (float) s->more[(Size) i * kept + c];
		}
	}
	affinity_parallel_barrier(s->team);
}

/* ---- rounds ------------------------------------------------------------ */

/*
 * The leader: eigenvectors of the subspace, and what comes next.
 */
static void
decide(Subspace *s)
{
	SpectrumTask *task = s->task;
	SpectrumRitz ritz = {.n = task->active, .width = task->width};
	double		change = 0;
	double		gain;
	double		cut;

	ritz.gram = s->gram;
	ritz.product = s->h;
	ritz.rotation = s->rotation;
	ritz.value = s->value;
	affinity_spectrum_ritz(&ritz);
	for (uint32 i = 0; i < Min(ritz.found, task->rank); i++)
	{
		if (task->round == 0)
			change = 1;
		else
			change = Max(change, fabs(s->value[i] - s->before[i]) / s->value[0]);
	}
	memcpy(s->before, s->value, ritz.found * sizeof(double));
	task->done = ritz.found == 0 || task->width == s->n ||
		(task->power > 0 ? task->power <= SPECTRUM_POWER * (task->round + 1) :
		 change <= STANDS_STILL || task->round + 1 >= MOST_ROUNDS);
	task->kept = task->done ? Min(ritz.found, task->rank) : ritz.found;
	if (task->done || task->power > 0)
		return;
	cut = Max(s->value[ritz.found - 1], LEAST_CUT * s->value[0]);
	gain = acosh(MOST_GAIN) / acosh(Max(2 * s->value[0] / cut - 1, 1.001));
	task->cut = (float) cut;
	task->degree = (int) Max(Min(gain, MOST_DEGREE), 1);
}

AFFINITY_TEAM_JOB(subspace_job, affinity_spectrum_subspace_body);

static void
find_regions(Subspace *s)
{
	const SpectrumTask *task = s->task;
	AffinityTeam *team = s->team;
	Size		square = (Size) task->width * task->width;

	s->graph.by_user.n_rows = task->n_users;
	s->graph.by_user.n_cols = task->n_items;
	s->graph.by_user.start = affinity_parallel_region(team, task->start);
	s->graph.by_user.col = affinity_parallel_region(team, task->col);
	if (task->has_values)
		s->graph.by_user.val = affinity_parallel_region(team, task->val);
	s->graph.user_factor = affinity_parallel_region(team, task->user_factor);
	s->graph.item_scale = affinity_parallel_region(team, task->item_scale);
	s->basis = affinity_parallel_region(team, task->basis);
	s->product = affinity_parallel_region(team, task->product);
	s->gram = affinity_parallel_region(team, task->gram);
	s->h = s->gram + square;
	s->rotation = s->h + square;
	s->value = affinity_parallel_region(team, task->value);
}

static void
allocate(Subspace *s)
{
	uint32		width = s->task->width;

	for (int t = 0; t < 3; t++)
	{
		float	   *tile = affinity_base_array((Size) s->n * TILE + TILE,
											   sizeof(float));

		s->tile[t] = (float *) TYPEALIGN(64, tile);
	}
	s->rows = affinity_base_array((Size) ROWS * width, sizeof(double));
	s->more = affinity_base_array((Size) ROWS * width, sizeof(double));
	for (int t = 0; t < 2; t++)
		s->sum[t] = affinity_base_array((Size) width * GRAM_COLUMNS,
										sizeof(double));
	s->before = affinity_base_array(width, sizeof(double));
}

void
affinity_spectrum_subspace_body(AffinityTeam *team)
{
	SpectrumTask *task = affinity_parallel_region(team, SPECTRUM_TASK);
	Subspace	s = {.team = team, .task = task, .n = task->n_items};
	bool		done;

	find_regions(&s);
	allocate(&s);
	s.blas = affinity_train_blas();
	affinity_parallel_progress_phase("spectrum", 0,
									 affinity_parallel_participants(team) - 1);
	do
	{
		affinity_spectrum_filter(&s);
		multiply(&s);
		if (affinity_parallel_leader(team))
			decide(&s);
		affinity_parallel_barrier(team);
		rotate(&s);
		done = task->done;
		affinity_parallel_barrier(team);
		if (affinity_parallel_leader(team))
		{
			task->active = task->kept;
			task->round++;
			affinity_parallel_progress_done(task->round);
		}
		affinity_parallel_barrier(team);
	} while (!done);
}

/*
 * Bytes of the regions and of the participants' own.
 */
Size
affinity_spectrum_subspace_bytes(uint32 n_items, uint32 width)
{
	Size		square = mul_size(width, width);
	Size		tiles = mul_size(n_items, 3 * TILE * sizeof(float));
	Size		own = add_size(tiles, (2 * ROWS + 2 * GRAM_COLUMNS) *
							   width * sizeof(double));
	Size		basis = mul_size(mul_size(n_items, width), 2 * sizeof(float));

	own = mul_size(own, affinity_parallel_allowed() + 1);
	return add_size(add_size(basis, own),
					add_size(mul_size(square, 3 * sizeof(double)),
							 affinity_spectrum_ritz_bytes(width)));
}

void
affinity_spectrum_subspace_request(AffinityTeamRequest *request,
								   SpectrumTask *task)
{
	Size		square = mul_size(task->width, task->width);
	Size		basis = mul_size(mul_size(task->n_items, task->width),
								 sizeof(float));

	request->job = &subspace_job;
	task->basis = affinity_parallel_request_region(request, basis);
	task->product = affinity_parallel_request_region(request, basis);
	task->gram = affinity_parallel_request_region(request,
												  mul_size(square, 3 *
														   sizeof(double)));
	task->value = affinity_parallel_request_region(request, task->width *
												   sizeof(double));
}
