/*
 * influence.c
 *		SQL: who matters in a graph, and how deep in its core members are.
 *
 * PageRank (Brin and Page 1998): the shares of members of the time of
 * somebody who follows a link, in proportion to its weight, with the
 * probability `damping`, and else begins anew anywhere. Who has no link out
 * is followed by anybody.
 */
#include "postgres.h"

#include <math.h>

#include "executor/spi.h"
#include "utils/builtins.h"

#include "community/community.h"
#include "parallel/progress.h"

#define N_COLUMNS 5

/* Together shares change by less than this at the end. */
#define SETTLED	1e-12
#define MOST_STEPS	5000

typedef struct Share
{
	double		share;
	uint32		member;
} Share;

#define ST_SORT sort_shares
#define ST_ELEMENT_TYPE Share
#define ST_COMPARE(x, y) ((x)->share != (y)->share ? ((x)->share > (y)->share ? -1 : 1) : \
						  (x)->member < (y)->member ? -1 : (x)->member > (y)->member)
#define ST_CHECK_FOR_INTERRUPTS
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

/* ---- shares ------------------------------------------------------------ */

/*
 * Weights of links become parts of what their first member gives; returns who
 * gives nothing.
 */
static bool *
divide(CommunityLinks *links)
{
	double	   *sum = affinity_base_zeroed_array(links->n, sizeof(double));
	bool	   *gives_none = affinity_base_zeroed_array(links->n,
														sizeof(bool));

	for (uint32 v = 0; v < links->n; v++)
	{
		affinity_base_look_up(v);
		for (int64 e = links->out_start[v]; e < links->out_start[v + 1]; e++)
			sum[v] += links->out[e].weight;
		gives_none[v] = sum[v] == 0;
	}
	for (int64 e = 0; e < links->in_start[links->n]; e++)
	{
		affinity_base_look_up(e);
		links->in_weight[e] /= sum[links->in_from[e]];
	}
	pfree(sum);
	return gives_none;
}

/* One step; returns by how much shares changed, all in all. */
static double
step(const CommunityLinks *links, const bool *gives_none, double damping,
	 const double *share, double *next)
{
	uint64		work = 0;
	double		idle = 0;
	double		change = 0;
	double		all;

	for (uint32 v = 0; v < links->n; v++)
		idle += gives_none[v] ? share[v] : 0;
	all = ((1 - damping) + damping * idle) / links->n;
	for (uint32 v = 0; v < links->n; v++)
	{
		double		sum = 0;

		for (int64 e = links->in_start[v]; e < links->in_start[v + 1]; e++)
			sum += share[links->in_from[e]] * links->in_weight[e];
		next[v] = all + damping * sum;
		change += fabs(next[v] - share[v]);
		affinity_base_look_after(&work, links->in_start[v + 1] -
								 links->in_start[v] + 1);
	}
	return change;
}

static double *
shares_of(CommunityLinks *links, double damping)
{
	bool	   *gives_none = divide(links);
	double	   *share = affinity_base_array(links->n, sizeof(double));
	double	   *next = affinity_base_array(links->n, sizeof(double));
	double		change = 1;

	for (uint32 v = 0; v < links->n; v++)
		share[v] = 1.0 / links->n;
	affinity_parallel_progress_phase("iterations", 0, 0);
	for (int i = 0; i < MOST_STEPS && change > SETTLED; i++)
	{
		double	   *last = share;

		CHECK_FOR_INTERRUPTS();
		change = step(links, gives_none, damping, share, next);
		share = next;
		next = last;
		affinity_parallel_progress_done(i + 1);
	}
	if (change > SETTLED)
		ereport(NOTICE,
				(errmsg("influence has not settled after %d steps: shares still change by %.1g in all",
						MOST_STEPS, change),
				 errhint("Use a smaller damping; 0.85 is the usual one.")));
	pfree(next);
	pfree(gives_none);
	return share;
}

/* ---- the function -------------------------------------------------------- */

