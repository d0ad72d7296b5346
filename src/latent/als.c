/*
 * als.c
 *		Ratings with biases, by alternating least squares.
 *
 * The rating of item i by user u is predicted as
 *
 *		mean + b_u + b_i + x_u . y_i
 *
 * (Koren, Bell & Volinsky, "Matrix Factorization Techniques for Recommender
 * Systems", 2009). To be minimized are, over ratings r in units of their
 * standard deviation,
 *
 *		sum of (r - prediction)^2 + sum over users and items of
 *			regularization n^exponent |factors|^2 + bias_regularization b^2,
 *
 * n being the number of the user's or the item's ratings. Exponent 1 is the
 * weighted lambda of Zhou, Wilkinson, Schreiber & Pan, "Large-Scale Parallel
 * Collaborative Filtering for the Netflix Prize", 2008. A bias has the same
 * penalty whatever n, so that it is a damped mean: what few ratings say
 * counts for little (Koren, "Factor in the Neighbors", 2010).
 *
 * Items are solved for with users fixed, then users with items fixed, and so
 * on (als_steps.c). The last to be solved for are users, as in serving: what
 * the figures say of predictions holds for what score() says.
 *
 * Memory: both sides with their biases are regions of the team; a copy of the
 * items is the leader's, where held-out ratings may say that an earlier
 * iteration was better.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "miscadmin.h"
#include "utils/memutils.h"

#include "latent/als.h"

/* Entries gone through between two looks at interrupts. */
#define LOOK_PIECE		((int64) 1 << 20)

/* Multiplications and additions per second, roughly. */
#define SPEED			2e10

AFFINITY_TEAM_JOB(als_job, affinity_latent_als_body);

/* ---- the ratings ------------------------------------------------------- */

/*
 * Mean and standard deviation of what is trained on, as they will be stored.
 * Taken from the first rating, so that the deviation of equal ratings is 0.
 */
static void
measure(AlsShared *shared, const AffinityCsr *m)
{
	double		first = 0;
	double		sum = 0;
	double		squares = 0;
	int64		n = 0;

	for (uint32 u = 0; u < m->n_rows; u++)
	{
		CHECK_FOR_INTERRUPTS();
		for (int64 e = m->start[u]; e < m->start[u + 1]; e++)
		{
			double		d;

			if (affinity_latent_als_held_out(shared, u, m->col[e]))
				continue;
			if (n++ == 0)
				first = affinity_latent_als_rating(m, e);
			d = affinity_latent_als_rating(m, e) - first;
			sum += d;
			squares += d * d;
		}
		shared->most_ratings = Max(shared->most_ratings,
								   m->start[u + 1] - m->start[u]);
	}
	if (n == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("option \"holdout\" leaves no rating to train on"),
				 errhint("Let the query read more ratings, or hold out fewer.")));
	shared->mean = (float) (first + sum / n);
	shared->deviation = (float) sqrt(Max(squares / n - sum / n * (sum / n),
										 0));
	if (!(shared->deviation >= FLT_MIN))
	{
		shared->deviation = 1;
		ereport(WARNING,
				(errmsg("all ratings are equal: there is nothing to learn from them"),
				 errhint("The rating is the query's third column, after user and item.")));
	}
	shared->unit = 1 / shared->deviation;
}

/*
 * What an item of a basket is taken to be rated: a standard deviation above
 * the mean, if ratings go so far.
 */
static float
good_rating(const AlsShared *shared, const AffinityCsr *m)
{
	int64		n = m->start[m->n_rows];
	float		most = affinity_latent_als_rating(m, 0);

	for (int64 e = 0; e < n; e++)
	{
		if (e % LOOK_PIECE == 0)
			CHECK_FOR_INTERRUPTS();
		most = Max(most, affinity_latent_als_rating(m, e));
	}
	return (float) Min(most, shared->mean + shared->deviation);
}

/* ---- the whole --------------------------------------------------------- */

/*
 * Bytes that training takes in all, and that serving takes later.
 */
static void
check_memory(const AlsShared *shared, const AffinityInteractions *in)
{
	Size		n_users = in->by_user.n_rows;
	Size		n_items = in->by_item.n_rows;
	Size		ratings = in->by_user.start[n_users];
	Size		per_row = shared->width * sizeof(float) + sizeof(float) +
		sizeof(int64) + sizeof(AlsSums) / ALS_PIECE;
	Size		of_participant =
		affinity_factor_solver_bytes(shared->width,
									 shared->most_ratings) +
		shared->most_ratings * (sizeof(uint32) + 2 * sizeof(float));
	Size		bytes = ratings * 2 * (sizeof(uint32) + sizeof(float)) +
		(n_users + n_items + (shared->held_below > 0 ? n_items : 0)) *
		per_row + of_participant * (affinity_parallel_allowed() + 1) +
		affinity_dictionary_bytes(in->users) +
		affinity_dictionary_bytes(in->items);

	affinity_base_need_memory(bytes, "train with fewer factors",
							  "als of %zu users and %zu items needs", n_users,
							  n_items);
}

