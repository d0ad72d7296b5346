/*
 * groups.c
 *		Groups of many users: what fills their lists up, as user_group does that
 *		of one user.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "beside/beside.h"
#include "serve/serve.h"

/* A user of a group. */
typedef struct Placed
{
	Datum		id;
	text	   *group;
} Placed;

/* The name of a user's group. */
typedef struct Named
{
	text	   *name;
	uint32		user;
} Named;

/* ---- arguments --------------------------------------------------------- */

/*
 * The argument user_group, if there is one, for all users.
 */
void
affinity_serve_groups_arg(ServeCall *call, int arg, ServeGroups *groups)
{
	FunctionCallInfo fcinfo = call->fcinfo;

	memset(groups, 0, sizeof(ServeGroups));
	if (!affinity_serve_given(call, arg))
		return;
	affinity_beside_need_groups(call->model);
	groups->all = PG_GETARG_TEXT_PP(arg);
}

static int
compare_names(const text *a, const text *b)
{
	Size		n_a = VARSIZE_ANY_EXHDR(a);
	Size		n_b = VARSIZE_ANY_EXHDR(b);
	int			c = memcmp(VARDATA_ANY(a), VARDATA_ANY(b), Min(n_a, n_b));

	return c != 0 ? c : n_a < n_b ? -1 : n_a > n_b;
}

static int
compare_users(const void *a, const void *b, void *type)
{
	return affinity_base_id_compare(((const Placed *) a)->id,
									((const Placed *) b)->id,
									*(const Oid *) type);
}

pg_noreturn static void
two_groups(const ServeCall *call, Datum user, const text *a, const text *b)
{
	Oid			output;
	bool		varlena;
	bool		in_order = compare_names(a, b) < 0;

	getTypeOutputInfo(call->model->user_type, &output, &varlena);
	ereport(ERROR,
			(errcode(ERRCODE_CARDINALITY_VIOLATION),
			 errmsg("users gives user %s two groups, \"%s\" and \"%s\"",
					OidOutputFunctionCall(output, user),
					text_to_cstring(in_order ? a : b),
					text_to_cstring(in_order ? b : a)),
			 errhint("A list is filled up from one group: let the query choose, such as by min() and GROUP BY.")));
}

/*
 * Users with groups of their own, or NULL.
 */
void
affinity_serve_groups_add(ServeCall *call, ServeGroups *groups, Datum *user,
						  text * *group, uint32 n)
{
	Oid			type = call->model->user_type;
	Placed	   *placed = affinity_base_array(n, sizeof(Placed));
	uint32		kept = 0;

	affinity_beside_need_groups(call->model);
	for (uint32 i = 0; i < n; i++)
	{
		placed[i].id = user[i];
		placed[i].group = group[i];
	}
	CHECK_FOR_INTERRUPTS();
	qsort_arg(placed, n, sizeof(Placed), compare_users, &type);
	for (uint32 i = 0; i < n; i++)
	{
		Placed	   *last = kept > 0 ? &placed[kept - 1] : NULL;

		affinity_base_look_up(i);
		if (last == NULL ||
			affinity_base_id_compare(last->id, placed[i].id, type) != 0)
			placed[kept++] = placed[i];
		else if (last->group == NULL)
			last->group = placed[i].group;
		else if (placed[i].group &&
				 compare_names(last->group, placed[i].group) != 0)
			two_groups(call, last->id, last->group, placed[i].group);
	}
	for (uint32 i = 0; i < kept; i++)
	{
		user[i] = placed[i].id;
		group[i] = placed[i].group;
	}
	pfree(placed);
	groups->n_users = kept;
	groups->user = user;
	groups->group = group;
}

/*
 * The groups of the users of a dictionary, which ascend by id too; NULL where
 * nobody has one.
 */
