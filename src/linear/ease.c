/*
 * ease.c
 *		EASE: what every item of a history says of every other, learned
 *		together.
 *
 * The weights B minimize, over all users u with rows x_u,
 *
 *		sum_u w_u |x_u - x_u B|^2 + sum_ij l_i B_ij^2   with   B_jj = 0,
 *
 * which has a closed form (Steck, "Embarrassingly Shallow Autoencoders for
 * Sparse Data", 2019): with P = (X'WX + L)^-1, B_ij = -P_ij / P_jj. Unlike a
 * similarity, a weight is what is left when the other items of the history
 * have had their say; weights may be below 0.
 *
 * L = diag(l) is regularization * (d_i / mean of d)^regularization_exponent,
 * d being the diagonal of X'X, with binary weights the items' users (Steck,
 * "Autoencoders that don't overfit towards the Identity", 2020, derives a
 * penalty in proportion to it from dropout). w_u = d_u^-user_exponent, d_u
 * the sum of the user's row, scaled so that the mean over interactions is 1:
 * the regularization then counts in users whatever the exponent. With both
 * exponents 0 this is EASE to the letter.
 *
 * dropout p adds g_i p / (1 - p) to l_i, g being the diagonal of X'WX: what
 * leaving out a part p of every history comes to in the limit (Steck 2020; the
 * relaxed form is RDLAE of Moon, Kim and Lee, "It's Enough: Relaxing Diagonal
 * Constraints in Linear Autoencoders for Recommendation", 2023). output_exponent
 * a gives B_ij (d_i / d_j)^a, the item normalization of DAN-EASE (Park et al.,
 * "Why is Normalization Necessary for Linear Recommenders?", 2025): above 0 it
 * is the popular items that are held back, below the rare ones.
 *
 * ease_dense.c computes the closed form over all pairs of items, ease_sparse.c
 * column by column over candidates.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "miscadmin.h"
#include "utils/memutils.h"

#include "attribute/attribute.h"
#include "linear/ease.h"
#include "linear/low_rank.h"

/*
 * "auto" for the regularization counts in users, as it does itself: a weight
 * of which fewer than so many speak is noise, and the more users there are, the
 * more items there are to be mistaken for another. See README.md.
 */
#define LEAST_AUTO		100.0
#define MOST_AUTO		200.0
#define AUTO_PART		125.0

void
affinity_linear_ease_singular(const EaseOptions *options)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("the matrix of items cannot be inverted with regularization %g",
					options->regularization),
			 errhint("Items that the same users have cannot be told apart: use a larger \"regularization\".")));
}

/*
 * The largest sum of a row of X'WX + L, which is not below its largest
 * eigenvalue.
 */
static double
largest_row(const AffinityInteractions *in, const double *user_factor,
			const double *penalty)
{
	const AffinityCsr *by_user = &in->by_user;
	const AffinityCsr *by_item = &in->by_item;
	double	   *total = affinity_base_array(by_user->n_rows, sizeof(double));
	double		largest = 0;

	for (uint32 u = 0; u < by_user->n_rows; u++)
	{
		CHECK_FOR_INTERRUPTS();
		total[u] = 0;
		for (int64 e = by_user->start[u]; e < by_user->start[u + 1]; e++)
			total[u] += (by_user->val ? by_user->val[e] : 1) * user_factor[u];
	}
	for (uint32 i = 0; i < by_item->n_rows; i++)
	{
		double		sum = penalty[i];

		CHECK_FOR_INTERRUPTS();
		for (int64 e = by_item->start[i]; e < by_item->start[i + 1]; e++)
			sum += (by_item->val ? by_item->val[e] : 1) *
				total[by_item->col[e]];
		largest = Max(largest, sum);
	}
	pfree(total);
	return largest;
}

/*
 * Whether reals have digits enough for the dense method. Sums that reals
 * could not hold are scaled, which changes no weight.
 */
