/*
 * events.c
 *		What users did in order of time, beside the matrix.
 *
 * Rows are copied out of the partitions before these are sorted, by the ranks
 * of users and items, and put in order of time user by user. Rows of one user,
 * item and time are one event, and count where their weights sum to more than
 * 0. When the matrix is there, users and items get its numbers, and what it
 * has no entry for is dropped.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "interaction/rows.h"

static inline int
compare_events(const AffinityEvent *a, const AffinityEvent *b)
{
	if (a->at != b->at)
		return a->at < b->at ? -1 : 1;
	if (a->item != b->item)
		return a->item < b->item ? -1 : 1;
	/* sums are taken in this order */
	return a->weight < b->weight ? -1 : a->weight > b->weight;
}

#define ST_SORT sort_events
#define ST_ELEMENT_TYPE AffinityEvent
#define ST_COMPARE(a, b) compare_events(a, b)
#define ST_CHECK_FOR_INTERRUPTS
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

/*
 * Bytes of the events of the rows read so far.
 */
Size
affinity_interaction_events_bytes(const AffinityRows *rows)
{
	return !rows->keep_events ? 0 :
		(Size) rows->usable * sizeof(AffinityEvent) +
		((Size) affinity_dictionary_size(rows->users) + 1) *
		sizeof(int64);
}

/* ---- before the matrix ------------------------------------------------- */

static AffinityChunk *
first_chunk(const AffinityRows *rows, int p)
{
	CHECK_FOR_INTERRUPTS();
	return rows->parts.part[p].first;
}

static uint32
chunk_length(const AffinityRows *rows, int p, const AffinityChunk *chunk)
{
	return chunk->next ? AFFINITY_CHUNK : rows->parts.part[p].n_last;
}

/*
 * Where each user's events begin, by rank.
 */
static void
count_rows(const AffinityRows *rows, const uint32 *rank, int64 *start)
{
	int64		sum = 0;

	for (int p = 0; p < AFFINITY_PARTS; p++)
	{
		for (const AffinityChunk *chunk = first_chunk(rows, p); chunk;
			 chunk = chunk->next)
		{
			uint32		n = chunk_length(rows, p, chunk);

			for (uint32 i = 0; i < n; i++)
				start[rank[chunk->entry[i].row]]++;
		}
	}
	for (uint32 r = 0; r <= affinity_dictionary_size(rows->users); r++)
	{
		int64		count = start[r];

		affinity_base_look_up(r);
		start[r] = sum;
		sum += count;
	}
}

/*
 * Copy the rows to where their users are; next is moved on.
 */
static void
place_rows(AffinityRows *rows, const uint32 *rank, int64 *next,
		   AffinityEvent *event)
{
	const uint32 *item = affinity_dictionary_rank(rows->items);

	for (int p = 0; p < AFFINITY_PARTS; p++)
	{
		for (AffinityChunk *chunk = first_chunk(rows, p); chunk;
			 chunk = chunk->next)
		{
			uint32		n = chunk_length(rows, p, chunk);
			const int64 *at = affinity_parts_chunk_at(chunk);

			for (uint32 i = 0; i < n; i++)
			{
				const AffinityEntry *entry = &chunk->entry[i];
				AffinityEvent *to = &event[next[rank[entry->row]]++];

				to->at = at[i];
				to->item = item[entry->col];
				to->weight = entry->val;
			}
		}
	}
}

/*
 * Rows of one item and time to one event; returns how many are left.
 */
static int64
merge_rows(AffinityEvent *event, int64 n)
{
	int64		kept = 0;

	for (int64 i = 0; i < n;)
	{
		AffinityEvent first = event[i];
		double		sum = 0;

		for (; i < n && event[i].at == first.at &&
			 event[i].item == first.item; i++)
			sum += event[i].weight;
		if (!(sum > 0))
			continue;
		first.weight = affinity_interaction_weight(Min(sum, FLT_MAX));
		event[kept++] = first;
	}
	return kept;
}

/*
 * Take the rows out of the partitions, and order them.
 */
