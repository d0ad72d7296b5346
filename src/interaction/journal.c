/*
 * journal.c
 *		All rows of a query, kept one by one, and matrices of parts of them.
 *
 * A split into rows to train on and rows to test on is a byte beside each row;
 * a part goes the way that rows of a query go, so that a matrix of it is what
 * a query of these rows would give: ids, merged weights, ages and shortened
 * histories are those of the part alone.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "interaction/rows.h"

#define NOT_THERE	PG_UINT32_MAX

static inline int
compare_rows(const AffinityJournalRow *a, const AffinityJournalRow *b)
{
	if (a->item != b->item)
		return a->item < b->item ? -1 : 1;
	if (a->at != b->at)
		return a->at < b->at ? -1 : 1;
	if (isnan(a->weight) || isnan(b->weight))
		return isnan(a->weight) - isnan(b->weight);
	return (a->weight > b->weight) - (a->weight < b->weight);
}

#define ST_SORT sort_rows
#define ST_ELEMENT_TYPE AffinityJournalRow
#define ST_COMPARE(a, b) compare_rows(a, b)
#define ST_CHECK_FOR_INTERRUPTS
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

/* ---- reading ----------------------------------------------------------- */

/*
 * Put a partition's rows to their users, items under their ranks. At first
 * they are only counted: next is where each user's next row goes.
 */
static void
take_part(AffinityRows *rows, uint32 p, int64 *next, AffinityJournalRow *to)
{
	const uint32 *user_rank = affinity_dictionary_rank(rows->users);
	const uint32 *item_rank = affinity_dictionary_rank(rows->items);
	uint32		n_items = affinity_dictionary_size(rows->items);
	const AffinityPart *part = &rows->parts.part[p];

	for (AffinityChunk *chunk = part->first; chunk; chunk = chunk->next)
	{
		uint32		n = chunk->next ? AFFINITY_CHUNK : part->n_last;
		const int64 *at = affinity_parts_chunk_at(chunk);

		CHECK_FOR_INTERRUPTS();
		for (uint32 i = 0; i < n; i++)
		{
			const AffinityEntry *entry = &chunk->entry[i];
			int64		place = next[user_rank[entry->row]]++;

			if (to == NULL)
				continue;
			to[place].item = affinity_interaction_column(rows, item_rank,
														 n_items, entry->col);
			to[place].weight = entry->val;
			to[place].at = at[i];
		}
	}
}

/*
 * Read all rows of a query; NULL weights and times are kept. NULL as for
 * affinity_interaction_read_rows.
 */
AffinityJournal *
affinity_interaction_journal_read(const AffinityReadRequest *request)
{
	AffinityReadRequest all = *request;
	AffinityJournal *journal = palloc0(sizeof(AffinityJournal));
	AffinityRows *rows;
	int64	   *next;

	all.journal = true;
	rows = affinity_interaction_read_rows(&all);
	if (rows == NULL)
		return NULL;
	affinity_dictionary_sort(rows->users);
	affinity_dictionary_sort(rows->items);
	journal->users = rows->users;
	journal->items = rows->items;
	journal->n_users = affinity_dictionary_size(rows->users);
	journal->n_items = affinity_dictionary_size(rows->items);
	journal->n_kinds = rows->n_kinds;
	journal->has_time = rows->has_time;
	journal->rows = rows->read;
	journal->skipped_rows = rows->skipped;
	journal->start = affinity_base_zeroed_array((Size) journal->n_users + 1,
												sizeof(int64));
	journal->row = affinity_interaction_array(rows->usable,
											  sizeof(AffinityJournalRow));
	next = affinity_base_zeroed_array((Size) journal->n_users + 1,
									  sizeof(int64));
	for (uint32 p = 0; p < AFFINITY_PARTS; p++)
		take_part(rows, p, next, NULL);
	affinity_kernel_csr_offsets(next, journal->n_users, journal->start);
	memcpy(next, journal->start, journal->n_users * sizeof(int64));
	for (uint32 p = 0; p < AFFINITY_PARTS; p++)
		take_part(rows, p, next, journal->row);
	affinity_parts_free(&rows->parts);
	for (uint32 u = 0; u < journal->n_users; u++)
		sort_rows(journal->row + journal->start[u],
				  journal->start[u + 1] - journal->start[u]);
	pfree(next);
	pfree(rows);
	return journal;
}

/* ---- a part ------------------------------------------------------------ */

typedef struct Selecting
{
	const AffinityJournalPart *part;
	const AffinityReadRequest *request;
	AffinityRows *rows;
	uint32	   *user;			/* numbers in the matrix, or NOT_THERE */
	uint32	   *item;
} Selecting;

/*
 * Is a row of the journal one of the matrix's?
 */
