/*
 * support.c
 *		What the planner is told of the functions of models: how many rows they
 *		return, and what a call costs.
 *
 * The typed functions of a model are inlined, so the planner sees the core
 * functions with the arguments of the call. Figures come from the model's one
 * row, of which only a few plain columns are read. A plan may be asked for by
 * anybody, of any schema: whoever may not read the model, or would have to wait
 * for it, gets the estimates of a model that nobody knows, never an error.
 */
#include "postgres.h"

#include <math.h>

#include "access/detoast.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "nodes/supportnodes.h"
#include "optimizer/optimizer.h"
#include "storage/lmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/expandeddatum.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "algorithm/algorithm.h"
#include "base/schema.h"
#include "serve/serve.h"

/* The default of the argument k, where a plan does not know it. */
#define USUAL_K 10

/* The argument users of recommend_all_core, and what share of them a query gives. */
#define USERS_ARG 3
#define SOME_USERS 0.1

/* Rows of a list, whatever k is, of a model that nobody knows. */
#define USUAL_MOST 1000

/*
 * Costs. One of the planner's units is some 8 us where everything is in memory.
 * Measured beside a scan of the source on Gowalla: 27 items a user, 41,000 items.
 */
#define COST_CALL		5.0		/* model, queries, rows */
#define COST_SOURCE		3.0		/* an item of a history, with its list */
#define COST_EVENT		0.05	/* the same without a list */
#define COST_SCORE		0.008	/* an item by factors */
#define COST_READ		0.02	/* an interaction of everybody's */
#define COST_ADDED		0.2		/* the same with a list that is added */
#define COST_PANEL		0.0003	/* an item for a user in a batch, by factors */

/*
 * Beyond this the planner decides nothing by the cost, but would compile
 * expressions that are not there (jit_above_cost).
 */
#define MOST_COST		50000.0

/* What a row of a result is, of which there is at most one each. */
typedef enum Rows
{
	ROWS_ITEMS,
	ROWS_USERS,
	ROWS_HISTORY,				/* items of one user */
	ROWS_LISTS,					/* items of every user */
	ROWS_SOME_LISTS				/* items of given users */
} Rows;

typedef struct Function
{
	const char *name;
	int			k;				/* arguments, 0: there is none */
	int			items;			/* among which rows are chosen */
	int			basket;			/* instead of a user's history, or users */
	Rows		rows;
	bool		scores;			/* items for a history */
} Function;

static const Function functions[] = {
	{"recommend_core", 2, 3, 0, ROWS_ITEMS, true},
	{"recommend_for_core", 2, 3, 1, ROWS_ITEMS, true},
	{"recommend_all_core", 1, 4, 0, ROWS_LISTS, true},
	{"recommend_users_core", 2, 4, 1, ROWS_SOME_LISTS, true},
	{"popular_core", 1, 4, 0, ROWS_ITEMS, false},
	{"score_core", 0, 2, 0, ROWS_ITEMS, true},
	{"explain_core", 3, 0, 0, ROWS_HISTORY, true},
	{"similar_items_core", 2, 0, 0, ROWS_ITEMS, false},
	{"similar_users_core", 2, 0, 0, ROWS_USERS, false},
	{"audience_core", 2, 0, 0, ROWS_USERS, false},
};

/* What is known of a model. */
typedef struct Figures
{
	bool		known;
	double		users;
	double		items;
	double		interactions;
	bool		has_factors;
} Figures;

/* ---- the model --------------------------------------------------------- */

/*
 * The figures in the row of a table, if there is one that makes sense.
 */
static void
read_row(Relation table, Figures *f)
{
	TupleTableSlot *slot = table_slot_create(table, NULL);
	TableScanDesc scan = table_beginscan(table, GetActiveSnapshot(), 0, NULL);

	if (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		const AttrNumber column[] = {
			MODEL_USERS, MODEL_ITEMS, MODEL_INTERACTIONS, MODEL_ALGORITHM
		};
		Datum		value[lengthof(column)];
		bool		any_null = false;

		for (int i = 0; i < (int) lengthof(column); i++)
		{
			bool		isnull;

			value[i] = slot_getattr(slot, column[i], &isnull);
			any_null |= isnull;
		}
		if (!any_null)
		{
			const AffinityAlgorithm *algorithm =
				affinity_algorithm_search(TextDatumGetCString(value[3]));

			f->users = (double) DatumGetInt64(value[0]);
			f->items = (double) DatumGetInt64(value[1]);
			f->interactions = (double) DatumGetInt64(value[2]);
			f->has_factors = algorithm && algorithm->has_factors;
			f->known = f->users >= 0 && f->items >= 0 && f->interactions >= 0;
		}
	}
	table_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
}

/*
 * The figures of the model in a schema, if they can be read at once.
 */
