/*
 * place.h
 *		What the team shares that sorts and places rows: place.c and
 *		place_team.c.
 */
#ifndef AFFINITY_INTERACTION_PLACE_H
#define AFFINITY_INTERACTION_PLACE_H

#include "port/atomics.h"

#include "interaction/rows.h"
#include "parallel/team.h"

enum
{
	PLACE_HEADER,
	PLACE_USER_RANK,
	PLACE_ITEM_RANK,
	PLACE_OF_USER,				/* counts, then where entries go */
	PLACE_OF_ITEM,				/* counts by participant */
	PLACE_NEWEST,
	PLACE_MERGE,				/* by participant */
	PLACE_COLUMN,
	PLACE_USER_START,
	PLACE_ITEM_NEXT,
	PLACE_POOL,					/* chunks that nobody needs */
	PLACE_TURNED,				/* partitions by item, by participant */
	PLACE_USER_COL,
	PLACE_USER_VAL,
	PLACE_USER_SECOND,
	PLACE_ITEM_COL,
	PLACE_ITEM_VAL,
	PLACE_ITEM_SECOND,
	PLACE_REGIONS
};

typedef struct PlaceShared
{
	AffinityReadRequest request;	/* without what it points to */
	AffinityRows rows;			/* the same */
	uint32		n_users;
	uint32		n_items;
	dsa_handle	area;
	pg_atomic_uint32 n_pool;
	AffinitySharedPart part[AFFINITY_PARTS];
	bool		has_values;		/* known when all is merged */
	bool		has_column;
	uint32		n_matrix_users;
} PlaceShared;

/* The leader's. */
typedef struct Whole
{
	AffinityBuild *build;
	AffinityInteractions *in;
} Whole;

extern PGDLLEXPORT void affinity_interaction_place_body(AffinityTeam *team);

#endif							/* AFFINITY_INTERACTION_PLACE_H */
