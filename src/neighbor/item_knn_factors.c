/*
 * item_knn_factors.c
 *		What a user's entries, a source and a neighbor are multiplied by.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "neighbor/item_knn.h"

/*
 * Sum of the values of entries without their signs, or of their squares.
 */
static double
sum_of(const AffinityCsr *m, int64 start, int64 end, bool squares)
{
	double		sum = 0;

	if (m->val == NULL)
		return (double) (end - start);
	for (int64 e = start; e < end; e++)
		sum += squares ? (double) m->val[e] * m->val[e] :
			fabs(m->val[e]);
	return sum;
}

static double
row_sum(const AffinityCsr *m, uint32 row, bool squares)
{
	return sum_of(m, m->start[row], m->start[row + 1], squares);
}

/* d^-e, where nobody and nothing gives 0 */
double
affinity_neighbor_inverse_power(double d, double e)
{
	if (!(d > 0))
		return 0;
	return e == 0 ? 1 : e == 1 ? 1 / d : pow(d, -e);
}

/*
 * Where a user's entries of the first kind end: columns of kinds follow each
 * other.
 */
static void
find_target_ends(KnnState *s)
{
	const AffinityCsr *m = &s->by_user;

	for (uint32 u = 0; u < m->n_rows; u++)
	{
		int64		end = m->start[u];

		CHECK_FOR_INTERRUPTS();
		while (end < m->start[u + 1] && m->col[end] < s->n_items)
			end++;
		s->target_end[u] = end;
	}
}

/*
 * The factors of sources of one kind: of the users, of these sources and of
 * their neighbors. Between events of different kinds, users and popular items
 * are held back half as much: who buys what others look at is less a matter of
 * many pairs within one history.
 */
static void
prepare_kind(KnnState *s, uint32 kind, const float *trend)
{
	const ItemKnnOptions *o = s->options;
	const AffinityCsr *by_user = &s->by_user;
	const AffinityCsr *by_item = &s->by_item;
	bool		degree = o->similarity == SIMILARITY_DEGREE;
	double		user_exponent = kind ? o->user_exponent / 2 : o->user_exponent;
	double		neighbor_exponent = kind ? o->neighbor_exponent / 2 :
		o->neighbor_exponent;
	double		item_exponent = kind ? Max(1 - neighbor_exponent, 0.5) :
		o->item_exponent;
	double	   *user_factor = s->user_factor + (kind ? by_user->n_rows : 0);
	double	   *left = s->left + (size_t) kind * s->n_items;
	double	   *right = s->right + (kind ? s->n_items : 0);

	for (uint32 u = 0; u < by_user->n_rows; u++)
	{
		CHECK_FOR_INTERRUPTS();
		user_factor[u] = degree ?
			affinity_neighbor_inverse_power(sum_of(by_user, by_user->start[u], s->target_end ?
												   s->target_end[u] : by_user->start[u + 1],
												   false), user_exponent) : 1;
	}
	for (uint32 i = 0; i < s->n_items; i++)
	{
		uint32		source = kind * s->n_items + i;

		CHECK_FOR_INTERRUPTS();
		if (degree)
		{
			left[i] = affinity_neighbor_inverse_power(row_sum(by_item, source, false),
													  item_exponent);
			right[i] = affinity_neighbor_inverse_power(row_sum(by_item, i, false),
													   neighbor_exponent);
		}
		else if (o->similarity == SIMILARITY_COSINE)
		{
			left[i] = affinity_neighbor_inverse_power(row_sum(by_item, source, true), 0.5);
			right[i] = affinity_neighbor_inverse_power(row_sum(by_item, i, true), 0.5);
		}
		else
		{
			left[i] = (double) (by_item->start[source + 1] -
								by_item->start[source]);
			right[i] = (double) (by_item->start[i + 1] - by_item->start[i]);
		}
		if (trend && affinity_neighbor_knn_is_product(o->similarity))
			right[i] *= trend[i];
	}
}

/*
 * Is there a likelihood to be computed? What is left of pairs of different
 * kinds is significant.
 */
bool
affinity_neighbor_knn_needs_logarithms(const ItemKnnOptions *o, uint32 n_kinds)
{
	return o->similarity == SIMILARITY_LOG_LIKELIHOOD || n_kinds > 1;
}

/*
 * Factors of all kinds, once the matrix is in its place.
 */
void
affinity_neighbor_knn_factors(KnnState *s, const float *trend)
{
	const ItemKnnOptions *o = s->options;
	const AffinityCsr *by_user = &s->by_user;

	if (s->target_end)
		find_target_ends(s);
	for (uint32 kind = 0; kind < s->n_kinds; kind++)
		prepare_kind(s, kind, trend);
	if (affinity_neighbor_knn_needs_logarithms(o, s->n_kinds))
	{
		for (uint32 n = 1; n <= by_user->n_rows; n++)
		{
			CHECK_FOR_INTERRUPTS();
			s->x_log_x[n] = n * log(n);
		}
	}
}
