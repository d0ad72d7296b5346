/*
 * chain_report.c
 *		transitions and removal_effects: the Markov chain of a state's
 *		journeys, and what it says of each channel.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

#include "attribution/attribution.h"

PG_FUNCTION_INFO_V1(affinity_attribution_transitions);
PG_FUNCTION_INFO_V1(affinity_attribution_removal_effects);

/* (state, markov_order, lookback, reuse) */
#define ORDER_ARG 1
#define LOOKBACK_ARG 2
#define REUSE_ARG 3

#define COLUMNS 4

/* The chain that a call asks for, and its order. */
static int
chain_of_call(FunctionCallInfo fcinfo, const Attribution *state, Chain *chain)
{
	JourneyOptions options;
	int			order = affinity_attribution_order_arg(fcinfo, ORDER_ARG);

	affinity_attribution_journey_options(fcinfo, state, LOOKBACK_ARG,
										 REUSE_ARG, &options);
	affinity_attribution_chain(state, &options, order, chain);
	return order;
}

/* The touches of a state, the last one at the end. */
static Datum
state_datum(const ChannelName *name, uint64 state)
{
	StringInfoData text;

	if (state == 0)
		return CStringGetTextDatum("(start)");
	initStringInfo(&text);
	for (int shift = 2 * CHAIN_CODE_BITS; shift >= 0; shift -= CHAIN_CODE_BITS)
	{
		uint32		code = (uint32) (state >> shift) & CHAIN_CODE_MAX;

		if (code == 0)
			continue;
		if (text.len > 0)
			appendStringInfoString(&text, " > ");
		appendBinaryStringInfo(&text, name[code - 1].bytes,
							   (int) name[code - 1].len);
	}
	return PointerGetDatum(cstring_to_text_with_len(text.data, text.len));
}

/* transitions(state, markov_order, lookback, reuse) */
Datum
affinity_attribution_transitions(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	Attribution *state;
	ChannelName *name;
	Chain		chain;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	state = affinity_attribution_arg(fcinfo, 0);
	name = affinity_attribution_names(state);
	(void) chain_of_call(fcinfo, state, &chain);
	for (uint32 i = 0; i < chain.n_states; i++)
		for (uint32 s = chain.first[i]; s < chain.first[i + 1]; s++)
		{
			const ChainStep *step = &chain.step[s];
			Datum		values[COLUMNS];
			bool		nulls[COLUMNS] = {false};

			affinity_base_look_up(s);
			values[0] = state_datum(name, chain.state[i]);
			values[1] = step->to == CHAIN_CONVERSION ?
				CStringGetTextDatum("(conversion)") : step->to == CHAIN_NULL ?
				CStringGetTextDatum("(null)") :
				affinity_attribution_name_datum(name, step->to - 1);
			values[2] = Int64GetDatum(step->journeys);
			values[3] = Float8GetDatum((double) step->journeys /
									   (double) chain.total[i]);
			tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values,
								 nulls);
		}
	return (Datum) 0;
}

typedef struct EffectRow
{
	double		effect;
	uint32		channel;
} EffectRow;

/* The largest first; channels are in order of their names. */
static inline int
compare_effects(const EffectRow *a, const EffectRow *b)
{
	if (a->effect != b->effect)
		return a->effect > b->effect ? -1 : 1;
	return a->channel < b->channel ? -1 : 1;
}

#define ST_SORT sort_effects
#define ST_ELEMENT_TYPE EffectRow
#define ST_COMPARE(a, b) compare_effects(a, b)
#define ST_SCOPE static
#define ST_DECLARE
#define ST_DEFINE
#include "lib/sort_template.h"

/* removal_effects(state, markov_order, lookback, reuse) */
Datum
affinity_attribution_removal_effects(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	Attribution *state;
	ChannelName *name;
	Chain		chain;
	int			order;
	double	   *effect;
	double	   *value_effect;
	EffectRow  *row;
	uint32		n = 0;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	state = affinity_attribution_arg(fcinfo, 0);
	name = affinity_attribution_names(state);
	order = chain_of_call(fcinfo, state, &chain);
	effect = affinity_base_array(chain.n_channels, sizeof(double));
	value_effect = affinity_base_array(chain.n_channels, sizeof(double));
	affinity_attribution_removal(&chain, order, effect, value_effect);
	row = affinity_base_array(chain.n_channels, sizeof(EffectRow));
	for (uint32 i = 0; i < chain.n_channels; i++)
		if (chain.seen[i])
		{
			row[n].effect = effect[i];
			row[n++].channel = i;
		}
	sort_effects(row, n);
	for (uint32 i = 0; i < n; i++)
	{
		Datum		values[3];
		bool		nulls[3] = {false};

		affinity_base_look_up(i);
		values[0] = affinity_attribution_name_datum(name, row[i].channel);
		values[1] = Float8GetDatum(row[i].effect);
		values[2] = Float8GetDatum(value_effect[row[i].channel]);
		nulls[1] = chain.n_conversions == 0;
		nulls[2] = chain.total_value == 0;
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values,
							 nulls);
	}
	return (Datum) 0;
}
