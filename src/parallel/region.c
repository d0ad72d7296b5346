/*
 * region.c
 *		The memory that a team shares.
 *
 * Small regions lie in one segment behind what the team itself shares, large
 * ones in a segment each. The arrays of a matrix get theirs one by one, each
 * local array being freed as soon as it was copied, so that never more than
 * one of them is there twice. Where no workers are to be started, all is
 * memory of the backend's own, and a matrix stays where it is.
 *
 * Shared memory may run out at any of these steps (/dev/shm of a container
 * often has 64 MB): from then on memory is local, and no workers are started.
 * Segments belong to the resource owner that was current when they were made,
 * so an error or a cancel leaves none behind.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "base/base.h"
#include "base/try.h"
#include "parallel/team_state.h"

/*
 * From here on a region has a segment of its own: making one takes as long as
 * the system needs to clear it, with signals blocked.
 */
#define OWN_SEGMENT		((Size) 8 * 1024 * 1024)

/* Bytes copied or cleared between two looks at interrupts. */
#define COPY_PIECE		((Size) 4 * 1024 * 1024)

/* What participants must know of a matrix beside its arrays. */
typedef struct MatrixHeader
{
	uint32		n_users;
	uint32		n_items;
	bool		has_values;
} MatrixHeader;

/* Regions of a matrix, from its handle on. */
enum
{
	MATRIX_HEADER,
	MATRIX_USER_START,
	MATRIX_USER_COL,
	MATRIX_USER_VAL,
	MATRIX_ITEM_START,
	MATRIX_ITEM_COL,
	MATRIX_ITEM_VAL
};

/* ---- segments ---------------------------------------------------------- */

/*
 * Go on without workers, and say why.
 */
static void
no_shared_memory(AffinityTeam *team, const char *detail)
{
	team->workers = 0;
	ereport(NOTICE,
			(errmsg("running without parallel workers: not enough shared memory"),
			 detail ? errdetail("%s.", detail) : 0,
			 errhint("See dynamic_shared_memory_type, and the size of /dev/shm (for Docker, --shm-size).")));
}

/* A segment that is asked for. */
typedef struct Asked
{
	Size		size;
	dsm_segment *segment;
} Asked;

static void
ask_for_segment(void *arg)
{
	Asked	   *asked = arg;

	asked->segment = dsm_create(asked->size, DSM_CREATE_NULL_IF_MAXSEGMENTS);
	if (asked->segment)
		dsm_pin_mapping(asked->segment);
}

/*
 * A segment, or NULL where there is no shared memory for it. PostgreSQL
 * reports that as an error, which only the end of a subtransaction clears up
 * after; a segment that was made is handed on to the caller's resource owner.
 */
static dsm_segment *
try_segment(Size size, char **detail)
{
	Asked		asked = {size, NULL};
	ErrorData  *error = affinity_base_try(ask_for_segment, &asked);

	if (error == NULL)
	{
		if (asked.segment)
			dsm_unpin_mapping(asked.segment);
		return asked.segment;
	}
	/* making it is cut short by a cancel: that is no lack of memory */
	CHECK_FOR_INTERRUPTS();
	if (ERRCODE_TO_CATEGORY(error->sqlerrcode) == ERRCODE_OPERATOR_INTERVENTION)
		ReThrowError(error);
	*detail = error->message;
	return NULL;
}

/*
 * A segment for a team that is to have workers; where there is none, the team
 * is to have none.
 */
dsm_segment *
affinity_parallel_segment(AffinityTeam *team, Size size)
{
	char	   *detail = NULL;
	dsm_segment *segment;

	if (team->workers == 0)
		return NULL;
	segment = try_segment(size, &detail);
	if (segment == NULL)
		no_shared_memory(team, detail);
	return segment;
}

/*
 * Also for segments: what min_dynamic_shared_memory sets aside has been used
 * before.
 */
static void
clear(void *memory, Size size)
{
	for (Size done = 0; done < size; done += COPY_PIECE)
	{
		CHECK_FOR_INTERRUPTS();
		memset((char *) memory + done, 0, Min(COPY_PIECE, size - done));
	}
}

