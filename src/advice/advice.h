/*
 * advice.h
 *		What would make a query cheap that is asked often with one parameter:
 *		indexes and statistics, tried in the planner before they are advised.
 */
#ifndef AFFINITY_ADVICE_H
#define AFFINITY_ADVICE_H

#include "postgres.h"

#include "nodes/pg_list.h"

typedef struct AffinityAdvice
{
	double		cost;			/* of the generic plan, as things are; NaN: it
								 * is not estimated */
	double		rows;			/* that the planner expects, after them */
	bool		slow;			/* cost is above the limit */
	List	   *statements;		/* of char *: SQL that helps, maybe none */
	double		cost_then;		/* after them */
	bool		enough;			/* they help as much as is wanted */
	bool		blocked;		/* part of it is read for any parameter */
	List	   *reasons;		/* of char *: sentences */
} AffinityAdvice;

extern void affinity_advice_find(const char *sql, Oid parameter,
								 const char *noun, double distinct,
								 double limit, AffinityAdvice *advice);

#endif							/* AFFINITY_ADVICE_H */
