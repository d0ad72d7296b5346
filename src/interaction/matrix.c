/*
 * matrix.c
 *		From rows in order of arrival to a matrix in both orientations.
 *
 * Rows come in partitions by user (see parts.c). Each partition is sorted by
 * user and item within the cache, duplicates are merged, and only then are
 * the lengths of the matrix's rows known: entries go from the partitions to
 * the matrix by user, and from there, through partitions by item, to the
 * matrix by item. Writing straight to so many places all over the memory
 * would take several times as long.
 *
 * Work is cut into pieces of about a million entries at most, with a look at
 * interrupts after each.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "port/pg_bitutils.h"

#include "interaction/rows.h"

#define PIECE	((int64) 1 << 20)

/* Passes of a sort: as few as leave the counts and places in the cache. */
#define DIGIT_BITS	11
#define MAX_DIGITS	6			/* of two numbers below 2^31 */

/* Entries of one partition that are being sorted. */
typedef struct Sorter
{
	AffinityDigit digit[MAX_DIGITS];	/* in the order of the passes */
	int			n_digits;
	int64		n;
	AffinityEntry *entry;
	float	   *second;			/* NULL: no second values */
	AffinityEntry *other_entry; /* where the next pass puts them */
	float	   *other_second;
} Sorter;

/* The whole on its way. */
typedef struct Build
{
	const AffinityReadRequest *request;
	AffinityRows *rows;
	AffinityMerge merge;
	int64	   *of_user;		/* entries after merging, by number */
	int64	   *of_item;		/* by rank */
	AffinityCsr by_user;
	AffinityCsr by_item;
	float	   *second_by_user; /* NULL: no second values */
	float	   *second_by_item;
} Build;

static void *
alloc_array(int64 n, Size width)
{
	return affinity_base_alloc_array(CurrentMemoryContext, n, width);
}

static int64 *
alloc_counts(int64 n)
{
	int64	   *count = alloc_array(n, sizeof(int64));

	memset(count, 0, n * sizeof(int64));
	return count;
}

/*
 * Bytes that the rows read so far will have needed when the matrix is there:
 * beside them, first two copies of the largest partition, then the matrix.
 */
Size
affinity_interaction_rows_bytes(const AffinityRows *rows)
{
	Size		second = rows->keep_at ? sizeof(float) : 0;
	Size		per_row = sizeof(AffinityEntry) +
		(rows->keep_at ? sizeof(int64) : 0);
	Size		per_id = 3 * sizeof(int64) + 2 * sizeof(uint32);
	int64		largest = 0;

	for (int p = 0; p < AFFINITY_PARTS; p++)
		largest = Max(largest, rows->part_rows[p]);
	return rows->usable * per_row +
		Max(largest * 2 * (sizeof(AffinityEntry) + second), rows->usable *
			2 * (sizeof(uint32) + sizeof(float) + second)) +
		affinity_interaction_dict_bytes(rows->users) +
		affinity_interaction_dict_bytes(rows->items) +
		((Size) affinity_interaction_dict_size(rows->users) +
		 affinity_interaction_dict_size(rows->items)) * per_id;
}

/* ---- one partition ----------------------------------------------------- */

/*
 * Passes for the bits from low on that numbers below n have.
 */
static void
add_digits(Sorter *sorter, bool of_row, int low, uint32 n)
{
	int			bits = n > 1 ? pg_leftmost_one_pos32(n - 1) + 1 - low : 0;
	int			passes = (bits + DIGIT_BITS - 1) / DIGIT_BITS;

	for (int pass = 0; bits > 0 && pass < passes; pass++)
	{
		int			width = (bits + passes - 1) / passes;
		AffinityDigit *digit = &sorter->digit[sorter->n_digits++];

		digit->of_row = of_row;
		digit->shift = low + pass * width;
		digit->mask = ((uint32) 1 << width) - 1;
	}
}

