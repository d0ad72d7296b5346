/*
 * ials_step.c
 *		The body of ials: half-steps of alternating least squares, by a team.
 *
 * A half-step solves for every row of one side, the other side being fixed.
 * The loss over unobserved pairs enters by the Gram matrix of the fixed side.
 * It is diagonalized, and both sides are turned into its axes, which changes
 * no product of the two: then the Gram matrix costs nothing in a row's
 * problem, and what differs from row to row (regularization) stays a
 * diagonal; conjugate gradients are preconditioned by both at no cost (see
 * factor/).
 *
 * Everything is done by fixed pieces of rows, handed out to the participants,
 * and what is summed over pieces is added by the leader in their order, in
 * double: so the factors do not depend on the number of participants to the
 * last bit.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/memutils.h"

#include "kernel/csr.h"
#include "kernel/dense.h"
#include "kernel/eigen.h"
#include "kernel/topk.h"
#include "parallel/progress.h"
#include "latent/ials.h"

/* Rows multiplied at a time; those between two looks at interrupts. */
#define BLOCK_ROWS		64
#define GRAM_ROWS		512

/* Numbers of observations whose ridge is kept. */
#define KEPT_RIDGES		4096

/*
 * Standard deviation of what users start from, times the root of the factors.
 */
#define START_DEVIATION	0.1

typedef struct IalsSide
{
	AffinityCsr m;				/* rows are this side's; values are roots */
	float	   *factor;
	float	   *ridge;			/* for 0 to KEPT_RIDGES - 1 observations */
} IalsSide;

typedef struct Ials
{
	AffinityTeam *team;
	IalsShared *shared;
	const IalsOptions *options;
	bool		leads;
	Size		width;
	IalsSide	users;
	IalsSide	items;
	float	   *rotation;
	float	   *spectrum;		/* eigenvalues of the Gram matrix */
	double	   *gram;			/* width x width for every piece */
	double	   *penalty;		/* of the fixed side, for every piece; two
								 * halves, as the leader reads one when others
								 * go on */
	double	   *loss;			/* of the rows, for every piece */
	double	   *history;

	/* the participant's own */
	FactorSolver *solver;
	float	   *same_root;		/* where all weigh the same */
	float	   *block;			/* BLOCK_ROWS rows */
	float	   *square;			/* width x width */
	AffinityEigen eigen;		/* leader */
} Ials;

/* ---- what participants work on ----------------------------------------- */

static void
keep_ridges(const Ials *s, IalsSide *side)
{
	side->ridge = palloc(KEPT_RIDGES * sizeof(float));
	for (int n = 0; n < KEPT_RIDGES; n++)
		side->ridge[n] = (float) affinity_latent_ials_ridge(s->options, n,
															side->m.n_cols);
}

static inline float
ridge_of(const Ials *s, const IalsSide *side, uint32 row)
{
	int64		n = side->m.start[row + 1] - side->m.start[row];

	return n < KEPT_RIDGES ? side->ridge[n] :
		(float) affinity_latent_ials_ridge(s->options, n, side->m.n_cols);
}

