/*
 * retention_count.c
 *		Counting the users of each cohort who came back in each period.
 *
 * A user adds one to columns of each cohort it belongs to. Criteria that hold
 * for a run of periods (on_or_after, on_or_before, streak) mark only where the
 * run ends or begins; sums along the finished row do the rest. While all cells
 * of all cohorts fit in MATRIX_CELLS they are counted in one pass over the
 * users; otherwise memberships are sorted by cohort and counted one cohort at a
 * time, so that hours over years need no more than a row.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "cohort/retention.h"

#define MATRIX_CELLS (8 * 1024 * 1024)

/* More periods after a start than this are a mistake: 1,140 years of hours. */
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
	ActivityReader *reader;
	const RetentionOptions *options;
	bool		events;			/* returns differ from starts */
	uint32		first_cohort;	/* periods */
	uint32		last_cohort;
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
} Row;

/* Count the brackets a user came back in, each once. */
static void
count_brackets(const Count *count, const uint32 *returns, uint32 n,
			   uint32 cohort, uint32 *marks)
{
	const RetentionOptions *options = count->options;
	int			bracket = 0;
	int			counted = -1;

	for (uint32 i = 0; i < n; i++)
	{
		uint32		offset = returns[i] - cohort;

		while (bracket < options->n_brackets &&
			   offset >= options->bracket_start[bracket + 1])
			bracket++;
		if (bracket == options->n_brackets)
			return;
		if (bracket != counted)
			marks[bracket + 1]++;
		counted = bracket;
	}
}

/* Count one user into a cohort; own: it came back in the cohort's period. */
static inline void
count_member(const Count *count, const ActivityUser *user, uint32 cohort,
			 bool own, Row *row)
{
	const uint32 *returns = user->returns;
	uint32		n = user->n_returns;
	uint32		streak = 0;

	(*row->size)++;
	*row->own += own;
	while (n > 0 && *returns <= cohort)
	{
		returns++;
		n--;
	}
	switch (count->options->criterion)
	{
		case CRITERION_ON:
			for (; n > 0 && *returns - cohort <= count->max_offset; returns++, n--)
				row->marks[*returns - cohort]++;
			break;
		case CRITERION_ON_OR_AFTER:
			if (n > 0)
				row->marks[Min(returns[n - 1] - cohort, count->max_offset)]++;
			else if (own)
				row->marks[0]++;
			break;
		case CRITERION_ON_OR_BEFORE:
			if (count->events && own)
				row->marks[0]++;
			else if (n > 0 && *returns - cohort <= count->max_offset)
				row->marks[*returns - cohort]++;
			break;
		case CRITERION_STREAK:
			while (streak < n && returns[streak] - cohort == streak + 1)
				streak++;
			row->marks[Min(streak, count->max_offset)]++;
			break;
		case CRITERION_BRACKET:
			count_brackets(count, returns, n, cohort, row->marks);
			break;
	}
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
	if (count->options->criterion != CRITERION_BRACKET)
		n = Min(n, reach == PG_UINT32_MAX ? reach : reach + 1);
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
	count->emit(count->arg, &out);
}

/* Which of a user's start periods make it a member of a cohort. */
static void
member_range(const Count *count, const ActivityUser *user, uint32 *from,
			 uint32 *to)
{
	uint32		first = 0;
	uint32		last = user->n_starts;

	if (count->options->mode == MODE_FIRST_EVER)
		last = Min(last, 1);
	while (first < last && user->starts[first] < count->first_cohort)
		first++;
	if (count->options->mode == MODE_FIRST_IN_RANGE)
		last = Min(last, first + 1);
	while (first < last && user->starts[last - 1] > count->last_cohort)
		last--;
	*from = first;
	*to = last;
}

static void
count_matrix(const Count *count)
{
	uint32		n_cohorts = count->last_cohort - count->first_cohort + 1;
	uint64	   *sizes = palloc0(n_cohorts * sizeof(uint64));
	uint32	   *own = palloc0(n_cohorts * sizeof(uint32));
	uint32	   *marks = palloc0((Size) n_cohorts * count->n_columns * sizeof(uint32));
	ActivityUser user;
	Row			row;

	for (uint32 i = 0; i < count->reader->view.flat->n_users; i++)
	{
		uint32		from,
					to;

		if (i % 1024 == 0)
			CHECK_FOR_INTERRUPTS();
		affinity_reader_user(count->reader, i, &user);
		member_range(count, &user, &from, &to);
		for (uint32 j = from; j < to; j++)
		{
			uint32		c = user.starts[j] - count->first_cohort;

			row.size = &sizes[c];
			row.own = &own[c];
			row.marks = marks + (Size) c * count->n_columns;
			count_member(count, &user, user.starts[j],
						 user.again == NULL || user.again[j], &row);
		}
	}
	for (uint32 c = 0; c < n_cohorts; c++)
	{
		CHECK_FOR_INTERRUPTS();
		row.size = &sizes[c];
		row.own = &own[c];
		row.marks = marks + (Size) c * count->n_columns;
		finish_cohort(count, count->first_cohort + c, &row);
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
		affinity_reader_user(count->reader, i, &user);
		member_range(count, &user, &from, &to);
		if (n + (to - from) > cap)
		{
			cap = (n + (to - from)) * 2;
			members = repalloc_huge(members, cap * sizeof(uint64));
		}
		for (uint32 j = from; j < to; j++)
			members[n++] = (uint64) user.starts[j] << 32 | i;
	}
	sort_members(members, n);
	*n_members = n;
	return members;
}

static void
count_by_cohort(const Count *count)
{
	Size		n;
	uint64	   *members = list_members(count, &n);
	uint32	   *marks = MemoryContextAllocHuge(CurrentMemoryContext,
											   (Size) count->n_columns * sizeof(uint32));
	ActivityUser user;

	for (Size i = 0; i < n;)
	{
		uint32		cohort = members[i] >> 32;
		uint64		size = 0;
		uint32		own = 0;
		Row			row = {&size, &own, marks};

		memset(marks, 0, (Size) count->n_columns * sizeof(uint32));
		for (; i < n && members[i] >> 32 == cohort; i++)
		{
			uint32		j = 0;

			if (i % 1024 == 0)
				CHECK_FOR_INTERRUPTS();
			affinity_reader_user(count->reader, (uint32) members[i], &user);
			while (user.starts[j] != cohort)
				j++;
			count_member(count, &user, cohort,
						 user.again == NULL || user.again[j], &row);
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
	count.first_cohort = Max(reader->first_period, options->first_cohort);
	count.last_cohort = Min(reader->last_period, options->last_cohort);
	count.emit = emit;
	count.arg = arg;
	if (count.first_cohort > count.last_cohort)
		return;
	count.max_offset = Min(reader->last_period - count.first_cohort,
						   options->max_period);
	count.n_columns = count.max_offset + 1;
	if (options->criterion == CRITERION_BRACKET)
		count.n_columns = options->n_brackets + 1;
	if (count.n_columns > MAX_COLUMNS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a cohort of this report would have %u periods",
						count.n_columns),
				 errhint("Pass max_period, or aggregate by a coarser unit.")));
	n_cohorts = (uint64) count.last_cohort - count.first_cohort + 1;
	if (n_cohorts * count.n_columns <= MATRIX_CELLS)
		count_matrix(&count);
	else
		count_by_cohort(&count);
}
