/*
 * funnel_agg.c
 *		The aggregates over rows: window_funnel, funnel_times, funnel_agg and
 *		rollup.
 *
 * Transition functions append to an event log (funnel_log.c); nothing is
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

#include "cohort/funnel.h"

/* Room of a new state: one user has few rows, a population has many. */
#define ROWS_OF_ONE 5
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

	if (!affinity_id_kind(type, &kind))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("a user cannot be of type %s", format_type_be(type)),
				 errhint("Users may be of these types: %s.", AFFINITY_ID_TYPES)));
	return kind == AFFINITY_ID_INT ? EVENT_USER_INT :
		kind == AFFINITY_ID_UUID ? EVENT_USER_UUID : EVENT_USER_TEXT;
}

static uint32
held_bit(Oid type)
{
	AffinityIdKind kind;

	if (!affinity_id_kind(type, &kind) || kind == AFFINITY_ID_INT)
		return FUNNEL_MODE_HOLD_INT;
	return kind == AFFINITY_ID_UUID ? FUNNEL_MODE_HOLD_UUID :
		FUNNEL_MODE_HOLD_TEXT;
}

static void
init_call(FunctionCallInfo fcinfo, const FunnelArgs *args, EventCall *call)
{
	char	   *mode = args->mode == 0 ? NULL :
		affinity_text_arg(fcinfo, args->mode, "mode");

	affinity_event_call_init(fcinfo, call, args->at, args->conditions,
							 mode != NULL && affinity_mode_holds(mode));
	if (args->user != 0)
	{
		call->user_type = get_fn_expr_argtype(fcinfo->flinfo, args->user);
		call->user_kind = user_kind_of_type(call->user_type);
	}
	affinity_read_window(fcinfo, args->window, call);
	if (mode == NULL)
		return;
	call->mode = affinity_funnel_mode(mode, call->n_conditions, call->options,
									  &call->options_len);
	if (call->holds)
		call->mode = (call->mode & ~FUNNEL_MODE_HOLD) |
			held_bit(call->held_type);
	affinity_keep_text(call->last_mode, mode);
}

static EventCall *
funnel_call(FunctionCallInfo fcinfo, const FunnelArgs *args)
{
	EventCall  *call = fcinfo->flinfo->fn_extra;

	if (call == NULL)
	{
		affinity_check_aggregate(fcinfo);
		call = MemoryContextAlloc(fcinfo->flinfo->fn_mcxt, sizeof(EventCall));
		init_call(fcinfo, args, call);
		return fcinfo->flinfo->fn_extra = call;
	}
	if (args->mode != 0 &&
		!affinity_same_text(fcinfo, args->mode, call->last_mode))
		init_call(fcinfo, args, call);
	if (!affinity_same_window(fcinfo, args->window, call))
		affinity_read_window(fcinfo, args->window, call);
	return call;
}

static EventLog *
new_state(const EventCall *call)
{
	EventLog   *log = affinity_log_create(FUNNEL_MAGIC, call->options_len);

	log->window = call->window;
	log->mode = call->mode;
	log->n_conditions = (uint8) call->n_conditions;
	log->time_kind = (uint8) call->time_kind;
	log->user_kind = (uint8) call->user_kind;
	memcpy(log->data, call->options, call->options_len);
	log->pattern_len = log->used = call->options_len;
	return affinity_log_grow(log, call->user_kind == EVENT_USER_ONE ?
							 ROWS_OF_ONE * event_row_size(log) : ROOM_OF_MANY);
}

/*
 * A transition value must have been made by calls like this one.
 */
static void
check_state(const EventLog *log, const EventCall *call)
{
	if (log->window != call->window || log->mode != call->mode ||
		log->n_conditions != call->n_conditions ||
		log->time_kind != call->time_kind ||
		log->user_kind != call->user_kind ||
		log->pattern_len != call->options_len ||
		(call->options_len > 0 &&
		 memcmp(log->data, call->options, call->options_len) != 0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("window and mode must be the same for all rows of a "
						"group")));
}

static inline uint64
hash_text(const text *value, uint64 seed)
{
	return hash_bytes_extended((const unsigned char *) VARDATA_ANY(value),
							   (int) VARSIZE_ANY_EXHDR(value), seed);
}

