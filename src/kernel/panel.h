/*
 * panel.h
 *		Scores of many users for many items, to choose candidates.
 */
#ifndef AFFINITY_KERNEL_PANEL_H
#define AFFINITY_KERNEL_PANEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Items of a panel. */
#define AFFINITY_PANEL 32
#define AFFINITY_PANEL_LEVELS 3

typedef void (*AffinityPanelProduct) (const float *panel, size_t width,
									  size_t n_panels, const float *user,
									  size_t stride, size_t n_users,
									  float *score, size_t score_stride);

extern void affinity_kernel_panels_pack(const float *item, size_t stride,
										size_t width, size_t n, float *panel);
extern AffinityPanelProduct affinity_kernel_panels_level(int level);
extern void affinity_kernel_panels_score(const float *panel, size_t width,
										 size_t n_panels, const float *user,
										 size_t stride, size_t n_users,
										 float *score, size_t score_stride);

/* What may be among the k largest, by scores that are not exact. */
typedef struct AffinityNear
{
	uint64_t   *key;			/* room for cap keys */
	size_t		n;
	size_t		k;
	size_t		cap;
	double		margin;			/* twice the largest error, and more */
	float		floor;			/* scores below it cannot be among the k */
	bool		full;			/* too many: no result */
} AffinityNear;

extern void affinity_kernel_near_init(AffinityNear *near, uint64_t *key,
									  size_t k, size_t cap, double margin);
extern void affinity_kernel_near_scale(float *score, size_t n, float offset,
									   const float *up, const float *down);
extern void affinity_kernel_near_push(AffinityNear *near, const float *score,
									  size_t n, uint32_t from);
extern void affinity_kernel_near_shrink(AffinityNear *near);

#endif							/* AFFINITY_KERNEL_PANEL_H */
