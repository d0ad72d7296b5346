/*
 * stored.c
 *		What a model's row says of the definition that it was trained by.
 *
 * Serving needs of the definition what types ids have. To read the view takes a
 * new backend as long as all else that it looks up of the model, so the row has
 * that, too.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_type.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "definition/definition.h"

/* Members of the column "training". */
#define USER_TYPE "user_type"
#define ITEM_TYPE "item_type"

/* Names that depend on no search_path. */
static const struct
{
	const char *name;
	Oid			type;
}			id_types[] = {
	{"smallint", INT2OID},
	{"integer", INT4OID},
	{"bigint", INT8OID},
	{"uuid", UUIDOID},
	{"text", TEXTOID},
};

static const char *
name_of(Oid type)
{
	for (int i = 0; i < (int) lengthof(id_types); i++)
	{
		if (id_types[i].type == type)
			return id_types[i].name;
	}
	return "";
}

/*
 * A member of the column "training" of a model's row; NULL: there is none.
 */
JsonbValue *
affinity_definition_member(Jsonb *training, const char *member)
{
	JsonbValue	key = {.type = jbvString};

	key.val.string.val = unconstify(char *, member);
	key.val.string.len = (int) strlen(member);
	return findJsonbValueFromContainer(&training->root, JB_FOBJECT, &key);
}

static Oid
stored_type(Jsonb *training, const char *member)
{
	const JsonbValue *value = affinity_definition_member(training, member);

	if (value == NULL || value->type != jbvString)
		return InvalidOid;
	for (int i = 0; i < (int) lengthof(id_types); i++)
	{
		if ((int) strlen(id_types[i].name) == value->val.string.len &&
			memcmp(id_types[i].name, value->val.string.val,
				   value->val.string.len) == 0)
			return id_types[i].type;
	}
	return InvalidOid;
}

/*
 * The figures of a training, with what serving needs of the definition.
 */
Datum
affinity_definition_store(const ModelDefinition *d, Datum training)
{
	char	   *json = psprintf("{\"" USER_TYPE "\": \"%s\", \"" ITEM_TYPE "\": \"%s\"%s}",
								name_of(d->user_type), name_of(d->item_type),
								d->materialize ? ", \"" AFFINITY_MATERIALIZED "\": true" : "");

	return DirectFunctionCall2(jsonb_concat, training,
							   DirectFunctionCall1(jsonb_in,
												   CStringGetDatum(json)));
}

static bool
column_is(Oid relation, const char *column, Oid type)
{
	HeapTuple	tuple = SearchSysCacheAttName(relation, column);
	bool		is = HeapTupleIsValid(tuple) &&
		((Form_pg_attribute) GETSTRUCT(tuple))->atttypid == type;

	if (HeapTupleIsValid(tuple))
		ReleaseSysCache(tuple);
	return is;
}

/*
 * That part of a definition, from the column "training" of a row, which its
 * owner may have written; false where it is not all there, and the definition
 * itself has to say it: whether a copy that there was is still served from, or
 * what to do where the source is lost. So it does where the view has other
 * types: a row that came from another server is of that one's definition.
 */
bool
affinity_definition_stored(Oid schema, Datum training, ModelDefinition *d)
{
	Jsonb	   *stored = DatumGetJsonbP(training);
	Oid			view = get_relname_relid("interactions", schema);

	memset(d, 0, sizeof(ModelDefinition));
	d->user_type = stored_type(stored, USER_TYPE);
	d->item_type = stored_type(stored, ITEM_TYPE);
	return OidIsValid(d->user_type) && OidIsValid(d->item_type) &&
		affinity_definition_member(stored, AFFINITY_MATERIALIZED) == NULL &&
		OidIsValid(view) && column_is(view, "user_id", d->user_type) &&
		column_is(view, "item_id", d->item_type);
}
