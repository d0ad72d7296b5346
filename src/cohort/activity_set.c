/*
 * activity_set.c
 *		The growing activity state: users in a hash, rows let in by batches.
 *
 * A row of the set is the user's key followed by a bitmap of periods, so that a
 * known user costs two cache misses, the slot and the row. Rows are gathered
 * 512 at a time, and each step of a batch prefetches what the next one reads. A slot holds
 * the upper half of the key's hash (the tag) and its position is the top bits
 * of the tag: the table grows without looking at the keys, and reading it in
 * order gives the users nearly in the order of their hash, which is the order
 * of the flat form.
 *
 * Nothing is sized from estimates. All memory is in set->cxt and freed with it.
 */
#include "postgres.h"

#include <sys/mman.h>

#include "common/hashfn.h"
#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/memutils.h"

#include "cohort/activity.h"

#define LARGE_AREA (4 * 1024 * 1024)
#define SMALL_PAGE 4096

static Size
set_get_flat_size(ExpandedObjectHeader *header)
{
	return affinity_set_flat_size((ActivitySet *) header);
}

static void
set_flatten_into(ExpandedObjectHeader *header, void *result, Size size)
{
	affinity_set_flatten((ActivitySet *) header, result, size);
}

static const ExpandedObjectMethods set_methods = {
	set_get_flat_size, set_flatten_into
};

/*
 * An expanded set gets a context of its own below parent; one that is to be
 * flattened at once lives in parent itself.
 */
ActivitySet *
affinity_set_new(MemoryContext parent, const ActivityKind *kind, bool expanded)
{
	MemoryContext cxt = parent;
	ActivitySet *set;

	if (expanded)
		cxt = AllocSetContextCreate(parent, "affinity activity",
									ALLOCSET_DEFAULT_SIZES);
	set = MemoryContextAllocZero(cxt, sizeof(ActivitySet));
	set->magic = ACTIVITY_SET_MAGIC;
	set->expanded = expanded;
	if (expanded)
		EOH_init_header(&set->hdr, &set_methods, cxt);
	set->cxt = cxt;
	set->kind = *kind;
	set->first_at = PG_INT64_MAX;
	set->last_at = PG_INT64_MIN;
	set->first_period = PG_UINT32_MAX;
	set->last_period = 0;
	set->key_size = kind->ids == IDS_UUID ? 16 : 8;
	set->stride = set->key_size;
	set->dense = !kind->events && !kind->values;
	set->users_cap = expanded ? 64 : 4;
	set->rows = MemoryContextAlloc(cxt, (Size) set->users_cap * set->stride);
	set->slot_bits = expanded ? 8 : 4;
	set->slots = MemoryContextAllocZero(cxt, sizeof(uint64) << set->slot_bits);
	set->batch = expanded ? ACTIVITY_BATCH : 1;
	set->buffer = MemoryContextAlloc(cxt, set->batch * sizeof(ActivityRow));
	if (kind->values)
		set->buffer_sums = MemoryContextAlloc(cxt, set->batch * sizeof(int128));
	return set;
}

static inline uint64
mix64(uint64 h)
{
	h ^= h >> 33;
	h *= UINT64CONST(0xff51afd7ed558ccd);
	h ^= h >> 33;
	h *= UINT64CONST(0xc4ceb9fe1a85ec53);
	h ^= h >> 33;
	return h;
}

static inline uint32
key_tag(ActivityIds ids, const ActivityKey *key, const char *text)
{
	if (ids == IDS_INT8)
		return mix64((uint64) key->number) >> 32;
	if (ids == IDS_UUID)
		return mix64(key->uuid[0] ^ mix64(key->uuid[1])) >> 32;
	return hash_bytes_extended((const unsigned char *) text + key->text.offset,
							   key->text.len, 0) >> 32;
}

/* Part of the flat format: it says in which order the users are. */
uint32
affinity_key_tag(ActivityIds ids, const ActivityKey *key, const char *text)
{
	return key_tag(ids, key, text);
}

static inline uint64 *
row_words(const ActivitySet *set, uint32 user)
{
	return (uint64 *) (set->rows + (Size) user * set->stride + set->key_size);
}

