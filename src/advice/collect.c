/*
 * collect.c
 *		What the planner knows of a query's relations, after it has flattened
 *		and pushed down what it can: what is compared with what, where the
 *		parameter gets stuck, and what is read whatever the parameter is.
 */
#include "postgres.h"

#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "commands/defrem.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "parser/parsetree.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "advice/whatif.h"

/* Keys that are tried at most; each is a few more plans. */
#define MOST_KEYS 64

void
affinity_advice_note(List **notes, const char *note)
{
	ListCell   *cell;

	foreach(cell, *notes)
	{
		if (strcmp(lfirst(cell), note) == 0)
			return;
	}
	*notes = lappend(*notes, pstrdup(note));
}

/* ---- the parameter ----------------------------------------------------- */

static bool
has_parameter(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, Param))
		return ((Param *) node)->paramkind == PARAM_EXTERN;
	return expression_tree_walker(node, has_parameter, context);
}

static bool
restricts(List *clauses)
{
	ListCell   *cell;

	foreach(cell, clauses)
	{
		RestrictInfo *clause = lfirst_node(RestrictInfo, cell);

		if (has_parameter((Node *) clause->clause, NULL))
			return true;
	}
	return false;
}

/*
 * What keeps a condition out of a query, or makes it read much.
 */
static const char *
words_of(const Query * query)
{
	if (query->limitCount || query->limitOffset)
		return "LIMIT";
	if (query->hasWindowFuncs)
		return "a window function";
	if (query->groupingSets)
		return "GROUPING SETS";
	if (query->distinctClause)
		return query->hasDistinctOn ? "DISTINCT ON" : "DISTINCT";
	if (query->setOperations &&
		castNode(SetOperationStmt, query->setOperations)->op == SETOP_EXCEPT)
		return "EXCEPT";
	if (query->groupClause)
		return query->havingQual && !has_parameter(query->havingQual, NULL) ?
			"GROUP BY and HAVING" : "GROUP BY";
	if (query->hasAggs)
		return "an aggregate";
	if (query->hasTargetSRFs)
		return "a function that returns a set";
	return NULL;
}

/*
 * The words of a query or, in a set operation, of one of its parts.
 */
static const char *
words_in(const Query * query)
{
	const char *words = words_of(query);
	ListCell   *cell;

	if (words || query->setOperations == NULL)
		return words;
	foreach(cell, query->rtable)
	{
		const		RangeTblEntry *entry = lfirst_node(RangeTblEntry, cell);

		if (entry->rtekind == RTE_SUBQUERY &&
			(words = words_in(entry->subquery)) != NULL)
			return words;
	}
	return NULL;
}

/*
 * The condition on the parameter has come as far as this relation.
 */
static void
note_block(AdviceQuery *q, const RangeTblEntry * rte)
{
	const char *words;

	switch (rte->rtekind)
	{
		case RTE_SUBQUERY:
			words = words_in(rte->subquery);
			if (words == NULL)
				words = rte->security_barrier ?
					"a view with security_barrier or row-level security" :
					"a volatile expression";
			affinity_advice_note(&q->blocks,
								 psprintf("The condition on the %s cannot be pushed below %s.",
										  q->noun, words));
			break;
		case RTE_CTE:
			affinity_advice_note(&q->blocks,
								 psprintf("The condition on the %s cannot be pushed into WITH %s.",
										  q->noun, quote_identifier(rte->ctename)));
			break;
		case RTE_FUNCTION:
		case RTE_TABLEFUNC:
			affinity_advice_note(&q->blocks,
								 psprintf("The condition on the %s cannot be pushed into a function in FROM.",
										  q->noun));
			break;
		default:
			break;
	}
}

/* ---- keys -------------------------------------------------------------- */

/*
 * Is the expression of a type whose indexes know one of the operators?
 * Relabeling is taken off where the index of what is below serves as well.
 */
static Oid
index_family(Node **expr, List *families)
{
	for (;;)
	{
		Oid			opclass = GetDefaultOpClass(exprType(*expr),
												BTREE_AM_OID);
		Oid			family = OidIsValid(opclass) ?
			get_opclass_family(opclass) : InvalidOid;

		if (IsA(*expr, RelabelType))
		{
			Node	   *below = (Node *) ((RelabelType *) * expr)->arg;
			Oid			of_below = index_family(&below, families);

			if (OidIsValid(of_below))
			{
				*expr = below;
				return of_below;
			}
		}
		return list_member_oid(families, family) ? family : InvalidOid;
	}
}

