/*
 * explain_call.c
 *		explain_call: how a call of recommend comes to its rows, and what would
 *		make it faster or longer.
 *
 * The steps of the call are made one by one, then the call itself, so that
 * everything in the report was counted and nothing is guessed. All of it is
 * done as the caller.
 */
#include "postgres.h"

#include <stdarg.h>

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "portability/instr_time.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/plancache.h"

#include "base/schema.h"
#include "rules/rules.h"
#include "serve/explain_call.h"

/*
 * A row.
 */
void
affinity_serve_say(Report *r, const char *step, const char *property, const char *format,...)
{
	StringInfoData value;
	Datum		values[3];
	va_list		args;
	int			needed;

	initStringInfo(&value);
	do
	{
		va_start(args, format);
		needed = appendStringInfoVA(&value, format, args);
		va_end(args);
		if (needed > 0)
			enlargeStringInfo(&value, needed);
	} while (needed > 0);
	values[0] = CStringGetTextDatum(step);
	values[1] = CStringGetTextDatum(property);
	values[2] = CStringGetTextDatum(value.data);
	affinity_serve_put(&r->call, values);
	pfree(value.data);
}

static double
milliseconds(instr_time since)
{
	instr_time	now;

	INSTR_TIME_SET_CURRENT(now);
	INSTR_TIME_SUBTRACT(now, since);
	return INSTR_TIME_GET_MILLISEC(now);
}

/*
 * Run a query of the report's own.
 */
static void
run(const char *sql, int n, Oid *types, Datum *values, const char *nulls)
{
	int			rc = SPI_execute_with_args(sql, n, types, values, nulls, false,
										   0);

	if (rc < 0)
		elog(ERROR, "\"%s\" failed: %s", sql, SPI_result_code_string(rc));
}

static char *
cell(uint64 row, int column)
{
	char	   *value = SPI_getvalue(SPI_tuptable->vals[row],
									 SPI_tuptable->tupdesc, column);

	return value ? value : pstrdup("");
}

/* ---- arguments --------------------------------------------------------- */

/*
 * A literal becomes what the model has in its place.
 */
static bool
take_literal(ServeCall *call, int arg, Oid type, Datum *value)
{
	FunctionCallInfo fcinfo = call->fcinfo;
	Oid			input;
	Oid			param;

	if (get_fn_expr_argtype(fcinfo->flinfo, arg) != UNKNOWNOID)
		return false;
	if (PG_ARGISNULL(arg))
		*value = (Datum) 0;
	else
	{
		getTypeInputInfo(type, &input, &param);
		*value = OidInputFunctionCall(input, DatumGetCString(PG_GETARG_DATUM(arg)),
									  param, -1);
	}
	return true;
}

#define ARG_CANDIDATES	3

/*
 * An array of ids, in the type of the model's items; 0: there is none.
 */
static Datum
take_ids(ServeCall *call, int arg)
{
	Oid			type = call->model->item_type;
	Oid			given = get_fn_expr_argtype(call->fcinfo->flinfo, arg);
	Datum		ids;
	ArrayType  *array;
	ArrayIterator iterator;
	Datum	   *id;
	int			n = 0;
	Datum		value;
	bool		isnull;

	if (take_literal(call, arg, get_array_type(type), &ids))
		return ids;
	/* as recommend has it: no candidates are none, nothing given is all */
	if (!affinity_serve_ids(call, arg, &ids))
		return arg == ARG_CANDIDATES ?
			PointerGetDatum(construct_empty_array(type)) : (Datum) 0;
	if (given == get_array_type(type))
		return ids;
	array = DatumGetArrayTypeP(ids);
	id = affinity_base_array((Size) ArrayGetNItems(ARR_NDIM(array),
												   ARR_DIMS(array)),
							 sizeof(Datum));
	iterator = array_create_iterator(array, 0, NULL);
	while (array_iterate(iterator, &value, &isnull))
	{
		if (!isnull && affinity_base_id_as(value, ARR_ELEMTYPE(array), type,
										   &id[n]))
			n++;
	}
	array_free_iterator(iterator);
	return affinity_model_array(id, n, type);
}

