/*
 * steps.c
 *		Calls the steps of any aggregate as an engine does that spreads a query
 *		over servers, such as Citus: an aggregate calls those of another one.
 *
 * So a step finds less than PostgreSQL alone gives it. Its FmgrInfo is new in
 * each call: fn_extra is NULL, there is no fn_expr, and fn_mcxt lives for a
 * row. AggGetAggref() is the outer aggregate, whose arguments are an oid and
 * a row of the true ones. There is no collation. A finished part goes through
 * the output or send function of its type, and comes back through the other.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/pg_aggregate.h"
#include "catalog/pg_type_d.h"
#include "executor/executor.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "postmaster/bgworker.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/expandeddatum.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

PG_MODULE_MAGIC;

PG_FUNCTION_INFO_V1(steps_partial_accum);
PG_FUNCTION_INFO_V1(steps_partial_text);
PG_FUNCTION_INFO_V1(steps_partial_binary);
PG_FUNCTION_INFO_V1(steps_combine_text);
PG_FUNCTION_INFO_V1(steps_combine_binary);
PG_FUNCTION_INFO_V1(steps_combine_final);
PG_FUNCTION_INFO_V1(steps_in_worker);

extern PGDLLEXPORT void steps_worker_main(Datum database);

/* An aggregate in the middle of its work. */
typedef struct Inner
{
	Oid			aggregate;
	FormData_pg_aggregate form;
	int16		len;			/* of the state's type */
	bool		byval;
	Datum		state;
	bool		null;
	bool		begun;			/* a strict step's first value is its state */
	TupleDesc	columns;		/* of the row of arguments, or NULL */
} Inner;

static MemoryContext
aggregate_memory(FunctionCallInfo fcinfo)
{
	MemoryContext memory;

	if (!AggCheckCallContext(fcinfo, &memory))
		elog(ERROR, "not called as an aggregate");
	return memory;
}

/* The work on an aggregate that has seen no row. */
static Inner *
begin(FunctionCallInfo fcinfo, Oid aggregate)
{
	MemoryContext old = MemoryContextSwitchTo(aggregate_memory(fcinfo));
	Inner	   *inner = palloc0(sizeof(Inner));
	HeapTuple	tuple;
	Datum		initial;

	inner->aggregate = aggregate;
	tuple = SearchSysCache1(AGGFNOID, ObjectIdGetDatum(aggregate));
	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "%u is no aggregate", aggregate);
	inner->form = *(Form_pg_aggregate) GETSTRUCT(tuple);
	if (get_typtype(inner->form.aggtranstype) == TYPTYPE_PSEUDO)
		elog(ERROR, "the state of %s is of no type that can be sent",
			 format_procedure(aggregate));
	if (!OidIsValid(inner->form.aggcombinefn))
		elog(ERROR, "%s has no combine function", format_procedure(aggregate));
	get_typlenbyval(inner->form.aggtranstype, &inner->len, &inner->byval);
	initial = SysCacheGetAttr(AGGFNOID, tuple, Anum_pg_aggregate_agginitval,
							  &inner->null);
	inner->begun = !inner->null;
	if (!inner->null)
	{
		Oid			input;
		Oid			param;

		getTypeInputInfo(inner->form.aggtranstype, &input, &param);
		inner->state = OidInputFunctionCall(input, TextDatumGetCString(initial),
											param, -1);
	}
	ReleaseSysCache(tuple);
	MemoryContextSwitchTo(old);
	return inner;
}

static Datum
copy_state(FunctionCallInfo fcinfo, Inner *inner, Datum state)
{
	MemoryContext old = MemoryContextSwitchTo(aggregate_memory(fcinfo));

	if (!(DatumIsReadWriteExpandedObject(state, false, inner->len) &&
		  MemoryContextGetParent(DatumGetEOHP(state)->eoh_context) ==
		  CurrentMemoryContext))
		state = datumCopy(state, inner->byval, inner->len);
	MemoryContextSwitchTo(old);
	return state;
}

/*
 * One call of a step: the transition or the combine function, whose values
 * after the state are in the arrays.
 */
static void
step(FunctionCallInfo fcinfo, Inner *inner, Oid function, int n,
	 const Datum *values, const bool *nulls)
{
	LOCAL_FCINFO(call, FUNC_MAX_ARGS);
	FmgrInfo	info;
	Datum		state;

	fmgr_info(function, &info);
	if (info.fn_strict)
	{
		for (int i = 0; i < n; i++)
			if (nulls[i])
				return;
		if (!inner->begun)
		{
			inner->state = copy_state(fcinfo, inner, values[0]);
			inner->begun = true;
			inner->null = false;
			return;
		}
		if (inner->null)
			return;
	}
	InitFunctionCallInfoData(*call, &info, n + 1, fcinfo->fncollation,
							 fcinfo->context, fcinfo->resultinfo);
	call->args[0].value = inner->state;
	call->args[0].isnull = inner->null;
	for (int i = 0; i < n; i++)
	{
		call->args[i + 1].value = values[i];
		call->args[i + 1].isnull = nulls[i];
	}
	state = FunctionCallInvoke(call);
	if (!inner->byval &&
		DatumGetPointer(state) != DatumGetPointer(inner->state))
	{
		if (!call->isnull)
			state = copy_state(fcinfo, inner, state);
		if (inner->null)
			 /* none that was */ ;
		else if (DatumIsReadWriteExpandedObject(inner->state, false,
												inner->len))
			DeleteExpandedObject(inner->state);
		else
			pfree(DatumGetPointer(inner->state));
	}
	inner->state = state;
	inner->null = call->isnull;
}

