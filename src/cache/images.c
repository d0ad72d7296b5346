/*
 * images.c
 *		Images in shared memory: found, made by one backend, pinned while they
 *		are read, and the least recently used ones let go.
 *
 * A pin is a count: while there is one the slot and its area stay. Who makes
 * an image has a pin, too, and takes the slot back if that fails. A backend
 * that ends lets go of its pins, in whatever way it ends; after a crash there
 * is nothing, as the server starts its shared memory anew.
 */
#include "postgres.h"

#include "access/xact.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "storage/ipc.h"
#include "utils/wait_event.h"
#include "utils/builtins.h"

#include "base/base.h"
#include "cache/shared.h"

/* How long one waits for another backend, in milliseconds. */
#define MOST_WAIT		30000
#define WAIT_PIECE		1000

/*
 * What was used in the last microseconds stays: where too many models take
 * turns, some are better served without an image than all by ever new ones.
 */
#define LEAST_STAY		((int64) 5 * 1000 * 1000)

/* Pins of this backend, and the generations that it is counted with. */
typedef struct OwnSlot
{
	uint32		pins;
	uint32		generation;		/* 0: none */
	bool		making;
} OwnSlot;

static OwnSlot own[CACHE_SLOTS];
static bool at_exit = false;

/* ---- slots ------------------------------------------------------------- */

static bool
same_key(const AffinityCacheKey *a, const AffinityCacheKey *b)
{
	return a->version == b->version && a->database == b->database &&
		a->model == b->model && a->items == b->items &&
		a->items_file == b->items_file && a->writer == b->writer;
}

static int
find_slot(const AffinityCacheKey *key)
{
	const CacheShared *s = affinity_cache_shared;

	for (int i = 0; i < s->n_slots; i++)
	{
		if (s->slot[i].state != SLOT_FREE && same_key(&s->slot[i].key, key))
			return i;
	}
	return -1;
}

static void
free_slot(CacheSlot *c)
{
	c->state = SLOT_FREE;
	c->bytes = 0;
	c->start = 0;
}

/*
 * An image will not be there: give its slot back, but remember what is too
 * large.
 */
static void
stop_making(int slot)
{
	CacheShared *s = affinity_cache_shared;

	own[slot].making = false;
	LWLockAcquire(s->lock, LW_EXCLUSIVE);
	if (s->slot[slot].state == SLOT_MAKING)
		free_slot(&s->slot[slot]);
	LWLockRelease(s->lock);
	ConditionVariableBroadcast(&s->made);
}

/*
 * What a backend holds goes when it ends, even if an error was not dealt with.
 */
static void
let_go(int code, Datum arg)
{
	CacheShared *s = affinity_cache_shared;

	(void) code;
	(void) arg;
	for (int i = 0; i < CACHE_SLOTS; i++)
	{
		if (own[i].making)
			stop_making(i);
		if (own[i].pins > 0)
			pg_atomic_fetch_sub_u32(&s->slot[i].pins, (int32) own[i].pins);
		own[i].pins = 0;
		if (own[i].generation == 0)
			continue;
		LWLockAcquire(s->lock, LW_SHARED);
		if (s->slot[i].generation == own[i].generation)
			pg_atomic_fetch_sub_u32(&s->slot[i].backends, 1);
		LWLockRelease(s->lock);
		own[i].generation = 0;
	}
}

/*
 * Hold a slot, under the lock.
 */
static void
hold(int slot)
{
	CacheSlot  *c = &affinity_cache_shared->slot[slot];

	if (!at_exit)
	{
		at_exit = true;
		on_shmem_exit(let_go, (Datum) 0);
	}
	pg_atomic_fetch_add_u32(&c->pins, 1);
	own[slot].pins++;
	if (own[slot].generation != c->generation)
	{
		own[slot].generation = c->generation;
		pg_atomic_fetch_add_u32(&c->backends, 1);
	}
	pg_atomic_write_u64(&c->last_used,
						(uint64) GetCurrentStatementStartTimestamp());
}

/*
 * What nobody holds, and was used longest ago, if that is not too short: of
 * the versions of one model that are older than some version, before all
 * others and however short; -1: there is none. With an area, unless any will
 * do.
 */
