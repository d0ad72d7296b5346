/*
 * eigen.h
 *		All eigenvalues and eigenvectors of a symmetric matrix.
 */
#ifndef AFFINITY_KERNEL_EIGEN_H
#define AFFINITY_KERNEL_EIGEN_H

#include <stdbool.h>

typedef struct AffinityEigen
{
	int			n;
	double	   *a;				/* n x n: the matrix, both triangles;
								 * destroyed */
	double	   *z;				/* n x n: rows become the eigenvectors */
	double	   *value;			/* n: eigenvalues, in no order */
	double	   *side;			/* n, scratch: beside the diagonal */
	double	   *scratch;		/* 2 n */
	int			phase;
	int			at;				/* column or value under way */
	int			tries;			/* for this value */
	int			exponent;		/* of the two that the matrix is divided by */
	bool		failed;			/* numbers not finite, or no end to it */
} AffinityEigen;

extern void affinity_kernel_eigen_begin(AffinityEigen *e);
extern bool affinity_kernel_eigen_step(AffinityEigen *e);

#endif							/* AFFINITY_KERNEL_EIGEN_H */
