/*
 * scan_walk.h
 *		Which items of a scan may have a score of so much or more.
 */
#ifndef AFFINITY_KERNEL_SCAN_WALK_H
#define AFFINITY_KERNEL_SCAN_WALK_H

#include "kernel/scan.h"

/* any; AVX2 or NEON; AVX-512 VNNI or NEON with dot products */
#define AFFINITY_SCAN_LEVELS 3

/* Blocks from a number on; returns where it stopped. */
typedef size_t (*AffinityScanWalk) (const AffinityScan *scan,
									const AffinityScanUser *user, size_t block,
									size_t end, float floor, uint32_t *hits);

extern AffinityScanWalk affinity_kernel_scan_level(int level);
extern AffinityScanWalk affinity_kernel_scan_walk(void);

#endif							/* AFFINITY_KERNEL_SCAN_WALK_H */
