/*
 * kept.c
 *		What steps learned that are called by other means than a query's.
 *
 * A place has its own memory, which goes when the place is given to another.
 * Nobody comes to it by an fn_extra of before: of a call without fn_expr that
 * is set anew each time.
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "base/base.h"
#include "base/kept.h"

#define KEPT 16

typedef struct Kept
{
	Oid			function;		/* InvalidOid: nothing is kept */
	void	   *learned;
	MemoryContext memory;		/* NULL: never used */
} Kept;

static Kept kept[KEPT];
static int	next_kept;

/*
 * Sets fn_extra to what fits the row, or to NULL: then fn_mcxt is where it is
 * to be learned. What is no step of an aggregate learns that it has to be.
 */
void
affinity_base_resume_kept(FunctionCallInfo fcinfo, AffinityKeptFits fits)
{
	FmgrInfo   *flinfo = fcinfo->flinfo;
	Kept	   *place;

	flinfo->fn_extra = NULL;
	if (!AggCheckCallContext(fcinfo, NULL))
		return;
	for (int i = 0; i < KEPT; i++)
		if (kept[i].function == flinfo->fn_oid &&
			(fits == NULL || fits(fcinfo, kept[i].learned)))
		{
			flinfo->fn_extra = kept[i].learned;
			flinfo->fn_mcxt = kept[i].memory;
			return;
		}
	place = &kept[next_kept];
	next_kept = (next_kept + 1) % KEPT;
	place->function = InvalidOid;
	if (place->memory == NULL)
		place->memory = AllocSetContextCreate(TopMemoryContext,
											  "affinity kept call",
											  ALLOCSET_SMALL_SIZES);
	MemoryContextReset(place->memory);
	flinfo->fn_mcxt = place->memory;
}

/* Keeps what was learned, at the call and where the query makes none. */
void
affinity_base_keep(FunctionCallInfo fcinfo, void *learned)
{
	FmgrInfo   *flinfo = fcinfo->flinfo;

	flinfo->fn_extra = learned;
	if (flinfo->fn_expr != NULL)
		return;
	for (int i = 0; i < KEPT; i++)
		if (kept[i].memory == flinfo->fn_mcxt)
		{
			kept[i].learned = learned;
			kept[i].function = flinfo->fn_oid;
		}
}
