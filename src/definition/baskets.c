/*
 * baskets.c
 *		A source of packed baskets: a query of user and basket.
 *
 * The view "interactions" over it gives their rows, so that whatever reads a
 * user's history, or all rows, needs to know nothing of baskets. A training
 * reads the baskets themselves.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "nodes/nodeFuncs.h"
#include "parser/parsetree.h"
#include "utils/lsyscache.h"

#include "basket/basket.h"
#include "definition/definition.h"

#define UNPACK "affinity.basket_items"

/*
 * If a query of n columns gives baskets, what these mean.
 */
bool
affinity_definition_baskets(Query * parsed, int n, TargetEntry * const *column,
							ModelDefinition *d)
{
	StringInfoData user;
	Oid			item_type;

	for (int i = 0; i < n; i++)
	{
		if (affinity_basket_type(exprType((Node *) column[i]->expr),
								 &item_type) && (n != 2 || i != 1))
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("basket column \"%s\" stands beside others",
							column[i]->resname),
					 errhint("Weights and times are in the basket: let the query give user and basket, and no more.")));
	}
	if (!affinity_basket_type(exprType((Node *) column[1]->expr), &item_type))
		return false;
	initStringInfo(&user);
	d->user_type = affinity_definition_source_id(parsed, column[0], "user",
												 "user_id", &user);
	d->item_type = item_type;
	d->weight_type = FLOAT8OID;
	d->has_time = true;
	d->at_type = TIMESTAMPTZOID;
	d->has_signal = false;
	d->resolved = affinity_definition_source_deparse(parsed);
	d->renamed = pstrdup("");
	d->body = psprintf("SELECT %s AS user_id, b.item_id AS item_id, b.weight AS weight, b.at AS at"
					   " FROM (\n%s\n) AS q(user_id, basket),"
					   " LATERAL " UNPACK "(q.basket) AS b(item_id, weight, at)",
					   user.data, d->resolved);
	d->baskets = psprintf("SELECT %s AS user_id, q.basket AS basket FROM (\n%s\n) AS q(user_id, basket)",
						  user.data, d->resolved);
	return true;
}

/*
 * Is an entry of FROM the rows of q's baskets?
 */
static bool
unpacks(const RangeTblEntry * entry)
{
	const		RangeTblFunction *function;
	const		FuncExpr *call;
	Oid			item_type;

	if (entry->rtekind != RTE_FUNCTION || list_length(entry->functions) != 1 ||
		entry->funcordinality)
		return false;
	function = linitial_node(RangeTblFunction, entry->functions);
	call = (const FuncExpr *) function->funcexpr;
	return IsA(call, FuncExpr) && list_length(call->args) == 1 &&
		IsA(linitial(call->args), Var) &&
		affinity_basket_type(exprType(linitial(call->args)), &item_type) &&
		strcmp(get_func_name(call->funcid), "basket_items") == 0;
}

/*
 * The entry that holds the source in a view over baskets, as was made above;
 * NULL: it is another view.
 */
RangeTblEntry *
affinity_definition_baskets_entry(const Query * view)
{
	List	   *from = view->jointree->fromlist;
	const		RangeTblRef *ref[2];

	if (list_length(from) != 2)
		return NULL;
	for (int i = 0; i < 2; i++)
	{
		if (!IsA(list_nth(from, i), RangeTblRef))
			return NULL;
		ref[i] = list_nth_node(RangeTblRef, from, i);
	}
	return unpacks(rt_fetch(ref[1]->rtindex, view->rtable)) ?
		rt_fetch(ref[0]->rtindex, view->rtable) : NULL;
}
