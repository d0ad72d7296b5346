/*
 * rows.h
 *		What read.c hands to matrix.c; private to the room.
 */
#ifndef AFFINITY_INTERACTION_ROWS_H
#define AFFINITY_INTERACTION_ROWS_H

#include "nodes/pg_list.h"

#include "interaction/interaction.h"

#define AFFINITY_CHUNK	65536	/* rows; a multiple of AFFINITY_BATCH */

typedef struct AffinityRowChunk
{
	int			n;
	uint32	   *user;			/* numbers of the dictionaries */
	uint32	   *item;
	float	   *weight;
	int64	   *at;				/* microseconds since 2000, or NULL */
} AffinityRowChunk;

typedef struct AffinityRows
{
	AffinityDict *users;
	AffinityDict *items;
	List	   *chunks;
	bool		keep_at;		/* chunks hold times; rows without are skipped */
	bool		all_one;		/* every weight is 1 */
	bool		has_time;		/* last_at is set */
	int64		last_at;
	int64		read;
	int64		skipped;
	int64		usable;			/* rows in the chunks */
} AffinityRows;

extern void affinity_rows_free(AffinityRows *rows);
extern AffinityInteractions *affinity_rows_to_matrix(AffinityRows *rows,
													 const AffinityReadRequest *request);

#endif							/* AFFINITY_INTERACTION_ROWS_H */
