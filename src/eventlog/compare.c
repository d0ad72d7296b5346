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

#include "miscadmin.h"

#include "base/compare.h"
#include "eventlog/parted.h"

/* A row or chain where it stands. */
typedef struct RowBytes
{
	const char *at;
	Size		size;
} RowBytes;

static inline int
compare_rows(const RowBytes *a, const RowBytes *b)
{
	return affinity_base_bytes_compare(a->at, a->size, b->at, b->size);
}

#define ST_SORT sort_rows
#define ST_ELEMENT_TYPE RowBytes
#define ST_COMPARE(a, b) compare_rows(a, b)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DECLARE
#define ST_DEFINE
#include "lib/sort_template.h"

/* Find the rows of a log that is not packed; are they in order? */
static bool
find_rows(const EventLog *log, RowBytes *row)
{
	const char *at = EVENT_LOG_ROWS(log);
	const char *end = log->data + log->used;
	bool		in_order = true;

	for (uint32 i = 0; i < log->n_rows; i++)
	{
		row[i].at = at;
		row[i].size = log->kind.user_kind == EVENT_USER_CHAINS ?
			affinity_eventlog_chain_size(at, end) : event_row_size(&log->kind);
		at += row[i].size;
		if (i > 0 && compare_rows(&row[i - 1], &row[i]) > 0)
			in_order = false;
		affinity_base_look_up(i);
	}
	if (at != end)
		affinity_eventlog_damaged();
	return in_order;
}

/* The log itself where its rows are in order, else a copy with them so. */
static EventLog *
sorted_rows(EventLog *log)
{
	RowBytes   *row = affinity_base_array(log->n_rows, sizeof(RowBytes));
	EventLog   *sorted = log;

	if (!find_rows(log, row))
	{
		char	   *to;

		sort_rows(row, log->n_rows);
		sorted = palloc(EVENT_LOG_HEADER + log->used);
		memcpy(sorted, log, EVENT_LOG_HEADER + log->options_len);
		to = EVENT_LOG_ROWS(sorted);
		for (uint32 i = 0; i < log->n_rows; i++)
		{
			memcpy(to, row[i].at, row[i].size);
			to += row[i].size;
			affinity_base_look_up(i);
		}
	}
	pfree(row);
	return sorted;
}

/* A log in the form in which equal contents are equal bytes. */
static EventLog *
canonical(EventLog *log)
{
	if (log->kind.version == EVENT_LOG_PACKED)
		return log;
	return event_log_packs(log) ? affinity_eventlog_pack(log) :
		sorted_rows(log);
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
