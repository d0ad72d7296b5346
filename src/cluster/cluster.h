/*
 * cluster.h
 *		The states of types cluster_metric and did: what the units of each
 *		cluster have together.
 */
#ifndef AFFINITY_CLUSTER_CLUSTER_H
#define AFFINITY_CLUSTER_CLUSTER_H

#include "postgres.h"

#include "fmgr.h"

#include "base/base.h"

/*
 * A whole number of 2^-60 in 192 bits, two's complement, the lowest part
 * first: 2^53 values of up to 1e15 are below 2^163.
 */
#define CLUSTER_PARTS 3

typedef struct ClusterSum
{
	uint64		parts[CLUSTER_PARTS];
} ClusterSum;

/* Units of a cluster in a cell: of did there are four. */
typedef struct ClusterCell
{
	int64		n;
	ClusterSum	sum;
} ClusterCell;

typedef struct ClusterEntry
{
	uint32		offset;			/* of the cluster's name in all names */
	uint32		len;
	ClusterCell cells[FLEXIBLE_ARRAY_MEMBER];
} ClusterEntry;

/*
 * A state. At rest clusters are in order of their names, none twice, and
 * there is no room: equal contents are equal bytes. Under an aggregate it is
 * growing: clusters are in the order in which they came, with a hash table.
 */
typedef struct ClusterState
{
	int32		vl_len_;		/* varlena header */
	uint32		magic;			/* CLUSTER_MAGIC */
	uint16		version;		/* CLUSTER_VERSION */
	uint16		n_cells;		/* CLUSTER_METRIC_CELLS or CLUSTER_DID_CELLS */
	uint32		n;				/* clusters */
	uint32		n_slots;		/* a power of 2 more than n; 0: at rest */
	uint32		bytes_used;		/* of the names */
	uint32		bytes_room;
	uint32		unused;			/* 0 */
	char		data[FLEXIBLE_ARRAY_MEMBER];	/* slots: uint32 each, number
												 * of a cluster + 1; then
												 * entries: n, or n_slots / 2
												 * while growing; then names */
} ClusterState;

#define CLUSTER_MAGIC 0x4146434c
#define CLUSTER_VERSION 1
#define CLUSTER_HEADER offsetof(ClusterState, data)
#define CLUSTER_METRIC_CELLS 1
#define CLUSTER_DID_CELLS 4
#define CLUSTER_TREATED 2		/* bits of the number of a cell of did */
#define CLUSTER_AFTER 1
#define CLUSTER_UNITS_MAX (INT64CONST(1) << 53)

static inline Size
affinity_cluster_width(int n_cells)
{
	return offsetof(ClusterEntry, cells) + n_cells * sizeof(ClusterCell);
}

static inline uint32 *
affinity_cluster_slots(const ClusterState *state)
{
	return (uint32 *) state->data;
}

/* How many entries there is room for. */
static inline uint32
affinity_cluster_room(const ClusterState *state)
{
	return state->n_slots > 0 ? state->n_slots / 2 : state->n;
}

static inline ClusterEntry *
affinity_cluster_entry(const ClusterState *state, Size i)
{
	return (ClusterEntry *) (state->data + sizeof(uint32) * state->n_slots +
							 i * affinity_cluster_width(state->n_cells));
}

static inline char *
affinity_cluster_names(const ClusterState *state)
{
	return (char *) affinity_cluster_entry(state,
										   affinity_cluster_room(state));
}

/* ---- sums --------------------------------------------------------------- */

static inline void
affinity_cluster_sum_add(ClusterSum *to, const ClusterSum *from)
{
	unsigned	__int128 carry = 0;

	for (int i = 0; i < CLUSTER_PARTS; i++)
	{
		carry += (unsigned __int128) to->parts[i] + from->parts[i];
		to->parts[i] = (uint64) carry;
		carry >>= 64;
	}
}

static inline ClusterSum
affinity_cluster_sum_of(int128 value)
{
	ClusterSum	sum = {{(uint64) value, (uint64) (value >> 64),
	value < 0 ? PG_UINT64_MAX : 0}};

	return sum;
}

/* sum.c */
extern ClusterSum affinity_cluster_sum_times(int128 value, int64 n);
extern ClusterSum affinity_cluster_sum_less(const ClusterSum *a,
											const ClusterSum *b);
extern double affinity_cluster_sum_double(const ClusterSum *sum);
extern int128 affinity_cluster_sum_mean(const ClusterSum *sum, int64 n);
extern bool affinity_cluster_sum_fits(const ClusterSum *sum, int64 n);

/* state.c */
extern ClusterState *affinity_cluster_new(int n_cells);
extern ClusterState *affinity_cluster_of(Datum value, int n_cells);
extern ClusterState *affinity_cluster_add(ClusterState *state,
										  const char *name,
										  uint32 len,
										  int cell,
										  const ClusterCell *more);
extern ClusterState *affinity_cluster_final(const ClusterState *state);
extern ClusterState *affinity_cluster_any_at_rest(Datum value);
extern ClusterState *affinity_cluster_arg(FunctionCallInfo fcinfo,
										  int arg);
extern ClusterState *affinity_cluster_at_rest(Datum value,
											  int n_cells);
extern const char *affinity_cluster_check(const ClusterState *state);

#endif							/* AFFINITY_CLUSTER_CLUSTER_H */
