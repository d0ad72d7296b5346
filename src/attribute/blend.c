/*
 * blend.c
 *		Lists of neighbors by users, blended with those by attributes.
 *
 * s_ij is the score that an algorithm gives j in the list of i, 0 where j is
 * not in it. a_ij is the similarity of i and j by attributes if one of them is
 * among the few items most like the other, else 0. n is the number of users of
 * i or of j, whichever has fewer. What is stored are the best of
 *
 *		(n s_ij + c g r_i a_ij) / (n + c)
 *
 * with c the option attribute_users and g attribute_weight: the more users, the
 * more they say, as a mean that is shrunk to what was expected of it (c / (n + c)
 * is the weight of Bell and Koren, 2007). Pairs of which one has nothing alike
 * keep s_ij. Where nobody has one of the two, attributes are all there is,
 * whatever c is.
 *
 * r_i makes both comparable: the mean of the first scores in the list of i, as
 * many as there are items looked at by attributes, divided by the mean of the
 * similarities of these. Of an item whose list is empty it is the mean of the
 * others, and 1 where there are none. So an item that nobody has comes about where the first neighbors do,
 * in the lists of those that it is like, whatever scores and similarities are.
 *
 * Kinds of events have lists of their own, and what makes them comparable too.
 * An item that is looked at may well be bought: it is like itself.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "miscadmin.h"

#include "attribute/attribute.h"
#include "kernel/topk.h"

typedef struct Blend
{
	const AffinityAttributeOptions *options;
	AffinityKeptLists lists;
	const AffinityAlike *alike;
	int64	   *back_start;		/* the same by the other item */
	uint32	   *back_item;
	float	   *back_similarity;
	float	   *users;			/* of each item's events of each kind: kind by
								 * kind */
	double	   *scale;			/* of each list */
	uint32		longest;

	/* one list's */
	uint32		n_touched;
	uint32	   *touched;
	bool	   *is_touched;
	float	   *score;			/* by item: what users say */
	float	   *similarity;		/* by item: what attributes say */
	float	   *size;			/* of touched items: how far from 0 */
	uint64	   *key;
	uint64	   *scratch;
	int32	   *neighbor;
	float	   *blended;
} Blend;

/* ---- what attributes say ------------------------------------------------ */

/*
 * What part attributes have in what is said of an item with so many users.
 */
double
affinity_attribute_share(const AffinityAttributeOptions *o, double users)
{
	return users > 0 ? o->attribute_users / (users + o->attribute_users) : 1;
}

/*
 * Rows of similarities by the other item.
 */
static void
turn(Blend *b)
{
	const AffinityAlike *alike = b->alike;
	int64		n = alike->start[alike->n];
	int64	   *at;

	b->back_start = affinity_base_zeroed_array((Size) alike->n + 1,
											   sizeof(int64));
	b->back_item = affinity_base_array(n, sizeof(uint32));
	b->back_similarity = affinity_base_array(n, sizeof(float));
	for (int64 e = 0; e < n; e++)
	{
		affinity_base_look_up(e);
		b->back_start[alike->item[e] + 1]++;
	}
	for (uint32 i = 0; i < alike->n; i++)
		b->back_start[i + 1] += b->back_start[i];
	at = affinity_base_array(alike->n, sizeof(int64));
	memcpy(at, b->back_start, alike->n * sizeof(int64));
	for (uint32 i = 0; i < alike->n; i++)
	{
		affinity_base_look_up(i);
		for (int64 e = alike->start[i]; e < alike->start[i + 1]; e++)
		{
			int64		to = at[alike->item[e]]++;

			b->back_item[to] = i;
			b->back_similarity[to] = alike->similarity[e];
		}
	}
	pfree(at);
}

/* ---- what makes both comparable ----------------------------------------- */

/*
 * The mean of the largest scores above 0 of a list; 0 where there is none.
 */
static double
mean_score(const Blend *b, Size no)
{
	Size		from = b->lists.start[no];
	Size		to = Min(b->lists.start[no + 1],
						 from + b->options->attribute_neighbors);
	double		sum = 0;
	Size		e;

	for (e = from; e < to && b->lists.weight[e] > 0; e++)
		sum += b->lists.weight[e];
	return e > from ? sum / (e - from) : 0;
}

