/*
 * als_steps.c
 *		The iterations of algorithm als, in all participants of a team (see
 *		als.c).
 *
 * One side being fixed, the other falls apart into a ridge regression for
 * each row, solved exactly, with the bias as the coordinate in which all rows
 * of the fixed side have 1. Errors are taken for each user right after the
 * user is solved for.
 *
 * Every row is one participant's work and sums go by pieces of rows, so
 * nothing depends on the number of workers.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/memutils.h"

#include "parallel/progress.h"
#include "latent/als.h"

/* Numbers copied, entries gone through between two looks at interrupts. */
#define COPY_PIECE		((Size) 1 << 20)
#define LOOK_PIECE		((int64) 1 << 14)

/* Standard deviation of the numbers that users start from. */
#define START_DEVIATION	0.3

/* A participant's state. */
typedef struct AlsState
{
	AlsShared  *shared;
	const AlsOptions *options;
	AlsSide		side[2];
	FactorSolver *solver;
	float	   *spectrum;
	float	   *x;
	/* ratings of one row */
	uint32	   *no;
	float	   *target;
	float	   *root;
	AlsCourse  *course;			/* leader */
} AlsState;

/* ---- numbers that depend on nothing but seed and pair ------------------ */

static uint64
hash_pair(uint32 seed, uint32 a, uint32 b)
{
	return affinity_base_splitmix64(((uint64) a << 32 | b) +
									seed * AFFINITY_SPLITMIX64_STEP);
}

bool
affinity_latent_als_held_out(const AlsShared *shared, uint32 user, uint32 item)
{
	return shared->held_below > 0 &&
		hash_pair(shared->options.seed, user, item) < shared->held_below;
}

/*
 * Users start from numbers that are spread evenly around 0, without biases.
 */
void
affinity_latent_als_start(const AlsShared *shared, float *row, uint32 n_users)
{
	for (uint32 u = 0; u < n_users; u++)
	{
		float	   *x = row + u * shared->width;

		CHECK_FOR_INTERRUPTS();
		x[0] = 1;
		for (int k = 1; k <= shared->options.factors; k++)
		{
			double		even = (double) (hash_pair(~shared->options.seed, u,
												   k) >> 11) /
				((uint64) 1 << 52) - 1;

			x[k] = (float) (even * START_DEVIATION * sqrt(3));
		}
	}
}

/* ---- half-steps -------------------------------------------------------- */

/*
 * What is added to the squared errors of a row with n ratings, per square of
 * its bias and of its factors.
 */
void
affinity_latent_als_penalty(const AlsOptions *options, int64 n, size_t width,
							float *spectrum)
{
	float		of_factors = (float) (options->regularization *
									  pow(n,
										  options->regularization_exponent));

	spectrum[0] = (float) options->bias_regularization;
	for (size_t k = 1; k < width; k++)
		spectrum[k] = of_factors;
}

static bool
entry_is_held_out(const AlsShared *shared, int side, uint32 row, uint32 col)
{
	return side == ALS_USERS ? affinity_latent_als_held_out(shared, row, col) :
		affinity_latent_als_held_out(shared, col, row);
}

/*
 * The ratings of a row that are trained on: numbers of the other side, and
 * what its biases leave to be explained.
 */
static int64
collect(AlsState *s, int which, uint32 row)
{
	const AlsShared *shared = s->shared;
	const AffinityCsr *m = &s->side[which].ratings;
	const float *bias = s->side[!which].bias;
	int64		n = 0;

	for (int64 e = m->start[row]; e < m->start[row + 1]; e++)
	{
		uint32		col = m->col[e];

		if (e % LOOK_PIECE == 0)
			CHECK_FOR_INTERRUPTS();
		if (entry_is_held_out(shared, which, row, col))
			continue;
		s->no[n] = col;
		s->target[n++] = (float) ((affinity_latent_als_rating(m, e) -
								   shared->mean) * shared->unit - bias[col]);
	}
	return n;
}

/*
 * A row from the other side's rows. Returns its penalty.
 */