static bool
reals_suffice(const AffinityInteractions *in, double *user_factor,
			  double *penalty)
{
	double		largest = largest_row(in, user_factor, penalty);
	double		least = DBL_MAX;

	for (uint32 i = 0; i < in->by_item.n_rows; i++)
		least = Min(least, penalty[i]);
	if (largest > 1e20 || largest < 1e-10)
	{
		for (uint32 u = 0; u < in->by_user.n_rows; u++)
			user_factor[u] /= largest;
		for (uint32 i = 0; i < in->by_item.n_rows; i++)
			penalty[i] /= largest;
	}
	return EASE_REALS_SUFFICE(largest, least);
}

/* ---- training ---------------------------------------------------------- */

/*
 * "auto" is sparse. A version before may have been dense, as it was up to 5000
 * items once: that is said, as all scores change.
 */
static EaseMethod
choose_method(AffinityItemSink *sink)
{
	double		dense_before = sink->before(sink, "dense");

	if (!isnan(dense_before) && dense_before != 0)
		ereport(NOTICE,
				(errmsg("ease is sparse, and was dense before: scores change"),
				 errhint("To keep the method, set option \"method\" to \"dense\" by affinity.alter_model().")));
	return EASE_SPARSE;
}

/*
 * The regularization that is "auto", of a method that is settled.
 */
static double
auto_regularization(EaseMethod method, double n_users)
{
	return method == EASE_DENSE ? 500 :
		Min(Max(n_users / AUTO_PART, LEAST_AUTO), MOST_AUTO);
}

/*
 * The best regularization is the variance of what is not explained over that of
 * the weights. Neither knows how many users there are; but where fewer items
 * say the same, each has the more to say.
 */
static void
ease_sampled(void *options, double users, double part)
{
	EaseOptions *o = options;

	if (isnan(o->regularization))
		o->regularization = auto_regularization(o->method, users);
	o->regularization *= part;
}

/*
 * Settle what was left open: the method, and what depends on it. The dense
 * method is the closed form as published. In the sparse one popularity is
 * levelled out: else popular items would have a say in everything.
 */
static void
settle(EaseOptions *o, uint32 n_users, uint32 n_items, AffinityItemSink *sink)
{
	double		exponent;

	if (o->method == EASE_AUTO)
		o->method = choose_method(sink);
	exponent = o->method == EASE_DENSE ? 0 : 0.5;
	if (isnan(o->regularization))
		o->regularization = auto_regularization(o->method, n_users);
	if (isnan(o->user_exponent))
		o->user_exponent = exponent;
	if (isnan(o->regularization_exponent))
		o->regularization_exponent = exponent;
	o->neighbors = Min(o->neighbors, (int32) n_items);
	o->candidates = Min(o->candidates, (int32) n_items);
}

/*
 * Bytes of the matrix in both orientations, and of the users' factors, which
 * are there twice while a team gets them.
 */
static Size
rows_bytes(const AffinityInteractions *in)
{
	Size		entries = (Size) in->by_user.start[in->by_user.n_rows];
	Size		entry = 2 * sizeof(uint32) +
		(in->by_user.val ? 2 * sizeof(float) : 0);

	return add_size(mul_size(entries, entry),
					mul_size(in->by_user.n_rows, 4 * sizeof(double)));
}

/*
 * Complain if more memory is needed than is allowed.
 */
static void
check_memory(const EaseTask *task, const AffinityInteractions *in)
{
	const EaseOptions *o = &task->options;
	Size		rows = rows_bytes(in);
	Size		bytes;

	if (o->method == EASE_DENSE)
	{
		bytes = affinity_linear_ease_dense_bytes(task->n_items, task->single);
		affinity_base_need_memory(add_size(rows, bytes),
								  "set option \"method\" to \"sparse\"",
								  "dense ease of %u items needs",
								  task->n_items);
		return;
	}
	bytes = affinity_linear_ease_sparse_bytes(task->n_users, task->n_items,
											  affinity_linear_ease_most_candidates(task));
	affinity_base_need_memory(add_size(rows, bytes),
							  "use fewer \"candidates\"",
							  "sparse ease of %u items with %d candidates needs",
							  task->n_items, o->candidates);
}