static double
mean_similarity(const AffinityAlike *alike, uint32 item)
{
	int64		n = alike->start[item + 1] - alike->start[item];
	double		sum = 0;

	for (int64 e = alike->start[item]; e < alike->start[item + 1]; e++)
		sum += alike->similarity[e];
	return n > 0 ? sum / n : 0;
}

static void
find_scales(Blend *b)
{
	uint32		n_kinds = b->lists.n_kinds;

	b->scale = affinity_base_zeroed_array((Size) b->lists.n_items * n_kinds,
										  sizeof(double));
	for (uint32 kind = 0; kind < n_kinds; kind++)
	{
		double		sum = 0;
		uint32		n = 0;

		for (uint32 i = 0; i < b->lists.n_items; i++)
		{
			Size		no = (Size) i * n_kinds + kind;
			double		similarity = mean_similarity(b->alike, i);
			double		score = mean_score(b, no);

			affinity_base_look_up(i);
			if (!(score > 0) || !(similarity > 0))
				continue;
			sum += b->scale[no] = score / similarity;
			n++;
		}
		for (uint32 i = 0; i < b->lists.n_items; i++)
		{
			Size		no = (Size) i * n_kinds + kind;

			affinity_base_look_up(i);
			if (b->lists.start[no] == b->lists.start[no + 1])
				b->scale[no] = n > 0 ? sum / n : 1;
		}
	}
}

/* ---- one list ----------------------------------------------------------- */

static inline void
touch(Blend *b, uint32 item)
{
	if (b->is_touched[item])
		return;
	b->is_touched[item] = true;
	b->touched[b->n_touched++] = item;
}

/*
 * Scores of a list, and what attributes say of its item.
 */
static void
gather(Blend *b, uint32 item, uint32 kind)
{
	Size		no = (Size) item * b->lists.n_kinds + kind;
	const AffinityAlike *alike = b->alike;

	b->n_touched = 0;
	for (Size e = b->lists.start[no]; e < b->lists.start[no + 1]; e++)
	{
		touch(b, (uint32) b->lists.item[e]);
		b->score[b->lists.item[e]] = b->lists.weight[e];
	}
	for (int64 e = alike->start[item]; e < alike->start[item + 1]; e++)
	{
		touch(b, alike->item[e]);
		b->similarity[alike->item[e]] = alike->similarity[e];
	}
	for (int64 e = b->back_start[item]; e < b->back_start[item + 1]; e++)
	{
		uint32		other = b->back_item[e];

		touch(b, other);
		b->similarity[other] = Max(b->similarity[other],
								   b->back_similarity[e]);
	}
	if (kind > 0 && alike->start[item + 1] > alike->start[item])
	{
		touch(b, item);
		b->similarity[item] = 1;
	}
}

/*
 * What is stored of a pair. It is a real, and what is above 0 stays so.
 */
static float
blend_pair(const Blend *b, uint32 item, uint32 other, uint32 kind)
{
	const AffinityAttributeOptions *o = b->options;
	const AffinityAlike *alike = b->alike;
	double		score = b->score[other];
	double		share;

	if (alike->start[item] == alike->start[item + 1] ||
		alike->start[other] == alike->start[other + 1])
		return (float) score;
	share = affinity_attribute_share(o,
									 Min(b->users[(Size) kind * b->lists.n_items + item],
										 b->users[other]));
	score = (1 - share) * score + share * o->attribute_weight *
		b->scale[(Size) item * b->lists.n_kinds + kind] * b->similarity[other];
	if (score > 0)
		return (float) Max(Min(score, FLT_MAX), AFFINITY_LEAST);
	return (float) Max(score, -FLT_MAX);
}

/*
 * The best of a list, those farthest from 0, by score; its arrays are cleared.
 */
