/*
 * book.h
 *		Between the files of the room; private to it.
 */
#ifndef AFFINITY_RULES_BOOK_H
#define AFFINITY_RULES_BOOK_H

#include "executor/spi.h"
#include "nodes/parsenodes.h"
#include "storage/lockdefs.h"
#include "utils/typcache.h"

#include "rules/rules.h"

/* resolve.c */
typedef enum RuleKind
{
	RULE_ELIGIBLE,
	RULE_GROUP,
	RULE_BOOST
} RuleKind;

extern void affinity_rules_check(RuleKind kind, const char *text,
								 const char *from, bool parameters);

/*
 * watch.c: what an answer depends on. Relations and triggers by OID, functions by
 * the hash of their syscache entry.
 */
typedef struct RuleSources
{
	List	   *oids;
	List	   *functions;
	bool		mutable;		/* on more than tables */
	bool		secured;		/* row security is in force */
	List	   *unwatched;		/* tables whose changes nobody tells */
	const char *lacking;		/* tables that the caller may not read whole,
								 * NULL: none */
} RuleSources;

extern void affinity_rules_find_sources(SPIPlanPtr plan, RuleSources *sources);
extern List *affinity_rules_family(Oid table, LOCKMODE lock);
extern Oid	affinity_rules_trigger(Oid table, bool replica);
extern bool affinity_rules_is_replicated(Oid table);
extern Oid	affinity_rules_function(void);

/* ids.c: from ids to numbers */
typedef struct RuleIds RuleIds;

extern RuleIds *affinity_rules_ids(const AffinityModel *model);
extern void affinity_rules_ids_done(RuleIds *ids);
extern int64 affinity_rules_number(const RuleIds *ids, Datum id, Oid type);

/* What is to be read. */
typedef struct RuleRequest
{
	AffinityModel *model;
	const AffinityRuleSet *set;
	const AffinityRuleCall *call;	/* not NULL */
	RuleSources *sources;
	Snapshot	snapshot;		/* NULL: the latest */
} RuleRequest;

/* groups.c */

/* Values of groups that were seen, and where a hash finds them. */
typedef struct RuleGroups
{
	MemoryContext context;
	TypeCacheEntry *type;
	Oid			collation;
	uint32		n;
	uint32		room;
	Datum	   *value;
	uint32	   *hash;
	uint32		slots;			/* a power of two */
	int32	   *slot;			/* -1: free */
} RuleGroups;

extern void affinity_rules_groups_begin(RuleGroups *g, Oid type,
										Oid collation);
extern int32 affinity_rules_group_number(RuleGroups *g, Datum value);
extern int32 affinity_rules_first_group(const RuleGroups *g, int32 a,
										int32 b);

/* given.c */
extern float affinity_rules_check_boost(double boost, const char *item);
extern void affinity_rules_set_boosts(const RuleRequest *q, const char *json,
									  const RuleIds *ids,
									  AffinityRules *rules);
extern uint32 *affinity_rules_read_list(const RuleRequest *q,
										const ArrayType *list,
										const RuleIds *ids, uint32 *n);
extern void affinity_rules_exclude(const RuleRequest *q, const RuleIds *ids,
								   AffinityRules *rules);

/* fill.c */
extern void affinity_rules_fill(const RuleRequest *request,
								AffinityRuleBook *book);
extern SPIPlanPtr affinity_rules_prepare(const char *sql);

#endif							/* AFFINITY_RULES_BOOK_H */
