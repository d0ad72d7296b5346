/*
 * vector.c
 *		Sums over two aligned runs of numbers: products, distances,
 *		deviations.
 *
 * Everything is accumulated in double, in eight lanes that are added at the
 * end. The lanes are two vectors of the compiler (GCC and clang have them on
 * every architecture), since without unsafe float flags a compiler may not
 * reorder a plain sum into lanes itself. Two vectors of four and not one of
 * eight: GCC 12 keeps vectors wider than the registers in memory, ten times
 * slower. Multiplication and addition are not fused: so every processor, and
 * float and double of the same values, give the same result to the last bit.
 *
 * No memory is allocated. Functions that fill a struct add to what is there,
 * so that a caller can go through long input in pieces.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "kernel/vector.h"
#include "kernel/multiversion.h"

#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off")
#endif

/* Elements of one vector, and of one round of a loop. */
#define QUAD 4
#define ROUND (2 * QUAD)

typedef double quad __attribute__((vector_size(QUAD * sizeof(double))));
typedef int64_t quad_mask __attribute__((vector_size(QUAD * sizeof(int64_t))));

/* Four doubles as they lie in memory: aligned as one is. */
typedef double quad_in_memory
			__attribute__((vector_size(QUAD * sizeof(double)),
						   aligned(sizeof(double)), may_alias));

#define QUAD_SUM(v) (((v)[0] + (v)[2]) + ((v)[1] + (v)[3]))

/* Clears the sign bits, which is fabs() of each. */
#define QUAD_ABS(v) ((quad) ((quad_mask) (v) & INT64_MAX))

#define QUAD_ANY(m) (((m)[0] | (m)[1] | (m)[2] | (m)[3]) != 0)

/* GCC 12 makes better code of this than of __builtin_convertvector. */
#define ELEMENT float
#define LOAD(p) ((quad) {(p)[0], (p)[1], (p)[2], (p)[3]})
#define NAME(name) name##_f4
#include "kernel/vector_template.h"

#define ELEMENT double
#define LOAD(p) ((quad) *(const quad_in_memory *) (p))
#define NAME(name) name##_f8
#include "kernel/vector_template.h"