static bool
is_system_column(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, Var))
		return ((Var *) node)->varattno <= 0;
	return expression_tree_walker(node, is_system_column, context);
}

static void
add_key(AdviceQuery *q, const AdviceKey *new)
{
	AdviceKey  *key;
	ListCell   *cell;

	foreach(cell, q->keys)
	{
		key = lfirst(cell);
		if (key->relation == new->relation &&
			key->collation == new->collation && equal(key->expr, new->expr))
		{
			key->is_parameter |= new->is_parameter;
			return;
		}
	}
	if (list_length(q->keys) >= MOST_KEYS)
		return;
	key = palloc(sizeof(AdviceKey));
	*key = *new;
	/* no relation has it: OIDs are given from the other end */
	key->index = PG_UINT32_MAX - (Oid) list_length(q->keys);
	q->keys = lappend(q->keys, key);
}

/*
 * An index on a partitioned table is one on all its partitions, but not that
 * on a table that others inherit from.
 */
static void
add_keys(AdviceQuery *q, AdviceKey *key, const RangeTblEntry * rte)
{
	AdviceKey	one = *key;
	ListCell   *cell;

	if (!rte->inh || rte->relkind == RELKIND_PARTITIONED_TABLE)
	{
		key->members = rte->inh ?
			find_all_inheritors(rte->relid, AccessShareLock, NULL) :
			list_make1_oid(rte->relid);
		add_key(q, key);
		return;
	}
	foreach(cell, find_all_inheritors(rte->relid, AccessShareLock, NULL))
	{
		one.relation = lfirst_oid(cell);
		one.members = list_make1_oid(one.relation);
		one.expr = affinity_advice_expr_in(key, one.relation, 1);
		add_key(q, &one);
	}
}

/*
 * Something of a relation is compared for equality.
 */
static void
consider(AdviceQuery *q, PlannerInfo * root, const RelOptInfo * rel,
		 const RangeTblEntry * rte, Node *expr, List *families, Oid collation,
		 bool is_parameter)
{
	AdviceKey	key = {0};

	if (rte->relkind != RELKIND_RELATION && rte->relkind != RELKIND_MATVIEW &&
		rte->relkind != RELKIND_PARTITIONED_TABLE)
		return;
	if (!bms_equal(pull_varnos(root, expr), rel->relids) ||
		contain_subplans(expr) || is_system_column(expr, NULL))
		return;
	if (contain_mutable_functions(expr))
	{
		if (is_parameter)
			affinity_advice_note(&q->blocks,
								 psprintf("The %s is computed by what is not immutable, which no index can hold.",
										  q->noun));
		return;
	}
	key.relation = rte->relid;
	key.is_parameter = is_parameter;
	key.family = index_family(&expr, families);
	if (!OidIsValid(key.family))
		return;
	key.collation = collation;
	key.expr = expr;
	/* from the query's number of the relation to 1 */
	key.expr = affinity_advice_expr_in(&key, rte->relid, 1);
	add_keys(q, &key, rte);
}

/*
 * A condition on the relation alone: with the parameter, or with what another
 * query level gives.
 */
static void
consider_restriction(AdviceQuery *q, PlannerInfo * root,
					 const RelOptInfo * rel, const RangeTblEntry * rte,
					 const RestrictInfo * restriction)
{
	const		OpExpr *clause = (OpExpr *) restriction->clause;
	Node	   *value;
	Node	   *expr;

	if (!IsA(clause, OpExpr) || list_length(clause->args) != 2)
		return;
	value = affinity_advice_unlabeled(linitial(clause->args));
	expr = lsecond(clause->args);
	if (!IsA(value, Param))
	{
		value = affinity_advice_unlabeled(lsecond(clause->args));
		expr = linitial(clause->args);
	}
	if (IsA(value, Param))
		consider(q, root, rel, rte, expr,
				 get_mergejoin_opfamilies(clause->opno), clause->inputcollid,
				 ((Param *) value)->paramkind == PARAM_EXTERN);
}

