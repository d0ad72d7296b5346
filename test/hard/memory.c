/*
 * memory.c
 *		Memory for the build of `make check-hard`: every chunk that the extension
 *		allocates is malloc's, and so the address sanitizer's.
 *
 * PostgreSQL 15 keeps a context's functions behind a pointer in it, and the
 * context in front of every chunk. So a context from which the extension
 * allocates gets another beside it, of a kind of our own, whose chunks anybody may
 * free or enlarge as usual. It goes when that one is reset or deleted, after all
 * callbacks that were registered since. In later versions kinds of contexts are
 * numbered, and there is only Assert here.
 */
#include "memory.h"

#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(hard_probe);

void
hard_assert_failed(const char *condition, const char *file, int line)
{
	fprintf(stderr, "TRAP: failed Assert(\"%s\"), File: \"%s\", Line: %d\n",
			condition, file, line);
	fflush(stderr);
	abort();
}

/* Does what a sanitizer or an assertion is to see; kind says which. */
Datum
hard_probe(PG_FUNCTION_ARGS)
{
	char	   *kind = text_to_cstring(PG_GETARG_TEXT_PP(0));
	volatile bytea *argument = PG_GETARG_BYTEA_PP(1);
	volatile char *chunk = palloc0(24);
	void	   *volatile nothing = NULL;
	volatile int number = 2147483647;
	volatile double large = 1e300;
	int			result = 0;

	if (strcmp(kind, "overrun") == 0)
		result = chunk[24];
	if (strcmp(kind, "underrun") == 0)
		result = chunk[-1];
	if (strcmp(kind, "freed") == 0)
	{
		pfree((void *) chunk);
		result = chunk[0];
	}
	if (strcmp(kind, "argument") == 0)
		result = ((volatile char *) argument)[VARSIZE_ANY(argument)];
	if (strcmp(kind, "shift") == 0)
		result = 1 << number;
	if (strcmp(kind, "cast") == 0)
		result = (int) large;
	if (strcmp(kind, "null") == 0)
		memcpy((void *) chunk, nothing, number - 2147483647);
	Assert(strcmp(kind, "assert") != 0);
	if (strcmp(kind, "late") == 0)
	{
		hard_late_seconds = 1;
		for (;;)
			chunk[0]++;
	}
	PG_RETURN_INT32(result);
}

#if PG_VERSION_NUM < 160000

#include <sanitizer/asan_interface.h>

#include "nodes/memnodes.h"

#undef MemoryContextAlloc
#undef MemoryContextAllocHuge
#undef pg_detoast_datum
#undef pg_detoast_datum_packed

#define UNCHECKED __attribute__((no_sanitize_address))

/* What stands in front of a chunk; PostgreSQL reads the last word. */
typedef struct HardChunk
{
	struct HardChunk *prev;
	struct HardChunk *next;
	Size		size;
	MemoryContext context;
} HardChunk;

#define CHUNK_OF(pointer) ((HardChunk *) (pointer) - 1)

typedef struct HardContext
{
	MemoryContextData header;
	MemoryContext of;			/* whose chunks it has */
	MemoryContextCallback callback; /* of that one */
	HardChunk	list;			/* a ring, its head */
} HardContext;

/* By whose chunks they have: an open hash table. */
typedef struct HardEntry
{
	MemoryContext of;			/* NULL: never used */
	HardContext *context;		/* NULL: gone */
} HardEntry;

static HardEntry *entries;
static uint32 n_entries;		/* a power of two */
static uint32 n_used;

static void *hard_alloc(MemoryContext context, Size size);
static void hard_free(MemoryContext context, void *pointer);
static void *hard_realloc(MemoryContext context, void *pointer, Size size);
static void hard_reset(MemoryContext context);
static void hard_delete(MemoryContext context);
static Size hard_chunk_space(MemoryContext context, void *pointer);
static bool hard_is_empty(MemoryContext context);
static void hard_stats(MemoryContext context, MemoryStatsPrintFunc printfunc,
					   void *passthru, MemoryContextCounters *totals,
					   bool print_to_stderr);

static const MemoryContextMethods hard_methods = {
	.alloc = hard_alloc,
	.free_p = hard_free,
	.realloc = hard_realloc,
	.reset = hard_reset,
	.delete_context = hard_delete,
	.get_chunk_space = hard_chunk_space,
	.is_empty = hard_is_empty,
	.stats = hard_stats
};

/* The entry of a context, or the one where it can be put. */
static HardEntry *
hard_find(MemoryContext of)
{
	uint32		at = (uint32) (((uintptr_t) of >> 4) * 0x9E3779B1u);

	for (;; at++)
	{
		HardEntry  *e = &entries[at & (n_entries - 1)];

		if (e->of == of || e->of == NULL)
			return e;
	}
}

static void
hard_grow(void)
{
	HardEntry  *old = entries;
	uint32		n_old = n_entries;
	uint32		n_live = 0;

	for (uint32 i = 0; i < n_old; i++)
		n_live += old[i].context != NULL;
	n_entries = 1024;
	while (n_entries < n_live * 4)
		n_entries *= 2;
	entries = calloc(n_entries, sizeof(HardEntry));
	n_used = 0;
	for (uint32 i = 0; i < n_old; i++)
	{
		if (old[i].context != NULL)
		{
			*hard_find(old[i].of) = old[i];
			n_used++;
		}
	}
	free(old);
}

