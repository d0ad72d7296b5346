/*
 * dense_template.h
 *		The kernels of dense.c for one width of vectors.
 *
 * Before including it define WIDTH (numbers in a vector: 4, 8 or 16), TILE
 * (rows of a tile of sums that fits the registers, with two vectors each) and
 * NAME(name) (a function's full name); they are undefined at the end.
 */

#define vec NAME(vec)
#define vec_in_memory NAME(vec_in_memory)
#define mask NAME(mask)

typedef float vec __attribute__((vector_size(WIDTH * sizeof(float)),
								 may_alias));
typedef int32_t mask __attribute__((vector_size(WIDTH * sizeof(float))));

/* Numbers as they lie in memory: aligned as one is. */
typedef float vec_in_memory __attribute__((vector_size(WIDTH * sizeof(float)),
										   aligned(sizeof(float)), may_alias));

#define VEC(p) (*(vec *) (p))
#define CONST_VEC(p) (*(const vec *) (p))
#define LOOSE(p) (*(vec_in_memory *) (p))
#define CONST_LOOSE(p) (*(const vec_in_memory *) (p))

/* In every quarter of 128 bits: numbers 0, 1 or 2, 3 of x and y by turns. */
#if WIDTH == 4
#define LOW(x, y) SHUFFLE(mask, x, y, 0, 4, 1, 5)
#define HIGH(x, y) SHUFFLE(mask, x, y, 2, 6, 3, 7)
#define LOW_PAIRS(x, y) SHUFFLE(mask, x, y, 0, 1, 4, 5)
#define HIGH_PAIRS(x, y) SHUFFLE(mask, x, y, 2, 3, 6, 7)
#define COUNT_UP {0, 1, 2, 3}
#elif WIDTH == 8
#define LOW(x, y) SHUFFLE(mask, x, y, 0, 8, 1, 9, 4, 12, 5, 13)
#define HIGH(x, y) SHUFFLE(mask, x, y, 2, 10, 3, 11, 6, 14, 7, 15)
#define LOW_PAIRS(x, y) SHUFFLE(mask, x, y, 0, 1, 8, 9, 4, 5, 12, 13)
#define HIGH_PAIRS(x, y) SHUFFLE(mask, x, y, 2, 3, 10, 11, 6, 7, 14, 15)
#define COUNT_UP {0, 1, 2, 3, 4, 5, 6, 7}
#else
#define LOW(x, y) SHUFFLE(mask, x, y, 0, 16, 1, 17, 4, 20, 5, 21, \
						  8, 24, 9, 25, 12, 28, 13, 29)
#define HIGH(x, y) SHUFFLE(mask, x, y, 2, 18, 3, 19, 6, 22, 7, 23, \
						   10, 26, 11, 27, 14, 30, 15, 31)
#define LOW_PAIRS(x, y) SHUFFLE(mask, x, y, 0, 1, 16, 17, 4, 5, 20, 21, \
								8, 9, 24, 25, 12, 13, 28, 29)
#define HIGH_PAIRS(x, y) SHUFFLE(mask, x, y, 2, 3, 18, 19, 6, 7, 22, 23, \
								 10, 11, 26, 27, 14, 15, 30, 31)
#define COUNT_UP {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}
#endif

/*
 * The sums of four vectors at once, by six shuffles and not sixteen.
 */
static ALWAYS_INLINE void
NAME(sum4) (vec a, vec b, vec c, vec d, float *restrict out)
{
	vec			ab = LOW(a, b) + HIGH(a, b);
	vec			cd = LOW(c, d) + HIGH(c, d);
	vec			abcd = LOW_PAIRS(ab, cd) + HIGH_PAIRS(ab, cd);
	quad_f4		sum;

#if WIDTH == 4
	sum = abcd;
#elif WIDTH == 8
	sum = HALF(quad_f4, abcd, 0) + HALF(quad_f4, abcd, 1);
#else
	eight_f4	half = HALF(eight_f4, abcd, 0) + HALF(eight_f4, abcd, 1);

	sum = HALF(quad_f4, half, 0) + HALF(quad_f4, half, 1);
#endif
	*(quad_f4_in_memory *) out = sum;
}

static ALWAYS_INLINE float
NAME(sum1) (vec a)
{
	float		out[4];

	NAME(sum4) (a, a, a, a, out);
	return out[0];
}

