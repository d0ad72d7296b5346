/*
 * factor.h
 *		One row of a factor model from the factors on the other side: the
 *		ridge regression that every half-step of alternating least squares is
 *		made of.
 */
#ifndef AFFINITY_FACTOR_H
#define AFFINITY_FACTOR_H

#include "postgres.h"

#include "kernel/dense.h"

/* In the order of the names that the option "solver" has. */
typedef enum FactorSolverKind
{
	FACTOR_CG,
	FACTOR_CHOLESKY,
	FACTOR_BLOCK
} FactorSolverKind;

/*
 * What x is to minimize:
 *
 *		sum over r of root[r]^2 (target[r] - other[no[r]] . x)^2
 *			+ sum over k of (times * spectrum[k] + plus) x[k]^2
 */
typedef struct FactorProblem
{
	const float *other;			/* factors of the other side, padded rows */
	bool		ones;			/* 1 takes the place of each row's first */
	const uint32 *no;			/* n of its rows */
	int64		known;			/* entries of no that are there, n at least */
	int64		n;
	const float *root;			/* n roots of weights */
	const float *target;		/* NULL: all are 1 */
	const float *spectrum;		/* not negative; padding: 0 */
	float		times;
	float		plus;			/* above 0 where the spectrum has a 0 */
} FactorProblem;

typedef struct FactorSolver
{
	const AffinityDense *dense;
	MemoryContext context;
	FactorSolverKind kind;
	int			steps;			/* of cg */
	size_t		block;			/* factors that block solves for at once */
	size_t		width;			/* numbers in a row, padded */
	int64		chunk;			/* rows that a panel has at most */
	int64		room;			/* rows that there is room for in error */

	float	   *panel;
	float	   *error;			/* for each row: what is left of the target */
	float	   *scale;			/* for each factor: root of 1 / diagonal */
	float	   *unscale;		/* the inverse of that */
	float	   *matrix;			/* of equations, right-hand side beside it */
	float	   *inverse;
	float	   *v;				/* the solution over scale */
	float	   *r;
	float	   *p;
	float	   *q;
} FactorSolver;

extern float *affinity_factor_floats(MemoryContext context, Size n);
extern Size affinity_factor_solver_bytes(size_t width, int64 most_rows);
extern FactorSolver *affinity_factor_solver(FactorSolverKind kind,
											int steps,
											int block, size_t width,
											int64 most_rows);
extern bool affinity_factor_needs_start(const FactorSolver *s, int64 n);
extern double affinity_factor_solve(FactorSolver *s,
									const FactorProblem *problem,
									float *x);
extern void affinity_factor_influence(FactorSolver *s,
									  const FactorProblem *problem,
									  const float *y, float *z);

#endif							/* AFFINITY_FACTOR_H */
