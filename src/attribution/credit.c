/*
 * credit.c
 *		Sums that do not depend on their order, and doubles that add up to
 *		them.
 *
 * A conversion is 2^62 parts, which a model shares out among its touches to
 * the last one. Values are whole numbers of a unit, 2^-80 of the power of two
 * above the largest one of the state, and are shared out in the same way. So
 * all sums are of whole numbers of 128 bits.
 *
 * In the end each channel's sum becomes a double. All of them are whole
 * numbers of one quantum, which is so large that any sum of them is exact, and
 * what rounding takes from them goes to those who lost most by it: the method
 * of largest remainders. So their total is the number of conversions, to the
 * last bit, in whichever order SQL's sum adds them.
 */
#include "postgres.h"

#include <math.h>

#include "utils/float.h"

#include "attribution/attribution.h"

#define VALUE_BITS 80

void
affinity_attribution_credit_begin(Credit *credit, const Attribution *state)
{
	int			exponent;

	memset(credit, 0, sizeof(Credit));
	credit->n = state->n_channels + 1;
	(void) frexp(state->largest, &exponent);
	credit->scale = exponent - VALUE_BITS;
	credit->seen = affinity_base_zeroed_array(credit->n, sizeof(bool));
	credit->conversions = affinity_base_zeroed_array(credit->n,
													 sizeof(int128));
	credit->value = affinity_base_zeroed_array(credit->n, sizeof(int128));
}

/* A value in units. */
int128
affinity_attribution_units(const Credit *credit, double value)
{
	int			exponent;
	int64		mantissa = (int64) ldexp(frexp(fabs(value), &exponent), 53);
	int			shift = exponent - 53 - credit->scale;
	int128		units;

	if (value == 0)
		return 0;
	if (shift >= 0)
		units = (int128) mantissa << shift;
	else if (shift > -60)
		units = (mantissa + (INT64CONST(1) << (-shift - 1))) >> -shift;
	else
		units = 0;
	return value < 0 ? -units : units;
}

/* What a channel had a part in: it is shown, be it with 0. */
void
affinity_attribution_credit_see(Credit *credit, const Journey *journey)
{
	for (uint32 i = 0; i < journey->n; i++)
		credit->seen[TOUCH_CHANNEL(journey->touch[i].what)] = true;
	if (!journey->converted)
		return;
	credit->n_conversions++;
	credit->total_value += affinity_attribution_units(credit, journey->value);
}

/* One touch has it all. */
void
affinity_attribution_credit_one(Credit *credit, const Journey *journey,
								uint32 which)
{
	uint32		channel = TOUCH_CHANNEL(journey->touch[which].what);

	credit->conversions[channel] += CREDIT_WHOLE;
	if (journey->value != 0)
		credit->value[channel] += affinity_attribution_units(credit,
															 journey->value);
}

/* Room for the parts and weights of so many touches. */
void
affinity_attribution_credit_room(Credit *credit, uint32 n)
{
	if (n <= credit->room)
		return;
	if (credit->part != NULL)
	{
		pfree(credit->part);
		pfree(credit->weight);
	}
	credit->room = n + n / 2 + 16;
	credit->part = affinity_base_array(credit->room, sizeof(uint64));
	credit->weight = affinity_base_array(credit->room, sizeof(double));
}

/* So many parts of 2^62 of a value, rounded down. */
static inline int128
part_of(uint128 units, uint64 part)
{
	uint128		high = (uint128) (uint64) (units >> 64) * part;
	uint128		low = (uint128) (uint64) units * part;

	return (int128) ((high << (64 - CREDIT_BITS)) + (low >> CREDIT_BITS));
}

/*
 * Each touch has its parts, which are 2^62 together. What rounding leaves of
 * the value goes to the touch with most of them.
 */
void
affinity_attribution_credit_parts(Credit *credit, const Journey *journey)
{
	int128		units = affinity_attribution_units(credit, journey->value);
	uint128		magnitude = (uint128) (units < 0 ? -units : units);
	uint128		left = magnitude;
	uint32		most = 0;

	for (uint32 i = 0; i < journey->n; i++)
	{
		uint32		channel = TOUCH_CHANNEL(journey->touch[i].what);
		int128		part;

		credit->conversions[channel] += credit->part[i];
		if (units == 0)
			continue;
		part = part_of(magnitude, credit->part[i]);
		left -= part;
		credit->value[channel] += units < 0 ? -part : part;
		if (credit->part[i] > credit->part[most])
			most = i;
	}
	if (units != 0)
		credit->value[TOUCH_CHANNEL(journey->touch[most].what)] +=
			units < 0 ? -(int128) left : (int128) left;
}

/* Parts in proportion to the weights, none of which is below 0. */
void
affinity_attribution_credit_weights(Credit *credit, const Journey *journey)
{
	double		sum = 0;
	uint64		given = 0;
	uint32		most = 0;

	for (uint32 i = 0; i < journey->n; i++)
	{
		sum += credit->weight[i];
		if (credit->weight[i] > credit->weight[most])
			most = i;
	}
	for (uint32 i = 0; i < journey->n; i++)
	{
		credit->part[i] = (uint64) (credit->weight[i] / sum *
									(double) CREDIT_WHOLE);
		given += credit->part[i];
	}
	/* wraps around where they are too many, and back */
	credit->part[most] += CREDIT_WHOLE - given;
	affinity_attribution_credit_parts(credit, journey);
}

