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
static const double spent_by[] = {0.3, 0.65, 1};
#define SPENT_ON_ALL	0.75	/* by the first, where that is of all rows */
/* What may be spent whatever that is in trainings, and in these. */
#define LEAST_LIMIT		12
#define MOST_TRAININGS	10
/* Part of the budget that a training of everything may take. */
#define MOST_OF_BUDGET	0.8

#define N_RUNGS		((int) lengthof(spent_by))
#define N_KEPT		4			/* at least, after the first */
#define N_FINAL		4
#define N_BASES		3			/* algorithms whose best have variants */
#define N_ROUNDS	2			/* of all variants */
#define MOST_CANDIDATES	256

/* The first points: the reference, and fallbacks, the best that is to be had. */
#define POPULAR		0
#define FALLBACKS	1
#define N_FALLBACKS	2

typedef struct Search
{
	const AffinityTuneRequest *request;
	AffinityEvalSplit *split[TUNE_MOST_FOLDS];
	int			n_folds;
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
 * times, or ages of nothing, or too few users.
 */
static Jsonb *
point_options(const Search *s, const TunePoint *point)
{
	StringInfoData json;

	if (s->sizes.users < point->users)
		return NULL;
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
 * Add a candidate unless it is there already. NULL: there are too many.
 */
static TuneCandidate *
add(Search *s, const AffinityAlgorithm *algorithm, Jsonb *given)
{
	TuneCandidate *c = &s->candidate[s->n];

	for (int i = 0; i < s->n; i++)
	{
		if (s->candidate[i].algorithm == algorithm &&
			compareJsonbContainers(&s->candidate[i].given->root,
								   &given->root) == 0)
			return &s->candidate[i];
	}
	if (s->n == MOST_CANDIDATES)
		return NULL;
	s->n++;
	memset(c, 0, sizeof(TuneCandidate));
	c->algorithm = algorithm;
	c->given = given;
	c->options = affinity_train_options_parse(algorithm, given);
	c->rank = family_of(algorithm) * 100 + (int) JB_ROOT_COUNT(given);
	c->rung = -1;
	/* what could not be trained within the budget is not to be chosen */
	c->work = affinity_tune_work(c, &s->sizes);
	c->out = s->n > FALLBACKS + N_FALLBACKS &&
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
			(void) add(s, affinity_algorithm_find(point->algorithm), given);
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
static int
sorted(const Search *s, TuneCandidate **best)
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
make_rung(const Search *s, TuneRung *rung, double part)
{
	memset(rung, 0, sizeof(TuneRung));
	rung->measure = &affinity_tune_usual;
	rung->part = part;
	rung->n_folds = Max((int) part, 1);
	for (int i = 0; i < rung->n_folds; i++)
		rung->split[i] = part >= 1 ? s->split[i] :
			affinity_eval_thin(s->split[i], sqrt(part), sqrt(part),
							   s->request->seed);
	affinity_tune_measure(rung->split[0], &rung->sizes);
}

static void
make_tests(const Search *s, TuneRung *rung)
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
 * Set up a rung: the largest part of the rows on which some candidates can be
 * tried so many times with what may be spent by then, but no part too small to
 * tell anything.
 */
static void
begin_rung(Search *s, int no, TuneCandidate *const *some, int n, double times)
{
	TuneRung   *rung = &s->rung[no];
	double		room = s->limit * spent_by[no] - s->spent;

	make_rung(s, rung, s->n_folds);
	for (double part = less(s->n_folds); part >= LEAST_PART; part = less(part))
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
 * What a variant makes of a candidate; NULL: it is none of its variants.
 */
static Jsonb *
variant_of(const Search *s, const TuneCandidate *base, const TunePoint *variant)
{
	Jsonb	   *more;

	if (variant->algorithm &&
		strcmp(variant->algorithm, base->algorithm->name) != 0)
		return NULL;
	more = point_options(s, variant);
	return more == NULL ? NULL :
		DatumGetJsonbP(DirectFunctionCall2(jsonb_concat,
										   JsonbPGetDatum(base->given),
										   JsonbPGetDatum(more)));
}

/*
 * Was a candidate measured at the rung in use, and worse than another one by
 * more than the standard error?
 */
static bool
is_worse(const Search *s, const TuneCandidate *c, const TuneCandidate *base)
{
	TuneDifference d;

	if (c->rung != s->at || c->out)
		return false;
	affinity_tune_compare(c, base, s->rung[s->at].n_users, &d);
	return d.mean < -d.error;
}

/*
 * Try a group of variants, from one on up to another, on a candidate. Where a
 * step made it worse, further ones that way are not taken; unless the candidate
 * is one of the group itself, so that the steps do not begin at it.
 */
static void
try_variants(Search *s, const TuneCandidate *base, int from, int to)
{
	bool		begins = true;
	bool		stop = false;

	for (int v = from; v < to; v++)
	{
		Jsonb	   *given = variant_of(s, base, &affinity_tune_variants[v]);

		if (given && compareJsonbContainers(&given->root,
											&base->given->root) == 0)
			begins = false;
	}
	for (int v = from; v < to; v++)
	{
		Jsonb	   *given = variant_of(s, base, &affinity_tune_variants[v]);
		TuneCandidate *c;

		if (!affinity_tune_variants[v].further)
			stop = false;
		if (given == NULL || stop)
			continue;
		c = add(s, base->algorithm, given);
		if (c == NULL)
			continue;
		(void) run(s, c);
		stop = begins && is_worse(s, c, base);
	}
}

/*
 * One group of variants after the other on the best of the best algorithms,
 * each from where the one before has come to.
 */
static void
try_all_variants(Search *s, TuneCandidate **best)
{
	int			from = 0;

	while (from < affinity_tune_n_variants)
	{
		const TuneCandidate *base[N_BASES];
		int			n_bases = affinity_tune_bases(best, sorted(s, best), base,
												  N_BASES);
		int			to = from;

		while (to < affinity_tune_n_variants &&
			   affinity_tune_variants[to].group == affinity_tune_variants[from].group)
			to++;
		for (int i = 0; i < n_bases; i++)
			try_variants(s, base[i], from, to);
		from = to;
	}
}

/*
 * The first fallback that was measured at the rung in use, NULL: none.
 */
static TuneCandidate *
fallback_of(const Search *s)
{
	for (int i = FALLBACKS; i < FALLBACKS + N_FALLBACKS; i++)
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
climb(Search *s, TuneCandidate *const *some, int n)
{
	const TuneRung *rung = &s->rung[s->at];

	for (int i = 0; i < FALLBACKS + N_FALLBACKS; i++)
	{
		TuneCandidate *c = &s->candidate[i];

		if (!c->out && c->rung != s->at && s->spent + rung->n_folds *
			affinity_tune_work(c, &rung->sizes) > s->until)
			return false;
		/* another fallback where the first cannot be trained */
		if (run(s, c) && i >= FALLBACKS)
			break;
	}
	if (s->candidate[POPULAR].out || fallback_of(s) == NULL)
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
	for (int round = 0; round < N_ROUNDS; round++)
		try_all_variants(s, some);
	n = affinity_tune_finalists(some, sorted(s, some), N_FINAL, s->sizes.users);
	begin_rung(s, 2, some, n, 1);
	if (climb(s, some, n) && s->rung[2].part <= s->rung[1].part)
		try_all_variants(s, some);	/* with what is left */
}

/* ---- the choice --------------------------------------------------------- */

static void
say_choice(Search *s, AffinityTuneChoice *choice)
{
	TuneCandidate *best[MOST_CANDIDATES];
	const TuneCandidate *fallback;
	const TuneCandidate *popular = &s->candidate[POPULAR];
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
	n = sorted(s, best);
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
	Search		s = {.request = request, .context = CurrentMemoryContext};

	memset(choice, 0, sizeof(AffinityTuneChoice));
	choice->verdict = AFFINITY_TUNE_FEW;
	choice->ndcg = choice->popular = choice->low = choice->high = NAN;
	s.n_folds = affinity_tune_split(request, s.split, &s.sizes);
	choice->split = s.split[0]->kind;
	choice->as_of = s.split[0]->as_of;
	choice->users = (uint32) s.sizes.test_users;
	s.median_age = affinity_tune_median_age(s.split[0]);
	add_points(&s);
	for (int i = FALLBACKS; i < FALLBACKS + N_FALLBACKS; i++)
	{
		choice->algorithm = s.candidate[i].algorithm;
		choice->given = s.candidate[i].given;
		if (s.candidate[i].work <= MOST_OF_BUDGET * request->budget)
			break;
	}
	if (s.sizes.test_users < FEWEST_USERS)
		return;
	search(&s);
	say_choice(&s, choice);
}
