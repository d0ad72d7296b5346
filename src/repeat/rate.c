/*
 * rate.c
 *		The rate at which an item is had again, and a user's chance of it.
 *
 * Of the visits after a user's first one with an item, k had it again out of
 * n (interaction/visits.c). Users differ from the rate m of the item as Beta
 * variables of a strength of `prior` visits: after these n, the user's next
 * visit has it with
 *
 *		(k + prior m) / (n + prior).
 *
 * The same of items: with K and N summed over users, the rate of an item is
 * (K + 20 g) / (N + 20), g being that of all items. Of all of these it is known
 * that something comes back, however little the data are.
 *
 * The Beta-binomial model is that of Chatfield and Goodhardt, "The
 * Beta-Binomial Model for Consumer Purchasing Behaviour" (Journal of the Royal
 * Statistical Society C 19, 1970); rates by item are what Bhagat et al., "Buy It
 * Again: Modeling Repeat Purchase Recommendations" (KDD 2018) found needed;
 * earlier visits count less as in Hu et al., "Modeling Personalized Item
 * Frequency Information for Next-basket Recommendation" (SIGIR 2020).
 */
#include "postgres.h"

#include "repeat/repeat.h"

/* Visits that the rate of all items stands for in that of one. */
#define ITEM_PRIOR	20.0

/* What is known before there are data: one visit in 20. */
#define ALL_AGAIN	1.0
#define ALL_VISITS	20.0

#define UNIT		1048576.0

/* Of algorithms that have no options about it: the defaults of buy_again. */
static const AffinityRepeat usual_rule = {
	.visit = USECS_PER_DAY,
	.visit_decay = 0.95,
	.prior_visits = 5,
};

const AffinityRepeat *
affinity_repeat_rule(const AffinityAlgorithm *algorithm, const void *options)
{
	return algorithm->repeat ? algorithm->repeat(options) : &usual_rule;
}

/*
 * The rate of each item, between 0 and 1; NULL where visits were not read.
 */
float *
affinity_repeat_rates(const AffinityInteractions *in)
{
	uint32		n = in->by_item.n_rows;
	const AffinityVisitSum *sum = in->item_visits;
	double		again = ALL_AGAIN;
	double		visits = ALL_VISITS;
	float	   *rate;

	if (sum == NULL)
		return NULL;
	rate = affinity_base_array(n, sizeof(float));
	for (uint32 i = 0; i < n; i++)
	{
		affinity_base_look_up(i);
		again += sum[i].again / UNIT;
		visits += sum[i].visits / UNIT;
	}
	for (uint32 i = 0; i < n; i++)
		rate[i] = (float) ((sum[i].again / UNIT + ITEM_PRIOR * again / visits) /
						   (sum[i].visits / UNIT + ITEM_PRIOR));
	return rate;
}

/*
 * A user's chance to have an item of a rate in the next visit.
 */
float
affinity_repeat_chance(const AffinityRepeat *rule, AffinityAgain again,
					   float rate)
{
	return (float) ((again.again + rule->prior_visits * rate) /
					(again.visits + rule->prior_visits));
}
