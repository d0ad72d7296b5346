/*
 * batch.c
 *		A batch of rows: ids become numbers, and what is left goes to the
 *		partitions.
 */
#include "postgres.h"

#include "interaction/receiver.h"

/*
 * More memory is needed than is allowed.
 */
void
affinity_interaction_too_much(const RowReceiver *self, const char *at_least)
{
	const AffinityReadRequest *request = self->request;
	Size		bytes = affinity_interaction_rows_bytes(self->rows, request);
	const char *otherwise = "let the query read fewer rows";
	double		users = request->users * (double) request->max_bytes /
		(double) bytes;

	if (request->needed)
	{
		*request->needed = bytes;
		return;
	}
	/* with room for what does not shrink in proportion */
	users *= 0.9;
	if (users >= 0.0001)
		otherwise = psprintf("let the query read fewer rows, or train on a part of the users: options => '{\"users\": %.2g}'",
							 users);
	affinity_base_lacks_memory(bytes, otherwise, "%lld interactions need%s",
							   (long long) self->rows->usable, at_least);
}

/*
 * The partition of a user by its number, or where other processes have other
 * numbers, by its id.
 */
static inline uint32
part_of(const RowReceiver *self, uint32 user)
{
	return self->share ? self->share->part_of[user] :
		user & (AFFINITY_PARTS - 1);
}

static void
keep_batch(RowReceiver *self, const uint32 *user, const uint32 *item)
{
	AffinityParts *parts = &self->rows->parts;
	uint32		n_kinds = self->rows->n_kinds;

	for (int i = 0; i < self->n; i++)
	{
		AffinityPart *part =
			affinity_parts_room(parts, part_of(self, user[i]));

		affinity_parts_put_at(part, user[i],
							  item[i] * n_kinds + self->kind[i],
							  self->weight[i],
							  parts->has_side ? &self->at[i] : NULL);
	}
}

/*
 * Go on without visits; chunks from now on have no times, where nothing else
 * needs them.
 */
static void
forget_visits(AffinityRows *rows)
{
	rows->keep_visits = false;
	rows->keep_at = rows->has_second || rows->keep_events;
	rows->parts.has_side = rows->keep_at;
}

/*
 * Count only, from where more memory is needed than is allowed.
 */
static void
check_memory(RowReceiver *self)
{
	AffinityRows *rows = self->rows;

	/* ids have to be kept even to count: not without bound */
	if (self->counting && affinity_dictionary_bytes(rows->users) +
		affinity_dictionary_bytes(rows->items) >
		(Size) self->request->max_bytes + AFFINITY_COUNTING_BYTES)
	{
		affinity_interaction_too_much(self, " at least");
		self->is_enough = true;
	}
	if (self->request->max_bytes > 0 && rows->keep_visits &&
		self->request->visits_if_room &&
		affinity_interaction_rows_bytes(rows, self->request) >
		(Size) self->request->max_bytes)
		forget_visits(rows);
	if (self->request->max_bytes > 0 && !self->counting &&
		affinity_interaction_rows_bytes(rows, self->request) >
		(Size) self->request->max_bytes)
	{
		/* read on without keeping anything, to be able to name the need */
		self->counting = true;
		affinity_parts_free(&rows->parts);
	}
}

/*
 * Take the rows of a batch over.
 */
void
affinity_interaction_flush(RowReceiver *self)
{
	AffinityRows *rows = self->rows;
	uint32		user[AFFINITY_BATCH];
	uint32		item[AFFINITY_BATCH];
	uint32		known;

	if (self->n == 0)
		return;
	known = affinity_dictionary_size(rows->users);
	affinity_dictionary_add(rows->users, self->user_keys, user);
	affinity_dictionary_add(rows->items, self->item_keys, item);
	affinity_interaction_check_columns(rows);
	if (self->share)
		affinity_interaction_share_number(self->share, rows->users, known);
	rows->usable += self->n;
	for (int i = 0; i < self->n; i++)
		rows->part_rows[part_of(self, user[i])]++;
	if (!self->counting)
		keep_batch(self, user, item);
	self->n = 0;
	affinity_dictionary_keys_clear(self->user_keys);
	affinity_dictionary_keys_clear(self->item_keys);
	if (self->share)
	{
		self->is_enough = !affinity_interaction_share_account(self);
		return;
	}
	if (self->request->progress)
		self->request->progress(rows->read);
	check_memory(self);
}
