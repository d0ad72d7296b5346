/*
 * call.c
 *		What every serving function starts and ends with.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "serve/serve.h"

/*
 * Open the model of argument 0 and connect to SPI.
 */
void
affinity_serve_begin(ServeCall *call, FunctionCallInfo fcinfo)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;

	if (result == NULL || !IsA(result, ReturnSetInfo) ||
		(result->allowedModes & SFRM_Materialize) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("function returns a set where none is accepted")));
	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("model must not be null")));
	call->fcinfo = fcinfo;
	call->rows = NULL;
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
	call->model = affinity_model_open(PG_GETARG_OID(0));
}

/*
 * Make the result's tuplestore: name and type of each column follow. The
 * executor compares them with what the caller of the function declared.
 */
void
affinity_serve_result(ServeCall *call, int n_columns,...)
{
	ReturnSetInfo *result = (ReturnSetInfo *) call->fcinfo->resultinfo;
	MemoryContext old =
	MemoryContextSwitchTo(result->econtext->ecxt_per_query_memory);
	va_list		args;

	call->desc = CreateTemplateTupleDesc(n_columns);
	va_start(args, n_columns);
	for (int i = 1; i <= n_columns; i++)
	{
		const char *name = va_arg(args, const char *);
		Oid			type = va_arg(args, Oid);

		TupleDescInitEntry(call->desc, (AttrNumber) i, name, type, -1, 0);
	}
	va_end(args);
	call->desc = BlessTupleDesc(call->desc);
	call->rows = tuplestore_begin_heap((result->allowedModes &
										SFRM_Materialize_Random) != 0,
									   false, work_mem);
	result->returnMode = SFRM_Materialize;
	result->setResult = call->rows;
	result->setDesc = call->desc;
	MemoryContextSwitchTo(old);
}

Datum
affinity_serve_end(ServeCall *call)
{
	(void) call;
	SPI_finish();
	return (Datum) 0;
}

/*
 * The argument k: no more than there are items.
 */
uint32
affinity_serve_k(ServeCall *call, int arg)
{
	FunctionCallInfo fcinfo = call->fcinfo;

	if (PG_ARGISNULL(arg))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("k must not be null")));
	affinity_base_check_k(PG_GETARG_INT32(arg));
	return (uint32) PG_GETARG_INT32(arg);
}

static bool
same_type(Oid given, Oid expected)
{
	return given == expected ||
		(given == VARCHAROID && expected == TEXTOID) ||
		(given == TEXTOID && expected == VARCHAROID);
}

static void
wrong_type(const char *role, Oid given, Oid expected)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("%s is of type %s, but the model's is %s", role,
					OidIsValid(given) ? format_type_be(given) : "unknown",
					format_type_be(expected)),
			 errhint("Call the function in the model's schema: it has the exact types.")));
}

/*
 * An id; false where it is NULL.
 */
bool
affinity_serve_id(ServeCall *call, int arg, Oid type, const char *role,
				  Datum *id)
{
	FunctionCallInfo fcinfo = call->fcinfo;
	Oid			given = get_fn_expr_argtype(fcinfo->flinfo, arg);

	if (!same_type(given, type))
		wrong_type(role, given, type);
	if (PG_ARGISNULL(arg))
		return false;
	*id = affinity_base_id_plain(PG_GETARG_DATUM(arg), type);
	return true;
}

/*
 * An array of items; false where it is NULL.
 */
bool
affinity_serve_items(ServeCall *call, int arg, Datum *items)
{
	FunctionCallInfo fcinfo = call->fcinfo;
	Oid			given = get_fn_expr_argtype(fcinfo->flinfo, arg);
	Oid			element = OidIsValid(given) ? get_element_type(given) :
		InvalidOid;

	if (!OidIsValid(element) || !same_type(element, call->model->item_type))
		wrong_type("array of items", given,
				   get_array_type(call->model->item_type));
	if (PG_ARGISNULL(arg))
		return false;
	*items = PG_GETARG_DATUM(arg);
	return true;
}

/*
 * The history of a user; false where there is none, or nothing that the model
 * knows.
 */
bool
affinity_serve_user(ServeCall *call, int arg, ServeSeeds *seeds)
{
	Datum		user;

	memset(seeds, 0, sizeof(ServeSeeds));
	if (affinity_serve_id(call, arg, call->model->user_type, "user_id", &user))
		affinity_serve_history(call->model, user, seeds);
	return seeds->n > 0;
}

/*
 * An item; false where it is NULL or the model does not know it.
 */
bool
affinity_serve_item(ServeCall *call, int arg, ServeItem *item)
{
	AffinityModel *model = call->model;
	ServeItems	items;
	Datum		id;

	if (!affinity_serve_id(call, arg, model->item_type, "item_id", &id))
		return false;
	affinity_serve_items_by_id(model, affinity_serve_array_of_one(model, id),
							   &items);
	if (items.n != 1)
		return false;
	*item = items.item[0];
	return true;
}

/*
 * For functions that have nothing to say where only popularity is learned.
 */
void
affinity_serve_learns_items(const AffinityModel *model, const char *function)
{
	if (!model->algorithm->has_neighbors && !model->algorithm->has_factors)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("%s needs similar items, which algorithm %s does not learn",
						function, model->algorithm->name),
				 errhint("Create the model with algorithm => 'item_knn'.")));
}
