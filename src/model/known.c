/*
 * known.c
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
#include "utils/snapmgr.h"

#include "model/catalog.h"

/*
 * Refuse a model whose tables are distributed, where a relation may have changed
 * since it was last looked at.
 */
void
affinity_model_check_changed(AffinityModel *model)
{
	uint64		now = affinity_origin_changes();

	if (model->looked_at == now)
		return;
	affinity_origin_check_tables(model->schema);
	model->looked_at = now;
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
	return model->known_at == affinity_origin_changes() && model->known_by == GetUserId() &&
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
	if (!OidIsValid(model->source) || model->known_at != affinity_origin_changes())
		return false;
	LockRelationOid(model->source, AccessShareLock);
	return model->known_at == affinity_origin_changes();
}

/*
 * The name of the relation in a model's schema that histories are read from.
 */
const char *
affinity_model_serves(const AffinityModel *model)
{
	return OidIsValid(model->local) ? AFFINITY_LOCAL :
		model->kept ? AFFINITY_KEPT : "interactions";
}
