/*
 * users.c
 *		The users of a growing activity state: how their table grows and
 *		widens.
 *
 * A user is a row, its key followed by its bitmap of periods, and rows are in
 * the order in which users came: those who are active at the same time are
 * near each other, and a log in the order of time finds most of the rows that
 * it needs in the processor's caches. Rows are in chunks of which none but
 * the first ever moves. They are found through slots that hold the tag, which
 * is the upper half of the key's hash, and the user's number. Slots are in
 * buckets of eight, a cache line, and the bucket where a user belongs is its
 * share of the table, tag / 2^32 * buckets: so the table may be of any size,
 * grows without a look at the rows, and has the users nearly in the order of
 * their hash, which is the order of the flat form. A full bucket flows over
 * into the next one.
 *
 * Nothing is sized from estimates. All memory is in set->cxt and freed with
 * it.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "activity/set.h"

#define HUGE_PAGE ((Size) 2 * 1024 * 1024)
#define CACHE_LINE 64

#define USERS_AT_ONCE 65536

/*
 * An area that is read at random: at the beginning of a huge page, and whole
 * pages of them, or at least at the beginning of a cache line. In front of it
 * is what was allocated.
 */
void *
affinity_activity_area(MemoryContext cxt, Size size)
{
	Size		align = size >= HUGE_PAGE ? HUGE_PAGE : CACHE_LINE;
	char	   *allocated = affinity_base_alloc_large(cxt,
													  TYPEALIGN(align, size) +
													  align + CACHE_LINE);
	char	   *area = (char *) TYPEALIGN(align, allocated + CACHE_LINE);

	((char **) area)[-1] = allocated;
	return area;
}

void
affinity_activity_free_area(void *area)
{
	pfree(((char **) area)[-1]);
}

/* An empty table; the old one is the caller's to free. */
static void
new_buckets(ActivitySet *set, uint32 n_buckets)
{
	Size		size = n_buckets * sizeof(ActivityBucket);

	set->buckets = affinity_activity_area(set->cxt, size);
	set->n_slots = n_buckets * ACTIVITY_BUCKET;
	memset(set->buckets, 0, size);
}

void
affinity_activity_users_init(ActivitySet *set, uint32 users_cap,
							 uint32 n_slots)
{
	/* with the place of the user's last sum in the log */
	set->stride = set->key_size + (set->kind.values ? sizeof(uint64) : 0);
	set->chunks = MemoryContextAlloc(set->cxt, sizeof(char *));
	set->chunks[0] = affinity_activity_area(set->cxt, (Size) users_cap * set->stride);
	set->chunks_cap = 1;
	set->users_cap = users_cap;
	new_buckets(set, n_slots / ACTIVITY_BUCKET);
}

static void
grow_slots(ActivitySet *set, uint64 need)
{
	ActivitySet old = *set;

	new_buckets(set, Max(need, (uint64) old.n_slots + old.n_slots / 2) /
				ACTIVITY_BUCKET + 1);
	for (uint32 i = 0; i < old.n_slots; i++)
	{
		uint32		user = *affinity_activity_slot_user(&old, i);
		uint32		tag = *affinity_activity_slot_tag(&old, i);
		uint32		at;

		if (i % USERS_AT_ONCE == 0)
			CHECK_FOR_INTERRUPTS();
		if (user == 0)
			continue;
		at = affinity_activity_slot_home(set, tag);
		while (*affinity_activity_slot_user(set, at) != 0)
			at = affinity_activity_slot_next(set, at);
		*affinity_activity_slot_user(set, at) = user;
		*affinity_activity_slot_tag(set, at) = tag;
	}
	affinity_activity_free_area(old.buckets);
}

static void
add_chunk(ActivitySet *set)
{
	uint32		n = set->users_cap >> ACTIVITY_CHUNK_BITS;

	if (n == set->chunks_cap)
	{
		set->chunks_cap *= 2;
		set->chunks = repalloc(set->chunks, set->chunks_cap * sizeof(char *));
	}
	set->chunks[n] = affinity_activity_area(set->cxt, set->stride << ACTIVITY_CHUNK_BITS);
	set->users_cap += UINT32_C(1) << ACTIVITY_CHUNK_BITS;
}

/*
 * Make the only chunk larger. It is moved, since moved pages would stay
 * small.
 */
static void
grow_first_chunk(ActivitySet *set, uint64 need)
{
	uint32		cap = Min(Max(need, (uint64) set->users_cap * 2),
						  UINT32_C(1) << ACTIVITY_CHUNK_BITS);
	char	   *larger = affinity_activity_area(set->cxt, cap * set->stride);

	memcpy(larger, set->chunks[0], set->n_users * set->stride);
	affinity_activity_free_area(set->chunks[0]);
	set->chunks[0] = larger;
	set->users_cap = cap;
}

/*
 * Room for more users, so that nothing moves while a batch is inserted. At
 * most four slots of seven are taken, so that few buckets flow over.
 */
void
affinity_activity_users_reserve(ActivitySet *set, uint32 more)
{
	uint64		need = (uint64) set->n_users + more;
	uint64		slots = need + need / 4 * 3 + 4;

	/* ids alone that make a value too large to be returned */
	if (need * affinity_activity_id_size(set->kind.ids) > MaxAllocSize)
		affinity_activity_too_large();
	if (slots > set->n_slots)
		grow_slots(set, slots);
	while (need > set->users_cap)
	{
		if (set->users_cap < UINT32_C(1) << ACTIVITY_CHUNK_BITS)
			grow_first_chunk(set, need);
		else
			add_chunk(set);
	}
}

