/*
 * memory.c
 *		Large areas, and the error that names how much memory would do.
 */
#include "postgres.h"

#include <sys/mman.h>

#include "miscadmin.h"

#include "base/base.h"

#define LARGE_AREA ((Size) 4 * 1024 * 1024)
#define SMALL_PAGE 4096

/* Bytes that are mapped between two looks at interrupts: milliseconds. */
#define MAP_PIECE	((ptrdiff_t) 8 * 1024 * 1024)

/*
 * Allocate what is read at random. Where it is large, huge pages are asked
 * for, if the system has any: with small ones much of the time would go into
 * the translation of addresses.
 */
void *
affinity_base_alloc_large(MemoryContext context, Size size)
{
	void	   *area = MemoryContextAllocHuge(context, size);

#ifdef MADV_HUGEPAGE
	if (size >= LARGE_AREA)
		(void) madvise((void *) TYPEALIGN(SMALL_PAGE, (uintptr_t) area),
					   size - SMALL_PAGE, MADV_HUGEPAGE);
#endif
	return area;
}

/*
 * Have the pages of shared memory that is about to be written: all at once is
 * several times as fast as one by one, as each is met. Where the system cannot,
 * they come one by one.
 */
void
affinity_base_map(void *area, Size size)
{
#ifdef MADV_POPULATE_WRITE
	char	   *at = (char *) TYPEALIGN_DOWN(SMALL_PAGE, (uintptr_t) area);
	char	   *end = (char *) area + size;

	for (; at < end; at += MAP_PIECE)
	{
		CHECK_FOR_INTERRUPTS();
		(void) madvise(at, Min(MAP_PIECE, end - at), MADV_POPULATE_WRITE);
	}
#else
	(void) area;
	(void) size;
#endif
}

static void lacks_memory(Size bytes, const char *otherwise, const char *subject,
						 va_list args) __attribute__((format(printf, 3, 0)));

static void
lacks_memory(Size bytes, const char *otherwise, const char *subject,
			 va_list args)
{
	char		start[256];

	vsnprintf(start, sizeof(start), subject, args);
	ereport(ERROR,
			(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
			 errmsg("%s %zu bytes of memory, but maintenance_work_mem allows %zu",
					start, bytes, affinity_base_memory_allowed()),
			 errhint("SET maintenance_work_mem = '%zu MB'%s%s.",
					 bytes / (1024 * 1024) + 1, otherwise ? ", or " : "",
					 otherwise ? otherwise : "")));
}

/*
 * More than maintenance_work_mem is needed. subject is how the sentence
 * begins, a format of up to 255 bytes with its verb ("%d factors need");
 * otherwise, what else one could do ("use fewer factors"), or NULL.
 */
void
affinity_base_lacks_memory(Size bytes, const char *otherwise,
						   const char *subject,...)
{
	va_list		args;

	va_start(args, subject);
	lacks_memory(bytes, otherwise, subject, args);
	va_end(args);
	pg_unreachable();
}

/* The same error, if maintenance_work_mem allows less than is needed. */
void
affinity_base_need_memory(Size bytes, const char *otherwise,
						  const char *subject,...)
{
	va_list		args;

	if (bytes <= affinity_base_memory_allowed())
		return;
	va_start(args, subject);
	lacks_memory(bytes, otherwise, subject, args);
	va_end(args);
}

/*
 * Zeros for an area that may be large, and whose pages may be fetched by that:
 * looks at interrupts between pieces.
 */
void
affinity_base_zero(void *area, Size size)
{
	const Size	piece = 4 * 1024 * 1024;

	for (Size from = 0; from < size; from += piece)
	{
		CHECK_FOR_INTERRUPTS();
		memset((char *) area + from, 0, Min(piece, size - from));
	}
}
