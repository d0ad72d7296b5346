/*
 * solver.c
 *		One row of a factor model: a ridge regression on the other side's
 *		factors.
 *
 * With D the diagonal, W the weights and v = D^1/2 x the problem is
 *
 *		minimize |y - P v|^2 + |v|^2,	P = W^1/2 Y D^-1/2,	y = W^1/2 t.
 *
 * P is gathered once into a panel that stays in the cache. Exactly solved it
 * is (1 + P'P) v = P'y, of the size of the factors, or v = P's with (1 + PP')
 * s = y, of the size of the rows: whichever is smaller. No pivot of either
 * matrix can be below 1. Conjugate gradients go from the x that is given;
 * dividing by D has preconditioned them (and a Gram matrix that is part of D
 * costs nothing in a step). Blocks of factors one after the other, with
 * predictions kept up to date, are iALS++ (Rendle, Krichene, Zhang, Koren
 * 2021).
 *
 * All of them tell the minimum that they reached: y's exactly, by what each
 * step gains for conjugate gradients, |e|^2 + |v|^2 for blocks.
 *
 * Memory: allocated once, for the longest row. A row with more entries than a
 * panel may have is gathered piece by piece, as often as it is needed.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/memutils.h"

#include "factor/factor.h"

/*
 * Bytes of a panel, at most: it fits the second-level cache beside the rest.
 */
#define PANEL_BYTES		((Size) 512 * 1024)

/*
 * Rows up to which an exact solution is as cheap as steps of conjugate
 * gradients, per pass over the rows that these make.
 */
#define EXACT_ROWS_PER_PASS	6

/*
 * What is added to the diagonal at least, relative to it. Only weights that
 * are a million times the regularization make that more than the 1 that
 * belongs there; in single precision 1 would not be noticed beside them.
 */
#define LEAST_RIDGE		4e-6f

static int64
most_chunk(size_t width)
{
	int64		rows = (int64) (PANEL_BYTES / sizeof(float) / width);

	return Max(rows, (int64) width) & ~(int64) (AFFINITY_PANEL_ROWS - 1);
}

static Size
panel_numbers(size_t width, int64 rows)
{
	return Min(affinity_kernel_panel_rows(rows), (Size) most_chunk(width)) *
		width;
}

/*
 * What a solver takes, for rows with up to most_rows entries.
 */
Size
affinity_factor_solver_bytes(size_t width, int64 most_rows)
{
	Size		numbers = panel_numbers(width, most_rows) + most_rows +
		(width + 7) * (width + 2 * AFFINITY_LANES) + 2 * AFFINITY_LANES;

	return mul_size(numbers, sizeof(float));
}

/*
 * An array as the kernels want it.
 */
float *
affinity_factor_floats(MemoryContext context, Size n)
{
	Size		align = AFFINITY_LANES * sizeof(float);
	void	   *memory =
		MemoryContextAllocHuge(context,
							   add_size(mul_size(n, sizeof(float)), align));

	return (float *) TYPEALIGN(align, memory);
}

/*
 * Room for rows with up to n entries. What there was is left to the context:
 * less than what comes instead, as room doubles at least.
 */
static void
make_room(FactorSolver *s, int64 n)
{
	if (n <= s->room)
		return;
	s->room = Max(n, 2 * s->room);
	s->panel = affinity_factor_floats(s->context,
									  panel_numbers(s->width, s->room));
	s->error =
		affinity_factor_floats(s->context,
							   affinity_kernel_panel_rows(s->room));
}

/*
 * A solver in the current memory context. It makes room for longer rows than
 * most_rows when it meets them.
 */
