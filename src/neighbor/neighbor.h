/*
 * neighbor.h
 *		Algorithms by similarity of items.
 */
#ifndef AFFINITY_NEIGHBOR_H
#define AFFINITY_NEIGHBOR_H

#include "train/train.h"

extern const AffinityAlgorithm affinity_neighbor_item_knn;
extern const AffinityAlgorithm affinity_neighbor_next_item;

#endif							/* AFFINITY_NEIGHBOR_H */
