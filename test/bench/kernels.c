/*
 * kernels.c
 *		How fast the kernels are, beside sgemm of OpenBLAS (one thread) and a
 *		copy.
 *
 * Each figure is the best of some repetitions, by the processor's time, so
 * that others who use the machine meanwhile count little. Sizes are those of
 * training: panels of 256 rows, which stay in the cache, and a gather from a
 * matrix of
 * 40,000 rows, which does not.
 */
#include <cblas.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "kernel/dense.h"
#include "kernel/eigen.h"
#include "kernel/panel.h"
#include "kernel/sparse.h"
#include "kernel/topk.h"
#include "kernel/vector.h"

#define PANEL_OF	256
#define ALL_ROWS	40000
#define REPEAT		7
#define SECONDS		0.01

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double) t.tv_sec + (double) t.tv_nsec * 1e-9;
}

/* Seconds of one execution of what, the best of REPEAT measurements. */
#define TIME(best, what) \
	do { \
		long		times = 1; \
		double		took = 0; \
		(best) = 1e9; \
		for (int round = 0; round < REPEAT;) \
		{ \
			double		start = now(); \
			for (long t = 0; t < times; t++) \
			{ \
				what; \
				__asm__ volatile("" ::: "memory"); \
			} \
			took = now() - start; \
			if (took < SECONDS) \
			{ \
				times *= 2; \
				continue; \
			} \
			(best) = fmin(best, took / (double) times); \
			round++; \
		} \
	} while (0)

static void *
take(size_t bytes)
{
	void	   *memory;

	if (posix_memalign(&memory, 64, bytes) != 0)
		abort();
	memset(memory, 0, bytes);
	return memory;
}

static float *
numbers(size_t n)
{
	float	   *x = take(n * sizeof(float));

	for (size_t i = 0; i < n; i++)
		x[i] = (float) (rand() % 2001 - 1000) / 1000;
	return x;
}

/* ---- floors ------------------------------------------------------------ */

static double
sgemm(int n)
{
	float	   *a = numbers((size_t) n * n);
	float	   *b = numbers((size_t) n * n);
	float	   *c = numbers((size_t) n * n);
	double		seconds;

	TIME(seconds, cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, n, n,
							  n, 1, a, n, b, n, 0, c, n));
	free(a);
	free(b);
	free(c);
	return 2.0 * n * n * n / seconds / 1e9;
}

static double
copy(size_t bytes)
{
	char	   *a = take(bytes);
	char	   *b = take(bytes);
	double		seconds;

	TIME(seconds, memcpy(a, b, bytes));
	free(a);
	free(b);
	return (double) bytes / seconds / 1e9;
}

/* ---- dense.c ----------------------------------------------------------- */

static void
line(const char *name, const char *level, size_t width, const char *what,
	 double figure, const char *unit, double floor)
{
	printf("%-24s %-10s %5zu  %-26s %8.1f %-8s %6.2f\n", name, level, width,
		   what, figure, unit, figure / floor);
}

/*
 * Kernels over a panel of n rows.
 */
static void
panels(const AffinityDense *d, size_t width, size_t n, double peak)
{
	float	   *panel = numbers(n * width);
	float	   *v = numbers(width);
	float	   *e = numbers(n);
	float	   *out = numbers(width);
	float	   *c = numbers((width > n ? width : n) * (width > n ? width : n));
	float	   *big = numbers(n * width);
	char		size[32];
	double		s;

	snprintf(size, sizeof(size), "%zu rows", n);
	TIME(s, d->combine(panel, width, n, width, e, out));
	line("combine (axpy)", d->name, width, size, 2.0 * n * width / s / 1e9,
		 "GFLOP/s", peak);
	TIME(s, (memset(e, 0, n * 4), d->subtract(panel, width, n, width, v, e)));
	line("subtract (dot)", d->name, width, size, 2.0 * n * width / s / 1e9,
		 "GFLOP/s", peak);
	TIME(s, (memset(out, 0, width * 4),
			 d->normal(panel, width, n, width, v, out)));
	line("normal (dot and axpy)", d->name, width, size,
		 4.0 * n * width / s / 1e9, "GFLOP/s", peak);
	TIME(s, (memset(c, 0, width * width * 4),
			 d->outer(panel, width, n, width, c, width)));
	line("outer (rank update)", d->name, width, size,
		 (double) n * width * width / s / 1e9, "GFLOP/s", peak);
	TIME(s,
		 d->inner(panel, width, n, width, c, affinity_kernel_padded_width(n)));
	line("inner", d->name, width, size, (double) n * n * width / s / 1e9,
		 "GFLOP/s", peak);
	memset(c, 0, width * width * 4);
	for (size_t i = 0; i < width; i++)
		c[i * width + i] = 1;
	TIME(s, d->multiply(panel, n, width, c, big));
	line("multiply", d->name, width, size, 2.0 * n * width * width / s / 1e9,
		 "GFLOP/s", peak);
	free(panel);
	free(v);
	free(e);
	free(out);
	free(c);
	free(big);
}

