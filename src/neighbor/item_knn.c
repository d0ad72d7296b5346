/*
 * item_knn.c
 *		The K most similar items of every item, from one sparse product.
 *
 * For a source item i, the rows of all its users are added up; that gives the
 * numerators S_ij for all j at once (row-wise sparse product, Gustavson
 * 1978). The K best j of each i are kept. The default similarity,
 *
 *		S_ij = (R' D_U^-p R)_ij / (d_i^a d_j^b),
 *
 * divides what a user contributes by the user's degree and the sum by powers
 * of the items' degrees (a, b: item_exponent, neighbor_exponent). p = 1, a =
 * 1/2, b = 1/2 is the normalized co-occurrence that GF-CF starts from (Shen
 * et al., "How Powerful is Graph Convolution for Recommendation?", 2021); a
 * smaller b lets popular items keep some of their lead. p = 0, a = b = 1/2 on
 * binary data is the cosine. Others: log_likelihood is Dunning's G2 (1993) of
 * the 2x2 table of users, for pairs that meet more often than by chance;
 * shrinkage is Bell and Koren's (2007) c / (c + shrinkage). adjusted_cosine is
 * that of Sarwar et al., "Item-Based Collaborative Filtering Recommendation
 * Algorithms" (2001). Where weights have signs, what is below 0 speaks against
 * an item, and degrees are sums without signs (Kunegis et al., "Spectral
 * Analysis of Signed Graphs for Clustering, Prediction and Visualization",
 * 2010); neighbors are similar in any case.
 *
 * Sums are kept in double and rounded to real once, so lists do not depend on
 * the order in which rows were read. Every item's list is one participant's
 * work, so they do not depend on the number of workers either.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/memutils.h"

#include "neighbor/item_knn.h"

/* What one addition to a sum takes, in seconds, with what comes after it. */
#define ADDITION	2e-9

#define REGION_SHARED	0

/* ---- lists ------------------------------------------------------------- */

static void
make_list(void *state, uint32 item, uint32 kind)
{
	affinity_neighbor_knn_list(state, item, kind);
}

/*
 * An item is as popular as users like it more than others do the opposite.
 */
static float
popularity(const KnnState *s, uint32 item)
{
	const AffinityCsr *m = &s->by_item;
	double		sum = 0;

	if (!s->is_signed)
		return (float) (m->start[item + 1] - m->start[item]);
	for (int64 e = m->start[item]; e < m->start[item + 1]; e++)
		sum += (m->val[e] > 0) - (m->val[e] < 0);
	return (float) sum;
}

static AffinityItemRow
item_row(void *state, uint32 item, uint32 kind)
{
	const KnnState *s = state;
	const int64 *start = s->by_item.start + (size_t) kind * s->n_items + item;
	AffinityItemRow row = affinity_train_item_row(&s->by_item, item);

	row.kind = kind;
	row.n_users = (uint32) (start[1] - start[0]);

	row.popularity = popularity(s, item);
	return row;
}

/* ---- what every participant does ---------------------------------------- */

/*
 * What is shared, as a participant sees it.
 */
static void
attach(KnnState *s, AffinityTeam *team)
{
	s->shared = affinity_parallel_region(team, REGION_SHARED);
	s->options = &s->shared->options;
	s->list.lists = &s->shared->lists;
	s->list.sink = affinity_parallel_leader(team);
	s->list.state = s;
	s->list.make = make_list;
	s->list.row = item_row;
	affinity_parallel_matrix(team, s->shared->matrix, &s->by_user,
							 &s->by_item);
	s->n_items = s->shared->lists.n_items;
	s->n_kinds = s->shared->lists.n_kinds;
	if (s->n_kinds > 1)
		s->target_end = affinity_parallel_region(team, s->shared->target_end);
	s->is_signed = s->options->weights == AFFINITY_WEIGHTS_SIGNED &&
		s->by_user.val != NULL;
	s->user_factor = affinity_parallel_region(team, s->shared->user_factor);
	s->left = affinity_parallel_region(team, s->shared->left);
	s->right = affinity_parallel_region(team, s->shared->right);
	s->x_log_x = affinity_parallel_region(team, s->shared->x_log_x);
	if (s->options->times.trend > 0 &&
		!affinity_neighbor_knn_is_product(s->options->similarity))
		s->trend = affinity_parallel_region(team, s->shared->trend);
}

