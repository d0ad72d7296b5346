/*
 * train.c
 *		What options make of an algorithm, and what is said of damaged models.
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "train/train.h"

/*
 * What the weights of a pair's rows make of it, with these options.
 */
AffinityPairValue
affinity_train_pair_value(const AffinityAlgorithm *algorithm,
						  const void *options)
{
	if (algorithm->ratings)
		return AFFINITY_PAIR_RATING;
	return algorithm->signed_weights && algorithm->signed_weights(options) ?
		AFFINITY_PAIR_SIGNED : AFFINITY_PAIR_ABOVE_0;
}

/*
 * May sums over neighbors be below 0?
 */
bool
affinity_train_signed_scores(const AffinityAlgorithm *algorithm,
							 const void *options)
{
	return algorithm->signed_scores ||
		affinity_train_pair_value(algorithm, options) == AFFINITY_PAIR_SIGNED;
}

/*
 * Do weights count less the mean of the user's?
 */
bool
affinity_train_centered(const AffinityAlgorithm *algorithm,
						const void *options)
{
	return algorithm->centered && algorithm->centered(options);
}

/*
 * What is stored of a model is not what training wrote. Where the model's
 * name is not known (NULL), what is a whole sentence.
 */
void
affinity_train_damaged(const char *model, const char *what)
{
	if (model == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("%s", what),
				 errhint("Refresh the model, or drop it and create it again.")));
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("model \"%s\" is damaged: %s", model, what),
			 errhint("To make it whole: SELECT affinity.refresh_model(%s);",
					 quote_literal_cstr(model))));
}

/*
 * The source has no times: is that an error?
 */
void
affinity_train_check_no_time(const AffinityAlgorithm *algorithm,
							 const void *options,
							 const AffinityReadRequest *request)
{
	const char *option = affinity_train_needs_times(algorithm, options);

	if (option == NULL && request->recency != AFFINITY_RECENCY_NONE)
		option = "half_life";
	if (option == NULL && !request->events && !algorithm->repeat)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 option == NULL || request->events ?
			 errmsg("algorithm \"%s\" needs a source with times",
					algorithm->name) :
			 errmsg("option \"%s\" needs a source with times", option),
			 errhint("Add the time as the query's fourth column, after user, item and weight, or give it to basket_agg.")));
}
