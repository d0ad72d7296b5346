/*
 * visits.c
 *		How often users have an item again, in their own visits.
 *
 * A visit is all that a user has within a span of time, such as a day; spans
 * are counted from 2000-01-01. Of an item that a user has had, each visit
 * after the first one with the item is an occasion to have it again. The p-th
 * visit before the user's last counts decay^p: occasions, and those that were
 * taken, are sums of that. Nothing depends on what time it is.
 *
 * Sums over all users are whole numbers of 2^-20, so that they do not depend
 * on the order of users.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "interaction/rows.h"

#define NOT_LOCAL	PG_UINT32_MAX
#define UNIT		1048576.0

/* A row on its way: that a user had an item in a visit. */
typedef struct VisitRow
{
	uint32		user;			/* number */
	uint32		item;			/* rank */
	int64		no;
} VisitRow;

/* A user's item, and what visits say of it. */
typedef struct PairVisits
{
	uint32		item;			/* rank, then number */
	AffinityAgain again;
} PairVisits;

struct AffinityVisitBuild
{
	AffinityVisitSum *of_item;	/* by rank */
	uint32	   *local;			/* by rank: which of a user's items */

	/* where pairs are asked for: those of a user are side by side */
	PairVisits *pair;
	int64		n_pairs;
	int64		room;
	int64	   *first;			/* by number of the user, then by row */
	uint32	   *n;
};

static inline int
compare_rows(const VisitRow *a, const VisitRow *b)
{
	if (a->user != b->user)
		return a->user < b->user ? -1 : 1;
	return a->no > b->no ? -1 : a->no < b->no;
}

#define ST_SORT sort_rows
#define ST_ELEMENT_TYPE VisitRow
#define ST_COMPARE(a, b) compare_rows(a, b)
#define ST_CHECK_FOR_INTERRUPTS
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

#define ST_SORT sort_visits
#define ST_ELEMENT_TYPE AffinityVisit
#define ST_COMPARE(a, b) ((a)->no > (b)->no ? -1 : (a)->no < (b)->no)
#define ST_CHECK_FOR_INTERRUPTS
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

#define ST_SORT sort_pairs
#define ST_ELEMENT_TYPE PairVisits
#define ST_COMPARE(a, b) ((a)->item < (b)->item ? -1 : (a)->item > (b)->item)
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

/*
 * The visit of a time.
 */
int64
affinity_interaction_visit(int64 at, int64 span)
{
	int64		no = at / span;

	return at % span < 0 ? no - 1 : no;
}

/* What is known of an item while a user's visits go by, the last one first. */
typedef struct ItemState
{
	double		again;			/* but for the oldest visit */
	double		weight;			/* of the oldest visit so far */
	double		later;			/* sum of those after it */
	int64		no;
	bool		is_there;
} ItemState;

/* ---- one user ---------------------------------------------------------- */

/*
 * What a user's visits, in any order, say of each of n_items items; one that
 * is in no visit gets zeros.
 */
void
affinity_interaction_again(AffinityVisit *visit, int64 n, double decay,
						   AffinityAgain *of_item, uint32 n_items)
{
	ItemState  *state = affinity_base_zeroed_array(n_items,
												   sizeof(ItemState));
	double		weight = 1;
	double		later = 0;

	sort_visits(visit, n);
	for (int64 i = 0; i < n; i++)
	{
		ItemState  *s = &state[visit[i].item];

		affinity_base_look_up(i);
		if (i > 0 && visit[i].no != visit[i - 1].no)
		{
			later += weight;
			weight *= decay;
		}
		if (s->is_there && s->no == visit[i].no)
			continue;
		if (s->is_there)
			s->again += s->weight;
		s->weight = weight;
		s->later = later;
		s->no = visit[i].no;
		s->is_there = true;
	}
	for (uint32 i = 0; i < n_items; i++)
	{
		of_item[i].again = (float) state[i].again;
		of_item[i].visits = (float) state[i].later;
	}
	pfree(state);
}

/* ---- all users, before rows are merged ---------------------------------- */

/*
 * Bytes that visits need: sums, and what they say of each pair, at most.
 */
