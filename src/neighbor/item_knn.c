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
#include "kernel/topk.h"
#include "parallel/progress.h"
#include "parallel/team.h"

/* What one addition to a sum takes, in seconds, with what comes after it. */
#define ADDITION	2e-9

/* Lists are handed to the leader in chunks of about as many bytes. */
#define CHUNK_BYTES		65536
#define CHUNK_ITEMS		64

#define REGION_SHARED	0

/* ---- factors ----------------------------------------------------------- */

/*
 * Sum of a row's values without their signs, or of their squares.
 */
static double
row_sum(const AffinityCsr *m, uint32 row, bool squares)
{
	double		sum = 0;

	if (m->val == NULL)
		return (double) (m->start[row + 1] - m->start[row]);
	for (int64 e = m->start[row]; e < m->start[row + 1]; e++)
		sum += squares ? (double) m->val[e] * m->val[e] :
			fabs(m->val[e]);
	return sum;
}

/* d^-e, where nobody and nothing gives 0 */
static double
inverse_power(double d, double e)
{
	if (!(d > 0))
		return 0;
	return e == 0 ? 1 : e == 1 ? 1 / d : pow(d, -e);
}

static void
prepare_factors(KnnState *s)
{
	const ItemKnnOptions *o = s->options;
	const AffinityCsr *by_user = &s->by_user;
	const AffinityCsr *by_item = &s->by_item;
	bool		degree = o->similarity == SIMILARITY_DEGREE;

	for (uint32 u = 0; u < by_user->n_rows; u++)
	{
		CHECK_FOR_INTERRUPTS();
		s->user_factor[u] = degree ?
			inverse_power(row_sum(by_user, u, false), o->user_exponent) : 1;
	}
	for (uint32 i = 0; i < by_item->n_rows; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (degree)
		{
			double		d = row_sum(by_item, i, false);

			s->left[i] = inverse_power(d, o->item_exponent);
			s->right[i] = inverse_power(d, o->neighbor_exponent);
		}
		else if (o->similarity == SIMILARITY_COSINE)
			s->left[i] = s->right[i] =
				inverse_power(row_sum(by_item, i, true), 0.5);
		else
			s->left[i] = s->right[i] =
				(double) (by_item->start[i + 1] - by_item->start[i]);
	}
	if (o->similarity == SIMILARITY_LOG_LIKELIHOOD)
	{
		for (uint32 n = 1; n <= by_user->n_rows; n++)
		{
			CHECK_FOR_INTERRUPTS();
			s->x_log_x[n] = n * log(n);
		}
	}
}

/*
 * What is shared, as a participant sees it.
 */
static void
attach(KnnState *s, AffinityTeam *team)
{
	s->shared = affinity_parallel_region(team, REGION_SHARED);
	s->options = &s->shared->options;
	s->sink = affinity_parallel_leader(team);
	affinity_parallel_matrix(team, s->shared->matrix, &s->by_user,
							 &s->by_item);
	s->is_signed = s->options->weights == AFFINITY_WEIGHTS_SIGNED &&
		s->by_user.val != NULL;
	s->user_factor = affinity_parallel_region(team, s->shared->user_factor);
	s->left = affinity_parallel_region(team, s->shared->left);
	s->right = affinity_parallel_region(team, s->shared->right);
	s->x_log_x = affinity_parallel_region(team, s->shared->x_log_x);
}

/*
 * What a participant has for itself.
 */
static void
prepare(KnnState *s)
{
	const ItemKnnOptions *o = s->options;
	uint32		n_items = s->by_item.n_rows;

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
	if (!affinity_neighbor_knn_on_sets(o->similarity) && !s->moments &&
		(o->min_support > 1 || o->shrinkage > 0))
		s->count = affinity_base_zeroed_array(n_items, sizeof(uint32));
	/* one entry more than items: see kernel/sparse.c */
	s->touched = affinity_base_zeroed_array((int64) n_items + 1,
											sizeof(uint32));
	s->score = affinity_base_zeroed_array((int64) n_items + 1, sizeof(float));
	s->best = affinity_base_zeroed_array((int64) n_items + 1, sizeof(uint64));
	s->scratch = affinity_base_zeroed_array((int64) n_items + 1,
											sizeof(uint64));
}

/* ---- chunks of items --------------------------------------------------- */

static uint32
chunk_end(const KnnState *s, uint32 chunk)
{
	return (uint32) Min((uint64) (chunk + 1) * s->shared->chunk_items,
						s->by_item.n_rows);
}

/*
 * Any participant: the lists of a chunk's items. A slot holds their lengths,
 * then for each list its items and their scores.
 */
static void
make_lists(void *state, uint32 chunk, void *slot)
{
	KnnState   *s = state;
	uint32		first = chunk * s->shared->chunk_items;
	uint32	   *length = slot;
	int32	   *to = (int32 *) slot + s->shared->chunk_items;

	for (uint32 item = first; item < chunk_end(s, chunk); item++)
	{
		float	   *score;

		affinity_neighbor_knn_list(s, item);
		score = (float *) to + s->n_best;
		for (uint32 n = 0; n < s->n_best; n++)
		{
			to[n] = (int32) affinity_kernel_rank_key_no(s->best[n]);
			score[n] = affinity_kernel_rank_key_score(s->best[n]);
		}
		length[item - first] = s->n_best;
		to += 2 * (size_t) s->n_best;
	}
}

