/*
 * parted.c
 *		A large state of many users while it grows.
 *
 * Rows go into parts by their user's hash as they arrive, in chunks of a few
 * kilobytes that are never moved. A few rows wait for each other, so that the
 * processor looks for their places at the same time. So nothing has to be
 * spread later, and each part can be put in order by itself (group.c) and
 * written to a packed log, which takes about half as much.
 *
 * When the chunks take FLUSH_BYTES, or one part is too large to be put in
 * order in little memory, all parts are packed into a run, and their memory
 * is used again. Large packed states that are merged become runs as they are.
 * Where a state is read, its runs are read side by side.
 *
 * The transition value is an expanded object below the aggregate's context,
 * which nodeAgg adopts without a copy. Reading packs the rows it has; that
 * changes how the contents are kept, not what they are.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "eventlog/parted.h"

#define CONTEXT_OF(parted) ((parted)->inlet.hdr.eoh_context)

#define PART_BITS 10

/* So many rows are put in order in one piece. */
#define ONE_PART_ROWS 16384

#define CHUNK_SIZE ((Size) 4096)
#define FIRST_CHUNK_SIZE ((Size) 1024)

/* Chunks are cut from slabs, which get larger. */
#define MIN_SLAB ((Size) 64 << 10)
#define MAX_SLAB ((Size) 32 << 20)
#define FLUSH_BYTES ((Size) 512 << 20)
StaticAssertDecl(FLUSH_BYTES / MAX_SLAB + 10 <= PARTED_SLABS, "slabs");

/* Rows of one part that are put in order at once, in bytes. */
#define FLUSH_PART ((Size) 64 << 20)

/* Smaller packed logs are merged row by row. */
#define RUN_BYTES ((uint32) 1 << 20)

#define COPY_AT_ONCE ((Size) 8 << 20)

static const EventLog *only_run(PartedLog *parted);
static void flush(PartedLog *parted);
static void copy_large(char *to, const char *from, Size size);

static Size
flat_size(ExpandedObjectHeader *hdr)
{
	return VARSIZE(only_run((PartedLog *) hdr));
}

static void
flatten_into(ExpandedObjectHeader *hdr, void *result, Size size)
{
	copy_large(result, (const char *) only_run((PartedLog *) hdr), size);
}

const ExpandedObjectMethods affinity_eventlog_parted_methods = {flat_size,
flatten_into};

Datum
affinity_eventlog_parted_datum(EventInlet *inlet)
{
	return EOHPGetRWDatum(&inlet->hdr);
}

/* What its rows are: a log without any. */
const EventLog *
affinity_eventlog_parted_header(const EventInlet *inlet)
{
	return ((const PartedLog *) inlet)->header;
}

/*
 * An empty state of the kind of `like`, in a context of its own. Where it is
 * known that there will be few rows, they stay in one part.
 */
static PartedLog *
create(MemoryContext parent, const EventLog *like, uint64 rows)
{
	MemoryContext context = AllocSetContextCreate(parent, "funnel in parts",
												  ALLOCSET_START_SMALL_SIZES);
	int			bits = rows <= ONE_PART_ROWS ? 0 : PART_BITS;
	Size		size = EVENT_LOG_HEADER + like->options_len;
	PartedLog  *parted = MemoryContextAllocZero(context,
												offsetof(PartedLog, place) +
												(sizeof(EventPlace) << bits));

	EOH_init_header(&parted->inlet.hdr, &affinity_eventlog_parted_methods,
					context);
	parted->part = MemoryContextAllocZero(context, sizeof(EventPart) << bits);
	parted->header = MemoryContextAlloc(context, size);
	memcpy(parted->header, like, size);
	SET_VARSIZE(parted->header, size);
	parted->header->used = like->options_len;
	parted->header->n_rows = 0;
	parted->inlet.definition.magic = like->magic;
	parted->inlet.definition.kind = like->kind;
	parted->inlet.definition.options = parted->header->data;
	parted->inlet.definition.options_len = like->options_len;
	parted->row_size = event_row_size(&like->kind);
	parted->bits = bits;
	parted->chunk_size = bits > 0 ? CHUNK_SIZE :
		offsetof(EventChunk, row) + parted->row_size * (Size) Max(rows, 1);
	parted->first_chunk_size = bits > 0 ? FIRST_CHUNK_SIZE :
		parted->chunk_size;
	return parted;
}

/* Go on to a slab with room for so much. */
static void
next_slab(PartedLog *parted, Size needed)
{
	int			n = parted->slabs_used++;

	if (n == parted->n_slabs)
	{
		Size		size = Min(Max(parted->slab_bytes, MIN_SLAB), MAX_SLAB);

		size = parted->bits == 0 ? needed : size;
		parted->slab[n].area =
			affinity_base_alloc_large(CONTEXT_OF(parted), size);
		parted->slab[n].size = size;
		parted->slab_bytes += size;
		parted->n_slabs++;
	}
	parted->slab_at = parted->slab[n].area;
	parted->slab_end = parted->slab_at + parted->slab[n].size;
}

