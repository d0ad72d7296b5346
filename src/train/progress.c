/*
 * progress.c
 *		How far a training is, for the view affinity.progress.
 */
#include "postgres.h"

#include "train/progress.h"

void
affinity_progress_begin(const char *model, const char *algorithm)
{
	(void) model;
	(void) algorithm;
}

void
affinity_progress_phase(const char *phase, int64 total, int workers)
{
	(void) phase;
	(void) total;
	(void) workers;
}

void
affinity_progress_done(int64 done)
{
	(void) done;
}

void
affinity_progress_end(void)
{
}
