/*
 * ease_revise.c
 *		What new rows say of columns of ease that are not solved again.
 *
 * With P the inverse of X'WX + L, another user with row x and weight w changes
 * it by a matrix of rank 1 (Sherman and Morrison), and so the weights B: by
 * d e' with d = w P x / (1 + w x'P x) and e = x - B'x, what the weights fail to
 * say of the row, but for the diagonal. P is not stored, but is (I - B) times its
 * own diagonal, which the penalties rule: 1 / (G_ii + l_i), about. And only the
 * rows of the user's own items are changed: what it is for others is of the
 * second order. So the work follows from the new rows alone. Who had rows
 * before has these taken out first.
 *
 * It is an approximation, whose errors go with the next solution of a column.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "linear/ease_update.h"

/* Pairs of items of users, and weights of their items' rows: of more it is not done. */
#define MOST_PAIRS		((int64) 4 * 1024 * 1024)
#define MOST_WEIGHTS	((int64) 8 * 1024 * 1024)

/* A row of the weights, and by what it changes. */
typedef struct RevisedRow
{
	bool		is_read;
	uint32		n;
	int32	   *item;
	float	   *weight;
	float	   *change;
	uint32		n_more;			/* what comes to that, an item perhaps twice */
	uint32		room;
	int32	   *more;
	float	   *more_weight;
} RevisedRow;

/* Arrays are by number of the item in the model. */
struct EaseRevision
{
	AffinityUpdate *update;
	double		user_exponent;
	double		scale;			/* of users' weights */
	const double *own;			/* G_ii + l_i */
	RevisedRow *row;
	/* of a user: 0 for all others */
	float	   *value;
	float	   *share;			/* of it, by own */
	float	   *said;			/* B'x */
	int32	   *touched;
	uint32		n_touched;
	double	   *of_user;		/* P x of the items, in their order */
	/* of a row */
	uint32	   *seen;
	uint32		n_seen;
	/* of what is handed out */
	int32	   *item;
	float	   *weight;
};

/* ---- rows ------------------------------------------------------------------ */

static RevisedRow *
read_row(EaseRevision *v, uint32 item)
{
	RevisedRow *row = &v->row[item];
	AffinityItemRow stored;

	if (row->is_read)
		return row;
	row->is_read = true;
	if (!v->update->stored(v->update, item, &stored))
		return row;
	row->n = stored.n_neighbors;
	row->item = affinity_base_array(row->n, sizeof(int32));
	row->weight = affinity_base_array(row->n, sizeof(float));
	row->change = affinity_base_zeroed_array(row->n, sizeof(float));
	memcpy(row->item, stored.neighbor, row->n * sizeof(int32));
	memcpy(row->weight, stored.score, row->n * sizeof(float));
	return row;
}

static void
add_more(RevisedRow *row, uint32 item, double weight)
{
	if (row->n_more == row->room)
	{
		row->room = 2 * row->room + 16;
		row->more = row->more ?
			repalloc_huge(row->more, row->room * sizeof(int32)) :
			affinity_base_array(row->room, sizeof(int32));
		row->more_weight = row->more_weight ?
			repalloc_huge(row->more_weight, row->room * sizeof(float)) :
			affinity_base_array(row->room, sizeof(float));
	}
	row->more[row->n_more] = (int32) item;
	row->more_weight[row->n_more++] = (float) weight;
}

/* ---- users ----------------------------------------------------------------- */

/*
 * What the weights say of the user's row; returns x'P x.
 */
static double
apply(EaseRevision *v, const AffinityCsr *m, int64 start, int64 end,
	  const uint32 *no, double *own)
{
	double		sum = 0;

	for (int64 e = start; e < end; e++)
	{
		uint32		i = no[m->col[e]];
		const RevisedRow *row = read_row(v, i);
		double		of_item = v->share[i];

		for (uint32 a = 0; a < row->n; a++)
		{
			int32		j = row->item[a];

			if (v->said[j] == 0)
				v->touched[v->n_touched++] = j;
			v->said[j] += v->value[i] * row->weight[a];
			/* once is enough, and the list has room for no more */
			if (v->said[j] == 0)
				v->said[j] = FLT_MIN;
			of_item -= (double) row->weight[a] * v->share[j];
		}
		own[e - start] = of_item;
		sum += of_item * v->value[i];
	}
	return sum;
}

