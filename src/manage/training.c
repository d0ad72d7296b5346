/*
 * training.c
 *		Training a model: read the source, train, write items and row.
 *
 * All of it is one transaction's work: readers go on seeing the old version
 * until commit, and an error or a cancel leaves nothing behind.
 */
#include "postgres.h"

#include "access/itup.h"
#include "access/nbtree.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "mb/pg_wchar.h"
#include "portability/instr_time.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "algorithm/algorithm.h"
#include "manage/manage.h"
#include "origin/origin.h"
#include "parallel/progress.h"
#include "repeat/repeat.h"

typedef struct Training
{
	ModelTraining *asked;
	const char *name;			/* of the model */
	const AffinityAlgorithm *algorithm;
	void	   *options;
	AffinityInteractions *in;
	ItemWriter *writer;
	ModelChoice *choice;		/* that was made for it, or NULL */
	ModelSignals signals;
	AffinityBesideRequest beside;
	Jsonb	   *before;			/* figures of the version that is replaced, or
								 * NULL */
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

/* ---- reading, training, writing ---------------------------------------- */

/*
 * How often items are had again is learned of every source with times, if
 * there is room for it or the algorithm is about that.
 */
static void
request_visits(const Training *t, AffinityReadRequest *request)
{
	const AffinityRepeat *rule = affinity_repeat_rule(t->algorithm,
													  t->options);

	request->visit = rule->visit;
	request->visit_decay = rule->visit_decay;
	request->visits_if_room = t->algorithm->repeat == NULL;
}

/*
 * False where the source gives no row at all, and that is no error.
 */
static bool
read_source(Training *t)
{
	ModelDefinition *d = t->asked->definition;
	bool		has_time = d->has_time;
	const AffinityAttributes *attributes = NULL;
	AffinityReadRequest request = {0};
	AffinityReadRequest own;
	instr_time	start;

	INSTR_TIME_SET_CURRENT(start);
	request.users = affinity_train_users(t->algorithm, t->options);
	request.query = psprintf("SELECT user_id, item_id, weight%s FROM %s%s",
							 t->signals.any ? ", at, signal" :
							 has_time ? ", at" : "", t->asked->from,
							 affinity_train_users_condition(request.users,
															"WHERE", "user_id",
															d->user_type));
	if (d->baskets)
		request.baskets = psprintf("%s%s", d->baskets,
								   affinity_train_users_condition(request.users,
																  "WHERE", "q.user_id",
																  d->user_type));
	if (t->signals.any)
		request.kinds = &t->signals.given.kinds;
	request.parallel = true;
	request.max_bytes = (int64) affinity_base_memory_allowed();
	request.progress = affinity_parallel_progress_done;
	request.value = affinity_train_pair_value(t->algorithm, t->options);
	request.times_of = has_time ? t->asked->from : NULL;
	affinity_parallel_progress_phase("reading", 0, 0);
	if (t->algorithm->request)
		t->algorithm->request(t->options, &request);
	own = request;
	if (!has_time)
		affinity_train_check_no_time(t->algorithm, t->options, &request);
	else if (!t->signals.any)
		request_visits(t, &request);
	if (d->attributes[0] != '\0' &&
		t->algorithm->attributes && t->algorithm->attributes(t->options))
	{
		attributes = affinity_beside_attributes(t->name, d, false);
		request.more_items = attributes->items;
	}
	t->beside = (AffinityBesideRequest)
	{
		.algorithm = t->algorithm, .options = t->options, .has_time = has_time
	};
	if (d->groups[0] != '\0')
		affinity_beside_request(&t->beside, &request);
	t->in = affinity_interaction_read(&request);
	t->in->attributes = attributes;
	if (d->baskets && !t->in->has_time)
	{
		/* it was not known before */
		affinity_train_check_no_time(t->algorithm, t->options, &own);
		d->has_time = has_time = t->beside.has_time = false;
		t->beside.asked_ages = false;
	}
	t->read_seconds = seconds_since(&start);
	if (t->in->by_user.n_rows > 0)
	{
		affinity_manage_signals_say(t->name, &t->signals, t->in);
		if (has_time && !t->signals.any && t->in->item_visits == NULL)
			ereport(NOTICE,
					(errmsg("model \"%s\" has no rates of repeats: they do not fit into maintenance_work_mem",
							t->name),
					 errhint("The argument repeat of recommend needs them.")));
		affinity_definition_say_left_out(t->name, t->algorithm, t->options, t->in);
		if (request.users < 1)
			affinity_definition_say_users(t->name, d, request.users, t->in);
		return true;
	}
	if (t->in->rows == 0 && !t->asked->trained)
		return false;
	ereport(ERROR,
			(errcode(ERRCODE_NO_DATA_FOUND),
			 errmsg("source of model \"%s\" gives no usable row", t->name),
			 errdetail("%lld rows read, %lld skipped for a NULL, %lld pairs whose weights do not sum to more than 0.",
					   (long long) t->in->rows,
					   (long long) t->in->skipped_rows,
					   (long long) t->in->dropped_pairs),
			 t->asked->trained ?
			 errhint("The model stays as it was. Look at what it reads: SELECT * FROM %s LIMIT 10;",
					 quote_qualified_identifier(t->name, "interactions")) :
			 t->in->dropped_pairs > 0 ?
			 errhint("%s", affinity_definition_dropped_hint()) : 0));
}

/*
 * The figures of the version that is replaced, or NULL.
 */
static Jsonb *
figures_before(const Training *t)
{
	bool		isnull;
	Datum		value;

	if (!t->asked->trained ||
		SPI_execute(psprintf("SELECT training FROM ONLY %s",
							 quote_qualified_identifier(t->name, "model")),
					false, 1) != SPI_OK_SELECT || SPI_processed == 0 ||
		SPI_gettypeid(SPI_tuptable->tupdesc, 1) != JSONBOID)
		return NULL;
	value = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1,
						  &isnull);
	return isnull ? NULL : DatumGetJsonbPCopy(value);
}

