/*
 * rank.c
 *		The aggregate log_rank: rows into cells, and cells into a test.
 *
 * The transition value is a log as that of type survival, whose entries have
 * the number of a cell; the names of cells, of a group and a stratum each,
 * stand in front of them. Groups and strata are told apart by their text.
 * Only the aggregate makes such values; but as anybody can make another one
 * over its functions, what they say is checked before it is believed.
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "base/compare.h"
#include "base/kept.h"
#include "eventlog/eventlog.h"
#include "kernel/tail.h"
#include "survival/rank.h"

PG_FUNCTION_INFO_V1(affinity_survival_rank_accum);
PG_FUNCTION_INFO_V1(affinity_survival_rank_combine);
PG_FUNCTION_INFO_V1(affinity_survival_rank_final);

#define GROUP_ARG 1
#define DURATION_ARG 2
#define EVENT_ARG 3
#define STRATUM_ARG 4
#define WEIGHTS_ARG 5
#define ENTRY_ARG 6

#define RANK_AGGREGATES "Call affinity.log_rank."
#define GROUPS_MAX 1000
#define NO_STRATUM PG_UINT32_MAX

static const char *const weight_names[] = {
	"log_rank", "wilcoxon", "tarone_ware", "peto", "fleming_harrington"
};

/*
 * In front of a cell's group and stratum, padded to 8 bytes. From the first
 * name on they are a tree by the bits of their hashes.
 */
typedef struct CellName
{
	uint32		hash;
	uint32		group_len;
	uint32		stratum_len;	/* NO_STRATUM: it is NULL */
	uint32		number;			/* of the cell */
	uint32		below[2];		/* offsets of names, which are larger; 0: none */
	char		data[FLEXIBLE_ARRAY_MEMBER];
} CellName;

#define CELL_HEADER offsetof(CellName, data)

/* A group and a stratum as text. */
typedef struct Cell
{
	const char *group;
	uint32		group_len;
	const char *stratum;
	uint32		stratum_len;
} Cell;

typedef struct RankCall
{
	FmgrInfo	group_out;
	FmgrInfo	stratum_out;
	bool		group_is_text;
	bool		stratum_is_text;
	LogRankWeights weights;
	char		weights_text[EVENT_CALL_TEXT];
} RankCall;

static void
damaged(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
			 errmsg("invalid state of log_rank")));
}

static uint32
stratum_bytes(uint32 len)
{
	return len == NO_STRATUM ? 0 : len;
}

static Size
name_size(Size group_len, uint32 stratum_len)
{
	return MAXALIGN(CELL_HEADER + group_len + stratum_bytes(stratum_len));
}

/* The name at an offset, within what is in use. */
static const CellName *
name_at(const SurvivalLog *log, Size offset)
{
	const CellName *name = (const CellName *) (log->data + offset);

	if (offset > log->names_used || offset != MAXALIGN(offset) ||
		log->names_used - offset < CELL_HEADER ||
		name_size(name->group_len, name->stratum_len) >
		log->names_used - offset)
		damaged();
	return name;
}

static bool
is_cell(const CellName *name, const Cell *cell, uint32 hash)
{
	return name->hash == hash && name->group_len == cell->group_len &&
		name->stratum_len == cell->stratum_len &&
		memcmp(name->data, cell->group, cell->group_len) == 0 &&
		memcmp(name->data + cell->group_len, cell->stratum,
			   stratum_bytes(cell->stratum_len)) == 0;
}

