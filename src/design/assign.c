/*
 * assign.c
 *		Which variant a unit gets: assign() and the hash behind it.
 *
 * The numbers are those of GrowthBook's SDKs, so that a service outside
 * assigns alike: FNV-1a of 32 bits (Fowler, Noll and Vo) over the code units
 * of UTF-16, as JavaScript has its strings; those of ASCII are its bytes.
 * Version 2 hashes the decimal digits of the first hash once more, which
 * version 1 did not, whose variants of two experiments therefore depend on
 * each other.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/uuid.h"

#include "base/base.h"
#include "base/number.h"

PG_FUNCTION_INFO_V1(affinity_design_assign_text);
PG_FUNCTION_INFO_V1(affinity_design_assign_bigint);
PG_FUNCTION_INFO_V1(affinity_design_assign_uuid);
PG_FUNCTION_INFO_V1(affinity_design_assignment_hash);

#define FNV_START 0x811c9dc5U
#define FNV_PRIME 0x01000193U

#define WEIGHTS_SLACK 0.01		/* what GrowthBook's SDKs let pass */
#define ID_DIGITS 37			/* a uuid, a zero */

/* Some bytes in the encoding of the database. */
typedef struct Piece
{
	const char *bytes;
	int			len;
} Piece;

/* ---- the hash ----------------------------------------------------------- */

static bool
is_ascii(Piece piece)
{
	for (int i = 0; i < piece.len; i++)
	{
		if (IS_HIGHBIT_SET(piece.bytes[i]))
			return false;
	}
	return true;
}

static inline uint32
fnv_unit(uint32 hash, uint32 unit)
{
	return (hash ^ unit) * FNV_PRIME;
}

/* Other text than ASCII: as UTF-8, and its characters as units of UTF-16. */
static uint32
fnv_wide(uint32 hash, Piece piece)
{
	unsigned char *utf8 = pg_do_encoding_conversion((unsigned char *) unconstify(char *, piece.bytes),
													piece.len,
													GetDatabaseEncoding(),
													PG_UTF8);
	int			len = utf8 == (const unsigned char *) piece.bytes ? piece.len
		: (int) strlen((char *) utf8);

	for (int i = 0; i < len;)
	{
		int			size = pg_utf_mblen(utf8 + i);
		pg_wchar	character;

		if (size > len - i)
			break;
		character = utf8_to_unicode(utf8 + i);
		if (character >= 0x10000 && character <= 0x10ffff)
		{
			hash = fnv_unit(hash, 0xd800 + ((character - 0x10000) >> 10));
			hash = fnv_unit(hash, 0xdc00 + ((character - 0x10000) & 0x3ff));
		}
		else
			hash = fnv_unit(hash, character);
		i += size;
	}
	return hash;
}

static uint32
fnv(uint32 hash, Piece piece)
{
	if (!is_ascii(piece))
		return fnv_wide(hash, piece);
	for (int i = 0; i < piece.len; i++)
		hash = fnv_unit(hash, (unsigned char) piece.bytes[i]);
	return hash;
}

/* In [0, 1): of version 1 in thousandths, of version 2 in ten-thousandths. */
static double
hash_of(Piece seed, Piece value, int64 version)
{
	char		digits[12];
	Piece		first = {digits, 0};

	switch (version)
	{
		case 1:
			return (fnv(fnv(FNV_START, value), seed) % 1000) / 1000.0;
		case 2:
			first.len = pg_ultoa_n(fnv(fnv(FNV_START, seed), value), digits);
			return (fnv(FNV_START, first) % 10000) / 10000.0;
		default:
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("version %lld of the hash is not known",
							(long long) version),
					 errhint("Pass 2, or 1 for experiments that began with the SDKs' first version.")));
	}
	return 0;					/* not reached */
}

/* ---- arguments ---------------------------------------------------------- */

static Piece
text_piece(FunctionCallInfo fcinfo, int arg)
{
	text	   *value = PG_GETARG_TEXT_PP(arg);
	Piece		piece = {VARDATA_ANY(value), (int) VARSIZE_ANY_EXHDR(value)};

	return piece;
}

/* The numbers of an array without NULLs. */
static const float8 *
numbers_arg(FunctionCallInfo fcinfo, int arg, const char *name, int *n)
{
	ArrayType  *array = affinity_base_array_arg(fcinfo, arg, name);

	*n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	return (const float8 *) ARR_DATA_PTR(array);
}

