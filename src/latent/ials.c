/*
 * ials.c
 *		Factors from implicit feedback, by alternating least squares.
 *
 * Hu, Koren and Volinsky, "Collaborative Filtering for Implicit Feedback
 * Datasets" (2008), with the loss of Rendle, Krichene, Zhang and Koren,
 * "Revisiting the Performance of iALS on Item Recommendation Benchmarks"
 * (2021): what is minimized over users' vectors x and items' vectors y is
 *
 *		sum over observed (u, i) of c_ui (1 - x_u . y_i)^2
 *		+ a sum over all (u, i) of (x_u . y_i)^2
 *		+ sum over u of r_u |x_u|^2 + sum over i of r_i |y_i|^2
 *
 * with c_ui = alpha * (weight, log2(1 + weight) or 1), a = unobserved_weight
 * and r = regularization * (n + a m)^regularization_exponent, n being the
 * number of the row's observations and m that of the other side's rows: what
 * is seen often is held back more.
 *
 * What is stored of a model are items, in the axes in which their Gram matrix
 * is diagonal, the longest first, and that diagonal. An iteration updates
 * items, then users, and the last update of users is exact: so it is what
 * serving does with the users' histories, and the last loss is that of the
 * model as served.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "miscadmin.h"

#include "latent/ials.h"
#include "parallel/team.h"

AFFINITY_TEAM_JOB(ials_job, affinity_latent_ials_body);

/* Weights up to here: products of them stay finite. */
#define MOST_WEIGHT		1e12

/* "auto" for the weight of what is not observed. */
#define AUTO_DENSITIES	20
#define LEAST_AUTO		0.01
#define MOST_AUTO		0.5

/* Operations of the training in a second, for a guess at what it takes. */
#define OPERATIONS_PER_SECOND	2e10

/* ---- the loss ---------------------------------------------------------- */

/*
 * The root of what an observation weighs, from its summed weight.
 */
float
affinity_latent_ials_root(const IalsOptions *options, float weight)
{
	double		confidence = 1;

	if (options->confidence == CONFIDENCE_LINEAR)
		confidence = weight;
	else if (options->confidence == CONFIDENCE_LOG)
		confidence = log1p(weight) / M_LN2; /* exact for the smallest too */
	return (float) sqrt(Min(options->alpha * confidence, MOST_WEIGHT));
}

/*
 * What the square of a vector with n observations counts, there being
 * n_others rows on the other side.
 */
double
affinity_latent_ials_ridge(const IalsOptions *options, int64 n, uint32 n_others)
{
	return options->regularization *
		pow((double) n + options->unobserved_weight * n_others,
			options->regularization_exponent);
}

/* ---- before ------------------------------------------------------------ */

static int64
longest_row(const AffinityCsr *m)
{
	int64		most = 0;

	for (uint32 i = 0; i < m->n_rows; i++)
		most = Max(most, m->start[i + 1] - m->start[i]);
	return most;
}

/*
 * Where a half-life decays them, replace weights by what they count, which is
 * the same in all algorithms: their roots are taken next.
 */
static void
make_confidences(const IalsOptions *options, AffinityInteractions *in)
{
	AffinityCsr *m[] = {&in->by_user, &in->by_item};

	if (options->times.half_life == 0)
		return;
	for (int side = 0; side < 2; side++)
	{
		int64		n = m[side]->start[m[side]->n_rows];

		if (m[side]->val == NULL)
		{
			m[side]->val = affinity_base_array(n, sizeof(float));
			for (int64 e = 0; e < n; e++)
				m[side]->val[e] = 1;
		}
		for (int64 e = 0; e < n; e++)
		{
			float		root = affinity_latent_ials_root(options,
														 m[side]->val[e]);

			affinity_base_look_up(e);
			m[side]->val[e] = affinity_interaction_weight((double) root * root);
		}
	}
	affinity_train_decay_values(in, &options->times);
}

/*
 * Replace weights by the roots of what they count, and drop them where that
 * is the same for all.
 */
static void
make_roots(const IalsOptions *options, AffinityCsr *m)
{
	int64		n = m->start[m->n_rows];

	if (options->times.half_life > 0)
	{
		/* they are what they count already */
		for (int64 e = 0; e < n; e++)
		{
			if (e % 65536 == 0)
				CHECK_FOR_INTERRUPTS();
			m->val[e] = sqrtf(m->val[e]);
		}
		return;
	}
	if (m->val != NULL && options->confidence == CONFIDENCE_BINARY)
	{
		affinity_parallel_free_array(m->val);
		m->val = NULL;
	}
	if (m->val == NULL)
		return;
	for (int64 e = 0; e < n; e++)
	{
		if (e % 65536 == 0)
			CHECK_FOR_INTERRUPTS();
		m->val[e] = affinity_latent_ials_root(options, m->val[e]);
	}
}

