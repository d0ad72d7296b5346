/*
 * parts.h
 *		Entries of a matrix on their way, in partitions that fit the cache.
 *
 * Partitions are lists of chunks. Chunks may be in an area of shared memory,
 * and then partitions go from one process to another.
 */
#ifndef AFFINITY_PARTS_PARTS_H
#define AFFINITY_PARTS_PARTS_H

#include "postgres.h"

#include "utils/dsa.h"

#include "kernel/csr.h"

/* ---- parts.c ----------------------------------------------------------- */

/*
 * Entries are appended to one of 256 partitions by the low bits of their
 * row's number, so that the rows of a partition are few enough to be sorted
 * within the cache; appending to 256 places at a time is within it too.
 */
#define AFFINITY_PART_BITS	8
#define AFFINITY_PARTS		(1 << AFFINITY_PART_BITS)
#define AFFINITY_CHUNK		2044	/* entries: 6 pages, with a side 10 */

typedef struct AffinityChunk
{
	struct AffinityChunk *next;
	dsa_pointer self;			/* where other processes find it; invalid:
								 * nowhere */
	dsa_pointer following;		/* next, for them; set when it is given to
								 * them */
	AffinityEntry entry[AFFINITY_CHUNK];
	/* behind them, where parts have a side: as many times or second values */
} AffinityChunk;

typedef struct AffinityPart
{
	AffinityChunk *first;
	AffinityChunk *last;
	uint32		n_last;			/* entries in the last chunk, others being
								 * full */
} AffinityPart;

/* Memory that processes share; it ends with the context it was made in. */
typedef struct AffinityArea
{
	dsa_area   *dsa;			/* NULL: it has ended */
	MemoryContextCallback callback;
} AffinityArea;

typedef struct AffinityParts
{
	MemoryContext context;
	bool		has_side;
	AffinityArea *area;			/* that chunks are to be in; NULL: memory of
								 * this process */
	bool		is_full;		/* the area: some chunks are elsewhere */
	int64		n_chunks;		/* made so far */
	AffinityChunk *unused;		/* chunks to be taken before new ones */
	AffinityPart part[AFFINITY_PARTS];
} AffinityParts;

/* The chunks of a partition, as other processes find them. */
typedef struct AffinitySharedPart
{
	dsa_pointer first;
	uint32		n_last;			/* entries in the last one */
} AffinitySharedPart;

extern AffinityArea *affinity_parts_area(Size max_bytes);
extern void affinity_parts_area_end(AffinityArea *area);
extern void affinity_parts_show(const AffinityPart *part,
								AffinitySharedPart *shared);
extern void affinity_parts_see(dsa_area *area,
							   const AffinitySharedPart *shared,
							   AffinityPart *part);
extern bool affinity_parts_reserve(AffinityParts *parts,
								   int64 n_chunks);
extern Size affinity_parts_chunk_bytes(const AffinityParts *parts);
extern void affinity_parts_extend(AffinityParts *parts,
								  AffinityPart *part);
extern AffinityChunk *affinity_parts_detach(AffinityParts *parts,
											uint32 p,
											uint32 *n_last);
extern void affinity_parts_give_back(AffinityParts *parts,
									 AffinityChunk *chunk);
extern int64 affinity_parts_count(const AffinityParts *parts);
extern void affinity_parts_free(AffinityParts *parts);

/*
 * The partition of a row, with room for an entry, which is to be put there.
 */
static inline AffinityPart *
affinity_parts_room(AffinityParts *parts, uint32 row)
{
	AffinityPart *part = &parts->part[row & (AFFINITY_PARTS - 1)];

	if (unlikely(part->last == NULL || part->n_last == AFFINITY_CHUNK))
		affinity_parts_extend(parts, part);
	return part;
}

/* The times of a chunk's entries, microseconds since 2000. */
static inline int64 *
affinity_parts_chunk_at(AffinityChunk *chunk)
{
	return (int64 *) &chunk->entry[AFFINITY_CHUNK];
}

/* Their second values, which take the place of the times. */
static inline float *
affinity_parts_chunk_second(AffinityChunk *chunk)
{
	return (float *) &chunk->entry[AFFINITY_CHUNK];
}

/*
 * An entry more, for which there is room; with a second value, unless that is
 * NULL.
 */
static inline void
affinity_parts_put(AffinityPart *part, uint32 row, uint32 col, float val,
				   const float *second)
{
	AffinityEntry *entry = &part->last->entry[part->n_last];

	entry->row = row;
	entry->col = col;
	entry->val = val;
	if (second)
		affinity_parts_chunk_second(part->last)[part->n_last] = *second;
	part->n_last++;
}

/*
 * The same, with a time.
 */
static inline void
affinity_parts_put_at(AffinityPart *part, uint32 row, uint32 col, float val,
					  const int64 *at)
{
	if (at)
		affinity_parts_chunk_at(part->last)[part->n_last] = *at;
	affinity_parts_put(part, row, col, val, NULL);
}

/* ---- sort.c ------------------------------------------------------------ */

/* Passes of a sort: as few as leave the counts and places in the cache. */
#define AFFINITY_DIGIT_BITS	11
#define AFFINITY_MOST_DIGITS	6	/* of two numbers below 2^31 */

/* Entries that are being sorted. */
typedef struct AffinitySorter
{
	AffinityDigit digit[AFFINITY_MOST_DIGITS];	/* in the order of the passes */
	int			n_digits;
	int64		n;
	AffinityEntry *entry;
	float	   *second;			/* NULL: no second values */
	AffinityEntry *other_entry; /* where the next pass puts them */
	float	   *other_second;
} AffinitySorter;

extern AffinitySorter *affinity_parts_sorter(int64 largest, bool has_second);
extern void affinity_parts_sorter_by(AffinitySorter *sorter, bool of_row,
									 int low, uint32 n);
extern void affinity_parts_sorter_free(AffinitySorter *sorter);
extern void affinity_parts_sort(AffinitySorter *sorter);

#endif							/* AFFINITY_PARTS_PARTS_H */
