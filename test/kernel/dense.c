/*
 * Every level of kernel/dense.c that this processor has, against plain loops
 * in double.
 */
#include "kernel/dense.h"
#include "tap.h"

static const AffinityDense *d;

/* Rows of width numbers, of which pad are 0. */
static float *
rows(size_t n, size_t width, size_t pad)
{
	float	   *x = random_floats(n * width);

	for (size_t i = 0; i < n; i++)
		for (size_t k = width - pad; k < width; k++)
			x[i * width + k] = 0;
	return x;
}

static float *
panel_of(size_t n, size_t width)
{
	float	   *x = rows(affinity_kernel_panel_rows(n), width, 0);

	for (size_t i = n * width; i < affinity_kernel_panel_rows(n) * width; i++)
		x[i] = 0;
	return x;
}

static double
product(const float *x, const float *y, size_t n)
{
	double		sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += (double) x[i] * y[i];
	return sum;
}

static void
test_vectors(void)
{
	double		dot = 0;
	double		axpy = 0;

	for (size_t n = 0; n < 100; n++)
	{
		/* shifted by one: no alignment */
		float	   *x = random_floats(n + 1);
		float	   *y = random_floats(n + 1);
		float	   *z = random_floats(n + 1);

		memcpy(z, y, (n + 1) * sizeof(float));
		dot = worst(fabs(d->dot(x + 1, y + 1, n) - product(x + 1, y + 1, n)),
					dot);
		d->axpy(0.5f, x + 1, z + 1, n);
		for (size_t i = 0; i <= n; i++)
			axpy = worst(fabs(z[i] - (y[i] + (i > 0 ? 0.5 * x[i] : 0))), axpy);
		free(x);
		free(y);
		free(z);
	}
	ok(dot < 1e-5, "%s: dot, off by %g", d->name, dot);
	ok(axpy < 1e-6, "%s: axpy, off by %g", d->name, axpy);
}

static void
test_elements(void)
{
	double		error = 0;

	for (size_t n = 16; n <= 128; n += 16)
	{
		float	   *x = random_floats(n);
		float	   *y = random_floats(n);
		float	   *z = take(n, sizeof(float));

		d->product(x, y, n, z);
		for (size_t i = 0; i < n; i++)
			error = worst(fabs(z[i] - x[i] * y[i]), error);
		d->inverse_roots(x, 0.5f, 2, n, z);
		for (size_t i = 0; i < n; i++)
			error = worst(fabs(z[i] - 1 / sqrt(0.5 * x[i] + 2)), error);
		free(x);
		free(y);
		free(z);
	}
	ok(error < 1e-6, "%s: product and inverse_roots, off by %g", d->name, error);
}

static void
test_gather(size_t n, size_t width)
{
	size_t		n_rows = 50;
	float	   *from = rows(n_rows, width, 3);
	float	   *weight = random_floats(n);
	float	   *scale = random_floats(width);
	uint32_t   *no = take(n + 5, sizeof(uint32_t));
	float	   *panel = take(affinity_kernel_panel_rows(n) * width,
							 sizeof(float));
	double		error = 0;

	for (size_t i = 0; i < n + 5; i++)
		no[i] = random_below((uint32_t) n_rows);
	d->gather(from, width, no, weight, scale, n, n + 5, width, panel);
	for (size_t i = 0; i < affinity_kernel_panel_rows(n); i++)
		for (size_t k = 0; k < width; k++)
			error = worst(fabs(panel[i * width + k] -
							   (i < n ? (double) weight[i] * scale[k] *
								from[no[i] * width + k] : 0)), error);
	ok(error < 1e-6, "%s: gather %zu x %zu, off by %g", d->name, n, width,
	   error);
	free(from);
	free(weight);
	free(scale);
	free(no);
	free(panel);
}

