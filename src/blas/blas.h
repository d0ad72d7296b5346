/*
 * blas.h
 *		OpenBLAS, loaded when it is first needed: the functions that are used,
 *		with the prototypes of cblas.h and of the Fortran LAPACK.
 *
 * Matrices are called by rows, but for LAPACK, which sees columns: what is
 * the lower triangle of a symmetric matrix by rows is its upper triangle
 * there.
 */
#ifndef AFFINITY_BLAS_BLAS_H
#define AFFINITY_BLAS_BLAS_H

#include <stddef.h>

/* The values of cblas.h. */
enum
{
	AFFINITY_BLAS_BY_ROWS = 101,
	AFFINITY_BLAS_BY_COLUMNS = 102,
	AFFINITY_BLAS_AS_IS = 111,
	AFFINITY_BLAS_TRANSPOSED = 112,
	AFFINITY_BLAS_UPPER = 121,
	AFFINITY_BLAS_LOWER = 122,
	AFFINITY_BLAS_NON_UNIT = 131,
	AFFINITY_BLAS_UNIT = 132,
	AFFINITY_BLAS_LEFT = 141,
	AFFINITY_BLAS_RIGHT = 142
};

/*
 * One struct for both widths of numbers. Fortran compilers hand the lengths
 * of character arguments over behind all others.
 */
#define AFFINITY_BLAS_FUNCTIONS(real, p) \
	void		(*p##gemm) (int order, int transpose_a, int transpose_b, \
							int m, int n, int k, real alpha, \
							const real *a, int lda, const real *b, int ldb, \
							real beta, real *c, int ldc); \
	void		(*p##syrk) (int order, int triangle, int transpose, \
							int n, int k, real alpha, \
							const real *a, int lda, real beta, \
							real *c, int ldc); \
	void		(*p##trsm) (int order, int side, int triangle, int transpose, \
							int diagonal, int m, int n, real alpha, \
							const real *a, int lda, real *b, int ldb); \
	void		(*p##potrf) (const char *triangle, const int *n, real *a, \
							 const int *lda, int *info, size_t length); \
	void		(*p##potri) (const char *triangle, const int *n, real *a, \
							 const int *lda, int *info, size_t length); \
	void		(*p##potrs) (const char *triangle, const int *n, \
							 const int *columns, const real *a, \
							 const int *lda, real *b, const int *ldb, \
							 int *info, size_t length)

typedef struct AffinityBlas
{
	AFFINITY_BLAS_FUNCTIONS(float, s);
	AFFINITY_BLAS_FUNCTIONS(double, d);
} AffinityBlas;

/* How it went. */
typedef enum AffinityBlasState
{
	AFFINITY_BLAS_READY,
	AFFINITY_BLAS_WAIT,			/* ask again soon */
	AFFINITY_BLAS_MISSING,
	AFFINITY_BLAS_NO_MEMORY,
	AFFINITY_BLAS_NO_THREADS
} AffinityBlasState;

typedef struct AffinityBlasAnswer
{
	const AffinityBlas *blas;	/* if ready */
	const char *message;		/* or NULL */
	size_t		bytes;			/* of address space that it needs now */
	int			threads;		/* that it has to start now */
} AffinityBlasAnswer;

/* The names that are tried in turn where none is given; NULL at the end. */
extern const char *const affinity_blas_usual_names[];

extern AffinityBlasState affinity_blas_functions(const char *name, int threads,
												 AffinityBlasAnswer *answer);
extern size_t affinity_blas_scratch(void);

#endif							/* AFFINITY_BLAS_BLAS_H */
