/*
 * log.c
 *		Where a growing activity state keeps periods: bitmaps or a log.
 *
 * Bitmaps of the whole range of periods in each user's row are the fastest
 * and, while the range is short, the smallest. Hours over years would
 * explode, so when a wider bitmap would cost more than twice what the periods
 * cost one by one, they move to a log of (user, period) pairs that is sorted
 * and rid of its duplicates whenever it is full, and move back when that has
 * become the larger one. Events, which keep their times, are always in a log,
 * and so are values, which keep a sum per user and period, unless periods are
 * so few that these are in columns (sums.c).
 */
#include "postgres.h"

#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/memutils.h"

#include "activity/set.h"

/* Up to here a bitmap is never too wide: eight words are 512 days. */
#define NARROW_WORDS 8

/* From so many users on amounts are put in their order by counting. */
#define MANY_USERS 256
#define AMOUNTS_AHEAD 16

/* By user, by what the entry says, by period; a user has one start. */
static inline int
compare_amounts(const ActivityAmount *a, const ActivityAmount *b)
{
	if (a->entry != b->entry)
		return a->entry > b->entry ? 1 : -1;
	if ((a->entry & 3) == ENTRY_START)
		return 0;
	return (a->period > b->period) - (a->period < b->period);
}

static inline void
join_amounts(ActivityAmount *a, const ActivityAmount *b)
{
	a->sum = affinity_activity_add_values(a->sum, b->sum);
	a->period = Min(a->period, b->period);
}

#define LOG_NAME pairs
#define LOG_ENTRY uint64
#define LOG_COMPARE(a, b) ((*(a) > *(b)) - (*(a) < *(b)))
#define LOG_JOIN(a, b) ((void) 0)
#include "activity/log_template.h"

#define LOG_NAME events
#define LOG_ENTRY ActivityEvent
#define LOG_COMPARE(a, b) \
	((a)->user != (b)->user ? ((a)->user > (b)->user ? 1 : -1) : \
	 ((a)->at > (b)->at) - ((a)->at < (b)->at))
#define LOG_JOIN(a, b) ((a)->flags |= (b)->flags)
#include "activity/log_template.h"

#define LOG_NAME amounts
#define LOG_ENTRY ActivityAmount
#define LOG_COMPARE(a, b) compare_amounts(a, b)
#define LOG_JOIN(a, b) join_amounts(a, b)
#include "activity/log_template.h"

/* The sum of two sums of values, in 2^-60; one that can be negated. */
int128
affinity_activity_add_values(int128 a, int128 b)
{
	int128		sum;

	if (__builtin_add_overflow(a, b, &sum) || sum == VALUE_LEAST)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("a sum of values is out of range"),
				 errhint("Sums reach 1.47e20. Pass the values in a larger unit, for example thousands.")));
	return sum;
}

/* A user's amounts up to so many are sorted by inserting each. */
#define FEW_AMOUNTS 32

/* Sort a user's amounts and add up equal ones; returns how many are left. */
static Size
compact_user(ActivityAmount *amounts, Size n)
{
	Size		left = 0;

	if (n > FEW_AMOUNTS)
		sort_amounts(amounts, n);
	for (Size i = 0; i < n; i++)
	{
		ActivityAmount amount = amounts[i];
		Size		at = left;
		int			order = -1;

		if (i % 65536 == 0 && i > 0)
			CHECK_FOR_INTERRUPTS();
		while (at > 0 &&
			   (order = compare_amounts(&amounts[at - 1], &amount)) > 0)
			at--;
		if (at > 0 && order == 0)
		{
			join_amounts(&amounts[at - 1], &amount);
			continue;
		}
		memmove(&amounts[at + 1], &amounts[at],
				(left - at) * sizeof(ActivityAmount));
		amounts[at] = amount;
		left++;
	}
	return left;
}

/*
 * The same of all amounts, put in the order of users by counting: for many
 * users with a few each. They go into a new log with room for cap, the old one
 * goes.
 */
