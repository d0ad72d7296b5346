/*
 * low_rank_fold.h
 *		What the files of folding share; private to them.
 */
#ifndef AFFINITY_LINEAR_LOW_RANK_FOLD_H
#define AFFINITY_LINEAR_LOW_RANK_FOLD_H

#include "kernel/dense.h"
#include "kernel/topk.h"
#include "linear/low_rank.h"

/* A weight of E that is to be met. */
typedef struct Waiting
{
	uint32		place;
	float		weight;
} Waiting;

typedef struct Fold
{
	AffinityTeam *team;
	const FoldTask *task;
	const AffinityBlas *blas;
	const AffinityDense *dense;
	uint32		n;
	uint32		rank;
	uint32		k;
	uint32		n_pieces;		/* of the columns */
	const float *right;
	const float *length;
	const float *left;
	const float *value;
	const uint32 *place;
	const uint32 *item;
	const Size *start;
	const int32 *list_item;
	const float *list_weight;
	AffinityCsr by_user;		/* with a graph */
	AffinityCsr by_item;
	const double *user_factor;
	const double *item_scale;
	const double *column_scale;

	/* a participant's own */
	float	   *block;			/* rows of the left side */
	float	   *product;		/* BLOCK x COLUMNS */
	Waiting    *waiting;		/* of all rows of the block, by pieces */
	Size		n_waiting;
	Size	   *next;			/* per row and piece */
	Size		row_start[BLOCK + 1];	/* E of the block */
	const int32 *row_item;
	const float *row_weight;
	int32	   *graph_item;		/* its room, with a graph */
	float	   *graph_weight;
	Size		graph_room;
	double	   *sum;
	uint32	   *touched;
	int64		work;
	AffinityTopK top[BLOCK];
	uint64	   *scratch;
} Fold;

/*
 * Where the weights of a row that are met in a piece begin; those of the next
 * piece, or of the next row, begin where they end.
 */
static inline Size
affinity_linear_fold_from(const Fold *f, uint32 row, uint32 piece)
{
	Size		p = (Size) row * f->n_pieces + piece;

	/* next[p] went on to the end of p */
	return p == 0 ? 0 : f->next[p - 1];
}

static inline Size
affinity_linear_fold_end(const Fold *f, uint32 row, uint32 piece)
{
	return f->next[(Size) row * f->n_pieces + piece];
}

/* low_rank_rows.c */
extern void affinity_linear_fold_rows_begin(Fold *f);
extern void affinity_linear_fold_rows(Fold *f, uint32 first, uint32 n_rows);

#endif							/* AFFINITY_LINEAR_LOW_RANK_FOLD_H */
