/*
 * set.c
 *		Funnels as sets of users: without some of them, or with no others.
 *
 * Texts are kept as hashes, and ids that are given are hashed likewise: whom a
 * state cannot name it can still leave out.
 */
#include "postgres.h"

#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "funnel/funnel.h"

PG_FUNCTION_INFO_V1(affinity_funnel_without);
PG_FUNCTION_INFO_V1(affinity_funnel_only);

/* The base type of an array's elements, which are ids of the funnel's kind. */
static Oid
element_type(FunctionCallInfo fcinfo, const EventLog *log,
			 const ArrayType *array)
{
	static const char *const names[] = {"", "bigint", "uuid", "text"};
	uint8		users = affinity_eventlog_kind(log)->user_kind;
	Oid			type = getBaseType(ARR_ELEMTYPE(array));
	AffinityIdKind kind;

	affinity_base_id_elements(fcinfo, 1, get_fn_expr_argtype(fcinfo->flinfo, 1),
							  "ids");
	if (!affinity_base_id_kind(affinity_base_id_kept(type), &kind) ||
		(uint8) kind != users)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("users of this funnel are of type %s, not %s",
						names[users], format_type_be(type)),
				 errhint("Pass their ids as %s[].", names[users])));
	return type;
}

/* The users of an array of ids, and how many they are. */
static EventUserId *
read_users(FunctionCallInfo fcinfo, const EventLog *log, Size *n_users)
{
	uint8		users = affinity_eventlog_kind(log)->user_kind;
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(1);
	Oid			type = element_type(fcinfo, log, array);
	EventUserId *user;
	int16		len;
	bool		by_value;
	char		align;
	Datum	   *ids;
	bool	   *nulls;
	int			n;

	get_typlenbyvalalign(ARR_ELEMTYPE(array), &len, &by_value, &align);
	deconstruct_array(array, ARR_ELEMTYPE(array), len, by_value, align, &ids,
					  &nulls, &n);
	user = affinity_base_array((Size) n, sizeof(EventUserId));
	*n_users = 0;
	for (int i = 0; i < n; i++)
	{
		EventUserId id = {0, 0};

		affinity_base_look_up((uint64) i);
		if (nulls[i])
			continue;
		if (users == EVENT_USER_INT)
			id.low = (uint64) affinity_base_id_to_int(ids[i], type);
		else
			id = affinity_eventlog_wide_user(ids[i], type);
		user[(*n_users)++] = event_user_mix(id);
	}
	return user;
}

/* Those in the array, or all others; NULL where nobody is left. */
static Datum
chosen_users(FunctionCallInfo fcinfo, bool wanted)
{
	EventLog   *log;
	EventUserId *user = NULL;
	Size		n = 0;
	uint8		users;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	log = affinity_eventlog_arg(PG_GETARG_DATUM(0), FUNNEL_MAGIC);
	users = affinity_eventlog_kind(log)->user_kind;
	if (users == EVENT_USER_ONE || users == EVENT_USER_CHAINS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("this funnel does not know whose steps it has"),
				 errhint("Aggregate the rows by affinity.funnel_agg(user_id, at, window, ...).")));
	if (!PG_ARGISNULL(1))
		user = read_users(fcinfo, log, &n);
	log = affinity_eventlog_subset(log, user, n, wanted);
	if (log == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(log);
}

/* without(funnel, ids) */
Datum
affinity_funnel_without(PG_FUNCTION_ARGS)
{
	return chosen_users(fcinfo, false);
}

/* only(funnel, ids) */
Datum
affinity_funnel_only(PG_FUNCTION_ARGS)
{
	return chosen_users(fcinfo, true);
}
