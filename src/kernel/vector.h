/*
 * vector.h
 *		Sums over two aligned runs of n numbers, in double.
 */
#ifndef AFFINITY_KERNEL_VECTOR_H
#define AFFINITY_KERNEL_VECTOR_H

#include <stdbool.h>
#include <stddef.h>

/* Sums of products. */
typedef struct AffinityProducts
{
	double		xx;				/* sum of x * x */
	double		yy;				/* sum of y * y */
	double		xy;				/* sum of x * y */
} AffinityProducts;

/* Sums, and whether anything differs from the value it is compared with. */
typedef struct AffinityTotals
{
	double		x;				/* sum of x */
	double		y;				/* sum of y */
	bool		x_varies;		/* some x differs from first_x */
	bool		y_varies;		/* some y differs from first_y */
} AffinityTotals;

/* Sums of deviations from given centers, of first and second order. */
typedef struct AffinityDeviations
{
	double		x;				/* sum of x - center_x */
	double		y;				/* sum of y - center_y */
	double		xx;
	double		yy;
	double		xy;
} AffinityDeviations;

extern double affinity_kernel_dot_f4(const float *x, const float *y, size_t n);
extern double affinity_kernel_dot_f8(const double *x, const double *y,
									 size_t n);
extern double affinity_kernel_absolute_f4(const float *x, const float *y,
										  size_t n);
extern double affinity_kernel_absolute_f8(const double *x, const double *y,
										  size_t n);
extern double affinity_kernel_squared_f4(const float *x, const float *y,
										 size_t n);
extern double affinity_kernel_squared_f8(const double *x, const double *y,
										 size_t n);
extern void affinity_kernel_products_f4(const float *x, const float *y,
										size_t n, AffinityProducts *sums);
extern void affinity_kernel_products_f8(const double *x, const double *y,
										size_t n, AffinityProducts *sums);
extern void affinity_kernel_totals_f4(const float *x, const float *y, size_t n,
									  double first_x, double first_y,
									  AffinityTotals *sums);
extern void affinity_kernel_totals_f8(const double *x, const double *y,
									  size_t n, double first_x, double first_y,
									  AffinityTotals *sums);
extern void affinity_kernel_deviations_f4(const float *x,
										  const float *y, size_t n,
										  double center_x, double center_y,
										  AffinityDeviations *sums);
extern void affinity_kernel_deviations_f8(const double *x,
										  const double *y, size_t n,
										  double center_x, double center_y,
										  AffinityDeviations *sums);

#endif							/* AFFINITY_KERNEL_VECTOR_H */
