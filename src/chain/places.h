/*
 * places.h
 *		Things that each have a place of their own.
 */
#ifndef AFFINITY_CHAIN_PLACES_H
#define AFFINITY_CHAIN_PLACES_H

#include "chain/event.h"

typedef struct AffinityPlaces
{
	uint64_t	taken;			/* places, bit 0 the first */
	uint64_t	closed;			/* that no path to a free one leads from */
	uint64_t	options[AFFINITY_MAX_STEPS];	/* of what has the place */
} AffinityPlaces;

extern void affinity_chain_places_clear(AffinityPlaces *places);
extern bool affinity_chain_place(AffinityPlaces *places, uint64_t options,
								 uint64_t within);

#endif							/* AFFINITY_CHAIN_PLACES_H */