/*
 * Regions in the order of their numbers.
 */
static void
request_regions(AffinityTeamRequest *request, const IalsOptions *options,
				const AffinityInteractions *in)
{
	Size		width = affinity_kernel_padded_width(options->factors);
	Size		row = width * sizeof(float);
	uint32		n_users = in->by_user.n_rows;
	uint32		n_items = in->by_item.n_rows;
	Size		size[IALS_MATRIX] = {
		[IALS_SHARED] = sizeof(IalsShared),
		[IALS_USERS] = mul_size(n_users, row),
		[IALS_ITEMS] = mul_size(n_items, row),
		[IALS_ROTATION] = (width + 1) * row,
		[IALS_GRAM] = IALS_GRAM_PIECES * width * width * sizeof(double),
		[IALS_PENALTY] = 2 * IALS_GRAM_PIECES * sizeof(double),
		[IALS_LOSS] = (Max(n_users, n_items) / IALS_SOLVE_ROWS + 1) *
		sizeof(double),
		[IALS_HISTORY] = 2 * (Size) options->iterations * sizeof(double)
	};

	for (int region = 0; region < IALS_MATRIX; region++)
	{
		int			no = affinity_parallel_request_region(request,
														  size[region]);

		if (no != region)
			elog(ERROR, "regions of ials are out of order");
	}
}

/*
 * What the training holds at once: regions, the matrix in both orientations,
 * and a solver in every participant.
 */
static void
check_memory(const AffinityTeamRequest *request, const IalsOptions *options,
			 const AffinityInteractions *in, int64 most_entries)
{
	int64		entries = in->by_user.start[in->by_user.n_rows];
	Size		width = affinity_kernel_padded_width(options->factors);
	Size		bytes = affinity_factor_solver_bytes(width,
													 most_entries);

	/* what the leader needs to diagonalize */
	bytes = mul_size(bytes, affinity_parallel_allowed() + 1);
	bytes = add_size(bytes, 2 * width * (width + 4) * sizeof(double));
	for (int r = 0; r < request->n_regions; r++)
		bytes = add_size(bytes, request->size[r]);
	bytes = add_size(bytes, mul_size(entries, 2 * sizeof(uint32) +
									 (in->by_user.val ? 2 : 0) *
									 sizeof(float)));
	affinity_base_need_memory(bytes, "train with fewer factors",
							  "%d factors of %u users and %u items need",
							  options->factors, in->by_user.n_rows,
							  in->by_item.n_rows);
}

/*
 * Seconds of one processor, roughly.
 */
static double
estimate_seconds(const IalsOptions *options, const AffinityInteractions *in)
{
	double		entries = (double) in->by_user.start[in->by_user.n_rows];
	double		rows = (double) in->by_user.n_rows + in->by_item.n_rows;
	double		f = options->factors;
	double		of_entry = 8 * f * (options->cg_steps + 1);

	if (options->solver == FACTOR_CHOLESKY)
		of_entry = 2 * f * f;
	else if (options->solver == FACTOR_BLOCK)
		of_entry = 4 * f * options->block_size;
	return options->iterations * (entries * of_entry + rows * 4 * f * f) /
		OPERATIONS_PER_SECOND;
}

/*
 * What "auto" is for the weight of what is not observed: in proportion to the
 * density, so that all that is not observed weighs as much, whatever the size
 * of the catalog, beside what is. It is a real, as serving reads it from the
 * model's parameters.
 */
static void
settle(IalsOptions *options, const AffinityInteractions *in)
{
	double		density = (double) in->by_user.start[in->by_user.n_rows] /
		((double) in->by_user.n_rows * affinity_attribute_items_had(in));

	if (isnan(options->unobserved_weight))
		options->unobserved_weight = (float) Min(Max(AUTO_DENSITIES * density,
													 LEAST_AUTO), MOST_AUTO);
}

/* ---- after ------------------------------------------------------------- */

/*
 * The diagonal of the items' Gram matrix, which is beside the rotation, the
 * weight of what is not observed, and the items' trend, if there is one.
 */
