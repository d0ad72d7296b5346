/*
 * rank.h
 *		The log of log_rank: cells, which are groups in strata, and the test
 *		over them.
 */
#ifndef AFFINITY_SURVIVAL_RANK_H
#define AFFINITY_SURVIVAL_RANK_H

#include "postgres.h"

#include "survival/survival.h"

/* Stored in transition values only. */
typedef enum LogRankWeights
{
	WEIGHTS_LOG_RANK,			/* 1 */
	WEIGHTS_WILCOXON,			/* at risk */
	WEIGHTS_TARONE_WARE,		/* root of it */
	WEIGHTS_PETO,				/* survival by Peto and Peto */
	WEIGHTS_FLEMING_HARRINGTON	/* survival before the time: rho = 1 */
} LogRankWeights;

/* What happened in one cell, apart from its log. */
typedef struct RankRow
{
	double		at;
	uint32		stratum;
	uint32		group;
	int64		count;
	SurvivalKind kind;
} RankRow;

typedef struct RankTest
{
	uint32		n_groups;
	LogRankWeights weights;
	int64	   *n;				/* rows */
	int64	   *observed;
	double	   *expected;
	double	   *difference;		/* weighted */
	double	   *variance;		/* n_groups by n_groups, weighted */
} RankTest;

/* test.c */
extern void affinity_survival_test(RankTest *test, RankRow *rows,
								   uint64 n_rows);
extern double affinity_survival_test_statistic(RankTest *test, int64 *df);

#endif							/* AFFINITY_SURVIVAL_RANK_H */
