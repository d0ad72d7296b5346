/*
 * recommend_users.c
 *		recommend for given users, in the order in which they are given.
 *
 * Few users are answered one by one, as recommend answers them. Many are a
 * batch: their histories are read at once, all lists once. Which of the two it
 * is makes no difference to the rows.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "beside/beside.h"
#include "parallel/team.h"
#include "serve/serve.h"

/* Arguments of the core function. */
enum
{
	ARG_MODEL,
	ARG_USERS,
	ARG_K,
	ARG_REPEAT,
	ARG_CANDIDATES,
	ARG_EXCLUDE,
	ARG_RULES,
	ARG_GROUP = ARG_RULES + 13,
	ARG_GROUPS,
	N_ARGS
};

/*
 * A batch reads all items, which costs as much as looking up this share of them
 * by histories, or scoring all of them for so many users.
 */
#define ITEMS_PER_LOOKUP	4
#define USERS_BY_FACTORS	16

/* Where more of the users are asked for than this share, all rows are read. */
#define MOST_SOUGHT	0.3

/* Rows that may be in memory at once. */
#define MOST_ROWS	100000

/* A user that is asked for. */
typedef struct Wanted
{
	Datum		id;				/* of the model's type, plain */
	uint32		place;			/* among those that are given */
	int64		row;			/* of the histories; below 0: there is none */
	text	   *group;			/* NULL: none */
} Wanted;

typedef struct Answer
{
	ServeCall  *call;
	ServeRules	rules;
	uint32		n;
	Wanted	   *user;			/* each once, in the order given */
	bool		grouped;		/* some may be in groups */
	AffinityModelBatch batch;
} Answer;

/* ---- users ------------------------------------------------------------- */

static int
compare_ids(const void *a, const void *b, void *type)
{
	const Wanted *x = a;
	const Wanted *y = b;
	int			c = affinity_base_id_compare(x->id, y->id, *(Oid *) type);

	return c != 0 ? c : x->place < y->place ? -1 : x->place > y->place;
}

static int
compare_places(const void *a, const void *b)
{
	uint32		x = ((const Wanted *) a)->place;
	uint32		y = ((const Wanted *) b)->place;

	return x < y ? -1 : x > y;
}

/*
 * The users of the argument, each where it is given first. NULL is no user, as
 * is what the model's type does not hold.
 */
static void
read_users(Answer *answer)
{
	FunctionCallInfo fcinfo = answer->call->fcinfo;
	Oid			type = answer->call->model->user_type;
	Oid			given = get_fn_expr_argtype(fcinfo->flinfo, ARG_USERS);
	Oid			element = OidIsValid(given) ? get_element_type(given) :
		InvalidOid;
	ArrayType  *array;
	ArrayIterator iterator;
	Wanted	   *user;
	uint32		n = 0;
	uint32		kept = 0;
	ArrayType  *groups;
	ArrayIterator group_iterator = NULL;
	ServeGroups of_all;
	Datum		id;
	bool		isnull;

	if (!OidIsValid(element) || !affinity_base_id_alike(element, type))
		affinity_serve_wrong_type("array of users", given,
								  get_array_type(type));
	affinity_base_id_sought(fcinfo, ARG_USERS, "users");
	if (PG_ARGISNULL(ARG_USERS))
		return;
	array = PG_GETARG_ARRAYTYPE_P(ARG_USERS);
	user = affinity_base_array(ArrayGetNItems(ARR_NDIM(array),
											  ARR_DIMS(array)),
							   sizeof(Wanted));
	affinity_serve_groups_arg(answer->call, ARG_GROUP, &of_all);
	groups = affinity_serve_beside(answer->call, ARG_GROUPS, "user_groups",
								   "users",
								   ArrayGetNItems(ARR_NDIM(array),
												  ARR_DIMS(array)));
	if (groups)
	{
		affinity_beside_need_groups(answer->call->model);
		group_iterator = array_create_iterator(groups, 0, NULL);
	}
	iterator = array_create_iterator(array, 0, NULL);
	while (array_iterate(iterator, &id, &isnull))
	{
		Datum		group;
		bool		no_group = true;

		if (group_iterator)
			(void) array_iterate(group_iterator, &group, &no_group);
		user[n].group = no_group ? of_all.all : DatumGetTextPP(group);
		if (isnull || !affinity_base_id_as(id, element, type, &user[n].id))
			continue;
		user[n].row = -1;
		user[n].place = n;
		n++;
	}
	array_free_iterator(iterator);
	CHECK_FOR_INTERRUPTS();
	qsort_arg(user, n, sizeof(Wanted), compare_ids, &type);
	for (uint32 i = 0; i < n; i++)
	{
		if (kept == 0 ||
			affinity_base_id_compare(user[kept - 1].id, user[i].id,
									 type) != 0)
			user[kept++] = user[i];
	}
	answer->user = user;
	answer->n = kept;
	answer->grouped = groups || of_all.all;
}

