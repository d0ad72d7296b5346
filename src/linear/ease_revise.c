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
 * second order. So the work follows from the users with new rows. What they had
 * before is taken out: P changes little by it, so that both are counted with
 * the same one, and a user whose row is as it was changes nothing.
 *
 * It is an approximation, whose errors go with the next solution of a column.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "linear/ease_update.h"

/* Pairs of items of users: of more it is not done. */
#define MOST_PAIRS		((int64) 4 * 1024 * 1024)

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
	const double *penalty;		/* l_i */
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
 * A user's row in one of the matrices; empty where it has none.
 */
typedef struct UserRow
{
	const AffinityCsr *m;
	const uint32 *no;
	int64		start;
	int64		end;
	double		factor;			/* the user's, in the sum of products */
} UserRow;

static inline uint32
item_of(const UserRow *user, int64 e)
{
	return user->no[user->m->col[e]];
}

static inline double
value_of(const UserRow *user, int64 e)
{
	return user->m->val ? user->m->val[e] : 1;
}

/*
 * False where it has an item that came between two reads of the source.
 */
static bool
find_row(const EaseRevision *v, const AffinityInteractions *in,
		 const uint32 *no, int64 user, UserRow *to)
{
	double		sum = 0;

	to->m = &in->by_user;
	to->no = no;
	to->start = user < 0 ? 0 : to->m->start[user];
	to->end = user < 0 ? 0 : to->m->start[user + 1];
	for (int64 e = to->start; e < to->end; e++)
	{
		if (item_of(to, e) >= v->update->n_items)
			return false;
		sum += value_of(to, e);
	}
	to->factor = v->scale;
	if (v->user_exponent != 0 && sum > 0)
		to->factor *= pow(sum, -v->user_exponent);
	return true;
}

/*
 * What the weights say of the user's row; returns x'P x.
 */
static double
apply(EaseRevision *v, const UserRow *user)
{
	double		sum = 0;

	for (int64 e = user->start; e < user->end; e++)
	{
		uint32		i = item_of(user, e);
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
		v->of_user[e - user->start] = of_item;
		sum += of_item * v->value[i];
	}
	return sum;
}

/*
 * Add d e' to the rows of the user's items.
 */
static void
change_rows(EaseRevision *v, const UserRow *user, double factor)
{
	for (int64 e = user->start; e < user->end; e++)
	{
		RevisedRow *row = &v->row[item_of(user, e)];
		double		d = v->of_user[e - user->start] * factor;

		v->seen[item_of(user, e)] = ++v->n_seen;
		for (uint32 a = 0; a < row->n; a++)
		{
			int32		j = row->item[a];

			v->seen[j] = v->n_seen;
			row->change[a] += (float) (d * ((double) v->value[j] - v->said[j]));
		}
		for (int64 f = user->start; f < user->end; f++)
		{
			uint32		j = item_of(user, f);

			if (v->seen[j] != v->n_seen)
				add_more(row, j, d * ((double) v->value[j] - v->said[j]));
		}
	}
}

/*
 * Bring the row in, and what the weights say of it; returns w x'P x, 0 of an empty
 * one. Where it is to be taken out, the sums of its items may not have it any more.
 */
static double
enter(EaseRevision *v, const UserRow *row, bool is_out)
{
	for (int64 e = row->start; e < row->end; e++)
	{
		uint32		i = item_of(row, e);
		double		x = value_of(row, e);
		double		own = v->own[i];

		if (is_out)
			own = Max(own, row->factor * x * x + v->penalty[i]);
		v->value[i] = (float) x;
		v->share[i] = (float) (x / own);
	}
	v->n_touched = 0;
	return row->factor * apply(v, row);
}

static void
leave(EaseRevision *v, const UserRow *row)
{
	for (uint32 t = 0; t < v->n_touched; t++)
		v->said[v->touched[t]] = 0;
	for (int64 e = row->start; e < row->end; e++)
		v->value[item_of(row, e)] = v->share[item_of(row, e)] = 0;
}

static bool
is_equal(const UserRow *a, const UserRow *b)
{
	int64		e = a->start;
	int64		f = b->start;

	while (e < a->end && f < b->end && item_of(a, e) == item_of(b, f) &&
		   value_of(a, e) == value_of(b, f))
		e++, f++;
	return e == a->end && f == b->end;
}

/*
 * Take what a user had out, and what the user has in. Both by the stored weights and
 * with one denominator, so that what is the same in both changes nothing. Where
 * the approximation of x'P x is none, because the weights of candidates say more
 * than there is, or a row is most of what is known of its items, it tells
 * nothing of the user: the user is left out.
 */
static void
take_user(EaseRevision *v, const UserRow *before, const UserRow *now)
{
	bool		had = before->end > before->start;
	bool		has = now->end > now->start;
	double		out = enter(v, before, true);
	double		in;

	CHECK_FOR_INTERRUPTS();
	leave(v, before);
	in = enter(v, now, false);
	if ((!had || (out > 0 && out <= 0.5)) && (!has || (in > 0 && isfinite(in))))
	{
		double		divisor = 1 + Max(in, out);

		change_rows(v, now, now->factor / divisor);
		leave(v, now);
		(void) enter(v, before, true);
		change_rows(v, before, -before->factor / divisor);
		now = before;
	}
	leave(v, now);
}

