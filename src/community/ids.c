/*
 * ids.c
 *		Members as values of the type that a caller names, and numbers that
 *		are given.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "community/community.h"

/*
 * The type in which members are wanted: that of an argument, whose value is
 * not looked at. Text stands for all.
 */
void
affinity_community_ids(FunctionCallInfo fcinfo, int arg,
					   const AffinityDict *members, CommunityIds *ids)
{
	Oid			kept = affinity_dictionary_type(members);
	AffinityIdKind kind;
	AffinityIdKind kept_kind;

	(void) affinity_base_id_kind(kept, &kept_kind);
	ids->members = members;
	ids->type = get_fn_expr_argtype(fcinfo->flinfo, arg);
	ids->as_text = false;
	if (!affinity_base_id_kind(ids->type, &kind) ||
		(kind != kept_kind && kind != AFFINITY_ID_TEXT))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("members of these rows are of type %s, not %s",
						format_type_be(kept),
						OidIsValid(ids->type) ? format_type_be(ids->type) :
						"unknown"),
				 errhint("Name their type: id_type => NULL::%s. NULL::text gives any as text.",
						 format_type_be(kept))));
	if (kind != kept_kind)
	{
		Oid			output;
		bool		varlena;

		getTypeOutputInfo(kept, &output, &varlena);
		fmgr_info_cxt(output, &ids->output, CurrentMemoryContext);
		ids->as_text = true;
	}
}

/*
 * A member's id, in the current memory context.
 */
Datum
affinity_community_id(CommunityIds *ids, uint32 member)
{
	Datum		id = affinity_dictionary_id(ids->members, member);
	int64		number;

	if (ids->as_text)
		return CStringGetTextDatum(OutputFunctionCall(&ids->output, id));
	if (ids->type != INT2OID && ids->type != INT4OID)
		return id;
	number = DatumGetInt64(id);
	id = affinity_base_id_from_int(number, ids->type);
	if (affinity_base_id_to_int(id, ids->type) != number)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("member %lld is out of range for type %s",
						(long long) number, format_type_be(ids->type)),
				 errhint("Name a wider type: id_type => NULL::bigint.")));
	return id;
}

/* A number that must be there, finite and above 0. */
double
affinity_community_number_arg(FunctionCallInfo fcinfo, int arg,
							  const char *name)
{
	double		value;

	affinity_base_check_not_null(fcinfo, arg, name);
	value = PG_GETARG_FLOAT8(arg);
	if (isnan(value) || isinf(value) || value <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be a finite number above 0, not %s", name,
						DatumGetCString(DirectFunctionCall1(float8out,
															Float8GetDatum(value)))),
				 errhint("1 is the usual one. More gives more and smaller communities, less gives fewer and larger ones.")));
	return value;
}