static void
equations(const AffinityDense *d, size_t n, double peak)
{
	size_t		ld = affinity_kernel_padded_width(n + 1);
	float	   *g = numbers(n * affinity_kernel_padded_width(n));
	float	   *a = take(n * ld * sizeof(float));
	float	   *c = take(n * ld * sizeof(float));
	float	   *inverse = numbers(n);
	float	   *x = numbers(ld);
	double		s;

	d->inner(g, affinity_kernel_padded_width(n), n,
			 affinity_kernel_padded_width(n), a, ld);
	for (size_t i = 0; i < n; i++)
		a[i * ld + i] += 1;
	TIME(s, (memcpy(c, a, n * ld * sizeof(float)),
			 d->cholesky(c, ld, n, 1, inverse)));
	line("cholesky", d->name, n, "with one right-hand side",
		 (double) n * n * n / 3 / s / 1e9, "GFLOP/s", peak);
	TIME(s, d->back(c, ld, n, inverse, x));
	line("back", d->name, n, "", (double) n * n / s / 1e9, "GFLOP/s", peak);
	free(g);
	free(a);
	free(c);
	free(inverse);
	free(x);
}

/* A table of rows, of which PANEL_OF are gathered at a time. */
typedef struct Gather
{
	size_t		width;
	float	   *row;
	float	   *weight;
	float	   *scale;
	float	   *panel;
	uint32_t   *no;
	size_t		from;
} Gather;

static void
gather_next(const AffinityDense *d, Gather *g)
{
	g->from = (g->from + PANEL_OF) % (ALL_ROWS - PANEL_OF);
	d->gather(g->row, g->width, g->no + g->from, g->weight, g->scale, PANEL_OF,
			  ALL_ROWS - g->from, g->width, g->panel);
}

static void
gathers(const AffinityDense *d, size_t width, double copied)
{
	Gather		g;
	double		s;

	g.width = width;
	g.row = numbers(ALL_ROWS * width);
	g.weight = numbers(PANEL_OF);
	g.scale = numbers(width);
	g.panel = numbers(PANEL_OF * width);
	g.no = take(ALL_ROWS * sizeof(uint32_t));
	g.from = 0;
	for (size_t i = 0; i < ALL_ROWS; i++)
		g.no[i] = (uint32_t) rand() % ALL_ROWS;
	TIME(s, gather_next(d, &g));
	line("gather", d->name, width, "256 of 40,000 rows",
		 PANEL_OF * width * 4.0 / s / 1e9, "GB/s", copied);
	free(g.row);
	free(g.weight);
	free(g.scale);
	free(g.panel);
	free(g.no);
}

/* ---- what is not in dense.c -------------------------------------------- */

static void
whole_eigen(AffinityEigen *e, const double *a, size_t bytes)
{
	memcpy(e->a, a, bytes);
	affinity_kernel_eigen_begin(e);
	while (affinity_kernel_eigen_step(e))
		;
}

static void
eigen(size_t n, double peak)
{
	size_t		bytes = n * n * sizeof(double);
	double	   *a = take(bytes);
	double	   *scratch = take(4 * n * sizeof(double));
	AffinityEigen e = {
		.n = (int) n, .a = take(bytes), .z = take(bytes), .value = scratch,
		.side = scratch + n, .scratch = scratch + 2 * n
	};
	double		s;

	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j <= i; j++)
			a[i * n + j] = a[j * n + i] = (rand() % 2001 - 1000) / 1000.0;
	TIME(s, whole_eigen(&e, a, bytes));
	line("eigen (double)", "", n, "counted as 9 n^3",
		 9.0 * n * n * n / s / 1e9, "GFLOP/s", peak);
	free(a);
	free(scratch);
	free(e.a);
	free(e.z);
}

static void
add_dot(double *sum, const float *x, const float *y, size_t n)
{
	*sum += affinity_kernel_dot_f4(x, y, n);
}

static void
vectors(double copied)
{
	size_t		n = 1024;
	float	   *x = numbers(n);
	float	   *y = numbers(n);
	double		sum = 0;
	double		s;

	TIME(s, add_dot(&sum, x, y, n));
	line("dot_f4 (double)", "", n, "in the cache", 8.0 * n / s / 1e9, "GB/s",
		 copied);
	if (isnan(sum))
		printf("nan\n");
	free(x);
	free(y);
}

