/*
 * item_knn_renew.c
 *		A model that is brought up to date: by what, which of its lists, and
 *		lists as a training makes them, of some items alone.
 *
 * How lists follow from changes is in item_knn_update.c.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "kernel/topk.h"
#include "neighbor/item_knn.h"

/* ---- what can be ------------------------------------------------------- */

/*
 * Can the sum of a pair be told from its score, and does everything else
 * follow from numbers of users?
 */
static bool
has_inverse(const ItemKnnOptions *o)
{
	bool		sets = o->similarity == SIMILARITY_JACCARD ||
		o->similarity == SIMILARITY_DICE ||
		o->similarity == SIMILARITY_OVERLAP ||
		o->similarity == SIMILARITY_CONDITIONAL;

	return (sets || (affinity_neighbor_knn_is_product(o->similarity) &&
					 o->weights == AFFINITY_WEIGHTS_BINARY &&
					 o->weighting == WEIGHTING_NONE)) &&
		o->shrinkage == 0 && o->min_support <= 1;
}

/*
 * How a model with these options is brought up to date. Where times change what
 * every row counts, or weights have signs, only a training does.
 */
AffinityUpdateWay
affinity_neighbor_knn_update_way(const void *options)
{
	const ItemKnnOptions *o = options;

	if (o->times.half_life > 0 || o->times.trend > 0 ||
		o->weights == AFFINITY_WEIGHTS_SIGNED)
		return AFFINITY_UPDATE_NOT;
	return has_inverse(o) ? AFFINITY_UPDATE_CHANGES : AFFINITY_UPDATE_WHOLE;
}

/*
 * The options with the exponents of the training.
 */
static ItemKnnOptions
settled(AffinityUpdate *u, const void *options)
{
	ItemKnnOptions o = *(const ItemKnnOptions *) options;

	if (o.similarity != SIMILARITY_DEGREE)
		return o;
	if (isnan(o.item_exponent))
		o.item_exponent = u->figure(u, "item_exponent");
	if (isnan(o.neighbor_exponent))
		o.neighbor_exponent = u->figure(u, "neighbor_exponent");
	if (isnan(o.item_exponent) || isnan(o.neighbor_exponent))
		affinity_train_damaged(NULL, "the model lacks the exponents of its training");
	return o;
}

/* ---- which items -------------------------------------------------------- */

/*
 * Items that are due, and what users of new items have beside these: only their
 * lists can recommend what is new.
 */
static bool *
find_due(const AffinityUpdate *u)
{
	const AffinityInteractions *in = u->now;
	bool	   *due = affinity_base_zeroed_array(in->n_items, sizeof(bool));
	bool	   *done = affinity_base_zeroed_array(in->by_user.n_rows,
												  sizeof(bool));

	for (uint32 i = 0; i < in->n_items; i++)
	{
		due[i] |= u->due[u->now_no[i]];
		if (u->now_no[i] < u->n_known)
			continue;
		for (int64 e = in->by_item.start[i]; e < in->by_item.start[i + 1]; e++)
		{
			uint32		user = in->by_item.col[e];

			affinity_base_look_up((uint64) e);
			for (int64 f = in->by_user.start[user];
				 !done[user] && f < in->by_user.start[user + 1]; f++)
				due[in->by_user.col[f]] = true;
			done[user] = true;
		}
	}
	pfree(done);
	return due;
}

/*
 * Items that are due, those whose rows one refresh wrote after the other: they
 * have the same ratios.
 */
uint32 *
affinity_neighbor_knn_order(const AffinityUpdate *u, uint32 *n)
{
	bool	   *due = find_due(u);
	uint32	   *order = affinity_base_array(u->now->n_items, sizeof(uint32));
	uint32	   *next = affinity_base_zeroed_array((Size) u->n_refreshes + 2,
												  sizeof(uint32));

	for (uint32 i = 0; i < u->now->n_items; i++)
		next[u->written[u->now_no[i]] + 1] += due[i];
	for (int32 refresh = 0; refresh <= u->n_refreshes; refresh++)
		next[refresh + 1] += next[refresh];
	*n = next[u->n_refreshes + 1];
	for (uint32 i = 0; i < u->now->n_items; i++)
	{
		if (due[i])
			order[next[u->written[u->now_no[i]]]++] = i;
	}
	pfree(next);
	pfree(due);
	return order;
}

/* ---- lists as a training has them --------------------------------------- */

/*
 * What makes lists of a matrix without a team. Where it is not all of the
 * interactions, the model says how many users items have.
 */
