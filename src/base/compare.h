/*
 * compare.h
 *		The functions behind the operators of a type of states.
 *
 * A room says how two arguments of a call compare, whether they are equal, and
 * what the hash of the first one is; AFFINITY_COMPARISONS makes of it what
 * the operator classes of btree and hash need.
 */
#ifndef AFFINITY_BASE_COMPARE_H
#define AFFINITY_BASE_COMPARE_H

#include "postgres.h"

#include "common/hashfn.h"
#include "fmgr.h"

#include "base/base.h"

/*
 * The hash of so many bytes. Without a seed it is that of 32 bits, as the
 * lower half of the other one must be.
 */
static inline uint64
affinity_base_hash_bytes(const void *bytes, Size len, uint64 seed)
{
	return hash_bytes_extended(bytes, (int) len, seed);
}

/*
 * compare_args and hash_arg of a type whose equal contents are equal bytes;
 * state_arg(fcinfo, arg) gives a state in its form at rest.
 */
#define AFFINITY_COMPARED_AS_BYTES(state_arg) \
static int \
compare_args(FunctionCallInfo fcinfo) \
{ \
	void	   *a = state_arg(fcinfo, 0); \
	void	   *b = state_arg(fcinfo, 1); \
	int			order = affinity_base_bytes_compare(VARDATA(a), \
													VARSIZE(a) - VARHDRSZ, \
													VARDATA(b), \
													VARSIZE(b) - VARHDRSZ); \
\
	PG_FREE_IF_COPY(a, 0); \
	PG_FREE_IF_COPY(b, 1); \
	return order < 0 ? -1 : order > 0; \
} \
\
static uint64 \
hash_arg(FunctionCallInfo fcinfo, uint64 seed) \
{ \
	void	   *state = state_arg(fcinfo, 0); \
	uint64		hash = affinity_base_hash_bytes(VARDATA(state), \
												VARSIZE(state) - VARHDRSZ, \
												seed); \
\
	PG_FREE_IF_COPY(state, 0); \
	return hash; \
}

#define AFFINITY_COMPARISON(name, answer) \
PG_FUNCTION_INFO_V1(name); \
Datum \
name(PG_FUNCTION_ARGS) \
{ \
	return answer; \
}

/*
 * bool equal(fcinfo), int compare(fcinfo) and uint64 hash(fcinfo, seed) as
 * SQL functions.
 */
#define AFFINITY_COMPARISONS(prefix, equal, compare, hash) \
AFFINITY_COMPARISON(prefix##_eq, BoolGetDatum(equal(fcinfo))) \
AFFINITY_COMPARISON(prefix##_ne, BoolGetDatum(!equal(fcinfo))) \
AFFINITY_COMPARISON(prefix##_lt, BoolGetDatum(compare(fcinfo) < 0)) \
AFFINITY_COMPARISON(prefix##_le, BoolGetDatum(compare(fcinfo) <= 0)) \
AFFINITY_COMPARISON(prefix##_gt, BoolGetDatum(compare(fcinfo) > 0)) \
AFFINITY_COMPARISON(prefix##_ge, BoolGetDatum(compare(fcinfo) >= 0)) \
AFFINITY_COMPARISON(prefix##_cmp, Int32GetDatum(compare(fcinfo))) \
AFFINITY_COMPARISON(prefix##_hash, UInt32GetDatum((uint32) hash(fcinfo, 0))) \
AFFINITY_COMPARISON(prefix##_hash_extended, \
					UInt64GetDatum(hash(fcinfo, \
										(uint64) PG_GETARG_INT64(1))))

/*
 * All of it for a type whose equal contents are equal bytes.
 */
#define AFFINITY_BYTES_COMPARISONS(prefix, state_arg) \
AFFINITY_COMPARED_AS_BYTES(state_arg) \
\
static bool \
equal_args(FunctionCallInfo fcinfo) \
{ \
	return compare_args(fcinfo) == 0; \
} \
\
AFFINITY_COMPARISONS(prefix, equal_args, compare_args, hash_arg)

#endif							/* AFFINITY_BASE_COMPARE_H */
