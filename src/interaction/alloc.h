/*
 * alloc.h
 *		Large arrays, and long loops over them; private to the room.
 */
#ifndef AFFINITY_INTERACTION_ALLOC_H
#define AFFINITY_INTERACTION_ALLOC_H

#include <sys/mman.h>

#include "miscadmin.h"
#include "utils/memutils.h"

#define AFFINITY_LARGE_PAGE	((Size) 2 * 1024 * 1024)

/*
 * An array of the matrix or of a dictionary. Where such a one is large it is
 * used in random order, and with pages of 4 kB much of that time goes into
 * the translation of addresses: large pages are asked for, if the system has
 * any.
 */
static inline void *
affinity_base_alloc_array(MemoryContext context, uint64 n, Size width)
{
	Size		size = mul_size(Max(n, 1), width);
	char	   *array = MemoryContextAllocHuge(context, size);

#ifdef MADV_HUGEPAGE
	if (size >= 2 * AFFINITY_LARGE_PAGE)
	{
		char	   *start = (char *) TYPEALIGN(AFFINITY_LARGE_PAGE, array);
		char	   *end = (char *) TYPEALIGN_DOWN(AFFINITY_LARGE_PAGE,
												  array + size);

		(void) madvise(start, end - start, MADV_HUGEPAGE);
	}
#endif
	return array;
}

/*
 * In a loop over ids or entries: a look at interrupts now and then.
 */
static inline void
affinity_base_look_up(uint64 i)
{
	if (i % ((uint64) 1 << 16) == 0)
		CHECK_FOR_INTERRUPTS();
}

#endif							/* AFFINITY_INTERACTION_ALLOC_H */
