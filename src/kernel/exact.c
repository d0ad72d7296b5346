/*
 * exact.c
 *		Sums of doubles without any error: room, carries, the form at rest, and
 *		rounding once at the end.
 */
#include <math.h>

#include "kernel/exact.h"

/* What the topmost limb may hold after carrying, so that a thousand fit. */
#define TOP_MAX ((int64_t) 1 << 52)

/* Digits of a product of two sums, and of a sum times a count. */
#define WIDE (2 * AFFINITY_EXACT_ROOM + 4)

/* An empty sum of limbs first to first + room - 1; room is at least 4. */
void
affinity_kernel_exact_begin(AffinityExact *sum, int first, int room)
{
	memset(sum, 0, AFFINITY_EXACT_SIZE(room));
	sum->first = (uint8_t) first;
	sum->room = (uint8_t) room;
}

/*
 * Carry what limbs hold above their 32 bits, all but the topmost. False if
 * that one then holds too much for another thousand additions.
 */
static bool
carry(AffinityExact *sum)
{
	int			top = sum->room - 1;

	for (int i = 0; i < top; i++)
	{
		int64_t		low = sum->limb[i] & UINT32_MAX;

		sum->limb[i + 1] += (sum->limb[i] - low) / ((int64_t) 1 << 32);
		sum->limb[i] = low;
	}
	sum->pending = 0;
	return -TOP_MAX < sum->limb[top] && sum->limb[top] < TOP_MAX;
}

/*
 * Whether the sum has the limbs limb to limb + limbs - 1 (of all limbs that
 * there can be) and may be added to; carries where it is time. If not, it
 * remembers what it lacks.
 */
bool
affinity_kernel_exact_ready(AffinityExact *sum, uint32_t limb, uint32_t limbs)
{
	uint32_t	end = (uint32_t) sum->first + sum->room;

	if (sum->pending >= AFFINITY_EXACT_PENDING && !carry(sum) &&
		end < AFFINITY_EXACT_ROOM)
	{
		sum->pending = AFFINITY_EXACT_PENDING;	/* ask until it is wider */
		sum->wanted = (uint8_t) (end - 1);
		sum->wanted_end = (uint8_t) (end + 1);
		return false;
	}
	if (limbs == 0 || (limb >= sum->first && limb + limbs <= end))
		return true;
	sum->wanted = (uint8_t) limb;
	sum->wanted_end = (uint8_t) (limb + limbs);
	return false;
}

/*
 * The window that a sum needs after something did not fit: its own with what
 * was needed, and one limb more on the side where it grows. An empty sum's
 * goes where its first term is.
 */
void
affinity_kernel_exact_window(const AffinityExact *sum, int *first, int *room)
{
	int			end = sum->first + sum->room;
	bool		empty = true;

	for (int i = 0; i < sum->room && empty; i++)
		empty = sum->limb[i] == 0;
	*first = sum->first;
	if (empty || sum->wanted < *first)
		*first = sum->wanted > 0 ? sum->wanted - 1 : 0;
	if (empty || sum->wanted_end > end)
		end = sum->wanted_end + 1;
	if (end < *first + 4)
		end = *first + 4;
	if (end > AFFINITY_EXACT_ROOM)
		end = AFFINITY_EXACT_ROOM;
	*room = end - *first;
}

/* Move a sum into an empty one whose window has all that it holds. */
void
affinity_kernel_exact_move(const AffinityExact *from, AffinityExact *to)
{
	int			end = to->first + to->room;

	for (int i = 0; i < from->room; i++)
	{
		int			at = from->first + i;

		/* one that holds nothing may have been anywhere */
		if (to->first <= at && at < end)
			to->limb[at - to->first] = from->limb[i];
	}
	to->pending = from->pending;
}

/* The digits of a two's complement, negated. */
static void
negate(uint32_t *digit, int n)
{
	uint64_t	one = 1;

	for (int i = 0; i < n; i++)
	{
		one += (uint32_t) ~digit[i];
		digit[i] = (uint32_t) one;
		one >>= 32;
	}
}

/*
 * A sum at rest, in up to AFFINITY_EXACT_PACKED_MAX bytes; gives how many.
 */
