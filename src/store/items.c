/*
 * items.c
 *		Writing a model's items.
 *
 * Rows go into the table as COPY would put them there: in batches, through
 * the table access method, with WAL, and into the indexes that exist (none
 * yet when a model is created: building them afterwards is cheaper). The
 * table has to belong to the current user: nothing is bypassed that its owner
 * could not.
 */
#include "postgres.h"

#include <math.h>

#include "access/heapam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "common/shortest_dec.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "portability/instr_time.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "model/model.h"
#include "repeat/repeat.h"
#include "store/store.h"

#define BATCH_ROWS	256
#define BATCH_BYTES	(256 * 1024)

struct ItemWriter
{
	AffinityItemSink sink;
	const AffinityDict *ids;
	Relation	table;
	EState	   *estate;
	ResultRelInfo *target;
	BulkInsertState bulk;
	CommandId	command;
	MemoryContext batch_context;
	TupleTableSlot *slot[BATCH_ROWS];
	int			n;
	Size		bytes;
	instr_time	time;			/* spent in here */

	/* kinds of events, whose lists become one of each item */
	uint32		n_items;
	uint32		n_kinds;
	AffinityKindSums kinds;
	uint32		n_listed;
	uint32		room;
	int32	   *listed;
	float	   *listed_score;

	/* of the model as a whole */
	MemoryContext context;		/* what follows lives in it */
	ArrayType  *parameters;		/* NULL: none */
	StringInfoData figures;		/* participants of a JSON object */
	Jsonb	   *before;			/* of the version before, or NULL */
};

static void
flush_items(ItemWriter *w)
{
	MemoryContext old = MemoryContextSwitchTo(w->batch_context);

	if (w->n > 0)
		table_multi_insert(w->table, w->slot, w->n, w->command, 0, w->bulk);
	MemoryContextSwitchTo(old);
	for (int i = 0; i < w->n; i++)
	{
		if (w->target->ri_NumIndices > 0)
		{
			ResetPerTupleExprContext(w->estate);
			list_free(affinity_base_insert_index_tuples(w->target, w->slot[i],
														w->estate));
		}
		ExecClearTuple(w->slot[i]);
	}
	w->n = 0;
	w->bytes = 0;
	MemoryContextReset(w->batch_context);
}

Datum
affinity_store_array(const void *data, uint32 n, Oid element)
{
	Size		size = ARR_OVERHEAD_NONULLS(1) + (Size) n * 4;
	ArrayType  *array;

	if (n == 0)
		return PointerGetDatum(construct_empty_array(element));
	array = palloc(size);
	SET_VARSIZE(array, size);
	array->ndim = 1;
	array->dataoffset = 0;
	array->elemtype = element;
	ARR_DIMS(array)[0] = (int) n;
	ARR_LBOUND(array)[0] = 1;
	memcpy(ARR_DATA_PTR(array), data, (Size) n * 4);
	return PointerGetDatum(array);
}

/*
 * Add a kind's list to those of the item's kinds before: neighbors of kind k
 * are numbered from k times the items on.
 */
static void
add_list(ItemWriter *w, const AffinityItemRow *row)
{
	uint32		n = w->n_listed + row->n_neighbors;

	affinity_score_kind_add(&w->kinds, row);
	if (n > w->room)
	{
		uint32		room = Max(n, 2 * w->room);
		int32	   *listed = MemoryContextAllocHuge(w->context,
													room * sizeof(int32));
		float	   *score = MemoryContextAllocHuge(w->context,
												   room * sizeof(float));

		if (w->n_listed > 0)
		{
			memcpy(listed, w->listed, w->n_listed * sizeof(int32));
			memcpy(score, w->listed_score, w->n_listed * sizeof(float));
		}
		if (w->listed)
		{
			pfree(w->listed);
			pfree(w->listed_score);
		}
		w->listed = listed;
		w->listed_score = score;
		w->room = room;
	}
	for (uint32 i = 0; i < row->n_neighbors; i++)
	{
		w->listed[w->n_listed] = row->neighbor[i] +
			(int32) (row->kind * w->n_items);
		w->listed_score[w->n_listed++] = row->score[i];
	}
}

