/*
 * matrix.c
 *		From rows in order of arrival to a matrix in both orientations.
 *
 * Rows come in partitions by user (see parts.c). When these are sorted and
 * rid of duplicates (sort.c), the lengths of the matrix's rows are known:
 * entries go from the partitions to the matrix by user, and from there,
 * through partitions by item, to the matrix by item. Writing straight to many
 * places all over the memory would take several times as long.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "interaction/rows.h"
#include "parallel/team.h"

/*
 * Bytes that the rows read so far will have needed when the matrix is there:
 * beside them, first two copies of the largest partition, then the matrix.
 */
Size
affinity_interaction_rows_bytes(const AffinityRows *rows,
								const AffinityReadRequest *request)
{
	Size		second = rows->has_second ? sizeof(float) : 0;
	Size		value = affinity_interaction_has_values(request) ?
		sizeof(float) : 0;
	Size		per_row = sizeof(AffinityEntry) +
		(rows->keep_at ? sizeof(int64) : 0);
	Size		per_id = (rows->by_newest ? 4 : 3) * sizeof(int64) +
		2 * sizeof(uint32);
	int64		largest = 0;

	for (int p = 0; p < AFFINITY_PARTS; p++)
		largest = Max(largest, rows->part_rows[p]);
	return rows->usable * per_row +
		Max(largest * 2 * (sizeof(AffinityEntry) + second), rows->usable *
			2 * (sizeof(uint32) + value + second)) +
		affinity_interaction_visits_bytes(rows, request) +
		affinity_interaction_events_bytes(rows) +
		affinity_dictionary_bytes(rows->users) +
		affinity_dictionary_bytes(rows->items) +
		((Size) affinity_dictionary_size(rows->users) +
		 (Size) affinity_dictionary_size(rows->items) *
		 rows->n_kinds) * per_id;
}

/*
 * Give numbers without gaps to the rows that have entries, or are to be kept:
 * their offsets, and the new number of each rank, or NULL where none goes.
 */
uint32 *
affinity_interaction_number_rows(const int64 *count, const bool *keep,
								 uint32 n, AffinityCsr *csr)
{
	uint32		n_used = 0;
	int64		sum = 0;
	uint32	   *renumber;

	for (uint32 r = 0; r < n; r++)
	{
		affinity_base_look_up(r);
		n_used += count[r] > 0 || (keep && keep[r]);
	}
	csr->n_rows = n_used;
	csr->start = affinity_interaction_array((int64) n_used + 1, sizeof(int64));
	renumber = n_used == n ? NULL
		: affinity_interaction_array(n, sizeof(uint32));
	n_used = 0;
	for (uint32 r = 0; r < n; r++)
	{
		bool		used = count[r] > 0 || (keep && keep[r]);

		affinity_base_look_up(r);
		if (renumber)
			renumber[r] = used ? n_used : PG_UINT32_MAX;
		if (!used)
			continue;
		csr->start[n_used++] = sum;
		sum += count[r];
	}
	csr->start[n_used] = sum;
	return renumber;
}

/*
 * Where in the matrix the first entry of each user stands, by number, in place
 * of how many there are; users without entries leave the dictionary.
 */
static void
number_users(AffinityBuild *build)
{
	AffinityDict *users = build->rows->users;
	uint32		n = build->n_users;
	const uint32 *rank = build->user_rank;
	int64	   *by_rank = affinity_interaction_array(n, sizeof(int64));
	int64	   *first = build->of_user;
	uint32	   *renumber;

	for (uint32 no = 0; no < n; no++)
	{
		affinity_base_look_up(no);
		by_rank[rank[no]] = build->of_user[no];
	}
	renumber = affinity_interaction_number_rows(by_rank, NULL, n,
												&build->by_user);
	for (uint32 no = 0; no < n; no++)
	{
		affinity_base_look_up(no);
		if (first[no] > 0)
			first[no] = build->by_user.start[renumber ? renumber[rank[no]] :
											 rank[no]];
	}
	if (renumber)
	{
		affinity_dictionary_keep(users, renumber, build->by_user.n_rows);
		pfree(renumber);
	}
	pfree(by_rank);
}

/*
 * The same of columns where events are of several kinds: an item that has
 * entries of one has a number in all of them. What takes the place of the
 * items' ids is left in *renumber, NULL: nothing.
 */
