/*
 * dictionary.c
 *		Ids to consecutive numbers: the hot part of reading rows.
 *
 * Ids come in batches, so that the memory a lookup needs can be asked for
 * before it is used. Integers that lie dense are looked up in a plain array
 * ("direct"); other integers in an open-addressing table whose slots hold the
 * key; uuid and text in one whose slots hold a hash and a number, the keys
 * standing in an arena. Numbers are given in order of arrival; after the last
 * batch affinity_dictionary_sort() ranks the ids, and only ranks are
 * used from then on. A dictionary lives in the memory context in which it was
 * made.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/uuid.h"

#include "dictionary/slots.h"

#define MAX_IDS		((uint32) 1 << 31)
#define FIRST_SLOTS	4096

/* A direct array is always allowed this span, and this many slots an id. */
#define DIRECT_SPAN	((uint64) 1 << 20)
#define DIRECT_PER_ID	4

/* Bytes that are filled between two looks at interrupts: milliseconds. */
#define FILL_PIECE	((Size) 16 * 1024 * 1024)

AffinityDict *
affinity_dictionary_create(Oid type)
{
	AffinityDict *dict = palloc0(sizeof(AffinityDict));

	if (!affinity_base_id_kind(type, &dict->kind))
		elog(ERROR, "type %u cannot be an id", type);
	dict->type = type;
	dict->context = CurrentMemoryContext;
	dict->cap = FIRST_SLOTS;
	dict->min = PG_INT64_MAX;
	dict->max = PG_INT64_MIN;
	if (dict->kind == AFFINITY_ID_INT)
		dict->ints = palloc(dict->cap * sizeof(int64));
	else
	{
		dict->bytes_size = dict->cap * 16;
		dict->bytes = palloc(dict->bytes_size);
		if (dict->kind == AFFINITY_ID_TEXT)
			dict->end = palloc(dict->cap * sizeof(Size));
	}
	return dict;
}

uint32
affinity_dictionary_size(const AffinityDict *dict)
{
	return dict->n;
}

Oid
affinity_dictionary_type(const AffinityDict *dict)
{
	return dict->type;
}

/*
 * Bytes allocated, for the caller's memory limit.
 */
Size
affinity_dictionary_bytes(const AffinityDict *dict)
{
	Size		bytes = dict->bytes_size;

	if (dict->ints)
		bytes += (Size) dict->cap * sizeof(int64);
	if (dict->end)
		bytes += (Size) dict->cap * sizeof(Size);
	bytes += dict->span * sizeof(uint32);
	bytes += dict->n_slots *
		(dict->int_slots ? sizeof(IntSlot) : sizeof(HashSlot));
	return bytes;
}

/* ---- keys by number --------------------------------------------------- */

static void
reserve_number(AffinityDict *dict)
{
	if (dict->n < dict->cap)
		return;
	if (dict->n >= MAX_IDS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("more than %u different ids", MAX_IDS)));
	dict->cap *= 2;
	if (dict->ints)
		dict->ints = repalloc_huge(dict->ints, dict->cap * sizeof(int64));
	if (dict->end)
		dict->end = repalloc_huge(dict->end, dict->cap * sizeof(Size));
}

static uint32
append_int(AffinityDict *dict, int64 key)
{
	reserve_number(dict);
	dict->ints[dict->n] = key;
	return dict->n++;
}

static uint32
append_bytes(AffinityDict *dict, const char *key, Size len)
{
	reserve_number(dict);
	if (dict->bytes_used + len > dict->bytes_size)
	{
		dict->bytes_size = Max(dict->bytes_size * 2, dict->bytes_used + len);
		dict->bytes = repalloc_huge(dict->bytes, dict->bytes_size);
	}
	memcpy(dict->bytes + dict->bytes_used, key, len);
	dict->bytes_used += len;
	if (dict->end)
		dict->end[dict->n] = dict->bytes_used;
	return dict->n++;
}

/*
 * An array of the lookup, all bytes the same: zeroing a large one takes
 * longer than a cancel may.
 */
static void *
alloc_filled(const AffinityDict *dict, uint64 n, Size width, int byte)
{
	Size		size = mul_size(n, width);
	char	   *array = affinity_base_alloc_array(dict->context, n, width);

	for (Size from = 0; from < size; from += FILL_PIECE)
	{
		memset(array + from, byte, Min(FILL_PIECE, size - from));
		CHECK_FOR_INTERRUPTS();
	}
	return array;
}

