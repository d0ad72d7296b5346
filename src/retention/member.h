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

/* False where there is no cohort. */
static inline bool
affinity_retention_open_roster(RetentionRoster *roster, ActivityReader *reader,
							   const RetentionOptions *options)
{
	roster->reader = reader;
	roster->options = options;
	roster->first_cohort = Max(reader->first_period, options->first_cohort);
	roster->last_cohort = Min(reader->last_period, options->last_cohort);
	return roster->first_cohort <= roster->last_cohort;
}

/* Which of a user's start periods make it a member of a cohort. */
static inline void
affinity_retention_member_range(const RetentionRoster *roster,
								const ActivityUser *user, uint32 *from,
								uint32 *to)
{
	uint32		first = 0;
	uint32		last = user->n_starts;

	if (roster->options->mode == MODE_FIRST_EVER)
		last = Min(last, 1);
	while (first < last && user->starts[first] < roster->first_cohort)
		first++;
	if (roster->options->mode == MODE_FIRST_IN_RANGE)
		last = Min(last, first + 1);
	while (first < last && user->starts[last - 1] > roster->last_cohort)
		last--;
	*from = first;
	*to = last;
}

/* The user as a member of the cohort of its start number j. */
static inline void
affinity_retention_open_member(const RetentionRoster *roster, uint32 user_no,
							   const ActivityUser *user, uint32 j,
							   RetentionMember *member)
{
	uint32		cohort = user->starts[j];
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
	member->own = user->again == NULL || user->again[j];
	member->base = cohort;
	member->returns = user->returns;
	member->n_returns = user->n_returns;
	member->limit = PG_UINT32_MAX;
	while (member->n_returns > 0 && *member->returns <= cohort)
	{
		member->returns++;
		member->n_returns--;
	}
}

#endif							/* AFFINITY_RETENTION_MEMBER_H */
