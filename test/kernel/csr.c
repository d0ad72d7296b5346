/*
 * kernel/csr.c and sparse.c: entries in no order, with duplicates, sorted
 * digit by digit, merged and put into a matrix, against a dense one; sums
 * over its rows with the list of what was touched.
 */
#include <float.h>

#include "kernel/csr.h"
#include "kernel/sparse.h"
#include "tap.h"

#define ROWS 37
#define COLS 300

/* The digits by which entries are sorted. */
static const AffinityDigit low_of_col = {false, 0, 63};
static const AffinityDigit high_of_col = {false, 6, 63};
static const AffinityDigit of_row = {true, 0, 63};

static void
sort_by(AffinityDigit digit, const AffinityEntry *from, const float *second,
		size_t n, AffinityEntry *to, float *to_second)
{
	int64_t		count[64] = {0};
	int64_t		start[65];

	affinity_kernel_entries_count(from, n, digit, count);
	affinity_kernel_csr_offsets(count, 64, start);
	affinity_kernel_entries_place(from, second, n, digit, start, to,
								  to_second);
}

/* Everything up to the matrix; second is summed, or its maximum taken. */
static AffinityCsr
matrix_of(AffinityEntry *entry, float *second, size_t n, bool second_is_max,
		  bool in_pieces, float **out_second, AffinityMerge *merge)
{
	AffinityEntry *other = take(n, sizeof(AffinityEntry));
	float	   *other_second = take(n, sizeof(float));
	AffinityCsr m = {.n_rows = ROWS, .n_cols = COLS};
	int64_t		count[ROWS] = {0};
	int64_t		next[ROWS];
	AffinityCsrValues values;
	size_t		kept = 0;

	/* columns by 6 and 3 bits, then rows by 6 */
	sort_by(low_of_col, entry, second, n, other,
			other_second);
	sort_by(high_of_col, other, other_second, n, entry,
			second);
	sort_by(of_row, entry, second, n, other,
			other_second);
	memset(merge, 0, sizeof(*merge));
	merge->second_is_max = second_is_max;
	merge->all_one = true;
	merge->limit = FLT_MAX;
	for (size_t from = 0; from < n;)
	{
		size_t		piece = in_pieces ? 1 + random_below(7) : n;

		if (piece > n - from)
			piece = n - from;
		kept += affinity_kernel_entries_merge(merge, other +
											  from, other_second + from, piece,
											  entry + kept, second + kept);
		from += piece;
	}
	kept += affinity_kernel_entries_merge(merge, NULL, second, 0, entry + kept,
										  second + kept);
	affinity_kernel_entries_count(entry, kept, of_row,
								  count);
	m.start = take(ROWS + 1, sizeof(int64_t));
	affinity_kernel_csr_offsets(count, ROWS, m.start);
	memcpy(next, m.start, sizeof(next));
	m.col = take(kept, sizeof(uint32_t));
	m.val = take(kept, sizeof(float));
	*out_second = take(kept, sizeof(float));
	values.first = m.val;
	values.second = *out_second;
	affinity_kernel_entries_to_csr(entry, second, kept, NULL, next, m.col,
								   values);
	free(other);
	free(other_second);
	return m;
}

