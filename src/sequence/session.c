/*
 * session.c
 *		sessionize: the number of the session that a row belongs to, as a
 *		window function; and the path after or before an event, on arrays.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"
#include "windowapi.h"

#include "sequence/sequence.h"

/* Of a partition. */
typedef struct SessionState
{
	int64		number;			/* of the session so far; 0: none yet */
	int64		first;			/* when it began */
	int64		last;			/* time of the row before */
	bool		has_campaign;	/* of the session: SessionCall.campaign */
} SessionState;

PG_FUNCTION_INFO_V1(affinity_sequence_sessionize);
PG_FUNCTION_INFO_V1(affinity_sequence_path_after);
PG_FUNCTION_INFO_V1(affinity_sequence_path_before);

/* A span as text, and what it was found to be. */
typedef struct SpanText
{
	int64		length;
	char		text[EVENT_CALL_TEXT];
} SpanText;

/* Of a call, as long as the query lasts: partitions come one by one. */
typedef struct SessionCall
{
	SpanText	gap;
	SpanText	longest;
	char	   *campaign;
	Size		campaign_len;
	Size		campaign_room;
} SessionCall;

/* The length of a span that is text, which hardly changes from row to row. */
static int64
text_span(SpanText *known, const char *name, const text *value, Oid time_type)
{
	Size		len = VARSIZE_ANY_EXHDR(value);
	char	   *text;

	if (len > 0 && len < EVENT_CALL_TEXT &&
		memcmp(VARDATA_ANY(value), known->text, len) == 0 &&
		known->text[len] == '\0')
		return known->length;
	text = text_to_cstring(value);
	known->length = time_type == INT8OID ? affinity_eventlog_number(text)
		: affinity_eventlog_text_length(name, text);
	affinity_eventlog_keep_text(known->text, text);
	return known->length;
}

/* A span of time, which is not null, in units of the time. */
static int64
span(FmgrInfo *flinfo, SpanText *known, int arg, const char *name, Datum value)
{
	Oid			type = get_fn_expr_argtype(flinfo, arg);

	if (type == INT8OID)
		return DatumGetInt64(value);
	if (type == INTERVALOID)
		return affinity_eventlog_interval_length(DatumGetIntervalP(value));
	return text_span(known, name, DatumGetTextPP(value),
					 get_fn_expr_argtype(flinfo, 0));
}

/* The gap in units of the time. */
static int64
gap_arg(FmgrInfo *flinfo, SessionCall *call, WindowObject window)
{
	bool		null;
	Datum		value = WinGetFuncArgCurrent(window, 1, &null);
	int64		gap;

	if (null)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("the gap between sessions must not be null"),
				 errhint("For example interval '30 minutes', or a number in the unit of integer times.")));
	gap = span(flinfo, &call->gap, 1, "gap", value);
	if (gap < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the gap between sessions must not be negative"),
				 errhint("A gap of 0 puts rows of one instant into one session.")));
	return gap;
}

/* How long a session may last, in units of the time; NULL is for ever. */
static uint64
longest_arg(FmgrInfo *flinfo, SessionCall *call, WindowObject window)
{
	bool		null;
	Datum		value = WinGetFuncArgCurrent(window, 3, &null);
	int64		longest;

	if (null)
		return PG_UINT64_MAX;
	longest = span(flinfo, &call->longest, 3, "max_length", value);
	if (longest < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the length of a session must not be negative"),
				 errhint("NULL is no limit: leave max_length out.")));
	return (uint64) longest;
}

/*
 * The campaign of a row, if it has one: is it another than the session's? It
 * is the session's from now on.
 */
static bool
other_campaign(FmgrInfo *flinfo, SessionCall *call, SessionState *state,
			   WindowObject window)
{
	bool		null;
	Datum		value = WinGetFuncArgCurrent(window, 2, &null);
	text	   *campaign;
	Size		len;
	bool		same;
	bool		had = state->has_campaign;

	if (null)
		return false;
	campaign = DatumGetTextPP(value);
	len = VARSIZE_ANY_EXHDR(campaign);
	same = had && len == call->campaign_len &&
		memcmp(VARDATA_ANY(campaign), call->campaign, len) == 0;
	state->has_campaign = true;
	if (same)
		return false;
	if (call->campaign == NULL || len > call->campaign_room)
	{
		if (call->campaign != NULL)
			pfree(call->campaign);
		call->campaign = MemoryContextAlloc(flinfo->fn_mcxt, Max(len, 64));
		call->campaign_room = Max(len, 64);
	}
	memcpy(call->campaign, VARDATA_ANY(campaign), len);
	call->campaign_len = len;
	return had;
}