size_t
affinity_kernel_exact_pack(const AffinityExact *sum,
						   AffinityExactPacked *packed)
{
	uint32_t	digit[AFFINITY_EXACT_ROOM + 2];
	int			n = sum->room;
	int			low = 0;
	int64_t		above = 0;
	bool		negative;

	/* two's complement in digits, and the rest above them */
	for (int i = 0; i < n; i++)
	{
		int64_t		limb = sum->limb[i];
		int64_t		low_part;

		/* in halves: limb + above could overflow */
		low_part = (limb & UINT32_MAX) + (above & UINT32_MAX);
		digit[i] = (uint32_t) low_part;
		above = (limb >> 32) + (above >> 32) + (low_part >> 32);
	}
	negative = above < 0;
	digit[n++] = (uint32_t) above;
	digit[n++] = (uint32_t) (above >> 32);
	if (negative)
		negate(digit, n);
	while (n > 0 && digit[n - 1] == 0)
		n--;
	while (low < n && digit[low] == 0)
		low++;
	packed->first = (int16_t) (n == low ? 0 : sum->first + low);
	packed->n = (int16_t) (negative ? low - n : n - low);
	memcpy(packed->digit, &digit[low], (size_t) (n - low) * sizeof(uint32_t));
	return AFFINITY_EXACT_PACKED_SIZE(n - low);
}

static int
digits_of(const AffinityExactPacked *packed)
{
	return packed->n < 0 ? -packed->n : packed->n;
}

/* Add a sum at rest; false where this one must be wider first. */
bool
affinity_kernel_exact_merge(AffinityExact *sum,
							const AffinityExactPacked *packed)
{
	int			n = digits_of(packed);
	uint32_t	negative = packed->n < 0;
	int64_t    *limb;

	if (!affinity_kernel_exact_ready(sum, (uint32_t) packed->first,
									 (uint32_t) n))
		return false;
	if (n == 0)
		return true;
	limb = &sum->limb[packed->first - sum->first];
	sum->pending++;
	for (int i = 0; i < n; i++)
		limb[i] += affinity_kernel_exact_signed(packed->digit[i], negative);
	return true;
}

/*
 * The size of the sum at rest that bytes begin with, 0 if there is none or it
 * is not as affinity_kernel_exact_pack makes it. The bytes are aligned to 4.
 */
size_t
affinity_kernel_exact_check(const void *bytes, size_t n_bytes)
{
	const AffinityExactPacked *packed = bytes;
	int			n;

	if (n_bytes < AFFINITY_EXACT_PACKED_SIZE(0) || packed->n == INT16_MIN)
		return 0;
	n = digits_of(packed);
	if (packed->first < 0 || n > AFFINITY_EXACT_ROOM - 2 ||
		packed->first > AFFINITY_EXACT_ROOM - 2 - n ||
		n_bytes < AFFINITY_EXACT_PACKED_SIZE(n))
		return 0;
	if (n == 0)
		return packed->first == 0 ? AFFINITY_EXACT_PACKED_SIZE(0) : 0;
	if (packed->digit[0] == 0 || packed->digit[n - 1] == 0)
		return 0;
	return AFFINITY_EXACT_PACKED_SIZE(n);
}

/*
 * The 64 highest bits of digits whose topmost is not 0, the lowest of them 1
 * if any bit below them is: what rounding to 53 or fewer needs to know. The
 * sum is about that many 2^(*bit).
 */
static uint64_t
leading(const uint32_t *digit, int n, int *bit)
{
	uint64_t	top = (uint64_t) digit[n - 1] << 32;
	int			shift = __builtin_clz(digit[n - 1]);
	uint32_t	next = n > 2 ? digit[n - 3] : 0;
	uint64_t	rest;

	if (n > 1)
		top |= digit[n - 2];
	*bit = 32 * (n - 2) - shift;
	rest = (uint64_t) next << shift;
	top = top << shift | rest >> 32;
	rest &= UINT32_MAX;
	for (int i = 0; i < n - 3 && rest == 0; i++)
		rest = digit[i];
	return top | (rest != 0);
}