static void
test_matrix(size_t n, bool second_is_max, bool in_pieces)
{
	AffinityEntry *entry = take(n, sizeof(AffinityEntry));
	float	   *second = take(n, sizeof(float));
	static double sum[ROWS][COLS];
	static double sum2[ROWS][COLS];
	static bool there[ROWS][COLS];
	AffinityCsr m;
	AffinityMerge merge;
	float	   *out_second;
	int64_t		dropped = 0;
	bool		same = true;

	memset(sum, 0, sizeof(sum));
	memset(sum2, 0, sizeof(sum2));
	memset(there, 0, sizeof(there));
	for (size_t i = 0; i < n; i++)
	{
		uint32_t	r = random_below(ROWS);
		uint32_t	c = random_below(random_below(COLS) + 1);

		/* quarters: their sums are exact in any order */
		entry[i] = (AffinityEntry)
		{
			r, c, (float) random_below(8) / 4 - 0.5f
		};
		second[i] = (float) random_below(100);
		sum[r][c] += entry[i].val;
		sum2[r][c] = second_is_max ? fmax(sum2[r][c], second[i]) :
			sum2[r][c] + second[i];
		there[r][c] = true;
	}
	m = matrix_of(entry, second, n, second_is_max, in_pieces, &out_second,
				  &merge);
	for (uint32_t r = 0; r < ROWS; r++)
	{
		int64_t		at = m.start[r];

		for (uint32_t c = 0; c < COLS; c++)
		{
			if (!there[r][c])
				continue;
			if (sum[r][c] <= 0)
			{
				dropped++;
				continue;
			}
			same &= at < m.start[r + 1] && m.col[at] == c &&
				m.val[at] == sum[r][c] && out_second[at] == sum2[r][c];
			at++;
		}
		same &= at == m.start[r + 1];
	}
	ok(same && merge.dropped.n == dropped, "%zu entries, second by %s, %s", n,
	   second_is_max ? "maximum" : "sum", in_pieces ? "in pieces" : "at once");
	free(entry);
	free(second);
	free(m.start);
	free(m.col);
	free(m.val);
	free(out_second);
}

/* Means keep every pair, whatever its sign. */
static void
test_means(void)
{
	AffinityEntry entry[5] = {
		{0, 1, -4}, {0, 1, 1}, {0, 2, 0}, {3, 0, 2}, {3, 0, 3}
	};
	AffinityMerge merge = {.mean = true, .any_sign = true, .limit = 9};
	AffinityEntry out[5];
	size_t		n = affinity_kernel_entries_merge(&merge, entry, NULL, 5, out,
												  NULL);

	n += affinity_kernel_entries_merge(&merge, NULL, NULL, 0, out + n, NULL);
	ok(n == 3 && out[0].val == -1.5f && out[1].val == 0 && out[2].val == 2.5f &&
	   out[2].row == 3 && merge.dropped.n == 0, "means of duplicates");
}

/* Sums of any sign; what has no value; the first of what is dropped. */
static void
test_signs(void)
{
	static const AffinityEntry entry[9] = {
		{0, 1, -4}, {0, 1, 1}, {0, 2, 0}, {1, 3, NAN}, {1, 4, NAN}, {1, 4, 2},
		{2, 0, 9}, {2, 1, -9}, {2, 5, -2}
	};
	static const uint32_t rank[3] = {2, 1, 0};
	AffinityMerge merge = {.any_sign = true, .limit = 8};
	AffinityEntry out[9];
	size_t		n = affinity_kernel_entries_merge(&merge, entry, NULL, 9, out,
												  NULL);

	n += affinity_kernel_entries_merge(&merge, NULL, NULL, 0, out + n, NULL);
	ok(n == 4 && out[0].val == -3 && out[1].val == 0 && out[2].val == 2 &&
	   out[3].val == -2 && merge.dropped.n == 3 && merge.dropped.row == 1 &&
	   merge.dropped.col == 3, "sums of any sign");
	merge = (AffinityMerge)
	{
		.keep_dropped = true, .all_one = true, .limit = 8, .rank = rank
	};
	n = affinity_kernel_entries_merge(&merge, entry, NULL, 9, out, NULL);
	n += affinity_kernel_entries_merge(&merge, NULL, NULL, 0, out + n, NULL);
	ok(n == 7 && isnan(out[0].val) && isnan(out[1].val) && isnan(out[2].val) &&
	   out[3].val == 2 && isnan(out[4].val) && isnan(out[5].val) &&
	   isnan(out[6].val) && !merge.all_one, "dropped pairs stay as NaN");
	ok(merge.dropped.n == 6 && merge.dropped.row == 0 &&
	   merge.dropped.col == 0 && merge.dropped.val == 9,
	   "the first one by rank is known");
	merge = (AffinityMerge)
	{
		.limit = INFINITY
	};
	out[0] = out[1] = out[2] = (AffinityEntry)
	{
		4, 4, FLT_MAX
	};
	n = affinity_kernel_entries_merge(&merge, out, NULL, 3, out, NULL);
	n += affinity_kernel_entries_merge(&merge, NULL, NULL, 0, out + n, NULL);
	ok(n == 1 && merge.infinite.n == 1 && merge.infinite.row == 4 &&
	   merge.infinite.val == 3.0 * FLT_MAX, "a sum beyond float is known");
}

