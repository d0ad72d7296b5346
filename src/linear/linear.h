/*
 * linear.h
 *		Algorithms that learn linear weights between items.
 */
#ifndef AFFINITY_LINEAR_H
#define AFFINITY_LINEAR_H

#include "train/train.h"

extern const AffinityAlgorithm affinity_linear_ease;

#endif							/* AFFINITY_LINEAR_H */
