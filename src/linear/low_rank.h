/*
 * low_rank.h
 *		A low-rank part in the lists of items; private to the room.
 */
#ifndef AFFINITY_LINEAR_LOW_RANK_H
#define AFFINITY_LINEAR_LOW_RANK_H

#include "linear/linear.h"
#include "parallel/team.h"
#include "spectrum/spectrum.h"

/* What is folded into lists. */
typedef struct LowRank
{
	AffinitySpectrum *spectrum;
	AffinityInteractions *in;	/* whose graph is E; NULL: lists are */
	double		graph_weight;
	double		user_exponent;
	double	   *value;			/* of each eigenvector: what it counts */
	double		exponent;		/* of popularity, against and for */
	uint32		skip;			/* first eigenvectors that are left out */
	uint32		neighbors;		/* kept per item */
	const float *trend;			/* of the items, which lists have; NULL: none */
} LowRank;

/* Weights of an item that a list on its way has at least room for. */
#define LOW_RANK_MOST	4096

/* ---- folding ----------------------------------------------------------- */

/* Items whose lists are made together, and items that they meet at a time. */
#define BLOCK		128
#define COLUMNS		2048

/* What all participants know: a region. */
typedef struct FoldTask
{
	uint32		n_items;
	uint32		rank;			/* numbers in a vector */
	uint32		neighbors;
	bool		has_graph;
	double		graph_weight;

	/* numbers of regions */
	int			right;			/* V D^a, by rows, the longest first */
	int			length;			/* of these rows */
	int			left;			/* float per item: D^-2a */
	int			value;			/* float per number: f */
	int			place;			/* of each item among the rows */
	int			item;			/* of each row */
	int			start;			/* E */
	int			list_item;
	int			list_weight;
	int			rows;			/* the stream */
	int			matrix;			/* with a graph in place of E */
	int			user_factor;
	int			item_scale;		/* of an item whose row it is */
	int			column_scale;	/* of the others */
} FoldTask;

#define FOLD_TASK	0

/* What only the leader has. */
typedef struct FoldLeader
{
	AffinityItemSink *sink;
	const float *popularity;
	int64		n_weights;
} FoldLeader;

/* low_rank_fold.c */
extern Size affinity_linear_fold_stream_bytes(uint32 neighbors);
extern void affinity_linear_fold_request(AffinityTeamRequest *request);
extern Size affinity_linear_fold_bytes(uint32 n_items, uint32 rank,
									   uint32 neighbors);

/* low_rank.c */
extern void affinity_linear_low_rank_begin(LowRank *low,
										   const AffinityInteractions *in,
										   const AffinitySpectrumRequest *request,
										   double weight, double exponent,
										   Size weights);
extern int64 affinity_linear_low_rank_put(LowRank *low, AffinityKeptLists *lists,
										  AffinityItemSink *sink);

#endif							/* AFFINITY_LINEAR_LOW_RANK_H */
