/*
 * settings.c
 *		What set_rules was told: the view "rules" of a model's schema, one row
 *		of constants, and the view "catalog" beside it.
 *
 * As the definition, it survives dumps without data, pg_upgrade and renames,
 * anybody can look at it, and it is read from the catalog without being run. It
 * is an owner's text: what is read is checked.
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "access/relation.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "nodes/nodeFuncs.h"
#include "rewrite/rewriteHandler.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "base/number.h"
#include "rules/book.h"

enum
{
	SETTING_ITEMS,
	SETTING_ELIGIBLE,
	SETTING_GROUP_BY,
	SETTING_BOOST,
	SETTING_MAX_PER_GROUP,
	SETTING_PENALTY,
	SETTING_DIVERSITY,
	SETTING_EXPLORATION,
	SETTING_MIN_SCORE,
	SETTING_REPEAT,
	SETTING_PIN,
	SETTING_EXCLUDE,
	SETTING_NOT_WITHIN,
	SETTING_CATALOG,
	N_SETTINGS
};

static const AffinityConstant columns[N_SETTINGS] = {
	{"items", TEXTOID, true},
	{"eligible", TEXTOID, true},
	{"group_by", TEXTOID, true},
	{"boost", TEXTOID, true},
	{"max_per_group", INT8OID, true},
	{"penalty", FLOAT8OID, true},
	{"diversity", FLOAT8OID, true},
	{"exploration", FLOAT8OID, true},
	{"min_score", FLOAT8OID, true},
	{"repeat", FLOAT8OID, true},
	{"pin", TEXTARRAYOID, true},
	{"exclude", TEXTARRAYOID, true},
	{"not_within", INTERVALOID, true},
	{"catalog_query", TEXTOID, false},
};

/*
 * No rules.
 */
void
affinity_rules_none(AffinityRuleSet *set)
{
	memset(set, 0, sizeof(AffinityRuleSet));
	set->penalty = set->diversity = set->exploration = (double) NAN;
	set->min_score = set->repeat = (double) NAN;
	set->catalog = "";
}

/* ---- reading ----------------------------------------------------------- */

/*
 * What is out of its range, in words, and what to do; NULL: nothing.
 */
const char *
affinity_rules_wrong(const AffinityRuleSet *set, const char **hint)
{
	const struct
	{
		const char *name;
		double		value;
		const char *hint;
	}			shares[] = {
		{"penalty", set->penalty, "0 leaves popular items as they are, 1 counts them least."},
		{"diversity", set->diversity, "0 is the order of scores, 1 looks only at how items differ."},
		{"exploration", set->exploration, "It is the share of places given to less certain items."},
		{"repeat", set->repeat, "It is the share of what the user had before: 0 for new items only, 1 for nothing new."},
	};

	for (int i = 0; i < (int) lengthof(shares); i++)
	{
		*hint = shares[i].hint;
		if (!isnan(shares[i].value) &&
			!(shares[i].value >= 0 && shares[i].value <= 1))
			return psprintf("%s must be between 0 and 1, not %g",
							shares[i].name, shares[i].value);
	}
	*hint = "It is the score below which an item is left out.";
	if (!isnan(set->min_score) && isinf(set->min_score))
		return psprintf("min_score must be finite, not %g", set->min_score);
	*hint = "It is how many items of a group a list has at most: 1 or more.";
	if (set->max_per_group < 0)
		return psprintf("max_per_group must be 1 or more, not %lld",
						(long long) set->max_per_group);
	*hint = "It is for how long what a user has is not shown again, such as '30 days'.";
	if (set->not_within != NULL &&
		(set->not_within->month < 0 || set->not_within->day < 0 ||
		 set->not_within->time < 0 ||
		 affinity_base_interval_is_infinite(set->not_within)))
		return "not_within must be a finite time of 0 or more";
	return NULL;
}

pg_noreturn static void
damaged(const char *name, const char *why)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("the rules of model \"%s\" are damaged", name),
			 errdetail_internal("%s", why),
			 errhint("To go on without: ALTER TABLE %s RENAME TO damaged_rules; then set them again by affinity.set_rules.",
					 quote_qualified_identifier(name, AFFINITY_RULES_VIEW))));
}

