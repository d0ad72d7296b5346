/*
 * gather.c
 *		Rows taken in by PostgreSQL's own parallel workers.
 *
 * Where the planner has workers for a query, its plan ends in a Gather, whose
 * workers hand their rows to the leader one by one. Below it we put a node of
 * our own, which hands no row on: each process takes its rows in by itself
 * (share.c). So it is PostgreSQL that decides what may run in parallel, under
 * which snapshot and whose rights, and what has no such plan is read by one
 * process.
 */
#include "postgres.h"

#include "access/parallel.h"
#include "access/xact.h"
#include "executor/executor.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "nodes/extensible.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "tcop/dest.h"
#include "utils/guc.h"
#include "utils/plancache.h"
#include "utils/snapmgr.h"

#include "base/compat.h"
#include "base/try.h"
#include "interaction/receiver.h"

/* Above the numbers that the planner gives to nodes of a plan. */
#define NODE_ID		(1 << 30)

#define NODE_NAME	"AffinityRows"

/* The node in one process. */
typedef struct TakeState
{
	CustomScanState css;
	AffinityShare *share;
	DestReceiver *receiver;
} TakeState;

/* What workers are told of it. */
typedef struct TakeShared
{
	dsa_handle	area;
	dsa_pointer read;
} TakeShared;

/* A query that is being run. */
typedef struct Gathering
{
	const AffinityReadRequest *request;
	PlannedStmt *plan;			/* NULL: one process is to read */
	AffinityShare *share;
	DestReceiver *receiver;
	bool		complete;		/* all rows were taken over */
} Gathering;

/* The leader's, on its way to the node; only while the executor starts. */
static Gathering *starting = NULL;

/* ---- the node ---------------------------------------------------------- */

static Node *create_state(CustomScan *plan);

static const CustomScanMethods take_methods = {NODE_NAME, create_state};

static void
begin(CustomScanState *css, EState *estate, int eflags)
{
	TakeState  *state = (TakeState *) css;
	const CustomScan *plan = (const CustomScan *) css->ss.ps.plan;
	Gathering  *gathering = starting;
	PlanState  *child;

	starting = NULL;
	child = ExecInitNode(linitial(plan->custom_plans), estate, eflags);
	css->custom_ps = list_make1(child);
	if (IsParallelWorker())
		return;
	if (gathering == NULL)
		elog(ERROR, "nobody reads the rows of interactions");
	state->share = gathering->share;
	state->receiver = gathering->receiver;
	state->receiver->rStartup(state->receiver, CMD_SELECT,
							  ExecGetResultType(child));
}

static TupleTableSlot *
take(CustomScanState *css)
{
	TakeState  *state = (TakeState *) css;
	PlanState  *child = linitial(css->custom_ps);
	TupleTableSlot *slot;

	if (state->receiver == NULL)
		return NULL;
	do
	{
		CHECK_FOR_INTERRUPTS();
		slot = ExecProcNode(child);
	} while (!TupIsNull(slot) &&
			 state->receiver->receiveSlot(slot, state->receiver));
	if (IsParallelWorker())
		affinity_interaction_share_leave((RowReceiver *) state->receiver);
	state->receiver = NULL;
	return NULL;
}

static void
end(CustomScanState *css)
{
	const TakeState *state = (const TakeState *) css;

	/* the leader still needs it */
	if (IsParallelWorker() && state->share)
		affinity_parts_area_end(state->share->area);
	ExecEndNode(linitial(css->custom_ps));
}

/* There is no node above that could ask for it. */
static void
rescan(CustomScanState *css)
{
	(void) css;
	elog(ERROR, "rows of interactions cannot be read a second time");
}

static Size
estimate_shared(CustomScanState *css, ParallelContext *context)
{
	(void) css;
	(void) context;
	return sizeof(TakeShared);
}

static void
initialize_shared(CustomScanState *css, ParallelContext *context,
				  void *coordinate)
{
	TakeState  *state = (TakeState *) css;
	TakeShared *shared = coordinate;

	(void) context;
	shared->area = dsa_get_handle(state->share->area->dsa);
	shared->read = state->share->address;
}

static void
initialize_worker(CustomScanState *css, shm_toc *toc, void *coordinate)
{
	TakeState  *state = (TakeState *) css;
	const TakeShared *shared = coordinate;

	(void) toc;
	state->share = affinity_interaction_share_join(shared->area, shared->read,
												   ParallelWorkerNumber);
	state->receiver =
		affinity_interaction_shared_receiver(affinity_interaction_share_request(state->share),
											 state->share);
	state->receiver->rStartup(state->receiver, CMD_SELECT,
							  ExecGetResultType(linitial(css->custom_ps)));
}

