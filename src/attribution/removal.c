/*
 * removal.c
 *		Which share of the conversions of a Markov chain would be lost without
 *		a channel: the removal effect, by linear algebra.
 *
 * Without a channel all ways into its states lead to no conversion. What is
 * lost is what the ways through one of its states lead to.
 *
 * Of order 1 a channel is one state. Eliminating a state from a chain leaves
 * the same chances of getting from any other to any other (Grassmann, Taksar,
 * Heyman 1985: by additions, multiplications and divisions of numbers of one
 * sign alone, so that each chance keeps its digits however small it is). With
 * all eliminated but the start and one channel the answer stands there. To
 * come to that for each channel, half of the channels are eliminated for the
 * other half, and so on: in all some two eliminations of the whole.
 *
 * Of higher order the chance of a conversion from each state is the solution
 * of a sparse system, once for each channel, by Gauss and Seidel's method. How
 * far it is off at most is known: the chance of not having come to an end yet.
 */
#include "postgres.h"

#include <math.h>

#include "attribution/attribution.h"

/* Where a step of order 1 can lead to beside the states that are left. */
#define LOST_CONVERSION 0
#define LOST_NULL 1
#define LOST_VALUE 2			/* not a chance: the value that is met */
#define COLUMNS_MORE 3

#define MOST_DENSE 4000			/* channels */
#define CLOSE_ENOUGH 1e-16
#define SWEEPS_MAX 10000000

/* ---- order 1 ------------------------------------------------------------ */

/*
 * n states, the start first: the chances of steps between them, and
 * COLUMNS_MORE others.
 */
typedef struct Dense
{
	uint32		n;
	uint32	   *channel;		/* of each state; the start has none */
	double	   *chance;			/* n rows of n + COLUMNS_MORE */
} Dense;

static inline double *
row_of(const Dense *dense, uint32 i)
{
	return dense->chance + (Size) i * (dense->n + COLUMNS_MORE);
}

/*
 * Eliminate state k: whoever goes there goes on from there at once, to where
 * it leads in the end. The columns after the states are whatever they are.
 */
static void
eliminate(Dense *dense, uint32 k, const bool *gone)
{
	uint32		width = dense->n + COLUMNS_MORE;
	double	   *from = row_of(dense, k);
	double		leave = from[dense->n + LOST_CONVERSION] +
		from[dense->n + LOST_NULL];

	for (uint32 j = 0; j < dense->n; j++)
		if (j != k && !gone[j])
			leave += from[j];
	for (uint32 i = 0; i < dense->n; i++)
	{
		double	   *row = row_of(dense, i);
		double		through = row[k] / leave;

		if (i == k || gone[i] || row[k] == 0)
			continue;
		for (uint32 j = 0; j < width; j++)
			if (j != k)
				row[j] += through * from[j];
		row[k] = 0;
	}
}

/* What is left of the states that are not gone. */
static Dense *
rest_of(const Dense *dense, const bool *gone)
{
	Dense	   *rest = palloc(sizeof(Dense));
	uint32	   *kept = affinity_base_array(dense->n, sizeof(uint32));

	rest->n = 0;
	for (uint32 i = 0; i < dense->n; i++)
		if (!gone[i])
			kept[rest->n++] = i;
	rest->channel = affinity_base_array(rest->n, sizeof(uint32));
	rest->chance = affinity_base_array((Size) rest->n *
									   (rest->n + COLUMNS_MORE),
									   sizeof(double));
	for (uint32 i = 0; i < rest->n; i++)
	{
		const double *from = row_of(dense, kept[i]);
		double	   *to = row_of(rest, i);

		rest->channel[i] = dense->channel[kept[i]];
		for (uint32 j = 0; j < rest->n; j++)
			to[j] = from[kept[j]];
		memcpy(to + rest->n, from + dense->n, COLUMNS_MORE * sizeof(double));
	}
	pfree(kept);
	return rest;
}

static void
free_dense(Dense *dense)
{
	pfree(dense->channel);
	pfree(dense->chance);
	pfree(dense);
}

/*
 * The start and one channel: from there on, what is met before the end. The
 * chance of going there again is a part of it.
 */
