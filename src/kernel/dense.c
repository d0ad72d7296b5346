/*
 * dense.c
 *		Small dense algebra: sums kept in registers, over panels in the cache.
 *
 * Registers can be filled only by who knows their width while compiling, so
 * the kernels are a template that is compiled for vectors of 4, 8 and 16
 * numbers, each with the instructions that go with them; the processor
 * chooses a table of them. target_clones (AFFINITY_MULTIVERSION) compiles the
 * same width several times: GCC 12 keeps a vector wider than the registers in
 * memory.
 *
 * Where the instructions have it, multiplication and addition are fused. So
 * results depend on the processor in their last bits, and on nothing else.
 */
#include <math.h>
#include <string.h>

#include "kernel/dense.h"
#include "kernel/multiversion.h"

/*
 * Fused, other than the rest of the project; and sqrtf need not set errno:
 * then the processor has it for whole vectors.
 */
#ifdef __clang__
#pragma STDC FP_CONTRACT ON
#else
#pragma GCC optimize("no-math-errno,fp-contract=fast")
#endif

#define ALWAYS_INLINE inline __attribute__((always_inline))

/*
 * Numbers that are fetched ahead when a panel is gathered; those in a line.
 */
#define AHEAD		2048
#define LINE		16

#ifdef __clang__
#define SHUFFLE(mask, x, y, ...) __builtin_shufflevector(x, y, __VA_ARGS__)
#else
#define SHUFFLE(mask, x, y, ...) __builtin_shuffle(x, y, (mask) {__VA_ARGS__})
#endif

typedef float quad_f4 __attribute__((vector_size(4 * sizeof(float)),
									 may_alias));
typedef float quad_f4_in_memory __attribute__((vector_size(4 * sizeof(float)),
											   aligned(sizeof(float)),
											   may_alias));
typedef float eight_f4 __attribute__((vector_size(8 * sizeof(float)),
									  may_alias));

/* The lower (0) or upper (1) half of a vector. */
#define HALF(type, v, which) (((const type *) &(v))[which])

#define WIDTH 4
#define TILE 4
#define LEVEL "baseline"
#define NAME(name) name##_baseline
#include "kernel/dense_template.h"

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && \
	__GNUC__ >= 12
#define HAVE_WIDE

#pragma GCC push_options
#pragma GCC target("arch=x86-64-v3")
#define WIDTH 8
#define TILE 4
#define LEVEL "x86-64-v3"
#define NAME(name) name##_v3
#include "kernel/dense_template.h"
#pragma GCC pop_options

#pragma GCC push_options
#pragma GCC target("arch=x86-64-v4")
#define WIDTH 16
#define TILE 8
#define LEVEL "x86-64-v4"
#define NAME(name) name##_v4
#include "kernel/dense_template.h"
#pragma GCC pop_options
#endif

/* The same width, and 32 registers where the baseline counts on 16. */
#if defined(__aarch64__) && defined(__ARM_NEON)
#define HAVE_NEON

#define WIDTH 4
#define TILE 8
#define LEVEL "neon"
#define NAME(name) name##_neon
#include "kernel/dense_template.h"
#endif

/*
 * The kernels of a level, from 0; NULL where the processor has not got it.
 */
const AffinityDense *
affinity_kernel_dense_level(int level)
{
#ifdef HAVE_WIDE
	if (level == 2)
		return __builtin_cpu_supports("x86-64-v4") ? &dense_v4 : NULL;
	if (level == 1)
		return __builtin_cpu_supports("x86-64-v3") ? &dense_v3 : NULL;
#endif
#ifdef HAVE_NEON
	if (level == 1)
		return &dense_neon;
#endif
	return level == 0 ? &dense_baseline : NULL;
}

const AffinityDense *
affinity_kernel_dense(void)
{
	const AffinityDense *dense = NULL;

	for (int level = AFFINITY_DENSE_LEVELS; dense == NULL;)
		dense = affinity_kernel_dense_level(--level);
	return dense;
}

AFFINITY_MULTIVERSION void
affinity_kernel_add_to_double(const float *x, size_t n, double *sum)
{
	for (size_t i = 0; i < n; i++)
		sum[i] += x[i];
}
