/*
 * halving.c
 *		A user's search, trial by trial: all candidates on a sample, the best
 *		third of them on a larger one, and few on everything. The model as it is
 *		is measured on each, so that what is found can be compared with it.
 *
 * A trial has a key, which names all that its value follows from. Whoever knows
 * the value for a key, from an earlier search that was interrupted, fills it in
 * instead of having the trial run; users' own values, which a comparison needs,
 * are then measured once more for the two that are compared.
 */
#include "postgres.h"

#include <math.h>

#include "common/hashfn.h"
#include "miscadmin.h"

#include "parallel/progress.h"
#include "tune/halving.h"

/* Users to test on at least: fewer tell nothing apart. */
#define FEWEST_USERS		50

/*
 * A number that is another one for other rows.
 */
uint64
affinity_tune_fingerprint(const AffinityJournal *journal)
{
	uint64		hash = (uint64) journal->rows;
	uint64	   *item = affinity_base_array(journal->n_items, sizeof(uint64));

	for (uint32 i = 0; i < journal->n_items; i++)
	{
		affinity_base_look_up(i);
		item[i] = affinity_dictionary_hash(journal->items, i);
	}
	for (uint32 u = 0; u < journal->n_users; u++)
	{
		hash = affinity_base_mix64(hash + affinity_dictionary_hash(journal->users,
																   u));
		for (int64 r = journal->start[u]; r < journal->start[u + 1]; r++)
		{
			const AffinityJournalRow *row = &journal->row[r];
			float		weight = isnan(row->weight) ? NAN : row->weight;
			uint32		bits;

			affinity_base_look_up(r);
			memcpy(&bits, &weight, sizeof(bits));
			hash = affinity_base_mix64(hash + item[row->item]);
			hash = affinity_base_splitmix64(hash + bits + (uint64) row->at);
		}
	}
	pfree(item);
	return hash;
}

/* ---- begin ------------------------------------------------------------- */

/*
 * Which items are to be predicted: those that are new to the user, unless it
 * is about those that users have.
 */
static AffinityEvalTargets
targets_of(const AffinityTuneWanted *wanted)
{
	int			n = wanted->spaces->n;
	int			repeats = 0;

	for (int i = 0; i < n; i++)
		repeats += wanted->spaces->space[i].algorithm->repeat != NULL;
	if (repeats == n && wanted->algorithm->repeat)
		return AFFINITY_EVAL_REPEAT_ITEMS;
	return repeats > 0 || wanted->algorithm->repeat ?
		AFFINITY_EVAL_ALL_ITEMS : AFFINITY_EVAL_NEW_ITEMS;
}

static int
compare_entries(const void *a, const void *b, void *arg)
{
	const TuneEntry *x = *(TuneEntry *const *) a;
	const TuneEntry *y = *(TuneEntry *const *) b;
	int			r = *(const int *) arg;

	if (x->mark[r].mean != y->mark[r].mean)
		return x->mark[r].mean > y->mark[r].mean ? -1 : 1;
	return (x > y) - (x < y);
}

/*
 * Those that were measured at a rung, but for the model as it is, best first;
 * their number.
 */
static int
sorted(AffinityTuning *t, int rung, TuneEntry **best)
{
	int			n = 0;

	for (int i = 1; i < t->n; i++)
	{
		if (t->entry[i].mark[rung].status == AFFINITY_TUNE_DONE)
			best[n++] = &t->entry[i];
	}
	qsort_arg(best, n, sizeof(TuneEntry *), compare_entries, &rung);
	return n;
}

/*
 * Begin a rung: the model as it is, and the best of the one before.
 */
static void
begin_rung(AffinityTuning *t)
{
	t->order[0] = &t->entry[0];
	if (t->at == 0)
	{
		for (int i = 1; i < t->n; i++)
			t->order[i] = &t->entry[i];
		t->n_order = t->n;
	}
	else
		t->n_order = 1 + Min(sorted(t, t->at - 1, t->order + 1),
							 t->keep[t->at]);
	t->next = 0;
}

/*
 * Split the rows, draw candidates and plan what is measured on how much.
 */
