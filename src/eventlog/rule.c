/*
 * rule.c
 *		What the mode and options in the log of a funnel say of its steps.
 */
#include "postgres.h"

#include "eventlog/log.h"

/*
 * How many conditions of a state are excluded: each takes 2 bytes of the
 * options, and each step but the last 8 bytes where it has a window.
 */
static int
n_excluded(const EventLog *log)
{
	int			n = log->kind.n_conditions;
	int64		bytes = (int64) log->options_len - (int64) sizeof(uint64);
	int64		excluded = bytes / 2;

	if ((log->kind.mode & EVENT_MODE_EXCLUDE_LAST) != 0)
		return 1;
	if ((log->kind.mode & EVENT_MODE_SPACED) != 0)
		excluded = ((int64) sizeof(uint64) * (n - 1) - bytes) /
			(int64) (sizeof(uint64) - 2);
	return (int) Min(Max(excluded, 0), n - 1);
}

/* How many conditions of a state are steps. */
int
affinity_eventlog_n_steps(const EventLog *log)
{
	return log->kind.n_conditions - n_excluded(log);
}

/* Bytes of the windows that options end with. */
static Size
windows_size(const EventLog *log)
{
	return (log->kind.mode & EVENT_MODE_SPACED) == 0 ? 0 :
		sizeof(uint64) * (Size) (affinity_eventlog_n_steps(log) - 1);
}

/* The set of steps that options begin with. */
static uint64
option_steps(const EventLog *log)
{
	uint64		steps = 0;

	if (log->options_len >= sizeof(uint64))
		memcpy(&steps, log->data, sizeof(uint64));
	return steps;
}

/* Steps that may be left out. */
uint64
affinity_eventlog_optional(const EventLog *log)
{
	return (log->kind.mode & EVENT_MODE_GROUPS) != 0 ? 0 : option_steps(log);
}

/* Steps that are in a group, in any order, with the step before. */
uint64
affinity_eventlog_groups(const EventLog *log)
{
	return (log->kind.mode & EVENT_MODE_GROUPS) != 0 ? option_steps(log) : 0;
}

/*
 * Do the options say where a condition (from 0) is excluded, and if so, after
 * which step and before which one?
 */
bool
affinity_eventlog_exclusion(const EventLog *log, int condition, int *after,
							int *before)
{
	int			n_steps = affinity_eventlog_n_steps(log);
	Size		at = sizeof(uint64) + 2 * (Size) (condition - n_steps);

	if (condition < n_steps || at + 2 + windows_size(log) > log->options_len)
		return false;
	*after = (uint8) log->data[at];
	*before = (uint8) log->data[at + 1];
	return true;
}

/* How much later than a step (from 1) the next one may be. */
int64
affinity_eventlog_step_window(const EventLog *log, int step)
{
	int64		window;

	memcpy(&window, log->data + log->options_len - windows_size(log) +
		   sizeof(int64) * (Size) (step - 1), sizeof(window));
	return window;
}

/* Are the windows of steps, after the other options, such as can be? */
static bool
windows_valid(const EventLog *log)
{
	int			n_steps = affinity_eventlog_n_steps(log);

	if (n_steps < 2 || option_steps(log) != 0 ||
		log->kind.window != EVENT_NO_WINDOW ||
		log->kind.user_kind == EVENT_USER_CHAINS ||
		(log->kind.mode & (AFFINITY_CHAIN_ANY_ORDER | EVENT_MODE_GROUPS |
						   EVENT_MODE_EXCLUDE_LAST)) != 0 ||
		log->options_len != sizeof(uint64) + windows_size(log) +
		2 * (Size) (log->kind.n_conditions - n_steps))
		return false;
	for (int step = 1; step < n_steps; step++)
		if (affinity_eventlog_step_window(log, step) < 0)
			return false;
	return true;
}

/* Are the options of a funnel's state such as a mode can have? */
bool
affinity_eventlog_options_valid(const EventLog *log)
{
	bool		groups = (log->kind.mode & EVENT_MODE_GROUPS) != 0;
	uint64		steps = option_steps(log);
	int			n_steps;
	int			after;
	int			before;

	if (groups && (steps == 0 ||
				   (log->kind.mode & (AFFINITY_CHAIN_BETWEEN |
									  AFFINITY_CHAIN_REENTRY |
									  AFFINITY_CHAIN_ANY_ORDER)) != 0))
		return false;
	if ((log->kind.mode & EVENT_MODE_SPACED) != 0 && !windows_valid(log))
		return false;
	if (log->options_len == 0)
		return true;
	if (log->options_len < sizeof(uint64) || log->options_len % 2 != 0 ||
		log->options_len > sizeof(uint64) + windows_size(log) +
		2 * (uint32) log->kind.n_conditions - 2 ||
		(log->kind.mode & EVENT_MODE_EXCLUDE_LAST) != 0)
		return false;
	n_steps = affinity_eventlog_n_steps(log);
	if ((steps & 1) != 0 || steps >> (n_steps - 1) >> 1 != 0)
		return false;
	for (int i = n_steps; affinity_eventlog_exclusion(log, i, &after, &before);
		 i++)
		if (after >= before || before > n_steps || groups)
		{
			/* of one step nothing lies between, nor in a group */
			if (after != 0 || before != n_steps)
				return false;
		}
	return true;
}

/* The rule of a state without options, for chain/chain.c. */
void
affinity_eventlog_rule(const EventLog *log, AffinityChainRule *rule)
{
	int			n_steps = affinity_eventlog_n_steps(log);

	/* no window is the longest there is */
	rule->window = (uint64) log->kind.window;
	rule->first_only = false;
	rule->first_at = 0;
	rule->mode = log->kind.mode;
	rule->n_steps = n_steps;
	rule->exclude = affinity_chain_low_steps(log->kind.n_conditions) &
		~affinity_chain_low_steps(n_steps);
}

/* The rule of a state with options, for chain/optional.c. */
void
affinity_eventlog_optional_rule(const EventLog *log,
								AffinityOptionalRule *rule)
{
	int			n_steps = affinity_eventlog_n_steps(log);

	memset(rule, 0, sizeof(*rule));
	affinity_eventlog_rule(log, &rule->chain);
	rule->optional = affinity_eventlog_optional(log);
	for (int i = n_steps; i < log->kind.n_conditions; i++)
	{
		int			after = 0;
		int			before = n_steps;

		affinity_eventlog_exclusion(log, i, &after, &before);
		for (int k = after; k < before; k++)
			rule->exclude_after[k] |= UINT64CONST(1) << i;
		rule->excludes = true;
	}
}

/* The rule of a state with windows of steps, for chain/spaced.c. */
void
affinity_eventlog_spaced_rule(const EventLog *log, AffinitySpacedRule *rule)
{
	memset(rule, 0, sizeof(*rule));
	affinity_eventlog_optional_rule(log, &rule->steps);
	for (int k = 1; k < rule->steps.chain.n_steps; k++)
		rule->most[k] = (uint64) affinity_eventlog_step_window(log, k);
}
