/*
 * owner.c
 *		A model has one owner: that of its schema.
 *
 * ALTER SCHEMA ... OWNER TO leaves what is in the schema with who made it. A
 * schema's owner may drop all of that; here it is handed over instead, so that
 * what others built on it stays. What the former owner wrote must not run as
 * the new one, though, unless that was to be expected:
 *
 * - views and functions are made again from our statements after this;
 * - tables that would run something when they are written (triggers, rules,
 *   checks) are refused;
 * - so are tables that are not of whom the table "model" is: whoever owns a
 *   schema may drop what others have in it, and not read it, and a model can be
 *   put together around a table called "items";
 * - the query is the former owner's. It is taken over where a member of the
 *   new owner wrote it, or where who wrote it can no longer create objects in
 *   the schema, as after ALTER SCHEMA: then it was there when the schema
 *   changed hands. Otherwise anybody with CREATE on a schema could plant a
 *   model there, for the next refresh to run as the schema's owner. A superuser
 *   takes over nobody's query.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_class.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
#include "utils/syscache.h"

#include "base/schema.h"
#include "manage/objects.h"

static Oid
owner_of(Oid class, Oid id)
{
	HeapTuple	tuple = SearchSysCache1(class == ProcedureRelationId ? PROCOID :
										class == TypeRelationId ? TYPEOID : RELOID,
										ObjectIdGetDatum(id));
	Oid			owner = InvalidOid;

	if (!HeapTupleIsValid(tuple))
		return owner;
	if (class == ProcedureRelationId)
		owner = ((Form_pg_proc) GETSTRUCT(tuple))->proowner;
	else if (class == TypeRelationId)
		owner = ((Form_pg_type) GETSTRUCT(tuple))->typowner;
	else
		owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
	ReleaseSysCache(tuple);
	return owner;
}

/*
 * Objects of a model that do not belong to the schema's owner.
 */
static void
find_foreign(Oid schema, AffinityModelObjects *foreign)
{
	Oid			owner = affinity_model_schema_owner(schema);
	AffinityModelObjects own;
	ListCell   *class;
	ListCell   *id;

	foreign->classes = foreign->ids = NIL;
	affinity_manage_objects(schema, &own);
	forboth(class, own.classes, id, own.ids)
	{
		if (lfirst_oid(class) == NamespaceRelationId ||
			owner_of(lfirst_oid(class), lfirst_oid(id)) == owner)
			continue;
		foreign->classes = lappend_oid(foreign->classes, lfirst_oid(class));
		foreign->ids = lappend_oid(foreign->ids, lfirst_oid(id));
	}
}

bool
affinity_manage_has_foreign(Oid schema)
{
	AffinityModelObjects foreign;

	find_foreign(schema, &foreign);
	return foreign.ids != NIL;
}

/*
 * Roles that have CREATE on the schema so that this one has it, as GRANT names
 * them.
 */
static char *
creators(Oid schema, Oid role)
{
	HeapTuple	tuple = SearchSysCache1(NAMESPACEOID,
										ObjectIdGetDatum(schema));
	bool		isnull;
	Datum		datum = SysCacheGetAttr(NAMESPACEOID, tuple,
										Anum_pg_namespace_nspacl, &isnull);
	Acl		   *acl = isnull ? NULL : DatumGetAclPCopy(datum);
	StringInfoData names;

	initStringInfo(&names);
	for (int i = 0; acl != NULL && i < ACL_NUM(acl); i++)
	{
		const		AclItem *item = &ACL_DAT(acl)[i];

		if ((ACLITEM_GET_PRIVS(*item) & ACL_CREATE) == 0 ||
			(item->ai_grantee != ACL_ID_PUBLIC &&
			 !has_privs_of_role(role, item->ai_grantee)))
			continue;
		appendStringInfo(&names, "%s%s", names.len ? ", " : "",
						 item->ai_grantee == ACL_ID_PUBLIC ? "PUBLIC" :
						 quote_identifier(GetUserNameFromId(item->ai_grantee,
															false)));
	}
	ReleaseSysCache(tuple);
	return names.data;
}

/*
 * May the schema's owner run what this role wrote?
 */
static void
check_trust(const char *name, Oid schema, const char *view)
{
	Oid			owner = affinity_model_schema_owner(schema);
	Oid			relid = get_relname_relid(view, schema);
	Oid			author = OidIsValid(relid) ?
		owner_of(RelationRelationId, relid) : owner;
	char	   *author_name;

	if (has_privs_of_role(author, owner))
		return;
	author_name = GetUserNameFromId(author, false);
	if (superuser_arg(owner))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("view \"%s\" of model \"%s\" is of role \"%s\", and its schema of a superuser",
						view, name, author_name),
				 errdetail("A refresh would run what \"%s\" wrote as a superuser.",
						   author_name),
				 errhint("If that is what you want, take it over: ALTER VIEW %s OWNER TO %s;",
						 quote_qualified_identifier(name, view),
						 quote_identifier(GetUserNameFromId(owner, false)))));
	if (affinity_base_schema_aclcheck(schema, author, ACL_CREATE) ==
		ACLCHECK_OK)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("view \"%s\" of model \"%s\" is of role \"%s\", which may create objects in its schema",
						view, name, author_name),
				 errdetail("A refresh would run as \"%s\" what \"%s\" wrote there.",
						   GetUserNameFromId(owner, false), author_name),
				 errhint("If the model is to be yours alone: REVOKE CREATE ON SCHEMA %s FROM %s;",
						 quote_identifier(name), creators(schema, author))));
}