static void
put_row(AffinityItemSink *sink, const AffinityItemRow *row)
{
	ItemWriter *w = (ItemWriter *) sink;
	TupleTableSlot *slot = w->slot[w->n];
	MemoryContext old;
	instr_time	start;
	instr_time	end;

	INSTR_TIME_SET_CURRENT(start);
	if (slot == NULL)
		slot = w->slot[w->n] = table_slot_create(w->table, NULL);
	ExecClearTuple(slot);
	old = MemoryContextSwitchTo(w->batch_context);
	memset(slot->tts_isnull, 0, ITEM_N_ATTRIBUTES * sizeof(bool));
	slot->tts_values[ITEM_NO] = Int32GetDatum((int32) row->item);
	slot->tts_values[ITEM_ID] = affinity_dictionary_id(w->ids,
													   row->item);
	slot->tts_values[ITEM_POPULARITY] =
		Float4GetDatum(sink->popularity ? sink->popularity[row->item] :
					   row->popularity);
	slot->tts_values[ITEM_NEIGHBORS] = affinity_store_array(row->neighbor,
															row->n_neighbors, INT4OID);
	slot->tts_values[ITEM_SCORES] = affinity_store_array(row->score, row->n_neighbors,
														 FLOAT4OID);
	slot->tts_isnull[ITEM_FACTORS] = row->n_factors == 0;
	if (row->n_factors > 0)
		slot->tts_values[ITEM_FACTORS] = affinity_store_array(row->factor,
															  row->n_factors,
															  FLOAT4OID);
	slot->tts_isnull[ITEM_REPEAT_RATE] = sink->repeat_rate == NULL;
	if (sink->repeat_rate)
		slot->tts_values[ITEM_REPEAT_RATE] =
			Float4GetDatum(sink->repeat_rate[row->item]);
	ExecStoreVirtualTuple(slot);
	MemoryContextSwitchTo(old);
	w->n++;
	w->bytes += (Size) row->n_neighbors * 8 + (Size) row->n_factors * 4;
	if (w->n == BATCH_ROWS || w->bytes >= BATCH_BYTES)
		flush_items(w);
	INSTR_TIME_SET_CURRENT(end);
	INSTR_TIME_ACCUM_DIFF(w->time, end, start);
}

static void
put_item(AffinityItemSink *sink, const AffinityItemRow *row)
{
	ItemWriter *w = (ItemWriter *) sink;
	AffinityItemRow all = *row;

	if (w->n_kinds <= 1)
	{
		put_row(sink, row);
		return;
	}
	add_list(w, row);
	if (row->kind + 1 < w->n_kinds)
		return;
	all.n_neighbors = w->n_listed;
	all.neighbor = w->listed;
	all.score = w->listed_score;
	put_row(sink, &all);
	w->n_listed = 0;
}

static void
take_parameters(AffinityItemSink *sink, const float *value, uint32 n)
{
	ItemWriter *w = (ItemWriter *) sink;
	MemoryContext old = MemoryContextSwitchTo(w->context);

	if (w->parameters != NULL)
		elog(ERROR, "parameters of a model are given twice");
	w->parameters = DatumGetArrayTypeP(affinity_store_array(value, n, FLOAT4OID));
	MemoryContextSwitchTo(old);
}

/*
 * A number for JSON, which has no infinities.
 */
static void
append_number(StringInfo json, double value)
{
	char		number[DOUBLE_SHORTEST_DECIMAL_LEN];

	if (isnan(value) || isinf(value))
		appendStringInfoString(json, "null");
	else
	{
		double_to_shortest_decimal_buf(value, number);
		appendStringInfoString(json, number);
	}
}

static void
take_figure(AffinityItemSink *sink, const char *name, const double *value,
			int n, bool list)
{
	ItemWriter *w = (ItemWriter *) sink;
	StringInfo	json = &w->figures;

	appendStringInfo(json, "%s\"%s\": %s", json->len > 0 ? ", " : "", name,
					 list ? "[" : "");
	for (int i = 0; i < n; i++)
	{
		if (i > 0)
			appendStringInfoString(json, ", ");
		append_number(json, value[i]);
	}
	if (list)
		appendStringInfoChar(json, ']');
}

/*
 * A figure of the version before; its owner may have written anything there.
 */
static double
find_before(AffinityItemSink *sink, const char *name)
{
	return affinity_model_figure(((ItemWriter *) sink)->before, name);
}

/*
 * Is it the table that was made for the model? Its owner may have changed it.
 */
