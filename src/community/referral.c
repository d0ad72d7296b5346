/*
 * referral.c
 *		Who came through whom: a tree for each member who came alone.
 *
 * A member has one inviter: of the row with the earliest time, and of those
 * the first by id. So members hang together in trees, but for circles of
 * members who invited each other around: of each circle the member who joined
 * first, and of those the first by id, counts as one who came alone.
 */
#include "postgres.h"

#include "executor/spi.h"

#include "community/community.h"

const CommunityRequest affinity_community_invitations = {
	.what = "invitations",
	.example = "SELECT invited_by, user_id, created_at FROM users",
	.third = COMMUNITY_TIME,
	.first_may_be_null = true,
	.row_bytes = 32,
	.member_bytes = 100
};

/* ---- inviters ---------------------------------------------------------- */

/*
 * Rows in the order of members who invited and were invited, each pair's
 * earliest first.
 */
static void
take_rows(CommunityRows *rows, CommunityTree *tree)
{
	for (int64 i = 0; i < rows->n; i++)
	{
		const CommunityRow *row = &rows->row[i];
		bool		came = row->at != COMMUNITY_NO_TIME;
		bool		is_first = i == 0 || row[-1].a != row->a ||
			row[-1].b != row->b;

		affinity_base_look_up(i);
		if (row->a != COMMUNITY_NOBODY)
		{
			tree->is_member[row->a] = true;
			tree->invitations[row->a] += is_first && row->a != row->b;
		}
		if (!came)
			continue;
		if (!tree->is_member[row->b] ||
			row->at < tree->joined_at[row->b] ||
			(row->at == tree->joined_at[row->b] &&
			 row->a < tree->inviter[row->b]))
		{
			tree->joined_at[row->b] = row->at;
			tree->inviter[row->b] = row->a;
		}
		tree->is_member[row->b] = true;
	}
}

/* The member of a circle who counts as its first. */
static uint32
first_of_circle(const CommunityTree *tree, uint32 from)
{
	uint32		first = from;

	for (uint32 v = tree->inviter[from]; v != from; v = tree->inviter[v])
	{
		if (tree->joined_at[v] < tree->joined_at[first] ||
			(tree->joined_at[v] == tree->joined_at[first] && v < first))
			first = v;
	}
	return first;
}

/*
 * Find the circles, and open each of them; returns how many members are in
 * one.
 */
static int64
open_circles(CommunityTree *tree)
{
	uint32	   *walk = affinity_base_zeroed_array(tree->n, sizeof(uint32));
	uint64		work = 0;
	int64		n = 0;

	for (uint32 start = 0; start < tree->n; start++)
	{
		uint32		v = start;
		uint32		first;

		while (v != COMMUNITY_NOBODY && walk[v] == 0)
		{
			walk[v] = start + 1;
			v = tree->inviter[v];
			affinity_base_look_after(&work, 1);
		}
		if (v == COMMUNITY_NOBODY || walk[v] != start + 1)
			continue;
		first = first_of_circle(tree, v);
		do
		{
			tree->in_cycle[v] = true;
			n++;
			v = tree->inviter[v];
			affinity_base_look_after(&work, 1);
		} while (!tree->in_cycle[v]);
		tree->inviter[first] = COMMUNITY_NOBODY;
	}
	pfree(walk);
	return n;
}

/* ---- trees ------------------------------------------------------------- */

/*
 * Members from the leaves up, so that what is below each is known when its
 * inviter's turn comes; and in the other direction roots and depths.
 */