/*
 * Processor time, roughly.
 */
static double
estimate_seconds(const AlsShared *shared, const AffinityInteractions *in)
{
	double		width = (double) shared->width;
	double		per_iteration = width * width *
		(2.0 * in->by_user.start[in->by_user.n_rows] +
		 width / 3 * ((double) in->by_user.n_rows + in->by_item.n_rows));

	return shared->options.iterations * per_iteration / SPEED;
}

static void
make_course(AlsCourse *course, const AlsShared *shared, uint32 n_items)
{
	Size		n = shared->options.iterations * sizeof(double);

	course->loss = palloc0(n);
	course->rmse = palloc0(n);
	course->mae = palloc0(n);
	course->held_rmse = palloc0(n);
	course->held_mae = palloc0(n);
	if (shared->held_below == 0)
		return;
	course->row = affinity_latent_als_floats(mul_size(n_items, shared->width));
	course->bias = affinity_latent_als_floats(n_items);
}

static void
put_figures(AffinityItemSink *sink, const AlsShared *shared,
			const AlsCourse *course)
{
	int			best = course->best;
	double		ratings = (double) course->total.ratings;
	double		held = (double) course->total.held;
	double		iterations = course->n;
	double		best_iteration = best + 1;

	sink->figure(sink, "ratings", &ratings, 1, false);
	sink->figure(sink, "mean", &shared->mean, 1, false);
	sink->figure(sink, "standard_deviation", &shared->deviation, 1, false);
	sink->figure(sink, "iterations", &iterations, 1, false);
	sink->figure(sink, "best_iteration", &best_iteration, 1, false);
	sink->figure(sink, "rmse", &course->rmse[best], 1, false);
	sink->figure(sink, "mae", &course->mae[best], 1, false);
	sink->figure(sink, "loss", course->loss, course->n, true);
	sink->figure(sink, "rmse_by_iteration", course->rmse, course->n, true);
	sink->figure(sink, "mae_by_iteration", course->mae, course->n, true);
	if (shared->held_below == 0)
		return;
	sink->figure(sink, "holdout_ratings", &held, 1, false);
	if (held == 0)
		return;
	sink->figure(sink, "holdout_rmse", &course->held_rmse[best], 1, false);
	sink->figure(sink, "holdout_mae", &course->held_mae[best], 1, false);
	sink->figure(sink, "holdout_rmse_by_iteration", course->held_rmse,
				 course->n, true);
	sink->figure(sink, "holdout_mae_by_iteration", course->held_mae,
				 course->n, true);
}

/*
 * Items with their bias first, in the ratings' unit. Who has rated nothing is
 * predicted the mean and the item's bias: that is its popularity.
 */
static void
put_items(AffinityItemSink *sink, const AlsShared *shared,
		  const AlsSide *items, const AlsCourse *course)
{
	const float *rows = course->row ? course->row : items->row;
	const float *biases = course->bias ? course->bias : items->bias;
	AffinityItemRow row = {.n_factors = shared->options.factors + 1};
	float	   *factor = affinity_latent_als_floats(row.n_factors);

	row.factor = factor;
	for (row.item = 0; row.item < items->ratings.n_rows; row.item++)
	{
		double		bias = shared->deviation * biases[row.item];
		double		expected = shared->mean + bias;

		CHECK_FOR_INTERRUPTS();
		memcpy(factor, rows + row.item * shared->width,
			   row.n_factors * sizeof(float));
		factor[0] = (float) Max(Min(bias, FLT_MAX), -FLT_MAX);
		row.popularity = (float) Max(Min(expected, FLT_MAX), -FLT_MAX);
		sink->put(sink, &row);
	}
}

