/*
 * state.c
 *		What is known of customers while an aggregate runs: how many there are
 *		of each kind.
 *
 * Customers of the same values and weight are one row with a count, found by
 * a hash, so that a million customers by day are some ten thousand rows. The
 * state is an expanded object, flat only on its way between processes: a
 * bytea of a header and the rows as they came. A fit sorts them.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "base/base.h"
#include "lifetime/lifetime.h"

#define STATE_MAGIC 0x4146464c	/* "AFFL" */
#define STATE_VERSION 1
#define FIRST_SLOTS 64

typedef struct StateHeader
{
	uint32		magic;
	uint16		version;
	uint16		kind;
	uint64		n;
} StateHeader;

/* A place of the hash: a row is looked at only where its hash is the same. */
typedef struct Slot
{
	uint32		row;			/* its number + 1; 0 is free */
	uint32		hash;
} Slot;

#define WAITING 16

struct LifetimeState
{
	ExpandedObjectHeader hdr;
	LifetimeKind kind;
	uint32		n;
	uint32		n_slots;		/* a power of two, at least twice n */
	Slot	   *slot;
	LifetimeRow *row;			/* room for n_slots / 2 */

	/* rows whose slots are on their way from memory */
	int			n_waiting;
	LifetimeRow waiting[WAITING];
	uint32		hash[WAITING];
};

static void insert_waiting(LifetimeState *state);

PG_FUNCTION_INFO_V1(affinity_lifetime_recency_accum);
PG_FUNCTION_INFO_V1(affinity_lifetime_opportunities_accum);
PG_FUNCTION_INFO_V1(affinity_lifetime_spend_accum);
PG_FUNCTION_INFO_V1(affinity_lifetime_survivors_accum);
PG_FUNCTION_INFO_V1(affinity_lifetime_combine);

/* ---- the flat form ---- */

static Size
flat_size(ExpandedObjectHeader *hdr)
{
	Size		size;

	insert_waiting((LifetimeState *) hdr);
	size = VARHDRSZ + sizeof(StateHeader) +
		((LifetimeState *) hdr)->n * sizeof(LifetimeRow);
	if (size > MaxAllocSize)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a state of %u different customers takes %zu bytes, more than a value may have",
						((LifetimeState *) hdr)->n, size),
				 errhint("Round times to days or amounts to whole numbers, or set max_parallel_workers_per_gather = 0.")));
	return size;
}

static void
flatten_into(ExpandedObjectHeader *hdr, void *result, Size size)
{
	LifetimeState *state = (LifetimeState *) hdr;
	StateHeader header = {STATE_MAGIC, STATE_VERSION, (uint16) state->kind,
	state->n};

	SET_VARSIZE(result, size);
	memcpy(VARDATA(result), &header, sizeof(header));
	memcpy(VARDATA(result) + sizeof(header), state->row,
		   state->n * sizeof(LifetimeRow));
}

static const ExpandedObjectMethods state_methods = {flat_size, flatten_into};

pg_noreturn static void
not_a_state(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
			 errmsg("invalid state of a lifetime model"),
			 errhint(LIFETIME_HINT)));
}

static LifetimeState *
state_of(Datum value)
{
	ExpandedObjectHeader *header = affinity_base_expanded(value);

	return header != NULL && header->eoh_methods == &state_methods ?
		(LifetimeState *) header : NULL;
}

/* The rows of a flat state, checked; copied, as they may not be aligned. */
static LifetimeRow *
flat_rows(Datum value, LifetimeKind *kind, uint64 *n)
{
	bytea	   *flat = DatumGetByteaPP(value);
	Size		size = VARSIZE_ANY_EXHDR(flat);
	StateHeader header;
	LifetimeRow *row;

	if (size < sizeof(header))
		not_a_state();
	memcpy(&header, VARDATA_ANY(flat), sizeof(header));
	if (header.magic != STATE_MAGIC || header.version != STATE_VERSION ||
		header.kind < LIFETIME_RECENCY || header.kind > LIFETIME_SURVIVORS ||
		header.n > MaxAllocSize / sizeof(LifetimeRow) ||
		size != sizeof(header) + header.n * sizeof(LifetimeRow))
		not_a_state();
	*kind = (LifetimeKind) header.kind;
	*n = header.n;
	row = affinity_base_array(*n, sizeof(LifetimeRow));
	memcpy(row, VARDATA_ANY(flat) + sizeof(header), *n * sizeof(LifetimeRow));
	for (uint64 i = 0; i < *n; i++)
	{
		affinity_base_look_up(i);
		if (row[i].count < 1 || row[i].count > PG_INT64_MAX / 2 ||
			!affinity_lifetime_row_is_sound(*kind, row[i].value,
											row[i].weight))
			not_a_state();
	}
	return row;
}

