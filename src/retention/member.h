/*
 * member.h
 *		Users as members of cohorts: what retention counts and cohort_members
 *		lists. Private to the room.
 */
#ifndef AFFINITY_RETENTION_MEMBER_H
#define AFFINITY_RETENTION_MEMBER_H

#include "retention/retention.h"

/* Whose members they are. */
typedef struct RetentionRoster
{
	ActivityReader *reader;
	const RetentionOptions *options;
	uint32		first_cohort;	/* periods; from the state and the options */
	uint32		last_cohort;
	uint32	   *own;			/* scratch of own.c */
	uint32		own_cap;
} RetentionRoster;

/* One user as a member of one cohort. */
typedef struct RetentionMember
{
	bool		own;			/* came back in period 0 */
	uint32		base;			/* what to subtract from returns */
	const uint32 *returns;		/* ascending */
	uint32		n_returns;
	uint32		limit;			/* offsets from here on are not counted */
} RetentionMember;

/* own.c */
extern uint32 affinity_retention_own_offset(const RetentionOptions *options,
											uint32 start, uint32 period);
extern void affinity_retention_own_member(RetentionRoster *roster,
										  const ActivityUser *user, uint32 j,
										  RetentionMember *member);

/* The cohort of who starts in a period of the state. */
static inline uint32
affinity_retention_cohort_of(const RetentionRoster *roster, uint32 start)
{
	PeriodUnit	unit = roster->options->cohort_unit;
	PeriodUnit	own = roster->reader->view.flat->unit;

	return unit == own ? start
		: affinity_calendar_period_of_local(unit,
											affinity_calendar_period_start(own,
																		   start));
}

/* False where there is no cohort. */
static inline bool
affinity_retention_open_roster(RetentionRoster *roster, ActivityReader *reader,
							   const RetentionOptions *options)
{
	memset(roster, 0, sizeof(RetentionRoster));
	roster->reader = reader;
	roster->options = options;
	if (reader->first_period > reader->last_period)
		return false;
	roster->first_cohort =
		Max(affinity_retention_cohort_of(roster, reader->first_period),
			options->first_cohort);
	roster->last_cohort =
		Min(affinity_retention_cohort_of(roster, reader->last_period),
			options->last_cohort);
	return roster->first_cohort <= roster->last_cohort;
}

/* Which of a user's start periods make it a member of a cohort. */
static inline void
affinity_retention_member_range(const RetentionRoster *roster,
								const ActivityUser *user, uint32 *from,
								uint32 *to)
{
	RetentionMode mode = roster->options->mode;
	uint32		skipped = roster->options->from_nth - 1;
	uint32		last = user->n_starts;
	uint32		first = mode == MODE_FIRST_IN_RANGE ? 0 : Min(skipped, last);

	if (mode == MODE_FIRST_EVER)
		last = Min(last, first + 1);
	while (first < last &&
		   affinity_retention_cohort_of(roster, user->starts[first]) <
		   roster->first_cohort)
		first++;
	if (mode == MODE_FIRST_IN_RANGE)
	{
		first += Min(skipped, last - first);
		last = Min(last, first + 1);
	}
	while (first < last &&
		   affinity_retention_cohort_of(roster, user->starts[last - 1]) >
		   roster->last_cohort)
		last--;
	*from = first;
	*to = last;
}

/* Whether the start number j, from that range, is the first in its cohort. */
static inline bool
affinity_retention_joins(const RetentionRoster *roster,
						 const ActivityUser *user, uint32 from, uint32 j)
{
	return j == from ||
		affinity_retention_cohort_of(roster, user->starts[j]) !=
		affinity_retention_cohort_of(roster, user->starts[j - 1]);
}

/* The user as a member of the cohort of its start number j. */
static inline void
affinity_retention_open_member(RetentionRoster *roster, uint32 user_no,
							   const ActivityUser *user, uint32 j,
							   RetentionMember *member)
{
	uint32		start = user->starts[j];
	ActivityRolling rolling;

	if (roster->options->rolling)
	{
		affinity_activity_reader_rolling(roster->reader, user_no, j,
										 roster->options->rolling, &rolling);
		member->own = rolling.again;
		member->base = 0;
		member->returns = rolling.returns;
		member->n_returns = rolling.n_returns;
		member->limit = rolling.n_full;
		return;
	}
	if (affinity_retention_own_periods(roster->options))
	{
		affinity_retention_own_member(roster, user, j, member);
		return;
	}
	member->own = user->again == NULL || user->again[j];
	member->base = start;
	member->returns = user->returns;
	member->n_returns = user->n_returns;
	member->limit = PG_UINT32_MAX;
	while (member->n_returns > 0 && *member->returns <= start)
	{
		member->returns++;
		member->n_returns--;
	}
}

/* ids.c */
extern Oid	affinity_retention_ids_arg(FunctionCallInfo fcinfo, int arg,
									   const ActivityFlat *flat);
extern void affinity_retention_put_ids(ReturnSetInfo *rsinfo,
									   const ActivityView *view, Oid type,
									   uint32 *users, uint32 n);

#endif							/* AFFINITY_RETENTION_MEMBER_H */
