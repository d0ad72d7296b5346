/*
 * dense.h
 *		Small dense algebra in single precision: what factor models are made
 *		of.
 *
 * A matrix is given by rows that begin at multiples of 64 bytes: the distance
 * between rows (stride, ld) and the width of what is worked on are multiples
 * of AFFINITY_LANES numbers, and the padding is 0. A panel is some rows of a
 * larger matrix, gathered side by side, so that all that follows happens in
 * the cache; its number of rows is rounded up to AFFINITY_PANEL_ROWS by rows
 * of zeros (affinity_kernel_panel_rows), and so are vectors with a number for
 * each of its rows.
 *
 * Symmetric matrices are upper triangles: row i is used from column i on.
 * What is below is overwritten without sense.
 */
#ifndef AFFINITY_KERNEL_DENSE_H
#define AFFINITY_KERNEL_DENSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AFFINITY_LANES		16
#define AFFINITY_PANEL_ROWS	4

/* baseline; AVX2 with FMA, or NEON; AVX-512 */
#define AFFINITY_DENSE_LEVELS	3

/* Kernels for one kind of processor. */
typedef struct AffinityDense
{
	const char *name;

	/* any length, any alignment */
	float		(*dot) (const float *x, const float *y, size_t n);
	void		(*axpy) (float a, const float *x, float *y, size_t n);

	/* number by number; n is padded: x * y, and (times * x + plus)^-1/2 */
	void		(*product) (const float *x, const float *y, size_t n,
							float *out);
	void		(*inverse_roots) (const float *x, float times, float plus,
								  size_t n, float *out);

	/*
	 * Panel row r = weight[r] * row[no[r]] * scale, number by number, for n
	 * rows. As no goes on to known entries, those rows are fetched for later.
	 */
	void		(*gather) (const float *row, size_t stride, const uint32_t *no,
						   const float *weight, const float *scale, size_t n,
						   size_t known, size_t width, float *panel);
	/* e[r] -= panel row r . v */
	void		(*subtract) (const float *panel, size_t stride, size_t n,
							 size_t width, const float *v, float *e);
	/* out += sum of e[r] * panel row r */
	void		(*combine) (const float *panel, size_t stride, size_t n,
							size_t width, const float *e, float *out);
	/* out += sum of (panel row r . v) * panel row r: dot and axpy in one */
	void		(*normal) (const float *panel, size_t stride, size_t n,
						   size_t width, const float *v, float *out);

	/* c += panel' panel (width x width), upper triangle */
	void		(*outer) (const float *panel, size_t stride, size_t n,
						  size_t width, float *c, size_t ld);
	/* c = panel panel' (n x n), upper triangle */
	void		(*inner) (const float *panel, size_t stride, size_t n,
						  size_t width, float *c, size_t ld);
	/* out = a b, where a has n rows and b is width x width */
	void		(*multiply) (const float *a, size_t n, size_t width,
							 const float *b, float *out);

	/*
	 * c = U'U for the first n columns, n being a multiple of 4; further
	 * columns b up to ld become U'^-1 b. inverse[k] = 1 / U[k][k]; pivots
	 * below floor become floor.
	 */
	void		(*cholesky) (float *c, size_t ld, size_t n, float floor,
							 float *inverse);
	/* x = U^-1 x; x has room for ld numbers */
	void		(*back) (const float *c, size_t ld, size_t n,
						 const float *inverse, float *x);
} AffinityDense;

/*
 * The best that this processor can do, or that of a level; NULL: it cannot.
 */
extern const AffinityDense *affinity_kernel_dense(void);
extern const AffinityDense *affinity_kernel_dense_level(int level);

static inline size_t
affinity_kernel_panel_rows(size_t n)
{
	return (n + AFFINITY_PANEL_ROWS - 1) & ~(size_t) (AFFINITY_PANEL_ROWS - 1);
}

static inline size_t
affinity_kernel_padded_width(size_t n)
{
	return (n + AFFINITY_LANES - 1) & ~(size_t) (AFFINITY_LANES - 1);
}

extern void affinity_kernel_add_to_double(const float *x, size_t n,
										  double *sum);

#endif							/* AFFINITY_KERNEL_DENSE_H */
