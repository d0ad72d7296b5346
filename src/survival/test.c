/*
 * test.c
 *		The log-rank test of any number of groups within strata, and those
 *		that weigh times.
 *
 * At each time with events the hypergeometric distribution says how many of
 * them a group would have if all were alike (Mantel 1966). Differences and
 * variances are summed over times and strata in their order; the statistic
 * is the quadratic form of the differences by the inverse of the variance.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "survival/rank.h"

#define NO_INFORMATION 1e-10	/* of the largest variance */

static int
compare_rows(const RankRow *a, const RankRow *b)
{
	if (a->stratum != b->stratum)
		return a->stratum < b->stratum ? -1 : 1;
	if (a->at != b->at)
		return a->at < b->at ? -1 : 1;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	return (a->group > b->group) - (a->group < b->group);
}

#define ST_SORT sort_rows
#define ST_ELEMENT_TYPE RankRow
#define ST_COMPARE(a, b) compare_rows(a, b)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DECLARE
#define ST_DEFINE
#include "lib/sort_template.h"

/* How it stands in a stratum at a time. */
typedef struct RankState
{
	int64	   *at_risk;		/* by group */
	int64	   *events;			/* by group, at the time */
	uint32	   *group;			/* those with anybody at risk */
	double		survival;		/* before the time */
	double		peto;			/* Peto and Peto's, with the time */
	uint64		work;
} RankState;

/* The events of a time, so many of n at risk. */
static void
add_time(RankTest *test, RankState *state, double n, double d)
{
	uint32		n_active = 0;
	double		factor = n > 1 ? d * (n - d) / (n - 1) : 0;
	double		weight = 1;

	state->peto *= 1 - d / (n + 1);
	switch (test->weights)
	{
		case WEIGHTS_LOG_RANK:
			break;
		case WEIGHTS_WILCOXON:
			weight = n;
			break;
		case WEIGHTS_TARONE_WARE:
			weight = sqrt(n);
			break;
		case WEIGHTS_PETO:
			weight = state->peto;
			break;
		case WEIGHTS_FLEMING_HARRINGTON:
			weight = state->survival;
			break;
	}
	state->survival *= (n - d) / n;
	for (uint32 g = 0; g < test->n_groups; g++)
	{
		double		expected = d * ((double) state->at_risk[g] / n);

		if (state->at_risk[g] > 0)
			state->group[n_active++] = g;
		test->expected[g] += expected;
		test->observed[g] += state->events[g];
		test->difference[g] += weight *
			((double) state->events[g] - expected);
	}
	for (uint32 i = 0; i < n_active; i++)
	{
		double		share = (double) state->at_risk[state->group[i]] / n;
		double	   *row = test->variance +
			(Size) state->group[i] * test->n_groups;

		for (uint32 j = 0; j <= i; j++)
		{
			double		other = (double) state->at_risk[state->group[j]] / n;

			row[state->group[j]] += weight * weight * factor * share *
				((i == j) - other);
		}
	}
	affinity_base_look_after(&state->work,
							 (uint64) n_active * n_active + test->n_groups);
}

/* A stratum's rows, in order of time. */
static void
add_stratum(RankTest *test, RankState *state, const RankRow *rows, uint64 n)
{
	memset(state->at_risk, 0, test->n_groups * sizeof(int64));
	state->survival = 1;
	state->peto = 1;
	for (uint64 i = 0; i < n; i++)
	{
		affinity_base_look_up(i);
		if (rows[i].kind == SURVIVAL_ENTERED)
			state->at_risk[rows[i].group] -= rows[i].count;
		else
		{
			state->at_risk[rows[i].group] += rows[i].count;
			test->n[rows[i].group] += rows[i].count;
		}
	}
	for (uint64 i = 0; i < n;)
	{
		double		at = rows[i].at;
		uint64		first = i;
		double		events = 0;

		for (; i < n && rows[i].at == at && rows[i].kind == SURVIVAL_EVENT; i++)
		{
			state->events[rows[i].group] += rows[i].count;
			events += (double) rows[i].count;
		}
		if (events > 0)
		{
			int64		at_risk = 0;

			for (uint32 g = 0; g < test->n_groups; g++)
				at_risk += state->at_risk[g];
			add_time(test, state, (double) at_risk, events);
			memset(state->events, 0, test->n_groups * sizeof(int64));
		}
		for (; i < n && rows[i].at == at; i++)
			;
		for (uint64 j = first; j < i; j++)
			state->at_risk[rows[j].group] += rows[j].kind == SURVIVAL_ENTERED ?
				rows[j].count : -rows[j].count;
		affinity_base_look_after(&state->work, i - first);
	}
}

/* Fill in a test whose n_groups and weights are set; sorts the rows. */
void
affinity_survival_test(RankTest *test, RankRow *rows, uint64 n_rows)
{
	Size		g = test->n_groups;
	RankState	state = {0};

	test->n = affinity_base_zeroed_array(g, sizeof(int64));
	test->observed = affinity_base_zeroed_array(g, sizeof(int64));
	test->expected = affinity_base_zeroed_array(g, sizeof(double));
	test->difference = affinity_base_zeroed_array(g, sizeof(double));
	test->variance = affinity_base_zeroed_array(g * g, sizeof(double));
	state.at_risk = affinity_base_array(g, sizeof(int64));
	state.events = affinity_base_zeroed_array(g, sizeof(int64));
	state.group = affinity_base_array(g, sizeof(uint32));
	sort_rows(rows, n_rows);
	for (uint64 from = 0, to; from < n_rows; from = to)
	{
		for (to = from; to < n_rows && rows[to].stratum == rows[from].stratum;)
			to++;
		add_stratum(test, &state, rows + from, to - from);
	}
}

/*
 * The statistic, and in df its degrees of freedom; NAN where there are none.
 * The variance's lower half becomes its factor (Cholesky), in which a group
 * that the ones before determine has no part, as the last one is.
 */
double
affinity_survival_test_statistic(RankTest *test, int64 *df)
{
	uint32		g = test->n_groups;
	double		largest = 0;
	double		statistic = 0;
	uint64		work = 0;

	*df = -1;
	for (uint32 i = 0; i < g; i++)
	{
		largest = Max(largest, test->variance[(Size) i * g + i]);
		if (test->expected[i] > 0)
			(*df)++;
	}
	if (*df < 1)
	{
		*df = 0;
		return NAN;
	}
	for (uint32 i = 0; i < g; i++)
	{
		double	   *row = test->variance + (Size) i * g;
		double		rest = row[i];
		double		u = test->difference[i];

		for (uint32 j = 0; j < i; j++)
		{
			const double *other = test->variance + (Size) j * g;

			if (other[j] == 0)
				row[j] = 0;
			else
			{
				for (uint32 k = 0; k < j; k++)
					row[j] -= row[k] * other[k];
				row[j] /= other[j];
			}
			rest -= row[j] * row[j];
			u -= row[j] * test->difference[j];
			affinity_base_look_after(&work, j);
		}
		if (rest <= largest * NO_INFORMATION)
			row[i] = test->difference[i] = 0;
		else
		{
			row[i] = sqrt(rest);
			test->difference[i] = u / row[i];
			statistic += test->difference[i] * test->difference[i];
		}
	}
	return statistic;
}
