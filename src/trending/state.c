/*
 * state.c
 *		How a state of type decayed grows, and its form at rest.
 *
 * A row's block follows from its time, and a block is let go when a row comes
 * that is three blocks newer. Which rows count is so a matter of which is the
 * newest, and not of the order in which they come.
 */
#include "postgres.h"

#include "utils/timestamp.h"

#include "base/state.h"
#include "trending/trending.h"

static Decayed *
new_state(uint8 growing, Size size, int64 half_life, bool zoned, int64 block,
		  int64 last)
{
	Decayed    *state = palloc0(size);

	SET_VARSIZE(state, size);
	state->magic = DECAYED_MAGIC;
	state->version = DECAYED_VERSION;
	state->growing = growing;
	state->zoned = zoned ? 1 : 0;
	state->half_life = half_life;
	state->last = last;
	state->block = block;
	return state;
}

/* A growing state without rows. */
Decayed *
affinity_trending_state_new(int64 half_life, bool zoned, int64 block,
							int64 last)
{
	return new_state(DECAYED_FULL, DECAYED_GROWING, half_life, zoned, block,
					 last);
}

/* One with room for few rows. */
Decayed *
affinity_trending_state_few(int64 half_life, bool zoned, int64 block,
							int64 last)
{
	return new_state(DECAYED_FEW, DECAYED_FEW_SIZE, half_life, zoned, block,
					 last);
}

/*
 * Where a row of a block goes in a state with room for few rows; NULL: it
 * needs more.
 */
uint64 *
affinity_trending_few_sum(Decayed *state, int64 block)
{
	uint64	   *older = state->parts + DECAY_FEW_PARTS;

	if (state->rows >= DECAY_FEW_ROWS)
		return NULL;
	if (block == state->block)
		return state->parts;
	if (block == state->block - 1)
		return older;
	if (block != state->block + 1)
		return NULL;
	for (int i = 0; i < DECAY_FEW_PARTS; i++)
		if (older[i] != 0)
			return NULL;
	memcpy(older, state->parts, DECAY_FEW_PARTS * sizeof(uint64));
	memset(state->parts, 0, DECAY_FEW_PARTS * sizeof(uint64));
	state->block = block;
	return state->parts;
}

/* A growing state that has room for all; a new one if it had not. */
Decayed *
affinity_trending_state_full(Decayed *state)
{
	Decayed    *full;

	if (state->growing != DECAYED_FEW)
		return state;
	full = affinity_trending_state_new(state->half_life, state->zoned != 0,
									   state->block, state->last);
	full->rows = state->rows;
	for (int b = 0; b < DECAY_FEW_BLOCKS; b++)
	{
		const uint64 *from = state->parts + b * DECAY_FEW_PARTS;
		uint64	   *to = affinity_trending_sums(full)[b].parts;

		memcpy(to, from, DECAY_FEW_PARTS * sizeof(uint64));
		for (int i = DECAY_FEW_PARTS; i < DECAY_PARTS; i++)
			to[i] = (uint64) 0 - (from[DECAY_FEW_PARTS - 1] >> 63);
	}
	return full;
}

static Size
size_of(const Decayed *state)
{
	Size		n = 0;

	if (state->growing != 0)
		return state->growing == DECAYED_FULL ? DECAYED_GROWING :
			state->growing == DECAYED_FEW ? DECAYED_FEW_SIZE : 0;

	for (int b = 0; b < DECAY_BLOCKS; b++)
	{
		if (state->first[b] + state->n[b] > DECAY_PARTS)
			return 0;
		n += state->n[b];
	}
	return DECAYED_HEADER + n * sizeof(uint64);
}

/*
 * A state of a size that can be, aligned. Those of the type were checked when
 * they came in.
 */
Decayed *
affinity_trending_state_of(Datum value)
{
	Decayed    *state = affinity_base_aligned(value);

	if (VARSIZE(state) < DECAYED_HEADER || state->magic != DECAYED_MAGIC ||
		state->version != DECAYED_VERSION ||
		VARSIZE(state) != size_of(state))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid decayed state")));
	return state;
}

/* A growing copy of a state at rest. */
Decayed *
affinity_trending_state_grow(const Decayed *state)
{
	Decayed    *growing = affinity_trending_state_new(state->half_life,
													  state->zoned != 0,
													  state->block,
													  state->last);
	const uint64 *from = state->parts;

	growing->rows = state->rows;
	for (int b = 0; b < DECAY_BLOCKS; b++)
	{
		uint64	   *parts = affinity_trending_sums(growing)[b].parts;
		int			end = state->first[b] + state->n[b];

		if (state->n[b] == 0)
			continue;
		memcpy(parts + state->first[b], from, state->n[b] * sizeof(uint64));
		from += state->n[b];
		for (int i = end; i < DECAY_PARTS; i++)
			parts[i] = (uint64) 0 - (parts[end - 1] >> 63);
	}
	return growing;
}

