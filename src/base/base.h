/*
 * base.h
 *		What every room may use: versions, settings, large arrays, argument
 *		checks, ids.
 */
#ifndef AFFINITY_BASE_H
#define AFFINITY_BASE_H

#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "storage/shmem.h"
#include "utils/expandeddatum.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "base/compat.h"

/* settings.c */
extern int	affinity_base_blas_threads;
extern char *affinity_base_blas_library;

extern void affinity_base_define_settings(void);

/*
 * Arrays that may be large, in the current memory context; at least one
 * entry, so that none is empty.
 */
static inline void *
affinity_base_array(Size n, Size width)
{
	return MemoryContextAllocHuge(CurrentMemoryContext,
								  mul_size(Max(n, 1), width));
}

static inline void *
affinity_base_zeroed_array(Size n, Size width)
{
	return MemoryContextAllocExtended(CurrentMemoryContext,
									  mul_size(Max(n, 1), width),
									  MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
}

/* memory.c */
extern void *affinity_base_alloc_large(MemoryContext context, Size size);
extern void affinity_base_zero(void *area, Size size);
extern void affinity_base_map(void *area, Size size);

__attribute__((format(printf, 3, 4)))
extern void affinity_base_need_memory(Size bytes, const char *otherwise,
									  const char *subject,...);

pg_noreturn __attribute__((format(printf, 3, 4)))
extern void affinity_base_lacks_memory(Size bytes, const char *otherwise,
									   const char *subject,...);

/* An array that is read at random; at least one entry. */
static inline void *
affinity_base_alloc_array(MemoryContext context, uint64 n, Size width)
{
	return affinity_base_alloc_large(context, mul_size(Max(n, 1), width));
}

/* In a loop over many rows: a look at interrupts now and then. */
static inline void
affinity_base_look_up(uint64 i)
{
	if (i % ((uint64) 1 << 16) == 0)
		CHECK_FOR_INTERRUPTS();
}

/*
 * The same where the work of a step varies, as that of a user with a few
 * periods or with millions: `work` is what was done since the last look.
 */
static inline void
affinity_base_look_after(uint64 *work, uint64 done)
{
	*work += done;
	if (*work < (uint64) 1 << 16)
		return;
	*work = 0;
	CHECK_FOR_INTERRUPTS();
}

/* What maintenance_work_mem allows, in bytes. */
static inline Size
affinity_base_memory_allowed(void)
{
	return (Size) maintenance_work_mem * 1024;
}

/*
 * A count that a caller gives as bigint, as drivers do: more than an integer
 * holds is as good as endless. What is below 0 is the caller's to refuse.
 */
static inline int32
affinity_base_count_arg(int64 count)
{
	return (int32) Min(Max(count, -1), PG_INT32_MAX);
}

/* interval.c */
extern char *affinity_base_lacks_unit(const char *text);
extern Interval *affinity_base_interval(const char *text);
extern double affinity_base_interval_length(const Interval *interval);

/* What PostgreSQL 17 stores for 'infinity', and before was a span like any. */
static inline bool
affinity_base_interval_is_infinite(const Interval *interval)
{
	return interval->time == PG_INT64_MAX ? interval->day == PG_INT32_MAX &&
		interval->month == PG_INT32_MAX :
		interval->time == PG_INT64_MIN && interval->day == PG_INT32_MIN &&
		interval->month == PG_INT32_MIN;
}

/* args.c */
extern void affinity_base_check_k(int64 k);
extern MemoryContext affinity_base_check_aggregate(FunctionCallInfo fcinfo,
												   const char *hint);
extern char *affinity_base_text_arg(FunctionCallInfo fcinfo, int arg,
									const char *name);
extern Oid	affinity_base_arg_type(FunctionCallInfo fcinfo, int arg);
extern bool affinity_base_arg_is_text(FunctionCallInfo fcinfo, int arg);
extern bool affinity_base_args_are_constant(FunctionCallInfo fcinfo, int first,
											int second);
extern void affinity_base_check_not_null(FunctionCallInfo fcinfo, int arg,
										 const char *name);

/*
 * id.c: users and items are named by smallint, integer, bigint, uuid or text.
 * Integers are handled as int64, a uuid as 16 bytes, text as its bytes. Stored
 * in states: never renumber.
 */
typedef enum AffinityIdKind
{
	AFFINITY_ID_INT = 1,
	AFFINITY_ID_UUID = 2,
	AFFINITY_ID_TEXT = 3
} AffinityIdKind;

extern bool affinity_base_id_kind(Oid type, AffinityIdKind *kind);
extern Datum affinity_base_id_from_int(int64 value, Oid type);
extern char *affinity_base_id_display(Datum id, Oid type);
extern Datum affinity_base_id_plain(Datum id, Oid type);
extern bool affinity_base_id_alike(Oid given, Oid type);
extern bool affinity_base_id_as(Datum given, Oid from, Oid type, Datum *id);
extern int	affinity_base_id_compare(Datum a, Datum b, Oid type);

/* Byte by byte; of two that begin alike the shorter comes first. */
static inline int
affinity_base_bytes_compare(const char *a, Size a_len, const char *b,
							Size b_len)
{
	int			c = memcmp(a, b, Min(a_len, b_len));

	return c != 0 ? c : a_len < b_len ? -1 : a_len > b_len;
}

/* In the loop over all rows of a table. */
static inline int64
affinity_base_id_to_int(Datum id, Oid type)
{
	switch (type)
	{
		case INT2OID:
			return DatumGetInt16(id);
		case INT4OID:
			return DatumGetInt32(id);
		case OIDOID:
			return DatumGetObjectId(id);
		default:
			return DatumGetInt64(id);
	}
}

/*
 * id_type.c: which types may be given as ids, the one rule for all functions.
 * Models keep ids as smallint, integer, bigint, uuid or text; given as one of
 * these are also oid, varchar, char(n), name and domains.
 */
typedef enum AffinityIdPlace
{
	AFFINITY_ID_COLUMN,			/* of a query: the hint is an expression */
	AFFINITY_ID_ARGUMENT,		/* of an aggregate or a function */
	AFFINITY_ID_ELEMENTS		/* of an array, which is the argument */
} AffinityIdPlace;

typedef struct AffinityIdGiven
{
	Oid			type;			/* as declared; of an array, its elements' */
	int32		typmod;
	Oid			collation;		/* InvalidOid: none */
	const char *role;			/* whose type it is, for the message */
	const char *sql;			/* how SQL names it, for the hint */
	AffinityIdPlace place;
	bool		of_model;		/* which has its own spelling */
} AffinityIdGiven;

extern Oid	affinity_base_id_check(const AffinityIdGiven *given,
								   AffinityIdKind *kind);
extern Oid	affinity_base_id_kept(Oid type);
extern Oid	affinity_base_id_arg(FunctionCallInfo fcinfo, int arg,
								 const char *name, AffinityIdKind *kind);
extern void affinity_base_id_elements(FunctionCallInfo fcinfo, int arg,
									  Oid array, const char *name);
extern void affinity_base_id_sought(FunctionCallInfo fcinfo, int arg,
									const char *name);
extern const char *affinity_base_id_other_bytes(Datum id, Oid type,
												uint32 *len);

/*
 * The bytes of an id that is kept as text, given as one of the types that may
 * be.
 */
static inline const char *
affinity_base_id_bytes(Datum id, Oid type, uint32 *len)
{
	text	   *value;

	if (type != TEXTOID && type != VARCHAROID)
		return affinity_base_id_other_bytes(id, type, len);
	value = (text *) PG_DETOAST_DATUM_PACKED(id);
	*len = VARSIZE_ANY_EXHDR(value);
	return VARDATA_ANY(value);
}

/* The expanded object that a value is, or NULL where it is flat. */
static inline ExpandedObjectHeader *
affinity_base_expanded(Datum value)
{
	varatt_expanded pointer;

	if (!VARATT_IS_EXTERNAL_EXPANDED(DatumGetPointer(value)))
		return NULL;
	memcpy(&pointer, VARDATA_EXTERNAL(DatumGetPointer(value)),
		   sizeof(pointer));
	return pointer.eohptr;
}

/* Mixes all bits, and can be undone: the finalizer of MurmurHash3. */
static inline uint64
affinity_base_mix64(uint64 h)
{
	h ^= h >> 33;
	h *= UINT64CONST(0xff51afd7ed558ccd);
	h ^= h >> 33;
	h *= UINT64CONST(0xc4ceb9fe1a85ec53);
	h ^= h >> 33;
	return h;
}

/* Mixes all bits too: the finalizer of SplitMix64 (Steele et al. 2014). */
static inline uint64
affinity_base_splitmix64(uint64 z)
{
	z = (z ^ (z >> 30)) * UINT64CONST(0xBF58476D1CE4E5B9);
	z = (z ^ (z >> 27)) * UINT64CONST(0x94D049BB133111EB);
	return z ^ (z >> 31);
}

/* What SplitMix64 adds to its state at each step. */
#define AFFINITY_SPLITMIX64_STEP UINT64CONST(0x9E3779B97F4A7C15)

/* mix64 the other way. A shift by more than half undoes itself. */
static inline uint64
affinity_base_unmix64(uint64 h)
{
	h ^= h >> 33;
	h *= UINT64CONST(0x9cb4b2f8129337db);
	h ^= h >> 33;
	h *= UINT64CONST(0x4f74430c22a54005);
	h ^= h >> 33;
	return h;
}

#endif							/* AFFINITY_BASE_H */
