/*
 * visits.c
 *		What would be lost without a channel, in chains of higher order.
 *
 * There a channel is in many states, and the matrix is large and sparse. How
 * often a journey comes to each state, when those of the channel are ends, is
 * the solution of a system of sums of positive numbers; conversions follow.
 *
 * Gauss and Seidel's method alone takes as many sweeps as journeys are long:
 * what is wrong by the same factor everywhere gets right only as fast as
 * journeys come to an end. So after each sweep states are put together by
 * their last touch, which gives a chain as small as one of order 1, weighted
 * by the visits found so far; its solution, by elimination, says by which
 * factor the visits of each group are wrong (aggregation and disaggregation:
 * Koury, McAllister, Stewart 1984). Some ten sweeps are left, however long
 * journeys are, and nothing is subtracted.
 */
#include "postgres.h"

#include <math.h>

#include "attribution/attribution.h"

#define CLOSE_ENOUGH 1e-14		/* of all visits; two more sweeps follow */
#define SWEEPS_GROUPED 1000		/* then without groups, which converges */
#define SWEEPS_MAX 10000000
#define GROUPS_MAX 64			/* and the start */

typedef struct Visits
{
	const Chain *chain;
	/* steps by the state that they lead to, ways back to itself left out */
	uint32	   *first;			/* of each state, and the end */
	uint32	   *source;
	double	   *chance;
	/* of each state */
	double	   *conversion;		/* chance that the next step is one */
	double	   *value;			/* what is met by it */
	double	   *end;			/* chance of any end */
	double	   *leave;			/* chance of another state or an end */
	uint32	   *group;
	bool	   *open;			/* journeys come there and go on */
	double	   *visits;
	uint32	   *queue;
	uint32		n_groups;
	double	   *flow;			/* from group to group, and to ends */
	double	   *factor;
} Visits;

static inline double *
flow_from(const Visits *v, uint32 group)
{
	return v->flow + (Size) group * (v->n_groups + 1);
}

/* Steps in the order of where they lead to, by counting. */
static void
turn_steps(Visits *v)
{
	const Chain *chain = v->chain;
	uint32		n = chain->n_states;

	v->first = affinity_base_zeroed_array((Size) n + 2, sizeof(uint32));
	v->source = affinity_base_array(chain->first[n], sizeof(uint32));
	v->chance = affinity_base_array(chain->first[n], sizeof(double));
	for (int pass = 0; pass < 2; pass++)
	{
		for (uint32 i = 0; i < n; i++)
		{
			affinity_base_look_up(i);
			for (uint32 s = chain->first[i]; s < chain->first[i + 1]; s++)
			{
				const ChainStep *step = &chain->step[s];
				uint32		at;

				if (step->to >= CHAIN_NULL || step->target == i)
					continue;
				if (pass == 0)
				{
					v->first[step->target + 2]++;
					continue;
				}
				at = v->first[step->target + 1]++;
				v->source[at] = i;
				v->chance[at] = (double) step->journeys /
					(double) chain->total[i];
			}
		}
		for (uint32 i = 2; pass == 0 && i <= n; i++)
			v->first[i] += v->first[i - 1];
	}
}

static void
read_states(Visits *v)
{
	const Chain *chain = v->chain;

	for (uint32 i = 0; i < chain->n_states; i++)
	{
		double		total = (double) chain->total[i];
		int64		leave = chain->total[i];
		int64		end = 0;

		affinity_base_look_up(i);
		v->conversion[i] = v->value[i] = 0;
		for (uint32 s = chain->first[i]; s < chain->first[i + 1]; s++)
		{
			const ChainStep *step = &chain->step[s];

			if (step->to >= CHAIN_NULL)
				end += step->journeys;
			else if (step->target == i)
				leave -= step->journeys;
			if (step->to == CHAIN_CONVERSION)
			{
				v->conversion[i] = (double) step->journeys / total;
				v->value[i] = (double) step->value / total;
			}
		}
		v->end[i] = (double) end / total;
		v->leave[i] = (double) leave / total;
		v->group[i] = i == 0 ? 0 : 1 +
			(uint32) ((chain->state[i] & CHAIN_CODE_MAX) - 1) % GROUPS_MAX;
	}
}

/* Is a channel among the touches that a state is named by? */
static bool
has_channel(uint64 state, uint32 channel)
{
	for (; state != 0; state >>= CHAIN_CODE_BITS)
		if ((state & CHAIN_CODE_MAX) == channel + 1)
			return true;
	return false;
}

/* Which states can be come to without a channel; each is visited once so far. */
static void
open_states(Visits *v, uint32 channel)
{
	const Chain *chain = v->chain;
	uint32		n = 1;

	memset(v->open, 0, chain->n_states * sizeof(bool));
	for (uint32 i = 0; i < chain->n_states; i++)
		v->visits[i] = 0;
	v->queue[0] = 0;
	v->open[0] = true;
	for (uint32 at = 0; at < n; at++)
	{
		uint32		i = v->queue[at];

		affinity_base_look_up(at);
		v->visits[i] = 1;
		for (uint32 s = chain->first[i]; s < chain->first[i + 1]; s++)
		{
			uint32		to = chain->step[s].target;

			if (chain->step[s].to >= CHAIN_NULL || v->open[to] ||
				has_channel(chain->state[to], channel))
				continue;
			v->open[to] = true;
			v->queue[n++] = to;
		}
	}
}

