/*
 * activity.h
 *		States of types activity and value at rest, and how reports read them.
 *
 * A state says who was active in which periods; type value is a layout that
 * adds a sum to each period. At rest a state is a flat varlena, ActivityFlat,
 * whose bytes depend only on what was aggregated and never on the order or the
 * plan.
 */
#ifndef AFFINITY_ACTIVITY_H
#define AFFINITY_ACTIVITY_H

#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "nodes/execnodes.h"

#include "calendar/calendar.h"

typedef enum ActivityLayout
{
	LAYOUT_DENSE = 1,			/* a bitmap of periods per user */
	LAYOUT_PAIRS = 2,			/* a sorted list of periods per user */
	LAYOUT_EVENTS = 3,			/* a sorted list of times per user */
	LAYOUT_VALUES = 4,			/* type value: periods and sums per user */
	LAYOUT_RAGGED = 5,			/* a bitmap per user, without zeros at its
								 * ends */
	LAYOUT_AMOUNTS = 6			/* type value: beside the sums of periods,
								 * steps of ranges or starts */
} ActivityLayout;

/* Where the amounts of a value come from: stored, never renumber. */
typedef enum ValueCounted
{
	COUNTED_ROWS = 0,			/* times */
	COUNTED_AT_END = 1,			/* ranges, at the end of each period */
	COUNTED_PRO_RATA = 2		/* ranges, by the share of each period */
} ValueCounted;

/* What a row was, given is_start and is_return; a time's rows are or-ed. */
#define EVENT_START 1			/* a start that is no return */
#define EVENT_RETURN 2			/* a return that is no start */
#define EVENT_BOTH 4			/* one row that is both */
#define EVENT_MASK 7

#ifndef HAVE_INT128
#error "a compiler with 128-bit integers is needed"
#endif

/*
 * Values are summed as whole numbers of 2^-60: such sums do not depend on the
 * order, and every double from 2^-8 on, and every amount in cents, is one.
 */
#define VALUE_SCALE_BITS 60
#define AFFINITY_VALUE_MAX 1e15 /* in 2^-60, 2^110: room for 2^17 such rows */
#define VALUE_LEAST ((int128) ((unsigned __int128) 1 << 127))

/* A finite value of up to that, rounded to the nearest (half to even). */
static inline int128
affinity_activity_value_of(double value)
{
	/* exact: only the exponent changes */
	double		scaled = rint(value * (double) (INT64CONST(1) << VALUE_SCALE_BITS));
	double		high = scaled * 0x1p-62;
	int64		whole = (int64) high;

	/* in two parts, both exact and within 64 bits, as that is quick */
	return ((int128) whole * (INT64CONST(1) << 62)) +
		(int64) ((high - (double) whole) * 0x1p62);
}

/*
 * The flat form. Behind the header, each part padded with zeros to 8 bytes:
 *
 * zone		name of the time zone, zone_len bytes
 * ids		int64[n_users], or pg_uuid_t[n_users], or uint32[n_users + 1]
 *			offsets followed by the bytes of the texts; in order of their hash
 * body		dense: uint64[n_users][words], bit p % 64 of word p / 64
 *			pairs: uint32[n_users + 1] offsets, then uint32[n_entries] periods
 *			events: uint32[n_users + 1] offsets, then int64[n_entries] times,
 *			then uint8[n_entries] EVENT_ flags
 *			values: as pairs, then int128[n_entries] sums in 2^-60
 *			amounts: as values, where a user may have no periods; with ranges
 *			the same once more of n_steps steps: what a user's amount is more
 *			from a period on; with starts uint32[n_users], each user's first
 *			period of a start, or NO_START
 *			ragged: uint32[n_users + 1] offsets in words, then for each user a
 *			uint16, its first word from that of first_period on, then the
 *			words: the first and the last of a user are not 0
 */
typedef struct ActivityFlat
{
	int32		vl_len_;		/* varlena header */
	uint32		magic;			/* ACTIVITY_MAGIC, see flat.h */
	uint8		version;		/* 2 with amounts, else 1 */
	uint8		unit;			/* PeriodUnit */
	uint8		ids;			/* AffinityIdKind */
	uint8		layout;			/* ActivityLayout */
	uint8		zoned;			/* 1: timestamptz, 0: timestamp */
	uint8		zone_len;		/* bytes of the zone's name; 0: none */
	uint8		counted;		/* ValueCounted; 0 but for amounts */
	uint8		starts;			/* 1: amounts by users' starts */
	uint32		n_users;		/* at least 1 */
	uint32		first_period;	/* of all users; 0 for events */
	uint32		last_period;	/* of all users; 0 for events */
	uint32		n_steps;		/* of amounts, else 0 */
	uint64		n_entries;		/* (user, period) pairs, or events */
	int64		first_at;		/* us; the earliest row */
	int64		last_at;		/* us; the latest row */
	char		data[FLEXIBLE_ARRAY_MEMBER];
} ActivityFlat;

