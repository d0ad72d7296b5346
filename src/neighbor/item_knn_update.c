/*
 * item_knn_update.c
 *		Lists of items that are brought up to date without a training.
 *
 * A similarity is a function of a sum over the users of both items and of how
 * many users each of them has. Where the sum can be told from a stored score,
 * what users with new rows add to it is their histories' as they are now less
 * those as the model knows them (for the cosine: Papagelis, Rousidis,
 * Plexousakis and Theoharopoulos, "Incremental Collaborative Filtering for
 * Highly-Scalable Recommendation Algorithms", 2005). A pair that is in no list
 * had a sum below the list's last one; it begins with what is added. An item
 * that is new has all its pairs here, so its list is that of a training.
 *
 * Other similarities have the lists of changed items made anew, from all
 * interactions.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "miscadmin.h"

#include "kernel/topk.h"
#include "neighbor/item_knn.h"

#define NOWHERE		PG_UINT32_MAX

/* What rounding leaves of a sum that is none. */
#define NOTHING		1e-12

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

/* ---- sums and scores ---------------------------------------------------- */

/* Powers of numbers of users, as they are asked for. */
typedef struct Powers
{
	double		exponent;
	uint32		n;
	double	   *value;			/* 0: not known yet */
} Powers;

typedef struct KnnUpdate
{
	AffinityUpdate *update;
	ItemKnnOptions options;
	bool		product;		/* the score is sum * left * right */
	double		user_exponent;
	Powers		left;
	Powers		right;
	double	   *right_now;		/* of all items; product */
	float	  **ratio;			/* by refresh: right_now by what it was after
								 * that, of all items; NULL: not needed yet */
	uint32	   *before;			/* item of "before" by number in the model */
	uint32	   *now_col;		/* columns of both, by number in the model */
	uint32	   *before_col;
	double	   *user_now;		/* what a user's pairs add up, by user */
	double	   *user_before;

	/* one item's, by number in the model */
	double	   *sum;			/* what is added; 0: nothing is, or it was
								 * taken */
	uint8	   *is_touched;
	uint32	   *touched;
	uint32		n_touched;
	uint32		n;				/* candidates for the list */
	uint32	   *no;
	float	   *score;
	uint64	   *key;
	uint64	   *scratch;
	int32	   *neighbor;
	float	   *best;
} KnnUpdate;

static double
power(Powers *powers, float users)
{
	uint32		n = users >= 1 ? (uint32) users : 1;

	if (n >= powers->n)
		return pow(n, -powers->exponent);
	if (powers->value[n] == 0)
		powers->value[n] = pow(n, -powers->exponent);
	return powers->value[n];
}

static void
begin_powers(Powers *powers, double exponent, float most)
{
	powers->exponent = exponent;
	powers->n = (uint32) Min(Max(most, 1), 1e6) + 1;
	powers->value = affinity_base_zeroed_array(powers->n, sizeof(double));
}

/*
 * The sum of a pair of a score, when its items had a and b users.
 */
static double
sum_of(KnnUpdate *k, double score, float a, float b)
{
	switch (k->options.similarity)
	{
		case SIMILARITY_JACCARD:
			return rint(score * ((double) a + b) / (1 + score));
		case SIMILARITY_DICE:
			return rint(score * ((double) a + b) / 2);
		case SIMILARITY_OVERLAP:
			return rint(score * Min(a, b));
		case SIMILARITY_CONDITIONAL:
			return rint(score * a);
		default:
			return score / (power(&k->left, a) * power(&k->right, b));
	}
}

static double
score_of(KnnUpdate *k, double sum, float a, float b)
{
	if (!k->product)
		sum = Min(sum, Min(a, b));
	switch (k->options.similarity)
	{
		case SIMILARITY_JACCARD:
			return sum / ((double) a + b - sum);
		case SIMILARITY_DICE:
			return 2 * sum / ((double) a + b);
		case SIMILARITY_OVERLAP:
			return sum / Min(a, b);
		case SIMILARITY_CONDITIONAL:
			return sum / a;
		default:
			return sum * power(&k->left, a) * power(&k->right, b);
	}
}

/* ---- what is added ------------------------------------------------------ */

/*
 * What each user's pairs add up.
 */
static double *
user_factors(const KnnUpdate *k, const AffinityCsr *by_user)
{
	double	   *factor = affinity_base_array(by_user->n_rows, sizeof(double));

	for (uint32 u = 0; u < by_user->n_rows; u++)
	{
		double		n = (double) (by_user->start[u + 1] - by_user->start[u]);

		affinity_base_look_up(u);
		factor[u] = k->user_exponent == 0 || n == 0 ? 1 :
			k->user_exponent == 1 ? 1 / n : pow(n, -k->user_exponent);
	}
	return factor;
}

