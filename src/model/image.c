/*
 * image.c
 *		The image of a model, where backends share one: asked for once a call,
 *		held until the call ends, and read in place of the tables.
 *
 * A call that finds none, because somebody makes it or there is no room,
 * reads the tables, as all do where nothing is shared.
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "model/image.h"

/* Microseconds before one tries again to make what found no room. */
#define TRY_AGAIN	((int64) 5 * 1000 * 1000)

/*
 * Point at the parts of an image; false where it is not one of the model.
 */
static bool
read_image(const AffinityModel *model, const AffinityCachePin *pin,
		   AffinityImage *image)
{
	const char *base = pin->image;
	const ImageHeader *h = pin->image;
	int16		len;

	if (pin->bytes < sizeof(ImageHeader) || h->magic != IMAGE_MAGIC ||
		h->form != IMAGE_FORM || h->bytes != pin->bytes ||
		h->version != model->version || h->n_items != model->n_items ||
		h->n_kinds != model->n_kinds || h->n_sorted != model->n_sorted)
		return false;
	memset(image, 0, sizeof(AffinityImage));
	get_typlenbyval(model->item_type, &len, &image->by_value);
	image->header = h;
	image->base = base;
	image->id = (const Datum *) (base + h->ids);
	image->appended = (const uint32 *) (base + h->appended);
	image->popularity = (const float *) (base + h->popularity);
	image->popular = (const uint32 *) (base + h->popular);
	if (h->rates)
		image->rate = (const float *) (base + h->rates);
	if (h->places)
	{
		image->place = (const AffinityListPlace *) (base + h->places);
		image->lists = base + h->lists;
	}
	if (h->factors)
	{
		AffinityFactors *f = &image->factors;

		f->n_items = h->n_items;
		f->width = h->width;
		f->stride = TYPEALIGN(AFFINITY_ROW_FLOATS, h->width);
		f->item = (const float *) (base + h->factors);
		f->bytes = f->n_items * f->stride * sizeof(float);
		f->n_parameters = h->n_parameters;
		f->parameters = h->parameters ? (const float *) (base + h->parameters) :
			NULL;
		f->scan_area = h->scan ? base + h->scan : NULL;
	}
	return true;
}

/*
 * Factors that this backend read itself are not needed beside it.
 */
static void
forget_own(AffinityModel *model)
{
	if (model->factors == NULL)
		return;
	model->factors = NULL;
	MemoryContextDelete(model->factors_context);
}

/*
 * Make the image; false where there is no room.
 */
static bool
make(AffinityModel *model)
{
	bool		made;

	model->cold = true;
	made = affinity_model_image_make(model, &model->image_pin);
	if (made)
		affinity_cache_publish(&model->image_pin);
	else
	{
		affinity_cache_unpin(&model->image_pin);
		model->image_failed = GetCurrentStatementStartTimestamp();
	}
	return made;
}

/*
 * The image of the model, valid as long as the call; NULL: there is none.
 * Who needs all factors waits for one that is being made.
 */
const AffinityImage *
affinity_model_image(AffinityModel *model)
{
	AffinityCacheKey key = {0};
	AffinityCacheState state;
	bool		may_make;

	if (model->image_tried)
		return model->image;
	model->image_tried = true;
	/* what is not committed is not shared, nor what policies are to guard */
	if (!affinity_cache_is_shared() || !model->trained ||
		!TransactionIdIsValid(model->writer) || model->items_guarded)
		return NULL;
	key.version = model->version;
	key.database = MyDatabaseId;
	key.model = model->relation;
	key.items = model->items;
	key.items_file = model->items_file;
	key.writer = model->writer;
	/* who has written may see what nobody else does, in any of the tables */
	may_make = !TransactionIdIsValid(GetTopTransactionIdIfAny()) &&
		(model->image_failed == 0 ||
		 GetCurrentStatementStartTimestamp() - model->image_failed > TRY_AGAIN);
	if (model->algorithm->has_factors && model->factors == NULL)
		state = affinity_cache_await(&key, may_make, &model->image_pin);
	else
		state = affinity_cache_find(&key, may_make, &model->image_pin);
	if (!(state == AFFINITY_CACHE_FOUND ||
		  (state == AFFINITY_CACHE_TO_MAKE && make(model))))
		return NULL;
	if (model->image == NULL)
		model->image = MemoryContextAlloc(model->context,
										  sizeof(AffinityImage));
	if (read_image(model, &model->image_pin, model->image))
		forget_own(model);
	else
	{
		affinity_model_image_release(model);
		model->image_tried = true;
	}
	return model->image;
}

