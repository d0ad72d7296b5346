/*
 * statistics.c
 *		Are the planner's statistics of a key what they could be?
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_class.h"
#include "catalog/pg_statistic.h"
#include "storage/bufmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "advice/whatif.h"

/* Statistics are old if the table is larger than this, and some pages, now. */
#define GROWN 1.2
#define GROWN_PAGES 10

/* They are wrong if there are so many times more values than they say. */
#define TOO_FEW 4

/* Rows of a value of a column of which nothing is known. */
#define ROWS_OF_UNKNOWN 10

/* What the statistics of a relation say of a key. */
typedef struct Known
{
	bool		never;			/* nothing */
	bool		grown;			/* what was true of a smaller table */
	double		rows;
	double		distinct;		/* 0: they do not say */
} Known;

/*
 * Of an expression's index there are statistics if there was one before.
 */
static void
know(const AdviceKey *key, Oid relation, Known *known)
{
	Relation	rel = table_open(relation, AccessShareLock);
	BlockNumber pages;

	memset(known, 0, sizeof(Known));
	if (!RELKIND_HAS_STORAGE(rel->rd_rel->relkind))
	{
		table_close(rel, AccessShareLock);
		return;
	}
	pages = RelationGetNumberOfBlocks(rel);
	known->rows = rel->rd_rel->reltuples;
	known->grown = pages > rel->rd_rel->relpages * GROWN + GROWN_PAGES;
	known->never = rel->rd_rel->reltuples < 0;
	if (IsA(key->expr, Var))
	{
		Node	   *var = affinity_advice_expr_in(key, relation, 1);
		HeapTuple	tuple = SearchSysCache3(STATRELATTINH,
											ObjectIdGetDatum(relation),
											Int16GetDatum(((Var *) var)->varattno),
											BoolGetDatum(false));

		if (HeapTupleIsValid(tuple))
		{
			known->distinct = ((Form_pg_statistic) GETSTRUCT(tuple))->stadistinct;
			if (known->distinct < 0)
				known->distinct *= -known->rows;
			ReleaseSysCache(tuple);
		}
		else
			known->never = true;
	}
	/* of nothing there are no statistics */
	if (pages == 0)
		known->never = false;
	table_close(rel, AccessShareLock);
}

static void
say_analyze(const AdviceKey *key, List **statements, List **reasons,
			const char *reason)
{
	affinity_advice_note(statements,
						 psprintf("ANALYZE %s",
								  affinity_advice_relation(key->relation)));
	affinity_advice_note(reasons, reason);
}

/*
 * ANALYZE sees few rows of a large table, and of a user who has few rows
 * close to each other it sees none or several.
 */
static void
say_distinct(const AdviceKey *key, const Known *known, double distinct,
			 List **statements, List **reasons)
{
	char	   *relation = affinity_advice_relation(key->relation);
	char	   *column = affinity_advice_expr_text(key);

	affinity_advice_note(statements,
						 psprintf("ALTER %s %s ALTER COLUMN %s SET (n_distinct = %.5f)",
								  get_rel_relkind(key->relation) ==
								  RELKIND_MATVIEW ?
								  "MATERIALIZED VIEW" : "TABLE",
								  relation, column,
								  -Min(1.0, distinct / known->rows)));
	say_analyze(key, statements, reasons,
				psprintf("By its statistics, column %s of %s has %.0f different values, and there are %.0f at least.",
						 column, relation, known->distinct, distinct));
}

/*
 * How many different values of a key the planner should count with, as
 * pg_statistic has it, because it does not know; 0: it knows. What would tell
 * it goes to statements, where they are not NULL. The key's relation gives
 * distinct values; single: no other relation does.
 */
double
affinity_advice_distinct(const AdviceKey *key, double distinct, bool single,
						 List **statements, List **reasons)
{
	bool		never = !IsA(key->expr, Var);
	bool		grown = false;
	Known		known = {0};
	ListCell   *cell;

	foreach(cell, key->members)
	{
		know(key, lfirst_oid(cell), &known);
		never |= known.never;
		grown |= known.grown;
	}
	if (never || grown)
	{
		if (statements && !IsA(key->expr, Var) && !known.never && !grown)
			say_analyze(key, statements, reasons,
						psprintf("There are no statistics of %s.",
								 affinity_advice_expr_text(key)));
		else if (statements)
			say_analyze(key, statements, reasons, never ?
						psprintf("%s was never analyzed.",
								 affinity_advice_relation(key->relation)) :
						psprintf("%s has grown since it was analyzed.",
								 affinity_advice_relation(key->relation)));
		return key->is_parameter ? distinct : -1.0 / ROWS_OF_UNKNOWN;
	}
	if (key->is_parameter && single && list_length(key->members) == 1 &&
		known.distinct > 0 && known.distinct * TOO_FEW < distinct)
	{
		if (statements)
			say_distinct(key, &known, distinct, statements, reasons);
		return distinct;
	}
	return 0;
}
