/*
 * kernel/topk.c and select.c: the k largest of a stream, of an array and of
 * scores, sorting, and quantiles, against sorting everything.
 */
#include "kernel/select.h"
#include "kernel/topk.h"
#include "tap.h"

static int
descending(const void *a, const void *b)
{
	uint64_t	x = *(const uint64_t *) a;
	uint64_t	y = *(const uint64_t *) b;

	return x < y ? 1 : x > y ? -1 : 0;
}

static int
ascending(const void *a, const void *b)
{
	int64_t		x = *(const int64_t *) a;
	int64_t		y = *(const int64_t *) b;

	return x < y ? -1 : x > y;
}

/* Distinct keys, above 0: range says how close to each other. */
static uint64_t *
random_keys(size_t n, uint64_t range, int order)
{
	uint64_t   *key = take(n, sizeof(uint64_t));

	for (size_t i = 0; i < n; i++)
		key[i] = (random_bits() % range + 1) * (n + 1) + i;
	if (order)
		qsort(key, n, sizeof(uint64_t), descending);
	for (size_t i = 0; order == 2 && i < n / 2; i++)
	{
		uint64_t	swap = key[i];

		key[i] = key[n - 1 - i];
		key[n - 1 - i] = swap;
	}
	return key;
}

static void
test_keys(size_t n, size_t k, uint64_t range, int order)
{
	uint64_t   *key = random_keys(n, range, order);
	uint64_t   *sorted = take(n, sizeof(uint64_t));
	uint64_t   *scratch = take(n > k ? n : k, sizeof(uint64_t));
	uint64_t   *room = take(k + 1 + k / 2, sizeof(uint64_t));
	size_t		kept = k < n ? k : n;
	AffinityTopK top;

	memcpy(sorted, key, n * sizeof(uint64_t));
	qsort(sorted, n, sizeof(uint64_t), descending);
	affinity_kernel_topk_init(&top, room, k, k + 1 + k / 2);
	for (size_t i = 0; i < n; i++)
		affinity_kernel_topk_push(&top, key[i]);
	affinity_kernel_topk_finish(&top, scratch);
	ok(top.n == kept && memcmp(room, sorted, kept * sizeof(uint64_t)) == 0,
	   "the %zu largest of %zu as they come", k, n);
	if (n > 0 && kept > 0)
	{
		affinity_kernel_select_largest(key, n, kept);
		qsort(key, kept, sizeof(uint64_t), descending);
		ok(memcmp(key, sorted, kept * sizeof(uint64_t)) == 0,
		   "the %zu largest of an array of %zu", k, n);
	}
	affinity_kernel_sort_descending(key, n, scratch);
	ok(memcmp(key, sorted, n * sizeof(uint64_t)) == 0, "%zu keys sorted", n);
	memcpy(key, sorted, n * sizeof(uint64_t));
	for (size_t i = n; i > 1; i--)
	{
		size_t		j = random_below((uint32_t) i);
		uint64_t	swap = key[i - 1];

		key[i - 1] = key[j];
		key[j] = swap;
	}
	affinity_kernel_sort_descending(key, n, scratch);
	ok(memcmp(key, sorted, n * sizeof(uint64_t)) == 0, "%zu keys in no order sorted", n);
	free(key);
	free(sorted);
	free(scratch);
	free(room);
}

/* Keys of a few upper words, and lower ones in any order. */
static void
test_ties(size_t n, uint32_t uppers, int in_order)
{
	uint64_t   *key = take(n, sizeof(uint64_t));
	uint64_t   *sorted = take(n, sizeof(uint64_t));
	uint64_t   *scratch = take(n, sizeof(uint64_t));

	for (size_t i = 0; i < n; i++)
		key[i] = (uint64_t) random_below(uppers) << 40 |
			(in_order ? (uint32_t) ~i : (uint32_t) random_bits());
	memcpy(sorted, key, n * sizeof(uint64_t));
	qsort(sorted, n, sizeof(uint64_t), descending);
	affinity_kernel_sort_descending(key, n, scratch);
	ok(memcmp(key, sorted, n * sizeof(uint64_t)) == 0,
	   "%zu keys with %u upper words", n, uppers);
	free(key);
	free(sorted);
	free(scratch);
}

