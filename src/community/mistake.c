/*
 * mistake.c
 *		Calls that do not say of which type members are: PostgreSQL comes to
 *		them where there is no second argument.
 */
#include "postgres.h"

#include "fmgr.h"

PG_FUNCTION_INFO_V1(affinity_community_id_type_mistake);

/* (query, …) */
Datum
affinity_community_id_type_mistake(PG_FUNCTION_ARGS)
{
	(void) fcinfo;
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_FUNCTION),
			 errmsg("the type in which members come back is missing"),
			 errhint("Name it after the query: NULL::bigint, NULL::uuid or NULL::text.")));
	return (Datum) 0;			/* not reached */
}