static Datum
ids_of(const Answer *answer)
{
	Datum	   *id = affinity_base_array(answer->n, sizeof(Datum));

	for (uint32 i = 0; i < answer->n; i++)
		id[i] = answer->user[i].id;
	return affinity_model_array(id, (int) answer->n,
								answer->call->model->user_type);
}

/*
 * Their groups, as text[].
 */
static Datum
groups_of(const Answer *answer)
{
	Datum	   *group = affinity_base_array(answer->n, sizeof(Datum));
	bool	   *isnull = affinity_base_array(answer->n, sizeof(bool));
	int			n = (int) answer->n;
	int			lower = 1;

	for (uint32 i = 0; i < answer->n; i++)
	{
		isnull[i] = answer->user[i].group == NULL;
		group[i] = PointerGetDatum(answer->user[i].group);
	}
	return PointerGetDatum(construct_md_array(group, isnull, 1, &n, &lower,
											  TEXTOID, -1, false,
											  TYPALIGN_INT));
}

/* ---- one by one -------------------------------------------------------- */

/*
 * Is it better to ask for one user after the other?
 */
static bool
are_few(const Answer *answer, uint32 k)
{
	const AffinityModel *model = answer->call->model;
	double		history = affinity_serve_usual_history(model->schema);

	if ((double) answer->n * Min(k, model->n_items) > MOST_ROWS)
		return false;
	if (model->algorithm->has_factors)
		return answer->n < USERS_BY_FACTORS;
	return answer->n * history * ITEMS_PER_LOOKUP < model->n_items;
}

/*
 * The query that asks for each: $1 are the model, $2 the users, and so on.
 */
static char *
each_query(const Answer *answer)
{
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfo(&sql, "SELECT u.id, r.item_id, r.score, r.rank, r.personalized"
					 " FROM ROWS FROM (pg_catalog.unnest($2), pg_catalog.unnest($%d)) WITH ORDINALITY AS u(id, user_group, place)"
					 " CROSS JOIN LATERAL affinity.recommend_core($1, u.id, $3, $5, $6, true, $4",
					 ARG_GROUPS + 1);
	for (int i = ARG_RULES; i < ARG_GROUP; i++)
		appendStringInfo(&sql, ", $%d", i + 1);
	appendStringInfo(&sql, ", u.user_group) AS r(item_id %s, score pg_catalog.float4, rank pg_catalog.int4, personalized pg_catalog.bool)"
					 " ORDER BY u.place, r.rank",
					 format_type_be_qualified(answer->call->model->item_type));
	return sql.data;
}

