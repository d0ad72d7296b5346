/*
 * append.c
 *		Rows into states that are flat, and into those that they grow into.
 *
 * States in parts have their fast path in eventlog.h.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "utils/uuid.h"

#include "eventlog/growing.h"
#include "eventlog/parted.h"

/* Room of a new state of many users. */
#define ROOM_OF_MANY 1024

/* The second half of the hash that stands for a text user. */
#define SECOND_SEED UINT64CONST(0x9e3779b97f4a7c15)

/* A call does not fit the state that it is given. */
void
affinity_eventlog_other_state(uint32 magic)
{
	if (magic == SEQUENCE_MAGIC)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("pattern must be the same for all rows of a group"),
				 errhint("Pass a constant, or GROUP BY what it depends on.")));
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("window and mode must be the same for all rows of a "
					"group"),
			 errhint("Pass constants, or GROUP BY what they depend on.")));
}

static inline uint64
hash_text(const char *bytes, uint32 len, uint64 seed)
{
	return hash_bytes_extended((const unsigned char *) bytes, (int) len, seed);
}

/* A uuid, or the hash that stands for a text. */
EventUserId
affinity_eventlog_wide_user(Datum user, Oid type)
{
	EventUserId id;
	const char *bytes;
	uint32		len;

	if (type == UUIDOID)
		memcpy(&id, DatumGetUUIDP(user)->data, UUID_LEN);
	else
	{
		bytes = affinity_base_id_bytes(user, type, &len);
		id.low = hash_text(bytes, len, 0);
		id.high = hash_text(bytes, len, SECOND_SEED);
	}
	return id;
}

/*
 * A held property in 8 bytes. It is compared with those of the same user's
 * rows only, so a hash of 64 bits does.
 */
static uint64
held_property(FunctionCallInfo fcinfo, const EventCall *call)
{
	Datum		value = PG_GETARG_DATUM(call->held_arg);
	uint32		mode = call->definition.kind.mode;
	const char *bytes;
	uint32		len;

	if ((mode & EVENT_MODE_HOLD_TEXT) != 0)
	{
		bytes = affinity_base_id_bytes(value, call->held_type, &len);
		return hash_text(bytes, len, 0);
	}
	if ((mode & EVENT_MODE_HOLD_UUID) != 0)
		return hash_bytes_extended(DatumGetUUIDP(value)->data, UUID_LEN, 0);
	if (call->held_type == BOOLOID)
		return DatumGetBool(value);
	if (call->held_type == DATEOID)
		return (uint64) DatumGetDateADT(value);
	return (uint64) affinity_base_id_to_int(value, call->held_type);
}

/* A row as it is in a log that is not packed. */
static void
write_row(FunctionCallInfo fcinfo, const EventCall *call,
		  const AffinityEvent *event, char *row)
{
	const EventKind *kind = &call->definition.kind;
	Size		user_size = event_user_size(kind);

	if (user_size > 0)
	{
		EventUserId user = affinity_eventlog_user(fcinfo, call);

		memcpy(row, &user, user_size);
		row += user_size;
	}
	if (call->held_arg != 0)
	{
		uint64		held = held_property(fcinfo, call);

		memcpy(row, &held, sizeof(held));
		row += sizeof(held);
	}
	memcpy(row, &event->at, sizeof(event->at));
	event_write_steps(row + sizeof(event->at), event_steps_size(kind),
					  event->steps);
}

/* Append to a flat state that is large: it becomes another form. */
static Datum
append_large(FunctionCallInfo fcinfo, const EventCall *call,
			 const EventLog *log, MemoryContext aggregate,
			 const AffinityEvent *event)
{
	Size		row_size = event_row_size(&log->kind);
	EventInlet *inlet;

	if (!event_log_packs(log))
	{
		GrowingLog *growing = affinity_eventlog_growing_start(log, aggregate);

		write_row(fcinfo, call, event,
				  affinity_eventlog_growing_append(growing, row_size));
		return affinity_eventlog_growing_datum(growing);
	}
	inlet = affinity_eventlog_parted_start(log, aggregate);
	affinity_eventlog_inlet_add(inlet, affinity_eventlog_mixed(fcinfo, call),
								event);
	return affinity_eventlog_parted_datum(inlet);
}

/* The row of a call, of which the time has been read. */
static Datum
append_at(FunctionCallInfo fcinfo, const EventCall *call, EventLog *log,
		  GrowingLog *growing, int64 at)
{
	AffinityEvent event = {at, affinity_eventlog_conditions(fcinfo, call)};
	Size		row_size = event_row_size(&call->definition.kind);
	MemoryContext aggregate;

	if (!affinity_eventlog_row_matters(call, event.steps))
		return growing != NULL ? PG_GETARG_DATUM(0) : PointerGetDatum(log);
	if (growing != NULL)
	{
		write_row(fcinfo, call, &event,
				  affinity_eventlog_growing_append(growing, row_size));
		return PG_GETARG_DATUM(0);
	}
	if (affinity_eventlog_is_large(log) &&
		AggCheckCallContext(fcinfo, &aggregate))
		return append_large(fcinfo, call, log, aggregate, &event);
	log = affinity_eventlog_grow(log, row_size);
	write_row(fcinfo, call, &event, log->data + log->used);
	log->used += (uint32) row_size;
	log->n_rows++;
	return PointerGetDatum(log);
}

/* Bytes of rows for which a new state has room. */
static Size
first_room(const EventCall *call)
{
	const EventKind *kind = &call->definition.kind;

	return kind->user_kind != EVENT_USER_ONE ? ROOM_OF_MANY :
		(Size) call->rows_at_first * event_row_size(kind);
}

/* affinity_eventlog_append for any state but one in parts. */
Datum
affinity_eventlog_append_flat(FunctionCallInfo fcinfo, const EventCall *call)
{
	const EventDefinition *definition = &call->definition;
	GrowingLog *growing = NULL;
	EventLog   *log;

	if (PG_ARGISNULL(0))
		log = affinity_eventlog_create(definition, first_room(call));
	else if ((growing = affinity_eventlog_growing_log(PG_GETARG_DATUM(0))) !=
			 NULL)
		log = affinity_eventlog_growing_header(growing);
	else
		log = affinity_eventlog_arg(PG_GETARG_DATUM(0), definition->magic);
	if (!event_log_is_of(log, definition))
		affinity_eventlog_other_state(definition->magic);
	if (affinity_eventlog_row_given(fcinfo, call))
		return append_at(fcinfo, call, log, growing,
						 affinity_eventlog_time(fcinfo, call));
	return growing != NULL ? PG_GETARG_DATUM(0) : PointerGetDatum(log);
}
