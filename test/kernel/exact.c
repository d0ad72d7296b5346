/*
 * Exact sums (exact.c), against a long number in two's complement to which
 * every term is added digit by digit, and by what rounding is: no double is
 * nearer to the long number than the one that is given.
 */
#include <float.h>

#include "kernel/exact.h"
#include "tap.h"

/* A whole number of 2^-4352: products of sums fit, too. */
#define DIGITS 300
#define LONG_UNIT 4352

typedef struct Long
{
	uint32_t	digit[DIGITS];
} Long;

static void
long_add_digit(Long *sum, int at, uint32_t part, bool negative)
{
	for (uint64_t rest = part; rest != 0 && at < DIGITS; at++)
	{
		uint64_t	now = sum->digit[at];

		if (negative)
		{
			sum->digit[at] = (uint32_t) (now - rest);
			rest = now < rest;
		}
		else
		{
			sum->digit[at] = (uint32_t) (now + rest);
			rest = (now + rest) >> 32;
		}
	}
}

/* Add size 2^exponent, bit by bit of exponents. */
static void
long_add_bits(Long *sum, uint64_t size, int exponent, bool negative)
{
	for (int i = 0; i < 64; i++)
		if (size >> i & 1)
			long_add_digit(sum, (exponent + i + LONG_UNIT) / 32,
						   (uint32_t) 1 << (exponent + i + LONG_UNIT) % 32,
						   negative);
}

static uint64_t
whole(double x, int *exponent)
{
	double		fraction = frexp(fabs(x), exponent);

	*exponent -= 53;
	return (uint64_t) ldexp(fraction, 53);
}

static void
long_add(Long *sum, double x, bool less)
{
	int			exponent;
	uint64_t	size = whole(x, &exponent);

	/* frexp gives subnormals more bits than they have: zeros */
	long_add_bits(sum, size, exponent, signbit(x) != 0 ? !less : less);
}

/* size_x size_y in 27-bit halves, so that parts are exact */
static void
long_add_product(Long *sum, double x, double y)
{
	int			ex;
	int			ey;
	uint64_t	sx = whole(x, &ex);
	uint64_t	sy = whole(y, &ey);
	bool		negative = (signbit(x) != 0) != (signbit(y) != 0);

	for (int i = 0; i < 2; i++)
		for (int j = 0; j < 2; j++)
		{
			uint64_t	a = i == 0 ? sx & 0x7ffffff : sx >> 27;
			uint64_t	b = j == 0 ? sy & 0x7ffffff : sy >> 27;

			long_add_bits(sum, a * b, ex + ey + 27 * (i + j), negative);
		}
}

static bool
long_negative(const Long *sum)
{
	return sum->digit[DIGITS - 1] >> 31 != 0;
}

static Long
long_size(const Long *sum)
{
	Long		size = {{0}};

	if (!long_negative(sum))
		return *sum;
	for (int i = 0; i < DIGITS; i++)
		long_add_digit(&size, i, sum->digit[i], true);
	return size;
}

static int
long_compare(const Long *a, const Long *b)
{
	for (int i = DIGITS; i-- > 0;)
		if (a->digit[i] != b->digit[i])
			return a->digit[i] < b->digit[i] ? -1 : 1;
	return 0;
}

static Long
long_off(const Long *sum, double x)
{
	Long		off = *sum;

	long_add(&off, x, true);
	return long_size(&off);
}

/* Is x the nearest double, the even one of two? */
static bool
nearest(const Long *sum, double x)
{
	Long		off = long_off(sum, x);
	uint64_t	bits;

	memcpy(&bits, &x, sizeof(bits));
	for (int side = -1; side <= 1; side += 2)
	{
		double		beside = nextafter(x, side * INFINITY);
		Long		other;
		int			order;

		if (isinf(beside))
			continue;
		other = long_off(sum, beside);
		order = long_compare(&off, &other);
		if (order > 0 || (order == 0 && (bits & 1) != 0))
			return false;
	}
	return true;
}

