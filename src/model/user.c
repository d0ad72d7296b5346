/*
 * user.c
 *		The rows of one user, summed by item.
 *
 * They are summed as a matrix of all users would sum them, so that both give
 * the same scores. Pairs that do not count are kept too: who has an item
 * whose weight says nothing has it all the same.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "tcop/dest.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "kernel/csr.h"
#include "model/catalog.h"
#include "repeat/repeat.h"

static int
compare_ids(const void *a, const void *b, void *type)
{
	return affinity_base_id_compare(((const AffinityWeighted *) a)->id,
									((const AffinityWeighted *) b)->id,
									*(Oid *) type);
}

/*
 * By kind of event, then by weight within an id, so that a sum does not depend on the order of rows.
 */
static int
compare_rows(const void *a, const void *b, void *type)
{
	double		x = ((const AffinityWeighted *) a)->weight;
	double		y = ((const AffinityWeighted *) b)->weight;
	uint32		k = ((const AffinityWeighted *) a)->kind;
	uint32		l = ((const AffinityWeighted *) b)->kind;
	int			c = compare_ids(a, b, type);

	if (c == 0)
		c = (k > l) - (k < l);
	return c != 0 ? c : x < y ? -1 : x > y;
}

/*
 * Sum the rows of each item, or take their mean, in place. Weights are real,
 * as in a matrix. Returns how many items there are, and in visit, unless it
 * is NULL, when they were had.
 */
static int
sum_rows(const AffinityModel *model, AffinityPairValue value,
		 AffinityWeighted *row, int n, AffinityVisit *visit, int64 *n_visits)
{
	const AffinityRepeat *rule = affinity_repeat_rule(model->algorithm,
													  model->options);
	Oid			type = model->item_type;
	int			n_items = 0;

	qsort_arg(row, n, sizeof(AffinityWeighted), compare_rows, &type);
	for (int i = 0; i < n;)
	{
		AffinityWeighted sum = {
			.id = row[i].id, .kind = row[i].kind, .at = DT_NOBEGIN
		};
		AffinitySum weight = {0, 0};
		int			counted = 0;

		for (; i < n && row[i].kind == sum.kind &&
			 affinity_base_id_compare(row[i].id, sum.id, type) == 0; i++)
		{
			if (!row[i].counts)
				continue;
			affinity_kernel_sum_add(&weight, row[i].weight);
			sum.at = Max(sum.at, row[i].at);
			counted++;
			if (visit == NULL || row[i].at == DT_NOBEGIN ||
				!(row[i].weight > 0 || value == AFFINITY_PAIR_RATING))
				continue;
			visit[*n_visits].no = affinity_interaction_visit(row[i].at,
															 rule->visit);
			visit[(*n_visits)++].item = (uint32) n_items;
		}
		sum.weight = affinity_kernel_sum(&weight);
		if (value == AFFINITY_PAIR_RATING && counted > 0)
			sum.weight /= counted;
		sum.weight = (float) sum.weight;
		sum.counts = counted > 0 && !isinf(sum.weight) &&
			(sum.weight > 0 || value != AFFINITY_PAIR_ABOVE_0);
		row[n_items++] = sum;
	}
	return n_items;
}

/*
 * Let weights count less their mean.
 */
static void
center(AffinityWeighted *row, int n)
{
	float	   *weight = affinity_base_array(n, sizeof(float));

	for (int i = 0; i < n; i++)
		weight[i] = row[i].counts ? (float) row[i].weight : NAN;
	affinity_train_center(weight, n);
	for (int i = 0; i < n; i++)
		row[i].weight = row[i].counts ? weight[i] : 0;
	pfree(weight);
}

/*
 * Let weights be what times leave of what they count.
 */
static void
decay(AffinityModel *model, AffinityWeighted *row, int n, int64 newest)
{
	const AffinityTimes *times = affinity_train_times(model->algorithm,
													  model->options);
	float	   *weight = affinity_base_array(n, sizeof(float));
	float	   *age = affinity_base_array(n, sizeof(float));

	if (times->history_reference == AFFINITY_REFERENCE_NOW)
		newest = affinity_model_now(model);
	for (int i = 0; i < n; i++)
	{
		weight[i] = row[i].counts ? (float) row[i].weight : NAN;
		age[i] = affinity_interaction_age(newest, row[i].at);
	}
	affinity_train_decay_history(model->algorithm, model->options, age, weight,
								 n);
	for (int i = 0; i < n; i++)
		row[i].weight = row[i].counts ? weight[i] : 0;
	pfree(weight);
	pfree(age);
}

/*
 * Let summed weights be what they count.
 */
static void
weigh(AffinityModel *model, AffinityWeighted *row, int n, int64 newest)
{
	if (affinity_train_centered(model->algorithm, model->options))
		center(row, n);
	if (model->timed)
		decay(model, row, n, newest);
}

/*
 * Which of the model's kinds of events a name is; false where it is none of
 * them.
 */
