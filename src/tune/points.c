/*
 * points.c
 *		Where a search begins, and the variants of what is good. Simple ones
 *		first: of those that are as good as each other, the first is chosen.
 *
 * They span what benchmarks found best on one set or another.
 */
#include "postgres.h"

#include "tune/search.h"

/* Below so many users a low-rank part says little. */
#define MANY_USERS	5000

/*
 * The reference and the fallbacks: always tried. Ease with its defaults is what
 * loses least where it is not the best; item_knn costs next to nothing.
 */
const TunePoint affinity_tune_points[] = {
	{"popular", "", 0, false, 0, 0, false, NULL},
	{AFFINITY_TUNE_FALLBACK, "", 0, false, 0, 0, false, NULL},
	{"item_knn", "", 0, false, 0, 0, false, NULL},

	/*
	 * What is popular now is hard to beat where items come and go. Half-lives
	 * from the median age of a row down to a hundredth.
	 */
	{"popular", "", 1, true, 0, 0, false, NULL},
	{"popular", "", 0.5, true, 0, 0, false, NULL},
	{"popular", "", 0.2, true, 0, 0, false, NULL},
	{"popular", "", 0.1, true, 0, 0, false, NULL},
	{"popular", "", 0.05, true, 0, 0, false, NULL},
	{"popular", "", 0.02, true, 0, 0, false, NULL},
	{"popular", "", 0.01, true, 0, 0, false, NULL},

	/*
	 * The more users an item has, the more its popularity has to count
	 * against it, which the default does by users per item: others around it.
	 */
	{"item_knn", "\"item_exponent\": 0.9, \"neighbor_exponent\": 0.1", 0, false, 0, 0, false, NULL},
	{"item_knn", "\"item_exponent\": 0.5, \"neighbor_exponent\": 0.3", 0, false, 0, 0, false, NULL},
	{"item_knn", "\"item_exponent\": 0.5, \"neighbor_exponent\": 0.5", 0, false, 0, 0, false, NULL},
	{"item_knn", "\"item_exponent\": 0.5, \"neighbor_exponent\": 0.7", 0, false, 0, 0, false, NULL},

	/*
	 * Ease wins on most sets. Its regularization goes by the number of users,
	 * but the best one differs by ten times between sets; dense ease is ahead
	 * on some dense ones.
	 */
	{"ease", "\"regularization\": 50", 0, false, 0, 0, false, NULL},
	{"ease", "\"regularization\": 400", 0, false, 0, 0, false, NULL},
	{"ease", "\"method\": \"dense\"", 0, false, 0, 0, false, NULL},

	/*
	 * Factors win on some, if they are held back enough: the default is for
	 * much data of each user.
	 */
	{"ials", "", 0, false, 0, 0, false, NULL},
	{"ials", "\"regularization\": 0.02", 0, false, 0, 0, false, NULL},

	/* the order in which users came to items, where it says something */
	{"next_item", "", 0, true, 0, 0, false, NULL},
};

const int	affinity_tune_n_points = lengthof(affinity_tune_points);

/*
 * Those of a group replace each other; groups that change most come first, as
 * what is left to spend may end anywhere. One that goes further than the one
 * before is not tried where that was surely worse than none.
 */
const TunePoint affinity_tune_variants[] = {
	/* items that are wanted lately: the largest gain by time */
	{NULL, "\"trend\": 0.5", 0, true, 1, 0, false, NULL},
	{NULL, "\"trend\": 1", 0, true, 1, 0, true, NULL},
	{NULL, "\"trend\": 1.5", 0, true, 1, 0, true, NULL},

	/* what a user did last says most */
	{NULL, "\"history_decay\": 0.9", 0, true, 2, 0, false, NULL},
	{NULL, "\"history_decay\": 0.7", 0, true, 2, 0, true, NULL},

	/* old rows mislead where tastes change */
	{NULL, "", 1, true, 3, 0, false, NULL},
	{NULL, "", 0.4, true, 3, 0, true, NULL},

	/*
	 * A low-rank part: what tastes say of items that no user shares. It pays
	 * where there are many users, and costs more than all else. A weight of
	 * 0.1 is hardly more than none, and samples have fewer tastes than all
	 * rows.
	 */
	{"ease", "\"rank\": 512, \"rank_weight\": 0.3", 0, false, 4, MANY_USERS, false, NULL},
	{"ease", "\"rank\": 512, \"rank_weight\": 0.5", 0, false, 4, MANY_USERS, false, NULL},

	/*
	 * How much is believed of what few users say: half a step of two from the
	 * best loses little over a hundredth, a whole one up to a twentieth.
	 */
	{NULL, "", 0, false, TUNE_SETTLED, 0, false, "regularization"},

	/* how far popular items are held back */
	{"ease", "\"output_exponent\": 0.1", 0, false, 6, 0, false, NULL},
	{"ease", "\"output_exponent\": -0.1", 0, false, 6, 0, false, NULL},

	/* how much less a row of a user with many says */
	{"ease", "\"user_exponent\": 0.2", 0, false, 7, 0, false, NULL},
	{"ease", "\"user_exponent\": 0.8", 0, false, 7, 0, false, NULL},
	{"item_knn", "\"user_exponent\": 0.5", 0, false, 7, 0, false, NULL},

	{"item_knn", "\"neighbors\": 400", 0, false, 8, 0, false, NULL},
	{"ials", "\"factors\": 64", 0, false, 8, 0, false, NULL},
	{"ials", "\"factors\": 256", 0, false, 8, 0, false, NULL},
};

const int	affinity_tune_n_variants = lengthof(affinity_tune_variants);