/*
 * Is the model served from what all backends share?
 */
bool
affinity_model_is_shared(AffinityModel *model)
{
	return affinity_model_image(model) != NULL;
}

/*
 * The last call that used the model has ended, maybe by an error: nothing here
 * fails.
 */
void
affinity_model_image_release(AffinityModel *model)
{
	if (model->image)
		pfree(model->image);
	model->image = NULL;
	model->image_tried = false;
	affinity_cache_unpin(&model->image_pin);
}

/* ---- what is in it ----------------------------------------------------- */

/*
 * The id of an item; not to be freed.
 */
Datum
affinity_model_image_id(const AffinityImage *image, uint32 no)
{
	return image->by_value ? image->id[no] :
		PointerGetDatum(image->base + image->id[no]);
}

/*
 * The number of a plain id among n that are in order of ids, or that order
 * gives in it; -1 where it is none of them.
 */
static int64
find_among(const AffinityModel *model, const AffinityImage *image, Datum id,
		   const uint32 *order, uint32 n)
{
	uint32		lo = 0;
	uint32		hi = n;

	while (lo < hi)
	{
		uint32		mid = lo + (hi - lo) / 2;
		uint32		no = order ? order[mid] : mid;
		int			c = affinity_base_id_compare(affinity_model_image_id(image, no),
												 id, model->item_type);

		if (c == 0)
			return no;
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return -1;
}

/*
 * The same of an integer among the first n. Each id is larger than the one
 * before, which says how far it can be from the first and from the last one:
 * where none is missing, that is where it is.
 */
static int64
find_integer(const AffinityImage *image, int64 key, Oid type, uint32 n)
{
	int64		first = n ? affinity_base_id_to_int(image->id[0], type) : 1;
	int64		last = n ? affinity_base_id_to_int(image->id[n - 1], type) : 0;
	uint64		after = (uint64) key - (uint64) first;
	uint64		before = (uint64) last - (uint64) key;
	uint32		lo;
	uint32		hi;

	if (key < first || key > last)
		return -1;
	lo = before < n - 1 ? n - 1 - (uint32) before : 0;
	hi = after < n - 1 ? (uint32) after : n - 1;
	if (affinity_base_id_to_int(image->id[hi], type) == key)
		return hi;
	while (lo < hi)
	{
		uint32		mid = lo + (hi - lo) / 2;

		if (affinity_base_id_to_int(image->id[mid], type) < key)
			lo = mid + 1;
		else
			hi = mid;
	}
	return affinity_base_id_to_int(image->id[lo], type) == key ? (int64) lo : -1;
}

/*
 * The number of a plain id; -1 where it is none of the model's.
 */
int64
affinity_model_image_find(const AffinityModel *model,
						  const AffinityImage *image, Datum id)
{
	const ImageHeader *h = image->header;
	Oid			type = model->item_type;
	int64		no;

	if (image->by_value)
		no = find_integer(image, affinity_base_id_to_int(id, type), type,
						  h->n_sorted);
	else
		no = find_among(model, image, id, NULL, h->n_sorted);
	if (no < 0 && h->n_items > h->n_sorted)
		no = find_among(model, image, id, image->appended,
						h->n_items - h->n_sorted);
	return no;
}

/*
 * An item with its id.
 */
void
affinity_model_image_item(const AffinityImage *image, uint32 no,
						  AffinityItem *item)
{
	item->no = no;
	item->id = affinity_model_image_id(image, no);
	item->popularity = image->popularity[no];
}

/*
 * Let what is said of an item come into the processor's cache.
 */
void
affinity_model_image_prefetch(const AffinityImage *image, uint32 no)
{
	if (image->place)
		__builtin_prefetch(&image->place[no]);
}

/*
 * The list of an item and kind of event, as histories number it: in one piece,
 * since there are many, and few of them are wanted.
 */
AffinityList
affinity_model_image_list(const AffinityImage *image, uint32 source)
{
	AffinityList list = {0};

	if (image->place == NULL)
		return list;
	list.n = image->place[source].n;
	list.item = (const int32 *) (image->lists +
								 image->place[source].start * IMAGE_ENTRY);
	list.score = (const float *) (list.item + list.n);
	return list;
}

/*
 * The i-th of the most popular items.
 */
uint32
affinity_model_image_popular(const AffinityImage *image, uint32 i)
{
	return image->popular[i];
}

const float *
affinity_model_image_rates(const AffinityImage *image)
{
	return image->rate;
}

const AffinityFactors *
affinity_model_image_factors(const AffinityImage *image)
{
	return image->factors.item ? &image->factors : NULL;
}
