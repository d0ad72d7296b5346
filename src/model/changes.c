/*
 * changes.c
 *		What a call found out in the catalog, and need not look up again.
 *
 * Which table is a model's, what columns it has and who may read it stays as it
 * is until a backend hears of a change in the catalogs that say so. It hears of
 * them when it takes a lock, so whoever relies on this takes the same locks as
 * before, and looks at the count of changes after that.
 */
#include "postgres.h"

#include "access/transam.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/inval.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "model/catalog.h"

static uint64 changes = 1;

static void
relation_changed(Datum arg, Oid relation)
{
	(void) arg;
	(void) relation;
	changes++;
}

static void
catalog_changed(Datum arg, int cache, uint32 hash)
{
	(void) arg;
	(void) cache;
	(void) hash;
	changes++;
}

/*
 * Changes that this backend has heard of: of relations and their columns,
 * names, types, subscriptions, and of what says who may read.
 */
uint64
affinity_model_changes(void)
{
	static const int caches[] = {
		NAMESPACEOID, TYPEOID, SUBSCRIPTIONRELMAP, AUTHOID, AUTHMEMROLEMEM,
		DATABASEOID
	};
	static bool is_registered = false;

	if (is_registered)
		return changes;
	CacheRegisterRelcacheCallback(relation_changed, (Datum) 0);
	for (int i = 0; i < (int) lengthof(caches); i++)
		CacheRegisterSyscacheCallback(caches[i], catalog_changed, (Datum) 0);
	is_registered = true;
	return changes;
}

/*
 * A call has found that the user may read the model and that its tables are as
 * they should be, since there were so many changes.
 */
void
affinity_model_know(AffinityModel *model, uint64 since)
{
	model->known_at = since;
	model->known_by = GetUserId();
	model->source = InvalidOid;
}

/*
 * Is that so still, for this user? The snapshot must see the table of items,
 * which alter_model makes anew: an older one is told to ask again.
 */
bool
affinity_model_is_known(const AffinityModel *model)
{
	return model->known_at == changes && model->known_by == GetUserId() &&
		!model->replaced &&
		!(TransactionIdIsNormal(model->items_made) &&
		  XidInMVCCSnapshot(model->items_made, GetActiveSnapshot()));
}

/*
 * Lock the relation that histories are read from, if it is known; false where
 * it is not, or has changed.
 */
bool
affinity_model_lock_source(const AffinityModel *model)
{
	if (!OidIsValid(model->source) || model->known_at != changes)
		return false;
	LockRelationOid(model->source, AccessShareLock);
	return model->known_at == changes;
}
