/*
 * state.c
 *		How a state of clusters grows, and its form at rest.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "base/state.h"
#include "cluster/cluster.h"

#define SLOTS_AT_FIRST 16
#define BYTES_AT_FIRST 128

static Size
size_of(int n_cells, Size n_slots, Size room, Size bytes)
{
	return CLUSTER_HEADER + sizeof(uint32) * n_slots +
		affinity_cluster_width(n_cells) * room + bytes;
}

/* A state with so much room, and nothing in it. */
static ClusterState *
make_state(int n_cells, Size n_slots, Size room, Size bytes)
{
	Size		size = size_of(n_cells, n_slots, room, bytes);
	ClusterState *state;

	if (size > MaxAllocSize)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("the state of clusters needs %zu bytes, but a value holds at most %zu",
						size, (Size) MaxAllocSize),
				 errhint("Take larger clusters, or shorter names of them.")));
	state = palloc0(size);
	SET_VARSIZE(state, size);
	state->magic = CLUSTER_MAGIC;
	state->version = CLUSTER_VERSION;
	state->n_cells = (uint16) n_cells;
	state->n_slots = (uint32) n_slots;
	state->bytes_room = (uint32) bytes;
	return state;
}

ClusterState *
affinity_cluster_new(int n_cells)
{
	return make_state(n_cells, SLOTS_AT_FIRST, SLOTS_AT_FIRST / 2,
					  BYTES_AT_FIRST);
}

/* A state of a size that can be, aligned; input checked the rest. */
ClusterState *
affinity_cluster_of(Datum value, int n_cells)
{
	ClusterState *state = affinity_base_aligned(value);

	if (VARSIZE(state) < CLUSTER_HEADER || state->magic != CLUSTER_MAGIC ||
		state->version != CLUSTER_VERSION || state->n_cells != n_cells ||
		(state->n_slots & (state->n_slots - 1)) != 0 ||
		state->n_slots == 1 ||
		state->n > affinity_cluster_room(state) ||
		state->bytes_used > state->bytes_room ||
		VARSIZE(state) != size_of(n_cells, state->n_slots,
								  affinity_cluster_room(state),
								  state->bytes_room))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid state of clusters")));
	return state;
}

/* Where a cluster is in the slots, or the free one where it would be. */
static uint32 *
find_slot(const ClusterState *state, const char *name, uint32 len)
{
	uint32	   *slots = affinity_cluster_slots(state);
	const char *names = affinity_cluster_names(state);
	uint32		mask = state->n_slots - 1;
	uint32		i = hash_bytes((const unsigned char *) name, (int) len) & mask;

	while (slots[i] != 0)
	{
		const ClusterEntry *entry =
			affinity_cluster_entry(state, slots[i] - 1);

		if (entry->len == len && memcmp(names + entry->offset, name, len) == 0)
			break;
		i = (i + 1) & mask;
	}
	return &slots[i];
}

/* A copy that has twice the room, for one more cluster of so many bytes. */
static ClusterState *
enlarge(const ClusterState *old, uint32 len)
{
	Size		n_slots = Max(old->n_slots, SLOTS_AT_FIRST);
	Size		bytes = Max(old->bytes_room, BYTES_AT_FIRST);
	ClusterState *state;

	while (old->n + (Size) 1 > n_slots / 2)
		n_slots *= 2;
	if (old->bytes_used + (Size) len > bytes)
		bytes = MAXALIGN(Max(2 * bytes, old->bytes_used + (Size) len));
	state = make_state(old->n_cells, n_slots, n_slots / 2, bytes);
	state->n = old->n;
	state->bytes_used = old->bytes_used;
	memcpy(affinity_cluster_entry(state, 0),
		   affinity_cluster_entry(old, 0),
		   old->n * affinity_cluster_width(old->n_cells));
	memcpy(affinity_cluster_names(state),
		   affinity_cluster_names(old), old->bytes_used);
	for (uint32 i = 0; i < old->n; i++)
	{
		const ClusterEntry *entry = affinity_cluster_entry(state, i);

		affinity_base_look_up(i);
		*find_slot(state, affinity_cluster_names(state) +
				   entry->offset, entry->len) = i + 1;
	}
	return state;
}

static void
too_many_units(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("a state of clusters is of too many rows")));
}

/* Add to a cluster; gives the state, or a larger one in its place. */
ClusterState *
affinity_cluster_add(ClusterState *state, const char *name,
					 uint32 len, int cell, const ClusterCell *more)
{
	ClusterEntry *entry;
	ClusterCell *to;
	uint32	   *slot;

	if (state->n_slots == 0)
		state = enlarge(state, len);
	slot = find_slot(state, name, len);
	if (*slot == 0)
	{
		if (state->n == state->n_slots / 2 ||
			state->bytes_used + (Size) len > state->bytes_room)
		{
			state = enlarge(state, len);
			slot = find_slot(state, name, len);
		}
		entry = affinity_cluster_entry(state, state->n++);
		*slot = state->n;
		entry->offset = state->bytes_used;
		entry->len = len;
		memset(entry->cells, 0, state->n_cells * sizeof(ClusterCell));
		memcpy(affinity_cluster_names(state) + entry->offset, name,
			   len);
		state->bytes_used += len;
	}
	else
		entry = affinity_cluster_entry(state, *slot - 1);
	to = &entry->cells[cell];
	to->n += more->n;
	affinity_cluster_sum_add(&to->sum, &more->sum);
	/* one more of the same could not be added without an overflow */
	if (to->n > CLUSTER_UNITS_MAX)
		too_many_units();
	return state;
}