/* Is it time to make a run of the rows? */
static bool
is_full(const PartedLog *parted, const EventPart *part)
{
	if (part->bytes >= FLUSH_PART && parted->bits > 0)
		return true;
	return (Size) (parted->slab_end - parted->slab_at) < parted->chunk_size &&
		parted->slabs_used == parted->n_slabs &&
		parted->slab_bytes >= FLUSH_BYTES;
}

/*
 * A new chunk for one of the parts: room for its next row.
 */
static char *
next_chunk(PartedLog *parted, uint64 i)
{
	EventPart  *part = &parted->part[i];
	EventPlace *place = &parted->place[i];
	EventChunk *chunk;
	Size		size;

	CHECK_FOR_INTERRUPTS();
	if (is_full(parted, part))
		flush(parted);
	size = part->first == NULL ? parted->first_chunk_size : parted->chunk_size;
	if ((Size) (parted->slab_end - parted->slab_at) < size)
		next_slab(parted, size);
	chunk = (EventChunk *) parted->slab_at;
	parted->slab_at += size;
	chunk->next = NULL;
	if (part->first == NULL)
		part->first = chunk;
	else
	{
		part->last->used = (Size) (place->at - part->last->row);
		part->bytes += part->last->used;
		part->last->next = chunk;
	}
	part->last = chunk;
	place->end = (char *) chunk + size;
	return chunk->row;
}

static pg_attribute_always_inline void
place_waiting(PartedLog *parted, Size user_size, Size steps_size)
{
	Size		row_size = user_size + sizeof(int64) + steps_size;
	int			shift = 63 - parted->bits;

	for (int i = 0; i < parted->inlet.n_waiting; i++)
	{
		const WaitingRow *from = &parted->inlet.waiting[i];
		uint64		part = from->mixed.low >> 1 >> shift;
		EventPlace *place = &parted->place[part];
		char	   *row = place->at;

		if (unlikely((Size) (place->end - row) < row_size))
			row = next_chunk(parted, part);
		place->at = row + row_size;
		memcpy(row, &from->mixed, user_size);
		memcpy(row + user_size, &from->event.at, sizeof(int64));
		event_write_steps(row + user_size + sizeof(int64), steps_size,
						  from->event.steps);
	}
	parted->inlet.n_waiting = 0;
}

/*
 * Write the waiting rows to their parts. With sizes that the compiler knows a
 * row is three moves.
 */
void
affinity_eventlog_parted_place(EventInlet *inlet)
{
	PartedLog  *parted = (PartedLog *) inlet;
	Size		user_size = event_user_size(&parted->header->kind);
	Size		steps_size = event_steps_size(&parted->header->kind);

	if (user_size == 8 && steps_size == 1)
		place_waiting(parted, 8, 1);
	else
		place_waiting(parted, user_size, steps_size);
}

/* ---- packing ---------------------------------------------------------- */

static uint64
count_rows(const PartedLog *parted)
{
	Size		bytes = 0;

	for (int i = 0; i < 1 << parted->bits; i++)
		if (parted->part[i].first != NULL)
			bytes += parted->part[i].bytes +
				(Size) (parted->place[i].at - parted->part[i].last->row);
	return bytes / parted->row_size;
}

/* The rows of all parts as a packed log, in the current memory context. */
static EventLog *
pack_parts(PartedLog *parted)
{
	EventGrouper *grouper = affinity_eventlog_grouper_create(parted->header);
	PackedWriter writer;

	affinity_eventlog_packed_begin(&writer, parted->header,
								   count_rows(parted));
	for (int i = 0; i < 1 << parted->bits; i++)
		if (parted->part[i].first != NULL)
			affinity_eventlog_grouper_use(grouper, parted,
										  i, affinity_eventlog_packed_add,
										  &writer);
	affinity_eventlog_grouper_free(grouper);
	return affinity_eventlog_packed_end(&writer);
}

/* Make one run of all. */
static void
merge_runs(PartedLog *parted)
{
	MemoryContext caller = MemoryContextSwitchTo(CONTEXT_OF(parted));
	EventLog   *merged = affinity_eventlog_packed_union(parted->run,
														parted->n_runs);

	MemoryContextSwitchTo(caller);
	while (parted->n_runs > 0)
		pfree(unconstify(EventLog *, parted->run[--parted->n_runs]));
	parted->run[parted->n_runs++] = merged;
}

/* One more run, which the state owns from now on. */
static void
add_run(PartedLog *parted, EventLog *run)
{
	Size		bytes = VARSIZE(run);

	for (int i = 0; i < parted->n_runs; i++)
		bytes += VARSIZE(parted->run[i]);
	if (parted->n_runs == PARTED_RUNS)
		merge_runs(parted);
	parted->run[parted->n_runs++] = run;
	/* together they may be smaller; if not, it is an error now, not later */
	if (bytes > MaxAllocSize)
		merge_runs(parted);
}

