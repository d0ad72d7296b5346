/*
 * popular.c
 *		Popular items, which lists are filled up with: those of all users, or
 *		those of a group of them, and then of all.
 *
 * In a group an item scores what it has there. What is in no list of the
 * group, which may have been cut, scores 0 and comes after that, in the order
 * of all users.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/builtins.h"

#include "beside/beside.h"
#include "serve/serve.h"

/*
 * The n most popular candidates: of many, as there are, few are wanted.
 */
static void
choose_popular(const AffinityItems *candidates, int64 n, AffinityItems *items)
{
	Size		k = (Size) Min(n, (int64) candidates->n);
	Size		room = Min((Size) candidates->n, 2 * k) + 1;
	uint64	   *key = affinity_base_array(room, sizeof(uint64));
	uint64	   *scratch = affinity_base_array(room, sizeof(uint64));
	AffinityTopK top;

	affinity_kernel_topk_init(&top, key, k, room);
	for (uint32 i = 0; i < candidates->n; i++)
		affinity_kernel_topk_push(&top,
								  affinity_kernel_rank_key(candidates->item[i].popularity,
														   i));
	affinity_kernel_topk_finish(&top, scratch);
	items->n = (uint32) top.n;
	items->item = affinity_base_array(items->n, sizeof(AffinityItem));
	for (uint32 i = 0; i < items->n; i++)
		items->item[i] =
			candidates->item[affinity_kernel_rank_key_no(top.key[i])];
	pfree(key);
	pfree(scratch);
}

/*
 * The candidates, or n items of the model, most popular first.
 */
static void
read_items(const ServePopular *p, int64 n, AffinityItems *items)
{
	if (p->candidates)
		choose_popular(p->candidates, n, items);
	else
		affinity_model_popular(p->call->model, n, items);
}

/*
 * Numbers of the candidates; NULL: all are.
 */
static uint32 *
candidate_numbers(const ServePopular *p)
{
	uint32	   *number;

	if (p->candidates == NULL)
		return NULL;
	number = affinity_base_array(p->candidates->n, sizeof(uint32));
	for (uint32 i = 0; i < p->candidates->n; i++)
		number[i] = p->candidates->item[i].no;
	return number;
}

/*
 * Those of all users, as rules have it.
 */
static AffinityPopular
of_all_by_rules(const ServePopular *p, int64 n)
{
	AffinityModel *model = p->call->model;

	return affinity_score_popular(p->rules, affinity_model_popularity(model),
								  candidate_numbers(p), p->candidates ?
								  p->candidates->n : model->n_items, n);
}

static AffinityPopular
of_all(ServePopular *p, int64 n, AffinityItems *items)
{
	AffinityPopular popular = {0};
	uint32	   *item;
	float	   *popularity;

	if (p->rules)
		return of_all_by_rules(p, n);
	read_items(p, n, items);
	popular.n = items->n;
	item = affinity_base_array(popular.n, sizeof(uint32));
	popularity = affinity_base_array(popular.n, sizeof(float));
	for (uint32 i = 0; i < popular.n; i++)
	{
		item[i] = items->item[i].no;
		popularity[i] = items->item[i].popularity;
	}
	popular.item = item;
	popular.popularity = popularity;
	return popular;
}

/* ---- a list that comes first --------------------------------------------- */

