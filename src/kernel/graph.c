/*
 * graph.c
 *		Products of the graph of items with some vectors at a time.
 *
 * The vectors lie side by side: a row has the numbers of one item, so that
 * what a user's items have is fetched by whole lines, and as few vectors are
 * worked on as stay in the cache. Both halves of the product, R' (R x), are
 * done user by user: what a user's items have is added up in registers, and
 * added to what they get.
 */
#include "kernel/graph.h"
#include "kernel/multiversion.h"

#define WIDTH	AFFINITY_GRAPH_WIDTH

/*
 * out += R' F R x for users `from` to `to` - 1, F being their factors. An entry
 * of R counts its value, or where there are none, the scale of its item.
 */
AFFINITY_MULTIVERSION void
affinity_kernel_graph_apply(const AffinityGraph *graph, uint32_t from,
							uint32_t to, const float *restrict x,
							float *restrict out)
{
	const AffinityCsr *by_user = &graph->by_user;

	for (uint32_t u = from; u < to; u++)
	{
		int64_t		end = by_user->start[u + 1];
		float		sum[WIDTH] = {0};

		for (int64_t e = by_user->start[u]; e < end; e++)
		{
			const float *row = x + (size_t) by_user->col[e] * WIDTH;
			float		s = by_user->val ? by_user->val[e] :
				graph->item_scale[by_user->col[e]];

			for (int c = 0; c < WIDTH; c++)
				sum[c] += s * row[c];
		}
		for (int c = 0; c < WIDTH; c++)
			sum[c] *= graph->user_factor[u];
		for (int64_t e = by_user->start[u]; e < end; e++)
		{
			float	   *row = out + (size_t) by_user->col[e] * WIDTH;
			float		s = by_user->val ? by_user->val[e] :
				graph->item_scale[by_user->col[e]];

			for (int c = 0; c < WIDTH; c++)
				row[c] += s * sum[c];
		}
	}
}

/*
 * z = a x + b y - z, number by number.
 */
AFFINITY_MULTIVERSION void
affinity_kernel_graph_combine(const float *restrict x,
							  const float *restrict y, size_t n, float a,
							  float b, float *restrict z)
{
	for (size_t i = 0; i < n; i++)
		z[i] = a * x[i] + b * y[i] - z[i];
}
