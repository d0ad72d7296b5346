/*
 * serve.h
 *		SQL functions that answer from a model and a history: arguments and
 *		results. Serving is the last room; no other includes this.
 *
 * A call connects to SPI, so everything it allocates goes when it
 * disconnects; only the result's rows live on, in the executor's memory.
 */
#ifndef AFFINITY_SERVE_H
#define AFFINITY_SERVE_H

#include "postgres.h"

#include "fmgr.h"
#include "nodes/primnodes.h"
#include "portability/instr_time.h"
#include "utils/array.h"
#include "utils/tuplestore.h"

#include "batch/batch.h"

/* Columns of a result at most. */
#define SERVE_COLUMNS	6

typedef struct ServeCall
{
	FunctionCallInfo fcinfo;
	AffinityModel *model;
	bool		as_array;		/* of the first column; else rows: */
	Tuplestorestate *rows;
	TupleDesc	desc;
	instr_time	start;
	AffinityCacheCall counted;	/* see affinity.stat_models */
	bool		unseen;			/* it is none of a model's calls */
	Datum	   *ids;			/* of the array */
	uint32		n_ids;
} ServeCall;

extern void affinity_serve_connect(ServeCall *call, FunctionCallInfo fcinfo);
extern void affinity_serve_begin(ServeCall *call, FunctionCallInfo fcinfo);
extern Datum affinity_serve_end(ServeCall *call);
extern int	affinity_serve_within(int change);

/* arguments */
extern uint32 affinity_serve_k(ServeCall *call, int arg);
extern bool affinity_serve_id(ServeCall *call, int arg, Oid type,
							  const char *role, Datum *id);
extern bool affinity_serve_given(const ServeCall *call, int arg);
extern bool affinity_serve_ids(ServeCall *call, int arg, Datum *ids);
extern bool affinity_serve_items(ServeCall *call, int arg,
								 AffinityItems *items);
extern bool affinity_serve_item(ServeCall *call, int arg, AffinityItem *item);
extern bool affinity_serve_history(ServeCall *call, int arg, bool repeat,
								   AffinityModelHistory *history);
extern void affinity_serve_recent(ServeCall *call, int arg, int64 after,
								  AffinityItems *items);
extern ArrayType *affinity_serve_beside(ServeCall *call, int arg,
										const char *name, const char *of,
										int n);
extern bool affinity_serve_stands_for_all(Datum candidates);
extern void affinity_serve_learns_items(const AffinityModel *model,
										const char *function);

pg_noreturn extern void affinity_serve_wrong_type(const char *role, Oid given,
												  Oid expected);

/* simplify.c */
extern Node *affinity_serve_simplify(const FuncExpr * call);

/* support.c */
extern double affinity_serve_usual_history(Oid schema);
extern double affinity_serve_users_of(Oid schema);

/* ---- rules.c: rules over a list ----------------------------------------- */

/* What holds for a call. */
typedef struct ServeRules
{
	AffinityRules rules;
	double		repeat;			/* NaN: none is set */
	bool		recent_only;	/* of what users had, only what they had after
								 * a time is left out */
	int64		after;
} ServeRules;

extern void affinity_serve_rules(ServeCall *call, int arg, bool basket,
								 ServeRules *r);
extern double affinity_serve_repeat(ServeCall *call, int arg,
									const ServeRules *r);
extern void affinity_serve_keep_pinned(ServeRules *r,
									   const AffinityItems *candidates,
									   const AffinityItems *exclude);
extern void affinity_serve_allow(ServeRules *r, uint32 n_items,
								 const AffinityItems *candidates,
								 const AffinityItems *exclude);
extern const AffinityRules *affinity_serve_in_force(ServeCall *call,
													ServeRules *r);
extern uint64 affinity_serve_user_hash(const ServeRules *r, Datum user,
									   Oid type);

/* ---- popular.c: what lists are filled up with ---------------------------- */

typedef struct ServePopular
{
	ServeCall  *call;
	text	   *group;			/* of users; NULL: all */
	bool		trending;
	const AffinityItems *candidates;	/* ascending by number; NULL: all
										 * items */
	const AffinityRules *rules; /* NULL: none */
	bool		looked_up;
	bool		has_list;		/* a list comes first: */
	AffinityList list;
	bool		with_ids;		/* of what was offered, in its order: */
	AffinityItems items;
} ServePopular;

extern void affinity_serve_group(ServeCall *call, int arg, ServePopular *p);
extern AffinityPopular affinity_serve_offer_popular(void *state, int64 n);
extern void affinity_serve_pinned_popularity(ServePopular *p,
											 AffinityRules *rules);

/* ---- groups.c: groups of many users -------------------------------------- */

/* What fills up the list of a user whose group is known. */
typedef struct ServeGroups
{
	text	   *all;			/* of who has none of their own; NULL: none */
	uint32		n_users;		/* those who may have one of their own: */
	const Datum *user;			/* ascending by id, each once; or not needed */
	text	  **group;			/* NULL: none */
} ServeGroups;

extern void affinity_serve_groups_arg(ServeCall *call, int arg,
									  ServeGroups *groups);
extern void affinity_serve_groups_add(ServeCall *call, ServeGroups *groups,
									  Datum *user, text * *group, uint32 n);
extern text * *affinity_serve_groups_of(const ServeGroups *groups,
										const AffinityDict *users);
extern const AffinityFirstLists *affinity_serve_groups_lists(ServeCall *call,
															 text * *group,
															 uint32 n,
															 const AffinityRules *rules);

extern void affinity_serve_users(ServeCall *call, int arg,
								 AffinityModelAsked *asked,
								 ServeGroups *groups);

/* results */
extern void affinity_serve_result(ServeCall *call, int n_columns,...);
extern void affinity_serve_put(ServeCall *call, const Datum *values);
extern void affinity_serve_put_key(ServeCall *call, Datum id, uint64 key,
								   size_t rank, Datum more);

#endif							/* AFFINITY_SERVE_H */
