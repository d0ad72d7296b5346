/*
 * sparse.h
 *		Sums over sparse rows.
 */
#ifndef AFFINITY_KERNEL_SPARSE_H
#define AFFINITY_KERNEL_SPARSE_H

#include <stddef.h>
#include <stdint.h>

extern uint32_t affinity_kernel_sparse_add(double *sum, uint32_t *touched,
										   uint32_t n_touched,
										   const uint32_t *col,
										   const float *val, size_t n,
										   double factor);
extern uint32_t affinity_kernel_sparse_add_signed(double *sum,
												  uint32_t *touched,
												  uint32_t n_touched,
												  const uint32_t *col,
												  const float *val, size_t n,
												  double factor);
extern size_t affinity_kernel_sparse_add_below(double *sum,
											   const uint32_t *col,
											   const float *val, size_t n,
											   uint32_t last, double factor);
extern void affinity_kernel_dense_add(double *restrict sum,
									  const uint32_t *restrict col,
									  const float *restrict val, size_t n,
									  double factor);
extern uint32_t affinity_kernel_dense_touched(const double *sum, uint32_t n,
											  uint32_t *touched);
extern void affinity_kernel_sparse_take(double *restrict sum,
										const uint32_t *restrict touched,
										size_t n, double left,
										const double *restrict right,
										float *restrict score);
extern void affinity_kernel_sparse_count(uint32_t *count, const uint32_t *col,
										 size_t n);

extern void affinity_kernel_sparse_gather(const float *restrict from,
										  const uint32_t *restrict at, size_t n,
										  float *restrict to);
extern void affinity_kernel_sparse_scatter(float *restrict sum,
										   const uint32_t *restrict col,
										   const float *restrict val, size_t n,
										   float factor);
extern float affinity_kernel_sparse_dot(const float *restrict x,
										const uint32_t *restrict col,
										const float *restrict val, size_t n);

extern uint32_t affinity_kernel_sparse_number(uint32_t *restrict mark,
											  uint32_t base,
											  const uint32_t *restrict col,
											  size_t n, uint32_t n_met,
											  uint32_t *restrict met,
											  uint32_t *restrict number);

/* Sums over the users who rated both items of a pair. */
typedef struct AffinityMoments
{
	double		n;
	double		x;
	double		y;
	double		xx;
	double		yy;
	double		xy;
} AffinityMoments;

extern uint32_t affinity_kernel_sparse_moments(AffinityMoments *sum,
											   uint32_t *touched,
											   uint32_t n_touched,
											   const uint32_t *col,
											   const float *val, size_t n,
											   double x);

#endif							/* AFFINITY_KERNEL_SPARSE_H */
