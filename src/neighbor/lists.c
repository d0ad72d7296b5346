/*
 * lists.c
 *		Lists of neighbors on their way from any participant to the leader,
 *		who puts them in the order of their items.
 *
 * An algorithm says how the list of one item is made. Every list is one
 * participant's work, so lists do not depend on the number of workers.
 */
#include "postgres.h"

#include <float.h>

#include "kernel/topk.h"
#include "neighbor/lists.h"
#include "parallel/progress.h"

/* Lists are handed to the leader in chunks of about as many bytes. */
#define CHUNK_BYTES		65536
#define CHUNK_ITEMS		64

static Size
slot_bytes(const NeighborLists *lists)
{
	return (Size) lists->chunk_items * sizeof(uint32) *
		(1 + 2 * (Size) lists->longest);
}

/*
 * Before the team begins: how lists are cut into chunks, and a region for
 * these.
 */
void
affinity_neighbor_lists_request(NeighborLists *lists,
								AffinityTeamRequest *request,
								uint32 n_items, uint32 n_kinds,
								int32 neighbors)
{
	uint32		k = Min((uint32) neighbors, n_items);

	lists->n_items = n_items;
	lists->n_kinds = n_kinds;
	lists->longest = k;
	lists->chunk_items = CHUNK_BYTES / (sizeof(uint32) * (1 + 2 * k));
	lists->chunk_items = Min(Max(lists->chunk_items, 1), CHUNK_ITEMS);
	lists->stream =
		affinity_parallel_request_region(request,
										 affinity_parallel_stream_bytes(slot_bytes(lists)));
}

/*
 * What a participant has for itself; lists is set.
 */
void
affinity_neighbor_list_prepare(NeighborList *list)
{
	Size		n = (Size) list->lists->n_items + 1;

	list->touched = affinity_base_zeroed_array(n, sizeof(uint32));
	list->score = affinity_base_zeroed_array(n, sizeof(float));
	list->best = affinity_base_zeroed_array(n, sizeof(uint64));
	list->scratch = affinity_base_zeroed_array(n, sizeof(uint64));
}

/*
 * The best of what was touched, by its scores: those above 0.
 */
void
affinity_neighbor_list_choose(NeighborList *list)
{
	list->n_best = (uint32)
		affinity_kernel_topk_scores(list->score, list->touched,
									list->n_touched, list->lists->longest,
									list->best, list->scratch);
}

/* ---- chunks of lists --------------------------------------------------- */

/*
 * Lists are numbered item by item: those of an item's kinds follow each other.
 */
static uint32
n_lists(const NeighborLists *lists)
{
	return lists->n_items * lists->n_kinds;
}

static uint32
chunk_end(const NeighborLists *lists, uint32 chunk)
{
	return (uint32) Min((uint64) (chunk + 1) * lists->chunk_items,
						n_lists(lists));
}

/*
 * Any participant: the lists of a chunk. A slot holds their lengths,
 * then for each list its items and their scores.
 */
static void
make_lists(void *state, uint32 chunk, void *slot)
{
	NeighborList *list = state;
	uint32		n_kinds = list->lists->n_kinds;
	uint32		first = chunk * list->lists->chunk_items;
	uint32	   *length = slot;
	int32	   *to = (int32 *) slot + list->lists->chunk_items;

	for (uint32 no = first; no < chunk_end(list->lists, chunk); no++)
	{
		float	   *score;

		list->make(list->state, no / n_kinds, no % n_kinds);
		score = (float *) to + list->n_best;
		for (uint32 n = 0; n < list->n_best; n++)
		{
			to[n] = (int32) affinity_kernel_rank_key_no(list->best[n]);
			score[n] = affinity_kernel_rank_key_score(list->best[n]);
		}
		length[no - first] = list->n_best;
		to += 2 * (size_t) list->n_best;
	}
}

/*
 * Count lists with scores that a real cannot tell apart from others.
 */
static void
count_extremes(NeighborLists *lists, const AffinityItemRow *row)
{
	if (row->n_neighbors == 0)
		return;
	if (row->score[0] == FLT_MAX && lists->n_most++ == 0)
		lists->most = row->item;
	if (row->score[row->n_neighbors - 1] == AFFINITY_LEAST &&
		lists->n_least++ == 0)
		lists->least = row->item;
}

/*
 * The leader: write them.
 */
static void
put_lists(void *state, uint32 chunk, const void *slot)
{
	NeighborList *list = state;
	NeighborLists *lists = list->lists;
	uint32		first = chunk * lists->chunk_items;
	const uint32 *length = slot;
	const int32 *from = (const int32 *) slot + lists->chunk_items;

	for (uint32 no = first; no < chunk_end(lists, chunk); no++)
	{
		AffinityItemRow row = list->row(list->state, no / lists->n_kinds,
										no % lists->n_kinds);

		row.n_neighbors = length[no - first];
		row.neighbor = from;
		row.score = (const float *) from + row.n_neighbors;
		count_extremes(lists, &row);
		list->sink->put(list->sink, &row);
		from += 2 * (size_t) row.n_neighbors;
	}
	affinity_parallel_progress_done(chunk_end(lists, chunk));
}

/*
 * What every participant does.
 */
void
affinity_neighbor_lists_make(NeighborList *list, AffinityTeam *team)
{
	AffinityStream stream = {.produce = make_lists, .consume = put_lists};
	const NeighborLists *lists = list->lists;

	if (list->sink)
		affinity_parallel_progress_phase("training", n_lists(lists),
										 affinity_parallel_participants(team) -
										 1);
	stream.n_chunks = (n_lists(lists) - 1) / lists->chunk_items + 1;
	stream.slot_bytes = slot_bytes(lists);
	stream.state = list;
	affinity_parallel_stream(team, lists->stream, &stream);
}

/* ---- what a real cannot tell apart -------------------------------------- */

static void
warn(const AffinityDict *items, uint32 n, uint32 item, const char *beyond,
	 const char *hint)
{
	Datum		id;

	if (n == 0)
		return;
	id = affinity_dictionary_id(items, item);
	ereport(WARNING,
			(errmsg_plural("%u item has similar items whose scores are %s: item %s",
						   "%u items have similar items whose scores are %s, such as item %s",
						   n, n, beyond,
						   affinity_base_id_display(id, affinity_dictionary_type(items))),
			 errdetail("Among these the order is that of their ids."),
			 errhint("%s", hint)));
}

/*
 * What of the scores a real cannot tell apart.
 */
void
affinity_neighbor_lists_warn(const NeighborLists *lists,
							 const AffinityDict *items)
{
	warn(items, lists->n_most, lists->most, "beyond the range of real",
		 "Scale the weights down in the query, or use \"weights\": \"log\".");
	warn(items, lists->n_least, lists->least, "too near to 0 for real",
		 "Use smaller exponents, or weights that differ less, such as \"weights\": \"log\".");
}