static inline ActivityKey *
row_key(const ActivitySet *set, uint32 user)
{
	return (ActivityKey *) (set->rows + (Size) user * set->stride);
}

ActivityKey *
affinity_set_key(const ActivitySet *set, uint32 user)
{
	return row_key(set, user);
}

static inline bool
same_key(const ActivitySet *set, ActivityIds ids, uint32 user,
		 const ActivityKey *key, const char *text)
{
	const ActivityKey *own = row_key(set, user);

	if (ids == IDS_INT8)
		return own->number == key->number;
	if (ids == IDS_UUID)
		return own->uuid[0] == key->uuid[0] && own->uuid[1] == key->uuid[1];
	return own->text.len == key->text.len &&
		memcmp(set->text + own->text.offset, text + key->text.offset,
			   key->text.len) == 0;
}

/*
 * Allocate, and ask for huge pages: the arrays are read at random, and with
 * small pages much of the time would go into finding the page.
 */
void *
affinity_alloc_large(MemoryContext cxt, Size size)
{
	void	   *area = MemoryContextAllocHuge(cxt, size);

#ifdef MADV_HUGEPAGE
	if (size >= LARGE_AREA)
		(void) madvise((void *) TYPEALIGN(SMALL_PAGE, (uintptr_t) area),
					   size - SMALL_PAGE, MADV_HUGEPAGE);
#endif
	return area;
}

/* Copies, since moving pages as realloc does would leave them small. */
static void *
realloc_large(void *area, MemoryContext cxt, Size used, Size size)
{
	void	   *larger = affinity_alloc_large(cxt, size);

	memcpy(larger, area, used);
	pfree(area);
	return larger;
}

/* Append bytes to a growing area; offsets into it are uint32. */
static uint32
append_text(MemoryContext cxt, char **area, Size *area_len, Size *cap,
			const char *text, uint32 len)
{
	Size		offset = *area_len;

	if (offset + len > MaxAllocSize)
		affinity_set_too_large();
	if (offset + len > *cap)
	{
		*cap = Max(256, (offset + len) + (offset + len) / 2);
		*area = *area ? repalloc_huge(*area, *cap)
			: MemoryContextAllocHuge(cxt, *cap);
	}
	if (len > 0)
		memcpy(*area + offset, text, len);
	*area_len += len;
	return (uint32) offset;
}

static void
grow_slots(ActivitySet *set)
{
	int			bits = set->slot_bits + 1;
	Size		old_size = (Size) 1 << set->slot_bits;
	Size		mask = ((Size) 1 << bits) - 1;
	uint64	   *slots;

	if (bits > 31)
		affinity_set_too_large();
	slots = affinity_alloc_large(set->cxt, sizeof(uint64) << bits);
	memset(slots, 0, sizeof(uint64) << bits);
	for (Size i = 0; i < old_size; i++)
	{
		uint64		slot = set->slots[i];
		Size		pos;

		if (slot == 0)
			continue;
		pos = (uint32) (slot >> 32) >> (32 - bits);
		while (slots[pos] != 0)
			pos = (pos + 1) & mask;
		slots[pos] = slot;
	}
	pfree(set->slots);
	set->slots = slots;
	set->slot_bits = bits;
}

static void
reserve_slots(ActivitySet *set, uint32 more)
{
	Size		need = (Size) set->n_users + more;

	while (need + need / 2 > (Size) 1 << set->slot_bits)
		grow_slots(set);
}

/* Room for more users, so that nothing moves while a batch is let in. */
static void
reserve_users(ActivitySet *set, uint32 more)
{
	Size		need = (Size) set->n_users + more;

	reserve_slots(set, more);
	if (need > set->users_cap)
	{
		Size		cap = Max(need, (Size) set->users_cap + set->users_cap / 4);

		/* ids alone that make a value too large to be returned */
		if (need * set->key_size > MaxAllocSize)
			affinity_set_too_large();
		set->rows = realloc_large(set->rows, set->cxt,
								  (Size) set->n_users * set->stride,
								  cap * set->stride);
		set->users_cap = (uint32) cap;
	}
}

