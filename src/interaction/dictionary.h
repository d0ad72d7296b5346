/*
 * dictionary.h
 *		What a dictionary holds; shared by dictionary.c and order.c.
 */
#ifndef AFFINITY_INTERACTION_DICTIONARY_H
#define AFFINITY_INTERACTION_DICTIONARY_H

#include "utils/uuid.h"

#include "interaction/interaction.h"

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

	/* after affinity_interaction_dict_sort() */
	uint32	   *rank;			/* of a number */
	uint32	   *order;			/* number of a rank */
};

/*
 * The bytes of a uuid or text by its number.
 */
static inline const char *
affinity_interaction_dict_key(const AffinityDict *dict, uint32 no, Size *len)
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

#endif							/* AFFINITY_INTERACTION_DICTIONARY_H */