/* Make a run of the rows in parts; what they took can be used again. */
static void
flush(PartedLog *parted)
{
	MemoryContext caller = MemoryContextSwitchTo(CONTEXT_OF(parted));
	EventLog   *run = pack_parts(parted);

	MemoryContextSwitchTo(caller);
	memset(parted->part, 0, sizeof(EventPart) << parted->bits);
	memset(parted->place, 0, sizeof(EventPlace) << parted->bits);
	parted->slab_at = parted->slab_end = NULL;
	parted->slabs_used = 0;
	add_run(parted, run);
}

static void
free_slabs(PartedLog *parted)
{
	while (parted->n_slabs > 0)
		pfree(parted->slab[--parted->n_slabs].area);
	parted->slab_bytes = 0;
}

/* All of the state as one packed log that it owns. */
static const EventLog *
only_run(PartedLog *parted)
{
	affinity_eventlog_parted_place(&parted->inlet);
	if (parted->slabs_used > 0)
		flush(parted);
	free_slabs(parted);
	if (parted->n_runs == 0)
		flush(parted);			/* an empty one */
	if (parted->n_runs > 1)
		merge_runs(parted);
	return parted->run[0];
}

/*
 * All of the state as a packed log of the caller's.
 */
EventLog *
affinity_eventlog_parted_flat(EventInlet *inlet)
{
	PartedLog  *parted = (PartedLog *) inlet;

	affinity_eventlog_parted_place(inlet);
	if (parted->n_runs == 0)
		return pack_parts(parted);
	if (parted->slabs_used > 0)
		flush(parted);
	free_slabs(parted);
	return affinity_eventlog_packed_union(parted->run, parted->n_runs);
}

/* ---- merging ---------------------------------------------------------- */

static void
append_user(EventUserId mixed, const AffinityEvent *event, int64 n, void *arg)
{
	for (int64 i = 0; i < n; i++)
		affinity_eventlog_inlet_add(arg, mixed, &event[i]);
}

static void
append_rows(EventInlet *inlet, const EventLog *log)
{
	Size		user_size = event_user_size(&log->kind);
	Size		steps_size = event_steps_size(&log->kind);
	const char *from = EVENT_LOG_ROWS(log);

	for (uint32 i = 0; i < log->n_rows; i++)
	{
		EventUserId user = event_read_user(from, user_size);
		AffinityEvent event;

		from += user_size;
		memcpy(&event.at, from, sizeof(int64));
		from += sizeof(int64);
		event.steps = event_read_steps(from, steps_size);
		from += steps_size;
		affinity_eventlog_inlet_add(inlet, event_user_mix(user), &event);
		affinity_base_look_up((uint64) i);
	}
}

/* memcpy of many megabytes, which can be canceled. */
static void
copy_large(char *to, const char *from, Size size)
{
	while (size > 0)
	{
		Size		n = Min(size, COPY_AT_ONCE);

		CHECK_FOR_INTERRUPTS();
		memcpy(to, from, n);
		to += n;
		from += n;
		size -= n;
	}
}

/*
 * All rows of another log of the same kind.
 */
void
affinity_eventlog_parted_merge(EventInlet *inlet, const EventLog *log)
{
	PartedLog  *parted = (PartedLog *) inlet;

	if (log->kind.version != EVENT_LOG_PACKED)
		append_rows(inlet, log);
	else if (log->used < RUN_BYTES || parted->n_runs == PARTED_RUNS)
		affinity_eventlog_packed_each(&log, 1, append_user, inlet);
	else
	{
		Size		size = EVENT_LOG_HEADER + log->used;
		EventLog   *run = affinity_base_alloc_large(CONTEXT_OF(parted),
													size);

		copy_large((char *) run, (const char *) log, size);
		SET_VARSIZE(run, size);
		add_run(parted, run);
	}
}

/*
 * What a state of any size becomes as it grows large.
 */
EventInlet *
affinity_eventlog_parted_start(const EventLog *log, MemoryContext aggregate)
{
	PartedLog  *parted = create(aggregate, log, PG_UINT64_MAX);

	affinity_eventlog_parted_merge(&parted->inlet, log);
	return &parted->inlet;
}

/*
 * A log that is not packed, packed.
 */
EventLog *
affinity_eventlog_pack(const EventLog *log)
{
	PartedLog  *parted = create(CurrentMemoryContext, log, log->n_rows);
	EventLog   *packed;

	append_rows(&parted->inlet, log);
	packed = affinity_eventlog_parted_flat(&parted->inlet);
	MemoryContextDelete(CONTEXT_OF(parted));
	return packed;
}