static void
take_arguments(Report *r)
{
	ServeCall  *call = &r->call;
	FunctionCallInfo fcinfo = call->fcinfo;
	Oid			type = call->model->user_type;

	if (take_literal(call, 1, type, &r->user))
		r->is_user = !PG_ARGISNULL(1);
	else
		r->is_user = affinity_serve_id(call, 1, type, "user_id", &r->user);
	r->k = affinity_serve_k(call, 2);
	r->candidates = take_ids(call, ARG_CANDIDATES);
	r->exclude = take_ids(call, 4);
	r->exclude_seen = PG_ARGISNULL(5) || PG_GETARG_BOOL(5);
}

/* ---- model and process ------------------------------------------------- */

static void
tell_model(Report *r)
{
	const AffinityModel *model = r->call.model;

	affinity_serve_say(r, "model", "name", "%s", r->name);
	affinity_serve_say(r, "model", "algorithm", "%s", model->algorithm->name);
	if (!model->trained)
	{
		affinity_serve_say(r, "model", "trained", "no: every call gives no rows");
		return;
	}
	affinity_serve_say(r, "model", "version", "%lld", (long long) model->version);
	run(psprintf("SELECT m.trained_at, pg_catalog.date_trunc('second', pg_catalog.now() OPERATOR(pg_catalog.-) m.trained_at),"
				 " m.users, m.items, m.interactions FROM ONLY %s AS m",
				 quote_qualified_identifier(model->schema_name, "model")), 0,
		NULL, NULL, NULL);
	if (SPI_processed != 1)
		affinity_train_damaged(model->schema_name, "it has several rows");
	affinity_serve_say(r, "model", "trained at", "%s, %s ago", cell(0, 1), cell(0, 2));
	affinity_serve_say(r, "model", "trained on", "%s users, %s items, %s interactions",
					   cell(0, 3), cell(0, 4), cell(0, 5));
	r->users = strtod(cell(0, 3), NULL);
}

/*
 * What this server process had before the call.
 */
static void
tell_process(Report *r)
{
	const AffinityModel *model = r->call.model;
	SPIPlanPtr	plan = model->plan[AFFINITY_QUERY_HISTORY];
	const		CachedPlanSource *source = plan ?
		linitial(SPI_plan_get_plan_sources(plan)) : NULL;
	bool		shared = false;

	affinity_serve_say(r, "process", "calls before", "%llu%s",
					   (unsigned long long) model->calls,
					   model->calls == 0 ? ": the first one of this version reads its definition and plans its queries" :
					   "");
	if (affinity_model_is_shared(r->call.model))
	{
		affinity_serve_say(r, "process", "items", "shared by all connections, see affinity.cache");
		shared = true;
	}
	else if (model->algorithm->has_factors && model->factors)
		affinity_serve_say(r, "process", "factors", "in memory, %zu kB",
						   model->factors->bytes / 1024);
	else if (model->algorithm->has_factors)
	{
		r->reads_factors = true;
		affinity_serve_say(r, "process", "factors", "not read yet: the first call reads those of all items");
	}
	if (model->ids)
		affinity_serve_say(r, "process", "ids of items", "in memory, %zu kB",
						   affinity_model_ids_bytes(model) / 1024);
	else if (!shared)
		affinity_serve_say(r, "process", "ids of items", "looked up in the table");
	if (source == NULL)
		affinity_serve_say(r, "process", "plan of the history", "none yet");
	else
		affinity_serve_say(r, "process", "plan of the history", "%s; used %lld times, made for one user %lld times",
						   source->gplan ? "one for all users, kept" :
						   "made for each user so far",
						   (long long) source->num_generic_plans,
						   (long long) source->num_custom_plans);
}

/* ---- history ----------------------------------------------------------- */

char *
affinity_serve_history_relation(const AffinityModel *model)
{
	return quote_qualified_identifier(model->schema_name,
									  affinity_model_serves(model));
}

static void
tell_plan(Report *r, const char *step, const char *sql, int n, Oid *types,
		  Datum *values, const char *nulls)
{
	run(psprintf("EXPLAIN %s", sql), n, types, values, nulls);
	for (uint64 i = 0; i < SPI_processed; i++)
		affinity_serve_say(r, step, "plan", "%s", cell(i, 1));
}

