/*
 * communities.c
 *		SQL: who is with whom, and how good a grouping is.
 */
#include "postgres.h"

#include <math.h>

#include "executor/spi.h"
#include "utils/builtins.h"

#include "community/community.h"
#include "parallel/progress.h"

#define N_COLUMNS 6

/* A community by its old number, its size and its first member. */
typedef struct Ranked
{
	uint32		no;
	uint32		size;
	uint32		first;
} Ranked;

#define ST_SORT sort_communities
#define ST_ELEMENT_TYPE Ranked
#define ST_COMPARE(x, y) ((x)->size != (y)->size ? ((x)->size > (y)->size ? -1 : 1) : \
						  (x)->first < (y)->first ? -1 : (x)->first > (y)->first)
#define ST_CHECK_FOR_INTERRUPTS
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

/* Both directions of an edge on two levels; arrays of members. */
#define ROW_BYTES 48
#define MEMBER_BYTES 100

/* ---- arguments --------------------------------------------------------- */

/* Is an argument one of two words? The second one is true. */
static bool
choice_arg(FunctionCallInfo fcinfo, int arg, const char *name,
		   const char *plural, const char *first, const char *second)
{
	char	   *word = affinity_base_text_arg(fcinfo, arg, name);

	if (strcmp(word, first) != 0 && strcmp(word, second) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unknown %s \"%.100s\"", name, word),
				 errhint("%s are %s and %s.", plural, first, second)));
	return strcmp(word, second) == 0;
}

static int64
iterations_arg(FunctionCallInfo fcinfo, int arg)
{
	int64		n;

	if (PG_ARGISNULL(arg))
		return 0;
	n = PG_GETARG_INT64(arg);
	if (n < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("iterations must be at least 1, not %lld",
						(long long) n),
				 errhint("Leave it out: the search goes on while it is worth it.")));
	return n;
}

/* ---- the result -------------------------------------------------------- */

/* The share of a member's edges that stay in its community. */
static double
inside_of(const CommunityGraph *graph, const uint32 *community, uint32 v)
{
	double		own = 2 * graph->loop[v];

	for (int64 e = graph->start[v]; e < graph->start[v + 1]; e++)
	{
		if (community[graph->other[e]] == community[v])
			own += graph->weight[e];
	}
	return own / graph->strength[v];
}

/*
 * Communities by size, and of one size by their first members; members by
 * community and id. Returns where each community begins in the order.
 */
static void
rank_communities(uint32 *community, uint32 n, uint32 n_communities,
				 uint32 *size, uint32 *order)
{
	Ranked	   *ranked = affinity_base_zeroed_array(n_communities,
													sizeof(Ranked));
	uint32	   *no = affinity_base_array(n_communities, sizeof(uint32));
	uint32	   *next = affinity_base_array(n_communities, sizeof(uint32));
	uint32		sum = 0;

	for (uint32 v = n; v-- > 0;)
	{
		Ranked	   *r = &ranked[community[v]];

		affinity_base_look_up(v);
		r->no = community[v];
		r->size++;
		r->first = v;
	}
	sort_communities(ranked, n_communities);
	for (uint32 c = 0; c < n_communities; c++)
	{
		no[ranked[c].no] = c;
		size[c] = ranked[c].size;
		next[c] = sum;
		sum += size[c];
	}
	for (uint32 v = 0; v < n; v++)
	{
		affinity_base_look_up(v);
		community[v] = no[community[v]];
		order[next[community[v]]++] = v;
	}
	pfree(ranked);
	pfree(no);
	pfree(next);
}

