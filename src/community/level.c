/*
 * level.c
 *		Moving members between communities, refining communities, and making
 *		one member of each part.
 *
 * The gain of a member of size s in a community of size S, to which it has
 * edges of weight w, is w - factor s S: for modularity sizes are strengths
 * and the factor is resolution / 2m, for CPM (Traag, Van Dooren and Nesterov
 * 2011) sizes count members and the factor is the resolution.
 */
#include "postgres.h"

#include "community/level.h"

/* A move must gain more than what rounding can make of the sums. */
#define ROUNDING	1e-12

/* Moves in one go, for each member, after which nothing good comes any more. */
#define MOST_MOVES	1000

void
affinity_community_work(CommunityWork *work, uint32 n)
{
	work->order = affinity_base_array(n, sizeof(uint32));
	work->queue = affinity_base_array(n, sizeof(uint32));
	work->is_queued = affinity_base_array(n, sizeof(bool));
	work->size = affinity_base_array(n, sizeof(double));
	work->members = affinity_base_array(n, sizeof(uint32));
	work->to = affinity_base_zeroed_array(n, sizeof(double));
	work->touched = affinity_base_array(n, sizeof(uint32));
	work->empty = affinity_base_array(n, sizeof(uint32));
	work->refined = affinity_base_array(n, sizeof(uint32));
	work->outward = affinity_base_array(n, sizeof(double));
	work->done = 0;
}

/* All members in an order that follows from the seed. */
void
affinity_community_shuffle(CommunityRandom *random, uint32 n, uint32 *order)
{
	for (uint32 i = 0; i < n; i++)
	{
		uint32		j = affinity_community_draw(random, i + 1);

		affinity_base_look_up(i);
		order[i] = order[j];
		order[j] = i;
	}
}

/* ---- moving ------------------------------------------------------------ */

/*
 * The edges of a member to the communities around it; returns how many these
 * are.
 */
static inline uint32
edges_to(CommunityWork *work, const CommunityLevel *level, uint32 v)
{
	const CommunityGraph *graph = &level->graph;
	uint32		n = 0;

	for (int64 e = graph->start[v]; e < graph->start[v + 1]; e++)
	{
		uint32		c = level->community[graph->other[e]];

		if (work->to[c] == 0)
			work->touched[n++] = c;
		work->to[c] += graph->weight[e];
	}
	affinity_base_look_after(&work->done,
							 graph->start[v + 1] - graph->start[v] + 1);
	return n;
}

/*
 * The community that is best for a member, which is in none now; its own one
 * where none is better. COMMUNITY_NOBODY: one of its own.
 */
static uint32
best_community(CommunityWork *work, const CommunityLevel *level, uint32 v,
			   uint32 own, uint32 n_touched)
{
	double		size = level->size[v];
	uint32		best = own;
	double		weight = work->to[own];
	double		chance = size * (work->size[own] * work->factor);

	for (uint32 t = 0; t < n_touched; t++)
	{
		uint32		c = work->touched[t];
		double		its = size * (work->size[c] * work->factor);

		if (c == best || work->to[c] - its - (weight - chance) <=
			ROUNDING * (work->to[c] + its + weight + chance))
			continue;
		best = c;
		weight = work->to[c];
		chance = its;
	}
	if (weight - chance < -ROUNDING * (weight + chance))
		best = work->members[own] == 0 ? own : COMMUNITY_NOBODY;
	return best;
}

static uint32
count_communities(CommunityWork *work, const CommunityLevel *level)
{
	uint32		n = level->graph.n;

	memset(work->members, 0, (Size) n * sizeof(uint32));
	memset(work->size, 0, (Size) n * sizeof(double));
	for (uint32 v = 0; v < n; v++)
	{
		affinity_base_look_up(v);
		work->members[level->community[v]]++;
		work->size[level->community[v]] += level->size[v];
	}
	work->n_empty = 0;
	for (uint32 c = n; c-- > 0;)
	{
		if (work->members[c] == 0)
			work->empty[work->n_empty++] = c;
	}
	return n - work->n_empty;
}

/* Put a member into another community than its own, which it has left. */
static void
join(CommunityWork *work, CommunityLevel *level, uint32 v, uint32 own,
	 uint32 other)
{
	if (other == COMMUNITY_NOBODY)
		other = work->empty[--work->n_empty];
	if (work->members[own] == 0)
		work->empty[work->n_empty++] = own;
	level->community[v] = other;
	work->members[other]++;
	work->size[other] += level->size[v];
}

/*
 * Move members to where they are best until none gains by it; those next to
 * one that moved are looked at again. False where none moved.
 */
