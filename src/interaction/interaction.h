/*
 * interaction.h
 *		From the rows of a query to a dictionary of ids and a sparse matrix.
 */
#ifndef AFFINITY_INTERACTION_H
#define AFFINITY_INTERACTION_H

#include "postgres.h"

#include <float.h>
#include <math.h>

#include "datatype/timestamp.h"

#include "base/base.h"
#include "dictionary/dictionary.h"
#include "kernel/csr.h"

/* ---- read.c ---------------------------------------------------------- */

/* How the times of a pair's rows weigh in its second value, "recency". */
typedef enum AffinityRecency
{
	AFFINITY_RECENCY_NONE,
	AFFINITY_RECENCY_LATEST,	/* decay of the pair's latest row */
	AFFINITY_RECENCY_SUM,		/* sum of weight times decay over its rows */
	AFFINITY_RECENCY_AGE,		/* of the latest row, in seconds, below 0 */
	AFFINITY_RECENCY_USER_AGE	/* the same before the user's newest row, or
								 * before the request's "now" */
} AffinityRecency;

/* What the weights of a pair's rows make of it. */
typedef enum AffinityPairValue
{
	AFFINITY_PAIR_ABOVE_0,		/* their sum; no pair where it is not above 0 */
	AFFINITY_PAIR_SIGNED,		/* their sum, whatever its sign */
	AFFINITY_PAIR_RATING		/* their mean, whatever its sign */
} AffinityPairValue;

/*
 * Kinds of events, such as buy and view. What is learned is which items users
 * have an event of the first kind with.
 */
#define AFFINITY_MOST_KINDS	8

typedef struct AffinityKinds
{
	int			n;
	char	   *name[AFFINITY_MOST_KINDS];
} AffinityKinds;

typedef struct AffinityReadRequest
{
	const char *query;			/* user, item, weight [, time [, kind]] */
	const char *baskets;		/* in its place: user, basket, without kinds;
								 * NULL: none */
	const AffinityKinds *kinds; /* of the query's fifth column; NULL: it has
								 * none */
	int			n_args;			/* parameters of the query */
	Oid		   *arg_types;
	Datum	   *args;
	Oid			user_type;		/* types that ids must have; InvalidOid: any */
	Oid			item_type;
	bool		read_only;		/* use the caller's snapshot */
	bool		parallel;		/* several processes may read, if it is worth
								 * it */
	bool		skip_bad;		/* skip NaN and infinite weights: no error */
	bool		keep_dropped;	/* pairs without a value that counts, NULL
								 * weights too, stay in the matrix, as NaN */
	AffinityPairValue value;
	bool		no_values;		/* what pairs are worth only says which there
								 * are: the matrix keeps no values */
	AffinityRecency recency;
	double		half_life;		/* microseconds; with recency */
	bool		events;			/* users' rows in order of time, too */
	bool		recency_by_user;	/* in both orientations */
	bool		keep_untimed;	/* rows without a time are older than any;
								 * else they are skipped, with recency */
	bool		from_now;		/* USER_AGE is that before now */
	int64		now;			/* microseconds since 2000 */
	int64		visit;			/* span of a visit, microseconds; 0: visits do
								 * not matter */
	double		visit_decay;
	bool		visits_of_pairs;	/* of each pair, and not only of items */
	bool		visits_if_room; /* none where they do not fit into memory */
	int64		max_bytes;		/* memory allowed; 0: no limit */
	double		users;			/* part of the users that the query gives,
								 * where it may be less; 0: it may not */
	Size	   *needed;			/* what is needed where that is more than is
								 * allowed: no error, and nothing is read */
	int64		max_history;	/* pairs of a user that are kept; 0: all */
	const char *times_of;		/* with max_history: a relation with user_id,
								 * item_id and at; NULL: there are no times */
	void		(*progress) (int64 rows);	/* told now and then, if set */
	const AffinityDict *more_items; /* sorted, of the items' type: items even
									 * if no row has them; NULL: none */
	bool		journal;		/* keep every row as it is */
	const struct AffinityJournalPart *part; /* rows come from there: no query
											 * runs */
} AffinityReadRequest;

/* A user's rows of an item at one time: they count together. */
typedef struct AffinityEvent
{
	int64		at;
	uint32		item;
	float		weight;			/* above 0 */
} AffinityEvent;

/* Events of users, one user after the other. */
typedef struct AffinityEvents
{
	int64	   *start;			/* by user, n_users + 1 */
	AffinityEvent *event;		/* in order of time, then of item */
} AffinityEvents;

/*
 * How often a user had an item again, of how many visits since the first with
 * it; see visits.c.
 */
typedef struct AffinityAgain
{
	float		again;
	float		visits;
} AffinityAgain;

/* The same of all users, in units of 2^-20. */
typedef struct AffinityVisitSum
{
	int64		again;
	int64		visits;
} AffinityVisitSum;

/*
 * Interactions in both orientations. Users and items are numbered in the
 * order of their ids, so nothing that is computed from here depends on the
 * order in which rows came.
 */
