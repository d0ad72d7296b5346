/*
 * read.c
 *		Rows of a query, through the executor, into a sparse matrix.
 *
 * The query runs under SPI with a DestReceiver of our own, so grants,
 * row-level security and views hold, plans may be parallel, and no tuple is
 * copied. Rows are taken over in batches: ids go through the dictionaries,
 * and what is left of a row is two numbers and its weight, kept in partitions
 * by user.
 *
 * Everything is allocated in the caller's memory context; partitions are
 * freed as soon as the matrix has the rows.
 */
#include "postgres.h"

#include "access/tupdesc.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "tcop/dest.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "interaction/rows.h"

typedef struct RowReceiver
{
	DestReceiver pub;
	MemoryContext context;
	const AffinityReadRequest *request;
	AffinityRows *rows;
	Oid			weight_type;
	Oid			at_type;		/* InvalidOid: no time column */
	const AffinityKinds *kinds; /* NULL: no column of kinds */
	AffinityKeys *user_keys;
	AffinityKeys *item_keys;
	int			n;				/* rows in the batch */
	float		weight[AFFINITY_BATCH];
	int64		at[AFFINITY_BATCH];
	uint8		kind[AFFINITY_BATCH];
	bool		counting;		/* over the memory limit: only count */
	bool		is_enough;		/* that was counted */
} RowReceiver;

/*
 * More memory is needed than is allowed.
 */
static void
too_much(const RowReceiver *self, const char *at_least)
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

/* ---- batches ---------------------------------------------------------- */

