/*
 * panel_template.h
 *		One tile of the product of users and a panel of items; included once
 *		for each width of registers.
 *
 * NAME(x) names, TARGET is an attribute, VECTOR_BYTES the width of a register
 * and USERS the rows of a tile: as many as their sums fit into registers.
 */
#define LANES		(VECTOR_BYTES / sizeof(float))
#define VECTORS		(AFFINITY_PANEL / LANES)

typedef float NAME(vector) __attribute__((vector_size(VECTOR_BYTES)));
typedef float NAME(vector_in_memory)
			__attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(float)),
						   may_alias));

TARGET static void
NAME(tile) (const float *panel, size_t width, const float *user, size_t stride,
			float *score, size_t score_stride)
{
	NAME(vector) sum[USERS][VECTORS];

	for (size_t u = 0; u < USERS; u++)
	{
		for (size_t v = 0; v < VECTORS; v++)
			sum[u][v] = (NAME(vector))
		{
			0
		};
	}
	for (size_t f = 0; f < width; f++)
	{
		const float *row = panel + f * AFFINITY_PANEL;

		for (size_t u = 0; u < USERS; u++)
		{
			float		x = user[u * stride + f];

			for (size_t v = 0; v < VECTORS; v++)
				sum[u][v] += x *
					*(const NAME(vector_in_memory) *) (row + v * LANES);
		}
	}
	for (size_t u = 0; u < USERS; u++)
	{
		for (size_t v = 0; v < VECTORS; v++)
			*(NAME(vector_in_memory) *) (score + u * score_stride + v * LANES) = sum[u][v];
	}
}

TARGET static void
NAME(product) (const float *panel, size_t width, size_t n_panels,
			   const float *user, size_t stride, size_t n_users, float *score,
			   size_t score_stride)
{
	for (size_t p = 0; p < n_panels; p++)
	{
		for (size_t u = 0; u < n_users; u += USERS)
			NAME(tile) (panel + p * width * AFFINITY_PANEL, width,
						user + u * stride, stride,
						score + u * score_stride + p * AFFINITY_PANEL,
						score_stride);
	}
}

#undef LANES
#undef VECTORS
#undef NAME
#undef TARGET
#undef VECTOR_BYTES
#undef USERS
