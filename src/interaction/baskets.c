/*
 * baskets.c
 *		A matrix straight from packed baskets.
 *
 * A query of (user, basket) is read basket by basket. An item on its way is its
 * number, 4 bytes, beside a weight where not all are 1; the rows of a basket lie
 * side by side, so who had them is kept once. packed.c makes the matrix of
 * them.
 *
 * Where times matter and a basket has some, its rows are handed over one by
 * one, as if the query had given them (read.c).
 */
#include "postgres.h"

#include "access/tupdesc.h"
#include "catalog/pg_type.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "tcop/dest.h"

#include "interaction/baskets.h"

/* ---- packed ------------------------------------------------------------ */

/*
 * Bytes that the baskets read so far will have needed: entries on their way
 * and in one orientation, then in both. Where a pair comes twice, the matrix has
 * values, unless nobody wants them.
 */
static Size
packed_bytes(const BasketReceiver *self)
{
	Size		users = affinity_dictionary_size(self->rows->users);
	Size		items = affinity_dictionary_size(self->rows->items);
	Size		on_way = sizeof(uint32) +
		(self->any_weight ? sizeof(float) : 0);
	bool		any_value = self->any_weight || self->any_twice ||
		self->n_baskets > (int64) users + AFFINITY_BATCH;
	Size		in_matrix = sizeof(uint32) +
		(any_value && affinity_interaction_has_values(self->request) ?
		 sizeof(float) : 0);

	return (in_matrix + Max(on_way, in_matrix)) * (Size) self->rows->usable +
		(Size) self->n_baskets * (2 * sizeof(int64) + 2 * sizeof(uint32)) +
		affinity_dictionary_bytes(self->rows->users) +
		affinity_dictionary_bytes(self->rows->items) +
		(users + items) * (2 * sizeof(int64) + 3 * sizeof(uint32));
}

static void
too_much(const BasketReceiver *self, const char *at_least)
{
	affinity_base_lacks_memory(packed_bytes(self),
							   "let the query read fewer rows",
							   "%lld interactions in %lld baskets need%s",
							   (long long) self->rows->usable,
							   (long long) self->n_baskets, at_least);
}

/*
 * From now on only count, to be able to name the need.
 */
static void
only_count(BasketReceiver *self)
{
	self->counting = true;
	for (int64 b = 0; b < self->n_blocks; b++)
		affinity_interaction_free_block(&self->block[b]);
	self->n_blocks = 0;
}

static void
check_memory(BasketReceiver *self)
{
	const AffinityRows *rows = self->rows;
	Size		allowed = (Size) self->request->max_bytes;

	if (self->request->max_bytes == 0)
		return;
	if (self->counting && affinity_dictionary_bytes(rows->users) +
		affinity_dictionary_bytes(rows->items) >
		allowed + AFFINITY_COUNTING_BYTES)
		too_much(self, " at least");
	if (!self->counting && packed_bytes(self) > allowed)
		only_count(self);
}

static BasketBlock *
next_block(BasketReceiver *self)
{
	BasketBlock *block;

	if (self->n / BASKET_BLOCK < self->n_blocks)
		return &self->block[self->n / BASKET_BLOCK];
	self->block = self->block ?
		repalloc_huge(self->block, (self->n_blocks + 1) * sizeof(BasketBlock)) :
		affinity_base_array(1, sizeof(BasketBlock));
	block = &self->block[self->n_blocks++];
	block->item = affinity_base_array(BASKET_BLOCK, sizeof(uint32));
	block->weight = NULL;
	block->left = 0;
	return block;
}

/*
 * The numbers of the items that wait for one, to the blocks.
 */
static void
number_items(BasketReceiver *self)
{
	AffinityKeys *keys = self->item_keys;
	uint32		no[AFFINITY_BATCH];

	affinity_dictionary_add(self->rows->items, keys, no);
	affinity_interaction_check_columns(self->rows);
	self->rows->usable += keys->n;
	for (int i = 0; i < keys->n && !self->counting; i++)
	{
		BasketBlock *block = next_block(self);
		int64		at = self->n++ % BASKET_BLOCK;

		block->item[at] = no[i];
		block->left++;
		if (self->weight[i] != 1 && block->weight == NULL)
		{
			block->weight = affinity_base_array(BASKET_BLOCK, sizeof(float));
			for (int64 e = 0; e < at; e++)
			{
				affinity_base_look_up(e);
				block->weight[e] = 1;
			}
			self->any_weight = true;
		}
		if (block->weight)
			block->weight[at] = self->weight[i];
	}
	affinity_dictionary_keys_clear(keys);
	if (self->request->progress)
		self->request->progress(self->rows->read);
	CHECK_FOR_INTERRUPTS();
	check_memory(self);
}

