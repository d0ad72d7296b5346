/*
 * members.c
 *		funnel_members: who took a step, or did not take it after the step
 *		before.
 *
 * A state names users by number or uuid, or by the hash of a text, which
 * cannot be taken back: of such states the error says which query gives the
 * users.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"
#include "utils/uuid.h"

#include "funnel/funnel.h"

PG_FUNCTION_INFO_V1(affinity_funnel_members);

/* Whom to keep, and who was kept so far. */
typedef struct Members
{
	const EventLog *log;
	uint64		took;			/* steps that the user must have taken */
	uint64		missed;			/* and must not */
	EventUserId *user;
	int64		n;
	int64		room;
} Members;

/* A FunnelResultUse. */
static void
keep_member(const FunnelResult *result, void *arg)
{
	Members    *members = arg;

	if ((result->taken & members->took) != members->took ||
		(result->taken & members->missed) != 0)
		return;
	if (members->n == members->room)
	{
		members->room *= 2;
		members->user = repalloc_huge(members->user, sizeof(EventUserId) *
									  (Size) members->room);
	}
	members->user[members->n++] = affinity_eventlog_user_id(members->log,
															result->user);
}

static inline int
compare_ints(const EventUserId *a, const EventUserId *b)
{
	return (int64) a->low < (int64) b->low ? -1 :
		(int64) a->low > (int64) b->low;
}

#define ST_SORT sort_ints
#define ST_ELEMENT_TYPE EventUserId
#define ST_COMPARE(a, b) compare_ints(a, b)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DECLARE
#define ST_DEFINE
#include "lib/sort_template.h"

#define ST_SORT sort_uuids
#define ST_ELEMENT_TYPE EventUserId
#define ST_COMPARE(a, b) memcmp(a, b, sizeof(EventUserId))
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DECLARE
#define ST_DEFINE
#include "lib/sort_template.h"

/* The query that says who they are where the state does not. */
static void
refuse(const EventLog *log, int64 step, bool dropped)
{
	uint8		users = affinity_eventlog_kind(log)->user_kind;

	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 users == EVENT_USER_TEXT ?
			 errmsg("this funnel keeps a hash of each user's text, and not the text") :
			 errmsg("this funnel does not know whose steps it has"),
			 errhint("Ask the rows: SELECT user_id FROM events GROUP BY user_id "
					 "HAVING (affinity.funnel_times(window, mode, at, step1, "
					 "step2, ...))[%d] IS %s, with the table, window, mode and "
					 "steps of the funnel%s.", (int) step,
					 dropped ? "NULL" : "NOT NULL",
					 dropped ? psprintf(", AND (...)[%d] IS NOT NULL, the step "
										"before", (int) step - 1) : "")));
}

/* The type of the ids, which must be the state's. */
static Oid
id_type(FunctionCallInfo fcinfo, const EventLog *log)
{
	uint8		users = affinity_eventlog_kind(log)->user_kind;
	Oid			type = get_fn_expr_argtype(fcinfo->flinfo, 1);
	AffinityIdKind kind;

	if (!affinity_base_id_kind(type, &kind) || (uint8) kind != users)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("the users of this funnel are of type %s, not %s",
						users == EVENT_USER_INT ? "bigint" : "uuid",
						format_type_be(type)),
				 errhint("Name the type by a NULL of it: affinity.funnel_members(funnel, NULL::%s, 2).",
						 users == EVENT_USER_INT ? "bigint" : "uuid")));
	return type;
}

static Datum
id_datum(EventUserId *user, Oid type)
{
	int64		number = (int64) user->low;
	Datum		id;

	if (type == UUIDOID)
		return UUIDPGetDatum((pg_uuid_t *) user);
	id = affinity_base_id_from_int(number, type);
	if (affinity_base_id_to_int(id, type) != number)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("user %lld is out of range for type %s",
						(long long) number, format_type_be(type)),
				 errhint("Name a larger type: NULL::bigint.")));
	return id;
}

StaticAssertDecl(sizeof(EventUserId) == UUID_LEN, "a uuid is a user");

/* Whom the arguments ask for. */
static void
read_steps(const EventLog *log, int64 step, bool dropped, Members *members)
{
	int			n_steps = affinity_eventlog_n_steps(log);
	FunnelConversions steps;

	if (step < 1 || step > n_steps)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("step %lld does not exist: the funnel has steps 1 to %d",
						(long long) step, n_steps),
				 errhint("Steps have the numbers of affinity.funnel_steps.")));
	if (dropped && step == 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("nobody drops out before the first step"),
				 errhint("Who did not take step 2 after step 1: affinity.funnel_members(funnel, NULL::bigint, 2, dropped => true).")));
	members->took = UINT64CONST(1) << (step - 1);
	members->missed = 0;
	if (!dropped)
		return;
	steps.optional = affinity_eventlog_optional(log);
	members->missed = members->took;
	members->took = UINT64CONST(1) <<
		affinity_funnel_previous_step(&steps, (int) step - 1);
}

/* (funnel, NULL::type, step, dropped) */
Datum
affinity_funnel_members(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	EventLog   *log;
	Members		members = {NULL, 0, 0, NULL, 0, 1024};
	FunnelSolver *solver;
	uint8		users;
	Oid			type;

	affinity_base_check_not_null(fcinfo, 2, "step");
	affinity_base_check_not_null(fcinfo, 3, "dropped");
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	log = affinity_eventlog_arg(PG_GETARG_DATUM(0), FUNNEL_MAGIC);
	members.log = log;
	read_steps(log, PG_GETARG_INT64(2), PG_GETARG_BOOL(3), &members);
	users = affinity_eventlog_kind(log)->user_kind;
	if (users != EVENT_USER_INT && users != EVENT_USER_UUID)
		refuse(log, PG_GETARG_INT64(2), PG_GETARG_BOOL(3));
	type = id_type(fcinfo, log);
	members.user = affinity_base_array((Size) members.room,
									   sizeof(EventUserId));
	solver = affinity_funnel_solver_create(CurrentMemoryContext);
	affinity_funnel_solve(solver, log, keep_member, &members);
	pfree(solver);
	if (users == EVENT_USER_INT)
		sort_ints(members.user, (size_t) members.n);
	else
		sort_uuids(members.user, (size_t) members.n);
	for (int64 i = 0; i < members.n; i++)
	{
		Datum		id = id_datum(&members.user[i], type);
		bool		null = false;

		tuplestore_putvalues(result->setResult, result->setDesc, &id, &null);
		affinity_base_look_up((uint64) i);
	}
	return (Datum) 0;
}