/*
 * Add d e' to the rows of the user's items.
 */
static void
change_rows(EaseRevision *v, const AffinityCsr *m, int64 start, int64 end,
			const uint32 *no, const double *own, double factor)
{
	for (int64 e = start; e < end; e++)
	{
		uint32		i = no[m->col[e]];
		RevisedRow *row = &v->row[i];
		double		d = own[e - start] * factor;

		v->seen[i] = ++v->n_seen;
		for (uint32 a = 0; a < row->n; a++)
		{
			int32		j = row->item[a];

			v->seen[j] = v->n_seen;
			row->change[a] += (float) (d * ((double) v->value[j] - v->said[j]));
		}
		for (int64 f = start; f < end; f++)
		{
			uint32		j = no[m->col[f]];

			if (v->seen[j] != v->n_seen)
				add_more(row, j, d * ((double) v->value[j] - v->said[j]));
		}
	}
}

static void
take_user(EaseRevision *v, const AffinityCsr *m, uint32 user,
		  const uint32 *no, double sign)
{
	int64		start = m->start[user];
	int64		end = m->start[user + 1];
	double		sum = 0;
	double		factor = sign * v->scale;

	CHECK_FOR_INTERRUPTS();
	for (int64 e = start; e < end; e++)
	{
		uint32		i = no[m->col[e]];
		double		x = m->val ? m->val[e] : 1;

		/* came between two reads of the source */
		if (i >= v->update->n_items)
			return;
		sum += x;
	}
	for (int64 e = start; e < end; e++)
	{
		uint32		i = no[m->col[e]];

		v->value[i] = m->val ? m->val[e] : 1;
		v->share[i] = (float) (v->value[i] / v->own[i]);
	}
	if (v->user_exponent != 0 && sum > 0)
		factor *= pow(sum, -v->user_exponent);
	v->n_touched = 0;
	sum = 1 + factor * apply(v, m, start, end, no, v->of_user);
	/* an approximation, so that it may be anything */
	change_rows(v, m, start, end, no, v->of_user, factor / Max(sum, 0.5));
	for (uint32 t = 0; t < v->n_touched; t++)
		v->said[v->touched[t]] = 0;
	for (int64 e = start; e < end; e++)
		v->value[no[m->col[e]]] = v->share[no[m->col[e]]] = 0;
}

static void
take_users(EaseRevision *v, const AffinityInteractions *in, const uint32 *no,
		   double sign)
{
	for (uint32 user = 0; user < in->by_user.n_rows; user++)
		take_user(v, &in->by_user, user, no, sign);
}

/* ---- the whole --------------------------------------------------------------- */

static int64
pairs_of(const AffinityCsr *m)
{
	int64		pairs = 0;

	for (uint32 user = 0; user < m->n_rows; user++)
	{
		int64		n = m->start[user + 1] - m->start[user];

		pairs += n * n;
	}
	return pairs;
}

static int64
weights_of(const AffinityUpdate *u, const EaseOptions *options)
{
	return (int64) u->changed->n_items * options->neighbors;
}

/*
 * G_ii + l_i of all items.
 */
static double *
diagonal(const AffinityUpdate *u, const EaseOptions *options, double *scale)
{
	const AffinityCsr *by_item = &u->now->by_item;
	double	   *factor = affinity_base_array(u->now->by_user.n_rows,
											 sizeof(double));
	double	   *penalty = affinity_base_array(by_item->n_rows, sizeof(double));
	double	   *output = affinity_base_array(by_item->n_rows, sizeof(double));
	double	   *own = affinity_base_array(u->n_items, sizeof(double));

	*scale = affinity_linear_ease_user_factors(&u->now->by_user,
											   options->user_exponent,
											   factor);
	affinity_linear_ease_penalties(by_item, options, factor, penalty, output);
	for (uint32 i = 0; i < u->n_items; i++)
		own[i] = 1;
	for (uint32 i = 0; i < by_item->n_rows; i++)
	{
		double		g = penalty[i];

		CHECK_FOR_INTERRUPTS();
		for (int64 e = by_item->start[i]; e < by_item->start[i + 1]; e++)
		{
			double		x = by_item->val ? by_item->val[e] : 1;

			g += x * x * factor[by_item->col[e]];
		}
		if (g > 0)
			own[u->now_no[i]] = g;
	}
	pfree(factor);
	pfree(penalty);
	pfree(output);
	return own;
}

