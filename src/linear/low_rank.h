/*
 * low_rank.h
 *		A low-rank part in the lists of items; private to the room.
 */
#ifndef AFFINITY_LINEAR_LOW_RANK_H
#define AFFINITY_LINEAR_LOW_RANK_H

#include "linear/linear.h"
#include "spectrum/spectrum.h"

/* What is folded into lists. */
typedef struct LowRank
{
	AffinitySpectrum *spectrum;
	double	   *value;			/* of each eigenvector: what it counts */
	double		exponent;		/* of popularity, against and for */
	uint32		skip;			/* first eigenvectors that are left out */
	uint32		neighbors;		/* kept per item */
} LowRank;

/* Lists on their way: a sink for an algorithm to put its rows into. */
typedef struct LowRankLists
{
	AffinityItemSink sink;
	uint32		n_items;
	float	   *popularity;
	Size	   *start;			/* n_items + 1 */
	int32	   *item;
	float	   *weight;
	Size		room;
} LowRankLists;

/* Weights of an item that a list on its way has at least room for. */
#define LOW_RANK_MOST	4096

/* low_rank.c */
extern LowRank *affinity_linear_low_rank_begin(const AffinityInteractions *in,
											   const AffinitySpectrumRequest *request,
											   double weight, double exponent,
											   uint32 skip, uint32 neighbors);
extern void affinity_linear_low_rank_collect(LowRankLists *lists,
											 uint32 n_items,
											 const AffinityItemSink *as);
extern int64 affinity_linear_low_rank_put(LowRank *low, LowRankLists *lists,
										  AffinityItemSink *sink);
extern Size affinity_linear_low_rank_bytes(uint32 n_items, uint32 rank,
										   uint32 neighbors, Size weights);

#endif							/* AFFINITY_LINEAR_LOW_RANK_H */
