/*
 * alike.c
 *		The items most like each by their attributes: by the cosine.
 *
 * Tags count idf = ln((n + 1) / items that have it), n being the items that
 * have any, so that what few items have says most (Sparck Jones, "A
 * statistical interpretation of term specificity", 1972). Items that share a
 * tag are found by the lists of the items that have it. Embeddings are
 * multiplied block by block.
 *
 * Only similarities above 0 count. Of equal ones the first items are taken.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "attribute/attribute.h"
#include "kernel/sparse.h"
#include "kernel/topk.h"
#include "train/train.h"

/* Embeddings that are multiplied at once: some milliseconds. */
#define BLOCK		64
#define COLUMNS		2048

typedef struct Finding
{
	const AffinityAttributes *attributes;
	AffinityAlike *alike;
	const uint32 *number;		/* of the attributes' items in the matrix */
	uint32		k;
	uint64	   *key;
	uint64	   *scratch;
} Finding;

/*
 * The numbers that a matrix has for the items of attributes, all of which are
 * in it. Both are in the order of ids.
 */
static uint32 *
number_items(const AffinityInteractions *in)
{
	const AffinityAttributes *a = in->attributes;
	uint32	   *number = affinity_base_array(a->n, sizeof(uint32));
	bool		is_int = affinity_dictionary_type(a->items) != TEXTOID &&
		affinity_dictionary_type(a->items) != UUIDOID;
	uint32		no = 0;

	for (uint32 i = 0; i < a->n; i++)
	{
		Datum		id = affinity_dictionary_id(a->items, i);

		while (no < in->n_items &&
			   affinity_dictionary_compare(in->items, no, id) < 0)
			affinity_base_look_up(no++);
		if (no == in->n_items ||
			affinity_dictionary_compare(in->items, no, id) != 0)
			elog(ERROR, "item %s has attributes, but is none of the model",
				 affinity_base_id_display(id,
										  affinity_dictionary_type(a->items)));
		number[i] = no;
		if (!is_int)
			pfree(DatumGetPointer(id));
	}
	return number;
}

/*
 * The best of an item, whose keys are there: in the order of their numbers.
 */
static void
put_best(Finding *f, uint32 item, size_t n)
{
	AffinityAlike *alike = f->alike;
	Size		at = (Size) item * f->k;

	for (size_t i = 0; i < n; i++)
	{
		uint32		other =
			f->number[affinity_kernel_rank_key_no(f->key[i])];
		float		similarity = affinity_kernel_rank_key_score(f->key[i]);
		uint32		bits;

		similarity = Min(similarity, 1);
		memcpy(&bits, &similarity, sizeof(bits));
		f->key[i] = ~((uint64) other << 32 | bits);
	}
	affinity_kernel_sort_descending(f->key, n, f->scratch);
	for (size_t i = 0; i < n; i++)
	{
		uint64		pair = ~f->key[i];
		uint32		bits = (uint32) pair;

		alike->item[at + i] = (uint32) (pair >> 32);
		memcpy(&alike->similarity[at + i], &bits, sizeof(bits));
	}
	/* lengths for now, which become offsets */
	alike->start[f->number[item]] = (int64) n;
}

/* ---- tags -------------------------------------------------------------- */

/*
 * What each tag counts in a product: the square of its idf.
 */
static double *
weigh_tags(const AffinityAttributes *a)
{
	double	   *weight = affinity_base_array(a->by_tag.n_rows, sizeof(double));

	for (uint32 t = 0; t < a->by_tag.n_rows; t++)
	{
		double		items = a->by_tag.start[t + 1] - a->by_tag.start[t];
		double		idf = log((a->n + 1) / items);

		weight[t] = idf * idf;
	}
	return weight;
}

static void
find_by_tags(Finding *f)
{
	const AffinityAttributes *a = f->attributes;
	double	   *weight = weigh_tags(a);
	double	   *length = affinity_base_array(a->n, sizeof(double));
	double	   *sum = affinity_base_zeroed_array((Size) a->n + 1,
												 sizeof(double));
	uint32	   *touched = affinity_base_array((Size) a->n + 1, sizeof(uint32));
	float	   *score = affinity_base_array((Size) a->n + 1, sizeof(float));
	uint64		work = 0;

	for (uint32 i = 0; i < a->n; i++)
	{
		length[i] = 0;
		for (int64 e = a->by_item.start[i]; e < a->by_item.start[i + 1]; e++)
			length[i] += weight[a->by_item.col[e]];
		length[i] = sqrt(length[i]);
		affinity_base_look_up(i);
	}
	for (uint32 i = 0; i < a->n; i++)
	{
		uint32		n_touched = 0;

		for (int64 e = a->by_item.start[i]; e < a->by_item.start[i + 1]; e++)
		{
			uint32		tag = a->by_item.col[e];
			int64		from = a->by_tag.start[tag];
			int64		n = a->by_tag.start[tag + 1] - from;

			n_touched = affinity_kernel_sparse_add(sum, touched, n_touched,
												   a->by_tag.col + from, NULL,
												   n, weight[tag]);
			affinity_base_look_after(&work, n);
		}
		for (uint32 t = 0; t < n_touched; t++)
		{
			uint32		other = touched[t];

			score[t] = other == i ? 0 :
				(float) (sum[other] / (length[i] * length[other]));
			sum[other] = 0;
		}
		put_best(f, i, affinity_kernel_topk_scores(score, touched, n_touched,
												   f->k, f->key, f->scratch));
		affinity_base_look_after(&work, n_touched);
	}
	pfree(weight);
	pfree(length);
	pfree(sum);
	pfree(touched);
	pfree(score);
}

