/*
 * basket.h
 *		Packed baskets: the rows of a user, each an item with a weight and a
 *		time, in a few bytes.
 *
 * A basket at rest is bytes without any alignment, so that a short one costs
 * one byte of header in a table, and is read where it lies:
 *
 *		magic, version, kind of ids, flags		one byte each
 *		number of rows							varint
 *		earliest time, in units					zigzag varint; with times only
 *		rows in order of item, time and weight
 *
 * A row is its item, its weight unless all are 1, and its time if any row has
 * one. Items are written as what they have beyond the row before: an integer
 * as the difference, a uuid or text as the number of bytes that both begin
 * with and the others. A weight is a varint (0: NULL, else 1 more than its
 * zigzag) where all are whole numbers, else 4 or 8 bytes; a time is a varint (0:
 * NULL, else 1 more than its units after the earliest one). All of this follows
 * from the rows: equal contents are equal bytes.
 *
 * Under an aggregate a basket is growing: see growing.c.
 */
#ifndef AFFINITY_BASKET_H
#define AFFINITY_BASKET_H

#include "postgres.h"

#include <float.h>
#include <math.h>

#include "fmgr.h"

#include "base/base.h"

#define BASKET_MAGIC	0xBA
#define BASKET_GROWING	0xBB
#define BASKET_VERSION	1
#define BASKET_HEADER	4		/* bytes, and the number of rows behind them */

/* The time of a row that has none. */
#define BASKET_NO_TIME	PG_INT64_MIN

/* Flags: how weights are written, and above that the unit of times. */
typedef enum BasketWeights
{
	BASKET_WEIGHTS_ONE = 0,		/* not at all: all are 1 */
	BASKET_WEIGHTS_WHOLE = 1,
	BASKET_WEIGHTS_FLOAT4 = 2,
	BASKET_WEIGHTS_FLOAT8 = 3
} BasketWeights;

#define BASKET_WEIGHTS(flags) ((BasketWeights) ((flags) & 3))
#define BASKET_UNIT(flags) ((flags) >> 2)	/* 0: no times */
#define BASKET_FLAGS(weights, unit) ((uint8) ((weights) | (unit) << 2))

/* Units of times, from 1: microsecond to day. */
#define BASKET_UNITS 6

/* Whole weights are at most so far from 0. */
#define BASKET_WHOLE_MAX 9007199254740992.0

/* A weight of NULL among reals. */
#define BASKET_NAN4 UINT64CONST(0x7FC00000)
#define BASKET_NAN8 UINT64CONST(0x7FF8000000000000)

/* A varint has at most so many bytes. */
#define BASKET_VARINT 10

typedef struct AffinityBasketRow
{
	int64		number;			/* an integer */
	const char *bytes;			/* a uuid or text; until the next row */
	uint32		len;
	double		weight;			/* NaN: NULL */
	int64		at;				/* microseconds since 2000, or BASKET_NO_TIME */
} AffinityBasketRow;

typedef struct AffinityBasketReader
{
	const uint8 *next;
	const uint8 *end;
	AffinityIdKind kind;
	BasketWeights weights;
	int64		unit;			/* microseconds; 0: no times */
	int64		first;			/* earliest time, microseconds */
	uint64		left;			/* rows */
	uint64		n;				/* rows, in all */
	int64		number;			/* the last one read */
	char	   *bytes;			/* the same: a buffer */
	uint32		len;
	uint32		room;
	bool		again;			/* it is the item of the row before */
} AffinityBasketReader;

/* pack.c */
typedef struct BasketRows
{
	AffinityIdKind kind;
	bool		plain;			/* integers with the weight 1 and no time: */
	int64	   *number;
	AffinityBasketRow *row;		/* else */
	uint64		n;
} BasketRows;

extern const int64 affinity_basket_unit[BASKET_UNITS + 1];
extern struct varlena *affinity_basket_pack(BasketRows *rows);
extern int	affinity_basket_compare_weights(double a, double b);
extern BasketWeights affinity_basket_weights_add(BasketWeights so_far,
												 double weight);
