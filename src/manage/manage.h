/*
 * manage.h
 *		Making, changing, dropping and listing models. Nothing here is for other
 *		rooms: they are reached by SQL.
 */
#ifndef AFFINITY_MANAGE_H
#define AFFINITY_MANAGE_H

#include "nodes/parsenodes.h"

#include "beside/beside.h"
#include "eval/eval.h"
#include "model/model.h"
#include "origin/origin.h"
#include "rules/rules.h"
#include "store/store.h"
#include "tune/tune.h"

/* list.c */
extern List *affinity_manage_tables(void);

/* drop.c: what create_model made, by catalog and OID */
typedef struct AffinityModelObjects
{
	List	   *classes;
	List	   *ids;
} AffinityModelObjects;

extern void affinity_manage_objects(Oid schema, AffinityModelObjects *objects);
extern bool affinity_manage_lacks_objects(Oid schema);

/* owner.c */
extern bool affinity_manage_has_foreign(Oid schema);

/* dependents.c */
extern void affinity_manage_lock_to_drop(const char *name, Oid schema,
										 Oid table, bool cascade);

/* row.c */
extern void affinity_manage_row_write(const char *name, Datum *values);

/* view.c: the view "interactions" beside the definition */
extern bool affinity_manage_view_fits(Oid schema, const ModelDefinition *d);
extern void affinity_manage_take_source(ModelDefinition *d,
										const ModelDefinition *from);
extern bool affinity_manage_view_settle(const char *name, Oid schema,
										ModelDefinition *d, bool update);

/* definition.c */
extern void affinity_manage_definition_load(const char *name, Oid schema,
											ModelDefinition *d);
extern void affinity_manage_definition_options(const char *name,
											   ModelDefinition *d);
extern void affinity_manage_definition_set(ModelDefinition *d,
										   const char *algorithm,
										   Jsonb *given);

extern void affinity_manage_check_attributes(const ModelDefinition *d);

/* ddl.c: the objects of a model's schema */

/* One of the statements that make an object; the first is its CREATE. */
typedef struct ModelStatement
{
	char		kind;			/* its relkind, or 'f': a function */
	const char *object;			/* NULL: the end */
	const char *sql;
} ModelStatement;

/* What the marks of a statement stand for. */
typedef struct ModelNames
{
	const char *schema;
	const char *items;			/* the table of items */
	const ModelDefinition *definition;
} ModelNames;

extern const char *affinity_manage_definition_write(const ModelNames *names,
													Oid schema);
extern const ModelStatement *affinity_manage_ddl_objects(void);
extern const char *affinity_manage_ddl_version(void);
extern char *affinity_manage_ddl_fill(const char *template,
									  const ModelNames *names);
extern void affinity_manage_ddl_make(const ModelStatement *object,
									 const ModelNames *names, bool replace);
extern void affinity_manage_ddl_schema(const ModelNames *names);
extern void affinity_manage_ddl_all(const ModelNames *names);
extern void affinity_manage_ddl_indexes(const ModelNames *names);
extern void affinity_manage_ddl_some_indexes(const ModelNames *names,
											 const bool *there, int n);
extern void affinity_manage_ddl_execute(const char *sql);

/* training.c */
typedef struct ModelTraining
{
	double		users;			/* that it found */
	const char *name;			/* of the model */
	ModelDefinition *definition;	/* a choice that is open is made */
	const char *from;			/* what gives the interactions, in SQL */
	const char *items;			/* the table to write into */
	bool		has_rows;		/* old rows are to be replaced */
	bool		has_indexes;
	bool		trained;		/* an empty source is an error */
	AffinityBesideLists *popular;	/* that it learned; NULL: none */
} ModelTraining;

/* signals.c: kinds of events */
typedef struct ModelSignals
{
	bool		any;			/* there are some */
	AffinityModelSignals given;
	double		weight[AFFINITY_MOST_KINDS];
	bool		is_new;			/* weights were learned just now */
	AffinityTuneSignals found;
} ModelSignals;

extern char *affinity_manage_signals_text(Jsonb *signals);
extern void affinity_manage_signals_check(const ModelDefinition *d);
extern void affinity_manage_signals_begin(const ModelTraining *asked,
										  Jsonb *before, ModelSignals *signals);
extern void affinity_manage_signals_say(const char *name,
										const ModelSignals *signals,
										const AffinityInteractions *in);
