/*
 * type.c
 *		The types of baskets, by kind of ids.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "base/schema.h"
#include "basket/basket.h"

static const struct
{
	const char *name;
	Oid			item_type;
}			types[] = {
	[AFFINITY_ID_INT] = {"basket", INT8OID},
	[AFFINITY_ID_UUID] = {"basket_uuid", UUIDOID},
	[AFFINITY_ID_TEXT] = {"basket_text", TEXTOID},
};

Oid
affinity_basket_id_type(AffinityIdKind kind)
{
	return types[kind].item_type;
}

/*
 * Is a type one of baskets? Then of which items.
 */
bool
affinity_basket_type(Oid type, Oid *item_type)
{
	Oid			schema = affinity_base_schema();

	if (!OidIsValid(type) || !OidIsValid(schema))
		return false;
	for (int kind = AFFINITY_ID_INT; kind < (int) lengthof(types); kind++)
	{
		if (GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid,
							CStringGetDatum(types[kind].name),
							ObjectIdGetDatum(schema)) != type)
			continue;
		*item_type = types[kind].item_type;
		return true;
	}
	return false;
}
