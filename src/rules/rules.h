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
#include "utils/jsonb.h"
#include "utils/timestamp.h"

#include "model/model.h"

/*
 * What a call says of the catalog; all may be NULL. Expressions are over the
 * columns of the view "catalog", $1 are the parameters.
 */
typedef struct AffinityRuleCall
{
	const char *eligible;		/* beside that of set_rules: both hold */
	Jsonb	   *parameters;
	const char *group_by;		/* in the place of that of set_rules */
	const char *boost;			/* likewise: an expression, or */
	Jsonb	   *boosts;			/* an object: id of item -> factor */
} AffinityRuleCall;

/*
 * What holds for a model and a call. A field that set_rules does not name is
 * what the comment says. Of `rules`, seed and after_rank are 0.
 */
typedef struct AffinityRuleBook
{
	AffinityRules rules;
	bool		any;			/* there are some: pass &rules on */
	uint32		n_groups;		/* groups are numbered below */
	bool		has_max_per_group;	/* set_rules names it */
	const Interval *not_within; /* NULL: none */
	double		repeat;			/* NaN: none */
} AffinityRuleBook;

/*
 * The rules of a model, and of a call (NULL: it says nothing). The caller is
 * connected to SPI. The result is valid as long as the current memory context;
 * it is not the caller's to change, but may be copied. `flinfo` is that of the
 * SQL function, whose fn_extra belongs to this: what a statement has read once
 * holds to its end.
 */
extern const AffinityRuleBook *affinity_rules_open(AffinityModel *model,
												   FmgrInfo *flinfo,
												   const AffinityRuleCall *call);

#endif							/* AFFINITY_RULES_H */
