/*
 * diverse.c
 *		How similar rows of a list are to those chosen before them.
 *
 * By factors the similarity of two items is their cosine, as similar_items
 * shows it. By lists it is the larger of the two scores that the lists of the
 * pair have for each other, each divided by the largest of its list, since
 * scores of lists have no scale in common. What is not above 0 is 0.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/memutils.h"

#include "kernel/vector.h"
#include "score/ranker.h"

/* A row whose list has another one, or that is in that one's. */
typedef struct Link
{
	uint32		row;
	uint32		next;			/* of the same row, from 1; 0: the last */
	double		similarity;
} Link;

struct Diverse
{
	const AffinityScorer *scorer;
	MemoryContext context;
	uint32		n;
	const uint32 *no;			/* of the rows */
	double	   *norm;			/* by factors: squared, beside the rows */
	Size		room;			/* of what is beside the rows */

	/* by lists */
	uint64	   *bits;			/* by number: is there a row? */
	uint32	   *place;			/* by number, where there is: which */
	float	   *largest;		/* of each item's list, by number; 0: not yet
								 * known; NULL: not kept, as there is one list
								 * alone to be made */
	uint32	   *first;			/* link of a row, from 1; 0: none */
	uint32	   *sorted;			/* numbers */
	AffinityList *list;			/* of some of them */
	Link	   *link;
	Size		n_links;
	Size		link_room;
};

/*
 * Lives in the current memory context.
 */
Diverse *
affinity_score_diverse_begin(const AffinityScorer *scorer)
{
	Diverse    *d = palloc0(sizeof(Diverse));

	d->scorer = scorer;
	d->context = CurrentMemoryContext;
	if (scorer->factors)
		return d;
	d->list = palloc(AFFINITY_LISTS_AT_ONCE * sizeof(AffinityList));
	d->bits = affinity_base_zeroed_array((Size) scorer->n_items / 64 + 1,
										 sizeof(uint64));
	d->place = affinity_base_array(scorer->n_items, sizeof(uint32));
	if (scorer->lists.place)
		d->largest = affinity_base_zeroed_array(scorer->n_items,
												sizeof(float));
	return d;
}

static void
make_room(Diverse *d, Size n)
{
	if (n <= d->room)
		return;
	n = Max(n, 2 * d->room);
	if (d->room > 0)
	{
		d->room = 0;
		pfree(d->norm);
		pfree(d->first);
		pfree(d->sorted);
	}
	d->norm = MemoryContextAllocHuge(d->context, n * sizeof(double));
	d->first = MemoryContextAllocHuge(d->context, n * sizeof(uint32));
	d->sorted = MemoryContextAllocHuge(d->context, n * sizeof(uint32));
	d->room = n;
}

/* ---- factors ----------------------------------------------------------- */

/*
 * Biases are not part of what an item is like.
 */
static const float *
factors_of(const Diverse *d, uint32 row, uint32 *width)
{
	const AffinityFactors *f = d->scorer->factors;
	uint32		skip = Min(d->scorer->algorithm->n_bias_factors, f->width);

	*width = f->width - skip;
	return f->item + (Size) d->no[row] * f->stride + skip;
}

static void
measure_rows(Diverse *d)
{
	for (uint32 i = 0; i < d->n; i++)
	{
		uint32		width;
		const float *own = factors_of(d, i, &width);

		affinity_base_look_up(i);
		d->norm[i] = affinity_kernel_dot_f4(own, own, width);
	}
}

/*
 * The larger of the two cosines that similar_items shows, which may differ in
 * the last bit.
 */
static double
cosine_of(const Diverse *d, uint32 a, uint32 b)
{
	uint32		width;
	const float *x = factors_of(d, a, &width);
	const float *y = factors_of(d, b, &width);
	double		dot = affinity_kernel_dot_f4(x, y, width);
	float		one = (float) (dot / sqrt(d->norm[a]) / sqrt(d->norm[b]));
	float		other = (float) (dot / sqrt(d->norm[b]) / sqrt(d->norm[a]));

	one = Max(one, other);
	return one > 0 ? Min(one, 1) : 0;
}

/* ---- lists ------------------------------------------------------------- */

static void
add_link(Diverse *d, uint32 from, uint32 to, double similarity)
{
	Link	   *link;

	if (d->n_links == d->link_room)
	{
		d->link_room = Max(2 * d->link_room, 1024);
		affinity_base_need_memory(d->link_room * sizeof(Link),
								  "ask for an earlier page",
								  "a list of %u items with diversity needs",
								  d->n);
		if (d->link == NULL)
			d->link = MemoryContextAllocHuge(d->context, d->link_room *
											 sizeof(Link));
		else
			d->link = repalloc_huge(d->link, d->link_room * sizeof(Link));
	}
	link = &d->link[d->n_links++];
	link->row = to;
	link->next = d->first[from];
	link->similarity = similarity;
	d->first[from] = (uint32) d->n_links;
}

