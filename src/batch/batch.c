/*
 * batch.c
 *		A model and everybody's interactions, for answers about many users.
 *
 * Interactions are read as the caller may see them now. What is read has to
 * fit into maintenance_work_mem: the interactions, and the model.
 */
#include "postgres.h"

#include "access/detoast.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"

#include "batch/shared.h"
#include "parallel/progress.h"
#include "parallel/team.h"
#include "repeat/repeat.h"

/* ---- interactions ------------------------------------------------------ */

static float *
ones(int64 n)
{
	float	   *val = affinity_base_array(n, sizeof(float));

	for (int64 e = 0; e < n; e++)
		val[e] = 1;
	return val;
}

/*
 * Let weights count less the mean of the user's. What is only seen is NaN,
 * and stays so.
 */
static void
center(AffinityCsr *m)
{
	if (m->val == NULL)
		m->val = ones(m->start[m->n_rows]);
	for (uint32 u = 0; u < m->n_rows; u++)
	{
		CHECK_FOR_INTERRUPTS();
		affinity_train_center(m->val + m->start[u],
							  m->start[u + 1] - m->start[u]);
	}
}

/*
 * How the rows of histories are read, for serving: with their times, where
 * those matter. Where they are counted from now, what now is comes from the
 * caller.
 */
void
affinity_batch_history_request(const AffinityAlgorithm *algorithm,
							   const void *options,
							   AffinityReadRequest *request)
{
	request->skip_bad = true;
	request->keep_dropped = true;
	request->value = affinity_train_pair_value(algorithm, options);
	if (!affinity_train_decays(algorithm, options))
		return;
	request->recency = AFFINITY_RECENCY_USER_AGE;
	request->recency_by_user = true;
	request->keep_untimed = true;
	request->from_now = affinity_train_times(algorithm, options)->history_reference ==
		AFFINITY_REFERENCE_NOW;
}

/*
 * Let weights be what times leave of what they count.
 */
static void
decay(const AffinityAlgorithm *algorithm, const void *options,
	  AffinityInteractions *in)
{
	AffinityCsr *m = &in->by_user;

	if (m->val == NULL)
		m->val = ones(m->start[m->n_rows]);
	for (uint32 u = 0; u < m->n_rows; u++)
	{
		int64		start = m->start[u];

		CHECK_FOR_INTERRUPTS();
		affinity_train_decay_history(algorithm, options,
									 in->recency_by_user + start,
									 m->val + start, m->start[u + 1] - start);
	}
	affinity_parallel_free_array(in->recency);
	affinity_parallel_free_array(in->recency_by_user);
	in->recency = in->recency_by_user = NULL;
}

/*
 * Let weights be what they count in a score.
 */
void
affinity_batch_weigh_histories(const AffinityAlgorithm *algorithm,
							   const void *options, AffinityInteractions *in)
{
	if (affinity_train_centered(algorithm, options))
		center(&in->by_user);
	if (affinity_train_decays(algorithm, options))
		decay(algorithm, options, in);
}

/*
 * Visits are read, too, from the same column.
 */
void
affinity_batch_visits_request(const AffinityAlgorithm *algorithm,
							  const void *options,
							  AffinityReadRequest *request)
{
	const AffinityRepeat *rule = affinity_repeat_rule(algorithm, options);

	request->visit = rule->visit;
	request->visit_decay = rule->visit_decay;
	request->visits_of_pairs = true;
}

/*
 * Interactions that a query gives: all, or those that an array of ids of a
 * type, $1 of the query, selects (0: none). With seen, those that do not count
 * are there too, as NaN.
 */
