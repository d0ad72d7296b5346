/*
 * item_knn.h
 *		Between the files of item_knn; private to the room.
 */
#ifndef AFFINITY_NEIGHBOR_ITEM_KNN_H
#define AFFINITY_NEIGHBOR_ITEM_KNN_H

#include "attribute/attribute.h"
#include "kernel/sparse.h"
#include "neighbor/lists.h"

/* In the order of the names in item_knn.c. */
typedef enum Similarity
{
	SIMILARITY_DEGREE,
	SIMILARITY_COSINE,
	SIMILARITY_JACCARD,
	SIMILARITY_DICE,
	SIMILARITY_OVERLAP,
	SIMILARITY_CONDITIONAL,
	SIMILARITY_LIFT,
	SIMILARITY_LOG_LIKELIHOOD,
	SIMILARITY_PEARSON,
	SIMILARITY_ADJUSTED
} Similarity;

typedef enum Weighting
{
	WEIGHTING_NONE,
	WEIGHTING_TF_IDF,
	WEIGHTING_BM25
} Weighting;

typedef struct ItemKnnOptions
{
	int32		neighbors;
	int			similarity;
	int			weights;
	int			weighting;
	double		bm25_k1;
	double		bm25_b;
	double		shrinkage;
	int32		min_support;
	double		user_exponent;
	double		item_exponent;
	double		neighbor_exponent;
	int32		max_history;
	AffinityTimes times;
	AffinityAttributeOptions attributes;
	int			seen;
	double		users;
} ItemKnnOptions;

/* What participants share beside the matrix: the team's regions. */
typedef struct KnnShared
{
	ItemKnnOptions options;
	NeighborLists lists;
	int			matrix;
	int			user_factor;
	int			left;
	int			right;
	int			x_log_x;
	int			trend;
	int			target_end;
} KnnShared;

/* A participant's state. */
typedef struct KnnState
{
	const ItemKnnOptions *options;
	KnnShared  *shared;
	bool		is_signed;		/* some values may be below 0 */
	NeighborList list;
	AffinityCsr by_user;		/* values as the similarity wants them */
	AffinityCsr by_item;
	uint32		n_items;
	uint32		n_kinds;		/* of events; by_item has a row for each item
								 * of each, as in AffinityInteractions */
	int64	   *target_end;		/* by user: where entries of other kinds than
								 * the first begin; NULL: there is one */
	double	   *user_factor;	/* what a user's entries are multiplied by */
	double	   *left;			/* per row of by_item: factor as a source */
	double	   *right;			/* per item: factor as a neighbor */
	double	   *x_log_x;		/* for 0 to the number of users, where a
								 * likelihood is needed */
	const float *trend;			/* of the items, unless right has it; NULL:
								 * none */
	int64		work;			/* since the last look at interrupts */

	/* one source item's sums */
	uint32		self;			/* no neighbor; n_items: all may be */
	bool		cross;			/* events of another kind than the neighbors' */
	double	   *sum;
	double		clear;			/* what is in it where nothing was added */
	uint32	   *count;			/* users in common, where needed */
	bool		counts;			/* they are, for all sources */
	bool		only_counted;	/* there may be counts that nothing touched */
	AffinityMoments *moments;	/* pearson, adjusted_cosine */
	int64		added;			/* additions to sum */
} KnnState;

/* item_knn_factors.c */
extern bool affinity_neighbor_knn_needs_logarithms(const ItemKnnOptions *o,
												   uint32 n_kinds);
extern void affinity_neighbor_knn_factors(KnnState *s, const float *trend);

/* item_knn_list.c */
extern bool affinity_neighbor_knn_on_sets(int similarity);
extern bool affinity_neighbor_knn_is_product(int similarity);
extern bool affinity_neighbor_knn_on_moments(int similarity);
extern void affinity_neighbor_knn_list(KnnState *s, uint32 item, uint32 kind);

/* item_knn_weights.c */
extern void affinity_neighbor_knn_settle(ItemKnnOptions *o,
										 const AffinityInteractions *in,
										 AffinityItemSink *sink);
extern void affinity_neighbor_knn_weights(AffinityInteractions *in,
										  const ItemKnnOptions *options);
extern void affinity_neighbor_knn_drop_values(AffinityInteractions *in);

/* item_knn.c */
extern void affinity_neighbor_knn_prepare(KnnState *s);

/* item_knn_update.c */
extern void affinity_neighbor_knn_changes(AffinityUpdate *u,
										  const ItemKnnOptions *o);

/* item_knn_renew.c */
extern uint32 *affinity_neighbor_knn_order(const AffinityUpdate *u, uint32 *n);
extern AffinityUpdateWay affinity_neighbor_knn_update_way(const void *options);
extern void affinity_neighbor_knn_update(AffinityUpdate *u,
										 const void *options);
extern void affinity_neighbor_knn_exact(AffinityUpdate *u, const void *options,
										AffinityInteractions *in,
										const uint32 *no, const uint32 *item,
										uint32 n,
										void (*take) (void *state,
													  const AffinityItemRow *row),
										void *state);

#endif							/* AFFINITY_NEIGHBOR_ITEM_KNN_H */
