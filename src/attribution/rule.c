/*
 * rule.c
 *		Models that are a rule: which touches of a journey have which parts of
 *		its conversion.
 */
#include "postgres.h"

#include <math.h>

#include "attribution/attribution.h"

typedef struct RuleRun
{
	const AttributionOptions *options;
	Credit	   *credit;
	uint32		direct;			/* its number; that of none if there is none */
} RuleRun;

static void
run(const Attribution *state, const AttributionOptions *options,
	Credit *credit, JourneyUse use)
{
	ChannelName *name = affinity_attribution_names(state);
	RuleRun		rule = {options, credit, 0};

	for (uint32 i = 1; i <= state->n_channels; i++)
		if (affinity_base_bytes_compare(name[i].bytes, name[i].len,
										options->direct.bytes,
										options->direct.len) == 0)
			rule.direct = i;
	pfree(name);
	affinity_attribution_journeys(state, &options->journeys, use, &rule);
}

/* ---- one touch ---------------------------------------------------------- */

static void
use_first(const Journey *journey, void *arg)
{
	RuleRun    *rule = arg;

	affinity_attribution_credit_see(rule->credit, journey);
	if (journey->converted)
		affinity_attribution_credit_one(rule->credit, journey, 0);
}

void
affinity_attribution_first_touch(const Attribution *state,
								 const AttributionOptions *options,
								 Credit *credit)
{
	run(state, options, credit, use_first);
}

static void
use_last(const Journey *journey, void *arg)
{
	RuleRun    *rule = arg;

	affinity_attribution_credit_see(rule->credit, journey);
	if (journey->converted)
		affinity_attribution_credit_one(rule->credit, journey, journey->n - 1);
}

void
affinity_attribution_last_touch(const Attribution *state,
								const AttributionOptions *options,
								Credit *credit)
{
	run(state, options, credit, use_last);
}

/* The last touch that has a channel that is not direct, or else the last. */
static void
use_last_non_direct(const Journey *journey, void *arg)
{
	RuleRun    *rule = arg;

	affinity_attribution_credit_see(rule->credit, journey);
	if (!journey->converted)
		return;
	for (uint32 i = journey->n; i > 0; i--)
	{
		uint32		channel = TOUCH_CHANNEL(journey->touch[i - 1].what);

		if (channel != 0 && channel != rule->direct)
		{
			affinity_attribution_credit_one(rule->credit, journey, i - 1);
			return;
		}
	}
	affinity_attribution_credit_one(rule->credit, journey, journey->n - 1);
}

void
affinity_attribution_last_non_direct(const Attribution *state,
									 const AttributionOptions *options,
									 Credit *credit)
{
	run(state, options, credit, use_last_non_direct);
}

/* ---- all touches -------------------------------------------------------- */

static void
use_linear(const Journey *journey, void *arg)
{
	RuleRun    *rule = arg;

	affinity_attribution_credit_see(rule->credit, journey);
	if (!journey->converted)
		return;
	affinity_attribution_credit_even(rule->credit, journey->n);
	affinity_attribution_credit_parts(rule->credit, journey);
}

void
affinity_attribution_linear(const Attribution *state,
							const AttributionOptions *options, Credit *credit)
{
	run(state, options, credit, use_linear);
}

/*
 * Of two touches, which have no middle, each has its weight of both; half
 * where only the middle had some.
 */
static void
use_position(const Journey *journey, void *arg)
{
	RuleRun    *rule = arg;
	const double *weights = rule->options->weights;
	double	   *weight;
	uint32		n = journey->n;

	affinity_attribution_credit_see(rule->credit, journey);
	if (!journey->converted)
		return;
	affinity_attribution_credit_room(rule->credit, n);
	weight = rule->credit->weight;
	for (uint32 i = 0; i < n; i++)
		weight[i] = n > 2 ? weights[1] / (n - 2) : 0;
	weight[n - 1] = weights[2];
	weight[0] = weights[0];
	if (n == 1 || (n == 2 && weight[0] + weight[1] == 0))
		weight[0] = weight[n - 1] = 1;
	affinity_attribution_credit_weights(rule->credit, journey);
}

void
affinity_attribution_position(const Attribution *state,
							  const AttributionOptions *options,
							  Credit *credit)
{
	run(state, options, credit, use_position);
}

/*
 * 2^-x of x of 0 or more. Not the library's, whose last bit depends on the
 * processor: the series of the exponential function, of an argument up to
 * ln 2, to far below that bit.
 */
static double
half_to(double x)
{
	double		whole = floor(x);
	double		y = (x - whole) * -0.69314718055994530942;
	double		sum = 1;

	if (x > 1080)
		return 0;
	for (int i = 18; i > 0; i--)
		sum = 1 + y / i * sum;
	return ldexp(sum, -(int) whole);
}

/*
 * A touch counts half as much for each half-life that it was before the last
 * one, which is as if it were before the conversion.
 */
static void
use_time_decay(const Journey *journey, void *arg)
{
	RuleRun    *rule = arg;
	int64		last = journey->touch[journey->n - 1].at;

	affinity_attribution_credit_see(rule->credit, journey);
	if (!journey->converted)
		return;
	affinity_attribution_credit_room(rule->credit, journey->n);
	for (uint32 i = 0; i < journey->n; i++)
		rule->credit->weight[i] =
			half_to((double) ((uint64) last -
							  (uint64) journey->touch[i].at) /
					rule->options->half_life);
	affinity_attribution_credit_weights(rule->credit, journey);
}

void
affinity_attribution_time_decay(const Attribution *state,
								const AttributionOptions *options,
								Credit *credit)
{
	run(state, options, credit, use_time_decay);
}