static ActivityAmount *
compact_by_user(ActivitySet *set, ActivityAmount *old, Size cap)
{
	ActivityAmount *amounts = affinity_base_alloc_large(set->cxt, cap *
														sizeof(ActivityAmount));
	Size	   *begins = affinity_base_alloc_large(set->cxt,
												   ((Size) set->n_users + 1) *
												   sizeof(Size));
	Size		n = set->log_len;
	Size		sum = 0;
	Size		begin = 0;
	Size		left = 0;

	affinity_base_zero(begins, ((Size) set->n_users + 1) * sizeof(Size));
	for (Size i = 0; i < n; i++)
	{
		affinity_base_look_up(i);
		begins[old[i].entry >> 2]++;
	}
	for (uint32 user = 0; user < set->n_users; user++)
	{
		Size		own = begins[user];

		affinity_base_look_up(user);
		begins[user] = sum;
		sum += own;
	}
	for (Size i = 0; i < n; i++)
	{
		affinity_base_look_up(i);
		if (i + AMOUNTS_AHEAD < n)
			__builtin_prefetch(&amounts[begins[old[i + AMOUNTS_AHEAD].entry >> 2]], 1);
		amounts[begins[old[i].entry >> 2]++] = old[i];
	}
	pfree(old);
	/* begins are ends now */
	for (uint32 user = 0; user < set->n_users; user++)
	{
		Size		own = begins[user] - begin;
		Size		kept;

		affinity_base_look_up(user);
		kept = compact_user(amounts + begin, own);
		if (left < begin)
			memmove(amounts + left, amounts + begin,
					kept * sizeof(ActivityAmount));
		left += kept;
		begin = begins[user];
	}
	pfree(begins);
	set->log_len = left;
	return amounts;
}

/* Distinct (user, period) pairs in the bitmaps. */
static uint64
count_pairs(const ActivitySet *set)
{
	uint64		pairs = 0;
	uint64		work = 0;

	for (uint32 user = 0; user < set->n_users; user++)
	{
		const uint64 *words = affinity_activity_set_words(set, user);

		affinity_base_look_after(&work, 1 + set->n_words);
		for (uint32 w = 0; w < set->n_words; w++)
			pairs += pg_popcount64(words[w]);
	}
	return pairs;
}

/* Move the periods from the bitmaps to the log. */
static void
bitmaps_to_log(ActivitySet *set, uint64 n_pairs)
{
	Size		cap = n_pairs + n_pairs / 2 + ACTIVITY_BATCH;
	Size		n = 0;
	uint64		work = 0;

	set->pairs = affinity_base_alloc_large(set->cxt, cap * sizeof(uint64));
	for (uint32 user = 0; user < set->n_users; user++)
	{
		const uint64 *words = affinity_activity_set_words(set, user);

		affinity_base_look_after(&work, 1 + set->n_words);
		for (uint32 w = 0; w < set->n_words; w++)
			for (uint64 bits = words[w]; bits != 0; bits &= bits - 1)
				set->pairs[n++] = (uint64) user << 32 |
					(set->first_bit + w * 64 + pg_rightmost_one_pos64(bits));
	}
	set->log_len = n;
	set->log_sorted = n;
	set->log_cap = cap;
	set->dense = false;
	affinity_activity_users_restride(set, 0, 0);
}

/* The words of the range of all periods inserted. */
static uint32
range_words(const ActivitySet *set)
{
	return (set->last_period >> 6) - (set->first_period >> 6) + 1;
}

static void
log_to_bitmaps(ActivitySet *set)
{
	affinity_activity_users_restride(set, set->first_period & ~UINT32_C(63),
									 range_words(set));
	for (Size i = 0; i < set->log_len; i++)
	{
		uint32		period = (uint32) set->pairs[i];
		uint64	   *words = affinity_activity_set_words(set,
														set->pairs[i] >> 32);

		if (i % 65536 == 0)
			CHECK_FOR_INTERRUPTS();
		period -= set->first_bit;
		words[period / 64] |= UINT64CONST(1) << period % 64;
	}
	pfree(set->pairs);
	set->pairs = NULL;
	set->log_len = set->log_sorted = set->log_cap = 0;
	set->dense = true;
}

/*
 * The first bit of single words, where all periods fit into such: at a
 * multiple of 8, so that rows that come in any order do not move it each
 * time.
 */
static uint32
first_bit_of_single(const ActivitySet *set)
{
	uint32		first = set->first_period & ~UINT32_C(7);

	return set->last_period - first < 64 ? first : set->last_period - 63;
}

/*
 * Make the bitmaps cover the periods of all that is inserted and buffered; or
 * give them up for the log.
 */
