/*
 * refresh.c
 *		refresh_model: by a training, or by what changed since the last one.
 *
 * An incremental refresh is a version of its own: what it writes, rows of the
 * items and the row of the model, is one transaction's, and readers see all of
 * it or nothing.
 */
#include "postgres.h"

#include <math.h>

#include "access/table.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "portability/instr_time.h"
#include "tcop/utility.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "algorithm/algorithm.h"
#include "base/number.h"
#include "parallel/progress.h"
#include "renew/renew.h"

/*
 * Rows of items whose users changed by less than this part wait: to write them
 * is what costs, and what waited is made up for, up to so many times what
 * comes.
 */
#define LEAST_CHANGE	0.035
#define MOST_FOR		4

/* What is kept of each item while the model is brought up to date. */
#define BYTES_PER_ITEM	96

/* ---- can it be done? ---------------------------------------------------- */

pg_noreturn static void
refuse(const char *name, int sqlstate, const char *why)
{
	ereport(ERROR,
			(errcode(sqlstate),
			 errmsg("model \"%s\" cannot be refreshed incrementally", name),
			 errdetail_internal("%s", why),
			 errhint("To train it: SELECT affinity.refresh_model(%s);",
					 quote_literal_cstr(name))));
}

/*
 * Is the model as its definition says, and trained by this version?
 */
static void
check_definition(const ModelExisting *e)
{
	const ModelDefinition *d = &e->definition;
	const char *version = affinity_manage_ddl_version();

	if (e->change.new_view || e->healed ||
		strncmp(d->objects, version, strlen(version)) != 0 ||
		!OidIsValid(get_relname_relid(AFFINITY_REFRESHES, e->schema)))
		refuse(e->name, ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
			   "Its objects are of another version or owner, or its source is another one.");
	if (d->signals[0] != '\0')
		refuse(e->name, ERRCODE_FEATURE_NOT_SUPPORTED,
			   "It learns from signals.");
}

/*
 * How it can be done; an error where it cannot.
 */
static AffinityUpdateWay
find_way(const ModelExisting *e, const AffinityModel *model)
{
	const AffinityAlgorithm *algorithm = model->algorithm;
	AffinityUpdateWay way = algorithm->update_way ?
		algorithm->update_way(model->options) : AFFINITY_UPDATE_NOT;

	if (e->definition.attributes[0] != '\0' && algorithm->attributes &&
		algorithm->attributes(model->options))
		refuse(e->name, ERRCODE_FEATURE_NOT_SUPPORTED,
			   "It learns from attributes of items: which are alike by them depends on all items, so only a training finds it.");
	if (way == AFFINITY_UPDATE_NOT)
		refuse(e->name, ERRCODE_FEATURE_NOT_SUPPORTED,
			   psprintf("Algorithm %s, with its options, learns from all interactions at once.",
						algorithm->name));
	return way;
}

/*
 * From when on rows are new.
 */
static void
find_mark(Renewal *r, const TimestampTz *since)
{
	const ModelDefinition *d = &r->existing->definition;
	double		newest = affinity_model_figure(r->training,
											   AFFINITY_FIGURE_NEWEST);

	if (since && !d->has_time)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"since\" needs a source with times, and that of model \"%s\" has none",
						r->name),
				 errhint("Leave it out: SELECT affinity.refresh_model(%s, incremental => true);",
						 quote_literal_cstr(r->name))));
	if (!d->has_time)
		return;
	if (r->way == AFFINITY_UPDATE_CHANGES && affinity_renew_has_days(d))
		refuse(r->name, ERRCODE_FEATURE_NOT_SUPPORTED,
			   "The time of its source is a date: what comes later on the same day would not be seen.");
	if (since)
		r->mark = d->at_type == TIMESTAMPOID ?
			DatumGetTimestamp(DirectFunctionCall1(timestamptz_timestamp,
												  TimestampTzGetDatum(*since))) :
			*since;
	else if (isnan(newest) || fabs(newest) > 1e11)
		refuse(r->name, ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
			   "It is not known up to which time its rows were read.");
	else
		r->mark = affinity_model_moment(newest);
	if (since && r->way == AFFINITY_UPDATE_CHANGES && !isnan(newest) &&
		affinity_model_seconds(r->mark) < newest)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"since\" is earlier than the newest row that model \"%s\" knows",
						r->name),
				 errdetail("Rows that it knows would count twice."),
				 errhint("What came late, a training learns: SELECT affinity.refresh_model(%s);",
						 quote_literal_cstr(r->name))));
	r->has_mark = true;
}

