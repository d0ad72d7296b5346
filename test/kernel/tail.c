/*
 * Tails of distributions (tail.c), against figures of scipy 1.10, closed
 * forms, and quantiles the other way round.
 */
#include "kernel/tail.h"
#include "tap.h"

static bool
near(double a, double b, double tolerance)
{
	return a == b || fabs(a - b) <= tolerance * fabs(b);
}

static void
test_published(void)
{
	static const double chi_square[][3] = {
		{1e-3, 3, 0.9999915920809419}, {0.5, 2, 0.7788007830714049},
		{5, 5, 0.4158801869955079}, {30, 4, 4.894437128029217e-06},
		{100, 7, 1.0787979671702833e-18}, {2000, 1800, 0.0006225977842750463},
		{1e5, 1e5, 0.4994052918952067}, {700, 3, 2.0991308534204487e-151},
		{122.2, 1, 2.0870246673546625e-28}
	};
	static const double student[][3] = {
		{0.1, 1, 0.9365489651388929}, {2, 3, 0.1393259685588431},
		{5, 10, 0.0005373336027564525}, {1.96, 1000, 0.05027318495574871},
		{-3, 1e6, 0.0026998625414217953}, {40, 5, 1.8411962171772952e-07},
		{1e-5, 2, 0.9999929289321883}, {10, 300, 1.6558627351112513e-20},
		{1.9, 1e6, 0.0574334069965393}, {30, 2e4, 1.86631902879653e-193},
		{3, 1e15, 0.00269979606326025}, {0.1, 3e7, 0.920344326114146}
	};
	static const double normal[][2] = {
		{0.975, 1.959963984540054}, {1e-10, -6.361340902404056},
		{0.3, -0.5244005127080409}, {0.9999999, 5.199337582290661},
		{1e-300, -37.0470962993612}
	};

	for (size_t i = 0; i < sizeof(chi_square) / sizeof(chi_square[0]); i++)
	{
		double		p = affinity_kernel_chi_square_tail(chi_square[i][0],
														chi_square[i][1]);

		ok(near(p, chi_square[i][2], 1e-10), "chi-square: %.17g", p);
	}
	for (size_t i = 0; i < sizeof(student) / sizeof(student[0]); i++)
	{
		double		p = affinity_kernel_t_tail(student[i][0], student[i][1]);

		ok(near(p, student[i][2], 1e-10), "t: %.17g", p);
	}
	for (size_t i = 0; i < sizeof(normal) / sizeof(normal[0]); i++)
	{
		double		z = affinity_kernel_normal_quantile(normal[i][0]);

		ok(near(z, normal[i][1], 1e-9), "normal: %.17g", z);
	}
}

static void
test_forms(void)
{
	double		error = 0;
	bool		falls = true;

	for (int i = 1; i < 400; i++)
	{
		double		x = i * 0.37;
		double		half = x / 2;
		double		sum = 1 + half + half * half / 2 + half * half * half / 6;
		double		z = affinity_kernel_normal_quantile(i / 400.0);

		error = fmax(error, fabs(affinity_kernel_chi_square_tail(x, 2) /
								 exp(-half) - 1));
		error = fmax(error, fabs(affinity_kernel_chi_square_tail(x, 8) /
								 (exp(-half) * sum) - 1));
		error = fmax(error, fabs(affinity_kernel_normal_tail(z) -
								 (1 - i / 400.0)));
		error = fmax(error, fabs(affinity_kernel_t_tail(x, 2) -
								 (1 - x / sqrt(2 + x * x))));
		falls &= affinity_kernel_chi_square_tail(x, 5) >
			affinity_kernel_chi_square_tail(x + 0.01, 5);
	}
	ok(error < 1e-12, "closed forms: %g", error);
	ok(falls, "it falls");
	ok(affinity_kernel_chi_square_tail(0, 3) == 1 &&
	   affinity_kernel_chi_square_tail(INFINITY, 3) == 0 &&
	   isnan(affinity_kernel_chi_square_tail(NAN, 3)) &&
	   isnan(affinity_kernel_chi_square_tail(1, 0)) &&
	   affinity_kernel_t_tail(0, 3) == 1 &&
	   affinity_kernel_t_tail(INFINITY, 3) == 0 &&
	   affinity_kernel_t_tail(1e200, 3) == 0 &&
	   isnan(affinity_kernel_t_tail(NAN, 3)), "the ends of tails");
	ok(affinity_kernel_normal_quantile(0.5) == 0 &&
	   affinity_kernel_normal_quantile(0) == -INFINITY &&
	   affinity_kernel_normal_quantile(1) == INFINITY &&
	   isnan(affinity_kernel_normal_quantile(NAN)), "those of quantiles");
}

int
main(void)
{
	test_published();
	test_forms();
	return done();
}
