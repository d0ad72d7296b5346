/*
 * hash.h
 *		Chance that follows from ids and a seed; private to the room.
 */
#ifndef AFFINITY_EVAL_HASH_H
#define AFFINITY_EVAL_HASH_H

#include "eval/eval.h"

static inline uint64
affinity_eval_seeded(int64 seed, uint64 hash)
{
	return affinity_base_mix64(hash + affinity_base_splitmix64((uint64) seed *
															   AFFINITY_SPLITMIX64_STEP));
}

static inline uint64
affinity_eval_hash_user(const AffinityJournal *journal, uint32 user,
						int64 seed)
{
	return affinity_eval_seeded(seed,
								affinity_dictionary_hash(journal->users,
														 user));
}

/* From 0 on, below 1. */
static inline double
affinity_eval_fraction(uint64 hash)
{
	return (double) (hash >> 11) / (double) (UINT64CONST(1) << 53);
}

/* split.c */
extern void affinity_eval_count_roles(AffinityEvalSplit *split);

#endif							/* AFFINITY_EVAL_HASH_H */
