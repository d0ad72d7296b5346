/*
 * cell.h
 *		What a report is made of: a state of each variant in each stratum, and
 *		the variants that these come to.
 */
#ifndef AFFINITY_EXPERIMENT_CELL_H
#define AFFINITY_EXPERIMENT_CELL_H

#include "experiment/experiment.h"
#include "experiment/plan.h"

/* A state, of a variant in a stratum. */
typedef struct Cell
{
	const char *variant;
	const char *stratum;
	bool		control;
	MetricState *state;
	MetricMoments moments;
	ExperimentArm arm;
} Cell;

typedef struct Variant
{
	const char *name;
	ExperimentArm arm;
	ExperimentResult result;
} Variant;

/* cell.c */
extern int	affinity_experiment_fill_arms(Cell *cells, int n, int n_strata,
										  const ExperimentCall *call);
extern void affinity_experiment_join_strata(Cell *cells, int n, int n_strata,
											Variant *variants);

#endif							/* AFFINITY_EXPERIMENT_CELL_H */