/*
 * What a participant has for itself.
 */
void
affinity_neighbor_knn_prepare(KnnState *s)
{
	const ItemKnnOptions *o = s->options;
	uint32		n_items = s->n_items;

	if (affinity_neighbor_knn_on_moments(o->similarity))
		s->moments = affinity_base_zeroed_array(n_items,
												sizeof(AffinityMoments));
	else
		s->sum = affinity_base_zeroed_array(n_items, sizeof(double));
	if (s->is_signed && s->sum)
	{
		/* see kernel/sparse.c */
		s->clear = -0.0;
		for (uint32 i = 0; i < n_items; i++)
			s->sum[i] = s->clear;
	}
	s->counts = !affinity_neighbor_knn_on_sets(o->similarity) && !s->moments &&
		(o->min_support > 1 || o->shrinkage > 0);
	if (s->counts || s->n_kinds > 1)
		s->count = affinity_base_zeroed_array(n_items, sizeof(uint32));
	affinity_neighbor_list_prepare(&s->list);
}

AFFINITY_TEAM_JOB(item_knn_job, affinity_neighbor_item_knn_body);

/*
 * What every participant does.
 */
void
affinity_neighbor_item_knn_body(AffinityTeam *team)
{
	KnnState	state = {0};

	attach(&state, team);
	affinity_neighbor_knn_prepare(&state);
	affinity_neighbor_lists_make(&state.list, team);
}

/* ---- the whole --------------------------------------------------------- */

/*
 * Processor time, roughly: a user's items meet each other.
 */
static double
estimate_seconds(const AffinityInteractions *in)
{
	double		additions = 0;

	for (uint32 u = 0; u < in->by_user.n_rows; u++)
	{
		double		n = (double) (in->by_user.start[u + 1] -
								  in->by_user.start[u]);

		additions += n * n;
	}
	return additions * ADDITION;
}

static void
request_regions(AffinityTeamRequest *request, KnnShared *shared,
				const AffinityInteractions *in)
{
	Size		n_users = in->by_user.n_rows;
	Size		n_items = in->n_items;
	Size		pairs = in->n_kinds > 1 ? 2 : 1;
	bool		logarithms = affinity_neighbor_knn_needs_logarithms(&shared->options, in->n_kinds);
	bool		trend = shared->options.times.trend > 0;
	Size		size[] = {
		mul_size(n_users, pairs * sizeof(double)),
		mul_size(in->by_item.n_rows, sizeof(double)),
		mul_size(n_items, pairs * sizeof(double)),
		logarithms ? mul_size(n_users + 1, sizeof(double)) : 0,
		trend ? mul_size(n_items, sizeof(float)) : 0,
		in->n_kinds > 1 ? mul_size(n_users, sizeof(int64)) : 0,
	};
	int		   *region[] = {
		&shared->user_factor, &shared->left, &shared->right, &shared->x_log_x,
		&shared->trend, &shared->target_end
	};

	(void) affinity_parallel_request_region(request, sizeof(KnnShared));
	shared->matrix = affinity_parallel_request_matrix(request, &in->by_user, &in->by_item);
	for (int i = 0; i < (int) lengthof(size); i++)
		*region[i] = affinity_parallel_request_region(request, size[i]);
	affinity_neighbor_lists_request(&shared->lists, request,
									in->n_items, in->n_kinds,
									shared->options.neighbors);
}

static void
train_lists(AffinityInteractions *in, const void *options,
			AffinityItemSink *sink)
{
	AffinityTeamRequest request = {
		.job = &item_knn_job, .max_workers = sink->max_workers
	};
	KnnShared	shared = {.options = *(const ItemKnnOptions *) options};
	KnnState	state = {0};
	AffinityTeam *team;
	const AffinityTimes *times = &shared.options.times;
	const float *trend = affinity_train_trend(in, times, sink);

	affinity_train_timely_popularity(in, times, trend,
									 shared.options.weights ==
									 AFFINITY_WEIGHTS_SIGNED, sink);
	affinity_neighbor_knn_settle(&shared.options, in, sink);
	if (affinity_neighbor_knn_on_sets(shared.options.similarity))
		affinity_neighbor_knn_drop_values(in);
	else
		affinity_neighbor_knn_weights(in, &shared.options);
	affinity_train_decay_values(in, times);
	request.seconds = estimate_seconds(in);
	request_regions(&request, &shared, in);
	team = affinity_parallel_begin(&request);
	memcpy(affinity_parallel_region(team, REGION_SHARED), &shared,
		   sizeof(shared));
	affinity_parallel_put_matrix(team, shared.matrix, &in->by_user, &in->by_item);
	attach(&state, team);
	affinity_neighbor_knn_factors(&state, trend);
	if (trend)
		memcpy(affinity_parallel_region(team, shared.trend), trend,
			   in->n_items * sizeof(float));
	affinity_parallel_run(team, sink);
	affinity_neighbor_lists_warn(&state.shared->lists, in->items);
	affinity_parallel_end(team);
}

