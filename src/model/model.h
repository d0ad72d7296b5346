/*
 * model.h
 *		A model: a schema with an "interactions" view, an "items" table and
 *		one row in a "model" table, whose type marks the schema as a model.
 */
#ifndef AFFINITY_MODEL_H
#define AFFINITY_MODEL_H

#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "nodes/parsenodes.h"
#include "storage/itemptr.h"
#include "utils/array.h"
#include "utils/relcache.h"
#include "utils/timestamp.h"

#include "cache/cache.h"
#include "definition/definition.h"
#include "score/score.h"

/* Queries that lookups run often; their plans are kept with the model. */
typedef enum AffinityModelQuery
{
	AFFINITY_QUERY_HISTORY,		/* user -> item_id, weight[, at] */
	AFFINITY_QUERY_TIMED_HISTORY,	/* user -> item_id, weight, at */
	AFFINITY_QUERY_ITEMS_BY_ID, /* item_id[] -> item rows */
	AFFINITY_QUERY_IDS_BY_NO,	/* item_no[] -> item_no, item_id, popularity */
	AFFINITY_QUERY_LISTS_BY_NO, /* item_no[] -> item_no, neighbors, scores */
	AFFINITY_QUERY_RATES_BY_NO, /* item_no[] -> item_no, repeat_rate */
	AFFINITY_QUERY_NOS_BY_ID,	/* item_id[] -> item_no, item_id, popularity */
	AFFINITY_QUERY_POPULAR,		/* limit -> item_no, item_id, popularity */
	AFFINITY_QUERY_USER_GROUP,	/* group -> trending, items, scores */
	AFFINITY_QUERY_EVERYBODY,	/* 0 -> the same of all users */
	AFFINITY_N_QUERIES
} AffinityModelQuery;

/*
 * A row of the table "model" among those of the same version: of models that
 * are received there may be several, one after another.
 */
typedef struct AffinityRowMark
{
	TransactionId writer;
	ItemPointerData tid;
} AffinityRowMark;

static inline bool
affinity_model_same_row(const AffinityRowMark *a, const AffinityRowMark *b)
{
	return a->writer == b->writer &&
		memcmp(&a->tid, &b->tid, sizeof(ItemPointerData)) == 0;
}

/* See image.h. */
typedef struct AffinityImage AffinityImage;

/*
 * What a backend knows of one version of a model. Immutable but for the
 * plans, which the plan cache keeps valid, and for what is of a call.
 */
typedef struct AffinityModel
{
	Oid			relation;		/* of the "model" table: the cache's key */
	Oid			schema;
	char	   *schema_name;	/* as it was when the plans were made */
	bool		trained;		/* if not, it has no items */
	bool		kept;			/* interactions are read from the copy */
	Oid			local;			/* or from this view; invalid: there is none */
	bool		grouped;		/* knows groups of users */
	bool		has_time;		/* the source had times */
	bool		timed;			/* with their times, which decay histories */
	int64		version;
	AffinityRowMark row;		/* which row says so */
	struct TupleTableSlot *row_slot;	/* to look at it again; NULL: not yet */
	uint64		serial;			/* of this struct, never used again */
	const AffinityAlgorithm *algorithm;
	void	   *options;		/* the algorithm's struct */
	Oid			user_type;
	Oid			item_type;
	const AffinityKinds *kinds; /* of events, NULL: there are none */
	uint32		n_kinds;		/* 1 where there are none */
	double		kind_factor[AFFINITY_MOST_KINDS];
	uint32		n_items;		/* items are numbered 0 to n_items - 1 */
	uint32		n_sorted;		/* those up to here in order of id; others
								 * came with incremental refreshes */
	MemoryContext context;
	int			pins;			/* calls that use it now */
	uint64		calls;			/* that used it before this one */
	bool		replaced;		/* no longer cached: goes with its last pin */
	SPIPlanPtr	plan[AFFINITY_N_QUERIES];
	List	   *old_plans;		/* of the names before */
	AffinityFactors *factors;	/* NULL: not read yet */
	MemoryContext factors_context;
	float	   *popularity;		/* by number; NULL: not read yet */
	struct AffinityModelIds *ids;	/* NULL: not read, see ids.c */
	uint64		ids_sought;		/* in large arrays */
	bool		ids_refused;	/* they do not fit */
	uint32		factors_uses;	/* calls since they were read */

	/* of the calls that use it now */
	TransactionId writer;		/* of its row; invalid: this transaction */
	Oid			items;			/* the table */
	Oid			items_file;
	TransactionId items_made;	/* by which transaction */
	bool		items_guarded;	/* by policies */
	uint64		looked_at;		/* see known.c */

	uint64		known_at;
	Oid			known_by;
	Oid			source;			/* of histories; invalid: not looked up */
	bool		cold;			/* something had to be read first */
	bool		image_tried;
	AffinityImage *image;		/* NULL: there is none */
	AffinityCachePin image_pin;
	TimestampTz image_failed;	/* when there was no room; 0: never */
} AffinityModel;

