/*
 * funnel_population.c
 *		From the rows of many users, in any order, to how many reached each step
 *		and how long they took.
 *
 * Rows are spread by a hash of the user into buckets that fit the processor's
 * cache, so that all rows of a user meet in one; a bucket is spread once more
 * and then sorted by user and time. That is a radix sort whose first digits are
 * hashed, so that it does not matter how ids are chosen. At most SPREAD_BYTES
 * are spread at a time (or what a hash table may use, if that is more, or the
 * largest bucket); larger states are read several times.
 *
 * Everything is allocated in the current memory context, huge where need be.
 */
#include "postgres.h"

#include "common/int.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "cohort/cohort.h"
#include "cohort/funnel.h"

/* Rows that a bucket should have: 256 kB. */
#define BUCKET_ROWS 8192
#define MAX_BUCKET_BITS 12

/* Buckets larger than this, because one user has so many rows, are sorted. */
#define SPREAD_ROWS (BUCKET_ROWS * 8)

/* Rows that the second spreading should leave together. */
#define GROUP_ROWS 16
#define MAX_GROUP_BITS 12

#define SPREAD_BYTES ((Size) 256 << 20)

typedef struct UserEvent
{
	EventUserId user;
	AffinityEvent event;
} UserEvent;

typedef struct Population
{
	const EventLog *log;
	Conversions *conversions;
	AffinityChainRule rule;
	AffinityChain *chain;
	int			bucket_bits;
	int64	   *bucket_rows;	/* how many rows each bucket has */
	char	   *spread;			/* the rows of some buckets, as in the log */
	UserEvent  *bucket;			/* the rows of one, if not too many */
	UserEvent  *grouped;		/* the same, spread again */
	AffinityEvent *event;		/* the rows of one user */
	int64		event_room;
} Population;

static inline bool
user_event_before(const UserEvent *a, const UserEvent *b)
{
	if (!event_same_user(a->user, b->user))
		return event_user_before(a->user, b->user);
	return affinity_event_before(&a->event, &b->event);
}

#define ST_SORT sort_user_events
#define ST_ELEMENT_TYPE UserEvent
#define ST_COMPARE(a, b) (user_event_before(a, b) ? -1 : \
						  user_event_before(b, a) ? 1 : 0)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DECLARE
#define ST_DEFINE
#include "lib/sort_template.h"

static inline const char *
read_row(const char *row, Size user_size, Size steps_size, UserEvent *to)
{
	to->user.low = 0;
	to->user.high = 0;
	if (user_size == 8)
		memcpy(&to->user.low, row, 8);
	else if (user_size == 16)
		memcpy(&to->user, row, 16);
	row += user_size;
	memcpy(&to->event.at, row, sizeof(int64));
	row += sizeof(int64);
	to->event.steps = event_read_steps(row, steps_size);
	return row + steps_size;
}

static void
conversions_room(Conversions *c, int step)
{
	Size		size;

	if (c->n_users[step] < c->room[step])
		return;
	c->room[step] = Max(1024, c->room[step] * 2);
	size = sizeof(int64) * (Size) c->room[step];
	if (c->from_start[step] == NULL)
	{
		c->from_start[step] = palloc_extended(size, MCXT_ALLOC_HUGE);
		c->from_previous[step] = palloc_extended(size, MCXT_ALLOC_HUGE);
		return;
	}
	c->from_start[step] = repalloc_huge(c->from_start[step], size);
	c->from_previous[step] = repalloc_huge(c->from_previous[step], size);
}

/* One more user, who took `level` steps; since[0] is not read. */
static void
add_user(Conversions *c, int level, const int64 *since)
{
	int			i;

	for (i = 0; i < level; i++)
	{
		if (i > 0)
		{
			conversions_room(c, i);
			c->from_start[i][c->n_users[i]] = since[i];
			c->from_previous[i][c->n_users[i]] =
				i > 1 ? since[i] - since[i - 1] : since[i];
		}
		c->n_users[i]++;
	}
}

static void
add_chain(Population *p, const AffinityEvent *event, int64 n)
{
	int64		since[AFFINITY_MAX_STEPS];
	int			level;
	int			i;

	level = affinity_chain_of(p->chain, &p->rule, event, n);
	for (i = 0; i < level; i++)
		if (pg_sub_s64_overflow(p->chain->best[i], p->chain->best[0], &since[i]))
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("the time between two steps is out of range")));
	add_user(p->conversions, level, since);
}

/* Rows sorted by user and time. */
static void
add_sorted(Population *p, const UserEvent *row, int64 n)
{
	int64		from = 0;

	while (from < n)
	{
		int64		to = from;

		do
		{
			if (to - from >= p->event_room)
			{
				p->event_room = Max(1024, p->event_room * 2);
				if (p->event != NULL)
					p->event = repalloc_huge(p->event, sizeof(AffinityEvent) *
											 (Size) p->event_room);
				else
					p->event = palloc(sizeof(AffinityEvent) *
									  (Size) p->event_room);
			}
			p->event[to - from] = row[to].event;
			to++;
			if ((to - from) % ROWS_BETWEEN_INTERRUPTS == 0)
				CHECK_FOR_INTERRUPTS();
		} while (to < n && event_same_user(row[to].user, row[from].user));
		add_chain(p, p->event, to - from);
		from = to;
	}
}

