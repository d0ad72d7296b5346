/*
 * team.c
 *		One body of code in the leader and in parallel workers.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "train/team.h"

typedef struct Region
{
	Size		size;
	void	   *address;
} Region;

/* What members must know of a matrix beside its arrays. */
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

struct AffinityTeam
{
	const AffinityJob *job;
	void	   *leader;
	int			member;
	int			members;
	uint64		next;
	int			n_regions;
	Region		region[AFFINITY_TEAM_REGIONS];
};

int
affinity_team_request_region(AffinityTeamRequest *request, Size size)
{
	if (request->n_regions >= AFFINITY_TEAM_REGIONS)
		elog(ERROR, "too many regions of a team");
	request->size[request->n_regions] = size;
	return request->n_regions++;
}

static int
request_late(AffinityTeamRequest *request, Size size)
{
	int			region = affinity_team_request_region(request, size);

	request->late |= (uint32) 1 << region;
	return region;
}

int
affinity_team_request_matrix(AffinityTeamRequest *request,
							 const AffinityInteractions *in)
{
	int			handle = affinity_team_request_region(request,
													  sizeof(MatrixHeader));
	const AffinityCsr *csr[2] = {&in->by_user, &in->by_item};

	for (int i = 0; i < 2; i++)
	{
		int64		n = csr[i]->start[csr[i]->n_rows];

		request_late(request, mul_size((Size) csr[i]->n_rows + 1,
									   sizeof(int64)));
		request_late(request, mul_size(n, sizeof(uint32)));
		request_late(request, csr[i]->val ? mul_size(n, sizeof(float)) : 0);
	}
	return handle;
}

AffinityTeam *
affinity_team_begin(const AffinityTeamRequest *request)
{
	AffinityTeam *team = palloc0(sizeof(AffinityTeam));

	team->job = request->job;
	team->members = 1;
	team->n_regions = request->n_regions;
	for (int r = 0; r < team->n_regions; r++)
	{
		Region	   *region = &team->region[r];
		void	   *memory;

		region->size = request->size[r];
		if (request->late & ((uint32) 1 << r))
			continue;
		memory = MemoryContextAllocExtended(CurrentMemoryContext,
											region->size + 64,
											MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
		region->address = (void *) TYPEALIGN(64, memory);
	}
	return team;
}

void
affinity_team_put_matrix(AffinityTeam *team, int handle,
						 AffinityInteractions *in)
{
	AffinityCsr *csr[2] = {&in->by_user, &in->by_item};
	MatrixHeader *header = affinity_team_region(team, handle);
	Region	   *region = &team->region[handle + 1];

	header->n_users = in->by_user.n_rows;
	header->n_items = in->by_item.n_rows;
	header->has_values = in->by_user.val != NULL;
	for (int i = 0; i < 2; i++)
	{
		(region++)->address = csr[i]->start;
		(region++)->address = csr[i]->col;
		(region++)->address = csr[i]->val;
		csr[i]->start = NULL;
		csr[i]->col = NULL;
		csr[i]->val = NULL;
	}
}

void
affinity_team_matrix(AffinityTeam *team, int handle,
					 AffinityCsr *by_user, AffinityCsr *by_item)
{
	const MatrixHeader *header = affinity_team_region(team, handle);
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

void
affinity_team_run(AffinityTeam *team, void *leader)
{
	team->leader = leader;
	team->job->body(team);
}

void
affinity_team_end(AffinityTeam *team)
{
	/* regions were allocated in the caller's context and go with it */
	pfree(team);
}

void *
affinity_team_region(AffinityTeam *team, int region)
{
	Assert(region >= 0 && region < team->n_regions);
	return team->region[region].address;
}

void *
affinity_team_leader(AffinityTeam *team)
{
	return team->leader;
}

int
affinity_team_member(const AffinityTeam *team)
{
	return team->member;
}

int
affinity_team_members(const AffinityTeam *team)
{
	return team->members;
}

void
affinity_team_barrier(AffinityTeam *team)
{
	CHECK_FOR_INTERRUPTS();
	team->next = 0;
}

bool
affinity_team_next(AffinityTeam *team, uint32 n, uint32 piece, uint32 *from,
				   uint32 *to)
{
	CHECK_FOR_INTERRUPTS();
	if (team->next >= n)
		return false;
	*from = (uint32) team->next;
	*to = (uint32) Min(team->next + piece, (uint64) n);
	team->next += piece;
	return true;
}
