/*
 * define.c
 *		The definition of a model that is made or changed: algorithm and
 *		options, what stands for a definition in older models, and writing it.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"

#include "algorithm/algorithm.h"
#include "manage/objects.h"

/*
 * Algorithm "auto", and what stands there until one is chosen.
 */
static void
set_auto(ModelDefinition *d, Jsonb *given)
{
	affinity_manage_choice_none(d, given);
	d->given_options = given;
	d->choice = pstrdup(AFFINITY_CHOICE_OPEN);
}

/*
 * Set algorithm and options; what is wrong with them is an error.
 */
void
affinity_manage_definition_set(ModelDefinition *d, const char *algorithm,
							   Jsonb *given)
{
	const AffinityAlgorithm *found = affinity_algorithm_find_or_auto(algorithm);
	void	   *options = affinity_train_options_parse(found, given);

	if (found == &affinity_algorithm_auto)
	{
		set_auto(d, given);
		return;
	}
	d->choice = pstrdup("");
	d->algorithm = pstrdup(found->name);
	d->given_options = given;
	d->options = affinity_train_options_jsonb(found, options);
}

/*
 * Can the algorithm, with its options, do something with attributes, where
 * there are any?
 */
void
affinity_manage_check_attributes(const ModelDefinition *d)
{
	bool		is_auto = d->choice[0] != '\0';
	const AffinityAlgorithm *algorithm = affinity_algorithm_find(d->algorithm);
	StringInfoData valid;

	if (d->attributes[0] == '\0' ||
		(!is_auto && algorithm->attributes &&
		 algorithm->attributes(affinity_train_options_parse(algorithm,
															d->options))))
		return;
	initStringInfo(&valid);
	for (int i = 0; affinity_algorithm_number(i); i++)
	{
		if (affinity_algorithm_number(i)->attributes)
			appendStringInfo(&valid, "%s%s", valid.len > 0 ? ", " : "",
							 affinity_algorithm_number(i)->name);
	}
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 !is_auto && algorithm->attributes ?
			 errmsg("algorithm \"%s\" with these options learns nothing from item_attributes",
					algorithm->name) :
			 errmsg("algorithm \"%s\" learns nothing from item_attributes",
					affinity_definition_algorithm(d)),
			 errhint("Those that do: %s; ease where its \"method\" is not \"dense\".",
					 valid.data)));
}

/*
 * Check algorithm and options that were read: what create_model would refuse
 * is damage.
 */
void
affinity_manage_definition_options(const char *name, ModelDefinition *d)
{
	MemoryContext context = CurrentMemoryContext;
	AffinityModelSignals signals;

	PG_TRY();
	{
		const AffinityAlgorithm *algorithm =
			affinity_algorithm_find(d->algorithm);

		void	   *options = affinity_train_options_parse(algorithm,
														   d->options);

		if (d->choice[0] != '\0')
			(void) affinity_train_options_parse(&affinity_algorithm_auto,
												d->given_options);
		(void) affinity_definition_signals_parse(d->signals, &signals);
		/* with those that this release has and its own did not */
		d->options = affinity_train_options_jsonb(algorithm, options);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		affinity_definition_damaged(name, error->message);
	}
	PG_END_TRY();
}

/*
 * Algorithm and options of the model's one row, for models that were made
 * before there were definitions. False where there is no row.
 */
static bool
read_row(const char *name, ModelDefinition *d)
{
	bool		isnull[2];
	Datum		value[2];

	if (SPI_execute(psprintf("SELECT algorithm, options FROM ONLY %s",
							 quote_qualified_identifier(name, "model")),
					false, 1) != SPI_OK_SELECT)
		elog(ERROR, "reading the model's row failed");
	if (SPI_processed != 1 ||
		SPI_gettypeid(SPI_tuptable->tupdesc, 1) != TEXTOID ||
		SPI_gettypeid(SPI_tuptable->tupdesc, 2) != JSONBOID)
		return false;
	for (int i = 0; i < 2; i++)
		value[i] = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc,
								 i + 1, &isnull[i]);
	if (isnull[0] || isnull[1])
		return false;
	d->algorithm = TextDatumGetCString(value[0]);
	d->given_options = d->options = DatumGetJsonbPCopy(value[1]);
	return true;
}

