/*
 * history.h
 *		What is known of one customer while customer_summary runs: the sum of
 *		each period with rows.
 */
#ifndef AFFINITY_CUSTOMER_HISTORY_H
#define AFFINITY_CUSTOMER_HISTORY_H

#include "postgres.h"

#include "activity/activity.h"

#define CUSTOMER_AGGREGATES "Call affinity.customer_summary."

typedef struct CustomerPeriod
{
	int128		sum;			/* in 2^-60 */
	uint32		period;
	float		largest;		/* of the amounts, without their signs */
} CustomerPeriod;

/*
 * The transition value, a bytea: room behind the periods is there to append
 * to. Only aggregates make such values and read them; but anybody can make an
 * aggregate of them, so sizes are checked before they are believed.
 */
typedef struct CustomerHistory
{
	int32		vl_len_;		/* varlena header: all room, used or not */
	uint32		magic;			/* CUSTOMER_MAGIC */
	uint32		n;				/* periods in use */
	uint32		n_sorted;		/* that are in order, none of them twice */
	uint8		unit;			/* PeriodUnit */
	uint8		has_amounts;	/* 0: each row counts */
	uint16		unused;			/* 0 */
	uint32		as_of;			/* the last period that counts */
	int64		purchases;		/* rows of more than 0 */
	int64		first_at;		/* us, local time: of the first of them */
	int64		last_at;
	CustomerPeriod periods[FLEXIBLE_ARRAY_MEMBER];
} CustomerHistory;

#define CUSTOMER_MAGIC 0x41464355

typedef struct CustomerSummary
{
	bool		has_purchases;	/* that were not returned */
	int64		frequency;
	int64		recency;
	int64		t;
	double		monetary_value;
	double		total;
} CustomerSummary;

/* history.c */
extern CustomerHistory *affinity_customer_history_new(void);
extern CustomerHistory *affinity_customer_history_arg(Datum value);
extern CustomerHistory *affinity_customer_history_add(CustomerHistory *history,
													  const CustomerPeriod *row);
extern void affinity_customer_history_sum_up(const CustomerHistory *history,
											 CustomerSummary *summary);

#endif							/* AFFINITY_CUSTOMER_HISTORY_H */