static uint32 *
number_kinds(const AffinityBuild *build, uint32 n_kinds, AffinityCsr *csr,
			 uint32 **renumber)
{
	uint32		n = affinity_dictionary_size(build->rows->items);
	int64	   *count = affinity_interaction_array(n, sizeof(int64));
	AffinityCsr of_items;
	uint32	   *column;
	uint32		row = 0;
	int64		sum = 0;

	memset(count, 0, n * sizeof(int64));
	for (uint32 c = 0; c < n * n_kinds; c++)
	{
		affinity_base_look_up(c);
		count[c % n] += build->of_item[c];
	}
	*renumber = affinity_interaction_number_rows(count, build->keep_item, n,
												 &of_items);
	csr->n_rows = of_items.n_rows * n_kinds;
	csr->start = affinity_interaction_array((int64) csr->n_rows + 1,
											sizeof(int64));
	column = *renumber ? affinity_interaction_array((int64) n * n_kinds,
													sizeof(uint32)) : NULL;
	for (uint32 c = 0; c < n * n_kinds; c++)
	{
		affinity_base_look_up(c);
		if (column)
			column[c] = PG_UINT32_MAX;
		if (count[c % n] == 0 &&
			!(build->keep_item && build->keep_item[c % n]))
			continue;
		if (column)
			column[c] = row;
		csr->start[row++] = sum;
		sum += build->of_item[c];
	}
	csr->start[row] = sum;
	pfree(of_items.start);
	pfree(count);
	return column;
}

/*
 * Entries of a partition to their rows; next says where the next one of each
 * goes. Its chunks are given back.
 */
void
affinity_interaction_part_to_csr(AffinityParts *parts, AffinityChunk *first,
								 uint32 n_last, const uint32 *renumber,
								 int64 *next, uint32 *col,
								 AffinityCsrValues val)
{
	AffinityChunk *following;

	for (AffinityChunk *chunk = first; chunk; chunk = following)
	{
		following = chunk->next;
		affinity_kernel_entries_to_csr(chunk->entry,
									   affinity_parts_chunk_second(chunk),
									   following ? AFFINITY_CHUNK :
									   n_last, renumber, next, col, val);
		affinity_parts_give_back(parts, chunk);
		CHECK_FOR_INTERRUPTS();
	}
}

/*
 * Move all entries from the partitions into a matrix whose offsets are known;
 * next says where the first entry of each row goes.
 */
static void
parts_to_csr(AffinityBuild *build, const uint32 *renumber, int64 *next,
			 AffinityCsr *csr, float **second)
{
	AffinityParts *parts = &build->rows->parts;
	int64		n = csr->start[csr->n_rows];
	AffinityCsrValues val = {NULL, NULL};

	csr->col = affinity_interaction_array(n, sizeof(uint32));
	if (!build->merge.all_one &&
		affinity_interaction_has_values(build->request))
		val.first = csr->val = affinity_interaction_array(n, sizeof(float));
	if (build->rows->has_second)
		val.second = *second = affinity_interaction_array(n, sizeof(float));
	for (uint32 p = 0; p < AFFINITY_PARTS; p++)
	{
		uint32		n_last;
		AffinityChunk *first = affinity_parts_detach(parts, p, &n_last);

		affinity_interaction_part_to_csr(parts, first, n_last, renumber, next,
										 csr->col, val);
	}
}

/*
 * Put the entries of the matrix by user into partitions by item.
 */
static void
turn_round(AffinityBuild *build)
{
	AffinityParts *parts = &build->rows->parts;
	const AffinityCsr *csr = &build->by_user;

	for (uint32 user = 0; user < csr->n_rows; user++)
	{
		for (int64 e = csr->start[user]; e < csr->start[user + 1]; e++)
		{
			AffinityPart *part = affinity_parts_room(parts,
													 csr->col[e]);

			affinity_base_look_up(e);
			affinity_parts_put(part, csr->col[e], user,
							   csr->val ? csr->val[e] : 1,
							   build->second_by_user ?
							   &build->second_by_user[e] : NULL);
		}
	}
}

/*
 * What is known of pairs when all are merged, and where they go: offsets of
 * both orientations; of_user is where the first entry of each user goes, and
 * *column the new number of each column, NULL: the same.
 */
void
affinity_interaction_number(AffinityBuild *build, AffinityInteractions *in,
							uint32 **column)
{
	uint32		n_kinds = build->rows->n_kinds;
	uint32	   *renumber;

	affinity_interaction_visits_number(build);
	affinity_interaction_events_number(build);
	affinity_interaction_note_dropped(build, in);
	number_users(build);
	if (n_kinds > 1)
		*column = number_kinds(build, n_kinds, &build->by_item, &renumber);
	else
		*column = renumber =
			affinity_interaction_number_rows(build->of_item, build->keep_item,
											 build->n_items, &build->by_item);
	build->by_user.n_cols = build->by_item.n_rows;
	build->by_item.n_cols = build->by_user.n_rows;
	if (renumber)
		affinity_dictionary_keep(build->rows->items, renumber,
								 build->by_item.n_rows / n_kinds);
	if (renumber && renumber != *column)
		pfree(renumber);
}

static void
build_both(AffinityBuild *build, AffinityInteractions *in)
{
	AffinityCsr *by_item = &build->by_item;
	AffinityCsr *by_user = &build->by_user;
	uint32	   *column;
	int64	   *next = build->of_user;

	affinity_interaction_number(build, in, &column);
	parts_to_csr(build, column, next, by_user, &build->second_by_user);
	if (column)
		pfree(column);
	turn_round(build);
	next = build->of_item;		/* at least as long as there are items left */
	memcpy(next, by_item->start, by_item->n_rows * sizeof(int64));
	parts_to_csr(build, NULL, next, by_item, &build->second_by_item);
	pfree(build->of_user);
	pfree(build->of_item);
}

