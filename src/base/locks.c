/*
 * locks.c
 *		Locks that are taken all or none.
 *
 * Readers lock the relations of a model, and what was built on them, in any
 * order: a view first and then the table below it, or a table of the model and
 * then, in a function, the model. Whoever locks them against readers or writers
 * therefore waits for one lock at a time while it holds none of the others.
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "common/pg_prng.h"
#include "miscadmin.h"
#include "storage/latch.h"
#include "storage/lock.h"
#include "storage/proc.h"
#include "utils/wait_event.h"

#include "base/compat.h"
#include "base/locks.h"

void
affinity_base_locks_begin(AffinityLocks *locks)
{
	locks->n = 0;
	locks->room = 16;
	locks->tag = palloc(locks->room * sizeof(LOCKTAG));
	locks->mode = palloc(locks->room * sizeof(LOCKMODE));
}

static int
find(const AffinityLocks *locks, const LOCKTAG *tag)
{
	for (int i = 0; i < locks->n; i++)
	{
		if (memcmp(&locks->tag[i], tag, sizeof(LOCKTAG)) == 0)
			return i;
	}
	return -1;
}

/*
 * Add a lock, once: the stronger of two on the same object. What is added first
 * is waited for first.
 */
void
affinity_base_locks_add(AffinityLocks *locks, Oid class, Oid object,
						LOCKMODE mode)
{
	LOCKTAG		tag;
	int			at;

	if (class == RelationRelationId)
		SET_LOCKTAG_RELATION(tag, MyDatabaseId, object);
	else
		SET_LOCKTAG_OBJECT(tag, MyDatabaseId, class, object, 0);
	at = find(locks, &tag);
	if (at >= 0)
	{
		locks->mode[at] = Max(locks->mode[at], mode);
		return;
	}
	if (locks->n == locks->room)
	{
		locks->room *= 2;
		locks->tag = repalloc(locks->tag, locks->room * sizeof(LOCKTAG));
		locks->mode = repalloc(locks->mode, locks->room * sizeof(LOCKMODE));
	}
	locks->tag[locks->n] = tag;
	locks->mode[locks->n++] = mode;
}

/*
 * Does who holds some locks hold others?
 */
bool
affinity_base_locks_within(const AffinityLocks *locks,
						   const AffinityLocks *of)
{
	for (int i = 0; i < locks->n; i++)
	{
		int			at = find(of, &locks->tag[i]);

		if (at < 0 || of->mode[at] < locks->mode[i])
			return false;
	}
	return true;
}

static void
unlock_first(const AffinityLocks *locks, int n)
{
	while (n-- > 0)
		LockRelease(&locks->tag[n], locks->mode[n], false);
}

void
affinity_base_unlock(const AffinityLocks *locks)
{
	unlock_first(locks, locks->n);
}

static bool
held_before(const LOCKTAG *tag)
{
	for (LOCKMODE mode = AccessShareLock; mode <= AccessExclusiveLock; mode++)
	{
		if (affinity_base_lock_held(tag, mode))
			return true;
	}
	return false;
}

static void
lock_and_wait(const AffinityLocks *locks, int i)
{
	(void) LockAcquire(&locks->tag[i], locks->mode[i], false, false);
}

/*
 * Take a lock without waiting. Who only waits himself, for a lock that this
 * transaction has in a weaker mode, is refused to no end, but goes second.
 */
static bool
lock_now(const AffinityLocks *locks, int i)
{
	int			holders;

	if (LockAcquire(&locks->tag[i], locks->mode[i], false, true) !=
		LOCKACQUIRE_NOT_AVAIL)
		return true;
	if (!held_before(&locks->tag[i]))
		return false;
	(void) GetLockConflicts(&locks->tag[i], locks->mode[i], &holders);
	if (holders > 0)
		return false;
	lock_and_wait(locks, i);
	return true;
}

/*
 * Lock all but the first n, which are locked, without waiting; or none. Which
 * one was in the way, else as many as there are.
 */
static int
lock_others(const AffinityLocks *locks, int n)
{
	for (int i = n; i < locks->n; i++)
	{
		if (lock_now(locks, i))
			continue;
		unlock_first(locks, i);
		return i;
	}
	return locks->n;
}

bool
affinity_base_lock_at_once(const AffinityLocks *locks)
{
	return lock_others(locks, 0) == locks->n;
}

static void
wait_for(long ms)
{
	(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
					 ms, PG_WAIT_EXTENSION);
	ResetLatch(MyLatch);
	CHECK_FOR_INTERRUPTS();
}

/*
 * Lock all of these, without waiting while one of them is locked. What cannot end
 * is found as a deadlock, with none of these in hand.
 *
 * The first of them is what most others begin with: they pile up behind the wait
 * for it with nothing in hand. Whoever comes to it last piles up with the others
 * in hand, so all is let go again. When that one is done we are back at once,
 * before it comes round again; if it keeps step nevertheless, after a while.
 */
void
affinity_base_lock_all(const AffinityLocks *locks)
{
	for (int round = 1; locks->n > 0; round++)
	{
		int			in_way;

		CHECK_FOR_INTERRUPTS();
		lock_and_wait(locks, 0);
		in_way = lock_others(locks, 1);
		if (in_way == locks->n)
			return;
		lock_and_wait(locks, in_way);
		LockRelease(&locks->tag[in_way], locks->mode[in_way], false);
		if (round % 10 == 0)
			wait_for(1 + (long) pg_prng_uint64_range(&pg_global_prng_state, 0, 9));
	}
}

/*
 * For how long nobody queues behind us: a hundred times what a deadlock may
 * take to be noticed.
 */
void
affinity_base_wait_a_little(void)
{
	wait_for(DeadlockTimeout);
}
