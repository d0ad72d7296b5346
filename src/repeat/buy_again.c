/*
 * buy_again.c
 *		What a user had before and is likely to have again.
 *
 * All that training learns is the rate of each item, which the writer of
 * items stores for any algorithm; the rest is in the user's rows when serving
 * reads them.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "repeat/repeat.h"

typedef struct BuyAgainOptions
{
	AffinityRepeat repeat;
	int			seen;
	double		users;
} BuyAgainOptions;

#define REPEAT_OPTION(name, type, start, min, max, help) \
	{#name, AFFINITY_OPTION_##type, offsetof(BuyAgainOptions, repeat.name), \
		start, min, max, NULL, help}

static const AffinityOption buy_again_options[] = {
	REPEAT_OPTION(visit, INTERVAL, "\"1 day\"", 0, 0,
				  "span of time that is one visit, whatever a user has in it; counted from 2000-01-01"),
	REPEAT_OPTION(visit_decay, REAL, "0.95", 0, 1,
				  "what each visit of a user counts of the one after it"),
	REPEAT_OPTION(prior_visits, REAL, "5", 0.001, 1e9,
				  "visits of a user for which the rate of an item among all users stands"),
	AFFINITY_OPTION_SEEN(BuyAgainOptions),
	AFFINITY_OPTION_USERS(BuyAgainOptions),
};

static const AffinityRepeat *
buy_again_repeat(const void *options)
{
	return &((const BuyAgainOptions *) options)->repeat;
}

static void
buy_again_train(AffinityInteractions *in, const void *options,
				AffinityItemSink *sink)
{
	(void) options;
	for (uint32 item = 0; item < in->by_item.n_rows; item++)
	{
		AffinityItemRow row = affinity_train_item_row(&in->by_item, item);

		CHECK_FOR_INTERRUPTS();
		sink->put(sink, &row);
	}
}

static double
buy_again_history_weight(const void *options, double weight)
{
	(void) options;
	return weight;
}

const AffinityAlgorithm affinity_repeat_buy_again = {
	.name = "buy_again",
	.help = "what a user had before and is likely to have again, by the user's visits",
	.options = buy_again_options,
	.n_options = lengthof(buy_again_options),
	.options_size = sizeof(BuyAgainOptions),
	.has_neighbors = false,
	.train = buy_again_train,
	.repeat = buy_again_repeat,
	.history_weight = buy_again_history_weight,
};