static double
damping_arg(FunctionCallInfo fcinfo, int arg)
{
	double		value;

	affinity_base_check_not_null(fcinfo, arg, "damping");
	value = PG_GETARG_FLOAT8(arg);
	if (!(value >= 0 && value < 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("damping must be at least 0 and below 1, not %s",
						DatumGetCString(DirectFunctionCall1(float8out,
															Float8GetDatum(value)))),
				 errhint("It is how likely a link is followed; 0.85 is the usual one.")));
	return value;
}

/* Each edge in both directions. */
static void
both_directions(CommunityRows *rows)
{
	int64		n = rows->n;

	rows->row = repalloc_huge(rows->row, mul_size(Max(2 * n, 1),
												  sizeof(CommunityRow)));
	for (int64 i = 0; i < n; i++)
	{
		const CommunityRow *row = &rows->row[i];

		affinity_base_look_up(i);
		if (row->a == row->b)
			continue;
		rows->row[rows->n] = *row;
		rows->row[rows->n].a = row->b;
		rows->row[rows->n++].b = row->a;
	}
}

static int64
links_of(const int64 *start, uint32 v, bool has_loop)
{
	return start[v + 1] - start[v] - has_loop;
}

static void
put_members(ReturnSetInfo *result, CommunityIds *ids,
			const CommunityLinks *links, const double *share)
{
	uint32	   *core = affinity_community_cores(links);
	Share	   *order = affinity_base_array(links->n, sizeof(Share));
	bool	   *has_loop = affinity_base_zeroed_array(links->n,
													  sizeof(bool));
	MemoryContext row = AllocSetContextCreate(CurrentMemoryContext,
											  "affinity member",
											  ALLOCSET_SMALL_SIZES);
	MemoryContext old;

	for (uint32 v = 0; v < links->n; v++)
		order[v] = (Share)
	{
		share[v], v
	};
	for (int64 e = 0; e < links->out_start[links->n]; e++)
	{
		if (links->out[e].a == links->out[e].b)
			has_loop[links->out[e].a] = true;
	}
	sort_shares(order, links->n);
	old = MemoryContextSwitchTo(row);
	for (uint32 i = 0; i < links->n; i++)
	{
		uint32		v = order[i].member;
		Datum		values[N_COLUMNS];
		bool		nulls[N_COLUMNS] = {0};

		affinity_base_look_up(i);
		values[0] = affinity_community_id(ids, v);
		values[1] = Float8GetDatum(share[v]);
		values[2] = Int64GetDatum(links_of(links->in_start, v, has_loop[v]));
		values[3] = Int64GetDatum(links_of(links->out_start, v, has_loop[v]));
		values[4] = Int64GetDatum(core[v]);
		tuplestore_putvalues(result->setResult, result->setDesc, values,
							 nulls);
		MemoryContextReset(row);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(row);
}

PG_FUNCTION_INFO_V1(affinity_community_influence);

/*
 * SQL: influence(edges, id_type, damping, directed).
 */
Datum
affinity_community_influence(PG_FUNCTION_ARGS)
{
	CommunityRequest request = affinity_community_edges;
	CommunityRows rows = {0};
	CommunityLinks links;
	CommunityIds ids;
	MemoryContext progress;
	double		damping;
	bool		directed;
	int			exponent;

	request.query = affinity_community_query_arg(fcinfo, 0, &request);
	damping = damping_arg(fcinfo, 2);
	affinity_base_check_not_null(fcinfo, 3, "directed");
	directed = PG_GETARG_BOOL(3);
	if (!directed)
		request.row_bytes *= 2;
	InitMaterializedSRF(fcinfo, 0);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	progress = affinity_parallel_progress_begin("", "influence");
	affinity_parallel_progress_phase("reading", 0, 0);
	affinity_community_read(&request, &rows);
	affinity_community_ids(fcinfo, 1, rows.members, &ids);
	affinity_community_rank(&rows);
	affinity_community_scale(&rows, &exponent);
	if (!directed)
		both_directions(&rows);
	affinity_community_links(&rows, true, &links);
	put_members((ReturnSetInfo *) fcinfo->resultinfo, &ids, &links,
				shares_of(&links, damping));
	affinity_parallel_progress_end(progress);
	SPI_finish();
	return (Datum) 0;
}
