/*
 * summary.c
 *		session_summaries: the sessions of one user, with what is in each.
 *
 * The state keeps every row. It is a bytea: header, then for each row its
 * time (8 bytes), the lengths of its page and campaign (4 each), and these.
 * What lies behind the bytes in use is room to append to. As anybody can make
 * an aggregate of these functions, what a value says is checked before it is
 * believed.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "common/int.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#include "base/call.h"
#include "base/kept.h"
#include "sequence/cut.h"
#include "sequence/sequence.h"

PG_FUNCTION_INFO_V1(affinity_sequence_summary_accum);
PG_FUNCTION_INFO_V1(affinity_sequence_summary_combine);
PG_FUNCTION_INFO_V1(affinity_sequence_summary_final);

/* Arguments of the transition function. */
#define TIME_ARG 1
#define PAGE_ARG 2
#define GAP_ARG 3
#define CAMPAIGN_ARG 4
#define LONGEST_ARG 5

#define COLUMNS 10
#define ROW_HEADER (sizeof(int64) + 2 * sizeof(uint32))
#define NO_TEXT PG_UINT32_MAX	/* the length of one that is NULL */
#define ROOM_AT_FIRST 192

typedef struct SummaryState
{
	int32		vl_len_;		/* varlena header: all room, used or not */
	uint32		used;			/* bytes of data in use */
	uint32		n_rows;
	uint32		time_kind;		/* EventTime */
	int64		gap;
	uint64		longest;
	char		data[FLEXIBLE_ARRAY_MEMBER];
} SummaryState;

#define SUMMARY_HEADER offsetof(SummaryState, data)

/* What a call site learned. */
typedef struct SummaryCall
{
	Oid			time_type;
	Oid			gap_type;
	Oid			longest_type;
	SpanText	gap;
	SpanText	longest;
} SummaryCall;

/* A text in a state; without bytes it is NULL. */
typedef struct RowText
{
	const char *bytes;
	uint32		len;
} RowText;

typedef struct SummaryRow
{
	int64		at;
	RowText		page;
	RowText		campaign;
} SummaryRow;

/* Types of the result, once for each call site. */
typedef struct SummaryResult
{
	TupleDesc	columns;
	Oid			session_type;
	EventTime	time_kind;
} SummaryResult;

static SummaryCall *
summary_call(FunctionCallInfo fcinfo)
{
	SummaryCall *call;

	call = affinity_base_resume(fcinfo, NULL);
	if (call != NULL)
		return call;
	affinity_base_check_aggregate(fcinfo, "Call affinity.session_summaries.");
	call = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt,
								  sizeof(SummaryCall));
	call->time_type = affinity_base_arg_type(fcinfo, TIME_ARG);
	call->gap_type = affinity_base_arg_type(fcinfo, GAP_ARG);
	if (PG_NARGS() > LONGEST_ARG)
		call->longest_type = affinity_base_arg_type(fcinfo, LONGEST_ARG);
	affinity_base_keep(fcinfo, call);
	return call;
}

pg_noreturn static void
invalid_state(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
			 errmsg("invalid state of session_summaries")));
}

/*
 * A transition value; in an aggregate of somebody else's, it may be anything.
 */
static SummaryState *
summary_state(Datum value)
{
	SummaryState *state = (SummaryState *) PG_DETOAST_DATUM(value);

	if (VARSIZE(state) < SUMMARY_HEADER ||
		state->used > VARSIZE(state) - SUMMARY_HEADER ||
		state->n_rows > state->used / ROW_HEADER || state->gap < 0 ||
		state->time_kind > EVENT_TIME_TIMESTAMPTZ)
		invalid_state();
	return state;
}

static void
check_alike(const SummaryState *state, uint32 time_kind, int64 gap,
			uint64 longest)
{
	if (state->time_kind != time_kind || state->gap != gap ||
		state->longest != longest)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("gap and max_length must be the same for all rows of a group"),
				 errhint("Give constants, or add the gap to GROUP BY.")));
}

