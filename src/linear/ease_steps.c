/*
 * ease_steps.c
 *		A column of sparse ease by conjugate gradients.
 *
 * The penalties make the equations of a column well conditioned: 5 to 20
 * steps give all digits that matter, and a step is n^2 multiplications where
 * a factorization takes n^3 / 6. A product with G_SS is taken from the matrix,
 * or, where its candidates have few users, from their rows: what each user's
 * candidates add up to, then what each candidate's users add up to, so that
 * the matrix is never made.
 *
 * The steps end by a bound on the error. With D the diagonal of A = G + L and
 * q the smallest share that a penalty has of it, D^-1/2 A D^-1/2 has no
 * eigenvalue below q; so |D^1/2 (b - x)| <= |D^-1/2 (g - A x)| / q, and a
 * residual of q * TOLERANCE * |D^1/2 x| leaves a relative error of TOLERANCE.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "linear/ease_sparse.h"

#define TOLERANCE	1e-4
#define MOST_STEPS	60

/* Candidates whose users are fetched for later; numbers in a line. */
#define AHEAD		4
#define LINE		16

static inline void
fetch(const EaseSparse *s, uint32 item)
{
	int64		start = s->by_item.start[item];
	int64		end = Min(s->by_item.start[item + 1], start + 4 * LINE);

	for (int64 e = start; e < end; e += LINE)
		__builtin_prefetch(s->by_item.col + e);
}

/*
 * Number the users of the candidates, and list them candidate by candidate.
 */
static void
list_users(EaseSparse *s, const EaseColumn *c)
{
	uint32		n_met = 0;
	Size		at = 0;

	if ((Size) c->entries > s->entry_size)
	{
		s->entry_size = (Size) c->entries + c->entries / 2;
		pfree(s->entry);
		s->entry = affinity_linear_ease_array(s->entry_size, sizeof(uint32));
		if (s->entry_x)
		{
			pfree(s->entry_x);
			s->entry_x = affinity_linear_ease_array(s->entry_size,
													sizeof(float));
		}
	}
	if (s->seen_base > UINT32_MAX - s->by_user.n_rows)
	{
		memset(s->seen, 0, s->by_user.n_rows * sizeof(uint32));
		s->seen_base = 1;
	}
	for (uint32 a = 0; a < c->n; a++)
	{
		int64		start = s->by_item.start[c->item[a]];
		int64		n = s->by_item.start[c->item[a] + 1] - start;

		if (a + AHEAD < c->n)
			fetch(s, c->item[a + AHEAD]);
		n_met = affinity_kernel_sparse_number(s->seen, s->seen_base,
											  s->by_item.col + start, n, n_met,
											  s->user, s->entry + at);
		if (s->entry_x)
			memcpy(s->entry_x + at, s->by_item.val + start,
				   n * sizeof(float));
		at += n;
		affinity_linear_ease_work(s, n);
	}
	s->seen_base += n_met;
	for (uint32 m = 0; m < n_met; m++)
		s->factor[m] = (float) s->user_factor[s->user[m]];
	s->n_met = n_met;
}

static void
multiply_by_users(EaseSparse *s, const EaseColumn *c, const float *v,
				  float *out)
{
	size_t		users = affinity_kernel_padded_width(s->n_met);
	const float *x = s->entry_x;
	Size		at = 0;

	memset(s->total, 0, users * sizeof(float));
	for (uint32 a = 0; a < c->n; a++)
	{
		Size		n = s->by_item.start[c->item[a] + 1] -
			s->by_item.start[c->item[a]];

		affinity_kernel_sparse_scatter(s->total, s->entry + at,
									   x ? x + at : NULL, n, v[a]);
		at += n;
	}
	s->dense->product(s->total, s->factor, users, s->total);
	at = 0;
	for (uint32 a = 0; a < c->n; a++)
	{
		Size		n = s->by_item.start[c->item[a] + 1] -
			s->by_item.start[c->item[a]];

		out[a] = affinity_kernel_sparse_dot(s->total, s->entry + at,
											x ? x + at : NULL, n) +
			(float) c->penalty[a] * v[a];
		at += n;
	}
	affinity_linear_ease_work(s, 2 * c->entries);
}