bool
affinity_community_move(CommunityWork *work, CommunityLevel *level)
{
	const CommunityGraph *graph = &level->graph;
	uint32		n = graph->n;
	uint32		head = 0;
	uint32		waiting = n;
	uint64		moves = 0;

	count_communities(work, level);
	affinity_community_shuffle(&work->random, n, work->queue);
	memset(work->is_queued, true, n);
	while (waiting > 0 && moves < (uint64) n * MOST_MOVES)
	{
		uint32		v = work->queue[head];
		uint32		own = level->community[v];
		uint32		n_touched = edges_to(work, level, v);
		uint32		best;

		head = head + 1 == n ? 0 : head + 1;
		waiting--;
		work->is_queued[v] = false;
		work->size[own] -= level->size[v];
		if (--work->members[own] == 0)
			work->size[own] = 0;
		best = best_community(work, level, v, own, n_touched);
		for (uint32 t = 0; t < n_touched; t++)
			work->to[work->touched[t]] = 0;
		if (best == own)
		{
			work->members[own]++;
			work->size[own] += level->size[v];
			continue;
		}
		join(work, level, v, own, best);
		moves++;
		for (int64 e = graph->start[v]; e < graph->start[v + 1]; e++)
		{
			uint32		u = graph->other[e];

			if (work->is_queued[u] ||
				level->community[u] == level->community[v])
				continue;
			work->is_queued[u] = true;
			work->queue[((uint64) head + waiting++) % n] = u;
		}
	}
	return moves > 0;
}

/* ---- refining ---------------------------------------------------------- */

/*
 * The refined part that a member joins, among those of its own community that
 * are well connected with the rest of it; its own where none is better.
 */
static uint32
best_part(CommunityWork *work, const CommunityLevel *level, uint32 v,
		  double *part_size)
{
	const CommunityGraph *graph = &level->graph;
	uint32		community = level->community[v];
	double		whole = work->size[community];
	uint32		best = work->refined[v];
	double		best_gain = 0;
	uint32		n = 0;

	for (int64 e = graph->start[v]; e < graph->start[v + 1]; e++)
	{
		uint32		u = graph->other[e];

		if (level->community[u] != community)
			continue;
		if (work->to[work->refined[u]] == 0)
			work->touched[n++] = work->refined[u];
		work->to[work->refined[u]] += graph->weight[e];
	}
	for (uint32 t = 0; t < n; t++)
	{
		uint32		part = work->touched[t];
		double		chance = level->size[v] * (part_size[part] * work->factor);
		double		gain = work->to[part] - chance;
		double		rest = Max(whole - part_size[part], 0);

		if (work->outward[part] >= part_size[part] * (rest * work->factor) &&
			gain > best_gain + ROUNDING * (work->to[part] + chance))
		{
			best = part;
			best_gain = gain;
		}
	}
	for (uint32 t = 0; t < n; t++)
		work->to[work->touched[t]] = 0;
	return best;
}

/* A member that was alone joins a part: what of its edges is outward now? */
static void
join_part(CommunityWork *work, const CommunityLevel *level, uint32 v,
		  uint32 part)
{
	const CommunityGraph *graph = &level->graph;

	work->refined[v] = part;
	for (int64 e = graph->start[v]; e < graph->start[v + 1]; e++)
	{
		uint32		u = graph->other[e];

		if (level->community[u] != level->community[v])
			continue;
		if (work->refined[u] == part)
			work->outward[part] -= graph->weight[e];
		else
			work->outward[part] += graph->weight[e];
	}
}

/*
 * Each community in parts: members begin alone, and, in an order that follows
 * from the seed, those that are still alone and well connected join the part
 * that gains most, so that each part hangs together. The parts are in
 * work->refined, from 0; returns how many.
 */
uint32
affinity_community_refine(CommunityWork *work, const CommunityLevel *level)
{
	const CommunityGraph *graph = &level->graph;
	uint32		n = graph->n;
	double	   *part_size = affinity_base_array(n, sizeof(double));
	bool	   *has_more = affinity_base_zeroed_array(n, sizeof(bool));
	uint32		n_parts;

	count_communities(work, level);
	for (uint32 v = 0; v < n; v++)
	{
		work->refined[v] = v;
		part_size[v] = level->size[v];
		work->outward[v] = 0;
		for (int64 e = graph->start[v]; e < graph->start[v + 1]; e++)
		{
			if (level->community[graph->other[e]] == level->community[v])
				work->outward[v] += graph->weight[e];
		}
		affinity_base_look_after(&work->done,
								 graph->start[v + 1] - graph->start[v] + 1);
	}
	affinity_community_shuffle(&work->random, n, work->order);
	for (uint32 i = 0; i < n; i++)
	{
		uint32		v = work->order[i];
		double		rest = work->size[level->community[v]] - level->size[v];
		uint32		part;

		affinity_base_look_after(&work->done,
								 graph->start[v + 1] - graph->start[v] + 1);
		if (has_more[v] || work->outward[v] <
			level->size[v] * (Max(rest, 0) * work->factor))
			continue;
		part = best_part(work, level, v, part_size);
		if (part == v)
			continue;
		has_more[part] = true;
		part_size[part] += level->size[v];
		join_part(work, level, v, part);
	}
	pfree(part_size);
	pfree(has_more);
	n_parts = affinity_community_compact(work->refined, n, work->touched);
	return n_parts;
}

