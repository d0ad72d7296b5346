/*
 * find.c
 *		From a query that is slow to the statements that make it fast.
 *
 * What could help is tried in the planner: statistics first, which cost
 * nothing, then indexes, then both. Of the indexes those are left out without
 * which the plan is hardly dearer.
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "tcop/tcopprot.h"
#include "utils/lsyscache.h"

#include "advice/whatif.h"

/* Indexes that do not change the cost by more than this are not needed. */
#define HARDLY_DEARER(cost) ((cost) * 1.5 + 10)

/* What makes a plan so many times cheaper is worth it, if it is slow still. */
#define WORTH 4

/* A cost that is only tried is right to about this much. */
#define MARGIN 0.8

/*
 * Plan with the indexes of all keys that the plan without is dearer for.
 */
static void
leave_out(AdviceQuery *q)
{
	double		most = HARDLY_DEARER(q->cost);

	/* those of joins first: a user's index is the better one */
	for (int of_parameter = 0; of_parameter <= 1; of_parameter++)
	{
		ListCell   *cell;

		foreach(cell, q->keys)
		{
			AdviceKey  *key = lfirst(cell);

			if (key->is_parameter != (bool) of_parameter || !key->indexed)
				continue;
			key->indexed = false;
			affinity_advice_plan(q);
			key->indexed = q->cost > most;
		}
	}
	affinity_advice_plan(q);
}

/*
 * Plan with or without all indexes and better statistics.
 */
static double
try(AdviceQuery *q, double distinct, bool indexes, bool statistics)
{
	int			of_parameter = 0;
	ListCell   *cell;

	foreach(cell, q->keys)
		of_parameter += ((AdviceKey *) lfirst(cell))->is_parameter;
	foreach(cell, q->keys)
	{
		AdviceKey  *key = lfirst(cell);

		key->indexed = indexes;
		key->distinct = statistics ?
			affinity_advice_distinct(key, distinct, of_parameter == 1,
									 NULL, NULL) : 0;
	}
	affinity_advice_plan(q);
	return q->cost;
}

/*
 * Statements for what the last plan took as given.
 */
static void
say(AdviceQuery *q, double distinct, AffinityAdvice *advice)
{
	int			of_parameter = 0;
	ListCell   *cell;

	foreach(cell, q->keys)
	{
		const AdviceKey *key = lfirst(cell);

		of_parameter += key->is_parameter;
		if (key->indexed)
			affinity_advice_index(key, &advice->statements, &advice->reasons);
	}
	foreach(cell, q->keys)
	{
		const AdviceKey *key = lfirst(cell);

		if (key->distinct != 0 && (key->is_parameter || key->indexed))
			(void) affinity_advice_distinct(key, distinct, of_parameter == 1,
											&advice->statements,
											&advice->reasons);
	}
	advice->cost_then = q->cost;
}

/*
 * What no statement helps against.
 */
static void
say_blocks(AdviceQuery *q, double limit, AffinityAdvice *advice)
{
	advice->reasons = list_concat(advice->reasons, q->blocks);
	advice->blocked = q->blocks != NIL || OidIsValid(q->whole);
	if (OidIsValid(q->whole) &&
		(q->whole_cost > limit / 4 || q->blocks == NIL))
		affinity_advice_note(&advice->reasons,
							 psprintf("Every call reads all of %s%s%s%s.",
									  get_rel_relkind(q->whole) ==
									  RELKIND_FOREIGN_TABLE ?
									  "foreign table " : "",
									  affinity_advice_relation(q->whole),
									  q->whole_for ? ", because of " : "",
									  q->whole_for ? q->whole_for : ""));
	if (advice->reasons == NIL)
		affinity_advice_note(&advice->reasons,
							 psprintf("The plan expects %.0f rows of each %s, and finds them by index as it can.",
									  q->rows, q->noun));
}

/*
 * What makes a query cheaper than the limit, if it is not; the parameter is
 * one of so many different values.
 */
void
affinity_advice_find(const char *sql, Oid parameter, const char *noun,
					 double distinct, double limit, AffinityAdvice *advice)
{
	AdviceQuery q = {.sql = sql, .noun = noun};
	RawStmt    *raw = linitial_node(RawStmt, pg_parse_query(sql));

	memset(advice, 0, sizeof(AffinityAdvice));
	q.query = linitial_node(Query,
							pg_analyze_and_rewrite_fixedparams(raw, sql,
															   &parameter, 1,
															   NULL));
	affinity_advice_plan(&q);
	advice->cost = q.cost;
	advice->rows = q.rows;
	/* of what is not estimated there is nothing to be said */
	advice->slow = q.cost > limit;
	if (!advice->slow)
		return;
	if (try(&q, distinct, false, true) > limit * MARGIN &&
		try(&q, distinct, true, false) > limit * MARGIN)
		(void) try(&q, distinct, true, true);
	advice->enough = q.cost <= limit * MARGIN;
	if (advice->enough || (q.blocks == NIL && q.cost < advice->cost / WORTH))
	{
		leave_out(&q);
		say(&q, distinct, advice);
	}
	advice->rows = q.rows;
	if (!advice->enough)
		say_blocks(&q, limit, advice);
}
