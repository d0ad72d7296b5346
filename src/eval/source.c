/*
 * source.c
 *		Where rows come from: a query as create_model takes it, or a model's
 *		source. They are read as the caller, in the caller's snapshot.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"

#include "beside/beside.h"
#include "eval/eval.h"
#include "parallel/progress.h"

/*
 * A query of user, item, weight and time, the last two optional; what is what
 * messages call it.
 */
void
affinity_eval_source_query(const char *query, const char *what,
						   AffinityEvalSource *source)
{
	ModelDefinition d = {0};

	affinity_definition_source_select(query, what, &d);
	if (d.has_signal)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("%s has a fifth column, but signals cannot be split yet",
						what),
				 errhint("Create a model with signals from what was before some time, and evaluate it: test => a query of user and item of what users had afterwards.")));
	memset(source, 0, sizeof(AffinityEvalSource));
	source->select = d.body;
	source->has_time = d.has_time;
	source->at_type = d.at_type;
	source->user_type = d.user_type;
	source->item_type = d.item_type;
}

/*
 * What a model is trained on.
 */
void
affinity_eval_source_model(AffinityModel *model, AffinityEvalSource *source)
{
	const char *view;
	Oid			relid = get_relname_relid("interactions", model->schema);

	if (model->kinds)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("model \"%s\" has signals, and its source cannot be split yet",
						model->schema_name),
				 errhint("Give a test: evaluate(model => %s, test => a query of user and item of what users had after the training).",
						 quote_literal_cstr(model->schema_name))));
	view = affinity_model_source(model);
	memset(source, 0, sizeof(AffinityEvalSource));
	source->select = psprintf("SELECT h.user_id, h.item_id, h.weight, h.at FROM %s AS h",
							  view);
	source->at_type = getBaseType(get_atttype(relid, get_attnum(relid, "at")));
	source->has_time = true;
	source->user_type = model->user_type;
	source->item_type = model->item_type;
	source->model = model;
}

static void
begin_request(const AffinityEvalSource *source, AffinityReadRequest *request)
{
	memset(request, 0, sizeof(AffinityReadRequest));
	request->query = source->select;
	request->read_only = true;
	request->parallel = true;
	request->max_bytes = (int64) affinity_base_memory_allowed();
	request->progress = affinity_parallel_progress_done;
	affinity_parallel_progress_phase("reading", 0, 0);
}

/*
 * All rows of a source.
 */
AffinityJournal *
affinity_eval_read(const AffinityEvalSource *source)
{
	AffinityReadRequest request;

	begin_request(source, &request);
	return affinity_interaction_journal_read(&request);
}

/*
 * The attributes that a model's definition gives items of a source, where
 * there are any and the algorithm learns from them; read by the caller.
 */
const AffinityAttributes *
affinity_eval_attributes(const AffinityModel *model,
						 const AffinityAlgorithm *algorithm,
						 const void *options,
						 const AffinityEvalSource *source)
{
	const AffinityAttributes *attributes;
	ModelDefinition d;
	int			nest;

	if (model == NULL || algorithm->attributes == NULL ||
		!algorithm->attributes(options) ||
		affinity_definition_read(model->schema, &d) != DEFINITION_FOUND ||
		d.attributes[0] == '\0')
		return NULL;
	d.item_type = source->item_type;
	/* its names were written for this path */
	nest = NewGUCNestLevel();
	affinity_definition_restrict_path();
	attributes = affinity_beside_attributes(model->schema_name, &d, true);
	AtEOXact_GUC(false, nest);
	return attributes;
}

/*
 * A column of ids of a test: integers of any width are the same numbers.
 */
static const char *
id_column(const char *role, Oid given, Oid type)
{
	bool		is_int = given == INT2OID || given == INT4OID ||
		given == INT8OID;

	if (!affinity_base_id_alike(given, type))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("%ss of the test are of type %s, but those that are trained on of type %s",
						role, format_type_be(given), format_type_be(type)),
				 errhint("Let the test query cast them.")));
	return psprintf("t.%s_id%s", role, is_int ? "::pg_catalog.int8" : "");
}

/*
 * Pairs that a query says are to be predicted: their weights sum to more than
 * 0.
 */
AffinityInteractions *
affinity_eval_read_test(const AffinityEvalSource *source, Oid user_type,
						Oid item_type)
{
	AffinityEvalSource test = *source;
	AffinityReadRequest request;

	test.select = psprintf("SELECT %s, %s, t.weight FROM (%s) AS t",
						   id_column("user", source->user_type, user_type),
						   id_column("item", source->item_type, item_type),
						   source->select);
	begin_request(&test, &request);
	return affinity_interaction_read(&request);
}
