/*
 * What scores by factors can be at most (scan.c), against plain loops: is
 * every item that reaches the floor among those that are found? And the k
 * best that follow from it.
 */
#include <float.h>

#include "kernel/scan_walk.h"
#include "kernel/score.h"
#include "kernel/topk.h"
#include "tap.h"

/* What a vector's numbers are like. */
typedef enum Kind
{
	EVEN,
	FIRST_COLUMNS,				/* much larger than the others */
	NORMS,						/* of all sizes */
	EQUAL,						/* many rows are the same */
	ZEROS,						/* many numbers and rows are 0 */
	HUGE_NUMBERS,
	TINY,						/* too small for a real, in part */
	N_KINDS
} Kind;

static const char *const kind_names[N_KINDS] = {
	"even", "first columns", "norms", "equal", "zeros", "huge", "tiny"
};

typedef struct Case
{
	size_t		n;
	size_t		width;
	size_t		stride;
	size_t		n_biases;
	float	   *item;
	double	   *user;			/* for exact scores */
	float	   *vector;
	double		offset;
	void	   *area;
	AffinityScan scan;
	bool		made;
} Case;

static void
fill_row(float *row, size_t width, Kind kind)
{
	double		size = 1;

	if (kind == NORMS)
		size = pow(10, 3 * random_real());
	if (kind == HUGE_NUMBERS)
		size = pow(10, 13 + 2 * random_real());
	if (kind == TINY)
		size = pow(10, -38 + 7 * random_real());
	if (kind == ZEROS && random_below(3) == 0)
		size = 0;
	for (size_t f = 0; f < width; f++)
	{
		double		x = random_real() * size;

		if (kind == FIRST_COLUMNS)
			x /= (double) (f + 1) * (f + 1);
		if (kind == EQUAL)
			x = (double) random_below(2) - 0.5;
		if (kind == ZEROS && random_below(2) == 0)
			x = 0;
		row[f] = (float) x;
	}
}

static void
make_case(Case *c, Kind kind, size_t width)
{
	uint64_t   *key;
	uint64_t   *scratch;
	double	   *square = take(width, sizeof(double));

	memset(square, 0, width * sizeof(double));
	c->width = width;
	c->stride = (width + 15) / 16 * 16;
	c->n = 1 + random_below(400);
	c->n_biases = random_below(2) * random_below((uint32_t) width);
	c->item = take(c->n * c->stride, sizeof(float));
	memset(c->item, 0, c->n * c->stride * sizeof(float));
	c->vector = take(c->stride, sizeof(float));
	memset(c->vector, 0, c->stride * sizeof(float));
	c->user = take(c->stride, sizeof(double));
	for (size_t i = 0; i < c->n; i++)
		fill_row(c->item + i * c->stride, width, kind);
	fill_row(c->vector, width, kind == TINY && random_below(2) ? EVEN : kind);
	for (size_t f = 0; f < c->stride; f++)
		c->user[f] = c->vector[f];
	c->offset = random_below(3) ? random_real() * 4 : 0;
	key = take(c->n, sizeof(uint64_t));
	scratch = take(c->n, sizeof(uint64_t));
	c->area = take(affinity_kernel_scan_bytes((uint32_t) c->n, (uint32_t) width) / 64 + 1,
				   64);
	affinity_kernel_scan_place(&c->scan, c->area, (uint32_t) c->n,
							   (uint32_t) width);
	c->made = affinity_kernel_scan_norms(c->item, c->stride, (uint32_t) width,
										 0, (uint32_t) c->n, key, square);
	if (c->made)
	{
		affinity_kernel_sort_descending(key, c->n, scratch);
		affinity_kernel_scan_units(&c->scan, square);
		affinity_kernel_scan_fill(&c->scan, c->item, c->stride,
								  (uint32_t) c->n_biases, key, 0,
								  c->scan.n_blocks);
	}
	free(square);
	free(key);
	free(scratch);
}

static void
free_case(Case *c)
{
	free(c->item);
	free(c->vector);
	free(c->user);
	free(c->area);
}

