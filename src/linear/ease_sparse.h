/*
 * ease_sparse.h
 *		What the files of sparse ease share; private to them.
 */
#ifndef AFFINITY_LINEAR_EASE_SPARSE_H
#define AFFINITY_LINEAR_EASE_SPARSE_H

#include "miscadmin.h"
#include "utils/memutils.h"

#include "kernel/dense.h"
#include "kernel/topk.h"
#include "linear/ease.h"

/* Items whose products with each other are kept. */
#define HEADS		4096
#define NO_HEAD		UINT32_MAX

/* Additions between two looks at interrupts: some milliseconds. */
#define WORK_PIECE	((int64) 1 << 20)

#define NO_PLACE	UINT16_MAX

/* A user who has a candidate that is no head. */
typedef struct Met
{
	Size		begin;			/* of the user's places in the list */
	Size		end;
	double		factor;
} Met;

/* The column, plus 1, in which a user was last met, and where. */
typedef struct Mark
{
	uint32		column;
	uint32		met;
} Mark;

/* What attributes say of weights: see ease_prior.c. */
typedef struct EasePrior
{
	double	   *weight;			/* that a similarity of 1 stands for */
	double	   *product;		/* of each column, for "auto" */
	double	   *square;
	int64	   *start;			/* n + 1; NULL: nothing */
	uint32	   *item;			/* ascending within a row */
	float	   *similarity;
} EasePrior;

typedef struct EaseSparse
{
	const EaseTask *task;
	const AffinityBlas *blas;
	const AffinityDense *dense;
	AffinityTeam *team;
	AffinityCsr by_user;
	AffinityCsr by_item;
	const double *user_factor;
	const double *penalty;
	const double *output;
	uint32		n;				/* items */
	uint32		n_candidates;	/* most of a column */
	const uint32 *due;			/* numbers of the columns of items; NULL: all
								 * are due, in order of items */
	EasePrior	prior;			/* what attributes say */

	/* regions */
	float	   *heads;			/* row h: products with heads 0 to h */
	int64	   *row_start;		/* n + 1 */
	double	   *diagonal;		/* of G */
	double	   *right;			/* factors of candidates' products */
	uint32	   *head;			/* number as a head, or NO_HEAD */
	uint32	   *column_n;		/* candidates of each column */
	uint32	   *column_item;
	float	   *column_weight;
	uint32	   *row_item;
	float	   *row_weight;

	/* a participant's own: pass 1 */
	double	   *sum;
	uint32	   *touched;
	float	   *score;
	uint64	   *key;
	uint64	   *scratch;

	/* pass 2: the equations */
	size_t		order;			/* of the matrix in reals: n, padded */
	size_t		width;			/* of its rows, the right side included */
	float	   *matrix;			/* aligned, as are the vectors */
	float	   *inverse;		/* of the diagonal, or of pivots */
	float	   *solution;
	float	   *residual;
	float	   *direction;
	float	   *product;
	float	   *scale;			/* the diagonal of the equations */
	double	   *gram;			/* in doubles, where they are needed */
	double	   *row;			/* products of one candidate */
	double	   *own_penalty;	/* of the column's candidates */
	float	   *wanted;			/* users of every item, the mean being 1; of
								 * one that nobody has 1 */
	float	   *expected;		/* of every item: what attributes say of its
								 * weight in the column */
	uint32	   *number;			/* candidates' numbers as heads */
	/* products by users: who has which candidate */
	uint32	   *seen;			/* of every user: see kernel/sparse.c */
	uint32		seen_base;
	uint32	   *entry;
	float	   *entry_x;
	Size		entry_size;
	float	   *total;			/* of a user's candidates */
	float	   *factor;			/* what the user counts */
	/* products by candidates */
	uint16	   *place;			/* of an item in the column, or NO_PLACE */
	Mark	   *mark;			/* of every user */
	uint32		n_met;
	uint32	   *user;			/* who was met */
	Met		   *met;
	uint16	   *list;			/* places that users have, heads first */
	float	   *list_x;			/* with which values; NULL: 1 */
	Size		list_size;
	int64		work;

	/* pass 3 */
	EaseChoice	choice;
} EaseSparse;

static inline bool
affinity_linear_ease_is_due(const EaseSparse *s, uint32 j)
{
	return s->due == NULL || s->due[j] != EASE_NOT_DUE;
}

/* Where the candidates of a column are that is due. */
static inline Size
affinity_linear_ease_place(const EaseSparse *s, uint32 j)
{
	return (Size) (s->due ? s->due[j] : j) * s->n_candidates;
}

static inline Size
affinity_linear_ease_triangle(Size n)
{
	return n * (n + 1) / 2;
}

/* One entry more than asked for: see kernel/sparse.c. */
static inline void *
affinity_linear_ease_array(Size n, Size width)
{
	return affinity_base_zeroed_array(n + 1, width);
}

static inline void
affinity_linear_ease_work(EaseSparse *s, int64 work)
{
	s->work += work;
	if (s->work >= WORK_PIECE)
	{
		CHECK_FOR_INTERRUPTS();
		s->work = 0;
	}
}

/* The equations of a column: (G_SS + L_S) b = G_Sj. */
typedef struct EaseColumn
{
	uint32		j;
	uint32		n;				/* candidates */
	uint32		heads;			/* which are the first */
	const uint32 *item;			/* they */
	float	   *weight;			/* the right side; the solution */
	double	   *penalty;		/* in the column */
	double		trace;
	double		least;			/* penalty */
	double		share;			/* least that a penalty is of its diagonal */
	int64		entries;		/* users of all candidates together */
	int64		others;			/* of those that are no heads */
	int64		of_users;		/* of the others' users, about */
} EaseColumn;

/* ease_columns.c */
extern void affinity_linear_ease_columns_begin(EaseSparse *s);
extern void affinity_linear_ease_solve_column(EaseSparse *s, uint32 j);

/* ease_gram.c */
extern void affinity_linear_ease_gram_begin(EaseSparse *s);
extern void affinity_linear_ease_gram(EaseSparse *s, const EaseColumn *c,
									  bool doubles);

/* ease_steps.c */
extern void affinity_linear_ease_steps_begin(EaseSparse *s);
extern bool affinity_linear_ease_steps(EaseSparse *s, const EaseColumn *c,
									   bool by_users);

/* ease_prior.c */
extern void affinity_linear_ease_prior_begin(EaseSparse *s);
extern uint32 affinity_linear_ease_prior_candidates(EaseSparse *s, uint32 j,
													uint32 n);
extern void affinity_linear_ease_expect(EaseSparse *s, EaseColumn *c);
extern void affinity_linear_ease_prior_settle(EaseSparse *s,
											  EaseLeader *leader);
extern bool affinity_linear_ease_prior_row(EaseSparse *s, uint32 i, void *slot,
										   uint32 row);

#endif							/* AFFINITY_LINEAR_EASE_SPARSE_H */