/* ---- parts ------------------------------------------------------------- */

/* The columns of the rows of arguments, which must be the aggregate's own. */
static void
learn_columns(FunctionCallInfo fcinfo, Inner *inner, HeapTupleHeader row)
{
	MemoryContext old = MemoryContextSwitchTo(aggregate_memory(fcinfo));
	Oid		   *types;
	int			n;

	inner->columns = lookup_rowtype_tupdesc_copy(HeapTupleHeaderGetTypeId(row),
												 HeapTupleHeaderGetTypMod(row));
	(void) get_func_signature(inner->aggregate, &types, &n);
	if (n != inner->columns->natts)
		elog(ERROR, "%s does not take %d arguments",
			 format_procedure(inner->aggregate), inner->columns->natts);
	for (int i = 0; i < n; i++)
		if (TupleDescAttr(inner->columns, i)->atttypid != types[i])
			elog(ERROR, "argument %d of %s is not of type %s", i + 1,
				 format_procedure(inner->aggregate),
				 format_type_be(TupleDescAttr(inner->columns, i)->atttypid));
	MemoryContextSwitchTo(old);
}

/* partial(aggregate oid, value or row of values) */
Datum
steps_partial_accum(PG_FUNCTION_ARGS)
{
	Inner	   *inner;
	Datum		values[FUNC_MAX_ARGS];
	bool		nulls[FUNC_MAX_ARGS];
	int			n = 1;

	if (PG_ARGISNULL(0))
		inner = begin(fcinfo, PG_GETARG_OID(1));
	else
		inner = (Inner *) PG_GETARG_POINTER(0);
	values[0] = fcinfo->args[2].value;
	nulls[0] = fcinfo->args[2].isnull;
	if (get_fn_expr_argtype(fcinfo->flinfo, 2) == RECORDOID)
	{
		HeapTupleHeader row = DatumGetHeapTupleHeader(values[0]);
		HeapTupleData tuple;

		if (inner->columns == NULL)
			learn_columns(fcinfo, inner, row);
		n = inner->columns->natts;
		memset(&tuple, 0, sizeof(tuple));
		tuple.t_len = HeapTupleHeaderGetDatumLength(row);
		tuple.t_data = row;
		heap_deform_tuple(&tuple, inner->columns, values, nulls);
	}
	step(fcinfo, inner, inner->form.aggtransfn, n, values, nulls);
	PG_RETURN_POINTER(inner);
}

Datum
steps_partial_text(PG_FUNCTION_ARGS)
{
	Inner	   *inner = PG_ARGISNULL(0) ? NULL : (Inner *) PG_GETARG_POINTER(0);
	Oid			output;
	bool		varlena;

	if (inner == NULL || inner->null)
		PG_RETURN_NULL();
	getTypeOutputInfo(inner->form.aggtranstype, &output, &varlena);
	PG_RETURN_TEXT_P(cstring_to_text(OidOutputFunctionCall(output,
														   inner->state)));
}

Datum
steps_partial_binary(PG_FUNCTION_ARGS)
{
	Inner	   *inner = PG_ARGISNULL(0) ? NULL : (Inner *) PG_GETARG_POINTER(0);
	Oid			send;
	bool		varlena;

	if (inner == NULL || inner->null)
		PG_RETURN_NULL();
	getTypeBinaryOutputInfo(inner->form.aggtranstype, &send, &varlena);
	PG_RETURN_BYTEA_P(OidSendFunctionCall(send, inner->state));
}

/* ---- parts put together ------------------------------------------------ */

static Datum
combine(FunctionCallInfo fcinfo, Datum part, bool null)
{
	Inner	   *inner = (Inner *) PG_GETARG_POINTER(0);

	step(fcinfo, inner, inner->form.aggcombinefn, 1, &part, &null);
	PG_RETURN_POINTER(inner);
}

static void
begin_combine(FunctionCallInfo fcinfo)
{
	if (!PG_ARGISNULL(0))
		return;
	fcinfo->args[0].value = PointerGetDatum(begin(fcinfo, PG_GETARG_OID(1)));
	fcinfo->args[0].isnull = false;
}