/* ---- a sum that grows as its callers' do ------------------------------- */

static AffinityExact *
sum_begin(int first, int room)
{
	AffinityExact *sum = take(1, AFFINITY_EXACT_SIZE(room));

	affinity_kernel_exact_begin(sum, first, room);
	return sum;
}

static AffinityExact *
widen(AffinityExact *sum)
{
	int			first;
	int			room;
	AffinityExact *wider;

	affinity_kernel_exact_window(sum, &first, &room);
	wider = sum_begin(first, room);
	affinity_kernel_exact_move(sum, wider);
	free(sum);
	return wider;
}

static AffinityExact *
add(AffinityExact *sum, double x)
{
	while (!affinity_kernel_exact_add(sum, x))
		sum = widen(sum);
	return sum;
}

static AffinityExact *
add_product(AffinityExact *sum, double x, double y)
{
	while (!affinity_kernel_exact_add_product(sum, affinity_kernel_exact_term(x),
											  affinity_kernel_exact_term(y)))
		sum = widen(sum);
	return sum;
}

static AffinityExactPacked *
pack(const AffinityExact *sum, size_t *size)
{
	AffinityExactPacked *packed = take(1, AFFINITY_EXACT_PACKED_MAX);

	*size = affinity_kernel_exact_pack(sum, packed);
	return packed;
}

/* Do a sum and a long number have the same digits, and is it as it must be? */
static bool
same(const AffinityExact *sum, const Long *oracle)
{
	size_t		size;
	AffinityExactPacked *packed = pack(sum, &size);
	int			n = abs(packed->n);
	Long		other = {{0}};
	bool		equal;

	for (int i = 0; i < n; i++)
		long_add_digit(&other, packed->first + i + (LONG_UNIT - 2176) / 32,
					   packed->digit[i], packed->n < 0);
	equal = long_compare(&other, oracle) == 0 &&
		affinity_kernel_exact_check(packed, size) == size;
	free(packed);
	return equal;
}

/* ---- what is added ------------------------------------------------------ */

/* Any finite double: every exponent, subnormals and zeros. */
static double
any_double(void)
{
	double		x;
	uint64_t	bits;

	if (random_below(50) == 0)
		return random_below(2) ? 0.0 : -0.0;
	if (random_below(20) == 0)
		return random_below(2) ? DBL_MAX : -5e-324;
	do
	{
		bits = random_bits();
		memcpy(&x, &bits, sizeof(x));
	} while (!isfinite(x));
	return x;
}

/* By kind: money, tiny, large, of all sizes, 0 and 1, around a large mean */
#define KINDS 6
static double
a_double(int kind)
{
	switch (kind)
	{
		case 0:
			return (double) (int) random_below(100000) / 100;
		case 1:
			return random_real() * 1e-300;
		case 2:
			return random_real() * 1e300;
		case 3:
			return any_double();
		case 4:
			return random_below(2);
		default:
			return 1e15 + random_real();
	}
}

static void
test_sums(void)
{
	for (int kind = 0; kind < KINDS; kind++)
	{
		bool		sums = true;
		bool		products = true;
		bool		rounded = true;
		int			limbs = 0;

		for (int round = 0; round < 30; round++)
		{
			int			n = 1 + (int) random_below(round == 0 ? 20000 : 200);
			AffinityExact *sum = sum_begin(65, 6);
			AffinityExact *product = sum_begin(0, 4);
			Long		sum_oracle = {{0}};
			Long		product_oracle = {{0}};
			size_t		size;
			AffinityExactPacked *packed;

			for (int i = 0; i < n; i++)
			{
				double		x = a_double(kind);
				double		y = a_double(kind);

				sum = add(sum, x);
				long_add(&sum_oracle, x, false);
				product = add_product(product, x, y);
				long_add_product(&product_oracle, x, y);
			}
			sums &= same(sum, &sum_oracle);
			products &= same(product, &product_oracle);
			limbs = (int) worst(limbs, product->room);
			packed = pack(sum, &size);
			/* beyond all doubles the nearest is infinite */
			if (isfinite(affinity_kernel_exact_double(packed)))
				rounded &= nearest(&sum_oracle,
								   affinity_kernel_exact_double(packed));
			free(packed);
			packed = pack(product, &size);
			if (isfinite(affinity_kernel_exact_double(packed)))
				rounded &= nearest(&product_oracle,
								   affinity_kernel_exact_double(packed));
			free(packed);
			free(sum);
			free(product);
		}
		ok(sums, "sums of kind %d, digit by digit", kind);
		ok(products, "sums of products of kind %d, digit by digit", kind);
		ok(rounded, "and the nearest double is given");
		ok(kind == 3 || limbs <= 12, "in %d limbs", limbs);
	}
}

