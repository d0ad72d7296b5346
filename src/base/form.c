/*
 * form.c
 *		The text form of states: base64 of their bytes, by the server's own
 *		functions, in pieces between which interrupts are looked at.
 */
#include "postgres.h"

#include "common/base64.h"
#include "miscadmin.h"
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
