/*
 * read.c
 *		From the bytes of a basket at rest to its rows.
 *
 * What a table holds was checked when it came in (check.c). It is read with care
 * all the same: a length that is wrong is an error, and nothing beyond the bytes
 * is read.
 */
#include "postgres.h"

#include "common/int.h"
#include "utils/memutils.h"
#include "utils/uuid.h"

#include "basket/basket.h"

void
affinity_basket_damaged(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
			 errmsg("invalid basket")));
}

/*
 * Of any length, at the end of the bytes too.
 */
uint64
affinity_basket_long_varint(const uint8 **next, const uint8 *end)
{
	uint64		value = 0;

	for (int shift = 0; shift < 64; shift += 7)
	{
		uint8		byte;

		if (*next >= end)
			break;
		byte = *(*next)++;
		value |= (uint64) (byte & 0x7F) << shift;
		if (byte < 0x80)
			return value;
	}
	affinity_basket_damaged();
}

/*
 * Begin to read a basket at rest, which stays where it is, toasted in no way but
 * by a short header.
 */
void
affinity_basket_read(AffinityBasketReader *reader, const struct varlena *basket)
{
	const uint8 *bytes = (const uint8 *) VARDATA_ANY(basket);
	Size		size = VARSIZE_ANY_EXHDR(basket);
	uint8		unit;

	memset(reader, 0, sizeof(AffinityBasketReader));
	if (size <= BASKET_HEADER || bytes[0] != BASKET_MAGIC ||
		bytes[1] != BASKET_VERSION || bytes[2] < AFFINITY_ID_INT ||
		bytes[2] > AFFINITY_ID_TEXT)
		affinity_basket_damaged();
	reader->next = bytes + BASKET_HEADER;
	reader->end = bytes + size;
	reader->kind = (AffinityIdKind) bytes[2];
	reader->weights = BASKET_WEIGHTS(bytes[3]);
	unit = BASKET_UNIT(bytes[3]);
	if (unit > BASKET_UNITS)
		affinity_basket_damaged();
	reader->unit = affinity_basket_unit[unit];
	reader->n = affinity_basket_varint(&reader->next, reader->end);
	if (unit > 0 &&
		pg_mul_s64_overflow(affinity_basket_unzigzag(affinity_basket_varint(&reader->next,
																			reader->end)),
							reader->unit, &reader->first))
		affinity_basket_damaged();
	/* a row has a byte at least */
	if (reader->n > (uint64) (reader->end - reader->next))
		affinity_basket_damaged();
	reader->left = reader->n;
}

/*
 * Free what reading took.
 */
void
affinity_basket_read_end(AffinityBasketReader *reader)
{
	if (reader->bytes)
		pfree(reader->bytes);
	reader->bytes = NULL;
}

static const uint8 *
take(AffinityBasketReader *reader, uint64 n)
{
	const uint8 *at = reader->next;

	if (n > (uint64) (reader->end - at))
		affinity_basket_damaged();
	reader->next += n;
	return at;
}

/*
 * The next item, put together in the reader's buffer.
 */
void
affinity_basket_read_bytes(AffinityBasketReader *reader)
{
	uint64		same = affinity_basket_varint(&reader->next, reader->end);
	uint64		more;
	const uint8 *from;

	if (same > reader->len ||
		(reader->kind == AFFINITY_ID_UUID && same > UUID_LEN))
		affinity_basket_damaged();
	more = reader->kind == AFFINITY_ID_UUID ? UUID_LEN - same :
		affinity_basket_varint(&reader->next, reader->end);
	from = take(reader, more);
	if (same + more > reader->room || reader->bytes == NULL)
	{
		uint64		room = Max(2 * (uint64) reader->room, same + more);

		if (room > MaxAllocSize)
			affinity_basket_damaged();
		room = Max(room, UUID_LEN);
		reader->bytes = reader->bytes ? repalloc(reader->bytes, room) :
			palloc(room);
		reader->room = (uint32) room;
	}
	reader->again = more == 0 && same == reader->len &&
		reader->left + 1 < reader->n;
	memcpy(reader->bytes + same, from, more);
	reader->len = (uint32) (same + more);
}

static uint64
little_endian(const uint8 *from, int n)
{
	uint64		value = 0;

	for (int i = n - 1; i >= 0; i--)
		value = value << 8 | from[i];
	return value;
}

double
affinity_basket_read_weight(AffinityBasketReader *reader)
{
	if (reader->weights == BASKET_WEIGHTS_WHOLE)
	{
		uint64		code = affinity_basket_varint(&reader->next, reader->end);

		return code == 0 ? NAN : (double) affinity_basket_unzigzag(code - 1);
	}
	if (reader->weights == BASKET_WEIGHTS_FLOAT4)
	{
		uint32		bits = (uint32) little_endian(take(reader, 4), 4);
		float		weight;

		memcpy(&weight, &bits, sizeof(weight));
		return weight;
	}
	else
	{
		uint64		bits = little_endian(take(reader, 8), 8);
		double		weight;

		memcpy(&weight, &bits, sizeof(weight));
		return weight;
	}
}

int64
affinity_basket_read_time(AffinityBasketReader *reader)
{
	uint64		code = affinity_basket_varint(&reader->next, reader->end);
	uint64		after;

	if (code == 0)
		return BASKET_NO_TIME;
	if (code - 1 > PG_UINT64_MAX / (uint64) reader->unit)
		affinity_basket_damaged();
	after = (code - 1) * (uint64) reader->unit;
	/* the difference of two times may not fit a signed number */
	if (after > (uint64) PG_INT64_MAX - (uint64) reader->first)
		affinity_basket_damaged();
	return (int64) ((uint64) reader->first + after);
}
