/*
 * share.c
 *		The rows of one query, read by several processes.
 *
 * Each process has dictionaries of its own and numbers ids as it meets them.
 * Its entries go to partitions by a hash of the user's id, which are the same
 * in all processes, in chunks of an area of shared memory. At its end a worker
 * leaves its ids there too; the leader adds them to its own, and so learns
 * what its numbers are for the worker's, and hangs the worker's chunks into
 * its partitions.
 *
 * The area is the leader's and ends with it, whatever happens to workers.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "dictionary/slots.h"
#include "interaction/receiver.h"
#include "parallel/team.h"

/* ---- beginning --------------------------------------------------------- */

static Size
header_bytes(int n_workers)
{
	return MAXALIGN(offsetof(SharedRead, rows) +
					(Size) n_workers * sizeof(SharedRows));
}

/*
 * In the leader: the area.
 */
AffinityShare *
affinity_interaction_share_begin(const AffinityReadRequest *request,
								 int n_workers)
{
	AffinityShare *share = palloc0(sizeof(AffinityShare));
	Size		size = header_bytes(n_workers);
	int			n_kinds = request->kinds ? request->kinds->n : 0;
	char	   *name;
	SharedRead *read;

	for (int i = 0; i < n_kinds; i++)
		size += strlen(request->kinds->name[i]) + 1;
	share->area = affinity_parts_area((Size) request->max_bytes);
	share->address = dsa_allocate0(share->area->dsa, size);
	share->read = read = dsa_get_address(share->area->dsa, share->address);
	read->request = *request;
	read->request.query = read->request.baskets = read->request.times_of = NULL;
	read->request.kinds = NULL;
	read->request.arg_types = NULL;
	read->request.args = NULL;
	read->request.needed = NULL;
	read->request.progress = NULL;
	read->request.more_items = NULL;
	read->request.part = NULL;
	read->n_kinds = n_kinds;
	read->n_workers = n_workers;
	pg_atomic_init_u32(&read->given_up, 0);
	pg_atomic_init_u64(&read->bytes, 0);
	pg_atomic_init_u64(&read->read, 0);
	name = (char *) read + header_bytes(n_workers);
	for (int i = 0; i < n_kinds; i++)
	{
		strcpy(name, request->kinds->name[i]);
		name += strlen(name) + 1;
	}
	return share;
}

/*
 * In a worker: the same.
 */
AffinityShare *
affinity_interaction_share_join(dsa_handle handle, dsa_pointer address,
								int worker)
{
	AffinityShare *share = palloc0(sizeof(AffinityShare));

	share->area = palloc0(sizeof(AffinityArea));
	share->area->dsa = dsa_attach(handle);
	share->address = address;
	share->read = dsa_get_address(share->area->dsa, address);
	if (worker >= share->read->n_workers)
		elog(ERROR, "no room for the rows of worker %d", worker);
	share->worker = &share->read->rows[worker];
	share->worker->started = true;
	return share;
}

/*
 * The request as a worker knows it.
 */
const AffinityReadRequest *
affinity_interaction_share_request(const AffinityShare *share)
{
	const SharedRead *read = share->read;
	AffinityReadRequest *request = palloc(sizeof(AffinityReadRequest));
	const char *name = (const char *) read + header_bytes(read->n_workers);
	AffinityKinds *kinds;

	*request = read->request;
	if (read->n_kinds == 0)
		return request;
	kinds = palloc0(sizeof(AffinityKinds));
	kinds->n = read->n_kinds;
	for (int i = 0; i < kinds->n; i++)
	{
		kinds->name[i] = pstrdup(name);
		name += strlen(name) + 1;
	}
	request->kinds = kinds;
	return request;
}

/* ---- batches ----------------------------------------------------------- */

/*
 * The partitions of users that are new.
 */
void
affinity_interaction_share_number(AffinityShare *share,
								  const AffinityDict *users, uint32 known)
{
	if (share->part_cap < users->cap)
	{
		share->part_of = share->part_of ?
			repalloc_huge(share->part_of, users->cap) :
			MemoryContextAllocHuge(users->context, users->cap);
		share->part_cap = users->cap;
	}
	for (uint32 no = known; no < users->n; no++)
	{
		uint64		key;
		Size		len;
		const char *bytes;

		if (users->kind == AFFINITY_ID_INT)
			key = (uint64) users->ints[no];
		else
		{
			bytes = affinity_dictionary_key(users, no, &len);
			key = hash_bytes_of(users, bytes, len);
		}
		share->part_of[no] = (uint8) (affinity_base_mix64(key) %
									  AFFINITY_PARTS);
	}
}

/*
 * What a process' rows will need until the matrix is there, at the highest:
 * its chunks, and those that the team takes; its ids here and in the leader; the matrix, and one orientation
 * of it a second time, as it is made in shared memory; two copies of a
 * partition; what stands beside ids.
 */