void
affinity_store_check_items(Relation table, Oid item_type)
{
	Oid			types[ITEM_N_ATTRIBUTES] = {
		INT4OID, item_type, FLOAT4OID, INT4ARRAYOID,
		FLOAT4ARRAYOID, FLOAT4ARRAYOID, FLOAT4OID
	};
	TupleDesc	desc = RelationGetDescr(table);
	bool		fits = table->rd_rel->relkind == RELKIND_RELATION &&
		desc->natts == ITEM_N_ATTRIBUTES;

	for (int i = 0; fits && i < ITEM_N_ATTRIBUTES; i++)
		fits = TupleDescAttr(desc, i)->atttypid == types[i] &&
			!TupleDescAttr(desc, i)->attisdropped;
	/* rows go past the executor, which would check the right to insert */
	if (!affinity_base_owns_relation(RelationGetRelid(table), GetUserId()))
		aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_TABLE,
					   RelationGetRelationName(table));
	if (!fits)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table \"%s\" of the model has been altered",
						RelationGetRelationName(table)),
				 errhint("Refresh the model: it makes the table again.")));
}

/*
 * Open the items table for writing; ids name the items by number.
 */
ItemWriter *
affinity_store_writer_open(Oid items, const AffinityDict *ids)
{
	ItemWriter *w = palloc0(sizeof(ItemWriter));

	w->sink.put = put_item;
	w->sink.parameters = take_parameters;
	w->sink.figure = take_figure;
	w->sink.before = find_before;
	w->sink.max_workers = -1;
	w->context = CurrentMemoryContext;
	initStringInfo(&w->figures);
	w->ids = ids;
	w->table = table_open(items, RowExclusiveLock);
	affinity_store_check_items(w->table, affinity_dictionary_type(ids));
	w->estate = CreateExecutorState();
	w->target = makeNode(ResultRelInfo);
	InitResultRelInfo(w->target, w->table, 1, NULL, 0);
	ExecOpenIndices(w->target, false);
	for (int i = 0; i < w->target->ri_NumIndices; i++)
	{
		const		IndexInfo *info = w->target->ri_IndexRelationInfo[i];

		if (info->ii_Expressions != NIL || info->ii_Predicate != NIL)
			w->sink.max_workers = 0;
	}
	w->bulk = GetBulkInsertState();
	w->command = GetCurrentCommandId(true);
	/* rows may be put while workers run: no id can be assigned then */
	(void) GetCurrentTransactionId();
	w->batch_context = AllocSetContextCreate(CurrentMemoryContext,
											 "affinity items",
											 ALLOCSET_DEFAULT_SIZES);
	return w;
}

/*
 * What is known of the model beside what the algorithm gives: what was read,
 * and the figures of the version before, or NULL.
 */
void
affinity_store_writer_know(ItemWriter *w, const AffinityInteractions *in,
						   Jsonb *before)
{
	double		long_users = in->long_users;

	w->before = before;
	w->n_items = in->n_items;
	w->n_kinds = in->n_kinds;
	w->sink.popularity = in->popularity;
	w->sink.repeat_rate = affinity_repeat_rates(in);
	if (long_users > 0)
		w->sink.figure(&w->sink, "long_users", &long_users, 1, false);
}

AffinityItemSink *
affinity_store_writer_sink(ItemWriter *w)
{
	return &w->sink;
}

/*
 * What is known of the lists of each kind of event, also after the writer is
 * closed.
 */
const AffinityKindSums *
affinity_store_writer_kinds(const ItemWriter *w)
{
	return &w->kinds;
}

/*
 * What the algorithm gave besides items, 0: nothing; also after the writer is
 * closed.
 */
Datum
affinity_store_writer_parameters(const ItemWriter *w)
{
	return PointerGetDatum(w->parameters);
}

Jsonb *
affinity_store_writer_figures(ItemWriter *w)
{
	char	   *json = psprintf("{%s}", w->figures.data);

	return DatumGetJsonbP(DirectFunctionCall1(jsonb_in,
											  CStringGetDatum(json)));
}

/*
 * Write what is left; returns the seconds spent on writing.
 */
double
affinity_store_writer_close(ItemWriter *w)
{
	instr_time	start;
	instr_time	end;

	INSTR_TIME_SET_CURRENT(start);
	flush_items(w);
	FreeBulkInsertState(w->bulk);
	table_finish_bulk_insert(w->table, 0);
	for (int i = 0; i < BATCH_ROWS && w->slot[i]; i++)
		ExecDropSingleTupleTableSlot(w->slot[i]);
	ExecCloseIndices(w->target);
	FreeExecutorState(w->estate);
	table_close(w->table, NoLock);
	MemoryContextDelete(w->batch_context);
	CommandCounterIncrement();
	INSTR_TIME_SET_CURRENT(end);
	INSTR_TIME_ACCUM_DIFF(w->time, end, start);
	return INSTR_TIME_GET_DOUBLE(w->time);
}
