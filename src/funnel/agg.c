/*
 * agg.c
 *		The aggregates over rows: window_funnel, funnel_times, funnel_agg and
 *		rollup.
 *
 * Transition functions append to an event log (eventlog/log.c); nothing is
 * computed before the final function. Rows that satisfy no step are dropped,
 * unless the mode asks what lies between steps.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/uuid.h"

#include "eventlog/packed.h"

/*
 * Room of a new state: one user has few rows (24 of up to 8 steps fit, which
 * is what SSPACE of the aggregates says), a population has many.
 */
#define ROWS_OF_ONE 16
#define ROOM_OF_MANY 1024

/* The second half of the hash that stands for a text user. */
#define SECOND_SEED UINT64CONST(0x9e3779b97f4a7c15)

/* Where the arguments of a transition function stand; 0 where absent. */
typedef struct FunnelArgs
{
	int			user;
	int			at;
	int			window;
	int			mode;
	int			conditions;
} FunnelArgs;

PG_FUNCTION_INFO_V1(affinity_funnel_accum);
PG_FUNCTION_INFO_V1(affinity_funnel_agg_accum);
PG_FUNCTION_INFO_V1(affinity_funnel_combine);

static EventUser
user_kind_of_type(Oid type)
{
	AffinityIdKind kind;

	if (!affinity_base_id_kind(type, &kind))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("a user cannot be of type %s", format_type_be(type)),
				 errhint("Users may be of these types: %s. Cast others to text.",
						 AFFINITY_ID_TYPES)));
	return kind == AFFINITY_ID_INT ? EVENT_USER_INT :
		kind == AFFINITY_ID_UUID ? EVENT_USER_UUID : EVENT_USER_TEXT;
}

static uint32
held_bit(Oid type)
{
	AffinityIdKind kind;

	if (!affinity_base_id_kind(type, &kind) || kind == AFFINITY_ID_INT)
		return FUNNEL_MODE_HOLD_INT;
	return kind == AFFINITY_ID_UUID ? FUNNEL_MODE_HOLD_UUID :
		FUNNEL_MODE_HOLD_TEXT;
}

static void
init_call(FunctionCallInfo fcinfo, const FunnelArgs *args, EventCall *call)
{
	char	   *mode = args->mode == 0 ? NULL :
		affinity_base_text_arg(fcinfo, args->mode, "mode");

	affinity_eventlog_call_init(fcinfo, call,
								args->at, args->conditions, mode != NULL &&
								affinity_funnel_mode_holds(mode));
	if (args->user != 0)
	{
		call->user_type = affinity_base_arg_type(fcinfo, args->user);
		call->user_kind = user_kind_of_type(call->user_type);
	}
	affinity_eventlog_read_window(fcinfo, args->window, call);
	if (mode == NULL)
		return;
	call->mode = affinity_funnel_mode_read(mode, call->n_conditions,
										   call->options, &call->options_len);
	if (call->holds)
		call->mode = (call->mode & ~FUNNEL_MODE_HOLD) |
			held_bit(call->held_type);
	affinity_eventlog_keep_text(call->last_mode, mode);
}

/*
 * What every state's header must say. It is compared for each row, so as the
 * two words that it is.
 */
static void
keep_kind(EventCall *call)
{
	EventLog	like;

	StaticAssertStmt(offsetof(EventLog, n_rows) - offsetof(EventLog, version) ==
					 sizeof(call->kind), "kind of a log");
	like.version = EVENT_LOG_VERSION;
	like.time_kind = (uint8) call->time_kind;
	like.user_kind = (uint8) call->user_kind;
	like.n_conditions = (uint8) call->n_conditions;
	like.mode = call->mode;
	like.window = call->window;
	memcpy(call->kind, &like.version, sizeof(call->kind));
}

static EventCall *
begin_call(FunctionCallInfo fcinfo, const FunnelArgs *args)
{
	EventCall  *call;

	affinity_base_check_aggregate(fcinfo, EVENTLOG_AGGREGATES);
	call = MemoryContextAlloc(fcinfo->flinfo->fn_mcxt, sizeof(EventCall));
	init_call(fcinfo, args, call);
	call->constant = affinity_base_args_are_constant(fcinfo, args->window,
													 args->mode);
	keep_kind(call);
	return fcinfo->flinfo->fn_extra = call;
}