static AffinityInteractions *
read_interactions(const AffinityModel *model, const char *query, Datum ids,
				  Oid type, bool seen, bool visits,
				  void (*progress) (int64 rows))
{
	AffinityReadRequest request = {0};
	AffinityInteractions *in;

	type = get_array_type(type);
	request.query = query;
	if (ids != (Datum) 0)
	{
		request.n_args = 1;
		request.arg_types = &type;
		request.args = &ids;
	}
	request.user_type = model->user_type;
	request.item_type = model->item_type;
	request.read_only = true;
	affinity_batch_history_request(model->algorithm, model->options, &request);
	request.keep_dropped = seen;
	request.kinds = model->kinds;
	request.max_bytes = (int64) affinity_base_memory_allowed();
	request.progress = progress;
	if (request.from_now)
		request.now = affinity_model_now(model);
	if (visits)
		affinity_batch_visits_request(model->algorithm, model->options,
									  &request);
	in = affinity_interaction_read(&request);
	affinity_batch_weigh_histories(model->algorithm, model->options, in);
	return in;
}

/*
 * What queries read of the interactions h.
 */
static const char *
columns_of(const AffinityModel *model, bool timed)
{
	if (model->kinds)
		return "h.user_id, h.item_id, h.weight, h.at, h.signal";
	return timed ? "h.user_id, h.item_id, h.weight, h.at" :
		"h.user_id, h.item_id, h.weight";
}

bool
affinity_batch_all_seen(const AffinityModel *model)
{
	return affinity_train_seen(model->algorithm,
							   model->options) == AFFINITY_SEEN_ALL;
}

/*
 * What an id is compared with, so that a parameter of a query selects n of
 * them: an array or, where it is long, its elements, since a plan for an array
 * takes some 350 bytes an element.
 */
char *
affinity_batch_any_of(uint32 n, int parameter)
{
	return psprintf(n <= AFFINITY_LOOKED_UP ? "$%d" :
					"SELECT pg_catalog.unnest($%d)", parameter);
}

/*
 * Rows of an array of n items; those that do not count are NaN.
 */
AffinityInteractions *
affinity_batch_rows_of(const AffinityModel *model, Datum items, uint32 n)
{
	char	   *sql = psprintf("SELECT %s FROM %s AS h"
							   " WHERE h.item_id OPERATOR(pg_catalog.=) ANY (%s)",
							   columns_of(model, model->timed),
							   affinity_model_interactions(model),
							   affinity_batch_any_of(n, 1));

	return read_interactions(model, sql, items, model->item_type,
							 affinity_batch_all_seen(model), false, NULL);
}

/*
 * All rows of the users who have one of an array of n items; those that do
 * not count are NaN, if what is seen is asked for.
 */
AffinityInteractions *
affinity_batch_peers(const AffinityModel *model, Datum items, uint32 n,
					 bool seen)
{
	char	   *interactions = affinity_model_interactions(model);
	char	   *sql = psprintf("SELECT %s FROM %s AS h"
							   " WHERE h.user_id OPERATOR(pg_catalog.=) ANY"
							   " (SELECT b.user_id FROM %s AS b"
							   " WHERE b.item_id OPERATOR(pg_catalog.=) ANY (%s))",
							   columns_of(model, model->timed), interactions,
							   interactions,
							   affinity_batch_any_of(n, 1));

	return read_interactions(model, sql, items, model->item_type,
							 seen && affinity_batch_all_seen(model), false, NULL);
}

/* ---- all items --------------------------------------------------------- */

/*
 * How long a list is at most, from its size alone.
 */
static Size
list_length_of(Datum array)
{
	Size		size = toast_raw_datum_size(array);

	return size > ARR_OVERHEAD_NONULLS(1) ?
		(size - ARR_OVERHEAD_NONULLS(1)) / sizeof(int32) : 0;
}

/*
 * Ids and popularity of all items, and how long their lists are at most.
 */
