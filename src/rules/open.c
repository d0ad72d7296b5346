/*
 * open.c
 *		What a backend remembers of rules, and until when.
 *
 * An answer is kept under model, version, role and what the call said, until one
 * of the relations, triggers and functions that it depends on is invalidated. It
 * was read in a snapshot of its own, taken after these invalidations were
 * looked at: a change that the snapshot does not see is told later. So an
 * answer that is kept is that of all that was committed when it was read, and
 * newer ones are told before a statement looks.
 *
 * Kept is not what nobody tells the changes of (watch.c), what row security has
 * a part in, and what was read in a transaction that writes: it may be undone, in
 * part, by a rollback that tells nothing. Such an answer holds for the statement.
 * A transaction that keeps its snapshot has answers of its own.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "common/hashfn.h"
#include "lib/ilist.h"
#include "miscadmin.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "rules/book.h"

/* So many answers are kept, and so many by one statement. */
#define MAX_KEPT		64
#define MAX_OF_STATEMENT 8

typedef struct RuleKey
{
	Oid			relation;		/* of the table "model" */
	uint64		serial;			/* of the model, as version and shape go by it */
	Oid			role;
	Size		len;
	const char *call;			/* what it said, and where names were sought */
	uint32		hash;
} RuleKey;

typedef struct RuleEntry
{
	dlist_node	node;			/* while it is kept */
	RuleKey		key;
	MemoryContext context;
	AffinityRuleBook book;
	RuleSources sources;
	LocalTransactionId transaction; /* only for this; invalid: for all */
	bool		stale;
	bool		kept;
	int			pins;
} RuleEntry;

/* What a statement uses, at its function's fn_extra. */
typedef struct RuleStatement
{
	int			n;
	int			next;
	RuleEntry  *entry[MAX_OF_STATEMENT];
} RuleStatement;

static dlist_head kept = DLIST_STATIC_INIT(kept);	/* last used first */
static RuleEntry *filling;		/* being read, and not kept yet */
static bool registered;

/* ---- invalidation ------------------------------------------------------ */

static void
relation_changed(Datum arg, Oid relid)
{
	dlist_iter	iter;

	(void) arg;
	dlist_foreach(iter, &kept)
	{
		RuleEntry  *entry = dlist_container(RuleEntry, node, iter.cur);

		if (!OidIsValid(relid) ||
			list_member_oid(entry->sources.oids, relid))
			entry->stale = true;
	}
	/* what this depends on may not be known yet */
	if (filling != NULL &&
		(!OidIsValid(relid) || filling->sources.oids == NIL ||
		 list_member_oid(filling->sources.oids, relid)))
		filling->stale = true;
}

static void
function_changed(Datum arg, int cache, uint32 hash)
{
	dlist_iter	iter;

	(void) arg;
	dlist_foreach(iter, &kept)
	{
		RuleEntry  *entry = dlist_container(RuleEntry, node, iter.cur);

		if (cache != PROCOID || hash == 0 ||
			list_member_int(entry->sources.functions, (int) hash))
			entry->stale = true;
	}
	if (filling != NULL)
		filling->stale = true;
}

static void
register_callbacks(void)
{
	if (registered)
		return;
	CacheRegisterRelcacheCallback(relation_changed, (Datum) 0);
	CacheRegisterSyscacheCallback(PROCOID, function_changed, (Datum) 0);
	CacheRegisterSyscacheCallback(AUTHOID, function_changed, (Datum) 0);
	CacheRegisterSyscacheCallback(AUTHMEMROLEMEM, function_changed, (Datum) 0);
	/* USAGE of what texts name */
	CacheRegisterSyscacheCallback(NAMESPACEOID, function_changed, (Datum) 0);
	CacheRegisterSyscacheCallback(SUBSCRIPTIONRELMAP, function_changed,
								  (Datum) 0);
	registered = true;
}

/* ---- entries ----------------------------------------------------------- */

static bool
same_key(const RuleKey *a, const RuleKey *b)
{
	return a->hash == b->hash && a->relation == b->relation &&
		a->serial == b->serial && a->role == b->role && a->len == b->len &&
		memcmp(a->call, b->call, a->len) == 0;
}