static void *
local_memory(Size size, bool raw, void **local)
{
	void	   *memory;

	*local = MemoryContextAllocHuge(CurrentMemoryContext,
									add_size(size, AFFINITY_TEAM_ALIGN));
	memory = (void *) TYPEALIGN(AFFINITY_TEAM_ALIGN, *local);
	if (!raw)
		clear(memory, size);
	return memory;
}

/*
 * Memory for a region, zeroed unless it may be raw, with a segment of its own if it can be.
 */
static void
alloc_region(AffinityTeam *team, int r, bool raw)
{
	Region	   *region = &team->region[r];
	SharedRegion *shared = &team->shared->region[r];

	region->segment = affinity_parallel_segment(team, Max(shared->size, 1));
	if (region->segment)
	{
		shared->own = true;
		shared->handle = dsm_segment_handle(region->segment);
		region->address = dsm_segment_address(region->segment);
		if (!raw)
			clear(region->address, shared->size);
	}
	else
		region->address = local_memory(shared->size, raw, &region->local);
}

static Size
padded(Size size)
{
	return TYPEALIGN(AFFINITY_TEAM_ALIGN, size);
}

/*
 * All regions but those that are made when they are filled.
 */
void
affinity_parallel_alloc(AffinityTeam *team, const AffinityTeamRequest *request)
{
	Size		offset[AFFINITY_TEAM_REGIONS];
	Size		size = padded(sizeof(TeamShared));
	char	   *base;

	for (int r = 0; r < request->n_regions; r++)
	{
		bool		late = request->late & ((uint64) 1 << r);

		offset[r] = 0;
		if (late || request->size[r] >= OWN_SEGMENT)
			continue;
		offset[r] = size;
		size = add_size(size, padded(request->size[r]));
	}
	team->segment = affinity_parallel_segment(team, size);
	base = team->segment ? dsm_segment_address(team->segment) :
		local_memory(size, false, &team->local);
	if (team->segment)
		clear(base, size);
	team->shared = (TeamShared *) base;
	team->shared->n_regions = request->n_regions;
	for (int r = 0; r < request->n_regions; r++)
	{
		team->shared->region[r].size = request->size[r];
		team->shared->region[r].offset = offset[r];
		if (offset[r] > 0)
			team->region[r].address = base + offset[r];
		else if (!(request->late & ((uint64) 1 << r)))
			alloc_region(team, r, request->raw & ((uint64) 1 << r));
	}
}

static dsm_segment *
attach(dsm_handle handle)
{
	dsm_segment *segment = dsm_attach(handle);

	if (segment == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("could not map dynamic shared memory segment")));
	return segment;
}

/*
 * In a worker: the same regions.
 */
void
affinity_parallel_attach(AffinityTeam *team, dsm_handle handle)
{
	char	   *base;

	team->segment = attach(handle);
	base = dsm_segment_address(team->segment);
	team->shared = (TeamShared *) base;
	for (int r = 0; r < team->shared->n_regions; r++)
	{
		const SharedRegion *shared = &team->shared->region[r];
		Region	   *region = &team->region[r];

		if (shared->own)
			region->segment = attach(shared->handle);
		if (shared->own)
			region->address = dsm_segment_address(region->segment);
		else if (shared->offset > 0)
			region->address = base + shared->offset;
	}
}

void
affinity_parallel_free(AffinityTeam *team)
{
	for (int r = 0; r < AFFINITY_TEAM_REGIONS; r++)
	{
		Region	   *region = &team->region[r];

		if (region->segment)
			dsm_detach(region->segment);
		if (region->local)
			affinity_parallel_free_array(region->local);
	}
	if (team->segment)
		dsm_detach(team->segment);
	if (team->local)
		pfree(team->local);
	team->shared = NULL;
}

/* ---- regions ----------------------------------------------------------- */

int
affinity_parallel_request_region(AffinityTeamRequest *request, Size size)
{
	if (request->n_regions >= AFFINITY_TEAM_REGIONS)
		elog(ERROR, "too many regions of a team");
	request->size[request->n_regions] = size;
	return request->n_regions++;
}

void *
affinity_parallel_region(AffinityTeam *team, int region)
{
	Assert(region >= 0 && region < team->shared->n_regions);
	return team->region[region].address;
}

/*
 * A copy of the first values of a region, in the current memory context.
 */
