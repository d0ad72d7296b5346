/*
 * Scores by factors and what is chosen from them (score.c, panel.c), sums
 * with signs (sparse.c) and the order of scores of both signs (topk.c),
 * against plain loops.
 */
#include <float.h>

#include "kernel/panel.h"
#include "kernel/score.h"
#include "kernel/sparse.h"
#include "kernel/topk.h"
#include "tap.h"

#define MAX_WIDTH 130

static size_t
stride_of(size_t width)
{
	return (width + 15) / 16 * 16;
}

/* n rows of width numbers, the padding being 0. */
static float *
rows(size_t n, size_t width)
{
	size_t		stride = stride_of(width);
	float	   *x = random_floats(n * stride);

	for (size_t i = 0; i < n; i++)
		for (size_t f = width; f < stride; f++)
			x[i * stride + f] = 0;
	return x;
}

static double
product(const float *x, const float *y, size_t n)
{
	double		sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += (double) x[i] * y[i];
	return sum;
}

static void
test_scores(void)
{
	double		error = 0;
	bool		alone = true;

	for (size_t width = 1; width <= MAX_WIDTH; width++)
	{
		size_t		stride = stride_of(width);
		size_t		n = random_below(40);
		float	   *item = rows(n, width);
		double	   *user = take(stride, sizeof(double));
		float	   *score = take(n, sizeof(float));
		double		offset = random_real();

		for (size_t f = 0; f < stride; f++)
			user[f] = f < width ? (float) random_real() : 0;
		affinity_kernel_factor_scores(item, stride, n, user, offset, score);
		for (size_t i = 0; i < n; i++)
		{
			double		sum = offset;
			float		again;

			for (size_t f = 0; f < width; f++)
				sum += user[f] * item[i * stride + f];
			error = worst(fabs(score[i] - sum) / (fabs(sum) + 1e-7), error);
			affinity_kernel_factor_scores(item + i * stride, stride, 1, user,
										  offset, &again);
			alone &= again == score[i];
		}
		free(item);
		free(user);
		free(score);
	}
	ok(error < 1e-7, "scores are sums of products: %g", error);
	ok(alone, "an item's score does not depend on others");
}

static void
test_huge_scores(void)
{
	float	   *item = rows(3, 16);
	double		user[16];
	float		score[3];

	for (int f = 0; f < 16; f++)
	{
		user[f] = FLT_MAX;
		item[f] = FLT_MAX;
		item[16 + f] = -FLT_MAX;
		item[32 + f] = f % 2 ? FLT_MAX : -FLT_MAX;
	}
	affinity_kernel_factor_scores(item, 16, 3, user, 0, score);
	ok(score[0] == FLT_MAX && score[1] == -FLT_MAX && score[2] == 0,
	   "scores stay finite: %g %g %g", score[0], score[1], score[2]);
	free(item);
}

static void
test_finite(void)
{
	static const float odd[] = {NAN, -NAN, INFINITY, -INFINITY};
	bool		right = true;

	for (size_t n = 0; n < 70; n++)
	{
		float	   *x = random_floats(n);

		if (n > 2)
		{
			x[0] = FLT_MAX;
			x[1] = -1e-45f;
			x[2] = -FLT_MAX;
		}
		right &= affinity_kernel_all_finite(x, n);
		for (size_t i = 0; i < n; i++)
		{
			float		kept = x[i];

			x[i] = odd[i % 4];
			right &= !affinity_kernel_all_finite(x, n);
			x[i] = kept;
		}
		free(x);
	}
	ok(right, "what is not finite is found anywhere");
}