static void
answer_each(Answer *answer)
{
	FunctionCallInfo fcinfo = answer->call->fcinfo;
	const AffinityModel *model = answer->call->model;
	Oid			types[N_ARGS];
	Datum		values[N_ARGS];
	char		nulls[N_ARGS];
	volatile int rc = 0;

	for (int i = 0; i < N_ARGS; i++)
	{
		types[i] = get_fn_expr_argtype(fcinfo->flinfo, i);
		values[i] = fcinfo->args[i].value;
		nulls[i] = fcinfo->args[i].isnull ? 'n' : ' ';
	}
	types[ARG_USERS] = get_array_type(model->user_type);
	values[ARG_USERS] = ids_of(answer);
	types[ARG_GROUP] = TEXTOID;
	types[ARG_GROUPS] = TEXTARRAYOID;
	nulls[ARG_GROUP] = 'n';
	nulls[ARG_GROUPS] = answer->grouped ? ' ' : 'n';
	if (answer->grouped)
		values[ARG_GROUPS] = groups_of(answer);
	(void) affinity_serve_within(1);
	PG_TRY();
	{
		rc = SPI_execute_with_args(each_query(answer), N_ARGS, types, values,
								   nulls, true, 0);
	}
	PG_FINALLY();
	{
		(void) affinity_serve_within(-1);
	}
	PG_END_TRY();
	if (rc != SPI_OK_SELECT)
		elog(ERROR, "users could not be asked for");
	for (uint64 row = 0; row < SPI_processed; row++)
	{
		Datum		value[5];

		for (int column = 0; column < 5; column++)
		{
			bool		isnull;

			value[column] = SPI_getbinval(SPI_tuptable->vals[row],
										  SPI_tuptable->tupdesc, column + 1,
										  &isnull);
		}
		affinity_serve_put(answer->call, value);
	}
}

/* ---- a batch ----------------------------------------------------------- */

/*
 * Where the histories of the users are, who still ascend by id.
 */
static void
find_rows(Answer *answer)
{
	const AffinityDict *users = answer->batch.users;
	uint32		n = affinity_dictionary_size(users);
	uint32		row = 0;

	for (uint32 i = 0; i < answer->n; i++)
	{
		Wanted	   *user = &answer->user[i];
		int			c = -1;

		affinity_base_look_up(i);
		while (row < n && (c = affinity_dictionary_compare(users, row,
														   user->id)) < 0)
			row++;
		if (row < n && c == 0)
			user->row = row;
	}
}

/*
 * Rows of a matrix in the order of the users, empty where they have none; and
 * what stands beside its entries, unless that is NULL.
 */
static void
arrange(const Answer *answer, AffinityCsr *m, const float **beside)
{
	AffinityCsr from = *m;
	int64		room = from.start[from.n_rows];
	float	   *to_beside = NULL;
	int64		n = 0;

	m->n_rows = answer->n;
	m->start = affinity_base_zeroed_array((int64) answer->n + 1,
										  sizeof(int64));
	m->col = affinity_base_array(room, sizeof(uint32));
	if (from.val)
		m->val = affinity_base_array(room, sizeof(float));
	if (*beside)
		to_beside = affinity_base_array(room, sizeof(float));
	for (uint32 i = 0; i < answer->n; i++)
	{
		int64		row = answer->user[i].row;
		int64		start = row < 0 ? 0 : from.start[row];
		int64		length = row < 0 ? 0 : from.start[row + 1] - start;

		affinity_base_look_up(i);
		if (length > 0)
			memcpy(m->col + n, from.col + start, length * sizeof(uint32));
		if (length > 0 && from.val)
			memcpy(m->val + n, from.val + start, length * sizeof(float));
		if (length > 0 && to_beside)
			memcpy(to_beside + n, *beside + start, length * sizeof(float));
		n += length;
		m->start[i + 1] = n;
	}
	pfree(from.start);
	affinity_parallel_free_array(from.col);
	if (from.val)
		affinity_parallel_free_array(from.val);
	*beside = to_beside;
}

static void
arrange_users(Answer *answer)
{
	AffinityBatch *batch = &answer->batch.batch;
	const float *nothing = NULL;

	find_rows(answer);
	qsort(answer->user, answer->n, sizeof(Wanted), compare_places);
	arrange(answer, &batch->histories->by_user,
			&batch->chance);
	if (batch->seen)
		arrange(answer, &batch->seen->by_user,
				&nothing);
}

