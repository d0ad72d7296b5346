/*
 * sort.c
 *		Partitions of rows, sorted by user and item, without duplicates.
 *
 * A partition is sorted within the cache. Work is cut into pieces of about a
 * million entries at most, with a look at interrupts after each.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "miscadmin.h"

#include "interaction/rows.h"

#define PIECE	((int64) 1 << 20)

/* As many zeros. */
static int64 *
alloc_counts(int64 n)
{
	int64	   *count = affinity_interaction_array(n, sizeof(int64));

	memset(count, 0, n * sizeof(int64));
	return count;
}

/*
 * Who sorts the partitions of a build, one after another.
 */
AffinitySorter *
affinity_interaction_sorter(const AffinityBuild *build)
{
	const AffinityRows *rows = build->rows;
	AffinitySorter *sorter;
	int64		largest = 0;

	for (int p = 0; p < AFFINITY_PARTS; p++)
		largest = Max(largest, rows->part_rows[p]);
	sorter = affinity_parts_sorter(largest, rows->has_second);
	affinity_parts_sorter_by(sorter, false, 0, build->n_items * rows->n_kinds);
	affinity_parts_sorter_by(sorter, true,
							 rows->by_hash ? 0 : AFFINITY_PART_BITS,
							 build->n_users);
	return sorter;
}

/*
 * Second values of rows: what their age leaves of their weight, or of 1, or
 * that age. The newest row of all has age 0, so a model does not change while
 * nothing happens. However old, something is left.
 */
static void
decay_rows(const AffinityBuild *build, const AffinityEntry *entry,
		   const int64 *at, uint32 n, float *second)
{
	const AffinityReadRequest *request = build->request;
	int64		last = build->rows->has_time ? build->rows->last_at :
		DT_NOBEGIN;

	for (uint32 i = 0; i < n; i++)
	{
		double		left;

		if (request->recency == AFFINITY_RECENCY_USER_AGE)
		{
			second[i] =
				affinity_interaction_age(request->from_now ? request->now :
										 build->newest[entry[i].row], at[i]);
			continue;
		}
		if (request->recency == AFFINITY_RECENCY_AGE)
		{
			second[i] = affinity_interaction_age(last, at[i]);
			continue;
		}
		left = exp2(-((double) last - (double) at[i]) / request->half_life);
		if (request->recency == AFFINITY_RECENCY_SUM)
			second[i] = entry[i].val == 0 ? 0 :
				(float) copysign(Max(fabs(entry[i].val * left),
									 AFFINITY_LEAST), entry[i].val);
		else
			second[i] = (float) Max(left, AFFINITY_LEAST);
	}
}

/*
 * The newest times of users, all of whose rows are in one partition.
 */
static void
note_newest(AffinityBuild *build, AffinityChunk *chunk, uint32 n_last)
{
	for (; chunk; chunk = chunk->next)
	{
		const int64 *at = affinity_parts_chunk_at(chunk);
		uint32		n = chunk->next ? AFFINITY_CHUNK : n_last;

		for (uint32 i = 0; i < n; i++)
		{
			int64	   *newest = &build->newest[chunk->entry[i].row];

			*newest = Max(*newest, at[i]);
		}
		CHECK_FOR_INTERRUPTS();
	}
}

/*
 * Take a partition's rows over, items under their ranks.
 */
static void
gather(AffinityBuild *build, uint32 p, AffinitySorter *sorter)
{
	AffinityParts *parts = &build->rows->parts;
	const uint32 *rank = build->item_rank;
	uint32		n_items = build->n_items;
	uint32		n_last;
	AffinityChunk *chunk = affinity_parts_detach(parts, p,
												 &n_last);

	sorter->n = 0;
	if (build->newest)
		note_newest(build, chunk, n_last);
	while (chunk)
	{
		AffinityChunk *next = chunk->next;
		uint32		n = next ? AFFINITY_CHUNK : n_last;
		AffinityEntry *to = sorter->entry + sorter->n;

		for (uint32 i = 0; i < n; i++)
		{
			to[i].row = chunk->entry[i].row;
			to[i].col = affinity_interaction_column(build->rows, rank, n_items,
													chunk->entry[i].col);
			to[i].val = chunk->entry[i].val;
		}
		if (sorter->second)
			decay_rows(build,
					   chunk->entry, affinity_parts_chunk_at(chunk), n,
					   sorter->second + sorter->n);
		sorter->n += n;
		affinity_parts_give_back(parts, chunk);
		chunk = next;
		CHECK_FOR_INTERRUPTS();
	}
}

