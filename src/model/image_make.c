/*
 * image_make.c
 *		Making the image of a model from its tables.
 *
 * The table of items is gone through twice in the caller's snapshot: to count
 * what the image takes, where that is not known from the first row, and to
 * fill it. Everything is checked as it is where single rows are read.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "kernel/topk.h"
#include "model/image.h"

/* Rows between two resets of what they leave. */
#define ROWS_AT_ONCE	1024

typedef struct Making
{
	const AffinityModel *model;
	ImageHeader header;
	bool		factors;
	bool		rates;			/* the column is there */
	int16		id_len;
	bool		id_byval;
	Size		id_room;		/* of ids that are not by value */
	MemoryContext scratch;
	ArrayType  *parameters;
	char	   *base;			/* of the image */
	Size		id_at;
	Size		entry_at;
} Making;

/* ---- counting ---------------------------------------------------------- */

/* Bytes of an id that is not by value. */
static Size
id_bytes(const Making *m, Datum id)
{
	return MAXALIGN(m->id_len > 0 ? (Size) m->id_len :
					VARSIZE_ANY(DatumGetPointer(id)));
}

/*
 * What a row's lists hold. The two arrays are for the caller to free.
 */
static Size
count_entries(const Making *m, const AffinityStoredItem *row)
{
	ArrayType  *neighbors = DatumGetArrayTypeP(row->neighbors);
	ArrayType  *scores = DatumGetArrayTypeP(row->scores);
	Size		n = 0;

	for (uint32 kind = 0; kind < m->model->n_kinds; kind++)
	{
		AffinityList list;

		affinity_model_check_list(m->model, neighbors, scores, kind, &list);
		n += list.n;
	}
	return n;
}

/*
 * Go through the rows for what takes room: ids that are not by value and
 * lists; of factors the first says how many all have.
 */
static void
count(Making *m)
{
	AffinityItemScan *scan =
		affinity_model_items_begin(m->model, AFFINITY_ITEM_ID |
								   (m->factors ? AFFINITY_ITEM_FACTORS :
									AFFINITY_ITEM_LISTS));
	MemoryContext old = MemoryContextSwitchTo(m->scratch);
	AffinityStoredItem row;
	uint32		rows = 0;

	while (affinity_model_items_next(scan, &row))
	{
		if (m->factors && rows == 0)
			(void) affinity_model_reals(m->model,
										DatumGetArrayTypeP(row.factors),
										&m->header.width);
		if (!m->factors)
			m->header.n_entries += count_entries(m, &row);
		if (!m->id_byval)
			m->id_room += id_bytes(m, affinity_base_id_plain(row.id,
															 m->model->item_type));
		else if (m->factors)
			break;
		if (++rows % ROWS_AT_ONCE == 0)
			MemoryContextReset(m->scratch);
	}
	MemoryContextSwitchTo(old);
	MemoryContextReset(m->scratch);
	affinity_model_items_end(scan);
}

/*
 * The next part of an image.
 */
static Size
part(ImageHeader *h, Size n, Size size)
{
	Size		at = h->bytes;

	h->bytes = add_size(at, TYPEALIGN(AFFINITY_CACHE_ALIGN, mul_size(n, size)));
	return at;
}

/*
 * Where everything is.
 */
static void
lay_out(Making *m)
{
	const AffinityModel *model = m->model;
	ImageHeader *h = &m->header;
	Size		n = model->n_items;
	Size		sources = n * model->n_kinds;

	h->magic = IMAGE_MAGIC;
	h->form = IMAGE_FORM;
	h->version = model->version;
	h->n_items = model->n_items;
	h->n_kinds = model->n_kinds;
	h->n_sorted = model->n_sorted;
	h->bytes = TYPEALIGN(AFFINITY_CACHE_ALIGN, sizeof(ImageHeader));
	h->ids = part(h, n, sizeof(Datum));
	h->id_bytes = part(h, m->id_room, 1);
	h->appended = part(h, n - model->n_sorted, sizeof(uint32));
	h->popularity = part(h, n, sizeof(float));
	h->popular = part(h, n, sizeof(uint32));
	if (m->rates)
		h->rates = part(h, n, sizeof(float));
	if (m->factors)
	{
		Size		scan = affinity_score_scan_bytes(model->n_items, h->width);

		h->factors = part(h, n, TYPEALIGN(AFFINITY_ROW_FLOATS, h->width) *
						  sizeof(float));
		if (m->parameters)
			(void) affinity_model_reals(model, m->parameters,
										&h->n_parameters);
		if (m->parameters)
			h->parameters = part(h, h->n_parameters, sizeof(float));
		if (scan > 0)
			h->scan = part(h, scan, 1);
	}
	else
	{
		h->places = part(h, sources, sizeof(AffinityListPlace));
		h->lists = part(h, h->n_entries, IMAGE_ENTRY);
	}
}

