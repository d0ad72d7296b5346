/*
 * count.c
 *		Counting the users of each cohort who came back in each period.
 *
 * A user adds one to columns of each cohort it belongs to. Criteria that hold
 * for a run of periods (on_or_after, on_or_before, streak) mark only where
 * the run ends or begins; sums along the finished row do the rest. While all
 * cells of all cohorts fit in MATRIX_CELLS they are counted in one pass over
 * the users; otherwise memberships are sorted by cohort and counted one
 * cohort at a time, so that hours over years need no more than a row.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "retention/member.h"

#define MATRIX_CELLS (8 * 1024 * 1024)

/*
 * More periods after a start than this are a mistake: 1,140 years of hours.
 */
#define MAX_COLUMNS 10000000

#define ST_SORT sort_members
#define ST_ELEMENT_TYPE uint64
#define ST_COMPARE(a, b) ((*(a) > *(b)) - (*(a) < *(b)))
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

typedef struct Count
{
	RetentionRoster roster;
	ActivityReader *reader;
	const RetentionOptions *options;
	bool		events;			/* returns differ from starts */
	uint32		max_offset;		/* the largest that is reported */
	uint32		n_columns;
	RetentionEmit emit;
	void	   *arg;
} Count;

/* The counts of one cohort while its users are counted. */
typedef struct Row
{
	uint64	   *size;
	uint32	   *own;			/* came back in the cohort's own period */
	uint32	   *marks;			/* n_columns */
	uint32	   *eligible;		/* n_columns where rolling, else NULL */
} Row;

/* Count the brackets a user came back in, each once. */
static void
count_brackets(const Count *count, const RetentionMember *member, uint32 *marks)
{
	const uint32 *start = count->options->bracket_start;
	int			bracket = 0;
	int			counted = -1;

	for (uint32 i = 0; i < member->n_returns; i++)
	{
		uint32		offset = member->returns[i] - member->base;

		while (bracket < count->options->n_brackets &&
			   offset >= start[bracket + 1])
			bracket++;
		if (bracket == count->options->n_brackets ||
			start[bracket + 1] > member->limit)
			return;
		if (bracket != counted)
			marks[bracket + 1]++;
		counted = bracket;
	}
}

/* In rolling periods: for which columns is the user's time over? */
static void
count_eligible(const Count *count, uint32 limit, uint32 *eligible)
{
	const RetentionOptions *options = count->options;
	int			bracket = 0;

	if (limit == 0)
		return;
	if (options->criterion != CRITERION_BRACKET)
		eligible[Min(limit - 1, count->max_offset)]++;
	else
	{
		while (bracket < options->n_brackets &&
			   options->bracket_start[bracket + 1] <= limit)
			bracket++;
		eligible[bracket]++;
	}
}

/* Count a member of a cohort. Runs of columns are marked at one end only. */
static inline void
count_member(const Count *count, RetentionMember *member, Row *row)
{
	const uint32 *returns = member->returns;
	uint32		n = member->n_returns;
	uint32		base = member->base;
	uint32		last = Min(member->limit - 1, count->max_offset);
	uint32		streak = 0;

	(*row->size)++;
	if (row->eligible)
		count_eligible(count, member->limit, row->eligible);
	if (member->limit == 0)
		return;
	*row->own += member->own;
	switch (count->options->criterion)
	{
		case CRITERION_ON:
			for (; n > 0 && *returns - base <= last; returns++, n--)
				row->marks[*returns - base]++;
			break;
		case CRITERION_ON_OR_AFTER:
			if (n > 0)
				row->marks[Min(returns[n - 1] - base, last)]++;
			else if (member->own)
				row->marks[0]++;
			break;
		case CRITERION_ON_OR_BEFORE:
			if (count->events && member->own)
				row->marks[0]++;
			else if (n > 0 && *returns - base <= last)
				row->marks[*returns - base]++;
			else
				break;
			if (last < count->max_offset)
				row->marks[last + 1]--;
			break;
		case CRITERION_STREAK:
			while (streak < n && returns[streak] - base == streak + 1)
				streak++;
			row->marks[Min(streak, last)]++;
			break;
		case CRITERION_BRACKET:
			count_brackets(count, member, row->marks);
			break;
	}
}

