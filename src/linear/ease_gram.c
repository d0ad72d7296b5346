/*
 * ease_gram.c
 *		Products of a column's candidates with each other, for sparse ease.
 *
 * Products of two heads are looked up. For the others, the few users of those
 * candidates that are no heads are met first; then it is listed which
 * candidates they have, in the order of places, heads first; every candidate
 * that is no head goes through its users' lists so far, which gives the
 * products with all candidates before it.
 */
#include "postgres.h"

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
 * Row a of the lower triangle is in s->row: into the matrix, and cleared.
 */
static void
put_row(EaseSparse *s, uint32 n, uint32 a, bool doubles)
{
	float	   *to = s->matrix + a * s->width;

	if (doubles)
		memcpy(s->gram + (Size) a * n, s->row, (a + 1) * sizeof(double));
	else
		for (uint32 b = 0; b <= a; b++)
			to[b] = (float) s->row[b];
	memset(s->row, 0, (a + 1) * sizeof(double));
}

/*
 * The upper triangle from the lower one, the right side beside it, and what
 * pads the matrix: 1 in the diagonal.
 */
static void
complete(EaseSparse *s, const EaseColumn *c)
{
	float	   *m = s->matrix;
	size_t		width = s->width;
	uint32		n = c->n;

	for (uint32 from = 0; from < n; from += 16)
	{
		for (uint32 b = 0; b < Min(from + 16, n); b++)
		{
			for (uint32 a = Max(from, b + 1); a < Min(from + 16, n); a++)
				m[b * width + a] = m[a * width + b];
		}
	}
	for (uint32 a = 0; a < s->order; a++)
	{
		float	   *row = m + a * width;

		memset(row + (a < n ? n : 0), 0,
			   (width - (a < n ? n : 0)) * sizeof(float));
		if (a < n)
			row[s->order] = c->weight[a];
		else
			row[a] = 1;
	}
}

/*
 * G_SS + L_S: all of it in s->matrix, with the right side as a further
 * column, or the lower triangle in s->gram, in doubles.
 */
void
affinity_linear_ease_gram(EaseSparse *s, const EaseColumn *c, bool doubles)
{
	uint32		n = c->n;

	s->order = affinity_kernel_panel_rows(n);
	s->width = affinity_kernel_padded_width(s->order + 1);
	if (doubles && s->gram == NULL)
		s->gram = affinity_linear_ease_array((Size) s->n_candidates *
											 s->n_candidates, sizeof(double));
	for (uint32 a = 0; a < c->heads; a++)
		s->number[a] = s->head[c->item[a]];
	for (uint32 a = 0; a < c->heads; a++)
	{
		const float *from = s->heads +
			affinity_linear_ease_triangle(s->number[a]);

		if (doubles)
		{
			for (uint32 b = 0; b <= a; b++)
				s->row[b] = from[s->number[b]];
			put_row(s, n, a, doubles);
		}
		else
			affinity_kernel_sparse_gather(from, s->number, a + 1,
										  s->matrix + a * s->width);
	}
	affinity_linear_ease_work(s, (int64) c->heads * c->heads / 4);
	if (c->heads < n)
	{
		int64		entries = meet_users(s, c->j, c->item, c->heads, n);

		for (uint32 a = 0; a < c->heads; a++)
			s->place[c->item[a]] = (uint16) a;
		list_heads(s, c->j, c->item, c->heads, entries);
		for (uint32 a = 0; a < c->heads; a++)
			s->place[c->item[a]] = NO_PLACE;
		for (uint32 a = c->heads; a < n; a++)
		{
			add_other(s, c->item[a], a, s->row);
			put_row(s, n, a, doubles);
		}
	}
	for (uint32 a = 0; a < n; a++)
	{
		double		penalty = c->penalty[a];

		if (doubles)
			s->gram[(Size) a * n + a] += penalty;
		else
			s->matrix[a * s->width + a] =
				(float) (s->matrix[a * s->width + a] + penalty);
	}
	if (!doubles)
		complete(s, c);
}

/*
 * A participant's own memory.
 */
void
affinity_linear_ease_gram_begin(EaseSparse *s)
{
	uint32		n = s->n_candidates;
	size_t		order = affinity_kernel_panel_rows(n);
	size_t		width = affinity_kernel_padded_width(order + 1);

	/* 64 bytes more, for the alignment */
	s->matrix = affinity_linear_ease_array(order * width + 64, sizeof(float));
	s->matrix = (float *) TYPEALIGN(64, s->matrix);
	s->gram = NULL;
	s->row = affinity_linear_ease_array(n, sizeof(double));
	s->number = affinity_linear_ease_array(n, sizeof(uint32));
	s->place = affinity_linear_ease_array(s->n, sizeof(uint16));
	memset(s->place, 0xff, (Size) s->n * sizeof(uint16));
	s->mark = affinity_linear_ease_array(s->by_user.n_rows, sizeof(Mark));
	s->user = affinity_linear_ease_array(s->by_user.n_rows, sizeof(uint32));
	s->met = affinity_linear_ease_array(s->by_user.n_rows, sizeof(Met));
	s->list = affinity_linear_ease_array(0, sizeof(uint16));
	s->list_x = s->by_user.val ? affinity_linear_ease_array(0, sizeof(float)) :
		NULL;
}
