/*
 * places.c
 *		A place of its own for each of several things, one thing after
 *		another: rows with the steps they satisfy as their places, or steps
 *		with rows.
 *
 * A thing that comes in may have others move on to other places of theirs: an
 * augmenting path, breadth first. Things that have a place keep one, and sets
 * of things that can all have one are the independent sets of a matroid, so a
 * thing that finds no place now finds none later either. The places that its
 * search reached are then known to be closed: whoever wants only those need
 * not search.
 *
 * The caller owns all memory.
 */
#include "chain/places.h"

void
affinity_chain_places_clear(AffinityPlaces *places)
{
	places->taken = places->closed = 0;
}

/*
 * Give a thing one of its places `options`, of those in `within` (which holds
 * for the others too: whoever widens it must set `closed` to 0). Returns
 * false if there is none.
 */
bool
affinity_chain_place(AffinityPlaces *places, uint64_t options, uint64_t within)
{
	int			parent[AFFINITY_MAX_STEPS];
	uint64_t	reached = 0;
	uint64_t	pending = 0;
	uint64_t	ahead = options & within;
	int			from = -1;

	if ((ahead & ~places->closed) == 0)
		return false;
	for (;;)
	{
		uint64_t	fresh = ahead & ~reached & ~places->closed;

		reached |= fresh;
		pending |= fresh;
		for (; fresh != 0; fresh &= fresh - 1)
		{
			int			at = __builtin_ctzll(fresh);

			parent[at] = from;
			if ((places->taken >> at & 1) != 0)
				continue;
			places->taken |= UINT64_C(1) << at;
			for (; parent[at] >= 0; at = parent[at])
				places->options[at] = places->options[parent[at]];
			places->options[at] = options;
			return true;
		}
		if (pending == 0)
		{
			places->closed |= reached;
			return false;
		}
		from = __builtin_ctzll(pending);
		pending &= pending - 1;
		ahead = places->options[from] & within;
	}
}