static void
report(AffinityItemSink *sink, const EaseTask *task, const EaseLeader *leader)
{
	double		dense = task->options.method == EASE_DENSE;
	double		weights = (double) leader->n_weights;

	sink->figure(sink, "dense", &dense, 1, false);
	sink->figure(sink, "regularization", &task->options.regularization, 1,
				 false);
	sink->figure(sink, "user_exponent", &task->options.user_exponent, 1, false);
	sink->figure(sink, "regularization_exponent",
				 &task->options.regularization_exponent, 1, false);
	if (task->has_prior)
		sink->figure(sink, "attribute_weight", &leader->attribute_weight, 1,
					 false);
	sink->figure(sink, "weights", &weights, 1, false);
}

/*
 * The low-rank part, before the matrix is given away.
 */
static void
begin_low_rank(LowRank *low, const AffinityInteractions *in,
			   const EaseOptions *o, AffinityItemSink *sink)
{
	AffinitySpectrumRequest request = {.rank = o->rank, .user_exponent = 1,
	.power = o->power_iterations};
	Size		n = in->by_item.n_rows;

	low->exponent = o->rank_exponent;
	low->skip = o->skip;
	low->neighbors = o->neighbors;
	request.max_workers = sink->max_workers;
	request.held = rows_bytes(in);
	request.otherwise = "use a smaller \"rank\"";
	affinity_linear_low_rank_begin(low, in, &request, o->rank_weight,
								   o->eigenvalue_exponent,
								   mul_size(n, o->method == EASE_SPARSE ?
											(Size) o->candidates :
											Min(n, LOW_RANK_MOST)));
}

/*
 * Learn on a team. What concerns users and items is copied into its regions.
 */
static void
run_team(AffinityInteractions *in, EaseTask *task, const double *user_factor,
		 const double *penalty, const double *output, const float *trend,
		 const AffinityAlike *alike, const uint32 *due, EaseLeader *leader)
{
	AffinityTeamRequest request = {
		.max_workers = leader->sink ? leader->sink->max_workers : -1
	};
	Size		users = mul_size(task->n_users, sizeof(double));
	Size		items = mul_size(task->n_items, sizeof(double));
	Size		slot = affinity_linear_ease_slot_bytes(task->options.neighbors);
	AffinityTeam *team;

	(void) affinity_parallel_request_region(&request, sizeof(EaseTask));
	task->user_factor = affinity_parallel_request_region(&request, users);
	task->penalty = affinity_parallel_request_region(&request, items);
	task->output = affinity_parallel_request_region(&request, items);
	task->trend = affinity_parallel_request_region(&request, trend ?
												   task->n_items *
												   sizeof(float) : 0);
	task->rows =
		affinity_parallel_request_region(&request,
										 affinity_parallel_stream_bytes(slot));
	task->due = affinity_parallel_request_region(&request, due ?
												 task->n_items *
												 sizeof(uint32) : 0);
	task->matrix = affinity_parallel_request_matrix(&request, &in->by_user, &in->by_item);
	affinity_linear_ease_prior_request(&request, task, alike);
	if (task->options.method == EASE_DENSE)
		affinity_linear_ease_dense_request(&request, task);
	else
		affinity_linear_ease_sparse_request(&request, task);

	team = affinity_parallel_begin(&request);
	memcpy(affinity_parallel_region(team, EASE_TASK), task, sizeof(EaseTask));
	memcpy(affinity_parallel_region(team, task->user_factor), user_factor,
		   users);
	memcpy(affinity_parallel_region(team, task->penalty), penalty, items);
	memcpy(affinity_parallel_region(team, task->output), output, items);
	if (trend)
		memcpy(affinity_parallel_region(team, task->trend), trend,
			   task->n_items * sizeof(float));
	if (due)
		memcpy(affinity_parallel_region(team, task->due), due,
			   task->n_items * sizeof(uint32));
	affinity_parallel_put_matrix(team, task->matrix, &in->by_user, &in->by_item);
	affinity_linear_ease_prior_put(team, task, alike);
	affinity_parallel_run(team, leader);
	affinity_parallel_end(team);
}

