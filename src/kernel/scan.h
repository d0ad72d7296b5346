/*
 * scan.h
 *		The best scores by factors without scoring all items: a small copy of
 *		the items that says what a score is at most.
 */
#ifndef AFFINITY_KERNEL_SCAN_H
#define AFFINITY_KERNEL_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Items of a block. */
#define AFFINITY_SCAN_BLOCK 16

/* Beyond it sums of products would not fit their integers. */
#define AFFINITY_SCAN_MOST_WIDTH 1024

/*
 * The copy. A position is an item's place by its norm, largest first; what is
 * filled up at the end has the number UINT32_MAX. Everything is in one piece,
 * without a pointer in it.
 */
typedef struct AffinityScan
{
	uint32_t	n_items;
	uint32_t	width;			/* of an item */
	uint32_t	n_blocks;
	uint32_t	code_width;		/* rounded up to 4 */
	float	   *column;			/* unit of each column */
	float	   *most_norm;		/* by block: of an item here or further on */
	float	   *most_scaled;	/* by block: of an item here, in the units */
	float	   *unit;			/* by position: of the codes */
	float	   *error;			/* by position: norm of what the codes lack */
	float	   *inverse;		/* by position: 1 / norm without biases */
	uint32_t   *no;				/* by position */
	uint8_t    *code;			/* by block: 4 columns of 16 items, ... */
} AffinityScan;

/* A user's vector, ready for it. */
typedef struct AffinityScanUser
{
	double		norm;
	double		offset;
	float		unit;			/* of the codes */
	float		scaled_norm;
	float		slack;			/* by which a scaled norm is multiplied */
	float		constant;
	bool		cosine;			/* scores are divided by items' norms */
	int32_t		sum;			/* of the codes: 128 high + low */
	int8_t		high[AFFINITY_SCAN_MOST_WIDTH];
	int8_t		low[AFFINITY_SCAN_MOST_WIDTH];
	int16_t		code[AFFINITY_SCAN_MOST_WIDTH];
} AffinityScanUser;

/* making one */
extern size_t affinity_kernel_scan_bytes(uint32_t n_items, uint32_t width);
extern void affinity_kernel_scan_place(AffinityScan *scan, void *area,
									   uint32_t n_items, uint32_t width);
extern bool affinity_kernel_scan_norms(const float *item, size_t stride,
									   uint32_t width, uint32_t from,
									   uint32_t n, uint64_t *key,
									   double *square);
extern void affinity_kernel_scan_units(AffinityScan *scan,
									   const double *square);
extern void affinity_kernel_scan_fill(AffinityScan *scan, const float *item,
									  size_t stride, uint32_t n_biases,
									  const uint64_t *key, uint32_t block,
									  uint32_t n_blocks);

/* using it */
extern bool affinity_kernel_scan_user(const AffinityScan *scan,
									  const float *vector, double offset,
									  bool cosine, AffinityScanUser *user);

#endif							/* AFFINITY_KERNEL_SCAN_H */