static void
test_renumber(void)
{
	AffinityEntry entry[3] = {{1, 0, 1}, {0, 2, 2}, {1, 1, 3}};
	uint32_t	renumber[3] = {10, 20, 30};
	int64_t		next[2] = {0, 1};
	uint32_t	col[3];
	float		val[3];
	AffinityCsrValues values = {val, NULL};

	affinity_kernel_entries_to_csr(entry, NULL, 3, renumber, next, col,
								   values);
	ok(col[0] == 30 && col[1] == 10 && col[2] == 20 && val[0] == 2 &&
	   val[1] == 1 && val[2] == 3 && next[0] == 1 && next[1] == 3,
	   "columns get new numbers");
}

/* A row of distinct columns, in order. */
static size_t
random_row(uint32_t *col, float *val)
{
	size_t		n = 0;

	for (uint32_t c = 0; c < COLS; c++)
		if (random_below(4) == 0)
		{
			col[n] = c;
			val[n++] = 0.5f + (float) random_below(8);
		}
	return n;
}

static void
test_sums(bool with_values)
{
	double		sum[COLS] = {0};
	double		want[COLS] = {0};
	double		right[COLS];
	uint32_t	count[COLS] = {0};
	uint32_t	want_count[COLS] = {0};
	uint32_t	touched[COLS + 1];
	uint32_t	col[COLS];
	float		val[COLS];
	float		score[COLS + 1];
	uint32_t	n_touched = 0;
	size_t		n_want = 0;
	bool		same = true;

	for (int r = 0; r < 5; r++)
	{
		size_t		n = random_row(col, val);
		double		factor = 0.25 * (r + 1);

		for (size_t i = 0; i < n; i++)
		{
			want[col[i]] += factor * (with_values ? val[i] : 1);
			want_count[col[i]]++;
		}
		n_touched = affinity_kernel_sparse_add(sum, touched, n_touched, col,
											   with_values ? val : NULL, n,
											   factor);
		affinity_kernel_sparse_count(count, col, n);
	}
	for (int c = 0; c < COLS; c++)
	{
		n_want += want[c] > 0;
		right[c] = c + 1;
	}
	same = n_touched == n_want && memcmp(sum, want, sizeof(sum)) == 0 &&
		memcmp(count, want_count, sizeof(count)) == 0;
	ok(same, "sums and counts of rows %s values",
	   with_values ? "with" : "without");
	affinity_kernel_sparse_take(sum, touched, n_touched, 2, right, score);
	same = true;
	for (uint32_t i = 0; i < n_touched; i++)
		same &= score[i] == (float) (want[touched[i]] * 2 * right[touched[i]]);
	for (int c = 0; c < COLS; c++)
		same &= sum[c] == 0;
	ok(same, "are taken out, and cleared");
	sum[7] = 1e300;
	touched[0] = 7;
	affinity_kernel_sparse_take(sum, touched, 1, 1e10, right, score);
	ok(score[0] == FLT_MAX, "what is too large for a real is the largest one");
	sum[7] = 1e-300;
	sum[8] = 0;
	touched[1] = 8;
	affinity_kernel_sparse_take(sum, touched, 2, 1e10, right, score);
	ok(score[0] == FLT_MIN && score[1] == 0,
	   "what is too small the least, and nothing stays nothing");
}

