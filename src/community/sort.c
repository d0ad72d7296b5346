/*
 * sort.c
 *		Rows in the order of both members, and one row of each pair.
 *
 * Two passes of counting, by the second member and then by the first. Rows of
 * one pair are then sorted by their weight or time, so that sums are taken in
 * one order whatever the order of rows was.
 */
#include "postgres.h"

#include <math.h>

#include "community/community.h"

#define ST_SORT sort_pair
#define ST_ELEMENT_TYPE CommunityRow
#define ST_COMPARE(x, y) ((x)->order < (y)->order ? -1 : (x)->order > (y)->order)
#define ST_CHECK_FOR_INTERRUPTS
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

/* The exponent of 2 that the largest weight gets. */
#define LARGEST_EXPONENT	900

/* Members begin at 1 here: nobody is 0. */
static inline uint32
place_of(const CommunityRow *row, bool by_first)
{
	return by_first ? row->a + 1 : row->b + 1;
}

static void
count_and_place(const CommunityRow *from, int64 n, bool by_first,
				int64 *next, uint32 n_members, CommunityRow *to)
{
	int64		sum = 0;

	affinity_base_zero(next, ((Size) n_members + 1) * sizeof(int64));
	for (int64 i = 0; i < n; i++)
	{
		affinity_base_look_up(i);
		next[place_of(&from[i], by_first)]++;
	}
	for (uint32 m = 0; m <= n_members; m++)
	{
		int64		count = next[m];

		next[m] = sum;
		sum += count;
	}
	for (int64 i = 0; i < n; i++)
	{
		affinity_base_look_up(i);
		to[next[place_of(&from[i], by_first)]++] = from[i];
	}
}

/*
 * By the first member, the second, and the weight or time. Nobody comes
 * before all members.
 */
void
affinity_community_sort(CommunityRow *row, int64 n, uint32 n_members)
{
	CommunityRow *other = affinity_base_array(n, sizeof(CommunityRow));
	int64	   *next = affinity_base_array((Size) n_members + 1,
										   sizeof(int64));

	count_and_place(row, n, false, next, n_members, other);
	count_and_place(other, n, true, next, n_members, row);
	pfree(other);
	pfree(next);
	for (int64 from = 0, to; from < n; from = to)
	{
		to = from + 1;
		while (to < n && row[to].a == row[from].a && row[to].b == row[from].b)
			to++;
		if (to - from > 1)
			sort_pair(row + from, to - from);
		affinity_base_look_up(from);
	}
}

/*
 * One row of each pair, with the sum of the weights; rows are sorted.
 */
void
affinity_community_sum(CommunityRows *rows)
{
	CommunityRow *row = rows->row;
	int64		n = 0;

	for (int64 i = 0; i < rows->n; i++)
	{
		affinity_base_look_up(i);
		if (n > 0 && row[n - 1].a == row[i].a && row[n - 1].b == row[i].b)
			row[n - 1].weight += row[i].weight;
		else
			row[n++] = row[i];
	}
	rows->n = n;
}

/*
 * Multiply all weights by a power of 2, which changes no digit: the largest
 * is then where sums cannot overflow, and the smallest where products keep
 * their precision. What is above 0 stays so.
 */
void
affinity_community_scale(CommunityRows *rows, int *exponent)
{
	double		largest = 0;
	double		sum = 0;
	int			of_largest;

	*exponent = 0;
	for (int64 i = 0; i < rows->n; i++)
		largest = Max(largest, rows->row[i].weight);
	if (largest == 0)
		return;
	(void) frexp(largest, &of_largest);
	*exponent = LARGEST_EXPONENT - of_largest;
	for (int64 i = 0; i < rows->n; i++)
	{
		CommunityRow *row = &rows->row[i];
		double		weight = row->weight;

		affinity_base_look_up(i);
		row->weight = ldexp(weight, *exponent);
		if (row->weight == 0 && weight > 0)
			row->weight = nextafter(0, 1);
		sum += row->weight;
	}
	if (isinf(ldexp(2 * sum, -*exponent)))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("the sum of the weights is beyond the range of double precision"),
				 errhint("Divide all weights by the same number: the answer stays the same.")));
}
