/*
 * mode_text.c
 *		The mode of a state in the words that it was given with, for messages.
 */
#include "postgres.h"

#include "lib/stringinfo.h"

#include "funnel/funnel.h"

static void
append_word(StringInfo text, const char *word)
{
	appendStringInfo(text, "%s%s", text->len > 0 ? ", " : "", word);
}

/* Groups of steps in any order, and optional steps. */
static void
append_steps(StringInfo text, const EventLog *log, int n_steps)
{
	uint64		optional = affinity_eventlog_optional(log);
	uint64		groups = affinity_eventlog_groups(log);

	for (int i = 0; i < n_steps; i++)
	{
		uint64		bit = UINT64CONST(1) << i;

		/* a group begins with the step before the first that is set */
		if ((groups & bit) == 0 && ((groups >> 1) & bit) != 0)
			append_word(text, "any_order");
		if (((groups | groups >> 1) & bit) != 0)
			appendStringInfo(text, " %d", i + 1);
		if ((optional & bit) != 0)
		{
			append_word(text, "optional");
			appendStringInfo(text, " %d", i + 1);
		}
	}
}

static void
append_exclusions(StringInfo text, const EventLog *log, int n_steps)
{
	int			after;
	int			before;

	for (int i = n_steps; affinity_eventlog_exclusion(log, i, &after, &before);
		 i++)
	{
		append_word(text, "exclude");
		appendStringInfo(text, " %d", i + 1);
		if (after > 0 || before < n_steps)
			appendStringInfo(text, " between %d and %d", after, before);
	}
}

/* An EventModeText. */
char *
affinity_funnel_mode_text(const EventLog *log)
{
	static const char *const held[] = {"a number", "a uuid", "a text"};
	uint32		mode = affinity_eventlog_kind(log)->mode;
	int			n_steps = affinity_eventlog_n_steps(log);
	StringInfoData text;

	initStringInfo(&text);
	for (uint32 bit = 1; bit != 0; bit <<= 1)
	{
		if ((mode & bit & ~(EVENT_MODE_GROUPS | EVENT_MODE_SPACED)) == 0)
			continue;
		if ((bit & EVENT_MODE_HOLD) == 0)
		{
			append_word(&text, affinity_funnel_mode_word(bit));
			continue;
		}
		append_word(&text, affinity_funnel_mode_word(EVENT_MODE_HOLD_INT));
		appendStringInfo(&text, " (%s)",
						 held[bit == EVENT_MODE_HOLD_INT ? 0 :
							  bit == EVENT_MODE_HOLD_UUID ? 1 : 2]);
	}
	append_steps(&text, log, Min(n_steps, AFFINITY_MAX_STEPS));
	append_exclusions(&text, log, n_steps);
	return text.len > 0 ? text.data : pstrdup("default");
}
