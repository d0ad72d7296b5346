/*
 * design.h
 *		How many units an experiment needs, and what it can find with those it
 *		has. No PostgreSQL here.
 */
#ifndef AFFINITY_DESIGN_DESIGN_H
#define AFFINITY_DESIGN_DESIGN_H

#include <stdbool.h>

/* What is planned, but for the units and the effect. */
typedef struct PowerPlan
{
	bool		of_means;		/* or of proportions */
	double		baseline;		/* the proportion of the control */
	double		variance[2];	/* of means: control, treatment */
	double		left;			/* share of the variance that a covariate
								 * leaves */
	double		design;			/* units that count as one, in clusters */
	double		ratio;			/* units of the treatment per unit of control */
	double		tail;			/* chance of a false alarm on one side */
	int			direction;		/* 1 greater, -1 less, 0 either */
} PowerPlan;

extern double affinity_design_t_power(double t, double df, double shift);
extern double affinity_design_power_of(const PowerPlan *plan,
									   double units, double effect);
extern double affinity_design_units_for(const PowerPlan *plan,
										double effect, double power);
extern double affinity_design_effect_for(const PowerPlan *plan,
										 double units, double power);

#endif							/* AFFINITY_DESIGN_DESIGN_H */
