/*
 * packed.c
 *		A matrix from baskets whose ids all have numbers.
 *
 * Ids are ranked; then users are gone through in order of their ids. What they
 * had is sorted already, and becomes their row of the matrix; where a user has
 * several baskets, they are put in order. The other orientation is filled from
 * that, each row of it in order. Partitions are not needed.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "interaction/baskets.h"

/*
 * Entries that nobody needs any more.
 */
void
affinity_interaction_free_block(BasketBlock *block)
{
	if (block->item)
		pfree(block->item);
	if (block->weight)
		pfree(block->weight);
	block->item = NULL;
	block->weight = NULL;
}

/* On the way from baskets to the matrix by user. */
typedef struct Filling
{
	BasketReceiver *self;
	AffinityBuild *build;
	const uint32 *item_rank;
	int64	   *first;			/* by rank of user: of its baskets in order */
	uint32	   *order;
	AffinityEntry *entry;		/* of one user */
	int64		room;
	int64		n;				/* entries of the matrix */
} Filling;

#define ST_SORT sort_entries
#define ST_ELEMENT_TYPE AffinityEntry
#define ST_COMPARE(a, b) \
	((a)->col != (b)->col ? ((a)->col < (b)->col ? -1 : 1) : \
	 (a)->val < (b)->val ? -1 : (a)->val > (b)->val)
#define ST_CHECK_FOR_INTERRUPTS
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

/*
 * Baskets in order of the ranks of their users.
 */
static void
order_baskets(Filling *f)
{
	BasketReceiver *self = f->self;
	const uint32 *rank = affinity_dictionary_rank(self->rows->users);
	uint32		n_users = affinity_dictionary_size(self->rows->users);
	int64	   *next = affinity_base_zeroed_array((Size) n_users + 1,
												  sizeof(int64));

	f->first = affinity_base_array((Size) n_users + 1, sizeof(int64));
	f->order = affinity_base_array(self->n_baskets, sizeof(uint32));
	for (int64 b = 0; b < self->n_baskets; b++)
	{
		affinity_base_look_up(b);
		next[rank[self->user[b]]]++;
	}
	affinity_kernel_csr_offsets(next, n_users, f->first);
	memcpy(next, f->first, n_users * sizeof(int64));
	for (int64 b = 0; b < self->n_baskets; b++)
	{
		affinity_base_look_up(b);
		f->order[next[rank[self->user[b]]]++] = (uint32) b;
	}
	pfree(next);
}

/*
 * Take a basket's entries out of the blocks, which are freed when they are
 * empty.
 */
static int64
take_entries(Filling *f, uint32 basket, int64 n)
{
	BasketReceiver *self = f->self;
	int64		from = basket == 0 ? 0 : self->end[basket - 1];
	int64		to = self->end[basket];

	if (n + to - from > f->room)
	{
		f->room = Max(2 * f->room, n + to - from);
		f->entry = f->entry ?
			repalloc_huge(f->entry, f->room * sizeof(AffinityEntry)) :
			affinity_base_array(f->room, sizeof(AffinityEntry));
	}
	while (from < to)
	{
		BasketBlock *block = &self->block[from / BASKET_BLOCK];
		int64		at = from % BASKET_BLOCK;
		int64		here = Min(to - from, BASKET_BLOCK - at);

		for (int64 i = at; i < at + here; i++)
		{
			AffinityEntry *entry = &f->entry[n++];

			entry->row = self->user[basket];
			entry->col = f->item_rank[block->item[i]];
			entry->val = block->weight ? block->weight[i] : 1;
		}
		CHECK_FOR_INTERRUPTS();
		from += here;
		block->left -= here;
		if (block->left == 0)
			affinity_interaction_free_block(block);
	}
	return n;
}

/*
 * Put a user's merged entries behind those of the users before.
 */
static void
put_entries(Filling *f, const AffinityEntry *entry, size_t n)
{
	AffinityBuild *build = f->build;
	AffinityCsr *m = &build->by_user;
	bool		any_value = affinity_interaction_has_values(build->request);

	for (size_t i = 0; i < n; i++)
	{
		if (entry[i].val != 1 && any_value && m->val == NULL)
		{
			m->val = affinity_interaction_array(f->self->n, sizeof(float));
			for (int64 e = 0; e < f->n; e++)
			{
				affinity_base_look_up(e);
				m->val[e] = 1;
			}
		}
		m->col[f->n] = entry[i].col;
		if (m->val)
			m->val[f->n] = entry[i].val;
		f->n++;
		build->of_item[entry[i].col]++;
	}
}

/*
 * One user's row of the matrix. Baskets of a user are in order, each; several
 * are put in order.
 */
