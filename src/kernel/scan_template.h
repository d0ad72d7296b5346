/*
 * scan_template.h
 *		Going through blocks; included once for each way to multiply codes.
 *
 * NAME(x) names, TARGET is an attribute. NAME(products) is there: the sums of
 * products of 16 items' codes with a user's.
 */

/*
 * Which of a block's items may have a score of at least floor, as bits. The
 * sums cannot be more than that by what they are rounded: see scan.c.
 */
TARGET static inline uint32_t
NAME(near) (const AffinityScan *scan, const AffinityScanUser *user, size_t b,
			float floor, bool cosine)
{
	const float *unit = scan->unit + b * AFFINITY_SCAN_BLOCK;
	const float *error = scan->error + b * AFFINITY_SCAN_BLOCK;
	const float *inverse = scan->inverse + b * AFFINITY_SCAN_BLOCK;
	float		base = user->constant + user->slack * scan->most_scaled[b];
	float		most[AFFINITY_SCAN_BLOCK] __attribute__((aligned(64)));
	uint32_t	near = 0;
	int			any = 0;
	int32_t		sum[AFFINITY_SCAN_BLOCK] __attribute__((aligned(64)));

	NAME(products) (scan->code + b * AFFINITY_SCAN_BLOCK * scan->code_width,
					scan->code_width, user, sum);
	for (int i = 0; i < AFFINITY_SCAN_BLOCK; i++)
	{
		most[i] = base + (float) sum[i] * (unit[i] * user->unit) +
			error[i] * user->scaled_norm;
		if (cosine)
			most[i] *= inverse[i];
	}
	for (int i = 0; i < AFFINITY_SCAN_BLOCK; i++)
		any |= (most[i] >= floor);
	for (int i = 0; any && i < AFFINITY_SCAN_BLOCK; i++)
		near |= (uint32_t) (most[i] >= floor) << i;
	return near;
}

TARGET static size_t
NAME(walk) (const AffinityScan *scan, const AffinityScanUser *user,
			size_t block, size_t end, float floor, uint32_t *hits)
{
	*hits = 0;
	if (user->cosine)
	{
		for (; block < end && *hits == 0; block++)
			*hits = NAME(near) (scan, user, block, floor, true);
		return block;
	}
	for (; block < end && *hits == 0; block++)
	{
		if (user->offset + user->norm * scan->most_norm[block] < floor)
			return scan->n_blocks;
		*hits = NAME(near) (scan, user, block, floor, false);
	}
	return block;
}

#undef NAME
#undef TARGET
