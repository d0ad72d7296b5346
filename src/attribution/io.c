/*
 * io.c
 *		Text and binary form of type attribution, and its operators.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/memutils.h"

#include "attribution/attribution.h"
#include "base/compare.h"
#include "base/form.h"

static void
reject(const char *problem)
{
	affinity_base_state_invalid("attribution state",
								"affinity.attribution_agg",
								problem);
}

/* Check the state of so many bytes and give it back. */
static Datum
checked(Attribution *state, Size size)
{
	const char *problem;

	if (size < ATTRIBUTION_HEADER)
		reject("too short");
	SET_VARSIZE(state, size);
	if (state->magic != ATTRIBUTION_MAGIC)
		reject("not one, or from a machine of another byte order");
	if (state->version != ATTRIBUTION_VERSION)
		reject("unknown version");
	problem = affinity_attribution_check(state);
	if (problem != NULL)
		reject(problem);
	return PointerGetDatum(state);
}

/* attribution_in(cstring) and so on */
AFFINITY_STATE_FORMS(affinity_attribution, Attribution, affinity_attribution_arg)

/* attribution_eq(attribution, attribution) and so on */
AFFINITY_BYTES_COMPARISONS(affinity_attribution, affinity_attribution_arg)
