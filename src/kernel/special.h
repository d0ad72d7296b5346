/*
 * special.h
 *		Special functions: differences of log-gamma and digamma, log-beta,
 *		expectations under a beta distribution, nodes of Gauss and Legendre.
 */
#ifndef AFFINITY_KERNEL_SPECIAL_H
#define AFFINITY_KERNEL_SPECIAL_H

/* Nodes on (-1, 1) and their weights. */
#define AFFINITY_GAUSS 16
extern const double affinity_kernel_gauss_node[AFFINITY_GAUSS];
extern const double affinity_kernel_gauss_weight[AFFINITY_GAUSS];

extern double affinity_kernel_digamma(double x);
extern double affinity_kernel_rising(double x, double n);
extern double affinity_kernel_rising_slope(double x, double n);
extern double affinity_kernel_log_beta(double a, double b);

typedef double (*AffinityOfChance) (double p, void *data);

extern double affinity_kernel_beta_mean(double a, double b, AffinityOfChance f,
										void *data, double scale);

#endif							/* AFFINITY_KERNEL_SPECIAL_H */