/* Any order and any split into parts give the same bytes. */
static void
test_merge(void)
{
	bool		equal = true;
	enum
	{
		N = 3000, PARTS = 7
	};
	static double x[N];

	for (int round = 0; round < 60; round++)
	{
		AffinityExact *whole_sum = sum_begin(65, 6);
		AffinityExact *part[PARTS];
		AffinityExact *merged = sum_begin(100, 4);
		AffinityExactPacked *a;
		AffinityExactPacked *b;
		size_t		size_a;
		size_t		size_b;

		for (int i = 0; i < PARTS; i++)
			part[i] = sum_begin(random_below(100), 4 + random_below(30));
		for (int i = 0; i < N; i++)
			x[i] = a_double(round % KINDS);
		for (int i = 0; i < N; i++)
			whole_sum = round % 2 ? add(whole_sum, x[i])
				: add_product(whole_sum, x[i], x[i]);
		for (int i = N; i-- > 0;)
		{
			int			p = (int) random_below(PARTS);

			part[p] = round % 2 ? add(part[p], x[i])
				: add_product(part[p], x[i], x[i]);
		}
		for (int i = 0; i < PARTS; i++)
		{
			b = pack(part[i], &size_b);
			while (!affinity_kernel_exact_merge(merged, b))
				merged = widen(merged);
			free(b);
			free(part[i]);
		}
		a = pack(whole_sum, &size_a);
		b = pack(merged, &size_b);
		equal &= size_a == size_b && memcmp(a, b, size_a) == 0;
		free(a);
		free(b);
		free(merged);
		free(whole_sum);
	}
	ok(equal, "parts in another order, merged, are the same bytes");
}

static double
round_trip(double x)
{
	AffinityExact *sum = add(sum_begin(0, 4), x);
	size_t		size;
	AffinityExactPacked *packed = pack(sum, &size);
	int			exponent;
	double		back = affinity_kernel_exact_double(packed);
	double		fraction = affinity_kernel_exact_fraction(packed, &exponent);

	if (ldexp(fraction, exponent) != back ||
		(x != 0 && (fabs(fraction) < 0.5 || fabs(fraction) > 1)))
		back = NAN;
	free(packed);
	free(sum);
	return back;
}

