/*
 * id.c
 *		The types that may name a user or an item.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/lsyscache.h"

#include "common/common.h"

/*
 * The kind of an id type; false where the type cannot be an id. varchar counts
 * as text: views and wrappers cast it.
 */
bool
affinity_id_kind(Oid type, AffinityIdKind *kind)
{
	switch (type)
	{
		case INT2OID:
		case INT4OID:
		case INT8OID:
			*kind = AFFINITY_ID_INT;
			return true;
		case UUIDOID:
			*kind = AFFINITY_ID_UUID;
			return true;
		case TEXTOID:
		case VARCHAROID:
			*kind = AFFINITY_ID_TEXT;
			return true;
		default:
			return false;
	}
}

int64
affinity_id_to_int(Datum id, Oid type)
{
	switch (type)
	{
		case INT2OID:
			return DatumGetInt16(id);
		case INT4OID:
			return DatumGetInt32(id);
		default:
			return DatumGetInt64(id);
	}
}

Datum
affinity_id_from_int(int64 value, Oid type)
{
	switch (type)
	{
		case INT2OID:
			return Int16GetDatum((int16) value);
		case INT4OID:
			return Int32GetDatum((int32) value);
		default:
			return Int64GetDatum(value);
	}
}

/*
 * An id as a message shows it.
 */
char *
affinity_id_display(Datum id, Oid type)
{
	Oid			output;
	bool		is_varlena;

	getTypeOutputInfo(type, &output, &is_varlena);
	return OidOutputFunctionCall(output, id);
}