static bool
is_candidate(const ServePopular *p, uint32 no)
{
	uint32		lo = 0;
	uint32		hi = p->candidates ? p->candidates->n : 0;

	if (p->candidates == NULL)
		return true;
	while (lo < hi)
	{
		uint32		mid = lo + (hi - lo) / 2;

		if (p->candidates->item[mid].no < no)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < p->candidates->n && p->candidates->item[lo].no == no;
}

/*
 * Bits of the items of the list, none of which may be there twice.
 */
static uint8 *
mark_list(const ServePopular *p)
{
	const AffinityModel *model = p->call->model;
	uint8	   *marked = affinity_base_zeroed_array((Size) model->n_items / 8 + 1,
													1);

	for (uint32 i = 0; i < p->list.n; i++)
	{
		uint32		no = (uint32) p->list.item[i];

		if (marked[no / 8] >> (no % 8) & 1)
			affinity_train_damaged(model->schema_name,
								   "an item is twice in a list of popular items");
		marked[no / 8] |= 1 << (no % 8);
	}
	return marked;
}

/*
 * The items of the list that are candidates, as rules have it.
 */
static AffinityPopular
of_list(const ServePopular *p, int64 n)
{
	AffinityPopular popular = {0};
	uint32	   *item = affinity_base_array(p->list.n, sizeof(uint32));
	float	   *score = affinity_base_array(p->list.n, sizeof(float));
	float	   *by_number;

	for (uint32 i = 0; i < p->list.n; i++)
	{
		uint32		no = (uint32) p->list.item[i];

		if (!is_candidate(p, no))
			continue;
		item[popular.n] = no;
		score[popular.n++] = p->list.score[i];
	}
	popular.item = item;
	popular.popularity = score;
	if (p->rules == NULL)
		return popular;
	by_number = affinity_base_zeroed_array(p->call->model->n_items,
										   sizeof(float));
	for (uint32 i = 0; i < popular.n; i++)
		by_number[item[i]] = score[i];
	return affinity_score_popular(p->rules, by_number, item, popular.n, n);
}

/*
 * The list, and then those of all users that are not in it.
 */
static AffinityPopular
of_list_and_all(ServePopular *p, int64 n)
{
	const uint8 *marked = mark_list(p);
	AffinityPopular first = of_list(p, n);
	AffinityPopular rest = {0};
	AffinityPopular popular = {0};
	AffinityItems items = {0};
	uint32	   *item;
	float	   *score;

	if (first.n < n)
		rest = of_all(p, n - first.n + p->list.n, &items);
	item = affinity_base_array((Size) first.n + rest.n, sizeof(uint32));
	score = affinity_base_zeroed_array((Size) first.n + rest.n, sizeof(float));
	for (; popular.n < first.n; popular.n++)
	{
		item[popular.n] = first.item[popular.n];
		score[popular.n] = first.popularity[popular.n];
	}
	for (uint32 i = 0; i < rest.n; i++)
	{
		uint32		no = rest.item[i];

		if ((marked[no / 8] >> (no % 8) & 1) == 0)
			item[popular.n++] = no;
	}
	popular.item = item;
	popular.popularity = score;
	return popular;
}

/*
 * Look the list up, once it is needed.
 */
static void
look_up(ServePopular *p)
{
	if (!p->looked_up && (p->group || p->trending))
		p->has_list = affinity_beside_list(p->call->model, p->group,
										   p->trending, &p->list);
	p->looked_up = true;
}

/* ---- for calls ---------------------------------------------------------- */

/*
 * The argument user_group, if there is one.
 */
void
affinity_serve_group(ServeCall *call, int arg, ServePopular *p)
{
	FunctionCallInfo fcinfo = call->fcinfo;

	if (!affinity_serve_given(call, arg))
		return;
	affinity_beside_need_groups(call->model);
	p->group = PG_GETARG_TEXT_PP(arg);
}

/*
 * What is offered to fill a list up with: n items, or more.
 */
AffinityPopular
affinity_serve_offer_popular(void *state, int64 n)
{
	ServePopular *p = state;

	look_up(p);
	if (p->has_list)
		return of_list_and_all(p, n);
	p->with_ids = p->rules == NULL;
	return of_all(p, n, &p->items);
}

/*
 * Let rules know how popular pinned items are where a list comes first.
 */
void
affinity_serve_pinned_popularity(ServePopular *p, AffinityRules *rules)
{
	float	   *score;

	if (rules->n_pinned == 0)
		return;
	look_up(p);
	if (!p->has_list)
		return;
	score = affinity_base_zeroed_array(rules->n_pinned, sizeof(float));
	for (uint32 i = 0; i < rules->n_pinned; i++)
		for (uint32 j = 0; j < p->list.n; j++)
		{
			if ((uint32) p->list.item[j] == rules->pinned[i])
				score[i] = p->list.score[j];
		}
	rules->pinned_popularity = score;
}