static void
alloc_sorter(Sorter *sorter, const AffinityRows *rows)
{
	int64		largest = 0;

	sorter->n_digits = 0;
	add_digits(sorter, false, 0, affinity_interaction_dict_size(rows->items));
	add_digits(sorter, true, AFFINITY_PART_BITS,
			   affinity_interaction_dict_size(rows->users));
	for (int p = 0; p < AFFINITY_PARTS; p++)
		largest = Max(largest, rows->part_rows[p]);
	sorter->entry = alloc_array(largest, sizeof(AffinityEntry));
	sorter->other_entry = alloc_array(largest, sizeof(AffinityEntry));
	sorter->second = sorter->other_second = NULL;
	if (rows->keep_at)
	{
		sorter->second = alloc_array(largest, sizeof(float));
		sorter->other_second = alloc_array(largest, sizeof(float));
	}
}

static void
free_sorter(Sorter *sorter)
{
	pfree(sorter->entry);
	pfree(sorter->other_entry);
	if (sorter->second)
	{
		pfree(sorter->second);
		pfree(sorter->other_second);
	}
}

/*
 * Second values of rows: what their age leaves of their weight, or of 1. The
 * newest row of all has age 0, so a model does not change while nothing
 * happens.
 */
static void
decay_rows(const Build *build, const AffinityEntry *entry, const int64 *at,
		   uint32 n, float *second)
{
	const AffinityReadRequest *request = build->request;
	int64		last = build->rows->last_at;

	for (uint32 i = 0; i < n; i++)
	{
		double		age = (double) last - (double) at[i];
		double		decay = exp2(-age / request->half_life);

		second[i] = (float) (request->recency == AFFINITY_RECENCY_SUM ?
							 entry[i].val * decay : decay);
	}
}

/*
 * Take a partition's rows over, items under their ranks.
 */
static void
gather(Build *build, uint32 p, Sorter *sorter)
{
	AffinityParts *parts = &build->rows->parts;
	const uint32 *rank = affinity_interaction_dict_rank(build->rows->items);
	uint32		n_last;
	AffinityChunk *chunk = affinity_interaction_parts_detach(parts, p,
															 &n_last);

	sorter->n = 0;
	while (chunk)
	{
		AffinityChunk *next = chunk->next;
		uint32		n = next ? AFFINITY_CHUNK : n_last;
		AffinityEntry *to = sorter->entry + sorter->n;

		for (uint32 i = 0; i < n; i++)
		{
			to[i].row = chunk->entry[i].row;
			to[i].col = rank[chunk->entry[i].col];
			to[i].val = chunk->entry[i].val;
		}
		if (sorter->second)
			decay_rows(build,
					   chunk->entry, affinity_interaction_chunk_at(chunk), n,
					   sorter->second + sorter->n);
		sorter->n += n;
		affinity_interaction_parts_give_back(parts, chunk);
		chunk = next;
		CHECK_FOR_INTERRUPTS();
	}
}

static void
sort_pass(Sorter *sorter, AffinityDigit digit)
{
	int64		count[1 << DIGIT_BITS] = {0};
	int64		next[(1 << DIGIT_BITS) + 1];
	AffinityEntry *entry = sorter->entry;
	float	   *second = sorter->second;

	for (int64 from = 0; from < sorter->n; from += PIECE)
	{
		affinity_kernel_entries_count(entry + from, Min(PIECE, sorter->n -
														from), digit, count);
		CHECK_FOR_INTERRUPTS();
	}
	affinity_kernel_csr_offsets(count, digit.mask + 1, next);
	for (int64 from = 0; from < sorter->n; from += PIECE)
	{
		affinity_kernel_entries_place(entry + from, second ? second + from :
									  NULL, Min(PIECE, sorter->n - from),
									  digit, next, sorter->other_entry,
									  sorter->other_second);
		CHECK_FOR_INTERRUPTS();
	}
	sorter->entry = sorter->other_entry;
	sorter->second = sorter->other_second;
	sorter->other_entry = entry;
	sorter->other_second = second;
}

/*
 * Put merged entries back into their partition, and count them.
 */
static void
put_back(Build *build, const AffinityEntry *entry, const float *second,
		 size_t n)
{
	for (size_t i = 0; i < n; i++)
	{
		AffinityPart *part =
		affinity_interaction_parts_room(&build->rows->parts, entry[i].row);

		part->last->entry[part->n_last] = entry[i];
		if (second)
			affinity_interaction_chunk_second(part->last)[part->n_last] =
				second[i];
		part->n_last++;
		build->of_user[entry[i].row]++;
		build->of_item[entry[i].col]++;
	}
}