/*
 * What users, items and rows count, and the weights; due are numbers of the
 * columns that are to be solved, NULL: all.
 */
void
affinity_linear_ease_learn(AffinityInteractions *in, EaseTask *task,
						   const float *trend, const uint32 *due,
						   EaseLeader *leader)
{
	EaseOptions *o = &task->options;
	const AffinityAlike *alike = NULL;
	double	   *user_factor = affinity_base_array(task->n_users,
												  sizeof(double));
	double	   *penalty = affinity_base_array(task->n_items, sizeof(double));
	double	   *output = affinity_base_array(task->n_items, sizeof(double));

	affinity_linear_ease_user_factors(&in->by_user, o->user_exponent,
									  user_factor);
	affinity_linear_ease_penalties(&in->by_item, o, user_factor, penalty,
								   output);
	task->is_update = due != NULL;
	task->single = reals_suffice(in, user_factor, penalty);
	task->has_prior = in->attributes != NULL && o->method == EASE_SPARSE;
	task->n_heads = affinity_linear_ease_heads(task->n_columns, task->n_items);
	check_memory(task, in);
	if (task->has_prior)
		alike = affinity_attribute_alike(in, o->attribute_neighbors);
	run_team(in, task, user_factor, penalty, output, trend, alike, due,
			 leader);
}

static void
ease_train(AffinityInteractions *in, const void *options,
		   AffinityItemSink *sink)
{
	EaseTask	task = {.options = *(const EaseOptions *) options};
	EaseOptions *o = &task.options;
	EaseLeader	leader = {.sink = sink};
	LowRank		low = {0};
	bool		low_rank;
	AffinityKeptLists lists;
	const float *trend;

	task.n_users = in->by_user.n_rows;
	task.n_items = task.n_columns = in->by_item.n_rows;
	settle(o, task.n_users, task.n_items, sink);
	(void) affinity_train_blas();
	trend = affinity_train_trend(in, &o->times, sink);
	affinity_train_timely_popularity(in, &o->times, trend, false, sink);
	affinity_linear_weigh(&in->by_user, o->weights);
	affinity_linear_weigh(&in->by_item, o->weights);
	affinity_train_decay_values(in, &o->times);
	low_rank = o->rank > o->skip && o->rank_weight > 0;
	if (low_rank)
	{
		begin_low_rank(&low, in, o, sink);
		low.trend = trend;
		affinity_train_lists_keep(&lists, task.n_items, 1, sink);
		leader.sink = &lists.sink;
		o->neighbors = Min(Max(o->neighbors, LOW_RANK_MOST),
						   (int32) task.n_items);
	}
	affinity_linear_ease_learn(in, &task, trend, NULL, &leader);
	if (low_rank)
		leader.n_weights = affinity_linear_low_rank_put(&low, &lists, sink);
	report(sink, &task, &leader);
}

/* ---- options ----------------------------------------------------------- */

static const char *const method_names[] = {"auto", "dense", "sparse", NULL};
const char *const affinity_linear_weights_names[] = {
	"binary", "log", "sqrt", "linear", NULL
};

#define OPTION(...) AFFINITY_OPTION(EaseOptions, __VA_ARGS__)

