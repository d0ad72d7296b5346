/*
 * checks.c
 *		Checks that the executor would make, and of what anybody may have
 *		written.
 *
 * A model's tables are read past the executor, and may have been written by
 * anybody: nothing in them is trusted further than its type.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "access/table.h"
#include "access/transam.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "storage/bufmgr.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "model/catalog.h"

/*
 * Tables that are read past the executor have no policies.
 */
void
affinity_model_refuse_policies(Relation table)
{
	if (table->rd_rel->relrowsecurity)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("table \"%s\" of a model has row-level security",
						RelationGetRelationName(table)),
				 errhint("Protect the source instead: its policies hold for whoever asks.")));
}

static void
check_usage(Oid schema)
{
	AclResult	result = affinity_base_schema_aclcheck(schema, GetUserId(),
													   ACL_USAGE);

	if (result != ACLCHECK_OK)
		aclcheck_error(result, OBJECT_SCHEMA, get_namespace_name(schema));
}

/*
 * May the caller read the model?
 */
void
affinity_model_check_rights(Oid schema, Relation table)
{
	AclResult	result;

	check_usage(schema);
	result = pg_class_aclcheck(RelationGetRelid(table), GetUserId(),
							   ACL_SELECT);
	if (result != ACLCHECK_OK)
		aclcheck_error(result, OBJECT_TABLE, RelationGetRelationName(table));
	affinity_model_refuse_policies(table);
}

/*
 * Type of a column of one of the model's relations.
 */
Oid
affinity_model_column_type(Oid schema, const char *schema_name,
						   const char *relation, const char *column)
{
	Oid			relid = get_relname_relid(relation, schema);
	AttrNumber	attno = OidIsValid(relid) ? get_attnum(relid, column) : 0;

	if (attno == InvalidAttrNumber)
		affinity_train_damaged(schema_name,
							   psprintf("%s.%s is missing", relation,
										column));
	return get_atttype(relid, attno);
}

static bool
is_id_type(Oid type, Oid wanted)
{
	type = getBaseType(type);
	return type == wanted || (type == VARCHAROID && wanted == TEXTOID);
}

/*
 * The relation that a model should have is not there.
 */
pg_noreturn static void
relation_is_lost(const AffinityModel *model, const char *relation)
{
	bool		kept = strcmp(relation, AFFINITY_KEPT) == 0;

	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("model \"%s\" has lost its %s \"%s\"",
					model->schema_name, kept ? "table" : "view", relation),
			 kept ? 0 :
			 errdetail("It was dropped with a table that it read."),
			 errhint("%s: SELECT affinity.refresh_model(%s);",
					 kept ? "To make it again" :
					 "Once what it read is there again",
					 quote_literal_cstr(model->schema_name))));
}

/*
 * It is there, and not as it should be.
 */
pg_noreturn static void
relation_is_unfit(const AffinityModel *model, const char *relation,
				  const char *how)
{
	char	   *wrong = psprintf(how, psprintf("its %s \"%s\"",
											   strcmp(relation, AFFINITY_KEPT) == 0 ?
											   "table" : "view", relation));

	if (strcmp(relation, AFFINITY_LOCAL) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("model \"%s\" cannot be served locally: %s",
						model->schema_name, wrong),
				 errhint("To serve from its own source: SELECT affinity.serve_locally(%s, NULL);",
						 quote_literal_cstr(model->schema_name))));
	affinity_train_damaged(model->schema_name, wrong);
}

/*
 * Find and lock one of a model's relations, by the schema itself, which another
 * one may have the name of by now. Invalid: there is none.
 */
static Oid
lock_relation(Oid schema, const char *name)
{
	for (;;)
	{
		Oid			relid = get_relname_relid(name, schema);

		if (!OidIsValid(relid))
			return InvalidOid;
		LockRelationOid(relid, AccessShareLock);
		if (get_relname_relid(name, schema) == relid)
			return relid;
		UnlockRelationOid(relid, AccessShareLock);
	}
}