static void
put_parameters(AffinityItemSink *sink, const IalsOptions *options,
			   const float *spectrum, const float *trend, uint32 n_items)
{
	uint32		factors = options->factors;
	uint32		n = factors + 1 + (trend ? n_items : 0);
	float	   *parameter = affinity_base_array(n, sizeof(float));

	memcpy(parameter, spectrum, factors * sizeof(float));
	parameter[factors] = (float) options->unobserved_weight;
	if (trend)
		memcpy(parameter + factors + 1, trend, n_items * sizeof(float));
	sink->parameters(sink, parameter, n);
	pfree(parameter);
}

/*
 * Items are stored times their trend, so that a product with a user's vector
 * is the score; folding in takes the trend off again. Where there are
 * attributes, items are blended with what is like them.
 */
static void
put_items(AffinityTeam *team, const float *trend, const AffinityAlike *alike,
		  AffinityItemSink *sink)
{
	const IalsShared *shared = affinity_parallel_region(team, IALS_SHARED);
	const float *factor = affinity_parallel_region(team, IALS_ITEMS);
	uint32		factors = shared->options.factors;
	Size		width = affinity_kernel_padded_width(factors);
	AffinityCsr by_user;
	AffinityCsr by_item;
	float	   *timely = palloc(factors * sizeof(float));
	float	   *blended = palloc(factors * sizeof(float));
	float	   *users;

	affinity_parallel_matrix(team, IALS_MATRIX, &by_user, &by_item);
	users = affinity_base_array(by_item.n_rows, sizeof(float));
	for (uint32 i = 0; i < by_item.n_rows; i++)
		users[i] = affinity_train_item_row(&by_item, i).popularity;
	for (uint32 i = 0; i < by_item.n_rows; i++)
	{
		AffinityItemRow row = affinity_train_item_row(&by_item, i);

		CHECK_FOR_INTERRUPTS();
		row.n_factors = factors;
		row.factor = factor + i * width;
		if (alike)
		{
			affinity_attribute_factors(alike, &shared->options.attributes,
									   users, factor, width, factors, i,
									   blended);
			row.factor = blended;
		}
		if (trend)
		{
			for (uint32 k = 0; k < factors; k++)
				timely[k] = row.factor[k] * trend[i];
			row.factor = timely;
		}
		sink->put(sink, &row);
	}
	put_parameters(sink, &shared->options,
				   (float *) affinity_parallel_region(team, IALS_ROTATION) +
				   width * width,
				   trend, by_item.n_rows);
	pfree(timely);
	pfree(blended);
	pfree(users);
}

/*
 * Losses: of the model, after every iteration and after every half of one.
 */
static void
put_figures(AffinityTeam *team, AffinityItemSink *sink)
{
	const IalsShared *shared = affinity_parallel_region(team, IALS_SHARED);
	const double *history = affinity_parallel_region(team, IALS_HISTORY);
	int			n = shared->iterations;
	double		iterations = n;
	double	   *loss = palloc(n * sizeof(double));
	double		unobserved = shared->options.unobserved_weight;

	for (int i = 0; i < n; i++)
		loss[i] = history[2 * i + 1];
	sink->figure(sink, "iterations", &iterations, 1, false);
	sink->figure(sink, "unobserved_weight", &unobserved, 1, false);
	sink->figure(sink, "loss", loss, n, true);
	sink->figure(sink, "half_step_loss", history, 2 * n, true);
	pfree(loss);
}

static void
ials_train(AffinityInteractions *in, const void *options,
		   AffinityItemSink *sink)
{
	IalsOptions settled = *(const IalsOptions *) options;
	const IalsOptions *ials = &settled;
	AffinityTeamRequest request = {.job = &ials_job, .max_workers = -1};
	IalsShared *shared;
	AffinityTeam *team;
	const AffinityAlike *alike = NULL;
	const float *trend = affinity_train_trend(in, &ials->times, sink);
	int64		most = Max(longest_row(&in->by_user),
						   longest_row(&in->by_item));

	affinity_train_timely_popularity(in, &ials->times, trend, false, sink);
	if (in->attributes)
		alike = affinity_attribute_alike(in, ials->attributes.attribute_neighbors);
	settle(&settled, in);
	make_confidences(ials, in);
	make_roots(ials, &in->by_user);
	make_roots(ials, &in->by_item);
	request.seconds = estimate_seconds(ials, in);
	request_regions(&request, ials, in);
	check_memory(&request, ials, in, most);
	if (affinity_parallel_request_matrix(&request, &in->by_user, &in->by_item) != IALS_MATRIX)
		elog(ERROR, "regions of ials are out of order");
	team = affinity_parallel_begin(&request);
	shared = affinity_parallel_region(team, IALS_SHARED);
	shared->options = *ials;
	shared->most_entries = most;
	shared->root = affinity_latent_ials_root(ials, 1);
	affinity_parallel_put_matrix(team, IALS_MATRIX, &in->by_user, &in->by_item);
	affinity_parallel_run(team, NULL);
	put_items(team, trend, alike, sink);
	put_figures(team, sink);
	affinity_parallel_end(team);
}

