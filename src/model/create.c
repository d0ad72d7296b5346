/*
 * create.c
 *		create_model and refresh_model: read the source, train, write the
 *		items.
 *
 * All of it is one transaction's work: readers go on seeing the old version
 * until commit, and an error or a cancel leaves nothing behind. A refresh
 * runs as the model's owner, like REFRESH MATERIALIZED VIEW, even if another
 * role calls it: a superuser's nightly job does not run an owner's functions
 * as superuser.
 *
 * From the view on, names are resolved with search_path = pg_catalog,
 * pg_temp: what works when a model is created works in every later refresh.
 */
#include "postgres.h"

#include "access/itup.h"
#include "access/nbtree.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "executor/spi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "portability/instr_time.h"
#include "storage/lmgr.h"
#include "tcop/utility.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "model/source.h"
#include "parallel/progress.h"

typedef struct Training
{
	const char *name;			/* of the model */
	const AffinityAlgorithm *algorithm;
	void	   *options;
	bool		has_time;
	bool		refresh;		/* old rows and indexes are there */
	AffinityInteractions *in;
	ItemWriter *writer;
	int64		n_interactions;
	TimestampTz started;
	double		read_seconds;
	double		train_seconds;
	double		write_seconds;
} Training;

static double
seconds_since(instr_time *start)
{
	instr_time	now;

	INSTR_TIME_SET_CURRENT(now);
	INSTR_TIME_SUBTRACT(now, *start);
	return INSTR_TIME_GET_DOUBLE(now);
}

/* Until the end of the GUC nest level. */
static void
set_for_now(const char *name, const char *value)
{
	(void) set_config_option(name, value, PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
}

static void
restrict_search_path(void)
{
	set_for_now("search_path", "pg_catalog, pg_temp");
}

/* ---- reading, training, writing ---------------------------------------- */

static void
read_source(Training *t)
{
	AffinityReadRequest request = {0};
	instr_time	start;

	INSTR_TIME_SET_CURRENT(start);
	request.query = psprintf("SELECT user_id, item_id, weight%s FROM %s",
							 t->has_time ? ", at" : "",
							 quote_qualified_identifier(t->name,
														"interactions"));
	request.max_bytes = (int64) affinity_base_memory_allowed();
	request.progress = affinity_parallel_progress_done;
	request.ratings = t->algorithm->ratings;
	affinity_parallel_progress_phase("reading", 0, 0);
	if (t->algorithm->request)
		t->algorithm->request(t->options, &request);
	if (request.recency != AFFINITY_RECENCY_NONE && !t->has_time)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("option \"half_life\" needs a source with times"),
				 errhint("Add the time as the query's fourth column, after user, item and weight.")));
	t->in = affinity_interaction_read(&request);
	if (t->in->by_item.n_rows == 0)
		ereport(ERROR,
				(errcode(ERRCODE_NO_DATA_FOUND),
				 errmsg("source of model \"%s\" gives no usable row", t->name),
				 errdetail("%lld rows read, %lld skipped for a NULL, %lld pairs whose weights do not sum to more than 0.",
						   (long long) t->in->rows,
						   (long long) t->in->skipped_rows,
						   (long long) t->in->dropped_pairs)));
	t->read_seconds = seconds_since(&start);
}

static void
train_and_write(Training *t)
{
	instr_time	start;
	Oid			items = get_relname_relid("items",
										  get_namespace_oid(t->name, false));
	double		both;

	INSTR_TIME_SET_CURRENT(start);
	if (t->refresh)
		affinity_model_ddl_execute(psprintf("DELETE FROM ONLY %s",
											quote_qualified_identifier(t->name,
																	   "items")));
	t->write_seconds = seconds_since(&start);

	affinity_parallel_progress_phase("training", 0, 0);
	INSTR_TIME_SET_CURRENT(start);
	t->writer = affinity_model_writer_open(items, t->in->items);
	t->n_interactions = t->in->by_item.start[t->in->by_item.n_rows];
	t->algorithm->train(t->in, t->options,
						affinity_model_writer_sink(t->writer));
	both = affinity_model_writer_close(t->writer);
	t->train_seconds = seconds_since(&start) - both;
	t->write_seconds += both;

	affinity_parallel_progress_phase("indexing", 0, 0);
	INSTR_TIME_SET_CURRENT(start);
	if (!t->refresh)
	{
		/* no workers for few rows: where shared memory is short, they fail */
		set_for_now("max_parallel_maintenance_workers", "0");
		affinity_model_ddl_indexes(t->name);
	}
	t->write_seconds += seconds_since(&start);
}

/*
 * The index of the items takes ids up to a length, when they are compressed
 * as it compresses them. Say so before the training.
 */