static int
least_used(const AffinityCacheKey *newer, bool any)
{
	CacheShared *s = affinity_cache_shared;
	int			found = -1;
	bool		found_old = false;
	uint64		least = 0;
	uint64		recently = (uint64) (GetCurrentTimestamp() - LEAST_STAY);

	for (int i = 0; i < s->n_slots; i++)
	{
		CacheSlot  *c = &s->slot[i];
		uint64		used = pg_atomic_read_u64(&c->last_used);
		bool		old = c->key.database == newer->database &&
			c->key.model == newer->model && c->key.version < newer->version;

		if (!(c->state == SLOT_READY ||
			  (any && c->state == SLOT_TOO_LARGE)) ||
			pg_atomic_read_u32(&c->pins) > 0 || (!old && used > recently))
			continue;
		if (found >= 0 && (old != found_old ? found_old : used >= least))
			continue;
		found = i;
		found_old = old;
		least = used;
	}
	return found;
}

/* ---- the area ---------------------------------------------------------- */

typedef struct Taken
{
	Size		start;
	Size		end;
} Taken;

static int
compare_taken(const void *a, const void *b)
{
	Size		x = ((const Taken *) a)->start;
	Size		y = ((const Taken *) b)->start;

	return x < y ? -1 : x > y;
}

/*
 * The first gap of some bytes; false where there is none.
 */
static bool
find_gap(Size bytes, Size *start)
{
	const CacheShared *s = affinity_cache_shared;
	Taken		taken[CACHE_SLOTS];
	int			n = 0;
	Size		at = 0;

	for (int i = 0; i < s->n_slots; i++)
	{
		const CacheSlot *c = &s->slot[i];

		if (c->bytes == 0)
			continue;
		taken[n].start = c->start;
		taken[n++].end = c->start + TYPEALIGN(AFFINITY_CACHE_ALIGN, c->bytes);
	}
	qsort(taken, n, sizeof(Taken), compare_taken);
	for (int i = 0; i < n; i++)
	{
		if (taken[i].start - at >= bytes)
			break;
		at = taken[i].end;
	}
	*start = at;
	return at <= s->area_bytes && s->area_bytes - at >= bytes;
}

/* ---- what models call -------------------------------------------------- */

static void
set_pin(AffinityCachePin *pin, int slot)
{
	const CacheSlot *c = &affinity_cache_shared->slot[slot];

	pin->slot = slot;
	pin->making = c->state == SLOT_MAKING;
	pin->image = pin->making ? NULL : affinity_cache_shared->area + c->start;
	pin->bytes = c->bytes;
}

/*
 * A slot for an image that this backend will make; false where all are in use.
 */
static bool
begin_making(const AffinityCacheKey *key, AffinityCachePin *pin)
{
	CacheShared *s = affinity_cache_shared;
	CacheSlot  *c;
	int			slot = 0;

	while (slot < s->n_slots && s->slot[slot].state != SLOT_FREE)
		slot++;
	if (slot == CACHE_SLOTS)
		slot = least_used(key, true);
	if (slot < 0)
		return false;
	s->n_slots = Max(s->n_slots, slot + 1);
	c = &s->slot[slot];
	free_slot(c);
	c->key = *key;
	c->state = SLOT_MAKING;
	/* 0 stands for none */
	c->generation = c->generation == PG_UINT32_MAX ? 1 : c->generation + 1;
	pg_atomic_write_u32(&c->backends, 0);
	pg_atomic_write_u64(&c->hits, 0);
	hold(slot);
	own[slot].making = true;
	set_pin(pin, slot);
	return true;
}

/*
 * Find an image, under the lock.
 */
static AffinityCacheState
look_for(const AffinityCacheKey *key, AffinityCachePin *pin, bool make)
{
	int			slot = find_slot(key);
	CacheSlot  *c = &affinity_cache_shared->slot[Max(slot, 0)];

	if (slot < 0)
		return make && begin_making(key, pin) ? AFFINITY_CACHE_TO_MAKE :
			AFFINITY_CACHE_NONE;
	if (c->state == SLOT_MAKING)
		return AFFINITY_CACHE_BUSY;
	if (c->state != SLOT_READY)
		return AFFINITY_CACHE_TOO_LARGE;
	hold(slot);
	set_pin(pin, slot);
	pg_atomic_fetch_add_u64(&c->hits, 1);
	return AFFINITY_CACHE_FOUND;
}

/*
 * Find an image. Where this backend has to make it, and will, it holds the
 * slot.
 */
