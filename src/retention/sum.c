/*
 * sum.c
 *		Reports on states of different users, as one report on all of them:
 *		retention_sum, retention_curve_sum, lifecycle_sum, active_users_sum,
 *		frequency_sum and active_stock_sum.
 *
 * A user is in one state alone, so counts add up, and rates are made anew
 * from their sums. The reports have to have one as_of: where they do not, some
 * have rows that others lack, or say that a period is complete which others do
 * not, and that is an error.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#include "retention/cells.h"
#include "retention/retention.h"

PG_FUNCTION_INFO_V1(affinity_retention_sum_retention);
PG_FUNCTION_INFO_V1(affinity_retention_sum_retention_final);
PG_FUNCTION_INFO_V1(affinity_retention_sum_curve_final);
PG_FUNCTION_INFO_V1(affinity_retention_sum_lifecycle);
PG_FUNCTION_INFO_V1(affinity_retention_sum_lifecycle_final);
PG_FUNCTION_INFO_V1(affinity_retention_sum_active);
PG_FUNCTION_INFO_V1(affinity_retention_sum_active_final);
PG_FUNCTION_INFO_V1(affinity_retention_sum_frequency);
PG_FUNCTION_INFO_V1(affinity_retention_sum_frequency_final);
PG_FUNCTION_INFO_V1(affinity_retention_sum_combine);

#define MAX_COLUMNS 10

/* Sums of retention and of the others, by their places in a row. */
enum
{
	SUM_SIZE,
	SUM_ELIGIBLE,
	SUM_RETAINED
};

/*
 * The columns of a report's row, a letter each. t, i: a time, a number that are
 * the key, p: the period of it; s: a sum; c: complete; b: a start that goes
 * with the key; -: what is made anew.
 */
static const char retention_columns[] = "tspbss---c";
static const char lifecycle_columns[] = "tsssssc";	/* active_stock too */
static const char active_columns[] = "tsss-ssc";
static const char frequency_columns[] = "is-";

/* ---- rows in ------------------------------------------------------------ */

static Oid
type_of_column(char column)
{
	switch (column)
	{
		case 't':
		case 'b':
			return TIMESTAMPOID;
		case 'i':
		case 'p':
			return INT4OID;
		case 's':
			return INT8OID;
		case 'c':
			return BOOLOID;
		default:
			return FLOAT8OID;
	}
}

static void
check_columns(TupleDesc row, const char *columns)
{
	bool		right = row->natts == (int) strlen(columns);

	for (int i = 0; right && i < row->natts; i++)
		right = TupleDescAttr(row, i)->atttypid == type_of_column(columns[i]);
	if (!right)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("type %s is not what the extension made it",
						format_type_be(row->tdtypeid))));
}

static void
null_column(TupleDesc row, int column)
{
	ereport(ERROR,
			(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
			 errmsg("column %s of a row to sum must not be null",
					NameStr(TupleDescAttr(row, column)->attname)),
			 errhint("Pass rows as the report returns them.")));
}

static void
negative_column(TupleDesc row, int column)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("column %s of a row to sum must not be negative",
					NameStr(TupleDescAttr(row, column)->attname)),
			 errhint("Pass rows as the report returns them.")));
}

