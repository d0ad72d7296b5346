/*
 * change.c
 *		From the objects that a model has to those that it should have.
 *
 * Statements of sql/model are compared with what is there: what is missing is
 * made; views and functions of an older version are replaced, which keeps
 * what others built on them and who may use them; what has other types is made
 * anew. Readers see nothing of it before the end: the training goes into a new
 * table where the old one does not fit, and only then are locks taken that they
 * would wait for, all of them or none (see dependents.c).
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
#include "utils/rel.h"
#include "utils/relcache.h"

#include "base/catalog.h"
#include "manage/objects.h"

/* What the table of items is called while it is written, and the old one. */
#define NEXT_ITEMS		"items_next"
#define FORMER_ITEMS	"items_former"

typedef struct Work
{
	ModelChange *change;
	ModelNames	names;
	ModelObject *object;
	int			n;
	ModelObject *items;
	bool		old_version;	/* views and functions are to be replaced */
	bool		had_old;		/* some may have been kept before */
	bool		kept_old;		/* some are kept */
	bool		apart;			/* from the library: what calls functions of
								 * the extension stays */
	bool		add_indexes;	/* to the items as they are */
	AffinityModelObjects drop;
	AffinityModelObjects replace;	/* relations */
	List	   *obsolete;		/* functions that are to go */
	List	   *grants;			/* on what is made anew */
	AffinityBesideLists *popular;	/* that was learned */
} Work;

static void
say(Work *w, const char *what)
{
	StringInfo	done = &w->change->done;

	appendStringInfo(done, "%s%s", done->len > 0 ? ", " : "", what);
}

/*
 * The version of objects some of which had to stay as they were.
 */
static char *
kept_version(void)
{
	return psprintf("%s, but for some", affinity_manage_ddl_version());
}

/* ---- what there is to do ----------------------------------------------- */

/*
 * What others have built on a function, as text; NULL: nothing.
 */
static char *
built_on(Oid function)
{
	AffinityModelObjects one = {list_make1_oid(ProcedureRelationId),
	list_make1_oid(function)};
	AffinityModelObjects none = {NIL, NIL};

	return affinity_manage_dependents(&one, &none);
}

/*
 * An older function on which others have built stays, and no other of its name
 * comes beside it: calls would be ambiguous. False where nobody has.
 */
static bool
keep_function(Work *w, Oid function)
{
	char	   *name = get_func_name(function);
	char	   *others = built_on(function);

	if (others == NULL)
		return false;
	w->kept_old = true;
	for (int i = 0; i < w->n; i++)
	{
		ModelObject *o = &w->object[i];

		if (o->statement->kind == 'f' && !OidIsValid(o->id) &&
			strcmp(o->statement->object, name) == 0)
			o->action = OBJECT_KEEP;
	}
	ereport(NOTICE,
			(errmsg("function %s of an older version stays",
					format_procedure_qualified(function)),
			 errdetail_internal("%s", others)));
	say(w, psprintf("%s kept: others depend on it", name));
	return true;
}

/*
 * Functions of the model that no statement makes any more, such as those for
 * ids of other types.
 */
static void
find_obsolete(Work *w)
{
	AffinityModelObjects own;
	ListCell   *class;
	ListCell   *id;

	affinity_manage_objects(w->change->schema, &own);
	forboth(class, own.classes, id, own.ids)
	{
		bool		wanted = lfirst_oid(class) != ProcedureRelationId;

		for (int i = 0; i < w->n && !wanted; i++)
			wanted = w->object[i].statement->kind == 'f' &&
				w->object[i].id == lfirst_oid(id);
		if (!wanted)
			w->obsolete = lappend_oid(w->obsolete, lfirst_oid(id));
	}
}

static void
settle_functions(Work *w, bool may_keep)
{
	ListCell   *cell;
	List	   *go = NIL;

	for (int i = 0; i < w->n; i++)
	{
		ModelObject *o = &w->object[i];

		if (may_keep && o->statement->kind == 'f' &&
			o->action == OBJECT_REMAKE && keep_function(w, o->id))
			o->action = OBJECT_KEEP;
	}
	foreach(cell, w->obsolete)
	{
		if (may_keep && keep_function(w, lfirst_oid(cell)))
			continue;
		go = lappend_oid(go, lfirst_oid(cell));
		say(w, psprintf("%s dropped",
						format_procedure_qualified(lfirst_oid(cell))));
	}
	w->obsolete = go;
}

static void
add_object(AffinityModelObjects *objects, Oid class, Oid id)
{
	objects->classes = lappend_oid(objects->classes, class);
	objects->ids = lappend_oid(objects->ids, id);
}

/*
 * What goes, and which relations are replaced in their place.
 */
