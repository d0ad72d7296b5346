/*
 * whatif.h
 *		Between the files of the room.
 */
#ifndef AFFINITY_ADVICE_WHATIF_H
#define AFFINITY_ADVICE_WHATIF_H

#include "nodes/parsenodes.h"
#include "nodes/pathnodes.h"

#include "advice/advice.h"
#include "base/base.h"

/*
 * What a query compares for equality, with its parameter or with something of
 * another relation: a column, or an expression over one relation.
 */
typedef struct AdviceKey
{
	Oid			relation;		/* that CREATE INDEX would name */
	List	   *members;		/* OIDs: the same, and its partitions */
	Node	   *expr;			/* Vars are of relation number 1 */
	Oid			family;			/* of the btree that has the operator */
	Oid			collation;
	bool		is_parameter;	/* it is compared with the parameter */
	Oid			index;			/* of the index that is not there */
	bool		indexed;		/* plan as if it were */
	double		distinct;		/* plan as if statistics said so; 0: as is */
} AdviceKey;

/* A query, and what was learned of it in planning it. */
typedef struct AdviceQuery
{
	const char *sql;
	const char *noun;			/* what the parameter is */
	Query	   *query;
	List	   *keys;			/* of AdviceKey * */
	List	   *blocks;			/* of char *: where the parameter gets stuck */
	Oid			whole;			/* what is read whatever the parameter is */
	double		whole_cost;
	const char *whole_for;
	double		cost;			/* of the last plan */
	double		rows;
} AdviceQuery;

/* plan.c */
extern void affinity_advice_plan(AdviceQuery *q);
extern Node *affinity_advice_expr_in(const AdviceKey *key, Oid relation,
									 Index varno);
extern Node *affinity_advice_unlabeled(Node *expr);

/* collect.c */
extern void affinity_advice_collect(AdviceQuery *q, PlannerInfo * root,
									RelOptInfo * rel, RangeTblEntry * rte);
extern void affinity_advice_note(List **notes, const char *note);

/* statistics.c */
extern double affinity_advice_distinct(const AdviceKey *key, double distinct,
									   bool single, List **statements,
									   List **reasons);

/* index.c */
extern char *affinity_advice_relation(Oid relation);
extern char *affinity_advice_expr_text(const AdviceKey *key);
extern void affinity_advice_index(const AdviceKey *key, List **statements,
								  List **reasons);

#endif							/* AFFINITY_ADVICE_WHATIF_H */