/* The time of a row, of this type. */
static int64
time_of(Datum value, Oid type)
{
	if (type == DATEOID ? DATE_NOT_FINITE(DatumGetDateADT(value)) :
		type != INT8OID && TIMESTAMP_NOT_FINITE(DatumGetTimestamp(value)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the time of an event must be finite"),
				 errhint("Leave such rows out: WHERE isfinite(at).")));
	return type == DATEOID ?
		affinity_eventlog_date_time(DatumGetDateADT(value)) :
		DatumGetInt64(value);
}

/*
 * A row starts a session that comes more than the gap after the one before
 * it, or so late that the session would be too long, or that is of another
 * campaign.
 */
Datum
affinity_sequence_sessionize(PG_FUNCTION_ARGS)
{
	WindowObject window = PG_WINDOW_OBJECT();
	SessionState *state = WinGetPartitionLocalMemory(window,
													 sizeof(SessionState));
	FmgrInfo   *flinfo = fcinfo->flinfo;
	SessionCall *call = flinfo->fn_extra;
	uint64		longest;
	int64		gap;
	bool		null;
	bool		starts;
	Datum		value;
	int64		at;

	if (call == NULL)
		call = flinfo->fn_extra = MemoryContextAllocZero(flinfo->fn_mcxt,
														 sizeof(SessionCall));
	gap = gap_arg(flinfo, call, window);
	longest = longest_arg(flinfo, call, window);
	value = WinGetFuncArgCurrent(window, 0, &null);
	if (null)
		PG_RETURN_NULL();
	at = time_of(value, get_fn_expr_argtype(flinfo, 0));
	if (state->number > 0 && at < state->last)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("sessionize needs its rows in order of time"),
				 errhint("Write OVER (PARTITION BY user ORDER BY time), with "
						 "the time that is its argument.")));
	starts = state->number == 0 ||
		(uint64) at - (uint64) state->last > (uint64) gap ||
		(uint64) at - (uint64) state->first > longest;
	/* what is known of the campaign is the session's */
	if (starts)
		state->has_campaign = false;
	starts = other_campaign(flinfo, call, state, window) || starts;
	if (starts)
	{
		state->number++;
		state->first = at;
	}
	state->last = at;
	PG_RETURN_INT64(state->number);
}

/* Where the anchor is first, or last, among the elements; -1 if nowhere. */
static int
find_anchor(const Datum *value, const bool *null, int n, Datum anchor,
			TypeCacheEntry *type, Oid collation, bool last)
{
	int			found = -1;

	for (int i = 0; i < n && (last || found < 0); i++)
	{
		affinity_base_look_up((uint64) i);
		if (!null[i] && DatumGetBool(FunctionCall2Coll(&type->eq_opr_finfo,
													   collation, value[i],
													   anchor)))
			found = i;
	}
	return found;
}

static Datum
path(FunctionCallInfo fcinfo, bool before)
{
	ArrayType  *events = PG_GETARG_ARRAYTYPE_P(0);
	int32		depth = affinity_base_count_arg(PG_GETARG_INT64(2));
	TypeCacheEntry *type = lookup_type_cache(ARR_ELEMTYPE(events),
											 TYPECACHE_EQ_OPR_FINFO);
	Datum	   *value;
	bool	   *null;
	int			n;
	int			anchor;
	int			first;
	int			last;
	int			low = 1;

	if (depth < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("depth must not be negative, but is %lld",
						(long long) PG_GETARG_INT64(2)),
				 errhint("It is the number of events to follow.")));
	if (!OidIsValid(type->eq_opr_finfo.fn_oid))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION),
				 errmsg("events of this type cannot be compared")));
	deconstruct_array(events, type->type_id, type->typlen, type->typbyval,
					  type->typalign, &value, &null, &n);
	anchor = find_anchor(value, null, n, PG_GETARG_DATUM(1), type,
						 PG_GET_COLLATION(), before);
	if (anchor < 0)
		PG_RETURN_NULL();
	first = before ? anchor - Min(anchor, depth) : anchor;
	last = before ? anchor : anchor + Min(n - 1 - anchor, depth);
	n = last - first + 1;
	PG_RETURN_ARRAYTYPE_P(construct_md_array(value + first, null + first, 1,
											 &n, &low, type->type_id,
											 type->typlen, type->typbyval,
											 type->typalign));
}

/* The first anchor and up to depth events after it. */
Datum
affinity_sequence_path_after(PG_FUNCTION_ARGS)
{
	return path(fcinfo, false);
}

/* The last anchor and up to depth events before it. */
Datum
affinity_sequence_path_before(PG_FUNCTION_ARGS)
{
	return path(fcinfo, true);
}
