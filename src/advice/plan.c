/*
 * plan.c
 *		Planning a query as if indexes and statistics were there that are not.
 *
 * The planner is asked through its hooks, which are ours only while it plans
 * this query. Queries that it runs meanwhile, to fold a function's call into
 * a constant, are planned without them.
 */
#include "postgres.h"

#include <math.h>

#include "access/amapi.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_am.h"
#include "catalog/pg_statistic.h"
#include "commands/defrem.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/paths.h"
#include "optimizer/plancat.h"
#include "optimizer/planner.h"
#include "parser/parsetree.h"
#include "tcop/tcopprot.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/selfuncs.h"

#include "advice/whatif.h"

/* A key's entry in a page: the tuple's header, its pointer, alignment. */
#define ENTRY_OVERHEAD 14
#define ENTRIES_IN_PAGE(width) (BLCKSZ * 0.9 / ((width) + ENTRY_OVERHEAD))

/*
 * What the planner adds for each node that settings forbid, and what no
 * estimate comes to: distributed engines put such a cost on plans that they
 * only make when they know the parameter.
 */
#define FORBIDDEN_COST	1.0e10
#define NO_ESTIMATE		1.0e18

/* The query that is planned now. */
static AdviceQuery *active;
static bool within;				/* the planner is at it */

static planner_hook_type prev_planner;
static get_relation_info_hook_type prev_relation_info;
static set_rel_pathlist_hook_type prev_pathlist;
static get_relation_stats_hook_type prev_relation_stats;
static get_index_stats_hook_type prev_index_stats;

/* ---- expressions ------------------------------------------------------- */

typedef struct Translation
{
	Oid			from;
	Oid			to;
	Index		varno;
} Translation;

static Node *
translate(Node *node, void *context)
{
	const Translation *t = context;

	if (node == NULL)
		return NULL;
	if (IsA(node, Var))
	{
		const		Var *var = (Var *) node;
		AttrNumber	attno = var->varattno;

		if (t->from != t->to)
			attno = get_attnum(t->to, get_attname(t->from, attno, false));
		return (Node *) makeVar((int) t->varno, attno, var->vartype,
								var->vartypmod, var->varcollid, 0);
	}
	return expression_tree_mutator(node, translate, context);
}

/*
 * A key's expression over a member, whose columns may have other numbers.
 */
Node *
affinity_advice_expr_in(const AdviceKey *key, Oid relation, Index varno)
{
	Translation t = {key->relation, relation, varno};

	return translate(key->expr, &t);
}

Node *
affinity_advice_unlabeled(Node *expr)
{
	while (expr && IsA(expr, RelabelType))
		expr = (Node *) ((RelabelType *) expr)->arg;
	return expr;
}

/* ---- indexes ----------------------------------------------------------- */

static IndexOptInfo *
index_as_if(const AdviceKey *key, Oid relation, RelOptInfo * rel)
{
	IndexOptInfo *index = makeNode(IndexOptInfo);
	IndexAmRoutine *am = GetIndexAmRoutineByAmId(BTREE_AM_OID, false);
	Node	   *expr = affinity_advice_expr_in(key, relation, rel->relid);
	Oid			opclass = GetDefaultOpClass(exprType(expr), BTREE_AM_OID);
	int32		width = get_typavgwidth(exprType(expr), exprTypmod(expr));

	index->indexoid = key->index;
	index->reltablespace = rel->reltablespace;
	index->rel = rel;
	index->tuples = rel->tuples;
	index->pages = (BlockNumber) (1 + ceil(rel->tuples /
										   ENTRIES_IN_PAGE(width)));
	index->tree_height = index->pages > 2 ?
		(int) ceil(log(index->pages) / log(ENTRIES_IN_PAGE(width))) : 0;
	index->ncolumns = 1;
	index->nkeycolumns = 1;
	index->indexkeys = palloc0(sizeof(int));
	index->indexcollations = palloc0(sizeof(Oid));
	index->opfamily = palloc0(sizeof(Oid));
	index->opcintype = palloc0(sizeof(Oid));
	index->reverse_sort = palloc0(sizeof(bool));
	index->nulls_first = palloc0(sizeof(bool));
	index->canreturn = palloc0(sizeof(bool));
	index->opclassoptions = palloc0(sizeof(bytea *));
	index->canreturn[0] = IsA(expr, Var);
	if (IsA(expr, Var))
		index->indexkeys[0] = ((Var *) expr)->varattno;
	else
		index->indexprs = list_make1(expr);
	index->indexcollations[0] = key->collation;
	index->opfamily[0] = get_opclass_family(opclass);
	index->opcintype[0] = get_opclass_input_type(opclass);
	index->sortopfamily = index->opfamily;
	index->indextlist = list_make1(makeTargetEntry((Expr *) expr, 1, NULL,
												   false));
	index->relam = BTREE_AM_OID;
	index->immediate = true;
	index->hypothetical = true;
	index->amoptionalkey = am->amoptionalkey;
	index->amsearcharray = am->amsearcharray;
	index->amsearchnulls = am->amsearchnulls;
	index->amhasgettuple = am->amgettuple != NULL;
	index->amhasgetbitmap = am->amgetbitmap != NULL;
	index->amcanmarkpos = am->ammarkpos != NULL && am->amrestrpos != NULL;
	index->amcostestimate = am->amcostestimate;
	return index;
}

static void
relation_info(PlannerInfo * root, Oid relation, bool is_parent,
			  RelOptInfo * rel)
{
	ListCell   *cell;

	if (prev_relation_info)
		prev_relation_info(root, relation, is_parent, rel);
	if (active == NULL || is_parent)
		return;
	foreach(cell, active->keys)
	{
		const AdviceKey *key = lfirst(cell);

		if (key->indexed && list_member_oid(key->members, relation))
			rel->indexlist = lappend(rel->indexlist,
									 index_as_if(key, relation, rel));
	}
}

