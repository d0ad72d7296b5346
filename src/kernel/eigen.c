/*
 * eigen.c
 *		All eigenvalues and eigenvectors of a symmetric matrix, step by step.
 *
 * Householder's reflections make the matrix tridiagonal, QL with implicit
 * shifts makes that diagonal (Golub and Van Loan, "Matrix Computations",
 * 8.3). What the reflections and rotations multiply up to is kept transposed,
 * so that every inner loop runs along rows. A step is one column or one
 * sweep, O(n^2), so that callers can look for interrupts in between.
 *
 * No square leaves the range of a double, whatever the numbers: the matrix is
 * brought to a largest number below 1 first, and each column to the same
 * before it is squared, since columns of a matrix of low rank shrink by the
 * rounding error from one to the next. Scales are powers of two: where they
 * would not have been needed, they do not change a bit.
 */
#include <float.h>
#include <math.h>
#include <string.h>

#include "kernel/eigen.h"
#include "kernel/dense.h"
#include "kernel/multiversion.h"
#include "kernel/vector.h"

/* Sweeps for one value; two or three do. */
#define MOST_TRIES	100

enum
{
	SCALE,
	REDUCE,
	EXPAND,
	DIAGONALISE,
	DONE
};

/*
 * Static, but their names are the room's: gcc exports what it compiles in
 * several versions.
 */
AFFINITY_MULTIVERSION static void
affinity_kernel_eigen_subtract(double *restrict y, const double *restrict x,
							   double f, size_t n)
{
	for (size_t i = 0; i < n; i++)
		y[i] -= f * x[i];
}

AFFINITY_MULTIVERSION static void
affinity_kernel_eigen_subtract_two(double *restrict y,
								   const double *restrict x, double f,
								   const double *restrict w, double g,
								   size_t n)
{
	for (size_t i = 0; i < n; i++)
		y[i] -= f * x[i] + g * w[i];
}

AFFINITY_MULTIVERSION static void
affinity_kernel_eigen_rotate(double *restrict x, double *restrict y, double c,
							 double s, size_t n)
{
	for (size_t i = 0; i < n; i++)
	{
		double		f = x[i];
		double		g = y[i];

		y[i] = s * f + c * g;
		x[i] = c * f - s * g;
	}
}

/*
 * Divide numbers by a power of two, so that the largest is in [1/2, 1), and
 * tell the power. False where not all are finite; then they stay as they are.
 */
static bool
scale(double *x, size_t n, int *exponent)
{
	double		largest = 0;
	double		first;
	double		second;
	bool		finite = true;

	for (size_t i = 0; i < n; i++)
	{
		double		size = fabs(x[i]);

		finite &= size <= DBL_MAX;
		largest = size > largest ? size : largest;
	}
	*exponent = 0;
	if (!finite || largest == 0)
		return finite;
	(void) frexp(largest, exponent);
	/* two factors: what makes 1 of a denormal number is no double */
	first = ldexp(1, -*exponent / 2);
	second = ldexp(1, -*exponent - -*exponent / 2);
	for (size_t i = 0; i < n; i++)
		x[i] = x[i] * first * second;
	return true;
}

/*
 * Column k: reflect what is beyond the diagonal to one number. The reflection
 * 1 - beta v v' stays in the row, beta in value.
 */
static void
reduce(AffinityEigen *e, int k)
{
	int			n = e->n;
	int			m = n - k - 1;
	int			exponent;
	double	   *v = e->a + (size_t) k * n + k + 1;
	double	   *w = e->scratch;
	double		norm;
	double		half;

	if (!scale(v, m, &exponent))
		e->failed = true;
	norm = sqrt(affinity_kernel_dot_f8(v, v, m));
	e->side[k] = ldexp(norm, exponent);
	e->value[k] = 0;
	if (norm == 0)
		return;
	if (v[0] > 0)
	{
		e->side[k] = -e->side[k];
		norm = -norm;
	}
	v[0] -= norm;
	e->value[k] = 2 / affinity_kernel_dot_f8(v, v, m);
	for (int i = 0; i < m; i++)
		w[i] = e->value[k] *
			affinity_kernel_dot_f8(e->a + (size_t) (k + 1 + i) * n + k + 1, v,
								   m);
	half = e->value[k] / 2 * affinity_kernel_dot_f8(w, v, m);
	affinity_kernel_eigen_subtract(w, v, half, m);
	for (int i = 0; i < m; i++)
	{
		double	   *row = e->a + (size_t) (k + 1 + i) * n + k + 1;

		affinity_kernel_eigen_subtract_two(row, w, v[i], v, w[i], m);
	}
}

