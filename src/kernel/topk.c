/*
 * topk.c
 *		The k largest of a stream of keys, without holding all of them.
 *
 * Keys that beat the floor are collected; when the room is full, a selection
 * keeps the k largest and raises the floor to the smallest of them. With room
 * for 2k keys each key costs O(1) on average, and most cost one comparison.
 * Where all scores are there at once, a histogram does it with fewer moves.
 */
#include <math.h>
#include <string.h>

#include "kernel/multiversion.h"
#include "kernel/topk.h"

/*
 * Leading bits of a positive real: its exponent and 3 bits of its mantissa.
 */
#define BUCKETS			2048
#define BUCKET_SHIFT	20

/* Numbers that are compared together. */
#define GROUP			((size_t) 32)

static inline int
score_bucket(float score)
{
	uint32_t	bits;

	if (!(score > 0))
		return 0;
	memcpy(&bits, &score, sizeof(bits));
	return (int) (bits >> BUCKET_SHIFT);
}

/*
 * Move the k largest of n keys to the front; k is 1 to n (Hoare's selection;
 * the pivot comes from a small generator, so no input is bad for it by its
 * order).
 */
void
affinity_kernel_select_largest(uint64_t *key, size_t n, size_t k)
{
	size_t		lo = 0;
	size_t		hi = n - 1;
	uint64_t	seed = 0x9E3779B97F4A7C15u ^ n;

	while (lo < hi)
	{
		size_t		i = lo;
		size_t		j = hi;
		uint64_t	pivot;

		seed = seed * 6364136223846793005u + 1442695040888963407u;
		pivot = key[lo + (size_t) (seed >> 33) % (hi - lo + 1)];
		for (;;)
		{
			uint64_t	swap;

			while (key[i] > pivot)
				i++;
			while (key[j] < pivot)
				j--;
			if (i >= j)
				break;
			swap = key[i];
			key[i++] = key[j];
			key[j--] = swap;
		}
		/* [lo, j] >= pivot >= [j + 1, hi] */
		if (k - 1 <= j)
			hi = j;
		else
			lo = j + 1;
	}
}

/*
 * Keep the k largest and raise the floor.
 */
void
affinity_kernel_topk_shrink(AffinityTopK *top)
{
	uint64_t	floor;

	if (top->n <= top->k)
		return;
	if (top->k == 0)
	{
		top->n = 0;
		top->floor = UINT64_MAX;
		return;
	}
	affinity_kernel_select_largest(top->key, top->n, top->k);
	top->n = top->k;
	floor = top->key[0];
	for (size_t i = 1; i < top->k; i++)
		floor = top->key[i] < floor ? top->key[i] : floor;
	top->floor = floor;
}

static void
insertion_sort(uint64_t *key, size_t n)
{
	for (size_t i = 1; i < n; i++)
	{
		uint64_t	x = key[i];
		size_t		j = i;

		for (; j > 0 && key[j - 1] < x; j--)
			key[j] = key[j - 1];
		key[j] = x;
	}
}

/*
 * Sort keys, largest first, by `bytes` bytes from `first` on, the last of
 * these first: what is equal by them stays in order. A byte that all keys
 * share costs nothing but its count.
 */
static inline void
sort_by_bytes(uint64_t *key, size_t n, uint64_t *scratch, int first, int bytes)
{
	uint32_t	count[8][256];
	uint64_t   *from = key;
	uint64_t   *to = scratch;

	memset(count, 0, bytes * sizeof(count[0]));
	for (size_t i = 0; i < n; i++)
	{
		uint64_t	word = key[i] >> (8 * first);

		for (int b = 0; b < bytes; b++)
			count[b][(word >> (8 * b)) & 255]++;
	}
	for (int b = 0; b < bytes; b++)
	{
		int			shift = 8 * (first + b);
		uint32_t   *c = count[b];
		uint32_t	sum = 0;
		uint64_t   *swap;

		if (c[(from[0] >> shift) & 255] == n)
			continue;
		for (int v = 255; v >= 0; v--)
		{
			uint32_t	here = c[v];

			c[v] = sum;
			sum += here;
		}
		for (size_t i = 0; i < n; i++)
			to[c[(from[i] >> shift) & 255]++] = from[i];
		swap = from;
		from = to;
		to = swap;
	}
	if (from != key)
		memcpy(key, from, n * sizeof(uint64_t));
}

