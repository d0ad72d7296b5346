/*
 * rows.h
 *		Rows on their way into a matrix: what read.c, parts.c, sort.c and
 *		matrix.c share.
 */
#ifndef AFFINITY_INTERACTION_ROWS_H
#define AFFINITY_INTERACTION_ROWS_H

#include "tcop/dest.h"
#include "utils/dsa.h"

#include "interaction/interaction.h"

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

extern AffinityArea *affinity_interaction_area(Size max_bytes);
extern void affinity_interaction_area_end(AffinityArea *area);
extern void affinity_interaction_part_show(const AffinityPart *part,
										   AffinitySharedPart *shared);
extern void affinity_interaction_part_see(dsa_area * area,
										  const AffinitySharedPart *shared,
										  AffinityPart *part);
extern bool affinity_interaction_parts_reserve(AffinityParts *parts,
											   int64 n_chunks);
extern Size affinity_interaction_chunk_bytes(const AffinityParts *parts);
extern void affinity_interaction_parts_extend(AffinityParts *parts,
											  AffinityPart *part);
extern AffinityChunk *affinity_interaction_parts_detach(AffinityParts *parts,
														uint32 p,
														uint32 *n_last);
extern void affinity_interaction_parts_give_back(AffinityParts *parts,
												 AffinityChunk *chunk);
extern void affinity_interaction_parts_free(AffinityParts *parts);

/*
 * The partition of a row, with room for an entry: part->last->entry[n_last]
 * is to be filled, and n_last to be counted up.
 */
static inline AffinityPart *
affinity_interaction_parts_room(AffinityParts *parts, uint32 row)
{
	AffinityPart *part = &parts->part[row & (AFFINITY_PARTS - 1)];

	if (unlikely(part->last == NULL || part->n_last == AFFINITY_CHUNK))
		affinity_interaction_parts_extend(parts, part);
	return part;
}

/* The times of a chunk's entries, microseconds since 2000. */
static inline int64 *
affinity_interaction_chunk_at(AffinityChunk *chunk)
{
	return (int64 *) &chunk->entry[AFFINITY_CHUNK];
}

/* Their second values, which take the place of the times. */
static inline float *
affinity_interaction_chunk_second(AffinityChunk *chunk)
{
	return (float *) &chunk->entry[AFFINITY_CHUNK];
}

/* ---- rows and what becomes of them -------------------------------------- */

typedef struct AffinityRows
{
	AffinityDict *users;
	AffinityDict *items;
	uint32		n_kinds;		/* 1: none */
	AffinityParts parts;		/* rows: users' numbers, columns: items',
								 * times n_kinds plus the kind */
	bool		keep_at;		/* parts hold times; rows need one, unless
								 * those without are kept */
	bool		has_second;		/* pairs get a second value of them */
	bool		keep_events;
	bool		by_newest;		/* the newest time of each user is needed */
	bool		keep_visits;
	bool		has_time;		/* last_at is set */
	int64		last_at;
	int64		read;
	int64		skipped;
	int64		other;			/* of a kind that is not asked for */
	int64		tiny;
	int64		usable;			/* rows in the partitions */
	int			n_sharing;		/* processes that may share the chunks, beside
								 * this one; see place.c */
	bool		by_hash;		/* partitions are by hash of the user's id,
								 * not by number */
	int64		part_rows[AFFINITY_PARTS];	/* of each partition */
} AffinityRows;

typedef struct AffinityVisitBuild AffinityVisitBuild;
typedef struct AffinitySorter AffinitySorter;

/* The whole on its way. */
typedef struct AffinityBuild
{
	const AffinityReadRequest *request;
	AffinityRows *rows;
	uint32		n_users;		/* ids, and their ranks by number: those that
								 * rows have */
	uint32		n_items;
	const uint32 *user_rank;
	const uint32 *item_rank;
	AffinityMerge merge;
	int64	   *of_user;		/* entries after merging, by number */
	int64	   *of_item;		/* by rank */
	AffinityCsr by_user;
	AffinityCsr by_item;
	AffinityEvents *events;		/* NULL: nobody asks */
	int64	   *newest;			/* of each user by number; NULL: not needed */
	AffinityVisitBuild *visits; /* NULL: they do not matter */
	bool	   *keep_item;		/* by rank: even without entries; NULL: none */
	float	   *second_by_user; /* NULL: no second values */
	float	   *second_by_item;
} AffinityBuild;

/*
 * May the matrix have values? Dropped pairs that stay are known by theirs.
 */
