/*
 * gather.c
 *		A query whose rows may be read by workers too.
 *
 * The planner makes a parallel plan of any query that allows it; but it seldom
 * does of one that just reads rows, since handing them over one by one costs
 * more than reading them. Here they are handed over in packs (pack.c), so the
 * planner is told that handing over costs nothing, and the plan gets the node
 * that packs. Everything else is the executor's: grants, policies, snapshots,
 * what is parallel safe, which workers there are. A query whose plan does not
 * end in a Gather runs as it would.
 */
#include "postgres.h"

#include "executor/spi.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/planner.h"

#include "interaction/interaction.h"
#include "interaction/pack.h"
#include "interaction/rows.h"

typedef struct Gathering
{
	DestReceiver pub;
	DestReceiver *rows;			/* who wants them */
	MemoryContext context;
	TupleDesc	desc;			/* columns of packed rows; NULL: they come as
								 * they are */
	TupleTableSlot *slot;
} Gathering;

/* The query that is planned next. */
static Gathering *next;
static planner_hook_type prev_planner;

/* ---- planning -------------------------------------------------------------- */

static PlannedStmt *
plan_usually(Query * query, const char *sql, int options, ParamListInfo params)
{
	return prev_planner ? prev_planner(query, sql, options, params) :
		standard_planner(query, sql, options, params);
}

static PlannedStmt *
plan(Query * query, const char *sql, int options, ParamListInfo params)
{
	Gathering  *g = next;
	PlannedStmt *statement;
	Query	   *again;
	double		cost = parallel_tuple_cost;
	int			workers = max_parallel_workers_per_gather;
	MemoryContext old;

	/* what it plans and runs meanwhile is none of ours */
	next = NULL;
	if (g == NULL || Min(workers, max_parallel_maintenance_workers) == 0)
		return plan_usually(query, sql, options, params);
	again = copyObject(query);
	PG_TRY();
	{
		parallel_tuple_cost = 0;
		max_parallel_workers_per_gather = Min(workers,
											  max_parallel_maintenance_workers);
		statement = plan_usually(query, sql, options, params);
	}
	PG_FINALLY();
	{
		parallel_tuple_cost = cost;
		max_parallel_workers_per_gather = workers;
	}
	PG_END_TRY();
	old = MemoryContextSwitchTo(g->context);
	g->desc = affinity_interaction_pack_plan(statement);
	MemoryContextSwitchTo(old);
	/* rows that are gathered below something else do cost */
	if (g->desc == NULL && statement->parallelModeNeeded)
		return plan_usually(again, sql, options, params);
	return statement;
}

/*
 * Whoever loads the library can plan, and run, such nodes.
 */
void
affinity_interaction_gather_init(void)
{
	affinity_interaction_pack_init();
	prev_planner = planner_hook;
	planner_hook = plan;
}

/* ---- receiving ------------------------------------------------------------- */

static void
receive_startup(DestReceiver *pub, int operation, TupleDesc desc)
{
	Gathering  *g = (Gathering *) pub;

	if (g->desc)
	{
		MemoryContext old = MemoryContextSwitchTo(g->context);

		g->slot = MakeSingleTupleTableSlot(g->desc, &TTSOpsVirtual);
		memset(g->slot->tts_isnull, true, g->desc->natts * sizeof(bool));
		ExecStoreVirtualTuple(g->slot);
		MemoryContextSwitchTo(old);
		desc = g->desc;
	}
	g->rows->rStartup(g->rows, operation, desc);
}

static bool
receive(TupleTableSlot *slot, DestReceiver *pub)
{
	Gathering  *g = (Gathering *) pub;
	struct varlena *pack;
	const char *at;
	const char *end;

	if (g->slot == NULL)
		return g->rows->receiveSlot(slot, g->rows);
	slot_getallattrs(slot);
	pack = PG_DETOAST_DATUM_PACKED(slot->tts_values[0]);
	at = VARDATA_ANY(pack);
	end = at + VARSIZE_ANY_EXHDR(pack);
	while (at < end)
	{
		at = affinity_interaction_pack_row(VARDATA_ANY(pack), at, g->desc,
										   g->slot->tts_values,
										   g->slot->tts_isnull);
		if (!g->rows->receiveSlot(g->slot, g->rows))
			return false;
	}
	return true;
}

static void
receive_shutdown(DestReceiver *pub)
{
	Gathering  *g = (Gathering *) pub;

	g->rows->rShutdown(g->rows);
}

static void
receive_destroy(DestReceiver *pub)
{
	(void) pub;
}

/*
 * Run a query under SPI, whose rows go to a receiver: SPI's result.
 */
static int
run(const char *query, bool read_only, ParamListInfo params,
	DestReceiver *rows)
{
	Gathering	g = {
		.pub = {receive, receive_startup, receive_shutdown, receive_destroy,
		rows->mydest},
		.rows = rows,
		.context = CurrentMemoryContext
	};
	SPIExecuteOptions options = {0};
	int			rc = 0;

	options.params = params;
	options.read_only = read_only;
	options.dest = &g.pub;
	PG_TRY();
	{
		next = &g;
		rc = SPI_execute_extended(query, &options);
	}
	PG_FINALLY();
	{
		next = NULL;
	}
	PG_END_TRY();
	if (g.slot)
		ExecDropSingleTupleTableSlot(g.slot);
	return rc;
}

/*
 * Run a query with a request's parameters, its rows to a receiver.
 */
void
affinity_interaction_run(const AffinityReadRequest *request,
						 const char *query, DestReceiver *to)
{
	ParamListInfo params = NULL;
	MemoryContext old = CurrentMemoryContext;
	int			rc;

	if (request->n_args > 0)
	{
		params = makeParamList(request->n_args);
		for (int i = 0; i < request->n_args; i++)
		{
			params->params[i].value = request->args[i];
			params->params[i].isnull = false;
			params->params[i].pflags = PARAM_FLAG_CONST;
			params->params[i].ptype = request->arg_types[i];
		}
	}
	rc = run(query, request->read_only, params, to);
	MemoryContextSwitchTo(old); /* SPI leaves its own */
	if (rc != SPI_OK_SELECT)
		elog(ERROR, "reading interactions failed: %s",
			 SPI_result_code_string(rc));
}
