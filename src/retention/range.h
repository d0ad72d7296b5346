/*
 * range.h
 *		range_retention_count and range_retention_sum, the aggregates that
 *		Hologres and GaussDB have under these names: for every period in
 *		which a user did the first thing, in which of the given intervals
 *		after it did the user do the second; and how many users that makes.
 *		Private to these two.
 *
 * All states and results are bigint[], so that a result of the first
 * aggregate can be stored and is what the second one takes:
 *
 *	count's state	the number of intervals and the granularity, the intervals,
 *					and an element for each period with a row: its number times
 *					4, plus what was done in it (1: first, 2: active); sorted
 *	count's result	an element for each period of a first: the day it starts on
 *					(since 2000-01-01) times 2^16, plus a bit for each interval
 *	sum's state		17 elements for each such day: the day, the users, and the
 *					users who came back after each interval; sorted
 *
 * Anybody may call these functions with any array, so each checks the shape.
 */
#ifndef AFFINITY_RETENTION_RANGE_H
#define AFFINITY_RETENTION_RANGE_H

#include "postgres.h"

#include "fmgr.h"
#include "utils/array.h"

#include "base/base.h"

#define MAX_INTERVALS 15
#define DAY_SHIFT 16

/* An array of bigint and where its elements are. */
typedef struct Numbers
{
	ArrayType  *array;
	bool		own;			/* made by affinity_retention_array_room */
	int64	   *value;
	int			n;
} Numbers;

/* range.c */
extern ArrayType *affinity_retention_array_new(int n);
pg_noreturn extern void affinity_retention_array_wrong(void);
extern Numbers affinity_retention_array_read(ArrayType *array);
extern Numbers affinity_retention_array_state(FunctionCallInfo fcinfo);
extern void affinity_retention_array_room(Numbers *numbers, int at, int n);

#endif							/* AFFINITY_RETENTION_RANGE_H */