/* cache.c */
extern AffinityModel *affinity_model_open(Oid schema);

extern Size affinity_model_kept_bytes(const AffinityModel *model);

/* ids.c */
extern Size affinity_model_ids_bytes(const AffinityModel *model);
extern bool affinity_model_is_shared(AffinityModel *model);

/* factors.c */
extern void affinity_model_scorer(AffinityModel *model, bool factors,
								  AffinityScorer *scorer);

/* popularity.c */
extern const float *affinity_model_popularity(AffinityModel *model);

/*
 * Ids that are looked up by one query: a plan may hold them as constants, some
 * 350 bytes each.
 */
#define AFFINITY_LOOKED_UP	((uint32) 4096)

/* ---- lookup.c: single rows of the items -------------------------------- */

typedef struct AffinityItem
{
	uint32		no;
	Datum		id;
	float		popularity;
} AffinityItem;

typedef struct AffinityItems
{
	uint32		n;
	AffinityItem *item;
} AffinityItems;

/* An item whose list holds another one, or that one itself. */
typedef struct AffinitySource
{
	float		similarity[AFFINITY_MOST_KINDS];	/* by kind of event; of
													 * the item itself: 0 in
													 * its own kind */
	bool		is_item;
} AffinitySource;

typedef struct AffinitySources
{
	uint32		n;
	uint32		n_sorted;		/* of which are in order of id, as in a model */
	Datum	   *id;
	AffinitySource *source;
} AffinitySources;

extern void affinity_model_popular(AffinityModel *model, int64 limit,
								   AffinityItems *items);
extern void affinity_model_sources(const AffinityModel *model, uint32 item,
								   AffinitySources *sources);
extern Datum affinity_model_array(Datum *ids, int n, Oid type);

/* Queries, and columns of their rows that cannot be null. */
extern SPITupleTable *affinity_model_query(AffinityModel *model,
										   AffinityModelQuery query,
										   Datum argument, const Oid *types,
										   int n_types);
extern Datum affinity_model_column(const AffinityModel *model,
								   const SPITupleTable *table, uint64 row,
								   int no);

/* ---- given.c: items by ids or numbers, ascending by number -------------- */

extern void affinity_model_items_by_id(AffinityModel *model, Datum ids,
									   AffinityItems *items);
extern void affinity_model_items_by_no(AffinityModel *model, const uint32 *no,
									   uint32 n, AffinityItems *items);
extern Datum affinity_model_item_id(const AffinityItems *items, uint32 no);

/* items.c */
extern Datum *affinity_model_read_ids(const AffinityModel *model);
extern void affinity_model_check_list(const AffinityModel *model,
									  ArrayType *neighbors, ArrayType *scores,
									  uint32 kind, AffinityList *list);

/* checks.c */
extern Oid	affinity_model_column_type(Oid schema, const char *schema_name,
									   const char *relation,
									   const char *column);
extern char *affinity_model_source(const AffinityModel *model);
extern char *affinity_model_interactions(const AffinityModel *model);
extern void affinity_model_check_ids(const AffinityModel *model,
									 Datum first, uint32 second_no,
									 Datum second);

/* ---- history.c: one user ----------------------------------------------- */

/*
 * What the model knows of a history, with lists, and the items' ids. Numbers
 * of items that the user has seen beside it are in no order.
 */
typedef struct AffinityModelHistory
{
	AffinityHistory history;
	AffinityAgain *again;		/* of each item; NULL: not asked for */
	Datum	   *id;
	uint32		n_seen;
	uint32	   *seen;
} AffinityModelHistory;

extern void affinity_model_history(AffinityModel *model, Datum user,
								   bool repeat, AffinityModelHistory *history);
extern void affinity_model_offer_lists(AffinityModel *model,
									   AffinityScorer *scorer);
extern void affinity_model_recent(AffinityModel *model, Datum user,
								  int64 after, AffinityItems *items);
extern Oid	affinity_model_time_type(const AffinityModel *model);
extern int64 affinity_model_now(const AffinityModel *model);
extern void affinity_model_check_repeat(const AffinityModel *model);
extern float *affinity_model_rates(const AffinityModel *model);
extern int64 affinity_model_before_now(const AffinityModel *model,
									   const Interval *interval);
extern void affinity_model_basket(AffinityModel *model, Datum items,
								  AffinityModelHistory *history);
extern void affinity_model_basket_of_rows(AffinityModel *model, Datum items,
										  ArrayType *weights, ArrayType *times,
										  AffinityModelHistory *history);
extern char *affinity_model_relation(const AffinityModel *model,
									 const char *name);
