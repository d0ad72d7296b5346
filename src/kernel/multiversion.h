/*
 * multiversion.h
 *		Functions compiled for several levels of processors.
 */
#ifndef AFFINITY_KERNEL_MULTIVERSION_H
#define AFFINITY_KERNEL_MULTIVERSION_H

/* any header of the C library says which library it is */
#include <stdint.h>

/*
 * AFFINITY_MULTIVERSION before a function: compile it several times and let
 * the dynamic linker pick the one that fits the processor. Names of levels
 * and not of features, because in target_clones a comma separates versions:
 * "avx2,fma" would be two of them. Names of processors ("arch=haswell") match
 * that model alone. GCC knows levels from 12 on.
 *
 * Nothing for clang: its version 14 exports only the name "f.ifunc", so that
 * another file's call of f is not resolved.
 */
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && \
	!defined(__clang__)
#if __GNUC__ >= 12
#define AFFINITY_MULTIVERSION \
	__attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", \
								 "default")))
#else
#define AFFINITY_MULTIVERSION \
	__attribute__((target_clones("avx512f", "avx2", "default")))
#endif
#else
#define AFFINITY_MULTIVERSION
#endif

#endif							/* AFFINITY_KERNEL_MULTIVERSION_H */
