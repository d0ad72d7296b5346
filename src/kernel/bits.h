/*
 * bits.h
 *		Bitmaps as lists of numbers.
 */
#ifndef AFFINITY_KERNEL_BITS_H
#define AFFINITY_KERNEL_BITS_H

#include <stddef.h>
#include <stdint.h>

/* Numbers that affinity_kernel_list_bits may write for so many words. */
#define AFFINITY_BITS_ROOM(n_words) ((n_words) * (size_t) 64 + 8)

extern size_t affinity_kernel_list_bits(const uint64_t *words, size_t n_words,
										uint32_t first, uint32_t *out);

#endif							/* AFFINITY_KERNEL_BITS_H */
