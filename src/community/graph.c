/*
 * graph.c
 *		From rows to a graph without directions; its connected parts; how much
 *		of it is inside of communities.
 *
 * Newman and Girvan (2004), with a resolution by Reichardt and Bornholdt
 * (2006): of communities c with inner weights w_c and strengths s_c in a
 * graph of weight m, the modularity is
 *
 *		sum over c of  w_c / m - resolution (s_c / 2m)^2
 *
 * An edge of a member with itself counts once in w_c and m, twice in s_c.
 */
#include "postgres.h"

#include "community/community.h"

/*
 * Edges with the smaller member first; a and b of a row may come from either.
 */
static void
forget_directions(CommunityRows *rows)
{
	for (int64 i = 0; i < rows->n; i++)
	{
		CommunityRow *row = &rows->row[i];

		affinity_base_look_up(i);
		if (row->a > row->b)
		{
			uint32		a = row->a;

			row->a = row->b;
			row->b = a;
		}
	}
}

/*
 * The weights of all edges of each member, in the order of the edges.
 */
void
affinity_community_strengths(CommunityGraph *graph)
{
	graph->total = 0;
	for (uint32 v = 0; v < graph->n; v++)
	{
		double		sum = 2 * graph->loop[v];

		for (int64 e = graph->start[v]; e < graph->start[v + 1]; e++)
			sum += graph->weight[e];
		affinity_base_look_up(v);
		graph->strength[v] = sum;
		graph->total += sum;
	}
}

/*
 * Make the graph; the rows are gone then, their members stay. Edges of the
 * weight 0 are none: they only tell of their members.
 */
void
affinity_community_graph(CommunityRows *rows, CommunityGraph *graph)
{
	uint32		n = rows->n_members;
	int64	   *next = affinity_base_zeroed_array((Size) n + 1,
												  sizeof(int64));
	int64		sum = 0;

	forget_directions(rows);
	affinity_community_sort(rows->row, rows->n, n);
	affinity_community_sum(rows);
	graph->n = n;
	graph->loop = affinity_base_zeroed_array(n, sizeof(double));
	graph->strength = affinity_base_array(n, sizeof(double));
	graph->start = affinity_base_array((Size) n + 1, sizeof(int64));
	for (int64 i = 0; i < rows->n; i++)
	{
		const CommunityRow *row = &rows->row[i];

		affinity_base_look_up(i);
		if (row->a == row->b)
			graph->loop[row->a] = row->weight;
		else if (row->weight > 0)
		{
			next[row->a]++;
			next[row->b]++;
		}
	}
	for (uint32 v = 0; v < n; v++)
	{
		graph->start[v] = sum;
		sum += next[v];
		next[v] = graph->start[v];
	}
	graph->start[n] = sum;
	graph->other = affinity_base_alloc_array(CurrentMemoryContext, sum,
											 sizeof(uint32));
	graph->weight = affinity_base_alloc_array(CurrentMemoryContext, sum,
											  sizeof(double));
	/* in this order each member's others come in theirs */
	for (int64 i = 0; i < rows->n; i++)
	{
		const CommunityRow *row = &rows->row[i];

		affinity_base_look_up(i);
		if (row->a == row->b || row->weight == 0)
			continue;
		graph->other[next[row->a]] = row->b;
		graph->weight[next[row->a]++] = row->weight;
		graph->other[next[row->b]] = row->a;
		graph->weight[next[row->b]++] = row->weight;
	}
	pfree(next);
	pfree(rows->row);
	rows->row = NULL;
	affinity_community_strengths(graph);
}

/*
 * Cut communities that do not hang together into their connected parts;
 * returns how many there are. Communities are numbered anew, from 0, by their
 * first members.
 */
uint32
affinity_community_parts(const CommunityGraph *graph, uint32 *community,
						 uint32 n)
{
	uint32	   *part = affinity_base_array(n, sizeof(uint32));
	uint32	   *queue = affinity_base_array(n, sizeof(uint32));
	uint32		n_parts = 0;
	uint64		work = 0;

	memset(part, 0xFF, (Size) n * sizeof(uint32));
	for (uint32 first = 0; first < n; first++)
	{
		uint32		from = 0;
		uint32		to = 0;

		if (part[first] != COMMUNITY_NOBODY)
			continue;
		part[first] = n_parts;
		queue[to++] = first;
		while (from < to)
		{
			uint32		v = queue[from++];

			for (int64 e = graph->start[v]; e < graph->start[v + 1]; e++)
			{
				uint32		u = graph->other[e];

				if (part[u] != COMMUNITY_NOBODY ||
					community[u] != community[v])
					continue;
				part[u] = n_parts;
				queue[to++] = u;
			}
			affinity_base_look_after(&work,
									 graph->start[v + 1] - graph->start[v]);
		}
		n_parts++;
	}
	memcpy(community, part, (Size) n * sizeof(uint32));
	pfree(part);
	pfree(queue);
	return n_parts;
}

/*
 * The modularity of communities, numbered below n; 0 where there is no edge.
 */
double
affinity_community_modularity(const CommunityGraph *graph,
							  const uint32 *community, uint32 n,
							  double resolution)
{
	double	   *inside = affinity_base_zeroed_array(n, sizeof(double));
	double	   *strength = affinity_base_zeroed_array(n, sizeof(double));
	uint64		work = 0;
	double		sum = 0;

	for (uint32 v = 0; v < graph->n; v++)
	{
		double		own = 2 * graph->loop[v];

		for (int64 e = graph->start[v]; e < graph->start[v + 1]; e++)
		{
			if (community[graph->other[e]] == community[v])
				own += graph->weight[e];
		}
		inside[community[v]] += own;
		strength[community[v]] += graph->strength[v];
		affinity_base_look_after(&work, graph->start[v + 1] -
								 graph->start[v] + 1);
	}
	for (uint32 c = 0; c < n && graph->total > 0; c++)
	{
		double		share = strength[c] / graph->total;

		sum += inside[c] / graph->total - resolution * share * share;
	}
	pfree(inside);
	pfree(strength);
	return sum;
}
