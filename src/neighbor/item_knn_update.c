/*
 * item_knn_update.c
 *		Lists of items that are brought up to date by what changed.
 *
 * A similarity is a function of a sum over the users of both items and of how
 * many users each of them has. Where the sum can be told from a stored score,
 * what users with new rows add to it is their histories' as they are now less
 * those as the model knows them (for the cosine: Papagelis, Rousidis,
 * Plexousakis and Theoharopoulos, "Incremental Collaborative Filtering for
 * Highly-Scalable Recommendation Algorithms", 2005). A pair that is in no list
 * had a sum below the list's last one; it begins with what is added. An item
 * that is new has all its pairs here, so its list is that of a training.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "miscadmin.h"

#include "kernel/topk.h"
#include "neighbor/item_knn_update.h"

#define NOWHERE		PG_UINT32_MAX

/* What rounding leaves of a sum that is none. */
#define NOTHING		1e-12

/* ---- sums and scores ---------------------------------------------------- */

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
			return score / (affinity_neighbor_knn_power(&k->left, a) * affinity_neighbor_knn_power(&k->right, b));
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
			return sum * affinity_neighbor_knn_power(&k->left, a) * affinity_neighbor_knn_power(&k->right, b);
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
	double		added;

	/* most were not touched, and marks are small */
	if (!k->is_touched[neighbor])
		return 0;
	added = k->sum[neighbor];
	k->sum[neighbor] = 0;
	return added;
}

/*
 * The neighbors that an item has, with what is added to them.
 */
static void
add_stored(KnnUpdate *k, const AffinityItemRow *stored, double stands_for)
{
	uint32		item = stored->item;
	float		then = (float) k->then[item];

	for (uint32 i = 0; i < stored->n_neighbors; i++)
	{
		uint32		j = (uint32) stored->neighbor[i];
		double		sum = sum_of(k, stored->score[i], then,
								 (float) k->then[j]);

		add_candidate(k, sum + stands_for * take_added(k, j), item, j);
	}
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
	double		left = affinity_neighbor_knn_power(&k->left, u->popularity[item]);
	float		factor = (float) (left / affinity_neighbor_knn_power(&k->left,
																	 (float) k->then[item]));

	for (uint32 i = 0; i < stored->n_neighbors; i++)
	{
		uint32		j = (uint32) stored->neighbor[i];
		float		score = stored->score[i] * factor * k->ratio[j];

		if (k->is_touched[j])
			score += (float) (stands_for * take_added(k, j) * left *
							  k->right_now[j]);
		k->no[i] = j;
		k->score[i] = Max(Min(score, FLT_MAX), AFFINITY_LEAST);
	}
	k->n = stored->n_neighbors;
}

/*
 * Sort keys that are nearly in order, largest first.
 */
static void
sort_again(uint64 *key, uint32 n, uint64 *scratch)
{
	uint64		moves = 0;

	for (uint32 i = 1; i < n; i++)
	{
		uint64		x = key[i];
		uint32		j = i;

		for (; j > 0 && key[j - 1] < x; j--)
			key[j] = key[j - 1];
		key[j] = x;
		moves += i - j;
		if (moves > 4 * (uint64) n)
		{
			affinity_kernel_sort_descending(key, n, scratch);
			return;
		}
	}
}

/*
 * The best candidates, as keys in key or in scratch, and how many they are. The
 * first n_stored were a list in order: what is nearly sorted is not sorted anew,
 * and what is below all of a full list is not sorted at all.
 */
static const uint64 *
choose(KnnUpdate *k, uint32 n_stored, uint32 *n_best)
{
	uint32		most = (uint32) k->options.neighbors;
	uint64	   *stored = k->key;
	uint64	   *added = k->key + n_stored;
	uint32		n_added = 0;
	uint64		floor = 0;
	uint32		a = 0;
	uint32		b = 0;

	*n_best = Min(k->n, most);
	if (n_stored < most && k->n - n_stored >= 4 * (Size) most)
	{
		*n_best = (uint32) affinity_kernel_topk_scores(k->score, k->no, k->n,
													   most, k->key,
													   k->scratch);
		return k->key;
	}
	for (uint32 i = 0; i < n_stored; i++)
		stored[i] = affinity_kernel_rank_key(k->score[i], k->no[i]);
	sort_again(stored, n_stored, k->scratch);
	if (n_stored >= most)
		floor = stored[most - 1];
	for (uint32 i = n_stored; i < k->n; i++)
	{
		uint64		key = affinity_kernel_rank_key(k->score[i], k->no[i]);

		added[n_added] = key;
		n_added += key > floor;
	}
	affinity_kernel_sort_descending(added, n_added, k->scratch);
	for (uint32 i = 0; i < *n_best; i++)
		k->scratch[i] = b == n_added ||
			(a < n_stored && stored[a] > added[b]) ? stored[a++] : added[b++];
	return k->scratch;
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
	const uint64 *best;
	uint32		n_stored;
	uint32		n_best;

	k->n = 0;
	k->n_touched = 0;
	add_users(k, u->now, local, k->now_col, k->user_now, 1);
	if (k->before[item] != NOWHERE)
		add_users(k, u->before, k->before[item], k->before_col,
				  k->user_before, -1);
	k->sum[item] = 0;
	affinity_neighbor_knn_then_go(k, item);
	if (u->stored(u, item, &row) && k->product)
		add_stored_product(k, &row, stands_for);
	else if (row.n_neighbors > 0)
		add_stored(k, &row, stands_for);
	n_stored = k->n;
	for (uint32 t = 0; t < k->n_touched; t++)
	{
		uint32		j = k->touched[t];

		double		added = take_added(k, j);

		k->is_touched[j] = 0;
		if (added != 0)
			add_candidate(k, stands_for * added, item, j);
	}
	best = choose(k, n_stored, &n_best);
	for (uint32 i = 0; i < n_best; i++)
	{
		k->neighbor[i] = (int32) affinity_kernel_rank_key_no(best[i]);
		k->best[i] = affinity_kernel_rank_key_score(best[i]);
	}
	memset(&row, 0, sizeof(row));
	row.item = item;
	row.n_neighbors = n_best;
	row.popularity = u->popularity[item];
	row.neighbor = k->neighbor;
	row.score = k->best;
	u->put(u, &row);
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

void
affinity_neighbor_knn_changes(AffinityUpdate *u, const ItemKnnOptions *o)
{
	KnnUpdate	k = {.update = u, .options = *o};
	uint32		n;
	uint32	   *order = affinity_neighbor_knn_order(u, &n);
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
		k.right_now[i] = affinity_neighbor_knn_power(&k.right, u->popularity[i]);
	affinity_neighbor_knn_then_begin(&k);
	begin_lists(&k);
	for (uint32 i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		update_list(&k, order[i]);
	}
}
