/*
 * bits.c
 *		Bitmaps as lists of the numbers of their bits.
 *
 * Eight numbers are written for each word, whether it has as many bits or
 * not: the next word overwrites what was too much. That costs less than a
 * branch that is guessed wrong at the end of each word.
 */
#include "kernel/bits.h"
#include "kernel/multiversion.h"

/*
 * The numbers of the bits of a bitmap, ascending, where the first word begins
 * with the number first. Returns how many; out has room for
 * AFFINITY_BITS_ROOM.
 */
AFFINITY_MULTIVERSION size_t
affinity_kernel_list_bits(const uint64_t *words,
						  size_t n_words,
						  uint32_t first,
						  uint32_t *out)
{
	uint32_t   *to = out;

	for (size_t w = 0; w < n_words; w++, first += 64)
	{
		uint64_t	bits = words[w];
		int			n = __builtin_popcountll(bits);

		if (n == 0)
			continue;
		for (int i = 0; i < 8; i++)
		{
			/* where no bit is left, some number or other */
			to[i] = first +
				(uint32_t) __builtin_ctzll(bits | UINT64_C(1) << 63);
			bits &= bits - 1;
		}
		for (int i = 8; i < n; i++)
		{
			to[i] = first + (uint32_t) __builtin_ctzll(bits);
			bits &= bits - 1;
		}
		to += n;
	}
	return (size_t) (to - out);
}
