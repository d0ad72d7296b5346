/*
 * set.c
 *		jaccard, dice, overlap, cosine_set and tversky of two arrays as sets.
 *
 * Each array becomes a strictly ascending run of elements, and two runs are
 * merged. integer[], bigint[] and uuid[] that ascend already, as they do when
 * kept that way or aggregated with ORDER BY, are merged where they lie;
 * others are copied, sorted and deduplicated. NULLs take no room in an
 * array's data, so leaving them out costs nothing.
 *
 * Text is compared as bytes: equal means equal bytes, in every collation.
 *
 * Copies live in the caller's memory context. Interrupts are checked during
 * the sort and every SET_CHUNK elements elsewhere.
 */
#include "postgres.h"

#include "access/tupmacs.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/uuid.h"

#include "base/base.h"
#include "kernel/topk.h"
#include "similarity/similarity.h"

/* Elements between two checks for interrupts: well under a millisecond. */
#define SET_CHUNK ((size_t) 16384)

/*
 * Up to so many numbers are sorted by radix: faster than by comparison, but
 * without a check for interrupts for some 30 ms.
 */
#define SET_RADIX_MAX ((size_t) 1000000)

/* A text where it lies in its array. */
typedef struct SetText
{
	const char *data;
	size_t		length;			/* bytes */
} SetText;

#define SET_COMPARE_NUMBER(a, b) ((*(a) > *(b)) - (*(a) < *(b)))

static int
set_compare_text(const SetText *a, const SetText *b)
{
	return affinity_base_bytes_compare(a->data, a->length, b->data, b->length);
}

/*
 * How many elements are not NULL, over all dimensions.
 */
static size_t
set_count_present(const ArrayType *array)
{
	size_t		n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	const		bits8 *bitmap = ARR_NULLBITMAP(array);
	size_t		present = 0;

	if (bitmap == NULL)
		return n;
	for (size_t i = 0; i < n; i++)
		present += (bitmap[i / 8] >> (i % 8)) & 1;
	return present;
}

static void *
set_alloc(size_t n, size_t size)
{
	return palloc_extended(Max(n, 1) * size, MCXT_ALLOC_HUGE);
}

static void set_int4_order(int32 *v, size_t n);
static void set_int8_order(int64 *v, size_t n);

#define SET_PREFIX set_int4
#define SET_ELEMENT int32
#define SET_COMPARE(a, b) SET_COMPARE_NUMBER(a, b)
#define SET_ORDER(v, n) set_int4_order(v, n)
#define SET_IS_NUMBER
#define SET_IN_PLACE
#include "similarity/set_template.h"

#define SET_PREFIX set_int8
#define SET_ELEMENT int64
#define SET_COMPARE(a, b) SET_COMPARE_NUMBER(a, b)
#define SET_ORDER(v, n) set_int8_order(v, n)
#define SET_IS_NUMBER
#define SET_IN_PLACE
#include "similarity/set_template.h"

#define SET_PREFIX set_uuid
#define SET_ELEMENT pg_uuid_t
#define SET_COMPARE(a, b) memcmp((a)->data, (b)->data, UUID_LEN)
#define SET_ORDER(v, n) set_uuid_sort(v, n)
#define SET_IN_PLACE
#include "similarity/set_template.h"

#define SET_PREFIX set_text
#define SET_ELEMENT SetText
#define SET_COMPARE(a, b) set_compare_text(a, b)
#define SET_ORDER(v, n) set_text_sort(v, n)
#include "similarity/set_template.h"

PG_FUNCTION_INFO_V1(affinity_similarity_set_jaccard);
PG_FUNCTION_INFO_V1(affinity_similarity_set_dice);
PG_FUNCTION_INFO_V1(affinity_similarity_set_overlap);
PG_FUNCTION_INFO_V1(affinity_similarity_set_cosine);
PG_FUNCTION_INFO_V1(affinity_similarity_set_tversky);

/* ---- sorting numbers ---- */

/*
 * The radix sort takes unsigned keys, largest first. A number with its sign
 * bit turned orders as unsigned, and with all bits turned the other way
 * round.
 */
static void
set_int4_order(int32 *v, size_t n)
{
	uint64	   *key;

	if (n > SET_RADIX_MAX)
	{
		set_int4_sort(v, n);
		return;
	}
	key = set_alloc(n, 2 * sizeof(uint64));
	for (size_t i = 0; i < n; i++)
		key[i] = ~(uint64) ((uint32) v[i] ^ ((uint32) 1 << 31));
	affinity_kernel_sort_descending(key, n, key + n);
	for (size_t i = 0; i < n; i++)
		v[i] = (int32) ((uint32) ~key[i] ^ ((uint32) 1 << 31));
	pfree(key);
}

