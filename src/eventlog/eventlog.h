/*
 * eventlog.h
 *		Private to src/cohort/funnel*.c and sequence*.c: the log of events
 *		that the states of funnels and sequences are, and what reads it.
 *
 * A log is one flat varlena: a header, a pattern (of sequences; of funnels,
 * the options that some have) and rows. Finished states of many users are
 * packed (packed.h); the others have their rows as they came. A row is the
 * user (0, 8 or 16 bytes), the held property if there is one (8 bytes), the
 * time (8 bytes) and the set of conditions that it satisfies (1, 2, 4 or 8
 * bytes), without padding. A log of chains has for each user the number of
 * the last step (1 byte) and, for each step after the first, the time since
 * the first (8 bytes; -1 for an optional step that was left out).
 */
#ifndef AFFINITY_EVENTLOG_H
#define AFFINITY_EVENTLOG_H

#include "postgres.h"

#include "fmgr.h"

#include "base/base.h"
#include "datatype/timestamp.h"
#include "chain/optional.h"
#include "utils/date.h"
#include "utils/timestamp.h"

#define FUNNEL_MAGIC 0x4c4e5546 /* "FUNL" */
#define SEQUENCE_MAGIC 0x514e4553	/* "SEQN" */
#define EVENT_LOG_VERSION 1
#define EVENT_LOG_PACKED 2		/* users in order: packed.h */

/* Kinds of time: what a unit of EventLog's times is. */
typedef enum EventTime
{
	EVENT_TIME_INTEGER,			/* as given; durations read it as seconds */
	EVENT_TIME_TIMESTAMP,		/* microseconds, local */
	EVENT_TIME_TIMESTAMPTZ		/* microseconds, UTC */
} EventTime;

/* Whose rows they are. */
typedef enum EventUser
{
	EVENT_USER_ONE,				/* one user: no id */
	EVENT_USER_INT,				/* 8 bytes */
	EVENT_USER_UUID,			/* 16 bytes */
	EVENT_USER_TEXT,			/* 16 bytes: a hash of the text */
	EVENT_USER_CHAINS			/* no rows: one finished chain for each user */
} EventUser;

/* The mode words that the kernel does not know, above its own. */
#define FUNNEL_MODE_EXCLUDE_LAST 0x0100
#define FUNNEL_MODE_HOLD_INT	0x0200	/* rows have a property: a number, */
#define FUNNEL_MODE_HOLD_UUID	0x0400	/* the hash of a uuid */
#define FUNNEL_MODE_HOLD_TEXT	0x0800	/* or that of a text */
#define FUNNEL_MODE_HOLD		(FUNNEL_MODE_HOLD_INT | FUNNEL_MODE_HOLD_UUID | \
								 FUNNEL_MODE_HOLD_TEXT)
#define FUNNEL_MODE_ONCE		0x1000	/* never in a state: it is the default */
#define FUNNEL_MODE_GROUPS		0x2000	/* of steps in any order: an option */
#define FUNNEL_MODE_ALL (AFFINITY_CHAIN_ORDER | AFFINITY_CHAIN_DEDUPLICATION | \
						 AFFINITY_CHAIN_INCREASE | AFFINITY_CHAIN_REENTRY | \
						 AFFINITY_CHAIN_SAME_ROW | AFFINITY_CHAIN_ANY_ORDER | \
						 AFFINITY_CHAIN_FIXED | AFFINITY_CHAIN_UNIQUE | \
						 FUNNEL_MODE_EXCLUDE_LAST | FUNNEL_MODE_HOLD | \
						 FUNNEL_MODE_GROUPS)

/* What else a funnel's mode says: funnel/mode.c. */
#define FUNNEL_MAX_OPTIONS (sizeof(uint64) + 2 * AFFINITY_MAX_STEPS)

