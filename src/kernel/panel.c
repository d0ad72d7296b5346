/*
 * panel.c
 *		Scores of many users for many items, and which of them can be among a
 *		user's k best.
 *
 * Items are stored in panels of 32, one factor of all 32 after the other, so
 * that a tile of a few users and a panel keeps its sums in registers and
 * every load feeds several multiplications (Goto & van de Geijn, "Anatomy of
 * High-Performance Matrix Multiplication", 2008). These scores are of single
 * precision and depend on the processor. Therefore they only choose: what may
 * be among the k best in spite of their error is kept, for the caller to
 * score exactly (score.c).
 */
#include <float.h>
#include <string.h>

#include "kernel/panel.h"
#include "kernel/multiversion.h"
#include "kernel/topk.h"

/* These scores may be fused, as they only choose. */
#ifdef __clang__
#pragma STDC FP_CONTRACT ON
#else
#pragma GCC optimize("fp-contract=fast")
#endif

#if defined(__x86_64__) && defined(__GNUC__)
#define WIDE_REGISTERS

#define NAME(x) x##_avx512
#define TARGET __attribute__((target("avx512f")))
#define VECTOR_BYTES 64
#define USERS 8
#include "kernel/panel_template.h"

#define NAME(x) x##_avx2
#define TARGET __attribute__((target("avx2,fma")))
#define VECTOR_BYTES 32
#define USERS 2
#include "kernel/panel_template.h"
#endif

/* 32 registers: sums of two users, and the panel's row that both take. */
#if defined(__aarch64__) && defined(__ARM_NEON)
#define HAVE_NEON

#define NAME(x) x##_neon
#define TARGET
#define VECTOR_BYTES 16
#define USERS 2
#include "kernel/panel_template.h"
#endif

#define NAME(x) x##_any
#define TARGET
#define VECTOR_BYTES 16
#define USERS 1
#include "kernel/panel_template.h"

/*
 * Copy n rows of items into panels, the last of which is filled up with 0.
 */
void
affinity_kernel_panels_pack(const float *item, size_t stride,
							size_t width, size_t n, float *panel)
{
	for (size_t p = 0; p * AFFINITY_PANEL < n; p++)
	{
		const float *from = item + p * AFFINITY_PANEL * stride;
		float	   *to = panel + p * AFFINITY_PANEL * width;
		size_t		here = n - p * AFFINITY_PANEL;

		for (size_t i = 0; i < AFFINITY_PANEL; i++)
		{
			for (size_t f = 0; f < width; f++)
				to[f * AFFINITY_PANEL + i] = i < here ? from[i * stride + f] :
					0;
		}
	}
}

/*
 * The product in the registers of a level, from 0; NULL where the processor
 * has not got it.
 */
AffinityPanelProduct
affinity_kernel_panels_level(int level)
{
#ifdef WIDE_REGISTERS
	if (level == 2)
		return __builtin_cpu_supports("avx512f") ? product_avx512 : NULL;
	if (level == 1)
		return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ?
			product_avx2 : NULL;
#endif
#ifdef HAVE_NEON
	if (level == 1)
		return product_neon;
#endif
	return level == 0 ? product_any : NULL;
}

/*
 * score[u][i] = user[u] . item[i] for the items of n_panels panels. n_users
 * is a multiple of 8.
 */
void
affinity_kernel_panels_score(const float *panel, size_t width, size_t n_panels,
							 const float *user, size_t stride, size_t n_users,
							 float *score, size_t score_stride)
{
	AffinityPanelProduct product = NULL;

	for (int level = AFFINITY_PANEL_LEVELS; product == NULL;)
		product = affinity_kernel_panels_level(--level);
	product(panel, width, n_panels, user, stride, n_users, score,
			score_stride);
}

/* ---- what is near the best --------------------------------------------- */

/*
 * key has room for cap keys: more than k + AFFINITY_PANEL, several times k is
 * fast. Of scores that are wrong by at most margin / 2, what is kept in the
 * end includes all that can be among the k largest of the true ones.
 */
void
affinity_kernel_near_init(AffinityNear *near, uint64_t *key, size_t k,
						  size_t cap, double margin)
{
	near->key = key;
	near->n = 0;
	near->k = k;
	near->cap = cap;
	near->margin = margin;
	near->floor = -FLT_MAX;
	near->full = k == 0 || cap < k + AFFINITY_PANEL;
}

/*
 * Let go of what is further below the k-th largest than the margin.
 */
void
affinity_kernel_near_shrink(AffinityNear *near)
{
	double		floor;
	size_t		n = 0;

	if (near->k == 0 || near->n < near->k)
		return;
	affinity_kernel_select_largest(near->key, near->n, near->k);
	floor = FLT_MAX;
	for (size_t i = 0; i < near->k; i++)
	{
		float		score = affinity_kernel_rank_key_score(near->key[i]);

		floor = score < floor ? score : floor;
	}
	floor -= near->margin;
	near->floor = floor > -FLT_MAX ? (float) floor : -FLT_MAX;
	for (size_t i = 0; i < near->n; i++)
	{
		near->key[n] = near->key[i];
		n += (affinity_kernel_rank_key_score(near->key[i]) >= near->floor);
	}
	near->n = n;
}

/*
 * Add an offset to n scores and multiply each: by up, or by down where it is
 * below 0.
 */
AFFINITY_MULTIVERSION void
affinity_kernel_near_scale(float *score, size_t n, float offset,
						   const float *up, const float *down)
{
	for (size_t i = 0; i < n; i++)
	{
		float		x = score[i] + offset;

		score[i] = x * (x < 0 ? down[i] : up[i]);
	}
}

/*
 * Keep of n scores, of the items from a number on, what is not below the
 * floor. n is a multiple of 32; what has to be left out has a score of
 * -infinity. Where too many are too close to each other near->full is set,
 * and there is no result.
 */
AFFINITY_MULTIVERSION void
affinity_kernel_near_push(AffinityNear *near, const float *score, size_t n,
						  uint32_t from)
{
	for (size_t i = 0; i < n && !near->full; i += AFFINITY_PANEL)
	{
		float		floor = near->floor;
		uint64_t   *key;
		size_t		kept = 0;
		int			any = 0;

		for (size_t j = 0; j < AFFINITY_PANEL; j++)
			any |= (score[i + j] >= floor);
		if (!any)
			continue;
		if (near->n + AFFINITY_PANEL > near->cap)
		{
			affinity_kernel_near_shrink(near);
			near->full = near->n + AFFINITY_PANEL > near->cap;
			if (near->full)
				return;
			floor = near->floor;
		}
		key = near->key + near->n;
		for (size_t j = 0; j < AFFINITY_PANEL; j++)
		{
			key[kept] = affinity_kernel_rank_key(score[i + j],
												 from + (uint32_t) (i + j));
			kept += (score[i + j] >= floor);
		}
		near->n += kept;
	}
}
