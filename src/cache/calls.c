/*
 * calls.c
 *		Counts of the calls of models' functions: of all backends where there
 *		is shared memory, else of this one.
 */
#include "postgres.h"

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"

#include "base/base.h"
#include "base/compat.h"
#include "cache/shared.h"

/* Where this backend counts the calls of a model. */
typedef struct OwnCounts
{
	Oid			model;			/* key */
	CacheCounts *counts;		/* shared, or: */
	CacheCounts local;
} OwnCounts;

static HTAB *own = NULL;

static void
begin_counts(CacheCounts *c, Oid model)
{
	c->database = MyDatabaseId;
	c->model = model;
	pg_atomic_write_u64(&c->calls, 0);
	pg_atomic_write_u64(&c->rows, 0);
	pg_atomic_write_u64(&c->microseconds, 0);
	pg_atomic_write_u64(&c->cold, 0);
	pg_atomic_write_u64(&c->popular, 0);
	c->since = GetCurrentTimestamp();
}

static bool
is_of(const CacheCounts *c, Oid model)
{
	return c->model == model && c->database == MyDatabaseId;
}

/*
 * The shared counts of a model. Where all are taken, those with the fewest
 * calls make room.
 */
static CacheCounts *
shared_counts(Oid model)
{
	CacheShared *s = affinity_cache_shared;
	CacheCounts *found = NULL;

	LWLockAcquire(s->counts_lock, LW_EXCLUSIVE);
	for (int i = 0; i < s->n_counted && found == NULL; i++)
	{
		if (is_of(&s->counts[i], model))
			found = &s->counts[i];
	}
	if (found == NULL)
	{
		if (s->n_counted < CACHE_COUNTED)
			found = &s->counts[s->n_counted++];
		else
		{
			found = &s->counts[0];
			for (int i = 1; i < CACHE_COUNTED; i++)
			{
				if (pg_atomic_read_u64(&s->counts[i].calls) <
					pg_atomic_read_u64(&found->calls))
					found = &s->counts[i];
			}
		}
		begin_counts(found, model);
	}
	LWLockRelease(s->counts_lock);
	return found;
}

/*
 * Where to count the calls of a model.
 */
static CacheCounts *
counts_of(Oid model)
{
	OwnCounts  *entry;
	bool		found;

	if (own == NULL)
	{
		HASHCTL		ctl = {0};

		ctl.keysize = sizeof(Oid);
		ctl.entrysize = sizeof(OwnCounts);
		own = hash_create("affinity calls", 16, &ctl, HASH_ELEM | HASH_BLOBS);
	}
	entry = hash_search(own, &model, HASH_ENTER, &found);
	if (!found)
	{
		entry->counts = NULL;
		if (affinity_cache_shared == NULL)
		{
			entry->counts = &entry->local;
			pg_atomic_init_u64(&entry->local.calls, 0);
			pg_atomic_init_u64(&entry->local.rows, 0);
			pg_atomic_init_u64(&entry->local.microseconds, 0);
			pg_atomic_init_u64(&entry->local.cold, 0);
			pg_atomic_init_u64(&entry->local.popular, 0);
			begin_counts(entry->counts, model);
		}
	}
	/* another model may have been given their place */
	if (entry->counts == NULL || !is_of(entry->counts, model))
		entry->counts = shared_counts(model);
	return entry->counts;
}

void
affinity_cache_count(Oid model, const AffinityCacheCall *call)
{
	CacheCounts *c = counts_of(model);

	pg_atomic_fetch_add_u64(&c->calls, 1);
	pg_atomic_fetch_add_u64(&c->rows, (int64) call->rows);
	pg_atomic_fetch_add_u64(&c->microseconds, (int64) call->microseconds);
	if (call->cold)
		pg_atomic_fetch_add_u64(&c->cold, 1);
	if (call->popular)
		pg_atomic_fetch_add_u64(&c->popular, 1);
}

/* ---- SQL --------------------------------------------------------------- */

/*
 * Do something with all counts of this database.
 */
static void
for_all(void (*what) (CacheCounts *c, void *arg), void *arg)
{
	CacheShared *s = affinity_cache_shared;

	if (s != NULL)
	{
		for (int i = 0; i < s->n_counted; i++)
		{
			if (s->counts[i].database == MyDatabaseId)
				what(&s->counts[i], arg);
		}
	}
	else if (own != NULL)
	{
		HASH_SEQ_STATUS scan;
		OwnCounts  *entry;

		hash_seq_init(&scan, own);
		while ((entry = hash_seq_search(&scan)) != NULL)
			what(entry->counts, arg);
	}
}

static void
put_counts(CacheCounts *c, void *arg)
{
	ReturnSetInfo *result = arg;
	bool		nulls[7] = {0};
	Datum		values[7];

	values[0] = ObjectIdGetDatum(c->model);
	values[1] = Int64GetDatum((int64) pg_atomic_read_u64(&c->calls));
	values[2] = Int64GetDatum((int64) pg_atomic_read_u64(&c->rows));
	values[3] = Float8GetDatum((double) pg_atomic_read_u64(&c->microseconds) /
							   1000);
	values[4] = Int64GetDatum((int64) pg_atomic_read_u64(&c->cold));
	values[5] = Int64GetDatum((int64) pg_atomic_read_u64(&c->popular));
	values[6] = TimestampTzGetDatum(c->since);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

PG_FUNCTION_INFO_V1(affinity_cache_list_calls);

/*
 * SQL: list_model_calls(): those of this database
 */
Datum
affinity_cache_list_calls(PG_FUNCTION_ARGS)
{
	InitMaterializedSRF(fcinfo, 0);
	for_all(put_counts, fcinfo->resultinfo);
	return (Datum) 0;
}

/*
 * Begin anew, where the caller owns the model or it is gone.
 */
static void
reset_counts(CacheCounts *c, void *arg)
{
	(void) arg;
	if (get_rel_name(c->model) == NULL ||
		affinity_base_owns_relation(c->model, GetUserId()))
		begin_counts(c, c->model);
}

PG_FUNCTION_INFO_V1(affinity_cache_reset_calls);

/*
 * SQL: stat_models_reset()
 */
Datum
affinity_cache_reset_calls(PG_FUNCTION_ARGS)
{
	(void) fcinfo;
	for_all(reset_counts, NULL);
	PG_RETURN_VOID();
}