/*
 * Is it known who has new rows, and can weights be revised by them?
 */
bool
affinity_linear_ease_can_revise(const AffinityUpdate *u,
								const EaseOptions *options)
{
	return u->changed != NULL && u->changed->by_user.n_rows > 0 &&
		options->output_exponent == 0 &&
		pairs_of(&u->changed->by_user) <= MOST_PAIRS &&
		pairs_of(&u->changed_before->by_user) <= MOST_PAIRS &&
		weights_of(u, options) <= MOST_WEIGHTS;
}

/*
 * Revise the weights by what is new.
 */
EaseRevision *
affinity_linear_ease_revise(AffinityUpdate *u, const EaseOptions *options)
{
	EaseRevision *v = palloc0(sizeof(EaseRevision));
	Size		n = u->n_items;

	affinity_base_need_memory((Size) weights_of(u, options) * 3 * sizeof(float) +
							  (Size) pairs_of(&u->changed->by_user) * 2 * sizeof(float),
							  NULL, "%s", "rows of ease that are revised need");
	v->update = u;
	v->user_exponent = options->user_exponent;
	v->own = diagonal(u, options, &v->scale);
	v->row = affinity_base_zeroed_array(n, sizeof(RevisedRow));
	v->value = affinity_base_zeroed_array(n, sizeof(float));
	v->share = affinity_base_zeroed_array(n, sizeof(float));
	v->said = affinity_base_zeroed_array(n, sizeof(float));
	v->touched = affinity_base_array(n, sizeof(int32));
	v->of_user = affinity_base_array(n, sizeof(double));
	v->seen = affinity_base_zeroed_array(n, sizeof(uint32));
	v->item = affinity_base_array(n + PG_UINT16_MAX, sizeof(int32));
	v->weight = affinity_base_array(n + PG_UINT16_MAX, sizeof(float));
	take_users(v, u->changed_before, u->changed_before_no, -1);
	take_users(v, u->changed, u->changed_no, 1);
	return v;
}

/*
 * How far the weights of a row for the columns that stay have moved.
 */
double
affinity_linear_ease_revised_by(const EaseRevision *v, uint32 item,
								const bool *is_solved)
{
	const RevisedRow *row = &v->row[item];
	double		sum = 0;

	for (uint32 a = 0; a < row->n; a++)
	{
		if (!is_solved[row->item[a]])
			sum += fabs((double) row->change[a]);
	}
	for (uint32 a = 0; a < row->n_more; a++)
	{
		if (!is_solved[row->more[a]])
			sum += fabs((double) row->more_weight[a]);
	}
	return sum;
}

/*
 * A row as it is revised, in place of what is stored; valid until the next call.
 */
void
affinity_linear_ease_revised(EaseRevision *v, uint32 item, AffinityItemRow *to)
{
	const RevisedRow *row = &v->row[item];
	uint32		n = row->n;

	if (!row->is_read)
		return;
	for (uint32 a = 0; a < row->n; a++)
	{
		v->item[a] = row->item[a];
		v->weight[a] = row->weight[a] + row->change[a];
		/* whoever owns the model may have written it */
		if (!isfinite(v->weight[a]))
			v->weight[a] = 0;
	}
	/* what came more than once is added up in "said" */
	for (uint32 a = 0; a < row->n_more; a++)
	{
		if (v->said[row->more[a]] == 0)
			v->item[n++] = row->more[a];
		v->said[row->more[a]] += row->more_weight[a];
		if (v->said[row->more[a]] == 0)
			v->said[row->more[a]] = FLT_MIN;
	}
	for (uint32 a = row->n; a < n; a++)
	{
		v->weight[a] = isfinite(v->said[v->item[a]]) ? v->said[v->item[a]] : 0;
		v->said[v->item[a]] = 0;
	}
	to->n_neighbors = n;
	to->neighbor = v->item;
	to->score = v->weight;
}