static void
number_users(BasketReceiver *self)
{
	AffinityKeys *keys = self->user_keys;

	affinity_dictionary_add(self->rows->users, keys,
							self->user + self->numbered);
	self->numbered += keys->n;
	affinity_dictionary_keys_clear(keys);
}

/*
 * A basket of entries up to now begins.
 */
static void
add_basket(BasketReceiver *self, Datum user)
{
	if (self->n_baskets == self->room)
	{
		self->room = Max(2 * self->room, 4 * AFFINITY_BATCH);
		self->user = self->user ?
			repalloc_huge(self->user, self->room * sizeof(uint32)) :
			affinity_base_array(self->room, sizeof(uint32));
		self->end = self->end ?
			repalloc_huge(self->end, self->room * sizeof(int64)) :
			affinity_base_array(self->room, sizeof(int64));
	}
	affinity_dictionary_keys_add(self->user_keys, user);
	self->n_baskets++;
	if (self->user_keys->n == AFFINITY_BATCH)
		number_users(self);
}

static void
add_key(AffinityKeys *keys, const AffinityBasketRow *row)
{
	if (keys->kind == AFFINITY_ID_INT)
		keys->ints[keys->n++] = row->number;
	else
		affinity_dictionary_keys_add_raw(keys, row->bytes, row->len);
}

/*
 * The rows of a basket, all of one user.
 */
static void
take_packed(BasketReceiver *self, Datum user, AffinityBasketReader *reader)
{
	AffinityRows *rows = self->rows;
	AffinityBasketRow row;
	bool		any = false;

	while (affinity_basket_next(reader, &row))
	{
		rows->read++;
		if (isnan(row.weight))
		{
			rows->skipped++;
			continue;
		}
		if (unlikely(isinf((float) row.weight)))
			affinity_interaction_refuse_row(user, self->user_type,
											affinity_basket_item(reader->kind, &row),
											self->item_type,
											ERRCODE_DATA_EXCEPTION,
											AFFINITY_LARGE_WEIGHT,
											AFFINITY_WEIGHT_HINT);
		if (!any)
			add_basket(self, user);
		any = true;
		if (row.at != BASKET_NO_TIME)
		{
			if (!rows->has_time || row.at > rows->last_at)
				rows->last_at = row.at;
			rows->has_time = true;
		}
		rows->tiny += affinity_interaction_is_tiny(row.weight);
		self->any_twice |= reader->again;
		self->weight[self->item_keys->n] =
			affinity_interaction_weight(row.weight);
		add_key(self->item_keys, &row);
		if (self->item_keys->n == AFFINITY_BATCH)
			number_items(self);
	}
	if (any)
		self->end[self->n_baskets - 1] = rows->usable + self->item_keys->n;
}

/* ---- one by one -------------------------------------------------------- */

/*
 * The rows of a basket as rows of a query.
 */
static void
take_rows(BasketReceiver *self, Datum user, bool no_user,
		  AffinityBasketReader *reader)
{
	TupleTableSlot *slot = self->slot;
	AffinityBasketRow row;

	while (affinity_basket_next(reader, &row))
	{
		Datum		item = affinity_basket_item(reader->kind, &row);

		ExecClearTuple(slot);
		slot->tts_values[0] = user;
		slot->tts_isnull[0] = no_user;
		slot->tts_values[1] = item;
		slot->tts_isnull[1] = false;
		slot->tts_values[2] = Float8GetDatum(row.weight);
		slot->tts_isnull[2] = isnan(row.weight);
		slot->tts_values[3] = TimestampTzGetDatum(row.at);
		slot->tts_isnull[3] = row.at == BASKET_NO_TIME;
		ExecStoreVirtualTuple(slot);
		(void) self->one_by_one->receiveSlot(slot, self->one_by_one);
		if (reader->kind != AFFINITY_ID_INT)
			pfree(DatumGetPointer(item));
	}
}

static void
begin_rows(BasketReceiver *self)
{
	MemoryContext old = MemoryContextSwitchTo(self->context);
	TupleDesc	desc = CreateTemplateTupleDesc(4);

	TupleDescInitEntry(desc, 1, "user_id", self->user_type, -1, 0);
	TupleDescInitEntry(desc, 2, "item_id", self->item_type, -1, 0);
	TupleDescInitEntry(desc, 3, "weight", FLOAT8OID, -1, 0);
	TupleDescInitEntry(desc, 4, "at", TIMESTAMPTZOID, -1, 0);
	self->slot = MakeSingleTupleTableSlot(desc, &TTSOpsVirtual);
	self->one_by_one = affinity_interaction_receiver(self->request);
	self->one_by_one->rStartup(self->one_by_one, CMD_SELECT, desc);
	MemoryContextSwitchTo(old);
}