typedef struct EventLog
{
	int32		vl_len_;		/* varlena header: the room, not what is used */
	uint32		magic;			/* FUNNEL_MAGIC or SEQUENCE_MAGIC */
	uint8		version;		/* EVENT_LOG_VERSION or EVENT_LOG_PACKED */
	uint8		time_kind;		/* EventTime */
	uint8		user_kind;		/* EventUser */
	uint8		n_conditions;	/* 1 to 64 */
	uint32		mode;			/* FUNNEL_MODE_...; 0 for sequences */
	int64		window;			/* in units of the time; 0 for sequences */
	uint32		n_rows;			/* rows, or chains */
	uint32		used;			/* bytes of data in use, with the pattern */
	uint32		pattern_len;	/* bytes of pattern or options before the rows */
	uint32		unused;			/* 0 */
	char		data[FLEXIBLE_ARRAY_MEMBER];
} EventLog;

#define EVENT_LOG_HEADER offsetof(EventLog, data)
#define EVENT_LOG_ROOM(log) (VARSIZE(log) - EVENT_LOG_HEADER)
#define EVENT_LOG_ROWS(log) ((log)->data + (log)->pattern_len)

/* Bytes of a row's parts. */
static inline Size
event_user_size(const EventLog *log)
{
	switch (log->user_kind)
	{
		case EVENT_USER_INT:
			return 8;
		case EVENT_USER_UUID:
		case EVENT_USER_TEXT:
			return 16;
		default:
			return 0;
	}
}

static inline Size
event_steps_size(const EventLog *log)
{
	if (log->n_conditions <= 8)
		return 1;
	if (log->n_conditions <= 16)
		return 2;
	return log->n_conditions <= 32 ? 4 : 8;
}

/* The user and the held property: what stands before the time. */
static inline Size
event_key_size(const EventLog *log)
{
	return event_user_size(log) +
		((log->mode & FUNNEL_MODE_HOLD) != 0 ? sizeof(uint64) : 0);
}

static inline Size
event_row_size(const EventLog *log)
{
	return event_key_size(log) + sizeof(int64) + event_steps_size(log);
}

static inline uint64
event_read_steps(const char *from, Size size)
{
	uint16		two;
	uint32		four;
	uint64		eight;

	switch (size)
	{
		case 1:
			return (uint8) *from;
		case 2:
			memcpy(&two, from, sizeof(two));
			return two;
		case 4:
			memcpy(&four, from, sizeof(four));
			return four;
		default:
			memcpy(&eight, from, sizeof(eight));
			return eight;
	}
}

static inline void
event_write_steps(char *to, Size size, uint64 steps)
{
	uint16		two = (uint16) steps;
	uint32		four = (uint32) steps;

	switch (size)
	{
		case 1:
			*to = (char) (uint8) steps;
			break;
		case 2:
			memcpy(to, &two, sizeof(two));
			break;
		case 4:
			memcpy(to, &four, sizeof(four));
			break;
		default:
			memcpy(to, &steps, sizeof(steps));
			break;
	}
}

/* A row or chain still in the log's own form, of any user kind. */
typedef struct EventUserId
{
	uint64		low;
	uint64		high;
} EventUserId;

static inline bool
event_same_user(EventUserId a, EventUserId b)
{
	return a.low == b.low && a.high == b.high;
}

static inline bool
event_user_before(EventUserId a, EventUserId b)
{
	return a.low != b.low ? a.low < b.low : a.high < b.high;
}

/* Spreads the upper half of an id over the lower one. */
#define EVENT_USER_MULTIPLIER UINT64CONST(0x9e3779b97f4a7c15)

static inline uint64
event_user_hash(EventUserId user)
{
	return affinity_base_mix64(user.low ^ user.high * EVENT_USER_MULTIPLIER);
}

/* In loops over the rows of a log. */
#define ROWS_BETWEEN_INTERRUPTS 65536

