/*
 * pattern.c
 *		Patterns over a sorted sequence of events.
 *
 * A pattern is a list of steps. Each takes one event; between the events of
 * two steps lies nothing, or (a gap) any number of events, and the time
 * between them is bounded. Which steps can end at which event is found from
 * left to right, a bit for each step, without backtracking: for a gap it is
 * enough to know the latest event that could be the step before and is old
 * enough, and that moves only forward. So the time is proportional to events
 * times steps for every pattern.
 *
 * The caller owns all memory, and cuts the work into pieces.
 */
#include "chain/pattern.h"

static inline bool
satisfies(const AffinityPattern *pattern, int step, uint64_t steps)
{
	int			condition = pattern->step[step].condition;

	return condition < 0 || ((steps >> condition) & 1) != 0;
}

static inline uint64_t
between(const AffinityEvent *event, int64_t a, int64_t b)
{
	return (uint64_t) event[b].at - (uint64_t) event[a].at;
}

/* Forget all before event `from`. */
static void
restart(AffinityMatcher *m, int64_t from)
{
	m->from = from;
	for (int j = 0; j < m->pattern->n_steps; j++)
	{
		m->next[j] = from;
		m->last[j] = -1;
	}
}

void
affinity_chain_match_begin(AffinityMatcher *m, const AffinityPattern *pattern,
						   const AffinityEvent *event, uint64_t *ends)
{
	m->pattern = pattern;
	m->event = event;
	m->ends = ends;
	m->count = 0;
	m->longest = 0;
	restart(m, 0);
}

static bool
can_follow(AffinityMatcher *m, int j, int64_t x)
{
	const AffinityPatternStep *step = &m->pattern->step[j];
	uint64_t	before = UINT64_C(1) << (j - 1);

	if (!step->gap)
		return x > m->from && (m->ends[x - 1] & before) != 0;
	while (m->next[j] < x && between(m->event, m->next[j], x) >= step->least)
	{
		if ((m->ends[m->next[j]] & before) != 0)
			m->last[j] = m->next[j];
		m->next[j]++;
	}
	return m->last[j] >= 0 && between(m->event, m->last[j], x) <= step->most;
}

/*
 * Find for the events first .. last - 1 which steps can end there. With
 * `restarting`, a match that is complete is counted, and the next one starts
 * behind it: that gives the largest number of matches that do not overlap.
 */
void
affinity_chain_match_forward(AffinityMatcher *m, int64_t first, int64_t last,
							 bool restarting)
{
	int			n = m->pattern->n_steps;

	for (int64_t x = first; x < last; x++)
	{
		uint64_t	ends = 0;

		for (int j = 0; j < n; j++)
		{
			/* can_follow comes first: it has to see every event */
			bool		follows = j == 0 || can_follow(m, j, x);

			if (follows && satisfies(m->pattern, j, m->event[x].steps))
			{
				ends |= UINT64_C(1) << j;
				if (j + 1 > m->longest)
					m->longest = j + 1;
			}
		}
		m->ends[x] = ends;
		if (n == 0 || (ends >> (n - 1)) != 0)
		{
			m->count++;
			if (restarting)
				restart(m, x + 1);
		}
	}
}

/* Before going back: only the first n_steps steps count. */
void
affinity_chain_match_back_begin(AffinityMatcher *m, int n_steps,
								int64_t n_events)
{
	m->longest = n_steps;
	for (int j = 0; j < n_steps; j++)
	{
		m->next[j] = n_events - 1;
		m->last[j] = -1;
	}
}

/* Can what comes after step j begin behind event x? */
static bool
can_lead(AffinityMatcher *m, int j, int64_t x, int64_t n_events)
{
	const AffinityPatternStep *step = &m->pattern->step[j + 1];
	uint64_t	after = UINT64_C(1) << (j + 1);

	if (!step->gap)
		return x + 1 < n_events && (m->ends[x + 1] & after) != 0;
	while (m->next[j] > x && between(m->event, x, m->next[j]) >= step->least)
	{
		if ((m->ends[m->next[j]] & after) != 0)
			m->last[j] = m->next[j];
		m->next[j]--;
	}
	return m->last[j] >= 0 && between(m->event, x, m->last[j]) <= step->most;
}

/*
 * From the events last - 1 down to first: which steps can stand there such
 * that all later ones can follow. Overwrites m->ends with that.
 */
void
affinity_chain_match_back(AffinityMatcher *m, int64_t first, int64_t last,
						  int64_t n_events)
{
	for (int64_t x = last - 1; x >= first; x--)
	{
		uint64_t	leads = 0;

		for (int j = 0; j < m->longest; j++)
		{
			bool		goes_on = j + 1 == m->longest ||
				can_lead(m, j, x, n_events);

			if (goes_on && satisfies(m->pattern, j, m->event[x].steps))
				leads |= UINT64_C(1) << j;
		}
		m->ends[x] = leads;
	}
}

/*
 * After affinity_chain_match_back: the event of step j, the earliest one
 * possible behind `before`, the event of the step before (-1 for the first
 * step).
 */
int64_t
affinity_chain_match_walk(const AffinityMatcher *m, int j, int64_t before,
						  int64_t n_events)
{
	const AffinityPatternStep *step = &m->pattern->step[j];

	for (int64_t x = before + 1; x < n_events; x++)
		if (((m->ends[x] >> j) & 1) != 0 &&
			(j == 0 || (between(m->event, before, x) >= step->least &&
						between(m->event, before, x) <= step->most)))
			return x;
	return -1;
}