/*
 * A condition that joins, where it is no equivalence: of an outer join.
 */
static void
consider_join(AdviceQuery *q, PlannerInfo * root, const RelOptInfo * rel,
			  const RangeTblEntry * rte, const RestrictInfo * restriction)
{
	const		OpExpr *clause = (OpExpr *) restriction->clause;

	if (!IsA(clause, OpExpr) || restriction->mergeopfamilies == NIL)
		return;
	if (bms_equal(restriction->left_relids, rel->relids))
		consider(q, root, rel, rte, linitial(clause->args),
				 restriction->mergeopfamilies, clause->inputcollid, false);
	if (bms_equal(restriction->right_relids, rel->relids))
		consider(q, root, rel, rte, lsecond(clause->args),
				 restriction->mergeopfamilies, clause->inputcollid, false);
}

static void
consider_equivalences(AdviceQuery *q, PlannerInfo * root,
					  const RelOptInfo * rel, const RangeTblEntry * rte)
{
	ListCell   *cell;
	ListCell   *of_class;

	foreach(cell, root->eq_classes)
	{
		const		EquivalenceClass *class = lfirst(cell);

		if (class->ec_has_const || class->ec_has_volatile ||
			bms_membership(class->ec_relids) != BMS_MULTIPLE)
			continue;
		foreach(of_class, affinity_base_class_members(class, rel))
		{
			EquivalenceMember *member = lfirst(of_class);

			if (bms_equal(member->em_relids, rel->relids))
				consider(q, root, rel, rte, (Node *) member->em_expr,
						 class->ec_opfamilies, class->ec_collation, false);
		}
	}
}

/* ---- what is read as a whole ------------------------------------------- */

static void
note_whole(AdviceQuery *q, const PlannerInfo * root, const RelOptInfo * rel,
		   const RangeTblEntry * rte)
{
	Cost		cost = -1;
	ListCell   *cell;

	foreach(cell, rel->pathlist)
	{
		const		Path *path = lfirst(cell);

		/* it can be joined row by row */
		if (path->param_info)
			return;
		if (cost < 0 || path->total_cost < cost)
			cost = path->total_cost;
	}
	/* of equals the last: the planner tries first what the query is not */
	if (cost < q->whole_cost)
		return;
	q->whole_cost = cost;
	q->whole = rte->relid;
	q->whole_for = NULL;
	for (; root && q->whole_for == NULL; root = root->parent_root)
		q->whole_for = words_in(root->parse);
}

/* ---- a relation -------------------------------------------------------- */

/*
 * Is it a part of a relation that is seen as a whole?
 */
static bool
is_part(const PlannerInfo * root, const RelOptInfo * rel)
{
	const		AppendRelInfo *append = root->append_rel_array ?
		root->append_rel_array[rel->relid] : NULL;

	return append && root->simple_rte_array[append->parent_relid]->rtekind ==
		RTE_RELATION;
}

/*
 * The planner has found the ways to read a relation.
 */
void
affinity_advice_collect(AdviceQuery *q, PlannerInfo * root, RelOptInfo * rel,
						RangeTblEntry * rte)
{
	bool		restricted = restricts(rel->baserestrictinfo);
	ListCell   *cell;

	if (has_parameter(root->parse->havingQual, NULL))
		affinity_advice_note(&q->blocks,
							 psprintf("The %s is the result of an aggregate.",
									  q->noun));
	if (restricts(rel->joininfo))
		affinity_advice_note(&q->blocks,
							 psprintf("The %s is computed from more than one table.",
									  q->noun));
	if (restricted)
		note_block(q, rte);
	if (rte->rtekind != RTE_RELATION || is_part(root, rel))
		return;
	foreach(cell, rel->baserestrictinfo)
		consider_restriction(q, root, rel, rte, lfirst_node(RestrictInfo,
															cell));
	foreach(cell, rel->joininfo)
		consider_join(q, root, rel, rte, lfirst_node(RestrictInfo, cell));
	consider_equivalences(q, root, rel, rte);
	if (!restricted || rte->relkind == RELKIND_FOREIGN_TABLE)
		note_whole(q, root, rel, rte);
}
