/*
 * dictionary.c
 *		Ids to consecutive numbers: the hot part of reading rows.
 *
 * Ids come in batches, so that the memory a lookup needs can be asked for
 * before it is used. Integers that lie dense are looked up in a plain array
 * ("direct"); other integers in an open-addressing table whose slots hold the
 * key; uuid and text in one whose slots hold a hash and a number, the keys
 * standing in an arena. Numbers are given in order of arrival; after the last
 * batch affinity_dict_sort() ranks the ids, and only ranks are used from then
 * on. A dictionary lives in the memory context in which it was made.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/uuid.h"

#include "interaction/interaction.h"

#define NO_NUMBER	PG_UINT32_MAX
#define MAX_IDS		((uint32) 1 << 31)
#define FIRST_SLOTS	4096

/* A direct array is always allowed this span, and this many slots an id. */
#define DIRECT_SPAN	((uint64) 1 << 20)
#define DIRECT_PER_ID	4

/* Rounds of a long loop, and bytes to clear, between two looks at interrupts. */
#define PIECE	((uint64) 1 << 16)
#define CLEAR_PIECE	((Size) 16 * 1024 * 1024)

typedef struct IntSlot
{
	int64		key;
	uint32		no;				/* NO_NUMBER: free */
} IntSlot;

typedef struct HashSlot
{
	uint32		hash;
	uint32		no;				/* NO_NUMBER: free */
} HashSlot;

struct AffinityDict
{
	Oid			type;
	AffinityIdKind kind;
	MemoryContext context;
	uint32		n;				/* ids */
	uint32		cap;			/* room in ints or end */

	/* keys by number */
	int64	   *ints;			/* integers */
	char	   *bytes;			/* uuid, text: the arena */
	Size		bytes_used;
	Size		bytes_size;
	Size	   *end;			/* text: end of each key in the arena */

	/* direct lookup: slot of id = id - base */
	uint32	   *direct;			/* number + 1; 0: none */
	int64		base;
	uint64		span;			/* slots */
	int64		min;			/* of the ids */
	int64		max;

	/* hash lookup */
	IntSlot    *int_slots;
	HashSlot   *hash_slots;
	uint64		n_slots;		/* a power of 2 */

	/* after affinity_dict_sort() */
	uint32	   *rank;			/* of a number */
	uint32	   *order;			/* number of a rank */
};

AffinityDict *
affinity_dict_create(Oid type)
{
	AffinityDict *dict = palloc0(sizeof(AffinityDict));

	if (!affinity_id_kind(type, &dict->kind))
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
affinity_dict_size(const AffinityDict *dict)
{
	return dict->n;
}

Oid
affinity_dict_type(const AffinityDict *dict)
{
	return dict->type;
}

/*
 * Bytes allocated, for the caller's memory limit.
 */
Size
affinity_dict_bytes(const AffinityDict *dict)
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

/* ---- a batch's keys --------------------------------------------------- */

/*
 * Take one id over from a row, which may be gone when the batch is looked up.
 */
void
affinity_keys_add(AffinityKeys *keys, const AffinityDict *dict, Datum id)
{
	const char *from;
	Size		len;
	struct varlena *text = NULL;

	Assert(keys->n < AFFINITY_BATCH);
	if (dict->kind == AFFINITY_ID_INT)
	{
		keys->ints[keys->n++] = affinity_id_to_int(id, dict->type);
		return;
	}
	if (dict->kind == AFFINITY_ID_UUID)
	{
		from = (const char *) DatumGetUUIDP(id)->data;
		len = UUID_LEN;
	}
	else
	{
		text = PG_DETOAST_DATUM_PACKED(id);
		from = VARDATA_ANY(text);
		len = VARSIZE_ANY_EXHDR(text);
	}
	if (keys->bytes == NULL || keys->bytes_used + len > keys->bytes_size)
	{
		keys->bytes_size = Max(keys->bytes_size * 2,
							   keys->bytes_used + len + AFFINITY_BATCH * 16);
		if (keys->bytes == NULL)
			keys->bytes = MemoryContextAllocHuge(dict->context,
												 keys->bytes_size);
		else
			keys->bytes = repalloc_huge(keys->bytes, keys->bytes_size);
	}
	memcpy(keys->bytes + keys->bytes_used, from, len);
	keys->bytes_used += len;
	if (keys->bytes_used > PG_UINT32_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("ids of %d rows exceed 4 GB", AFFINITY_BATCH)));
	keys->end[keys->n++] = (uint32) keys->bytes_used;
	if (text != NULL && (Pointer) text != DatumGetPointer(id))
		pfree(text);
}

static inline void
look_at_interrupts(uint64 round)
{
	if ((round & (PIECE - 1)) == 0)
		CHECK_FOR_INTERRUPTS();
}

/*
 * Free slots: all bits set.
 */
