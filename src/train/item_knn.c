/*
 * item_knn.c
 *		The K most similar items of every item, from one sparse product.
 *
 * For a source item i, the rows of all its users are added up; that gives the
 * numerators S_ij for all j at once (row-wise sparse product, Gustavson 1978).
 * The K best j of each i are kept. The default similarity,
 *
 *		S_ij = (R' D_U^-p R)_ij / (d_i^a d_j^b),
 *
 * divides what a user contributes by the user's degree and the sum by powers of
 * the items' degrees (a, b: item_exponent, neighbor_exponent). p = 1, a = 1/2,
 * b = 1/2 is the normalised co-occurrence that GF-CF starts from (Shen et al.,
 * "How Powerful is Graph Convolution for Recommendation?", 2021); a smaller b
 * lets popular items keep some of their lead. p = 0, a = b = 1/2 on binary data
 * is the cosine. Others: log_likelihood is Dunning's G2 (1993) of the 2x2 table
 * of users, for pairs that meet more often than by chance; shrinkage is Bell
 * and Koren's (2007) c / (c + shrinkage).
 *
 * Sums are kept in double and rounded to real once, so lists do not depend on
 * the order in which rows were read. Every item's list is one member's work, so
 * they do not depend on the number of workers either.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "miscadmin.h"
#include "utils/memutils.h"

#include "train/item_knn.h"
#include "train/progress.h"
#include "train/team.h"
#include "train/train.h"

/* Additions between two looks at interrupts: some milliseconds. */
#define WORK_PIECE	((int64) 1 << 20)

/* How many users ahead a row is fetched, and lines of cache of it. */
#define AHEAD			4
#define AHEAD_LINES		4

/* What one addition to a sum takes, in seconds, with what comes after it. */
#define ADDITION	2e-9

/* Lists are handed to the leader in chunks of about as many bytes. */
#define CHUNK_BYTES		65536
#define CHUNK_ITEMS		64

/* What members share beside the matrix: the team's regions. */
typedef struct KnnShared
{
	ItemKnnOptions options;
	uint32		chunk_items;
	int			matrix;
	int			user_factor;
	int			left;
	int			right;
	int			x_log_x;
	int			stream;
} KnnShared;

#define REGION_SHARED	0

/* A member's state. */
typedef struct KnnState
{
	const ItemKnnOptions *options;
	const KnnShared *shared;
	AffinityItemSink *sink;		/* leader */
	AffinityCsr by_user;		/* values as the similarity wants them */
	AffinityCsr by_item;
	double	   *user_factor;	/* what a user's entries are multiplied by */
	double	   *left;			/* per item: factor as a source */
	double	   *right;			/* per item: factor as a neighbour */
	double	   *x_log_x;		/* log_likelihood: for 0 to the number of users */
	int64		work;			/* since the last look at interrupts */

	/* one source item's sums */
	double	   *sum;
	uint32	   *count;			/* users in common, where needed */
	AffinityMoments *moments;	/* pearson */
	uint32	   *touched;
	uint32		n_touched;

	float	   *score;			/* of the touched items */

	/* its best neighbours: rank keys, then what they stand for */
	uint32		n_best;
	uint64	   *best;
	uint64	   *scratch;
} KnnState;

