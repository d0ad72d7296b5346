/*
 * funnel.h
 *		Funnels: the words of a mode, the best chain of each user, and what a
 *		population comes to.
 */
#ifndef AFFINITY_FUNNEL_H
#define AFFINITY_FUNNEL_H

#include "postgres.h"

#include "eventlog/eventlog.h"

/* A word of a mode that is never in a state: it is the default. */
#define FUNNEL_MODE_ONCE 0x1000

/* mode.c */
extern uint32 affinity_funnel_mode_read(const char *text, int n_conditions,
										char *options, uint32 *options_len);
extern bool affinity_funnel_mode_holds(const char *text);
extern const char *affinity_funnel_mode_word(uint32 bit);

/* windows.c */
extern void affinity_funnel_windows_add(EventDefinition *definition,
										char *options, const int64 *windows,
										int n_windows);

/* mode_text.c */
extern char *affinity_funnel_mode_text(const EventLog *log);

/* solve.c */
typedef struct FunnelSolver FunnelSolver;

/*
 * A user's best chain: its last step, its steps, and their times, which are the
 * solver's until it solves again. Nobody's id where the state has one user.
 */
typedef struct FunnelResult
{
	EventUserId user;
	int			level;
	uint64		taken;
	const int64 *at;
} FunnelResult;

typedef void (*FunnelResultUse) (const FunnelResult *result, void *arg);

extern FunnelSolver *affinity_funnel_solver_create(MemoryContext context);
extern void affinity_funnel_solve(FunnelSolver *solver, const EventLog *log,
								  FunnelResultUse use, void *arg);

/* population.c: where the users of a population are on their way */
typedef struct FunnelConversions
{
	int			n_steps;
	uint64		optional;		/* steps that may be left out */
	int64		n_users[AFFINITY_MAX_STEPS];	/* who took the step */
	int64		room[AFFINITY_MAX_STEPS];	/* of the arrays below */
	int64	   *from_start[AFFINITY_MAX_STEPS]; /* times since the first step */
	int64	   *from_previous[AFFINITY_MAX_STEPS];	/* since the one before
													 * that must be taken: the
													 * same array if that is
													 * the first */
} FunnelConversions;

/*
 * The step before step i (from 0), which is not the first, that must be
 * taken.
 */
static inline int
affinity_funnel_previous_step(const FunnelConversions *conversions, int i)
{
	for (i--; (conversions->optional >> i & 1) != 0; i--)
		;
	return i;
}

extern void affinity_funnel_conversions_read(FunnelConversions *conversions,
											 const EventLog *log);

/* report.c */
extern void affinity_funnel_put_duration(Datum *value, bool *null,
										 double units, EventTime kind);

#endif							/* AFFINITY_FUNNEL_H */