static void
insertion_sort(UserEvent *row, int64 n)
{
	int64		i;

	for (i = 1; i < n; i++)
	{
		UserEvent	moved = row[i];
		int64		j = i;

		while (j > 0 && user_event_before(&moved, &row[j - 1]))
		{
			row[j] = row[j - 1];
			j--;
		}
		row[j] = moved;
	}
}

/* Which group of a bucket: the hash's bits below those of the bucket. */
static inline uint32
group_of(const Population *p, EventUserId user, int bits)
{
	return (uint32) (event_user_hash(user) >> (64 - p->bucket_bits - bits)) &
		((1 << bits) - 1);
}

/*
 * The rows of one bucket that is not too large: by group, then by user and time
 * within the few rows of a group.
 */
static void
add_bucket(Population *p, int64 n)
{
	int32		start[(1 << MAX_GROUP_BITS) + 1];
	int			bits = 1;
	int			i;
	int64		at;

	while (bits < MAX_GROUP_BITS && (n >> bits) > GROUP_ROWS)
		bits++;
	memset(start, 0, sizeof(int32) * (((Size) 1 << bits) + 1));
	for (at = 0; at < n; at++)
		start[group_of(p, p->bucket[at].user, bits) + 1]++;
	for (i = 0; i < 1 << bits; i++)
		start[i + 1] += start[i];
	for (at = 0; at < n; at++)
		p->grouped[start[group_of(p, p->bucket[at].user, bits)]++] =
			p->bucket[at];
	for (i = 0; i < 1 << bits; i++)
	{
		int32		from = i == 0 ? 0 : start[i - 1];

		if (start[i] - from > 64)
			sort_user_events(p->grouped + from, (size_t) (start[i] - from));
		else
			insertion_sort(p->grouped + from, start[i] - from);
	}
	add_sorted(p, p->grouped, n);
}

static void
read_bucket(Population *p, const char *row, int64 n)
{
	Size		user_size = event_user_size(p->log);
	Size		steps_size = event_steps_size(p->log);
	UserEvent  *event = p->bucket;
	int64		i;

	CHECK_FOR_INTERRUPTS();
	if (n > SPREAD_ROWS)
		event = palloc_extended(sizeof(UserEvent) * (Size) n, MCXT_ALLOC_HUGE);
	for (i = 0; i < n; i++)
	{
		row = read_row(row, user_size, steps_size, &event[i]);
		if (i % ROWS_BETWEEN_INTERRUPTS == 0)
			CHECK_FOR_INTERRUPTS();
	}
	if (n <= SPREAD_ROWS)
	{
		add_bucket(p, n);
		return;
	}
	sort_user_events(event, (size_t) n);
	add_sorted(p, event, n);
	pfree(event);
}

/* The bucket of a row of the log. */
static inline uint32
bucket_of(const Population *p, const char *row, Size user_size)
{
	EventUserId user = {0, 0};

	if (user_size == 8)
		memcpy(&user.low, row, 8);
	else if (user_size == 16)
		memcpy(&user, row, 16);
	return (uint32) (event_user_hash(user) >> (64 - p->bucket_bits));
}

static void
count_buckets(Population *p)
{
	const EventLog *log = p->log;
	Size		user_size = event_user_size(log);
	Size		row_size = event_row_size(log);
	const char *row = EVENT_LOG_ROWS(log);
	uint32		i;

	for (i = 0; i < log->n_rows; i++, row += row_size)
	{
		p->bucket_rows[bucket_of(p, row, user_size)]++;
		if (i % ROWS_BETWEEN_INTERRUPTS == 0)
			CHECK_FOR_INTERRUPTS();
	}
}

/*
 * Copy the rows of the buckets first .. last - 1 to p->spread, in order of
 * their bucket. next[] has room for each bucket's position.
 */
static void
spread_buckets(Population *p, uint32 first, uint32 last, char **next)
{
	const EventLog *log = p->log;
	Size		user_size = event_user_size(log);
	Size		row_size = event_row_size(log);
	const char *row = EVENT_LOG_ROWS(log);
	char	   *to = p->spread;
	uint32		b;
	uint32		i;

	for (b = first; b < last; b++)
	{
		next[b] = to;
		to += row_size * (Size) p->bucket_rows[b];
	}
	for (i = 0; i < log->n_rows; i++, row += row_size)
	{
		b = bucket_of(p, row, user_size);
		if (b >= first && b < last)
		{
			/* a length that the compiler knows makes this a few moves */
			if (row_size == 17)
				memcpy(next[b], row, 17);
			else
				memcpy(next[b], row, row_size);
			next[b] += row_size;
		}
		if (i % ROWS_BETWEEN_INTERRUPTS == 0)
			CHECK_FOR_INTERRUPTS();
	}
}

