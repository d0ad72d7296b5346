/*
 * kernel/eigen.c: A = Z' L Z with orthogonal Z, for full, singular, diagonal
 * and degenerate matrices; and an end to it where numbers are not finite.
 */
#include "kernel/dense.h"
#include "kernel/eigen.h"
#include "tap.h"

/* Bytes that a matrix of n takes: a, z, value, side, scratch. */
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

static void
check(const char *name, int n, const double *a)
{
	AffinityEigen e = eigen_of(n);
	double		error = 0;
	double		skew = 0;
	double		size = 1e-300;
	bool		ended;

	memcpy(e.a, a, sizeof(double) * n * n);
	ended = run(&e);
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
			size = worst(fabs(a[i * n + j]), size);
		}
	ok(ended && error < 1e-12 * size * (n + 10) && skew < 1e-12 * (n + 10),
	   "%s, %d x %d: off by %g and %g", name, n, n, error / size, skew);
	drop(&e);
}

/* X'X of m random rows: of rank m. */
static void
check_gram(const char *name, int n, int m)
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
	check(name, n, a);
	free(x);
	free(a);
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
	check_not_finite(NAN);
	check_not_finite(INFINITY);
	return done();
}
