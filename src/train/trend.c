/*
 * trend.c
 *		How much more an item is wanted lately than it was at all times.
 *
 * With d the number of an item's pairs that have a time, and r the sum of
 * 2^(-a / h) over their ages a, the trend of the item is
 *
 *		((r / d) / (R / D))^g
 *
 * R and D being the sums over all items, and g the option "trend". An item
 * that is wanted as much as ever has about 1, so scores keep their size, and
 * times the item's users it is, with g = 1, a popularity of late. It is kept
 * within a millionth and a million: beyond, items are in the order of their
 * scores.
 *
 * h, if it is not given, is 6 % of the median age, which is 3 % of the time
 * that the source spans where rows are spread evenly, and does not depend on
 * a few rows with times long ago.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "miscadmin.h"

#include "train/train.h"

#define OF_MEDIAN		0.06
#define LEAST_TREND		1e-6
#define MOST_TREND		1e6

/*
 * The upper halves of the bits of reals that are not below 0 order them, and
 * then the lower halves.
 */
#define HALF_BITS		16
#define HALVES			(1 << HALF_BITS)

static inline uint32
bits_of(float age)
{
	float		positive = fabsf(age);
	uint32		bits;

	memcpy(&bits, &positive, sizeof(bits));
	return bits;
}

/*
 * Which half of the bits the entry of a rank has, among entries whose upper
 * half is as given (-1: any); the rank becomes that among those of the half.
 */
static uint32
find_half(const float *age, int64 n, int64 upper, int64 *rank)
{
	int64	   *count = affinity_base_zeroed_array(HALVES, sizeof(int64));
	uint32		half = 0;

	for (int64 e = 0; e < n; e++)
	{
		uint32		bits = bits_of(age[e]);

		affinity_base_look_up(e);
		if (isinf(age[e]))
			continue;
		if (upper < 0)
			count[bits >> HALF_BITS]++;
		else if (bits >> HALF_BITS == upper)
			count[bits & (HALVES - 1)]++;
	}
	while (*rank >= count[half])
		*rank -= count[half++];
	pfree(count);
	return half;
}

/*
 * The half-life that ages have by the rule, in seconds; 0: all that has a time
 * has the same.
 */
double
affinity_train_usual_half_life(const float *age, int64 n)
{
	int64		timed = 0;
	double		sum = 0;
	int64		rank;
	uint32		bits;
	float		median;

	for (int64 e = 0; e < n; e++)
	{
		affinity_base_look_up(e);
		if (isinf(age[e]))
			continue;
		timed++;
		sum -= age[e];
	}
	if (timed == 0)
		return 0;
	rank = (timed - 1) / 2;
	bits = find_half(age, n, -1, &rank) << HALF_BITS;
	bits |= find_half(age, n, bits >> HALF_BITS, &rank);
	memcpy(&median, &bits, sizeof(bits));
	return OF_MEDIAN * (median > 0 ? median : sum / timed);
}

/*
 * That of the trend.
 */
static double
half_life_of(const AffinityInteractions *in, const AffinityTimes *times)
{
	if (times->trend_half_life > 0)
		return times->trend_half_life / (double) USECS_PER_SEC;
	return affinity_train_usual_half_life(in->recency,
										  in->by_item.start[in->by_item.n_rows]);
}

/*
 * The trend of every item, NULL where there is none. An item of which no time
 * is known has that of all.
 */
const float *
affinity_train_trend(const AffinityInteractions *in,
					 const AffinityTimes *times, AffinityItemSink *sink)
{
	const AffinityCsr *m = &in->by_item;
	double		half_life;
	double		days;
	double	   *share;
	double		recent = 0;
	double		all = 0;
	float	   *trend;

	if (times->trend == 0)
		return NULL;
	half_life = half_life_of(in, times);
	days = half_life / SECS_PER_DAY;
	sink->figure(sink, "trend_half_life_days", &days, 1, false);
	share = affinity_base_array(m->n_rows, sizeof(double));
	trend = affinity_base_array(m->n_rows, sizeof(float));
	for (uint32 item = 0; item < m->n_rows; item++)
	{
		double		sum = 0;
		int64		timed = 0;

		CHECK_FOR_INTERRUPTS();
		for (int64 e = m->start[item]; e < m->start[item + 1]; e++)
		{
			if (isinf(in->recency[e]))
				continue;
			sum += half_life > 0 ? exp2(in->recency[e] / half_life) : 1;
			timed++;
		}
		share[item] = timed > 0 ? sum / timed : -1;
		recent += sum;
		all += timed;
	}
	for (uint32 item = 0; item < m->n_rows; item++)
	{
		double		ratio = share[item] < 0 ? 1 : share[item] * all / recent;

		trend[item] = (float) Min(Max(pow(ratio, times->trend),
									  LEAST_TREND), MOST_TREND);
	}
	pfree(share);
	return trend;
}

/*
 * Let items be as popular as times and the trend make them; as they are where
 * neither counts. What is disliked counts below 0 where weights have signs.
 */
void
affinity_train_timely_popularity(const AffinityInteractions *in,
								 const AffinityTimes *times,
								 const float *trend, bool is_signed,
								 AffinityItemSink *sink)
{
	const AffinityCsr *m = &in->by_item;
	double		half_life = times->half_life / (double) USECS_PER_SEC;
	float	   *popularity;

	if (times->half_life == 0 && trend == NULL)
		return;
	popularity = affinity_base_array(m->n_rows, sizeof(float));
	for (uint32 item = 0; item < m->n_rows; item++)
	{
		double		sum = 0;

		CHECK_FOR_INTERRUPTS();
		if (in->popularity && half_life == 0)
			sum = in->popularity[item];
		else
			for (int64 e = m->start[item]; e < m->start[item + 1]; e++)
			{
				double		left = half_life == 0 ? 1 :
					Max(exp2(in->recency[e] / half_life), AFFINITY_LEAST);

				sum += !is_signed || m->val == NULL || m->val[e] > 0 ? left :
					m->val[e] < 0 ? -left : 0;
			}
		if (trend)
			sum *= trend[item];
		popularity[item] =
			affinity_interaction_weight(Max(Min(sum, FLT_MAX), -FLT_MAX));
	}
	sink->popularity = popularity;
}
