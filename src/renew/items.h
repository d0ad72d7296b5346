/*
 * items.h
 *		The table of items as the files that read and write it have it open.
 */
#ifndef AFFINITY_RENEW_ITEMS_H
#define AFFINITY_RENEW_ITEMS_H

#include "executor/executor.h"

#include "renew/renew.h"
#include "store/store.h"

typedef struct RenewEntry RenewEntry;

struct RenewWriter
{
	Relation	table;
	EState	   *estate;
	ResultRelInfo *target;
	CommandId	command;
	bool		plain;			/* indexes are on number, id and popularity */
	RenewEntry *entry;			/* of the indexes, to be made */
	Size		n_entries;
	Size		room;
	HeapTuple  *row;			/* by number: what was found by its id */
	Size		row_bytes;		/* that these take */
	TupleTableSlot *old;
	TupleTableSlot *kept;
	TupleTableSlot *at;			/* the one that is used */
	uint32		item;			/* whose row is there, or RENEW_NOWHERE */
	TupleTableSlot *new;
	MemoryContext context;		/* for what is stored of an item */
	MemoryContext row_context;	/* for a new row */
};

/* items.c */
extern void affinity_renew_items_fetch(Renewal *r, uint32 item);

#endif							/* AFFINITY_RENEW_ITEMS_H */