static const CustomExecMethods exec_methods = {
	.CustomName = NODE_NAME,
	.BeginCustomScan = begin,
	.ExecCustomScan = take,
	.EndCustomScan = end,
	.ReScanCustomScan = rescan,
	.EstimateDSMCustomScan = estimate_shared,
	.InitializeDSMCustomScan = initialize_shared,
	.InitializeWorkerCustomScan = initialize_worker,
};

static Node *
create_state(CustomScan *plan)
{
	TakeState  *state = palloc0(sizeof(TakeState));

	(void) plan;
	NodeSetTag(state, T_CustomScanState);
	state->css.methods = &exec_methods;
	return (Node *) state;
}

/*
 * Workers find the node by its name.
 */
void
affinity_interaction_init(void)
{
	RegisterCustomScanMethods(&take_methods);
}

/* ---- the plan ---------------------------------------------------------- */

/*
 * Our node above a plan.
 */
static Plan *
take_rows_of(Plan * below)
{
	CustomScan *take = makeNode(CustomScan);
	Plan	   *plan = &take->scan.plan;
	ListCell   *lc;

	take->methods = &take_methods;
	take->custom_plans = list_make1(below);
	foreach(lc, below->targetlist)
	{
		TargetEntry *entry = lfirst_node(TargetEntry, lc);
		Expr	   *expr = entry->expr;
		Var		   *var = makeVar(INDEX_VAR, entry->resno,
								  exprType((Node *) expr),
								  exprTypmod((Node *) expr),
								  exprCollation((Node *) expr), 0);

		plan->targetlist = lappend(plan->targetlist,
								   makeTargetEntry((Expr *) var, entry->resno,
												   entry->resname, false));
		/* of which only the type matters */
		expr = (Expr *) makeNullConst(var->vartype, var->vartypmod,
									  var->varcollid);
		take->custom_scan_tlist = lappend(take->custom_scan_tlist,
										  makeTargetEntry(expr, entry->resno,
														  entry->resname,
														  false));
	}
	plan->startup_cost = below->startup_cost;
	plan->total_cost = below->total_cost;
	plan->plan_rows = below->plan_rows;
	plan->plan_width = below->plan_width;
	plan->parallel_aware = true;	/* it is told of shared memory */
	plan->parallel_safe = true;
	plan->plan_node_id = NODE_ID;
	plan->extParam = bms_copy(below->extParam);
	plan->allParam = bms_copy(below->allParam);
	return plan;
}

/*
 * Does a Gather give the rows of what is below it as they are?
 */
static bool
passes_on(const Gather *gather)
{
	const List *below = gather->plan.lefttree->targetlist;
	ListCell   *lc;

	if (gather->plan.qual != NIL ||
		list_length(gather->plan.targetlist) != list_length(below))
		return false;
	foreach(lc, gather->plan.targetlist)
	{
		const		TargetEntry *entry = lfirst_node(TargetEntry, lc);
		const		Var *var = (const Var *) entry->expr;

		/* the planner has constants again, and not references to them */
		if (IsA(var, Const) && !entry->resjunk &&
			equal(var, list_nth_node(TargetEntry, below,
									 foreach_current_index(lc))->expr))
			continue;
		if (!IsA(var, Var) || var->varno != OUTER_VAR ||
			var->varattno != entry->resno || entry->resjunk)
			return false;
	}
	return true;
}

/*
 * A plan whose workers keep their rows, or NULL where PostgreSQL has no plan
 * with workers for the query. Handing rows to the leader costs nothing here,
 * as none is.
 */
