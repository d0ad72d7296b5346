/*
 * reciprocity.c
 *		SQL: how many links are returned, all in all and by member.
 *
 * Links of a member with itself do not count. With weights the returned part
 * of a link is the smaller weight of both directions (Squartini, Picciolo,
 * Ruzzenenti and Garlaschelli, Scientific Reports 3, 2013).
 */
#include "postgres.h"

#include "executor/spi.h"
#include "utils/builtins.h"

#include "community/community.h"

/* What a member gives, gets, and both. */
typedef struct Mutual
{
	int64		given;
	int64		received;
	int64		mutual;
	double		weight;			/* given */
	double		returned;		/* of it */
} Mutual;

static Mutual
mutual_of(const CommunityLinks *links, uint32 v)
{
	int64		out = links->out_start[v];
	int64		out_end = links->out_start[v + 1];
	int64		in = links->in_start[v];
	int64		in_end = links->in_start[v + 1];
	Mutual		result = {.given = out_end - out, .received = in_end - in};

	for (int64 e = out; e < out_end; e++)
		result.weight += links->out[e].weight;
	while (out < out_end && in < in_end)
	{
		uint32		to = links->out[out].b;
		uint32		from = links->in_from[in];

		if (to == from)
		{
			result.mutual++;
			result.returned += Min(links->out[out].weight,
								   links->in_weight[in]);
		}
		out += to <= from;
		in += from <= to;
	}
	return result;
}

/* Links of the query of the first argument. SPI is connected then. */
static void
read_links(FunctionCallInfo fcinfo, CommunityRows *rows, CommunityIds *ids,
		   CommunityLinks *links)
{
	CommunityRequest request = affinity_community_edges;
	int			exponent;

	request.query = affinity_community_query_arg(fcinfo, 0, &request);
	InitMaterializedSRF(fcinfo, 0);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	affinity_community_read(&request, rows);
	if (ids)
		affinity_community_ids(fcinfo, 1, rows->members, ids);
	affinity_community_rank(rows);
	affinity_community_scale(rows, &exponent);
	affinity_community_links(rows, false, links);
}

PG_FUNCTION_INFO_V1(affinity_community_reciprocity);

/*
 * SQL: reciprocity(edges).
 */
Datum
affinity_community_reciprocity(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	CommunityRows rows = {0};
	CommunityLinks links;
	Mutual		all = {0};
	Datum		values[5];
	bool		nulls[5] = {0};

	read_links(fcinfo, &rows, NULL, &links);
	for (uint32 v = 0; v < links.n; v++)
	{
		Mutual		one = mutual_of(&links, v);

		affinity_base_look_up(v);
		all.given += one.given;
		all.mutual += one.mutual;
		all.weight += one.weight;
		all.returned += one.returned;
	}
	values[0] = Int64GetDatum(links.n);
	values[1] = Int64GetDatum(all.given);
	values[2] = Int64GetDatum(all.mutual);
	nulls[3] = nulls[4] = all.given == 0;
	if (all.given > 0)
	{
		values[3] = Float8GetDatum((double) all.mutual / (double) all.given);
		values[4] = Float8GetDatum(all.returned / all.weight);
	}
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	SPI_finish();
	return (Datum) 0;
}

PG_FUNCTION_INFO_V1(affinity_community_reciprocity_by_member);

/*
 * SQL: reciprocity_by_member(edges, id_type).
 */
Datum
affinity_community_reciprocity_by_member(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	CommunityRows rows = {0};
	CommunityLinks links;
	CommunityIds ids;
	MemoryContext row;
	MemoryContext old;

	read_links(fcinfo, &rows, &ids, &links);
	row = AllocSetContextCreate(CurrentMemoryContext, "affinity member",
								ALLOCSET_SMALL_SIZES);
	old = MemoryContextSwitchTo(row);
	for (uint32 v = 0; v < links.n; v++)
	{
		Mutual		one = mutual_of(&links, v);
		Datum		values[6];
		bool		nulls[6] = {0};

		affinity_base_look_up(v);
		values[0] = affinity_community_id(&ids, v);
		values[1] = Int64GetDatum(one.given);
		values[2] = Int64GetDatum(one.received);
		values[3] = Int64GetDatum(one.mutual);
		nulls[4] = nulls[5] = one.given == 0;
		if (one.given > 0)
		{
			values[4] = Float8GetDatum((double) one.mutual /
									   (double) one.given);
			values[5] = Float8GetDatum(one.returned / one.weight);
		}
		tuplestore_putvalues(result->setResult, result->setDesc, values,
							 nulls);
		MemoryContextReset(row);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(row);
	SPI_finish();
	return (Datum) 0;
}
