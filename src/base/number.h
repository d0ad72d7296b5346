/*
 * number.h
 *		Numbers that rows bring: finite, and within a range; arrays of some.
 */
#ifndef AFFINITY_BASE_NUMBER_H
#define AFFINITY_BASE_NUMBER_H

#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "utils/array.h"

#include "base/compat.h"

pg_noreturn extern void affinity_base_refuse_infinite(double value,
													  const char *name);
pg_noreturn extern void affinity_base_refuse_large(double value,
												   const char *name,
												   const char *hint);
extern char *affinity_base_shortest(double value);
extern ArrayType *affinity_base_array_arg(FunctionCallInfo fcinfo, int arg,
										  const char *name);

/* The value of a row, which its error calls by this name. */
static inline double
affinity_base_finite(double value, const char *name)
{
	if (unlikely(!isfinite(value)))
		affinity_base_refuse_infinite(value, name);
	return value;
}

/* The end of such a hint. */
#define AFFINITY_LARGER_UNIT "Pass them in a larger unit, for example thousands"

/* One that reaches from -most to most, as the hint says. */
static inline double
affinity_base_within(double value, double most, const char *name,
					 const char *hint)
{
	affinity_base_finite(value, name);
	if (unlikely(fabs(value) > most))
		affinity_base_refuse_large(value, name, hint);
	return value;
}

#endif							/* AFFINITY_BASE_NUMBER_H */
