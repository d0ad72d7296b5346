/*
 * space.h
 *		What a user's search draws from; private to the room.
 */
#ifndef AFFINITY_TUNE_SPACE_H
#define AFFINITY_TUNE_SPACE_H

#include "tune/search.h"

/* Values of one option. */
typedef struct TuneRange
{
	const AffinityOption *option;
	int			n;				/* of a list; 0: all between min and max */
	char	  **value;			/* as JSON */
	double		min;
	double		max;
	bool		log;			/* the same chance to each tenfold */
} TuneRange;

/* Of the options of one algorithm. */
typedef struct TuneSpace
{
	const AffinityAlgorithm *algorithm;
	int			n;
	TuneRange  *range;			/* one of an option at most */
} TuneSpace;

/* ---- spaces.c: where nothing is said ----------------------------------- */

/* What the numbers of a row are. */
typedef enum TuneSpaceUnit
{
	TUNE_PLAIN,
	TUNE_TIMES,					/* only for sources with times */
	TUNE_AGES					/* the same, in median ages of a row */
} TuneSpaceUnit;

typedef struct TuneSpaceRow
{
	const char *algorithm;		/* NULL: any that has the option */
	const char *option;
	TuneSpaceUnit unit;
	const char *values;			/* JSON, as users write it */
} TuneSpaceRow;

extern const TuneSpaceRow affinity_tune_spaces[];
extern const int affinity_tune_n_spaces;

/* ---- space.c ----------------------------------------------------------- */

extern void affinity_tune_space_usual(TuneSpace *space, double median_age);

/* ---- draw.c ------------------------------------------------------------ */

extern Jsonb *affinity_tune_draw(const TuneSpace *space, Jsonb *base,
								 int64 seed, int64 no);

#endif							/* AFFINITY_TUNE_SPACE_H */
