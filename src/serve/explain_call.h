/*
 * explain_call.h
 *		The report of explain_call, between the file that makes it and the one
 *		that advises.
 */
#ifndef AFFINITY_SERVE_EXPLAIN_CALL_H
#define AFFINITY_SERVE_EXPLAIN_CALL_H

#include "serve/serve.h"

typedef struct Report
{
	ServeCall	call;
	const char *name;			/* of the model */
	bool		is_user;		/* an id that the model's type holds */
	Datum		user;
	uint32		k;
	Datum		candidates;		/* of the model's type; 0: not given */
	Datum		exclude;
	bool		exclude_seen;

	/* what was found */
	bool		reads_factors;	/* this call has to */
	double		users;
	int64		rows;			/* of the history */
	int			n_counting;		/* items whose weight counts */
	uint32		n_known;		/* of them, those that the model knows */
	uint32		n_candidates;	/* that the model knows */
	int64		n_result;
	int64		n_personalized;
} Report;

/* explain_call.c */
__attribute__((format(printf, 4, 5)))
extern void affinity_serve_say(Report *r, const char *step,
							   const char *property, const char *format,...);
extern char *affinity_serve_history_relation(const AffinityModel *model);

/* explain_hints.c */
extern void affinity_serve_advise(Report *r);

#endif							/* AFFINITY_SERVE_EXPLAIN_CALL_H */
