/*
 * kernel/vector.c: sums over two runs, for both types of element, every
 * length around a round of the loops, at any alignment, against plain loops.
 */
#include "kernel/vector.h"
#include "tap.h"

#define MOST 70

typedef struct Sums
{
	double		dot;
	double		absolute;
	double		squared;
	AffinityProducts products;
	AffinityTotals totals;
	AffinityDeviations deviations;
} Sums;

static Sums
plain(const double *x, const double *y, size_t n)
{
	Sums		s = {0};

	for (size_t i = 0; i < n; i++)
	{
		double		dx = x[i] - 0.25;
		double		dy = y[i] + 0.5;

		s.dot += x[i] * y[i];
		s.absolute += fabs(x[i] - y[i]);
		s.squared += (x[i] - y[i]) * (x[i] - y[i]);
		s.products.xx += x[i] * x[i];
		s.products.yy += y[i] * y[i];
		s.totals.x += x[i];
		s.totals.y += y[i];
		s.totals.x_varies |= x[i] != x[0];
		s.totals.y_varies |= y[i] != y[0];
		s.deviations.x += dx;
		s.deviations.y += dy;
		s.deviations.xx += dx * dx;
		s.deviations.yy += dy * dy;
		s.deviations.xy += dx * dy;
	}
	s.products.xy = s.dot;
	return s;
}

static double
difference(const Sums *a, const Sums *b)
{
	double		d = fabs(a->dot - b->dot);

	d = worst(fabs(a->absolute - b->absolute), d);
	d = worst(fabs(a->squared - b->squared), d);
	d = worst(fabs(a->products.xx - b->products.xx), d);
	d = worst(fabs(a->products.yy - b->products.yy), d);
	d = worst(fabs(a->products.xy - b->products.xy), d);
	d = worst(fabs(a->totals.x - b->totals.x), d);
	d = worst(fabs(a->totals.y - b->totals.y), d);
	d = worst(fabs(a->deviations.x - b->deviations.x), d);
	d = worst(fabs(a->deviations.y - b->deviations.y), d);
	d = worst(fabs(a->deviations.xx - b->deviations.xx), d);
	d = worst(fabs(a->deviations.yy - b->deviations.yy), d);
	d = worst(fabs(a->deviations.xy - b->deviations.xy), d);
	if (a->totals.x_varies != b->totals.x_varies ||
		a->totals.y_varies != b->totals.y_varies)
		d = INFINITY;
	return d;
}

#define KERNELS(suffix, x, y, n, s) \
	do { \
		memset(&(s), 0, sizeof(s)); \
		(s).dot = affinity_kernel_dot_##suffix(x, y, n); \
		(s).absolute = affinity_kernel_absolute_##suffix(x, y, n); \
		(s).squared = affinity_kernel_squared_##suffix(x, y, n); \
		affinity_kernel_products_##suffix(x, y, n, &(s).products); \
		affinity_kernel_totals_##suffix(x, y, n, (n) ? (x)[0] : 0, (n) ? (y)[0] : 0, \
								 &(s).totals); \
		affinity_kernel_deviations_##suffix(x, y, n, 0.25, -0.5, &(s).deviations); \
	} while (0)

/* varying: where x first differs from its first number; n: nowhere. */
static void
test_length(size_t n, size_t shift, size_t varying)
{
	double	   *x = take(n + shift, sizeof(double));
	double	   *y = take(n + shift, sizeof(double));
	float	   *x4 = take(n + shift, sizeof(float));
	float	   *y4 = take(n + shift, sizeof(float));
	Sums		want;
	Sums		got[2];

	for (size_t i = 0; i < n + shift; i++)
	{
		/* numbers that both types hold */
		x[i] = x4[i] = i < shift + varying && varying < n ? 0.125f :
			(float) random_real();
		y[i] = y4[i] = (float) random_real();
	}
	want = plain(x + shift, y + shift, n);
	KERNELS(f8, x + shift, y + shift, n, got[0]);
	KERNELS(f4, x4 + shift, y4 + shift, n, got[1]);
	ok(difference(&got[0], &want) < 1e-12 * (double) (n + 1),
	   "%zu doubles, %zu off alignment", n, shift);
	ok(memcmp(&got[0], &got[1], sizeof(Sums)) == 0,
	   "floats of the same values give the same to the last bit");
	free(x);
	free(y);
	free(x4);
	free(y4);
}

int
main(void)
{
	for (size_t n = 0; n < MOST; n++)
		test_length(n, n % 4, n);
	for (size_t n = 2; n < 20; n++)
		for (size_t varying = 1; varying < n; varying++)
			test_length(n, 1, varying);
	test_length(100003, 1, 5);
	return done();
}
