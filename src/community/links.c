/*
 * links.c
 *		Links with directions, from either end; how deep in the core members
 *		are.
 */
#include "postgres.h"

#include "community/community.h"

const CommunityRequest affinity_community_edges = {
	.what = "edges",
	.example = "SELECT follower_id, followed_id FROM follows",
	.third = COMMUNITY_WEIGHT,
	.row_bytes = 32,
	.member_bytes = 80
};

/* Leave out what has no weight, and, unless they are wanted, loops. */
static void
drop_rows(CommunityRows *rows, bool loops)
{
	int64		n = 0;

	for (int64 i = 0; i < rows->n; i++)
	{
		const CommunityRow *row = &rows->row[i];

		affinity_base_look_up(i);
		if (row->weight > 0 && (loops || row->a != row->b))
			rows->row[n++] = *row;
	}
	rows->n = n;
}

/*
 * Sort the rows, sum those of a pair, and find them from both ends. The rows
 * stay where they are.
 */
void
affinity_community_links(CommunityRows *rows, bool loops,
						 CommunityLinks *links)
{
	uint32		n = rows->n_members;
	int64	   *next;

	drop_rows(rows, loops);
	affinity_community_sort(rows->row, rows->n, n);
	affinity_community_sum(rows);
	links->n = n;
	links->out = rows->row;
	links->out_start = affinity_base_zeroed_array((Size) n + 2,
												  sizeof(int64));
	links->in_start = affinity_base_zeroed_array((Size) n + 2, sizeof(int64));
	links->in_from = affinity_base_array(rows->n, sizeof(uint32));
	links->in_weight = affinity_base_array(rows->n, sizeof(double));
	for (int64 i = 0; i < rows->n; i++)
	{
		affinity_base_look_up(i);
		links->out_start[rows->row[i].a + 1]++;
		links->in_start[rows->row[i].b + 2]++;
	}
	for (uint32 v = 0; v < n; v++)
	{
		links->out_start[v + 1] += links->out_start[v];
		links->in_start[v + 2] += links->in_start[v + 1];
	}
	next = links->in_start + 1; /* ends as the start of the one after */
	for (int64 i = 0; i < rows->n; i++)
	{
		const CommunityRow *row = &rows->row[i];
		int64		at = next[row->b]++;

		affinity_base_look_up(i);
		links->in_from[at] = row->a;
		links->in_weight[at] = row->weight;
	}
}

/* ---- cores ------------------------------------------------------------- */

/* Where a walk over the neighbors of a member is, both directions as one. */
typedef struct Neighbors
{
	const CommunityLinks *links;
	int64		out;
	int64		out_end;
	int64		in;
	int64		in_end;
	uint32		self;
} Neighbors;

static void
neighbors_of(const CommunityLinks *links, uint32 v, Neighbors *walk)
{
	walk->links = links;
	walk->out = links->out_start[v];
	walk->out_end = links->out_start[v + 1];
	walk->in = links->in_start[v];
	walk->in_end = links->in_start[v + 1];
	walk->self = v;
}

static uint32
next_neighbor(Neighbors *walk)
{
	uint32		next;

	do
	{
		uint32		out = walk->out < walk->out_end ?
			walk->links->out[walk->out].b : COMMUNITY_NOBODY;
		uint32		in = walk->in < walk->in_end ?
			walk->links->in_from[walk->in] : COMMUNITY_NOBODY;

		next = Min(out, in);
		walk->out += out == next && next != COMMUNITY_NOBODY;
		walk->in += in == next && next != COMMUNITY_NOBODY;
	} while (next == walk->self);
	return next;
}

/*
 * Of each member the largest k so that it is in a group whose members have k
 * neighbors in it each (Seidman 1983), by Batagelj and Zaversnik (2003):
 * whoever has fewest neighbors goes first.
 */
uint32 *
affinity_community_cores(const CommunityLinks *links)
{
	uint32		n = links->n;
	uint32	   *degree = affinity_base_zeroed_array(n, sizeof(uint32));
	uint32	   *place = affinity_base_array(n, sizeof(uint32));
	uint32	   *order = affinity_base_array(n, sizeof(uint32));
	uint32	   *first = affinity_base_zeroed_array((Size) n + 1,
												   sizeof(uint32));
	Neighbors	walk;
	uint64		work = 0;
	uint32		sum = 0;

	for (uint32 v = 0; v < n; v++)
	{
		neighbors_of(links, v, &walk);
		while (next_neighbor(&walk) != COMMUNITY_NOBODY)
			degree[v]++;
		first[degree[v]]++;
		affinity_base_look_after(&work, degree[v] + 1);
	}
	for (uint32 d = 0; d <= n; d++)
	{
		uint32		count = first[d];

		first[d] = sum;
		sum += count;
	}
	for (uint32 v = 0; v < n; v++)
	{
		place[v] = first[degree[v]]++;
		order[place[v]] = v;
	}
	for (uint32 d = n; d > 0; d--)
		first[d] = first[d - 1];
	first[0] = 0;
	for (uint32 i = 0; i < n; i++)
	{
		uint32		v = order[i];
		uint32		u;

		neighbors_of(links, v, &walk);
		while ((u = next_neighbor(&walk)) != COMMUNITY_NOBODY)
		{
			uint32		w;

			work++;
			if (degree[u] <= degree[v])
				continue;
			/* u goes to the front of those with its degree, and out of them */
			w = order[first[degree[u]]];
			order[place[u]] = w;
			place[w] = place[u];
			place[u] = first[degree[u]]++;
			order[place[u]] = u;
			degree[u]--;
		}
		affinity_base_look_after(&work, 1);
	}
	pfree(place);
	pfree(order);
	pfree(first);
	return degree;
}