/* Scores of all items, by plain loops or as lists are ranked by. */
static void
all_scores(const Case *c, bool cosine, float *score)
{
	double		own = 0;

	if (!cosine)
	{
		affinity_kernel_factor_scores(c->item, c->stride, c->n, c->user,
									  c->offset, score);
		return;
	}
	for (size_t f = 0; f < c->width; f++)
		own += c->user[f] * c->user[f];
	for (size_t i = 0; i < c->n; i++)
	{
		double		xy = 0;
		double		yy = 0;

		for (size_t f = c->n_biases; f < c->width; f++)
		{
			double		x = c->item[i * c->stride + f];

			yy += x * x;
			xy += x * c->user[f];
		}
		score[i] = (float) (xy / sqrt(own) / sqrt(yy));
		if (isnan(score[i]))
			score[i] = 0;
	}
}

/* Bits by number: what is found for a floor; found gets how many. */
static void
walk_all(const Case *c, AffinityScanWalk walk, const AffinityScanUser *user,
		 float floor, bool *found, size_t *n_found)
{
	size_t		block = 0;

	memset(found, 0, c->n);
	*n_found = 0;
	while (block < c->scan.n_blocks)
	{
		uint32_t	hits;
		size_t		end = block + 1 + random_below(20);

		if (end > c->scan.n_blocks)
			end = c->scan.n_blocks;
		block = walk(&c->scan, user, block, end, floor, &hits);
		for (size_t i = 0; i < AFFINITY_SCAN_BLOCK; i++)
		{
			uint32_t	no;

			if ((hits >> i & 1) == 0)
				continue;
			no = c->scan.no[(block - 1) * AFFINITY_SCAN_BLOCK + i];
			if (no >= c->n)
				continue;
			found[no] = true;
			++*n_found;
		}
	}
}

typedef struct Result
{
	bool		right;
	size_t		asked;			/* items, over all cases */
	size_t		reaching;		/* of them: have that score */
	size_t		found;
	int			unusable;
} Result;

static void
try_case(Case *c, AffinityScanWalk walk, bool cosine, Result *result)
{
	float	   *score = take(c->n, sizeof(float));
	bool	   *found = take(c->n, sizeof(bool));
	AffinityScanUser user;

	if (cosine)
	{
		memset(c->vector, 0, c->n_biases * sizeof(float));
		memset(c->user, 0, c->n_biases * sizeof(double));
		c->offset = 0;
	}
	if (!c->made ||
		!affinity_kernel_scan_user(&c->scan, c->vector, c->offset, cosine,
								   &user))
		result->unusable++;
	else
	{
		all_scores(c, cosine, score);
		for (int round = 0; round < 8; round++)
		{
			float		floor = score[random_below((uint32_t) c->n)];
			size_t		n_found;

			if (cosine && floor < 0)
				floor = 0;
			/* as a scan does it: what rounds to the floor has to be found */
			walk_all(c, walk, &user, nextafterf(floor, -INFINITY), found,
					 &n_found);
			result->asked += c->n;
			result->found += n_found;
			for (size_t i = 0; i < c->n; i++)
			{
				bool		reaches = score[i] >= floor && (!cosine || score[i] > 0);

				result->reaching += reaches;
				result->right &= found[i] || !reaches;
			}
		}
	}
	free(score);
	free(found);
}

static void
test_walk(int level, bool cosine)
{
	AffinityScanWalk walk = affinity_kernel_scan_level(level);
	const char *what = cosine ? "cosines" : "scores";

	if (walk == NULL)
	{
		ok(true, "%s, level %d # SKIP not on this processor", what, level);
		return;
	}
	for (int kind = 0; kind < N_KINDS; kind++)
	{
		Result		result = {.right = true};

		for (int round = 0; round < 120; round++)
		{
			Case		c;
			static const size_t wide[] = {64, 128, 512, 1024};

			make_case(&c, kind, round % 30 == 0 ? wide[round / 30] :
					  1 + random_below(70));
			try_case(&c, walk, cosine, &result);
			free_case(&c);
		}
		ok(result.right, "%s, level %d, %s: what reaches a floor is found: %zu of %zu, %zu found, %d not to be said",
		   what, level, kind_names[kind], result.reaching, result.asked,
		   result.found, result.unusable);
		/* what is ordinary is also found by little more than itself */
		if (kind <= NORMS)
			ok(result.unusable == 0 &&
			   result.found < result.reaching + result.asked / 20,
			   "%s, level %d, %s: and little else", what, level,
			   kind_names[kind]);
	}
}

