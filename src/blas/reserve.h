/*
 * reserve.h
 *		Whether the process can have so much memory and so many threads, asked
 *		before a library takes them that could not be refused.
 */
#ifndef AFFINITY_BLAS_RESERVE_H
#define AFFINITY_BLAS_RESERVE_H

#include <stddef.h>

typedef enum AffinityReserve
{
	AFFINITY_RESERVE_DONE,
	AFFINITY_RESERVE_NO_MEMORY,
	AFFINITY_RESERVE_NO_THREADS
} AffinityReserve;

/* More areas or threads than this are not asked for. */
#define AFFINITY_RESERVE_MOST	128

extern AffinityReserve affinity_blas_reserve(size_t area, int areas,
											 int threads);
extern size_t affinity_blas_thread_bytes(void);
extern size_t affinity_blas_address_space(void);

#endif							/* AFFINITY_BLAS_RESERVE_H */