static void
sort_and_merge(Build *build, uint32 p, Sorter *sorter)
{
	AffinityEntry last;
	float		last_second;
	size_t		kept;

	gather(build, p, sorter);
	for (int d = 0; d < sorter->n_digits; d++)
		sort_pass(sorter, sorter->digit[d]);
	for (int64 from = 0; from < sorter->n; from += PIECE)
	{
		AffinityEntry *entry = sorter->entry + from;
		float	   *second = sorter->second ? sorter->second + from : NULL;

		kept = affinity_kernel_entries_merge(&build->merge, entry, second,
											 Min(PIECE, sorter->n - from),
											 entry, second);
		put_back(build, entry, second, kept);
		CHECK_FOR_INTERRUPTS();
	}
	kept = affinity_kernel_entries_merge(&build->merge, NULL, NULL, 0, &last,
										 sorter->second ? &last_second : NULL);
	put_back(build, &last, sorter->second ? &last_second : NULL, kept);
}

static void
sort_and_merge_all(Build *build)
{
	const AffinityRows *rows = build->rows;
	Sorter		sorter;

	build->of_user = alloc_counts(affinity_interaction_dict_size(rows->users));
	build->of_item = alloc_counts(affinity_interaction_dict_size(rows->items));
	build->merge.all_one = true;
	build->merge.mean = build->request->ratings;
	build->merge.limit = build->request->skip_bad ? FLT_MAX : INFINITY;
	build->merge.second_is_max =
		build->request->recency == AFFINITY_RECENCY_LATEST;
	alloc_sorter(&sorter, rows);
	for (uint32 p = 0; p < AFFINITY_PARTS; p++)
		sort_and_merge(build, p, &sorter);
	free_sorter(&sorter);
	if (isinf(build->merge.max))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("summed weight of a pair is beyond the range of real"),
				 errhint("Scale the weights down in the query.")));
}

/* ---- the matrix -------------------------------------------------------- */

/*
 * Give numbers without gaps to the rows that have entries: their offsets, and
 * the new number of each rank, or NULL where none goes.
 */
static uint32 *
number_rows(const int64 *count, uint32 n, AffinityCsr *csr)
{
	uint32		n_used = 0;
	int64		sum = 0;
	uint32	   *renumber;

	for (uint32 r = 0; r < n; r++)
	{
		affinity_base_look_up(r);
		n_used += count[r] > 0;
	}
	csr->n_rows = n_used;
	csr->start = alloc_array((int64) n_used + 1, sizeof(int64));
	renumber = n_used < n ? alloc_array(n, sizeof(uint32)) : NULL;
	n_used = 0;
	for (uint32 r = 0; r < n; r++)
	{
		affinity_base_look_up(r);
		if (renumber)
			renumber[r] = count[r] > 0 ? n_used : PG_UINT32_MAX;
		if (count[r] == 0)
			continue;
		csr->start[n_used++] = sum;
		sum += count[r];
	}
	csr->start[n_used] = sum;
	return renumber;
}

/*
 * Where in the matrix the first entry of each user stands, by number; users
 * without entries leave the dictionary.
 */
static int64 *
number_users(Build *build)
{
	AffinityDict *users = build->rows->users;
	uint32		n = affinity_interaction_dict_size(users);
	const uint32 *rank = affinity_interaction_dict_rank(users);
	int64	   *by_rank = alloc_array(n, sizeof(int64));
	int64	   *first = build->of_user;
	uint32	   *renumber;

	for (uint32 no = 0; no < n; no++)
	{
		affinity_base_look_up(no);
		by_rank[rank[no]] = build->of_user[no];
	}
	renumber = number_rows(by_rank, n, &build->by_user);
	for (uint32 no = 0; no < n; no++)
	{
		affinity_base_look_up(no);
		if (first[no] > 0)
			first[no] = build->by_user.start[renumber ? renumber[rank[no]] :
											 rank[no]];
	}
	if (renumber)
	{
		affinity_interaction_dict_keep(users, renumber, build->by_user.n_rows);
		pfree(renumber);
	}
	pfree(by_rank);
	return first;
}