/* log.c */
extern EventLog *affinity_eventlog_create(uint32 magic, Size room);
extern EventLog *affinity_eventlog_grow(EventLog *log, Size bytes);
extern void affinity_eventlog_too_large(Size bytes);
extern EventLog *affinity_eventlog_merge(EventLog *a, const EventLog *b,
										 bool in_place);
extern EventLog *affinity_eventlog_trim(EventLog *log);
extern EventLog *affinity_eventlog_arg(Datum value, uint32 magic);
extern AffinityEvent *affinity_eventlog_sorted(const EventLog *log);
extern void affinity_eventlog_events_sort(AffinityEvent *event, int64 n);
extern int64 affinity_eventlog_events_cut(const AffinityEvent *event, int64 n,
										  int64 from);

/* same.c */
extern void affinity_eventlog_same(const EventLog *a, const EventLog *b);

/* grow.c */
typedef struct GrowingLog GrowingLog;

extern GrowingLog *affinity_eventlog_growing_log(Datum state);
extern EventLog *affinity_eventlog_growing_flatten(Datum state);
extern const EventLog *affinity_eventlog_growing_header(const GrowingLog *growing);
extern bool affinity_eventlog_is_large(const EventLog *log);
extern GrowingLog *affinity_eventlog_growing_start(const EventLog *log,
												   MemoryContext aggregate);
extern void affinity_eventlog_growing_merge(GrowingLog *growing,
											const EventLog *log);
extern char *affinity_eventlog_growing_append(GrowingLog *growing,
											  Size row_size);
extern Datum affinity_eventlog_growing_datum(GrowingLog *growing);

/* io.c */
extern EventLog *affinity_eventlog_in(const char *text, uint32 magic);
extern char *affinity_eventlog_out(Datum value, uint32 magic);

/* The hint where a transition function is called by itself. */
#define EVENTLOG_AGGREGATES "Call affinity.window_funnel, " \
	"affinity.funnel_agg or another aggregate of this kind."

/* Longer texts of a window or mode are read anew for each row. */
#define EVENT_CALL_TEXT 512

/* input.c: what a transition function reads from its arguments */
typedef struct EventCall
{
	int			time_arg;
	int			first_condition;
	int			n_conditions;
	bool		in_array;		/* the conditions come as one array */
	Oid			window_type;
	Interval	last_interval;	/* the arguments that window and mode are from */
	int64		last_number;
	char		last_text[EVENT_CALL_TEXT];
	char		last_mode[EVENT_CALL_TEXT];
	EventTime	time_kind;
	bool		dates;			/* of which times are the midnights */
	Oid			user_type;		/* InvalidOid where there is no user */
	EventUser	user_kind;
	uint32		mode;
	uint32		options_len;
	char		options[FUNNEL_MAX_OPTIONS];
	bool		constant;		/* window and mode are the same for every row */
	uint64		kind[2];		/* what the headers of its states say */
	bool		holds;			/* the last argument is a property */
	Oid			held_type;
	int64		window;
} EventCall;

extern void affinity_eventlog_call_init(FunctionCallInfo fcinfo,
										EventCall *call, int time_arg,
										int first_condition, bool holds);
extern void affinity_eventlog_time_infinite(void);
extern int64 affinity_eventlog_date_time(DateADT date);
extern uint64 affinity_eventlog_conditions_in_array(FunctionCallInfo fcinfo,
													const EventCall *call);
extern Oid	affinity_eventlog_time_type(EventTime kind);
extern int64 affinity_eventlog_interval_length(const Interval *interval);
extern void affinity_eventlog_read_window(FunctionCallInfo fcinfo, int arg,
										  EventCall *call);
extern bool affinity_eventlog_same_text(FunctionCallInfo fcinfo, int arg,
										const char *last);
extern void affinity_eventlog_keep_text(char *last, const char *text);
extern bool affinity_eventlog_same_window(FunctionCallInfo fcinfo, int arg,
										  const EventCall *call);

