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
 * Connect to SPI, where the caller takes a set; the first argument names the
 * model.
 */
void
affinity_serve_connect(ServeCall *call, FunctionCallInfo fcinfo)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;

	if (!call->as_array &&
		(result == NULL || !IsA(result, ReturnSetInfo) ||
		 (result->allowedModes & SFRM_Materialize) == 0))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("function returns a set where none is accepted")));
	affinity_base_check_not_null(fcinfo, 0, "model");
	call->fcinfo = fcinfo;
	call->rows = NULL;
	memset(&call->counted, 0, sizeof(AffinityCacheCall));
	call->unseen = false;
	INSTR_TIME_SET_CURRENT(call->start);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
}

/*
 * The same, and open the model whose schema that is.
 */
void
affinity_serve_begin(ServeCall *call, FunctionCallInfo fcinfo)
{
	affinity_serve_connect(call, fcinfo);
	call->model = affinity_model_open(PG_GETARG_OID(0));
}

/*
 * Does the caller expect these columns, by their types?
 */
static bool
is_expected(TupleDesc expected, int n_columns, const Oid *type)
{
	if (expected == NULL || expected->natts != n_columns)
		return false;
	for (int i = 0; i < n_columns; i++)
	{
		if (TupleDescAttr(expected, i)->atttypid != type[i])
			return false;
	}
	return true;
}

/*
 * Make the result's tuplestore: name and type of each column follow. Where the
 * caller of the function declared other columns, the executor compares them and
 * says so.
 */
void
affinity_serve_result(ServeCall *call, int n_columns,...)
{
	ReturnSetInfo *result = (ReturnSetInfo *) call->fcinfo->resultinfo;
	MemoryContext old;
	const char *name[SERVE_COLUMNS];
	Oid			type[SERVE_COLUMNS];
	va_list		args;

	if (call->as_array)
		return;
	old = MemoryContextSwitchTo(result->econtext->ecxt_per_query_memory);
	va_start(args, n_columns);
	for (int i = 0; i < n_columns; i++)
	{
		name[i] = va_arg(args, const char *);
		type[i] = va_arg(args, Oid);
	}
	va_end(args);
	if (is_expected(result->expectedDesc, n_columns, type))
		call->desc = result->expectedDesc;
	else
	{
		call->desc = CreateTemplateTupleDesc(n_columns);
		for (int i = 0; i < n_columns; i++)
			TupleDescInitEntry(call->desc, (AttrNumber) (i + 1), name[i],
							   type[i], -1, 0);
		call->desc = BlessTupleDesc(call->desc);
		result->setDesc = call->desc;
	}
	call->rows = tuplestore_begin_heap((result->allowedModes &
										SFRM_Materialize_Random) != 0,
									   false, work_mem);
	result->returnMode = SFRM_Materialize;
	result->setResult = call->rows;
	MemoryContextSwitchTo(old);
}

/*
 * A row without nulls.
 */
void
affinity_serve_put(ServeCall *call, const Datum *values)
{
	bool		nulls[SERVE_COLUMNS] = {0};

	call->counted.rows++;
	if (!call->as_array)
		tuplestore_putvalues(call->rows, call->desc, (Datum *) values, nulls);
	else
	{
		if (call->n_ids == 0)
			call->ids = affinity_base_array(16, sizeof(Datum));
		else if (call->n_ids >= 16 && (call->n_ids & (call->n_ids - 1)) == 0)
			call->ids = repalloc_huge(call->ids,
									  2 * (Size) call->n_ids * sizeof(Datum));
		call->ids[call->n_ids++] = values[0];
	}
}

/*
 * A row of an id, the score of a rank key and a rank, which is counted from 0;
 * there may be one more column.
 */
void
affinity_serve_put_key(ServeCall *call, Datum id, uint64 key, size_t rank,
					   Datum more)
{
	Datum		values[4];

	values[0] = id;
	values[1] = Float4GetDatum(affinity_kernel_rank_key_score(key));
	values[2] = Int32GetDatum((int32) rank + 1);
	values[3] = more;
	affinity_serve_put(call, values);
}

/*
 * How many calls are under way whose own calls are not counted, after a change
 * of that. Who adds one takes it off again, also after an error.
 */
int
affinity_serve_within(int change)
{
	static int	within = 0;

	within += change;
	return within;
}

/*
 * The array, in the caller's memory.
 */
static Datum
take_array(const ServeCall *call)
{
	Datum		array = affinity_model_array(call->ids, (int) call->n_ids,
											 call->model->item_type);
	Size		bytes = VARSIZE(DatumGetPointer(array));
	void	   *taken = SPI_palloc(bytes);

	memcpy(taken, DatumGetPointer(array), bytes);
	return PointerGetDatum(taken);
}

/*
 * The end of a call, which counts.
 */
Datum
affinity_serve_end(ServeCall *call)
{
	Datum		result = call->as_array ? take_array(call) : (Datum) 0;
	instr_time	end;

	INSTR_TIME_SET_CURRENT(end);
	INSTR_TIME_SUBTRACT(end, call->start);
	call->counted.microseconds = INSTR_TIME_GET_MICROSEC(end);
	call->counted.cold = call->model->cold;
	if (!call->unseen && affinity_serve_within(0) == 0)
		affinity_cache_count(call->model->relation, &call->counted);
	SPI_finish();
	return result;
}

