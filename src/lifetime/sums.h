/*
 * sums.h
 *		Sums over the customers of one frequency, for the likelihood of BG/NBD.
 *		Private to the room.
 */
#ifndef AFFINITY_LIFETIME_SUMS_H
#define AFFINITY_LIFETIME_SUMS_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Of customers i of weight w, with the last purchase at u, seen until t, where
 * shape is r + x, and s = ln ((alpha + t) / (alpha + u)).
 */
typedef struct LifetimeSums
{
	double		weight;			/* w */
	double		time;			/* w ln ((alpha + t) / alpha) */
	double		slope;			/* w (r t / alpha - x) / (alpha + t) */

	/* below l is the chance of having left: odds / (1 + odds) */
	double		value;			/* w ln (1 + odds) */
	double		left;			/* w l */
	double		left_time;		/* w l s */
	double		left_slope;		/* w l (t - u) / ((alpha + t) (alpha + u)) */
} LifetimeSums;

/* What all of these customers have in common. */
typedef struct LifetimeShared
{
	double		r;
	double		alpha;
	double		x;
	double		log_odds;		/* ln odds - (r + x) s */
	bool		may_leave;		/* else nobody has left */
} LifetimeShared;

/* Four numbers each: recency and t are numbers 1 and 2, the weight the last. */
extern void affinity_lifetime_sums(const double (*customer)[4], size_t n,
								   const LifetimeShared *shared,
								   LifetimeSums *sums);

#endif							/* AFFINITY_LIFETIME_SUMS_H */
