/*
 * receiver.h
 *		Who takes the rows of a query: what read.c, batch.c, share.c and
 *		gather.c have in common.
 */
#ifndef AFFINITY_INTERACTION_RECEIVER_H
#define AFFINITY_INTERACTION_RECEIVER_H

#include "port/atomics.h"
#include "utils/dsa.h"

#include "interaction/rows.h"

/* ---- share.c: several processes read the rows of one query ------------- */

/* A process' ids by its own numbers. */
typedef struct SharedIds
{
	uint32		n;
	dsa_pointer ints;			/* integers */
	dsa_pointer bytes;			/* uuid, text */
	dsa_pointer end;			/* text */
	Size		bytes_used;
} SharedIds;

/* What a worker read. */
typedef struct SharedRows
{
	bool		started;
	bool		done;
	bool		has_time;
	int64		last_at;
	int64		read;
	int64		skipped;
	int64		other;
	int64		tiny;
	int64		usable;
	SharedIds	users;
	SharedIds	items;
	AffinitySharedPart part[AFFINITY_PARTS];
	int64		part_rows[AFFINITY_PARTS];
} SharedRows;

/* In shared memory; behind the workers' rows are the names of kinds. */
typedef struct SharedRead
{
	AffinityReadRequest request;	/* without what it points to */
	int			n_kinds;		/* 0: rows have none */
	pg_atomic_uint32 given_up;	/* it needs more memory than is allowed */
	pg_atomic_uint64 bytes;		/* that all together will need */
	pg_atomic_uint64 read;		/* rows of all */
	int			n_workers;
	SharedRows	rows[FLEXIBLE_ARRAY_MEMBER];
} SharedRead;

/* A process' part in it. */
typedef struct AffinityShare
{
	AffinityArea *area;
	dsa_pointer address;		/* of read */
	SharedRead *read;
	SharedRows *worker;			/* where a worker leaves its rows; NULL: the
								 * leader */
	uint8	   *part_of;		/* of each user, by number: the same in all
								 * processes */
	uint32		part_cap;
	uint64		bytes;			/* its own part of read's */
	int64		told;			/* its own rows that are in read's */
} AffinityShare;

/* ---- read.c, batch.c ---------------------------------------------------- */

typedef struct RowReceiver
{
	DestReceiver pub;
	MemoryContext context;
	const AffinityReadRequest *request;
	AffinityRows *rows;
	Oid			weight_type;
	Oid			at_type;		/* InvalidOid: no time column */
	const AffinityKinds *kinds; /* NULL: no column of kinds */
	AffinityKeys *user_keys;
	AffinityKeys *item_keys;
	int			n;				/* rows in the batch */
	float		weight[AFFINITY_BATCH];
	int64		at[AFFINITY_BATCH];
	uint8		kind[AFFINITY_BATCH];
	bool		counting;		/* over the memory limit: only count */
	bool		is_enough;		/* that was counted */
	AffinityShare *share;		/* NULL: no other process reads the same query */
} RowReceiver;

extern void affinity_interaction_flush(RowReceiver *self);
extern void affinity_interaction_too_much(const RowReceiver *self,
										  const char *at_least);
extern DestReceiver *affinity_interaction_shared_receiver(const AffinityReadRequest *request,
														  AffinityShare *share);

/* share.c */
extern AffinityShare *affinity_interaction_share_begin(const AffinityReadRequest *request,
													   int n_workers);
extern AffinityShare *affinity_interaction_share_join(dsa_handle handle,
													  dsa_pointer address,
													  int worker);
extern const AffinityReadRequest *affinity_interaction_share_request(const AffinityShare *share);
extern bool affinity_interaction_share_account(RowReceiver *self);
extern void affinity_interaction_share_number(AffinityShare *share,
											  const AffinityDict *users,
											  uint32 known);
extern void affinity_interaction_share_leave(RowReceiver *self);
extern bool affinity_interaction_share_take_over(RowReceiver *self);

/* gather.c */
extern AffinityRows *affinity_interaction_gather(const AffinityReadRequest *request);

#endif							/* AFFINITY_INTERACTION_RECEIVER_H */