static void
attach(Ials *s, AffinityTeam *team)
{
	Size		width;
	int			n;

	s->team = team;
	s->leads = affinity_parallel_participant(team) == 0;
	s->shared = affinity_parallel_region(team, IALS_SHARED);
	s->options = &s->shared->options;
	n = s->options->factors;
	width = s->width = affinity_kernel_padded_width(n);
	affinity_parallel_matrix(team, IALS_MATRIX, &s->users.m, &s->items.m);
	s->users.factor = affinity_parallel_region(team, IALS_USERS);
	s->items.factor = affinity_parallel_region(team, IALS_ITEMS);
	s->rotation = affinity_parallel_region(team, IALS_ROTATION);
	s->spectrum = s->rotation + width * width;
	s->gram = affinity_parallel_region(team, IALS_GRAM);
	s->penalty = affinity_parallel_region(team, IALS_PENALTY);
	s->loss = affinity_parallel_region(team, IALS_LOSS);
	s->history = affinity_parallel_region(team, IALS_HISTORY);

	keep_ridges(s, &s->users);
	keep_ridges(s, &s->items);
	s->solver = affinity_factor_solver(s->options->solver,
									   s->options->cg_steps,
									   s->options->block_size, width,
									   s->shared->most_entries);
	s->block = affinity_factor_floats(CurrentMemoryContext,
									  mul_size(BLOCK_ROWS, width));
	s->square = affinity_factor_floats(CurrentMemoryContext,
									   mul_size(width, width));
	if (s->users.m.val == NULL)
	{
		s->same_root = affinity_factor_floats(CurrentMemoryContext,
											  s->shared->most_entries);
		for (int64 e = 0; e < s->shared->most_entries; e++)
			s->same_root[e] = s->shared->root;
	}
	if (s->leads)
	{
		s->eigen.n = n;
		s->eigen.a = palloc_extended(n * n * sizeof(double), MCXT_ALLOC_HUGE);
		s->eigen.z = palloc_extended(n * n * sizeof(double), MCXT_ALLOC_HUGE);
		s->eigen.value = palloc(4 * n * sizeof(double));
		s->eigen.side = s->eigen.value + n;
		s->eigen.scratch = s->eigen.side + n;
	}
}

/* ---- the start --------------------------------------------------------- */

static inline uint64
mix(uint64 z)
{
	return affinity_base_splitmix64(z + AFFINITY_SPLITMIX64_STEP);
}

/*
 * Users begin with uniform random numbers, each from the seed and its place.
 */
static void
start_users(Ials *s)
{
	int			n = s->options->factors;
	double		range = START_DEVIATION * sqrt(12.0 / n);
	uint64		key = mix((uint64) (int64) s->options->seed);
	uint32		from;
	uint32		to;

	while (affinity_parallel_next(s->team, s->users.m.n_rows, GRAM_ROWS, &from,
								  &to))
		for (uint32 u = from; u < to; u++)
		{
			uint64		row = mix(key ^ u);

			for (int k = 0; k < n; k++)
				s->users.factor[u * s->width +
								k] = (float) (((double) (mix(row + k) >> 40) /
											   (1 << 24) - 0.5) * range);
		}
	affinity_parallel_barrier(s->team);
}

/* ---- the fixed side ---------------------------------------------------- */

/*
 * Gram matrix and penalty of one piece of the fixed side, for half-step no.
 */
static void
add_gram_piece(Ials *s, const IalsSide *fixed, int no, uint32 piece)
{
	const AffinityDense *dense = s->solver->dense;
	Size		width = s->width;
	double	   *gram = s->gram + piece * width * width;
	uint64		n = fixed->m.n_rows;
	uint32		from = (uint32) (n * piece / IALS_GRAM_PIECES);
	uint32		end = (uint32) (n * (piece + 1) / IALS_GRAM_PIECES);
	double		penalty = 0;

	memset(gram, 0, width * width * sizeof(double));
	for (; from < end; from += GRAM_ROWS)
	{
		uint32		to = Min(from + GRAM_ROWS, end);
		const float *row = fixed->factor + from * width;

		CHECK_FOR_INTERRUPTS();
		memset(s->square, 0, width * width * sizeof(float));
		dense->outer(row, width, to - from, width, s->square, width);
		affinity_kernel_add_to_double(s->square, width * width, gram);
		for (uint32 i = from; i < to; i++, row += width)
			penalty += (double) ridge_of(s, fixed, i) *
				dense->dot(row, row, width);
	}
	s->penalty[(no & 1) * IALS_GRAM_PIECES + piece] = penalty;
}

/*
 * A side's numbers are not finite, or their squares are no reals. Sums of a
 * row's squares are at most (n c / r)^2, with n observations of weight c and
 * regularization r: what the hint says is enough for rows of 10^7.
 */