static void
test_edges(void)
{
	static const double exact[] = {
		0, 1, -1, 0.1, 5e-324, -5e-324, DBL_MIN, DBL_MAX, -DBL_MAX,
		DBL_MIN - 5e-324, 4294967296.0, 4294967295.0, 1e300, 1e-300
	};
	bool		back = true;
	AffinityExact *sum = sum_begin(0, AFFINITY_EXACT_ROOM);
	AffinityExactPacked *packed;
	size_t		size;
	bool		never = true;
	int			exponent;
	double		fraction;

	for (size_t i = 0; i < sizeof(exact) / sizeof(exact[0]); i++)
		back &= round_trip(exact[i]) == exact[i];
	for (int i = 0; i < 100000; i++)
	{
		double		x = any_double();

		back &= round_trip(x) == x;
	}
	ok(back, "one double comes back as it was");

	for (int i = 0; i < 5000; i++)
		never &= affinity_kernel_exact_add(sum, any_double()) &&
			affinity_kernel_exact_add_product(sum,
											  affinity_kernel_exact_term(any_double()),
											  affinity_kernel_exact_term(any_double()));
	ok(never, "a sum of all limbs never needs more");

	affinity_kernel_exact_begin(sum, 0, AFFINITY_EXACT_ROOM);
	for (int i = 0; i < 10; i++)
		never &= affinity_kernel_exact_add(sum, DBL_MAX);
	packed = pack(sum, &size);
	fraction = affinity_kernel_exact_fraction(packed, &exponent);
	ok(isinf(affinity_kernel_exact_double(packed)) && exponent == 1028 &&
	   fraction == nextafter(0.625, 0),
	   "10 of the largest are infinite, but have a fraction");
	free(packed);
	for (int i = 0; i < 9; i++)
		never &= affinity_kernel_exact_add(sum, -DBL_MAX);
	packed = pack(sum, &size);
	ok(never && affinity_kernel_exact_double(packed) == DBL_MAX,
	   "and less nine of them one is left");
	free(packed);
	free(sum);

	sum = add(add(add(sum_begin(60, 4), 1e300), 1e-300), -1e300);
	packed = pack(sum, &size);
	ok(affinity_kernel_exact_double(packed) == 1e-300,
	   "1e300 + 1e-300 - 1e300 is 1e-300");
	free(packed);
	sum = add(sum, -1e-300);
	packed = pack(sum, &size);
	ok(packed->n == 0 && packed->first == 0 &&
	   size == AFFINITY_EXACT_PACKED_SIZE(0), "and less that nothing");
	free(packed);
	free(sum);
}

/* Ties of sums of two, at every place of the last bit. */
static void
test_ties(void)
{
	bool		even = true;

	for (int round = 0; round < 20000; round++)
	{
		double		x = ldexp((double) (((uint64_t) 1 << 52) |
										random_bits() >> 12),
							  (int) random_below(400) - 200);
		double		half = (nextafter(x, INFINITY) - x) / 2;
		AffinityExact *sum = add(add(sum_begin(65, 6), x), half);
		AffinityExactPacked *packed;
		size_t		size;

		if (random_below(2))
			sum = add(sum, random_below(2) ? 5e-324 : -5e-324);
		packed = pack(sum, &size);
		{
			Long		oracle = {{0}};

			for (int i = 0; i < abs(packed->n); i++)
				long_add_digit(&oracle,
							   packed->first + i + (LONG_UNIT - 2176) / 32,
							   packed->digit[i], packed->n < 0);
			even &= nearest(&oracle, affinity_kernel_exact_double(packed));
		}
		free(packed);
		free(sum);
	}
	ok(even, "halves go to the even one, more or less than halves do not");
}

/* n Sxy - Sx Sy of whole numbers, in 128 bits. */
static void
test_central(void)
{
	bool		equal = true;
	bool		scaled = true;

	for (int round = 0; round < 5000; round++)
	{
		int			n = 1 + (int) random_below(50);
		int			scale = round % 3 == 0 ? 0 : (int) random_below(1900) - 1000;
		AffinityExact *sum[3];
		AffinityExactPacked *packed[3];
		size_t		size;
		__int128	x = 0;
		__int128	y = 0;
		__int128	xy = 0;
		__int128	expected;
		int			exponent;
		double		fraction;
		double		mean = round % 2 ? 1e15 : 0;

		for (int i = 0; i < 3; i++)
			sum[i] = sum_begin(65, 6);
		for (int i = 0; i < n; i++)
		{
			double		a = mean + (int) random_below(2001) - 1000;
			double		b = (int) random_below(2001) - 1000;

			x += (__int128) a;
			y += (__int128) b;
			xy += (__int128) a * (__int128) b;
			a = ldexp(a, scale);
			b = ldexp(b, scale);
			sum[0] = add_product(sum[0], a, b);
			sum[1] = add(sum[1], a);
			sum[2] = add(sum[2], b);
		}
		for (int i = 0; i < 3; i++)
		{
			packed[i] = pack(sum[i], &size);
			free(sum[i]);
		}
		expected = n * xy - x * y;
		fraction = affinity_kernel_exact_central((uint64_t) n, packed[0],
												 packed[1], packed[2],
												 &exponent);
		equal &= ldexp(fraction, exponent - 2 * scale) == (double) expected;
		scaled &= expected == 0 ? fraction == 0 :
			fabs(fraction) >= 0.5 && fabs(fraction) <= 1;
		for (int i = 0; i < 3; i++)
			free(packed[i]);
	}
	ok(equal, "central moments of whole numbers, also around 1e15 and scaled");
	ok(scaled, "and their fractions are from a half to 1");
}