/* ---- which items -------------------------------------------------------- */

/*
 * Items that are new, or whose users changed by enough since their rows were
 * written; what the change of each stands for.
 */
static void
find_due(Renewal *r)
{
	AffinityUpdate *u = &r->update;

	r->due = affinity_base_zeroed_array(u->n_items, sizeof(bool));
	r->is_written = affinity_base_zeroed_array(u->n_items, sizeof(bool));
	r->stands_for = affinity_base_array(u->n_items, sizeof(float));
	for (uint32 i = 0; i < u->n_items; i++)
	{
		double		change = (double) r->popularity[i] - r->known[i];
		double		waiting = (double) r->popularity[i] - r->stored[i];

		affinity_base_look_up(i);
		r->due[i] = i >= u->n_known ||
			(waiting != 0 &&
			 fabs(waiting) >= LEAST_CHANGE * r->stored[i]);
		r->stands_for[i] = 1;
		if (i < u->n_known && change != 0)
			r->stands_for[i] = (float) Min(Max(waiting / change, 1), MOST_FOR);
	}
	u->due = r->due;
	u->stands_for = r->stands_for;
}

/*
 * Items that are due and of which the algorithm had nothing to say but how many
 * users they have.
 */
static void
put_users(Renewal *r)
{
	for (uint32 i = 0; i < r->update.n_items; i++)
	{
		AffinityItemRow row = {.item = i};

		CHECK_FOR_INTERRUPTS();
		if (r->due[i] && !r->is_written[i])
			affinity_renew_items_put(&r->update, &row);
	}
}

/* ---- the model's row ---------------------------------------------------- */

static void
add_number(JsonbParseState * *state, const char *name, double value)
{
	JsonbValue	key = {.type = jbvString};
	JsonbValue	number = {.type = jbvNumeric};
	char	   *digits;

	if (isnan(value))
		return;
	key.val.string.val = pstrdup(name);
	key.val.string.len = (int) strlen(name);
	/* a cast would round to 15 digits: no microseconds of today's times */
	digits = affinity_base_shortest(value);
	number.val.numeric = DatumGetNumeric(DirectFunctionCall3(numeric_in,
															 CStringGetDatum(digits),
															 ObjectIdGetDatum(InvalidOid),
															 Int32GetDatum(-1)));
	pushJsonbValue(state, WJB_KEY, &key);
	pushJsonbValue(state, WJB_VALUE, &number);
}

static double
figure_or_0(const Renewal *r, const char *name)
{
	double		value = affinity_model_figure(r->training, name);

	return isnan(value) ? 0 : value;
}

/*
 * The figures of the version before with those that changed.
 */
static Datum
new_figures(const Renewal *r, double drift)
{
	const AffinityUpdate *u = &r->update;
	JsonbParseState *state = NULL;
	JsonbValue *object;
	double		newest = affinity_model_figure(r->training,
											   AFFINITY_FIGURE_NEWEST);

	if (r->has_newest && r->existing->definition.has_time)
	{
		double		read = affinity_model_seconds(Min(r->newest,
													  affinity_renew_latest(r)));

		newest = isnan(newest) ? read : Max(newest, read);
	}
	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	add_number(&state, AFFINITY_FIGURE_NEWEST, newest);
	add_number(&state, AFFINITY_FIGURE_APPENDED,
			   (double) u->n_items - r->model->n_sorted);
	add_number(&state, AFFINITY_FIGURE_REFRESHED,
			   affinity_model_seconds(r->started));
	add_number(&state, AFFINITY_FIGURE_ROWS,
			   figure_or_0(r, AFFINITY_FIGURE_ROWS) + r->new_rows);
	add_number(&state, AFFINITY_FIGURE_USERS,
			   figure_or_0(r, AFFINITY_FIGURE_USERS) + r->new_users);
	add_number(&state, AFFINITY_FIGURE_ITEMS,
			   figure_or_0(r, AFFINITY_FIGURE_ITEMS) +
			   (u->n_items - u->n_known));
	add_number(&state, AFFINITY_FIGURE_DRIFT, drift);
	object = pushJsonbValue(&state, WJB_END_OBJECT, NULL);
	return DirectFunctionCall2(jsonb_concat, JsonbPGetDatum(r->training),
							   JsonbPGetDatum(JsonbValueToJsonb(object)));
}