/* How much work it is to count a member: its returns, and the brackets. */
static inline uint64
work_of(const Count *count, const RetentionMember *member)
{
	return (uint64) 1 + member->n_returns + (uint64) count->options->n_brackets;
}

/* Turn a cohort's marks into what was retained, and hand it on. */
static void
finish_cohort(const Count *count, uint32 cohort, const Row *row)
{
	uint32	   *marks = row->marks;
	uint32		reach = count->reader->last_period - cohort;
	uint32		n = count->n_columns;
	RetentionCohort out;

	if (*row->size == 0)
		return;
	if (count->options->criterion != CRITERION_BRACKET &&
		row->eligible == NULL)
		n = Min(n, reach == PG_UINT32_MAX ? reach : reach + 1);
	for (uint32 i = row->eligible ? n : 0; i-- > 1;)
		row->eligible[i - 1] += row->eligible[i];
	switch (count->options->criterion)
	{
		case CRITERION_ON_OR_AFTER:
		case CRITERION_STREAK:
			for (uint32 i = n; i-- > 1;)
				marks[i - 1] += marks[i];
			break;
		case CRITERION_ON_OR_BEFORE:
			for (uint32 i = 1; i < n; i++)
				marks[i] += marks[i - 1];
			break;
		default:
			break;
	}
	if (count->options->criterion != CRITERION_ON_OR_AFTER)
		marks[0] = *row->own;
	out.cohort = cohort;
	out.size = *row->size;
	out.n_columns = n;
	out.retained = marks;
	out.eligible = row->eligible;
	count->emit(count->arg, &out);
}

static void
count_matrix(Count *count)
{
	uint32		n_cohorts = count->roster.last_cohort - count->roster.first_cohort + 1;
	uint64	   *sizes = palloc0(n_cohorts * sizeof(uint64));
	uint32	   *own = palloc0(n_cohorts * sizeof(uint32));
	uint32	   *marks = palloc0((Size) n_cohorts * count->n_columns *
								sizeof(uint32));
	uint32	   *eligible = NULL;
	ActivityUser user;
	RetentionMember member;
	Row			row = {NULL, NULL, NULL, NULL};
	uint64		work = 0;

	if (affinity_retention_own_periods(count->options))
		eligible = palloc0((Size) n_cohorts * count->n_columns *
						   sizeof(uint32));
	for (uint32 i = 0; i < count->reader->view.flat->n_users; i++)
	{
		uint32		from,
					to;

		if (i % 1024 == 0)
			CHECK_FOR_INTERRUPTS();
		affinity_activity_reader_user(count->reader, i, &user);
		affinity_retention_member_range(&count->roster, &user, &from, &to);
		for (uint32 j = from; j < to; j++)
		{
			uint32		c = affinity_retention_cohort_of(&count->roster,
														 user.starts[j]) -
				count->roster.first_cohort;

			if (!affinity_retention_joins(&count->roster, &user, from, j))
				continue;
			row.size = &sizes[c];
			row.own = &own[c];
			row.marks = marks + (Size) c * count->n_columns;
			if (eligible)
				row.eligible = eligible + (Size) c * count->n_columns;
			affinity_retention_open_member(&count->roster, i, &user, j, &member);
			affinity_base_look_after(&work, work_of(count, &member));
			count_member(count, &member, &row);
		}
	}
	for (uint32 c = 0; c < n_cohorts; c++)
	{
		CHECK_FOR_INTERRUPTS();
		row.size = &sizes[c];
		row.own = &own[c];
		row.marks = marks + (Size) c * count->n_columns;
		if (eligible)
			row.eligible = eligible + (Size) c * count->n_columns;
		finish_cohort(count, count->roster.first_cohort + c, &row);
	}
	pfree(sizes);
	pfree(own);
	pfree(marks);
}