/* How many rows may be spread at a time: at least the largest bucket's. */
static int64
spread_room(const Population *p)
{
	int64		room = (int64) (Max(get_hash_memory_limit(), SPREAD_BYTES) /
								event_row_size(p->log));
	int			b;

	for (b = 0; b < 1 << p->bucket_bits; b++)
		room = Max(room, p->bucket_rows[b]);
	return Min(room, (int64) p->log->n_rows);
}

static void
prepare(Population *p, int64 room)
{
	Size		rows = (Size) Min(SPREAD_ROWS, room) + 1;

	p->spread = affinity_alloc_large(CurrentMemoryContext,
									 event_row_size(p->log) * (Size) room + 1);
	p->bucket = palloc(sizeof(UserEvent) * rows);
	p->grouped = palloc(sizeof(UserEvent) * rows);
}

static void
read_rows(Population *p)
{
	uint32		n_buckets;
	uint32		first = 0;
	char	  **next;
	int64		room;

	p->bucket_bits = 1;
	while (p->bucket_bits < MAX_BUCKET_BITS &&
		   (p->log->n_rows >> p->bucket_bits) > BUCKET_ROWS)
		p->bucket_bits++;
	n_buckets = (uint32) 1 << p->bucket_bits;
	p->bucket_rows = palloc0(sizeof(int64) * n_buckets);
	next = palloc(sizeof(char *) * n_buckets);
	count_buckets(p);
	room = spread_room(p);
	prepare(p, room);
	while (first < n_buckets)
	{
		uint32		last = first;
		int64		rows = 0;
		const char *row = p->spread;

		while (last < n_buckets && rows + p->bucket_rows[last] <= room)
			rows += p->bucket_rows[last++];
		spread_buckets(p, first, last, next);
		for (; first < last; first++)
		{
			read_bucket(p, row, p->bucket_rows[first]);
			row += event_row_size(p->log) * (Size) p->bucket_rows[first];
		}
	}
}

/* A user whose chain may lack optional steps: those are not in `taken`. */
static void
add_taken(Conversions *c, uint64 taken, int level, const int64 *since)
{
	int			i;

	for (i = 0; i < level; i++)
	{
		int			before;

		if ((taken >> i & 1) == 0)
			continue;
		if (i > 0)
		{
			before = conversions_previous(c, i);
			conversions_room(c, i);
			c->from_start[i][c->n_users[i]] = since[i];
			c->from_previous[i][c->n_users[i]] =
				before > 0 ? since[i] - since[before] : since[i];
		}
		c->n_users[i]++;
	}
}

static void
add_result(const FunnelResult *result, void *conversions)
{
	int64		since[AFFINITY_MAX_STEPS];
	int			i;

	for (i = 0; i < result->level; i++)
		if ((result->taken >> i & 1) != 0 &&
			pg_sub_s64_overflow(result->at[i], result->at[0], &since[i]))
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("the time between two steps is out of range")));
	add_taken(conversions, result->taken, result->level, since);
}

static void
add_chain_of_times(Conversions *c, int level, const int64 *since)
{
	uint64		taken = level > 0 ? 1 : 0;
	int			i;

	for (i = 1; i < level; i++)
		if (since[i] >= 0)
			taken |= UINT64CONST(1) << i;
	add_taken(c, taken, level, since);
}

static void
read_chains(const EventLog *log, Conversions *c)
{
	const char *from = EVENT_LOG_ROWS(log);
	int64		since[AFFINITY_MAX_STEPS];
	uint32		i;

	for (i = 0; i < log->n_rows; i++)
	{
		int			level = (uint8) *from++;

		if (level > 1)
		{
			memcpy(since + 1, from, sizeof(int64) * (Size) (level - 1));
			from += sizeof(int64) * (Size) (level - 1);
		}
		add_chain_of_times(c, level, since);
		if (i % ROWS_BETWEEN_INTERRUPTS == 0)
			CHECK_FOR_INTERRUPTS();
	}
}

void
affinity_conversions_read(Conversions *conversions, const EventLog *log)
{
	Population	p;

	memset(conversions, 0, sizeof(Conversions));
	memset(&p, 0, sizeof(p));
	p.log = log;
	p.conversions = conversions;
	affinity_log_rule(log, &p.rule);
	conversions->n_steps = p.rule.n_steps;
	conversions->optional = affinity_log_optional(log);
	if (log->user_kind == EVENT_USER_CHAINS)
	{
		read_chains(log, conversions);
		return;
	}
	if (affinity_log_has_options(log))
	{
		affinity_solve_log(log, add_result, conversions);
		return;
	}
	p.chain = palloc(sizeof(AffinityChain));
	read_rows(&p);
}
