/*
 * chains.c
 *		Logs of chains: for each user the steps that it took, as they were
 *		found elsewhere.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "eventlog/log.h"

/* Bytes of the times after the first one. */
#define TIMES_SIZE(level) (sizeof(int64) * (Size) Max((level) - 1, 0))

/*
 * One more user, who came to step `level`; since[0] is not read. Returns the
 * log, which may be a larger copy.
 */
EventLog *
affinity_eventlog_chain_append(EventLog *log, int level, const int64 *since)
{
	char	   *to;

	log = affinity_eventlog_grow(log, 1 + TIMES_SIZE(level));
	to = log->data + log->used;
	*to = (char) level;
	memcpy(to + 1, since + 1, TIMES_SIZE(level));
	log->used += (uint32) (1 + TIMES_SIZE(level));
	log->n_rows++;
	return log;
}

/* Bytes of the chain that stands at `from`; an error where it is none. */
Size
affinity_eventlog_chain_size(const char *from, const char *end)
{
	int			level;

	if (from >= end)
		affinity_eventlog_damaged();
	level = (uint8) *from;
	if (level > AFFINITY_MAX_STEPS ||
		(Size) (end - from) < 1 + TIMES_SIZE(level))
		affinity_eventlog_damaged();
	return 1 + TIMES_SIZE(level);
}

void
affinity_eventlog_each_chain(const EventLog *log, EventChainUse use, void *arg)
{
	const char *from = EVENT_LOG_ROWS(log);
	const char *end = log->data + log->used;
	int64		since[AFFINITY_MAX_STEPS];

	since[0] = 0;
	for (uint32 i = 0; i < log->n_rows; i++)
	{
		Size		size = affinity_eventlog_chain_size(from, end);

		memcpy(since + 1, from + 1, size - 1);
		use((uint8) *from, since, arg);
		from += size;
		affinity_base_look_up(i);
	}
}

/* What is wrong with the times of one user. */
static const char *
times_fault(const char *from, int level, uint64 optional)
{
	int64		before = 0;

	for (int step = 1; step < level; step++, from += sizeof(int64))
	{
		int64		since;

		memcpy(&since, from, sizeof(since));
		/* an optional step may be left out, but not as the last one */
		if (since == -1 && (optional >> step & 1) != 0 && step < level - 1)
			continue;
		if (since < before)
			return "A user's steps are not in order of time.";
		before = since;
	}
	return NULL;
}

/* What is wrong with a log of chains, whose header has been checked. */
const char *
affinity_eventlog_chains_fault(const EventLog *log)
{
	const char *from = EVENT_LOG_ROWS(log);
	const char *end = log->data + log->used;
	uint64		optional = affinity_eventlog_optional(log);

	if (log->kind.mode != 0 || log->kind.window != 0 ||
		log->options_len > sizeof(uint64))
		return "Its header is damaged.";
	for (uint32 i = 0; i < log->n_rows; i++)
	{
		const char *fault;
		int			level;

		if (from >= end)
			return "Its length is wrong.";
		level = (uint8) *from++;
		if (level > log->kind.n_conditions)
			return "A user has more steps than there are.";
		if ((Size) (end - from) < TIMES_SIZE(level))
			return "Its length is wrong.";
		fault = times_fault(from, level, optional);
		if (fault != NULL)
			return fault;
		from += TIMES_SIZE(level);
		affinity_base_look_up(i);
	}
	return from == end ? NULL : "Its length is wrong.";
}