/* ---- integers --------------------------------------------------------- */

static bool
dense(int64 min, int64 max, uint64 n_ids, uint64 *span)
{
	*span = (uint64) max - (uint64) min + 1;
	return *span != 0 && *span <= Max(DIRECT_SPAN, DIRECT_PER_ID * n_ids);
}

/*
 * A direct array for ids from min to max, with slack on both sides so that it
 * is not made anew for every new largest id.
 */
static void
make_direct(AffinityDict *dict, int64 min, int64 max)
{
	uint64		span = (uint64) max - (uint64) min + 1;
	uint64		slack = span / 2 + AFFINITY_BATCH;
	int64		base;

	if (dict->direct)
		pfree(dict->direct);
	base = min - (int64) Min(slack / 4, (uint64) min - (uint64) PG_INT64_MIN);
	dict->base = base;
	dict->span = (uint64) max - (uint64) base + 1;
	dict->span += Min(slack, (uint64) PG_INT64_MAX - (uint64) max);
	dict->direct = alloc_filled(dict, dict->span, sizeof(uint32), 0);
	for (uint32 no = 0; no < dict->n; no++)
	{
		affinity_base_look_up(no);
		dict->direct[(uint64) dict->ints[no] - (uint64) base] = no + 1;
	}
	if (dict->int_slots)
		pfree(dict->int_slots);
	dict->int_slots = NULL;
	dict->n_slots = 0;
}

static void
int_slots_put(AffinityDict *dict, int64 key, uint32 no)
{
	uint64		mask = dict->n_slots - 1;
	uint64		at = hash_int(key) & mask;

	while (dict->int_slots[at].no != NO_NUMBER)
		at = (at + 1) & mask;
	dict->int_slots[at].key = key;
	dict->int_slots[at].no = no;
}

static void
make_int_slots(AffinityDict *dict, uint64 n_slots)
{
	if (dict->direct)
		pfree(dict->direct);
	dict->direct = NULL;
	dict->span = 0;
	if (dict->int_slots)
		pfree(dict->int_slots);
	dict->int_slots = alloc_filled(dict, n_slots, sizeof(IntSlot), 0xFF);
	dict->n_slots = n_slots;
	for (uint32 no = 0; no < dict->n; no++)
	{
		affinity_base_look_up(no);
		int_slots_put(dict, dict->ints[no], no);
	}
}

/*
 * Make room for a batch in the lookup that fits: a direct array while the ids
 * lie dense, half-empty slots otherwise.
 */
static void
prepare_ints(AffinityDict *dict, const int64 *key, int n)
{
	uint64		n_ids = (uint64) dict->n + n;
	uint64		span;

	for (int i = 0; i < n; i++)
	{
		dict->min = Min(dict->min, key[i]);
		dict->max = Max(dict->max, key[i]);
	}
	if (dict->direct)
	{
		if (dict->min >= dict->base &&
			(uint64) dict->max - (uint64) dict->base < dict->span)
			return;
	}
	else if (dict->int_slots && n_ids * 2 <= dict->n_slots)
		return;

	if (dense(dict->min, dict->max, n_ids, &span))
		make_direct(dict, dict->min, dict->max);
	else
		make_int_slots(dict, pg_nextpower2_64(Max(FIRST_SLOTS, n_ids * 2)));
}

static void
add_direct(AffinityDict *dict, const int64 *key, int n, uint32 *no)
{
	for (int i = 0; i < n; i++)
	{
		uint32	   *slot = &dict->direct[(uint64) key[i] -
										 (uint64) dict->base];

		if (*slot == 0)
			*slot = append_int(dict, key[i]) + 1;
		no[i] = *slot - 1;
	}
}

static void
add_int_slots(AffinityDict *dict, const int64 *key, int n, uint32 *no)
{
	uint64		mask = dict->n_slots - 1;
	uint64		at[AFFINITY_BATCH];

	for (int i = 0; i < n; i++)
	{
		at[i] = hash_int(key[i]) & mask;
		__builtin_prefetch(&dict->int_slots[at[i]]);
	}
	for (int i = 0; i < n; i++)
	{
		IntSlot    *slot = &dict->int_slots[at[i]];

		while (slot->no != NO_NUMBER && slot->key != key[i])
		{
			at[i] = (at[i] + 1) & mask;
			slot = &dict->int_slots[at[i]];
		}
		if (slot->no == NO_NUMBER)
		{
			slot->key = key[i];
			slot->no = append_int(dict, key[i]);
		}
		no[i] = slot->no;
	}
}

