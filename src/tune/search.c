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
/* A test of so many is as good as any. */
#define MOST_USERS			10000
/* Samples are no smaller than this. */
#define FEWEST_SAMPLED		300
#define FEWEST_SAMPLED_ROWS	20000
#define LEAST_PART			(1.0 / 1024)

/* Parts of what may be spent, by the end of each rung. */
static const double spent_by[] = {0.3, 0.65, 1};
#define SPENT_ON_ALL	0.75	/* by the first, where that is of all rows */

/* What may be spent whatever that is in trainings, and in these. */
#define LEAST_LIMIT		2
#define MOST_TRAININGS	10
/* Part of the budget that a training of everything may take. */
#define MOST_OF_BUDGET	(1.0 / 3)

#define N_RUNGS		((int) lengthof(spent_by))
#define N_KEPT		4			/* at least, after the first */
#define N_FINAL		4
#define N_BASES		2			/* algorithms whose best have variants */
#define N_ROUNDS	3			/* of variants of variants */
#define MOST_CANDIDATES	256

/* The first two points. */
#define POPULAR		0
#define FALLBACK	1

typedef struct Search
{
	const AffinityTuneRequest *request;
	const AffinityEvalSplit *split;
	MemoryContext context;
	TuneSizes	sizes;			/* of everything */
	TuneRung	rung[N_RUNGS];
	int			at;				/* the rung in use */
	TuneCandidate *candidate;
	int			n;
	double		median_age;		/* microseconds */
	double		limit;
	double		until;			/* what may be spent by the end of the rung */
	double		spent;
	int			trials;
} Search;

/* ---- candidates -------------------------------------------------------- */

Jsonb *
affinity_tune_json(const char *text)
{
	return DatumGetJsonbP(DirectFunctionCall1(jsonb_in,
											  CStringGetDatum(text)));
}

/*
 * Families in the order of the points.
 */
static int
family_of(const AffinityAlgorithm *algorithm)
{
	for (int i = 0; i < affinity_tune_n_points; i++)
	{
		if (strcmp(affinity_tune_points[i].algorithm, algorithm->name) == 0)
			return i;
	}
	return affinity_tune_n_points;
}

/*
 * An age as an interval that is read easily.
 */
char *
affinity_tune_interval(double microseconds)
{
	if (microseconds >= 5.0 * USECS_PER_DAY)
		return psprintf("%.0f days", microseconds / USECS_PER_DAY);
	if (microseconds >= 5.0 * USECS_PER_HOUR)
		return psprintf("%.0f hours", microseconds / USECS_PER_HOUR);
	return psprintf("%.0f seconds", Max(1, microseconds / USECS_PER_SEC));
}

/*
 * A point's options as JSON, with its half-life. NULL where this source has no
 * times, or ages of nothing.
 */
static Jsonb *
point_options(const Search *s, const TunePoint *point)
{
	StringInfoData json;

	if (point->times &&
		(!s->request->journal->has_time || s->median_age < USECS_PER_SEC))
		return NULL;
	initStringInfo(&json);
	appendStringInfo(&json, "{%s", point->options);
	if (point->half_life > 0)
		appendStringInfo(&json, "%s\"half_life\": \"%s\"",
						 point->options[0] != '\0' ? ", " : "",
						 affinity_tune_interval(point->half_life * s->median_age));
	appendStringInfoChar(&json, '}');
	return affinity_tune_json(json.data);
}

/*
 * Add a candidate unless it is there already; NULL: it is.
 */
static TuneCandidate *
add(Search *s, const AffinityAlgorithm *algorithm, Jsonb *given,
	uint32 groups)
{
	TuneCandidate *c = &s->candidate[s->n];

	for (int i = 0; i < s->n; i++)
	{
		if (s->candidate[i].algorithm == algorithm &&
			compareJsonbContainers(&s->candidate[i].given->root,
								   &given->root) == 0)
			return NULL;
	}
	if (s->n == MOST_CANDIDATES)
		return NULL;
	s->n++;
	memset(c, 0, sizeof(TuneCandidate));
	c->algorithm = algorithm;
	c->given = given;
	c->options = affinity_train_options_parse(algorithm, given);
	c->rank = family_of(algorithm) * 100 + (int) JB_ROOT_COUNT(given);
	c->groups = groups;
	c->rung = -1;
	/* what could not be trained within the budget is not to be chosen */
	c->work = affinity_tune_work(c, &s->sizes);
	c->out = s->n - 1 > FALLBACK &&
		c->work > MOST_OF_BUDGET * s->request->budget;
	return c;
}

