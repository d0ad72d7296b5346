/*
 * exact.h
 *		Sums of doubles and of their products without any error.
 *
 * A sum is a whole number of 2^-2176, in limbs 32 bits apart that are 64 wide
 * and signed (R. M. Neal, "Fast exact summation using small and large
 * superaccumulators", 2015): an addition touches two limbs, that of a product
 * four, and carries are looked at every thousand additions only. The smallest
 * product of two doubles is 2^-2148 and the largest below 2^2048, so products
 * are exact too, whatever underflows, without a fused multiply-add; and 2^63
 * additions of the largest fit. A sum holds only the limbs that its terms
 * reached: some 100 bytes for ordinary data.
 *
 * Memory is the caller's. Where an addition does not fit, it says so and the
 * caller makes room:
 *
 *		while (!affinity_kernel_exact_add(sum, x))
 *		{
 *			affinity_kernel_exact_window(sum, &first, &room);
 *			wider = palloc(AFFINITY_EXACT_SIZE(room));
 *			affinity_kernel_exact_begin(wider, first, room);
 *			affinity_kernel_exact_move(sum, wider);
 *			sum = wider;
 *		}
 *
 * A sum of AFFINITY_EXACT_ROOM limbs from 0 on never asks.
 */
#ifndef AFFINITY_KERNEL_EXACT_H
#define AFFINITY_KERNEL_EXACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define AFFINITY_EXACT_UNIT (-2176) /* the lowest bit is 2 to this */
#define AFFINITY_EXACT_ROOM 136 /* limbs there can be */
#define AFFINITY_EXACT_PENDING 1000 /* additions without a carry */

typedef struct AffinityExact
{
	uint8_t		first;			/* limb[0] counts 2^(32 first - 2176) */
	uint8_t		room;			/* limbs, at least 4 */
	uint16_t	pending;		/* additions since carries were looked at */
	uint8_t		wanted;			/* the limbs that were needed */
	uint8_t		wanted_end;
	uint16_t	unused;
	int64_t		limb[];
} AffinityExact;

#define AFFINITY_EXACT_SIZE(room) \
	(offsetof(AffinityExact, limb) + (size_t) (room) * sizeof(int64_t))

/*
 * A sum at rest: the digits of its size, neither the first nor the last of
 * them 0. Equal sums are equal bytes.
 */
typedef struct AffinityExactPacked
{
	int16_t		first;			/* digit[0] counts 2^(32 first - 2176) */
	int16_t		n;				/* digits; below 0 if the sum is */
	uint32_t	digit[];
} AffinityExactPacked;

#define AFFINITY_EXACT_PACKED_SIZE(n) \
	(offsetof(AffinityExactPacked, digit) + (size_t) (n) * sizeof(uint32_t))
#define AFFINITY_EXACT_PACKED_MAX \
	AFFINITY_EXACT_PACKED_SIZE(AFFINITY_EXACT_ROOM + 2)

/* A double taken apart: (-1)^negative size 2^(bit - 2176). */
typedef struct AffinityExactTerm
{
	uint64_t	size;
	uint32_t	bit;
	uint32_t	negative;		/* 0 or 1 */
} AffinityExactTerm;

extern void affinity_kernel_exact_begin(AffinityExact *sum, int first,
										int room);
extern void affinity_kernel_exact_window(const AffinityExact *sum, int *first,
										 int *room);
extern void affinity_kernel_exact_move(const AffinityExact *from,
									   AffinityExact *to);
extern size_t affinity_kernel_exact_pack(const AffinityExact *sum,
										 AffinityExactPacked *packed);
extern bool affinity_kernel_exact_merge(AffinityExact *sum,
										const AffinityExactPacked *packed);
extern size_t affinity_kernel_exact_check(const void *bytes, size_t n_bytes);
extern double affinity_kernel_exact_double(const AffinityExactPacked *packed);
extern double affinity_kernel_exact_fraction(const AffinityExactPacked *packed,
											 int *exponent);