pg_noreturn static void
complain_of_range(const Ials *s, const IalsSide *side, int no)
{
	double		regularization = s->options->regularization;
	double		weight = s->shared->root;

	for (int64 e = 0; side->m.val && e < side->m.start[side->m.n_rows]; e++)
		weight = Max(weight, side->m.val[e]);
	weight *= weight;
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("factors of %s went beyond the range of real in iteration %d",
					side == &s->users ? "users" : "items", no / 2 + 1),
			 errdetail("Observations weigh up to %g, and \"regularization\" is %g.",
					   weight, regularization),
			 errhint("Set option \"regularization\" to %g or more.",
					 Max(10 * regularization, 1e-12 * weight))));
}

/*
 * Eigenvalues of the Gram matrix of the fixed side, largest first, and the
 * rotation into the axes of its eigenvectors, for half-step no. By the
 * leader.
 */
static void
diagonalize(Ials *s, const IalsSide *fixed, int no)
{
	AffinityEigen *e = &s->eigen;
	int			n = e->n;
	Size		width = s->width;
	uint64	   *order = palloc(2 * n * sizeof(uint64));
	bool		finite = true;

	for (int i = 0; i < n; i++)
		for (int j = i; j < n; j++)
		{
			double		sum = 0;

			for (int piece = 0; piece < IALS_GRAM_PIECES; piece++)
				sum += s->gram[(piece * width + i) * width + j];
			finite &= isfinite((float) sum) != 0;
			e->a[i * n + j] = e->a[j * n + i] = sum;
		}
	if (!finite)
		complain_of_range(s, fixed, Max(no - 1, 0));
	affinity_kernel_eigen_begin(e);
	while (affinity_kernel_eigen_step(e))
		CHECK_FOR_INTERRUPTS();
	if (e->failed)
		elog(ERROR, "eigenvalues of a matrix of %d factors do not converge", n);
	for (int i = 0; i < n; i++)
	{
		if (!isfinite((float) e->value[i]))
			complain_of_range(s, fixed, Max(no - 1, 0));
		order[i] = affinity_kernel_rank_key((float) e->value[i], i);
	}
	affinity_kernel_sort_descending(order, n, order + n);
	memset(s->rotation, 0, width * (width + 1) * sizeof(float));
	for (int j = 0; j < n; j++)
	{
		uint32		axis = affinity_kernel_rank_key_no(order[j]);

		s->spectrum[j] = (float) Max(e->value[axis], 0);
		for (int i = 0; i < n; i++)
			s->rotation[i * width + j] = (float) e->z[axis * n + i];
	}
	pfree(order);
}

static void
rotate_fixed(Ials *s, IalsSide *fixed)
{
	Size		width = s->width;
	uint32		from;
	uint32		to;

	while (affinity_parallel_next(s->team, fixed->m.n_rows, BLOCK_ROWS, &from,
								  &to))
	{
		float	   *row = fixed->factor + from * width;

		s->solver->dense->multiply(row, to - from, width, s->rotation,
								   s->block);
		memcpy(row, s->block, (to - from) * width * sizeof(float));
	}
}

/* ---- the side that is solved for --------------------------------------- */

/*
 * Turn those of a piece's rows that their solution starts from; the others
 * will be overwritten.
 */
static void
rotate_starts(Ials *s, const IalsSide *side, uint32 from, uint32 to)
{
	Size		width = s->width;

	while (from < to)
	{
		float	   *row = side->factor + from * width;
		uint32		n = 0;

		while (from + n < to && n < BLOCK_ROWS &&
			   affinity_factor_needs_start(s->solver,
										   side->m.start[from + n + 1] -
										   side->m.start[from + n]))
			n++;
		s->solver->dense->multiply(row, n, width, s->rotation, s->block);
		memcpy(row, s->block, n * width * sizeof(float));
		from += Max(n, 1);
	}
}