void
affinity_activity_window_reserve(ActivitySet *set)
{
	uint32		first_word = set->first_period >> 6;
	uint32		last_word = set->last_period >> 6;
	uint32		n_words = range_words(set);

	if (set->n_words > 0 && set->first_period >= set->first_bit &&
		set->last_period - set->first_bit < (uint64) set->n_words * 64)
		return;
	CHECK_FOR_INTERRUPTS();
	if (set->n_words <= 1 && set->last_period - set->first_period < 64)
	{
		affinity_activity_users_restride(set, first_bit_of_single(set), 1);
		return;
	}
	if (n_words > NARROW_WORDS)
	{
		uint64		n_pairs = count_pairs(set);

		if (((uint64) set->n_users + set->n_rows) * n_words >
			2 * (n_pairs + set->n_rows))
		{
			bitmaps_to_log(set, n_pairs);
			return;
		}
	}
	if (set->n_words > 1)
	{
		uint32		old_first = set->first_bit >> 6;

		/* rows mostly come in the order of time: leave room on that side */
		if (n_words > 4 && first_word < old_first)
			first_word -= Min(first_word, n_words / 4);
		else if (n_words > 4)
			last_word += n_words / 4;
		first_word = Min(first_word, old_first);
		last_word = Max(last_word, old_first + set->n_words - 1);
	}
	affinity_activity_users_restride(set, first_word << 6, last_word -
									 first_word + 1);
}

/* Say where each user's last sum is in a log that was sorted. */
static void
place_sums(ActivitySet *set)
{
	for (Size i = 0; i < set->log_len; i++)
	{
		uint32		entry = set->amounts[i].entry;

		affinity_base_look_up(i);
		if ((entry & 3) == ENTRY_SUM)
			*affinity_activity_set_last(set, affinity_activity_set_key(set, entry >> 2)) = i + 1;
	}
}

/* Sort the log, drop duplicates, and leave room for more entries. */
static void
compact_log(ActivitySet *set, Size more)
{
	Size		cap = set->log_len + set->log_len / 2 + more;

	CHECK_FOR_INTERRUPTS();
	if (set->kind.events)
		set->events = compact_events(set, set->events, cap);
	else if (set->kind.values)
	{
		bool		by_user = set->n_users >= MANY_USERS &&
			set->log_len - set->log_sorted >= set->log_len / 4 &&
			set->log_len / set->n_users < FEW_AMOUNTS * 4;

		set->amounts = set->amounts != NULL && by_user
			? compact_by_user(set, set->amounts, cap)
			: compact_amounts(set, set->amounts, cap);
		place_sums(set);
	}
	else
		set->pairs = compact_pairs(set, set->pairs, cap);
	set->log_sorted = set->log_len;
	set->log_cap = cap;
}

/* Room in the log for more entries; pairs may move back to bitmaps. */
void
affinity_activity_log_reserve(ActivitySet *set, Size more)
{
	if (set->log_len + more <= set->log_cap)
		return;
	compact_log(set, more);
	if (set->kind.events || set->kind.values)
	{
		Size		width = set->kind.events ? sizeof(int64) + 1
			: sizeof(uint32) + sizeof(int128);

		if (set->log_len * width > MaxAllocSize)
			affinity_activity_too_large();
		return;
	}
	if ((uint64) set->n_users * range_words(set) <= set->log_len)
		log_to_bitmaps(set);
	else if (set->log_len * sizeof(uint32) > MaxAllocSize)
		affinity_activity_too_large();
}

void
affinity_activity_log_sort(ActivitySet *set)
{
	affinity_activity_sums_to_log(set);
	if (!set->dense && set->log_sorted < set->log_len)
		compact_log(set, 0);
}

/*
 * How many of the entries of a value are sums and steps, and their range:
 * a start that is not a user's first one is none of them.
 */
void
affinity_activity_log_measure(const ActivitySet *set, ActivityShape *shape)
{
	shape->n_entries = 0;
	shape->first_period = PG_UINT32_MAX;
	shape->last_period = 0;
	for (Size i = 0; i < set->log_len; i++)
	{
		uint32		entry = set->amounts[i].entry & 3;
		uint32		period = set->amounts[i].period;

		affinity_base_look_up(i);
		shape->first_period = Min(shape->first_period, period);
		shape->last_period = Max(shape->last_period, period);
		shape->n_entries += entry == ENTRY_SUM;
		shape->n_steps += entry == ENTRY_STEP;
	}
}
