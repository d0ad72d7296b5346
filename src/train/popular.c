/*
 * popular.c
 *		The same items for all: those most wanted, lately if a half-life is
 *		set.
 *
 * An item's popularity is the number of its users, or the sum of its weights.
 * With a half-life h, what happened at time t counts 2^(-(T - t) / h), T
 * being the newest time of all rows: a user counts with the latest row, a
 * weight with each of its rows.
 */
#include "postgres.h"

#include <float.h>

#include "miscadmin.h"

#include "train/train.h"

typedef enum PopularMeasure
{
	MEASURE_USERS,
	MEASURE_WEIGHT
} PopularMeasure;

typedef struct PopularOptions
{
	int			measure;
	int64		half_life;		/* microseconds; 0: none */
	int			seen;
} PopularOptions;

static const char *const measure_names[] = {"users", "weight", NULL};

#define OPTION(...) AFFINITY_OPTION(PopularOptions, __VA_ARGS__)

static const AffinityOption popular_options[] = {
	OPTION(measure, ENUM, "\"users\"", 0, 0, measure_names,
		   "what makes an item popular: its number of users, or the sum of their weights"),
	OPTION(half_life, INTERVAL, "null", 0, 0, NULL,
		   "age at which an interaction counts half; needs a source with times"),
	AFFINITY_OPTION_SEEN(PopularOptions),
};

static void
popular_request(const void *options, AffinityReadRequest *request)
{
	const PopularOptions *popular = options;

	if (popular->half_life == 0)
		return;
	request->half_life = (double) popular->half_life;
	request->recency = popular->measure == MEASURE_USERS ?
		AFFINITY_RECENCY_LATEST : AFFINITY_RECENCY_SUM;
}

static void
popular_train(AffinityInteractions *in, const void *options,
			  AffinityItemSink *sink)
{
	const PopularOptions *popular = options;
	const AffinityCsr *m = &in->by_item;
	const float *value = in->recency;

	if (value == NULL && popular->measure == MEASURE_WEIGHT)
		value = m->val;
	for (uint32 item = 0; item < m->n_rows; item++)
	{
		AffinityItemRow row = {.item = item};
		double		sum = 0;

		CHECK_FOR_INTERRUPTS();
		if (value == NULL)
			sum = (double) (m->start[item + 1] - m->start[item]);
		else
			for (int64 e = m->start[item]; e < m->start[item + 1]; e++)
				sum += value[e];
		row.popularity = (float) Min(sum, FLT_MAX);
		sink->put(sink, &row);
	}
}

static double
popular_history_weight(const void *options, double weight)
{
	(void) options;
	return weight;
}

const AffinityAlgorithm affinity_train_popular = {
	.name = "popular",
	.help = "most wanted items, the same for all; lately, with a half-life",
	.options = popular_options,
	.n_options = lengthof(popular_options),
	.options_size = sizeof(PopularOptions),
	.has_neighbors = false,
	.request = popular_request,
	.train = popular_train,
	.history_weight = popular_history_weight,
};