static bool
is_wanted(const Selecting *s, int64 row)
{
	const AffinityJournalRow *r = &s->part->journal->row[row];

	return affinity_interaction_is_in(s->part, row) &&
		(!isnan(r->weight) || s->request->keep_dropped) &&
		(r->at != AFFINITY_NO_TIME ||
		 !affinity_interaction_needs_time(s->request));
}

/*
 * A dictionary of those ids of another one that have a number, which they get
 * anew, in order.
 */
static AffinityDict *
ids_of(const AffinityDict *from, uint32 n, uint32 *number)
{
	AffinityDict *to =
		affinity_dictionary_create(affinity_dictionary_type(from));
	AffinityKeys *keys = affinity_dictionary_keys(to);
	uint32		no[AFFINITY_BATCH];
	uint32		next = 0;

	for (uint32 i = 0; i < n; i++)
	{
		Datum		id;

		affinity_base_look_up(i);
		if (number[i] == NOT_THERE)
			continue;
		number[i] = next++;
		id = affinity_dictionary_id(from, i);
		affinity_dictionary_keys_add(keys, id);
		if (keys->kind != AFFINITY_ID_INT)
			pfree(DatumGetPointer(id));
		if (keys->n < AFFINITY_BATCH)
			continue;
		affinity_dictionary_add(to, keys, no);
		affinity_dictionary_keys_clear(keys);
	}
	affinity_dictionary_add(to, keys, no);
	affinity_dictionary_keys_free(keys);
	return to;
}

/*
 * Which users and items the part has.
 */
static void
number_ids(Selecting *s)
{
	const AffinityJournal *journal = s->part->journal;

	s->user = affinity_interaction_array(journal->n_users, sizeof(uint32));
	s->item = affinity_interaction_array(journal->n_items, sizeof(uint32));
	memset(s->user, 0xFF, journal->n_users * sizeof(uint32));
	memset(s->item, 0xFF, journal->n_items * sizeof(uint32));
	for (uint32 u = 0; u < journal->n_users; u++)
	{
		for (int64 r = journal->start[u]; r < journal->start[u + 1]; r++)
		{
			affinity_base_look_up(r);
			if (is_wanted(s, r))
				s->user[u] = s->item[journal->row[r].item % journal->n_items] = 0;
		}
	}
	s->rows->users = ids_of(journal->users, journal->n_users, s->user);
	s->rows->items = ids_of(journal->items, journal->n_items, s->item);
}

static void
put_row(Selecting *s, uint32 user, const AffinityJournalRow *row)
{
	AffinityRows *rows = s->rows;
	uint32		number = s->user[user];
	AffinityPart *part = affinity_parts_room(&rows->parts, number);
	uint32		n_items = s->part->journal->n_items;
	int64		at = isnan(row->weight) ? AFFINITY_NO_TIME : row->at;

	affinity_parts_put_at(part, number,
						  s->item[row->item % n_items] * rows->n_kinds +
						  row->item / n_items, row->weight,
						  rows->parts.has_side ? &at : NULL);
	rows->usable++;
	rows->part_rows[number & (AFFINITY_PARTS - 1)]++;
	rows->tiny += affinity_interaction_is_tiny(row->weight);
}

/*
 * The matrix of a part, as a request would have it that reads these rows and
 * no others.
 */
AffinityInteractions *
affinity_interaction_journal_select(const AffinityJournalPart *part,
									const AffinityReadRequest *request)
{
	const AffinityJournal *journal = part->journal;
	AffinityReadRequest of_part = *request;
	AffinityInteractions *in = palloc0(sizeof(AffinityInteractions));
	AffinityRows *rows = palloc0(sizeof(AffinityRows));
	Selecting	s = {.part = part, .request = request, .rows = rows};

	of_part.part = part;
	affinity_interaction_rows_begin(rows, &of_part);
	number_ids(&s);
	for (uint32 u = 0; u < journal->n_users; u++)
	{
		for (int64 r = journal->start[u]; r < journal->start[u + 1]; r++)
		{
			const AffinityJournalRow *row = &journal->row[r];

			affinity_base_look_up(r);
			if (!affinity_interaction_is_in(part, r))
				continue;
			rows->read++;
			if (row->at != AFFINITY_NO_TIME &&
				(!isnan(row->weight) || request->keep_dropped) &&
				(!rows->has_time || row->at > rows->last_at))
			{
				rows->last_at = row->at;
				rows->has_time = true;
			}
			if (is_wanted(&s, r))
				put_row(&s, u, row);
			else
				rows->skipped++;
		}
	}
	pfree(s.user);
	pfree(s.item);
	affinity_interaction_build(rows, request, in);
	if (request->max_history > 0)
		affinity_interaction_shorten(in, &of_part);
	return in;
}
