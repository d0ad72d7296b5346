/*
 * csr.h
 *		Compressed sparse rows, built by counting sort.
 */
#ifndef AFFINITY_KERNEL_CSR_H
#define AFFINITY_KERNEL_CSR_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct AffinityCsr
{
	uint32_t	n_rows;
	uint32_t	n_cols;
	int64_t    *start;			/* n_rows + 1 offsets into col and val */
	uint32_t   *col;			/* ascending within a row */
	float	   *val;			/* NULL where every value is 1 */
} AffinityCsr;

/* Values of the entries of a matrix on its way; either may be NULL. */
typedef struct AffinityCsrValues
{
	float	   *first;
	float	   *second;
} AffinityCsrValues;

typedef struct AffinityEntry
{
	uint32_t	row;
	uint32_t	col;
	float		val;
} AffinityEntry;

/* The bits of an entry's row or column by which a pass sorts. */
typedef struct AffinityDigit
{
	bool		of_row;
	int			shift;
	uint32_t	mask;
} AffinityDigit;

/* How many pairs of a kind, and the first of them in order of row and column. */
typedef struct AffinityPairs
{
	int64_t		n;
	uint32_t	row;			/* its rank, where rows have one */
	uint32_t	col;
	double		val;
} AffinityPairs;

/*
 * A sum that does not depend on the order of its terms. A sum of reals in
 * double is exact while they are of like magnitude; what large terms push out
 * of it is kept beside it (Neumaier, ZAMM 54, 1974), so that it is there again
 * when they cancel.
 */
typedef struct AffinitySum
{
	double		high;
	double		low;
} AffinitySum;

static inline void
affinity_kernel_sum_add(AffinitySum *sum, double x)
{
	double		high = sum->high + x;

	sum->low += fabs(sum->high) >= fabs(x) ?
		(sum->high - high) + x : (x - high) + sum->high;
	sum->high = high;
}

static inline double
affinity_kernel_sum(const AffinitySum *sum)
{
	return sum->high + sum->low;
}

/* What merging remembers from one call to the next; begins as zeros. */
typedef struct AffinityMerge
{
	/* set by the caller */
	bool		mean;			/* not the sum */
	bool		any_sign;		/* keep what is not above 0 */
	bool		keep_dropped;	/* as NaN */
	bool		second_is_max;	/* not the sum */
	bool		all_one;		/* true; then whether every value is 1 */
	float		limit;			/* drop what is farther from 0 */
	const uint32_t *rank;		/* of rows, by number; NULL: they are ranks */

	bool		open;			/* a pair is being summed */
	uint32_t	row;
	uint32_t	col;
	AffinitySum val;
	AffinitySum second;
	int64_t		n;				/* its entries that have a value */
	AffinityPairs dropped;		/* not above 0, too far from 0 or without a
								 * value */
	AffinityPairs infinite;		/* beyond the range of float */
} AffinityMerge;

extern void affinity_kernel_csr_offsets(const int64_t *count, uint32_t n,
										int64_t *start);
extern void affinity_kernel_entries_count(const AffinityEntry *entry, size_t n,
										  AffinityDigit digit, int64_t *count);
extern void affinity_kernel_entries_place(const AffinityEntry *entry,
										  const float *second, size_t n,
										  AffinityDigit digit, int64_t *next,
										  AffinityEntry *out,
										  float *out_second);
extern size_t affinity_kernel_entries_merge(AffinityMerge *merge,
											const AffinityEntry *entry,
											const float *second,
											size_t n, AffinityEntry *out,
											float *out_second);
extern void affinity_kernel_entries_to_csr(const AffinityEntry *entry,
										   const float *second,
										   size_t n, const uint32_t *renumber,
										   int64_t *next, uint32_t *col,
										   AffinityCsrValues val);

#endif							/* AFFINITY_KERNEL_CSR_H */
