/*
 * sum.c
 *		funnel_sum: the counts of funnel_steps over states of different users.
 *
 * The state is a bigint[]: a hash of what the funnel is, the steps that may be
 * left out as bits, and the users of each step. Medians do not add up and are
 * not in it.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "common/int.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "funnel/funnel.h"

PG_FUNCTION_INFO_V1(affinity_funnel_sum_accum);
PG_FUNCTION_INFO_V1(affinity_funnel_sum_combine);
PG_FUNCTION_INFO_V1(affinity_funnel_sum_final);

#define SUM_COLUMNS 4

enum
{
	SUM_HASH,
	SUM_OPTIONAL,
	SUM_USERS
};

/* The elements of a state, which may be anybody's array. */
static int64 *
sums_of(ArrayType *array, int *n_steps)
{
	if (ARR_NDIM(array) != 1 || ARR_ELEMTYPE(array) != INT8OID ||
		ARR_HASNULL(array) || ARR_DIMS(array)[0] <= SUM_USERS ||
		ARR_DIMS(array)[0] > SUM_USERS + AFFINITY_MAX_STEPS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("this array is no state of funnel_sum"),
				 errhint("Call affinity.funnel_sum with states of affinity.funnel_agg.")));
	*n_steps = ARR_DIMS(array)[0] - SUM_USERS;
	return (int64 *) ((char *) array + ARR_OVERHEAD_NONULLS(1));
}

/* What has to be the same in all states, as a number. */
static int64
hash_of(const EventLog *log)
{
	const EventKind *kind = affinity_eventlog_kind(log);
	uint32		options_len;
	const char *options = affinity_eventlog_options(log, &options_len);
	uint64		hash = kind->time_kind | (uint64) kind->n_conditions << 8 |
		(uint64) kind->mode << 16;

	hash = hash_bytes_extended((const unsigned char *) options,
							   (int) options_len,
							   hash ^ (uint64) kind->window);
	return (int64) hash;
}

/* a + b, in a */
static void
add_sums(ArrayType *a, ArrayType *b)
{
	int			n;
	int			m;
	int64	   *to = sums_of(a, &n);
	const int64 *from = sums_of(b, &m);

	if (n != m || to[SUM_HASH] != from[SUM_HASH] ||
		to[SUM_OPTIONAL] != from[SUM_OPTIONAL])
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the funnels to sum differ in their steps, window or mode"),
				 errhint("Sum states of the same call of affinity.funnel_agg.")));
	for (int i = SUM_USERS; i < SUM_USERS + n; i++)
		if (pg_add_s64_overflow(to[i], from[i], &to[i]))
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("a sum over funnels is out of range")));
}

/* Argument 0, to be changed: the aggregate's own, or a copy. */
static ArrayType *
state_arg(FunctionCallInfo fcinfo)
{
	return AggCheckCallContext(fcinfo, NULL) ? PG_GETARG_ARRAYTYPE_P(0) :
		PG_GETARG_ARRAYTYPE_P_COPY(0);
}

/* (state, funnel) */
Datum
affinity_funnel_sum_accum(PG_FUNCTION_ARGS)
{
	Datum		value[SUM_USERS + AFFINITY_MAX_STEPS];
	EventLog   *log;
	FunnelConversions c;
	ArrayType  *sums;

	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	log = affinity_eventlog_arg(PG_GETARG_DATUM(1), FUNNEL_MAGIC);
	affinity_funnel_conversions_read(&c, log);
	value[SUM_HASH] = Int64GetDatum(hash_of(log));
	value[SUM_OPTIONAL] = Int64GetDatum((int64) c.optional);
	for (int i = 0; i < c.n_steps; i++)
		value[SUM_USERS + i] = Int64GetDatum(c.n_users[i]);
	sums = construct_array(value, SUM_USERS + c.n_steps, INT8OID, 8,
						   FLOAT8PASSBYVAL, TYPALIGN_DOUBLE);
	if (!PG_ARGISNULL(0))
	{
		ArrayType  *state = state_arg(fcinfo);

		add_sums(state, sums);
		PG_RETURN_ARRAYTYPE_P(state);
	}
	PG_RETURN_ARRAYTYPE_P(sums);
}

/* strict */
Datum
affinity_funnel_sum_combine(PG_FUNCTION_ARGS)
{
	ArrayType  *state = state_arg(fcinfo);

	add_sums(state, PG_GETARG_ARRAYTYPE_P(1));
	PG_RETURN_ARRAYTYPE_P(state);
}

/* strict; a row for each step */
Datum
affinity_funnel_sum_final(PG_FUNCTION_ARGS)
{
	int			n_steps;
	const int64 *sums = sums_of(PG_GETARG_ARRAYTYPE_P(0), &n_steps);
	Oid			type = get_element_type(get_func_rettype(fcinfo->flinfo->fn_oid));
	TupleDesc	columns;
	ArrayBuildState *rows;
	FunnelConversions c;

	if (!OidIsValid(type))
		elog(ERROR, "funnel_sum must return an array of rows");
	columns = lookup_rowtype_tupdesc_copy(type, -1);
	if (columns->natts != SUM_COLUMNS)
		elog(ERROR, "a step must have %d columns", SUM_COLUMNS);
	rows = initArrayResult(type, CurrentMemoryContext, false);
	/* the first step must be taken: else there is none before the others */
	c.optional = (uint64) sums[SUM_OPTIONAL] & ~UINT64CONST(1);
	for (int i = 0; i < n_steps; i++)
	{
		Datum		values[SUM_COLUMNS];
		bool		nulls[SUM_COLUMNS] = {false};
		int64		users = sums[SUM_USERS + i];
		int64		start = sums[SUM_USERS];
		int64		before = i == 0 ? start :
			sums[SUM_USERS + affinity_funnel_previous_step(&c, i)];

		values[0] = Int32GetDatum(i + 1);
		values[1] = Int64GetDatum(users);
		nulls[2] = start == 0;
		values[2] = Float8GetDatum(nulls[2] ? 0 : (double) users /
								   (double) start);
		nulls[3] = before == 0;
		values[3] = Float8GetDatum(nulls[3] ? 0 : (double) users /
								   (double) before);
		accumArrayResult(rows,
						 HeapTupleGetDatum(heap_form_tuple(columns, values,
														   nulls)), false,
						 type, CurrentMemoryContext);
	}
	PG_RETURN_DATUM(makeArrayResult(rows, CurrentMemoryContext));
}
