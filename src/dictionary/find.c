/*
 * find.c
 *		The numbers of ids that a dictionary knows; nothing is added to it.
 *
 * Numbers are those of arrival. A dictionary that was ranked still has them.
 */
#include "postgres.h"

#include "dictionary/slots.h"

static void
find_int_slots(const AffinityDict *dict, const int64 *key, int n, uint32 *no)
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
		const IntSlot *slot = &dict->int_slots[at[i]];

		while (slot->no != NO_NUMBER && slot->key != key[i])
		{
			at[i] = (at[i] + 1) & mask;
			slot = &dict->int_slots[at[i]];
		}
		no[i] = slot->no;
	}
}

static void
find_bytes(const AffinityDict *dict, const AffinityKeys *keys, uint32 *no)
{
	const HashSlot *slots = dict->hash_slots;
	uint64		mask = dict->n_slots - 1;
	uint32		hash[AFFINITY_BATCH];
	Size		len;

	for (int i = 0; i < keys->n; i++)
	{
		const char *key = batch_key(dict, keys, i, &len);

		hash[i] = hash_bytes_of(dict, key, len);
		__builtin_prefetch(&slots[hash[i] & mask]);
	}
	for (int i = 0; i < keys->n; i++)
	{
		const char *key = batch_key(dict, keys, i, &len);
		uint64		at = hash[i] & mask;

		while (slots[at].no != NO_NUMBER &&
			   !(slots[at].hash == hash[i] &&
				 is_key(dict, slots[at].no, key, len)))
			at = (at + 1) & mask;
		no[i] = slots[at].no;
	}
}

/*
 * The numbers of a batch's ids, AFFINITY_NO_ID where the dictionary does not
 * know one.
 */
void
affinity_dictionary_find(const AffinityDict *dict,
						 const AffinityKeys *keys, uint32 *no)
{
	if (dict->kind == AFFINITY_ID_INT && dict->direct)
		(void) find_direct(dict, keys->ints, keys->n, no);
	else if (dict->kind == AFFINITY_ID_INT && dict->int_slots)
		find_int_slots(dict, keys->ints, keys->n, no);
	else if (dict->kind != AFFINITY_ID_INT && dict->hash_slots)
		find_bytes(dict, keys, no);
	else
	{
		for (int i = 0; i < keys->n; i++)
			no[i] = AFFINITY_NO_ID;
	}
}
