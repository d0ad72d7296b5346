/*
 * search.c
 *		Successive halving: all candidates on a sample, the best third and its
 *		variants on a larger one, the best few on everything.
 *
 * Nothing here looks at a clock or throws dice: what is tried follows from
 * the rows, the budget and the seed.
 */
#include "postgres.h"

#include <math.h>

#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

#include "algorithm/algorithm.h"
#include "tune/search.h"

/* Users to test on at least: fewer tell nothing apart. */
#define FEWEST_USERS		50
/* Samples are no smaller. */
#define FEWEST_SAMPLED		300
#define FEWEST_SAMPLED_ROWS	20000
#define LEAST_PART			(1.0 / 1024)
/* Parts of what may be spent, by the end of each rung. */
static const double spent_by[TUNE_RUNGS] = {0.3, 0.65, 1};
#define SPENT_ON_ALL	0.75	/* by the first, where that is of all rows */

#define N_KEPT		4			/* at least, after the first */
#define N_FINAL		4
#define N_ROUNDS	2			/* of all variants */
#define N_SETTLING	3			/* steps that there is room for in the end */

/* ---- trials ------------------------------------------------------------ */

/*
 * Measure a candidate at the rung in use, if it is worth it and there is
 * something left to spend.
 */
bool
affinity_tune_spend(TuneSearch *s, TuneCandidate *c)
{
	const TuneRung *rung = &s->rung[s->at];
	double		work = affinity_tune_work(c, &rung->sizes) * rung->n_folds;

	if (c->out || c->rung == s->at)
		return !c->out;
	if (s->spent + work > s->until)
		return false;
	s->spent += work;
	s->trials++;
	c->rung = s->at;
	c->out = !affinity_tune_try(rung, c, s->context);
	ereport(DEBUG1,
			(errmsg_internal("trial %d: %s %s on %g of the rows: %s %.5f, work %.3f, %.3f so far",
							 s->trials, c->algorithm->name,
							 JsonbToCString(NULL, &c->given->root,
											VARSIZE(c->given)),
							 rung->part, c->out ? "out" : "NDCG", c->mean, work,
							 s->spent)));
	return !c->out;
}

/*
 * Those that were measured at the rung in use, best first; their number.
 */
int
affinity_tune_ranked(const TuneSearch *s, TuneCandidate **best)
{
	int			n = 0;

	for (int i = 0; i < s->n; i++)
	{
		if (s->candidate[i].rung == s->at && !s->candidate[i].out)
			best[n++] = &s->candidate[i];
	}
	affinity_tune_sort(best, n);
	return n;
}

/* ---- rungs ------------------------------------------------------------- */

/*
 * A rung of a part of the rows, or of so many folds of all.
 */
static void
make_rung(const TuneSearch *s, TuneRung *rung, double part)
{
	memset(rung, 0, sizeof(TuneRung));
	rung->measure = &affinity_tune_usual;
	rung->part = part;
	rung->users = s->sizes.users;
	rung->n_folds = Max((int) part, 1);
	for (int i = 0; i < rung->n_folds; i++)
		rung->split[i] = part >= 1 ? s->split[i] :
			affinity_eval_thin(s->split[i], sqrt(part), sqrt(part),
							   s->request->seed);
	affinity_tune_measure(rung->split[0], &rung->sizes);
}

static void
make_tests(const TuneSearch *s, TuneRung *rung)
{
	for (int i = 0; i < rung->n_folds; i++)
	{
		rung->test[i] = affinity_eval_test(rung->split[i]);
		affinity_eval_sample(rung->test[i], TUNE_MOST_USERS,
							 s->request->seed);
		rung->n_users += rung->test[i]->by_user.n_rows;
	}
}

/*
 * The next smaller part: half of the rows, or a fold less.
 */
static double
less(double part)
{
	return part > 1 ? part - 1 : part / 2;
}

/*
 * The size of a rung: the largest part of the rows, up to one, on which some
 * candidates can be tried so many times with what may be spent by then, but no
 * part too small to tell anything.
 */
