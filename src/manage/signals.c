/*
 * signals.c
 *		Kinds of events of a model: whether query, algorithm and kinds go
 *		together, what the kinds weigh, and what is said of that.
 *
 * Weights that are learned are figures of the version: a refresh takes them
 * over from the one before, unless the kinds are others or it is to learn them
 * anew.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/json.h"
#include "utils/memutils.h"

#include "algorithm/algorithm.h"
#include "manage/manage.h"
#include "parallel/progress.h"

/* Figures of what was learned, in the order of figure_of. */
static const char *const figure_names[] = {
	"signal_ndcg", "signal_equal_ndcg", "signal_users"
};

static double
figure_of(const AffinityTuneSignals *found, int i)
{
	const double figure[] = {found->ndcg, found->equal_ndcg, found->users};

	return figure[i];
}

/*
 * Signals as a definition has them; what is wrong with them is an error. NULL
 * and an empty array are none.
 */
char *
affinity_manage_signals_text(Jsonb *signals)
{
	AffinityModelSignals parsed;
	char	   *text = signals == NULL ? pstrdup("") :
		JsonbToCString(NULL, &signals->root, VARSIZE(signals));

	return affinity_definition_signals_parse(text, &parsed) ? text : pstrdup("");
}

/*
 * Do query, algorithm and signals of a definition go together?
 */
void
affinity_manage_signals_check(const ModelDefinition *d)
{
	const AffinityAlgorithm *algorithm = affinity_algorithm_find(d->algorithm);
	bool		given = d->signals[0] != '\0';

	if (given && d->body != NULL && !d->has_signal)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("signals are given, but the query has no fifth column"),
				 errhint("Let it give user, item, weight, time and signal, with NULL for a weight or time that is not known: SELECT customer_id, stock_code, NULL, at, kind FROM events.")));
	if (!given && d->body != NULL && d->has_signal)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("the query has a fifth column, but no signals are given"),
				 errhint("Name the kinds of events from the strongest to the weakest: signals => '[\"buy\", \"cart\", \"view\"]'.")));
	if (!given)
		return;
	if (d->choice[0] != '\0' || algorithm->takes_kinds == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("algorithm %s does not take signals",
						affinity_definition_algorithm(d)),
				 errhint("Use algorithm => 'item_knn'.")));
	if (!algorithm->takes_kinds(affinity_train_options_parse(algorithm,
															 d->options)))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("algorithm %s does not take signals with these options",
						algorithm->name),
				 errhint("Signals have no ratings: leave out the similarities pearson and adjusted_cosine, and weights \"signed\".")));
}

/* ---- weights ----------------------------------------------------------- */

static bool
same_kinds(const AffinityKinds *a, const AffinityKinds *b)
{
	for (int i = 0; i < a->n && a->n == b->n; i++)
	{
		if (strcmp(a->name[i], b->name[i]) != 0)
			return false;
	}
	return a->n == b->n;
}

/*
 * Learn weights from the rows of the source; false where it has none.
 */
static bool
learn(const ModelTraining *asked, ModelSignals *s)
{
	const ModelDefinition *d = asked->definition;
	const AffinityAlgorithm *algorithm = affinity_algorithm_find(d->algorithm);
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "affinity signals",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	MemoryContext progress = affinity_parallel_progress_begin(asked->name,
															  algorithm->name);
	const void *options = affinity_train_options_parse(algorithm, d->options);
	AffinityReadRequest request = {.kinds = &s->given.kinds};
	AffinityJournal *journal;
	bool		any;

	request.users = affinity_train_users(algorithm, options);
	request.query = psprintf("SELECT user_id, item_id, weight, at, signal FROM %s%s",
							 asked->from,
							 affinity_train_users_condition(request.users,
															"WHERE", "user_id",
															d->user_type));
	request.parallel = true;
	request.max_bytes = (int64) affinity_base_memory_allowed();
	request.progress = affinity_parallel_progress_done;
	affinity_parallel_progress_phase("reading", 0, 0);
	journal = affinity_interaction_journal_read(&request);
	any = journal->start[journal->n_users] > 0;
	if (any)
		affinity_tune_signals(journal, algorithm, options, &s->found);
	affinity_parallel_progress_end(progress);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	return any;
}

/*
 * What a training is told of kinds of events: given weights, those of the
 * version before, or learned ones.
 */
