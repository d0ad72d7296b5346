/*
 * sum.c
 *		Sums of 192 bits: what is done with them once for a cluster.
 */
#include "postgres.h"

#include <math.h>

#include "activity/activity.h"
#include "cluster/cluster.h"

typedef unsigned __int128 Twice;

static bool
is_negative(const ClusterSum *sum)
{
	return sum->parts[CLUSTER_PARTS - 1] >> 63 != 0;
}

static ClusterSum
negative(const ClusterSum *sum)
{
	ClusterSum	one = {{1}};
	ClusterSum	result;

	for (int i = 0; i < CLUSTER_PARTS; i++)
		result.parts[i] = ~sum->parts[i];
	affinity_cluster_sum_add(&result, &one);
	return result;
}

/* A value times a count, neither of which is so large that it overflows. */
ClusterSum
affinity_cluster_sum_times(int128 value, int64 n)
{
	Twice		size = value < 0 ? -(Twice) value : (Twice) value;
	Twice		low = (Twice) (uint64) size * (uint64) n;
	Twice		high = (size >> 64) * (uint64) n + (low >> 64);
	ClusterSum	product = {{(uint64) low, (uint64) high, (uint64) (high >> 64)}};

	return value < 0 ? negative(&product) : product;
}

ClusterSum
affinity_cluster_sum_less(const ClusterSum *a, const ClusterSum *b)
{
	ClusterSum	difference = negative(b);

	affinity_cluster_sum_add(&difference, a);
	return difference;
}

double
affinity_cluster_sum_double(const ClusterSum *sum)
{
	bool		is_below = is_negative(sum);
	ClusterSum	size = is_below ? negative(sum) : *sum;
	double		result = 0;

	for (int i = 0; i < CLUSTER_PARTS; i++)
		result += ldexp((double) size.parts[i], 64 * i - VALUE_SCALE_BITS);
	return is_below ? -result : result;
}

/* A sum divided by a count, towards 0. */
int128
affinity_cluster_sum_mean(const ClusterSum *sum, int64 n)
{
	bool		is_below = is_negative(sum);
	ClusterSum	size = is_below ? negative(sum) : *sum;
	Twice		rest = 0;
	Twice		mean = 0;

	for (int i = CLUSTER_PARTS - 1; i >= 0; i--)
	{
		rest = rest << 64 | size.parts[i];
		mean = mean << 64 | (uint64) (rest / (uint64) n);
		rest %= (uint64) n;
	}
	return is_below ? -(int128) mean : (int128) mean;
}

/* Whether so many values can have that sum. */
bool
affinity_cluster_sum_fits(const ClusterSum *sum, int64 n)
{
	ClusterSum	size = is_negative(sum) ? negative(sum) : *sum;
	ClusterSum	most = affinity_cluster_sum_times(affinity_activity_value_of(AFFINITY_VALUE_MAX),
												  n);
	ClusterSum	rest = affinity_cluster_sum_less(&most, &size);

	return !is_negative(&size) && !is_negative(&rest);
}