static void
test_panels(int level)
{
	AffinityPanelProduct score_panels = affinity_kernel_panels_level(level);
	double		error = 0;
	bool		padding = true;

	if (score_panels == NULL)
	{
		ok(true, "panels, level %d # SKIP not on this processor", level);
		return;
	}
	for (size_t width = 1; width <= MAX_WIDTH; width += 1 + random_below(9))
	{
		size_t		stride = stride_of(width);
		size_t		n = 1 + random_below(100);
		size_t		n_panels = (n + AFFINITY_PANEL - 1) / AFFINITY_PANEL;
		size_t		room = n_panels * AFFINITY_PANEL;
		size_t		n_users = 8 * (1 + random_below(4));
		float	   *item = rows(n, width);
		float	   *user = rows(n_users, width);
		float	   *panel = take(room * width, sizeof(float));
		float	   *score = take(n_users * room, sizeof(float));

		affinity_kernel_panels_pack(item, stride, width, n, panel);
		score_panels(panel, width, n_panels, user, stride, n_users, score,
					 room);
		for (size_t u = 0; u < n_users; u++)
		{
			for (size_t i = 0; i < room; i++)
			{
				double		sum = i < n ?
					product(user + u * stride, item + i * stride, width) : 0;
				double		off = fabs(score[u * room + i] - sum);

				error = worst(off / (width + 1), error);
				padding &= i < n || off == 0;
			}
		}
		free(item);
		free(user);
		free(panel);
		free(score);
	}
	/* norms are below sqrt(width) here, so this is below the bound */
	ok(error < 1.0 / (1 << 24), "panels, level %d: %g", level, error);
	ok(padding, "panels, level %d: what is filled up scores 0", level);
}

static int
compare_down(const void *a, const void *b)
{
	uint64_t	x = *(const uint64_t *) a;
	uint64_t	y = *(const uint64_t *) b;

	return x > y ? -1 : x < y;
}

/*
 * True scores, of which many are equal, and wrong ones within an error: are
 * the k best of the true ones among what is kept?
 */
static bool
near_is_right(size_t n, size_t k, size_t cap, float error, bool *full)
{
	float	   *score = take(n, sizeof(float));
	float	   *wrong = take(n, sizeof(float));
	uint64_t   *best = take(n, sizeof(uint64_t));
	uint64_t   *room = take(cap, sizeof(uint64_t));
	uint64_t   *scratch = take(cap, sizeof(uint64_t));
	size_t		found = 0;
	bool		right = true;
	AffinityNear near;

	for (size_t i = 0; i < n; i++)
	{
		score[i] = (float) random_below(200) / 64 - 1.5f;
		wrong[i] = score[i] + error * (float) random_real();
		if (random_below(10) == 0)
			score[i] = wrong[i] = -INFINITY;
		best[i] = affinity_kernel_rank_key(score[i], (uint32_t) i);
	}
	affinity_kernel_near_init(&near, room, k, cap, 2 * error + 1e-6);
	for (size_t i = 0; i < n; i += 64)
		affinity_kernel_near_push(&near, wrong + i, n - i < 64 ? n - i : 64,
								  (uint32_t) i);
	affinity_kernel_near_shrink(&near);
	*full = near.full;
	if (!near.full)
	{
		for (size_t i = 0; i < near.n; i++)
		{
			uint32_t	no = affinity_kernel_rank_key_no(near.key[i]);

			near.key[i] = affinity_kernel_rank_key(score[no], no);
		}
		affinity_kernel_sort_descending(near.key, near.n, scratch);
		qsort(best, n, sizeof(uint64_t), compare_down);
		while (found < n && found < k &&
			   affinity_kernel_rank_key_score(best[found]) > -FLT_MAX)
			found++;
		right = near.n >= found;
		for (size_t i = 0; right && i < found; i++)
			right = near.key[i] == best[i];
	}
	free(score);
	free(wrong);
	free(best);
	free(room);
	free(scratch);
	return right;
}

static void
test_near(void)
{
	static const float errors[] = {0, 1e-4f, 0.02f, 0.3f};
	bool		right = true;
	bool		full;
	int			n_full = 0;
	int			n_done = 0;

	for (int round = 0; round < 2000; round++)
	{
		size_t		n = AFFINITY_PANEL * (1 + random_below(40));
		size_t		k = 1 + random_below(30);
		size_t		cap = k + AFFINITY_PANEL + random_below(400);

		right &= near_is_right(n, k, cap, errors[round % 4], &full);
		n_full += full;
		n_done += !full;
	}
	ok(right, "the k best are among what is kept");
	ok(n_full > 20 && n_done > 20, "with too little room there is no result: %d of %d",
	   n_full, n_full + n_done);
	(void) near_is_right(320, 0, 100, 0, &full);
	ok(full, "k = 0 has no result");
	(void) near_is_right(320, 10, 10 + AFFINITY_PANEL - 1, 0, &full);
	ok(full, "nor has too little room for k");
	ok(near_is_right(64, 500, 700, 0, &full) && !full, "k above n keeps all");
}