static void
climb(CommunityTree *tree)
{
	uint32	   *waiting = affinity_base_array(tree->n, sizeof(uint32));
	uint32	   *order = affinity_base_array(tree->n, sizeof(uint32));
	uint32		n = 0;

	for (uint32 v = 0; v < tree->n; v++)
	{
		affinity_base_look_up(v);
		if (tree->inviter[v] != COMMUNITY_NOBODY)
			tree->joined[tree->inviter[v]]++;
	}
	for (uint32 v = 0; v < tree->n; v++)
	{
		waiting[v] = tree->joined[v];
		if (waiting[v] == 0)
			order[n++] = v;
	}
	for (uint32 i = 0; i < n; i++)
	{
		uint32		inviter = tree->inviter[order[i]];

		affinity_base_look_up(i);
		if (inviter == COMMUNITY_NOBODY)
			continue;
		tree->below[inviter] += tree->below[order[i]] + 1;
		if (--waiting[inviter] == 0)
			order[n++] = inviter;
	}
	Assert(n == tree->n);
	while (n-- > 0)
	{
		uint32		v = order[n];
		uint32		inviter = tree->inviter[v];

		affinity_base_look_up(n);
		tree->root[v] = inviter == COMMUNITY_NOBODY ? v : tree->root[inviter];
		tree->depth[v] = inviter == COMMUNITY_NOBODY ? 0 :
			tree->depth[inviter] + 1;
	}
	pfree(waiting);
	pfree(order);
}

/*
 * Make the trees of rows whose members are ranked.
 */
void
affinity_community_tree(CommunityRows *rows, CommunityTree *tree)
{
	uint32		n = rows->n_members;
	int64		circles;

	affinity_community_sort(rows->row, rows->n, n);
	tree->n = n;
	tree->is_member = affinity_base_zeroed_array(n, sizeof(bool));
	tree->in_cycle = affinity_base_zeroed_array(n, sizeof(bool));
	tree->joined_at = affinity_base_array(n, sizeof(int64));
	tree->inviter = affinity_base_array(n, sizeof(uint32));
	tree->invitations = affinity_base_zeroed_array(n, sizeof(uint32));
	tree->joined = affinity_base_zeroed_array(n, sizeof(uint32));
	tree->below = affinity_base_zeroed_array(n, sizeof(uint32));
	tree->root = affinity_base_array(n, sizeof(uint32));
	tree->depth = affinity_base_array(n, sizeof(uint32));
	for (uint32 v = 0; v < n; v++)
	{
		tree->joined_at[v] = COMMUNITY_NO_TIME;
		tree->inviter[v] = COMMUNITY_NOBODY;
	}
	take_rows(rows, tree);
	circles = open_circles(tree);
	if (circles > 0)
		ereport(NOTICE,
				(errmsg("%lld members are in circles of members who invited each other: the first of each circle counts as come alone",
						(long long) circles)));
	climb(tree);
}

/* ---- the function -------------------------------------------------------- */

PG_FUNCTION_INFO_V1(affinity_community_referrals);

/*
 * SQL: referrals(invitations, id_type).
 */
Datum
affinity_community_referrals(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	CommunityRequest request = affinity_community_invitations;
	CommunityRows rows = {0};
	CommunityTree tree;
	CommunityIds ids;
	MemoryContext row;
	MemoryContext old;

	request.query = affinity_community_query_arg(fcinfo, 0, &request);
	InitMaterializedSRF(fcinfo, 0);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	affinity_community_read(&request, &rows);
	affinity_community_ids(fcinfo, 1, rows.members, &ids);
	affinity_community_rank(&rows);
	affinity_community_tree(&rows, &tree);
	row = AllocSetContextCreate(CurrentMemoryContext, "affinity member",
								ALLOCSET_SMALL_SIZES);
	old = MemoryContextSwitchTo(row);
	for (uint32 v = 0; v < tree.n; v++)
	{
		Datum		values[8];
		bool		nulls[8] = {0};

		affinity_base_look_up(v);
		if (!tree.is_member[v])
			continue;
		values[0] = affinity_community_id(&ids, v);
		nulls[1] = tree.inviter[v] == COMMUNITY_NOBODY;
		if (!nulls[1])
			values[1] = affinity_community_id(&ids, tree.inviter[v]);
		values[2] = affinity_community_id(&ids, tree.root[v]);
		values[3] = Int64GetDatum(tree.depth[v]);
		values[4] = Int64GetDatum(tree.invitations[v]);
		values[5] = Int64GetDatum(tree.joined[v]);
		values[6] = Int64GetDatum(tree.below[v]);
		values[7] = BoolGetDatum(tree.in_cycle[v]);
		tuplestore_putvalues(result->setResult, result->setDesc, values,
							 nulls);
		MemoryContextReset(row);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(row);
	SPI_finish();
	return (Datum) 0;
}
