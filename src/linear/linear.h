/*
 * linear.h
 *		Algorithms that learn linear weights between items.
 */
#ifndef AFFINITY_LINEAR_H
#define AFFINITY_LINEAR_H

#include "train/train.h"

extern const AffinityAlgorithm affinity_linear_ease;
extern const AffinityAlgorithm affinity_linear_graph_filter;

/* ease.c: what a summed weight counts; without "auto" */
extern const char *const affinity_linear_weights_names[];
extern double affinity_linear_counted(int weights, double weight);
extern bool affinity_linear_is_binary(int weights);
extern void affinity_linear_weigh(AffinityCsr *m, int weights);

#endif							/* AFFINITY_LINEAR_H */
