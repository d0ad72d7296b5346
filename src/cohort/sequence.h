/*
 * sequence.h
 *		Private to src/cohort/sequence*.c: patterns.
 */
#ifndef AFFINITY_COHORT_SEQUENCE_H
#define AFFINITY_COHORT_SEQUENCE_H

#include "postgres.h"

#include "cohort/funnel.h"
#include "kernel/kernel.h"

/* sequence_pattern.c */
extern void affinity_pattern_parse(const char *text, Size len,
								   int n_conditions, EventTime kind,
								   int sqlstate, AffinityPattern *pattern);

#endif							/* AFFINITY_COHORT_SEQUENCE_H */
