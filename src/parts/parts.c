/*
 * parts.c
 *		Partitions of entries, in chunks that are never moved.
 *
 * The same chunks serve twice: they take the rows as they are read and, when
 * these stand in the matrix by user, its entries on their way to the matrix
 * by item. So no memory is asked for, and zeroed by the kernel, a second
 * time.
 */
#include "postgres.h"

#include "storage/lwlock.h"
#include "utils/memutils.h"

#include "base/base.h"
#include "parts/parts.h"

/* ---- shared memory ------------------------------------------------------ */

static void
forget(void *arg)
{
	affinity_parts_area_end(arg);
}

/*
 * A new area, of at most so many bytes; 0: no limit. What is mapped of it
 * belongs to no transaction, but to the current memory context.
 */
AffinityArea *
affinity_parts_area(Size max_bytes)
{
	AffinityArea *area = palloc0(sizeof(AffinityArea));

	/* the server has few names of locks, and gives none back */
	area->dsa = dsa_create(LWTRANCHE_PARALLEL_QUERY_DSA);
	dsa_pin_mapping(area->dsa);
	area->callback.func = forget;
	area->callback.arg = area;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, &area->callback);
	if (max_bytes > 0)
		dsa_set_size_limit(area->dsa, max_bytes);
	return area;
}

void
affinity_parts_area_end(AffinityArea *area)
{
	if (area->dsa)
		dsa_detach(area->dsa);
	area->dsa = NULL;
}

/* ---- chunks ------------------------------------------------------------- */

/*
 * Bytes of one chunk.
 */
Size
affinity_parts_chunk_bytes(const AffinityParts *parts)
{
	return sizeof(AffinityChunk) +
		(parts->has_side ? AFFINITY_CHUNK * sizeof(int64) : 0);
}

/*
 * A chunk in the area, or where it has no more room, of this process.
 */
static AffinityChunk *
make_chunk(AffinityParts *parts)
{
	Size		size = affinity_parts_chunk_bytes(parts);
	dsa_pointer self = InvalidDsaPointer;
	AffinityChunk *chunk;

	if (parts->area && !parts->is_full)
	{
		self = dsa_allocate_extended(parts->area->dsa, size, DSA_ALLOC_NO_OOM);
		parts->is_full = !DsaPointerIsValid(self);
	}
	if (DsaPointerIsValid(self))
	{
		chunk = dsa_get_address(parts->area->dsa, self);
		affinity_base_map(chunk, size);
	}
	else
		chunk = MemoryContextAlloc(parts->context, size);
	chunk->self = self;
	parts->n_chunks++;
	return chunk;
}

/*
 * Make chunks for later; false where the area has no room for them.
 */
bool
affinity_parts_reserve(AffinityParts *parts, int64 n_chunks)
{
	for (int64 i = 0; i < n_chunks && !parts->is_full; i++)
		affinity_parts_give_back(parts, make_chunk(parts));
	return !parts->is_full;
}

/*
 * Add an empty chunk to a partition.
 */
void
affinity_parts_extend(AffinityParts *parts, AffinityPart *part)
{
	AffinityChunk *chunk = parts->unused;

	if (chunk)
		parts->unused = chunk->next;
	else
		chunk = make_chunk(parts);
	chunk->next = NULL;
	if (part->last)
		part->last->next = chunk;
	else
		part->first = chunk;
	part->last = chunk;
	part->n_last = 0;
}

/*
 * Take a partition's chunks out, which leaves it empty. All are full but the
 * last, which has n_last entries. They are to be given back one by one.
 */
AffinityChunk *
affinity_parts_detach(AffinityParts *parts,
					  uint32 p, uint32 *n_last)
{
	AffinityPart *part = &parts->part[p];
	AffinityChunk *first = part->first;

	*n_last = part->n_last;
	part->first = part->last = NULL;
	part->n_last = 0;
	return first;
}

void
affinity_parts_give_back(AffinityParts *parts,
						 AffinityChunk *chunk)
{
	chunk->next = parts->unused;
	parts->unused = chunk;
}

/*
 * Let other processes find a partition.
 */
void
affinity_parts_show(const AffinityPart *part,
					AffinitySharedPart *shared)
{
	for (AffinityChunk *chunk = part->first; chunk; chunk = chunk->next)
		chunk->following = chunk->next ? chunk->next->self : InvalidDsaPointer;
	shared->first = part->first ? part->first->self : InvalidDsaPointer;
	shared->n_last = part->n_last;
}

/*
 * Find one that another process had.
 */
void
affinity_parts_see(dsa_area *area,
				   const AffinitySharedPart *shared,
				   AffinityPart *part)
{
	dsa_pointer at = shared->first;

	part->first = part->last = NULL;
	part->n_last = shared->n_last;
	while (DsaPointerIsValid(at))
	{
		AffinityChunk *chunk = dsa_get_address(area, at);

		chunk->next = NULL;
		if (part->last)
			part->last->next = chunk;
		else
			part->first = chunk;
		part->last = chunk;
		at = chunk->following;
	}
}

/*
 * Chunks of all partitions, and those that are unused.
 */
int64
affinity_parts_count(const AffinityParts *parts)
{
	int64		n = 0;

	for (const AffinityChunk *chunk = parts->unused; chunk; chunk = chunk->next)
		n++;
	for (int p = 0; p < AFFINITY_PARTS; p++)
		for (const AffinityChunk *chunk = parts->part[p].first; chunk;
			 chunk = chunk->next)
			n++;
	return n;
}

static void
free_chunk(AffinityChunk *chunk)
{
	/* others go with the area */
	if (!DsaPointerIsValid(chunk->self))
		pfree(chunk);
}

void
affinity_parts_free(AffinityParts *parts)
{
	for (uint32 p = 0; p < AFFINITY_PARTS; p++)
	{
		uint32		n_last;
		AffinityChunk *next;

		for (AffinityChunk *chunk =
			 affinity_parts_detach(parts, p, &n_last); chunk !=
			 NULL; chunk = next)
		{
			next = chunk->next;
			free_chunk(chunk);
		}
	}
	while (parts->unused)
	{
		AffinityChunk *next = parts->unused->next;

		free_chunk(parts->unused);
		parts->unused = next;
	}
	if (parts->area)
		affinity_parts_area_end(parts->area);
	parts->area = NULL;
}
