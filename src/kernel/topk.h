/*
 * topk.h
 *		The k largest keys.
 */
#ifndef AFFINITY_KERNEL_TOPK_H
#define AFFINITY_KERNEL_TOPK_H

#include <stddef.h>
#include <stdint.h>

typedef struct AffinityTopK
{
	uint64_t   *key;			/* room for cap keys */
	size_t		n;
	size_t		k;
	size_t		cap;			/* at least k + 1; 2k or more is fast */
	uint64_t	floor;			/* keys not above it cannot be among the k */
} AffinityTopK;

extern void affinity_kernel_topk_shrink(AffinityTopK *top);
extern void affinity_kernel_topk_finish(AffinityTopK *top, uint64_t *scratch);
extern size_t affinity_kernel_topk_scores(const float *score,
										  const uint32_t *no,
										  size_t n, size_t k, uint64_t *key,
										  uint64_t *scratch);
extern size_t affinity_kernel_select_scores(const float *score,
											const uint32_t *no,
											size_t n, size_t k,
											uint64_t *key);
extern size_t affinity_kernel_topk_above(const float *x, size_t n,
										 float floor, uint32_t *which);
extern void affinity_kernel_sort_descending(uint64_t *key, size_t n,
											uint64_t *scratch);
extern void affinity_kernel_select_largest(uint64_t *key, size_t n, size_t k);

static inline void
affinity_kernel_topk_init(AffinityTopK *top, uint64_t *key,
						  size_t k, size_t cap)
{
	top->key = key;
	top->n = 0;
	top->k = k;
	top->cap = cap;
	top->floor = 0;
}

static inline void
affinity_kernel_topk_push(AffinityTopK *top, uint64_t key)
{
	if (key <= top->floor)
		return;
	top->key[top->n++] = key;
	if (top->n == top->cap)
		affinity_kernel_topk_shrink(top);
}

/*
 * A key that orders by score, largest first, then by number, smallest first.
 * No key is 0, so that 0 can stand for "below all".
 */
static inline uint64_t
affinity_kernel_rank_key(float score, uint32_t no)
{
	union
	{
		float		f;
		uint32_t	u;
	}			bits;

	bits.f = score + 0.0f;		/* -0 and 0 are equal */
	bits.u = (bits.u & 0x80000000u) ? ~bits.u : bits.u | 0x80000000u;
	return ((uint64_t) bits.u << 32) | (uint32_t) ~no;
}

static inline uint32_t
affinity_kernel_rank_key_no(uint64_t key)
{
	return ~(uint32_t) key;
}

static inline float
affinity_kernel_rank_key_score(uint64_t key)
{
	union
	{
		float		f;
		uint32_t	u;
	}			bits;

	bits.u = (uint32_t) (key >> 32);
	bits.u = (bits.u & 0x80000000u) ? bits.u & 0x7fffffffu : ~bits.u;
	return bits.f;
}

#endif							/* AFFINITY_KERNEL_TOPK_H */
