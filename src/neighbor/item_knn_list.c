/*
 * item_knn_list.c
 *		One item's neighbors: sums over its users' rows, similarities, the
 *		best.
 *
 * A dense row of sums with a list of what was touched serves one item after
 * the other; it is all zero between them. Nothing is allocated here.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "miscadmin.h"

#include "neighbor/item_knn.h"

/* Additions between two looks at interrupts: some milliseconds. */
#define WORK_PIECE	((int64) 1 << 20)

/* How many users ahead a row is fetched, and lines of cache of it. */
#define AHEAD			4
#define AHEAD_LINES		4

/*
 * Dunning's G2 from which on it is taken that a pair of events of different
 * kinds does not meet by chance: 5 % of pairs that do would have as much.
 */
#define SIGNIFICANT		3.84

/*
 * Does a similarity look at who, and not at how much?
 */
bool
affinity_neighbor_knn_on_sets(int similarity)
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

/*
 * Does it look at the users of both items only?
 */
bool
affinity_neighbor_knn_on_moments(int similarity)
{
	return similarity == SIMILARITY_PEARSON ||
		similarity == SIMILARITY_ADJUSTED;
}

/*
 * Is it a sum of products of values, times a factor of each item?
 */
bool
affinity_neighbor_knn_is_product(int similarity)
{
	return similarity == SIMILARITY_DEGREE || similarity == SIMILARITY_COSINE;
}

/* ---- one source item --------------------------------------------------- */

/*
 * The rows of users lie anywhere in memory: have them on their way while the
 * ones before are added up. What follows a row's start, the processor finds
 * by itself. Inlined in any case: gcc drops calls of functions that only
 * prefetch.
 */
static pg_attribute_always_inline void
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
 * One user's row, times a factor above 0, or of any sign where values have
 * one. As soon as there were as many additions as there are items, the list
 * of what was touched is left for later: keeping it costs as much as the
 * sums. Not of signed ones, where a sum says nothing about that.
 */
static void
add_row(KnnState *s, const uint32 *col, const float *val, size_t n,
		double factor)
{
	if (s->is_signed)
	{
		s->list.n_touched = affinity_kernel_sparse_add_signed(s->sum, s->list.touched,
															  s->list.n_touched, col,
															  val, n, factor);
		return;
	}
	if (s->added < s->n_items)
		s->list.n_touched = affinity_kernel_sparse_add(s->sum, s->list.touched,
													   s->list.n_touched, col, val, n,
													   factor);
	else
		affinity_kernel_dense_add(s->sum, col, val, n, factor);
	s->added += n;
}

/*
 * Add up the rows of the users of a row of the matrix.
 */
static void
accumulate(KnnState *s, uint32 source)
{
	const AffinityCsr *by_item = &s->by_item;
	const AffinityCsr *by_user = &s->by_user;
	const double *user_factor = s->user_factor +
		(s->cross ? by_user->n_rows : 0);
	uint32	   *count = s->counts || s->cross ? s->count : NULL;
	int64		end = by_item->start[source + 1];

	s->list.n_touched = 0;
	s->added = 0;
	for (int64 e = by_item->start[source]; e < end; e++)
	{
		uint32		user = by_item->col[e];
		int64		start = by_user->start[user];
		size_t		n = (s->target_end ? s->target_end[user] :
						 by_user->start[user + 1]) - start;
		const float *val = by_user->val ? by_user->val + start : NULL;
		double		x = by_item->val ? by_item->val[e] : 1;

		fetch_ahead(s, e, end);
		if (s->moments)
			s->list.n_touched = affinity_kernel_sparse_moments(s->moments,
															   s->list.touched,
															   s->list.n_touched,
															   by_user->col + start,
															   val, n, x);
		else if (s->is_signed || x * user_factor[user] > 0)
			add_row(s, by_user->col + start, val, n, x * user_factor[user]);
		else
			s->only_counted = true;
		if (count)
			affinity_kernel_sparse_count(count, by_user->col + start, n);
		s->work += n;
		if (s->work >= WORK_PIECE)
		{
			CHECK_FOR_INTERRUPTS();
			s->work = 0;
		}
	}
	if (s->added >= s->n_items)
		s->list.n_touched = affinity_kernel_dense_touched(s->sum, s->n_items,
														  s->list.touched);
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
 * The cosine over the users who have both.
 */
static double
cosine_of_both(const AffinityMoments *m)
{
	if (!(m->xx > 0 && m->yy > 0))
		return 0;
	return Min(m->xy / (sqrt(m->xx) * sqrt(m->yy)), 1.0);
}

static inline const double *
right_of(const KnnState *s)
{
	return s->right + (s->cross ? s->n_items : 0);
}

/*
 * Do users with an event of another kind have an item more often than by
 * chance?
 */
static bool
is_significant(const KnnState *s, uint32 i, uint32 j, double common)
{
	const int64 *start = s->by_item.start;

	return log_likelihood(s, common, (double) (start[i + 1] - start[i]),
						  (double) (start[j + 1] - start[j])) >= SIGNIFICANT;
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
	double		r = right_of(s)[j];

	/* where nobody asks how many they share, at least one is known */
	*common = s->counts || s->cross ? s->count[j] : Max(c, 1);
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
		case SIMILARITY_ADJUSTED:
			return cosine_of_both(&s->moments[j]);
		default:				/* degree_normalized, cosine */
			return c * l * r;
	}
}

/*
 * Scores of the touched items one by one, for all similarities but the
 * product; clears the sums. The source itself scores 0.
 */
static void
score_each(KnnState *s, uint32 item)
{
	const ItemKnnOptions *o = s->options;

	for (uint32 t = 0; t < s->list.n_touched; t++)
	{
		uint32		j = s->list.touched[t];
		double		common;
		double		value = similarity(s, item, j, &common);

		if (s->moments)
			memset(&s->moments[j], 0, sizeof(AffinityMoments));
		else
			s->sum[j] = s->clear;
		if (s->counts || s->cross)
			s->count[j] = 0;
		if (o->shrinkage > 0)
			value *= common / (common + o->shrinkage);
		if (s->trend)
			value *= s->trend[j];
		/* what is similar stays so in a real */
		s->list.score[t] = j == s->self || common < o->min_support ||
			!(value > 0) ||
			(s->cross && !is_significant(s, item, j, common)) ? 0 : (float) Max(Min(value, FLT_MAX), AFFINITY_LEAST);
	}
	if (s->only_counted && s->count)
		memset(s->count, 0, s->n_items * sizeof(uint32));
	s->only_counted = false;
}

/*
 * Choose the item's best neighbors and clear the sums.
 */
static void
harvest(KnnState *s, uint32 item)
{
	int			similarity = s->options->similarity;

	if (affinity_neighbor_knn_is_product(similarity) &&
		!s->counts && !s->cross && !s->is_signed)
	{
		s->sum[item] = 0;
		affinity_kernel_sparse_take(s->sum, s->list.touched, s->list.n_touched,
									s->left[item], s->right, s->list.score);
	}
	else
		score_each(s, item);
	affinity_neighbor_list_choose(&s->list);
}

/*
 * The best neighbors of an item's events of a kind, as keys in s->best. An item
 * that is looked at may well be bought: only of events of the neighbors' own
 * kind it is none.
 */
void
affinity_neighbor_knn_list(KnnState *s, uint32 item, uint32 kind)
{
	uint32		source = kind * s->n_items + item;

	s->cross = kind > 0;
	s->self = s->cross ? s->n_items : item;
	accumulate(s, source);
	harvest(s, source);
	s->work += s->list.n_touched;
}