/*
 * Add the rows of an item's users, or take them off.
 */
static void
add_users(KnnUpdate *k, const AffinityInteractions *in, uint32 item,
		  const uint32 *col, const double *factor, double sign)
{
	const AffinityCsr *by_item = &in->by_item;
	const int64 *start = in->by_user.start;

	for (int64 e = by_item->start[item]; e < by_item->start[item + 1]; e++)
	{
		uint32		user = by_item->col[e];
		double		x = sign * factor[user];

		for (int64 f = start[user]; f < start[user + 1]; f++)
		{
			uint32		j = col[f];

			k->sum[j] += x;
			k->touched[k->n_touched] = j;
			k->n_touched += !k->is_touched[j];
			k->is_touched[j] = 1;
		}
		affinity_base_look_up((uint64) e);
	}
}

static inline void
put_candidate(KnnUpdate *k, uint32 neighbor, double score)
{
	if (!(score > 0))
		return;
	k->no[k->n] = neighbor;
	k->score[k->n++] = (float) Max(Min(score, FLT_MAX), AFFINITY_LEAST);
}

static void
add_candidate(KnnUpdate *k, double sum, uint32 item, uint32 neighbor)
{
	const AffinityUpdate *u = k->update;

	if (sum > NOTHING)
		put_candidate(k, neighbor, score_of(k, sum, u->popularity[item],
											u->popularity[neighbor]));
}

/*
 * What is added to the sum of a pair, which is taken once.
 */
static inline double
take_added(KnnUpdate *k, uint32 neighbor)
{
	double		added = k->sum[neighbor];

	k->sum[neighbor] = 0;
	return added;
}

static inline float
users_then(const KnnUpdate *k, uint32 item, uint32 row)
{
	AffinityUpdate *u = k->update;

	return u->changed[item] <= u->written[row] ? u->known[item] :
		u->users_then(u, item, row);
}

/*
 * The neighbors that an item has, with what is added to them.
 */
static void
add_stored(KnnUpdate *k, const AffinityItemRow *stored, double stands_for)
{
	uint32		item = stored->item;
	float		then = users_then(k, item, item);

	for (uint32 i = 0; i < stored->n_neighbors; i++)
	{
		uint32		j = (uint32) stored->neighbor[i];
		double		sum = sum_of(k, stored->score[i], then,
								 users_then(k, j, item));

		add_candidate(k, sum + stands_for * take_added(k, j), item, j);
	}
}

/*
 * What scores of rows that a refresh wrote are to be multiplied by, by neighbor:
 * many rows are of the same one.
 */
static const float *
ratios(KnnUpdate *k, uint32 row)
{
	AffinityUpdate *u = k->update;
	int32		refresh = u->written[row];
	float	   *ratio = k->ratio[refresh];

	if (ratio != NULL)
		return ratio;
	ratio = k->ratio[refresh] = affinity_base_array(u->n_items,
													sizeof(float));
	for (uint32 j = 0; j < u->n_items; j++)
	{
		float		then = j < u->n_known ? users_then(k, j, row) :
			u->popularity[j];

		affinity_base_look_up(j);
		ratio[j] = then == u->popularity[j] ? 1 :
			(float) (k->right_now[j] / power(&k->right, then));
	}
	return ratio;
}

/*
 * The same where the score is a product.
 */
static void
add_stored_product(KnnUpdate *k, const AffinityItemRow *stored,
				   double stands_for)
{
	AffinityUpdate *u = k->update;
	uint32		item = stored->item;
	double		left = power(&k->left, u->popularity[item]);
	double		factor = left / power(&k->left, users_then(k, item, item));
	const float *ratio = ratios(k, item);

	for (uint32 i = 0; i < stored->n_neighbors; i++)
	{
		uint32		j = (uint32) stored->neighbor[i];

		put_candidate(k, j, stored->score[i] * factor * ratio[j] +
					  stands_for * take_added(k, j) * left * k->right_now[j]);
	}
}

/*
 * The best candidates, as keys. Mostly they are few more than the list has.
 */
static uint32
choose(KnnUpdate *k)
{
	uint32		most = (uint32) k->options.neighbors;

	if (k->n >= 4 * (Size) most)
		return (uint32) affinity_kernel_topk_scores(k->score, k->no, k->n,
													most, k->key, k->scratch);
	for (uint32 i = 0; i < k->n; i++)
		k->key[i] = affinity_kernel_rank_key(k->score[i], k->no[i]);
	if (k->n > most)
		affinity_kernel_select_largest(k->key, k->n, most);
	affinity_kernel_sort_descending(k->key, Min(k->n, most), k->scratch);
	return Min(k->n, most);
}