static bool
kind_of(const AffinityModel *model, Datum name, bool isnull, uint32 *kind)
{
	int			found = 0;

	if (model->kinds)
		found = isnull ? -1 : affinity_interaction_kind(model->kinds, name);
	*kind = (uint32) Max(found, 0);
	return found >= 0;
}

/*
 * What visits say of a user's items.
 */
static void
count_again(const AffinityModel *model, AffinityWeighted *row, int n,
			AffinityVisit *visit, int64 n_visits)
{
	AffinityAgain *again = affinity_base_array(n, sizeof(AffinityAgain));

	affinity_interaction_again(visit, n_visits,
							   affinity_repeat_rule(model->algorithm,
													model->options)->visit_decay,
							   again, (uint32) n);
	for (int i = 0; i < n; i++)
		row[i].again = again[i];
	pfree(again);
	pfree(visit);
}

/* ---- reading ------------------------------------------------------------ */

/* The columns of a history, as far as it has them. */
enum
{
	HISTORY_ITEM,
	HISTORY_WEIGHT,
	HISTORY_AT,
	HISTORY_SIGNAL
};

/*
 * Takes the rows of a history as the executor finds them: tuples of them would
 * be made to be taken apart.
 */
typedef struct UserRows
{
	DestReceiver receiver;
	const AffinityModel *model;
	const Oid  *type;			/* of the columns */
	int			n_columns;
	bool		by_value;		/* ids are, else of this length: */
	int16		length;
	MemoryContext context;		/* of what is kept */
	AffinityWeighted *row;
	int			n;
	int			room;
	int64		newest;
} UserRows;

static void
begin_rows(DestReceiver *receiver, int operation, TupleDesc desc)
{
	UserRows   *r = (UserRows *) receiver;

	(void) operation;
	affinity_model_check_columns(r->model, desc, r->type, r->n_columns);
}

static void
end_rows(DestReceiver *receiver)
{
	(void) receiver;
}