/*
 * The argument k. More than a rank can count is as many as there are.
 */
uint32
affinity_serve_k(ServeCall *call, int arg)
{
	FunctionCallInfo fcinfo = call->fcinfo;

	affinity_base_check_not_null(fcinfo, arg, "k");
	affinity_base_check_k(PG_GETARG_INT64(arg));
	return (uint32) affinity_base_count_arg(PG_GETARG_INT64(arg));
}

void
affinity_serve_wrong_type(const char *role, Oid given, Oid expected)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("%s is of type %s, but the model's is %s", role,
					OidIsValid(given) ? format_type_be(given) : "unknown",
					format_type_be(expected)),
			 errhint("Call the function in the model's schema: it has the right types.")));
}

/*
 * An id; false where it is NULL, or no number of the model's type.
 */
bool
affinity_serve_id(ServeCall *call, int arg, Oid type, const char *role,
				  Datum *id)
{
	FunctionCallInfo fcinfo = call->fcinfo;
	Oid			given = get_fn_expr_argtype(fcinfo->flinfo, arg);

	if (!affinity_base_id_alike(given, type))
		affinity_serve_wrong_type(role, given, type);
	affinity_base_id_sought(fcinfo, arg, role);
	return !PG_ARGISNULL(arg) &&
		affinity_base_id_as(PG_GETARG_DATUM(arg), given, type, id);
}

/*
 * Is there an argument, and not NULL? Models that were made before there was it
 * have none.
 */
bool
affinity_serve_given(const ServeCall *call, int arg)
{
	FunctionCallInfo fcinfo = call->fcinfo;

	return PG_NARGS() > arg && !PG_ARGISNULL(arg);
}

/*
 * An array of ids of items; false where it is NULL.
 */
bool
affinity_serve_ids(ServeCall *call, int arg, Datum *ids)
{
	FunctionCallInfo fcinfo = call->fcinfo;
	Oid			given = get_fn_expr_argtype(fcinfo->flinfo, arg);
	Oid			element = OidIsValid(given) ? get_element_type(given) :
		InvalidOid;

	if (!OidIsValid(element) ||
		!affinity_base_id_alike(element, call->model->item_type))
		affinity_serve_wrong_type("array of items", given,
								  get_array_type(call->model->item_type));
	affinity_base_id_sought(fcinfo, arg, "items");
	if (PG_ARGISNULL(arg))
		return false;
	*ids = PG_GETARG_DATUM(arg);
	return true;
}

/*
 * Those items of an array that the model knows, ascending by number; false
 * where it is NULL.
 */
bool
affinity_serve_items(ServeCall *call, int arg, AffinityItems *items)
{
	Datum		ids;

	memset(items, 0, sizeof(AffinityItems));
	if (!affinity_serve_ids(call, arg, &ids))
		return false;
	affinity_model_items_by_id(call->model, ids, items);
	return true;
}

/*
 * An array beside another one of n elements; NULL: there is none.
 */
ArrayType *
affinity_serve_beside(ServeCall *call, int arg, const char *name,
					  const char *of, int n)
{
	FunctionCallInfo fcinfo = call->fcinfo;
	ArrayType  *array;
	int			n_beside;

	if (!affinity_serve_given(call, arg))
		return NULL;
	array = PG_GETARG_ARRAYTYPE_P(arg);
	n_beside = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	if (n_beside != n)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("%s has %d element%s, but %s %d", name, n_beside,
						n_beside == 1 ? "" : "s", of, n),
				 errhint("Each of the %s has an element of its own there; NULL where nothing is known.",
						 of)));
	return array;
}

/*
 * An item; false where it is NULL or the model does not know it.
 */
bool
affinity_serve_item(ServeCall *call, int arg, AffinityItem *item)
{
	Oid			type = call->model->item_type;
	AffinityItems items;
	Datum		id;

	if (!affinity_serve_id(call, arg, type, "item_id", &id))
		return false;
	affinity_model_items_by_id(call->model, affinity_model_array(&id, 1, type),
							   &items);
	if (items.n != 1)
		return false;
	*item = items.item[0];
	return true;
}

/*
 * The history of a user; false where there is none, or nothing that the model
 * knows.
 */
bool
affinity_serve_history(ServeCall *call, int arg, bool repeat,
					   AffinityModelHistory *history)
{
	Datum		user;

	memset(history, 0, sizeof(AffinityModelHistory));
	if (affinity_serve_id(call, arg, call->model->user_type, "user_id", &user))
		affinity_model_history(call->model, user, repeat, history);
	return history->history.n > 0;
}

/*
 * What a user had after a time, which the model's times are compared with.
 */
void
affinity_serve_recent(ServeCall *call, int arg, int64 after,
					  AffinityItems *items)
{
	Datum		user;

	memset(items, 0, sizeof(AffinityItems));
	if (affinity_serve_id(call, arg, call->model->user_type, "user_id", &user))
		affinity_model_recent(call->model, user, after, items);
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
