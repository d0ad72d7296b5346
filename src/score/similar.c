/*
 * similar.c
 *		Items that are like an item: a prefix of its list, or the cosine of
 *		factors. Users who are like a user: the cosine of histories. Users
 *		who like an item: sums over their histories.
 *
 * Results are rank keys in the current memory context.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "kernel/vector.h"
#include "score/ranker.h"

/* Items compared between two looks at interrupts. */
#define COMPARE_PIECE 4096

/*
 * The items of a list that are similar and not the opposite. The order of a
 * list without signs is that of its scores.
 */
static void
similar_by_list(const AffinityScorer *scorer, const AffinityList *list,
				uint32 k, AffinityTopK *top)
{
	affinity_score_keys_begin(top, k, list->n);
	for (uint32 i = 0; i < list->n; i++)
	{
		uint32		no = (uint32) list->item[i];

		if (list->score[i] > 0)
			top->key[top->n++] = affinity_kernel_rank_key(list->score[i], no);
	}
	if (affinity_score_is_signed(scorer))
		affinity_score_keys_end(top);
	top->n = Min(top->n, k);
}

/*
 * An item with the cosine of its factors and those of an item, the square of
 * whose norm is norm. What is not above 0 is not similar. Biases are not part
 * of what an item is like.
 */
void
affinity_score_push_cosine(const AffinityScorer *scorer, uint32 self,
						   uint32 other, double norm, AffinityTopK *top)
{
	const AffinityFactors *factors = scorer->factors;
	uint32		skip = Min(scorer->algorithm->n_bias_factors, factors->width);
	AffinityProducts sums = {0};
	float		cosine;

	affinity_kernel_products_f4(factors->item + self * factors->stride + skip,
								factors->item + other * factors->stride + skip,
								factors->width - skip, &sums);
	cosine = (float) (sums.xy / sqrt(norm) / sqrt(sums.yy));
	if (other != self && cosine > 0)
		affinity_kernel_topk_push(top, affinity_kernel_rank_key(Min(cosine, 1),
																other));
}

/*
 * The best of the cosines with all items.
 */
static void
similar_by_factors(const AffinityScorer *scorer, uint32 self, uint32 k,
				   AffinityTopK *top)
{
	const AffinityFactors *factors = scorer->factors;
	uint32		skip = Min(scorer->algorithm->n_bias_factors, factors->width);
	const float *own = factors->item + self * factors->stride + skip;
	double		norm = affinity_kernel_dot_f4(own, own, factors->width - skip);
	Size		cap;

	k = Min(k, factors->n_items);
	cap = Min((Size) factors->n_items, 2 * (Size) k) + 1;
	affinity_kernel_topk_init(top, affinity_base_array(cap, sizeof(uint64)),
							  k, cap);
	if (!affinity_score_scan_similar(scorer, self, norm, top))
	{
		for (uint32 i = 0; i < factors->n_items; i++)
		{
			if (i % COMPARE_PIECE == 0)
				CHECK_FOR_INTERRUPTS();
			affinity_score_push_cosine(scorer, self, i, norm, top);
		}
	}
	affinity_score_keys_end(top);
}

/*
 * The k items most like one; list is needed where there are no factors.
 */
void
affinity_score_similar_items(const AffinityScorer *scorer, uint32 item,
							 const AffinityList *list, uint32 k,
							 AffinityTopK *top)
{
	if (scorer->algorithm->has_factors)
		similar_by_factors(scorer, item, k, top);
	else
		similar_by_list(scorer, list, k, top);
}

/*
 * What an entry of a matrix of users counts, whose columns are items, those of
 * each kind of event one after another.
 */
static double
entry_weight(const AffinityScorer *scorer, const AffinityCsr *m, int64 e)
{
	uint32		kind = scorer->n_kinds > 1 ?
		m->col[e] / (m->n_cols / scorer->n_kinds) : 0;

	return affinity_score_weight(scorer, m->val, e, kind);
}

