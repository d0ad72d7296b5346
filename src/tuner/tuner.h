/*
 * tuner.h
 *		Between the search for a model's options and the table of its trials;
 *		private to the room.
 */
#ifndef AFFINITY_TUNER_H
#define AFFINITY_TUNER_H

#include "storage/lmgr.h"

#include "manage/manage.h"
#include "tune/tune.h"

typedef struct KnownTrial
{
	uint64		key;
	bool		done;			/* else skipped */
	double		value;
} KnownTrial;

typedef struct ModelTuner
{
	const char *name;
	bool		commits;		/* between trials */
	MemoryContext context;		/* outlives them */
	AffinityTuneWanted wanted;
	int			n_algorithms;
	const AffinityAlgorithm **algorithm;
	Jsonb	   *space;
	const char *query;			/* of the model */
	AffinityJournal *journal;
	bool		has_time;
	Oid			at_type;
	Oid			trials;			/* the table */
	LockRelId	lock;
	KnownTrial *known;
	int			n_known;
	int			used;			/* of these */
	int			ran;
	TimestampTz started;
	bool		stopped;		/* by the clock */
} ModelTuner;

/* trials.c */
extern void affinity_tuner_trials_lock(ModelTuner *t, Oid schema);
extern void affinity_tuner_trials_read(ModelTuner *t);
extern const KnownTrial *affinity_tuner_trials_find(const ModelTuner *t,
													uint64 key);
extern void affinity_tuner_trials_write(const ModelTuner *t,
										const AffinityTuneTrial *trial,
										int64 took);

#endif							/* AFFINITY_TUNER_H */