static void
set_int8_order(int64 *v, size_t n)
{
	uint64	   *key;

	if (n > SET_RADIX_MAX)
	{
		set_int8_sort(v, n);
		return;
	}
	key = set_alloc(n, 2 * sizeof(uint64));
	for (size_t i = 0; i < n; i++)
		key[i] = ~((uint64) v[i] ^ ((uint64) 1 << 63));
	affinity_kernel_sort_descending(key, n, key + n);
	for (size_t i = 0; i < n; i++)
		v[i] = (int64) (~key[i] ^ ((uint64) 1 << 63));
	pfree(key);
}

/* ---- an array as a set; *n is set to its size; also PREFIX_read ---- */

static const int32 *
set_read_int2(ArrayType *array, size_t *n)
{
	const int16 *data = (const int16 *) ARR_DATA_PTR(array);
	size_t		present = set_count_present(array);
	int32	   *result = set_alloc(present, sizeof(int32));

	for (size_t i = 0; i < present; i++)
		result[i] = data[i];
	*n = set_int4_make_set(result, present);
	return result;
}

static const int64 *
set_read_oid(ArrayType *array, size_t *n)
{
	const Oid  *data = (const Oid *) ARR_DATA_PTR(array);
	size_t		present = set_count_present(array);
	int64	   *result = set_alloc(present, sizeof(int64));

	for (size_t i = 0; i < present; i++)
		result[i] = data[i];
	*n = set_int8_make_set(result, present);
	return result;
}

static const SetText *
set_of_texts(SetText *text, size_t present, size_t *n)
{
	*n = present;
	if (!set_text_is_set(text, present))
		*n = set_text_make_set(text, present);
	return text;
}

static const SetText *
set_read_text(ArrayType *array, size_t *n)
{
	const char *data = ARR_DATA_PTR(array);
	size_t		present = set_count_present(array);
	SetText    *result = set_alloc(present, sizeof(SetText));

	for (size_t i = 0; i < present; i++)
	{
		if (i % SET_CHUNK == 0)
			CHECK_FOR_INTERRUPTS();
		result[i].data = VARDATA_ANY(data);
		result[i].length = VARSIZE_ANY_EXHDR(data);
		data += VARSIZE_ANY(data);
		data = (const char *) att_align_nominal(data, TYPALIGN_INT);
	}
	return set_of_texts(result, present, n);
}

/* Blanks at the end of a char(n) say nothing. */
static const SetText *
set_read_bpchar(ArrayType *array, size_t *n)
{
	const char *data = ARR_DATA_PTR(array);
	size_t		present = set_count_present(array);
	SetText    *result = set_alloc(present, sizeof(SetText));

	for (size_t i = 0; i < present; i++)
	{
		if (i % SET_CHUNK == 0)
			CHECK_FOR_INTERRUPTS();
		result[i].data = VARDATA_ANY(data);
		result[i].length = bpchartruelen(VARDATA_ANY(data),
										 VARSIZE_ANY_EXHDR(data));
		data += VARSIZE_ANY(data);
		data = (const char *) att_align_nominal(data, TYPALIGN_INT);
	}
	return set_of_texts(result, present, n);
}

static const SetText *
set_read_name(ArrayType *array, size_t *n)
{
	const		NameData *data = (const NameData *) ARR_DATA_PTR(array);
	size_t		present = set_count_present(array);
	SetText    *result = set_alloc(present, sizeof(SetText));

	for (size_t i = 0; i < present; i++)
	{
		result[i].data = NameStr(data[i]);
		result[i].length = strlen(NameStr(data[i]));
	}
	return set_of_texts(result, present, n);
}

/* ---- two arrays ---- */

/* What a call site's arrays hold; kept in fn_extra. */
typedef struct SetSite
{
	Oid			element;
	Oid			type;			/* below a domain */
} SetSite;

/*
 * Learn the type of the arrays' elements; error unless it may be that of ids.
 */
static pg_noinline SetSite *
set_learn(FunctionCallInfo fcinfo, Oid element)
{
	SetSite    *site = fcinfo->flinfo->fn_extra;
	Oid			array = get_array_type(element);

	if (site == NULL)
		site = fcinfo->flinfo->fn_extra =
			MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(SetSite));
	affinity_base_id_elements(fcinfo, 0, array, "a");
	affinity_base_id_elements(fcinfo, 1, array, "b");
	site->type = getBaseType(element);
	site->element = element;
	return site;
}

