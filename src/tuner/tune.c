/*
 * tune.c
 *		SQL: tune(), a search for the options of a model, which writes each trial
 *		down in the table "trials" of its schema.
 *
 * A procedure: outside of a transaction block it commits after each trial, so
 * that a cancel, a crash or the end of the time leaves what was done, and the
 * same call goes on from there. Within a block it is one transaction's work.
 *
 * The rows of the source are read once, as the owner, restricted, into memory
 * that outlives the commits: all trials are of one state of the rows. In
 * between, nothing is locked but the trials, against another search and a drop:
 * the model serves, and may be refreshed. Only writing a trial is done as the
 * owner again, and giving the model its options, which goes the way of
 * alter_model.
 */
#include "postgres.h"

#include <math.h>

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "tcop/pquery.h"
#include "tcop/utility.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "algorithm/algorithm.h"
#include "tuner/tuner.h"
#include "parallel/progress.h"

#define MOST_POINTS		1000
/* Estimates are wrong sometimes: then the clock ends a search, at this. */
#define MOST_BUDGETS	2
#define MORE_SECONDS	30

enum
{
	ARG_NAME,
	ARG_ALGORITHMS,
	ARG_SPACE,
	ARG_TRIALS,
	ARG_BUDGET,
	ARG_METRIC,
	ARG_K,
	ARG_SPLIT,
	ARG_HOLDOUT,
	ARG_AS_OF,
	ARG_SEED,
	ARG_APPLY
};

/* ---- arguments --------------------------------------------------------- */

/*
 * The algorithms that are named, each once; none: the model's.
 */
static void
algorithms_arg(FunctionCallInfo fcinfo, ModelTuner *t)
{
	Datum	   *value;
	bool	   *isnull;
	int			n;

	if (PG_ARGISNULL(ARG_ALGORITHMS))
		return;
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(ARG_ALGORITHMS), TEXTOID, -1,
					  false, TYPALIGN_INT, &value, &isnull, &n);
	t->algorithm = palloc(Max(n, 1) * sizeof(AffinityAlgorithm *));
	for (int i = 0; i < n; i++)
	{
		const AffinityAlgorithm *algorithm;
		bool		there = isnull[i];

		if (isnull[i])
			continue;
		algorithm = affinity_algorithm_find(TextDatumGetCString(value[i]));
		for (int j = 0; j < t->n_algorithms; j++)
			there |= t->algorithm[j] == algorithm;
		if (!there)
			t->algorithm[t->n_algorithms++] = algorithm;
	}
}

static void
take_args(FunctionCallInfo fcinfo, ModelTuner *t)
{
	AffinityTuneWanted *w = &t->wanted;

	t->name = affinity_base_text_arg(fcinfo, ARG_NAME, "name");
	algorithms_arg(fcinfo, t);
	if (!PG_ARGISNULL(ARG_SPACE))
		t->space = PG_GETARG_JSONB_P_COPY(ARG_SPACE);
	affinity_base_check_not_null(fcinfo, ARG_TRIALS, "trials");
	w->points = PG_GETARG_INT64(ARG_TRIALS);
	if (w->points < 1 || w->points > MOST_POINTS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("trials is out of range: %lld",
						(long long) w->points),
				 errhint("It is how many points of the space are tried: 1 to %d.",
						 MOST_POINTS)));
	affinity_base_check_not_null(fcinfo, ARG_BUDGET, "budget");
	w->budget = affinity_base_interval_length(PG_GETARG_INTERVAL_P(ARG_BUDGET)) /
		USECS_PER_SEC;
	if (!(w->budget > 0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("budget is not above 0"),
				 errhint("Give the search some time, such as budget => '10 minutes'.")));
	w->metric = affinity_eval_goal_arg(fcinfo, ARG_METRIC);
	affinity_base_check_not_null(fcinfo, ARG_K, "k");
	w->k = affinity_eval_k(PG_GETARG_INT64(ARG_K));
	affinity_eval_split_args(fcinfo, ARG_SPLIT, &w->split);
	affinity_base_check_not_null(fcinfo, ARG_SEED, "seed");
	w->seed = w->split.seed = PG_GETARG_INT64(ARG_SEED);
	affinity_base_check_not_null(fcinfo, ARG_APPLY, "apply");
	/* what is wrong without the model is said before it is looked at */
	if (t->n_algorithms > 0)
		w->spaces = affinity_tune_spaces_parse(t->space, t->algorithm,
											   t->n_algorithms);
}

/* ---- transactions ------------------------------------------------------ */

/*
 * Is this a CALL that may commit?
 */
static bool
may_commit(FunctionCallInfo fcinfo)
{
	return fcinfo->context && IsA(fcinfo->context, CallContext) &&
		!castNode(CallContext, fcinfo->context)->atomic &&
		!IsSubTransaction();
}

/*
 * Commit, and go on in another transaction. Nothing of the model is open.
 */
static void
commit(const ModelTuner *t)
{
	if (!t->commits)
		return;
	SPI_commit();
	EnsurePortalSnapshotExists();
}

