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

#include "interaction/receiver.h"

/* ---- one row ---------------------------------------------------------- */

static void
bad_row(RowReceiver *self, TupleTableSlot *slot, int sqlstate,
		const char *what, const char *hint)
{
	affinity_interaction_refuse_row(slot->tts_values[0],
									affinity_dictionary_type(self->rows->users),
									slot->tts_values[1],
									affinity_dictionary_type(self->rows->items),
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

	affinity_dictionary_keys_add(self->user_keys, slot->tts_values[0]);
	affinity_dictionary_keys_add(self->item_keys, slot->tts_values[1]);
	self->weight[self->n] = weight;
	self->at[self->n] = at;
	if (++self->n == AFFINITY_BATCH)
		affinity_interaction_flush(self);
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
	rows->users = affinity_dictionary_create(type[0]);
	rows->items = affinity_dictionary_create(type[1]);
	self->user_keys = affinity_dictionary_keys(rows->users);
	self->item_keys = affinity_dictionary_keys(rows->items);
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
 * The same of those that this process gets, others getting the rest.
 */
DestReceiver *
affinity_interaction_shared_receiver(const AffinityReadRequest *request,
									 AffinityShare *share)
{
	DestReceiver *receiver = affinity_interaction_receiver(request);
	RowReceiver *self = (RowReceiver *) receiver;

	self->share = share;
	self->rows->by_hash = true;
	self->rows->parts.area = share->area;
	return receiver;
}

/*
 * The rows that it took, all of them; it is freed.
 */
AffinityRows *
affinity_interaction_received(DestReceiver *receiver)
{
	RowReceiver *self = (RowReceiver *) receiver;
	AffinityRows *rows = self->rows;

	affinity_interaction_flush(self);
	if (self->counting)
	{
		affinity_interaction_too_much(self, "");
		rows = NULL;
	}
	affinity_dictionary_keys_free(self->user_keys);
	affinity_dictionary_keys_free(self->item_keys);
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
	AffinityRows *rows = request->parallel ?
		affinity_interaction_gather(request) : NULL;
	DestReceiver *receiver;

	if (rows)
		return rows;
	receiver = affinity_interaction_receiver(request);
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
