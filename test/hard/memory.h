/*
 * memory.h
 *		Included before every file of the rooms with PostgreSQL in the build of
 *		`make check-hard`: assertions, and allocations that the address sanitizer
 *		knows one by one.
 *
 * A server of a distribution has neither assertions nor red zones between the
 * chunks of a memory context. Assert of our own files needs only
 * ExceptionalCondition, which every server has. USE_ASSERT_CHECKING is not
 * defined: with it headers refer to functions that only such a server has.
 *
 * Chunks: memory.c. Arguments, too, are looked at in copies of their own, so that
 * who reads past the end of a stored value is caught. Kernels get what their
 * callers allocated, and need none of this.
 */
#ifndef HARD_MEMORY_H
#define HARD_MEMORY_H

/* With it, memcpy and its like hide from the sanitizer that NULL is not for them. */
#undef _FORTIFY_SOURCE

#include "postgres.h"

#include "fmgr.h"
#include "utils/memutils.h"
#include "utils/palloc.h"

#undef Assert
#define Assert(condition) \
	do { \
		if (!(condition)) \
			hard_assert_failed(#condition, __FILE__, __LINE__); \
	} while (0)

pg_attribute_noreturn()
extern void hard_assert_failed(const char *condition, const char *file, int line);

/* late.c: for how long somebody may go on after a cancel */
extern double hard_late_seconds;

#if PG_VERSION_NUM < 160000

extern MemoryContext hard_context(MemoryContext context);
extern struct varlena *hard_detoast(struct varlena *value, bool packed);
extern char *hard_strndup(const char *text, Size len);

#undef palloc0fast
#define palloc(size) MemoryContextAlloc(CurrentMemoryContext, size)
#define palloc0(size) MemoryContextAllocZero(CurrentMemoryContext, size)
#define palloc0fast(size) palloc0(size)
#define palloc_extended(size, flags) \
	MemoryContextAllocExtended(CurrentMemoryContext, size, flags)
#define MemoryContextAlloc(context, size) \
	(MemoryContextAlloc) (hard_context(context), size)
#define MemoryContextAllocZero(context, size) \
	(MemoryContextAllocZero) (hard_context(context), size)
#define MemoryContextAllocHuge(context, size) \
	(MemoryContextAllocHuge) (hard_context(context), size)
#define MemoryContextAllocExtended(context, size, flags) \
	(MemoryContextAllocExtended) (hard_context(context), size, flags)
#define MemoryContextStrdup(context, text) \
	(MemoryContextStrdup) (hard_context(context), text)
#define pstrdup(text) MemoryContextStrdup(CurrentMemoryContext, text)
#define pnstrdup(text, len) hard_strndup(text, len)
#define pg_detoast_datum(value) hard_detoast(value, false)
#define pg_detoast_datum_packed(value) hard_detoast(value, true)

#endif

#endif							/* HARD_MEMORY_H */
