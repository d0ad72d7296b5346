/*
 * id_arg.c
 *		Ids that are given as arguments: of which type they are in the query,
 *		below what PostgreSQL cast without being asked.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "nodes/execnodes.h"
#include "nodes/nodeFuncs.h"
#include "utils/lsyscache.h"

#include "base/base.h"
#include "base/call.h"

/*
 * What PostgreSQL cast without being asked, citext to text for example: it is
 * the caller's type whose equality counts.
 */
static Node *
before_casts(Node *expression)
{
	for (;;)
	{
		if (IsA(expression, RelabelType) &&
			((RelabelType *) expression)->relabelformat == COERCE_IMPLICIT_CAST)
			expression = (Node *) ((RelabelType *) expression)->arg;
		else if (IsA(expression, FuncExpr) &&
				 ((FuncExpr *) expression)->funcformat == COERCE_IMPLICIT_CAST)
			expression = (Node *) linitial(((FuncExpr *) expression)->args);
		else if (IsA(expression, ArrayCoerceExpr) &&
				 ((ArrayCoerceExpr *) expression)->coerceformat ==
				 COERCE_IMPLICIT_CAST)
			expression = (Node *) ((ArrayCoerceExpr *) expression)->arg;
		else
			return expression;
	}
}

/*
 * The expression of an argument of an aggregate that is called over a window.
 * Of several calls of it, one that gives what cannot be an id comes first.
 */
static Node *
windowed_expression(FunctionCallInfo fcinfo, int arg)
{
	Node	   *expression = NULL;
	ListCell   *cell;

	foreach(cell, ((WindowAggState *) fcinfo->context)->funcs)
	{
		WindowFunc *call = ((WindowFuncExprState *) lfirst(cell))->wfunc;
		Node	   *given;

		if (!affinity_base_is_step_of(fcinfo, call->winfnoid) ||
			arg < 1 || arg > list_length(call->args))
			continue;
		given = list_nth(call->args, arg - 1);
		if (expression == NULL ||
			!OidIsValid(affinity_base_id_kept(getBaseType(exprType(before_casts(given))))))
			expression = given;
	}
	return expression;
}

/*
 * The expression of an argument; of an aggregate's transition function, the
 * aggregate's own. NULL where it is not known.
 */
static Node *
arg_expression(FunctionCallInfo fcinfo, int arg)
{
	Aggref	   *aggref = affinity_base_own_aggref(fcinfo);
	Node	   *call = fcinfo->flinfo->fn_expr;
	List	   *args = NIL;

	if (fcinfo->context != NULL && IsA(fcinfo->context, WindowAggState))
		return windowed_expression(fcinfo, arg);
	if (aggref != NULL && arg > 0 && arg <= list_length(aggref->args))
		return (Node *) ((TargetEntry *) list_nth(aggref->args,
												  arg - 1))->expr;
	if (call != NULL && IsA(call, FuncExpr))
		args = ((FuncExpr *) call)->args;
	return arg < list_length(args) ? list_nth(args, arg) : NULL;
}

/*
 * What is given as an argument of a type, as far as it is known. An argument
 * declared "any" is what it is: nothing was cast.
 */
static void
describe_argument(FunctionCallInfo fcinfo, int arg, Oid type, const char *name,
				  bool any, AffinityIdGiven *given)
{
	Node	   *expression = arg_expression(fcinfo, arg);

	memset(given, 0, sizeof(AffinityIdGiven));
	given->type = type;
	given->typmod = -1;
	given->collation = PG_GET_COLLATION();
	given->role = name;
	given->sql = name;
	given->place = AFFINITY_ID_ARGUMENT;
	if (expression == NULL)
		return;
	given->collation = exprCollation(expression);
	if (!any)
	{
		expression = before_casts(expression);
		given->type = exprType(expression);
	}
	given->typmod = exprTypmod(expression);
}

/*
 * The same of the elements of an array.
 */
static void
describe_elements(AffinityIdGiven *given)
{
	Oid			element = get_element_type(getBaseTypeAndTypmod(given->type,
																&given->typmod));

	if (!OidIsValid(element))
		return;
	given->type = element;
	given->role = psprintf("an element of %s", given->role);
	given->place = AFFINITY_ID_ELEMENTS;
}

/*
 * Error unless an argument may be an id. Returns the type in which it comes,
 * below a domain: where it is declared "any", its own. The name is that of
 * the function's parameter.
 */
Oid
affinity_base_id_arg(FunctionCallInfo fcinfo, int arg, const char *name,
					 AffinityIdKind *kind)
{
	Oid			type = affinity_base_given_type(fcinfo, arg);
	bool		any = affinity_base_declared_type(fcinfo, arg) == ANYOID;
	AffinityIdGiven given;
	Oid			base;

	describe_argument(fcinfo, arg, OidIsValid(type) ? type : UNKNOWNOID, name,
					  any, &given);
	base = affinity_base_id_check(&given, kind);
	return any ? base : getBaseType(type);
}

/*
 * Error unless the elements of an argument, an array, may be ids.
 */
void
affinity_base_id_elements(FunctionCallInfo fcinfo, int arg, Oid array,
						  const char *name)
{
	AffinityIdKind kind;
	AffinityIdGiven given;

	describe_argument(fcinfo, arg, array, name, false, &given);
	describe_elements(&given);
	(void) affinity_base_id_check(&given, &kind);
}

/*
 * Error where an id that is looked up in a model, or an array of such, is
 * given as a type whose equality is not that of ids, and was cast.
 */
void
affinity_base_id_sought(FunctionCallInfo fcinfo, int arg, const char *name)
{
	AffinityIdKind kind;
	AffinityIdGiven given;

	describe_argument(fcinfo, arg, get_fn_expr_argtype(fcinfo->flinfo, arg),
					  name, false, &given);
	describe_elements(&given);
	given.of_model = true;
	(void) affinity_base_id_check(&given, &kind);
}
