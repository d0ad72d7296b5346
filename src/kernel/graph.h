/*
 * graph.h
 *		Products of the graph of items, a sparse matrix with its transpose,
 *		with some vectors at a time.
 */
#ifndef AFFINITY_KERNEL_GRAPH_H
#define AFFINITY_KERNEL_GRAPH_H

#include <stddef.h>
#include <stdint.h>

#include "kernel/csr.h"

/* Vectors that are multiplied together: a row of them is two lines of cache. */
#define AFFINITY_GRAPH_WIDTH	32

typedef struct AffinityGraph
{
	AffinityCsr by_user;
	const float *user_factor;
	const float *item_scale;	/* where there are no values */
} AffinityGraph;

extern void affinity_kernel_graph_apply(const AffinityGraph *graph,
										uint32_t from, uint32_t to,
										const float *x, float *out);
extern void affinity_kernel_graph_combine(const float *x, const float *y,
										  size_t n, float a, float b,
										  float *z);

#endif							/* AFFINITY_KERNEL_GRAPH_H */