/*
 * The definition of a model that is to be refreshed or altered. Where it is
 * missing, the row says what it does, and d->resolved is NULL.
 */
void
affinity_manage_definition_load(const char *name, Oid schema,
								ModelDefinition *d)
{
	switch (affinity_definition_read(schema, d))
	{
		case DEFINITION_FOUND:
			break;
		case DEFINITION_DAMAGED:
			affinity_definition_damaged(name,
										"It is not the view of constants that create_model makes.");
			break;
		case DEFINITION_MISSING:
			d->renamed = pstrdup("");
			d->objects = pstrdup("");
			d->view = pstrdup("");
			d->choice = pstrdup("");
			d->attributes = d->resolved_attributes = pstrdup("");
			d->signals = pstrdup("");
			d->groups = d->resolved_groups = pstrdup("");
			if (!read_row(name, d))
				affinity_definition_undefined(name);
			break;
	}
	affinity_manage_definition_options(name, d);
}

/* ---- writing ----------------------------------------------------------- */

static bool
same_options(Jsonb *a, Jsonb *b)
{
	return compareJsonbContainers(&a->root, &b->root) == 0;
}

/*
 * But for the mark of the view, which is another one where the view was made
 * again, although nothing was defined anew. (Before PostgreSQL 16 even where
 * it reads the same: what is stored named the view itself.)
 */
static bool
same_definition(const ModelDefinition *a, const ModelDefinition *b)
{
	return strcmp(a->query, b->query) == 0 &&
		strcmp(a->resolved, b->resolved) == 0 &&
		strcmp(a->renamed, b->renamed) == 0 &&
		strcmp(a->algorithm, b->algorithm) == 0 &&
		same_options(a->given_options, b->given_options) &&
		same_options(a->options, b->options) &&
		a->materialize == b->materialize && strcmp(a->choice, b->choice) == 0 &&
		strcmp(a->attributes, b->attributes) == 0 &&
		strcmp(a->resolved_attributes, b->resolved_attributes) == 0 &&
		strcmp(a->signals, b->signals) == 0 &&
		strcmp(a->groups, b->groups) == 0 &&
		strcmp(a->resolved_groups, b->resolved_groups) == 0 &&
		a->user_type == b->user_type && a->item_type == b->item_type &&
		strcmp(a->objects, b->objects) == 0;
}

/*
 * Has the view the columns that it is made with now, as far as it goes? Only
 * then can it be replaced.
 */
static bool
is_replaceable(Oid schema)
{
	const char *sql = strstr(affinity_manage_statement("definition")->sql,
							 "SELECT");
	Oid			view = get_relname_relid("definition", schema);

	for (AttrNumber no = 1;; no++)
	{
		char	   *name = get_attname(view, no, true);

		if (name == NULL)
			return true;
		sql = strstr(sql, " AS ");
		if (sql == NULL)
			return false;
		sql += strlen(" AS ");
		if (strncmp(sql, name, strlen(name)) != 0 ||
			strchr(", ", sql[strlen(name)]) == NULL)
			return false;
	}
}

/*
 * Write a definition where it is another than the one that is there; what was
 * done, NULL: nothing that anybody would want to know.
 */
const char *
affinity_manage_definition_write(const ModelNames *names, Oid schema)
{
	ModelDefinition now;
	DefinitionState state = affinity_definition_read(schema, &now);
	bool		same = state == DEFINITION_FOUND &&
		same_definition(&now, names->definition);
	bool		replace;

	if (same && strcmp(now.view, names->definition->view) == 0)
		return NULL;
	replace = state == DEFINITION_FOUND && is_replaceable(schema);
	if (state == DEFINITION_FOUND && !replace)
		affinity_manage_ddl_execute(psprintf("DROP VIEW %s",
											 quote_qualified_identifier(names->schema,
																		"definition")));
	affinity_manage_ddl_make(affinity_manage_statement("definition"), names,
							 replace);
	if (same)
		return NULL;
	return state == DEFINITION_FOUND ? "definition changed" :
		"definition made";
}
