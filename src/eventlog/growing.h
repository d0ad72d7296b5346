/*
 * growing.h
 *		Private to the room: a large state of one user, or of users with a
 *		held property, while it grows.
 */
#ifndef AFFINITY_EVENTLOG_GROWING_H
#define AFFINITY_EVENTLOG_GROWING_H

#include "eventlog/log.h"

typedef struct GrowingLog GrowingLog;

extern GrowingLog *affinity_eventlog_growing_log(Datum state);
extern EventLog *affinity_eventlog_growing_flatten(Datum state);
extern EventLog *affinity_eventlog_growing_header(const GrowingLog *growing);
extern bool affinity_eventlog_is_large(const EventLog *log);
extern GrowingLog *affinity_eventlog_growing_start(const EventLog *log,
												   MemoryContext aggregate);
extern void affinity_eventlog_growing_merge(GrowingLog *growing,
											const EventLog *log);
extern char *affinity_eventlog_growing_append(GrowingLog *growing,
											  Size row_size);
extern Datum affinity_eventlog_growing_datum(GrowingLog *growing);

#endif							/* AFFINITY_EVENTLOG_GROWING_H */
