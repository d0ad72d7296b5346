/*
 * batch_factors.c
 *		The lists, or one item's score, of a chunk of users by factors.
 *
 * The users of a chunk are folded in, and multiplied with panels of items in
 * single precision, in blocks that fit the cache. What may be among a user's
 * k best in spite of the rounding is scored again exactly as for a single
 * user: so the rows are the same, to the last bit, and in the same order.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "miscadmin.h"

#include "kernel/vector.h"
#include "score/batch.h"

/* Panels of a block: with 256 users its scores take half a megabyte. */
#define BLOCK_PANELS	16
#define BLOCK_ITEMS		(BLOCK_PANELS * AFFINITY_PANEL)

/* Keys kept per user while scores go by. */
static Size
near_room(uint32 k)
{
	return 2 * ((Size) k + AFFINITY_PANEL);
}

/*
 * Where a large part of all items is wanted, nothing is gained by choosing.
 */
static bool
is_chosen(const BatchShared *shared, uint32 k)
{
	return shared->repeat == 0 && near_room(k) < shared->n_columns / 4;
}

/*
 * Room for the keys of users of a chunk, of whom k each are wanted, if that is
 * worth it.
 */
static void
make_near(BatchParticipant *m, uint32 k)
{
	const BatchShared *s = m->shared;
	uint64	   *key;

	if (m->near && m->prefix == k)
		return;
	if (m->near)
	{
		pfree(m->near[0].key);
		pfree(m->near);
		m->near = NULL;
	}
	m->prefix = k;
	if (!is_chosen(s, k))
		return;
	m->near = palloc0(BATCH_USERS * sizeof(AffinityNear));
	key = affinity_base_array(s->chunk_users * near_room(k), sizeof(uint64));
	for (uint32 u = 0; u < s->chunk_users; u++)
		m->near[u].key = key + u * near_room(k);
	affinity_score_ranker_room(m->ranker, near_room(k));
}

/*
 * How many of the best a chunk begins with.
 */
static uint32
prefix_of(const BatchParticipant *m)
{
	return m->shared->has_rules ?
		affinity_score_first_prefix(m->ranker, &m->rules, m->shared->k) :
		m->shared->k;
}

void
affinity_score_batch_factors_begin(BatchParticipant *m, AffinityTeam *team)
{
	const BatchShared *s = m->shared;
	uint32		n = BATCH_USERS;

	m->factors.n_items = s->n_items;
	m->factors.width = s->width;
	m->factors.stride = s->stride;
	m->factors.item = affinity_parallel_region(team, BATCH_FACTORS);
	m->factors.parameters = affinity_parallel_region(team, BATCH_PARAMETERS);
	m->factors.n_parameters = s->n_parameters;
	m->scorer.factors = &m->factors;
	m->panels = affinity_parallel_region(team, BATCH_PANELS);
	m->fold = affinity_score_ranker_fold(m->ranker);
	m->user = palloc0((Size) n * s->stride * sizeof(float));
	m->offset = palloc0(n * sizeof(float));
	m->usable = palloc0(n * sizeof(bool));
	m->margin = palloc0(n * sizeof(double));
	m->next = palloc0(n * sizeof(int64));
	m->next_seen = palloc0(n * sizeof(int64));
	if (s->task != BATCH_RANK_BY_FACTORS)
		return;
	make_near(m, prefix_of(m));
	if (m->near)
		m->block = palloc((Size) n * BLOCK_ITEMS * sizeof(float));
}

/*
 * Fold one user in; the result is in m->fold.
 */
static bool
fold_user(BatchParticipant *m, uint32 user)
{
	AffinityHistory history = affinity_score_batch_history(m, user);

	CHECK_FOR_INTERRUPTS();
	return affinity_score_fold_user(m->fold, &history);
}

/*
 * Twice what a score by panels can be wrong, and what two scores can differ
 * by and still be rounded to the same; negative where floats could overflow.
 * The error of a sum of n products is at most n / 2^24 of the sum of their
 * absolute values (Higham, "Accuracy and Stability of Numerical Algorithms",
 * 2002), which is at most the product of the norms. Where rules multiply scores,
 * they multiply that as well.
 */