typedef struct AffinityInteractions
{
	AffinityDict *users;
	AffinityDict *items;
	AffinityCsr by_user;		/* rows: users, columns: items */
	AffinityCsr by_item;		/* rows: items, columns: users */
	uint32		n_items;		/* of the dictionary */
	uint32		n_kinds;		/* above 1: an event of kind k with item i has
								 * the column k * n_items + i */
	float	   *recency;		/* beside by_item's entries, or NULL */
	AffinityEvents *events;		/* of pairs that are in the matrix, or NULL */
	float	   *recency_by_user;	/* the same beside by_user's */
	AffinityAgain *again;		/* beside by_user's entries, or NULL */
	AffinityVisitSum *item_visits;	/* by item, or NULL */
	int64		pairs;			/* entries, before any history is shortened */
	uint32		long_users;		/* whose histories are shortened */
	int64		longest;		/* of these histories, before */
	float	   *popularity;		/* users of each item, before; NULL where no
								 * history is shortened */
	int64		rows;			/* rows that the query gave */
	int64		skipped_rows;	/* NULL user, item or weight; NULL kind */
	int64		other_rows;		/* of kinds that are not asked for */
	int64		tiny_rows;		/* weight nearer to 0 than AFFINITY_LEAST */
	int64		dropped_pairs;	/* summed weight not above 0, where that
								 * matters */
	Datum		dropped_user;	/* the first of them */
	Datum		dropped_item;
	double		dropped_weight;
	uint32		dropped_users;	/* who have no other pair */
	uint32		dropped_items;
	int64		last_at;		/* newest, microseconds since 2000; see
								 * has_time */
	bool		has_time;
	const struct AffinityAttributes *attributes;	/* of items, or NULL; see
													 * attribute/ */
} AffinityInteractions;

/*
 * Weights nearer to 0 count as this much: what is above 0 must not become 0
 * in a real, or in what is made of it.
 */
#define AFFINITY_LEAST	FLT_MIN

static inline bool
affinity_interaction_is_tiny(double weight)
{
	return weight != 0 && fabs(weight) < AFFINITY_LEAST;
}

/* A row's weight as a real; infinite where it is beyond its range. */
static inline float
affinity_interaction_weight(double weight)
{
	return affinity_interaction_is_tiny(weight) ?
		(float) copysign(AFFINITY_LEAST, weight) : (float) weight;
}

/*
 * Age in seconds, below 0, of what happened at a time, before the newest one
 * or now; DT_NOBEGIN stands for no time. What is without one is older than
 * all, but where nothing has one. What is to come is as new as can be.
 */
static inline float
affinity_interaction_age(int64 newest, int64 at)
{
	double		age = (double) newest - (double) at;

	if (newest == DT_NOBEGIN)
		return 0;
	return at == DT_NOBEGIN ? -INFINITY :
		-(float) (Max(age, 0) / USECS_PER_SEC);
}

extern void affinity_interaction_init(void);
extern AffinityInteractions *affinity_interaction_read(const AffinityReadRequest *request);
extern int	affinity_interaction_kind(const AffinityKinds *kinds, Datum name);

/* ---- visits.c ---------------------------------------------------------- */

/* A visit of a user with one of the user's items. */
typedef struct AffinityVisit
{
	int64		no;
	uint32		item;			/* below the number of items */
} AffinityVisit;

extern int64 affinity_interaction_visit(int64 at, int64 span);
extern void affinity_interaction_again(AffinityVisit *visit, int64 n,
									   double decay, AffinityAgain *of_item,
									   uint32 n_items);

/*
 * Are rows without a time left out?
 */
static inline bool
affinity_interaction_needs_time(const AffinityReadRequest *request)
{
	return (request->recency != AFFINITY_RECENCY_NONE || request->events) &&
		!request->keep_untimed;
}

/* ---- journal.c --------------------------------------------------------- */

/* The time of a row that has none. */
#define AFFINITY_NO_TIME	PG_INT64_MIN

typedef struct AffinityJournalRow
{
	uint32		item;
	float		weight;			/* NaN where it is NULL */
	int64		at;				/* microseconds since 2000 */
} AffinityJournalRow;

/*
 * All rows of a query, one by one, so that many matrices can be made of parts
 * of them. Users and items are numbered in the order of their ids; a user's
 * rows are in the order of item, time and weight. With kinds, the item of a row
 * is its column in a matrix of all of them.
 */
typedef struct AffinityJournal
{
	AffinityDict *users;
	AffinityDict *items;
	uint32		n_users;
	uint32		n_items;
	uint32		n_kinds;		/* 1: rows have none */
	int64	   *start;			/* n_users + 1 offsets into row */
	AffinityJournalRow *row;
	bool		has_time;		/* some row has one */
	int64		rows;			/* that the query gave */
	int64		skipped_rows;	/* NULL user or item */
} AffinityJournal;

/* Those rows whose role has one of some bits. */
typedef struct AffinityJournalPart
{
	const AffinityJournal *journal;
	const uint8 *role;			/* beside the rows; NULL: all rows */
	uint8		wanted;
} AffinityJournalPart;

static inline bool
affinity_interaction_is_in(const AffinityJournalPart *part, int64 row)
{
	return part->role == NULL || (part->role[row] & part->wanted) != 0;
}

extern AffinityJournal *affinity_interaction_journal_read(const AffinityReadRequest *request);
extern AffinityInteractions *affinity_interaction_journal_select(const AffinityJournalPart *part,
																 const AffinityReadRequest *request);

/* ---- shorten.c --------------------------------------------------------- */

extern void affinity_interaction_shorten(AffinityInteractions *in,
										 const AffinityReadRequest *request);

#endif							/* AFFINITY_INTERACTION_H */