/* The user of a key, new or known; room was reserved. */
static inline uint32
find_user(ActivitySet *set, ActivityIds ids, uint32 tag,
		  const ActivityKey *key, const char *text)
{
	Size		mask = ((Size) 1 << set->slot_bits) - 1;
	Size		pos = tag >> (32 - set->slot_bits);
	uint64		slot;
	ActivityKey *own;
	uint32		user;

	while ((slot = set->slots[pos]) != 0)
	{
		user = (uint32) slot - 1;
		if ((uint32) (slot >> 32) == tag &&
			same_key(set, ids, user, key, text))
			return user;
		pos = (pos + 1) & mask;
	}
	user = set->n_users;
	own = row_key(set, user);
	memset(own, 0, set->stride);
	if (ids == IDS_TEXT)
	{
		own->text.offset = append_text(set->cxt, &set->text, &set->text_len,
									   &set->text_cap, text + key->text.offset,
									   key->text.len);
		own->text.len = key->text.len;
	}
	else
		memcpy(own, key, ids == IDS_UUID ? 16 : 8);
	set->slots[pos] = (uint64) tag << 32 | (user + 1);
	set->n_users++;
	return user;
}

/*
 * Put one period, event or value of a user in place; room was reserved. The sum
 * is looked at only where the set has values.
 */
static inline void
add_entry(ActivitySet *set, uint32 user, uint32 period, int64 at, uint32 flags,
		  const int128 *sum)
{
	if (set->dense)
		row_words(set, user)[(period >> 6) - set->first_word] |=
			UINT64CONST(1) << (period & 63);
	else if (set->kind.events)
	{
		ActivityEvent *event = &set->events[set->log_len++];

		event->user = user;
		event->flags = flags;
		event->at = at;
	}
	else if (set->kind.values)
	{
		ActivityAmount *amount = &set->amounts[set->log_len++];

		amount->user = user;
		amount->period = period;
		amount->sum = *sum;
	}
	else
		set->pairs[set->log_len++] = (uint64) user << 32 | period;
}

/* How many rows ahead a slot, and then a user's row, is asked for. */
#define SLOT_AHEAD 32
#define ROW_AHEAD 16

/* The user whose tag is the same, most likely the one; or PG_UINT32_MAX. */
static inline uint32
likely_user(const ActivitySet *set, uint32 tag)
{
	Size		mask = ((Size) 1 << set->slot_bits) - 1;
	Size		pos = tag >> (32 - set->slot_bits);
	uint64		slot;

	while ((slot = set->slots[pos]) != 0 && (uint32) (slot >> 32) != tag)
		pos = (pos + 1) & mask;
	return (uint32) slot - 1;
}

/*
 * Let the buffered rows in, in three steps that run some rows apart: hash and
 * prefetch the slot; read the slot and prefetch the user's row; make sure of
 * the user and set the bit. Compiled once for each type of ids.
 */
static pg_attribute_always_inline void
let_in(ActivitySet *set, ActivityIds ids)
{
	uint32		tags[ACTIVITY_BATCH];
	uint32		users[ACTIVITY_BATCH];
	int			n = set->n_rows;
	int			shift = 32 - set->slot_bits;
	const ActivityRow *buffer = set->buffer;

	for (int i = -SLOT_AHEAD; i < n; i++)
	{
		int			first = i + SLOT_AHEAD;
		int			second = i + ROW_AHEAD;
		uint32		user;

		if (first < n)
		{
			tags[first] = key_tag(ids, &buffer[first].key, set->buffer_text);
			__builtin_prefetch(&set->slots[tags[first] >> shift]);
		}
		if (second >= 0 && second < n)
		{
			user = users[second] = likely_user(set, tags[second]);
			if (user != PG_UINT32_MAX)
			{
				__builtin_prefetch(row_key(set, user), 1);
				if (set->n_words > 4)
					__builtin_prefetch(row_words(set, user) +
									   ((buffer[second].period >> 6) - set->first_word), 1);
			}
		}
		if (i < 0)
			continue;
		user = users[i];
		if (user == PG_UINT32_MAX ||
			!same_key(set, ids, user, &buffer[i].key, set->buffer_text))
			user = find_user(set, ids, tags[i], &buffer[i].key,
							 set->buffer_text);
		add_entry(set, user, buffer[i].period, buffer[i].at, buffer[i].flags,
				  set->kind.values ? &set->buffer_sums[i] : NULL);
	}
}

