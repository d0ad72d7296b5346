/*
 * tap.h
 *		Test points for the kernels, as TAP, and a generator of random
 *		numbers.
 */
#ifndef AFFINITY_TEST_TAP_H
#define AFFINITY_TEST_TAP_H

#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int	tap_points;
static int	tap_failures;

/* One test point; what is printed after the name says what it was about. */
__attribute__((format(printf, 2, 3)))
static inline bool
ok(bool passed, const char *name,...)
{
	va_list		args;

	tap_points++;
	tap_failures += !passed;
	printf("%sok %d - ", passed ? "" : "not ", tap_points);
	va_start(args, name);
	vprintf(name, args);
	va_end(args);
	printf("\n");
	return passed;
}

/* The end of main. */
static inline int
done(void)
{
	printf("1..%d\n", tap_points);
	return tap_failures > 0;
}

static uint64_t tap_seed = 20240229;

static inline uint64_t
random_bits(void)
{
	uint64_t	z = (tap_seed += 0x9E3779B97F4A7C15u);

	z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
	z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
	return z ^ (z >> 31);
}

/* 0 to n - 1 */
static inline uint32_t
random_below(uint32_t n)
{
	return (uint32_t) (random_bits() % n);
}

/* -1 to 1 */
static inline double
random_real(void)
{
	return (double) (int64_t) random_bits() / 9223372036854775808.0;
}

/*
 * Memory that ends where it says, so that the sanitizer sees a step beyond;
 * 64 bytes aligned, and filled with something that is not 0.
 */
static inline void *
take(size_t n, size_t width)
{
	void	   *memory;

	if (posix_memalign(&memory, 64, n * width > 0 ? n * width : 1) != 0)
		abort();
	memset(memory, 0x5b, n * width);
	return memory;
}

static inline float *
random_floats(size_t n)
{
	float	   *x = take(n, sizeof(float));

	for (size_t i = 0; i < n; i++)
		x[i] = (float) random_real();
	return x;
}

static inline double
worst(double a, double b)
{
	/* a NaN is worst of all */
	return a > b || a != a ? a : b;
}

#endif							/* AFFINITY_TEST_TAP_H */
