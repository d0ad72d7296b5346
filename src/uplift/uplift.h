/*
 * uplift.h
 *		The state of type uplift: how many rows have which score, treatment and
 *		outcome.
 */
#ifndef AFFINITY_UPLIFT_UPLIFT_H
#define AFFINITY_UPLIFT_UPLIFT_H

#include "postgres.h"

#include "fmgr.h"

#include "base/base.h"

typedef struct UpliftEntry
{
	double		score;
	double		outcome;
	uint64		what;			/* how many rows times 2, plus 1 if treated */
} UpliftEntry;

#define UPLIFT_ROWS(entry) ((int64) ((entry)->what >> 1))
#define UPLIFT_TREATED(entry) (((entry)->what & 1) != 0)

/*
 * A state. At rest its entries are in order, the highest score first, none
 * twice, and nothing follows them: equal contents are equal bytes. Under an
 * aggregate it is growing: some entries at the end are in no order, and there
 * is room behind them.
 */
typedef struct UpliftState
{
	int32		vl_len_;		/* varlena header */
	uint32		magic;			/* UPLIFT_MAGIC */
	uint16		version;		/* UPLIFT_VERSION */
	uint16		growing;		/* 0 or 1 */
	uint32		n;				/* entries */
	uint32		n_sorted;		/* of which so many are in order */
	uint32		unused;			/* 0 */
	UpliftEntry entries[FLEXIBLE_ARRAY_MEMBER];
} UpliftState;

#define UPLIFT_MAGIC 0x41465550
#define UPLIFT_VERSION 1
#define UPLIFT_HEADER offsetof(UpliftState, entries)

extern UpliftState *affinity_uplift_new(void);
extern UpliftState *affinity_uplift_of(Datum value);
extern UpliftState *affinity_uplift_add(UpliftState *state,
										const UpliftEntry *entry);
extern UpliftState *affinity_uplift_rest(const UpliftState *state);
extern UpliftState *affinity_uplift_arg(FunctionCallInfo fcinfo,
										int arg);

#endif							/* AFFINITY_UPLIFT_UPLIFT_H */