static void
size_rung(TuneSearch *s, int no, TuneCandidate *const *some, int n, double times,
		  double most)
{
	TuneRung   *rung = &s->rung[no];
	double		room = s->limit * spent_by[no] - s->spent;

	make_rung(s, rung, most);
	for (double part = less(most); part >= LEAST_PART; part = less(part))
	{
		double		work = 0;
		TuneRung	smaller;

		for (int i = 0; i < n; i++)
			work += some[i]->out ? 0 :
				affinity_tune_work(some[i], &rung->sizes) * rung->n_folds * times;
		if (work <= room)
			break;
		make_rung(s, &smaller, part);
		if (part < 1 && (smaller.sizes.test_users < FEWEST_SAMPLED ||
						 smaller.sizes.rows < FEWEST_SAMPLED_ROWS))
			break;
		*rung = smaller;
	}
}

/*
 * Go on at a rung that has its size.
 */
static void
enter_rung(TuneSearch *s, int no)
{
	TuneRung   *rung = &s->rung[no];

	/* what is the same as before is the same rung */
	if (no > 0 && rung->part <= s->rung[s->at].part)
	{
		*rung = s->rung[s->at];
		for (int i = 0; i < s->n; i++)
		{
			if (s->candidate[i].rung == s->at)
				s->candidate[i].rung = no;
		}
	}
	s->at = no;
	s->until = s->limit * (rung->part < s->n_folds ? spent_by[no] :
						   no == 0 ? SPENT_ON_ALL : 1);
	if (rung->test[0] == NULL)
		make_tests(s, rung);
}

/*
 * The first fallback that was measured at the rung in use, NULL: none.
 */
static TuneCandidate *
fallback_of(const TuneSearch *s)
{
	for (int i = TUNE_FALLBACKS; i < TUNE_FALLBACKS + TUNE_N_FALLBACKS; i++)
	{
		if (s->candidate[i].rung == s->at && !s->candidate[i].out)
			return &s->candidate[i];
	}
	return NULL;
}

/*
 * Measure the reference and the fallbacks, and those of some that come first.
 * False where even these are too much: then the rung before is the last.
 */
static bool
climb(TuneSearch *s, TuneCandidate *const *some, int n)
{
	const TuneRung *rung = &s->rung[s->at];
	double		work = 0;

	/* both or none: what is chosen is compared with both */
	for (int i = 0; i < TUNE_FALLBACKS + TUNE_N_FALLBACKS; i++)
	{
		const TuneCandidate *c = &s->candidate[i];

		if (!c->out && c->rung != s->at)
			work += affinity_tune_work(c, &rung->sizes) * rung->n_folds;
		if (!c->out && i >= TUNE_FALLBACKS)
			break;
	}
	if (s->spent + work > s->until)
		return false;
	for (int i = 0; i < TUNE_FALLBACKS + TUNE_N_FALLBACKS; i++)
	{
		TuneCandidate *c = &s->candidate[i];

		if (!c->out && c->rung != s->at && s->spent + rung->n_folds *
			affinity_tune_work(c, &rung->sizes) > s->until)
			return false;
		/* another fallback where the first cannot be trained */
		if (affinity_tune_spend(s, c) && i >= TUNE_FALLBACKS)
			break;
	}
	if (s->candidate[TUNE_POPULAR].out || fallback_of(s) == NULL)
		return false;
	for (int i = 0; i < n; i++)
		(void) affinity_tune_spend(s, some[i]);
	return true;
}

/*
 * Of n candidates, best first, how many are gone on with: a third, and behind
 * them the best of each algorithm that may be ahead with a trend.
 */
static int
kept_of(TuneCandidate **best, int n)
{
	const TuneCandidate *base[TUNE_ALGORITHMS];
	int			n_bases = affinity_tune_bases(best, n, base, TUNE_ALGORITHMS,
											  TUNE_NOT_HOPELESS);
	int			kept = Min(n, Max(n / 3, N_KEPT));

	for (int i = kept; i < n; i++)
	{
		for (int j = 0; j < n_bases; j++)
		{
			if (best[i] == base[j])
				best[kept++] = best[i];
		}
	}
	return kept;
}

/*
 * Behind n candidates, best first, what else the last rung is to have room for:
 * what they are compared with, and steps of the best. How many all are.
 */
static int
with_settling(TuneSearch *s, TuneCandidate **some, int n)
{
	TuneCandidate *fallback = fallback_of(s);

	some[n] = &s->candidate[TUNE_POPULAR];
	some[n + 1] = fallback;
	for (int i = 0; i < N_SETTLING; i++)
		some[n + 2 + i] = some[0];
	return n + 2 + N_SETTLING;
}

