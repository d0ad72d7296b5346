/*
 * ease_update.h
 *		What the files of ease's updates share; private to them.
 */
#ifndef AFFINITY_LINEAR_EASE_UPDATE_H
#define AFFINITY_LINEAR_EASE_UPDATE_H

#include "linear/ease.h"

/* Columns that are drawn to measure the drift by. */
#define DRAWN			8

/* What is known of an item of the matrix. */
typedef struct EaseItem
{
	uint32		no;				/* in the model */
	bool		is_solved;
	bool		is_written;		/* its row is */
} EaseItem;

/* Weights revised by new rows: see ease_revise.c. */
typedef struct EaseRevision EaseRevision;

typedef struct EaseUpdate
{
	AffinityUpdate *update;
	EaseOptions options;
	uint32		n;				/* items of the matrix */
	EaseItem   *item;
	uint32	   *column;			/* by item: number, or EASE_NOT_DUE */
	uint32		n_columns;		/* those that are drawn too */
	uint32		n_solved;
	uint32		drawn[DRAWN];	/* columns to measure the drift by */
	uint32		n_drawn;
	uint32	   *of_column;		/* the items */
	EaseSolved *solved;
	bool	   *is_stale;		/* by number in the model: its column was
								 * solved */

	EaseRevision *revision;		/* of columns that stay; NULL: there is none */

	/* weights of the columns by rows */
	int64	   *start;
	uint32	   *row_column;
	float	   *row_weight;
	uint64	   *key;
	uint64	   *scratch;
} EaseUpdate;

/* ease_revise.c */
extern bool affinity_linear_ease_can_revise(const AffinityUpdate *u,
											const EaseOptions *options);
extern EaseRevision *affinity_linear_ease_revise(AffinityUpdate *u,
												 const EaseOptions *options);
extern double affinity_linear_ease_revised_by(const EaseRevision *v, uint32 item,
											  const bool *is_solved);
extern void affinity_linear_ease_revised(EaseRevision *v, uint32 item,
										 AffinityItemRow *to);

/* ease_update_rows.c */
extern void affinity_linear_ease_update_rows(EaseUpdate *s);

#endif							/* AFFINITY_LINEAR_EASE_UPDATE_H */
