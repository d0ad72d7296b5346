/*
 * team.c
 *		One body of code in the leader and in parallel workers.
 *
 * Workers are PostgreSQL's parallel workers (ParallelContext), started when
 * everything they need is in shared memory. The leader waits until those that
 * could be started are attached, so that the number of participants is known
 * and barriers can be static; that takes some milliseconds, so small work
 * starts none. The ways of errors are PostgreSQL's own: a worker's error
 * comes through its queue and is thrown where the leader next looks at
 * interrupts, which it does while it waits in a barrier too; an error or a
 * cancel in the leader ends its (sub)transaction, and that terminates the
 * workers and waits for them.
 *
 * While workers run, the leader is in parallel mode, in which no transaction
 * id can be assigned: who writes rows has one assigned before.
 */
#include "postgres.h"

#include "access/parallel.h"
#include "access/xact.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "optimizer/optimizer.h"
#include "pgstat.h"
#include "tcop/tcopprot.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "parallel/progress.h"
#include "parallel/team_state.h"

#define LIBRARY			"$libdir/affinity"
#define KEY_SEGMENT		UINT64CONST(1)	/* handle of the first segment */

/* Processor time that is worth one more worker. */
#define SECONDS_PER_WORKER	0.04

#define MAX_WORKERS		64

/* Bounds on what PostgreSQL itself puts into shared memory for workers. */
#define CONTEXT_BYTES	((Size) 1024 * 1024)
#define WORKER_BYTES	((Size) 32 * 1024)

extern PGDLLEXPORT void affinity_parallel_worker(dsm_segment *segment,
												 shm_toc *toc);

/* ---- the leader -------------------------------------------------------- */

/*
 * Workers that settings allow.
 */
int
affinity_parallel_allowed(void)
{
	int			workers = Min(max_parallel_maintenance_workers,
							  max_parallel_workers);

	return Min(workers, MAX_WORKERS);
}

static int
wanted_workers(const AffinityTeamRequest *request)
{
	int			workers = affinity_parallel_allowed();

	if (request->max_workers >= 0)
		workers = Min(workers, request->max_workers);
	if (request->seconds > 0)
		workers = (int) Min(workers, request->seconds / SECONDS_PER_WORKER);
	return workers;
}

/*
 * The leader's part of a team, with its memory; workers are not started yet.
 */
AffinityTeam *
affinity_parallel_begin(const AffinityTeamRequest *request)
{
	AffinityTeam *team = palloc0(sizeof(AffinityTeam));

	team->job = request->job;
	team->participants = 1;
	team->workers = wanted_workers(request);
	if (team->workers > 0 && IsInParallelMode())
	{
		team->workers = 0;
		ereport(NOTICE,
				(errmsg("running without parallel workers: called within a parallel query")));
	}
	affinity_parallel_alloc(team, request);
	strlcpy(team->shared->body, request->job->name, NAMEDATALEN);
	return team;
}

/*
 * Is there room for what PostgreSQL shares with its workers? It throws an
 * error where there is not, from within parallel mode, where it cannot be
 * caught.
 */
static bool
room_for_context(AffinityTeam *team)
{
	dsm_segment *segment = affinity_parallel_segment(team, CONTEXT_BYTES +
													 team->workers *
													 WORKER_BYTES);

	if (segment)
		dsm_detach(segment);
	return segment != NULL;
}

/*
 * Start workers and wait until they are there. NULL, and not in parallel
 * mode, where none could be started.
 */
static ParallelContext *
start_workers(AffinityTeam *team)
{
	TeamShared *shared = team->shared;
	ParallelContext *context;
	dsm_handle *handle;

	EnterParallelMode();
	context = CreateParallelContext(LIBRARY, "affinity_parallel_worker",
									team->workers);
	shm_toc_estimate_chunk(&context->estimator, sizeof(dsm_handle));
	shm_toc_estimate_keys(&context->estimator, 1);
	InitializeParallelDSM(context);
	handle = shm_toc_allocate(context->toc, sizeof(dsm_handle));
	*handle = dsm_segment_handle(team->segment);
	shm_toc_insert(context->toc, KEY_SEGMENT, handle);
	LaunchParallelWorkers(context);
	if (context->nworkers_launched == 0)
	{
		DestroyParallelContext(context);
		ExitParallelMode();
		ereport(NOTICE,
				(errmsg("running without parallel workers: none could be started"),
				 errdetail("max_worker_processes (%d) or max_parallel_workers (%d) are all in use.",
						   max_worker_processes, max_parallel_workers)));
		return NULL;
	}
	WaitForParallelWorkersToAttach(context);
	team->participants = context->nworkers_launched + 1;
	BarrierInit(&shared->barrier, team->participants);
	pg_write_barrier();			/* who sees the number sees the barrier */
	pg_atomic_write_u32(&shared->participants, team->participants);
	ConditionVariableBroadcast(&shared->counted);
	return context;
}

