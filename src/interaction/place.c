/*
 * place.c
 *		Partitions in shared memory, sorted and placed by a team.
 *
 * The steps are those of sort.c and matrix.c, in the same order; between them
 * is a barrier. A partition is one participant's, as users and items are in
 * one partition each, so what is written to arrays by user or by item meets
 * nobody else's. Users of the matrix are cut into as many pieces as there are
 * participants; a partition by item is their pieces one after the other, so
 * that it is in order of users however many there are.
 *
 * Chunks go round as they do in one process: what a step has read is where
 * the next one writes.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "port/atomics.h"

#include "interaction/rows.h"
#include "parallel/team.h"

/* Processor time of a row, in s. */
#define SECONDS_PER_ROW	60e-9

/* Partitions by item that share lines of the cache where items are counted. */
#define NEIGHBORS		8

enum
{
	PLACE_HEADER,
	PLACE_USER_RANK,
	PLACE_ITEM_RANK,
	PLACE_OF_USER,				/* counts, then where entries go */
	PLACE_OF_ITEM,				/* counts by participant */
	PLACE_NEWEST,
	PLACE_MERGE,				/* by participant */
	PLACE_COLUMN,
	PLACE_USER_START,
	PLACE_ITEM_NEXT,
	PLACE_POOL,					/* chunks that nobody needs */
	PLACE_TURNED,				/* partitions by item, by participant */
	PLACE_USER_COL,
	PLACE_USER_VAL,
	PLACE_USER_SECOND,
	PLACE_ITEM_COL,
	PLACE_ITEM_VAL,
	PLACE_ITEM_SECOND,
	PLACE_REGIONS
};

typedef struct PlaceShared
{
	AffinityReadRequest request;	/* without what it points to */
	AffinityRows rows;			/* the same */
	uint32		n_users;
	uint32		n_items;
	dsa_handle	area;
	pg_atomic_uint32 n_pool;
	AffinitySharedPart part[AFFINITY_PARTS];
	bool		has_values;		/* known when all is merged */
	bool		has_column;
	uint32		n_matrix_users;
} PlaceShared;

/* The leader's. */
typedef struct Whole
{
	AffinityBuild *build;
	AffinityInteractions *in;
} Whole;

/* A participant's. */
typedef struct Placer
{
	AffinityTeam *team;
	PlaceShared *shared;
	dsa_area   *area;
	AffinityRows rows;
	AffinityBuild build;
} Placer;

AFFINITY_TEAM_JOB(place_job, affinity_interaction_place_body);

static inline void *
region(const Placer *placer, int r)
{
	return affinity_parallel_region(placer->team, r);
}

/* ---- chunks ------------------------------------------------------------ */

/*
 * Leave chunks that were emptied to whoever needs some.
 */
static void
fill_pool(Placer *placer)
{
	AffinityParts *parts = &placer->rows.parts;
	dsa_pointer *pool = region(placer, PLACE_POOL);

	while (parts->unused)
	{
		pool[pg_atomic_fetch_add_u32(&placer->shared->n_pool, 1)] =
			parts->unused->self;
		parts->unused = parts->unused->next;
	}
}

/*
 * There are enough: for all entries, and one that is not full for each
 * partition of each participant.
 */
static AffinityPart *
room(Placer *placer, uint32 p)
{
	AffinityParts *parts = &placer->rows.parts;
	AffinityPart *part = &parts->part[p];
	const		dsa_pointer *pool = region(placer, PLACE_POOL);
	uint32		n;

	if (likely(part->last && part->n_last < AFFINITY_CHUNK))
		return part;
	n = pg_atomic_fetch_sub_u32(&placer->shared->n_pool, 1);
	if (n == 0 || n > PG_INT32_MAX)
		elog(ERROR, "no chunk is left for a partition by item");
	affinity_interaction_parts_give_back(parts,
										 dsa_get_address(placer->area,
														 pool[n - 1]));
	affinity_interaction_parts_extend(parts, part);
	return part;
}

