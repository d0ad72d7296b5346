/*
 * groups.c
 *		The query that says which groups users are in: do its columns mean user
 *		and group? And reading it.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "nodes/nodeFuncs.h"
#include "parser/parse_coerce.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "beside/beside.h"

#define EXPECTED "The query must give user and group, such as a country or a segment."

/* A name of a group has to fit into an index. */
#define MOST_BYTES	1000

/* What is found in the query. */
typedef struct Found
{
	Oid			user_type;
	StringInfoData user;
} Found;

/*
 * Types whose text follows from no setting.
 */
static bool
is_name(Oid type)
{
	char		category;
	bool		preferred;

	get_type_category_preferred(type, &category, &preferred);
	return category == TYPCATEGORY_STRING || category == TYPCATEGORY_ENUM ||
		type == INT2OID || type == INT4OID || type == INT8OID ||
		type == BOOLOID || type == UUIDOID;
}

static void
find(Query * parsed, void *state)
{
	Found	   *found = state;
	const		TargetEntry *column[2];
	Oid			type;

	affinity_beside_columns(parsed, AFFINITY_GROUPS_SOURCE, EXPECTED, column);
	found->user_type = affinity_definition_source_id(parsed, column[0], "user",
													 "user_id", &found->user);
	type = exprType((Node *) column[1]->expr);
	if (!is_name(getBaseType(type)))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("column \"%s\" of user_groups is of type %s, which is no name of a group",
						column[1]->resname, format_type_be(type)),
				 errhint(EXPECTED " Let it cast them to text.")));
}

/*
 * Take a query as a user gives it; "" is none.
 */
void
affinity_beside_groups_text(const char *query, ModelDefinition *d)
{
	Query	   *parsed;
	Found		found;

	d->groups = d->resolved_groups = pstrdup("");
	if (query[0] == '\0')
		return;
	initStringInfo(&found.user);
	parsed = affinity_definition_source_query(query, AFFINITY_GROUPS_SOURCE,
											  &d->groups);
	find(parsed, &found);
	d->resolved_groups = affinity_definition_source_deparse(parsed);
}

static void
check_names(const AffinityDict *groups)
{
	uint32		n = affinity_dictionary_size(groups);

	for (uint32 g = 0; g < n; g++)
	{
		Datum		name = affinity_dictionary_id(groups, g);
		int			len = (int) VARSIZE_ANY_EXHDR(DatumGetPointer(name));

		affinity_base_look_up(g);
		if (len > MOST_BYTES)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("user_groups gives a group whose name has %d bytes",
							len),
					 errhint("Names have up to %d bytes: let the query give a shorter one, such as its md5().",
							 MOST_BYTES)));
	}
}

/*
 * Read which users (rows) are in which groups (columns), each once, with the
 * rights of the caller, who is connected to SPI, into the current memory
 * context.
 */
AffinityInteractions *
affinity_beside_groups(const char *name, const ModelDefinition *d)
{
	AffinityReadRequest request = {0};
	Found		found;
	AffinityInteractions *in;

	initStringInfo(&found.user);
	affinity_beside_query(name, AFFINITY_GROUPS_SOURCE, d->resolved_groups,
						  find, &found);
	if (!affinity_base_id_alike(found.user_type, d->user_type))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("users of user_groups are of type %s, but those of the model of type %s",
						format_type_be(found.user_type),
						format_type_be(d->user_type)),
				 errhint("Let the query of user_groups cast them.")));
	if (found.user_type != d->user_type)
		appendStringInfo(&found.user, "::%s",
						 format_type_be_qualified(d->user_type));
	request.query = psprintf("SELECT %s, q.user_group::pg_catalog.text, 1::pg_catalog.float4"
							 " FROM (\n%s\n) AS q(user_id, user_group)",
							 found.user.data, d->resolved_groups);
	request.user_type = d->user_type;
	request.item_type = TEXTOID;
	request.max_bytes = (int64) affinity_base_memory_allowed();
	in = affinity_interaction_read(&request);
	check_names(in->items);
	return in;
}