static double
solve_row(AlsState *s, int which, uint32 row)
{
	AlsSide    *side = &s->side[which];
	size_t		width = s->shared->width;
	float	   *to = side->row + row * width;
	FactorProblem problem = {
		.other = s->side[!which].row, .no = s->no, .root = s->root,
		.target = s->target, .spectrum = s->spectrum, .times = 1
	};
	double		penalty = 0;

	problem.n = problem.known = collect(s, which, row);
	affinity_latent_als_penalty(s->options, problem.n, width, s->spectrum);
	memset(s->x, 0, width * sizeof(float));
	if (problem.n > 0)
		(void) affinity_factor_solve(s->solver, &problem, s->x);
	for (size_t k = 0; k < width; k++)
		penalty += (double) s->spectrum[k] * s->x[k] * s->x[k];
	memcpy(to, s->x, width * sizeof(float));
	to[0] = 1;
	side->bias[row] = s->x[0];
	return penalty;
}

/*
 * Errors of the predictions for a user, in units of the standard deviation.
 */
static void
add_errors(const AlsState *s, uint32 user, AlsSums *sums)
{
	const AlsShared *shared = s->shared;
	const AffinityCsr *m = &s->side[ALS_USERS].ratings;
	const AlsSide *items = &s->side[ALS_ITEMS];

	for (int64 e = m->start[user]; e < m->start[user + 1]; e++)
	{
		uint32		item = m->col[e];
		double		predicted = (double) items->bias[item] +
			s->solver->dense->dot(s->x, items->row + item * shared->width,
								  shared->width);
		double		error = (affinity_latent_als_rating(m, e) - shared->mean) *
			shared->unit - predicted;

		if (e % LOOK_PIECE == 0)
			CHECK_FOR_INTERRUPTS();
		if (affinity_latent_als_held_out(shared, user, item))
		{
			sums->held++;
			sums->held_squares += error * error;
			sums->held_sizes += fabs(error);
		}
		else
		{
			sums->ratings++;
			sums->squares += error * error;
			sums->sizes += fabs(error);
		}
	}
}

/*
 * All rows of a side, shared out among participants. done: rows of both sides
 * that were solved before.
 */
static void
half_step(AffinityTeam *team, AlsState *s, int which, int64 done)
{
	AlsSide    *side = &s->side[which];
	uint32		from;
	uint32		to;

	while (affinity_parallel_next(team, side->ratings.n_rows, ALS_PIECE, &from,
								  &to))
	{
		AlsSums		sums = {0};

		for (uint32 row = from; row < to; row++)
		{
			CHECK_FOR_INTERRUPTS();
			sums.penalty += solve_row(s, which, row);
			if (which == ALS_USERS)
				add_errors(s, row, &sums);
		}
		side->sums[from / ALS_PIECE] = sums;
		if (s->course)
			affinity_parallel_progress_done(done + to);
	}
	affinity_parallel_barrier(team);
}

/* ---- iterations -------------------------------------------------------- */

static void
add_sums(const AlsSide *side, AlsSums *total)
{
	for (uint32 p = 0; p * (int64) ALS_PIECE < side->ratings.n_rows; p++)
	{
		const AlsSums *sums = &side->sums[p];

		total->penalty += sums->penalty;
		total->squares += sums->squares;
		total->sizes += sums->sizes;
		total->held_squares += sums->held_squares;
		total->held_sizes += sums->held_sizes;
		total->ratings += sums->ratings;
		total->held += sums->held;
	}
}

static void
copy_floats(float *to, const float *from, Size n)
{
	for (Size i = 0; i < n; i += COPY_PIECE)
	{
		CHECK_FOR_INTERRUPTS();
		memcpy(to + i, from + i, Min(n - i, COPY_PIECE) * sizeof(float));
	}
}

/*
 * Leader: what an iteration came to. Was it the last? Held-out ratings
 * decide, if there are any: they are the first to see that a model only
 * learns by heart.
 */
