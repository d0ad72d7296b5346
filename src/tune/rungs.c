/*
 * rungs.c
 *		How many candidates are measured on how much: planned before the first
 *		trial, from estimates of work, so that it is the same wherever and
 *		however often the search goes on.
 *
 * Each rung has a third of the candidates of the one before and three times its
 * rows, so that each costs about the same (successive halving: Jamieson and
 * Talwalkar 2016). The last has all rows, if the budget has room for that.
 */
#include "postgres.h"

#include <math.h>

#include "common/hashfn.h"
#include "miscadmin.h"

#include "tune/halving.h"

#define ETA				3
/* So many are measured on everything, and as few need no rungs. */
#define N_FINAL			4
/* Samples are no smaller than this, or nothing can be told. */
#define FEWEST_SAMPLED		300
#define FEWEST_SAMPLED_ROWS	20000
#define LEAST_PART		(1.0 / 1024)
/* What takes more of the budget than this part at the last rung is skipped. */
#define MOST_OF_BUDGET	(1.0 / 3)

/*
 * A number that is another one for other roles.
 */
static uint64
hash_roles(const AffinityEvalSplit *split)
{
	int64		rows = split->journal->start[split->journal->n_users];
	uint64		hash = (uint64) rows;

	for (int64 from = 0; from < rows; from += 1 << 20)
	{
		CHECK_FOR_INTERRUPTS();
		hash = hash_bytes_extended(split->role + from,
								   (int) Min(rows - from, 1 << 20), hash);
	}
	return hash;
}

static bool
make_rung(AffinityTuning *t, double part, TuneRung *rung)
{
	rung->part = part;
	rung->users = t->sizes.users;
	rung->n_folds = 1;
	rung->test[0] = NULL;
	if (part >= 1)
	{
		rung->split[0] = t->split;
		rung->sizes = t->sizes;
		return true;
	}
	rung->split[0] = affinity_eval_thin(t->split, sqrt(part), sqrt(part),
										t->wanted.seed);
	affinity_tune_measure(rung->split[0], &rung->sizes);
	return rung->sizes.test_users >= FEWEST_SAMPLED &&
		rung->sizes.rows >= FEWEST_SAMPLED_ROWS;
}

static void
free_rung(const AffinityTuning *t, TuneRung *rung)
{
	if (rung->split[0] == t->split)
		return;
	pfree(rung->split[0]->role);
	pfree(rung->split[0]);
}

/*
 * Rungs up to one with a part of the rows; false where that is too few. A rung
 * that would be too small is half of the next one, or the same.
 */
static bool
make_rungs(AffinityTuning *t, double last, int n)
{
	TuneRung	rung[TUNE_MOST_RUNGS];
	int			keep[TUNE_MOST_RUNGS];
	int			n_all = 0;
	int			first;

	for (int count = n; n_all < TUNE_MOST_RUNGS;
		 count = (count + ETA - 1) / ETA)
	{
		keep[n_all++] = count;
		if (count <= N_FINAL)
			break;
	}
	first = n_all - 1;
	if (!make_rung(t, last, &rung[first]))
	{
		free_rung(t, &rung[first]);
		return false;
	}
	for (int times = ETA; first > 0 && times > 1;)
	{
		if (make_rung(t, rung[first].part / times, &rung[first - 1]))
			first--;
		else
		{
			free_rung(t, &rung[first - 1]);
			times--;
		}
	}
	t->n_rungs = n_all - first;
	for (int r = 0; r < t->n_rungs; r++)
	{
		t->rung[r] = rung[first + r];
		/* all of those before are measured on the first that is large enough */
		t->keep[r] = r == 0 ? n : keep[first + r];
	}
	return true;
}

/*
 * The work of all rungs, if those that are kept are as costly as the others,
 * for the first n candidates; those that cost too much are out.
 */
static double
plan_work(AffinityTuning *t, int n, int *n_in)
{
	const TuneSizes *last = &t->rung[t->n_rungs - 1].sizes;
	double		work = 0;

	*n_in = 0;
	for (int i = 1; i <= n; i++)
	{
		TuneCandidate *c = &t->entry[i].c;

		c->out = affinity_tune_work(c, last) >
			MOST_OF_BUDGET * t->wanted.budget;
		*n_in += !c->out;
	}
	for (int r = 0; r < t->n_rungs; r++)
	{
		double		sum = 0;

		for (int i = 1; i <= n; i++)
			sum += t->entry[i].c.out ? 0 :
				affinity_tune_work(&t->entry[i].c, &t->rung[r].sizes);
		if (*n_in > 0)
			sum *= (double) Min(t->keep[r], *n_in) / *n_in;
		work += sum + affinity_tune_work(&t->entry[0].c, &t->rung[r].sizes);
	}
	return work;
}

/*
 * Plan the rungs: on all rows if the budget has room for that, and for half of
 * the candidates at least; else on a part, and if that is not enough with fewer
 * candidates.
 */
void
affinity_tune_plan_rungs(AffinityTuning *t)
{
	int			n = t->n - 1;
	int			n_in;
	double		part = 1;
	double		work;

	(void) make_rungs(t, part, n);
	work = plan_work(t, n, &n_in);
	while ((work > t->wanted.budget || 2 * n_in < n) && part > LEAST_PART)
	{
		AffinityTuning smaller = *t;

		part /= 2;
		if (!make_rungs(&smaller, part, n))
			break;
		for (int r = 0; r < t->n_rungs; r++)
			free_rung(t, &t->rung[r]);
		*t = smaller;
		work = plan_work(t, n, &n_in);
	}
	while (n > 1 && work > t->wanted.budget)
	{
		n--;
		for (int r = 0; r < t->n_rungs; r++)
			t->keep[r] = Min(t->keep[r], n);
		work = plan_work(t, n, &n_in);
	}
	t->n = n + 1;
	for (int r = 0; r < t->n_rungs; r++)
	{
		t->rung[r].measure = &t->measure;
		t->rung_hash[r] = hash_roles(t->rung[r].split[0]);
		t->rung[r].test[0] = affinity_eval_test(t->rung[r].split[0]);
		affinity_eval_sample(t->rung[r].test[0], TUNE_MOST_USERS,
							 t->wanted.seed);
		t->rung[r].n_users = t->rung[r].test[0]->by_user.n_rows;
	}
}
