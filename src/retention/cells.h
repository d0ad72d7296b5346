/*
 * cells.h
 *		Rows of reports on states of different users, summed: what
 *		retention_sum and its like keep. Private to them.
 *
 * The state is a bigint[], so that any engine can move it: two counters, then
 * CELL_WIDTH elements for each cell, of which those that are in order come
 * first. New cells are put behind them, and sorted in when they are many.
 */
#ifndef AFFINITY_RETENTION_CELLS_H
#define AFFINITY_RETENTION_CELLS_H

#include "postgres.h"

#include "access/tupdesc.h"
#include "fmgr.h"
#include "utils/array.h"

#define CELL_SUMS 5

typedef struct Cell
{
	int64		key[2];			/* a time or a number, and a period or 0 */
	int64		n_rows;			/* of how many reports */
	int64		n_complete;		/* in how many of these it is complete */
	int64		start;			/* what is no sum; NO_TIME: null */
	int64		sum[CELL_SUMS];
} Cell;

#define CELL_WIDTH (int) (sizeof(Cell) / sizeof(int64))
#define NO_TIME PG_INT64_MIN

/* The cells of a state, which is an array. */
typedef struct Cells
{
	ArrayType  *array;
	int64	   *n_sorted;		/* the counters, in it */
	int64	   *n_used;
	Cell	   *cell;
	int64		room;
	MemoryContext context;		/* where they grow */
} Cells;

/* cells.c */
extern Cells affinity_retention_cells_state(FunctionCallInfo fcinfo, int arg,
											bool own);
extern void affinity_retention_cells_add(Cells *cells, const Cell *cell);
extern Cells affinity_retention_cells_sorted(const Cells *cells);

#endif							/* AFFINITY_RETENTION_CELLS_H */