/* Where the row's text begins, and its length. */
static RowText
text_arg(FunctionCallInfo fcinfo, int arg)
{
	RowText		result = {NULL, NO_TEXT};
	const		text *value;

	if (PG_NARGS() <= arg || PG_ARGISNULL(arg))
		return result;
	value = PG_GETARG_TEXT_PP(arg);
	result.bytes = VARDATA_ANY(value);
	result.len = VARSIZE_ANY_EXHDR(value);
	return result;
}

static Size
text_size(RowText value)
{
	return value.bytes == NULL ? 0 : value.len;
}

static SummaryState *
append_row(SummaryState *state, const SummaryRow *row)
{
	Size		size = ROW_HEADER + text_size(row->page) +
		text_size(row->campaign);
	char	   *to;

	state = affinity_sequence_grow(state, SUMMARY_HEADER + state->used, size);
	to = state->data + state->used;
	memcpy(to, &row->at, sizeof(int64));
	memcpy(to + sizeof(int64), &row->page.len, sizeof(uint32));
	memcpy(to + sizeof(int64) + sizeof(uint32), &row->campaign.len,
		   sizeof(uint32));
	to += ROW_HEADER;
	if (row->page.bytes != NULL)
		memcpy(to, row->page.bytes, row->page.len);
	to += text_size(row->page);
	if (row->campaign.bytes != NULL)
		memcpy(to, row->campaign.bytes, row->campaign.len);
	state->used += (uint32) size;
	state->n_rows++;
	return state;
}

/* (state, at, page, gap [, campaign [, max_length]]) */
Datum
affinity_sequence_summary_accum(PG_FUNCTION_ARGS)
{
	SummaryCall *call = summary_call(fcinfo);
	NullableDatum longest_value = {(Datum) 0, true};
	SummaryState *state;
	SummaryRow	row;
	uint32		time_kind = affinity_eventlog_time_kind(call->time_type);
	int64		gap;
	uint64		longest;

	gap = affinity_sequence_gap(&call->gap, call->gap_type, call->time_type,
								fcinfo->args[GAP_ARG]);
	if (PG_NARGS() > LONGEST_ARG)
		longest_value = fcinfo->args[LONGEST_ARG];
	longest = affinity_sequence_longest(&call->longest, call->longest_type,
										call->time_type, longest_value);
	if (PG_ARGISNULL(0))
	{
		state = palloc0(SUMMARY_HEADER + ROOM_AT_FIRST);
		SET_VARSIZE(state, SUMMARY_HEADER + ROOM_AT_FIRST);
		state->time_kind = time_kind;
		state->gap = gap;
		state->longest = longest;
	}
	else
	{
		state = summary_state(PG_GETARG_DATUM(0));
		check_alike(state, time_kind, gap, longest);
	}
	if (PG_ARGISNULL(TIME_ARG))
		PG_RETURN_POINTER(state);
	row.at = affinity_sequence_time_of(PG_GETARG_DATUM(TIME_ARG),
									   call->time_type);
	row.page = text_arg(fcinfo, PAGE_ARG);
	row.campaign = text_arg(fcinfo, CAMPAIGN_ARG);
	PG_RETURN_POINTER(append_row(state, &row));
}

/* strict */
Datum
affinity_sequence_summary_combine(PG_FUNCTION_ARGS)
{
	SummaryState *a;
	SummaryState *b;

	affinity_base_check_aggregate(fcinfo, "Call affinity.session_summaries.");
	a = summary_state(PG_GETARG_DATUM(0));
	b = summary_state(PG_GETARG_DATUM(1));
	check_alike(a, b->time_kind, b->gap, b->longest);
	a = affinity_sequence_grow(a, SUMMARY_HEADER + a->used, b->used);
	memcpy(a->data + a->used, b->data, b->used);
	a->used += b->used;
	a->n_rows += b->n_rows;
	PG_RETURN_POINTER(a);
}

/* As ORDER BY has it: NULL comes last. */
static int
compare_texts(RowText a, RowText b)
{
	if (a.bytes == NULL || b.bytes == NULL)
		return (a.bytes == NULL) - (b.bytes == NULL);
	return affinity_base_bytes_compare(a.bytes, a.len, b.bytes, b.len);
}