/*
 * Move all entries from the partitions into a matrix whose offsets are known;
 * next says where the first entry of each row goes.
 */
static void
parts_to_csr(Build *build, const uint32 *renumber, int64 *next,
			 AffinityCsr *csr, float **second)
{
	AffinityParts *parts = &build->rows->parts;
	int64		n = csr->start[csr->n_rows];
	AffinityCsrValues val = {NULL, NULL};

	csr->col = alloc_array(n, sizeof(uint32));
	if (!build->merge.all_one)
		val.first = csr->val = alloc_array(n, sizeof(float));
	if (parts->has_side)
		val.second = *second = alloc_array(n, sizeof(float));
	for (uint32 p = 0; p < AFFINITY_PARTS; p++)
	{
		uint32		n_last;
		AffinityChunk *chunk = affinity_interaction_parts_detach(parts, p,
																 &n_last);

		while (chunk)
		{
			AffinityChunk *following = chunk->next;

			affinity_kernel_entries_to_csr(chunk->entry,
										   affinity_interaction_chunk_second(chunk),
										   following ? AFFINITY_CHUNK :
										   n_last, renumber, next,
										   csr->col, val);
			affinity_interaction_parts_give_back(parts, chunk);
			chunk = following;
			CHECK_FOR_INTERRUPTS();
		}
	}
}

/*
 * Put the entries of the matrix by user into partitions by item.
 */
static void
turn_round(Build *build)
{
	AffinityParts *parts = &build->rows->parts;
	const AffinityCsr *csr = &build->by_user;

	for (uint32 user = 0; user < csr->n_rows; user++)
	{
		for (int64 e = csr->start[user]; e < csr->start[user + 1]; e++)
		{
			AffinityPart *part = affinity_interaction_parts_room(parts,
																 csr->col[e]);
			AffinityEntry *to = &part->last->entry[part->n_last];

			affinity_base_look_up(e);
			to->row = csr->col[e];
			to->col = user;
			to->val = csr->val ? csr->val[e] : 1;
			if (build->second_by_user)
				affinity_interaction_chunk_second(part->last)[part->n_last] =
					build->second_by_user[e];
			part->n_last++;
		}
	}
}

static void
build_both(Build *build)
{
	AffinityDict *items = build->rows->items;
	AffinityCsr *by_item = &build->by_item;
	AffinityCsr *by_user = &build->by_user;
	uint32	   *renumber;
	int64	   *next = number_users(build);

	renumber = number_rows(build->of_item,
						   affinity_interaction_dict_size(items), by_item);
	by_user->n_cols = by_item->n_rows;
	by_item->n_cols = by_user->n_rows;
	parts_to_csr(build, renumber, next, by_user, &build->second_by_user);
	if (renumber)
	{
		affinity_interaction_dict_keep(items, renumber, by_item->n_rows);
		pfree(renumber);
	}

	turn_round(build);
	next = build->of_item;		/* at least as long as there are items left */
	memcpy(next, by_item->start, by_item->n_rows * sizeof(int64));
	parts_to_csr(build, NULL, next, by_item, &build->second_by_item);
	if (build->second_by_user)
		pfree(build->second_by_user);
	pfree(build->of_user);
	pfree(build->of_item);
}

AffinityInteractions *
affinity_interaction_rows_to_matrix(AffinityRows *rows,
									const AffinityReadRequest *request)
{
	AffinityInteractions *in = palloc0(sizeof(AffinityInteractions));
	Build		build = {.request = request, .rows = rows};

	affinity_interaction_dict_sort(rows->users);
	affinity_interaction_dict_sort(rows->items);
	sort_and_merge_all(&build);
	build_both(&build);
	affinity_interaction_parts_free(&rows->parts);

	in->by_user = build.by_user;
	in->by_item = build.by_item;
	in->recency = build.second_by_item;
	in->users = rows->users;
	in->items = rows->items;
	in->rows = rows->read;
	in->skipped_rows = rows->skipped;
	in->dropped_pairs = build.merge.dropped;
	in->has_time = rows->has_time;
	in->last_at = rows->last_at;
	pfree(rows);
	return in;
}
