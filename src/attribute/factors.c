/*
 * factors.c
 *		Factors of items, blended with those of the items most like them.
 *
 * y_i are the factors of item i as its n_i users have it, 0 where there are
 * none. What attributes say is the mean of the factors of the items most like i,
 *
 *		z_i = g sum_j a_ij y_j n_j / (n_j + c) / sum_j a_ij n_j / (n_j + c)
 *
 * with a_ij the similarity, c the option attribute_users and g attribute_weight:
 * items that few have say little of others. What is stored is
 *
 *		(n_i y_i + c z_i) / (n_i + c).
 */
#include "postgres.h"

#include "attribute/attribute.h"

/*
 * The n factors of an item, blended; users are those of all items, whose factors
 * stand in rows of so many numbers.
 */
void
affinity_attribute_factors(const AffinityAlike *alike,
						   const AffinityAttributeOptions *o,
						   const float *users, const float *factor,
						   Size width, uint32 n, uint32 item, float *blended)
{
	const float *own = factor + (Size) item * width;
	double		share = affinity_attribute_share(o, users[item]);
	double		total = 0;
	double		sum[AFFINITY_MOST_FACTORS] = {0};

	for (int64 e = alike->start[item]; e < alike->start[item + 1]; e++)
	{
		uint32		other = alike->item[e];
		const float *from = factor + (Size) other * width;
		double		weight = alike->similarity[e] *
			(1 - affinity_attribute_share(o, users[other]));

		for (uint32 k = 0; weight > 0 && k < n; k++)
			sum[k] += weight * from[k];
		total += weight;
	}
	if (!(total > 0))
		share = 0;
	for (uint32 k = 0; k < n; k++)
		blended[k] = (float) ((1 - share) * own[k] +
							  (share > 0 ? share * o->attribute_weight *
							   sum[k] / total : 0));
}
