/*
 * graph_filter.c
 *		What a user has is a signal on the graph of items; a filter keeps what
 *		varies slowly on it.
 *
 * With the graph A = S'S, S = D_U^(-e/2) X D_I^(-1/2) (spectrum/), divided by
 * its first eigenvalue (which is 1 where e is 1), v_k its eigenvectors and m_k
 * their eigenvalues, the weights are
 *
 *		W = graph_weight A + rank_weight D_I^-a V diag(f(m_k)) V' D_I^a
 *
 * without the diagonal. m is 1 where the graph is smoothest; 1 - m is the
 * frequency. Filters:
 *
 *		power		f(m) = m^eigenvalue_exponent: 0 is the ideal low pass, which
 *					with A is GF-CF (Shen et al., "How Powerful is Graph
 *					Convolution for Recommendation?", 2021), 1 the linear filter
 *		heat		f(m) = exp((m - 1) / flatness): what the heat equation
 *					leaves, the blurring of BSPM (Choi et al., "Blurring-
 *					Sharpening Process Models for Collaborative Filtering",
 *					2023)
 *		plateau		f(m) = 1/2 +- |2 m - 1|^flatness / 2, above and below
 *					m = 1/2: that of ChebyCF (Kim et al., "Graph Spectral
 *					Filtering with Chebyshev Interpolation for
 *					Recommendation", 2025)
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "attribute/attribute.h"
#include "linear/low_rank.h"

/* In the order of the names. */
typedef enum GraphFilter
{
	FILTER_POWER,
	FILTER_HEAT,
	FILTER_PLATEAU
} GraphFilter;

typedef struct GraphOptions
{
	int			filter;
	double		eigenvalue_exponent;
	double		flatness;
	int32		rank;
	int32		power_iterations;
	double		rank_weight;
	double		rank_exponent;
	int32		skip;
	double		graph_weight;
	double		user_exponent;
	int			weights;		/* AffinityWeights less BINARY */
	int32		neighbors;
	int32		max_history;
	AffinityTimes times;
	AffinityAttributeOptions attributes;
	int			seen;
	double		users;
} GraphOptions;

static const char *const filter_names[] = {
	"power", "heat", "plateau", NULL
};

#define OPTION(...) AFFINITY_OPTION(GraphOptions, __VA_ARGS__)

static const AffinityOption graph_options[] = {
	OPTION(filter, ENUM, "\"power\"", 0, 0, filter_names,
		   "what an eigenvector counts by its eigenvalue m of 0 to 1: m ^ eigenvalue_exponent; exp((m - 1) / flatness); a plateau at 1/2 with steps at both ends"),
	OPTION(eigenvalue_exponent, REAL, "0.5", 0, 10, NULL,
		   "power: 0 for the ideal low pass, 1 for the linear filter"),
	OPTION(flatness, REAL, "2", 0.01, 100, NULL,
		   "heat: frequency at which a signal has faded to 1/e; plateau: how wide it is"),
	OPTION(rank, INT, "256", 1, AFFINITY_SPECTRUM_MOST, NULL,
		   "eigenvectors of the graph of items"),
	OPTION(power_iterations, INT, "0", 0, 100, NULL,
		   "multiplications of random vectors by the graph that make the eigenvectors: few are rough, and mixed with more; 0: until they stand still"),
	OPTION(rank_weight, REAL, "0.3", 0, 1e6, NULL,
		   "how much the eigenvectors count"),
	OPTION(rank_exponent, REAL, "0.5", 0, 2, NULL,
		   "how much the eigenvectors speak for popular items"),
	OPTION(skip, INT, "0", 0, AFFINITY_SPECTRUM_MOST, NULL,
		   "first eigenvectors left out"),
	OPTION(graph_weight, REAL, "1", 0, 1e6, NULL,
		   "how much items count that share users, with the graph's own weights"),
	OPTION(user_exponent, REAL, "1", 0, 2, NULL,
		   "how much less an interaction counts of a user with many"),
	OPTION(weights, ENUM, "\"binary\"", 0, 0, affinity_linear_weights_names,
		   "what a summed weight counts: 1, ln(1 + weight), its root, itself"),
	OPTION(neighbors, INT, "200", 1, 10000, NULL,
		   "weights kept per item, those farthest from 0"),
	AFFINITY_OPTION_MAX_HISTORY(GraphOptions),
	AFFINITY_OPTIONS_TRAINING_TIMES(GraphOptions),
	AFFINITY_OPTIONS_HISTORY(GraphOptions),
	AFFINITY_OPTIONS_ATTRIBUTES(GraphOptions),
	AFFINITY_OPTION_SEEN(GraphOptions),
	AFFINITY_OPTION_USERS(GraphOptions),
};