static AffinityWeighted *
next_row(UserRows *r)
{
	if (r->n == PG_INT32_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a user has too many interactions")));
	if (r->n == r->room)
	{
		r->room = r->room > PG_INT32_MAX / 2 ? PG_INT32_MAX : 2 * r->room;
		r->row = repalloc_huge(r->row, (Size) r->room *
							   sizeof(AffinityWeighted));
	}
	return &r->row[r->n];
}

static bool
take_row(TupleTableSlot *slot, DestReceiver *receiver)
{
	UserRows   *r = (UserRows *) receiver;
	const AffinityModel *model = r->model;
	AffinityWeighted *to = next_row(r);
	MemoryContext old;
	Datum	   *value;
	bool	   *isnull;
	bool		no_weight;

	slot_getallattrs(slot);
	value = slot->tts_values;
	isnull = slot->tts_isnull;
	if (isnull[HISTORY_ITEM] ||
		!kind_of(model, model->kinds ? value[HISTORY_SIGNAL] : 0,
				 model->kinds ? isnull[HISTORY_SIGNAL] : true, &to->kind))
		return true;
	old = MemoryContextSwitchTo(r->context);
	to->id = affinity_base_id_plain(value[HISTORY_ITEM], model->item_type);
	if (!r->by_value)
		to->id = datumCopy(to->id, false, r->length);
	MemoryContextSwitchTo(old);
	/* where there are kinds, only some may have weights */
	no_weight = isnull[HISTORY_WEIGHT] && !model->kinds;
	to->weight = no_weight ? 0 :
		affinity_interaction_weight(isnull[HISTORY_WEIGHT] ? 1 :
									DatumGetFloat8(value[HISTORY_WEIGHT]));
	to->counts = !no_weight && isfinite(to->weight);
	if (!to->counts)
		to->weight = 0;
	to->at = DT_NOBEGIN;
	if (to->counts && r->n_columns > HISTORY_AT && !isnull[HISTORY_AT] &&
		!TIMESTAMP_NOT_FINITE(DatumGetInt64(value[HISTORY_AT])))
		to->at = DatumGetInt64(value[HISTORY_AT]);
	r->newest = Max(r->newest, to->at);
	r->n++;
	return true;
}

/*
 * A user's items in order of id, and which of them count. A weight that is
 * not a finite number counts nothing: a bad row should not take a page down.
 */
AffinityWeighted *
affinity_model_user_items(AffinityModel *model, Datum user, bool visits,
						  int *n)
{
	Oid			types[] = {model->item_type, FLOAT8OID, InvalidOid, TEXTOID};
	UserRows	rows = {
		.receiver = {
			.receiveSlot = take_row, .rStartup = begin_rows,
			.rShutdown = end_rows, .rDestroy = end_rows,
			.mydest = DestTuplestore
		},
		.model = model, .type = types, .room = 64, .newest = DT_NOBEGIN
	};
	AffinityVisit *visit = NULL;
	int64		n_visits = 0;

	rows.n_columns = model->kinds ? 4 : model->timed || visits ? 3 : 2;
	if (rows.n_columns > HISTORY_AT)
		types[HISTORY_AT] = affinity_model_time_type(model);
	get_typlenbyval(model->item_type, &rows.length, &rows.by_value);
	rows.context = CurrentMemoryContext;
	rows.row = affinity_base_array(rows.room, sizeof(AffinityWeighted));
	while (!affinity_model_query_to(model, visits ?
									AFFINITY_QUERY_TIMED_HISTORY :
									AFFINITY_QUERY_HISTORY, user,
									&rows.receiver))
	{
		rows.n = 0;
		rows.newest = DT_NOBEGIN;
	}
	if (visits)
		visit = affinity_base_array(rows.n, sizeof(AffinityVisit));
	*n = sum_rows(model, affinity_train_pair_value(model->algorithm,
												   model->options), rows.row,
				  rows.n, visit, &n_visits);
	if (visits)
		count_again(model, rows.row, *n, visit, n_visits);
	weigh(model, rows.row, *n, rows.newest);
	return rows.row;
}

/*
 * Rows that a caller gives as those of a user would be: sums them by item, in
 * place. Returns how many items there are.
 */
int
affinity_model_weigh_rows(AffinityModel *model, AffinityWeighted *row, int n)
{
	int64		newest = DT_NOBEGIN;

	for (int i = 0; i < n; i++)
	{
		row[i].kind = 0;
		row[i].weight = affinity_interaction_weight(row[i].weight);
		row[i].counts = isfinite(row[i].weight);
		if (!row[i].counts)
			row[i].weight = 0;
		if (!row[i].counts || !model->timed || TIMESTAMP_NOT_FINITE(row[i].at))
			row[i].at = DT_NOBEGIN;
		newest = Max(newest, row[i].at);
	}
	n = sum_rows(model, affinity_train_pair_value(model->algorithm,
												  model->options), row, n, NULL,
				 NULL);
	weigh(model, row, n, newest);
	return n;
}

/*
 * One of n items in order of id; NULL if it is none of them. Where the user
 * has events of several kinds with it, they are all that follow.
 */
const AffinityWeighted *
affinity_model_find_weighted(const AffinityModel *model,
							 const AffinityWeighted *weighted, int n, Datum id,
							 int *n_found)
{
	AffinityWeighted key = {.id = id};
	Oid			type = model->item_type;
	const AffinityWeighted *first = bsearch_arg(&key, weighted, n,
												sizeof(AffinityWeighted),
												compare_ids, &type);
	const AffinityWeighted *end;

	*n_found = 0;
	if (first == NULL)
		return NULL;
	end = first + 1;
	while (first > weighted && compare_ids(first - 1, &key, &type) == 0)
		first--;
	while (end < weighted + n && compare_ids(end, &key, &type) == 0)
		end++;
	*n_found = (int) (end - first);
	return first;
}

/*
 * Put items in order of id.
 */
void
affinity_model_sort_weighted(const AffinityModel *model,
							 AffinityWeighted *weighted, int n)
{
	Oid			type = model->item_type;

	qsort_arg(weighted, n, sizeof(AffinityWeighted), compare_ids, &type);
}

/*
 * What a user had after a time, which the model's times are compared with: of
 * the kind of event that is recommended, whether it counts or not.
 */
void
affinity_model_recent(AffinityModel *model, Datum user, int64 after,
					  AffinityItems *items)
{
	Oid			types[] = {model->item_type, FLOAT8OID, InvalidOid, TEXTOID};
	SPITupleTable *table;
	Datum	   *id;
	uint32		n = 0;

	memset(items, 0, sizeof(AffinityItems));
	if (!model->trained)
		return;
	types[2] = affinity_model_time_type(model);
	table = affinity_model_query(model, AFFINITY_QUERY_TIMED_HISTORY, user,
								 types, model->kinds ? 4 : 3);
	id = affinity_base_array(SPI_processed, sizeof(Datum));
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		HeapTuple	tuple = table->vals[i];
		bool		no_id;
		bool		no_time;
		uint32		kind;
		Datum		item = SPI_getbinval(tuple, table->tupdesc, 1, &no_id);
		Datum		at = SPI_getbinval(tuple, table->tupdesc, 3, &no_time);
		Datum		signal = 0;
		bool		no_signal = true;

		if (model->kinds)
			signal = SPI_getbinval(tuple, table->tupdesc, 4, &no_signal);
		if (!no_id && !no_time && DatumGetInt64(at) > after &&
			kind_of(model, signal, no_signal, &kind) && kind == 0)
			id[n++] = affinity_base_id_plain(item, model->item_type);
	}
	if (n > 0)
		affinity_model_items_by_id(model,
								   affinity_model_array(id, (int) n,
														model->item_type),
								   items);
	pfree(id);
}
