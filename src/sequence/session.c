/*
 * session.c
 *		sessionize: the number of the session that a row belongs to, as a
 *		window function; and the path after or before an event, on arrays.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"
#include "windowapi.h"

#include "sequence/cut.h"

PG_FUNCTION_INFO_V1(affinity_sequence_sessionize);
PG_FUNCTION_INFO_V1(affinity_sequence_path_after);
PG_FUNCTION_INFO_V1(affinity_sequence_path_before);

/* Of a call, as long as the query lasts: partitions come one by one. */
typedef struct SessionCall
{
	SpanText	gap;
	SpanText	longest;
	char	   *campaign;
	Size		campaign_room;
} SessionCall;

static NullableDatum
window_arg(WindowObject window, int arg)
{
	NullableDatum value;

	value.value = WinGetFuncArgCurrent(window, arg, &value.isnull);
	return value;
}

/* The campaign of the session, which outlives its row. */
static void
keep_campaign(FmgrInfo *flinfo, SessionCall *call, SessionCut *cut)
{
	Size		len = cut->campaign_len;

	if (call->campaign == NULL || len > call->campaign_room)
	{
		if (call->campaign != NULL)
			pfree(call->campaign);
		call->campaign = MemoryContextAlloc(flinfo->fn_mcxt, Max(len, 64));
		call->campaign_room = Max(len, 64);
	}
	memcpy(call->campaign, cut->campaign, len);
	cut->campaign = call->campaign;
}

/* (at, gap [, campaign [, max_length]]) */
Datum
affinity_sequence_sessionize(PG_FUNCTION_ARGS)
{
	WindowObject window = PG_WINDOW_OBJECT();
	SessionCut *cut = WinGetPartitionLocalMemory(window, sizeof(SessionCut));
	FmgrInfo   *flinfo = fcinfo->flinfo;
	SessionCall *call = flinfo->fn_extra;
	Oid			time_type = get_fn_expr_argtype(flinfo, 0);
	NullableDatum value;
	const char *campaign = NULL;
	Size		len = 0;
	int64		at;

	if (call == NULL)
		call = flinfo->fn_extra = MemoryContextAllocZero(flinfo->fn_mcxt,
														 sizeof(SessionCall));
	cut->gap = affinity_sequence_gap(&call->gap,
									 get_fn_expr_argtype(flinfo, 1), time_type,
									 window_arg(window, 1));
	cut->longest = affinity_sequence_longest(&call->longest,
											 get_fn_expr_argtype(flinfo, 3),
											 time_type, window_arg(window, 3));
	value = window_arg(window, 0);
	if (value.isnull)
		PG_RETURN_NULL();
	at = affinity_sequence_time_of(value.value, time_type);
	if (cut->number > 0 && at < cut->last)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("sessionize needs its rows in order of time"),
				 errhint("Write OVER (PARTITION BY user ORDER BY time), with "
						 "the time that is its argument.")));
	value = window_arg(window, 2);
	if (!value.isnull)
	{
		const		text *given = DatumGetTextPP(value.value);

		campaign = VARDATA_ANY(given);
		len = VARSIZE_ANY_EXHDR(given);
	}
	affinity_sequence_cut(cut, at, campaign, len);
	if (campaign != NULL && cut->campaign == campaign)
		keep_campaign(flinfo, call, cut);
	PG_RETURN_INT64(cut->number);
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
