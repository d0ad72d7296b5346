/*
 * latent.h
 *		Algorithms by factors.
 */
#ifndef AFFINITY_LATENT_H
#define AFFINITY_LATENT_H

#include "train/train.h"

extern const AffinityAlgorithm affinity_latent_als;
extern const AffinityAlgorithm affinity_latent_ials;

#endif							/* AFFINITY_LATENT_H */
