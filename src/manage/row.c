/*
 * row.c
 *		Writing the one row of a model's table "model".
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_publication.h"
#include "commands/sequence.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "manage/manage.h"

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
		affinity_manage_ddl_execute(psprintf("ALTER TABLE ONLY %s ADD PRIMARY KEY (version)",
											 quote_qualified_identifier(name,
																		"model")));
}

/*
 * The next version. Logical replication brings rows and not the sequence, so
 * that may be behind.
 */
static Datum
next_version(const char *name, Oid sequence)
{
	Datum		next = DirectFunctionCall1(nextval_oid,
										   ObjectIdGetDatum(sequence));
	Datum		last;
	bool		isnull;

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
 * Put the row there, in the place of the old one if there is any; through SPI,
 * to which the caller is connected. The version is set here. Parameters may
 * be 0: null.
 */
void
affinity_manage_row_write(const char *name, Datum *values)
{
	Oid			types[MODEL_N_ATTRIBUTES];
	char		nulls[MODEL_N_ATTRIBUTES + 1];
	char	   *table = quote_qualified_identifier(name, "model");
	Oid			sequence = get_relname_relid("model_version",
											 get_namespace_oid(name, false));
	int			rc;

	memcpy(types, affinity_model_row_types, sizeof(types));
	memset(nulls, ' ', MODEL_N_ATTRIBUTES);
	if (values[MODEL_PARAMETERS - 1] == (Datum) 0)
		nulls[MODEL_PARAMETERS - 1] = 'n';
	nulls[MODEL_N_ATTRIBUTES] = '\0';
	values[MODEL_VERSION - 1] = next_version(name, sequence);
	give_key(name);
	affinity_manage_ddl_execute(psprintf("DELETE FROM ONLY %s", table));
	rc = SPI_execute_with_args(psprintf("INSERT INTO %s VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
										table),
							   MODEL_N_ATTRIBUTES, types, values, nulls, false,
							   0);
	if (rc != SPI_OK_INSERT)
		elog(ERROR, "writing the model's row failed: %s",
			 SPI_result_code_string(rc));
}
