/*
 * kfactor.c
 *		SQL: how many new members a member brings, by when the inviter joined.
 *
 * k is members who came through those of a cohort, over the cohort's members:
 * invitations per member times the part of them that is taken up. The time of
 * a cycle is the median from an inviter's joining to that of who came through
 * the inviter.
 */
#include "postgres.h"

#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "community/community.h"

#define N_COLUMNS 10

/* A member by the period of joining. */
typedef struct Joined
{
	uint32		period;			/* PG_UINT32_MAX: not known when */
	uint32		member;
} Joined;

#define ST_SORT sort_joined
#define ST_ELEMENT_TYPE Joined
#define ST_COMPARE(x, y) ((x)->period != (y)->period ? ((x)->period < (y)->period ? -1 : 1) : \
						  (x)->member < (y)->member ? -1 : (x)->member > (y)->member)
#define ST_CHECK_FOR_INTERRUPTS
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

#define ST_SORT sort_spans
#define ST_ELEMENT_TYPE int64
#define ST_COMPARE(x, y) (*(x) < *(y) ? -1 : *(x) > *(y))
#define ST_CHECK_FOR_INTERRUPTS
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

typedef struct Report
{
	CommunityTree tree;
	PeriodClock clock;
	Interval   *within;			/* or NULL */
	int64		newest;			/* local time */
	uint32	   *came;			/* members through each, one after the other */
	uint32	   *came_start;
	int64	   *span;			/* of a cohort's members to who came */
} Report;

/* What a cohort's members did. */
typedef struct Cohort
{
	int64		members;
	int64		inviters;
	int64		invitations;
	int64		joined;
	int64		n_spans;
} Cohort;

/* ---- counting ---------------------------------------------------------- */

/* Members through each member. */
static void
list_came(Report *r)
{
	const CommunityTree *tree = &r->tree;
	uint32	   *start = affinity_base_zeroed_array((Size) tree->n + 2,
												   sizeof(uint32));

	r->came = affinity_base_array(tree->n, sizeof(uint32));
	for (uint32 v = 0; v < tree->n; v++)
		start[v + 2] = start[v + 1] + tree->joined[v];
	for (uint32 v = 0; v < tree->n; v++)
	{
		affinity_base_look_up(v);
		if (tree->inviter[v] != COMMUNITY_NOBODY)
			r->came[start[tree->inviter[v] + 1]++] = v;
	}
	r->came_start = start;
}

/* The local time up to which who comes through a member counts. */
static int64
last_that_counts(const Report *r, int64 local)
{
	if (r->within == NULL)
		return PG_INT64_MAX;
	return DatumGetTimestamp(DirectFunctionCall2(timestamp_pl_interval,
												 TimestampGetDatum(local),
												 IntervalPGetDatum(r->within)));
}

static void
count_member(Report *r, uint32 v, Cohort *cohort)
{
	const CommunityTree *tree = &r->tree;
	bool		is_known = tree->joined_at[v] != COMMUNITY_NO_TIME;
	int64		last = PG_INT64_MAX;

	if (is_known && r->within)
		last = last_that_counts(r, affinity_calendar_clock_local(&r->clock,
																 tree->joined_at[v]));
	cohort->members++;
	cohort->inviters += tree->invitations[v] > 0;
	cohort->invitations += tree->invitations[v];
	for (uint32 i = r->came_start[v]; i < r->came_start[v + 1]; i++)
	{
		int64		at = tree->joined_at[r->came[i]];

		affinity_base_look_up(i);
		if (last != PG_INT64_MAX &&
			affinity_calendar_clock_local(&r->clock, at) > last)
			continue;
		cohort->joined++;
		if (is_known && at >= tree->joined_at[v])
		{
			uint64		span = (uint64) at - (uint64) tree->joined_at[v];

			r->span[cohort->n_spans++] = (int64) Min(span, PG_INT64_MAX);
		}
	}
}

/* ---- rows -------------------------------------------------------------- */

/* A span as the difference of two times is one: days and what is left. */
static Datum
span_datum(int64 span)
{
	Interval   *interval = palloc0(sizeof(Interval));

	interval->day = (int32) (span / AFFINITY_DAY_US);
	interval->time = span % AFFINITY_DAY_US;
	return IntervalPGetDatum(interval);
}

static int64
median(int64 *span, int64 n)
{
	sort_spans(span, n);
	return n % 2 == 1 ? span[n / 2] :
		span[n / 2 - 1] + (span[n / 2] - span[n / 2 - 1]) / 2;
}

