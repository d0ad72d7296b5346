/*
 * metric_values.c
 *		The state of a quantile metric: how often each value was there.
 *
 * Values are appended; when the room is used up, they are sorted and equal
 * ones become one, and the room doubles if more than half of it is in use.
 */
#include "postgres.h"

#include <math.h>

#include "experiment/experiment.h"
#include "kernel/stats.h"

#define ENTRIES_AT_FIRST 8

static int
compare_entries(const MetricEntry *a, const MetricEntry *b)
{
	return (a->value > b->value) - (a->value < b->value);
}

#define ST_SORT sort_entries
#define ST_ELEMENT_TYPE MetricEntry
#define ST_COMPARE(a, b) compare_entries(a, b)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DECLARE
#define ST_DEFINE
#include "lib/sort_template.h"

static uint32
room_of(const MetricState *state)
{
	return (uint32) ((VARSIZE(state) - METRIC_HEADER) / sizeof(MetricEntry));
}

static MetricState *
make_values(double p, Size room)
{
	Size		size = METRIC_HEADER + room * sizeof(MetricEntry);
	MetricState *state;

	if (size > MaxAllocSize)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("the metric state needs %zu bytes, but a value holds at most %zu",
						size, (Size) MaxAllocSize),
				 errhint("Round the values, for example to whole milliseconds.")));
	state = palloc0(size);
	SET_VARSIZE(state, size);
	state->magic = METRIC_MAGIC;
	state->version = METRIC_VERSION;
	state->kind = METRIC_QUANTILE;
	state->growing = 1;
	state->p = p;
	return state;
}

MetricState *
affinity_experiment_values_new(double p)
{
	return make_values(p, ENTRIES_AT_FIRST);
}

/* Sort entries and make one of those that are alike; gives how many. */
static uint32
merge_entries(MetricEntry *entries, uint32 n)
{
	uint32		kept = 0;

	sort_entries(entries, n);
	for (uint32 i = 1; i < n; i++)
	{
		affinity_base_look_up(i);
		if (entries[kept].value == entries[i].value)
			entries[kept].count += entries[i].count;
		else
			entries[++kept] = entries[i];
	}
	return n > 0 ? kept + 1 : 0;
}

static MetricState *
make_room(MetricState *state)
{
	MetricEntry *entries = affinity_experiment_metric_entries(state);
	MetricState *wider;

	if (state->growing && state->n_sorted < state->n_entries)
	{
		state->n_entries = merge_entries(entries, state->n_entries);
		state->n_sorted = state->n_entries;
		if (state->n_entries <= room_of(state) / 2)
			return state;
	}
	wider = make_values(state->p, Max(2 * (Size) state->n_entries,
									  ENTRIES_AT_FIRST));
	wider->n = state->n;
	wider->n_entries = state->n_entries;
	wider->n_sorted = state->n_sorted;
	memcpy(wider->data, state->data, state->n_entries * sizeof(MetricEntry));
	return wider;
}

/* Add a value, so often. */
MetricState *
affinity_experiment_values_add(MetricState *state, double value, int64 count)
{
	MetricEntry *entry;

	if (!state->growing || state->n_entries == room_of(state))
		state = make_room(state);
	affinity_experiment_metric_count(state, count);
	entry = &affinity_experiment_metric_entries(state)[state->n_entries++];
	entry->value = value + 0.0; /* no -0 */
	entry->count = count;
	return state;
}

MetricState *
affinity_experiment_values_final(const MetricState *state)
{
	MetricState *final = make_values(state->p, state->n_entries);
	uint32		n;

	memcpy(final->data, state->data, state->n_entries * sizeof(MetricEntry));
	n = merge_entries(affinity_experiment_metric_entries(final),
					  state->n_entries);
	final->growing = 0;
	final->n = state->n;
	final->n_entries = final->n_sorted = n;
	SET_VARSIZE(final, METRIC_HEADER + n * sizeof(MetricEntry));
	return final;
}

const char *
affinity_experiment_values_check(const MetricState *state)
{
	const MetricEntry *entries = affinity_experiment_metric_entries(state);
	int64		n = 0;

	if (!(state->p > 0 && state->p < 1) || state->binary ||
		state->n_sorted != state->n_entries)
		return "unknown flags";
	if ((VARSIZE(state) - METRIC_HEADER) % sizeof(MetricEntry) != 0 ||
		room_of(state) != state->n_entries)
		return "wrong length";
	for (uint32 i = 0; i < state->n_entries; i++)
	{
		affinity_base_look_up(i);
		if (!isfinite(entries[i].value) ||
			(entries[i].value == 0 && signbit(entries[i].value)) ||
			(i > 0 && entries[i].value <= entries[i - 1].value))
			return "values out of order";
		if (entries[i].count < 1 || entries[i].count > state->n - n)
			return "impossible counts";
		n += entries[i].count;
	}
	return n == state->n ? NULL : "impossible counts";
}

/* The value of a rank from 0 on. */
static double
value_at(const MetricState *state, double rank)
{
	const MetricEntry *entries = affinity_experiment_metric_entries(state);
	double		before = 0;

	for (uint32 i = 0; i + 1 < state->n_entries; i++)
	{
		affinity_base_look_up(i);
		before += (double) entries[i].count;
		if (rank < before)
			return entries[i].value;
	}
	return entries[state->n_entries - 1].value;
}

/* The quantile p of a state at rest, as percentile_cont has it. */
double
affinity_experiment_values_quantile(const MetricState *state, double p)
{
	double		rank = p * (double) (state->n - 1);
	double		low = value_at(state, floor(rank));
	double		high = value_at(state, ceil(rank));
	double		share = rank - floor(rank);

	if (low == high || share == 0)
		return low;
	return low * (1 - share) + high * share;
}

/*
 * The standard error of the sample quantile, times 2^-scale: the square root
 * of p (1 - p) / n by the density there, which is estimated between the order
 * statistics at 1.96 standard errors of the rank to each side (Woodruff 1952;
 * Liu et al. 2019, section 3).
 */
double
affinity_experiment_values_error(const MetricState *state, int scale)
{
	double		error = sqrt(state->p * (1 - state->p) / (double) state->n);
	double		low = Max(state->p - AFFINITY_Z_95 * error, 0);
	double		high = Min(state->p + AFFINITY_Z_95 * error, 1);
	double		spread = ldexp(affinity_experiment_values_quantile(state, high),
							   -scale) -
		ldexp(affinity_experiment_values_quantile(state, low), -scale);

	return spread * error / (high - low);
}
