/*
 * dictionary.h
 *		From ids to numbers, and to ranks.
 */
#ifndef AFFINITY_DICTIONARY_H
#define AFFINITY_DICTIONARY_H

#include "postgres.h"

#include "base/base.h"

typedef struct AffinityDict AffinityDict;

/* The number of an id that a dictionary does not know. */
#define AFFINITY_NO_ID	PG_UINT32_MAX

/* Ids of one batch of rows, in the form of their kind. */
#define AFFINITY_BATCH 1024

typedef struct AffinityKeys
{
	Oid			type;
	AffinityIdKind kind;
	int			n;				/* keys in use */
	int64		ints[AFFINITY_BATCH];	/* integers */
	char	   *bytes;			/* uuid: 16 each; text: one after the other */
	Size		bytes_size;		/* allocated */
	Size		bytes_used;		/* text */
	uint32		end[AFFINITY_BATCH];	/* text: end of each key in bytes */
} AffinityKeys;

extern AffinityDict *affinity_dictionary_create(Oid type);
extern AffinityKeys *affinity_dictionary_keys(const AffinityDict *dict);
extern void affinity_dictionary_keys_add_bytes(AffinityKeys *keys, Datum id);
extern void affinity_dictionary_keys_add_raw(AffinityKeys *keys,
											 const char *from, Size len);
extern void affinity_dictionary_keys_clear(AffinityKeys *keys);
extern void affinity_dictionary_keys_free(AffinityKeys *keys);
extern void affinity_dictionary_add(AffinityDict *dict,
									const AffinityKeys *keys,
									uint32 *no);
extern void affinity_dictionary_find(const AffinityDict *dict,
									 const AffinityKeys *keys,
									 uint32 *no);
extern uint32 affinity_dictionary_size(const AffinityDict *dict);
extern Oid	affinity_dictionary_type(const AffinityDict *dict);
extern Size affinity_dictionary_bytes(const AffinityDict *dict);
extern void affinity_dictionary_sort(AffinityDict *dict);
extern const uint32 *affinity_dictionary_rank(const AffinityDict *dict);
extern void affinity_dictionary_keep(AffinityDict *dict,
									 const uint32 *renumber,
									 uint32 n_kept);
extern Datum affinity_dictionary_id(const AffinityDict *dict,
									uint32 rank);
extern uint64 affinity_dictionary_hash(const AffinityDict *dict,
									   uint32 rank);
extern int	affinity_dictionary_compare(const AffinityDict *dict,
										uint32 rank, Datum id);

/*
 * Take one id over from a row, which may be gone when the batch is looked up.
 */
static inline void
affinity_dictionary_keys_add(AffinityKeys *keys, Datum id)
{
	Assert(keys->n < AFFINITY_BATCH);
	if (keys->kind == AFFINITY_ID_INT)
		keys->ints[keys->n++] = affinity_base_id_to_int(id, keys->type);
	else
		affinity_dictionary_keys_add_bytes(keys, id);
}

#endif							/* AFFINITY_DICTIONARY_H */
