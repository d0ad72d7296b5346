/*
 * model.c
 *		Fitted models as arguments: composite values, whose parameters come
 *		first.
 *
 * A query gives the same model for each row, mostly, so that a call site
 * takes it apart once. Anybody may have put a model together.
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "utils/typcache.h"

#include "base/base.h"
#include "lifetime/model.h"

/* What a call site keeps from row to row, zero at first. */
void *
affinity_lifetime_call_site(FunctionCallInfo fcinfo, Size size)
{
	if (fcinfo->flinfo->fn_extra == NULL)
		fcinfo->flinfo->fn_extra =
			MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, size);
	return fcinfo->flinfo->fn_extra;
}

static void
check_parameter(const LifetimeModel *model, int i, double value)
{
	if (value > 0 && value <= 1e307)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("%s of a model %s must be a finite number above 0, but is %g",
					model->parameter[i], model->name, value),
			 errhint("Take the model from %s_fit.", model->name)));
}

static void
take_apart(HeapTupleHeader header, const LifetimeModel *model,
		   double *parameter)
{
	TupleDesc	desc = lookup_rowtype_tupdesc(HeapTupleHeaderGetTypeId(header),
											  HeapTupleHeaderGetTypMod(header));
	HeapTupleData tuple;
	Datum	   *value = palloc(sizeof(Datum) * desc->natts);
	bool	   *null = palloc(sizeof(bool) * desc->natts);

	tuple.t_len = HeapTupleHeaderGetDatumLength(header);
	ItemPointerSetInvalid(&tuple.t_self);
	tuple.t_tableOid = InvalidOid;
	tuple.t_data = header;
	heap_deform_tuple(&tuple, desc, value, null);
	for (int i = 0; i < model->n_parameters; i++)
	{
		if (i >= desc->natts ||
			TupleDescAttr(desc, i)->atttypid != FLOAT8OID)
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("type %s was altered: it must begin with its parameters",
							model->name)));
		if (null[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("%s of a model %s must not be null",
							model->parameter[i], model->name),
					 errhint("Take the model from %s_fit.", model->name)));
		parameter[i] = DatumGetFloat8(value[i]);
		check_parameter(model, i, parameter[i]);
		/* fits lie within; beyond it double tells no answers apart */
		if (!model->is_scaled[i])
			parameter[i] = Min(Max(parameter[i], 1e-13), 1e13);
	}
	ReleaseTupleDesc(desc);
	pfree(value);
	pfree(null);
}

/*
 * The parameters of the model that argument arg is, which is not NULL.
 */
const double *
affinity_lifetime_parameters(FunctionCallInfo fcinfo, int arg,
							 const LifetimeModel *model, LifetimeGiven *given)
{
	HeapTupleHeader header = PG_GETARG_HEAPTUPLEHEADER(arg);
	Size		size = HeapTupleHeaderGetDatumLength(header);

	if (given->size != size || memcmp(given->bytes, header, size) != 0)
	{
		given->size = 0;
		take_apart(header, model, given->parameter);
		if (given->room < size)
		{
			if (given->bytes != NULL)
				pfree(given->bytes);
			given->bytes = MemoryContextAlloc(fcinfo->flinfo->fn_mcxt, size);
			given->room = size;
		}
		memcpy(given->bytes, header, size);
		given->size = size;
	}
	PG_FREE_IF_COPY(header, arg);
	return given->parameter;
}
