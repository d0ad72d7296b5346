/*
 * cut.h
 *		Where a session ends and the next one begins: one rule for sessionize
 *		and session_summaries.
 */
#ifndef AFFINITY_SEQUENCE_CUT_H
#define AFFINITY_SEQUENCE_CUT_H

#include "postgres.h"

#include "eventlog/eventlog.h"

/* A span as text, and what it was found to be. */
typedef struct SpanText
{
	int64		length;
	char		text[EVENT_CALL_TEXT];
} SpanText;

/* The sessions of one user, row by row in order of time. */
typedef struct SessionCut
{
	int64		gap;			/* in units of the time */
	uint64		longest;		/* how long a session may last */
	int64		number;			/* of the session so far; 0: none yet */
	int64		first;			/* when it began */
	int64		last;			/* time of the row before */
	bool		has_campaign;	/* of the session; the caller keeps its bytes */
	const char *campaign;
	Size		campaign_len;
} SessionCut;

extern bool affinity_sequence_cut(SessionCut *cut, int64 at,
								  const char *campaign, Size campaign_len);
extern int64 affinity_sequence_gap(SpanText *known, Oid type, Oid time_type,
								   NullableDatum value);
extern uint64 affinity_sequence_longest(SpanText *known, Oid type,
										Oid time_type, NullableDatum value);
extern int64 affinity_sequence_time_of(Datum value, Oid type);

#endif							/* AFFINITY_SEQUENCE_CUT_H */
