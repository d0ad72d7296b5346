/*
 * algorithm.h
 *		The table of algorithms.
 */
#ifndef AFFINITY_ALGORITHM_H
#define AFFINITY_ALGORITHM_H

#include "train/train.h"

extern const AffinityAlgorithm *affinity_algorithm_find(const char *name);
extern const AffinityAlgorithm *affinity_algorithm_number(int no);

#endif							/* AFFINITY_ALGORITHM_H */
