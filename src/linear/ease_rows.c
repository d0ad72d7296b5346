/*
 * ease_rows.c
 *		From all weights of an item to the row that is stored.
 *
 * Of an item's weights those farthest from 0 are kept, whatever their sign,
 * as they change scores most; they are listed from the largest to the
 * smallest, so that a list begins with the items that go best with its own.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "utils/memutils.h"

#include "kernel/topk.h"
#include "linear/ease.h"

/* A slot: the lengths of EASE_CHUNK rows, then their items, their weights. */
typedef struct Slot
{
	uint32		n[EASE_CHUNK];
	/* int32 item[EASE_CHUNK][k]; float weight[EASE_CHUNK][k] */
} Slot;

static inline int32 *
slot_items(const void *slot, uint32 k, uint32 row)
{
	return (int32 *) ((char *) slot + sizeof(Slot)) + (Size) k * row;
}

static inline float *
slot_weights(const void *slot, uint32 k, uint32 row)
{
	return (float *) slot_items(slot, k, EASE_CHUNK) + (Size) k * row;
}

Size
affinity_linear_ease_slot_bytes(uint32 k)
{
	return sizeof(Slot) + mul_size(mul_size(k, EASE_CHUNK),
								   sizeof(int32) + sizeof(float));
}

/*
 * A participant's room for choosing what is kept of up to n_max weights.
 */
void
affinity_linear_ease_choice_begin(EaseChoice *choice, AffinityTeam *team,
								  uint32 n_max)
{
	const EaseTask *task = affinity_parallel_region(team, EASE_TASK);

	choice->k = task->options.neighbors;
	choice->n = 0;
	choice->key = affinity_base_array((Size) n_max + 1, sizeof(uint64));
	choice->scratch = affinity_base_array((Size) n_max + 1, sizeof(uint64));
	choice->size = affinity_base_array((Size) n_max + 1, sizeof(float));
	choice->place = affinity_base_array((Size) n_max + 1, sizeof(uint32));
	for (uint32 i = 0; i < n_max; i++)
		choice->place[i] = i;
	if (task->options.times.trend > 0)
	{
		choice->trend = affinity_parallel_region(team, task->trend);
		choice->timely = affinity_base_array((Size) n_max + 1, sizeof(float));
	}
}

/*
 * Weights times the trend of the items that they speak for.
 */
static const float *
make_timely(EaseChoice *choice, const float *weight, const uint32 *item,
			uint32 n)
{
	for (uint32 i = 0; i < n; i++)
	{
		double		timely = (double) weight[i] *
			choice->trend[item ? item[i] : i];

		choice->timely[i] =
			affinity_interaction_weight(affinity_linear_ease_real(timely));
	}
	return choice->timely;
}

/*
 * The k largest of n weights, as keys in the order of a list; item names them,
 * NULL: by their places. Weights of 0 are left out.
 */
static uint32
best(EaseChoice *choice, const float *weight, const uint32 *item, uint32 n)
{
	uint32		found;

	if (choice->trend)
		weight = make_timely(choice, weight, item, n);
	for (uint32 i = 0; i < n; i++)
		choice->size[i] = fabsf(weight[i]);
	found = (uint32) affinity_kernel_select_scores(choice->size, choice->place,
												   n, choice->k, choice->key);
	for (uint32 i = 0; i < found; i++)
	{
		uint32		place = affinity_kernel_rank_key_no(choice->key[i]);

		choice->key[i] = affinity_kernel_rank_key(weight[place],
												  item ? item[place] : place);
	}
	affinity_kernel_sort_descending(choice->key, found, choice->scratch);
	return found;
}

/*
 * Write them into a row of the slot.
 */
void
affinity_linear_ease_choose(EaseChoice *choice, const float *weight,
							const uint32 *item, uint32 n, void *slot,
							uint32 row)
{
	int32	   *items = slot_items(slot, choice->k, row);
	float	   *weights = slot_weights(slot, choice->k, row);
	uint32		found = best(choice, weight, item, n);

	for (uint32 i = 0; i < found; i++)
	{
		items[i] = (int32) affinity_kernel_rank_key_no(choice->key[i]);
		weights[i] = affinity_kernel_rank_key_score(choice->key[i]);
	}
	((Slot *) slot)->n[row] = found;
}

/*
 * The leader: put the rows of a chunk into the sink.
 */
void
affinity_linear_ease_put(AffinityItemSink *sink,
						 const AffinityCsr *by_item, uint32 k,
						 uint32 chunk, const void *slot, int64 *n_weights)
{
	uint32		first = chunk * EASE_CHUNK;
	uint32		end = Min(first + EASE_CHUNK, by_item->n_rows);

	for (uint32 item = first; item < end; item++)
	{
		uint32		r = item - first;
		AffinityItemRow row = affinity_train_item_row(by_item, item);

		row.n_neighbors = ((const Slot *) slot)->n[r];
		row.neighbor = slot_items(slot, k, r);
		row.score = slot_weights(slot, k, r);
		sink->put(sink, &row);
		*n_weights += row.n_neighbors;
	}
}
