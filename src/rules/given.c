/*
 * given.c
 *		What rules say of items by their ids: boosts, pinned and excluded ones.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"

#include "rules/book.h"

/*
 * A boost as a real.
 */
float
affinity_rules_check_boost(double boost, const char *item)
{
	float		factor = (float) boost;

	if (!(boost > 0) || !isfinite(factor) || factor == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("boost of item %s is %g, but must be a finite number above 0",
						item, boost),
				 errhint("What is not to be shown is not eligible; below 1 an item comes later, above 1 earlier, and NULL is 1.")));
	return factor;
}

/*
 * Go through an object in JSON of factors by item, and write them where they
 * belong; no request: only check it.
 */
static void
read_boosts(const char *json, const RuleRequest *q, const RuleIds *ids,
			float *factor)
{
	Jsonb	   *object = DatumGetJsonbP(DirectFunctionCall1(jsonb_in,
															CStringGetDatum(json)));
	JsonbIterator *it = JsonbIteratorInit(&object->root);
	JsonbIteratorToken token;
	JsonbValue	v;
	char	   *item = NULL;

	while ((token = JsonbIteratorNext(&it, &v, true)) != WJB_DONE)
	{
		Datum		id;
		int64		no;
		float		f;

		if (token == WJB_KEY)
			item = pnstrdup(v.val.string.val, v.val.string.len);
		if (token != WJB_VALUE || v.type == jbvNull)
			continue;
		if (v.type != jbvNumeric)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("boost of item %s is not a number", item),
					 errhint("Write it like {\"id of an item\": 2}.")));
		f = affinity_rules_check_boost(DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow,
																		  NumericGetDatum(v.val.numeric))),
									   item);
		if (q == NULL ||
			!affinity_rules_id_from_text(item, q->model->item_type, &id))
			continue;
		no = affinity_rules_number(ids, id, q->model->item_type);
		if (no >= 0)
			factor[no] = f;
	}
}

void
affinity_rules_check_boosts(const char *json)
{
	read_boosts(json, NULL, NULL, NULL);
}

/*
 * Factors of items that are named, and 1 for the others.
 */
void
affinity_rules_set_boosts(const RuleRequest *q, const char *json, const RuleIds *ids,
						  AffinityRules *rules)
{
	float	   *factor = affinity_base_array(q->model->n_items, sizeof(float));

	for (uint32 i = 0; i < q->model->n_items; i++)
		factor[i] = 1;
	read_boosts(json, q, ids, factor);
	rules->factor = factor;
}

/*
 * The numbers of items in a list of ids, in order, without those that the model
 * does not know.
 */
uint32 *
affinity_rules_read_list(const RuleRequest *q, const ArrayType *list, const RuleIds *ids,
						 uint32 *n)
{
	Datum	   *elements;
	int			n_elements;
	uint32	   *no;
	bool	   *there = affinity_base_zeroed_array(q->model->n_items,
												   sizeof(bool));

	deconstruct_array((ArrayType *) list, TEXTOID, -1, false, TYPALIGN_INT,
					  &elements, NULL, &n_elements);
	no = affinity_base_array(n_elements, sizeof(uint32));
	*n = 0;
	for (int i = 0; i < n_elements; i++)
	{
		Datum		id;
		int64		number;

		if (!affinity_rules_id_from_text(TextDatumGetCString(elements[i]),
										 q->model->item_type, &id))
			continue;
		number = affinity_rules_number(ids, id, q->model->item_type);
		if (number < 0 || there[number])
			continue;
		there[number] = true;
		no[(*n)++] = (uint32) number;
	}
	pfree(there);
	return no;
}

void
affinity_rules_exclude(const RuleRequest *q, const RuleIds *ids, AffinityRules *rules)
{
	Size		bytes = ((Size) q->model->n_items + 7) / 8;
	uint8	   *allowed = unconstify(uint8 *, rules->allowed);
	uint32		n;
	uint32	   *no = affinity_rules_read_list(q, q->set->exclude, ids, &n);

	if (allowed == NULL)
	{
		allowed = affinity_base_array(bytes, 1);
		memset(allowed, 0xff, bytes);
	}
	for (uint32 i = 0; i < n; i++)
		allowed[no[i] / 8] &= (uint8) ~(1 << (no[i] % 8));
	rules->allowed = allowed;
}
