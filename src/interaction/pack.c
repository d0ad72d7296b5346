/*
 * pack.c
 *		Rows of a parallel plan, many to a tuple.
 *
 * What a Gather takes over costs it by the tuple. So each participant puts its
 * rows into packs, in a node between the Gather and the plan below it; whoever
 * receives the tuples takes the rows out again (gather.c).
 *
 * A pack is a bytea of rows, one after another: a byte with a bit for each NULL,
 * then the other columns. Texts up to 126 bytes have short headers, longer ones
 * stand at multiples of 4.
 */
#include "postgres.h"

#include "access/tupmacs.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "executor/nodeCustom.h"
#include "miscadmin.h"
#include "nodes/extensible.h"
#include "nodes/makefuncs.h"

#include "base/base.h"
#include "interaction/pack.h"

#define NAME		"affinity rows"

/* A pack is full from here on: half of what fits the queue of a worker. */
#define FULL_PACK	((Size) 32 * 1024)

/* There is one such node in a plan, and its number is nobody else's. */
#define NODE_NUMBER (PG_INT32_MAX - 1)

typedef struct PackState
{
	CustomScanState node;
	char	   *pack;			/* with the header of a bytea */
	Size		used;
	Size		size;
	bool		done;			/* there are no more rows */
} PackState;

/* ---- rows ---------------------------------------------------------------- */

/*
 * Can rows of these columns be packed?
 */
bool
affinity_interaction_pack_fits(TupleDesc desc)
{
	for (int i = 0; i < desc->natts; i++)
	{
		const		FormData_pg_attribute *a = TupleDescAttr(desc, i);

		if (!a->attbyval && a->attlen != -1 &&
			(a->attlen < 0 || a->attalign != TYPALIGN_CHAR))
			return false;
	}
	return desc->natts <= AFFINITY_PACK_COLUMNS;
}

/*
 * Room for so many bytes more.
 */
static char *
make_room(PackState *p, Size bytes)
{
	if (p->used + bytes > p->size)
	{
		p->size = Max(2 * p->size, p->used + bytes);
		if (p->size > MaxAllocSize)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("ids of a row exceed 1 GB")));
		p->pack = repalloc(p->pack, p->size);
	}
	return p->pack + p->used;
}

static void
add_text(PackState *p, Datum value)
{
	struct varlena *text = PG_DETOAST_DATUM_PACKED(value);
	Size		len = VARSIZE_ANY_EXHDR(text);
	char	   *at;

	if (len + VARHDRSZ_SHORT <= VARATT_SHORT_MAX)
	{
		at = make_room(p, len + VARHDRSZ_SHORT);
		SET_VARSIZE_SHORT(at, len + VARHDRSZ_SHORT);
		memcpy(at + VARHDRSZ_SHORT, VARDATA_ANY(text), len);
		p->used += len + VARHDRSZ_SHORT;
	}
	else
	{
		Size		start = INTALIGN(p->used);

		(void) make_room(p, start - p->used + len + VARHDRSZ);
		memset(p->pack + p->used, 0, start - p->used);
		at = p->pack + start;
		SET_VARSIZE(at, len + VARHDRSZ);
		memcpy(VARDATA(at), VARDATA_ANY(text), len);
		p->used = start + len + VARHDRSZ;
	}
	if ((Pointer) text != DatumGetPointer(value))
		pfree(text);
}

static void
add_row(PackState *p, TupleTableSlot *slot)
{
	TupleDesc	desc = slot->tts_tupleDescriptor;
	uint8		nulls = 0;

	slot_getallattrs(slot);
	for (int i = 0; i < desc->natts; i++)
		nulls |= (uint8) (slot->tts_isnull[i] << i);
	*make_room(p, 1) = (char) nulls;
	p->used++;
	for (int i = 0; i < desc->natts; i++)
	{
		const		FormData_pg_attribute *a = TupleDescAttr(desc, i);
		char	   *at;

		if (slot->tts_isnull[i])
			continue;
		if (a->attlen == -1)
		{
			add_text(p, slot->tts_values[i]);
			continue;
		}
		at = make_room(p, sizeof(Datum) + (Size) a->attlen);
		if (a->attbyval)
			memcpy(at, &slot->tts_values[i], sizeof(Datum));
		else
			memcpy(at, DatumGetPointer(slot->tts_values[i]), a->attlen);
		p->used += a->attbyval ? sizeof(Datum) : (Size) a->attlen;
	}
}

/*
 * Take a row out of a pack, where its columns stay: the place of the next one.
 * The pack begins at a multiple of 4.
 */
const char *
affinity_interaction_pack_row(const char *pack, const char *at, TupleDesc desc,
							  Datum *values, bool *isnull)
{
	uint8		nulls = (uint8) *at++;

	for (int i = 0; i < desc->natts; i++)
	{
		const		FormData_pg_attribute *a = TupleDescAttr(desc, i);

		isnull[i] = (nulls >> i & 1) != 0;
		if (isnull[i])
			continue;
		if (a->attbyval)
		{
			memcpy(&values[i], at, sizeof(Datum));
			at += sizeof(Datum);
			continue;
		}
		if (a->attlen == -1 && !VARATT_IS_1B(at))
			at = pack + INTALIGN(at - pack);
		values[i] = PointerGetDatum(at);
		at += a->attlen == -1 ? VARSIZE_ANY(at) : (Size) a->attlen;
	}
	return at;
}

