/*
 * ritz.c
 *		The eigenvectors of a matrix that a subspace comes nearest to (Rayleigh
 *		and Ritz), from the products of a basis that need be neither orthogonal
 *		nor independent.
 *
 * With G = X'X and H = X'AX the combinations are those of H m = t G m. G is
 * diagonalized too, and directions in which there is nothing left but
 * rounding are left out (Stathopoulos and Wu, "A block orthogonalization
 * procedure with constant synchronization requirements", 2002): so a matrix
 * of a lower rank than was asked for gives fewer vectors and no noise.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "miscadmin.h"

#include "kernel/eigen.h"
#include "spectrum/subspace.h"

/* Rows of a product between two looks at interrupts. */
#define ROWS		128

/* A direction with less than this of the longest is rounding. */
#define LEAST_LENGTH	1e-12

Size
affinity_spectrum_ritz_bytes(uint32 width)
{
	return mul_size(4 * sizeof(double), mul_size(width, width));
}

/*
 * All eigenvectors of a symmetric matrix, as rows of z, with the order of
 * their values in `order`.
 */
static void
decompose(AffinityEigen *e, uint32 *order)
{
	affinity_kernel_eigen_begin(e);
	while (affinity_kernel_eigen_step(e))
		CHECK_FOR_INTERRUPTS();
	if (e->failed)
		elog(ERROR, "eigenvectors of %d vectors were not found", e->n);
	/* by value, descending; of equal ones the first first */
	for (int i = 0; i < e->n; i++)
	{
		int			at = i;

		while (at > 0 && e->value[order[at - 1]] < e->value[i])
		{
			order[at] = order[at - 1];
			at--;
		}
		order[at] = (uint32) i;
	}
}

/*
 * c = a b, or a b' where transposed; a has m rows, all have so many columns.
 */
static void
multiply(const AffinityBlas *blas, bool transposed, uint32 m, uint32 n,
		 uint32 k, const double *a, const double *b, int ldb, double *c)
{
	for (uint32 from = 0; from < m; from += ROWS)
	{
		CHECK_FOR_INTERRUPTS();
		affinity_train_blas_ready();
		blas->dgemm(AFFINITY_BLAS_BY_ROWS, AFFINITY_BLAS_AS_IS,
					transposed ? AFFINITY_BLAS_TRANSPOSED : AFFINITY_BLAS_AS_IS,
					(int) Min(ROWS, m - from), (int) n, (int) k, 1,
					a + (Size) from * k, (int) k, b, ldb, 0,
					c + (Size) from * n, (int) n);
	}
}

/*
 * From n x n lower triangles in rows of `width` to whole matrices of rows of
 * n, rows and columns multiplied by `scale`.
 */
static void
spread(const double *from, uint32 width, uint32 n, const double *scale,
	   double *to)
{
	for (uint32 i = 0; i < n; i++)
	{
		for (uint32 j = 0; j <= i; j++)
			to[(Size) i * n + j] = to[(Size) j * n + i] =
				from[(Size) i * width + j] * scale[i] * scale[j];
	}
}

void
affinity_spectrum_ritz(SpectrumRitz *r)
{
	const AffinityBlas *blas = affinity_train_blas();
	uint32		n = r->n;
	Size		square = mul_size(Max(n, 1), Max(n, 1));
	double	   *a = affinity_base_array(square, sizeof(double));
	double	   *b = affinity_base_array(square, sizeof(double));
	double	   *c = affinity_base_array(square, sizeof(double));
	double	   *h = affinity_base_array(square, sizeof(double));
	double	   *scale = affinity_base_array(n, sizeof(double));
	uint32	   *order = affinity_base_array(n, sizeof(uint32));
	AffinityEigen e = {.n = (int) n, .a = a, .z = b};
	uint32		m = 0;

	e.value = affinity_base_array(n, sizeof(double));
	e.side = affinity_base_array(n, sizeof(double));
	e.scratch = affinity_base_array(n, 2 * sizeof(double));
	for (uint32 i = 0; i < n; i++)
	{
		double		length = r->gram[(Size) i * r->width + i];

		scale[i] = length > DBL_MIN ? 1 / sqrt(length) : 0;
	}
	spread(r->gram, r->width, n, scale, a);
	spread(r->product, r->width, n, scale, h);
	if (n > 0)
		decompose(&e, order);

	/* c: an orthonormal basis, by rows */
	while (m < n && e.value[order[m]] > LEAST_LENGTH * e.value[order[0]])
	{
		double		factor = 1 / sqrt(e.value[order[m]]);

		for (uint32 i = 0; i < n; i++)
			c[(Size) m * n + i] = b[(Size) order[m] * n + i] * factor;
		m++;
	}
	multiply(blas, false, m, n, n, c, h, (int) n, b);
	multiply(blas, true, m, m, n, b, c, (int) n, h);
	for (uint32 i = 0; i < m; i++)
	{
		for (uint32 j = 0; j <= i; j++)
			a[(Size) i * m + j] = a[(Size) j * m + i] =
				(h[(Size) i * m + j] + h[(Size) j * m + i]) / 2;
	}
	e.n = (int) m;
	if (m > 0)
		decompose(&e, order);
	for (uint32 i = 0; i < m; i++)
	{
		r->value[i] = e.value[order[i]];
		memcpy(a + (Size) i * m, b + (Size) order[i] * m, m * sizeof(double));
	}
	multiply(blas, false, m, n, m, a, c, (int) n, h);
	for (uint32 i = 0; i < m; i++)
	{
		for (uint32 j = 0; j < n; j++)
			r->rotation[(Size) i * r->width + j] = h[(Size) i * n + j] *
				scale[j];
	}
	r->found = m;
	pfree(e.scratch);
	pfree(e.side);
	pfree(e.value);
	pfree(order);
	pfree(scale);
	pfree(h);
	pfree(c);
	pfree(b);
	pfree(a);
}
