/*
 * vector.h
 *		Two arrays as vectors of numbers. Private to the room.
 */
#ifndef AFFINITY_SIMILARITY_VECTOR_H
#define AFFINITY_SIMILARITY_VECTOR_H

#include "postgres.h"

#include "fmgr.h"

/* Elements between two checks for interrupts: well under a millisecond. */
#define VECTOR_CHUNK ((size_t) 65536)

typedef struct VectorPair
{
	bool		is_real;		/* elements are float, else double */
	size_t		n;				/* positions used */
	const void *x;
	const void *y;
} VectorPair;

/* vector_pair.c */
extern double *affinity_similarity_pair_alloc(size_t n);
extern void affinity_similarity_pair_read(FunctionCallInfo fcinfo,
										  VectorPair *pair);

#endif							/* AFFINITY_SIMILARITY_VECTOR_H */