text **
affinity_serve_groups_of(const ServeGroups *groups, const AffinityDict *users)
{
	uint32		n = affinity_dictionary_size(users);
	uint32		at = 0;
	text	  **group;

	if (groups->all == NULL && groups->n_users == 0)
		return NULL;
	group = affinity_base_array(n, sizeof(text *));
	for (uint32 u = 0; u < n; u++)
	{
		int			c = -1;

		affinity_base_look_up(u);
		group[u] = groups->all;
		while (at < groups->n_users &&
			   (c = affinity_dictionary_compare(users, u,
												groups->user[at])) > 0)
			at++;
		if (at < groups->n_users && c == 0 && groups->group[at])
			group[u] = groups->group[at];
	}
	return group;
}

/* ---- the query of users ------------------------------------------------ */

pg_noreturn static void
wrong_users(const char *what)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("users must be a query of ids of users, or of ids and groups, but %s",
					what),
			 errhint("Such as: users => 'SELECT id FROM customers WHERE newsletter', or 'SELECT id, country FROM customers'.")));
}

/*
 * The ids that a query gives, which runs as the caller's, and the groups of
 * users, as text, if it has them.
 */
void
affinity_serve_users(ServeCall *call, int arg, AffinityModelAsked *asked,
					 ServeGroups *groups)
{
	FunctionCallInfo fcinfo = call->fcinfo;
	Oid			wanted = call->model->user_type;
	SPITupleTable *table;
	TupleDesc	desc;
	uint64		rows;
	Oid			type;
	Datum	   *id;
	text	  **group = NULL;
	uint32		n = 0;

	if (!affinity_serve_given(call, arg))
		return;
	if (SPI_execute(affinity_definition_source_check(text_to_cstring(PG_GETARG_TEXT_PP(arg)),
													 "users"),
					true, 0) != SPI_OK_SELECT)
		wrong_users("it gives no rows");
	table = SPI_tuptable;
	desc = table->tupdesc;
	rows = SPI_processed;
	if (desc->natts < 1 || desc->natts > 2)
		wrong_users(psprintf("it has %d columns", desc->natts));
	type = SPI_gettypeid(desc, 1);
	if (!affinity_base_id_alike(type, wanted))
		wrong_users(psprintf("the ids are of type %s and the model's of type %s",
							 format_type_be(type), format_type_be(wanted)));
	id = affinity_base_array(rows, sizeof(Datum));
	if (desc->natts == 2)
		group = affinity_base_array(rows, sizeof(text *));
	for (uint64 row = 0; row < rows; row++)
	{
		bool		isnull;
		Datum		value = SPI_getbinval(table->vals[row], desc, 1, &isnull);

		affinity_base_look_up(row);
		if (isnull || !affinity_base_id_as(value, type, wanted, &id[n]))
			continue;
		if (group)
		{
			char	   *name = SPI_getvalue(table->vals[row], desc, 2);

			group[n] = name ? cstring_to_text(name) : NULL;
		}
		n++;
	}
	if (group)
		affinity_serve_groups_add(call, groups, id, group, n);
	asked->some_users = true;
	asked->n_users = group ? groups->n_users : n;
	asked->users = affinity_model_array(id, (int) asked->n_users, wanted);
}

/* ---- lists ------------------------------------------------------------- */

static int
compare_named(const void *a, const void *b)
{
	return compare_names(((const Named *) a)->name,
						 ((const Named *) b)->name);
}

/* Lists in the making. */
typedef struct Lists
{
	ServeCall  *call;
	const AffinityRules *rules;
	AffinityFirstLists first;
	int64	   *start;
	uint32	   *item;
	float	   *score;
	float	   *pinned;
	int64		room;
	float	   *by_number;		/* scores in a list; 0: not in it */
	uint8	   *marked;
} Lists;

static void
make_room(Lists *l, int64 n)
{
	if (n <= l->room)
		return;
	l->room = Max(n, 2 * l->room);
	l->item = l->item ?
		repalloc_huge(l->item, mul_size(l->room, sizeof(uint32))) :
		affinity_base_array(l->room, sizeof(uint32));
	l->score = l->score ?
		repalloc_huge(l->score, mul_size(l->room, sizeof(float))) :
		affinity_base_array(l->room, sizeof(float));
}