static void
test_moments(void)
{
	AffinityMoments sum[COLS];
	AffinityMoments want[COLS];
	uint32_t	touched[COLS + 1];
	uint32_t	col[COLS];
	float		val[COLS];
	uint32_t	n_touched = 0;

	memset(sum, 0, sizeof(sum));
	memset(want, 0, sizeof(want));
	for (int r = 0; r < 6; r++)
	{
		size_t		n = random_row(col, val);
		double		x = r + 0.5;
		bool		ones = r == 3;

		for (size_t i = 0; i < n; i++)
		{
			AffinityMoments *w = &want[col[i]];
			double		y = ones ? 1 : val[i];

			w->n += 1;
			w->x += x;
			w->y += y;
			w->xx += x * x;
			w->yy += y * y;
			w->xy += x * y;
		}
		n_touched = affinity_kernel_sparse_moments(sum, touched, n_touched,
												   col, ones ? NULL : val, n,
												   x);
	}
	for (uint32_t i = 0; i < n_touched; i++)
		for (uint32_t j = 0; j < i; j++)
			if (touched[i] == touched[j])
				n_touched = COLS + 1;
	ok(n_touched <= COLS && memcmp(sum, want, sizeof(sum)) == 0, "moments");
}

/*
 * Sums in reals, and numbers in the order in which columns are met.
 */
static void
test_reals(bool with_values)
{
	uint32_t	col[COLS];
	float		val[COLS];
	float		sum[COLS] = {0};
	float		want[COLS] = {0};
	float		taken[COLS];
	uint32_t	mark[COLS] = {0};
	uint32_t	met[COLS + 1];
	uint32_t	number[COLS];
	uint32_t	n_met = 0;
	uint32_t	base = 1;
	bool		same = true;

	for (int r = 0; r < 6; r++)
	{
		size_t		n = random_row(col, val);
		const float *x = with_values ? val : NULL;
		double		dot = 0;
		float		got;

		affinity_kernel_sparse_scatter(sum, col, x, n, 0.5f);
		for (size_t i = 0; i < n; i++)
			want[col[i]] += with_values ? 0.5f * val[i] : 0.5f;
		for (size_t i = 0; i < n; i++)
			dot += want[col[i]] * (with_values ? (double) val[i] : 1);
		got = affinity_kernel_sparse_dot(sum, col, x, n);
		same &= dot - got <= 1e-5 * dot && got - dot <= 1e-5 * dot;
		affinity_kernel_sparse_gather(sum, col, n, taken);
		for (size_t i = 0; i < n; i++)
			same &= taken[i] == sum[col[i]];
		/* in the middle, everything is new again */
		if (r == 3)
		{
			base += n_met;
			n_met = 0;
		}
		n_met = affinity_kernel_sparse_number(mark, base, col, n, n_met, met,
											  number);
		for (size_t i = 0; i < n; i++)
			same &= number[i] < n_met && met[number[i]] == col[i];
	}
	for (uint32_t i = 0; i < n_met; i++)
		for (uint32_t j = 0; j < i; j++)
			same &= met[i] != met[j];
	ok(same && memcmp(sum, want, sizeof(sum)) == 0,
	   "sums in reals %s values; numbers in the order of meeting",
	   with_values ? "with" : "without");
}

int
main(void)
{
	static const size_t sizes[] = {0, 1, 2, 50, 5000};

	for (size_t s = 0; s < 5; s++)
		for (int how = 0; how < 4; how++)
			test_matrix(sizes[s], how & 1, how & 2);
	test_means();
	test_signs();
	test_renumber();
	for (int i = 0; i < 20; i++)
		test_sums(i % 2);
	test_moments();
	for (int i = 0; i < 20; i++)
		test_reals(i % 2);
	return done();
}
