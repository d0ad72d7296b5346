/*
 * order.c
 *		The rows of a log that is not packed, in the order of their bytes: so
 *		that logs that say the same are the same bytes, in whatever order
 *		their rows came and their parts were merged.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "base/compare.h"
#include "eventlog/log.h"

typedef const char *RowAt;		/* where a row begins */

/* Rows of one size, or the chains of one level. */
typedef struct RowClass
{
	Size		size;
	Size		n;
	RowAt	   *row;			/* the next to be filled, then the first */
} RowClass;

#define ST_SORT sort_rows
#define ST_ELEMENT_TYPE RowAt
#define ST_COMPARE_ARG_TYPE const Size
#define ST_COMPARE(a, b, size) memcmp(*(a), *(b), *(size))
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DECLARE
#define ST_DEFINE
#include "lib/sort_template.h"

/* The class of a chain is its first byte, which is checked with its size. */
static inline RowClass *
class_at(const EventLog *log, RowClass *class, const char *at)
{
	const char *end = log->data + log->used;

	if (log->kind.user_kind == EVENT_USER_CHAINS)
	{
		Size		size = affinity_eventlog_chain_size(at, end);

		class += (uint8) *at;
		class->size = size;
	}
	else if ((Size) (end - at) < class->size)
		affinity_eventlog_damaged();
	return class;
}

/* Count the rows of each class; are they in order? */
static bool
count_rows(const EventLog *log, RowClass *class)
{
	const char *at = EVENT_LOG_ROWS(log);
	const char *before = NULL;
	Size		before_size = 0;
	bool		in_order = true;

	for (uint32 i = 0; i < log->n_rows; i++)
	{
		RowClass   *of = class_at(log, class, at);

		of->n++;
		in_order = in_order &&
			(before == NULL || affinity_base_bytes_compare(before, before_size, at, of->size) <= 0);
		before = at;
		before_size = of->size;
		at += of->size;
		affinity_base_look_up(i);
	}
	if (at != log->data + log->used)
		affinity_eventlog_damaged();
	return in_order;
}

/* Write the rows of a class, which are one after the other in `class->row`. */
static char *
write_class(RowClass *class, char *to)
{
	/* a chain of one byte is its class */
	if (class->size > 1)
		sort_rows(class->row, class->n, &class->size);
	for (Size i = 0; i < class->n; i++, to += class->size)
	{
		memcpy(to, class->row[i], class->size);
		affinity_base_look_up(i);
	}
	return to;
}

/* The log itself where its rows are in order, else a copy with them so. */
EventLog *
affinity_eventlog_in_order(EventLog *log)
{
	RowClass	class[AFFINITY_MAX_STEPS + 1];
	RowAt	   *rows;
	RowAt	   *next;
	const char *at = EVENT_LOG_ROWS(log);
	EventLog   *sorted;
	char	   *to;

	memset(class, 0, sizeof(class));
	if (log->kind.user_kind != EVENT_USER_CHAINS)
		class[0].size = event_row_size(&log->kind);
	if (count_rows(log, class))
		return log;
	next = rows = affinity_base_array(log->n_rows, sizeof(RowAt));
	for (int i = 0; i <= AFFINITY_MAX_STEPS; i++)
	{
		class[i].row = next;
		next += class[i].n;
	}
	for (uint32 i = 0; i < log->n_rows; i++)
	{
		RowClass   *of = class_at(log, class, at);

		*of->row++ = at;
		at += of->size;
		affinity_base_look_up(i);
	}
	sorted = affinity_base_array(1, EVENT_LOG_HEADER + log->used);
	memcpy(sorted, log, EVENT_LOG_HEADER + log->options_len);
	SET_VARSIZE(sorted, EVENT_LOG_HEADER + log->used);
	to = EVENT_LOG_ROWS(sorted);
	for (int i = 0; i <= AFFINITY_MAX_STEPS; i++)
	{
		class[i].row -= class[i].n;
		to = write_class(&class[i], to);
	}
	pfree(rows);
	return sorted;
}
