/*
 * label.c
 *		Communities by propagation of labels: Raghavan, Albert and Kumara
 *		(Physical Review E 76, 2007), with weights.
 *
 * Each member takes the label that most of its edges lead to, one member
 * after the other in an order that follows from the seed, until all have such
 * a label. Of labels that are level the member keeps its own, or takes the
 * one whose hash is least.
 */
#include "postgres.h"

#include "community/level.h"
#include "parallel/progress.h"

/* Where nobody says how many: a few members may go back and forth for ever. */
#define MOST_ROUNDS 100

typedef struct Propagation
{
	const CommunityGraph *graph;
	uint32	   *label;
	double	   *to;				/* edges from one member to a label */
	uint32	   *touched;
	uint64		salt;
	uint64		done;
} Propagation;

/* The label for a member. */
static uint32
best_label(Propagation *p, uint32 v)
{
	const CommunityGraph *graph = p->graph;
	uint32		best = p->label[v];
	double		weight;
	uint64		hash = 0;
	uint32		n = 0;

	for (int64 e = graph->start[v]; e < graph->start[v + 1]; e++)
	{
		uint32		label = p->label[graph->other[e]];

		if (p->to[label] == 0)
			p->touched[n++] = label;
		p->to[label] += graph->weight[e];
	}
	affinity_base_look_after(&p->done,
							 graph->start[v + 1] - graph->start[v] + 1);
	/* the member's own label comes first among those that are level */
	weight = p->to[best];
	for (uint32 t = 0; t < n; t++)
	{
		uint32		label = p->touched[t];
		uint64		its = affinity_base_mix64(p->salt ^
											  ((uint64) v << 32 | label)) | 1;

		if (p->to[label] > weight ||
			(p->to[label] == weight && hash != 0 && its < hash))
		{
			best = label;
			weight = p->to[label];
			hash = its;
		}
	}
	for (uint32 t = 0; t < n; t++)
		p->to[p->touched[t]] = 0;
	return best;
}

/*
 * Find the communities of a graph, numbered from 0; returns how many.
 */
uint32
affinity_community_propagate(const CommunityGraph *graph,
							 const CommunityOptions *options,
							 uint32 *community)
{
	uint32		n = graph->n;
	CommunityRandom random = {options->seed};
	Propagation p = {.graph = graph, .label = community};
	uint32	   *order = affinity_base_array(n, sizeof(uint32));
	int64		most = options->iterations > 0 ? options->iterations :
		MOST_ROUNDS;
	bool		changed = true;

	p.to = affinity_base_zeroed_array(n, sizeof(double));
	p.touched = affinity_base_array(n, sizeof(uint32));
	for (uint32 v = 0; v < n; v++)
		community[v] = v;
	for (int64 i = 0; i < most && changed; i++)
	{
		affinity_parallel_progress_phase("searching", 0, 0);
		changed = false;
		affinity_community_shuffle(&random, n, order);
		p.salt = affinity_base_splitmix64(options->seed + (uint64) i);
		for (uint32 k = 0; k < n; k++)
		{
			uint32		v = order[k];
			uint32		label = best_label(&p, v);

			changed |= label != community[v];
			community[v] = label;
		}
	}
	pfree(order);
	pfree(p.to);
	pfree(p.touched);
	/* members that gave a label on may have left it since */
	return affinity_community_parts(graph, community, n);
}
