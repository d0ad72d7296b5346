/*
 * reserve.h
 *		Whether the process can have so much memory and so many threads, asked
 *		before a library takes them that could not be refused.
 */
#ifndef AFFINITY_KERNEL_RESERVE_H
#define AFFINITY_KERNEL_RESERVE_H

#include <stddef.h>

typedef enum AffinityReserve
{
	AFFINITY_RESERVE_DONE,
	AFFINITY_RESERVE_NO_MEMORY,
	AFFINITY_RESERVE_NO_THREADS
} AffinityReserve;

/* More areas or threads than this are not asked for. */
#define AFFINITY_RESERVE_MOST	128

extern AffinityReserve affinity_kernel_reserve(size_t area, int areas,
											   int threads);
extern size_t affinity_kernel_thread_bytes(void);
extern size_t affinity_kernel_address_space(void);

#endif							/* AFFINITY_KERNEL_RESERVE_H */