/* The form at rest; the state itself, if it is in it. */
Decayed *
affinity_trending_state_final(Decayed *state)
{
	Decayed    *final;
	uint64	   *to;

	if (!state->growing)
		return state;
	state = affinity_trending_state_full(state);
	final = palloc0(DECAYED_GROWING);
	memcpy(final, state, DECAYED_HEADER);
	final->growing = 0;
	to = final->parts;
	for (int b = 0; b < DECAY_BLOCKS; b++)
	{
		const uint64 *parts = affinity_trending_sums(state)[b].parts;
		uint64		sign = (uint64) 0 - (parts[DECAY_PARTS - 1] >> 63);
		int			first = 0;
		int			end = DECAY_PARTS;

		while (first < DECAY_PARTS && parts[first] == 0)
			first++;
		while (end > first + 1 && parts[end - 1] == sign &&
			   parts[end - 2] >> 63 == (sign & 1))
			end--;
		if (first == DECAY_PARTS)
			first = end = 0;
		final->first[b] = (uint8) first;
		final->n[b] = (uint8) (end - first);
		memcpy(to, parts + first, final->n[b] * sizeof(uint64));
		to += final->n[b];
	}
	SET_VARSIZE(final, size_of(final));
	return final;
}

/* An argument of type decayed, in its form at rest. */
Decayed *
affinity_trending_arg(FunctionCallInfo fcinfo, int arg)
{
	return affinity_trending_state_final(affinity_trending_state_of(PG_GETARG_DATUM(arg)));
}

/* Make a block the newest one of a state in full, if it is newer. */
void
affinity_trending_state_renew(Decayed *state, int64 block)
{
	DecaySum   *sums = affinity_trending_sums(state);
	int64		by = Min(block - state->block, DECAY_BLOCKS);

	if (by <= 0)
		return;
	memmove(sums + by, sums, (DECAY_BLOCKS - by) * sizeof(DecaySum));
	memset(sums, 0, by * sizeof(DecaySum));
	state->block = block;
}

/* Add what a state has, growing or not, to one that grows in full. */
Decayed *
affinity_trending_state_merge(Decayed *a, Decayed *b)
{
	Decayed    *grown = NULL;
	const DecaySum *sums;

	if (a->half_life != b->half_life)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("decayed states have different half-lives: %g and %g seconds",
						(double) a->half_life / USECS_PER_SEC,
						(double) b->half_life / USECS_PER_SEC),
				 errhint("Merge states of one half-life.")));
	if (a->zoned != b->zoned)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("one decayed state is of timestamptz, the other of timestamp"),
				 errhint("Make them of times of one type: at AT TIME ZONE 'UTC'.")));
	if (a->rows + b->rows > DECAYED_ROWS_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("a decayed state is of too many rows")));
	if (!b->growing)
		b = grown = affinity_trending_state_grow(b);
	else if (b->growing == DECAYED_FEW)
		b = grown = affinity_trending_state_full(b);
	sums = (const DecaySum *) b->parts;
	affinity_trending_state_renew(a, b->block);
	for (int i = 0; i < DECAY_BLOCKS; i++)
	{
		int64		place = a->block - b->block + i;

		if (place < DECAY_BLOCKS)
			affinity_trending_merge(&affinity_trending_sums(a)[place],
									&sums[i]);
	}
	a->rows += b->rows;
	a->last = Max(a->last, b->last);
	if (grown)
		pfree(grown);
	return a;
}

/* What is wrong with a state at rest that came in, or NULL. */
const char *
affinity_trending_state_check(const Decayed *state)
{
	static const uint8 zeros[sizeof(state->unused)] = {0};
	const uint64 *parts = state->parts;
	DecayClock	clock;

	if (state->growing || state->zoned > 1 ||
		memcmp(state->unused, zeros, sizeof(zeros)) != 0)
		return "wrong header";
	if (VARSIZE(state) != size_of(state))
		return "wrong length";
	if (state->half_life <= 0 || state->half_life > DECAYED_HALF_LIFE_MAX)
		return "a half-life that is none";
	if (state->rows <= 0 || state->rows > DECAYED_ROWS_MAX)
		return "wrong number of rows";
	if (!IS_VALID_TIMESTAMP(state->last))
		return "a time that is none";
	affinity_trending_clock_init(&clock, state->half_life);
	if (state->block != affinity_trending_block(affinity_trending_time(&clock, state->last).whole))
		return "a time that is not in its block";
	for (int b = 0; b < DECAY_BLOCKS; b++)
	{
		int			n = state->n[b];
		DecaySum	sum = {{0}};

		if (n == 0)
		{
			if (state->first[b] != 0)
				return "wrong parts of a sum";
			continue;
		}
		memcpy(sum.parts + state->first[b], parts, n * sizeof(uint64));
		for (int i = state->first[b] + n; i < DECAY_PARTS; i++)
			sum.parts[i] = (uint64) 0 - (parts[n - 1] >> 63);
		if (parts[0] == 0 ||
			(n > 1 && parts[n - 1] ==
			 (uint64) 0 - (parts[n - 2] >> 63)))
			return "parts of a sum that say nothing";
		/* a row's term has at most 242 bits */
		if (affinity_trending_width(&sum) >
			242 + 64 - __builtin_clzll((uint64) state->rows))
			return "a sum of more than its rows";
		parts += n;
	}
	return NULL;
}