FactorSolver *
affinity_factor_solver(FactorSolverKind kind, int steps, int block,
					   size_t width, int64 most_rows)
{
	FactorSolver *s = palloc0(sizeof(FactorSolver));
	Size		padded = width + AFFINITY_LANES;

	s->dense = affinity_kernel_dense();
	s->context = CurrentMemoryContext;
	s->kind = kind;
	s->steps = steps;
	s->block = Min(affinity_kernel_padded_width(block), width);
	s->width = width;
	s->chunk = most_chunk(width);
	make_room(s, most_rows);
	s->matrix = affinity_factor_floats(s->context, width * padded);
	s->scale = affinity_factor_floats(s->context, 7 * padded);
	s->unscale = s->scale + padded;
	s->inverse = s->scale + 2 * padded;
	s->v = s->scale + 3 * padded;
	s->r = s->scale + 4 * padded;
	s->p = s->scale + 5 * padded;
	s->q = s->scale + 6 * padded;
	return s;
}

/* ---- panels ------------------------------------------------------------ */

/* Some rows of the panel: [from, from + n) of the problem's. */
typedef struct Piece
{
	int64		from;
	size_t		n;
	const float *panel;
	size_t		stride;
} Piece;

/*
 * Rows [from, from + n) of the problem, factors [first, first + width) of
 * them, into the panel.
 */
static void
gather(FactorSolver *s, const FactorProblem *problem, int64 from, size_t n,
	   size_t first, size_t width)
{
	const float *root = problem->root + from;

	s->dense->gather(problem->other + first, s->width, problem->no + from,
					 root, s->scale + first, n, problem->known - from, width,
					 s->panel);
	if (problem->ones && first == 0)
	{
		for (size_t r = 0; r < n; r++)
			s->panel[r * width] = root[r] * s->scale[0];
	}
}

/*
 * The next piece of the problem, factors [first, first + width) of it. begin
 * with piece->n = 0.
 */
static bool
next_piece(FactorSolver *s, const FactorProblem *problem, size_t first,
		   size_t width, Piece *piece)
{
	piece->from += piece->n;
	if (piece->from >= problem->n)
		return false;
	CHECK_FOR_INTERRUPTS();
	if (problem->n <= s->chunk)
	{
		/* prepare() gathered it */
		piece->n = affinity_kernel_panel_rows(problem->n);
		piece->panel = s->panel + first;
		piece->stride = s->width;
		return true;
	}
	piece->n = Min(problem->n - piece->from, s->chunk);
	gather(s, problem, piece->from, piece->n, first, width);
	piece->n = affinity_kernel_panel_rows(piece->n);
	piece->panel = s->panel;
	piece->stride = width;
	return true;
}

/*
 * The scale of the factors, y as the error, and the panel if it holds all
 * rows.
 */
static void
prepare(FactorSolver *s, const FactorProblem *problem)
{
	int64		n = problem->n;

	make_room(s, n);
	s->dense->inverse_roots(problem->spectrum, problem->times, problem->plus,
							s->width, s->scale);
	if (problem->target == NULL)
		memcpy(s->error, problem->root, n * sizeof(float));
	else
		for (int64 r = 0; r < n; r++)
			s->error[r] = problem->root[r] * problem->target[r];
	for (int64 r = n; r < (int64) affinity_kernel_panel_rows(n); r++)
		s->error[r] = 0;
	if (n <= s->chunk)
		gather(s, problem, 0, n, 0, s->width);
}

/* ---- exact ------------------------------------------------------------- */

/*
 * Decompose n equations, whose right-hand side is beside them in column n,
 * and solve them. Returns b'A^-1 b.
 */
static double
solve_equations(FactorSolver *s, size_t n, size_t ld, float *x)
{
	float	   *beside = s->matrix + n;
	double		sum = 0;

	for (size_t i = 0; i < n; i++)
	{
		float	   *pivot = &s->matrix[i * ld + i];

		*pivot += Max(1, *pivot * LEAST_RIDGE);
	}
	s->dense->cholesky(s->matrix, ld, n, 1, s->inverse);
	for (size_t i = 0; i < n; i++)
	{
		x[i] = beside[i * ld];
		sum += (double) x[i] * x[i];
	}
	s->dense->back(s->matrix, ld, n, s->inverse, x);
	return sum;
}

/*
 * The same for n factors, the right-hand side being b.
 */
