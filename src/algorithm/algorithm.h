/*
 * algorithm.h
 *		The table of algorithms.
 */
#ifndef AFFINITY_ALGORITHM_H
#define AFFINITY_ALGORITHM_H

#include "train/train.h"

extern const AffinityAlgorithm *affinity_algorithm_find(const char *name);
extern const AffinityAlgorithm *affinity_algorithm_search(const char *name);
extern const AffinityAlgorithm *affinity_algorithm_find_or_auto(const char *name);
extern const AffinityAlgorithm *affinity_algorithm_number(int no);

/* ---- auto.c ------------------------------------------------------------ */

typedef struct AffinityAutoOptions
{
	int64		budget;			/* microseconds of work */
	int32		seed;
	int			seen;			/* AffinitySeen */
	double		users;			/* NaN: as many as fit */
} AffinityAutoOptions;

/* Options alone: it cannot be trained, and is in no table. */
extern const AffinityAlgorithm affinity_algorithm_auto;
extern bool affinity_algorithm_is_auto(const char *name);

#endif							/* AFFINITY_ALGORITHM_H */