static inline bool
affinity_interaction_has_values(const AffinityReadRequest *request)
{
	return !request->no_values || request->keep_dropped;
}

/* Is an item, by rank, one of the matrix's? Once entries are counted. */
static inline bool
affinity_interaction_has_item(const AffinityBuild *build, uint32 rank)
{
	return build->of_item[rank] > 0 ||
		(build->keep_item && build->keep_item[rank]);
}

/*
 * The column of an entry of a partition, by the rank of its item: kinds one
 * after another.
 */
static inline uint32
affinity_interaction_column(const AffinityRows *rows, const uint32 *rank,
							uint32 n_items, uint32 col)
{
	if (rows->n_kinds == 1)
		return rank[col];
	return col % rows->n_kinds * n_items + rank[col / rows->n_kinds];
}

/* An array that is read at random. */
static inline void *
affinity_interaction_array(int64 n, Size width)
{
	return affinity_base_alloc_array(CurrentMemoryContext, n, width);
}

/* Room for ids, beyond what is allowed, to find out how much is needed. */
#define AFFINITY_COUNTING_BYTES	((Size) 256 * 1024 * 1024)

#define AFFINITY_LARGE_WEIGHT	"a weight beyond the range of real"
#define AFFINITY_WEIGHT_HINT \
	"Leave such rows out of the query, or give them a finite weight."

/* refuse.c */
pg_noreturn extern void affinity_interaction_refuse_row(Datum user, Oid user_type,
														Datum item, Oid item_type,
														int sqlstate,
														const char *what,
														const char *hint);
extern void affinity_interaction_check_columns(const AffinityRows *rows);

/* read.c */
extern void affinity_interaction_run(const AffinityReadRequest *request,
									 const char *query, DestReceiver *to);
extern DestReceiver *affinity_interaction_receiver(const AffinityReadRequest *request);
extern AffinityRows *affinity_interaction_received(DestReceiver *receiver);
extern void affinity_interaction_rows_begin(AffinityRows *rows,
											const AffinityReadRequest *request);
extern AffinityRows *affinity_interaction_read_rows(const AffinityReadRequest *request);

/* visits.c */
extern Size affinity_interaction_visits_bytes(const AffinityRows *rows,
											  const AffinityReadRequest *request);
extern void affinity_interaction_visits_gather(AffinityBuild *build);
extern void affinity_interaction_visits_number(AffinityBuild *build);
extern void affinity_interaction_visits_keep(AffinityBuild *build,
											 AffinityInteractions *in);

/* events.c */
extern Size affinity_interaction_events_bytes(const AffinityRows *rows);
extern void affinity_interaction_events_gather(AffinityBuild *build);
extern void affinity_interaction_events_number(AffinityBuild *build);
extern void affinity_interaction_events_keep(AffinityInteractions *in);

/* baskets.c */
extern void affinity_interaction_baskets_read(const AffinityReadRequest *request,
											  AffinityInteractions *in);

/* sort.c */
extern void affinity_interaction_merge_begin(AffinityBuild *build);
pg_noreturn extern void affinity_interaction_too_large(const AffinityBuild *build);
extern AffinitySorter *affinity_interaction_sorter(const AffinityBuild *build);
extern void affinity_interaction_sort_part(AffinityBuild *build, uint32 p,
										   AffinitySorter *sorter);
extern void affinity_interaction_sorter_free(AffinitySorter *sorter);
extern void affinity_interaction_newest_begin(int64 *newest, uint32 n);
extern void affinity_interaction_sort(AffinityBuild *build);

/* place.c */
extern bool affinity_interaction_place(AffinityBuild *build,
									   AffinityInteractions *in);

/* matrix.c */
extern void affinity_interaction_sort_items(AffinityBuild *build);
extern uint32 *affinity_interaction_number_rows(const int64 *count,
												const bool *keep, uint32 n,
												AffinityCsr *csr);
extern void affinity_interaction_note_dropped(const AffinityBuild *build,
											  AffinityInteractions *in);
extern void affinity_interaction_give(AffinityBuild *build,
									  AffinityInteractions *in);
extern Size affinity_interaction_rows_bytes(const AffinityRows *rows,
											const AffinityReadRequest *request);
extern void affinity_interaction_number(AffinityBuild *build,
										AffinityInteractions *in,
										uint32 **column);
extern void affinity_interaction_build(AffinityRows *rows,
									   const AffinityReadRequest *request,
									   AffinityInteractions *in);

#endif							/* AFFINITY_INTERACTION_ROWS_H */