/* All memberships as cohort << 32 | user, sorted. */
static uint64 *
list_members(const Count *count, Size *n_members)
{
	uint32		n_users = count->reader->view.flat->n_users;
	Size		cap = (Size) n_users + 1;
	Size		n = 0;
	uint64	   *members = MemoryContextAllocHuge(CurrentMemoryContext,
												 cap * sizeof(uint64));
	ActivityUser user;

	for (uint32 i = 0; i < n_users; i++)
	{
		uint32		from,
					to;

		if (i % 1024 == 0)
			CHECK_FOR_INTERRUPTS();
		affinity_activity_reader_user(count->reader, i, &user);
		affinity_retention_member_range(&count->roster, &user, &from, &to);
		if (n + (to - from) > cap)
		{
			cap = (n + (to - from)) * 2;
			members = repalloc_huge(members, cap * sizeof(uint64));
		}
		for (uint32 j = from; j < to; j++)
		{
			uint64		cohort = affinity_retention_cohort_of(&count->roster,
															  user.starts[j]);

			if (affinity_retention_joins(&count->roster, &user, from, j))
				members[n++] = cohort << 32 | i;
		}
	}
	sort_members(members, n);
	*n_members = n;
	return members;
}

static void
count_by_cohort(Count *count)
{
	Size		n;
	uint64	   *members = list_members(count, &n);
	Size		row_size = (Size) count->n_columns * sizeof(uint32);
	uint32	   *marks = MemoryContextAllocHuge(CurrentMemoryContext, row_size);
	uint32	   *eligible = NULL;
	ActivityUser user;
	RetentionMember member;
	uint64		work = 0;

	if (affinity_retention_own_periods(count->options))
		eligible = MemoryContextAllocHuge(CurrentMemoryContext, row_size);

	for (Size i = 0; i < n;)
	{
		uint32		cohort = members[i] >> 32;
		uint64		size = 0;
		uint32		own = 0;
		Row			row = {&size, &own, marks, eligible};

		affinity_base_zero(marks, row_size);
		if (eligible)
			affinity_base_zero(eligible, row_size);
		for (; i < n && members[i] >> 32 == cohort; i++)
		{
			uint32		j;
			uint32		to;

			if (i % 1024 == 0)
				CHECK_FOR_INTERRUPTS();
			affinity_activity_reader_user(count->reader, (uint32) members[i],
										  &user);
			affinity_retention_member_range(&count->roster, &user, &j, &to);
			while (affinity_retention_cohort_of(&count->roster,
												user.starts[j]) != cohort)
				j++;
			affinity_retention_open_member(&count->roster, (uint32) members[i], &user, j, &member);
			affinity_base_look_after(&work, work_of(count, &member));
			count_member(count, &member, &row);
		}
		CHECK_FOR_INTERRUPTS();
		finish_cohort(count, cohort, &row);
	}
	pfree(members);
	pfree(marks);
}

/* Count all cohorts and emit each, in order. */
void
affinity_retention_count(ActivityReader *reader,
						 const RetentionOptions *options, RetentionEmit emit,
						 void *arg)
{
	Count		count;
	uint64		n_cohorts;

	count.reader = reader;
	count.options = options;
	count.events = reader->view.flat->layout == LAYOUT_EVENTS;
	count.emit = emit;
	count.arg = arg;
	if (!affinity_retention_open_roster(&count.roster, reader, options))
		return;
	count.max_offset = reader->last_period - count.roster.first_cohort;
	if (options->rolling)
	{
		int64		first_at = Min(reader->view.flat->first_at, reader->as_of);
		uint64		age = (uint64) reader->as_of - (uint64) first_at;

		count.max_offset = (uint32) Min(age / options->rolling, PG_INT32_MAX);
	}
	else if (affinity_retention_own_periods(options))
		count.max_offset =
			affinity_retention_own_offset(options, reader->first_period,
										  affinity_calendar_period_of_local(UNIT_DAY,
																			reader->as_of_local));
	count.max_offset = Min(count.max_offset, options->max_period);
	count.n_columns = count.max_offset + 1;
	if (options->criterion == CRITERION_BRACKET)
		count.n_columns = options->n_brackets + 1;
	if (count.n_columns > MAX_COLUMNS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a cohort of this report would have %u periods",
						count.n_columns),
				 errhint("Pass max_period, or aggregate by a coarser unit.")));
	n_cohorts = (uint64) count.roster.last_cohort - count.roster.first_cohort + 1;
	if (n_cohorts * count.n_columns <= MATRIX_CELLS)
		count_matrix(&count);
	else
		count_by_cohort(&count);
}
