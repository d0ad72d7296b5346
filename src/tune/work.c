/*
 * work.c
 *		What a trial costs, in units of work: about the seconds that it takes
 *		two cores of 2020, estimated from numbers of rows, users and items.
 *
 * An estimate and not a clock, so that the same candidates are tried whatever
 * the machine is, and whatever else it does. Being wrong by a factor of two
 * does little harm: it makes a sample larger or smaller. Constants are seconds
 * of one core, fitted to trials of made-up sets (../../test/bench/auto) and of
 * Gowalla (810,000 pairs, 41,000 items), divided by how much faster two are.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "tune/search.h"

/* Seconds of one core are this many units. */
#define CORE_SECOND		0.625

/* Read and split a row for one trial. */
#define PER_ROW			(1.5e-7 * CORE_SECOND)
/* A pair of items of a user: counted, weighted, ranked. */
#define PER_PAIR_OF_ITEMS	(4e-9 * CORE_SECOND)
/* Ranking an entry of a list for a user's item. */
#define PER_LIST_ENTRY	(8e-9 * CORE_SECOND)
/* Dense ease: one item by another by a third. */
#define PER_CUBE		(1.5e-11 * CORE_SECOND)
/* One multiplication and addition where memory is read in order. */
#define PER_PRODUCT		(4e-11 * CORE_SECOND)
/* ials: of one iteration, by entries times factors, and by squares. */
#define PER_ENTRY		(1e-9 * CORE_SECOND)
#define PER_SQUARE		(8e-11 * CORE_SECOND)
/* Sparse ease: a candidate of an item. */
#define PER_CANDIDATE	(7e-7 * CORE_SECOND)
/* Low rank: of a multiplication by entries; of a round; folding, by items. */
#define PER_RANK_ENTRY	(7e-10 * CORE_SECOND)
#define PER_RANK_SQUARE	(8e-11 * CORE_SECOND)
#define PER_RANK_FOLD	(2e-11 * CORE_SECOND)
/* Multiplications and rounds of eigenvectors that stand still, mostly. */
#define EXACT_POWER		21
#define EXACT_ROUNDS	4

/*
 * Count what costs depend on: of what is trained on, and who is tested.
 */
void
affinity_tune_measure(const AffinityEvalSplit *split, TuneSizes *sizes)
{
	const AffinityJournal *journal = split->journal;
	bool	   *there = affinity_base_zeroed_array(journal->n_items,
												   sizeof(bool));

	memset(sizes, 0, sizeof(TuneSizes));
	sizes->rows = (double) split->train_rows;
	for (uint32 u = 0; u < journal->n_users; u++)
	{
		uint32		last = PG_UINT32_MAX;
		double		pairs = 0;
		bool		test = false;
		bool		history = false;

		for (int64 r = journal->start[u]; r < journal->start[u + 1]; r++)
		{
			uint32		item = journal->row[r].item;
			uint8		role = split->role[r];

			affinity_base_look_up(r);
			test |= (role & AFFINITY_EVAL_TEST) != 0;
			history |= (role & AFFINITY_EVAL_HISTORY) != 0;
			if ((role & AFFINITY_EVAL_TRAIN) == 0 || item == last)
				continue;
			last = item;
			pairs++;
			sizes->items += !there[item];
			there[item] = true;
		}
		sizes->users += pairs > 0;
		sizes->pairs += pairs;
		sizes->squares += pairs * pairs;
		sizes->test_users += test && history;
	}
	pfree(there);
}

/*
 * An option of a candidate by its name; otherwise where it has none.
 */
double
affinity_tune_option(const TuneCandidate *c, const char *name, double otherwise)
{
	for (int i = 0; i < c->algorithm->n_options; i++)
	{
		const AffinityOption *option = &c->algorithm->options[i];
		const char *at = (const char *) c->options + option->offset;

		if (strcmp(option->name, name) != 0)
			continue;
		switch (option->type)
		{
			case AFFINITY_OPTION_INT:
				return *(const int32 *) at;
			case AFFINITY_OPTION_REAL:
				return *(const double *) at;
			case AFFINITY_OPTION_ENUM:
				return *(const int *) at;
			case AFFINITY_OPTION_INTERVAL:
				return (double) *(const int64 *) at;
		}
	}
	return otherwise;
}

/*
 * The name that an option of words has.
 */
static bool
option_is(const TuneCandidate *c, const char *name, const char *value)
{
	for (int i = 0; i < c->algorithm->n_options; i++)
	{
		const AffinityOption *option = &c->algorithm->options[i];

		if (strcmp(option->name, name) == 0 && option->values)
			return strcmp(option->values[(int) affinity_tune_option(c, name, 0)],
						  value) == 0;
	}
	return false;
}

/*
 * The first eigenvectors of the graph of items, and the best of all products.
 */
static double
rank_work(const TuneCandidate *c, const TuneSizes *s)
{
	double		rank = Min(affinity_tune_option(c, "rank", 0), s->items);
	double		power = affinity_tune_option(c, "power_iterations", 0);
	double		rounds = power > 0 ? ceil(power / 2) : EXACT_ROUNDS;

	if (power == 0)
		power = EXACT_POWER;
	return rank * (power + 1) * s->pairs * PER_RANK_ENTRY +
		rank * rank * (s->items + 1.5 * rank) * rounds * PER_RANK_SQUARE +
		rank * s->items * s->items * PER_RANK_FOLD;
}

/*
 * Weights between items. An item has no more candidates than it shares users
 * with.
 */
static double
ease_work(const TuneCandidate *c, const TuneSizes *s)
{
	if (option_is(c, "method", "dense"))
		return s->items * s->items * s->items * PER_CUBE;
	return s->items * PER_CANDIDATE *
		Min(affinity_tune_option(c, "candidates", 0), s->squares / Max(s->items, 1));
}

/*
 * Units of work of a candidate's trial.
 */
double
affinity_tune_work(const TuneCandidate *c, const TuneSizes *s)
{
	double		work = s->rows * PER_ROW;
	double		factors = affinity_tune_option(c, "factors", 0);
	double		history = s->pairs / Max(s->users, 1);
	double		test_users = Min(s->test_users, TUNE_MOST_USERS);

	if (strcmp(c->algorithm->name, "ease") == 0)
		work += ease_work(c, s);
	if (c->algorithm->has_neighbors)
		work += s->squares * PER_PAIR_OF_ITEMS;
	work += rank_work(c, s);
	if (c->algorithm->has_factors)
		work += affinity_tune_option(c, "iterations", 1) *
			(s->pairs * factors * PER_ENTRY +
			 (s->users + s->items) * factors * factors * PER_SQUARE);
	if (c->algorithm->has_neighbors)
		work += test_users * history * PER_LIST_ENTRY *
			Min(affinity_tune_option(c, "neighbors", 100), s->items);
	else
		work += test_users * s->items * factors * PER_PRODUCT;
	return work;
}