static void
hash_users(Answer *answer)
{
	uint64	   *hash = affinity_base_array(answer->n, sizeof(uint64));

	for (uint32 i = 0; i < answer->n; i++)
	{
		affinity_base_look_up(i);
		hash[i] = affinity_serve_user_hash(&answer->rules, answer->user[i].id,
										   answer->call->model->user_type);
	}
	answer->batch.batch.user_hash = hash;
}

/*
 * What comes first of the popular items, by the users' groups.
 */
static void
set_groups(Answer *answer)
{
	text	  **group = affinity_base_array(answer->n, sizeof(text *));

	for (uint32 i = 0; i < answer->n; i++)
		group[i] = answer->user[i].group;
	answer->batch.batch.first =
		affinity_serve_groups_lists(answer->call, group, answer->n,
									answer->batch.batch.rules);
}

static void
put_rows(void *state, uint32 user, const AffinityRanking *ranking)
{
	Answer	   *answer = state;
	uint32		after = answer->rules.rules.after_rank;
	Datum		values[5];

	values[0] = answer->user[user].id;
	for (uint32 i = 0; i < ranking->n; i++)
	{
		const AffinityRanked *entry = &ranking->entry[i];

		values[1] = answer->batch.item_id[entry->no];
		values[2] = Float4GetDatum(entry->score);
		values[3] = Int32GetDatum((int32) (after + i + 1));
		values[4] = BoolGetDatum(entry->personalized);
		affinity_serve_put(answer->call, values);
	}
}

static void
answer_batch(Answer *answer, uint32 k)
{
	ServeCall  *call = answer->call;
	AffinityModelAsked asked = {0};
	AffinityItems candidates;
	AffinityItems exclude;
	bool		some;

	affinity_serve_rules(call, ARG_RULES, false, &answer->rules);
	asked.repeat = affinity_serve_repeat(call, ARG_REPEAT, &answer->rules);
	asked.recent_only = answer->rules.recent_only;
	asked.after = answer->rules.after;
	some = affinity_serve_items(call, ARG_CANDIDATES, &candidates);
	(void) affinity_serve_items(call, ARG_EXCLUDE, &exclude);
	affinity_serve_keep_pinned(&answer->rules, some ? &candidates : NULL,
							   &exclude);
	affinity_serve_allow(&answer->rules, call->model->n_items,
						 some ? &candidates : NULL, &exclude);
	asked.some_users = answer->n < affinity_serve_users_of(call->model->schema) *
		MOST_SOUGHT;
	asked.n_users = answer->n;
	asked.users = asked.some_users ? ids_of(answer) : (Datum) 0;
	affinity_batch_begin(&answer->batch, call->model, &asked);
	arrange_users(answer);
	answer->batch.batch.rules = affinity_serve_in_force(call, &answer->rules);
	if (answer->rules.rules.exploration > 0)
		hash_users(answer);
	if (answer->grouped)
		set_groups(answer);
	affinity_score_batch_recommend(&answer->batch.batch, k, put_rows, answer);
	affinity_batch_end(&answer->batch);
}

PG_FUNCTION_INFO_V1(affinity_serve_recommend_users);

/*
 * SQL: recommend_users_core(model, users, k, repeat, candidates, exclude,
 * rules ..., user_group, user_groups)
 */
Datum
affinity_serve_recommend_users(PG_FUNCTION_ARGS)
{
	ServeCall	call = {0};
	Answer		answer = {.call = &call};
	uint32		k;

	affinity_serve_begin(&call, fcinfo);
	k = affinity_serve_k(&call, ARG_K);
	affinity_serve_result(&call, 5, "user_id", call.model->user_type,
						  "item_id", call.model->item_type,
						  "score", FLOAT4OID, "rank", INT4OID,
						  "personalized", BOOLOID);
	read_users(&answer);
	if (k > 0 && answer.n > 0 && call.model->trained)
	{
		if (are_few(&answer, k))
		{
			qsort(answer.user, answer.n, sizeof(Wanted), compare_places);
			answer_each(&answer);
		}
		else
			answer_batch(&answer, k);
	}
	return affinity_serve_end(&call);
}