/* A user of amounts by starts who has none; also the end of all periods. */
#define NO_START PG_UINT32_MAX

/* Where the parts of a flat state are. */
typedef struct ActivityView
{
	const ActivityFlat *flat;
	const char *zone;			/* not terminated */
	const char *ids;			/* int64 or pg_uuid_t */
	const uint32 *text_offsets;
	const char *text;
	const uint64 *words;		/* dense, ragged */
	uint32		first_word;		/* dense, ragged: first_period / 64 */
	uint32		n_words;		/* from there to the last one */
	const uint16 *first_words;	/* ragged: from first_word on */
	const uint32 *offsets;		/* all lists; ragged: in words */
	const uint32 *periods;		/* pairs, values, amounts */
	const int128 *sums;			/* values, amounts; in 2^-60 */
	const uint32 *step_offsets; /* amounts of ranges, else NULL */
	const uint32 *step_periods;
	const int128 *steps;		/* in 2^-60 */
	const uint32 *starts;		/* amounts by starts, else NULL */
	const int64 *at;			/* events */
	const uint8 *flags;			/* events */
} ActivityView;

/* ---- reading ------------------------------------------------------------ */

/* One user's periods, ascending, as reports want them. */
typedef struct ActivityUser
{
	const uint32 *starts;		/* periods with a start */
	const bool *again;			/* a return after it in there; NULL: yes */
	uint32		n_starts;
	const uint32 *returns;		/* periods with a return */
	uint32		n_returns;
} ActivityUser;

/* A start seen in rolling periods, which count from its very instant. */
typedef struct ActivityRolling
{
	uint32		n_full;			/* periods that are over as of as_of */
	bool		again;			/* a return in period 0 */
	const uint32 *returns;		/* later periods with a return, from 1 on */
	uint32		n_returns;
} ActivityRolling;

/* A user's amount of each period from this one on, until the next level. */
typedef struct ActivityLevel
{
	uint32		period;
	int128		amount;			/* in 2^-60 */
} ActivityLevel;

typedef struct ActivityReader
{
	ActivityView view;
	PeriodClock clock;
	int64		as_of;			/* us, comparable with the state's times */
	int64		as_of_local;	/* us, local time */
	uint32		last_period;	/* the one that contains as_of */
	uint32		first_period;	/* no user has an earlier one */
	uint32	   *starts;			/* scratch */
	uint32	   *returns;		/* scratch */
	bool	   *again;			/* scratch */
	uint32	   *start_event;	/* scratch: the event of each of starts */
	uint64		work;			/* since the last look at interrupts */
} ActivityReader;

/* log.c */
extern int128 affinity_activity_add_values(int128 a, int128 b);

/* args.c */
extern Timestamp affinity_activity_local_arg(FunctionCallInfo fcinfo, int arg,
											 const ActivityFlat *flat);
extern ActivityFlat *affinity_activity_state_arg(FunctionCallInfo fcinfo,
												 int arg);
extern ActivityFlat *affinity_activity_arg(FunctionCallInfo fcinfo, int arg);
extern ActivityFlat *affinity_activity_value_arg(FunctionCallInfo fcinfo,
												 int arg);

/* Whether a state is one of type value. */
static inline bool
affinity_activity_is_value(const ActivityFlat *flat)
{
	return flat->layout == LAYOUT_VALUES || flat->layout == LAYOUT_AMOUNTS;
}

/* level.c */
extern uint32 affinity_activity_first_period(const ActivityView *view,
											 uint32 user);
extern Size affinity_activity_levels_room(const ActivityView *view);
extern uint32 affinity_activity_levels(ActivityReader *reader, uint32 user,
									   ActivityLevel *levels);

/* read.c */
extern void affinity_activity_reader_open(ActivityReader *reader,
										  const ActivityFlat *flat,
										  const Moment *as_of);
extern void affinity_activity_reader_begin(FunctionCallInfo fcinfo,
										   ActivityReader *reader,
										   const ActivityFlat *flat);
extern void affinity_activity_reader_user(ActivityReader *reader, uint32 user,
										  ActivityUser *out);
extern void affinity_activity_reader_rolling(ActivityReader *reader,
											 uint32 user,
											 uint32 start, int64 length,
											 ActivityRolling *out);
extern uint32 affinity_activity_reader_active(ActivityReader *reader,
											  uint32 user,
											  const uint32 **periods);
extern bool affinity_activity_reader_complete(const ActivityReader *reader,
											  uint32 period);
extern uint32 affinity_activity_reader_span(const ActivityReader *reader);
extern uint64 *affinity_activity_reader_counts(uint32 n);

#endif							/* AFFINITY_ACTIVITY_H */