static void
write_row(Renewal *r, double drift)
{
	const AffinityUpdate *u = &r->update;
	Datum	   *values = r->values;
	double		pairs = (double) DatumGetInt64(values[MODEL_INTERACTIONS - 1]);

	pairs += u->before ? (double) u->now->pairs - u->before->pairs :
		u->now->pairs - pairs;
	values[MODEL_USERS - 1] = Int64GetDatum((int64) u->users);
	values[MODEL_ITEMS - 1] = Int64GetDatum(u->n_items);
	values[MODEL_INTERACTIONS - 1] = Int64GetDatum((int64) Max(pairs, 0));
	values[MODEL_SOURCE_ROWS - 1] = Int64GetDatum((int64) r->rows);
	values[MODEL_TRAINING - 1] = new_figures(r, drift);
	affinity_manage_row_write(r->name, values);
	affinity_renew_past_write(r);
}

/*
 * The copy of the interactions, if there is one.
 */
static void
keep(const Renewal *r)
{
	const ModelDefinition *d = &r->existing->definition;

	if (r->update.before)
		affinity_manage_keep_since(r->name, d, r->from,
								   Int64GetDatum(affinity_renew_since(r)));
	else
		affinity_manage_keep(r->name, d, r->from, false);
}

/* ---- the whole ---------------------------------------------------------- */

static double
figure(AffinityUpdate *u, const char *name)
{
	return affinity_model_figure(((Renewal *) u)->training, name);
}

/*
 * The model as the snapshot has it.
 */
static void
open_model(Renewal *r)
{
	ModelExisting *e = r->existing;
	Relation	table = table_open(e->table, AccessShareLock);

	r->values = palloc0(MODEL_N_ATTRIBUTES * sizeof(Datum));
	if (!affinity_model_row_read(table, r->name, NULL, r->values, NULL))
		refuse(r->name, ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
			   "It is not trained yet.");
	table_close(table, NoLock);
	r->model = affinity_model_open(e->schema);
	r->training = DatumGetJsonbP(r->values[MODEL_TRAINING - 1]);
	r->way = find_way(e, r->model);
	if (r->model->kinds)
		refuse(r->name, ERRCODE_FEATURE_NOT_SUPPORTED,
			   "It learns from signals.");
	/* whether baskets have times is known by the training alone */
	if (e->definition.baskets)
		e->definition.has_time = r->model->has_time;
	if (r->model->user_type != e->definition.user_type ||
		r->model->item_type != e->definition.item_type ||
		r->model->has_time != e->definition.has_time ||
		strcmp(r->model->algorithm->name, e->definition.algorithm) != 0)
		refuse(r->name, ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
			   "It is defined otherwise than it was trained.");
	affinity_base_need_memory(mul_size(r->model->n_items, BYTES_PER_ITEM),
							  NULL, "the items of model \"%s\" need",
							  r->name);
}

static double
seconds_since(instr_time *start)
{
	instr_time	now;

	INSTR_TIME_SET_CURRENT(now);
	INSTR_TIME_SUBTRACT(now, *start);
	INSTR_TIME_SET_CURRENT(*start);
	return INSTR_TIME_GET_DOUBLE(now);
}

/*
 * Bring a model up to date; the caller is its owner, restricted, and connected
 * to SPI.
 */