static PlannedStmt *
plan_of(const char *query)
{
	int			nest = NewGUCNestLevel();
	MemoryContext old = CurrentMemoryContext;
	PlannedStmt *plan = NULL;
	SPIPlanPtr	prepared;
	CachedPlan *cached = NULL;
	Gather	   *gather;

	(void) set_config_option("parallel_tuple_cost", "0", PGC_USERSET,
							 PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	prepared = SPI_prepare_cursor(query, 0, NULL, CURSOR_OPT_PARALLEL_OK);
	if (prepared)
		cached = SPI_plan_get_cached_plan(prepared);
	AtEOXact_GUC(true, nest);
	MemoryContextSwitchTo(old); /* SPI leaves its own */
	if (cached && list_length(cached->stmt_list) == 1)
		plan = linitial_node(PlannedStmt, cached->stmt_list);
	if (plan && (plan->commandType != CMD_SELECT || plan->rowMarks != NIL ||
				 plan->hasModifyingCTE || !plan->parallelModeNeeded ||
				 !IsA(plan->planTree, Gather)))
		plan = NULL;
	if (plan)
	{
		gather = (Gather *) plan->planTree;
		if (gather->single_copy || gather->num_workers < 1 ||
			!passes_on(gather))
			plan = NULL;
	}
	plan = copyObject(plan);
	if (cached)
		ReleaseCachedPlan(cached, NULL);
	if (prepared)
		SPI_freeplan(prepared);
	if (plan)
	{
		gather = (Gather *) plan->planTree;
		gather->plan.lefttree = take_rows_of(gather->plan.lefttree);
	}
	return plan;
}

/* ---- running it -------------------------------------------------------- */

static void
say_query(void *arg)
{
	errcontext("SQL statement \"%s\"",
			   ((const Gathering *) arg)->request->query);
}

/*
 * As SPI would.
 */
static void
run(void *arg)
{
	Gathering  *gathering = arg;
	const AffinityReadRequest *request = gathering->request;
	ErrorContextCallback context = {error_context_stack, say_query, gathering};
	QueryDesc  *query;

	error_context_stack = &context;
	gathering->share =
		affinity_interaction_share_begin(request,
										 ((Gather *) gathering->plan->planTree)->num_workers);
	gathering->receiver = affinity_interaction_shared_receiver(request,
															   gathering->share);
	if (!request->read_only)
	{
		CommandCounterIncrement();
		PushActiveSnapshot(GetTransactionSnapshot());
	}
	query = CreateQueryDesc(gathering->plan, request->query,
							GetActiveSnapshot(), InvalidSnapshot,
							None_Receiver, NULL, NULL, 0);
	starting = gathering;
	ExecutorStart(query, 0);
	affinity_base_executor_run(query);
	ExecutorFinish(query);
	ExecutorEnd(query);
	FreeQueryDesc(query);
	if (!request->read_only)
		PopActiveSnapshot();
	error_context_stack = context.previous;
	gathering->complete =
		affinity_interaction_share_take_over((RowReceiver *) gathering->receiver);
}

/*
 * May one process do what several could not? Limits that somebody has set
 * are not of memory.
 */
static bool
lacks_memory(const ErrorData * error)
{
	return ERRCODE_TO_CATEGORY(error->sqlerrcode) ==
		ERRCODE_INSUFFICIENT_RESOURCES &&
		error->sqlerrcode != ERRCODE_CONFIGURATION_LIMIT_EXCEEDED;
}

/*
 * Read the rows of a query with workers. NULL where that is for one process to
 * do: there are no workers, or not enough memory for what several need.
 */
AffinityRows *
affinity_interaction_gather(const AffinityReadRequest *request)
{
	Gathering	gathering = {.request = request};
	Gathering  *outer = starting;	/* a source's functions may read, too */
	AffinityRows *rows = NULL;
	MemoryContext context;
	MemoryContext old;
	ErrorData  *error;

	if (request->n_args > 0 || IsInParallelMode() ||
		max_parallel_workers_per_gather == 0 || max_parallel_workers == 0)
		return NULL;
	gathering.plan = plan_of(request->query);
	if (gathering.plan == NULL)
		return NULL;
	context = AllocSetContextCreate(CurrentMemoryContext, "affinity rows",
									ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(context);
	error = affinity_base_try(run, &gathering);
	starting = outer;
	if (error && !lacks_memory(error))
	{
		/* now, as the context may live until the end of the transaction */
		if (gathering.share)
			affinity_parts_area_end(gathering.share->area);
		ReThrowError(error);
	}
	if (error)
		ereport(NOTICE,
				(errmsg("running without parallel workers: not enough shared memory"),
				 errdetail("%s.", error->message),
				 errhint("See dynamic_shared_memory_type, and the size of /dev/shm (for Docker, --shm-size).")));
	else if (gathering.complete)
		rows = affinity_interaction_received(gathering.receiver);
	MemoryContextSwitchTo(old);
	if (rows == NULL)
		MemoryContextDelete(context);
	return rows;
}