/*
 * The rows of a state that must be of this kind; not to be changed.
 */
LifetimeRow *
affinity_lifetime_rows(Datum value, LifetimeKind kind, uint64 *n)
{
	LifetimeState *state = state_of(value);
	LifetimeKind found;
	LifetimeRow *row;

	if (state != NULL)
	{
		insert_waiting(state);
		found = state->kind;
		*n = state->n;
		row = state->row;
	}
	else
		row = flat_rows(value, &found, n);
	if (found != kind)
		not_a_state();
	return row;
}

/* ---- growing ---- */

static LifetimeState *
new_state(MemoryContext aggregate, LifetimeKind kind)
{
	MemoryContext context = AllocSetContextCreate(aggregate,
												  "lifetime state",
												  ALLOCSET_START_SMALL_SIZES);
	LifetimeState *state = MemoryContextAllocZero(context,
												  sizeof(LifetimeState));

	EOH_init_header(&state->hdr, &state_methods, context);
	state->kind = kind;
	state->n_slots = FIRST_SLOTS;
	state->slot = MemoryContextAllocZero(context,
										 FIRST_SLOTS * sizeof(Slot));
	state->row = MemoryContextAlloc(context,
									FIRST_SLOTS / 2 * sizeof(LifetimeRow));
	return state;
}

static inline uint32
hash_of(const double *value, double weight)
{
	uint64		bits[LIFETIME_VALUES + 1];
	uint64		hash = 0;

	memcpy(bits, value, sizeof(double) * LIFETIME_VALUES);
	memcpy(bits + LIFETIME_VALUES, &weight, sizeof(weight));
	for (int i = 0; i <= LIFETIME_VALUES; i++)
		hash = (hash ^ bits[i] ^ (bits[i] >> 32)) * AFFINITY_SPLITMIX64_STEP;
	return (uint32) affinity_base_mix64(hash);
}

static void
grow(LifetimeState *state)
{
	MemoryContext context = state->hdr.eoh_context;
	uint32		n_slots = state->n_slots * 2;
	Slot	   *slot;

	if (n_slots == 0)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("more than %u different customers", state->n),
				 errhint("Round times to days or amounts to whole numbers.")));
	CHECK_FOR_INTERRUPTS();
	slot = MemoryContextAllocExtended(context, (Size) n_slots * sizeof(Slot),
									  MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	state->row = repalloc_huge(state->row,
							   (Size) n_slots / 2 * sizeof(LifetimeRow));
	for (uint32 i = 0; i < state->n_slots; i++)
	{
		uint32		at = state->slot[i].hash & (n_slots - 1);

		affinity_base_look_up(i);
		if (state->slot[i].row == 0)
			continue;
		while (slot[at].row != 0)
			at = (at + 1) & (n_slots - 1);
		slot[at] = state->slot[i];
	}
	pfree(state->slot);
	state->slot = slot;
	state->n_slots = n_slots;
}

/* A row into its place, or to the count of the one that is there. */
static void
place(LifetimeState *state, const LifetimeRow *new, uint32 hash)
{
	uint32		at = hash & (state->n_slots - 1);

	for (; state->slot[at].row != 0; at = (at + 1) & (state->n_slots - 1))
	{
		LifetimeRow *row = &state->row[state->slot[at].row - 1];

		if (state->slot[at].hash == hash &&
			memcmp(row->value, new->value, sizeof(row->value)) == 0 &&
			row->weight == new->weight)
		{
			/* nobody has that many; crafted states might */
			row->count = row->count > PG_INT64_MAX / 2 - new->count ?
				PG_INT64_MAX / 2 : row->count + new->count;
			return;
		}
	}
	state->row[state->n] = *new;
	state->slot[at].row = ++state->n;
	state->slot[at].hash = hash;
	if (state->n == state->n_slots / 2)
		grow(state);
}