/* The number of a cell, which is new or not. */
static SurvivalLog *
find_cell(SurvivalLog *log, const Cell *cell, uint32 *number)
{
	uint32		hash = hash_bytes((const unsigned char *) cell->group,
								  (int) cell->group_len) ^
		(hash_bytes((const unsigned char *) cell->stratum,
					(int) stratum_bytes(cell->stratum_len)) * 31);
	Size		size = name_size(cell->group_len, cell->stratum_len);
	uint32		above = 0;
	uint32		side = 0;
	uint32		depth = 0;
	CellName   *name;

	while (log->names_used > 0)
	{
		const CellName *known = name_at(log, above);

		if (is_cell(known, cell, hash))
		{
			if (known->number >= log->n_cells)
				damaged();
			*number = known->number;
			return log;
		}
		side = depth < 32 ? hash >> depth++ & 1 : 0;
		if (known->below[side] == 0)
			break;
		if (known->below[side] <= above)
			damaged();
		above = known->below[side];
	}
	if (log->n_cells >= SURVIVAL_CELLS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("more than %u groups and strata", SURVIVAL_CELLS)));
	log = affinity_survival_log_names(log, size);
	name = (CellName *) (log->data + log->names_used);
	memset(name, 0, size);
	name->hash = hash;
	name->group_len = cell->group_len;
	name->stratum_len = cell->stratum_len;
	name->number = *number = log->n_cells++;
	if (log->names_used > 0)
		((CellName *) (log->data + above))->below[side] = log->names_used;
	memcpy(name->data, cell->group, cell->group_len);
	memcpy(name->data + cell->group_len, cell->stratum,
		   stratum_bytes(cell->stratum_len));
	log->names_used += (uint32) size;
	return log;
}

/* ---- rows --------------------------------------------------------------- */

static bool
learn_output(FunctionCallInfo fcinfo, int arg, FmgrInfo *out)
{
	Oid			type = affinity_base_arg_type(fcinfo, arg);
	Oid			function;
	bool		is_varlena;

	if (!OidIsValid(type))
		elog(ERROR, "could not determine the type of argument %d", arg);
	getTypeOutputInfo(type, &function, &is_varlena);
	fmgr_info_cxt(function, out, fcinfo->flinfo->fn_mcxt);
	return type == TEXTOID || type == VARCHAROID;
}

static RankCall *
rank_call(FunctionCallInfo fcinfo)
{
	RankCall   *call = affinity_base_resume(fcinfo, NULL);

	if (call == NULL)
	{
		affinity_base_check_aggregate(fcinfo, RANK_AGGREGATES);
		call = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt,
									  sizeof(RankCall));
		call->group_is_text = learn_output(fcinfo, GROUP_ARG,
										   &call->group_out);
		if (PG_NARGS() > STRATUM_ARG)
			call->stratum_is_text = learn_output(fcinfo, STRATUM_ARG,
												 &call->stratum_out);
		affinity_base_keep(fcinfo, call);
	}
	if (PG_NARGS() > WEIGHTS_ARG &&
		!affinity_eventlog_same_text(fcinfo, WEIGHTS_ARG, call->weights_text))
	{
		char	   *given = affinity_base_text_arg(fcinfo, WEIGHTS_ARG,
												   "weights");
		size_t		i = 0;

		while (i < lengthof(weight_names) &&
			   pg_strcasecmp(given, weight_names[i]) != 0)
			i++;
		if (i == lengthof(weight_names))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("unknown weights \"%s\"", given),
					 errhint("Weights are log_rank, wilcoxon, tarone_ware, peto and fleming_harrington.")));
		call->weights = (LogRankWeights) i;
		affinity_eventlog_keep_text(call->weights_text, given);
	}
	return call;
}

static const char *
text_of(Datum value, bool is_text, FmgrInfo *out, uint32 *len)
{
	char	   *bytes;

	if (is_text)
	{
		text	   *given = DatumGetTextPP(value);

		*len = (uint32) VARSIZE_ANY_EXHDR(given);
		return VARDATA_ANY(given);
	}
	bytes = OutputFunctionCall(out, value);
	*len = (uint32) strlen(bytes);
	return bytes;
}

static void
check_weights(const SurvivalLog *log, uint8 weights)
{
	if (log->weights != weights)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("weights must be the same for all rows")));
}