static double
solve_beside(FactorSolver *s, size_t n, const float *b, float *x)
{
	size_t		ld = n + AFFINITY_LANES;

	for (size_t k = 0; k < n; k++)
		s->matrix[k * ld + n] = b[k];
	return solve_equations(s, n, ld, x);
}

/*
 * As many equations as there are rows. The panel holds all of them.
 */
static double
solve_by_rows(FactorSolver *s, size_t n)
{
	size_t		rows = affinity_kernel_panel_rows(n);
	size_t		ld = affinity_kernel_padded_width(rows + 1);
	double		loss;

	for (size_t i = 0; i < rows; i++)
	{
		memset(s->matrix + i * ld + rows, 0, (ld - rows) * sizeof(float));
		s->matrix[i * ld + rows] = s->error[i];
	}
	s->dense->inner(s->panel, s->width, rows, s->width, s->matrix, ld);
	loss = solve_equations(s, rows, ld, s->p);
	memset(s->v, 0, s->width * sizeof(float));
	s->dense->combine(s->panel, s->width, rows, s->width, s->p, s->v);
	return loss;
}

/*
 * As many equations as there are factors: P'P, and P'y in r. Returns y'y.
 */
static double
add_equations(FactorSolver *s, const FactorProblem *problem)
{
	const AffinityDense *dense = s->dense;
	size_t		width = s->width;
	size_t		ld = width + AFFINITY_LANES;
	Piece		piece = {0};
	double		square = 0;

	memset(s->matrix, 0, width * ld * sizeof(float));
	memset(s->r, 0, width * sizeof(float));
	while (next_piece(s, problem, 0, width, &piece))
	{
		const float *y = s->error + piece.from;

		dense->outer(piece.panel, piece.stride, piece.n, width, s->matrix, ld);
		dense->combine(piece.panel, piece.stride, piece.n, width, y, s->r);
		square += dense->dot(y, y, piece.n);
	}
	return square;
}

static double
solve_by_factors(FactorSolver *s, const FactorProblem *problem)
{
	double		loss = add_equations(s, problem);

	loss -= solve_beside(s, s->width, s->r, s->v);
	return Max(loss, 0);
}

/* ---- conjugate gradients ----------------------------------------------- */

static double
solve_by_steps(FactorSolver *s, const FactorProblem *problem)
{
	const AffinityDense *dense = s->dense;
	size_t		width = s->width;
	Piece		piece = {0};
	double		loss = dense->dot(s->v, s->v, width);
	float		square;

	/* the residual P'(y - Pv) - v */
	for (size_t k = 0; k < width; k++)
		s->r[k] = -s->v[k];
	while (next_piece(s, problem, 0, width, &piece))
	{
		float	   *e = s->error + piece.from;

		dense->subtract(piece.panel, piece.stride, piece.n, width, s->v, e);
		dense->combine(piece.panel, piece.stride, piece.n, width, e, s->r);
		loss += dense->dot(e, e, piece.n);
	}
	memcpy(s->p, s->r, width * sizeof(float));
	square = dense->dot(s->r, s->r, width);
	for (int step = 0; step < s->steps && square > 0; step++)
	{
		float		length;
		float		before = square;

		memcpy(s->q, s->p, width * sizeof(float));
		memset(&piece, 0, sizeof(piece));
		while (next_piece(s, problem, 0, width, &piece))
			dense->normal(piece.panel, piece.stride, piece.n, width, s->p,
						  s->q);
		length = square / dense->dot(s->p, s->q, width);
		if (!isfinite(length))
			break;
		loss -= (double) length * square;
		dense->axpy(length, s->p, s->v, width);
		dense->axpy(-length, s->q, s->r, width);
		square = dense->dot(s->r, s->r, width);
		for (size_t k = 0; k < width; k++)
			s->p[k] = s->r[k] + square / before * s->p[k];
	}
	return Max(loss, 0);
}

/* ---- blocks ------------------------------------------------------------ */

/*
 * The change of factors [first, first + width), the others being as they are.
 */
