/*
 * ease_columns.c
 *		Columns of sparse ease: products of candidates with each other, and
 *		the ridge regression over them.
 *
 * Products of two heads are looked up. For the others, the few users of those
 * candidates that are no heads are met first; then it is listed which
 * candidates they have, in the order of places, heads first; every candidate
 * that is no head goes through its users' lists so far, which gives the
 * products with all candidates before it.
 */
#include "postgres.h"

#include <float.h>

#include "linear/ease_sparse.h"

/*
 * Meet the users of the candidates that are no heads, and make room for all
 * places that they may have. Returns the length of their rows together.
 */
static int64
meet_users(EaseSparse *s, uint32 j, const uint32 *item, uint32 heads, uint32 n)
{
	const uint32 *col = s->by_item.col;
	Mark	   *marks = s->mark;
	Met		   *met = s->met;
	uint32	   *users = s->user;
	uint32		n_met = 0;
	Size		room = 0;
	int64		entries = 0;

	for (uint32 a = heads; a < n; a++)
	{
		int64		end = s->by_item.start[item[a] + 1];

		for (int64 e = s->by_item.start[item[a]]; e < end; e++)
		{
			Mark	   *mark = &marks[col[e]];

			if (mark->column != j + 1)
			{
				mark->column = j + 1;
				mark->met = n_met;
				users[n_met] = col[e];
				met[n_met++].end = 0;
			}
			met[mark->met].end++;
		}
		affinity_linear_ease_work(s, end - s->by_item.start[item[a]]);
	}
	s->n_met = n_met;
	for (uint32 m = 0; m < n_met; m++)
	{
		uint32		user = s->user[m];
		int64		row = s->by_user.start[user + 1] - s->by_user.start[user];
		Size		most = s->met[m].end + (Size) Min(row, heads);

		s->met[m].begin = s->met[m].end = room;
		s->met[m].factor = s->user_factor[user];
		room += most;
		entries += row;
	}
	if (room > s->list_size)
	{
		s->list_size = room + room / 2;
		pfree(s->list);
		s->list = affinity_linear_ease_array(s->list_size, sizeof(uint16));
		if (s->list_x)
		{
			pfree(s->list_x);
			s->list_x = affinity_linear_ease_array(s->list_size, sizeof(float));
		}
	}
	return entries;
}

/*
 * List which heads the met users have: from the users' rows or from the
 * heads', whichever are shorter.
 */
static void
list_heads(EaseSparse *s, uint32 j, const uint32 *item, uint32 heads,
		   int64 entries)
{
	const uint32 *col = s->by_item.col;
	const Mark *marks = s->mark;
	Met		   *met = s->met;
	uint16	   *list = s->list;
	float	   *list_x = s->list_x;
	int64		head_entries = 0;

	for (uint32 a = 0; a < heads; a++)
		head_entries += s->by_item.start[item[a] + 1] -
			s->by_item.start[item[a]];
	if (head_entries <= entries)
	{
		for (uint32 a = 0; a < heads; a++)
		{
			int64		end = s->by_item.start[item[a] + 1];

			for (int64 e = s->by_item.start[item[a]]; e < end; e++)
			{
				const Mark *mark = &marks[col[e]];
				Size		at;

				if (mark->column != j + 1)
					continue;
				at = met[mark->met].end++;
				list[at] = (uint16) a;
				if (list_x)
					list_x[at] = s->by_item.val[e];
			}
			affinity_linear_ease_work(s, end - s->by_item.start[item[a]]);
		}
		return;
	}
	for (uint32 m = 0; m < s->n_met; m++)
	{
		uint32		user = s->user[m];
		int64		end = s->by_user.start[user + 1];

		for (int64 e = s->by_user.start[user]; e < end; e++)
		{
			uint32		place = s->place[s->by_user.col[e]];

			if (place >= heads)
				continue;
			if (list_x)
				list_x[met[m].end] = s->by_user.val[e];
			list[met[m].end++] = (uint16) place;
		}
		affinity_linear_ease_work(s, end - s->by_user.start[user]);
	}
}

/*
 * Add up the products of candidate a, which is no head: with what its users
 * have of the candidates before, and with itself.
 */
static void
add_other(EaseSparse *s, uint32 item, uint32 a, double *restrict row)
{
	const uint32 *col = s->by_item.col;
	const float *val = s->list_x ? s->by_item.val : NULL;
	const Mark *marks = s->mark;
	int64		end = s->by_item.start[item + 1];
	int64		work = 0;

	for (int64 e = s->by_item.start[item]; e < end; e++)
	{
		Met		   *met = &s->met[marks[col[e]].met];
		uint16	   *list = s->list + met->begin;
		Size		length = met->end - met->begin;
		double		x = met->factor;

		if (val)
		{
			float	   *list_x = s->list_x + met->begin;

			x *= val[e];
			for (Size b = 0; b < length; b++)
				row[list[b]] += x * list_x[b];
			row[a] += x * val[e];
			list_x[length] = val[e];
		}
		else
		{
			for (Size b = 0; b < length; b++)
				row[list[b]] += x;
			row[a] += x;
		}
		list[length] = (uint16) a;
		met->end++;
		work += length + 1;
	}
	affinity_linear_ease_work(s, work);
}

/*
 * The lower triangle of G_SS for the candidates of column j.
 */
