/*
 * trending.h
 *		The state of type decayed: a count whose rows weigh half after each
 *		half-life.
 */
#ifndef AFFINITY_TRENDING_TRENDING_H
#define AFFINITY_TRENDING_TRENDING_H

#include "postgres.h"

#include "fmgr.h"

#include "base/base.h"
#include "trending/decay.h"

/*
 * A state. Under an aggregate it is growing: blocks in full; or, as long as
 * rows are few and of two blocks, these with fewer parts, for which a chunk
 * of memory of 128 bytes is enough. At rest each has only the parts that say
 * something, from its lowest one that is not 0 to the last one that is more
 * than a sign: equal contents are equal bytes.
 */
typedef struct Decayed
{
	int32		vl_len_;		/* varlena header */
	uint32		magic;			/* DECAYED_MAGIC */
	uint8		version;		/* DECAYED_VERSION */
	uint8		growing;		/* 0, DECAYED_FULL or DECAYED_FEW */
	uint8		zoned;			/* times are instants, not local */
	uint8		first[DECAY_BLOCKS];	/* at rest: the lowest part, and how */
	uint8		n[DECAY_BLOCKS];	/* many, the newest block first */
	uint8		unused[7];		/* 0 */
	int64		half_life;		/* us */
	int64		rows;
	int64		last;			/* time of the newest row */
	int64		block;			/* that it is in */
	uint64		parts[FLEXIBLE_ARRAY_MEMBER];
} Decayed;

#define DECAYED_MAGIC 0x41464443
#define DECAYED_VERSION 1
#define DECAYED_HEADER offsetof(Decayed, parts)
#define DECAYED_FULL 1
#define DECAYED_FEW 2
#define DECAYED_FEW_SIZE (DECAYED_HEADER + \
	DECAY_FEW_BLOCKS * DECAY_FEW_PARTS * sizeof(uint64))
#define DECAYED_GROWING (DECAYED_HEADER + DECAY_BLOCKS * sizeof(DecaySum))
#define DECAYED_ROWS_MAX (INT64CONST(1) << 42)
#define DECAYED_HALF_LIFE_MAX (INT64CONST(1) << 61)

/* The sums of a state growing in full, the newest block first. */
static inline DecaySum *
affinity_trending_sums(Decayed *state)
{
	return (DecaySum *) state->parts;
}

/* state.c */
extern Decayed *affinity_trending_state_few(int64 half_life, bool zoned,
											int64 block, int64 last);
extern Decayed *affinity_trending_state_full(Decayed *state);
extern uint64 *affinity_trending_few_sum(Decayed *state, int64 block);
extern Decayed *affinity_trending_state_new(int64 half_life, bool zoned,
											int64 block, int64 last);
extern Decayed *affinity_trending_state_of(Datum value);
extern Decayed *affinity_trending_state_grow(const Decayed *state);
extern Decayed *affinity_trending_state_final(Decayed *state);
extern Decayed *affinity_trending_arg(FunctionCallInfo fcinfo, int arg);
extern void affinity_trending_state_renew(Decayed *state, int64 block);
extern Decayed *affinity_trending_state_merge(Decayed *a, Decayed *b);
extern const char *affinity_trending_state_check(const Decayed *state);

/* window.c */
extern int64 affinity_trending_span(const Interval *span, const char *name);

#endif							/* AFFINITY_TRENDING_TRENDING_H */