static void
add_ints(AffinityDict *dict, const int64 *key, int n, uint32 *no)
{
	if (dict->direct && find_direct(dict, key, n, no))
		return;
	prepare_ints(dict, key, n);
	if (dict->direct)
		add_direct(dict, key, n, no);
	else
		add_int_slots(dict, key, n, no);
}

/* ---- uuid and text ---------------------------------------------------- */

static void
make_hash_slots(AffinityDict *dict, uint64 n_slots)
{
	HashSlot   *old = dict->hash_slots;
	uint64		n_old = dict->n_slots;
	uint64		mask = n_slots - 1;

	dict->hash_slots = alloc_filled(dict, n_slots, sizeof(HashSlot), 0xFF);
	dict->n_slots = n_slots;
	for (uint64 i = 0; i < n_old; i++)
	{
		uint64		at;

		affinity_base_look_up(i);
		if (old[i].no == NO_NUMBER)
			continue;
		at = old[i].hash & mask;
		while (dict->hash_slots[at].no != NO_NUMBER)
			at = (at + 1) & mask;
		dict->hash_slots[at] = old[i];
	}
	if (old)
		pfree(old);
}

static uint32
find_or_append(AffinityDict *dict, uint32 hash, const char *key, Size len)
{
	uint64		mask = dict->n_slots - 1;

	for (uint64 at = hash & mask;; at = (at + 1) & mask)
	{
		HashSlot   *slot = &dict->hash_slots[at];

		if (slot->no == NO_NUMBER)
		{
			slot->hash = hash;
			slot->no = append_bytes(dict, key, len);
			return slot->no;
		}
		if (slot->hash == hash && is_key(dict, slot->no, key, len))
			return slot->no;
	}
}

/*
 * Numbers whose hashes are those of a batch, NO_NUMBER where there is none,
 * and their keys on the way into the cache.
 */
static void
find_candidates(const AffinityDict *dict, const uint32 *hash,
				int n, uint32 *no)
{
	const HashSlot *slots = dict->hash_slots;
	uint64		mask = dict->n_slots - 1;

	for (int i = 0; i < n; i++)
		__builtin_prefetch(&slots[hash[i] & mask]);
	for (int i = 0; i < n; i++)
	{
		uint64		at = hash[i] & mask;

		while (slots[at].hash != hash[i] && slots[at].no != NO_NUMBER)
			at = (at + 1) & mask;
		no[i] = slots[at].no;
		if (dict->end && no[i] != NO_NUMBER)
			__builtin_prefetch(&dict->end[no[i]]);
	}
	for (int i = 0; i < n; i++)
	{
		Size		len;

		if (no[i] != NO_NUMBER)
			__builtin_prefetch(affinity_dictionary_key(dict, no[i],
													   &len));
	}
}

static void
add_bytes(AffinityDict *dict, const AffinityKeys *keys, uint32 *no)
{
	uint64		n_ids = (uint64) dict->n + keys->n;
	uint32		hash[AFFINITY_BATCH];
	const char *key;
	Size		len;

	if (n_ids * 2 > dict->n_slots)
		make_hash_slots(dict, pg_nextpower2_64(Max(FIRST_SLOTS, n_ids * 2)));
	for (int i = 0; i < keys->n; i++)
	{
		key = batch_key(dict, keys, i, &len);
		hash[i] = hash_bytes_of(dict, key, len);
	}
	find_candidates(dict, hash, keys->n, no);
	for (int i = 0; i < keys->n; i++)
	{
		key = batch_key(dict, keys, i, &len);
		if (no[i] == NO_NUMBER || !is_key(dict, no[i], key, len))
			no[i] = find_or_append(dict, hash[i], key, len);
	}
}

/*
 * The numbers of a batch's ids, new ones for ids not seen before.
 */
void
affinity_dictionary_add(AffinityDict *dict,
						const AffinityKeys *keys, uint32 *no)
{
	MemoryContext old = MemoryContextSwitchTo(dict->context);

	Assert(dict->rank == NULL);
	if (keys->n > 0)
	{
		if (dict->kind == AFFINITY_ID_INT)
			add_ints(dict, keys->ints, keys->n, no);
		else
			add_bytes(dict, keys, no);
	}
	MemoryContextSwitchTo(old);
}