static void
read_items(AffinityModelBatch *b)
{
	const AffinityModel *model = b->model;
	bool		lists = !model->algorithm->has_factors;
	float	   *popularity = affinity_base_zeroed_array(model->n_items,
														sizeof(float));
	AffinityItemScan *scan;
	AffinityStoredItem item;
	bool		byval;
	int16		len;

	get_typlenbyval(model->item_type, &len, &byval);
	b->item_id = affinity_base_zeroed_array(model->n_items, sizeof(Datum));
	scan = affinity_model_items_begin(model, AFFINITY_ITEM_ID |
									  AFFINITY_ITEM_POPULARITY |
									  (lists ? AFFINITY_ITEM_LISTS : 0));
	while (affinity_model_items_next(scan, &item))
	{
		Datum		id = affinity_base_id_plain(item.id, model->item_type);

		b->item_id[item.no] = datumCopy(id, byval, len);
		popularity[item.no] = item.popularity;
		if (lists)
			b->batch.list_entries += list_length_of(item.neighbors);
	}
	affinity_model_items_end(scan);
	for (int64 no = 1; no < (int64) model->n_items; no++)
	{
		affinity_base_look_up((uint64) no);
		affinity_model_check_ids(model, b->item_id[no - 1], (uint32) no,
								 b->item_id[no]);
	}
	b->batch.popularity = popularity;
}

/*
 * Give all lists, in the order in which rows come.
 */
static void
put_lists(void *source, AffinityListTaker *taker)
{
	const AffinityModel *model = source;
	AffinityItemScan *scan = affinity_model_items_begin(model,
														AFFINITY_ITEM_LISTS);
	AffinityStoredItem item;

	while (affinity_model_items_next(scan, &item))
	{
		ArrayType  *neighbors = DatumGetArrayTypeP(item.neighbors);
		ArrayType  *scores = DatumGetArrayTypeP(item.scores);

		for (uint32 kind = 0; kind < model->n_kinds; kind++)
		{
			AffinityList list;

			affinity_model_check_list(model, neighbors, scores, kind, &list);
			affinity_score_take_list(taker, kind * model->n_items + item.no,
									 &list);
			if (kind > 0 && list.n > 0)
				pfree(unconstify(int32 *, list.item));
		}
		if ((Pointer) neighbors != DatumGetPointer(item.neighbors))
			pfree(neighbors);
		if ((Pointer) scores != DatumGetPointer(item.scores))
			pfree(scores);
	}
	affinity_model_items_end(scan);
}

/*
 * The model has to fit before any of it is taken over.
 */
static void
check_memory(const AffinityModelBatch *b)
{
	Size		bytes = affinity_score_batch_bytes(&b->scorer,
												   b->batch.list_entries);

	affinity_base_need_memory(bytes, NULL, "the items of model \"%s\" need",
							  b->model->schema_name);
}

/*
 * A matrix of users for what is seen beside their interactions; NULL where
 * that is nothing.
 */
static AffinityInteractions *
begin_seen(const AffinityInteractions *in, bool all_seen)
{
	AffinityInteractions *seen;
	AffinityCsr *m;

	if (in->dropped_pairs == 0 || !all_seen)
		return NULL;
	seen = palloc0(sizeof(AffinityInteractions));
	m = &seen->by_user;
	m->n_rows = in->by_user.n_rows;
	m->start = affinity_base_zeroed_array((int64) m->n_rows + 1,
										  sizeof(int64));
	m->col = affinity_base_array(in->dropped_pairs, sizeof(uint32));
	seen->by_item.start = palloc0(sizeof(int64));
	return seen;
}

/*
 * Let the matrix have the numbers of n items with these ids, and no others,
 * and give it to a batch. What is only seen is put beside it, if all of it
 * counts as seen, and with rates of repeats the chances of them. The matrix by
 * item is not needed, and freed.
 */