/*
 * What workers show as their query: cut between characters, as a part of one
 * would be an error in every session that looks.
 */
static void
share_query(TeamShared *shared)
{
	int			bytes = pg_mbcliplen(debug_query_string,
									 (int) strlen(debug_query_string),
									 AFFINITY_TEAM_QUERY - 1);

	memcpy(shared->query, debug_query_string, bytes);
	shared->query[bytes] = '\0';
}

/*
 * The body, in as many participants as there are; they are gone when this
 * returns.
 */
void
affinity_parallel_run(AffinityTeam *team, void *leader)
{
	ParallelContext *context = NULL;
	bool		snapshot = false;

	team->leader = leader;
	team->phase = 0;
	ConditionVariableInit(&team->shared->counted);
	pg_atomic_init_u32(&team->shared->participants, 0);
	pg_atomic_init_u64(&team->shared->next[0], 0);
	pg_atomic_init_u64(&team->shared->next[1], 0);
	if (team->workers > 0 && room_for_context(team))
	{
		snapshot = !ActiveSnapshotSet();
		if (snapshot)
			PushActiveSnapshot(GetTransactionSnapshot());
		if (debug_query_string)
			share_query(team->shared);
		context = start_workers(team);
	}
	affinity_parallel_progress_workers(team->participants - 1);
	team->job->body(team);
	if (context)
	{
		WaitForParallelWorkersToFinish(context);
		DestroyParallelContext(context);
		ExitParallelMode();
		team->participants = 1;
	}
	if (snapshot)
		PopActiveSnapshot();
}

void
affinity_parallel_end(AffinityTeam *team)
{
	affinity_parallel_free(team);
	pfree(team);
}

/* ---- a worker ---------------------------------------------------------- */

static void
wait_for_participants(AffinityTeam *team)
{
	TeamShared *shared = team->shared;

	ConditionVariablePrepareToSleep(&shared->counted);
	while (pg_atomic_read_u32(&shared->participants) == 0)
		ConditionVariableSleep(&shared->counted, PG_WAIT_EXTENSION);
	ConditionVariableCancelSleep();
	pg_read_barrier();
	team->participants = (int) pg_atomic_read_u32(&shared->participants);
}

/*
 * Where PostgreSQL's parallel workers come in.
 */
void
affinity_parallel_worker(dsm_segment *segment, shm_toc *toc)
{
	AffinityTeam *team = palloc0(sizeof(AffinityTeam));
	const dsm_handle *handle = shm_toc_lookup(toc, KEY_SEGMENT, false);
	void		(*body) (AffinityTeam *team);

	(void) segment;
	affinity_parallel_attach(team, *handle);
	/* a copy: messages show it even when the segment is gone */
	debug_query_string = MemoryContextStrdup(TopMemoryContext,
											 team->shared->query);
	pgstat_report_activity(STATE_RUNNING, debug_query_string);
	body = (void (*) (AffinityTeam *))
		load_external_function(LIBRARY, team->shared->body, true, NULL);
	team->participant = ParallelWorkerNumber + 1;
	wait_for_participants(team);
	body(team);
	affinity_parallel_free(team);
}

/* ---- any participant --------------------------------------------------- */

void *
affinity_parallel_leader(AffinityTeam *team)
{
	return team->leader;
}

int
affinity_parallel_participant(const AffinityTeam *team)
{
	return team->participant;
}

int
affinity_parallel_participants(const AffinityTeam *team)
{
	return team->participants;
}

/*
 * Wait for all participants; work is handed out from the start again.
 */
void
affinity_parallel_barrier(AffinityTeam *team)
{
	pg_atomic_uint64 *next = &team->shared->next[team->phase % 2];

	CHECK_FOR_INTERRUPTS();
	team->phase++;
	if (team->participants == 1 ||
		BarrierArriveAndWait(&team->shared->barrier, PG_WAIT_EXTENSION))
		pg_atomic_write_u64(next, 0);
}

/*
 * The next piece of 0 to n - 1 that nobody has taken since the last barrier;
 * false: none is left. All participants ask with the same n and piece.
 */
bool
affinity_parallel_next(AffinityTeam *team, uint32 n, uint32 piece,
					   uint32 *from, uint32 *to)
{
	uint64		next;

	CHECK_FOR_INTERRUPTS();
	next = pg_atomic_fetch_add_u64(&team->shared->next[team->phase % 2],
								   piece);
	if (next >= n)
		return false;
	*from = (uint32) next;
	*to = (uint32) Min(next + piece, (uint64) n);
	return true;
}