static Size
bytes_of(const RowReceiver *self)
{
	const AffinityRows *rows = self->rows;
	const AffinityReadRequest *request = self->request;
	Size		second = rows->has_second ? sizeof(float) : 0;
	Size		value = affinity_interaction_has_values(request) ?
		sizeof(float) : 0;
	Size		ids = (Size) affinity_dictionary_size(rows->users) +
		(Size) affinity_dictionary_size(rows->items) * rows->n_kinds;
	int64		largest = 0;

	for (int p = 0; p < AFFINITY_PARTS; p++)
		largest = Max(largest, rows->part_rows[p]);
	return (rows->parts.n_chunks + AFFINITY_PARTS) *
		affinity_parts_chunk_bytes(&rows->parts) +
		2 * (affinity_dictionary_bytes(rows->users) +
			 affinity_dictionary_bytes(rows->items)) +
		rows->usable * 3 * (sizeof(uint32) + value + second) +
		largest * (self->share->read->n_workers + 1) * 2 *
		(sizeof(AffinityEntry) + second) +
		ids * (4 * sizeof(int64) + 6 * sizeof(uint32)) +
		affinity_interaction_visits_bytes(rows, request) +
		affinity_interaction_events_bytes(rows);
}

static void
give_up(AffinityShare *share)
{
	pg_atomic_write_u32(&share->read->given_up, 1);
}

/*
 * Tell the others how far this process is. False: there is no use in going on.
 */
bool
affinity_interaction_share_account(RowReceiver *self)
{
	AffinityShare *share = self->share;
	SharedRead *read = share->read;
	Size		bytes = bytes_of(self);
	int64		rows = self->rows->read - share->told;
	uint64		all;

	all = pg_atomic_add_fetch_u64(&read->bytes,
								  (int64) (bytes - share->bytes));
	share->bytes = bytes;
	if (self->rows->parts.is_full || (self->request->max_bytes > 0 &&
									  all > (uint64) self->request->max_bytes))
		give_up(share);
	all = pg_atomic_add_fetch_u64(&read->read, rows);
	share->told += rows;
	if (self->request->progress)
		self->request->progress((int64) all);
	return pg_atomic_read_u32(&read->given_up) == 0;
}

/* ---- the end of a worker ----------------------------------------------- */

/*
 * A copy of some bytes in the area.
 */
static dsa_pointer
leave_bytes(AffinityShare *share, const void *from, Size size)
{
	dsa_pointer to = dsa_allocate_extended(share->area->dsa, Max(size, 1),
										   DSA_ALLOC_HUGE | DSA_ALLOC_NO_OOM);

	if (!DsaPointerIsValid(to))
		give_up(share);
	else if (size > 0)
		memcpy(dsa_get_address(share->area->dsa, to), from, size);
	return to;
}

static void
leave_ids(AffinityShare *share, const AffinityDict *dict, SharedIds *ids)
{
	ids->n = dict->n;
	if (dict->kind == AFFINITY_ID_INT)
		ids->ints = leave_bytes(share, dict->ints, dict->n * sizeof(int64));
	else
		ids->bytes = leave_bytes(share, dict->bytes, dict->bytes_used);
	if (dict->kind == AFFINITY_ID_TEXT)
		ids->end = leave_bytes(share, dict->end, dict->n * sizeof(Size));
	ids->bytes_used = dict->bytes_used;
}

/*
 * In a worker, when it has read all that there was for it.
 */
void
affinity_interaction_share_leave(RowReceiver *self)
{
	AffinityShare *share = self->share;
	AffinityRows *rows = self->rows;
	SharedRows *to = share->worker;

	affinity_interaction_flush(self);
	if (pg_atomic_read_u32(&share->read->given_up) != 0)
		return;
	leave_ids(share, rows->users, &to->users);
	leave_ids(share, rows->items, &to->items);
	for (int p = 0; p < AFFINITY_PARTS; p++)
	{
		affinity_parts_show(&rows->parts.part[p], &to->part[p]);
		to->part_rows[p] = rows->part_rows[p];
	}
	to->has_time = rows->has_time;
	to->last_at = rows->last_at;
	to->read = rows->read;
	to->skipped = rows->skipped;
	to->other = rows->other;
	to->tiny = rows->tiny;
	to->usable = rows->usable;
	to->done = true;
}

/* ---- in the leader, when workers have ended ----------------------------- */

/*
 * Add a worker's ids to the leader's; gives the leader's number of each.
 */
