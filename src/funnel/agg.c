/*
 * agg.c
 *		The aggregates over rows: window_funnel, funnel_times, funnel_agg and
 *		rollup.
 *
 * Transition functions append to an event log; nothing is computed before the
 * final function.
 */
#include "postgres.h"

#include "base/kept.h"
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
	const FunnelArgs *args;		/* of the function */
	bool		constant;		/* window and mode are the same in every row */
	char		last_mode[EVENT_CALL_TEXT];
	char		options[EVENT_MAX_OPTIONS];
} FunnelCall;

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
	call->args = args;
	init_call(fcinfo, args, call);
	/* one that is kept is only taken up where it fits the row */
	call->constant = fcinfo->flinfo->fn_expr == NULL ||
		affinity_base_args_are_constant(fcinfo, args->window, args->mode);
	affinity_base_keep(fcinfo, call);
	return call;
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

/* A call that is kept from one query to others: is it this row's too? */
static bool
fits(FunctionCallInfo fcinfo, const void *kept)
{
	const FunnelCall *call = kept;
	const FunnelArgs *args = call->args;

	return (args->mode == 0 ||
			affinity_eventlog_same_text(fcinfo, args->mode,
										call->last_mode)) &&
		affinity_eventlog_same_window(fcinfo, args->window, &call->event) &&
		affinity_eventlog_same_conditions(fcinfo, &call->event);
}

static inline Datum
append_row(FunctionCallInfo fcinfo, const FunnelArgs *args)
{
	FunnelCall *call = affinity_base_resume(fcinfo, fits);

	if (unlikely(call == NULL))
		call = begin_call(fcinfo, args);
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
	return affinity_eventlog_rollup(fcinfo, FUNNEL_MAGIC,
									affinity_funnel_mode_text);
}

/* A state as a value. */
Datum
affinity_funnel_final(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(affinity_eventlog_finish(PG_GETARG_DATUM(0),
											   FUNNEL_MAGIC));
}