/*
 * Items that the history's lists hold, each once.
 */
static int64
count_touched(const Report *r, const AffinityModelHistory *h)
{
	const AffinityModel *model = r->call.model;
	const AffinityHistory *history = &h->history;
	bool	   *touched = affinity_base_zeroed_array(model->n_items,
													 sizeof(bool));
	int64		n = 0;

	for (uint32 i = 0; i < history->n; i++)
	{
		AffinityList list = history->list ? history->list[i] :
			history->read_list(history->reader, i);

		CHECK_FOR_INTERRUPTS();
		for (uint32 e = 0; e < list.n; e++)
		{
			bool	   *item = &touched[(uint32) list.item[e] % model->n_items];

			n += !*item;
			*item = true;
		}
	}
	pfree(touched);
	return n;
}

static void
tell_history(Report *r)
{
	AffinityModel *model = r->call.model;
	Oid			type = model->user_type;
	char	   *sql = psprintf("SELECT h.item_id, h.weight FROM %s AS h WHERE h.user_id OPERATOR(pg_catalog.=) $1",
							   affinity_serve_history_relation(model));
	AffinityModelHistory h = {0};
	instr_time	start;
	double		took;

	affinity_serve_say(r, "history", "source", "%s%s", affinity_serve_history_relation(model),
					   model->kept ? ", as of the last refresh" : ", as it is now");
	if (!r->is_user || !model->trained)
		return;
	(void) affinity_model_history_ids(model, r->user, &r->n_counting);
	INSTR_TIME_SET_CURRENT(start);
	(void) affinity_model_history_ids(model, r->user, &r->n_counting);
	took = milliseconds(start);
	run(psprintf("SELECT pg_catalog.count(*) FROM (%s) AS x", sql), 1, &type,
		&r->user, NULL);
	r->rows = strtoll(cell(0, 1), NULL, 10);
	affinity_model_history(model, r->user, false, &h);
	r->n_known = affinity_score_n_had(&h.history, model->n_items);
	affinity_serve_say(r, "history", "rows", "%lld, read in %.2f ms", (long long) r->rows,
					   took);
	affinity_serve_say(r, "history", "items", "%d that count, of which the model knows %u%s",
					   r->n_counting, h.history.n,
					   h.history.n > r->n_known ? " (events of all kinds)" : "");
	affinity_serve_say(r, "history", "seen", "%u items%s", r->n_known + h.n_seen,
					   r->exclude_seen ? ", which are left out" : ", which may come again");
	if (!model->algorithm->has_factors)
		affinity_serve_say(r, "history", "touched", "%lld items, those in the lists of %u",
						   (long long) count_touched(r, &h), h.history.n);
	else
		affinity_serve_say(r, "history", "touched", "all %u items, by factors",
						   model->n_items);
	tell_plan(r, "history", sql, 1, &type, &r->user, NULL);
}

/* ---- the call ---------------------------------------------------------- */

static uint32
length_of(Datum array)
{
	ArrayType  *a = DatumGetArrayTypeP(array);

	return (uint32) ArrayGetNItems(ARR_NDIM(a), ARR_DIMS(a));
}

static uint32
tell_array(Report *r, const char *name, Datum ids)
{
	AffinityItems items;

	if (ids == (Datum) 0)
		return 0;
	affinity_model_items_by_id(r->call.model, ids, &items);
	affinity_serve_say(r, "call", name, "%u given, of which the model knows %u",
					   length_of(ids), items.n);
	return items.n;
}

static const char *
how(const Report *r)
{
	const AffinityModel *model = r->call.model;

	if (!model->trained)
		return "there are no rows: the model is not trained";
	if (r->n_result == 0)
		return r->candidates && r->n_candidates == 0 ?
			"there are no rows: the model knows none of the candidates" :
			"there are no rows: nothing is left that may be recommended";
	if (r->n_personalized == r->n_result)
		return model->algorithm->has_factors ? "all rows are personalized, by factors" :
			model->algorithm->has_neighbors ? "all rows are personalized, by lists of the history's items" :
			"all rows are personalized";
	if (r->n_personalized > 0)
		return "what the history speaks for comes first, popular items fill up";
	if (!model->algorithm->has_factors && !model->algorithm->has_neighbors)
		return "popular items: the algorithm learns nothing else";
	if (!r->is_user || r->rows == 0)
		return "popular items: the user has no history";
	if (r->n_counting == 0)
		return "popular items: no weight of the history counts";
	if (r->n_known == 0)
		return "popular items: the model knows none of the history's items";
	return "popular items: the history speaks for nothing that may be recommended";
}