static void
fill_gram(EaseSparse *s, uint32 j, const uint32 *item, uint32 n)
{
	uint32		heads = 0;
	int64		entries;

	memset(s->gram, 0, (Size) n * n * sizeof(double));
	while (heads < n && s->head[item[heads]] != NO_HEAD)
		heads++;
	for (uint32 a = 0; a < heads; a++)
	{
		const float *row = s->heads +
			affinity_linear_ease_triangle(s->head[item[a]]);

		for (uint32 b = 0; b <= a; b++)
			s->gram[(Size) a * n + b] = row[s->head[item[b]]];
	}
	if (heads == n)
		return;
	entries = meet_users(s, j, item, heads, n);
	for (uint32 a = 0; a < heads; a++)
		s->place[item[a]] = (uint16) a;
	list_heads(s, j, item, heads, entries);
	for (uint32 a = 0; a < heads; a++)
		s->place[item[a]] = NO_PLACE;
	for (uint32 a = heads; a < n; a++)
		add_other(s, item[a], a, s->gram + (Size) a * n);
}

/*
 * The solution for n candidates in reals, with the small kernels: an upper
 * triangle by rows, and the right side as a further column. least is the
 * smallest penalty, below which no pivot can be but by rounding.
 */
static void
solve_in_reals(EaseSparse *s, uint32 n, float least, float *weight)
{
	size_t		order = affinity_kernel_panel_rows(n);
	size_t		width = affinity_kernel_padded_width(order + 1);
	float	   *upper = s->upper;
	float	   *x = s->upper + order * width;

	memset(upper, 0, order * width * sizeof(float));
	for (uint32 from = 0; from < n; from += 8)
	{
		for (uint32 b = 0; b < Min(from + 8, n); b++)
		{
			for (uint32 a = Max(from, b); a < Min(from + 8, n); a++)
				upper[b * width + a] = (float) s->gram[(Size) a * n + b];
		}
	}
	for (uint32 a = 0; a < n; a++)
		upper[a * width + order] = weight[a];
	for (size_t a = n; a < order; a++)
		upper[a * width + a] = 1;
	s->dense->cholesky(upper, width, order, least / 2, s->inverse);
	for (size_t a = 0; a < order; a++)
		x[a] = upper[a * width + order];
	s->dense->back(upper, width, order, s->inverse, x);
	memcpy(weight, x, n * sizeof(float));
}

/*
 * The solution in doubles, where the condition demands it.
 */
static void
solve_in_doubles(EaseSparse *s, uint32 n, const uint32 *item, float *weight)
{
	int			order = (int) n;
	int			one = 1;
	int			info;

	/* by rows the lower triangle, by columns the upper one */
	affinity_train_blas_ready();
	s->blas->dpotrf("U", &order, s->gram, &order, &info, 1);
	if (info < 0)
		elog(ERROR, "dpotrf: argument %d is invalid", -info);
	if (info > 0)
		affinity_linear_ease_singular(&s->task->options);
	for (uint32 a = 0; a < n; a++)
	{
		double		c = s->gram[(Size) a * n + a];

		if (!(c * c > EASE_LEAST_PIVOT * (s->diagonal[item[a]] +
										  s->penalty[item[a]])))
			affinity_linear_ease_singular(&s->task->options);
		s->solution[a] = weight[a];
	}
	affinity_train_blas_ready();
	s->blas->dpotrs("U", &order, &one, s->gram, &order, s->solution, &order,
					&info, 1);
	if (info != 0)
		elog(ERROR, "dpotrs: unexpected info %d", info);
	for (uint32 a = 0; a < n; a++)
		weight[a] = affinity_linear_ease_real(s->solution[a]);
}

/*
 * (G_SS + L_S) b = G_Sj; the products in column_weight become the weights.
 */
void
affinity_linear_ease_solve_column(EaseSparse *s, uint32 j)
{
	const uint32 *item = s->column_item + (Size) j * s->n_candidates;
	float	   *weight = s->column_weight + (Size) j * s->n_candidates;
	uint32		n = s->column_n[j];
	double		trace = 0;
	double		least = DBL_MAX;

	if (n == 0)
		return;
	fill_gram(s, j, item, n);
	for (uint32 a = 0; a < n; a++)
	{
		s->gram[(Size) a * n + a] += s->penalty[item[a]];
		trace += s->gram[(Size) a * n + a];
		least = Min(least, s->penalty[item[a]]);
	}
	if (EASE_REALS_SUFFICE(trace, least))
		solve_in_reals(s, n, (float) least, weight);
	else
		solve_in_doubles(s, n, item, weight);
	affinity_linear_ease_work(s, (int64) n * n * n / 64);
}

/*
 * A participant's own memory.
 */
void
affinity_linear_ease_columns_begin(EaseSparse *s)
{
	uint32		n = s->n_candidates;
	size_t		order = affinity_kernel_panel_rows(n);
	size_t		width = affinity_kernel_padded_width(order + 1);

	s->blas = affinity_train_blas();
	s->dense = affinity_kernel_dense();
	s->gram = affinity_linear_ease_array((Size) n * n, sizeof(double));
	s->solution = affinity_linear_ease_array(n, sizeof(double));
	/* 64 numbers more, for the alignment */
	s->upper = affinity_linear_ease_array((order + 1) * width + 64,
										  sizeof(float));
	s->upper = (float *) TYPEALIGN(64, s->upper);
	s->inverse = affinity_linear_ease_array(order, sizeof(float));
	s->place = affinity_linear_ease_array(s->n, sizeof(uint16));
	memset(s->place, 0xff, (Size) s->n * sizeof(uint16));
	s->mark = affinity_linear_ease_array(s->by_user.n_rows, sizeof(Mark));
	s->user = affinity_linear_ease_array(s->by_user.n_rows, sizeof(uint32));
	s->met = affinity_linear_ease_array(s->by_user.n_rows, sizeof(Met));
	s->list = affinity_linear_ease_array(0, sizeof(uint16));
	s->list_x = s->by_user.val ? affinity_linear_ease_array(0, sizeof(float)) :
		NULL;
}