static void
solve_block(FactorSolver *s, const FactorProblem *problem, size_t first,
			size_t width)
{
	const AffinityDense *dense = s->dense;
	size_t		ld = width + AFFINITY_LANES;
	Piece		piece = {0};

	memset(s->matrix, 0, width * ld * sizeof(float));
	for (size_t k = 0; k < width; k++)
		s->r[k] = -s->v[first + k];
	while (next_piece(s, problem, first, width, &piece))
	{
		dense->outer(piece.panel, piece.stride, piece.n, width, s->matrix, ld);
		dense->combine(piece.panel, piece.stride, piece.n, width,
					   s->error + piece.from, s->r);
	}
	(void) solve_beside(s, width, s->r, s->r);
	dense->axpy(1, s->r, s->v + first, width);
}

static double
solve_by_blocks(FactorSolver *s, const FactorProblem *problem)
{
	const AffinityDense *dense = s->dense;
	Piece		piece = {0};
	double		loss = 0;

	while (next_piece(s, problem, 0, s->width, &piece))
		dense->subtract(piece.panel, piece.stride, piece.n, s->width, s->v,
						s->error + piece.from);
	for (size_t first = 0; first < s->width; first += s->block)
	{
		size_t		width = Min(s->block, s->width - first);

		solve_block(s, problem, first, width);
		memset(&piece, 0, sizeof(piece));
		while (next_piece(s, problem, first, width, &piece))
			dense->subtract(piece.panel, piece.stride, piece.n, width, s->r,
							s->error + piece.from);
	}
	for (int64 from = 0; from < problem->n; from += s->chunk)
	{
		int64		n = Min(s->chunk, problem->n - from);

		loss += dense->dot(s->error + from, s->error + from, n);
	}
	return loss + dense->dot(s->v, s->v, s->width);
}

/* ------------------------------------------------------------------------ */

/*
 * How a row of n entries is solved.
 */
static FactorSolverKind
kind_for(const FactorSolver *s, int64 n)
{
	if (s->kind == FACTOR_CG &&
		n <= Min(EXACT_ROWS_PER_PASS * (s->steps + 1), (int64) s->width))
		return FACTOR_CHOLESKY;
	return s->kind;
}

/*
 * Does the solution for a row of n entries depend on where it starts?
 */
bool
affinity_factor_needs_start(const FactorSolver *s, int64 n)
{
	return kind_for(s, n) != FACTOR_CHOLESKY && n > 0;
}

/*
 * Solve for x, which steps and blocks take as their start. Returns what was
 * to be minimized, at x.
 */
double
affinity_factor_solve(FactorSolver *s,
					  const FactorProblem *problem, float *x)
{
	FactorSolverKind kind = kind_for(s, problem->n);
	double		loss;

	CHECK_FOR_INTERRUPTS();
	if (problem->n == 0)
	{
		memset(x, 0, s->width * sizeof(float));
		return 0;
	}
	prepare(s, problem);
	if (kind == FACTOR_CHOLESKY)
		loss = problem->n <= (int64) s->width ?
			solve_by_rows(s, problem->n) : solve_by_factors(s, problem);
	else
	{
		for (size_t k = 0; k < s->width; k++)
			s->unscale[k] = 1 / s->scale[k];
		s->dense->product(x, s->unscale, s->width, s->v);
		loss = kind == FACTOR_CG ? solve_by_steps(s, problem) :
			solve_by_blocks(s, problem);
	}
	s->dense->product(s->v, s->scale, s->width, x);
	return loss;
}

/*
 * z = (D + Y'WY)^-1 y: what row r of the problem adds to the product of the
 * exact solution with y is weight[r] target[r] other[no[r]] . z.
 */
void
affinity_factor_influence(FactorSolver *s, const FactorProblem *problem,
						  const float *y, float *z)
{
	prepare(s, problem);
	(void) add_equations(s, problem);
	s->dense->product(y, s->scale, s->width, s->q);
	(void) solve_beside(s, s->width, s->q, s->v);
	s->dense->product(s->v, s->scale, s->width, z);
}
