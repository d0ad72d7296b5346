/*
 * cut.c
 *		Where a session ends and the next one begins, and the arguments that
 *		say so.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "sequence/cut.h"

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
span(SpanText *known, const char *name, Oid type, Oid time_type, Datum value)
{
	if (type == INT8OID)
		return DatumGetInt64(value);
	if (type == INTERVALOID)
		return affinity_eventlog_interval_length(DatumGetIntervalP(value));
	return text_span(known, name, DatumGetTextPP(value), time_type);
}

/* The gap, of this type, in units of the time. */
int64
affinity_sequence_gap(SpanText *known, Oid type, Oid time_type,
					  NullableDatum value)
{
	int64		gap;

	if (value.isnull)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("the gap between sessions must not be null"),
				 errhint("For example interval '30 minutes', or a number in the unit of integer times.")));
	gap = span(known, "gap", type, time_type, value.value);
	if (gap < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the gap between sessions must not be negative"),
				 errhint("A gap of 0 puts rows of one instant into one session.")));
	return gap;
}

/* How long a session may last, in units of the time; NULL is for ever. */
uint64
affinity_sequence_longest(SpanText *known, Oid type, Oid time_type,
						  NullableDatum value)
{
	int64		longest;

	if (value.isnull)
		return PG_UINT64_MAX;
	longest = span(known, "max_length", type, time_type, value.value);
	if (longest < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the length of a session must not be negative"),
				 errhint("NULL is no limit: leave max_length out.")));
	return (uint64) longest;
}

/* The time of a row, of this type. */
int64
affinity_sequence_time_of(Datum value, Oid type)
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
 * The campaign of a row, if it has one: is it another than the session's? It
 * is the session's from now on.
 */
static bool
other_campaign(SessionCut *cut, const char *campaign, Size len)
{
	bool		had = cut->has_campaign;

	if (campaign == NULL ||
		(had && affinity_base_bytes_compare(campaign, len, cut->campaign,
											cut->campaign_len) == 0))
		return false;
	cut->has_campaign = true;
	cut->campaign = campaign;
	cut->campaign_len = len;
	return had;
}

/*
 * Does a row start a session? It does if it comes more than the gap after the
 * one before it, or so late that the session would be too long, or if it is
 * of another campaign. A campaign of NULL is none.
 */
bool
affinity_sequence_cut(SessionCut *cut, int64 at, const char *campaign,
					  Size campaign_len)
{
	bool		starts = cut->number == 0 ||
		(uint64) at - (uint64) cut->last > (uint64) cut->gap ||
		(uint64) at - (uint64) cut->first > cut->longest;

	/* what is known of the campaign is the session's */
	if (starts)
		cut->has_campaign = false;
	starts = other_campaign(cut, campaign, campaign_len) || starts;
	if (starts)
	{
		cut->number++;
		cut->first = at;
	}
	cut->last = at;
	return starts;
}
