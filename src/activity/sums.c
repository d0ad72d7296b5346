/*
 * sums.c
 *		The sums of values by user and period, where periods are few.
 *
 * A log keeps each sum with its user and period, has to be sorted whenever it
 * is full, and where a user's last sum is is known only once the row is there.
 * Here there is a column for each period instead, in which every user has a
 * place, so that a sum is found by the number of its user, and all are in
 * order when they are flattened. Columns are in blocks of users that are there
 * once they are written to: users are in the order in which they came, so most
 * of those of one block are active at the same time. In its row a user has a
 * bitmap of the periods that have a sum. Where most places would stay empty, or
 * more than 64 columns were needed, the sums go to the log for good.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/memutils.h"

#include "activity/set.h"

/* No number of places is too large for so few users. */
#define FEW_USERS 4096

#define BLOCK_SIZE(bits) (sizeof(int128) * SUMS_GROUP << (bits))

/* Places for a sum at most: more up to 256 MB, where rows are in no order. */
#define PLACES_OF(set) ((Size) (set)->n_blocks * SUMS_GROUP << (set)->sums_bits)
#define PLACES(n) ((n) <= (Size) 16 << 20 ? 16 : 6)

/* The first blocks are of so many users; they grow. */
#define FIRST_BITS 7

/* Make the block of a user and a period; the place of its sum. */
int128 *
affinity_activity_sums_block(ActivitySet *set, uint32 user, uint32 period)
{
	/* a place that is not marked in the user's row is never read: no zeros */
	*affinity_activity_set_block(set, user, period) =
		affinity_activity_area(set->cxt, BLOCK_SIZE(set->sums_bits));
	set->n_blocks++;
	return affinity_activity_set_sum(set, user, period);
}

/* Room for so many users in the directory of blocks. */
static void
reserve_blocks(ActivitySet *set, uint64 users)
{
	uint32		need = (uint32) ((users - 1) >> set->sums_bits) + 1;
	uint32		cap = Max(need, set->blocks_cap * 2);
	int128	  **blocks;

	if (need <= set->blocks_cap)
		return;
	blocks = MemoryContextAllocZero(set->cxt,
									cap * SUMS_GROUPS * sizeof(int128 *));
	if (set->blocks != NULL)
	{
		memcpy(blocks, set->blocks,
			   set->blocks_cap * SUMS_GROUPS * sizeof(int128 *));
		pfree(set->blocks);
	}
	set->blocks = blocks;
	set->blocks_cap = cap;
}

/* Make the only blocks, those of the first users, larger. */
static void
grow_blocks(ActivitySet *set, uint64 users)
{
	Size		old = BLOCK_SIZE(set->sums_bits);

	while (set->sums_bits < SUMS_BLOCK_BITS &&
		   users > UINT64CONST(1) << set->sums_bits)
		set->sums_bits++;
	if (set->blocks == NULL || old == BLOCK_SIZE(set->sums_bits))
		return;
	for (int i = 0; i < SUMS_GROUPS; i++)
	{
		int128	   *block = set->blocks[i];

		if (block == NULL)
			continue;
		set->blocks[i] =
			affinity_activity_area(set->cxt, BLOCK_SIZE(set->sums_bits));
		memcpy(set->blocks[i], block, old);
		affinity_activity_free_area(block);
	}
}

static void
free_blocks(ActivitySet *set)
{
	for (uint32 i = 0; i < set->blocks_cap * SUMS_GROUPS; i++)
		if (set->blocks[i] != NULL)
			affinity_activity_free_area(set->blocks[i]);
	pfree(set->blocks);
	set->blocks = NULL;
	set->blocks_cap = 0;
	set->n_blocks = 0;
	set->n_sums = 0;
}

/* Move what is in the log into columns. */
static void
sums_from_log(ActivitySet *set)
{
	for (uint32 user = 0; user < set->n_users; user++)
		*affinity_activity_set_summed(set,
									  affinity_activity_set_key(set, user)) = 0;
	for (Size i = 0; i < set->log_len; i++)
	{
		ActivityAmount *amount = &set->amounts[i];
		uint32		user = amount->entry >> 2;

		affinity_base_look_up(i);
		affinity_activity_set_add_sum(set, affinity_activity_set_key(set, user),
									  user, amount->period, &amount->sum);
	}
	if (set->amounts != NULL)
		pfree(set->amounts);
	set->amounts = NULL;
	set->log_len = set->log_sorted = set->log_cap = 0;
}

/* Columns for all that is inserted and buffered; or the log, for good. */
void
affinity_activity_sums_reserve(ActivitySet *set)
{
	uint64		users = (uint64) set->n_users + set->n_rows;
	bool		begin = set->blocks == NULL;
	bool		sparse = false;

	if (!begin && set->n_users / 2 > set->users_judged)
	{
		sparse = set->n_users > FEW_USERS &&
			PLACES_OF(set) > PLACES(PLACES_OF(set)) * set->n_sums;
		set->users_judged = set->n_users;
	}
	if (sparse || set->last_period - set->first_period >= SUMS_COLUMNS)
	{
		affinity_activity_sums_to_log(set);
		set->sums_in_columns = false;
		return;
	}
	if (begin)
		set->sums_bits = FIRST_BITS;
	grow_blocks(set, users);
	reserve_blocks(set, users);
	if (begin)
		sums_from_log(set);
}

/* Move the sums from the columns to the log, in order; it is empty. */
void
affinity_activity_sums_to_log(ActivitySet *set)
{
	Size		n = 0;

	if (set->blocks == NULL)
		return;
	if (set->n_sums * (sizeof(uint32) + sizeof(int128)) > MaxAllocSize)
		affinity_activity_too_large();
	set->log_cap = set->n_sums + ACTIVITY_BATCH;
	set->amounts = affinity_base_alloc_large(set->cxt, set->log_cap *
											 sizeof(ActivityAmount));
	for (uint32 user = 0; user < set->n_users; user++)
	{
		ActivityKey *row = affinity_activity_set_key(set, user);
		uint64		bits = affinity_activity_set_summed_from(set, row);

		affinity_base_look_up(user);
		/* from here on where the last sum is in the log: nobody knows */
		*affinity_activity_set_last(set, row) = 0;
		for (; bits != 0; bits &= bits - 1)
		{
			ActivityAmount *amount = &set->amounts[n++];

			amount->entry = user << 2 | ENTRY_SUM;
			amount->period = set->first_period + pg_rightmost_one_pos64(bits);
			amount->sum = *affinity_activity_set_sum(set, user, amount->period);
		}
	}
	Assert(n == set->n_sums);
	set->log_len = set->log_sorted = n;
	free_blocks(set);
}
