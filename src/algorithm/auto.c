/*
 * auto.c
 *		What stands for "the algorithm that predicts this source best". It has
 *		options and a row among the others', but is never trained: a search
 *		(tune/) puts one of the others in its place.
 */
#include "postgres.h"

#include "algorithm/algorithm.h"

#define OPTION(...) AFFINITY_OPTION(AffinityAutoOptions, __VA_ARGS__)

static const AffinityOption auto_options[] = {
	OPTION(budget, INTERVAL, "\"30 seconds\"", 0, 0, NULL,
		   "work that the choice may take, in seconds of two cores as it is estimated, and no more than 10 trainings of a candidate, or 16 seconds: the same rows give the same choice anywhere"),
	OPTION(seed, INT, "0", -2147483648.0, 2147483647, NULL,
		   "of the samples of users and items that candidates are tried on"),
	AFFINITY_OPTION_SEEN(AffinityAutoOptions),
	OPTION(users, REAL, "\"auto\"", AFFINITY_LEAST_USERS, 1, NULL,
		   "part of the users that is chosen by, and trained on; auto: all, or as many as fit into half of maintenance_work_mem where all do not fit"),
};

const AffinityAlgorithm affinity_algorithm_auto = {
	.name = "auto",
	.help = "the algorithm and options that predict best what is held out of the source",
	.options = auto_options,
	.n_options = lengthof(auto_options),
	.options_size = sizeof(AffinityAutoOptions),
};

/*
 * Is that its name, in any case?
 */
bool
affinity_algorithm_is_auto(const char *name)
{
	return pg_strcasecmp(name, affinity_algorithm_auto.name) == 0;
}
