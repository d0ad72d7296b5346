/*
 * chain.c
 *		Journeys as a Markov chain: how often which touch came after which.
 *
 * A state of the chain is the last touches of a journey, as many as the
 * order, fewer at its beginning; the start has none. It is named by their
 * numbers, 21 bits each. A step is named by the state that it leaves and the
 * touch, or end, that follows.
 */
#include "postgres.h"

#include "attribution/attribution.h"

typedef struct StepKey
{
	uint64		from;
	uint64		to;
} StepKey;

typedef struct StepEntry
{
	StepKey		key;
	int64		journeys;
	int128		value;
	char		status;
} StepEntry;

#define SH_PREFIX chain_steps
#define SH_ELEMENT_TYPE StepEntry
#define SH_KEY_TYPE StepKey
#define SH_KEY key
#define SH_HASH_KEY(table, key) \
	(uint32) affinity_base_mix64((key).from * EVENT_USER_MULTIPLIER + (key).to)
#define SH_EQUAL(table, a, b) ((a).from == (b).from && (a).to == (b).to)
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

static inline int
compare_steps(const ChainStep *a, const ChainStep *b)
{
	if (a->from != b->from)
		return a->from < b->from ? -1 : 1;
	return a->to < b->to ? -1 : a->to > b->to;
}

#define ST_SORT sort_steps
#define ST_ELEMENT_TYPE ChainStep
#define ST_COMPARE(a, b) compare_steps(a, b)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DECLARE
#define ST_DEFINE
#include "lib/sort_template.h"

typedef struct Counter
{
	Chain	   *chain;
	Credit	   *credit;
	uint64		mask;			/* of the last touches */
	chain_steps_hash *steps;
} Counter;

static inline StepEntry *
count(Counter *counter, uint64 from, uint32 to)
{
	StepKey		key = {from, to};
	bool		found;
	StepEntry  *entry = chain_steps_insert(counter->steps, key, &found);

	if (!found)
	{
		entry->journeys = 0;
		entry->value = 0;
	}
	entry->journeys++;
	return entry;
}

static void
count_journey(const Journey *journey, void *arg)
{
	Counter    *counter = arg;
	uint64		state = 0;

	affinity_attribution_credit_see(counter->credit, journey);
	for (uint32 i = 0; i < journey->n; i++)
	{
		uint32		to = TOUCH_CHANNEL(journey->touch[i].what) + 1;

		count(counter, state, to);
		state = (state << CHAIN_CODE_BITS | to) & counter->mask;
	}
	if (journey->converted)
		count(counter, state, CHAIN_CONVERSION)->value +=
			affinity_attribution_units(counter->credit, journey->value);
	else
		count(counter, state, CHAIN_NULL);
}

static uint32
find_state(const Chain *chain, uint64 name)
{
	uint32		low = 0;
	uint32		high = chain->n_states;

	while (low < high)
	{
		uint32		middle = low + (high - low) / 2;

		if (chain->state[middle] < name)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* States, which are where steps begin: each journey ends in a step. */
static void
number_states(Chain *chain, uint32 n, uint64 mask)
{
	chain->state = affinity_base_array(n, sizeof(uint64));
	chain->first = affinity_base_array((Size) n + 1, sizeof(uint32));
	chain->total = affinity_base_array(n, sizeof(int64));
	for (uint32 i = 0; i < n; i++)
	{
		const ChainStep *step = &chain->step[i];

		affinity_base_look_up(i);
		if (i == 0 || step->from != chain->state[chain->n_states - 1])
		{
			chain->state[chain->n_states] = step->from;
			chain->first[chain->n_states] = i;
			chain->total[chain->n_states++] = 0;
		}
		chain->total[chain->n_states - 1] += step->journeys;
	}
	chain->first[chain->n_states] = n;
	for (uint32 i = 0; i < n; i++)
	{
		ChainStep  *step = &chain->step[i];

		affinity_base_look_up(i);
		if (step->to < CHAIN_NULL)
			step->target = find_state(chain, (step->from << CHAIN_CODE_BITS |
											  step->to) & mask);
	}
}

/* The chain of a state's journeys. */
void
affinity_attribution_chain(const Attribution *state,
						   const JourneyOptions *options, int order,
						   Chain *chain)
{
	Counter		counter;
	Credit		credit;
	chain_steps_iterator at;
	StepEntry  *entry;
	uint32		n = 0;

	memset(chain, 0, sizeof(Chain));
	affinity_attribution_credit_begin(&credit, state);
	counter.chain = chain;
	counter.credit = &credit;
	counter.mask = (UINT64CONST(1) << (CHAIN_CODE_BITS * order)) - 1;
	counter.steps = chain_steps_create(CurrentMemoryContext, 1024, NULL);
	affinity_attribution_journeys(state, options, count_journey, &counter);
	chain->n_channels = credit.n;
	chain->seen = credit.seen;
	chain->n_conversions = credit.n_conversions;
	chain->total_value = credit.total_value;
	chain->scale = credit.scale;
	chain->step = affinity_base_array(counter.steps->members,
									  sizeof(ChainStep));
	chain_steps_start_iterate(counter.steps, &at);
	while ((entry = chain_steps_iterate(counter.steps, &at)) != NULL)
	{
		ChainStep  *step = &chain->step[n];

		affinity_base_look_up(n);
		step->from = entry->key.from;
		step->to = (uint32) entry->key.to;
		step->target = 0;
		step->journeys = entry->journeys;
		step->value = entry->value;
		n++;
	}
	chain_steps_destroy(counter.steps);
	sort_steps(chain->step, n);
	number_states(chain, n, counter.mask);
}