/* ---- options ----------------------------------------------------------- */

static const char *const confidence_names[] = {
	"linear", "log", "binary", NULL
};
static const char *const solver_names[] = {
	"cg", "cholesky", "block_coordinate", NULL
};

#define OPTION(...) AFFINITY_OPTION(IalsOptions, __VA_ARGS__)

static const AffinityOption ials_options[] = {
	OPTION(factors, INT, "128", 1, IALS_MOST_FACTORS, NULL,
		   "numbers that describe an item: more is more accurate, slower and larger"),
	OPTION(iterations, INT, "15", 1, 1000, NULL,
		   "updates of all items and then all users"),
	OPTION(alpha, REAL, "1", 1e-6, 1e6, NULL,
		   "weight of an observation"),
	OPTION(unobserved_weight, REAL, "\"auto\"", 0, 1e6, NULL,
		   "weight of every pair of a user and an item: what is not observed should score 0; auto: 20 times the density, 0.01 to 0.5"),
	OPTION(regularization, REAL, "0.005", 1e-9, 1e9, NULL,
		   "how short vectors are kept: larger generalizes more"),
	OPTION(regularization_exponent, REAL, "1", 0, 2, NULL,
		   "how much more the vectors of users and items with many observations are kept short"),
	OPTION(confidence, ENUM, "\"binary\"", 0, 0, confidence_names,
		   "what a summed weight counts: itself, log2(1 + weight), 1; alpha multiplies it"),
	OPTION(solver, ENUM, "\"cg\"", 0, 0, solver_names,
		   "conjugate gradients, exact, or some factors after the other as in iALS++"),
	OPTION(cg_steps, INT, "3", 1, 100, NULL,
		   "cg: steps in an update; rows with few observations are solved exactly"),
	OPTION(block_size, INT, "32", 1, IALS_MOST_FACTORS, NULL,
		   "block_coordinate: factors solved for at once, rounded up to a multiple of 16"),
	OPTION(tolerance, REAL, "0.0001", 0, 1, NULL,
		   "stop, after one more iteration, when one lowers the loss by less than this part"),
	OPTION(seed, INT, "1", -2147483648.0, 2147483647, NULL,
		   "of the random numbers that users start from"),
	AFFINITY_OPTIONS_TRAINING_TIMES(IalsOptions),
	AFFINITY_OPTIONS_HISTORY(IalsOptions),
	AFFINITY_OPTIONS_ATTRIBUTES(IalsOptions),
	AFFINITY_OPTION_SEEN(IalsOptions),
	AFFINITY_OPTION_USERS(IalsOptions),
};

static void
ials_request(const void *options, AffinityReadRequest *request)
{
	const IalsOptions *o = options;

	request->no_values = o->confidence == CONFIDENCE_BINARY;
	affinity_train_request_times(&o->times, request);
}

static const AffinityTimes *
ials_times(const void *options)
{
	return &((const IalsOptions *) options)->times;
}

static double
ials_history_weight(const void *options, double weight)
{
	double		root = affinity_latent_ials_root(options,
												 (float) Min(weight, FLT_MAX));

	return root * root;
}

const AffinityAlgorithm affinity_latent_ials = {
	.name = "ials",
	.help = "factors of items from implicit feedback, by alternating least squares",
	.options = ials_options,
	.n_options = lengthof(ials_options),
	.options_size = sizeof(IalsOptions),
	.has_factors = true,
	.request = ials_request,
	.train = ials_train,
	.times = ials_times,
	.attributes = affinity_attribute_always,
	.history_weight = ials_history_weight,
	.fold_begin = affinity_latent_ials_fold_begin,
	.fold_in = affinity_latent_ials_fold_in,
	.fold_explain = affinity_latent_ials_fold_explain,
	.update_way = affinity_latent_ials_update_way,
	.update = affinity_latent_ials_update,
};