/* ---- condensing -------------------------------------------------------- */

/*
 * Number communities anew, from 0, by their first members; returns how many.
 */
uint32
affinity_community_compact(uint32 *community, uint32 n, uint32 *scratch)
{
	uint32		n_found = 0;

	memset(scratch, 0xFF, (Size) n * sizeof(uint32));
	for (uint32 v = 0; v < n; v++)
	{
		affinity_base_look_up(v);
		if (scratch[community[v]] == COMMUNITY_NOBODY)
			scratch[community[v]] = n_found++;
		community[v] = scratch[community[v]];
	}
	return n_found;
}

/* The edges of a cluster, whose members are given, to all others. */
static void
condense_one(const CommunityLevel *level, const uint32 *cluster,
			 const uint32 *member, uint32 n_members, uint32 own,
			 double *to, CommunityLevel *next)
{
	const CommunityGraph *from = &level->graph;
	CommunityGraph *graph = &next->graph;
	int64		first = graph->start[own];
	int64		n = first;
	double		within = 0;

	for (uint32 i = 0; i < n_members; i++)
	{
		uint32		v = member[i];

		graph->loop[own] += from->loop[v];
		next->size[own] += level->size[v];
		for (int64 e = from->start[v]; e < from->start[v + 1]; e++)
		{
			uint32		c = cluster[from->other[e]];

			if (c == own)
				within += from->weight[e];
			else
			{
				if (to[c] == 0)
					graph->other[n++] = c;
				to[c] += from->weight[e];
			}
		}
	}
	graph->loop[own] += within / 2;
	for (int64 e = first; e < n; e++)
	{
		graph->weight[e] = to[graph->other[e]];
		to[graph->other[e]] = 0;
	}
	graph->start[own + 1] = n;
}

/*
 * The graph whose members are clusters, numbered below n, of this one's.
 */
void
affinity_community_condense(const CommunityLevel *level, const uint32 *cluster,
							uint32 n, CommunityLevel *next)
{
	const CommunityGraph *from = &level->graph;
	CommunityGraph *graph = &next->graph;
	int64		n_edges = from->start[from->n];
	uint32	   *start = affinity_base_zeroed_array((Size) n + 2,
												   sizeof(uint32));
	uint32	   *member = affinity_base_array(from->n, sizeof(uint32));
	double	   *to = affinity_base_zeroed_array(n, sizeof(double));
	uint64		work = 0;

	for (uint32 v = 0; v < from->n; v++)
	{
		affinity_base_look_up(v);
		start[cluster[v] + 2]++;
	}
	for (uint32 c = 2; c <= n; c++)
		start[c] += start[c - 1];
	for (uint32 v = 0; v < from->n; v++)
	{
		affinity_base_look_up(v);
		member[start[cluster[v] + 1]++] = v;
	}

	graph->n = n;
	graph->start = affinity_base_zeroed_array((Size) n + 1, sizeof(int64));
	graph->other = affinity_base_array(n_edges, sizeof(uint32));
	graph->weight = affinity_base_array(n_edges, sizeof(double));
	graph->loop = affinity_base_zeroed_array(n, sizeof(double));
	graph->strength = NULL;
	graph->total = from->total;
	next->size = affinity_base_zeroed_array(n, sizeof(double));
	next->community = affinity_base_array(n, sizeof(uint32));
	for (uint32 c = 0; c < n; c++)
	{
		condense_one(level, cluster, member + start[c],
					 start[c + 1] - start[c], c, to, next);
		affinity_base_look_after(&work, graph->start[c + 1] -
								 graph->start[c] + 1);
		next->community[c] = level->community[member[start[c]]];
	}
	n_edges = graph->start[n];
	graph->other = repalloc_huge(graph->other, mul_size(Max(n_edges, 1),
														sizeof(uint32)));
	graph->weight = repalloc_huge(graph->weight, mul_size(Max(n_edges, 1),
														  sizeof(double)));
	pfree(start);
	pfree(member);
	pfree(to);
}

void
affinity_community_level_free(CommunityLevel *level)
{
	pfree(level->graph.start);
	pfree(level->graph.other);
	pfree(level->graph.weight);
	pfree(level->graph.loop);
	pfree(level->size);
	pfree(level->community);
}