static void
put_cohort(Report *r, ReturnSetInfo *result, uint32 period,
		   const Cohort *cohort)
{
	Datum		values[N_COLUMNS];
	bool		nulls[N_COLUMNS] = {0};

	nulls[0] = nulls[9] = period == PG_UINT32_MAX;
	if (!nulls[0])
	{
		int64		end = affinity_calendar_period_start(r->clock.unit,
														 period + 1);

		values[0] = TimestampGetDatum(affinity_calendar_period_start(r->clock.unit,
																	 period));
		if (r->within)
			end = last_that_counts(r, end);
		values[9] = BoolGetDatum(end <= r->newest);
	}
	values[1] = Int64GetDatum(cohort->members);
	values[2] = Int64GetDatum(cohort->inviters);
	values[3] = Int64GetDatum(cohort->invitations);
	values[4] = Int64GetDatum(cohort->joined);
	values[5] = Float8GetDatum((double) cohort->invitations /
							   (double) cohort->members);
	nulls[6] = cohort->invitations == 0;
	if (!nulls[6])
		values[6] = Float8GetDatum((double) cohort->joined /
								   (double) cohort->invitations);
	values[7] = Float8GetDatum((double) cohort->joined /
							   (double) cohort->members);
	nulls[8] = cohort->n_spans == 0;
	if (!nulls[8])
		values[8] = span_datum(median(r->span, cohort->n_spans));
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

static void
put_cohorts(Report *r, ReturnSetInfo *result)
{
	const CommunityTree *tree = &r->tree;
	Joined	   *joined = affinity_base_array(tree->n, sizeof(Joined));
	uint32		n = 0;

	for (uint32 v = 0; v < tree->n; v++)
	{
		int64		at = tree->joined_at[v];

		affinity_base_look_up(v);
		/* since when is not known: nor is what came within a time */
		if (!tree->is_member[v] || (at == COMMUNITY_NO_TIME && r->within))
			continue;
		joined[n].member = v;
		joined[n++].period = at == COMMUNITY_NO_TIME ? PG_UINT32_MAX :
			affinity_calendar_clock_period(&r->clock, at);
		if (at != COMMUNITY_NO_TIME)
			r->newest = Max(r->newest,
							affinity_calendar_clock_local(&r->clock, at));
	}
	sort_joined(joined, n);
	for (uint32 from = 0, to; from < n; from = to)
	{
		Cohort		cohort = {0};

		CHECK_FOR_INTERRUPTS();
		for (to = from; to < n && joined[to].period == joined[from].period;
			 to++)
			count_member(r, joined[to].member, &cohort);
		put_cohort(r, result, joined[from].period, &cohort);
	}
}

/* ---- the function -------------------------------------------------------- */

static void
read_arguments(FunctionCallInfo fcinfo, Report *r, PeriodUnit *unit,
			   pg_tz **zone)
{
	char	   *name = affinity_base_text_arg(fcinfo, 1, "unit");

	*unit = affinity_calendar_unit(name, (int) strlen(name));
	r->within = PG_ARGISNULL(2) ? NULL : PG_GETARG_INTERVAL_P(2);
	if (r->within && !(affinity_base_interval_length(r->within) > 0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("within must be a span of time above 0, not %s",
						DatumGetCString(DirectFunctionCall1(interval_out,
															IntervalPGetDatum(r->within)))),
				 errhint("For example within => '30 days': who joined in the 30 days after the inviter.")));
	*zone = PG_ARGISNULL(3) ?
		affinity_calendar_session_zone("affinity.k_factor(..., time_zone => 'Europe/Berlin')") :
		affinity_calendar_zone_arg(text_to_cstring(PG_GETARG_TEXT_PP(3)));
}

PG_FUNCTION_INFO_V1(affinity_community_k_factor);

/*
 * SQL: k_factor(invitations, unit, within, time_zone).
 */
Datum
affinity_community_k_factor(PG_FUNCTION_ARGS)
{
	CommunityRequest request = affinity_community_invitations;
	CommunityRows rows = {0};
	Report		r = {.newest = PG_INT64_MIN};
	PeriodUnit	unit;
	pg_tz	   *zone;

	request.query = affinity_community_query_arg(fcinfo, 0, &request);
	read_arguments(fcinfo, &r, &unit, &zone);
	InitMaterializedSRF(fcinfo, 0);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	affinity_community_read(&request, &rows);
	if (!OidIsValid(rows.at_type))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("invitations need a third column: when the invited one joined"),
				 errhint("Write it like: %s.", request.example)));
	affinity_community_rank(&rows);
	affinity_community_tree(&rows, &r.tree);
	affinity_calendar_clock_init(&r.clock, unit,
								 rows.at_type == TIMESTAMPTZOID, zone);
	list_came(&r);
	r.span = affinity_base_array(r.tree.n, sizeof(int64));
	put_cohorts(&r, (ReturnSetInfo *) fcinfo->resultinfo);
	SPI_finish();
	return (Datum) 0;
}
