/*
 * batch.h
 *		A model and everybody's interactions, for answers about many users.
 */
#ifndef AFFINITY_BATCH_H
#define AFFINITY_BATCH_H

#include "model/model.h"

typedef struct AffinityModelBatch
{
	AffinityBatch batch;
	AffinityScorer scorer;
	AffinityModel *model;
	Datum	   *item_id;		/* by number */
	AffinityDict *users;
	MemoryContext progress;
} AffinityModelBatch;

/* Whose lists, and what they may not hold. */
typedef struct AffinityModelAsked
{
	double		repeat;			/* share of repeats */
	bool		some_users;		/* those of this array */
	Datum		users;
	uint32		n_users;
	bool		recent_only;	/* of what users had, only what they had after
								 * a time is left out */
	int64		after;
} AffinityModelAsked;

extern void affinity_batch_begin(AffinityModelBatch *batch,
								 AffinityModel *model,
								 const AffinityModelAsked *asked);
extern void affinity_batch_end(AffinityModelBatch *batch);
extern void affinity_batch_history_request(const AffinityAlgorithm *algorithm,
										   const void *options,
										   AffinityReadRequest *request);
extern void affinity_batch_visits_request(const AffinityAlgorithm *algorithm,
										  const void *options,
										  AffinityReadRequest *request);
extern void affinity_batch_weigh_histories(const AffinityAlgorithm *algorithm,
										   const void *options,
										   AffinityInteractions *in);
extern void affinity_batch_number_histories(AffinityBatch *batch,
											AffinityInteractions *in,
											const Datum *id, uint32 n,
											uint32 n_sorted, bool all_seen,
											const AffinityRepeat *rule,
											const float *rate);
extern AffinityInteractions *affinity_batch_rows_of(const AffinityModel *model,
													Datum items, uint32 n);
extern AffinityInteractions *affinity_batch_peers(const AffinityModel *model,
												  Datum items, uint32 n,
												  bool seen);

/* align.c */
extern int32 *affinity_batch_align(const AffinityInteractions *in,
								   const Datum *id, uint32 n,
								   uint32 n_sorted);

#endif							/* AFFINITY_BATCH_H */
