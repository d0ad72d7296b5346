/*
 * beside.c
 *		Packed logs of one kind, read side by side: their union, and their rows
 *		as they were before they were packed.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "eventlog/packed.h"

/* Rows of small users between two looks for interrupts. */
#define ROWS_UNCHECKED 65536

typedef struct PackedMerge
{
	PackedReader *reader;
	int			n_readers;
	AffinityEvent *event;		/* one user's rows */
	AffinityEvent *other;		/* the same while they are merged */
	Size		room;			/* events in each */
} PackedMerge;

static void
merge_room(PackedMerge *merge, Size rows)
{
	if (rows <= merge->room)
		return;
	if (merge->event != NULL)
	{
		pfree(merge->event);
		pfree(merge->other);
	}
	merge->room = Max(rows, merge->room * 2);
	merge->event = affinity_base_array(merge->room, sizeof(AffinityEvent));
	merge->other = affinity_base_array(merge->n_readers > 1 ? merge->room : 1,
									   sizeof(AffinityEvent));
}

/* Add one reader's rows to the n there are. */
static int64
merge_rows(PackedMerge *merge, int64 n, const PackedReader *reader)
{
	AffinityEvent *a = merge->event;
	AffinityEvent *b = merge->event + n;
	AffinityEvent *a_end = b;
	AffinityEvent *b_end = b + reader->n;
	AffinityEvent *to = merge->other;

	affinity_eventlog_packed_rows(reader, b);
	if (n == 0 || !affinity_chain_event_before(b, b - 1))
		return n + reader->n;
	while (a < a_end && b < b_end)
	{
		*to++ = affinity_chain_event_before(b, a) ? *b++ : *a++;
		affinity_base_look_up((uint64) (to - merge->other));
	}
	memcpy(to, a, sizeof(AffinityEvent) * (Size) (a_end - a));
	memcpy(to + (a_end - a), b, sizeof(AffinityEvent) * (Size) (b_end - b));
	to = merge->event;
	merge->event = merge->other;
	merge->other = to;
	return n + reader->n;
}

/* The first of the users that the readers are at; NULL at the end of all. */
static const PackedReader *
first_reader(const PackedMerge *merge)
{
	const PackedReader *first = NULL;

	for (int i = 0; i < merge->n_readers; i++)
	{
		const PackedReader *reader = &merge->reader[i];

		if (!reader->at_end &&
			(first == NULL || event_user_before(reader->mixed, first->mixed)))
			first = reader;
	}
	return first;
}

/*
 * Hand on each user's rows of all logs, which are of one kind and packed.
 */
void
affinity_eventlog_packed_each(const EventLog *const *log, int n_logs,
							  EventUserUse use, void *arg)
{
	PackedMerge merge = {palloc(sizeof(PackedReader) * (Size) n_logs), n_logs,
	NULL, NULL, 0};
	const PackedReader *first;
	Size		unchecked = 0;	/* rows since a look for interrupts */

	for (int i = 0; i < n_logs; i++)
	{
		affinity_eventlog_packed_open(&merge.reader[i], log[i]);
		affinity_eventlog_packed_next(&merge.reader[i]);
	}
	while ((first = first_reader(&merge)) != NULL)
	{
		EventUserId mixed = first->mixed;
		Size		rows = 0;
		int64		n = 0;

		for (int i = 0; i < n_logs; i++)
			if (!merge.reader[i].at_end &&
				event_same_user(merge.reader[i].mixed, mixed))
				rows += merge.reader[i].n;
		merge_room(&merge, rows);
		for (int i = 0; i < n_logs; i++)
			if (!merge.reader[i].at_end &&
				event_same_user(merge.reader[i].mixed, mixed))
			{
				n = merge_rows(&merge, n, &merge.reader[i]);
				affinity_eventlog_packed_next(&merge.reader[i]);
			}
		use(mixed, merge.event, n, arg);
		unchecked += rows;
		if (unchecked >= ROWS_UNCHECKED)
		{
			CHECK_FOR_INTERRUPTS();
			unchecked = 0;
		}
	}
	pfree(merge.reader);
	if (merge.event != NULL)
	{
		pfree(merge.event);
		pfree(merge.other);
	}
}

EventLog *
affinity_eventlog_packed_union(const EventLog *const *log, int n_logs)
{
	PackedWriter writer;
	uint64		n_rows = 0;

	for (int i = 0; i < n_logs; i++)
		n_rows += log[i]->n_rows;
	affinity_eventlog_packed_begin(&writer, log[0], n_rows);
	affinity_eventlog_packed_each(log, n_logs, affinity_eventlog_packed_add,
								  &writer);
	return affinity_eventlog_packed_end(&writer);
}

typedef struct RowAppender
{
	Size		user_size;
	Size		steps_size;
	char	   *to;
	char	   *end;
} RowAppender;

static void
append_user(EventUserId mixed, const AffinityEvent *event, int64 n, void *arg)
{
	RowAppender *appender = arg;
	EventUserId user = event_user_unmix(mixed);
	Size		row_size = appender->user_size + sizeof(int64) +
		appender->steps_size;

	if (n > (appender->end - appender->to) / (int64) row_size)
		affinity_eventlog_damaged();
	for (int64 i = 0; i < n; i++)
	{
		memcpy(appender->to, &user, appender->user_size);
		appender->to += appender->user_size;
		memcpy(appender->to, &event[i].at, sizeof(int64));
		appender->to += sizeof(int64);
		event_write_steps(appender->to, appender->steps_size, event[i].steps);
		appender->to += appender->steps_size;
	}
}

/*
 * Append the rows of a packed log to one that is not, and is small; where
 * there is none, begin one.
 */
EventLog *
affinity_eventlog_unpack(EventLog *log, const EventLog *packed)
{
	RowAppender appender;
	Size		bytes = (Size) packed->n_rows * event_row_size(&packed->kind);

	if (log == NULL)
	{
		EventDefinition definition = {packed->magic, packed->options_len,
		packed->data, packed->kind};

		definition.kind.version = EVENT_LOG_VERSION;
		log = affinity_eventlog_create(&definition, bytes);
	}
	else
		log = affinity_eventlog_grow(log, bytes);
	appender.user_size = event_user_size(&log->kind);
	appender.steps_size = event_steps_size(&log->kind);
	appender.to = log->data + log->used;
	appender.end = appender.to + bytes;
	affinity_eventlog_packed_each(&packed, 1, append_user, &appender);
	if (appender.to != appender.end)
		affinity_eventlog_damaged();
	log->used += (uint32) bytes;
	log->n_rows += packed->n_rows;
	return log;
}