void *
affinity_parallel_copy(AffinityTeam *team, int region, int64 n, Size width)
{
	Size		size = mul_size(n, width);
	char	   *to = affinity_base_alloc_array(CurrentMemoryContext, n, width);
	const char *from = affinity_parallel_region(team, region);

	for (Size done = 0; done < size; done += COPY_PIECE)
	{
		CHECK_FOR_INTERRUPTS();
		memcpy(to + done, from + done, Min(COPY_PIECE, size - done));
	}
	return to;
}

/* ---- matrices ---------------------------------------------------------- */

static void
request_late(AffinityTeamRequest *request, Size n, Size width)
{
	int			region = affinity_parallel_request_region(request,
														  mul_size(n, width));

	request->late |= (uint64) 1 << region;
}

/*
 * Room for both orientations of a matrix; gives a handle for them.
 */
int
affinity_parallel_request_matrix(AffinityTeamRequest *request,
								 const AffinityCsr *by_user,
								 const AffinityCsr *by_item)
{
	const AffinityCsr *csr[2] = {by_user, by_item};
	int			handle =
		affinity_parallel_request_region(request, sizeof(MatrixHeader));

	for (int i = 0; i < 2; i++)
	{
		int64		n = csr[i]->start[csr[i]->n_rows];

		request_late(request, (Size) csr[i]->n_rows + 1, sizeof(int64));
		request_late(request, n, sizeof(uint32));
		request_late(request, csr[i]->val ? n : 0, sizeof(float));
	}
	return handle;
}

/*
 * Give an array over to a region: as it is, or copied where participants
 * share it.
 */
static void
put_array(AffinityTeam *team, int r, void *array)
{
	Region	   *region = &team->region[r];
	SharedRegion *shared = &team->shared->region[r];
	dsm_segment *kept = NULL;

	if (array == NULL)
		return;
	if (team->workers > 0)
		kept = region->segment = affinity_parallel_take_kept(array);
	if (kept == NULL)
		region->segment = affinity_parallel_segment(team,
													Max(shared->size, 1));
	if (region->segment == NULL)
	{
		region->address = region->local = array;
		return;
	}
	shared->own = true;
	shared->handle = dsm_segment_handle(region->segment);
	region->address = dsm_segment_address(region->segment);
	if (kept)
		return;
	for (Size done = 0; done < shared->size; done += COPY_PIECE)
	{
		CHECK_FOR_INTERRUPTS();
		memcpy((char *) region->address + done, (char *) array + done,
			   Min(COPY_PIECE, shared->size - done));
	}
	pfree(array);
}

/*
 * Give a matrix over to the team: its arrays are the caller's no longer. What is as
 * it was requested is the number of entries, and whether there are values.
 */
void
affinity_parallel_put_matrix(AffinityTeam *team, int handle,
							 AffinityCsr *by_user, AffinityCsr *by_item)
{
	AffinityCsr *csr[2] = {by_user, by_item};
	MatrixHeader *header = affinity_parallel_region(team, handle);
	int			region = handle + 1;

	header->n_users = by_user->n_rows;
	header->n_items = by_item->n_rows;
	header->has_values = by_user->val != NULL;
	for (int i = 0; i < 2; i++)
	{
		AffinityCsr arrays = *csr[i];

		csr[i]->start = NULL;
		csr[i]->col = NULL;
		csr[i]->val = NULL;
		put_array(team, region++, arrays.start);
		put_array(team, region++, arrays.col);
		put_array(team, region++, arrays.val);
	}
}

void
affinity_parallel_matrix(AffinityTeam *team, int handle,
						 AffinityCsr *by_user, AffinityCsr *by_item)
{
	const MatrixHeader *header = affinity_parallel_region(team, handle);
	const Region *region = &team->region[handle];

	by_user->n_rows = by_item->n_cols = header->n_users;
	by_item->n_rows = by_user->n_cols = header->n_items;
	by_user->start = region[MATRIX_USER_START].address;
	by_user->col = region[MATRIX_USER_COL].address;
	by_user->val = header->has_values ? region[MATRIX_USER_VAL].address : NULL;
	by_item->start = region[MATRIX_ITEM_START].address;
	by_item->col = region[MATRIX_ITEM_COL].address;
	by_item->val = header->has_values ? region[MATRIX_ITEM_VAL].address : NULL;
}
