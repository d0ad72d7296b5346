/*
 * subset.c
 *		States as sets of users: a state without some of them, or with no
 *		others; and a state whose local times are those of another zone.
 *
 * What comes out is, byte by byte, the state of the remaining rows, but for
 * the first and the last time of a state without times: it does not know
 * whose rows these were, so they stay, and as_of with them.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/uuid.h"

#include "activity/set.h"

PG_FUNCTION_INFO_V1(affinity_activity_without);
PG_FUNCTION_INFO_V1(affinity_activity_only);
PG_FUNCTION_INFO_V1(affinity_activity_relabel);

/* A user by its key, or n_users where there is none such. */
static uint32
find_user(const ActivityView *view, const ActivityKey *key, const char *text)
{
	AffinityIdKind ids = view->flat->ids;
	uint32		tag = affinity_activity_key_tag(ids, key, text);
	uint32		from = 0;
	uint32		to = view->flat->n_users;

	while (from < to)
	{
		uint32		middle = from + (to - from) / 2;
		ActivityKey own;
		uint32		own_tag;
		int			order;

		affinity_activity_view_key(view, middle, &own);
		own_tag = affinity_activity_key_tag(ids, &own, view->text);
		order = own_tag != tag ? (own_tag < tag ? -1 : 1) :
			affinity_activity_key_compare(ids, &own, view->text, key, text);
		if (order == 0)
			return middle;
		if (order < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return view->flat->n_users;
}

/* The base type of an array's elements, which are ids of the state's kind. */
static Oid
element_type(FunctionCallInfo fcinfo, const ActivityFlat *flat,
			 const ArrayType *array)
{
	static const char *const names[] = {"", "bigint", "uuid", "text"};
	Oid			type = getBaseType(ARR_ELEMTYPE(array));
	AffinityIdKind kind;

	affinity_base_id_elements(fcinfo, 1, get_fn_expr_argtype(fcinfo->flinfo, 1),
							  "ids");
	if (!affinity_base_id_kind(affinity_base_id_kept(type), &kind) ||
		kind != flat->ids)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("users of this state are of type %s, not %s",
						names[flat->ids], format_type_be(type)),
				 errhint("Pass their ids as %s[].", names[flat->ids])));
	return type;
}

/* Mark the users whose ids are in the array, argument 1; NULL has none. */
static void
mark_ids(FunctionCallInfo fcinfo, const ActivityView *view, bool mark,
		 bool *keep)
{
	ArrayType  *array;
	Oid			type;
	int16		len;
	bool		by_value;
	char		align;
	Datum	   *ids;
	bool	   *nulls;
	int			n;

	if (PG_ARGISNULL(1))
		return;
	array = PG_GETARG_ARRAYTYPE_P(1);
	type = element_type(fcinfo, view->flat, array);
	get_typlenbyvalalign(ARR_ELEMTYPE(array), &len, &by_value, &align);
	deconstruct_array(array, ARR_ELEMTYPE(array), len, by_value, align, &ids,
					  &nulls, &n);
	for (int i = 0; i < n; i++)
	{
		ActivityKey key;
		const char *text = NULL;
		uint32		user;

		affinity_base_look_up(i);
		if (nulls[i])
			continue;
		if (view->flat->ids == AFFINITY_ID_INT)
			key.number = affinity_base_id_to_int(ids[i], type);
		else if (view->flat->ids == AFFINITY_ID_UUID)
			memcpy(key.uuid, DatumGetUUIDP(ids[i])->data, UUID_LEN);
		else
		{
			text = affinity_base_id_bytes(ids[i], type, &key.text.len);
			key.text.offset = 0;
		}
		user = find_user(view, &key, text);
		if (user < view->flat->n_users)
			keep[user] = mark;
	}
}

/* The state of the users that are marked, or NULL where there are none. */
static ActivityFlat *
subset_of(const ActivityFlat *flat, ActivityReader *reader, const bool *keep)
{
	ActivityFlat *out = NULL;
	ActivityKind kind;
	ActivitySet *set;

	affinity_activity_flat_kind(flat, &kind);
	set = affinity_activity_set_new(CurrentMemoryContext, &kind, true);
	affinity_activity_copy_users(set, reader, keep, NULL);
	if (!kind.events)
	{
		set->first_at = flat->first_at;
		set->last_at = flat->last_at;
	}
	if (set->n_users > 0)
		out = affinity_activity_set_to_flat(set);
	MemoryContextDelete(set->cxt);
	return out;
}

/* Those in the array, or all others. NULL where nobody is left. */
static Datum
chosen_users(FunctionCallInfo fcinfo, bool wanted)
{
	ActivityFlat *flat;
	ActivityReader reader;
	bool	   *keep;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	flat = affinity_activity_state_arg(fcinfo, 0);
	affinity_activity_reader_open(&reader, flat, NULL);
	keep = affinity_base_array(flat->n_users, sizeof(bool));
	memset(keep, !wanted, flat->n_users);
	mark_ids(fcinfo, &reader.view, wanted, keep);
	flat = subset_of(flat, &reader, keep);
	if (flat == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(flat);
}

/* without(activity, ids), without(value, ids) */
Datum
affinity_activity_without(PG_FUNCTION_ARGS)
{
	return chosen_users(fcinfo, false);
}

/* only(activity, ids), only(value, ids) */
Datum
affinity_activity_only(PG_FUNCTION_ARGS)
{
	return chosen_users(fcinfo, true);
}

/* ---- another time zone --------------------------------------------------- */

/*
 * relabel(activity, time_zone), relabel(value, time_zone): the local times,
 * and so the periods, stay, and are of the zone given. Without one it is that
 * of the session for instants and none for local times, as in activity_agg.
 */
Datum
affinity_activity_relabel(PG_FUNCTION_ARGS)
{
	ActivityFlat *flat;
	ActivityKind kind;
	ActivityReader reader;
	ActivitySet *set;
	pg_tz	   *zone = NULL;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	flat = affinity_activity_state_arg(fcinfo, 0);
	if (!PG_ARGISNULL(1))
		zone = affinity_calendar_zone_arg(text_to_cstring(PG_GETARG_TEXT_PP(1)));
	else if (flat->zoned)
		zone = affinity_calendar_session_zone("affinity.relabel(state, 'Europe/Berlin')");
	affinity_activity_flat_kind(flat, &kind);
	memset(kind.zone, 0, sizeof(kind.zone));
	if (zone != NULL)
		strlcpy(kind.zone, pg_get_timezone_name(zone), sizeof(kind.zone));
	kind.zone_len = strlen(kind.zone);
	affinity_activity_reader_open(&reader, flat, NULL);
	set = affinity_activity_set_new(CurrentMemoryContext, &kind, true);
	affinity_activity_copy_users(set, &reader, NULL, flat->zoned ? zone : NULL);
	if (!kind.events)
	{
		set->first_at = flat->first_at;
		set->last_at = flat->last_at;
		if (flat->zoned)
		{
			int64		first = affinity_activity_moved_time(&reader,
															 flat->first_at,
															 zone);
			int64		last = affinity_activity_moved_time(&reader,
															flat->last_at,
															zone);

			/* a zone that is set back may have turned them around */
			set->first_at = Min(first, last);
			set->last_at = Max(first, last);
		}
	}
	flat = affinity_activity_set_to_flat(set);
	MemoryContextDelete(set->cxt);
	PG_RETURN_POINTER(flat);
}