/* Every level stops at the same blocks, and finds the same in them. */
static void
test_same(int level)
{
	AffinityScanWalk plain = affinity_kernel_scan_level(0);
	AffinityScanWalk walk = affinity_kernel_scan_level(level);
	size_t		asked = 0;
	size_t		wrong = 0;

	if (walk == NULL)
	{
		ok(true, "level %d # SKIP not on this processor", level);
		return;
	}
	for (int round = 0; round < 200; round++)
	{
		Case		c;
		AffinityScanUser user;

		make_case(&c, (int) random_below(N_KINDS), 1 + random_below(70));
		if (affinity_kernel_scan_user(&c.scan, c.vector, random_real(),
									  round % 2 == 1, &user))
		{
			for (size_t b = 0; b < c.scan.n_blocks; b++)
			{
				float		floor = (float) (random_real() * user.norm);
				uint32_t	hits;
				uint32_t	plain_hits;
				size_t		at = walk(&c.scan, &user, b, c.scan.n_blocks,
									  floor, &hits);

				asked++;
				wrong += at != plain(&c.scan, &user, b, c.scan.n_blocks,
									 floor, &plain_hits) || hits != plain_hits;
			}
		}
		free_case(&c);
	}
	ok(asked > 1000 && wrong == 0, "level %d finds what level 0 does: %zu of %zu differ",
	   level, wrong, asked);
}

/* The best score of the items at these places in the order of norms. */
static double
best_score(const Case *c, size_t from, size_t to)
{
	double		best = -DBL_MAX;

	for (size_t p = from; p < to; p++)
	{
		double		sum = 0;

		for (size_t f = 0; f < c->width; f++)
			sum += c->user[f] * c->item[c->scan.no[p] * c->stride + f];
		best = fmax(best, sum);
	}
	return best;
}

/*
 * The end comes early where norms fall. Between 5 and 7 no item may come near
 * what is too much from block 7 on: those cases are left out.
 */
static void
test_end(void)
{
	AffinityScanWalk walk = affinity_kernel_scan_walk();
	AffinityScanUser user;
	Case		c;
	uint32_t	hits;
	size_t		block;
	bool		ascending = true;
	float		floor;

	for (;;)
	{
		make_case(&c, NORMS, 32);
		if (c.scan.n_blocks >= 10)
		{
			(void) affinity_kernel_scan_user(&c.scan, c.vector, 0, false, &user);
			floor = (float) (user.norm * c.scan.most_norm[7] * 1.01);
			if (best_score(&c, 5 * AFFINITY_SCAN_BLOCK,
						   7 * AFFINITY_SCAN_BLOCK) < 0.5 * floor)
				break;
		}
		free_case(&c);
	}
	for (size_t p = 1; p < c.n; p++)
	{
		double		a = 0;
		double		b = 0;

		for (size_t f = 0; f < c.width; f++)
		{
			a += pow(c.item[c.scan.no[p - 1] * c.stride + f], 2);
			b += pow(c.item[c.scan.no[p] * c.stride + f], 2);
		}
		ascending &= a >= b * (1 - 1e-6);
	}
	ok(ascending, "items are in order of their norms");
	block = walk(&c.scan, &user, 5, 9, floor, &hits);
	ok(hits == 0 && block == c.scan.n_blocks,
	   "where no item can follow it ends: %zu", block);
	block = walk(&c.scan, &user, 5, 6, -FLT_MAX, &hits);
	ok(hits == 0xffff && block == 6, "every item reaches the lowest floor");
	free_case(&c);
}

int
main(void)
{
	for (int level = 0; level < AFFINITY_SCAN_LEVELS; level++)
	{
		test_walk(level, false);
		test_walk(level, true);
		if (level > 0)
			test_same(level);
	}
	test_end();
	return done();
}
