/*
 * users.c
 *		Option "users": a model that learns from a part of the users.
 *
 * Who is one of them follows from the id alone, by a hash that every
 * PostgreSQL has: so a distributed engine or a foreign server filters where
 * the rows are, and refreshes take the same users again. In memory the same
 * users are found by the same functions.
 */
#include "postgres.h"

#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"

#include "base/number.h"
#include "train/train.h"

/* Another one than partitions, shards and joins take. */
#define SEED	INT64CONST(7240134186522311)

/*
 * The part of the users that is trained on.
 */
double
affinity_train_users(const AffinityAlgorithm *algorithm, const void *options)
{
	for (int i = 0; i < algorithm->n_options; i++)
	{
		const AffinityOption *option = &algorithm->options[i];

		if (strcmp(option->name, AFFINITY_USERS) == 0)
			return *(const double *) ((const char *) options + option->offset);
	}
	return 1;
}

/*
 * The option as a member of a JSON object.
 */
char *
affinity_train_users_member(double part)
{
	return psprintf("\"%s\": %s", AFFINITY_USERS,
					affinity_base_shortest(part));
}

/*
 * Hashes below this belong to a part of less than 1.
 */
static int64
bound_of(double part)
{
	return (int64) (part * 18446744073709551616.0 - 9223372036854775808.0);
}

/*
 * The condition on a column of ids, behind WHERE or AND; nothing where all are
 * trained on.
 */
char *
affinity_train_users_condition(double part, const char *keyword,
							   const char *column, Oid type)
{
	const char *function = type == UUIDOID ? "uuid_hash_extended" :
		type == INT2OID ? "hashint2extended" :
		type == INT4OID ? "hashint4extended" :
		type == INT8OID ? "hashint8extended" : "hashtextextended";

	if (!(part < 1))
		return pstrdup("");
	return psprintf(" %s pg_catalog.%s(%s, '%lld'::pg_catalog.int8) OPERATOR(pg_catalog.<) '%lld'::pg_catalog.int8",
					keyword, function, column, (long long) SEED,
					(long long) bound_of(part));
}

static int64
hash_of(Datum id, Oid type)
{
	PGFunction	function = type == UUIDOID ? uuid_hash_extended :
		type == INT2OID ? hashint2extended :
		type == INT4OID ? hashint4extended :
		type == INT8OID ? hashint8extended : hashtextextended;

	return DatumGetInt64(DirectFunctionCall2Coll(function, C_COLLATION_OID, id,
												 Int64GetDatum(SEED)));
}

/*
 * Which of the first n users of a sorted dictionary are trained on.
 */
bool *
affinity_train_users_chosen(const AffinityDict *users, uint32 n, double part)
{
	Oid			type = affinity_dictionary_type(users);
	bool	   *chosen = affinity_base_array(n, sizeof(bool));
	bool		byval = get_typbyval(type);

	for (uint32 u = 0; u < n; u++)
	{
		Datum		id = affinity_dictionary_id(users, u);

		affinity_base_look_up(u);
		chosen[u] = hash_of(id, type) < bound_of(part);
		if (!byval)
			pfree(DatumGetPointer(id));
	}
	return chosen;
}