/*
 * The last rung, for n candidates. After samples steps on all rows are worth
 * more than another fold.
 */
static void
size_last(TuneSearch *s, TuneCandidate **some, int n)
{
	bool		sampled = s->rung[1].part < 1;

	if (sampled)
		size_rung(s, 2, some, with_settling(s, some, n), 1, s->n_folds);
	if (!sampled || s->rung[2].part <= s->rung[1].part)
		size_rung(s, 2, some, n, 1, sampled ? 1 : s->n_folds);
	enter_rung(s, 2);
}

static void
search(TuneSearch *s)
{
	TuneCandidate *some[TUNE_MOST_CANDIDATES];
	int			n = s->n;

	for (int i = 0; i < n; i++)
		some[i] = &s->candidate[i];
	size_rung(s, 0, some, n, 1, s->n_folds);
	enter_rung(s, 0);
	if (!climb(s, some, n))
		return;
	n = affinity_tune_ranked(s, some);
	n = kept_of(some, n);
	size_rung(s, 1, some, n, 4, s->n_folds);
	enter_rung(s, 1);
	if (!climb(s, some, n))
		return;
	for (int round = 0; round < N_ROUNDS; round++)
		affinity_tune_vary(s, some, round > 0);
	n = affinity_tune_finalists(some, affinity_tune_ranked(s, some), N_FINAL, s->sizes.users);
	size_last(s, some, n);
	if (!climb(s, some, n))
		return;
	/* with what is left */
	affinity_tune_settle(s, some);
	if (s->rung[2].part <= s->rung[1].part)
		affinity_tune_vary(s, some, true);
}

/* ---- the choice --------------------------------------------------------- */

static void
say_choice(TuneSearch *s, AffinityTuneChoice *choice)
{
	TuneCandidate *best[TUNE_MOST_CANDIDATES];
	const TuneCandidate *fallback;
	const TuneCandidate *popular = &s->candidate[TUNE_POPULAR];
	const TuneCandidate *chosen;
	TuneDifference d;
	const TuneRung *rung;
	int			n;

	choice->verdict = AFFINITY_TUNE_UNSURE;
	choice->trials = s->trials;
	choice->work = s->spent;
	if (popular->out || popular->rung < 0)
		return;
	s->at = popular->rung;
	rung = &s->rung[s->at];
	fallback = fallback_of(s);
	if (fallback == NULL)
		return;
	n = affinity_tune_ranked(s, best);
	chosen = affinity_tune_decide(best, n, fallback, rung->n_users, s->sizes.users);
	if (chosen != fallback || best[0] == fallback)
		choice->verdict = AFFINITY_TUNE_CHOSEN;
	choice->algorithm = chosen->algorithm;
	choice->given = chosen->given;
	affinity_tune_compare(chosen, popular, rung->n_users, &d);
	choice->users = rung->test[0]->by_user.n_rows;
	choice->folds = rung->n_folds;
	choice->ndcg = chosen->mean;
	choice->popular = popular->mean;
	choice->low = d.mean - TUNE_SURE * d.error;
	choice->high = d.mean + TUNE_SURE * d.error;
}

/*
 * Choose. Memory is the current context's.
 */
void
affinity_tune_choose(const AffinityTuneRequest *request,
					 AffinityTuneChoice *choice)
{
	TuneSearch	s = {.request = request, .context = CurrentMemoryContext};

	memset(choice, 0, sizeof(AffinityTuneChoice));
	choice->verdict = AFFINITY_TUNE_FEW;
	choice->ndcg = choice->popular = choice->low = choice->high = NAN;
	s.n_folds = affinity_tune_split(request, s.split, &s.sizes);
	choice->split = s.split[0]->kind;
	choice->as_of = s.split[0]->as_of;
	choice->users = (uint32) s.sizes.test_users;
	s.median_age = affinity_tune_median_age(s.split[0]);
	affinity_tune_add_points(&s);
	for (int i = TUNE_FALLBACKS; i < TUNE_FALLBACKS + TUNE_N_FALLBACKS; i++)
	{
		choice->algorithm = s.candidate[i].algorithm;
		choice->given = s.candidate[i].given;
		if (s.candidate[i].work <= TUNE_MOST_OF_BUDGET * request->budget)
			break;
	}
	if (s.sizes.test_users < FEWEST_USERS)
		return;
	search(&s);
	say_choice(&s, choice);
}