/*
 * Users in order of their ids, which both matrices have.
 */
static void
take_users(EaseRevision *v)
{
	const AffinityUpdate *u = v->update;
	const AffinityInteractions *in = u->changed;
	const AffinityInteractions *before = u->changed_before;
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "affinity id",
												  ALLOCSET_SMALL_SIZES);
	uint32		b = 0;

	for (uint32 user = 0; user < in->by_user.n_rows; user++)
	{
		MemoryContext old = MemoryContextSwitchTo(context);
		Datum		id = affinity_dictionary_id(in->users, user);
		UserRow		was;
		UserRow		is;
		int			c = -1;

		MemoryContextSwitchTo(old);
		while (b < before->by_user.n_rows &&
			   (c = affinity_dictionary_compare(before->users, b, id)) < 0)
			b++;
		MemoryContextReset(context);
		if (find_row(v, before, u->changed_before_no,
					 b < before->by_user.n_rows && c == 0 ? (int64) b : -1,
					 &was) &&
			find_row(v, in, u->changed_no, user, &is) &&
			!is_equal(&was, &is))
			take_user(v, &was, &is);
	}
	MemoryContextDelete(context);
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

/*
 * Bytes that revising takes: rows of the items, what comes to them, and arrays by
 * item.
 */
static double
bytes_of(const AffinityUpdate *u, const EaseOptions *options)
{
	double		rows = Max(u->changed->n_items, u->changed_before->n_items);
	double		pairs = (double) pairs_of(&u->changed->by_user) +
		(double) pairs_of(&u->changed_before->by_user);

	return rows * (options->neighbors * 3.0 * sizeof(float) + 16 * 8) +
		pairs * 2 * (sizeof(int32) + sizeof(float)) +
		(double) u->n_items * (sizeof(RevisedRow) + 6 * sizeof(double)) +
		(double) u->now->by_user.n_rows * sizeof(double);
}

/*
 * G_ii + l_i of all items.
 */
static double *
diagonal(const AffinityUpdate *u, const EaseOptions *options, double *scale,
		 const double **penalties)
{
	const AffinityCsr *by_item = &u->now->by_item;
	double	   *factor = affinity_base_array(u->now->by_user.n_rows,
											 sizeof(double));
	double	   *penalty = affinity_base_array(by_item->n_rows, sizeof(double));
	double	   *output = affinity_base_array(by_item->n_rows, sizeof(double));
	double	   *own = affinity_base_array(u->n_items, sizeof(double));
	double	   *of_item = affinity_base_zeroed_array(u->n_items,
													 sizeof(double));

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
		of_item[u->now_no[i]] = penalty[i];
		if (g > 0)
			own[u->now_no[i]] = g;
	}
	pfree(factor);
	pfree(penalty);
	*penalties = of_item;
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
		bytes_of(u, options) <= affinity_base_memory_allowed() / 2;
}

/*
 * Revise the weights by what is new.
 */
EaseRevision *
affinity_linear_ease_revise(AffinityUpdate *u, const EaseOptions *options)
{
	EaseRevision *v = palloc0(sizeof(EaseRevision));
	Size		n = u->n_items;

	v->update = u;
	v->user_exponent = options->user_exponent;
	v->own = diagonal(u, options, &v->scale, &v->penalty);
	v->row = affinity_base_zeroed_array(n, sizeof(RevisedRow));
	v->value = affinity_base_zeroed_array(n, sizeof(float));
	v->share = affinity_base_zeroed_array(n, sizeof(float));
	v->said = affinity_base_zeroed_array(n, sizeof(float));
	v->touched = affinity_base_array(n, sizeof(int32));
	v->of_user = affinity_base_array(n, sizeof(double));
	v->seen = affinity_base_zeroed_array(n, sizeof(uint32));
	v->item = affinity_base_array(n + PG_UINT16_MAX, sizeof(int32));
	v->weight = affinity_base_array(n + PG_UINT16_MAX, sizeof(float));
	take_users(v);
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
		sum += is_solved[row->item[a]] ? 0 : fabs((double) row->change[a]);
	for (uint32 a = 0; a < row->n_more; a++)
		sum += is_solved[row->more[a]] ? 0 : fabs((double) row->more_weight[a]);
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
		v->weight[a] = v->said[v->item[a]];
		v->said[v->item[a]] = 0;
	}
	/* whoever owns the model may have written it; a mark is no weight */
	for (uint32 a = 0; a < n; a++)
	{
		if (!isfinite(v->weight[a]) || fabsf(v->weight[a]) <= FLT_MIN)
			v->weight[a] = 0;
	}
	to->n_neighbors = n;
	to->neighbor = v->item;
	to->score = v->weight;
}
