/*
 * received.c
 *		Models whose rows come from another server, by a subscription or a COPY.
 *
 * A subscription applies a transaction of the publisher as one transaction, so
 * a version arrives whole. At first, though, it copies each table by itself.
 * Until it says that all of a model's tables are ready, the model is not here
 * yet, whatever rows there are. It says so in the catalog, where the caller's
 * snapshot has to see it: the rows are read by that.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "access/tableam.h"
#include "access/transam.h"
#include "catalog/pg_class.h"
#include "catalog/pg_subscription.h"
#include "catalog/pg_subscription_rel.h"
#include "commands/sequence.h"
#include "storage/lmgr.h"
#include "utils/catcache.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "origin/origin.h"

/* What a version consists of beside the row of "model". */
static const char *const others[] = {
	"items", AFFINITY_POPULAR, AFFINITY_KEPT
};

/*
 * The subscription that writes into a table; InvalidOid: none. In *ready, if
 * that is given, whether it has caught up with the others as the snapshot
 * sees it.
 */
static Oid
subscription_of(Oid table, bool *ready)
{
	CatCList   *list = SearchSysCacheList1(SUBSCRIPTIONRELMAP,
										   ObjectIdGetDatum(table));
	Oid			found = InvalidOid;

	for (int i = 0; i < list->n_members; i++)
	{
		HeapTuple	tuple = &list->members[i]->tuple;
		Form_pg_subscription_rel form =
			(Form_pg_subscription_rel) GETSTRUCT(tuple);
		TransactionId writer = HeapTupleHeaderGetXmin(tuple->t_data);

		found = form->srsubid;
		if (ready == NULL)
			continue;
		if (form->srsubstate != SUBREL_STATE_READY ||
			(TransactionIdIsNormal(writer) &&
			 !TransactionIdIsCurrentTransactionId(writer) &&
			 XidInMVCCSnapshot(writer, GetActiveSnapshot())))
			*ready = false;
	}
	ReleaseSysCacheList(list);
	return found;
}

/*
 * The subscription that brings a model, by its table "model"; InvalidOid:
 * none does.
 */
Oid
affinity_origin_subscription(Oid table)
{
	return OidIsValid(table) ? subscription_of(table, NULL) : InvalidOid;
}

/*
 * Is a model on its way: does the subscription that brings its table "model"
 * still copy that or another one?
 */
bool
affinity_origin_arrives(Oid table, Oid schema)
{
	bool		ready = true;

	if (!OidIsValid(subscription_of(table, &ready)))
		return false;
	for (int i = 0; ready && i < (int) lengthof(others); i++)
	{
		Oid			other = get_relname_relid(others[i], schema);

		if (OidIsValid(other))
			(void) subscription_of(other, &ready);
	}
	return !ready;
}

/* ---- where histories are read ------------------------------------------- */

/*
 * The view that serving reads in the place of "interactions"; InvalidOid: there
 * is none. What somebody else put there is not it.
 */
Oid
affinity_origin_local(Oid schema)
{
	Oid			view = get_relname_relid(AFFINITY_LOCAL, schema);
	Oid			table;
	HeapTuple	tuple;
	Oid			owner[2];

	if (!OidIsValid(view) || get_rel_relkind(view) != RELKIND_VIEW)
		return InvalidOid;
	table = get_relname_relid("model", schema);
	for (int i = 0; i < 2; i++)
	{
		tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(i ? table : view));
		if (!HeapTupleIsValid(tuple))
			return InvalidOid;
		owner[i] = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
		ReleaseSysCache(tuple);
	}
	return owner[0] == owner[1] ? view : InvalidOid;
}

/*
 * The same, locked as serving locks what it reads: it stays to the end of the
 * transaction.
 */
Oid
affinity_origin_lock_local(Oid schema)
{
	Oid			view;

	while (OidIsValid(view = affinity_origin_local(schema)))
	{
		LockRelationOid(view, AccessShareLock);
		if (affinity_origin_local(schema) == view)
			break;
		UnlockRelationOid(view, AccessShareLock);
	}
	return view;
}

/* ---- versions ------------------------------------------------------------ */

/*
 * The last number that a model's sequence of versions gave; 0: none yet.
 */
static int64
last_version(Oid schema)
{
	Oid			sequence = get_relname_relid("model_version", schema);
	Relation	relation;
	TupleTableSlot *slot;
	TableScanDesc scan;
	int64		last = 0;

	if (!OidIsValid(sequence) ||
		get_rel_relkind(sequence) != RELKIND_SEQUENCE)
		return PG_INT64_MAX;
	if (!ConditionalLockRelationOid(sequence, AccessShareLock))
		return PG_INT64_MAX;
	relation = try_relation_open(sequence, NoLock);
	if (relation == NULL)
		return PG_INT64_MAX;
	slot = table_slot_create(relation, NULL);
	/* its one row is visible to all */
	scan = table_beginscan(relation, GetActiveSnapshot(), 0, NULL);
	if (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		bool		isnull;
		bool		called;

		called = DatumGetBool(slot_getattr(slot, SEQ_COL_CALLED, &isnull));
		if (called)
			last = DatumGetInt64(slot_getattr(slot, SEQ_COL_LASTVAL, &isnull));
	}
	table_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	relation_close(relation, AccessShareLock);
	return last;
}

/*
 * Does a version come from another server? A subscription brings it, or its
 * number is none that was given here.
 */
bool
affinity_origin_is_received(Oid schema, Oid table, int64 version)
{
	return OidIsValid(affinity_origin_subscription(table)) ||
		version > last_version(schema);
}