/* ---- embeddings -------------------------------------------------------- */

static void
try_products(const float *product, uint32 row, uint32 from, uint32 n,
			 AffinityTopK *top)
{
	for (uint32 c = 0; c < n; c++)
	{
		if (product[c] > 0 && from + c != row)
			affinity_kernel_topk_push(top,
									  affinity_kernel_rank_key(product[c],
															   from + c));
	}
}

static void
find_by_embeddings(Finding *f)
{
	const AffinityAttributes *a = f->attributes;
	const AffinityBlas *blas = affinity_train_blas();
	Size		room = 2 * (Size) f->k + 1;
	float	   *product = affinity_base_array((Size) BLOCK * COLUMNS,
											  sizeof(float));
	AffinityTopK top[BLOCK];
	int			width = (int) a->width;

	for (int r = 0; r < BLOCK; r++)
		top[r].key = affinity_base_array(room, sizeof(uint64));
	for (uint32 first = 0; first < a->n; first += BLOCK)
	{
		uint32		n_rows = Min(BLOCK, a->n - first);

		for (uint32 r = 0; r < n_rows; r++)
			affinity_kernel_topk_init(&top[r], top[r].key, f->k, room);
		for (uint32 from = 0; from < a->n; from += COLUMNS)
		{
			uint32		n = Min(COLUMNS, a->n - from);

			CHECK_FOR_INTERRUPTS();
			affinity_train_blas_ready();
			blas->sgemm(AFFINITY_BLAS_BY_ROWS, AFFINITY_BLAS_AS_IS,
						AFFINITY_BLAS_TRANSPOSED, (int) n_rows, (int) n, width,
						1, a->vector + (Size) first * width, width,
						a->vector + (Size) from * width, width, 0, product,
						COLUMNS);
			for (uint32 r = 0; r < n_rows; r++)
				try_products(product + (Size) r * COLUMNS, first + r, from, n,
							 &top[r]);
		}
		for (uint32 r = 0; r < n_rows; r++)
		{
			affinity_kernel_topk_finish(&top[r], f->scratch);
			memcpy(f->key, top[r].key, top[r].n * sizeof(uint64));
			put_best(f, first + r, top[r].n);
		}
	}
	for (int r = 0; r < BLOCK; r++)
		pfree(top[r].key);
	pfree(product);
}

/* ---- the whole --------------------------------------------------------- */

/*
 * From rows of room for k to rows one after the other.
 */
static void
close_up(Finding *f)
{
	AffinityAlike *alike = f->alike;
	uint32		next = 0;
	int64		to = 0;

	/* rows are in the order of items already: they only move down */
	for (uint32 no = 0; no < alike->n; no++)
	{
		int64		n = alike->start[no];

		affinity_base_look_up(no);
		alike->start[no] = to;
		if (next == f->attributes->n || f->number[next] != no)
			continue;
		memmove(alike->item + to, alike->item + (Size) next * f->k,
				n * sizeof(uint32));
		memmove(alike->similarity + to, alike->similarity + (Size) next * f->k,
				n * sizeof(float));
		to += n;
		next++;
	}
	alike->start[alike->n] = to;
}

/*
 * The k items most like each, of a matrix whose items have attributes; of
 * those that have none nothing.
 */
const AffinityAlike *
affinity_attribute_alike(const AffinityInteractions *in, uint32 k)
{
	const AffinityAttributes *a = in->attributes;
	AffinityAlike *alike = palloc0(sizeof(AffinityAlike));
	Finding		f = {.attributes = a, .alike = alike};
	Size		entries;
	Size		room;

	f.k = Min(k, Max(a->n, 1));
	entries = mul_size(a->n, f.k);
	affinity_base_need_memory(mul_size(entries,
									   sizeof(uint32) + sizeof(float)),
							  "use fewer \"attribute_neighbors\"",
							  "%u neighbors by attributes of %u items need",
							  f.k, a->n);
	f.number = number_items(in);
	alike->n = in->n_items;
	alike->start = affinity_base_zeroed_array((Size) alike->n + 1,
											  sizeof(int64));
	alike->item = affinity_base_array(entries, sizeof(uint32));
	alike->similarity = affinity_base_array(entries, sizeof(float));
	room = Max((Size) a->n, 2 * (Size) f.k) + 2;
	f.key = affinity_base_array(room, sizeof(uint64));
	f.scratch = affinity_base_array(room, sizeof(uint64));
	if (a->width == 0)
		find_by_tags(&f);
	else
		find_by_embeddings(&f);
	close_up(&f);
	pfree(f.key);
	pfree(f.scratch);
	pfree(unconstify(uint32 *, f.number));
	return alike;
}