AffinityTuning *
affinity_tune_begin(const AffinityTuneWanted *wanted,
					const AffinityJournal *journal)
{
	AffinityTuning *t = palloc0(sizeof(AffinityTuning));

	t->wanted = *wanted;
	t->context = CurrentMemoryContext;
	t->measure.metric = wanted->metric;
	t->measure.k = wanted->k;
	t->measure.targets = targets_of(wanted);
	t->split = affinity_tune_split_by(journal, &t->wanted.split, &t->sizes);
	if (t->sizes.test_users < FEWEST_USERS)
		ereport(ERROR,
				(errcode(ERRCODE_NO_DATA_FOUND),
				 errmsg("too little data to tell options apart: %.0f users to test on",
						t->sizes.test_users),
				 errdetail("At least %d users have to be on both sides of the split.",
						   FEWEST_USERS),
				 errhint("Split in another way, such as split => 'random', or wait for more rows.")));
	affinity_tune_candidates(t, affinity_tune_median_age(t->split));
	affinity_tune_plan_rungs(t);
	t->order = palloc(t->n * sizeof(TuneEntry *));
	t->trial.rungs = t->n_rungs;
	for (int r = 0; r < t->n_rungs; r++)
		t->trial.total += 1 + Min(t->keep[r], t->n - 1);
	t->trial.done = -1;
	begin_rung(t);
	return t;
}

/* ---- trials ------------------------------------------------------------ */

/*
 * Take what is known of the trial that was handed out.
 */
static void
settle(AffinityTuning *t)
{
	TuneMark   *mark;

	t->trial.done++;
	if (t->trial.rung == 0)
		return;
	mark = &t->entry[t->trial.candidate].mark[t->at];
	mark->status = t->trial.status;
	mark->mean = t->trial.value;
	t->spent += t->trial.status == AFFINITY_TUNE_SKIPPED ? 0 : t->trial.work;
	t->trial.rung = 0;
	t->next++;
}

static uint64
key_of(const AffinityTuning *t, const TuneEntry *e)
{
	const TuneMeasure *m = &t->measure;
	char	   *text = psprintf("%llx %llx %lld %d %u %d %s %s",
								(unsigned long long) t->wanted.source,
								(unsigned long long) t->rung_hash[t->at],
								(long long) t->wanted.seed, (int) m->metric,
								m->k, (int) m->targets,
								e->c.algorithm->name,
								JsonbToCString(NULL, &e->force->root,
											   VARSIZE(e->force)));

	return hash_bytes_extended((const unsigned char *) text,
							   (int) strlen(text), 0);
}

static void
hand_out(AffinityTuning *t, TuneEntry *e)
{
	AffinityTuneTrial *trial = &t->trial;

	trial->candidate = (int) (e - t->entry);
	trial->rung = t->at + 1;
	trial->algorithm = e->c.algorithm;
	trial->given = e->c.given;
	trial->part = t->rung[t->at].part;
	trial->work = affinity_tune_work(&e->c, &t->rung[t->at].sizes);
	trial->key = key_of(t, e);
	trial->value = trial->low = trial->high = NAN;
	trial->users = 0;
	trial->why = NULL;
	trial->status = AFFINITY_TUNE_PLANNED;
	if (e->c.out)
	{
		trial->status = AFFINITY_TUNE_SKIPPED;
		trial->why = psprintf("it would take %.3g seconds of a budget of %.3g on the last sample",
							  affinity_tune_work(&e->c, &t->rung[t->n_rungs - 1].sizes),
							  t->wanted.budget);
	}
}

/*
 * The next trial, until there is none. What is skipped is handed out with that
 * status.
 */
AffinityTuneTrial *
affinity_tune_next(AffinityTuning *t)
{
	MemoryContext old = MemoryContextSwitchTo(t->context);
	AffinityTuneTrial *found = NULL;

	settle(t);
	while (found == NULL && t->at < t->n_rungs)
	{
		if (t->next == t->n_order)
		{
			/* with nobody to compare with there is nothing more to learn */
			if (t->n_order == 1 || ++t->at == t->n_rungs)
				break;
			begin_rung(t);
			continue;
		}
		hand_out(t, t->order[t->next]);
		if (t->trial.status == AFFINITY_TUNE_SKIPPED ||
			t->spent + t->trial.work <= t->wanted.budget)
			found = &t->trial;
		else
		{
			/* the model as it is comes first: without it, nothing does */
			t->trial.rung = 0;
			if (t->next++ == 0)
				break;
		}
	}
	MemoryContextSwitchTo(old);
	return found;
}

