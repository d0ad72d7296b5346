/*
 * id.c
 *		The types that may name a user or an item.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/lsyscache.h"
#include "utils/uuid.h"

#include "base/base.h"

/*
 * The kind of an id type; false where the type cannot be an id. varchar
 * counts as text: views and wrappers cast it.
 */
bool
affinity_base_id_kind(Oid type, AffinityIdKind *kind)
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

Datum
affinity_base_id_from_int(int64 value, Oid type)
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
affinity_base_id_display(Datum id, Oid type)
{
	Oid			output;
	bool		is_varlena;

	getTypeOutputInfo(type, &output, &is_varlena);
	return OidOutputFunctionCall(output, id);
}

/*
 * An id that can be looked at byte by byte: text neither compressed nor
 * stored elsewhere.
 */
Datum
affinity_base_id_plain(Datum id, Oid type)
{
	if (type == TEXTOID || type == VARCHAROID)
		return PointerGetDatum(PG_DETOAST_DATUM_PACKED(id));
	return id;
}

/*
 * Can ids of one type be given where another is expected? All integers, and
 * text and varchar.
 */
bool
affinity_base_id_alike(Oid given, Oid type)
{
	AffinityIdKind a;
	AffinityIdKind b;

	return affinity_base_id_kind(given, &a) &&
		affinity_base_id_kind(type, &b) && a == b;
}

/*
 * An id as one of another type that is alike, plain; false where it is none,
 * since its number is out of the range of that type.
 */
bool
affinity_base_id_as(Datum given, Oid from, Oid type, Datum *id)
{
	AffinityIdKind kind;
	int64		value;

	if (from == type || !affinity_base_id_kind(type, &kind) ||
		kind != AFFINITY_ID_INT)
	{
		*id = affinity_base_id_plain(given, type);
		return true;
	}
	value = affinity_base_id_to_int(given, from);
	*id = affinity_base_id_from_int(value, type);
	return affinity_base_id_to_int(*id, type) == value;
}

/*
 * The order of ids, everywhere: integers by value, uuid and text by their
 * bytes. Both are plain.
 */
int
affinity_base_id_compare(Datum a, Datum b, Oid type)
{
	AffinityIdKind kind;

	if (!affinity_base_id_kind(type, &kind))
		elog(ERROR, "type %u cannot be an id", type);
	switch (kind)
	{
		case AFFINITY_ID_INT:
			{
				int64		i = affinity_base_id_to_int(a, type);
				int64		j = affinity_base_id_to_int(b, type);

				return i < j ? -1 : i > j;
			}
		case AFFINITY_ID_UUID:
			return memcmp(DatumGetUUIDP(a)->data, DatumGetUUIDP(b)->data,
						  UUID_LEN);
		case AFFINITY_ID_TEXT:
			break;
	}
	return affinity_base_bytes_compare(VARDATA_ANY(DatumGetPointer(a)),
									   VARSIZE_ANY_EXHDR(DatumGetPointer(a)),
									   VARDATA_ANY(DatumGetPointer(b)),
									   VARSIZE_ANY_EXHDR(DatumGetPointer(b)));
}