static void *
free_slots(const AffinityDict *dict, uint64 n, Size width)
{
	Size		size = mul_size(n, width);
	char	   *slots = MemoryContextAllocHuge(dict->context, size);

	for (Size at = 0; at < size; at += CLEAR_PIECE)
	{
		CHECK_FOR_INTERRUPTS();
		memset(slots + at, 0xFF, Min(CLEAR_PIECE, size - at));
	}
	return slots;
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

static const char *
key_bytes(const AffinityDict *dict, uint32 no, Size *len)
{
	Size		start;

	if (dict->kind == AFFINITY_ID_UUID)
	{
		*len = UUID_LEN;
		return dict->bytes + (Size) no * UUID_LEN;
	}
	start = no == 0 ? 0 : dict->end[no - 1];
	*len = dict->end[no] - start;
	return dict->bytes + start;
}

/* ---- integers --------------------------------------------------------- */

static inline uint64
hash_int(int64 key)
{
	uint64		h = (uint64) key * UINT64CONST(0x9E3779B97F4A7C15);

	return h ^ (h >> 32);
}

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
	dict->direct = MemoryContextAllocExtended(dict->context,
											  dict->span * sizeof(uint32),
											  MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (uint32 no = 0; no < dict->n; no++)
	{
		look_at_interrupts(no);
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
	dict->int_slots = NULL;
	dict->int_slots = free_slots(dict, n_slots, sizeof(IntSlot));
	dict->n_slots = n_slots;
	for (uint32 no = 0; no < dict->n; no++)
	{
		look_at_interrupts(no);
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
	int64		min = dict->min;
	int64		max = dict->max;
	uint64		span;

	for (int i = 0; i < n; i++)
	{
		min = Min(min, key[i]);
		max = Max(max, key[i]);
	}
	dict->min = min;
	dict->max = max;
	if (dict->direct)
	{
		if (min >= dict->base &&
			(uint64) max - (uint64) dict->base < dict->span)
			return;
	}
	else if (dict->int_slots && (uint64) (dict->n + n) * 2 <= dict->n_slots)
		return;

	if (dense(min, max, (uint64) dict->n + n, &span))
		make_direct(dict, min, max);
	else
		make_int_slots(dict, pg_nextpower2_64(Max(FIRST_SLOTS,
												  (uint64) (dict->n + n) * 4)));
}

static void
add_ints(AffinityDict *dict, const int64 *key, int n, uint32 *no)
{
	prepare_ints(dict, key, n);
	if (dict->direct)
	{
		for (int i = 0; i < n; i++)
			no[i] = dict->direct[(uint64) key[i] - (uint64) dict->base];
		for (int i = 0; i < n; i++)
		{
			/* a key may come twice in a batch: look again */
			uint32	   *slot;

			if (no[i]-- != 0)
				continue;
			slot = &dict->direct[(uint64) key[i] - (uint64) dict->base];
			if (*slot == 0)
				*slot = append_int(dict, key[i]) + 1;
			no[i] = *slot - 1;
		}
		return;
	}

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
}

/* ---- uuid and text ---------------------------------------------------- */

static void
make_hash_slots(AffinityDict *dict, uint64 n_slots)
{
	HashSlot   *old = dict->hash_slots;
	uint64		n_old = dict->n_slots;
	uint64		mask = n_slots - 1;

	dict->hash_slots = free_slots(dict, n_slots, sizeof(HashSlot));
	dict->n_slots = n_slots;
	for (uint64 i = 0; i < n_old; i++)
	{
		uint64		at;

		look_at_interrupts(i);
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
hash_bytes_of(const AffinityDict *dict, const char *key, Size len)
{
	if (dict->kind == AFFINITY_ID_UUID)
	{
		uint64		half[2];

		memcpy(half, key, sizeof(half));
		return (uint32) hash_int((int64) (half[0] ^
										  (half[1] << 31 | half[1] >> 33)));
	}
	return hash_bytes((const unsigned char *) key, (int) len);
}

static void
add_bytes(AffinityDict *dict, const AffinityKeys *keys, uint32 *no)
{
	uint32		hash[AFFINITY_BATCH];
	uint64		mask;

	if ((uint64) (dict->n + keys->n) * 2 > dict->n_slots)
		make_hash_slots(dict,
						pg_nextpower2_64(Max(FIRST_SLOTS,
											 (uint64) (dict->n + keys->n) * 4)));
	mask = dict->n_slots - 1;
	for (int i = 0; i < keys->n; i++)
	{
		uint32		start = i == 0 ? 0 : keys->end[i - 1];

		hash[i] = hash_bytes_of(dict, keys->bytes + start,
								keys->end[i] - start);
		__builtin_prefetch(&dict->hash_slots[hash[i] & mask]);
	}
	for (int i = 0; i < keys->n; i++)
	{
		uint32		start = i == 0 ? 0 : keys->end[i - 1];
		const char *key = keys->bytes + start;
		Size		len = keys->end[i] - start;
		uint64		at = hash[i] & mask;

		for (;; at = (at + 1) & mask)
		{
			HashSlot   *slot = &dict->hash_slots[at];
			const char *known;
			Size		known_len;

			if (slot->no == NO_NUMBER)
			{
				slot->hash = hash[i];
				slot->no = append_bytes(dict, key, len);
			}
			else
			{
				if (slot->hash != hash[i])
					continue;
				known = key_bytes(dict, slot->no, &known_len);
				if (known_len != len || memcmp(known, key, len) != 0)
					continue;
			}
			no[i] = slot->no;
			break;
		}
	}
}

/*
 * The numbers of a batch's ids, new ones for ids not seen before.
 */
void
affinity_dict_add(AffinityDict *dict, const AffinityKeys *keys, uint32 *no)
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

/* ---- order ------------------------------------------------------------ */

static inline int
compare_numbers(uint32 a, uint32 b, const AffinityDict *dict)
{
	const char *x;
	const char *y;
	Size		x_len;
	Size		y_len;
	int			c;

	if (dict->kind == AFFINITY_ID_INT)
		return dict->ints[a] < dict->ints[b] ? -1 : dict->ints[a] > dict->ints[b];
	x = key_bytes(dict, a, &x_len);
	y = key_bytes(dict, b, &y_len);
	c = memcmp(x, y, Min(x_len, y_len));
	if (c == 0 && x_len != y_len)
		c = x_len < y_len ? -1 : 1;
	return c;
}

#define ST_SORT sort_numbers
#define ST_ELEMENT_TYPE uint32
#define ST_COMPARE(a, b, dict) compare_numbers(*(a), *(b), dict)
#define ST_COMPARE_ARG_TYPE const AffinityDict
#define ST_CHECK_FOR_INTERRUPTS
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

/*
 * Rank the ids: integers by value, uuid and text by their bytes. Frees the
 * lookup; nothing can be added any more.
 */
void
affinity_dict_sort(AffinityDict *dict)
{
	Size		bytes = Max(dict->n, 1) * sizeof(uint32);

	dict->order = MemoryContextAllocHuge(dict->context, bytes);
	dict->rank = MemoryContextAllocHuge(dict->context, bytes);
	if (dict->direct)
	{
		uint32		n = 0;

		for (uint64 i = 0; i < dict->span; i++)
		{
			look_at_interrupts(i);
			if (dict->direct[i] != 0)
				dict->order[n++] = dict->direct[i] - 1;
		}
	}
	else
	{
		for (uint32 no = 0; no < dict->n; no++)
			dict->order[no] = no;
		sort_numbers(dict->order, dict->n, dict);
	}
	for (uint32 r = 0; r < dict->n; r++)
	{
		look_at_interrupts(r);
		dict->rank[dict->order[r]] = r;
	}

	if (dict->direct)
		pfree(dict->direct);
	if (dict->int_slots)
		pfree(dict->int_slots);
	if (dict->hash_slots)
		pfree(dict->hash_slots);
	dict->direct = NULL;
	dict->int_slots = NULL;
	dict->hash_slots = NULL;
	dict->span = dict->n_slots = 0;
}

/*
 * Rank of each number; valid until affinity_dict_keep().
 */
const uint32 *
affinity_dict_rank(const AffinityDict *dict)
{
	return dict->rank;
}

/*
 * Forget some ids: renumber[] gives each rank's new rank, or PG_UINT32_MAX.
 */
void
affinity_dict_keep(AffinityDict *dict, const uint32 *renumber, uint32 n_kept)
{
	for (uint32 r = 0; r < dict->n; r++)
	{
		if (renumber[r] != PG_UINT32_MAX)
			dict->order[renumber[r]] = dict->order[r];
	}
	dict->n = n_kept;
	pfree(dict->rank);
	dict->rank = NULL;
}

/*
 * The id of a rank, in the current memory context.
 */
Datum
affinity_dict_id(const AffinityDict *dict, uint32 rank)
{
	uint32		no = dict->order[rank];
	const char *bytes;
	Size		len;

	Assert(rank < dict->n);
	if (dict->kind == AFFINITY_ID_INT)
		return affinity_id_from_int(dict->ints[no], dict->type);
	bytes = key_bytes(dict, no, &len);
	if (dict->kind == AFFINITY_ID_UUID)
	{
		pg_uuid_t  *uuid = palloc(sizeof(pg_uuid_t));

		memcpy(uuid->data, bytes, UUID_LEN);
		return UUIDPGetDatum(uuid);
	}
	return PointerGetDatum(cstring_to_text_with_len(bytes, (int) len));
}

/*
 * Order of a rank's id and another id of the same type: below, at, above 0.
 */
int
affinity_dict_compare(const AffinityDict *dict, uint32 rank, Datum id)
{
	uint32		no = dict->order[rank];
	const char *x;
	const char *y;
	Size		x_len;
	Size		y_len;
	int			c;

	if (dict->kind == AFFINITY_ID_INT)
	{
		int64		v = affinity_id_to_int(id, dict->type);

		return dict->ints[no] < v ? -1 : dict->ints[no] > v;
	}
	x = key_bytes(dict, no, &x_len);
	if (dict->kind == AFFINITY_ID_UUID)
		return memcmp(x, DatumGetUUIDP(id)->data, UUID_LEN);
	y = VARDATA_ANY(DatumGetPointer(id));
	y_len = VARSIZE_ANY_EXHDR(DatumGetPointer(id));
	c = memcmp(x, y, Min(x_len, y_len));
	if (c == 0 && x_len != y_len)
		c = x_len < y_len ? -1 : 1;
	return c;
}