static void *
huge_zeroed(int64 n, Size width)
{
	return MemoryContextAllocExtended(CurrentMemoryContext,
									  mul_size(Max(n, 1), width),
									  MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
}

static bool
on_sets(int similarity)
{
	switch (similarity)
	{
		case SIMILARITY_JACCARD:
		case SIMILARITY_DICE:
		case SIMILARITY_OVERLAP:
		case SIMILARITY_CONDITIONAL:
		case SIMILARITY_LIFT:
		case SIMILARITY_LOG_LIKELIHOOD:
			return true;
		default:
			return false;
	}
}

/* ---- factors ----------------------------------------------------------- */

/*
 * Sum of a row's values, or of their squares.
 */
static double
row_sum(const AffinityCsr *m, uint32 row, bool squares)
{
	double		sum = 0;

	if (m->val == NULL)
		return (double) (m->start[row + 1] - m->start[row]);
	for (int64 e = m->start[row]; e < m->start[row + 1]; e++)
		sum += squares ? (double) m->val[e] * m->val[e] : m->val[e];
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
 * What is shared, as a member sees it.
 */
static void
attach(KnnState *s, AffinityTeam *team)
{
	s->shared = affinity_team_region(team, REGION_SHARED);
	s->options = &s->shared->options;
	s->sink = affinity_team_leader(team);
	affinity_team_matrix(team, s->shared->matrix, &s->by_user, &s->by_item);
	s->user_factor = affinity_team_region(team, s->shared->user_factor);
	s->left = affinity_team_region(team, s->shared->left);
	s->right = affinity_team_region(team, s->shared->right);
	s->x_log_x = affinity_team_region(team, s->shared->x_log_x);
}

/*
 * What a member has for itself.
 */
static void
prepare(KnnState *s)
{
	const ItemKnnOptions *o = s->options;
	uint32		n_items = s->by_item.n_rows;

	if (o->similarity == SIMILARITY_PEARSON)
		s->moments = huge_zeroed(n_items, sizeof(AffinityMoments));
	else
		s->sum = huge_zeroed(n_items, sizeof(double));
	if (!on_sets(o->similarity) && o->similarity != SIMILARITY_PEARSON &&
		(o->min_support > 1 || o->shrinkage > 0))
		s->count = huge_zeroed(n_items, sizeof(uint32));
	/* one entry more than items: see kernel/sparse.c */
	s->touched = huge_zeroed((int64) n_items + 1, sizeof(uint32));
	s->score = huge_zeroed((int64) n_items + 1, sizeof(float));
	s->best = huge_zeroed((int64) n_items + 1, sizeof(uint64));
	s->scratch = huge_zeroed((int64) n_items + 1, sizeof(uint64));
}

/* ---- one source item --------------------------------------------------- */

/*
 * The rows of users lie anywhere in memory: have them on their way while the
 * ones before are added up. What follows a row's start, the processor finds by
 * itself.
 */
static inline void
fetch_ahead(const KnnState *s, int64 e, int64 end)
{
	const AffinityCsr *by_item = &s->by_item;
	const AffinityCsr *by_user = &s->by_user;

	if (e + 2 * AHEAD < end)
		__builtin_prefetch(&by_user->start[by_item->col[e + 2 * AHEAD]]);
	if (e + AHEAD < end)
	{
		int64		start = by_user->start[by_item->col[e + AHEAD]];

		for (int line = 0; line < AHEAD_LINES; line++)
			__builtin_prefetch(by_user->col + start + 16 * line);
		if (by_user->val)
			__builtin_prefetch(by_user->val + start);
	}
}

/*
 * Add up the rows of the item's users.
 */
static void
accumulate(KnnState *s, uint32 item)
{
	const AffinityCsr *by_item = &s->by_item;
	const AffinityCsr *by_user = &s->by_user;
	int64		end = by_item->start[item + 1];

	s->n_touched = 0;
	for (int64 e = by_item->start[item]; e < end; e++)
	{
		uint32		user = by_item->col[e];
		int64		start = by_user->start[user];
		size_t		n = by_user->start[user + 1] - start;
		const float *val = by_user->val ? by_user->val + start : NULL;
		double		x = by_item->val ? by_item->val[e] : 1;

		fetch_ahead(s, e, end);
		if (s->moments)
			s->n_touched = affinity_sparse_moments(s->moments, s->touched,
												   s->n_touched,
												   by_user->col + start, val, n,
												   x);
		else if (x * s->user_factor[user] > 0)
			s->n_touched = affinity_sparse_add(s->sum, s->touched, s->n_touched,
											   by_user->col + start, val, n,
											   x * s->user_factor[user]);
		if (s->count)
			affinity_sparse_count(s->count, by_user->col + start, n);
		s->work += n;
		if (s->work >= WORK_PIECE)
		{
			CHECK_FOR_INTERRUPTS();
			s->work = 0;
		}
	}
}

/*
 * Dunning's G2 of users with both items, one of them, neither; 0 where they
 * meet no more often than by chance.
 */
static double
log_likelihood(const KnnState *s, double both, double i, double j)
{
	uint32		users = s->by_user.n_rows;
	const double *xlx = s->x_log_x;
	uint32		c = (uint32) both;
	uint32		a = (uint32) i;
	uint32		b = (uint32) j;
	double		g;

	if (both * users <= i * j)
		return 0;
	g = xlx[c] + xlx[a - c] + xlx[b - c] + xlx[users - a - b + c] + xlx[users]
		- xlx[a] - xlx[users - a] - xlx[b] - xlx[users - b];
	return 2 * g;
}

static double
pearson(const AffinityMoments *m)
{
	double		vx = m->n * m->xx - m->x * m->x;
	double		vy = m->n * m->yy - m->y * m->y;
	double		r;

	/* what rounding leaves of no variance is no variance */
	if (m->n < 2 || !(vx > 1e-12 * m->n * m->xx) ||
		!(vy > 1e-12 * m->n * m->yy))
		return 0;
	r = (m->n * m->xy - m->x * m->y) / (sqrt(vx) * sqrt(vy));
	return Min(r, 1.0);
}

/*
 * Similarity of a pair from its sum (or moments); common is set to the number
 * of users that the pair shares.
 */
static double
similarity(const KnnState *s, uint32 i, uint32 j, double *common)
{
	double		c = s->moments ? s->moments[j].n : s->sum[j];
	double		l = s->left[i];
	double		r = s->right[j];

	/* where nobody asks how many they share, at least one is known */
	*common = s->count ? s->count[j] : Max(c, 1);
	switch (s->options->similarity)
	{
		case SIMILARITY_JACCARD:
			return c / (l + r - c);
		case SIMILARITY_DICE:
			return 2 * c / (l + r);
		case SIMILARITY_OVERLAP:
			return c / Min(l, r);
		case SIMILARITY_CONDITIONAL:
			return c / l;
		case SIMILARITY_LIFT:
			return c * s->by_user.n_rows / (l * r);
		case SIMILARITY_LOG_LIKELIHOOD:
			return log_likelihood(s, c, l, r);
		case SIMILARITY_PEARSON:
			return pearson(&s->moments[j]);
		default:				/* degree_normalized, cosine */
			return c * l * r;
	}
}

/*
 * Scores of the touched items one by one, for all similarities but the product;
 * clears the sums. The source itself scores 0.
 */
static void
score_each(KnnState *s, uint32 item)
{
	const ItemKnnOptions *o = s->options;

	for (uint32 t = 0; t < s->n_touched; t++)
	{
		uint32		j = s->touched[t];
		double		common;
		double		value = similarity(s, item, j, &common);

		if (s->moments)
			memset(&s->moments[j], 0, sizeof(AffinityMoments));
		else
			s->sum[j] = 0;
		if (s->count)
			s->count[j] = 0;
		if (o->shrinkage > 0)
			value *= common / (common + o->shrinkage);
		s->score[t] = j == item || common < o->min_support ? 0 :
			(float) Min(value, FLT_MAX);
	}
}

/*
 * Choose the item's best neighbours and clear the sums.
 */
static void
harvest(KnnState *s, uint32 item)
{
	int			similarity = s->options->similarity;

	if ((similarity == SIMILARITY_DEGREE || similarity == SIMILARITY_COSINE) &&
		s->count == NULL)
	{
		s->sum[item] = 0;
		affinity_sparse_take(s->sum, s->touched, s->n_touched, s->left[item],
							 s->right, s->score);
	}
	else
		score_each(s, item);
	s->n_best = (uint32) affinity_topk_scores(s->score, s->touched,
											  s->n_touched,
											  s->options->neighbors, s->best,
											  s->scratch);
}

/* ---- chunks of items --------------------------------------------------- */

static uint32
chunk_end(const KnnState *s, uint32 chunk)
{
	return (uint32) Min((uint64) (chunk + 1) * s->shared->chunk_items,
						s->by_item.n_rows);
}

/*
 * Any member: the lists of a chunk's items. A slot holds their lengths, then
 * for each list its items and their scores.
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

		accumulate(s, item);
		harvest(s, item);
		s->work += s->n_touched;
		score = (float *) to + s->n_best;
		for (uint32 n = 0; n < s->n_best; n++)
		{
			to[n] = (int32) affinity_rank_key_no(s->best[n]);
			score[n] = affinity_rank_key_score(s->best[n]);
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
		AffinityItemRow row = {.item = item};

		row.popularity = (float) (s->by_item.start[item + 1] -
								  s->by_item.start[item]);
		row.n_neighbors = length[item - first];
		row.neighbor = from;
		row.score = (const float *) from + row.n_neighbors;
		s->sink->put(s->sink, &row);
		from += 2 * (size_t) row.n_neighbors;
	}
	affinity_progress_done(chunk_end(s, chunk));
}

static Size
slot_bytes(const KnnShared *shared, uint32 n_items)
{
	return (Size) shared->chunk_items * sizeof(uint32) *
		(1 + 2 * (Size) Min((uint32) shared->options.neighbors, n_items));
}

AFFINITY_TEAM_JOB(item_knn_job, affinity_item_knn_body);

/*
 * What every member does.
 */
void
affinity_item_knn_body(AffinityTeam *team)
{
	KnnState	state = {0};
	AffinityStream stream = {.produce = make_lists, .consume = put_lists};
	uint32		n_items;

	attach(&state, team);
	prepare(&state);
	n_items = state.by_item.n_rows;
	if (state.sink)
		affinity_progress_phase("training", n_items,
								affinity_team_members(team) - 1);
	stream.n_chunks = (n_items - 1) / state.shared->chunk_items + 1;
	stream.slot_bytes = slot_bytes(state.shared, n_items);
	stream.state = &state;
	affinity_team_stream(team, state.shared->stream, &stream);
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
item_knn_train(AffinityInteractions *in, const void *options,
			   AffinityItemSink *sink)
{
	AffinityTeamRequest request = {.job = &item_knn_job, .max_workers = -1};
	KnnShared	shared = {.options = *(const ItemKnnOptions *) options};
	KnnState	state = {0};
	AffinityTeam *team;
	uint32		n_users = in->by_user.n_rows;
	uint32		n_items = in->by_item.n_rows;
	uint32		k = Min((uint32) shared.options.neighbors, n_items);

	if (on_sets(shared.options.similarity))
		affinity_knn_drop_values(in);
	else
		affinity_knn_weights(in, &shared.options);
	shared.chunk_items = CHUNK_BYTES / (sizeof(uint32) * (1 + 2 * k));
	shared.chunk_items = Min(Max(shared.chunk_items, 1), CHUNK_ITEMS);
	request.seconds = estimate_seconds(in);
	(void) affinity_team_request_region(&request, sizeof(KnnShared));
	shared.matrix = affinity_team_request_matrix(&request, in);
	shared.user_factor =
		affinity_team_request_region(&request, mul_size(n_users,
														sizeof(double)));
	shared.left = affinity_team_request_region(&request,
											   mul_size(n_items,
														sizeof(double)));
	shared.right = affinity_team_request_region(&request,
												mul_size(n_items,
														 sizeof(double)));
	shared.x_log_x = affinity_team_request_region(&request,
												  shared.options.similarity ==
												  SIMILARITY_LOG_LIKELIHOOD ?
												  mul_size((Size) n_users + 1,
														   sizeof(double)) : 0);
	shared.stream =
		affinity_team_request_region(&request,
									 affinity_team_stream_bytes(slot_bytes(&shared,
																		   n_items)));
	team = affinity_team_begin(&request);
	memcpy(affinity_team_region(team, REGION_SHARED), &shared,
		   sizeof(shared));
	affinity_team_put_matrix(team, shared.matrix, in);
	attach(&state, team);
	prepare_factors(&state);
	affinity_team_run(team, sink);
	affinity_team_end(team);
}

/* ---- options ----------------------------------------------------------- */

static const char *const similarity_names[] = {
	"degree_normalized", "cosine", "jaccard", "dice", "overlap", "conditional",
	"lift", "log_likelihood", "pearson", NULL
};
static const char *const weights_names[] = {
	"auto", "binary", "log", "sqrt", "linear", NULL
};
static const char *const weighting_names[] = {"none", "tf_idf", "bm25", NULL};

#define OPTION(name, type, start, min, max, values, help) \
	{#name, AFFINITY_OPTION_##type, offsetof(ItemKnnOptions, name), start, \
		min, max, values, help}

static const AffinityOption item_knn_options[] = {
	OPTION(neighbors, INT, "200", 1, 10000, NULL,
		   "neighbours kept per item: more is more accurate, up to a point, and larger"),
	OPTION(similarity, ENUM, "\"degree_normalized\"", 0, 0, similarity_names,
		   "how similar two items are by the users they share"),
	OPTION(weights, ENUM, "\"auto\"", 0, 0, weights_names,
		   "what a summed weight counts: 1, ln(1 + weight), its root, itself; auto: linear for pearson and with a weighting, else binary"),
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
	OPTION(item_exponent, REAL, "0.5", 0, 2, NULL,
		   "degree_normalized: a, the exponent of the degree of the item in the history"),
	OPTION(neighbor_exponent, REAL, "0.3", 0, 2, NULL,
		   "degree_normalized: b, the exponent of the degree of the recommended item"),
};

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
	if (o->weights == WEIGHTS_AUTO)
		o->weights = o->similarity == SIMILARITY_PEARSON ||
			o->weighting != WEIGHTING_NONE ? WEIGHTS_LINEAR : WEIGHTS_BINARY;
}

static double
item_knn_history_weight(const void *options, double weight)
{
	const ItemKnnOptions *o = options;

	return affinity_knn_weight(o->weights, weight);
}

const AffinityMethod affinity_item_knn = {
	.name = "item_knn",
	.help = "items similar to those of the history, by the users they share",
	.options = item_knn_options,
	.n_options = lengthof(item_knn_options),
	.options_size = sizeof(ItemKnnOptions),
	.has_neighbors = true,
	.check = item_knn_check,
	.train = item_knn_train,
	.history_weight = item_knn_history_weight,
};