/*
 * What an eigenvector counts.
 */
static double
response(const GraphOptions *o, double m)
{
	double		step;

	m = Min(Max(m, 0), 1);
	switch (o->filter)
	{
		case FILTER_HEAT:
			return exp((m - 1) / o->flatness);
		case FILTER_PLATEAU:
			step = pow(fabs(2 * m - 1), o->flatness) / 2;
			return m < 0.5 ? 0.5 - step : 0.5 + step;
		default:
			return pow(m, o->eigenvalue_exponent);
	}
}

/*
 * Bytes of the matrix in both orientations, and of the users' factors.
 */
static Size
rows_bytes(const AffinityInteractions *in)
{
	Size		entries = (Size) in->by_user.start[in->by_user.n_rows];
	Size		entry = 2 * sizeof(uint32) +
		(in->by_user.val ? 2 * sizeof(float) : 0);

	return add_size(mul_size(entries, entry),
					mul_size(in->by_user.n_rows, 2 * sizeof(double)));
}

static void
train_lists(AffinityInteractions *in, const void *options,
			AffinityItemSink *sink)
{
	const GraphOptions *o = options;
	AffinitySpectrumRequest request = {.rank = o->rank};
	LowRank		low = {.in = in};
	double		rank;
	double		weights;
	double		last = 0;

	low.trend = affinity_train_trend(in, &o->times, sink);
	affinity_train_timely_popularity(in, &o->times, low.trend, false, sink);
	affinity_linear_weigh(&in->by_user, o->weights);
	affinity_linear_weigh(&in->by_item, o->weights);
	affinity_train_decay_values(in, &o->times);
	low.exponent = o->rank_exponent;
	low.skip = o->skip;
	low.neighbors = o->neighbors;
	low.graph_weight = o->graph_weight;
	low.user_exponent = o->user_exponent;
	request.user_exponent = o->user_exponent;
	request.power = o->power_iterations;
	request.max_workers = sink->max_workers;
	request.held = rows_bytes(in);
	request.otherwise = "use a smaller \"rank\"";
	affinity_linear_low_rank_begin(&low, in, &request, 0, 0, 0);
	for (uint32 k = 0; k < low.spectrum->rank; k++)
	{
		last = low.spectrum->value[k] / low.spectrum->value[0];
		low.value[k] = o->rank_weight * response(o, last);
	}
	rank = low.spectrum->rank;
	if (rank > 0)
		low.graph_weight /= low.spectrum->value[0];
	weights = (double) affinity_linear_low_rank_put(&low, NULL, sink);
	sink->figure(sink, "rank", &rank, 1, false);
	sink->figure(sink, "last_eigenvalue", &last, 1, false);
	sink->figure(sink, "weights", &weights, 1, false);
}

static void
graph_train(AffinityInteractions *in, const void *options,
			AffinityItemSink *sink)
{
	const GraphOptions *o = options;

	affinity_attribute_blend(in, &o->attributes, o->neighbors, train_lists,
							 options, sink);
}

static void
graph_request(const void *options, AffinityReadRequest *request)
{
	const GraphOptions *o = options;

	request->max_history = o->max_history;
	request->no_values = affinity_linear_is_binary(o->weights);
	affinity_train_request_times(&o->times, request);
}

static const AffinityTimes *
graph_times(const void *options)
{
	return &((const GraphOptions *) options)->times;
}

static double
graph_history_weight(const void *options, double weight)
{
	return affinity_linear_counted(((const GraphOptions *) options)->weights,
								   weight);
}

const AffinityAlgorithm affinity_linear_graph_filter = {
	.name = "graph_filter",
	.help = "what varies slowly on the graph of items: its eigenvectors, and items that share users",
	.options = graph_options,
	.n_options = lengthof(graph_options),
	.options_size = sizeof(GraphOptions),
	.has_neighbors = true,
	.signed_scores = true,
	.request = graph_request,
	.train = graph_train,
	.times = graph_times,
	.attributes = affinity_attribute_always,
	.history_weight = graph_history_weight,
};
