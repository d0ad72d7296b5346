/*
 * topk.c
 *		The k largest of a stream of keys, without holding all of them.
 *
 * Keys that beat the floor are collected; when the room is full, a selection
 * keeps the k largest and raises the floor to the smallest of them. With room
 * for 2k keys each key costs O(1) on average, and most cost one comparison.
 */
#include <string.h>

#include "kernel/kernel.h"

/*
 * Move the k largest of n keys to the front (Hoare's selection; the pivot comes
 * from a small generator, so no input is bad for it by its order).
 */
static void
select_largest(uint64_t *key, size_t n, size_t k)
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
affinity_topk_shrink(AffinityTopK *top)
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
	select_largest(top->key, top->n, top->k);
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
 * Sort keys, largest first. scratch has room for n keys. A byte that all keys
 * share costs a count and no move.
 */
void
affinity_sort_descending(uint64_t *key, size_t n, uint64_t *scratch)
{
	uint64_t   *from = key;
	uint64_t   *to = scratch;

	if (n < 64)
	{
		insertion_sort(key, n);
		return;
	}
	for (int shift = 0; shift < 64; shift += 8)
	{
		size_t		count[256] = {0};
		size_t		sum = 0;
		uint64_t   *swap;

		for (size_t i = 0; i < n; i++)
			count[(from[i] >> shift) & 255]++;
		if (count[(from[0] >> shift) & 255] == n)
			continue;
		for (int b = 255; b >= 0; b--)
		{
			size_t		c = count[b];

			count[b] = sum;
			sum += c;
		}
		for (size_t i = 0; i < n; i++)
			to[count[(from[i] >> shift) & 255]++] = from[i];
		swap = from;
		from = to;
		to = swap;
	}
	if (from != key)
		memcpy(key, from, n * sizeof(uint64_t));
}

/*
 * The result: top->n keys, largest first. scratch has room for k keys.
 */
void
affinity_topk_finish(AffinityTopK *top, uint64_t *scratch)
{
	affinity_topk_shrink(top);
	affinity_sort_descending(top->key, top->n, scratch);
}
