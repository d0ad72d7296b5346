/*
 * survival.h
 *		The state of type survival, and the log that log_rank keeps: how many
 *		ended, were censored or came under observation at which times.
 */
#ifndef AFFINITY_SURVIVAL_SURVIVAL_H
#define AFFINITY_SURVIVAL_SURVIVAL_H

#include "postgres.h"

#include "fmgr.h"

#include "base/base.h"

/* At one time in this order: who is censored there was at risk until then. */
typedef enum SurvivalKind
{
	SURVIVAL_EVENT = 0,
	SURVIVAL_CENSORED = 1,
	SURVIVAL_ENTERED = 2		/* at risk after this time */
} SurvivalKind;

/*
 * A time, and what happened how often: the kind in 2 bits, above it how
 * often in 42, above that the cell of log_rank, a group in a stratum, in 20.
 */
typedef struct SurvivalEntry
{
	double		at;
	uint64		what;
} SurvivalEntry;

#define SURVIVAL_COUNT_MAX ((UINT64CONST(1) << 42) - 1)
#define SURVIVAL_CELLS ((uint32) 1 << 20)
#define SURVIVAL_WHAT(cell, count, kind) \
	((uint64) (cell) << 44 | (uint64) (count) << 2 | (kind))
#define SURVIVAL_ENTRY_KIND(entry) ((SurvivalKind) ((entry)->what & 3))
#define SURVIVAL_ENTRY_COUNT(entry) \
	((int64) ((entry)->what >> 2 & SURVIVAL_COUNT_MAX))
#define SURVIVAL_ENTRY_CELL(entry) ((uint32) ((entry)->what >> 44))

/*
 * A state. At rest its entries are in order of cell, time and kind, none
 * twice, and nothing follows them: equal contents are equal bytes. Under an
 * aggregate it is growing: some entries at the end are in no order, and there
 * is room behind them.
 */
typedef struct SurvivalLog
{
	int32		vl_len_;		/* varlena header */
	uint32		magic;			/* SURVIVAL_MAGIC, or that of log_rank */
	uint8		version;		/* SURVIVAL_VERSION */
	uint8		growing;		/* 0 or 1 */
	uint8		weights;		/* log_rank: LogRankWeights */
	uint8		unused;			/* 0 */
	uint32		n;				/* entries */
	uint32		n_sorted;		/* of which so many are in order */
	uint32		n_cells;		/* log_rank; 0 in a state at rest */
	uint32		names_room;		/* bytes in front of the entries */
	uint32		names_used;		/* of which so many name the cells */
	char		data[FLEXIBLE_ARRAY_MEMBER];	/* names, then entries */
} SurvivalLog;

#define SURVIVAL_MAGIC 0x41465356
#define SURVIVAL_RANK_MAGIC 0x4146524b
#define SURVIVAL_VERSION 1
#define SURVIVAL_HEADER offsetof(SurvivalLog, data)

static inline SurvivalEntry *
affinity_survival_entries(const SurvivalLog *log)
{
	return (SurvivalEntry *) (log->data + log->names_room);
}

/* log.c */
extern SurvivalLog *affinity_survival_log_new(uint32 magic);
extern SurvivalLog *affinity_survival_log_of(Datum value, uint32 magic);
extern SurvivalLog *affinity_survival_log_add(SurvivalLog *log, double at,
											  uint64 what);
extern SurvivalLog *affinity_survival_log_names(SurvivalLog *log, Size bytes);
extern SurvivalLog *affinity_survival_log_final(const SurvivalLog *log);
extern SurvivalLog *affinity_survival_arg(FunctionCallInfo fcinfo, int arg);
extern const char *affinity_survival_log_check(const SurvivalLog *log);

/* agg.c */
extern SurvivalLog *affinity_survival_add_row(FunctionCallInfo fcinfo,
											  SurvivalLog *log, uint32 cell,
											  int duration_arg, int entry_arg,
											  uint64 count);

/* ---- going through a state ---------------------------------------------- */

/* A time at which somebody's observation ended. */
typedef struct SurvivalStep
{
	double		at;
	int64		at_risk;
	int64		events;
	int64		censored;
	double		survival;		/* after it */
	double		greenwood;		/* sum of d / (n (n - d)) up to it */
	double		hazard;			/* Nelson and Aalen's */
	double		hazard_variance;
} SurvivalStep;

typedef struct SurvivalWalk
{
	const SurvivalEntry *entry;
	const SurvivalEntry *end;
	int64		at_risk;		/* after the step */
	uint64		work;
	SurvivalStep step;
} SurvivalWalk;

typedef enum SurvivalBounds
{
	BOUNDS_LOG,
	BOUNDS_LOG_LOG,
	BOUNDS_PLAIN
} SurvivalBounds;

/* walk.c */
extern void affinity_survival_walk_begin(SurvivalWalk *walk,
										 const SurvivalLog *log);
extern bool affinity_survival_walk_next(SurvivalWalk *walk);
extern double affinity_survival_z_arg(FunctionCallInfo fcinfo, int arg);
extern SurvivalBounds affinity_survival_bounds_arg(FunctionCallInfo fcinfo,
												   int arg);
extern bool affinity_survival_bounds(const SurvivalStep *step, double z,
									 SurvivalBounds bounds, double *low,
									 double *high);

#endif							/* AFFINITY_SURVIVAL_SURVIVAL_H */
