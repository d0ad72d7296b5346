/*
 * io.c
 *		Text and binary form of type survival, and its operators.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/memutils.h"

#include "base/compare.h"
#include "base/form.h"
#include "survival/survival.h"

static void
reject(const char *problem)
{
	affinity_base_state_invalid("survival state", "affinity.survival_agg",
								problem);
}

/* Check the state of so many bytes and give it back. */
static Datum
checked(SurvivalLog *log, Size size)
{
	const char *problem;

	if (size < SURVIVAL_HEADER)
		reject("too short");
	SET_VARSIZE(log, size);
	if (log->magic != SURVIVAL_MAGIC)
		reject("not one, or from a machine of another byte order");
	if (log->version != SURVIVAL_VERSION)
		reject("unknown version");
	problem = affinity_survival_log_check(log);
	if (problem != NULL)
		reject(problem);
	return PointerGetDatum(log);
}

/* survival_in(cstring) and so on */
AFFINITY_STATE_FORMS(affinity_survival, SurvivalLog, affinity_survival_arg)

/* survival_eq(survival, survival) and so on */
AFFINITY_BYTES_COMPARISONS(affinity_survival, affinity_survival_arg)
