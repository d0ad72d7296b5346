/*
 * recency.c
 *		What times leave of what is trained on, and of a history.
 *
 * In training a pair of a user and an item counts 2^(-a / half_life) of what
 * its summed weight counts, a being the age of its latest row before the
 * newest of all: what is repeated is as new as its last time. In the history
 * of a user an item of age a, by the latest of the user's rows with it, counts
 *
 *		2^(-a / history_half_life) * history_decay^p
 *
 * of what it would, p being the number of items in the history that are newer;
 * items of one time share their positions. So a decay is about as strong for a
 * history of large baskets as for one of single items, where it would all
 * but end at the second basket, or not reach it, if baskets were counted. What
 * is without a time is older than all else.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "miscadmin.h"

#include "parallel/team.h"
#include "train/train.h"

const char *const affinity_train_reference_names[] = {"newest", "now", NULL};

/*
 * What is said about times, or NULL where the algorithm takes none.
 */
const AffinityTimes *
affinity_train_times(const AffinityAlgorithm *algorithm, const void *options)
{
	return algorithm->times ? algorithm->times(options) : NULL;
}

/*
 * An option in force that needs a source with times, NULL: none.
 */
const char *
affinity_train_needs_times(const AffinityAlgorithm *algorithm,
						   const void *options)
{
	const AffinityTimes *times = affinity_train_times(algorithm, options);

	if (times == NULL)
		return NULL;
	if (times->half_life > 0)
		return "half_life";
	if (times->trend > 0)
		return "trend";
	if (times->history_half_life > 0)
		return "history_half_life";
	return times->history_decay < 1 ? "history_decay" : NULL;
}

/* ---- training ------------------------------------------------------------ */

/*
 * Ask for the ages of pairs, if these options need them. Rows without a time
 * are left out where they would have no weight at all.
 */
void
affinity_train_request_times(const AffinityTimes *times,
							 AffinityReadRequest *request)
{
	if (times->half_life == 0 && times->trend == 0)
		return;
	request->recency = AFFINITY_RECENCY_AGE;
	request->recency_by_user = times->half_life > 0;
	request->keep_untimed = times->half_life == 0;
}

static double
left_of(const AffinityTimes *times, float age)
{
	return Max(exp2(age / (times->half_life / (double) USECS_PER_SEC)),
			   AFFINITY_LEAST);
}

/*
 * Decay an orientation; values that are all 1 become what is left of that.
 */
static void
decay_orientation(AffinityCsr *m, const float *age, const AffinityTimes *times)
{
	int64		n = m->start[m->n_rows];
	bool		all_one = m->val == NULL;

	if (all_one)
		m->val = affinity_base_array(n, sizeof(float));
	for (int64 e = 0; e < n; e++)
	{
		double		left = left_of(times, age[e]);

		affinity_base_look_up(e);
		m->val[e] = affinity_interaction_weight(all_one ? left :
												left * m->val[e]);
	}
}

/*
 * Say of which items nothing is left.
 */
static void
tell_faded(const AffinityInteractions *in, const AffinityTimes *times)
{
	const AffinityCsr *m = &in->by_item;
	uint32		n_faded = 0;
	uint32		faded = 0;

	/* with several kinds of events, of the first one */
	for (uint32 item = 0; item < in->n_items; item++)
	{
		bool		is_left = m->start[item] == m->start[item + 1];

		CHECK_FOR_INTERRUPTS();
		for (int64 e = m->start[item]; e < m->start[item + 1]; e++)
			is_left |= !affinity_train_is_faded((float) left_of(times,
																in->recency[e]));
		if (!is_left && n_faded++ == 0)
			faded = item;
	}
	affinity_train_tell_faded(in, n_faded, faded);
}

/*
 * Let pairs count what the half-life leaves of their values, in both
 * orientations; ages are not needed any more.
 */
void
affinity_train_decay_values(AffinityInteractions *in,
							const AffinityTimes *times)
{
	if (times->half_life == 0)
		return;
	tell_faded(in, times);
	decay_orientation(&in->by_user, in->recency_by_user, times);
	decay_orientation(&in->by_item, in->recency, times);
	affinity_parallel_free_array(in->recency_by_user);
	affinity_parallel_free_array(in->recency);
	in->recency_by_user = in->recency = NULL;
}

/* ---- positions ----------------------------------------------------------- */

static int
compare_ages(const void *a, const void *b)
{
	float		x = *(const float *) a;
	float		y = *(const float *) b;

	return x < y ? 1 : x > y ? -1 : 0;
}

/*
 * The ages of what counts, the newest first. Returns how many.
 */
static int64
sorted_ages(const float *age, const float *weight, int64 n, float *found)
{
	int64		all = 0;

	for (int64 e = 0; e < n; e++)
	{
		if (!isnan(weight[e]))
			found[all++] = age[e];
	}
	CHECK_FOR_INTERRUPTS();
	qsort(found, all, sizeof(float), compare_ages);
	return all;
}

/*
 * How many of the ages are newer than one; or_as_new: or as new.
 */
static int64
count_newer(const float *sorted, int64 n, float age, bool or_as_new)
{
	int64		low = 0;

	while (low < n)
	{
		int64		middle = low + (n - low) / 2;

		if (sorted[middle] > age || (or_as_new && sorted[middle] == age))
			low = middle + 1;
		else
			n = middle;
	}
	return low;
}

/*
 * What its position leaves of an item: decay^p for p newer ones. Items of one
 * time take the positions after the newer ones in any order, so each of n of
 * them gets the mean, decay^p (1 - decay^n) / (n (1 - decay)).
 */
static double
left_by_position(const float *sorted, int64 all, float age, double decay)
{
	int64		newer = count_newer(sorted, all, age, false);
	int64		n = count_newer(sorted, all, age, true) - newer;

	return pow(decay, (double) newer) * (1 - pow(decay, (double) n)) /
		((double) n * (1 - decay));
}

/* ---- a history ----------------------------------------------------------- */

/*
 * Replace the summed weights of a user's items by what they count, and that
 * by what times leave of it; ages are in seconds, below 0. NaN is what does
 * not count. What counts goes on counting, however old it is.
 */
void
affinity_train_decay_history(const AffinityAlgorithm *algorithm,
							 const void *options, const float *age,
							 float *weight, int64 n)
{
	const AffinityTimes *times = algorithm->times(options);
	double		half_life = times->history_half_life / (double) USECS_PER_SEC;
	float	   *sorted = NULL;
	int64		all = 0;

	if (times->history_decay < 1 && n > 0)
	{
		sorted = affinity_base_array(n, sizeof(float));
		all = sorted_ages(age, weight, n, sorted);
	}
	for (int64 e = 0; e < n; e++)
	{
		double		left = 1;
		double		count;

		affinity_base_look_up(e);
		if (isnan(weight[e]))
			continue;
		if (half_life > 0)
			left = exp2(age[e] / half_life);
		if (sorted)
			left *= left_by_position(sorted, all, age[e],
									 times->history_decay);
		count = algorithm->history_weight(options, weight[e]) *
			Max(left, AFFINITY_LEAST);
		weight[e] =
			affinity_interaction_weight(Max(Min(count, FLT_MAX), -FLT_MAX));
	}
	if (sorted)
		pfree(sorted);
}