static void
insert_waiting(LifetimeState *state)
{
	/* should it fail for want of memory, nothing is inserted twice */
	int			n = state->n_waiting;

	state->n_waiting = 0;
	for (int i = 0; i < n; i++)
		place(state, &state->waiting[i], state->hash[i]);
}

static void
insert(LifetimeState *state, const double *value, double weight, int64 count)
{
	LifetimeRow *row;
	uint32		hash = hash_of(value, weight);

	if (state->n_waiting == WAITING)
		insert_waiting(state);
	__builtin_prefetch(&state->slot[hash & (state->n_slots - 1)], 1);
	state->hash[state->n_waiting] = hash;
	row = &state->waiting[state->n_waiting++];
	memcpy(row->value, value, sizeof(row->value));
	row->weight = weight;
	row->count = count;
}

static void
merge(LifetimeState *state, Datum value)
{
	uint64		n;
	LifetimeRow *row = affinity_lifetime_rows(value, state->kind, &n);

	for (uint64 i = 0; i < n; i++)
	{
		affinity_base_look_up(i);
		insert(state, row[i].value, row[i].weight, row[i].count);
	}
}

/* Argument 0 to be changed: as it is where it is ours, else a copy. */
static LifetimeState *
state_to_change(FunctionCallInfo fcinfo, LifetimeKind kind)
{
	MemoryContext aggregate = affinity_base_check_aggregate(fcinfo,
															LIFETIME_HINT);
	LifetimeState *state;

	if (!PG_ARGISNULL(0) &&
		VARATT_IS_EXTERNAL_EXPANDED_RW(PG_GETARG_POINTER(0)))
	{
		state = state_of(PG_GETARG_DATUM(0));
		if (state != NULL && state->kind == kind)
			return state;
	}
	state = new_state(aggregate, kind);
	if (!PG_ARGISNULL(0))
		merge(state, PG_GETARG_DATUM(0));
	return state;
}

/* (state, values … [, weight]); a row with a NULL does not count. */
static Datum
accum(FunctionCallInfo fcinfo, LifetimeKind kind, int n_values)
{
	double		value[LIFETIME_VALUES] = {0};
	double		weight = 1;
	LifetimeState *state;

	for (int i = 1; i < PG_NARGS(); i++)
		if (PG_ARGISNULL(i))
		{
			if (PG_ARGISNULL(0))
				PG_RETURN_NULL();
			PG_RETURN_DATUM(PG_GETARG_DATUM(0));
		}
	/* -0 is 0 */
	for (int i = 0; i < n_values; i++)
		value[i] = PG_GETARG_FLOAT8(1 + i) + 0.0;
	if (PG_NARGS() > 1 + n_values)
		weight = PG_GETARG_FLOAT8(1 + n_values);
	if (unlikely(!affinity_lifetime_row_is_sound(kind, value, weight)))
	{
		affinity_lifetime_check_row(kind, value, weight);
		value[1] = 0;			/* the mean of no purchases */
	}
	state = state_to_change(fcinfo, kind);
	insert(state, value, weight, 1);
	return EOHPGetRWDatum(&state->hdr);
}

Datum
affinity_lifetime_recency_accum(PG_FUNCTION_ARGS)
{
	return accum(fcinfo, LIFETIME_RECENCY, 3);
}

Datum
affinity_lifetime_opportunities_accum(PG_FUNCTION_ARGS)
{
	return accum(fcinfo, LIFETIME_OPPORTUNITIES, 3);
}

Datum
affinity_lifetime_spend_accum(PG_FUNCTION_ARGS)
{
	return accum(fcinfo, LIFETIME_SPEND, 2);
}

Datum
affinity_lifetime_survivors_accum(PG_FUNCTION_ARGS)
{
	return accum(fcinfo, LIFETIME_SURVIVORS, 2);
}

Datum
affinity_lifetime_combine(PG_FUNCTION_ARGS)
{
	LifetimeState *state = state_of(PG_GETARG_DATUM(0));
	LifetimeKind kind;
	uint64		n;

	if (state != NULL)
		kind = state->kind;
	else
		flat_rows(PG_GETARG_DATUM(0), &kind, &n);
	state = state_to_change(fcinfo, kind);
	merge(state, PG_GETARG_DATUM(1));
	return EOHPGetRWDatum(&state->hdr);
}
