/*
 * variants.c
 *		Variants of the best candidates, one group after the other.
 */
#include "postgres.h"

#include <math.h>

#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

#include "tune/search.h"

#define N_BASES		3			/* algorithms whose best have variants */
#define MOST_DOUBLED	3		/* steps of an option */

/*
 * Options, with more.
 */
static Jsonb *
with_options(Jsonb *given, Jsonb *more)
{
	return DatumGetJsonbP(DirectFunctionCall2(jsonb_concat,
											  JsonbPGetDatum(given),
											  JsonbPGetDatum(more)));
}

static Jsonb *
number(const char *name, double value)
{
	return affinity_tune_json(psprintf("{\"%s\": %.3g}", name, value));
}

/*
 * What a variant makes of a candidate; NULL: it is none of its variants.
 */
static Jsonb *
variant_of(const TuneSearch *s, const TuneCandidate *base, const TunePoint *variant)
{
	Jsonb	   *more;

	if (variant->algorithm &&
		strcmp(variant->algorithm, base->algorithm->name) != 0)
		return NULL;
	more = affinity_tune_point_options(s, variant);
	/* what has a half-life has been scaled */
	if (more && variant->by > 0 && !affinity_tune_option(base, "half_life", 0))
		more = with_options(more,
							number(variant->scaled, variant->by *
								   affinity_tune_in_force(s, base, variant->scaled)));
	return more == NULL ? NULL : with_options(base->given, more);
}

static bool
is_doubled(const TunePoint *variant)
{
	return variant->scaled && variant->by == 0;
}

/*
 * Was a candidate measured at the rung in use, and worse than another one by
 * more than the standard error?
 */
static bool
is_worse(const TuneSearch *s, const TuneCandidate *c, const TuneCandidate *base)
{
	TuneDifference d;

	if (c->rung != s->at || c->out || base->rung != s->at || base->out)
		return false;
	affinity_tune_compare(c, base, s->rung[s->at].n_users, &d);
	return d.mean < -d.error;
}

/*
 * Double an option of a candidate as long as that makes nothing worse; if it
 * makes nothing better either, halve it.
 */
static void
try_doubled(TuneSearch *s, const TuneCandidate *base, const char *name)
{
	double		value = affinity_tune_in_force(s, base, name);
	bool		better = false;

	for (double by = 2; by >= 0.5 && !better && value > 0; by /= 4)
	{
		const TuneCandidate *before = base;
		double		at = value;

		for (int i = 0; i < MOST_DOUBLED; i++)
		{
			TuneCandidate *c;

			at *= by;
			c = affinity_tune_add(s, base->algorithm,
								  with_options(base->given, number(name, at)));
			if (c == NULL || !affinity_tune_spend(s, c) || is_worse(s, c, base) ||
				is_worse(s, c, before))
				break;
			better |= c->mean > base->mean;
			before = c;
		}
	}
}

/*
 * Try a group of variants, from one on up to another, on a candidate. Where a
 * step made it worse, further ones that way are not taken; unless the candidate
 * is one of the group itself, so that the steps do not begin at it.
 */
static void
try_variants(TuneSearch *s, const TuneCandidate *base, int from, int to)
{
	const TuneCandidate *before = base;
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

		if (is_doubled(&affinity_tune_variants[v]))
		{
			try_doubled(s, base, affinity_tune_variants[v].scaled);
			continue;
		}
		if (!affinity_tune_variants[v].further)
		{
			stop = false;
			before = base;
		}
		if (given == NULL || stop)
			continue;
		c = affinity_tune_add(s, base->algorithm, given);
		if (c == NULL)
			continue;
		(void) affinity_tune_spend(s, c);
		stop = begins && (is_worse(s, c, base) || is_worse(s, c, before));
		before = c;
	}
}

/*
 * One group of variants after the other on the best of the best algorithms,
 * each from where the one before has come to.
 */
void
affinity_tune_vary(TuneSearch *s, TuneCandidate **best, bool again)
{
	int			from = 0;

	while (from < affinity_tune_n_variants)
	{
		const TuneCandidate *base[TUNE_ALGORITHMS];
		bool		all = affinity_tune_variants[from].group == TUNE_FOR_ALL && !again;
		int			n_bases = affinity_tune_bases(best, affinity_tune_ranked(s, best), base,
												  all ? TUNE_ALGORITHMS : N_BASES,
												  all ? TUNE_NOT_HOPELESS : TUNE_NOT_FAR);
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
 * What depends on how much data there is, of the best: of more data more may be
 * forgotten, and less has to be held back.
 */
void
affinity_tune_settle(TuneSearch *s, TuneCandidate **best)
{
	static const int group[] = {TUNE_HALF_LIVES, TUNE_SETTLED};

	for (int g = 0; g < (int) lengthof(group); g++)
	{
		int			n = affinity_tune_ranked(s, best);
		int			from = 0;
		int			to;

		while (affinity_tune_variants[from].group != group[g])
			from++;
		for (to = from; to < affinity_tune_n_variants &&
			 affinity_tune_variants[to].group == group[g];)
			to++;
		if (n > 0)
			try_variants(s, best[0], from, to);
	}
}
