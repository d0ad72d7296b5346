/*
 * changes.c
 *		A count of changes in the catalog, for who would not look things up again
 *		that are as they were.
 */
#include "postgres.h"

#include "access/xact.h"
#include "utils/inval.h"
#include "utils/syscache.h"

#include "origin/origin.h"

static uint64 changes = 1;
static TimestampTz heard_in = 0;	/* start of the statement */

/*
 * A change. Those that are heard of as a transaction begins are older than what
 * is asked in it.
 */
static void
heard(void)
{
	changes++;
	if (IsTransactionState())
		heard_in = GetCurrentStatementStartTimestamp();
}

static void
relation_changed(Datum arg, Oid relation)
{
	(void) arg;
	(void) relation;
	heard();
}

static void
catalog_changed(Datum arg, int cache, uint32 hash)
{
	(void) arg;
	(void) cache;
	(void) hash;
	heard();
}

/*
 * Changes that this backend has heard of: of relations and their columns,
 * names, types, subscriptions, and of what says who may read.
 */
uint64
affinity_origin_changes(void)
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
 * Has the backend heard of one since its statement began?
 */
bool
affinity_origin_heard(void)
{
	return heard_in != 0 && heard_in == GetCurrentStatementStartTimestamp();
}
