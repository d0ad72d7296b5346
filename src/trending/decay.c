/*
 * decay.c
 *		Sums of weights that halve in a fixed time, as whole numbers.
 *
 * A row of weight w at t half-lives counts w 2^(t - T) as of T. Each row's
 * w 2^t is a whole number of the same unit within a block, so that sums are
 * exact, whatever their order. Only 2^t of a fraction of a half-life is
 * rounded, once for each row, to 2^-62 of it, by multiplications of whole
 * numbers, which are the same on every processor.
 */
#include <math.h>
#include <string.h>

#include "trending/decay.h"
#include "trending/powers.h"

typedef unsigned __int128 Twice;

/* Times before 4714 BC there are none. */
#define FIRST_TIME UINT64_C(211813488000000000)

static inline uint64_t
high_product(uint64_t a, uint64_t b)
{
	return (uint64_t) ((Twice) a * b >> 64);
}

void
affinity_trending_clock_init(DecayClock *clock, int64_t half_life)
{
	uint64_t	h = (uint64_t) half_life;

	clock->half_life = half_life;
	clock->shift = __builtin_clzll(h);
	clock->divisor = h << clock->shift;
	clock->inverse = (uint64_t) (~(Twice) 0 / clock->divisor);
	clock->offset_count = (int64_t) ((FIRST_TIME + h - 1) / h);
	clock->offset = (uint64_t) clock->offset_count * h;
}

/*
 * high 2^64 + low divided by the divisor, high being below it; Möller and
 * Granlund, "Improved division by invariant integers" (2011), algorithm 4.
 */
static inline uint64_t
divide(const DecayClock *clock, uint64_t high, uint64_t low, uint64_t *rest)
{
	Twice		q = (Twice) clock->inverse * high + ((Twice) high << 64 | low);
	uint64_t	quotient = (uint64_t) (q >> 64) + 1;
	uint64_t	r = low - quotient * clock->divisor;

	if (r > (uint64_t) q)
	{
		quotient--;
		r += clock->divisor;
	}
	if (r >= clock->divisor)
	{
		quotient++;
		r -= clock->divisor;
	}
	*rest = r;
	return quotient;
}

/* A time in us since 2000-01-01. */
DecayTime
affinity_trending_time(const DecayClock *clock, int64_t at)
{
	uint64_t	since = (uint64_t) at + clock->offset;
	Twice		shifted = (Twice) since << clock->shift;
	DecayTime	time;
	uint64_t	rest;

	time.whole = (int64_t) (divide(clock, (uint64_t) (shifted >> 64),
								   (uint64_t) shifted, &rest) -
							(uint64_t) clock->offset_count);
	time.fraction = divide(clock, rest, 0, &rest);
	return time;
}

/*
 * 2^fraction in 2^-63: a table for the first 8 bits, and for the others the
 * series of the exponential function up to the 6th power, whose terms'
 * factors are ln(2)^n / n! in 2^-64.
 */
static inline uint64_t
power_of_fraction(uint64_t fraction)
{
	uint64_t	x = fraction << 8;	/* in 2^-72 */
	uint64_t	y;
	uint64_t	start = power_of_2[fraction >> 56];

	y = UINT64_C(0xa184897c363c4);
	y = UINT64_C(0x5761ff9e299cc4) + (high_product(y, x) >> 8);
	y = UINT64_C(0x276556df749cee5) + (high_product(y, x) >> 8);
	y = UINT64_C(0xe35846b82505fc6) + (high_product(y, x) >> 8);
	y = UINT64_C(0x3d7f7bff058b1d51) + (high_product(y, x) >> 8);
	y = UINT64_C(0xb17217f7d1cf79ac) + (high_product(y, x) >> 8);
	y = high_product(y, x) >> 8;
	return start + high_product(start, y);
}

/* A sum of so many parts += value 2^(64 part), which is not negative. */
static inline void
add_parts(uint64_t *sum, int parts, int part, const uint64_t *value, int n)
{
	Twice		carry = 0;

	for (int i = 0; i < n; i++)
	{
		carry += (Twice) sum[part + i] + value[i];
		sum[part + i] = (uint64_t) carry;
		carry >>= 64;
	}
	for (int i = part + n; carry != 0 && i < parts; i++)
		carry = ++sum[i] == 0;
}

static inline void
subtract_parts(uint64_t *sum, int parts, int part, const uint64_t *value,
			   int n)
{
	uint64_t	borrow = 0;

	for (int i = 0; i < n; i++)
	{
		Twice		rest = (Twice) sum[part + i] - value[i] - borrow;

		sum[part + i] = (uint64_t) rest;
		borrow = (uint64_t) (rest >> 64) & 1;
	}
	for (int i = part + n; borrow != 0 && i < parts; i++)
		borrow = sum[i]-- == 0;
}

/*
 * A finite weight of up to 1e15 in size. Those below 2^-11 are rounded to
 * 2^-64, half to even; the others are what they are.
 */
DecayWeight
affinity_trending_weight(double weight)
{
	DecayWeight result;
	uint64_t	bits;
	int			exponent;

	memcpy(&bits, &weight, sizeof(bits));
	exponent = (int) (bits >> 52 & 0x7ff);
	result.negative = bits >> 63 != 0;
	result.shift = exponent - (1075 - 64);
	result.size = (bits & ((UINT64_C(1) << 52) - 1)) | UINT64_C(1) << 52;
	if (result.shift < 0)
	{
		result.size = (uint64_t) llrint(ldexp(fabs(weight), 64));
		result.shift = 0;
	}
	return result;
}

/*
 * Add a row to the sum of its block, of so many parts. Without a weight it
 * counts 1.
 */