/* One share for each variant. */
static const float8 *
weights_arg(FunctionCallInfo fcinfo, int arg, int *n)
{
	const float8 *weights = numbers_arg(fcinfo, arg, "weights", n);
	double		sum = 0;

	if (*n == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("weights are empty"),
				 errhint("Pass the share of each variant, for example ARRAY[0.5, 0.5].")));
	for (int i = 0; i < *n; i++)
	{
		if (!(weights[i] >= 0 && weights[i] <= 1))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("weight %d must be between 0 and 1, but is %s",
							i + 1, affinity_base_shortest(weights[i])),
					 errhint("Weights are shares that sum to 1; coverage says which share of all units takes part.")));
		sum += weights[i];
	}
	/* not 1 - 0.01, which the SDKs' own sums have to be compared with */
	if (sum < 1 - WEIGHTS_SLACK || sum > 1 + WEIGHTS_SLACK)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("weights must sum to 1, but sum to %.15g", sum),
				 errhint("Divide each by the sum. If fewer units should take part, pass coverage.")));
	return weights;
}

static double
coverage_arg(FunctionCallInfo fcinfo, int arg)
{
	double		coverage = PG_GETARG_FLOAT8(arg);

	if (!(coverage >= 0 && coverage <= 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("coverage must be between 0 and 1, but is %s",
						affinity_base_shortest(coverage)),
				 errhint("Pass the share of units that take part, 0.1 for a tenth.")));
	return coverage;
}

/* Whether a unit is in the range of a namespace; '' is no namespace. */
static bool
in_namespace(FunctionCallInfo fcinfo, Piece unit, int name_arg, int range_arg)
{
	Piece		name = text_piece(fcinfo, name_arg);
	Piece		underscores = {"__", 2};
	const float8 *range;
	int			n;
	double		hash;

	range = numbers_arg(fcinfo, range_arg, "namespace_range", &n);
	if (n != 2 || !(range[0] >= 0 && range[0] <= range[1] && range[1] <= 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("namespace_range must be two numbers from 0 to 1 in ascending order"),
				 errhint("ARRAY[0, 0.4] is the first 40 %% of the namespace, ARRAY[0.4, 1] the others.")));
	if (name.len == 0)
		return true;
	hash = (fnv(fnv(fnv(FNV_START, unit), underscores), name) % 1000) / 1000.0;
	return hash >= range[0] && hash < range[1];
}

/*
 * (unit_id, experiment, weights, coverage, namespace, namespace_range,
 * version), strict: the number of the variant, from 0 on; NULL: not in the
 * experiment.
 */
static Datum
assign(FunctionCallInfo fcinfo, Piece unit)
{
	int			n;
	const float8 *weights = weights_arg(fcinfo, 2, &n);
	double		coverage = coverage_arg(fcinfo, 3);
	double		start = 0;
	double		hash;

	hash = hash_of(text_piece(fcinfo, 1), unit, PG_GETARG_INT64(6));
	if (!in_namespace(fcinfo, unit, 4, 5) || unit.len == 0)
		PG_RETURN_NULL();
	for (int i = 0; i < n; i++)
	{
		if (hash >= start && hash < start + coverage * weights[i])
			PG_RETURN_INT32(i);
		start += weights[i];
	}
	PG_RETURN_NULL();
}

Datum
affinity_design_assign_text(PG_FUNCTION_ARGS)
{
	return assign(fcinfo, text_piece(fcinfo, 0));
}

Datum
affinity_design_assign_bigint(PG_FUNCTION_ARGS)
{
	char		digits[MAXINT8LEN + 1];
	Piece		unit = {digits, 0};

	unit.len = pg_lltoa(PG_GETARG_INT64(0), digits);
	return assign(fcinfo, unit);
}

/* As uuid is written: in lower case. */
Datum
affinity_design_assign_uuid(PG_FUNCTION_ARGS)
{
	static const char hex[] = "0123456789abcdef";
	const pg_uuid_t *uuid = PG_GETARG_UUID_P(0);
	char		digits[ID_DIGITS];
	Piece		unit = {digits, 0};

	for (int i = 0; i < UUID_LEN; i++)
	{
		if (i == 4 || i == 6 || i == 8 || i == 10)
			digits[unit.len++] = '-';
		digits[unit.len++] = hex[uuid->data[i] >> 4];
		digits[unit.len++] = hex[uuid->data[i] & 15];
	}
	return assign(fcinfo, unit);
}

/* (seed, value, version), strict */
Datum
affinity_design_assignment_hash(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(hash_of(text_piece(fcinfo, 0), text_piece(fcinfo, 1),
							 PG_GETARG_INT64(2)));
}
