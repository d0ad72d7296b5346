/*
 * quad.h
 *		Four doubles at once, and their logarithms and exponentials.
 *
 * The C library computes them one by one. Here they are vectors of the
 * compiler (of four, not of eight: see vector.c) without a branch. The caller
 * turns off the fusing of products with sums, so that every processor gives
 * the same result to the last bit.
 *
 * Logarithm and exponential are those of fdlibm (Sun Microsystems, 1993; its
 * polynomials of least error) without its exceptions: arguments are positive
 * and finite. The error is below 2^-52 of a logarithm and 2^-51 of an
 * exponential. Vectors are passed by pointer: by value they would be in other
 * registers at other levels of processors, which compilers warn of.
 */
#ifndef AFFINITY_KERNEL_QUAD_H
#define AFFINITY_KERNEL_QUAD_H

#include <stdint.h>

#define QUAD 4
#define QUAD_INLINE static inline __attribute__((always_inline, unused))

typedef double quad __attribute__((vector_size(QUAD * sizeof(double))));
typedef int64_t quad_int __attribute__((vector_size(QUAD * sizeof(int64_t))));
typedef uint64_t quad_bits __attribute__((vector_size(QUAD * sizeof(uint64_t))));

#define QUAD_ALL(x) ((quad) {(x), (x), (x), (x)})
#define QUAD_SUM(v) (((v)[0] + (v)[2]) + ((v)[1] + (v)[3]))

/* Which is what a comparison gives, of each lane. */
#define QUAD_CHOOSE(which, yes, no) \
	((quad) (((quad_int) (yes) & (which)) | ((quad_int) (no) & ~(which))))

/* ln 2 in two parts, the first of few digits */
#define QUAD_LN2_HIGH 6.93147180369123816490e-01
#define QUAD_LN2_LOW 1.90821492927058770002e-10

/* ln of numbers that are no smaller than the least normal one */
QUAD_INLINE void
affinity_kernel_quad_log(quad *number)
{
	/* the mantissa is taken between sqrt(1/2) and sqrt(2) */
	const uint64_t root = UINT64_C(0x3fe6a09e667f3bcd);
	const uint64_t bias = 1024;
	quad_bits	bits = (quad_bits) *number;
	quad_bits	exponent = (bits - root + (bias << 52)) >> 52;
	quad		k = (quad) (exponent | UINT64_C(0x4330000000000000)) -
		(0x1p52 + (double) bias);
	quad		f = (quad) (bits - ((exponent - bias) << 52)) - 1.0;
	quad		s = f / (2.0 + f);
	quad		z = s * s;
	quad		w = z * z;
	quad		odd = w * (3.999999999940941908e-01 +
						   w * (2.222219843214978396e-01 +
								w * 1.531383769920937332e-01));
	quad		even = z * (6.666666666666735130e-01 +
							w * (2.857142874366239149e-01 +
								 w * (1.818357216161805012e-01 +
									  w * 1.479819860511658591e-01)));
	quad		half = 0.5 * f * f;

	*number = k * QUAD_LN2_HIGH -
		((half - (s * (half + (odd + even)) + k * QUAD_LN2_LOW)) - f);
}

/* ln (1 + y) for y >= 0, where inverse is nearly 1 / (1 + y) */
QUAD_INLINE void
affinity_kernel_quad_log1p(quad *y, const quad *inverse)
{
	quad		sum = 1.0 + *y;
	quad		lost = *y - (sum - 1.0);

	affinity_kernel_quad_log(&sum);
	*y = sum + lost * *inverse;
}

/*
 * exp(-a) for a >= 0, in two factors: a power of two, and 1 + what a becomes.
 * What is below 1e-307 is 0.
 */
QUAD_INLINE void
affinity_kernel_quad_split(quad *a, quad *power)
{
	quad_int	inside = *a < 707.0;
	quad		bounded = QUAD_CHOOSE(inside, *a, QUAD_ALL(707.0));
	quad		rounded = bounded * 1.44269504088896338700e+00 + 0x1.8p52;
	quad_bits	k = (quad_bits) rounded - UINT64_C(0x4338000000000000);
	quad		whole = rounded - 0x1.8p52;
	quad		high = whole * QUAD_LN2_HIGH - bounded;
	quad		low = -(whole * QUAD_LN2_LOW);
	quad		x = high - low;
	quad		t = x * x;
	quad		c = x - t * (1.66666666666666019037e-01 +
							 t * (-2.77777777770155933842e-03 +
								  t * (6.61375632143793436117e-05 +
									   t * (-1.65339022054652515390e-06 +
											t * 4.13813679705723846039e-08))));

	*a = high - (low - x * c / (2.0 - c));
	*power = (quad) ((quad_int) ((UINT64_C(1023) - k) << 52) & inside);
}

/* exp(-a) for a >= 0 */
QUAD_INLINE void
affinity_kernel_quad_exp(quad *a)
{
	quad		power;

	affinity_kernel_quad_split(a, &power);
	*a = power * (1.0 + *a);
}

/* 1 - exp(-a) for a >= 0 */
QUAD_INLINE void
affinity_kernel_quad_expm1(quad *a)
{
	quad		power;

	affinity_kernel_quad_split(a, &power);
	*a = (1.0 - power) - power * *a;
}

#endif							/* AFFINITY_KERNEL_QUAD_H */
