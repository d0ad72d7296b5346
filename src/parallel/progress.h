/*
 * progress.h
 *		How far a training or recommend_all is, for the view
 *		affinity.progress.
 *
 * No-ops where nothing was begun, as in a worker. Cheap: most calls look at
 * the clock and do no more. What was begun ends with the memory context that
 * was current then, if not before by affinity_parallel_progress_end.
 */
#ifndef AFFINITY_PARALLEL_PROGRESS_H
#define AFFINITY_PARALLEL_PROGRESS_H

#include "postgres.h"

/* what begins within another one is not shown */
extern MemoryContext affinity_parallel_progress_begin(const char *model,
													  const char *algorithm);

/* total: of what is counted, 0 where unknown; workers beside the leader */
extern void affinity_parallel_progress_phase(const char *phase, int64 total,
											 int workers);
extern void affinity_parallel_progress_done(int64 done);
extern void affinity_parallel_progress_workers(int workers);

/* where a call is that has many parts, each in a transaction, maybe, of its own */
extern void affinity_parallel_progress_part(const char *phase, int64 done,
											int64 total);

/* the most workers that any phase has had */
extern int	affinity_parallel_progress_most_workers(void);
extern void affinity_parallel_progress_end(MemoryContext begun);

#endif							/* AFFINITY_PARALLEL_PROGRESS_H */
