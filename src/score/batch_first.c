/*
 * batch_first.c
 *		Lists of popular items that come first for some users of a batch, before
 *		what is popular with all.
 *
 * A list and what follows it are put together when a user's list is filled up
 * with them, and kept until they are another list's: users of a group often
 * follow each other.
 */
#include "postgres.h"

#include "score/batch.h"

/*
 * Where the arrays are in the region, from the largest type to the smallest.
 */
typedef struct Layout
{
	Size		start;
	Size		item;
	Size		score;
	Size		pinned;
	Size		of_user;
	Size		end;
} Layout;

static Layout
layout(uint32 n_lists, int64 n_entries, uint32 n_pinned, uint32 n_users)
{
	Layout		l;

	l.start = 0;
	l.item = l.start + ((Size) n_lists + 1) * sizeof(int64);
	l.score = l.item + (Size) n_entries * sizeof(uint32);
	l.pinned = l.score + (Size) n_entries * sizeof(float);
	l.of_user = l.pinned + mul_size(n_lists, n_pinned * sizeof(float));
	l.end = l.of_user + (Size) n_users * sizeof(int32);
	return l;
}

static Layout
layout_of(const AffinityBatch *batch)
{
	const AffinityFirstLists *first = batch->first;

	return layout(first->n, first->start[first->n],
				  first->pinned ? batch->rules->n_pinned : 0,
				  batch->histories->by_user.n_rows);
}

/*
 * Size of the region.
 */
void
affinity_score_batch_first_sizes(const AffinityBatch *batch, Size *size)
{
	if (batch->first)
		size[BATCH_FIRST] = layout_of(batch).end;
}

static void
put(char *region, Size from, Size to, const void *array)
{
	if (to > from)
		memcpy(region + from, array, to - from);
}

void
affinity_score_batch_put_first(const AffinityBatch *batch, AffinityTeam *team,
							   BatchShared *shared)
{
	const AffinityFirstLists *first = batch->first;
	char	   *region = affinity_parallel_region(team, BATCH_FIRST);
	Layout		l;

	if (first == NULL)
		return;
	shared->n_first = first->n;
	l = layout_of(batch);
	put(region, l.start, l.item, first->start);
	put(region, l.item, l.score, first->item);
	put(region, l.score, l.pinned, first->score);
	put(region, l.pinned, l.of_user, first->pinned);
	put(region, l.of_user, l.end, first->of_user);
}

/*
 * A participant's lists.
 */
void
affinity_score_batch_find_first(BatchParticipant *m, AffinityTeam *team)
{
	Size		n = m->shared->n_items;
	const char *region = affinity_parallel_region(team, BATCH_FIRST);
	uint32		n_first = m->shared->n_first;
	Layout		l;

	m->list = m->made = -1;
	if (n_first == 0)
		return;
	m->first.start = (const int64 *) region;
	l = layout(n_first, m->first.start[n_first], m->rules.n_pinned,
			   m->users.n_rows);
	m->first.item = (const uint32 *) (region + l.item);
	m->first.score = (const float *) (region + l.score);
	m->first.pinned = (const float *) (region + l.pinned);
	m->first.of_user = (const int32 *) (region + l.of_user);
	m->offered_item = affinity_base_array(n, sizeof(uint32));
	m->offered_score = affinity_base_array(n, sizeof(float));
	m->offered_mark = affinity_base_zeroed_array(n / 8 + 1, 1);
	m->offered.item = m->offered_item;
	m->offered.popularity = m->offered_score;
}

/*
 * The list that comes first for a user is the one from now on.
 */
void
affinity_score_batch_first_of(BatchParticipant *m, uint32 user)
{
	m->list = m->shared->n_first > 0 ? m->first.of_user[user] : -1;
	m->rules.pinned_popularity = m->list < 0 || m->rules.n_pinned == 0 ?
		NULL : m->first.pinned + (Size) m->list * m->rules.n_pinned;
}

/*
 * Put a list and what follows it together: n items, or more, or all there are.
 */
static void
make_offer(BatchParticipant *m, int64 n)
{
	int64		from = m->first.start[m->list];
	uint32		n_first = (uint32) (m->first.start[m->list + 1] - from);
	const uint32 *item = m->first.item + from;
	uint32		at = n_first;

	memcpy(m->offered_item, item, n_first * sizeof(uint32));
	memcpy(m->offered_score, m->first.score + from, n_first * sizeof(float));
	for (uint32 i = 0; i < n_first; i++)
		m->offered_mark[item[i] / 8] |= 1 << (item[i] % 8);
	for (uint32 i = 0; i < m->popular.n && at < n; i++)
	{
		uint32		no = m->popular.item[i];

		if (m->offered_mark[no / 8] >> (no % 8) & 1)
			continue;
		m->offered_score[at] = 0;
		m->offered_item[at++] = no;
	}
	for (uint32 i = 0; i < n_first; i++)
		m->offered_mark[item[i] / 8] = 0;
	m->offered.n = at;
	m->made = m->list;
	m->n_made = n;
}

/*
 * What is popular, for the user who was asked about last: all there is where no
 * list comes first.
 */
AffinityPopular
affinity_score_batch_offer(void *state, int64 n)
{
	BatchParticipant *m = state;

	if (m->list < 0)
		return m->popular;
	if (m->made != m->list || m->n_made < n)
		make_offer(m, n);
	return m->offered;
}
