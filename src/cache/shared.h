/*
 * shared.h
 *		What is in shared memory; private to the room.
 */
#ifndef AFFINITY_CACHE_SHARED_H
#define AFFINITY_CACHE_SHARED_H

#include "port/atomics.h"
#include "storage/condition_variable.h"
#include "storage/lwlock.h"
#include "utils/timestamp.h"

#include "cache/cache.h"

/* Images at a time. */
#define CACHE_SLOTS		256

/* Models whose calls are counted. */
#define CACHE_COUNTED	1024

typedef enum SlotState
{
	SLOT_FREE,
	SLOT_MAKING,				/* maybe with an area */
	SLOT_READY,
	SLOT_TOO_LARGE				/* has no area, and is not to be made */
} SlotState;

/*
 * An image. All is read under the lock, and changed where it is held
 * exclusively, but for what is atomic.
 */
typedef struct CacheSlot
{
	AffinityCacheKey key;
	SlotState	state;
	uint32		generation;		/* of what is in the slot */
	Size		start;			/* of the area, from its beginning */
	Size		bytes;
	pg_atomic_uint32 pins;
	pg_atomic_uint32 backends;	/* that used it, and are there still */
	pg_atomic_uint64 hits;
	pg_atomic_uint64 last_used; /* a time stamp */
} CacheSlot;

/* Counts of the calls of a model's functions. */
typedef struct CacheCounts
{
	Oid			database;
	Oid			model;			/* invalid: free */
	pg_atomic_uint64 calls;
	pg_atomic_uint64 rows;
	pg_atomic_uint64 microseconds;
	pg_atomic_uint64 cold;
	pg_atomic_uint64 popular;
	TimestampTz since;
} CacheCounts;

typedef struct CacheShared
{
	LWLock	   *lock;			/* of the slots */
	LWLock	   *counts_lock;	/* of who has which counts */
	ConditionVariable made;		/* an image is, or will not be */
	Size		area_bytes;
	char	   *area;			/* the same address in all backends */
	int			n_slots;		/* that were ever used: the first ones */
	int			n_counted;
	CacheSlot	slot[CACHE_SLOTS];
	CacheCounts counts[CACHE_COUNTED];
} CacheShared;

/* shared.c; NULL: nothing is shared */
extern CacheShared *affinity_cache_shared;

#endif							/* AFFINITY_CACHE_SHARED_H */