static void
item_knn_train(AffinityInteractions *in, const void *options,
			   AffinityItemSink *sink)
{
	const ItemKnnOptions *o = options;

	affinity_attribute_blend(in, &o->attributes, o->neighbors, train_lists,
							 options, sink);
}

/* ---- options ----------------------------------------------------------- */

static const char *const similarity_names[] = {
	"degree_normalized", "cosine", "jaccard", "dice", "overlap", "conditional",
	"lift", "log_likelihood", "pearson", "adjusted_cosine", NULL
};
static const char *const weights_names[] = {
	"auto", "binary", "log", "sqrt", "linear", "signed", NULL
};
static const char *const weighting_names[] = {"none", "tf_idf", "bm25", NULL};

#define OPTION(...) AFFINITY_OPTION(ItemKnnOptions, __VA_ARGS__)

static const AffinityOption item_knn_options[] = {
	OPTION(neighbors, INT, "200", 1, 10000, NULL,
		   "neighbors kept per item: more is more accurate, up to a point, and larger"),
	OPTION(similarity, ENUM, "\"degree_normalized\"", 0, 0, similarity_names,
		   "how similar two items are by the users they share"),
	OPTION(weights, ENUM, "\"auto\"", 0, 0, weights_names,
		   "what a summed weight counts: 1, ln(1 + weight), its root, itself, itself also below 0; auto: signed for pearson and adjusted_cosine, linear with a weighting, else binary"),
	OPTION(weighting, ENUM, "\"none\"", 0, 0, weighting_names,
		   "weight by term frequency, users being the terms; for degree_normalized and cosine"),
	OPTION(bm25_k1, REAL, "100", 0, 1e6, NULL,
		   "bm25: how late a weight saturates"),
	OPTION(bm25_b, REAL, "0.8", 0, 1, NULL,
		   "bm25: how much an item's popularity counts against it"),
	OPTION(shrinkage, REAL, "0", 0, 1e9, NULL,
		   "multiply by common / (common + shrinkage), common being the users of both items"),
	OPTION(min_support, INT, "1", 1, 1e9, NULL,
		   "users that two items must share at least"),
	OPTION(user_exponent, REAL, "1", 0, 2, NULL,
		   "degree_normalized: p, how much less a user with many items counts"),
	OPTION(item_exponent, REAL, "\"auto\"", 0, 2, NULL,
		   "degree_normalized: a, the exponent of the degree of the item in the history; auto: 1 - b, at least 0.5"),
	OPTION(neighbor_exponent, REAL, "\"auto\"", 0, 2, NULL,
		   "degree_normalized: b, the exponent of the degree of the recommended item; auto: 0.3 to 0.6 by users per item"),
	AFFINITY_OPTION_MAX_HISTORY(ItemKnnOptions),
	AFFINITY_OPTIONS_TRAINING_TIMES(ItemKnnOptions),
	AFFINITY_OPTIONS_HISTORY(ItemKnnOptions),
	AFFINITY_OPTIONS_ATTRIBUTES(ItemKnnOptions),
	AFFINITY_OPTION_SEEN(ItemKnnOptions),
	AFFINITY_OPTION_USERS(ItemKnnOptions),
};

/*
 * Weights of both signs, and what is made for them.
 */