/*
 * Put merged entries back into their partition, and count them.
 */
static void
put_back(AffinityBuild *build, uint32 p, const AffinityEntry *entry,
		 const float *second, size_t n)
{
	for (size_t i = 0; i < n; i++)
	{
		AffinityPart *part =
			affinity_parts_room(&build->rows->parts, p);

		affinity_parts_put(part, entry[i].row, entry[i].col, entry[i].val,
						   second ? &second[i] : NULL);
		build->of_user[entry[i].row]++;
		build->of_item[entry[i].col]++;
	}
}

/*
 * Sort and merge a partition.
 */
void
affinity_interaction_sort_part(AffinityBuild *build, uint32 p,
							   AffinitySorter *sorter)
{
	AffinityEntry last;
	float		last_second;
	size_t		kept;

	gather(build, p, sorter);
	affinity_parts_sort(sorter);
	for (int64 from = 0; from < sorter->n; from += PIECE)
	{
		AffinityEntry *entry = sorter->entry + from;
		float	   *second = sorter->second ? sorter->second + from : NULL;

		kept = affinity_kernel_entries_merge(&build->merge, entry, second,
											 Min(PIECE, sorter->n - from),
											 entry, second);
		put_back(build, p, entry, second, kept);
		CHECK_FOR_INTERRUPTS();
	}
	kept = affinity_kernel_entries_merge(&build->merge, NULL, NULL, 0, &last,
										 sorter->second ? &last_second : NULL);
	put_back(build, p, &last, sorter->second ? &last_second : NULL, kept);
}

/*
 * A sum is no real.
 */
void
affinity_interaction_too_large(const AffinityBuild *build)
{
	const AffinityPairs *pairs = &build->merge.infinite;
	const AffinityDict *users = build->rows->users;
	const AffinityDict *items = build->rows->items;

	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("summed weight %g of user %s and item %s is beyond the range of real",
					pairs->val,
					affinity_base_id_display(affinity_dictionary_id(users, pairs->row),
											 affinity_dictionary_type(users)),
					affinity_base_id_display(affinity_dictionary_id(items, pairs->col %
																	affinity_dictionary_size(items)),
											 affinity_dictionary_type(items))),
			 errhint("Scale the weights down in the query.")));
}

/*
 * How pairs are merged.
 */
void
affinity_interaction_merge_begin(AffinityBuild *build)
{
	AffinityMerge *merge = &build->merge;

	merge->all_one = true;
	merge->mean = build->request->value == AFFINITY_PAIR_RATING;
	merge->any_sign = build->request->value != AFFINITY_PAIR_ABOVE_0;
	merge->keep_dropped = build->request->keep_dropped;
	merge->rank = build->user_rank;
	merge->limit = build->request->skip_bad ? FLT_MAX : INFINITY;
	merge->second_is_max = build->request->recency != AFFINITY_RECENCY_SUM;
}

/*
 * The newest times of users, not known yet.
 */
void
affinity_interaction_newest_begin(int64 *newest, uint32 n)
{
	for (uint32 u = 0; u < n; u++)
	{
		affinity_base_look_up(u);
		newest[u] = DT_NOBEGIN;
	}
}

/*
 * Sort and merge all partitions, which know the lengths of rows then.
 */
void
affinity_interaction_sort(AffinityBuild *build)
{
	AffinitySorter *sorter = affinity_interaction_sorter(build);

	build->of_user = alloc_counts(build->n_users);
	build->of_item = alloc_counts((int64) build->rows->n_kinds *
								  build->n_items);
	affinity_interaction_merge_begin(build);
	if (build->rows->by_newest)
	{
		build->newest = affinity_interaction_array(build->n_users,
												   sizeof(int64));
		affinity_interaction_newest_begin(build->newest, build->n_users);
	}
	for (uint32 p = 0; p < AFFINITY_PARTS; p++)
		affinity_interaction_sort_part(build, p, sorter);
	affinity_parts_sorter_free(sorter);
	if (build->newest)
		pfree(build->newest);
	if (build->merge.infinite.n > 0)
		affinity_interaction_too_large(build);
}
