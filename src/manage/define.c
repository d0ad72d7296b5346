/*
 * define.c
 *		The definition of a model that is made or changed: algorithm and
 *		options, and what stands for a definition in older models.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/builtins.h"

#include "manage/manage.h"

/*
 * Set algorithm and options; what is wrong with them is an error.
 */
void
affinity_manage_definition_set(ModelDefinition *d, const char *algorithm,
							   Jsonb *given)
{
	const AffinityAlgorithm *found = affinity_train_algorithm(algorithm);
	void	   *options = affinity_train_options_parse(found, given);

	d->algorithm = pstrdup(found->name);
	d->given_options = given;
	d->options = affinity_train_options_jsonb(found, options);
}

/*
 * Check algorithm and options that were read: what create_model would refuse
 * is damage.
 */
void
affinity_manage_definition_options(const char *name, ModelDefinition *d)
{
	MemoryContext context = CurrentMemoryContext;

	PG_TRY();
	{
		const AffinityAlgorithm *algorithm =
		affinity_train_algorithm(d->algorithm);

		(void) affinity_train_options_parse(algorithm, d->options);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		affinity_model_definition_damaged(name, error->message);
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
	switch (affinity_model_definition_read(schema, d))
	{
		case DEFINITION_FOUND:
			break;
		case DEFINITION_DAMAGED:
			affinity_model_definition_damaged(name,
											  "It is not the view of constants that create_model makes.");
			break;
		case DEFINITION_MISSING:
			d->renamed = pstrdup("");
			d->objects = pstrdup("");
			d->view = pstrdup("");
			if (!read_row(name, d))
				affinity_model_undefined(name);
			break;
	}
	affinity_manage_definition_options(name, d);
}
