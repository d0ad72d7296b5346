/*
 * rows.h
 *		Rows on their way into a matrix: what read.c, parts.c, sort.c and
 *		matrix.c share.
 */
#ifndef AFFINITY_INTERACTION_ROWS_H
#define AFFINITY_INTERACTION_ROWS_H

#include "tcop/dest.h"

#include "interaction/interaction.h"
#include "parts/parts.h"

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
extern void affinity_interaction_newest_begin(int64 *newest, uint32 n);
extern void affinity_interaction_sort(AffinityBuild *build);

/* place_team.c */
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
extern void affinity_interaction_part_to_csr(AffinityParts *parts,
											 AffinityChunk *first,
											 uint32 n_last,
											 const uint32 *renumber,
											 int64 *next, uint32 *col,
											 AffinityCsrValues val);
extern void affinity_interaction_number(AffinityBuild *build,
										AffinityInteractions *in,
										uint32 **column);
extern void affinity_interaction_build(AffinityRows *rows,
									   const AffinityReadRequest *request,
									   AffinityInteractions *in);

#endif							/* AFFINITY_INTERACTION_ROWS_H */