void
affinity_batch_number_histories(AffinityBatch *batch,
								AffinityInteractions *in, const Datum *id,
								uint32 n, uint32 n_sorted, bool all_seen,
								const AffinityRepeat *rule, const float *rate)
{
	AffinityInteractions *seen = begin_seen(in, all_seen);
	float	   *chance = rate ? affinity_base_array(in->pairs, sizeof(float)) :
		NULL;
	AffinityCsr *by_item = &in->by_item;
	AffinityCsr *m = &in->by_user;
	int32	   *number = affinity_batch_align(in, id, n, n_sorted);
	int64		n_seen = 0;
	int64		kept = 0;
	int64		begin = 0;

	for (uint32 u = 0; u < m->n_rows; u++)
	{
		int64		end = m->start[u + 1];

		CHECK_FOR_INTERRUPTS();
		for (int64 e = begin; e < end; e++)
		{
			uint32		kind = m->col[e] / in->n_items;
			int32		item = number[m->col[e] % in->n_items];

			if (item < 0)
				continue;
			if (m->val && isnan(m->val[e]))
			{
				if (seen && kind == 0)
					seen->by_user.col[n_seen++] = (uint32) item;
				continue;
			}
			m->col[kept] = kind * n + (uint32) item;
			if (m->val)
				m->val[kept] = m->val[e];
			if (chance)
				chance[kept] = affinity_repeat_chance(rule, in->again[e],
													  rate[item]);
			kept++;
		}
		begin = end;
		if (n > n_sorted)
			affinity_batch_order_row(m, m->start[u], kept, chance);
		if (seen && n > n_sorted)
			affinity_batch_order_row(&seen->by_user, seen->by_user.start[u], n_seen, NULL);
		m->start[u + 1] = kept;
		if (seen)
			seen->by_user.start[u + 1] = n_seen;
	}
	pfree(number);
	pfree(by_item->start);
	if (by_item->col)
		affinity_parallel_free_array(by_item->col);
	if (by_item->val)
		affinity_parallel_free_array(by_item->val);
	memset(by_item, 0, sizeof(AffinityCsr));
	by_item->start = palloc0(sizeof(int64));
	if (in->again)
		pfree(in->again);
	batch->chance = chance;
	batch->histories = in;
	batch->seen = seen;
}

/* ---- the batch ---------------------------------------------------------- */

/*
 * Read a batch's part of the model and the interactions of those users who are
 * asked for, with what repeats need if their share is above 0. Progress is
 * shown until the batch is ended.
 */
void
affinity_batch_begin(AffinityModelBatch *b, AffinityModel *model,
					 const AffinityModelAsked *asked)
{
	bool		visits = asked->repeat > 0;
	const char *users = asked->some_users ?
		psprintf(" WHERE h.user_id OPERATOR(pg_catalog.=) ANY (%s)",
				 affinity_batch_any_of(asked->n_users, 1)) : "";
	char	   *sql = psprintf("SELECT %s FROM %s AS h%s",
							   columns_of(model, model->timed || visits),
							   affinity_model_interactions(model), users);
	AffinityInteractions *in;

	memset(b, 0, sizeof(AffinityModelBatch));
	b->model = model;
	b->batch.repeat = asked->repeat;
	if (visits)
		affinity_model_check_repeat(model);
	b->progress = affinity_parallel_progress_begin(model->schema_name,
												   model->algorithm->name);
	affinity_parallel_progress_phase("reading", 0, 0);
	affinity_model_scorer(model, true, &b->scorer);
	b->batch.scorer = &b->scorer;
	b->batch.put_lists = put_lists;
	b->batch.source = model;
	read_items(b);
	check_memory(b);
	in = read_interactions(model, sql,
						   asked->some_users ? asked->users : (Datum) 0,
						   model->user_type, true, visits,
						   affinity_parallel_progress_done);
	affinity_batch_number_histories(&b->batch, in, b->item_id, model->n_items,
									model->n_sorted,
									affinity_batch_all_seen(model),
									affinity_repeat_rule(model->algorithm,
														 model->options),
									visits ? affinity_model_rates(model) :
									NULL);
	b->users = in->users;
	if (asked->recent_only)
		affinity_batch_leave_out_recent(b, asked);
}

void
affinity_batch_end(AffinityModelBatch *b)
{
	affinity_parallel_progress_end(b->progress);
}