static char *
text_of(const Datum *values, const bool *nulls, int column)
{
	return nulls[column] ? NULL : TextDatumGetCString(values[column]);
}

static double
number_of(const Datum *values, const bool *nulls, int column)
{
	return nulls[column] ? (double) NAN : DatumGetFloat8(values[column]);
}

static ArrayType *
list_of(const char *name, const Datum *values, const bool *nulls, int column)
{
	ArrayType  *list;

	if (nulls[column])
		return NULL;
	list = DatumGetArrayTypePCopy(values[column]);
	if (ARR_NDIM(list) > 1 || ARR_HASNULL(list) ||
		ARR_ELEMTYPE(list) != TEXTOID)
		damaged(name, "A list of items is not plain.");
	return list;
}

/*
 * Read the rules of a model; false where it has none. Everything is in the
 * current memory context.
 */
bool
affinity_rules_read(const char *name, Oid schema, AffinityRuleSet *set)
{
	Oid			view = get_relname_relid(AFFINITY_RULES_VIEW, schema);
	Datum		v[N_SETTINGS];
	bool		nulls[N_SETTINGS];
	const char *hint;
	const char *wrong;

	if (!OidIsValid(view) || get_rel_relkind(view) != RELKIND_VIEW)
		return false;
	if (!affinity_definition_constants(view, columns, N_SETTINGS, v, nulls))
		damaged(name, "The view \"rules\" is not the one of constants that set_rules makes.");
	set->items = text_of(v, nulls, SETTING_ITEMS);
	set->eligible = text_of(v, nulls, SETTING_ELIGIBLE);
	set->group_by = text_of(v, nulls, SETTING_GROUP_BY);
	set->boost = text_of(v, nulls, SETTING_BOOST);
	set->max_per_group = nulls[SETTING_MAX_PER_GROUP] ? 0 :
		DatumGetInt64(v[SETTING_MAX_PER_GROUP]);
	set->penalty = number_of(v, nulls, SETTING_PENALTY);
	set->diversity = number_of(v, nulls, SETTING_DIVERSITY);
	set->exploration = number_of(v, nulls, SETTING_EXPLORATION);
	set->min_score = number_of(v, nulls, SETTING_MIN_SCORE);
	set->repeat = number_of(v, nulls, SETTING_REPEAT);
	set->pin = list_of(name, v, nulls, SETTING_PIN);
	set->exclude = list_of(name, v, nulls, SETTING_EXCLUDE);
	set->not_within = NULL;
	if (!nulls[SETTING_NOT_WITHIN])
	{
		set->not_within = palloc(sizeof(Interval));
		*set->not_within = *DatumGetIntervalP(v[SETTING_NOT_WITHIN]);
	}
	set->catalog = text_of(v, nulls, SETTING_CATALOG);
	wrong = affinity_rules_wrong(set, &hint);
	if (wrong != NULL)
		damaged(name, wrong);
	return true;
}

/*
 * The views that set_rules has made, by OID. Another's view "catalog", beside
 * which there are no rules, is not ours.
 */
List *
affinity_rules_views(Oid schema)
{
	Oid			rules = get_relname_relid(AFFINITY_RULES_VIEW, schema);
	Oid			catalog = get_relname_relid(AFFINITY_CATALOG_VIEW, schema);
	Datum		v[N_SETTINGS];
	bool		nulls[N_SETTINGS];
	List	   *views = NIL;

	if (!OidIsValid(rules) ||
		!affinity_definition_constants(rules, columns, N_SETTINGS, v, nulls))
		return NIL;
	views = list_make1_oid(rules);
	if (OidIsValid(catalog) && get_rel_relkind(catalog) == RELKIND_VIEW)
		views = lappend_oid(views, catalog);
	return views;
}

/* ---- writing: as the owner, connected to SPI --------------------------- */

static void
execute(const char *sql)
{
	int			rc = SPI_execute(sql, false, 0);

	if (rc < 0)
		elog(ERROR, "\"%s\" failed: %s", sql, SPI_result_code_string(rc));
}

static void
add_column(StringInfo sql, const char *value, const char *type, int column)
{
	appendStringInfo(sql, "%s\n\t%s::pg_catalog.%s AS %s",
					 column > 0 ? "," : "",
					 value ? quote_literal_cstr(value) : "NULL", type,
					 quote_identifier(columns[column].name));
}