extern void affinity_manage_signals_figures(const ModelSignals *signals,
											const AffinityKindSums *sums,
											AffinityItemSink *sink);
extern Datum affinity_manage_signals_add(const ModelSignals *signals,
										 Datum training);

extern bool affinity_manage_train(ModelTraining *asked);
extern void affinity_manage_check_replication(const char *name, Oid schema);

/* choice.c: algorithm "auto" */
typedef struct ModelChoice ModelChoice;

extern AffinityJournal *affinity_manage_rows(bool has_time, const char *from);
extern char *affinity_manage_tested_on(AffinityEvalKind split, int64 as_of,
									   Oid at_type, uint32 users,
									   int folds);
extern char *affinity_manage_chosen(const AffinityAlgorithm *algorithm,
									Jsonb *given);
extern void affinity_manage_choice_none(ModelDefinition *d, Jsonb *given);
extern ModelChoice *affinity_manage_choice_make(const ModelTraining *asked);
extern void affinity_manage_choice_tell(const char *name,
										const ModelChoice *choice);
extern void affinity_manage_choice_figures(const ModelDefinition *d,
										   const ModelChoice *choice,
										   AffinityItemSink *sink);
extern void affinity_manage_choice_again(const char *name,
										 ModelDefinition *d);

/* keep.c: the copy of the interactions */
extern void affinity_manage_keep(const char *name, const ModelDefinition *d,
								 const char *from, bool say);
extern void affinity_manage_keep_since(const char *name,
									   const ModelDefinition *d,
									   const char *from, Datum since);

/* advice.c */

/* Planner cost of one user's history above which advice is given. */
#define AFFINITY_SLOW_HISTORY	5000.0

extern void affinity_manage_advise(const char *name, const ModelDefinition *d,
								   double users);

/* role.c: running as a model's owner */
typedef struct ModelRole
{
	Oid			caller;
	int			context;
	int			nest;
} ModelRole;

extern void affinity_manage_become(ModelRole *role, Oid owner);
extern void affinity_manage_return(const ModelRole *role);
extern void affinity_manage_connect(void);

/* owner.c */
extern bool affinity_manage_heal(const char *name, Oid schema, Oid table);
extern void affinity_manage_check_idle(const char *name, Oid schema,
									   Oid table);

/* create.c, refresh.c */
extern void affinity_manage_untrained(const char *name, bool empty);

/* What is asked of an existing model; what is NULL stays. */
typedef struct ModelAlteration
{
	const char *query;
	const char *algorithm;
	Jsonb	   *options;
	const bool *materialize;
	const char *attributes;		/* "": none */
	const char *signals;		/* "": none */
	const char *groups;			/* "": none */
	bool		from_start;		/* by create_model: as if it were new */
} ModelAlteration;

extern void affinity_manage_alter(const char *name,
								  const ModelAlteration *asked);

/* change.c: from the objects that are there to those that should be */
typedef struct ModelChange
{
	const char *name;
	Oid			schema;
	Oid			table;
	ModelDefinition *definition;
	Oid			former_user_type;	/* as they were; invalid: unknown */
	Oid			former_item_type;
	bool		new_view;		/* "interactions" is to be made again */
	bool		train;
	bool		asked;			/* by alter_model: what is in the way is an
								 * error */
	bool		update;			/* by ALTER EXTENSION UPDATE: nothing that the
								 * owner wrote may run */
	bool		say_kept;		/* the copy of the interactions is new */
	StringInfoData done;		/* what was made, in words */
} ModelChange;

extern bool affinity_manage_change(ModelChange *change);

/* refresh.c: a model that is being worked on */
typedef struct ModelExisting
{
	const char *name;
	Oid			schema;
	Oid			table;
	AffinityIfRunning if_running;
	bool		healed;
	ModelRole	role;
	ModelDefinition definition;
	ModelChange change;
} ModelExisting;

extern bool affinity_manage_open(ModelExisting *e, const char *name);
extern void affinity_manage_settle(ModelExisting *e);
extern void affinity_manage_leave_view(const char *name);
extern void affinity_manage_close(ModelExisting *e);
extern bool affinity_manage_refresh(const char *name, bool retune,
									AffinityIfRunning if_running);

/* rules.c */
extern void affinity_manage_renew_rules(ModelExisting *e);

#endif							/* AFFINITY_MANAGE_H */
