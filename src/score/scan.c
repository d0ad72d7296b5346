/*
 * scan.c
 *		The best by factors, without scoring all items.
 *
 * A copy of the items in bytes, in order of their norms, says what their
 * scores are at most (kernel/scan.c). What may be among the k best is scored
 * exactly, as it is where all items are: scores, their order and ties are the
 * same. The better the k-th best so far, the fewer items are left to score,
 * and where the norms of those that follow are too small the scan ends.
 *
 * Where the copy says nothing, or k is a large part of the catalog, all items
 * are scored.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/memutils.h"

#include "kernel/scan_walk.h"
#include "kernel/vector.h"
#include "score/ranker.h"

/* Fewer items than that are scored as fast as they are looked through. */
#define FEWEST_ITEMS	1024

/* A list is a small part of the catalog if that is so many times as long. */
#define MOST_PART		32

/* Blocks, and items, between two looks at interrupts. */
#define BLOCKS_AT_ONCE	4096
#define ITEMS_AT_ONCE	4096

/* ---- making it --------------------------------------------------------- */

/*
 * How many bytes the copy takes, in an area that begins at a multiple of 64;
 * 0: it would be of no use.
 */
Size
affinity_score_scan_bytes(uint32 n_items, uint32 width)
{
	if (n_items < FEWEST_ITEMS || width == 0 ||
		width > AFFINITY_SCAN_MOST_WIDTH)
		return 0;
	return affinity_kernel_scan_bytes(n_items, width);
}

/*
 * Norms of all items, in order; false where one is too large.
 */
static bool
sort_norms(AffinityScan *scan, const AffinityFactors *factors, uint64 *key)
{
	double	   *square = palloc0(factors->width * sizeof(double));
	uint64	   *scratch;

	for (uint32 from = 0; from < factors->n_items; from += ITEMS_AT_ONCE)
	{
		CHECK_FOR_INTERRUPTS();
		if (!affinity_kernel_scan_norms(factors->item, factors->stride,
										factors->width, from,
										Min(ITEMS_AT_ONCE,
											factors->n_items - from), key,
										square))
			return false;
	}
	scratch = affinity_base_array(factors->n_items, sizeof(uint64));
	affinity_kernel_sort_descending(key, factors->n_items, scratch);
	pfree(scratch);
	affinity_kernel_scan_units(scan, square);
	pfree(square);
	return true;
}

/*
 * Make the copy in an area of affinity_score_scan_bytes; false where nothing
 * could be said by it.
 */
bool
affinity_score_scan_make(const AffinityAlgorithm *algorithm,
						 const AffinityFactors *factors, void *area)
{
	uint64	   *key = affinity_base_array(factors->n_items, sizeof(uint64));
	uint32		n_biases = Min(algorithm->n_bias_factors, factors->width);
	AffinityScan scan;
	bool		made;

	affinity_kernel_scan_place(&scan, area, factors->n_items, factors->width);
	made = sort_norms(&scan, factors, key);
	for (uint32 b = 0; made && b < scan.n_blocks;)
	{
		uint32		n = Min(ITEMS_AT_ONCE / AFFINITY_SCAN_BLOCK,
							scan.n_blocks - b);

		CHECK_FOR_INTERRUPTS();
		affinity_kernel_scan_fill(&scan, factors->item, factors->stride,
								  n_biases, key, b, n);
		b += n;
	}
	pfree(key);
	return made;
}

/* ---- using it ---------------------------------------------------------- */

/*
 * A scan under way: positions of items that may be among the best.
 */
typedef struct Walk
{
	AffinityScan scan;
	AffinityScanUser user;
	AffinityScanWalk walk;
	size_t		block;			/* where it goes on */
	size_t		hit_block;		/* of the items in hits */
	uint32		hits;
} Walk;

/*
 * Begin with a vector; NULL where the copy cannot be used. The result is in
 * the current memory context.
 */
static Walk *
begin_walk(const AffinityFactors *factors, uint32 k, const float *vector,
		   float offset, bool cosine)
{
	Walk	   *w;

	if (factors->scan_area == NULL || k > factors->n_items / MOST_PART)
		return NULL;
	w = palloc(sizeof(Walk));
	affinity_kernel_scan_place(&w->scan, unconstify(void *, factors->scan_area),
							   factors->n_items, factors->width);
	if (!affinity_kernel_scan_user(&w->scan, vector, offset, cosine, &w->user))
	{
		pfree(w);
		return NULL;
	}
	w->walk = affinity_kernel_scan_walk();
	w->block = 0;
	w->hits = 0;
	return w;
}