/*
 * The leader: write them.
 */
static void
put_lists(void *state, uint32 chunk, const void *slot)
{
	KnnState   *s = state;
	uint32		first = chunk * s->shared->chunk_items;
	const uint32 *length = slot;
	const int32 *from = (const int32 *) slot + s->shared->chunk_items;

	for (uint32 item = first; item < chunk_end(s, chunk); item++)
	{
		AffinityItemRow row = affinity_train_item_row(&s->by_item, item);

		row.popularity = affinity_neighbor_knn_popularity(s, item);
		row.n_neighbors = length[item - first];
		row.neighbor = from;
		row.score = (const float *) from + row.n_neighbors;
		affinity_neighbor_knn_count_extremes(s->shared, &row);
		s->sink->put(s->sink, &row);
		from += 2 * (size_t) row.n_neighbors;
	}
	affinity_parallel_progress_done(chunk_end(s, chunk));
}

static Size
slot_bytes(const KnnShared *shared, uint32 n_items)
{
	return (Size) shared->chunk_items * sizeof(uint32) *
		(1 + 2 * (Size) Min((uint32) shared->options.neighbors, n_items));
}

AFFINITY_TEAM_JOB(item_knn_job, affinity_neighbor_item_knn_body);

/*
 * What every participant does.
 */
void
affinity_neighbor_item_knn_body(AffinityTeam *team)
{
	KnnState	state = {0};
	AffinityStream stream = {.produce = make_lists, .consume = put_lists};
	uint32		n_items;

	attach(&state, team);
	prepare(&state);
	n_items = state.by_item.n_rows;
	if (state.sink)
		affinity_parallel_progress_phase("training", n_items,
										 affinity_parallel_participants(team) -
										 1);
	stream.n_chunks = (n_items - 1) / state.shared->chunk_items + 1;
	stream.slot_bytes = slot_bytes(state.shared, n_items);
	stream.state = &state;
	affinity_parallel_stream(team, state.shared->stream, &stream);
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
	Size		n_items = in->by_item.n_rows;
	bool		logarithms =
	shared->options.similarity == SIMILARITY_LOG_LIKELIHOOD;
	Size		size[] = {
		mul_size(n_users, sizeof(double)),
		mul_size(n_items, sizeof(double)),
		mul_size(n_items, sizeof(double)),
		logarithms ? mul_size(n_users + 1, sizeof(double)) : 0,
		affinity_parallel_stream_bytes(slot_bytes(shared, in->by_item.n_rows)),
	};
	int		   *region[] = {
		&shared->user_factor, &shared->left, &shared->right, &shared->x_log_x,
		&shared->stream
	};

	(void) affinity_parallel_request_region(request, sizeof(KnnShared));
	shared->matrix = affinity_parallel_request_matrix(request, in);
	for (int i = 0; i < (int) lengthof(size); i++)
		*region[i] = affinity_parallel_request_region(request, size[i]);
}

static void
item_knn_train(AffinityInteractions *in, const void *options,
			   AffinityItemSink *sink)
{
	AffinityTeamRequest request = {
		.job = &item_knn_job, .max_workers = sink->max_workers
	};
	KnnShared	shared = {.options = *(const ItemKnnOptions *) options};
	KnnState	state = {0};
	AffinityTeam *team;
	uint32		k = Min((uint32) shared.options.neighbors, in->by_item.n_rows);

	affinity_neighbor_knn_settle(&shared.options, in, sink);
	if (affinity_neighbor_knn_on_sets(shared.options.similarity))
		affinity_neighbor_knn_drop_values(in);
	else
		affinity_neighbor_knn_weights(in, &shared.options);
	shared.chunk_items = CHUNK_BYTES / (sizeof(uint32) * (1 + 2 * k));
	shared.chunk_items = Min(Max(shared.chunk_items, 1), CHUNK_ITEMS);
	request.seconds = estimate_seconds(in);
	request_regions(&request, &shared, in);
	team = affinity_parallel_begin(&request);
	memcpy(affinity_parallel_region(team, REGION_SHARED), &shared,
		   sizeof(shared));
	affinity_parallel_put_matrix(team, shared.matrix, in);
	attach(&state, team);
	prepare_factors(&state);
	affinity_parallel_run(team, sink);
	affinity_neighbor_knn_warn_of_extremes(state.shared, in->items);
	affinity_parallel_end(team);
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
	AFFINITY_OPTION_SEEN(ItemKnnOptions),
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
	if (o->weights == AFFINITY_WEIGHTS_AUTO)
		o->weights = affinity_neighbor_knn_on_moments(o->similarity) ?
			AFFINITY_WEIGHTS_SIGNED : o->weighting != WEIGHTING_NONE ? AFFINITY_WEIGHTS_LINEAR :
			AFFINITY_WEIGHTS_BINARY;
	check_signed(o);
}

static void
item_knn_request(const void *options, AffinityReadRequest *request)
{
	request->max_history = ((const ItemKnnOptions *) options)->max_history;
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
	.request = item_knn_request,
	.train = item_knn_train,
	.history_weight = item_knn_history_weight,
};
