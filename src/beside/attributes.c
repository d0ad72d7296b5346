/*
 * attributes.c
 *		The query that says what is known of items: do its columns mean item
 *		and tags, or item and embedding? And reading it.
 *
 * The definition keeps its text, every name qualified, as that of the source
 * is kept. There is no view of it: nothing but training reads it, and it may go
 * without the model.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "nodes/nodeFuncs.h"
#include "parser/parse_coerce.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "beside/beside.h"

#define EXPECTED "The query must give item and tags (text or text[]), or item and embedding (real[], or a type that is cast to it)."

/* How a column of attributes is read. */
typedef struct Reading
{
	bool		one_tag;		/* a row gives one, not a list */
	Oid			array_type;		/* of an embedding; InvalidOid: tags */
} Reading;

static bool
is_word(Oid type)
{
	char		category;
	bool		preferred;

	get_type_category_preferred(type, &category, &preferred);
	return category == TYPCATEGORY_STRING || category == TYPCATEGORY_ENUM;
}

pg_noreturn static void
wrong_type(const TargetEntry * column)
{
	Oid			type = exprType((Node *) column->expr);

	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("column \"%s\" of item_attributes is of type %s, which is neither tags nor an embedding",
					column->resname, format_type_be(type)),
			 errhint(EXPECTED " Cast numbers that are tags to text, or a list of them to text[].")));
}

/*
 * What a column is.
 */
static Reading
find_reading(const TargetEntry * column)
{
	Oid			type = getBaseType(exprType((Node *) column->expr));
	Oid			element = get_base_element_type(type);
	Reading		reading = {0};
	Oid			function;

	if (is_word(type))
		reading.one_tag = true;
	else if (OidIsValid(element) && is_word(element))
		return reading;
	else if (element == FLOAT8OID || element == NUMERICOID)
		reading.array_type = FLOAT8ARRAYOID;
	else if (element == FLOAT4OID)
		reading.array_type = FLOAT4ARRAYOID;
	else if (!OidIsValid(element) &&
			 find_coercion_pathway(FLOAT4ARRAYOID, type, COERCION_EXPLICIT,
								   &function) == COERCION_PATH_FUNC)
		reading.array_type = FLOAT4ARRAYOID;
	else
		wrong_type(column);
	return reading;
}

/*
 * What the two columns of a parsed query are: the type of items, how their
 * attributes are read, and the expression of the item.
 */
static Reading
analyze(Query * parsed, Oid *item_type, StringInfo item)
{
	const		TargetEntry *column[2];

	affinity_beside_columns(parsed, AFFINITY_ATTRIBUTES_SOURCE, EXPECTED, column);
	*item_type = affinity_definition_source_id(parsed, column[0], "item",
											   "item_id", item);
	return find_reading(column[1]);
}

static void
check_item_type(Oid given, const ModelDefinition *d)
{
	if (!affinity_base_id_alike(given, d->item_type))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("items of item_attributes are of type %s, but those of the model of type %s",
						format_type_be(given), format_type_be(d->item_type)),
				 errhint("Let the query of item_attributes cast them.")));
}

/*
 * Take a query as a user gives it; "" is none.
 */
void
affinity_beside_attributes_text(const char *query, ModelDefinition *d)
{
	Query	   *parsed;
	Oid			item_type;
	StringInfoData item;

	d->attributes = d->resolved_attributes = pstrdup("");
	if (query[0] == '\0')
		return;
	initStringInfo(&item);
	parsed = affinity_definition_source_query(query, AFFINITY_ATTRIBUTES_SOURCE,
											  &d->attributes);
	(void) analyze(parsed, &item_type, &item);
	d->resolved_attributes = affinity_definition_source_deparse(parsed);
}

/* What is found in the query of attributes. */
typedef struct Found
{
	Reading		reading;
	Oid			item_type;
	StringInfoData item;
} Found;

static void
find(Query * parsed, void *state)
{
	Found	   *found = state;

	found->reading = analyze(parsed, &found->item_type, &found->item);
}

/*
 * Read the attributes of a model's items with the rights of the caller, who is
 * connected to SPI, into the current memory context.
 */
const AffinityAttributes *
affinity_beside_attributes(const char *name, const ModelDefinition *d,
						   bool read_only)
{
	AffinityAttributeRequest request = {.read_only = read_only};
	Found		found;
	Reading		reading;
	const char *rows = psprintf("(\n%s\n) AS q(item_id, attributes)",
								d->resolved_attributes);

	initStringInfo(&found.item);
	affinity_beside_query(name, AFFINITY_ATTRIBUTES_SOURCE,
						  d->resolved_attributes, find, &found);
	reading = found.reading;
	check_item_type(found.item_type, d);
	if (found.item_type != d->item_type)
		appendStringInfo(&found.item, "::%s", format_type_be_qualified(d->item_type));
	request.item_type = d->item_type;
	request.array_type = reading.array_type;
	if (OidIsValid(reading.array_type))
		request.query = psprintf("SELECT %s, q.attributes::%s FROM %s",
								 found.item.data,
								 format_type_be_qualified(reading.array_type),
								 rows);
	else
		request.query = psprintf("SELECT t.tag, %s, 1::pg_catalog.float4 FROM %s"
								 " CROSS JOIN LATERAL pg_catalog.unnest(%s) AS t(tag)"
								 " WHERE t.tag OPERATOR(pg_catalog.<>) ''",
								 found.item.data, rows, reading.one_tag ?
								 "ARRAY[q.attributes::pg_catalog.text]" :
								 "q.attributes::pg_catalog.text[]");
	return affinity_attribute_read(&request);
}