/* The time of a row; false where it is null. */
static inline bool
affinity_eventlog_time(FunctionCallInfo fcinfo,
					   const EventCall *call, int64 *at)
{
	if (PG_ARGISNULL(call->time_arg))
		return false;
	if (call->dates)
	{
		*at = affinity_eventlog_date_time(PG_GETARG_DATEADT(call->time_arg));
		return true;
	}
	/* timestamp and timestamptz are int64 too */
	*at = PG_GETARG_INT64(call->time_arg);
	if (TIMESTAMP_NOT_FINITE(*at) && call->time_kind != EVENT_TIME_INTEGER)
		affinity_eventlog_time_infinite();
	return true;
}

/* Which conditions a row satisfies. NULL is false. */
static inline uint64
affinity_eventlog_conditions(FunctionCallInfo fcinfo, const EventCall *call)
{
	const NullableDatum *value = &fcinfo->args[call->first_condition];
	uint64		steps = 0;

	if (call->in_array)
		return affinity_eventlog_conditions_in_array(fcinfo, call);
	for (int i = 0; i < call->n_conditions; i++)
		steps |= (uint64) (!value[i].isnull & DatumGetBool(value[i].value))
			<< i;
	return steps;
}

/* funnel/mode.c */
extern uint32 affinity_funnel_mode_read(const char *text, int n_conditions,
										char *options, uint32 *options_len);
extern bool affinity_funnel_mode_holds(const char *text);
extern const char *affinity_funnel_mode_word(uint32 bit);
extern int	affinity_eventlog_n_steps(const EventLog *log);
extern uint64 affinity_eventlog_optional(const EventLog *log);
extern uint64 affinity_eventlog_groups(const EventLog *log);
extern bool affinity_eventlog_options_valid(const EventLog *log);
extern void affinity_eventlog_optional_rule(const EventLog *log,
											AffinityOptionalRule *rule);

/* funnel/solve.c */
typedef struct FunnelSolver FunnelSolver;

/* A user's best chain: its last step, its steps, and their times. */
typedef struct FunnelResult
{
	int			level;
	uint64		taken;
	int64		at[AFFINITY_MAX_STEPS];
} FunnelResult;

typedef void (*FunnelResultUse) (const FunnelResult *result, void *arg);

extern bool affinity_eventlog_has_options(const EventLog *log);
extern FunnelSolver *affinity_funnel_solver_create(const EventLog *log);
extern void affinity_funnel_solver_solve(FunnelSolver *solver,
										 const AffinityEvent *event, int64 n,
										 FunnelResult *result);
extern void affinity_funnel_solve_log(const EventLog *log, FunnelResultUse use,
									  void *arg);

/* funnel/user.c */
extern void affinity_eventlog_rule(const EventLog *log,
								   AffinityChainRule *rule);
extern int	affinity_funnel_chain_of(AffinityChain *chain,
									 const AffinityChainRule *rule,
									 const AffinityEvent *event, int64 n);

/* funnel/population.c: where the users of a population are on their way */
typedef struct Conversions
{
	int			n_steps;
	uint64		optional;		/* steps that may be left out */
	int64		n_users[AFFINITY_MAX_STEPS];	/* who took the step */
	int64		room[AFFINITY_MAX_STEPS];	/* of the arrays below */
	int64	   *from_start[AFFINITY_MAX_STEPS]; /* times since the first step */
	int64	   *from_previous[AFFINITY_MAX_STEPS];	/* since the one before
													 * that must be taken: the
													 * same array if that is
													 * the first */
} Conversions;

/*
 * The step before step i (from 0), which is not the first, that must be
 * taken.
 */
static inline int
conversions_previous(const Conversions *conversions, int i)
{
	for (i--; (conversions->optional >> i & 1) != 0; i--)
		;
	return i;
}

extern void affinity_funnel_conversions_read(Conversions *conversions,
											 EventLog *log);

#endif							/* AFFINITY_EVENTLOG_H */
