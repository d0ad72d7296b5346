/*
 * level.h
 *		One level of the search: a graph whose members may stand for many, and
 *		a community for each of them.
 */
#ifndef AFFINITY_COMMUNITY_LEVEL_H
#define AFFINITY_COMMUNITY_LEVEL_H

#include "community/community.h"

typedef struct CommunityLevel
{
	CommunityGraph graph;
	double	   *size;			/* what chance goes by: strength, or how many
								 * members; may be the graph's strength */
	uint32	   *community;		/* of each member, below n */
} CommunityLevel;

/* Arrays for the work on levels, of the size of the first one. */
typedef struct CommunityWork
{
	CommunityRandom random;
	double		factor;			/* an edge by chance: factor * size * size */
	uint32	   *order;
	uint32	   *queue;
	bool	   *is_queued;
	double	   *size;			/* of a community */
	uint32	   *members;
	double	   *to;				/* edges from one member to a community */
	uint32	   *touched;		/* the communities that have any */
	uint32	   *empty;			/* communities without members */
	uint32		n_empty;
	uint32	   *refined;		/* of each member, within its community */
	double	   *outward;		/* edges of a refined one to the rest of its
								 * community */
	uint64		done;
} CommunityWork;

extern void affinity_community_work(CommunityWork *work, uint32 n);
extern bool affinity_community_move(CommunityWork *work,
									CommunityLevel *level);
extern uint32 affinity_community_refine(CommunityWork *work,
										const CommunityLevel *level);
extern uint32 affinity_community_compact(uint32 *community, uint32 n,
										 uint32 *scratch);
extern void affinity_community_condense(const CommunityLevel *level,
										const uint32 *cluster, uint32 n,
										CommunityLevel *next);
extern void affinity_community_level_free(CommunityLevel *level);

#endif							/* AFFINITY_COMMUNITY_LEVEL_H */