/* ---- filling ----------------------------------------------------------- */

static void
put_id(Making *m, uint32 no, Datum id)
{
	Datum	   *ids = (Datum *) (m->base + m->header.ids);
	Size		bytes;

	if (m->id_byval)
	{
		ids[no] = id;
		return;
	}
	bytes = id_bytes(m, id);
	if (bytes > m->id_room - m->id_at)
		affinity_train_damaged(m->model->schema_name, "its ids changed");
	ids[no] = (Datum) (m->header.id_bytes + m->id_at);
	memcpy(m->base + ids[no], DatumGetPointer(id),
		   m->id_len > 0 ? (Size) m->id_len : VARSIZE_ANY(DatumGetPointer(id)));
	m->id_at += bytes;
}

static void
put_lists(Making *m, const AffinityStoredItem *row)
{
	const ImageHeader *h = &m->header;
	AffinityListPlace *place = (AffinityListPlace *) (m->base + h->places);
	ArrayType  *neighbors = DatumGetArrayTypeP(row->neighbors);
	ArrayType  *scores = DatumGetArrayTypeP(row->scores);

	for (uint32 kind = 0; kind < h->n_kinds; kind++)
	{
		AffinityListPlace *p = &place[kind * h->n_items + row->no];
		AffinityList list;
		char	   *to;

		affinity_model_check_list(m->model, neighbors, scores, kind, &list);
		if (list.n > h->n_entries - m->entry_at)
			affinity_train_damaged(m->model->schema_name, "its lists changed");
		p->start = m->entry_at;
		p->n = list.n;
		if (list.n == 0)
			continue;
		to = m->base + h->lists + p->start * IMAGE_ENTRY;
		memcpy(to, list.item, list.n * sizeof(int32));
		memcpy(to + list.n * sizeof(int32), list.score,
			   list.n * sizeof(float));
		m->entry_at += list.n;
	}
}

static void
put_factors(Making *m, const AffinityStoredItem *row)
{
	Size		stride = TYPEALIGN(AFFINITY_ROW_FLOATS, m->header.width);

	affinity_model_put_factors(m->model, row->factors, m->header.width,
							   (float *) (m->base + m->header.factors) +
							   row->no * stride);
}

static void
fill(Making *m)
{
	ImageHeader *h = &m->header;
	float	   *popularity = (float *) (m->base + h->popularity);
	float	   *rate = (float *) (m->base + h->rates);
	AffinityItemScan *scan =
		affinity_model_items_begin(m->model, AFFINITY_ITEM_ID |
								   AFFINITY_ITEM_POPULARITY |
								   (m->rates ? AFFINITY_ITEM_REPEAT_RATE : 0) |
								   (m->factors ? AFFINITY_ITEM_FACTORS :
									AFFINITY_ITEM_LISTS));
	MemoryContext old = MemoryContextSwitchTo(m->scratch);
	AffinityStoredItem row;
	uint32		rows = 0;
	bool		rated = m->rates;

	while (affinity_model_items_next(scan, &row))
	{
		put_id(m, row.no, affinity_base_id_plain(row.id, m->model->item_type));
		popularity[row.no] = row.popularity;
		if (m->rates)
		{
			rate[row.no] = row.has_no_rate ? 0 :
				DatumGetFloat4(row.repeat_rate);
			/* who needs them is told what is wrong */
			rated &= !row.has_no_rate && rate[row.no] >= 0 &&
				rate[row.no] <= 1;
		}
		if (m->factors)
			put_factors(m, &row);
		else
			put_lists(m, &row);
		if (++rows % ROWS_AT_ONCE == 0)
			MemoryContextReset(m->scratch);
	}
	MemoryContextSwitchTo(old);
	MemoryContextReset(m->scratch);
	affinity_model_items_end(scan);
	if (!rated)
		h->rates = 0;
}

static Datum
id_of(const Making *m, uint32 no)
{
	const Datum *ids = (const Datum *) (m->base + m->header.ids);

	return m->id_byval ? ids[no] : PointerGetDatum(m->base + ids[no]);
}

static int
compare_appended(const void *a, const void *b, void *arg)
{
	const Making *m = arg;

	return affinity_base_id_compare(id_of(m, *(const uint32 *) a),
									id_of(m, *(const uint32 *) b),
									m->model->item_type);
}

/*
 * Ids ascend with the numbers, but for those that were appended, which get an
 * order of theirs: none is there twice.
 */
