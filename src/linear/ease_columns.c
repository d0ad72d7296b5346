/*
 * ease_columns.c
 *		Columns of sparse ease: the ridge regression over a column's
 *		candidates, by what is fastest.
 *
 * Where reals have not got the digits: the products of the candidates in
 * doubles, factorized. Else by conjugate gradients, with products taken from
 * the rows of the candidates' users where these are few, from a matrix where
 * not; and a small matrix is factorized at once. What is chosen depends on
 * the candidates alone, so a column is the same wherever it is solved.
 */
#include "postgres.h"

#include <float.h>

#include "linear/ease_sparse.h"

/* Up to so many candidates a factorization is as fast as steps. */
#define FEW		48

/*
 * What it takes, in additions: to list a user of a candidate and use it in
 * every step; to make an element of the matrix and use it; to meet a user of a
 * candidate that is no head, and add the user's candidates to its products.
 */
#define OF_ENTRY	14
#define OF_ELEMENT	2
#define OF_OTHER	24

static void
describe(EaseSparse *s, uint32 j, EaseColumn *c)
{
	int64		n = s->n;

	c->j = j;
	c->n = s->column_n[j];
	c->item = s->column_item + affinity_linear_ease_place(s, j);
	c->weight = s->column_weight + affinity_linear_ease_place(s, j);
	c->penalty = s->own_penalty;
	c->heads = 0;
	c->entries = c->others = 0;
	c->trace = 0;
	c->least = DBL_MAX;
	c->share = 1;
	affinity_linear_ease_expect(s, c);
	for (uint32 a = 0; a < c->n; a++)
	{
		uint32		i = c->item[a];
		int64		users = s->by_item.start[i + 1] - s->by_item.start[i];
		double		of_diagonal = s->diagonal[i] + c->penalty[a];

		c->entries += users;
		if (s->head[i] == NO_HEAD)
			c->others += users;
		else
			c->heads++;
		c->trace += of_diagonal;
		c->least = Min(c->least, c->penalty[a]);
		c->share = Min(c->share, c->penalty[a] / of_diagonal);
	}
	/* rows of users in the mean */
	c->of_users = c->others * (s->by_item.start[n] / s->by_user.n_rows + 1);
}

/*
 * Are products by users faster than a matrix?
 */
static bool
is_faster_by_users(const EaseColumn *c)
{
	int64		of_matrix = (int64) c->n * c->n * OF_ELEMENT +
		Min(c->entries - c->others, c->of_users) + c->others * OF_OTHER;

	return c->n > FEW && c->entries * OF_ENTRY < of_matrix;
}

/*
 * The matrix in reals, factorized by the small kernels. No pivot can be below
 * the smallest penalty but by rounding.
 */
static void
factorize(EaseSparse *s, const EaseColumn *c)
{
	float	   *x = s->solution;

	s->dense->cholesky(s->matrix, s->width, s->order, (float) c->least / 2,
					   s->inverse);
	for (size_t a = 0; a < s->order; a++)
		x[a] = s->matrix[a * s->width + s->order];
	s->dense->back(s->matrix, s->width, s->order, s->inverse, x);
	memcpy(c->weight, x, c->n * sizeof(float));
}

/*
 * The solution in doubles, where the condition demands it.
 */
static void
solve_in_doubles(EaseSparse *s, const EaseColumn *c)
{
	int			order = (int) c->n;
	int			one = 1;
	int			info;

	/* by rows the lower triangle, by columns the upper one */
	affinity_train_blas_ready();
	s->blas->dpotrf("U", &order, s->gram, &order, &info, 1);
	if (info < 0)
		elog(ERROR, "dpotrf: argument %d is invalid", -info);
	if (info > 0)
		affinity_linear_ease_singular(&s->task->options);
	for (uint32 a = 0; a < c->n; a++)
	{
		double		pivot = s->gram[(Size) a * c->n + a];

		if (!(pivot * pivot > EASE_LEAST_PIVOT *
			  (s->diagonal[c->item[a]] + c->penalty[a])))
			affinity_linear_ease_singular(&s->task->options);
		s->row[a] = c->weight[a];
	}
	affinity_train_blas_ready();
	s->blas->dpotrs("U", &order, &one, s->gram, &order, s->row, &order, &info,
					1);
	if (info != 0)
		elog(ERROR, "dpotrs: unexpected info %d", info);
	for (uint32 a = 0; a < c->n; a++)
	{
		c->weight[a] = affinity_linear_ease_real(s->row[a]);
		s->row[a] = 0;
	}
	affinity_linear_ease_work(s, (int64) c->n * c->n * c->n / 64);
}

/*
 * (G_SS + L_S) b = G_Sj, in place.
 */
static void
solve(EaseSparse *s, const EaseColumn *c)
{
	if (!EASE_REALS_SUFFICE(c->trace, c->least))
	{
		affinity_linear_ease_gram(s, c, true);
		solve_in_doubles(s, c);
		return;
	}
	if (is_faster_by_users(c) && affinity_linear_ease_steps(s, c, true))
		return;
	affinity_linear_ease_gram(s, c, false);
	if (c->n > FEW && affinity_linear_ease_steps(s, c, false))
		return;
	factorize(s, c);
	affinity_linear_ease_work(s, (int64) c->n * c->n * c->n / 64);
}

/*
 * The products in column_weight become the weights.
 */
void
affinity_linear_ease_solve_column(EaseSparse *s, uint32 j)
{
	EaseColumn	c;

	if (!affinity_linear_ease_is_due(s, j))
		return;
	describe(s, j, &c);
	if (c.n == 0)
		return;
	/* of an item that nobody has, attributes are all that is known */
	if (s->by_item.start[j] < s->by_item.start[j + 1])
		solve(s, &c);
	if (s->task->options.output_exponent == 0)
		return;
	for (uint32 a = 0; a < c.n; a++)
		c.weight[a] = affinity_linear_ease_real(c.weight[a] *
												(s->output[c.item[a]] /
												 s->output[j]));
}

/*
 * A participant's own memory.
 */
void
affinity_linear_ease_columns_begin(EaseSparse *s)
{
	s->blas = affinity_train_blas();
	s->dense = affinity_kernel_dense();
	s->own_penalty = affinity_linear_ease_array(s->n_candidates,
												sizeof(double));
	affinity_linear_ease_gram_begin(s);
	affinity_linear_ease_steps_begin(s);
	affinity_linear_ease_prior_begin(s);
}
