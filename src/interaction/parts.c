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

#include "utils/memutils.h"

#include "interaction/rows.h"

static Size
chunk_size(const AffinityParts *parts)
{
	return sizeof(AffinityChunk) +
		(parts->has_side ? AFFINITY_CHUNK * sizeof(int64) : 0);
}

/*
 * Add an empty chunk to a partition.
 */
void
affinity_interaction_parts_extend(AffinityParts *parts, AffinityPart *part)
{
	AffinityChunk *chunk = parts->unused;

	if (chunk)
		parts->unused = chunk->next;
	else
		chunk = MemoryContextAlloc(parts->context, chunk_size(parts));
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
affinity_interaction_parts_detach(AffinityParts *parts,
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
affinity_interaction_parts_give_back(AffinityParts *parts,
									 AffinityChunk *chunk)
{
	chunk->next = parts->unused;
	parts->unused = chunk;
}

void
affinity_interaction_parts_free(AffinityParts *parts)
{
	for (uint32 p = 0; p < AFFINITY_PARTS; p++)
	{
		uint32		n_last;
		AffinityChunk *next;

		for (AffinityChunk *chunk =
			 affinity_interaction_parts_detach(parts, p, &n_last); chunk !=
			 NULL; chunk = next)
		{
			next = chunk->next;
			pfree(chunk);
		}
	}
	while (parts->unused)
	{
		AffinityChunk *next = parts->unused->next;

		pfree(parts->unused);
		parts->unused = next;
	}
}