static void
forget(RuleEntry *entry)
{
	if (entry->kept)
	{
		dlist_delete(&entry->node);
		entry->kept = false;
	}
	if (entry->pins == 0)
		MemoryContextDelete(entry->context);
}

static void
unpin(RuleEntry *entry)
{
	if (--entry->pins == 0 && !entry->kept)
		MemoryContextDelete(entry->context);
}

/*
 * Is an entry of no more use than memory, beside another?
 */
static bool
is_useless(const RuleEntry *entry, const RuleEntry *beside)
{
	return entry->stale ||
		(entry->transaction != InvalidLocalTransactionId &&
		 entry->transaction != affinity_base_local_transaction()) ||
		(entry->key.relation == beside->key.relation &&
		 entry->key.serial != beside->key.serial) ||
		(entry->transaction == beside->transaction &&
		 same_key(&entry->key, &beside->key));
}

/*
 * Keep an entry, in the place of useless ones, and of those that were not used
 * for longest if there are too many.
 */
static void
keep(RuleEntry *entry)
{
	dlist_mutable_iter iter;
	Size		bytes = MemoryContextMemAllocated(entry->context, true);
	int			n = 1;

	dlist_foreach_modify(iter, &kept)
	{
		RuleEntry  *other = dlist_container(RuleEntry, node, iter.cur);

		bytes += MemoryContextMemAllocated(other->context, true);
		n++;
		if (n > MAX_KEPT || bytes > affinity_base_memory_allowed() ||
			is_useless(other, entry))
		{
			bytes -= MemoryContextMemAllocated(other->context, true);
			n--;
			forget(other);
		}
	}
	dlist_push_head(&kept, &entry->node);
	entry->kept = true;
}

static RuleEntry *
find_kept(const RuleKey *key)
{
	LocalTransactionId wanted = IsolationUsesXactSnapshot() ?
		affinity_base_local_transaction() : InvalidLocalTransactionId;
	dlist_iter	iter;

	dlist_foreach(iter, &kept)
	{
		RuleEntry  *entry = dlist_container(RuleEntry, node, iter.cur);

		if (!entry->stale && entry->transaction == wanted &&
			same_key(&entry->key, key))
		{
			dlist_move_head(&kept, &entry->node);
			return entry;
		}
	}
	return NULL;
}

/*
 * May a text have constants that are read by the clock?
 */
static bool
tells_time(const char *text)
{
	static const char *const words[] = {"now", "today", "tomorrow", "yesterday"};

	for (; text && *text; text++)
	{
		for (size_t w = 0; w < lengthof(words); w++)
		{
			if (pg_strncasecmp(text, words[w], strlen(words[w])) == 0)
				return true;
		}
	}
	return false;
}

/*
 * Read what a call needs.
 */
static RuleEntry *
make_entry(const RuleKey *key, AffinityModel *model, Oid view,
		   const AffinityRuleCall *call)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "affinity rules",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	RuleEntry  *entry = palloc0(sizeof(RuleEntry));
	RuleEntry  *outer = filling;
	AffinityRuleSet set;
	RuleRequest request = {model, &set, call, &entry->sources, NULL};
	bool		alone = IsInParallelMode() ||
		TransactionIdIsValid(GetTopTransactionIdIfAny());

	entry->context = context;
	entry->key = *key;
	entry->key.call = memcpy(palloc(key->len + 1), key->call, key->len);
	if (IsolationUsesXactSnapshot())
		entry->transaction = affinity_base_local_transaction();
	if (IsolationUsesXactSnapshot() || IsInParallelMode())
		request.snapshot = GetActiveSnapshot();
	filling = entry;
	PG_TRY();
	{
		if (!affinity_rules_read(model->schema_name, model->schema, &set))
			affinity_rules_none(&set);
		affinity_rules_fill(&request, &entry->book);
		entry->sources.oids = lappend_oid(entry->sources.oids, view);
	}
	PG_FINALLY();
	{
		filling = outer;
	}
	PG_END_TRY();
	MemoryContextSwitchTo(old);
	if (outer != NULL && entry->stale)
		outer->stale = true;
	MemoryContextSetParent(context, TopMemoryContext);
	if (tells_time(call->eligible) || tells_time(call->group_by) ||
		tells_time(call->boost))
		entry->sources.mutable = true;
	if (OidIsValid(view) && !alone && !entry->stale && !entry->sources.mutable &&
		!entry->sources.secured && entry->sources.unwatched == NIL)
		keep(entry);
	return entry;
}