/* Visits of each state from those of others; gives by how much they change. */
static double
sweep(Visits *v, double *all)
{
	double		change = 0;

	*all = 1;
	for (uint32 i = 1; i < v->chain->n_states; i++)
	{
		double		sum = 0;

		affinity_base_look_up(i);
		if (!v->open[i])
			continue;
		for (uint32 s = v->first[i]; s < v->first[i + 1]; s++)
			sum += v->chance[s] * v->visits[v->source[s]];
		sum /= v->leave[i];
		change += fabs(sum - v->visits[i]);
		*all += sum;
		v->visits[i] = sum;
	}
	return change;
}

/* How much goes from group to group. */
static void
sum_flows(Visits *v)
{
	memset(v->flow, 0, (Size) v->n_groups * (v->n_groups + 1) *
		   sizeof(double));
	for (uint32 i = 0; i < v->chain->n_states; i++)
	{
		uint32		to = v->open[i] ? v->group[i] : v->n_groups;

		affinity_base_look_up(i);
		for (uint32 s = v->first[i]; s < v->first[i + 1]; s++)
			flow_from(v, v->group[v->source[s]])[to] +=
				v->chance[s] * v->visits[v->source[s]];
		flow_from(v, v->group[i])[v->n_groups] += v->end[i] * v->visits[i];
	}
}

/*
 * By which factor the visits of each group are too few: whatever leaves it is
 * what comes in. Groups are eliminated from the last on, the start remains.
 */
static void
solve_groups(Visits *v)
{
	uint32		n = v->n_groups;

	for (uint32 k = n - 1; k > 0; k--)
	{
		const double *from = flow_from(v, k);
		double		leave = from[n];

		for (uint32 j = 0; j < k; j++)
			leave += from[j];
		v->factor[k] = leave;
		for (uint32 i = 0; i < k && leave > 0; i++)
		{
			double	   *row = flow_from(v, i);
			double		through = row[k] / leave;

			if (through == 0)
				continue;
			for (uint32 j = 0; j < k; j++)
				row[j] += through * from[j];
			row[n] += through * from[n];
		}
	}
	v->factor[0] = 1;
	for (uint32 k = 1; k < n; k++)
	{
		double		come = 0;

		for (uint32 j = 0; j < k; j++)
			come += v->factor[j] * flow_from(v, j)[k];
		v->factor[k] = v->factor[k] > 0 && come > 0 ? come / v->factor[k] : 1;
	}
}

static void
correct_groups(Visits *v)
{
	sum_flows(v);
	solve_groups(v);
	for (uint32 i = 1; i < v->chain->n_states; i++)
		v->visits[i] *= v->factor[v->group[i]];
}

/* Visits of a journey without a channel. */
static void
solve_without(Visits *v, uint32 channel)
{
	int			close = 0;

	open_states(v, channel);
	for (int n = 0;; n++)
	{
		double		all;
		double		change = sweep(v, &all);

		CHECK_FOR_INTERRUPTS();
		if (change <= CLOSE_ENOUGH * all)
			close++;
		if (close == 3)
			break;
		if (n < SWEEPS_GROUPED)
			correct_groups(v);
		if (n == SWEEPS_MAX)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("the Markov chain has journeys too long to be solved"),
					 errhint("Give markov_order 1, or a lookback.")));
	}
}

/*
 * Of each channel, how many conversions of a journey, and how much of their
 * value, are lost without it.
 */
void
affinity_attribution_visits(const Chain *chain, double all, double all_value,
							double *lost, double *value_lost)
{
	uint32		n = chain->n_states;
	Visits		v = {.chain = chain};

	turn_steps(&v);
	v.conversion = affinity_base_array(n, sizeof(double));
	v.value = affinity_base_array(n, sizeof(double));
	v.end = affinity_base_array(n, sizeof(double));
	v.leave = affinity_base_array(n, sizeof(double));
	v.group = affinity_base_array(n, sizeof(uint32));
	v.open = affinity_base_array(n, sizeof(bool));
	v.visits = affinity_base_array(n, sizeof(double));
	v.queue = affinity_base_array(n, sizeof(uint32));
	v.n_groups = 1 + Min(chain->n_channels, GROUPS_MAX);
	v.flow = affinity_base_array((Size) v.n_groups * (v.n_groups + 1),
								 sizeof(double));
	v.factor = affinity_base_array(v.n_groups, sizeof(double));
	read_states(&v);
	for (uint32 c = 0; c < chain->n_channels; c++)
	{
		double		conversion = 0;
		double		value = 0;

		if (!chain->seen[c])
			continue;
		solve_without(&v, c);
		for (uint32 i = 0; i < n; i++)
		{
			conversion += v.visits[i] * v.conversion[i];
			value += v.visits[i] * v.value[i];
		}
		lost[c] = Max(all - conversion, 0);
		value_lost[c] = all_value - value;
	}
}
