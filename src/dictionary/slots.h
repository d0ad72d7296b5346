/*
 * slots.h
 *		What a dictionary holds, and how ids are looked up in it; shared by
 *		dictionary.c, find.c and order.c.
 */
#ifndef AFFINITY_DICTIONARY_SLOTS_H
#define AFFINITY_DICTIONARY_SLOTS_H

#include "common/hashfn.h"
#include "utils/uuid.h"

#include "dictionary/dictionary.h"

#define NO_NUMBER	AFFINITY_NO_ID

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

	/* after affinity_dictionary_sort() */
	uint32	   *rank;			/* of a number */
	uint32	   *order;			/* number of a rank */
};

/*
 * The bytes of a uuid or text by its number.
 */
static inline const char *
affinity_dictionary_key(const AffinityDict *dict, uint32 no, Size *len)
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

static inline uint64
hash_int(int64 key)
{
	uint64		h = (uint64) key * UINT64CONST(0x9E3779B97F4A7C15);

	return h ^ (h >> 32);
}

/*
 * Look a batch up in the direct array; false where an id is not in it.
 */
static inline bool
find_direct(const AffinityDict *dict, const int64 *key, int n, uint32 *no)
{
	const uint32 *direct = dict->direct;
	uint64		base = (uint64) dict->base;
	uint64		span = dict->span;
	bool		all = true;

	for (int i = 0; i < n; i++)
	{
		uint64		at = (uint64) key[i] - base;
		uint32		found = at < span ? direct[at] : 0;

		no[i] = found - 1;
		all &= found != 0;
	}
	return all;
}

static inline uint32
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

static inline const char *
batch_key(const AffinityDict *dict, const AffinityKeys *keys, int i, Size *len)
{
	uint32		start;

	if (dict->kind == AFFINITY_ID_UUID)
	{
		*len = UUID_LEN;
		return keys->bytes + (Size) i * UUID_LEN;
	}
	start = i == 0 ? 0 : keys->end[i - 1];
	*len = keys->end[i] - start;
	return keys->bytes + start;
}

static inline bool
is_key(const AffinityDict *dict, uint32 no, const char *key, Size len)
{
	Size		known_len;
	const char *known = affinity_dictionary_key(dict, no, &known_len);

	if (dict->kind == AFFINITY_ID_UUID)
		return memcmp(known, key, UUID_LEN) == 0;
	return known_len == len && memcmp(known, key, len) == 0;
}

#endif							/* AFFINITY_DICTIONARY_SLOTS_H */
