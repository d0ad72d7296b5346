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
 * Of higher order: visits.c.
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
		affinity_attribution_visits(chain, all, all_value, effect,
									value_effect);
	for (uint32 i = 0; i < chain->n_channels; i++)
	{
		effect[i] = Min(effect[i] / all, 1);
		value_effect[i] = all_value != 0 ? value_effect[i] / all_value : 0;
	}
}
