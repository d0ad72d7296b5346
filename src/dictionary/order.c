/*
 * order.c
 *		The ids of a dictionary in their order, once all are known.
 *
 * Integers are ordered by value, uuid and text by their bytes. From then on
 * an id is named by its rank.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "utils/builtins.h"

#include "dictionary/slots.h"

/* An id among others to be sorted. */
typedef struct SortId
{
	uint64		head;			/* orders as the first bytes that differ do */
	uint32		no;
} SortId;

static int
compare_ids(const SortId *a, const SortId *b, const AffinityDict *dict)
{
	const char *x;
	const char *y;
	Size		x_len;
	Size		y_len;
	int			c;

	if (a->head != b->head)
		return a->head < b->head ? -1 : 1;
	if (dict->kind == AFFINITY_ID_INT)
		return 0;
	x = affinity_dictionary_key(dict, a->no, &x_len);
	y = affinity_dictionary_key(dict, b->no, &y_len);
	c = memcmp(x, y, Min(x_len, y_len));
	if (c == 0 && x_len != y_len)
		c = x_len < y_len ? -1 : 1;
	return c;
}

#define ST_SORT sort_ids
#define ST_ELEMENT_TYPE SortId
#define ST_COMPARE(a, b, dict) compare_ids(a, b, dict)
#define ST_COMPARE_ARG_TYPE const AffinityDict
#define ST_CHECK_FOR_INTERRUPTS
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

/*
 * Bytes that all keys begin with: "user-0000".
 */
static Size
common_start(const AffinityDict *dict)
{
	Size		common;
	const char *first;

	if (dict->n == 0)
		return 0;
	first = affinity_dictionary_key(dict, 0, &common);
	for (uint32 no = 1; no < dict->n && common > 0; no++)
	{
		Size		len;
		Size		same = 0;
		const char *key = affinity_dictionary_key(dict, no, &len);

		affinity_base_look_up(no);
		len = Min(len, common);
		while (same < len && key[same] == first[same])
			same++;
		common = same;
	}
	return common;
}

/*
 * The next eight bytes of a key as a number; keys that end are filled up with
 * zeros, so that equal numbers do not say that the keys are equal.
 */
static uint64
head_of(const AffinityDict *dict, uint32 no, Size skip)
{
	Size		len;
	const char *key = affinity_dictionary_key(dict, no, &len);
	unsigned char head[8] = {0};
	uint64		value = 0;

	memcpy(head, key + skip, Min(sizeof(head), len - skip));
	for (int i = 0; i < 8; i++)
		value = value << 8 | head[i];
	return value;
}

/*
 * Ids in order of one byte of their heads, those that are equal as they were.
 */
static void
sort_by_byte(const SortId *ids, uint32 n, int shift, SortId *to)
{
	uint32		next[256] = {0};
	uint32		sum = 0;

	for (uint32 i = 0; i < n; i++)
	{
		affinity_base_look_up(i);
		next[ids[i].head >> shift & 0xFF]++;
	}
	for (int b = 0; b < 256; b++)
	{
		uint32		count = next[b];

		next[b] = sum;
		sum += count;
	}
	for (uint32 i = 0; i < n; i++)
	{
		affinity_base_look_up(i);
		to[next[ids[i].head >> shift & 0xFF]++] = ids[i];
	}
}

/*
 * By their heads, byte by byte, of which only those matter that are not the
 * same in all; then, where heads do not say it, by comparing.
 */
static SortId *
sort_by_heads(const AffinityDict *dict, SortId *ids, SortId *other)
{
	uint64		differ = 0;
	uint32		end;

	for (uint32 i = 0; i < dict->n; i++)
	{
		affinity_base_look_up(i);
		differ |= ids[i].head ^ ids[0].head;
	}
	for (int shift = 0; shift < 64; shift += 8)
	{
		SortId	   *sorted = other;

		if ((differ >> shift & 0xFF) == 0)
			continue;
		sort_by_byte(ids, dict->n, shift, sorted);
		other = ids;
		ids = sorted;
	}
	if (dict->kind == AFFINITY_ID_INT)
		return ids;
	for (uint32 begin = 0; begin < dict->n; begin = end)
	{
		for (end = begin + 1; end < dict->n &&
			 ids[end].head == ids[begin].head; end++)
			affinity_base_look_up(end);
		if (end - begin > 1)
			sort_ids(ids + begin, end - begin, dict);
	}
	return ids;
}

