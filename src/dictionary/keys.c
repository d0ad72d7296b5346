/*
 * keys.c
 *		The ids of a batch of rows, copied out of the rows.
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "dictionary/slots.h"

/*
 * For ids of the dictionary's type.
 */
AffinityKeys *
affinity_dictionary_keys(const AffinityDict *dict)
{
	AffinityKeys *keys = palloc0(sizeof(AffinityKeys));

	keys->type = dict->type;
	keys->kind = dict->kind;
	if (dict->kind != AFFINITY_ID_INT)
	{
		keys->bytes_size = AFFINITY_BATCH * UUID_LEN;
		keys->bytes = palloc(keys->bytes_size);
	}
	return keys;
}

/*
 * Take over one id that is not an integer, as its bytes.
 */
void
affinity_dictionary_keys_add_raw(AffinityKeys *keys, const char *from,
								 Size len)
{
	if (keys->kind == AFFINITY_ID_UUID)
	{
		memcpy(keys->bytes + (Size) keys->n++ * UUID_LEN, from, UUID_LEN);
		return;
	}
	if (keys->bytes_used + len > keys->bytes_size)
	{
		keys->bytes_size = Max(keys->bytes_size * 2, keys->bytes_used + len);
		keys->bytes = repalloc_huge(keys->bytes, keys->bytes_size);
	}
	memcpy(keys->bytes + keys->bytes_used, from, len);
	keys->bytes_used += len;
	if (keys->bytes_used > PG_UINT32_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("ids of %d rows exceed 4 GB", AFFINITY_BATCH)));
	keys->end[keys->n++] = (uint32) keys->bytes_used;
}

/*
 * The same of a value.
 */
void
affinity_dictionary_keys_add_bytes(AffinityKeys *keys, Datum id)
{
	struct varlena *text;

	if (keys->kind == AFFINITY_ID_UUID)
	{
		affinity_dictionary_keys_add_raw(keys,
										 (const char *) DatumGetUUIDP(id)->data,
										 UUID_LEN);
		return;
	}
	text = PG_DETOAST_DATUM_PACKED(id);
	affinity_dictionary_keys_add_raw(keys, VARDATA_ANY(text),
									 VARSIZE_ANY_EXHDR(text));
	if ((Pointer) text != DatumGetPointer(id))
		pfree(text);
}

void
affinity_dictionary_keys_clear(AffinityKeys *keys)
{
	keys->n = 0;
	keys->bytes_used = 0;
}

void
affinity_dictionary_keys_free(AffinityKeys *keys)
{
	if (keys->bytes)
		pfree(keys->bytes);
	pfree(keys);
}
