/*
 * edges.c
 *		path_edges: from the pages of sessions to the flows between them.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "base/call.h"
#include "sequence/paths.h"

PG_FUNCTION_INFO_V1(affinity_sequence_edges_accum);
PG_FUNCTION_INFO_V1(affinity_sequence_edges_combine);
PG_FUNCTION_INFO_V1(affinity_sequence_edges_final);

#define PAGES_ARG 1
#define DEPTH_ARG 2
#define TOP_ARG 3
#define EXITS_ARG 4

#define AGGREGATE_HINT "Call affinity.path_edges."

#define COLUMNS 4

/* A count of at least 1; not given or NULL is all. */
static int32
count_arg(FunctionCallInfo fcinfo, int arg, const char *name, const char *hint)
{
	int64		count;

	if (PG_NARGS() <= arg || PG_ARGISNULL(arg))
		return PG_INT32_MAX;
	count = PG_GETARG_INT64(arg);
	if (count < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be 1 or more, but is %lld", name,
						(long long) count),
				 errhint("%s", hint)));
	return affinity_base_count_arg(count);
}

static void
check_alike(const PathOptions *a, const PathOptions *b)
{
	if (memcmp(a, b, sizeof(PathOptions)) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("depth, top and exits must be the same for all rows of a group"),
				 errhint("Give constants, or add them to GROUP BY.")));
}

/* The state of the group, to which this row's options belong. */
static Paths *
paths_of_group(FunctionCallInfo fcinfo)
{
	MemoryContext context = affinity_base_check_aggregate(fcinfo,
														  AGGREGATE_HINT);
	PathOptions options;
	Paths	   *paths;

	options.depth = count_arg(fcinfo, DEPTH_ARG, "depth",
							  "It is how many steps to show; NULL is all.");
	options.top = count_arg(fcinfo, TOP_ARG, "top",
							"It is how many pages to show of each step; NULL is all.");
	options.exits = PG_NARGS() > EXITS_ARG && !PG_ARGISNULL(EXITS_ARG) &&
		PG_GETARG_BOOL(EXITS_ARG);
	if (PG_ARGISNULL(0))
		return affinity_sequence_paths_create(context, &options);
	paths = affinity_sequence_paths_own(PG_GETARG_DATUM(0), context);
	check_alike(&paths->options, &options);
	return paths;
}

/* (state, pages [, depth [, top [, exits]]]) */
Datum
affinity_sequence_edges_accum(PG_FUNCTION_ARGS)
{
	Paths	   *paths = paths_of_group(fcinfo);
	Datum	   *page;
	bool	   *null;
	uint64		work = 0;
	uint32		before = 0;
	int32		step = -1;
	int			n;

	if (PG_ARGISNULL(PAGES_ARG))
		PG_RETURN_DATUM(EOHPGetRWDatum(&paths->hdr));
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(PAGES_ARG), TEXTOID, -1, false,
					  TYPALIGN_INT, &page, &null, &n);
	for (int i = 0; i < n && step < paths->options.depth; i++)
	{
		const		text *value;
		uint32		label;

		affinity_base_look_after(&work, 1);
		if (null[i])
			continue;
		value = DatumGetTextPP(page[i]);
		affinity_base_look_after(&work, VARSIZE_ANY_EXHDR(value));
		label = affinity_sequence_paths_label(paths, VARDATA_ANY(value),
											  VARSIZE_ANY_EXHDR(value));
		if (step >= 0)
			affinity_sequence_paths_count(paths, step, before, label, 1);
		before = label;
		step++;
	}
	if (step >= 0 && step < paths->options.depth)
		affinity_sequence_paths_count(paths, step, before, PATH_EXIT, 1);
	PG_RETURN_DATUM(EOHPGetRWDatum(&paths->hdr));
}

