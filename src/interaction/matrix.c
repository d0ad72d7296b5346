/*
 * matrix.c
 *		From rows in order of arrival to a matrix in both orientations.
 *
 * Three counting sorts (see kernel/csr.c), each cut into pieces of about a
 * million entries, with a look at interrupts after each. Afterwards users and
 * items without any interaction left are taken out of the dictionaries.
 */
#include "postgres.h"

#include <math.h>
#include <sys/mman.h>

#include "miscadmin.h"
#include "utils/memutils.h"

#include "interaction/interaction.h"
#include "interaction/rows.h"

#define PIECE	((int64) 1 << 20)

#define LARGE_PAGE	((Size) 2 * 1024 * 1024)
#define LARGE_ARRAY	(4 * LARGE_PAGE)

/* A matrix on its way: one orientation, perhaps with two values an entry. */
typedef struct Build
{
	uint32		n_rows;
	int64	   *start;
	uint32	   *col;
	AffinityCsrValues val;
} Build;

/*
 * Arrays of the matrix are written in random order: with 4 kB pages most of
 * that time goes into the translation of addresses, so large pages are asked
 * for where the system has them to give.
 */
static void *
alloc_array(int64 n, Size width)
{
	Size		size = mul_size(Max(n, 1), width);
	char	   *array = MemoryContextAllocHuge(CurrentMemoryContext, size);

#ifdef MADV_HUGEPAGE
	if (size >= LARGE_ARRAY)
	{
		char	   *start = (char *) TYPEALIGN(LARGE_PAGE, array);
		char	   *end = (char *) TYPEALIGN_DOWN(LARGE_PAGE, array + size);

		(void) madvise(start, end - start, MADV_HUGEPAGE);
	}
#endif
	return array;
}

static void
free_chunk(AffinityRowChunk *chunk)
{
	pfree(chunk->user);
	pfree(chunk->item);
	pfree(chunk->weight);
	if (chunk->at)
		pfree(chunk->at);
	pfree(chunk);
}

/*
 * Free the rows, not the dictionaries.
 */
void
affinity_rows_free(AffinityRows *rows)
{
	ListCell   *cell;

	foreach(cell, rows->chunks)
		free_chunk(lfirst(cell));
	list_free(rows->chunks);
	rows->chunks = NIL;
}

static void
alloc_build(Build *build, uint32 n_rows, int64 n, bool first, bool second)
{
	build->n_rows = n_rows;
	build->start = alloc_array((int64) n_rows + 1, sizeof(int64));
	build->col = alloc_array(n, sizeof(uint32));
	build->val.first = first ? alloc_array(n, sizeof(float)) : NULL;
	build->val.second = second ? alloc_array(n, sizeof(float)) : NULL;
}

static void
free_build(Build *build)
{
	pfree(build->start);
	pfree(build->col);
	if (build->val.first)
		pfree(build->val.first);
	if (build->val.second)
		pfree(build->val.second);
}

/*
 * What the age of each row of a chunk makes of it, in an array for reuse. The
 * newest row of all has age 0, so a model does not change while nothing
 * happens.
 */
static void
decay_rows(const AffinityRows *rows, const AffinityRowChunk *chunk,
		   const AffinityReadRequest *request, float *decay)
{
	for (int i = 0; i < chunk->n; i++)
	{
		double		age = (double) rows->last_at - (double) chunk->at[i];
		double		d = exp2(-age / request->half_life);

		if (request->recency == AFFINITY_RECENCY_SUM)
			d *= chunk->weight[i];
		decay[i] = (float) d;
	}
}

/*
 * Rows to users, items in order of arrival within each. Frees the rows.
 */
static void
place_rows(AffinityRows *rows, const AffinityReadRequest *request,
		   Build *by_user)
{
	const uint32 *user_rank = affinity_dict_rank(rows->users);
	const uint32 *item_rank = affinity_dict_rank(rows->items);
	uint32		n_users = affinity_dict_size(rows->users);
	int64	   *next = alloc_array(n_users, sizeof(int64));
	float	   *decay = NULL;
	ListCell   *cell;

	alloc_build(by_user, n_users, rows->usable, !rows->all_one, rows->keep_at);
	memset(next, 0, n_users * sizeof(int64));
	foreach(cell, rows->chunks)
	{
		AffinityRowChunk *chunk = lfirst(cell);

		for (int i = 0; i < chunk->n; i++)
			next[user_rank[chunk->user[i]]]++;
		CHECK_FOR_INTERRUPTS();
	}
	affinity_csr_offsets(next, n_users, by_user->start);
	memcpy(next, by_user->start, n_users * sizeof(int64));
	if (rows->keep_at)
		decay = palloc(AFFINITY_CHUNK * sizeof(float));
	foreach(cell, rows->chunks)
	{
		AffinityRowChunk *chunk = lfirst(cell);
		AffinityCsrValues in = {chunk->weight, decay};

		if (decay)
			decay_rows(rows, chunk, request, decay);
		affinity_csr_place(chunk->user, chunk->item, in, chunk->n,
						   user_rank, item_rank, next,
						   by_user->col, by_user->val);
		CHECK_FOR_INTERRUPTS();
	}
	affinity_rows_free(rows);
	pfree(next);
	if (decay)
		pfree(decay);
}

/*
 * Turn a matrix round: rows become columns.
 */