void
affinity_interaction_events_gather(AffinityBuild *build)
{
	AffinityRows *rows = build->rows;
	uint32		n_users = affinity_dictionary_size(rows->users);
	const uint32 *rank = affinity_dictionary_rank(rows->users);
	AffinityEvents *events;
	int64	   *next;
	int64		kept = 0;
	int64		begin = 0;

	if (!rows->keep_events)
		return;
	events = palloc(sizeof(AffinityEvents));
	events->start = affinity_base_zeroed_array((Size) n_users + 1,
											   sizeof(int64));
	events->event = affinity_base_array(rows->usable, sizeof(AffinityEvent));
	count_rows(rows, rank, events->start);
	next = affinity_base_array(n_users, sizeof(int64));
	memcpy(next, events->start, n_users * sizeof(int64));
	place_rows(rows, rank, next, events->event);
	pfree(next);
	for (uint32 r = 0; r < n_users; r++)
	{
		int64		n = events->start[r + 1] - begin;
		AffinityEvent *event = events->event + begin;

		begin = events->start[r + 1];
		CHECK_FOR_INTERRUPTS();
		sort_events(event, n);
		n = merge_rows(event, n);
		memmove(events->event + kept, event, n * sizeof(AffinityEvent));
		events->start[r] = kept;
		kept += n;
	}
	events->start[n_users] = kept;
	build->events = events;
}

/* ---- with the matrix --------------------------------------------------- */

/*
 * When duplicates are merged, it is known who and what the matrix has: the
 * numbers that they get there.
 */
void
affinity_interaction_events_number(AffinityBuild *build)
{
	const AffinityRows *rows = build->rows;
	uint32		n_users = affinity_dictionary_size(rows->users);
	uint32		n_items = affinity_dictionary_size(rows->items);
	const uint32 *rank = affinity_dictionary_rank(rows->users);
	AffinityEvents *events = build->events;
	bool	   *has_pair;
	uint32	   *number;
	uint32		n = 0;
	int64		kept = 0;
	int64		begin = 0;

	if (events == NULL)
		return;
	has_pair = affinity_base_array(n_users, sizeof(bool));
	for (uint32 no = 0; no < n_users; no++)
		has_pair[rank[no]] = build->of_user[no] > 0;
	number = affinity_base_array(n_items, sizeof(uint32));
	for (uint32 r = 0; r < n_items; r++)
		number[r] = affinity_interaction_has_item(build, r) ? n++ :
			PG_UINT32_MAX;
	n = 0;
	for (uint32 r = 0; r < n_users; r++)
	{
		int64		end = events->start[r + 1];

		if (has_pair[r])
			events->start[n++] = kept;
		for (int64 e = begin; e < end; e++)
		{
			AffinityEvent event = events->event[e];

			affinity_base_look_up(e);
			event.item = number[event.item];
			if (has_pair[r] && event.item != PG_UINT32_MAX)
				events->event[kept++] = event;
		}
		begin = end;
	}
	events->start[n] = kept;
	pfree(has_pair);
	pfree(number);
}

/*
 * Is there an entry of the column in a part of the matrix?
 */
static bool
has_column(const uint32 *col, int64 n, uint32 wanted)
{
	while (n > 0)
	{
		int64		half = n / 2;

		if (col[half] == wanted)
			return true;
		if (col[half] < wanted)
		{
			col += half + 1;
			n -= half + 1;
		}
		else
			n = half;
	}
	return false;
}

/*
 * Drop events of pairs that the matrix does not have, or no longer.
 */
void
affinity_interaction_events_keep(AffinityInteractions *in)
{
	AffinityEvents *events = in->events;
	const AffinityCsr *by_user = &in->by_user;
	int64		kept = 0;
	int64		begin = 0;

	if (events == NULL)
		return;
	for (uint32 u = 0; u < by_user->n_rows; u++)
	{
		int64		end = events->start[u + 1];
		int64		row = by_user->start[u];

		events->start[u] = kept;
		for (int64 e = begin; e < end; e++)
		{
			affinity_base_look_up(e);
			if (has_column(by_user->col + row, by_user->start[u + 1] - row,
						   events->event[e].item))
				events->event[kept++] = events->event[e];
		}
		begin = end;
	}
	events->start[by_user->n_rows] = kept;
}