static void
read_figures(Oid schema, Figures *f)
{
	Oid			relid;
	Relation	table;

	memset(f, 0, sizeof(Figures));
	if (!ActiveSnapshotSet() ||
		!OidIsValid(affinity_base_schema()))
		return;
	relid = affinity_model_table(schema);
	if (!OidIsValid(relid) ||
		affinity_base_schema_aclcheck(schema, GetUserId(),
									  ACL_USAGE) != ACLCHECK_OK ||
		pg_class_aclcheck(relid, GetUserId(), ACL_SELECT) != ACLCHECK_OK ||
		!ConditionalLockRelationOid(relid, AccessShareLock))
		return;
	/* it may have gone before it was locked */
	table = try_table_open(relid, NoLock);
	if (table == NULL)
	{
		UnlockRelationOid(relid, AccessShareLock);
		return;
	}
	if (!table->rd_rel->relrowsecurity && affinity_model_row_fits(table))
		read_row(table, f);
	table_close(table, AccessShareLock);
}

/*
 * How many interactions a user of a model has in the mean.
 */
double
affinity_serve_usual_history(Oid schema)
{
	Figures		f;

	read_figures(schema, &f);
	return f.known ? f.interactions / Max(f.users, 1) : USUAL_K;
}

/*
 * How many users a model was trained on; 0: that is not known.
 */
double
affinity_serve_users_of(Oid schema)
{
	Figures		f;

	read_figures(schema, &f);
	return f.users;
}

/* ---- arguments --------------------------------------------------------- */

static Node *
argument(List *args, int no)
{
	return no < list_length(args) ? list_nth(args, no) : NULL;
}

/*
 * Is an argument there that is not NULL, as far as the plan knows?
 */
static bool
is_given(Node *node)
{
	return node && !(IsA(node, Const) && ((Const *) node)->constisnull);
}

/*
 * The model of a call, if the plan knows it.
 */
static Oid
model_of(List *args)
{
	Node	   *node = argument(args, 0);

	if (node && IsA(node, Const) && !((Const *) node)->constisnull &&
		((Const *) node)->consttype == REGNAMESPACEOID)
		return DatumGetObjectId(((Const *) node)->constvalue);
	return InvalidOid;
}

/*
 * The argument k, USUAL_K where it is not known.
 */
static double
k_of(List *args, int no)
{
	Node	   *node = argument(args, no);

	if (node && IsA(node, Const) && !((Const *) node)->constisnull &&
		((Const *) node)->consttype == INT8OID &&
		DatumGetInt64(((Const *) node)->constvalue) >= 0)
		return (double) DatumGetInt64(((Const *) node)->constvalue);
	return USUAL_K;
}

/*
 * Some length of an array that is not here: nothing is detoasted for a plan.
 */
static double
packed_length(Datum array, Oid type)
{
	Oid			element = get_element_type(type);
	int16		width = OidIsValid(element) ? get_typlen(element) : -1;

	return (double) toast_raw_datum_size(array) / (width > 0 ? width : 16);
}

/*
 * How many elements a constant array has; -1: it stands for all items.
 */
static double
constant_length(const Const * c)
{
	struct varlena *value;
	AnyArrayType *array;

	if (c->constisnull)
		return 0;
	value = (struct varlena *) DatumGetPointer(c->constvalue);
	if (!OidIsValid(get_element_type(c->consttype)))
		return USUAL_K;
	if (!VARATT_IS_EXTERNAL_EXPANDED(value) && VARATT_IS_EXTENDED(value))
		return packed_length(c->constvalue, c->consttype);
	array = DatumGetAnyArrayP(c->constvalue);
	if (affinity_serve_stands_for_all(c->constvalue))
		return -1;
	return ArrayGetNItems(AARR_NDIM(array), AARR_DIMS(array));
}

/*
 * How many elements an array probably has; -1: it stands for all items, or
 * there is none.
 */
static double
length_of(PlannerInfo * root, List *args, int no)
{
	Node	   *node = argument(args, no);

	/* candidates_core(candidates) */
	if (node && IsA(node, FuncExpr) &&
		list_length(((FuncExpr *) node)->args) == 1)
	{
		node = linitial(((FuncExpr *) node)->args);
		if (IsA(node, Const))
			return constant_length((Const *) node);
	}
	if (node == NULL)
		return -1;
	if (!IsA(node, Const))
		return affinity_base_estimated_length(root, node);
	/* what the core functions take for all items */
	if (((Const *) node)->constisnull)
		return -1;
	return constant_length((Const *) node);
}

/* ---- estimates --------------------------------------------------------- */

typedef struct Call
{
	const Function *function;
	List	   *args;
	Figures		figures;
	double		k;
	double		items;			/* given ones, -1: all */
	double		history;		/* items of a user, or of a basket */
	double		users;			/* whose lists are asked for */
} Call;

/*
 * What is known of a call; false where it is none of the functions.
 */