static void
multiply_by_matrix(EaseSparse *s, const EaseColumn *c, const float *v,
				   float *out)
{
	memset(out, 0, s->order * sizeof(float));
	s->dense->subtract(s->matrix, s->width, s->order, s->width, v, out);
	for (uint32 a = 0; a < c->n; a++)
		out[a] = -out[a];
	affinity_linear_ease_work(s, (int64) c->n * c->n / 16);
}

/*
 * The sum of x * y, or of x * x * y, as four sums that are added at the end.
 */
static double
sum_of_products(const float *x, const float *y, uint32 n, bool square)
{
	double		sum[4] = {0};
	uint32		a = 0;

	for (; a + 4 <= n; a += 4)
		for (int k = 0; k < 4; k++)
			sum[k] += (double) x[a + k] * y[a + k] * (square ? x[a + k] : 1);
	for (; a < n; a++)
		sum[0] += (double) x[a] * y[a] * (square ? x[a] : 1);
	return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

/*
 * Solve the equations, whose matrix is made unless it is by users. False where
 * reals do not get there; then weight is as it was.
 */
bool
affinity_linear_ease_steps(EaseSparse *s, const EaseColumn *c, bool by_users)
{
	uint32		n = c->n;
	float	   *x = s->solution;
	float	   *r = s->residual;
	float	   *p = s->direction;
	float	   *q = s->product;
	double		bound = TOLERANCE * TOLERANCE * c->share * c->share;
	double		rest;

	if (by_users)
		list_users(s, c);
	else
		/* the padding, which is multiplied by what stands in the matrix */
		memset(p, 0, s->width * sizeof(float));
	for (uint32 a = 0; a < n; a++)
	{
		float		d = (float) (s->diagonal[c->item[a]] + c->penalty[a]);

		s->scale[a] = d;
		s->inverse[a] = 1 / d;
		x[a] = 0;
		r[a] = c->weight[a];
		p[a] = r[a] * s->inverse[a];
	}
	rest = sum_of_products(r, s->inverse, n, true);
	for (int step = 0; step < MOST_STEPS; step++)
	{
		double		left;
		double		length;
		float		far;
		float		turn;

		if (by_users)
			multiply_by_users(s, c, p, q);
		else
			multiply_by_matrix(s, c, p, q);
		far = (float) (rest / sum_of_products(p, q, n, false));
		for (uint32 a = 0; a < n; a++)
		{
			x[a] += far * p[a];
			r[a] -= far * q[a];
		}
		left = sum_of_products(r, s->inverse, n, true);
		length = sum_of_products(x, s->scale, n, true);
		if (!isfinite(left) || !isfinite(length))
			return false;
		if (left <= bound * length)
		{
			memcpy(c->weight, x, n * sizeof(float));
			return true;
		}
		turn = (float) (left / rest);
		rest = left;
		for (uint32 a = 0; a < n; a++)
			p[a] = r[a] * s->inverse[a] + turn * p[a];
	}
	return false;
}

static float *
aligned_vector(Size n)
{
	return (float *) TYPEALIGN(64, affinity_linear_ease_array(n + 16,
															  sizeof(float)));
}

/*
 * A participant's own memory.
 */
void
affinity_linear_ease_steps_begin(EaseSparse *s)
{
	float	  **vector[] = {
		&s->solution, &s->residual, &s->direction, &s->product, &s->scale,
		&s->inverse
	};
	size_t		n = affinity_kernel_padded_width(s->n_candidates + 5);

	for (int i = 0; i < (int) lengthof(vector); i++)
		*vector[i] = aligned_vector(n);
	s->seen = affinity_linear_ease_array(s->by_user.n_rows, sizeof(uint32));
	s->seen_base = 1;
	s->entry_size = 0;
	s->entry = affinity_linear_ease_array(0, sizeof(uint32));
	s->entry_x = s->by_user.val ?
		affinity_linear_ease_array(0, sizeof(float)) : NULL;
	s->total = aligned_vector(affinity_kernel_padded_width(s->by_user.n_rows));
	s->factor =
		aligned_vector(affinity_kernel_padded_width(s->by_user.n_rows));
}