/*
 * The relation of histories, or another one like it, is one that can be read as
 * the model's functions do.
 */
static Oid
check_interactions(const AffinityModel *model, const char *relation)
{
	Oid			relid = lock_relation(model->schema, relation);
	Relation	opened;
	TupleDesc	desc;
	int			user;
	int			item;

	if (!OidIsValid(relid))
		relation_is_lost(model, relation);
	/* as a query that names it asks, by what was heard of with the lock */
	check_usage(model->schema);
	/* the query opens it anyway: its columns are not looked up one by one */
	opened = relation_open(relid, NoLock);
	desc = RelationGetDescr(opened);
	user = SPI_fnumber(desc, "user_id");
	item = SPI_fnumber(desc, "item_id");
	if (user <= 0 || item <= 0 || SPI_fnumber(desc, "weight") <= 0 ||
		((model->timed || model->kinds) && SPI_fnumber(desc, "at") <= 0) ||
		(model->kinds && SPI_fnumber(desc, "signal") <= 0))
		relation_is_unfit(model, relation, model->kinds ?
						  "%s does not have the columns user_id, item_id, weight, at and signal" :
						  model->timed ?
						  "%s does not have the columns user_id, item_id, weight and at" :
						  "%s does not have the columns user_id, item_id and weight");
	if (!is_id_type(TupleDescAttr(desc, user - 1)->atttypid, model->user_type) ||
		!is_id_type(TupleDescAttr(desc, item - 1)->atttypid, model->item_type))
		relation_is_unfit(model, relation,
						  "ids of %s are of other types than its own");
	relation_close(opened, NoLock);
	if (model->timed)
		(void) affinity_model_time_type(model);
	return relid;
}

/*
 * The type of the times that histories have.
 */
Oid
affinity_model_time_type(const AffinityModel *model)
{
	Oid			type = affinity_model_column_type(model->schema,
												  model->schema_name,
												  affinity_model_serves(model),
												  "at");

	if (type != TIMESTAMPOID && type != TIMESTAMPTZOID)
		affinity_train_damaged(model->schema_name,
							   "the times of its interactions are no time stamps");
	return type;
}

/*
 * Are the times of the source without a zone? The copy has those with one in
 * UTC, so that its own type does not say it.
 */
bool
affinity_model_times_are_local(const AffinityModel *model)
{
	Oid			view = get_relname_relid("interactions", model->schema);
	AttrNumber	at = OidIsValid(view) ? get_attnum(view, "at") :
		InvalidAttrNumber;

	return at != InvalidAttrNumber && get_atttype(view, at) == TIMESTAMPOID;
}

/*
 * What time it is, as the times of histories have it.
 */
int64
affinity_model_now(const AffinityModel *model)
{
	TimestampTz now = GetCurrentTransactionStartTimestamp();

	if (!affinity_model_times_are_local(model))
		return now;
	return DatumGetTimestamp(DirectFunctionCall1(timestamptz_timestamp,
												 TimestampTzGetDatum(now)));
}

/*
 * The time that is an interval before now, as the times of histories have it.
 * Whoever asks for it needs such times.
 */
int64
affinity_model_before_now(const AffinityModel *model, const Interval *interval)
{
	Datum		now = Int64GetDatum(affinity_model_now(model));
	bool		plain = affinity_model_times_are_local(model);

	if (!model->has_time ||
		(model->kept && get_attnum(get_relname_relid(AFFINITY_KEPT,
													 model->schema),
								   "at") <= 0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("not_within needs times, which the source of model \"%s\" does not have",
						model->schema_name),
				 errhint("Give the model a query with the time as its fourth column, after user, item and weight: SELECT affinity.alter_model(%s, query => 'SELECT ...');",
						 quote_literal_cstr(model->schema_name))));
	return DatumGetInt64(DirectFunctionCall2(plain ? timestamp_mi_interval :
											 timestamptz_mi_interval, now,
											 PointerGetDatum(interval)));
}

