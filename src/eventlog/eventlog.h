/*
 * eventlog.h
 *		The log of events that a state of a funnel or sequence is: what it
 *		says, and how rows go in and come out.
 *
 * A transition function reads its call once (input.c) and then appends a row
 * at each call; states are merged, finished and read. What form a log has is
 * the room's own: flat where it is small or one user's (log.h), growing
 * (growing.h) or in parts (parted.h) where it is large, packed where it is
 * finished and has many users (packed.h).
 *
 * A log is of a kind and has options: of a funnel those that some modes have,
 * of a sequence its pattern. Its rows are the user, if there are several, the
 * held property, if there is one, the time, and the set of conditions that
 * the row satisfies; or, of a log of chains, the steps of one user each.
 */
#ifndef AFFINITY_EVENTLOG_H
#define AFFINITY_EVENTLOG_H

#include "postgres.h"

#include "fmgr.h"
#include "lib/stringinfo.h"

#include "base/base.h"
#include "calendar/calendar.h"
#include "chain/spaced.h"
#include "datatype/timestamp.h"
#include "utils/date.h"
#include "utils/timestamp.h"

#define FUNNEL_MAGIC 0x4c4e5546 /* "FUNL" */
#define SEQUENCE_MAGIC 0x514e4553	/* "SEQN" */

/* Kinds of time: what a unit of a log's times is. */
typedef enum EventTime
{
	EVENT_TIME_INTEGER,			/* as given; durations read it as seconds */
	EVENT_TIME_TIMESTAMP,		/* microseconds, local */
	EVENT_TIME_TIMESTAMPTZ		/* microseconds, UTC */
} EventTime;

/* Whose rows they are. Stored: never renumber. */
typedef enum EventUser
{
	EVENT_USER_ONE = 0,			/* one user: no id */
	EVENT_USER_INT = AFFINITY_ID_INT,	/* 8 bytes */
	EVENT_USER_UUID = AFFINITY_ID_UUID, /* 16 bytes */
	EVENT_USER_TEXT = AFFINITY_ID_TEXT, /* 16 bytes: a hash of the text */
	EVENT_USER_CHAINS = 4		/* no rows: one finished chain for each user */
} EventUser;

StaticAssertDecl(EVENT_USER_INT == 1 && EVENT_USER_UUID == 2 &&
				 EVENT_USER_TEXT == 3, "numbers of EventUser are stored");

/*
 * The bits of a mode above those of chain/chain.h. 0x1000 is never stored:
 * FUNNEL_MODE_ONCE of funnel/funnel.h. The next free one is 0x10000.
 */
#define EVENT_MODE_EXCLUDE_LAST 0x0100
#define EVENT_MODE_HOLD_INT		0x0200	/* rows have a property: a number, */
#define EVENT_MODE_HOLD_UUID	0x0400	/* the hash of a uuid */
#define EVENT_MODE_HOLD_TEXT	0x0800	/* or that of a text */
#define EVENT_MODE_HOLD	(EVENT_MODE_HOLD_INT | EVENT_MODE_HOLD_UUID | \
						 EVENT_MODE_HOLD_TEXT)
#define EVENT_MODE_GROUPS		0x2000	/* of steps in any order: an option */
#define EVENT_MODE_FIRST		0x4000	/* only what begins with the first row */
#define EVENT_MODE_SPACED		0x8000	/* a window for each step: an option */
#define EVENT_MODE_ALL (AFFINITY_CHAIN_ORDER | AFFINITY_CHAIN_DEDUPLICATION | \
						AFFINITY_CHAIN_INCREASE | AFFINITY_CHAIN_REENTRY | \
						AFFINITY_CHAIN_SAME_ROW | AFFINITY_CHAIN_ANY_ORDER | \
						AFFINITY_CHAIN_FIXED | AFFINITY_CHAIN_UNIQUE | \
						EVENT_MODE_EXCLUDE_LAST | EVENT_MODE_HOLD | \
						EVENT_MODE_GROUPS | EVENT_MODE_FIRST | \
						EVENT_MODE_SPACED)

/* The window where there is none, or one for each step. */
#define EVENT_NO_WINDOW (-1)

/*
 * Options of a funnel, if it has any: the set of optional steps or, with
 * EVENT_MODE_GROUPS, of the steps that are in the group of the step before (8
 * bytes), and for each condition that is no step the last step after which it
 * begins to be excluded and the step before which it ends (a byte each; 0 and
 * the number of steps where it is excluded everywhere); and with
 * EVENT_MODE_SPACED for each step but the last how much later the next one may
 * be (8 bytes).
 */
#define EVENT_MAX_OPTIONS (sizeof(uint64) * AFFINITY_MAX_STEPS)

