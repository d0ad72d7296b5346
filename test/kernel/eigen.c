/*
 * kernel/eigen.c: A = Z' L Z with orthogonal Z, for full, singular, diagonal
 * and degenerate matrices of any magnitude; the values of LAPACK; and an end
 * to it where numbers are not finite.
 */
#include <float.h>

#include "kernel/dense.h"
#include "kernel/eigen.h"
#include "eigen_lapack.h"
#include "tap.h"

/* What matrices are multiplied by. */
static const double magnitudes[] = {
	1, 1e-300, 1e300, 1e-154, 1e154, 1e-80, 1e80
};

#define N_MAGNITUDES ((int) (sizeof(magnitudes) / sizeof(*magnitudes)))

/* What a matrix of n takes: a, z, value, side, scratch. */
static AffinityEigen
eigen_of(int n)
{
	AffinityEigen e = {.n = n};

	e.a = take((size_t) n * n, sizeof(double));
	e.z = take((size_t) n * n, sizeof(double));
	e.value = take(n, sizeof(double));
	e.side = take(n, sizeof(double));
	e.scratch = take(2 * (size_t) n, sizeof(double));
	return e;
}

static void
drop(AffinityEigen *e)
{
	free(e->a);
	free(e->z);
	free(e->value);
	free(e->side);
	free(e->scratch);
}

static bool
run(AffinityEigen *e)
{
	long		steps = 0;

	affinity_kernel_eigen_begin(e);
	while (affinity_kernel_eigen_step(e) && steps < 1000L * (e->n + 1))
		steps++;
	return !e->failed && steps < 1000L * (e->n + 1);
}

/*
 * How far Z' L Z is from a matrix, beside its largest number, and Z from
 * orthogonal; the worse of the two. The matrix is multiplied by a magnitude.
 */
static double
error_of(int n, const double *a, double magnitude)
{
	AffinityEigen e = eigen_of(n);
	double		error = 0;
	double		skew = 0;
	double		size = DBL_MIN;

	for (int i = 0; i < n * n; i++)
	{
		e.a[i] = a[i] * magnitude;
		size = worst(fabs(a[i]), size);
	}
	if (!run(&e))
		error = INFINITY;
	for (int i = 0; i < n; i++)
		e.value[i] /= magnitude;
	for (int i = 0; i < n; i++)
		for (int j = 0; j < n; j++)
		{
			double		back = 0;
			double		unit = i == j;

			for (int k = 0; k < n; k++)
			{
				back += e.z[k * n + i] * e.value[k] * e.z[k * n + j];
				unit -= e.z[i * n + k] * e.z[j * n + k];
			}
			error = worst(fabs(back - a[i * n + j]), error);
			skew = worst(fabs(unit), skew);
		}
	drop(&e);
	return worst(error / size, skew);
}

static void
check(const char *name, int n, const double *a)
{
	double		error = error_of(n, a, 1);

	ok(error < 1e-12 * (n + 10), "%s, %d x %d: off by %g", name, n, n, error);
}

/* X'X of m random rows: of rank m. */
static double *
gram_of(int n, int m)
{
	double	   *x = take((size_t) m * n, sizeof(double));
	double	   *a = take((size_t) n * n, sizeof(double));

	for (int i = 0; i < m * n; i++)
		x[i] = random_real();
	for (int i = 0; i < n; i++)
		for (int j = 0; j < n; j++)
		{
			a[i * n + j] = 0;
			for (int r = 0; r < m; r++)
				a[i * n + j] += x[r * n + i] * x[r * n + j];
		}
	free(x);
	return a;
}

static void
check_gram(const char *name, int n, int m)
{
	double	   *a = gram_of(n, m);

	check(name, n, a);
	free(a);
}

/* Every rank of a size, each at a magnitude or, of small ones, at all. */
static void
check_ranks(int n)
{
	double		error = 0;

	for (int rank = 0; rank <= n; rank++)
	{
		double	   *a = gram_of(n, rank);
		int			from = n <= 16 ? 0 : (n + rank) % N_MAGNITUDES;
		int			to = n <= 16 ? N_MAGNITUDES : from + 1;

		for (int m = from; m < to; m++)
			error = worst(error_of(n, a, magnitudes[m]), error);
		free(a);
	}
	ok(error < 1e-12 * (n + 10), "%d x %d of rank 0 to %d: off by %g", n, n, n,
	   error);
}

/*
 * Numbers that shrink by a factor from one row and column to the next, down
 * or up: their squares underflow before they do.
 */
static void
check_graded(int n)
{
	static const double factor[] = {1e-4, 1e-8, 1e-16, 1e-39, 1e-77, 1e-154};

	for (size_t f = 0; f < sizeof(factor) / sizeof(*factor); f++)
	{
		double	   *a = gram_of(n, 2 * n);
		double	   *up = take((size_t) n * n, sizeof(double));
		double		error = 0;

		for (int i = 0; i < n; i++)
			for (int j = 0; j < n; j++)
				a[i * n + j] *= pow(factor[f], (i > j ? i : j));
		for (int i = 0; i < n * n; i++)
			up[i] = a[n * n - 1 - i];
		for (int m = 0; m < N_MAGNITUDES; m++)
		{
			error = worst(error_of(n, a, magnitudes[m]), error);
			error = worst(error_of(n, up, magnitudes[m]), error);
		}
		ok(error < 1e-12 * (n + 10), "%d x %d, %g a row: off by %g", n, n,
		   factor[f], error);
		free(a);
		free(up);
	}
}