static void
compare_rule(FunctionCallInfo fcinfo, const FunnelArgs *args, EventCall *call)
{
	if (args->mode != 0 &&
		!affinity_eventlog_same_text(fcinfo, args->mode, call->last_mode))
		init_call(fcinfo, args, call);
	if (!affinity_eventlog_same_window(fcinfo, args->window, call))
		affinity_eventlog_read_window(fcinfo, args->window, call);
	keep_kind(call);
}

static inline EventCall *
funnel_call(FunctionCallInfo fcinfo, const FunnelArgs *args)
{
	EventCall  *call = fcinfo->flinfo->fn_extra;

	if (unlikely(call == NULL))
		return begin_call(fcinfo, args);
	if (!call->constant)
		compare_rule(fcinfo, args, call);
	return call;
}

static EventLog *
new_state(const EventCall *call)
{
	EventLog   *log = affinity_eventlog_create(FUNNEL_MAGIC,
											   call->options_len);

	log->window = call->window;
	log->mode = call->mode;
	log->n_conditions = (uint8) call->n_conditions;
	log->time_kind = (uint8) call->time_kind;
	log->user_kind = (uint8) call->user_kind;
	memcpy(log->data, call->options, call->options_len);
	log->pattern_len = log->used = call->options_len;
	return affinity_eventlog_grow(log, call->user_kind == EVENT_USER_ONE ?
								  ROWS_OF_ONE * event_row_size(log) :
								  ROOM_OF_MANY);
}

static void
other_state(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("window and mode must be the same for all rows of a "
					"group"),
			 errhint("Pass constants, or GROUP BY what they depend on.")));
}

/*
 * A transition value must have been made by calls like this one.
 */
static inline void
check_state(const EventLog *log, const EventCall *call)
{
	if (memcmp(&log->version, call->kind, sizeof(call->kind)) != 0 ||
		log->pattern_len != call->options_len ||
		(call->options_len > 0 &&
		 memcmp(log->data, call->options, call->options_len) != 0))
		other_state();
}

static inline uint64
hash_text(const text *value, uint64 seed)
{
	return hash_bytes_extended((const unsigned char *) VARDATA_ANY(value),
							   (int) VARSIZE_ANY_EXHDR(value), seed);
}

static EventUserId
wide_user(Datum user, EventUser kind)
{
	EventUserId id;

	if (kind == EVENT_USER_UUID)
		memcpy(&id, DatumGetUUIDP(user)->data, UUID_LEN);
	else
	{
		id.low = hash_text(DatumGetTextPP(user), 0);
		id.high = hash_text(DatumGetTextPP(user), SECOND_SEED);
	}
	return id;
}

static inline EventUserId
read_user(Datum user, const EventCall *call)
{
	EventUserId id = {0, 0};

	if (call->user_kind != EVENT_USER_INT)
		return wide_user(user, call->user_kind);
	id.low = (uint64) affinity_base_id_to_int(user, call->user_type);
	return id;
}

/*
 * A held property in 8 bytes. It is compared with those of the same user's
 * rows only, so a hash of 64 bits does.
 */
static Size
write_held(char *to, Datum value, const EventCall *call)
{
	uint64		held;

	if ((call->mode & FUNNEL_MODE_HOLD_TEXT) != 0)
		held = hash_text(DatumGetTextPP(value), 0);
	else if ((call->mode & FUNNEL_MODE_HOLD_UUID) != 0)
		held = hash_bytes_extended(DatumGetUUIDP(value)->data, UUID_LEN, 0);
	else if (call->held_type == BOOLOID)
		held = DatumGetBool(value);
	else if (call->held_type == DATEOID)
		held = (uint64) DatumGetDateADT(value);
	else
		held = (uint64) affinity_base_id_to_int(value, call->held_type);
	memcpy(to, &held, sizeof(held));
	return sizeof(held);
}

/*
 * What a row says, but for its user; false if it is not to be kept.
 */
static inline bool
read_event(FunctionCallInfo fcinfo, const FunnelArgs *args,
		   const EventCall *call, AffinityEvent *event)
{
	if ((args->user != 0 && PG_ARGISNULL(args->user)) ||
		(call->holds && PG_ARGISNULL(PG_NARGS() - 1)) ||
		!affinity_eventlog_time(fcinfo, call, &event->at))
		return false;
	event->steps = affinity_eventlog_conditions(fcinfo, call);
	return event->steps != 0 || (call->mode & AFFINITY_CHAIN_ORDER) != 0;
}