static uint32
choose(Blend *b, uint32 item, uint32 kind)
{
	uint32		n;

	for (uint32 t = 0; t < b->n_touched; t++)
	{
		uint32		other = b->touched[t];

		b->score[other] = blend_pair(b, item, other, kind);
		b->size[t] = fabsf(b->score[other]);
	}
	n = (uint32) affinity_kernel_select_scores(b->size, b->touched,
											   b->n_touched, b->longest,
											   b->key);
	for (uint32 i = 0; i < n; i++)
	{
		uint32		other = affinity_kernel_rank_key_no(b->key[i]);

		b->key[i] = affinity_kernel_rank_key(b->score[other], other);
	}
	affinity_kernel_sort_descending(b->key, n, b->scratch);
	for (uint32 i = 0; i < n; i++)
	{
		b->neighbor[i] = (int32) affinity_kernel_rank_key_no(b->key[i]);
		b->blended[i] = affinity_kernel_rank_key_score(b->key[i]);
	}
	for (uint32 t = 0; t < b->n_touched; t++)
	{
		b->is_touched[b->touched[t]] = false;
		b->score[b->touched[t]] = b->similarity[b->touched[t]] = 0;
	}
	return n;
}

static void
put_lists(Blend *b, AffinityItemSink *sink)
{
	for (uint32 i = 0; i < b->lists.n_items; i++)
	{
		for (uint32 kind = 0; kind < b->lists.n_kinds; kind++)
		{
			Size		no = (Size) i * b->lists.n_kinds + kind;
			AffinityItemRow row = {.item = i, .kind = kind};

			CHECK_FOR_INTERRUPTS();
			gather(b, i, kind);
			row.n_neighbors = choose(b, i, kind);
			row.neighbor = b->neighbor;
			row.score = b->blended;
			row.popularity = b->lists.popularity[no];
			row.n_users = b->lists.n_users[no];
			sink->put(sink, &row);
		}
	}
}

/* ---- the whole ---------------------------------------------------------- */

static void
count_users(Blend *b, const AffinityInteractions *in)
{
	b->users = affinity_base_array(in->by_item.n_rows, sizeof(float));
	for (uint32 i = 0; i < in->by_item.n_rows; i++)
	{
		affinity_base_look_up(i);
		b->users[i] = affinity_train_item_row(&in->by_item, i).popularity;
	}
}

static void
begin(Blend *b, const AffinityInteractions *in, int32 neighbors)
{
	Size		n = in->n_items;
	Size		all = (Size) b->options->attribute_neighbors * n;

	b->longest = Min((uint32) neighbors, in->n_items);
	affinity_base_need_memory(mul_size(add_size(mul_size(in->by_item.n_rows,
														 b->longest), 2 * all),
									   sizeof(int32) + sizeof(float)),
							  "use fewer \"neighbors\" or \"attribute_neighbors\"",
							  "%u neighbors of %u items, by users and by attributes, need",
							  b->longest, in->n_items);
	count_users(b, in);
	b->alike = affinity_attribute_alike(in, b->options->attribute_neighbors);
	turn(b);
	b->touched = affinity_base_array(n + 1, sizeof(uint32));
	b->is_touched = affinity_base_zeroed_array(n, sizeof(bool));
	b->score = affinity_base_zeroed_array(n, sizeof(float));
	b->similarity = affinity_base_zeroed_array(n, sizeof(float));
	b->size = affinity_base_array(n + 1, sizeof(float));
	b->key = affinity_base_array(n + 1, sizeof(uint64));
	b->scratch = affinity_base_array(n + 1, sizeof(uint64));
	b->neighbor = affinity_base_array(b->longest, sizeof(int32));
	b->blended = affinity_base_array(b->longest, sizeof(float));
}

/*
 * Train by a function that puts lists of so many neighbors, and put them
 * blended, where there are attributes.
 */
void
affinity_attribute_blend(AffinityInteractions *in,
						 const AffinityAttributeOptions *o, int32 neighbors,
						 AffinityTrainLists train, const void *options,
						 AffinityItemSink *sink)
{
	Blend		b = {.options = o};

	if (in->attributes == NULL)
	{
		train(in, options, sink);
		return;
	}
	begin(&b, in, neighbors);
	affinity_train_lists_keep(&b.lists, in->n_items, in->n_kinds, sink);
	train(in, options, &b.lists.sink);
	sink->popularity = b.lists.sink.popularity;
	find_scales(&b);
	put_lists(&b, sink);
}

bool
affinity_attribute_always(const void *options)
{
	(void) options;
	return true;
}