/* A row as a cell; false where it is no row, as of an outer join. */
static bool
read_cell(HeapTupleHeader header, const char *columns, Cell *cell)
{
	TupleDesc	row = lookup_rowtype_tupdesc(HeapTupleHeaderGetTypeId(header),
											 HeapTupleHeaderGetTypMod(header));
	HeapTupleData tuple;
	Datum		values[MAX_COLUMNS];
	bool		nulls[MAX_COLUMNS];
	int			n_sums = 0;

	check_columns(row, columns);
	tuple.t_len = HeapTupleHeaderGetDatumLength(header);
	ItemPointerSetInvalid(&tuple.t_self);
	tuple.t_tableOid = InvalidOid;
	tuple.t_data = header;
	heap_deform_tuple(&tuple, row, values, nulls);
	memset(cell, 0, sizeof(Cell));
	cell->n_rows = 1;
	cell->start = NO_TIME;
	for (int i = 0; i < row->natts && !nulls[0]; i++)
	{
		char		column = columns[i];

		if (column == '-' || (column == 'b' && nulls[i]))
			continue;
		if (nulls[i])
			null_column(row, i);
		if (column == 't')
			cell->key[0] = DatumGetTimestamp(values[i]);
		else if (column == 'i')
			cell->key[0] = DatumGetInt32(values[i]);
		else if (column == 'p')
			cell->key[1] = DatumGetInt32(values[i]);
		else if (column == 'b')
			cell->start = DatumGetTimestamp(values[i]);
		else if (column == 'c')
			cell->n_complete = DatumGetBool(values[i]);
		else
		{
			cell->sum[n_sums] = DatumGetInt64(values[i]);
			if (cell->sum[n_sums++] < 0)
				negative_column(row, i);
		}
	}
	ReleaseTupleDesc(row);
	return !nulls[0];
}

/* (state, row) */
static Datum
add_row(FunctionCallInfo fcinfo, const char *columns)
{
	Cells		cells = affinity_retention_cells_state(fcinfo, 0, true);
	Cell		cell;

	if (!PG_ARGISNULL(1) &&
		read_cell(PG_GETARG_HEAPTUPLEHEADER(1), columns, &cell))
		affinity_retention_cells_add(&cells, &cell);
	PG_RETURN_ARRAYTYPE_P(cells.array);
}

Datum
affinity_retention_sum_retention(PG_FUNCTION_ARGS)
{
	return add_row(fcinfo, retention_columns);
}

Datum
affinity_retention_sum_lifecycle(PG_FUNCTION_ARGS)
{
	return add_row(fcinfo, lifecycle_columns);
}

Datum
affinity_retention_sum_active(PG_FUNCTION_ARGS)
{
	return add_row(fcinfo, active_columns);
}

Datum
affinity_retention_sum_frequency(PG_FUNCTION_ARGS)
{
	return add_row(fcinfo, frequency_columns);
}

/* strict: (state, state) */
Datum
affinity_retention_sum_combine(PG_FUNCTION_ARGS)
{
	Cells		cells = affinity_retention_cells_state(fcinfo, 0, true);
	Cells		other = affinity_retention_cells_state(fcinfo, 1, false);

	for (int64 i = 0; i < *other.n_used; i++)
	{
		affinity_base_look_up((uint64) i);
		affinity_retention_cells_add(&cells, &other.cell[i]);
	}
	PG_RETURN_ARRAYTYPE_P(cells.array);
}

/* ---- rows out ----------------------------------------------------------- */

/* The array of rows that a final function returns. */
typedef struct SumResult
{
	TupleDesc	columns;
	ArrayBuildState *rows;
	MemoryContext outside;
	MemoryContext aside;		/* of one row */
} SumResult;

/* The cells of a final function's state, in order, and where its rows go. */
static Cells
begin_result(FunctionCallInfo fcinfo, SumResult *result)
{
	Oid			type = get_element_type(get_func_rettype(fcinfo->flinfo->fn_oid));
	Cells		cells = affinity_retention_cells_state(fcinfo, 0, false);

	if (!OidIsValid(type))
		elog(ERROR, "a sum of reports must return an array of rows");
	cells = affinity_retention_cells_sorted(&cells);
	result->outside = CurrentMemoryContext;
	result->columns = lookup_rowtype_tupdesc_copy(type, -1);
	result->rows = initArrayResult(type, result->outside, false);
	result->aside = AllocSetContextCreate(result->outside,
										  "affinity summed row",
										  ALLOCSET_SMALL_SIZES);
	return cells;
}

static void
put_row(SumResult *result, Datum *values, bool *nulls)
{
	MemoryContext old = MemoryContextSwitchTo(result->aside);
	Datum		row = HeapTupleGetDatum(heap_form_tuple(result->columns, values,
														nulls));

	MemoryContextSwitchTo(old);
	accumArrayResult(result->rows, row, false, result->columns->tdtypeid,
					 result->outside);
	MemoryContextReset(result->aside);
}