extern int	affinity_basket_unit_add(int unit, int64 at);

/* read.c */
pg_noreturn extern void affinity_basket_damaged(void);
extern void affinity_basket_read(AffinityBasketReader *reader,
								 const struct varlena *basket);
extern void affinity_basket_read_end(AffinityBasketReader *reader);
extern void affinity_basket_read_bytes(AffinityBasketReader *reader);
extern uint64 affinity_basket_long_varint(const uint8 **next,
										  const uint8 *end);
extern double affinity_basket_read_weight(AffinityBasketReader *reader);
extern int64 affinity_basket_read_time(AffinityBasketReader *reader);

/* check.c */
extern const char *affinity_basket_check(const struct varlena *basket,
										 AffinityIdKind kind);

/* growing.c */
extern struct varlena *affinity_basket_create(AffinityIdKind kind);
extern struct varlena *affinity_basket_add(struct varlena *basket,
										   const AffinityBasketRow *row);
extern struct varlena *affinity_basket_absorb(struct varlena *basket,
											  Datum other);
extern struct varlena *affinity_basket_grow(Datum value);
extern struct varlena *affinity_basket_at_rest(Datum value);
extern struct varlena *affinity_basket_arg(FunctionCallInfo fcinfo, int arg);

/* items.c */
extern Datum affinity_basket_item(AffinityIdKind kind,
								  const AffinityBasketRow *row);

/* type.c */
extern bool affinity_basket_type(Oid type, Oid *item_type);
extern Oid	affinity_basket_id_type(AffinityIdKind kind);

/* Is a finite weight, or NULL, the same as a real? */
static inline bool
affinity_basket_is_real(double weight)
{
	return isnan(weight) ||
		(fabs(weight) <= FLT_MAX && (double) (float) weight == weight);
}

/* ---- varints ----------------------------------------------------------- */

static inline uint64
affinity_basket_zigzag(int64 value)
{
	return (uint64) value << 1 ^ (uint64) (value >> 63);
}

static inline int64
affinity_basket_unzigzag(uint64 code)
{
	return (int64) (code >> 1 ^ -(code & 1));
}

static inline uint8 *
affinity_basket_put_varint(uint8 *to, uint64 value)
{
	while (value >= 0x80)
	{
		*to++ = (uint8) (value | 0x80);
		value >>= 7;
	}
	*to++ = (uint8) value;
	return to;
}

static inline uint64
affinity_basket_varint(const uint8 **next, const uint8 *end)
{
	const uint8 *at = *next;

	if (likely(end - at >= 2))
	{
		if (at[0] < 0x80)
		{
			*next = at + 1;
			return at[0];
		}
		if (at[1] < 0x80)
		{
			*next = at + 2;
			return (uint64) (at[0] & 0x7F) | (uint64) at[1] << 7;
		}
	}
	return affinity_basket_long_varint(next, end);
}

/*
 * The next row; false at the end. Whatever the bytes are, nothing beyond them is
 * read.
 */
static inline bool
affinity_basket_next(AffinityBasketReader *reader, AffinityBasketRow *row)
{
	if (reader->left == 0)
		return false;
	reader->left--;
	if (reader->kind == AFFINITY_ID_INT)
	{
		uint64		more = affinity_basket_varint(&reader->next, reader->end);

		reader->again = more == 0 && reader->left + 1 < reader->n;
		reader->number = (int64) ((uint64) reader->number + more);
		row->number = reader->number;
	}
	else
	{
		affinity_basket_read_bytes(reader);
		row->bytes = reader->bytes;
		row->len = reader->len;
	}
	row->weight = reader->weights == BASKET_WEIGHTS_ONE ? 1 :
		affinity_basket_read_weight(reader);
	row->at = reader->unit == 0 ? BASKET_NO_TIME :
		affinity_basket_read_time(reader);
	return true;
}

#endif							/* AFFINITY_BASKET_H */
