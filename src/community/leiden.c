/*
 * leiden.c
 *		Communities by the algorithm of Leiden: Traag, Waltman and van Eck
 *		(Scientific Reports 9, 2019).
 *
 * A pass moves members to better communities, refines each community into
 * parts that hang together, makes one member of each part and goes on with
 * these, which begin in the communities that were found, until none of them
 * moves. Passes begin with what the last one found, as long as that becomes
 * better.
 *
 * Where the paper draws the part that a member joins from those that gain,
 * here it is the best of them, as in the authors' own program: no exponential,
 * whose last digit is the processor's, decides.
 */
#include "postgres.h"

#include <math.h>

#include "community/level.h"
#include "parallel/progress.h"

/* Resolutions that are as good as endless, of what weights may be; see sort.c. */
#define MOST_RESOLUTION	1e20
#define MOST_BY_PAIR	1e288

/* A pass must make the quality better by more than rounding. */
#define LEAST_BETTER	1e-12

/* Where nobody says how many passes: what makes another one worth its time. */
#define WORTH_ANOTHER	1e-4

/*
 * What the search makes as large as it can, over the weight of all edges.
 */
static double
quality_of(const CommunityGraph *graph, const double *size, double factor,
		   const uint32 *community)
{
	double	   *total = affinity_base_zeroed_array(graph->n, sizeof(double));
	double		sum = 0;
	uint64		work = 0;

	for (uint32 v = 0; v < graph->n; v++)
	{
		for (int64 e = graph->start[v]; e < graph->start[v + 1]; e++)
		{
			if (community[graph->other[e]] == community[v])
				sum += graph->weight[e];
		}
		total[community[v]] += size[v];
		affinity_base_look_after(&work, graph->start[v + 1] -
								 graph->start[v] + 1);
	}
	for (uint32 c = 0; c < graph->n; c++)
		sum -= total[c] * (total[c] * factor);
	pfree(total);
	return sum / graph->total;
}

/*
 * Move, refine and condense until nothing moves; of each member of the graph
 * the community, from 0.
 */
static void
pass(CommunityWork *work, const CommunityGraph *graph, double *size,
	 uint32 *community)
{
	CommunityLevel level = {.graph = *graph, .size = size};
	uint32		n = graph->n;
	uint32	   *node = affinity_base_array(n, sizeof(uint32));
	bool		is_first = true;

	level.community = affinity_base_array(n, sizeof(uint32));
	memcpy(level.community, community, (Size) n * sizeof(uint32));
	for (uint32 v = 0; v < n; v++)
		node[v] = v;
	for (;;)
	{
		CommunityLevel next;
		uint32		n_communities;
		uint32		n_parts;
		const uint32 *cluster = work->refined;

		CHECK_FOR_INTERRUPTS();
		affinity_community_move(work, &level);
		n_communities = affinity_community_compact(level.community,
												   level.graph.n,
												   work->touched);
		if (n_communities == level.graph.n)
			break;
		n_parts = affinity_community_refine(work, &level);
		if (n_parts == level.graph.n)
		{
			/* nothing could be joined without a loss */
			cluster = level.community;
			n_parts = n_communities;
		}
		affinity_community_condense(&level, cluster, n_parts, &next);
		for (uint32 v = 0; v < n; v++)
		{
			affinity_base_look_up(v);
			node[v] = cluster[node[v]];
		}
		if (is_first)
			pfree(level.community);
		else
			affinity_community_level_free(&level);
		is_first = false;
		level = next;
	}
	for (uint32 v = 0; v < n; v++)
	{
		affinity_base_look_up(v);
		community[v] = level.community[node[v]];
	}
	if (is_first)
		pfree(level.community);
	else
		affinity_community_level_free(&level);
	pfree(node);
}

/*
 * What chance goes by, of each member.
 */
static double *
sizes_of(const CommunityGraph *graph, const CommunityOptions *options,
		 double *factor)
{
	double	   *size = affinity_base_array(graph->n, sizeof(double));

	for (uint32 v = 0; v < graph->n; v++)
		size[v] = options->cpm ? 1 : graph->strength[v];

	/*
	 * beyond these nothing is joined, and the difference of two losses is
	 * none
	 */
	*factor = options->cpm ?
		Min(ldexp(options->resolution, options->exponent), MOST_BY_PAIR) :
		Min(options->resolution, MOST_RESOLUTION) / graph->total;
	return size;
}

/*
 * Find the communities of a graph, numbered from 0; returns how many.
 */
uint32
affinity_community_leiden(const CommunityGraph *graph,
						  const CommunityOptions *options, uint32 *community)
{
	CommunityWork work = {.random = {options->seed}};
	uint32	   *better = affinity_base_array(graph->n, sizeof(uint32));
	double	   *size;
	double		quality;

	for (uint32 v = 0; v < graph->n; v++)
		community[v] = v;
	if (graph->total == 0)
		return graph->n;
	size = sizes_of(graph, options, &work.factor);
	affinity_community_work(&work, graph->n);
	quality = quality_of(graph, size, work.factor, community);
	for (int64 i = 0; options->iterations == 0 || i < options->iterations; i++)
	{
		double		now;
		double		gain;

		affinity_parallel_progress_phase("searching", 0, 0);
		memcpy(better, community, (Size) graph->n * sizeof(uint32));
		pass(&work, graph, size, better);
		now = quality_of(graph, size, work.factor, better);
		gain = now - quality;
		if (gain <= LEAST_BETTER)
			break;
		quality = now;
		memcpy(community, better, (Size) graph->n * sizeof(uint32));
		if (options->iterations == 0 && gain < WORTH_ANOTHER)
			break;
	}
	/* a move in the last step can have cut a community, by the last digit */
	return affinity_community_parts(graph, community, graph->n);
}
