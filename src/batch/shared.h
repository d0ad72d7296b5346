/*
 * shared.h
 *		What the files of this room share.
 */
#ifndef AFFINITY_BATCH_SHARED_H
#define AFFINITY_BATCH_SHARED_H

#include "batch/batch.h"

/* batch.c */
extern bool affinity_batch_all_seen(const AffinityModel *model);
extern char *affinity_batch_any_of(uint32 n, int parameter);

/* recent.c */
extern void affinity_batch_leave_out_recent(AffinityModelBatch *batch,
											const AffinityModelAsked *asked);

/* align.c */
extern void affinity_batch_order_row(AffinityCsr *m, int64 start, int64 end,
									 float *chance);

#endif							/* AFFINITY_BATCH_SHARED_H */
