/*
 * io.c
 *		The text form of a log, base64 of the value, and its binary form, which
 *		is the value itself.
 *
 * The input functions are where a state may come from outside (a dump, a
 * client, an attacker), so they check everything that readers rely on: after
 * it, lengths and counts agree, kinds and modes are known, and every row
 * holds what a transition function could have written. Bytes are in this
 * machine's order.
 */
#include "postgres.h"

#include "libpq/pqformat.h"
#include "port/pg_bitutils.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "base/form.h"
#include "eventlog/packed.h"

/* The varlena header, which is not part of either form. */
#define LENGTH_WORD sizeof(int32)

pg_noreturn static void
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
	const EventKind *kind = &log->kind;

	if (size < EVENT_LOG_HEADER)
		invalid("It is too short.");
	if (log->magic != magic)
		invalid("It is a value of another type.");
	if (kind->version != EVENT_LOG_VERSION &&
		kind->version != EVENT_LOG_PACKED)
		invalid("It is of another version.");
	if (kind->time_kind > EVENT_TIME_TIMESTAMPTZ ||
		kind->user_kind > EVENT_USER_CHAINS ||
		kind->n_conditions < 1 || kind->n_conditions > AFFINITY_MAX_STEPS ||
		(kind->mode & ~(uint32) EVENT_MODE_ALL) != 0 ||
		kind->window < EVENT_NO_WINDOW ||
		log->unused != 0)
		invalid("Its header is damaged.");
	if (log->used != size - EVENT_LOG_HEADER || log->options_len > log->used)
		invalid("Its length is wrong.");
	if (magic == SEQUENCE_MAGIC ? kind->mode != 0 ||
		kind->window != 0 || kind->user_kind != EVENT_USER_ONE :
		!affinity_eventlog_options_valid(log))
		invalid("Its header is damaged.");
	/* exclude_last leaves no step of one condition */
	if ((kind->mode & EVENT_MODE_EXCLUDE_LAST) != 0 && kind->n_conditions < 2)
		invalid("Its header is damaged.");
	if (pg_popcount32(kind->mode & EVENT_MODE_HOLD) > 1 ||
		((kind->mode & AFFINITY_CHAIN_ANY_ORDER) != 0 &&
		 log->options_len > 0 && affinity_eventlog_optional(log) != 0))
		invalid("Its header is damaged.");
}

/* What is wrong with rows that are not packed. */
static const char *
rows_fault(const EventLog *log)
{
	const EventKind *kind = &log->kind;
	Size		key_size = event_key_size(kind);
	Size		steps_size = event_steps_size(kind);
	const char *row = EVENT_LOG_ROWS(log);

	if (log->used - log->options_len !=
		(uint64) log->n_rows * event_row_size(kind))
		return "Its length is wrong.";
	for (uint32 i = 0; i < log->n_rows; i++)
	{
		int64		at;
		uint64		steps;

		memcpy(&at, row + key_size, sizeof(at));
		steps = event_read_steps(row + key_size + sizeof(at), steps_size);
		if (kind->n_conditions < 64 && steps >> kind->n_conditions != 0)
			return "A row has a condition that does not exist.";
		if (kind->time_kind != EVENT_TIME_INTEGER && !IS_VALID_TIMESTAMP(at))
			return "A row has an impossible time.";
		row += key_size + sizeof(at) + steps_size;
		affinity_base_look_up(i);
	}
	return NULL;
}

/* Check a log of so many bytes, whose varlena header is not set yet. */
static EventLog *
checked(EventLog *log, Size size, uint32 magic)
{
	const char *fault;

	check_header(log, size, magic);
	SET_VARSIZE(log, size);
	if (log->kind.version == EVENT_LOG_PACKED)
		fault = affinity_eventlog_packed_fault(log);
	else if (log->kind.user_kind == EVENT_USER_CHAINS)
		fault = affinity_eventlog_chains_fault(log);
	else
		fault = rows_fault(log);
	if (fault != NULL)
		invalid(fault);
	return log;
}

EventLog *
affinity_eventlog_in(const char *text, uint32 magic)
{
	Size		len = strlen(text);
	Size		size;
	EventLog   *log = palloc0(Max(EVENT_LOG_HEADER,
								  LENGTH_WORD + AFFINITY_DECODED_SIZE(len)));

	if (!affinity_base_decode(text, len, (char *) log + LENGTH_WORD, &size))
		invalid("It is not base64.");
	return checked(log, LENGTH_WORD + size, magic);
}

/* The room at the end, if there is any, is left out. */
char *
affinity_eventlog_out(Datum value, uint32 magic)
{
	EventLog   *log = affinity_eventlog_arg(value, magic);
	Size		size = EVENT_LOG_HEADER + log->used - LENGTH_WORD;
	Size		text_size = affinity_base_encoded_size(size);

	if (text_size > MaxAllocSize)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("the text form of this state needs %zu bytes, but a "
						"value holds at most %zu",
						text_size, (Size) MaxAllocSize),
				 errhint("Use its binary form (COPY ... WITH (FORMAT binary)).")));
	return affinity_base_encode((const char *) log + LENGTH_WORD, size);
}

EventLog *
affinity_eventlog_recv(StringInfo from, uint32 magic)
{
	Size		size = (Size) (from->len - from->cursor);
	EventLog   *log = palloc(Max(EVENT_LOG_HEADER, LENGTH_WORD + size));

	pq_copymsgbytes(from, (char *) log + LENGTH_WORD, (int) size);
	return checked(log, LENGTH_WORD + size, magic);
}

bytea *
affinity_eventlog_send(Datum value, uint32 magic)
{
	EventLog   *log = affinity_eventlog_arg(value, magic);
	StringInfoData buf;

	pq_begintypsend(&buf);
	pq_sendbytes(&buf, (char *) log + LENGTH_WORD,
				 (int) (EVENT_LOG_HEADER + log->used - LENGTH_WORD));
	return pq_endtypsend(&buf);
}