/*
 * The mean's interval, and of how many users it is.
 */
static void
find_interval(const float *value, uint32 n_users, AffinityTuneTrial *trial)
{
	double		squares = 0;
	double		error;
	uint32		n = 0;

	for (uint32 u = 0; u < n_users; u++)
	{
		double		d = value[u] - trial->value;

		if (isnan(d))
			continue;
		squares += d * d;
		n++;
	}
	trial->users = n;
	error = n > 1 ? sqrt(squares / (n - 1) / n) : NAN;
	trial->low = trial->value - TUNE_SURE * error;
	trial->high = trial->value + TUNE_SURE * error;
}

/*
 * Run a trial. What its phases are is not shown: the search has its own.
 */
void
affinity_tune_run(AffinityTuning *t, AffinityTuneTrial *trial)
{
	TuneEntry  *e = &t->entry[trial->candidate];
	const TuneRung *rung = &t->rung[t->at];
	MemoryContext hidden = affinity_parallel_progress_begin("", "");

	e->c.value = NULL;
	if (affinity_tune_try(rung, &e->c, t->context))
	{
		trial->status = AFFINITY_TUNE_DONE;
		trial->value = e->c.mean;
		e->mark[t->at].value = e->c.value;
		find_interval(e->c.value, rung->n_users, trial);
	}
	else
	{
		trial->status = AFFINITY_TUNE_FAILED;
		trial->why = e->c.why;
	}
	affinity_parallel_progress_end(hidden);
}

/* ---- end --------------------------------------------------------------- */

/*
 * Values of users of a candidate whose mean is known; false: it cannot be
 * trained any more.
 */
static bool
have_values(AffinityTuning *t, TuneEntry *e, int rung)
{
	TuneMark   *mark = &e->mark[rung];
	bool		done = true;

	if (mark->value == NULL)
	{
		e->c.value = NULL;
		done = affinity_tune_try(&t->rung[rung], &e->c, t->context);
		mark->value = e->c.value;
	}
	e->c.value = mark->value;
	return done && mark->value != NULL;
}

/*
 * The last rung at which the model as it is was compared with something; where
 * there is none, the first.
 */
static int
last_rung(AffinityTuning *t)
{
	for (int r = t->n_rungs - 1; r > 0; r--)
	{
		if (t->entry[0].mark[r].status == AFFINITY_TUNE_DONE &&
			sorted(t, r, t->order) > 0)
			return r;
	}
	return 0;
}

/*
 * What the search has found so far.
 */
void
affinity_tune_end(AffinityTuning *t, AffinityTuneOutcome *outcome)
{
	TuneEntry  *own = &t->entry[0];
	TuneEntry  *best;
	TuneDifference d;
	int			rung;

	settle(t);
	memset(outcome, 0, sizeof(AffinityTuneOutcome));
	outcome->split = t->split->kind;
	outcome->as_of = t->split->as_of;
	rung = last_rung(t);
	outcome->whole = t->rung[rung].part >= 1;
	outcome->before = own->mark[rung].status == AFFINITY_TUNE_DONE ?
		own->mark[rung].mean : NAN;
	if (sorted(t, rung, t->order) == 0)
		return;
	best = t->order[0];
	outcome->any = true;
	outcome->algorithm = best->c.algorithm;
	outcome->given = best->c.given;
	outcome->value = best->mark[rung].mean;
	if (isnan(outcome->before) || !have_values(t, best, rung) ||
		!have_values(t, own, rung))
		return;
	outcome->compared = true;
	affinity_tune_compare(&best->c, &own->c,
						  t->rung[rung].n_users, &d);
	outcome->users = d.users;
	outcome->low = d.mean - TUNE_SURE * d.error;
	outcome->high = d.mean + TUNE_SURE * d.error;
	outcome->better = outcome->low > 0;
}