/*
 * Sort keys, largest first. scratch has room for n keys; n is below 2^32. Most
 * differ in their upper words, and those that do not are mostly given in order:
 * so these words are sorted by, and the lower ones where it takes them.
 */
void
affinity_kernel_sort_descending(uint64_t *key, size_t n, uint64_t *scratch)
{
	if (n < 64)
	{
		insertion_sort(key, n);
		return;
	}
	sort_by_bytes(key, n, scratch, 4, 4);
	for (size_t i = 1; i < n; i++)
	{
		size_t		from = i - 1;
		size_t		to = i + 1;

		if (key[i] <= key[from])
			continue;
		/* a run of equal upper words, of which these are two */
		while (from > 0 && key[from - 1] >> 32 == key[i] >> 32)
			from--;
		while (to < n && key[to] >> 32 == key[i] >> 32)
			to++;
		if (to - from < 64)
			insertion_sort(key + from, to - from);
		else
			sort_by_bytes(key + from, to - from, scratch, 0, 4);
		i = to - 1;
	}
}

/*
 * The k best of n scores, as keys, in no order; scores that are not above 0
 * are left out. A histogram over the leading bits of the scores (which order
 * like numbers where they are positive) says which of them can be among the
 * best. key has room for n. Returns how many there are.
 */
size_t
affinity_kernel_select_scores(const float *score, const uint32_t *no,
							  size_t n, size_t k, uint64_t *key)
{
	uint32_t	count[BUCKETS] = {0};
	int			bucket = BUCKETS - 1;
	size_t		seen = 0;
	size_t		found = 0;

	if (k == 0)
		return 0;
	for (size_t i = 0; i < n; i++)
		count[score_bucket(score[i])]++;
	for (; bucket > 0; bucket--)
	{
		seen += count[bucket];
		if (seen >= k)
			break;
	}
	for (size_t i = 0; i < n; i++)
	{
		key[found] = affinity_kernel_rank_key(score[i], no[i]);
		found += (score[i] > 0 && score_bucket(score[i]) >= bucket);
	}
	if (found > k)
	{
		affinity_kernel_select_largest(key, found, k);
		found = k;
	}
	return found;
}

/*
 * The same, best first. scratch has room for n, too.
 */
size_t
affinity_kernel_topk_scores(const float *score, const uint32_t *no,
							size_t n, size_t k, uint64_t *key,
							uint64_t *scratch)
{
	size_t		found = affinity_kernel_select_scores(score, no, n, k, key);

	affinity_kernel_sort_descending(key, found, scratch);
	return found;
}

/*
 * Which of n numbers are not below `floor` in size, and not 0. Few are, so
 * they are looked at in groups. which has room for n.
 */
AFFINITY_MULTIVERSION size_t
affinity_kernel_topk_above(const float *x, size_t n, float floor,
						   uint32_t *which)
{
	size_t		found = 0;

	for (size_t from = 0; from < n; from += GROUP)
	{
		size_t		end = n - from < GROUP ? n : from + GROUP;
		int			any = 0;

		if (end - from == GROUP)
		{
			for (size_t i = 0; i < GROUP; i++)
				any |= fabsf(x[from + i]) >= floor && x[from + i] != 0;
			if (!any)
				continue;
		}
		for (size_t i = from; i < end; i++)
		{
			if (fabsf(x[i]) >= floor && x[i] != 0)
				which[found++] = (uint32_t) i;
		}
	}
	return found;
}

/*
 * The result: top->n keys, largest first. scratch has room for k keys.
 */
void
affinity_kernel_topk_finish(AffinityTopK *top, uint64_t *scratch)
{
	affinity_kernel_topk_shrink(top);
	affinity_kernel_sort_descending(top->key, top->n, scratch);
}