static void
renew(Renewal *r, const TimestampTz *since)
{
	AffinityUpdate *u = &r->update;
	instr_time	start;
	double		read_seconds;
	double		update_seconds;
	double		drift;
	AffinityScorer scorer;

	INSTR_TIME_SET_CURRENT(start);
	open_model(r);
	find_mark(r, since);
	affinity_renew_look(r, since == NULL);
	u->n_known = u->n_items = r->model->n_items;
	u->n_trained = r->model->n_sorted;
	affinity_renew_items_open(r);
	affinity_renew_past_read(r);
	affinity_renew_items_read(r);
	affinity_renew_read(r);
	read_seconds = seconds_since(&start);
	find_due(r);
	affinity_parallel_progress_phase("training", 0, 0);
	affinity_renew_items_begin(r);
	u->stored = affinity_renew_items_stored;
	u->changes = affinity_renew_past_changes;
	u->n_refreshes = r->past.n;
	u->known = r->known;
	u->written = r->past.written;
	u->figure = figure;
	u->stored_users = r->stored;
	u->measure = affinity_renew_measures(r);
	u->drift = NAN;
	u->put = affinity_renew_items_put;
	affinity_model_scorer(r->model, true, &scorer);
	u->factors = scorer.factors;
	if (r->model->algorithm->update && u->now->by_user.n_rows > 0)
		r->model->algorithm->update(u, r->model->options);
	put_users(r);
	update_seconds = seconds_since(&start);
	drift = affinity_renew_drift(r);
	affinity_renew_items_end(r);
	write_row(r, drift);
	keep(r);
	ereport(NOTICE,
			(errmsg("model \"%s\" (%s): %.0f new rows, %.0f new users, %u new items; %u of %u items written; %.2f s reading, %.2f s updating, %.2f s measuring",
					r->name, r->model->algorithm->name, r->new_rows,
					r->new_users, u->n_items - u->n_known, r->n_written,
					u->n_items, read_seconds, update_seconds,
					seconds_since(&start)),
			 r->too_many ?
			 errdetail("%.0f users have new rows. Their histories are most of the source, so all of it was read.",
					   (double) r->n_users) : 0));
}

/*
 * An incremental refresh.
 */
static void
refresh(const char *name, AffinityIfRunning if_running,
		const TimestampTz *since)
{
	ModelExisting e = {.if_running = if_running};
	Renewal		r = {.name = name, .existing = &e};
	MemoryContext context;
	MemoryContext old;
	MemoryContext progress;

	if (!affinity_manage_open(&e, name))
		return;
	affinity_manage_settle(&e);
	affinity_manage_check_replication(name, e.schema);
	check_definition(&e);
	context = AllocSetContextCreate(CurrentMemoryContext, "affinity refresh",
									ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(context);
	r.from = quote_qualified_identifier(name, "interactions");
	r.started = GetCurrentTimestamp();
	/* others may have committed while this waited for the lock */
	CommandCounterIncrement();
	PushActiveSnapshot(GetTransactionSnapshot());
	progress = affinity_parallel_progress_begin(name, e.definition.algorithm);
	renew(&r, since);
	affinity_parallel_progress_end(progress);
	PopActiveSnapshot();
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	affinity_manage_close(&e);
}

static AffinityIfRunning
if_running_arg(FunctionCallInfo fcinfo, int arg)
{
	static const char *const names[] = {"wait", "skip", "error"};
	char	   *given = affinity_base_text_arg(fcinfo, arg, "if_running");

	for (int i = 0; i < (int) lengthof(names); i++)
	{
		if (pg_strcasecmp(given, names[i]) == 0)
			return (AffinityIfRunning) i;
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("if_running cannot be \"%s\"", given),
			 errhint("It is \"wait\", \"skip\" or \"error\".")));
}

PG_FUNCTION_INFO_V1(affinity_renew_refresh);

/*
 * SQL: refresh_model(name, retune, incremental, if_running, since)
 */
Datum
affinity_renew_refresh(PG_FUNCTION_ARGS)
{
	char	   *name = affinity_base_text_arg(fcinfo, 0, "name");
	AffinityIfRunning if_running;
	bool		incremental;
	TimestampTz since = PG_ARGISNULL(4) ? 0 : PG_GETARG_TIMESTAMPTZ(4);

	affinity_base_check_not_null(fcinfo, 1, "retune");
	affinity_base_check_not_null(fcinfo, 2, "incremental");
	if_running = if_running_arg(fcinfo, 3);
	incremental = PG_GETARG_BOOL(2);
	PreventCommandIfReadOnly("affinity.refresh_model()");
	PreventCommandDuringRecovery("affinity.refresh_model()");
	if (incremental && PG_GETARG_BOOL(1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"retune\" is not for incremental refreshes"),
				 errhint("To choose anew: SELECT affinity.refresh_model(%s, retune => true);",
						 quote_literal_cstr(name))));
	if (!incremental && !PG_ARGISNULL(4))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"since\" is for incremental refreshes"),
				 errhint("A training reads all rows: leave it out, or say incremental => true.")));
	if (!PG_ARGISNULL(4) && TIMESTAMP_NOT_FINITE(since))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"since\" is not a finite time")));
	if (incremental)
		refresh(name, if_running, PG_ARGISNULL(4) ? NULL : &since);
	else
		(void) affinity_manage_refresh(name, PG_GETARG_BOOL(1), if_running);
	PG_RETURN_VOID();
}