static double
margin_of(const BatchParticipant *m)
{
	const float *user = m->fold->user;
	double		norm = sqrt(affinity_kernel_dot_f4(user, user,
												   m->factors.width));
	double		largest = norm * m->shared->max_norm;
	double		error = largest * (m->factors.width + 1) / (1 << 23) +
		m->factors.width * (double) FLT_MIN;
	double		scale = m->shared->scale;

	if (largest > FLT_MAX / 8 || (fabs(m->fold->offset) + largest) * scale >
		FLT_MAX / 8)
		return -1;
	return scale *
		(2 * error + (fabs(m->fold->offset) + largest) / (1 << 20));
}

static void
fold_chunk(BatchParticipant *m, uint32 from, uint32 n)
{
	size_t		stride = m->factors.stride;

	for (uint32 u = 0; u < n; u++)
	{
		m->next[u] = m->users.start[from + u];
		if (m->seen.n_rows > 0)
			m->next_seen[u] = m->seen.start[from + u];
		m->usable[u] = fold_user(m, from + u);
		m->margin[u] = m->usable[u] ? margin_of(m) : 0;
		m->offset[u] = m->fold->offset;
		memcpy(m->user + u * stride, m->fold->user, stride * sizeof(float));
	}
}

/*
 * Leave a user's items out of a block, from the next on.
 */
static void
leave_out_items(const BatchParticipant *m, const AffinityCsr *users,
				uint32 user, int64 *next, uint32 from, uint32 n, float *score)
{
	int64		end = users->start[user + 1];

	if (m->column == NULL)
	{
		while (*next < end && users->col[*next] < from + n)
			score[users->col[(*next)++] - from] = -INFINITY;
		return;
	}
	for (; *next < end; (*next)++)
	{
		uint32		no = users->col[*next];

		/* events of other kinds than what is recommended follow */
		if (no >= m->shared->n_items || m->column[no] >= from + n)
			break;
		if (affinity_score_is_allowed(&m->rules, no))
			score[m->column[no] - from] = -INFINITY;
	}
}

/*
 * Leave out what a user has seen, and what is only padding of the panels.
 */
static void
leave_out(BatchParticipant *m, uint32 user, uint32 u, uint32 from, uint32 n)
{
	float	   *score = m->block + (Size) u * BLOCK_ITEMS;
	const BatchShared *shared = m->shared;

	if (!shared->with_seen && !shared->with_histories)
		leave_out_items(m, &m->users, user, &m->next[u], from, n, score);
	if (!shared->with_seen && m->seen.n_rows > 0)
		leave_out_items(m, &m->seen, user, &m->next_seen[u], from, n, score);
	for (uint32 i = shared->n_columns; i < from + n; i++)
		score[i - from] = -INFINITY;
}

/*
 * For each user of the chunk: what may be among the best.
 */
static void
choose_chunk(BatchParticipant *m, uint32 first, uint32 n_users)
{
	uint32		n_panels = (m->shared->n_columns + AFFINITY_PANEL - 1) /
		AFFINITY_PANEL;

	for (uint32 u = 0; u < n_users; u++)
	{
		affinity_kernel_near_init(&m->near[u], m->near[u].key, m->prefix,
								  near_room(m->prefix), m->margin[u]);
		m->near[u].full |= !m->usable[u] || m->margin[u] < 0;
	}
	for (uint32 p = 0; p < n_panels; p += BLOCK_PANELS)
	{
		uint32		here = Min(n_panels - p, BLOCK_PANELS);
		uint32		from = p * AFFINITY_PANEL;

		CHECK_FOR_INTERRUPTS();
		affinity_kernel_panels_score(m->panels + (Size) from *
									 m->factors.width, m->factors.width, here,
									 m->user, m->factors.stride,
									 TYPEALIGN(8, n_users), m->block,
									 BLOCK_ITEMS);
		for (uint32 u = 0; u < n_users; u++)
		{
			float	   *score = m->block + (Size) u * BLOCK_ITEMS;

			if (m->up)
				affinity_kernel_near_scale(score, here * AFFINITY_PANEL,
										   m->offset[u], m->up + from,
										   m->down + from);
			leave_out(m, first + u, u, from, here * AFFINITY_PANEL);
			affinity_kernel_near_push(&m->near[u], score,
									  here * AFFINITY_PANEL, from);
		}
	}
}

/*
 * Let m->fold be what it was for a user of the chunk.
 */
