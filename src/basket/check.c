/*
 * check.c
 *		Is what came in as text or in binary a basket?
 *
 * Every byte must be what pack.c would have written: baskets are compared as
 * bytes. The rows are read one by one and never stand side by side, so that a
 * large one takes no memory. Lengths are known to be right where a reader
 * would fail on them: a varint that has no end is found here.
 */
#include "postgres.h"

#include "common/int.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "basket/basket.h"

typedef struct Check
{
	const uint8 *next;
	const uint8 *end;
	AffinityIdKind kind;
	BasketWeights weights;
	int			unit;
	int64		first;
	BasketWeights weights_seen;
	bool		all_real;
	int			unit_seen;
	bool		has_first;		/* some row has the earliest time */

	/* the row before */
	bool		any;
	int64		number;
	StringInfoData bytes;
	double		weight;
	int64		at;
} Check;

/* The shortest form of a number, and no other. */
static bool
take_varint(Check *c, uint64 *value)
{
	*value = 0;
	for (int shift = 0; shift < 64; shift += 7)
	{
		uint8		byte;

		if (c->next >= c->end)
			return false;
		byte = *c->next++;
		if (shift == 63 && byte > 1)
			return false;
		*value |= (uint64) (byte & 0x7F) << shift;
		if (byte < 0x80)
			return shift == 0 || byte != 0;
	}
	return false;
}

/*
 * An item; *order becomes that of it and the one before. A text ends where its
 * encoding says that a character does.
 */
static const char *
check_item(Check *c, int *order)
{
	uint64		same;
	uint64		more;
	int			before = c->bytes.len;

	if (c->kind == AFFINITY_ID_INT)
	{
		uint64		difference;
		int64		number;

		if (!take_varint(c, &difference))
			return "wrong item";
		number = (int64) ((uint64) c->number + difference);
		if (c->any && number < c->number)
			return "items out of order";
		*order = !c->any || number > c->number;
		c->number = number;
		return NULL;
	}
	if (!take_varint(c, &same) || same > (uint64) before)
		return "wrong item";
	if (c->kind == AFFINITY_ID_UUID)
		more = UUID_LEN - same;
	else if (!take_varint(c, &more))
		return "wrong item";
	if (more > (uint64) (c->end - c->next))
		return "wrong length";
	*order = !c->any || more > 0;
	if (c->any && same < (uint64) before &&
		(more == 0 || (uint8) c->bytes.data[same] >= *c->next))
		return "items out of order";
	c->bytes.len = (int) same;
	appendBinaryStringInfo(&c->bytes, (const char *) c->next, (int) more);
	c->next += more;
	if (c->kind == AFFINITY_ID_TEXT && more > 0 &&
		!pg_verifymbstr(c->bytes.data, c->bytes.len, true))
		return "a text that is none in this encoding";
	return NULL;
}

static uint64
take_bits(Check *c, int n)
{
	uint64		bits = 0;

	for (int i = n - 1; i >= 0; i--)
		bits = bits << 8 | c->next[i];
	c->next += n;
	return bits;
}

static const char *
check_weight(Check *c, double *weight)
{
	int			n = c->weights == BASKET_WEIGHTS_FLOAT4 ? 4 : 8;
	uint64		code;

	*weight = 1;
	if (c->weights == BASKET_WEIGHTS_ONE)
		return NULL;
	if (c->weights == BASKET_WEIGHTS_WHOLE)
	{
		if (!take_varint(c, &code))
			return "wrong weight";
		*weight = code == 0 ? NAN :
			(double) affinity_basket_unzigzag(code - 1);
		if (fabs(*weight) > BASKET_WHOLE_MAX)
			return "wrong weight";
	}
	else
	{
		if (c->end - c->next < n)
			return "wrong length";
		code = take_bits(c, n);
		if (n == 4)
		{
			uint32		bits = (uint32) code;
			float		real;

			memcpy(&real, &bits, sizeof(real));
			*weight = real;
		}
		else
			memcpy(weight, &code, sizeof(double));
		if (isinf(*weight) ||
			(isnan(*weight) && code != (n == 4 ? BASKET_NAN4 : BASKET_NAN8)))
			return "wrong weight";
	}
	c->weights_seen = affinity_basket_weights_add(c->weights_seen, *weight);
	c->all_real &= affinity_basket_is_real(*weight);
	return NULL;
}

