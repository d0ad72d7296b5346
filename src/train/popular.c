/*
 * popular.c
 *		The same items for all: those most wanted, lately if a half-life is
 *		set.
 *
 * An item's popularity is the number of its users, or the sum of its weights.
 * With a half-life h, what happened at time t counts 2^(-(T - t) / h), T
 * being the newest time of all rows: a user counts with the latest row, a
 * weight with each of its rows. What is so old that a real has nothing for it
 * counts as little as it has: such items are in the order of their users.
 */
#include "postgres.h"

#include <float.h>

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

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
	double		users;
} PopularOptions;

static const char *const measure_names[] = {"users", "weight", NULL};

#define OPTION(...) AFFINITY_OPTION(PopularOptions, __VA_ARGS__)

static const AffinityOption popular_options[] = {
	OPTION(measure, ENUM, "\"users\"", 0, 0, measure_names,
		   "what makes an item popular: its number of users, or the sum of their weights"),
	OPTION(half_life, INTERVAL, "null", 0, 0, NULL,
		   "age at which an interaction counts half; needs a source with times"),
	AFFINITY_OPTION_SEEN(PopularOptions),
	AFFINITY_OPTION_USERS(PopularOptions),
};

static void
popular_request(const void *options, AffinityReadRequest *request)
{
	const PopularOptions *popular = options;

	request->no_values = popular->measure == MEASURE_USERS;
	if (popular->half_life == 0)
		return;
	request->half_life = (double) popular->half_life;
	request->recency = popular->measure == MEASURE_USERS ?
		AFFINITY_RECENCY_LATEST : AFFINITY_RECENCY_SUM;
}

/*
 * Is a pair so old that only its being there counts?
 */
bool
affinity_train_is_faded(float left)
{
	return fabs(left) < 1000 * AFFINITY_LEAST;
}

/*
 * Say so where nothing is left of items: where that are most, a time may be
 * in the future by mistake.
 */
void
affinity_train_tell_faded(const AffinityInteractions *in, uint32 n, uint32 item)
{
	Datum		id;
	Datum		newest;

	if (n == 0)
		return;
	id = affinity_dictionary_id(in->items, item);
	newest = DirectFunctionCall1(timestamp_out,
								 TimestampGetDatum(in->last_at));
	ereport(n > in->n_items / 2 ? WARNING : NOTICE,
			(errmsg("of %u of %u items nothing is left by the half-life, such as item %s",
					n, in->n_items,
					affinity_base_id_display(id, affinity_dictionary_type(in->items))),
			 errdetail("The newest time is %s. Items that are more than about 120 half-lives older are in the order of their users.",
					   DatumGetCString(newest)),
			 errhint("Use a longer \"half_life\", or leave rows with times in the future out of the query.")));
}

static void
popular_train(AffinityInteractions *in, const void *options,
			  AffinityItemSink *sink)
{
	const PopularOptions *popular = options;
	const AffinityCsr *m = &in->by_item;
	const float *value = in->recency;
	uint32		n_faded = 0;
	uint32		faded = 0;

	if (value == NULL && popular->measure == MEASURE_WEIGHT)
		value = m->val;
	for (uint32 item = 0; item < m->n_rows; item++)
	{
		AffinityItemRow row = {.item = item};
		double		sum = 0;
		bool		is_left = in->recency == NULL;

		CHECK_FOR_INTERRUPTS();
		if (value == NULL)
			sum = (double) (m->start[item + 1] - m->start[item]);
		else
			for (int64 e = m->start[item]; e < m->start[item + 1]; e++)
			{
				sum += value[e];
				is_left |= !affinity_train_is_faded(value[e]);
			}
		if (!is_left && n_faded++ == 0)
			faded = item;
		row.popularity = (float) Min(sum, FLT_MAX);
		sink->put(sink, &row);
	}
	affinity_train_tell_faded(in, n_faded, faded);
}

static bool
popular_by_weight(const void *options)
{
	return ((const PopularOptions *) options)->measure == MEASURE_WEIGHT;
}

/*
 * Users can be counted on; what a half-life leaves changes for all items.
 */
static AffinityUpdateWay
popular_update_way(const void *options)
{
	const PopularOptions *popular = options;

	return popular->measure == MEASURE_USERS && popular->half_life == 0 ?
		AFFINITY_UPDATE_CHANGES : AFFINITY_UPDATE_NOT;
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
	.popular_by_weight = popular_by_weight,
	.train = popular_train,
	.history_weight = popular_history_weight,
	.update_way = popular_update_way,
};
