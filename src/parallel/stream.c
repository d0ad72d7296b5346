/*
 * stream.c
 *		Chunks that all participants of a team make, taken over in order.
 *
 * Chunks are made in slots of shared memory, chunk c in slot c modulo their
 * number; none is begun before the leader has taken over the one that was in
 * its slot. The leader makes chunks too, whenever the next one it has to take
 * over is not there yet.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "pgstat.h"

#include "parallel/team_state.h"

#define SLOTS_PER_MEMBER	4
#define MAX_SLOTS			256

typedef struct StreamShared
{
	ConditionVariable filled;	/* the leader waits for a chunk */
	ConditionVariable freed;	/* workers wait for a slot */
	pg_atomic_uint32 taken;		/* chunks that somebody makes, or has made */
	pg_atomic_uint32 consumed;	/* chunks taken over */
	pg_atomic_uint32 ready[MAX_SLOTS];	/* chunk in the slot + 1 */
} StreamShared;

#define HEADER_BYTES	TYPEALIGN(AFFINITY_TEAM_ALIGN, sizeof(StreamShared))

/* A participant's view of a stream. */
typedef struct Flow
{
	const AffinityStream *stream;
	StreamShared *shared;
	char	   *slots;
	Size		slot_size;
	uint32		n_slots;
} Flow;

/*
 * Bytes of the region for a stream.
 */
Size
affinity_parallel_stream_bytes(Size slot_bytes)
{
	int			slots = Min(SLOTS_PER_MEMBER *
							(affinity_parallel_allowed() + 1), MAX_SLOTS);

	return add_size(HEADER_BYTES,
					mul_size(slots, TYPEALIGN(AFFINITY_TEAM_ALIGN,
											  slot_bytes)));
}

static void *
slot_of(const Flow *flow, uint32 chunk)
{
	return flow->slots + (chunk % flow->n_slots) * flow->slot_size;
}

static bool
is_ready(const Flow *flow, uint32 chunk)
{
	return pg_atomic_read_u32(&flow->shared->ready[chunk % flow->n_slots]) ==
		chunk + 1;
}

/*
 * Is there a chunk left that nobody makes, and a slot for it?
 */
static bool
take(Flow *flow, uint32 *chunk)
{
	uint32		taken = pg_atomic_read_u32(&flow->shared->taken);

	while (taken < flow->stream->n_chunks &&
		   taken < pg_atomic_read_u32(&flow->shared->consumed) + flow->n_slots)
	{
		if (pg_atomic_compare_exchange_u32(&flow->shared->taken, &taken,
										   taken + 1))
		{
			*chunk = taken;
			return true;
		}
	}
	return false;
}

static void
make(Flow *flow, uint32 chunk)
{
	flow->stream->produce(flow->stream->state, chunk, slot_of(flow, chunk));
	pg_write_barrier();
	pg_atomic_write_u32(&flow->shared->ready[chunk % flow->n_slots],
						chunk + 1);
}

/* ---- the two roles ----------------------------------------------------- */

static void
lead(Flow *flow)
{
	StreamShared *shared = flow->shared;
	uint32		chunk;

	for (uint32 next = 0; next < flow->stream->n_chunks;)
	{
		CHECK_FOR_INTERRUPTS();
		if (is_ready(flow, next))
		{
			pg_read_barrier();
			flow->stream->consume(flow->stream->state, next,
								  slot_of(flow, next));
			pg_memory_barrier();
			pg_atomic_write_u32(&shared->consumed, ++next);
			ConditionVariableBroadcast(&shared->freed);
		}
		else if (take(flow, &chunk))
			make(flow, chunk);
		else
		{
			/* a worker is at it */
			ConditionVariablePrepareToSleep(&shared->filled);
			while (!is_ready(flow, next))
				ConditionVariableSleep(&shared->filled, PG_WAIT_EXTENSION);
			ConditionVariableCancelSleep();
		}
	}
}

static void
follow(Flow *flow)
{
	StreamShared *shared = flow->shared;
	uint32		chunk;

	for (;;)
	{
		bool		found;

		CHECK_FOR_INTERRUPTS();
		found = take(flow, &chunk);
		if (!found)
		{
			ConditionVariablePrepareToSleep(&shared->freed);
			while (!(found = take(flow, &chunk)) &&
				   pg_atomic_read_u32(&shared->taken) <
				   flow->stream->n_chunks)
				ConditionVariableSleep(&shared->freed, PG_WAIT_EXTENSION);
			ConditionVariableCancelSleep();
		}
		if (!found)
			return;
		make(flow, chunk);
		ConditionVariableSignal(&shared->filled);
	}
}

/*
 * Called by every participant. When it returns, all chunks have been taken
 * over; the region can be used again.
 */
void
affinity_parallel_stream(AffinityTeam *team, int region,
						 const AffinityStream *stream)
{
	char	   *memory = affinity_parallel_region(team, region);
	Size		size = team->shared->region[region].size;
	Flow		flow = {.stream = stream};

	flow.shared = (StreamShared *) memory;
	flow.slots = memory + HEADER_BYTES;
	flow.slot_size = TYPEALIGN(AFFINITY_TEAM_ALIGN, stream->slot_bytes);
	flow.n_slots = (uint32) Min((size - HEADER_BYTES) /
								Max(flow.slot_size, 1), MAX_SLOTS);
	if (flow.n_slots == 0)
		elog(ERROR, "region of a stream has no room for a slot");
	if (team->participant == 0)
	{
		ConditionVariableInit(&flow.shared->filled);
		ConditionVariableInit(&flow.shared->freed);
		pg_atomic_init_u32(&flow.shared->taken, 0);
		pg_atomic_init_u32(&flow.shared->consumed, 0);
		for (int i = 0; i < MAX_SLOTS; i++)
			pg_atomic_init_u32(&flow.shared->ready[i], 0);
	}
	affinity_parallel_barrier(team);
	if (team->participant == 0)
		lead(&flow);
	else
		follow(&flow);
	affinity_parallel_barrier(team);
}