/* As many parts each of n; the first have one more. */
void
affinity_attribution_credit_even(Credit *credit, uint32 n)
{
	uint64		part = CREDIT_WHOLE / n;
	uint64		more = CREDIT_WHOLE % n;

	affinity_attribution_credit_room(credit, n);
	for (uint32 i = 0; i < n; i++)
		credit->part[i] = part + (i < more);
}

/*
 * A total in proportion to weights, which may be below 0: what rounding
 * leaves goes to the largest. False: the weights all but take each other
 * away, so that there is no proportion.
 */
bool
affinity_attribution_share_out(const double *weight, uint32 n, int128 total,
							   int128 *part)
{
	double		sum = 0;
	double		magnitude = 0;
	int128		left = total;
	uint32		most = 0;

	for (uint32 i = 0; i < n; i++)
	{
		sum += weight[i];
		magnitude += fabs(weight[i]);
		if (weight[i] > weight[most])
			most = i;
	}
	if (!(sum > 0.01 * magnitude))
		return false;
	for (uint32 i = 0; i < n; i++)
	{
		part[i] = (int128) (weight[i] / sum * (double) total);
		left -= part[i];
	}
	part[most] += left;
	return true;
}

/* ---- to doubles --------------------------------------------------------- */

typedef struct Remainder
{
	uint128		lost;			/* by rounding down */
	uint32		which;
} Remainder;

/* Those who lost most come first, of equals the first. */
static inline int
compare_remainders(const Remainder *a, const Remainder *b)
{
	if (a->lost != b->lost)
		return a->lost > b->lost ? -1 : 1;
	return a->which < b->which ? -1 : 1;
}

#define ST_SORT sort_remainders
#define ST_ELEMENT_TYPE Remainder
#define ST_COMPARE(a, b) compare_remainders(a, b)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DECLARE
#define ST_DEFINE
#include "lib/sort_template.h"

/* One more for each of the first so many of those who lost most. */
static void
give_back(int64 *quanta, Remainder *remainder, uint32 n, int64 left)
{
	sort_remainders(remainder, n);
	for (int64 i = 0; i < left; i++)
		quanta[remainder[i % n].which]++;
}

static int
bits_of(uint128 number)
{
	int			bits = 0;

	for (; number != 0; number >>= 1)
		bits++;
	return bits;
}

/*
 * Whole numbers of 2^scale as doubles. Their sum, in any order, is the sum of
 * the numbers, rounded to a quantum if there are more than 53 bits of it.
 */
void
affinity_attribution_doubles(const int128 *unit, uint32 n, int scale,
							 double *result)
{
	int64	   *quanta = affinity_base_array(n, sizeof(int64));
	Remainder  *remainder = affinity_base_array(n, sizeof(Remainder));
	uint128		magnitude = 0;
	int128		total = 0;
	int128		left;
	int			shift;
	int128		half;

	for (uint32 i = 0; i < n; i++)
	{
		magnitude += (uint128) (unit[i] < 0 ? -unit[i] : unit[i]);
		total += unit[i];
	}
	shift = Max(bits_of(magnitude) - 53, 0);
	half = shift > 0 ? (int128) 1 << (shift - 1) : 0;
	left = total >> shift;
	/* to the nearest, from the middle to the even one */
	if (shift > 0)
	{
		int128		rest = total - left * ((int128) 1 << shift);

		if (rest > half || (rest == half && (left & 1) != 0))
			left++;
	}
	for (uint32 i = 0; i < n; i++)
	{
		quanta[i] = (int64) (unit[i] >> shift);
		remainder[i].lost = (uint128) (unit[i] - quanta[i] *
									   ((int128) 1 << shift));
		remainder[i].which = i;
		left -= quanta[i];
	}
	give_back(quanta, remainder, n, (int64) left);
	for (uint32 i = 0; i < n; i++)
	{
		result[i] = ldexp((double) quanta[i], shift + scale);
		if (isinf(result[i]))
			float_overflow_error();
	}
	pfree(quanta);
	pfree(remainder);
}

/* How many times 2^-53 of the total a number is, and what is over. */
static int64
quanta_of(uint128 number, uint128 total, uint128 * rest)
{
	int64		quanta = (int64) (number / total);

	number %= total;
	for (int i = 0; i < 53; i++)
	{
		number <<= 1;
		quanta <<= 1;
		if (number >= total)
		{
			number -= total;
			quanta++;
		}
	}
	*rest = number;
	return quanta;
}

/*
 * What share each has of the total: they add up to 1. False: there is no
 * total.
 */
bool
affinity_attribution_shares(const int128 *unit, uint32 n, double *share)
{
	int64	   *quanta;
	Remainder  *remainder;
	int128		total = 0;
	int64		left = INT64CONST(1) << 53;

	for (uint32 i = 0; i < n; i++)
		total += unit[i];
	if (total <= 0)
		return false;
	quanta = affinity_base_array(n, sizeof(int64));
	remainder = affinity_base_array(n, sizeof(Remainder));
	for (uint32 i = 0; i < n; i++)
	{
		uint128		rest;

		quanta[i] = quanta_of((uint128) (unit[i] < 0 ? -unit[i] : unit[i]),
							  (uint128) total, &rest);
		if (unit[i] < 0)
		{
			quanta[i] = -quanta[i] - (rest != 0);
			rest = rest != 0 ? (uint128) total - rest : 0;
		}
		remainder[i].lost = rest;
		remainder[i].which = i;
		left -= quanta[i];
	}
	give_back(quanta, remainder, n, left);
	for (uint32 i = 0; i < n; i++)
		share[i] = ldexp((double) quanta[i], -53);
	pfree(quanta);
	pfree(remainder);
	return true;
}
