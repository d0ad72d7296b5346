/*
 * item_knn.h
 *		Options and weights of item_knn; private to the room.
 */
#ifndef AFFINITY_TRAIN_ITEM_KNN_H
#define AFFINITY_TRAIN_ITEM_KNN_H

#include "interaction/interaction.h"

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
	SIMILARITY_PEARSON
} Similarity;

typedef enum Weights
{
	WEIGHTS_AUTO,
	WEIGHTS_BINARY,
	WEIGHTS_LOG,
	WEIGHTS_SQRT,
	WEIGHTS_LINEAR
} Weights;

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
} ItemKnnOptions;

extern double affinity_knn_weight(int weights, double weight);
extern void affinity_knn_weights(AffinityInteractions *in,
								 const ItemKnnOptions *options);
extern void affinity_knn_drop_values(AffinityInteractions *in);

#endif							/* AFFINITY_TRAIN_ITEM_KNN_H */
