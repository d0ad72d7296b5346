/*
 * lists.h
 *		Lists of neighbors, made by a team; private to the room.
 */
#ifndef AFFINITY_NEIGHBOR_LISTS_H
#define AFFINITY_NEIGHBOR_LISTS_H

#include "neighbor/neighbor.h"
#include "parallel/team.h"

/* What participants share of the lists. */
typedef struct NeighborLists
{
	uint32		n_items;
	uint32		n_kinds;		/* lists of an item: one for each kind of
								 * event */
	uint32		longest;		/* neighbors of a list at most */
	uint32		chunk_items;
	int			stream;			/* region */

	/* items whose lists have scores beyond the range of real; set by leader */
	uint32		n_most;
	uint32		n_least;
	uint32		most;			/* the first of each */
	uint32		least;
} NeighborLists;

/* A participant's own: one item's list after the other. */
typedef struct NeighborList
{
	NeighborLists *lists;
	AffinityItemSink *sink;		/* leader */
	void	   *state;			/* what follows is called with */
	/* choose the best neighbors of an item's events of a kind */
	void		(*make) (void *state, uint32 item, uint32 kind);
	/* what the leader puts of it, but the list */
	AffinityItemRow (*row) (void *state, uint32 item, uint32 kind);

	/* items with a sum, and room for one more: see kernel/sparse.c */
	uint32	   *touched;
	uint32		n_touched;
	float	   *score;			/* of the touched items */

	/* the best neighbors: rank keys, then what they stand for */
	uint32		n_best;
	uint64	   *best;
	uint64	   *scratch;
} NeighborList;

extern void affinity_neighbor_lists_request(NeighborLists *lists,
											AffinityTeamRequest *request,
											uint32 n_items, uint32 n_kinds,
											int32 neighbors);
extern void affinity_neighbor_list_prepare(NeighborList *list);
extern void affinity_neighbor_list_choose(NeighborList *list);
extern void affinity_neighbor_lists_make(NeighborList *list,
										 AffinityTeam *team);
extern void affinity_neighbor_lists_warn(const NeighborLists *lists,
										 const AffinityDict *items);

/* item_knn_factors.c */
extern double affinity_neighbor_inverse_power(double d, double e);

#endif							/* AFFINITY_NEIGHBOR_LISTS_H */