/*
 * Multiply reflection k to those of later columns.
 */
static void
expand(AffinityEigen *e, int k)
{
	int			n = e->n;
	int			m = n - k - 1;
	const double *v = e->a + (size_t) k * n + k + 1;

	if (e->value[k] == 0)
		return;
	for (int i = k + 1; i < n; i++)
	{
		double	   *row = e->z + (size_t) i * n + k + 1;
		double		dot = affinity_kernel_dot_f8(row, v, m);

		affinity_kernel_eigen_subtract(row, v, e->value[k] * dot, m);
	}
}

/*
 * One sweep over [from, to] of the tridiagonal matrix, shifted by the
 * eigenvalue of its first 2 x 2 corner.
 */
static void
sweep(AffinityEigen *e, int from, int to)
{
	double	   *d = e->value;
	double	   *side = e->side;
	double		g = (d[from + 1] - d[from]) / (2 * side[from]);
	double		r = hypot(g, 1);
	double		s = 1;
	double		c = 1;
	double		p = 0;

	g = d[to] - d[from] + side[from] / (g + copysign(r, g));
	for (int i = to - 1; i >= from; i--)
	{
		double		f = s * side[i];
		double		b = c * side[i];
		double	   *row;

		r = hypot(f, g);
		side[i + 1] = r;
		if (r == 0)
		{
			d[i + 1] -= p;
			side[to] = 0;
			return;
		}
		s = f / r;
		c = g / r;
		g = d[i + 1] - p;
		r = (d[i] - g) * s + 2 * c * b;
		p = s * r;
		d[i + 1] = g + p;
		g = c * r - b;
		row = e->z + (size_t) i * e->n;
		affinity_kernel_eigen_rotate(row, row + e->n, c, s, e->n);
	}
	d[from] -= p;
	side[from] = g;
	side[to] = 0;
}

/*
 * One sweep for the first value that is not found yet. What is beside the
 * diagonal counts as 0 where it vanishes beside the largest number of all.
 */
static void
diagonalize(AffinityEigen *e)
{
	int			n = e->n;
	double		largest = 0;
	int			to = e->at;

	for (int i = 0; i < n; i++)
		largest = fmax(largest, fabs(e->value[i]) + fabs(e->side[i]));
	while (to < n - 1 && fabs(e->side[to]) > DBL_EPSILON * largest)
		to++;
	if (to == e->at)
	{
		e->at++;
		e->tries = 0;
	}
	else if (++e->tries > MOST_TRIES)
		e->failed = true;
	else
		sweep(e, e->at, to);
}

static void
begin_phase(AffinityEigen *e, int phase)
{
	int			n = e->n;

	e->phase = phase;
	if (phase == REDUCE)
		e->at = 0;
	else if (phase == EXPAND)
	{
		e->at = n - 3;
		memset(e->z, 0, sizeof(double) * n * n);
		for (int i = 0; i < n; i++)
			e->z[(size_t) i * n + i] = 1;
	}
	else if (phase == DIAGONALISE)
	{
		e->at = 0;
		e->tries = 0;
		for (int i = 0; i < n; i++)
			e->value[i] = e->a[(size_t) i * n + i];
		if (n > 1)
			e->side[n - 2] = e->a[(size_t) (n - 2) * n + n - 1];
		e->side[n - 1] = 0;
	}
}

void
affinity_kernel_eigen_begin(AffinityEigen *e)
{
	e->failed = false;
	begin_phase(e, SCALE);
}

/*
 * The next step; false when there is none left, or when it failed.
 */
bool
affinity_kernel_eigen_step(AffinityEigen *e)
{
	switch (e->phase)
	{
		case SCALE:
			e->failed = !scale(e->a, (size_t) e->n * e->n, &e->exponent);
			begin_phase(e, REDUCE);
			break;
		case REDUCE:
			if (e->at < e->n - 2)
				reduce(e, e->at++);
			else
				begin_phase(e, EXPAND);
			break;
		case EXPAND:
			if (e->at >= 0)
				expand(e, e->at--);
			else
				begin_phase(e, DIAGONALISE);
			break;
		case DIAGONALISE:
			if (e->at < e->n)
				diagonalize(e);
			else
			{
				for (int i = 0; i < e->n; i++)
					e->value[i] = ldexp(e->value[i], e->exponent);
				e->phase = DONE;
			}
			break;
		default:
			break;
	}
	return e->phase != DONE && !e->failed;
}