static void
check_long_ids(const Training *t)
{
	/* as nbtree.h has it: three entries in a page */
	const Size	most = MAXALIGN_DOWN((BLCKSZ -
									  MAXALIGN(SizeOfPageHeaderData + 3 * sizeof(ItemIdData)) -
									  MAXALIGN(sizeof(BTPageOpaqueData))) / 3) -
		MAXALIGN(sizeof(ItemPointerData));
	TupleDesc	desc;

	if (affinity_interaction_dict_type(t->in->items) != TEXTOID)
		return;
	desc = CreateTemplateTupleDesc(1);
	TupleDescInitEntry(desc, 1, "item_id", TEXTOID, -1, 0);
	for (uint32 i = 0; i < t->in->by_item.n_rows; i++)
	{
		Datum		id = affinity_interaction_dict_id(t->in->items, i);
		bool		isnull = false;
		int			len = (int) VARSIZE_ANY_EXHDR(DatumGetPointer(id));
		IndexTuple	tuple;

		affinity_base_look_up(i);
		if ((Size) len + 2 * MAXIMUM_ALIGNOF + VARHDRSZ <= most)
			continue;
		tuple = index_form_tuple(desc, &id, &isnull);
		if (IndexTupleSize(tuple) > most)
		{
			const char *text = VARDATA_ANY(DatumGetPointer(id));

			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("item id of %d bytes is too long: it begins with \"%s\"",
							len, pnstrdup(text, pg_mbcliplen(text, len, 40))),
					 errhint("The index of the items takes %d bytes of an id, compressed. Let the query give a shorter one, such as its md5().",
							 (int) most - 2 * MAXIMUM_ALIGNOF)));
		}
		pfree(tuple);
	}
}

/*
 * The model's one row. Nothing in it can be read off the items.
 */
static void
write_row(const Training *t)
{
	Datum		values[MODEL_N_ATTRIBUTES];
	Interval   *duration = palloc0(sizeof(Interval));
	Jsonb	   *options = affinity_train_options_jsonb(t->algorithm,
													   t->options);

	duration->time = (int64) ((t->read_seconds + t->train_seconds +
							   t->write_seconds) * USECS_PER_SEC);
	values[MODEL_ALGORITHM - 1] = CStringGetTextDatum(t->algorithm->name);
	values[MODEL_OPTIONS - 1] = JsonbPGetDatum(options);
	values[MODEL_HAS_TIME - 1] = BoolGetDatum(t->has_time);
	values[MODEL_USERS - 1] = Int64GetDatum(t->in->by_user.n_rows);
	values[MODEL_ITEMS - 1] = Int64GetDatum(t->in->by_item.n_rows);
	values[MODEL_INTERACTIONS - 1] = Int64GetDatum(t->n_interactions);
	values[MODEL_SOURCE_ROWS - 1] = Int64GetDatum(t->in->rows);
	values[MODEL_SKIPPED_ROWS - 1] = Int64GetDatum(t->in->skipped_rows);
	values[MODEL_DROPPED_PAIRS - 1] = Int64GetDatum(t->in->dropped_pairs);
	values[MODEL_TRAINED_AT - 1] = TimestampTzGetDatum(t->started);
	values[MODEL_DURATION - 1] = IntervalPGetDatum(duration);
	values[MODEL_TRAINING - 1] =
		JsonbPGetDatum(affinity_model_writer_figures(t->writer));
	values[MODEL_PARAMETERS - 1] = affinity_model_writer_parameters(t->writer);
	affinity_model_row_write(t->name, values, t->refresh);
}

static void
train_model(Training *t)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "affinity training",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	MemoryContext progress;
	int			workers;

	t->started = GetCurrentTimestamp();
	progress = affinity_parallel_progress_begin(t->name, t->algorithm->name);
	read_source(t);
	check_long_ids(t);
	train_and_write(t);
	write_row(t);
	affinity_parallel_progress_end(progress);
	workers = affinity_parallel_progress_most_workers();
	ereport(NOTICE,
			(errmsg("model \"%s\" (%s): %lld rows, %u users, %u items, %lld interactions; %.2f s reading, %.2f s training (%d %s), %.2f s writing",
					t->name, t->algorithm->name, (long long) t->in->rows,
					t->in->by_user.n_rows, t->in->by_item.n_rows,
					(long long) t->n_interactions,
					t->read_seconds, t->train_seconds, workers,
					workers == 1 ? "worker" : "workers", t->write_seconds)));
	affinity_model_advise(t->name,
						  affinity_interaction_dict_type(t->in->users),
						  t->in->by_user.n_rows);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
}

/* ---- SQL --------------------------------------------------------------- */

static void
check_name(const char *name)
{
	if (name[0] == '\0' || strlen(name) >= NAMEDATALEN)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_NAME),
				 errmsg("\"%s\" cannot be the name of a model", name),
				 errhint("It becomes the name of a schema: 1 to %d bytes.",
						 NAMEDATALEN - 1)));
}

/*
 * Is the name free? Schemas are seen by everybody.
 */