/* (state, group, duration, event [, stratum [, weights [, entry]]]) */
Datum
affinity_survival_rank_accum(PG_FUNCTION_ARGS)
{
	RankCall   *call = rank_call(fcinfo);
	Cell		cell = {NULL, 0, "", NO_STRATUM};
	SurvivalLog *log;
	uint32		number;

	if (PG_ARGISNULL(GROUP_ARG) || PG_ARGISNULL(DURATION_ARG) ||
		PG_ARGISNULL(EVENT_ARG))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	if (PG_ARGISNULL(0))
	{
		log = affinity_survival_log_new(SURVIVAL_RANK_MAGIC);
		log->weights = (uint8) call->weights;
	}
	else
		log = affinity_survival_log_of(PG_GETARG_DATUM(0),
									   SURVIVAL_RANK_MAGIC);
	check_weights(log, (uint8) call->weights);
	cell.group = text_of(PG_GETARG_DATUM(GROUP_ARG), call->group_is_text,
						 &call->group_out, &cell.group_len);
	if (PG_NARGS() > STRATUM_ARG && !PG_ARGISNULL(STRATUM_ARG))
		cell.stratum = text_of(PG_GETARG_DATUM(STRATUM_ARG),
							   call->stratum_is_text, &call->stratum_out,
							   &cell.stratum_len);
	log = find_cell(log, &cell, &number);
	PG_RETURN_POINTER(affinity_survival_add_row(fcinfo, log, number,
												DURATION_ARG, ENTRY_ARG, 1));
}

/* The names of all cells of a log, which are as many as it says. */
static Cell *
cells_of(const SurvivalLog *log)
{
	Cell	   *cells;
	Size		offset = 0;

	if (log->n_cells > SURVIVAL_CELLS)
		damaged();
	cells = affinity_base_array(log->n_cells, sizeof(Cell));
	for (uint32 i = 0; i < log->n_cells; i++)
	{
		const CellName *name = name_at(log, offset);

		cells[i].group = name->data;
		cells[i].group_len = name->group_len;
		cells[i].stratum = name->data + name->group_len;
		cells[i].stratum_len = name->stratum_len;
		offset += name_size(name->group_len, name->stratum_len);
	}
	if (offset != log->names_used)
		damaged();
	return cells;
}

/* strict */
Datum
affinity_survival_rank_combine(PG_FUNCTION_ARGS)
{
	SurvivalLog *a;
	SurvivalLog *b;
	Cell	   *cells;
	uint32	   *number;

	affinity_base_check_aggregate(fcinfo, RANK_AGGREGATES);
	a = affinity_survival_log_of(PG_GETARG_DATUM(0), SURVIVAL_RANK_MAGIC);
	b = affinity_survival_log_of(PG_GETARG_DATUM(1), SURVIVAL_RANK_MAGIC);
	check_weights(a, b->weights);
	cells = cells_of(b);
	number = affinity_base_array(b->n_cells, sizeof(uint32));
	for (uint32 i = 0; i < b->n_cells; i++)
	{
		affinity_base_look_up(i);
		a = find_cell(a, &cells[i], &number[i]);
	}
	for (uint32 i = 0; i < b->n; i++)
	{
		const SurvivalEntry *entry = &affinity_survival_entries(b)[i];
		uint32		cell = SURVIVAL_ENTRY_CELL(entry);

		affinity_base_look_up(i);
		if (cell >= b->n_cells)
			damaged();
		a = affinity_survival_log_add(a, entry->at,
									  SURVIVAL_WHAT(number[cell],
													SURVIVAL_ENTRY_COUNT(entry),
													SURVIVAL_ENTRY_KIND(entry)));
	}
	PG_RETURN_POINTER(a);
}

/* ---- the result --------------------------------------------------------- */

typedef struct NamedCell
{
	const char *bytes;
	uint32		len;			/* NO_STRATUM first of all */
	uint32		cell;
} NamedCell;

static int
compare_names(const void *a, const void *b)
{
	const NamedCell *x = a;
	const NamedCell *y = b;

	if (x->len == NO_STRATUM || y->len == NO_STRATUM)
		return (x->len != NO_STRATUM) - (y->len != NO_STRATUM);
	return affinity_base_bytes_compare(x->bytes, x->len, y->bytes, y->len);
}

/*
 * Number the groups, or the strata, of cells in order of their names; gives
 * how many there are, and in names the names.
 */
static uint32
number_names(const Cell *cells, uint32 n_cells, bool strata, uint32 *number,
			 NamedCell **names)
{
	NamedCell  *named = affinity_base_array(n_cells, sizeof(NamedCell));
	uint32		n = 0;

	for (uint32 i = 0; i < n_cells; i++)
	{
		named[i].bytes = strata ? cells[i].stratum : cells[i].group;
		named[i].len = strata ? cells[i].stratum_len : cells[i].group_len;
		named[i].cell = i;
	}
	qsort(named, n_cells, sizeof(NamedCell), compare_names);
	for (uint32 i = 0; i < n_cells; i++)
	{
		if (n == 0 || compare_names(&named[n - 1], &named[i]) != 0)
			named[n++] = named[i];
		number[named[i].cell] = n - 1;
	}
	*names = named;
	return n;
}

