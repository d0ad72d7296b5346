/*
 * item_knn_update.h
 *		Lists of item_knn that are brought up to date by what changed, in two
 *		files.
 */
#ifndef AFFINITY_NEIGHBOR_ITEM_KNN_UPDATE_H
#define AFFINITY_NEIGHBOR_ITEM_KNN_UPDATE_H

#include "postgres.h"

#include <math.h>

#include "neighbor/item_knn.h"

/* Powers of numbers of users, as they are asked for. */
typedef struct Powers
{
	double		exponent;
	uint32		n;
	double	   *value;			/* 0: not known yet */
} Powers;

typedef struct KnnUpdate
{
	AffinityUpdate *update;
	ItemKnnOptions options;
	bool		product;		/* the score is sum * left * right */
	double		user_exponent;
	Powers		left;
	Powers		right;
	double	   *right_now;		/* of all items; product */

	/* when the row at hand was written, of all items that were known */
	int			refresh;
	double	   *then;			/* their users */
	float	   *ratio;			/* right_now by what it was; product */

	uint32	   *before;			/* item of "before" by number in the model */
	uint32	   *now_col;		/* columns of both, by number in the model */
	uint32	   *before_col;
	double	   *user_now;		/* what a user's pairs add up, by user */
	double	   *user_before;

	/* one item's, by number in the model */
	double	   *sum;			/* what is added; 0: nothing is, or it was
								 * taken */
	uint8	   *is_touched;
	uint32	   *touched;
	uint32		n_touched;
	uint32		n;				/* candidates for the list */
	uint32	   *no;
	float	   *score;
	uint64	   *key;
	uint64	   *scratch;
	int32	   *neighbor;
	float	   *best;
} KnnUpdate;

static inline double
affinity_neighbor_knn_power(Powers *powers, float users)
{
	uint32		n = 1;

	/* who owns the model may have written numbers that are none */
	if (users >= powers->n)
		return pow(users, -powers->exponent);
	if (users >= 1)
		n = (uint32) users;
	if (powers->value[n] == 0)
		powers->value[n] = pow(n, -powers->exponent);
	return powers->value[n];
}

/* item_knn_then.c */
extern void affinity_neighbor_knn_then_begin(KnnUpdate *k);
extern void affinity_neighbor_knn_then_go(KnnUpdate *k, uint32 row);

#endif							/* AFFINITY_NEIGHBOR_ITEM_KNN_UPDATE_H */
