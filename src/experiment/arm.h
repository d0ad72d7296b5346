/*
 * arm.h
 *		Comparing a variant with the control, by numbers alone: no PostgreSQL.
 *
 * What is not known is NAN.
 */
#ifndef AFFINITY_EXPERIMENT_ARM_H
#define AFFINITY_EXPERIMENT_ARM_H

#include <stdbool.h>
#include <stdint.h>

typedef enum ExperimentMethod
{
	EXPERIMENT_WELCH,
	EXPERIMENT_Z,
	EXPERIMENT_CUPED,
	EXPERIMENT_SEQUENTIAL,
	EXPERIMENT_MSPRT,
	EXPERIMENT_BAYESIAN
} ExperimentMethod;

typedef enum ExperimentSide
{
	EXPERIMENT_TWO_SIDED,
	EXPERIMENT_GREATER,			/* is the variant more than the control */
	EXPERIMENT_LESS
} ExperimentSide;

typedef enum ExperimentLift
{
	EXPERIMENT_LIFT_AUTO,		/* Fieller's where the control is near 0 */
	EXPERIMENT_LIFT_DELTA,
	EXPERIMENT_LIFT_FIELLER
} ExperimentLift;

typedef struct ExperimentPlan
{
	ExperimentMethod method;
	ExperimentSide side;
	ExperimentLift lift;
	double		alpha;
	bool		about_lift;		/* the p-value and the prior are */
	bool		wald;			/* z: this interval instead of Newcombe's */
	double		horizon;		/* sequential: units at which to be best */
	double		tau;			/* mSPRT: the effects' standard deviation */
	double		prior_mean;		/* Bayesian: of the effect, */
	double		prior_sd;		/* infinite: flat */
	double		prior_alpha;	/* of proportions */
	double		prior_beta;
	void		(*look) (void); /* at interrupts: need not come back */
} ExperimentPlan;

typedef struct ExperimentArm
{
	double		units;
	double		mean;
	double		above;			/* the mean less what is the same for all arms */
	double		variance;		/* of the mean */
	double		df;				/* degrees of freedom; INFINITY: normal */
	bool		binary;			/* a proportion */
	double		successes;
} ExperimentArm;

typedef struct ExperimentResult
{
	double		difference;
	double		low;
	double		high;
	double		lift;
	double		lift_low;
	double		lift_high;
	double		p;
	double		adjusted;
	double		chance;			/* that the variant is more than the control */
	double		loss;			/* expected, if the variant is taken */
} ExperimentResult;

/* arm.c */
extern void affinity_experiment_arm_compare(const ExperimentPlan *plan,
											const ExperimentArm *control,
											const ExperimentArm *arm,
											ExperimentResult *result);
extern void affinity_experiment_arm_no_side(const ExperimentPlan *plan,
											double *low, double *high);

/* proportion.c */
extern double affinity_experiment_beta_lower(double a, double b, double x,
											 double y);
extern double affinity_experiment_beta_quantile(double a, double b, double p);
extern void affinity_experiment_clopper_pearson(double successes, double n,
												double alpha, double *low,
												double *high);
extern void affinity_experiment_newcombe(const ExperimentPlan *plan,
										 const ExperimentArm *control,
										 const ExperimentArm *arm, double z,
										 double *low, double *high);
extern void affinity_experiment_beta_compare(const ExperimentPlan *plan,
											 const ExperimentArm *control,
											 const ExperimentArm *arm,
											 ExperimentResult *result);

#endif							/* AFFINITY_EXPERIMENT_ARM_H */