/* The row as it is in a log that is not packed. */
static void
write_row(FunctionCallInfo fcinfo, const FunnelArgs *args,
		  const EventCall *call, const AffinityEvent *event,
		  const EventLog *log, char *row)
{
	Size		user_size = event_user_size(log);

	if (user_size > 0)
	{
		EventUserId user = read_user(PG_GETARG_DATUM(args->user), call);

		memcpy(row, &user, user_size);
		row += user_size;
	}
	if (call->holds)
		row += write_held(row, PG_GETARG_DATUM(PG_NARGS() - 1), call);
	memcpy(row, &event->at, sizeof(event->at));
	event_write_steps(row + sizeof(event->at), event_steps_size(log),
					  event->steps);
}

/*
 * Append to a state that is flat or, once it is large, an expanded object; it
 * may become that here.
 */
static Datum
append_flat(FunctionCallInfo fcinfo, const FunnelArgs *args,
			const EventCall *call, EventLog *log, const AffinityEvent *event)
{
	Size		row_size = event_row_size(log);
	MemoryContext aggregate;

	if (affinity_eventlog_is_large(log) &&
		AggCheckCallContext(fcinfo, &aggregate))
	{
		GrowingLog *growing;

		if (event_log_packs(log))
		{
			PartedLog  *parted = affinity_eventlog_parted_start(log,
																aggregate);
			EventUserId user;

			user = read_user(PG_GETARG_DATUM(args->user), call);
			affinity_eventlog_parted_add(parted, event_user_mix(user), event);
			return affinity_eventlog_parted_datum(parted);
		}
		growing = affinity_eventlog_growing_start(log, aggregate);
		write_row(fcinfo, args, call, event, log,
				  affinity_eventlog_growing_append(growing, row_size));
		return affinity_eventlog_growing_datum(growing);
	}
	log = affinity_eventlog_grow(log, row_size);
	write_row(fcinfo, args, call, event, log, log->data + log->used);
	log->used += (uint32) row_size;
	log->n_rows++;
	PG_RETURN_POINTER(log);
}

/* Any state but one in parts. */
static pg_noinline Datum
accumulate_flat(FunctionCallInfo fcinfo, const FunnelArgs *args,
				const EventCall *call)
{
	GrowingLog *growing = NULL;
	EventLog   *log;
	AffinityEvent event;

	if (PG_ARGISNULL(0))
		log = new_state(call);
	else if ((growing = affinity_eventlog_growing_log(PG_GETARG_DATUM(0))) !=
			 NULL)
		log = unconstify(EventLog *,
						 affinity_eventlog_growing_header(growing));
	else
		log = affinity_eventlog_arg(PG_GETARG_DATUM(0), FUNNEL_MAGIC);
	check_state(log, call);
	if (read_event(fcinfo, args, call, &event))
	{
		if (growing == NULL)
			return append_flat(fcinfo, args, call, log, &event);
		write_row(fcinfo, args, call, &event,
				  log, affinity_eventlog_growing_append(growing,
														event_row_size(log)));
	}
	if (growing != NULL)
		return PG_GETARG_DATUM(0);
	PG_RETURN_POINTER(log);
}

static inline Datum
accumulate(FunctionCallInfo fcinfo, const FunnelArgs *args)
{
	const EventCall *call = funnel_call(fcinfo, args);
	PartedLog  *parted = PG_ARGISNULL(0) ? NULL :
		affinity_eventlog_parted_log(PG_GETARG_DATUM(0));
	AffinityEvent event;

	if (parted == NULL)
		return accumulate_flat(fcinfo, args, call);
	check_state(parted->header, call);
	if (read_event(fcinfo, args, call, &event))
	{
		EventUserId user = read_user(PG_GETARG_DATUM(args->user), call);

		affinity_eventlog_parted_add(parted, event_user_mix(user), &event);
	}
	return PG_GETARG_DATUM(0);
}