static void
keep_batch(RowReceiver *self, const uint32 *user, const uint32 *item)
{
	AffinityParts *parts = &self->rows->parts;
	uint32		n_kinds = self->rows->n_kinds;

	for (int i = 0; i < self->n; i++)
	{
		AffinityPart *part = affinity_interaction_parts_room(parts, user[i]);
		AffinityEntry *entry = &part->last->entry[part->n_last];

		entry->row = user[i];
		entry->col = item[i] * n_kinds + self->kind[i];
		entry->val = self->weight[i];
		if (parts->has_side)
			affinity_interaction_chunk_at(part->last)[part->n_last] =
				self->at[i];
		part->n_last++;
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

static void
flush_batch(RowReceiver *self)
{
	AffinityRows *rows = self->rows;
	uint32		user[AFFINITY_BATCH];
	uint32		item[AFFINITY_BATCH];

	if (self->n == 0)
		return;
	affinity_interaction_dict_add(rows->users, self->user_keys, user);
	affinity_interaction_dict_add(rows->items, self->item_keys, item);
	affinity_interaction_check_columns(rows);
	rows->usable += self->n;
	for (int i = 0; i < self->n; i++)
		rows->part_rows[user[i] & (AFFINITY_PARTS - 1)]++;
	if (!self->counting)
		keep_batch(self, user, item);
	self->n = 0;
	affinity_interaction_keys_clear(self->user_keys);
	affinity_interaction_keys_clear(self->item_keys);
	if (self->request->progress)
		self->request->progress(rows->read);

	/* ids have to be kept even to count: not without bound */
	if (self->counting && affinity_interaction_dict_bytes(rows->users) +
		affinity_interaction_dict_bytes(rows->items) >
		(Size) self->request->max_bytes + AFFINITY_COUNTING_BYTES)
	{
		too_much(self, " at least");
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
		affinity_interaction_parts_free(&rows->parts);
	}
}

/* ---- one row ---------------------------------------------------------- */

static void
bad_row(RowReceiver *self, TupleTableSlot *slot, int sqlstate,
		const char *what, const char *hint)
{
	affinity_interaction_refuse_row(slot->tts_values[0],
									affinity_interaction_dict_type(self->rows->users),
									slot->tts_values[1],
									affinity_interaction_dict_type(self->rows->items),
									sqlstate, what, hint);
}

static double
weight_of(Datum value, Oid type)
{
	switch (type)
	{
		case INT2OID:
			return DatumGetInt16(value);
		case INT4OID:
			return DatumGetInt32(value);
		case INT8OID:
			return (double) DatumGetInt64(value);
		case FLOAT4OID:
			return DatumGetFloat4(value);
		default:
			return DatumGetFloat8(value);
	}
}

/*
 * The time of a row; false where it has none that can be used.
 */
static bool
time_of(RowReceiver *self, TupleTableSlot *slot, int64 *at)
{
	AffinityRows *rows = self->rows;

	if (slot->tts_isnull[3])
		return false;
	*at = DatumGetInt64(slot->tts_values[3]);
	if (TIMESTAMP_NOT_FINITE(*at))
	{
		if (self->request->skip_bad)
			return false;
		bad_row(self, slot, ERRCODE_INVALID_PARAMETER_VALUE,
				"an infinite time",
				"Leave such rows out of the query, or give them a real time.");
	}
	if (!rows->has_time || *at > rows->last_at)
		rows->last_at = *at;
	rows->has_time = true;
	return true;
}

/*
 * The weight of a row, NaN where it has none that can be used.
 */
static float
row_weight(RowReceiver *self, TupleTableSlot *slot)
{
	double		weight;

	/* of kinds of events only some may have one */
	if (slot->tts_isnull[2])
		return self->kinds ? 1 : NAN;
	weight = weight_of(slot->tts_values[2], self->weight_type);
	if (unlikely(isnan(weight) || isinf((float) weight)))
	{
		if (self->request->skip_bad)
			return NAN;
		bad_row(self, slot, ERRCODE_DATA_EXCEPTION,
				isnan(weight) ? "the weight NaN" :
				isinf(weight) ? "an infinite weight" : AFFINITY_LARGE_WEIGHT,
				AFFINITY_WEIGHT_HINT);
	}
	self->rows->tiny += affinity_interaction_is_tiny(weight);
	return affinity_interaction_weight(weight);
}

/*
 * Which of the kinds a text names; -1: none of them.
 */
int
affinity_interaction_kind(const AffinityKinds *kinds, Datum name)
{
	const		text *given = DatumGetTextPP(name);
	size_t		len = VARSIZE_ANY_EXHDR(given);

	for (int i = 0; i < kinds->n; i++)
	{
		if (strlen(kinds->name[i]) == len &&
			memcmp(kinds->name[i], VARDATA_ANY(given), len) == 0)
			return i;
	}
	return -1;
}

/*
 * The kind of a row's event; false where it is none that is asked for, and the
 * row is left out.
 */
static bool
take_kind(RowReceiver *self, TupleTableSlot *slot)
{
	int			kind = 0;

	if (self->kinds && slot->tts_isnull[4])
	{
		self->rows->skipped++;
		return false;
	}
	if (self->kinds)
		kind = affinity_interaction_kind(self->kinds, slot->tts_values[4]);
	if (kind < 0)
	{
		self->rows->other++;
		return false;
	}
	self->kind[self->n] = (uint8) kind;
	return true;
}

static bool
receive_row(TupleTableSlot *slot, DestReceiver *pub)
{
	RowReceiver *self = (RowReceiver *) pub;
	AffinityRows *rows = self->rows;
	float		weight;
	int64		at = AFFINITY_NO_TIME;

	slot_getallattrs(slot);
	rows->read++;
	if (slot->tts_isnull[0] || slot->tts_isnull[1])
	{
		rows->skipped++;
		return true;
	}
	if (!take_kind(self, slot))
		return true;
	weight = row_weight(self, slot);
	if (isnan(weight) && !self->request->keep_dropped &&
		!self->request->journal)
	{
		rows->skipped++;
		return true;
	}
	if (OidIsValid(self->at_type) && !time_of(self, slot, &at))
	{
		if (affinity_interaction_needs_time(self->request))
		{
			rows->skipped++;
			return true;
		}
		at = AFFINITY_NO_TIME;
	}
	/* what does not count says nothing about when */
	if (isnan(weight) && !self->request->journal)
		at = AFFINITY_NO_TIME;

	affinity_interaction_keys_add(self->user_keys, slot->tts_values[0]);
	affinity_interaction_keys_add(self->item_keys, slot->tts_values[1]);
	self->weight[self->n] = weight;
	self->at[self->n] = at;
	if (++self->n == AFFINITY_BATCH)
		flush_batch(self);
	return !self->is_enough;
}

static void
receive_startup(DestReceiver *pub, int operation, TupleDesc desc)
{
	RowReceiver *self = (RowReceiver *) pub;
	AffinityRows *rows = self->rows;
	MemoryContext old = MemoryContextSwitchTo(self->context);
	Oid			type[4] = {InvalidOid};
	AffinityIdKind kind;

	(void) operation;
	for (int i = 0; i < Min(desc->natts, 4); i++)
		type[i] = TupleDescAttr(desc, i)->atttypid;
	if ((self->kinds ? desc->natts != 5 ||
		 TupleDescAttr(desc, 4)->atttypid != TEXTOID :
		 desc->natts < 3 || desc->natts > 4) ||
		!affinity_base_id_kind(type[0], &kind) ||
		!affinity_base_id_kind(type[1], &kind))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("interactions do not have the columns user_id, item_id, weight, at%s",
						self->kinds ? ", signal" : ""),
				 errhint("Refresh the model: it makes its view and functions again.")));
	if ((OidIsValid(self->request->user_type) &&
		 type[0] != self->request->user_type) ||
		(OidIsValid(self->request->item_type) &&
		 type[1] != self->request->item_type))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("ids of interactions are of other types than the model's"),
				 errhint("Refresh the model: it makes its view and functions again.")));
	self->weight_type = type[2];
	if (self->weight_type != INT2OID && self->weight_type != INT4OID &&
		self->weight_type != INT8OID && self->weight_type != FLOAT4OID &&
		self->weight_type != FLOAT8OID)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("weight of interactions is of type %s, not a number",
						format_type_be(self->weight_type))));
	self->at_type = type[3];
	if (OidIsValid(self->at_type) && self->at_type != TIMESTAMPOID &&
		self->at_type != TIMESTAMPTZOID)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("time of interactions is of type %s, not a timestamp",
						format_type_be(self->at_type))));
	rows->users = affinity_interaction_dict_create(type[0]);
	rows->items = affinity_interaction_dict_create(type[1]);
	self->user_keys = affinity_interaction_keys(rows->users);
	self->item_keys = affinity_interaction_keys(rows->items);
	MemoryContextSwitchTo(old);
}

