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
	{"popular", "", 0, false, 0, 0, false, NULL, 0},
	{AFFINITY_TUNE_FALLBACK, "", 0, false, 0, 0, false, NULL, 0},
	{"item_knn", "", 0, false, 0, 0, false, NULL, 0},

	/*
	 * What is popular now is hard to beat where items come and go. Half-lives
	 * from the median age of a row down to a hundredth.
	 */
	{"popular", "", 1, true, 0, 0, false, NULL, 0},
	{"popular", "", 0.5, true, 0, 0, false, NULL, 0},
	{"popular", "", 0.2, true, 0, 0, false, NULL, 0},
	{"popular", "", 0.1, true, 0, 0, false, NULL, 0},
	{"popular", "", 0.05, true, 0, 0, false, NULL, 0},
	{"popular", "", 0.02, true, 0, 0, false, NULL, 0},
	{"popular", "", 0.01, true, 0, 0, false, NULL, 0},

	/*
	 * The more users an item has, the more its popularity has to count
	 * against it, which the default does by users per item: others around it.
	 */
	{"item_knn", "\"item_exponent\": 0.9, \"neighbor_exponent\": 0.1", 0, false, 0, 0, false, NULL, 0},
	{"item_knn", "\"item_exponent\": 0.5, \"neighbor_exponent\": 0.3", 0, false, 0, 0, false, NULL, 0},
	{"item_knn", "\"item_exponent\": 0.5, \"neighbor_exponent\": 0.5", 0, false, 0, 0, false, NULL, 0},
	{"item_knn", "\"item_exponent\": 0.5, \"neighbor_exponent\": 0.7", 0, false, 0, 0, false, NULL, 0},

	/*
	 * Ease wins on most sets. Its regularization goes by the number of users,
	 * but the best one differs by ten times between sets; dense ease is ahead
	 * on some dense ones.
	 */
	{"ease", "\"regularization\": 50", 0, false, 0, 0, false, NULL, 0},
	{"ease", "\"regularization\": 400", 0, false, 0, 0, false, NULL, 0},
	{"ease", "\"method\": \"dense\"", 0, false, 0, 0, false, NULL, 0},

	/*
	 * Factors win on some, if they are held back enough: the default is for
	 * much data of each user.
	 */
	{"ials", "", 0, false, 0, 0, false, NULL, 0},
	{"ials", "\"regularization\": 0.02", 0, false, 0, 0, false, NULL, 0},

	/* the order in which users came to items, where it says something */
	{"next_item", "", 0, true, 0, 0, false, NULL, 0},
};

const int	affinity_tune_n_points = lengthof(affinity_tune_points);

/*
 * Those of a group replace each other; groups that change most come first, as
 * what is left to spend may end anywhere. One that goes further than the one
 * before is not tried where that was surely worse than none.
 */
const TunePoint affinity_tune_variants[] = {
	/*
	 * Items that are wanted lately: the largest gain by time, and not the
	 * same for all, so that what is behind before it may be ahead with it.
	 */
	{NULL, "\"trend\": 0.5", 0, true, TUNE_FOR_ALL, 0, false, NULL, 0},
	{NULL, "\"trend\": 1", 0, true, TUNE_FOR_ALL, 0, true, NULL, 0},
	{NULL, "\"trend\": 1.5", 0, true, TUNE_FOR_ALL, 0, true, NULL, 0},

	/*
	 * How much is believed of what few users say: half a step of two from the
	 * best loses little over a hundredth, a whole one up to a twentieth.
	 */
	{NULL, "", 0, false, TUNE_SETTLED, 0, false, "regularization", 0},

	/*
	 * Old rows mislead where tastes change. Ease is made of products of what
	 * two rows count, and its regularization goes with those: of ages spread
	 * evenly up to twice the median, a third is left with the median as
	 * half-life, and a seventh with two fifths of it.
	 */
	{"ease", "", 1, true, TUNE_HALF_LIVES, 0, false, "regularization", 0.35},
	{"ease", "", 0.4, true, TUNE_HALF_LIVES, 0, true, "regularization", 0.15},
	{"ials", "", 1, true, TUNE_HALF_LIVES, 0, false, NULL, 0},
	{"ials", "", 0.4, true, TUNE_HALF_LIVES, 0, true, NULL, 0},
	{"item_knn", "", 1, true, TUNE_HALF_LIVES, 0, false, NULL, 0},
	{"item_knn", "", 0.4, true, TUNE_HALF_LIVES, 0, true, NULL, 0},
	{"next_item", "", 1, true, TUNE_HALF_LIVES, 0, false, NULL, 0},
	{"next_item", "", 0.4, true, TUNE_HALF_LIVES, 0, true, NULL, 0},

	/* what a user did last says most */
	{NULL, "\"history_decay\": 0.9", 0, true, 4, 0, false, NULL, 0},
	{NULL, "\"history_decay\": 0.7", 0, true, 4, 0, true, NULL, 0},

	/*
	 * A low-rank part: what tastes say of items that no user shares. It pays
	 * where there are many users, and costs more than all else. A weight of
	 * 0.1 is hardly more than none, and samples have fewer tastes than all
	 * rows.
	 */
	{"ease", "\"rank\": 512, \"rank_weight\": 0.3", 0, false, 5, MANY_USERS, false, NULL, 0},
	{"ease", "\"rank\": 512, \"rank_weight\": 0.5", 0, false, 5, MANY_USERS, true, NULL, 0},

	/* how far popular items are held back */
	{"ease", "\"output_exponent\": 0.1", 0, false, 6, 0, false, NULL, 0},
	{"ease", "\"output_exponent\": -0.1", 0, false, 6, 0, false, NULL, 0},

	/* how much less a row of a user with many says */
	{"ease", "\"user_exponent\": 0.2", 0, false, 7, 0, false, NULL, 0},
	{"ease", "\"user_exponent\": 0.8", 0, false, 7, 0, false, NULL, 0},
	{"item_knn", "\"user_exponent\": 0.5", 0, false, 7, 0, false, NULL, 0},

	{"item_knn", "\"neighbors\": 400", 0, false, 8, 0, false, NULL, 0},
	{"ials", "\"factors\": 64", 0, false, 8, 0, false, NULL, 0},
	{"ials", "\"factors\": 256", 0, false, 8, 0, false, NULL, 0},
};

const int	affinity_tune_n_variants = lengthof(affinity_tune_variants);
