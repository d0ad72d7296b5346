/*
 * growing.c
 *		An event log that is large and still growing.
 *
 * The executor copies every new transition value, so that a flat log would be
 * copied twice each time it grows, and most of the time would go into
 * fetching fresh pages. From LARGE bytes on the transition value is therefore
 * an expanded object below the aggregate's memory context, which nodeAgg
 * adopts as it is: the flat log it began as, and chunks of rows. Nothing is
 * ever moved; it is made flat once, when somebody reads it. Small groups stay
 * flat, as a memory context for each of many groups would cost more.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "eventlog/growing.h"

#define LARGE ((Size) 1 << 20)
#define CHUNK_SIZE ((Size) 8 << 20)
#define MAX_CHUNKS (MaxAllocSize / CHUNK_SIZE + 2)

struct GrowingLog
{
	ExpandedObjectHeader hdr;
	EventLog   *first;			/* header, options and the first rows */
	Size		used;			/* bytes of options and rows in all */
	uint32		n_rows;			/* in all */
	int			n_chunks;
	struct
	{
		char	   *row;
		Size		used;
	}			chunk[MAX_CHUNKS];
};

static Size
flat_size(ExpandedObjectHeader *hdr)
{
	return EVENT_LOG_HEADER + ((GrowingLog *) hdr)->used;
}

static void
flatten_into(ExpandedObjectHeader *hdr, void *result, Size size)
{
	GrowingLog *growing = (GrowingLog *) hdr;
	EventLog   *flat = result;
	char	   *to;

	Assert(size == flat_size(hdr));
	memcpy(flat, growing->first, EVENT_LOG_HEADER + growing->first->used);
	to = flat->data + flat->used;
	for (int i = 0; i < growing->n_chunks; i++)
	{
		memcpy(to, growing->chunk[i].row, growing->chunk[i].used);
		to += growing->chunk[i].used;
	}
	flat->used = (uint32) growing->used;
	flat->n_rows = growing->n_rows;
	SET_VARSIZE(flat, size);
}

static const ExpandedObjectMethods growing_methods = {flat_size, flatten_into};

static GrowingLog *
growing_to_read(Datum state)
{
	ExpandedObjectHeader *header = affinity_base_expanded(state);

	return header != NULL && header->eoh_methods == &growing_methods ?
		(GrowingLog *) header : NULL;
}

/*
 * The growing log that a transition value is, or NULL.
 */
GrowingLog *
affinity_eventlog_growing_log(Datum state)
{
	return VARATT_IS_EXTERNAL_EXPANDED_RW(DatumGetPointer(state)) ?
		growing_to_read(state) : NULL;
}

/*
 * A state that is a growing log, made flat; NULL where it is another one. As
 * PG_DETOAST_DATUM would, but for the pages.
 */
EventLog *
affinity_eventlog_growing_flatten(Datum state)
{
	GrowingLog *growing = growing_to_read(state);
	Size		size;
	EventLog   *flat;

	if (growing == NULL)
		return NULL;
	size = flat_size(&growing->hdr);
	flat = affinity_base_alloc_large(CurrentMemoryContext, size);
	flatten_into(&growing->hdr, flat, size);
	return flat;
}

/* The header says what the rows are; its counts are not those of all rows. */
EventLog *
affinity_eventlog_growing_header(const GrowingLog *growing)
{
	return growing->first;
}

bool
affinity_eventlog_is_large(const EventLog *log)
{
	return log->used >= LARGE;
}

GrowingLog *
affinity_eventlog_growing_start(const EventLog *log, MemoryContext aggregate)
{
	MemoryContext context = AllocSetContextCreate(aggregate,
												  "growing event log",
												  ALLOCSET_START_SMALL_SIZES);
	GrowingLog *growing = MemoryContextAllocZero(context, sizeof(GrowingLog));
	Size		size = EVENT_LOG_HEADER + log->used;

	EOH_init_header(&growing->hdr, &growing_methods, context);
	growing->first = MemoryContextAlloc(context, size);
	memcpy(growing->first, log, size);
	SET_VARSIZE(growing->first, size);
	growing->used = log->used;
	growing->n_rows = log->n_rows;
	return growing;
}

static void
add_chunk(GrowingLog *growing)
{
	int			n = growing->n_chunks;

	if (EVENT_LOG_HEADER + growing->used + CHUNK_SIZE > MaxAllocSize)
		affinity_eventlog_too_large(EVENT_LOG_HEADER + growing->used +
									CHUNK_SIZE);
	growing->chunk[n].row =
		affinity_base_alloc_large(growing->hdr.eoh_context, CHUNK_SIZE);
	growing->chunk[n].used = 0;
	growing->n_chunks++;
}

/*
 * All rows of another log of the same kind. Chunks need not end with a row.
 */
void
affinity_eventlog_growing_merge(GrowingLog *growing, const EventLog *log)
{
	const char *from = EVENT_LOG_ROWS(log);
	Size		left = log->used - log->options_len;

	if (growing->n_rows > PG_UINT32_MAX - log->n_rows)
		affinity_eventlog_too_large(EVENT_LOG_HEADER + growing->used + left);
	while (left > 0)
	{
		int			last = growing->n_chunks - 1;
		Size		n;

		CHECK_FOR_INTERRUPTS();
		if (last < 0 || growing->chunk[last].used == CHUNK_SIZE)
		{
			add_chunk(growing);
			continue;
		}
		n = Min(left, CHUNK_SIZE - growing->chunk[last].used);
		memcpy(growing->chunk[last].row + growing->chunk[last].used, from, n);
		growing->chunk[last].used += n;
		growing->used += n;
		from += n;
		left -= n;
	}
	growing->n_rows += log->n_rows;
}

/*
 * Room for one more row, which is counted already.
 */
char *
affinity_eventlog_growing_append(GrowingLog *growing, Size row_size)
{
	int			last = growing->n_chunks - 1;
	char	   *row;

	if (last < 0 || growing->chunk[last].used + row_size > CHUNK_SIZE)
	{
		add_chunk(growing);
		last++;
	}
	row = growing->chunk[last].row + growing->chunk[last].used;
	growing->chunk[last].used += row_size;
	growing->used += row_size;
	growing->n_rows++;
	return row;
}

Datum
affinity_eventlog_growing_datum(GrowingLog *growing)
{
	return EOHPGetRWDatum(&growing->hdr);
}