/*
 * The relation of histories as SQL names it, once it is known that it can be
 * read as the model's functions do: a query would say in its own words what is
 * missing. It stays locked, so that it cannot go meanwhile.
 */
char *
affinity_model_interactions(const AffinityModel *model)
{
	(void) check_interactions(model, affinity_model_serves(model));
	return affinity_model_relation(model, affinity_model_serves(model));
}

/*
 * The same without its name, for a plan that has it.
 */
void
affinity_model_check_interactions(AffinityModel *model)
{
	uint64		changes = affinity_origin_changes();
	Oid			source;

	if (affinity_model_lock_source(model))
		return;
	source = check_interactions(model, affinity_model_serves(model));
	if (model->known_at == changes)
		model->source = source;
}

/*
 * The same of what the model is trained on, which has times.
 */
char *
affinity_model_source(const AffinityModel *model)
{
	(void) check_interactions(model, "interactions");
	if (get_attnum(get_relname_relid("interactions", model->schema), "at") <= 0)
		affinity_train_damaged(model->schema_name,
							   "its view \"interactions\" does not have the column at");
	return affinity_model_relation(model, "interactions");
}

/*
 * A table of items that came after the caller's snapshot would look empty:
 * alter_model made it meanwhile. Its columns came with it, and say by which
 * transaction.
 */
static TransactionId
check_snapshot(const char *name, Oid items)
{
	HeapTuple	column = SearchSysCache2(ATTNUM, ObjectIdGetDatum(items),
										 Int16GetDatum(1));
	TransactionId made;

	if (!HeapTupleIsValid(column))
		return InvalidTransactionId;
	made = HeapTupleHeaderGetXmin(column->t_data);
	ReleaseSysCache(column);
	if (TransactionIdIsNormal(made) &&
		!TransactionIdIsCurrentTransactionId(made) &&
		XidInMVCCSnapshot(made, GetActiveSnapshot()))
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("model \"%s\" was made anew while it was read", name),
				 errhint("Ask again, in a new transaction if this one keeps its snapshot.")));
	return made;
}

/*
 * Open the table of items, found by its name: another one may have it by the
 * time that it is locked. The caller may read it. In *made, unless that is NULL,
 * by which transaction its columns are.
 */
Relation
affinity_model_open_items(Oid schema, const char *name, TransactionId * made)
{
	Oid			relid = lock_relation(schema, "items");
	AclResult	result;
	TransactionId by;

	if (!OidIsValid(relid) || get_rel_relkind(relid) != RELKIND_RELATION)
		affinity_train_damaged(name, "items is not a table");
	result = pg_class_aclcheck(relid, GetUserId(), ACL_SELECT);
	if (result != ACLCHECK_OK)
		aclcheck_error(result, OBJECT_TABLE, "items");
	by = check_snapshot(name, relid);
	if (made)
		*made = by;
	return table_open(relid, NoLock);
}

/*
 * The ids of two items, the one with the smaller number first: numbers are in
 * order of id, but for those of items that came after the training. So none is
 * there twice.
 */
void
affinity_model_check_ids(const AffinityModel *model, Datum first,
						 uint32 second_no, Datum second)
{
	int			c = affinity_base_id_compare(first, second, model->item_type);

	if (c > 0 && second_no >= model->n_sorted)
		return;
	if (c == 0)
		affinity_train_damaged(model->schema_name, "an item is there twice");
	if (c > 0)
		affinity_train_damaged(model->schema_name,
							   "items are not numbered in order of their ids");
}

/*
 * Could the table of items hold as many as the model says? Memory is taken
 * for them before the items are read.
 */
void
affinity_model_check_n_items(Oid schema, const char *schema_name,
							 int64 n_items)
{
	Relation	items = affinity_model_open_items(schema, schema_name, NULL);

	/* no table access method puts a row into less than a byte */
	if (n_items < 0 || n_items > PG_INT32_MAX ||
		n_items > (int64) RelationGetNumberOfBlocks(items) * BLCKSZ)
		affinity_train_damaged(schema_name,
							   "its number of items is impossible");
	table_close(items, NoLock);
}