static void
test_signed_sums(void)
{
	enum
	{
		N = 50
	};
	double		sum[N];
	double		plain[N];
	uint32_t	touched[N + 1];
	bool		once = true;
	bool		same = true;
	int			zeros = 0;

	for (int round = 0; round < 500; round++)
	{
		uint32_t	n_touched = 0;
		bool		was[N] = {false};
		int			listed[N] = {0};

		for (int i = 0; i < N; i++)
		{
			sum[i] = -0.0;
			plain[i] = 0;
		}
		for (int add = 0; add < 6; add++)
		{
			uint32_t	col[40];
			float		val[40];
			double		factor = (double) (1 + random_below(3));

			for (int i = 0; i < 40; i++)
			{
				col[i] = random_below(N);
				val[i] = (float) ((int) random_below(7) - 3);
				if (val[i] == 0 && random_below(2))
					val[i] = -0.0f;
				plain[col[i]] += factor * val[i];
				was[col[i]] = true;
			}
			n_touched = affinity_kernel_sparse_add_signed(sum, touched,
														  n_touched, col, val,
														  40, factor);
		}
		for (uint32_t t = 0; t < n_touched; t++)
			listed[touched[t]]++;
		for (int i = 0; i < N; i++)
		{
			once &= listed[i] == was[i];
			same &= sum[i] == plain[i];
			zeros += was[i] && plain[i] == 0;
		}
	}
	ok(once, "with signs too, everything touched is listed once");
	ok(same, "and summed");
	ok(zeros > 100, "though sums cancel out: %d", zeros);
}

static void
test_order(void)
{
	static const float value[] = {
		-FLT_MAX, -1e10f, -1, -FLT_MIN, -1e-45f, -0.0f, 0, 1e-45f, FLT_MIN, 1,
		1e10f, FLT_MAX
	};
	int			n = sizeof(value) / sizeof(value[0]);
	bool		right = true;

	for (int i = 0; i < n; i++)
	{
		for (int j = 0; j < n; j++)
		{
			uint64_t	a = affinity_kernel_rank_key(value[i], 7);
			uint64_t	b = affinity_kernel_rank_key(value[j], 8);

			right &= (a > b) == (value[i] >= value[j]) && a != 0;
		}
		right &= affinity_kernel_rank_key_score(affinity_kernel_rank_key(value[i],
																		 3)) ==
			value[i];
		right &= affinity_kernel_rank_key_no(affinity_kernel_rank_key(value[i],
																	  UINT32_MAX)) ==
			UINT32_MAX;
	}
	ok(right, "keys order as scores of both signs, then as numbers");
}

static void
test_topk(void)
{
	bool		right = true;

	for (int round = 0; round < 500; round++)
	{
		size_t		n = 1 + random_below(300);
		size_t		k = random_below(40);
		size_t		cap = k + 1 + random_below(50);
		uint64_t   *all = take(n, sizeof(uint64_t));
		uint64_t   *room = take(cap, sizeof(uint64_t));
		uint64_t   *scratch = take(cap, sizeof(uint64_t));
		AffinityTopK top;

		affinity_kernel_topk_init(&top, room, k, cap);
		for (size_t i = 0; i < n; i++)
		{
			all[i] = affinity_kernel_rank_key((float) random_below(20) - 15,
											  (uint32_t) i);
			affinity_kernel_topk_push(&top, all[i]);
		}
		affinity_kernel_topk_finish(&top, scratch);
		qsort(all, n, sizeof(uint64_t), compare_down);
		right &= top.n == (n < k ? n : k) &&
			memcmp(all, room, top.n * sizeof(uint64_t)) == 0;
		free(all);
		free(room);
		free(scratch);
	}
	ok(right, "the k largest, of both signs, in order");
}

int
main(void)
{
	test_scores();
	test_huge_scores();
	test_finite();
	for (int level = 0; level < AFFINITY_PANEL_LEVELS; level++)
		test_panels(level);
	test_near();
	test_signed_sums();
	test_order();
	test_topk();
	return done();
}
