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

#include "interaction/place.h"

/* Partitions by item that share lines of the cache where items are counted. */
#define NEIGHBORS		8

/* A participant's. */
typedef struct Placer
{
	AffinityTeam *team;
	PlaceShared *shared;
	dsa_area   *area;
	AffinityRows rows;
	AffinityBuild build;
} Placer;

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
	const dsa_pointer *pool = region(placer, PLACE_POOL);
	uint32		n;

	if (likely(part->last && part->n_last < AFFINITY_CHUNK))
		return part;
	n = pg_atomic_fetch_sub_u32(&placer->shared->n_pool, 1);
	if (n == 0 || n > PG_INT32_MAX)
		elog(ERROR, "no chunk is left for a partition by item");
	affinity_parts_give_back(parts,
							 dsa_get_address(placer->area,
											 pool[n - 1]));
	affinity_parts_extend(parts, part);
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
		affinity_parts_see(placer->area, &shared[from],
						   &parts->part[from]);
		affinity_interaction_sort_part(build, from, sorter);
		affinity_parts_show(&parts->part[from], &shared[from]);
		memset(&parts->part[from], 0, sizeof(AffinityPart));
		fill_pool(placer);
	}
	affinity_parts_sorter_free(sorter);
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
 * Have the memory of an orientation, each participant from another place on:
 * who comes first to a page clears it.
 */
static void
map_arrays(Placer *placer, int first_region)
{
	const PlaceShared *shared = placer->shared;
	const int64 *start = region(placer, PLACE_USER_START);
	Size		size = start[shared->n_matrix_users] * sizeof(uint32);
	Size		mine = size / affinity_parallel_participants(placer->team) *
		affinity_parallel_participant(placer->team);
	bool		has[] = {true, shared->has_values, shared->rows.has_second};

	for (int i = 0; i < (int) lengthof(has); i++)
	{
		char	   *area = region(placer, first_region + i);

		if (!has[i])
			continue;
		affinity_base_map(area + mine, size - mine);
		affinity_base_map(area, mine);
	}
}

/*
 * Entries of a partition to their rows.
 */
static void
to_csr(Placer *placer, AffinityPart *part, const uint32 *column, int64 *next,
	   int first_region)
{
	PlaceShared *shared = placer->shared;
	AffinityCsrValues val = {NULL, NULL};

	if (shared->has_values)
		val.first = region(placer, first_region + 1);
	if (shared->rows.has_second)
		val.second = region(placer, first_region + 2);
	affinity_interaction_part_to_csr(&placer->rows.parts, part->first,
									 part->n_last, column, next,
									 region(placer, first_region), val);
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

	map_arrays(placer, PLACE_USER_COL);
	while (affinity_parallel_next(placer->team, AFFINITY_PARTS, 1, &from, &to))
	{
		AffinityPart part;

		affinity_parts_see(placer->area, &shared->part[from],
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

			affinity_base_look_up(e);
			affinity_parts_put(part, col[e], user, val ? val[e] : 1,
							   second ? &second[e] : NULL);
		}
	}
	for (uint32 p = 0; p < AFFINITY_PARTS; p++)
		affinity_parts_show(&placer->rows.parts.part[p],
							&turned[me * AFFINITY_PARTS + p]);
}

static void
place_by_item(Placer *placer)
{
	const AffinitySharedPart *turned = region(placer, PLACE_TURNED);
	int			n = affinity_parallel_participants(placer->team);
	uint32		from;
	uint32		to;

	map_arrays(placer, PLACE_ITEM_COL);
	while (affinity_parallel_next(placer->team, AFFINITY_PARTS, NEIGHBORS,
								  &from, &to))
	{
		for (uint32 p = from; p < to; p++)
		{
			for (int i = 0; i < n; i++)
			{
				AffinityPart part;

				affinity_parts_see(placer->area,
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