/* What the header of a log says of its rows; as it is stored. */
typedef struct EventKind
{
	uint8		version;		/* of the form: log.h */
	uint8		time_kind;		/* EventTime */
	uint8		user_kind;		/* EventUser */
	uint8		n_conditions;	/* 1 to 64 */
	uint32		mode;			/* bits of chain/chain.h and EVENT_MODE_... */
	int64		window;			/* in units of the time, or EVENT_NO_WINDOW; 0
								 * for sequences */
} EventKind;

/* What the states of a call have in common. */
typedef struct EventDefinition
{
	uint32		magic;			/* FUNNEL_MAGIC or SEQUENCE_MAGIC */
	uint32		options_len;
	const char *options;		/* or the pattern */
	EventKind	kind;
} EventDefinition;

typedef struct EventLog EventLog;

/* log.c */
extern void affinity_eventlog_define(EventDefinition *definition,
									 uint32 magic);
extern EventLog *affinity_eventlog_arg(Datum value, uint32 magic);
extern const EventKind *affinity_eventlog_kind(const EventLog *log);
extern const char *affinity_eventlog_options(const EventLog *log,
											 uint32 *options_len);
extern bool affinity_eventlog_is_of(const EventLog *log,
									const EventDefinition *definition);
extern void *affinity_eventlog_enlarge(const void *value, Size used,
									   Size needed);

/* ---- the arguments of a transition function: input.c ------------------- */

/* The hint where a transition function is called by itself. */
#define EVENTLOG_AGGREGATES "Call affinity.window_funnel, " \
	"affinity.funnel_agg or another aggregate of this kind."

/* Longer texts of a window or mode are read anew for each row. */
#define EVENT_CALL_TEXT 512

typedef struct EventCall
{
	EventDefinition definition;
	int			rows_at_first;	/* for which a state of one user has room */
	/* where the arguments stand; 0: there is none */
	int			time_arg;
	int			user_arg;
	int			held_arg;
	int			first_condition;
	bool		in_array;		/* the conditions come as one array */
	bool		dates;			/* of which times are the midnights */
	Oid			user_type;
	Oid			held_type;
	Oid			window_type;
	Interval	last_interval;	/* the argument that the window is from */
	int64		last_number;
	char		last_text[EVENT_CALL_TEXT]; /* or the bytes of an array */
	int			n_windows;		/* of the steps; -1: there is one window */
	int64		windows[AFFINITY_MAX_STEPS];
} EventCall;

extern void affinity_eventlog_call_init(FunctionCallInfo fcinfo,
										EventCall *call, uint32 magic,
										int time_arg, int first_condition,
										bool holds);
extern void affinity_eventlog_read_user_type(FunctionCallInfo fcinfo,
											 int user_arg, EventCall *call);
extern void affinity_eventlog_read_window(FunctionCallInfo fcinfo, int arg,
										  EventCall *call);
extern bool affinity_eventlog_same_window(FunctionCallInfo fcinfo, int arg,
										  const EventCall *call);
extern bool affinity_eventlog_same_text(FunctionCallInfo fcinfo, int arg,
										const char *last);
extern void affinity_eventlog_keep_text(char *last, const char *text);
extern int64 affinity_eventlog_window_length(const EventCall *call, Oid type,
											 Datum value);
extern int64 affinity_eventlog_interval_length(const Interval *interval);
extern int64 affinity_eventlog_number(const char *from);
extern int64 affinity_eventlog_text_length(const char *what, const char *text);
extern Oid	affinity_eventlog_time_type(const EventLog *log);
extern EventTime affinity_eventlog_time_kind(Oid type);
extern int64 affinity_eventlog_date_time(DateADT date);
pg_noreturn extern void affinity_eventlog_time_infinite(void);
extern uint64 affinity_eventlog_conditions_in_array(FunctionCallInfo fcinfo,
													const EventCall *call);
extern bool affinity_eventlog_same_conditions(FunctionCallInfo fcinfo,
											  const EventCall *call);

/* The time of a row, which is not NULL. */
static inline int64
affinity_eventlog_time(FunctionCallInfo fcinfo, const EventCall *call)
{
	int64		at;

	if (call->dates)
		return affinity_eventlog_date_time(PG_GETARG_DATEADT(call->time_arg));
	/* timestamp and timestamptz are int64 too */
	at = PG_GETARG_INT64(call->time_arg);
	if (TIMESTAMP_NOT_FINITE(at) &&
		call->definition.kind.time_kind != EVENT_TIME_INTEGER)
		affinity_eventlog_time_infinite();
	return at;
}