static float
NAME(dot) (const float *x, const float *y, size_t n)
{
	vec			even = {0};
	vec			odd = {0};
	float		sum;
	size_t		i = 0;

	for (; i + 2 * WIDTH <= n; i += 2 * WIDTH)
	{
		even += CONST_LOOSE(x + i) * CONST_LOOSE(y + i);
		odd += CONST_LOOSE(x + i + WIDTH) * CONST_LOOSE(y + i + WIDTH);
	}
	if (i + WIDTH <= n)
	{
		even += CONST_LOOSE(x + i) * CONST_LOOSE(y + i);
		i += WIDTH;
	}
	sum = NAME(sum1) (even + odd);
	for (; i < n; i++)
		sum += x[i] * y[i];
	return sum;
}

static void
NAME(axpy) (float a, const float *x, float *y, size_t n)
{
	size_t		i = 0;

	for (; i + WIDTH <= n; i += WIDTH)
		LOOSE(y + i) += a * CONST_LOOSE(x + i);
	for (; i < n; i++)
		y[i] += a * x[i];
}

static void
NAME(product) (const float *x, const float *y, size_t n, float *out)
{
	for (size_t i = 0; i < n; i += WIDTH)
		VEC(out + i) = CONST_VEC(x + i) * CONST_VEC(y + i);
}

static void
NAME(inverse_roots) (const float *x, float times, float plus, size_t n,
					 float *out)
{
	for (size_t i = 0; i < n; i++)
		out[i] = 1 / sqrtf(times * x[i] + plus);
}

/* ---- panels ------------------------------------------------------------ */

static void
NAME(gather) (const float *row, size_t stride, const uint32_t *no,
			  const float *weight, const float *scale, size_t n, size_t known,
			  size_t width, float *panel)
{
	size_t		ahead = AHEAD / (width + 1) + 4;
	size_t		r = 0;

	for (; r < n; r++)
	{
		const float *from = row + no[r] * stride;
		float	   *to = panel + r * width;
		float		w = weight[r];

		if (r + ahead < known)
		{
			const float *next = row + no[r + ahead] * stride;

			for (size_t k = 0; k < width; k += LINE)
				__builtin_prefetch(next + k);
		}
		for (size_t k = 0; k < width; k += WIDTH)
			VEC(to + k) = w * CONST_VEC(from + k) * CONST_VEC(scale + k);
	}
	for (; r < affinity_kernel_panel_rows(n); r++)
		memset(panel + r * width, 0, width * sizeof(float));
}

/*
 * The products of four rows with v.
 */
static ALWAYS_INLINE void
NAME(dot4) (const float *p, size_t stride, size_t width, const float *v,
			float *restrict out)
{
	vec			a = {0};
	vec			b = {0};
	vec			c = {0};
	vec			d = {0};

	for (size_t k = 0; k < width; k += WIDTH)
	{
		vec			x = CONST_VEC(v + k);

		a += x * CONST_VEC(p + k);
		b += x * CONST_VEC(p + stride + k);
		c += x * CONST_VEC(p + 2 * stride + k);
		d += x * CONST_VEC(p + 3 * stride + k);
	}
	NAME(sum4) (a, b, c, d, out);
}

static ALWAYS_INLINE void
NAME(axpy4) (const float *p, size_t stride, size_t width, const float *e,
			 float *restrict out)
{
	float		a = e[0];
	float		b = e[1];
	float		c = e[2];
	float		d = e[3];

	for (size_t k = 0; k < width; k += WIDTH)
		VEC(out + k) += (a * CONST_VEC(p + k) +
						 b * CONST_VEC(p + stride + k)) +
			(c * CONST_VEC(p + 2 * stride + k) +
			 d * CONST_VEC(p + 3 * stride + k));
}

static void
NAME(subtract) (const float *panel, size_t stride, size_t n, size_t width,
				const float *v, float *e)
{
	for (size_t r = 0; r < n; r += 4)
	{
		float		product[4];

		NAME(dot4) (panel + r * stride, stride, width, v, product);
		for (int i = 0; i < 4; i++)
			e[r + i] -= product[i];
	}
}

static void
NAME(combine) (const float *panel, size_t stride, size_t n, size_t width,
			   const float *e, float *out)
{
	for (size_t r = 0; r < n; r += 4)
		NAME(axpy4) (panel + r * stride, stride, width, e + r, out);
}