/* combine(aggregate oid, part text, null of the result's type) */
Datum
steps_combine_text(PG_FUNCTION_ARGS)
{
	Inner	   *inner;
	Oid			input;
	Oid			param;

	begin_combine(fcinfo);
	inner = (Inner *) PG_GETARG_POINTER(0);
	if (PG_ARGISNULL(2))
		return combine(fcinfo, (Datum) 0, true);
	getTypeInputInfo(inner->form.aggtranstype, &input, &param);
	return combine(fcinfo,
				   OidInputFunctionCall(input,
										text_to_cstring(PG_GETARG_TEXT_PP(2)),
										param, -1),
				   false);
}

/* combine(aggregate oid, part bytea, null of the result's type) */
Datum
steps_combine_binary(PG_FUNCTION_ARGS)
{
	Inner	   *inner;
	StringInfoData buffer;
	bytea	   *part;
	Oid			receive;
	Oid			param;

	begin_combine(fcinfo);
	inner = (Inner *) PG_GETARG_POINTER(0);
	if (PG_ARGISNULL(2))
		return combine(fcinfo, (Datum) 0, true);
	part = PG_GETARG_BYTEA_PP(2);
	initStringInfo(&buffer);
	appendBinaryStringInfo(&buffer, VARDATA_ANY(part), VARSIZE_ANY_EXHDR(part));
	getTypeBinaryInputInfo(inner->form.aggtranstype, &receive, &param);
	return combine(fcinfo,
				   OidReceiveFunctionCall(receive, &buffer, param, -1), false);
}

/* The result: of the type that the null of that type has. */
Datum
steps_combine_final(PG_FUNCTION_ARGS)
{
	Inner	   *inner = PG_ARGISNULL(0) ? NULL : (Inner *) PG_GETARG_POINTER(0);
	Oid			result = get_fn_expr_argtype(fcinfo->flinfo, 3);

	LOCAL_FCINFO(call, FUNC_MAX_ARGS);
	FmgrInfo	info;
	Datum		value;

	if (inner == NULL)
		PG_RETURN_NULL();
	if (result != (OidIsValid(inner->form.aggfinalfn) ?
				   get_func_rettype(inner->form.aggfinalfn) :
				   inner->form.aggtranstype))
		elog(ERROR, "the result of %s is not of type %s",
			 format_procedure(inner->aggregate), format_type_be(result));
	if (!OidIsValid(inner->form.aggfinalfn))
	{
		if (inner->null)
			PG_RETURN_NULL();
		PG_RETURN_DATUM(inner->state);
	}
	fmgr_info(inner->form.aggfinalfn, &info);
	if (info.fn_strict && inner->null)
		PG_RETURN_NULL();
	InitFunctionCallInfoData(*call, &info,
							 inner->form.aggfinalextra ? fcinfo->nargs : 1,
							 fcinfo->fncollation, fcinfo->context,
							 fcinfo->resultinfo);
	for (int i = 0; i < call->nargs; i++)
	{
		call->args[i].value = i == 0 ? inner->state : (Datum) 0;
		call->args[i].isnull = i > 0 || inner->null;
	}
	value = FunctionCallInvoke(call);
	fcinfo->isnull = call->isnull;
	return value;
}

/* ---- a background worker ------------------------------------------------ */

/* What it does: one command. */
void
steps_worker_main(Datum database)
{
	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnectionByOid(DatumGetObjectId(database),
											  InvalidOid, 0);
	StartTransactionCommand();
	PushActiveSnapshot(GetTransactionSnapshot());
	SPI_connect();
	SPI_execute(MyBgworkerEntry->bgw_extra, false, 0);
	SPI_finish();
	PopActiveSnapshot();
	CommitTransactionCommand();
}

/* Runs a short command in a worker of a library, and waits for its end. */
Datum
steps_in_worker(PG_FUNCTION_ARGS)
{
	BackgroundWorker worker = {0};
	BackgroundWorkerHandle *handle;

	worker.bgw_flags = BGWORKER_SHMEM_ACCESS |
		BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker.bgw_restart_time = BGW_NEVER_RESTART;
	worker.bgw_notify_pid = MyProcPid;
	worker.bgw_main_arg = ObjectIdGetDatum(MyDatabaseId);
	strlcpy(worker.bgw_name, "steps", BGW_MAXLEN);
	text_to_cstring_buffer(PG_GETARG_TEXT_PP(0), worker.bgw_library_name,
						   BGW_MAXLEN);
	strlcpy(worker.bgw_function_name, "steps_worker_main", BGW_MAXLEN);
	text_to_cstring_buffer(PG_GETARG_TEXT_PP(1), worker.bgw_extra,
						   BGW_EXTRALEN);
	if (!RegisterDynamicBackgroundWorker(&worker, &handle))
		elog(ERROR, "there is no background worker left");
	WaitForBackgroundWorkerShutdown(handle);
	PG_RETURN_VOID();
}
