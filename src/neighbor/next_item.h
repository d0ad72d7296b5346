/*
 * next_item.h
 *		Between the files of next_item; private to the room.
 */
#ifndef AFFINITY_NEIGHBOR_NEXT_ITEM_H
#define AFFINITY_NEIGHBOR_NEXT_ITEM_H

#include "attribute/attribute.h"

/* Which of a user's events of one item count. */
typedef enum NextRepeats
{
	REPEATS_FIRST,
	REPEATS_ALL
} NextRepeats;

typedef struct NextItemOptions
{
	int32		neighbors;
	int32		window;
	double		distance_exponent;
	double		backward;
	int64		session_gap;	/* microseconds; 0: none */
	int			repeats;
	double		user_exponent;
	double		item_exponent;
	double		neighbor_exponent;
	int32		max_history;
	AffinityTimes times;
	AffinityAttributeOptions attributes;
	int			seen;
	double		users;
} NextItemOptions;

/*
 * Events of all users in order. A step is what one user did at one time; it
 * has no order within. Numbers are 32 bits wide: there are at most as many
 * steps as events.
 */
typedef struct NextSteps
{
	uint32		n_events;
	uint32		n_steps;
	uint32	   *item;			/* of each event */
	uint32	   *first;			/* events of a step begin here; n_steps + 1 */
	uint32	   *session;		/* of each step */
	double	   *factor;			/* of each step: what its pairs with what was
								 * before count */
	int64	   *of_item;		/* an item's steps begin here; n_items + 1 */
	uint32	   *step;			/* each item's steps, ascending */
} NextSteps;

static inline uint32
next_step_length(const NextSteps *steps, uint32 step)
{
	return steps->first[step + 1] - steps->first[step];
}

/* next_item_steps.c */
extern void affinity_neighbor_next_steps(const AffinityInteractions *in,
										 const NextItemOptions *options,
										 NextSteps *steps);
extern double affinity_neighbor_next_seconds(const NextSteps *steps,
											 const NextItemOptions *options);

#endif							/* AFFINITY_NEIGHBOR_NEXT_ITEM_H */