static void
transpose(const Build *in, uint32 n_cols, bool first, bool second,
		  Build *out)
{
	int64		n = in->start[in->n_rows];
	int64	   *next = alloc_array(n_cols, sizeof(int64));
	uint32		from = 0;

	alloc_build(out, n_cols, n, first, second);
	memset(next, 0, n_cols * sizeof(int64));
	for (int64 e = 0; e < n; e++)
	{
		if ((e & (PIECE - 1)) == 0)
			CHECK_FOR_INTERRUPTS();
		next[in->col[e]]++;
	}
	affinity_csr_offsets(next, n_cols, out->start);
	memcpy(next, out->start, n_cols * sizeof(int64));
	while (from < in->n_rows)
	{
		uint32		to = from + 1;

		while (to < in->n_rows && in->start[to] - in->start[from] < PIECE)
			to++;
		affinity_csr_transpose(in->start, in->col, in->val, from, to, next,
							   out->col, out->val);
		from = to;
		CHECK_FOR_INTERRUPTS();
	}
	pfree(next);
}

/*
 * Sum duplicates and drop what does not stay above 0, in place. Returns whether
 * any entry's value is other than 1.
 */
static bool
merge_duplicates(Build *by_item, bool second_is_max, int64 *dropped)
{
	int64		to = 0;
	int64		since = 0;
	bool		weighted = false;

	for (uint32 i = 0; i < by_item->n_rows; i++)
	{
		int64		start = by_item->start[i];
		int64		n = by_item->start[i + 1] - start;
		AffinityCsrValues val = by_item->val;
		int64		kept;

		if (val.first)
			val.first += start;
		if (val.second)
			val.second += start;
		kept = affinity_csr_merge_row(by_item->col + start, val, n, start - to,
									  second_is_max, dropped);
		by_item->start[i] = to;
		to += kept;
		since += n;
		if (since >= PIECE)
		{
			CHECK_FOR_INTERRUPTS();
			since = 0;
		}
	}
	by_item->start[by_item->n_rows] = to;
	for (int64 e = 0; e < to; e++)
	{
		if ((e & (PIECE - 1)) == 0)
			CHECK_FOR_INTERRUPTS();
		if (isinf(by_item->val.first[e]))
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("summed weight of a pair is beyond the range of real"),
					 errhint("Scale the weights down in the query.")));
		weighted |= by_item->val.first[e] != 1;
	}
	return weighted;
}

/*
 * Numbers without gaps for those of n that are used; NULL where all are.
 */
static uint32 *
renumber_used(const bool *used, uint32 n, uint32 *n_used)
{
	uint32	   *renumber;

	*n_used = 0;
	for (uint32 i = 0; i < n; i++)
		*n_used += used[i];
	if (*n_used == n)
		return NULL;
	renumber = alloc_array(n, sizeof(uint32));
	*n_used = 0;
	for (uint32 i = 0; i < n; i++)
		renumber[i] = used[i] ? (*n_used)++ : PG_UINT32_MAX;
	return renumber;
}

/*
 * Take users and items out that have no interaction left.
 */
static void
drop_unused(AffinityRows *rows, Build *by_item)
{
	uint32		n_users = affinity_dict_size(rows->users);
	uint32		n_items = by_item->n_rows;
	int64		n = by_item->start[n_items];
	bool	   *used = palloc0(Max(Max(n_users, n_items), 1));
	uint32	   *renumber;
	uint32		n_used;

	for (int64 e = 0; e < n; e++)
		used[by_item->col[e]] = true;
	renumber = renumber_used(used, n_users, &n_used);
	if (renumber)
	{
		for (int64 e = 0; e < n; e++)
			by_item->col[e] = renumber[by_item->col[e]];
		affinity_dict_keep(rows->users, renumber, n_used);
		pfree(renumber);
	}

	for (uint32 i = 0; i < n_items; i++)
		used[i] = by_item->start[i + 1] > by_item->start[i];
	renumber = renumber_used(used, n_items, &n_used);
	if (renumber)
	{
		for (uint32 i = 0; i < n_items; i++)
		{
			if (used[i])
				by_item->start[renumber[i]] = by_item->start[i];
		}
		by_item->start[n_used] = n;
		by_item->n_rows = n_used;
		affinity_dict_keep(rows->items, renumber, n_used);
		pfree(renumber);
	}
	pfree(used);
}

static void
to_csr(const Build *build, uint32 n_cols, AffinityCsr *csr)
{
	csr->n_rows = build->n_rows;
	csr->n_cols = n_cols;
	csr->start = build->start;
	csr->col = build->col;
	csr->val = build->val.first;
}

AffinityInteractions *
affinity_rows_to_matrix(AffinityRows *rows, const AffinityReadRequest *request)
{
	AffinityInteractions *in = palloc0(sizeof(AffinityInteractions));
	Build		arrived;
	Build		by_item;
	Build		by_user;

	affinity_dict_sort(rows->users);
	affinity_dict_sort(rows->items);
	place_rows(rows, request, &arrived);
	transpose(&arrived, affinity_dict_size(rows->items), true, rows->keep_at,
			  &by_item);
	free_build(&arrived);
	if (!merge_duplicates(&by_item,
						  request->recency == AFFINITY_RECENCY_LATEST,
						  &in->dropped_pairs))
	{
		pfree(by_item.val.first);
		by_item.val.first = NULL;
	}
	drop_unused(rows, &by_item);
	transpose(&by_item, affinity_dict_size(rows->users),
			  by_item.val.first != NULL, false, &by_user);

	to_csr(&by_item, by_user.n_rows, &in->by_item);
	to_csr(&by_user, by_item.n_rows, &in->by_user);
	in->recency = by_item.val.second;
	in->users = rows->users;
	in->items = rows->items;
	in->rows = rows->read;
	in->skipped_rows = rows->skipped;
	in->has_time = rows->has_time;
	in->last_at = rows->last_at;
	pfree(rows);
	return in;
}
