/*
 * items.h
 *		The table of items as the files that read and write it have it open.
 */
#ifndef AFFINITY_RENEW_ITEMS_H
#define AFFINITY_RENEW_ITEMS_H

#include "executor/executor.h"

#include "renew/renew.h"
#include "store/store.h"

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