/* ---- a row of the query ------------------------------------------------ */

/*
 * Does the request need a row's time for itself, where there is one?
 */
static bool
times_matter(const AffinityReadRequest *request)
{
	return request->recency != AFFINITY_RECENCY_NONE || request->events ||
		request->visit > 0;
}

static bool
receive_basket(TupleTableSlot *slot, DestReceiver *pub)
{
	BasketReceiver *self = (BasketReceiver *) pub;
	AffinityBasketReader reader;
	MemoryContext old;

	slot_getallattrs(slot);
	if (slot->tts_isnull[1])
		return true;
	MemoryContextReset(self->each);
	old = MemoryContextSwitchTo(self->each);
	affinity_basket_read(&reader, affinity_basket_at_rest(slot->tts_values[1]));
	if (affinity_basket_id_type(reader.kind) != self->item_type)
		affinity_basket_damaged();
	if (self->one_by_one == NULL && reader.unit > 0 &&
		times_matter(self->request))
	{
		self->again = self->rows->read > 0;
		if (!self->again)
			begin_rows(self);
	}
	if (self->one_by_one)
		take_rows(self, slot->tts_values[0], slot->tts_isnull[0], &reader);
	else if (slot->tts_isnull[0])
	{
		self->rows->read += (int64) reader.n;
		self->rows->skipped += (int64) reader.n;
	}
	else if (!self->again)
	{
		/* what comes of it is to stay */
		MemoryContextSwitchTo(self->context);
		take_packed(self, slot->tts_values[0], &reader);
		affinity_basket_read_end(&reader);
	}
	MemoryContextSwitchTo(old);
	return !self->again;
}

static void
receive_startup(DestReceiver *pub, int operation, TupleDesc desc)
{
	BasketReceiver *self = (BasketReceiver *) pub;
	MemoryContext old = MemoryContextSwitchTo(self->context);
	AffinityIdKind kind;

	(void) operation;
	self->user_type = TupleDescAttr(desc, 0)->atttypid;
	if (desc->natts != 2 || !affinity_base_id_kind(self->user_type, &kind) ||
		!affinity_basket_type(TupleDescAttr(desc, 1)->atttypid,
							  &self->item_type))
		elog(ERROR, "baskets do not have the columns user_id, basket");
	self->rows->users = affinity_dictionary_create(self->user_type);
	self->rows->items = affinity_dictionary_create(self->item_type);
	self->user_keys = affinity_dictionary_keys(self->rows->users);
	self->item_keys = affinity_dictionary_keys(self->rows->items);
	MemoryContextSwitchTo(old);
	if (self->again)
		begin_rows(self);
	self->again = false;
}

static void
receive_shutdown(DestReceiver *pub)
{
	(void) pub;
}

static void
free_packed(BasketReceiver *self)
{
	if (self->block)
		pfree(self->block);
	if (self->user)
		pfree(self->user);
	if (self->end)
		pfree(self->end);
	affinity_dictionary_keys_free(self->user_keys);
	affinity_dictionary_keys_free(self->item_keys);
	MemoryContextDelete(self->each);
}

static void
begin(BasketReceiver *self, const AffinityReadRequest *request)
{
	memset(self, 0, sizeof(BasketReceiver));
	self->pub.receiveSlot = receive_basket;
	self->pub.rStartup = receive_startup;
	self->pub.rShutdown = receive_shutdown;
	self->pub.rDestroy = receive_shutdown;
	self->pub.mydest = DestTuplestore;
	self->context = CurrentMemoryContext;
	self->each = AllocSetContextCreate(self->context, "affinity basket",
									   ALLOCSET_DEFAULT_SIZES);
	self->request = request;
	self->rows = palloc0(sizeof(AffinityRows));
	self->rows->n_kinds = 1;
}

/*
 * Read the baskets of a request into a matrix.
 */
void
affinity_interaction_baskets_read(const AffinityReadRequest *request,
								  AffinityInteractions *in)
{
	BasketReceiver self;

	begin(&self, request);
	affinity_interaction_run(request, request->baskets, &self.pub);
	if (self.again)
	{
		/* some had times behind some that had none: that is rare */
		only_count(&self);
		free_packed(&self);
		begin(&self, request);
		self.again = true;
		affinity_interaction_run(request, request->baskets, &self.pub);
	}
	if (self.one_by_one)
	{
		AffinityRows *rows = affinity_interaction_received(self.one_by_one);

		ExecDropSingleTupleTableSlot(self.slot);
		affinity_interaction_build(rows, request, in);
	}
	else
	{
		number_items(&self);
		number_users(&self);
		if (self.counting)
			too_much(&self, "");
		affinity_interaction_build_packed(&self, in);
	}
	free_packed(&self);
}
