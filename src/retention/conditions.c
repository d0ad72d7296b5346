/*
 * conditions.c
 *		retention(c1, ..., c32), the aggregate that ClickHouse has under that
 *		name: which conditions did a group's rows meet, given that the first
 *		was met at all.
 *
 * The state is one bigint: bit i is condition i + 1, and the bits from
 * COUNT_SHIFT on hold the number of conditions, which is the same in all
 * states of a query. So states are combined by a bitwise or.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/array.h"

#include "base/base.h"

PG_FUNCTION_INFO_V1(affinity_retention_conditions_accum);
PG_FUNCTION_INFO_V1(affinity_retention_conditions_final);

#define MAX_CONDITIONS 32
#define COUNT_SHIFT 32

/* conditions_accum(bigint, VARIADIC boolean[]); strict */
Datum
affinity_retention_conditions_accum(PG_FUNCTION_ARGS)
{
	uint64		state = (uint64) PG_GETARG_INT64(0);
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(1);
	int			n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	const bool *values = (const bool *) ARR_DATA_PTR(array);
	bits8	   *present = ARR_NULLBITMAP(array);
	int			given = (int) ((state >> COUNT_SHIFT) & 63);

	if (n < 1 || n > MAX_CONDITIONS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("retention takes 1 to %d conditions, but got %d",
						MAX_CONDITIONS, n),
				 errhint("For more, or for periods of the calendar, use affinity.activity_agg and the report affinity.retention.")));
	if (given != 0 && given != n)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("rows with %d and with %d conditions in one group",
						given, n),
				 errhint("An array given as VARIADIC must have the same length in every row.")));
	state |= (uint64) n << COUNT_SHIFT;
	for (int i = 0; i < n; i++)
	{
		/* nulls are false, and take no space in the array */
		if (present && !(present[i / 8] & (1 << (i % 8))))
			continue;
		if (*values++)
			state |= UINT64CONST(1) << i;
	}
	PG_RETURN_INT64((int64) state);
}

/* conditions_final(bigint): element i is 1 where 1 and i were both met */
Datum
affinity_retention_conditions_final(PG_FUNCTION_ARGS)
{
	uint64		state = (uint64) PG_GETARG_INT64(0);
	int			n = (int) ((state >> COUNT_SHIFT) & 63);
	Datum		elements[64];

	if (n == 0)
		PG_RETURN_NULL();
	for (int i = 0; i < n; i++)
		elements[i] = Int32GetDatum((state & 1) && i < COUNT_SHIFT &&
									((state >> i) & 1));
	PG_RETURN_ARRAYTYPE_P(construct_array(elements, n, INT4OID, sizeof(int32),
										  true, TYPALIGN_INT));
}
