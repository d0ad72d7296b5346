/*
 * trials.c
 *		The table "trials" of a model's schema: what was tried, so that it is not
 *		tried again. It may have been written by anybody who may: what is read is
 *		checked.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

#include "tuner/tuner.h"

#define TRIALS			"trials"

/* How often a lock is tried, ten times a second. */
#define LOCK_TRIES	20

static char *
hex(uint64 number)
{
	return psprintf("%016llx", (unsigned long long) number);
}

/*
 * Find the table, for one search at a time. What is locked for the session is
 * let go by an error as well.
 */
void
affinity_tuner_trials_lock(ModelTuner *t, Oid schema)
{
	t->trials = get_relname_relid(TRIALS, schema);
	if (get_rel_relkind(t->trials) != RELKIND_RELATION)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("model \"%s\" has no table \"%s\"", t->name, TRIALS),
				 errhint("SELECT affinity.refresh_model(%s); makes what a model lacks.",
						 quote_literal_cstr(t->name))));
	/* a vacuum of the table holds this lock, too, but not for long */
	for (int i = 0; !ConditionalLockRelationOid(t->trials, ShareUpdateExclusiveLock); i++)
	{
		if (i == LOCK_TRIES)
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_IN_USE),
					 errmsg("model \"%s\" is being tuned by another session",
							t->name),
					 errhint("SELECT * FROM affinity.progress shows how far it is.")));
		CHECK_FOR_INTERRUPTS();
		pg_usleep(100000);
	}
	t->lock.relId = t->trials;
	t->lock.dbId = MyDatabaseId;
	if (t->commits)
		LockRelationIdForSession(&t->lock, ShareUpdateExclusiveLock);
}

/*
 * What is known of these rows with this seed.
 */
void
affinity_tuner_trials_read(ModelTuner *t)
{
	char	   *table = quote_qualified_identifier(t->name, TRIALS);
	Oid			types[] = {TEXTOID, INT8OID};
	Datum		values[] = {
		CStringGetTextDatum(hex(t->wanted.source)), Int64GetDatum(t->wanted.seed)
	};
	uint64		others = 0;
	bool		isnull;

	if (SPI_execute_with_args(psprintf("SELECT t.key::pg_catalog.text, t.status::pg_catalog.text,"
									   " t.value::pg_catalog.float8,"
									   " t.source::pg_catalog.text OPERATOR(pg_catalog.=) $1"
									   " FROM ONLY %s AS t WHERE t.seed OPERATOR(pg_catalog.=) $2",
									   table),
							  2, types, values, NULL, false, 0) != SPI_OK_SELECT)
		elog(ERROR, "reading the trials failed");
	t->known = MemoryContextAllocHuge(t->context,
									  (SPI_processed + 1) * sizeof(KnownTrial));
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		HeapTuple	row = SPI_tuptable->vals[i];
		TupleDesc	desc = SPI_tuptable->tupdesc;
		KnownTrial *known = &t->known[t->n_known];
		char	   *key = SPI_getvalue(row, desc, 1);
		char	   *status = SPI_getvalue(row, desc, 2);
		Datum		value = SPI_getbinval(row, desc, 3, &isnull);
		bool		done;
		bool		same;

		if (key == NULL || status == NULL)
			continue;
		done = strcmp(status, "done") == 0 && !isnull &&
			isfinite(DatumGetFloat8(value));
		same = DatumGetBool(SPI_getbinval(row, desc, 4, &isnull));
		others += !same;
		/* what failed may have lacked memory then: it is tried again */
		if (!same || isnull || (!done && strcmp(status, "skipped") != 0))
			continue;
		known->key = strtoull(key, NULL, 16);
		known->done = done;
		known->value = done ? DatumGetFloat8(value) : NAN;
		t->n_known++;
	}
	SPI_freetuptable(SPI_tuptable);
	if (others > 0 && t->n_known == 0)
		ereport(NOTICE,
				(errmsg("%llu trials with this seed do not count: the source of model \"%s\" had other rows then",
						(unsigned long long) others, t->name)));
}

const KnownTrial *
affinity_tuner_trials_find(const ModelTuner *t, uint64 key)
{
	for (int i = 0; i < t->n_known; i++)
	{
		if (t->known[i].key == key)
			return &t->known[i];
	}
	return NULL;
}