static void
test_panel(size_t n, size_t width)
{
	size_t		padded = affinity_kernel_panel_rows(n);
	float	   *panel = panel_of(n, width);
	float	   *v = random_floats(width);
	float	   *e = random_floats(padded);
	float	   *e2 = take(padded, sizeof(float));
	float	   *out[2] = {random_floats(width), random_floats(width)};
	double	   *want[2] = {take(width, 8), take(width, 8)};
	double		error[3] = {0};

	for (size_t k = 0; k < width; k++)
	{
		want[0][k] = out[0][k];
		want[1][k] = out[1][k];
		for (size_t i = 0; i < n; i++)
		{
			double		row = product(panel + i * width, v, width);

			want[0][k] += e[i] * panel[i * width + k];
			want[1][k] += row * panel[i * width + k];
		}
	}
	memcpy(e2, e, padded * sizeof(float));
	d->subtract(panel, width, padded, width, v, e2);
	d->combine(panel, width, padded, width, e, out[0]);
	d->normal(panel, width, padded, width, v, out[1]);
	for (size_t i = 0; i < n; i++)
		error[0] = worst(fabs(e2[i] - (e[i] - product(panel + i * width, v,
													  width))), error[0]);
	for (size_t k = 0; k < width; k++)
		for (int j = 0; j < 2; j++)
			error[1 + j] = worst(fabs(out[j][k] - want[j][k]) /
								 (1 + fabs(want[j][k])), error[1 + j]);
	ok(error[0] < 1e-4, "%s: subtract %zu x %zu, off by %g", d->name, n, width,
	   error[0]);
	ok(error[1] < 1e-4, "%s: combine %zu x %zu, off by %g", d->name, n, width,
	   error[1]);
	ok(error[2] < 1e-4, "%s: normal %zu x %zu, off by %g", d->name, n, width,
	   error[2]);
	free(panel);
	free(v);
	free(e);
	free(e2);
	for (int j = 0; j < 2; j++)
	{
		free(out[j]);
		free(want[j]);
	}
}

/*
 * Both Gram matrices; outer over some of the columns, added to what is there.
 */
static void
test_gram(size_t n, size_t stride, size_t first, size_t width)
{
	size_t		padded = affinity_kernel_panel_rows(n);
	size_t		ld = affinity_kernel_padded_width(padded);
	float	   *panel = panel_of(n, stride);
	float	   *outer = take(width * (width + 16), sizeof(float));
	float	   *inner = take(padded * ld, sizeof(float));
	double		error[2] = {0};

	for (size_t i = 0; i < width * (width + 16); i++)
		outer[i] = 1;
	d->outer(panel + first, stride, padded, width, outer, width + 16);
	d->inner(panel, stride, padded, stride, inner, ld);
	for (size_t i = 0; i < width; i++)
		for (size_t j = i; j < width; j++)
		{
			double		sum = 1;

			for (size_t r = 0; r < n; r++)
				sum += (double) panel[r * stride + first + i] *
					panel[r * stride + first + j];
			error[0] = worst(fabs(outer[i * (width + 16) + j] - sum) /
							 sqrt(n + 1.0), error[0]);
		}
	for (size_t i = 0; i < padded; i++)
		for (size_t j = i; j < padded; j++)
			error[1] = worst(fabs(inner[i * ld + j] -
								  product(panel + i * stride,
										  panel + j * stride, stride)),
							 error[1]);
	ok(error[0] < 1e-5, "%s: outer, %zu rows, columns [%zu, %zu) of %zu, off by %g",
	   d->name, n, first, first + width, stride, error[0]);
	ok(error[1] < 1e-4, "%s: inner, %zu x %zu, off by %g", d->name, n, stride,
	   error[1]);
	free(panel);
	free(outer);
	free(inner);
}

static void
test_multiply(size_t n, size_t width)
{
	float	   *a = random_floats(n * width);
	float	   *b = random_floats(width * width);
	float	   *out = take(n * width, sizeof(float));
	double		error = 0;

	d->multiply(a, n, width, b, out);
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < width; j++)
		{
			double		sum = 0;

			for (size_t k = 0; k < width; k++)
				sum += (double) a[i * width + k] * b[k * width + j];
			error = worst(fabs(out[i * width + j] - sum), error);
		}
	ok(error < 1e-4, "%s: multiply %zu x %zu, off by %g", d->name, n, width,
	   error);
	free(a);
	free(b);
	free(out);
}

/*
 * A x = b by Cholesky, b being a column beside A; what is below the diagonal
 * is not looked at.
 */