/*
 * What merging dropped, before the dictionaries forget it.
 */
void
affinity_interaction_note_dropped(const AffinityBuild *build,
								  AffinityInteractions *in)
{
	const AffinityPairs *dropped = &build->merge.dropped;

	in->dropped_pairs = dropped->n;
	in->dropped_weight = dropped->val;
	if (dropped->n == 0)
		return;
	in->dropped_user = affinity_dictionary_id(build->rows->users,
											  dropped->row);
	in->dropped_item = affinity_dictionary_id(build->rows->items,
											  dropped->col %
											  affinity_dictionary_size(build->rows->items));
	in->dropped_users = affinity_dictionary_size(build->rows->users);
	in->dropped_items = affinity_dictionary_size(build->rows->items);
}

/*
 * Items that are to be there even if no row has them: they are known as the
 * others are, with the numbers of no.
 */
static void
add_items(AffinityDict *items, const AffinityDict *more, uint32 *no)
{
	AffinityKeys *keys = affinity_dictionary_keys(items);
	uint32		n = affinity_dictionary_size(more);
	uint32		done = 0;

	for (uint32 i = 0; i < n; i++)
	{
		Datum		id = affinity_dictionary_id(more, i);

		affinity_dictionary_keys_add(keys, id);
		if (keys->kind != AFFINITY_ID_INT)
			pfree(DatumGetPointer(id));
		if (keys->n < AFFINITY_BATCH && i < n - 1)
			continue;
		CHECK_FOR_INTERRUPTS();
		affinity_dictionary_add(items, keys, no + done);
		affinity_dictionary_keys_clear(keys);
		done = i + 1;
	}
	affinity_dictionary_keys_free(keys);
}

/*
 * Sort the ids of items, with those that are asked for beside the rows.
 */
void
affinity_interaction_sort_items(AffinityBuild *build)
{
	AffinityDict *items = build->rows->items;
	const AffinityDict *more = build->request->more_items;
	uint32		n_more = more ? affinity_dictionary_size(more) : 0;
	uint32	   *no = affinity_interaction_array(n_more, sizeof(uint32));
	const uint32 *rank;

	if (n_more > 0)
		add_items(items, more, no);
	affinity_dictionary_sort(items);
	if (n_more > 0)
	{
		rank = affinity_dictionary_rank(items);
		build->keep_item =
			affinity_base_zeroed_array(affinity_dictionary_size(items),
									   sizeof(bool));
		for (uint32 i = 0; i < n_more; i++)
			build->keep_item[rank[no[i]]] = true;
	}
	pfree(no);
}

/*
 * What was built, and what is known of the rows, which are freed.
 */
void
affinity_interaction_give(AffinityBuild *build, AffinityInteractions *in)
{
	AffinityRows *rows = build->rows;

	in->by_user = build->by_user;
	in->by_item = build->by_item;
	in->recency = build->second_by_item;
	in->events = build->events;
	in->recency_by_user = build->second_by_user;
	affinity_interaction_visits_keep(build, in);
	in->n_kinds = rows->n_kinds;
	in->n_items = in->by_item.n_rows / rows->n_kinds;
	in->pairs = in->by_item.start[in->by_item.n_rows];
	in->users = rows->users;
	in->items = rows->items;
	in->rows = rows->read;
	in->skipped_rows = rows->skipped;
	in->other_rows = rows->other;
	in->tiny_rows = rows->tiny;
	if (in->dropped_pairs > 0)
	{
		in->dropped_users -= in->by_user.n_rows;
		in->dropped_items -= in->n_items;
	}
	in->has_time = rows->has_time;
	in->last_at = rows->last_at;
	pfree(rows);
}

/*
 * Make the rows a matrix; they are freed.
 */
void
affinity_interaction_build(AffinityRows *rows,
						   const AffinityReadRequest *request,
						   AffinityInteractions *in)
{
	AffinityBuild build = {.request = request, .rows = rows};

	affinity_dictionary_sort(rows->users);
	affinity_interaction_sort_items(&build);
	build.n_users = affinity_dictionary_size(rows->users);
	build.n_items = affinity_dictionary_size(rows->items);
	build.user_rank = affinity_dictionary_rank(rows->users);
	build.item_rank = affinity_dictionary_rank(rows->items);
	affinity_interaction_events_gather(&build);
	affinity_interaction_visits_gather(&build);
	if (!affinity_interaction_place(&build, in))
	{
		affinity_interaction_sort(&build);
		build_both(&build, in);
	}
	if (build.second_by_user && !request->recency_by_user)
	{
		affinity_parallel_free_array(build.second_by_user);
		build.second_by_user = NULL;
	}
	affinity_parts_free(&rows->parts);
	affinity_interaction_give(&build, in);
}