static int
descending(const void *a, const void *b)
{
	double		x = *(const double *) a;
	double		y = *(const double *) b;

	return x > y ? -1 : x < y;
}

/* The matrices of ../oracle/eigen.py, at every magnitude. */
static void
check_lapack(int no)
{
	int			n = lapack_case[no].n;
	int			rows = lapack_case[no].rows;
	const double *value = lapack_value + lapack_case[no].first;
	double		error = 0;

	for (int m = 0; m < N_MAGNITUDES; m++)
	{
		AffinityEigen e = eigen_of(n);

		for (int i = 0; i < n; i++)
			for (int j = 0; j < n; j++)
			{
				double		sum = 0;

				for (int r = 0; r < rows; r++)
					sum += ((i + 3) * (i + 3) * (r + 5) * (r + i + 5) % 101 -
							50) * ((j + 3) * (j + 3) * (r + 5) * (r + j + 5) %
								   101 - 50);
				e.a[i * n + j] = sum * magnitudes[m];
			}
		if (!run(&e))
			error = INFINITY;
		qsort(e.value, n, sizeof(double), descending);
		for (int k = 0; k < n; k++)
		{
			double		right = k < lapack_case[no].n_values ? value[k] : 0;

			error = worst(fabs(e.value[k] / magnitudes[m] - right), error);
		}
		drop(&e);
	}
	if (lapack_case[no].n_values > 0)
		error /= value[0];
	ok(error < 1e-13 * (n + 10), "%d x %d of %d rows, as LAPACK: off by %g", n,
	   n, rows, error);
}

/* Matrices at the ends of what a double holds. */
static void
check_ends(int n)
{
	static const double ends[] = {4.9406564584124654e-324, 1e-310, 1e308};

	for (int m = 0; m < 3; m++)
	{
		AffinityEigen e = eigen_of(n);
		double		error = 0;
		bool		ended;

		for (int i = 0; i < n * n; i++)
			e.a[i] = i % (n + 1) == 0 ? ends[m] : 0;
		e.a[1] = e.a[n] = ends[m] / 2;
		ended = run(&e);
		qsort(e.value, n, sizeof(double), descending);
		for (int k = 0; k < n; k++)
		{
			double		right = k == 0 ? ends[m] + ends[m] / 2 :
				k == n - 1 ? ends[m] - ends[m] / 2 : ends[m];

			error = worst(fabs(e.value[k] - right), error);
		}
		ok(ended && error <= 1e-14 * ends[m], "%d x %d of %g: off by %g", n, n,
		   ends[m], error);
		drop(&e);
	}
}

static void
check_special(int n)
{
	double	   *a = take((size_t) n * n, sizeof(double));

	memset(a, 0, sizeof(double) * n * n);
	check("zero", n, a);
	for (int i = 0; i < n; i++)
		a[i * n + i] = 3;
	check("three times one", n, a);
	for (int i = 0; i < n; i++)
		a[i * n + i] = pow(10, -30.0 * i / n);
	check("diagonal from 1 to 1e-30", n, a);
	for (int i = 0; i < n * n; i++)
		a[i] = 1e100;
	check("all 1e100", n, a);
	for (int i = 0; i < n; i++)
		for (int j = 0; j < n; j++)
			a[i * n + j] = abs(i - j) == 1 ? -1 : i == j ? 2 : 0;
	check("second differences", n, a);
	for (int i = 0; i < n; i++)
		for (int j = 0; j < n; j++)
			a[i * n + j] = i + j == n - 1 ? 1 : 0;
	check("exchange", n, a);
	free(a);
}

static void
check_not_finite(double what)
{
	AffinityEigen e = eigen_of(20);
	long		steps = 0;
	bool		finite = true;

	for (int i = 0; i < 400; i++)
		e.a[i] = i % 21 == 0;
	e.a[3 * 20 + 7] = e.a[7 * 20 + 3] = what;
	affinity_kernel_eigen_begin(&e);
	while (affinity_kernel_eigen_step(&e) && steps < 100000)
		steps++;
	for (int i = 0; i < 20; i++)
		finite &= isfinite(e.value[i]) != 0;
	ok(steps < 100000 && (e.failed || !finite),
	   "%g ends, and shows in the values", what);
	drop(&e);
}

int
main(void)
{
	static const int sizes[] = {1, 2, 3, 4, 7, 16, 33, 64, 130};

	for (size_t s = 0; s < sizeof(sizes) / sizeof(*sizes); s++)
	{
		int			n = sizes[s];

		check_gram("full rank", n, 2 * n);
		check_gram("rank one", n, 1);
		check_gram("half the rank", n, (n + 1) / 2);
		check_special(n);
	}
	for (int n = 1; n <= 64; n++)
		check_ranks(n);
	for (int n = 2; n <= 32; n *= 2)
	{
		check_graded(n);
		check_ends(n);
	}
	for (size_t no = 0; no < sizeof(lapack_case) / sizeof(*lapack_case); no++)
		check_lapack((int) no);
	check_not_finite(NAN);
	check_not_finite(INFINITY);
	return done();
}