static void
add_points(Search *s)
{
	Jsonb	   *seen = NULL;

	if (strcmp(s->request->seen, "all") != 0)
		seen = affinity_tune_json(psprintf("{\"seen\": \"%s\"}", s->request->seen));
	s->candidate = palloc(MOST_CANDIDATES * sizeof(TuneCandidate));
	for (int i = 0; i < affinity_tune_n_points; i++)
	{
		const TunePoint *point = &affinity_tune_points[i];
		Jsonb	   *given = point_options(s, point);

		if (given && seen)
			given = DatumGetJsonbP(DirectFunctionCall2(jsonb_concat,
													   JsonbPGetDatum(given),
													   JsonbPGetDatum(seen)));
		if (given)
			(void) add(s, affinity_algorithm_find(point->algorithm), given, 0);
	}
	s->limit = LEAST_LIMIT;
	for (int i = 0; i < s->n; i++)
	{
		if (!s->candidate[i].out)
			s->limit = Max(s->limit, MOST_TRAININGS * s->candidate[i].work);
	}
	s->limit = Min(s->limit, s->request->budget);
}

/* ---- trials ------------------------------------------------------------ */

/*
 * Measure a candidate at the rung in use, if it is worth it and there is
 * something left to spend.
 */
static bool
run(Search *s, TuneCandidate *c)
{
	const TuneRung *rung = &s->rung[s->at];
	double		work = affinity_tune_work(c, &rung->sizes);

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

static int
compare_candidates(const void *a, const void *b)
{
	const TuneCandidate *x = *(TuneCandidate *const *) a;
	const TuneCandidate *y = *(TuneCandidate *const *) b;

	if (x->mean != y->mean)
		return x->mean > y->mean ? -1 : 1;
	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	return (x > y) - (x < y);
}

/*
 * Those that were measured at the rung in use, best first; their number.
 */
static int
sorted(const Search *s, TuneCandidate **best)
{
	int			n = 0;

	for (int i = 0; i < s->n; i++)
	{
		if (s->candidate[i].rung == s->at && !s->candidate[i].out)
			best[n++] = &s->candidate[i];
	}
	qsort(best, n, sizeof(TuneCandidate *), compare_candidates);
	return n;
}

/* ---- rungs ------------------------------------------------------------- */

static void
make_rung(TuneRung *rung, double part, AffinityEvalSplit *split)
{
	rung->measure = &affinity_tune_usual;
	rung->part = part;
	rung->split = split;
	affinity_tune_measure(split, &rung->sizes);
	rung->test = NULL;
}

static AffinityEvalSplit *
sample(const Search *s, double part)
{
	if (part >= 1)
		return unconstify(AffinityEvalSplit *, s->split);
	return affinity_eval_thin(s->split, sqrt(part), sqrt(part),
							  s->request->seed);
}

/*
 * Set up a rung: the largest part of the rows on which some candidates can be
 * tried so many times with what may be spent by then, but no part too small to
 * tell anything.
 */
static void
begin_rung(Search *s, int no, TuneCandidate *const *some, int n, double times)
{
	TuneRung   *rung = &s->rung[no];
	double		room = s->limit * spent_by[no] - s->spent;

	make_rung(rung, 1, sample(s, 1));
	for (double part = 0.5; part >= LEAST_PART; part /= 2)
	{
		double		work = 0;
		AffinityEvalSplit *split;
		TuneRung	smaller;

		for (int i = 0; i < n; i++)
			work += some[i]->out ? 0 :
				affinity_tune_work(some[i], &rung->sizes) * times;
		if (work <= room)
			break;
		split = sample(s, part);
		make_rung(&smaller, part, split);
		if (smaller.sizes.test_users < FEWEST_SAMPLED ||
			smaller.sizes.rows < FEWEST_SAMPLED_ROWS)
			break;
		*rung = smaller;
	}
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
	s->until = s->limit * (rung->part < 1 ? spent_by[no] :
						   no == 0 ? SPENT_ON_ALL : 1);
	if (rung->test == NULL)
	{
		rung->test = affinity_eval_test(rung->split);
		affinity_eval_sample(rung->test, MOST_USERS, s->request->seed);
	}
}

/*
 * Try all variants of a candidate that it does not have yet.
 */
static void
try_variants(Search *s, const TuneCandidate *base)
{
	for (int v = 0; v < affinity_tune_n_variants; v++)
	{
		const TunePoint *variant = &affinity_tune_variants[v];
		uint32		group = (uint32) 1 << variant->group;
		Jsonb	   *more;
		TuneCandidate *c;

		if ((base->groups & group) != 0 ||
			(variant->algorithm &&
			 strcmp(variant->algorithm, base->algorithm->name) != 0))
			continue;
		more = point_options(s, variant);
		if (more == NULL)
			continue;
		more = DatumGetJsonbP(DirectFunctionCall2(jsonb_concat,
												  JsonbPGetDatum(base->given),
												  JsonbPGetDatum(more)));
		c = add(s, base->algorithm, more, base->groups | group);
		if (c)
			(void) run(s, c);
	}
}

/*
 * Variants of the best candidate of each of the two best algorithms that have
 * any, and of what is the best then.
 */
static void
try_all_variants(Search *s, TuneCandidate **best)
{
	for (int round = 0; round < N_ROUNDS; round++)
	{
		const TuneCandidate *base[N_BASES];
		int			n = sorted(s, best);
		int			n_bases = 0;

		for (int i = 0; i < n && n_bases < N_BASES; i++)
		{
			if (best[i]->algorithm->times &&
				(n_bases == 0 || best[i]->algorithm != base[0]->algorithm))
				base[n_bases++] = best[i];
		}
		for (int i = 0; i < n_bases; i++)
			try_variants(s, base[i]);
	}
}

/*
 * Measure the reference and the fallback, and those of some that come first.
 * False where even the fallback is too much: then the rung before is the last.
 */
static bool
climb(Search *s, TuneCandidate *const *some, int n)
{
	const TuneSizes *sizes = &s->rung[s->at].sizes;

	if (s->spent + affinity_tune_work(&s->candidate[FALLBACK], sizes) +
		affinity_tune_work(&s->candidate[POPULAR], sizes) > s->until)
		return false;
	if (!run(s, &s->candidate[FALLBACK]) || !run(s, &s->candidate[POPULAR]))
		return false;
	for (int i = 0; i < n; i++)
		(void) run(s, some[i]);
	return true;
}

static void
search(Search *s)
{
	TuneCandidate *some[MOST_CANDIDATES];
	int			n = s->n;

	for (int i = 0; i < n; i++)
		some[i] = &s->candidate[i];
	begin_rung(s, 0, some, n, 1);
	if (!climb(s, some, n))
		return;
	n = sorted(s, some);
	n = Min(n, Max(n / 3, N_KEPT));
	begin_rung(s, 1, some, n, 4);
	if (!climb(s, some, n))
		return;
	try_all_variants(s, some);
	n = Min(sorted(s, some), N_FINAL);
	begin_rung(s, 2, some, n, 0);
	(void) climb(s, some, n);
}

/* ---- the choice --------------------------------------------------------- */

static void
say_choice(Search *s, AffinityTuneChoice *choice)
{
	TuneCandidate *best[MOST_CANDIDATES];
	const TuneCandidate *fallback = &s->candidate[FALLBACK];
	const TuneCandidate *popular = &s->candidate[POPULAR];
	const TuneCandidate *chosen;
	TuneDifference d;
	uint32		n_users;
	int			n;

	choice->verdict = AFFINITY_TUNE_UNSURE;
	choice->trials = s->trials;
	choice->work = s->spent;
	if (fallback->out || popular->out || fallback->rung < 0 ||
		popular->rung != fallback->rung)
		return;
	s->at = fallback->rung;
	n = sorted(s, best);
	n_users = s->rung[s->at].test->by_user.n_rows;
	chosen = affinity_tune_decide(best, n, fallback, n_users);
	if (chosen != fallback || best[0] == fallback)
		choice->verdict = AFFINITY_TUNE_CHOSEN;
	choice->algorithm = chosen->algorithm;
	choice->given = chosen->given;
	affinity_tune_compare(chosen, popular, n_users, &d);
	choice->users = d.users;
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
	Search		s = {.request = request, .context = CurrentMemoryContext};

	memset(choice, 0, sizeof(AffinityTuneChoice));
	choice->verdict = AFFINITY_TUNE_FEW;
	choice->ndcg = choice->popular = choice->low = choice->high = NAN;
	s.split = affinity_tune_split(request, &s.sizes);
	choice->split = s.split->kind;
	choice->as_of = s.split->as_of;
	choice->users = (uint32) s.sizes.test_users;
	s.median_age = affinity_tune_median_age(s.split);
	add_points(&s);
	choice->algorithm = s.candidate[FALLBACK].algorithm;
	choice->given = s.candidate[FALLBACK].given;
	if (s.sizes.test_users < FEWEST_USERS)
		return;
	search(&s);
	say_choice(&s, choice);
}
