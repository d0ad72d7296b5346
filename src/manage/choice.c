/*
 * choice.c
 *		Algorithm "auto": choosing from the source's rows, and saying what was
 *		chosen.
 *
 * A choice that is open is made by the next training, with the rights of it:
 * as the owner, restricted. From then on the definition has what was chosen,
 * and refreshes keep it.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "algorithm/algorithm.h"
#include "manage/manage.h"
#include "parallel/progress.h"
#include "tune/tune.h"

struct ModelChoice
{
	AffinityTuneChoice choice;
	double		users;			/* part of them that it was made by */
	Oid			at_type;
	char	   *chosen;			/* algorithm and options, in words */
};

/*
 * What stands in a definition that has no choice yet.
 */
void
affinity_manage_choice_none(ModelDefinition *d, Jsonb *given)
{
	const AffinityAutoOptions *options =
		affinity_train_options_parse(&affinity_algorithm_auto, given);
	const AffinityAlgorithm *algorithm =
		affinity_algorithm_find(AFFINITY_TUNE_FALLBACK);
	char	   *json = psprintf("{\"seen\": \"%s\"}",
								affinity_train_seen_names[options->seen]);
	Jsonb	   *seen = DatumGetJsonbP(DirectFunctionCall1(jsonb_in,
														  CStringGetDatum(json)));

	d->algorithm = pstrdup(algorithm->name);
	d->options = affinity_train_options_jsonb(algorithm,
											  affinity_train_options_parse(algorithm,
																		   seen));
}

/*
 * The rows of a part of the users of the source, or of all. Where they do not
 * fit, that is an error, or with "needed" NULL.
 */
static AffinityJournal *
read_part(bool has_time, const char *from, Oid user_type, double users,
		  Size *needed)
{
	AffinityReadRequest request = {.needed = needed};

	if (OidIsValid(user_type))
		request.users = users;

	request.query = psprintf("SELECT user_id, item_id, weight%s FROM %s%s",
							 has_time ? ", at" : "", from,
							 affinity_train_users_condition(users, "WHERE",
															"user_id",
															user_type));
	request.parallel = true;
	request.max_bytes = (int64) affinity_base_memory_allowed();
	request.progress = affinity_parallel_progress_done;
	affinity_parallel_progress_phase("reading", 0, 0);
	return affinity_interaction_journal_read(&request);
}

/*
 * All rows of the source.
 */
AffinityJournal *
affinity_manage_rows(bool has_time, const char *from)
{
	return read_part(has_time, from, InvalidOid, 1, NULL);
}

/*
 * The rows to choose by: of the part of the users that is asked for (*users), or
 * of as many as leave half of the memory to trials and the training.
 */
static AffinityJournal *
read_to_choose(const ModelTraining *asked, double *users)
{
	const ModelDefinition *d = asked->definition;
	Size		allowed = affinity_base_memory_allowed();
	bool		given = !isnan(*users);
	AffinityJournal *journal = NULL;

	if (!given)
		*users = 1;
	while (journal == NULL)
	{
		Size		needed = 0;
		MemoryContext old = CurrentMemoryContext;
		MemoryContext context = AllocSetContextCreate(old, "affinity rows",
													  ALLOCSET_DEFAULT_SIZES);
		bool		last = given || *users <= AFFINITY_LEAST_USERS;

		MemoryContextSwitchTo(context);
		journal = read_part(d->has_time, asked->from, d->user_type, *users,
							last ? NULL : &needed);
		MemoryContextSwitchTo(old);
		if (journal)
			break;
		MemoryContextDelete(context);
		*users *= (double) allowed / (double) needed / 2;
		*users = Max(floor(*users * 10000) / 10000, AFFINITY_LEAST_USERS);
		ereport(NOTICE,
				(errmsg("model \"%s\": rows need %zu bytes of memory, but maintenance_work_mem allows %zu: auto chooses by a part of %g of the users, and trains on it",
						asked->name, needed, allowed, *users),
				 errhint("SET maintenance_work_mem = '%zu MB', or say how many: options => '{\"users\": %g}'.",
						 needed / (1024 * 1024) + 1, *users)));
	}
	return journal;
}

/*
 * Algorithm and options, in words.
 */
char *
affinity_manage_chosen(const AffinityAlgorithm *algorithm, Jsonb *given)
{
	if (JB_ROOT_COUNT(given) == 0)
		return pstrdup(algorithm->name);
	return psprintf("%s %s", algorithm->name,
					JsonbToCString(NULL, &given->root, VARSIZE(given)));
}

static Jsonb *
with_users(Jsonb *given, double users)
{
	char	   *json = psprintf("{%s}", affinity_train_users_member(users));

	return DatumGetJsonbP(DirectFunctionCall2(jsonb_concat,
											  JsonbPGetDatum(given),
											  DirectFunctionCall1(jsonb_in,
																  CStringGetDatum(json))));
}

/*
 * Make the choice of a definition. NULL where the source has no rows: it stays
 * open.
 */