/* Widen the set's range by that of the buffered rows. */
static void
widen_range(ActivitySet *set)
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

void
affinity_set_flush(ActivitySet *set)
{
	if (set->n_rows == 0)
		return;
	CHECK_FOR_INTERRUPTS();
	set->flat_size = 0;
	widen_range(set);
	reserve_users(set, set->n_rows);
	if (set->dense)
		affinity_window_reserve(set, set->first_period >> 6,
								set->last_period >> 6);
	if (!set->dense)
		affinity_log_reserve(set, set->n_rows);
	if (set->kind.ids == IDS_INT8)
		let_in(set, IDS_INT8);
	else if (set->kind.ids == IDS_UUID)
		let_in(set, IDS_UUID);
	else
		let_in(set, IDS_TEXT);
	set->n_rows = 0;
	set->buffer_text_len = 0;
}

/* Make room in the buffer for a text id beside its row. */
void
affinity_set_buffer_text(ActivitySet *set, ActivityRow *row, const char *text,
						 uint32 len)
{
	row->key.text.offset = append_text(set->cxt, &set->buffer_text,
									   &set->buffer_text_len,
									   &set->buffer_text_cap, text, len);
	row->key.text.len = len;
}

static void
merge_user(ActivitySet *set, const ActivityView *view, uint32 theirs,
		   uint32 user)
{
	const ActivityFlat *flat = view->flat;

	if (flat->layout == LAYOUT_DENSE)
	{
		const uint64 *words = view->words + (Size) theirs * view->n_words;

		if (set->dense)
		{
			uint64	   *own = row_words(set, user) +
				(view->first_word - set->first_word);

			for (uint32 w = 0; w < view->n_words; w++)
				own[w] |= words[w];
			return;
		}
		for (uint32 w = 0; w < view->n_words; w++)
			for (uint64 bits = words[w]; bits != 0; bits &= bits - 1)
				add_entry(set, user, ((view->first_word + w) << 6) +
						  pg_rightmost_one_pos64(bits), 0, 0, NULL);
		return;
	}
	for (uint32 i = view->offsets[theirs]; i < view->offsets[theirs + 1]; i++)
	{
		if (flat->layout == LAYOUT_EVENTS)
			add_entry(set, user, 0, view->at[i], view->flags[i], NULL);
		else
			add_entry(set, user, view->periods[i], 0, 0,
					  view->sums ? &view->sums[i] : NULL);
	}
}

/* How many entries at most a user of a flat state has. */
static Size
entries_of(const ActivityView *view, uint32 user)
{
	if (view->flat->layout == LAYOUT_DENSE)
		return (Size) view->n_words * 64;
	return view->offsets[user + 1] - view->offsets[user];
}

/* Merge a state of the same kind into the set. */
void
affinity_set_merge(ActivitySet *set, const ActivityView *view)
{
	const ActivityFlat *flat = view->flat;

	affinity_set_flush(set);
	set->flat_size = 0;

	/*
	 * They come in the order of their hash. Slots for all of them at once: in a
	 * table that grows on the way, those of the lowest hashes would crowd at
	 * its start, and probing would be quadratic.
	 */
	reserve_slots(set, flat->n_users);
	set->first_at = Min(set->first_at, flat->first_at);
	set->last_at = Max(set->last_at, flat->last_at);
	set->first_period = Min(set->first_period, flat->first_period);
	set->last_period = Max(set->last_period, flat->last_period);
	if (set->dense)
		affinity_window_reserve(set, set->first_period >> 6,
								set->last_period >> 6);
	for (uint32 i = 0; i < flat->n_users; i++)
	{
		ActivityKey key;
		uint32		user;

		if (i % ACTIVITY_BATCH == 0)
		{
			CHECK_FOR_INTERRUPTS();
			reserve_users(set, Min(ACTIVITY_BATCH, flat->n_users - i));
		}
		affinity_view_key(view, i, &key);
		user = find_user(set, set->kind.ids,
						 key_tag(set->kind.ids, &key, view->text), &key,
						 view->text);
		if (!set->dense)
			affinity_log_reserve(set, entries_of(view, i));
		merge_user(set, view, i, user);
	}
}
