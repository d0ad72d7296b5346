/*
 * stream.c
 *		Chunks that all members of a team make, taken over in order.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "train/team.h"

Size
affinity_team_stream_bytes(Size slot_bytes)
{
	return slot_bytes;
}

void
affinity_team_stream(AffinityTeam *team, int region,
					 const AffinityStream *stream)
{
	void	   *slot = affinity_team_region(team, region);

	for (uint32 chunk = 0; chunk < stream->n_chunks; chunk++)
	{
		CHECK_FOR_INTERRUPTS();
		stream->produce(stream->state, chunk, slot);
		stream->consume(stream->state, chunk, slot);
	}
	affinity_team_barrier(team);
}
