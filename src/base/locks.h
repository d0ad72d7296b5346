/*
 * locks.h
 *		Locks that are taken all or none.
 */
#ifndef AFFINITY_BASE_LOCKS_H
#define AFFINITY_BASE_LOCKS_H

#include "storage/lock.h"

typedef struct AffinityLocks
{
	int			n;
	int			room;
	LOCKTAG    *tag;
	LOCKMODE   *mode;
} AffinityLocks;

extern void affinity_base_locks_begin(AffinityLocks *locks);
extern void affinity_base_locks_add(AffinityLocks *locks, Oid class,
									Oid object, LOCKMODE mode);
extern bool affinity_base_locks_within(const AffinityLocks *locks,
									   const AffinityLocks *of);
extern bool affinity_base_lock_at_once(const AffinityLocks *locks);
extern void affinity_base_lock_all(const AffinityLocks *locks);
extern void affinity_base_unlock(const AffinityLocks *locks);
extern void affinity_base_wait_a_little(void);

#endif							/* AFFINITY_BASE_LOCKS_H */
