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

#include "eventlog/eventlog.h"

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

static void
differ(const EventLog *log, const char *what, const char *a, const char *b)
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
window_text(const EventLog *log)
{
	Interval	interval = {0};

	if (log->time_kind == EVENT_TIME_INTEGER)
		return psprintf(INT64_FORMAT, log->window);
	interval.day = (int32) (log->window / USECS_PER_DAY);
	interval.time = log->window % USECS_PER_DAY;
	return DatumGetCString(DirectFunctionCall1(interval_out,
											   IntervalPGetDatum(&interval)));
}

static void
append_word(StringInfo text, const char *word)
{
	appendStringInfo(text, "%s%s", text->len > 0 ? ", " : "", word);
}

/* What a mode says with numbers: funnel/mode.c. */
static void
append_options(StringInfo text, const EventLog *log)
{
	int			n_steps = Min(affinity_eventlog_n_steps(log),
							  AFFINITY_MAX_STEPS);
	const uint8 *range = (const uint8 *) log->data + sizeof(uint64);
	const uint8 *end = (const uint8 *) log->data + log->pattern_len / 2 * 2;
	uint64		optional = affinity_eventlog_optional(log);
	uint64		joined = affinity_eventlog_groups(log);
	int			i;

	for (i = 0; i < n_steps; i++)
	{
		uint64		bit = UINT64CONST(1) << i;

		/* a step to which the next one is joined begins a group, or goes on */
		if ((joined & bit) == 0 && ((joined >> 1) & bit) != 0)
			append_word(text, "any_order");
		if (((joined | joined >> 1) & bit) != 0)
			appendStringInfo(text, " %d", i + 1);
		if ((optional & bit) != 0)
		{
			append_word(text, "optional");
			appendStringInfo(text, " %d", i + 1);
		}
	}
	for (; range < end; range += 2, i++)
	{
		append_word(text, "exclude");
		appendStringInfo(text, " %d", i + 1);
		if (range[0] > 0 || range[1] < n_steps)
			appendStringInfo(text, " between %d and %d", range[0], range[1]);
	}
}

static char *
mode_text(const EventLog *log)
{
	static const char *const held[] = {"a number", "a uuid", "a text"};
	StringInfoData text;

	initStringInfo(&text);
	for (uint32 bit = 1; bit <= FUNNEL_MODE_ONCE; bit <<= 1)
	{
		if ((log->mode & bit) == 0)
			continue;
		if ((bit & FUNNEL_MODE_HOLD) == 0)
		{
			append_word(&text, affinity_funnel_mode_word(bit));
			continue;
		}
		append_word(&text, affinity_funnel_mode_word(FUNNEL_MODE_HOLD_INT));
		appendStringInfo(&text, " (%s)",
						 held[bit == FUNNEL_MODE_HOLD_INT ? 0 :
							  bit == FUNNEL_MODE_HOLD_UUID ? 1 : 2]);
	}
	append_options(&text, log);
	return text.len > 0 ? text.data : pstrdup("default");
}

static void
say_difference(const EventLog *a, const EventLog *b)
{
	if (a->user_kind != b->user_kind)
		differ(a, "user types", name_of(user_names, lengthof(user_names), a->user_kind),
			   name_of(user_names, lengthof(user_names), b->user_kind));
	if (a->time_kind != b->time_kind)
		differ(a, "time types", name_of(time_names, lengthof(time_names), a->time_kind),
			   name_of(time_names, lengthof(time_names), b->time_kind));
	if (a->n_conditions != b->n_conditions)
		differ(a, "numbers of conditions", psprintf("%d", a->n_conditions),
			   psprintf("%d", b->n_conditions));
	if (a->window != b->window)
		differ(a, "windows", window_text(a), window_text(b));
	if (a->magic == SEQUENCE_MAGIC)
		differ(a, "patterns", pnstrdup(a->data, a->pattern_len),
			   pnstrdup(b->data, b->pattern_len));
	differ(a, "modes", mode_text(a), mode_text(b));
}

/* Error unless the two logs may be merged. */
void
affinity_eventlog_same(const EventLog *a, const EventLog *b)
{
	if (a->time_kind != b->time_kind || a->user_kind != b->user_kind ||
		a->n_conditions != b->n_conditions || a->mode != b->mode ||
		a->window != b->window || a->pattern_len != b->pattern_len ||
		memcmp(a->data, b->data, a->pattern_len) != 0)
		say_difference(a, b);
}