/* top 2^bit to the nearest double, ties to even, as if bits were endless. */
static double
round_once(uint64_t top, int bit)
{
	int			keep = 53;
	int			drop;
	uint64_t	half;
	uint64_t	kept;

	/* below 2^-1022 there are fewer bits */
	if (bit + 63 < -1022)
		keep = bit + 63 + 1 + 1074;
	if (keep < 0)
		return 0;
	drop = 64 - keep;
	half = (uint64_t) 1 << (drop - 1);
	kept = drop == 64 ? 0 : top >> drop;
	top &= drop == 64 ? UINT64_MAX : ((uint64_t) 1 << drop) - 1;
	if (top > half || (top == half && (kept & 1) != 0))
		kept++;
	return ldexp((double) kept, bit + drop);
}

/* The nearest double; infinite where there is none. */
double
affinity_kernel_exact_double(const AffinityExactPacked *packed)
{
	int			bit;
	uint64_t	top;
	double		size;

	if (packed->n == 0)
		return 0;
	top = leading(packed->digit, digits_of(packed), &bit);
	size = round_once(top, bit + 32 * packed->first + AFFINITY_EXACT_UNIT);
	return packed->n < 0 ? -size : size;
}

/*
 * The sum as a fraction of at least 1/2 and at most 1, rounded to the nearest,
 * times 2^(*exponent): what is too large or small for a double, too.
 */
double
affinity_kernel_exact_fraction(const AffinityExactPacked *packed,
							   int *exponent)
{
	int			bit;
	double		size;

	*exponent = 0;
	if (packed->n == 0)
		return 0;
	size = round_once(leading(packed->digit, digits_of(packed), &bit), -64);
	*exponent = bit + 64 + 32 * packed->first + AFFINITY_EXACT_UNIT;
	return packed->n < 0 ? -size : size;
}

/*
 * n times the sum of x y less the product of the sums of x and y, as a
 * fraction: n (n - 1) times the covariance, however little of it is left of
 * its parts.
 */
double
affinity_kernel_exact_central(uint64_t n, const AffinityExactPacked *xy,
							  const AffinityExactPacked *x,
							  const AffinityExactPacked *y, int *exponent)
{
	/* digit i counts 2^(32 i - 4352); signed, carried later */
	int64_t		wide[WIDE] = {0};
	uint32_t	digit[WIDE];
	int			n_xy = digits_of(xy);
	int			n_x = digits_of(x);
	int			n_y = digits_of(y);
	uint32_t	less = (x->n < 0) == (y->n < 0);
	const int	shift = -AFFINITY_EXACT_UNIT / 32;
	int64_t		above = 0;
	int			top = WIDE;
	bool		negative;
	int			bit;
	double		size;

	for (int i = 0; i < n_xy; i++)
	{
		int			at = xy->first + i + shift;

		for (int j = 0; j < 2; j++)
		{
			uint64_t	part = (uint64_t) xy->digit[i] *
				(uint32_t) (n >> (32 * j));

			wide[at + j] += affinity_kernel_exact_signed((uint32_t) part,
														 xy->n < 0);
			wide[at + j + 1] += affinity_kernel_exact_signed(part >> 32,
															 xy->n < 0);
		}
	}
	for (int i = 0; i < n_x; i++)
	{
		for (int j = 0; j < n_y; j++)
		{
			int			at = x->first + i + y->first + j;
			uint64_t	part = (uint64_t) x->digit[i] * y->digit[j];

			wide[at] += affinity_kernel_exact_signed((uint32_t) part, less);
			wide[at + 1] += affinity_kernel_exact_signed(part >> 32, less);
		}
	}
	for (int i = 0; i < WIDE; i++)
	{
		above += wide[i];
		digit[i] = (uint32_t) above;
		above >>= 32;
	}
	negative = above < 0;
	if (negative)
		negate(digit, WIDE);
	while (top > 0 && digit[top - 1] == 0)
		top--;
	*exponent = 0;
	if (top == 0)
		return 0;
	size = round_once(leading(digit, top, &bit), -64);
	*exponent = bit + 64 + 2 * AFFINITY_EXACT_UNIT;
	return negative ? -size : size;
}