/* What the entries say, by group and stratum. */
static RankRow *
rows_of(const SurvivalLog *log, const uint32 *group, const uint32 *stratum)
{
	const SurvivalEntry *entries = affinity_survival_entries(log);
	RankRow    *rows = affinity_base_array(log->n, sizeof(RankRow));

	for (uint32 i = 0; i < log->n; i++)
	{
		uint32		cell = SURVIVAL_ENTRY_CELL(&entries[i]);

		affinity_base_look_up(i);
		if (cell >= log->n_cells || (entries[i].what & 3) > SURVIVAL_ENTERED ||
			isnan(entries[i].at))
			damaged();
		rows[i].at = entries[i].at;
		rows[i].stratum = stratum[cell];
		rows[i].group = group[cell];
		rows[i].count = SURVIVAL_ENTRY_COUNT(&entries[i]);
		rows[i].kind = SURVIVAL_ENTRY_KIND(&entries[i]);
	}
	return rows;
}

static Datum
array_of(const void *values, uint32 n, Oid type)
{
	Datum	   *datums = affinity_base_array(n, sizeof(Datum));

	for (uint32 i = 0; i < n; i++)
	{
		const NamedCell *name = (const NamedCell *) values + i;

		if (type == TEXTOID)
			datums[i] = PointerGetDatum(cstring_to_text_with_len(name->bytes,
																 (int) name->len));
		else if (type == INT8OID)
			datums[i] = Int64GetDatum(((const int64 *) values)[i]);
		else
			datums[i] = Float8GetDatum(((const double *) values)[i]);
	}
	if (type == TEXTOID)
		return PointerGetDatum(construct_array(datums, (int) n, type, -1,
											   false, TYPALIGN_INT));
	return PointerGetDatum(construct_array(datums, (int) n, type,
										   sizeof(int64), FLOAT8PASSBYVAL,
										   TYPALIGN_DOUBLE));
}

/* strict */
Datum
affinity_survival_rank_final(PG_FUNCTION_ARGS)
{
	SurvivalLog *log;
	Cell	   *cells;
	uint32	   *group;
	uint32	   *stratum;
	NamedCell  *names;
	NamedCell  *strata;
	RankTest	test = {0};
	TupleDesc	desc;
	int64		df;
	double		statistic;
	Datum		values[7];
	bool		nulls[7] = {false};

	affinity_base_check_aggregate(fcinfo, RANK_AGGREGATES);
	log = affinity_survival_log_of(PG_GETARG_DATUM(0), SURVIVAL_RANK_MAGIC);
	cells = cells_of(log);
	group = affinity_base_array(log->n_cells, sizeof(uint32));
	stratum = affinity_base_array(log->n_cells, sizeof(uint32));
	(void) number_names(cells, log->n_cells, true, stratum, &strata);
	test.n_groups = number_names(cells, log->n_cells, false, group, &names);
	test.weights = (LogRankWeights) log->weights;
	if (test.n_groups > GROUPS_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("%u groups are more than %d", test.n_groups,
						GROUPS_MAX),
				 errhint("Put groups together, such as countries into regions.")));
	affinity_survival_test(&test, rows_of(log, group, stratum), log->n);
	statistic = affinity_survival_test_statistic(&test, &df);
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	nulls[0] = nulls[2] = isnan(statistic);
	values[0] = Float8GetDatum(statistic);
	values[1] = Int64GetDatum(df);
	values[2] = Float8GetDatum(df < 1 ? 0 :
							   affinity_kernel_chi_square_tail(statistic,
															   (double) df));
	values[3] = array_of(names, test.n_groups, TEXTOID);
	values[4] = array_of(test.n, test.n_groups, INT8OID);
	values[5] = array_of(test.observed, test.n_groups, INT8OID);
	values[6] = array_of(test.expected, test.n_groups, FLOAT8OID);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc),
													  values, nulls)));
}
