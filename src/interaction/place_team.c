/*
 * place_team.c
 *		The leader of the team that sorts and places rows.
 */
#include "postgres.h"

#include "interaction/place.h"

/* Processor time of a row, in s. */
#define SECONDS_PER_ROW	60e-9

AFFINITY_TEAM_JOB(place_job, affinity_interaction_place_body);

/*
 * A region, which is to be the next one.
 */
static void
request_region(AffinityTeamRequest *request, int r, int64 n, Size width)
{
	if (affinity_parallel_request_region(request, mul_size(n, width)) != r)
		elog(ERROR, "regions of rows are out of order");
}

static AffinityTeam *
begin_team(const AffinityBuild *build, int64 n_columns)
{
	const AffinityRows *rows = build->rows;
	int			n = rows->n_sharing + 1;
	AffinityTeamRequest request = {0};
	int64		n_values = affinity_interaction_has_values(build->request) ?
		rows->usable : 0;
	int64		n_second = rows->has_second ? rows->usable : 0;

	request.job = &place_job;
	request.max_workers = rows->n_sharing;
	/* 0 would be: not known */
	request.seconds = (double) Max(rows->usable, 1) * SECONDS_PER_ROW;
	request_region(&request, PLACE_HEADER, 1, sizeof(PlaceShared));
	request_region(&request, PLACE_USER_RANK, build->n_users, sizeof(uint32));
	request_region(&request, PLACE_ITEM_RANK, build->n_items, sizeof(uint32));
	request_region(&request, PLACE_OF_USER, build->n_users, sizeof(int64));
	request_region(&request, PLACE_OF_ITEM, n * n_columns, sizeof(int64));
	request_region(&request, PLACE_NEWEST, rows->by_newest ? build->n_users : 0,
				   sizeof(int64));
	request_region(&request, PLACE_MERGE, n, sizeof(AffinityMerge));
	request_region(&request, PLACE_COLUMN, n_columns, sizeof(uint32));
	request_region(&request, PLACE_USER_START, (int64) build->n_users + 1,
				   sizeof(int64));
	request_region(&request, PLACE_ITEM_NEXT, n_columns, sizeof(int64));
	request_region(&request, PLACE_POOL, affinity_parts_count(&rows->parts),
				   sizeof(dsa_pointer));
	request_region(&request, PLACE_TURNED, n * AFFINITY_PARTS,
				   sizeof(AffinitySharedPart));
	for (int r = PLACE_USER_COL; r < PLACE_REGIONS; r += 3)
	{
		request_region(&request, r, rows->usable, sizeof(uint32));
		request_region(&request, r + 1, n_values, sizeof(float));
		request_region(&request, r + 2, n_second, sizeof(float));
		request.raw |= UINT64CONST(7) << r;
	}
	return affinity_parallel_begin(&request);
}

static void
fill(AffinityTeam *team, const AffinityBuild *build)
{
	AffinityRows *rows = build->rows;
	PlaceShared *shared = affinity_parallel_region(team, PLACE_HEADER);
	dsa_pointer *pool = affinity_parallel_region(team, PLACE_POOL);
	AffinityParts *parts = &rows->parts;
	uint32		n_pool = 0;

	shared->request = *build->request;
	shared->rows = *rows;
	shared->rows.users = shared->rows.items = NULL;
	shared->rows.parts.area = NULL;
	shared->rows.parts.unused = NULL;
	memset(shared->rows.parts.part, 0, sizeof(parts->part));
	shared->n_users = build->n_users;
	shared->n_items = build->n_items;
	shared->area = dsa_get_handle(parts->area->dsa);
	for (int p = 0; p < AFFINITY_PARTS; p++)
		affinity_parts_show(&parts->part[p], &shared->part[p]);
	for (; parts->unused; parts->unused = parts->unused->next)
		pool[n_pool++] = parts->unused->self;
	pg_atomic_init_u32(&shared->n_pool, n_pool);
	memset(parts->part, 0, sizeof(parts->part));
	memcpy(affinity_parallel_region(team, PLACE_USER_RANK), build->user_rank,
		   build->n_users * sizeof(uint32));
	memcpy(affinity_parallel_region(team, PLACE_ITEM_RANK), build->item_rank,
		   build->n_items * sizeof(uint32));
	if (rows->by_newest)
		affinity_interaction_newest_begin(affinity_parallel_region(team, PLACE_NEWEST),
										  build->n_users);
}

static void
take_arrays(AffinityTeam *team, int first_region, AffinityCsr *csr,
			float **second)
{
	const PlaceShared *shared = affinity_parallel_region(team, PLACE_HEADER);
	int64		n = csr->start[csr->n_rows];

	csr->col = affinity_parallel_keep(team, first_region, n, sizeof(uint32));
	if (shared->has_values)
		csr->val = affinity_parallel_keep(team, first_region + 1, n, sizeof(float));
	if (shared->rows.has_second)
		*second = affinity_parallel_keep(team, first_region + 2, n, sizeof(float));
}

/*
 * Sort and place the rows of a build. False, and nothing is done, where they
 * are not shared, or where counts by participant would be as large as the
 * rows.
 */
bool
affinity_interaction_place(AffinityBuild *build, AffinityInteractions *in)
{
	const AffinityRows *rows = build->rows;
	int64		n_columns = (int64) build->n_items * rows->n_kinds;
	Whole		whole = {build, in};
	AffinityTeam *team;

	if (rows->n_sharing == 0 ||
		(rows->n_sharing + 1) * n_columns * (int64) sizeof(int64) >
		rows->usable * (int64) sizeof(AffinityEntry))
		return false;
	team = begin_team(build, n_columns);
	fill(team, build);
	affinity_parallel_run(team, &whole);
	build->of_user = NULL;
	affinity_parts_free(&build->rows->parts);
	take_arrays(team, PLACE_USER_COL, &build->by_user,
				&build->second_by_user);
	take_arrays(team, PLACE_ITEM_COL, &build->by_item,
				&build->second_by_item);
	affinity_parallel_end(team);
	return true;
}