/*
 * Bring the list of an item of "now" up to date.
 */
static void
update_list(KnnUpdate *k, uint32 local)
{
	AffinityUpdate *u = k->update;
	uint32		item = u->now_no[local];
	double		stands_for = u->stands_for[item];
	AffinityItemRow row = {0};
	uint32		n_best;

	k->n = 0;
	k->n_touched = 0;
	add_users(k, u->now, local, k->now_col, k->user_now, 1);
	if (k->before[item] != NOWHERE)
		add_users(k, u->before, k->before[item], k->before_col,
				  k->user_before, -1);
	k->sum[item] = 0;
	if (u->stored(u, item, &row) && k->product)
		add_stored_product(k, &row, stands_for);
	else if (row.n_neighbors > 0)
		add_stored(k, &row, stands_for);
	for (uint32 t = 0; t < k->n_touched; t++)
	{
		uint32		j = k->touched[t];

		k->is_touched[j] = 0;
		if (k->sum[j] != 0)
			add_candidate(k, stands_for * take_added(k, j), item, j);
	}
	n_best = choose(k);
	for (uint32 i = 0; i < n_best; i++)
	{
		k->neighbor[i] = (int32) affinity_kernel_rank_key_no(k->key[i]);
		k->best[i] = affinity_kernel_rank_key_score(k->key[i]);
	}
	row = (AffinityItemRow) {.item = item, .n_neighbors = n_best};
	row.popularity = u->popularity[item];
	row.neighbor = k->neighbor;
	row.score = k->best;
	u->put(u, &row);
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
 * The columns of a matrix by number in the model.
 */
static uint32 *
columns(const AffinityInteractions *in, const uint32 *no)
{
	const AffinityCsr *m = &in->by_user;
	int64		n = m->start[m->n_rows];
	uint32	   *col = affinity_base_array(n, sizeof(uint32));

	for (int64 e = 0; e < n; e++)
	{
		affinity_base_look_up((uint64) e);
		col[e] = no[m->col[e]];
	}
	return col;
}

/*
 * What one list after the other is made in.
 */
static void
begin_lists(KnnUpdate *k)
{
	AffinityUpdate *u = k->update;
	uint32		n = u->n_items;

	/* a stored list has no more than the option allows: see u->stored */
	Size		room = (Size) n + PG_UINT16_MAX;

	k->before = affinity_base_array(n, sizeof(uint32));
	memset(k->before, 0xFF, n * sizeof(uint32));
	for (uint32 i = 0; i < u->before->n_items; i++)
		k->before[u->before_no[i]] = i;
	k->now_col = columns(u->now, u->now_no);
	k->before_col = columns(u->before, u->before_no);
	k->user_now = user_factors(k, &u->now->by_user);
	k->user_before = user_factors(k, &u->before->by_user);
	k->sum = affinity_base_zeroed_array(n, sizeof(double));
	k->is_touched = affinity_base_zeroed_array(n, sizeof(uint8));
	/* and one more, which may be written before it is known to be there */
	k->touched = affinity_base_array((Size) n + 1, sizeof(uint32));
	k->no = affinity_base_array(room, sizeof(uint32));
	k->score = affinity_base_array(room, sizeof(float));
	k->key = affinity_base_array(room, sizeof(uint64));
	k->scratch = affinity_base_array(room, sizeof(uint64));
	k->neighbor = affinity_base_array(k->options.neighbors, sizeof(int32));
	k->best = affinity_base_array(k->options.neighbors, sizeof(float));
}

static void
update_by_changes(AffinityUpdate *u, const ItemKnnOptions *o)
{
	KnnUpdate	k = {.update = u, .options = *o};
	bool	   *due = find_due(u);
	float		most = 0;

	for (uint32 i = 0; i < u->n_items; i++)
		most = Max(most, u->popularity[i]);
	k.product = affinity_neighbor_knn_is_product(o->similarity);
	k.user_exponent = o->similarity == SIMILARITY_DEGREE ? o->user_exponent : 0;
	begin_powers(&k.left, o->similarity == SIMILARITY_DEGREE ?
				 o->item_exponent : 0.5, most);
	begin_powers(&k.right, o->similarity == SIMILARITY_DEGREE ?
				 o->neighbor_exponent : 0.5, most);
	k.right_now = affinity_base_array(u->n_items, sizeof(double));
	for (uint32 i = 0; i < u->n_items; i++)
		k.right_now[i] = power(&k.right, u->popularity[i]);
	k.ratio = affinity_base_zeroed_array((Size) u->n_refreshes + 1,
										 sizeof(float *));
	begin_lists(&k);
	for (uint32 i = 0; i < u->now->n_items; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (due[i])
			update_list(&k, i);
	}
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
		update_by_changes(u, &o);
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
