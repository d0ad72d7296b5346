/*
 * tail.h
 *		How likely a statistic is to be as large by chance, and the other way
 *		round.
 */
#ifndef AFFINITY_KERNEL_TAIL_H
#define AFFINITY_KERNEL_TAIL_H

extern double affinity_kernel_normal_tail(double z);
extern double affinity_kernel_normal_quantile(double p);
extern double affinity_kernel_chi_square_tail(double x, double df);
extern double affinity_kernel_t_tail(double t, double df);

#endif							/* AFFINITY_KERNEL_TAIL_H */