static const char *
check_time(Check *c, int64 *at)
{
	uint64		unit = (uint64) affinity_basket_unit[c->unit];
	uint64		code;

	*at = BASKET_NO_TIME;
	if (c->unit == 0)
		return NULL;
	if (!take_varint(c, &code))
		return "wrong time";
	if (code == 0)
		return NULL;
	if (code - 1 > ((uint64) PG_INT64_MAX - (uint64) c->first) / unit)
		return "wrong time";
	*at = (int64) ((uint64) c->first + (code - 1) * unit);
	if (!IS_VALID_TIMESTAMP(*at))
		return "wrong time";
	c->has_first |= code == 1;
	c->unit_seen = affinity_basket_unit_add(c->unit_seen, *at);
	return NULL;
}

static const char *
check_row(Check *c)
{
	int			order = 0;
	double		weight;
	int64		at;
	const char *problem = check_item(c, &order);

	if (problem == NULL)
		problem = check_weight(c, &weight);
	if (problem == NULL)
		problem = check_time(c, &at);
	if (problem != NULL)
		return problem;
	if (order == 0)
		order = at < c->at ? -1 : at > c->at;
	if (order == 0)
		order = affinity_basket_compare_weights(weight, c->weight);
	if (order < 0)
		return "rows out of order";
	c->any = true;
	c->weight = weight;
	c->at = at;
	return NULL;
}

static const char *
check_header(Check *c, AffinityIdKind kind, uint64 *n)
{
	uint64		first = 0;

	if (c->end - c->next < BASKET_HEADER + 2)
		return "too short";
	if (c->next[0] != BASKET_MAGIC)
		return "not one";
	if (c->next[1] != BASKET_VERSION)
		return "unknown version";
	if (c->next[2] != kind)
		return "its items are of another type";
	c->kind = kind;
	c->weights = BASKET_WEIGHTS(c->next[3]);
	c->unit = BASKET_UNIT(c->next[3]);
	if (c->unit > BASKET_UNITS)
		return "wrong header";
	c->next += BASKET_HEADER;
	if (!take_varint(c, n) || *n == 0 || (c->unit > 0 && !take_varint(c, &first)))
		return "wrong header";
	if (*n > (uint64) (c->end - c->next))
		return "wrong length";
	if (c->unit > 0 &&
		(pg_mul_s64_overflow(affinity_basket_unzigzag(first),
							 affinity_basket_unit[c->unit], &c->first) ||
		 !IS_VALID_TIMESTAMP(c->first)))
		return "wrong time";
	return NULL;
}

/*
 * What is wrong with a basket that came in, or NULL.
 */
const char *
affinity_basket_check(const struct varlena *basket, AffinityIdKind kind)
{
	Check		c = {.next = (const uint8 *) VARDATA(basket)};
	uint64		n;
	uint64		work = 0;
	const char *problem;

	c.end = c.next + VARSIZE(basket) - VARHDRSZ;
	c.unit_seen = BASKET_UNITS;
	c.all_real = true;
	initStringInfo(&c.bytes);
	problem = check_header(&c, kind, &n);
	for (uint64 i = 0; problem == NULL && i < n; i++)
	{
		affinity_base_look_after(&work, 1 + (uint64) c.bytes.len);
		problem = check_row(&c);
	}
	if (problem == NULL && c.next != c.end)
		problem = "wrong length";
	if (c.weights_seen == BASKET_WEIGHTS_FLOAT4 && !c.all_real)
		c.weights_seen = BASKET_WEIGHTS_FLOAT8;
	if (problem == NULL && c.weights_seen != c.weights)
		problem = "weights could be shorter";
	if (problem == NULL && c.unit > 0 &&
		(c.unit_seen != c.unit || !c.has_first))
		problem = "times could be shorter";
	pfree(c.bytes.data);
	return problem;
}