static void
receive_shutdown(DestReceiver *pub)
{
	(void) pub;
}

/* ---- the whole -------------------------------------------------------- */

/*
 * What a request wants to be kept of its rows, none of which is there yet.
 */
void
affinity_interaction_rows_begin(AffinityRows *rows,
								const AffinityReadRequest *request)
{
	rows->n_kinds = request->part ? request->part->journal->n_kinds :
		request->kinds ? (uint32) request->kinds->n : 1;
	rows->has_second = request->recency != AFFINITY_RECENCY_NONE;
	rows->keep_visits = request->visit > 0 && rows->n_kinds == 1;
	rows->keep_events = request->events;
	rows->keep_at = rows->has_second || rows->keep_events ||
		rows->keep_visits || request->journal;
	rows->by_newest = request->recency == AFFINITY_RECENCY_USER_AGE;
	rows->parts.has_side = rows->keep_at;
	rows->parts.context = CurrentMemoryContext;
}

/*
 * Who takes the rows of a query.
 */
DestReceiver *
affinity_interaction_receiver(const AffinityReadRequest *request)
{
	RowReceiver *self = palloc0(sizeof(RowReceiver));

	self->rows = palloc0(sizeof(AffinityRows));
	affinity_interaction_rows_begin(self->rows, request);
	self->pub.receiveSlot = receive_row;
	self->pub.rStartup = receive_startup;
	self->pub.rShutdown = receive_shutdown;
	self->pub.rDestroy = receive_shutdown;
	self->pub.mydest = DestTuplestore;	/* DestNone would count as a utility */
	self->context = CurrentMemoryContext;
	self->request = request;
	self->kinds = request->kinds;
	return &self->pub;
}

/*
 * The rows that it took, all of them; it is freed.
 */
AffinityRows *
affinity_interaction_received(DestReceiver *receiver)
{
	RowReceiver *self = (RowReceiver *) receiver;
	AffinityRows *rows = self->rows;

	flush_batch(self);
	if (self->counting)
	{
		too_much(self, "");
		rows = NULL;
	}
	affinity_interaction_keys_free(self->user_keys);
	affinity_interaction_keys_free(self->item_keys);
	pfree(self);
	return rows;
}

/*
 * Read the rows of a query. NULL where they do not fit, and the request wants
 * to know how much they need.
 */
AffinityRows *
affinity_interaction_read_rows(const AffinityReadRequest *request)
{
	DestReceiver *receiver = affinity_interaction_receiver(request);

	affinity_interaction_run(request, request->query, receiver);
	return affinity_interaction_received(receiver);
}

/*
 * Read the rows of a query and build the matrix. The caller is connected to
 * SPI and holds what it wants to keep in its current memory context.
 */
AffinityInteractions *
affinity_interaction_read(const AffinityReadRequest *request)
{
	AffinityInteractions *in = palloc0(sizeof(AffinityInteractions));

	if (request->baskets)
		affinity_interaction_baskets_read(request, in);
	else
		affinity_interaction_build(affinity_interaction_read_rows(request),
								   request, in);
	if (request->max_history > 0)
		affinity_interaction_shorten(in, request);
	affinity_interaction_events_keep(in);
	return in;
}
