/*
 * repeat.h
 *		How likely a user is to have an item again.
 */
#ifndef AFFINITY_REPEAT_H
#define AFFINITY_REPEAT_H

#include "train/train.h"

extern const AffinityAlgorithm affinity_repeat_buy_again;

/* rate.c */
extern const AffinityRepeat *affinity_repeat_rule(const AffinityAlgorithm *algorithm,
												  const void *options);
extern float *affinity_repeat_rates(const AffinityInteractions *in);
extern float affinity_repeat_chance(const AffinityRepeat *rule,
									AffinityAgain again, float rate);

/* The share of repeats in a list, where the caller does not say. */
static inline double
affinity_repeat_usual(const AffinityAlgorithm *algorithm)
{
	return algorithm->repeat ? 1 : 0;
}

#endif							/* AFFINITY_REPEAT_H */
