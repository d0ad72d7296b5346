/*
 * batch_participant.c
 *		A participant of the team: the same in the leader and in workers.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "algorithm/algorithm.h"
#include "parallel/progress.h"
#include "score/batch.h"

extern PGDLLEXPORT void affinity_score_batch_participant(AffinityTeam *team);

/*
 * The best of what the user has not seen: neither items of the history nor
 * others, both in order. Where repeats are wanted, only the others are left
 * out. Valid until the next call.
 */
AffinitySelection
affinity_score_batch_selection(BatchParticipant *m, uint32 user,
							   const AffinityHistory *history)
{
	AffinitySelection selection = {
		.k = m->shared->k, .repeat = m->shared->repeat
	};
	const AffinityCsr *seen = &m->seen;
	const uint32 *other;
	uint32		n_had = affinity_score_n_had(history, m->shared->n_items);
	uint32		n_other = 0;
	uint32		n = 0;
	uint32		h = 0;

	affinity_score_batch_first_of(m, user);
	if (m->shared->has_rules)
		selection.rules = &m->rules;
	if (m->user_hash)
		selection.user_hash = m->user_hash[user];
	if (m->shared->with_seen)
		return selection;
	if (seen->n_rows > 0)
		n_other = (uint32) (seen->start[user + 1] - seen->start[user]);
	if (selection.repeat > 0 || m->shared->with_histories)
	{
		selection.n_excluded = n_other;
		selection.excluded = n_other > 0 ? seen->col + seen->start[user] : NULL;
		return selection;
	}
	if (n_other == 0)
	{
		selection.n_excluded = n_had;
		selection.excluded = history->item;
		return selection;
	}
	if (n_had + n_other > m->room)
	{
		if (m->excluded)
			pfree(m->excluded);
		m->room = 2 * (n_had + n_other);
		m->excluded = affinity_base_array(m->room, sizeof(uint32));
	}
	other = seen->col + seen->start[user];
	for (uint32 o = 0; o < n_other; o++)
	{
		while (h < n_had && history->item[h] < other[o])
			m->excluded[n++] = history->item[h++];
		m->excluded[n++] = other[o];
	}
	while (h < n_had)
		m->excluded[n++] = history->item[h++];
	selection.n_excluded = n;
	selection.excluded = m->excluded;
	return selection;
}

/*
 * Lists of a chunk of users, as for one user.
 */
static void
rank_chunk(void *state, uint32 chunk, void *slot)
{
	BatchParticipant *m = state;
	uint32		from;
	uint32		n = affinity_score_batch_chunk(m->shared, m->users.n_rows,
											   chunk, &from);

	for (uint32 user = from; user < from + n; user++)
	{
		AffinityHistory history = affinity_score_batch_history(m, user);
		AffinitySelection selection =
			affinity_score_batch_selection(m, user, &history);

		affinity_score_recommend(m->ranker, &history, &selection, &m->offer,
								 affinity_score_batch_ranking(m->shared, slot,
															  user));
	}
}

static void
consume(void *state, uint32 chunk, const void *slot)
{
	BatchParticipant *m = state;

	affinity_score_batch_consume(m->leader, chunk, slot);
	affinity_parallel_progress_done(Min((int64) (chunk + 1) *
										m->shared->chunk_users,
										m->users.n_rows));
}

static void
find_lists(BatchParticipant *m, AffinityTeam *team)
{
	AffinityLists *lists = &m->scorer.lists;

	lists->place = affinity_parallel_region(team, BATCH_PLACES);
	lists->item = affinity_parallel_region(team, BATCH_LIST_ITEM);
	lists->score = affinity_parallel_region(team, BATCH_LIST_SCORE);
}

/*
 * The body of the job.
 */
void
affinity_score_batch_participant(AffinityTeam *team)
{
	BatchParticipant m = {0};
	AffinityCsr unused;
	AffinityStream stream = {.consume = consume, .state = &m};

	m.shared = affinity_parallel_region(team, BATCH_SHARED);
	m.scorer.algorithm = affinity_algorithm_find(m.shared->algorithm);
	m.scorer.options = affinity_parallel_region(team, BATCH_OPTIONS);
	m.scorer.n_items = m.shared->n_items;
	m.scorer.n_kinds = m.shared->n_kinds;
	memcpy(m.scorer.kind_factor, m.shared->kind_factor,
		   sizeof(m.scorer.kind_factor));
	m.ranker = affinity_score_ranker(&m.scorer);
	m.popular.n = m.shared->n_popular;
	m.popular.item = affinity_parallel_region(team, BATCH_POPULAR);
	m.popular.popularity = affinity_parallel_region(team, BATCH_POPULARITY);
	m.offer.popular = affinity_score_batch_offer;
	m.offer.state = &m;
	affinity_score_batch_find_rules(&m, team);
	m.chance = affinity_parallel_region(team, BATCH_CHANCE);
	m.leader = affinity_parallel_leader(team);
	affinity_parallel_matrix(team, m.shared->matrix, &m.users, &unused);
	if (m.shared->has_seen)
		affinity_parallel_matrix(team, m.shared->seen, &m.seen, &unused);
	affinity_score_batch_find_first(&m, team);
	switch (m.shared->task)
	{
		case BATCH_RANK:
			find_lists(&m, team);
			stream.produce = rank_chunk;
			break;
		case BATCH_RANK_BY_FACTORS:
			affinity_score_batch_factors_begin(&m, team);
			stream.produce = affinity_score_batch_rank_by_factors;
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
