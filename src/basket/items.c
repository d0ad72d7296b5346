/*
 * items.c
 *		What is in a basket: its rows, how many items, and what it says of
 *		itself.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "basket/basket.h"
#include "kernel/csr.h"

PG_FUNCTION_INFO_V1(affinity_basket_items);
PG_FUNCTION_INFO_V1(affinity_basket_count);
PG_FUNCTION_INFO_V1(affinity_basket_describe);

/*
 * An item as a value of its type, in the current context.
 */
Datum
affinity_basket_item(AffinityIdKind kind, const AffinityBasketRow *row)
{
	pg_uuid_t  *uuid;

	if (kind == AFFINITY_ID_INT)
		return Int64GetDatum(row->number);
	if (kind == AFFINITY_ID_TEXT)
		return PointerGetDatum(cstring_to_text_with_len(row->bytes,
														(int) row->len));
	uuid = palloc(sizeof(pg_uuid_t));
	memcpy(uuid->data, row->bytes, UUID_LEN);
	return UUIDPGetDatum(uuid);
}

/*
 * A function's first argument is a basket of the kind whose items it returns,
 * unless the catalog was changed.
 */
static void
check_type(const AffinityBasketReader *reader, TupleDesc desc)
{
	if (desc->natts != 3 || TupleDescAttr(desc, 0)->atttypid !=
		affinity_basket_id_type(reader->kind))
		affinity_basket_damaged();
}

/* basket_items(basket): item, weight, at */
Datum
affinity_basket_items(PG_FUNCTION_ARGS)
{
	FuncCallContext *call;
	AffinityBasketReader *reader;
	AffinityBasketRow row = {0};
	Datum		values[3];
	bool		nulls[3] = {false};

	if (SRF_IS_FIRSTCALL())
	{
		MemoryContext old;
		TupleDesc	desc;

		call = SRF_FIRSTCALL_INIT();
		old = MemoryContextSwitchTo(call->multi_call_memory_ctx);
		if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
			elog(ERROR, "return type must be a row type");
		call->tuple_desc = BlessTupleDesc(desc);
		call->user_fctx = reader = palloc(sizeof(AffinityBasketReader));
		affinity_basket_read(reader, affinity_basket_at_rest(PointerGetDatum(PG_DETOAST_DATUM_COPY(PG_GETARG_DATUM(0)))));
		check_type(reader, desc);
		MemoryContextSwitchTo(old);
	}
	call = SRF_PERCALL_SETUP();
	reader = call->user_fctx;
	if (reader->kind != AFFINITY_ID_INT)
	{
		/* its buffer outlives the call */
		MemoryContext old = MemoryContextSwitchTo(call->multi_call_memory_ctx);
		bool		found = affinity_basket_next(reader, &row);

		MemoryContextSwitchTo(old);
		if (!found)
			SRF_RETURN_DONE(call);
	}
	else if (!affinity_basket_next(reader, &row))
		SRF_RETURN_DONE(call);
	values[0] = affinity_basket_item(reader->kind, &row);
	values[1] = Float8GetDatum(row.weight);
	nulls[1] = isnan(row.weight);
	values[2] = TimestampTzGetDatum(row.at);
	nulls[2] = row.at == BASKET_NO_TIME;
	SRF_RETURN_NEXT(call, HeapTupleGetDatum(heap_form_tuple(call->tuple_desc,
															values, nulls)));
}

/* items(basket): how many different ones */
Datum
affinity_basket_count(PG_FUNCTION_ARGS)
{
	AffinityBasketReader reader;
	AffinityBasketRow row;
	int64		n = 0;

	affinity_basket_read(&reader, affinity_basket_at_rest(PG_GETARG_DATUM(0)));
	while (affinity_basket_next(&reader, &row))
	{
		affinity_base_look_up(reader.left);
		n += !reader.again;
	}
	affinity_basket_read_end(&reader);
	PG_RETURN_INT64(n);
}

/* describe(basket): rows, items, weight, first_at, last_at, bytes */
Datum
affinity_basket_describe(PG_FUNCTION_ARGS)
{
	struct varlena *basket = affinity_basket_at_rest(PG_GETARG_DATUM(0));
	AffinityBasketReader reader;
	AffinityBasketRow row;
	AffinitySum weight = {0, 0};
	int64		items = 0;
	int64		first = PG_INT64_MAX;
	int64		last = PG_INT64_MIN;
	TupleDesc	desc;
	Datum		values[6];
	bool		nulls[6] = {false};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	affinity_basket_read(&reader, basket);
	while (affinity_basket_next(&reader, &row))
	{
		affinity_base_look_up(reader.left);
		items += !reader.again;
		if (!isnan(row.weight))
			affinity_kernel_sum_add(&weight, row.weight);
		if (row.at == BASKET_NO_TIME)
			continue;
		first = Min(first, row.at);
		last = Max(last, row.at);
	}
	affinity_basket_read_end(&reader);
	values[0] = Int64GetDatum((int64) reader.n);
	values[1] = Int64GetDatum(items);
	values[2] = Float8GetDatum(affinity_kernel_sum(&weight));
	values[3] = TimestampTzGetDatum(first);
	values[4] = TimestampTzGetDatum(last);
	nulls[3] = nulls[4] = last == PG_INT64_MIN;
	values[5] = Int64GetDatum((int64) VARSIZE_ANY_EXHDR(basket));
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc),
													  values, nulls)));
}
