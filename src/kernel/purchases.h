/*
 * purchases.h
 *		What a customer who is there is expected to buy, and what of it counts
 *		where later purchases count less.
 */
#ifndef AFFINITY_KERNEL_PURCHASES_H
#define AFFINITY_KERNEL_PURCHASES_H

/*
 * Purchases at a rate ~ Gamma(shape, time), by somebody who leaves after each
 * of them with a chance ~ Beta(leave, stay).
 */
typedef struct AffinityBuyer
{
	double		shape;
	double		time;
	double		leave;
	double		stay;
} AffinityBuyer;

extern double affinity_kernel_purchases(const AffinityBuyer *buyer,
										double horizon);
extern double affinity_kernel_discounted(const AffinityBuyer *buyer,
										 double horizon, double discount);
extern double affinity_kernel_pareto_purchases(double shape, double time,
											   double s, double left_time,
											   double horizon,
											   double discount);

#endif							/* AFFINITY_KERNEL_PURCHASES_H */