void
affinity_trending_add(uint64_t *sum, int parts, DecayTime at,
					  const DecayWeight *weight)
{
	uint64_t	power = power_of_fraction(at.fraction);
	int			shift = (int) ((uint64_t) at.whole & 63);
	Twice		low;
	Twice		high;
	uint64_t	value[3];

	if (weight == NULL)
	{
		low = (Twice) power << shift;
		value[0] = (uint64_t) low;
		value[1] = (uint64_t) (low >> 64);
		add_parts(sum, parts, 1, value, 2);
		return;
	}
	shift += weight->shift;
	low = (Twice) weight->size * power;
	high = (Twice) (uint64_t) (low >> 64) << (shift & 63);
	low = (Twice) (uint64_t) low << (shift & 63);
	value[0] = (uint64_t) low;
	value[1] = (uint64_t) (low >> 64) | (uint64_t) high;
	value[2] = (uint64_t) (high >> 64);
	if (weight->negative)
		subtract_parts(sum, parts, shift >> 6, value, 3);
	else
		add_parts(sum, parts, shift >> 6, value, 3);
}

void
affinity_trending_merge(DecaySum *sum, const DecaySum *other)
{
	add_parts(sum->parts, DECAY_PARTS, 0, other->parts, DECAY_PARTS);
}

/* How many bits the size of a sum has. */
int
affinity_trending_width(const DecaySum *sum)
{
	uint64_t	sign = (uint64_t) 0 - (sum->parts[DECAY_PARTS - 1] >> 63);

	for (int i = DECAY_PARTS; i-- > 0;)
	{
		uint64_t	part = sum->parts[i] ^ sign;

		if (part != 0)
			return 64 * i + 64 - __builtin_clzll(part);
	}
	return 0;
}

/* ---- reading ------------------------------------------------------------ */

#define ALL_PARTS (DECAY_PARTS + DECAY_BLOCKS - 1)

/*
 * The sum of all blocks: its first 64 bits, of which the lowest is set where
 * there are more, and the exponent of that bit from the beginning of the
 * oldest block on. Gives its sign.
 */
static int
leading_bits(const DecaySum *blocks, uint64_t *bits, int *exponent)
{
	uint64_t	all[ALL_PARTS] = {0};
	uint64_t	sign;
	int			top = ALL_PARTS - 1;
	int			shift;
	uint64_t	rest = 0;

	for (int b = 0; b < DECAY_BLOCKS; b++)
	{
		int			start = DECAY_BLOCKS - 1 - b;
		const uint64_t *parts = blocks[b].parts;
		uint64_t	extension = (uint64_t) 0 - (parts[DECAY_PARTS - 1] >> 63);
		Twice		carry = 0;

		for (int i = start; i < ALL_PARTS; i++)
		{
			carry += (Twice) all[i] +
				(i - start < DECAY_PARTS ? parts[i - start] : extension);
			all[i] = (uint64_t) carry;
			carry >>= 64;
		}
	}
	sign = (uint64_t) 0 - (all[ALL_PARTS - 1] >> 63);
	if (sign != 0)
	{
		Twice		carry = 1;

		for (int i = 0; i < ALL_PARTS; i++)
		{
			carry += (Twice) ~all[i];
			all[i] = (uint64_t) carry;
			carry >>= 64;
		}
	}
	while (top > 0 && all[top] == 0)
		top--;
	if (all[top] == 0)
		return 0;
	shift = __builtin_clzll(all[top]);
	*bits = all[top] << shift;
	if (top > 0 && shift > 0)
		*bits |= all[top - 1] >> (64 - shift);
	if (top > 0)
		rest = all[top - 1] << shift;
	for (int i = 0; i < top - 1; i++)
		rest |= all[i];
	*bits |= rest != 0;
	*exponent = 64 * top - shift - 127;
	return sign != 0 ? -1 : 1;
}

/* The sum as of a time that is not before the newest row. */
double
affinity_trending_value(const DecaySum *blocks, int64_t block,
						DecayTime as_of)
{
	uint64_t	bits;
	int			exponent;
	int			sign = leading_bits(blocks, &bits, &exponent);
	uint64_t	oldest = (uint64_t) (block - (DECAY_BLOCKS - 1)) * 64;
	uint64_t	age = (uint64_t) as_of.whole - oldest;
	Twice		product;

	if (sign == 0 || age > 4096)
		return 0;
	exponent -= (int) age;
	if (as_of.fraction != 0)
	{
		/* 2^-f is 2^(1 - f) / 2 */
		product = (Twice) bits * power_of_fraction(-as_of.fraction);
		if (product >> 127 == 0)
		{
			product <<= 1;
			exponent--;
		}
		bits = (uint64_t) (product >> 64) | ((uint64_t) product != 0);
	}
	return ldexp(sign < 0 ? -(double) bits : (double) bits, exponent);
}

/*
 * The logarithm to base 2 of the sum as of 2000-01-01, whose order is that of
 * the sums as of any time; minus infinity where it is not above 0. The digits
 * of a logarithm come one by one, each by a square.
 */
double
affinity_trending_rank(const DecaySum *blocks, int64_t block)
{
	uint64_t	bits;
	int			exponent;
	uint64_t	fraction = 0;
	int64_t		whole;

	if (leading_bits(blocks, &bits, &exponent) <= 0)
		return -INFINITY;
	whole = (block - (DECAY_BLOCKS - 1)) * 64 + exponent + 63;
	for (int i = 0; i < 64; i++)
	{
		Twice		square = (Twice) bits * bits;

		fraction <<= 1;
		if (square >> 127 != 0)
		{
			fraction |= 1;
			bits = (uint64_t) (square >> 64);
		}
		else
			bits = (uint64_t) (square >> 63);
	}
	return ldexp((double) (whole * ((__int128) 1 << 64) + fraction), -64);
}
