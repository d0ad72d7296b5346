/*
 * row.c
 *		The one row of a model's table "model", of type affinity.model_record.
 *
 * It is read straight from the table in the caller's snapshot, after the
 * checks that the executor would make.
 */
#include "postgres.h"

#include "access/table.h"
#include "access/sysattr.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "storage/bufmgr.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/float.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "model/catalog.h"

const Oid	affinity_model_row_types[MODEL_N_ATTRIBUTES] = {
	INT8OID, TEXTOID, JSONBOID, BOOLOID, INT8OID, INT8OID, INT8OID, INT8OID,
	INT8OID, INT8OID, TIMESTAMPTZOID, INTERVALOID, JSONBOID, FLOAT4ARRAYOID
};

/*
 * Are its columns those of affinity.model_record, one by one? ALTER TABLE ...
 * OF also takes a table with dropped columns between them.
 */
bool
affinity_model_row_fits(Relation table)
{
	TupleDesc	desc = RelationGetDescr(table);

	if (desc->natts != MODEL_N_ATTRIBUTES)
		return false;
	for (int i = 0; i < MODEL_N_ATTRIBUTES; i++)
	{
		/* a dropped column has no type */
		if (TupleDescAttr(desc, i)->atttypid != affinity_model_row_types[i])
			return false;
	}
	return true;
}

/*
 * Who wrote a row, and where it is; nothing where the table does not say.
 */
static AffinityRowMark
mark_of(TupleTableSlot *slot)
{
	AffinityRowMark mark = {.writer = InvalidTransactionId};
	bool		isnull;

	ItemPointerSetInvalid(&mark.tid);
	if (!TTS_IS_BUFFERTUPLE(slot))
		return mark;
	mark.writer = DatumGetTransactionId(slot_getsysattr(slot,
														MinTransactionIdAttributeNumber,
														&isnull));
	mark.tid = slot->tts_tid;
	return mark;
}

/*
 * Is the row that of a model? Then its version is among the values. Versions of
 * a model that was dropped and created again where it comes from have the numbers
 * of those before.
 */
static bool
is_row_of(TupleTableSlot *slot, const AffinityModel *model, Datum *values)
{
	AffinityRowMark mark = mark_of(slot);
	bool		isnull;

	values[MODEL_VERSION - 1] = slot_getattr(slot, MODEL_VERSION, &isnull);
	return !isnull &&
		DatumGetInt64(values[MODEL_VERSION - 1]) == model->version &&
		affinity_model_same_row(&mark, &model->row);
}

/*
 * Read the one row of a "model" table in the caller's snapshot; false where
 * there is none: the model is not trained. Its parameters stay as they are
 * stored (0: null): they are large, and a cached model has no need of them.
 * Of the model that is known, unless it is NULL, no more is read than the
 * version. mark, unless it is NULL, says which row that is.
 */
bool
affinity_model_row_read(Relation table, const char *schema_name,
						const AffinityModel *known, Datum *values,
						AffinityRowMark *mark)
{
	TupleTableSlot *slot = table_slot_create(table, NULL);
	TableScanDesc scan = table_beginscan(table, GetActiveSnapshot(), 0, NULL);
	bool		found = table_scan_getnextslot(scan, ForwardScanDirection,
											   slot);

	if (mark && found)
		*mark = mark_of(slot);
	if (found && !(known && is_row_of(slot, known, values)))
	{
		slot_getallattrs(slot);
		for (int i = 0; i < MODEL_N_ATTRIBUTES; i++)
		{
			Form_pg_attribute attr = TupleDescAttr(slot->tts_tupleDescriptor,
												   i);

			if (i == MODEL_PARAMETERS - 1)
			{
				values[i] = slot->tts_isnull[i] ? (Datum) 0 :
					datumCopy(slot->tts_values[i], false, -1);
				continue;
			}
			if (slot->tts_isnull[i])
				affinity_train_damaged(schema_name,
									   psprintf("%s is null",
												NameStr(attr->attname)));
			values[i] = attr->attlen == -1 ?
				PointerGetDatum(PG_DETOAST_DATUM_COPY(slot->tts_values[i])) :
				datumCopy(slot->tts_values[i], attr->attbyval, attr->attlen);
		}
	}
	table_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	return found;
}

/*
 * Does the snapshot see the row of a model that was read before? It is looked
 * at where it was, if nothing has changed in the catalog since: then the file is
 * the same. A second row, which only the table's owner can have put before it, is
 * not looked for.
 */
bool
affinity_model_row_stays(Relation table, AffinityModel *model)
{
	ItemPointer tid = &model->row.tid;
	Datum		values[MODEL_VERSION];
	bool		stays;

	if (!ItemPointerIsValid(tid) ||
		ItemPointerGetBlockNumber(tid) >= RelationGetNumberOfBlocks(table))
		return false;
	if (model->row_slot == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(model->context);

		model->row_slot =
			MakeSingleTupleTableSlot(CreateTupleDescCopy(RelationGetDescr(table)),
									 table_slot_callbacks(table));
		MemoryContextSwitchTo(old);
	}
	if (!table_tuple_fetch_row_version(table, tid, GetActiveSnapshot(),
									   model->row_slot))
		return false;
	stays = is_row_of(model->row_slot, model, values);
	ExecClearTuple(model->row_slot);
	return stays;
}

/*
 * A figure in the column "training" of a row, whose owner may have written
 * anything there; NaN where there is none.
 */
double
affinity_model_figure(Jsonb *training, const char *name)
{
	const JsonbValue *value = training ?
		affinity_definition_member(training, name) : NULL;

	if (value == NULL || value->type != jbvNumeric)
		return get_float8_nan();
	return DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow,
											  NumericGetDatum(value->val.numeric)));
}

/*
 * The parameters of a model, NULL where it has none: read again, in the same
 * snapshot as when it was opened.
 */
ArrayType *
affinity_model_parameters(const AffinityModel *model)
{
	Relation	table = table_open(model->relation, AccessShareLock);
	Datum		values[MODEL_N_ATTRIBUTES];
	ArrayType  *parameters;

	if (!affinity_model_row_fits(table))
		affinity_definition_other_columns(model->schema_name, model->schema);
	if (!affinity_model_row_read(table, model->schema_name, NULL,
								 values, NULL) ||
		DatumGetInt64(values[MODEL_VERSION - 1]) != model->version)
		affinity_train_damaged(model->schema_name, "its version changed");
	parameters = values[MODEL_PARAMETERS - 1] == (Datum) 0 ? NULL :
		DatumGetArrayTypePCopy(values[MODEL_PARAMETERS - 1]);
	table_close(table, NoLock);
	return parameters;
}
