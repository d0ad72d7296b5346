/*
 * kept.h
 *		What a step learned from its arguments, beyond the call.
 *
 * Where a query makes the calls, fn_extra keeps it from row to row. A
 * distributed engine calls the steps of an aggregate by itself, each row
 * anew: there is no fn_expr, and fn_extra is NULL each time. Then it is one
 * of a few that the backend keeps by function, if that fits the row.
 *
 *	call = affinity_base_resume(fcinfo, fits);
 *	if (call == NULL)
 *	{
 *		call = ... in fcinfo->flinfo->fn_mcxt ...;
 *		affinity_base_keep(fcinfo, call);
 *	}
 */
#ifndef AFFINITY_BASE_KEPT_H
#define AFFINITY_BASE_KEPT_H

#include "postgres.h"

#include "fmgr.h"

/*
 * Is what was learned by a call of the same function as this row's arguments
 * have it? All that is in it, but for types: those are as declared.
 */
typedef bool (*AffinityKeptFits) (FunctionCallInfo fcinfo, const void *kept);

extern void affinity_base_resume_kept(FunctionCallInfo fcinfo,
									  AffinityKeptFits fits);
extern void affinity_base_keep(FunctionCallInfo fcinfo, void *learned);

/* fn_extra, as it is to be taken. NULL always fits. */
static inline void *
affinity_base_resume(FunctionCallInfo fcinfo, AffinityKeptFits fits)
{
	if (unlikely(fcinfo->flinfo->fn_expr == NULL))
		affinity_base_resume_kept(fcinfo, fits);
	return fcinfo->flinfo->fn_extra;
}

#endif							/* AFFINITY_BASE_KEPT_H */