/*
 * The time up to which rows are known, for incremental refreshes.
 */
static void
put_newest(const Training *t)
{
	AffinityItemSink *sink = affinity_store_writer_sink(t->writer);
	int64		latest = affinity_model_latest(t->asked->definition->at_type,
											   t->started);
	double		newest;

	if (!t->asked->definition->has_time || !t->in->has_time)
		return;
	newest = affinity_model_seconds(Min(t->in->last_at, latest));
	sink->figure(sink, AFFINITY_FIGURE_NEWEST, &newest, 1, false);
}

/*
 * Incremental refreshes of the version that is replaced are none of the new
 * one. Models made before there were any lack the table.
 */
static void
forget_refreshes(const Training *t)
{
	if (OidIsValid(get_relname_relid(AFFINITY_REFRESHES,
									 get_namespace_oid(t->name, false))))
		affinity_manage_ddl_execute(psprintf("DELETE FROM ONLY %s",
											 quote_qualified_identifier(t->name,
																		AFFINITY_REFRESHES)));
}

static void
train_and_write(Training *t)
{
	instr_time	start;
	const ModelNames names = {t->name, t->asked->items, t->asked->definition};
	Oid			items = get_relname_relid(names.items,
										  get_namespace_oid(t->name, false));
	double		both;

	INSTR_TIME_SET_CURRENT(start);
	if (t->asked->has_rows)
		affinity_manage_ddl_execute(psprintf("DELETE FROM ONLY %s",
											 quote_qualified_identifier(t->name,
																		names.items)));
	t->write_seconds = seconds_since(&start);

	affinity_parallel_progress_phase("training", 0, 0);
	INSTR_TIME_SET_CURRENT(start);
	t->writer = affinity_store_writer_open(items, t->in->items);
	t->n_interactions = t->in->pairs;
	affinity_store_writer_know(t->writer, t->in, t->before);
	affinity_manage_choice_figures(t->asked->definition, t->choice,
								   affinity_store_writer_sink(t->writer));
	if (t->asked->popular)
		affinity_beside_figures(t->asked->popular,
								affinity_store_writer_sink(t->writer));
	t->algorithm->train(t->in, t->options,
						affinity_store_writer_sink(t->writer));
	put_newest(t);
	affinity_manage_signals_figures(&t->signals,
									affinity_store_writer_kinds(t->writer),
									affinity_store_writer_sink(t->writer));
	both = affinity_store_writer_close(t->writer);
	t->train_seconds = seconds_since(&start) - both;
	t->write_seconds += both;

	affinity_parallel_progress_phase("indexing", 0, 0);
	INSTR_TIME_SET_CURRENT(start);
	if (!t->asked->has_indexes)
		affinity_manage_ddl_indexes(&names);
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

	if (affinity_dictionary_type(t->in->items) != TEXTOID)
		return;
	desc = CreateTemplateTupleDesc(1);
	TupleDescInitEntry(desc, 1, "item_id", TEXTOID, -1, 0);
	for (uint32 i = 0; i < t->in->n_items; i++)
	{
		Datum		id = affinity_dictionary_id(t->in->items, i);
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
	values[MODEL_HAS_TIME - 1] = BoolGetDatum(t->asked->definition->has_time);
	values[MODEL_USERS - 1] = Int64GetDatum(t->in->by_user.n_rows);
	values[MODEL_ITEMS - 1] = Int64GetDatum(t->in->n_items);
	values[MODEL_INTERACTIONS - 1] = Int64GetDatum(t->n_interactions);
	values[MODEL_SOURCE_ROWS - 1] = Int64GetDatum(t->in->rows);
	values[MODEL_SKIPPED_ROWS - 1] = Int64GetDatum(t->in->skipped_rows);
	values[MODEL_DROPPED_PAIRS - 1] = Int64GetDatum(t->in->dropped_pairs);
	values[MODEL_TRAINED_AT - 1] = TimestampTzGetDatum(t->started);
	values[MODEL_DURATION - 1] = IntervalPGetDatum(duration);
	values[MODEL_TRAINING - 1] =
		affinity_definition_store(t->asked->definition,
								  affinity_manage_signals_add(&t->signals,
															  JsonbPGetDatum(affinity_store_writer_figures(t->writer))));
	values[MODEL_PARAMETERS - 1] = affinity_store_writer_parameters(t->writer);
	affinity_manage_row_write(t->name, values);
}

static void
report(const Training *t)
{
	int			workers = affinity_parallel_progress_most_workers();

	ereport(NOTICE,
			(errmsg("model \"%s\" (%s): %lld rows, %u users, %u items, %lld interactions; %.2f s reading, %.2f s training (%d %s), %.2f s writing",
					t->name, t->algorithm->name, (long long) t->in->rows,
					t->in->by_user.n_rows, t->in->n_items,
					(long long) t->n_interactions,
					t->read_seconds, t->train_seconds, workers,
					workers == 1 ? "worker" : "workers", t->write_seconds)));
}

/*
 * Train a model as it is defined; the caller is its owner, restricted, and
 * connected to SPI. False where the source is empty and the model was never
 * trained: nothing is written.
 */
bool
affinity_manage_train(ModelTraining *asked)
{
	Training	t = {.asked = asked, .name = asked->name};
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "affinity training",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old;
	MemoryContext progress;
	bool		any;

	if (strcmp(asked->definition->choice, AFFINITY_CHOICE_OPEN) == 0)
		t.choice = affinity_manage_choice_make(asked);
	old = MemoryContextSwitchTo(context);
	t.algorithm = affinity_algorithm_find(asked->definition->algorithm);
	t.options = affinity_train_options_parse(t.algorithm,
											 asked->definition->options);
	t.started = GetCurrentTimestamp();
	t.before = figures_before(&t);
	affinity_manage_signals_begin(asked, t.before, &t.signals);
	progress = affinity_parallel_progress_begin(t.name, t.algorithm->name);
	any = read_source(&t);
	if (any)
	{
		check_long_ids(&t);
		if (asked->definition->groups[0] != '\0')
			asked->popular = affinity_beside_learn(&t.beside, t.name,
												   asked->definition, t.in,
												   old);
		train_and_write(&t);
		forget_refreshes(&t);
		write_row(&t);
		asked->users = t.in->by_user.n_rows;
	}
	affinity_parallel_progress_end(progress);
	if (any && t.choice)
		affinity_manage_choice_tell(t.name, t.choice);
	if (any)
		report(&t);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	return any;
}

/* ---- where not to train ------------------------------------------------- */

/*
 * Rows that a subscription brings would meet those of a training here, and stop
 * it for good.
 */
void
affinity_manage_check_replication(const char *name, Oid schema)
{
	Oid			table = get_relname_relid("model", schema);
	bool		arrives = affinity_origin_arrives(table, schema);
	char	   *subscription;

	if (SPI_execute(psprintf("SELECT s.subname FROM pg_catalog.pg_subscription_rel AS r"
							 " JOIN pg_catalog.pg_subscription AS s"
							 " ON s.oid OPERATOR(pg_catalog.=) r.srsubid"
							 " WHERE r.srrelid OPERATOR(pg_catalog.=) %u AND (s.subenabled OR %s)",
							 table, arrives ? "true" : "false"),
					true, 1) != SPI_OK_SELECT)
		elog(ERROR, "reading the subscriptions failed");
	if (SPI_processed == 0)
		return;
	subscription =
		unconstify(char *,
				   quote_identifier(SPI_getvalue(SPI_tuptable->vals[0],
												 SPI_tuptable->tupdesc, 1)));
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("model \"%s\" is replicated by subscription \"%s\"", name,
					SPI_getvalue(SPI_tuptable->vals[0],
								 SPI_tuptable->tupdesc, 1)),
			 errdetail("It is trained where it comes from."),
			 arrives ?
			 errhint("It has not arrived yet. If this server is to take over: ALTER SUBSCRIPTION %s DISABLE; ALTER SUBSCRIPTION %s SET (slot_name = NONE); DROP SUBSCRIPTION %s;",
					 subscription, subscription, subscription) :
			 errhint("If this server is to take over: ALTER SUBSCRIPTION %s DISABLE;",
					 subscription)));
}
