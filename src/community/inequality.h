/*
 * inequality.h
 *		The state of type inequality: how many have which amount.
 */
#ifndef AFFINITY_COMMUNITY_INEQUALITY_H
#define AFFINITY_COMMUNITY_INEQUALITY_H

#include "postgres.h"

#include "fmgr.h"

#include "base/base.h"

typedef struct InequalityEntry
{
	double		value;			/* finite, 0 or more */
	int64		count;
} InequalityEntry;

/*
 * A state. At rest its values are in order, none twice, and nothing follows
 * them: equal contents are equal bytes. Under an aggregate it is growing:
 * some entries at the end are in no order, and there is room behind them.
 */
typedef struct Inequality
{
	int32		vl_len_;		/* varlena header */
	uint32		magic;			/* INEQUALITY_MAGIC */
	uint8		version;		/* INEQUALITY_VERSION */
	uint8		growing;		/* 0 or 1 */
	uint8		unused[6];		/* 0 */
	uint32		n;				/* entries */
	uint32		n_sorted;		/* of which so many are in order */
	double		share;			/* what top_share is asked for; else 0 */
	InequalityEntry entries[FLEXIBLE_ARRAY_MEMBER];
} Inequality;

#define INEQUALITY_MAGIC 0x41464749
#define INEQUALITY_VERSION 1
#define INEQUALITY_HEADER offsetof(Inequality, entries)
#define INEQUALITY_ROWS_MAX (INT64CONST(1) << 53)

/* inequality.c */
extern Inequality *affinity_community_inequality_of(Datum value);
extern Inequality *affinity_community_inequality_arg(FunctionCallInfo fcinfo,
													 int arg);
extern double affinity_community_share_arg(FunctionCallInfo fcinfo, int arg);

#endif							/* AFFINITY_COMMUNITY_INEQUALITY_H */
