/*
 * cells.c
 *		Cells of reports in a bigint[]: found, added to, put in order. See
 *		cells.h.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "common/int.h"
#include "miscadmin.h"

#include "base/base.h"
#include "retention/cells.h"

#define COUNTERS 2

/* Cells that are not in order: so many, and a part of the others. */
#define LOOSE_CELLS 64
#define LOOSE_PART 4

static inline int
compare_keys(const Cell *a, const Cell *b)
{
	if (a->key[0] != b->key[0])
		return a->key[0] < b->key[0] ? -1 : 1;
	return (a->key[1] > b->key[1]) - (a->key[1] < b->key[1]);
}

#define ST_SORT sort_cells
#define ST_ELEMENT_TYPE Cell
#define ST_COMPARE(a, b) compare_keys(a, b)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

static void
wrong_array(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("this array is no state of an aggregate that sums reports"),
			 errhint("Call the aggregate, for example affinity.retention_sum.")));
}

/* The cells of an array; false where it cannot be one of ours. */
static Cells
cells_of(ArrayType *array)
{
	Cells		cells = {.array = array};
	int64	   *value;
	int			n;

	if (ARR_NDIM(array) != 1 || ARR_ELEMTYPE(array) != INT8OID ||
		ARR_HASNULL(array))
		wrong_array();
	n = ARR_DIMS(array)[0];
	if (n < COUNTERS || (n - COUNTERS) % CELL_WIDTH != 0)
		wrong_array();
	value = (int64 *) ((char *) array + ARR_OVERHEAD_NONULLS(1));
	cells.n_sorted = value;
	cells.n_used = value + 1;
	cells.cell = (Cell *) (value + COUNTERS);
	cells.room = (n - COUNTERS) / CELL_WIDTH;
	if (*cells.n_sorted < 0 || *cells.n_sorted > *cells.n_used ||
		*cells.n_used > cells.room)
		wrong_array();
	return cells;
}

static ArrayType *
new_array(int64 room)
{
	Size		n = COUNTERS + (Size) room * CELL_WIDTH;
	Size		size = ARR_OVERHEAD_NONULLS(1) + n * sizeof(int64);
	ArrayType  *array;

	if (size > MaxAllocSize)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("reports of more than %lld cells cannot be summed",
						(long long) (MaxAllocSize / sizeof(Cell))),
				 errhint("Sum them in parts, by cohorts_from and cohorts_before, or in a coarser unit.")));
	array = palloc0(size);
	SET_VARSIZE(array, size);
	array->ndim = 1;
	array->elemtype = INT8OID;
	ARR_DIMS(array)[0] = (int) n;
	ARR_LBOUND(array)[0] = 1;
	return array;
}

/*
 * An argument as cells: a new state where it is null. Where they are to be
 * changed, they are the aggregate's own, or a copy where nobody aggregates.
 */
Cells
affinity_retention_cells_state(FunctionCallInfo fcinfo, int arg, bool own)
{
	MemoryContext context;
	bool		aggregate = AggCheckCallContext(fcinfo, &context) != 0;
	MemoryContext old;
	Cells		cells;

	if (!aggregate)
		context = CurrentMemoryContext;
	if (PG_ARGISNULL(arg))
	{
		old = MemoryContextSwitchTo(context);
		cells = cells_of(new_array(LOOSE_CELLS));
		MemoryContextSwitchTo(old);
	}
	else
		cells = cells_of(own && !aggregate ? PG_GETARG_ARRAYTYPE_P_COPY(arg) :
						 PG_GETARG_ARRAYTYPE_P(arg));
	cells.context = context;
	return cells;
}

static void
add_to(Cell *to, const Cell *cell)
{
	bool		over = pg_add_s64_overflow(to->n_rows, cell->n_rows,
										   &to->n_rows);

	over |= pg_add_s64_overflow(to->n_complete, cell->n_complete,
								&to->n_complete);
	for (int i = 0; i < CELL_SUMS; i++)
		over |= pg_add_s64_overflow(to->sum[i], cell->sum[i], &to->sum[i]);
	if (over)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("a sum over reports is out of range")));
	if (to->start == NO_TIME)
		to->start = cell->start;
}

/* The ordered cell with a key; NULL: there is none. */
static Cell *
find_cell(const Cells *cells, const Cell *key)
{
	int64		from = 0;
	int64		to = *cells->n_sorted;

	while (from < to)
	{
		int64		middle = from + (to - from) / 2;
		int			compared = compare_keys(&cells->cell[middle], key);

		if (compared == 0)
			return &cells->cell[middle];
		if (compared < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return NULL;
}

/* Put all cells in order, each once. */
static void
sort_all(Cells *cells)
{
	int64		n = 0;

	if (*cells->n_sorted == *cells->n_used)
		return;
	sort_cells(cells->cell, (size_t) *cells->n_used);
	for (int64 i = 1; i < *cells->n_used; i++)
	{
		affinity_base_look_up((uint64) i);
		if (compare_keys(&cells->cell[n], &cells->cell[i]) == 0)
			add_to(&cells->cell[n], &cells->cell[i]);
		else
			cells->cell[++n] = cells->cell[i];
	}
	*cells->n_sorted = *cells->n_used = n + 1;
}

/* Room for one more cell, in the context of the others. */
static void
make_room(Cells *cells)
{
	MemoryContext old;
	Cells		larger;

	if (*cells->n_used - *cells->n_sorted >=
		LOOSE_CELLS + *cells->n_sorted / LOOSE_PART)
		sort_all(cells);
	if (*cells->n_used < cells->room)
		return;
	old = MemoryContextSwitchTo(cells->context);
	larger = cells_of(new_array(cells->room + cells->room / LOOSE_PART +
								LOOSE_CELLS));
	MemoryContextSwitchTo(old);
	*larger.n_sorted = *cells->n_sorted;
	*larger.n_used = *cells->n_used;
	memcpy(larger.cell, cells->cell, sizeof(Cell) * (Size) *cells->n_used);
	larger.context = cells->context;
	*cells = larger;
}

/* Add a cell to the one with its key. */
void
affinity_retention_cells_add(Cells *cells, const Cell *cell)
{
	Cell	   *found = find_cell(cells, cell);

	if (found != NULL)
	{
		add_to(found, cell);
		return;
	}
	make_room(cells);
	/* what comes in order stays in order */
	if (*cells->n_sorted == *cells->n_used &&
		(*cells->n_used == 0 ||
		 compare_keys(&cells->cell[*cells->n_used - 1], cell) < 0))
		++* cells->n_sorted;
	cells->cell[(*cells->n_used)++] = *cell;
}

/*
 * The cells in order. The state stays as it is: another final function may
 * share it.
 */
Cells
affinity_retention_cells_sorted(const Cells *cells)
{
	ArrayType  *copy;
	Cells		sorted;

	if (*cells->n_sorted == *cells->n_used)
		return *cells;
	copy = palloc(VARSIZE(cells->array));
	memcpy(copy, cells->array, VARSIZE(cells->array));
	sorted = cells_of(copy);
	sorted.context = CurrentMemoryContext;
	sort_all(&sorted);
	return sorted;
}