/*
 * What pinned items have in a list.
 */
static void
pin(Lists *l, uint32 of_list)
{
	const AffinityRules *rules = l->rules;

	for (uint32 i = 0; rules && i < rules->n_pinned; i++)
		l->pinned[(Size) of_list * rules->n_pinned + i] =
			l->by_number[rules->pinned[i]];
}

/*
 * Add a list, as rules have it.
 */
static void
add_list(Lists *l, const AffinityList *list)
{
	AffinityPopular popular = {0};
	uint32	   *item = affinity_base_array(list->n, sizeof(uint32));
	int64		at = l->start[l->first.n];

	for (uint32 i = 0; i < list->n; i++)
	{
		uint32		no = (uint32) list->item[i];

		if (l->marked[no / 8] >> (no % 8) & 1)
			affinity_train_damaged(l->call->model->schema_name,
								   "an item is twice in a list of popular items");
		l->marked[no / 8] |= 1 << (no % 8);
		l->by_number[no] = list->score[i];
		item[i] = no;
	}
	popular.n = list->n;
	popular.item = item;
	popular.popularity = list->score;
	if (l->rules)
		popular = affinity_score_popular(l->rules, l->by_number, item, list->n,
										 list->n);
	make_room(l, at + popular.n);
	memcpy(l->item + at, popular.item, popular.n * sizeof(uint32));
	memcpy(l->score + at, popular.popularity, popular.n * sizeof(float));
	pin(l, l->first.n);
	l->start[++l->first.n] = at + popular.n;
	for (uint32 i = 0; i < list->n; i++)
	{
		l->marked[item[i] / 8] = 0;
		l->by_number[item[i]] = 0;
	}
	pfree(item);
}

/*
 * Which list each of n users has first, whose groups are these; NULL: nobody has
 * one.
 */
const AffinityFirstLists *
affinity_serve_groups_lists(ServeCall *call, text * *group, uint32 n,
							const AffinityRules *rules)
{
	AffinityModel *model = call->model;
	Lists	   *l = palloc0(sizeof(Lists));
	Named	   *named;
	int32	   *of_user;
	uint32		n_named = 0;
	uint32		n_names = 0;
	int32		at = -1;

	if (group == NULL)
		return NULL;
	named = affinity_base_array(n, sizeof(Named));
	of_user = affinity_base_array(n, sizeof(int32));
	for (uint32 u = 0; u < n; u++)
	{
		of_user[u] = -1;
		if (group[u] == NULL)
			continue;
		named[n_named].name = group[u];
		named[n_named++].user = u;
	}
	CHECK_FOR_INTERRUPTS();
	qsort(named, n_named, sizeof(Named), compare_named);
	for (uint32 i = 0; i < n_named; i++)
		n_names += i == 0 || compare_named(&named[i - 1], &named[i]) != 0;
	l->call = call;
	l->rules = rules;
	l->start = affinity_base_zeroed_array((Size) n_names + 1, sizeof(int64));
	l->by_number = affinity_base_zeroed_array(model->n_items, sizeof(float));
	l->marked = affinity_base_zeroed_array((Size) model->n_items / 8 + 1, 1);
	make_room(l, 1);
	if (rules && rules->n_pinned > 0)
		l->pinned = affinity_base_array(mul_size(n_names, rules->n_pinned),
										sizeof(float));
	for (uint32 i = 0; i < n_named; i++)
	{
		AffinityList list;

		CHECK_FOR_INTERRUPTS();
		if (i == 0 || compare_named(&named[i - 1], &named[i]) != 0)
		{
			at = -1;
			if (affinity_beside_list(model, named[i].name, false, &list))
			{
				at = (int32) l->first.n;
				add_list(l, &list);
			}
		}
		of_user[named[i].user] = at;
	}
	pfree(named);
	if (l->first.n == 0)
		return NULL;
	l->first.start = l->start;
	l->first.item = l->item;
	l->first.score = l->score;
	l->first.pinned = l->pinned;
	l->first.of_user = of_user;
	return &l->first;
}
