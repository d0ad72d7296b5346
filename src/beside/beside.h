/*
 * beside.h
 *		What a model is told beside the interactions: attributes of items, and
 *		groups of users, with what is popular in each.
 *
 * A definition keeps the texts of these queries. There is no view of them:
 * nothing but training reads them, and they may go without the model.
 */
#ifndef AFFINITY_BESIDE_H
#define AFFINITY_BESIDE_H

#include "utils/tuplestore.h"

#include "attribute/attribute.h"
#include "model/model.h"

/* ---- query.c ----------------------------------------------------------- */

/* Looks at a parsed query, which may not be what it should. */
typedef void (*AffinityBesideCheck) (Query * parsed, void *state);

extern void affinity_beside_query(const char *name, const char *what,
								  const char *resolved,
								  AffinityBesideCheck check, void *state);
extern void affinity_beside_columns(const Query * parsed, const char *what,
									const char *expected,
									const TargetEntry * column[2]);

/* ---- attributes.c ------------------------------------------------------ */

extern void affinity_beside_attributes_text(const char *query,
											ModelDefinition *d);
extern const AffinityAttributes *affinity_beside_attributes(const char *name,
															const ModelDefinition *d,
															bool read_only);

/* ---- groups.c: the query of groups of users ----------------------------- */

extern void affinity_beside_groups_text(const char *query, ModelDefinition *d);
extern AffinityInteractions *affinity_beside_groups(const char *name,
													const ModelDefinition *d);

/* ---- learn.c: what is popular in each ----------------------------------- */

/* Items that are kept of a group at most. */
#define AFFINITY_MOST_POPULAR	1000

typedef struct AffinityBesideRequest
{
	const AffinityAlgorithm *algorithm;
	const void *options;
	bool		has_time;
	bool		asked_ages;		/* the algorithm does not need them */
} AffinityBesideRequest;

/* Lists, as rows of the table. */
typedef struct AffinityBesideLists
{
	Tuplestorestate *rows;
	TupleDesc	desc;
	int32		n;				/* lists before; those of all users have 0 */
	double		n_groups;
	double		half_life;		/* of what is trending, in days; 0: not by a
								 * rule */
} AffinityBesideLists;

extern void affinity_beside_request(AffinityBesideRequest *b,
									AffinityReadRequest *request);
extern AffinityBesideLists *affinity_beside_learn(const AffinityBesideRequest *b,
												  const char *name,
												  const ModelDefinition *d,
												  AffinityInteractions *in,
												  MemoryContext context);
extern void affinity_beside_figures(const AffinityBesideLists *lists,
									AffinityItemSink *sink);

/* ---- lists.c: writing and reading them ---------------------------------- */

extern void affinity_beside_write(const char *name,
								  const AffinityBesideLists *lists);
extern void affinity_beside_need_groups(const AffinityModel *model);
extern bool affinity_beside_list(AffinityModel *model, text *group,
								 bool trending, AffinityList *list);

#endif							/* AFFINITY_BESIDE_H */