/* n = 2^63 and the largest sums there are stay within their memory. */
static void
test_central_largest(void)
{
	AffinityExactPacked *full = take(1, AFFINITY_EXACT_PACKED_SIZE(134));
	int			exponent;
	double		fraction;

	full->first = 0;
	full->n = 134;
	memset(full->digit, 0xff, 134 * sizeof(uint32_t));
	ok(affinity_kernel_exact_check(full, AFFINITY_EXACT_PACKED_SIZE(134)) ==
	   AFFINITY_EXACT_PACKED_SIZE(134), "134 digits are the most");
	fraction = affinity_kernel_exact_central(UINT64_MAX, full, full, full,
											 &exponent);
	ok(fraction == -1 && exponent == 2 * 134 * 32 - 4352,
	   "and their central moment is within bounds: %g 2^%d", fraction, exponent);
	full->first = 1;
	ok(affinity_kernel_exact_check(full, AFFINITY_EXACT_PACKED_SIZE(134)) == 0,
	   "one place higher is refused");
	full->first = 0;
	full->digit[0] = 0;
	ok(affinity_kernel_exact_check(full, AFFINITY_EXACT_PACKED_SIZE(134)) == 0,
	   "as is a first digit of 0");
	full->digit[0] = 1;
	full->digit[133] = 0;
	ok(affinity_kernel_exact_check(full, AFFINITY_EXACT_PACKED_SIZE(134)) == 0,
	   "and a last one");
	full->digit[133] = 1;
	ok(affinity_kernel_exact_check(full, AFFINITY_EXACT_PACKED_SIZE(133)) == 0 &&
	   affinity_kernel_exact_check(full, 3) == 0, "and what is cut");
	full->n = 0;
	full->first = 2;
	ok(affinity_kernel_exact_check(full, 64) == 0, "0 has one form");
	full->first = -1;
	full->n = 4;
	ok(affinity_kernel_exact_check(full, 64) == 0, "and no place below the first");
	full->n = INT16_MIN;
	ok(affinity_kernel_exact_check(full, 64) == 0, "nor 32768 digits");
	free(full);
}

/* Many additions into one limb: carries come in time, whatever the signs. */
static void
test_carries(void)
{
	for (int kind = 0; kind < 4; kind++)
	{
		double		x = kind < 2 ? 9007199254740991.0 : 9007199254740991.0 * 2048;
		AffinityExact *sum = sum_begin(68, 4);
		AffinityExactPacked *packed;
		size_t		size;
		int			n = 5000000;

		for (int i = 0; i < n; i++)
			sum = add(sum, kind % 2 ? -x : x);
		packed = pack(sum, &size);
		ok(affinity_kernel_exact_double(packed) ==
		   (double) ((__int128) x * (kind % 2 ? -n : n)),
		   "five million of %g", kind % 2 ? -x : x);
		free(packed);
		free(sum);
	}
}

int
main(void)
{
	test_sums();
	test_merge();
	test_edges();
	test_ties();
	test_central();
	test_central_largest();
	test_carries();
	return done();
}