static void
request_regions(AffinityTeamRequest *request, AlsShared *shared,
				const AffinityInteractions *in)
{
	(void) affinity_parallel_request_region(request, sizeof(AlsShared));
	shared->matrix = affinity_parallel_request_matrix(request, &in->by_user, &in->by_item);
	for (int which = ALS_USERS; which <= ALS_ITEMS; which++)
	{
		Size		n = which == ALS_USERS ? in->by_user.n_rows :
			in->by_item.n_rows;

		shared->row[which] =
			affinity_parallel_request_region(request,
											 mul_size(n, shared->width *
													  sizeof(float)));
		shared->bias[which] =
			affinity_parallel_request_region(request,
											 mul_size(n, sizeof(float)));
		shared->sums[which] =
			affinity_parallel_request_region(request,
											 mul_size(n / ALS_PIECE + 1,
													  sizeof(AlsSums)));
	}
}

static void
als_train(AffinityInteractions *in, const void *options,
		  AffinityItemSink *sink)
{
	AffinityTeamRequest request = {.job = &als_job, .max_workers = -1};
	AlsShared	shared = {.options = *(const AlsOptions *) options};
	AlsCourse	course = {0};
	AlsSide		side[2];
	AffinityTeam *team;
	float		parameters[ALS_N_PARAMETERS];

	shared.width = affinity_latent_als_width(&shared.options);
	shared.held_below = (uint64) ldexp(shared.options.holdout, 64);
	measure(&shared, &in->by_user);
	for (uint32 i = 0; i < in->by_item.n_rows; i++)
		shared.most_ratings = Max(shared.most_ratings,
								  in->by_item.start[i + 1] -
								  in->by_item.start[i]);
	check_memory(&shared, in);
	parameters[ALS_MEAN] = (float) shared.mean;
	parameters[ALS_DEVIATION] = (float) shared.deviation;
	parameters[ALS_GOOD] = good_rating(&shared, &in->by_user);
	make_course(&course, &shared, in->by_item.n_rows);
	request.seconds = estimate_seconds(&shared, in);
	request_regions(&request, &shared, in);

	team = affinity_parallel_begin(&request);
	memcpy(affinity_parallel_region(team, ALS_REGION_SHARED), &shared,
		   sizeof(shared));
	affinity_parallel_put_matrix(team, shared.matrix, &in->by_user, &in->by_item);
	affinity_latent_als_sides(team, &shared, side);
	affinity_latent_als_start(&shared, side[ALS_USERS].row,
							  side[ALS_USERS].ratings.n_rows);
	affinity_parallel_run(team, &course);
	put_figures(sink, &shared, &course);
	put_items(sink, &shared, &side[ALS_ITEMS], &course);
	sink->parameters(sink, parameters, ALS_N_PARAMETERS);
	affinity_parallel_end(team);
}

/* ---- options ----------------------------------------------------------- */

#define OPTION(...) AFFINITY_OPTION(AlsOptions, __VA_ARGS__)

static const AffinityOption als_options[] = {
	OPTION(factors, INT, "32", 1, 512, NULL,
		   "factors of an item, beside its bias"),
	OPTION(iterations, INT, "20", 1, 1000, NULL,
		   "times that items and users are solved for, at most"),
	OPTION(regularization, REAL, "1", 1e-4, 1e6, NULL,
		   "penalty on factors, ratings being in units of their standard deviation"),
	OPTION(regularization_exponent, REAL, "0.5", 0, 2, NULL,
		   "e: the penalty of a user or item with n ratings grows with n^e"),
	OPTION(bias_regularization, REAL, "5", 1e-3, 1e6, NULL,
		   "penalty on biases: a mean is damped as by so many average ratings"),
	OPTION(tolerance, REAL, "0.0002", 0, 1, NULL,
		   "stop when the loss, or the error on held-out ratings, falls by less than this part; 0: never"),
	OPTION(holdout, REAL, "0", 0, 0.5, NULL,
		   "part of the ratings that is not trained on but predicted: holdout_rmse in affinity.models.training"),
	OPTION(seed, INT, "1", 0, 2147483647, NULL,
		   "start of the factors, and choice of held-out ratings"),
	AFFINITY_OPTION_USERS(AlsOptions),
};

static double
als_history_weight(const void *options, double weight)
{
	(void) options;
	return weight;
}

const AffinityAlgorithm affinity_latent_als = {
	.name = "als",
	.help = "ratings, predicted by biases and factors",
	.options = als_options,
	.n_options = lengthof(als_options),
	.options_size = sizeof(AlsOptions),
	.has_factors = true,
	.ratings = true,
	.train = als_train,
	.history_weight = als_history_weight,
	.fold_begin = affinity_latent_als_fold_begin,
	.fold_in = affinity_latent_als_fold_in,
	.fold_explain = affinity_latent_als_fold_explain,
	.fold_basket_weight = affinity_latent_als_basket_weight,
	.n_bias_factors = 1,
};
