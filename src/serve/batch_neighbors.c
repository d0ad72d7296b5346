/*
 * batch_neighbors.c
 *		recommend for a chunk of users, by neighbours: the same sums in the
 *		same order as for one user.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "serve/batch.h"

void
affinity_score_batch_neighbors_begin(BatchMember *m, AffinityTeam *team)
{
	m->lists = affinity_parallel_region(team, BATCH_LISTS);
	m->list_item = affinity_parallel_region(team, BATCH_LIST_ITEM);
	m->list_score = affinity_parallel_region(team, BATCH_LIST_SCORE);
}

/*
 * Scores of all items for one user; what was seen is marked and left out.
 */
static void
add_history(BatchMember *m, uint32 user, ServeSums *sums)
{
	const AffinityCsr *users = &m->users;

	for (int64 e = users->start[user]; e < users->start[user + 1]; e++)
	{
		uint32		no = users->col[e];
		const BatchList *list = &m->lists[no];
		ServeSeed	seed;

		CHECK_FOR_INTERRUPTS();
		seed.weight = m->algorithm->history_weight(m->options, users->val ?
												   users->val[e] : 1);
		seed.neighbor = m->list_item + list->start;
		seed.score = m->list_score + list->start;
		seed.n_neighbors = list->n;
		affinity_score_sums_add(sums, &seed);
		m->mark[no] = user + 1;
	}
	for (int64 e = users->start[user]; e < users->start[user + 1]; e++)
		affinity_score_sums_exclude(sums, users->col[e]);
}

/*
 * The best of scores of both signs; those below 0 are marked.
 */
static size_t
choose_signed(BatchMember *m, uint32 user, const ServeSums *sums)
{
	AffinityTopK top;

	affinity_kernel_topk_init(&top, m->key, m->shared->k,
							  (Size) m->shared->n_items + 1);
	for (uint32 t = 0; t < sums->n_touched; t++)
	{
		uint32		no = sums->touched[t];
		float		score = m->score[t];

		if (score != 0)
			affinity_kernel_topk_push(&top,
									  affinity_kernel_rank_key(score, no));
		if (score < 0)
			m->mark[no] = user + 1;
	}
	affinity_kernel_topk_finish(&top, m->scratch);
	return top.n;
}

void
affinity_score_batch_neighbors(void *state, uint32 chunk, void *slot)
{
	BatchMember *m = state;
	uint32		from;
	uint32		n = affinity_score_batch_chunk(m, chunk, &from);

	for (uint32 user = from; user < from + n; user++)
	{
		ServeSums	sums;
		size_t		n_best;

		affinity_score_sums_begin(&sums, m->algorithm, m->shared->n_items);
		add_history(m, user, &sums);
		for (uint32 t = 0; t < sums.n_touched; t++)
			m->score[t] = affinity_score_of_sum(sums.sum[sums.touched[t]]);
		if (m->algorithm->signed_scores)
			n_best = choose_signed(m, user, &sums);
		else
			n_best = affinity_kernel_topk_scores(m->score, sums.touched,
												 sums.n_touched, m->shared->k,
												 m->key, m->scratch);
		affinity_score_sums_end(&sums);
		affinity_score_batch_fill(m, user,
								  affinity_score_batch_user(m->shared, slot,
															user), m->key,
								  n_best);
	}
}