static void
check_order(const Making *m)
{
	uint32		n_sorted = m->header.n_sorted;
	uint32		n_appended = m->header.n_items - n_sorted;
	uint32	   *appended = (uint32 *) (m->base + m->header.appended);
	uint32		before = 0;		/* of the sorted, those before an appended one */

	for (uint32 no = 1; no < n_sorted; no++)
	{
		affinity_base_look_up(no);
		affinity_model_check_ids(m->model, id_of(m, no - 1), no, id_of(m, no));
	}
	for (uint32 i = 0; i < n_appended; i++)
		appended[i] = n_sorted + i;
	qsort_arg(appended, n_appended, sizeof(uint32), compare_appended,
			  (void *) m);
	for (uint32 i = 0; i < n_appended; i++)
	{
		affinity_base_look_up(i);
		while (before < n_sorted &&
			   affinity_base_id_compare(id_of(m, before), id_of(m, appended[i]),
										m->model->item_type) < 0)
			before++;
		if ((before < n_sorted &&
			 affinity_base_id_compare(id_of(m, before), id_of(m, appended[i]),
									  m->model->item_type) == 0) ||
			(i > 0 && compare_appended(&appended[i - 1], &appended[i],
									   (void *) m) == 0))
			affinity_train_damaged(m->model->schema_name,
								   "an item is there twice");
	}
}

/*
 * Numbers by popularity, as the query of the most popular items has them: what
 * is no number comes first.
 */
static void
sort_popular(const Making *m)
{
	const float *popularity =
		(const float *) (m->base + m->header.popularity);
	uint32	   *popular = (uint32 *) (m->base + m->header.popular);
	uint32		n = m->header.n_items;
	uint64	   *key = affinity_base_array(n, sizeof(uint64));
	uint64	   *scratch = affinity_base_array(n, sizeof(uint64));

	for (uint32 no = 0; no < n; no++)
		key[no] = isnan(popularity[no]) ? ((uint64) 0xffffffff << 32) | ~no :
			affinity_kernel_rank_key(popularity[no], no);
	affinity_kernel_sort_descending(key, n, scratch);
	for (uint32 i = 0; i < n; i++)
		popular[i] = affinity_kernel_rank_key_no(key[i]);
	pfree(key);
	pfree(scratch);
}

static void
put_parameters(Making *m)
{
	uint32		n;
	const float *value;

	if (m->parameters == NULL)
		return;
	value = affinity_model_reals(m->model, m->parameters, &n);
	memcpy(m->base + m->header.parameters, value, n * sizeof(float));
}

static void
put_scan(Making *m)
{
	ImageHeader *h = &m->header;
	AffinityFactors factors = {0};

	if (h->scan == 0)
		return;
	factors.n_items = h->n_items;
	factors.width = h->width;
	factors.stride = TYPEALIGN(AFFINITY_ROW_FLOATS, h->width);
	factors.item = (const float *) (m->base + h->factors);
	if (!affinity_score_scan_make(m->model->algorithm, &factors,
								  m->base + h->scan))
		h->scan = 0;
}

static void
too_large(const AffinityModel *model, Size bytes)
{
	ereport(NOTICE,
			(errmsg("model \"%s\" takes %zu MB, and affinity.cache_size is %zu MB: connections do not share it",
					model->schema_name, bytes / (1024 * 1024) + 1,
					affinity_cache_allowed() / (1024 * 1024)),
			 errhint("Raise affinity.cache_size in postgresql.conf, and restart the server.")));
}

/*
 * Make the image in the room of a pin; false where there is none.
 */
bool
affinity_model_image_make(const AffinityModel *model, AffinityCachePin *pin)
{
	Making		m = {.model = model};
	AttrNumber	rate = get_attnum(model->items, "repeat_rate");

	m.factors = model->algorithm->has_factors;
	m.rates = rate > 0 && get_atttype(model->items, rate) == FLOAT4OID;
	get_typlenbyval(model->item_type, &m.id_len, &m.id_byval);
	m.scratch = AllocSetContextCreate(CurrentMemoryContext, "affinity image",
									  ALLOCSET_DEFAULT_SIZES);
	if (m.factors)
		m.parameters = affinity_model_parameters(model);
	count(&m);
	if (m.factors && m.header.width == 0 && model->n_items > 0)
		affinity_train_damaged(model->schema_name, "an item has no factors");
	lay_out(&m);
	m.base = affinity_cache_reserve(pin, m.header.bytes);
	if (m.base == NULL)
	{
		if (m.header.bytes > affinity_cache_allowed())
			too_large(model, m.header.bytes);
		return false;
	}
	fill(&m);
	check_order(&m);
	sort_popular(&m);
	put_parameters(&m);
	put_scan(&m);
	memcpy(m.base, &m.header, sizeof(ImageHeader));
	MemoryContextDelete(m.scratch);
	return true;
}