/* ---- the model --------------------------------------------------------- */

static void
set_wanted(ModelTuner *t, const ModelDefinition *d)
{
	AffinityTuneWanted *w = &t->wanted;
	Jsonb	   *given = d->choice[0] != '\0' ? d->options : d->given_options;

	w->algorithm = affinity_algorithm_find(d->algorithm);
	w->given = (Jsonb *) PG_DETOAST_DATUM_COPY(JsonbPGetDatum(given));
	if (w->spaces == NULL)
		w->spaces = affinity_tune_spaces_parse(t->space, &w->algorithm, 1);
	t->at_type = d->at_type;
	t->has_time = d->has_time;
	t->query = pstrdup(d->resolved);
}

/*
 * Trials learn from rows of users and items, and from nothing else.
 */
static void
check_rows_alone(const ModelDefinition *d)
{
	if (d->signals[0] != '\0' || d->attributes[0] != '\0')
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("a model with %s cannot be tuned",
						d->signals[0] != '\0' ? "signals" :
						"item_attributes"),
				 errhint("Compare some options with affinity.compare or affinity.evaluate, and set the best with affinity.alter_model.")));
}

/*
 * Bring the model's objects up to date, lock its trials, and read the rows and
 * what is known of them. The rows are read within the call's own connection to
 * SPI, whose memory outlives commits.
 */
static void
open_model(FunctionCallInfo fcinfo, ModelTuner *t)
{
	ModelExisting e = {0};
	AffinityTuneWanted *w = &t->wanted;
	const char *from = quote_qualified_identifier(t->name, "interactions");
	ModelRole	role;
	Oid			owner;

	(void) affinity_manage_open(&e, t->name);
	affinity_manage_settle(&e);
	(void) affinity_manage_change(&e.change);
	affinity_tuner_trials_lock(t, e.schema);
	owner = affinity_model_schema_owner(e.schema);
	check_rows_alone(&e.definition);
	MemoryContextSwitchTo(t->context);
	set_wanted(t, &e.definition);
	if (w->split.has_as_of)
		w->split.as_of = affinity_eval_moment_arg(fcinfo, ARG_AS_OF,
												  t->at_type);
	affinity_manage_close(&e);

	MemoryContextSwitchTo(t->context);
	affinity_manage_become(&role, owner);
	t->journal = affinity_manage_rows(t->has_time, from);
	if (t->journal->start[t->journal->n_users] == 0)
		ereport(ERROR,
				(errcode(ERRCODE_NO_DATA_FOUND),
				 errmsg("source of model \"%s\" gives no row", t->name)));
	w->source = affinity_tune_fingerprint(t->journal);
	affinity_tuner_trials_read(t);
	affinity_manage_return(&role);
	MemoryContextSwitchTo(t->context);
}

/* ---- trials ------------------------------------------------------------ */

/*
 * Run a trial, or take what is known of it.
 */
static void
try(ModelTuner *t, AffinityTuning *tuning, AffinityTuneTrial *trial)
{
	const KnownTrial *known = affinity_tuner_trials_find(t, trial->key);
	TimestampTz begun = GetCurrentTimestamp();

	if (trial->status == AFFINITY_TUNE_SKIPPED ? known != NULL :
		known != NULL && known->done)
	{
		if (known->done)
		{
			trial->status = AFFINITY_TUNE_DONE;
			trial->value = known->value;
		}
		t->used++;
		return;
	}
	if (trial->status == AFFINITY_TUNE_PLANNED)
	{
		affinity_parallel_progress_part(psprintf("rung %d of %d: %s",
												 trial->rung, trial->rungs,
												 trial->algorithm->name),
										trial->done, trial->total);
		affinity_tune_run(tuning, trial);
		t->ran++;
	}
	affinity_tuner_trials_write(t, trial, GetCurrentTimestamp() - begun);
	commit(t);
}

static void
search(ModelTuner *t, AffinityTuneOutcome *outcome)
{
	MemoryContext progress = affinity_parallel_progress_begin(t->name, "tune");
	MemoryContext of_trial = AllocSetContextCreate(t->context,
												   "affinity trial",
												   ALLOCSET_DEFAULT_SIZES);
	AffinityTuning *tuning;
	AffinityTuneTrial *trial;

	affinity_parallel_progress_phase("planning", 0, 0);
	tuning = affinity_tune_begin(&t->wanted, t->journal);
	MemoryContextSwitchTo(of_trial);
	while ((trial = affinity_tune_next(tuning)) != NULL)
	{
		CHECK_FOR_INTERRUPTS();
		try(t, tuning, trial);
		MemoryContextReset(of_trial);
		t->stopped = GetCurrentTimestamp() - t->started >
			(t->wanted.budget * MOST_BUDGETS + MORE_SECONDS) * USECS_PER_SEC;
		if (t->stopped)
			break;
	}
	MemoryContextSwitchTo(t->context);
	affinity_tune_end(tuning, outcome);
	affinity_parallel_progress_end(progress);
}

/* ---- what was found ---------------------------------------------------- */

