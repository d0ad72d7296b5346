/*
 * definition.h
 *		What a model is defined as: the view of constants, the texts of its
 *		queries, its kinds of events.
 */
#ifndef AFFINITY_DEFINITION_DEFINITION_H
#define AFFINITY_DEFINITION_DEFINITION_H

#include "postgres.h"

#include "lib/stringinfo.h"
#include "nodes/parsenodes.h"
#include "utils/jsonb.h"

#include "base/base.h"
#include "interaction/interaction.h"
#include "train/train.h"

/*
 * definition.c: what the view "definition" of a model says, all of it constant.
 * It needs nothing of the source, and is read from the catalog alone.
 */
typedef struct ModelDefinition
{
	char	   *query;			/* as it was given */
	char	   *resolved;		/* with every name qualified */
	char	   *renamed;		/* the same where tables have other names now */
	char	   *algorithm;
	Jsonb	   *given_options;
	Jsonb	   *options;		/* all in force */
	Oid			user_type;
	Oid			item_type;
	char	   *objects;		/* version of the functions and views */
	char	   *view;			/* what "interactions" was made as */
	bool		materialize;	/* serving reads a copy of it */
	char	   *signals;		/* kinds of events, as JSON; "": it has none */
	char	   *choice;			/* see AFFINITY_CHOICE_...; "": algorithm and
								 * options are as they were given */
	char	   *attributes;		/* query of items' attributes; "": none */
	char	   *resolved_attributes;	/* with every name qualified */
	char	   *groups;			/* query of users' groups; "": none */
	char	   *resolved_groups;	/* the same */

	/* from the above */
	char	   *body;			/* of the view "interactions"; NULL: it stays */
	Oid			weight_type;
	Oid			at_type;
	bool		has_time;		/* of baskets: some may; a training knows */
	char	   *baskets;		/* what gives the same rows packed; NULL: the
								 * source has no baskets */
	bool		has_signal;		/* the query has a fifth column */
	bool		retune;			/* what signals weigh is to be learned anew */
} ModelDefinition;

/*
 * Algorithm "auto": the options given are its own, and algorithm and options
 * are what was chosen, or, before that, what stands there until it is.
 */
#define AFFINITY_CHOICE_OPEN	"open"
#define AFFINITY_CHOICE_MADE	"made"

/*
 * The copy of the interactions, and what is true in the column "training" of
 * the model's row if serving reads it.
 */
#define AFFINITY_KEPT			"kept_interactions"
#define AFFINITY_MATERIALIZED	"materialized"

/*
 * The view that serving reads in the place of "interactions", where
 * serve_locally made one.
 */
#define AFFINITY_LOCAL			"local_interactions"

/*
 * What is popular in groups of users: the table, and the number of groups that
 * is in the column "training" where the model knows some.
 */
#define AFFINITY_POPULAR		"popular_items"
#define AFFINITY_GROUPED		"user_groups"

/* The table of incremental refreshes since the training. */
#define AFFINITY_REFRESHES		"refreshes"

/* A column of a view of constants; what is not optional is not null. */
typedef struct AffinityConstant
{
	const char *name;
	Oid			type;
	bool		optional;
} AffinityConstant;

extern bool affinity_definition_constants(Oid view, const AffinityConstant *column,
										  int n, Datum *values, bool *nulls);

typedef enum DefinitionState
{
	DEFINITION_FOUND,
	DEFINITION_MISSING,
	DEFINITION_DAMAGED
} DefinitionState;

extern DefinitionState affinity_definition_read(Oid schema,
												ModelDefinition *d);
pg_noreturn extern void affinity_definition_no_source(const char *name,
													  const char *wrong);
pg_noreturn extern void affinity_definition_undefined(const char *name);
pg_noreturn extern void affinity_definition_damaged(const char *name,
													const char *why);
pg_noreturn extern void affinity_definition_other_columns(const char *name,
														  Oid schema);
extern char *affinity_definition_other_columns_hint(const char *name, Oid schema);
extern char *affinity_definition_hint(const char *name);
extern const char *affinity_definition_algorithm(const ModelDefinition *d);
extern List *affinity_definition_relations(const Query * query);

/* mark.c: was the view "interactions" replaced since a mark was made? */
extern char *affinity_definition_mark(Oid schema);
extern bool affinity_definition_same_view(Oid schema, const char *mark,
										  const Query * by_text,
										  const Query * by_view);

/* stored.c: what the model's row has of it */
extern JsonbValue *affinity_definition_member(Jsonb *training,
											  const char *member);
extern Datum affinity_definition_store(const ModelDefinition *d, Datum training);
extern bool affinity_definition_stored(Oid schema, Datum training,
									   ModelDefinition *d);

/* source.c: the query a model is made from, and others that it keeps */

/* What messages call them. */
#define AFFINITY_ATTRIBUTES_SOURCE	"item_attributes"
#define AFFINITY_CATALOG_SOURCE		"items of set_rules"
#define AFFINITY_GROUPS_SOURCE		"user_groups"

extern Query * affinity_definition_source_query(const char *query, const char *what,
												char **text);
extern Oid	affinity_definition_source_id(const Query * query,
										  const TargetEntry * column,
										  const char *role, const char *name,
										  StringInfo expression);
extern Query * affinity_definition_source_parse(const char *query);
extern void affinity_definition_source_analyze(Query * parsed, ModelDefinition *d);
extern void affinity_definition_source_text(const char *query, ModelDefinition *d);
extern void affinity_definition_source_select(const char *query, const char *what,
											  ModelDefinition *d);
extern char *affinity_definition_source_check(const char *query, const char *what);
extern char *affinity_definition_source_deparse(Query * query);
extern void affinity_definition_restrict_path(void);

/* baskets.c: a source of packed baskets */
extern bool affinity_definition_baskets(Query * parsed, int n,
										TargetEntry * const *column,
										ModelDefinition *d);
extern RangeTblEntry * affinity_definition_baskets_entry(const Query * view);

/* left_out.c: what training does not learn from */
extern char *affinity_definition_dropped_hint(void);
extern void affinity_definition_say_left_out(const char *name,
											 const AffinityAlgorithm *algorithm,
											 const void *options,
											 const AffinityInteractions *in);
extern void affinity_definition_say_users(const char *name,
										  const ModelDefinition *d, double users,
										  const AffinityInteractions *in);

/* ---- signals.c: kinds of events ----------------------------------------- */

/* What a model is told of them, the first being what it recommends. */
typedef struct AffinityModelSignals
{
	AffinityKinds kinds;
	bool		learned;		/* weights are; else they are given: */
	double		weight[AFFINITY_MOST_KINDS];
} AffinityModelSignals;

/* Members of the column "training" of a model's row. */
#define AFFINITY_SIGNALS		"signals"
#define AFFINITY_SIGNAL_WEIGHTS "signal_weights"
#define AFFINITY_SIGNAL_FACTORS "signal_factors"

extern bool affinity_definition_signals_parse(const char *json,
											  AffinityModelSignals *signals);
extern AffinityKinds *affinity_definition_signals_stored(const char *name,
														 Jsonb *training,
														 const char *member,
														 double *value);

#endif							/* AFFINITY_DEFINITION_DEFINITION_H */
