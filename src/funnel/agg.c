/*
 * agg.c
 *		The aggregates over rows: window_funnel, funnel_times, funnel_agg and
 *		rollup.
 *
 * Transition functions append to an event log; nothing is computed before the
 * final function.
 */
#include "postgres.h"

#include "funnel/funnel.h"

/*
 * A user alone has few rows: 24 of up to 8 steps fit then, which is what
 * SSPACE of the aggregates says.
 */
#define ROWS_OF_ONE 16

/* Where the arguments of a transition function stand; 0 where absent. */
typedef struct FunnelArgs
{
	int			user;
	int			at;
	int			window;
	int			mode;
	int			conditions;
} FunnelArgs;

/* What the arguments of an aggregate call say. */
typedef struct FunnelCall
{
	EventCall	event;
	bool		constant;		/* window and mode are the same in every row */
	char		last_mode[EVENT_CALL_TEXT];
	char		options[EVENT_MAX_OPTIONS];
} FunnelCall;

/*
 * Calls without a query, which have no place to keep anything: a distributed
 * engine calls each row's function as if it were the first. What a few of
 * them said, of which function and with which window, mode and number of
 * conditions, is kept here.
 */
#define KEPT_CALLS 4

static struct
{
	Oid			function;
	FunnelCall	call;
}			kept[KEPT_CALLS];
static int	next_kept;

PG_FUNCTION_INFO_V1(affinity_funnel_accum);
PG_FUNCTION_INFO_V1(affinity_funnel_agg_accum);
PG_FUNCTION_INFO_V1(affinity_funnel_agg_mode_accum);
PG_FUNCTION_INFO_V1(affinity_funnel_combine);
PG_FUNCTION_INFO_V1(affinity_funnel_rollup);
PG_FUNCTION_INFO_V1(affinity_funnel_final);

static void
init_call(FunctionCallInfo fcinfo, const FunnelArgs *args, FunnelCall *call)
{
	EventCall  *event = &call->event;
	EventDefinition *definition = &event->definition;
	char	   *mode = args->mode == 0 ? NULL :
		affinity_base_text_arg(fcinfo, args->mode, "mode");

	affinity_eventlog_call_init(fcinfo, event, FUNNEL_MAGIC, args->at,
								args->conditions, mode != NULL &&
								affinity_funnel_mode_holds(mode));
	event->rows_at_first = ROWS_OF_ONE;
	if (args->user != 0)
		affinity_eventlog_read_user_type(fcinfo, args->user, event);
	affinity_eventlog_read_window(fcinfo, args->window, event);
	if (mode != NULL)
	{
		/* what kind of property is held is known by now */
		definition->kind.mode |= ~(uint32) EVENT_MODE_HOLD &
			affinity_funnel_mode_read(mode, definition->kind.n_conditions,
									  call->options,
									  &definition->options_len);
		definition->options = call->options;
		affinity_eventlog_keep_text(call->last_mode, mode);
	}
	if (event->n_windows >= 0)
		affinity_funnel_windows_add(definition, call->options, event->windows,
									event->n_windows);
}

static FunnelCall *
begin_call(FunctionCallInfo fcinfo, const FunnelArgs *args)
{
	FunnelCall *call;

	affinity_base_check_aggregate(fcinfo, EVENTLOG_AGGREGATES);
	call = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(FunnelCall));
	init_call(fcinfo, args, call);
	call->constant = affinity_base_args_are_constant(fcinfo, args->window,
													 args->mode);
	return fcinfo->flinfo->fn_extra = call;
}

/* Read the window and the mode again where they are no longer the same. */
static void
read_changes(FunctionCallInfo fcinfo, const FunnelArgs *args, FunnelCall *call)
{
	EventCall  *event = &call->event;
	bool		spaced = event->n_windows >= 0;

	if (args->mode != 0 &&
		!affinity_eventlog_same_text(fcinfo, args->mode, call->last_mode))
		init_call(fcinfo, args, call);
	if (affinity_eventlog_same_window(fcinfo, args->window, event))
		return;
	/* windows of steps are among the options */
	if (!spaced)
		affinity_eventlog_read_window(fcinfo, args->window, event);
	if (spaced || event->n_windows >= 0)
		init_call(fcinfo, args, call);
}

static bool
same_call(FunctionCallInfo fcinfo, const FunnelArgs *args,
		  const FunnelCall *call)
{
	return (args->mode == 0 ||
			affinity_eventlog_same_text(fcinfo, args->mode,
										call->last_mode)) &&
		affinity_eventlog_same_window(fcinfo, args->window, &call->event) &&
		affinity_eventlog_same_conditions(fcinfo, &call->event);
}

/* What a call without a query says. */
static FunnelCall *
kept_call(FunctionCallInfo fcinfo, const FunnelArgs *args)
{
	Oid			function = fcinfo->flinfo->fn_oid;
	FunnelCall *call;

	for (int i = 0; i < KEPT_CALLS; i++)
		if (kept[i].function == function &&
			same_call(fcinfo, args, &kept[i].call))
			return &kept[i].call;
	affinity_base_check_aggregate(fcinfo, EVENTLOG_AGGREGATES);
	kept[next_kept].function = InvalidOid;
	call = &kept[next_kept].call;
	init_call(fcinfo, args, call);
	kept[next_kept].function = function;
	next_kept = (next_kept + 1) % KEPT_CALLS;
	return call;
}

static inline Datum
append_row(FunctionCallInfo fcinfo, const FunnelArgs *args)
{
	FunnelCall *call = fcinfo->flinfo->fn_extra;

	if (unlikely(call == NULL))
		call = fcinfo->flinfo->fn_expr == NULL ? kept_call(fcinfo, args) :
			begin_call(fcinfo, args);
	else if (!call->constant)
		read_changes(fcinfo, args, call);
	return affinity_eventlog_append(fcinfo, &call->event);
}

/* (state, window, mode, at, conditions …) */
Datum
affinity_funnel_accum(PG_FUNCTION_ARGS)
{
	static const FunnelArgs args = {.window = 1, .mode = 2, .at = 3,
	.conditions = 4};

	return append_row(fcinfo, &args);
}

/* (state, user, at, window, conditions …) */
Datum
affinity_funnel_agg_accum(PG_FUNCTION_ARGS)
{
	static const FunnelArgs args = {.user = 1, .at = 2, .window = 3,
	.conditions = 4};

	return append_row(fcinfo, &args);
}

/* (state, user, at, window, mode, conditions …) */
Datum
affinity_funnel_agg_mode_accum(PG_FUNCTION_ARGS)
{
	static const FunnelArgs args = {.user = 1, .at = 2, .window = 3,
	.mode = 4, .conditions = 5};

	return append_row(fcinfo, &args);
}

/* Combine function of all states, and transition function of rollup. */
Datum
affinity_funnel_combine(PG_FUNCTION_ARGS)
{
	return affinity_eventlog_merge(fcinfo, FUNNEL_MAGIC,
								   affinity_funnel_mode_text);
}

/* rollup(funnel, funnel): NULL has no rows. */
Datum
affinity_funnel_rollup(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0) && PG_ARGISNULL(1))
		PG_RETURN_NULL();
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_DATUM(PG_GETARG_DATUM(PG_ARGISNULL(0) ? 1 : 0));
	return affinity_funnel_combine(fcinfo);
}

/* A state as a value. */
Datum
affinity_funnel_final(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(affinity_eventlog_finish(PG_GETARG_DATUM(0),
											   FUNNEL_MAGIC));
}