static void
check_table(const char *name, Oid schema, Oid table, Oid relid)
{
	Oid			owner = affinity_model_schema_owner(schema);
	Oid			author = owner_of(RelationRelationId, relid);

	if (strchr("rpmf", get_rel_relkind(relid)) != NULL &&
		author != owner_of(RelationRelationId, table) &&
		!has_privs_of_role(owner, author))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table \"%s\" of model \"%s\" is of role \"%s\", and its table \"model\" of another",
						get_rel_name(relid), name,
						GetUserNameFromId(author, false)),
				 errdetail("What is in it is not handed over to the owner of the schema."),
				 errhint("If it is the model's, let that role or a superuser run: ALTER TABLE %s OWNER TO %s;",
						 quote_qualified_identifier(name, get_rel_name(relid)),
						 quote_identifier(GetUserNameFromId(owner, false)))));
	if (get_rel_relkind(relid) == RELKIND_RELATION && affinity_base_runs_code(relid))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table \"%s\" of model \"%s\" is not of the owner of its schema, and runs code when it is written",
						get_rel_name(relid), name),
				 errdetail("It has triggers, rules, policies, checks or indexes of expressions."),
				 errhint("Drop the model and create it again: SELECT affinity.drop_model(%s);",
						 quote_literal_cstr(name))));
}

/*
 * Nothing of the owner's may run while somebody else upgrades the model, and
 * nothing is handed over.
 */
void
affinity_manage_check_idle(const char *name, Oid schema, Oid table)
{
	if (affinity_manage_has_foreign(schema))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("objects of model \"%s\" do not belong to the owner of its schema",
						name)));
	if (affinity_base_runs_code(table))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table \"%s\" of model \"%s\" has triggers, rules, policies, checks or indexes of expressions",
						get_rel_name(table), name)));
}

static const char *
words_of(Oid class, Oid id)
{
	if (class == ProcedureRelationId)
		return "FUNCTION";
	if (class == TypeRelationId)
		return "TYPE";
	switch (get_rel_relkind(id))
	{
		case RELKIND_VIEW:
			return "VIEW";
		case RELKIND_MATVIEW:
			return "MATERIALIZED VIEW";
		case RELKIND_SEQUENCE:
			return "SEQUENCE";
		case RELKIND_FOREIGN_TABLE:
			return "FOREIGN TABLE";
		default:
			return "TABLE";
	}
}

/*
 * Hand all objects of a model to the owner of its schema; true if some were
 * others'. The caller may act as that owner, and is connected to SPI.
 */
bool
affinity_manage_heal(const char *name, Oid schema, Oid table)
{
	AffinityModelObjects foreign;
	AffinityModelObjects relations = {NIL, NIL};
	const AffinityModelObjects none = {NIL, NIL};
	const char *owner;
	ModelRole	role;
	ListCell   *class;
	ListCell   *id;

	find_foreign(schema, &foreign);
	if (foreign.ids == NIL)
		return false;
	check_trust(name, schema, "definition");
	check_trust(name, schema, "interactions");
	check_trust(name, schema, AFFINITY_LOCAL);
	check_trust(name, schema, AFFINITY_RULES_VIEW);
	check_trust(name, schema, AFFINITY_CATALOG_VIEW);
	forboth(class, foreign.classes, id, foreign.ids)
	{
		if (lfirst_oid(class) != RelationRelationId)
			continue;
		check_table(name, schema, table, lfirst_oid(id));
		relations.classes = lappend_oid(relations.classes, lfirst_oid(class));
		relations.ids = lappend_oid(relations.ids, lfirst_oid(id));
	}
	affinity_manage_lock_to_change(name, schema, table, &none, &relations);
	owner = quote_identifier(GetUserNameFromId(affinity_model_schema_owner(schema),
											   false));
	affinity_manage_become(&role, BOOTSTRAP_SUPERUSERID);
	forboth(class, foreign.classes, id, foreign.ids)
	{
		const char *object = lfirst_oid(class) == ProcedureRelationId ?
			format_procedure_qualified(lfirst_oid(id)) :
			lfirst_oid(class) == TypeRelationId ?
			format_type_be_qualified(lfirst_oid(id)) :
			quote_qualified_identifier(name, get_rel_name(lfirst_oid(id)));

		affinity_manage_ddl_execute(psprintf("ALTER %s %s OWNER TO %s",
											 words_of(lfirst_oid(class),
													  lfirst_oid(id)),
											 object, owner));
	}
	affinity_manage_return(&role);
	CommandCounterIncrement();
	ereport(NOTICE,
			(errmsg("all objects of model \"%s\" belong to the owner of its schema now, %s",
					name, owner)));
	return true;
}