/*
 * The number of the next item whose score may be floor or more; false at the
 * end.
 */
static bool
next_item(Walk *w, float floor, uint32 *no)
{
	while (w->hits == 0)
	{
		if (w->block >= w->scan.n_blocks)
			return false;
		CHECK_FOR_INTERRUPTS();
		w->block = w->walk(&w->scan, &w->user, w->block,
						   Min(w->block + BLOCKS_AT_ONCE, w->scan.n_blocks),
						   floor, &w->hits);
		w->hit_block = w->block - 1;
	}
	*no = w->scan.no[w->hit_block * AFFINITY_SCAN_BLOCK +
					 pg_rightmost_one_pos32(w->hits)];
	w->hits &= w->hits - 1;
	return true;
}

/*
 * What a score has to be at least for its key to be above the floor of the
 * keys: a little less than the score of that, as equal scores go by number
 * and scores are rounded.
 */
static float
least_score(const AffinityTopK *top, float least)
{
	if (top->floor == 0)
		return least;
	return Max(nextafterf(affinity_kernel_rank_key_score(top->floor),
						  -INFINITY), least);
}

/*
 * The largest factor by which rules change a score.
 */
static double
most_factor(const AffinityRanker *r)
{
	const AffinityRules *rules = r->selection.rules;
	float		most = 0;

	if (!r->has_factor)
		return 1;
	if (isfinite(r->most_factor) && r->factor)
		return r->most_factor;
	/* a penalty is a factor of 1 at most */
	if (rules->factor == NULL)
		return 1;
	for (uint32 i = 0; i < r->scorer->n_items; i++)
		most = Max(most, rules->factor[i]);
	return most;
}

/*
 * The same before rules change it by a factor of that at most. Scores below 0
 * are divided by it, and may become anything up to 0.
 */
static float
least_unruled(const AffinityTopK *top, double most)
{
	float		least = least_score(top, -FLT_MAX);

	if (most == 1 || least <= 0)
		return most == 1 ? least : -FLT_MAX;
	/* both roundings to real are less than that */
	return (float) (least / most * (1 - 1e-6));
}

/*
 * Keys of the best for the user who was folded in last, but for the excluded;
 * false where all items have to be scored.
 */
bool
affinity_score_scan_best(AffinityRanker *r, AffinityTopK *top)
{
	const AffinitySelection *s = &r->selection;
	const ScoreFold *f = r->fold;
	Walk	   *w = begin_walk(f->factors, s->k, f->user, f->offset, false);
	double		most;
	uint32		no;

	if (w == NULL)
		return false;
	most = most_factor(r);
	while (next_item(w, least_unruled(top, most), &no))
	{
		if (no >= f->factors->n_items || !affinity_score_may_be(r, no) ||
			(s->n_excluded > 0 &&
			 bsearch(&no, s->excluded, s->n_excluded, sizeof(uint32),
					 affinity_score_compare)))
			continue;
		affinity_score_push(r, top, no, affinity_score_fold_score(f, no));
	}
	pfree(w);
	return true;
}

/*
 * Keys of the items most like one by the cosine of factors, if that is above
 * 0; false where all have to be compared. norm is the square of that of the
 * item.
 */
bool
affinity_score_scan_similar(const AffinityScorer *scorer, uint32 self,
							double norm, AffinityTopK *top)
{
	const AffinityFactors *factors = scorer->factors;
	uint32		skip = Min(scorer->algorithm->n_bias_factors, factors->width);
	float	   *vector = palloc0(factors->width * sizeof(float));
	Walk	   *w;
	uint32		no;

	memcpy(vector + skip, factors->item + self * factors->stride + skip,
		   (factors->width - skip) * sizeof(float));
	w = begin_walk(factors, (uint32) top->k, vector, 0, true);
	pfree(vector);
	if (w == NULL)
		return false;
	while (next_item(w, least_score(top, 0), &no))
	{
		if (no < factors->n_items && no != self)
			affinity_score_push_cosine(scorer, self, no, norm, top);
	}
	pfree(w);
	return true;
}
