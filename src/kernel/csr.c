/*
 * csr.c
 *		Building a sparse matrix by counting sort, and turning it round.
 *
 * Rows come in no order. Placing them by user and turning that round gives,
 * for each item, its users in ascending order, so equal pairs stand side by
 * side and can be merged; turning that round once more gives each user's items
 * in ascending order. Three linear passes, no comparison.
 */
#include "kernel/kernel.h"

/*
 * Offsets from counts; start has n + 1 entries.
 */
void
affinity_csr_offsets(const int64_t *count, uint32_t n, int64_t *start)
{
	int64_t		sum = 0;

	for (uint32_t i = 0; i < n; i++)
	{
		start[i] = sum;
		sum += count[i];
	}
	start[n] = sum;
}

/*
 * Put n (row, col) pairs where next[] says, under the numbers that the rank
 * arrays give to rows and columns.
 */
void
affinity_csr_place(const uint32_t *row, const uint32_t *col,
				   AffinityCsrValues in, size_t n, const uint32_t *row_rank,
				   const uint32_t *col_rank, int64_t *next, uint32_t *out_col,
				   AffinityCsrValues out)
{
	for (size_t i = 0; i < n; i++)
	{
		int64_t		to = next[row_rank[row[i]]]++;

		out_col[to] = col_rank[col[i]];
		if (out.first)
			out.first[to] = in.first[i];
		if (out.second)
			out.second[to] = in.second[i];
	}
}

/*
 * Turn rows [from, to) round: each entry goes where next[] says for its column.
 * First values that are not there count as 1.
 */
void
affinity_csr_transpose(const int64_t *start, const uint32_t *col,
					   AffinityCsrValues in, uint32_t from, uint32_t to,
					   int64_t *next, uint32_t *out_col, AffinityCsrValues out)
{
	for (uint32_t r = from; r < to; r++)
	{
		for (int64_t e = start[r]; e < start[r + 1]; e++)
		{
			int64_t		at = next[col[e]]++;

			out_col[at] = r;
			if (out.first)
				out.first[at] = in.first ? in.first[e] : 1;
			if (out.second)
				out.second[at] = in.second[e];
		}
	}
}

/*
 * Merge equal neighbours among the n entries that start at col[0] and move the
 * result back by `to` entries. First values are summed, in double; an entry
 * whose sum is not above 0 is dropped. Second values are summed or their
 * maximum is kept. Returns the number of entries left.
 */
int64_t
affinity_csr_merge_row(uint32_t *col, AffinityCsrValues values, int64_t n,
					   int64_t to, bool second_is_max, int64_t *dropped)
{
	int64_t		kept = 0;

	for (int64_t e = 0; e < n;)
	{
		uint32_t	c = col[e];
		double		first = values.first[e];
		double		second = values.second ? values.second[e] : 0;

		for (e++; e < n && col[e] == c; e++)
		{
			first += values.first[e];
			if (values.second)
			{
				if (!second_is_max)
					second += values.second[e];
				else if (values.second[e] > second)
					second = values.second[e];
			}
		}
		if (!(first > 0))
		{
			(*dropped)++;
			continue;
		}
		col[kept - to] = c;
		values.first[kept - to] = (float) first;
		if (values.second)
			values.second[kept - to] = (float) second;
		kept++;
	}
	return kept;
}
