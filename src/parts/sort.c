/*
 * sort.c
 *		The entries of a partition in order, digit by digit.
 *
 * Work is cut into pieces of about a million entries at most, with a look at
 * interrupts after each.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "port/pg_bitutils.h"

#include "base/base.h"
#include "parts/parts.h"

#define PIECE	((int64) 1 << 20)

static void *
alloc_array(int64 n, Size width)
{
	return affinity_base_alloc_array(CurrentMemoryContext, n, width);
}

/*
 * Room for the largest partition; what it is to be sorted by comes next.
 */
AffinitySorter *
affinity_parts_sorter(int64 largest, bool has_second)
{
	AffinitySorter *sorter = palloc0(sizeof(AffinitySorter));

	sorter->entry = alloc_array(largest, sizeof(AffinityEntry));
	sorter->other_entry = alloc_array(largest, sizeof(AffinityEntry));
	if (has_second)
	{
		sorter->second = alloc_array(largest, sizeof(float));
		sorter->other_second = alloc_array(largest, sizeof(float));
	}
	return sorter;
}

void
affinity_parts_sorter_free(AffinitySorter *sorter)
{
	pfree(sorter->entry);
	pfree(sorter->other_entry);
	if (sorter->second)
	{
		pfree(sorter->second);
		pfree(sorter->other_second);
	}
	pfree(sorter);
}

/*
 * Passes for the bits from low on that numbers below n have.
 */
void
affinity_parts_sorter_by(AffinitySorter *sorter, bool of_row, int low,
						 uint32 n)
{
	int			bits = n > 1 ? pg_leftmost_one_pos32(n - 1) + 1 - low : 0;
	int			passes = (bits + AFFINITY_DIGIT_BITS - 1) / AFFINITY_DIGIT_BITS;

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
sort_pass(AffinitySorter *sorter, AffinityDigit digit)
{
	int64		count[1 << AFFINITY_DIGIT_BITS] = {0};
	int64		next[(1 << AFFINITY_DIGIT_BITS) + 1];
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
 * By what was named first, last.
 */
void
affinity_parts_sort(AffinitySorter *sorter)
{
	for (int d = 0; d < sorter->n_digits; d++)
		sort_pass(sorter, sorter->digit[d]);
}