static void
NAME(normal) (const float *panel, size_t stride, size_t n, size_t width,
			  const float *v, float *out)
{
	for (size_t r = 0; r < n; r += 4)
	{
		const float *p = panel + r * stride;
		float		product[4];

		NAME(dot4) (p, stride, width, v, product);
		NAME(axpy4) (p, stride, width, product, out);
	}
}

/* ---- products of matrices ---------------------------------------------- */

/*
 * c (+)= a b for a tile of rows x cols vectors, which stays in registers:
 * rows and cols are constants wherever this is inlined. Number (i, k) of a
 * lies at a[i * a_row + k * a_col].
 */
static ALWAYS_INLINE void
NAME(tile) (int rows, int cols, const float *a, size_t a_row, size_t a_col,
			const float *b, size_t b_row, size_t n, float *c, size_t ld,
			bool add)
{
	vec			sum[TILE][2];

	for (int i = 0; i < rows; i++)
		for (int j = 0; j < cols; j++)
			sum[i][j] = add ? CONST_VEC(c + i * ld + j * WIDTH) : (vec)
		{
			0
		};
	for (size_t k = 0; k < n; k++)
	{
		vec			x = CONST_VEC(b);
		vec			y = cols > 1 ? CONST_VEC(b + WIDTH) : x;

		for (int i = 0; i < rows; i++)
		{
			float		f = a[i * a_row];

			sum[i][0] += f * x;
			if (cols > 1)
				sum[i][1] += f * y;
		}
		a += a_col;
		b += b_row;
	}
	for (int i = 0; i < rows; i++)
		for (int j = 0; j < cols; j++)
			VEC(c + i * ld + j * WIDTH) = sum[i][j];
}

static void
NAME(outer) (const float *panel, size_t stride, size_t n, size_t width,
			 float *c, size_t ld)
{
	for (size_t i = 0; i < width; i += TILE)
	{
		size_t		j = i / WIDTH * WIDTH;

		for (; j + 2 * WIDTH <= width; j += 2 * WIDTH)
			NAME(tile) (TILE, 2, panel + i, 1, stride, panel + j, stride, n,
						c + i * ld + j, ld, true);
		if (j < width)
			NAME(tile) (TILE, 1, panel + i, 1, stride, panel + j, stride, n,
						c + i * ld + j, ld, true);
	}
}

static ALWAYS_INLINE void
NAME(multiply_rows) (int rows, const float *a, size_t width, const float *b,
					 float *out)
{
	size_t		j = 0;

	for (; j + 2 * WIDTH <= width; j += 2 * WIDTH)
		NAME(tile) (rows, 2, a, width, 1, b + j, width, width, out + j, width,
					false);
	if (j < width)
		NAME(tile) (rows, 1, a, width, 1, b + j, width, width, out + j, width,
					false);
}

static void
NAME(multiply) (const float *a, size_t n, size_t width, const float *b,
				float *out)
{
	size_t		r = 0;

	for (; r + TILE <= n; r += TILE)
		NAME(multiply_rows) (TILE, a + r * width, width, b, out + r * width);
	for (; r < n; r++)
		NAME(multiply_rows) (1, a + r * width, width, b, out + r * width);
}

/*
 * A block of 4 x 4 products of rows.
 */
static ALWAYS_INLINE void
NAME(inner4) (const float *p, const float *q, size_t stride, size_t width,
			  float *c, size_t ld)
{
	vec			sum[4][4] = {{{0}}};

	for (size_t k = 0; k < width; k += WIDTH)
	{
		vec			x[4];

		for (int j = 0; j < 4; j++)
			x[j] = CONST_VEC(q + j * stride + k);
		for (int i = 0; i < 4; i++)
		{
			vec			y = CONST_VEC(p + i * stride + k);

			for (int j = 0; j < 4; j++)
				sum[i][j] += y * x[j];
		}
	}
	for (int i = 0; i < 4; i++)
		NAME(sum4) (sum[i][0], sum[i][1], sum[i][2], sum[i][3], c + i * ld);
}

static void
NAME(inner) (const float *panel, size_t stride, size_t n, size_t width,
			 float *c, size_t ld)
{
	for (size_t i = 0; i < n; i += 4)
		for (size_t j = i; j < n; j += 4)
			NAME(inner4) (panel + i * stride, panel + j * stride, stride,
						  width, c + i * ld + j, ld);
}

