/*
 * args.c
 *		Checks of arguments that many SQL functions share.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_aggregate.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type_d.h"
#include "nodes/primnodes.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "base/base.h"
#include "base/call.h"

/*
 * How many rows a caller wants: 0 is none, a huge number is all.
 */
void
affinity_base_check_k(int64 k)
{
	if (k < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("k must not be negative, but is %lld", (long long) k),
				 errhint("Pass how many rows you want; 0 gives none.")));
}

/* Is this the transition function of an aggregate? */
bool
affinity_base_is_step_of(FunctionCallInfo fcinfo, Oid aggregate)
{
	HeapTuple	tuple = SearchSysCache1(AGGFNOID,
										ObjectIdGetDatum(aggregate));
	bool		is_step = HeapTupleIsValid(tuple) &&
		((Form_pg_aggregate) GETSTRUCT(tuple))->aggtransfn ==
		fcinfo->flinfo->fn_oid;

	if (HeapTupleIsValid(tuple))
		ReleaseSysCache(tuple);
	return is_step;
}

/*
 * The call of the aggregate that a transition function is of; NULL where
 * another aggregate calls it, as those of a distributed engine do: their
 * arguments are not the function's.
 */
Aggref *
affinity_base_own_aggref(FunctionCallInfo fcinfo)
{
	Aggref	   *aggref = AggGetAggref(fcinfo);

	return aggref != NULL &&
		affinity_base_is_step_of(fcinfo, aggref->aggfnoid) ? aggref : NULL;
}

/*
 * Whether one or two arguments of an aggregate's transition function
 * (numbered as in PG_GETARG; 0: none) are constants in the query, as they
 * nearly always are: then no row's need to be compared with the one's before.
 * One that the call leaves out is.
 */
bool
affinity_base_args_are_constant(FunctionCallInfo fcinfo, int first, int second)
{
	Aggref	   *aggref = affinity_base_own_aggref(fcinfo);
	int			n = 0;
	ListCell   *cell;

	if (aggref == NULL)
		return false;
	foreach(cell, aggref->args)
	{
		TargetEntry *entry = lfirst_node(TargetEntry, cell);

		n++;
		if ((n == first || n == second) && !IsA(entry->expr, Const))
			return false;
	}
	return n >= first;
}

/*
 * A transition function changes its state in place, which only an aggregate
 * may ask of it: the aggregate's memory. The hint names what to call.
 */
MemoryContext
affinity_base_check_aggregate(FunctionCallInfo fcinfo, const char *hint)
{
	MemoryContext context;

	if (!AggCheckCallContext(fcinfo, &context))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("this function works only as part of its aggregate"),
				 errhint("%s", hint)));
	return context;
}

/* A text argument that must be there. */
char *
affinity_base_text_arg(FunctionCallInfo fcinfo, int arg, const char *name)
{
	affinity_base_check_not_null(fcinfo, arg, name);
	return text_to_cstring(PG_GETARG_TEXT_PP(arg));
}

/*
 * The type that an argument is declared as; InvalidOid where there is none of
 * that number. A VARIADIC "any" stands for all that follow.
 */
Oid
affinity_base_declared_type(FunctionCallInfo fcinfo, int arg)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID,
										ObjectIdGetDatum(fcinfo->flinfo->fn_oid));
	Oid			type = InvalidOid;

	if (!HeapTupleIsValid(tuple))
		return InvalidOid;
	if (arg < ((Form_pg_proc) GETSTRUCT(tuple))->pronargs)
		type = ((Form_pg_proc) GETSTRUCT(tuple))->proargtypes.values[arg];
	ReleaseSysCache(tuple);
	return type;
}

/*
 * The type that an argument has in the query; where that is not known, as a
 * distributed engine calls a function, the one that it is declared as.
 */
Oid
affinity_base_given_type(FunctionCallInfo fcinfo, int arg)
{
	Oid			type = get_fn_expr_argtype(fcinfo->flinfo, arg);

	return OidIsValid(type) ? type : affinity_base_declared_type(fcinfo, arg);
}

/* The type that a function returns in the query, or is declared to. */
Oid
affinity_base_return_type(FunctionCallInfo fcinfo)
{
	Oid			type = get_fn_expr_rettype(fcinfo->flinfo);

	return OidIsValid(type) ? type :
		get_func_rettype(fcinfo->flinfo->fn_oid);
}

/* An argument's type as above; of a domain, the type that it is over. */
Oid
affinity_base_arg_type(FunctionCallInfo fcinfo, int arg)
{
	Oid			type = affinity_base_given_type(fcinfo, arg);

	return OidIsValid(type) ? getBaseType(type) : InvalidOid;
}

/*
 * Is an argument declared as text? A literal among conditions, which are
 * VARIADIC "any", would be of type unknown.
 */
bool
affinity_base_arg_is_text(FunctionCallInfo fcinfo, int arg)
{
	return get_fn_expr_argtype(fcinfo->flinfo, arg) == TEXTOID;
}

/* An argument that must be there. */
void
affinity_base_check_not_null(FunctionCallInfo fcinfo, int arg,
							 const char *name)
{
	if (PG_ARGISNULL(arg))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s must not be null", name)));
}