/* By time; rows of one instant by page, then by campaign. */
static int
compare_rows(const SummaryRow *a, const SummaryRow *b)
{
	int			order;

	if (a->at != b->at)
		return a->at < b->at ? -1 : 1;
	order = compare_texts(a->page, b->page);
	return order != 0 ? order : compare_texts(a->campaign, b->campaign);
}

#define ST_SORT sort_summary_rows
#define ST_ELEMENT_TYPE SummaryRow
#define ST_COMPARE(a, b) compare_rows(a, b)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DECLARE
#define ST_DEFINE
#include "lib/sort_template.h"

/* The text of this length that is next, which must be one. */
static RowText
next_text(const char **from, const char *end, uint32 len)
{
	RowText		result = {NULL, NO_TEXT};

	if (len == NO_TEXT)
		return result;
	if ((Size) (end - *from) < len)
		invalid_state();
	result.bytes = *from;
	result.len = len;
	*from += len;
	/* the state may have come from elsewhere */
	pg_verifymbstr(result.bytes, (int) len, false);
	return result;
}

/* The rows in order, in the current context. */
static SummaryRow *
sorted_rows(const SummaryState *state)
{
	SummaryRow *row = affinity_base_array(state->n_rows, sizeof(SummaryRow));
	const char *from = state->data;
	const char *end = state->data + state->used;

	for (uint32 i = 0; i < state->n_rows; i++)
	{
		uint32		page_len;
		uint32		campaign_len;

		affinity_base_look_up(i);
		if ((Size) (end - from) < ROW_HEADER)
			invalid_state();
		memcpy(&row[i].at, from, sizeof(int64));
		memcpy(&page_len, from + sizeof(int64), sizeof(uint32));
		memcpy(&campaign_len, from + sizeof(int64) + sizeof(uint32),
			   sizeof(uint32));
		if (state->time_kind != EVENT_TIME_INTEGER &&
			!IS_VALID_TIMESTAMP(row[i].at))
			invalid_state();
		from += ROW_HEADER;
		row[i].page = next_text(&from, end, page_len);
		row[i].campaign = next_text(&from, end, campaign_len);
	}
	sort_summary_rows(row, state->n_rows);
	return row;
}

static SummaryResult *
summary_result(FunctionCallInfo fcinfo)
{
	SummaryResult *result = fcinfo->flinfo->fn_extra;
	MemoryContext old;

	if (result != NULL)
		return result;
	old = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
	result = palloc(sizeof(SummaryResult));
	result->session_type =
		get_element_type(affinity_base_return_type(fcinfo));
	if (!OidIsValid(result->session_type))
		elog(ERROR, "session_summaries must return an array");
	result->columns = lookup_rowtype_tupdesc_copy(result->session_type, -1);
	if (result->columns->natts != COLUMNS)
		elog(ERROR, "a session must have %d columns", COLUMNS);
	result->time_kind =
		affinity_eventlog_time_kind(TupleDescAttr(result->columns, 1)->atttypid);
	MemoryContextSwitchTo(old);
	fcinfo->flinfo->fn_extra = result;
	return result;
}

/* How long a session lasted: a number or, as SQL has it, an interval. */
static Datum
duration(EventTime kind, int64 first, int64 last)
{
	int64		length;

	if (pg_sub_s64_overflow(last, first, &length))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("a session from %lld to %lld is too long",
						(long long) first, (long long) last),
				 errhint("Use a smaller gap, or a max_length.")));
	if (kind == EVENT_TIME_INTEGER)
		return Int64GetDatum(length);
	return DirectFunctionCall2(timestamp_mi, TimestampGetDatum(last),
							   TimestampGetDatum(first));
}

static Datum
text_datum(RowText value, bool *null)
{
	*null = value.bytes == NULL;
	return *null ? (Datum) 0 :
		PointerGetDatum(cstring_to_text_with_len(value.bytes,
												 (int) value.len));
}

