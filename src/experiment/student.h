/*
 * student.h
 *		Quantiles of Student's t: no PostgreSQL. design, cluster and uplift use
 *		it too.
 */
#ifndef AFFINITY_EXPERIMENT_STUDENT_H
#define AFFINITY_EXPERIMENT_STUDENT_H

extern double affinity_experiment_t_quantile(double tail, double df);

#endif							/* AFFINITY_EXPERIMENT_STUDENT_H */