static void
put_members(ReturnSetInfo *result, CommunityIds *ids,
			const CommunityGraph *graph, uint32 *community,
			uint32 n_communities, int exponent, double modularity)
{
	uint32	   *size = affinity_base_array(n_communities, sizeof(uint32));
	uint32	   *order = affinity_base_array(graph->n, sizeof(uint32));
	MemoryContext row = AllocSetContextCreate(CurrentMemoryContext,
											  "affinity member",
											  ALLOCSET_SMALL_SIZES);
	MemoryContext old;
	uint64		work = 0;

	rank_communities(community, graph->n, n_communities, size, order);
	old = MemoryContextSwitchTo(row);
	for (uint32 i = 0; i < graph->n; i++)
	{
		uint32		v = order[i];
		Datum		values[N_COLUMNS];
		bool		nulls[N_COLUMNS] = {0};

		affinity_base_look_after(&work, graph->start[v + 1] -
								 graph->start[v] + 1);
		values[0] = affinity_community_id(ids, v);
		values[1] = Int64GetDatum((int64) community[v] + 1);
		values[2] = Int64GetDatum(size[community[v]]);
		values[3] = Float8GetDatum(ldexp(graph->strength[v], -exponent));
		nulls[4] = graph->strength[v] == 0;
		if (!nulls[4])
			values[4] = Float8GetDatum(inside_of(graph, community, v));
		values[5] = Float8GetDatum(modularity);
		nulls[5] = graph->total == 0;
		tuplestore_putvalues(result->setResult, result->setDesc, values,
							 nulls);
		MemoryContextReset(row);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(row);
}

PG_FUNCTION_INFO_V1(affinity_community_communities);

/*
 * SQL: communities(edges, id_type, resolution, method, quality, seed,
 * iterations).
 */
Datum
affinity_community_communities(PG_FUNCTION_ARGS)
{
	CommunityRequest request = affinity_community_edges;
	CommunityRows rows = {0};
	CommunityGraph graph;
	CommunityOptions options = {0};
	CommunityIds ids;
	MemoryContext progress;
	uint32	   *community;
	uint32		n;
	bool		labels;

	request.row_bytes = ROW_BYTES;
	request.member_bytes = MEMBER_BYTES;
	request.query = affinity_community_query_arg(fcinfo, 0, &request);
	options.resolution = affinity_community_number_arg(fcinfo, 2,
													   "resolution");
	labels = choice_arg(fcinfo, 3, "method", "Methods", "leiden",
						"label_propagation");
	options.cpm = choice_arg(fcinfo, 4, "quality", "Qualities", "modularity",
							 "cpm");
	affinity_base_check_not_null(fcinfo, 5, "seed");
	options.seed = (uint64) PG_GETARG_INT64(5);
	options.iterations = iterations_arg(fcinfo, 6);
	InitMaterializedSRF(fcinfo, 0);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	progress = affinity_parallel_progress_begin("", "communities");
	affinity_parallel_progress_phase("reading", 0, 0);
	affinity_community_read(&request, &rows);
	affinity_community_ids(fcinfo, 1, rows.members, &ids);
	affinity_community_rank(&rows);
	affinity_community_scale(&rows, &options.exponent);
	affinity_community_graph(&rows, &graph);
	community = affinity_base_array(graph.n, sizeof(uint32));
	n = labels ? affinity_community_propagate(&graph, &options, community) :
		affinity_community_leiden(&graph, &options, community);
	put_members((ReturnSetInfo *) fcinfo->resultinfo, &ids, &graph, community,
				n, options.exponent,
				affinity_community_modularity(&graph, community, n,
											  options.cpm ? 1 :
											  options.resolution));
	affinity_parallel_progress_end(progress);
	SPI_finish();
	return (Datum) 0;
}

/* ---- the quality of any grouping ----------------------------------------- */

pg_noreturn static void
refuse_two(const CommunityRows *rows, uint32 member)
{
	Oid			type = affinity_dictionary_type(rows->members);
	Datum		id = affinity_dictionary_id(rows->members, member);

	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("member %s is in two communities",
					affinity_base_id_display(id, type)),
			 errhint("Give each member one community.")));
}

/*
 * The community of each member, as rows tell it; those of whom they tell
 * nothing are each one of their own.
 */
static uint32
given_communities(const CommunityRows *told, uint32 n_members,
				  const CommunityGraph *graph, uint32 *community)
{
	uint32		n = affinity_dictionary_size(told->labels);
	int64		alone = 0;

	memset(community, 0xFF, (Size) n_members * sizeof(uint32));
	for (int64 i = 0; i < told->n; i++)
	{
		const CommunityRow *row = &told->row[i];

		affinity_base_look_up(i);
		if (community[row->a] != COMMUNITY_NOBODY &&
			community[row->a] != row->b)
			refuse_two(told, row->a);
		community[row->a] = row->b;
	}
	for (uint32 v = 0; v < n_members; v++)
	{
		if (community[v] != COMMUNITY_NOBODY)
			continue;
		community[v] = n++;
		alone += graph->strength[v] > 0;
	}
	if (alone > 0)
		ereport(NOTICE,
				(errmsg("%lld members of edges have no community: each counts as one of its own",
						(long long) alone)));
	return n;
}

PG_FUNCTION_INFO_V1(affinity_community_modularity_of);

/*
 * SQL: modularity(edges, communities, resolution).
 */
Datum
affinity_community_modularity_of(PG_FUNCTION_ARGS)
{
	CommunityRequest request = affinity_community_edges;
	CommunityRequest asked = {
		.what = "communities",
		.example = "SELECT user_id, team FROM users",
		.third = COMMUNITY_NOTHING,
		.labels = true,
		.row_bytes = 32,
		.member_bytes = 100
	};
	CommunityRows rows = {0};
	CommunityRows told = {0};
	CommunityGraph graph;
	uint32	   *community;
	uint32		n;
	int			exponent;
	double		resolution;
	double		result;

	request.row_bytes = ROW_BYTES;
	request.member_bytes = MEMBER_BYTES;
	request.query = affinity_community_query_arg(fcinfo, 0, &request);
	asked.query = affinity_community_query_arg(fcinfo, 1, &asked);
	resolution = affinity_community_number_arg(fcinfo, 2, "resolution");
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	affinity_community_read(&request, &rows);
	told.members = rows.members;
	affinity_community_read(&asked, &told);
	affinity_community_rank(&rows);
	told.n_members = rows.n_members;
	for (int64 i = 0; i < told.n; i++)
	{
		affinity_base_look_up(i);
		told.row[i].a = affinity_dictionary_rank(rows.members)[told.row[i].a];
	}
	affinity_community_scale(&rows, &exponent);
	affinity_community_graph(&rows, &graph);
	community = affinity_base_array(graph.n, sizeof(uint32));
	n = given_communities(&told, graph.n, &graph, community);
	result = affinity_community_modularity(&graph, community, n, resolution);
	SPI_finish();
	if (graph.total == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(result);
}