typedef struct NamedEntry
{
	const ClusterEntry *entry;
	const char *name;
} NamedEntry;

static int
compare_names(const NamedEntry *a, const NamedEntry *b)
{
	return affinity_base_bytes_compare(a->name, a->entry->len, b->name,
									   b->entry->len);
}

#define ST_SORT sort_names
#define ST_ELEMENT_TYPE NamedEntry
#define ST_COMPARE(a, b) compare_names(a, b)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DECLARE
#define ST_DEFINE
#include "lib/sort_template.h"

/* The form at rest. */
ClusterState *
affinity_cluster_final(const ClusterState *state)
{
	ClusterState *final = make_state(state->n_cells, 0, state->n,
									 state->bytes_used);
	Size		width = affinity_cluster_width(state->n_cells);
	NamedEntry *order = affinity_base_array(state->n, sizeof(NamedEntry));
	char	   *names;
	int64		total = 0;

	final->n = state->n;
	final->bytes_used = state->bytes_used;
	names = affinity_cluster_names(final);
	for (uint32 i = 0; i < state->n; i++)
	{
		order[i].entry = affinity_cluster_entry(state, i);
		order[i].name = affinity_cluster_names(state) +
			order[i].entry->offset;
	}
	sort_names(order, state->n);
	for (uint32 i = 0, offset = 0; i < state->n; i++)
	{
		ClusterEntry *entry = affinity_cluster_entry(final, i);

		affinity_base_look_up(i);
		memcpy(entry, order[i].entry, width);
		entry->offset = offset;
		memcpy(names + offset, order[i].name, entry->len);
		offset += entry->len;
		for (int j = 0; j < final->n_cells; j++)
			total += entry->cells[j].n;
		if (total > CLUSTER_UNITS_MAX)
			too_many_units();
	}
	pfree(order);
	return final;
}

/* A state in its form at rest. */
ClusterState *
affinity_cluster_at_rest(Datum value, int n_cells)
{
	ClusterState *state = affinity_cluster_of(value, n_cells);

	return state->n_slots > 0 ? affinity_cluster_final(state)
		: state;
}

/* A state of either type, in its form at rest. */
ClusterState *
affinity_cluster_any_at_rest(Datum value)
{
	ClusterState *state = (ClusterState *) PG_DETOAST_DATUM(value);
	int			n_cells = VARSIZE(state) >= CLUSTER_HEADER ? state->n_cells : 0;

	if (n_cells != CLUSTER_DID_CELLS)
		n_cells = CLUSTER_METRIC_CELLS;
	return affinity_cluster_at_rest(PointerGetDatum(state),
									n_cells);
}

/* An argument of either type, in its form at rest. */
ClusterState *
affinity_cluster_arg(FunctionCallInfo fcinfo, int arg)
{
	return affinity_cluster_any_at_rest(PG_GETARG_DATUM(arg));
}

/* What is wrong with the counts of a cluster, or NULL. */
static const char *
check_cells(const ClusterEntry *entry, int n_cells, int64 *total)
{
	int64		n = 0;

	for (int i = 0; i < n_cells; i++)
	{
		const ClusterCell *cell = &entry->cells[i];

		if (cell->n < 0 || cell->n > CLUSTER_UNITS_MAX)
			return "wrong counts";
		if (!affinity_cluster_sum_fits(&cell->sum, cell->n))
			return "a sum that so many values cannot have";
		n += cell->n;
	}
	if (n == 0)
		return "wrong counts";
	*total += n;
	return *total > CLUSTER_UNITS_MAX ? "too many rows" : NULL;
}

/* What is wrong with a state that came in, whose length is right, or NULL. */
const char *
affinity_cluster_check(const ClusterState *state)
{
	const char *names = affinity_cluster_names(state);
	const ClusterEntry *before = NULL;
	Size		offset = 0;
	int64		total = 0;

	if (state->n_slots != 0 || state->unused != 0 || state->n == 0 ||
		state->bytes_used != state->bytes_room)
		return "wrong header";
	for (uint32 i = 0; i < state->n; i++)
	{
		const ClusterEntry *e = affinity_cluster_entry(state, i);
		const char *problem;

		affinity_base_look_up(i);
		if (e->offset != offset || e->len > state->bytes_used - offset)
			return "names out of place";
		offset += e->len;
		problem = check_cells(e, state->n_cells, &total);
		if (problem != NULL)
			return problem;
		if (before != NULL &&
			affinity_base_bytes_compare(names + before->offset, before->len,
										names + e->offset, e->len) >= 0)
			return "clusters out of order";
		if (memchr(names + e->offset, '\0', e->len) != NULL ||
			!pg_verifymbstr(names + e->offset, (int) e->len, true))
			return "a name that is no text";
		before = e;
	}
	return offset != state->bytes_used ? "wrong length" : NULL;
}