/* ---- the node --------------------------------------------------------------- */

static void
begin(CustomScanState * node, EState *estate, int eflags)
{
	PackState  *p = (PackState *) node;
	const		CustomScan *scan = (CustomScan *) node->ss.ps.plan;

	node->custom_ps = list_make1(ExecInitNode(linitial(scan->custom_plans),
											  estate, eflags));
	p->size = FULL_PACK + 1024;
	p->pack = palloc(p->size);
}

static TupleTableSlot *
next_pack(CustomScanState * node)
{
	PackState  *p = (PackState *) node;
	PlanState  *below = linitial(node->custom_ps);
	TupleTableSlot *pack = node->ss.ss_ScanTupleSlot;

	CHECK_FOR_INTERRUPTS();
	ExecClearTuple(pack);
	p->used = VARHDRSZ;
	while (!p->done && p->used < FULL_PACK)
	{
		TupleTableSlot *row = ExecProcNode(below);

		if (TupIsNull(row))
			p->done = true;
		else
			add_row(p, row);
	}
	if (p->used == VARHDRSZ)
		return pack;
	SET_VARSIZE(p->pack, p->used);
	pack->tts_values[0] = PointerGetDatum(p->pack);
	pack->tts_isnull[0] = false;
	return ExecStoreVirtualTuple(pack);
}

static void
end(CustomScanState * node)
{
	ExecEndNode(linitial(node->custom_ps));
}

static void
rescan(CustomScanState * node)
{
	((PackState *) node)->done = false;
	ExecReScan(linitial(node->custom_ps));
}

static const CustomExecMethods exec_methods = {
	.CustomName = NAME,
	.BeginCustomScan = begin,
	.ExecCustomScan = next_pack,
	.EndCustomScan = end,
	.ReScanCustomScan = rescan,
};

static Node *
create_state(CustomScan * scan)
{
	PackState  *p = palloc0(sizeof(PackState));

	(void) scan;
	NodeSetTag(p, T_CustomScanState);
	p->node.methods = &exec_methods;
	return (Node *) p;
}

static const CustomScanMethods methods = {
	.CustomName = NAME,
	.CreateCustomScanState = create_state,
};

/*
 * Workers read plans with such nodes: whoever loads the library knows them.
 */
void
affinity_interaction_pack_init(void)
{
	RegisterCustomScanMethods(&methods);
}

/* ---- plans ------------------------------------------------------------------- */

static List *
one_column(Expr * expr)
{
	return list_make1(makeTargetEntry(expr, 1, pstrdup("rows"), false));
}

/*
 * Does a node hand the columns below it on as they are?
 */
static bool
hands_on(const Plan * plan)
{
	ListCell   *cell;

	if (list_length(plan->targetlist) !=
		list_length(outerPlan(plan)->targetlist))
		return false;
	foreach(cell, plan->targetlist)
	{
		const		TargetEntry *entry = lfirst_node(TargetEntry, cell);
		const		Var *var = (const Var *) entry->expr;

		if (entry->resjunk || !IsA(var, Var) || var->varno != OUTER_VAR ||
			var->varattno != foreach_current_index(cell) + 1)
			return false;
	}
	return true;
}

/*
 * Let the participants of a plan pack its rows, if it is one that gathers them
 * in the end: the columns that it had, or NULL.
 */
TupleDesc
affinity_interaction_pack_plan(PlannedStmt * statement)
{
	Gather	   *gather = (Gather *) statement->planTree;
	Plan	   *below;
	TupleDesc	desc;
	CustomScan *scan;

	if (!IsA(gather, Gather) || gather->single_copy ||
		gather->num_workers <= 0 || gather->plan.qual != NIL ||
		!hands_on(&gather->plan))
		return NULL;
	below = outerPlan(gather);
	desc = ExecTypeFromTL(gather->plan.targetlist);
	if (!affinity_interaction_pack_fits(desc))
		return NULL;
	scan = makeNode(CustomScan);
	scan->scan.plan.startup_cost = below->startup_cost;
	scan->scan.plan.total_cost = below->total_cost;
	scan->scan.plan.plan_rows = below->plan_rows;
	scan->scan.plan.plan_width = below->plan_width;
	scan->scan.plan.parallel_safe = true;
	scan->scan.plan.plan_node_id = NODE_NUMBER;
	scan->scan.plan.extParam = bms_copy(below->extParam);
	scan->scan.plan.allParam = bms_copy(below->allParam);
	scan->scan.plan.targetlist =
		one_column((Expr *) makeVar(INDEX_VAR, 1, BYTEAOID, -1, InvalidOid,
									0));
	scan->custom_scan_tlist =
		one_column((Expr *) makeNullConst(BYTEAOID, -1, InvalidOid));
	scan->custom_plans = list_make1(below);
	scan->methods = &methods;
	outerPlan(gather) = (Plan *) scan;
	gather->plan.targetlist =
		one_column((Expr *) makeVar(OUTER_VAR, 1, BYTEAOID, -1, InvalidOid,
									0));
	return desc;
}