static void
list_objects(Work *w)
{
	ListCell   *cell;

	for (int i = 0; i < w->n; i++)
	{
		ModelObject *o = &w->object[i];
		Oid			class = o->statement->kind == 'f' ? ProcedureRelationId :
			o->statement->kind == 'c' ? TypeRelationId : RelationRelationId;

		if (o->action == OBJECT_REMAKE)
			add_object(&w->drop, class, o->id);
		else if (o->action == OBJECT_REPLACE && class == RelationRelationId)
			add_object(&w->replace, class, o->id);
	}
	foreach(cell, w->obsolete)
		add_object(&w->drop, ProcedureRelationId, lfirst_oid(cell));
	if (w->add_indexes)
		add_object(&w->replace, RelationRelationId, w->items->id);
}

static bool
has_row(const Work *w)
{
	if (SPI_execute(psprintf("SELECT FROM ONLY %s",
							 quote_qualified_identifier(w->change->name,
														"model")),
					false, 1) != SPI_OK_SELECT)
		elog(ERROR, "reading the model's row failed");
	return SPI_processed > 0;
}

/*
 * The extension in this database is not of the library's version: functions and
 * what they return stay as they are, since they may call what is not there.
 * What has to be another is an error.
 */
static void
stay_apart(Work *w, bool types_changed)
{
	const char *apart = affinity_base_catalog_apart();

	w->apart = apart != NULL;
	if (apart == NULL)
		return;
	if (types_changed || w->change->definition->objects[0] == '\0')
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("functions of model \"%s\" are to be made anew, and are of another version of the extension",
						w->change->name),
				 errhint("%s", apart)));
	w->old_version = w->had_old = false;
}

/*
 * Compare what is there with the statements. False where nothing can be done
 * without training, and that is not asked for.
 */
static bool
find_work(Work *w)
{
	ModelChange *c = w->change;
	const ModelDefinition *d = c->definition;
	bool		types_changed = OidIsValid(c->former_user_type) &&
		(c->former_user_type != d->user_type ||
		 c->former_item_type != d->item_type);

	w->had_old = strcmp(d->objects, affinity_manage_ddl_version()) != 0;
	w->old_version = w->had_old && strcmp(d->objects, kept_version()) != 0;
	stay_apart(w, types_changed);
	w->object = affinity_manage_compare(&w->names, c->schema, w->old_version,
										c->new_view, &w->n);
	for (int i = 0; i < w->n; i++)
	{
		ModelObject *o = &w->object[i];

		if (o->statement->kind == 'r' &&
			strcmp(o->statement->object, "items") == 0)
			w->items = o;
		else if (w->apart && strchr("fc", o->statement->kind))
			o->action = OBJECT_KEEP;
		else if (c->update && o->action != OBJECT_KEEP &&
				 strcmp(o->statement->object, "interactions") == 0)
			affinity_manage_leave_view(c->name);
	}
	if (!c->train && !types_changed && w->items->serves)
		w->items->action = OBJECT_KEEP;
	if (!c->train && has_row(w) &&
		(w->items->action != OBJECT_KEEP || types_changed))
	{
		say(w, "refresh the model: its items are to be learned again");
		return false;
	}
	if (w->items->action == OBJECT_REMAKE)
	{
		for (int i = 0; i < w->n; i++)
		{
			ModelObject *o = &w->object[i];

			if (strcmp(o->statement->object, "neighbors") == 0 &&
				o->action == OBJECT_KEEP)
				o->action = OBJECT_REPLACE;
		}
	}
	w->add_indexes = w->items->action == OBJECT_KEEP &&
		!affinity_manage_has_indexes(w->items->id);
	/* another function of such a name may be a user's */
	if (w->had_old || types_changed)
		find_obsolete(w);
	settle_functions(w, w->had_old && !c->asked && !types_changed);
	list_objects(w);
	return true;
}

/* ---- doing it ---------------------------------------------------------- */

/*
 * What can be made without disturbing anybody, and is needed for training.
 * Returns the table to write into.
 */
static const char *
make_early(Work *w)
{
	for (int i = 0; i < w->n; i++)
	{
		ModelObject *o = &w->object[i];

		if (o->action == OBJECT_MAKE && (o == w->items || o->statement->kind == 'S'))
		{
			affinity_manage_ddl_make(o->statement, &w->names, false);
			o->action = OBJECT_KEEP;
			o->made = true;
			say(w, psprintf("%s made", o->statement->object));
		}
	}
	if (w->items->action != OBJECT_REMAKE)
		return "items";
	w->names.items = NEXT_ITEMS;
	affinity_manage_ddl_make(w->items->statement, &w->names, false);
	w->names.items = "items";
	return NEXT_ITEMS;
}

static bool
train(Work *w, const char *items, double *users)
{
	const ModelChange *c = w->change;
	ModelTraining training = {.name = c->name, .definition = c->definition};
	bool		done = false;

	training.items = items;
	training.from = c->new_view ?
		psprintf("(%s) AS v", c->definition->body) :
		quote_qualified_identifier(c->name, "interactions");
	training.has_rows = w->items->action != OBJECT_REMAKE && !w->items->made;
	training.has_indexes = training.has_rows;
	training.trained = has_row(w);
	if (c->train)
		done = affinity_manage_train(&training);
	if (!done && !training.has_indexes)
	{
		ModelNames	names = w->names;

		names.items = items;
		affinity_manage_ddl_indexes(&names);
	}
	*users = training.users;
	w->popular = training.popular;
	return done;
}