void
affinity_manage_signals_begin(const ModelTraining *asked, Jsonb *before,
							  ModelSignals *s)
{
	const ModelDefinition *d = asked->definition;
	AffinityKinds *kinds;
	double		weight[AFFINITY_MOST_KINDS];

	affinity_manage_signals_check(d);
	s->any = affinity_definition_signals_parse(d->signals, &s->given);
	if (!s->any)
		return;
	memcpy(s->weight, s->given.weight, sizeof(s->weight));
	if (!s->given.learned)
		return;
	kinds = before && !d->retune ?
		affinity_definition_signals_stored(asked->name, before,
										   AFFINITY_SIGNAL_WEIGHTS, weight) : NULL;
	if (kinds && same_kinds(kinds, &s->given.kinds))
	{
		memcpy(s->weight, weight, sizeof(s->weight));
		return;
	}
	s->is_new = learn(asked, s);
	memcpy(s->weight, s->found.weight, sizeof(s->weight));
}

/* ---- what is said and kept --------------------------------------------- */

static char *
weights_text(const ModelSignals *s)
{
	StringInfoData text;

	initStringInfo(&text);
	for (int i = 0; i < s->given.kinds.n; i++)
		appendStringInfo(&text, "%s%s %g", i ? ", " : "",
						 s->given.kinds.name[i], s->weight[i]);
	return text.data;
}

/*
 * What was learned, and which rows do not count.
 */
void
affinity_manage_signals_say(const char *name, const ModelSignals *s,
							const AffinityInteractions *in)
{
	if (!s->any)
		return;
	if (in->by_item.start[in->n_items] == 0)
		ereport(ERROR,
				(errcode(ERRCODE_NO_DATA_FOUND),
				 errmsg("source of model \"%s\" has no row with the signal \"%s\"",
						name, s->given.kinds.name[0]),
				 errdetail("It is the strongest one, and what is recommended."),
				 errhint("Look at what there is: SELECT signal, count(*) FROM %s GROUP BY signal;",
						 quote_qualified_identifier(name, "interactions"))));
	if (in->other_rows > 0)
		ereport(NOTICE,
				(errmsg_plural("%lld row has a signal that is not named, and does not count",
							   "%lld rows have signals that are not named, and do not count",
							   (unsigned long) in->other_rows,
							   (long long) in->other_rows)));
	if (!s->is_new)
		return;
	if (s->found.few)
		ereport(NOTICE,
				(errmsg("model \"%s\": too little data to learn what signals weigh (%u users to test on): %s",
						name, s->found.users, weights_text(s)),
				 errhint("To choose weights: signals => '{\"%s\": 1, \"%s\": 0.3}'.",
						 s->given.kinds.name[0], s->given.kinds.name[1])));
	else
		ereport(NOTICE,
				(errmsg("model \"%s\" learned what signals weigh: %s: NDCG@%d %.4f, with equal weights %.4f; tested on %u held-out users",
						name, weights_text(s), AFFINITY_TUNE_K, s->found.ndcg,
						s->found.equal_ndcg, s->found.users)));
}

/*
 * Figures of the version. A version that keeps the weights keeps those of the
 * test, too.
 */
void
affinity_manage_signals_figures(const ModelSignals *s,
								const AffinityKindSums *sums,
								AffinityItemSink *sink)
{
	double		factor[AFFINITY_MOST_KINDS];
	int			n = s->given.kinds.n;

	if (!s->any)
		return;
	affinity_score_kind_factors(sums, n, s->weight, factor);
	sink->figure(sink, AFFINITY_SIGNAL_WEIGHTS, s->weight, n, true);
	sink->figure(sink, AFFINITY_SIGNAL_FACTORS, factor, n, true);
	for (int i = 0; s->given.learned && i < (int) lengthof(figure_names); i++)
	{
		double		value = s->is_new ? figure_of(&s->found, i) :
			sink->before(sink, figure_names[i]);

		if (!isnan(value) && !(s->is_new && s->found.few))
			sink->figure(sink, figure_names[i], &value, 1, false);
	}
}

/*
 * The names of the kinds beside the figures.
 */
Datum
affinity_manage_signals_add(const ModelSignals *s, Datum training)
{
	StringInfoData json;

	if (!s->any)
		return training;
	initStringInfo(&json);
	appendStringInfoString(&json, "{\"" AFFINITY_SIGNALS "\": [");
	for (int i = 0; i < s->given.kinds.n; i++)
	{
		if (i > 0)
			appendStringInfoString(&json, ", ");
		escape_json(&json, s->given.kinds.name[i]);
	}
	appendStringInfoString(&json, "]}");
	return DirectFunctionCall2(jsonb_concat, training,
							   DirectFunctionCall1(jsonb_in,
												   CStringGetDatum(json.data)));
}