/* ---- Cholesky ---------------------------------------------------------- */

/*
 * Rows [k, k + 4): what the four take from each other, their pivots. The row
 * is zero before its pivot, as far as back will read.
 */
static ALWAYS_INLINE void
NAME(pivots) (float *c, size_t ld, size_t k, float floor, float *inverse)
{
	const		mask up = COUNT_UP;
	size_t		start = k / WIDTH * WIDTH;

	for (size_t i = k; i < k + 4; i++)
	{
		float	   *row = c + i * ld;
		mask		keep = up + (int32_t) start >= (int32_t) i;
		float		pivot;

		for (size_t p = k; p < i; p++)
		{
			float		f = c[p * ld + i];

			for (size_t j = start; j < ld; j += WIDTH)
				VEC(row + j) -= f * CONST_VEC(c + p * ld + j);
		}
		pivot = row[i] >= floor ? row[i] : floor;
		row[i] = pivot;
		inverse[i] = 1 / sqrtf(pivot);
		for (size_t j = start; j < ld; j += WIDTH)
			VEC(row + j) *= inverse[i];
		VEC(row + start) = (vec) ((mask) VEC(row + start) & keep);
	}
}

static void
NAME(cholesky) (float *c, size_t ld, size_t n, float floor, float *inverse)
{
	for (size_t k = 0; k < n; k += 4)
	{
		const float *u = c + k * ld;

		NAME(pivots) (c, ld, k, floor, inverse);
		for (size_t i = k + 4; i < n; i += 4)
		{
			float		f[4][4];

			for (int p = 0; p < 4; p++)
				for (int r = 0; r < 4; r++)
					f[p][r] = u[p * ld + i + r];
			for (size_t j = i / WIDTH * WIDTH; j < ld; j += WIDTH)
			{
				vec			a = CONST_VEC(u + j);
				vec			b = CONST_VEC(u + ld + j);
				vec			d = CONST_VEC(u + 2 * ld + j);
				vec			e = CONST_VEC(u + 3 * ld + j);

				for (int r = 0; r < 4; r++)
					VEC(c + (i + r) * ld + j) -= (f[0][r] * a + f[1][r] * b) +
						(f[2][r] * d + f[3][r] * e);
			}
		}
	}
}

/*
 * Four unknowns a round, the last first. While they are sought they are 0, so
 * that what is known already is all that is multiplied.
 */
static void
NAME(back) (const float *c, size_t ld, size_t n, const float *inverse,
			float *x)
{
	for (size_t i = n; i < ld; i++)
		x[i] = 0;
	for (size_t k = n; k > 0;)
	{
		float		sum[4];
		float		z[4];

		k -= 4;
		for (int i = 0; i < 4; i++)
		{
			z[i] = x[k + i];
			x[k + i] = 0;
		}
		NAME(dot4) (c + k * ld + k / WIDTH * WIDTH, ld,
					ld - k / WIDTH * WIDTH, x + k / WIDTH * WIDTH, sum);
		for (int i = 3; i >= 0; i--)
		{
			const float *row = c + (k + i) * ld + k;
			float		left = z[i] - sum[i];

			for (int j = i + 1; j < 4; j++)
				left -= row[j] * z[j];
			z[i] = left * inverse[k + i];
		}
		memcpy(x + k, z, sizeof(z));
	}
}

static const AffinityDense
NAME(dense) =
{
	.name = LEVEL,
		.dot = NAME(dot),
		.axpy = NAME(axpy),
		.product = NAME(product),
		.inverse_roots = NAME(inverse_roots),
		.gather = NAME(gather),
		.subtract = NAME(subtract),
		.combine = NAME(combine),
		.normal = NAME(normal),
		.outer = NAME(outer),
		.inner = NAME(inner),
		.multiply = NAME(multiply),
		.cholesky = NAME(cholesky),
		.back = NAME(back),
};

#undef vec
#undef vec_in_memory
#undef mask
#undef VEC
#undef CONST_VEC
#undef LOOSE
#undef CONST_LOOSE
#undef LOW
#undef HIGH
#undef LOW_PAIRS
#undef HIGH_PAIRS
#undef COUNT_UP
#undef WIDTH
#undef TILE
#undef LEVEL
#undef NAME