static void
check_free(const char *name)
{
	Oid			schema = get_namespace_oid(name, true);
	const char *literal = quote_literal_cstr(name);

	if (!OidIsValid(schema))
		return;
	if (OidIsValid(affinity_model_table(schema)))
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_SCHEMA),
				 errmsg("model \"%s\" already exists", name),
				 errhint("To train it again: SELECT affinity.refresh_model(%s). To replace it, first: SELECT affinity.drop_model(%s).",
						 literal, literal)));
	ereport(ERROR,
			(errcode(ERRCODE_DUPLICATE_SCHEMA),
			 errmsg("schema \"%s\" already exists, and is not a model", name),
			 errhint("A model makes a schema of its own: choose another name.")));
}

static void
connect_spi(void)
{
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
}

PG_FUNCTION_INFO_V1(affinity_model_create);

/*
 * SQL: create_model(name, query, algorithm, options)
 */
Datum
affinity_model_create(PG_FUNCTION_ARGS)
{
	Training	t = {0};
	ModelSource source;
	char	   *query;
	char	   *algorithm;
	int			nest;

	t.name = affinity_base_text_arg(fcinfo, 0, "name");
	query = affinity_base_text_arg(fcinfo, 1, "query");
	algorithm = affinity_base_text_arg(fcinfo, 2, "algorithm");
	t.algorithm = affinity_train_algorithm(algorithm);
	t.options = affinity_train_options_parse(t.algorithm, PG_ARGISNULL(3) ?
											 NULL : PG_GETARG_JSONB_P(3));
	check_name(t.name);
	PreventCommandIfReadOnly("affinity.create_model()");
	PreventCommandDuringRecovery("affinity.create_model()");

	/*
	 * Two who create the same model: the second waits, and then finds the
	 * schema there, instead of a duplicate key in a catalog.
	 */
	LockDatabaseObject(TypeRelationId, affinity_model_record_type(),
					   (uint16) hash_bytes((unsigned char *) t.name,
										   (int) strlen(t.name)),
					   ExclusiveLock);

	AcceptInvalidationMessages();
	check_free(t.name);

	connect_spi();
	affinity_model_source_analyze(query, &source);
	t.has_time = source.has_time;
	affinity_model_ddl_schema(t.name, &source);
	nest = NewGUCNestLevel();
	restrict_search_path();
	affinity_model_ddl_objects(t.name, &source);
	train_model(&t);
	AtEOXact_GUC(false, nest);
	SPI_finish();
	PG_RETURN_VOID();
}

/*
 * What a refresh must know of the model, from its row. A schema can be
 * renamed whatever is locked, so the row may be that of any table.
 */
static void
load_training(Training *t)
{
	bool		isnull;
	Datum		value;
	HeapTuple	row;

	if (SPI_execute(psprintf("SELECT algorithm, options, has_time FROM ONLY %s",
							 quote_qualified_identifier(t->name, "model")),
					false, 2) != SPI_OK_SELECT || SPI_processed != 1 ||
		SPI_gettypeid(SPI_tuptable->tupdesc, 1) != TEXTOID ||
		SPI_gettypeid(SPI_tuptable->tupdesc, 2) != JSONBOID ||
		SPI_gettypeid(SPI_tuptable->tupdesc, 3) != BOOLOID)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table \"model\" of model \"%s\" does not hold the one row of a model",
						t->name),
				 errhint("Drop the model and create it again.")));
	row = SPI_tuptable->vals[0];
	value = SPI_getbinval(row, SPI_tuptable->tupdesc, 1, &isnull);
	t->algorithm = affinity_train_algorithm(isnull ? "" :
											TextDatumGetCString(value));
	value = SPI_getbinval(row, SPI_tuptable->tupdesc, 2, &isnull);
	t->options = affinity_train_options_parse(t->algorithm, isnull ? NULL :
											  DatumGetJsonbP(value));
	value = SPI_getbinval(row, SPI_tuptable->tupdesc, 3, &isnull);
	t->has_time = !isnull && DatumGetBool(value);
	t->refresh = true;
}

PG_FUNCTION_INFO_V1(affinity_model_refresh);

/*
 * SQL: refresh_model(name)
 */
Datum
affinity_model_refresh(PG_FUNCTION_ARGS)
{
	Training	t = {0};
	Oid			table;
	Oid			owner;
	Oid			caller;
	int			context;
	int			nest;

	t.name = affinity_base_text_arg(fcinfo, 0, "name");
	PreventCommandIfReadOnly("affinity.refresh_model()");
	PreventCommandDuringRecovery("affinity.refresh_model()");
	(void) affinity_model_schema(t.name, &table);
	if (!affinity_base_owns_relation(table, GetUserId()))
		aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_SCHEMA, t.name);
	affinity_model_lock(t.name, table);
	owner = affinity_model_relation_owner(table);

	GetUserIdAndSecContext(&caller, &context);
	nest = NewGUCNestLevel();
	SetUserIdAndSecContext(owner, context | SECURITY_RESTRICTED_OPERATION);
	restrict_search_path();
	connect_spi();
	load_training(&t);
	train_model(&t);
	SPI_finish();
	AtEOXact_GUC(false, nest);
	SetUserIdAndSecContext(caller, context);
	PG_RETURN_VOID();
}
