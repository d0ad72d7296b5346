/*
 * ease_heads.c
 *		The items of sparse ease with the most users, and their products with each
 *		other.
 *
 * In a training these are a by-product of the candidates, for which the whole
 * column of each item is summed up. An update needs few columns, and of heads
 * whose columns stay only these products: so they are summed up from lists
 * that have the heads of each user alone, in the same order.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "kernel/topk.h"
#include "linear/ease_sparse.h"

/*
 * The leader: number the items with the most users, the most popular first:
 * so what is looked up most lies together.
 */
void
affinity_linear_ease_heads_choose(EaseSparse *s)
{
	double		exponent = s->task->options.candidate_exponent;
	AffinityTopK top;

	affinity_kernel_topk_init(&top, s->key, s->task->n_heads, (Size) s->n + 1);
	for (uint32 i = 0; i < s->n; i++)
	{
		int64		users = s->by_item.start[i + 1] - s->by_item.start[i];
		double		g = 0;
		double		d = 0;

		for (int64 e = s->by_item.start[i]; e < s->by_item.start[i + 1]; e++)
		{
			double		x = s->by_item.val ? s->by_item.val[e] : 1;

			g += x * x * s->user_factor[s->by_item.col[e]];
			d += x * x;
		}
		s->diagonal[i] = g;
		s->right[i] = d > 0 ? pow(d, -exponent) : 0;
		s->head[i] = NO_HEAD;
		if (s->task->n_heads > 0)
			affinity_kernel_topk_push(&top,
									  affinity_kernel_rank_key((float) users,
															   i));
		affinity_linear_ease_work(s, users);
	}
	if (s->task->n_heads == 0)
		return;
	affinity_kernel_topk_finish(&top, s->scratch);
	for (size_t h = 0; h < top.n; h++)
		s->head[affinity_kernel_rank_key_no(top.key[h])] = (uint32) h;
}

/*
 * The products of a head with those before it, from its column of G, in sum.
 */
void
affinity_linear_ease_head_take(EaseSparse *s, uint32 j, uint32 n_touched)
{
	float	   *row = s->heads + affinity_linear_ease_triangle(s->head[j]);

	for (uint32 t = 0; t < n_touched; t++)
	{
		uint32		h = s->head[s->touched[t]];

		/* NO_HEAD is above all */
		if (h <= s->head[j])
			row[h] = (float) Min(s->sum[s->touched[t]], FLT_MAX);
	}
}

/*
 * The same of a head whose column is not needed.
 */
void
affinity_linear_ease_head(EaseSparse *s, uint32 j)
{
	uint32		own = s->head[j];
	float	   *row = s->heads + affinity_linear_ease_triangle(own);

	memset(s->head_sum, 0, s->task->n_heads * sizeof(double));
	for (int64 e = s->by_item.start[j]; e < s->by_item.start[j + 1]; e++)
	{
		uint32		user = s->by_item.col[e];
		int64		start = s->user_heads[user];
		size_t		n = s->user_heads[user + 1] - start;
		double		x = s->by_item.val ? s->by_item.val[e] : 1;

		x *= s->user_factor[user];
		if (x > 0)
			affinity_kernel_dense_add(s->head_sum, s->user_head + start,
									  s->user_head_x ?
									  s->user_head_x + start : NULL, n, x);
		affinity_linear_ease_work(s, n);
	}
	for (uint32 h = 0; h <= own; h++)
		row[h] = (float) Min(s->head_sum[h], FLT_MAX);
	affinity_linear_ease_work(s, own);
}

/*
 * An update: the heads of each user, a participant's own.
 */
void
affinity_linear_ease_heads_begin(EaseSparse *s)
{
	uint32		n_users = s->by_user.n_rows;
	Size		n = 0;

	if (s->due == NULL || s->task->n_heads == 0)
		return;
	for (uint32 i = 0; i < s->n; i++)
	{
		if (s->head[i] != NO_HEAD)
			n += s->by_item.start[i + 1] - s->by_item.start[i];
	}
	s->head_sum = affinity_linear_ease_array(s->task->n_heads, sizeof(double));
	s->user_heads = affinity_linear_ease_array(n_users, sizeof(int64));
	s->user_head = affinity_linear_ease_array(n, sizeof(uint32));
	s->user_head_x = s->by_user.val ?
		affinity_linear_ease_array(n, sizeof(float)) : NULL;
	n = 0;
	for (uint32 user = 0; user < n_users; user++)
	{
		int64		end = s->by_user.start[user + 1];

		s->user_heads[user] = n;
		for (int64 e = s->by_user.start[user]; e < end; e++)
		{
			uint32		h = s->head[s->by_user.col[e]];

			if (h == NO_HEAD)
				continue;
			if (s->user_head_x)
				s->user_head_x[n] = s->by_user.val[e];
			s->user_head[n++] = h;
		}
		affinity_linear_ease_work(s, end - s->by_user.start[user]);
	}
	s->user_heads[n_users] = n;
}
