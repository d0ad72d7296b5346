/*
 * rules.c
 *		What rules do to single items: which are left out, and what scores
 *		become. Their order is rank.c's and arrange.c's.
 *
 * Let L be the full list of a user without rules. Rules first take rows out
 * of it: what is not allowed or is excluded. Then scores change by the factor of
 * the item, which is
 *
 *		boost * (1 + popularity) ^ (-penalty / 2).
 *
 * A score of 0 or more is multiplied by it, one below 0 divided, so that a boost
 * always raises an item. An item that fills up has its popularity times the
 * factor instead. With a penalty of 1 what co-occurrence counts is divided by the
 * root of popularity once more: a cosine becomes the share of an item's own users
 * (Deshpande and Karypis, "Item-Based Top-N Recommendation Algorithms", 2004,
 * have popularity to a power that is chosen).
 *
 * The factor is at most the boost, since what is popular is never raised: so
 * that bounds a score before the power is computed.
 */
#include "postgres.h"

#include <math.h>

#include "common/hashfn.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "score/ranker.h"

double
affinity_score_factor(const AffinityRules *rules, uint32 no)
{
	double		factor = rules->factor ? rules->factor[no] : 1;

	if (rules->penalty > 0)
	{
		double		popularity = rules->popularity[no];

		/* also what is no number, which a table may hold */
		if (!(popularity > 0))
			popularity = 0;
		factor *= pow(1 + popularity, -rules->penalty / 2);
	}
	return factor;
}

static float
times_factor(float score, double factor)
{
	return affinity_score_of_sum(score < 0 ? score / factor : score * factor);
}

/*
 * An item's score times its factor.
 */
float
affinity_score_times_factor(const AffinityRanker *r, uint32 no, float score)
{
	return times_factor(score, r->factor ? r->factor[no] :
						affinity_score_factor(r->selection.rules, no));
}

/*
 * The same or more, at little cost.
 */
float
affinity_score_ruled_most(const AffinityRanker *r, uint32 no, float score)
{
	const AffinityRules *rules = r->selection.rules;

	if (r->factor)
		return affinity_score_ruled(r, no, score);
	return rules->factor ? times_factor(score, rules->factor[no]) : score;
}

/* ---- pinned items ------------------------------------------------------ */

/*
 * What is known of pinned item i: a score, if the user's history speaks of it.
 */
void
affinity_score_pin(AffinityRanker *r, uint32 i, bool personalized, float score)
{
	AffinityRanked *pinned = &r->pinned[i];

	pinned->no = r->selection.rules->pinned[i];
	pinned->personalized = personalized;
	pinned->score = personalized ?
		affinity_score_ruled(r, pinned->no, score) : 0;
}

/*
 * Scores of the pinned items for the user who was folded in last.
 */
void
affinity_score_pin_vector(AffinityRanker *r)
{
	const AffinityRules *rules = r->selection.rules;

	for (uint32 i = 0; rules && i < rules->n_pinned; i++)
	{
		float		score = affinity_score_fold_score(r->fold,
													  rules->pinned[i]);

		affinity_score_pin(r, i, score >= -FLT_MAX, score);
	}
}

/* ---- popular items ----------------------------------------------------- */

/*
 * Those wanted of n items, or of all n where item is NULL, that rules allow:
 * best first by what rules make of popularity, ties by number. In the current
 * memory context.
 */
AffinityPopular
affinity_score_popular(const AffinityRules *rules, const float *popularity,
					   const uint32 *item, uint32 n, int64 wanted)
{
	AffinityRanker r = {
		.selection = {.rules = rules}, .has_factor = affinity_score_changes(rules)
	};
	AffinityPopular popular = {0};
	AffinityTopK top;
	uint32	   *number;
	float	   *value;

	affinity_score_keys_begin(&top, (uint32) Min(wanted, n), n);
	for (uint32 i = 0; i < n; i++)
	{
		uint32		no = item ? item[i] : i;
		float		most;

		affinity_base_look_up(i);
		if (!affinity_score_is_allowed(rules, no))
			continue;
		most = affinity_score_ruled_most(&r, no, popularity[no]);
		if (affinity_kernel_rank_key(most, no) <= top.floor)
			continue;
		affinity_kernel_topk_push(&top, affinity_kernel_rank_key(affinity_score_ruled(&r, no, popularity[no]), no));
	}
	affinity_score_keys_end(&top);
	number = affinity_base_array(top.n, sizeof(uint32));
	value = affinity_base_array(top.n, sizeof(float));
	for (size_t i = 0; i < top.n; i++)
	{
		number[i] = affinity_kernel_rank_key_no(top.key[i]);
		value[i] = affinity_kernel_rank_key_score(top.key[i]);
	}
	pfree(top.key);
	popular.n = (uint32) top.n;
	popular.item = number;
	popular.popularity = value;
	return popular;
}

/* ---- exploration ------------------------------------------------------- */

/*
 * What a user's explored positions follow from. In SQL:
 * hashtextextended(user_id::text, seed).
 */
uint64
affinity_score_user_hash(int64 seed, const char *user, Size len)
{
	return hash_bytes_extended((const unsigned char *) user, (int) len,
							   (uint64) seed);
}