static bool
conclude(AlsState *s)
{
	const AlsShared *shared = s->shared;
	const AlsSide *items = &s->side[ALS_ITEMS];
	AlsCourse  *course = s->course;
	AlsSums		total = {0};
	int			i = course->n++;
	const double *watched = course->loss;
	double		before;

	add_sums(items, &total);
	add_sums(&s->side[ALS_USERS], &total);
	course->total = total;
	course->loss[i] = (total.squares + total.penalty) / total.ratings;
	course->rmse[i] = shared->deviation * sqrt(total.squares / total.ratings);
	course->mae[i] = shared->deviation * total.sizes / total.ratings;
	if (total.held > 0)
	{
		course->held_rmse[i] = shared->deviation *
			sqrt(total.held_squares / total.held);
		course->held_mae[i] = shared->deviation * total.held_sizes /
			total.held;
		watched = course->held_rmse;
	}
	ereport(DEBUG1,
			(errmsg_internal("als: iteration %d: loss %g, rmse %g, held out %g",
							 i + 1, course->loss[i], course->rmse[i],
							 total.held > 0 ? course->held_rmse[i] : 0.0)));
	before = watched[course->best];
	if (total.held == 0 || i == 0 || watched[i] < before)
	{
		course->best = i;
		if (course->row)
		{
			copy_floats(course->row, items->row,
						items->ratings.n_rows * shared->width);
			copy_floats(course->bias, items->bias, items->ratings.n_rows);
		}
	}
	return i > 0 && s->options->tolerance > 0 &&
		!(watched[i] < before * (1 - s->options->tolerance));
}

/*
 * Both sides, as a participant sees them.
 */
void
affinity_latent_als_sides(AffinityTeam *team, const AlsShared *shared,
						  AlsSide *side)
{
	affinity_parallel_matrix(team, shared->matrix, &side[ALS_USERS].ratings,
							 &side[ALS_ITEMS].ratings);
	for (int which = ALS_USERS; which <= ALS_ITEMS; which++)
	{
		side[which].row = affinity_parallel_region(team, shared->row[which]);
		side[which].bias = affinity_parallel_region(team, shared->bias[which]);
		side[which].sums = affinity_parallel_region(team, shared->sums[which]);
	}
}

static void
attach(AlsState *s, AffinityTeam *team)
{
	AlsShared  *shared = affinity_parallel_region(team, ALS_REGION_SHARED);

	s->shared = shared;
	s->options = &shared->options;
	s->course = affinity_parallel_leader(team);
	affinity_latent_als_sides(team, shared, s->side);
}

/*
 * What a participant has for itself.
 */
static void
prepare(AlsState *s)
{
	size_t		width = s->shared->width;
	int64		most = s->shared->most_ratings;

	s->solver = affinity_factor_solver(FACTOR_CHOLESKY, 0, 0, width,
									   most);
	s->spectrum = affinity_latent_als_floats(width);
	s->x = affinity_latent_als_floats(width);
	s->no = (uint32 *) affinity_latent_als_floats(most);
	s->target = affinity_latent_als_floats(most);
	s->root = affinity_latent_als_floats(most);
	for (int64 r = 0; r < most; r++)
		s->root[r] = 1;
}

/*
 * What every participant does.
 */
void
affinity_latent_als_body(AffinityTeam *team)
{
	AlsState	s = {0};
	int64		n_users;
	int64		n_items;

	attach(&s, team);
	prepare(&s);
	n_users = s.side[ALS_USERS].ratings.n_rows;
	n_items = s.side[ALS_ITEMS].ratings.n_rows;
	if (s.course)
		affinity_parallel_progress_phase("training",
										 s.options->iterations *
										 (n_users + n_items),
										 affinity_parallel_participants(team) -
										 1);
	for (int i = 0; i < s.options->iterations && !s.shared->stop; i++)
	{
		half_step(team, &s, ALS_ITEMS, i * (n_users + n_items));
		half_step(team, &s, ALS_USERS, i * (n_users + n_items) + n_items);
		if (s.course)
			s.shared->stop = conclude(&s);
		affinity_parallel_barrier(team);
	}
}