/* Which conditions a row satisfies. NULL is false. */
static inline uint64
affinity_eventlog_conditions(FunctionCallInfo fcinfo, const EventCall *call)
{
	const NullableDatum *value = &fcinfo->args[call->first_condition];
	int			n = call->definition.kind.n_conditions;
	uint64		steps = 0;

	if (call->in_array)
		return affinity_eventlog_conditions_in_array(fcinfo, call);
	for (int i = 0; i < n; i++)
		steps |= (uint64) (!value[i].isnull & DatumGetBool(value[i].value))
			<< i;
	return steps;
}

/* windows.c: an array of windows, one for each step but the last */
extern void affinity_eventlog_read_windows(FunctionCallInfo fcinfo, int arg,
										   EventCall *call);
extern bool affinity_eventlog_same_windows(FunctionCallInfo fcinfo, int arg,
										   const EventCall *call);

/* ---- append ------------------------------------------------------------ */

/* A user's id; a user is known by it within one log. */
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

/* Spreads the upper half of an id over the lower one. */
#define EVENT_USER_MULTIPLIER UINT64CONST(0x9e3779b97f4a7c15)

/* As logs of many users name it: `low` is a hash that can be taken back. */
static inline EventUserId
event_user_mix(EventUserId user)
{
	EventUserId mixed = user;

	mixed.low = affinity_base_mix64(user.low ^
									user.high * EVENT_USER_MULTIPLIER);
	return mixed;
}

/* Rows that wait for each other before they go to their places. */
#define EVENT_WAITING 64

typedef struct WaitingRow
{
	EventUserId mixed;
	AffinityEvent event;
} WaitingRow;

/* Where rows enter a state in parts, which this is the beginning of. */
typedef struct EventInlet
{
	ExpandedObjectHeader hdr;
	EventDefinition definition;
	int			n_waiting;
	WaitingRow	waiting[EVENT_WAITING];
} EventInlet;

extern const ExpandedObjectMethods affinity_eventlog_parted_methods;

extern void affinity_eventlog_parted_place(EventInlet *inlet);

/* append.c */
extern EventLog *affinity_eventlog_create(const EventDefinition *definition,
										  Size room);
extern Datum affinity_eventlog_append_flat(FunctionCallInfo fcinfo,
										   const EventCall *call);
extern EventUserId affinity_eventlog_wide_user(Datum user, Oid type);
pg_noreturn extern void affinity_eventlog_other_state(uint32 magic);

/* The state in parts that a value is, or NULL. */
static inline EventInlet *
affinity_eventlog_inlet_to_read(Datum state)
{
	ExpandedObjectHeader *header = affinity_base_expanded(state);

	return header != NULL &&
		header->eoh_methods == &affinity_eventlog_parted_methods ?
		(EventInlet *) header : NULL;
}

/* The same, if this is a transition function's to change. */
static inline EventInlet *
affinity_eventlog_inlet(Datum state)
{
	return VARATT_IS_EXTERNAL_EXPANDED_RW(DatumGetPointer(state)) ?
		affinity_eventlog_inlet_to_read(state) : NULL;
}

/* A transition value must have been made by calls like this one. */
static inline bool
affinity_eventlog_same_definition(const EventDefinition *a,
								  const EventDefinition *b)
{
	return memcmp(&a->kind, &b->kind, sizeof(EventKind)) == 0 &&
		a->options_len == b->options_len &&
		(a->options_len == 0 ||
		 memcmp(a->options, b->options, a->options_len) == 0);
}

/* Rows without user, time or held property are left out. */
static inline bool
affinity_eventlog_row_given(FunctionCallInfo fcinfo, const EventCall *call)
{
	return !PG_ARGISNULL(call->time_arg) &&
		(call->user_arg == 0 || !PG_ARGISNULL(call->user_arg)) &&
		(call->held_arg == 0 || !PG_ARGISNULL(call->held_arg));
}

/*
 * And so are rows that satisfy no condition, unless the mode asks what lies
 * between steps.
 */
static inline bool
affinity_eventlog_row_matters(const EventCall *call, uint64 steps)
{
	return steps != 0 ||
		(call->definition.kind.mode & AFFINITY_CHAIN_ORDER) != 0;
}

static inline EventUserId
affinity_eventlog_user(FunctionCallInfo fcinfo, const EventCall *call)
{
	Datum		user = PG_GETARG_DATUM(call->user_arg);
	EventUserId id = {0, 0};

	if (call->definition.kind.user_kind != EVENT_USER_INT)
		return affinity_eventlog_wide_user(user, call->user_type);
	id.low = (uint64) affinity_base_id_to_int(user, call->user_type);
	return id;
}

static inline EventUserId
affinity_eventlog_mixed(FunctionCallInfo fcinfo, const EventCall *call)
{
	return event_user_mix(affinity_eventlog_user(fcinfo, call));
}