/* ---- statistics -------------------------------------------------------- */

/*
 * Statistics that say how many different values there are, and nothing else.
 */
static void
put_statistics(VariableStatData * vardata, double distinct)
{
	Relation	relation = table_open(StatisticRelationId, AccessShareLock);
	TupleDesc	desc = RelationGetDescr(relation);
	Datum		values[Natts_pg_statistic] = {0};
	bool		nulls[Natts_pg_statistic] = {0};

	for (int i = 0; i < STATISTIC_NUM_SLOTS; i++)
	{
		nulls[Anum_pg_statistic_stanumbers1 - 1 + i] = true;
		nulls[Anum_pg_statistic_stavalues1 - 1 + i] = true;
	}
	values[Anum_pg_statistic_stawidth - 1] =
		Int32GetDatum(get_typavgwidth(vardata->vartype, -1));
	values[Anum_pg_statistic_stadistinct - 1] =
		Float4GetDatum((float4) distinct);
	vardata->statsTuple = heap_form_tuple(desc, values, nulls);
	vardata->freefunc = heap_freetuple;
	table_close(relation, AccessShareLock);
}

static bool
relation_stats(PlannerInfo * root, RangeTblEntry * rte, AttrNumber attno,
			   VariableStatData * vardata)
{
	ListCell   *cell;

	foreach(cell, active ? active->keys : NIL)
	{
		const AdviceKey *key = lfirst(cell);
		Var		   *var;

		if (key->distinct == 0 || !IsA(key->expr, Var) ||
			!list_member_oid(key->members, rte->relid))
			continue;
		var = (Var *) affinity_advice_expr_in(key, rte->relid, 1);
		if (var->varattno != attno)
			continue;
		put_statistics(vardata, key->distinct);
		return true;
	}
	return prev_relation_stats &&
		prev_relation_stats(root, rte, attno, vardata);
}

/*
 * Is the variable a key's expression?
 */
static bool
is_expression(PlannerInfo * root, const VariableStatData * vardata,
			  const AdviceKey *key)
{
	Index		rti;
	Oid			relation;

	if (vardata->rel == NULL || vardata->var == NULL)
		return false;
	rti = vardata->rel->relid;
	if (rti == 0)
		return false;
	relation = planner_rt_fetch(rti, root)->relid;
	return list_member_oid(key->members, relation) &&
		equal(affinity_advice_unlabeled(vardata->var),
			  affinity_advice_unlabeled(affinity_advice_expr_in(key, relation,
																rti)));
}

static bool
index_stats(PlannerInfo * root, Oid index, AttrNumber attno,
			VariableStatData * vardata)
{
	ListCell   *cell;

	foreach(cell, active ? active->keys : NIL)
	{
		const AdviceKey *key = lfirst(cell);

		if (key->distinct != 0 && !IsA(key->expr, Var) &&
			(index == key->index || is_expression(root, vardata, key)))
		{
			put_statistics(vardata, key->distinct);
			return true;
		}
	}
	return prev_index_stats && prev_index_stats(root, index, attno, vardata);
}

/* ---- planning ---------------------------------------------------------- */

static void
pathlist(PlannerInfo * root, RelOptInfo * rel, Index rti, RangeTblEntry * rte)
{
	if (prev_pathlist)
		prev_pathlist(root, rel, rti, rte);
	if (active)
		affinity_advice_collect(active, root, rel, rte);
}

/*
 * A query that is planned within ours may be run.
 */
static PlannedStmt *
plan(Query * query, const char *sql, int options, ParamListInfo params)
{
	AdviceQuery *mine = active;
	PlannedStmt *statement;

	if (within)
		active = NULL;
	within = true;
	PG_TRY();
	{
		statement = prev_planner ?
			prev_planner(query, sql, options, params) :
			standard_planner(query, sql, options, params);
	}
	PG_FINALLY();
	{
		active = mine;
	}
	PG_END_TRY();
	return statement;
}

/*
 * What a plan is estimated to cost; NaN where that is not said.
 */
static double
estimated(double cost)
{
	return cost < NO_ESTIMATE ? fmod(cost, FORBIDDEN_COST) : NAN;
}

/*
 * Plan the query as it runs with any parameter. Costs and what is in the way
 * are those of this plan; keys are added to those that are known.
 */
void
affinity_advice_plan(AdviceQuery *q)
{
	PlannedStmt *statement;

	q->blocks = NIL;
	q->whole = InvalidOid;
	q->whole_cost = 0;

	prev_planner = planner_hook;
	prev_relation_info = get_relation_info_hook;
	prev_pathlist = set_rel_pathlist_hook;
	prev_relation_stats = get_relation_stats_hook;
	prev_index_stats = get_index_stats_hook;
	PG_TRY();
	{
		planner_hook = plan;
		get_relation_info_hook = relation_info;
		set_rel_pathlist_hook = pathlist;
		get_relation_stats_hook = relation_stats;
		get_index_stats_hook = index_stats;
		active = q;
		within = false;
		statement = pg_plan_query(copyObject(q->query), q->sql, 0, NULL);
	}
	PG_FINALLY();
	{
		active = NULL;
		planner_hook = prev_planner;
		get_relation_info_hook = prev_relation_info;
		set_rel_pathlist_hook = prev_pathlist;
		get_relation_stats_hook = prev_relation_stats;
		get_index_stats_hook = prev_index_stats;
	}
	PG_END_TRY();
	q->cost = estimated(statement->planTree->total_cost);
	q->rows = statement->planTree->plan_rows;
}