static Size
write_user(char *to, Datum user, const EventCall *call)
{
	EventUserId id;
	int64		number;

	switch (call->user_kind)
	{
		case EVENT_USER_INT:
			number = affinity_id_to_int(user, call->user_type);
			memcpy(to, &number, sizeof(number));
			return sizeof(number);
		case EVENT_USER_UUID:
			memcpy(to, DatumGetUUIDP(user)->data, UUID_LEN);
			return UUID_LEN;
		case EVENT_USER_TEXT:
			id.low = hash_text(DatumGetTextPP(user), 0);
			id.high = hash_text(DatumGetTextPP(user), SECOND_SEED);
			memcpy(to, &id, sizeof(id));
			return sizeof(id);
		default:
			return 0;
	}
}

/*
 * A held property in 8 bytes. It is compared with those of the same user's rows
 * only, so a hash of 64 bits does.
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
		held = (uint64) affinity_id_to_int(value, call->held_type);
	memcpy(to, &held, sizeof(held));
	return sizeof(held);
}

/*
 * Append a row to a flat state, or to the growing one that it becomes.
 */
static char *
append(FunctionCallInfo fcinfo, EventLog **log, GrowingLog **growing)
{
	Size		row_size = event_row_size(*log);
	MemoryContext aggregate;
	char	   *row;

	if (*growing == NULL && affinity_log_is_large(*log) &&
		AggCheckCallContext(fcinfo, &aggregate))
		*growing = affinity_growing_start(*log, aggregate);
	if (*growing != NULL)
		return affinity_growing_append(*growing, row_size);
	*log = affinity_log_grow(*log, row_size);
	row = (*log)->data + (*log)->used;
	(*log)->used += (uint32) row_size;
	(*log)->n_rows++;
	return row;
}

static Datum
accumulate(FunctionCallInfo fcinfo, const FunnelArgs *args)
{
	const EventCall *call = funnel_call(fcinfo, args);
	GrowingLog *growing = PG_ARGISNULL(0) ? NULL :
		affinity_growing_log(PG_GETARG_DATUM(0));
	EventLog   *log = NULL;
	uint64		steps;
	int64		at;

	if (growing != NULL)
		log = unconstify(EventLog *, affinity_growing_header(growing));
	else if (PG_ARGISNULL(0))
		log = new_state(call);
	else
		log = affinity_log_arg(PG_GETARG_DATUM(0), FUNNEL_MAGIC);
	check_state(log, call);

	if ((args->user == 0 || !PG_ARGISNULL(args->user)) &&
		(!call->holds || !PG_ARGISNULL(PG_NARGS() - 1)) &&
		affinity_event_time(fcinfo, call, &at))
	{
		steps = affinity_event_conditions(fcinfo, call);
		if (steps != 0 || (call->mode & AFFINITY_CHAIN_ORDER) != 0)
		{
			char	   *row = append(fcinfo, &log, &growing);

			if (args->user != 0)
				row += write_user(row, PG_GETARG_DATUM(args->user), call);
			if (call->holds)
				row += write_held(row, PG_GETARG_DATUM(PG_NARGS() - 1), call);
			memcpy(row, &at, sizeof(at));
			event_write_steps(row + sizeof(at), event_steps_size(log), steps);
		}
	}
	if (growing != NULL)
		return affinity_growing_datum(growing);
	PG_RETURN_POINTER(log);
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
		PG_NARGS() > 5 && affinity_arg_is_text(fcinfo, 4);

	return accumulate(fcinfo, has_mode ? &with_mode : &plain);
}

/* Combine function of all states, and transition function of rollup. */
Datum
affinity_funnel_combine(PG_FUNCTION_ARGS)
{
	MemoryContext aggregate;
	bool		owned = AggCheckCallContext(fcinfo, &aggregate) != 0;
	GrowingLog *growing = owned ? affinity_growing_log(PG_GETARG_DATUM(0)) :
		NULL;
	EventLog   *b = affinity_log_arg(PG_GETARG_DATUM(1), FUNNEL_MAGIC);
	EventLog   *a;

	if (growing == NULL)
	{
		a = affinity_log_arg(PG_GETARG_DATUM(0), FUNNEL_MAGIC);
		affinity_log_same(a, b);
		if (!owned || !affinity_log_is_large(a))
			PG_RETURN_POINTER(affinity_log_merge(a, b, owned));
		growing = affinity_growing_start(a, aggregate);
	}
	else
		affinity_log_same(affinity_growing_header(growing), b);
	affinity_growing_merge(growing, b);
	return affinity_growing_datum(growing);
}
