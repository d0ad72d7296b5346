/*
 * spaces.c
 *		What is drawn of an algorithm's options where the user does not say.
 *
 * What training finds by itself (ease: method) or what means something (weights,
 * seen) is left alone. Ranges reach as far as the best of a benchmark has been
 * from the default, and a little farther. The first row of an option counts.
 */
#include "postgres.h"

#include "tune/space.h"

const TuneSpaceRow affinity_tune_spaces[] = {
	/*
	 * Degrees decide: how far popular items are held back, and users with
	 * many items. Support that is too small is noise on sparse data alone.
	 */
	{"item_knn", "item_exponent", TUNE_PLAIN, "{\"min\": 0.3, \"max\": 1}"},
	{"item_knn", "neighbor_exponent", TUNE_PLAIN, "{\"min\": 0, \"max\": 1}"},
	{"item_knn", "user_exponent", TUNE_PLAIN, "{\"min\": 0, \"max\": 1}"},
	{"item_knn", "neighbors", TUNE_PLAIN, "[50, 100, 200, 400]"},
	{"item_knn", "shrinkage", TUNE_PLAIN, "[0, 0, 2, 10, 50]"},

	/* The best regularization differs by ten times between sets. */
	{"ease", "regularization", TUNE_PLAIN, "{\"min\": 10, \"max\": 2000, \"scale\": \"log\"}"},
	{"ease", "regularization_exponent", TUNE_PLAIN, "{\"min\": 0, \"max\": 1}"},
	{"ease", "user_exponent", TUNE_PLAIN, "{\"min\": 0, \"max\": 1}"},
	{"ease", "output_exponent", TUNE_PLAIN, "{\"min\": -0.2, \"max\": 0.2}"},

	/* A low-rank part helps on large sets and costs the most: few have one. */
	{"ease", "rank", TUNE_PLAIN, "[0, 0, 0, 256]"},
	{"ease", "rank_weight", TUNE_PLAIN, "{\"min\": 0.05, \"max\": 0.8, \"scale\": \"log\"}"},

	/* What is not observed and how short vectors are go together. */
	{"ials", "regularization", TUNE_PLAIN, "{\"min\": 0.0005, \"max\": 0.1, \"scale\": \"log\"}"},
	{"ials", "unobserved_weight", TUNE_PLAIN, "{\"min\": 0.005, \"max\": 1, \"scale\": \"log\"}"},
	{"ials", "factors", TUNE_PLAIN, "[64, 128, 256]"},

	{"als", "regularization", TUNE_PLAIN, "{\"min\": 0.1, \"max\": 10, \"scale\": \"log\"}"},
	{"als", "regularization_exponent", TUNE_PLAIN, "{\"min\": 0, \"max\": 1}"},
	{"als", "bias_regularization", TUNE_PLAIN, "{\"min\": 0.5, \"max\": 50, \"scale\": \"log\"}"},
	{"als", "factors", TUNE_PLAIN, "[8, 16, 32, 64]"},

	{"graph_filter", "rank", TUNE_PLAIN, "[64, 128, 256, 512]"},
	{"graph_filter", "rank_weight", TUNE_PLAIN, "{\"min\": 0.05, \"max\": 2, \"scale\": \"log\"}"},
	{"graph_filter", "rank_exponent", TUNE_PLAIN, "{\"min\": 0, \"max\": 1}"},
	{"graph_filter", "eigenvalue_exponent", TUNE_PLAIN, "{\"min\": 0, \"max\": 2}"},
	{"graph_filter", "user_exponent", TUNE_PLAIN, "{\"min\": 0, \"max\": 1}"},

	/* From pairs that follow each other to all of a user's. */
	{"next_item", "window", TUNE_PLAIN, "{\"min\": 2, \"max\": 100, \"scale\": \"log\"}"},
	{"next_item", "distance_exponent", TUNE_PLAIN, "{\"min\": 0, \"max\": 2}"},
	{"next_item", "backward", TUNE_PLAIN, "{\"min\": 0, \"max\": 1}"},
	{"next_item", "item_exponent", TUNE_PLAIN, "{\"min\": 0, \"max\": 1}"},
	{"next_item", "neighbor_exponent", TUNE_PLAIN, "{\"min\": 0, \"max\": 1}"},

	/* Popular now, from the last hundredth of the time to all of it. */
	{"popular", "half_life", TUNE_AGES, "{\"min\": 0.01, \"max\": 2, \"scale\": \"log\"}"},
	{"popular", "measure", TUNE_PLAIN, "[\"users\", \"weight\"]"},

	{"buy_again", "visit_decay", TUNE_TIMES, "{\"min\": 0.7, \"max\": 1}"},
	{"buy_again", "prior_visits", TUNE_TIMES, "{\"min\": 0.5, \"max\": 50, \"scale\": \"log\"}"},

	/*
	 * What is wanted lately and what a user did last: the largest gains by
	 * time.
	 */
	{NULL, "trend", TUNE_TIMES, "[0, 0.5, 1]"},
	{NULL, "history_decay", TUNE_TIMES, "[1, 0.95, 0.85, 0.7]"},
	{NULL, "half_life", TUNE_AGES, "[null, null, 0.5, 2]"},
};

const int	affinity_tune_n_spaces = lengthof(affinity_tune_spaces);