static const AffinityOption ease_options[] = {
	OPTION(regularization, REAL, "\"auto\"", 0, 1e12, NULL,
		   "how much a weight costs: what fewer users than so many say counts little; auto: 500 if dense, 100 to 200 by users if sparse"),
	OPTION(regularization_exponent, REAL, "\"auto\"", 0, 2, NULL,
		   "how the regularization grows with an item's users: 0 the same for all, 1 in proportion; auto: 0 if dense, 0.5 if sparse"),
	OPTION(dropout, REAL, "0", 0, 0.99, NULL,
		   "regularize as if this part of every history was left out, at random, again and again"),
	OPTION(user_exponent, REAL, "\"auto\"", 0, 2, NULL,
		   "how much less an interaction counts of a user with many; auto: 0 if dense, 0.5 if sparse"),
	OPTION(output_exponent, REAL, "0", -1, 1, NULL,
		   "a weight of i for j is multiplied by (users of i / users of j) to this power: how far popular items are held back"),
	OPTION(weights, ENUM, "\"binary\"", 0, 0, affinity_linear_weights_names,
		   "what a summed weight counts: 1, ln(1 + weight), its root, itself"),
	OPTION(neighbors, INT, "200", 1, 10000, NULL,
		   "weights kept per item, those farthest from 0"),
	OPTION(method, ENUM, "\"auto\"", 0, 0, method_names,
		   "dense: all pairs of items; sparse: candidates of each item; auto: sparse"),
	OPTION(candidates, INT, "200", 1, 1000, NULL,
		   "sparse: items whose weights for an item are learned together"),
	OPTION(candidate_exponent, REAL, "0.3", 0, 2, NULL,
		   "sparse: how much popularity counts against a candidate"),
	OPTION(rank, INT, "0", 0, AFFINITY_SPECTRUM_MOST, NULL,
		   "eigenvectors of the graph of items that add a low-rank part to the weights; 0: none"),
	OPTION(rank_weight, REAL, "0.5", 0, 1e6, NULL,
		   "how much the low-rank part counts beside the weights"),
	OPTION(rank_exponent, REAL, "0.5", 0, 2, NULL,
		   "how much the low-rank part speaks for popular items"),
	OPTION(eigenvalue_exponent, REAL, "0.25", 0, 10, NULL,
		   "how much less an eigenvector counts with a smaller eigenvalue; 0: all count the same"),
	OPTION(power_iterations, INT, "6", 0, 100, NULL,
		   "multiplications of random vectors by the graph that make the eigenvectors: few are rough, and mixed with more; 0: until they stand still"),
	OPTION(skip, INT, "0", 0, AFFINITY_SPECTRUM_MOST, NULL,
		   "first eigenvectors left out of the low-rank part"),
	OPTION(attribute_weight, REAL, "\"auto\"", 0, 1e6, NULL,
		   "with item_attributes: the weight that an item with the same attributes is expected to have; auto: what fits those that have users"),
	OPTION(attribute_users, REAL, "2", 0, 1e9, NULL,
		   "with item_attributes: users of an item for whom they stand; what more users than that say counts more"),
	OPTION(attribute_neighbors, INT, "50", 1, 1000, NULL,
		   "with item_attributes: items most like an item by them that are looked at"),
	AFFINITY_OPTION_MAX_HISTORY(EaseOptions),
	AFFINITY_OPTIONS_TRAINING_TIMES(EaseOptions),
	AFFINITY_OPTIONS_HISTORY(EaseOptions),
	AFFINITY_OPTION_SEEN(EaseOptions),
	AFFINITY_OPTION_USERS(EaseOptions),
};

static void
ease_request(const void *options, AffinityReadRequest *request)
{
	const EaseOptions *o = options;

	request->max_history = o->max_history;
	request->no_values = affinity_linear_is_binary(o->weights);
	affinity_train_request_times(&o->times, request);
}

static const AffinityTimes *
ease_times(const void *options)
{
	return &((const EaseOptions *) options)->times;
}

static bool
ease_attributes(const void *options)
{
	return ((const EaseOptions *) options)->method != EASE_DENSE;
}

static double
ease_history_weight(const void *options, double weight)
{
	return affinity_linear_counted(((const EaseOptions *) options)->weights, weight);
}

const AffinityAlgorithm affinity_linear_ease = {
	.name = "ease",
	.help = "weights between items, learned together: a linear autoencoder in closed form",
	.options = ease_options,
	.n_options = lengthof(ease_options),
	.options_size = sizeof(EaseOptions),
	.has_neighbors = true,
	.signed_scores = true,
	.sampled = ease_sampled,
	.request = ease_request,
	.train = ease_train,
	.update_way = affinity_linear_ease_update_way,
	.update = affinity_linear_ease_update,
	.takes_changed = true,
	.times = ease_times,
	.attributes = ease_attributes,
	.history_weight = ease_history_weight,
};
