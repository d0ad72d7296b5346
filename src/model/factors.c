/*
 * factors.c
 *		The factors of all items, beside a cached model.
 *
 * They are read at the first call that scores by them and kept with the model
 * until that is replaced: n_items rows of the width rounded up to 16 floats.
 * What all cached models hold of them stays within maintenance_work_mem;
 * factors of models that no call uses now make room.
 *
 * After some calls a copy is made by which the best are found without scoring
 * all items (score/scan.c); a backend that asks only once need not wait for
 * it.
 *
 * The table may have been written by anybody: every row is checked.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/memutils.h"

#include "kernel/score.h"
#include "model/image.h"

/* Rows begin at multiples of 64 bytes. */
#define ROW_BYTES	(AFFINITY_ROW_FLOATS * sizeof(float))

/* The copy is made at this call. */
#define SCAN_CALL	3

/*
 * The numbers in a one-dimensional real[] without nulls.
 */
const float *
affinity_model_reals(const AffinityModel *model, ArrayType *array, uint32 *n)
{
	if (ARR_NDIM(array) > 1 || ARR_HASNULL(array) ||
		ARR_ELEMTYPE(array) != FLOAT4OID)
		affinity_train_damaged(model->schema_name, "its factors are not plain");
	*n = ARR_NDIM(array) == 1 ? (uint32) ARR_DIMS(array)[0] : 0;
	if (!affinity_kernel_all_finite((const float *) ARR_DATA_PTR(array), *n))
		affinity_train_damaged(model->schema_name,
							   "its factors are not finite");
	return (const float *) ARR_DATA_PTR(array);
}

/*
 * The first row says how long all are: room for them, if it is not too much.
 */
static float *
begin_items(const AffinityModel *model, AffinityFactors *factors, uint32 width)
{
	float	   *item;

	if (width == 0)
		affinity_train_damaged(model->schema_name, "an item has no factors");
	factors->width = width;
	factors->stride = TYPEALIGN(AFFINITY_ROW_FLOATS, width);
	factors->bytes = mul_size(mul_size(model->n_items, factors->stride),
							  sizeof(float));
	affinity_base_need_memory(factors->bytes, "train with fewer factors",
							  "the factors of model \"%s\" need",
							  model->schema_name);
	affinity_model_make_room(model, factors->bytes);
	item = affinity_base_alloc_large(CurrentMemoryContext,
									 factors->bytes + ROW_BYTES);
	factors->item = (float *) TYPEALIGN(ROW_BYTES, item);
	return (float *) factors->item;
}

/*
 * Put an item's factors, as they are stored, into its row.
 */
void
affinity_model_put_factors(const AffinityModel *model, Datum stored,
						   uint32 width, float *row)
{
	ArrayType  *array = DatumGetArrayTypeP(stored);
	uint32		n;
	const float *value = affinity_model_reals(model, array, &n);

	if (n != width)
		affinity_train_damaged(model->schema_name,
							   "items have different numbers of factors");
	memcpy(row, value, n * sizeof(float));
	memset(row + n, 0, (TYPEALIGN(AFFINITY_ROW_FLOATS, width) - n) *
		   sizeof(float));
	if ((Pointer) array != DatumGetPointer(stored))
		pfree(array);
}

static void
load_items(const AffinityModel *model, AffinityFactors *factors)
{
	AffinityItemScan *scan = affinity_model_items_begin(model,
														AFFINITY_ITEM_FACTORS);
	AffinityStoredItem stored;
	float	   *item = NULL;

	while (affinity_model_items_next(scan, &stored))
	{
		if (item == NULL)
		{
			uint32		n;

			(void) affinity_model_reals(model,
										DatumGetArrayTypeP(stored.factors),
										&n);
			item = begin_items(model, factors, n);
		}
		affinity_model_put_factors(model, stored.factors, factors->width,
								   item + (size_t) stored.no *
								   factors->stride);
	}
	affinity_model_items_end(scan);
	if (item == NULL)
		affinity_train_damaged(model->schema_name, "it has no items");
}

/*
 * The factors of a model whose algorithm has some; valid as long as the model.
 */
static const AffinityFactors *
read_factors(AffinityModel *model)
{
	MemoryContext context;
	MemoryContext old;
	AffinityFactors *factors;
	ArrayType  *parameters;

	/* policies may have come since: then reading says so */
	if (model->factors != NULL && !model->items_guarded)
		return model->factors;
	model->cold = true;
	/* an error frees what was read so far */
	context = AllocSetContextCreate(CurrentMemoryContext, "affinity factors",
									ALLOCSET_SMALL_SIZES);
	old = MemoryContextSwitchTo(context);
	factors = palloc0(sizeof(AffinityFactors));
	factors->n_items = model->n_items;
	load_items(model, factors);
	parameters = affinity_model_parameters(model);
	if (parameters)
		factors->parameters = affinity_model_reals(model, parameters,
												   &factors->n_parameters);
	MemoryContextSwitchTo(old);
	MemoryContextSetParent(context, model->context);
	model->factors = factors;
	model->factors_context = context;
	model->factors_uses = 0;
	return factors;
}

/*
 * Make the copy, unless it would be of no use or leave the memory allowed.
 */
static void
make_scan(AffinityModel *model)
{
	AffinityFactors *factors = model->factors;
	Size		bytes = affinity_score_scan_bytes(factors->n_items,
												  factors->width);
	MemoryContext context;
	MemoryContext old;
	void	   *area;

	if (bytes == 0 ||
		factors->bytes + bytes > affinity_base_memory_allowed())
		return;
	affinity_model_make_room(model, factors->bytes + bytes);
	context = AllocSetContextCreate(CurrentMemoryContext, "affinity scan",
									ALLOCSET_SMALL_SIZES);
	old = MemoryContextSwitchTo(context);
	area = affinity_base_alloc_large(context, bytes + ROW_BYTES);
	area = (void *) TYPEALIGN(ROW_BYTES, area);
	MemoryContextSwitchTo(old);
	if (!affinity_score_scan_make(model->algorithm, factors, area))
	{
		MemoryContextDelete(context);
		return;
	}
	MemoryContextSetParent(context, model->factors_context);
	factors->scan_area = area;
	factors->scan_bytes = bytes;
}

/*
 * What the model can score with: all but lists, which histories bring or a
 * batch asks for. Factors are not read where there is nothing to score.
 */
void
affinity_model_scorer(AffinityModel *model, bool factors,
					  AffinityScorer *scorer)
{
	memset(scorer, 0, sizeof(AffinityScorer));
	scorer->algorithm = model->algorithm;
	scorer->options = model->options;
	scorer->n_items = model->n_items;
	scorer->n_kinds = model->n_kinds;
	memcpy(scorer->kind_factor, model->kind_factor,
		   sizeof(scorer->kind_factor));
	if (factors && model->algorithm->has_factors)
	{
		const AffinityImage *image = affinity_model_image(model);

		if (image)
		{
			scorer->factors = affinity_model_image_factors(image);
			return;
		}
		scorer->factors = read_factors(model);
		if (++model->factors_uses == SCAN_CALL)
			make_scan(model);
	}
}
