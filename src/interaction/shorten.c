/*
 * shorten.c
 *		Histories too long to be trained on whole.
 *
 * Where items of a user meet each other, a user with 200,000 of them makes 4e10
 * pairs. Of such a user no more entries stay than are allowed: the most
 * recent ones where rows have times, which are then read of these users
 * alone, else (and among those of one time) a sample by a hash of both ids,
 * which is the same whatever the order of rows or the other data.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/lsyscache.h"

#include "interaction/interaction.h"

#define NOT_LONG	PG_UINT32_MAX

/* Up to so many users are looked up, else all rows are read. */
#define MOST_LOOKED_UP	4096

typedef struct Shortening
{
	AffinityInteractions *in;
	int64		most;
	uint32		n;				/* long users */
	uint32	   *user;			/* their numbers, ascending */
	uint32	   *no;				/* by user: which of them, or NOT_LONG */
	/* of their entries, one long user after the other: */
	int64	   *first;			/* where each one's begin; n + 1 */
	float	   *age;			/* seconds before the newest; infinite where
								 * not known */
	bool	   *keep;
} Shortening;

/* An entry to choose among; compares by age, then by hash, then by item. */
typedef struct Choice
{
	float		age;
	uint32		hash;
	uint32		at;
} Choice;

static inline int
compare_choices(const Choice *a, const Choice *b)
{
	if (a->age != b->age)
		return a->age < b->age ? -1 : 1;
	if (a->hash != b->hash)
		return a->hash < b->hash ? -1 : 1;
	return a->at < b->at ? -1 : a->at > b->at;
}

#define ST_SORT sort_choices
#define ST_ELEMENT_TYPE Choice
#define ST_COMPARE(a, b) compare_choices(a, b)
#define ST_CHECK_FOR_INTERRUPTS
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

static int64
row_length(const AffinityCsr *m, uint32 row)
{
	return m->start[row + 1] - m->start[row];
}

/*
 * Find who is long; false where nobody is.
 */
static bool
find_long(Shortening *s)
{
	const AffinityCsr *by_user = &s->in->by_user;
	int64		entries = 0;

	for (uint32 u = 0; u < by_user->n_rows; u++)
	{
		affinity_base_look_up(u);
		s->n += row_length(by_user, u) > s->most;
	}
	if (s->n == 0)
		return false;
	s->user = affinity_base_array(s->n, sizeof(uint32));
	s->first = affinity_base_array((Size) s->n + 1, sizeof(int64));
	s->no = affinity_base_array(by_user->n_rows, sizeof(uint32));
	s->n = 0;
	for (uint32 u = 0; u < by_user->n_rows; u++)
	{
		int64		length = row_length(by_user, u);

		affinity_base_look_up(u);
		s->no[u] = NOT_LONG;
		if (length <= s->most)
			continue;
		s->no[u] = s->n;
		s->user[s->n] = u;
		s->first[s->n++] = entries;
		entries += length;
		s->in->longest = Max(s->in->longest, length);
	}
	s->first[s->n] = entries;
	s->in->long_users = s->n;
	s->keep = affinity_base_zeroed_array(entries, sizeof(bool));
	s->age = affinity_base_array(entries, sizeof(float));
	for (int64 e = 0; e < entries; e++)
	{
		affinity_base_look_up(e);
		s->age[e] = INFINITY;
	}
	return true;
}

/* ---- times ------------------------------------------------------------- */

/*
 * The long users' rows with their times, or all rows.
 */
static AffinityInteractions *
read_times(const Shortening *s, const AffinityReadRequest *request)
{
	AffinityReadRequest again = {.recency = AFFINITY_RECENCY_AGE};
	Oid			user = affinity_dictionary_type(s->in->users);
	Oid			type = get_array_type(user);
	bool		all = s->n > MOST_LOOKED_UP;
	Datum		ids;

	if (request->part)
	{
		again.value = AFFINITY_PAIR_RATING;
		return affinity_interaction_journal_select(request->part, &again);
	}
	again.query = psprintf("SELECT user_id, item_id, 1::pg_catalog.float4, at FROM %s%s",
						   request->times_of, all ? "" :
						   " WHERE user_id OPERATOR(pg_catalog.=) ANY ($1)");
	again.max_bytes = request->max_bytes;
	again.read_only = request->read_only;
	again.user_type = user;
	again.item_type = affinity_dictionary_type(s->in->items);
	if (!all)
	{
		Datum	   *id = palloc(s->n * sizeof(Datum));
		int16		len;
		bool		byval;
		char		align;

		for (uint32 l = 0; l < s->n; l++)
			id[l] = affinity_dictionary_id(s->in->users, s->user[l]);
		get_typlenbyvalalign(user, &len, &byval, &align);
		ids = PointerGetDatum(construct_array(id, (int) s->n, user, len,
											  byval, align));
		again.n_args = 1;
		again.arg_types = &type;
		again.args = &ids;
	}
	return affinity_interaction_read(&again);
}

/*
 * For each user who was read, which of the long ones it is.
 */
static uint32 *
match_users(const Shortening *s, const AffinityInteractions *times)
{
	uint32		n = times->by_user.n_rows;
	uint32	   *match = affinity_base_array(n, sizeof(uint32));
	uint32		l = 0;
	int			c;

	for (uint32 u = 0; u < n; u++)
	{
		Datum		id = affinity_dictionary_id(times->users, u);

		affinity_base_look_up(u);
		while (l < s->n &&
			   affinity_dictionary_compare(s->in->users, s->user[l],
										   id) < 0)
			l++;
		c = l < s->n ? affinity_dictionary_compare(s->in->users,
												   s->user[l], id) : 1;
		match[u] = c == 0 ? l : NOT_LONG;
	}
	return match;
}