static Datum
end_result(SumResult *result)
{
	return makeArrayResult(result->rows, result->outside);
}

/* Reports that stand at different times. */
static void
other_as_of(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("the reports to sum are not of the same as_of and the same other arguments"),
			 errhint("Give every report the latest time of all states: as_of => (SELECT max((affinity.describe(state)).last_at) FROM ...).")));
}

/* Whether a cell is complete, on which all reports have to agree. */
static bool
agreed_complete(const Cell *cell)
{
	if (cell->n_complete != 0 && cell->n_complete != cell->n_rows)
		other_as_of();
	return cell->n_complete != 0;
}

/*
 * A cohort's cells are those from its first on. With calendar periods all
 * reports have the same ones; with periods of users' own a report ends where
 * nobody has come so far, and then a cell is not complete.
 */
static bool
cohort_complete(const Cell *first, const Cell *cell)
{
	if (cell->start == NO_TIME)
		return cell->n_complete == first->n_rows;
	if (cell->n_rows != first->n_rows)
		other_as_of();
	return agreed_complete(cell);
}

/* A rate with its bounds. */
static void
put_rate(const Cell *cell, Datum *values, bool *nulls)
{
	affinity_retention_put_rate((uint64) cell->sum[SUM_RETAINED],
								(uint64) cell->sum[SUM_ELIGIBLE], values,
								nulls);
}

/* strict: rows of retention */
Datum
affinity_retention_sum_retention_final(PG_FUNCTION_ARGS)
{
	SumResult	result;
	Cells		cells = begin_result(fcinfo, &result);
	const Cell *first = cells.cell;

	for (const Cell *cell = first; cell < cells.cell + *cells.n_used; cell++)
	{
		Datum		values[MAX_COLUMNS];
		bool		nulls[MAX_COLUMNS] = {false};

		affinity_base_look_up((uint64) (cell - cells.cell));
		if (cell->key[0] != first->key[0])
			first = cell;
		values[0] = TimestampGetDatum(cell->key[0]);
		values[1] = Int64GetDatum(first->sum[SUM_SIZE]);
		values[2] = Int32GetDatum((int32) cell->key[1]);
		values[3] = TimestampGetDatum(cell->start);
		nulls[3] = cell->start == NO_TIME;
		values[4] = Int64GetDatum(cell->sum[SUM_ELIGIBLE]);
		values[5] = Int64GetDatum(cell->sum[SUM_RETAINED]);
		put_rate(cell, &values[6], &nulls[6]);
		values[9] = BoolGetDatum(cohort_complete(first, cell));
		put_row(&result, values, nulls);
	}
	return end_result(&result);
}

#define ST_SORT sort_by_period
#define ST_ELEMENT_TYPE Cell
#define ST_COMPARE(a, b) (((a)->key[1] > (b)->key[1]) - ((a)->key[1] < (b)->key[1]))
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

/*
 * The cells that a curve counts, as retention_curve has it: those of periods
 * that are over, and all that have users where periods are the users' own.
 */
static int64
curve_cells(const Cells *cells, Cell *counted)
{
	const Cell *first = cells->cell;
	bool		ended = false;
	int64		n = 0;

	for (const Cell *cell = first; cell < cells->cell + *cells->n_used; cell++)
	{
		bool		complete;

		affinity_base_look_up((uint64) (cell - cells->cell));
		if (cell == cells->cell || cell->key[0] != first->key[0])
		{
			first = cell;
			ended = false;
		}
		complete = cohort_complete(first, cell);
		ended |= cell->start == NO_TIME ? cell->sum[SUM_ELIGIBLE] == 0 :
			!complete;
		if (!ended)
			counted[n++] = *cell;
	}
	sort_by_period(counted, (size_t) n);
	return n;
}