static void
check_signed(const ItemKnnOptions *o)
{
	if (o->weights != AFFINITY_WEIGHTS_SIGNED)
	{
		if (o->similarity == SIMILARITY_ADJUSTED)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("similarity \"adjusted_cosine\" needs \"weights\" \"signed\", not \"%s\"",
							weights_names[o->weights]),
					 errhint("Leave \"weights\" out.")));
		return;
	}
	if (affinity_neighbor_knn_on_sets(o->similarity))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("option \"weights\" cannot be \"signed\" with similarity \"%s\"",
						similarity_names[o->similarity]),
				 errhint("It looks at who has an item, whatever the weight. Use \"degree_normalized\", \"cosine\", \"adjusted_cosine\" or \"pearson\".")));
	if (o->weighting != WEIGHTING_NONE)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("option \"weights\" cannot be \"signed\" with weighting \"%s\"",
						weighting_names[o->weighting]),
				 errhint("A frequency has no sign: leave \"weighting\" out.")));
}

static void
item_knn_check(void *options)
{
	ItemKnnOptions *o = options;

	if (o->weighting != WEIGHTING_NONE &&
		o->similarity != SIMILARITY_DEGREE &&
		o->similarity != SIMILARITY_COSINE)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("option \"weighting\" has no effect on similarity \"%s\"",
						similarity_names[o->similarity]),
				 errhint("Use \"degree_normalized\" or \"cosine\", or leave \"weighting\" out.")));
	if (o->times.half_life > 0 &&
		!affinity_neighbor_knn_is_product(o->similarity))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("option \"half_life\" has no effect on similarity \"%s\"",
						similarity_names[o->similarity]),
				 errhint("Use \"degree_normalized\" or \"cosine\", or leave \"half_life\" out; \"trend\" and \"history_half_life\" go with every similarity.")));
	if (o->weights == AFFINITY_WEIGHTS_AUTO)
		o->weights = affinity_neighbor_knn_on_moments(o->similarity) ?
			AFFINITY_WEIGHTS_SIGNED : o->weighting != WEIGHTING_NONE ? AFFINITY_WEIGHTS_LINEAR :
			AFFINITY_WEIGHTS_BINARY;
	check_signed(o);
}

/*
 * Shrinkage is a number of users.
 */
static void
item_knn_sampled(void *options, double users, double part)
{
	(void) users;
	((ItemKnnOptions *) options)->shrinkage *= part;
}

static void
item_knn_request(const void *options, AffinityReadRequest *request)
{
	const ItemKnnOptions *o = options;

	request->max_history = o->max_history;
	request->no_values = o->similarity != SIMILARITY_ADJUSTED &&
		(o->weights == AFFINITY_WEIGHTS_BINARY ||
		 (o->weights != AFFINITY_WEIGHTS_SIGNED &&
		  affinity_neighbor_knn_on_sets(o->similarity)));
	affinity_train_request_times(&o->times, request);
}

static const AffinityTimes *
item_knn_times(const void *options)
{
	return &((const ItemKnnOptions *) options)->times;
}

static double
item_knn_history_weight(const void *options, double weight)
{
	const ItemKnnOptions *o = options;

	return affinity_train_weight(o->weights, weight);
}

static bool
item_knn_signed_weights(const void *options)
{
	return ((const ItemKnnOptions *) options)->weights == AFFINITY_WEIGHTS_SIGNED;
}

static bool
item_knn_centered(const void *options)
{
	return ((const ItemKnnOptions *) options)->similarity ==
		SIMILARITY_ADJUSTED;
}

/*
 * Of several kinds of events: where users' means or signs do not matter.
 */
static bool
item_knn_takes_kinds(const void *options)
{
	return !item_knn_signed_weights(options) &&
		!affinity_neighbor_knn_on_moments(((const ItemKnnOptions *) options)->similarity);
}

const AffinityAlgorithm affinity_neighbor_item_knn = {
	.name = "item_knn",
	.help = "items similar to those of the history, by the users they share",
	.options = item_knn_options,
	.n_options = lengthof(item_knn_options),
	.options_size = sizeof(ItemKnnOptions),
	.has_neighbors = true,
	.signed_weights = item_knn_signed_weights,
	.centered = item_knn_centered,
	.check = item_knn_check,
	.takes_kinds = item_knn_takes_kinds,
	.sampled = item_knn_sampled,
	.request = item_knn_request,
	.train = item_knn_train,
	.times = item_knn_times,
	.attributes = affinity_attribute_always,
	.history_weight = item_knn_history_weight,
	.update_way = affinity_neighbor_knn_update_way,
	.update = affinity_neighbor_knn_update,
	.exact = affinity_neighbor_knn_exact,
};