static uint32 *
take_ids(AffinityShare *share, AffinityDict *dict, const SharedIds *ids)
{
	AffinityKeys *keys = affinity_dictionary_keys(dict);
	uint32	   *no = affinity_interaction_array(ids->n, sizeof(uint32));
	const int64 *ints = NULL;
	const char *bytes = NULL;
	const Size *end = NULL;

	if (dict->kind == AFFINITY_ID_INT)
		ints = dsa_get_address(share->area->dsa, ids->ints);
	else
		bytes = dsa_get_address(share->area->dsa, ids->bytes);
	if (dict->kind == AFFINITY_ID_TEXT)
		end = dsa_get_address(share->area->dsa, ids->end);
	for (uint32 from = 0; from < ids->n; from += AFFINITY_BATCH)
	{
		uint32		n = Min(AFFINITY_BATCH, ids->n - from);

		CHECK_FOR_INTERRUPTS();
		affinity_dictionary_keys_clear(keys);
		if (ints)
		{
			memcpy(keys->ints, ints + from, n * sizeof(int64));
			keys->n = n;
		}
		for (uint32 i = from; ints == NULL && i < from + n; i++)
		{
			Size		start = (end == NULL) ? (Size) i * UUID_LEN :
				i == 0 ? 0 : end[i - 1];

			affinity_dictionary_keys_add_raw(keys, bytes + start,
											 end ? end[i] - start : UUID_LEN);
		}
		affinity_dictionary_add(dict, keys, no + from);
	}
	affinity_dictionary_keys_free(keys);
	return no;
}

/*
 * Entries under the leader's numbers.
 */
static void
renumber(AffinityEntry *entry, uint32 n, uint32 n_kinds,
		 const uint32 *user, const uint32 *item)
{
	for (uint32 i = 0; i < n; i++)
	{
		entry[i].row = user[entry[i].row];
		entry[i].col = n_kinds == 1 ? item[entry[i].col] :
			item[entry[i].col / n_kinds] * n_kinds + entry[i].col % n_kinds;
	}
}

/*
 * The entries of a chunk that is not full go to the leader's last one.
 */
static void
append(AffinityParts *parts, uint32 p, AffinityChunk *from, uint32 n)
{
	for (uint32 i = 0; i < n; i++)
	{
		AffinityPart *part = affinity_parts_room(parts, p);

		affinity_parts_put_at(part, from->entry[i].row, from->entry[i].col,
							  from->entry[i].val, parts->has_side ?
							  &affinity_parts_chunk_at(from)[i] : NULL);
	}
	affinity_parts_give_back(parts, from);
}

/*
 * Full chunks are put before the leader's, whose last one need not be full.
 */
static void
take_part(RowReceiver *self, const AffinitySharedPart *shared, uint32 p,
		  const uint32 *user, const uint32 *item)
{
	AffinityParts *parts = &self->rows->parts;
	AffinityPart *part = &parts->part[p];
	AffinityPart theirs;
	AffinityChunk *next;

	affinity_parts_see(self->share->area->dsa, shared, &theirs);
	for (AffinityChunk *chunk = theirs.first; chunk; chunk = next)
	{
		uint32		n = chunk->next ? AFFINITY_CHUNK : theirs.n_last;

		next = chunk->next;
		CHECK_FOR_INTERRUPTS();
		renumber(chunk->entry, n, self->rows->n_kinds, user, item);
		parts->n_chunks++;
		if (n < AFFINITY_CHUNK)
			append(parts, p, chunk, n);
		else
		{
			chunk->next = part->first;
			if (part->first == NULL)
			{
				part->last = chunk;
				part->n_last = n;
			}
			part->first = chunk;
		}
	}
}

static void
take_worker(RowReceiver *self, const SharedRows *from)
{
	AffinityRows *rows = self->rows;
	uint32	   *user = take_ids(self->share, rows->users, &from->users);
	uint32	   *item = take_ids(self->share, rows->items, &from->items);

	affinity_interaction_check_columns(rows);
	for (int p = 0; p < AFFINITY_PARTS; p++)
	{
		take_part(self, &from->part[p], p, user, item);
		rows->part_rows[p] += from->part_rows[p];
	}
	pfree(user);
	pfree(item);
	if (from->has_time && (!rows->has_time || from->last_at > rows->last_at))
		rows->last_at = from->last_at;
	rows->has_time |= from->has_time;
	rows->read += from->read;
	rows->skipped += from->skipped;
	rows->other += from->other;
	rows->tiny += from->tiny;
	rows->usable += from->usable;
}

/*
 * All that was read, as if the leader had read it. False: more memory would be
 * needed than is allowed.
 */
bool
affinity_interaction_share_take_over(RowReceiver *self)
{
	SharedRead *read = self->share->read;

	affinity_interaction_flush(self);
	if (pg_atomic_read_u32(&read->given_up) != 0)
		return false;
	for (int i = 0; i < read->n_workers; i++)
	{
		if (read->rows[i].started && !read->rows[i].done)
			elog(ERROR, "worker %d did not say what it read", i);
		if (read->rows[i].done)
			take_worker(self, &read->rows[i]);
	}
	if (!self->request->journal)
		self->rows->n_sharing = Min(read->n_workers,
									affinity_parallel_allowed());
	if (self->rows->n_sharing > 0 &&
		!affinity_parts_reserve(&self->rows->parts,
								(self->rows->n_sharing + 1) *
								AFFINITY_PARTS))
		self->rows->n_sharing = 0;
	/* an error where the system has no more could not be caught from now on */
	self->rows->parts.is_full = true;
	return true;
}
