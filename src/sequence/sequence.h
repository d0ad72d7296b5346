/*
 * sequence.h
 *		Private to src/cohort/sequence*.c: patterns.
 */
#ifndef AFFINITY_SEQUENCE_H
#define AFFINITY_SEQUENCE_H

#include "postgres.h"

#include "eventlog/eventlog.h"
#include "chain/pattern.h"

/* pattern.c */
extern void affinity_sequence_pattern_parse(const char *text,
											Size len, int n_conditions,
											EventTime kind, int sqlstate,
											AffinityPattern *pattern);

#endif							/* AFFINITY_SEQUENCE_H */
