/*
 * metric.c
 *		A state of sums: how it grows, is merged, its form at rest and what makes
 *		one sound.
 */
#include "postgres.h"

#include <math.h>

#include "base/state.h"
#include "experiment/experiment.h"

/* Where sums of ordinary numbers lie: no value needs to be moved for these. */
#define FIRST_LIMB 65
#define FIRST_ROOM 6
#define FIRST_LIMB_OF_PRODUCTS 62
#define FIRST_ROOM_OF_PRODUCTS 9

/* Beyond this limb there is no sum of 2^63 doubles. */
#define LAST_LIMB ((1024 + 64 - AFFINITY_EXACT_UNIT) / 32)

const char *
affinity_experiment_metric_kind_name(MetricKind kind)
{
	switch (kind)
	{
		case METRIC_VALUE:
			return "metric_agg(value)";
		case METRIC_COVARIATE:
			return "metric_agg(value, covariate)";
		case METRIC_RATIO:
			return "ratio_agg";
		case METRIC_QUANTILE:
			return "metric_quantile_agg";
	}
	return "unknown";
}

/* A growing state whose sums have rooms of their own. */
static MetricState *
make_sums(MetricKind kind, const int *first, const int *room)
{
	Size		size = METRIC_HEADER + offsetof(MetricSums, sums);
	MetricState *state;
	uint16		at = offsetof(MetricSums, sums);

	for (int i = 0; i < METRIC_N_SUMS(kind); i++)
		size += AFFINITY_EXACT_SIZE(room[i]);
	state = palloc0(size);
	SET_VARSIZE(state, size);
	state->magic = METRIC_MAGIC;
	state->version = METRIC_VERSION;
	state->kind = (uint8) kind;
	state->growing = 1;
	state->binary = kind != METRIC_RATIO;
	for (int i = 0; i < METRIC_N_SUMS(kind); i++)
	{
		((MetricSums *) state->data)->at[i] = at;
		affinity_kernel_exact_begin(affinity_experiment_metric_sum(state, i),
									first[i], room[i]);
		at += AFFINITY_EXACT_SIZE(room[i]);
	}
	return state;
}

MetricState *
affinity_experiment_metric_new(MetricKind kind)
{
	static const int first[METRIC_SUMS] = {
		FIRST_LIMB, FIRST_LIMB_OF_PRODUCTS, FIRST_LIMB,
		FIRST_LIMB_OF_PRODUCTS, FIRST_LIMB_OF_PRODUCTS
	};
	static const int room[METRIC_SUMS] = {
		FIRST_ROOM, FIRST_ROOM_OF_PRODUCTS, FIRST_ROOM,
		FIRST_ROOM_OF_PRODUCTS, FIRST_ROOM_OF_PRODUCTS
	};

	return make_sums(kind, first, room);
}

/*
 * A state, aligned. It was checked when it came in, or is an aggregate's own.
 */
MetricState *
affinity_experiment_metric_of(Datum value)
{
	MetricState *state = affinity_base_aligned(value);

	if (VARSIZE(state) < METRIC_HEADER || state->magic != METRIC_MAGIC ||
		state->version != METRIC_VERSION)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid metric state")));
	return state;
}

/* The same growing state, where one sum has the room that it asked for. */
MetricState *
affinity_experiment_metric_widen(MetricState *state, MetricSum wider)
{
	int			first[METRIC_SUMS];
	int			room[METRIC_SUMS];
	MetricState *to;

	for (int i = 0; i < METRIC_N_SUMS(state->kind); i++)
	{
		const AffinityExact *sum = affinity_experiment_metric_sum(state, i);

		first[i] = sum->first;
		room[i] = sum->room;
		if (i == (int) wider)
			affinity_kernel_exact_window(sum, &first[i], &room[i]);
	}
	to = make_sums(state->kind, first, room);
	to->binary = state->binary;
	to->n = state->n;
	for (int i = 0; i < METRIC_N_SUMS(state->kind); i++)
		affinity_kernel_exact_move(affinity_experiment_metric_sum(state, i),
								   affinity_experiment_metric_sum(to, i));
	return to;
}

/* So many units more. */
void
affinity_experiment_metric_count(MetricState *state, int64 more)
{
	if (more > METRIC_UNITS_MAX - state->n)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("a metric has at most %lld units",
						(long long) METRIC_UNITS_MAX)));
	state->n += more;
}

/* Where the sums of a state at rest are. */
void
affinity_experiment_metric_packed(const MetricState *state,
								  const AffinityExactPacked **sums)
{
	const char *at = state->data;

	for (int i = 0; i < METRIC_N_SUMS(state->kind); i++)
	{
		sums[i] = (const AffinityExactPacked *) at;
		at += AFFINITY_EXACT_PACKED_SIZE(abs(sums[i]->n));
	}
}