Size
affinity_interaction_visits_bytes(const AffinityRows *rows,
								  const AffinityReadRequest *request)
{
	Size		per_item = sizeof(AffinityVisitSum) + 2 * sizeof(uint32);
	Size		per_pair = sizeof(PairVisits) + sizeof(AffinityAgain);

	if (!rows->keep_visits)
		return 0;
	return per_item * affinity_dictionary_size(rows->items) +
		(request->visits_of_pairs ? per_pair * rows->usable +
		 16 * (Size) affinity_dictionary_size(rows->users) : 0);
}

/*
 * The rows of a partition that are visits.
 */
static int64
take_rows(const AffinityBuild *build, int p, VisitRow *row)
{
	const AffinityReadRequest *request = build->request;
	const AffinityPart *part = &build->rows->parts.part[p];
	const uint32 *rank = affinity_dictionary_rank(build->rows->items);
	bool		any_weight = request->value == AFFINITY_PAIR_RATING;
	int64		n = 0;

	for (AffinityChunk *chunk = part->first; chunk; chunk = chunk->next)
	{
		uint32		here = chunk->next ? AFFINITY_CHUNK : part->n_last;
		const int64 *at = affinity_parts_chunk_at(chunk);

		CHECK_FOR_INTERRUPTS();
		for (uint32 i = 0; i < here; i++)
		{
			const AffinityEntry *entry = &chunk->entry[i];

			if (at[i] == DT_NOBEGIN || isnan(entry->val) ||
				!(any_weight || entry->val > 0))
				continue;
			row[n].user = entry->row;
			row[n].item = rank[entry->col];
			row[n++].no = affinity_interaction_visit(at[i], request->visit);
		}
	}
	return n;
}

/*
 * Keep what a user's visits say of the items: in sums, or by itself.
 */
static void
keep_again(AffinityVisitBuild *v, uint32 user, const uint32 *item,
		   const AffinityAgain *again, uint32 n)
{
	for (uint32 i = 0; i < n; i++)
	{
		AffinityVisitSum *sum = &v->of_item[item[i]];

		sum->again += llrint(again[i].again * UNIT);
		sum->visits += llrint(again[i].visits * UNIT);
	}
	if (v->first == NULL)
		return;
	if (v->n_pairs + n > v->room)
	{
		v->room = Max(2 * v->room, v->n_pairs + n);
		v->pair = v->pair ?
			repalloc_huge(v->pair, v->room * sizeof(PairVisits)) :
			affinity_base_array(v->room, sizeof(PairVisits));
	}
	v->first[user] = v->n_pairs;
	v->n[user] = n;
	for (uint32 i = 0; i < n; i++)
	{
		v->pair[v->n_pairs].item = item[i];
		v->pair[v->n_pairs++].again = again[i];
	}
}

/*
 * One user's rows, the latest first.
 */
static void
take_user(AffinityBuild *build, const VisitRow *row, int64 n)
{
	AffinityVisitBuild *v = build->visits;
	AffinityVisit *visit = affinity_base_array(n, sizeof(AffinityVisit));
	uint32	   *item = affinity_base_array(n, sizeof(uint32));
	uint32		n_items = 0;
	AffinityAgain *again;

	for (int64 i = 0; i < n; i++)
	{
		uint32	   *local = &v->local[row[i].item];

		affinity_base_look_up(i);
		if (*local == NOT_LOCAL)
		{
			*local = n_items;
			item[n_items++] = row[i].item;
		}
		visit[i].no = row[i].no;
		visit[i].item = *local;
	}
	again = affinity_base_array(n_items, sizeof(AffinityAgain));
	affinity_interaction_again(visit, n, build->request->visit_decay, again,
							   n_items);
	keep_again(v, row[0].user, item, again, n_items);
	for (uint32 i = 0; i < n_items; i++)
		v->local[item[i]] = NOT_LOCAL;
	pfree(again);
	pfree(item);
	pfree(visit);
}

/*
 * Go through the rows' visits, partition by partition.
 */
