/*
 * query.h
 *		Errors of a query that is an argument.
 */
#ifndef AFFINITY_BASE_QUERY_H
#define AFFINITY_BASE_QUERY_H

#include "postgres.h"

#include "executor/spi.h"

typedef struct AffinityQueryContext
{
	const char *query;
	bool		by_spi;			/* which says where in it */
	const char *hint;			/* of what is no query */
} AffinityQueryContext;

/* query.c */
extern void affinity_base_query_error(void *context);
extern SPIPlanPtr affinity_base_query_prepare(const char *query,
											  const char *hint);

#endif							/* AFFINITY_BASE_QUERY_H */
