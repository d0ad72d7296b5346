/*
 * rules.h
 *		What affinity.set_rules says of a model's lists, and what a call says
 *		beside it, as the room score takes it.
 *
 * A model with rules has a view of constants, "rules", and, where they are
 * about the user's own table of items, a view "catalog" over that.
 */
#ifndef AFFINITY_RULES_H
#define AFFINITY_RULES_H

#include "postgres.h"

#include "fmgr.h"
#include "utils/array.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"

#include "model/model.h"

/* ---- open.c: for serving ----------------------------------------------- */

/*
 * What a call says of the catalog; all may be NULL. Expressions are over the
 * columns of the view "catalog", and $1 are the parameters. A boost may also be
 * an object in JSON, from the id of an item to its factor.
 */
typedef struct AffinityRuleCall
{
	const char *eligible;		/* beside that of set_rules: both hold */
	Jsonb	   *parameters;
	const char *group_by;		/* in the place of that of set_rules */
	const char *boost;			/* likewise */
} AffinityRuleCall;

/*
 * What holds for a model and a call. Of `rules`, popularity, seed and
 * after_rank are not set. What is excluded is not allowed.
 */
typedef struct AffinityRuleBook
{
	AffinityRules rules;
	bool		any;			/* there are some */
	const Interval *not_within; /* NULL: none */
	double		repeat;			/* NaN: none */
} AffinityRuleBook;

/*
 * The rules of a model, and of a call (NULL: it says nothing). The caller is
 * connected to SPI. flinfo is that of the SQL function, whose fn_extra belongs
 * to this: what a statement has read holds to its end, and so long the result is
 * valid. It is not the caller's to change, but may be copied.
 */
extern const AffinityRuleBook *affinity_rules_open(AffinityModel *model,
												   FmgrInfo *flinfo,
												   const AffinityRuleCall *call);

/* ---- settings.c: the view "rules" -------------------------------------- */

/* What set_rules was told, and what it made of it. */
typedef struct AffinityRuleSet
{
	char	   *items;			/* NULL: there is no catalog */
	char	   *eligible;		/* expressions; NULL: none */
	char	   *group_by;
	char	   *boost;
	int64		max_per_group;	/* 0: none */
	double		penalty;		/* NaN: not said; so below */
	double		diversity;
	double		exploration;
	double		min_score;
	double		repeat;
	ArrayType  *pin;			/* text[], NULL: none */
	ArrayType  *exclude;		/* text[], NULL: none */
	Interval   *not_within;		/* NULL: none */
	char	   *catalog;		/* the view's query, every name qualified; "":
								 * there is none */
} AffinityRuleSet;

#define AFFINITY_RULES_VIEW		"rules"
#define AFFINITY_CATALOG_VIEW	"catalog"

extern void affinity_rules_none(AffinityRuleSet *set);
extern bool affinity_rules_read(const char *name, Oid schema,
								AffinityRuleSet *set);
extern const char *affinity_rules_wrong(const AffinityRuleSet *set,
										const char **hint);
extern List *affinity_rules_views(Oid schema);
extern void affinity_rules_write(const char *name, Oid schema,
								 const AffinityRuleSet *set);
extern void affinity_rules_remove(const char *name, Oid schema);
extern bool affinity_rules_lack_catalog(Oid schema);
extern char *affinity_rules_outdated(const char *name, Oid schema);
extern bool affinity_rules_renew(const char *name, Oid schema);

/* resolve.c, given.c, ids.c */
extern void affinity_rules_resolve(AffinityRuleSet *set, Oid item_type);
extern bool affinity_rules_is_json(const char *boost);
extern void affinity_rules_check_boosts(const char *json);
extern bool affinity_rules_id_from_text(const char *text, Oid type,
										Datum *id);

/* watch.c, triggers.c: the tables below the catalog */
extern List *affinity_rules_tables(Oid schema);
extern List *affinity_rules_to_watch(const char *query, List **read);
extern void affinity_rules_watch(const char *name, Oid schema, bool say);
extern List *affinity_rules_unneeded(List *tables, Oid schema);
extern void affinity_rules_unwatch(List *tables, bool say);

#endif							/* AFFINITY_RULES_H */
