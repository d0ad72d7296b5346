/*
 * simplify.c
 *		Calls without rules, as the planner may know: a shorter call of the same
 *		function.
 *
 * The function of a model hands all that its caller did not say on, as a null.
 * The executor makes an expression of each argument at the start of every
 * statement.
 */
#include "postgres.h"

#include "catalog/pg_proc.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "serve/serve.h"

/* Functions with a short form of as many arguments, the first ones. */
static const struct
{
	const char *name;
	int			n_args;
	int			candidates;
}			shorter[] = {
	{"recommend_core", 6, 3},
	{"recommend_for_core", 5, 3},
};

static bool
is_null(const Node *node)
{
	return IsA(node, Const) && ((const Const *) node)->constisnull;
}

/*
 * The function of that name and schema with the first arguments of another;
 * invalid where there is none.
 */
static Oid
find_shorter(Oid function, const char *name, int n_args)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	Form_pg_proc form;
	Oid			found = InvalidOid;

	if (!HeapTupleIsValid(tuple))
		return InvalidOid;
	form = (Form_pg_proc) GETSTRUCT(tuple);
	if (form->pronargs > n_args)
		found = GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid,
								CStringGetDatum(name),
								PointerGetDatum(buildoidvector(form->proargtypes.values,
															   n_args)),
								ObjectIdGetDatum(form->pronamespace));
	ReleaseSysCache(tuple);
	return found;
}

/*
 * An argument candidates, of which it is known at once that it is all items.
 * Others may have a function of that name too, of anything.
 */
static Node *
plain_candidates(Node *node, Oid schema)
{
	const		FuncExpr *call = (const FuncExpr *) node;
	const		Const *given;
	char	   *name;

	if (!IsA(node, FuncExpr) || list_length(call->args) != 1 ||
		!IsA(linitial(call->args), Const))
		return node;
	given = linitial_node(Const, call->args);
	name = get_func_name(call->funcid);
	if (given->constisnull || name == NULL ||
		strcmp(name, "candidates_core") != 0 ||
		get_func_namespace(call->funcid) != schema ||
		!OidIsValid(get_element_type(given->consttype)) ||
		!affinity_serve_stands_for_all(given->constvalue))
		return node;
	return (Node *) makeNullConst(call->funcresulttype, -1,
								  call->funccollid);
}

/*
 * A call in other words; NULL where there are none.
 */
Node *
affinity_serve_simplify(const FuncExpr * call)
{
	char	   *name = get_func_name(call->funcid);
	ListCell   *cell;
	FuncExpr   *made;
	Oid			function;
	int			f = 0;

	if (name == NULL)
		return NULL;
	while (f < (int) lengthof(shorter) && strcmp(shorter[f].name, name) != 0)
		f++;
	if (f == (int) lengthof(shorter) ||
		list_length(call->args) <= shorter[f].n_args)
		return NULL;
	for_each_from(cell, call->args, shorter[f].n_args)
	{
		if (!is_null(lfirst(cell)))
			return NULL;
	}
	function = find_shorter(call->funcid, name, shorter[f].n_args);
	if (!OidIsValid(function))
		return NULL;
	made = makeNode(FuncExpr);
	*made = *call;
	made->funcid = function;
	made->args = list_truncate(list_copy(call->args), shorter[f].n_args);
	cell = list_nth_cell(made->args, shorter[f].candidates);
	lfirst(cell) = plain_candidates(lfirst(cell),
									get_func_namespace(function));
	return (Node *) made;
}
