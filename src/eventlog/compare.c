/*
 * compare.c
 *		Whether two logs say the same, for the operators of their types.
 *
 * Equal contents are equal bytes in a packed log. Rows as they came are
 * compared in the order of their bytes, those of many users packed, so that
 * neither the order in which they came nor the version of the form matters,
 * nor the room at the end.
 */
#include "postgres.h"

#include "base/compare.h"
#include "eventlog/parted.h"

/* A log in the form in which equal contents are equal bytes. */
static EventLog *
canonical(EventLog *log)
{
	if (log->kind.version == EVENT_LOG_PACKED)
		return log;
	return event_log_packs(log) ? affinity_eventlog_pack(log) :
		affinity_eventlog_in_order(log);
}

/* What is compared: all but the varlena header and the room at the end. */
static inline const char *
log_bytes(const EventLog *log)
{
	return (const char *) &log->magic;
}

static inline Size
log_size(const EventLog *log)
{
	return EVENT_LOG_HEADER + log->used - offsetof(EventLog, magic);
}

static int
compare_logs(EventLog *a, EventLog *b)
{
	EventLog   *of_a;
	EventLog   *of_b;
	int			order = affinity_base_bytes_compare(log_bytes(a), log_size(a),
													log_bytes(b), log_size(b));

	if (order == 0)
		return 0;
	of_a = canonical(a);
	of_b = canonical(b);
	order = affinity_base_bytes_compare(log_bytes(of_a), log_size(of_a),
										log_bytes(of_b), log_size(of_b));
	if (of_a != a)
		pfree(of_a);
	if (of_b != b)
		pfree(of_b);
	return order < 0 ? -1 : order > 0;
}

/* The order of the first two arguments; 0 where they say the same. */
int
affinity_eventlog_compare(FunctionCallInfo fcinfo, uint32 magic)
{
	EventLog   *a = affinity_eventlog_arg(PG_GETARG_DATUM(0), magic);
	EventLog   *b = affinity_eventlog_arg(PG_GETARG_DATUM(1), magic);
	int			order = compare_logs(a, b);

	PG_FREE_IF_COPY(a, 0);
	PG_FREE_IF_COPY(b, 1);
	return order;
}

/* The hash of the first argument: the same where two say the same. */
uint64
affinity_eventlog_hash(FunctionCallInfo fcinfo, uint32 magic, uint64 seed)
{
	EventLog   *log = affinity_eventlog_arg(PG_GETARG_DATUM(0), magic);
	EventLog   *same = canonical(log);
	uint64		hash = affinity_base_hash_bytes(log_bytes(same),
												log_size(same), seed);

	if (same != log)
		pfree(same);
	PG_FREE_IF_COPY(log, 0);
	return hash;
}