/* ---- the steps --------------------------------------------------------- */

static void
sort_parts(Placer *placer)
{
	AffinityBuild *build = &placer->build;
	AffinityParts *parts = &placer->rows.parts;
	AffinitySharedPart *shared = placer->shared->part;
	AffinitySorter *sorter = affinity_interaction_sorter(build);
	AffinityMerge *merge = region(placer, PLACE_MERGE);
	uint32		from;
	uint32		to;

	affinity_interaction_merge_begin(build);
	while (affinity_parallel_next(placer->team, AFFINITY_PARTS, 1, &from, &to))
	{
		affinity_interaction_part_see(placer->area, &shared[from],
									  &parts->part[from]);
		affinity_interaction_sort_part(build, from, sorter);
		affinity_interaction_part_show(&parts->part[from], &shared[from]);
		memset(&parts->part[from], 0, sizeof(AffinityPart));
		fill_pool(placer);
	}
	affinity_interaction_sorter_free(sorter);
	merge[affinity_parallel_participant(placer->team)] = build->merge;
}

/*
 * Pairs of two participants: the first of all is the first of either.
 */
static void
add_pairs(AffinityPairs *all, const AffinityPairs *more)
{
	int64		n = all->n + more->n;

	if (more->n > 0 && (all->n == 0 || more->row < all->row ||
						(more->row == all->row && more->col < all->col)))
		*all = *more;
	all->n = n;
}

/*
 * In the leader: what all found together, and where entries go.
 */
static void
number(Placer *placer, Whole *whole)
{
	AffinityBuild *build = whole->build;
	PlaceShared *shared = placer->shared;
	const AffinityMerge *merge = region(placer, PLACE_MERGE);
	const int64 *of_item = region(placer, PLACE_OF_ITEM);
	int64		n_columns = (int64) build->n_items * build->rows->n_kinds;
	int			n = affinity_parallel_participants(placer->team);
	uint32	   *column;

	build->of_user = region(placer, PLACE_OF_USER);
	build->of_item = affinity_interaction_array(n_columns, sizeof(int64));
	build->merge = merge[0];
	for (int i = 1; i < n; i++)
	{
		build->merge.all_one &= merge[i].all_one;
		add_pairs(&build->merge.dropped, &merge[i].dropped);
		add_pairs(&build->merge.infinite, &merge[i].infinite);
	}
	for (int64 c = 0; c < n_columns; c++)
	{
		affinity_base_look_up(c);
		build->of_item[c] = 0;
		for (int i = 0; i < n; i++)
			build->of_item[c] += of_item[i * n_columns + c];
	}
	if (build->merge.infinite.n > 0)
		affinity_interaction_too_large(build);
	affinity_interaction_number(build, whole->in, &column);
	shared->has_values = !build->merge.all_one &&
		affinity_interaction_has_values(build->request);
	shared->has_column = column != NULL;
	shared->n_matrix_users = build->by_user.n_rows;
	if (column)
	{
		memcpy(region(placer, PLACE_COLUMN), column, n_columns * sizeof(uint32));
		pfree(column);
	}
	memcpy(region(placer, PLACE_USER_START), build->by_user.start,
		   ((Size) build->by_user.n_rows + 1) * sizeof(int64));
	memcpy(region(placer, PLACE_ITEM_NEXT), build->by_item.start,
		   (Size) build->by_item.n_rows * sizeof(int64));
	pfree(build->of_item);
	build->of_item = NULL;
}

/*
 * Entries of a partition to their rows.
 */