/* ---- a call ------------------------------------------------------------ */

static void
add_part(StringInfo text, const void *part, Size len)
{
	appendBinaryStringInfo(text, (const char *) &len, sizeof(len));
	appendBinaryStringInfo(text, part, (int) len);
}

static void
add_text(StringInfo text, const char *part)
{
	if (part == NULL)
		add_part(text, "", 0);
	else
		add_part(text, part, strlen(part) + 1);
}

/*
 * What a call says, as bytes: none where it says nothing.
 */
static void
set_key(RuleKey *key, const AffinityModel *model, const AffinityRuleCall *call)
{
	StringInfoData text;

	key->relation = model->relation;
	key->serial = model->serial;
	key->role = GetUserId();
	key->call = "";
	key->len = 0;
	if (call->eligible || call->group_by || call->boost)
	{
		initStringInfo(&text);
		add_text(&text, call->eligible);
		add_text(&text, call->group_by);
		add_text(&text, call->boost);
		add_text(&text, namespace_search_path);
		/* what constants are written by */
		add_text(&text, pg_get_timezone_name(session_timezone));
		add_part(&text, &DateStyle, sizeof(DateStyle));
		add_part(&text, &DateOrder, sizeof(DateOrder));
		add_part(&text, &IntervalStyle, sizeof(IntervalStyle));
		if (call->parameters)
			add_part(&text, call->parameters, VARSIZE(call->parameters));
		key->call = text.data;
		key->len = (Size) text.len;
	}
	key->hash = hash_bytes((const unsigned char *) key->call, (int) key->len) ^
		murmurhash32(key->relation ^ murmurhash32(key->role));
}

static void
end_statement(void *arg)
{
	RuleStatement *statement = arg;

	for (int i = 0; i < statement->n; i++)
		unpin(statement->entry[i]);
	statement->n = 0;
}

static RuleStatement *
statement_of(FmgrInfo *flinfo)
{
	RuleStatement *statement = flinfo->fn_extra;
	MemoryContextCallback *callback;

	if (statement != NULL)
		return statement;
	statement = MemoryContextAllocZero(flinfo->fn_mcxt, sizeof(RuleStatement));
	callback = MemoryContextAllocZero(flinfo->fn_mcxt,
									  sizeof(MemoryContextCallback));
	callback->func = end_statement;
	callback->arg = statement;
	MemoryContextRegisterResetCallback(flinfo->fn_mcxt, callback);
	flinfo->fn_extra = statement;
	return statement;
}

static void
use(RuleStatement *statement, RuleEntry *entry)
{
	entry->pins++;
	if (statement->n < MAX_OF_STATEMENT)
	{
		statement->entry[statement->n++] = entry;
		return;
	}
	unpin(statement->entry[statement->next]);
	statement->entry[statement->next] = entry;
	statement->next = (statement->next + 1) % MAX_OF_STATEMENT;
}

/* See rules.h. */
const AffinityRuleBook *
affinity_rules_open(AffinityModel *model, FmgrInfo *flinfo,
					const AffinityRuleCall *call)
{
	static const AffinityRuleCall nothing;
	static const AffinityRuleBook none;
	RuleStatement *statement = statement_of(flinfo);
	RuleKey		key;
	RuleEntry  *entry;
	Oid			view;

	if (call == NULL)
		call = &nothing;
	set_key(&key, model, call);
	for (int i = 0; i < statement->n; i++)
	{
		if (same_key(&statement->entry[i]->key, &key))
			return &statement->entry[i]->book;
	}
	register_callbacks();
	AcceptInvalidationMessages();
	view = get_relname_relid(AFFINITY_RULES_VIEW, model->schema);
	if (!OidIsValid(view) && key.len == 0)
		return &none;
	/* where policies have come to the items, reading them says so */
	entry = model->items_guarded ? NULL : find_kept(&key);
	if (entry == NULL)
		entry = make_entry(&key, model, view, call);
	use(statement, entry);
	return &entry->book;
}