extern double affinity_kernel_exact_central(uint64_t n,
											const AffinityExactPacked *xy,
											const AffinityExactPacked *x,
											const AffinityExactPacked *y,
											int *exponent);
extern bool affinity_kernel_exact_ready(AffinityExact *sum, uint32_t limb,
										uint32_t limbs);

/* A finite double's term. */
static inline AffinityExactTerm
affinity_kernel_exact_term(double x)
{
	AffinityExactTerm term;
	uint64_t	bits;
	uint32_t	exponent;

	memcpy(&bits, &x, sizeof(bits));
	exponent = (uint32_t) (bits >> 52) & 0x7ff;
	term.size = bits & (((uint64_t) 1 << 52) - 1);
	term.size |= (uint64_t) (exponent != 0) << 52;
	exponent += exponent == 0;
	term.bit = exponent + (-1075 - AFFINITY_EXACT_UNIT);
	term.negative = (uint32_t) (bits >> 63);
	return term;
}

/* What is added to a limb: part, or less it. */
static inline int64_t
affinity_kernel_exact_signed(uint64_t part, uint32_t negative)
{
	return (int64_t) ((part ^ -(uint64_t) negative) + negative);
}

/* Add a term; false where the sum must be wider first. */
static inline bool
affinity_kernel_exact_add_term(AffinityExact *sum, AffinityExactTerm term)
{
	uint32_t	limb = term.bit / 32 - sum->first;
	uint32_t	shift = term.bit % 32;

	limb = term.size == 0 ? 0 : limb;
	if (limb >= sum->room - 1u || sum->pending >= AFFINITY_EXACT_PENDING)
	{
		if (!affinity_kernel_exact_ready(sum, term.bit / 32,
										 term.size == 0 ? 0 : 2))
			return false;
		limb = term.size == 0 ? 0 : term.bit / 32 - sum->first;
	}
	sum->pending++;
	sum->limb[limb] +=
		affinity_kernel_exact_signed((uint32_t) (term.size << shift),
									 term.negative);
	sum->limb[limb + 1] +=
		affinity_kernel_exact_signed(term.size >> (32 - shift), term.negative);
	return true;
}

/* Add a finite double; false where the sum must be wider first. */
static inline bool
affinity_kernel_exact_add(AffinityExact *sum, double x)
{
	return affinity_kernel_exact_add_term(sum, affinity_kernel_exact_term(x));
}

/* Add the product of two terms; false where the sum must be wider first. */
static inline bool
affinity_kernel_exact_add_product(AffinityExact *sum, AffinityExactTerm x,
								  AffinityExactTerm y)
{
	unsigned	__int128 size = (unsigned __int128) x.size * y.size;
	uint32_t	bit = x.bit + y.bit + AFFINITY_EXACT_UNIT;
	uint32_t	limb = bit / 32 - sum->first;
	uint32_t	shift = bit % 32;
	uint32_t	negative = x.negative ^ y.negative;
	uint64_t	low = (uint64_t) size;
	uint64_t	high = (uint64_t) (size >> 64);
	uint64_t	third = high << shift | low >> 32 >> (32 - shift);

	limb = size == 0 ? 0 : limb;
	if (limb >= sum->room - 3u || sum->pending >= AFFINITY_EXACT_PENDING)
	{
		if (!affinity_kernel_exact_ready(sum, bit / 32, size == 0 ? 0 : 4))
			return false;
		limb = size == 0 ? 0 : bit / 32 - sum->first;
	}
	sum->pending++;
	sum->limb[limb] +=
		affinity_kernel_exact_signed((uint32_t) (low << shift), negative);
	sum->limb[limb + 1] +=
		affinity_kernel_exact_signed((uint32_t) (low >> (32 - shift)), negative);
	sum->limb[limb + 2] +=
		affinity_kernel_exact_signed((uint32_t) third, negative);
	sum->limb[limb + 3] +=
		affinity_kernel_exact_signed(high >> (32 - shift), negative);
	return true;
}

#endif							/* AFFINITY_KERNEL_EXACT_H */