static void
read_effect(const Dense *dense, double *lost, double *value_lost)
{
	const double *start = row_of(dense, 0);
	const double *from = row_of(dense, 1);
	double		leave = from[dense->n + LOST_CONVERSION] +
		from[dense->n + LOST_NULL];

	lost[dense->channel[1]] =
		start[1] * (from[dense->n + LOST_CONVERSION] / leave);
	value_lost[dense->channel[1]] =
		start[1] * (from[dense->n + LOST_VALUE] / leave);
}

/* Halve the channels that are left, until there is one. Uses up what it gets. */
static void
halve(Dense *dense, double *lost, double *value_lost)
{
	uint32		middle = 1 + (dense->n - 1) / 2;
	Dense	   *part[2];
	bool	   *gone;

	if (dense->n == 2)
		read_effect(dense, lost, value_lost);
	if (dense->n <= 2)
	{
		free_dense(dense);
		return;
	}
	gone = affinity_base_array(dense->n, sizeof(bool));
	for (int side = 0; side < 2; side++)
	{
		Dense	   *work;
		uint32		from = side == 0 ? middle : 1;
		uint32		to = side == 0 ? dense->n : middle;

		memset(gone, 0, dense->n * sizeof(bool));
		work = rest_of(dense, gone);
		for (uint32 k = from; k < to; k++)
		{
			CHECK_FOR_INTERRUPTS();
			eliminate(work, k, gone);
			gone[k] = true;
		}
		part[side] = rest_of(work, gone);
		free_dense(work);
	}
	pfree(gone);
	free_dense(dense);
	halve(part[0], lost, value_lost);
	halve(part[1], lost, value_lost);
}

/* The chain as a matrix; its states are the start and then channels. */
static Dense *
dense_of(const Chain *chain)
{
	Dense	   *dense = palloc(sizeof(Dense));

	if (chain->n_states > MOST_DENSE)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a Markov chain of %u channels, but at most %d can be solved",
						chain->n_states - 1, MOST_DENSE - 1),
				 errhint("Make one channel of those with few touches when aggregating.")));
	dense->n = chain->n_states;
	dense->channel = affinity_base_array(dense->n, sizeof(uint32));
	dense->chance = affinity_base_zeroed_array((Size) dense->n *
											   (dense->n + COLUMNS_MORE),
											   sizeof(double));
	for (uint32 i = 0; i < dense->n; i++)
	{
		double	   *row = row_of(dense, i);
		double		total = (double) chain->total[i];

		dense->channel[i] = (uint32) chain->state[i] - 1;
		for (uint32 s = chain->first[i]; s < chain->first[i + 1]; s++)
		{
			const ChainStep *step = &chain->step[s];
			double		chance = (double) step->journeys / total;

			if (step->to == CHAIN_CONVERSION)
			{
				row[dense->n + LOST_CONVERSION] = chance;
				row[dense->n + LOST_VALUE] = (double) step->value / total;
			}
			else if (step->to == CHAIN_NULL)
				row[dense->n + LOST_NULL] = chance;
			else
				row[step->target] = chance;
		}
	}
	return dense;
}

/* ---- higher orders ------------------------------------------------------ */

/* Is a channel among the touches that a state is named by? */
static bool
has_channel(uint64 state, uint32 channel)
{
	for (; state != 0; state >>= CHAIN_CODE_BITS)
		if ((state & CHAIN_CODE_MAX) == channel + 1)
			return true;
	return false;
}

typedef struct Sweep
{
	const Chain *chain;
	double	   *chance;			/* of each step */
	double	   *conversion;		/* chance of one, from each state */
	double	   *value;
	double	   *open;			/* chance of not having come to an end */
	bool	   *removed;
} Sweep;

