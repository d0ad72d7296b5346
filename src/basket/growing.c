/*
 * growing.c
 *		A basket under an aggregate: rows as they came, and room behind them.
 *
 * It is a plain value, not an expanded object: there is one for each user, of a
 * few rows, and a memory context of its own would be larger than they are. It
 * is changed where it lies; where the room is used up, it is copied to twice as
 * much. As long as all rows are items alone nothing but these is kept; with the
 * first weight or time every row gets a byte that says which of them follow.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/uuid.h"

#include "basket/basket.h"

typedef struct Growing
{
	int32		vl_len_;		/* with the room at the end */
	uint8		magic;			/* BASKET_GROWING */
	uint8		version;
	uint8		kind;			/* of ids */
	uint8		full;			/* rows have a byte of ROW_... */
	uint32		n;				/* rows */
	uint32		used;			/* bytes of them */
	uint8		data[FLEXIBLE_ARRAY_MEMBER];
} Growing;

#define GROWING_HEADER offsetof(Growing, data)
#define SIZE_AT_FIRST 64

/* What follows an item. */
#define ROW_WEIGHT	1			/* 8 bytes; NaN: NULL */
#define ROW_WHOLE	2			/* the same as a zigzag varint */
#define ROW_TIME	4			/* 8 bytes */
#define ROW_ALL		7

typedef struct GrowingReader
{
	const Growing *growing;
	const uint8 *next;
	const uint8 *end;
	uint32		left;
} GrowingReader;

/* ---- rows that are there ----------------------------------------------- */

static void
read_growing(GrowingReader *reader, const Growing *growing)
{
	reader->growing = growing;
	reader->next = growing->data;
	reader->end = growing->data + growing->used;
	reader->left = growing->n;
}

static const uint8 *
take(GrowingReader *reader, uint64 n)
{
	const uint8 *at = reader->next;

	if (n > (uint64) (reader->end - at))
		affinity_basket_damaged();
	reader->next += n;
	return at;
}

static void
read_rest(GrowingReader *reader, AffinityBasketRow *row)
{
	uint8		what = *take(reader, 1);

	if (what & ROW_WHOLE)
		row->weight = (double) affinity_basket_unzigzag(affinity_basket_varint(&reader->next,
																			   reader->end));
	else if (what & ROW_WEIGHT)
		memcpy(&row->weight, take(reader, sizeof(double)), sizeof(double));
	if (what & ROW_TIME)
		memcpy(&row->at, take(reader, sizeof(int64)), sizeof(int64));
}

static bool
next_row(GrowingReader *reader, AffinityBasketRow *row)
{
	if (reader->left == 0)
		return false;
	reader->left--;
	if (reader->growing->kind == AFFINITY_ID_INT)
		row->number = affinity_basket_unzigzag(affinity_basket_varint(&reader->next,
																	  reader->end));
	else
	{
		uint64		len = reader->growing->kind == AFFINITY_ID_UUID ? UUID_LEN :
			affinity_basket_varint(&reader->next, reader->end);

		row->bytes = (const char *) take(reader, len);
		row->len = (uint32) len;
	}
	row->weight = 1;
	row->at = BASKET_NO_TIME;
	if (reader->growing->full)
		read_rest(reader, row);
	return true;
}

/* ---- more rows --------------------------------------------------------- */

/*
 * A growing basket where this value is one, else NULL.
 */
static Growing *
growing_of(struct varlena *value)
{
	Growing    *growing = (Growing *) value;

	if (VARATT_IS_1B(value) || VARSIZE(value) < VARHDRSZ + 4 ||
		growing->magic != BASKET_GROWING)
		return NULL;
	if (VARSIZE(value) < GROWING_HEADER ||
		growing->used > VARSIZE(value) - GROWING_HEADER)
		affinity_basket_damaged();
	return growing;
}

/*
 * A value that is toasted in no way but by a short header, and in none where it
 * is growing: a small one gets a short header on its way from a worker.
 */
static struct varlena *
plain_value(Datum value)
{
	struct varlena *basket = PG_DETOAST_DATUM_PACKED(value);

	if (VARATT_IS_1B(basket) && VARSIZE_ANY_EXHDR(basket) > 0 &&
		*(uint8 *) VARDATA_ANY(basket) == BASKET_GROWING)
		return PG_DETOAST_DATUM(PointerGetDatum(basket));
	return basket;
}

static Growing *
create(uint8 kind, Size size)
{
	Growing    *growing = palloc(size);

	SET_VARSIZE(growing, size);
	growing->magic = BASKET_GROWING;
	growing->version = BASKET_VERSION;
	growing->kind = kind;
	growing->full = 0;
	growing->n = 0;
	growing->used = 0;
	return growing;
}

/*
 * A basket without rows yet.
 */
struct varlena *
affinity_basket_create(AffinityIdKind kind)
{
	return (struct varlena *) create((uint8) kind, SIZE_AT_FIRST);
}

/*
 * Room for so many more bytes.
 */
static Growing *
reserve(Growing *growing, Size bytes)
{
	Size		needed = GROWING_HEADER + growing->used + bytes;
	Size		size = VARSIZE(growing);
	Growing    *larger;

	if (needed <= size)
		return growing;
	if (needed > MaxAllocSize)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a basket of more than %zu bytes",
						(Size) MaxAllocSize),
				 errhint("Make a basket of each user, or of each shard and user: GROUP BY user_id.")));
	while (size < needed)
		size *= 2;
	size = Min(size, MaxAllocSize);
	larger = palloc(size);
	memcpy(larger, growing, GROWING_HEADER + growing->used);
	SET_VARSIZE(larger, size);
	return larger;
}

