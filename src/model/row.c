/*
 * row.c
 *		The one row of a model's table "model", of type affinity.model_record.
 *
 * It is read straight from the table in the caller's snapshot, after the
 * checks that the executor would make.
 */
#include "postgres.h"

#include "access/table.h"
#include "access/tableam.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_publication.h"
#include "catalog/pg_type.h"
#include "commands/sequence.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "model/catalog.h"
#include "model/source.h"

static const Oid attribute_types[MODEL_N_ATTRIBUTES] = {
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
		if (TupleDescAttr(desc, i)->atttypid != attribute_types[i])
			return false;
	}
	return true;
}

/*
 * Read the one row of a "model" table in the caller's snapshot. Its
 * parameters stay as they are stored (0: null): they are large, and a cached
 * model has no need of them.
 */
void
affinity_model_row_read(Relation table, const char *schema_name, Datum *values)
{
	TupleTableSlot *slot = table_slot_create(table, NULL);
	TableScanDesc scan = table_beginscan(table, GetActiveSnapshot(), 0, NULL);
	bool		found = table_scan_getnextslot(scan, ForwardScanDirection,
											   slot);

	if (found)
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
	if (!found)
		affinity_train_damaged(schema_name, "it has never been trained");
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
		affinity_train_damaged(model->schema_name,
							   "table \"model\" has other columns");
	affinity_model_row_read(table, model->schema_name, values);
	if (DatumGetInt64(values[MODEL_VERSION - 1]) != model->version)
		affinity_train_damaged(model->schema_name, "its version changed");
	parameters = values[MODEL_PARAMETERS - 1] == (Datum) 0 ? NULL :
		DatumGetArrayTypePCopy(values[MODEL_PARAMETERS - 1]);
	table_close(table, NoLock);
	return parameters;
}

/*
 * Models made before tables "model" had a key get one where a publication
 * takes its deletes: without, DELETE is an error.
 */
static void
give_key(const char *name)
{
	Relation	table = table_open(get_relname_relid("model",
													 get_namespace_oid(name, false)),
								   AccessShareLock);
	PublicationDesc published;
	bool		needed = false;

	if (table->rd_rel->relreplident == REPLICA_IDENTITY_DEFAULT &&
		!OidIsValid(RelationGetReplicaIndex(table)))
	{
		RelationBuildPublicationDesc(table, &published);
		needed = published.pubactions.pubdelete;
	}
	table_close(table, NoLock);
	if (needed)
		affinity_model_ddl_execute(psprintf("ALTER TABLE ONLY %s ADD PRIMARY KEY (version)",
											quote_qualified_identifier(name,
																	   "model")));
}

/*
 * The next version. Logical replication brings rows and not the sequence, so
 * that may be behind.
 */
static Datum
next_version(const char *name, Oid sequence, bool replace)
{
	Datum		next = DirectFunctionCall1(nextval_oid,
										   ObjectIdGetDatum(sequence));
	Datum		last;
	bool		isnull;

	if (!replace)
		return next;
	if (SPI_execute(psprintf("SELECT pg_catalog.max(version) FROM ONLY %s",
							 quote_qualified_identifier(name, "model")),
					false, 1) != SPI_OK_SELECT || SPI_processed != 1)
		elog(ERROR, "reading the model's version failed");
	last = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1,
						 &isnull);
	if (isnull || DatumGetInt64(last) < DatumGetInt64(next))
		return next;
	(void) DirectFunctionCall2(setval_oid, ObjectIdGetDatum(sequence), last);
	return DirectFunctionCall1(nextval_oid, ObjectIdGetDatum(sequence));
}

/*
 * Put the row there, in the place of the old one in a refresh; through SPI,
 * to which the caller is connected. The version is set here. Parameters may
 * be 0: null.
 */
void
affinity_model_row_write(const char *name, Datum *values, bool replace)
{
	Oid			types[MODEL_N_ATTRIBUTES];
	char		nulls[MODEL_N_ATTRIBUTES + 1];
	char	   *table = quote_qualified_identifier(name, "model");
	Oid			sequence = get_relname_relid("model_version",
											 get_namespace_oid(name, false));
	int			rc;

	memcpy(types, attribute_types, sizeof(types));
	memset(nulls, ' ', MODEL_N_ATTRIBUTES);
	if (values[MODEL_PARAMETERS - 1] == (Datum) 0)
		nulls[MODEL_PARAMETERS - 1] = 'n';
	nulls[MODEL_N_ATTRIBUTES] = '\0';
	if (get_rel_relkind(sequence) != RELKIND_SEQUENCE)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("model \"%s\" has no sequence \"model_version\"",
						name),
				 errhint("Drop the model and create it again.")));
	values[MODEL_VERSION - 1] = next_version(name, sequence, replace);
	if (replace)
		give_key(name);
	if (replace)
		affinity_model_ddl_execute(psprintf("DELETE FROM ONLY %s", table));
	rc = SPI_execute_with_args(psprintf("INSERT INTO %s VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
										table),
							   MODEL_N_ATTRIBUTES, types, values, nulls, false,
							   0);
	if (rc != SPI_OK_INSERT)
		elog(ERROR, "writing the model's row failed: %s",
			 SPI_result_code_string(rc));
}
