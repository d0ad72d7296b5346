/*
 * embedding.c
 *		Embeddings of items, from the rows of a query, as vectors of length 1.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/array.h"

#include "attribute/attribute.h"

typedef struct Reading
{
	const AffinityAttributeRequest *request;
	MemoryContext context;
	AffinityDict *items;
	AffinityKeys *keys;
	uint32		n;
	uint32		width;			/* 0: not known yet */
	uint32		room;			/* vectors */
	float	   *vector;			/* in order of arrival */
	double	   *value;			/* of one */
} Reading;

/*
 * A vector of length 1 in the direction of another, however long that is;
 * false where one of its numbers is none.
 */
bool
affinity_attribute_unit(const double *value, uint32 n, float *unit)
{
	double		largest = 0;
	double		sum = 0;

	for (uint32 i = 0; i < n; i++)
	{
		if (!isfinite(value[i]))
			return false;
		largest = Max(largest, fabs(value[i]));
	}
	for (uint32 i = 0; i < n && largest > 0; i++)
		sum += (value[i] / largest) * (value[i] / largest);
	for (uint32 i = 0; i < n; i++)
		unit[i] = largest > 0 ?
			(float) (value[i] / largest / sqrt(sum)) : 0;
	return true;
}

pg_noreturn static void
bad_embedding(const Reading *r, Datum item, const char *what, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_EXCEPTION),
			 errmsg("embedding of item %s %s",
					affinity_base_id_display(item, r->request->item_type),
					what),
			 errhint("%s", hint)));
}

/*
 * Room for one more vector; the first says how long all are.
 */
static float *
next_vector(Reading *r)
{
	if (r->n == r->room)
	{
		uint32		room = Max(r->room * 2, AFFINITY_BATCH);
		Size		bytes = mul_size(mul_size(room, r->width), sizeof(float));

		affinity_base_need_memory(add_size(mul_size(bytes, 2), affinity_dictionary_bytes(r->items)),
								  "let the query of item_attributes give fewer items or shorter embeddings",
								  "embeddings of %u numbers need at least",
								  r->width);
		r->vector = r->vector == NULL ?
			MemoryContextAllocHuge(r->context, bytes) :
			repalloc_huge(r->vector, bytes);
		r->room = room;
	}
	return r->vector + (Size) r->n * r->width;
}

/*
 * The numbers of an array; how many there are.
 */
static uint32
take_array(Reading *r, Datum item, Datum array)
{
	ArrayType  *from = DatumGetArrayTypeP(array);
	uint32		n = (uint32) ArrayGetNItems(ARR_NDIM(from), ARR_DIMS(from));

	if (n == 0)
		return 0;
	if (ARR_NDIM(from) != 1)
		bad_embedding(r, item, psprintf("has %d dimensions", ARR_NDIM(from)),
					  "An embedding is one list of numbers.");
	if (array_contains_nulls(from))
		bad_embedding(r, item, "has an element that is null",
					  "Leave such items out of the query of item_attributes.");
	if (r->width == 0)
	{
		r->width = n;
		r->value = MemoryContextAllocHuge(r->context, n * sizeof(double));
	}
	if (n != r->width)
		bad_embedding(r, item,
					  psprintf("has %u numbers, but others have %u", n,
							   r->width),
					  "All embeddings have to come from one model: let the query of item_attributes give those of one length.");
	for (uint32 i = 0; i < n; i++)
		r->value[i] = r->request->array_type == FLOAT4ARRAYOID ?
			((const float *) ARR_DATA_PTR(from))[i] :
			((const double *) ARR_DATA_PTR(from))[i];
	return n;
}

/*
 * Number the items of a batch; one that comes twice is an error.
 */
static void
number_batch(Reading *r, const Datum *id)
{
	uint32		no[AFFINITY_BATCH];
	uint32		first = affinity_dictionary_size(r->items);

	affinity_dictionary_add(r->items, r->keys, no);
	for (int i = 0; i < r->keys->n; i++)
	{
		if (no[i] != first + i)
			ereport(ERROR,
					(errcode(ERRCODE_CARDINALITY_VIOLATION),
					 errmsg("item %s has two embeddings",
							affinity_base_id_display(id[i],
													 r->request->item_type)),
					 errhint("Let the query of item_attributes give each item once.")));
	}
	affinity_dictionary_keys_clear(r->keys);
}

static void
take_rows(Reading *r, const SPITupleTable *table, uint64 n)
{
	Datum		id[AFFINITY_BATCH];

	for (uint64 row = 0; row < n; row++)
	{
		bool		isnull[2];
		Datum		item = SPI_getbinval(table->vals[row], table->tupdesc, 1,
										 &isnull[0]);
		Datum		array = SPI_getbinval(table->vals[row], table->tupdesc, 2,
										  &isnull[1]);

		if (isnull[0] || isnull[1] || take_array(r, item, array) == 0)
			continue;
		if (!affinity_attribute_unit(r->value, r->width, next_vector(r)))
			bad_embedding(r, item, "has a NaN or an infinite number",
						  "Leave such items out of the query of item_attributes.");
		r->n++;
		id[r->keys->n] = item;
		affinity_dictionary_keys_add(r->keys, item);
	}
	number_batch(r, id);
}

/*
 * Vectors in the order of the items' ids.
 */
static void
put_in_order(const Reading *r, AffinityAttributes *attributes)
{
	const uint32 *rank;

	affinity_dictionary_sort(r->items);
	rank = affinity_dictionary_rank(r->items);
	attributes->items = r->items;
	attributes->n = r->n;
	attributes->width = Max(r->width, 1);
	attributes->vector = affinity_base_array(mul_size(r->n, attributes->width),
											 sizeof(float));
	for (uint32 i = 0; i < r->n; i++)
	{
		affinity_base_look_up(i);
		memcpy(attributes->vector + (Size) rank[i] * r->width,
			   r->vector + (Size) i * r->width, r->width * sizeof(float));
	}
}

/*
 * Items without an embedding are left out.
 */
void
affinity_attribute_read_embeddings(const AffinityAttributeRequest *request,
								   AffinityAttributes *attributes)
{
	Reading		r = {.request = request, .context = CurrentMemoryContext};
	MemoryContext rows = AllocSetContextCreate(CurrentMemoryContext,
											   "affinity embeddings",
											   ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = CurrentMemoryContext;
	Portal		cursor;
	uint64		n;

	r.items = affinity_dictionary_create(request->item_type);
	r.keys = affinity_dictionary_keys(r.items);
	cursor = SPI_cursor_open_with_args(NULL, request->query, 0, NULL, NULL,
									   NULL, request->read_only, 0);
	do
	{
		CHECK_FOR_INTERRUPTS();
		SPI_cursor_fetch(cursor, true, AFFINITY_BATCH);
		n = SPI_processed;
		/* SPI leaves its own context */
		MemoryContextSwitchTo(rows);
		take_rows(&r, SPI_tuptable, n);
		MemoryContextSwitchTo(old);
		MemoryContextReset(rows);
		SPI_freetuptable(SPI_tuptable);
	} while (n > 0);
	SPI_cursor_close(cursor);
	MemoryContextDelete(rows);
	put_in_order(&r, attributes);
	affinity_dictionary_keys_free(r.keys);
	if (r.vector)
		pfree(r.vector);
}