static void
hard_gone(void *arg)
{
	MemoryContextDelete((MemoryContext) arg);
}

/* Where the chunks of a context are; one of our own is itself. */
MemoryContext
hard_context(MemoryContext of)
{
	HardEntry  *e;
	HardContext *made;

	Assert(of != NULL);
	if (of->methods == &hard_methods)
		return of;
	if (n_used * 2 >= n_entries)
		hard_grow();
	e = hard_find(of);
	if (e->context != NULL)
		return (MemoryContext) e->context;
	made = calloc(1, sizeof(HardContext));
	made->of = of;
	made->list.prev = made->list.next = &made->list;
	MemoryContextCreate((MemoryContext) made, T_AllocSetContext,
						&hard_methods, TopMemoryContext, "hard");
	made->callback.func = hard_gone;
	made->callback.arg = made;
	MemoryContextRegisterResetCallback(of, &made->callback);
	n_used += e->of == NULL;
	e->of = of;
	e->context = made;
	return (MemoryContext) made;
}

/*
 * In front of chunks the sanitizer forbids reading and writing, but here and in
 * the server.
 */
UNCHECKED static void
hard_link(HardContext *set, HardChunk *chunk, Size size)
{
	HardChunk  *head = &set->list;

	chunk->size = size;
	chunk->context = (MemoryContext) set;
	chunk->prev = head;
	chunk->next = head->next;
	chunk->next->prev = chunk;
	head->next = chunk;
	set->header.mem_allocated += size;
	ASAN_POISON_MEMORY_REGION(chunk, sizeof(HardChunk));
}

UNCHECKED static void
hard_unlink(HardContext *set, HardChunk *chunk)
{
	ASAN_UNPOISON_MEMORY_REGION(chunk, sizeof(HardChunk));
	chunk->prev->next = chunk->next;
	chunk->next->prev = chunk->prev;
	set->header.mem_allocated -= chunk->size;
}

static void *
hard_alloc(MemoryContext context, Size size)
{
	HardChunk  *chunk = malloc(sizeof(HardChunk) + size);

	if (chunk == NULL)
		return NULL;
	hard_link((HardContext *) context, chunk, size);
	return chunk + 1;
}

static void
hard_free(MemoryContext context, void *pointer)
{
	HardChunk  *chunk = CHUNK_OF(pointer);

	hard_unlink((HardContext *) context, chunk);
	free(chunk);
}

/* The chunk always moves, so that nobody goes on with the old address. */
UNCHECKED static void *
hard_realloc(MemoryContext context, void *pointer, Size size)
{
	void	   *moved = hard_alloc(context, size);

	if (moved == NULL)
		return NULL;
	memcpy(moved, pointer, Min(size, CHUNK_OF(pointer)->size));
	hard_free(context, pointer);
	return moved;
}

UNCHECKED static void
hard_reset(MemoryContext context)
{
	HardContext *set = (HardContext *) context;

	while (set->list.next != &set->list)
		hard_free(context, set->list.next + 1);
}

static void
hard_delete(MemoryContext context)
{
	hard_reset(context);
	hard_find(((HardContext *) context)->of)->context = NULL;
	free(context);
}

UNCHECKED static Size
hard_chunk_space(MemoryContext context pg_attribute_unused(), void *pointer)
{
	return CHUNK_OF(pointer)->size + sizeof(HardChunk);
}

static bool
hard_is_empty(MemoryContext context)
{
	HardContext *set = (HardContext *) context;

	return set->list.next == &set->list;
}

static void
hard_stats(MemoryContext context, MemoryStatsPrintFunc printfunc,
		   void *passthru, MemoryContextCounters *totals, bool print_to_stderr)
{
	if (totals)
	{
		totals->nblocks++;
		totals->totalspace += context->mem_allocated;
	}
	if (printfunc)
		printfunc(context, passthru, "of the sanitizer", print_to_stderr);
}

/*
 * A value as PG_DETOAST_DATUM gives it, as a chunk of its own unless it is large:
 * some states are detoasted for each row. An expanded object comes flat, as there.
 */
struct varlena *
hard_detoast(struct varlena *value, bool packed)
{
	struct varlena *plain = packed ? pg_detoast_datum_packed(value) :
		pg_detoast_datum(value);
	struct varlena *copy;

	if (VARSIZE_ANY(plain) > 65536)
		return plain;
	copy = MemoryContextAllocHuge(hard_context(CurrentMemoryContext),
								  VARSIZE_ANY(plain));
	memcpy(copy, plain, VARSIZE_ANY(plain));
	if (plain != value)
		pfree(plain);
	return copy;
}

char *
hard_strndup(const char *text, Size len)
{
	char	   *copy;

	len = strnlen(text, len);
	copy = MemoryContextAlloc(hard_context(CurrentMemoryContext), len + 1);
	memcpy(copy, text, len);
	copy[len] = '\0';
	return copy;
}

#endif