/* strict: rows of retention, as retention_curve of them */
Datum
affinity_retention_sum_curve_final(PG_FUNCTION_ARGS)
{
	SumResult	result;
	Cells		cells = begin_result(fcinfo, &result);
	Cell	   *counted = affinity_base_array((Size) *cells.n_used + 1,
											  sizeof(Cell));
	int64		n = curve_cells(&cells, counted);

	for (int64 i = 0; i < n;)
	{
		Datum		values[7];
		bool		nulls[7] = {false};
		Cell		sum = counted[i];
		int64		end = i + 1;

		for (; end < n && counted[end].key[1] == sum.key[1]; end++)
		{
			affinity_base_look_up((uint64) end);
			sum.sum[SUM_ELIGIBLE] += counted[end].sum[SUM_ELIGIBLE];
			sum.sum[SUM_RETAINED] += counted[end].sum[SUM_RETAINED];
		}
		values[0] = Int32GetDatum((int32) sum.key[1]);
		values[1] = Int64GetDatum(end - i);
		values[2] = Int64GetDatum(sum.sum[SUM_ELIGIBLE]);
		values[3] = Int64GetDatum(sum.sum[SUM_RETAINED]);
		put_rate(&sum, &values[4], &nulls[4]);
		put_row(&result, values, nulls);
		i = end;
	}
	return end_result(&result);
}

/*
 * Rows with a time, sums and `complete`. Each report has all periods from its
 * first on, so more and more reports have a row.
 */
static Datum
sums_by_time(FunctionCallInfo fcinfo, const char *columns)
{
	SumResult	result;
	Cells		cells = begin_result(fcinfo, &result);
	int			n_columns = (int) strlen(columns);

	for (int64 i = 0; i < *cells.n_used; i++)
	{
		const Cell *cell = &cells.cell[i];
		Datum		values[MAX_COLUMNS];
		bool		nulls[MAX_COLUMNS] = {false};
		int			n_sums = 0;

		affinity_base_look_up((uint64) i);
		if (i > 0 && cell->n_rows < cell[-1].n_rows)
			other_as_of();
		values[0] = TimestampGetDatum(cell->key[0]);
		for (int c = 1; c < n_columns - 1; c++)
			if (columns[c] == 's')
				values[c] = Int64GetDatum(cell->sum[n_sums++]);
			else
			{
				/* stickiness: of who is active now and in the long window */
				nulls[c] = cell->sum[2] == 0;
				values[c] = Float8GetDatum(nulls[c] ? 0 :
										   (double) cell->sum[0] /
										   (double) cell->sum[2]);
			}
		values[n_columns - 1] = BoolGetDatum(agreed_complete(cell));
		put_row(&result, values, nulls);
	}
	return end_result(&result);
}

/* strict */
Datum
affinity_retention_sum_lifecycle_final(PG_FUNCTION_ARGS)
{
	return sums_by_time(fcinfo, lifecycle_columns);
}

/* strict */
Datum
affinity_retention_sum_active_final(PG_FUNCTION_ARGS)
{
	return sums_by_time(fcinfo, active_columns);
}

/* strict */
Datum
affinity_retention_sum_frequency_final(PG_FUNCTION_ARGS)
{
	SumResult	result;
	Cells		cells = begin_result(fcinfo, &result);
	double		total = 0;

	for (int64 i = 0; i < *cells.n_used; i++)
	{
		affinity_base_look_up((uint64) i);
		total += (double) cells.cell[i].sum[0];
	}
	for (int64 i = 0; i < *cells.n_used; i++)
	{
		const Cell *cell = &cells.cell[i];
		Datum		values[3];
		bool		nulls[3] = {false};

		affinity_base_look_up((uint64) i);
		values[0] = Int32GetDatum((int32) cell->key[0]);
		values[1] = Int64GetDatum(cell->sum[0]);
		nulls[2] = total == 0;
		values[2] = Float8GetDatum(total == 0 ? 0 :
								   (double) cell->sum[0] / total);
		put_row(&result, values, nulls);
	}
	return end_result(&result);
}
