/*
 * baskets.h
 *		Packed baskets on their way into a matrix: what baskets.c and packed.c
 *		share.
 */
#ifndef AFFINITY_INTERACTION_BASKETS_H
#define AFFINITY_INTERACTION_BASKETS_H

#include "executor/tuptable.h"

#include "basket/basket.h"
#include "interaction/rows.h"

/*
 * Entries that are allocated, and freed, together: so many that malloc maps
 * them by themselves, whatever was freed before, and that freeing gives them
 * back. What is not used of a block takes no memory.
 */
#define BASKET_BLOCK	((int64) 1 << 23)

typedef struct BasketBlock
{
	uint32	   *item;			/* numbers */
	float	   *weight;			/* NULL: all are 1 */
	int64		left;			/* entries that the matrix does not have yet */
} BasketBlock;

/* Who takes baskets. */
typedef struct BasketReceiver
{
	DestReceiver pub;
	MemoryContext context;
	MemoryContext each;			/* of a basket */
	const AffinityReadRequest *request;
	AffinityRows *rows;			/* dictionaries and counts; no partitions */
	Oid			user_type;
	Oid			item_type;
	DestReceiver *one_by_one;	/* who takes rows; NULL: they are packed */
	TupleTableSlot *slot;		/* for it */
	bool		again;			/* times came too late: all has to be read
								 * again */
	bool		counting;		/* over the memory limit: only count */

	/* ids that have no numbers yet */
	AffinityKeys *user_keys;
	AffinityKeys *item_keys;
	float		weight[AFFINITY_BATCH];

	/* baskets: whose, and where they end in the blocks */
	uint32	   *user;
	int64	   *end;
	int64		n_baskets;
	int64		numbered;		/* of which the user's number is known */
	int64		room;
	BasketBlock *block;
	int64		n_blocks;
	int64		n;				/* entries in blocks */
	bool		any_weight;		/* not all are 1 */
	bool		any_twice;		/* some pair is */
} BasketReceiver;

/* packed.c */
extern void affinity_interaction_free_block(BasketBlock *block);
extern void affinity_interaction_build_packed(BasketReceiver *self,
											  AffinityInteractions *in);

#endif							/* AFFINITY_INTERACTION_BASKETS_H */
