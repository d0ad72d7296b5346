/*
 * options.c
 *		What a search for auto may try: points and variants as options of
 *		algorithms, each once, and what that allows to spend.
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

#include "algorithm/algorithm.h"
#include "tune/search.h"

/* What may be spent whatever that is in trainings, and in these. */
#define LEAST_LIMIT		16
#define MOST_TRAININGS	10

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
Jsonb *
affinity_tune_point_options(const TuneSearch *s, const TunePoint *point)
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
TuneCandidate *
affinity_tune_add(TuneSearch *s, const AffinityAlgorithm *algorithm, Jsonb *given)
{
	TuneCandidate *c = &s->candidate[s->n];

	for (int i = 0; i < s->n; i++)
	{
		if (s->candidate[i].algorithm == algorithm &&
			compareJsonbContainers(&s->candidate[i].given->root,
								   &given->root) == 0)
			return &s->candidate[i];
	}
	if (s->n == TUNE_MOST_CANDIDATES)
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
	c->out = s->n > TUNE_FALLBACKS + TUNE_N_FALLBACKS &&
		c->work > TUNE_MOST_OF_BUDGET * s->request->budget;
	return c;
}

/*
 * A number that an option of a candidate is, of everything, also where it is
 * "auto". NaN: it has none.
 */
double
affinity_tune_in_force(const TuneSearch *s, const TuneCandidate *c, const char *name)
{
	TuneCandidate settled = *c;

	settled.options = palloc(c->algorithm->options_size);
	memcpy(settled.options, c->options, c->algorithm->options_size);
	if (c->algorithm->sampled)
		c->algorithm->sampled(settled.options, s->sizes.users, 1);
	return affinity_tune_option(&settled, name, NAN);
}

void
affinity_tune_add_points(TuneSearch *s)
{
	Jsonb	   *seen = NULL;

	if (strcmp(s->request->seen, "all") != 0)
		seen = affinity_tune_json(psprintf("{\"seen\": \"%s\"}", s->request->seen));
	s->candidate = palloc(TUNE_MOST_CANDIDATES * sizeof(TuneCandidate));
	for (int i = 0; i < affinity_tune_n_points; i++)
	{
		const TunePoint *point = &affinity_tune_points[i];
		Jsonb	   *given = affinity_tune_point_options(s, point);

		if (given && seen)
			given = DatumGetJsonbP(DirectFunctionCall2(jsonb_concat,
													   JsonbPGetDatum(given),
													   JsonbPGetDatum(seen)));
		if (given)
			(void) affinity_tune_add(s, affinity_algorithm_find(point->algorithm), given);
	}
	s->limit = LEAST_LIMIT;
	for (int i = 0; i < s->n; i++)
	{
		if (!s->candidate[i].out)
			s->limit = Max(s->limit, MOST_TRAININGS * s->candidate[i].work);
	}
	s->limit = Min(s->limit, s->request->budget);
}
