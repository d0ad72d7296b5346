/*
 * left_out.c
 *		What training does not learn from, in words: nothing of a source
 *		vanishes without one.
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/json.h"

#include "definition/definition.h"

#define DROPPED_HINT "A weight says how much, and is above 0. For ratings use als; for likes and dislikes item_knn with {\"weights\": \"signed\"}."

/*
 * What to do where no pair has a weight above 0.
 */
char *
affinity_definition_dropped_hint(void)
{
	return DROPPED_HINT;
}

/*
 * Users and items that the model does not know for that; a sentence or
 * nothing.
 */
static char *
lost(const AffinityInteractions *in)
{
	uint32		users = in->dropped_users;
	uint32		items = in->dropped_items;

	if (users == 0 && items == 0)
		return "";
	return psprintf("%u user%s and %u item%s have no other pair. ", users,
					users == 1 ? "" : "s", items, items == 1 ? "" : "s");
}

/*
 * Pairs that are no interactions: a warning, unless the options say that they
 * are meant.
 */
static void
say_dropped(const char *name, bool meant, const AffinityInteractions *in)
{
	Oid			user = affinity_dictionary_type(in->users);
	Oid			item = affinity_dictionary_type(in->items);

	ereport(meant ? NOTICE : WARNING,
			(errmsg_plural("model \"%s\" learns nothing from %lld pair whose weights do not sum to more than 0: user %s and item %s (%g)",
						   "model \"%s\" learns nothing from %lld pairs whose weights do not sum to more than 0, such as user %s and item %s (%g)",
						   (unsigned long) in->dropped_pairs,
						   name, (long long) in->dropped_pairs,
						   affinity_base_id_display(in->dropped_user, user),
						   affinity_base_id_display(in->dropped_item, item),
						   in->dropped_weight),
			 errdetail("%sexclude_seen %s.", lost(in), meant ?
					   "does not leave these items out" :
					   "leaves these items out all the same"),
			 meant ? 0 : errhint("%s", DROPPED_HINT " For returns that may be recommended again: {\"seen\": \"positive\"}.")));
}

/*
 * The call that measures a definition beside the same one with all users.
 */
static char *
compare_call(const char *name, const ModelDefinition *d)
{
	Jsonb	   *given = d->choice[0] != '\0' ? d->options : d->given_options;
	StringInfoData json;
	StringInfoData sql;

	given = DatumGetJsonbP(DirectFunctionCall2(jsonb_concat,
											   JsonbPGetDatum(given),
											   DirectFunctionCall1(jsonb_in,
																   CStringGetDatum("{\"" AFFINITY_USERS "\": 1}"))));
	initStringInfo(&json);
	appendStringInfoChar(&json, '[');
	escape_json(&json, name);
	appendStringInfo(&json, ", {\"algorithm\": \"%s\", \"options\": %s}]",
					 d->algorithm,
					 JsonbToCString(NULL, &given->root, VARSIZE(given)));
	initStringInfo(&sql);
	appendStringInfo(&sql, "SELECT * FROM affinity.compare(%s);",
					 quote_literal_cstr(json.data));
	return sql.data;
}

/*
 * That others were not asked for; what that costs follows from how many users
 * items are left with.
 */
void
affinity_definition_say_users(const char *name, const ModelDefinition *d,
							  double users, const AffinityInteractions *in)
{
	ereport(NOTICE,
			(errmsg("model \"%s\" is trained on a part of %g of the users: %u users, %lld rows, %.1f users an item; everybody is served",
					name, users, in->by_user.n_rows, (long long) in->rows,
					(double) in->pairs / Max(in->n_items, 1)),
			 errdetail("That costs little where items are left with hundreds of users, and much where with few."),
			 d->signals[0] != '\0' ? 0 :
			 errhint("To see how much: %s", compare_call(name, d))));
}

/*
 * Say what of the rows was not used, or not as it was.
 */
void
affinity_definition_say_left_out(const char *name,
								 const AffinityAlgorithm *algorithm,
								 const void *options,
								 const AffinityInteractions *in)
{
	bool		meant = affinity_train_seen(algorithm, options) ==
		AFFINITY_SEEN_POSITIVE;

	if (in->skipped_rows > 0)
		ereport(NOTICE,
				(errmsg("model \"%s\" skips %lld of %lld rows for a NULL",
						name, (long long) in->skipped_rows,
						(long long) in->rows)));
	if (in->tiny_rows > 0)
		ereport(NOTICE,
				(errmsg_plural("the weight of %lld row of model \"%s\" is nearer to 0 than %g and counts as that",
							   "the weights of %lld rows of model \"%s\" are nearer to 0 than %g and count as that",
							   (unsigned long) in->tiny_rows,
							   (long long) in->tiny_rows, name,
							   (double) AFFINITY_LEAST),
				 errhint("Scale the weights up in the query.")));
	if (in->dropped_pairs > 0)
		say_dropped(name, meant, in);
}
