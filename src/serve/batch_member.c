/*
 * batch_member.c
 *		A member of the team: the same in the leader and in workers.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "serve/batch.h"
#include "parallel/progress.h"

/*
 * What a user gets: n keys, best first, and popular items where these are too
 * few. Marked for the user are the items of the history, and those with a
 * score below 0, which come last.
 */
void
affinity_score_batch_fill(BatchMember *m, uint32 user, BatchUser *out,
						  const uint64 *key, size_t n)
{
	uint32		k = m->shared->k;
	uint32		rank = 0;
	size_t		before = n;

	if (!m->algorithm->has_factors)
		while (before > 0 && affinity_kernel_rank_key_score(key[before - 1]) <
			   0)
			before--;
	out->n_before = (uint32) before;
	out->n_filled = 0;
	for (; rank < before; rank++)
	{
		out->entry[rank].no = affinity_kernel_rank_key_no(key[rank]);
		out->entry[rank].score = affinity_kernel_rank_key_score(key[rank]);
		m->mark[out->entry[rank].no] = user + 1;
	}
	for (uint32 i = 0; i < m->shared->n_items && rank < k; i++)
	{
		uint32		no = m->by_popularity[i];

		if (m->mark[no] == user + 1)
			continue;
		out->entry[rank].no = no;
		out->entry[rank++].score = n > 0 ? 0 : m->popularity[no];
		out->n_filled++;
	}
	out->n_after = (uint32) Min(n - before, k - rank);
	for (uint32 i = 0; i < out->n_after; i++, rank++)
	{
		out->entry[rank].no = affinity_kernel_rank_key_no(key[before + i]);
		out->entry[rank].score = affinity_kernel_rank_key_score(key[before +
																	i]);
	}
}

static void
consume(void *state, uint32 chunk, const void *slot)
{
	BatchMember *m = state;

	((BatchLeader *) m->leader)->consume(m->leader, chunk, slot);
	affinity_parallel_progress_done(Min((int64) (chunk + 1) *
										m->shared->chunk_users,
										m->users.n_rows));
}

/*
 * The body of the job.
 */
void
affinity_score_batch_member(AffinityTeam *team)
{
	BatchMember m = {0};
	AffinityCsr unused;
	AffinityStream stream = {.consume = consume, .state = &m};
	Size		room;

	m.shared = affinity_parallel_region(team, BATCH_SHARED);
	m.algorithm = affinity_train_algorithm(m.shared->algorithm);
	m.options = affinity_parallel_region(team, BATCH_OPTIONS);
	m.popularity = affinity_parallel_region(team, BATCH_POPULARITY);
	m.by_popularity = affinity_parallel_region(team, BATCH_BY_POPULARITY);
	m.leader = affinity_parallel_leader(team);
	affinity_parallel_matrix(team, m.shared->matrix, &m.users, &unused);
	room = (Size) m.shared->n_items + AFFINITY_PANEL;
	m.mark = affinity_base_zeroed_array(room, sizeof(uint32));
	m.key = affinity_base_array(room, sizeof(uint64));
	m.scratch = affinity_base_array(room, sizeof(uint64));
	m.score = affinity_base_array(room, sizeof(float));
	switch (m.shared->task)
	{
		case BATCH_NEIGHBORS:
			affinity_score_batch_neighbors_begin(&m, team);
			stream.produce = affinity_score_batch_neighbors;
			break;
		case BATCH_BEST:
			affinity_score_batch_factors_begin(&m, team);
			stream.produce = affinity_score_batch_best;
			break;
		case BATCH_ONE_ITEM:
			affinity_score_batch_factors_begin(&m, team);
			stream.produce = affinity_score_batch_one_item;
			break;
	}
	stream.n_chunks = (uint32) (((uint64) m.users.n_rows +
								 m.shared->chunk_users - 1) /
								m.shared->chunk_users);
	stream.slot_bytes = m.shared->slot_bytes;
	affinity_parallel_stream(team, BATCH_STREAM, &stream);
}
