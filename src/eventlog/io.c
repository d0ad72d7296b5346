/*
 * io.c
 *		Text form of the states of funnels and sequences, base64 of the value,
 *		and the binary form of funnels, which is the value itself.
 *
 * The input functions are where a state may come from outside (a dump, a
 * client, an attacker), so they check everything that readers rely on: after
 * it, lengths and counts agree, kinds and modes are known, and every row
 * holds what a transition function could have written. Bytes are in this
 * machine's order.
 */
#include "postgres.h"

#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "base/form.h"
#include "eventlog/packed.h"

/* What the varlena header takes, which is not part of the text form. */
#define SKIPPED sizeof(int32)

PG_FUNCTION_INFO_V1(affinity_funnel_in);
PG_FUNCTION_INFO_V1(affinity_funnel_out);
PG_FUNCTION_INFO_V1(affinity_funnel_recv);
PG_FUNCTION_INFO_V1(affinity_funnel_send);

static void
invalid(const char *why)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
			 errmsg("invalid funnel or sequence state"),
			 errdetail("%s", why),
			 errhint("Use what this type's output function made, unchanged.")));
}

static void
check_header(const EventLog *log, Size size, uint32 magic)
{
	if (size < EVENT_LOG_HEADER)
		invalid("It is too short.");
	if (log->magic != magic)
		invalid("It is a value of another type.");
	if (log->version != EVENT_LOG_VERSION && log->version != EVENT_LOG_PACKED)
		invalid("It is of another version.");
	if (log->time_kind > EVENT_TIME_TIMESTAMPTZ ||
		log->user_kind > EVENT_USER_CHAINS ||
		log->n_conditions < 1 || log->n_conditions > AFFINITY_MAX_STEPS ||
		(log->mode & ~(uint32) FUNNEL_MODE_ALL) != 0 || log->window < 0 ||
		log->unused != 0)
		invalid("Its header is damaged.");
	if (log->used != size - EVENT_LOG_HEADER || log->pattern_len > log->used)
		invalid("Its length is wrong.");
	if (magic == SEQUENCE_MAGIC ? log->mode != 0 ||
		log->window != 0 || log->user_kind != EVENT_USER_ONE :
		!affinity_eventlog_options_valid(log))
		invalid("Its header is damaged.");
	/* exclude_last leaves no step of one condition */
	if ((log->mode & FUNNEL_MODE_EXCLUDE_LAST) != 0 && log->n_conditions < 2)
		invalid("Its header is damaged.");
	if (pg_popcount32(log->mode & FUNNEL_MODE_HOLD) > 1 ||
		((log->mode & AFFINITY_CHAIN_ANY_ORDER) != 0 && log->pattern_len > 0 &&
		 affinity_eventlog_optional(log) != 0))
		invalid("Its header is damaged.");
}

static void
check_rows(const EventLog *log)
{
	Size		key_size = event_key_size(log);
	Size		steps_size = event_steps_size(log);
	const char *row = EVENT_LOG_ROWS(log);

	if (log->used - log->pattern_len !=
		(uint64) log->n_rows * event_row_size(log))
		invalid("Its length is wrong.");
	for (uint32 i = 0; i < log->n_rows; i++)
	{
		int64		at;
		uint64		steps;

		memcpy(&at, row + key_size, sizeof(at));
		steps = event_read_steps(row + key_size + sizeof(at), steps_size);
		if (log->n_conditions < 64 && steps >> log->n_conditions != 0)
			invalid("A row has a condition that does not exist.");
		if (log->time_kind != EVENT_TIME_INTEGER && !IS_VALID_TIMESTAMP(at))
			invalid("A row has an impossible time.");
		row += key_size + sizeof(at) + steps_size;
		if (i % 65536 == 0)
			CHECK_FOR_INTERRUPTS();
	}
}