/*
 * Ages of the long users' entries. Both matrices have items in the order of
 * their ids: each user's row is gone through once.
 */
static void
find_ages(Shortening *s, const AffinityInteractions *times)
{
	const AffinityCsr *by_user = &s->in->by_user;
	const AffinityCsr *by_item = &times->by_item;
	const uint32 *match = match_users(s, times);
	int64	   *next = affinity_base_array(s->n, sizeof(int64));
	uint32		item = 0;

	for (uint32 l = 0; l < s->n; l++)
		next[l] = by_user->start[s->user[l]];
	for (uint32 i = 0; i < by_item->n_rows; i++)
	{
		Datum		id = affinity_dictionary_id(times->items, i);

		while (item < s->in->by_item.n_rows &&
			   affinity_dictionary_compare(s->in->items, item, id) < 0)
			item++;
		if (item == s->in->by_item.n_rows ||
			affinity_dictionary_compare(s->in->items, item, id) > 0)
			continue;
		for (int64 e = by_item->start[i]; e < by_item->start[i + 1]; e++)
		{
			uint32		l = match[by_item->col[e]];
			int64		start;
			int64		end;

			affinity_base_look_up(e);
			if (l == NOT_LONG)
				continue;
			start = by_user->start[s->user[l]];
			end = by_user->start[s->user[l] + 1];
			while (next[l] < end && by_user->col[next[l]] < item)
				next[l]++;
			if (next[l] < end && by_user->col[next[l]] == item)
				s->age[s->first[l] + next[l] - start] = -times->recency[e];
		}
	}
}

/* ---- what stays -------------------------------------------------------- */

static void
choose(Shortening *s)
{
	const AffinityCsr *by_user = &s->in->by_user;

	for (uint32 l = 0; l < s->n; l++)
	{
		int64		n = s->first[l + 1] - s->first[l];
		int64		start = by_user->start[s->user[l]];
		uint64		user = affinity_dictionary_hash(s->in->users,
													s->user[l]);
		Choice	   *choice = affinity_base_array(n, sizeof(Choice));

		for (int64 e = 0; e < n; e++)
		{
			uint64		item =
				affinity_dictionary_hash(s->in->items,
										 by_user->col[start + e] %
										 s->in->n_items);

			affinity_base_look_up(e);
			choice[e].age = s->age[s->first[l] + e];
			choice[e].hash =
				(uint32) (affinity_base_mix64(user +
											  affinity_base_splitmix64(item)) >> 32);
			choice[e].at = (uint32) e;
		}
		sort_choices(choice, n);
		for (int64 e = 0; e < s->most; e++)
			s->keep[s->first[l] + choice[e].at] = true;
		pfree(choice);
	}
}

/*
 * Leave out of an orientation what does not stay. Either goes through each
 * user's entries in the order of items.
 */
static void
leave_out(const Shortening *s, AffinityCsr *m, bool rows_are_users,
		  float *beside)
{
	int64	   *next = affinity_base_array(s->n, sizeof(int64));
	int64		kept = 0;
	int64		begin = 0;

	memcpy(next, s->first, s->n * sizeof(int64));
	for (uint32 row = 0; row < m->n_rows; row++)
	{
		int64		end = m->start[row + 1];

		for (int64 e = begin; e < end; e++)
		{
			uint32		l = s->no[rows_are_users ? row : m->col[e]];

			affinity_base_look_up(e);
			if (l != NOT_LONG && !s->keep[next[l]++])
				continue;
			m->col[kept] = m->col[e];
			if (m->val)
				m->val[kept] = m->val[e];
			if (beside)
				beside[kept] = beside[e];
			kept++;
		}
		begin = end;
		m->start[row + 1] = kept;
	}
	pfree(next);
}

static void
say_so(const Shortening *s, bool recent)
{
	ereport(NOTICE,
			(errmsg_plural("%u user has more than %lld items (%lld): training takes %s of them",
						   "%u users have more than %lld items (the most %lld): training takes %s of each",
						   s->n, s->n, (long long) s->most,
						   (long long) s->in->longest,
						   recent ? "the most recent" : "a fixed sample"),
			 errhint("Option \"max_history\" says how many. Popularity and serving count all of them.")));
}

static bool
has_times(const AffinityReadRequest *request)
{
	return request->times_of != NULL ||
		(request->part && request->part->journal->has_time);
}

/*
 * Shorten histories to what is asked for. No user, no item leaves: items may
 * be without entries then. What they had is in popularity, unless weights
 * have signs.
 */
void
affinity_interaction_shorten(AffinityInteractions *in,
							 const AffinityReadRequest *request)
{
	Shortening	s = {.in = in, .most = request->max_history};
	bool		recent = has_times(request) && in->n_kinds == 1;
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext context = AllocSetContextCreate(caller,
												  "affinity long histories",
												  ALLOCSET_DEFAULT_SIZES);

	MemoryContextSwitchTo(context);
	if (find_long(&s))
	{
		/* where weights have signs, who is there is not who likes it */
		if (request->value != AFFINITY_PAIR_SIGNED)
			in->popularity = MemoryContextAllocHuge(caller,
													in->by_item.n_rows *
													sizeof(float));
		for (uint32 i = 0; in->popularity && i < in->by_item.n_rows; i++)
			in->popularity[i] = (float) row_length(&in->by_item, i);
		if (recent)
			find_ages(&s, read_times(&s, request));
		choose(&s);
		leave_out(&s, &in->by_user, true, in->recency_by_user);
		leave_out(&s, &in->by_item, false, in->recency);
		say_so(&s, recent);
	}
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
}