static void
test_solve(size_t n)
{
	size_t		ld = affinity_kernel_padded_width(n + 1);
	size_t		m = n + 3;
	double	   *a = take(n * n, sizeof(double));
	float	   *g = random_floats(n * m);
	float	   *c = take(n * ld, sizeof(float));
	float	   *b = random_floats(n);
	float	   *x = take(ld, sizeof(float));
	float	   *inverse = take(n, sizeof(float));
	double		error = 0;

	memset(c, 0, n * ld * sizeof(float));
	for (size_t i = 0; i < n; i++)
	{
		for (size_t j = 0; j < n; j++)
		{
			a[i * n + j] = product(g + i * m, g + j * m, m) + (i == j);
			c[i * ld + j] = j >= i ? (float) a[i * n + j] : (float) 1e3;
		}
		c[i * ld + n] = b[i];
	}
	d->cholesky(c, ld, n, 1, inverse);
	for (size_t i = 0; i < n; i++)
		x[i] = c[i * ld + n];
	d->back(c, ld, n, inverse, x);
	for (size_t i = 0; i < n; i++)
	{
		double		left = b[i];

		for (size_t j = 0; j < n; j++)
			left -= a[i * n + j] * x[j];
		error = worst(fabs(left), error);
	}
	ok(error < 2e-4, "%s: %zu equations, off by %g", d->name, n, error);
	free(a);
	free(g);
	free(c);
	free(b);
	free(x);
	free(inverse);
}

/* No pivot goes below the floor, whatever rounding or NaN make of it. */
static void
test_floor(void)
{
	float		c[4 * 16] __attribute__((aligned(64))) = {0};
	float		x[16] __attribute__((aligned(64))) = {1, 1, 1, 1};
	float		inverse[4];
	bool		finite = true;

	c[0] = 4;
	c[16 + 1] = -3;
	c[2 * 16 + 2] = NAN;
	c[3 * 16 + 3] = 0.25f;
	d->cholesky(c, 16, 4, 1, inverse);
	ok(inverse[0] == 0.5f && inverse[1] == 1 && inverse[2] == 1 &&
	   inverse[3] == 1, "%s: pivots below the floor become the floor",
	   d->name);
	c[2 * 16 + 2] = 1;
	d->back(c, 16, 4, inverse, x);
	for (int i = 0; i < 16; i++)
		finite &= isfinite(x[i]) && (i < 4 || x[i] == 0);
	ok(finite && x[0] == 0.5f, "%s: and then it can be solved", d->name);
}

static void
test_level(void)
{
	static const size_t widths[] = {16, 32, 48, 64, 80, 128, 512};
	static const size_t counts[] = {0, 1, 3, 4, 5, 17, 31, 64};

	test_vectors();
	test_elements();
	for (size_t w = 0; w < sizeof(widths) / sizeof(*widths); w++)
		for (size_t c = 0; c < sizeof(counts) / sizeof(*counts); c++)
		{
			test_gather(counts[c], widths[w]);
			test_panel(counts[c], widths[w]);
			test_multiply(counts[c], widths[w]);
			if (widths[w] <= 128)
				test_gram(counts[c], widths[w], 0, widths[w]);
		}
	test_gram(37, 96, 32, 48);
	test_gram(5, 64, 48, 16);
	for (size_t n = 4; n <= 68; n += 4)
		test_solve(n);
	test_solve(256);
	test_solve(512);
	test_floor();
}

int
main(void)
{
	double		sum[33];
	float	   *x = random_floats(33);
	bool		same = true;

	for (int level = 0; level < AFFINITY_DENSE_LEVELS; level++)
	{
		d = affinity_kernel_dense_level(level);
		if (d)
			test_level();
		else
			ok(true, "level %d # SKIP not of this processor or compiler",
			   level);
	}
	ok(affinity_kernel_dense() == affinity_kernel_dense_level(0) ||
	   affinity_kernel_dense() == affinity_kernel_dense_level(1) ||
	   affinity_kernel_dense() == affinity_kernel_dense_level(2), "the best is one of them");
	ok(affinity_kernel_dense_level(AFFINITY_DENSE_LEVELS) == NULL, "there are no more");
	for (int i = 0; i < 33; i++)
		sum[i] = i;
	affinity_kernel_add_to_double(x, 33, sum);
	for (int i = 0; i < 33; i++)
		same &= sum[i] == i + (double) x[i];
	ok(same, "add_to_double");
	free(x);
	return done();
}