static void
fill_user(Filling *f, uint32 r)
{
	AffinityMerge *merge = &f->build->merge;
	int64		n = 0;
	AffinityEntry last;
	size_t		kept;

	for (int64 b = f->first[r]; b < f->first[r + 1]; b++)
		n = take_entries(f, f->order[b], n);
	if (f->first[r + 1] - f->first[r] > 1)
		sort_entries(f->entry, (size_t) n);
	kept = affinity_kernel_entries_merge(merge, f->entry, NULL, (size_t) n,
										 f->entry, NULL);
	put_entries(f, f->entry, kept);
	kept = affinity_kernel_entries_merge(merge, NULL, NULL, 0, &last, NULL);
	put_entries(f, &last, kept);
}

/*
 * The matrix by user, items under their ranks; users without entries leave
 * the dictionary.
 */
static void
fill_by_user(BasketReceiver *self, AffinityBuild *build,
			 AffinityInteractions *in)
{
	Filling		f = {.self = self, .build = build};
	AffinityDict *users = self->rows->users;
	uint32		n_users = affinity_dictionary_size(users);
	AffinityCsr *m = &build->by_user;
	uint32	   *number = affinity_interaction_array(n_users, sizeof(uint32));

	f.item_rank = affinity_dictionary_rank(self->rows->items);
	order_baskets(&f);
	m->start = affinity_interaction_array((int64) n_users + 1, sizeof(int64));
	m->col = affinity_interaction_array(self->n, sizeof(uint32));
	for (uint32 r = 0; r < n_users; r++)
	{
		int64		before = f.n;

		affinity_base_look_up(r);
		fill_user(&f, r);
		number[r] = f.n > before ? m->n_rows : PG_UINT32_MAX;
		if (f.n > before)
			m->start[m->n_rows++] = before;
	}
	m->start[m->n_rows] = f.n;
	if (build->merge.infinite.n > 0)
		affinity_interaction_too_large(build);
	affinity_interaction_note_dropped(build, in);
	if (m->n_rows < n_users)
		affinity_dictionary_keep(users, number, m->n_rows);
	pfree(number);
	pfree(f.first);
	pfree(f.order);
	if (f.entry)
		pfree(f.entry);
}

/*
 * The matrix by item from that by user, whose columns are ranks of items.
 */
static void
fill_by_item(AffinityBuild *build)
{
	AffinityDict *items = build->rows->items;
	AffinityCsr *by_user = &build->by_user;
	AffinityCsr *by_item = &build->by_item;
	uint32	   *number;
	int64	   *next = build->of_item;
	int64		n = by_user->start[by_user->n_rows];

	number = affinity_interaction_number_rows(build->of_item, build->keep_item,
											  affinity_dictionary_size(items),
											  by_item);
	for (int64 e = 0; number && e < n; e++)
	{
		affinity_base_look_up(e);
		by_user->col[e] = number[by_user->col[e]];
	}
	if (number)
	{
		affinity_dictionary_keep(items, number, by_item->n_rows);
		pfree(number);
	}
	by_user->n_cols = by_item->n_rows;
	by_item->n_cols = by_user->n_rows;
	by_item->col = affinity_interaction_array(n, sizeof(uint32));
	if (by_user->val)
		by_item->val = affinity_interaction_array(n, sizeof(float));
	memcpy(next, by_item->start, by_item->n_rows * sizeof(int64));
	for (uint32 user = 0; user < by_user->n_rows; user++)
	{
		for (int64 e = by_user->start[user]; e < by_user->start[user + 1]; e++)
		{
			int64		to = next[by_user->col[e]]++;

			affinity_base_look_up(e);
			by_item->col[to] = user;
			if (by_user->val)
				by_item->val[to] = by_user->val[e];
		}
	}
	pfree(build->of_item);
}

/*
 * All baskets as a matrix; they are freed.
 */
void
affinity_interaction_build_packed(BasketReceiver *self, AffinityInteractions *in)
{
	AffinityRows *rows = self->rows;
	AffinityBuild build = {.request = self->request, .rows = rows};

	affinity_dictionary_sort(rows->users);
	affinity_interaction_sort_items(&build);
	build.user_rank = affinity_dictionary_rank(rows->users);
	affinity_interaction_merge_begin(&build);
	build.of_item =
		affinity_base_zeroed_array(affinity_dictionary_size(rows->items),
								   sizeof(int64));
	fill_by_user(self, &build, in);
	for (int64 b = 0; b < self->n_blocks; b++)
		affinity_interaction_free_block(&self->block[b]);
	fill_by_item(&build);
	affinity_interaction_give(&build, in);
}