static void
add_number(StringInfo sql, double value, int column)
{
	add_column(sql, isnan(value) ? NULL : affinity_base_shortest(value), "float8",
			   column);
}

static void
add_list(StringInfo sql, const ArrayType *list, int column)
{
	Oid			output;
	bool		is_varlena;

	getTypeOutputInfo(TEXTARRAYOID, &output, &is_varlena);
	add_column(sql, list == NULL ? NULL :
			   OidOutputFunctionCall(output, PointerGetDatum(list)), "text[]",
			   column);
}

/*
 * The query of the view "rules".
 */
static char *
rules_query(const AffinityRuleSet *set)
{
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfoString(&sql, "SELECT");
	add_column(&sql, set->items, "text", SETTING_ITEMS);
	add_column(&sql, set->eligible, "text", SETTING_ELIGIBLE);
	add_column(&sql, set->group_by, "text", SETTING_GROUP_BY);
	add_column(&sql, set->boost, "text", SETTING_BOOST);
	add_column(&sql, set->max_per_group == 0 ? NULL :
			   psprintf("%lld", (long long) set->max_per_group), "int8",
			   SETTING_MAX_PER_GROUP);
	add_number(&sql, set->penalty, SETTING_PENALTY);
	add_number(&sql, set->diversity, SETTING_DIVERSITY);
	add_number(&sql, set->exploration, SETTING_EXPLORATION);
	add_number(&sql, set->min_score, SETTING_MIN_SCORE);
	add_number(&sql, set->repeat, SETTING_REPEAT);
	add_list(&sql, set->pin, SETTING_PIN);
	add_list(&sql, set->exclude, SETTING_EXCLUDE);
	/* these words mean the same whatever IntervalStyle is */
	add_column(&sql, set->not_within == NULL ? NULL :
			   psprintf("%d months %d days %lld microseconds",
						set->not_within->month, set->not_within->day,
						(long long) set->not_within->time), "interval",
			   SETTING_NOT_WITHIN);
	add_column(&sql, set->catalog, "text", SETTING_CATALOG);
	return sql.data;
}

/*
 * Make a view, or put it in the place of the one that is there. What others have
 * built on it stays as long as its columns do.
 */
static void
make_view(const char *name, Oid schema, const char *view, const char *options,
		  const char *query, const char *comment)
{
	const char *qualified = quote_qualified_identifier(name, view);
	Oid			former = get_relname_relid(view, schema);

	if (OidIsValid(former))
	{
		const char *next = "affinity_next_view";
		Relation	old;
		Relation	new;
		bool		fits;

		/* parsed once, as a view of another name, to compare the columns */
		execute(psprintf("CREATE VIEW %s AS\n%s",
						 quote_qualified_identifier(name, next), query));
		old = relation_open(former, AccessShareLock);
		new = relation_open(get_relname_relid(next, schema), AccessShareLock);
		fits = RelationGetNumberOfAttributes(old) <=
			RelationGetNumberOfAttributes(new);
		for (int i = 0; fits && i < RelationGetNumberOfAttributes(old); i++)
		{
			Form_pg_attribute a = TupleDescAttr(RelationGetDescr(old), i);
			Form_pg_attribute b = TupleDescAttr(RelationGetDescr(new), i);

			fits = strcmp(NameStr(a->attname), NameStr(b->attname)) == 0 &&
				a->atttypid == b->atttypid && a->atttypmod == b->atttypmod &&
				a->attcollation == b->attcollation;
		}
		relation_close(new, AccessShareLock);
		relation_close(old, AccessShareLock);
		execute(psprintf("DROP VIEW %s", quote_qualified_identifier(name, next)));
		if (!fits)
			execute(psprintf("DROP VIEW %s RESTRICT", qualified));
	}
	execute(psprintf("CREATE OR REPLACE VIEW %s%s AS\n%s", qualified, options,
					 query));
	execute(psprintf("GRANT SELECT ON %s TO PUBLIC", qualified));
	execute(psprintf("COMMENT ON VIEW %s IS %s", qualified,
					 quote_literal_cstr(comment)));
}

static void
make_catalog(const char *name, Oid schema, const char *query)
{
	make_view(name, schema, AFFINITY_CATALOG_VIEW,
			  " WITH (security_invoker = true)", query,
			  "the items as the rules see them, read with the rights of the caller; affinity.set_rules makes it");
}