/* A row must fit into a value, and texts of it stand there up to twice. */
static void
check_size(const SummaryRow *row, uint32 n)
{
	Size		bytes = 0;
	Size		longest = 0;

	for (uint32 i = 0; i < n; i++)
	{
		Size		size = Max(text_size(row[i].page),
							   text_size(row[i].campaign));

		affinity_base_look_up(i);
		bytes += text_size(row[i].page) + VARHDRSZ + sizeof(int32);
		longest = Max(longest, size);
	}
	bytes += 3 * longest + 1024;
	if (bytes > MaxAllocSize)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a session of %u events needs %zu bytes, but a value holds at most %zu",
						n, bytes, (Size) MaxAllocSize),
				 errhint("Use shorter pages, such as their beginning: left(page, 100).")));
}

/* One session: its rows as a composite, in the current context. */
static Datum
session_of(const SummaryResult *result, int64 number, const SummaryRow *row,
		   uint32 n)
{
	Datum		values[COLUMNS];
	bool		nulls[COLUMNS] = {false};
	RowText		campaign = {NULL, NO_TEXT};
	Datum	   *page = affinity_base_array(n, sizeof(Datum));
	int			n_pages = 0;
	uint32		entry = 0;
	uint32		exit = 0;
	bool		null;

	check_size(row, n);
	for (uint32 i = 0; i < n; i++)
	{
		affinity_base_look_up(i);
		if (campaign.bytes == NULL)
			campaign = row[i].campaign;
		if (row[i].page.bytes == NULL)
			continue;
		if (n_pages == 0)
			entry = i;
		exit = i;
		page[n_pages++] = text_datum(row[i].page, &null);
	}
	values[0] = Int64GetDatum(number);
	values[1] = Int64GetDatum(row[0].at);
	values[2] = Int64GetDatum(row[n - 1].at);
	values[3] = duration(result->time_kind, row[0].at, row[n - 1].at);
	values[4] = Int64GetDatum(n);
	values[5] = text_datum(row[entry].page, &nulls[5]);
	values[6] = text_datum(row[exit].page, &nulls[6]);
	values[7] = BoolGetDatum(n == 1);
	values[8] = text_datum(campaign, &nulls[8]);
	values[9] = PointerGetDatum(construct_array(page, n_pages, TEXTOID, -1,
												false, TYPALIGN_INT));
	return HeapTupleGetDatum(heap_form_tuple(result->columns, values, nulls));
}

/* The next session of a user, which is made aside. */
static void
add_session(ArrayBuildState *sessions, MemoryContext aside,
			const SummaryResult *result, int64 number, const SummaryRow *row,
			uint32 n)
{
	MemoryContext outside = MemoryContextSwitchTo(aside);
	Datum		session = session_of(result, number, row, n);

	MemoryContextSwitchTo(outside);
	accumArrayResult(sessions, session, false, result->session_type, outside);
	MemoryContextReset(aside);
}

/* strict */
Datum
affinity_sequence_summary_final(PG_FUNCTION_ARGS)
{
	SummaryState *state;
	SummaryResult *result;
	SummaryRow *row;
	SessionCut	cut = {0};
	ArrayBuildState *sessions;
	MemoryContext aside;
	uint32		first = 0;

	affinity_base_check_aggregate(fcinfo, "Call affinity.session_summaries.");
	state = summary_state(PG_GETARG_DATUM(0));
	result = summary_result(fcinfo);
	if (result->time_kind != state->time_kind)
		invalid_state();
	row = sorted_rows(state);
	cut.gap = state->gap;
	cut.longest = state->longest;
	sessions = initArrayResult(result->session_type, CurrentMemoryContext,
							   false);
	aside = AllocSetContextCreate(CurrentMemoryContext, "affinity session",
								  ALLOCSET_DEFAULT_SIZES);
	for (uint32 i = 0; i < state->n_rows; i++)
	{
		affinity_base_look_up(i);
		if (!affinity_sequence_cut(&cut, row[i].at, row[i].campaign.bytes,
								   text_size(row[i].campaign)) || i == 0)
			continue;
		add_session(sessions, aside, result, cut.number - 1, row + first,
					i - first);
		first = i;
	}
	if (state->n_rows > 0)
		add_session(sessions, aside, result, cut.number, row + first,
					state->n_rows - first);
	PG_RETURN_DATUM(makeArrayResult(sessions, CurrentMemoryContext));
}