static void
order_by_sorting(AffinityDict *dict)
{
	Size		bytes = mul_size(Max(dict->n, 1), sizeof(SortId));
	SortId	   *ids = MemoryContextAllocHuge(dict->context, bytes);
	SortId	   *other = MemoryContextAllocHuge(dict->context, bytes);
	SortId	   *sorted;
	Size		skip = dict->kind == AFFINITY_ID_INT ? 0 : common_start(dict);

	for (uint32 no = 0; no < dict->n; no++)
	{
		affinity_base_look_up(no);
		ids[no].no = no;
		/* the sign's bit turned, integers order as unsigned ones */
		ids[no].head = dict->kind == AFFINITY_ID_INT ?
			(uint64) dict->ints[no] ^ ((uint64) 1 << 63) :
			head_of(dict, no, skip);
	}
	sorted = sort_by_heads(dict, ids, other);
	for (uint32 r = 0; r < dict->n; r++)
	{
		affinity_base_look_up(r);
		dict->order[r] = sorted[r].no;
	}
	pfree(ids);
	pfree(other);
}

/*
 * Rank the ids: integers by value, uuid and text by their bytes. Frees the
 * lookup; nothing can be added any more.
 */
void
affinity_dictionary_sort(AffinityDict *dict)
{
	Size		bytes = Max(dict->n, 1) * sizeof(uint32);

	dict->order = MemoryContextAllocHuge(dict->context, bytes);
	dict->rank = MemoryContextAllocHuge(dict->context, bytes);
	if (dict->direct)
	{
		uint32		n = 0;

		for (uint64 i = 0; i < dict->span; i++)
		{
			affinity_base_look_up(i);
			if (dict->direct[i] != 0)
				dict->order[n++] = dict->direct[i] - 1;
		}
	}
	else
		order_by_sorting(dict);
	for (uint32 r = 0; r < dict->n; r++)
	{
		affinity_base_look_up(r);
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
 * Rank of each number; valid until affinity_dictionary_keep().
 */
const uint32 *
affinity_dictionary_rank(const AffinityDict *dict)
{
	return dict->rank;
}

/*
 * Forget some ids: renumber[] gives each rank's new rank, or PG_UINT32_MAX.
 */
void
affinity_dictionary_keep(AffinityDict *dict, const uint32 *renumber,
						 uint32 n_kept)
{
	for (uint32 r = 0; r < dict->n; r++)
	{
		affinity_base_look_up(r);
		if (renumber[r] != PG_UINT32_MAX)
			dict->order[renumber[r]] = dict->order[r];
	}
	dict->n = n_kept;
	if (dict->rank)
		pfree(dict->rank);
	dict->rank = NULL;
}

/*
 * The id of a rank, in the current memory context.
 */
Datum
affinity_dictionary_id(const AffinityDict *dict, uint32 rank)
{
	uint32		no = dict->order[rank];
	const char *bytes;
	Size		len;

	Assert(rank < dict->n);
	if (dict->kind == AFFINITY_ID_INT)
		return affinity_base_id_from_int(dict->ints[no], dict->type);
	bytes = affinity_dictionary_key(dict, no, &len);
	if (dict->kind == AFFINITY_ID_UUID)
	{
		pg_uuid_t  *uuid = palloc(sizeof(pg_uuid_t));

		memcpy(uuid->data, bytes, UUID_LEN);
		return UUIDPGetDatum(uuid);
	}
	return PointerGetDatum(cstring_to_text_with_len(bytes, (int) len));
}

/*
 * A hash of the id of a rank: of nothing but the id.
 */
uint64
affinity_dictionary_hash(const AffinityDict *dict, uint32 rank)
{
	uint32		no = dict->order[rank];
	const char *bytes;
	Size		len;

	if (dict->kind == AFFINITY_ID_INT)
		return affinity_base_splitmix64((uint64) dict->ints[no]);
	bytes = affinity_dictionary_key(dict, no, &len);
	return hash_bytes_extended((const unsigned char *) bytes, (int) len, 0);
}

/*
 * Order of a rank's id and another id of the same type: below, at, above 0.
 */
int
affinity_dictionary_compare(const AffinityDict *dict, uint32 rank,
							Datum id)
{
	uint32		no = dict->order[rank];
	const char *x;
	const char *y;
	Size		x_len;
	Size		y_len;
	int			c;

	if (dict->kind == AFFINITY_ID_INT)
	{
		int64		v = affinity_base_id_to_int(id, dict->type);

		return dict->ints[no] < v ? -1 : dict->ints[no] > v;
	}
	x = affinity_dictionary_key(dict, no, &x_len);
	if (dict->kind == AFFINITY_ID_UUID)
		return memcmp(x, DatumGetUUIDP(id)->data, UUID_LEN);
	y = VARDATA_ANY(DatumGetPointer(id));
	y_len = VARSIZE_ANY_EXHDR(DatumGetPointer(id));
	c = memcmp(x, y, Min(x_len, y_len));
	if (c == 0 && x_len != y_len)
		c = x_len < y_len ? -1 : 1;
	return c;
}
