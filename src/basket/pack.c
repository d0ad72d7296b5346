/*
 * pack.c
 *		From rows in any order to the bytes of a basket at rest.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "basket/basket.h"

const int64 affinity_basket_unit[BASKET_UNITS + 1] = {
	0, 1, INT64CONST(1000), USECS_PER_SEC, USECS_PER_MINUTE, USECS_PER_HOUR,
	USECS_PER_DAY
};

/* Bytes being written, a varlena; there is always room for one more row. */
typedef struct Writer
{
	struct varlena *basket;
	uint8	   *to;
	uint8	   *end;
} Writer;

/* ---- order ------------------------------------------------------------- */

#define ST_SORT sort_numbers
#define ST_ELEMENT_TYPE int64
#define ST_COMPARE(a, b) (*(a) < *(b) ? -1 : *(a) > *(b))
#define ST_CHECK_FOR_INTERRUPTS
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

/*
 * NULL comes first.
 */
int
affinity_basket_compare_weights(double a, double b)
{
	if (isnan(a) || isnan(b))
		return (int) isnan(b) - (int) isnan(a);
	if (a != b)
		return a < b ? -1 : 1;
	/* two zeros are two weights */
	return (int) (signbit(b) != 0) - (int) (signbit(a) != 0);
}

static int
compare_rows(const AffinityBasketRow *a, const AffinityBasketRow *b,
			 const AffinityIdKind *kind)
{
	int			c;

	if (*kind == AFFINITY_ID_INT)
		c = a->number < b->number ? -1 : a->number > b->number;
	else
		c = affinity_base_bytes_compare(a->bytes, a->len, b->bytes, b->len);
	if (c == 0 && a->at != b->at)
		c = a->at < b->at ? -1 : 1;
	return c != 0 ? c : affinity_basket_compare_weights(a->weight,
														b->weight);
}

#define ST_SORT sort_rows
#define ST_ELEMENT_TYPE AffinityBasketRow
#define ST_COMPARE(a, b, kind) compare_rows(a, b, kind)
#define ST_COMPARE_ARG_TYPE const AffinityIdKind
#define ST_CHECK_FOR_INTERRUPTS
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

/* ---- writing ----------------------------------------------------------- */

/*
 * Room for a row whose item has so many bytes.
 */
static void
reserve(Writer *w, Size bytes)
{
	Size		used = (Size) (w->to - (uint8 *) w->basket);
	Size		needed = used + bytes + 4 * BASKET_VARINT;
	Size		room;

	if (needed <= (Size) (w->end - (uint8 *) w->basket))
		return;
	if (needed > MaxAllocSize)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a basket of more than %zu bytes",
						(Size) MaxAllocSize),
				 errhint("Make a basket of each user, or of each shard and user: GROUP BY user_id.")));
	room = Min(Max(needed, 2 * used), MaxAllocSize);
	w->basket = repalloc(w->basket, room);
	w->to = (uint8 *) w->basket + used;
	w->end = (uint8 *) w->basket + room;
}

static void
begin(Writer *w, AffinityIdKind kind, uint8 flags, uint64 n, Size per_row)
{
	Size		room = Min(VARHDRSZ + BASKET_HEADER + 6 * BASKET_VARINT +
						   n * per_row, MaxAllocSize);

	w->basket = palloc(room);
	w->to = (uint8 *) VARDATA(w->basket);
	w->end = (uint8 *) w->basket + room;
	*w->to++ = BASKET_MAGIC;
	*w->to++ = BASKET_VERSION;
	*w->to++ = (uint8) kind;
	*w->to++ = flags;
	w->to = affinity_basket_put_varint(w->to, n);
}

static struct varlena *
end(Writer *w)
{
	SET_VARSIZE(w->basket, w->to - (uint8 *) w->basket);
	return w->basket;
}

static uint8 *
put_little_endian(uint8 *to, uint64 value, int n)
{
	for (int i = 0; i < n; i++, value >>= 8)
		*to++ = (uint8) value;
	return to;
}

static void
put_weight(Writer *w, BasketWeights weights, double weight)
{
	if (weights == BASKET_WEIGHTS_WHOLE)
		w->to = affinity_basket_put_varint(w->to, isnan(weight) ? 0 :
										   1 + affinity_basket_zigzag((int64) weight));
	else if (weights == BASKET_WEIGHTS_FLOAT4)
	{
		float		real = isnan(weight) ? NAN : (float) weight;
		uint32		bits;

		memcpy(&bits, &real, sizeof(bits));
		w->to = put_little_endian(w->to, isnan(weight) ? BASKET_NAN4 : bits,
								  4);
	}
	else if (weights == BASKET_WEIGHTS_FLOAT8)
	{
		uint64		bits;

		memcpy(&bits, &weight, sizeof(bits));
		w->to = put_little_endian(w->to, isnan(weight) ? BASKET_NAN8 : bits,
								  8);
	}
}

