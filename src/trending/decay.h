/*
 * decay.h
 *		Sums of weights that halve in a fixed time, as whole numbers.
 */
#ifndef AFFINITY_TRENDING_DECAY_H
#define AFFINITY_TRENDING_DECAY_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Time is counted in half-lives from 2000-01-01 on: a whole number of them,
 * and a fraction in 2^-64. A block is 64 whole half-lives. The sum of a
 * block's terms, weight times 2^(half-lives since the block began), is a
 * number of 320 bits in two's complement, the lowest part first; its lowest
 * bit is 2^-127. A state has the newest block with a row and two before it.
 */
#define DECAY_PARTS 5
#define DECAY_BLOCKS 3

/* A few rows need fewer parts: a term has 242 bits, and there is a sign. */
#define DECAY_FEW_PARTS 4
#define DECAY_FEW_BLOCKS 2
#define DECAY_FEW_ROWS 4096

typedef struct DecaySum
{
	uint64_t	parts[DECAY_PARTS];
} DecaySum;

/* All of a half-life that need not be computed for each row. */
typedef struct DecayClock
{
	int64_t		half_life;		/* us */
	int			shift;			/* that makes it fill 64 bits */
	uint64_t	divisor;		/* so shifted */
	uint64_t	inverse;		/* of it, as Möller and Granlund have it */
	uint64_t	offset;			/* whole half-lives that make a time positive */
	int64_t		offset_count;
} DecayClock;

typedef struct DecayTime
{
	int64_t		whole;			/* half-lives since 2000-01-01 */
	uint64_t	fraction;		/* of one, in 2^-64 */
} DecayTime;

/* A weight: its sign, and its size as a whole number of 2^(shift - 64). */
typedef struct DecayWeight
{
	uint64_t	size;			/* up to 2^53 */
	int			shift;			/* 0 to 61 */
	bool		negative;
} DecayWeight;

/* A time's block. */
static inline int64_t
affinity_trending_block(int64_t whole)
{
	return whole >= 0 ? whole / 64 : -((63 - whole) / 64);
}

extern void affinity_trending_clock_init(DecayClock *clock, int64_t half_life);
extern DecayTime affinity_trending_time(const DecayClock *clock, int64_t at);
extern DecayWeight affinity_trending_weight(double weight);
extern void affinity_trending_add(uint64_t *sum, int parts, DecayTime at,
								  const DecayWeight *weight);
extern void affinity_trending_merge(DecaySum *sum, const DecaySum *other);
extern int	affinity_trending_width(const DecaySum *sum);
extern double affinity_trending_value(const DecaySum *blocks, int64_t block,
									  DecayTime as_of);
extern double affinity_trending_rank(const DecaySum *blocks, int64_t block);

#endif							/* AFFINITY_TRENDING_DECAY_H */