static void
to_csr(Placer *placer, AffinityPart *part, const uint32 *column, int64 *next,
	   int first_region)
{
	PlaceShared *shared = placer->shared;
	AffinityParts *parts = &placer->rows.parts;
	AffinityCsrValues val = {NULL, NULL};
	AffinityChunk *following;

	if (shared->has_values)
		val.first = region(placer, first_region + 1);
	if (shared->rows.has_second)
		val.second = region(placer, first_region + 2);
	for (AffinityChunk *chunk = part->first; chunk; chunk = following)
	{
		following = chunk->next;
		affinity_kernel_entries_to_csr(chunk->entry,
									   affinity_interaction_chunk_second(chunk),
									   following ? AFFINITY_CHUNK :
									   part->n_last, column, next,
									   region(placer, first_region), val);
		affinity_interaction_parts_give_back(parts, chunk);
		CHECK_FOR_INTERRUPTS();
	}
	fill_pool(placer);
}

static void
place_by_user(Placer *placer)
{
	PlaceShared *shared = placer->shared;
	const uint32 *column = shared->has_column ? region(placer, PLACE_COLUMN) :
		NULL;
	uint32		from;
	uint32		to;

	while (affinity_parallel_next(placer->team, AFFINITY_PARTS, 1, &from, &to))
	{
		AffinityPart part;

		affinity_interaction_part_see(placer->area, &shared->part[from],
									  &part);
		to_csr(placer, &part, column, region(placer, PLACE_OF_USER),
			   PLACE_USER_COL);
	}
}

/*
 * The first user of a participant's piece: pieces have as many entries each as
 * users allow.
 */