/*
 * The largest score of an item's list; 0 or less: it has no similar items.
 */
static float
largest_of(Diverse *d, uint32 no, const AffinityList *list)
{
	float		largest = 0;

	if (d->largest && d->largest[no] != 0)
		return d->largest[no];
	for (uint32 i = 0; i < list->n; i++)
		largest = Max(largest, list->score[i]);
	if (d->largest)
		d->largest[no] = largest > 0 ? largest : -1;
	return largest;
}

/*
 * Most of a list are no rows: a bit says so, and bits stay in the cache.
 */
static void
link_list(Diverse *d, uint32 no, const AffinityList *list)
{
	uint32		row = d->place[no];
	float		largest = largest_of(d, no, list);

	for (uint32 i = 0; i < list->n; i++)
	{
		uint32		item = (uint32) list->item[i];

		if ((d->bits[item / 64] >> (item % 64) & 1) == 0 || item == no ||
			!(list->score[i] > 0))
			continue;
		add_link(d, row, d->place[item], (double) list->score[i] / largest);
		add_link(d, d->place[item], row, (double) list->score[i] / largest);
	}
}

/*
 * The lists of some rows, by their numbers.
 */
static void
find_lists(const AffinityScorer *scorer, const uint32 *no, uint32 n,
		   AffinityList *list)
{
	const AffinityLists *lists = &scorer->lists;

	if (lists->place == NULL)
	{
		scorer->read_lists(scorer->reader, no, n, list);
		return;
	}
	for (uint32 i = 0; i < n; i++)
	{
		const AffinityListPlace *place = &lists->place[no[i]];

		list[i].n = place->n;
		list[i].item = lists->item + place->start;
		list[i].score = lists->score + place->start;
	}
}

static void
link_rows(Diverse *d)
{
	memset(d->first, 0, d->n * sizeof(uint32));
	d->n_links = 0;
	for (uint32 i = 0; i < d->n; i++)
	{
		d->bits[d->no[i] / 64] |= (uint64) 1 << (d->no[i] % 64);
		d->place[d->no[i]] = i;
		d->sorted[i] = d->no[i];
	}
	qsort(d->sorted, d->n, sizeof(uint32), affinity_score_compare);
	for (uint32 from = 0; from < d->n; from += AFFINITY_LISTS_AT_ONCE)
	{
		uint32		n = Min(d->n - from, AFFINITY_LISTS_AT_ONCE);

		find_lists(d->scorer, d->sorted + from, n, d->list);
		for (uint32 i = 0; i < n; i++)
		{
			CHECK_FOR_INTERRUPTS();
			link_list(d, d->sorted[from + i], &d->list[i]);
		}
	}
	for (uint32 i = 0; i < d->n; i++)
		d->bits[d->no[i] / 64] = 0;
}

/* ---- both -------------------------------------------------------------- */

/*
 * The rows of a list are n items, each once.
 */
void
affinity_score_diverse_rows(Diverse *d, const uint32 *no, uint32 n)
{
	d->no = no;
	d->n = n;
	make_room(d, n);
	if (d->scorer->factors)
		measure_rows(d);
	else
		link_rows(d);
}

/*
 * A row was chosen: how similar others are to the most similar of those, in
 * similar, by row. By factors only n of a window are kept up to date.
 */
void
affinity_score_diverse_choose(Diverse *d, uint32 chosen, const uint32 *window,
							  uint32 n, double *similar)
{
	if (d->scorer->factors)
	{
		for (uint32 i = 0; i < n; i++)
			similar[window[i]] = Max(similar[window[i]],
									 cosine_of(d, chosen, window[i]));
		return;
	}
	for (uint32 l = d->first[chosen]; l != 0; l = d->link[l - 1].next)
	{
		const Link *link = &d->link[l - 1];

		similar[link->row] = Max(similar[link->row], link->similarity);
	}
}

/*
 * A row comes into the window after n were chosen.
 */
void
affinity_score_diverse_enter(Diverse *d, uint32 row, const uint32 *chosen,
							 uint32 n, double *similar)
{
	CHECK_FOR_INTERRUPTS();
	if (d->scorer->factors == NULL)
		return;
	for (uint32 i = 0; i < n; i++)
		similar[row] = Max(similar[row], cosine_of(d, chosen[i], row));
}
