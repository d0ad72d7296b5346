/*
 * form.c
 *		The text form of states: base64 of their bytes, by the server's own
 *		functions, in pieces between which interrupts are looked at.
 */
#include "postgres.h"

#include "common/base64.h"
#include "miscadmin.h"
#include "libpq/pqformat.h"
#include "utils/memutils.h"

#include "base/form.h"

/* Characters of a piece; a multiple of 4. */
#define PIECE ((Size) 1 << 20)

/*
 * The bytes of a text of so many characters: at most
 * AFFINITY_DECODED_SIZE(len) go to `to`, and *size becomes how many. False: it
 * is not base64.
 */
bool
affinity_base_decode(const char *text, Size len, char *to, Size *size)
{
	Size		padding = 0;

	*size = 0;
	while (padding < Min(len, 2) && text[len - 1 - padding] == '=')
		padding++;
	if (len % 4 != 0)
		return false;
	for (Size at = 0; at < len; at += PIECE)
	{
		int			n = (int) Min(len - at, PIECE);
		int			room = n / 4 * 3;

		CHECK_FOR_INTERRUPTS();
		if (at + n == len)
			room -= (int) padding;
		/* anything but one piece of base64 gives fewer bytes, or an error */
		if (pg_b64_decode(text + at, n, (void *) (to + *size), room) != room)
			return false;
		*size += (Size) room;
	}
	return true;
}

/* Characters of the text form, with the zero that ends it. */
Size
affinity_base_encoded_size(Size size)
{
	return (size + 2) / 3 * 4 + 1;
}

/* The text form of so many bytes, which must fit a value. */
char *
affinity_base_encode(const char *from, Size size)
{
	Size		room = affinity_base_encoded_size(size) - 1;
	Size		used = 0;
	char	   *text = palloc(room + 1);

	for (Size at = 0; at < size; at += PIECE / 4 * 3)
	{
		CHECK_FOR_INTERRUPTS();
		used += (Size) pg_b64_encode((const void *) (from + at),
									 (int) Min(size - at, PIECE / 4 * 3),
									 (void *) (text + used),
									 (int) Min(room - used, PIECE));
	}
	text[used] = '\0';
	return text;
}

/* A state, whose bytes are a varlena, as text. */
char *
affinity_base_state_out(const void *state)
{
	Size		len = VARSIZE(state) - VARHDRSZ;

	if (affinity_base_encoded_size(len) > MaxAllocSize)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("state of %zu bytes is too large for text", len),
				 errhint("Use its binary form (COPY ... WITH (FORMAT binary)).")));
	return affinity_base_encode(VARDATA(state), len);
}

/*
 * The bytes of a state that argument 0, a message, holds, with room for a
 * header of at least so many. The room that checks them sets their length,
 * which size is.
 */
void *
affinity_base_state_recv(FunctionCallInfo fcinfo, Size least, Size *size)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	Size		len = buf->len - buf->cursor;
	char	   *state = palloc(Max(VARHDRSZ + len, least));

	pq_copymsgbytes(buf, state + VARHDRSZ, (int) len);
	*size = VARHDRSZ + len;
	return state;
}

bytea *
affinity_base_state_send(const void *state)
{
	StringInfoData buf;

	pq_begintypsend(&buf);
	pq_sendbytes(&buf, VARDATA(state), (int) (VARSIZE(state) - VARHDRSZ));
	return pq_endtypsend(&buf);
}

/*
 * What in and recv say of bytes that are no state.
 */
void
affinity_base_state_invalid(const char *state, const char *makers,
							const char *problem)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
			 errmsg("invalid %s: %s", state, problem),
			 errhint("States are made by %s, and stored and copied unchanged.",
					 makers)));
}
