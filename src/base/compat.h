/*
 * compat.h
 *		The only place that knows about PostgreSQL versions (15 to 18).
 */
#ifndef AFFINITY_BASE_COMPAT_H
#define AFFINITY_BASE_COMPAT_H

#include "postgres.h"

#if PG_VERSION_NUM < 150000
#error "affinity needs PostgreSQL 15 or later"
#endif

#if PG_VERSION_NUM >= 160000
#include "catalog/pg_class.h"
#include "catalog/pg_namespace.h"
#include "varatt.h"
#endif

#include "access/genam.h"
#include "access/tableam.h"
#include "executor/executor.h"
#include "nodes/parsenodes.h"
#include "nodes/pathnodes.h"
#include "storage/lock.h"
#include "storage/proc.h"
#include "utils/acl.h"
#include "utils/datetime.h"
#include "utils/selfuncs.h"
#include "utils/regproc.h"

/* PostgreSQL 18 puts it before a declaration, what came before after it. */
#ifndef pg_noreturn
#define pg_noreturn __attribute__((noreturn))
#endif

/*
 * What an abbreviation of a time zone, in lower case, is: TZ or DTZ and its
 * offset in s east of UTC, DYNTZ and its zone, or another value.
 */
static inline int
affinity_base_zone_abbreviation(char *lower, int *offset, pg_tz **tz)
{
#if PG_VERSION_NUM >= 160000
	DateTimeErrorExtra extra;
	int			type;

	if (DecodeTimezoneAbbrev(0, lower, &type, offset, tz, &extra) != 0)
		return UNKNOWN_FIELD;
	return type;
#else
	return DecodeTimezoneAbbrev(0, lower, offset, tz);
#endif
}

/* PostgreSQL 16 made one function of the ownership checks. */
static inline bool
affinity_base_owns_relation(Oid relation, Oid role)
{
#if PG_VERSION_NUM >= 160000
	return object_ownercheck(RelationRelationId, relation, role);
#else
	return pg_class_ownercheck(relation, role);
#endif
}

static inline bool
affinity_base_owns_schema(Oid schema, Oid role)
{
#if PG_VERSION_NUM >= 160000
	return object_ownercheck(NamespaceRelationId, schema, role);
#else
	return pg_namespace_ownercheck(schema, role);
#endif
}

static inline AclResult
affinity_base_schema_aclcheck(Oid schema, Oid role, AclMode mode)
{
#if PG_VERSION_NUM >= 160000
	return object_aclcheck(NamespaceRelationId, schema, role, mode);
#else
	return pg_namespace_aclcheck(schema, role, mode);
#endif
}

/* PostgreSQL 16 added a flag for summarizing indexes only. */
static inline List *
affinity_base_insert_index_tuples(ResultRelInfo *target, TupleTableSlot *slot,
								  EState *estate)
{
#if PG_VERSION_NUM >= 160000
	return ExecInsertIndexTuples(target, slot, estate, false, false, NULL, NIL,
								 false);
#else
	return ExecInsertIndexTuples(target, slot, estate, false, false, NULL,
								 NIL);
#endif
}

/* PostgreSQL 16 reports errors softly, if that is asked for. */
static inline List *
affinity_base_name_list(const char *name)
{
#if PG_VERSION_NUM >= 160000
	return stringToQualifiedNameList(name, NULL);
#else
	return stringToQualifiedNameList(name);
#endif
}

/* PostgreSQL 17 gave a struct to what names a transaction in a backend. */
static inline LocalTransactionId
affinity_base_local_transaction(void)
{
#if PG_VERSION_NUM >= 170000
	return MyProc->vxid.lxid;
#else
	return MyProc->lxid;
#endif
}

/* PostgreSQL 18 counts searches of an index, if asked to. */
static inline IndexScanDesc
affinity_base_index_beginscan(Relation table, Relation index,
							  Snapshot snapshot)
{
#if PG_VERSION_NUM >= 180000
	return index_beginscan(table, index, snapshot, NULL, 1, 0);
#else
	return index_beginscan(table, index, snapshot, 1, 0);
#endif
}

/*
 * As whom a query reads a relation; InvalidOid: as the caller. PostgreSQL 16
 * keeps what concerns rights apart.
 */
static inline Oid
affinity_base_reads_as(const Query * query, const RangeTblEntry * entry)
{
#if PG_VERSION_NUM >= 160000
	if (entry->perminfoindex == 0)
		return InvalidOid;
	return ((RTEPermissionInfo *) list_nth(query->rteperminfos,
										   entry->perminfoindex - 1))->checkAsUser;
#else
	(void) query;
	return entry->checkAsUser;
#endif
}

/*
 * Which indexes an update of a row asks for; PostgreSQL 16 added those that
 * summarize only.
 */
#if PG_VERSION_NUM >= 160000
typedef TU_UpdateIndexes AffinityUpdatedIndexes;
#else
typedef bool AffinityUpdatedIndexes;
#endif

static inline bool
affinity_base_indexes_need(AffinityUpdatedIndexes indexes)
{
#if PG_VERSION_NUM >= 160000
	return indexes == TU_All;
#else
	return indexes;
#endif
}

/*
 * Members of an equivalence that may be of a relation, a part of a UNION ALL
 * too; PostgreSQL 18 keeps those of parts by themselves.
 */
static inline List *
affinity_base_class_members(const EquivalenceClass * class,
							const RelOptInfo * rel)
{
#if PG_VERSION_NUM >= 180000
	if (class->ec_childmembers &&
		(int) rel->relid < class->ec_childmembers_size)
		return list_concat_copy(class->ec_members,
								class->ec_childmembers[rel->relid]);
#else
	(void) rel;
#endif
	return class->ec_members;
}

/*
 * How many elements an array is estimated to have; PostgreSQL 17 looks at
 * statistics.
 */
static inline double
affinity_base_estimated_length(PlannerInfo * root, Node *array)
{
#if PG_VERSION_NUM >= 170000
	return estimate_array_length(root, array);
#else
	(void) root;
	return estimate_array_length(array);
#endif
}

/*
 * Does this transaction have a lock, in just this mode?
 */
static inline bool
affinity_base_lock_held(const LOCKTAG *tag, LOCKMODE mode)
{
#if PG_VERSION_NUM >= 170000
	return LockHeldByMe(tag, mode, false);
#else
	return LockHeldByMe(tag, mode);
#endif
}

/* PostgreSQL 18 knows by itself that a query is run once. */
static inline void
affinity_base_executor_run(QueryDesc *query)
{
#if PG_VERSION_NUM >= 180000
	ExecutorRun(query, ForwardScanDirection, 0);
#else
	ExecutorRun(query, ForwardScanDirection, 0, true);
#endif
}

#endif							/* AFFINITY_BASE_COMPAT_H */
