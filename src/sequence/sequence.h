/*
 * sequence.h
 *		Sequences of events: their patterns.
 */
#ifndef AFFINITY_SEQUENCE_H
#define AFFINITY_SEQUENCE_H

#include "postgres.h"

#include "chain/pattern.h"
#include "eventlog/eventlog.h"

/* pattern.c */
extern void affinity_sequence_pattern_parse(const char *text,
											Size len, int n_conditions,
											EventTime kind, int sqlstate,
											AffinityPattern *pattern);
extern void affinity_sequence_pattern_of(const EventLog *log, int sqlstate,
										 AffinityPattern *pattern);

/* rows.c */
extern void *affinity_sequence_grow(void *state, Size used, Size bytes);

#endif							/* AFFINITY_SEQUENCE_H */
