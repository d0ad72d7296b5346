/*
 * same.c
 *		May two event logs be merged? If not, the error says what differs, in
 *		the words of the calls that they came from.
 *
 * Only the error allocates: texts in the current memory context.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "utils/builtins.h"

#include "eventlog/log.h"

static const char *const user_names[] = {
	"one user", "bigint", "uuid", "text", "times of steps"
};

static const char *const time_names[] = {"bigint", "timestamp", "timestamptz"};

/* A value that came past its input function may say anything. */
static const char *
name_of(const char *const *names, size_t n, uint8 kind)
{
	return kind < n ? names[kind] : "unknown";
}

static const char *
user_name(const EventKind *kind)
{
	return name_of(user_names, lengthof(user_names), kind->user_kind);
}

static const char *
time_name(const EventKind *kind)
{
	return name_of(time_names, lengthof(time_names), kind->time_kind);
}

pg_noreturn static void
report_difference(const EventLog *log, const char *what, const char *a,
				  const char *b)
{
	if (log->magic == SEQUENCE_MAGIC)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("cannot merge sequences of different %s: %s and %s",
						what, a, b),
				 errhint("States that are merged must come from the same call: "
						 "the same pattern, type of time and number of "
						 "conditions.")));
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("cannot merge funnels of different %s: %s and %s",
					what, a, b),
			 errhint("States that are merged must come from the same call of "
					 "affinity.funnel_agg: the same types of user and time, "
					 "window, mode and number of conditions.")));
}

static char *
span_text(const EventKind *kind, int64 span)
{
	Interval	interval = {0};

	if (kind->time_kind == EVENT_TIME_INTEGER)
		return psprintf(INT64_FORMAT, span);
	interval.day = (int32) (span / USECS_PER_DAY);
	interval.time = span % USECS_PER_DAY;
	return DatumGetCString(DirectFunctionCall1(interval_out,
											   IntervalPGetDatum(&interval)));
}

/* The window, or those of the steps. */
static char *
window_text(const EventLog *log)
{
	int			n_steps = affinity_eventlog_n_steps(log);
	StringInfoData text;

	if ((log->kind.mode & EVENT_MODE_SPACED) == 0)
		return log->kind.window == EVENT_NO_WINDOW ? pstrdup("none") :
			span_text(&log->kind, log->kind.window);
	initStringInfo(&text);
	for (int k = 1; k < n_steps; k++)
		appendStringInfo(&text, "%s%s", k == 1 ? "{" : ", ",
						 span_text(&log->kind,
								   affinity_eventlog_step_window(log, k)));
	appendStringInfoChar(&text, '}');
	return text.data;
}

/* Of two logs with equally many conditions. */
static bool
windows_differ(const EventLog *a, const EventLog *b)
{
	uint32		spaced = a->kind.mode & EVENT_MODE_SPACED;
	int			n_steps = affinity_eventlog_n_steps(a);

	if (a->kind.window != b->kind.window ||
		spaced != (b->kind.mode & EVENT_MODE_SPACED))
		return true;
	if (spaced == 0 || n_steps != affinity_eventlog_n_steps(b))
		return false;
	for (int k = 1; k < n_steps; k++)
		if (affinity_eventlog_step_window(a, k) !=
			affinity_eventlog_step_window(b, k))
			return true;
	return false;
}

pg_noreturn static void
find_difference(const EventLog *a, const EventLog *b, EventModeText mode_text)
{
	const EventKind *of_a = &a->kind;
	const EventKind *of_b = &b->kind;

	if (of_a->user_kind != of_b->user_kind)
		report_difference(a, "user types", user_name(of_a), user_name(of_b));
	if (of_a->time_kind != of_b->time_kind)
		report_difference(a, "time types", time_name(of_a), time_name(of_b));
	if (of_a->n_conditions != of_b->n_conditions)
		report_difference(a, "numbers of conditions",
						  psprintf("%d", of_a->n_conditions),
						  psprintf("%d", of_b->n_conditions));
	if (a->magic == FUNNEL_MAGIC && windows_differ(a, b))
		report_difference(a, "windows", window_text(a), window_text(b));
	if (a->magic == SEQUENCE_MAGIC)
		report_difference(a, "patterns", pnstrdup(a->data, a->options_len),
						  pnstrdup(b->data, b->options_len));
	report_difference(a, "modes", mode_text(a), mode_text(b));
}

/* Error unless the two logs may be merged: forms may differ. */
void
affinity_eventlog_check_same(const EventLog *a, const EventLog *b,
							 EventModeText mode_text)
{
	if (a->kind.time_kind != b->kind.time_kind ||
		a->kind.user_kind != b->kind.user_kind ||
		a->kind.n_conditions != b->kind.n_conditions ||
		a->kind.mode != b->kind.mode || a->kind.window != b->kind.window ||
		a->options_len != b->options_len ||
		memcmp(a->data, b->data, a->options_len) != 0)
		find_difference(a, b, mode_text);
}