/*
 * The new table of items takes the name of the old one, which goes with the
 * other objects that go.
 */
static void
swap_names(const Work *w)
{
	const char *schema = w->change->name;

	affinity_manage_ddl_execute(psprintf("ALTER TABLE %s RENAME TO " FORMER_ITEMS,
										 quote_qualified_identifier(schema,
																	"items")));
	affinity_manage_ddl_execute(psprintf("ALTER TABLE %s RENAME TO items",
										 quote_qualified_identifier(schema,
																	NEXT_ITEMS)));
}

/*
 * The indexes of what was "items_next", once the names are free.
 */
static void
rename_indexes(const Work *w)
{
	Oid			items = get_relname_relid("items", w->change->schema);
	Relation	table = RelationIdGetRelation(items);
	List	   *indexes = RelationGetIndexList(table);
	ListCell   *cell;

	RelationClose(table);
	foreach(cell, indexes)
	{
		char	   *name = get_rel_name(lfirst_oid(cell));

		if (strncmp(name, NEXT_ITEMS, strlen(NEXT_ITEMS)) != 0)
			continue;
		affinity_manage_ddl_execute(psprintf("ALTER INDEX %s RENAME TO items%s",
											 quote_qualified_identifier(w->change->name, name),
											 name + strlen(NEXT_ITEMS)));
	}
}

/*
 * Everything but the old table of items, which views still read, and that.
 */
static void
drop_old(const Work *w, bool table)
{
	AffinityModelObjects go = {NIL, NIL};
	ListCell   *class;
	ListCell   *id;

	forboth(class, w->drop.classes, id, w->drop.ids)
	{
		if ((lfirst_oid(id) == w->items->id) == table)
			add_object(&go, lfirst_oid(class), lfirst_oid(id));
	}
	affinity_manage_drop_objects(&go, false);
}

static void
make_objects(Work *w)
{
	for (int i = 0; i < w->n; i++)
	{
		ModelObject *o = &w->object[i];

		if (o->action == OBJECT_KEEP || o == w->items)
			continue;
		affinity_manage_ddl_make(o->statement, &w->names,
								 o->action == OBJECT_REPLACE);
		if (o->action != OBJECT_REPLACE)
			affinity_manage_grant(w->grants, o->statement, &w->names);
		say(w, psprintf("%s %s", o->statement->object,
						o->action == OBJECT_MAKE ? "made" :
						o->action == OBJECT_REPLACE ? "replaced" : "made anew"));
	}
}

/*
 * The definition last: it says what the others are.
 */
static void
write_definition(Work *w)
{
	ModelDefinition *d = w->change->definition;
	char	   *mark = affinity_definition_mark(w->change->schema);
	const char *done;

	if (!w->apart)
		d->objects = w->kept_old ? kept_version() :
			pstrdup(affinity_manage_ddl_version());

	/* an update looks whether 0.1.0's mark, the first part of one, holds */
	if (!w->change->update || strncmp(d->view, mark, strlen(d->view)) == 0)
		d->view = mark;
	done = affinity_manage_definition_write(&w->names, w->change->schema);
	if (done != NULL)
		say(w, done);
}

static void
finish(Work *w)
{
	ModelChange *c = w->change;

	if (w->drop.ids != NIL || w->replace.ids != NIL)
		affinity_manage_lock_to_change(c->name, c->schema, c->table, &w->drop,
									   &w->replace);
	w->grants = affinity_manage_grants(&w->drop);
	if (w->items->action == OBJECT_REMAKE)
		swap_names(w);
	drop_old(w, false);
	if (w->add_indexes)
		affinity_manage_add_indexes(w->items->id, &w->names);
	make_objects(w);
	if (w->items->action == OBJECT_REMAKE)
	{
		drop_old(w, true);
		rename_indexes(w);
		affinity_manage_grant(w->grants, w->items->statement, &w->names);
		say(w, "items made anew");
	}
	if (w->old_version)
		affinity_manage_keep_length(c->name, c->schema);
	write_definition(w);
}

/*
 * Bring a model to its definition; the caller is its owner, restricted, and
 * connected to SPI. False where it stays untrained.
 */
bool
affinity_manage_change(ModelChange *c)
{
	Work		w = {.change = c, .names = {c->name, "items", c->definition}};
	double		users;
	bool		trained;

	initStringInfo(&c->done);
	if (c->train)
		affinity_manage_check_replication(c->name, c->schema);
	if (!find_work(&w))
		return true;
	/* say what is in the way before the training, and look again after it */
	affinity_manage_check_dependents(c->name, &w.drop, &w.replace);
	trained = train(&w, make_early(&w), &users);
	finish(&w);
	affinity_manage_keep_changed(c, w.object, w.n, trained, has_row(&w));
	if (trained)
		affinity_beside_write(c->name, w.popular);
	else if (has_row(&w))
		affinity_manage_forget_groups(c, w.object, w.n);
	if (trained)
		affinity_manage_advise(c->name, c->definition, users);
	return trained;
}