/* One state from those that it leads to; a way back to itself is left out. */
static void
sweep_state(Sweep *sweep, uint32 i)
{
	const Chain *chain = sweep->chain;
	int64		leave = chain->total[i];
	double		conversion = 0;
	double		value = 0;
	double		open = 0;
	double		once;

	for (uint32 s = chain->first[i]; s < chain->first[i + 1]; s++)
	{
		const ChainStep *step = &chain->step[s];

		if (step->to == CHAIN_CONVERSION)
		{
			conversion += sweep->chance[s];
			value += (double) step->value / (double) chain->total[i];
		}
		else if (step->to == CHAIN_NULL)
			continue;
		else if (step->target == i)
			leave -= step->journeys;
		else if (!sweep->removed[step->target])
		{
			conversion += sweep->chance[s] * sweep->conversion[step->target];
			value += sweep->chance[s] * sweep->value[step->target];
			open += sweep->chance[s] * sweep->open[step->target];
		}
	}
	once = (double) leave / (double) chain->total[i];
	sweep->conversion[i] = conversion / once;
	sweep->value[i] = value / once;
	sweep->open[i] = open / once;
}

/*
 * Conversions and value that are met from the start without a channel, as
 * exactly as those of all channels are.
 */
static void
solve_without(Sweep *sweep, uint32 channel, double all, double *conversion,
			  double *value)
{
	const Chain *chain = sweep->chain;

	for (uint32 i = 0; i < chain->n_states; i++)
	{
		sweep->removed[i] = has_channel(chain->state[i], channel);
		sweep->conversion[i] = 0;
		sweep->value[i] = 0;
		sweep->open[i] = 1;
	}
	for (int n = 0;; n++)
	{
		CHECK_FOR_INTERRUPTS();
		/* the start has the smallest name, and comes last */
		for (uint32 i = chain->n_states; i > 0; i--)
			if (!sweep->removed[i - 1])
				sweep_state(sweep, i - 1);
		if (sweep->open[0] <= CLOSE_ENOUGH * all)
			break;
		if (n == SWEEPS_MAX)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("the Markov chain has journeys too long to be solved"),
					 errhint("Give markov_order 1, or a lookback.")));
	}
	*conversion = sweep->conversion[0];
	*value = sweep->value[0];
}

static void
solve_sparse(const Chain *chain, double all, double all_value, double *lost,
			 double *value_lost)
{
	Sweep		sweep;
	uint32		n = chain->n_states;

	sweep.chain = chain;
	sweep.chance = affinity_base_array(chain->first[n], sizeof(double));
	sweep.conversion = affinity_base_array(n, sizeof(double));
	sweep.value = affinity_base_array(n, sizeof(double));
	sweep.open = affinity_base_array(n, sizeof(double));
	sweep.removed = affinity_base_array(n, sizeof(bool));
	for (uint32 i = 0; i < n; i++)
		for (uint32 s = chain->first[i]; s < chain->first[i + 1]; s++)
			sweep.chance[s] = (double) chain->step[s].journeys /
				(double) chain->total[i];
	for (uint32 c = 0; c < chain->n_channels; c++)
	{
		double		conversion;
		double		value;

		if (!chain->seen[c])
			continue;
		solve_without(&sweep, c, all, &conversion, &value);
		lost[c] = Max(all - conversion, 0);
		value_lost[c] = all_value - value;
	}
}

/*
 * Of each channel the share of conversions, and of their value, that would
 * be lost without it; 0 where there are none. All together they are what the
 * journeys came to, as a chain that is made of counts leads to as many ends
 * as were counted.
 */
void
affinity_attribution_removal(const Chain *chain, int order, double *effect,
							 double *value_effect)
{
	double		journeys = chain->n_states > 0 ? (double) chain->total[0] : 1;
	double		all = (double) chain->n_conversions / journeys;
	double		all_value = (double) chain->total_value / journeys;

	memset(effect, 0, chain->n_channels * sizeof(double));
	memset(value_effect, 0, chain->n_channels * sizeof(double));
	if (chain->n_conversions == 0)
		return;
	if (order == 1)
		halve(dense_of(chain), effect, value_effect);
	else
		solve_sparse(chain, all, all_value, effect, value_effect);
	for (uint32 i = 0; i < chain->n_channels; i++)
	{
		effect[i] = Min(effect[i] / all, 1);
		value_effect[i] = all_value != 0 ? value_effect[i] / all_value : 0;
	}
}
