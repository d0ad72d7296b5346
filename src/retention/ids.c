/*
 * ids.c
 *		Users of a state as ids: in the type that a caller names, and in order.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

#include "activity/flat.h"
#include "retention/member.h"

/* The order of ids: numbers by value, uuid and text by their bytes. */
static int
compare_users(uint32 a, uint32 b, const ActivityView *view)
{
	ActivityKey of_a;
	ActivityKey of_b;

	affinity_activity_view_key(view, a, &of_a);
	affinity_activity_view_key(view, b, &of_b);
	return affinity_activity_key_compare(view->flat->ids, &of_a, view->text,
										 &of_b, view->text);
}

#define ST_SORT sort_users
#define ST_ELEMENT_TYPE uint32
#define ST_COMPARE_ARG_TYPE const ActivityView
#define ST_COMPARE(a, b, view) compare_users(*(a), *(b), view)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

/*
 * The type in which ids are wanted: that of an argument, whose value is not
 * looked at. Error unless the state's users are of it.
 */
Oid
affinity_retention_ids_arg(FunctionCallInfo fcinfo, int arg,
						   const ActivityFlat *flat)
{
	static const char *const names[] = {"", "bigint", "uuid", "text"};
	Oid			type = get_fn_expr_argtype(fcinfo->flinfo, arg);
	AffinityIdKind kind;

	if (!affinity_base_id_kind(type, &kind) || kind != flat->ids)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("users of this state are of type %s, not %s",
						names[flat->ids], format_type_be(type)),
				 errhint("Name their type in the second argument: NULL::%s.",
						 names[flat->ids])));
	return type;
}

/* A user's id as a value of a type of the state's kind. */
static Datum
user_id(const ActivityView *view, uint32 user, Oid type)
{
	ActivityKey key;
	Datum		id;

	affinity_activity_view_key(view, user, &key);
	switch ((AffinityIdKind) view->flat->ids)
	{
		case AFFINITY_ID_INT:
			id = affinity_base_id_from_int(key.number, type);
			if (affinity_base_id_to_int(id, type) != key.number)
				ereport(ERROR,
						(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						 errmsg("user %lld is out of range for type %s",
								(long long) key.number, format_type_be(type)),
						 errhint("Name a wider type: NULL::bigint.")));
			return id;
		case AFFINITY_ID_UUID:
			return PointerGetDatum(view->ids + (Size) user * 16);
		case AFFINITY_ID_TEXT:
			break;
	}
	return PointerGetDatum(cstring_to_text_with_len(view->text +
													key.text.offset,
													(int) key.text.len));
}

/* Sort users by their ids, and put these into the rows of a result. */
void
affinity_retention_put_ids(ReturnSetInfo *rsinfo, const ActivityView *view,
						   Oid type, uint32 *users, uint32 n)
{
	sort_users(users, n, view);
	for (uint32 i = 0; i < n; i++)
	{
		Datum		id = user_id(view, users[i], type);
		bool		is_null = false;

		affinity_base_look_up(i);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, &id,
							 &is_null);
		if (view->flat->ids == AFFINITY_ID_TEXT)
			pfree(DatumGetPointer(id));
	}
}
