/*
 * items.h
 *		The table of items as the files that read and write it have it open.
 */
#ifndef AFFINITY_RENEW_ITEMS_H
#define AFFINITY_RENEW_ITEMS_H

#include "executor/executor.h"

#include "renew/renew.h"

/* Attributes of the items table, as in manage/store.c. */
enum
{
	ITEM_NO,
	ITEM_ID,
	ITEM_POPULARITY,
	ITEM_NEIGHBORS,
	ITEM_SCORES,
	ITEM_FACTORS,
	ITEM_REPEAT_RATE,
	ITEM_N_ATTRIBUTES
};

struct RenewWriter
{
	Relation	table;
	EState	   *estate;
	ResultRelInfo *target;
	CommandId	command;
	bool		plain;			/* indexes are on columns, of all rows */
	TupleTableSlot *old;
	uint32		item;			/* whose row is in old, or RENEW_NOWHERE */
	TupleTableSlot *new;
	MemoryContext context;		/* for what is stored of an item */
	MemoryContext row_context;	/* for a new row */
};

#endif							/* AFFINITY_RENEW_ITEMS_H */
