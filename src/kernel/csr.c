/*
 * csr.c
 *		From entries in no order to a sparse matrix, by counting sort.
 *
 * Entries are sorted digit by digit, lowest first, and stably (LSD radix
 * sort), so equal pairs come to stand side by side in the order in which they
 * arrived and can be merged. Everything is linear and nothing is compared.
 * How far apart the places lie that a pass writes to is what its speed
 * depends on: the caller cuts the entries into partitions and keys into
 * digits, so that they fit into the cache.
 */
#include "kernel/csr.h"

/*
 * Offsets from counts; start has n + 1 entries.
 */
void
affinity_kernel_csr_offsets(const int64_t *count, uint32_t n, int64_t *start)
{
	int64_t		sum = 0;

	for (uint32_t i = 0; i < n; i++)
	{
		start[i] = sum;
		sum += count[i];
	}
	start[n] = sum;
}

static inline uint32_t
digit_of(const AffinityEntry *entry, AffinityDigit digit)
{
	return ((digit.of_row ? entry->row : entry->col) >> digit.shift) &
		digit.mask;
}

/*
 * How many entries have each value of the digit, added to count.
 */
void
affinity_kernel_entries_count(const AffinityEntry *entry, size_t n,
							  AffinityDigit digit, int64_t *count)
{
	for (size_t i = 0; i < n; i++)
		count[digit_of(&entry[i], digit)]++;
}

/*
 * Put entries where next[] says for their digit. Second values go with them,
 * unless they are NULL.
 */
void
affinity_kernel_entries_place(const AffinityEntry *entry, const float *second,
							  size_t n, AffinityDigit digit, int64_t *next,
							  AffinityEntry *out, float *out_second)
{
	for (size_t i = 0; i < n; i++)
	{
		int64_t		to = next[digit_of(&entry[i], digit)]++;

		out[to] = entry[i];
		if (second)
			out_second[to] = second[i];
	}
}

/*
 * Count the pair that is being summed, and remember it if it is the first.
 */
static void
count_pair(const AffinityMerge *merge, AffinityPairs *pairs)
{
	uint32_t	row = merge->rank ? merge->rank[merge->row] : merge->row;

	if (pairs->n++ > 0 && (row > pairs->row ||
						   (row == pairs->row && merge->col > pairs->col)))
		return;
	pairs->row = row;
	pairs->col = merge->col;
	pairs->val = affinity_kernel_sum(&merge->val);
}

/*
 * Write out the pair that is being summed. What is not above 0 is dropped,
 * unless any sign will do.
 */
static inline size_t
close_pair(AffinityMerge *merge, AffinityEntry *out, float *out_second)
{
	double		sum = affinity_kernel_sum(&merge->val);
	float		val = (float) (merge->mean ? sum / (double) merge->n : sum);

	if (merge->n == 0 || (!(val > 0) && !merge->any_sign) ||
		fabsf(val) > merge->limit)
	{
		count_pair(merge, &merge->dropped);
		if (!merge->keep_dropped)
			return 0;
		val = NAN;
	}
	if (isinf(val))
		count_pair(merge, &merge->infinite);
	merge->all_one &= val == 1;
	out->row = merge->row;
	out->col = merge->col;
	out->val = val;
	if (out_second)
		*out_second = (float) affinity_kernel_sum(&merge->second);
	return 1;
}

/*
 * Sum equal neighbors, or take their mean; NaN stands for no value. Of second
 * values the sum or the maximum is kept. Returns the number of entries
 * written to out, which may be where they are read from. The last pair stays open, as the
 * next call may go on with it: a call with n = 0 writes it out.
 */
size_t
affinity_kernel_entries_merge(AffinityMerge *merge,
							  const AffinityEntry *entry,
							  const float *second, size_t n,
							  AffinityEntry *out, float *out_second)
{
	size_t		kept = 0;

	for (size_t i = 0; i < n; i++)
	{
		AffinityEntry e = entry[i];
		double		s = second ? second[i] : 0;

		if (merge->open && e.row == merge->row && e.col == merge->col)
		{
			if (!isnan(e.val))
			{
				affinity_kernel_sum_add(&merge->val, e.val);
				merge->n++;
			}
			if (!merge->second_is_max)
				affinity_kernel_sum_add(&merge->second, s);
			else if (s > merge->second.high)
				merge->second.high = s;
			continue;
		}
		if (merge->open)
			kept += close_pair(merge, out + kept,
							   second ? out_second + kept : NULL);
		merge->open = true;
		merge->row = e.row;
		merge->col = e.col;
		merge->val = (AffinitySum)
		{
			isnan(e.val) ? 0 : e.val, 0
		};
		merge->n = !isnan(e.val);
		merge->second = (AffinitySum)
		{
			s, 0
		};
	}
	if (n == 0 && merge->open)
	{
		kept = close_pair(merge, out, out_second);
		merge->open = false;
	}
	return kept;
}

/*
 * Put entries into the matrix, each where next[] says for its row. renumber
 * gives columns their new numbers, unless it is NULL.
 */
void
affinity_kernel_entries_to_csr(const AffinityEntry *entry,
							   const float *second, size_t n,
							   const uint32_t *renumber, int64_t *next,
							   uint32_t *col, AffinityCsrValues val)
{
	for (size_t i = 0; i < n; i++)
	{
		int64_t		to = next[entry[i].row]++;
		uint32_t	c = entry[i].col;

		col[to] = renumber ? renumber[c] : c;
		if (val.first)
			val.first[to] = entry[i].val;
		if (val.second)
			val.second[to] = second[i];
	}
}
