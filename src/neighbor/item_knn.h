/*
 * item_knn.h
 *		Between the files of item_knn; private to the room.
 */
#ifndef AFFINITY_NEIGHBOR_ITEM_KNN_H
#define AFFINITY_NEIGHBOR_ITEM_KNN_H

#include "interaction/interaction.h"
#include "kernel/sparse.h"
#include "neighbor/neighbor.h"

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
	int			seen;
} ItemKnnOptions;

/* What participants share beside the matrix: the team's regions. */
typedef struct KnnShared
{
	ItemKnnOptions options;
	uint32		chunk_items;
	int			matrix;
	int			user_factor;
	int			left;
	int			right;
	int			x_log_x;
	int			stream;

	/* items whose lists have scores beyond the range of real; set by leader */
	uint32		n_most;
	uint32		n_least;
	uint32		most;			/* the first of each */
	uint32		least;
} KnnShared;

/* A participant's state. */
typedef struct KnnState
{
	const ItemKnnOptions *options;
	KnnShared  *shared;
	bool		is_signed;		/* some values may be below 0 */
	AffinityItemSink *sink;		/* leader */
	AffinityCsr by_user;		/* values as the similarity wants them */
	AffinityCsr by_item;
	double	   *user_factor;	/* what a user's entries are multiplied by */
	double	   *left;			/* per item: factor as a source */
	double	   *right;			/* per item: factor as a neighbor */
	double	   *x_log_x;		/* log_likelihood: for 0 to the number of
								 * users */
	int64		work;			/* since the last look at interrupts */

	/* one source item's sums */
	double	   *sum;
	double		clear;			/* what is in it where nothing was added */
	uint32	   *count;			/* users in common, where needed */
	bool		only_counted;	/* there may be counts that nothing touched */
	AffinityMoments *moments;	/* pearson, adjusted_cosine */
	uint32	   *touched;
	uint32		n_touched;
	int64		added;			/* additions to sum */

	float	   *score;			/* of the touched items */

	/* its best neighbors: rank keys, then what they stand for */
	uint32		n_best;
	uint64	   *best;
	uint64	   *scratch;
} KnnState;

/* item_knn_list.c */
extern bool affinity_neighbor_knn_on_sets(int similarity);
extern bool affinity_neighbor_knn_on_moments(int similarity);
extern void affinity_neighbor_knn_list(KnnState *s, uint32 item);

/* item_knn_rows.c */
extern float affinity_neighbor_knn_popularity(const KnnState *s, uint32 item);
extern void affinity_neighbor_knn_count_extremes(KnnShared *shared,
												 const AffinityItemRow *row);
extern void affinity_neighbor_knn_warn_of_extremes(const KnnShared *shared,
												   const AffinityDict *items);

/* item_knn_weights.c */
extern void affinity_neighbor_knn_settle(ItemKnnOptions *o,
										 const AffinityInteractions *in,
										 AffinityItemSink *sink);
extern void affinity_neighbor_knn_weights(AffinityInteractions *in,
										  const ItemKnnOptions *options);
extern void affinity_neighbor_knn_drop_values(AffinityInteractions *in);

#endif							/* AFFINITY_NEIGHBOR_ITEM_KNN_H */