/* values: how many different scores there are. */
static void
test_scores(size_t n, size_t k, uint32_t values)
{
	float	   *score = take(n, sizeof(float));
	uint32_t   *no = take(n, sizeof(uint32_t));
	uint64_t   *want = take(n, sizeof(uint64_t));
	uint64_t   *key = take(n, sizeof(uint64_t));
	uint64_t   *scratch = take(n, sizeof(uint64_t));
	size_t		n_want = 0;
	size_t		got;

	for (size_t i = 0; i < n; i++)
	{
		score[i] = (float) random_below(values) / 16 - 0.5f;
		if (random_below(50) == 0)
			score[i] *= 1e30f;
		no[i] = (uint32_t) (n - i) * 3;
		if (score[i] > 0)
			want[n_want++] = affinity_kernel_rank_key(score[i], no[i]);
	}
	qsort(want, n_want, sizeof(uint64_t), descending);
	if (n_want > k)
		n_want = k;
	got = affinity_kernel_topk_scores(score, no, n, k, key, scratch);
	ok(got == n_want && memcmp(key, want, got * sizeof(uint64_t)) == 0,
	   "the %zu best of %zu scores", k, n);
	got = affinity_kernel_select_scores(score, no, n, k, key);
	qsort(key, got, sizeof(uint64_t), descending);
	ok(got == n_want && memcmp(key, want, got * sizeof(uint64_t)) == 0,
	   "and the same in no order");
	free(score);
	free(no);
	free(want);
	free(key);
	free(scratch);
}

static void
test_rank_keys(void)
{
	static const float score[] = {
		-INFINITY, -3e38f, -1, -1e-45f, 0, 1e-45f, 0.5f, 1, 3e38f, INFINITY
	};
	bool		ordered = true;
	bool		back = true;

	for (int i = 0; i < 10; i++)
	{
		uint64_t	key = affinity_kernel_rank_key(score[i], 77);

		back &= affinity_kernel_rank_key_no(key) == 77 &&
			affinity_kernel_rank_key_score(key) == score[i] && key > 0;
		ordered &= i == 0 || key > affinity_kernel_rank_key(score[i - 1], 0);
		ordered &= affinity_kernel_rank_key(score[i], 0) > key;
	}
	ok(ordered, "keys order by score, then by number");
	ok(back, "and can be read");
	ok(affinity_kernel_rank_key(-0.0f, 5) == affinity_kernel_rank_key(0, 5), "-0 is 0");
}

static void
test_quantile(size_t n, uint32_t range)
{
	int64_t    *value = take(n, sizeof(int64_t));
	int64_t    *sorted = take(n, sizeof(int64_t));
	double		error = 0;

	for (size_t i = 0; i < n; i++)
		value[i] = (int64_t) random_below(range) - range / 2;
	memcpy(sorted, value, n * sizeof(int64_t));
	qsort(sorted, n, sizeof(int64_t), ascending);
	for (int i = 0; i <= 20; i++)
	{
		double		p = i / 20.0;
		double		place = p * (double) (n - 1);
		size_t		k = (size_t) place;
		size_t		l = k + 1 < n ? k + 1 : k;
		double		want = (double) sorted[k] + (place - (double) k) *
			(double) (sorted[l] - sorted[k]);

		error = worst(fabs(affinity_kernel_quantile(value, n, p) - want),
					  error);
	}
	qsort(value, n, sizeof(int64_t), ascending);
	ok(error < 1e-9 * range && memcmp(value, sorted, n * sizeof(int64_t)) == 0,
	   "quantiles of %zu values below %u: off by %g", n, range, error);
	free(value);
	free(sorted);
}

int
main(void)
{
	static const size_t sizes[] = {0, 1, 2, 63, 64, 65, 1000};
	static const size_t ks[] = {0, 1, 2, 10, 64, 999, 5000};

	for (size_t s = 0; s < 7; s++)
		for (size_t k = 0; k < 7; k++)
		{
			for (int order = 0; order < 3; order++)
				test_keys(sizes[s], ks[k], order == 0 ? UINT64_C(1) << 40 : 3,
						  order);
			test_scores(sizes[s], ks[k], 12);
			test_scores(sizes[s], ks[k], 1 << 20);
		}
	for (size_t s = 0; s < 7; s++)
		for (uint32_t uppers = 1; uppers < 3000; uppers *= 7)
			for (int in_order = 0; in_order < 2; in_order++)
				test_ties(sizes[s], uppers, in_order);
	test_rank_keys();
	for (size_t n = 1; n < 40; n++)
	{
		test_quantile(n, 5);
		test_quantile(n, 1000000);
	}
	test_quantile(20001, 3);
	test_quantile(20001, 4000000000u);
	return done();
}