static char *
alter_hint(const ModelTuner *t, const AffinityTuneOutcome *o)
{
	return psprintf("SELECT affinity.alter_model(%s, algorithm => '%s', options => %s);",
					quote_literal_cstr(t->name), o->algorithm->name,
					quote_literal_cstr(JsonbToCString(NULL, &o->given->root,
													  VARSIZE(o->given))));
}

static void
tell(const ModelTuner *t, const AffinityTuneOutcome *o, bool apply)
{
	StringInfoData line;
	StringInfoData end;
	char	   *metric = pstrdup(affinity_eval_metric_names[t->wanted.metric]);

	if (strcmp(metric, "auc") != 0)
		metric = psprintf("%s@%u", metric, t->wanted.k);
	initStringInfo(&line);
	initStringInfo(&end);
	appendStringInfo(&end, "%d trials", t->ran);
	if (t->used > 0)
		appendStringInfo(&end, " and %d known before", t->used);
	if (o->compared)
		appendStringInfo(&end, ", tested on %s%s",
						 affinity_manage_tested_on(o->split, o->as_of,
												   t->at_type, o->users, 1),
						 o->whole ? "" : " of a sample of the rows");
	if (o->better)
		appendStringInfo(&line, "%s is the best: %s %.4f, %.4f better than the model as it was (%.4f to %.4f)",
						 affinity_manage_chosen(o->algorithm, o->given), metric,
						 o->value, o->value - o->before, o->low, o->high);
	else if (o->compared)
		appendStringInfo(&line, "nothing is surely better than the model as it is: %s %.4f; best is %s: %.4f, a difference of %.4f (%.4f to %.4f)",
						 metric, o->before,
						 affinity_manage_chosen(o->algorithm, o->given),
						 o->value, o->value - o->before, o->low, o->high);
	else
		appendStringInfoString(&line, o->any ?
							   "the model as it is could not be measured: see its trials" :
							   "nothing could be tried within the budget");
	ereport(NOTICE,
			(errmsg("model \"%s\": %s; %s", t->name, line.data, end.data),
			 o->better && !apply ? errhint("To have it: %s", alter_hint(t, o)) :
			 !o->any && !t->stopped ?
			 errhint("Give it more time, such as budget => '1 hour'.") : 0));
	if (t->stopped)
		ereport(NOTICE,
				(errmsg("the search of model \"%s\" was stopped: it took more than %d times its budget",
						t->name, MOST_BUDGETS),
				 errhint("The same call goes on with it.")));
}

/*
 * Is the model defined as it was when the search began?
 */
static bool
is_unchanged(const ModelTuner *t)
{
	ModelExisting e = {0};
	ModelTuner	now = {.name = t->name, .space = NULL};
	bool		same;

	(void) affinity_manage_open(&e, t->name);
	now.wanted.spaces = t->wanted.spaces;
	set_wanted(&now, &e.definition);
	same = now.wanted.algorithm == t->wanted.algorithm &&
		strcmp(e.definition.resolved, t->query) == 0 &&
		e.definition.signals[0] == '\0' &&
		e.definition.attributes[0] == '\0' &&
		compareJsonbContainers(&now.wanted.given->root,
							   &t->wanted.given->root) == 0;
	affinity_manage_close(&e);
	return same;
}

PG_FUNCTION_INFO_V1(affinity_tuner_tune);

/*
 * SQL: tune(name, algorithms, space, trials, budget, metric, k, split, holdout,
 * as_of, seed, apply)
 */
Datum
affinity_tuner_tune(PG_FUNCTION_ARGS)
{
	ModelTuner	t = {.started = GetCurrentTimestamp()};
	AffinityTuneOutcome outcome;
	bool		apply;

	PreventCommandIfReadOnly("affinity.tune()");
	PreventCommandDuringRecovery("affinity.tune()");
	t.commits = may_commit(fcinfo);
	if (SPI_connect_ext(t.commits ? SPI_OPT_NONATOMIC : 0) != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
	if (t.commits)
		EnsurePortalSnapshotExists();
	t.context = AllocSetContextCreate(CurrentMemoryContext, "affinity tuning",
									  ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(t.context);
	take_args(fcinfo, &t);
	apply = PG_GETARG_BOOL(ARG_APPLY);
	open_model(fcinfo, &t);
	commit(&t);
	search(&t, &outcome);
	tell(&t, &outcome, apply);
	if (outcome.better && apply)
	{
		if (is_unchanged(&t))
		{
			const ModelAlteration asked = {
				.algorithm = outcome.algorithm->name,
				.options = outcome.given,
				.from_start = true
			};

			affinity_manage_alter(t.name, &asked);
		}
		else
			ereport(NOTICE,
					(errmsg("model \"%s\" was altered meanwhile and stays as it is",
							t.name),
					 errhint("To have what was found: %s",
							 alter_hint(&t, &outcome))));
	}
	if (t.commits)
		UnlockRelationIdForSession(&t.lock, ShareUpdateExclusiveLock);
	SPI_finish();
	PG_RETURN_VOID();
}