/* Add a state to a growing one of its kind. */
MetricState *
affinity_experiment_metric_merge(MetricState *to, const MetricState *from)
{
	union
	{
		AffinityExactPacked packed;
		char		bytes[AFFINITY_EXACT_PACKED_MAX];
	}			own;
	const AffinityExactPacked *sums[METRIC_SUMS];

	if (!from->growing)
		affinity_experiment_metric_packed(from, sums);
	for (int i = 0; i < METRIC_N_SUMS(from->kind); i++)
	{
		if (from->growing)
		{
			affinity_kernel_exact_pack(affinity_experiment_metric_sum(from, i),
									   &own.packed);
			sums[i] = &own.packed;
		}
		while (!affinity_kernel_exact_merge(affinity_experiment_metric_sum(to, i),
											sums[i]))
			to = affinity_experiment_metric_widen(to, i);
	}
	affinity_experiment_metric_count(to, from->n);
	to->binary &= from->binary;
	return to;
}

/* A state that is not growing yet, growing. */
MetricState *
affinity_experiment_metric_grown(MetricState *state)
{
	if (state->growing || state->kind == METRIC_QUANTILE)
		return state;
	return affinity_experiment_metric_merge(affinity_experiment_metric_new(state->kind),
											state);
}

/* A new state at rest of what a growing one holds. */
MetricState *
affinity_experiment_metric_final(MetricState *state)
{
	int			n_sums = METRIC_N_SUMS(state->kind);
	Size		size = METRIC_HEADER;
	MetricState *final;

	if (state->kind == METRIC_QUANTILE)
		return affinity_experiment_values_final(state);
	final = palloc0(METRIC_HEADER + n_sums * AFFINITY_EXACT_PACKED_MAX);
	for (int i = 0; i < n_sums; i++)
		size += affinity_kernel_exact_pack(affinity_experiment_metric_sum(state, i),
										   (AffinityExactPacked *) ((char *) final + size));
	SET_VARSIZE(final, size);
	final->magic = METRIC_MAGIC;
	final->version = METRIC_VERSION;
	final->kind = state->kind;
	final->binary = state->binary;
	final->n = state->n;
	return final;
}

/* A state as it is at rest. */
MetricState *
affinity_experiment_metric_rest(MetricState *state)
{
	if (state->growing)
		state = affinity_experiment_metric_final(state);
	return state;
}

MetricState *
affinity_experiment_metric_arg(FunctionCallInfo fcinfo, int arg)
{
	return affinity_experiment_metric_rest(affinity_experiment_metric_of(PG_GETARG_DATUM(arg)));
}

/* ---- what makes a state sound -------------------------------------------- */

static bool
same_packed(const AffinityExactPacked *a, const AffinityExactPacked *b)
{
	return a->n == b->n &&
		memcmp(a, b, AFFINITY_EXACT_PACKED_SIZE(abs(a->n))) == 0;
}

/* Can n numbers have this sum and this sum of squares? */
static bool
possible(uint64 n, const AffinityExactPacked *x, const AffinityExactPacked *xx)
{
	int			exponent;

	return x->first + abs(x->n) <= LAST_LIMB && xx->n >= 0 &&
		affinity_kernel_exact_central(n, xx, x, x, &exponent) >= 0;
}

/* What is wrong with a state at rest, whose size is that of its varlena? */
const char *
affinity_experiment_metric_check(const MetricState *state)
{
	const AffinityExactPacked *sums[METRIC_SUMS];
	Size		at = METRIC_HEADER;
	uint64		n = (uint64) state->n;
	int			exponent;

	if (state->kind < METRIC_VALUE || state->kind > METRIC_QUANTILE)
		return "unknown kind";
	if (state->growing != 0 || state->binary > 1 || state->unused != 0)
		return "unknown flags";
	if (state->n < 1 || state->n > METRIC_UNITS_MAX)
		return "impossible number of units";
	if (state->kind == METRIC_QUANTILE)
		return affinity_experiment_values_check(state);
	if (state->p != 0 || signbit(state->p) || state->n_entries != 0 ||
		state->n_sorted != 0 ||
		(state->binary && state->kind == METRIC_RATIO))
		return "unknown flags";
	for (int i = 0; i < METRIC_N_SUMS(state->kind); i++)
	{
		Size		size;

		sums[i] = (const AffinityExactPacked *) ((const char *) state + at);
		size = affinity_kernel_exact_check(sums[i], VARSIZE(state) - at);
		if (size == 0)
			return "damaged sum";
		at += size;
	}
	if (at != VARSIZE(state))
		return "wrong length";
	if (!possible(n, sums[SUM_X], sums[SUM_XX]))
		return "impossible sums";
	if (state->binary && (!same_packed(sums[SUM_X], sums[SUM_XX]) ||
						  fmod(affinity_kernel_exact_double(sums[SUM_X]), 1) != 0 ||
						  affinity_kernel_exact_double(sums[SUM_X]) > (double) n))
		return "impossible sums of zeros and ones";
	if (state->kind == METRIC_VALUE)
		return NULL;
	if (!possible(n, sums[SUM_Y], sums[SUM_YY]))
		return "impossible sums";
	/* without a variance there is no covariance */
	if (affinity_kernel_exact_central(n, sums[SUM_XY], sums[SUM_X], sums[SUM_Y],
									  &exponent) != 0 &&
		(affinity_kernel_exact_central(n, sums[SUM_XX], sums[SUM_X], sums[SUM_X],
									   &exponent) == 0 ||
		 affinity_kernel_exact_central(n, sums[SUM_YY], sums[SUM_Y], sums[SUM_Y],
									   &exponent) == 0))
		return "impossible sum of products";
	return NULL;
}
