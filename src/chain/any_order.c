/*
 * any_order.c
 *		Funnels whose steps may be taken in any order: the largest set of
 *		steps that rows within one window satisfy, each step by a row of its
 *		own.
 *
 * Sets of rows that can have a step each are the independent sets of a
 * (transversal) matroid. `set` is the basis of all rows so far that is greedy
 * for late rows: a new row comes in, and where it cannot have a step
 * otherwise it takes the place of the earliest row that its coming would
 * free. Of such a basis the rows from any time on are a basis of all rows
 * from that time on (Edmonds 1971, "Matroids and the greedy algorithm"): so
 * the number of its rows in the window that ends now is the size of the
 * largest set that ends now, and the earliest of them is the latest start
 * that such a set can have. One look at each row, whatever the number of
 * starts.
 *
 * Of the largest sets the one that is complete first is reported; of those
 * the one that starts last; of those the one whose rows are earliest: between
 * its start and its end the basis that is greedy for early rows, whose k-th
 * time is the earliest possible for every k (affinity_chain_any_times, a
 * second look).
 *
 * With same_row a row counts once for each of its steps, with strict_increase
 * the rows of an instant are one that has one step. An excluded row ends what
 * lies before it. The caller owns all memory.
 */
#include "chain/any_order.h"

static void
clear(AffinityAnyOrder *any)
{
	for (int k = 0; k < any->rule.n_steps; k++)
		any->set[k].row = -1;
}

void
affinity_chain_any_begin(AffinityAnyOrder *any, const AffinityChainRule *rule)
{
	any->rule = *rule;
	any->n_rows = 0;
	any->after = 0;
	any->level = 0;
	any->first = any->first_at = any->last_at = any->first_after = 0;
	clear(any);
}

/* The row takes `step`; rows on the way to it move on by one. */
static void
shift(AffinityAnyOrder *any, int step, const int *parent, AffinityStepRow row)
{
	while (parent[step] >= 0)
	{
		any->set[step] = any->set[parent[step]];
		step = parent[step];
	}
	any->set[step] = row;
}

/*
 * Bring a row in. Returns false where all its steps, and all steps of rows
 * that could make way, are taken, and no row may leave.
 */
static bool
bring_in(AffinityAnyOrder *any, AffinityStepRow row, bool replace)
{
	int			parent[AFFINITY_MAX_STEPS];
	uint64_t	reached = 0;
	uint64_t	ahead = row.steps;
	int			from = -1;
	uint64_t	pending;
	int			earliest = -1;

	/* breadth first over steps: from a step to those its row might have */
	pending = 0;
	for (;;)
	{
		uint64_t	fresh = ahead & ~reached;

		reached |= fresh;
		pending |= fresh;
		for (; fresh != 0; fresh &= fresh - 1)
		{
			int			k = __builtin_ctzll(fresh);

			parent[k] = from;
			if (any->set[k].row < 0)
			{
				shift(any, k, parent, row);
				return true;
			}
			if (earliest < 0 || any->set[k].row < any->set[earliest].row)
				earliest = k;
		}
		if (pending == 0)
			break;
		from = __builtin_ctzll(pending);
		pending &= pending - 1;
		ahead = any->set[from].steps;
	}
	if (!replace || earliest < 0)
		return false;
	shift(any, earliest, parent, row);
	return true;
}

/* Is the set that ends with the newest row the best so far? */
static void
look(AffinityAnyOrder *any, int64_t at)
{
	int			level = 0;
	int			first = -1;

	for (int k = 0; k < any->rule.n_steps; k++)
	{
		const AffinityStepRow *row = &any->set[k];

		if (row->row < 0 ||
			!affinity_chain_in_window(&any->rule, row->at, at))
			continue;
		level++;
		if (first < 0 || row->row < any->set[first].row)
			first = k;
	}
	if (level == 0 || level < any->level ||
		(level == any->level &&
		 (at != any->last_at || any->set[first].at <= any->first_at)))
		return;
	any->level = level;
	any->first = any->set[first].row;
	any->first_at = any->set[first].at;
	any->first_after = any->after;
	any->last_at = at;
}

/* Rows of one instant with no excluded row among them. */
static void
feed_instant(AffinityAnyOrder *any, const AffinityEvent *event, int64_t n)
{
	AffinityStepRow row;

	row.at = event[0].at;
	if ((any->rule.mode & AFFINITY_CHAIN_INCREASE) != 0)
	{
		row.row = any->n_rows;
		row.steps = 0;
		for (int64_t i = 0; i < n; i++)
			row.steps |= event[i].steps;
		bring_in(any, row, true);
	}
	else
		for (int64_t i = 0; i < n; i++)
		{
			uint64_t	steps = event[i].steps;

			row.row = any->n_rows + i;
			while ((any->rule.mode & AFFINITY_CHAIN_SAME_ROW) != 0 &&
				   (steps & (steps - 1)) != 0)
			{
				row.steps = steps & -steps;
				bring_in(any, row, true);
				steps &= steps - 1;
			}
			row.steps = steps;
			bring_in(any, row, true);
			look(any, row.at);
		}
	look(any, row.at);
	any->n_rows += n;
}

/*
 * The next rows, sorted by affinity_chain_event_before. Rows of one instant
 * must come in one call. Returns false once no further row can change the
 * result.
 */
bool
affinity_chain_any_feed(AffinityAnyOrder *any, const AffinityEvent *event,
						int64_t n)
{
	int64_t		i = 0;

	while (i < n)
	{
		int64_t		end = i;

		if (any->level == any->rule.n_steps && event[i].at != any->last_at)
			return false;
		while (end < n && event[end].at == event[i].at &&
			   (event[end].steps & any->rule.exclude) == 0)
			end++;
		if (end > i)
		{
			feed_instant(any, event + i, end - i);
			i = end;
			continue;
		}
		any->n_rows++;
		any->after = any->n_rows;
		clear(any);
		i++;
	}
	return true;
}

/* From here on `set` is that of affinity_chain_any_times. */
void
affinity_chain_any_times_begin(AffinityAnyOrder *any)
{
	clear(any);
	any->n_rows = 0;
}

/*
 * The times of the best set in the rows from its first instant on, given in
 * one or more calls, instants whole. Returns how many there are so far:
 * any->level in the end.
 */
int
affinity_chain_any_times(AffinityAnyOrder *any, const AffinityEvent *event,
						 int64_t n, int64_t *times, int n_times)
{
	bool		increase = (any->rule.mode & AFFINITY_CHAIN_INCREASE) != 0;
	bool		same_row = (any->rule.mode & AFFINITY_CHAIN_SAME_ROW) != 0;
	int64_t		i = 0;

	while (i < n && n_times < any->level)
	{
		AffinityStepRow row;
		uint64_t	steps = event[i].steps;

		row.at = event[i].at;
		row.row = any->n_rows++;
		for (i++; increase && i < n && event[i].at == row.at; i++)
		{
			if ((event[i].steps & any->rule.exclude) != 0)
				break;
			steps |= event[i].steps;
		}
		while (steps != 0 && n_times < any->level)
		{
			row.steps = same_row && !increase ? steps & -steps : steps;
			steps &= ~row.steps;
			if (bring_in(any, row, false))
				times[n_times++] = row.at;
		}
	}
	return n_times;
}
