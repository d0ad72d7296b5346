/*
 * kept.c
 *		Arrays that a team made and that outlive it, without a copy.
 *
 * Such an array is a region's segment, which from then on belongs to a memory
 * context and ends with it, or when it is freed. A later team takes it as it
 * is. It is no chunk of a context: pfree must not see it.
 */
#include "postgres.h"

#include "access/xact.h"
#include "utils/memutils.h"

#include "base/base.h"
#include "parallel/team_state.h"

/* Of a segment that is kept, as much must be used: the rest is lost. */
#define LEAST_USED	0.75

typedef struct Kept
{
	void	   *array;
	dsm_segment *segment;		/* NULL: it is kept no longer */
	struct Kept *next;
	MemoryContextCallback callback;
} Kept;

/* Of this backend. */
static Kept *all_kept = NULL;

/*
 * Not to be kept any longer.
 */
static dsm_segment *
forget(Kept *kept)
{
	dsm_segment *segment = kept->segment;
	Kept	  **at = &all_kept;

	while (*at != kept)
		at = &(*at)->next;
	*at = kept->next;
	kept->segment = NULL;
	return segment;
}

static void
end(void *arg)
{
	Kept	   *kept = arg;

	if (kept->segment)
		dsm_detach(forget(kept));
}

/*
 * An error gives them back now, as a failed transaction may stay open for long.
 */
static void
end_all(XactEvent event, void *unused)
{
	(void) unused;
	while (event == XACT_EVENT_ABORT && all_kept)
		dsm_detach(forget(all_kept));
}

static Kept *
find(const void *array)
{
	Kept	   *kept = all_kept;

	while (kept && kept->array != array)
		kept = kept->next;
	return kept;
}

/*
 * The first values of a region, as an array of the current memory context that
 * affinity_parallel_free_array frees; the region is gone from the team, whose
 * body must have run.
 */
void *
affinity_parallel_keep(AffinityTeam *team, int r, int64 n, Size width)
{
	static bool is_registered = false;
	Region	   *region = &team->region[r];
	Kept	   *kept;

	if (region->segment == NULL ||
		(double) n * width < LEAST_USED * (double) team->shared->region[r].size)
		return affinity_parallel_copy(team, r, n, width);
	if (!is_registered)
		RegisterXactCallback(end_all, NULL);
	is_registered = true;
	kept = palloc0(sizeof(Kept));
	kept->array = region->address;
	kept->segment = region->segment;
	kept->next = all_kept;
	kept->callback.func = end;
	kept->callback.arg = kept;
	dsm_pin_mapping(kept->segment);
	region->segment = NULL;
	all_kept = kept;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, &kept->callback);
	return kept->array;
}

/*
 * Free an array, of whatever memory it is.
 */
void
affinity_parallel_free_array(void *array)
{
	Kept	   *kept = find(array);

	if (kept)
		dsm_detach(forget(kept));
	else
		pfree(array);
}

/*
 * The segment that an array is, which is the current resource owner's from now
 * on; NULL: it is none.
 */
dsm_segment *
affinity_parallel_take_kept(void *array)
{
	Kept	   *kept = find(array);

	if (kept == NULL)
		return NULL;
	dsm_unpin_mapping(kept->segment);
	return forget(kept);
}