extern Datum affinity_model_history_ids(AffinityModel *model, Datum user,
										int *n);

/* ---- items.c: all rows of the items; columns that are asked for */

#define AFFINITY_ITEM_ID			0x02
#define AFFINITY_ITEM_POPULARITY	0x04
#define AFFINITY_ITEM_LISTS			0x18
#define AFFINITY_ITEM_FACTORS		0x20
#define AFFINITY_ITEM_REPEAT_RATE	0x40

typedef struct AffinityItemScan AffinityItemScan;

/* A row: what was asked for, as it is stored, and not null but for rates. */
typedef struct AffinityStoredItem
{
	uint32		no;
	ItemPointerData tid;
	Datum		id;
	float		popularity;
	Datum		neighbors;
	Datum		scores;
	Datum		factors;
	Datum		repeat_rate;
	bool		has_no_rate;	/* it is null */
} AffinityStoredItem;

extern void affinity_model_check_items(AffinityModel *model);
extern AffinityItemScan *affinity_model_items_begin(const AffinityModel *model,
													int columns);
extern bool affinity_model_items_next(AffinityItemScan *scan,
									  AffinityStoredItem *item);
extern void affinity_model_items_end(AffinityItemScan *scan);
extern void affinity_model_check_list(const AffinityModel *model,
									  ArrayType *neighbors, ArrayType *scores,
									  uint32 kind, AffinityList *list);

/* find.c */
extern Oid	affinity_model_record_type(void);
extern Oid	affinity_model_table(Oid schema);
extern Oid	affinity_model_schema_owner(Oid schema);
extern Oid	affinity_model_schema(const char *name, Oid *table);
pg_noreturn extern void affinity_model_missing(const char *name);

/* What to do where a model is being refreshed or changed by somebody else. */
typedef enum AffinityIfRunning
{
	AFFINITY_RUNNING_WAIT,
	AFFINITY_RUNNING_SKIP,
	AFFINITY_RUNNING_ERROR
} AffinityIfRunning;

extern bool affinity_model_lock(const char *name, Oid table,
								AffinityIfRunning if_running);

extern const char *affinity_model_serves(const AffinityModel *model);

/* row.c: attributes of affinity.model_record */
typedef enum ModelAttribute
{
	MODEL_VERSION = 1,
	MODEL_ALGORITHM,
	MODEL_OPTIONS,
	MODEL_HAS_TIME,
	MODEL_USERS,
	MODEL_ITEMS,
	MODEL_INTERACTIONS,
	MODEL_SOURCE_ROWS,
	MODEL_SKIPPED_ROWS,
	MODEL_DROPPED_PAIRS,
	MODEL_TRAINED_AT,
	MODEL_DURATION,
	MODEL_TRAINING,
	MODEL_PARAMETERS,			/* may be null; large */
	MODEL_N_ATTRIBUTES = MODEL_PARAMETERS
} ModelAttribute;

extern const Oid affinity_model_row_types[MODEL_N_ATTRIBUTES];

extern bool affinity_model_row_fits(Relation table);
extern bool affinity_model_row_read(Relation table, const char *schema_name,
									const AffinityModel *known,
									Datum *values, AffinityRowMark *mark);

/*
 * Figures in the column "training" of who was brought up to date by
 * incremental refreshes, and what these need.
 */
#define AFFINITY_FIGURE_NEWEST		"newest"	/* time of the newest row that
												 * was read */
#define AFFINITY_FIGURE_APPENDED	"appended_items"
#define AFFINITY_FIGURE_REFRESHED	"refreshed_at"	/* seconds since 1970 */
#define AFFINITY_FIGURE_ROWS		"rows_since"
#define AFFINITY_FIGURE_USERS		"users_since"
#define AFFINITY_FIGURE_ITEMS		"items_since"
#define AFFINITY_FIGURE_DRIFT		"drift"

extern double affinity_model_figure(Jsonb *training, const char *name);

/* Times in figures: seconds since 1970; of time stamps without a zone, as if
 * they were UTC. */
#define AFFINITY_EPOCH_SECONDS \
	((double) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY)

static inline double
affinity_model_seconds(int64 at)
{
	return (double) at / USECS_PER_SEC + AFFINITY_EPOCH_SECONDS;
}

static inline int64
affinity_model_moment(double seconds)
{
	return (int64) rint((seconds - AFFINITY_EPOCH_SECONDS) * USECS_PER_SEC);
}

/*
 * The latest time that a row may have: what is to come lies in the future by
 * mistake, and must not hide what follows. Without a zone it may be that of any.
 */
static inline int64
affinity_model_latest(Oid at_type, int64 now)
{
	return at_type == TIMESTAMPOID ? now + 14 * USECS_PER_HOUR : now;
}

#endif							/* AFFINITY_MODEL_H */
