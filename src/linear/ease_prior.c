/*
 * ease_prior.c
 *		What attributes of items say of the weights of sparse ease: a prior.
 *
 * a_ij is the similarity of item i to j by attributes, of the few i that are
 * most like j, else 0. Column j, of an item with d_j users, is then the minimum
 * over b of
 *
 *		sum_u w_u (x_uj - x_u b)^2 + sum_i l_i b_i^2
 *			+ (c / d_j) sum_i l_i (b_i - g a_ij)^2
 *
 * with g the option attribute_weight and c attribute_users. So the weights are
 * drawn to what attributes say as strongly as there are few users to learn
 * from: as much as to 0 at c users, and hardly at ten times as many. Of an item
 * that nobody has they are g a_ij: that nobody had what was not there says
 * nothing. It is the closed form with
 *
 *		(G + (1 + c / d_j) L) b = G_j + (c / d_j) L g a_j.
 *
 * That a linear autoencoder may be drawn to weights from attributes in closed
 * form is from L3AE (Moon et al., "LLM-Enhanced Linear Autoencoders for
 * Recommendation", CIKM 2025), with the same strength for all items.
 */
#include "postgres.h"

#include "attribute/attribute.h"
#include "linear/ease_sparse.h"

/* ---- the leader -------------------------------------------------------- */

static Size
prior_bytes(uint32 n_items, int64 entries)
{
	return add_size(mul_size((Size) n_items + 1, sizeof(int64)),
					mul_size(entries, sizeof(uint32) + sizeof(float)));
}

/*
 * Where in the region is what.
 */
static void
find_prior(char *region, uint32 n_items, int64 entries, EasePrior *prior)
{
	prior->start = (int64 *) region;
	prior->item = (uint32 *) (prior->start + n_items + 1);
	prior->value = (float *) (prior->item + entries);
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
	double		weight = task->options.attribute_weight;
	EasePrior	prior;

	if (alike == NULL)
		return;
	find_prior(affinity_parallel_region(team, task->prior), task->n_items,
			   task->n_alike, &prior);
	memcpy(prior.start, alike->start,
		   ((Size) task->n_items + 1) * sizeof(int64));
	memcpy(prior.item, alike->item, task->n_alike * sizeof(uint32));
	for (int64 e = 0; e < task->n_alike; e++)
	{
		affinity_base_look_up(e);
		prior.value[e] =
			affinity_linear_ease_real(weight * alike->similarity[e]);
	}
}

/* ---- a participant ----------------------------------------------------- */

void
affinity_linear_ease_prior_begin(EaseSparse *s)
{
	const EaseTask *task = s->task;

	s->prior.start = NULL;
	if (!task->has_prior)
		return;
	find_prior(affinity_parallel_region(s->team, task->prior), s->n,
			   task->n_alike, &s->prior);
	s->expected = affinity_linear_ease_array(s->n, sizeof(float));
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
	for (uint32 c = 0; c < first; c++)
		s->place[affinity_kernel_rank_key_no(s->key[c])] = 0;
	for (int64 e = s->prior.start[j]; e < s->prior.start[j + 1]; e++)
	{
		uint32		i = s->prior.item[e];

		if (s->by_item.start[i] < s->by_item.start[i + 1] &&
			s->place[i] == NO_PLACE)
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
		s->expected[prior->item[e]] = prior->value[e];
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
 * The row of an item that nobody has: no column has it as a candidate.
 */
uint32
affinity_linear_ease_prior_row(const EaseSparse *s, uint32 i,
							   const float **weight, const uint32 **item)
{
	int64		from;

	if (s->prior.start == NULL || s->by_item.start[i] < s->by_item.start[i + 1])
		return 0;
	from = s->prior.start[i];
	*weight = s->prior.value + from;
	*item = s->prior.item + from;
	return (uint32) (s->prior.start[i + 1] - from);
}