/*
 * A name that set_rules needs must not be something else's.
 */
static void
check_names(const char *name, Oid schema)
{
	const char *const names[] = {AFFINITY_RULES_VIEW, AFFINITY_CATALOG_VIEW};
	List	   *own = affinity_rules_views(schema);

	for (int i = 0; i < (int) lengthof(names); i++)
	{
		Oid			relation = get_relname_relid(names[i], schema);

		if (OidIsValid(relation) && !list_member_oid(own, relation))
			ereport(ERROR,
					(errcode(ERRCODE_DUPLICATE_TABLE),
					 errmsg("\"%s\" of model \"%s\" is not what set_rules makes",
							names[i], name),
					 errhint("Put it out of the way: ALTER TABLE %s RENAME TO %s;",
							 quote_qualified_identifier(name, names[i]),
							 quote_identifier(psprintf("former_%s", names[i])))));
	}
}

/*
 * Make the views of a model.
 */
void
affinity_rules_write(const char *name, Oid schema, const AffinityRuleSet *set)
{
	check_names(name, schema);
	if (set->catalog[0] != '\0')
		make_catalog(name, schema, set->catalog);
	else if (OidIsValid(get_relname_relid(AFFINITY_CATALOG_VIEW, schema)))
		execute(psprintf("DROP VIEW %s RESTRICT",
						 quote_qualified_identifier(name,
													AFFINITY_CATALOG_VIEW)));
	make_view(name, schema, AFFINITY_RULES_VIEW, "", rules_query(set),
			  "what affinity.set_rules was told; it changes that");
}

/*
 * Take the views away.
 */
void
affinity_rules_remove(const char *name, Oid schema)
{
	List	   *views = affinity_rules_views(schema);
	ListCell   *cell;

	check_names(name, schema);
	foreach(cell, views)
		execute(psprintf("DROP VIEW %s RESTRICT",
						 quote_qualified_identifier(name,
													get_rel_name(lfirst_oid(cell)))));
}

/*
 * Has the catalog of a model with rules gone?
 */
bool
affinity_rules_lack_catalog(Oid schema)
{
	Oid			rules = get_relname_relid(AFFINITY_RULES_VIEW, schema);
	Datum		v[N_SETTINGS];
	bool		nulls[N_SETTINGS];

	return OidIsValid(rules) &&
		!OidIsValid(get_relname_relid(AFFINITY_CATALOG_VIEW, schema)) &&
		affinity_definition_constants(rules, columns, N_SETTINGS, v, nulls) &&
		VARSIZE_ANY_EXHDR(DatumGetPointer(v[SETTING_CATALOG])) > 0;
}

/*
 * Does the view read other relations than its query names now? Tables that are
 * swapped change names; rules follow the name, as the source does.
 */
static bool
reads_others(Oid view, const char *query)
{
	Relation	relation = relation_open(view, AccessShareLock);
	List	   *before = affinity_definition_relations(get_view_query(relation));
	List	   *now;

	relation_close(relation, NoLock);
	now = affinity_definition_relations(affinity_definition_source_query(query,
																		 AFFINITY_CATALOG_SOURCE,
																		 NULL));
	return list_difference_oid(now, before) != NIL;
}

/*
 * The query of the catalog of a model where it is to be made again: where there
 * is none, or where it names other tables now. Else NULL. The path is restricted.
 */
char *
affinity_rules_outdated(const char *name, Oid schema)
{
	Oid			view = get_relname_relid(AFFINITY_CATALOG_VIEW, schema);
	AffinityRuleSet set;

	if (!affinity_rules_read(name, schema, &set) || set.catalog[0] == '\0' ||
		(OidIsValid(view) && (get_rel_relkind(view) != RELKIND_VIEW ||
							  !reads_others(view, set.catalog))))
		return NULL;
	return set.catalog;
}

/*
 * Make the catalog of a model again if need be; false where it is as it should
 * be. The path is restricted.
 */
bool
affinity_rules_renew(const char *name, Oid schema)
{
	const char *query = affinity_rules_outdated(name, schema);

	if (query != NULL)
		make_catalog(name, schema, query);
	return query != NULL;
}