/*
 * Rows of 100 columns added into 40,000 sums; then the best 100 of them.
 */
static uint32_t
add_rows(double *sum, uint32_t *touched, const uint32_t *col, size_t row,
		 size_t rows)
{
	uint32_t	n = 0;

	memset(sum, 0, ALL_ROWS * sizeof(double));
	for (size_t r = 0; r < rows; r++)
		n = affinity_kernel_sparse_add(sum, touched, n, col + r * row, NULL,
									   row, 1);
	return n;
}

static void
sparse(double copied)
{
	size_t		row = 100;
	size_t		rows = 200;
	uint32_t   *col = take(row * rows * sizeof(uint32_t));
	double	   *sum = take(ALL_ROWS * sizeof(double));
	double	   *right = take(ALL_ROWS * sizeof(double));
	uint32_t   *touched = take((ALL_ROWS + 1) * sizeof(uint32_t));
	float	   *score = take((ALL_ROWS + 1) * sizeof(float));
	uint64_t   *key = take((ALL_ROWS + 1) * sizeof(uint64_t));
	uint64_t   *scratch = take((ALL_ROWS + 1) * sizeof(uint64_t));
	uint32_t	n = 0;
	double		s;

	for (size_t i = 0; i < row * rows; i++)
		col[i] = (uint32_t) rand() % ALL_ROWS;
	for (size_t i = 0; i < ALL_ROWS; i++)
		right[i] = 1;
	TIME(s, n = add_rows(sum, touched, col, row, rows));
	line("sparse_add", "", row, "rows into 40,000 sums",
		 12.0 * (double) (row * rows) / s / 1e9, "GB/s", copied);
	for (size_t i = 0; i < n; i++)
		score[i] = (float) (rand() % 10000 + 1) * (float) right[touched[i]];
	TIME(s, affinity_kernel_topk_scores(score, touched, n, 100, key, scratch));
	line("topk_scores", "", 100, "best of 15,000", 8.0 * n / s / 1e9, "GB/s",
		 copied);
	free(col);
	free(sum);
	free(right);
	free(touched);
	free(score);
	free(key);
	free(scratch);
}

static void
panel_products(double peak)
{
	size_t		width = 64;
	size_t		n_panels = 16;
	size_t		users = 64;
	float	   *item = numbers(n_panels * AFFINITY_PANEL * width);
	float	   *panel = take(n_panels * AFFINITY_PANEL * width *
							 sizeof(float));
	float	   *user = numbers(users * width);
	float	   *score = numbers(users * n_panels * AFFINITY_PANEL);
	double		s;

	affinity_kernel_panels_pack(item, width, width, n_panels * AFFINITY_PANEL,
								panel);
	TIME(s, affinity_kernel_panels_score(panel, width, n_panels,
										 user, width, users, score, n_panels *
										 AFFINITY_PANEL));
	line("panels_score", "", width, "64 users, 512 items",
		 2.0 * (double) (users * n_panels * AFFINITY_PANEL * width) / s / 1e9,
		 "GFLOP/s", peak);
	free(item);
	free(panel);
	free(user);
	free(score);
}

int
main(void)
{
	static const size_t widths[] = {64, 128, 256};
	double		peak = sgemm(1024);
	double		copied = copy(64 << 20);

	printf("%-24s %-10s %5s  %-26s %8s %-8s %6s\n", "kernel", "level", "width",
		   "", "", "", "ratio");
	line("sgemm (OpenBLAS)", "", 1024, "the floor of GFLOP/s", peak, "GFLOP/s",
		 peak);
	line("sgemm (OpenBLAS)", "", 64, "64 x 64", sgemm(64), "GFLOP/s", peak);
	line("memcpy", "", 0, "64 MB: the floor of GB/s", copied, "GB/s", copied);
	for (int level = 0; level < AFFINITY_DENSE_LEVELS; level++)
	{
		const AffinityDense *d = affinity_kernel_dense_level(level);

		for (int w = 0; d != NULL && w < 3; w++)
		{
			panels(d, widths[w], w == 0 ? 32 : PANEL_OF, peak);
			gathers(d, widths[w], copied);
			equations(d, w == 0 ? 20 : widths[w - 1], peak);
		}
	}
	eigen(64, peak);
	eigen(256, peak);
	panel_products(peak);
	vectors(copied);
	sparse(copied);
	return 0;
}