static void
put_bytes(Writer *w, AffinityIdKind kind, const AffinityBasketRow *row,
		  const AffinityBasketRow *before)
{
	uint32		same = 0;
	uint32		most = before ? Min(before->len, row->len) : 0;

	while (same < most && row->bytes[same] == before->bytes[same])
		same++;
	w->to = affinity_basket_put_varint(w->to, same);
	if (kind == AFFINITY_ID_TEXT)
		w->to = affinity_basket_put_varint(w->to, row->len - same);
	memcpy(w->to, row->bytes + same, row->len - same);
	w->to += row->len - same;
}

/* ---- what all rows have in common --------------------------------------- */

/*
 * The way in which all weights so far, and one more, can be written; reals do
 * only if all of them are reals, the whole ones too.
 */
BasketWeights
affinity_basket_weights_add(BasketWeights so_far, double weight)
{
	BasketWeights own = BASKET_WEIGHTS_FLOAT8;

	if (weight == 1)
		own = BASKET_WEIGHTS_ONE;
	else if (isnan(weight) ||
			 (fabs(weight) <= BASKET_WHOLE_MAX && weight == rint(weight) &&
			  !(weight == 0 && signbit(weight))))
		own = BASKET_WEIGHTS_WHOLE;
	else if (affinity_basket_is_real(weight))
		own = BASKET_WEIGHTS_FLOAT4;
	return Max(so_far, own);
}

/*
 * The number of the largest unit, up to one, that a time is a multiple of.
 */
int
affinity_basket_unit_add(int unit, int64 at)
{
	while (at % affinity_basket_unit[unit] != 0)
		unit--;
	return unit;
}

static BasketWeights
find_weights(const BasketRows *rows)
{
	BasketWeights weights = BASKET_WEIGHTS_ONE;
	bool		all_real = true;

	for (uint64 i = 0; i < rows->n; i++)
	{
		double		weight = rows->row[i].weight;

		affinity_base_look_up(i);
		weights = affinity_basket_weights_add(weights, weight);
		all_real &= affinity_basket_is_real(weight);
	}
	return weights == BASKET_WEIGHTS_FLOAT4 && !all_real ?
		BASKET_WEIGHTS_FLOAT8 : weights;
}

/*
 * The unit of the times, 0 where no row has one, and the earliest.
 */
static int
find_unit(const BasketRows *rows, int64 *first)
{
	int			unit = BASKET_UNITS;

	*first = PG_INT64_MAX;
	for (uint64 i = 0; i < rows->n; i++)
	{
		int64		at = rows->row[i].at;

		affinity_base_look_up(i);
		if (at == BASKET_NO_TIME)
			continue;
		unit = affinity_basket_unit_add(unit, at);
		*first = Min(*first, at);
	}
	return *first == PG_INT64_MAX ? 0 : unit;
}

/* ---- the whole --------------------------------------------------------- */

static struct varlena *
pack_numbers(int64 *number, uint64 n)
{
	Writer		w;
	int64		before = 0;

	sort_numbers(number, n);
	begin(&w, AFFINITY_ID_INT, 0, n, 3);
	for (uint64 i = 0; i < n; i++)
	{
		affinity_base_look_up(i);
		reserve(&w, 0);
		w.to = affinity_basket_put_varint(w.to, (uint64) number[i] -
										  (uint64) before);
		before = number[i];
	}
	return end(&w);
}

/*
 * A basket of at least one row. The rows are put in order where they are.
 */
struct varlena *
affinity_basket_pack(BasketRows *rows)
{
	BasketWeights weights;
	int			unit;
	int64		first;
	const AffinityBasketRow *before = NULL;
	Writer		w;

	if (rows->plain)
		return pack_numbers(rows->number, rows->n);
	sort_rows(rows->row, rows->n, &rows->kind);
	weights = find_weights(rows);
	unit = find_unit(rows, &first);
	begin(&w, rows->kind, BASKET_FLAGS(weights, unit), rows->n, 8);
	if (unit > 0)
		w.to = affinity_basket_put_varint(w.to,
										  affinity_basket_zigzag(first /
																 affinity_basket_unit[unit]));
	for (uint64 i = 0; i < rows->n; i++)
	{
		const AffinityBasketRow *row = &rows->row[i];

		affinity_base_look_up(i);
		reserve(&w, rows->kind == AFFINITY_ID_INT ? 0 : row->len);
		if (rows->kind == AFFINITY_ID_INT)
			w.to = affinity_basket_put_varint(w.to, (uint64) row->number -
											  (before ? (uint64) before->number : 0));
		else
			put_bytes(&w, rows->kind, row, before);
		put_weight(&w, weights, row->weight);
		if (unit > 0)
			w.to = affinity_basket_put_varint(w.to, row->at == BASKET_NO_TIME ? 0 :
											  1 + ((uint64) row->at - (uint64) first) /
											  (uint64) affinity_basket_unit[unit]);
		before = row;
	}
	return end(&w);
}