static bool
read_call(PlannerInfo * root, Oid function, Node *node, Call *call)
{
	char	   *name = get_func_name(function);

	memset(call, 0, sizeof(Call));
	if (name == NULL || node == NULL || !IsA(node, FuncExpr))
		return false;
	for (int i = 0; i < (int) lengthof(functions); i++)
	{
		if (strcmp(functions[i].name, name) == 0)
			call->function = &functions[i];
	}
	if (call->function == NULL)
		return false;
	call->args = ((FuncExpr *) node)->args;
	call->k = call->function->k > 0 ? k_of(call->args, call->function->k) :
		PG_UINT32_MAX;
	call->items = call->function->items > 0 ?
		length_of(root, call->args, call->function->items) : -1;
	/* score ranks what it is given: NULL is nothing */
	if (call->function->k == 0 && call->items < 0)
		call->items = 0;
	read_figures(model_of(call->args), &call->figures);
	call->users = call->figures.users;
	if (call->function->rows == ROWS_SOME_LISTS)
		call->users = Max(length_of(root, call->args,
									call->function->basket), 0);
	else if (call->function->rows == ROWS_LISTS &&
			 is_given(argument(call->args, USERS_ARG)))
		call->users *= SOME_USERS;
	if (call->function->basket > 0 && call->function->rows == ROWS_ITEMS)
		call->history = Max(length_of(root, call->args,
									  call->function->basket), 0);
	else if (call->figures.known)
		call->history = call->figures.interactions /
			Max(call->figures.users, 1);
	else
		call->history = USUAL_K;
	return true;
}

/*
 * The number of rows. A model that is not trained has none, but may be trained
 * before the plan is used.
 */
static double
rows_of(const Call *call)
{
	const Figures *f = &call->figures;
	bool		known = f->known && f->items > 0;
	double		most = known ? f->items : USUAL_MOST;
	double		rows;

	if (call->function->rows == ROWS_USERS && known)
		most = f->users;
	if (call->function->rows == ROWS_HISTORY)
		most = ceil(call->history);
	rows = Min(call->k, most);
	if (call->items >= 0)
		rows = Min(rows, call->items);
	if (call->function->rows == ROWS_LISTS ||
		call->function->rows == ROWS_SOME_LISTS)
		rows *= call->users;
	return Max(rows, 1);
}

/*
 * What a call reads and scores.
 */
static double
work_of(const Call *call)
{
	const Figures *f = &call->figures;
	double		scored = f->has_factors ? f->items : 0;

	switch (call->function->rows)
	{
		case ROWS_USERS:
			return f->interactions * COST_READ;
		case ROWS_LISTS:
			return f->has_factors ?
				f->interactions * COST_READ + f->users * f->items * COST_PANEL :
				f->interactions * COST_ADDED;
		case ROWS_SOME_LISTS:
			return call->users * (f->has_factors ? f->items * COST_PANEL :
								  call->history * COST_ADDED) +
				f->items * cpu_tuple_cost;
		case ROWS_ITEMS:
		case ROWS_HISTORY:
			break;
	}
	if (call->items >= 0)
		scored = Min(scored, call->items);
	if (!call->function->scores)
		return scored * COST_SCORE;
	return scored * COST_SCORE +
		call->history * (f->has_factors ? COST_EVENT : COST_SOURCE);
}

/*
 * The cost of a call, in the planner's units; arrays are looked up.
 */
static double
cost_of(const Call *call)
{
	double		cost = COST_CALL + work_of(call) +
		(rows_of(call) + Max(call->items, 0)) * cpu_tuple_cost;

	return Min(cost, MOST_COST);
}

PG_FUNCTION_INFO_V1(affinity_serve_support);

/*
 * SQL: planner_support(internal)
 */
Datum
affinity_serve_support(PG_FUNCTION_ARGS)
{
	Node	   *request = (Node *) PG_GETARG_POINTER(0);
	Call		call;

	if (request == NULL)
		PG_RETURN_POINTER(NULL);
	if (IsA(request, SupportRequestSimplify))
		PG_RETURN_POINTER(affinity_serve_simplify(((SupportRequestSimplify *) request)->fcall));
	if (IsA(request, SupportRequestRows))
	{
		SupportRequestRows *rows = (SupportRequestRows *) request;

		if (!read_call(rows->root, rows->funcid, rows->node, &call) ||
			(call.function->rows == ROWS_LISTS && !call.figures.known))
			PG_RETURN_POINTER(NULL);
		rows->rows = rows_of(&call);
		PG_RETURN_POINTER(rows);
	}
	if (IsA(request, SupportRequestCost))
	{
		SupportRequestCost *cost = (SupportRequestCost *) request;

		if (!read_call(cost->root, cost->funcid, cost->node, &call) ||
			!call.figures.known)
			PG_RETURN_POINTER(NULL);
		cost->startup = 0;
		cost->per_tuple = cost_of(&call);
		PG_RETURN_POINTER(cost);
	}
	PG_RETURN_POINTER(NULL);
}