static void
recall_user(BatchParticipant *m, uint32 u)
{
	const float *row = m->user + u * m->factors.stride;

	m->fold->offset = m->offset[u];
	for (uint32 f = 0; f < m->factors.width; f++)
		m->fold->wide[f] = row[f];
}

/*
 * Score exactly what may be among the best: the choice of the ranker.
 */
static void
finish_near(BatchParticipant *m, AffinityNear *near)
{
	AffinityRanker *r = m->ranker;
	size_t		n;

	affinity_kernel_near_shrink(near);
	n = near->n;
	for (size_t i = 0; i < n; i++)
	{
		uint32		no = affinity_kernel_rank_key_no(near->key[i]);
		float		score;

		if (m->column_item)
			no = m->column_item[no];
		score = affinity_score_fold_score(m->fold, no);
		if (m->shared->has_factor)
			score = affinity_score_ruled(r, no, score);
		r->key[i] = affinity_kernel_rank_key(score, no);
	}
	affinity_kernel_sort_descending(r->key, n, r->scratch);
	r->n_chosen = (uint32) Min(n, m->prefix);
	r->n_before = r->n_chosen;
	affinity_score_pin_vector(r);
}

/*
 * Choose the best for a user of the chunk.
 */
static void
choose_user(BatchParticipant *m, uint32 u, const AffinitySelection *selection)
{
	affinity_score_begin_choice(m->ranker, selection);
	recall_user(m, u);
	if (m->near && !m->near[u].full && selection->k == m->prefix)
		finish_near(m, &m->near[u]);
	else if (m->usable[u])
		affinity_score_choose_by_vector(m->ranker);
}

/*
 * The list of a user of the chunk.
 */
static void
list_user(BatchParticipant *m, uint32 u, AffinitySelection *selection,
		  AffinityRanking *ranking)
{
	selection->k = m->prefix;
	choose_user(m, u, selection);
	if (selection->rules == NULL)
	{
		affinity_score_rank(m->ranker, &m->offer, ranking);
		return;
	}
	while (!affinity_score_arrange(m->ranker, &m->offer, m->shared->k,
								   ranking))
	{
		selection->k = affinity_score_longer_prefix(m->ranker);
		choose_user(m, u, selection);
	}
}

void
affinity_score_batch_rank_by_factors(void *state, uint32 chunk, void *slot)
{
	BatchParticipant *m = state;
	uint32		first;
	uint32		n = affinity_score_batch_chunk(m->shared, m->users.n_rows,
											   chunk, &first);

	make_near(m, prefix_of(m));
	if (m->shared->repeat == 0)
		fold_chunk(m, first, n);
	if (m->near)
		choose_chunk(m, first, n);
	for (uint32 u = 0; u < n; u++)
	{
		uint32		user = first + u;
		AffinityHistory history = affinity_score_batch_history(m, user);
		AffinitySelection selection =
			affinity_score_batch_selection(m, user, &history);
		AffinityRanking *ranking =
			affinity_score_batch_ranking(m->shared, slot, user);

		CHECK_FOR_INTERRUPTS();
		if (selection.repeat > 0)
			affinity_score_recommend(m->ranker, &history, &selection, &m->offer,
									 ranking);
		else
			list_user(m, u, &selection, ranking);
	}
}

/*
 * Has a user an item?
 */
static bool
has_item(const AffinityCsr *users, uint32 user, uint32 item)
{
	bool		has = false;

	if (users->n_rows == 0)
		return false;
	for (int64 e = users->start[user]; e < users->start[user + 1] && !has; e++)
		has = users->col[e] == item;
	return has;
}

/*
 * Scores of one item; NaN for who has it or cannot be folded in.
 */
void
affinity_score_batch_one_item(void *state, uint32 chunk, void *slot)
{
	BatchParticipant *m = state;
	float	   *score = slot;
	uint32		wanted = m->shared->wanted;
	uint32		from;
	uint32		n = affinity_score_batch_chunk(m->shared, m->users.n_rows,
											   chunk, &from);

	for (uint32 u = 0; u < n; u++)
	{
		bool		has = has_item(&m->users, from + u, wanted) ||
			has_item(&m->seen, from + u, wanted);

		score[u] = !has && fold_user(m, from + u) ?
			affinity_score_fold_score(m->fold, wanted) : NAN;
	}
}
