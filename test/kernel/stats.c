/*
 * Wilson's interval (stats.c), against the figures that R. G. Newcombe
 * published ("Two-sided confidence intervals for the single proportion",
 * Statistics in Medicine 17, 1998, table I, method 3), and against the two
 * roots that define it.
 */
#include "kernel/stats.h"
#include "tap.h"

static void
test_published(void)
{
	static const struct
	{
		uint64_t	successes;
		uint64_t	trials;
		double		lower;
		double		upper;
	}			given[] =

	{
		{81, 263, 0.2553, 0.3662},
		{15, 148, 0.0624, 0.1605},
		{0, 20, 0.0000, 0.1611},
		{1, 29, 0.0061, 0.1718}
	};

	for (size_t i = 0; i < sizeof(given) / sizeof(given[0]); i++)
	{
		double		lower;
		double		upper;
		bool		found = affinity_kernel_wilson(given[i].successes,
												   given[i].trials, AFFINITY_Z_95,
												   &lower, &upper);

		ok(found && round(lower * 1e4) == round(given[i].lower * 1e4) &&
		   round(upper * 1e4) == round(given[i].upper * 1e4),
		   "%d of %d: %.4f to %.4f", (int) given[i].successes,
		   (int) given[i].trials, lower, upper);
	}
}

/* How far p is from a root of (rate - p)^2 = z^2 p (1 - p) / n, relatively. */
static double
off_root(double rate, double n, double z, double p)
{
	double		left = (rate - p) * (rate - p);
	double		right = z * z * p * (1 - p) / n;

	return fabs(left - right) / (left + right);
}

static void
test_roots(void)
{
	double		error = 0;
	bool		around = true;
	bool		mirrored = true;

	for (int round = 0; round < 20000; round++)
	{
		uint64_t	n = 2 + random_below(100000);
		uint64_t	x = 1 + random_below((uint32_t) n - 1);
		double		z = 1 + fabs(random_real()) * 3;
		double		rate = (double) x / (double) n;
		double		lower;
		double		upper;
		double		other_lower;
		double		other_upper;

		around &= affinity_kernel_wilson(x, n, z, &lower, &upper) &&
			0 < lower && lower < rate && rate < upper && upper < 1;
		error = worst(off_root(rate, (double) n, z, lower), error);
		error = worst(off_root(rate, (double) n, z, upper), error);
		affinity_kernel_wilson(n - x, n, z, &other_lower, &other_upper);
		mirrored &= fabs(other_lower - (1 - upper)) < 1e-14 &&
			fabs(other_upper - (1 - lower)) < 1e-14;
	}
	ok(around, "the rate lies within, and the ends within 0 and 1");
	ok(error < 1e-8, "the ends are the two roots: %g", error);
	ok(mirrored, "failures have the interval of successes, mirrored");
}

static void
test_edges(void)
{
	static const uint64_t sizes[] = {
		1, 2, 3, 7, 29, 1000, 65537, UINT64_C(1) << 40, UINT64_C(1) << 62
	};
	double		z2 = AFFINITY_Z_95 * AFFINITY_Z_95;
	bool		none = true;
	bool		all = true;
	double		lower = 7;
	double		upper = 7;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
	{
		double		n = (double) sizes[i];

		/* 0 of n: from 0 to z^2 / (n + z^2) */
		none &= affinity_kernel_wilson(0, sizes[i], AFFINITY_Z_95, &lower,
									   &upper) &&
			lower == 0 && fabs(upper * (n + z2) / z2 - 1) < 1e-14;
		all &= affinity_kernel_wilson(sizes[i], sizes[i], AFFINITY_Z_95, &lower,
									  &upper) &&
			upper == 1 && fabs(lower * (n + z2) / n - 1) < 1e-14;
	}
	ok(none, "0 of n begins at 0 exactly");
	ok(all, "n of n ends at 1 exactly");
	lower = upper = 7;
	ok(!affinity_kernel_wilson(0, 0, AFFINITY_Z_95, &lower, &upper) &&
	   !affinity_kernel_wilson(1, 0, AFFINITY_Z_95, &lower, &upper) &&
	   lower == 7 && upper == 7,
	   "without trials there is none");
	ok(!affinity_kernel_wilson(6, 5, AFFINITY_Z_95, &lower, &upper) &&
	   lower == 7 && upper == 7,
	   "nor with more successes than trials");
	ok(affinity_kernel_wilson(3, 5, 0, &lower, &upper) &&
	   lower == 3.0 / 5 && upper == 3.0 / 5,
	   "with z = 0 it is the rate itself");
}

int
main(void)
{
	test_published();
	test_roots();
	test_edges();
	return done();
}
