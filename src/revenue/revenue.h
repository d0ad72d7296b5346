/*
 * revenue.h
 *		How revenue and customers move from period to period. Private to the
 *		room.
 */
#ifndef AFFINITY_REVENUE_H
#define AFFINITY_REVENUE_H

#include "postgres.h"

#include "activity/activity.h"

/*
 * Money is whole numbers of 10^-6. Each customer's amount of a period is
 * rounded to one, and everything else is sums of such: what opens, moves and
 * closes adds up exactly, in decimals as they are shown.
 */
#define MONEY_DIGITS 6
#define MONEY_ONE 1000000

typedef struct RevenueMoves
{
	int128		fresh;			/* of who was no customer before */
	int128		expansion;
	int128		contraction;
	int128		churned;
	int128		reactivated;
	int128		negative;		/* amounts below 0 */
	int128		kept;			/* of who was a customer long before */
	int128		gross;			/* the same, at most what it was then */
	int64		n_fresh;
	int64		n_expansion;
	int64		n_contraction;
	int64		n_churned;
	int64		n_reactivated;
	int64		n_lost;			/* who was a customer long before, not now */
} RevenueMoves;

/* moves.c */
extern RevenueMoves *affinity_revenue_moves(ActivityReader *reader,
											uint32 span, uint32 trailing);

#endif							/* AFFINITY_REVENUE_H */