void
affinity_interaction_visits_gather(AffinityBuild *build)
{
	const AffinityRows *rows = build->rows;
	uint32		n_users = affinity_dictionary_size(rows->users);
	uint32		n_items = affinity_dictionary_size(rows->items);
	AffinityVisitBuild *v;
	int64		largest = 0;
	VisitRow   *row;

	if (!rows->keep_visits)
		return;
	v = build->visits = palloc0(sizeof(AffinityVisitBuild));
	v->of_item = affinity_base_zeroed_array(n_items, sizeof(AffinityVisitSum));
	v->local = affinity_base_array(n_items, sizeof(uint32));
	for (uint32 i = 0; i < n_items; i++)
		v->local[i] = NOT_LOCAL;
	if (build->request->visits_of_pairs)
	{
		v->first = affinity_base_zeroed_array(n_users, sizeof(int64));
		v->n = affinity_base_zeroed_array(n_users, sizeof(uint32));
	}
	for (int p = 0; p < AFFINITY_PARTS; p++)
		largest = Max(largest, rows->part_rows[p]);
	row = affinity_base_array(largest, sizeof(VisitRow));
	for (int p = 0; p < AFFINITY_PARTS; p++)
	{
		int64		n = take_rows(build, p, row);

		sort_rows(row, n);
		for (int64 from = 0, to; from < n; from = to)
		{
			for (to = from + 1; to < n && row[to].user == row[from].user;)
				to++;
			/* one visit says nothing of what comes again */
			if (row[from].no != row[to - 1].no)
				take_user(build, row + from, to - from);
		}
	}
	pfree(row);
	pfree(v->local);
}

/* ---- with the matrix ---------------------------------------------------- */

/*
 * Users and items get the numbers that the matrix will have.
 */
void
affinity_interaction_visits_number(AffinityBuild *build)
{
	AffinityVisitBuild *v = build->visits;
	const AffinityRows *rows = build->rows;
	uint32		n_users = affinity_dictionary_size(rows->users);
	uint32		n_items = affinity_dictionary_size(rows->items);
	const uint32 *rank = affinity_dictionary_rank(rows->users);
	uint32	   *number;
	uint32	   *by_rank;
	int64	   *first;
	uint32	   *length;
	uint32		n = 0;

	if (v == NULL)
		return;
	number = affinity_base_array(n_items, sizeof(uint32));
	for (uint32 r = 0; r < n_items; r++)
	{
		bool		there = affinity_interaction_has_item(build, r);

		number[r] = there ? n : PG_UINT32_MAX;
		if (there)
			v->of_item[n++] = v->of_item[r];
	}
	if (v->first == NULL)
	{
		pfree(number);
		return;
	}
	by_rank = affinity_base_array(n_users, sizeof(uint32));
	for (uint32 no = 0; no < n_users; no++)
		by_rank[rank[no]] = no;
	first = affinity_base_array(n_users, sizeof(int64));
	length = affinity_base_array(n_users, sizeof(uint32));
	n = 0;
	for (uint32 r = 0; r < n_users; r++)
	{
		uint32		no = by_rank[r];

		affinity_base_look_up(r);
		for (uint32 i = 0; i < v->n[no]; i++)
		{
			PairVisits *pair = &v->pair[v->first[no] + i];

			pair->item = number[pair->item];
		}
		if (v->n[no] > 0)
			sort_pairs(v->pair + v->first[no], v->n[no]);
		if (build->of_user[no] == 0)
			continue;
		first[n] = v->first[no];
		length[n++] = v->n[no];
	}
	pfree(number);
	pfree(by_rank);
	pfree(v->first);
	pfree(v->n);
	v->first = first;
	v->n = length;
}

/*
 * What visits say of each entry of the matrix by user.
 */
void
affinity_interaction_visits_keep(AffinityBuild *build,
								 AffinityInteractions *in)
{
	AffinityVisitBuild *v = build->visits;
	const AffinityCsr *m = &in->by_user;

	if (v == NULL)
		return;
	in->item_visits = v->of_item;
	if (v->first == NULL)
		return;
	in->again = affinity_base_zeroed_array(m->start[m->n_rows],
										   sizeof(AffinityAgain));
	for (uint32 u = 0; u < m->n_rows; u++)
	{
		const PairVisits *pair = v->pair + v->first[u];
		uint32		i = 0;

		affinity_base_look_up(u);
		for (int64 e = m->start[u]; e < m->start[u + 1]; e++)
		{
			while (i < v->n[u] && pair[i].item < m->col[e])
				i++;
			if (i < v->n[u] && pair[i].item == m->col[e])
				in->again[e] = pair[i].again;
		}
	}
	if (v->pair)
		pfree(v->pair);
	pfree(v->first);
	pfree(v->n);
}
