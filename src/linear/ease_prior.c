/*
 * ease_prior.c
 *		What attributes of items say of the weights of sparse ease: a prior.
 *
 * a_ij is the similarity of item i to j by attributes, of the few i that are
 * most like j, else 0. p_j is how many users item j has, the mean of items being
 * 1; it is 1 for an item that nobody has. e_ij = g a_ij p_j is the weight that
 * is expected, g being the option attribute_weight: more users have both of two
 * items the more have one of them. Column j, of an item with d_j users, is then
 * the minimum over b of
 *
 *		sum_u w_u (x_uj - x_u b)^2 + sum_i l_i b_i^2
 *			+ (c / d_j) sum_i l_i (b_i - e_ij)^2
 *
 * with c the option attribute_users. So the weights are drawn to what attributes
 * say as strongly as there are few users to learn from: as much as to 0 at c
 * users, and hardly at ten times as many. Of an item that nobody has they are
 * e_ij: that nobody had what was not there says nothing. It is the closed form
 * with
 *
 *		(G + (1 + c / d_j) L) b = G_j + (c / d_j) L e_j.
 *
 * "auto" for g is what fits pairs that are alike and have users, by least
 * squares: e_ij beside G_ij / (G_ii + l_i), the weight of i in a regression of
 * its own. It makes up for what kind of attributes there are, as cosines of
 * embeddings may all be near 1.
 *
 * That a linear autoencoder may be drawn to weights from attributes in closed
 * form is from L3AE (Moon et al., "LLM-Enhanced Linear Autoencoders for
 * Recommendation", CIKM 2025), with the same strength for all items.
 */
#include "postgres.h"

#include <math.h>

#include "attribute/attribute.h"
#include "linear/ease_sparse.h"

/* What "auto" learns from: items with so many users; what it is without. */
#define LEAST_USERS		20
#define WITHOUT_USERS	0.1

/* ---- the leader -------------------------------------------------------- */

static Size
prior_bytes(uint32 n_items, int64 entries)
{
	return add_size(mul_size((Size) n_items + 1,
							 sizeof(int64) + 2 * sizeof(double)),
					mul_size(entries, sizeof(uint32) + sizeof(float)));
}

/*
 * Where in the region is what.
 */
static void
find_prior(char *region, uint32 n_items, int64 entries, EasePrior *prior)
{
	prior->weight = (double *) region;
	prior->product = prior->weight + 1;
	prior->square = prior->product + n_items;
	prior->start = (int64 *) (prior->square + n_items + 1);
	prior->item = (uint32 *) (prior->start + n_items + 1);
	prior->similarity = (float *) (prior->item + entries);
}

void
affinity_linear_ease_prior_request(AffinityTeamRequest *request,
								   EaseTask *task, const AffinityAlike *alike)
{
	task->n_alike = alike ? alike->start[alike->n] : 0;
	task->prior = affinity_parallel_request_region(request, alike ?
												   prior_bytes(task->n_items,
															   task->n_alike) :
												   0);
}

void
affinity_linear_ease_prior_put(AffinityTeam *team, const EaseTask *task,
							   const AffinityAlike *alike)
{
	EasePrior	prior;

	if (alike == NULL)
		return;
	find_prior(affinity_parallel_region(team, task->prior), task->n_items,
			   task->n_alike, &prior);
	*prior.weight = task->options.attribute_weight;
	memcpy(prior.start, alike->start,
		   ((Size) task->n_items + 1) * sizeof(int64));
	memcpy(prior.item, alike->item, task->n_alike * sizeof(uint32));
	memcpy(prior.similarity, alike->similarity,
		   task->n_alike * sizeof(float));
}

/* ---- a participant ----------------------------------------------------- */

void
affinity_linear_ease_prior_begin(EaseSparse *s)
{
	const EaseTask *task = s->task;
	double		items = 0;

	s->prior.start = NULL;
	if (!task->has_prior)
		return;
	find_prior(affinity_parallel_region(s->team, task->prior), s->n,
			   task->n_alike, &s->prior);
	s->expected = affinity_linear_ease_array(s->n, sizeof(float));
	s->wanted = affinity_linear_ease_array(s->n, sizeof(float));
	for (uint32 i = 0; i < s->n; i++)
		items += s->by_item.start[i + 1] > s->by_item.start[i];
	for (uint32 i = 0; i < s->n; i++)
	{
		double		users = s->by_item.start[i + 1] - s->by_item.start[i];

		s->wanted[i] = users > 0 ? users * items / s->by_item.start[s->n] : 1;
	}
}