static Datum
number_datum(double value, char *null)
{
	*null = isnan(value) ? 'n' : ' ';
	return Float8GetDatum(value);
}

/*
 * Write down a trial, as the model's owner.
 */
void
affinity_tuner_trials_write(const ModelTuner *t, const AffinityTuneTrial *trial, int64 took)
{
	static const char *const status[] = {
		[AFFINITY_TUNE_DONE] = "done",[AFFINITY_TUNE_FAILED] = "failed",
		[AFFINITY_TUNE_SKIPPED] = "skipped"
	};
	static Oid	types[] = {
		TEXTOID, TIMESTAMPTZOID, TEXTOID, TEXTOID, JSONBOID, TEXTOID, INT8OID,
		FLOAT8OID, FLOAT8OID, FLOAT8OID, INT8OID, INT4OID, FLOAT8OID,
		FLOAT8OID, INTERVALOID, TEXTOID, INT8OID, TEXTOID
	};
	char	   *table = quote_qualified_identifier(t->name, TRIALS);
	Oid			schema = get_namespace_oid(t->name, true);
	Interval   *duration;
	Datum		v[lengthof(types)];
	char		null[lengthof(types) + 1];
	ModelRole	role;

	if (get_relname_relid(TRIALS, schema) != t->trials)
		affinity_model_missing(t->name);
	if (!affinity_base_owns_schema(schema, GetUserId()))
		aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_SCHEMA, t->name);
	affinity_manage_connect();
	affinity_manage_become(&role, affinity_model_schema_owner(schema));
	duration = palloc0(sizeof(Interval));
	duration->time = took;
	memset(null, ' ', lengthof(types));
	null[lengthof(types)] = '\0';
	v[0] = CStringGetTextDatum(hex(trial->key));
	v[1] = TimestampTzGetDatum(GetCurrentTimestamp());
	v[2] = CStringGetTextDatum(status[trial->status]);
	v[3] = CStringGetTextDatum(trial->algorithm->name);
	v[4] = JsonbPGetDatum(trial->given);
	v[5] = CStringGetTextDatum(affinity_eval_metric_names[t->wanted.metric]);
	v[6] = Int64GetDatum(t->wanted.k);
	null[6] = t->wanted.metric == AFFINITY_EVAL_AUC ? 'n' : ' ';
	v[7] = number_datum(trial->value, &null[7]);
	v[8] = number_datum(trial->low, &null[8]);
	v[9] = number_datum(trial->high, &null[9]);
	v[10] = Int64GetDatum(trial->users);
	null[10] = trial->status == AFFINITY_TUNE_DONE ? ' ' : 'n';
	v[11] = Int32GetDatum(trial->rung);
	v[12] = Float8GetDatum(trial->part);
	v[13] = Float8GetDatum(trial->work);
	v[14] = IntervalPGetDatum(duration);
	null[14] = trial->status == AFFINITY_TUNE_SKIPPED ? 'n' : ' ';
	v[15] = CStringGetTextDatum(trial->why ? trial->why : "");
	null[15] = trial->why ? ' ' : 'n';
	v[16] = Int64GetDatum(t->wanted.seed);
	v[17] = CStringGetTextDatum(hex(t->wanted.source));
	if (SPI_execute_with_args(psprintf("DELETE FROM ONLY %s AS t WHERE t.key OPERATOR(pg_catalog.=) $1",
									   table),
							  1, types, v, NULL, false,
							  0) != SPI_OK_DELETE ||
		SPI_execute_with_args(psprintf("INSERT INTO %s (trial, key, at, status, algorithm, options, metric, k,"
									   " value, low, high, users, rung, part, work, duration, reason, seed, source)"
									   " SELECT coalesce(pg_catalog.max(t.trial), 0) OPERATOR(pg_catalog.+) 1,"
									   " $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18"
									   " FROM ONLY %s AS t", table, table),
							  lengthof(types), types, v,
							  null, false, 0) != SPI_OK_INSERT)
		elog(ERROR, "writing a trial failed");
	affinity_manage_return(&role);
	SPI_finish();
}