static Growing *
put_row(Growing *growing, const AffinityBasketRow *row)
{
	uint8	   *to;

	growing = reserve(growing, BASKET_VARINT +
					  (growing->full ? 1 + BASKET_VARINT + sizeof(int64) : 0) +
					  (growing->kind == AFFINITY_ID_INT ? 0 : row->len));
	to = growing->data + growing->used;
	if (growing->kind == AFFINITY_ID_INT)
		to = affinity_basket_put_varint(to, affinity_basket_zigzag(row->number));
	else
	{
		if (growing->kind == AFFINITY_ID_TEXT)
			to = affinity_basket_put_varint(to, row->len);
		memcpy(to, row->bytes, row->len);
		to += row->len;
	}
	if (growing->full)
	{
		uint8	   *what = to++;

		*what = 0;
		if (fabs(row->weight) < BASKET_WHOLE_MAX &&
			row->weight == rint(row->weight) && row->weight != 0)
		{
			if (row->weight != 1)
			{
				*what |= ROW_WHOLE;
				to = affinity_basket_put_varint(to, affinity_basket_zigzag((int64) row->weight));
			}
		}
		else
		{
			*what |= ROW_WEIGHT;
			memcpy(to, &row->weight, sizeof(double));
			to += sizeof(double);
		}
		if (row->at != BASKET_NO_TIME)
		{
			*what |= ROW_TIME;
			memcpy(to, &row->at, sizeof(int64));
			to += sizeof(int64);
		}
	}
	growing->used = (uint32) (to - growing->data);
	growing->n++;
	return growing;
}

/*
 * The same rows, each with a byte that says what else it has.
 */
static Growing *
make_full(const Growing *growing)
{
	Growing    *full = create(growing->kind, VARSIZE(growing));
	GrowingReader reader;
	AffinityBasketRow row;

	full->full = 1;
	read_growing(&reader, growing);
	while (next_row(&reader, &row))
	{
		affinity_base_look_up(reader.left);
		full = put_row(full, &row);
	}
	return full;
}

/*
 * Add a row; gives the basket, or a larger one in its place.
 */
struct varlena *
affinity_basket_add(struct varlena *basket, const AffinityBasketRow *row)
{
	Growing    *growing = (Growing *) basket;

	if (!growing->full && (row->weight != 1 || row->at != BASKET_NO_TIME))
		growing = make_full(growing);
	return (struct varlena *) put_row(growing, row);
}

/*
 * Add the rows of another basket.
 */
struct varlena *
affinity_basket_absorb(struct varlena *basket, Datum other)
{
	struct varlena *value = plain_value(other);
	const Growing *growing = growing_of(value);
	uint8		kind = ((Growing *) basket)->kind;
	AffinityBasketRow row = {0};

	if (growing)
	{
		GrowingReader reader;

		if (growing->kind != kind)
			affinity_basket_damaged();
		read_growing(&reader, growing);
		while (next_row(&reader, &row))
		{
			affinity_base_look_up(reader.left);
			basket = affinity_basket_add(basket, &row);
		}
	}
	else
	{
		AffinityBasketReader reader;

		affinity_basket_read(&reader, value);
		if (reader.kind != kind)
			affinity_basket_damaged();
		while (affinity_basket_next(&reader, &row))
		{
			affinity_base_look_up(reader.left);
			basket = affinity_basket_add(basket, &row);
		}
		affinity_basket_read_end(&reader);
	}
	if ((Pointer) value != DatumGetPointer(other))
		pfree(value);
	return basket;
}

/*
 * A transition value, to be changed: it, or what it holds as one that grows.
 */
struct varlena *
affinity_basket_grow(Datum value)
{
	struct varlena *basket = PG_DETOAST_DATUM(value);
	AffinityBasketReader reader;

	if (growing_of(basket))
		return basket;
	affinity_basket_read(&reader, basket);
	return affinity_basket_absorb(affinity_basket_create(reader.kind),
								  PointerGetDatum(basket));
}

/* ---- at rest ----------------------------------------------------------- */

static struct varlena *
pack(const Growing *growing)
{
	BasketRows	rows = {.kind = (AffinityIdKind) growing->kind};
	struct varlena *basket;
	GrowingReader reader;
	AffinityBasketRow row = {0};

	rows.plain = !growing->full && growing->kind == AFFINITY_ID_INT;
	if (rows.plain)
		rows.number = affinity_base_array(growing->n, sizeof(int64));
	else
		rows.row = affinity_base_array(growing->n, sizeof(AffinityBasketRow));
	read_growing(&reader, growing);
	while (next_row(&reader, &row))
	{
		affinity_base_look_up(reader.left);
		if (rows.plain)
			rows.number[rows.n++] = row.number;
		else
			rows.row[rows.n++] = row;
	}
	basket = affinity_basket_pack(&rows);
	pfree(rows.plain ? (void *) rows.number : (void *) rows.row);
	return basket;
}

/*
 * A basket at rest, whatever it was; a short header may stay.
 */
struct varlena *
affinity_basket_at_rest(Datum value)
{
	struct varlena *basket = plain_value(value);
	const Growing *growing = growing_of(basket);

	return growing ? pack(growing) : basket;
}

/*
 * An argument as a basket at rest, with a header of four bytes.
 */
struct varlena *
affinity_basket_arg(FunctionCallInfo fcinfo, int arg)
{
	struct varlena *basket = PG_DETOAST_DATUM(PG_GETARG_DATUM(arg));
	const Growing *growing = growing_of(basket);

	return growing ? pack(growing) : basket;
}
