/*
 * item_knn_weights.c
 *		What an interaction weighs in item_knn.
 *
 * A summed weight is first transformed (1, logarithm, root, itself), then,
 * with a weighting, treated as the frequency of a term: items are the
 * documents, users the terms (Robertson and Zaragoza, "The Probabilistic
 * Relevance Framework: BM25 and Beyond", 2009, for bm25):
 *
 *		idf(u)		= ln(items / (1 + items of u)), not below 0
 *		tf_idf		= sqrt(w) idf(u)
 *		bm25		= w (k1 + 1) / (w + k1 (1 - b + b |i| / avg |i|)) idf(u)
 *
 * with |i| the sum of the item's weights. The results take the place of the
 * matrix's values. For adjusted_cosine they count less the user's mean.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "miscadmin.h"
#include "utils/memutils.h"

#include "neighbor/item_knn.h"
#include "parallel/team.h"

/* "auto" for neighbor_exponent, by users per item: see README.md. */
#define FEW_USERS		30.0
#define MANY_USERS		80.0
#define LEAST_EXPONENT	0.3
#define MOST_EXPONENT	0.6

#define PIECE	((int64) 1 << 20)

static void
transform(AffinityCsr *m, const ItemKnnOptions *options)
{
	int64		n = m->start[m->n_rows];
	bool		all_one = m->val == NULL;

	if (all_one)
		m->val = MemoryContextAllocHuge(CurrentMemoryContext,
										mul_size(Max(n, 1), sizeof(float)));
	for (int64 e = 0; e < n; e++)
	{
		if ((e & (PIECE - 1)) == 0)
			CHECK_FOR_INTERRUPTS();
		m->val[e] = (float) affinity_train_weight(options->weights,
												  all_one ? 1 : m->val[e]);
	}
}

/*
 * 0 only where idf is, for all of a user: what is too small for a real is
 * rounded up, as the sparse sums may not meet a single 0.
 */
static float
term_weight(const ItemKnnOptions *options, float w, double idf, double length)
{
	double		v = options->weighting == WEIGHTING_TF_IDF ? sqrt(w) * idf :
		w * (options->bm25_k1 + 1) / (w + options->bm25_k1 * length) * idf;

	return (float) (idf > 0 ? Max(v, FLT_MIN) : 0);
}

/*
 * Apply the weighting to both orientations.
 */
static void
weigh_terms(AffinityInteractions *in, const ItemKnnOptions *options)
{
	const AffinityCsr *by_user = &in->by_user;
	const AffinityCsr *by_item = &in->by_item;
	double	   *idf = palloc_extended(mul_size(Max(by_user->n_rows, 1),
											   sizeof(double)),
									  MCXT_ALLOC_HUGE);
	double	   *length = palloc_extended(mul_size(Max(by_item->n_rows, 1),
												  sizeof(double)),
										 MCXT_ALLOC_HUGE);
	double		total = 0;

	for (uint32 u = 0; u < by_user->n_rows; u++)
	{
		CHECK_FOR_INTERRUPTS();
		idf[u] = Max(0.0, log((double) by_item->n_rows) -
					 log1p((double) (by_user->start[u + 1] -
									 by_user->start[u])));
	}
	for (uint32 i = 0; i < by_item->n_rows; i++)
	{
		CHECK_FOR_INTERRUPTS();
		length[i] = 0;
		for (int64 e = by_item->start[i]; e < by_item->start[i + 1]; e++)
			length[i] += by_item->val[e];
		total += length[i];
	}
	for (uint32 i = 0; i < by_item->n_rows; i++)
		length[i] = 1 - options->bm25_b +
			options->bm25_b * length[i] * by_item->n_rows / total;

	for (uint32 i = 0; i < by_item->n_rows; i++)
	{
		CHECK_FOR_INTERRUPTS();
		for (int64 e = by_item->start[i]; e < by_item->start[i + 1]; e++)
			by_item->val[e] = term_weight(options, by_item->val[e],
										  idf[by_item->col[e]], length[i]);
	}
	for (uint32 u = 0; u < by_user->n_rows; u++)
	{
		CHECK_FOR_INTERRUPTS();
		for (int64 e = by_user->start[u]; e < by_user->start[u + 1]; e++)
			by_user->val[e] = term_weight(options, by_user->val[e],
										  idf[u], length[by_user->col[e]]);
	}
	pfree(idf);
	pfree(length);
}

static void
drop_values(AffinityCsr *m)
{
	if (m->val)
		affinity_parallel_free_array(m->val);
	m->val = NULL;
}

/*
 * For what looks at sets only: all values are 1.
 */
void
affinity_neighbor_knn_drop_values(AffinityInteractions *in)
{
	drop_values(&in->by_user);
	drop_values(&in->by_item);
}

/*
 * Center all users' values, and take them over to the items.
 */
static void
center(AffinityInteractions *in)
{
	AffinityCsr *by_user = &in->by_user;
	AffinityCsr *by_item = &in->by_item;
	int64	   *next = affinity_base_array(by_item->n_rows, sizeof(int64));

	memcpy(next, by_item->start, by_item->n_rows * sizeof(int64));
	for (uint32 u = 0; u < by_user->n_rows; u++)
	{
		int64		start = by_user->start[u];
		int64		end = by_user->start[u + 1];

		CHECK_FOR_INTERRUPTS();
		affinity_train_center(by_user->val + start, end - start);
		for (int64 e = start; e < end; e++)
			by_item->val[next[by_user->col[e]]++] = by_user->val[e];
	}
	pfree(next);
}

/*
 * Make the values of the matrix what the options want; none where all are 1.
 */
void
affinity_neighbor_knn_weights(AffinityInteractions *in,
							  const ItemKnnOptions *options)
{
	bool		centered = options->similarity == SIMILARITY_ADJUSTED;

	if (options->weighting == WEIGHTING_NONE && !centered &&
		(options->weights == AFFINITY_WEIGHTS_BINARY ||
		 (in->by_user.val == NULL && options->weights != AFFINITY_WEIGHTS_LOG)))
	{
		affinity_neighbor_knn_drop_values(in);
		return;
	}
	transform(&in->by_user, options);
	transform(&in->by_item, options);
	if (options->weighting != WEIGHTING_NONE)
		weigh_terms(in, options);
	if (centered)
		center(in);
}

/*
 * Settle exponents that were left open, and say what they are. Between items
 * of few users each, a shared user is most of what is known, and popularity is
 * worth keeping; the more users there are per item, the more of what a popular
 * item shares with others is chance. The two exponents of items sum up to 1,
 * as those of a cosine do, while the neighbor has the smaller half.
 */
void
affinity_neighbor_knn_settle(ItemKnnOptions *o, const AffinityInteractions *in,
							 AffinityItemSink *sink)
{
	double		per_item = (double) in->by_item.start[in->n_items] /
		affinity_attribute_items_had(in);
	double		rise = log(per_item / FEW_USERS) / log(MANY_USERS / FEW_USERS);

	if (o->similarity != SIMILARITY_DEGREE)
		return;
	if (isnan(o->neighbor_exponent))
		o->neighbor_exponent = LEAST_EXPONENT +
			(MOST_EXPONENT - LEAST_EXPONENT) * Min(Max(rise, 0), 1);
	if (isnan(o->item_exponent))
		o->item_exponent = Max(1 - o->neighbor_exponent, 0.5);
	sink->figure(sink, "item_exponent", &o->item_exponent, 1, false);
	sink->figure(sink, "neighbor_exponent", &o->neighbor_exponent, 1, false);
}