/*
 * Write a row's bitmap so many bits further on, or back, into zeros. Only
 * single words move by less than 64 bits; no bit that is set is lost.
 */
static inline void
move_bits(uint64 *to, const uint64 *own, uint32 n_words, int64 bits)
{
	if (bits < 0)
		to[0] = own[0] >> -bits;
	else if (bits % 64 == 0)
		memcpy(to + bits / 64, own, n_words * sizeof(uint64));
	else
	{
		to += bits / 64;
		if (own[0] << bits % 64 != 0)
			to[0] = own[0] << bits % 64;
		if (own[0] >> (64 - bits % 64) != 0)
			to[1] = own[0] >> (64 - bits % 64);
	}
}

/*
 * Give every row a bitmap of n_words words, the first bit for the period
 * first_bit; what the bitmaps hold must lie within it, or is dropped where
 * n_words is 0.
 */
void
affinity_activity_users_restride(ActivitySet *set, uint32 first_bit,
								 uint32 n_words)
{
	Size		stride = set->key_size + n_words * sizeof(uint64);
	uint32		kept = n_words > 0 ? set->n_words : 0;
	int64		shift = (int64) set->first_bit - first_bit;
	uint32		cap = Min(set->users_cap, UINT32_C(1) << ACTIVITY_CHUNK_BITS);
	uint64		work = 0;

	for (uint32 from = 0; from < set->users_cap; from += cap)
	{
		char	  **chunk = &set->chunks[from >> ACTIVITY_CHUNK_BITS];
		char	   *rows = affinity_activity_area(set->cxt, cap * stride);

		for (uint32 i = 0; i < cap && from + i < set->n_users; i++)
		{
			const char *own = *chunk + i * set->stride;
			char	   *to = rows + i * stride;

			affinity_base_look_after(&work, 1 + n_words);
			memset(to, 0, stride);
			memcpy(to, own, set->key_size);
			if (kept > 0)
				move_bits((uint64 *) (to + set->key_size),
						  (const uint64 *) (own + set->key_size), kept, shift);
		}
		affinity_activity_free_area(*chunk);
		*chunk = rows;
	}
	set->stride = stride;
	set->first_bit = first_bit;
	set->n_words = n_words;
}

/*
 * Whether the user in slot a comes before the one in slot b. Sorting goes
 * around the table from a free slot on, so tags are compared as distances
 * from origin, the first tag whose home lies behind that slot.
 */
static inline bool
slot_before(const ActivitySet *set, uint32 a, uint32 b, uint32 origin)
{
	uint32		a_tag = *affinity_activity_slot_tag(set, a) - origin;
	uint32		b_tag = *affinity_activity_slot_tag(set, b) - origin;

	if (a_tag != b_tag)
		return a_tag < b_tag;
	return affinity_activity_key_compare(set->kind.ids, affinity_activity_slot_key(set, a),
										 set->text, affinity_activity_slot_key(set, b),
										 set->text) < 0;
}

static void
swap_slots(ActivitySet *set, uint32 a, uint32 b)
{
	uint32	   *a_user = affinity_activity_slot_user(set, a);
	uint32	   *a_tag = affinity_activity_slot_tag(set, a);
	uint32	   *b_user = affinity_activity_slot_user(set, b);
	uint32	   *b_tag = affinity_activity_slot_tag(set, b);
	uint32		user = *a_user;
	uint32		tag = *a_tag;

	*a_user = *b_user;
	*a_tag = *b_tag;
	*b_user = user;
	*b_tag = tag;
}

/*
 * Put the slots in the order of (tag, key), which they nearly have: a user
 * stands at its home or a little behind it. Within a run of taken slots any
 * order by home is one in which everybody is found, so the table stays sound.
 */
void
affinity_activity_users_order(ActivitySet *set)
{
	uint32		n_buckets = set->n_slots / ACTIVITY_BUCKET;
	uint32		free_slot = 0;
	uint32		run = 0;		/* taken slots just before this one */
	uint32		origin;

	while (*affinity_activity_slot_user(set, free_slot) != 0)
		free_slot++;
	origin = (uint32) ((((uint64) (free_slot / ACTIVITY_BUCKET + 1) << 32) +
						n_buckets - 1) / n_buckets);
	for (uint32 step = 1, at = free_slot; step < set->n_slots; step++)
	{
		uint32		to;

		at = affinity_activity_slot_next(set, at);
		if (step % 65536 == 0)
			CHECK_FOR_INTERRUPTS();
		if (*affinity_activity_slot_user(set, at) == 0)
		{
			run = 0;
			continue;
		}
		to = at;
		for (uint32 left = run++; left > 0; left--)
		{
			uint32		before = (to == 0 ? set->n_slots : to) - 1;

			if (!slot_before(set, to, before, origin))
				break;
			swap_slots(set, to, before);
			to = before;
			if (left % 65536 == 0)
				CHECK_FOR_INTERRUPTS();
		}
	}
}

/* Widen the set's range by that of the buffered rows. */
void
affinity_activity_set_widen(ActivitySet *set)
{
	int64		first_at = set->first_at;
	int64		last_at = set->last_at;
	uint32		first_period = set->first_period;
	uint32		last_period = set->last_period;

	for (int i = 0; i < set->n_rows; i++)
	{
		const ActivityRow *row = &set->buffer[i];

		first_at = Min(first_at, row->at);
		last_at = Max(last_at, row->at);
		first_period = Min(first_period, row->period);
		last_period = Max(last_period, row->period);
	}
	set->first_at = first_at;
	set->last_at = last_at;
	set->first_period = first_period;
	set->last_period = last_period;
}
