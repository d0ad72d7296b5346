/*
 * markov.c
 *		The model of removal effects (Anderl, Becker, von Wangenheim, Schumann
 *		2016), which ChannelAttribution made known: conversions in proportion
 *		to what would be lost without each channel.
 */
#include "postgres.h"

#include "attribution/attribution.h"

void
affinity_attribution_markov(const Attribution *state,
							const AttributionOptions *options, Credit *credit)
{
	Chain		chain;
	double	   *effect = affinity_base_array(credit->n, sizeof(double));
	double	   *value_effect = affinity_base_array(credit->n, sizeof(double));

	affinity_attribution_chain(state, &options->journeys, options->order,
							   &chain);
	memcpy(credit->seen, chain.seen, credit->n * sizeof(bool));
	credit->n_conversions = chain.n_conversions;
	credit->total_value = chain.total_value;
	if (chain.n_conversions == 0)
		return;
	affinity_attribution_removal(&chain, options->order, effect,
								 value_effect);
	(void) affinity_attribution_share_out(effect, credit->n,
										  (int128) chain.n_conversions <<
										  CREDIT_BITS, credit->conversions);
	/* values that take each other away follow the conversions */
	if (!affinity_attribution_share_out(value_effect, credit->n,
										chain.total_value, credit->value))
		(void) affinity_attribution_share_out(effect, credit->n,
											  chain.total_value,
											  credit->value);
}
