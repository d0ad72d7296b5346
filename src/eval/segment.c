/*
 * segment.c
 *		Groups of users, as a query gives them.
 */
#include "postgres.h"

#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "eval/evaluate.h"

/* Rows that are fetched together. */
#define FETCH	10000

/* A user of the test and what the query says of it. */
typedef struct Member
{
	const char *segment;
	uint32		user;
} Member;

static inline int
compare_members(const Member *a, const Member *b)
{
	int			c = a->segment == b->segment ? 0 :
		strcmp(a->segment, b->segment);

	return c != 0 ? c : (a->user > b->user) - (a->user < b->user);
}

#define ST_SORT sort_members
#define ST_ELEMENT_TYPE Member
#define ST_COMPARE(a, b) compare_members(a, b)
#define ST_CHECK_FOR_INTERRUPTS
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

/*
 * The row of a user in a test; -1 where it has none.
 */
static int64
find_user(const AffinityInteractions *test, Datum given, Oid type)
{
	uint32		low = 0;
	uint32		high = test->by_user.n_rows;
	Datum		id;

	if (!affinity_base_id_as(given, type,
							 affinity_dictionary_type(test->users), &id))
		return -1;
	while (low < high)
	{
		uint32		middle = low + (high - low) / 2;
		int			c = affinity_dictionary_compare(test->users, middle,
													id);

		if (c == 0)
			return middle;
		if (c < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return -1;
}

static void
check_type(Oid given, const AffinityInteractions *test)
{
	Oid			type = affinity_dictionary_type(test->users);

	if (!affinity_base_id_alike(given, type))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("users of \"by\" are of type %s, but those of the test of type %s",
						format_type_be(given), format_type_be(type)),
				 errhint("Let the query of \"by\" cast them.")));
}

/*
 * Note the segments of some users; each user has one.
 */
static void
take_rows(const SPITupleTable *table, uint64 n,
		  const AffinityInteractions *test, const char **of_user,
		  MemoryContext context)
{
	Oid			type = SPI_gettypeid(table->tupdesc, 1);

	for (uint64 r = 0; r < n; r++)
	{
		bool		isnull;
		Datum		id = SPI_getbinval(table->vals[r], table->tupdesc, 1,
									   &isnull);
		int64		user = isnull ? -1 : find_user(test, id, type);
		char	   *name;

		if (user < 0)
			continue;
		name = SPI_getvalue(table->vals[r], table->tupdesc, 2);
		if (name == NULL)
			continue;
		if (of_user[user] && strcmp(of_user[user], name) != 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("\"by\" has user %s in two groups: \"%s\" and \"%s\"",
							affinity_base_id_display(id, type),
							of_user[user], name),
					 errhint("Let the query give each user once.")));
		if (of_user[user] == NULL)
			of_user[user] = MemoryContextStrdup(context, name);
	}
}

/*
 * Groups of the users of a test, in the order of their names; who is in none
 * is in no segment.
 */
EvalSegment *
affinity_eval_segments(const char *query, const AffinityInteractions *test,
					   int *n)
{
	uint32		n_users = test->by_user.n_rows;
	const char **of_user = affinity_base_zeroed_array(n_users,
													  sizeof(char *));
	MemoryContext context = CurrentMemoryContext;
	Member	   *member = affinity_base_array(n_users, sizeof(Member));
	EvalSegment *segment;
	uint32		members = 0;
	Portal		cursor;

	cursor = SPI_cursor_open_with_args(NULL,
									   psprintf("SELECT b.user_id, b.segment::pg_catalog.text FROM (%s\n) AS b(user_id, segment)",
												affinity_definition_source_check(query, "by")),
									   0, NULL, NULL, NULL, true, 0);
	check_type(TupleDescAttr(cursor->tupDesc, 0)->atttypid, test);
	do
	{
		SPI_cursor_fetch(cursor, true, FETCH);
		take_rows(SPI_tuptable, SPI_processed, test, of_user, context);
		SPI_freetuptable(SPI_tuptable);
	} while (SPI_processed > 0);
	SPI_cursor_close(cursor);

	for (uint32 u = 0; u < n_users; u++)
	{
		if (of_user[u] == NULL)
			continue;
		member[members].segment = of_user[u];
		member[members++].user = u;
	}
	sort_members(member, members);
	segment = affinity_base_array(members, sizeof(EvalSegment));
	*n = 0;
	for (uint32 from = 0, to; from < members; from = to)
	{
		EvalSegment *this = &segment[(*n)++];

		for (to = from; to < members &&
			 strcmp(member[to].segment, member[from].segment) == 0;)
			to++;
		this->name = member[from].segment;
		this->n_users = to - from;
		this->user = affinity_base_array(to - from, sizeof(uint32));
		for (uint32 i = from; i < to; i++)
			this->user[i - from] = member[i].user;
	}
	return segment;
}