static void
tell_call(Report *r)
{
	AffinityModel *model = r->call.model;
	Oid			array = get_array_type(model->item_type);
	Oid			types[] = {
		REGNAMESPACEOID, model->user_type, INT8OID, array, array, BOOLOID
	};
	Datum		values[] = {
		ObjectIdGetDatum(model->schema), r->user, Int64GetDatum(r->k),
		r->candidates, r->exclude, BoolGetDatum(r->exclude_seen)
	};
	char		nulls[] = "      ";
	char	   *sql = psprintf("SELECT t.personalized FROM %s.recommend_core($1, $2, $3, $4, $5, $6)"
							   " AS t(item_id %s, score pg_catalog.float4, rank pg_catalog.int4, personalized pg_catalog.bool)",
							   quote_identifier(get_namespace_name(affinity_base_schema())),
							   format_type_be_qualified(model->item_type));
	char	   *counts = psprintf("SELECT pg_catalog.count(*), pg_catalog.count(*) FILTER (WHERE x.personalized) FROM (%s) AS x",
								  sql);
	double		took[2];

	nulls[1] = r->is_user ? ' ' : 'n';
	nulls[3] = r->candidates ? ' ' : 'n';
	nulls[4] = r->exclude ? ' ' : 'n';
	affinity_serve_say(r, "call", "k", "%u", r->k);
	r->n_candidates = tell_array(r, "candidates", r->candidates);
	(void) tell_array(r, "exclude", r->exclude);
	if (OidIsValid(get_relname_relid(AFFINITY_RULES_VIEW, model->schema)))
		affinity_serve_say(r, "call", "rules", "those that set_rules was told, see %s",
						   quote_qualified_identifier(model->schema_name,
													  AFFINITY_RULES_VIEW));
	for (int i = 0; i < 2; i++)
	{
		instr_time	start;

		INSTR_TIME_SET_CURRENT(start);
		run(counts, 6, types, values, nulls);
		took[i] = milliseconds(start);
	}
	affinity_serve_say(r, "call", "time", "%.2f ms, and again: %.2f ms", took[0], took[1]);
	r->n_result = strtoll(cell(0, 1), NULL, 10);
	r->n_personalized = strtoll(cell(0, 2), NULL, 10);
	affinity_serve_say(r, "call", "rows", "%lld, of which %lld are personalized",
					   (long long) r->n_result, (long long) r->n_personalized);
	affinity_serve_say(r, "call", "answer", "%s", how(r));
	tell_plan(r, "call", sql, 6, types, values, nulls);
}

/* ---- SQL --------------------------------------------------------------- */

PG_FUNCTION_INFO_V1(affinity_serve_explain_call);

/*
 * SQL: explain_call(model, user_id, k, candidates, exclude, exclude_seen)
 */
Datum
affinity_serve_explain_call(PG_FUNCTION_ARGS)
{
	Report		r = {.call.fcinfo = fcinfo};
	Oid			table;

	affinity_serve_connect(&r.call, fcinfo);
	r.name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	r.call.model = affinity_model_open(affinity_model_schema(r.name, &table));
	r.call.unseen = true;
	take_arguments(&r);
	affinity_serve_result(&r.call, 3, "step", TEXTOID, "property", TEXTOID,
						  "value", TEXTOID);
	tell_model(&r);
	(void) affinity_serve_within(1);
	PG_TRY();
	{
		tell_process(&r);
		tell_history(&r);
		tell_call(&r);
	}
	PG_FINALLY();
	{
		(void) affinity_serve_within(-1);
	}
	PG_END_TRY();
	affinity_serve_advise(&r);
	return affinity_serve_end(&r.call);
}