static KnnState *
begin_alone(const AffinityUpdate *u, const AffinityInteractions *in,
			const ItemKnnOptions *o, const uint32 *no)
{
	KnnState   *s = palloc0(sizeof(KnnState));

	s->shared = palloc0(sizeof(KnnShared));
	s->shared->options = *o;
	s->shared->lists.n_items = in->n_items;
	s->shared->lists.n_kinds = 1;
	s->shared->lists.longest = Min((uint32) o->neighbors, in->n_items);
	s->options = &s->shared->options;
	s->list.lists = &s->shared->lists;
	s->by_user = in->by_user;
	s->by_item = in->by_item;
	s->n_items = in->n_items;
	s->n_kinds = 1;
	s->user_factor = affinity_base_array(in->by_user.n_rows, sizeof(double));
	s->left = affinity_base_array(in->n_items, sizeof(double));
	s->right = affinity_base_array(in->n_items, sizeof(double));
	if (affinity_neighbor_knn_needs_logarithms(o, 1))
		s->x_log_x = affinity_base_zeroed_array((Size) in->by_user.n_rows + 1,
												sizeof(double));
	affinity_neighbor_knn_prepare(s);
	affinity_neighbor_knn_factors(s, NULL);
	for (uint32 i = 0; u->before && i < in->n_items; i++)
	{
		bool		degree = o->similarity == SIMILARITY_DEGREE;
		bool		product = affinity_neighbor_knn_is_product(o->similarity);
		double		users = no[i] < u->n_items ?
			Max(u->popularity[no[i]], 1) : 1;

		affinity_base_look_up(i);
		s->left[i] = product ? pow(users, degree ? -o->item_exponent : -0.5) :
			users;
		s->right[i] = product ?
			pow(users, degree ? -o->neighbor_exponent : -0.5) : users;
	}
	return s;
}

/*
 * Lists of n items of a matrix whose values are as the similarity wants them.
 */
static void
make_lists(AffinityUpdate *u, const ItemKnnOptions *o,
		   const AffinityInteractions *in, const uint32 *no,
		   const uint32 *item, uint32 n,
		   void (*take) (void *state, const AffinityItemRow *row), void *state)
{
	int32	   *neighbor = affinity_base_array(o->neighbors, sizeof(int32));
	float	   *score = affinity_base_array(o->neighbors, sizeof(float));
	KnnState   *s = begin_alone(u, in, o, no);

	for (uint32 i = 0; i < n; i++)
	{
		AffinityItemRow row = {.item = no[item[i]]};

		CHECK_FOR_INTERRUPTS();
		affinity_neighbor_knn_list(s, item[i], 0);
		row.popularity = u->popularity[row.item];
		row.n_neighbors = s->list.n_best;
		for (uint32 j = 0; j < row.n_neighbors; j++)
		{
			neighbor[j] = (int32) no[affinity_kernel_rank_key_no(s->list.best[j])];
			score[j] = affinity_kernel_rank_key_score(s->list.best[j]);
		}
		row.neighbor = neighbor;
		row.score = score;
		take(state, &row);
	}
	pfree(neighbor);
	pfree(score);
}

static void
prepare_values(AffinityInteractions *in, const ItemKnnOptions *o)
{
	if (affinity_neighbor_knn_on_sets(o->similarity))
		affinity_neighbor_knn_drop_values(in);
	else
		affinity_neighbor_knn_weights(in, o);
}

static void
put(void *state, const AffinityItemRow *row)
{
	AffinityUpdate *u = state;

	u->put(u, row);
}

/*
 * Lists of due items from all interactions.
 */
static void
update_by_all(AffinityUpdate *u, const ItemKnnOptions *o)
{
	bool	   *due = find_due(u);
	uint32	   *item = affinity_base_array(u->now->n_items, sizeof(uint32));
	uint32		n = 0;

	for (uint32 i = 0; i < u->now->n_items; i++)
	{
		if (due[i])
			item[n++] = i;
	}
	prepare_values(u->now, o);
	make_lists(u, o, u->now, u->now_no, item, n, put, u);
}

/*
 * Bring a model up to date.
 */
void
affinity_neighbor_knn_update(AffinityUpdate *u, const void *options)
{
	ItemKnnOptions o = settled(u, options);

	if (u->before)
		affinity_neighbor_knn_changes(u, &o);
	else
		update_by_all(u, &o);
}

/*
 * Lists as a training would have them: see AffinityAlgorithm.
 */
void
affinity_neighbor_knn_exact(AffinityUpdate *u, const void *options,
							AffinityInteractions *in, const uint32 *no,
							const uint32 *item, uint32 n,
							void (*take) (void *state, const AffinityItemRow *row),
							void *state)
{
	ItemKnnOptions o = settled(u, options);

	/* all interactions have theirs from the update */
	if (in != u->now)
		prepare_values(in, &o);
	make_lists(u, &o, in, no, item, n, take, state);
}