/* The edges of one state are counted in the other, too. */
static void
add_paths(Paths *to, const Paths *from)
{
	uint32	   *number = affinity_base_array(from->n_labels, sizeof(uint32));
	uint32		n;
	PathEdge   *edge = affinity_sequence_paths_edges(from, &n);
	uint64		work = 0;

	for (uint32 i = 0; i < from->n_labels; i++)
	{
		affinity_base_look_after(&work, 1 + (uint64) from->label[i].len);
		number[i] = affinity_sequence_paths_label(to, from->label[i].bytes,
												  from->label[i].len);
	}
	for (uint32 i = 0; i < n; i++)
	{
		affinity_base_look_up(i);
		affinity_sequence_paths_count(to, edge[i].step,
									  number[edge[i].source],
									  edge[i].target == PATH_EXIT ? PATH_EXIT :
									  number[edge[i].target],
									  edge[i].sessions);
	}
	pfree(edge);
	pfree(number);
}

/* strict */
Datum
affinity_sequence_edges_combine(PG_FUNCTION_ARGS)
{
	MemoryContext context = affinity_base_check_aggregate(fcinfo,
														  AGGREGATE_HINT);
	Paths	   *a = affinity_sequence_paths_own(PG_GETARG_DATUM(0), context);
	Paths	   *b = affinity_sequence_paths_arg(PG_GETARG_DATUM(1),
												CurrentMemoryContext);

	check_alike(&a->options, &b->options);
	if (a != b)
		add_paths(a, b);
	PG_RETURN_DATUM(EOHPGetRWDatum(&a->hdr));
}

/* The row type of an edge, once for each call site. */
static TupleDesc
edge_columns(FunctionCallInfo fcinfo)
{
	TupleDesc	columns = fcinfo->flinfo->fn_extra;
	MemoryContext old;

	if (columns != NULL)
		return columns;
	old = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
	columns = lookup_rowtype_tupdesc_copy(get_element_type(affinity_base_return_type(fcinfo)),
										  -1);
	if (columns->natts != COLUMNS)
		elog(ERROR, "an edge must have %d columns", COLUMNS);
	fcinfo->flinfo->fn_extra = columns;
	MemoryContextSwitchTo(old);
	return columns;
}

static Datum
label_datum(PathLabel label)
{
	return PointerGetDatum(cstring_to_text_with_len(label.bytes,
													(int) label.len));
}

/* strict */
Datum
affinity_sequence_edges_final(PG_FUNCTION_ARGS)
{
	TupleDesc	columns;
	PathFlows	flows;
	ArrayBuildState *edges;
	MemoryContext outside = CurrentMemoryContext;
	MemoryContext aside;
	uint64		work = 0;

	affinity_base_check_aggregate(fcinfo, AGGREGATE_HINT);
	columns = edge_columns(fcinfo);
	affinity_sequence_flows(affinity_sequence_paths_arg(PG_GETARG_DATUM(0),
														outside), &flows);
	edges = initArrayResult(columns->tdtypeid, outside, false);
	aside = AllocSetContextCreate(outside, "affinity path edge",
								  ALLOCSET_DEFAULT_SIZES);
	for (uint32 i = 0; i < flows.n; i++)
	{
		const PathEdge *edge = &flows.edge[i];
		Datum		values[COLUMNS];
		bool		nulls[COLUMNS] = {false};
		Datum		row;

		affinity_base_look_after(&work, 1 +
								 (uint64) flows.label[edge->source].len +
								 flows.label[edge->target].len);
		MemoryContextSwitchTo(aside);
		values[0] = Int64GetDatum(edge->step);
		values[1] = label_datum(flows.label[edge->source]);
		values[2] = label_datum(flows.label[edge->target]);
		values[3] = Int64GetDatum(edge->sessions);
		row = HeapTupleGetDatum(heap_form_tuple(columns, values, nulls));
		MemoryContextSwitchTo(outside);
		accumArrayResult(edges, row, false, columns->tdtypeid, outside);
		MemoryContextReset(aside);
	}
	PG_RETURN_DATUM(makeArrayResult(edges, outside));
}