/* The type of the arrays' elements, below a domain. */
static inline Oid
set_type(FunctionCallInfo fcinfo, const ArrayType *a, const ArrayType *b)
{
	SetSite    *site = fcinfo->flinfo->fn_extra;
	Oid			element = ARR_ELEMTYPE(a);

	if (unlikely(element != ARR_ELEMTYPE(b)))
		elog(ERROR, "arrays of elements of types %u and %u", element,
			 ARR_ELEMTYPE(b));
	if (unlikely(site == NULL || site->element != element))
		site = set_learn(fcinfo, element);
	return site->type;
}

#define SET_COUNT_COMMON(kind, reader) \
	do { \
		const void *set_a = reader(a, &na); \
		const void *set_b = reader(b, &nb); \
\
		common = kind##_count_common(set_a, na, set_b, nb); \
	} while (0)

/* How many elements two arrays of a type have in common, and each has. */
static pg_noinline size_t
set_compare_other(Oid type, ArrayType *a, ArrayType *b, size_t *size_a,
				  size_t *size_b)
{
	size_t		na = 0;
	size_t		nb = 0;
	size_t		common = 0;

	if (type == OIDOID)
		SET_COUNT_COMMON(set_int8, set_read_oid);
	else if (type == BPCHAROID)
		SET_COUNT_COMMON(set_text, set_read_bpchar);
	else if (type == NAMEOID)
		SET_COUNT_COMMON(set_text, set_read_name);
	else						/* text; the bytes of a varchar[] are a
								 * text[]'s */
		SET_COUNT_COMMON(set_text, set_read_text);
	*size_a = na;
	*size_b = nb;
	return common;
}

static void
set_compare(FunctionCallInfo fcinfo, AffinityOverlap *overlap)
{
	ArrayType  *a = PG_GETARG_ARRAYTYPE_P(0);
	ArrayType  *b = PG_GETARG_ARRAYTYPE_P(1);
	Oid			type = set_type(fcinfo, a, b);
	size_t		na = 0;
	size_t		nb = 0;
	size_t		common = 0;

	switch (type)
	{
		case INT2OID:
			SET_COUNT_COMMON(set_int4, set_read_int2);
			break;
		case INT4OID:
			SET_COUNT_COMMON(set_int4, set_int4_read);
			break;
		case INT8OID:
			SET_COUNT_COMMON(set_int8, set_int8_read);
			break;
		case UUIDOID:
			SET_COUNT_COMMON(set_uuid, set_uuid_read);
			break;
		default:
			common = set_compare_other(type, a, b, &na, &nb);
	}
	overlap->both = (double) common;
	overlap->only_a = (double) (na - common);
	overlap->only_b = (double) (nb - common);
}

/* ---- SQL ---- */

Datum
affinity_similarity_set_jaccard(PG_FUNCTION_ARGS)
{
	AffinityOverlap overlap;
	double		result;

	set_compare(fcinfo, &overlap);
	if (!affinity_similarity_ratio_jaccard(&overlap, &result))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(result);
}

Datum
affinity_similarity_set_dice(PG_FUNCTION_ARGS)
{
	AffinityOverlap overlap;
	double		result;

	set_compare(fcinfo, &overlap);
	if (!affinity_similarity_ratio_dice(&overlap, &result))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(result);
}

Datum
affinity_similarity_set_overlap(PG_FUNCTION_ARGS)
{
	AffinityOverlap overlap;
	double		result;

	set_compare(fcinfo, &overlap);
	if (!affinity_similarity_ratio_overlap(&overlap, &result))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(result);
}

Datum
affinity_similarity_set_cosine(PG_FUNCTION_ARGS)
{
	AffinityOverlap overlap;
	double		result;

	set_compare(fcinfo, &overlap);
	if (!affinity_similarity_ratio_cosine_set(&overlap, &result))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(result);
}

Datum
affinity_similarity_set_tversky(PG_FUNCTION_ARGS)
{
	double		alpha = PG_GETARG_FLOAT8(2);
	double		beta = PG_GETARG_FLOAT8(3);
	AffinityOverlap overlap;
	double		result;

	affinity_similarity_check_tversky(alpha, beta);
	set_compare(fcinfo, &overlap);
	if (!affinity_similarity_ratio_tversky(&overlap, alpha, beta, &result))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(result);
}