/* One more row: it waits for others. */
static inline void
affinity_eventlog_inlet_add(EventInlet *inlet, EventUserId mixed,
							const AffinityEvent *event)
{
	WaitingRow *row = &inlet->waiting[inlet->n_waiting++];

	row->mixed = mixed;
	row->event = *event;
	if (inlet->n_waiting == EVENT_WAITING)
		affinity_eventlog_parted_place(inlet);
}

/* The row of a call, of which the time has been read. */
static inline void
affinity_eventlog_inlet_append(FunctionCallInfo fcinfo, const EventCall *call,
							   EventInlet *inlet, int64 at)
{
	AffinityEvent event = {at, affinity_eventlog_conditions(fcinfo, call)};

	if (affinity_eventlog_row_matters(call, event.steps))
		affinity_eventlog_inlet_add(inlet,
									affinity_eventlog_mixed(fcinfo, call),
									&event);
}

/*
 * A transition function after it has read what is its own: append the row
 * that its arguments are to the state that the first one is. Most rows of
 * large states need not leave this file.
 */
static inline Datum
affinity_eventlog_append(FunctionCallInfo fcinfo, const EventCall *call)
{
	EventInlet *inlet = PG_ARGISNULL(0) ? NULL :
		affinity_eventlog_inlet(PG_GETARG_DATUM(0));

	if (inlet == NULL)
		return affinity_eventlog_append_flat(fcinfo, call);
	if (!affinity_eventlog_same_definition(&inlet->definition,
										   &call->definition))
		affinity_eventlog_other_state(call->definition.magic);
	if (affinity_eventlog_row_given(fcinfo, call))
		affinity_eventlog_inlet_append(fcinfo, call, inlet,
									   affinity_eventlog_time(fcinfo, call));
	return PG_GETARG_DATUM(0);
}

/* ---- merge, finish, text and binary form, compare ---------------------- */

/* What the mode of a log is called, in the current memory context. */
typedef char *(*EventModeText) (const EventLog *log);

/* merge.c */
extern Datum affinity_eventlog_merge(FunctionCallInfo fcinfo, uint32 magic,
									 EventModeText mode_text);
extern Datum affinity_eventlog_rollup(FunctionCallInfo fcinfo, uint32 magic,
									  EventModeText mode_text);
extern EventLog *affinity_eventlog_finish(Datum state, uint32 magic);

/* subset.c */
extern EventLog *affinity_eventlog_subset(const EventLog *log,
										  EventUserId *user, Size n,
										  bool wanted);

/* io.c */
extern EventLog *affinity_eventlog_in(const char *text, uint32 magic);
extern char *affinity_eventlog_out(Datum value, uint32 magic);
extern EventLog *affinity_eventlog_recv(StringInfo from, uint32 magic);
extern bytea *affinity_eventlog_send(Datum value, uint32 magic);

/* compare.c */
extern int	affinity_eventlog_compare(FunctionCallInfo fcinfo, uint32 magic);
extern uint64 affinity_eventlog_hash(FunctionCallInfo fcinfo, uint32 magic,
									 uint64 seed);

/* ---- read -------------------------------------------------------------- */

/*
 * One user's rows, in order; with a held property, those of one value of it,
 * and a user's values one after the other.
 */
typedef void (*EventUserUse) (EventUserId user, const AffinityEvent *event,
							  int64 n, void *arg);

/* One user's chain: the times since the first step; -1: a step left out. */
typedef void (*EventChainUse) (int level, const int64 *since, void *arg);

/* read.c */
extern AffinityEvent *affinity_eventlog_sorted(const EventLog *log, int64 *n);
extern void affinity_eventlog_each_user(const EventLog *log, EventUserUse use,
										void *arg);
extern EventUserId affinity_eventlog_user_id(const EventLog *log,
											 EventUserId user);

/* chains.c */
extern EventLog *affinity_eventlog_chain_append(EventLog *log, int level,
												const int64 *since);
extern void affinity_eventlog_each_chain(const EventLog *log,
										 EventChainUse use, void *arg);

/* rule.c: what the mode and options of a funnel's log say */
extern int	affinity_eventlog_n_steps(const EventLog *log);
extern uint64 affinity_eventlog_optional(const EventLog *log);
extern uint64 affinity_eventlog_groups(const EventLog *log);
extern bool affinity_eventlog_exclusion(const EventLog *log, int condition,
										int *after, int *before);
extern void affinity_eventlog_rule(const EventLog *log,
								   AffinityChainRule *rule);
extern void affinity_eventlog_optional_rule(const EventLog *log,
											AffinityOptionalRule *rule);
extern void affinity_eventlog_spaced_rule(const EventLog *log,
										  AffinitySpacedRule *rule);

#endif							/* AFFINITY_EVENTLOG_H */
