/*
 * mistake.c
 *		Calls of funnels and sequences that cannot be meant: PostgreSQL comes
 *		to them where no other form takes the arguments.
 */
#include "postgres.h"

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "nodes/primnodes.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "windowapi.h"

#include "base/call.h"
#include "eventlog/eventlog.h"

PG_FUNCTION_INFO_V1(affinity_eventlog_mistake);
PG_FUNCTION_INFO_V1(affinity_eventlog_session_mistake);
PG_FUNCTION_INFO_V1(affinity_eventlog_window_mistake);

static const struct
{
	const char *name;
	const char *call;
}			calls[] =

{
	{"funnel_agg", "affinity.funnel_agg(user_id, at, '7 days', c1, c2)"},
	{"window_funnel", "affinity.window_funnel('7 days', 'default', at, c1, c2)"},
	{"windowfunnel", "affinity.windowfunnel('7 days', 'default', at, c1, c2)"},
	{"funnel_times", "affinity.funnel_times('7 days', 'default', at, c1, c2)"},
	{"sequence_match", "affinity.sequence_match('(?1).*(?2)', at, c1, c2)"},
	{"sequence_count", "affinity.sequence_count('(?1).*(?2)', at, c1, c2)"},
	{"sequence_match_events", "affinity.sequence_match_events('(?1).*(?2)', at, c1, c2)"},
	{"sequence_next_node", "affinity.sequence_next_node('forward', 'head', at, value, base_condition)"},
	{"sessionize", "affinity.sessionize(at, '30 minutes') OVER (PARTITION BY user_id ORDER BY at)"},
	{"session_summaries", "affinity.session_summaries(at, page, '30 minutes')"}
};

/* The name of the aggregate or window function that is called. */
static const char *
called_name(FunctionCallInfo fcinfo)
{
	Aggref	   *aggref = affinity_base_own_aggref(fcinfo);
	Node	   *call = fcinfo->flinfo->fn_expr;
	char	   *name = NULL;

	if (aggref != NULL)
		name = get_func_name(aggref->aggfnoid);
	else if (call != NULL && IsA(call, WindowFunc))
		name = get_func_name(((WindowFunc *) call)->winfnoid);
	return name == NULL ? "" : name;
}

static Datum
refuse(FunctionCallInfo fcinfo)
{
	const char *name = called_name(fcinfo);
	const char *call = calls[0].call;

	for (int i = 0; i < (int) lengthof(calls); i++)
		if (strcmp(name, calls[i].name) == 0)
			call = calls[i].call;
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_FUNCTION),
			 errmsg("%s has no form with these arguments",
					name[0] == '\0' ? "this function" : name),
			 errhint("Write it like %s.", call)));
	return (Datum) 0;			/* not reached */
}

/* A call of any of them, which may have a text as its time. */
Datum
affinity_eventlog_mistake(PG_FUNCTION_ARGS)
{
	for (int i = 0; i < PG_NARGS(); i++)
		affinity_calendar_refuse_text(fcinfo, i);
	return refuse(fcinfo);
}

/* sessionize(at, gap): a window's arguments are read when asked for. */
Datum
affinity_eventlog_session_mistake(PG_FUNCTION_ARGS)
{
	bool		null;

	affinity_calendar_refuse_text(fcinfo, 0);
	/* a number is an error of its cast */
	(void) WinGetFuncArgCurrent(PG_WINDOW_OBJECT(), 0, &null);
	return refuse(fcinfo);
}

/* (state, window, mode, at, ...) */
Datum
affinity_eventlog_window_mistake(PG_FUNCTION_ARGS)
{
	Oid			type = affinity_base_arg_type(fcinfo, 1);

	affinity_calendar_refuse_text(fcinfo, 3);
	if (type == NUMERICOID || type == FLOAT4OID || type == FLOAT8OID)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("a window is an interval or a whole number of seconds, not of type %s",
						format_type_be(type)),
				 errhint("Write interval '7 days', or cast it: 604800::bigint.")));
	return refuse(fcinfo);
}
