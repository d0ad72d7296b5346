/*
 * recent.c
 *		What users had lately, and so are not to get again yet.
 *
 * Whether a pair is recent is asked of the source, whose index on times may
 * answer: its newest row is, if any row is.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "batch/shared.h"

/*
 * Pairs with a row after a time, of the kind of event that is recommended.
 */
static AffinityInteractions *
read_recent(const AffinityModel *model, const AffinityModelAsked *asked)
{
	AffinityReadRequest request = {0};
	Oid			types[] = {affinity_model_time_type(model), InvalidOid};
	Datum		args[] = {Int64GetDatum(asked->after), asked->users};
	const char *kind = model->kinds ?
		psprintf(" AND h.signal OPERATOR(pg_catalog.=) %s",
				 quote_literal_cstr(model->kinds->name[0])) : "";
	const char *users = asked->some_users ?
		psprintf(" AND h.user_id OPERATOR(pg_catalog.=) ANY (%s)",
				 affinity_batch_any_of(asked->n_users, 2)) : "";

	types[1] = get_array_type(model->user_type);
	request.query = psprintf("SELECT h.user_id, h.item_id, 1::pg_catalog.float8 FROM %s AS h"
							 " WHERE h.at OPERATOR(pg_catalog.>) $1%s%s",
							 affinity_model_interactions(model), kind, users);
	request.n_args = asked->some_users ? 2 : 1;
	request.arg_types = types;
	request.args = args;
	request.user_type = model->user_type;
	request.item_type = model->item_type;
	request.read_only = true;
	request.max_bytes = (int64) affinity_base_memory_allowed();
	return affinity_interaction_read(&request);
}

/*
 * Is an item part of a user's history?
 */
static bool
had_item(const AffinityCsr *m, uint32 user, uint32 item)
{
	int64		lo = m->start[user];
	int64		hi = m->start[user + 1];

	while (lo < hi)
	{
		int64		mid = lo + (hi - lo) / 2;

		if (m->col[mid] < item)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < m->start[user + 1] && m->col[lo] == item;
}

/*
 * Let what users had lately be all that is left out of their lists. Where what
 * does not count is not seen, it has to be in the history.
 */
void
affinity_batch_leave_out_recent(AffinityModelBatch *b, const AffinityModelAsked *asked)
{
	const AffinityModel *model = b->model;
	const AffinityCsr *histories = &b->batch.histories->by_user;
	AffinityInteractions *recent = read_recent(model, asked);
	int32	   *number = affinity_batch_align(recent, b->item_id,
											  model->n_items,
											  model->n_sorted);
	bool		all_seen = affinity_batch_all_seen(model);
	AffinityCsr *from = &recent->by_user;
	AffinityInteractions *seen = palloc0(sizeof(AffinityInteractions));
	AffinityCsr *to = &seen->by_user;
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "affinity id",
												  ALLOCSET_SMALL_SIZES);
	uint32		r = 0;
	int64		n = 0;

	to->n_rows = histories->n_rows;
	to->start = affinity_base_zeroed_array((int64) to->n_rows + 1,
										   sizeof(int64));
	to->col = affinity_base_array(from->start[from->n_rows], sizeof(uint32));
	for (uint32 u = 0; u < to->n_rows; u++)
	{
		MemoryContext old = MemoryContextSwitchTo(context);
		Datum		id = affinity_dictionary_id(b->users, u);
		int			c = -1;

		MemoryContextSwitchTo(old);
		CHECK_FOR_INTERRUPTS();
		while (r < from->n_rows &&
			   (c = affinity_dictionary_compare(recent->users, r,
												id)) < 0)
			r++;
		for (int64 e = c == 0 && r < from->n_rows ? from->start[r] : 0;
			 c == 0 && r < from->n_rows && e < from->start[r + 1]; e++)
		{
			int32		item = number[from->col[e]];

			if (item >= 0 && (all_seen || had_item(histories, u, (uint32) item)))
				to->col[n++] = (uint32) item;
		}
		to->start[u + 1] = n;
		/* items that came after the training are not numbered by their ids */
		if (model->n_sorted < model->n_items)
			affinity_batch_order_row(to, to->start[u], n, NULL);
		MemoryContextReset(context);
	}
	MemoryContextDelete(context);
	seen->by_item.start = palloc0(sizeof(int64));
	b->batch.seen = seen;
	b->batch.with_histories = true;
}