static void
check_chains(const EventLog *log)
{
	const char *from = EVENT_LOG_ROWS(log);
	const char *end = log->data + log->used;
	uint64		optional = affinity_eventlog_optional(log);

	if (log->mode != 0 || log->window != 0 || log->pattern_len >
		sizeof(uint64))
		invalid("Its header is damaged.");
	for (uint32 i = 0; i < log->n_rows; i++)
	{
		int64		before = 0;
		int64		since;
		int			level;

		if (from >= end)
			invalid("Its length is wrong.");
		level = (uint8) *from++;
		if (level > log->n_conditions)
			invalid("A user has more steps than there are.");
		if (level > 1 && end - from < (level - 1) * (int) sizeof(int64))
			invalid("Its length is wrong.");
		for (int step = 1; step < level; step++, from += sizeof(since))
		{
			memcpy(&since, from, sizeof(since));
			/* an optional step may be left out, but not as the last one */
			if (since == -1 && (optional >> step & 1) != 0 && step < level - 1)
				continue;
			if (since < before)
				invalid("A user's steps are not in order of time.");
			before = since;
		}
		if (i % 65536 == 0)
			CHECK_FOR_INTERRUPTS();
	}
	if (from != end)
		invalid("Its length is wrong.");
}

/* Check a log of so many bytes, whose varlena header is not set yet. */
static EventLog *
checked(EventLog *log, Size size, uint32 magic)
{
	check_header(log, size, magic);
	SET_VARSIZE(log, size);
	if (log->version == EVENT_LOG_PACKED)
	{
		const char *fault = affinity_eventlog_packed_fault(log);

		if (fault != NULL)
			invalid(fault);
	}
	else if (log->user_kind == EVENT_USER_CHAINS)
		check_chains(log);
	else
		check_rows(log);
	return log;
}

EventLog *
affinity_eventlog_in(const char *text, uint32 magic)
{
	Size		len = strlen(text);
	Size		size;
	EventLog   *log = palloc0(Max(EVENT_LOG_HEADER,
								  SKIPPED + AFFINITY_DECODED_SIZE(len)));

	if (!affinity_base_decode(text, len, (char *) log + SKIPPED, &size))
		invalid("It is not base64.");
	return checked(log, SKIPPED + size, magic);
}

/* The room at the end, if there is any, is left out. */
char *
affinity_eventlog_out(Datum value, uint32 magic)
{
	EventLog   *log = affinity_eventlog_arg(value, magic);

	Size		size = EVENT_LOG_HEADER + log->used - SKIPPED;
	Size		text_size = affinity_base_encoded_size(size);

	if (text_size > MaxAllocSize)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("the text form of this state needs %zu bytes, but a "
						"value holds at most %zu",
						text_size, (Size) MaxAllocSize),
				 errhint("Use its binary form (COPY ... WITH (FORMAT binary)).")));
	return affinity_base_encode((const char *) log + SKIPPED, size);
}

Datum
affinity_funnel_in(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(affinity_eventlog_in(PG_GETARG_CSTRING(0),
										   FUNNEL_MAGIC));
}

Datum
affinity_funnel_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(affinity_eventlog_out(PG_GETARG_DATUM(0), FUNNEL_MAGIC));
}

Datum
affinity_funnel_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	Size		size = (Size) (buf->len - buf->cursor);
	EventLog   *log = palloc(Max(EVENT_LOG_HEADER, SKIPPED + size));

	pq_copymsgbytes(buf, (char *) log + SKIPPED, (int) size);
	PG_RETURN_POINTER(checked(log, SKIPPED + size, FUNNEL_MAGIC));
}

Datum
affinity_funnel_send(PG_FUNCTION_ARGS)
{
	EventLog   *log = affinity_eventlog_arg(PG_GETARG_DATUM(0), FUNNEL_MAGIC);
	StringInfoData buf;

	pq_begintypsend(&buf);
	pq_sendbytes(&buf, (char *) log + SKIPPED,
				 (int) (EVENT_LOG_HEADER + log->used - SKIPPED));
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}
