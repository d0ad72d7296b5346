/*
 * popularity.c
 *		The popularity of all items, beside a cached model.
 *
 * Rules that count it, or that take popular items out, need that of every item.
 * It is read at the first call that asks for it and kept with the model: 4 bytes
 * an item.
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "model/catalog.h"

/*
 * By number; valid as long as the model.
 */
const float *
affinity_model_popularity(AffinityModel *model)
{
	Size		bytes = mul_size(model->n_items, sizeof(float));
	float	   *popularity;
	AffinityItemScan *scan;
	AffinityStoredItem item;

	/* policies may have come since: then reading says so */
	if (model->popularity != NULL && !model->items_guarded)
		return model->popularity;
	affinity_base_need_memory(bytes, NULL, "the items of model \"%s\" need",
							  model->schema_name);
	popularity = affinity_base_zeroed_array(model->n_items, sizeof(float));
	scan = affinity_model_items_begin(model, AFFINITY_ITEM_POPULARITY);
	while (affinity_model_items_next(scan, &item))
		popularity[item.no] = item.popularity;
	affinity_model_items_end(scan);
	/* what an error leaves goes with the call */
	model->popularity = MemoryContextAllocHuge(model->context, bytes + 1);
	memcpy(model->popularity, popularity, bytes);
	pfree(popularity);
	return model->popularity;
}