static void
solve_piece(Ials *s, IalsSide *side, const IalsSide *fixed, uint32 from,
			uint32 to)
{
	const AffinityCsr *m = &side->m;
	double		loss = 0;

	rotate_starts(s, side, from, to);
	for (uint32 i = from; i < to; i++)
	{
		int64		start = m->start[i];
		FactorProblem problem = {
			.other = fixed->factor,
			.no = m->col + start,
			.n = m->start[i + 1] - start,
			.known = m->start[m->n_rows] - start,
			.root = m->val ? m->val + start : s->same_root,
			.spectrum = s->spectrum,
			.times = (float) s->options->unobserved_weight,
			.plus = ridge_of(s, side, i)
		};

		loss += affinity_factor_solve(s->solver, &problem,
									  side->factor + i * s->width);
	}
	s->loss[from / IALS_SOLVE_ROWS] = loss;
}

/*
 * The loss after a half-step, by the leader.
 */
static double
add_loss(const Ials *s, const IalsSide *side, int no)
{
	double		loss = 0;

	for (int piece = 0; piece < IALS_GRAM_PIECES; piece++)
		loss += s->penalty[(no & 1) * IALS_GRAM_PIECES + piece];
	for (uint32 row = 0; row < side->m.n_rows; row += IALS_SOLVE_ROWS)
		loss += s->loss[row / IALS_SOLVE_ROWS];
	return loss;
}

static void
half_step(Ials *s, IalsSide *side, IalsSide *fixed, int no)
{
	uint32		from;
	uint32		to;

	while (affinity_parallel_next(s->team, IALS_GRAM_PIECES, 1, &from, &to))
		add_gram_piece(s, fixed, no, from);
	affinity_parallel_barrier(s->team);
	if (s->leads)
		diagonalize(s, fixed, no);
	affinity_parallel_barrier(s->team);
	rotate_fixed(s, fixed);
	affinity_parallel_barrier(s->team);
	while (affinity_parallel_next(s->team, side->m.n_rows, IALS_SOLVE_ROWS,
								  &from, &to))
		solve_piece(s, side, fixed, from, to);
	affinity_parallel_barrier(s->team);
	if (s->leads)
	{
		s->history[no] = add_loss(s, side, no);
		if (!isfinite(s->history[no]))
			complain_of_range(s, side, no);
		affinity_parallel_progress_done(no + 1);
	}
}

/*
 * After an iteration, the leader: is the next one the last?
 */
static void
look_at_loss(Ials *s, int iteration)
{
	const double *loss = s->history + 2 * iteration + 1;
	int			n = s->options->iterations;

	s->shared->iterations = iteration + 1;
	ereport(DEBUG1,
			(errmsg("ials: iteration %d of %d, loss %.8g", iteration + 1, n,
					loss[0])));
	if (iteration + 2 >= n)
		s->shared->last = true;
	else if (iteration > 0)
		s->shared->last = loss[-2] - loss[0] < s->options->tolerance *
			loss[-2];
}

void
affinity_latent_ials_body(AffinityTeam *team)
{
	Ials		state = {0};
	Ials	   *s = &state;
	bool		last;
	uint32		from;
	uint32		to;

	attach(s, team);
	if (s->leads)
	{
		s->shared->last = s->options->iterations == 1;
		affinity_parallel_progress_phase("training", 2 * s->options->iterations,
										 affinity_parallel_participants(team) -
										 1);
	}
	start_users(s);
	for (int i = 0;; i++)
	{
		last = s->shared->last;
		half_step(s, &s->items, &s->users, 2 * i);
		/* as serving will update users */
		if (last)
			s->solver->kind = FACTOR_CHOLESKY;
		half_step(s, &s->users, &s->items, 2 * i + 1);
		if (s->leads)
			look_at_loss(s, i);
		affinity_parallel_barrier(team);
		if (last)
			break;
	}
	/* what new items are folded in with: of users as serving has them */
	while (affinity_parallel_next(team, IALS_GRAM_PIECES, 1, &from, &to))
		add_gram_piece(s, &s->users, 0, from);
	affinity_parallel_barrier(team);
}