ModelChoice *
affinity_manage_choice_make(const ModelTraining *asked)
{
	ModelDefinition *d = asked->definition;
	const AffinityAutoOptions *options =
		affinity_train_options_parse(&affinity_algorithm_auto, d->given_options);
	AffinityTuneRequest request = {
		.budget = (double) options->budget / USECS_PER_SEC,
		.seed = options->seed,
		.seen = affinity_train_seen_names[options->seen]
	};
	MemoryContext old = CurrentMemoryContext;
	MemoryContext context = AllocSetContextCreate(old, "affinity choice",
												  ALLOCSET_DEFAULT_SIZES);
	ModelChoice *made = palloc0(sizeof(ModelChoice));
	AffinityTuneChoice *c = &made->choice;
	MemoryContext progress;
	void	   *chosen;

	MemoryContextSwitchTo(context);
	progress = affinity_parallel_progress_begin(asked->name,
												affinity_algorithm_auto.name);
	made->users = options->users;
	request.journal = read_to_choose(asked, &made->users);
	if (request.journal->start[request.journal->n_users] == 0)
	{
		affinity_parallel_progress_end(progress);
		MemoryContextSwitchTo(old);
		MemoryContextDelete(context);
		return NULL;
	}
	affinity_tune_choose(&request, c);
	affinity_parallel_progress_end(progress);
	if (made->users < 1)
		c->given = with_users(c->given, made->users);
	chosen = affinity_train_options_parse(c->algorithm, c->given);
	MemoryContextSwitchTo(old);
	made->at_type = d->at_type;
	made->chosen = affinity_manage_chosen(c->algorithm, c->given);
	d->algorithm = pstrdup(c->algorithm->name);
	d->options = affinity_train_options_jsonb(c->algorithm, chosen);
	d->choice = pstrdup(AFFINITY_CHOICE_MADE);
	c->given = NULL;
	MemoryContextDelete(context);
	return made;
}

/*
 * What was tested on, in words.
 */
char *
affinity_manage_tested_on(AffinityEvalKind split, int64 as_of, Oid at_type,
						  uint32 users, int folds)
{
	char	   *times = folds > 1 ? psprintf(", %d times", folds) : "";

	if (split == AFFINITY_EVAL_USERS)
		return psprintf("%u held-out users%s", users, times);
	if (split == AFFINITY_EVAL_RANDOM)
		return psprintf("held-out items of %u users%s", users, times);
	if (split != AFFINITY_EVAL_TIME)
		return psprintf("%u users%s", users, times);
	if (folds > 1)
		times = folds == 2 ? "and the tenth before" :
			psprintf("and the %d tenths before", folds - 1);
	return psprintf("%u users from %s on%s%s", users,
					DatumGetCString(at_type == TIMESTAMPOID ?
									DirectFunctionCall1(timestamp_out,
														TimestampGetDatum(as_of)) :
									DirectFunctionCall1(timestamptz_out,
														TimestampTzGetDatum(as_of))),
					folds > 1 ? ", " : "", times);
}

/*
 * Say in one line what was chosen, and by how much it is better than the list
 * that is the same for all.
 */
void
affinity_manage_choice_tell(const char *name, const ModelChoice *made)
{
	const AffinityTuneChoice *c = &made->choice;
	StringInfoData line;

	initStringInfo(&line);
	if (c->verdict == AFFINITY_TUNE_FEW)
		appendStringInfo(&line, "too little data to tell algorithms apart (%u users to test on)",
						 c->users);
	else if (isnan(c->ndcg))
		appendStringInfo(&line, "nothing could be tried within budget and memory");
	else
	{
		appendStringInfo(&line, "NDCG@%d %.4f, ", AFFINITY_TUNE_K, c->ndcg);
		if (c->low > 0)
			appendStringInfo(&line, "%.4f better than the popular list (%.4f to %.4f)",
							 c->ndcg - c->popular, c->low, c->high);
		else
			appendStringInfo(&line, "nothing surely beats the popular list (%.4f)",
							 c->popular);
		if (c->verdict == AFFINITY_TUNE_UNSURE)
			appendStringInfo(&line, "; too little data to tell whether anything is better than %s with its defaults",
							 c->algorithm->name);
		appendStringInfo(&line, "; %d trials, tested on %s", c->trials,
						 affinity_manage_tested_on(c->split, c->as_of,
												   made->at_type, c->users,
												   c->folds));
	}
	ereport(NOTICE,
			(errmsg("model \"%s\": auto chose %s: %s", name, made->chosen,
					line.data)));
}

/*
 * Figures of the choice beside those of the training. A version that keeps the
 * choice keeps them.
 */
void
affinity_manage_choice_figures(const ModelDefinition *d,
							   const ModelChoice *made, AffinityItemSink *sink)
{
	static const char *const names[] = {
		"auto_ndcg", "auto_popular_ndcg", "auto_gain_low", "auto_gain_high",
		"auto_users", "auto_folds", "auto_trials", "auto_work"
	};

	if (strcmp(d->choice, AFFINITY_CHOICE_MADE) != 0)
		return;
	for (int i = 0; i < (int) lengthof(names); i++)
	{
		double		value;

		if (made == NULL)
			value = sink->before(sink, names[i]);
		else
		{
			const AffinityTuneChoice *c = &made->choice;
			const double figure[lengthof(names)] = {
				c->ndcg, c->popular, c->low, c->high, c->users, c->folds,
				c->trials, c->work
			};

			value = figure[i];
		}
		if (!isnan(value))
			sink->figure(sink, names[i], &value, 1, false);
	}
}

/*
 * Let the next training choose anew.
 */
void
affinity_manage_choice_again(const char *name, ModelDefinition *d)
{
	if (d->choice[0] == '\0')
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the algorithm of model \"%s\" was not chosen by auto",
						name),
				 errhint("To have it chosen: SELECT affinity.alter_model(%s, algorithm => 'auto');",
						 quote_literal_cstr(name))));
	affinity_manage_definition_set(d, affinity_algorithm_auto.name,
								   d->given_options);
}