/*
 * What a user's weights are compared with: where they are ratings, what the
 * user rates on average (Resnick et al., "GroupLens", 1994), else 0.
 */
static double
usual_weight(const AffinityScorer *scorer, const AffinityCsr *m, uint32 user)
{
	int64		n = m->start[user + 1] - m->start[user];
	double		sum = 0;

	if (!scorer->algorithm->ratings || n == 0)
		return 0;
	for (int64 e = m->start[user]; e < m->start[user + 1]; e++)
		sum += entry_weight(scorer, m, e);
	return sum / n;
}

/*
 * The k users most like one of them, by the cosine of their weights; common
 * gets how many items each user shares with that one.
 */
void
affinity_score_similar_users(const AffinityScorer *scorer,
							 const AffinityCsr *m, uint32 self, uint32 k,
							 AffinityTopK *top, uint32 *common)
{
	double	   *own = affinity_base_zeroed_array(m->n_cols, sizeof(double));
	uint32		n_items = Max(m->n_cols / Max(scorer->n_kinds, 1), 1);
	bool	   *has = affinity_base_zeroed_array(n_items, sizeof(bool));
	uint32	   *counted = affinity_base_zeroed_array(n_items, sizeof(uint32));
	double		own_norm = 0;
	double		usual = usual_weight(scorer, m, self);

	affinity_score_keys_begin(top, k, m->n_rows);
	for (int64 e = m->start[self]; e < m->start[self + 1]; e++)
	{
		uint32		item = m->col[e];

		has[item % n_items] = true;
		own[item] = entry_weight(scorer, m, e) - usual;
		own_norm += own[item] * own[item];
	}
	for (uint32 u = 0; u < m->n_rows; u++)
	{
		double		dot = 0;
		double		norm = 0;
		double		cosine;

		CHECK_FOR_INTERRUPTS();
		common[u] = 0;
		if (u == self)
			continue;
		usual = usual_weight(scorer, m, u);
		for (int64 e = m->start[u]; e < m->start[u + 1]; e++)
		{
			double		w = entry_weight(scorer, m, e) - usual;

			norm += w * w;
			dot += w * own[m->col[e]];
			/* an item once, of however many kinds its events are */
			if (has[m->col[e] % n_items] && counted[m->col[e] % n_items] != u + 1)
			{
				counted[m->col[e] % n_items] = u + 1;
				common[u]++;
			}
		}
		if (!(dot > 0))
			continue;
		cosine = Min(dot / sqrt(norm * own_norm), 1.0);
		affinity_kernel_topk_push(top,
								  affinity_kernel_rank_key((float) cosine, u));
	}
	affinity_score_keys_end(top);
	pfree(own);
	pfree(has);
	pfree(counted);
}

/*
 * The k users with the highest score for an item, of those who do not have
 * it. Columns of the matrix have similarities to the item (0: not one of its
 * list); one of them may be the item itself (else n_cols or more). A value of
 * NaN is that of what a user has, and nothing else.
 */
void
affinity_score_audience(const AffinityScorer *scorer, const AffinityCsr *m,
						const float *similarity, uint32 item, uint32 k,
						AffinityTopK *top)
{
	affinity_score_keys_begin(top, k, m->n_rows);
	for (uint32 u = 0; u < m->n_rows; u++)
	{
		double		sum = 0;
		float		score;
		bool		has = false;

		CHECK_FOR_INTERRUPTS();
		for (int64 e = m->start[u]; e < m->start[u + 1]; e++)
		{
			uint32		col = m->col[e];

			has |= col == item;
			if (similarity[col] != 0 && !(m->val && isnan(m->val[e])))
				sum += similarity[col] * entry_weight(scorer, m, e);
		}
		score = affinity_score_of_sum(sum);
		if (!has && score > 0)
			affinity_kernel_topk_push(top, affinity_kernel_rank_key(score, u));
	}
	affinity_score_keys_end(top);
}