/* (state, window, mode, at, conditions …) */
Datum
affinity_funnel_accum(PG_FUNCTION_ARGS)
{
	static const FunnelArgs args = {.window = 1, .mode = 2, .at = 3,
	.conditions = 4};

	return accumulate(fcinfo, &args);
}

/* (state, user, at, window, [mode,] conditions …) */
Datum
affinity_funnel_agg_accum(PG_FUNCTION_ARGS)
{
	static const FunnelArgs plain = {.user = 1, .at = 2, .window = 3,
	.conditions = 4};
	static const FunnelArgs with_mode = {.user = 1, .at = 2, .window = 3,
	.mode = 4, .conditions = 5};
	EventCall  *call = fcinfo->flinfo->fn_extra;
	bool		has_mode = call != NULL ? call->first_condition == 5 :
		PG_NARGS() > 5 && affinity_base_arg_is_text(fcinfo, 4);

	return accumulate(fcinfo, has_mode ? &with_mode : &plain);
}

/*
 * The rows of both, of which neither is large, as a flat state; a is the
 * aggregate's own. Packed ones are unpacked: then rows can be appended
 * without reading the others.
 */
static EventLog *
merge_small(EventLog *a, const EventLog *b)
{
	if (a->version == EVENT_LOG_PACKED)
		a = affinity_eventlog_packed_append(NULL, a);
	return b->version == EVENT_LOG_PACKED ?
		affinity_eventlog_packed_append(a, b) :
		affinity_eventlog_merge(a, b, true);
}

/* The rows of both, outside an aggregate. */
static EventLog *
merge_values(EventLog *a, EventLog *b)
{
	EventLog   *packed[2];

	if (!event_log_packs(a))
		return affinity_eventlog_merge(a, b, false);
	packed[0] = a->version == EVENT_LOG_PACKED ? a : affinity_eventlog_pack(a);
	packed[1] = b->version == EVENT_LOG_PACKED ? b : affinity_eventlog_pack(b);
	return affinity_eventlog_packed_union(packed, 2);
}

static Datum
merge_flat_owned(EventLog *a, const EventLog *b, MemoryContext aggregate)
{
	GrowingLog *growing;

	if (event_log_packs(a))
	{
		PartedLog  *parted;

		if (!affinity_eventlog_is_large(a) && !affinity_eventlog_is_large(b))
			PG_RETURN_POINTER(merge_small(a, b));
		parted = affinity_eventlog_parted_start(a, aggregate);
		affinity_eventlog_parted_merge(parted, b);
		return affinity_eventlog_parted_datum(parted);
	}
	if (!affinity_eventlog_is_large(a))
		PG_RETURN_POINTER(affinity_eventlog_merge(a, b, true));
	growing = affinity_eventlog_growing_start(a, aggregate);
	affinity_eventlog_growing_merge(growing, b);
	return affinity_eventlog_growing_datum(growing);
}

/* Combine function of all states, and transition function of rollup. */
Datum
affinity_funnel_combine(PG_FUNCTION_ARGS)
{
	EventLog   *b = affinity_eventlog_arg(PG_GETARG_DATUM(1), FUNNEL_MAGIC);
	MemoryContext aggregate;
	PartedLog  *parted;
	GrowingLog *growing;
	EventLog   *a;

	if (!AggCheckCallContext(fcinfo, &aggregate))
	{
		a = affinity_eventlog_arg(PG_GETARG_DATUM(0), FUNNEL_MAGIC);
		affinity_eventlog_same(a, b);
		PG_RETURN_POINTER(merge_values(a, b));
	}
	if ((parted = affinity_eventlog_parted_log(PG_GETARG_DATUM(0))) != NULL)
	{
		affinity_eventlog_same(parted->header, b);
		affinity_eventlog_parted_merge(parted, b);
		return PG_GETARG_DATUM(0);
	}
	if ((growing = affinity_eventlog_growing_log(PG_GETARG_DATUM(0))) != NULL)
	{
		affinity_eventlog_same(affinity_eventlog_growing_header(growing), b);
		affinity_eventlog_growing_merge(growing, b);
		return PG_GETARG_DATUM(0);
	}
	a = affinity_eventlog_arg(PG_GETARG_DATUM(0), FUNNEL_MAGIC);
	affinity_eventlog_same(a, b);
	return merge_flat_owned(a, b, aggregate);
}