static inline bool
has_users(const EaseSparse *s, uint32 item, int64 least)
{
	return s->by_item.start[item + 1] - s->by_item.start[item] >= least;
}

/*
 * What a column says of the weight that "auto" is, while its products are there.
 */
static void
note_alone(EaseSparse *s, uint32 j)
{
	const EasePrior *prior = &s->prior;
	double		product = 0;
	double		square = 0;

	for (int64 e = prior->start[j]; e < prior->start[j + 1]; e++)
	{
		uint32		i = prior->item[e];
		double		similarity = prior->similarity[e];

		if (!has_users(s, j, LEAST_USERS) || !has_users(s, i, LEAST_USERS))
			continue;
		similarity *= s->wanted[j];
		product += similarity * s->sum[i] / (s->diagonal[i] + s->penalty[i]);
		square += similarity * similarity;
	}
	prior->product[j] = product;
	prior->square[j] = square;
}

/*
 * The leader, when all columns have said so: settle "auto".
 */
void
affinity_linear_ease_prior_settle(EaseSparse *s, EaseLeader *leader)
{
	const EasePrior *prior = &s->prior;
	double		product = 0;
	double		square = 0;

	if (prior->start == NULL)
		return;
	for (uint32 j = 0; j < s->n && isnan(s->task->options.attribute_weight); j++)
	{
		product += prior->product[j];
		square += prior->square[j];
	}
	if (isnan(*prior->weight))
		*prior->weight = square > 0 ? product / square : WITHOUT_USERS;
	leader->attribute_weight = *prior->weight;
}

/*
 * Items that attributes speak of are candidates too, if anybody has them: those
 * that are none yet, behind n others, as their keys' last words.
 */
uint32
affinity_linear_ease_prior_candidates(EaseSparse *s, uint32 j, uint32 n)
{
	uint32		first = n;

	if (s->prior.start == NULL)
		return n;
	note_alone(s, j);
	for (uint32 c = 0; c < first; c++)
		s->place[affinity_kernel_rank_key_no(s->key[c])] = 0;
	for (int64 e = s->prior.start[j]; e < s->prior.start[j + 1]; e++)
	{
		uint32		i = s->prior.item[e];

		if (has_users(s, i, 1) && s->place[i] == NO_PLACE)
			s->key[n++] = affinity_kernel_rank_key(0, i);
	}
	for (uint32 c = 0; c < first; c++)
		s->place[affinity_kernel_rank_key_no(s->key[c])] = NO_PLACE;
	return n;
}

/*
 * The penalties of a column, and what is added to its right side. Where nobody
 * has the item, the weights themselves.
 */
void
affinity_linear_ease_expect(EaseSparse *s, EaseColumn *c)
{
	const EasePrior *prior = &s->prior;
	double		users = s->by_item.start[c->j + 1] - s->by_item.start[c->j];
	double		strength = users > 0 ? s->task->options.attribute_users / users :
		0;

	for (uint32 a = 0; a < c->n; a++)
		c->penalty[a] = s->penalty[c->item[a]];
	if (prior->start == NULL)
		return;
	for (int64 e = prior->start[c->j]; e < prior->start[c->j + 1]; e++)
		s->expected[prior->item[e]] =
			affinity_linear_ease_real(*prior->weight * s->wanted[c->j] *
									  prior->similarity[e]);
	for (uint32 a = 0; a < c->n; a++)
	{
		double		expected = s->expected[c->item[a]];

		if (users == 0)
			c->weight[a] = (float) expected;
		else
			c->weight[a] =
				affinity_linear_ease_real(c->weight[a] + strength *
										  c->penalty[a] * expected);
		c->penalty[a] *= 1 + strength;
	}
	for (int64 e = prior->start[c->j]; e < prior->start[c->j + 1]; e++)
		s->expected[prior->item[e]] = 0;
}

/*
 * The row of an item that nobody has, into its list: no column has it as a
 * candidate. False where that is not so.
 */
bool
affinity_linear_ease_prior_row(EaseSparse *s, uint32 i, void *slot, uint32 row)
{
	const EasePrior *prior = &s->prior;
	uint32		n;
	int64		from;

	if (prior->start == NULL || has_users(s, i, 1))
		return false;
	from = prior->start[i];
	n = (uint32) (prior->start[i + 1] - from);
	for (uint32 a = 0; a < n; a++)
		s->score[a] =
			affinity_linear_ease_real(*prior->weight *
									  s->wanted[prior->item[from + a]] *
									  prior->similarity[from + a]);
	affinity_linear_ease_choose(&s->choice, s->score, prior->item + from, n,
								slot, row);
	return true;
}