static uint32
piece_begin(const Placer *placer, int piece)
{
	const int64 *start = region(placer, PLACE_USER_START);
	uint32		n_users = placer->shared->n_matrix_users;
	int64		entry = start[n_users] * piece /
		affinity_parallel_participants(placer->team);
	uint32		low = 0;
	uint32		high = n_users;

	while (low < high)
	{
		uint32		middle = low + (high - low) / 2;

		if (start[middle] < entry)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/*
 * A piece of the users to partitions by item.
 */
static void
turn_round(Placer *placer)
{
	PlaceShared *shared = placer->shared;
	int			me = affinity_parallel_participant(placer->team);
	AffinitySharedPart *turned = region(placer, PLACE_TURNED);
	const int64 *start = region(placer, PLACE_USER_START);
	const uint32 *col = region(placer, PLACE_USER_COL);
	const float *val = shared->has_values ?
		region(placer, PLACE_USER_VAL) : NULL;
	const float *second = shared->rows.has_second ?
		region(placer, PLACE_USER_SECOND) : NULL;
	uint32		end = piece_begin(placer, me + 1);

	for (uint32 user = piece_begin(placer, me); user < end; user++)
	{
		for (int64 e = start[user]; e < start[user + 1]; e++)
		{
			AffinityPart *part = room(placer, col[e] % AFFINITY_PARTS);
			AffinityEntry *to = &part->last->entry[part->n_last];

			affinity_base_look_up(e);
			to->row = col[e];
			to->col = user;
			to->val = val ? val[e] : 1;
			if (second)
				affinity_interaction_chunk_second(part->last)[part->n_last] =
					second[e];
			part->n_last++;
		}
	}
	for (uint32 p = 0; p < AFFINITY_PARTS; p++)
		affinity_interaction_part_show(&placer->rows.parts.part[p],
									   &turned[me * AFFINITY_PARTS + p]);
}

static void
place_by_item(Placer *placer)
{
	const AffinitySharedPart *turned = region(placer, PLACE_TURNED);
	int			n = affinity_parallel_participants(placer->team);
	uint32		from;
	uint32		to;

	while (affinity_parallel_next(placer->team, AFFINITY_PARTS, NEIGHBORS,
								  &from, &to))
	{
		for (uint32 p = from; p < to; p++)
		{
			for (int i = 0; i < n; i++)
			{
				AffinityPart part;

				affinity_interaction_part_see(placer->area,
											  &turned[i * AFFINITY_PARTS + p],
											  &part);
				to_csr(placer, &part, NULL, region(placer, PLACE_ITEM_NEXT),
					   PLACE_ITEM_COL);
			}
		}
	}
}

/*
 * What a participant sees of the build.
 */
static void
begin(Placer *placer)
{
	PlaceShared *shared = region(placer, PLACE_HEADER);
	int64		n_columns = (int64) shared->n_items * shared->rows.n_kinds;
	int64	   *of_item = region(placer, PLACE_OF_ITEM);
	AffinityBuild *build = &placer->build;

	placer->shared = shared;
	placer->rows = shared->rows;
	placer->rows.parts.context = CurrentMemoryContext;
	build->request = &shared->request;
	build->rows = &placer->rows;
	build->n_users = shared->n_users;
	build->n_items = shared->n_items;
	build->user_rank = region(placer, PLACE_USER_RANK);
	build->item_rank = region(placer, PLACE_ITEM_RANK);
	build->of_user = region(placer, PLACE_OF_USER);
	build->of_item = of_item +
		affinity_parallel_participant(placer->team) * n_columns;
	if (shared->rows.by_newest)
		build->newest = region(placer, PLACE_NEWEST);
}

void
affinity_interaction_place_body(AffinityTeam *team)
{
	Placer		placer = {.team = team};
	Whole	   *whole = affinity_parallel_leader(team);

	begin(&placer);
	placer.area = whole ? whole->build->rows->parts.area->dsa :
		dsa_attach(placer.shared->area);
	sort_parts(&placer);
	affinity_parallel_barrier(team);
	if (whole)
		number(&placer, whole);
	affinity_parallel_barrier(team);
	place_by_user(&placer);
	affinity_parallel_barrier(team);
	turn_round(&placer);
	affinity_parallel_barrier(team);
	place_by_item(&placer);
	if (whole == NULL)
		dsa_detach(placer.area);
}

/* ---- the leader -------------------------------------------------------- */

/*
 * A region, which is to be the next one.
 */
static void
request_region(AffinityTeamRequest *request, int r, int64 n, Size width)
{
	if (affinity_parallel_request_region(request, mul_size(n, width)) != r)
		elog(ERROR, "regions of rows are out of order");
}

static int64
count_chunks(const AffinityParts *parts)
{
	int64		n = 0;

	for (const AffinityChunk *chunk = parts->unused; chunk; chunk = chunk->next)
		n++;
	for (int p = 0; p < AFFINITY_PARTS; p++)
		for (const AffinityChunk *chunk = parts->part[p].first; chunk;
			 chunk = chunk->next)
			n++;
	return n;
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
	request.seconds = (double) rows->usable * SECONDS_PER_ROW;
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
	request_region(&request, PLACE_POOL, count_chunks(&rows->parts),
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
		affinity_interaction_part_show(&parts->part[p], &shared->part[p]);
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

/*
 * A copy of a region in memory of this process.
 */
static void *
copy_of(AffinityTeam *team, int r, int64 n, Size width)
{
	const Size	piece = 4 * 1024 * 1024;
	Size		size = mul_size(n, width);
	char	   *to = affinity_interaction_array(n, width);
	const char *from = affinity_parallel_region(team, r);

	for (Size done = 0; done < size; done += piece)
	{
		CHECK_FOR_INTERRUPTS();
		memcpy(to + done, from + done, Min(piece, size - done));
	}
	return to;
}

static void
take_arrays(AffinityTeam *team, int first_region, AffinityCsr *csr,
			float **second)
{
	const PlaceShared *shared = affinity_parallel_region(team, PLACE_HEADER);
	int64		n = csr->start[csr->n_rows];

	csr->col = copy_of(team, first_region, n, sizeof(uint32));
	if (shared->has_values)
		csr->val = copy_of(team, first_region + 1, n, sizeof(float));
	if (shared->rows.has_second)
		*second = copy_of(team, first_region + 2, n, sizeof(float));
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
	affinity_interaction_parts_free(&build->rows->parts);
	take_arrays(team, PLACE_USER_COL, &build->by_user,
				&build->second_by_user);
	take_arrays(team, PLACE_ITEM_COL, &build->by_item,
				&build->second_by_item);
	affinity_parallel_end(team);
	return true;
}