AffinityCacheState
affinity_cache_find(const AffinityCacheKey *key, bool make,
					AffinityCachePin *pin)
{
	CacheShared *s = affinity_cache_shared;
	AffinityCacheState state;

	pin->slot = -1;
	if (s == NULL)
		return AFFINITY_CACHE_NONE;
	/* most calls find it, and change nothing */
	LWLockAcquire(s->lock, LW_SHARED);
	state = look_for(key, pin, false);
	LWLockRelease(s->lock);
	if (state != AFFINITY_CACHE_NONE || !make)
		return state;
	LWLockAcquire(s->lock, LW_EXCLUSIVE);
	state = look_for(key, pin, true);
	LWLockRelease(s->lock);
	return state;
}

/*
 * The same, but wait while somebody makes it; not for ever, as what that
 * backend waits for may be this one.
 */
AffinityCacheState
affinity_cache_await(const AffinityCacheKey *key, bool make,
					 AffinityCachePin *pin)
{
	AffinityCacheState state;
	int			waited = 0;

	state = affinity_cache_find(key, make, pin);
	if (state != AFFINITY_CACHE_BUSY)
		return state;
	ConditionVariablePrepareToSleep(&affinity_cache_shared->made);
	while ((state = affinity_cache_find(key, make, pin)) == AFFINITY_CACHE_BUSY &&
		   waited < MOST_WAIT)
	{
		if (ConditionVariableTimedSleep(&affinity_cache_shared->made,
										WAIT_PIECE, PG_WAIT_EXTENSION))
			waited += WAIT_PIECE;
	}
	ConditionVariableCancelSleep();
	return state;
}

/*
 * Room for an image that this backend makes. NULL where there is none: as it
 * is too large, which is remembered, or as too much is held by others.
 */
void *
affinity_cache_reserve(AffinityCachePin *pin, Size bytes)
{
	CacheShared *s = affinity_cache_shared;
	CacheSlot  *c = &s->slot[pin->slot];
	Size		start;
	bool		found;

	Assert(pin->making);
	LWLockAcquire(s->lock, LW_EXCLUSIVE);
	if (bytes > s->area_bytes)
	{
		c->state = SLOT_TOO_LARGE;
		LWLockRelease(s->lock);
		return NULL;
	}
	while (!(found = find_gap(bytes, &start)))
	{
		int			victim = least_used(&c->key, false);

		if (victim < 0)
			break;
		free_slot(&s->slot[victim]);
	}
	if (found)
	{
		c->start = start;
		c->bytes = bytes;
		pin->bytes = bytes;
		pin->image = s->area + start;
	}
	LWLockRelease(s->lock);
	return found ? pin->image : NULL;
}

/*
 * The image is there: all may read it.
 */
void
affinity_cache_publish(AffinityCachePin *pin)
{
	CacheShared *s = affinity_cache_shared;

	LWLockAcquire(s->lock, LW_EXCLUSIVE);
	s->slot[pin->slot].state = SLOT_READY;
	LWLockRelease(s->lock);
	own[pin->slot].making = pin->making = false;
	ConditionVariableBroadcast(&s->made);
}

/*
 * Let go. What was to be made and is not there gives its slot back.
 */
void
affinity_cache_unpin(AffinityCachePin *pin)
{
	CacheShared *s = affinity_cache_shared;
	CacheSlot  *c;

	if (s == NULL || pin->slot < 0)
		return;
	c = &s->slot[pin->slot];
	if (pin->making)
		stop_making(pin->slot);
	own[pin->slot].pins--;
	pg_atomic_fetch_sub_u32(&c->pins, 1);
	pin->slot = -1;
	pin->image = NULL;
}

/* ---- SQL --------------------------------------------------------------- */

PG_FUNCTION_INFO_V1(affinity_cache_list);

/*
 * SQL: list_cached_models(): those of this database
 */
Datum
affinity_cache_list(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	CacheShared *s = affinity_cache_shared;

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; s != NULL && i < CACHE_SLOTS; i++)
	{
		const CacheSlot *c = &s->slot[i];
		Datum		values[5];
		bool		nulls[5] = {0};
		bool		there;

		LWLockAcquire(s->lock, LW_SHARED);
		there = c->state == SLOT_READY &&
			c->key.database == MyDatabaseId;
		values[0] = ObjectIdGetDatum(c->key.model);
		values[1] = Int64GetDatum(c->key.version);
		values[2] = Int64GetDatum((int64) c->bytes);
		values[3] = Int64GetDatum((int64) pg_atomic_read_u64(&s->slot[i].hits));
		values[4] = Int32GetDatum((int32) pg_atomic_read_u32(&s->slot[i].backends));
		LWLockRelease(s->lock);
		if (there)
			tuplestore_putvalues(result->setResult, result->setDesc, values,
								 nulls);
	}
	return (Datum) 0;
}
